/* The lines of a comparison: what each side measured, what counts as noise there, and what may be said of it. */
#include "compare.h"
#include "compare_int.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *compare_metric_name(enum compare_metric m)
{
	static const char *const names[COMPARE_METRICS] = {
	        "tok/s/GPU", "E2E ms", "tok/s/user", "TTFT ms", "TPOT ms", "ITL ms"};
	return (unsigned)m < COMPARE_METRICS ? names[m] : "?";
}

bool compare_higher_is_better(enum compare_metric m)
{
	return m == COMPARE_TPUT || m == COMPARE_INTVTY;
}

double compare_floor(const struct compare_options *o)
{
	return o && o->floor > 0 && o->floor < 1 ? o->floor : COMPARE_FLOOR;
}

/* A row that at least one side has. */
struct key {
	int isl, osl, conc;
};

static int by_key(const void *pa, const void *pb)
{
	const struct key *a = pa, *b = pb;
	if (a->isl != b->isl)
		return a->isl < b->isl ? -1 : 1;
	if (a->osl != b->osl)
		return a->osl < b->osl ? -1 : 1;
	return (a->conc > b->conc) - (a->conc < b->conc);
}

static int keys_of(const struct compare_side *a, const struct compare_side *b, struct key **out, struct err *e)
{
	size_t n = 0, kept = 0, most = (size_t)a->n_samples + (size_t)b->n_samples;
	struct key *k = malloc((most + 1) * sizeof *k);
	if (!k)
		return err_set(e, ERR_NOMEM, "out of memory for %zu rows", most);
	for (int side = 0; side < 2; side++) {
		const struct compare_side *s = side ? b : a;
		for (int i = 0; i < s->n_samples; i++)
			k[n++] = (struct key){s->samples[i].isl, s->samples[i].osl, s->samples[i].conc};
	}
	qsort(k, n, sizeof *k, by_key);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || by_key(&k[kept - 1], &k[i]) != 0)
			k[kept++] = k[i];
	*out = k;
	return (int)kept;
}

void compare_gather(struct noise_gather *g, const struct compare_side *s, int isl, int osl, int conc,
        enum compare_metric m, bool by_run)
{
	noise_gather_init(g);
	for (int i = 0; s && i < s->n_samples; i++) {
		const struct compare_sample *x = &s->samples[i];
		if (x->isl == isl && x->osl == osl && x->conc == conc)
			noise_gather_add(g, by_run ? i : x->start, x->value[m], x->within[m]);
	}
	noise_gather_end(g);
}

struct judge {
	const struct compare_side *a, *b;
	const struct compare_history *history;
	struct noise noise;
	struct noise_gather side[2], by_run[2], earlier[2];
};

/* Whether the starts of a side's values are known to be different ones. */
static bool starts_known(const struct compare_side *s, const struct noise_gather *g)
{
	return !s->start_unknown || g->n_values < 2;
}

static void judge_by(struct compare_line *l, enum compare_basis basis, double half)
{
	double d = log1p(l->change);
	l->basis = basis;
	l->noise = expm1(half);
	if (basis != BASIS_FLOOR) {
		l->low = expm1(d - half);
		l->high = expm1(d + half);
	}
	if (!isfinite(half) || fabs(d) <= half)
		l->verdict = isfinite(half) ? COMPARE_SAME : COMPARE_NONE;
	else if (basis == BASIS_RUNS)
		l->verdict = COMPARE_NONE;
	else
		l->verdict = (d > 0) == compare_higher_is_better(l->metric) ? COMPARE_FASTER : COMPARE_SLOWER;
}

/* The stated floor, but never less than what was seen to differ, and what the requests alone explain on top of it. */
static double floor_half(struct judge *j)
{
	const struct noise_group *starts[] = {&j->side[0].group, &j->side[1].group};
	const struct noise_group *runs[] = {&j->by_run[0].group, &j->by_run[1].group};
	double half = log1p(j->noise.floor), seen[] = {noise_spread(starts, 2, NULL), noise_spread(runs, 2, NULL)};
	for (int i = 0; i < 2; i++)
		if (seen[i] * sqrt(2) * COMPARE_NORMAL > half) /* false for NaN */
			half = seen[i] * sqrt(2) * COMPARE_NORMAL;
	double within = j->by_run[0].group.within_var + j->by_run[1].group.within_var;
	return sqrt(half * half + COMPARE_NORMAL * COMPARE_NORMAL * within);
}

