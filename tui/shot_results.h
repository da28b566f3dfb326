/* The screens of results for `shot`: the same struct that the dashboard fills, read at once. */
#ifndef BENCHTOP_SHOT_RESULTS_H
#define BENCHTOP_SHOT_RESULTS_H
#include "screen/view.h"

enum shot_page {
	SHOT_RESULTS, /* none or one: a directory of runs is the list, a run is its page */
	SHOT_CURVE,   /* none or one: a run, or the newest one of a directory */
	SHOT_COMPARE, /* two: the old side, the new side */
};

/* What v->results points to. */
struct shot_results;

/* Fills v->screen and v->results. `paths` are what followed the screen's name (n of them; none: v->settings.results_dir);
 * v->track and v->settings are set by the caller. ERR_USAGE in words. Closed by the caller in any case. */
int shot_results_open(
        struct shot_results **out, struct view *v, enum shot_page page, const char *const *paths, int n, struct err *e);
void shot_results_close(struct shot_results *s); /* NULL is allowed */

#endif
