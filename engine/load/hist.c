/* Below 64 ns every value has its bucket, above each octave has 64 of equal width. */
#include "stats.h"
#include <math.h>
#include <string.h>

#define OCTAVE_STEPS 64u

void hist_clear(struct hist *h)
{
	memset(h, 0, sizeof *h);
}

static unsigned bucket_of(int64_t ns)
{
	if (ns < (int64_t)OCTAVE_STEPS)
		return ns < 0 ? 0 : (unsigned)ns;
	unsigned shift = 57u - (unsigned)__builtin_clzll((uint64_t)ns); /* leaves 64..127 */
	unsigned b = shift * OCTAVE_STEPS + (unsigned)((uint64_t)ns >> shift);
	return b < HIST_BUCKETS ? b : HIST_BUCKETS - 1;
}

/* The middle of a bucket, ns. */
static double bucket_value(unsigned b)
{
	if (b < 2 * OCTAVE_STEPS)
		return (double)b;
	unsigned shift = b / OCTAVE_STEPS - 1;
	return ldexp((double)(b - shift * OCTAVE_STEPS) + 0.5, (int)shift);
}

void hist_add(struct hist *h, int64_t ns)
{
	h->n++;
	h->count[bucket_of(ns)]++;
}

double hist_percentile_ms(const struct hist *h, double p)
{
	if (h->n == 0)
		return (double)NAN;
	double rank = p / 100 * (double)(h->n - 1);
	uint64_t k = (uint64_t)rank, seen = 0;
	unsigned b = 0;
	while (b < HIST_BUCKETS - 1 && seen + h->count[b] <= k)
		seen += h->count[b++];
	double a = bucket_value(b), next = a;
	if (k + 1 < h->n && seen + h->count[b] <= k + 1) {
		unsigned c = b + 1;
		while (c < HIST_BUCKETS - 1 && h->count[c] == 0)
			c++;
		next = bucket_value(c);
	}
	return stats_between(a, next, rank - (double)k) / 1e6;
}
