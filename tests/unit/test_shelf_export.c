/* What other programs read: each figure is the file's, absent is empty or null, nothing runs in a spreadsheet. */
#include "../../engine/server/origin.h"
#include "../../engine/shelf/export.h"
#include "../../tui/cli_results.h"
#include "shelf_make.h"

#define WALL 1764082800 /* 2025-11-25 15:00:00 UTC */

static struct buf out;

static const char *fresh(void)
{
	buf_free(&out);
	buf_init(&out, 1 << 24);
	return "";
}

/* Field `column` of CSV line `line` (0: the head), unquoted. */
static const char *field(const char *csv, int line, const char *column)
{
	static char text[16][1024];
	static int turn;
	char *to = text[turn++ % 16];
	int at = -1;
	const char *p = csv;
	for (int l = 0;; l++) {
		for (int c = 0; *p && *p != '\r'; c++) {
			size_t n = 0;
			bool quoted = *p == '"';
			p += quoted;
			while (*p && (quoted ? !(*p == '"' && p[1] != '"') : *p != ',' && *p != '\r')) {
				p += quoted && *p == '"';
				to[n++] = *p++;
			}
			p += quoted;
			to[n] = '\0';
			p += *p == ',';
			if (l == 0 && strcmp(to, column) == 0)
				at = c;
			if (l == line && c == at)
				return to;
		}
		if (strncmp(p, "\r\n", 2) != 0 || l > line)
			fail_msg("no line %d with a field %s", line, column);
		p += 2;
	}
}

static void csv_figures_are_the_files(void **state)
{
	/* the file's key, and the column, whose name tells the unit; NULL: the same */
	static const struct {
		const char *key, *column;
	} keys[] = {{"successful_requests", NULL}, {"benchmark_duration", "benchmark_duration_s"},
	        {"total_input_tokens", NULL}, {"total_generated_tokens", NULL},
	        {"request_throughput", "request_throughput_req_s"}, {"output_throughput", "output_throughput_tok_s"},
	        {"total_token_throughput", "total_token_throughput_tok_s"}, {"mean_ttft_ms", NULL},
	        {"median_ttft_ms", NULL}, {"p99_ttft_ms", NULL}, {"mean_tpot_ms", NULL}, {"median_tpot_ms", NULL},
	        {"p99_tpot_ms", NULL}, {"mean_itl_ms", NULL}, {"median_itl_ms", NULL}, {"p99_itl_ms", NULL},
	        {"mean_e2el_ms", NULL}, {"median_e2el_ms", NULL}, {"p99_e2el_ms", NULL},
	        {"tput_per_gpu", "tput_tok_s_gpu"}, {"interactivity", "interactivity_tok_s_user"}};
	struct place *x = *state;
	struct ours o;
	char dir[300];
	ours_whole(x, &o, WALL, 1.0, true);
	official_batch(x, "batch_isl1024_osl1024_20251125_160000", dir, sizeof dir);
	struct shelf_run *r = open_of(o.d.path), *official = open_of(dir);
	fresh();
	export_csv_head(&out);
	assert_int_equal(export_csv(r, &out), 0);
	assert_int_equal(export_csv(official, &out), 0);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const char *key = keys[i].key, *column = keys[i].column ? keys[i].column : key;
		assert_true(strtod(field(out.data, 2, column), NULL) == number_in(r->result_path[1], key));
		double want = number_in(official->result_path[0], key);
		if (isfinite(want))
			assert_true(strtod(field(out.data, 3, column), NULL) == want);
	}
	assert_string_equal(field(out.data, 1, "conc"), "4");
	assert_string_equal(field(out.data, 1, "status"), "passed");
	assert_string_equal(field(out.data, 1, "time_utc"), "2025-11-25T15:00:00Z");
	assert_string_equal(field(out.data, 1, "sglang_commit"), "");
	assert_string_equal(field(out.data, 3, "benchmark_duration_s"), "");
	assert_string_equal(field(out.data, 3, "kind"), "official");
	assert_string_equal(field(out.data, 4, "status"), "failed");
	assert_string_equal(field(out.data, 4, "tput_tok_s_gpu"), "");
	assert_string_equal(field(out.data, 4, "successful_requests"), "");
	assert_string_equal(field(out.data, 4, "ref_tput_tok_s_gpu"), "");
	shelf_close(r);
	shelf_close(official);
}

