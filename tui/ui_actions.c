/* What keys do. Handlers change the view or send a command and say what must follow; they never draw. */
#include "ui_int.h"

#include "../engine/base/text.h"
#include <string.h>

int ui_theme_count(void)
{
	int n = 0;

	while (theme_name(n))
		n++;
	return n;
}

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

static int clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static enum ui_react open_modal(struct ui *u, enum modal_id m)
{
	u->view.modal = m;
	u->view.modal_focus = 0;
	u->view.help_scroll = 0;
	return REACT_DRAW;
}

static enum ui_react close_modal(struct ui *u)
{
	u->view.modal = MODAL_NONE;
	u->view.only_focused = false;
	return REACT_DRAW;
}

static enum ui_react open_sheet(struct ui *u, bool only_focused)
{
	if (u->active) {
		ui_say(u, SEV_WARN, u->view.following ? "another benchtop measures here: x stops it" :
							"a run is in progress: x stops it");
		return REACT_DRAW;
	}
	u->view.only_focused = only_focused;
	return open_modal(u, MODAL_SHEET);
}

static enum ui_react quit(struct ui *u)
{
	if (!u->active)
		return REACT_LEAVE;
	return open_modal(u, MODAL_QUIT);
}

static enum ui_react quit_choice(struct ui *u, enum quit_choice c)
{
	switch (c) {
	case QUIT_LEAVE_RUNNING:
		/* What another process measures goes on anyway. */
		u->how = u->view.following ? UI_EXIT_QUIT : UI_EXIT_DETACH;
		return REACT_LEAVE;
	case QUIT_STOP:
		u->leave_when_done = true;
		ui_send(u, CMD_STOP_NOW);
		ui_say(u, SEV_WARN, "stopping, then leaving");
		return close_modal(u);
	default:
		return close_modal(u);
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
	static const enum run_mode order[] = {MODE_PERF, MODE_SUBMIT, MODE_ACC};

	if (u->active) {
		ui_say(u, SEV_WARN, "the mode cannot change while a run is in progress");
		return REACT_DRAW;
	}
	for (int i = 0; i < 3; i++) {
		if (order[i] == u->view.settings.mode) {
			u->view.settings.mode = order[(i + 1) % 3];
			break;
		}
	}
	if (u->view.settings.mode == MODE_SUBMIT && !u->view.settings.team[0])
		ui_say(u, SEV_INFO, "submit needs a team name: t edits it");
	return REACT_DRAW;
}

static enum ui_react move_focus(struct ui *u, int by)
{
	struct view *v = &u->view;

	if (v->screen == SCREEN_LOG)
		v->log_scroll = clamp(v->log_scroll - by, 0, v->log ? tail_count(v->log) - 1 : 0);
	else
		v->focus = clamp(v->focus + by, 0, v->plan.n_cells > 0 ? v->plan.n_cells - 1 : 0);
	return REACT_DRAW;
}

static enum ui_react open_team(struct ui *u)
{
	text_set(u->view.edit, sizeof u->view.edit, u->view.settings.team);
	u->view.edit_pos = (int)strlen(u->view.edit);
	return open_modal(u, MODAL_TEAM);
}

static enum ui_react open_themes(struct ui *u)
{
	open_modal(u, MODAL_THEME);
	for (int i = 0; theme_name(i); i++)
		if (strcmp(theme_name(i), u->view.theme_name) == 0)
			u->view.modal_focus = i;
	u->theme_before = u->view.modal_focus;
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
	return close_modal(u);
}

static enum ui_react general_action(struct ui *u, enum action_id a)
{
	struct view *v = &u->view;

	switch (a) {
	case ACTION_SHEET:
		return open_sheet(u, false);
	case ACTION_RUN_ROW:
		return open_sheet(u, true);
	case ACTION_STOP:
		return stop(u);
	case ACTION_PICK:
		if (v->focus < v->plan.n_cells)
			v->picked[v->focus] = !v->picked[v->focus];
		return REACT_DRAW;
	case ACTION_MODE:
		return next_mode(u);
	case ACTION_PAIR:
		open_modal(u, MODAL_PAIRS);
		v->modal_focus = v->pair;
		return REACT_DRAW;
	case ACTION_TEAM:
		return open_team(u);
	case ACTION_SKIP:
		if (u->active && !v->following)
			ui_send(u, CMD_SKIP);
		return REACT_DRAW;
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
		return open_modal(u, MODAL_HELP);
	case ACTION_QUIT:
		return quit(u);
	case ACTION_INTERRUPT:
		return u->active ? stop(u) : REACT_LEAVE;
	case ACTION_SUSPEND:
		if (u->active && !v->following) {
			ui_say(u, SEV_WARN, "Ctrl-Z would freeze the measurement: q leaves it running, and benchtop comes back to it");
			return REACT_DRAW;
		}
		term_suspend(u->term);
		return REACT_DRAW;
	default:
		return REACT_NONE;
	}
}

static enum ui_react list_move(struct ui *u, int by, int n)
{
	u->view.modal_focus = clamp(u->view.modal_focus + by, 0, n - 1);
	return REACT_DRAW;
}

static enum ui_react take_team(struct ui *u)
{
	struct err e = {0};

