/* The pinned reference: one value a CONC, and how far a single run may lie from it without meaning anything. */
#include "../base/text.h"
#include "compare_int.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct work {
	struct compare_side side, none;
	struct compare_history history;
	struct noise noise;
	struct noise_gather tput, by_run, earlier, other;
};

/* The noise of one further run, on a start of its own, against the reference's mean. */
static double row_noise(struct work *w, double floor, enum compare_basis *basis)
{
	const struct noise_group *groups[] = {&w->tput.group, &w->other.group, &w->earlier.group};
	const struct noise_group *runs[] = {&w->by_run.group, &w->other.group};
	bool known = !w->side.start_unknown || w->tput.n_values < 2;
	int df = 0;
	noise_spread(groups, 3, &df);
	if (known && (w->tput.group.n > 2 || df >= COMPARE_MIN_DF)) {
		*basis = w->tput.group.n > 2 ? BASIS_STARTS : BASIS_HISTORY;
		return expm1(noise_half(&w->noise, groups, *basis == BASIS_STARTS ? 2 : 3, NULL));
	}
	*basis = BASIS_FLOOR;
	double seen[] = {noise_spread(groups, 3, NULL), noise_spread(runs, 2, NULL)}, half = log1p(floor);
	for (int i = 0; i < 2; i++)
		if (seen[i] * sqrt(2) * COMPARE_NORMAL > half)
			half = seen[i] * sqrt(2) * COMPARE_NORMAL;
	/* the other run's requests are taken to be as unsteady as one of these */
	double within = w->by_run.group.within_var * (1 + w->by_run.n_values);
	return expm1(sqrt(half * half + COMPARE_NORMAL * COMPARE_NORMAL * within));
}

static bool has_row(const struct compare_ref *ref, const struct compare_sample *x)
{
	for (int i = 0; i < ref->n; i++)
		if (ref->row[i].isl == x->isl && ref->row[i].osl == x->osl && ref->row[i].conc == x->conc)
			return true;
	return false;
}

static double mean_of(
        struct noise_gather *g, const struct compare_side *s, const struct compare_sample *x, enum compare_metric m)
{
	compare_gather(g, s, x->isl, x->osl, x->conc, m, false);
	return noise_gather_mean(g);
}

static void add_row(struct compare_ref *ref, struct work *w, const struct compare_sample *x)
{
	int n = ref->n;
	ref->row[n].isl = x->isl;
	ref->row[n].osl = x->osl;
	ref->row[n].conc = x->conc;
	ref->row[n].e2e = mean_of(&w->tput, &w->side, x, COMPARE_E2E);
	ref->row[n].intvty = mean_of(&w->tput, &w->side, x, COMPARE_INTVTY);
	ref->row[n].tput = mean_of(&w->tput, &w->side, x, COMPARE_TPUT);
	if (!isfinite(ref->row[n].tput))
		return;
	compare_gather(&w->by_run, &w->side, x->isl, x->osl, x->conc, COMPARE_TPUT, true);
	compare_gather(&w->earlier, &w->history.side[0], x->isl, x->osl, x->conc, COMPARE_TPUT, false);
	noise_gather_init(&w->other);
	noise_gather_add(&w->other, 0, ref->row[n].tput, NAN);
	noise_gather_end(&w->other);
	ref->row[n].noise = row_noise(w, COMPARE_FLOOR, &ref->row[n].basis);
	ref->n++;
}

static int fill(struct compare_ref *ref, struct work *w, const char *path, const struct shelf *history, struct err *e)
{
	int rc = compare_side_load(&w->side, path, e);
	if (rc == 0 && w->side.n_samples == 0)
		rc = err_set(e, ERR_USAGE, "there is no measured row to compare with in %s", path);
	if (rc == 0 && history)
		rc = compare_history_load(&w->history, history, &w->side, &w->none, e);
	if (rc == 0)
		rc = noise_open(&w->noise, NULL, e);
	if (rc < 0)
		return rc;
	for (int i = 0; i < w->side.n_samples && ref->n < COMPARE_REF_ROWS; i++)
		if (!has_row(ref, &w->side.samples[i]))
			add_row(ref, w, &w->side.samples[i]);
	const struct shelf_code *c = compare_tree(&w->side.manifest, "sglang");
	snprintf(ref->label, sizeof ref->label, "%.36s%s%.24s", w->side.label, c && c->branch[0] ? " " : "",
	        c ? c->branch : "");
	text_set(ref->path, sizeof ref->path, path);
	text_copy(ref->track, sizeof ref->track, w->side.manifest.track);
	ref->have = true;
	return 0;
}

int compare_ref_load(struct compare_ref *out, const char *path, const struct shelf *history, struct err *e)
{
	struct work *w = calloc(1, sizeof *w);
	memset(out, 0, sizeof *out);
	if (!w)
		return err_set(e, ERR_NOMEM, "out of memory for the reference run");
	int rc = fill(out, w, path, history, e);
	noise_close(&w->noise);
	compare_history_free(&w->history);
	compare_side_free(&w->side);
	free(w);
	if (rc < 0)
		memset(out, 0, sizeof *out);
	return rc;
}

bool compare_ref_change(const struct compare_ref *ref, int isl, int osl, int conc, double tput, double *change,
        double *noise, enum compare_verdict *verdict)
{
	*change = *noise = NAN;
	*verdict = COMPARE_NONE;
	for (int i = 0; ref->have && i < ref->n; i++) {
		if (ref->row[i].isl != isl || ref->row[i].osl != osl || ref->row[i].conc != conc)
			continue;
		if (!isfinite(tput) || !(tput > 0))
			return false;
		*change = tput / ref->row[i].tput - 1;
		*noise = ref->row[i].noise;
		if (fabs(log1p(*change)) <= log1p(*noise))
			*verdict = COMPARE_SAME;
		else if (isfinite(*noise))
			*verdict = *change > 0 ? COMPARE_FASTER : COMPARE_SLOWER;
		return true;
	}
	return false;
}
