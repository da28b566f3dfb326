/* The last line: the keys that help most where the user is, from the actions, as many as fit. */
#include "../../engine/base/text.h"
#include "../actions.h"
#include "../draw/widget.h"
#include "dash.h"
#include "screen.h"
#include <string.h>

#define RANK_RIGHT 90 /* from here on: at the right end, and first to get their room */

static bool has_rank(const struct action *a, const struct view *v, enum modal_id modal)
{
	if (a->rank == 0 || !action_works(a, v->screen, modal) || !a->words[0])
		return false;
	/* A way to where one is already is no help. */
	static const enum action_id ways[] = {ACTION_SCREEN_1, ACTION_SCREEN_2, ACTION_SCREEN_3, ACTION_SCREEN_4};
	for (size_t i = 0; modal == MODAL_NONE && i < sizeof ways / sizeof ways[0]; i++)
		if (v->screen == (enum screen_id)(i + 1) && a == action_at((int)ways[i]))
			return false;
	return true;
}

static bool on_page(const struct view *v)
{
	return v->screen == SCREEN_CURVE || (v->screen == SCREEN_RESULTS && v->results.page != RESULTS_LIST);
}

/* One key leaves, or goes back from a page. */
static const char *words_of(const struct action *a, const struct view *v)
{
	return a == action_at(ACTION_QUIT) && v->modal == MODAL_NONE && on_page(v) ? "back" : a->words;
}

/* On the screens of results: what there is something to do for. */
static bool results_offers(const struct action *a, const struct board *b, const struct view *v)
{
	const struct results_view *r = &v->results;
	bool list = v->screen == SCREEN_RESULTS && r->page == RESULTS_LIST, any = r->shelf && r->shelf->n > 0;
	if (a == action_at(ACTION_REFERENCE) && v->screen == SCREEN_DASHBOARD)
		return r->ref.have || (b && b->finished);
	if (a == action_at(ACTION_RESULT_OPEN))
		return list && any;
	if (a == action_at(ACTION_RESULT_FILTER))
		return list;
	if (a == action_at(ACTION_RESULT_COMPARE))
		return r->ref.have && r->page != RESULTS_COMPARE;
	if (a == action_at(ACTION_RESULT_PAIR))
		return r->run && results_run_pairs(r->run, 0, NULL, NULL) > 1 &&
		       (v->screen == SCREEN_CURVE || r->page == RESULTS_RUN);
	if (a == action_at(ACTION_SCREEN_4)) /* g says it */
		return v->screen != SCREEN_RESULTS;
	if (a == action_at(ACTION_REFERENCE) || a == action_at(ACTION_RESULT_CURVE))
		return !list || any;
	return true;
}

/* What would only be refused is not offered: during a run the keys that prepare one, without a run those that end it. */
static bool run_offers(const struct action *a, const struct board *b, const struct view *v)
{
	static const enum action_id idle[] = {ACTION_SHEET, ACTION_RUN_ROW, ACTION_PICK, ACTION_ALL, ACTION_MODE,
	        ACTION_PAIR, ACTION_TEAM, ACTION_PROMPTS, ACTION_ACCURACY, ACTION_SERVER};
	bool alive = b && (run_alive(b) || v->following);
	if (a == action_at(ACTION_STOP))
		return alive;
	if (a == action_at(ACTION_RESTART))
		return !alive && !v->settings.demo;
	if (a == action_at(ACTION_SERVER_MENU))
		return !v->following && !v->settings.demo;
	if (a == action_at(ACTION_SKIP))
		return alive && !v->following;
	if (a == action_at(ACTION_RETRY))
		return view_retry(b, v, NULL) > 0;
	for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++)
		if (a == action_at((int)idle[i]))
			return !alive;
	return true;
}

/* A sheet that posts is started by y, any other by Enter. */
static bool sheet_offers(const struct action *a, const struct view *v)
{
	if (a == action_at(ACTION_SHEET_START))
		return v->settings.mode != MODE_SUBMIT;
	if (a == action_at(ACTION_SHEET_POST))
		return v->settings.mode == MODE_SUBMIT;
	if (a == action_at(ACTION_QUIT_LEAVE))
		return v->detached_ok;
	return true;
}

/* The action with the lowest rank above `above` (ties in the table's order after `after`); -1 none. */
static int next_by_rank(const struct board *b, const struct view *v, enum modal_id modal, int above, int after)
{
	int found = -1;
	for (int i = 0; i < ACTION_count; i++) {
		const struct action *a = action_at(i);
		if (!has_rank(a, v, modal) || !sheet_offers(a, v) || !run_offers(a, b, v) || !results_offers(a, b, v))
			continue;
		if (a->rank < above || (a->rank == above && i <= after))
			continue;
		if (found < 0 || a->rank < action_at(found)->rank)
			found = i;
	}
	return found;
}

static int key_cols(const struct action *a, const struct view *v)
{
	char key[16];
	const char *words = words_of(a, v);
	action_key(a, key);
	return text_width(key, strlen(key)) + 1 + text_width(words, strlen(words));
}

static void keys_draw(struct canvas *c, struct rect r, const struct board *b, const struct view *v, enum modal_id modal)
{
	char key[16];
	int right = 0;
	for (int i = next_by_rank(b, v, modal, RANK_RIGHT, -1); i >= 0;
	        i = next_by_rank(b, v, modal, action_at(i)->rank, i))
		right += key_cols(action_at(i), v) + 2;
	struct pen p = pen_at(c, r.row, r.col, r.cols - right);
	for (int i = next_by_rank(b, v, modal, 0, -1); i >= 0; i = next_by_rank(b, v, modal, action_at(i)->rank, i)) {
		if (action_at(i)->rank >= RANK_RIGHT)
			break;
		if (!pen_key(&p, p.col > r.col ? 2 : 0, action_key(action_at(i), key), words_of(action_at(i), v)))
			break;
	}
	p = pen_at(c, r.row, r.col + r.cols - right + 2, right);
	for (int i = next_by_rank(b, v, modal, RANK_RIGHT, -1); i >= 0;
	        i = next_by_rank(b, v, modal, action_at(i)->rank, i))
		pen_key(&p, p.col > r.col + r.cols - right + 2 ? 2 : 0, action_key(action_at(i), key),
		        words_of(action_at(i), v));
}

void footer_draw(struct canvas *c, struct rect r, const struct board *b, const struct view *v)
{
	canvas_fill(c, r.row, r.col, r.rows, r.cols, ' ', ROLE_FOOTER, 0);
	if (v->modal == MODAL_NONE) /* an open form shows its own keys */
		keys_draw(c, (struct rect){r.row, r.col + 1, 1, r.cols - 2}, b, v, MODAL_NONE);
}

void form_keys(struct canvas *c, int row, int col, int cols, const struct view *v)
{
	keys_draw(c, (struct rect){row, col, 1, cols}, NULL, v, v->modal);
}
