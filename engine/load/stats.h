/* Exact statistics with numpy's formulas, and a log-linear histogram for live figures. */
#ifndef BENCHTOP_STATS_H
#define BENCHTOP_STATS_H
#include <stddef.h>
#include <stdint.h>

struct stats {
	size_t n;
	double mean, median, std, p99; /* n == 0: all 0.0, as the reference prints */
};

/* x is reordered in place (selection, no full sort needed). Mean by pairwise summation as numpy; std with ddof 0;
 * percentile p: h = p/100*(n-1), linear interpolation, computed as b - (b-a)*(1-f) when f >= 0.5 (numpy's form). */
void stats_exact(double *x, size_t n, struct stats *out);
double stats_percentile(double *x, size_t n, double p); /* reorders x; n == 0 gives 0.0 */

/* numpy's interpolation between neighbours a <= b, 0 <= f < 1. */
double stats_between(double a, double b, double f);

/* Values in ns, 0 .. 6 h and beyond, relative error <= 1/128. */
#define HIST_BUCKETS 4096
struct hist {
	uint64_t n;
	uint32_t count[HIST_BUCKETS];
};
void hist_clear(struct hist *h);
void hist_add(struct hist *h, int64_t ns);
double hist_percentile_ms(const struct hist *h, double p); /* NaN when empty */

#endif
