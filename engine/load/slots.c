/* Requests: bodies, starts, what the stream says, and how each one ended. */
#include "../base/clock.h"
#include "../base/json.h"
#include "../base/text.h"
#include "load_int.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void load_fail(struct load *ld, int code, const char *fmt, ...)
{
	if (ld->ended)
		return;
	char text[sizeof ld->why.text];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ld->ended = true;
	ld->why_code = err_set(&ld->why, code, "%s", text);
}

int body_build(struct load *ld, uint32_t request, struct buf *b)
{
	const struct prompt_set *ps = ld->spec->prompts;
	buf_clear(b);
	buf_add(b, ld->body_head.data, ld->body_head.len);
	prompts_json(ps, request, b);
	buf_printf(b, ",\"temperature\":0.0,\"best_of\":1,\"max_tokens\":%u", prompts_output_len(ps, request));
	return buf_add(b, ld->body_tail.data, ld->body_tail.len);
}

__attribute__((format(printf, 3, 4))) static int slot_fail(
        struct slot *s, enum completion_error error, const char *fmt, ...)
{
	if (s->error != COMPLETION_OK)
		return -1;
	char text[sizeof s->text + 256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	s->error = error;
	text_copy(s->text, sizeof s->text, text);
	return -1;
}

static int token_event(struct slot *s, const char *p, size_t len)
{
	struct load *ld = s->load;
	int64_t now = clock_mono_ns();
	if (s->events == s->events_max)
		return slot_fail(s, COMPLETION_PROTOCOL,
		        "the stream goes on beyond %u events: the server ignores max_tokens", s->events_max);
	if (s->events++ && !ld->warmup) {
		samples_add(ld->samples, s->request, now - s->last_ns);
		hist_add(&ld->itl, now - s->last_ns);
	} else if (!ld->warmup) {
		ld->rows[s->request].ttft_ns = now - s->start_ns;
		hist_add(&ld->ttft, now - s->start_ns);
	}
	s->last_ns = now;
	if (ld->spec->token && !ld->warmup)
		ld->spec->token(ld->spec->ctx, s->request, now, p, len);
	ld->events_total++;
	if (++s->in_read > 1)
		ld->bundled += s->in_read == 2 ? 2 : 1;
	return 0;
}

static int on_payload(void *ctx, const char *p, size_t len)
{
	struct slot *s = ctx;
	struct completion_event ev;
	if (len == 6 && memcmp(p, "[DONE]", 6) == 0)
		return 0;
	completion_scan(p, len, &ev);
	if (ev.malformed)
		return slot_fail(s, COMPLETION_PROTOCOL, "a line of the stream is no JSON object: %.*s",
		        (int)(len < 120 ? len : 120), p);
	if (ev.error)
		return slot_fail(s, COMPLETION_PROTOCOL, "the server reports an error: %.*s",
		        (int)(ev.message_len < 200 ? ev.message_len : 200),
		        ev.message ? ev.message : "(without a message)");
	if (ev.usage) {
		s->completion_tokens = ev.completion_tokens;
		s->prompt_tokens = ev.prompt_tokens;
	}
	return ev.token ? token_event(s, p, len) : 0;
}

static size_t on_body(void *ctx, const char *data, size_t len)
{
	struct slot *s = ctx;
	struct load *ld = s->load;
	ld->received = s->received = true;
	if (s->head_len < sizeof s->head) {
		size_t n = sizeof s->head - s->head_len;
		if (n > len)
			n = len;
		memcpy(s->head + s->head_len, data, n);
		s->head_len += n;
	}
	uint64_t read = loop_read_number(ld->loop);
	if (read != s->read)
		s->in_read = 0;
	s->read = read;
	int rc = sse_feed(&s->sse, data, len, on_payload, s);
	if (rc == 0)
		return len;
	slot_fail(s, COMPLETION_PROTOCOL, "a line of the stream is longer than %d bytes", SSE_LINE_MAX);
	return len + 1; /* also for len 0 something else than len */
}

static const char *status_phrase(long status)
{
	static const struct {
		long status;
		const char *text;
	} list[] = {{400, " Bad Request"}, {401, " Unauthorized"}, {403, " Forbidden"}, {404, " Not Found"},
	        {408, " Request Timeout"}, {413, " Content Too Large"}, {422, " Unprocessable Content"},
	        {429, " Too Many Requests"}, {500, " Internal Server Error"}, {502, " Bad Gateway"},
	        {503, " Service Unavailable"}, {504, " Gateway Timeout"}};
	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
		if (list[i].status == status)
			return list[i].text;
	return "";
}

/* The message of an error body, else its beginning. */
static void status_fail(struct slot *s, long status)
{
	struct completion_event ev;
	char text[200];
	completion_scan(s->head, s->head_len, &ev);
	if (ev.message)
		text_clean(text, sizeof text, ev.message, ev.message_len);
	else
		text_clean(text, sizeof text, s->head, s->head_len);
	s->error = COMPLETION_OK;
	slot_fail(s, COMPLETION_HTTP, "the server answers HTTP %ld%s%s%s", status, status_phrase(status),
	        text[0] ? ": " : "", text);
}

/* What libcurl could not read is the server's fault as well, but no cut. */
static enum completion_error transport_kind(const struct transfer_end *end)
{
	if (!end->connected)
		return COMPLETION_CONNECT;
	return end->cut || end->curl_code == CURLE_OPERATION_TIMEDOUT ? COMPLETION_CUT : COMPLETION_PROTOCOL;
}

/* Decides what a request came to; s->error says it afterwards. */
static void slot_judge(struct slot *s, const struct transfer_end *end)
{
	uint32_t asked = prompts_output_len(s->load->spec->prompts, s->request);
	if (end->status != 0 && end->status != 200) {
		status_fail(s, end->status);
		return;
	}
	if (s->error != COMPLETION_OK)
		return;
	if (end->curl_code != CURLE_OK) {
		slot_fail(s, transport_kind(end), "%s", end->error);
		return;
	}
	if (sse_end(&s->sse, on_payload, s))
		return; /* the last line was bad; its sentence is there */
	if (s->events == 0)
		slot_fail(s, COMPLETION_PROTOCOL, "the answer holds no token: is this a completions server?");
	else if (s->completion_tokens < 0)
		slot_fail(s, COMPLETION_USAGE, "the answer does not say how many tokens it has (no usage)");
	else if (s->completion_tokens < asked)
		slot_fail(s, COMPLETION_USAGE, "only %lld of %u tokens came: does the server heed ignore_eos?",
		        (long long)s->completion_tokens, asked);
}

static void row_finish(struct load *ld, struct slot *s)
{
	struct load_row *row = &ld->rows[s->request];
	row->error = (uint8_t)s->error;
	row->events = s->events;
	row->tokens_out = s->completion_tokens > 0 ? (uint32_t)s->completion_tokens : 0;
	row->prompt_tokens_server = (int32_t)s->prompt_tokens;
	ld->events_done += s->events;
	ld->tokens_expected -= prompts_output_len(ld->spec->prompts, s->request);
	if (s->error != COMPLETION_OK) {
		samples_discard(ld->samples, s->request);
		return;
	}
	row->e2el_ns = s->last_ns - s->start_ns;
	ld->tokens_in_done += row->tokens_in;
	ld->tokens_out_done += row->tokens_out;
	hist_add(&ld->e2el, row->e2el_ns);
	if (row->tokens_out > 1)
		hist_add(&ld->tpot, (row->e2el_ns - row->ttft_ns) / (int64_t)(row->tokens_out - 1));
}

static void failure_note(struct load *ld, const struct slot *s)
{
	struct failures *f = &ld->fail;
	uint64_t conc = (uint64_t)ld->spec->conc, failed = ld->finished - ld->completed;
	f->n[s->error]++;
	if (failed == 1) {
		f->first_request = s->request;
		char text[sizeof s->text + 32];
		snprintf(text, sizeof text, "request %u: %s", s->request, s->text);
		text_copy(f->first, sizeof f->first, text);
	}
	if (ld->completed > 0 || ld->warmup)
		return;
	if (f->n[COMPLETION_CONNECT] == failed && failed >= (conc > 8 ? conc : 8))
		load_fail(ld, ERR_NET, "%s (the first %llu requests found no connection)", s->text,
		        (unsigned long long)failed);
	else if (failed >= 2 * conc)
		load_fail(
		        ld, ERR_PROTO, "the first %llu requests all failed; %s", (unsigned long long)failed, f->first);
}

static void slot_free(struct load *ld, struct slot *s, int64_t now)
{
	s->transfer = NULL;
	ld->free_slots[ld->n_free++] = (int)(s - ld->slots);
	live_slots(ld, now, -1);
}

/* The request is over, whatever it came to. */
static void slot_finish(struct load *ld, struct slot *s, int64_t end_ns)
{
	slot_free(ld, s, end_ns);
	ld->finished++;
	if (s->error == COMPLETION_OK)
		ld->completed++;
	uint32_t conc = (uint32_t)ld->spec->conc;
	ld->ends[(ld->ends_first + ld->ends_n++) % conc] = end_ns;
	if (!ld->warmup)
		row_finish(ld, s);
	if (s->error != COMPLETION_OK)
		failure_note(ld, s);
}

static void on_done(void *ctx, const struct transfer_end *end)
{
	struct slot *s = ctx;
	struct load *ld = s->load;
	ld->received = true;
	slot_judge(s, end);
	slot_finish(ld, s, end->end_ns);
}

void slot_give_up(struct load *ld, struct slot *s, double seconds)
{
	loop_abort(ld->loop, s->transfer);
	slot_fail(s, COMPLETION_CUT, "nothing came on its stream for %.3g s, while it was open", seconds);
	slot_finish(ld, s, clock_mono_ns());
}

static void slot_reset(struct load *ld, struct slot *s, uint32_t request)
{
	uint32_t asked = prompts_output_len(ld->spec->prompts, request);
	sse_reset(&s->sse);
	s->request = request;
	s->events = s->in_read = 0;
	s->events_max = asked > (UINT32_MAX - 64) / LOAD_EVENTS_FACTOR ? UINT32_MAX : asked * LOAD_EVENTS_FACTOR + 64;
	s->prompt_tokens = s->completion_tokens = -1;
	s->error = COMPLETION_OK;
	s->text[0] = '\0';
	s->head_len = 0;
	s->received = false;
}

/* The body of a request, ready-made or made now. */
static int slot_body(struct load *ld, struct slot *s)
{
	if (ld->warmup)
		return body_build(ld, 0, &s->body);
	struct buf *ready = &ld->ready[s->request % (uint32_t)ld->spec->conc];
	if (s->request >= ld->built) {
		ld->built = s->request + 1;
		if (body_build(ld, s->request, ready))
			return ERR_NOMEM;
	}
	struct buf own = s->body;
	s->body = *ready;
	*ready = own;
	return 0;
}

static void start_note(struct load *ld, struct slot *s)
{
	if (ld->ends_n) {
		int64_t since = ld->ends[ld->ends_first];
		ld->ends_first = (ld->ends_first + 1) % (uint32_t)ld->spec->conc;
		ld->ends_n--;
		if (!ld->warmup)
			ld->gaps[ld->n_gaps++] = (double)(s->start_ns - since) / 1e9;
	}
	if (ld->warmup)
		return;
	ld->rows[s->request].started = true;
	ld->rows[s->request].start_ns = s->start_ns - ld->begin_ns;
}

int slot_start(struct load *ld, struct err *e)
{
	uint32_t request = ld->warmup ? 0 : ld->next;
	struct slot *s = &ld->slots[ld->free_slots[ld->n_free - 1]];
	slot_reset(ld, s, request);
	int rc = slot_body(ld, s);
	if (!rc && !ld->warmup)
		rc = samples_begin(ld->samples, request, prompts_output_len(ld->spec->prompts, request));
	if (rc)
		return err_set(e, ERR_NOMEM, "no memory for request %u", request);
	const struct transfer_spec spec = {
	        .url = ld->url,
	        .method = "POST",
	        .body = s->body.data,
	        .body_len = s->body.len,
	        .headers = ld->headers,
	        .fresh = true,
	        .on_body = on_body,
	        .on_done = on_done,
	        .ctx = s,
	};
	rc = loop_start(ld->loop, &spec, &s->transfer, &s->start_ns, e);
	if (rc)
		return rc;
	ld->n_free--;
	ld->next++;
	s->received_ns = s->start_ns;
	live_slots(ld, s->start_ns, 1);
	if (ld->in_flight > ld->in_flight_max && !ld->warmup)
		ld->in_flight_max = ld->in_flight;
	start_note(ld, s);
	return 0;
}

void slots_abort(struct load *ld)
{
	for (int i = 0; i < ld->spec->conc; i++) {
		struct slot *s = &ld->slots[i];
		if (!s->transfer)
			continue;
		loop_abort(ld->loop, s->transfer);
		slot_free(ld, s, clock_mono_ns());
		if (ld->warmup)
			continue;
		s->error = COMPLETION_STOPPED;
		row_finish(ld, s);
	}
}
