/* Opening a run: ours, the official tool's, a single file; every figure is the file's, what is absent is not a number. */
#include "shelf_make.h"

#define WALL 1764082800 /* 2025-11-25 15:00:00 UTC */

static const struct {
	const char *key;
	size_t at;
} figures[] = {
#define F(key, member)                                                                                                 \
	{                                                                                                              \
		key, offsetof(struct ev_load_measured, member)                                                         \
	}
        F("benchmark_duration", duration_s),
        F("request_throughput", request_throughput),
        F("output_throughput", output_throughput),
        F("total_token_throughput", total_token_throughput),
        F("mean_ttft_ms", ttft_mean),
        F("median_ttft_ms", ttft_median),
        F("p99_ttft_ms", ttft_p99),
        F("mean_tpot_ms", tpot_mean),
        F("median_tpot_ms", tpot_median),
        F("p99_tpot_ms", tpot_p99),
        F("mean_itl_ms", itl_mean),
        F("median_itl_ms", itl_median),
        F("p99_itl_ms", itl_p99),
        F("mean_e2el_ms", e2el_mean),
        F("median_e2el_ms", e2el_median),
        F("p99_e2el_ms", e2el_p99),
        F("tput_per_gpu", tput_per_gpu),
        F("interactivity", interactivity),
#undef F
};

static void assert_figures(const struct shelf_run *r, int row)
{
	const struct ev_load_measured *m = &r->board->cells[row].load;
	assert_true(r->board->cells[row].have_load);
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
		double have, want = number_in(r->result_path[row], figures[i].key);
		memcpy(&have, (const char *)m + figures[i].at, sizeof have);
		if (!(have == want || (isnan(have) && isnan(want))))
			fail_msg("%s is %.17g, the file says %.17g", figures[i].key, have, want);
	}
}

static void official_batch_row_by_row(void **state)
{
	struct place *x = *state;
	char dir[300];
	official_batch(x, "batch_isl1024_osl1024_20251125_150000", dir, sizeof dir);
	struct shelf_run *r = open_of(dir);
	const struct board_cell *c = r->board->cells;
	assert_int_equal(r->kind, SHELF_BATCH);
	assert_false(r->manifest.have);
	assert_true(r->mode_known);
	assert_int_equal(r->board->run.mode, MODE_SUBMIT);
	assert_string_equal(r->board->run.track, "dsr1-fp4-sglang-mi355x"); /* by model and reference */
	assert_int_equal(r->board->n_cells, 2);
	assert_int_equal(c[0].status, CELL_PASSED);
	assert_figures(r, 0);
	assert_true(isnan(c[0].load.duration_s)); /* not in the official file */
	const cJSON *raw = json_get(cJSON_GetArrayItem(x->cases, 0), "raw");
	assert_int_equal(c[0].load.completed, json_get_i64(raw, "completed", -9)); /* fixed by the rates */
	assert_int_equal(c[0].load.total_output, json_get_i64(raw, "total_output_tokens", -9));
	assert_int_equal(c[0].load.failed, 0);
	assert_true(c[0].plan.ref_e2e_ms == 6854 && c[0].plan.ref_tput == 131.424 && c[0].plan.ref_intvty == 135.46);
	assert_true(c[0].result.tput_ratio == official_number(x, 0, "tput_per_gpu_ratio_vs_b200_1126"));
	assert_true(c[0].result.e2e_ratio == official_number(x, 0, "median_e2e_ratio_vs_b200_1126"));
	assert_true(c[0].have_accuracy && c[0].accuracy.word_perplexity == 3.3232 && c[0].gate.passed);
	assert_true(c[0].done.duration_s == 180);
	assert_int_equal(c[0].plan.rule_prompts, 200);
	assert_int_equal(c[1].status, CELL_FAILED);
	assert_int_equal(c[1].plan.conc, 8);
	assert_false(c[1].have_load);
	assert_string_equal(r->result_path[1], "");
	shelf_close(r);
}

/* Counts of every official case, also of the largest, come out exact. */
static void counts_that_rates_fix(void **state)
{
	struct place *x = *state;
	for (int i = 0; i < cJSON_GetArraySize(x->cases); i++) {
		char path[300];
		const cJSON *raw = json_get(cJSON_GetArrayItem(x->cases, i), "raw");
		write_text(x->dir, "one.json", official_text(x, i));
		below(x, "one.json", path, sizeof path);
		struct shelf_run *r = open_of(path);
		assert_int_equal(r->kind, SHELF_FILE);
		assert_false(r->mode_known);
		assert_figures(r, 0);
		assert_int_equal(r->board->cells[0].load.completed, json_get_i64(raw, "completed", -9));
		assert_int_equal(r->board->cells[0].load.total_output, json_get_i64(raw, "total_output_tokens", -9));
		shelf_close(r);
	}
}

