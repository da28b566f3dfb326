/* Where things are: pure functions of the screen's size and of what is to be shown. Nothing here draws.
 *
 * A rectangle with rows 0 or cols 0 is hidden. Rectangles of one layout lie inside the screen and do not overlap.
 */
#ifndef BENCHTOP_LAYOUT_H
#define BENCHTOP_LAYOUT_H
#include <stdbool.h>

#define LAYOUT_MIN_ROWS 16
#define LAYOUT_MIN_COLS 60

struct rect {
	int row, col, rows, cols;
};

struct dash_want {
	int sweep_rows; /* rows of the table */
	int notes;      /* lines above the footer: 0..2 */
};

struct dash_layout {
	bool too_small;
	bool composed; /* boxes; else rules between sections */
	bool tall;     /* composed with a table of latencies */
	struct rect header;
	struct rect frame;  /* composed: everything inside the outer line */
	struct rect server; /* contents, without frame */
	struct rect accuracy;
	struct rect sweep_title, sweep_head, sweep; /* title lines reach from edge to edge */
	struct rect detail_title, detail;
	struct rect log_title, log;
	struct rect events; /* wide and composed: beside the log, a line between them at events.col - 2 */
	struct rect notes;
	struct rect footer;
};

void layout_dash(struct dash_layout *out, int rows, int cols, struct dash_want want);

/* Columns of the sweep table, relative to its left edge; a column with cols 0 is hidden. */
struct span {
	int col, cols;
};
struct sweep_columns {
	struct span mark, check_box, conc, state, tput, bar, tput_ratio, tput_ref, pinned, e2e, e2e_ratio, e2e_ref,
	        intvty, intvty_ratio, intvty_ref, ttft, tpot, post, check;
};
#define SWEEP_COLUMNS 19
/* Columns that are there only when there is something to show in them. */
enum sweep_with {
	SWEEP_POSTS = 1,
	SWEEP_PINNED = 2, /* against the pinned run: "+3.2±2.0 +"; from 96 columns on, beside posts from 116 */
};
void layout_sweep(struct sweep_columns *out, int cols, int with);
/* The columns as an array, in order. */
const struct span *sweep_columns_at(const struct sweep_columns *s, int i);

/* A form of at most rows x cols (frame included) in the middle of the screen. */
struct rect layout_modal(int screen_rows, int screen_cols, int rows, int cols);

#endif
