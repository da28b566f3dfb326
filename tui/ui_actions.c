/* What keys do. Handlers change the view or send a command and say what must follow; they never draw. */
#include "ui_int.h"

#include "../engine/base/text.h"
#include "screen/screen.h"
#include <string.h>

void ui_theme_show(struct ui *u, const char *name)
{
	struct theme t;
	struct err e = {0};

	if (theme_load(&t, name, &e) < 0) {
		ui_say(u, SEV_ERROR, "%s", e.text);
		return;
	}
	u->theme = t;
	text_copy(u->view.theme_name, sizeof u->view.theme_name, t.name);
	term_theme(u->term, &u->theme);
}

static const char *key_of(enum action_id a, char out[16])
{
	return action_key(action_at((int)a), out);
}

static int clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static enum ui_react open_modal(struct ui *u, enum modal_id m)
{
	u->view.modal_back = u->view.modal;
	u->view.modal = m;
	u->view.modal_focus = 0;
	u->view.help_scroll = 0;
	return REACT_DRAW;
}

enum ui_react ui_close_modal(struct ui *u)
{
	struct view *v = &u->view;

	bool back = (v->modal == MODAL_HELP || v->modal == MODAL_EDIT) && v->modal_back != v->modal;
	v->modal = back ? v->modal_back : MODAL_NONE;
	v->modal_back = MODAL_NONE;
	v->help_scroll = 0;
	if (v->modal == MODAL_NONE)
		v->only_focused = v->restart = v->restart_shapes = false;
	return REACT_DRAW;
}

/* Help over a form keeps what is marked in it. */
static enum ui_react open_help(struct ui *u)
{
	u->view.modal_back = u->view.modal;
	u->view.modal = MODAL_HELP;
	u->view.help_scroll = 0;
	return REACT_DRAW;
}

/* Settings of a run that is in progress stand. */
static bool settled(struct ui *u, const char *what)
{
	if (u->active)
		ui_say(u, SEV_WARN, "%s cannot change while a run is in progress", what);
	return u->active;
}

static enum ui_react open_sheet(struct ui *u, bool only_focused)
{
	char key[16];

	if (u->active) {
		ui_say(u, SEV_WARN, "%s: %s stops it",
		        u->view.following ? "another benchtop measures here" : "a run is in progress",
		        key_of(ACTION_STOP, key));
		return REACT_DRAW;
	}
	u->view.only_focused = only_focused;
	u->view.restart = u->view.restart_shapes = false;
	return open_modal(u, MODAL_SHEET);
}

/* From a page the way leads back first. */
static enum ui_react quit(struct ui *u)
{
	if (ui_results_back(u))
		return REACT_DRAW;
	if (!u->active)
		return REACT_LEAVE;
	return open_modal(u, MODAL_QUIT);
}

static enum ui_react quit_choice(struct ui *u, enum quit_choice c)
{
	switch (c) {
	case QUIT_LEAVE_RUNNING:
		if (!u->active) /* it ended while the question stood */
			return REACT_LEAVE;
		if (!u->view.detached_ok) {
			ui_say(u, SEV_WARN, "the run lives in this terminal: stop it, or stay");
			return REACT_DRAW;
		}
		/* What another process measures goes on anyway. */
		u->how = u->view.following ? UI_EXIT_QUIT : UI_EXIT_DETACH;
		return REACT_LEAVE;
	case QUIT_STOP:
		if (!u->active)
			return REACT_LEAVE;
		u->leave_when_done = true;
		ui_send(u, CMD_STOP_NOW);
		ui_say(u, SEV_WARN, "stopping, then leaving");
		return ui_close_modal(u);
	default:
		return ui_close_modal(u);
	}
}

static enum ui_react stop(struct ui *u)
{
	if (!u->active)
		ui_say(u, SEV_INFO, "nothing is running");
	else
		ui_send(u, CMD_STOP);
	return REACT_DRAW;
}

