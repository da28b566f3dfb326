/* How far two means can differ when nothing differs: from the spread of the server starts. */
#include "../load/stats.h"
#include "compare_int.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 200000

void noise_gather_init(struct noise_gather *g)
{
	memset(g, 0, sizeof *g);
}

void noise_gather_add(struct noise_gather *g, int id, double value, double within)
{
	int i = 0;
	if (!isfinite(value) || value <= 0)
		return;
	while (i < g->group.n && g->id[i] != id)
		i++;
	if (i == COMPARE_RUNS)
		return;
	if (i == g->group.n) {
		g->group.n++;
		g->id[i] = id;
	}
	double l = log(value), w = isfinite(within) && within > 0 ? within / value : 0;
	g->group.start[i].runs++;
	g->sum[i] += value;
	g->sum_log[i] += l;
	g->sq_log[i] += l * l;
	g->within_sq[i] += w * w;
	g->total += value;
	g->total_sq += value * value;
	g->n_values++;
}

void noise_gather_end(struct noise_gather *g)
{
	for (int i = 0; i < g->group.n; i++) {
		struct noise_start *s = &g->group.start[i];
		double n = s->runs, ss = g->sq_log[i] - g->sum_log[i] * g->sum_log[i] / n;
		s->mean = g->sum_log[i] / n;
		g->group.run_ss += ss > 0 ? ss : 0;
		g->group.run_df += s->runs - 1;
		g->group.within_var += g->within_sq[i] / (n * n) / ((double)g->group.n * g->group.n);
	}
}

double noise_gather_mean(const struct noise_gather *g)
{
	double sum = 0;
	for (int i = 0; i < g->group.n; i++)
		sum += g->sum[i] / g->group.start[i].runs;
	return g->group.n > 0 ? sum / g->group.n : NAN;
}

double noise_gather_spread(const struct noise_gather *g)
{
	double n = g->n_values, mean = g->total / n;
	if (g->n_values < 2)
		return NAN;
	double var = (g->total_sq - n * mean * mean) / (n - 1);
	return sqrt(var > 0 ? var : 0) / mean;
}

int noise_open(struct noise *n, const struct compare_options *o, struct err *e)
{
	memset(n, 0, sizeof *n);
	n->floor = compare_floor(o);
	n->seed = o && o->seed ? o->seed : 1;
	n->rounds = o && o->rounds > 0 ? o->rounds : COMPARE_ROUNDS;
	if (n->rounds < 200 || n->rounds > ROUNDS_MAX)
		return err_set(e, ERR_LIMIT, "the bootstrap takes 200 to %d rounds, not %d", ROUNDS_MAX, n->rounds);
	n->scratch = malloc((size_t)n->rounds * sizeof *n->scratch);
	return n->scratch ? 0 : err_set(e, ERR_NOMEM, "out of memory for %d rounds", n->rounds);
}

void noise_close(struct noise *n)
{
	free(n->draw);
	free(n->scratch);
	memset(n, 0, sizeof *n);
}

/* splitmix64: the same numbers everywhere. */
static double uniform(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return ((double)(z >> 11) + 0.5) / 9007199254740992.0;
}

/* Every line takes the same draws, column by column: what a line says does not depend on which lines stand beside it. */
static int make_draws(struct noise *n, int stride)
{
	float *more;
	if (stride <= n->stride)
		return 0;
	if (!(more = realloc(n->draw, (size_t)n->rounds * (size_t)stride * sizeof *more)))
		return -1;
	n->draw = more;
	for (int c = n->stride; c < stride; c++) {
		uint64_t state = ((uint64_t)n->seed << 32) ^ ((uint64_t)(c + 1) * UINT64_C(0xd1342543de82ef95));
		float *column = more + (size_t)c * (size_t)n->rounds;
		for (int i = 0; i < n->rounds; i += 2) {
			float r = sqrtf(-2 * logf((float)uniform(&state))), sine, cosine;
			sincosf((float)(2 * M_PI * uniform(&state)), &sine, &cosine);
			column[i] = r * cosine;
			if (i + 1 < n->rounds)
				column[i + 1] = r * sine;
		}
	}
	n->stride = stride;
	return 0;
}

/* The figures of the groups that the standard error is made of. */
struct sums {
	double ss;         /* of the starts about their group's mean */
	int df;            /* of it */
	double by_side[2]; /* the same of group 0 and 1 alone */
};

/* Variance of the difference of the means of two groups of na and nb starts: with one spread for all, but not below what
 * the two sides' own spreads give when both have one. Equal sides: the two are the same. */
static double difference_var(const struct sums *s, int na, int nb, double spread_floor)
{
	double var = s->ss / s->df;
	if (var < spread_floor * spread_floor)
		var = spread_floor * spread_floor;
	var *= 1.0 / na + 1.0 / nb;
	if (na > 1 && nb > 1) {
		double own = s->by_side[0] / (na - 1) / na + s->by_side[1] / (nb - 1) / nb;
		if (own > var)
			var = own;
	}
	return var;
}

static void sum_starts(const struct noise_group *const *g, int n_groups, struct sums *s)
{
	memset(s, 0, sizeof *s);
	for (int k = 0; k < n_groups; k++) {
		double mean = 0, ss = 0;
		for (int i = 0; i < g[k]->n; i++)
			mean += g[k]->start[i].mean / g[k]->n;
		for (int i = 0; i < g[k]->n; i++)
			ss += (g[k]->start[i].mean - mean) * (g[k]->start[i].mean - mean);
		s->ss += ss;
		s->df += g[k]->n > 1 ? g[k]->n - 1 : 0;
		if (k < 2)
			s->by_side[k] = ss;
	}
}

