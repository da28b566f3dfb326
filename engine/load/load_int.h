/* Inside of a load: its state, shared by load.c (life cycle, the loop), slots.c (requests), live.c (progress) and
 * final.c (figures), and nobody else. All of it belongs to the thread that called load_run. */
#ifndef BENCHTOP_LOAD_INT_H
#define BENCHTOP_LOAD_INT_H
#include "../net/loop.h"
#include "load.h"
#include "samples.h"
#include "sse.h"
#include "stats.h"

#define LOAD_TICK_NS       INT64_C(125000000) /* verdict each tick, progress each second one, a sample each eighth */
#define LOAD_TICKS_PER_S   8
#define LOAD_STALL_MS      INT64_C(600000) /* a JIT build of minutes is no stall */
#define LOAD_BODY_MAX      ((size_t)64 << 20)
#define LOAD_HEAD_BYTES    400 /* of an answer, kept for the sentence of a failed request */
#define LOAD_EVENTS_FACTOR 4   /* more events than that many times max_tokens (+ 64) is no answer to the request */

struct slot {
	struct load *load;
	struct transfer *transfer; /* NULL = free */
	uint32_t request;
	struct buf body;
	struct sse sse;
	int64_t start_ns, last_ns; /* last token event */
	bool received;             /* since the last tick */
	int64_t received_ns;       /* tick that saw the last bytes, or the start */
	uint32_t events, events_max;
	uint64_t read;                            /* number of the last read */
	uint32_t in_read;                         /* token events of it */
	int64_t prompt_tokens, completion_tokens; /* -1 not reported */
	enum completion_error error;
	char text[240]; /* what went wrong, when error is set */
	char head[LOAD_HEAD_BYTES];
	size_t head_len;
};

/* What the first and all failed requests said. */
struct failures {
	uint64_t n[COMPLETION_STOPPED + 1];
	uint32_t first_request;
	char first[240];
};

struct load {
	const struct load_spec *spec;
	struct loop *loop;
	struct samples *samples;
	struct curl_slist *headers;
	struct buf body_head, body_tail; /* around the prompt; the tail's max_tokens is put between */
	char url[1024];

	struct slot *slots;
	int *free_slots, n_free;
	struct buf *ready; /* ring of `conc` bodies: request i lies at i % conc */
	uint32_t built;    /* bodies 0 .. built-1 are made (or were) */

	bool warmup;
	uint32_t total, next; /* requests of this span, the next one to start */
	int in_flight, in_flight_max;
	uint64_t completed, finished; /* finished: failed ones included */
	struct failures fail;
	struct load_row *rows;

	int64_t begin_ns, end_ns, cpu_ns;
	int64_t *ends; /* ring of `conc`: when slots were freed, oldest first */
	uint32_t ends_first, ends_n;
	double *gaps; /* s, from a completion to the next send */
	size_t n_gaps;
	uint64_t bundled;

	/* live */
	struct hist ttft, tpot, itl, e2el;
	uint64_t events_total, events_done;       /* all, and those of finished requests */
	uint64_t tokens_in_done, tokens_out_done; /* of completed requests */
	uint64_t tokens_planned, tokens_expected; /* asked for in all, and by requests that are not finished */
	double slot_seconds;                      /* integral of in_flight up to slot_ns */
	int64_t slot_ns;
	int64_t tick_ns;
	uint32_t ticks;
	uint64_t tick_events[LOAD_TICKS_PER_S];
	int64_t tick_at[LOAD_TICKS_PER_S];

	bool received; /* since the last tick */
	int64_t received_ns;
	bool stopped, ended; /* ended: the load failed as a whole, `why` says why */
	int why_code;
	struct err why;
};

/* slots.c */
int slot_start(struct load *ld, struct err *e);
void slots_abort(struct load *ld);
void slot_give_up(struct load *ld, struct slot *s, double seconds);
int body_build(struct load *ld, uint32_t request, struct buf *b);
void load_fail(struct load *ld, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* live.c */
void live_begin(struct load *ld, int64_t now);
void live_slots(struct load *ld, int64_t now, int change); /* of in_flight */
void live_tick(void *ctx);

/* final.c */
int final_figures(struct load *ld, struct load_result *out, struct err *e);

#endif
