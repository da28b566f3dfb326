/* What a piece of the server's log says about a timed span, and following the log through a load. */
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "../../engine/run/serverflags.h"
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

static struct server_tally tally_of(int conc, const char *text)
{
	struct server_tally t;
	tally_init(&t, conc);
	while (*text) {
		char line[1024];
		size_t len = strcspn(text, "\n");
		text_clean(line, sizeof line, text, len);
		tally_line(&t, line);
		text += len + (text[len] == '\n');
	}
	return t;
}

static const struct ev_flag_raised *find(const struct ev_flag_raised *f, int n, enum flag_code code)
{
	for (int i = 0; i < n; i++)
		if (f[i].flag == code)
			return &f[i];
	return NULL;
}

static void an_ordinary_span_has_no_flag(void **state)
{
	struct ev_flag_raised f[16];
	(void)state;
	struct server_tally t = tally_of(32,
	        "[2025-11-20 10:15:31 TP0] Prefill batch. #new-seq: 24, #new-token: 196608, #cached-token: 0, token usage: 0.09, #running-req: 0, #queue-req: 8, \n"
	        "[2025-11-20 10:15:58 TP0] Decode batch. #running-req: 32, #token: 263424, token usage: 0.12, cuda graph: True, gen throughput (token/s): 48.17, #queue-req: 0, \n"
	        "[2025-11-20 10:16:00 TP0] Decode batch, #running-req: 32, #token: 264704, token usage: 0.12, cuda graph: True, gen throughput (token/s): 1361.20, #queue-req: 0\n"
	        "[aiter] import [module_aiter_enum] under /workspace/aiter/aiter/jit/module_aiter_enum.so\n"
	        "[2025-11-20 10:12:01] INFO:     127.0.0.1:40100 - \"POST /v1/completions HTTP/1.1\" 200 OK\n");
	assert_int_equal(tally_flags(&t, 100, 1360, f, 16), 0);
	assert_int_equal(t.decode_lines, 2);
	assert_int_equal(t.prefilled, 196608);
	char text[400];
	assert_false(tally_fatal(&t, text, sizeof text));
	assert_true(isnan(tally_gen_tps(&t))); /* too few lines to say */
}

static void builds_inside_are_a_doubt(void **state)
{
	struct ev_flag_raised f[16];
	(void)state;
	struct server_tally t = tally_of(8,
	        "[aiter] start build [module_moe_sorting] under /workspace/aiter/aiter/jit/build/module_moe_sorting\n"
	        "INFO:aiter:start build [module_moe_sorting] under /workspace/aiter/aiter/jit/build/module_moe_sorting\n"
	        "[2025-11-20 10:02:41 TP3] waiting for baton release at /workspace/aiter/aiter/jit/build/lock_module_moe_sorting\n"
	        "[aiter] \x1b[32mfinish build [module_moe_sorting], cost 38.4s \x1b[0m\n"
	        "INFO:aiter:finish build [module_moe_sorting], cost 38.4s \n"
	        "[aiter] start build [module_quant] under /x\n");
	int n = tally_flags(&t, 100, 900, f, 16);
	const struct ev_flag_raised *j = find(f, n, FLAG_JIT);
	assert_non_null(j);
	assert_true(j->doubt);
	assert_string_equal(j->text,
	        "2 JIT builds inside of the timed span, 38 s, 1 not finished at the end: module_moe_sorting, module_quant");
	/* one that was in progress when the span began, and one that was finished before */
	tally_init(&t, 8);
	tally_before(&t, "[aiter] start build [module_a] under /x");
	tally_before(&t, "[aiter] start build [module_b] under /x");
	tally_before(&t, "[aiter] finish build [module_b], cost 3.20713325s");
	n = tally_flags(&t, 100, 900, f, 16);
	j = find(f, n, FLAG_JIT);
	assert_non_null(j);
	assert_string_equal(j->text, "1 JIT build inside of the timed span, 0 s, 1 not finished at the end: module_a");
}

