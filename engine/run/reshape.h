/* The launch that a row is meant for (plan/launch.h) against the one of the server that runs. Internal to engine/run.
 *
 * With settings.restart_shapes the server is restarted before a row that is meant for another one; without it the row runs
 * all the same, and a note names both sizes.
 */
#ifndef BENCHTOP_RESHAPE_H
#define BENCHTOP_RESHAPE_H
#include "pipeline.h"

/* It was started with the row's ISL, OSL and CONC; NULL: somebody else started it, its prefill size tells for what. */
void reshape_started(struct pipeline *p, const struct plan_cell *row);
/* Before the run: 0, or ERR_USAGE when a restart will be needed and cannot be done. */
int reshape_check(const struct pipeline *p, struct err *e);
/* A restart belongs before the row, whether a server is there or not. */
bool reshape_due(const struct pipeline *p, const struct plan_cell *c);
/* Before a row: 0 when it can run, after a restart if it needs one. Negative: the server is gone or the wait was ended. */
int reshape_row(struct pipeline *p, const struct plan_cell *c, struct err *e);
/* The server's prefill size is not the one that the launch script takes for the row: the sentence. */
bool reshape_differs(const struct pipeline *p, const struct plan_cell *c, char *text, size_t cap);

#endif