static void csv_runs_nothing(void **state)
{
	struct place *x = *state;
	struct ours o;
	ours_whole(x, &o, WALL, 1.0, true);
	struct shelf_run *r = open_of(o.d.path);
	static const struct {
		const char *team, *field;
	} cases[] = {{"=HYPERLINK(\"http://x\",\"y\")", "'=HYPERLINK(\"http://x\",\"y\")"}, {"+1", "'+1"},
	        {"-1", "'-1"}, {"@SUM(A1)", "'@SUM(A1)"}, {"a, \"b\"", "a, \"b\""},
	        {"Füchse \xf0\x9f\xa6\x8a", "Füchse \xf0\x9f\xa6\x8a"}, {"plain=1", "plain=1"}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		text_set(r->board->run.team, sizeof r->board->run.team, cases[i].team);
		fresh();
		export_csv_head(&out);
		export_csv(r, &out);
		assert_string_equal(field(out.data, 2, "team"), cases[i].field);
		assert_string_equal(field(out.data, 2, "path"), o.d.path);
	}
	/* a CSV may go to a terminal */
	text_set(r->path, sizeof r->path, "runs/\x1b]0;title\a\x1b[31mbatch");
	fresh();
	export_csv_head(&out);
	export_csv(r, &out);
	assert_string_equal(field(out.data, 2, "path"), "runs/batch");
	shelf_close(r);
}

/* A ratio that is none does not make the table hundreds of columns wide. */
static void table_with_figures_from_nowhere(void **state)
{
	(void)state;
	struct shelf_entry entries[2] = {
	        {.kind = SHELF_FILE, .path = "a.json", .passed = 1, .best = 1e308, .worst = -1e308},
	        {.kind = SHELF_FILE, .path = "b.json", .passed = 1, .best = 1.234, .worst = 0.5}};
	const struct shelf s = {.entries = entries, .n = 2};
	fresh();
	assert_int_equal(results_table(&s, 0, true, &out), 0);
	assert_true(strcspn(out.data, "\n") < 120);
	assert_non_null(strstr(out.data, " 1e+308/-1e+308 "));
	assert_non_null(strstr(out.data, " 1.23/0.50 "));
}

static void json_lines(void **state)
{
	struct place *x = *state;
	struct ours o;
	cJSON *v;
	char path[300];
	ours_whole(x, &o, WALL, 1.0, true);
	write_text(x->dir, "cut.json", "{\"benchmark_args\"");
	struct shelf *s = scan_of(x->dir);
	fresh();
	assert_int_equal(export_json(entry_named(s, o.d.name), &out), 0);
	assert_int_equal(json_parse(out.data, out.len, 8, &v, NULL), 0);
	const cJSON *p = cJSON_GetArrayItem(json_get(v, "points"), 1);
	assert_true(rundir_result_path(&o.d, &o.s, &o.p.cells[1], path, sizeof path));
	assert_true(json_get_f64(p, "tput_per_gpu", 0) == number_in(path, "tput_per_gpu"));
	assert_true(json_get_f64(p, "median_e2el_ms", 0) == number_in(path, "median_e2el_ms"));
	assert_true(json_get_f64(p, "tput_ratio", 0) == number_in(path, "tput_per_gpu_ratio_vs_b200_1126"));
	assert_string_equal(json_get_str(v, "kind", ""), "benchtop");
	assert_true(cJSON_IsNull(json_get(v, "sglang")));
	cJSON_Delete(v);
	fresh();
	assert_int_equal(export_json(entry_named(s, "cut.json"), &out), 0);
	assert_int_equal(json_parse(out.data, out.len, 8, &v, NULL), 0);
	assert_string_equal(json_get_str(v, "kind", ""), "unreadable");
	assert_true(cJSON_IsNull(json_get(v, "mode")) && cJSON_IsNull(json_get(v, "best_tput_ratio")));
	cJSON_Delete(v);
	shelf_free(s);
}

