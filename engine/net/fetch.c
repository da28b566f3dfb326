#include "fetch.h"
#include "../base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX_BYTES  ((size_t)4 << 20)
#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_CONNECT_MS 5000

struct fetching {
	const struct fetch *f;
	struct fetch_result *out;
	struct loop *loop;
	bool done, stop, too_large;
};

static size_t fetch_body(void *ctx, const char *data, size_t len)
{
	struct fetching *w = ctx;
	if (w->f->on_data) {
		w->stop = len > 0 && w->f->on_data(w->f->ctx, data, len) != 0;
		return w->stop ? 0 : len;
	}
	if (buf_add(&w->out->body, data, len) == 0)
		return len;
	w->too_large = true;
	return 0;
}

static void fetch_done(void *ctx, const struct transfer_end *end)
{
	struct fetching *w = ctx;
	w->out->end = *end;
	w->done = true;
}

static void fetch_tick(void *ctx)
{
	struct fetching *w = ctx;
	if (w->f->on_data(w->f->ctx, "", 0) != 0)
		w->stop = true;
	else
		loop_timer(w->loop, clock_mono_ns() + CLOCK_NS_PER_S, fetch_tick, w);
}

static int header_add(struct curl_slist **list, const char *name, const char *value)
{
	char line[4096];
	int n = snprintf(line, sizeof line, "%s: %s", name, value);
	/* A line break in a value would be a header of its own. */
	if (n < 0 || (size_t)n >= sizeof line || strpbrk(value, "\r\n"))
		return -1;
	struct curl_slist *more = curl_slist_append(*list, line);
	if (!more)
		return -1;
	*list = more;
	return 0;
}

static int headers_make(const struct fetch *f, struct curl_slist **out, struct err *e)
{
	char bearer[2048];
	int rc = header_add(out, "User-Agent", "benchtop");
	if (f->accept)
		rc |= header_add(out, "Accept", f->accept);
	if (f->body)
		rc |= header_add(out, "Content-Type", "application/json");
	if (f->bearer && f->bearer[0]) {
		int n = snprintf(bearer, sizeof bearer, "Bearer %s", f->bearer);
		rc |= n < 0 || (size_t)n >= sizeof bearer ? -1 : header_add(out, "Authorization", bearer);
	}
	return rc ? err_set(e, ERR_USAGE, "a request header is too long or has a line break in it (a token?)") : 0;
}

/* Turns until the end, a stop or the cancel. */
static int fetch_wait(struct fetching *w, struct transfer *t, struct err *e)
{
	while (!w->done) {
		if (cancel_get(w->f->cancel) >= CANCEL_NOW) {
			loop_peek(t, &w->out->end);
			loop_abort(w->loop, t);
			return err_set(e, ERR_CANCELLED, "stopped by the user");
		}
		if (w->stop) { /* by a tick: nobody else ends the transfer */
			loop_peek(t, &w->out->end);
			loop_abort(w->loop, t);
			break;
		}
		int rc = loop_turn(w->loop, -1, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int fetch_verdict(struct fetching *w, struct err *e)
{
	struct fetch_result *out = w->out;
	if (w->stop) {
		out->stopped = true;
		out->end.curl_code = CURLE_OK;
		out->end.error[0] = '\0';
		return 0;
	}
	if (w->too_large)
		return err_set(e, ERR_LIMIT, "the answer of %.200s is larger than %zu bytes", w->f->url, out->body.max);
	if (out->end.curl_code != CURLE_OK)
		return err_set(e, ERR_NET, "%s", out->end.error);
	return 0;
}

static int fetch_go(struct fetching *w, struct curl_slist *headers, struct err *e)
{
	const struct fetch *f = w->f;
	struct transfer *t;
	const struct transfer_spec spec = {
	        .url = f->url,
	        .method = f->method ? f->method : "GET",
	        .body = f->body,
	        .body_len = f->body ? strlen(f->body) : 0,
	        .headers = headers,
	        .timeout_ms = f->timeout_ms > 0 ? f->timeout_ms : DEFAULT_TIMEOUT_MS,
	        .connect_timeout_ms = f->connect_timeout_ms > 0 ? f->connect_timeout_ms : DEFAULT_CONNECT_MS,
	        .fresh = true,
	        .on_body = fetch_body,
	        .on_done = fetch_done,
	        .ctx = w,
	};
	int rc = loop_watch_cancel(w->loop, f->cancel, e);
	if (!rc)
		rc = loop_pin_local(w->loop, f->url, e);
	if (!rc)
		rc = loop_start(w->loop, &spec, &t, NULL, e);
	if (rc)
		return rc;
	if (f->on_data)
		loop_timer(w->loop, clock_mono_ns() + CLOCK_NS_PER_S, fetch_tick, w);
	rc = fetch_wait(w, t, e);
	return rc ? rc : fetch_verdict(w, e);
}

int fetch_run(const struct fetch *f, struct fetch_result *out, struct err *e)
{
	struct fetching w = {.f = f, .out = out};
	struct curl_slist *headers = NULL;
	*out = (struct fetch_result){0};
	buf_init(&out->body, f->max_bytes ? f->max_bytes : DEFAULT_MAX_BYTES);
	int rc = loop_open(&w.loop, e);
	if (rc)
		return rc;
	rc = headers_make(f, &headers, e);
	if (!rc)
		rc = fetch_go(&w, headers, e);
	loop_close(w.loop);
	curl_slist_free_all(headers);
	return rc;
}

void fetch_result_free(struct fetch_result *r)
{
	buf_free(&r->body);
}
