/* stream: a streaming completion: one SSE event a token at absolute modelled times.
 *
 * All events that are due go out in one send: a template (everything but the word) is prepared when the
 * stream starts and copied. What is not a plain token event (usage, [DONE], faults) goes through
 * `pending`. A stream lives as long as its request; it is in sim->streams until its body has ended. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "completions.h"
#include "model.h"

#define DONE_EVENT "data: [DONE]\n\n"
#define WORD_SLACK 16 /* a word is copied as 16 bytes whatever its length */

static const char SUFFIX[] = "\",\"logprobs\":null,\"finish_reason\":null,\"matched_stop\":null}],\"usage\":null}\n\n";

enum phase { PHASE_TOKENS, PHASE_STALLED, PHASE_ENDED, PHASE_CUT };

struct stream {
	LIST_ENTRY(stream) link;
	struct request *rq;
	enum phase phase;
	uint64_t prompt_tokens, target, sent;
	uint64_t due; /* of the next token */
	uint64_t random;
	uint64_t serial;
	uint32_t faults;
	uint64_t fault_at; /* token before which mid-stream faults show; TIME_NEVER = none left */
	bool include_usage, decoding, prefilling, aborted, counted;
	struct buf prefix; /* an event up to its word */
	struct buf pending;
	size_t pending_at;
};

/* ---- counters ---- */

static void first_token(struct stream *s)
{
	struct sim *sim = s->rq->sim;

	if (s->prefilling)
		sim->prefilling--;
	s->prefilling = false;
	sim->decoding++;
	s->decoding = true;
	serverlog_decoding(&sim->log);
}

/* The body is complete or will never be: out of all counters. Safe to call twice. */
static void stream_leave(struct stream *s)
{
	struct sim *sim = s->rq->sim;

	if (!s->counted)
		return;
	s->counted = false;
	LIST_REMOVE(s, link);
	sim->prefilling -= s->prefilling;
	sim->decoding -= s->decoding;
	s->prefilling = s->decoding = false;
	sim->live_tokens -= s->prompt_tokens + s->sent;
	sim->record.in_flight--;
}

static void stream_free(struct request *rq, void *state)
{
	struct stream *s = state;

	if (s->phase != PHASE_ENDED)
		rq->sim->record.disconnected++;
	stream_leave(s);
	buf_free(&s->prefix);
	buf_free(&s->pending);
	free(s);
}

/* ---- events that are not plain tokens ---- */

static void pend_event(struct stream *s, const char *word, const char *finish)
{
	buf_add(&s->pending, s->prefix.data, s->prefix.len);
	buf_text(&s->pending, word);
	buf_format(&s->pending,
	        "\",\"logprobs\":null,\"finish_reason\":%s%s%s,\"matched_stop\":null}],"
	        "\"usage\":null}\n\n",
	        finish ? "\"" : "", finish ? finish : "null", finish ? "\"" : "");
}

static void pend_usage(struct stream *s)
{
	const char *choices = strstr(s->prefix.data, "\"choices\":");
	uint64_t prompt = s->prompt_tokens + (s->faults & FAULT_BIT(WRONG_COUNT) ? 7 : 0);

	buf_add(&s->pending, s->prefix.data, (size_t)(choices - s->prefix.data));
	buf_format(&s->pending,
	        "\"choices\":[],\"usage\":{\"prompt_tokens\":%llu,\"total_tokens\":%llu,"
	        "\"completion_tokens\":%llu,\"prompt_tokens_details\":null}}\n\n",
	        (unsigned long long)prompt, (unsigned long long)(prompt + s->sent), (unsigned long long)s->sent);
}

static void stream_end(struct stream *s, enum phase phase)
{
	struct sim *sim = s->rq->sim;

	s->phase = phase;
	if (phase == PHASE_ENDED) {
		sim->record.finished += !s->aborted;
		sim->record.aborted += s->aborted;
	}
	stream_leave(s);
}

static void stream_tail(struct stream *s)
{
	if (s->include_usage && !(s->faults & FAULT_BIT(NO_USAGE)))
		pend_usage(s);
	buf_text(&s->pending, DONE_EVENT);
	stream_end(s, PHASE_ENDED);
}

