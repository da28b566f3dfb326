/* What must come out of every line form of every version: kind, severity, figures, the words of the screen. */
#include "../../engine/base/text.h"
#include "../../engine/log/logline.h"
#include "../../engine/log/logword.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

#define I SEV_INFO
#define W SEV_WARN
#define E SEV_ERROR
#define D "[2025-11-20 10:16:00"

struct sample {
	const char *line;
	enum log_kind kind;
	enum severity severity;
	const char *text; /* as the screen shows it; NULL: the message, unchanged */
};

static const struct sample samples[] = {
        {"+ python3 -m sglang.launch_server --model-path=amd/DeepSeek-R1-0528-MXFP4-Preview --port=8888", LOG_ARGS, I,
                NULL},
        {"[aiter] WARNING: NUMA balancing is enabled, which may cause errors. It is recommended to disable it",
                LOG_NOISE, I,
                "[aiter] WARNING: NUMA balancing is enabled, which may cause errors. It is recommended to disable it"},
        {"[aiter] import [module_aiter_enum] under /workspace/aiter/aiter/jit/module_aiter_enum.so", LOG_JIT_IMPORT, I,
                "[aiter] import module_aiter_enum"},
        {"INFO:aiter:import [module_aiter_enum] under /workspace/aiter/aiter/jit/module_aiter_enum.so", LOG_JIT_IMPORT,
                I, "[aiter] import module_aiter_enum"},
        {D "] server_args=ServerArgs(model_path='amd/x', port=8888, disable_radix_cache=True)", LOG_ARGS, I,
                "server_args=ServerArgs(model_path='amd/x', port=8888, disable_radix_cache=True)"},
        {D "] Using default HuggingFace chat template with detected content format: string", LOG_OTHER, I,
                "Using default HuggingFace chat template with detected content format: string"},
        {D " TP0] Attention backend not explicitly specified. Use aiter backend by default.", LOG_OTHER, I,
                "Attention backend not explicitly specified. Use aiter backend by default."},
        {D " TP0] Init torch distributed begin.", LOG_PHASE, I, "Init torch distributed begin."},
        {"[Gloo] Rank 0 is connected to 7 peer ranks. Expected number of connected peer ranks is : 7", LOG_NOISE, I,
                NULL},
        {"[aiter] start build [module_custom_all_reduce] under /w/aiter/jit/build/module_custom_all_reduce",
                LOG_JIT_START, I, "[aiter] start build module_custom_all_reduce"},
        {"[aiter] waiting for baton release at /w/aiter/jit/build/lock_module_custom_all_reduce", LOG_JIT_WAIT, I,
                "[aiter] waits for the build of module_custom_all_reduce"},
        {D " TP3] waiting for baton release at /w/aiter/jit/build/lock_module_custom_all_reduce", LOG_JIT_WAIT, I,
                "[aiter] waits for the build of module_custom_all_reduce"},
        {"[aiter] \x1b[32mfinish build [module_custom_all_reduce], cost 38.4s \x1b[0m", LOG_JIT_FINISH, I,
                "[aiter] finish build module_custom_all_reduce  38.4 s"},
        {"[aiter] finish build [module_moe_sorting], cost 41.20713325s", LOG_JIT_FINISH, I,
                "[aiter] finish build module_moe_sorting  41.2 s"},
        {"[aiter] type hints mismatch, override to --> register_input_buffer(_fa: int, t: torch.Tensor) -> None",
                LOG_NOISE, I,
                "[aiter] type hints mismatch, override to --> register_input_buffer(_fa: int, t: torch.Tensor) -> None"},
        {D " TP0] Init torch distributed ends. mem usage=3.81 GB", LOG_PHASE, I,
                "Init torch distributed ends. mem usage=3.81 GB"},
        {D " TP0] Load weight begin. avail mem=282.61 GB", LOG_PHASE, I, "Load weight begin. avail mem=282.61 GB"},
        {D " TP0] Using model weights format ['*.safetensors']", LOG_OTHER, I,
                "Using model weights format ['*.safetensors']"},
        {"Loading safetensors checkpoint shards:   0% Completed | 0/82 [00:00<?, ?it/s]", LOG_PHASE, I,
                "loading weights 0/82  0%"},
        {"Loading safetensors checkpoint shards:  49% Completed | 40/82 [01:01<01:04,  1.53s/it]", LOG_PHASE, I,
                "loading weights 40/82  48%  left 01:04"},
        {"Loading safetensors checkpoint shards: 100% Completed | 82/82 [02:05<00:00,  1.52s/it]", LOG_PHASE, I,
                "loading weights 82/82  100%  left 00:00"},
        {"Multi-thread loading shards:  50% Completed | 2/4 [00:06<00:07,  3.54s/it]", LOG_PHASE, I,
                "loading weights 2/4  50%  left 00:07"},
        {D " TP0] Load weight end. type=DeepseekV3ForCausalLM, avail mem=234.30 GB", LOG_PHASE, I,
                "Load weight end. type=DeepseekV3ForCausalLM, avail mem=234.30 GB"},
        {D " TP0] KV Cache is allocated. #tokens: 2246784, KV size: 147.04 GB", LOG_PHASE, I,
                "KV Cache is allocated. #tokens: 2246784, KV size: 147.04 GB"},
        {D " TP0] Memory pool end. avail mem=85.92 GB", LOG_PHASE, I, "Memory pool end. avail mem=85.92 GB"},
        {D " TP0] Capture cuda graph begin. This can take up to several minutes. avail mem=85.40 GB", LOG_PHASE, I,
                "Capture cuda graph begin. This can take up to several minutes. avail mem=85.40 GB"},
        {D " TP0] Capture cuda graph bs [1, 2, 4, 8]", LOG_PHASE, I, "Capture cuda graph bs [1, 2, 4, 8]"},
        {"[aiter] shape is M:128, N:2112, K:7168, not found tuned config in CKGEMM or asmGEMM, will use default config!",
                LOG_NOISE, I,
                "[aiter] shape is M:128, N:2112, K:7168, not found tuned config in CKGEMM or asmGEMM, will use default "
                "config!"},
        {"[aiter] [fused_moe] using 2stage default for (256, 128, 7168, 256, 257, 9) ", LOG_OTHER, I,
                "[aiter] [fused_moe] using 2stage default for (256, 128, 7168, 256, 257, 9) "},
        {"[aiter] hipModuleLoad: /workspace/aiter/hsa/gfx950//mla/mla_a16w16.co GetFunction: mla_dec_stage1 Success",
                LOG_OTHER, I,
                "[aiter] hipModuleLoad: /workspace/aiter/hsa/gfx950//mla/mla_a16w16.co GetFunction: mla_dec_stage1 Success"},
        {"  0%|          | 0/20 [00:00<?, ?it/s]", LOG_PHASE, I, "progress 0/20  0%"},
        {"Capturing batches (bs=120 avail_mem=82.77 GB):   5%|\xe2\x96\x8c         | 1/20 [00:31<09:58, 31.52s/it]",
                LOG_PHASE, I, "capturing graphs 1/20  5%  left 09:58"},
        {D " TP0] Registering 2440 cuda graph addresses", LOG_OTHER, I, "Registering 2440 cuda graph addresses"},
        {D " TP0] Capture cuda graph end. Time elapsed: 96.71 s. mem usage=5.80 GB.", LOG_PHASE, I,
                "Capture cuda graph end. Time elapsed: 96.71 s. mem usage=5.80 GB."},
        {D " TP0] max_total_num_tokens=2246784, chunked_prefill_size=196608, context_len=163840", LOG_PHASE, I,
                "max_total_num_tokens=2246784, chunked_prefill_size=196608, context_len=163840"},
        {D "] INFO:     Started server process [4711]", LOG_PHASE, I, "Started server process [4711]"},
        {D "] \x1b[32mINFO\x1b[0m:     Started server process [4711]", LOG_PHASE, I, "Started server process [4711]"},
        {D "] INFO:     Waiting for application startup.", LOG_PHASE, I, "Waiting for application startup."},
        {D "] INFO:     Application startup complete.", LOG_PHASE, I, "Application startup complete."},
        {D "] INFO:     Uvicorn running on http://0.0.0.0:8888 (Press CTRL+C to quit)", LOG_PHASE, I,
                "Uvicorn running on http://0.0.0.0:8888 (Press CTRL+C to quit)"},
        {D "] INFO:     127.0.0.1:51544 - \"GET /get_model_info HTTP/1.1\" 200 OK", LOG_HTTP, I,
                "HTTP GET /get_model_info 200"},
        {D "] INFO:     127.0.0.1:51552 - \"POST /generate HTTP/1.1\" 200 OK", LOG_HTTP, I, "HTTP POST /generate 200"},
        {D "] INFO:     127.0.0.1:51552 - \"POST /generate?x=1 HTTP/1.1\" 500 Internal Server Error", LOG_HTTP, W,
                "HTTP POST /generate 500"},
        {D "] The server is fired up and ready to roll!", LOG_PHASE, I, "The server is fired up and ready to roll!"},
        {D "] INFO:     127.0.0.1:40020 - \"GET /health HTTP/1.1\" 503 Service Unavailable", LOG_HTTP, I,
                "HTTP GET /health 503"},
        {D "] INFO:     127.0.0.1:40310 - \"POST /flush_cache HTTP/1.1\" 400 Bad Request", LOG_HTTP, I,
                "HTTP POST /flush_cache 400"},
        {D "] Echo is not compatible with logprobs. To compute logprobs, use the native /generate API.", LOG_NOISE, I,
                "Echo is not compatible with logprobs. To compute logprobs, use the native /generate API."},
        {D " TP0] Cache not flushed because there are pending requests. #queue-req: 0, #running-req: 12", LOG_OTHER, W,
                "Cache not flushed because there are pending requests. #queue-req: 0, #running-req: 12"},
        {D " TP0] KV cache pool is full. Retract requests. #retracted_reqs: 3, #new_token_ratio: 0.6912 -> 0.9340",
                LOG_OTHER, W,
                "KV cache pool is full. Retract requests. #retracted_reqs: 3, #new_token_ratio: 0.6912 -> 0.9340"},
        {D "] Endpoint '/get_server_info' is deprecated and will be removed in a future version. Please use other",
                LOG_NOISE, I,
                "Endpoint '/get_server_info' is deprecated and will be removed in a future version. Please use other"},
        {D "] Health check failed. Server couldn't get a response from detokenizer for last 20 seconds.", LOG_OTHER, W,
                "Health check failed. Server couldn't get a response from detokenizer for last 20 seconds."},
        {D " TP2] Scheduler hit an exception: Traceback (most recent call last):", LOG_ERROR, E,
                "Scheduler hit an exception: Traceback (most recent call last):"},
        {"  File \"/workspace/sglang/python/sglang/srt/managers/scheduler.py\", line 2619, in run", LOG_TRACE, I, NULL},
        {"    scheduler.event_loop_overlap()", LOG_TRACE, I, NULL},
        {"torch.OutOfMemoryError: HIP out of memory. Tried to allocate 3.07 GiB. GPU 2 has", LOG_ERROR, E, NULL},
        {"", LOG_OTHER, I, NULL},
        {D "] Received sigquit from a child process. It usually means the child failed.", LOG_ERROR, E,
                "Received sigquit from a child process. It usually means the child failed."},
        {D "] SIGQUIT received. signum=None, frame=None. It usually means one child failed.", LOG_ERROR, E,
                "SIGQUIT received. signum=None, frame=None. It usually means one child failed."},
        {D "] Rank 3 scheduler is dead. Please check if there are relevant logs.", LOG_ERROR, E,
                "Rank 3 scheduler is dead. Please check if there are relevant logs."},
        {D "] Exit code: -9", LOG_ERROR, E, "Exit code: -9"},
        {D " TP0] Watchdog timeout (self.watchdog_timeout=300)", LOG_ERROR, E,
                "Watchdog timeout (self.watchdog_timeout=300)"},
        {"Memory access fault by GPU node-4 (Agent handle: 0x7f2a1c0) on address 0x7e41c2000000. Reason: Unknown.",
                LOG_ERROR, E, NULL},
        {D "] ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8888): address already in use",
                LOG_ERROR, E,
                "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8888): address already in use"},
        {D "] SIGTERM received. signum=None frame=None. Draining requests and shutting down...", LOG_PHASE, W,
                "SIGTERM received. signum=None frame=None. Draining requests and shutting down..."},
        {D "] Gracefully exiting... remaining number of requests 2", LOG_PHASE, I,
                "Gracefully exiting... remaining number of requests 2"},
        {D "] INFO:     Shutting down", LOG_PHASE, I, "Shutting down"},
        {D "] INFO:     Waiting for application shutdown.", LOG_PHASE, I, "Waiting for application shutdown."},
        {D "] INFO:     Application shutdown complete.", LOG_PHASE, I, "Application shutdown complete."},
        {D "] INFO:     Finished server process [4711]", LOG_PHASE, I, "Finished server process [4711]"},
        /* vLLM */
        {"INFO:     Application startup complete.", LOG_PHASE, I, "Application startup complete."},
        {"(APIServer pid=1) INFO:     127.0.0.1:47910 - \"POST /v1/completions HTTP/1.1\" 200 OK", LOG_HTTP, I,
                "HTTP POST /v1/completions 200"},
        {"(APIServer pid=1) INFO 02-02 13:28:58 [loggers.py:248] Engine 000: Avg prompt throughput: 3.9 tokens/s, Avg generation "
         "throughput: 32.3 tokens/s, Running: 8 reqs, Waiting: 2 reqs, GPU KV cache usage: 1.2%, Prefix cache hit rate: 0.0%",
                LOG_STATS, I, "engine  running 8  KV 1%  gen 32 tok/s  queue 2  prompt 4 tok/s"},
        {"INFO 12-06 14:08:37 metrics.py:449] Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 12.0 tokens/s, "
         "Running: 1 reqs, Swapped: 0 reqs, Pending: 3 reqs, GPU KV cache usage: 50.0%, CPU KV cache usage: 0.0%.",
                LOG_STATS, I, "engine  running 1  KV 50%  gen 12 tok/s  queue 3  prompt 0 tok/s"},
        {"(EngineCore_0 pid=272) ERROR 11-20 10:02:11 [core.py:700] EngineCore encountered a fatal error.", LOG_ERROR,
                E, "EngineCore encountered a fatal error."},
        {"WARNING 11-20 10:02:11 [interface.py:391] Using 'pin_memory=False' as WSL is detected.", LOG_OTHER, W,
                "Using 'pin_memory=False' as WSL is detected."},
        {"(EngineCore_0 pid=272) INFO 11-20 10:02:11 [gpu_model_runner.py:1] Graph capturing finished in 20 secs",
                LOG_PHASE, I, "Graph capturing finished in 20 secs"},
        /* ATOM */
        {"[atom 05:04:25] Scheduled prefill batch: 2 reqs, 8192 new tokens (cached: [5, 0], new: [1, 2]), req_ids: (0, 1)",
                LOG_PREFILL, I, "prefill  new 2  tokens 8,192  cached 5"},
        {"[atom 05:04:25] Scheduled prefill batch: 1 reqs, 12 tokens", LOG_PREFILL, I, "prefill  new 1  tokens 12"},
        {"[atom 05:04:25] [MTP Stats Interval] Average toks/fwd: 2.51, Accepted/Total Draft tokens: 5/9, Acceptance rate: 55.00%",
                LOG_STATS, I, "engine  accept 2.51  rate 0.55"},
};

