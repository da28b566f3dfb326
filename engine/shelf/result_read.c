/* A result file, ours or the official tool's, as the events that it stands for. */
#include "../accuracy/gate.h"
#include "../base/json.h"
#include "../base/text.h"
#include "shelf_int.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

#define DEPTH 16

#define FIGURE(key, member)                                                                                            \
	{                                                                                                              \
		key, offsetof(struct ev_load_measured, member)                                                         \
	}
const struct shelf_figure shelf_figures[] = {FIGURE("benchmark_duration", duration_s),
        FIGURE("request_throughput", request_throughput), FIGURE("output_throughput", output_throughput),
        FIGURE("total_token_throughput", total_token_throughput), FIGURE("mean_ttft_ms", ttft_mean),
        FIGURE("median_ttft_ms", ttft_median), FIGURE("p99_ttft_ms", ttft_p99), FIGURE("mean_tpot_ms", tpot_mean),
        FIGURE("median_tpot_ms", tpot_median), FIGURE("p99_tpot_ms", tpot_p99), FIGURE("mean_itl_ms", itl_mean),
        FIGURE("median_itl_ms", itl_median), FIGURE("p99_itl_ms", itl_p99), FIGURE("mean_e2el_ms", e2el_mean),
        FIGURE("median_e2el_ms", e2el_median), FIGURE("p99_e2el_ms", e2el_p99), FIGURE("tput_per_gpu", tput_per_gpu),
        FIGURE("interactivity", interactivity), {NULL, 0}};

double shelf_figure(const struct ev_load_measured *m, const struct shelf_figure *f)
{
	double v;
	memcpy(&v, (const char *)m + f->at, sizeof v);
	return v;
}

static double number(const cJSON *obj, const char *key)
{
	double v = json_get_f64(obj, key, NAN);
	return isfinite(v) ? v : NAN;
}

/* A count of 0 or more; -1 unknown. */
static int64_t count(const cJSON *obj, const char *key)
{
	int64_t v = json_get_i64(obj, key, -1);
	return v >= 0 && v < INT64_C(1) << 53 ? v : -1;
}

static void string(const cJSON *obj, const char *key, char *out, size_t cap)
{
	text_copy(out, cap, json_get_str(obj, key, ""));
}

bool shelf_result_like(const char *text, size_t len)
{
	return memmem(text, len, "\"benchmark_args\"", 16) ||
	       (memmem(text, len, "\"total_token_throughput\"", 24) && memmem(text, len, "\"median_tpot_ms\"", 16));
}

static bool size_of(const cJSON *args, const char *key, int64_t *out)
{
	*out = json_get_i64(args, key, 0);
	return *out >= 1 && *out <= SHELF_COUNT_MAX;
}

static int take_args(struct shelf_result *r, const cJSON *root, struct err *e)
{
	const cJSON *args = json_get(root, "benchmark_args");
	struct ev_cell_planned *p = &r->plan;
	if (!cJSON_IsObject(args))
		return err_set(e, ERR_PROTO, "no result file: it has no benchmark_args");
	if (!size_of(args, "random_input_len", &p->isl) || !size_of(args, "random_output_len", &p->osl) ||
	        !size_of(args, "max_concurrency", &p->conc))
		return err_set(e, ERR_PROTO,
		        "its benchmark_args name no random_input_len, random_output_len and "
		        "max_concurrency of 1 or more");
	int64_t prompts = count(args, "num_prompts");
	p->num_prompts = prompts > 0 ? prompts : 0;
	r->ratio = number(args, "random_range_ratio");
	string(args, "model", r->model, sizeof r->model);
	string(args, "base_url", r->base_url, sizeof r->base_url);
	return 0;
}

/* x as the whole number that it must be; -1 when it is none. */
static int64_t whole(double x)
{
	double n = round(x);
	return isfinite(x) && n >= 0 && n < 0x1p53 && fabs(x - n) <= 1e-3 ? (int64_t)n : -1;
}

/* requests/s : input tokens/s : output tokens/s are as requests : input tokens : output tokens, and the input tokens are
 * there. Counts are whole, so rounding gives them exactly. */
static void derive_counts(struct ev_load_measured *m)
{
	double in_rate = m->total_token_throughput - m->output_throughput;
	if (m->completed < 0 && m->request_throughput == 0)
		m->completed = 0;
	if (m->total_output < 0 && m->output_throughput == 0)
		m->total_output = 0;
	if (m->total_input <= 0 || !(in_rate > 0))
		return;
	if (m->completed < 0)
		m->completed = whole((double)m->total_input * m->request_throughput / in_rate);
	if (m->total_output < 0)
		m->total_output = whole((double)m->total_input * m->output_throughput / in_rate);
}

