/* `benchtop results`: what was measured so far, as a table, JSON lines, CSV, or the aggregate form of InferenceX.
 *
 * Reads directories and files only; no server, no track file is needed.
 */
#ifndef BENCHTOP_CLI_RESULTS_H
#define BENCHTOP_CLI_RESULTS_H
#include "../engine/shelf/shelf.h"
#include "options.h"

/* Exit status: 0, 1 usage (no such path), 2 when the output cannot be written. */
int cli_results(const struct options *o);
/* The table, newest first. cols: columns of the terminal, 0 = as wide as it gets (a file, a pipe). */
int results_table(const struct shelf *s, int cols, bool ascii, struct buf *out);

#endif
