/* A run that goes on: what run.json gives back is what was, and the journal decides which rows are run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../engine/event/journal.h"
#include "../../engine/run/resume.h"
#include "../../tui/cli_resume.h"
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct track track;
static char dir[256];
static struct settings was;
static struct plan plan;
static struct manifest got;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int begin(void **state)
{
	(void)state;
	text_set(dir, sizeof dir, "/tmp/benchtop-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void settings_make(void)
{
	memset(&was, 0, sizeof was);
	was.mode = MODE_SUBMIT;
	was.batch = true;
	was.n_pairs = 1;
	was.pairs[0][0] = was.pairs[0][1] = 1024;
	was.port = 8888;
	was.tp = 8;
	was.ratio = 1.0;
	was.num_warmups = -1;
	was.repeat = 1;
	was.acc_concurrency = 4;
	text_set(was.model, sizeof was.model, track.model);
	text_set(was.base_url, sizeof was.base_url, "http://127.0.0.1:8888");
	text_set(was.result_base_url, sizeof was.result_base_url, "http://0.0.0.0:8888");
	text_set(was.team, sizeof was.team, "Équipe \"R\"");
	text_set(was.results_dir, sizeof was.results_dir, dir);
}

static uint32_t seed;
static int draw(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)n);
}

static void draw_text(char *out, size_t cap, const char *begin_with)
{
	if (draw(2))
		snprintf(out, cap, "%s/%d \\ \"%d\" ü", begin_with, draw(1000), draw(1000));
}

static void settings_draw(void)
{
	settings_make();
	was.mode = (enum run_mode)draw(3);
	was.batch = draw(2);
	was.n_pairs = was.batch ? 1 + draw(track.n_pairs) : 1;
	for (int i = 0; i < was.n_pairs; i++) {
		was.pairs[i][0] = track.pairs[i].isl;
		was.pairs[i][1] = track.pairs[i].osl;
	}
	was.n_picks = was.batch ? draw(4) : 1;
	for (int i = 0; i < was.n_picks; i++)
		was.picks[i] = track.pairs[0].concs[i];
	was.repeat = 1 + draw(3);
	was.all_prompts = draw(2) ? 1 + draw(5000) : 0;
	was.num_prompts = draw(2) ? 1 + draw(5000) : 0;
	was.num_warmups = draw(5) - 1;
	was.env_conc = draw(2) ? 4 : 0;
	was.env_pair[0] = draw(2) ? 1024 : 0;
	was.env_pair[1] = draw(2) ? 1024 : 0;
	was.ratio = draw(2) ? 1.0 : 0.1 + draw(1000) / 1234.5;
	was.prompts = (enum prompts_mode)draw(2);
	was.prompts_given = draw(2);
	was.accuracy = (enum accuracy_mode)draw(3);
	was.wait_server_ms = draw(100000);
	was.stop_grace_ms = draw(100000);
	was.restart_server = draw(2);
	was.restart_shapes = draw(2);
	was.post_flagged = draw(2);
	was.post_later = draw(2);
	was.demo = draw(2);
	draw_text(was.tokenizer, sizeof was.tokenizer, "tok");
	draw_text(was.tokenizer_file, sizeof was.tokenizer_file, "/hub");
	draw_text(was.tokenizer_missing, sizeof was.tokenizer_missing, "none in");
	if (draw(2)) {
		memset(was.tokenizer_sha256, 'a', 64);
		was.tokenizer_vocab = 1 + draw(200000);
	}
	draw_text(was.corpus, sizeof was.corpus, "/corpus");
	draw_text(was.server_log, sizeof was.server_log, "/log");
	draw_text(was.server_script, sizeof was.server_script, "./launch");
	draw_text(was.result_filename, sizeof was.result_filename, "result");
	draw_text(was.command_line, sizeof was.command_line, "benchtop");
	for (was.n_more_logs = 0; was.n_more_logs < draw(SETTINGS_LOGS + 1); was.n_more_logs++)
		snprintf(was.more_logs[was.n_more_logs], sizeof was.more_logs[0], "/more/%d", was.n_more_logs);
	if (draw(2))
		text_set(was.leaderboard, sizeof was.leaderboard, "http://127.0.0.1:9");
	for (was.n_defaults = 0; was.n_defaults < draw(9); was.n_defaults++)
		snprintf(
		        was.defaults_taken[was.n_defaults], sizeof was.defaults_taken[0], "default %d", was.n_defaults);
}

/* The run directory of `was`, alive until rundir_close. */
static struct rundir run_make(void)
{
	struct rundir d = {.lock_fd = -1};
	struct err e = {0};
	static int64_t made; /* a second apart: each has a name of its own */
	int64_t now = clock_wall_ns() + made++ * CLOCK_NS_PER_S;
	if (plan_make(&plan, &was, &track, &e) < 0 || rundir_create(&d, &was, &plan, now, &e) < 0 ||
	        rundir_manifest(&d, &was, &track, &plan, NULL, now, &e) < 0)
		fail_msg("%s", e.text);
	return d;
}