static void judge_line(struct judge *j, struct compare_line *l)
{
	const struct noise_gather *a = &j->side[0], *b = &j->side[1];
	const struct noise_group *starts[] = {&a->group, &b->group, &j->earlier[0].group, &j->earlier[1].group};
	const struct noise_group *runs[] = {&j->by_run[0].group, &j->by_run[1].group};
	bool known = starts_known(j->a, a) && starts_known(j->b, b);
	int df = 0;
	if (known && a->group.n > 1 && b->group.n > 1) {
		judge_by(l, BASIS_STARTS, noise_half(&j->noise, starts, 2, NULL));
		return;
	}
	/* One side, or earlier starts of the same manifests, show how much starts differ. */
	if (known) {
		noise_spread(starts, 2, &df);
		if (df >= 2) {
			judge_by(l, BASIS_HISTORY, noise_half(&j->noise, starts, 2, NULL));
			return;
		}
		noise_spread(starts, 4, &df);
		if (df >= COMPARE_MIN_DF) {
			judge_by(l, BASIS_HISTORY, noise_half(&j->noise, starts, 4, NULL));
			return;
		}
	}
	if (a->n_values > 1 && b->n_values > 1)
		judge_by(l, BASIS_RUNS, noise_half(&j->noise, runs, 2, NULL));
	else
		judge_by(l, BASIS_FLOOR, floor_half(j));
}

static void fill_line(struct judge *j, const struct key *k, enum compare_metric m, struct compare_line *l)
{
	*l = (struct compare_line){.isl = k->isl, .osl = k->osl, .conc = k->conc, .metric = m};
	l->low = l->high = l->noise = l->change = NAN;
	for (int s = 0; s < 2; s++) {
		const struct compare_side *side = s ? j->b : j->a;
		compare_gather(&j->side[s], side, k->isl, k->osl, k->conc, m, false);
		compare_gather(&j->by_run[s], side, k->isl, k->osl, k->conc, m, true);
		compare_gather(
		        &j->earlier[s], j->history ? &j->history->side[s] : NULL, k->isl, k->osl, k->conc, m, false);
	}
	l->old_value = noise_gather_mean(&j->side[0]);
	l->new_value = noise_gather_mean(&j->side[1]);
	l->runs_a = j->side[0].n_values;
	l->runs_b = j->side[1].n_values;
	l->starts_a = j->side[0].group.n;
	l->starts_b = j->side[1].group.n;
	l->spread_a = noise_gather_spread(&j->side[0]);
	l->spread_b = noise_gather_spread(&j->side[1]);
	l->basis = BASIS_FLOOR;
	if (l->runs_a > 0 && l->runs_b > 0) {
		l->change = (l->new_value - l->old_value) / l->old_value;
		judge_line(j, l);
	}
}

static int judge_lines(struct judge *j, struct compare_result *r, struct err *e)
{
	struct key *keys = NULL;
	int n = keys_of(j->a, j->b, &keys, e);
	if (n < 0 || !keys)
		return n;
	r->lines = calloc((size_t)n * COMPARE_METRICS + 1, sizeof *r->lines);
	for (int i = 0; r->lines && i < n; i++)
		for (int m = 0; m < COMPARE_METRICS; m++)
			fill_line(j, &keys[i], (enum compare_metric)m, &r->lines[r->n_lines++]);
	free(keys);
	return r->lines ? 0 : err_set(e, ERR_NOMEM, "out of memory for %d rows", n);
}

static int nothing(const struct compare_side *s, char side, struct err *e)
{
	if (s->n_runs == 0)
		return err_set(e, ERR_USAGE, "side %c has no run to compare", side);
	return err_set(e, ERR_USAGE, "side %c has no measured row to compare: %s", side,
	        s->paths ? s->paths[s->n_runs - 1] : s->label);
}

int compare_judge(struct compare_result **out, const struct compare_side *a, const struct compare_side *b,
        const struct compare_history *history, const struct compare_options *o, struct err *e)
{
	*out = NULL;
	if (a->n_samples == 0 || b->n_samples == 0)
		return nothing(a->n_samples == 0 ? a : b, a->n_samples == 0 ? 'A' : 'B', e);
	struct compare_result *r = calloc(1, sizeof *r);
	struct judge *j = calloc(1, sizeof *j);
	if (!r || !j) {
		free(r);
		free(j);
		return err_set(e, ERR_NOMEM, "out of memory for a comparison");
	}
	int rc = noise_open(&j->noise, o, e);
	if (rc == 0) {
		j->a = a;
		j->b = b;
		j->history = history;
		rc = judge_lines(j, r, e);
	}
	if (rc == 0) {
		compare_said(r, a, b);
		compare_said_basis(r, a, b, o);
		compare_changed(r, &a->manifest, &b->manifest);
		compare_sentence(r, o);
		compare_method(r, o);
		*out = r;
		r = NULL;
	}
	noise_close(&j->noise);
	free(j);
	compare_free(r);
	return rc;
}

int compare_sides(struct compare_result **out, const struct compare_side *a, const struct compare_side *b,
        const struct compare_options *o, struct err *e)
{
	struct compare_history *h = NULL;
	int rc = 0;
	*out = NULL;
	if (o && o->history && a->n_samples > 0 && b->n_samples > 0) {
		if (!(h = calloc(1, sizeof *h)))
			return err_set(e, ERR_NOMEM, "out of memory for earlier runs");
		rc = compare_history_load(h, o->history, a, b, e);
	}
	if (rc == 0)
		rc = compare_judge(out, a, b, h, o, e);
	if (h)
		compare_history_free(h);
	free(h);
	return rc;
}

void compare_free(struct compare_result *r)
{
	if (!r)
		return;
	free(r->lines);
	free(r);
}
