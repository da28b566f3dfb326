/* The pieces that screens are drawn from: frames, rules, bars, gauges, sparklines, spinner, and a pen that writes a line
 * item by item and leaves out what does not fit whole. All of them clip, none allocates or keeps anything.
 */
#ifndef BENCHTOP_WIDGET_H
#define BENCHTOP_WIDGET_H
#include "canvas.h"
#include "layout.h"
#include <stdarg.h>

/* A frame on the border of r with a title in the top line and one at its right end (either may be NULL). */
void widget_box(struct canvas *c, struct rect r, const char *title, const char *right);
/* A horizontal line from col over cols columns; `joined`: it ends in ├ and ┤, else it is plain from edge to edge. */
void widget_rule(struct canvas *c, int row, int col, int cols, bool joined);
/* Puts a title into a horizontal line at column col, at most cols columns with its blanks. Returns columns used. */
int widget_title(struct canvas *c, int row, int col, int cols, enum role role, const char *title);
/* Makes the line cell at (row, col) branch: up, down or both. */
void widget_branch(struct canvas *c, int row, int col, bool up, bool down);

/* A bar on a 0..2x scale: the mark for 1.0 stands in the middle column, and what is beyond it has its own role. */
void widget_ratio_bar(struct canvas *c, int row, int col, int cols, double ratio);
/* Share of an allowance: 0..1 good, near 1 warn, beyond 1 bad and full. */
void widget_gauge(struct canvas *c, int row, int col, int cols, double share);
/* A progress bar, 0..1. */
void widget_progress(struct canvas *c, int row, int col, int cols, double share);
/* The last cols of n values, newest at the right, 0..max; NaN is a gap. */
void widget_spark(struct canvas *c, int row, int col, int cols, const float *v, int n, double max);
/* The same over several rows. */
void widget_graph(struct canvas *c, struct rect r, const float *v, int n, double max);
/* One character that turns. */
const char *widget_spinner(int frame, bool ascii);
/* [x] or [ ], three columns. */
void widget_check(struct canvas *c, int row, int col, bool on);

/* Writes bounded text and never leaves half a character; returns out. */
char *str_fmt(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
char *str_vfmt(char *out, size_t cap, const char *fmt, va_list ap);

/* A line being written from left to right. An item that does not fit whole is left out, and so is all after it. */
struct pen {
	struct canvas *c;
	int row, col, end; /* end: first column not to be used */
	bool full;
	int from; /* where the line begins */
};
struct pen pen_at(struct canvas *c, int row, int col, int cols);
bool pen_put(struct pen *p, enum role role, int attr, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Whatever fits of it, with '…' where it was cut; the line is full after a cut. */
void pen_fit(struct pen *p, enum role role, int attr, const char *text);
void pen_gap(struct pen *p, int n);
/* "label value", with `gap` blanks before it unless the line is empty so far; both or nothing. */
bool pen_pair(struct pen *p, int gap, const char *label, enum role role, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));
/* "key words" as the footer and the forms show it. */
bool pen_key(struct pen *p, int gap, const char *key, const char *words);

#endif
