/* Lines folded into rows: what joins, what never does, and what a row says. */
#include "../../engine/log/logfold.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct logfold fold;
static char lines[200][300];
static int n_lines;

static int begin(void **state)
{
	(void)state;
	logfold_begin(&fold, 1000);
	n_lines = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	logfold_end(&fold);
	return 0;
}

static int64_t add_as(const char *text, bool folds)
{
	struct log_line l;
	struct log_place p = {n_lines * 100, n_lines * 100 + 100, n_lines * 100, 99, (uint32_t)n_lines};
	snprintf(lines[n_lines], sizeof lines[0], "%s", text);
	logline_parse(lines[n_lines++], &l);
	return logfold_add(&fold, &l, &p, folds);
}

static int64_t add(const char *text)
{
	return add_as(text, true);
}

static int64_t decode(const char *rank, int running, double gen, int queue)
{
	char line[300];
	snprintf(line, sizeof line,
	        "[2025-11-20 10:16:00 %s] Decode batch, #running-req: %d, #token: 3, token usage: 0.01, cuda graph: True, gen "
	        "throughput (token/s): %.2f, #queue-req: %d, ",
	        rank, running, gen, queue);
	return add(line);
}

static void row_is(size_t i, uint32_t count, const char *want)
{
	struct log_line l;
	char text[300];
	assert_true(i < fold.n);
	logline_parse(lines[fold.rows[i].text_at / 100], &l);
	logfold_text(&fold.rows[i], &l, text, sizeof text);
	if (strcmp(text, want) != 0 || fold.rows[i].count != count)
		fail_msg("row %zu: x%u \"%s\"", i, fold.rows[i].count, text);
}

static void rounds(void **state)
{
	(void)state;
	for (int i = 0; i < 26; i++)
		assert_int_equal(decode("TP0", 8, 949 + i % 13, 0), 0);
	row_is(0, 26, "decode x26  running 8  KV 1%  gen 949..961 tok/s  queue 0");
	assert_int_equal(fold.rows[0].at, 0);
	assert_int_equal(fold.rows[0].end, 2600);
	/* other figures, another number running: another row; the old one does not open again */
	assert_int_equal(decode("TP0", 8, 400, 0), 1);
	assert_int_equal(decode("TP0", 7, 401, 0), 2);
	assert_int_equal(decode("TP0", 8, 950, 0), 3);
	/* ranks in turn: one row each */
	assert_int_equal(decode("DP1 TP4", 8, 950, 0), 4);
	assert_int_equal(decode("TP0", 8, 951, 0), 3);
	assert_int_equal(decode("DP1 TP4", 8, 952, 0), 4);
	row_is(4, 2, "decode x2  running 8  KV 1%  gen 950..952 tok/s  queue 0");
	row_is(2, 1, "decode  running 7  KV 1%  gen 401 tok/s  queue 0");
}

static void requests(void **state)
{
	(void)state;
	static const char post[] =
	        "[2025-11-20 10:12:01] INFO:     127.0.0.1:40100 - \"POST /generate HTTP/1.1\" 200 OK";
	static const char prefill[] =
	        "[2025-11-20 10:12:00 TP0] Prefill batch. #new-seq: 4, #new-token: 1000, #cached-token: 1, token usage: 0.00, "
	        "#running-req: 0, #queue-req: 6, ";
	for (int i = 0; i < 60; i++) {
		assert_int_equal(add(prefill), 0);
		assert_int_equal(add(post), 1);
	}
	row_is(0, 60, "prefill x60  new 240  tokens 60,000  cached 60  KV 0%  queue 6");
	row_is(1, 60, "HTTP POST /generate 200  x60");
	assert_int_equal(
	        add("[2025-11-20 10:12:01] INFO:     127.0.0.1:40100 - \"POST /generate HTTP/1.1\" 400 Bad Request"),
	        2);
	assert_int_equal(
	        add("[2025-11-20 10:12:01] INFO:     127.0.0.1:1 - \"POST /generate HTTP/1.1\" 500 Internal Server Error"),
	        3);
	assert_int_equal(
	        add("[2025-11-20 10:12:01] INFO:     127.0.0.1:1 - \"POST /generate HTTP/1.1\" 500 Internal Server Error"),
	        4);
	assert_int_equal(add(post), 5); /* a warning ended what was open */
}

