/* `benchtop watch [DIR]` without a screen: the lines of a run that another process measures, or that is over. */
#ifndef BENCHTOP_CLI_WATCH_H
#define BENCHTOP_CLI_WATCH_H
#include "options.h"
#include <stdio.h>

/* The run directory of the arguments: the named one, the live one, the newest one. ERR_USAGE when there is none. */
int watch_find(const struct options *o, char *out, size_t cap, struct err *e);
/* Prints the whole journal and follows it: exit status of the run, or 2 when the process that measured is gone without
 * having finished it. */
int cli_watch(const char *dir, bool json, FILE *out);
/* Waits a moment for a run that has just begun to say what it is. */
void watch_wait(const char *dir);

#endif
