#include "layout.h"
#include <stddef.h>
#include <string.h>

static int least(int a, int b)
{
	return a < b ? a : b;
}

static int most(int a, int b)
{
	return a > b ? a : b;
}

/* Takes n rows at *row for a section, one after the other. */
static struct rect take(int *row, int n, int col, int cols)
{
	struct rect r = {*row, col, n, n > 0 ? cols : 0};
	*row += n;
	return r;
}

/*  0 header
 *  1 ╭ server ╮╭ accuracy ╮
 *    ...
 *  7 ├ sweep ┤  heading, rows
 *    ├ detail ┤
 *    ├ log ┤
 *    ╰ ╯  notes, footer
 */
static void layout_composed(struct dash_layout *l, int rows, int cols, struct dash_want want)
{
	int top = rows >= 44 ? 7 : 5;
	int detail = rows >= 48 ? 8 : rows >= 34 ? 6 : 4;
	int accuracy = most(48, least(66, cols * 40 / 100));
	int row = 0, inner = cols - 4; /* a line and a blank at both sides */
	l->tall = rows >= 34;
	l->header = take(&row, 1, 0, cols);
	l->frame = (struct rect){1, 0, rows - 2 - want.notes, cols};
	row++;
	l->server = (struct rect){row, 2, top, cols - accuracy - 8};
	l->accuracy = (struct rect){row, cols - accuracy - 2, top, accuracy};
	row += top;
	l->sweep_title = take(&row, 1, 0, cols);
	l->sweep_head = take(&row, 1, 1, cols - 2);
	int fixed = row + 1 + detail + 1 + 1 + want.notes + 1; /* detail and log titles, last line */
	l->sweep = take(&row, most(1, least(want.sweep_rows, rows - fixed - 3)), 1, cols - 2);
	l->detail_title = take(&row, 1, 0, cols);
	l->detail = take(&row, detail, 2, inner);
	l->log_title = take(&row, 1, 0, cols);
	int events = cols >= 160 ? 56 : 0;
	l->events = (struct rect){row, cols - 2 - events, rows - 2 - want.notes - row, events};
	l->log = take(&row, rows - 2 - want.notes - row, 2, inner - (events ? events + 3 : 0));
	row++;
	l->notes = take(&row, want.notes, 0, cols);
	l->footer = take(&row, 1, 0, cols);
}

static void layout_compact(struct dash_layout *l, int rows, int cols, struct dash_want want)
{
	int row = 0;
	int server = rows >= 20 ? 2 : 1;
	int rule = rows >= 18 ? 1 : 0;
	int detail = rows >= 23 ? 4 : rows >= 20 ? 3 : 2;
	l->header = take(&row, 1, 0, cols);
	l->server = take(&row, server, 1, cols - 1);
	l->accuracy = take(&row, 1, 1, cols - 1);
	l->sweep_title = take(&row, rule, 0, cols);
	l->sweep_head = take(&row, 1, 0, cols);
	int fixed = row + 1 + detail + want.notes + 1;
	int log_least = rows >= 20 ? 3 : 0;
	l->sweep = take(&row, most(1, least(want.sweep_rows, rows - fixed - log_least)), 0, cols);
	l->detail_title = take(&row, 1, 0, cols);
	l->detail = take(&row, detail, 1, cols - 1);
	int left = rows - 1 - want.notes - row;
	l->log_title = take(&row, left >= 2 ? 1 : 0, 0, cols);
	l->log = take(&row, left >= 2 ? left - 1 : 0, 1, cols - 1);
	row = rows - 1 - want.notes;
	l->notes = take(&row, want.notes, 0, cols);
	l->footer = take(&row, 1, 0, cols);
}

void layout_dash(struct dash_layout *out, int rows, int cols, struct dash_want want)
{
	memset(out, 0, sizeof *out);
	want.notes = most(0, least(want.notes, 2));
	want.sweep_rows = most(1, want.sweep_rows);
	out->too_small = rows < LAYOUT_MIN_ROWS || cols < LAYOUT_MIN_COLS;
	if (out->too_small)
		return;
	out->composed = cols >= 110 && rows >= 28;
	if (out->composed)
		layout_composed(out, rows, cols, want);
	else
		layout_compact(out, rows, cols, want);
}

/* The next column: `gap` blanks, then n columns; hidden (and taking no room) when n is 0. */
static struct span next(int *col, int gap, int n)
{
	if (n <= 0)
		return (struct span){*col, 0};
	struct span s = {*col + gap, n};
	*col += gap + n;
	return s;
}

#define PINNED_COLS 11 /* "-12.8±10.3 -" but for the rarest */