/* The load generator's own names stand in for those of the summary. */
static int64_t either(const cJSON *root, const char *key, const char *other)
{
	int64_t v = count(root, key);
	return v >= 0 ? v : count(root, other);
}

static void take_load(struct shelf_result *r, const cJSON *root)
{
	struct ev_load_measured *m = &r->load;
	for (const struct shelf_figure *f = shelf_figures; f->key; f++) {
		double v = number(root, f->key);
		memcpy((char *)m + f->at, &v, sizeof v);
	}
	if (isnan(m->duration_s))
		m->duration_s = number(root, "duration");
	m->completed = either(root, "successful_requests", "completed");
	m->total_input = count(root, "total_input_tokens");
	m->total_output = either(root, "total_generated_tokens", "total_output_tokens");
	derive_counts(m);
	m->failed = m->completed >= 0 && r->plan.num_prompts >= m->completed ? r->plan.num_prompts - m->completed : -1;
	int64_t kinds = m->failed == 0 ? 0 : -1;
	m->fail_connect = m->fail_http = m->fail_cut = m->fail_protocol = m->fail_usage = kinds;
	m->itl_samples = m->bundled_events = m->prompt_tokens_server = -1;
}

/* Tracks name the reference and its members each in their own way; the words in them are the same. */
static void take_reference(struct shelf_result *r, const cJSON *root)
{
	for (const cJSON *v = root->child; v; v = v->next) {
		if (!v->string || !cJSON_IsObject(v) || !strstr(v->string, "baseline"))
			continue;
		for (const cJSON *x = v->child; x; x = x->next) {
			if (!x->string || !cJSON_IsNumber(x) || !isfinite(x->valuedouble))
				continue;
			if (strstr(x->string, "e2e"))
				r->plan.ref_e2e_ms = x->valuedouble;
			else if (strstr(x->string, "tput"))
				r->plan.ref_tput = x->valuedouble;
			else if (strstr(x->string, "intvty") || strstr(x->string, "interactivity"))
				r->plan.ref_intvty = x->valuedouble;
		}
		return;
	}
}

static double ratio(const cJSON *root, const char *begin)
{
	for (const cJSON *v = root->child; v; v = v->next)
		if (v->string && cJSON_IsNumber(v) && isfinite(v->valuedouble) &&
		        strncmp(v->string, begin, strlen(begin)) == 0)
			return v->valuedouble;
	return NAN;
}

static void take_gate(struct shelf_result *r, const cJSON *validation)
{
	static const char *const names[] = {"bits_per_byte", "byte_perplexity", "word_perplexity"};
	const cJSON *baselines = json_get(validation, "baselines");
	const char *status = json_get_str(validation, "status", "");
	struct track t;
	memset(&t, 0, sizeof t);
	t.multiplier = number(validation, "threshold_multiplier");
	for (int i = 0; i < TRACK_METRICS; i++) {
		t.metrics[i].baseline = number(baselines, names[i]);
		if (t.metrics[i].baseline > 0)
			text_set(t.metrics[i].name, sizeof t.metrics[i].name, names[i]);
	}
	if (!r->have_accuracy || (strcmp(status, "PASSED") != 0 && strcmp(status, "FAILED") != 0))
		return;
	gate_decide(&t, &r->accuracy, &r->gate);
	bool passed = strcmp(status, "PASSED") == 0;
	if (r->gate.passed != passed) {
		r->gate.passed = passed; /* the file's word */
		text_copy(r->gate.text, sizeof r->gate.text, passed ? "the file says PASSED" : "the file says FAILED");
	}
	r->have_gate = true;
}

static void take_accuracy(struct shelf_result *r, const cJSON *root)
{
	const cJSON *a = json_get(root, "accuracy");
	r->accuracy.bits_per_byte = number(a, "bits_per_byte");
	r->accuracy.byte_perplexity = number(a, "byte_perplexity");
	r->accuracy.word_perplexity = number(a, "word_perplexity");
	r->have_accuracy = isfinite(r->accuracy.bits_per_byte) || isfinite(r->accuracy.byte_perplexity) ||
	                   isfinite(r->accuracy.word_perplexity);
	take_gate(r, json_get(root, "accuracy_validation"));
}

static void take_flags(struct shelf_result *r, const cJSON *flags)
{
	const cJSON *v = cJSON_IsArray(flags) ? flags->child : NULL;
	for (; v && r->n_flags < BOARD_FLAGS; v = v->next) {
		struct ev_flag_raised *f = &r->flags[r->n_flags];
		int code = flag_code_from_word(json_get_str(v, "code", ""));
		if (!cJSON_IsObject(v))
			continue;
		f->cell = 0;
		f->flag = code < 0 ? FLAG_NONE : (enum flag_code)code;
		f->doubt = json_get_bool(v, "doubt", true); /* unreadable: rather a doubt than none */
		string(v, "text", f->text, sizeof f->text);
		r->n_flags++;
	}
}