static void another_tracks_reference(void **state)
{
	struct place *x = *state;
	char path[300];
	write_text(x->dir, "stage2.json",
	        "{\"total_input_tokens\": 8192, \"output_throughput\": 10.0, \"total_token_throughput\": 90.0, "
	        "\"median_e2el_ms\": NaN, \"benchmark_args\": {\"model\": \"m\", \"random_input_len\": 8192, "
	        "\"random_output_len\": 1024, \"num_prompts\": 1, \"max_concurrency\": 128}, \"tput_per_gpu\": 11.25, "
	        "\"baseline_nv1126\": {\"baseline_median_e2e_1126\": 22000, \"baseline_tput_pergpu_1126\": 6000.5, "
	        "\"baseline_median_intvty_1126\": 48}, \"tput_per_gpu_ratio_vs_baseline_1126\": 0.5, "
	        "\"median_e2e_ratio_vs_baseline_1126\": null, \"accuracy\": {\"gsm8k\": 0.95}}");
	below(x, "stage2.json", path, sizeof path);
	struct shelf_run *r = open_of(path);
	const struct board_cell *c = &r->board->cells[0];
	assert_true(c->plan.ref_e2e_ms == 22000 && c->plan.ref_tput == 6000.5 && c->plan.ref_intvty == 48);
	assert_true(c->result.tput_ratio == 0.5);
	assert_true(isnan(c->result.e2e_ratio) && isnan(c->result.intvty_ratio));
	assert_true(isnan(c->load.e2el_median) && isnan(c->load.interactivity) && isnan(c->load.request_throughput));
	assert_int_equal(c->load.completed, -1);
	assert_int_equal(c->load.total_output, 1024);
	assert_false(c->have_accuracy);
	assert_string_equal(r->board->run.track, "");
	shelf_close(r);
}

static void zeros_are_no_measurement(void **state)
{
	struct place *x = *state;
	char path[300];
	write_text(x->dir, "zero.json",
	        "{\"total_input_tokens\": 0, \"request_throughput\": 0.0, \"output_throughput\": 0.0, "
	        "\"total_token_throughput\": 0.0, \"benchmark_args\": {\"random_input_len\": 1024, \"random_output_len\": "
	        "1024, \"num_prompts\": 200, \"max_concurrency\": 4}, \"tput_per_gpu\": 0.0, \"interactivity\": 0}");
	below(x, "zero.json", path, sizeof path);
	struct shelf_run *r = open_of(path);
	assert_int_equal(r->board->cells[0].status, CELL_FAILED);
	assert_int_equal(r->board->cells[0].load.completed, 0);
	assert_int_equal(r->board->cells[0].load.failed, 200);
	shelf_close(r);
}

static void ours_with_journal_and_files(void **state)
{
	struct place *x = *state;
	struct ours o;
	ours_whole(x, &o, WALL, 1.0, true);
	struct shelf_run *r = open_of(o.d.path);
	assert_int_equal(r->kind, SHELF_OURS);
	assert_true(r->manifest.have);
	assert_string_equal(r->manifest.track, x->t.name);
	assert_string_equal(r->manifest.team, "Team");
	assert_true(r->manifest.ratio == 1.0);
	assert_int_equal(r->manifest.num_warmups, -1);
	assert_int_equal(r->wall_ns / CLOCK_NS_PER_S, WALL);
	assert_int_equal(r->board->n_cells, 2);
	assert_figures(r, 0);
	assert_figures(r, 1);
	assert_string_equal(r->note, "");
	assert_int_equal(board_count(r->board, CELL_PASSED), 2);
	shelf_close(r);
}

