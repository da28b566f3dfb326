/* `benchtop compare A B`: is B faster than A, or is that noise? Reads directories and files only. */
#ifndef BENCHTOP_CLI_COMPARE_H
#define BENCHTOP_CLI_COMPARE_H
#include "options.h"

/* A and B: run directories, directories of runs or result files, as paths or as names in the results directory. Exit
 * status: 0 compared, 1 usage (nothing there, nothing measured), 2 when something cannot be read or written. */
int cli_compare(const struct options *o);

#endif
