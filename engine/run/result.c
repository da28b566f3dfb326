#include "result.h"
#include "../base/json.h"
#include <math.h>
#include <stdio.h>

void result_ratios(const struct result_input *in, double *tput, double *e2e, double *intvty)
{
	*tput = *e2e = *intvty = NAN;
	if (!in->cell->have_ref)
		return;
	const struct track_ref *ref = &in->cell->ref;
	if (ref->tput > 0)
		*tput = in->load->tput_per_gpu / ref->tput;
	if (ref->e2e_ms > 0)
		*e2e = in->load->e2el_median / ref->e2e_ms;
	if (ref->intvty > 0)
		*intvty = in->load->interactivity / ref->intvty;
}

static void member_f64(struct json_out *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, v);
}

static void member_i64(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

static void member_str(struct json_out *j, const char *key, const char *v)
{
	json_key(j, key);
	json_str(j, v);
}

/* Given data is written as it was given: 6854 without a point, 131.424 with its digits. */
static void member_given(struct json_out *j, const char *key, double v)
{
	json_key(j, key);
	if (fabs(v) < 0x1p53 && v == floor(v))
		json_i64(j, (int64_t)v);
	else
		json_f64(j, v);
}

static void write_three(struct json_out *j, const char *const keys[3], double mean, double median, double p99)
{
	member_f64(j, keys[0], mean);
	member_f64(j, keys[1], median);
	member_f64(j, keys[2], p99);
}

static void write_summary(struct json_out *j, const struct result_input *in)
{
	static const char *const ttft[] = {"mean_ttft_ms", "median_ttft_ms", "p99_ttft_ms"};
	static const char *const tpot[] = {"mean_tpot_ms", "median_tpot_ms", "p99_tpot_ms"};
	static const char *const itl[] = {"mean_itl_ms", "median_itl_ms", "p99_itl_ms"};
	static const char *const e2el[] = {"mean_e2el_ms", "median_e2el_ms", "p99_e2el_ms"};
	const struct ev_load_measured *m = in->load;

	if (in->have_summary_names) {
		member_i64(j, "successful_requests", m->completed);
		member_f64(j, "benchmark_duration", m->duration_s);
	}
	member_i64(j, "total_input_tokens", m->total_input);
	if (in->have_summary_names)
		member_i64(j, "total_generated_tokens", m->total_output);
	member_f64(j, "request_throughput", m->request_throughput);
	member_f64(j, "output_throughput", m->output_throughput);
	member_f64(j, "total_token_throughput", m->total_token_throughput);
	write_three(j, ttft, m->ttft_mean, m->ttft_median, m->ttft_p99);
	write_three(j, tpot, m->tpot_mean, m->tpot_median, m->tpot_p99);
	write_three(j, itl, m->itl_mean, m->itl_median, m->itl_p99);
	write_three(j, e2el, m->e2el_mean, m->e2el_median, m->e2el_p99);
}

static void write_args(struct json_out *j, const struct result_input *in)
{
	json_key(j, "benchmark_args");
	json_object(j);
	member_str(j, "model", in->model);
	member_str(j, "backend", "vllm");
	member_str(j, "base_url", in->base_url);
	member_str(j, "dataset_name", "random");
	member_i64(j, "random_input_len", in->cell->isl);
	member_i64(j, "random_output_len", in->cell->osl);
	member_f64(j, "random_range_ratio", in->ratio);
	member_i64(j, "num_prompts", in->cell->num_prompts);
	member_i64(j, "max_concurrency", in->cell->conc);
	member_str(j, "request_rate", "inf");
	json_object_end(j);
}

static void write_reference(struct json_out *j, const struct result_input *in)
{
	const struct track *t = in->track;
	const struct track_ref *ref = &in->cell->ref;
	json_key(j, t->ref_key);
	if (!in->cell->have_ref) {
		json_null(j);
		return;
	}
	json_object(j);
	member_given(j, t->ref_e2e_key, ref->e2e_ms);
	member_given(j, t->ref_tput_key, ref->tput);
	member_given(j, t->ref_intvty_key, ref->intvty);
	json_object_end(j);
}

static void write_ratios(struct json_out *j, const struct result_input *in)
{
	static const char *const names[] = {"tput_per_gpu_ratio", "median_e2e_ratio", "interactivity_ratio"};
	double v[3];
	result_ratios(in, &v[0], &v[1], &v[2]);
	for (int i = 0; i < 3; i++) {
		char key[64];
		snprintf(key, sizeof key, "%s%s", names[i], in->track->ratio_suffix);
		member_f64(j, key, v[i]);
	}
}

static void write_accuracy(struct json_out *j, const struct result_input *in)
{
	const struct track *t = in->track;
	json_key(j, "accuracy");
	if (in->accuracy) {
		const double v[TRACK_METRICS] = {
		        in->accuracy->bits_per_byte, in->accuracy->byte_perplexity, in->accuracy->word_perplexity};
		json_object(j);
		for (int i = 0; i < TRACK_METRICS; i++)
			member_f64(j, t->metrics[i].name, v[i]);
		json_object_end(j);
	} else {
		json_null(j);
	}
	json_key(j, "accuracy_validation");
	json_object(j);
	member_str(j, "status", in->accuracy ? "PASSED" : "SKIPPED");
	json_key(j, "baselines");
	json_object(j);
	for (int i = 0; i < TRACK_METRICS; i++)
		member_f64(j, t->metrics[i].name, t->metrics[i].baseline);
	json_object_end(j);
	member_f64(j, "threshold_multiplier", t->multiplier);
	json_object_end(j);
}

static void write_failures(struct json_out *j, const struct ev_load_measured *m)
{
	member_i64(j, "failed", m->failed);
	json_key(j, "failures");
	json_object(j);
	member_i64(j, "connect", m->fail_connect);
	member_i64(j, "http", m->fail_http);
	member_i64(j, "cut", m->fail_cut);
	member_i64(j, "protocol", m->fail_protocol);
	member_i64(j, "usage", m->fail_usage);
	json_object_end(j);
}

static void write_client(struct json_out *j, const struct ev_load_measured *m)
{
	json_key(j, "client");
	json_object(j);
	member_f64(j, "late_p50_ms", m->late_p50_ms);
	member_f64(j, "late_p99_ms", m->late_p99_ms);
	member_i64(j, "bundled_events", m->bundled_events);
	member_f64(j, "gap_p50_ms", m->gap_p50_ms);
	member_f64(j, "gap_p99_ms", m->gap_p99_ms);
	member_f64(j, "cpu_share", m->cpu_share);
	member_f64(j, "slots_mean", m->slots_mean);
	json_object_end(j);
}

static void write_flags(struct json_out *j, const struct result_input *in)
{
	json_key(j, "flags");
	json_array(j);
	for (int i = 0; i < in->n_flags; i++) {
		json_object(j);
		member_str(j, "code", flag_code_word((int)in->flags[i].flag));
		json_key(j, "doubt");
		json_bool(j, in->flags[i].doubt);
		member_str(j, "text", in->flags[i].text);
		json_object_end(j);
	}
	json_array_end(j);
}

/* The server that the row was measured on: another row of the run may have had another one. */
static void write_server(struct json_out *j, const struct ev_server_seen *s)
{
	json_key(j, "server");
	if (!s) {
		json_null(j);
		return;
	}
	json_object(j);
	json_key(j, "prefill");
	if (s->prefill > 0)
		json_i64(j, s->prefill);
	else
		json_null(j);
	json_key(j, "version");
	json_str(j, s->version[0] ? s->version : NULL);
	json_object_end(j);
}

/* What the official file lacks, in one member at the end. */
static void write_own(struct json_out *j, const struct result_input *in)
{
	const struct ev_load_measured *m = in->load;
	json_key(j, "benchtop");
	json_object(j);
	member_str(j, "version", BENCHTOP_VERSION);
	member_str(j, "track", in->track->name);
	member_str(j, "track_sha256", in->track->sha256);
	member_str(j, "prompts", prompts_mode_word((int)in->prompts));
	member_i64(j, "gpus_assumed", in->track->gpus);
	member_i64(j, "repeat", in->cell->repeat);
	member_i64(j, "num_warmups", in->cell->num_warmups);
	write_server(j, in->server);
	write_failures(j, m);
	json_key(j, "prompt_tokens_server");
	if (m->prompt_tokens_server >= 0)
		json_i64(j, m->prompt_tokens_server);
	else
		json_null(j);
	member_i64(j, "itl_samples", m->itl_samples);
	member_f64(j, "std_ttft_ms", m->ttft_std);
	member_f64(j, "std_tpot_ms", m->tpot_std);
	member_f64(j, "std_itl_ms", m->itl_std);
	member_f64(j, "std_e2el_ms", m->e2el_std);
	write_client(j, m);
	write_flags(j, in);
	json_object_end(j);
}

int result_json(const struct result_input *in, struct buf *out)
{
	struct json_out j;
	json_out_init(&j, out, JSON_PRETTY, true);
	json_object(&j);
	write_summary(&j, in);
	write_args(&j, in);
	member_f64(&j, "tput_per_gpu", in->load->tput_per_gpu);
	member_f64(&j, "interactivity", in->load->interactivity);
	write_reference(&j, in);
	write_ratios(&j, in);
	write_accuracy(&j, in);
	if (!in->official_only)
		write_own(&j, in);
	json_object_end(&j);
	return out->failed ? ERR_NOMEM : 0;
}

static double or_zero(double v)
{
	return isfinite(v) ? v : 0;
}

static double column_value(const struct result_input *in, enum track_column column)
{
	const struct ev_load_measured *m = in->load;
	const struct ev_accuracy_measured *a = in->accuracy;
	const struct track_ref none = {0};
	const struct track_ref *ref = in->cell->have_ref ? &in->cell->ref : &none;
	double tput, e2e, intvty;
	result_ratios(in, &tput, &e2e, &intvty);
	switch (column) {
	case COL_CONC:
		return in->cell->conc;
	case COL_E2E:
		return m->e2el_median;
	case COL_TPUT:
		return m->tput_per_gpu;
	case COL_REF_E2E:
		return ref->e2e_ms;
	case COL_REF_TPUT:
		return ref->tput;
	case COL_E2E_RATIO:
		return or_zero(e2e);
	case COL_TPUT_RATIO:
		return or_zero(tput);
	case COL_INTVTY:
		return m->interactivity;
	case COL_REF_INTVTY:
		return ref->intvty;
	case COL_INTVTY_RATIO:
		return or_zero(intvty);
	case COL_BITS_PER_BYTE:
		return a ? a->bits_per_byte : NAN;
	case COL_BYTE_PPL:
		return a ? a->byte_perplexity : NAN;
	case COL_WORD_PPL:
		return a ? a->word_perplexity : NAN;
	case COL_TEAM:
		break;
	}
	return NAN;
}

int result_payload(const struct result_input *in, const char *team, struct buf *out)
{
	struct json_out j;
	json_out_init(&j, out, JSON_SPACED, true);
	json_object(&j);
	json_key(&j, "data");
	json_array(&j);
	for (int i = 0; i < in->track->n_columns; i++) {
		enum track_column column = in->track->columns[i];
		if (column == COL_TEAM)
			json_str(&j, team);
		else if (column == COL_CONC)
			json_i64(&j, in->cell->conc); /* %g would round 1234567 */
		else
			json_f64_g(&j, column_value(in, column));
	}
	json_array_end(&j);
	json_object_end(&j);
	return out->failed ? ERR_NOMEM : 0;
}