static void the_file_is_the_truth(void **state)
{
	struct place *x = *state;
	struct ours o;
	struct buf b;
	char path[600];
	ours_whole(x, &o, WALL, 1.0, true);
	assert_true(rundir_result_path(&o.d, &o.s, &o.p.cells[1], path, sizeof path));
	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(path, &b, NULL), 0);
	char *figure = strstr(b.data, "\"median_ttft_ms\": ");
	assert_non_null(figure);
	figure[18] = figure[18] == '9' ? '8' : '9';
	assert_int_equal(file_write_atomic(path, b.data, b.len, NULL), 0);
	buf_free(&b);
	struct shelf_run *r = open_of(o.d.path);
	assert_figures(r, 1);
	assert_non_null(strstr(r->note, "CONC 8: the result file's median_ttft_ms is not the journal's"));
	shelf_close(r);

	/* cut in the middle: the journal still has the figures */
	assert_int_equal(truncate(path, 300), 0);
	r = open_of(o.d.path);
	assert_true(r->board->cells[1].load.tput_per_gpu == some_load(1.0, 8).tput_per_gpu);
	assert_string_equal(r->result_path[1], "");
	assert_non_null(strstr(r->note, "CONC 8: the journal's figures: not JSON"));
	shelf_close(r);
	assert_int_equal(unlink(path), 0);
	r = open_of(o.d.path);
	assert_non_null(strstr(r->note, "its result file is gone"));
	shelf_close(r);
}

static void without_a_journal_the_files_are_left(void **state)
{
	struct place *x = *state;
	struct ours o;
	char path[600];
	ours_whole(x, &o, WALL, 1.0, true);
	assert_true(path_join(path, sizeof path, o.d.path, "events.jsonl"));
	assert_int_equal(truncate(path, 40), 0); /* within the first line */
	struct shelf_run *r = open_of(o.d.path);
	assert_int_equal(r->kind, SHELF_OURS);
	assert_int_equal(r->board->n_cells, 2);
	assert_figures(r, 0);
	assert_string_equal(r->board->run.team, "Team");
	assert_non_null(strstr(r->note, "no journal"));
	shelf_close(r);

	/* and without the manifest, the journal */
	struct ours two;
	ours_whole(x, &two, WALL + 60, 1.0, true);
	write_text(two.d.path, "run.json", "{\"format\": 1");
	r = open_of(two.d.path);
	assert_false(r->manifest.have);
	assert_true(isnan(r->manifest.server_started_s));
	assert_int_equal(r->board->n_cells, 2);
	assert_non_null(strstr(r->note, "run.json: not JSON"));
	shelf_close(r);
}

/* A run that was killed between the result file and its event, and one killed while measuring. */
static void a_run_that_was_cut(void **state)
{
	struct place *x = *state;
	struct ours o;
	struct event ev;
	ours_begin(x, &o, WALL, true);
	ours_row(x, &o, 0, 1.0, false);
	event_init(&ev, EV_cell_started);
	ev.u.cell_started.cell = 1;
	add_event(x, &o, &ev);
	struct shelf_run *r = open_of(o.d.path); /* alive: the lock is held */
	assert_int_equal(r->board->cells[1].status, CELL_RUNNING);
	assert_string_equal(r->note, "still running: this is how it stood when it was read");
	shelf_close(r);
	ours_end(x, &o, false);
	r = open_of(o.d.path);
	assert_string_equal(r->note, "");
	assert_int_equal(r->board->cells[0].status, CELL_PASSED);
	assert_figures(r, 0);
	assert_int_equal(r->board->cells[1].status, CELL_STOPPED);
	assert_int_equal(r->board->current, -1);
	shelf_close(r);
	/* the result of row 1 reached the disk, its events did not */
	cJSON *v = cJSON_Parse(official_text(x, 0));
	cJSON_SetNumberValue(cJSON_GetObjectItem(cJSON_GetObjectItem(v, "benchmark_args"), "max_concurrency"), 8);
	char *text = cJSON_Print(v);
	write_text(o.d.path, "result_isl1024_osl1024_conc8.json", text);
	cJSON_free(text);
	cJSON_Delete(v);
	r = open_of(o.d.path);
	assert_int_equal(r->board->cells[1].status, CELL_STOPPED);
	assert_false(r->board->cells[1].have_load);
	assert_non_null(strstr(r->note, "CONC 8: the journal does not tell of result_isl1024_osl1024_conc8.json"));
	shelf_close(r);
}

/* Rows of different runs never pass for one run. */
static void a_directory_of_runs_is_no_run(void **state)
{
	struct place *x = *state;
	struct shelf_run *r = NULL;
	struct err e = {0};
	char dir[300];
	official_batch(x, "batch_isl1024_osl1024_20251125_160000", dir, sizeof dir);
	official_batch(x, "batch_isl1024_osl1024_20251125_170000", dir, sizeof dir);
	assert_true(shelf_is_run(dir));
	assert_false(shelf_is_run(x->dir));
	assert_int_equal(shelf_open(&r, x->dir, &e), ERR_PROTO);
	assert_null(r);
	assert_string_equal(e.text, "there is no result file in it");
}

