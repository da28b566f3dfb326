/* One submission: POST, event id, event stream to its end. What is not certain is called unknown: a second POST would be
 * a second row on the board. */
#include "gradio.h"
#include "../base/clock.h"
#include "../base/json.h"
#include "../base/text.h"
#include "gradio_int.h"
#include "gradio_stream.h"
#include "gradio_table.h"
#include <stdio.h>
#include <string.h>

#define POST_TIMEOUT_MS    30000
#define FOLLOW_TIMEOUT_MS  180000
#define LAST_LOOK_MS       15000 /* a late GET still gets the result at once */
#define STREAMS            2     /* the first one and one more */
#define FOLLOW_TRIES       200
#define FOLLOW_PAUSE_MS    1000
#define CONNECT_TIMEOUT_MS 10000
#define ANSWER_MAX         ((size_t)1 << 20)

/* ---- the stream ---- */

struct follow {
	const struct gradio_call *call;
	struct gradio_reply *reply;
	struct gradio_stream stream;
	int64_t deadline_ns;
	bool done;
};

static void say_complete(struct follow *f, const char *data, size_t len)
{
	cJSON *outputs = NULL;
	const char *text = NULL;
	json_parse_lenient(data, len, GRADIO_JSON_DEPTH, &outputs, NULL);
	if (outputs)
		text = gradio_outputs_text(outputs);
	gradio_say(f->reply, GRADIO_CONFIRMED, "%s", text ? text : "");
	if (outputs)
		f->reply->rank = gradio_outputs_rank(outputs, f->call->team, f->call->conc);
	cJSON_Delete(outputs);
}

/* Errors that tell of the board's trouble and not of its verdict. */
static bool is_verdict(const char *text)
{
	return strncmp(text, "404:", 4) != 0 && !strstr(text, "Server stopped") && !strstr(text, "serializable");
}

/* data of an error: null, a string, or {"error": null or string}. */
static void say_error(struct follow *f, const char *data, size_t len)
{
	char text[200] = "";
	cJSON *json = NULL;
	if (json_parse_lenient(data, len, GRADIO_JSON_DEPTH, &json, NULL) < 0)
		text_clean(text, sizeof text, data, len);
	else if (!cJSON_IsNull(json))
		gradio_detail(data, len, text, sizeof text);
	cJSON_Delete(json);
	if (!text[0])
		gradio_say(f->reply, GRADIO_REFUSED, "the board gave no reason (Gradio 5 hides it)");
	else if (is_verdict(text))
		gradio_say(f->reply, GRADIO_REFUSED, "%s", text);
	else if (strncmp(text, "404:", 4) == 0)
		gradio_say(f->reply, GRADIO_UNKNOWN, "the board no longer knows the event: \"%s\"", text);
	else
		gradio_say(f->reply, GRADIO_UNKNOWN, "the board broke off: \"%s\"", text);
}

static int on_event(void *ctx, const char *event, const char *data, size_t len)
{
	struct follow *f = ctx;
	if (strcmp(event, "complete") == 0)
		say_complete(f, data, len);
	else if (strcmp(event, "error") == 0)
		say_error(f, data, len);
	else
		return 0; /* heartbeat, generating */
	f->done = true;
	return 1;
}

static int on_data(void *ctx, const char *data, size_t len)
{
	struct follow *f = ctx;
	int rc = gradio_stream_feed(&f->stream, data, len);
	if (rc == 0 && clock_mono_ns() >= f->deadline_ns)
		rc = 1;
	return rc;
}

/* The stream ended before the event did. That the call completed is certain once the event's name is there. */
static void take_partial(struct follow *f)
{
	if (f->done || strcmp(f->stream.event, "complete") != 0)
		return;
	gradio_say(f->reply, GRADIO_CONFIRMED, "the board says complete; its answer was cut or too long");
	f->done = true;
}

enum look { LOOK_DONE, LOOK_STREAM_ENDED, LOOK_NO_STREAM, LOOK_CANCELLED };

