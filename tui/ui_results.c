/* Screens 3 and 4: what keys do there, and v on the dashboard. What must be read is ordered from the reader; its answer
 * changes the screen when it comes (ui_results_data.c). */
#include "ui_results.h"

#include "../engine/base/text.h"
#include "draw/widget.h"
#include <stdlib.h>
#include <string.h>

static int clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static const struct shelf_entry *focused(const struct ui *u)
{
	const struct results_view *v = &u->view.results;

	return v->shelf && v->focus >= 0 && v->focus < v->shelf->n ? &v->shelf->entries[v->focus] : NULL;
}

static bool on_list(const struct ui *u)
{
	return u->view.screen == SCREEN_RESULTS && u->view.results.page == RESULTS_LIST;
}

/* The run that a key is meant for: the focused one of the list, else the one that is shown. Said when there is none. */
static const char *subject(struct ui *u)
{
	const struct shelf_entry *entry = focused(u);

	if (!on_list(u) && u->results && u->results->subject[0])
		return u->results->subject;
	if (on_list(u) && entry && entry->kind == SHELF_UNREADABLE)
		ui_say(u, SEV_WARN, "this run cannot be read: %s", entry->note);
	else if (on_list(u) && entry)
		return entry->path;
	else
		ui_say(u, SEV_INFO, "there is no run here");
	return NULL;
}

static const char *pin_of(const struct ui *u)
{
	return u->results && u->results->pin[0] ? u->results->pin : NULL;
}

/* ---- the two screens ---- */

void ui_results_open(struct ui *u)
{
	struct view *v = &u->view;

	if (v->screen == SCREEN_RESULTS)
		v->results.page = RESULTS_LIST;
	v->screen = SCREEN_RESULTS;
	results_order(u, READER_SCAN, TAG_NONE, v->settings.results_dir, NULL);
}

/* Rows of the run on the dashboard that the curve could show. */
static bool board_has_points(const struct ui *u)
{
	const struct track_pair *p = &u->view.track->pairs[u->view.pair];

	for (int i = 0; i < u->board->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *c = &u->board->cells[i];
		if (c->status == CELL_PASSED && c->plan.isl == p->isl && c->plan.osl == p->osl)
			return true;
	}
	return false;
}

static void order_curve(struct ui *u, const char *path)
{
	if (results_order(u, READER_OPEN, TAG_CURVE, path, pin_of(u)))
		u->results->back = u->view.screen;
}

/* Of the run on the dashboard while it has rows that passed, else of the newest run of the pair. */
static void curve_of_dashboard(struct ui *u)
{
	struct results *r = results_have(u);
	const struct track_pair *p = &u->view.track->pairs[u->view.pair];

	if (!r)
		return;
	if (board_has_points(u)) {
		results_curve_of_board(u);
		text_set(r->subject, sizeof r->subject, u->board->run.dir);
		r->back = u->view.screen;
		u->view.screen = SCREEN_CURVE;
		if (r->pin[0] && !r->pinned)
			results_order(u, READER_OPEN, TAG_BESIDE, r->pin, NULL);
		return;
	}
	if (!r->shelf) {
		r->wish = WISH_CURVE;
		results_order(u, READER_SCAN, TAG_NONE, u->view.settings.results_dir, NULL);
		return;
	}
	const struct shelf_entry *entry = results_newest(r->shelf->shelf, p->isl, p->osl);
	if (entry)
		order_curve(u, entry->path);
	else
		ui_say(u, SEV_INFO, "no run of %d/%d has passed so far: there is no curve", p->isl, p->osl);
}

void ui_results_curve(struct ui *u)
{
	struct results *r = u->results;

	if (u->view.screen == SCREEN_CURVE)
		return;
	if (u->view.screen != SCREEN_RESULTS) {
		curve_of_dashboard(u);
		return;
	}
	const char *path = subject(u);
	bool open = path && r && !on_list(u) && r->run && strcmp(r->run->path, path) == 0;
	if (open && (!r->pin[0] || r->pinned)) {
		results_curve_of_run(u);
		results_curve_show(u, SCREEN_RESULTS);
	} else if (path && r) {
		order_curve(u, path);
	}
}

