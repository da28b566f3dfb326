#include "score.h"
#include "../base/clock.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../net/loop.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIGHTS_MAX     64
#define ANSWER_MAX      ((size_t)8 << 20)
#define BODY_MAX        ((size_t)1 << 20)
#define CONNECT_MS      10000
#define PROGRESS_EVERY  (250 * CLOCK_NS_PER_MS)
#define SAMPLE_EVERY    CLOCK_NS_PER_S
#define DRAIN_TURN      (50 * CLOCK_NS_PER_MS)
#define FIRST_TOKEN_OUT 1 /* position 0 is the begin-of-sentence token, which is not scored */

enum endpoint { GENERATE, ECHO };

static const struct {
	const char *path, *name;
	int (*parse)(const char *json, size_t len, double *ll, int64_t *n_tokens, struct err *e);
} endpoints[] = {
        [GENERATE] = {"/generate", "/generate", score_parse_generate},
        [ECHO] = {"/v1/completions", "/v1/completions echo", score_parse_echo},
};

enum chunk_state { TODO, FLYING, DONE };

struct chunk {
	enum chunk_state state;
	int attempts;
	int64_t ready_ns; /* not before */
	double ll;
	int64_t tokens;
};

struct score;

/* One request in flight; its buffers are kept for the next one. */
struct flight {
	struct score *score;
	struct transfer *transfer; /* NULL = free */
	int chunk;
	struct buf body, answer;
};

struct score {
	const struct score_spec *spec;
	struct loop *loop;
	struct curl_slist *headers;
	char url[600];
	enum endpoint endpoint;
	struct chunk chunks[TRACK_CHUNKS];
	struct flight flights[FLIGHTS_MAX];
	int n_done, n_flying, limit, attempts;
	int64_t retries;
	bool other_endpoint; /* /generate is not there: begin again with echo */
	struct err failed;   /* .code 0 = none */
	int64_t start_ns, progress_ns, sample_ns;
};

/* ---- figures ---- */

/* Added in index order whatever order the answers came in, so that the same answers give the same bits. */
static int64_t figures(const struct score *s, double *bits, double *byte_ppl, double *word_ppl)
{
	double ll = 0, words = 0, bytes = 0;
	int64_t tokens = 0;
	for (int i = 0; i < s->spec->corpus->n_chunks; i++) {
		if (s->chunks[i].state != DONE)
			continue;
		ll += s->chunks[i].ll;
		words += s->spec->corpus->chunks[i].words;
		bytes += (double)s->spec->corpus->chunks[i].len;
		tokens += s->chunks[i].tokens - FIRST_TOKEN_OUT;
	}
	score_metrics(ll, words, bytes, bits, byte_ppl, word_ppl);
	return tokens;
}

static void report(struct score *s, bool always)
{
	int64_t now = clock_mono_ns();
	if (!s->spec->progress || (!always && now < s->progress_ns))
		return;
	struct ev_accuracy_progress p;
	memset(&p, 0, sizeof p);
	p.cell = -1;
	p.done = s->n_done;
	p.total = s->spec->corpus->n_chunks;
	p.retries = s->retries;
	figures(s, &p.bits_per_byte, &p.byte_perplexity, &p.word_perplexity);
	p.elapsed_s = (double)(now - s->start_ns) / (double)CLOCK_NS_PER_S;
	p.sample = always || now >= s->sample_ns;
	if (p.sample)
		s->sample_ns = now + SAMPLE_EVERY;
	s->progress_ns = now + PROGRESS_EVERY;
	s->spec->progress(s->spec->ctx, &p);
}

/* ---- one answer ---- */

static void chunk_failed(struct score *s, int index, const struct err *why)
{
	struct chunk *c = &s->chunks[index];
	int64_t wait = s->spec->retry_wait_ms > 0 ? s->spec->retry_wait_ms : 1000;
	c->state = TODO;
	c->ready_ns = clock_mono_ns() + wait * CLOCK_NS_PER_MS;
	if (c->attempts >= s->attempts && !s->failed.code)
		err_set(&s->failed, why->code, "accuracy, chunk %d of %d, after %d attempt%s at %s: %s", index + 1,
		        s->spec->corpus->n_chunks, c->attempts, c->attempts == 1 ? "" : "s",
		        endpoints[s->endpoint].name, why->text);
}

