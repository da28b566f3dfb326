/* What keys do on screens 3 and 4, with runs on disk and the thread that reads them: list, page, reference, comparison,
 * curve, and the way back. Nothing is drawn here. */
#include "test_ui_stage.h"

#include "../../engine/base/file.h"
#include "../../engine/event/journal.h"
#include "../../tui/cli_shot.h"
#include "../../tui/draw/picture.h"
#include "../../tui/results_fill.h"
#include <ftw.h>
#include <poll.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define WALL   (INT64_C(1763992800) * SECOND) /* 2025-11-24 14:00:00 UTC */
#define OLD    "batch_isl1024_osl1024_20251124_140000"
#define NEW    "batch_isl1024_osl1024_20251125_150000"
#define LONG   "batch_isl8192_osl1024_20251123_090000"
#define BROKEN "batch_isl1024_osl1024_20251122_100000"

static char base[64];
static uint64_t seq;
static int64_t now;
static struct buf journal;

static struct event event_of(enum event_kind kind)
{
	struct event ev;
	event_init(&ev, kind);
	now += SECOND;
	ev.seq = ++seq;
	ev.wall_ns = now;
	ev.mono_ns = now - WALL + 100000 * SECOND;
	return ev;
}

static void put(const struct event *ev)
{
	assert_int_equal(event_encode(ev, &journal), 0);
}

static void put_row(int cell, int isl, int conc, double tput)
{
	struct event ev = event_of(EV_cell_planned);
	ev.u.cell_planned.cell = cell;
	ev.u.cell_planned.isl = isl;
	ev.u.cell_planned.osl = 1024;
	ev.u.cell_planned.conc = conc;
	ev.u.cell_planned.repeat = 1;
	ev.u.cell_planned.num_prompts = ev.u.cell_planned.rule_prompts = conc * 50;
	put(&ev);
	ev = event_of(EV_cell_started);
	ev.u.cell_started.cell = cell;
	put(&ev);
	ev = event_of(EV_load_measured);
	ev.u.load_measured.cell = cell;
	ev.u.load_measured.completed = conc * 50;
	ev.u.load_measured.tput_per_gpu = tput;
	ev.u.load_measured.e2el_median = 6610;
	ev.u.load_measured.interactivity = 159.1;
	put(&ev);
	ev = event_of(EV_cell_done);
	ev.u.cell_done.cell = cell;
	ev.u.cell_done.status = CELL_PASSED;
	ev.u.cell_done.duration_s = 331;
	put(&ev);
}

static void write_file(const char *dir, const char *name, const void *data, size_t len)
{
	char path[700], file[800];
	struct err e = {0};
	assert_true(path_join(path, sizeof path, base, dir));
	assert_int_equal(file_mkdirs(path, NULL), 0);
	assert_true(path_join(file, sizeof file, path, name));
	if (file_write_atomic(file, data, len, &e) != 0)
		fail_msg("%s", e.text);
}

