/* Looking at the server: what one look says of it, and what the watcher makes of looks and log. */
#include "../../engine/server/loadline.h"
#include "../../engine/server/look.h"
#include "../../engine/server/watcher.h"
#include "../peer/peer.h"
#include "test_server_sim.h"
#include <errno.h>
#include <math.h>

static struct sim_process sim;

static int stop_sim(void **state)
{
	(void)state;
	sim_stop(&sim);
	return 0;
}

/* ---- one look ---- */

static void ready(void **state)
{
	(void)state;
	struct ev_server_seen s;
	char slash[200];
	sim_start(&sim, (const char *[]){"--time-scale", "100", NULL});
	snprintf(slash, sizeof slash, "%s/", sim.url);
	assert_int_equal(server_look(slash, "key", 5000, NULL, &s), 0);
	assert_int_equal(s.phase, SERVER_READY);
	assert_string_equal(s.model, "amd/DeepSeek-R1-0528-MXFP4-Preview");
	assert_string_equal(s.version, "0.5.5-sim");
	assert_string_equal(s.url, slash);
	assert_int_equal(s.tp, 8);
	assert_int_equal(s.prefill, 196608);
	assert_int_equal(s.radix_off, 1);
	assert_true(isnan(s.uptime_s));
}

static void starting(void **state)
{
	(void)state;
	struct ev_server_seen s;
	sim_start(&sim, (const char *[]){"--startup", "600", NULL});
	server_look(sim.url, NULL, 5000, NULL, &s);
	assert_int_equal(s.phase, SERVER_STARTING);
	assert_true(s.text[0]);
	assert_int_equal(s.radix_off, -1);
}

static void absent(void **state)
{
	(void)state;
	struct ev_server_seen s;
	struct cancel stop;
	char url[128], want[200];
	sim_start(&sim, (const char *[]){NULL});
	snprintf(url, sizeof url, "%s", sim.url);
	sim_stop(&sim);
	server_look(url, NULL, 5000, NULL, &s);
	assert_int_equal(s.phase, SERVER_ABSENT);
	snprintf(want, sizeof want, "nothing listens on %s", url + strlen("http://"));
	assert_string_equal(s.text, want);
	assert_int_equal(cancel_open(&stop, NULL), 0);
	cancel_raise(&stop, CANCEL_NOW);
	server_look(url, NULL, 5000, &stop, &s);
	assert_int_equal(s.phase, SERVER_UNKNOWN);
	cancel_close(&stop);
}

/* Other servers, and bad ones: the answers in order of the questions /v1/models, /health, /server_info, ... */
struct odd {
	const char *answers[4];
	enum server_phase phase;
	const char *text, *version;
};

#define OK(type, body) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n" body
#define NO(status)     "HTTP/1.1 " status "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define MODELS         OK("application/json", "{\"data\":[{\"id\":\"m\\u001b]0;x\\u0007\\nodel\"}]}")

static const struct odd odds[] = {
        /* an older SGLang: /get_server_info */
        {{MODELS, OK("text/plain", ""), NO("404 Not Found"),
                 OK("application/json", "{\"version\":\"0.5.2\",\"tp_size\":8}")},
                SERVER_READY, "ready", "0.5.2"},
        /* vLLM: neither */
        {{MODELS, OK("text/plain", ""), NO("404 Not Found"), NO("404 Not Found")}, SERVER_READY, "ready", ""},
        {{MODELS, OK("text/plain", ""), OK("application/json", "[[[[garbage"), NULL}, SERVER_READY, "ready", ""},
        {{MODELS, NO("404 Not Found"), NO("404 Not Found"), NO("404 Not Found")}, SERVER_READY, "no /health", ""},
        {{MODELS, NO("503 Service Unavailable"), NULL, NULL}, SERVER_STARTING, "not ready yet", ""},
        {{MODELS, NO("500 Oh"), NULL, NULL}, SERVER_UNHEALTHY, "HTTP 500", ""},
        {{NO("404 Not Found"), NO("404 Not Found"), NULL, NULL}, SERVER_UNHEALTHY, "something else listens", ""},
};

