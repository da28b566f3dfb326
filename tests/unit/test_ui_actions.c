/* What keys do: picks, forms, starting, stopping, leaving. */
#include "test_ui_stage.h"

/* ---- picks, pairs, mode, accuracy ---- */

static void test_ui_picks(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	struct settings s;
	assert_int_equal(v->plan.n_cells, 5);
	press("Down");
	press("Space");
	assert_false(v->picked[1]);
	ui_compose(&ui, &s);
	assert_int_equal(s.n_picks, 4);
	press("a"); /* not all: all */
	assert_true(v->picked[1]);
	press("a"); /* all: none */
	ui_compose(&ui, &s);
	assert_int_equal(s.n_picks, 0);
	press("Enter");
	press("Enter");
	assert_true(says("no CONC is picked"));
	assert_int_equal(n_sent, 0);
	press("r");
	assert_true(v->only_focused);
	ui_compose(&ui, &s);
	assert_int_equal(s.n_picks, 1);
	assert_int_equal(s.picks[0], 8);
	press("q");
	assert_false(v->only_focused);
	for (int i = 0; i < 20; i++)
		press("Down");
	assert_int_equal(v->focus, 4);
	for (int i = 0; i < 20; i++)
		press("Up");
	assert_int_equal(v->focus, 0);
}

static void test_ui_pairs(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	press("p");
	assert_int_equal(v->modal, MODAL_PAIRS);
	press("Space"); /* the last checked pair stays */
	assert_int_equal(v->settings.n_pairs, 1);
	press("Down");
	press("Space");
	assert_int_equal(v->settings.n_pairs, 2);
	press("a");
	assert_int_equal(v->settings.n_pairs, track.n_pairs);
	press("a");
	assert_int_equal(v->settings.n_pairs, 1);
	assert_int_equal(v->settings.pairs[0][0], track.pairs[1].isl);
	press("a");
	press("Enter");
	assert_int_equal(v->modal, MODAL_NONE);
	assert_int_equal(v->pair, 1);
	assert_int_equal(v->plan.cells[0].osl, track.pairs[1].osl);
	struct plan plan;
	assert_int_equal(view_plan(v, &plan, NULL), 0);
	assert_int_equal(plan.n_cells, 15);
	v->only_focused = true;
	assert_int_equal(view_plan(v, &plan, NULL), 0);
	assert_int_equal(plan.n_cells, 1);
}

static void test_ui_mode_and_accuracy(void **state)
{
	(void)state;
	struct settings *s = &ui.view.settings;
	press("m");
	assert_int_equal(s->mode, MODE_SUBMIT);
	assert_true(says("t edits it"));
	press("m");
	assert_int_equal(s->mode, MODE_ACC);
	press("m");
	assert_int_equal(s->mode, MODE_PERF);
	press("A");
	assert_int_equal(s->accuracy, ACCURACY_ONCE);
	press("A");
	assert_int_equal(s->accuracy, ACCURACY_EACH);
	s->accuracy = ACCURACY_SKIP;
	press("A");
	assert_int_equal(s->accuracy, ACCURACY_EACH);
	ui.active = true;
	static const char *const keys[] = {"m", "A", "n", "s", "t", "p", "Enter", "r"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		press(keys[i]);
		assert_int_equal(ui.view.modal, MODAL_NONE);
		assert_true(says("run is in progress"));
	}
	assert_int_equal(s->mode, MODE_PERF);
}

/* ---- what the last run left without a result ---- */

static void board_row(int i, int isl, int osl, int conc, enum cell_status status)
{
	struct board_cell *c = &board.cells[i];
	c->planned = true;
	c->plan.isl = isl;
	c->plan.osl = osl;
	c->plan.conc = conc;
	c->status = status;
	board.n_cells = i + 1;
}