static void cache_foreign_load_and_retractions(void **state)
{
	struct ev_flag_raised f[16];
	(void)state;
	struct server_tally t = tally_of(8,
	        "[2025-11-20 10:15:31 TP0] Prefill batch. #new-seq: 4, #new-token: 1000, #cached-token: 64, token usage: 0.09, #running-req: 0, #queue-req: 8, \n"
	        "[2025-11-20 10:15:32 TP0] Prefill batch [7], #new-seq: 4, #new-token: 500, #cached-token: 36, token usage: 0.09, #running-req: 0, #queue-req: 8, input throughput (token/s): 20411.90, cuda graph: False\n"
	        "[2025-11-20 10:15:33 TP0] Decode batch. #running-req: 8, #token: 1, token usage: 0.12, cuda graph: True, gen throughput (token/s): 48.17, #queue-req: 0, \n"
	        "[2025-11-20 10:15:34 TP0] Decode batch. #running-req: 9, #token: 1, token usage: 0.12, cuda graph: True, gen throughput (token/s): 900.17, #queue-req: 0, \n"
	        "[2025-11-20 10:20:40 TP0] KV cache pool is full. Retract requests. #retracted_reqs: 3, #new_token_ratio: 0.6912 -> 0.9340\n");
	int n = tally_flags(&t, 100, 900, f, 16);
	assert_int_equal(n, 3);
	const struct ev_flag_raised *c = find(f, n, FLAG_CACHED), *o = find(f, n, FLAG_FOREIGN_LOAD),
	                            *r = find(f, n, FLAG_RETRACTED);
	assert_true(c && c->doubt && o && o->doubt && r && !r->doubt);
	assert_non_null(strstr(c->text, "100 prompt tokens"));
	assert_non_null(strstr(o->text, "up to 9 requests at once, CONC is 8 (1 of 2 decode lines)"));
	assert_non_null(strstr(r->text, "1 times, 3 requests"));
	/* no room: nothing is written beyond it */
	assert_int_equal(tally_flags(&t, 100, 900, f, 1), 1);
}

/* Data-parallel ranks each tell their own part. */
static void ranks_are_added(void **state)
{
	struct ev_flag_raised f[16];
	char line[300];
	(void)state;
	struct server_tally t;
	tally_init(&t, 16);
	for (int i = 0; i < 60; i++)
		for (int dp = 0; dp < 2; dp++) {
			snprintf(line, sizeof line,
			        "[2025-11-20 10:16:%02d DP%d TP%d] Decode batch, #running-req: 8, #token: 131520, token usage: 0.23, cuda graph: False, gen throughput (token/s): %d, #queue-req: 0",
			        i, dp, dp * 4, i == 0 ? 3 : 450);
			tally_line(&t, line);
		}
	assert_true(fabs(tally_gen_tps(&t) - 900) < 1e-6);
	assert_int_equal(tally_flags(&t, 60, 880, f, 16), 0);
	int n = tally_flags(&t, 60, 800, f, 16);
	assert_int_equal(n, 1);
	assert_true(f[0].flag == FLAG_RATE_DIFFERS && !f[0].doubt);
	assert_string_equal(f[0].text, "the server's log says 900 tok/s, the client measured 800 (+12.5 %)");
	assert_int_equal(tally_flags(&t, 10, 800, f, 16), 0); /* a short span is all ramp */
}

/* The first value after idle is far too low; acceptance length counts tokens, not steps. */
static void rate_with_speculation(void **state)
{
	char line[300];
	(void)state;
	struct server_tally t;
	tally_init(&t, 4);
	for (int i = 0; i < 40; i++) {
		snprintf(line, sizeof line,
		        "[2025-11-20 10:16:%02d TP0] Decode batch, #running-req: 4, #token: 33120, token usage: 0.01, accept len: 2.50, accept rate: 0.77, cuda graph: True, gen throughput (token/s): %s, #queue-req: 0, ",
		        i,
		        i == 0  ? "1.2"
		        : i % 2 ? "400.0"
		                : "800.0");
		tally_line(&t, line);
	}
	/* half of the steps at 400, half at 800 tok/s: 533, not 600 */
	assert_true(fabs(tally_gen_tps(&t) - 533) < 6);
}

