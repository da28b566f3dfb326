/* status: SGLang's endpoints about itself: health, models, infos, load, metrics, cache and abort. */
#include <string.h>
#include <time.h>

#include "completions.h"
#include "handlers.h"
#include "model.h"

/* ---- health ---- */

static void health_answer(struct request *rq)
{
	bool sick = faults_draw(&rq->sim->faults, CLASS_HEALTH, clock_now()) & FAULT_BIT(UNHEALTHY);

	http_reply_text(rq, sick || rq->sim->stage != SIM_READY ? 503 : 200, "text/plain; charset=utf-8", "");
}

/* A real server sends itself a request of one token and looks each second: at least 1 s, and a prefill
 * line when it is idle. */
void status_health(struct request *rq)
{
	struct sim *sim = rq->sim;

	sim->record.health++;
	if (sim->stage != SIM_READY) {
		health_answer(rq);
		return;
	}
	if (!sim->decoding && !sim->prefilling)
		serverlog_arrival(&sim->log, 1);
	http_delay(rq, clock_now() + model_scale(sim, 1000), health_answer);
}

/* ---- what runs ---- */

static void model_string(struct buf *b, const struct sim *sim)
{
	buf_json_string(b, sim->opt.model, strlen(sim->opt.model), false);
}

void status_models(struct request *rq)
{
	struct buf b = {0};

	buf_text(&b, "{\"object\":\"list\",\"data\":[{\"id\":");
	model_string(&b, rq->sim);
	buf_format(
	        &b, ",\"object\":\"model\",\"created\":%lld,\"owned_by\":\"sglang\",\"root\":", (long long)time(NULL));
	model_string(&b, rq->sim);
	buf_format(&b, ",\"parent\":null,\"max_model_len\":%u}]}", SIM_CONTEXT);
	http_reply(rq, 200, "application/json", &b);
}

void status_model_info(struct request *rq)
{
	struct buf b = {0};

	buf_text(&b, "{\"model_path\":");
	model_string(&b, rq->sim);
	buf_text(&b, ",\"tokenizer_path\":");
	model_string(&b, rq->sim);
	buf_text(&b, ",\"is_generation\":true,\"preferred_sampling_params\":null,\"weight_version\":\"default\","
	             "\"has_image_understanding\":false,\"has_audio_understanding\":false,"
	             "\"model_type\":\"deepseek_v3\",\"architectures\":[\"DeepseekV3ForCausalLM\"]}");
	http_reply(rq, 200, "application/json", &b);
}

void status_server_info(struct request *rq)
{
	struct sim *sim = rq->sim;
	struct buf b = {0};

	buf_text(&b, "{\"model_path\":");
	model_string(&b, sim);
	buf_text(&b, ",\"tokenizer_path\":");
	model_string(&b, sim);
	buf_format(&b,
	        ",\"tokenizer_mode\":\"auto\",\"trust_remote_code\":true,\"host\":\"0.0.0.0\",\"port\":%d,"
	        "\"served_model_name\":",
	        sim->opt.port);
	model_string(&b, sim);
	buf_format(&b,
	        ",\"dtype\":\"auto\",\"quantization\":null,\"kv_cache_dtype\":\"fp8_e4m3\","
	        "\"context_length\":null,\"mem_fraction_static\":0.8,\"max_running_requests\":2048,"
	        "\"max_total_tokens\":null,\"chunked_prefill_size\":%d,\"max_prefill_tokens\":%d,"
	        "\"schedule_policy\":\"fcfs\",\"schedule_conservativeness\":1.0,\"page_size\":1,\"stream_interval\":1,"
	        "\"tp_size\":8,\"pp_size\":1,\"dp_size\":1,\"ep_size\":1,\"random_seed\":%llu,\"watchdog_timeout\":300,"
	        "\"log_level\":\"info\",\"enable_metrics\":true,\"decode_log_interval\":40,"
	        "\"attention_backend\":\"aiter\",\"sampling_backend\":\"pytorch\",\"speculative_algorithm\":null,"
	        "\"disable_radix_cache\":true,\"cuda_graph_max_bs\":128,\"disable_cuda_graph\":false,"
	        "\"num_continuous_decode_steps\":4,\"status\":\"ready\",\"max_total_num_tokens\":%u,"
	        "\"max_req_input_len\":%u,\"version\":\"" SIM_VERSION "\",\"internal_states\":[{"
	        "\"last_gen_throughput\":%.4f,\"memory_usage\":{\"weight\":48.31,\"kvcache\":147.04,"
	        "\"token_capacity\":%u,\"graph\":5.8}}]}",
	        sim->opt.prefill, sim->opt.prefill, (unsigned long long)sim->opt.seed, SIM_KV_TOKENS, SIM_CONTEXT - 6,
	        sim->last_throughput, SIM_KV_TOKENS);
	http_reply(rq, 200, "application/json", &b);
}