static void clean_parse(const char *line, char *clean, size_t cap, struct log_line *l)
{
	text_clean(clean, cap, line, strlen(line));
	logline_parse(clean, l);
}

static void every_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		const struct sample *s = &samples[i];
		char clean[600], text[600];
		struct log_line l;
		clean_parse(s->line, clean, sizeof clean, &l);
		logline_short(&l, text, sizeof text);
		if (l.kind != s->kind || l.severity != s->severity)
			fail_msg("%s: kind %d, severity %d", s->line, (int)l.kind, (int)l.severity);
		if (strcmp(text, s->text ? s->text : clean) != 0)
			fail_msg("%s: \"%s\"", s->line, text);
		if (logline_severity(s->line, strlen(s->line)) != s->severity)
			fail_msg("%s: judged otherwise as bytes of the file", s->line);
	}
}

/* ---- figures: every version's form of a batch ---- */

struct batch {
	const char *line;
	enum log_kind kind;
	struct log_figures f;
};
#define N NAN
static const struct batch batches[] = {
        {"Prefill batch. #new-seq: 24, #new-token: 196608, #cached-token: 1, token usage: 0.09, #running-req: 2, #queue-req: 8, ",
                LOG_PREFILL, {2, 8, .09, N, N, N, N, 24, 196608, 1, -1}},
        {"Prefill batch [123], #new-seq: 24, #new-token: 196608, #cached-token: 1, token usage: 0.09, #running-req: 2, #queue-req: 8, ",
                LOG_PREFILL, {2, 8, .09, N, N, N, N, 24, 196608, 1, -1}},
        {"Prefill batch, #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: 0.01, #running-req: 3, #queue-req: 0, ",
                LOG_PREFILL, {3, 0, .01, N, N, N, N, 1, 8192, 0, -1}},
        {"Prefill batch, #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: 0.01, #running-req: 3, #queue-req: 0, input "
         "throughput (token/s): 20411.90, cuda graph: False",
                LOG_PREFILL, {3, 0, .01, N, 20411.9, N, N, 1, 8192, 0, 0}},
        {"Prefill batch, #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: 0.01, #running-req: 3, #queue-req: 0, "
         "#pending-token: 77, cuda graph: False, input throughput (token/s): 5.5",
                LOG_PREFILL, {3, 0, .01, N, 5.5, N, N, 1, 8192, 0, 0}},
        {"Prefill batch, #new-seq: 1, #new-token: 8, #cached-token: 0, full token usage: 0.30, swa token usage: 0.90, "
         "#running-req: 3, #queue-req: 0, #unbootstrapped-req: 0, ",
                LOG_PREFILL, {3, 0, .30, N, N, N, N, 1, 8, 0, -1}},
        {"Decode batch. #running-req: 32, #token: 263424, token usage: 0.12, cuda graph: True, gen throughput (token/s): 1361.20, "
         "#queue-req: 0, ",
                LOG_DECODE, {32, 0, .12, 1361.2, N, N, N, N, N, N, 1}},
        {"Decode batch. #running-req: 4, #token: 33120, token usage: 0.01, accept len: 2.31, cuda graph: True, gen throughput "
         "(token/s): 611.45, #queue-req: 0, ",
                LOG_DECODE, {4, 0, .01, 611.45, N, 2.31, N, N, N, N, 1}},
        {"Decode batch. #running-req: 4, #token: 33120, token usage: 0.01, accept len: 2.31, accept rate: 0.77, cuda graph: True, "
         "gen throughput (token/s): 611.45, #queue-req: 0, ",
                LOG_DECODE, {4, 0, .01, 611.45, N, 2.31, .77, N, N, N, 1}},
        {"Decode batch [1840], #running-req: 32, #token: 265984, token usage: 0.12, cuda graph: True, gen throughput (token/s): "
         "1358.02, #queue-req: 0, ",
                LOG_DECODE, {32, 0, .12, 1358.02, N, N, N, N, N, N, 1}},
        {"Decode batch, #running-req: 16, #token: 131520, token usage: 0.23, cuda graph: False, gen throughput (token/s): 702.11, "
         "#queue-req: 3",
                LOG_DECODE, {16, 3, .23, 702.11, N, N, N, N, N, N, 0}},
        {"Decode batch, #running-req: 16, #token: 131520, token usage: 0.23, cuda graph: True, gen throughput (token/s): 702.11, "
         "#queue-req: 3, fwd occupancy: 12.34%",
                LOG_DECODE, {16, 3, .23, 702.11, N, N, N, N, N, N, 1}},
        {"Decode batch, #running-req: 16, mamba usage: 0.5, pre-allocated usage: 0.2, something new: yes, #queue-req: 3, ",
                LOG_DECODE, {16, 3, N, N, N, N, N, N, N, N, -1}},
};

