/* The result file and the post against what the official tool wrote for the same inputs, byte for byte. */
#include "../../engine/base/file.h"
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/run/result.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES "tests/data/official_cases.json"
#define MODEL "amd/DeepSeek-R1-0528-MXFP4-Preview"
#define TEAM  "Rocket Team"

struct given {
	struct track *track;
	cJSON *cases;
	/* of one case */
	struct plan_cell cell;
	struct ev_load_measured load;
	struct ev_accuracy_measured accuracy;
	struct result_input in;
};

static int set_up(void **state)
{
	struct given *g = calloc(1, sizeof *g);
	struct err e = {0};
	struct buf text;
	assert_non_null(g);
	g->track = calloc(1, sizeof *g->track);
	assert_non_null(g->track);
	if (track_load(g->track, "dsr1-fp4-sglang-mi355x", &e) < 0)
		fail_msg("%s", e.text);
	buf_init(&text, 1 << 20);
	if (file_read(CASES, &text, &e) < 0 || json_parse(buf_text(&text), text.len, 16, &g->cases, &e) < 0)
		fail_msg("%s", e.text);
	buf_free(&text);
	*state = g;
	return 0;
}

static int tear_down(void **state)
{
	struct given *g = *state;
	cJSON_Delete(g->cases);
	free(g->track);
	free(g);
	return 0;
}

static double raw_of(const cJSON *raw, const char *prefix, const char *metric)
{
	char key[64];
	snprintf(key, sizeof key, "%s_%s_ms", prefix, metric);
	double v = json_get_f64(raw, key, NAN);
	assert_true(isfinite(v));
	return v;
}

static void fill_load(struct ev_load_measured *m, const cJSON *raw, int gpus)
{
	struct event ev;
	event_init(&ev, EV_load_measured);
	*m = ev.u.load_measured;
	m->completed = json_get_i64(raw, "completed", -1);
	m->duration_s = json_get_f64(raw, "duration", NAN);
	m->total_input = json_get_i64(raw, "total_input_tokens", -1);
	m->total_output = json_get_i64(raw, "total_output_tokens", -1);
	m->request_throughput = json_get_f64(raw, "request_throughput", NAN);
	m->output_throughput = json_get_f64(raw, "output_throughput", NAN);
	m->total_token_throughput = json_get_f64(raw, "total_token_throughput", NAN);
	struct {
		const char *name;
		double *mean, *median, *p99, *std;
	} metrics[] = {
	        {"ttft", &m->ttft_mean, &m->ttft_median, &m->ttft_p99, &m->ttft_std},
	        {"tpot", &m->tpot_mean, &m->tpot_median, &m->tpot_p99, &m->tpot_std},
	        {"itl", &m->itl_mean, &m->itl_median, &m->itl_p99, &m->itl_std},
	        {"e2el", &m->e2el_mean, &m->e2el_median, &m->e2el_p99, &m->e2el_std},
	};
	for (int i = 0; i < 4; i++) {
		*metrics[i].mean = raw_of(raw, "mean", metrics[i].name);
		*metrics[i].median = raw_of(raw, "median", metrics[i].name);
		*metrics[i].p99 = raw_of(raw, "p99", metrics[i].name);
		*metrics[i].std = raw_of(raw, "std", metrics[i].name);
	}
	m->tput_per_gpu = m->total_token_throughput / gpus;
	m->interactivity = 1000 / m->tpot_median;
	m->prompt_tokens_server = -1;
}

static const cJSON *take_case(struct given *g, int i)
{
	const cJSON *c = cJSON_GetArrayItem(g->cases, i);
	const cJSON *raw = json_get(c, "raw"), *accuracy = json_get(c, "accuracy");
	assert_non_null(c);
	memset(&g->cell, 0, sizeof g->cell);
	g->cell.isl = (int)json_get_i64(c, "isl", 0);
	g->cell.osl = (int)json_get_i64(c, "osl", 0);
	g->cell.conc = (int)json_get_i64(c, "conc", 0);
	g->cell.repeat = 1;
	g->cell.num_prompts = (int)json_get_i64(raw, "num_prompts", 0);
	const struct track_ref *ref = track_ref_find(g->track, g->cell.isl, g->cell.osl, g->cell.conc);
	g->cell.have_ref = ref != NULL;
	if (ref)
		g->cell.ref = *ref;
	fill_load(&g->load, raw, g->track->gpus);
	memset(&g->accuracy, 0, sizeof g->accuracy);
	g->accuracy.bits_per_byte = cJSON_GetArrayItem(accuracy, 0)->valuedouble;
	g->accuracy.byte_perplexity = cJSON_GetArrayItem(accuracy, 1)->valuedouble;
	g->accuracy.word_perplexity = cJSON_GetArrayItem(accuracy, 2)->valuedouble;
	g->in = (struct result_input){
	        .track = g->track,
	        .cell = &g->cell,
	        .model = MODEL,
	        .base_url = "http://0.0.0.0:8888",
	        .ratio = 1.0,
	        .load = &g->load,
	        .have_summary_names = true,
	        .accuracy = &g->accuracy,
	};
	return c;
}

