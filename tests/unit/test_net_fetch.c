/* One blocking request: answers, errors with a remedy, streams, limits, stop orders. */
#include "../../engine/base/clock.h"
#include "../../engine/net/fetch.h"
#include "../peer/shapes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>

struct place {
	struct peer *peer;
	char url[128];
};

static void place_open(struct place *p, const struct peer_config *cfg, const char *path)
{
	assert_int_equal(peer_start(&p->peer, cfg), 0);
	snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d%s", peer_port(p->peer), path);
}

/* A peer that gives one shape to everything, GETs as well. */
static void shape_open(struct place *p, const char *shape)
{
	static const struct peer_script *script;
	script = peer_shape_script(shape);
	assert_non_null(script);
	place_open(p,
	        &(struct peer_config){.mode = PEER_SCRIPTED, .scripts = &script, .n_scripts = 1, .no_pages = true},
	        "/x");
}

static void page(void **state)
{
	(void)state;
	struct place p;
	struct fetch_result r;
	struct err e;
	place_open(&p, &(struct peer_config){.mode = PEER_NODELAY}, "/v1/models");
	assert_int_equal(fetch_run(&(struct fetch){.url = p.url}, &r, &e), 0);
	assert_int_equal(r.end.status, 200);
	assert_int_equal(r.end.curl_code, CURLE_OK);
	assert_true(r.end.connected && r.end.sent && !r.stopped);
	assert_non_null(strstr(buf_text(&r.body), PEER_MODEL));
	assert_non_null(strstr(r.end.content_type, "json"));
	assert_true(r.end.end_ns > 0);
	fetch_result_free(&r);
	peer_free(p.peer);
}

static void status_is_an_answer(void **state)
{
	(void)state;
	struct place p;
	struct fetch_result r;
	shape_open(&p, "status_503_cut");
	assert_int_equal(fetch_run(&(struct fetch){.url = p.url}, &r, NULL), ERR_NET);
	assert_int_equal(r.end.status, 503);
	fetch_result_free(&r);
	peer_free(p.peer);
	shape_open(&p, "status_500_text");
	assert_int_equal(fetch_run(&(struct fetch){.url = p.url}, &r, NULL), 0);
	assert_int_equal(r.end.status, 500);
	assert_string_equal(buf_text(&r.body), "Internal Server Error");
	fetch_result_free(&r);
	peer_free(p.peer);
	shape_open(&p, "redirect_elsewhere");
	assert_int_equal(fetch_run(&(struct fetch){.url = p.url}, &r, NULL), 0);
	assert_int_equal(r.end.status, 307);
	fetch_result_free(&r);
	peer_free(p.peer);
}