/* What the official file lacks. */
static void take_own(struct shelf_result *r, const cJSON *own)
{
	struct ev_load_measured *m = &r->load;
	const cJSON *client = json_get(own, "client"), *failures = json_get(own, "failures");
	int64_t repeat = json_get_i64(own, "repeat", 1), warmups = count(own, "num_warmups"),
	        failed = count(own, "failed");
	int prompts = prompts_mode_from_word(json_get_str(own, "prompts", ""));
	if (!cJSON_IsObject(own))
		return;
	r->own = true;
	string(own, "track", r->track, sizeof r->track);
	r->plan.repeat = repeat >= 1 && repeat <= SHELF_COUNT_MAX ? repeat : 1;
	r->plan.num_warmups = warmups > 0 ? warmups : 0;
	r->prompts = prompts < 0 ? PROMPTS_TEXT : (enum prompts_mode)prompts;
	m->failed = failed >= 0 ? failed : m->failed;
	m->fail_connect = count(failures, "connect");
	m->fail_http = count(failures, "http");
	m->fail_cut = count(failures, "cut");
	m->fail_protocol = count(failures, "protocol");
	m->fail_usage = count(failures, "usage");
	m->prompt_tokens_server = count(own, "prompt_tokens_server");
	m->itl_samples = count(own, "itl_samples");
	m->ttft_std = number(own, "std_ttft_ms");
	m->tpot_std = number(own, "std_tpot_ms");
	m->itl_std = number(own, "std_itl_ms");
	m->e2el_std = number(own, "std_e2el_ms");
	m->late_p50_ms = number(client, "late_p50_ms");
	m->late_p99_ms = number(client, "late_p99_ms");
	m->bundled_events = count(client, "bundled_events");
	m->gap_p50_ms = number(client, "gap_p50_ms");
	m->gap_p99_ms = number(client, "gap_p99_ms");
	m->cpu_share = number(client, "cpu_share");
	m->slots_mean = number(client, "slots_mean");
	take_flags(r, json_get(own, "flags"));
}

static void result_init(struct shelf_result *r)
{
	struct event ev;
	memset(r, 0, sizeof *r);
	event_init(&ev, EV_cell_planned);
	r->plan = ev.u.cell_planned;
	event_init(&ev, EV_load_measured);
	r->load = ev.u.load_measured;
	event_init(&ev, EV_result_saved);
	r->saved = ev.u.result_saved;
	event_init(&ev, EV_accuracy_measured);
	r->accuracy = ev.u.accuracy_measured;
	event_init(&ev, EV_gate_decided);
	r->gate = ev.u.gate_decided;
	r->plan.cell = r->load.cell = r->saved.cell = r->accuracy.cell = r->gate.cell = 0;
	r->plan.repeat = 1;
	r->ratio = NAN;
	r->prompts = PROMPTS_TEXT; /* as the reference client sends them */
}

int shelf_result_parse(struct shelf_result *out, const char *text, size_t len, struct err *e)
{
	cJSON *root = NULL;
	result_init(out);
	int rc = json_parse_lenient(text, len, DEPTH, &root, e);
	if (rc)
		return rc;
	rc = take_args(out, root, e);
	if (rc == 0) {
		take_load(out, root);
		take_reference(out, root);
		out->saved.tput_ratio = ratio(root, "tput_per_gpu_ratio");
		out->saved.e2e_ratio = ratio(root, "median_e2e_ratio");
		out->saved.intvty_ratio = ratio(root, "interactivity_ratio");
		take_accuracy(out, root);
		take_own(out, json_get(root, "benchtop"));
	}
	if (rc == 0 && isnan(out->load.tput_per_gpu) && isnan(out->load.total_token_throughput))
		rc = err_set(e, ERR_PROTO, "it has neither tput_per_gpu nor total_token_throughput");
	cJSON_Delete(root);
	return rc;
}

int shelf_result_read(struct shelf_result *out, const char *path, struct err *e)
{
	struct buf b;
	buf_init(&b, SHELF_RESULT_MAX);
	int rc = shelf_file_read(path, &b, e);
	if (rc == 0)
		rc = shelf_result_parse(out, buf_text(&b), b.len, e);
	buf_free(&b);
	return rc;
}

bool shelf_result_empty(const struct shelf_result *r)
{
	return r->load.completed == 0 || (r->load.request_throughput == 0 && r->load.total_token_throughput == 0);
}
