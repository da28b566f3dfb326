/* The ends of a load other than the good one: stop orders, a verdict, dead and silent servers, refused plans. */
#include "test_load_help.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Raises the stop order once the peer has read so many requests, from another thread, as the screen does. */
struct stopper {
	pthread_t thread;
	struct peer *peer;
	struct cancel cancel;
	size_t after;
	enum cancel_level level;
};

static void *stopper_main(void *ctx)
{
	struct stopper *s = ctx;
	peer_wait_received(s->peer, s->after, 20000);
	cancel_raise(&s->cancel, s->level);
	return NULL;
}

static void stopper_open(struct stopper *s, struct bench *b, size_t after, enum cancel_level level)
{
	*s = (struct stopper){.peer = b->peer, .after = after, .level = level};
	assert_int_equal(cancel_open(&s->cancel, NULL), 0);
	b->spec.cancel = &s->cancel;
	assert_int_equal(pthread_create(&s->thread, NULL, stopper_main, s), 0);
}

static void stopper_close(struct stopper *s)
{
	pthread_join(s->thread, NULL);
	cancel_close(&s->cancel);
}

static size_t rows_with(const struct load_result *r, bool started, enum completion_error e)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_rows; i++)
		n += r->rows[i].started == started && r->rows[i].error == e;
	return n;
}

static void drain_finishes_those_in_flight(void **state)
{
	(void)state;
	struct stopper s;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_PACED, .ttft_ns = 30 * MS, .itl_ns = 20 * MS}, 4, 400, 4, 8);
	stopper_open(&s, &b, 6, CANCEL_DRAIN);
	bench_run(&b);
	stopper_close(&s);
	peer_stop(b.peer);
	size_t received = peer_received(b.peer);
	assert_true(b.r.stopped);
	assert_true(received >= 6 && received < 400);
	assert_int_equal(b.r.m.completed, received); /* every one that was started came to its good end */
	assert_int_equal(b.r.m.failed, 0);
	assert_int_equal(b.r.m.total_output, received * 8);
	assert_int_equal(b.r.m.itl_samples, received * 7);
	assert_int_equal(rows_with(&b.r, true, COMPLETION_OK), received);
	assert_int_equal(rows_with(&b.r, false, COMPLETION_OK), 400 - received);
	bench_close(&b);
}

static void now_aborts(void **state)
{
	(void)state;
	struct stopper s;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_SILENT}, 64, 200, 4, 8);
	stopper_open(&s, &b, 64, CANCEL_NOW);
	bench_run(&b);
	stopper_close(&s);
	assert_true(b.r.stopped);
	assert_int_equal(b.r.m.completed + b.r.m.failed, 0);
	assert_int_equal(rows_with(&b.r, true, COMPLETION_STOPPED), 64);
	assert_int_equal(rows_with(&b.r, false, COMPLETION_OK), 136);
	assert_int_equal(b.r.in_flight_max, 64); /* every slot was filled, and no more */
	assert_int_equal(peer_in_flight_max(b.peer), 64);
	assert_int_equal(peer_received(b.peer), 64);
	assert_int_equal(peer_quiesce(b.peer, 20000), 0); /* the connections are closed */
	assert_true(b.r.m.ttft_mean == 0 && b.r.m.itl_samples == 0);
	bench_close(&b);
}

/* First drain, then now: the drain waits for silent streams, the second order ends it. */
static int64_t hook_calls;
static struct cancel hook_cancel;

static const char *hook_raise(void *ctx)
{
	struct peer *p = ctx;
	if (peer_received(p) < 3)
		return NULL;
	hook_calls++;
	cancel_raise(&hook_cancel, hook_calls < 3 ? CANCEL_DRAIN : CANCEL_NOW);
	return NULL;
}

static void drain_then_now(void **state)
{
	(void)state;
	struct bench b;
	hook_calls = 0;
	bench_open(&b, &(struct peer_config){.mode = PEER_SILENT}, 3, 40, 4, 8);
	assert_int_equal(cancel_open(&hook_cancel, NULL), 0);
	b.spec.cancel = &hook_cancel;
	b.spec.verdict = hook_raise;
	b.spec.ctx = b.peer;
	bench_run(&b);
	assert_true(b.r.stopped);
	assert_int_equal(hook_calls, 3);
	assert_int_equal(peer_received(b.peer), 3);
	assert_int_equal(rows_with(&b.r, true, COMPLETION_STOPPED), 3);
	cancel_close(&hook_cancel);
	bench_close(&b);
}

