/* Live figures: the final formulas over what is completed so far, from histograms. */
#include "../base/clock.h"
#include "load_int.h"
#include <math.h>
#include <string.h>

void live_begin(struct load *ld, int64_t now)
{
	hist_clear(&ld->ttft);
	hist_clear(&ld->tpot);
	hist_clear(&ld->itl);
	hist_clear(&ld->e2el);
	ld->events_total = ld->events_done = 0;
	ld->tokens_in_done = ld->tokens_out_done = 0;
	ld->slot_seconds = 0;
	ld->slot_ns = ld->received_ns = now;
	ld->received = false;
	ld->ticks = 0;
	for (int i = 0; i < LOAD_TICKS_PER_S; i++) {
		ld->tick_events[i] = 0;
		ld->tick_at[i] = now;
	}
	ld->tick_ns = now + LOAD_TICK_NS;
	loop_timer(ld->loop, ld->tick_ns, live_tick, ld);
}

void live_slots(struct load *ld, int64_t now, int change)
{
	if (now > ld->slot_ns) {
		ld->slot_seconds += (double)(now - ld->slot_ns) / 1e9 * ld->in_flight;
		ld->slot_ns = now;
	}
	ld->in_flight += change;
}

/* Seconds left: tokens still to come at the rate of those that came. */
static double live_eta(const struct load *ld, double elapsed)
{
	double per_event =
	        ld->tokens_out_done && ld->events_done ? (double)ld->tokens_out_done / (double)ld->events_done : 1;
	double here = (double)(ld->events_total - ld->events_done) * per_event;
	double left = (double)ld->tokens_expected - here;
	double came = (double)ld->tokens_planned - left;
	if (!(came > 0) || elapsed <= 0)
		return (double)NAN;
	return left > 0 ? left / came * elapsed : 0;
}

/* Output tokens a second over the last second. */
static double live_rate(struct load *ld, int64_t now)
{
	unsigned i = ld->ticks % LOAD_TICKS_PER_S;
	int64_t span = now - ld->tick_at[i];
	uint64_t events = ld->events_total - ld->tick_events[i];
	ld->tick_at[i] = now;
	ld->tick_events[i] = ld->events_total;
	return span > 0 ? (double)events * 1e9 / (double)span : (double)NAN;
}

static void live_latencies(const struct load *ld, double elapsed, struct ev_load_progress *p)
{
	p->tput_per_gpu = (double)(ld->tokens_in_done + ld->tokens_out_done) / elapsed /
	                  (ld->spec->gpus > 0 ? ld->spec->gpus : 1);
	p->ttft_median = hist_percentile_ms(&ld->ttft, 50);
	p->ttft_p99 = hist_percentile_ms(&ld->ttft, 99);
	p->tpot_median = hist_percentile_ms(&ld->tpot, 50);
	p->tpot_p99 = hist_percentile_ms(&ld->tpot, 99);
	p->itl_median = hist_percentile_ms(&ld->itl, 50);
	p->itl_p99 = hist_percentile_ms(&ld->itl, 99);
	p->e2el_median = hist_percentile_ms(&ld->e2el, 50);
	p->e2el_p99 = hist_percentile_ms(&ld->e2el, 99);
	if (p->tpot_median > 0)
		p->interactivity = 1000 / p->tpot_median;
}

static void live_report(struct load *ld, int64_t now, double rate)
{
	struct loop_lateness late;
	double elapsed = (double)(now - ld->begin_ns) / 1e9;
	live_slots(ld, now, 0);
	struct ev_load_progress p = {
	        .cell = -1,
	        .done = (int64_t)ld->completed,
	        .failed = (int64_t)(ld->finished - ld->completed),
	        .in_flight = ld->in_flight,
	        .total = ld->total,
	        .elapsed_s = elapsed,
	        .eta_s = ld->warmup ? (double)NAN : live_eta(ld, elapsed),
	        .output_tps = rate,
	        .slots_mean = elapsed > 0 ? ld->slot_seconds / elapsed : (double)NAN,
	        .warmup = ld->warmup,
	        .sample = ld->ticks % LOAD_TICKS_PER_S == 0,
	};
	p.tput_per_gpu = p.interactivity = (double)NAN;
	p.ttft_median = p.ttft_p99 = p.tpot_median = p.tpot_p99 = (double)NAN;
	p.itl_median = p.itl_p99 = p.e2el_median = p.e2el_p99 = (double)NAN;
	loop_lateness_read(ld->loop, &late);
	p.late_p99_ms = loop_lateness_percentile_ms(&late, 99);
	if (!ld->warmup && ld->completed >= (uint64_t)ld->spec->conc && elapsed > 0)
		live_latencies(ld, elapsed, &p);
	ld->spec->progress(ld->spec->ctx, &p);
}

/* A single stream that is silent for too long fails its request, and the others are not lost with it. When all are silent
 * and more requests would follow, the server hangs: then the load ends. */
static void stall_check(struct load *ld, int64_t now)
{
	int64_t limit_ns = (ld->spec->stall_ms > 0 ? ld->spec->stall_ms : LOAD_STALL_MS) * CLOCK_NS_PER_MS;
	if (ld->received || ld->in_flight == 0)
		ld->received_ns = now;
	ld->received = false;
	if (now - ld->received_ns > limit_ns && (ld->next < ld->total || ld->completed == 0)) {
		load_fail(ld, ERR_NET, "no token from any of %d streams for %.3g s: does the server hang?",
		        ld->in_flight, (double)limit_ns / 1e9);
		return;
	}
	for (int i = 0; i < ld->spec->conc; i++) {
		struct slot *s = &ld->slots[i];
		if (!s->transfer)
			continue;
		if (s->received)
			s->received_ns = now;
		s->received = false;
		if (now - s->received_ns > limit_ns)
			slot_give_up(ld, s, (double)limit_ns / 1e9);
	}
}

void live_tick(void *ctx)
{
	struct load *ld = ctx;
	int64_t now = clock_mono_ns();
	ld->ticks++;
	double rate = live_rate(ld, now);
	const char *verdict = ld->spec->verdict ? ld->spec->verdict(ld->spec->ctx) : NULL;
	if (verdict)
		load_fail(ld, ERR_IO, "%s", verdict);
	stall_check(ld, now);
	if (ld->spec->progress && ld->ticks % 2 == 0)
		live_report(ld, now, rate);
	ld->tick_ns += LOAD_TICK_NS;
	if (ld->tick_ns <= now)
		ld->tick_ns = now + LOAD_TICK_NS;
	loop_timer(ld->loop, ld->tick_ns, live_tick, ld);
}