static void sweep_wide(struct sweep_columns *s, int cols, int with)
{
	int refs = cols >= 150 ? 8 : 0, latency = cols >= 166 ? 8 : 0;
	int post = with & SWEEP_POSTS ? 9 : 0, at = 0;
	int pinned = with & SWEEP_PINNED && (!post || cols >= 116) ? PINNED_COLS : 0;
	int used = 82 + (refs ? 3 * 9 : 0) + (latency ? 2 * 10 : 0) + (post ? 11 : 0) + (pinned ? PINNED_COLS + 2 : 0);
	int room = cols - used - 3; /* a gap before the bar, one column free at the end */
	int check = most(pinned ? 9 : 11, least(24, room * 2 / 5));
	int bar = least(41, room - check);
	bar = bar < 5 ? 0 : bar - (bar % 2 == 0);
	check = least(30, room - bar);
	s->mark = next(&at, 0, 1);
	s->check_box = next(&at, 1, 3);
	s->conc = next(&at, 1, 4);
	s->state = next(&at, 2, 16);
	s->tput = next(&at, 1, 9);
	s->bar = next(&at, 2, bar);
	s->tput_ratio = next(&at, 2, 6);
	s->tput_ref = next(&at, 1, refs);
	s->pinned = next(&at, 2, pinned);
	s->e2e = next(&at, 2, 8);
	s->e2e_ratio = next(&at, 1, 6);
	s->e2e_ref = next(&at, 1, refs);
	s->intvty = next(&at, 2, 7);
	s->intvty_ratio = next(&at, 1, 6);
	s->intvty_ref = next(&at, 1, refs);
	s->ttft = next(&at, 2, latency);
	s->tpot = next(&at, 2, latency);
	s->post = next(&at, 2, post);
	s->check = next(&at, 2, check);
}

/* Without the bar 52 columns and 9 for the check; what is beyond goes to the bar, the interactivity, its ratio. */
static void sweep_narrow(struct sweep_columns *s, int cols, int with)
{
	bool intvty = cols >= 80, ratio = cols >= 90;
	int pinned = cols >= 96 && with & SWEEP_PINNED ? PINNED_COLS : 0;
	int at = 0, used = 61 + (intvty ? 8 : 0) + (ratio ? 7 : 0) + (pinned ? PINNED_COLS + 1 : 0);
	int bar = least(25, cols - used);
	bar = bar < 5 ? 0 : bar - (bar % 2 == 0);
	s->mark = next(&at, 0, 1);
	s->check_box = next(&at, 0, 3);
	s->conc = next(&at, 0, 4);
	s->state = next(&at, 1, 13);
	s->tput = next(&at, 0, 7);
	s->bar = next(&at, 1, bar);
	s->tput_ratio = next(&at, 1, 6);
	s->tput_ref = next(&at, 0, 0);
	s->pinned = next(&at, 1, pinned);
	s->e2e = next(&at, 0, 8);
	s->e2e_ratio = next(&at, 1, 6);
	s->e2e_ref = next(&at, 0, 0);
	s->intvty = next(&at, 0, intvty ? 8 : 0);
	s->intvty_ratio = next(&at, 1, ratio ? 6 : 0);
	s->intvty_ref = s->ttft = s->tpot = s->post = next(&at, 0, 0);
	s->check = next(&at, 1, least(cols - at - 1, 15));
}

void layout_sweep(struct sweep_columns *out, int cols, int with)
{
	memset(out, 0, sizeof *out);
	if (cols >= 108)
		sweep_wide(out, cols, with);
	else if (cols >= LAYOUT_MIN_COLS)
		sweep_narrow(out, cols, with);
}

const struct span *sweep_columns_at(const struct sweep_columns *s, int i)
{
	const struct span *const all[SWEEP_COLUMNS] = {&s->mark, &s->check_box, &s->conc, &s->state, &s->tput, &s->bar,
	        &s->tput_ratio, &s->tput_ref, &s->pinned, &s->e2e, &s->e2e_ratio, &s->e2e_ref, &s->intvty,
	        &s->intvty_ratio, &s->intvty_ref, &s->ttft, &s->tpot, &s->post, &s->check};
	return i >= 0 && i < SWEEP_COLUMNS ? all[i] : NULL;
}

struct rect layout_modal(int screen_rows, int screen_cols, int rows, int cols)
{
	int r = most(1, least(rows, screen_rows - 2));
	int k = most(1, least(cols, screen_cols - 4));
	return (struct rect){(screen_rows - r) / 2, (screen_cols - k) / 2, r, k};
}
