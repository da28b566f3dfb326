#include "curve.h"
#include "../base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double curve_x(const struct curve_point *p, enum curve_axis axis)
{
	return axis == CURVE_E2E ? p->e2e_ms : p->intvty;
}

static bool is_figure(double v)
{
	return isfinite(v) && v > 0;
}

static bool has_place(const struct curve_point *p, enum curve_axis axis)
{
	return is_figure(curve_x(p, axis)) && is_figure(p->tput);
}

const struct curve_set *curve_reference(const struct curve *c)
{
	return c->n > 0 && c->set[0].reference ? &c->set[0] : NULL;
}

const struct curve_set *curve_ours(const struct curve *c)
{
	int at = curve_reference(c) ? 1 : 0;
	return at < c->n ? &c->set[at] : NULL;
}

/* The place of conc among the points, which stay in the order of CONC; a new one is made when there is room. NULL: none. */
static struct curve_point *point_for(struct curve_set *s, int conc)
{
	int i = 0;
	while (i < s->n && s->p[i].conc < conc)
		i++;
	if (i < s->n && s->p[i].conc == conc)
		return &s->p[i];
	if (s->n == CURVE_POINTS)
		return NULL;
	memmove(&s->p[i + 1], &s->p[i], (size_t)(s->n - i) * sizeof s->p[0]);
	s->n++;
	s->p[i] = (struct curve_point){.conc = conc, .tput = NAN, .e2e_ms = NAN, .intvty = NAN};
	return &s->p[i];
}

void curve_init(struct curve *c, const struct track *t, int isl, int osl)
{
	memset(c, 0, sizeof *c);
	c->track = t;
	c->isl = isl;
	c->osl = osl;
	struct curve_set *ref = &c->set[0];
	for (int i = 0; i < t->n_refs; i++) {
		const struct track_ref *row = &t->refs[i];
		struct curve_point *p = row->isl == isl && row->osl == osl ? point_for(ref, row->conc) : NULL;
		if (p)
			*p = (struct curve_point){
			        .conc = row->conc, .tput = row->tput, .e2e_ms = row->e2e_ms, .intvty = row->intvty};
	}
	if (ref->n > 0) {
		ref->reference = true;
		text_copy(ref->name, sizeof ref->name, t->ref_label);
		c->n = 1;
	}
	snprintf(c->method, sizeof c->method,
	        "The %s curve is a straight line from point to point and goes on level beyond its ends; a point is above it when its throughput per GPU is higher than the curve at the same x.",
	        ref->reference ? ref->name : "reference");
}

/* ---- points of a run ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Of the values that are figures; NaN when none is. Sorts v. */
static double median_of(double *v, int n)
{
	int m = 0;
	for (int i = 0; i < n; i++)
		if (is_figure(v[i]))
			v[m++] = v[i];
	if (m == 0)
		return NAN;
	qsort(v, (size_t)m, sizeof *v, by_value);
	return m % 2 ? v[m / 2] : (v[m / 2 - 1] + v[m / 2]) / 2;
}

static bool row_counts(const struct curve *c, const struct board_cell *cell)
{
	return cell->planned && cell->status == CELL_PASSED && cell->have_load && cell->plan.isl == c->isl &&
	       cell->plan.osl == c->osl && cell->plan.conc > 0 && cell->plan.conc <= INT32_MAX &&
	       is_figure(cell->load.tput_per_gpu);
}

/* One point: the medians over the repeats of its CONC. */
static void point_fill(const struct curve *c, const struct board *b, struct curve_point *p)
{
	double tput[BOARD_CELLS], e2e[BOARD_CELLS], intvty[BOARD_CELLS];
	int n = 0;
	for (int i = 0; i < b->n_cells; i++) {
		const struct board_cell *cell = &b->cells[i];
		if (!row_counts(c, cell) || cell->plan.conc != p->conc)
			continue;
		tput[n] = cell->load.tput_per_gpu;
		e2e[n] = cell->load.e2el_median;
		intvty[n] = cell->load.interactivity;
		p->doubts += cell->n_doubts > 0;
		n++;
	}
	p->runs = n;
	p->tput = median_of(tput, n);
	p->e2e_ms = median_of(e2e, n);
	p->intvty = median_of(intvty, n);
}

bool curve_add_board(struct curve *c, const struct board *b, const char *name)
{
	if (c->n >= CURVE_SETS)
		return false;
	struct curve_set *s = &c->set[c->n];
	memset(s, 0, sizeof *s);
	text_copy(s->name, sizeof s->name, name);
	for (int i = 0; i < b->n_cells; i++)
		if (row_counts(c, &b->cells[i]))
			point_for(s, (int)b->cells[i].plan.conc);
	if (s->n == 0)
		return false;
	for (int i = 0; i < s->n; i++)
		point_fill(c, b, &s->p[i]);
	c->n++;
	return true;
}