static void the_line_that_it_died_of(void **state)
{
	char text[700];
	(void)state;
	struct server_tally t = tally_of(8,
	        "[2025-11-20 10:31:00 TP2] Scheduler hit an exception: Traceback (most recent call last):\n"
	        "  File \"/workspace/sglang/python/sglang/srt/managers/scheduler.py\", line 2619, in run_scheduler_process\n"
	        "    scheduler.event_loop_overlap()\n"
	        "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 3.07 GiB. GPU 2 has a total capacity of 287.98 GiB\n"
	        "\n[2025-11-20 10:31:00] Received sigquit from a child process. It usually means the child failed.\n");
	assert_true(tally_fatal(&t, text, sizeof text));
	assert_non_null(strstr(text, "[2025-11-20 10:31:00 TP2] Scheduler hit an exception"));
	assert_non_null(strstr(text, "(torch.OutOfMemoryError: HIP out of memory."));
}

static void collect(void *ctx, const char *text)
{
	char *out = ctx;
	size_t len = strlen(out);
	snprintf(out + len, 4000 - len, "<%s>", text);
}

static void lines_are_cut(void **state)
{
	(void)state;
	static const char text[] = "half a line\none\r\ntwo\rbar 100%[2025-11-20 10:07:21 TP0] glued\n\nlast";
	for (size_t step = 1; step < 8; step++) {
		char out[4000] = "";
		struct linecut c = {.line = collect, .ctx = out, .skip = true};
		for (size_t i = 0; i < sizeof text - 1; i += step) {
			size_t left = sizeof text - 1 - i;
			linecut_feed(&c, text + i, left < step ? left : step);
		}
		linecut_end(&c);
		assert_string_equal(out, "<one><two><bar 100%><[2025-11-20 10:07:21 TP0] glued><last>");
	}
	/* a line without end does no harm */
	char *out = calloc(1, 4000), *big = malloc(1 << 20);
	assert_true(out && big);
	memset(big, 'x', 1 << 20);
	struct linecut c = {.line = collect, .ctx = out};
	linecut_feed(&c, big, 1 << 20);
	linecut_feed(&c, "\nnext\n", 6);
	assert_non_null(strstr(out, "<next>"));
	free(out);
	free(big);
}

/* ---- following ---- */

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void await_running(struct logspan *l, double running)
{
	int64_t end = clock_mono_ns() + 20 * CLOCK_NS_PER_S;
	struct server_now now = {.running = NAN};
	while (clock_mono_ns() < end) {
		if (logspan_now(l, &now) && now.running == running)
			return;
		nanosleep(&(struct timespec){.tv_nsec = 5 * CLOCK_NS_PER_MS}, NULL);
	}
	fail_msg("running is %g, not %g", now.running, running);
}

static int make_log(void **state)
{
	char *path = strdup("/tmp/test-serverflags-XXXXXX");
	assert_non_null(path);
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	*state = path;
	return 0;
}

static int remove_log(void **state)
{
	unlink(*state);
	free(*state);
	return 0;
}

#define DECODE(running)                                                                                                \
	"[2025-11-20 10:16:00 TP0] Decode batch, #running-req: " running                                               \
	", #token: 264704, token usage: 0.12, cuda graph: True, gen throughput (token/s): 1361.20, #queue-req: 2\n"

static void the_span_begins_after_the_warm_up(void **state)
{
	const char *path = *state;
	char why[200] = "";
	struct server_tally t;
	append(path, "[aiter] start build [old] under /x\n[aiter] finish build [old], cost 1.0s\n");
	append(path, "[aiter] start build [going_on] under /x\nhalf of a ");
	struct logspan *l = logspan_begin(path, why, sizeof why);
	assert_non_null(l);
	append(path, "line: Scheduler hit an exception: this was before\n[aiter] start build [warm] under /x\n");
	append(path, "[aiter] finish build [warm], cost 2.0s\n" DECODE("1"));
	await_running(l, 1);
	/* the mark after what was read is at most one look later */
	nanosleep(&(struct timespec){.tv_nsec = 300 * CLOCK_NS_PER_MS}, NULL);
	logspan_timed(l, clock_mono_ns());
	logspan_timed(l, 1); /* only the first counts */
	append(path, DECODE("8") "[aiter] start build [inside] under /x\n" DECODE(
	                     "9") "[aiter] finish build [inside], cost 5.0s");
	await_running(l, 9);
	assert_null(logspan_fatal(l));
	assert_true(logspan_end(l, 8, &t));
	assert_int_equal(t.decode_lines, 2);
	assert_int_equal(t.over_lines, 1);
	assert_int_equal(t.n_builds, 2);
	assert_string_equal(t.build[0].name, "going_on");
	assert_string_equal(t.build[1].name, "inside");
	assert_true(t.build[1].cost_s == 5); /* the line was not ended yet */
}

