/* A run found on disk: its directory, the fold of its journal, and what a dashboard on it looks like. For watch and shot.
 *
 * Large (a board): callers keep it on the heap or static. Nothing here prints.
 */
#ifndef BENCHTOP_REPLAY_H
#define BENCHTOP_REPLAY_H
#include "options.h"
#include "screen/view.h"

struct replay {
	struct board board;
	int64_t last_wall_ns, last_mono_ns; /* of the last event; 0 without one */
};

/* The directory that an argument names, or (NULL) the live run under the results directory - when `live` is wanted - or the
 * newest one: 1; 0 and an empty out when none is named and there is none. ERR_USAGE in words when it is no run directory. */
int replay_find(const char *argument, const char *results_dir, bool live, char *out, size_t cap, struct err *e);
/* Whether a process measures there, and which (0 unknown). */
bool replay_is_alive(const char *dir, long *pid);
/* Folds the journal; ERR_USAGE when it holds no run. */
int replay_read(struct replay *r, const char *dir, struct err *e);
/* The track that the run was measured with, or `wanted` (not empty). */
int replay_track(const struct board *b, const char *wanted, struct track *t, struct err *e);
/* The settings of the run over those in s: server, mode, team, pairs, picks. */
void replay_settings(const struct board *b, const struct track *t, struct settings *s);
/* The view that a dashboard opened on the run would have, at the time of its last event. */
int replay_view(const struct replay *r, const struct track *t, const struct settings *s, struct view *v, struct err *e);

#endif
