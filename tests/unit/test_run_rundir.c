/* The run directory: names, lock, manifest, rows, summary, and finding a run that is alive. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/run/rundir.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN "hf_neverwritten"

struct place {
	char dir[64]; /* a fresh directory */
	struct settings s;
	struct plan p;
	struct track t;
	struct board b;
	int64_t wall_ns; /* 2025-11-25 15:00:00 local */
};

static int set_up(void **state)
{
	struct place *x = calloc(1, sizeof *x);
	assert_non_null(x);
	text_set(x->dir, sizeof x->dir, "/tmp/test-rundir-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	struct tm tm = {.tm_year = 125, .tm_mon = 10, .tm_mday = 25, .tm_hour = 15, .tm_isdst = -1};
	x->wall_ns = (int64_t)mktime(&tm) * CLOCK_NS_PER_S;
	x->s = (struct settings){.mode = MODE_SUBMIT,
	        .batch = true,
	        .pairs = {{1024, 1024}},
	        .n_pairs = 1,
	        .model = "amd/model",
	        .port = 8888,
	        .tp = 8,
	        .ratio = 1.0,
	        .num_warmups = -1,
	        .base_url = "http://127.0.0.1:8888",
	        .result_base_url = "http://0.0.0.0:8888",
	        .result_filename = "result",
	        .repeat = 1};
	text_set(x->s.results_dir, sizeof x->s.results_dir, x->dir);
	const int concs[] = {4, 8, 16};
	for (int i = 0; i < 3; i++)
		x->p.cells[x->p.n_cells++] = (struct plan_cell){.isl = 1024,
		        .osl = 1024,
		        .conc = concs[i],
		        .repeat = 1,
		        .num_prompts = concs[i] * 50,
		        .rule_prompts = concs[i] * 50};
	text_set(x->t.name, sizeof x->t.name, "some-track");
	text_set(x->t.source, sizeof x->t.source, "built in");
	text_set(x->t.sha256, sizeof x->t.sha256, "abc");
	x->t.vocab_size = 128000;
	*state = x;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct place *x = *state;
	nftw(x->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(x);
	return 0;
}

static void create(struct place *x, struct rundir *d)
{
	struct err e = {0};
	if (rundir_create(d, &x->s, &x->p, x->wall_ns, &e) < 0)
		fail_msg("%s", e.text);
}

static void assert_in(const struct place *x, const char *path, const char *rest)
{
	char want[600];
	assert_true(path_join(want, sizeof want, x->dir, rest));
	assert_string_equal(path, want);
}

/* The caller frees the text. */
static char *slurp(const char *dir, const char *name)
{
	char path[700];
	struct err e = {0};
	struct buf b;
	assert_true(path_join(path, sizeof path, dir, name));
	buf_init(&b, 1 << 24);
	if (file_read(path, &b, &e) < 0)
		fail_msg("%s", e.text);
	return buf_take(&b, NULL);
}

/* ---- names and lock ---- */

static void batch_of_one_pair(void **state)
{
	struct place *x = *state;
	struct rundir d, again;
	char path[600];
	create(x, &d);
	assert_string_equal(d.name, "batch_isl1024_osl1024_20251125_150000");
	assert_in(x, d.path, "batch_isl1024_osl1024_20251125_150000");
	assert_string_equal(d.pair_path[0], d.path);
	assert_true(rundir_result_path(&d, &x->s, &x->p.cells[1], path, sizeof path));
	assert_in(x, path, "batch_isl1024_osl1024_20251125_150000/result_isl1024_osl1024_conc8.json");
	x->p.cells[1].repeat = 2;
	assert_true(rundir_result_path(&d, &x->s, &x->p.cells[1], path, sizeof path));
	assert_in(x, path, "batch_isl1024_osl1024_20251125_150000/result_isl1024_osl1024_conc8_run2.json");
	create(x, &again);
	assert_string_equal(again.name, "batch_isl1024_osl1024_20251125_150000_2");
	rundir_close(&again);
	rundir_close(&d);
}

static void sweep_holds_a_batch_of_each_pair(void **state)
{
	struct place *x = *state;
	struct rundir d;
	char path[600];
	x->s.n_pairs = 2;
	x->s.pairs[1][0] = 1024;
	x->s.pairs[1][1] = 8192;
	x->p.cells[2] = (struct plan_cell){.isl = 1024, .osl = 8192, .conc = 64, .repeat = 1, .pair = 1};
	create(x, &d);
	assert_string_equal(d.name, "sweep_20251125_150000");
	assert_in(x, d.pair_path[1], "sweep_20251125_150000/batch_isl1024_osl8192_20251125_150000");
	assert_true(rundir_result_path(&d, &x->s, &x->p.cells[2], path, sizeof path));
	assert_in(x, path,
	        "sweep_20251125_150000/batch_isl1024_osl8192_20251125_150000/result_isl1024_osl8192_conc64.json");
	assert_true(file_exists(d.pair_path[0]));
	rundir_close(&d);
}

static void single_run_puts_the_result_beside(void **state)
{
	struct place *x = *state;
	struct rundir d;
	char path[600];
	x->s.batch = false;
	x->s.env_conc = 4;
	text_set(x->s.result_filename, sizeof x->s.result_filename, "test_150000");
	create(x, &d);
	assert_string_equal(d.name, "single_isl1024_osl1024_conc4_20251125_150000");
	assert_true(rundir_result_path(&d, &x->s, &x->p.cells[0], path, sizeof path));
	assert_in(x, path, "test_150000.json");
	x->p.cells[0].repeat = 3;
	assert_true(rundir_result_path(&d, &x->s, &x->p.cells[0], path, sizeof path));
	assert_in(x, path, "test_150000_run3.json");
	/* RESULT_FILENAME is the environment's CONC's only */
	assert_true(rundir_result_path(&d, &x->s, &x->p.cells[1], path, sizeof path));
	assert_in(x, path, "single_isl1024_osl1024_conc4_20251125_150000/result_isl1024_osl1024_conc8.json");
	assert_false(rundir_result_path(&d, &x->s, &x->p.cells[0], path, 20));
	rundir_close(&d);
}

static void missing_results_directory_is_made(void **state)
{
	struct place *x = *state;
	struct rundir d;
	path_join(x->s.results_dir, sizeof x->s.results_dir, x->dir, "a/b");
	create(x, &d);
	assert_true(file_exists(d.path));
	rundir_close(&d);
}

static void failed_creation_leaves_nothing(void **state)
{
	struct place *x = *state;
	struct rundir d;
	struct err e = {0};
	char file[100];
	assert_true(path_join(file, sizeof file, x->dir, "file"));
	assert_int_equal(file_write_atomic(file, "", 0, &e), 0);
	text_set(x->s.results_dir, sizeof x->s.results_dir, file);
	assert_true(rundir_create(&d, &x->s, &x->p, x->wall_ns, &e) < 0);
	assert_true(e.text[0]);
	assert_int_equal(d.lock_fd, -1);
	/* a path that only the run's own name makes too long */
	int n = snprintf(x->s.results_dir, sizeof x->s.results_dir, "%s/", x->dir);
	for (; n < 490; n++)
		x->s.results_dir[n] = n % 50 ? 'a' : '/';
	x->s.results_dir[n] = '\0';
	assert_true(rundir_create(&d, &x->s, &x->p, x->wall_ns, &e) < 0);
	assert_non_null(strstr(e.text, "too long"));
}

static void lock_is_held_until_closed(void **state)
{
	struct place *x = *state;
	struct rundir d;
	char lock[600], found[600];
	long pid = 0;
	assert_false(rundir_find_alive(x->dir, found, sizeof found, &pid));
	create(x, &d);
	assert_true(path_join(lock, sizeof lock, d.path, "run.lock"));
	assert_true(file_lock_held(lock, &pid));
	assert_int_equal(pid, getpid());
	pid = 0;
	assert_true(rundir_find_alive(x->dir, found, sizeof found, &pid));
	assert_string_equal(found, d.path);
	assert_int_equal(pid, getpid());
	rundir_close(&d);
	rundir_close(&d); /* harmless */
	assert_false(file_lock_held(lock, NULL));
	assert_false(rundir_find_alive(x->dir, found, sizeof found, NULL));
}

static void newest_living_run_is_found(void **state)
{
	struct place *x = *state;
	struct rundir old, new, dead;
	char found[600], name[700];
	create(x, &old);
	x->wall_ns += 3600 * CLOCK_NS_PER_S;
	create(x, &new);
	x->wall_ns += 3600 * CLOCK_NS_PER_S;
	create(x, &dead);
	rundir_close(&dead);
	assert_true(path_join(name, sizeof name, x->dir, "batch_without_lock"));
	assert_int_equal(mkdir(name, 0755), 0);
	/* a directory of someone else is not looked at */
	assert_true(path_join(name, sizeof name, x->dir, "other_20991231_235959"));
	assert_int_equal(mkdir(name, 0755), 0);
	assert_true(path_join(name, sizeof name, name, "run.lock"));
	int fd;
	assert_int_equal(file_lock(name, &fd, NULL), 0);
	assert_true(rundir_find_alive(x->dir, found, sizeof found, NULL));
	assert_string_equal(found, new.path);
	rundir_close(&new);
	assert_true(rundir_find_alive(x->dir, found, sizeof found, NULL));
	assert_string_equal(found, old.path);
	rundir_close(&old);
	assert_false(rundir_find_alive(x->dir, found, sizeof found, NULL));
	assert_false(rundir_find_alive("/nonexistent", found, sizeof found, NULL));
	close(fd);
}

/* ---- manifest ---- */

static cJSON *manifest(struct place *x, const struct ev_server_seen *server)
{
	struct rundir d;
	struct err e = {0};
	cJSON *json;
	create(x, &d);
	if (rundir_manifest(&d, &x->s, &x->t, &x->p, server, x->wall_ns, &e) < 0)
		fail_msg("%s", e.text);
	char *text = slurp(d.path, "run.json");
	assert_null(strstr(text, TOKEN));
	if (json_parse(text, strlen(text), 16, &json, &e) < 0)
		fail_msg("%s", e.text);
	free(text);
	rundir_close(&d);
	return json;
}

static void manifest_tells_what_ran(void **state)
{
	struct place *x = *state;
	struct event ev;
	event_init(&ev, EV_server_seen);
	ev.u.server_seen.phase = SERVER_READY;
	ev.u.server_seen.tp = 8;
	ev.u.server_seen.radix_off = 1;
	text_set(ev.u.server_seen.version, sizeof ev.u.server_seen.version, "0.5.5");
	text_set(x->s.command_line, sizeof x->s.command_line,
	        "benchtop submit \"a team\" --leaderboard https://me:" TOKEN "@board.example/x");
	text_set(x->s.leaderboard, sizeof x->s.leaderboard, "https://me:" TOKEN "@board.example/x");
	x->p.cells[0].have_ref = true;
	x->p.cells[0].ref.tput = 131.424;
	cJSON *json = manifest(x, &ev.u.server_seen);
	const cJSON *settings = json_get(json, "settings"), *server = json_get(json, "server");
	const cJSON *plan = json_get(json, "plan"), *client = json_get(json, "client");
	const cJSON *prompts = json_get(json, "prompts");
	assert_int_equal(json_get_i64(json, "format", 0), 1);
	assert_memory_equal(json_get_str(json, "started", ""), "2025-11-25T15:00:00", 19);
	assert_string_equal(json_get_str(json, "mode", ""), "submit");
	assert_string_equal(json_get_str(json, "command_line", ""),
	        "benchtop submit \"a team\" --leaderboard https://***@board.example/x");
	assert_string_equal(json_get_str(settings, "leaderboard", ""), "https://***@board.example/x");
	assert_string_equal(json_get_str(json_get(json, "track"), "sha256", ""), "abc");
	assert_string_equal(json_get_str(settings, "base_url", ""), "http://127.0.0.1:8888");
	assert_true(cJSON_IsNull(json_get(settings, "num_prompts")));
	assert_true(cJSON_IsNull(json_get(settings, "num_warmups")));
	assert_int_equal(json_get_i64(client, "pid", 0), getpid());
	assert_true(json_get_str(client, "libcurl", "")[0]);
	assert_string_equal(json_get_str(prompts, "mode", ""), "ids");
	assert_int_equal(json_get_i64(prompts, "vocab", 0), 128000);
	assert_string_equal(json_get_str(server, "version", ""), "0.5.5");
	assert_true(json_get_bool(server, "radix_off", false));
	assert_true(cJSON_IsNull(json_get(server, "prefill")));
	assert_true(cJSON_IsNull(json_get(server, "uptime_s")));
	assert_int_equal(cJSON_GetArraySize(plan), 3);
	assert_int_equal(json_get_i64(cJSON_GetArrayItem(plan, 2), "num_prompts", 0), 800);
	assert_true(json_get_f64(cJSON_GetArrayItem(plan, 0), "ref_tput", 0) == 131.424);
	assert_true(cJSON_IsNull(json_get(cJSON_GetArrayItem(plan, 1), "ref_tput")));
	cJSON_Delete(json);
}

static void manifest_without_a_server(void **state)
{
	cJSON *json = manifest(*state, NULL);
	assert_true(cJSON_IsNull(json_get(json, "server")));
	cJSON_Delete(json);
}

/* ---- rows ---- */

static void requests_one_a_line(void **state)
{
	struct place *x = *state;
	struct rundir d;
	struct err e = {0};
	create(x, &d);
	const struct load_row rows[] = {
	        {.started = true,
	                .start_ns = 1500000,
	                .ttft_ns = 250000000,
	                .e2el_ns = 6250000000,
	                .tokens_in = 1024,
	                .tokens_out = 1024,
	                .events = 1024},
	        {.started = true,
	                .start_ns = 2000000,
	                .ttft_ns = -1,
	                .e2el_ns = -1,
	                .tokens_in = 1024,
	                .error = COMPLETION_HTTP},
	        {.tokens_in = 1024, .ttft_ns = -1, .e2el_ns = -1},
	};
	if (rundir_requests(&d, &x->p.cells[0], rows, 3, &e) < 0)
		fail_msg("%s", e.text);
	char *text = slurp(d.path, "requests_conc4.jsonl");
	char want[600];
	snprintf(want, sizeof want,
	        "{\"i\":0,\"start\":0.0015,\"ttft\":0.25,\"e2el\":6.25,\"in\":1024,\"out\":1024,\"events\":1024,"
	        "\"error\":null}\n"
	        "{\"i\":1,\"start\":0.002,\"ttft\":null,\"e2el\":null,\"in\":1024,\"out\":0,\"events\":0,"
	        "\"error\":\"%s\"}\n"
	        "{\"i\":2,\"start\":null,\"ttft\":null,\"e2el\":null,\"in\":1024,\"out\":0,\"events\":0,"
	        "\"error\":\"not started\"}\n",
	        completion_error_word(COMPLETION_HTTP));
	assert_string_equal(text, want);
	free(text);
	x->p.cells[0].repeat = 2;
	assert_int_equal(rundir_requests(&d, &x->p.cells[0], rows, 0, &e), 0);
	text = slurp(d.path, "requests_conc4_run2.jsonl");
	assert_null(text);
	rundir_close(&d);
}

/* ---- summary ---- */

static void plan_board(struct place *x, int n, const int (*pairs)[2], const int *concs)
{
	board_init(&x->b);
	x->b.n_cells = n;
	for (int i = 0; i < n; i++) {
		struct board_cell *c = &x->b.cells[i];
		c->planned = true;
		c->plan.isl = pairs[i][0];
		c->plan.osl = pairs[i][1];
		c->plan.conc = concs[i];
		c->plan.repeat = 1;
	}
}

static void end_cell(struct place *x, int i, enum cell_status status, double seconds)
{
	x->b.cells[i].status = status;
	x->b.cells[i].done.status = status;
	x->b.cells[i].done.duration_s = seconds;
}

static char *summary(struct place *x, struct rundir *d, int pair)
{
	struct err e = {0};
	if (rundir_summary(d, &x->s, pair, &x->b, x->wall_ns, &e) < 0)
		fail_msg("%s", e.text);
	return slurp(d->pair_path[pair], "summary.txt");
}

#define RULE "============================================\n"
#define HEAD                                                                                                           \
	"Multi-Concurrency Test Summary\nISL: 1024, OSL: 1024\nMode: submit\nTime: Tue Nov 25 15:00:00 2025\n" RULE "\n"

static void summary_of_a_finished_pair(void **state)
{
	struct place *x = *state;
	struct rundir d;
	create(x, &d);
	plan_board(x, 4, (const int[][2]){{1024, 1024}, {1024, 1024}, {1024, 1024}, {1024, 8192}},
	        (const int[]){4, 8, 16, 4});
	end_cell(x, 0, CELL_PASSED, 180.9);
	end_cell(x, 1, CELL_GATE_FAILED, 12.2);
	end_cell(x, 2, CELL_FAILED, NAN);
	x->b.cells[2].plan.repeat = 2;
	char *text = summary(x, &d, 0);
	assert_string_equal(text,
	        HEAD "✓ CONC=4: PASSED (180s)\n✗ CONC=8: FAILED (12s)\n✗ CONC=16 (run 2): FAILED (0s)\n\n" RULE
	             "Multi-Concurrency Test Complete!\n" RULE "Total tests: 3\nPassed: 1\nFailed: 2\n\n"
	             "Results saved in: batch_isl1024_osl1024_20251125_150000/\n" RULE);
	free(text);
	rundir_close(&d);
}

static void summary_does_not_call_a_half_complete(void **state)
{
	struct place *x = *state;
	struct rundir d;
	struct err e = {0};
	create(x, &d);
	plan_board(x, 3, (const int[][2]){{1024, 1024}, {1024, 1024}, {1024, 1024}}, (const int[]){4, 8, 16});
	end_cell(x, 0, CELL_PASSED, 180);
	x->b.cells[1].status = CELL_RUNNING;
	char *text = summary(x, &d, 0);
	assert_non_null(strstr(text, HEAD "✓ CONC=4: PASSED (180s)\n\n" RULE));
	assert_non_null(strstr(text, "Multi-Concurrency Test In Progress: 1 of 3 done\n"));
	assert_non_null(strstr(text, "Total tests: 1\nPassed: 1\nFailed: 0\n"));
	free(text);
	end_cell(x, 1, CELL_STOPPED, 20);
	end_cell(x, 2, CELL_SKIPPED, 0);
	text = summary(x, &d, 0);
	assert_non_null(strstr(text, "Multi-Concurrency Test Stopped: 1 of 3 done\n"));
	assert_null(strstr(text, "CONC=8"));
	free(text);
	assert_true(rundir_summary(&d, &x->s, 1, &x->b, x->wall_ns, &e) < 0);
	rundir_close(&d);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(batch_of_one_pair),
	        TEST(sweep_holds_a_batch_of_each_pair),
	        TEST(single_run_puts_the_result_beside),
	        TEST(missing_results_directory_is_made),
	        TEST(failed_creation_leaves_nothing),
	        TEST(lock_is_held_until_closed),
	        TEST(newest_living_run_is_found),
	        TEST(manifest_tells_what_ran),
	        TEST(manifest_without_a_server),
	        TEST(requests_one_a_line),
	        TEST(summary_of_a_finished_pair),
	        TEST(summary_does_not_call_a_half_complete),
	};
	return cmocka_run_group_tests_name("run_rundir", tests, NULL, NULL);
}