static void headers(void **state)
{
	(void)state;
	static const char answer[] = "HTTP/1.1 429 Too Many Requests\r\nRetry-After:  17 \r\nContent-Length: 0\r\n\r\n";
	struct peer_block block = {.data = answer, .len = sizeof answer - 1};
	struct peer_script script;
	const struct peer_script *scripts = &script;
	const struct peer_request *q;
	struct place p;
	struct fetch_result r;
	assert_int_equal(peer_script_raw(&script, &block, 1), 0);
	place_open(&p,
	        &(struct peer_config){
	                .mode = PEER_SCRIPTED, .scripts = &scripts, .n_scripts = 1, .no_pages = true, .keep_raw = true},
	        "/call");
	const struct fetch f = {.url = p.url,
	        .method = "POST",
	        .body = "{\"data\":[]}",
	        .bearer = "tok",
	        .accept = "text/event-stream"};
	assert_int_equal(fetch_run(&f, &r, NULL), 0);
	assert_int_equal(r.end.status, 429);
	assert_string_equal(r.end.retry_after, "17");
	fetch_result_free(&r);
	peer_stop(p.peer);
	assert_int_equal(peer_requests(p.peer, &q), 1);
	char *raw = calloc(1, q[0].raw_len + 1);
	assert_non_null(raw);
	memcpy(raw, q[0].raw, q[0].raw_len);
	assert_true(strncmp(raw, "POST /call HTTP/1.1\r\n", 21) == 0);
	assert_non_null(strstr(raw, "\r\nAuthorization: Bearer tok\r\n"));
	assert_non_null(strstr(raw, "\r\nAccept: text/event-stream\r\n"));
	assert_non_null(strstr(raw, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(raw, "\r\n\r\n{\"data\":[]}"));
	free(raw);
	peer_free(p.peer);
	peer_script_free(&script);
	const struct fetch bad = {.url = "http://127.0.0.1:1/", .bearer = "a\nb"};
	assert_int_equal(fetch_run(&bad, &r, NULL), ERR_USAGE);
	fetch_result_free(&r);
}

static void nothing_listens(void **state)
{
	(void)state;
	struct place p;
	struct fetch_result r;
	struct err e;
	char want[64];
	place_open(&p, &(struct peer_config){.mode = PEER_REFUSE}, "/health");
	assert_int_equal(fetch_run(&(struct fetch){.url = p.url}, &r, &e), ERR_NET);
	snprintf(want, sizeof want, "nothing listens on 127.0.0.1:%d: start the server", peer_port(p.peer));
	assert_non_null(strstr(e.text, want));
	assert_false(r.end.connected || r.end.sent);
	assert_int_equal(r.end.status, 0);
	fetch_result_free(&r);
	peer_free(p.peer);
}

static void cut_answers(void **state)
{
	(void)state;
	static const char *const shapes[] = {"no_answer", "no_answer_reset", "cut_content_length", "cut_body_reset"};
	for (size_t i = 0; i < 4; i++) {
		struct place p;
		struct fetch_result r;
		struct err e;
		shape_open(&p, shapes[i]);
		assert_int_equal(
		        fetch_run(&(struct fetch){.url = p.url, .method = "POST", .body = "{}"}, &r, &e), ERR_NET);
		assert_true(r.end.connected && r.end.sent && r.end.cut);
		assert_non_null(strstr(e.text, "closed the connection"));
		fetch_result_free(&r);
		peer_free(p.peer);
	}
}

static void time_out(void **state)
{
	(void)state;
	struct place p;
	struct fetch_result r;
	struct err e;
	place_open(&p, &(struct peer_config){.mode = PEER_SILENT}, "/v1/completions");
	assert_int_equal(fetch_run(&(struct fetch){.url = p.url, .body = "{}", .timeout_ms = 150}, &r, &e), ERR_NET);
	assert_int_equal(r.end.curl_code, CURLE_OPERATION_TIMEDOUT);
	assert_true(r.end.sent);
	assert_non_null(strstr(e.text, "did not finish its answer within 0.15 s"));
	fetch_result_free(&r);
	peer_free(p.peer);
}

static void too_large(void **state)
{
	(void)state;
	struct place p;
	struct fetch_result r;
	struct err e;
	shape_open(&p, "huge_line_no_newline");
	assert_int_equal(fetch_run(&(struct fetch){.url = p.url, .max_bytes = 100000}, &r, &e), ERR_LIMIT);
	assert_true(r.body.len <= 100000);
	assert_non_null(strstr(e.text, "100000 bytes"));
	fetch_result_free(&r);
	peer_free(p.peer);
}

struct reader {
	struct buf all;
	int ticks, stop_ticks;
	const char *stop_at;
};

static int reader_take(void *ctx, const char *data, size_t len)
{
	struct reader *r = ctx;
	if (len == 0)
		return ++r->ticks == r->stop_ticks;
	buf_add(&r->all, data, len);
	return r->stop_at && strstr(buf_text(&r->all), r->stop_at) != NULL;
}

static void stream_until_enough(void **state)
{
	(void)state;
	struct place p;
	struct fetch_result r;
	struct reader w = {.stop_at = "two"};
	shape_open(&p, "hang_after_two");
	buf_init(&w.all, 1 << 20);
	assert_int_equal(
	        fetch_run(&(struct fetch){.url = p.url, .on_data = reader_take, .ctx = &w, .timeout_ms = 30000}, &r,
	                NULL),
	        0);
	assert_true(r.stopped);
	assert_int_equal(r.end.status, 200);
	assert_int_equal(r.end.curl_code, CURLE_OK);
	assert_int_equal(r.body.len, 0);
	fetch_result_free(&r);
	peer_free(p.peer);
	/* stopped by a tick, while nothing comes */
	w.stop_at = NULL;
	w.stop_ticks = 1;
	shape_open(&p, "hang_after_two");
	assert_int_equal(
	        fetch_run(&(struct fetch){.url = p.url, .on_data = reader_take, .ctx = &w, .timeout_ms = 30000}, &r,
	                NULL),
	        0);
	assert_true(r.stopped);
	assert_int_equal(r.end.status, 200);
	assert_true(r.end.sent);
	fetch_result_free(&r);
	peer_free(p.peer);
	/* to its own end */
	buf_clear(&w.all);
	w.stop_ticks = -1;
	shape_open(&p, "plain");
	assert_int_equal(fetch_run(&(struct fetch){.url = p.url, .on_data = reader_take, .ctx = &w}, &r, NULL), 0);
	assert_false(r.stopped);
	assert_non_null(strstr(buf_text(&w.all), "[DONE]"));
	fetch_result_free(&r);
	peer_free(p.peer);
	buf_free(&w.all);
}

struct stopper {
	struct peer *peer;
	struct cancel cancel;
};

static void *stopper_main(void *ctx)
{
	struct stopper *s = ctx;
	peer_wait_received(s->peer, 1, 20000);
	cancel_raise(&s->cancel, CANCEL_DRAIN); /* not enough to break off a request */
	cancel_raise(&s->cancel, CANCEL_NOW);
	return NULL;
}

static void stop_order(void **state)
{
	(void)state;
	struct place p;
	struct fetch_result r;
	struct err e;
	struct stopper s;
	pthread_t t;
	place_open(&p, &(struct peer_config){.mode = PEER_SILENT}, "/v1/completions");
	s.peer = p.peer;
	assert_int_equal(cancel_open(&s.cancel, NULL), 0);
	assert_int_equal(pthread_create(&t, NULL, stopper_main, &s), 0);
	const struct fetch f = {.url = p.url, .body = "{}", .cancel = &s.cancel, .timeout_ms = 60000};
	assert_int_equal(fetch_run(&f, &r, &e), ERR_CANCELLED);
	assert_true(r.end.sent);
	fetch_result_free(&r);
	pthread_join(t, NULL);
	assert_int_equal(fetch_run(&f, &r, &e), ERR_CANCELLED); /* raised before */
	fetch_result_free(&r);
	cancel_close(&s.cancel);
	peer_free(p.peer);
}

static void bad_urls(void **state)
{
	(void)state;
	static const char *const urls[] = {
	        "", "nothing", "ftp://127.0.0.1/x", "file:///etc/hostname", "http://", "http://127.0.0.1:99999/"};
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		struct fetch_result r;
		struct err e;
		assert_int_equal(fetch_run(&(struct fetch){.url = urls[i]}, &r, &e), ERR_USAGE);
		assert_non_null(strstr(e.text, "http://127.0.0.1:8888"));
		fetch_result_free(&r);
	}
}

