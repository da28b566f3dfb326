/* Screen 4: throughput per GPU against E2E and against interactivity, the two verdicts, the points as a table. */
#include "curve.h"
#include "../../engine/base/text.h"
#include "../draw/form.h"
#include "../draw/plot.h"
#include "dash.h"
#include "results.h"
#include "screen.h"
#include <math.h>
#include <string.h>

#define SIDE_COLS 76 /* from here on the panels stand side by side, unless there is height for the other way */
#define WIDE_COLS CURVE_TABLE_COLS
#define PLOT_ROWS 12 /* a plot is at least so high before anything else gets room */
#define NOTE_ROWS 34 /* and so high before the notes on the reference do */

/* Room of the parts from top to bottom. */
struct parts {
	struct rect legend, plot[2], verdict, table, method, notes;
};

/* The figures of a set as the plot wants them. */
struct series {
	double x[2][CURVE_POINTS], y[2][CURVE_POINTS];
	int n[2];
	char words[2][CURVE_POINTS][12];
	const char *labels[2][CURVE_POINTS];
};

/* Which set the plot's series is: ours first, so that it lies on top, the reference second, the others as they came. -1:
 * there is none. */
static int set_of(const struct curve *c, int series)
{
	const struct curve_set *ours = curve_ours(c), *ref = curve_reference(c);
	int at = ours ? (int)(ours - c->set) : -1;
	if (series == 0)
		return at;
	if (series == 1)
		return ref ? 0 : -1;
	at += series - 1;
	return ours && at < c->n ? at : -1;
}

static enum role series_role(int series)
{
	static const enum role roles[PLOT_SERIES] = {
	        ROLE_TITLE, ROLE_DIM, ROLE_WARN, ROLE_SPARK, ROLE_BAR_BEYOND, ROLE_INFO};
	return roles[series];
}

static void series_make(struct series *s, const struct curve_set *set)
{
	for (int axis = 0; axis < 2; axis++) {
		int order[CURVE_POINTS];
		s->n[axis] = curve_order(set, (enum curve_axis)axis, order);
		for (int i = 0; i < s->n[axis]; i++) {
			const struct curve_point *p = &set->p[order[i]];
			s->x[axis][i] = curve_x(p, (enum curve_axis)axis);
			s->y[axis][i] = p->tput;
			s->labels[axis][i] = str_fmt(
			        s->words[axis][i], sizeof s->words[0][0], "%d%s", p->conc, p->doubts > 0 ? "?" : "");
		}
	}
}

static void plots_draw(struct canvas *c, const struct parts *parts, const struct curve *cv)
{
	static const char *const y_labels[] = {"tok/s/GPU against E2E", "tok/s/GPU against interactivity"};
	static const char *const x_labels[] = {"median E2E ms, less is better", "tok/s/user, more is better"};
	struct series s[PLOT_SERIES];
	struct plot p[2] = {{.y_from_zero = true}, {.y_from_zero = true}};
	for (int axis = 0; axis < 2; axis++) {
		p[axis].y_label = y_labels[axis];
		p[axis].x_label = x_labels[axis];
	}
	for (int i = 0; i < PLOT_SERIES; i++) {
		int set = set_of(cv, i);
		memset(&s[i], 0, sizeof s[i]);
		if (set >= 0)
			series_make(&s[i], &cv->set[set]);
		for (int axis = 0; axis < 2; axis++) {
			struct plot *q = &p[axis];
			q->series[q->n_series++] = (struct plot_series){.role = series_role(i),
			        .x = s[i].x[axis],
			        .y = s[i].y[axis],
			        .n = s[i].n[axis],
			        .labels = i == 0 ? s[i].labels[axis] : NULL};
		}
	}
	for (int axis = 0; axis < 2; axis++)
		if (parts->plot[axis].rows > 0)
			widget_plot(c, parts->plot[axis], &p[axis]);
}

