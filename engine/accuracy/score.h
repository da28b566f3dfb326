/* Log-probability of the corpus under the served model: 4 requests in flight, retries, BOS check, running estimate.
 *
 * Per chunk POST /generate with input log probabilities; when the server has no /generate (404/405/501) the whole
 * measurement uses /v1/completions with echo. A null inside, a wrong array length or a missing BOS fails with a sentence,
 * never counts as 0. Formulas: facts accuracy A.4. Blocks; engine thread; knows nothing of files or screens.
 */
#ifndef BENCHTOP_SCORE_H
#define BENCHTOP_SCORE_H
#include "../base/cancel.h"
#include "../event/event.h"
#include "corpus.h"

struct score_spec {
	const char *base_url;
	const char *model;
	const char *bearer; /* NULL = none */
	const struct corpus *corpus;
	int concurrency;       /* 4; falls to 1 after a server error (5xx) */
	int attempts;          /* 3 in all, waits 1 s, 1 s between */
	int64_t timeout_ms;    /* per request, 0 = 300 s */
	int64_t retry_wait_ms; /* 0 = 1000 (tests make it short) */
	struct cancel *cancel;
	void (*progress)(
	        void *ctx, const struct ev_accuracy_progress *ev); /* .cell left out; about 4 Hz and at each end */
	void *ctx;
};

/* out: all but .cell, .reused. ERR_PROTO / ERR_NET / ERR_CANCELLED with a sentence naming chunk and remedy. */
int score_run(const struct score_spec *spec, struct ev_accuracy_measured *out, struct err *e);

/* Pure parts, for tests: sums the log probabilities of one answer. n = prompt tokens. */
int score_parse_generate(const char *json, size_t len, double *ll, int64_t *n_tokens, struct err *e);
int score_parse_echo(const char *json, size_t len, double *ll, int64_t *n_tokens, struct err *e);
void score_metrics(double sum_ll, double sum_words, double sum_bytes, double *bits_per_byte, double *byte_perplexity,
        double *word_perplexity);

#endif
