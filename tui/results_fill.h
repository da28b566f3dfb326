/* What screens 3 and 4 show, made of what was read from disk: the same for the dashboard and for `shot`. Pure but for
 * results_track, which may read a track's file, and the pin's file.
 */
#ifndef BENCHTOP_RESULTS_FILL_H
#define BENCHTOP_RESULTS_FILL_H
#include "screen/results.h"

/* Which of the run's pairs is the track's pair-th; 0 when it has none of it. */
int results_pair_of(const struct shelf_run *r, const struct track *t, int pair);
/* "1124-0912 a1b2c3d": when it began and the engine's commit, else its name. Returns out. */
char *results_name(const struct shelf_run *r, char *out, size_t cap);
/* The same, unless that is the name `than`: then its time with seconds, so that two runs can be told apart. */
char *results_other_name(const struct shelf_run *r, const char *than, char *out, size_t cap);
/* The track that the run was measured with: `own` when it is that, else read into `room`; NULL when it is not known here. A
 * run of the official tool does not name it: `own`, when it measured that track's model. */
const struct track *results_track(const struct shelf_run *r, const struct track *own, struct track *room);
/* The run's curve at its pair-th pair (clamped into *pair) and that of the pinned run (may be NULL). False: no rows, or the
 * track is NULL. */
bool results_curve(struct curve *out, const struct track *t, const struct shelf_run *run,
        const struct shelf_run *pinned, int *pair);

/* The entries that contain `filter` (team, model, track, path, commits, note, pair as "1024/1024"; case does not count), as a
 * shelf that borrows from s; its entries are the caller's to free. 0 or ERR_NOMEM. */
int results_filter(struct shelf *out, const struct shelf *s, const char *filter, struct err *e);
/* Index of the entry of that path; -1. */
int results_find(const struct shelf *s, const char *path);
/* The newest run that is over and has passed rows, of that pair (0: any); NULL. */
const struct shelf_entry *results_newest(const struct shelf *s, int isl, int osl);

/* The pin: RESULTS_DIR/.benchtop/reference, one line, relative to the directory when the run lies in it. */
/* 1 and the path; 0 when none is pinned; ERR_IO with a sentence when its run is gone. */
int results_pin_read(const char *results_dir, char *path, size_t cap, struct err *e);
int results_pin_write(const char *results_dir, const char *path, struct err *e);
void results_pin_remove(const char *results_dir);

#endif
