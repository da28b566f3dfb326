/* What log lines say, and following a file that grows, is cut, replaced, or full of rubbish. */
#include "../../engine/log/tail.h"
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

/* ---- lines ---- */

struct sample {
	enum severity severity;
	bool fatal;
	const char *start; /* words of line_startup, NULL: none */
	const char *line;
};

#define D "[2025-11-20 10:31:00"
static const struct sample samples[] = {
        {SEV_INFO, false, "starting", "+ python3 -m sglang.launch_server --model-path=m --tensor-parallel-size=8"},
        {SEV_INFO, false, NULL,
                "[aiter] WARNING: NUMA balancing is enabled, which may cause errors. It is recommended"},
        {SEV_INFO, false, NULL, "[aiter] import [module_aiter_enum] under /workspace/aiter/jit/module_aiter_enum.so"},
        {SEV_INFO, false, NULL, "INFO:aiter:import [module_aiter_enum] under /workspace/aiter/module_aiter_enum.so"},
        {SEV_INFO, false, "starting", D "] server_args=ServerArgs(model_path='m', port=8888, error='Traceback (most')"},
        {SEV_INFO, false, NULL, D "] Using default HuggingFace chat template with detected content format: string"},
        {SEV_INFO, false, "connecting the ranks", D " TP0] Init torch distributed begin."},
        {SEV_INFO, false, NULL, "[Gloo] Rank 0 is connected to 7 peer ranks. Expected number of connected peer ranks"},
        {SEV_INFO, false, "building module_moe_sorting",
                "[aiter] start build [module_moe_sorting] under /w/module_moe"},
        {SEV_INFO, false, NULL, D " TP3] waiting for baton release at /workspace/lock_module_custom_all_reduce"},
        {SEV_INFO, false, NULL, "[aiter] finish build [module_custom_all_reduce], cost 38.4s "},
        {SEV_INFO, false, NULL, "[aiter] type hints mismatch, override to --> register_input_buffer(_fa: int | None)"},
        {SEV_INFO, false, "loading weights", D " TP0] Load weight begin. avail mem=282.61 GB"},
        {SEV_INFO, false, "loading weights 0%",
                "Loading safetensors checkpoint shards:   0% Completed | 0/82 [00:00<?, ?it/s]"},
        {SEV_INFO, false, "loading weights 49%",
                "Loading safetensors checkpoint shards:  49% Completed | 40/82 [01:01<01:04,  1.53s/it]"},
        {SEV_INFO, false, "loading weights 50%", "Multi-thread loading shards:  50% Completed | 2/4 [00:06<00:07]"},
        {SEV_INFO, false, "weights loaded", D " TP0] Load weight end. type=DeepseekV3ForCausalLM, avail mem=234.30 GB"},
        {SEV_INFO, false, "KV cache allocated", D " TP0] KV Cache is allocated. #tokens: 2246784, KV size: 147.04 GB"},
        {SEV_INFO, false, "capturing graphs", D " TP0] Capture cuda graph begin. This can take up to several minutes."},
        {SEV_INFO, false, NULL, "[aiter] shape is M:128, N:2112, K:7168, not found tuned config in CKGEMM or asmGEMM"},
        {SEV_INFO, false, "capturing graphs 100%",
                "Capturing batches (bs=1 avail_mem=79.61 GB): 100%|\xe2\x96\x88| 20/20 [01:36<00:00,  4.81s/it]"},
        {SEV_INFO, false, "graphs captured", D " TP0] Capture cuda graph end. Time elapsed: 96.71 s."},
        {SEV_INFO, false, "HTTP is coming up", D "] INFO:     Started server process [4711]"},
        {SEV_INFO, false, "warming up", D "] INFO:     Uvicorn running on http://0.0.0.0:8888 (Press CTRL+C to quit)"},
        {SEV_INFO, false, NULL, D "] INFO:     127.0.0.1:51544 - \"GET /get_model_info HTTP/1.1\" 200 OK"},
        {SEV_INFO, false, NULL, D "] The server is fired up and ready to roll!"},
        {SEV_INFO, false, NULL, D "] INFO:     127.0.0.1:40020 - \"GET /health HTTP/1.1\" 503 Service Unavailable"},
        {SEV_INFO, false, NULL, D "] INFO:     127.0.0.1:40020 - \"GET /server_info HTTP/1.1\" 404 Not Found"},
        {SEV_WARN, false, NULL, D "] INFO:     127.0.0.1:1 - \"POST /generate HTTP/1.1\" 500 Internal Server Error"},
        {SEV_INFO, false, NULL,
                D "] Echo is not compatible with logprobs. To compute logprobs of input prompt, please"},
        {SEV_INFO, false, NULL, D " TP0] Prefill batch. #new-seq: 4, #new-token: 6981, #cached-token: 0, "},
        {SEV_WARN, false, NULL,
                D " TP0] KV cache pool is full. Retract requests. #retracted_reqs: 3, #new_token_ratio"},
        {SEV_WARN, false, NULL, D " TP0] Cache not flushed because there are pending requests. #queue-req: 0"},
        {SEV_INFO, false, NULL,
                D "] Endpoint '/get_server_info' is deprecated and will be removed in a future version."},
        {SEV_WARN, false, NULL, D "] Health check failed. Server couldn't get a response from detokenizer for last 20"},
        {SEV_ERROR, true, NULL, D " TP2] Scheduler hit an exception: Traceback (most recent call last):"},
        {SEV_INFO, false, NULL, "    scheduler.event_loop_overlap()"},
        {SEV_ERROR, true, NULL,
                "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 3.07 GiB. GPU 2 has a total"},
        {SEV_ERROR, true, NULL, D "] Received sigquit from a child process. It usually means the child failed."},
        {SEV_ERROR, true, NULL, D "] SIGQUIT received. signum=None, frame=None. It usually means one child failed."},
        {SEV_ERROR, true, NULL, D "] Rank 3 scheduler is dead. Please check if there are relevant logs."},
        {SEV_ERROR, true, NULL, D "] Exit code: -9"},
        {SEV_ERROR, true, NULL, D " TP0] Watchdog timeout (self.watchdog_timeout=300)"},
        {SEV_ERROR, true, NULL,
                "Memory access fault by GPU node-4 (Agent handle: 0x7f2a1c0) on address 0x7e41c2000000."},
        {SEV_ERROR, true, NULL,
                D "] ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8888): address already "
                  "in use"},
        {SEV_WARN, false, NULL, D "] SIGTERM received. signum=None frame=None. Draining requests and shutting down..."},
        {SEV_INFO, false, NULL, D "] Gracefully exiting... remaining number of requests 2"},
        {SEV_INFO, false, NULL, D "] INFO:     Finished server process [4711]"},
        {SEV_INFO, false, NULL, D "] Receive: obj=GenerateReqInput(text='HIP out of memory', rid='1')"},
        {SEV_ERROR, false, NULL, "RuntimeError: shapes do not fit"},
        {SEV_ERROR, false, NULL, "Traceback (most recent call last):"},
        {SEV_WARN, false, NULL, D "] Error in request: bad"},
        {SEV_WARN, false, NULL, "WARNING:root:something"},
        {SEV_INFO, false, NULL, ""},
        {SEV_INFO, false, NULL, "["},
        {SEV_INFO, false, NULL, "%"},
        {SEV_INFO, false, NULL, "Error"},
};