static void test_ui_retry(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	struct settings s;
	press("f");
	assert_int_equal(v->modal, MODAL_NONE);
	assert_true(says("nothing was run"));
	board.have_run = true;
	board_row(0, 1024, 1024, 4, CELL_PASSED);
	board_row(1, 1024, 1024, 8, CELL_FAILED);
	board_row(2, 1024, 1024, 16, CELL_QUEUED);
	board_row(3, 8192, 1024, 4, CELL_FAILED);
	assert_int_equal(view_retry(&board, v, NULL), 0); /* it still runs */
	board.finished = true;
	assert_int_equal(view_retry(&board, v, NULL), 2);
	v->following = true; /* another's */
	assert_int_equal(view_retry(&board, v, NULL), 0);
	v->following = false;
	v->settings.n_pairs = 2;
	v->settings.pairs[1][0] = 8192;
	v->settings.pairs[1][1] = 1024;
	press("f");
	assert_int_equal(v->modal, MODAL_SHEET);
	ui_compose(&ui, &s);
	assert_int_equal(s.n_pairs, 1);
	assert_int_equal(s.n_picks, 2);
	assert_int_equal(s.picks[0], 8);
	assert_int_equal(s.picks[1], 16);
	assert_int_equal(v->focus, 1);
	press("q");
	board.cells[1].status = board.cells[2].status = CELL_PASSED;
	press("f");
	assert_int_equal(v->modal, MODAL_NONE);
	assert_true(says("no row of this pair is without a result"));
	ui.active = true;
	press("f");
	assert_true(says("a run is in progress"));
}

/* ---- the sheet ---- */

static void test_ui_sheet_perf(void **state)
{
	(void)state;
	press("Enter");
	assert_int_equal(ui.view.modal, MODAL_SHEET);
	press("y"); /* starts what posts, nothing else */
	assert_int_equal(n_sent, 0);
	assert_int_equal(ui.view.modal, MODAL_SHEET);
	press("Enter");
	assert_int_equal(n_sent, 1);
	assert_int_equal(sent[0].kind, CMD_START);
	assert_int_equal(sent[0].settings.n_picks, 5);
	assert_true(sent[0].settings.wait_server_ms > 0);
	assert_true(sent[0].settings.post_later);
	assert_true(ui.active);
	assert_int_equal(ui.view.modal, MODAL_NONE);
}

static void test_ui_sheet_submit(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	v->settings.mode = MODE_SUBMIT;
	press("Enter");
	press("Enter");
	assert_int_equal(n_sent, 0);
	assert_true(says("y starts it"));
	assert_int_equal(v->modal, MODAL_SHEET);
	press("n");
	assert_int_equal(v->modal, MODAL_NONE);
	press("Enter");
	press("t"); /* the name, and back to the sheet */
	type("Team 7");
	press("Enter");
	assert_int_equal(v->modal, MODAL_SHEET);
	press("A");
	assert_int_equal(v->modal, MODAL_SHEET);
	assert_int_equal(v->settings.accuracy, ACCURACY_ONCE);
	press("y");
	assert_int_equal(n_sent, 1);
	assert_string_equal(sent[0].settings.team, "Team 7");
	assert_int_equal(sent[0].settings.mode, MODE_SUBMIT);
}

static void test_ui_sheet_says_why_not(void **state)
{
	(void)state;
	refuse_next = 1;
	press("Enter");
	press("Enter");
	assert_false(ui.active);
	assert_true(says("refused for the test"));
	ui.view.settings.model[0] = '\0';
	press("Enter");
	press("Enter");
	assert_true(says("MODEL is not set"));
	assert_int_equal(n_sent, 0);
}

static void test_ui_single_test_of_the_environment(void **state)
{
	(void)state;
	struct settings s, *from = &ui.view.settings;
	from->batch = false;
	from->env_conc = 16;
	from->env_pair[0] = from->env_pair[1] = 1024;
	for (int i = 0; i < 5; i++)
		ui.view.picked[i] = ui.view.plan.cells[i].conc == 16;
	ui_compose(&ui, &s);
	assert_false(s.batch);
	ui.view.picked[0] = true;
	ui_compose(&ui, &s);
	assert_true(s.batch);
}