/* What the server said under a status that is not 200. */
static void http_error(const struct flight *f, long status, struct err *e)
{
	char text[200];
	cJSON *root = NULL;
	const char *said = NULL;
	if (json_parse(buf_text(&f->answer), f->answer.len, 16, &root, NULL) == 0) {
		said = json_get_str(root, "message", json_get_str(root, "detail", NULL));
		said = json_get_str(json_get(root, "error"), "message", said);
	}
	if (said)
		text_copy(text, sizeof text, said);
	else
		text_clean(text, sizeof text, buf_text(&f->answer), f->answer.len);
	cJSON_Delete(root);
	err_set(e, status >= 500 ? ERR_NET : ERR_PROTO, "the server answered HTTP %ld%s%s%s", status,
	        text[0] ? ": " : "", text,
	        status == 404   ? " (neither /generate nor /v1/completions: is this an SGLang or vLLM server?)"
	        : status >= 500 ? " (its log tells more)"
	                        : "");
}

static bool is_missing(long status)
{
	return status == 404 || status == 405 || status == 501;
}

static void judge(struct score *s, struct flight *f, const struct transfer_end *end)
{
	struct chunk *c = &s->chunks[f->chunk];
	struct err why = {0};
	if (f->answer.failed) {
		err_set(&why, ERR_LIMIT, "the answer is larger than %zu bytes", ANSWER_MAX);
	} else if (end->curl_code != CURLE_OK) {
		err_set(&why, ERR_NET, "%s", end->error);
	} else if (end->status == 200) {
		if (endpoints[s->endpoint].parse(buf_text(&f->answer), f->answer.len, &c->ll, &c->tokens, &why) == 0) {
			c->state = DONE;
			s->n_done++;
			return;
		}
	} else if (is_missing(end->status) && s->endpoint == GENERATE) {
		s->other_endpoint = true;
		c->state = TODO;
		return;
	} else {
		http_error(f, end->status, &why);
		/* Log probabilities of a prompt need much memory: an overloaded server may manage one at a time. */
		if (end->status >= 500)
			s->limit = 1;
	}
	chunk_failed(s, f->chunk, &why);
}

static size_t on_body(void *ctx, const char *data, size_t len)
{
	struct flight *f = ctx;
	return buf_add(&f->answer, data, len) ? 0 : len;
}

static void on_done(void *ctx, const struct transfer_end *end)
{
	struct flight *f = ctx;
	f->transfer = NULL;
	f->score->n_flying--;
	judge(f->score, f, end);
}

/* ---- one question ---- */

static void write_generate(struct json_out *j, const struct corpus_chunk *chunk)
{
	json_key(j, "text");
	json_strn(j, chunk->text, chunk->len);
	json_key(j, "sampling_params");
	json_object(j);
	json_key(j, "temperature");
	json_i64(j, 0);
	json_key(j, "max_new_tokens");
	json_i64(j, 1);
	json_object_end(j);
	json_key(j, "return_logprob");
	json_bool(j, true);
	json_key(j, "logprob_start_len");
	json_i64(j, 0);
	json_key(j, "top_logprobs_num");
	json_i64(j, 0);
	json_key(j, "return_text_in_logprobs");
	json_bool(j, false);
}

static void write_echo(struct json_out *j, const char *model, const struct corpus_chunk *chunk)
{
	json_key(j, "model");
	json_str(j, model ? model : "");
	json_key(j, "prompt");
	json_strn(j, chunk->text, chunk->len);
	json_key(j, "temperature");
	json_i64(j, 0);
	json_key(j, "max_tokens");
	json_i64(j, 1);
	json_key(j, "logprobs");
	json_i64(j, 1);
	json_key(j, "seed");
	json_i64(j, 1234);
	json_key(j, "echo");
	json_bool(j, true);
}