static enum ui_react next_mode(struct ui *u)
{
	char key[16];
	static const enum run_mode order[] = {MODE_PERF, MODE_SUBMIT, MODE_ACC};

	if (settled(u, "the mode"))
		return REACT_DRAW;
	for (int i = 0; i < 3; i++) {
		if (order[i] == u->view.settings.mode) {
			u->view.settings.mode = order[(i + 1) % 3];
			break;
		}
	}
	if (u->view.settings.mode == MODE_SUBMIT && !u->view.settings.team[0])
		ui_say(u, SEV_INFO, "submit needs a team name: %s edits it", key_of(ACTION_TEAM, key));
	return REACT_DRAW;
}

/* Lines up from the end at which the oldest one stands in the first row; screen/log.c shows no more. */
static int log_most(const struct ui *u)
{
	int most = u->view.log ? tail_count(u->view.log) - log_rows(u->canvas.rows, u->board, &u->view) : 0;

	return most > 0 ? most : 0;
}

static enum ui_react move_focus(struct ui *u, int by)
{
	struct view *v = &u->view;

	if (v->screen == SCREEN_LOG)
		v->log_scroll = clamp(v->log_scroll - by, 0, log_most(u));
	else
		v->focus = clamp(v->focus + by, 0, v->plan.n_cells > 0 ? v->plan.n_cells - 1 : 0);
	return REACT_DRAW;
}

/* Every row, or none when every one is picked. */
static enum ui_react pick_all(struct ui *u)
{
	struct view *v = &u->view;
	bool all = true;

	for (int i = 0; i < v->plan.n_cells; i++)
		all = all && v->picked[i];
	for (int i = 0; i < v->plan.n_cells; i++)
		v->picked[i] = !all;
	return REACT_DRAW;
}

static enum ui_react next_accuracy(struct ui *u)
{
	struct settings *s = &u->view.settings;

	if (settled(u, "accuracy"))
		return REACT_DRAW;
	s->accuracy = s->accuracy == ACCURACY_EACH ? ACCURACY_ONCE : ACCURACY_EACH;
	if (u->view.modal == MODAL_NONE)
		ui_say(u, SEV_INFO, "accuracy is measured %s",
		        s->accuracy == ACCURACY_EACH ? "before each row" : "once, before the first row");
	return REACT_DRAW;
}

static enum ui_react open_themes(struct ui *u)
{
	struct view *v = &u->view;

	open_modal(u, MODAL_THEME);
	v->n_themes = theme_list(v->themes, v->theme_own, VIEW_THEMES);
	for (int i = 0; i < v->n_themes; i++)
		if (strcmp(v->themes[i], v->theme_name) == 0)
			v->modal_focus = i;
	u->theme_before = v->modal_focus;
	return REACT_DRAW;
}

static int pair_index(const struct settings *s, const struct track_pair *p)
{
	for (int i = 0; i < s->n_pairs; i++)
		if (s->pairs[i][0] == p->isl && s->pairs[i][1] == p->osl)
			return i;
	return -1;
}

static enum ui_react check_pair(struct ui *u)
{
	struct settings *s = &u->view.settings;
	const struct track_pair *p = &u->view.track->pairs[u->view.modal_focus];
	int at = pair_index(s, p);

	if (at >= 0 && s->n_pairs > 1) {
		memmove(s->pairs[at], s->pairs[at + 1], (size_t)(s->n_pairs - at - 1) * sizeof s->pairs[0]);
		s->n_pairs--;
	} else if (at < 0 && s->n_pairs < SETTINGS_PAIRS) {
		s->pairs[s->n_pairs][0] = p->isl;
		s->pairs[s->n_pairs][1] = p->osl;
		s->n_pairs++;
	}
	return REACT_DRAW;
}

static enum ui_react all_pairs(struct ui *u)
{
	struct settings *s = &u->view.settings;
	const struct track *t = u->view.track;
	int most = t->n_pairs < SETTINGS_PAIRS ? t->n_pairs : SETTINGS_PAIRS, marked = u->view.modal_focus;
	bool all = s->n_pairs >= most;

