/* The board is the fold of the events: live, replayed, resumed, it is the same. */
#include "../../engine/base/text.h"
#include "../../engine/event/board.h"
#include "../../engine/event/journal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <ftw.h>
#include <math.h>
#include <sys/stat.h>

static char dir[256];
static struct board live, again;
static struct journal_writer journal;
static uint64_t seq;

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
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof dir, "%s/benchtop-test-XXXXXX", tmp && tmp[0] && strlen(tmp) < 200 ? tmp : "/tmp");
	board_init(&live);
	board_init(&again);
	seq = 0;
	return mkdtemp(dir) ? journal_open(&journal, dir, NULL) : -1;
}

static int end(void **state)
{
	(void)state;
	journal_close(&journal);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* As the scribe does it: number, journal, show. */
static void emit(struct event *ev)
{
	if (event_is_journaled(ev)) {
		ev->seq = ++seq;
		assert_int_equal(journal_append(&journal, ev), 0);
	}
	board_apply(&live, ev);
}

static void emit_run(const char *id)
{
	struct event ev;
	event_init(&ev, EV_run_started);
	text_copy(ev.u.run_started.run_id, sizeof ev.u.run_started.run_id, id);
	text_copy(ev.u.run_started.dir, sizeof ev.u.run_started.dir, dir);
	ev.u.run_started.mode = MODE_PERF;
	ev.u.run_started.cells = 2;
	emit(&ev);
}

static void emit_planned(int64_t cell)
{
	struct event ev;
	event_init(&ev, EV_cell_planned);
	ev.u.cell_planned.cell = cell;
	ev.u.cell_planned.conc = cell == 0 ? 4 : 8;
	ev.u.cell_planned.ref_tput = 131.3;
	emit(&ev);
}

static void emit_started(int64_t cell, enum run_phase phase)
{
	struct event ev;
	event_init(&ev, EV_cell_started);
	ev.u.cell_started.cell = cell;
	emit(&ev);
	event_init(&ev, EV_phase_started);
	ev.u.phase_started.cell = cell;
	ev.u.phase_started.phase = phase;
	emit(&ev);
}

static void emit_progress(int64_t cell, int64_t done, double elapsed, bool sample)
{
	struct event ev;
	event_init(&ev, EV_load_progress);
	ev.u.load_progress.cell = cell;
	ev.u.load_progress.done = done;
	ev.u.load_progress.elapsed_s = elapsed;
	ev.u.load_progress.output_tps = 100.5 + (double)done;
	ev.u.load_progress.sample = sample;
	emit(&ev);
}

static void emit_measured(int64_t cell)
{
	struct event ev;
	event_init(&ev, EV_accuracy_measured);
	ev.u.accuracy_measured.cell = cell;
	ev.u.accuracy_measured.bits_per_byte = 0.4491;
	emit(&ev);
	event_init(&ev, EV_gate_decided);
	ev.u.gate_decided.cell = cell;
	ev.u.gate_decided.passed = true;
	emit(&ev);
	event_init(&ev, EV_load_measured);
	ev.u.load_measured.cell = cell;
	ev.u.load_measured.tput_per_gpu = 154.93;
	emit(&ev);
	event_init(&ev, EV_result_saved);
	ev.u.result_saved.cell = cell;
	emit(&ev);
}

static void emit_flag(int64_t cell, bool doubt)
{
	struct event ev;
	event_init(&ev, EV_flag_raised);
	ev.u.flag_raised.cell = cell;
	ev.u.flag_raised.flag = FLAG_JIT;
	ev.u.flag_raised.doubt = doubt;
	emit(&ev);
}

static void emit_post(int64_t cell, enum post_state post)
{
	struct event ev;
	event_init(&ev, EV_post_changed);
	ev.u.post_changed.cell = cell;
	ev.u.post_changed.state = post;
	emit(&ev);
}

static void emit_done(int64_t cell, enum cell_status status)
{
	struct event ev;
	event_init(&ev, EV_cell_done);
	ev.u.cell_done.cell = cell;
	ev.u.cell_done.status = status;
	emit(&ev);
}

static void emit_server(double gen_tps)
{
	struct event ev;
	event_init(&ev, EV_server_seen);
	ev.u.server_seen.phase = SERVER_READY;
	emit(&ev);
	event_init(&ev, EV_server_load);
	ev.u.server_load.gen_tps = gen_tps;
	ev.u.server_load.sample = true;
	emit(&ev);
	event_init(&ev, EV_gpu_seen);
	ev.u.gpu_seen.power_w = 8100;
	ev.u.gpu_seen.sample = true;
	emit(&ev);
}

static void emit_notice(const char *text)
{
	struct event ev;
	event_init(&ev, EV_notice);
	ev.u.notice.severity = SEV_WARN;
	text_copy(ev.u.notice.text, sizeof ev.u.notice.text, text);
	emit(&ev);
}

static void small_run(void)
{
	struct event ev;
	emit_run("run");
	emit_planned(0);
	emit_planned(1);
	emit_server(950);
	event_init(&ev, EV_phase_started); /* of the run as a whole */
	ev.u.phase_started.phase = PHASE_SERVER_WAIT;
	emit(&ev);
	emit_started(0, PHASE_LOAD);
	for (int i = 1; i <= 200; i++)
		emit_progress(0, i, i, true);
	emit_measured(0);
	emit_flag(0, true);
	emit_flag(0, false);
	emit_post(0, POST_WAITING);
	emit_post(0, POST_CONFIRMED);
	emit_done(0, CELL_PASSED);
	emit_started(1, PHASE_LOAD);
	emit_progress(1, 3, 1, true);
}

static void replay_equals_live(void **state)
{
	(void)state;
	small_run();
	for (int i = 0; i < 40; i++)
		emit_notice("again");
	assert_int_equal(journal_flush(&journal, true, NULL), 0);
	assert_int_equal(board_replay(&again, dir, NULL), 0);
	assert_true(again.last_seq == seq);
	assert_memory_equal(&live, &again, sizeof live);
	/* Read twice, nothing changes. */
	assert_int_equal(board_replay(&again, dir, NULL), 0);
	assert_memory_equal(&live, &again, sizeof live);
	assert_int_equal(board_replay(&again, "/nowhere/at/all", NULL), ERR_IO);
}

static void a_run_is_folded(void **state)
{
	(void)state;
	struct event ev;
	small_run();
	const struct board_cell *c = &live.cells[0];
	assert_true(live.have_run && live.n_cells == 2 && live.current == 1 && !live.finished);
	assert_int_equal(live.run_phase, PHASE_SERVER_WAIT);
	assert_int_equal(c->status, CELL_PASSED);
	assert_true(c->have_load && c->load.tput_per_gpu == 154.93 && c->have_gate && c->have_result);
	assert_true(live.have_accuracy && live.accuracy.bits_per_byte == 0.4491 && live.gate.passed);
	assert_int_equal(c->post.state, POST_CONFIRMED);
	assert_true(c->n_flags == 2 && c->n_doubts == 1);
	assert_int_equal(live.cells[1].phase, PHASE_LOAD);
	assert_int_equal(live.cells[1].post.state, POST_NONE);
	assert_int_equal(board_count(&live, CELL_PASSED), 1);
	assert_int_equal(board_count(&live, CELL_RUNNING), 1);
	assert_int_equal(live.out_tps.n, BOARD_SPARK);
	assert_true(live.out_tps.v[(live.out_tps.head + BOARD_SPARK - 1) % BOARD_SPARK] == 103.5f);
	assert_true(live.have_server && live.have_gpu && live.gen_tps.n == 1);
	event_init(&ev, EV_stop_requested);
	emit(&ev);
	assert_true(live.stopping && !live.stopping_now);
	emit_done(1, CELL_STOPPED);
	assert_int_equal(live.current, -1);
	event_init(&ev, EV_run_finished);
	ev.u.run_finished.exit_status = 130;
	emit(&ev);
	assert_true(live.finished && live.end.exit_status == 130);
}

static void duplicates_are_ignored(void **state)
{
	(void)state;
	struct event ev;
	small_run();
	emit_notice("one");
	event_init(&ev, EV_notice);
	ev.seq = seq;
	int64_t n = live.n_notices;
	board_apply(&live, &ev);
	assert_int_equal(live.n_notices, n);
	ev.seq = 0; /* never journaled: no number, no duplicate */
	board_apply(&live, &ev);
	assert_int_equal(live.n_notices, n + 1);
	ev.seq = seq + 5;
	board_apply(&live, &ev);
	assert_int_equal(live.n_notices, n + 2);
	assert_true(live.last_seq == seq + 5);
}

static void another_run_begins_anew(void **state)
{
	(void)state;
	small_run();
	emit_notice("old");
	seq = 0; /* another directory, another journal */
	emit_run("other");
	assert_true(live.n_cells == 0 && !live.cells[0].planned && !live.have_accuracy && live.n_notices == 0);
	assert_true(live.out_tps.n == 0 && live.last_seq == 1 && live.current == -1);
	assert_true(live.have_server && live.have_server_load && live.have_gpu); /* the server is still the same */
	emit_planned(0);
	assert_int_equal(board_count(&live, CELL_QUEUED), 1);
}

static void a_resumed_run_keeps_what_it_measured(void **state)
{
	(void)state;
	small_run(); /* the process dies in row 1 */
	emit_run("run");
	emit_planned(0);
	emit_planned(1);
	assert_int_equal(live.cells[0].status, CELL_PASSED);
	assert_true(live.cells[0].have_load);
	assert_int_equal(live.cells[0].post.state, POST_CONFIRMED);
	assert_int_equal(live.cells[1].status, CELL_QUEUED);
	assert_false(live.cells[1].have_progress);
	assert_int_equal(live.current, -1);
}

static void a_saved_row_only_lacks_its_end(void **state)
{
	(void)state;
	struct event ev;
	small_run();
	event_init(&ev, EV_result_saved); /* the process dies behind this */
	ev.u.result_saved.cell = 1;
	emit(&ev);
	emit_run("run");
	assert_int_equal(live.resumed, 1);
	assert_int_equal(live.cells[1].status, CELL_RUNNING);
	assert_true(live.cells[1].have_result);
	assert_int_equal(live.current, -1);
	emit_done(1, CELL_PASSED);
	assert_int_equal(board_count(&live, CELL_PASSED), 2);
}

static void a_resumed_run_may_have_moved(void **state)
{
	(void)state;
	struct event ev;
	small_run();
	event_init(&ev, EV_run_finished);
	ev.u.run_finished.exit_status = 130;
	emit(&ev);
	assert_true(live.have_accuracy);
	event_init(&ev, EV_run_started);
	ev.u.run_started = live.run;
	ev.u.run_started.resumed = true;
	text_set(ev.u.run_started.dir, sizeof ev.u.run_started.dir, "/moved/run");
	emit(&ev);
	assert_string_equal(live.run.dir, "/moved/run");
	assert_int_equal(live.cells[0].status, CELL_PASSED);
	assert_true(!live.finished && live.end.exit_status == 0);
	/* that it is still the same server nobody has said */
	assert_false(live.have_accuracy);
	assert_true(live.cells[0].have_accuracy);
	int64_t measured = live.accuracy_wall_ns;
	event_init(&ev, EV_accuracy_measured);
	ev.u.accuracy_measured.reused = true;
	emit(&ev);
	assert_true(live.have_accuracy && live.accuracy_wall_ns == measured);
	/* a row that had ended and is run again */
	event_init(&ev, EV_cell_planned);
	ev.u.cell_planned = live.cells[0].plan;
	ev.u.cell_planned.again = true;
	emit(&ev);
	assert_int_equal(live.cells[0].status, CELL_QUEUED);
	assert_false(live.cells[0].have_load || live.cells[0].have_result);
	/* without the mark it is another run */
	event_init(&ev, EV_run_started);
	ev.u.run_started = live.run;
	ev.u.run_started.resumed = false;
	text_set(ev.u.run_started.dir, sizeof ev.u.run_started.dir, "/third/run");
	emit(&ev);
	assert_true(live.n_cells == 0 && live.resumed == 0);
}

static void a_retried_row_forgets_its_first_try(void **state)
{
	(void)state;
	small_run();
	emit_started(0, PHASE_ACCURACY);
	const struct board_cell *c = &live.cells[0];
	assert_int_equal(c->status, CELL_RUNNING);
	assert_false(c->have_load || c->have_gate || c->have_progress || c->have_result);
	assert_true(c->n_flags == 0 && c->n_doubts == 0 && c->post.state == POST_NONE);
	assert_true(c->planned && c->plan.conc == 4);
}

static void overtaken_progress_is_dropped(void **state)
{
	(void)state;
	small_run();
	emit_progress(1, 9, 5.0, true);
	emit_progress(1, 8, 4.9, false); /* waited in its slot meanwhile */
	assert_int_equal(live.cells[1].progress.done, 9);
	emit_progress(1, 10, 5.1, false);
	assert_int_equal(live.cells[1].progress.done, 10);
}

static void foreign_rows_are_ignored(void **state)
{
	(void)state;
	static struct board before;
	small_run();
	before = live;
	static const int64_t rows[] = {-1, -5, 2, 77, BOARD_CELLS, INT64_MAX, INT64_MIN};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		emit_flag(rows[i], true);
		emit_post(rows[i], POST_REFUSED);
		emit_done(rows[i], CELL_FAILED);
		emit_progress(rows[i], 1, 1, false);
		if (rows[i] < 0 || rows[i] >= BOARD_CELLS)
			emit_planned(rows[i]);
	}
	struct event ev = {.kind = EV_NONE, .seq = seq + 1};
	board_apply(&live, &ev);
	assert_int_equal(live.n_cells, before.n_cells);
	assert_int_equal(live.current, before.current);
	assert_memory_equal(live.cells, before.cells, sizeof live.cells);
}