static void odd_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof odds / sizeof odds[0]; i++) {
		const struct odd *o = &odds[i];
		struct peer_script scripts[4];
		const struct peer_script *list[4];
		size_t n = 0;
		for (; n < 4 && o->answers[n]; n++) {
			struct peer_block block = {o->answers[n], strlen(o->answers[n]), 0};
			assert_int_equal(peer_script_raw(&scripts[n], &block, 1), 0);
			list[n] = &scripts[n];
		}
		struct peer_config cfg = {.mode = PEER_SCRIPTED, .scripts = list, .n_scripts = n, .no_pages = true};
		struct peer *p;
		char url[64];
		struct ev_server_seen s;
		assert_int_equal(peer_start(&p, &cfg), 0);
		snprintf(url, sizeof url, "http://127.0.0.1:%d", peer_port(p));
		server_look(url, NULL, 5000, NULL, &s);
		if (s.phase != o->phase || !strstr(s.text, o->text) || strcmp(s.version, o->version) != 0)
			fail_msg("%zu: %s \"%s\" \"%s\"", i, server_phase_word((int)s.phase), s.text, s.version);
		for (const char *c = s.model; *c; c++)
			assert_true(*c >= ' ');
		assert_int_equal(peer_received(p), n);
		peer_free(p);
		for (size_t k = 0; k < n; k++)
			peer_script_free(&scripts[k]);
	}
}

/* Begins an answer and says no more. */
static struct peer_script stuck;

static struct peer *stuck_server(char url[64])
{
	static const struct peer_script *list[] = {&stuck};
	struct peer_block block = {"HTTP/1.1 200 OK\r\n", 17, 0};
	struct peer_config cfg = {.mode = PEER_SCRIPTED, .scripts = list, .n_scripts = 1, .no_pages = true};
	struct peer *p;
	assert_int_equal(peer_script_raw(&stuck, &block, 1), 0);
	stuck.end = PEER_END_KEEP;
	assert_int_equal(peer_start(&p, &cfg), 0);
	snprintf(url, 64, "http://127.0.0.1:%d", peer_port(p));
	return p;
}

static void silent_server(void **state)
{
	(void)state;
	char url[64];
	struct ev_server_seen s;
	struct peer *p = stuck_server(url);
	server_look(url, NULL, 200, NULL, &s);
	assert_int_equal(s.phase, SERVER_UNHEALTHY);
	if (!strstr(s.text, "does not answer"))
		fail_msg("%s", s.text);
	peer_free(p);
	peer_script_free(&stuck);
}

/* ---- load from the log ---- */

static void take(struct load_view *v, const char *stamp, double gen, int64_t now_s, bool live)
{
	char line[300];
	snprintf(line, sizeof line,
	        "[2025-11-20 %s TP0] Decode batch, #running-req: 8, #token: 9, token usage: 0.25, cuda graph: True, gen "
	        "throughput (token/s): %.2f, #queue-req: 2, ",
	        stamp, gen);
	load_view_take(v, line, now_s * CLOCK_NS_PER_S, live);
}

static double gen_at(struct load_view *v, int64_t now_s)
{
	struct ev_server_load l;
	assert_true(load_view_read(v, now_s * CLOCK_NS_PER_S, &l));
	assert_true(l.sample);
	return l.gen_tps;
}

