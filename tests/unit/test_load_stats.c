/* Figures: the same numbers as numpy from the same values (the expected ones were printed by numpy 1.24). */
#include "../../engine/load/samples.h"
#include "../../engine/load/stats.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <math.h>

static uint64_t seed;

static uint64_t draw(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return seed >> 33;
}

static void close_to(double got, double want)
{
	double d = fabs(got - want);
	if (d > fabs(want) * 1e-12)
		fail_msg("%.17g is not %.17g", got, want);
}

static double *values(size_t n)
{
	double *x = malloc(n * sizeof *x);
	assert_non_null(x);
	seed = 12345;
	for (size_t i = 0; i < n; i++)
		x[i] = (double)draw() / 2147483648.0 * 0.05 + 0.005;
	return x;
}

struct want {
	size_t n;
	double mean, median, std, p99, p999, p0, p100, p37;
};

static void check(const double *x, const struct want *w)
{
	struct stats s;
	double *copy = malloc((w->n + 1) * sizeof *copy);
	assert_non_null(copy);
	memcpy(copy, x, w->n * sizeof *copy);
	stats_exact(copy, w->n, &s);
	assert_int_equal(s.n, w->n);
	close_to(s.mean, w->mean);
	close_to(s.median, w->median);
	close_to(s.std, w->std);
	close_to(s.p99, w->p99);
	close_to(stats_percentile(copy, w->n, 99.9), w->p999);
	close_to(stats_percentile(copy, w->n, 0), w->p0);
	close_to(stats_percentile(copy, w->n, 100), w->p100);
	close_to(stats_percentile(copy, w->n, 37.5), w->p37);
	free(copy);
}

static void few_values(void **state)
{
	(void)state;
	static const double one[] = {0.25}, two[] = {0.1, 0.4}, three[] = {0.3, 0.1, 0.2},
	                    four[] = {0.4, 0.1, 0.3, 0.25};
	check(one, &(struct want){1, 0.25, 0.25, 0.0, 0.25, 0.25, 0.25, 0.25, 0.25});
	check(two, &(struct want){2, 0.25, 0.25, 0.15000000000000002, 0.397, 0.39970000000000006, 0.1, 0.4,
	                   0.21250000000000002});
	check(three, &(struct want){3, 0.20000000000000004, 0.2, 0.0816496580927726, 0.298, 0.2998, 0.1, 0.3,
	                     0.17500000000000002});
	check(four,
	        &(struct want){4, 0.2625, 0.275, 0.10825317547305484, 0.397, 0.39970000000000006, 0.1, 0.4, 0.25625});
}

static void no_value_is_zero(void **state)
{
	(void)state;
	struct stats s = {.n = 9, .mean = 9};
	double nothing[1] = {0};
	stats_exact(nothing, 0, &s);
	assert_true(s.n == 0 && s.mean == 0 && s.median == 0 && s.std == 0 && s.p99 == 0);
	assert_true(stats_percentile(nothing, 0, 99) == 0);
}

static void many_values(void **state)
{
	(void)state;
	static const struct want list[] = {
	        {257, 0.029704431270426757, 0.029925314518623056, 0.014810436742530053, 0.054451987060718236,
	                0.0548592185964808, 0.005099763716571033, 0.05498290443327278, 0.023128468771465124},
	        {1000, 0.030542969216872006, 0.030334929325617852, 0.01456911315884134, 0.05450102205644362,
	                0.054954022204596546, 0.005046138535253704, 0.05498290443327278, 0.024099091331008824},
	        {100003, 0.0299916769610507, 0.029990235385484995, 0.01440701142916514, 0.05451619687024504,
	                0.054956561594689264, 0.005000086287036539, 0.054998865695670245, 0.02375011248048395},
	};
	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		double *x = values(list[i].n);
		check(x, &list[i]);
		free(x);
	}
}