bool ui_results_back(struct ui *u)
{
	struct view *v = &u->view;

	if (v->screen == SCREEN_CURVE) {
		v->screen = u->results && u->results->back != SCREEN_CURVE && u->results->back ? u->results->back
		                                                                               : SCREEN_RESULTS;
		return true;
	}
	if (v->screen != SCREEN_RESULTS || v->results.page == RESULTS_LIST)
		return false;
	bool to_page = v->results.page == RESULTS_COMPARE && u->results && u->results->compare_back == RESULTS_RUN &&
	               v->results.run;
	v->results.page = to_page ? RESULTS_RUN : RESULTS_LIST;
	return true;
}

/* ---- the pin ---- */

/* On the dashboard: its run when that is over, else the newest one that is, of the pair on screen. */
static const char *newest_run(struct ui *u)
{
	struct results *r = u->results;
	const struct track_pair *p = &u->view.track->pairs[u->view.pair];

	if (u->board->have_run && u->board->finished && board_has_points(u))
		return u->board->run.dir;
	if (!r->shelf) {
		r->wish = WISH_PIN;
		results_order(u, READER_SCAN, TAG_NONE, u->view.settings.results_dir, NULL);
		return NULL;
	}
	const struct shelf_entry *entry = results_newest(r->shelf->shelf, p->isl, p->osl);
	if (!entry)
		ui_say(u, SEV_INFO, "no run of %d/%d has passed so far: there is nothing to pin", p->isl, p->osl);
	return entry ? entry->path : NULL;
}

/* What still grows is nothing to compare with. */
static bool in_progress(const struct ui *u, const char *path)
{
	const struct shelf *shelf = u->results && u->results->shelf ? u->results->shelf->shelf : NULL;
	int at = results_find(shelf, path);

	return (shelf && at >= 0 && shelf->entries[at].alive) ||
	       (u->board->have_run && !u->board->finished && strcmp(u->board->run.dir, path) == 0);
}

void ui_results_pin(struct ui *u)
{
	struct view *v = &u->view;
	struct results *r = results_have(u);

	if (!r)
		return;
	bool here = v->screen == SCREEN_RESULTS || v->screen == SCREEN_CURVE;
	const char *path = here ? subject(u) : newest_run(u);
	if (!path)
		return;
	if (in_progress(u, path)) {
		ui_say(u, SEV_INFO, "this run is still in progress: it can be the reference when it is over");
		return;
	}
	if (strcmp(path, r->pin) != 0) {
		results_order(u, READER_PIN, TAG_PIN_NEW, path, NULL);
		return;
	}
	r->pin[0] = '\0';
	memset(&v->results.ref, 0, sizeof v->results.ref);
	results_pin_remove(v->settings.results_dir);
	ui_say(u, SEV_INFO, "no run is the reference any more");
	if (v->screen == SCREEN_CURVE && !r->live)
		results_curve_of_run(u);
	else if (v->screen == SCREEN_CURVE)
		results_curve_of_board(u);
}

/* ---- keys ---- */

static enum ui_react open_focused(struct ui *u)
{
	const char *path = on_list(u) ? subject(u) : NULL;

	if (path)
		results_order(u, READER_OPEN, TAG_PAGE, path, pin_of(u));
	return REACT_DRAW;
}

static enum ui_react compare_focused(struct ui *u)
{
	char key[16];
	const char *path = subject(u), *pin = pin_of(u);

	if (!path || u->view.results.page == RESULTS_COMPARE)
		return REACT_DRAW;
	if (!pin)
		ui_say(u, SEV_INFO, "nothing to compare with: %s pins a run as the reference",
		        action_key(action_at(ACTION_REFERENCE), key));
	else if (strcmp(path, pin) == 0)
		ui_say(u, SEV_INFO, "this run is the reference itself: choose another one");
	else
		results_order(u, READER_COMPARE, TAG_NONE, path, pin);
	return REACT_DRAW;
}

