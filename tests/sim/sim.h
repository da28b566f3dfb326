/* sim: the structs every module of benchtop-sim shares. One process, one thread, one struct sim.
 *
 * Ownership: main.c owns struct sim; modules hold pointers to it and to the options' strings, which
 * live as long as the process. Times: CLOCK_MONOTONIC nanoseconds unless a name says otherwise. */
#ifndef BENCHTOP_SIM_SIM_H
#define BENCHTOP_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "buf.h"
#include "faults.h"
#include "reactor.h"
#include "serverlog.h"

#define SIM_VERSION        "0.5.5-sim"
#define SIM_KV_TOKENS      2246784u
#define SIM_PREFILL_TOKENS 196608u
#define SIM_CONTEXT        163840u

struct sim_options {
	int port;
	const char *host;
	double time_scale; /* modelled times are divided by it */
	uint64_t seed;
	const char *log_path;
	double startup_s;
	double itl_ms, ttft_ms; /* < 0: from the model */
	const char *model;
	double bpb;         /* nominal bits a byte */
	int prefill;        /* chunked prefill size, as told */
	int columns;        /* arity of submit_results */
	const char *prefix; /* of Gradio's routes */
};

enum sim_stage {
	SIM_LOADING, /* no HTTP yet: 503 */
	SIM_WARMUP,  /* HTTP is up, not healthy yet */
	SIM_READY
};

/* What /sim/record tells. */
struct sim_record {
	uint64_t completions, generates, echoes, health;
	uint64_t in_flight, in_flight_max;
	uint64_t scoring, scoring_max; /* generate and echo requests in flight */
	uint64_t connections;
	uint64_t finished, aborted, disconnected;
	uint64_t prompt_tokens, completion_tokens;
	uint64_t faults;
};

struct stream;
struct board;
struct tokencount;
LIST_HEAD(stream_list, stream);

struct sim {
	struct sim_options opt;
	struct reactor reactor;
	struct serverlog log;
	struct faults faults;
	struct board *board;
	struct tokencount *tokencount; /* NULL: prompts are counted by simtext's pieces */
	struct sim_record record;
	enum sim_stage stage;
	bool stopping;
	uint64_t start_ns;
	size_t body_bytes;          /* of all requests being read or served */
	uint64_t serial;            /* of the next request, for seeds and ids */
	struct stream_list streams; /* completions in flight */
	unsigned prefilling;        /* streams and scoring requests without a first token */
	unsigned decoding;          /* streams between first and last token */
	uint64_t live_tokens;       /* prompt and output tokens of all streams in flight */
	uint64_t generated;         /* output tokens since the start */
	double last_throughput;     /* of the last decode line */
};

#endif
