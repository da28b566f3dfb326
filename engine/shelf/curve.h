/* Throughput per GPU against E2E and against interactivity: our points, the reference's, other runs', and how many of ours lie
 * above the reference's curve.
 *
 * The reference curve between two of its points is a straight line in (x, throughput per GPU); beyond its ends it goes on
 * level at the end point's throughput. A point is above when its throughput is higher than the curve at its x. The share
 * that a track asks for (stage 1: half of the points of a pair) is the track's `curve_share`. Pure.
 */
#ifndef BENCHTOP_CURVE_H
#define BENCHTOP_CURVE_H
#include "../base/buf.h"
#include "../plan/track.h"
#include "shelf.h"

#define CURVE_POINTS 32
#define CURVE_SETS   6 /* the reference and five runs */

struct curve_point {
	int conc;
	double tput, e2e_ms, intvty;
	int runs;   /* how many passed rows (repeats) its medians come from */
	int doubts; /* how many of these rows carry a doubt */
};
struct curve_set {
	char name[80]; /* "B200", "1124-0912 a1b2c3d" */
	bool reference;
	struct curve_point p[CURVE_POINTS]; /* by CONC */
	int n;
};
enum curve_axis { CURVE_E2E, CURVE_INTVTY };

struct curve_verdict {
	int above, of;
	int missing; /* CONCs of the track's pair that were not measured */
	bool point_above[CURVE_POINTS];
	double at[CURVE_POINTS];  /* the curve at our x; NaN when it or our point has no value */
	double gap[CURVE_POINTS]; /* ours / curve - 1 at our x */
	double share_needed;      /* NaN: the track states no rule */
	bool met;                 /* whatever the missing points may bring */
	bool open;                /* neither met nor missed before they are measured */
	char text[200];           /* "points above B200: 4 of 5 (80 %), rule 50 %: met" */
};

struct curve {
	const struct track *track; /* borrowed */
	int isl, osl;
	struct curve_set set[CURVE_SETS]; /* [0] the reference, when the track has one for the pair */
	int n;
	struct curve_verdict by_e2e, by_intvty; /* of the first run's set against the reference */
	char method[240];                       /* the interpolation, in words */
};

void curve_init(struct curve *c, const struct track *t, int isl, int osl);
/* Adds a run's passed rows of this pair (repeats: the median). False when it has none, or there is no room. */
bool curve_add(struct curve *c, const struct shelf_run *r, const char *name);
bool curve_add_board(struct curve *c, const struct board *b, const char *name);
void curve_judge(struct curve *c); /* fills the verdicts; after the last addition */
/* The reference curve at x; NaN without points. */
double curve_at(const struct curve_set *ref, enum curve_axis axis, double x);
/* The points that have a place on the axis, by x: their indices into s->p. Returns how many. */
int curve_order(const struct curve_set *s, enum curve_axis axis, int order[CURVE_POINTS]);
double curve_x(const struct curve_point *p, enum curve_axis axis);
/* The set that the verdicts are about: the first run's; NULL without one. */
const struct curve_set *curve_ours(const struct curve *c);
const struct curve_set *curve_reference(const struct curve *c); /* NULL: the track has none for the pair */

#endif
