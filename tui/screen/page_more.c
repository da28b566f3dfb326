/* The end of a run's page: what is to be known of the reference, the curves where there is room, and the origin. */
#include "../../engine/base/text.h"
#include "../draw/plot.h"
#include "page_run.h"
#include <math.h>
#include <string.h>

/* A note that names another pair of the track and not this one says nothing here. */
static bool note_is_ours(const struct run_page *r, const char *note)
{
	char pair[32];
	bool other = false;
	for (int i = 0; i < r->track->n_pairs && i < TRACK_PAIRS; i++) {
		const struct track_pair *p = &r->track->pairs[i];
		bool named = strstr(note, str_fmt(pair, sizeof pair, "%d/%d", p->isl, p->osl)) != NULL;
		if (named && p->isl == r->isl && p->osl == r->osl)
			return true;
		other = other || named;
	}
	return !other;
}

void run_footnotes(struct run_page *r)
{
	char line[480];
	for (int i = 0; r->track && i < r->track->n_notes && i < TRACK_NOTES; i++) {
		const char *note = r->track->reference_notes[i];
		if (note_is_ours(r, note))
			page_wrap(&r->page, ROLE_DIM, "·", 2, ROLE_DIM,
			        str_fmt(line, sizeof line, "%s: %s", r->ref_brief, note));
	}
}

/* ---- curves ---- */

#define PLOT_ROWS 18

static int plot_points(const struct curve_set *s, enum curve_axis axis, double *x, double *y)
{
	int order[CURVE_POINTS], n = curve_order(s, axis, order);
	for (int i = 0; i < n; i++) {
		x[i] = curve_x(&s->p[order[i]], axis);
		y[i] = s->p[order[i]].tput;
	}
	return n;
}

static void plot_one(struct canvas *c, struct rect at, const struct curve *k, enum curve_axis axis)
{
	double x[2][CURVE_POINTS], y[2][CURVE_POINTS];
	struct plot plot = {.x_label = axis == CURVE_E2E ? "E2E median, ms" : "interactivity, tok/s/user",
	        .y_label = "tok/s/GPU",
	        .from_zero = false};
	const struct curve_set *ours = curve_ours(k);
	for (int i = 0; i < k->n && plot.n_series < 2; i++) {
		const struct curve_set *s = &k->set[i];
		if (!s->reference && s != ours)
			continue;
		int at_series = plot.n_series++;
		plot.series[at_series] = (struct plot_series){.name = s->name,
		        .role = s->reference ? ROLE_BAR_MARK : ROLE_BAR_BEYOND,
		        .x = x[at_series],
		        .y = y[at_series],
		        .n = plot_points(s, axis, x[at_series], y[at_series])};
	}
	widget_plot(c, at, &plot);
}

/* Wide pages only. A plot that does not fit whole into what is seen is left out, so that nothing of it stands elsewhere. */
void run_curves(struct run_page *r)
{
	struct curve curve;
	struct page *g = &r->page;
	if (g->area.cols < PAGE_WIDE || !r->track)
		return;
	curve_init(&curve, r->track, r->isl, r->osl);
	if (!curve_add(&curve, r->run, "this run") || curve.n < 2)
		return;
	struct pen p = page_rule(g);
	pen_put(&p, ROLE_TITLE, 0, " Throughput per GPU against E2E and interactivity ");
	int first = PAGE_OFF, last = PAGE_OFF;
	for (int i = 0; i < PLOT_ROWS; i++) {
		last = page_next(g);
		if (i == 0)
			first = last;
	}
	if (first == PAGE_OFF || last == PAGE_OFF || last - first != PLOT_ROWS - 1)
		return;
	int half = g->cols / 2 - 2;
	plot_one(g->c, (struct rect){first, g->left, PLOT_ROWS, half}, &curve, CURVE_E2E);
	plot_one(g->c, (struct rect){first, g->left + g->cols - half, PLOT_ROWS, half}, &curve, CURVE_INTVTY);
}

/* ---- origin ---- */

void run_origin(struct run_page *r)
{
	const struct shelf_manifest *m = &r->run->manifest;
	const struct {
		const char *label, *text;
	} lines[] = {{"in ", r->run->path}, {"command ", m->command_line}, {"server ", m->server_args}};
	struct pen p = page_top(&r->page);
	pen_put(&p, ROLE_TITLE, 0, " Origin ");
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		if (lines[i].text[0])
			page_wrap(&r->page, ROLE_DIM, lines[i].label, 9, ROLE_TEXT, lines[i].text);
	}
	page_bottom(&r->page);
}