static void lists_are_bounded(void **state)
{
	(void)state;
	small_run();
	for (int i = 0; i < 20; i++)
		emit_flag(1, true);
	assert_int_equal(live.cells[1].n_flags, BOARD_FLAGS);
	assert_int_equal(live.cells[1].n_doubts, 20);
	for (int i = 0; i < 20; i++)
		emit_notice(i == 19 ? "newest" : "older");
	assert_int_equal(live.n_notices, 20);
	assert_string_equal(live.notices[(live.n_notices - 1) % BOARD_NOTICES].n.text, "newest");
	for (int i = 0; i < BOARD_CELLS; i++)
		emit_planned(i);
	assert_int_equal(live.n_cells, BOARD_CELLS);
}

static void the_disks_state_is_shown(void **state)
{
	(void)state;
	struct event ev;
	small_run();
	event_init(&ev, EV_journal_state);
	ev.u.journal_state.failing = true;
	text_copy(ev.u.journal_state.text, sizeof ev.u.journal_state.text, "No space left on device");
	emit(&ev);
	assert_true(live.journal_failing);
	assert_string_equal(live.journal_text, "No space left on device");
	ev.u.journal_state.failing = false;
	emit(&ev);
	assert_false(live.journal_failing);
	assert_string_equal(live.journal_text, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(replay_equals_live),
	        TEST(a_run_is_folded),
	        TEST(duplicates_are_ignored),
	        TEST(another_run_begins_anew),
	        TEST(a_resumed_run_keeps_what_it_measured),
	        TEST(a_saved_row_only_lacks_its_end),
	        TEST(a_resumed_run_may_have_moved),
	        TEST(a_retried_row_forgets_its_first_try),
	        TEST(overtaken_progress_is_dropped),
	        TEST(foreign_rows_are_ignored),
	        TEST(lists_are_bounded),
	        TEST(the_disks_state_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