static void severities(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		const struct sample *s = &samples[i];
		char text[100] = "";
		bool start = line_startup(s->line, text, sizeof text);
		if (line_severity(s->line) != s->severity || line_is_fatal(s->line) != s->fatal)
			fail_msg("%s: severity %d, fatal %d", s->line, (int)line_severity(s->line),
			        line_is_fatal(s->line));
		if (start != (s->start != NULL) || (start && strcmp(text, s->start) != 0))
			fail_msg("%s: start \"%s\"", s->line, text);
	}
}

struct batch_sample {
	const char *line;
	struct batch_line want; /* .running < 0: not a batch line */
};

#define NONE NAN
#define NOT                                                                                                            \
	{                                                                                                              \
		false, -1, 0, 0, 0, 0, 0, 0                                                                            \
	}
static const struct batch_sample batches[] = {
        {D " TP0] Prefill batch. #new-seq: 1, #new-token: 7, #cached-token: 0, token usage: 0.00, #running-req: 0, "
           "#queue-req: 0, ",
                {false, 0, 0, 0, NONE, NONE, 7, 0}},
        {D " TP0] Prefill batch. #new-seq: 24, #new-token: 196608, #cached-token: 12, token usage: 0.09, #running-req: 3, "
           "#queue-req: 8, ",
                {false, 3, 8, 0.09, NONE, NONE, 196608, 12}},
        {D " TP0] Decode batch. #running-req: 32, #token: 263424, token usage: 0.12, cuda graph: True, gen throughput "
           "(token/s): 1361.20, #queue-req: 0, ",
                {true, 32, 0, 0.12, 1361.20, NONE, NONE, NONE}},
        {D " TP0] Decode batch [1840], #running-req: 32, #token: 265984, token usage: 0.12, cuda graph: True, gen "
           "throughput (token/s): 1358.02, #queue-req: 5, ",
                {true, 32, 5, 0.12, 1358.02, NONE, NONE, NONE}},
        {D " TP0] Decode batch, #running-req: 4, #token: 33120, token usage: 0.01, accept len: 2.31, accept rate: 0.77, "
           "cuda graph: True, gen throughput (token/s): 611.45, #queue-req: 0, ",
                {true, 4, 0, 0.01, 611.45, 2.31, NONE, NONE}},
        {D " TP0] Prefill batch, #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: 0.01, #running-req: 3, "
           "#queue-req: 0, input throughput (token/s): 20411.90, cuda graph: False",
                {false, 3, 0, 0.01, NONE, NONE, 8192, 0}},
        {D " DP1 TP4] Decode batch, #running-req: 16, #token: 131520, token usage: 0.23, cuda graph: False, gen "
           "throughput (token/s): 702.11, #queue-req: 3",
                {true, 16, 3, 0.23, 702.11, NONE, NONE, NONE}},
        {D " TP0] Decode batch, #running-req: 16, #full token: 5, full token usage: 0.4, swa token usage: 0.9, "
           "#queue-req: 3, #pending-token: 9, fwd occupancy: 12.34%",
                {true, 16, 3, 0.4, NONE, NONE, NONE, NONE}},
        {"Decode batch, #running-req: 2, #queue-req: nan", {true, 2, NONE, NONE, NONE, NONE, NONE, NONE}},
        {"Decode batch, #running-req: 1e400, #queue-req: 1", {true, NONE, 1, NONE, NONE, NONE, NONE, NONE}},
        {D " TP0] Cache not flushed because there are pending requests. #queue-req: 0, #running-req: 12", NOT},
        {D "] Receive: obj=GenerateReqInput(text='Decode batch. #running-req: 1, ')", NOT},
        {D " TP0] Decode batch without figures", NOT},
        {D " TP0] Decode batch, #", NOT},
        {D " TP0] Decode batch, #: , : , #running-req: , ", NOT},
        {"", NOT},
};