bool curve_add(struct curve *c, const struct shelf_run *r, const char *name)
{
	return curve_add_board(c, r->board, name);
}

/* ---- the curve and the verdict ---- */

int curve_order(const struct curve_set *s, enum curve_axis axis, int order[CURVE_POINTS])
{
	int n = 0;
	for (int i = 0; i < s->n; i++) {
		if (!has_place(&s->p[i], axis))
			continue;
		double x = curve_x(&s->p[i], axis);
		int at = n++;
		for (; at > 0 && curve_x(&s->p[order[at - 1]], axis) > x; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return n;
}

double curve_at(const struct curve_set *ref, enum curve_axis axis, double x)
{
	int order[CURVE_POINTS], n = curve_order(ref, axis, order);
	if (n == 0 || isnan(x))
		return NAN;
	double best = NAN; /* two points at the same x: the higher one counts */
	for (int i = 0; i < n; i++) {
		const struct curve_point *p = &ref->p[order[i]];
		if (curve_x(p, axis) == x && !(p->tput <= best))
			best = p->tput;
	}
	if (!isnan(best))
		return best;
	const struct curve_point *first = &ref->p[order[0]], *last = &ref->p[order[n - 1]];
	if (x < curve_x(first, axis))
		return first->tput;
	if (x > curve_x(last, axis))
		return last->tput;
	int i = 1;
	while (curve_x(&ref->p[order[i]], axis) < x)
		i++;
	const struct curve_point *a = &ref->p[order[i - 1]], *b = &ref->p[order[i]];
	double share = (x - curve_x(a, axis)) / (curve_x(b, axis) - curve_x(a, axis));
	return a->tput + (b->tput - a->tput) * share;
}

static const struct curve_point *set_find(const struct curve_set *s, int conc)
{
	for (int i = 0; i < s->n; i++)
		if (s->p[i].conc == conc)
			return &s->p[i];
	return NULL;
}

static int count_missing(const struct curve *c, const struct curve_set *ours, enum curve_axis axis)
{
	const struct track_pair *pair = track_pair_find(c->track, c->isl, c->osl);
	int n = 0;
	for (int i = 0; pair && i < pair->n_concs; i++) {
		const struct curve_point *p = set_find(ours, pair->concs[i]);
		n += !p || !has_place(p, axis);
	}
	return n;
}

/* The share is one of all points that the pair has, measured or not: what is missing decides only when it cannot matter. */
static void verdict_text(struct curve_verdict *v, const char *ref)
{
	char missing[48] = "", rule[80] = "";
	if (v->missing > 0)
		snprintf(missing, sizeof missing, ", %d more to measure", v->missing);
	if (!isnan(v->share_needed))
		snprintf(rule, sizeof rule, ", rule %.3g %%: %s", v->share_needed * 100,
		        v->met    ? "met"
		        : v->open ? "open"
		                  : "not met");
	/* At most 136 bytes: a reference's label has 63, counts are those of points. */
	int n = snprintf(v->text, sizeof v->text, "points above %s: %d of %d (%.0f %%)%s%s", ref, v->above, v->of,
	        100.0 * v->above / v->of, rule, missing);
	if (n < 0)
		v->text[0] = '\0';
}

static void judge(const struct curve *c, enum curve_axis axis, struct curve_verdict *v)
{
	const struct curve_set *ref = curve_reference(c), *ours = curve_ours(c);
	double share = c->track->curve_share;
	memset(v, 0, sizeof *v);
	v->share_needed = share > 0 && share <= 1 ? share : NAN;
	for (int i = 0; i < CURVE_POINTS; i++)
		v->at[i] = v->gap[i] = NAN;
	if (!ref || !ours) {
		text_set(v->text, sizeof v->text,
		        !ref ? "no verdict: the track has no reference for this pair"
		             : "no verdict: no row has passed");
		return;
	}
	v->missing = count_missing(c, ours, axis);
	for (int i = 0; i < ours->n; i++) {
		const struct curve_point *p = &ours->p[i];
		if (!has_place(p, axis))
			continue;
		v->at[i] = curve_at(ref, axis, curve_x(p, axis));
		v->gap[i] = p->tput / v->at[i] - 1;
		v->point_above[i] = p->tput > v->at[i];
		v->above += v->point_above[i];
		v->of += !isnan(v->at[i]);
	}
	if (v->of == 0) {
		text_set(v->text, sizeof v->text, "no verdict: no row has a figure on this axis");
		return;
	}
	if (!isnan(v->share_needed)) {
		double need = v->share_needed * (v->of + v->missing) - 1e-9;
		v->met = v->above >= need;
		v->open = !v->met && v->above + v->missing >= need;
	}
	verdict_text(v, ref->name);
}

void curve_judge(struct curve *c)
{
	judge(c, CURVE_E2E, &c->by_e2e);
	judge(c, CURVE_INTVTY, &c->by_intvty);
}
