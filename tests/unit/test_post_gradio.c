/* Gradio's protocol: the stream's framing, the table reader, and every way a board can answer a submission. */
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/post/gradio.h"
#include "../../engine/post/gradio_stream.h"
#include "../../engine/post/gradio_table.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test_post_util.h"

#define TEAM "Rocket Team"
#define PAYLOAD                                                                                                        \
	"{\"data\": [\"" TEAM                                                                                          \
	"\", 16, 15979.6, 254.315, 10407, 344.564, 1.53547, 0.738078, 70.028, 83.567, 0.837986, "                      \
	"0.4491, 1.3652, 3.2601]}"

/* ---- framing ---- */

struct heard {
	char text[512];
	size_t at;
	int stop_after; /* events */
};

static int hear(void *ctx, const char *event, const char *data, size_t len)
{
	struct heard *h = ctx;
	assert_int_equal(strlen(data), len);
	int n = snprintf(h->text + h->at, sizeof h->text - h->at, "[%s|%s]", event, data);
	h->at += (size_t)n;
	return h->stop_after && --h->stop_after == 0 ? 7 : 0;
}

static void frames(const char *bytes, size_t step, const char *want)
{
	struct heard h = {0};
	struct gradio_stream s;
	gradio_stream_init(&s, hear, &h);
	for (size_t i = 0, n = strlen(bytes); i < n; i += step)
		assert_int_equal(gradio_stream_feed(&s, bytes + i, n - i < step ? n - i : step), 0);
	gradio_stream_free(&s);
	assert_string_equal(h.text, want);
}

static void stream_is_cut_into_events(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	        {"event: complete\ndata: [1]\n\n", "[complete|[1]]"},
	        {"event: complete\r\ndata: [1]\r\n\r\nevent: x\r\ndata:2\r\n\r\n", "[complete|[1]][x|2]"},
	        {"event: a\rdata: 1\r\revent: b\rdata: 2\r\r", "[a|1][b|2]"},
	        {": comment\n\nevent: a\ndata: 1\ndata: 2\ndata\n\n", "[a|1\n2\n]"},
	        {"\xef\xbb\xbf"
	         "data: 1\n\n",
	                "[message|1]"},
	        {"event: a\n\ndata: 1\n\n", "[message|1]"}, /* an event without data is none */
	        {"id: 3\nretry: 5\nevent:  two\ndata:  x\n\n", "[ two| x]"},
	        {"event: a\ndata: unfinished", ""},
	        {"event: a\ndata: 1\n", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t step = 1; step < 5; step++)
			frames(cases[i][0], step, cases[i][1]);
}

static void stream_stops_when_told(void **state)
{
	(void)state;
	struct heard h = {.stop_after = 1};
	struct gradio_stream s;
	const char *bytes = "data: 1\n\ndata: 2\n\n";
	gradio_stream_init(&s, hear, &h);
	assert_int_equal(gradio_stream_feed(&s, bytes, strlen(bytes)), 7);
	assert_string_equal(h.text, "[message|1]");
	gradio_stream_free(&s);
}

static void stream_is_bounded(void **state)
{
	(void)state;
	struct heard h = {0};
	struct gradio_stream s;
	static char block[65536];
	memset(block, 'x', sizeof block);
	gradio_stream_init(&s, hear, &h);
	assert_int_equal(gradio_stream_feed(&s, "event: complete\ndata: ", 22), 0);
	int rc = 0;
	for (int i = 0; i < 20 && rc == 0; i++)
		rc = gradio_stream_feed(&s, block, sizeof block);
	assert_int_equal(rc, ERR_LIMIT);
	assert_string_equal(s.event, "complete");
	gradio_stream_free(&s);
}

/* ---- tables ---- */

static int64_t rank_in(const char *outputs, const char *team, int64_t conc)
{
	cJSON *json;
	struct err e = {0};
	if (json_parse_lenient(outputs, strlen(outputs), 32, &json, &e) < 0)
		fail_msg("%s in %s", e.text, outputs);
	int64_t rank = gradio_outputs_rank(json, team, conc);
	cJSON_Delete(json);
	return rank;
}