static bool same(double a, double b)
{
	return isnan(a) ? isnan(b) : fabs(a - b) < 1e-9;
}

static void every_batch(void **state)
{
	static const char *const prefixes[] = {
	        "[2025-11-20 10:16:02] ", "[2025-11-20 10:16:02 TP0] ", "[2025-11-20 10:16:02.123 DP1 TP4 EP4 PP0] "};
	(void)state;
	for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++)
		for (size_t p = 0; p < 3; p++) {
			char line[600];
			struct log_line l;
			const struct log_figures *w = &batches[i].f, *f = &l.f;
			snprintf(line, sizeof line, "%s%s", prefixes[p], batches[i].line);
			logline_parse(line, &l);
			if (l.kind != batches[i].kind || !same(f->running, w->running) || !same(f->queued, w->queued) ||
			        !same(f->usage, w->usage) || !same(f->gen_tps, w->gen_tps) ||
			        !same(f->input_tps, w->input_tps) || !same(f->accept_len, w->accept_len) ||
			        !same(f->accept_rate, w->accept_rate) || !same(f->new_seq, w->new_seq) ||
			        !same(f->new_tokens, w->new_tokens) || !same(f->cached_tokens, w->cached_tokens) ||
			        f->cuda_graph != w->cuda_graph)
				fail_msg("%s", line);
			assert_string_equal(l.rank, p == 0 ? "" : p == 1 ? "TP0" : "DP1 TP4 EP4 PP0");
			assert_string_equal(l.clock, p == 2 ? "10:16:02.123" : "10:16:02");
		}
}