/* One GET of the event's stream. why: what went wrong, in words. */
static enum look look_once(
        const struct gradio_host *h, struct follow *f, const char *url, int64_t ms, char *why, size_t cap)
{
	struct fetch request = {
	        .url = url,
	        .bearer = h->token,
	        .accept = "text/event-stream",
	        .timeout_ms = ms > 0 ? ms : 1,
	        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
	        .cancel = h->cancel,
	        .on_data = on_data,
	        .ctx = f,
	};
	struct fetch_result r;
	struct err e = {0};
	struct gradio_reply before = *f->reply;
	gradio_stream_init(&f->stream, on_event, f);
	f->deadline_ns = clock_mono_ns() + ms * CLOCK_NS_PER_MS;
	int rc = fetch_run(&request, &r, &e);
	bool streamed = r.end.status == 200 && strncasecmp(r.end.content_type, "text/event-stream", 17) == 0;
	enum look look = LOOK_NO_STREAM;
	if (streamed) {
		take_partial(f);
		look = f->done ? LOOK_DONE : LOOK_STREAM_ENDED;
	} else if (f->done) { /* a page that looked like a stream */
		*f->reply = before;
		f->done = false;
	}
	if (rc == ERR_CANCELLED && look != LOOK_DONE)
		look = LOOK_CANCELLED;
	if (rc < 0)
		text_copy(why, cap, e.text);
	else if (!streamed)
		snprintf(why, cap, "HTTP %ld", r.end.status);
	else
		snprintf(why, cap, "%s", r.stopped ? "no end within the time" : "the stream ended early");
	gradio_stream_free(&f->stream);
	fetch_result_free(&r);
	return look;
}

/* Follows the event to its end. A cut or silent stream is opened once more: a late GET still gets the result. */
static void follow(const struct gradio_host *h, const struct gradio_call *c, struct gradio_reply *reply)
{
	struct follow f = {.call = c, .reply = reply};
	int64_t limit = c->follow_timeout_ms > 0 ? c->follow_timeout_ms : FOLLOW_TIMEOUT_MS;
	int64_t last = limit < LAST_LOOK_MS ? limit : LAST_LOOK_MS;
	int64_t end_ns = clock_mono_ns() + limit * CLOCK_NS_PER_MS;
	char url[512], why[160] = "";
	snprintf(url, sizeof url, "%s%s/call/%s/%s", h->base, h->prefix, h->api, reply->event_id);
	for (int streams = 0, tries = 0; streams < STREAMS && tries < FOLLOW_TRIES; tries++) {
		int64_t left = (end_ns - clock_mono_ns()) / CLOCK_NS_PER_MS;
		if (streams > 0 && left < last)
			left = last;
		enum look look = left > 0 ? look_once(h, &f, url, left, why, sizeof why) : LOOK_NO_STREAM;
		if (look == LOOK_DONE)
			return;
		if (look == LOOK_STREAM_ENDED)
			streams++;
		bool over = look == LOOK_NO_STREAM && clock_mono_ns() >= end_ns;
		if (look == LOOK_CANCELLED ||
		        (streams < STREAMS && !over && cancel_wait(h->cancel, FOLLOW_PAUSE_MS, CANCEL_NOW))) {
			gradio_say(reply, GRADIO_UNKNOWN, "sent, but stopped before the board answered (event %s)",
			        reply->event_id);
			return;
		}
		if (over)
			break;
	}
	gradio_say(reply, GRADIO_UNKNOWN, "sent, but the board did not say how it ended (event %s): %s",
	        reply->event_id, why);
}

/* ---- the POST ---- */