static void tables_of_every_form(void **state)
{
	(void)state;
	static const struct {
		const char *outputs;
		int64_t rank;
	} cases[] = {
	        {"[\"ok\", {\"headers\":[\"Rank\",\"Team\",\"CONC\"],\"data\":[[1,\"B\",16],[7,\"A\",16]],"
	         "\"metadata\":null}]",
	                7},
	        /* no rank column: the place among the rows of that CONC */
	        {"[{\"headers\":[\"Team\",\"CONC\"],\"data\":[[\"B\",4],[\"C\",16],[\"A\",4],[\"A\",16]]}]", 2},
	        {"[{\"headers\":[\"Team\"],\"value\":{\"headers\":[\"#\",\"Team Name\",\"Concurrency\"],"
	         "\"data\":[[\"#3\",\" A \",\"16\"]]},\"__type__\":\"update\"}]",
	                3},
	        /* several rows: the best */
	        {"[{\"headers\":[\"Rank\",\"Team\",\"CONC\"],\"data\":[[4,\"A\",16],[2,\"A\",16],[9,\"A\",16]]}]", 2},
	        /* headers that are no strings, or none at all */
	        {"[{\"headers\":[1,null,true,{}],\"data\":[[0.5,\"B\",16],[0.4,\"A\",16]]}]", 2},
	        {"[[[\"B\",16.0],[\"A\",16.0]]]", 2},
	        {"[{\"headers\":[\"Rank\",\"Team\",\"CONC\"],\"data\":[[NaN,\"B\",16],[\"\xf0\x9f\xa5\x87 \",\"A\",16]]}]",
	                1},
	        {"[{\"headers\":[\"Rank\",\"Team\",\"CONC\"],\"data\":[[NaN,\"A\",16]]}]", -1},
	        {"[{\"headers\":[\"Rank\",\"Team\",\"CONC\"],\"data\":[[\"1st\",\"A\",16],[2]]}]", 1},
	        {"[{\"headers\":[\"Rank\",\"Team\",\"CONC\"],\"data\":[[1,\"A\",4],[2,\"AA\",16]]}]", -1},
	        {"[{\"headers\":[\"Rank\"],\"data\":[[]]}]", -1},
	        {"[{\"headers\":[\"Rank\"],\"data\":[]}]", -1},
	        {"[[[]]]", -1},
	        {"[\"ok\",null,3,{\"a\":1},{\"data\":[1,2]}]", -1},
	        {"[]", -1},
	        {"{\"headers\":[],\"data\":[[\"A\",16]]}", -1}, /* outputs are a list */
	        {"null", -1},
	        /* first table without the row, second with it */
	        {"[{\"headers\":[\"x\"],\"data\":[[1]]},{\"headers\":[\"Team\",\"CONC\"],\"data\":[[\"A\",16]]}]", 1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (rank_in(cases[i].outputs, "A", 16) != cases[i].rank)
			fail_msg("%s: %ld instead of %ld", cases[i].outputs, (long)rank_in(cases[i].outputs, "A", 16),
			        (long)cases[i].rank);
}

/* ---- submissions ---- */

struct ids {
	char id[64];
	int times, before;
	int refuse; /* what before_post returns */
};

static void note_id(void *ctx, const char *id)
{
	struct ids *x = ctx;
	text_set(x->id, sizeof x->id, id);
	x->times++;
}

static int note_before(void *ctx, struct err *e)
{
	struct ids *x = ctx;
	x->before++;
	return x->refuse ? err_set(e, ERR_IO, "the disk is full") : 0;
}

static struct ids submit_as(const char *url, const char *api, const char *payload, int64_t follow_ms,
        struct cancel *cancel, int refuse, struct gradio_reply *reply)
{
	struct ids x = {.refuse = refuse};
	struct err e = {0};
	const struct gradio_call call = {
	        .base_url = url,
	        .api_name = api,
	        .payload = payload,
	        .token = "hf_x",
	        .team = TEAM,
	        .conc = 16,
	        .post_timeout_ms = 2000,
	        .follow_timeout_ms = follow_ms,
	        .cancel = cancel,
	        .before_post = note_before,
	        .on_event_id = note_id,
	        .ctx = &x,
	};
	assert_int_equal(gradio_submit(&call, reply, &e), 0);
	return x;
}

static struct ids submit(const char *url, int64_t follow_ms, struct gradio_reply *reply)
{
	return submit_as(url, "submit_results", PAYLOAD, follow_ms, NULL, 0, reply);
}

#define expect(reply, want, part)                                                                                      \
	do {                                                                                                           \
		if ((reply).outcome != (want) || !strstr((reply).text, part))                                          \
			fail_msg("outcome %d instead of %d: %s", (reply).outcome, want, (reply).text);                 \
	} while (0)

static void sim_takes_it(void **state)
{
	(void)state;
	struct sim_process sim;
	struct gradio_reply r;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", NULL});
	struct ids x = submit(sim.url, 10000, &r);
	expect(r, GRADIO_CONFIRMED, "ok " TEAM);
	assert_true(r.rank >= 1);
	assert_int_equal(x.times, 1);
	assert_int_equal(x.before, 1);
	assert_string_equal(x.id, r.event_id);
	assert_int_equal(sim_posts(&sim), 1);
	/* as Gradio 4 names its routes, and with a slash too many */
	sim_stop(&sim);
	sim_start(&sim, (const char *const[]){"--time-scale", "20", "--prefix", "", NULL});
	char url[80];
	snprintf(url, sizeof url, "%s/", sim.url);
	submit(url, 10000, &r);
	expect(r, GRADIO_CONFIRMED, "ok " TEAM);
	sim_stop(&sim);
}

static void sim_fault(
        const char *fault, int64_t follow_ms, enum gradio_outcome want, const char *part, int posts, bool queued)
{
	struct sim_process sim;
	struct gradio_reply r;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", "--fault", fault, NULL});
	struct ids x = submit(sim.url, follow_ms, &r);
	expect(r, want, part);
	assert_int_equal(x.times, queued);
	assert_int_equal(r.event_id[0] != '\0', queued);
	assert_int_equal(sim_posts(&sim), posts);
	if (strcmp(fault, "board-http429") == 0)
		assert_int_equal(r.retry_after_ms, 2000);
	sim_stop(&sim);
}

static void sim_faults(void **state)
{
	(void)state;
	sim_fault("board-asleep", 5000, GRADIO_NOT_SENT, "sleeps or is starting: HTTP 503", 0, false);
	sim_fault("board-asleep@n=1", 5000, GRADIO_NOT_SENT, "sleeps or is starting: HTTP 503", 0, false);
	sim_fault("board-error", 5000, GRADIO_REFUSED, "gave no reason", 1, true);
	sim_fault("board-refuse", 5000, GRADIO_REFUSED, "", 1, true);
	sim_fault("board-silent", 500, GRADIO_UNKNOWN, "did not say how it ended", 1, true);
	sim_fault("board-http429", 5000, GRADIO_NOT_SENT, "429", 0, false);
	sim_fault("board-http500", 5000, GRADIO_UNKNOWN, "HTTP 500", 0, false);
	sim_fault("board-slow", 15000, GRADIO_CONFIRMED, "ok", 1, true);
}

static void sim_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	struct sim_process sim;
	struct gradio_reply r;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", NULL});
	submit_as(sim.url, "no_such_call", PAYLOAD, 5000, NULL, 0, &r);
	expect(r, GRADIO_REFUSED, "no endpoint /no_such_call");
	submit_as(sim.url, "submit_results", "{\"values\": []}", 5000, NULL, 0, &r);
	expect(r, GRADIO_REFUSED, "Field required");
	submit_as(sim.url, "submit_results", "{", 5000, NULL, 0, &r);
	expect(r, GRADIO_REFUSED, "JSON decode error");
	/* too few values: taken, then refused without a word */
	submit_as(sim.url, "submit_results", "{\"data\": [\"x\", 16]}", 5000, NULL, 0, &r);
	expect(r, GRADIO_REFUSED, "no reason");
	/* nothing leaves when the record cannot be kept */
	int posts = sim_posts(&sim);
	submit_as(sim.url, "submit_results", PAYLOAD, 5000, NULL, 1, &r);
	expect(r, GRADIO_NOT_SENT, "the disk is full");
	assert_int_equal(sim_posts(&sim), posts);
	sim_stop(&sim);
	submit(sim.url, 5000, &r);
	expect(r, GRADIO_NOT_SENT, "cannot be reached");
	submit("ftp://x", 5000, &r);
	expect(r, GRADIO_REFUSED, "no http or https URL");
}

/* One submission against a board whose answers to the POST and the GETs are given. */
static struct ids scripted(const char *post, const char *get1, const char *get2, int64_t follow_ms,
        enum gradio_outcome want, const char *part, int gets, struct gradio_reply *r)
{
	struct fake k;
	const struct fake_route routes[] = {
	        {"GET /config", {CONFIG_5}},
	        {"POST /gradio_api/call/submit_results ", {post}},
	        {"GET /gradio_api/call/submit_results/e1 ", {get1, get2}},
	        {0},
	};
	fake_start(&k, routes, NULL, NULL);
	struct ids x = submit(k.url, follow_ms, r);
	fake_stop(&k);
	expect(*r, want, part);
	assert_int_equal(atomic_load(&k.hits[1]), 1);
	if (gets >= 0)
		assert_int_equal(atomic_load(&k.hits[2]), gets);
	return x;
}

static void answers_to_the_post(void **state)
{
	(void)state;
	struct gradio_reply r;
#define HTTP(line, type, body) "HTTP/1.1 " line "\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n" body
	scripted("", NULL, NULL, 1000, GRADIO_UNKNOWN, "no answer came back", 0, &r);
	scripted("+", NULL, NULL, 1000, GRADIO_UNKNOWN, "no answer came back", 0, &r);
	scripted("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{\"event", NULL, NULL,
	        1000, GRADIO_UNKNOWN, "no answer came back", 0, &r);
	scripted(HTTP("503 Service Unavailable", "application/json",
	                 "{\"detail\":\"Queue is full. Max size is 2 and size is 2.\"}"),
	        NULL, NULL, 1000, GRADIO_NOT_SENT, "Queue is full", 0, &r);
	scripted(HTTP("200 OK", "text/html", "<html>"), NULL, NULL, 1000, GRADIO_NOT_SENT, "sleeps", 0, &r);
	scripted(HTTP("200 OK", "application/json", "{}"), NULL, NULL, 1000, GRADIO_UNKNOWN, "no event id", 0, &r);
	scripted(HTTP("200 OK", "application/json", "{\"event_id\":\"../../x\"}"), NULL, NULL, 1000, GRADIO_UNKNOWN,
	        "no event id", 0, &r);
	scripted(HTTP("502 Bad Gateway", "text/html", "<html>"), NULL, NULL, 1000, GRADIO_UNKNOWN, "HTTP 502", 0, &r);
	scripted(HTTP("401 Unauthorized", "application/json", "{\"detail\":{\"error\":\"Not authenticated\"}}"), NULL,
	        NULL, 1000, GRADIO_REFUSED, "token", 0, &r);
	scripted(HTTP("404 Not Found", "application/json", "{\"detail\":\"Not Found\"}"), NULL, NULL, 1000,
	        GRADIO_REFUSED, "no endpoint /submit_results", 0, &r);
	scripted(HTTP("422 Unprocessable Entity", "application/json",
	                 "{\"detail\":[{\"type\":\"x\",\"msg\":\"CONC must\\u001b[31m be 4\"}]}"),
	        NULL, NULL, 1000, GRADIO_REFUSED, "CONC must be 4", 0, &r);
	scripted(HTTP("307 Temporary Redirect", "text/html", ""), NULL, NULL, 1000, GRADIO_REFUSED, "leads elsewhere",
	        0, &r);
	scripted("HTTP/1.1 429 Too Many\r\nContent-Type: text/html\r\nRetry-After: 999999\r\n\r\n", NULL, NULL, 1000,
	        GRADIO_NOT_SENT, "429", 0, &r);
	assert_int_equal(r.retry_after_ms, 3600 * 1000);
}

static void ends_of_the_stream(void **state)
{
	(void)state;
	struct gradio_reply r;
	const char *complete =
	        SSE_HEAD "event: heartbeat\ndata: null\n\nevent: generating\ndata: [\"half\"]\n\n"
	                 "event: complete\ndata: [\"stored\\u001b]0;x\\u0007 it\", {\"headers\": [\"Rank\", "
	                 "\"Team\", \"CONC\"], \"data\": [[NaN, \"B\", 16], [2, \"" TEAM "\", 16]]}]\n\n";
	scripted(QUEUED, complete, NULL, 2000, GRADIO_CONFIRMED, "stored it", 1, &r);
	assert_int_equal(r.rank, 2);
	assert_null(strchr(r.text, '\x1b'));
	scripted(QUEUED, SSE_HEAD "event: error\ndata: null\n\n", NULL, 2000, GRADIO_REFUSED, "gave no reason", 1, &r);
	scripted(QUEUED, SSE_HEAD "event: error\ndata: {\"error\": null}\n\n", NULL, 2000, GRADIO_REFUSED,
	        "gave no reason", 1, &r);
	scripted(QUEUED, SSE_HEAD "event: error\ndata: {\"error\":\"team name taken\",\"title\":\"Error\"}\n\n", NULL,
	        2000, GRADIO_REFUSED, "team name taken", 1, &r);
	scripted(QUEUED, SSE_HEAD "event: error\ndata: \"closed for today\"\n\n", NULL, 2000, GRADIO_REFUSED,
	        "closed for today", 1, &r);
	scripted(QUEUED, SSE_HEAD "event: error\ndata: \"404: Not Found\"\n\n", NULL, 2000, GRADIO_UNKNOWN,
	        "no longer knows", 1, &r);
	scripted(QUEUED, SSE_HEAD "event: error\ndata: \"Server stopped unexpectedly.\"\n\n", NULL, 2000,
	        GRADIO_UNKNOWN, "broke off", 1, &r);
	scripted(QUEUED, SSE_HEAD "event: error\ndata: \"Object of type Timestamp is not JSON serializable\"\n\n", NULL,
	        2000, GRADIO_UNKNOWN, "broke off", 1, &r);
	/* cut, then asked once more */
	scripted(QUEUED, SSE_HEAD "event: heartbeat\n", complete, 5000, GRADIO_CONFIRMED, "stored it", 2, &r);
	scripted(QUEUED, "", complete, 5000, GRADIO_CONFIRMED, "stored it", 2, &r);
	scripted(QUEUED, SSE_HEAD, SSE_HEAD, 5000, GRADIO_UNKNOWN, "did not say how it ended", 2, &r);
	/* a page instead of a stream says nothing, whatever it contains */
	scripted(QUEUED, JSON_HEAD "event: complete\ndata: []\n\n", NULL, 500, GRADIO_UNKNOWN, "did not say", -1, &r);
	/* the name of the event is the fact; its data may be cut */
	scripted(QUEUED, SSE_HEAD "event: complete\ndata: [\"sto", NULL, 2000, GRADIO_CONFIRMED, "cut", 1, &r);
	scripted(QUEUED, SSE_HEAD "event: error\ndata: \"40", SSE_HEAD, 2000, GRADIO_UNKNOWN, "", 2, &r);
	/* silent for good: both looks end in time */
	int64_t before = clock_mono_ns();
	scripted(QUEUED, "+" SSE_HEAD "event: heartbeat\ndata: null\n\n", NULL, 300, GRADIO_UNKNOWN, "did not say", 2,
	        &r);
	assert_true(clock_mono_ns() - before < 10 * CLOCK_NS_PER_S);
}

static void answers_to_config(void **state)
{
	(void)state;
	struct gradio_reply r;
	static const struct {
		const char *config;
		enum gradio_outcome outcome;
		const char *part;
	} cases[] = {
	        {HTTP("404 Not Found", "text/html", "<html>"), GRADIO_NOT_SENT, "no Space answers"},
	        {HTTP("200 OK", "text/html", "<html>Preparing Space"), GRADIO_NOT_SENT, "sleeps or is starting"},
	        {HTTP("401 Unauthorized", "application/json", "{}"), GRADIO_REFUSED, "HF_TOKEN has no access"},
	        {HTTP("429 Too Many", "text/plain", ""), GRADIO_NOT_SENT, "429"},
	        {HTTP("302 Found", "text/plain", ""), GRADIO_REFUSED, "leads elsewhere"},
	        {"", GRADIO_NOT_SENT, "cannot be reached"},
	        /* host answers JSON, no config that can be read: routes as in Gradio 5 */
	        {HTTP("404 Not Found", "application/json", "{}"), GRADIO_CONFIRMED, "ok"},
	        {HTTP("200 OK", "application/json", "{nonsense"), GRADIO_CONFIRMED, "ok"},
	        {HTTP("200 OK", "application/json", "{\"version\":\"5\",\"api_prefix\":\"/../x\"}"), GRADIO_CONFIRMED,
	                "ok"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fake k;
		const struct fake_route routes[] = {
		        {"GET /config", {cases[i].config}},
		        {"POST /gradio_api/call/submit_results ", {QUEUED}},
		        {"GET /gradio_api/call/submit_results/e1 ", {SSE_HEAD "event: complete\ndata: [\"ok\"]\n\n"}},
		        {0},
		};
		fake_start(&k, routes, NULL, NULL);
		struct ids x = submit(k.url, 2000, &r);
		fake_stop(&k);
		expect(r, cases[i].outcome, cases[i].part);
		bool sent = cases[i].outcome == GRADIO_CONFIRMED;
		assert_int_equal(atomic_load(&k.hits[1]), sent);
		assert_int_equal(x.before, sent);
		/* to this machine the token goes along */
		assert_non_null(strstr(k.last, "Authorization: Bearer hf_x\r\n"));
	}
}

static void *raise_later(void *arg)
{
	struct fake *k = arg;
	while (atomic_load(&k->hits[2]) == 0)
		usleep(1000);
	cancel_raise(k->ctx, CANCEL_NOW);
	return NULL;
}

static void cancel_ends_the_wait(void **state)
{
	(void)state;
	struct cancel cancel;
	struct gradio_reply r;
	struct fake k;
	pthread_t thread;
	const struct fake_route routes[] = {
	        {"GET /config", {CONFIG_5}},
	        {"POST /gradio_api/call/submit_results ", {QUEUED}},
	        {"GET /gradio_api/call/submit_results/e1 ", {"+" SSE_HEAD}},
	        {0},
	};
	assert_int_equal(cancel_open(&cancel, NULL), 0);
	fake_start(&k, routes, NULL, &cancel);
	assert_int_equal(pthread_create(&thread, NULL, raise_later, &k), 0);
	submit_as(k.url, "submit_results", PAYLOAD, 60000, &cancel, 0, &r);
	pthread_join(thread, NULL);
	expect(r, GRADIO_UNKNOWN, "stopped before the board answered (event e1)");
	struct ids x = submit_as(k.url, "submit_results", PAYLOAD, 60000, &cancel, 0, &r);
	expect(r, GRADIO_NOT_SENT, "stopped before it was sent");
	assert_int_equal(x.before, 0);
	fake_stop(&k);
	assert_int_equal(atomic_load(&k.hits[1]), 1);
	cancel_close(&cancel);
}

/* ---- preflight ---- */

static struct gradio_preflight check(const char *url, const char *api, int columns)
{
	struct gradio_preflight p;
	struct err e = {0};
	assert_int_equal(gradio_check(url, api, "", columns, NULL, &p, &e), 0);
	return p;
}

static void preflight(void **state)
{
	(void)state;
	struct sim_process sim;
	sim_start(&sim, (const char *const[]){"--columns", "12", NULL});
	struct gradio_preflight p = check(sim.url, "submit_results", 12);
	assert_string_equal(p.text, "");
	assert_true(p.reachable && p.endpoint);
	assert_int_equal(p.parameters, 12);
	assert_string_equal(p.prefix, "/gradio_api");
	p = check(sim.url, "submit_results", 14);
	assert_true(p.endpoint);
	const char *want = "the board asks for 12 values, the track has 14: ";
	assert_memory_equal(p.text, want, strlen(want));
	p = check(sim.url, "no_such_call", 14);
	assert_true(p.reachable && !p.endpoint);
	assert_non_null(strstr(p.text, "no endpoint /no_such_call; it offers "));
	assert_non_null(strstr(p.text, "/submit_results"));
	sim_stop(&sim);
	p = check(sim.url, "submit_results", 14);
	assert_false(p.reachable);
	assert_non_null(strstr(p.text, "cannot be reached"));
	sim_start(&sim, (const char *const[]){"--fault", "board-asleep", NULL});
	p = check(sim.url, "submit_results", 14);
	assert_false(p.reachable);
	assert_non_null(strstr(p.text, "sleeps or is starting"));
	sim_stop(&sim);
}

static void preflight_of_strange_boards(void **state)
{
	(void)state;
	struct fake k;
	struct cancel cancel;
	struct gradio_preflight p;
	struct err e = {0};
	const struct fake_route routes[] = {
	        {"GET /config", {CONFIG_5, HTTP("403 Forbidden", "text/html", ""),
	                                JSON_HEAD "{\"version\":\"4.44.1\",\"dependencies\":[]}"}},
	        {"GET /gradio_api/info", {HTTP("500 Oops", "text/plain", "x")}},
	        {"GET /info", {JSON_HEAD "{\"named_endpoints\":{\"/submit_results\":{\"parameters\":[1,2]}}}"}},
	        {0},
	};
	fake_start(&k, routes, NULL, NULL);
	p = check(k.url, "submit_results", 14);
	assert_true(p.reachable && !p.endpoint);
	assert_int_equal(p.parameters, -1);
	assert_non_null(strstr(p.text, "does not tell"));
	p = check(k.url, "submit_results", 14);
	assert_true(p.reachable && !p.endpoint);
	assert_non_null(strstr(p.text, "HF_TOKEN"));
	p = check(k.url, "/submit_results", 2);
	assert_string_equal(p.text, "");
	assert_string_equal(p.prefix, "");
	assert_int_equal(cancel_open(&cancel, NULL), 0);
	cancel_raise(&cancel, CANCEL_NOW);
	assert_int_equal(gradio_check(k.url, "submit_results", "", 14, &cancel, &p, &e), ERR_CANCELLED);
	cancel_close(&cancel);
	fake_stop(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(stream_is_cut_into_events),
	        cmocka_unit_test(stream_stops_when_told),
	        cmocka_unit_test(stream_is_bounded),
	        cmocka_unit_test(tables_of_every_form),
	        cmocka_unit_test(sim_takes_it),
	        cmocka_unit_test(sim_faults),
	        cmocka_unit_test(sim_refuses_what_it_does_not_know),
	        cmocka_unit_test(answers_to_the_post),
	        cmocka_unit_test(ends_of_the_stream),
	        cmocka_unit_test(answers_to_config),
	        cmocka_unit_test(cancel_ends_the_wait),
	        cmocka_unit_test(preflight),
	        cmocka_unit_test(preflight_of_strange_boards),
	};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	int rc = cmocka_run_group_tests_name("post_gradio", tests, NULL, NULL);
	curl_global_cleanup();
	return rc;
}