/* Marks with names over at most r.rows lines; returns the lines it takes. Draws nothing with c NULL. */
static int legend_draw(struct canvas *c, struct rect r, const struct curve *cv)
{
	/* Three beside each other and two lines hold all that there can be. */
	int row = 0, col = 0, most = cv->n > 3 ? (r.cols - 6) / 3 : r.cols;
	for (int i = 0; i < PLOT_SERIES; i++) {
		int set = set_of(cv, i);
		if (set < 0)
			continue;
		const char *name = cv->set[set].name;
		int w = text_width(name, strlen(name)) + 2, room = r.cols - col;
		w = w < most ? w : most;
		if (w > room && col > 0 && row + 1 < r.rows) {
			row++;
			col = 0;
			room = r.cols;
		}
		if (c && room > 3) {
			canvas_text(c, r.row + row, r.col + col, 1, series_role(i), ATTR_BOLD, plot_mark(i, c->ascii));
			canvas_fit(c, r.row + row, r.col + col + 2, (w < room ? w : room) - 2, ROLE_TEXT, 0, name);
		}
		col += w + 3;
	}
	if (c && r.cols - col >= 13)
		canvas_text(c, r.row + row, r.col + col, 13, ROLE_DIM, 0, "numbers: CONC");
	return row + 1;
}

static enum role verdict_role(const struct curve_verdict *v)
{
	if (v->of == 0 || isnan(v->share_needed))
		return ROLE_TEXT;
	return v->met ? ROLE_GOOD : v->open ? ROLE_WARN : ROLE_BAD;
}

static void verdicts_draw(struct canvas *c, struct rect r, const struct curve *cv)
{
	static const char *const heads[] = {"E2E", "tok/s/u"};
	for (int axis = 0; axis < 2 && axis < r.rows; axis++) {
		const struct curve_verdict *v = axis == CURVE_E2E ? &cv->by_e2e : &cv->by_intvty;
		struct pen pen = pen_at(c, r.row + axis, r.col, r.cols);
		pen_put(&pen, ROLE_DIM, 0, "%-8s", heads[axis]);
		pen_fit(&pen, verdict_role(v), 0, v->text);
	}
}

/* ---- the table ---- */

#define TABLE_COLUMNS 10

struct table_text {
	char text[TABLE_COLUMNS][40];
	struct table_cell cell[TABLE_COLUMNS];
};

static const struct table_column columns_wide[TABLE_COLUMNS] = {{"CONC", 5, true}, {"tok/s/GPU", 10, true},
        {"E2E ms", 9, true}, {"curve there", 11, true}, {"gap", 8, true}, {"above", 5, false}, {"tok/s/user", 10, true},
        {"curve there", 11, true}, {"gap", 8, true}, {"above", 5, false}};
/* Without our own places on the axes. */
static const struct table_column columns_short[TABLE_COLUMNS - 2] = {{"CONC", 5, true}, {"tok/s/GPU", 10, true},
        {"at E2E", 9, true}, {"gap", 7, true}, {"above", 5, false}, {"at tok/s/u", 10, true}, {"gap", 7, true},
        {"above", 5, false}};

static int put_axis(struct table_text *t, int at, const struct curve_verdict *v, int i)
{
	char number[40];
	bool have = !isnan(v->gap[i]);
	fmt_number(v->at[i], 1, t->text[at]);
	if (have)
		str_fmt(t->text[at + 1], sizeof t->text[0], "%s", fmt_percent(v->gap[i], 1, number));
	else
		fmt_number(NAN, 1, t->text[at + 1]);
	str_fmt(t->text[at + 2], sizeof t->text[0], "%s", !have ? "" : v->point_above[i] ? "+ yes" : "- no");
	t->cell[at].role = ROLE_TEXT;
	t->cell[at + 1].role = t->cell[at + 2].role = !have ? ROLE_DIM : v->point_above[i] ? ROLE_GOOD : ROLE_BAD;
	return at + 3;
}

static void row_make(struct table_text *t, const struct curve *cv, const struct curve_point *p, int i, bool wide)
{
	int at = 2;
	memset(t, 0, sizeof *t);
	for (int k = 0; k < TABLE_COLUMNS; k++) {
		t->cell[k].text = t->text[k];
		t->cell[k].role = ROLE_TEXT;
	}
	str_fmt(t->text[0], sizeof t->text[0], "%d%s", p->conc, p->doubts > 0 ? "?" : "");
	fmt_number(p->tput, 1, t->text[1]);
	t->cell[1].role = ROLE_STRONG;
	if (wide)
		fmt_number(p->e2e_ms, 0, t->text[at++]);
	at = put_axis(t, at, &cv->by_e2e, i);
	if (wide)
		fmt_number(p->intvty, 1, t->text[at++]);
	put_axis(t, at, &cv->by_intvty, i);
}

