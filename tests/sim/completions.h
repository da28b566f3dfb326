/* completions: POST /v1/completions. completions.c reads the request and answers what is not streamed,
 * stream.c streams, echo.c answers echo with log probabilities. */
#ifndef BENCHTOP_SIM_COMPLETIONS_H
#define BENCHTOP_SIM_COMPLETIONS_H

#include "http.h"
#include "prompt.h"

#define COMPLETION_TOKENS_MAX 1000000u

struct completion {
	cJSON *json;
	struct prompt prompt;
	uint64_t max_tokens;
	bool stream, include_usage, echo;
	int logprobs;
	const char *model;
	uint64_t serial;
	uint32_t faults;
	bool scoring; /* counted in sim->prefilling and record.scoring */
};

request_handler completions_handle;

/* Starts the stream; copies what it needs of `ask`. */
void stream_start(struct request *rq, const struct completion *ask);

/* Ends every stream as aborted; returns how many. */
unsigned stream_abort_all(struct sim *sim);

/* Takes the completion and answers after the modelled time. */
void echo_start(struct request *rq, struct completion *ask);

/* Frees the json and the counters a completion holds. For request.state_free too. */
void completion_free(struct request *rq, void *ask);

/* Counts a scoring request in; completion_free or score_end counts it out. */
void score_begin(struct sim *sim);
void score_end(struct sim *sim);

/* 32 hex digits and a NUL. */
void completion_id(const struct sim *sim, uint64_t serial, char out[33]);

/* `count` words the model says, unescaped, without limit on the buffer but its own. */
void completion_words(struct buf *b, uint64_t serial, uint64_t count);

/* What faults of class ANY do to an answer; true if it has been given. */
bool completion_refused(struct request *rq, uint32_t faults);

#endif