/* Goes into a URL and a journal: letters and digits only. */
static bool plain_id(const char *id)
{
	size_t n = strlen(id);
	return n > 0 && n < sizeof((struct gradio_reply *)0)->event_id &&
	       id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

/* HTTP 200. True when the board gave an event id. */
static bool take_event_id(const struct fetch_result *r, struct gradio_reply *reply)
{
	cJSON *json = NULL;
	if (!gradio_is_json(&r->end)) {
		gradio_say(reply, GRADIO_NOT_SENT, "the Space sleeps or is starting: a page came instead of an answer");
		return false;
	}
	json_parse_lenient(buf_text(&r->body), r->body.len, GRADIO_JSON_DEPTH, &json, NULL);
	const char *id = json_get_str(json, "event_id", "");
	bool ok = plain_id(id);
	if (ok)
		text_set(reply->event_id, sizeof reply->event_id, id);
	else
		gradio_say(reply, GRADIO_UNKNOWN, "the board took the post but gave no event id to follow");
	cJSON_Delete(json);
	return ok;
}

static void say_no_endpoint(const struct gradio_host *h, struct gradio_reply *reply)
{
	gradio_say(reply, GRADIO_REFUSED, "the board has no endpoint /%s: is it the board of this track?", h->api);
}

/* Any status but 200. */
static void judge_status(const struct gradio_host *h, const struct fetch_result *r, struct gradio_reply *reply)
{
	char detail[160];
	int arity;
	long status = r->end.status;
	bool json = gradio_is_json(&r->end);
	gradio_detail(buf_text(&r->body), json ? r->body.len : 0, detail, sizeof detail);
	const char *between = detail[0] ? ": " : "";
	if (gradio_common_refusal(h, &r->end, reply))
		return;
	if (status == 503) {
		if (json)
			gradio_say(
			        reply, GRADIO_NOT_SENT, "the board takes nothing now: HTTP 503%s%s", between, detail);
		else
			gradio_say(reply, GRADIO_NOT_SENT, "the Space sleeps or is starting: HTTP 503");
		reply->retry_after_ms = gradio_retry_after(&r->end);
	} else if (status == 404 || status == 405) {
		say_no_endpoint(h, reply);
	} else if (status >= 400 && status < 500) {
		gradio_say(
		        reply, GRADIO_REFUSED, "the board refuses the values: HTTP %ld%s%s", status, between, detail);
	} else if (status == 500 && !json && gradio_host_info(h, &arity, NULL, 0) == 0) {
		say_no_endpoint(h, reply); /* Gradio's answer to an unknown name */
	} else {
		gradio_say(reply, GRADIO_UNKNOWN, "sent, but the board answered HTTP %ld%s%s", status, between, detail);
	}
}

/* True when it is queued under reply->event_id. */
static bool post(const struct gradio_host *h, const struct gradio_call *c, struct gradio_reply *reply)
{
	char url[512];
	struct fetch_result r;
	struct err e = {0};
	bool queued = false;
	snprintf(url, sizeof url, "%s%s/call/%s", h->base, h->prefix, h->api);
	struct fetch request = {
	        .url = url,
	        .method = "POST",
	        .body = c->payload,
	        .bearer = h->token,
	        .accept = "application/json",
	        .timeout_ms = c->post_timeout_ms > 0 ? c->post_timeout_ms : POST_TIMEOUT_MS,
	        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
	        .max_bytes = ANSWER_MAX,
	        .cancel = h->cancel,
	};
	int rc = fetch_run(&request, &r, &e);
	if (rc == 0 && r.end.status == 200)
		queued = take_event_id(&r, reply);
	else if (rc == 0)
		judge_status(h, &r, reply);
	else if (r.end.sent)
		gradio_say(reply, GRADIO_UNKNOWN, "sent, but no answer came back: %s", e.text);
	else if (rc == ERR_CANCELLED)
		gradio_say(reply, GRADIO_NOT_SENT, "stopped before it was sent");
	else if (rc == ERR_USAGE)
		gradio_say(reply, GRADIO_REFUSED, "%s", e.text);
	else
		gradio_say(reply, GRADIO_NOT_SENT, "the board cannot be reached: %s", e.text);
	fetch_result_free(&r);
	return queued;
}

int gradio_submit(const struct gradio_call *c, struct gradio_reply *reply, struct err *e)
{
	struct gradio_host h;
	struct err refused = {0};
	(void)e;
	memset(reply, 0, sizeof *reply);
	reply->rank = -1;
	if (!gradio_host_init(&h, c->base_url, c->api_name, c->token, c->cancel, reply) || !gradio_host_open(&h, reply))
		return 0;
	if (c->before_post && c->before_post(c->ctx, &refused) != 0) {
		gradio_say(reply, GRADIO_NOT_SENT, "%s", refused.text);
		return 0;
	}
	if (cancel_get(c->cancel) >= CANCEL_NOW) {
		gradio_say(reply, GRADIO_NOT_SENT, "stopped before it was sent");
		return 0;
	}
	if (!post(&h, c, reply))
		return 0;
	if (c->on_event_id)
		c->on_event_id(c->ctx, reply->event_id);
	follow(&h, c, reply);
	return 0;
}
