/* The dashboard's keys about the server: restarts before rows that are meant for another launch, and the logs to look at. */
#include "test_ui_stage.h"

#include "../../engine/log/logfile.h"
#include "../../tui/screen/screen.h"

static void pick_pair(int isl, int osl)
{
	struct view *v = &ui.view;
	for (int i = 0; i < track.n_pairs; i++)
		if (track.pairs[i].isl == isl && track.pairs[i].osl == osl)
			v->pair = i;
	v->settings.n_pairs = 1;
	v->settings.pairs[0][0] = isl;
	v->settings.pairs[0][1] = osl;
	ui_replan(&ui, false);
}

static void server_is(int64_t prefill)
{
	struct event ev;
	event_init(&ev, EV_server_seen);
	ev.u.server_seen.phase = SERVER_READY;
	ev.u.server_seen.prefill = prefill;
	board_apply(&board, &ev);
}

/* What the sheet says, without its line breaks. */
static bool sheet_says(const char *text)
{
	static char all[40 * 512];
	struct canvas c;
	size_t n = 0;
	assert_int_equal(canvas_open(&c, 40, 90, false), 0);
	sheet_draw(&c, &board, &ui.view);
	for (int row = 0; row < c.rows; row++)
		for (int col = 0; col < c.cols; col++) {
			uint32_t cp = canvas_at(&c, row, col)->cp;
			char ch = cp > ' ' && cp < 127 ? (char)cp : ' ';
			if (ch != ' ' || (n > 0 && all[n - 1] != ' '))
				all[n++] = ch;
		}
	all[n] = '\0';
	canvas_close(&c);
	return strstr(all, text) != NULL;
}

static void the_sheet_offers_another_launch(void **state)
{
	(void)state;
	pick_pair(1024, 1024);
	server_is(196608);
	press("Enter");
	assert_int_equal(ui.view.modal, MODAL_SHEET);
	assert_false(sheet_says("prefill size"));
	press("q");
	pick_pair(8192, 1024);
	press("Enter");
	assert_true(
	        sheet_says("8192/1024 at CONC 64 is meant for a prefill size of 32768, the server runs with 196608"));
	press("s");
	assert_true(
	        sheet_says("restarted 1 more time, so that 8192/1024 at CONC 64 runs with its prefill size of 32768"));
	press("Enter");
	assert_int_equal(n_sent, 1);
	assert_true(sent[0].settings.restart_shapes && !sent[0].settings.restart_server);
	/* the choice is of that sheet alone */
	ui.active = false;
	press("Enter");
	assert_false(ui.view.restart_shapes);
	press("s");
	press("s");
	press("Enter");
	assert_false(sent[1].settings.restart_shapes);
	/* the other way round: a server of the long rows, and rows of both */
	ui.active = false;
	server_is(32768);
	press("Enter");
	assert_true(sheet_says("8192/1024 at CONC 4 (and 3 more rows) is meant for a prefill size of 196608"));
}

static void a_restart_brings_the_launches(void **state)
{
	(void)state;
	pick_pair(8192, 1024);
	press("R");
	assert_true(sheet_says("restarted first"));
	press("Enter");
	assert_int_equal(n_sent, 1);
	assert_true(sent[0].settings.restart_server && sent[0].settings.restart_shapes);
	ui.active = false;
	press("Enter"); /* the next sheet restarts nothing by itself */
	assert_false(sheet_says("restarted first"));
	press("Enter");
	assert_false(sent[1].settings.restart_server || sent[1].settings.restart_shapes);
	ui.active = false;
	ui.view.settings.demo = true;
	press("Enter");
	press("s");
	assert_true(says("demo's server"));
	assert_false(ui.view.restart_shapes);
}

/* ---- logs ---- */

static char dir[64];

static const char *log_at(const char *name, const char *text)
{
	static char paths[4][128];
	static int n;
	char *path = paths[n++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", dir, name);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void logs_are_switched(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	struct event ev;
	struct err e = {0};
	snprintf(dir, sizeof dir, "/tmp/benchtop-uilogs-XXXXXX");
	assert_non_null(mkdtemp(dir));
	setenv("XDG_CACHE_HOME", dir, 1);
	const char *server = log_at("server.log", "[2025-11-20 10:00:00] one\n"), *out = log_at("out.log", "access\n"),
	           *aiter = log_at("aiter.log", "tuning\n");
	press("2");
	press("]");
	assert_true(says("no other log is known"));
	event_init(&ev, EV_server_seen);
	text_set(ev.u.server_seen.log, sizeof ev.u.server_seen.log, server);
	text_set(ev.u.server_seen.log_out, sizeof ev.u.server_seen.log_out, out);
	board_apply(&board, &ev);
	text_set(v->settings.more_logs[0], sizeof v->settings.more_logs[0], aiter);
	v->settings.n_more_logs = 1;
	assert_int_equal(tail_open(&v->log, server, &e), 0);
	ui_log_open(&ui);
	assert_int_equal(v->n_logs, 3);
	assert_string_equal(logfile_path(ui.logfile), server);
	press("]");
	assert_string_equal(logfile_path(ui.logfile), out);
	press("]");
	assert_string_equal(logfile_path(ui.logfile), aiter);
	press("&"); /* a filter is of the log that it was typed for */
	type("tun");
	press("Enter");
	assert_string_equal(ui.logview.filter, "tun");
	/* it stays while the list changes in front of it */
	text_set(board.server.log_out, sizeof board.server.log_out, "");
	ui_log_list(&ui);
	assert_int_equal(v->n_logs, 2);
	assert_string_equal(v->logs[v->log_at], aiter);
	press("]"); /* around */
	assert_string_equal(logfile_path(ui.logfile), server);
	assert_string_equal(ui.logview.filter, "");
	press("[");
	assert_string_equal(logfile_path(ui.logfile), aiter);
	ui_log_close(&ui);
	tail_close(v->log);
	v->log = NULL;
	for (const char *const *p = (const char *const[]){server, out, aiter, NULL}; *p; p++)
		unlink(*p);
	rmdir(dir);
}

int main(void)
{
	if (!stage_ready())
		return 1;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(the_sheet_offers_another_launch, setup),
	        cmocka_unit_test_setup(a_restart_brings_the_launches, setup),
	        cmocka_unit_test_setup(logs_are_switched, setup),
	};
	return cmocka_run_group_tests_name("ui_server", tests, NULL, NULL);
}
