/* timeline_conc{C}.jsonl: what client, server and GPUs did in each second of a timed span.
 *
 * The rows are collected in memory by the load's thread (no file, no lock, no allocation: pages of a fixed array are
 * touched) and written after the load. Rows beyond eight hours are counted, not kept.
 */
#ifndef BENCHTOP_TIMELINE_H
#define BENCHTOP_TIMELINE_H
#include "../plan/plan.h"
#include "rundir.h"
#include "serverflags.h"

#define TIMELINE_ROWS (8 * 3600)

struct timeline_row { /* NaN = not known */
	int64_t wall_ns;
	double elapsed_s;
	int32_t in_flight;
	float client_tps;
	float running, queued, kv, gen_tps, accept_len;                   /* of the server */
	float gpu_busy, gpu_power_w, gpu_temp_c, gpu_clock_mhz, gpu_held; /* gpu_held: cards held back */
};

struct timeline {
	struct timeline_row *row; /* owned; NULL when there was no memory: nothing is collected */
	size_t n, lost;
};

void timeline_open(struct timeline *t);
void timeline_close(struct timeline *t);
/* server, gpu: the newest figures, NULL when nothing is known. */
void timeline_add(struct timeline *t, int64_t wall_ns, const struct ev_load_progress *p,
        const struct server_now *server, const struct ev_gpu_seen *gpu);
/* "timeline_conc8.jsonl", "timeline_conc8_run2.jsonl" below the row's directory. Nothing is written without rows. */
int timeline_write(const struct timeline *t, const struct rundir *d, const struct plan_cell *c, struct err *e);

#endif