static void stopped_before_it_began(void **state)
{
	(void)state;
	struct cancel c;
	for (int level = CANCEL_DRAIN; level <= CANCEL_NOW; level++) {
		struct bench b;
		bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY}, 3, 10, 4, 8);
		assert_int_equal(cancel_open(&c, NULL), 0);
		cancel_raise(&c, (enum cancel_level)level);
		b.spec.cancel = &c;
		b.spec.num_warmups = 4;
		bench_run(&b);
		assert_true(b.r.stopped);
		assert_int_equal(peer_received(b.peer), 0);
		assert_int_equal(rows_with(&b.r, false, COMPLETION_OK), 10);
		cancel_close(&c);
		bench_close(&b);
	}
}

/* A drain order when everything has been started takes nothing away: the row is whole. */
static void drain_of_the_last_wave_is_no_stop(void **state)
{
	(void)state;
	struct stopper s;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_PACED, .ttft_ns = 200 * MS, .itl_ns = 10 * MS}, 4, 4, 4, 8);
	stopper_open(&s, &b, 4, CANCEL_DRAIN);
	bench_run(&b);
	stopper_close(&s);
	assert_false(b.r.stopped);
	assert_int_equal(b.r.m.completed, 4);
	bench_close(&b);
}

static const char *verdict_dead(void *ctx)
{
	return peer_received(ctx) >= 2 ? "the server process is gone" : NULL;
}

static void verdict_ends_the_load(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_SILENT}, 2, 10, 4, 8);
	b.spec.verdict = verdict_dead;
	b.spec.ctx = b.peer;
	assert_int_equal(load_run(&b.spec, &b.r, &b.e), ERR_IO);
	assert_string_equal(b.e.text, "the server process is gone");
	assert_null(b.r.rows);
	assert_int_equal(peer_quiesce(b.peer, 20000), 0);
	bench_close(&b);
}

static void refusing_server(void **state)
{
	(void)state;
	struct bench b;
	char place[32];
	bench_open(&b, &(struct peer_config){.mode = PEER_REFUSE}, 4, 3200, 4, 8);
	assert_int_equal(load_run(&b.spec, &b.r, &b.e), ERR_NET);
	snprintf(place, sizeof place, "127.0.0.1:%d", peer_port(b.peer));
	assert_non_null(strstr(b.e.text, place));
	assert_non_null(strstr(b.e.text, "nothing listens"));
	assert_non_null(strstr(b.e.text, "start the server"));
	bench_close(&b);
}

/* A few requests to a dead port: all of them are reported, none claimed. */
static void refusing_server_few(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_REFUSE}, 4, 3, 4, 8);
	bench_run(&b);
	assert_int_equal(b.r.m.fail_connect, 3);
	assert_int_equal(b.r.m.completed, 0);
	assert_true(b.r.m.request_throughput == 0 && b.r.m.interactivity == 0);
	bench_close(&b);
}

static void resetting_server(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_RESET}, 4, 3200, 4, 8);
	/* A reset can come before the client has seen its connection made: both kinds of sentence are true. */
	int rc = load_run(&b.spec, &b.r, &b.e);
	assert_true(rc == ERR_PROTO || rc == ERR_NET);
	assert_true(peer_connections(b.peer) < 100);
	assert_non_null(strstr(b.e.text, "the first "));
	bench_close(&b);
}

/* The server dies in the middle: what failed is counted, what completed stays. */
static void server_that_stops_listening(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY, .refuse_after = 10}, 1, 30, 4, 8);
	bench_run(&b);
	assert_int_equal(b.r.m.completed, 10);
	assert_int_equal(b.r.m.fail_connect, 20);
	assert_int_equal(b.r.m.failed, 20);
	assert_int_equal(b.r.m.total_output, 80);
	assert_non_null(strstr(b.r.m.first_error, "request 10: nothing listens"));
	bench_close(&b);
}

