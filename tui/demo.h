/* The demo's partner: starts benchtop-sim as a child that dies with us, and points the settings at it. */
#ifndef BENCHTOP_DEMO_H
#define BENCHTOP_DEMO_H
#include "../engine/plan/settings.h"
#include <sys/types.h>

struct demo {
	pid_t pid; /* 0 = not running */
};

/* Starts the simulator on a port of its own (found beside this program or in PATH) and fills base_url, leaderboard, log of
 * s. ERR_IO in words when it is not there ("make demo builds it"). */
int demo_start(struct demo *d, struct settings *s, struct err *e);
void demo_stop(struct demo *d);
/* Where demo runs live unless --results-dir says otherwise: $XDG_RUNTIME_DIR or /tmp, benchtop-demo-UID; made when absent. */
int demo_results_dir(char *out, size_t cap, struct err *e);

#endif