/* ---- stop, skip, leave ---- */

static void test_ui_stop_twice_and_skip(void **state)
{
	(void)state;
	press("x");
	press("k");
	assert_int_equal(n_sent, 0);
	ui.active = true;
	press("x");
	press("x"); /* the engine counts: the second means now */
	press("k");
	press("Ctrl-C");
	assert_int_equal(n_sent, 4);
	assert_int_equal(sent[0].kind, CMD_STOP);
	assert_int_equal(sent[1].kind, CMD_STOP);
	assert_int_equal(sent[2].kind, CMD_SKIP);
	assert_int_equal(sent[3].kind, CMD_STOP);
	ui.view.following = true;
	press("k"); /* another process' row */
	assert_int_equal(n_sent, 4);
}

static void test_ui_quit(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	assert_int_equal(press("q"), REACT_LEAVE);
	assert_int_equal(press("Ctrl-C"), REACT_LEAVE);
	ui.active = true;
	assert_int_equal(press("q"), REACT_DRAW);
	assert_int_equal(v->modal, MODAL_QUIT);
	assert_int_equal(press("c"), REACT_DRAW);
	assert_int_equal(v->modal, MODAL_NONE);
	press("q");
	assert_int_equal(press("Enter"), REACT_LEAVE); /* the default leaves it running */
	assert_int_equal(ui.how, UI_EXIT_DETACH);
	v->modal = MODAL_NONE;
	v->following = true;
	press("q");
	assert_int_equal(press("l"), REACT_LEAVE);
	assert_int_equal(ui.how, UI_EXIT_QUIT);
	v->modal = MODAL_NONE;
	v->following = false;
	press("q");
	press("Down");
	assert_int_equal(press("Enter"), REACT_DRAW); /* stop it, then leave */
	assert_true(ui.leave_when_done);
	assert_int_equal(sent[n_sent - 1].kind, CMD_STOP_NOW);
}

static void test_ui_quit_without_a_detached_life(void **state)
{
	(void)state;
	ui.active = true;
	ui.view.detached_ok = false;
	press("q");
	assert_int_equal(press("l"), REACT_DRAW);
	assert_int_equal(ui.view.modal, MODAL_QUIT);
	ui.active = false; /* the run ends while the question stands */
	assert_int_equal(press("l"), REACT_LEAVE);
	assert_int_equal(ui.how, UI_EXIT_QUIT);
}

/* ---- help, themes, log ---- */

static void test_ui_help_returns_to_where_it_was(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	press("?");
	assert_int_equal(v->modal, MODAL_HELP);
	assert_int_equal(v->modal_back, MODAL_NONE);
	press("q");
	assert_int_equal(v->modal, MODAL_NONE);
	press("r");
	press("?");
	assert_int_equal(v->modal_back, MODAL_SHEET);
	press("?");
	assert_int_equal(v->modal, MODAL_SHEET);
	assert_true(v->only_focused);
	press("q");
	press("p");
	press("Down");
	press("?");
	press("Enter");
	assert_int_equal(v->modal, MODAL_PAIRS);
	assert_int_equal(v->modal_focus, 1);
}

