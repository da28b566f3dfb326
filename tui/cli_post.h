/* benchtop post DIR: posts what a run measured and the board does not have yet. */
#ifndef BENCHTOP_CLI_POST_H
#define BENCHTOP_CLI_POST_H
#include "options.h"

/* Prints a line a row; the journal of the run gets every state. Exit status: 0 everything that may be posted is confirmed,
 * 1 usage, 2 the directory cannot be read or a process is still measuring there, 4 something is not confirmed. */
int cli_post(const struct options *o);

#endif