static void load_figures(void **state)
{
	(void)state;
	struct load_view *v = calloc(1, sizeof *v);
	struct ev_server_load l;
	assert_non_null(v);
	assert_false(load_view_read(v, 100 * CLOCK_NS_PER_S, &l));
	take(v, "10:00:00", 500, 100, false); /* from before: not shown */
	assert_false(load_view_read(v, 100 * CLOCK_NS_PER_S, &l));
	take(v, "10:30:00", 48.17, 100, true); /* spans the silence */
	assert_true(load_view_read(v, 100 * CLOCK_NS_PER_S, &l));
	assert_true(l.running == 8 && l.queued == 2 && l.kv == 0.25 && isnan(l.gen_tps));
	take(v, "10:30:02", 1361.2, 102, true);
	assert_true(gen_at(v, 102) == 1361.2);
	load_view_take(v,
	        "[2025-11-20 10:30:03 TP0] Prefill batch, #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: "
	        "0.30, #running-req: 7, #queue-req: 1, ",
	        103 * CLOCK_NS_PER_S, true);
	assert_true(load_view_read(v, 103 * CLOCK_NS_PER_S, &l));
	assert_true(l.running == 7 && l.kv == 0.30 && l.gen_tps == 1361.2);
	take(v, "10:30:30", 40, 130, true); /* after a long prefill */
	assert_true(isnan(gen_at(v, 130)));
	/* even, if slow: believed from the third line on */
	take(v, "10:30:42", 55, 142, true);
	assert_true(gen_at(v, 142) == 55);
	/* absence is told once */
	assert_true(load_view_read(v, 160 * CLOCK_NS_PER_S, &l));
	assert_true(isnan(l.running) && isnan(l.gen_tps) && isnan(l.kv));
	assert_false(load_view_read(v, 161 * CLOCK_NS_PER_S, &l));
	/* ranks add up, the share of the pool is a mean */
	memset(v, 0, sizeof *v);
	for (int second = 1; second <= 2; second++)
		for (int rank = 0; rank < 4; rank++) {
			char line[200];
			snprintf(line, sizeof line,
			        "[2025-11-20 10:31:0%d DP%d TP%d] Decode batch, #running-req: %d, token usage: 0.%d, gen "
			        "throughput (token/s): 100, #queue-req: 1",
			        second, rank, rank, rank, rank + 1);
			load_view_take(v, line, (200 + second) * CLOCK_NS_PER_S, true);
		}
	assert_true(load_view_read(v, 203 * CLOCK_NS_PER_S, &l));
	assert_true(l.running == 6 && l.queued == 4 && l.gen_tps == 400 && fabs(l.kv - 0.25) < 1e-12);
	free(v);
}

#define AT(second) ((second)*CLOCK_NS_PER_S)

/* What only some servers have: speculative decoding, a cache that spares tokens, a full pool. */
static void load_figures_of_some_servers(void **state)
{
	(void)state;
	struct load_view *v = calloc(1, sizeof *v);
	struct ev_server_load l;
	assert_non_null(v);
	take(v, "10:00:00", 500, 99, true);
	assert_true(load_view_read(v, AT(100), &l));
	assert_true(isnan(l.accept_len) && isnan(l.cached) && isnan(l.retracted));
	for (int dp = 0; dp < 2; dp++) {
		char line[240];
		snprintf(line, sizeof line,
		        "[2025-11-20 10:00:02 DP%d TP0] Decode batch, #running-req: 4, token usage: 0.01, accept len: %d.50, "
		        "accept rate: 0.77, cuda graph: True, gen throughput (token/s): 611.45, #queue-req: 0, ",
		        dp, 1 + dp);
		load_view_take(v, line, AT(102), true);
	}
	assert_true(load_view_read(v, AT(102), &l));
	assert_true(l.accept_len == 2.0); /* of two ranks */
	static const char prefill[] =
	        "[2025-11-20 10:00:03 TP0] Prefill batch, #new-seq: 1, #new-token: 100, #cached-token: 28, token usage: "
	        "0.01, #running-req: 3, #queue-req: 0, ";
	static const char full[] =
	        "[2025-11-20 10:00:03 TP0] KV cache pool is full. Retract requests. #retracted_reqs: 3, #new_token_ratio: "
	        "0.6912 -> 0.9340";
	load_view_take(v, prefill, AT(102), false); /* of before */
	load_view_take(v, full, AT(102), false);
	load_view_take(v, prefill, AT(103), true);
	load_view_take(v, prefill, AT(105), true);
	load_view_take(v, full, AT(105), true);
	assert_true(load_view_read(v, AT(106), &l));
	assert_true(l.cached == 56 && l.retracted == 3 && l.accept_len == 2.0);
	take(v, "10:00:12", 500, 113, true);
	assert_true(load_view_read(v, AT(113), &l));
	assert_true(l.cached == 28 && l.retracted == 3); /* the first is older than 10 s */
	take(v, "10:00:58", 500, 160, true);
	assert_true(load_view_read(v, AT(160), &l));
	assert_true(isnan(l.cached) && l.retracted == 3);
	take(v, "10:01:58", 500, 220, true);
	assert_true(load_view_read(v, AT(220), &l));
	assert_true(isnan(l.cached) && isnan(l.retracted));
	assert_int_equal(load_retracted(full), 3);
	assert_int_equal(load_retracted(prefill), -1);
	free(v);
}