static void equal_values(void **state)
{
	(void)state;
	double x[101];
	struct stats s;
	for (size_t i = 0; i < 101; i++)
		x[i] = 0.007;
	stats_exact(x, 101, &s);
	assert_true(s.mean == 0.007000000000000002); /* numpy's own rounding */
	assert_true(s.median == 0.007 && s.p99 == 0.007);
	assert_true(s.std < 2e-18);
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Every rank of arrays of many shapes, against a sort. */
static void selection_equals_sort(void **state)
{
	(void)state;
	seed = 99;
	for (int shape = 0; shape < 6; shape++) {
		size_t n = 1 + (size_t)draw() % 300;
		double x[300], sorted[300];
		for (size_t i = 0; i < n; i++) {
			const double kinds[] = {(double)draw(), (double)(draw() % 3), (double)i, (double)(n - i), 1.0,
			        (double)(i % 7) - (double)(i % 3)};
			x[i] = sorted[i] = kinds[shape];
		}
		qsort(sorted, n, sizeof *sorted, order);
		for (size_t k = 0; k < n; k++) {
			double p = n > 1 ? (double)k / (double)(n - 1) * 100 : 50;
			double h = p / 100 * (double)(n - 1);
			size_t at = (size_t)h;
			double next = sorted[at + 1 < n ? at + 1 : at];
			assert_true(stats_percentile(x, n, p) == stats_between(sorted[at], next, h - (double)at));
		}
	}
}

static void hist_is_near(void **state)
{
	(void)state;
	static struct hist h;
	hist_clear(&h);
	assert_true(isnan(hist_percentile_ms(&h, 50)));
	for (double v = 1; v < 2.2e13; v *= 1.0131) {
		hist_clear(&h);
		hist_add(&h, (int64_t)v);
		double got = hist_percentile_ms(&h, 99) * 1e6;
		assert_true(fabs(got - (double)(int64_t)v) <= (double)(int64_t)v / 128);
	}
	hist_clear(&h);
	hist_add(&h, -5);
	hist_add(&h, INT64_MAX);
	assert_true(hist_percentile_ms(&h, 0) == 0);
	assert_true(hist_percentile_ms(&h, 100) > 1e8);
}

static void hist_percentiles_follow(void **state)
{
	(void)state;
	static struct hist h;
	static const double ps[] = {0, 1, 50, 90, 99, 100};
	size_t n = 1000;
	double *x = values(n);
	hist_clear(&h);
	for (size_t i = 0; i < n; i++)
		hist_add(&h, (int64_t)(x[i] * 1e9));
	for (size_t i = 0; i < sizeof ps / sizeof ps[0]; i++) {
		double want = stats_percentile(x, n, ps[i]) * 1000, got = hist_percentile_ms(&h, ps[i]);
		assert_true(fabs(got - want) <= want / 100);
	}
	free(x);
}

/* The gaps of a test, spread over requests; those of odd requests are discarded and are noise. */
static struct samples *gaps_put(const int64_t *gaps, size_t n, uint32_t a_request)
{
	struct samples *s;
	uint32_t request = 0;
	assert_int_equal(samples_open(&s, n * 2 + 1000, NULL), 0);
	for (size_t i = 0; i < n;) {
		assert_int_equal(samples_begin(s, request, a_request), 0);
		for (uint32_t k = 0; k < a_request && i < n; k++)
			samples_add(s, request, gaps[i++]);
		assert_int_equal(samples_begin(s, request + 1, 2), 0);
		samples_add(s, request + 1, 123);
		samples_add(s, request + 1, INT64_C(5000000001));
		assert_int_equal(samples_count(s, request + 1), 2);
		samples_discard(s, request + 1);
		request += 2;
	}
	return s;
}

static void gaps_check(size_t n, uint64_t range, const int64_t *more, size_t n_more, const struct stats *want)
{
	int64_t *gaps = malloc((n + n_more) * sizeof *gaps);
	struct stats got;
	assert_non_null(gaps);
	seed = 777;
	for (size_t i = 0; i < n; i++)
		gaps[i] = (int64_t)(draw() % range) + 1;
	for (size_t i = 0; i < n_more; i++)
		gaps[n + i] = more[i];
	struct samples *s = gaps_put(gaps, n + n_more, 777);
	assert_int_equal(samples_stats(s, &got, NULL), 0);
	assert_int_equal(got.n, n + n_more);
	assert_int_equal(samples_dropped(s), 0);
	close_to(got.mean, want->mean);
	close_to(got.median, want->median);
	close_to(got.std, want->std);
	close_to(got.p99, want->p99);
	samples_close(s);
	free(gaps);
}

static void samples_equal_numpy(void **state)
{
	(void)state;
	static const int64_t far[] = {5000000000, 4294967295, 4294967296, INT64_C(21600000000000), 6123456789};
	gaps_check(1000, 10000000, NULL, 0,
	        &(struct stats){.mean = 0.005087368411,
	                .median = 0.0051903265,
	                .std = 0.002930698698054424,
	                .p99 = 0.00985184922});
	gaps_check(200001, 9000000, far, 5,
	        &(struct stats){.mean = 0.11258983514822053,
	                .median = 0.0044884815000000005,
	                .std = 48.29821803673154,
	                .p99 = 0.008910724500000002});
	gaps_check(10, 50, NULL, 0,
	        &(struct stats){.mean = 2.3e-08,
	                .median = 2.1000000000000003e-08,
	                .std = 1.238547536431283e-08,
	                .p99 = 4.273e-08});
	gaps_check(4, 2, NULL, 0,
	        &(struct stats){.mean = 1.25e-09, .median = 1e-09, .std = 4.3301270189221936e-10, .p99 = 1.97e-09});
}

static void long_gaps_alone(void **state)
{
	(void)state;
	static const int64_t far[] = {7000000000, 5000000000, 6000000000};
	struct samples *s = gaps_put(far, 3, 3);
	struct stats got;
	assert_int_equal(samples_stats(s, &got, NULL), 0);
	assert_int_equal(got.n, 3);
	assert_true(got.median == 6.0 && got.mean == 6.0);
	close_to(got.p99, 6.98);
	samples_close(s);
}

static void more_events_than_asked(void **state)
{
	(void)state;
	struct samples *s;
	struct stats got;
	assert_int_equal(samples_open(&s, 1000, NULL), 0);
	assert_int_equal(samples_begin(s, 0, 100), 0);
	assert_int_equal(samples_begin(s, 1, 100), 0);
	assert_int_equal(samples_begin(s, 1, 100), ERR_USAGE);
	for (int i = 0; i < 1000; i++)
		samples_add(s, 0, i);
	for (int i = 0; i < 100; i++)
		samples_add(s, 1, 1000 + i);
	assert_int_equal(samples_count(s, 0), 464);
	assert_int_equal(samples_count(s, 1), 100);
	assert_int_equal(samples_dropped(s), 536);
	assert_int_equal(samples_stats(s, &got, NULL), 0);
	assert_int_equal(got.n, 564);
	close_to(got.median * 1e9, 281.5);
	samples_add(s, 2, 1); /* never begun */
	assert_int_equal(samples_dropped(s), 537);
	samples_close(s);
}

static void nothing_kept(void **state)
{
	(void)state;
	struct samples *s;
	struct stats got;
	struct err e;
	assert_int_equal(samples_open(&s, 0, NULL), 0);
	assert_int_equal(samples_stats(s, &got, NULL), 0);
	assert_true(got.n == 0 && got.mean == 0 && got.p99 == 0);
	samples_close(s);
	assert_int_equal(samples_open(&s, SAMPLES_MAX + 1, &e), ERR_LIMIT);
	assert_null(s);
	assert_non_null(strstr(e.text, "NUM_PROMPTS"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(few_values),
	        cmocka_unit_test(no_value_is_zero),
	        cmocka_unit_test(many_values),
	        cmocka_unit_test(equal_values),
	        cmocka_unit_test(selection_equals_sort),
	        cmocka_unit_test(hist_is_near),
	        cmocka_unit_test(hist_percentiles_follow),
	        cmocka_unit_test(samples_equal_numpy),
	        cmocka_unit_test(long_gaps_alone),
	        cmocka_unit_test(more_events_than_asked),
	        cmocka_unit_test(nothing_kept),
	};
	return cmocka_run_group_tests_name("load_stats", tests, NULL, NULL);
}
