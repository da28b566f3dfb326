/* How often the comparison is wrong, and how often it finds what is there: simulated runs whose truth is known.
 *
 * Requests of a run spread by 5 %, correlated in time; runs of one server start by 0.7 %, server starts by 1 %.
 * COMPARE_SEEDS=5000 in the environment takes more seeds than the 200 of the test. */
#include "../../engine/base/clock.h"
#include "../../engine/shelf/compare_int.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

#define REQUESTS 1600
#define CONCS    5

static uint64_t state;

static double uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static void seed(int n)
{
	state = (uint64_t)(n + 1) * UINT64_C(0x9e3779b97f4a7c15);
	for (int i = 0; i < 20; i++)
		uniform();
}

struct shape {
	int starts_a, runs_a, starts_b, runs_b;
	double start_sd, run_sd; /* relative */
	bool requests;           /* with requests of their own; else their share is one normal number */
};

/* One run's figures around `level`, and how sure its own requests make them. */
static void measure(struct compare_sample *x, double level, bool with_requests)
{
	static struct shelf_request rows[REQUESTS];
	double e = 0, sum = 0;
	for (int m = 0; m < COMPARE_METRICS; m++)
		x->value[m] = x->within[m] = NAN;
	if (!with_requests) {
		x->value[COMPARE_TPUT] = level * (1 + 0.0022 * normal());
		return;
	}
	for (int i = 0; i < REQUESTS; i++) {
		e = i == 0 ? normal() : 0.5 * e + sqrt(1 - 0.25) * normal();
		rows[i] = (struct shelf_request){.start_s = (i / 32) * 8.0,
		        .ttft_s = 0.2,
		        .e2el_s = 8 / level * (1 + 0.05 * e),
		        .tokens_in = 1024,
		        .tokens_out = 1024};
		sum += rows[i].e2el_s;
	}
	x->value[COMPARE_TPUT] = 32 * 2048.0 * REQUESTS / sum / 8;
	compare_within(rows, REQUESTS, 2, x->within); /* blocks of the correlation's length */
	x->within[COMPARE_TPUT] *= x->value[COMPARE_TPUT];
}

static void make_side(struct compare_side *s, int starts, int runs, const struct shape *shape, int concs)
{
	memset(s, 0, sizeof *s);
	s->samples = calloc((size_t)(starts * runs * concs), sizeof *s->samples);
	s->n_starts = starts;
	s->n_runs = starts * runs;
	for (int c = 0; c < concs; c++)
		for (int i = 0; i < starts; i++) {
			double start = 1 + shape->start_sd * normal();
			for (int k = 0; k < runs; k++) {
				struct compare_sample *x = &s->samples[s->n_samples++];
				*x = (struct compare_sample){
				        .isl = 1024, .osl = 1024, .conc = 4 + c, .start = i, .run = i * runs + k};
				measure(x, start * (1 + shape->run_sd * normal()), shape->requests);
			}
		}
}

static void shift_side(struct compare_side *s, double factor)
{
	for (int i = 0; i < s->n_samples; i++)
		for (int m = 0; m < COMPARE_METRICS; m++) {
			s->samples[i].value[m] *= factor;
			s->samples[i].within[m] *= factor;
		}
}

static int n_seeds(void)
{
	const char *more = getenv("COMPARE_SEEDS");
	int n = more ? atoi(more) : 0;
	return n > 0 && n <= 1000000 ? n : 200;
}

struct tally {
	int lines, faster, slower, none;
	bool commit; /* a sentence speaks of faster or slower */
};

static void judge(struct tally *t, const struct compare_side *a, const struct compare_side *b)
{
	struct compare_result *r = NULL;
	struct err e = {0};
	assert_int_equal(compare_sides(&r, a, b, NULL, &e), 0);
	for (int i = 0; i < r->n_lines; i++) {
		const struct compare_line *l = &r->lines[i];
		if (l->metric != COMPARE_TPUT)
			continue;
		t->lines++;
		t->faster += l->verdict == COMPARE_FASTER;
		t->slower += l->verdict == COMPARE_SLOWER;
		t->none += l->verdict == COMPARE_NONE;
	}
	t->commit = t->commit || strstr(r->verdict, "faster") || strstr(r->verdict, "slower");
	compare_free(r);
}

