/* Screens 3 and 4: the list of runs, a run's page, the comparison, the curve. What they show is read from disk (engine/shelf),
 * prepared by the UI thread or by `shot`, and never changes while it is drawn; each draw is a pure function of this struct, the
 * canvas' size and, in the list alone, the clock.
 */
#ifndef BENCHTOP_RESULTS_SCREEN_H
#define BENCHTOP_RESULTS_SCREEN_H
#include "../../engine/shelf/compare.h"
#include "../../engine/shelf/curve.h"
#include "../../engine/shelf/shelf.h"
#include "../draw/canvas.h"
#include "../draw/layout.h"

enum results_page { RESULTS_LIST, RESULTS_RUN, RESULTS_COMPARE };

struct results_view {
	enum results_page page;
	/* the list */
	const struct shelf *shelf; /* NULL = not scanned yet */
	bool scanning;
	char where[512];   /* the directories, for the title */
	char error[240];   /* the scan failed */
	int focus, scroll; /* entry; scroll is kept by results_draw */
	/* a run's page */
	const struct shelf_run *run;
	const struct track
	        *track; /* of the run on the page or of the curve; NULL unknown: no gate limits, no footnote */
	int pair;       /* a run of several pairs: the one on the page */
	int page_scroll;
	/* the comparison: a = the pinned run, b = the focused one */
	const struct compare_result *compare;
	const struct compare_side *side_a, *side_b;
	int compare_scroll;
	/* the curve */
	const struct curve *curve;
	/* the pinned reference */
	struct compare_ref ref;
};

void results_list_draw(struct canvas *c, struct rect area, struct results_view *v, int64_t now_wall_ns);
/* Made for a screenshot at 120x36: nothing on it moves, everything that is needed to trust the figures is on it. */
void results_run_draw(struct canvas *c, struct rect area, const struct results_view *v);
void results_compare_draw(struct canvas *c, struct rect area, const struct results_view *v);
void results_curve_draw(struct canvas *c, struct rect area, const struct results_view *v);
/* Lines that a page has beyond the area, for scrolling. */
int results_run_lines(const struct results_view *v, int cols);
int results_compare_lines(const struct results_view *v, int cols);
/* The ISL/OSL pairs of a run, in the order of its rows: how many; the one at `at` in isl and osl (may be NULL). */
int results_run_pairs(const struct shelf_run *run, int at, int *isl, int *osl);

#endif