	s->n_pairs = 0;
	for (int i = 0; i < most; i++) {
		if (all && i != marked)
			continue;
		s->pairs[s->n_pairs][0] = t->pairs[i].isl;
		s->pairs[s->n_pairs++][1] = t->pairs[i].osl;
	}
	return REACT_DRAW;
}

static enum ui_react take_pairs(struct ui *u)
{
	struct settings *s = &u->view.settings;

	u->view.pair = u->view.modal_focus;
	if (s->n_pairs <= 1) { /* one pair: the one that is shown */
		s->n_pairs = 1;
		s->pairs[0][0] = u->view.track->pairs[u->view.pair].isl;
		s->pairs[0][1] = u->view.track->pairs[u->view.pair].osl;
	}
	ui_replan(u, true);
	return ui_close_modal(u);
}

static enum ui_react suspend(struct ui *u)
{
	char key[16];

	if (u->active && !u->view.following)
		ui_say(u, SEV_WARN,
		        "that would freeze the measurement: %s leaves it running, and benchtop comes back to it",
		        key_of(ACTION_QUIT, key));
	else if (!term_suspend(u->term))
		ui_say(u, SEV_WARN, "there is no shell above that could bring benchtop back: %s leaves",
		        key_of(ACTION_QUIT, key));
	return REACT_DRAW;
}

/* The demo's server is part of the demo, and another process's run is its own. */
static bool server_ours(struct ui *u)
{
	if (u->view.settings.demo)
		ui_say(u, SEV_INFO, "the demo's server starts and ends with the demo");
	else if (u->view.following)
		ui_say(u, SEV_WARN, "another benchtop measures here: the server is its own");
	return !u->view.settings.demo && !u->view.following;
}

/* The daily loop in one key: the sheet says that the server is restarted first. */
static enum ui_react open_restart(struct ui *u)
{
	if (!server_ours(u))
		return REACT_DRAW;
	enum ui_react r = open_sheet(u, false);
	u->view.restart = u->view.restart_shapes = u->view.modal == MODAL_SHEET;
	return r;
}

static enum ui_react toggle_shapes(struct ui *u)
{
	if (server_ours(u))
		u->view.restart_shapes = !u->view.restart_shapes;
	return REACT_DRAW;
}

static enum ui_react open_server_menu(struct ui *u)
{
	if (!server_ours(u))
		return REACT_DRAW;
	open_modal(u, MODAL_SERVER);
	bool up = u->board->have_server && u->board->server.phase != SERVER_ABSENT;
	u->view.modal_focus = up ? SERVER_DO_RESTART : SERVER_DO_START;
	return REACT_DRAW;
}

static enum ui_react server_choice(struct ui *u, enum server_choice choice)
{
	static const enum command_kind kinds[] = {CMD_SERVER_START, CMD_SERVER_RESTART, CMD_SERVER_STOP};

	ui_close_modal(u);
	if (choice < SERVER_DO_NOTHING)
		ui_send(u, kinds[choice]);
	return REACT_DRAW;
}

/* What prepares, starts and ends a run. */
static enum ui_react run_action(struct ui *u, enum action_id a)
{
	struct view *v = &u->view;