static void stalls(const char *shape)
{
	const struct peer_script *script = shape ? peer_shape_script(shape) : NULL;
	struct peer_config cfg = {.mode = PEER_SILENT};
	struct bench b;
	if (shape)
		cfg = (struct peer_config){.mode = PEER_SCRIPTED, .scripts = &script, .n_scripts = 1};
	bench_open(&b, &cfg, 3, 30, 4, 3);
	b.spec.stall_ms = 300;
	assert_int_equal(load_run(&b.spec, &b.r, &b.e), ERR_NET);
	assert_non_null(strstr(b.e.text, "no token from any of 3 streams for 0.3 s"));
	assert_int_equal(peer_received(b.peer), 3);
	bench_close(&b);
}

/* A stream is over when its body is, not at its last token or at [DONE]. */
static void stalled_servers(void **state)
{
	(void)state;
	stalls(NULL);
	stalls("hang_after_two");
	stalls("hang_after_done");
}

/* One silent stream costs its request, not the load: the others are measured and kept. */
static void one_silent_stream(void **state)
{
	(void)state;
	const struct peer_script *scripts[] = {
	        peer_shape_script("crlf"), peer_shape_script("hang_after_two"), peer_shape_script("crlf")};
	struct peer_config cfg = {.mode = PEER_SCRIPTED, .scripts = scripts, .n_scripts = 3};
	struct bench b;
	bench_open(&b, &cfg, 2, 40, 4, 3);
	b.spec.stall_ms = 300;
	bench_run(&b);
	assert_int_equal(b.r.m.completed, 39);
	assert_int_equal(b.r.m.failed, 1);
	assert_int_equal(b.r.m.fail_cut, 1);
	assert_false(b.r.stopped);
	assert_non_null(strstr(b.r.m.first_error, "nothing came on its stream for 0.3 s"));
	bench_close(&b);
}

/* Streams that come slowly, but come, are no stall. */
static void slow_is_no_stall(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_PACED, .ttft_ns = 300 * MS, .itl_ns = 300 * MS}, 2, 2, 4, 6);
	b.spec.stall_ms = 1500;
	bench_run(&b);
	assert_int_equal(b.r.m.completed, 2);
	bench_close(&b);
}

static void refused_plans(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY}, 100, 300, 4, 1000000);
	assert_int_equal(load_run(&b.spec, &b.r, &b.e), ERR_LIMIT);
	assert_non_null(strstr(b.e.text, "NUM_PROMPTS"));
	b.spec.conc = 0;
	assert_int_equal(load_run(&b.spec, &b.r, &b.e), ERR_USAGE);
	b.spec.conc = 1;
	b.spec.base_url = "not a url";
	assert_int_equal(load_run(&b.spec, &b.r, &b.e), ERR_USAGE);
	b.spec.base_url = b.url;
	b.spec.bearer = "two\r\nlines";
	assert_int_equal(load_run(&b.spec, &b.r, &b.e), ERR_USAGE);
	assert_int_equal(peer_connections(b.peer), 0);
	bench_close(&b);
}

/* In a process of its own, since a hard limit does not go up again: the soft one is raised to it, and CONC has to fit. */
static void open_files(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY}, 150, 2, 4, 2);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit r = {.rlim_cur = 150, .rlim_max = 200};
		int bad = setrlimit(RLIMIT_NOFILE, &r) != 0;
		bad |= load_run(&b.spec, &b.r, &b.e) != ERR_LIMIT;
		bad |= !strstr(b.e.text, "CONC 150 needs 214 open files") || !strstr(b.e.text, "200");
		bad |= getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur != 200;
		_exit(bad);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(drain_finishes_those_in_flight),
	        cmocka_unit_test(now_aborts),
	        cmocka_unit_test(drain_then_now),
	        cmocka_unit_test(stopped_before_it_began),
	        cmocka_unit_test(drain_of_the_last_wave_is_no_stop),
	        cmocka_unit_test(verdict_ends_the_load),
	        cmocka_unit_test(refusing_server),
	        cmocka_unit_test(refusing_server_few),
	        cmocka_unit_test(resetting_server),
	        cmocka_unit_test(server_that_stops_listening),
	        cmocka_unit_test(stalled_servers),
	        cmocka_unit_test(one_silent_stream),
	        cmocka_unit_test(slow_is_no_stall),
	        cmocka_unit_test(refused_plans),
	        cmocka_unit_test(open_files),
	};
	return cmocka_run_group_tests_name("load_stop", tests, group_setup, group_teardown);
}