	if (settings_check_team(u->view.edit, &e) < 0) {
		ui_say(u, SEV_WARN, "%s", e.text);
		return REACT_DRAW;
	}
	text_set(u->view.settings.team, sizeof u->view.settings.team, u->view.edit);
	return close_modal(u);
}

static size_t before(const struct view *v)
{
	size_t i = (size_t)v->edit_pos;

	if (i > 0)
		i--;
	while (i > 0 && ((unsigned char)v->edit[i] & 0xc0) == 0x80)
		i--;
	return i;
}

static size_t after(const struct view *v)
{
	size_t len = strlen(v->edit), i = (size_t)v->edit_pos;
	uint32_t cp;

	return i + utf8_decode(v->edit + i, len - i, &cp);
}

static void erase(struct view *v, size_t from, size_t to)
{
	memmove(v->edit + from, v->edit + to, strlen(v->edit + to) + 1);
	v->edit_pos = (int)from;
}

enum ui_react ui_edit_key(struct ui *u, const char *key)
{
	struct view *v = &u->view;
	size_t n = strlen(key), len = strlen(v->edit);
	uint32_t cp;
	const char *text = key;

	if (strcmp(key, "Space") == 0) {
		text = " ";
		n = 1;
	}
	/* Names of special keys are longer than the one character they would have to be. */
	if (utf8_decode(text, n, &cp) != n || cp < 32 || len + n >= sizeof v->edit)
		return REACT_NONE;
	memmove(v->edit + v->edit_pos + n, v->edit + v->edit_pos, len - (size_t)v->edit_pos + 1);
	memcpy(v->edit + v->edit_pos, text, n);
	v->edit_pos += (int)n;
	return REACT_DRAW;
}

static enum ui_react team_action(struct ui *u, enum action_id a)
{
	struct view *v = &u->view;

	switch (a) {
	case ACTION_TEAM_TAKE:
		return take_team(u);
	case ACTION_TEAM_CANCEL:
		return close_modal(u);
	case ACTION_TEAM_CLEAR:
		v->edit[0] = '\0';
		v->edit_pos = 0;
		break;
	case ACTION_TEAM_LEFT:
		v->edit_pos = (int)before(v);
		break;
	case ACTION_TEAM_RIGHT:
		v->edit_pos = (int)after(v);
		break;
	case ACTION_TEAM_HOME:
		v->edit_pos = 0;
		break;
	case ACTION_TEAM_END:
		v->edit_pos = (int)strlen(v->edit);
		break;
	case ACTION_TEAM_ERASE:
		erase(v, before(v), (size_t)v->edit_pos);
		break;
	case ACTION_TEAM_DELETE:
		erase(v, (size_t)v->edit_pos, after(v));
		break;
	default:
		return REACT_NONE;
	}
	return REACT_DRAW;
}

static enum ui_react list_action(struct ui *u, enum action_id a)
{
	struct view *v = &u->view;

	switch (a) {
	case ACTION_PAIRS_CHECK:
		return check_pair(u);
	case ACTION_PAIRS_TAKE:
		return take_pairs(u);
	case ACTION_PAIRS_CANCEL:
		return close_modal(u);
	case ACTION_PAIRS_UP:
		return list_move(u, -1, v->track->n_pairs);
	case ACTION_PAIRS_DOWN:
		return list_move(u, 1, v->track->n_pairs);
	case ACTION_THEME_TAKE:
		return close_modal(u);
	case ACTION_THEME_CANCEL:
		ui_theme_show(u, theme_name(u->theme_before));
		return close_modal(u);
	case ACTION_THEME_UP:
	case ACTION_THEME_DOWN:
		list_move(u, a == ACTION_THEME_UP ? -1 : 1, ui_theme_count());
		ui_theme_show(u, theme_name(v->modal_focus));
		return REACT_DRAW;
	default:
		return REACT_NONE;
	}
}

static enum ui_react modal_action(struct ui *u, enum action_id a)
{
	struct view *v = &u->view;

	switch (a) {
	case ACTION_SHEET_START:
		return v->settings.mode == MODE_SUBMIT ? REACT_NONE : ui_start(u);
	case ACTION_SHEET_POST:
		return v->settings.mode == MODE_SUBMIT ? ui_start(u) : REACT_NONE;
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
		return close_modal(u);
	case ACTION_QUIT_TAKE:
		return quit_choice(u, (enum quit_choice)v->modal_focus);
	case ACTION_QUIT_LEAVE:
		return quit_choice(u, QUIT_LEAVE_RUNNING);
	case ACTION_QUIT_STOP_RUN:
		return quit_choice(u, QUIT_STOP);
	case ACTION_QUIT_CANCEL:
		return quit_choice(u, QUIT_STAY);
	case ACTION_QUIT_UP:
		return list_move(u, -1, QUIT_count);
	case ACTION_QUIT_DOWN:
		return list_move(u, 1, QUIT_count);
	default:
		return v->modal == MODAL_TEAM ? team_action(u, a) : list_action(u, a);
	}
}

enum ui_react ui_action(struct ui *u, enum action_id a)
{
	return u->view.modal == MODAL_NONE ? general_action(u, a) : modal_action(u, a);
}