static void aggregate_form(void **state)
{
	struct place *x = *state;
	char dir[300];
	cJSON *v;
	official_batch(x, "batch_isl1024_osl1024_20251125_150000", dir, sizeof dir);
	struct shelf_run *r = open_of(dir);
	fresh();
	buf_addc(&out, '[');
	assert_int_equal(export_infmax(r, NULL, &out), 0);
	assert_int_equal(export_infmax(r, &x->t, &out), 0);
	buf_addc(&out, ']');
	assert_int_equal(json_parse(out.data, out.len, 8, &v, NULL), 0);
	assert_int_equal(cJSON_GetArraySize(v), 2); /* the failed CONC is none */
	const cJSON *a = cJSON_GetArrayItem(v, 1);
	assert_true(json_get_f64(a, "median_e2el", 0) == official_number(x, 0, "median_e2el_ms") / 1000);
	assert_true(json_get_f64(a, "p99_ttft", 0) == official_number(x, 0, "p99_ttft_ms") / 1000);
	assert_true(json_get_f64(a, "median_intvty", 0) == 1000 / official_number(x, 0, "median_tpot_ms"));
	assert_true(json_get_f64(a, "tput_per_gpu", 0) == official_number(x, 0, "tput_per_gpu"));
	assert_true(json_get_f64(a, "output_tput_per_gpu", 0) == official_number(x, 0, "output_throughput") / 8);
	assert_null(json_get(a, "median_e2el_ms"));
	assert_string_equal(json_get_str(a, "hw", ""), "mi355x");
	assert_string_equal(json_get_str(a, "framework", ""), "sglang");
	assert_string_equal(json_get_str(a, "precision", ""), "fp4");
	assert_string_equal(json_get_str(a, "infmax_model_prefix", ""), "dsr1");
	assert_true(cJSON_IsNull(json_get(a, "tp"))); /* nobody wrote it down */
	assert_true(json_get_bool(a, "unofficial", false));
	cJSON_Delete(v);
	shelf_close(r);
}

/* ---- the server's origin in the manifest ---- */

static void arguments_without_secrets(void **state)
{
	char words[300];
	static const char raw[] = "python3\0-m\0sglang.launch_server\0--api-key\0sesame\0--admin-api-key=sesame\0--tp\0"
	                          "8\0--tokenizer-path\0/t\0--dist-init-addr\0http://me:sesame@h:1/x\0hf_sesamesesame\0"
	                          "--ssl-keyfile-password\0sesame\0--token\0\033[31mred\0";
	(void)state;
	server_origin_words(raw, sizeof raw - 1, words, sizeof words);
	assert_string_equal(words,
	        "python3 -m sglang.launch_server --api-key *** --admin-api-key=*** --tp 8 "
	        "--tokenizer-path /t --dist-init-addr http://***@h:1/x *** --ssl-keyfile-password *** "
	        "--token ***");
	char small[12];
	server_origin_words(raw, sizeof raw - 1, small, sizeof small);
	assert_true(strlen(small) < sizeof small);
}

static void manifest_tells_the_servers_start(void **state)
{
	struct place *x = *state;
	struct ours o;
	struct err e = {0};
	struct event ev;
	static struct server_origin origin = {.started_wall_ns = (WALL - 7200) * CLOCK_NS_PER_S};
	text_set(origin.arguments, sizeof origin.arguments, "python3 -m sglang.launch_server --tp 8");
	event_init(&ev, EV_server_seen);
	ev.u.server_seen.tp = 8;
	ev.u.server_seen.prefill = 196608;
	ev.u.server_seen.radix_off = 1;
	ours_whole(x, &o, WALL, 1.0, true);
	o.d.origin = &origin;
	if (rundir_manifest(&o.d, &o.s, &x->t, &o.p, &ev.u.server_seen, WALL * CLOCK_NS_PER_S, &e) < 0)
		fail_msg("%s", e.text);
	struct shelf_run *r = open_of(o.d.path);
	assert_float_equal(r->manifest.server_started_s, WALL - 7200, 1e-5);
	assert_string_equal(r->manifest.server_args, origin.arguments);
	assert_int_equal(r->manifest.tp, 8);
	assert_int_equal(r->manifest.prefill, 196608);
	assert_int_equal(r->manifest.radix_off, 1);
	shelf_close(r);
	origin = (struct server_origin){0}; /* unknown */
	assert_int_equal(rundir_manifest(&o.d, &o.s, &x->t, &o.p, &ev.u.server_seen, WALL * CLOCK_NS_PER_S, &e), 0);
	r = open_of(o.d.path);
	assert_true(isnan(r->manifest.server_started_s));
	assert_string_equal(r->manifest.server_args, "");
	shelf_close(r);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        T(csv_figures_are_the_files),
	        T(csv_runs_nothing),
	        T(table_with_figures_from_nowhere),
	        T(json_lines),
	        T(aggregate_form),
	        T(arguments_without_secrets),
	        T(manifest_tells_the_servers_start),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	buf_free(&out);
	return rc;
}
