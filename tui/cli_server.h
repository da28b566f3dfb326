/* benchtop server start|stop|status: the server without a screen, in plain lines. */
#ifndef BENCHTOP_CLI_SERVER_H
#define BENCHTOP_CLI_SERVER_H
#include "options.h"

/* start: runs the launch script and waits until it is ready, showing its phases; --wait-server TIME waits no longer (0: not
 * at all); Ctrl-C ends the waiting only. stop: drains and ends what serves the port. status: what is there, its log, its
 * start. Exit status: 0 ready, stopped, or nothing to stop; 1 usage (the port is held, no script, not ours); 2 the start
 * failed, is not over yet, or (status) nothing is ready; 130 the waiting was interrupted. */
int cli_server(const struct options *o, const struct track *t);

#endif
