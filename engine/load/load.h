/* The closed-loop load generator: C slots, FIFO, one fresh connection per request; the measuring path of every mode.
 *
 * Called by the pipeline in the engine thread; blocks until done or stopped. During the timed span it touches only
 * sockets, clock and memory; `progress` is called about four times a second and must not block. Knows nothing of files,
 * boards or screens. Times: st just before curl_multi_add_handle, one clock read per token event; formulas as in facts
 * reference-client sections 3, 4, 6.
 */
#ifndef BENCHTOP_LOAD_H
#define BENCHTOP_LOAD_H
#include "../base/cancel.h"
#include "../event/event.h"
#include "../plan/prompts.h"
#include "completion.h"

#define LOAD_SPARE_FDS 64 /* open files of the process beside the CONC streams */

struct load_spec {
	const char *base_url; /* "http://127.0.0.1:8888" */
	const char *model;
	const char *bearer; /* NULL = "None" */
	const struct prompt_set *prompts;
	int conc;
	int num_warmups; /* request 0, that many times, at most C at once, outside the timed span */
	int gpus;        /* divisor of tput_per_gpu */
	int64_t stall_ms; /* no byte for so long: a single stream fails its request, all of them end the load; 0 = 600 s */
	struct cancel *cancel;
	/* ev is filled but for .cell and the event header. */
	void (*progress)(void *ctx, const struct ev_load_progress *ev);
	/* Asked about ten times a second: a non-NULL sentence ends the load as failed with that reason (a dead server). */
	const char *(*verdict)(void *ctx);
	/* For measuring the client itself: every token event of the timed span as it came, at_ns its clock. NULL in every run. */
	void (*token)(void *ctx, uint32_t request, int64_t at_ns, const char *payload, size_t len);
	void *ctx;
};

struct load_row {                           /* one request, in index order */
	int64_t start_ns, ttft_ns, e2el_ns; /* start relative to the timed span's begin; ttft/e2el -1 when absent */
	uint32_t tokens_in, tokens_out, events;
	int32_t prompt_tokens_server; /* -1 not reported */
	uint8_t error;                /* enum completion_error */
	bool started;
};

struct load_result {
	struct ev_load_measured m; /* all but .cell */
	struct load_row *rows;     /* owned: load_result_free */
	size_t n_rows;
	bool stopped; /* ended by the user: m covers what completed, the row is partial */
	int in_flight_max;
};

/* 0: the span ended (look at m.failed, stopped). Negative: nothing could be measured (no host, refused plan, verdict). */
int load_run(const struct load_spec *spec, struct load_result *out, struct err *e);
void load_result_free(struct load_result *r);

#endif
