/* A canvas as a picture: SVG with the theme's colours, coloured text for a terminal, plain text.
 *
 * Called at a key press or by `shot`, never while drawing. Each appends to b and returns 0 or b's error code.
 */
#ifndef BENCHTOP_PICTURE_H
#define BENCHTOP_PICTURE_H
#include "../../engine/base/buf.h"
#include "theme.h"

/* Every character stands in its own cell whatever the font: lines, blocks and braille are drawn as shapes, text runs
 * carry their exact length, wide characters take two cells. */
int picture_svg(const struct canvas *c, const struct theme *t, struct buf *b);
int picture_ansi(const struct canvas *c, const struct theme *t, struct buf *b);
int picture_txt(const struct canvas *c, struct buf *b);

#endif