static bool equal(double a, double b)
{
	return isnan(a) ? isnan(b) : fabs(a - b) < 1e-12;
}

static void batch_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
		struct batch_line b = {0};
		const struct batch_line *w = &batches[i].want;
		bool is = batch_line_parse(batches[i].line, &b);
		if (is != !(w->running < 0))
			fail_msg("%s: %d", batches[i].line, is);
		if (is && !(b.decode == w->decode && equal(b.running, w->running) && equal(b.queued, w->queued) &&
		                  equal(b.usage, w->usage) && equal(b.gen_tps, w->gen_tps) &&
		                  equal(b.accept_len, w->accept_len) && equal(b.new_tokens, w->new_tokens) &&
		                  equal(b.cached_tokens, w->cached_tokens)))
			fail_msg("%s: %g %g %g %g", batches[i].line, b.running, b.queued, b.usage, b.gen_tps);
	}
}

static void stamps(void **state)
{
	(void)state;
	int64_t a, b;
	assert_true(line_stamp("[2024-02-28 23:59:59 TP0] x", &a));
	assert_true(line_stamp("[2024-03-01 00:00:00]", &b));
	assert_int_equal(b - a, 86401); /* a leap year */
	assert_true(line_stamp("[2025-12-31 23:59:58", &a));
	assert_true(line_stamp("[2026-01-01 00:00:01.123]", &b));
	assert_int_equal(b - a, 3);
	assert_false(line_stamp("[2025-12-31 23:59:5", &a));
	assert_false(line_stamp("[aiter] start build [module_x]", &a));
	assert_false(line_stamp("", &a));
}

/* ---- files ---- */

static char dir[64], path[128], other[128];
static struct tail *tail;

static int begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/benchtop-tail-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/server.log", dir);
	snprintf(other, sizeof other, "%s/server.log.1", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tail_close(tail);
	tail = NULL;
	unlink(path);
	unlink(other);
	rmdir(dir);
	return 0;
}