static int start(struct score *s, struct flight *f, int index)
{
	const struct corpus_chunk *chunk = &s->spec->corpus->chunks[index];
	struct json_out j;
	buf_clear(&f->body);
	buf_clear(&f->answer);
	json_out_init(&j, &f->body, JSON_COMPACT, false);
	json_object(&j);
	if (s->endpoint == GENERATE)
		write_generate(&j, chunk);
	else
		write_echo(&j, s->spec->model, chunk);
	json_object_end(&j);
	if (f->body.failed)
		return err_set(&s->failed, ERR_LIMIT, "accuracy, chunk %d: the request is larger than %zu bytes",
		        index + 1, BODY_MAX);
	struct transfer_spec spec = {.url = s->url,
	        .method = "POST",
	        .body = buf_text(&f->body),
	        .body_len = f->body.len,
	        .headers = s->headers,
	        .timeout_ms = s->spec->timeout_ms > 0 ? s->spec->timeout_ms : 300000,
	        .connect_timeout_ms = CONNECT_MS,
	        .fresh = true,
	        .on_body = on_body,
	        .on_done = on_done,
	        .ctx = f};
	f->chunk = index;
	struct chunk *c = &s->chunks[index];
	s->retries += c->attempts > 0;
	c->attempts++;
	c->state = FLYING;
	s->n_flying++;
	int rc = loop_start(s->loop, &spec, &f->transfer, NULL, &s->failed);
	if (rc) {
		f->transfer = NULL;
		s->n_flying--;
	}
	return rc;
}