static void never(void **state)
{
	(void)state;
	static const char *const each[] = {
	        "[2025-11-20 10:31:10] Exit code: -9",
	        "[2025-11-20 10:20:40 TP0] KV cache pool is full. Retract requests. #retracted_reqs: 3",
	        "[aiter] start build [module_moe_sorting] under /w",
	        "[aiter] finish build [module_moe_sorting], cost 41.2s",
	        "[2025-11-20 10:02:41 TP3] waiting for baton release at /w/lock_module_x",
	        "  File \"x.py\", line 1",
	        "[2025-11-20 10:02:41 TP3] something",
	};
	size_t n = sizeof each / sizeof each[0];
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			assert_int_equal(add(each[i]), (int64_t)i * 3 + k);
	for (size_t i = 0; i < 3 * n; i++)
		assert_int_equal(fold.rows[i].count, 1);
}

static void doubles(void **state)
{
	(void)state;
	assert_int_equal(add("[aiter] import [module_aiter_enum] under /w/module_aiter_enum.so"), 0);
	assert_int_equal(add("INFO:aiter:import [module_aiter_enum] under /w/module_aiter_enum.so"), 0);
	assert_int_equal(add("[aiter] import [module_aiter_enum] under /w/module_aiter_enum.so"), 0);
	assert_int_equal(add("[aiter] import [module_b] under /w/module_b.so"), 1);
	assert_int_equal(add("[aiter] start build [module_c] under /w"), 2);
	assert_int_equal(add("[2025-11-20 10:02:41 TP3] start build [module_c] under /w"), 2);
	assert_int_equal(add("[2025-11-20 10:02:41 TP4] start build [module_d] under /w"), 3);
	row_is(0, 3, "[aiter] import module_aiter_enum");
	row_is(2, 2, "[aiter] start build module_c");
	assert_true(fold.rows[2].doubled);
}

static void bars(void **state)
{
	(void)state;
	char line[120];
	for (int i = 0; i <= 82; i++) {
		snprintf(line, sizeof line,
		        "Loading safetensors checkpoint shards: %3d%% Completed | %d/82 [00:30<01:33,  1.51s/it]",
		        i * 100 / 82, i);
		assert_int_equal(add(line), 0);
	}
	row_is(0, 83, "loading weights 82/82  100%  left 01:33");
	assert_int_equal(
	        add("Capturing batches (bs=120 avail_mem=82.77 GB):   5%|x         | 1/20 [00:31<09:58, 31.52s/it]"),
	        1);
}

static void unfolded_and_full(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		add_as("[2025-11-20 10:16:00 TP0] Decode batch, #running-req: 8, #queue-req: 0, ", false);
	assert_int_equal(fold.n, 5);
	assert_int_equal(decode("TP0", 8, 950, 0), 5);
	assert_int_equal(decode("TP0", 8, 950, 0), 5);
	/* many ranks: the oldest group closes */
	for (int i = 0; i < 40; i++) {
		char rank[16];
		snprintf(rank, sizeof rank, "DP%d", i);
		assert_int_equal(decode(rank, 8, 950, 0), 6 + i);
	}
	assert_int_equal(decode("DP39", 8, 950, 0), 45);
	assert_int_equal(decode("DP0", 8, 950, 0), 46);
	logfold_begin(&fold, 1);
	assert_int_equal(add("a"), 0);
	assert_int_equal(add("b"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(rounds, begin, end),
	        cmocka_unit_test_setup_teardown(requests, begin, end),
	        cmocka_unit_test_setup_teardown(never, begin, end),
	        cmocka_unit_test_setup_teardown(doubles, begin, end),
	        cmocka_unit_test_setup_teardown(bars, begin, end),
	        cmocka_unit_test_setup_teardown(unfolded_and_full, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