static void test_ui_themes_are_shown_while_chosen(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	char dir[] = "/tmp/benchtop-ui-XXXXXX", sub[64], file[96];
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof sub, "%s/benchtop", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(sub, sizeof sub, "%s/benchtop/themes", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(file, sizeof file, "%s/zz-mine.theme", sub);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fputs("background = #010203\n", f);
	fclose(f);
	setenv("XDG_CONFIG_HOME", dir, 1);
	press("T");
	assert_int_equal(v->modal, MODAL_THEME);
	assert_string_equal(v->themes[v->modal_focus], "default");
	assert_string_equal(v->themes[v->n_themes - 1], "zz-mine");
	assert_true(v->theme_own[v->n_themes - 1]);
	for (int i = 0; i < 30; i++)
		press("Down");
	assert_string_equal(v->theme_name, "zz-mine");
	assert_int_equal(ui.theme.background.b, 3);
	press("q");
	assert_string_equal(v->theme_name, "default");
	press("T");
	press("Up");
	press("Enter");
	assert_string_not_equal(v->theme_name, "default");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	unlink(file);
	rmdir(sub);
	snprintf(sub, sizeof sub, "%s/benchtop", dir);
	rmdir(sub);
	rmdir(dir);
}

static void test_ui_log_screen(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	press("L");
	assert_int_equal(v->screen, SCREEN_LOG);
	press("Up"); /* no log: nothing to scroll */
	assert_int_equal(v->log_scroll, 0);
	press("1");
	assert_int_equal(v->screen, SCREEN_DASHBOARD);
	press("2");
	assert_int_equal(v->screen, SCREEN_LOG);
	v->log_scroll = 7;
	press("End");
	assert_int_equal(v->log_scroll, 0);
}

/* No sequence of keys may break anything: a fixed pseudo-random one, with the whole screen drawn now and then. */
static void test_ui_any_keys(void **state)
{
	(void)state;
	static const char *const keys[] = {"Enter", "Space", "Up", "Down", "Left", "Right", "Home", "End", "Backspace",
	        "Delete", "PgUp", "PgDn", "Tab", "q", "?", "a", "A", "n", "s", "t", "p", "m", "r", "x", "k", "T", "L",
	        "1", "2", "y", "c", "l", "Esc", "Ctrl-U", "Ctrl-L", "Ctrl-C", "ü", "量", "7", "e\xcc\x81"};
	struct canvas c;
	uint32_t seed = 12345;
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	assert_int_equal(canvas_open(&c, 24, 80, false), 0);
	for (int i = 0; i < 40000; i++) {
		seed = seed * 1664525 + 1013904223;
		if (press(keys[(seed >> 16) % (sizeof keys / sizeof keys[0])]) & REACT_LEAVE)
			ui.view.modal = MODAL_NONE;
		if (i % 997 == 0)
			ui.active = !ui.active;
		n_sent = 0;
		assert_true(utf8_valid(ui.view.edit, strlen(ui.view.edit)));
		assert_in_range(ui.view.edit_pos, 0, strlen(ui.view.edit));
		assert_in_range(ui.view.focus, 0, 4);
		assert_in_range(ui.view.settings.n_pairs, 1, track.n_pairs);
		if (i % 16 == 0)
			screen_draw(&c, &board, &ui.view);
	}
	canvas_close(&c);
}

int main(void)
{
	if (!stage_ready())
		return 1;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_ui_picks, setup),
	        cmocka_unit_test_setup(test_ui_pairs, setup),
	        cmocka_unit_test_setup(test_ui_mode_and_accuracy, setup),
	        cmocka_unit_test_setup(test_ui_retry, setup),
	        cmocka_unit_test_setup(test_ui_sheet_perf, setup),
	        cmocka_unit_test_setup(test_ui_sheet_submit, setup),
	        cmocka_unit_test_setup(test_ui_sheet_says_why_not, setup),
	        cmocka_unit_test_setup(test_ui_single_test_of_the_environment, setup),
	        cmocka_unit_test_setup(test_ui_stop_twice_and_skip, setup),
	        cmocka_unit_test_setup(test_ui_quit, setup),
	        cmocka_unit_test_setup(test_ui_quit_without_a_detached_life, setup),
	        cmocka_unit_test_setup(test_ui_help_returns_to_where_it_was, setup),
	        cmocka_unit_test_setup(test_ui_themes_are_shown_while_chosen, setup),
	        cmocka_unit_test_setup(test_ui_log_screen, setup),
	        cmocka_unit_test_setup(test_ui_any_keys, setup),
	};
	return cmocka_run_group_tests_name("ui_actions", tests, NULL, NULL);
}