static void settings_and_plan_come_back(void **state)
{
	(void)state;
	for (seed = 1; seed < 400; seed += 2) {
		struct err e = {0};
		uint32_t first = seed;
		settings_draw();
		struct rundir d = run_make();
		if (manifest_read(&got, d.path, &e) < 0)
			fail_msg("seed %u: %s", first, e.text);
		if (memcmp(&got.settings, &was, sizeof was) != 0) {
			size_t at = 0;
			while (((const char *)&got.settings)[at] == ((const char *)&was)[at])
				at++;
			fail_msg("seed %u: the settings differ at byte %zu", first, at);
		}
		assert_int_equal(got.plan.n_cells, plan.n_cells);
		assert_memory_equal(got.plan.cells, plan.cells, sizeof plan.cells);
		assert_string_equal(got.run, d.name);
		assert_string_equal(got.track, track.name);
		assert_string_equal(got.track_sha256, track.sha256);
		assert_string_equal(got.track_source, track.source);
		rundir_close(&d);
		seed = first;
	}
}

static void a_broken_manifest_is_refused(void **state)
{
	(void)state;
	static const char *const cuts[][2] = {{"\"settings\"", "\"sittings\""}, {"\"plan\"", "\"plans\""},
	        {"\"mode\": \"submit\"", "\"mode\": \"fly\""}, {"\"conc\": 4,", "\"conc\": 0,"},
	        {"\"num_prompts\": 200", "\"num_prompts\": 1e300"}, {"\"pairs\"", "\"pears\""},
	        {"\"ratio\": 1.0", "\"ratio\": -1"}, {"\"isl\": 1024", "\"isl\": 77"}, {"}", ""}};
	char path[600];
	struct err e = {0};
	struct buf b;
	settings_make();
	struct rundir d = run_make();
	assert_true(path_join(path, sizeof path, d.path, MANIFEST_NAME));
	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(path, &b, &e), 0);
	assert_int_equal(manifest_parse(&got, buf_text(&b), b.len, &e), 0);
	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		struct buf changed;
		const char *at = strstr(buf_text(&b), cuts[i][0]);
		if (!at)
			fail_msg("%s is not in the manifest", cuts[i][0]);
		buf_init(&changed, 1 << 20);
		buf_add(&changed, buf_text(&b), (size_t)(at - buf_text(&b)));
		buf_adds(&changed, cuts[i][1]);
		buf_adds(&changed, at + strlen(cuts[i][0]));
		e.text[0] = '\0';
		if (manifest_parse(&got, buf_text(&changed), changed.len, &e) != ERR_PROTO || !e.text[0])
			fail_msg("%s in place of %s is taken", cuts[i][1], cuts[i][0]);
		buf_free(&changed);
	}
	buf_free(&b);
	assert_int_equal(manifest_read(&got, "/nonexistent", &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "run.json"));
	rundir_close(&d);
}

/* ---- which rows ---- */

static struct journal_writer w;
static uint64_t seq;

static void put(struct event *ev)
{
	ev->seq = ++seq;
	assert_int_equal(journal_append(&w, ev), 0);
}

static void put_row(int i, enum cell_status status, bool result, enum post_state post)
{
	struct event ev;
	if (status == CELL_QUEUED)
		return;
	event_init(&ev, EV_cell_started);
	ev.u.cell_started.cell = i;
	put(&ev);
	event_init(&ev, EV_accuracy_measured);
	ev.u.accuracy_measured.cell = i;
	ev.u.accuracy_measured.bits_per_byte = 0.4;
	put(&ev);
	event_init(&ev, EV_gate_decided);
	ev.u.gate_decided.cell = i;
	ev.u.gate_decided.passed = true;
	put(&ev);
	if (result) {
		event_init(&ev, EV_load_measured);
		ev.u.load_measured.cell = i;
		put(&ev);
		event_init(&ev, EV_result_saved);
		ev.u.result_saved.cell = i;
		put(&ev);
	}
	if (post != POST_NONE) {
		event_init(&ev, EV_post_changed);
		ev.u.post_changed.cell = i;
		ev.u.post_changed.state = post;
		put(&ev);
	}
	if (status != CELL_RUNNING) {
		event_init(&ev, EV_cell_done);
		ev.u.cell_done.cell = i;
		ev.u.cell_done.status = status;
		put(&ev);
	}
}