void curve_table_draw(struct canvas *c, struct rect r, const struct curve *cv)
{
	const struct curve_set *ours = curve_ours(cv);
	bool wide = r.cols >= WIDE_COLS;
	const struct table_column *columns = wide ? columns_wide : columns_short;
	int n = wide ? TABLE_COLUMNS : TABLE_COLUMNS - 2;
	if (r.rows < 2 || !ours)
		return;
	widget_table_head(c, r.row, r.col, r.cols, columns, n);
	for (int i = 0; i < ours->n && i + 1 < r.rows; i++) {
		struct table_text t;
		row_make(&t, cv, &ours->p[i], i, wide);
		widget_table_row(c, r.row + 1 + i, r.col, r.cols, columns, n, t.cell);
	}
}

/* ---- layout ---- */

static struct rect rows_from(struct rect *rest, int rows)
{
	struct rect r = {rest->row, rest->col, rows, rest->cols};
	rest->row += rows;
	rest->rows -= rows;
	return r;
}

/* From the bottom. */
static struct rect rows_off(struct rect *rest, int rows)
{
	rest->rows -= rows;
	return (struct rect){rest->row + rest->rows, rest->col, rows, rest->cols};
}

static int notes_draw(struct canvas *c, struct rect r, const struct curve *cv)
{
	int used = 0;
	for (int i = 0; i < cv->track->n_notes && curve_reference(cv) && used < r.rows; i++) {
		struct rect left = {r.row + used, r.col, r.rows - used, r.cols};
		used += form_wrap(c, left, ROLE_DIM, 0, cv->track->reference_notes[i]);
	}
	return used;
}

static void plots_lay(struct parts *out, struct rect rest)
{
	bool stacked = rest.cols < WIDE_COLS && rest.rows >= 2 * PLOT_ROWS;
	if (stacked) {
		out->plot[0] = rows_from(&rest, rest.rows / 2);
		out->plot[1] = rest;
	} else if (rest.cols >= SIDE_COLS) {
		int half = (rest.cols - 2) / 2;
		out->plot[0] = (struct rect){rest.row, rest.col, rest.rows, half};
		out->plot[1] = (struct rect){rest.row, rest.col + rest.cols - half, rest.rows, half};
	} else {
		out->plot[0] = rest;
	}
}

/* The plots come first, then the verdicts, the method, the table and the notes, as far as there is room. */
static void parts_lay(struct parts *out, struct rect area, const struct curve *cv)
{
	const struct curve_set *ours = curve_ours(cv);
	struct rect rest = area;
	memset(out, 0, sizeof *out);
	out->legend = rows_from(&rest, legend_draw(NULL, (struct rect){0, 0, area.rows < 2 ? 1 : 2, area.cols}, cv));
	int method = form_wrap(NULL, (struct rect){0, 0, 3, area.cols}, ROLE_DIM, 0, cv->method);
	int table = ours ? ours->n + 2 : 0, notes = notes_draw(NULL, (struct rect){0, 0, 12, area.cols}, cv);
	if (notes > 0 && rest.rows - 2 - method - table - notes >= NOTE_ROWS)
		out->notes = rows_off(&rest, notes);
	if (rest.rows - 2 - method >= PLOT_ROWS - 4)
		out->method = rows_off(&rest, method);
	if (ours && rest.rows - 2 - table >= PLOT_ROWS) {
		out->table = rows_off(&rest, table - 1);
		rest.rows--; /* air above it */
	}
	out->verdict = rows_off(&rest, rest.rows > 6 ? 2 : 0);
	plots_lay(out, rest);
}

void results_curve_draw(struct canvas *c, struct rect area, const struct results_view *v)
{
	struct parts parts;
	const struct curve *cv = v->curve;
	if (area.rows < 1 || area.cols < 1)
		return;
	if (area.cols >= LAYOUT_MIN_COLS) { /* air at the edges of the screen */
		area.col++;
		area.cols -= 2;
	}
	if (!cv || cv->n == 0) {
		form_wrap(c, area, ROLE_DIM, 0,
		        cv ? "No row of this pair has passed, and the track has no reference for it: there is nothing to draw."
		           : "There is no curve yet: it needs a run with a row that has passed.");
		return;
	}
	parts_lay(&parts, area, cv);
	legend_draw(c, parts.legend, cv);
	plots_draw(c, &parts, cv);
	verdicts_draw(c, parts.verdict, cv);
	curve_table_draw(c, parts.table, cv);
	if (parts.method.rows > 0)
		form_wrap(c, parts.method, ROLE_DIM, 0, cv->method);
	notes_draw(c, parts.notes, cv);
}
