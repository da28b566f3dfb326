/* model: the latency model. How long the simulated server takes for a prefill and for one decode step.
 * Called by completions, generate and the log. Results in nanoseconds of real time: the model's
 * milliseconds divided by --time-scale. */
#ifndef BENCHTOP_SIM_MODEL_H
#define BENCHTOP_SIM_MODEL_H

#include "sim.h"

/* Arrival to first token for a prompt of `tokens`; `serial` picks the jitter. */
uint64_t model_ttft(const struct sim *sim, uint64_t tokens, uint64_t serial);

/* One decode step with the streams that run now, without jitter. */
uint64_t model_itl(const struct sim *sim);

/* The same with the jitter of one token; `*state` is the stream's own generator. */
uint64_t model_itl_jitter(const struct sim *sim, uint64_t itl, uint64_t *state);

/* Modelled milliseconds to real nanoseconds. */
uint64_t model_scale(const struct sim *sim, double ms);

#endif
