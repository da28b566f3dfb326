/* Accuracy against its limits: each metric <= baseline x multiplier (one-sided; lower is better). Pure. */
#ifndef BENCHTOP_GATE_H
#define BENCHTOP_GATE_H
#include "../event/event.h"
#include "../plan/track.h"

/* Fills out (all but .cell): the decisive metric is the first one beyond its limit, else the one nearest to it; text names
 * metric, value and limit. A metric that is absent (NaN) fails. */
void gate_decide(const struct track *t, const struct ev_accuracy_measured *a, struct ev_gate_decided *out);

#endif
