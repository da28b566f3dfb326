/* How sure a run's figures are by its own requests.
 *
 * Requests that are in flight together speed up and slow down together, so they are taken in blocks: neighbours in the
 * order of completion, at least two waves of the closed loop long. The variance of a mean is that of all overlapping
 * blocks' means. A median is turned into a mean (the share of requests below it) and back through the quantiles around it.
 * Throughput of a closed loop is tokens over time in flight (Little's law), a ratio of two means.
 */
#include "../load/stats.h"
#include "compare_int.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_MIN 16 /* fewer tell nothing of their own spread */
#define BLOCKS_MIN   4

static int by_completion(const void *pa, const void *pb)
{
	const struct shelf_request *a = pa, *b = pb;
	double ta = a->start_s + a->e2el_s, tb = b->start_s + b->e2el_s;
	return (ta > tb) - (ta < tb);
}

static size_t block_length(size_t n, int conc)
{
	size_t waves = conc > 0 ? 2 * (size_t)conc : 2, root = (size_t)cbrt((double)n) + 1;
	size_t len = waves > root ? waves : root;
	return len > n / BLOCKS_MIN ? n / BLOCKS_MIN : len;
}

/* Standard error of the mean of x by overlapping blocks of `len`. */
static double mean_error(const double *x, size_t n, size_t len)
{
	double mean = 0, sum = 0, sq = 0;
	for (size_t i = 0; i < n; i++)
		mean += x[i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		sum += x[i] - mean;
		if (i >= len)
			sum -= x[i - len] - mean;
		if (i + 1 >= len)
			sq += sum * sum / ((double)len * (double)len);
	}
	/* the blocks are part of the mean that they are held against: n / (n - len) */
	double var = sq / (double)(n - len + 1) * (double)len / (double)(n - len);
	return sqrt(var);
}

/* Relative standard error of the median of x. scratch: 2 n. */
static double median_error(const double *x, size_t n, size_t len, double *scratch)
{
	double *copy = scratch, *below = scratch + n;
	memcpy(copy, x, n * sizeof *x);
	double median = stats_percentile(copy, n, 50);
	for (size_t i = 0; i < n; i++)
		below[i] = x[i] < median ? 1 : x[i] > median ? 0 : 0.5;
	double share = mean_error(below, n, len);
	double low = stats_percentile(copy, n, share < 0.5 ? 100 * (0.5 - share) : 0);
	double high = stats_percentile(copy, n, share < 0.5 ? 100 * (0.5 + share) : 100);
	return median > 0 ? (high - low) / 2 / median : NAN;
}

static double throughput_error(const struct shelf_request *rows, size_t n, size_t len, double *scratch)
{
	double tokens = 0, seconds = 0;
	for (size_t i = 0; i < n; i++) {
		tokens += (double)rows[i].tokens_in + rows[i].tokens_out;
		seconds += rows[i].e2el_s;
	}
	if (!(tokens > 0) || !(seconds > 0))
		return NAN;
	tokens /= (double)n;
	seconds /= (double)n;
	for (size_t i = 0; i < n; i++)
		scratch[i] = ((double)rows[i].tokens_in + rows[i].tokens_out) / tokens - rows[i].e2el_s / seconds;
	return mean_error(scratch, n, len);
}

static void errors_of(const struct shelf_request *rows, size_t n, int conc, double *x, double out[COMPARE_METRICS])
{
	size_t len = block_length(n, conc), m = 0;
	double *scratch = x + n;
	out[COMPARE_TPUT] = throughput_error(rows, n, len, scratch);
	for (size_t i = 0; i < n; i++)
		x[i] = rows[i].e2el_s;
	out[COMPARE_E2E] = median_error(x, n, len, scratch);
	for (size_t i = 0; i < n; i++)
		if (isfinite(rows[i].ttft_s))
			x[m++] = rows[i].ttft_s;
	if (m == n)
		out[COMPARE_TTFT] = median_error(x, m, len, scratch);
	m = 0;
	for (size_t i = 0; i < n; i++)
		if (isfinite(rows[i].ttft_s) && rows[i].tokens_out > 1)
			x[m++] = (rows[i].e2el_s - rows[i].ttft_s) / (rows[i].tokens_out - 1);
	if (m == n)
		out[COMPARE_TPOT] = out[COMPARE_INTVTY] = median_error(x, m, len, scratch);
}

void compare_within(const struct shelf_request *rows, size_t n, int conc, double out[COMPARE_METRICS])
{
	size_t good = 0;
	for (int m = 0; m < COMPARE_METRICS; m++)
		out[m] = NAN; /* ITL stays so: the gaps themselves are not kept */
	struct shelf_request *kept = n >= REQUESTS_MIN ? malloc(n * sizeof *kept) : NULL;
	double *x = n >= REQUESTS_MIN ? malloc(3 * n * sizeof *x) : NULL;
	for (size_t i = 0; kept && i < n; i++)
		if (!rows[i].failed && isfinite(rows[i].start_s) && isfinite(rows[i].e2el_s) && rows[i].e2el_s > 0)
			kept[good++] = rows[i];
	if (kept && x && good >= REQUESTS_MIN) {
		qsort(kept, good, sizeof *kept, by_completion);
		errors_of(kept, good, conc, x, out);
	}
	free(kept);
	free(x);
}
