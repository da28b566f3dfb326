/* Drawn screens against text files in tests/golden.
 *
 * A file holds the text and, below it, the role and the attributes of every run of a row. GOLDEN_WRITE=1 writes the files
 * anew; GOLDEN_PICTURES=DIR [GOLDEN_THEME=NAME] draws each as a picture, for the eye. Run from the top of the repository, or
 * with GOLDEN_DIR set. What differs fails the running cmocka test.
 */
#ifndef BENCHTOP_GOLDEN_H
#define BENCHTOP_GOLDEN_H
#include "../../engine/base/buf.h"
#include "../../tui/draw/canvas.h"

/* Compares with the file at path, or writes it. */
void golden_text(const char *path, const struct buf *drawn);
/* The canvas with NAME_COLSxROWS.txt. */
void golden_canvas(const char *name, const struct canvas *c);
/* Every cell is one that a terminal can show. */
void golden_cells_sane(const struct canvas *c);

#endif