/* ---- parts ---- */

static void parts_are(const char *line, const char *const *want, size_t n)
{
	size_t pos = 0, from, len, i = 0;
	while (logline_split(line, strlen(line), &pos, &from, &len)) {
		if (i == n || strlen(want[i]) != len || memcmp(want[i], line + from, len) != 0)
			fail_msg("part %zu: \"%.*s\"", i, (int)len, line + from);
		i++;
	}
	assert_int_equal(i, n);
}

static void bars_and_glue(void **state)
{
	(void)state;
	const char *none = "";
	parts_are("", &none, 1);
	parts_are("\r", NULL, 0);
	const char *one[] = {"a plain line"};
	parts_are("a plain line", one, 1);
	const char *bars[] = {"Capturing batches (bs=1): 100%|x| 20/20 [01:36<00:00,  4.81s/it]",
	        "[2025-11-20 10:07:21 TP0] Registering 2440 cuda graph addresses"};
	parts_are(
	        "\r  0%|          | 0/20 [00:00<?, ?it/s]\rCapturing batches (bs=120):   5%|x | 1/20 [00:31<09:58, 31.52s/it]\r"
	        "Capturing batches (bs=1): 100%|x| 20/20 [01:36<00:00,  4.81s/it]"
	        "[2025-11-20 10:07:21 TP0] Registering 2440 cuda graph addresses",
	        bars, 2);
	const char *glued[] = {"Multi-thread loading shards:  50% Completed | 2/4 [00:06<00:07,  3.54s/it]",
	        "[2026-04-09 20:05:30 TP1] Parameter x", "[2026-04-09 20:05:31 TP1] y"};
	parts_are(
	        "Multi-thread loading shards:  50% Completed | 2/4 [00:06<00:07,  3.54s/it][2026-04-09 20:05:30 TP1] Parameter x"
	        "[2026-04-09 20:05:31 TP1] y",
	        glued, 3);
	const char *both = "\rbar 1% | 1/2 [it\r[2025-11-20 10:07:21] a[2025-11-20 10:07:21] Exit code: -9";
	assert_int_equal(logline_severity(both, strlen(both)), E);
	/* an error glued to a line that is looked at quickly */
	const char *quick = D
	        " TP0] Decode batch. #running-req: 1, #queue-req: 0, [2025-11-20 10:16:00 TP0] Watchdog timeout (300)";
	assert_int_equal(logline_severity(quick, strlen(quick)), E);
}

