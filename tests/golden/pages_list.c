/* The list of runs and the comparison on the results screens. */
#include "../../engine/base/text.h"
#include "pages.h"
#include "steps.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOUR INT64_C(3600000000000)

static const int concs[PAGES_POINTS] = {4, 8, 16, 32, 64, 128};

static void points_are(struct pages *s, int i, double ratio, int n)
{
	const struct track *t = &s->stage.track;
	struct shelf_entry *e = &s->entries[i];
	e->points = s->points[i];
	e->n_points = n;
	e->best = e->worst = NAN;
	for (int k = 0; k < n; k++) {
		struct shelf_point *p = &s->points[i][k];
		const struct track_ref *ref = track_ref_find(t, 1024, 1024, concs[k]);
		double tput = ratio * (1 + 0.03 * k);
		*p = (struct shelf_point){
		        .isl = 1024, .osl = 1024, .conc = concs[k], .repeat = 1, .status = CELL_PASSED};
		p->tput_ratio = tput;
		p->e2e_ratio = 1 / tput;
		p->intvty_ratio = tput;
		p->tput_per_gpu = ref ? ref->tput * tput : NAN;
		p->e2el_median = ref ? ref->e2e_ms / tput : NAN;
		p->interactivity = ref ? ref->intvty * tput : NAN;
		e->best = fmax(e->best, tput);
		e->worst = fmin(e->worst, tput);
	}
	e->passed = n;
}

static struct shelf_entry *entry_is(struct pages *s, int i, const char *name)
{
	struct shelf_entry *e = &s->entries[i];
	snprintf(s->paths[i], sizeof s->paths[i], "/data/results/%s", name);
	e->path = s->paths[i];
	e->kind = SHELF_OURS;
	e->wall_ns = WALL_START - i * 5 * HOUR;
	e->mode_known = true;
	e->mode = MODE_PERF;
	text_copy(e->track, sizeof e->track, s->stage.track.name);
	text_copy(e->model, sizeof e->model, s->stage.track.model);
	text_copy(e->sglang, sizeof e->sglang, i % 3 ? "a1b2c3d" : "a1b2c3d+");
	text_copy(e->aiter, sizeof e->aiter, "1f5b378");
	return e;
}

void page_list(struct pages *s)
{
	s->view.page = RESULTS_LIST;
	s->view.shelf = &s->shelf;
	s->shelf.entries = s->entries;
	s->shelf.n = 30;
	for (int i = 0; i < 30; i++) {
		char name[64];
		snprintf(name, sizeof name, "batch_perf_1024_1024_2025%02d%02d_0%d0000", 11, 24 - i / 5, i % 5);
		entry_is(s, i, name);
		points_are(s, i, 1.08 - 0.012 * i + 0.02 * (i % 3), 5);
	}
	s->entries[0].alive = true;
	points_are(s, 0, 1.11, 2);
	s->entries[1].mode = MODE_SUBMIT;
	text_copy(s->entries[1].team, sizeof s->entries[1].team, "Grün & Söhne 量子");
	s->points[1][2].doubts = 2;
	s->points[1][3].status = CELL_FAILED;
	s->points[1][3].tput_per_gpu = s->points[1][3].tput_ratio = NAN;
	s->entries[1].passed = 4;
	s->entries[1].failed = 1;
	text_copy(s->entries[1].note, sizeof s->entries[1].note, "1 row failed: the server stopped answering");
	s->entries[2].kind = SHELF_BATCH;
	s->entries[2].mode_known = false;
	s->entries[2].sglang[0] = s->entries[2].aiter[0] = '\0';
	s->entries[3].kind = SHELF_UNREADABLE;
	s->entries[3].n_points = 0;
	text_copy(s->entries[3].note, sizeof s->entries[3].note, "run.json ends in the middle of a word");
	s->entries[4].demo = true;
	s->entries[5].kind = SHELF_FILE;
	s->entries[6].n_points = s->entries[6].passed = 0;
	s->entries[6].best = s->entries[6].worst = NAN;
	text_copy(s->entries[6].note, sizeof s->entries[6].note, "nothing was measured");
	s->points[7][4].osl = 8192;
	s->view.ref.have = true;
	text_copy(s->view.ref.path, sizeof s->view.ref.path, s->entries[7].path);
	text_copy(s->view.ref.label, sizeof s->view.ref.label, "1123-0300 a1b2c3d");
	s->view.focus = 1;
}

void page_list_end(struct pages *s)
{
	page_list(s);
	s->view.focus = 29;
}

void page_list_unreadable(struct pages *s)
{
	page_list(s);
	s->view.focus = 3;
	s->shelf.cut = true;
}

void page_list_empty(struct pages *s)
{
	s->view.page = RESULTS_LIST;
	s->view.shelf = &s->shelf;
}