static void count_token(struct stream *s, uint64_t itl)
{
	struct sim *sim = s->rq->sim;

	s->sent++;
	sim->generated++;
	sim->record.completion_tokens++;
	sim->live_tokens++;
	s->due += model_itl_jitter(sim, itl, &s->random);
}

static const struct prompt_word *next_word(const struct stream *s)
{
	return &prompt_words[(s->sent + s->serial * 11) % PROMPT_WORDS];
}

static void last_token(struct stream *s)
{
	pend_event(s, next_word(s)->text, s->faults & FAULT_BIT(SHORT) ? "stop" : "length");
	if (!s->sent)
		first_token(s);
	count_token(s, 0);
	stream_tail(s);
}

/* ---- faults in mid-stream ---- */

static void mid_stream_fault(struct stream *s)
{
	s->fault_at = TIME_NEVER;
	if (s->faults & FAULT_BIT(DIE))
		_exit(137);
	if (s->faults & FAULT_BIT(GARBAGE))
		buf_text(&s->pending, "data: {\"id\":\"5f\",\"object\":\"text_comp, oops]\n\n");
	if (s->faults & FAULT_BIT(ERROR_OBJECT)) {
		buf_text(&s->pending,
		        "data: {\"error\": {\"object\": \"error\", \"message\": \"simulated failure "
		        "in mid-stream\", \"type\": \"InternalServerError\", \"param\": null, \"code\": 500}}\n\n" DONE_EVENT);
		stream_end(s, PHASE_ENDED);
	} else if (s->faults & FAULT_BIT(CUT)) {
		buf_add(&s->pending, s->prefix.data, s->prefix.len / 2);
		stream_end(s, PHASE_CUT);
	} else if (s->faults & FAULT_BIT(STALL)) {
		s->phase = PHASE_STALLED;
	}
}

/* ---- the flow ---- */

/* Copies the events that are due. Stops at the end, at a fault, or when `max` is full. */
static size_t emit_tokens(struct stream *s, char *out, size_t max, uint64_t now)
{
	const size_t fixed = s->prefix.len + sizeof SUFFIX - 1;
	const uint64_t itl = model_itl(s->rq->sim);
	size_t n = 0;

	while (s->due <= now && s->sent + 1 < s->target && s->sent != s->fault_at && max - n >= fixed + WORD_SLACK) {
		const struct prompt_word *word = next_word(s);

		memcpy(out + n, s->prefix.data, s->prefix.len);
		n += s->prefix.len;
		memcpy(out + n, word->text, WORD_SLACK);
		n += word->len;
		memcpy(out + n, SUFFIX, sizeof SUFFIX - 1);
		n += sizeof SUFFIX - 1;
		if (!s->sent)
			first_token(s);
		count_token(s, itl);
	}
	return n;
}

/* One step that is not the fast path: false when there is nothing to do before s->due. */
static bool special_step(struct stream *s, uint64_t now)
{
	if (s->aborted) {
		pend_event(s, "", "abort");
		stream_tail(s);
		return true;
	}
	if (s->due > now)
		return false;
	if (s->sent == s->fault_at) {
		mid_stream_fault(s);
	} else if (s->sent + 1 >= s->target) {
		last_token(s);
	} else {
		pend_event(s, next_word(s)->text, NULL);
		if (!s->sent)
			first_token(s);
		count_token(s, model_itl(s->rq->sim));
	}
	return true;
}

static size_t copy_pending(struct stream *s, char *out, size_t max)
{
	size_t n = s->pending.len - s->pending_at;

	if (n > max)
		n = max;
	if (n > 1 && s->faults & FAULT_BIT(DRIP))
		n = 1;
	if (n)
		memcpy(out, s->pending.data + s->pending_at, n);
	s->pending_at += n;
	if (s->pending_at == s->pending.len)
		s->pending.len = s->pending_at = 0;
	return n;
}

