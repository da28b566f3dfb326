#include "stats.h"
#include <math.h>
#include <stdbool.h>

/* Sum in numpy's order: blocks of 128 in eight lanes, halves above. Values are f(x - shift). */
static double pairwise(const double *x, size_t n, double shift, bool square)
{
	if (n > 128) {
		size_t half = n / 2;
		half -= half % 8;
		return pairwise(x, half, shift, square) + pairwise(x + half, n - half, shift, square);
	}
	double lane[8] = {0};
	size_t i = 0;
	for (; n - i >= 8; i += 8)
		for (size_t k = 0; k < 8; k++) {
			double d = x[i + k] - shift;
			lane[k] += square ? d * d : d;
		}
	double sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
	for (; i < n; i++) {
		double d = x[i] - shift;
		sum += square ? d * d : d;
	}
	return sum;
}

static void swap(double *a, double *b)
{
	double t = *a;
	*a = *b;
	*b = t;
}

/* Puts the k-th smallest at x[k], smaller or equal ones before it, larger or equal ones after. */
static void select_kth(double *x, size_t n, size_t k)
{
	size_t lo = 0, hi = n; /* the part that is still open */
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	while (hi - lo > 1) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		double pivot = x[lo + (size_t)((seed >> 33) % (hi - lo))];
		size_t less = lo, at = lo, more = hi; /* [lo,less) < pivot, [less,at) ==, [more,hi) > */
		while (at < more) {
			if (x[at] < pivot)
				swap(&x[less++], &x[at++]);
			else if (x[at] > pivot)
				swap(&x[at], &x[--more]);
			else
				at++;
		}
		if (k < less)
			hi = less;
		else if (k >= more)
			lo = more;
		else
			return;
	}
}

double stats_between(double a, double b, double f)
{
	double d = b - a;
	return f >= 0.5 ? b - d * (1 - f) : a + d * f;
}

double stats_percentile(double *x, size_t n, double p)
{
	if (n == 0)
		return 0.0;
	double h = p / 100 * (double)(n - 1);
	if (!(h > 0))
		h = 0;
	size_t k = (size_t)h;
	if (k >= n - 1) {
		select_kth(x, n, n - 1);
		return x[n - 1];
	}
	select_kth(x, n, k);
	size_t next = k + 1;
	for (size_t i = k + 2; i < n; i++)
		if (x[i] < x[next])
			next = i;
	return stats_between(x[k], x[next], h - (double)k);
}

static double median(double *x, size_t n)
{
	size_t k = (n - 1) / 2;
	select_kth(x, n, k);
	if (n % 2)
		return x[k];
	double above = x[k + 1];
	for (size_t i = k + 2; i < n; i++)
		if (x[i] < above)
			above = x[i];
	return (x[k] + above) / 2;
}

void stats_exact(double *x, size_t n, struct stats *out)
{
	*out = (struct stats){.n = n};
	if (n == 0)
		return;
	out->mean = pairwise(x, n, 0, false) / (double)n;
	out->std = sqrt(pairwise(x, n, out->mean, true) / (double)n);
	out->median = median(x, n);
	out->p99 = stats_percentile(x, n, 99);
}