static enum ui_react next_pair(struct ui *u)
{
	struct results *r = u->results;
	struct results_view *v = &u->view.results;

	bool curve = u->view.screen == SCREEN_CURVE;
	if (!r || !r->run || (curve && r->live) || (!curve && v->page != RESULTS_RUN))
		return REACT_NONE;
	int n = results_run_pairs(r->run, 0, NULL, NULL);
	if (n < 2)
		ui_say(u, SEV_INFO, "this run has one pair");
	v->pair = n > 0 ? (v->pair + 1) % n : 0;
	v->page_scroll = 0;
	if (curve)
		results_curve_of_run(u);
	return REACT_DRAW;
}

/* By lines, or a page when `pages`; far beyond the ends is the end. */
static enum ui_react scroll(struct ui *u, int by, bool pages)
{
	struct results_view *v = &u->view.results;
	int room = u->canvas.rows > 4 ? u->canvas.rows - 1 : 3, cols = u->canvas.cols;

	if (u->view.screen != SCREEN_RESULTS)
		return REACT_NONE;
	by *= pages ? room - 3 : 1;
	if (v->page == RESULTS_RUN) {
		int most = cols > 0 ? results_run_lines(v, cols) - room : 0;
		v->page_scroll = clamp(v->page_scroll + by, 0, most > 0 ? most : 0);
	} else if (v->page == RESULTS_COMPARE) {
		int most = cols > 0 ? results_compare_lines(v, cols) - room : 0;
		v->compare_scroll = clamp(v->compare_scroll + by, 0, most > 0 ? most : 0);
	} else if (v->shelf) {
		v->focus = clamp(v->focus + by, 0, v->shelf->n > 0 ? v->shelf->n - 1 : 0);
	}
	return REACT_DRAW;
}

const char *ui_results_filtered(const struct ui *u)
{
	return u->results ? u->results->filter : "";
}

int ui_results_filter(struct ui *u, const char *text, struct err *e)
{
	struct results *r = results_have(u);
	struct results_view *v = &u->view.results;

	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (!text_set(r->filter, sizeof r->filter, text))
		return err_set(e, ERR_USAGE, "a filter has at most %zu bytes: write less", sizeof r->filter - 1);
	str_fmt(v->where, sizeof v->where, "%s%s%s%s", u->view.settings.results_dir, text[0] ? "  only \"" : "", text,
	        text[0] ? "\"" : "");
	results_list_shown(u);
	return 0;
}

enum ui_react ui_results_action(struct ui *u, enum action_id a)
{
	switch (a) {
	case ACTION_RESULT_OPEN:
		return open_focused(u);
	case ACTION_RESULT_BACK:
		return ui_results_back(u) ? REACT_DRAW : REACT_NONE;
	case ACTION_REFERENCE:
		ui_results_pin(u);
		return REACT_DRAW;
	case ACTION_RESULT_COMPARE:
		return compare_focused(u);
	case ACTION_RESULT_CURVE:
		ui_results_curve(u);
		return REACT_DRAW;
	case ACTION_RESULT_PAIR:
		return next_pair(u);
	case ACTION_RESULT_FILTER:
		return on_list(u) ? ui_edit_open(u, EDIT_RUNS) : REACT_NONE;
	case ACTION_UP:
		return scroll(u, -1, false);
	case ACTION_DOWN:
		return scroll(u, 1, false);
	case ACTION_RESULT_PAGE_UP:
		return scroll(u, -1, true);
	case ACTION_RESULT_PAGE_DOWN:
		return scroll(u, 1, true);
	case ACTION_RESULT_FIRST:
		return scroll(u, -SHELF_ENTRIES, false);
	case ACTION_RESULT_LAST:
		return scroll(u, SHELF_ENTRIES, false);
	default:
		return REACT_NONE;
	}
}