double noise_spread(const struct noise_group *const *groups, int n_groups, int *df)
{
	struct sums s;
	sum_starts(groups, n_groups, &s);
	if (df)
		*df = s.df;
	return s.df > 0 ? sqrt(s.ss / s.df) : NAN;
}

/* Pooled variance of the runs of one start; what the requests explain when no start was measured twice. */
static double run_var(const struct noise_group *const *g, int n_groups)
{
	double ss = 0, within = 0;
	int df = 0;
	for (int k = 0; k < n_groups; k++) {
		ss += g[k]->run_ss;
		df += g[k]->run_df;
		within += g[k]->within_var * g[k]->n / n_groups;
	}
	return df > 0 ? ss / df : within;
}

/* Standard deviation of each start's mean, by the variances of the two levels. True when all are the same. */
static bool start_sds(const struct noise_group *const *g, int n_groups, const struct sums *s, double var_run, float *sd)
{
	double inverse = 0, var_start;
	int starts = 0, at = 0;
	bool same = true;
	for (int k = 0; k < n_groups; k++)
		for (int i = 0; i < g[k]->n; i++, starts++) {
			inverse += 1.0 / g[k]->start[i].runs;
			same = same && g[k]->start[i].runs == g[0]->start[0].runs;
		}
	var_start = s->ss / s->df - var_run * inverse / starts;
	if (var_start < 0)
		var_start = 0;
	for (int k = 0; k < n_groups; k++)
		for (int i = 0; i < g[k]->n; i++, at++) {
			double var = var_start + var_run / g[k]->start[i].runs;
			sd[at] = same || !(var > 0) ? 1 : (float)sqrt(var);
		}
	return same;
}

/* One round: starts drawn without a difference between the groups; the studentised difference. */
static double draw_round(const struct noise *n, const int *sizes, int n_groups, const float *sd, int round)
{
	struct sums s = {0};
	double mean[COMPARE_GROUPS] = {0};
	int at = 0;
	for (int k = 0; k < n_groups; k++) {
		double sum = 0, sq = 0;
		for (int i = 0; i < sizes[k]; i++, at++) {
			double v = (double)sd[at] * (double)n->draw[(size_t)at * (size_t)n->rounds + (size_t)round];
			sum += v;
			sq += v * v;
		}
		mean[k] = sum / sizes[k];
		double ss = sizes[k] > 1 ? sq - sum * mean[k] : 0;
		s.ss += ss > 0 ? ss : 0;
		s.df += sizes[k] - 1;
		if (k < 2)
			s.by_side[k] = ss;
	}
	double var = difference_var(&s, sizes[0], sizes[1], 0);
	return var > 0 ? fabs(mean[1] - mean[0]) / sqrt(var) : 0;
}

static double critical_value(struct noise *n, const struct noise_group *const *g, int n_groups, const struct sums *s)
{
	float sd[COMPARE_GROUPS * COMPARE_RUNS];
	int sizes[COMPARE_GROUPS] = {0}, total = 0;
	for (int k = 0; k < n_groups; k++)
		total += sizes[k] = g[k]->n;
	if (make_draws(n, total) < 0)
		return NAN;
	bool same = start_sds(g, n_groups, s, run_var(g, n_groups), sd);
	if (same && memcmp(sizes, n->cached, sizeof sizes) == 0)
		return n->critical;
	for (int i = 0; i < n->rounds; i++)
		n->scratch[i] = draw_round(n, sizes, n_groups, sd, i);
	double level = s->df < COMPARE_MANY_DF ? COMPARE_LEVEL : COMPARE_LEVEL_MANY;
	double critical = stats_percentile(n->scratch, (size_t)n->rounds, 100 * (1 - level));
	if (same) {
		memcpy(n->cached, sizes, sizeof sizes);
		n->critical = critical;
	}
	return critical;
}

/* The runs of each start cannot agree better than they do among themselves, nor better than their requests allow. */
static double lower_bound(const struct noise_group *const *g, int n_groups)
{
	double runs = 0, within = g[0]->within_var + g[1]->within_var;
	int df = 0;
	for (int k = 0; k < n_groups; k++)
		df += g[k]->run_df;
	for (int k = 0; k < 2 && df > 0; k++)
		for (int i = 0; i < g[k]->n; i++)
			runs += 1.0 / g[k]->start[i].runs / ((double)g[k]->n * g[k]->n);
	runs *= run_var(g, n_groups);
	return runs > within ? runs : within;
}

double noise_half(struct noise *n, const struct noise_group *const *groups, int n_groups, int *df)
{
	struct sums s;
	sum_starts(groups, n_groups, &s);
	if (df)
		*df = s.df;
	if (s.df == 0 || n_groups < 2 || n_groups > COMPARE_GROUPS || groups[0]->n == 0 || groups[1]->n == 0)
		return NAN;
	double critical = critical_value(n, groups, n_groups, &s);
	double var = difference_var(&s, groups[0]->n, groups[1]->n, COMPARE_SPREAD * n->floor);
	double least = lower_bound(groups, n_groups);
	return critical * sqrt(var > least ? var : least);
}
