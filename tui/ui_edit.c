/* The line of text that team, prompts and server address are typed into. */
#include "ui_int.h"

#include "../engine/base/text.h"
#include <stdio.h>
#include <string.h>

enum ui_react ui_edit_open(struct ui *u, enum edit_field field)
{
	struct view *v = &u->view;
	bool pattern = field == EDIT_FIND || field == EDIT_FILTER || field == EDIT_RUNS;
	if (u->active && !pattern) {
		ui_say(u, SEV_WARN, "this cannot change while a run is in progress");
		return REACT_DRAW;
	}
	if (field == EDIT_SERVER && v->settings.demo) {
		ui_say(u, SEV_INFO, "the demo measures its own simulated server");
		return REACT_DRAW;
	}
	v->edit[0] = '\0';
	if (field == EDIT_TEAM)
		text_set(v->edit, sizeof v->edit, v->settings.team);
	else if (field == EDIT_RUNS)
		text_set(v->edit, sizeof v->edit, ui_results_filtered(u));
	else if (pattern)
		text_set(v->edit, sizeof v->edit,
		        !v->logview          ? ""
		        : field == EDIT_FIND ? v->logview->search
		                             : v->logview->filter);
	else if (field == EDIT_SERVER)
		text_set(v->edit, sizeof v->edit, v->settings.base_url);
	else if (v->settings.all_prompts > 0)
		snprintf(v->edit, sizeof v->edit, "%d", v->settings.all_prompts);
	v->edit_pos = (int)strlen(v->edit);
	v->field = field;
	v->modal_back = v->modal;
	v->modal = MODAL_EDIT;
	return REACT_DRAW;
}

static enum ui_react take(struct ui *u)
{
	struct view *v = &u->view;
	struct settings s;
	struct err e = {0};
	char note[200];

	if (v->field == EDIT_FIND || v->field == EDIT_FILTER || v->field == EDIT_RUNS) {
		int rc = v->field == EDIT_RUNS ? ui_results_filter(u, v->edit, &e)
		                               : ui_log_pattern(u, v->field, v->edit, &e);
		if (rc < 0)
			ui_say(u, SEV_WARN, "%s", e.text);
		else
			ui_close_modal(u);
		return REACT_DRAW;
	}
	if (view_edit_check(v, &s, note, sizeof note, &e) < 0) {
		ui_say(u, SEV_WARN, "%s", e.text);
		return REACT_DRAW;
	}
	bool moved = strcmp(s.base_url, v->settings.base_url) != 0;
	v->settings = s;
	ui_close_modal(u);
	if (v->field == EDIT_PROMPTS) {
		ui_replan(u, true);
		ui_say(u, SEV_INFO, "prompts: %s", note[0] ? note : "as many as the track's rule says");
	}
	if (moved && ui_send(u, CMD_WATCH) == 0)
		ui_say(u, SEV_INFO, "looking at %s", s.base_url);
	return REACT_DRAW;
}

/* Byte positions of the character before the cursor and behind the one at it. */
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
	if (n == 0 || utf8_decode(text, n, &cp) != n || cp < 32 || cp == 127 || len + n >= sizeof v->edit)
		return REACT_NONE;
	if (v->field == EDIT_PROMPTS && (cp < '0' || cp > '9' || len >= 7))
		return REACT_NONE;
	memmove(v->edit + v->edit_pos + n, v->edit + v->edit_pos, len - (size_t)v->edit_pos + 1);
	memcpy(v->edit + v->edit_pos, text, n);
	v->edit_pos += (int)n;
	return REACT_DRAW;
}

enum ui_react ui_edit_action(struct ui *u, enum action_id a)
{
	struct view *v = &u->view;

	switch (a) {
	case ACTION_EDIT_TAKE:
		return take(u);
	case ACTION_EDIT_CANCEL:
		return ui_close_modal(u);
	case ACTION_EDIT_CLEAR:
		v->edit[0] = '\0';
		v->edit_pos = 0;
		break;
	case ACTION_EDIT_LEFT:
		v->edit_pos = (int)before(v);
		break;
	case ACTION_EDIT_RIGHT:
		v->edit_pos = (int)after(v);
		break;
	case ACTION_EDIT_HOME:
		v->edit_pos = 0;
		break;
	case ACTION_EDIT_END:
		v->edit_pos = (int)strlen(v->edit);
		break;
	case ACTION_EDIT_ERASE:
		erase(v, before(v), (size_t)v->edit_pos);
		break;
	case ACTION_EDIT_DELETE:
		erase(v, (size_t)v->edit_pos, after(v));
		break;
	default:
		return REACT_NONE;
	}
	return REACT_DRAW;
}