	switch (a) {
	case ACTION_SHEET:
		return open_sheet(u, false);
	case ACTION_RUN_ROW:
		return open_sheet(u, true);
	case ACTION_RETRY:
		return ui_retry(u) ? open_sheet(u, false) : REACT_DRAW;
	case ACTION_STOP:
		return stop(u);
	case ACTION_SKIP:
		if (u->active && !v->following)
			ui_send(u, CMD_SKIP);
		return REACT_DRAW;
	case ACTION_PICK:
		if (v->focus < v->plan.n_cells)
			v->picked[v->focus] = !v->picked[v->focus];
		return REACT_DRAW;
	case ACTION_ALL:
		return pick_all(u);
	case ACTION_MODE:
		return next_mode(u);
	case ACTION_PAIR:
		if (settled(u, "the pairs"))
			return REACT_DRAW;
		open_modal(u, MODAL_PAIRS);
		v->modal_focus = v->pair;
		return REACT_DRAW;
	case ACTION_TEAM:
		return ui_edit_open(u, EDIT_TEAM);
	case ACTION_PROMPTS:
		return ui_edit_open(u, EDIT_PROMPTS);
	case ACTION_SERVER:
		return ui_edit_open(u, EDIT_SERVER);
	case ACTION_ACCURACY:
		return next_accuracy(u);
	case ACTION_RESTART:
		return open_restart(u);
	case ACTION_SERVER_MENU:
		return open_server_menu(u);
	default:
		return REACT_NONE;
	}
}

/* Where one looks, and the program itself. */
static enum ui_react general_action(struct ui *u, enum action_id a)
{
	struct view *v = &u->view;

	if (v->screen == SCREEN_LOG && (a == ACTION_LOG_OTHER || a == ACTION_LOG_OTHER_BACK))
		return ui_log_other(u, a == ACTION_LOG_OTHER ? 1 : -1);
	if (v->screen == SCREEN_LOG && v->logview) {
		enum ui_react r = ui_log_action(u, a);
		if (r != REACT_NONE)
			return r;
	}
	if (v->screen == SCREEN_RESULTS || v->screen == SCREEN_CURVE || a == ACTION_REFERENCE) {
		enum ui_react r = ui_results_action(u, a);
		if (r != REACT_NONE)
			return r;
	}
	switch (a) {
	case ACTION_LOG_FIND:
	case ACTION_LOG_FILTER:
		return ui_edit_open(u, a == ACTION_LOG_FIND ? EDIT_FIND : EDIT_FILTER);
	case ACTION_UP:
		return move_focus(u, -1);
	case ACTION_DOWN:
		return move_focus(u, 1);
	case ACTION_PAGE_UP:
		return move_focus(u, -(u->canvas.rows - 4));
	case ACTION_PAGE_DOWN:
		return move_focus(u, u->canvas.rows - 4);
	case ACTION_FIRST:
		return move_focus(u, -TAIL_LINES);
	case ACTION_LAST:
		v->log_scroll = 0;
		return REACT_DRAW;
	case ACTION_SCREEN_1:
		v->screen = SCREEN_DASHBOARD;
		return REACT_DRAW;
	case ACTION_SCREEN_2:
	case ACTION_LOG:
		v->screen = SCREEN_LOG;
		ui_log_open(u);
		return REACT_DRAW;
	case ACTION_SCREEN_3:
		ui_results_open(u);
		return REACT_DRAW;
	case ACTION_SCREEN_4:
		ui_results_curve(u);
		return REACT_DRAW;
	case ACTION_THEME:
		return open_themes(u);
	case ACTION_PICTURE:
		ui_picture(u);
		return REACT_DRAW;
	case ACTION_REDRAW:
		term_redraw(u->term);
		return REACT_DRAW;
	case ACTION_HELP:
		return open_help(u);
	case ACTION_QUIT:
		return quit(u);
	case ACTION_INTERRUPT:
		return u->active ? stop(u) : REACT_LEAVE;
	case ACTION_SUSPEND:
		return suspend(u);
	default:
		return run_action(u, a);
	}
}

static enum ui_react list_move(struct ui *u, int by, int n)
{
	u->view.modal_focus = clamp(u->view.modal_focus + by, 0, n - 1);
	return REACT_DRAW;
}

static enum ui_react list_action(struct ui *u, enum action_id a)
{
	struct view *v = &u->view;