static void lateness_figures(void **state)
{
	(void)state;
	struct loop_lateness h = {0};
	assert_true(isnan(loop_lateness_percentile_ms(&h, 50)));
	h.turns = 100;
	h.hist[0] = 98;
	h.hist[63] = 2;
	assert_true(loop_lateness_percentile_ms(&h, 50) < 0.001);
	assert_true(loop_lateness_percentile_ms(&h, 99) > 30);
	double before = 0;
	for (int b = 0; b < 64; b++) {
		h = (struct loop_lateness){.turns = 1};
		h.hist[b] = 1;
		double ms = loop_lateness_percentile_ms(&h, 50);
		assert_true(ms > before && ms < before * 1.6 + 0.002);
		before = ms;
	}
}

static int group_setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK;
}

static int group_teardown(void **state)
{
	(void)state;
	curl_global_cleanup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(page),
	        cmocka_unit_test(status_is_an_answer),
	        cmocka_unit_test(headers),
	        cmocka_unit_test(nothing_listens),
	        cmocka_unit_test(cut_answers),
	        cmocka_unit_test(time_out),
	        cmocka_unit_test(too_large),
	        cmocka_unit_test(stream_until_enough),
	        cmocka_unit_test(stop_order),
	        cmocka_unit_test(bad_urls),
	        cmocka_unit_test(lateness_figures),
	};
	return cmocka_run_group_tests_name("net_fetch", tests, group_setup, group_teardown);
}
