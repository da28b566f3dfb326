/* shot: the picture of a replayed journal is the canvas of its board; the same journal gives the same picture. And which
 * run watch and shot take. */
#include "../../engine/base/file.h"
#include "../../engine/event/journal.h"
#include "../../engine/run/rundir.h"
#include "../../tui/cli_shot.h"
#include "../../tui/cli_watch.h"
#include "../../tui/draw/picture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

#define SECOND INT64_C(1000000000)
#define WALL   (INT64_C(1763992800) * SECOND) /* 2025-11-24 14:00:00 UTC */
#define RUN    "batch_isl1024_osl1024_20251124_140000"
#define OLDER  "batch_isl1024_osl1024_20251123_140000"

static char base[] = "/tmp/benchtop-shot.XXXXXX";
static struct shot shot;
static struct err e;
static struct buf journal;
static uint64_t seq;
static int64_t now;

static struct event event_of(enum event_kind kind)
{
	struct event ev;
	event_init(&ev, kind);
	now += SECOND;
	ev.seq = ++seq;
	ev.wall_ns = WALL + now;
	ev.mono_ns = 100 * SECOND + now;
	return ev;
}

static void put(const struct event *ev)
{
	assert_int_equal(event_encode(ev, &journal), 0);
}

static void put_plan(void)
{
	static const int concs[] = {4, 8, 16, 32, 64};
	for (int i = 0; i < 5; i++) {
		struct event ev = event_of(EV_cell_planned);
		ev.u.cell_planned.cell = i;
		ev.u.cell_planned.isl = ev.u.cell_planned.osl = 1024;
		ev.u.cell_planned.conc = concs[i];
		ev.u.cell_planned.repeat = 1;
		ev.u.cell_planned.num_prompts = ev.u.cell_planned.rule_prompts = concs[i] * 50;
		put(&ev);
	}
}

static void put_row(int cell)
{
	struct event ev = event_of(EV_cell_started);
	ev.u.cell_started.cell = cell;
	put(&ev);
	ev = event_of(EV_load_measured);
	ev.u.load_measured.cell = cell;
	ev.u.load_measured.completed = 200;
	ev.u.load_measured.tput_per_gpu = 154.875;
	ev.u.load_measured.e2el_median = 6610;
	ev.u.load_measured.interactivity = 159.1;
	put(&ev);
	ev = event_of(EV_cell_done);
	ev.u.cell_done.cell = cell;
	ev.u.cell_done.status = CELL_PASSED;
	ev.u.cell_done.duration_s = 331;
	put(&ev);
}

/* A run of which the first row is measured, on the built-in track. */
static void make_journal(bool finished)
{
	buf_clear(&journal);
	seq = 0;
	now = 0;
	struct event ev = event_of(EV_run_started);
	snprintf(ev.u.run_started.run_id, sizeof ev.u.run_started.run_id, "%s", RUN);
	snprintf(ev.u.run_started.track, sizeof ev.u.run_started.track, "dsr1-fp4-sglang-mi355x");
	snprintf(ev.u.run_started.model, sizeof ev.u.run_started.model, "m");
	snprintf(ev.u.run_started.base_url, sizeof ev.u.run_started.base_url, "http://127.0.0.1:9");
	snprintf(ev.u.run_started.dir, sizeof ev.u.run_started.dir, "%s/" RUN, base);
	ev.u.run_started.mode = MODE_PERF;
	ev.u.run_started.cells = 5;
	put(&ev);
	put_plan();
	put_row(0);
	if (!finished)
		return;
	ev = event_of(EV_run_finished);
	ev.u.run_finished.exit_status = 3;
	put(&ev);
}

static void write_run(const char *name)
{
	char dir[300], path[400];
	assert_true(path_join(dir, sizeof dir, base, name));
	assert_int_equal(file_mkdirs(dir, NULL), 0);
	assert_true(path_join(path, sizeof path, dir, JOURNAL_NAME));
	assert_int_equal(file_write_atomic(path, buf_text(&journal), journal.len, NULL), 0);
}

static const char *no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static struct options *options_of(const char *const *args)
{
	static struct options o;
	static char *argv[16];
	static char texts[16][400];
	int argc = 0;
	for (; args[argc]; argc++) {
		snprintf(texts[argc], sizeof texts[argc], "%s", args[argc]);
		argv[argc] = texts[argc];
	}
	struct err pe = {0};
	if (options_parse(&o, argc, argv, no_variable, NULL, NULL, &pe) != 0)
		fail_msg("%s", pe.text);
	return &o;
}