static void put(const char *file, int flags, const char *data, size_t len)
{
	int fd = open(file, O_WRONLY | O_CREAT | flags, 0644);
	assert_true(fd >= 0);
	while (len) {
		ssize_t n = write(fd, data, len);
		assert_true(n > 0);
		data += n;
		len -= (size_t)n;
	}
	close(fd);
}

static void add(const char *text)
{
	put(path, O_APPEND, text, strlen(text));
}

static void start(void)
{
	struct err e = {0};
	if (tail_open(&tail, path, &e))
		fail_msg("%s", e.text);
}

static void newest(int from_end, const char *want)
{
	const struct tail_line *line = tail_line(tail, from_end);
	assert_non_null(line);
	assert_string_equal(line->text, want);
}

static void grows(void **state)
{
	(void)state;
	start();
	assert_string_equal(tail_path(tail), path);
	assert_int_equal(tail_poll(tail, 1 << 20), 0); /* not there yet */
	assert_null(tail_line(tail, 0));
	add("one\ntwo\nthr");
	assert_int_equal(tail_poll(tail, 1 << 20), 2);
	newest(0, "two");
	newest(1, "one");
	assert_null(tail_line(tail, 2));
	assert_null(tail_line(tail, -1));
	add("ee\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 1);
	newest(0, "three");
	assert_int_equal((int)tail_line(tail, 0)->number, 3);
	assert_int_equal(tail_poll(tail, 1 << 20), 0);
	add("\n\nWARNING: a\n" D "] Exit code: -9\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 4);
	newest(2, "");
	assert_int_equal(tail_warnings(tail), 1);
	assert_int_equal(tail_errors(tail), 1);
	assert_int_equal(tail_line(tail, 0)->severity, SEV_ERROR);
	assert_int_equal(tail_count(tail), 7);
	add("0123456789\n0123456789\n");
	assert_int_equal(tail_poll(tail, 5), 0); /* no more than asked for */
	assert_int_equal(tail_poll(tail, 7), 1);
	assert_int_equal(tail_poll(tail, 100), 1);
}

static void split_and_cleaned(void **state)
{
	(void)state;
	start();
	add("\rLoading:   0%\rLoading:  50%\rLoading: 100%\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 3);
	newest(0, "Loading: 100%");
	add("dos\r\nnext\r");
	assert_int_equal(tail_poll(tail, 1 << 20), 2);
	add("\nafter\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 1);
	newest(1, "next");
	/* a message behind a bar, behind an escape sequence, and a bracket that is none */
	add("bar: 50% | 2/4[2026-04-09 20:05:30 TP1] Parameter [x]\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 2);
	newest(1, "bar: 50% | 2/4");
	newest(0, "[2026-04-09 20:05:30 TP1] Parameter [x]");
	add("\x1b[0m[2026-04-09 20:05:31] colour [[2026-04-09 20:05:32] two\n[2026-04-09 x [2026-04-09 20:05:3\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 3);
	newest(2, "[2026-04-09 20:05:31] colour [");
	newest(1, "[2026-04-09 20:05:32] two");
	newest(0, "[2026-04-09 x [2026-04-09 20:05:3");
	add("[aiter] \x1b[32mfinish build [m], cost 38.4s \x1b[0m\x07\x1b]0;title\x07 end\xff\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 1);
	newest(0, "[aiter] finish build [m], cost 38.4s  end\xef\xbf\xbd");
	/* split anywhere it is the same */
	const char *glued = "bar[2026-04-09 20:05:33] x\n";
	for (size_t i = 0; i < strlen(glued); i++) {
		put(path, O_APPEND, glued + i, 1);
		tail_poll(tail, 1 << 20);
	}
	newest(1, "bar");
	newest(0, "[2026-04-09 20:05:33] x");
}

static void long_and_binary(void **state)
{
	(void)state;
	size_t size = (size_t)1 << 20;
	char *data = malloc(size + 64);
	assert_non_null(data);
	memset(data, 'x', size);
	data[size] = '\n';
	start();
	put(path, O_APPEND, data, size + 1);
	int lines = 0;
	for (int i = 0; i < 64; i++)
		lines += tail_poll(tail, 65536);
	assert_int_equal(lines, 1);
	assert_int_equal(strlen(tail_line(tail, 0)->text), TAIL_LINE - 1);
	/* a stamp far inside of such a line begins a line all the same */
	memcpy(data + size - 100, "[2026-04-09 20:05:33] late ", 27);
	put(path, O_APPEND, data, size + 1);
	assert_int_equal(tail_poll(tail, 2 * size), 2);
	assert_memory_equal(tail_line(tail, 0)->text, "[2026-04-09 20:05:33] late xxx", 30);
	uint32_t r = 1;
	for (size_t i = 0; i < size; i++) {
		r = r * 1664525 + 1013904223;
		data[i] = (char)(r >> 24);
	}
	put(path, O_APPEND, data, size);
	add("\nsane\n");
	assert_true(tail_poll(tail, 2 * size) > 1000);
	assert_int_equal(tail_count(tail), TAIL_LINES);
	newest(0, "sane");
	for (int i = 0; i < TAIL_LINES; i++)
		for (const char *p = tail_line(tail, i)->text; *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	free(data);
}

static void starts_near_the_end(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		char line[32];
		snprintf(line, sizeof line, "line %05d.....\n", i);
		put(path, O_APPEND, line, 16);
	}
	start();
	int n = tail_poll(tail, 1 << 20);
	assert_in_range(n, 4000, 4096); /* 64 KiB of lines of 16 bytes */
	newest(0, "line 19999.....");
	newest(TAIL_LINES - 1, "line 19488.....");
	assert_int_equal(tail_count(tail), TAIL_LINES);
	tail_close(tail);
	/* a last line that is longer than what is looked at */
	put(path, O_TRUNC, "", 0);
	char *data = malloc(200000);
	assert_non_null(data);
	memset(data, 'x', 200000);
	put(path, O_APPEND, data, 200000);
	free(data);
	start();
	assert_int_equal(tail_poll(tail, 1 << 20), 0);
	add("end of it\nwhole\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 1);
	newest(0, "whole");
}

static void truncated(void **state)
{
	(void)state;
	start();
	add("old line 1\nold line 2\nunfinished");
	assert_int_equal(tail_poll(tail, 1 << 20), 2);
	put(path, O_TRUNC, "new 1\n", 6);
	assert_int_equal(tail_poll(tail, 1 << 20), 2);
	newest(1, "unfinished");
	newest(0, "new 1");
	put(path, O_TRUNC, "", 0);
	assert_int_equal(tail_poll(tail, 1 << 20), 0);
	add("new 2\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 1);
	newest(0, "new 2");
}

static void rotated(void **state)
{
	(void)state;
	start();
	add("a\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 1);
	/* renamed, written on for a moment, then a new one: nothing is lost, in order */
	assert_int_equal(rename(path, other), 0);
	put(other, O_APPEND, "b\n", 2);
	assert_int_equal(tail_poll(tail, 1 << 20), 1);
	newest(0, "b");
	put(other, O_APPEND, "c\nlast", 6);
	add("d\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 3);
	newest(2, "c");
	newest(1, "last");
	newest(0, "d");
	/* more of the old one than one call may read */
	put(path, O_APPEND, "1234567\n1234567\n1234567\n", 24);
	unlink(other);
	assert_int_equal(rename(path, other), 0);
	add("e\n");
	assert_int_equal(tail_poll(tail, 10), 1);
	assert_int_equal(tail_poll(tail, 10), 1);
	assert_int_equal(tail_poll(tail, 10), 2);
	newest(0, "e");
	/* gone, and there again */
	unlink(path);
	assert_int_equal(tail_poll(tail, 1 << 20), 0);
	add("f\n");
	assert_int_equal(tail_poll(tail, 1 << 20), 1);
	newest(0, "f");
}

static void not_a_log(void **state)
{
	(void)state;
	struct tail *t;
	struct err e = {0};
	assert_int_equal(tail_open(&t, dir, &e), ERR_IO);
	assert_non_null(strstr(e.text, "not a plain file"));
	assert_null(t);
	assert_int_equal(tail_open(&t, "", &e), ERR_USAGE);
	tail_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(severities),
	        cmocka_unit_test(batch_lines),
	        cmocka_unit_test(stamps),
	        cmocka_unit_test_setup_teardown(grows, begin, end),
	        cmocka_unit_test_setup_teardown(split_and_cleaned, begin, end),
	        cmocka_unit_test_setup_teardown(long_and_binary, begin, end),
	        cmocka_unit_test_setup_teardown(starts_near_the_end, begin, end),
	        cmocka_unit_test_setup_teardown(truncated, begin, end),
	        cmocka_unit_test_setup_teardown(rotated, begin, end),
	        cmocka_unit_test_setup_teardown(not_a_log, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