/* Starts what may be started; *wake_ns = when the next one may be tried again, 0 = nothing waits for time. */
static int start_ready(struct score *s, int64_t *wake_ns)
{
	int64_t now = clock_mono_ns();
	*wake_ns = 0;
	for (int i = 0; i < s->spec->corpus->n_chunks && s->n_flying < s->limit; i++) {
		struct chunk *c = &s->chunks[i];
		if (c->state != TODO)
			continue;
		if (c->ready_ns > now) {
			if (*wake_ns == 0 || c->ready_ns < *wake_ns)
				*wake_ns = c->ready_ns;
			continue;
		}
		int free_flight = 0;
		while (s->flights[free_flight].transfer)
			free_flight++;
		int rc = start(s, &s->flights[free_flight], i);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- the measurement ---- */

static int set_endpoint(struct score *s, enum endpoint endpoint, struct err *e)
{
	size_t len = strlen(s->spec->base_url);
	while (len > 0 && s->spec->base_url[len - 1] == '/')
		len--;
	s->endpoint = endpoint;
	int n = snprintf(s->url, sizeof s->url, "%.*s%s", (int)len, s->spec->base_url, endpoints[endpoint].path);
	if (n < 0 || (size_t)n >= sizeof s->url)
		return err_set(e, ERR_USAGE, "the server's URL is too long: %.100s", s->spec->base_url);
	return 0;
}

/* Results of two endpoints are never mixed: what was done is done again. */
static int begin_again(struct score *s, struct err *e)
{
	for (int i = 0; i < FLIGHTS_MAX; i++) {
		if (s->flights[i].transfer)
			loop_abort(s->loop, s->flights[i].transfer);
		s->flights[i].transfer = NULL;
	}
	memset(s->chunks, 0, sizeof s->chunks);
	s->n_done = s->n_flying = 0;
	s->other_endpoint = false;
	memset(&s->failed, 0, sizeof s->failed);
	return set_endpoint(s, ECHO, e);
}

static int stopped(const struct score *s, struct err *e)
{
	return err_set(e, ERR_CANCELLED, "accuracy stopped by the user after %d of %d chunks", s->n_done,
	        s->spec->corpus->n_chunks);
}

/* How long a turn may wait: until the next progress report or the next retry. */
static int64_t turn_wait(const struct score *s, int64_t wake_ns, bool draining)
{
	int64_t until = s->progress_ns;
	if (wake_ns && wake_ns < until)
		until = wake_ns;
	int64_t wait = until - clock_mono_ns();
	if (draining && wait > DRAIN_TURN)
		wait = DRAIN_TURN;
	return wait > 0 ? wait : 0;
}

static int run(struct score *s, struct err *e)
{
	bool draining = false;
	while (s->n_done < s->spec->corpus->n_chunks) {
		int64_t wake_ns = 0;
		enum cancel_level level = cancel_get(s->spec->cancel);
		if (level >= CANCEL_NOW || (level == CANCEL_DRAIN && s->n_flying == 0))
			return stopped(s, e);
		if (level == CANCEL_DRAIN && !draining) {
			draining = true; /* its descriptor stays readable: from here on by looking */
			loop_watch_cancel(s->loop, NULL, NULL);
		}
		int rc = draining ? 0 : start_ready(s, &wake_ns);
		if (!rc && loop_turn(s->loop, turn_wait(s, wake_ns, draining), e) < 0)
			return e && e->code ? e->code : ERR_IO;
		if (s->other_endpoint && (rc = begin_again(s, e)))
			return rc;
		if (s->failed.code)
			return err_set(e, s->failed.code, "%s", s->failed.text);
		report(s, false);
	}
	return 0;
}

static int open_score(struct score *s, struct err *e)
{
	const struct score_spec *spec = s->spec;
	char authorization[1024];
	for (int i = 0; i < FLIGHTS_MAX; i++) {
		s->flights[i].score = s;
		buf_init(&s->flights[i].body, BODY_MAX);
		buf_init(&s->flights[i].answer, ANSWER_MAX);
	}
	s->limit = spec->concurrency < 1 ? 1 : spec->concurrency > FLIGHTS_MAX ? FLIGHTS_MAX : spec->concurrency;
	s->attempts = spec->attempts < 1 ? 1 : spec->attempts;
	int rc = set_endpoint(s, GENERATE, e);
	if (!rc)
		rc = loop_open(&s->loop, e);
	if (!rc)
		rc = loop_pin_host(s->loop, s->url, e);
	if (!rc && spec->cancel)
		rc = loop_watch_cancel(s->loop, spec->cancel, e);
	if (rc)
		return rc;
	s->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (spec->bearer && spec->bearer[0]) {
		int n = snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", spec->bearer);
		if (n < 0 || (size_t)n >= sizeof authorization)
			return err_set(e, ERR_USAGE, "the API key is too long");
		s->headers = curl_slist_append(s->headers, authorization);
	}
	return 0;
}

static void close_score(struct score *s)
{
	if (s->loop)
		loop_close(s->loop);
	curl_slist_free_all(s->headers);
	for (int i = 0; i < FLIGHTS_MAX; i++) {
		buf_free(&s->flights[i].body);
		buf_free(&s->flights[i].answer);
	}
	free(s);
}

int score_run(const struct score_spec *spec, struct ev_accuracy_measured *out, struct err *e)
{
	if (!spec->corpus || spec->corpus->n_chunks <= 0)
		return err_set(e, ERR_USAGE, "there is no corpus to measure accuracy with");
	struct score *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for the accuracy measurement");
	s->spec = spec;
	s->start_ns = clock_mono_ns();
	int rc = open_score(s, e);
	if (!rc) {
		report(s, true);
		rc = run(s, e);
	}
	if (!rc) {
		report(s, true);
		memset(out, 0, sizeof *out);
		out->cell = -1;
		out->tokens = figures(s, &out->bits_per_byte, &out->byte_perplexity, &out->word_perplexity);
		out->documents = s->n_done;
		out->retries = s->retries;
		out->duration_s = (double)(clock_mono_ns() - s->start_ns) / (double)CLOCK_NS_PER_S;
		text_copy(out->endpoint, sizeof out->endpoint, endpoints[s->endpoint].name);
	}
	close_score(s);
	return rc;
}