/* The caller frees the text. */
static char *write_result(const struct given *g)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_int_equal(result_json(&g->in, &b), 0);
	return buf_take(&b, NULL);
}

static cJSON *read_back(const struct given *g)
{
	char *text = write_result(g);
	struct err e = {0};
	cJSON *json;
	if (json_parse(text, strlen(text), 8, &json, &e) < 0)
		fail_msg("%s", e.text);
	free(text);
	return json;
}

static void official_files_are_equal(void **state)
{
	struct given *g = *state;
	assert_int_equal(cJSON_GetArraySize(g->cases), 3);
	for (int i = 0; i < 3; i++) {
		const cJSON *c = take_case(g, i);
		g->in.have_summary_names = false;
		g->in.official_only = true;
		char *text = write_result(g);
		assert_string_equal(text, json_get_str(c, "result", ""));
		free(text);
	}
}

static void official_posts_are_equal(void **state)
{
	struct given *g = *state;
	for (int i = 0; i < 3; i++) {
		const cJSON *c = take_case(g, i);
		struct buf b;
		buf_init(&b, 4096);
		assert_int_equal(result_payload(&g->in, TEAM, &b), 0);
		assert_string_equal(buf_text(&b), json_get_str(c, "payload", ""));
		buf_free(&b);
	}
}

static void nineteen_fields_in_order(void **state)
{
	static const char *const names[] = {"successful_requests", "benchmark_duration", "total_input_tokens",
	        "total_generated_tokens", "request_throughput", "output_throughput", "total_token_throughput",
	        "mean_ttft_ms", "median_ttft_ms", "p99_ttft_ms", "mean_tpot_ms", "median_tpot_ms", "p99_tpot_ms",
	        "mean_itl_ms", "median_itl_ms", "p99_itl_ms", "mean_e2el_ms", "median_e2el_ms", "p99_e2el_ms",
	        "benchmark_args", "tput_per_gpu", "interactivity", "b200_baseline_nv1126",
	        "tput_per_gpu_ratio_vs_b200_1126", "median_e2e_ratio_vs_b200_1126", "interactivity_ratio_vs_b200_1126",
	        "accuracy", "accuracy_validation", "benchtop"};
	struct given *g = *state;
	const cJSON *c = take_case(g, 1);
	cJSON *json = read_back(g);
	size_t i = 0;
	for (const cJSON *m = json->child; m; m = m->next, i++) {
		assert_true(i < sizeof names / sizeof names[0]);
		assert_string_equal(m->string, names[i]);
	}
	assert_int_equal(i, sizeof names / sizeof names[0]);
	assert_int_equal(json_get_i64(json, "successful_requests", 0), 1280);
	assert_true(json_get_f64(json, "benchmark_duration", 0) == json_get_f64(json_get(c, "raw"), "duration", -1));
	assert_int_equal(json_get_i64(json, "total_generated_tokens", 0), 10485760);
	cJSON_Delete(json);
}

static void own_member_tells_the_rest(void **state)
{
	struct given *g = *state;
	const struct ev_flag_raised flags[] = {
	        {.flag = FLAG_JIT, .doubt = true, .text = "a kernel was built \"inside\" the run"},
	        {.flag = FLAG_IDS, .text = "prompts as ids"},
	};
	take_case(g, 0);
	g->load.failed = 3;
	g->load.fail_cut = 2;
	g->load.fail_usage = 1;
	g->load.itl_samples = 204600;
	g->load.late_p99_ms = 0.25;
	g->load.prompt_tokens_server = 204801;
	g->in.flags = flags;
	g->in.n_flags = 2;
	g->in.prompts = PROMPTS_TEXT;
	cJSON *json = read_back(g);
	const cJSON *own = json_get(json, "benchtop"), *failures = json_get(own, "failures");
	const cJSON *client = json_get(own, "client"), *list = json_get(own, "flags");
	assert_string_equal(json_get_str(own, "track", ""), "dsr1-fp4-sglang-mi355x");
	assert_int_equal(strlen(json_get_str(own, "track_sha256", "")), 64);
	assert_string_equal(json_get_str(own, "prompts", ""), "text");
	assert_true(json_get_str(own, "version", "")[0]);
	assert_int_equal(json_get_i64(own, "gpus_assumed", 0), 8);
	assert_int_equal(json_get_i64(own, "failed", 0), 3);
	assert_int_equal(json_get_i64(failures, "cut", 0), 2);
	assert_int_equal(json_get_i64(failures, "usage", 0), 1);
	assert_int_equal(json_get_i64(failures, "connect", -1), 0);
	assert_int_equal(json_get_i64(own, "itl_samples", 0), 204600);
	assert_int_equal(json_get_i64(own, "prompt_tokens_server", 0), 204801);
	assert_true(json_get_f64(own, "std_tpot_ms", 0) == g->load.tpot_std);
	assert_true(json_get_f64(client, "late_p99_ms", 0) == 0.25);
	assert_true(cJSON_IsNull(json_get(client, "gap_p50_ms"))); /* absent is null, never 0 */
	assert_int_equal(cJSON_GetArraySize(list), 2);
	const cJSON *first = cJSON_GetArrayItem(list, 0);
	assert_string_equal(json_get_str(first, "code", ""), "JIT build");
	assert_true(json_get_bool(first, "doubt", false));
	assert_string_equal(json_get_str(first, "text", ""), "a kernel was built \"inside\" the run");
	assert_false(json_get_bool(cJSON_GetArrayItem(list, 1), "doubt", true));
	cJSON_Delete(json);
}