/* A run of the five CONCs of a pair that ended, or was cut, with these rows. Returns its directory. */
static const char *run_with(const enum cell_status status[5], bool finished, enum post_state post)
{
	static char path[512];
	struct event ev;
	settings_make();
	struct rundir d = run_make();
	assert_int_equal(plan.n_cells, 5);
	text_set(path, sizeof path, d.path);
	assert_int_equal(journal_open(&w, path, NULL), 0);
	seq = 0;
	event_init(&ev, EV_run_started);
	text_set(ev.u.run_started.run_id, sizeof ev.u.run_started.run_id, d.name);
	text_set(ev.u.run_started.dir, sizeof ev.u.run_started.dir, d.path);
	text_set(ev.u.run_started.team, sizeof ev.u.run_started.team, "team");
	ev.u.run_started.mode = MODE_SUBMIT;
	put(&ev);
	for (int i = 0; i < 5; i++) {
		event_init(&ev, EV_cell_planned);
		struct ev_cell_planned *p = &ev.u.cell_planned;
		*p = (struct ev_cell_planned){.cell = i,
		        .isl = 1024,
		        .osl = 1024,
		        .conc = plan.cells[i].conc,
		        .repeat = 1,
		        .num_prompts = plan.cells[i].num_prompts,
		        .num_warmups = plan.cells[i].num_warmups};
		put(&ev);
	}
	for (int i = 0; i < 5; i++)
		put_row(i, status[i], status[i] == CELL_PASSED, status[i] == CELL_PASSED ? post : POST_NONE);
	if (finished) {
		event_init(&ev, EV_run_finished);
		put(&ev);
	}
	journal_close(&w);
	rundir_close(&d);
	return path;
}

static struct pipeline p;
static struct board board;
static struct err why;

static int reopen(const char *path, bool failed)
{
	memset(&p, 0, sizeof p);
	memset(&why, 0, sizeof why);
	board_init(&board);
	p.track = &track;
	p.board = &board;
	p.settings = was;
	text_set(p.settings.resume, sizeof p.settings.resume, path);
	p.settings.resume_failed = failed;
	return resume_open(&p, &why);
}

static void shut(void)
{
	if (p.have_dir)
		rundir_close(&p.dir);
	resume_close(&p);
}

static void runs_are(const char *want, const char *again)
{
	for (int i = 0; i < 5; i++) {
		assert_int_equal(resume_runs(&p, i), want[i] == 'x');
		assert_int_equal(resume_again(&p, i), again[i] == 'x');
	}
}

static void rows_without_a_result_are_run(void **state)
{
	(void)state;
	const char *path =
	        run_with((const enum cell_status[]){CELL_PASSED, CELL_FAILED, CELL_STOPPED, CELL_RUNNING, CELL_QUEUED},
	                false, POST_CONFIRMED);
	assert_int_equal(reopen(path, false), 0);
	runs_are("..xxx", "..x..");
	assert_int_equal(resume_confirmed(&p), 1);
	assert_memory_equal(&p.plan, &plan, sizeof plan);
	shut();
	assert_int_equal(reopen(path, true), 0);
	runs_are(".xxxx", ".xx..");
	struct board_cell *c = &board.cells[1];
	assert_int_equal(c->status, CELL_FAILED);
	shut();
	path = run_with(
	        (const enum cell_status[]){CELL_SKIPPED, CELL_GATE_FAILED, CELL_PASSED, CELL_PASSED, CELL_PASSED}, true,
	        POST_CONFIRMED);
	assert_int_equal(reopen(path, true), 0);
	runs_are("xx...", "xx...");
	assert_true(resume_measures(&p) && !resume_idle(&p));
	shut();
	assert_int_equal(reopen(path, false), 2); /* a skipped row is one that did not run */
	assert_true(resume_idle(&p) && !resume_measures(&p));
	assert_non_null(strstr(why.text, "nothing to do: 3 of 5 rows passed"));
	assert_non_null(strstr(why.text, "--failed"));
	shut();
}

static void nothing_to_do_has_the_runs_own_status(void **state)
{
	(void)state;
	static const struct {
		enum cell_status first;
		enum post_state post;
		int status;
	} cases[] = {{CELL_PASSED, POST_CONFIRMED, 0}, {CELL_GATE_FAILED, POST_CONFIRMED, 3},
	        {CELL_FAILED, POST_CONFIRMED, 2}, {CELL_PASSED, POST_UNKNOWN, 4}, {CELL_PASSED, POST_REFUSED, 4},
	        {CELL_PASSED, POST_SENT, 4}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *path = run_with(
		        (const enum cell_status[]){cases[i].first, CELL_PASSED, CELL_PASSED, CELL_PASSED, CELL_PASSED},
		        true, cases[i].post);
		assert_int_equal(reopen(path, false), cases[i].status);
		assert_true(resume_idle(&p));
		shut();
	}
	/* a post that never left is something to do, and so is a run that did not come to its end */
	static const enum cell_status all[] = {CELL_PASSED, CELL_PASSED, CELL_PASSED, CELL_PASSED, CELL_PASSED};
	assert_int_equal(reopen(run_with(all, true, POST_WAITING), false), 0);
	assert_false(resume_idle(&p) || resume_measures(&p));
	shut();
	assert_int_equal(reopen(run_with(all, false, POST_CONFIRMED), false), 0);
	assert_false(resume_idle(&p) || resume_measures(&p));
	shut();
}

