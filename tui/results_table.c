/* The table of `benchtop results`: as wide as its content, or cut to the terminal's width where that costs least. */
#include "../engine/base/clock.h"
#include "../engine/base/text.h"
#include "cli_results.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum column { TIME, PAIR, MODE, TEAM, SGLANG, AITER, CONCS, RATIO, NOTE, PATH, COLUMNS };

static const char *const titles[COLUMNS] = {
        "TIME", "ISL/OSL", "MODE", "TEAM", "SGLANG", "AITER", "CONCS", "BEST/WORST", "NOTE", "PATH"};

#define CELL       640
#define PATH_LEAST 24 /* columns of the path below which other columns go */

struct table {
	const struct shelf *shelf;
	bool ascii;
	int width[COLUMNS]; /* 0: not shown */
};

static const char *absent(const struct table *t)
{
	return t->ascii ? "-" : "—";
}

static void when(int64_t wall_ns, char *out, size_t cap)
{
	time_t s = (time_t)(wall_ns / CLOCK_NS_PER_S);
	struct tm tm;
	out[0] = '\0';
	if (wall_ns > 0 && localtime_r(&s, &tm))
		strftime(out, cap, "%Y-%m-%d %H:%M", &tm);
}

static void pairs(const struct shelf_entry *x, char *out, size_t cap)
{
	int n = 0;
	out[0] = '\0';
	for (int i = 0; i < x->n_points; i++)
		if (i == 0 || x->points[i].isl != x->points[i - 1].isl || x->points[i].osl != x->points[i - 1].osl)
			n++;
	if (n == 1)
		snprintf(out, cap, "%d/%d", x->points[0].isl, x->points[0].osl);
	else if (n > 1)
		snprintf(out, cap, "%d pairs", n);
}

static void ratios(const struct shelf_entry *x, char *out, size_t cap)
{
	out[0] = '\0';
	/* What is no ratio of anything must not make the column as wide as its digits. */
	if (isfinite(x->best) && isfinite(x->worst))
		snprintf(out, cap, fabs(x->best) < 1e6 && fabs(x->worst) < 1e6 ? "%.2f/%.2f" : "%.3g/%.3g", x->best,
		        x->worst);
}

static void note(const struct shelf_entry *x, char *out, size_t cap)
{
	char text[CELL];
	const char *what = x->kind == SHELF_UNREADABLE ? "unreadable: " : x->demo ? "demo; " : "";
	if (x->kind != SHELF_UNREADABLE && !x->note[0])
		what = x->demo ? "demo" : "";
	snprintf(text, sizeof text, "%s%s", what, x->note);
	text_copy(out, cap, text);
}

/* One cell, whole; "" has nothing to say. */
static void cell_text(const struct shelf_entry *x, enum column c, char *out, size_t cap)
{
	out[0] = '\0';
	switch (c) {
	case TIME:
		when(x->wall_ns, out, cap);
		break;
	case PAIR:
		pairs(x, out, cap);
		break;
	case MODE:
		text_copy(out, cap, x->mode_known ? run_mode_word((int)x->mode) : "");
		break;
	case TEAM:
		text_copy(out, cap, x->team);
		break;
	case SGLANG:
		text_copy(out, cap, x->sglang);
		break;
	case AITER:
		text_copy(out, cap, x->aiter);
		break;
	case CONCS:
		if (x->kind != SHELF_UNREADABLE)
			snprintf(out, cap, "%d/%d", x->passed, x->passed + x->failed);
		break;
	case RATIO:
		ratios(x, out, cap);
		break;
	case NOTE:
		note(x, out, cap);
		break;
	case PATH:
		text_copy(out, cap, x->path);
		break;
	case COLUMNS:
		break;
	}
}

static void natural_widths(struct table *t)
{
	char text[CELL];
	for (int c = 0; c < COLUMNS; c++)
		t->width[c] = (int)strlen(titles[c]);
	for (int i = 0; i < t->shelf->n; i++) {
		for (int c = 0; c < COLUMNS; c++) {
			cell_text(&t->shelf->entries[i], (enum column)c, text, sizeof text);
			int w = text_width(text, strlen(text));
			if (w > t->width[c])
				t->width[c] = w;
		}
	}
}

static int sum_but(const struct table *t, enum column left_out)
{
	int sum = 0;
	for (int c = 0; c < COLUMNS; c++)
		if (c != (int)left_out && t->width[c] > 0)
			sum += t->width[c] + 2;
	return sum;
}

/* First the note gives way, then the columns that say least, last the path's beginning. */
static void fit(struct table *t, int cols)
{
	static const enum column spare[] = {AITER, SGLANG, MODE, TEAM, PAIR, RATIO};
	if (t->width[TEAM] > 20)
		t->width[TEAM] = 20;
	int room = cols - sum_but(t, NOTE) - 2;
	if (room < t->width[NOTE])
		t->width[NOTE] = room >= 8 ? room : 0;
	size_t next = 0;
	while (sum_but(t, PATH) + (t->width[PATH] < PATH_LEAST ? t->width[PATH] : PATH_LEAST) > cols &&
	        next < sizeof spare / sizeof spare[0])
		t->width[spare[next++]] = 0;
	room = cols - sum_but(t, PATH);
	if (room < t->width[PATH])
		t->width[PATH] = room > 0 ? room : 1;
}

/* Bytes at the front that must go for the rest to fit. */
static size_t skip_front(const char *s, int columns)
{
	size_t at = 0, len = strlen(s);
	uint32_t cp;
	while (at < len && text_width(s + at, len - at) > columns)
		at += utf8_decode(s + at, len - at, &cp);
	return at;
}

/* Cut at the end, a path at its beginning; padded to the width. */
static void add_cell(const struct table *t, enum column c, const char *text, struct buf *out)
{
	int width = t->width[c], w = text_width(text, strlen(text));
	const char *mark = t->ascii ? "~" : "…";
	if (w <= width) {
		buf_adds(out, text);
	} else if (c == PATH) {
		const char *rest = text + skip_front(text, width - 1);
		buf_adds(out, mark);
		buf_adds(out, rest);
		w = 1 + text_width(rest, strlen(rest));
	} else {
		size_t n = text_fit(text, strlen(text), width - 1);
		buf_add(out, text, n);
		buf_adds(out, mark);
		w = 1 + text_width(text, n);
	}
	if (c != PATH)
		buf_printf(out, "%*s", width - w + 2, "");
}

static void add_ascii(char *text)
{
	for (char *p = text; *p; p++)
		if ((unsigned char)*p >= 0x7f)
			*p = '?';
}

static void add_row(const struct table *t, const struct shelf_entry *x, struct buf *out)
{
	char text[CELL];
	for (int c = 0; c < COLUMNS; c++) {
		if (t->width[c] == 0)
			continue;
		if (x)
			cell_text(x, (enum column)c, text, sizeof text);
		else
			text_set(text, sizeof text, titles[c]);
		if (t->ascii)
			add_ascii(text);
		if (!text[0] && c != NOTE)
			text_set(text, sizeof text, absent(t));
		add_cell(t, (enum column)c, text, out);
	}
	buf_addc(out, '\n');
}

int results_table(const struct shelf *s, int cols, bool ascii, struct buf *out)
{
	struct table t = {.shelf = s, .ascii = ascii};
	natural_widths(&t);
	if (cols > 0)
		fit(&t, cols);
	add_row(&t, NULL, out);
	for (int i = 0; i < s->n; i++)
		add_row(&t, &s->entries[i], out);
	return out->failed ? ERR_LIMIT : 0;
}