static void a_fatal_line_is_seen_within_a_second(void **state)
{
	const char *path = *state;
	char why[200] = "", text[700];
	struct server_tally t;
	append(path, "[2025-11-20 10:31:00 TP2] Scheduler hit an exception: of an earlier server\n");
	struct logspan *l = logspan_begin(path, why, sizeof why);
	assert_non_null(l);
	append(path, DECODE("3"));
	await_running(l, 3);
	assert_null(logspan_fatal(l));
	int64_t began = clock_mono_ns();
	append(path, "[2025-11-20 10:31:00 TP2] Scheduler hit an exception: Traceback (most recent call last):\n");
	while (!logspan_fatal(l) && clock_mono_ns() - began < 20 * CLOCK_NS_PER_S)
		nanosleep(&(struct timespec){.tv_nsec = CLOCK_NS_PER_MS}, NULL);
	assert_non_null(logspan_fatal(l));
	append(path, "  File \"x.py\", line 1\nRuntimeError: the very reason\n");
	assert_true(logspan_end(l, 8, &t));
	assert_true(tally_fatal(&t, text, sizeof text));
	assert_non_null(strstr(text, "(RuntimeError: the very reason)"));
}

static void logs_are_replaced_and_cut(void **state)
{
	const char *path = *state;
	char why[200] = "", aside[100];
	struct server_tally t;
	append(path, DECODE("1"));
	struct logspan *l = logspan_begin(path, why, sizeof why);
	assert_non_null(l);
	logspan_timed(l, clock_mono_ns());
	append(path, DECODE("2"));
	await_running(l, 2);
	snprintf(aside, sizeof aside, "%s.1", path);
	assert_int_equal(rename(path, aside), 0);
	append(path, DECODE("3"));
	await_running(l, 3);
	assert_true(logspan_end(l, 8, &t));
	assert_int_equal(t.decode_lines, 2); /* one of each */
	unlink(aside);
	l = logspan_begin(path, why, sizeof why);
	assert_non_null(l);
	append(path, DECODE("4"));
	await_running(l, 4);
	assert_int_equal(truncate(path, 0), 0);
	append(path, DECODE("5"));
	await_running(l, 5);
	assert_false(logspan_end(l, 8, &t)); /* a part of it is lost, and that is said */
}

static void no_log_is_said(void **state)
{
	char why[200] = "";
	(void)state;
	assert_null(logspan_begin("", why, sizeof why));
	assert_non_null(strstr(why, "not known"));
	assert_null(logspan_begin("/nowhere/server.log", why, sizeof why));
	assert_non_null(strstr(why, "/nowhere/server.log cannot be read"));
	assert_null(logspan_begin("/dev/null", why, sizeof why));
	struct server_tally t;
	struct server_now now;
	assert_false(logspan_end(NULL, 8, &t));
	assert_false(logspan_now(NULL, &now));
	assert_null(logspan_fatal(NULL));
	logspan_timed(NULL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_ordinary_span_has_no_flag),
	        cmocka_unit_test(builds_inside_are_a_doubt),
	        cmocka_unit_test(cache_foreign_load_and_retractions),
	        cmocka_unit_test(ranks_are_added),
	        cmocka_unit_test(rate_with_speculation),
	        cmocka_unit_test(the_line_that_it_died_of),
	        cmocka_unit_test(lines_are_cut),
	        cmocka_unit_test_setup_teardown(the_span_begins_after_the_warm_up, make_log, remove_log),
	        cmocka_unit_test_setup_teardown(a_fatal_line_is_seen_within_a_second, make_log, remove_log),
	        cmocka_unit_test_setup_teardown(logs_are_replaced_and_cut, make_log, remove_log),
	        cmocka_unit_test(no_log_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
