/* startup: a script of log lines, each at its share of the start-up time (see startup.h). */
#include "startup.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum act {
	SAY,     /* "[date] text" */
	SAY_TP0, /* "[date TP0] text" */
	SAY_TP3,
	RAW,       /* text and a newline */
	ARGUMENTS, /* the long server_args line */
	WEIGHTS,   /* a bar, `count` steps */
	GRAPHS,
	STAGE /* count = new stage */
};

struct cue {
	int permille; /* of the start-up time */
	enum act act;
	int count;
	const char *text;
};

static const struct cue SCRIPT[] = {
        {0, RAW, 0,
                "+ python3 -m sglang.launch_server --trust-remote-code --host=0.0.0.0 "
                "--tensor-parallel-size=8 --chunked-prefill-size=196608 --disable-radix-cache"},
        {5, RAW, 0, "[aiter] import [module_aiter_enum] under /workspace/aiter/aiter/jit/module_aiter_enum.so"},
        {5, RAW, 0,
                "INFO:aiter:import [module_aiter_enum] under "
                "/workspace/aiter/aiter/jit/module_aiter_enum.so"},
        {10, ARGUMENTS, 0, NULL},
        {12, SAY, 0, "Using default HuggingFace chat template with detected content format: string"},
        {25, SAY_TP0, 0, "Attention backend not explicitly specified. Use aiter backend by default."},
        {27, SAY_TP0, 0, "Init torch distributed begin."},
        {28, RAW, 0, "[Gloo] Rank 0 is connected to 7 peer ranks. Expected number of connected peer ranks is : 7"},
        {30, RAW, 0,
                "[aiter] start build [module_custom_all_reduce] under "
                "/workspace/aiter/aiter/jit/build/module_custom_all_reduce"},
        {31, SAY_TP3, 0,
                "waiting for baton release at "
                "/workspace/aiter/aiter/jit/build/lock_module_custom_all_reduce"},
        {90, RAW, 0, "[aiter] \x1b[32mfinish build [module_custom_all_reduce], cost 38.4s \x1b[0m"},
        {92, SAY_TP0, 0, "Init torch distributed ends. mem usage=3.81 GB"},
        {93, SAY_TP0, 0, "Load weight begin. avail mem=282.61 GB"},
        {95, SAY_TP0, 0, "Using model weights format ['*.safetensors']"},
        {100, WEIGHTS, 0, NULL},
        {130, WEIGHTS, 6, NULL},
        {160, WEIGHTS, 12, NULL},
        {190, WEIGHTS, 18, NULL},
        {220, WEIGHTS, 25, NULL},
        {250, WEIGHTS, 31, NULL},
        {280, WEIGHTS, 37, NULL},
        {310, WEIGHTS, 44, NULL},
        {340, WEIGHTS, 50, NULL},
        {370, WEIGHTS, 57, NULL},
        {400, WEIGHTS, 64, NULL},
        {430, WEIGHTS, 71, NULL},
        {460, WEIGHTS, 77, NULL},
        {490, WEIGHTS, 82, NULL},
        {495, SAY_TP0, 0,
                "Load weight end. type=DeepseekV3ForCausalLM, dtype=torch.bfloat16, "
                "avail mem=234.30 GB, mem usage=48.31 GB."},
        {500, SAY_TP0, 0, "KV Cache is allocated. #tokens: 2246784, KV size: 147.04 GB"},
        {502, SAY_TP0, 0, "Memory pool end. avail mem=85.92 GB"},
        {505, SAY_TP0, 0, "Capture cuda graph begin. This can take up to several minutes. avail mem=85.40 GB"},
        {506, SAY_TP0, 0,
                "Capture cuda graph bs [1, 2, 4, 8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, "
                "104, 112, 120, 128]"},
        {510, GRAPHS, 0, NULL},
        {515, RAW, 0,
                "[aiter] start build [module_moe_sorting] under "
                "/workspace/aiter/aiter/jit/build/module_moe_sorting"},
        {590, RAW, 0, "[aiter] \x1b[32mfinish build [module_moe_sorting], cost 41.2s \x1b[0m"},
        {592, RAW, 0,
                "[aiter] shape is M:128, N:2112, K:7168, not found tuned config in CKGEMM or asmGEMM, "
                "will use default config!"},
        {600, GRAPHS, 1, NULL},
        {620, GRAPHS, 3, NULL},
        {645, GRAPHS, 5, NULL},
        {670, GRAPHS, 7, NULL},
        {695, GRAPHS, 9, NULL},
        {720, GRAPHS, 11, NULL},
        {745, GRAPHS, 13, NULL},
        {770, GRAPHS, 15, NULL},
        {795, GRAPHS, 17, NULL},
        {820, GRAPHS, 19, NULL},
        {840, GRAPHS, 20, NULL},
        {841, SAY_TP0, 0, "Registering 2440 cuda graph addresses"},
        {845, SAY_TP0, 0, "Capture cuda graph end. Time elapsed: 96.71 s. mem usage=5.80 GB. avail mem=79.60 GB."},
        {850, SAY_TP0, 0,
                "max_total_num_tokens=2246784, chunked_prefill_size=196608, "
                "max_prefill_tokens=196608, max_running_requests=2048, context_len=163840, "
                "available_gpu_mem=79.60 GB"},
        {880, SAY, 0, "INFO:     Started server process [4711]"},
        {880, SAY, 0, "INFO:     Waiting for application startup."},
        {881, SAY, 0, "INFO:     Application startup complete."},
        {882, SAY, 0, "INFO:     Uvicorn running on http://0.0.0.0:8888 (Press CTRL+C to quit)"},
        {882, STAGE, SIM_WARMUP, NULL},
        {890, SAY, 0, "INFO:     127.0.0.1:51544 - \"GET /get_model_info HTTP/1.1\" 200 OK"},
        {891, SAY_TP0, 0,
                "Prefill batch, #new-seq: 1, #new-token: 7, #cached-token: 0, token usage: 0.00, "
                "#running-req: 0, #queue-req: 0, "},
        {895, RAW, 0,
                "[aiter] start build [module_gemm_a8w8] under "
                "/workspace/aiter/aiter/jit/build/module_gemm_a8w8"},
        {990, RAW, 0, "[aiter] \x1b[32mfinish build [module_gemm_a8w8], cost 29.7s \x1b[0m"},
        {999, SAY, 0, "INFO:     127.0.0.1:51552 - \"POST /generate HTTP/1.1\" 200 OK"},
        {1000, SAY, 0, "The server is fired up and ready to roll!"},
        {1000, STAGE, SIM_READY, NULL},
};
#define CUES (sizeof SCRIPT / sizeof *SCRIPT)

