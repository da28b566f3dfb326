/* States of the results screens for their tests: runs as the shelf opens them, lists, comparisons.
 *
 * A stage is large: callers keep it static or on the heap, and close it after each scene.
 */
#ifndef BENCHTOP_PAGES_H
#define BENCHTOP_PAGES_H
#include "../../tui/screen/results.h"
#include "scenes.h"

#define PAGES_ENTRIES 40
#define PAGES_POINTS  6

struct pages {
	struct stage stage; /* its board is the run's */
	struct shelf_run run;
	struct shelf shelf;
	struct shelf_entry entries[PAGES_ENTRIES];
	struct shelf_point points[PAGES_ENTRIES][PAGES_POINTS];
	char paths[PAGES_ENTRIES][128];
	struct compare_result compare;
	struct compare_line lines[96];
	struct compare_side sides[2];
	struct results_view view;
};

int pages_count(void);
const char *pages_name(int i);
int pages_open(struct pages *s, int i); /* 0, or -1 when the built-in track cannot be had. TZ should be UTC. */
void pages_close(struct pages *s);
/* Draws the page of the view into all of the canvas but its last line. */
void pages_draw(struct pages *s, struct canvas *c);

/* pages_run.c, pages_list.c */
void page_sweep(struct pages *s);
void page_submit(struct pages *s);
void page_partial(struct pages *s);
void page_official(struct pages *s);
void page_repeats(struct pages *s);
void page_file(struct pages *s);
void page_extremes(struct pages *s);
void page_list(struct pages *s);
void page_list_end(struct pages *s);
void page_list_unreadable(struct pages *s);
void page_list_empty(struct pages *s);
void page_list_scanning(struct pages *s);
void page_compare(struct pages *s);
void page_compare_single(struct pages *s);
void page_compare_none(struct pages *s);

#endif