void page_list_scanning(struct pages *s)
{
	s->view.page = RESULTS_LIST;
	s->view.scanning = true;
}

/* ---- comparison ---- */

static void side_is(struct compare_side *side, const char *label, int runs, int starts)
{
	text_copy(side->label, sizeof side->label, label);
	side->n_runs = runs;
	side->n_starts = starts;
	side->manifest.have = true;
}

static void say(struct compare_result *r, enum severity severity, const char *text)
{
	r->said_severity[r->n_said] = severity;
	text_copy(r->said[r->n_said++], sizeof r->said[0], text);
}

static void lines_are(struct pages *s, double floor)
{
	static const double old[COMPARE_METRICS] = {0, 0, 0, 188.4, 7.09, 6.95};
	static const double change[] = {0.052, 0.004, -0.061, 0.031, 0.118};
	struct compare_result *r = &s->compare;
	for (int k = 0; k < 5; k++) {
		const struct track_ref *ref = track_ref_find(&s->stage.track, 1024, 1024, concs[k]);
		for (int m = 0; m < COMPARE_METRICS; m++) {
			bool more = m == COMPARE_TPUT || m == COMPARE_INTVTY;
			double gain = change[k] * (m == COMPARE_TTFT ? -0.4 : 1), by = more ? gain : 1 / (1 + gain) - 1;
			double base = m == COMPARE_TPUT     ? ref->tput
			              : m == COMPARE_E2E    ? ref->e2e_ms
			              : m == COMPARE_INTVTY ? ref->intvty
			                                    : old[m] * (1 + k);
			s->lines[r->n_lines++] = (struct compare_line){.isl = 1024,
			        .osl = 1024,
			        .conc = concs[k],
			        .metric = (enum compare_metric)m,
			        .old_value = base,
			        .new_value = base * (1 + by),
			        .change = by,
			        .low = by - floor,
			        .high = by + floor,
			        .noise = floor,
			        .verdict = fabs(by) <= floor  ? COMPARE_SAME
			                   : (by > 0) == more ? COMPARE_FASTER
			                                      : COMPARE_SLOWER,
			        .runs_a = 3,
			        .runs_b = 3,
			        .starts_a = 3,
			        .starts_b = 2};
		}
	}
}

void page_compare(struct pages *s)
{
	struct compare_result *r = &s->compare;
	s->view.page = RESULTS_COMPARE;
	s->view.compare = r;
	s->view.side_a = &s->sides[0];
	s->view.side_b = &s->sides[1];
	side_is(&s->sides[0], "1123-0912 a1b2c3d", 3, 3);
	side_is(&s->sides[1], "1124-1010 1f5b378 +2", 3, 2);
	s->sides[1].n_doubtful = 1;
	r->lines = s->lines;
	lines_are(s, 0.02);
	say(r, SEV_WARN, "B has a row with doubts: CONC 16, JIT build");
	say(r, SEV_INFO, "the noise rests on repeated server starts of both sides: it judges the change itself");
	text_copy(r->changed[r->n_changed++], sizeof r->changed[0], "sglang  a1b2c3d clean -> 1f5b378 +2 files");
	text_copy(r->changed[r->n_changed++], sizeof r->changed[0], "server arguments  + --enable-fused-moe");
	text_copy(r->method, sizeof r->method,
	        "Two-level bootstrap over server starts and runs, 20,000 rounds, seed 1; the interval holds 95 % of the "
	        "changes, a difference is called one when the interval leaves out 0 and the change is above 2 %.");
	text_copy(r->verdict, sizeof r->verdict,
	        "By throughput per GPU B is faster at CONC 4, 32 and 64, slower at 16; at 8 no difference is seen.");
}

/* Single runs, a server start that nobody recorded, rows that one side lacks, another track. */
void page_compare_single(struct pages *s)
{
	struct compare_result *r = &s->compare;
	page_compare(s);
	r->n_said = r->n_changed = 0;
	s->sides[0].n_runs = s->sides[1].n_runs = s->sides[0].n_starts = 1;
	s->sides[0].start_unknown = true;
	s->sides[0].manifest.have = false;
	say(r, SEV_ERROR, "the two ran different models: nothing below says which code is faster");
	say(r, SEV_WARN, "single runs: run-to-run noise is not known, 2 % is assumed");
	for (int i = 0; i < r->n_lines; i++) {
		struct compare_line *l = &s->lines[i];
		l->runs_a = l->runs_b = 1;
		l->low = l->high = NAN;
		if (l->conc == 64) {
			l->runs_b = 0;
			l->new_value = l->change = l->noise = NAN;
			l->verdict = COMPARE_NONE;
		}
		if (l->conc == 8)
			l->verdict = COMPARE_NONE;
	}
	s->view.compare_scroll = 2;
}

void page_compare_none(struct pages *s)
{
	s->view.page = RESULTS_COMPARE;
}