static ssize_t stream_pull(struct request *rq, char *out, size_t max)
{
	struct stream *s = rq->state;
	const bool drip = s->faults & FAULT_BIT(DRIP);
	uint64_t now = clock_now();
	size_t n = 0;

	for (;;) {
		if (s->pending.failed)
			return PULL_CUT;
		if (s->pending.len) {
			n += copy_pending(s, out + n, max - n);
			if (drip || s->pending.len)
				return (ssize_t)n;
		}
		if (s->phase == PHASE_ENDED || s->phase == PHASE_CUT)
			return n ? (ssize_t)n : s->phase == PHASE_ENDED ? PULL_END : PULL_CUT;
		if (s->phase == PHASE_STALLED && !s->aborted) {
			rq->wake_at = TIME_NEVER;
			return (ssize_t)n;
		}
		if (!drip && !s->aborted) {
			size_t more = emit_tokens(s, out + n, max - n, now);

			n += more;
			if (more && max - n < s->prefix.len + sizeof SUFFIX + WORD_SLACK)
				return (ssize_t)n;
		}
		if (!special_step(s, now)) {
			rq->wake_at = s->due;
			return (ssize_t)n;
		}
	}
}

/* Which faults show, and where in the stream. */
static void stream_faults(struct stream *s, uint32_t faults)
{
	struct sim *sim = s->rq->sim;

	s->faults = faults;
	s->fault_at = TIME_NEVER;
	if (!faults)
		return;
	sim->record.faults++;
	if (faults & FAULT_BIT(SHORT))
		s->target = s->target > 3 ? s->target * 3 / 4 : 1;
	if (faults &
	        (FAULT_BIT(DIE) | FAULT_BIT(GARBAGE) | FAULT_BIT(ERROR_OBJECT) | FAULT_BIT(CUT) | FAULT_BIT(STALL)))
		s->fault_at = s->target / 2;
	if (faults & FAULT_BIT(SLOW_FIRST))
		s->due += model_scale(sim, 5000);
}

static void stream_template(struct stream *s, const struct completion *ask)
{
	char id[33];

	completion_id(s->rq->sim, ask->serial, id);
	buf_format(&s->prefix, "data: {\"id\":\"%s\",\"object\":\"text_completion\",\"created\":%lld,\"model\":", id,
	        (long long)time(NULL));
	buf_json_string(&s->prefix, ask->model, strlen(ask->model), false);
	buf_text(&s->prefix, ",\"choices\":[{\"index\":0,\"text\":\"");
}

void stream_start(struct request *rq, const struct completion *ask)
{
	struct sim *sim = rq->sim;
	struct stream *s = calloc(1, sizeof *s);
	uint64_t now = clock_now();

	if (!s) {
		http_drop(rq);
		return;
	}
	s->rq = rq;
	s->serial = ask->serial;
	s->prompt_tokens = ask->prompt.tokens;
	s->target = ask->max_tokens;
	s->include_usage = ask->include_usage;
	s->random = sim_mix(sim->opt.seed ^ sim_mix(ask->serial)) | 1;
	stream_template(s, ask);
	if (s->prefix.failed) {
		buf_free(&s->prefix);
		free(s);
		http_drop(rq);
		return;
	}
	sim->prefilling++;
	s->prefilling = s->counted = true;
	s->due = now + model_ttft(sim, s->prompt_tokens, ask->serial);
	stream_faults(s, faults_draw(&sim->faults, CLASS_STREAM, now));
	LIST_INSERT_HEAD(&sim->streams, s, link);
	sim->live_tokens += s->prompt_tokens;
	if (++sim->record.in_flight > sim->record.in_flight_max)
		sim->record.in_flight_max = sim->record.in_flight;
	serverlog_arrival(&sim->log, s->prompt_tokens);
	rq->state = s;
	rq->state_free = stream_free;
	http_stream(rq, "text/event-stream; charset=utf-8", stream_pull);
}

unsigned stream_abort_all(struct sim *sim)
{
	struct stream *s;
	unsigned count = 0;

	LIST_FOREACH(s, &sim->streams, link)
	{
		s->aborted = true;
		count++;
		http_wake(s->rq); /* cppcheck-suppress uninitvar */
	}
	return count;
}
