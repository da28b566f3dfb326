/* startup: the phases of a starting SGLang server, written to the log over --startup seconds; moves
 * sim->stage from SIM_LOADING over SIM_WARMUP to SIM_READY. Called once by main. */
#ifndef BENCHTOP_SIM_STARTUP_H
#define BENCHTOP_SIM_STARTUP_H

#include "sim.h"

void startup_begin(struct sim *sim);

#endif