static void what_must_be_as_it_was(void **state)
{
	(void)state;
	static const enum cell_status rows[] = {CELL_PASSED, CELL_RUNNING, CELL_QUEUED, CELL_QUEUED, CELL_QUEUED};
	const char *path = run_with(rows, false, POST_NONE);
	struct track other = track;
	char lock[600];
	int fd;
	memset(other.sha256, 'f', 64);
	reopen(path, false);
	shut();
	memset(&p, 0, sizeof p);
	p.track = &other;
	p.board = &board;
	p.settings = was;
	text_set(p.settings.resume, sizeof p.settings.resume, path);
	assert_int_equal(resume_open(&p, &why), 1);
	assert_non_null(strstr(why.text, "is not the one of before"));
	assert_false(p.have_dir);
	shut();
	/* held by another process: here by another descriptor */
	assert_true(path_join(lock, sizeof lock, path, "run.lock"));
	assert_int_equal(file_lock(lock, &fd, NULL), 0);
	assert_int_equal(reopen(path, false), 1);
	assert_non_null(strstr(why.text, "is alive"));
	shut();
	close(fd);
	/* the journal of another run */
	struct event ev;
	assert_int_equal(journal_open(&w, path, NULL), 0);
	event_init(&ev, EV_cell_planned);
	ev.u.cell_planned = (struct ev_cell_planned){.cell = 1, .isl = 1024, .osl = 1024, .conc = 99, .repeat = 1};
	put(&ev);
	journal_close(&w);
	assert_int_equal(reopen(path, false), 1);
	assert_non_null(strstr(why.text, "different rows"));
	shut();
}

/* ---- today's options ---- */

static void todays_options(void **state)
{
	(void)state;
	static struct options o;
	struct settings s, expect;
	settings_make();
	text_set(was.tokenizer, sizeof was.tokenizer, "/then/tokenizer.json");
	was.restart_server = true;
	was.wait_server_ms = 5000;
	was.n_defaults = 2;
	text_set(o.settings.model, sizeof o.settings.model, "of today");
	text_set(o.settings.team, sizeof o.settings.team, "of today");
	text_set(o.settings.base_url, sizeof o.settings.base_url, "http://127.0.0.1:1");
	text_set(o.settings.command_line, sizeof o.settings.command_line, "benchtop resume x");
	o.settings.num_prompts = 7;
	resume_settings(&o, &was, "results/batch_x", &s);
	expect = was;
	expect.n_defaults = 0;
	expect.restart_server = false;
	text_set(expect.results_dir, sizeof expect.results_dir, "results");
	assert_string_equal(s.results_dir, "results");
	assert_string_equal(s.resume, "results/batch_x");
	assert_string_equal(s.command_line, "benchtop resume x");
	text_set(expect.command_line, sizeof expect.command_line, s.command_line);
	text_set(expect.resume, sizeof expect.resume, s.resume);
	assert_string_equal(s.model, expect.model);
	assert_string_equal(s.team, expect.team);
	assert_string_equal(s.base_url, expect.base_url);
	assert_string_equal(s.tokenizer, expect.tokenizer);
	assert_int_equal(s.num_prompts, 0);
	assert_int_equal(s.wait_server_ms, 5000);
	assert_false(s.restart_server || s.resume_failed || s.n_defaults);
	o.url_given = o.failed = o.wait_given = o.restart_server = true;
	text_set(o.settings.tokenizer, sizeof o.settings.tokenizer, "/now/tokenizer.json");
	o.settings.post_flagged = true;
	resume_settings(&o, &was, "/batch_x", &s);
	assert_string_equal(s.results_dir, "/");
	assert_string_equal(s.base_url, "http://127.0.0.1:1");
	assert_string_equal(s.tokenizer, "/now/tokenizer.json");
	assert_true(s.restart_server && s.restart_shapes && s.resume_failed && s.post_flagged);
	assert_int_equal(s.wait_server_ms, 0);
	resume_settings(&o, &was, "batch_x", &s);
	assert_string_equal(s.results_dir, ".");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	struct err e = {0};
	const struct CMUnitTest tests[] = {
	        TEST(settings_and_plan_come_back),
	        TEST(a_broken_manifest_is_refused),
	        TEST(rows_without_a_result_are_run),
	        TEST(nothing_to_do_has_the_runs_own_status),
	        TEST(what_must_be_as_it_was),
	        TEST(todays_options),
	};
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	if (track_load(&track, NULL, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