/* Single mode: the next run takes the name of the result file, the older file is renamed; each run keeps its own. */
static void single_runs_keep_their_results(void **state)
{
	struct place *x = *state;
	struct ours a, b;
	ours_whole(x, &a, WALL, 1.0, false);
	ours_whole(x, &b, WALL + 100, 1.5, false);
	struct shelf_run *r = open_of(a.d.path);
	assert_true(r->board->cells[0].load.tput_per_gpu == some_load(1.0, 4).tput_per_gpu);
	assert_figures(r, 0);
	assert_string_equal(r->note, "");
	shelf_close(r);
	r = open_of(b.d.path);
	assert_true(r->board->cells[0].load.tput_per_gpu == some_load(1.5, 4).tput_per_gpu);
	assert_string_equal(path_base(r->result_path[0]), "mine.json");
	shelf_close(r);
	/* moved away without its result: the other run's is not taken for it */
	char moved[300], to[300];
	below(x, "elsewhere", moved, sizeof moved);
	assert_int_equal(mkdir(moved, 0755), 0);
	assert_true(path_join(to, sizeof to, moved, a.d.name));
	assert_int_equal(rename(a.d.path, to), 0);
	r = open_of(to);
	assert_true(r->board->cells[0].load.tput_per_gpu == some_load(1.0, 4).tput_per_gpu);
	assert_string_equal(r->result_path[0], "");
	assert_non_null(strstr(r->note, "was replaced by another run's"));
	shelf_close(r);
}

static void requests_of_a_row(void **state)
{
	struct place *x = *state;
	struct ours o;
	struct err e = {0};
	struct shelf_request *rows;
	size_t n;
	ours_whole(x, &o, WALL, 1.0, true);
	write_text(o.d.path, "requests_conc4.jsonl",
	        "{\"i\":0,\"start\":0.0015,\"ttft\":0.25,\"e2el\":6.25,\"in\":1024,\"out\":1000,\"events\":1024,\"error\":null}\n"
	        "{\"i\":1,\"start\":0.002,\"ttft\":null,\"e2el\":null,\"in\":1024,\"out\":0,\"events\":0,\"error\":\"http\"}\n");
	struct shelf_run *r = open_of(o.d.path);
	assert_int_equal(shelf_requests(r, 0, &rows, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_true(rows[0].start_s == 0.0015 && rows[0].ttft_s == 0.25 && rows[0].e2el_s == 6.25);
	assert_int_equal(rows[0].tokens_out, 1000);
	assert_false(rows[0].failed);
	assert_true(rows[1].failed && isnan(rows[1].ttft_s) && isnan(rows[1].e2el_s));
	free(rows);
	assert_int_equal(shelf_requests(r, 1, &rows, &n, &e), 0); /* no file */
	assert_int_equal(n, 0);
	assert_null(rows);
	shelf_close(r);
	write_text(o.d.path, "requests_conc4.jsonl", "{\"i\":0,\"start\":0.0015,\"tt");
	r = open_of(o.d.path);
	assert_int_equal(shelf_requests(r, 0, &rows, &n, &e), ERR_PROTO); /* a part is not shown as the whole */
	assert_null(rows);
	shelf_close(r);
}

static void what_is_no_run(void **state)
{
	struct place *x = *state;
	struct shelf_run *r;
	struct err e = {0};
	char path[300];
	below(x, "nothing", path, sizeof path);
	assert_int_equal(shelf_open(&r, path, &e), ERR_USAGE);
	assert_null(r);
	assert_int_equal(shelf_open(&r, x->dir, &e), ERR_PROTO);
	write_text(x->dir, "package.json", "{\"name\": \"x\"}");
	below(x, "package.json", path, sizeof path);
	assert_int_equal(shelf_open(&r, path, &e), ERR_PROTO);
	assert_non_null(strstr(e.text, "benchmark_args"));
	below(x, "pipe.json", path, sizeof path);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(shelf_open(&r, path, &e), ERR_IO); /* and does not wait for a writer */
}

int main(void)
{
	setenv("TZ", "UTC", 1);
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        T(official_batch_row_by_row),
	        T(counts_that_rates_fix),
	        T(another_tracks_reference),
	        T(zeros_are_no_measurement),
	        T(ours_with_journal_and_files),
	        T(the_file_is_the_truth),
	        T(without_a_journal_the_files_are_left),
	        T(a_run_that_was_cut),
	        T(a_directory_of_runs_is_no_run),
	        T(single_runs_keep_their_results),
	        T(requests_of_a_row),
	        T(what_is_no_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