#define OPTIONS(...) options_of((const char *const[]){"benchtop", __VA_ARGS__, "--results-dir", base, NULL})

static void picture(struct buf *b, const struct options *o)
{
	memset(&e, 0, sizeof e);
	buf_init(b, 8 << 20);
	if (shot_open(&shot, o, &e) != 0 || shot_picture(&shot, b, &e) != 0)
		fail_msg("%s", e.text);
	shot_close(&shot);
}

/* The same by hand: board from the journal, canvas, picture. */
static void expected(struct buf *b, const char *format, int rows, int cols)
{
	static struct board board;
	struct canvas c;
	char dir[300];
	assert_true(path_join(dir, sizeof dir, base, RUN));
	board_init(&board);
	assert_int_equal(board_replay(&board, dir, NULL), 0);
	assert_int_equal(canvas_open(&c, rows, cols, false), 0);
	screen_draw(&c, &board, &shot.view);
	buf_init(b, 8 << 20);
	if (strcmp(format, "svg") == 0)
		assert_int_equal(picture_svg(&c, &shot.theme, b), 0);
	else if (strcmp(format, "ansi") == 0)
		assert_int_equal(picture_ansi(&c, &shot.theme, b), 0);
	else
		assert_int_equal(picture_txt(&c, b), 0);
	canvas_close(&c);
}

static void a_picture_is_the_canvas_of_the_journal(void **state)
{
	(void)state;
	static const char *const formats[] = {"txt", "ansi", "svg"};
	make_journal(true);
	write_run(RUN);
	for (size_t i = 0; i < 3; i++) {
		struct buf one, two, three;
		const struct options *o = OPTIONS("shot", "dashboard", "--format", formats[i], "--size", "100x30");
		picture(&one, o);
		assert_int_equal(shot.view.now_wall_ns, WALL + now); /* the time of the last event */
		expected(&two, formats[i], 30, 100);
		assert_string_equal(buf_text(&one), buf_text(&two));
		picture(&three, o);
		assert_string_equal(buf_text(&one), buf_text(&three));
		buf_free(&one);
		buf_free(&two);
		buf_free(&three);
	}
	struct buf b;
	picture(&b, OPTIONS("shot", "dashboard"));
	assert_non_null(strstr(buf_text(&b), "154.9"));
	assert_non_null(strstr(buf_text(&b), "passed"));
	buf_free(&b);
	picture(&b, OPTIONS("shot", "dashboard", "--ascii"));
	for (const char *p = buf_text(&b); *p; p++)
		assert_true((unsigned char)*p < 0x7f);
	buf_free(&b);
}

static void without_a_run_the_board_is_empty(void **state)
{
	(void)state;
	struct buf b;
	const struct options *o = options_of(
	        (const char *const[]){"benchtop", "shot", "dashboard", "--results-dir", "/nonexistent", NULL});
	picture(&b, o);
	assert_string_equal(shot.dir, "");
	assert_non_null(strstr(buf_text(&b), "CONC"));
	buf_free(&b);
	picture(&b, OPTIONS("shot", "log", "--log", "/nonexistent/server.log"));
	buf_free(&b);
}

static void refused(const struct options *o, const char *sentence)
{
	memset(&e, 0, sizeof e);
	assert_int_equal(shot_open(&shot, o, &e), ERR_USAGE);
	shot_close(&shot);
	if (!strstr(e.text, sentence))
		fail_msg("\"%s\" lacks \"%s\"", e.text, sentence);
}

