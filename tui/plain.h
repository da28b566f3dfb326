/* The dashboard where nothing can be drawn (TERM empty, dumb or unknown): plain lines. */
#ifndef BENCHTOP_PLAIN_H
#define BENCHTOP_PLAIN_H
#include "options.h"

/* Says why on stderr. Follows the run that is alive in the results directory to its end; without one says how the server
 * is and what can be run. Returns the exit status: 0, or that of the run that was followed. */
int plain_run(const struct options *o, const char *why);

#endif