static const double shifts[] = {0, 0.01, 0.03, 0.10};
#define SHIFTS 4

static void simulate(const struct shape *shape, int seeds, int concs, struct tally out[SHIFTS])
{
	memset(out, 0, SHIFTS * sizeof *out);
	for (int i = 0; i < seeds; i++) {
		struct compare_side a, b;
		seed(i);
		make_side(&a, shape->starts_a, shape->runs_a, shape, concs);
		make_side(&b, shape->starts_b, shape->runs_b, shape, concs);
		for (int k = 0; k < SHIFTS; k++) {
			shift_side(&b, 1 + shifts[k]);
			judge(&out[k], &a, &b);
			shift_side(&b, 1 / (1 + shifts[k]));
		}
		compare_side_free(&a);
		compare_side_free(&b);
	}
}

static double share(int n, int of)
{
	return of > 0 ? 100.0 * n / of : 0;
}

static void print_tally(const char *name, const struct tally t[SHIFTS])
{
	printf("  %-28s wrong at 0 %%: %5.2f %%   found at 1 %%: %5.1f %%  3 %%: %5.1f %%  10 %%: %5.1f %%  (%d lines)\n",
	        name, share(t[0].faster + t[0].slower, t[0].lines), share(t[1].faster, t[1].lines),
	        share(t[2].faster, t[2].lines), share(t[3].faster, t[3].lines), t[0].lines);
}

/* The whole way, requests and all: 5 starts with 2 runs each on both sides. */
static void five_starts_of_two_runs(void **ctx)
{
	static const struct shape shape = {5, 2, 5, 2, 0.01, 0.007, true};
	struct tally t[SHIFTS];
	(void)ctx;
	simulate(&shape, n_seeds(), CONCS, t);
	print_tally("5 starts x 2 runs a side", t);
	assert_true(share(t[0].faster + t[0].slower, t[0].lines) <= 5);
	assert_true(share(t[2].faster, t[2].lines) >= 95);
	assert_int_equal(t[2].slower, 0);
	assert_true(share(t[3].faster, t[3].lines) >= 99.9);
}

/* The same runs, all on one start a side: not a word about the change, however far apart they are. */
static void all_on_one_start(void **ctx)
{
	static const struct shape shape = {1, 10, 1, 10, 0.01, 0.007, true};
	struct tally t[SHIFTS];
	(void)ctx;
	simulate(&shape, 50, 4, t);
	print_tally("1 start x 10 runs a side", t);
	for (int k = 0; k < SHIFTS; k++) {
		assert_int_equal(t[k].faster, 0);
		assert_int_equal(t[k].slower, 0);
		assert_false(t[k].commit);
	}
	assert_true(t[3].none > 0); /* that these starts differ is said */
}

/* One thread reckons: under the thread sanitizer, which makes it ten times slower, the first shapes will do. */
#ifdef __SANITIZE_THREAD__
#define SHAPES_MOST 2
#else
#define SHAPES_MOST 100
#endif