void status_load(struct request *rq)
{
	struct sim *sim = rq->sim;
	struct buf b = {0};

	buf_format(&b, "[{\"dp_rank\":0,\"num_reqs\":%u,\"num_waiting_reqs\":%u,\"num_tokens\":%llu}]",
	        sim->decoding + sim->prefilling, sim->prefilling, (unsigned long long)sim->live_tokens);
	http_reply(rq, 200, "application/json", &b);
}

/* ---- Prometheus ---- */

static void label_value(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_text(b, "\\");
		buf_add(b, text, 1);
	}
}

static void metric(struct buf *b, const struct sim *sim, const char *type, const char *name, double value)
{
	bool scheduler = !strcmp(type, "gauge");

	buf_format(b, "# HELP sglang:%s simulated\n# TYPE sglang:%s %s\nsglang:%s{", name, name, type, name);
	buf_text(b, scheduler ? "engine_type=\"unified\",model_name=\"" : "model_name=\"");
	label_value(b, sim->opt.model);
	buf_text(b, scheduler ? "\",pp_rank=\"0\",tp_rank=\"0\"} " : "\"} ");
	buf_format(b, "%.10g%s\n", value, value < 1e15 && value == (double)(long long)value ? ".0" : "");
}

void status_metrics(struct request *rq)
{
	const struct sim *sim = rq->sim;
	const struct sim_record *record = &sim->record;
	struct buf b = {0};
	const struct {
		const char *type, *name;
		double value;
	} metrics[] = {
	        {"gauge", "num_running_reqs", sim->decoding},
	        {"gauge", "num_used_tokens", (double)sim->live_tokens},
	        {"gauge", "token_usage", (double)sim->live_tokens / SIM_KV_TOKENS},
	        {"gauge", "gen_throughput", sim->decoding ? sim->last_throughput : 0},
	        {"gauge", "num_queue_reqs", sim->prefilling},
	        {"gauge", "num_grammar_queue_reqs", 0},
	        {"gauge", "cache_hit_rate", 0},
	        {"gauge", "spec_accept_length", 0},
	        {"gauge", "spec_accept_rate", 0},
	        {"gauge", "num_retracted_reqs", 0},
	        {"gauge", "utilization", 0},
	        {"gauge", "max_total_num_tokens", SIM_KV_TOKENS},
	        {"gauge", "engine_startup_time", sim->opt.startup_s},
	        {"gauge", "engine_load_weights_time", sim->opt.startup_s / 2},
	        {"counter", "prompt_tokens_total", (double)record->prompt_tokens},
	        {"counter", "generation_tokens_total", (double)sim->generated},
	        {"counter", "cached_tokens_total", 0},
	        {"counter", "num_requests_total", (double)(record->finished + record->generates + record->echoes)},
	        {"counter", "num_aborted_requests_total", (double)(record->aborted + record->disconnected)},
	};

	for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
		metric(&b, sim, metrics[i].type, metrics[i].name, metrics[i].value);
	http_reply(rq, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
}

/* ---- commands ---- */

void status_flush_cache(struct request *rq)
{
	struct sim *sim = rq->sim;

	if (sim->decoding || sim->prefilling) {
		serverlog_line(&sim->log, " TP0",
		        "Cache not flushed because there are pending requests. "
		        "#queue-req: %u, #running-req: %u",
		        sim->prefilling, sim->decoding);
		http_reply_text(rq, 400, "text/plain; charset=utf-8",
		        "Cache flushed.\nPlease check backend logs "
		        "for more details. (When there are running or waiting requests, the operation will not be "
		        "performed.)\n");
		return;
	}
	serverlog_line(&sim->log, " TP0", "Cache flushed successfully!");
	http_reply_text(rq, 200, "text/plain; charset=utf-8",
	        "Cache flushed.\nPlease check backend logs for "
	        "more details. (When there are running or waiting requests, the operation will not be performed.)\n");
}

void status_abort(struct request *rq)
{
	cJSON *json = http_json_body(rq);

	if (!json)
		return;
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "abort_all")))
		stream_abort_all(rq->sim);
	cJSON_Delete(json);
	http_reply_text(rq, 200, "text/plain; charset=utf-8", "");
}