/* ---- the watcher ---- */

struct seen {
	struct mailbox *box;
	struct scribe *scribe;
	struct watcher *watcher;
	struct ev_server_seen server;
	struct ev_server_load load;
	int n_server, n_load;
};

static struct seen seen;

static void drain(void)
{
	struct event ev;
	mailbox_drain_fd(seen.box);
	while (mailbox_take(seen.box, &ev)) {
		if (ev.kind == EV_server_seen) {
			seen.server = ev.u.server_seen;
			seen.n_server++;
		} else if (ev.kind == EV_server_load) {
			seen.load = ev.u.server_load;
			seen.n_load++;
		}
	}
}

/* Until the condition holds, with a deadline that only a hang reaches. */
#define WAIT_FOR(condition)                                                                                            \
	do {                                                                                                           \
		int64_t end_ns = clock_mono_ns() + 30 * CLOCK_NS_PER_S;                                                \
		drain();                                                                                               \
		while (!(condition) && clock_mono_ns() < end_ns) {                                                     \
			struct pollfd p_ = {.fd = mailbox_fd(seen.box), .events = POLLIN};                             \
			poll(&p_, 1, 50);                                                                              \
			drain();                                                                                       \
		}                                                                                                      \
		if (!(condition))                                                                                      \
			fail_msg("%s: still %s \"%s\"", #condition, server_phase_word((int)seen.server.phase),         \
			        seen.server.text);                                                                     \
	} while (0)

static void watch(const char *url, const char *log)
{
	struct err e = {0};
	memset(&seen, 0, sizeof seen);
	assert_int_equal(mailbox_open(&seen.box, sizeof(struct event), 1024, EV_count, &e), 0);
	assert_int_equal(scribe_start(&seen.scribe, seen.box, &e), 0);
	if (watcher_start(&seen.watcher, seen.scribe, url, log, NULL, &e))
		fail_msg("%s", e.text);
}

static int unwatch(void **state)
{
	watcher_stop(seen.watcher);
	if (seen.scribe)
		scribe_stop(seen.scribe);
	if (seen.box)
		mailbox_close(seen.box);
	memset(&seen, 0, sizeof seen);
	return stop_sim(state);
}