static size_t next_cue;
static struct timer cue_timer;

/* SGLang prints all of its arguments in one line of more than 8 KB. */
static void say_arguments(struct sim *sim)
{
	struct buf b = {0};

	buf_format(&b,
	        "server_args=ServerArgs(model_path='%s', tokenizer_path='%s', tokenizer_mode='auto', "
	        "trust_remote_code=True, context_length=None, host='0.0.0.0', port=%d, quantization=None, "
	        "kv_cache_dtype='fp8_e4m3', mem_fraction_static=0.8, max_running_requests=2048, "
	        "chunked_prefill_size=%d, max_prefill_tokens=%d, schedule_policy='fcfs', tp_size=8, pp_size=1, "
	        "dp_size=1, stream_interval=1, random_seed=%llu, watchdog_timeout=300, log_level='info', "
	        "enable_metrics=True, decode_log_interval=40, attention_backend='aiter', "
	        "speculative_algorithm=None, disable_radix_cache=True, cuda_graph_max_bs=128, cuda_graph_bs=[",
	        sim->opt.model, sim->opt.model, sim->opt.port, sim->opt.prefill, sim->opt.prefill,
	        (unsigned long long)sim->opt.seed);
	for (int i = 8; i <= 128; i += 8)
		buf_format(&b, "%s%d", i > 8 ? ", " : "1, 2, 4, ", i);
	buf_text(&b, "], piecewise_cuda_graph_tokens=[");
	for (int i = 4; i <= 6144; i += 4)
		buf_format(&b, "%s%d", i > 4 ? ", " : "", i);
	buf_text(&b, "], num_continuous_decode_steps=4)\n");
	serverlog_stamp(&sim->log, "");
	serverlog_raw(&sim->log, b.data ? b.data : "\n");
	buf_free(&b);
}

static void say_bar(struct sim *sim, const struct cue *cue)
{
	char line[256];
	int n = cue->count;

	if (cue->act == WEIGHTS)
		snprintf(line, sizeof line,
		        "\rLoading safetensors checkpoint shards: %3d%% Completed | %d/82 "
		        "[%02d:%02d<%02d:%02d,  1.52s/it]%s",
		        n * 100 / 82, n, n * 3 / 120, n * 3 / 2 % 60, (82 - n) * 3 / 120, (82 - n) * 3 / 2 % 60,
		        n == 82 ? "\n" : "");
	else
		snprintf(line, sizeof line,
		        "\rCapturing batches (bs=%d avail_mem=%.2f GB): %3d%%|%.*s%*s| %d/20 "
		        "[%02d:%02d<%02d:%02d,  4.81s/it]%s",
		        n < 17   ? 128 - n * 8
		        : n < 20 ? 4 >> (n - 17)
		                 : 1,
		        85.10 - 0.27 * n, n * 5, n / 2 * 3,
		        "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
		        "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88",
		        10 - n / 2, "", n, n * 5 / 60, n * 5 % 60, (20 - n) * 5 / 60, (20 - n) * 5 % 60, "");
	serverlog_raw(&sim->log, line);
}

static void play(struct sim *sim, const struct cue *cue)
{
	switch (cue->act) {
	case SAY:
		serverlog_line(&sim->log, "", "%s", cue->text);
		break;
	case SAY_TP0:
		serverlog_line(&sim->log, " TP0", "%s", cue->text);
		break;
	case SAY_TP3:
		serverlog_line(&sim->log, " TP3", "%s", cue->text);
		break;
	case RAW:
		serverlog_raw(&sim->log, cue->text);
		serverlog_raw(&sim->log, "\n");
		break;
	case ARGUMENTS:
		say_arguments(sim);
		break;
	case WEIGHTS:
	case GRAPHS:
		say_bar(sim, cue);
		break;
	case STAGE:
		sim->stage = (enum sim_stage)cue->count;
		break;
	}
}

static uint64_t cue_time(const struct sim *sim, const struct cue *cue)
{
	return sim->start_ns +
	       (uint64_t)(sim->opt.startup_s / sim->opt.time_scale * (double)NS_PER_S * cue->permille / 1000);
}

static void cues_due(void *arg)
{
	struct sim *sim = arg;
	uint64_t now = clock_now();

	while (next_cue < CUES && cue_time(sim, &SCRIPT[next_cue]) <= now)
		play(sim, &SCRIPT[next_cue++]);
	if (next_cue < CUES)
		timer_set(&sim->reactor, &cue_timer, cue_time(sim, &SCRIPT[next_cue]));
}

void startup_begin(struct sim *sim)
{
	next_cue = 0;
	cue_timer = (struct timer){.fire = cues_due, .arg = sim};
	cues_due(sim);
}
