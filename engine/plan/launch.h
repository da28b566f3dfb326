/* Which launch of the server the rows of a plan are meant for. The launch script chooses the prefill size from ISL, OSL and
 * CONC as they are exported when the server starts; the track says for which rows it takes another one than usual. Pure.
 *
 * A shape is an index into track->shapes, or LAUNCH_USUAL.
 */
#ifndef BENCHTOP_LAUNCH_H
#define BENCHTOP_LAUNCH_H
#include "plan.h"

#define LAUNCH_USUAL (-1)

/* The shape of a row. */
int launch_shape(const struct track *t, int isl, int osl, int conc);
/* The prefill size that belongs to a shape; 0 = the track does not know. */
int launch_prefill(const struct track *t, int shape);
/* The shape that a running server was started for, by its prefill size. A size that is no shape's (unknown, or chosen by
 * the user) is the usual one. */
int launch_shape_of_server(const struct track *t, int64_t prefill);

struct launch_needs {
	int other;    /* rows of another shape than the server's */
	int first;    /* index of the first of them, -1 none */
	int restarts; /* before rows whose shape differs from the one before them, the server's being the first */
	bool mixed;   /* rows of more than one shape */
};
void launch_needs(const struct plan *p, const struct track *t, int server_shape, struct launch_needs *out);

#endif