static void append(const char *path, const char *text)
{
	FILE *f = fopen(path, "a");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void follows_a_start(void **state)
{
	(void)state;
	sim_start(&sim, (const char *[]){"--startup", "6", NULL});
	watch(sim.url, sim.log);
	WAIT_FOR(seen.server.phase == SERVER_STARTING);
	assert_string_equal(seen.server.log, sim.log);
	WAIT_FOR(strstr(seen.server.text, "loading") || strstr(seen.server.text, "graphs") ||
	         strstr(seen.server.text, "building") || strstr(seen.server.text, "warming"));
	WAIT_FOR(seen.server.phase == SERVER_READY);
	assert_string_equal(seen.server.version, "0.5.5-sim");
	assert_int_equal(seen.server.tp, 8);
	/* its own warm-up line, then our lines */
	append(sim.log,
	        "[2025-11-20 10:31:01 TP0] Decode batch, #running-req: 5, gen throughput (token/s): 1, #queue-req: 0\n"
	        "[2025-11-20 10:31:02 TP0] Decode batch, #running-req: 6, gen throughput (token/s): 77, #queue-req: 0\n");
	WAIT_FOR(seen.load.running == 6 && seen.load.gen_tps == 77);
	assert_true(seen.load.sample);
}

static void tells_the_reason(void **state)
{
	(void)state;
	char text[200];
	sim_start(&sim, (const char *[]){"--time-scale", "100", NULL});
	char url[128];
	snprintf(url, sizeof url, "%s", sim.url);
	watch(url, sim.log);
	WAIT_FOR(seen.server.phase == SERVER_READY);
	assert_false(watcher_fatal(seen.watcher, 0, text, sizeof text));
	int64_t before = clock_mono_ns();
	kill(sim.pid, SIGKILL);
	waitpid(sim.pid, NULL, 0);
	sim.pid = 0;
	append(sim.log, "[2025-11-20 10:31:10] Rank 3 scheduler is dead. Please check if there are relevant logs.\n");
	WAIT_FOR(seen.server.phase == SERVER_ABSENT); /* a fatal line makes it look at once */
	assert_non_null(strstr(seen.server.text, "nothing listens on 127.0.0.1:"));
	assert_non_null(strstr(seen.server.text, "Rank 3 scheduler is dead"));
	assert_true(watcher_fatal(seen.watcher, before, text, sizeof text));
	assert_non_null(strstr(text, "Rank 3"));
	assert_false(watcher_fatal(seen.watcher, clock_mono_ns(), text, sizeof text));
	/* a start that shows in the log before the port is open */
	append(sim.log, "\rLoading safetensors checkpoint shards:  49% Completed | 40/82 [01:01<01:04,  1.53s/it]\r");
	WAIT_FOR(seen.server.phase == SERVER_STARTING && !strcmp(seen.server.text, "loading weights 49%"));
}

/* The order of a test that has no clock: hushed before the first look could end, it must not look again. */
static void hushed(void **state)
{
	(void)state;
	char url[64];
	struct peer *p = stuck_server(url);
	watch(url, NULL);
	assert_int_equal(peer_wait_received(p, 1, 20000), 0); /* the first look hangs */
	int64_t before = clock_mono_ns();
	watcher_hush(seen.watcher, true);
	assert_true(clock_mono_ns() - before < 15 * CLOCK_NS_PER_S); /* cut short, not waited for */
	assert_int_equal(peer_quiesce(p, 20000), 0);
	size_t asked = peer_received(p);
	watcher_target(seen.watcher, url, "/nonexistent/log"); /* makes the thread go round */
	assert_int_equal(peer_wait_received(p, asked + 1, 1500), -ETIMEDOUT);
	watcher_hush(seen.watcher, false);
	assert_int_equal(peer_wait_received(p, asked + 1, 20000), 0);
	watcher_stop(seen.watcher); /* while a look hangs */
	seen.watcher = NULL;
	peer_free(p);
	peer_script_free(&stuck);
}

static void retargeted(void **state)
{
	(void)state;
	watch("http://127.0.0.1:9", NULL);
	WAIT_FOR(seen.server.phase == SERVER_ABSENT);
	sim_start(&sim, (const char *[]){"--time-scale", "100", NULL});
	watcher_target(seen.watcher, sim.url, sim.log);
	WAIT_FOR(seen.server.phase == SERVER_READY && !strcmp(seen.server.log, sim.log));
	assert_string_equal(seen.server.url, sim.url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(ready, stop_sim),
	        cmocka_unit_test_teardown(starting, stop_sim),
	        cmocka_unit_test_teardown(absent, stop_sim),
	        cmocka_unit_test(odd_servers),
	        cmocka_unit_test(silent_server),
	        cmocka_unit_test(load_figures),
	        cmocka_unit_test(load_figures_of_some_servers),
	        cmocka_unit_test_teardown(follows_a_start, unwatch),
	        cmocka_unit_test_teardown(tells_the_reason, unwatch),
	        cmocka_unit_test_teardown(hushed, unwatch),
	        cmocka_unit_test_teardown(retargeted, unwatch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