static void attached(void **state)
{
	struct log_line l;
	(void)state;
	static const struct {
		const char *line;
		bool continued;
	} cases[] = {
	        {"  File \"x.py\", line 3", true},
	        {"torch.OutOfMemoryError: HIP out of memory", true},
	        {"", true},
	        {"terminate called after throwing", true},
	        {D "] x", false},
	        {"[aiter] x", false},
	        {"INFO:     Shutting down", false},
	        {"+ python3 -m sglang.launch_server", false},
	        {"Memory access fault by GPU node-4", false},
	        {"Loading safetensors checkpoint shards:   0% Completed | 0/82 [00:00<?, ?it/s]", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		logline_parse(cases[i].line, &l);
		if (l.continued != cases[i].continued)
			fail_msg("%s: %d", cases[i].line, l.continued);
	}
	logline_parse(D " TP0] Load weight begin. avail mem=282.61 GB", &l);
	assert_int_equal(l.phase, LOGP_WEIGHTS);
	logline_parse("[2025-11-20 10:16:01] The server is fired up and ready to roll!", &l);
	assert_int_equal(l.phase, LOGP_READY);
	assert_true(l.time > 0);
}

static void words_are_all_found(void **state)
{
	(void)state;
	assert_int_equal(logword_find("x", 1), 0);
	assert_int_equal(logword_find("", 0), 0);
	assert_int_equal(logword_find("Watchdog timeout (", 18), LOGWORD_FATAL);
	assert_int_equal(logword_find("Watchdog timeout (", 17), 0);
	assert_int_equal(logword_find("WWatchdog timeout (Finish: obj=", 31), LOGWORD_NOISE);
	/* the last of the table, and one that begins inside another */
	assert_int_equal(logword_find("GET / HTTP/1.1\" 503", 19), LOGWORD_STATUS_5);
	assert_int_equal(logword_find("Detokenizer TokenizerManager hit an exception:", 46), LOGWORD_FATAL);
	assert_int_equal(logword_find("ValueError: x Segmentation fault", 32), LOGWORD_EXCEPTION | LOGWORD_BAD);
	assert_int_equal(logword_find("Rank 3 scheduler is dead", 24), LOGWORD_DEAD);
}

static void hostile_bytes(void **state)
{
	(void)state;
	size_t len = 1 << 20;
	char *big = malloc(len + 1), text[300];
	struct log_line l;
	assert_non_null(big);
	for (unsigned seed = 1; seed < 200; seed++) {
		size_t n = seed * 7 % 900;
		for (size_t i = 0; i < n; i++)
			big[i] = (char)(seed * 2654435761U >> (i % 24)) + (char)i;
		logline_severity(big, n);
		char clean[400];
		text_clean(clean, sizeof clean, big, n);
		logline_parse(clean, &l);
		logline_short(&l, text, sizeof text);
		assert_true(utf8_valid(text, strlen(text)));
	}
	memset(big, '[', len);
	assert_int_equal(logline_severity(big, len), SEV_INFO);
	memset(big, '\r', len);
	assert_int_equal(logline_severity(big, len), SEV_INFO);
	memset(big, 'a', len);
	big[len] = '\0';
	logline_parse(big, &l);
	for (size_t cap = 1; cap < 40; cap++) {
		logline_parse("\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88", &l);
		logline_short(&l, text, cap);
		assert_true(strlen(text) < cap && utf8_valid(text, strlen(text)));
	}
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_line),
	        cmocka_unit_test(every_batch),
	        cmocka_unit_test(bars_and_glue),
	        cmocka_unit_test(attached),
	        cmocka_unit_test(words_are_all_found),
	        cmocka_unit_test(hostile_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