/* A finished run of two rows; both_pairs: one of each of two pairs. */
static void make_run(const char *name, int64_t wall_s, int isl, bool both_pairs, double tput)
{
	buf_clear(&journal);
	seq = 0;
	now = wall_s * SECOND;
	struct event ev = event_of(EV_run_started);
	struct ev_run_started *r = &ev.u.run_started;
	text_set(r->run_id, sizeof r->run_id, name);
	text_set(r->track, sizeof r->track, track.name);
	text_set(r->model, sizeof r->model, track.model);
	text_set(r->team, sizeof r->team, isl == 1024 ? "reds" : "blues");
	snprintf(r->dir, sizeof r->dir, "%s/%s", base, name);
	r->mode = MODE_PERF;
	r->cells = 2;
	put(&ev);
	put_row(0, isl, 4, tput);
	put_row(1, both_pairs ? 1024 : isl, 8, tput * 1.5);
	ev = event_of(EV_run_finished);
	ev.u.run_finished.passed = 2;
	put(&ev);
	write_file(name, JOURNAL_NAME, buf_text(&journal), journal.len);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup_runs(void **state)
{
	setup(state);
	buf_init(&journal, 1 << 20);
	snprintf(base, sizeof base, "/tmp/benchtop-ui-results.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	text_set(ui.view.settings.results_dir, sizeof ui.view.settings.results_dir, base);
	ui.canvas.cols = 80;
	make_run(OLD, 1763992800, 1024, false, 150);
	make_run(NEW, 1764082800, 1024, false, 180);
	make_run(LONG, 1763888400, 8192, true, 90);
	write_file(BROKEN, "run.json", "{ broken", 8);
	return 0;
}

static int teardown_runs(void **state)
{
	(void)state;
	ui_results_close(&ui);
	buf_free(&journal);
	return nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Answers are taken as the loop takes them, until it holds. */
#define UNTIL(condition)                                                                                               \
	do {                                                                                                           \
		for (int tries_ = 0; tries_ < 200 && !(condition); tries_++) {                                         \
			struct pollfd p_ = {.fd = ui_results_fd(&ui), .events = POLLIN};                               \
			poll(&p_, 1, 100);                                                                             \
			ui_results_take(&ui);                                                                          \
		}                                                                                                      \
		if (!(condition))                                                                                      \
			fail_msg("never came: %s (%s)", #condition, ui.view.message);                                  \
	} while (0)

#define RES (&ui.view.results)

static void open_list(void)
{
	press("3");
	assert_int_equal(ui.view.screen, SCREEN_RESULTS);
	UNTIL(RES->shelf && !RES->scanning);
}

static void focus_on(const char *name)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", base, name);
	int at = results_find(RES->shelf, path);
	assert_true(at >= 0);
	press("Home");
	for (int i = 0; i < at; i++)
		press("Down");
	assert_int_equal(RES->focus, at);
}

static void pin(const char *name)
{
	focus_on(name);
	press("v");
	UNTIL(RES->ref.have && says("reference: "));
}

static bool pin_file(char *line, size_t cap)
{
	char path[200];
	struct buf b;
	snprintf(path, sizeof path, "%s/.benchtop/reference", base);
	if (!file_exists(path))
		return false;
	buf_init(&b, 4096);
	assert_int_equal(file_read(path, &b, NULL), 0);
	snprintf(line, cap, "%s", buf_text(&b));
	buf_free(&b);
	return true;
}

/* ---- the list and the page ---- */

static void test_results_list_and_page(void **state)
{
	(void)state;
	open_list();
	assert_int_equal(RES->shelf->n, 4);
	assert_string_equal(path_base(RES->shelf->entries[0].path), NEW); /* newest first */
	press("Up");
	assert_int_equal(RES->focus, 0);
	for (int i = 0; i < 9; i++)
		press("Down");
	assert_int_equal(RES->focus, 3);
	press("Home");
	press("End");
	assert_int_equal(RES->focus, 3);
	focus_on(BROKEN);
	press("Enter");
	assert_true(says("cannot be read"));
	focus_on(OLD);
	press("Enter");
	UNTIL(RES->page == RESULTS_RUN);
	assert_string_equal(RES->run->name, OLD);
	assert_ptr_equal(RES->track, &track);
	/* q: one step, then out. */
	assert_int_equal(press("q"), REACT_DRAW);
	assert_int_equal(RES->page, RESULTS_LIST);
	assert_string_equal(path_base(RES->shelf->entries[RES->focus].path), OLD);
	assert_int_equal(press("q"), REACT_LEAVE);
	press("Enter");
	UNTIL(RES->page == RESULTS_RUN);
	press("Left");
	assert_int_equal(RES->page, RESULTS_LIST);
	press("1");
	assert_int_equal(ui.view.screen, SCREEN_DASHBOARD);
}

static void test_results_pairs_of_a_run(void **state)
{
	(void)state;
	open_list();
	focus_on(LONG);
	press("Enter");
	UNTIL(RES->page == RESULTS_RUN);
	assert_int_equal(RES->pair, 1); /* the dashboard is on 1024/1024 */
	press("p");
	assert_int_equal(RES->pair, 0);
	press("g"); /* the pair that is looked at, too */
	UNTIL(ui.view.screen == SCREEN_CURVE);
	assert_int_equal(RES->curve->isl, 8192);
	press("p");
	assert_int_equal(RES->curve->isl, 1024);
	press("q");
	assert_int_equal(ui.view.screen, SCREEN_RESULTS);
	assert_int_equal(RES->page, RESULTS_RUN);
}

static void test_results_filter(void **state)
{
	(void)state;
	open_list();
	focus_on(LONG);
	press("/");
	assert_int_equal(ui.view.modal, MODAL_EDIT);
	type("BLUES");
	press("Enter");
	assert_int_equal(ui.view.modal, MODAL_NONE);
	assert_int_equal(RES->shelf->n, 1);
	assert_int_equal(RES->focus, 0);
	assert_string_equal(path_base(RES->shelf->entries[0].path), LONG);
	/* It outlives another look at the directory. */
	RES->scanning = false;
	press("3");
	UNTIL(!RES->scanning);
	assert_int_equal(RES->shelf->n, 1);
	press("/");
	press("Ctrl-U");
	type("8192/1024");
	press("Enter");
	assert_int_equal(RES->shelf->n, 1);
	press("/");
	press("Ctrl-U");
	press("Enter");
	assert_int_equal(RES->shelf->n, 4);
	assert_string_equal(path_base(RES->shelf->entries[RES->focus].path), LONG);
}

static void test_results_new_run_keeps_the_focus(void **state)
{
	(void)state;
	struct event ev;
	open_list();
	focus_on(OLD);
	make_run("batch_isl1024_osl1024_20251126_150000", 1764169200, 1024, false, 181);
	event_init(&ev, EV_run_finished);
	ui_results_event(&ui, &ev);
	UNTIL(RES->shelf->n == 5);
	assert_string_equal(path_base(RES->shelf->entries[RES->focus].path), OLD);
}

/* ---- the reference ---- */

static void test_results_reference_is_kept(void **state)
{
	(void)state;
	char line[200];
	open_list();
	pin(OLD);
	assert_true(pin_file(line, sizeof line));
	assert_string_equal(line, OLD "\n");
	assert_int_equal(RES->ref.n, 2);
	/* The next benchtop has it, before any screen of results is opened. */
	ui_results_close(&ui);
	assert_false(RES->ref.have);
	ui.view.screen = SCREEN_DASHBOARD;
	ui_results_start(&ui);
	UNTIL(RES->ref.have);
	assert_true(RES->ref.row[0].tput > 149 && RES->ref.row[0].tput < 151);
	open_list();
	focus_on(OLD);
	press("v"); /* again: none */
	assert_false(RES->ref.have);
	assert_true(says("no run is the reference"));
	assert_false(pin_file(line, sizeof line));
}

static void test_results_reference_that_is_gone(void **state)
{
	(void)state;
	char line[200], from[200], to[200];
	open_list();
	pin(OLD);
	ui_results_close(&ui);
	snprintf(from, sizeof from, "%s/" OLD, base);
	snprintf(to, sizeof to, "%s/elsewhere", base);
	assert_int_equal(rename(from, to), 0);
	ui_results_start(&ui);
	assert_true(says(OLD " is not there any more"));
	assert_false(pin_file(line, sizeof line));
	assert_int_equal(ui_results_fd(&ui), -1); /* nothing to read, no thread */
}

static void test_results_reference_file_is_data(void **state)
{
	(void)state;
	static const char *const bad[] = {"\x1b[2J\n", "\n", "", "../../etc/nothing-here\n"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char line[200];
		write_file(".benchtop", "reference", bad[i], strlen(bad[i]));
		ui_results_start(&ui);
		assert_true(says("is not there any more"));
		assert_null(strchr(ui.view.message, '\x1b'));
		assert_false(pin_file(line, sizeof line));
	}
	/* A pipe of that name is not waited for. */
	char path[200], line[200];
	snprintf(path, sizeof path, "%s/.benchtop/reference", base);
	assert_int_equal(mkfifo(path, 0600), 0);
	ui_results_start(&ui);
	assert_false(RES->ref.have);
	/* nor does it stay in the way */
	open_list();
	pin(OLD);
	assert_true(pin_file(line, sizeof line));
	assert_string_equal(line, OLD "\n");
}

/* v and 4 on the dashboard wait for the list; on the screens of results they would mean another run. */
static void test_results_wish_ends_with_the_dashboard(void **state)
{
	(void)state;
	char line[200];
	press("v");
	open_list();
	assert_false(says("reading the runs")); /* the focused one is not being pinned */
	press("Down");
	press("v");
	UNTIL(RES->ref.have && says("reference: "));
	assert_true(pin_file(line, sizeof line));
	assert_string_equal(line, OLD "\n");
}

/* A run that somebody measures is no reference, wherever it is looked at. */
static void test_results_a_run_in_progress_is_not_pinned(void **state)
{
	(void)state;
	char line[200], path[200];
	struct err e = {0};
	int fd;
	snprintf(path, sizeof path, "%s/" OLD "/run.lock", base);
	assert_int_equal(file_lock(path, &fd, &e), 0);
	open_list();
	focus_on(OLD);
	press("v");
	assert_true(says("still in progress"));
	press("Enter");
	UNTIL(RES->page == RESULTS_RUN);
	press("v");
	assert_true(says("still in progress"));
	assert_false(pin_file(line, sizeof line));
	close(fd);
}

static void test_results_reference_from_the_dashboard(void **state)
{
	(void)state;
	char line[200];
	/* Nothing ran here: the newest run of the pair. */
	press("v");
	UNTIL(RES->ref.have && says("reference: "));
	assert_true(pin_file(line, sizeof line));
	assert_string_equal(line, NEW "\n");
	press("v");
	assert_false(RES->ref.have);
	/* A run of this benchtop that is over. */
	char dir[200];
	snprintf(dir, sizeof dir, "%s/" OLD, base);
	assert_int_equal(board_replay(&board, dir, NULL), 0);
	press("v");
	UNTIL(RES->ref.have && says("reference: "));
	assert_true(pin_file(line, sizeof line));
	assert_string_equal(line, OLD "\n");
	press("v");
	/* A pair that nobody measured. */
	for (int i = 0; i < track.n_pairs; i++)
		if (track.pairs[i].isl == 1024 && track.pairs[i].osl == 8192)
			ui.view.pair = i;
	press("v");
	assert_true(says("nothing to pin"));
}

/* ---- comparison ---- */

static void test_results_compare(void **state)
{
	(void)state;
	open_list();
	focus_on(NEW);
	press("c");
	assert_true(says("v pins a run"));
	pin(OLD);
	press("c");
	assert_true(says("the reference itself"));
	focus_on(NEW);
	press("c");
	UNTIL(RES->page == RESULTS_COMPARE);
	assert_non_null(RES->compare);
	assert_true(RES->compare->n_lines > 0);
	assert_int_equal(RES->side_a->n_runs, 1);
	press("q");
	assert_int_equal(RES->page, RESULTS_LIST);
	/* From the page it goes back to the page. */
	press("Enter");
	UNTIL(RES->page == RESULTS_RUN);
	press("c");
	UNTIL(RES->page == RESULTS_COMPARE);
	press("Backspace");
	assert_int_equal(RES->page, RESULTS_RUN);
	press("Backspace");
	assert_int_equal(RES->page, RESULTS_LIST);
}

/* ---- the curve ---- */

static void test_results_curve(void **state)
{
	(void)state;
	press("4"); /* nothing ran: the newest run of the pair */
	UNTIL(ui.view.screen == SCREEN_CURVE);
	assert_string_equal(RES->run->name, NEW);
	assert_int_equal(RES->curve->isl, 1024);
	assert_int_equal(RES->curve->n, 2);
	press("q");
	assert_int_equal(ui.view.screen, SCREEN_DASHBOARD);
	open_list();
	pin(OLD);
	focus_on(NEW);
	press("g");
	UNTIL(ui.view.screen == SCREEN_CURVE);
	assert_int_equal(RES->curve->n, 3); /* the reference's, ours, the pinned run's */
	press("v");                         /* the run of the curve */
	UNTIL(says("reference: "));
	assert_string_equal(path_base(RES->ref.path), NEW);
	assert_int_equal(RES->curve->n, 2);
	press("q");
	assert_int_equal(ui.view.screen, SCREEN_RESULTS);
}

static void test_results_curve_of_the_run_in_progress(void **state)
{
	(void)state;
	char dir[200];
	open_list();
	pin(NEW);
	press("1");
	snprintf(dir, sizeof dir, "%s/" OLD, base);
	assert_int_equal(board_replay(&board, dir, NULL), 0);
	press("4");
	assert_int_equal(ui.view.screen, SCREEN_CURVE); /* at once */
	UNTIL(RES->curve->n == 3);
	int before = curve_ours(RES->curve)->n;
	/* Another row passes while one looks. */
	struct event ev;
	board.finished = false;
	ev = event_of(EV_cell_planned);
	ev.seq = 0;
	ev.u.cell_planned.cell = 2;
	ev.u.cell_planned.isl = ev.u.cell_planned.osl = 1024;
	ev.u.cell_planned.conc = 16;
	ev.u.cell_planned.repeat = 1;
	board_apply(&board, &ev);
	board.cells[2].have_load = true;
	board.cells[2].load.tput_per_gpu = 300;
	board.cells[2].load.e2el_median = 8000;
	board.cells[2].load.interactivity = 120;
	ev = event_of(EV_cell_done);
	ev.seq = 0;
	ev.u.cell_done.cell = 2;
	ev.u.cell_done.status = CELL_PASSED;
	board_apply(&board, &ev);
	ui_results_event(&ui, &ev);
	assert_int_equal(curve_ours(RES->curve)->n, before + 1);
	press("v"); /* no reference yet */
	assert_true(says("still in progress"));
	press("q");
	assert_int_equal(ui.view.screen, SCREEN_DASHBOARD);
}

/* ---- what is not there, leaving in the middle ---- */

static void test_results_of_nothing(void **state)
{
	(void)state;
	text_set(ui.view.settings.results_dir, sizeof ui.view.settings.results_dir, "/nonexistent/results");
	press("4");
	UNTIL(ui.results && !RES->scanning);
	assert_int_equal(ui.view.screen, SCREEN_DASHBOARD);
	press("3");
	UNTIL(!RES->scanning);
	assert_true(RES->error[0] != '\0' || (RES->shelf && RES->shelf->n == 0));
	static const char *const keys[] = {"Enter", "c", "g", "v", "p", "Down", "PgDn", "End", "Left", "4"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		press(keys[i]);
	assert_int_equal(ui.view.screen, SCREEN_RESULTS);
	assert_int_equal(RES->page, RESULTS_LIST);
}

/* Every order is given, nobody waits for an answer: the thread is joined and what it made is freed (sanitizers look). */
static void test_results_closed_in_the_middle(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		open_list();
		press("v");
		press("Enter");
		if (i % 2)
			ui_results_take(&ui);
		press("g");
		press("3");
		ui_results_close(&ui);
		assert_null(RES->shelf);
		ui.view.screen = SCREEN_DASHBOARD;
	}
}

/* ---- the same from the command line ---- */

static const char *no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static void text_of_screen(struct buf *b)
{
	struct canvas c;
	assert_int_equal(canvas_open(&c, 30, 100, false), 0);
	ui.view.message[0] = '\0';
	screen_draw(&c, &board, &ui.view);
	buf_init(b, 1 << 20);
	assert_int_equal(picture_txt(&c, b), 0);
	canvas_close(&c);
}

static void same_as_shot(const char *screen, const char *a, const char *b)
{
	static struct options o;
	static struct shot shot;
	static char texts[10][200];
	char *argv[10];
	const char *const args[] = {"benchtop", "shot", screen, "--results-dir", base, "--size", "100x30", a, b};
	int argc = 0, n = b ? 9 : 8;
	struct err e = {0};
	struct buf want, got;
	for (; argc < n; argc++) {
		snprintf(texts[argc], sizeof texts[argc], "%s", args[argc]);
		argv[argc] = texts[argc];
	}
	if (options_parse(&o, argc, argv, no_variable, NULL, NULL, &e) != 0 || shot_open(&shot, &o, &e) != 0)
		fail_msg("%s", e.text);
	shot.view.now_wall_ns = ui.view.now_wall_ns;
	buf_init(&got, 1 << 20);
	assert_int_equal(shot_picture(&shot, &got, &e), 0);
	text_of_screen(&want);
	if (strcmp(buf_text(&want), buf_text(&got)) != 0)
		fail_msg("the screen:\n%s\nshot %s:\n%s", buf_text(&want), screen, buf_text(&got));
	assert_true(want.len > 500);
	shot_close(&shot);
	buf_free(&want);
	buf_free(&got);
}

static void test_results_shot_is_the_screen(void **state)
{
	(void)state;
	char older[200], newer[200];
	snprintf(older, sizeof older, "%s/" OLD, base);
	snprintf(newer, sizeof newer, "%s/" NEW, base);
	ui.view.now_wall_ns = (WALL / SECOND + 90000) * SECOND;
	open_list();
	pin(OLD);
	press("Home");
	same_as_shot("results", base, NULL);
	focus_on(NEW);
	press("Enter");
	UNTIL(RES->page == RESULTS_RUN);
	same_as_shot("results", newer, NULL);
	press("c");
	UNTIL(RES->page == RESULTS_COMPARE);
	same_as_shot("compare", older, newer);
	press("g");
	UNTIL(ui.view.screen == SCREEN_CURVE);
	same_as_shot("curve", newer, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_runs, teardown_runs)

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	if (!stage_ready())
		return 1;
	const struct CMUnitTest tests[] = {
	        TEST(test_results_list_and_page),
	        TEST(test_results_pairs_of_a_run),
	        TEST(test_results_filter),
	        TEST(test_results_new_run_keeps_the_focus),
	        TEST(test_results_reference_is_kept),
	        TEST(test_results_reference_that_is_gone),
	        TEST(test_results_reference_file_is_data),
	        TEST(test_results_wish_ends_with_the_dashboard),
	        TEST(test_results_a_run_in_progress_is_not_pinned),
	        TEST(test_results_reference_from_the_dashboard),
	        TEST(test_results_compare),
	        TEST(test_results_curve),
	        TEST(test_results_curve_of_the_run_in_progress),
	        TEST(test_results_of_nothing),
	        TEST(test_results_closed_in_the_middle),
	        TEST(test_results_shot_is_the_screen),
	};
	return cmocka_run_group_tests_name("ui_results", tests, NULL, NULL);
}
