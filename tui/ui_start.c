/* What Enter runs: rows on screen, picks, and the settings composed from them. */
#include "ui_int.h"

#include "../engine/base/clock.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "draw/picture.h"
#include <stdio.h>
#include <string.h>

#define ARMED_WAIT_MS (INT64_C(12) * 3600 * 1000) /* "starts when ready" */

static bool was_picked(const struct settings *s, int conc)
{
	for (int i = 0; i < s->n_picks; i++)
		if (s->picks[i] == conc)
			return true;
	return s->n_picks == 0;
}

void ui_replan(struct ui *u, bool keep_picks)
{
	struct view *v = &u->view;
	struct settings s = v->settings;
	struct plan old = v->plan;
	bool picked[PLAN_CELLS];
	struct err e = {0};

	memcpy(picked, v->picked, sizeof picked);
	s.batch = true;
	s.repeat = 1;
	s.n_picks = 0;
	s.n_pairs = 1;
	s.pairs[0][0] = v->track->pairs[v->pair].isl;
	s.pairs[0][1] = v->track->pairs[v->pair].osl;
	if (plan_make(&v->plan, &s, v->track, &e) < 0) {
		ui_say(u, SEV_ERROR, "%s", e.text);
		v->plan.n_cells = 0;
	}
	for (int i = 0; i < v->plan.n_cells; i++) {
		v->picked[i] = was_picked(&v->settings, v->plan.cells[i].conc);
		for (int j = 0; keep_picks && j < old.n_cells; j++)
			if (old.cells[j].conc == v->plan.cells[i].conc)
				v->picked[i] = picked[j];
	}
	if (v->focus >= v->plan.n_cells)
		v->focus = v->plan.n_cells > 0 ? v->plan.n_cells - 1 : 0;
}

void ui_compose(const struct ui *u, struct settings *out)
{
	view_compose(&u->view, out);
	/* Armed: it starts when the server is ready. A board that sleeps is no reason to lose the evening. */
	if (out->wait_server_ms == 0)
		out->wait_server_ms = ARMED_WAIT_MS;
	out->post_later = true;
}

enum ui_react ui_start(struct ui *u)
{
	struct command c = {.kind = CMD_START};
	struct err e = {0};
	struct plan plan;

	ui_compose(u, &c.settings);
	u->view.modal = MODAL_NONE;
	if (c.settings.n_picks == 0) {
		char key[16];
		ui_say(u, SEV_WARN, "no CONC is picked: %s picks the focused one",
		        action_key(action_at(ACTION_PICK), key));
		return REACT_DRAW;
	}
	if (settings_check(&c.settings, u->view.track, true, &e) < 0 ||
	        plan_make(&plan, &c.settings, u->view.track, &e) < 0 ||
	        u->cfg->backend.command(u->cfg->backend.ctx, &c, &e) < 0) {
		ui_say(u, SEV_ERROR, "%s", e.text);
		return REACT_DRAW;
	}
	u->active = true;
	return REACT_DRAW;
}

bool ui_retry(struct ui *u)
{
	struct view *v = &u->view;
	bool rows[PLAN_CELLS];
	int n = u->active ? 0 : view_retry(u->board, v, rows);

	if (n == 0) {
		ui_say(u, SEV_INFO, "%s",
		        u->active            ? "a run is in progress"
		        : u->board->have_run ? "no row of this pair is without a result"
		                             : "nothing was run so far");
		return false;
	}
	memcpy(v->picked, rows, sizeof rows);
	v->settings.n_pairs = 1; /* other pairs have their own */
	v->settings.pairs[0][0] = v->track->pairs[v->pair].isl;
	v->settings.pairs[0][1] = v->track->pairs[v->pair].osl;
	for (int i = v->plan.n_cells - 1; i >= 0; i--)
		v->focus = rows[i] ? i : v->focus;
	return true;
}

void ui_picture(struct ui *u)
{
	static const struct {
		const char *ext;
		int kind;
	} forms[] = {{"svg", 0}, {"ansi", 1}, {"txt", 2}};
	char stamp[16], name[64], path[600];
	struct err e = {0};

	clock_stamp(clock_wall_ns(), stamp);
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct buf b;
		buf_init(&b, 8 * 1024 * 1024);
		int rc = forms[i].kind == 0   ? picture_svg(&u->canvas, &u->theme, &b)
		         : forms[i].kind == 1 ? picture_ansi(&u->canvas, &u->theme, &b)
		                              : picture_txt(&u->canvas, &b);
		snprintf(name, sizeof name, "benchtop_%s.%s", stamp, forms[i].ext);
		if (rc < 0 || !path_join(path, sizeof path, u->view.settings.results_dir, name))
			err_set(&e, ERR_LIMIT, "the picture is too large");
		else
			file_write_atomic(path, buf_text(&b), b.len, &e);
		buf_free(&b);
		if (e.code) {
			ui_say(u, SEV_ERROR, "no picture: %s", e.text);
			return;
		}
	}
	if (path_join(path, sizeof path, u->view.settings.results_dir, "benchtop_"))
		ui_say(u, SEV_INFO, "picture: %s%s.svg, .ansi, .txt", path, stamp);
}