static void skipped_accuracy_is_no_pass(void **state)
{
	struct given *g = *state;
	take_case(g, 0);
	g->in.accuracy = NULL;
	cJSON *json = read_back(g);
	const cJSON *validation = json_get(json, "accuracy_validation");
	assert_true(cJSON_IsNull(json_get(json, "accuracy")));
	assert_string_equal(json_get_str(validation, "status", ""), "SKIPPED");
	assert_true(json_get_f64(json_get(validation, "baselines"), "word_perplexity", 0) == 3.2522);
	cJSON_Delete(json);
}

static void absent_figures_are_null(void **state)
{
	struct given *g = *state;
	take_case(g, 0);
	g->load.ttft_median = NAN;
	g->load.e2el_median = INFINITY;
	cJSON *json = read_back(g);
	assert_true(cJSON_IsNull(json_get(json, "median_ttft_ms")));
	assert_true(cJSON_IsNull(json_get(json, "median_e2el_ms")));
	assert_true(cJSON_IsNull(json_get(json, "median_e2e_ratio_vs_b200_1126")));
	cJSON_Delete(json);
}

static void ratios_need_a_reference(void **state)
{
	struct given *g = *state;
	double tput, e2e, intvty;
	take_case(g, 0);
	result_ratios(&g->in, &tput, &e2e, &intvty);
	assert_true(fabs(tput - 0.5209325138161176) < 1e-15);
	assert_true(fabs(e2e - 2.048858651533398) < 1e-15);
	assert_true(fabs(intvty - 0.5637106770888014) < 1e-15);
	take_case(g, 2);
	result_ratios(&g->in, &tput, &e2e, &intvty);
	assert_true(isnan(tput) && isnan(e2e) && isnan(intvty));
}

static void team_names_are_escaped(void **state)
{
	struct given *g = *state;
	struct buf b;
	take_case(g, 0);
	buf_init(&b, 4096);
	assert_int_equal(result_payload(&g->in, "L\xc3\xa9 \"Cache\" \\ \xf0\x9f\x9a\x80", &b), 0);
	const char *want = "{\"data\": [\"L\\u00e9 \\\"Cache\\\" \\\\ \\ud83d\\ude80\", 4, 14042.9, ";
	assert_memory_equal(buf_text(&b), want, strlen(want));
	buf_free(&b);
}

static void columns_are_data(void **state)
{
	struct given *g = *state;
	struct track *t = malloc(sizeof *t);
	struct buf b;
	take_case(g, 0);
	assert_non_null(t);
	*t = *g->track;
	t->n_columns = 3;
	t->columns[0] = COL_CONC;
	t->columns[1] = COL_INTVTY;
	t->columns[2] = COL_TEAM;
	g->in.track = t;
	buf_init(&b, 4096);
	assert_int_equal(result_payload(&g->in, "x", &b), 0);
	assert_string_equal(buf_text(&b), "{\"data\": [4, 76.3602, \"x\"]}");
	buf_free(&b);
	free(t);
}

static void too_small_a_buffer_is_told(void **state)
{
	struct given *g = *state;
	struct buf b;
	take_case(g, 0);
	buf_init(&b, 200);
	assert_true(result_json(&g->in, &b) < 0);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(official_files_are_equal),
	        cmocka_unit_test(official_posts_are_equal),
	        cmocka_unit_test(nineteen_fields_in_order),
	        cmocka_unit_test(own_member_tells_the_rest),
	        cmocka_unit_test(skipped_accuracy_is_no_pass),
	        cmocka_unit_test(absent_figures_are_null),
	        cmocka_unit_test(ratios_need_a_reference),
	        cmocka_unit_test(team_names_are_escaped),
	        cmocka_unit_test(columns_are_data),
	        cmocka_unit_test(too_small_a_buffer_is_told),
	};
	return cmocka_run_group_tests_name("run_result", tests, set_up, tear_down);
}