	switch (a) {
	case ACTION_PAIRS_CHECK:
		return check_pair(u);
	case ACTION_PAIRS_ALL:
		return all_pairs(u);
	case ACTION_PAIRS_TAKE:
		return take_pairs(u);
	case ACTION_PAIRS_CANCEL:
		return ui_close_modal(u);
	case ACTION_PAIRS_UP:
		return list_move(u, -1, v->track->n_pairs);
	case ACTION_PAIRS_DOWN:
		return list_move(u, 1, v->track->n_pairs);
	case ACTION_THEME_TAKE:
		return ui_close_modal(u);
	case ACTION_THEME_CANCEL:
		if (u->theme_before < v->n_themes)
			ui_theme_show(u, v->themes[u->theme_before]);
		return ui_close_modal(u);
	case ACTION_THEME_UP:
	case ACTION_THEME_DOWN:
		list_move(u, a == ACTION_THEME_UP ? -1 : 1, v->n_themes);
		ui_theme_show(u, v->themes[v->modal_focus]);
		return REACT_DRAW;
	default:
		return REACT_NONE;
	}
}

static enum ui_react modal_action(struct ui *u, enum action_id a)
{
	char key[16];
	struct view *v = &u->view;

	switch (a) {
	case ACTION_SHEET_START:
		if (v->settings.mode != MODE_SUBMIT)
			return ui_start(u);
		ui_say(u, SEV_INFO, "this run posts: %s starts it", key_of(ACTION_SHEET_POST, key));
		return REACT_DRAW;
	case ACTION_SHEET_POST:
		return v->settings.mode == MODE_SUBMIT ? ui_start(u) : REACT_NONE;
	case ACTION_SHEET_TEAM:
		return ui_edit_open(u, EDIT_TEAM);
	case ACTION_SHEET_ACCURACY:
		return next_accuracy(u);
	case ACTION_SHEET_LAUNCH:
		return toggle_shapes(u);
	case ACTION_SHEET_HELP:
	case ACTION_QUIT_HELP:
	case ACTION_PAIRS_HELP:
	case ACTION_THEME_HELP:
		return open_help(u);
	case ACTION_SHEET_UP:
		v->help_scroll = clamp(v->help_scroll - 1, 0, 1000);
		return REACT_DRAW;
	case ACTION_SHEET_DOWN:
		v->help_scroll = clamp(v->help_scroll + 1, 0, 1000);
		return REACT_DRAW;
	case ACTION_HELP_UP:
		v->help_scroll = clamp(v->help_scroll - 1, 0, 1000);
		return REACT_DRAW;
	case ACTION_HELP_DOWN:
		v->help_scroll = clamp(v->help_scroll + 1, 0, 1000);
		return REACT_DRAW;
	case ACTION_SHEET_CANCEL:
	case ACTION_HELP_CLOSE:
	case ACTION_NOTICE_CLOSE:
		return ui_close_modal(u);
	case ACTION_QUIT_TAKE:
		return quit_choice(u, (enum quit_choice)v->modal_focus);
	case ACTION_QUIT_LEAVE:
		return quit_choice(u, QUIT_LEAVE_RUNNING);
	case ACTION_QUIT_STOP_RUN:
		return quit_choice(u, QUIT_STOP);
	case ACTION_QUIT_CANCEL:
		return quit_choice(u, QUIT_STAY);
	case ACTION_SERVER_TAKE:
		return server_choice(u, (enum server_choice)v->modal_focus);
	case ACTION_SERVER_CANCEL:
		return ui_close_modal(u);
	case ACTION_SERVER_UP:
		return list_move(u, -1, SERVER_DO_count);
	case ACTION_SERVER_DOWN:
		return list_move(u, 1, SERVER_DO_count);
	case ACTION_QUIT_UP:
		return list_move(u, -1, QUIT_count);
	case ACTION_QUIT_DOWN:
		return list_move(u, 1, QUIT_count);
	default:
		return v->modal == MODAL_EDIT ? ui_edit_action(u, a) : list_action(u, a);
	}
}

enum ui_react ui_action(struct ui *u, enum action_id a)
{
	return u->view.modal == MODAL_NONE ? general_action(u, a) : modal_action(u, a);
}
