/* acc, perf, submit without a screen: starts the engine, prints what happens, returns the exit status. */
#ifndef BENCHTOP_CLI_RUN_H
#define BENCHTOP_CLI_RUN_H
#include "../engine/run/engine.h"
#include "report.h"

struct options;

/* Runs to the end. SIGINT/SIGTERM: stop after the requests in flight; a second one: now. SIGHUP is ignored: a dropped
 * connection does not cost the run. */
int cli_run(const struct options *o, const struct track *t);

/* The loop behind it, used by a detached dashboard as well: takes events until run_finished (returns its exit status) while
 * signals arrive at sigfd (-1 none). When the mailbox overflowed the facts are read again from the journal. */
int cli_follow_engine(struct engine *g, struct mailbox *events, struct report *r, int sigfd);

#endif