static void other_shapes(void **ctx)
{
	static const struct {
		const char *name;
		struct shape shape;
		double most;
	} cases[] = {
	        {"5 starts x 2 runs", {5, 2, 5, 2, 0.01, 0.007, false}, 5},
	        {"2 starts x 1 run", {2, 1, 2, 1, 0.01, 0.007, false}, 5},
	        {"3 starts x 2 runs", {3, 2, 3, 2, 0.01, 0.007, false}, 5},
	        {"5 starts x 1 run", {5, 1, 5, 1, 0.01, 0.007, false}, 5.5},
	        {"2 x 2 against 5 x 1", {2, 2, 5, 1, 0.01, 0.007, false}, 5.5},
	        {"5 x 3 against 3 x 1", {5, 3, 3, 1, 0.01, 0.007, false}, 5.5},
	        {"1 x 2 against 5 x 2", {1, 2, 5, 2, 0.01, 0.007, false}, 5.5},
	        {"8 starts x 2 runs", {8, 2, 8, 2, 0.01, 0.007, false}, 5.5},
	        {"5 x 2, hardly any noise", {5, 2, 5, 2, 0.002, 0.001, false}, 0.5},
	        {"5 x 2, no spread of starts", {5, 2, 5, 2, 0, 0.007, false}, 5},
	        {"5 x 2, noise of 4 %", {5, 2, 5, 2, 0.04, 0.01, false}, 7.5},
	};
	(void)ctx;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0] && i < SHAPES_MOST; i++) {
		struct tally t[SHIFTS];
		/* many lines in one comparison: each is judged by itself */
		simulate(&cases[i].shape, n_seeds() / 10, 10 * CONCS, t);
		print_tally(cases[i].name, t);
		/* 1,000 lines leave room of one and a half percent for luck */
		assert_true(
		        share(t[0].faster + t[0].slower, t[0].lines) <= cases[i].most + (n_seeds() < 1000 ? 1.5 : 0));
	}
}

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The standard error of the requests is that of the figure: simulated runs spread as it says. */
static void errors_of_requests(void **ctx)
{
	double sum[2] = {0}, sq[2] = {0}, said[2] = {0};
	const int n = 300;
	(void)ctx;
	seed(7);
	for (int r = 0; r < n; r++) {
		static struct shelf_request rows[REQUESTS];
		double e = 0, total = 0, within[COMPARE_METRICS], e2e[REQUESTS];
		for (int i = 0; i < REQUESTS; i++) {
			e = i == 0 ? normal() : 0.9 * e + sqrt(1 - 0.81) * normal();
			e2e[i] = 8 * (1 + 0.05 * e);
			rows[i] = (struct shelf_request){
			        (i / 32) * 8.0 + (i % 32) * 0.001, 0.2, e2e[i], 1024, 1024, false};
			total += e2e[i];
		}
		compare_within(rows, REQUESTS, 32, within);
		assert_true(isnan(within[COMPARE_ITL]));
		double v[2] = {1 / total, 0}, w[2] = {within[COMPARE_TPUT], within[COMPARE_E2E]};
		qsort(e2e, REQUESTS, sizeof e2e[0], by_number);
		v[1] = e2e[REQUESTS / 2];
		for (int k = 0; k < 2; k++) {
			sum[k] += v[k];
			sq[k] += v[k] * v[k];
			said[k] += w[k] / n;
		}
	}
	for (int k = 0; k < 2; k++) {
		double mean = sum[k] / n, sd = sqrt(sq[k] / n - mean * mean) / mean;
		printf("  requests: %s spreads by %.3f %%, its runs say %.3f %%\n", k ? "median E2E" : "throughput",
		        100 * sd, 100 * said[k]);
		assert_true(said[k] > 0.6 * sd && said[k] < 1.4 * sd);
	}
}

/* 15 CONCs with 10 runs a side: how long it takes (printed only). */
static void is_quick(void **ctx)
{
	static const struct shape even = {5, 2, 5, 2, 0.01, 0.007, false}, odd = {5, 2, 4, 1, 0.01, 0.007, false};
	(void)ctx;
	for (int k = 0; k < 2; k++) {
		struct compare_side a, b;
		struct compare_result *r = NULL;
		struct err e = {0};
		const struct shape *shape = k ? &odd : &even;
		seed(k);
		make_side(&a, shape->starts_a, shape->runs_a, shape, 15);
		make_side(&b, shape->starts_b, shape->runs_b, shape, 15);
		for (int s = 0; s < 2; s++)
			for (int i = 0; i < (s ? b : a).n_samples; i++)
				for (int m = 1; m < COMPARE_METRICS; m++)
					(s ? b : a).samples[i].value[m] = (s ? b : a).samples[i].value[COMPARE_TPUT];
		int64_t t0 = clock_mono_ns();
		assert_int_equal(compare_sides(&r, &a, &b, NULL, &e), 0);
		printf("  15 CONCs x 6 metrics, %s: %.1f ms\n", k ? "unequal sides" : "equal sides",
		        (double)(clock_mono_ns() - t0) / 1e6);
		assert_int_equal(r->n_lines, 90);
		compare_free(r);
		compare_side_free(&a);
		compare_side_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(five_starts_of_two_runs),
	        cmocka_unit_test(all_on_one_start),
	        cmocka_unit_test(other_shapes),
	        cmocka_unit_test(errors_of_requests),
	        cmocka_unit_test(is_quick),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