static void sentences(void **state)
{
	(void)state;
	refused(OPTIONS("shot", "dashbord"),
	        "there is no screen \"dashbord\": use dashboard, log, results, curve or compare");
	refused(OPTIONS("shot", "log", "/nonexistent"), "\"/nonexistent\" is no directory: name a run directory");
	refused(OPTIONS("shot", "log", "/"), "\"/\" holds no events.jsonl: name the directory of a run");
	refused(OPTIONS("shot", "log", "-o", "x.png"), "end it in .svg, .ansi or .txt, or add --format");
	refused(OPTIONS("shot", "log", "--theme", "nosuch"), "nosuch");
	buf_clear(&journal);
	write_run("batch_isl1_osl1_20251124_140000");
	char dir[300];
	assert_true(path_join(dir, sizeof dir, base, "batch_isl1_osl1_20251124_140000"));
	refused(OPTIONS("shot", "log", dir), "holds no run");
	char path[400];
	assert_true(path_join(path, sizeof path, dir, JOURNAL_NAME));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void the_form_follows_the_name(void **state)
{
	(void)state;
	static const struct {
		const char *file, *format, *to;
	} cases[] = {{"a.svg", "svg", "a.svg"}, {"b.ansi", "ansi", "b.ansi"}, {"d.x/c.txt", "txt", "d.x/c.txt"},
	        {"-", "txt", ""}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(shot_open(&shot, OPTIONS("shot", "dashboard", "-o", cases[i].file), &e), 0);
		assert_string_equal(shot.format, cases[i].format);
		assert_string_equal(shot.file, cases[i].to);
		shot_close(&shot);
	}
	assert_int_equal(shot_open(&shot, OPTIONS("shot", "log", "--format", "svg"), &e), 0);
	assert_string_equal(shot.file, "benchtop_log.svg");
	shot_close(&shot);
	assert_int_equal(shot_open(&shot, OPTIONS("shot", "log"), &e), 0);
	assert_string_equal(shot.file, "");
	shot_close(&shot);
}

static void the_newest_run_is_taken_and_the_live_one_first(void **state)
{
	(void)state;
	char found[512], lock[600];
	int fd = -1;
	make_journal(true);
	write_run(RUN);
	write_run(OLDER);
	assert_true(rundir_find_newest(base, found, sizeof found));
	assert_string_equal(path_base(found), RUN);
	assert_false(rundir_find_newest("/nonexistent", found, sizeof found));
	snprintf(lock, sizeof lock, "%s/" OLDER "/run.lock", base);
	assert_int_equal(file_lock(lock, &fd, &e), 0);
	assert_int_equal(watch_find(OPTIONS("watch"), found, sizeof found, &e), 0);
	assert_string_equal(path_base(found), OLDER);
	close(fd);
	assert_int_equal(watch_find(OPTIONS("watch"), found, sizeof found, &e), 0);
	assert_string_equal(path_base(found), RUN);
	assert_int_equal(unlink(lock), 0);
	const struct options *none =
	        options_of((const char *const[]){"benchtop", "watch", "--results-dir", "/nonexistent", NULL});
	assert_int_equal(watch_find(none, found, sizeof found, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "there is no run in /nonexistent"));
}

static int watched(const char *name, bool json, char **text)
{
	char dir[300];
	size_t len;
	FILE *out = open_memstream(text, &len);
	assert_non_null(out);
	assert_true(path_join(dir, sizeof dir, base, name));
	int status = cli_watch(dir, json, out);
	fclose(out);
	return status;
}

static void watch_gives_the_status_of_the_run(void **state)
{
	(void)state;
	char *text = NULL;
	make_journal(true);
	write_run(RUN);
	assert_int_equal(watched(RUN, false, &text), 3);
	assert_non_null(strstr(text, "1024/1024 CONC=4: PASSED"));
	assert_non_null(strstr(text, "NOT COMPLETE"));
	free(text);
	assert_int_equal(watched(RUN, true, &text), 3);
	assert_string_equal(text, buf_text(&journal));
	free(text);
	/* Nobody measures, and nobody finished it. */
	make_journal(false);
	write_run(RUN);
	assert_int_equal(watched(RUN, false, &text), 2);
	assert_non_null(strstr(text, "CONC=4: PASSED"));
	free(text);
}

static void a_run_of_another_track_is_told(void **state)
{
	(void)state;
	struct replay *r = calloc(1, sizeof *r);
	assert_non_null(r);
	r->board.have_run = true;
	snprintf(r->board.run.track, sizeof r->board.run.track, "mine");
	assert_int_equal(replay_track(&r->board, "", &shot.track, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "the run's track \"mine\" is not known here: give its file with --track"));
	assert_int_equal(replay_track(&r->board, "demo", &shot.track, &e), 0);
	free(r);
}

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	buf_init(&journal, 1 << 20);
	return mkdtemp(base) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	static const char *const left[] = {RUN "/" JOURNAL_NAME, OLDER "/" JOURNAL_NAME, RUN, OLDER, ""};
	char path[400];
	for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", base, left[i]);
		remove(path);
	}
	buf_free(&journal);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_picture_is_the_canvas_of_the_journal),
	        cmocka_unit_test(without_a_run_the_board_is_empty),
	        cmocka_unit_test(sentences),
	        cmocka_unit_test(the_form_follows_the_name),
	        cmocka_unit_test(the_newest_run_is_taken_and_the_live_one_first),
	        cmocka_unit_test(watch_gives_the_status_of_the_run),
	        cmocka_unit_test(a_run_of_another_track_is_told),
	};
	return cmocka_run_group_tests_name("tui_shot", tests, setup, teardown);
}
