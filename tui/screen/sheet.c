/* The run sheet: what a start would do, how long it takes, and in words what is posted, where and as whom. */
#include "../../engine/base/text.h"
#include "dash.h"
#include "screen.h"
#include <math.h>
#include <string.h>

#define SHEET_COLS 78
#define LABEL_COLS 10

struct total {
	int rows, pairs;
	int64_t requests;
	double seconds;
};

static bool row_runs(const struct view *v, int i)
{
	return v->only_focused ? i == v->focus : v->picked[i];
}

static bool conc_runs(const struct view *v, int conc)
{
	for (int i = 0; i < v->plan.n_cells; i++) {
		if (v->plan.cells[i].conc == conc && row_runs(v, i))
			return true;
	}
	return false;
}

static bool is_shown_pair(const struct view *v, int isl, int osl)
{
	return v->plan.n_cells > 0 && v->plan.cells[0].isl == isl && v->plan.cells[0].osl == osl;
}

/* The pairs that are not on screen run the same CONCs, as far as they have them. */
static void total_other_pairs(struct total *t, const struct view *v)
{
	for (int i = 0; i < v->settings.n_pairs && i < SETTINGS_PAIRS; i++) {
		const int *pair = v->settings.pairs[i];
		if (is_shown_pair(v, pair[0], pair[1]) || !v->track || v->only_focused)
			continue;
		for (int k = 0; k < v->track->n_pairs; k++) {
			const struct track_pair *p = &v->track->pairs[k];
			if (p->isl != pair[0] || p->osl != pair[1])
				continue;
			t->pairs++;
			for (int j = 0; j < p->n_concs; j++) {
				if (!conc_runs(v, p->concs[j]))
					continue;
				t->rows++;
				t->requests += (int64_t)p->concs[j] * p->prompts_per_conc;
				t->seconds += p->expect_s;
			}
		}
	}
}

static struct total total_of(const struct view *v)
{
	struct total t = {0, 0, 0, 0};
	for (int i = 0; i < v->plan.n_cells; i++) {
		if (!row_runs(v, i))
			continue;
		t.rows++;
		t.requests += v->plan.cells[i].num_prompts;
		t.seconds += v->plan.cells[i].expect_s;
	}
	t.pairs = v->plan.n_cells > 0;
	total_other_pairs(&t, v);
	return t;
}

static struct pen labelled(struct canvas *c, struct rect r, int row, const char *label)
{
	canvas_text(c, row, r.col, LABEL_COLS, ROLE_DIM, 0, label);
	return pen_at(c, row, r.col + LABEL_COLS, r.cols - LABEL_COLS);
}

static void line_mode(struct canvas *c, struct rect r, int row, const struct view *v)
{
	struct pen p = labelled(c, r, row, "run");
	const char *name = v->settings.mode == MODE_SUBMIT ? "SUBMIT" : v->settings.mode == MODE_ACC ? "ACC" : "PERF";
	pen_put(&p, v->settings.mode == MODE_SUBMIT ? ROLE_WARN : ROLE_STRONG, 0, "%s", name);
	pen_put(&p, ROLE_TEXT, 0, "  %s", v->settings.mode == MODE_ACC ? "accuracy only" : "accuracy, then load");
	if (v->only_focused)
		pen_put(&p, ROLE_INFO, 0, ", this CONC only");
	pen_put(&p, ROLE_DIM, 0, "   ISL/OSL ");
	if (v->settings.n_pairs <= 1 || v->only_focused) {
		if (v->plan.n_cells > 0)
			pen_put(&p, ROLE_TEXT, 0, "%d/%d", v->plan.cells[0].isl, v->plan.cells[0].osl);
		return;
	}
	for (int i = 0; i < v->settings.n_pairs && i < SETTINGS_PAIRS; i++)
		pen_put(&p, ROLE_TEXT, 0, "%s%d/%d", i ? ", " : "", v->settings.pairs[i][0], v->settings.pairs[i][1]);
}

static void line_server(struct canvas *c, struct rect r, int row, const struct board *b, const struct view *v)
{
	struct pen p = labelled(c, r, row, "server");
	struct words w;
	char port[64];
	words_server(&w, b);
	pen_put(&p, w.role, 0, "%s", w.text);
	pen_put(&p, ROLE_TEXT, 0, " %s", fmt_port(v->settings.base_url, port, sizeof port));
	if (!b->have_server || b->server.phase != SERVER_READY)
		pen_put(&p, ROLE_WARN, 0, "   starts when ready");
}

static void line_accuracy(struct canvas *c, struct rect r, int row, const struct view *v)
{
	static const char *const modes[] = {
	        "before each row", "once, before the first row", "SKIPPED: figures without it are never posted"};
	struct pen p = labelled(c, r, row, "accuracy");
	unsigned mode = (unsigned)v->settings.accuracy;
	pen_put(&p, mode == ACCURACY_SKIP ? ROLE_WARN : ROLE_TEXT, 0, "%s", modes[mode < 3 ? mode : 0]);
	if (mode != ACCURACY_SKIP && v->settings.acc_concurrency > 0)
		pen_put(&p, ROLE_DIM, 0, "   %d requests in flight", v->settings.acc_concurrency);
}

static void line_prompts(struct canvas *c, struct rect r, int row, const struct view *v)
{
	struct pen p = labelled(c, r, row, "prompts");
	if (v->settings.prompts == PROMPTS_TEXT)
		pen_put(&p, ROLE_TEXT, 0, "as text, as the reference client sends them");
	else
		pen_put(&p, ROLE_TEXT, 0, "as token ids: exact, but the server saves tokenizing (noted)");
}

static void rows_draw(struct canvas *c, struct rect r, const struct view *v, const struct total *t)
{
	char number[40], about[16];
	int running = 0, shown = 0;
	for (int i = 0; i < v->plan.n_cells; i++)
		running += row_runs(v, i);
	int room = r.rows - 2, skip = 0;
	if (running > room) { /* modal_focus scrolls a long list */
		skip = v->modal_focus < 0 ? 0 : v->modal_focus;
		if (skip > running - room)
			skip = running - room;
	}
	canvas_text(c, r.row, r.col, LABEL_COLS, ROLE_DIM, 0, "rows");
	canvas_text(c, r.row, r.col + LABEL_COLS, 40, ROLE_DIM, 0, "CONC   requests   expected");
	for (int i = 0; i < v->plan.n_cells && shown < room; i++) {
		const struct plan_cell *p = &v->plan.cells[i];
		if (!row_runs(v, i) || skip-- > 0)
			continue;
		int row = r.row + 1 + shown++;
		canvas_right(
		        c, row, r.col + LABEL_COLS, 4, ROLE_STRONG, 0, str_fmt(number, sizeof number, "%d", p->conc));
		fmt_number(v->settings.mode == MODE_ACC ? (double)NAN : (double)p->num_prompts, 0, number);
		canvas_right(c, row, r.col + LABEL_COLS + 5, 10, ROLE_TEXT, 0, number);
		canvas_right(c, row, r.col + LABEL_COLS + 16, 10, ROLE_TEXT, 0, fmt_about(p->expect_s, about));
		if (p->num_prompts != p->rule_prompts && v->settings.mode != MODE_ACC)
			canvas_printf(c, row, r.col + LABEL_COLS + 29, r.cols - LABEL_COLS - 29, ROLE_WARN, 0,
			        "! the track's rule says %d", p->rule_prompts);
	}
	struct pen p = labelled(c, r, r.row + 1 + shown, "in all");
	if (t->rows == 0) {
		pen_put(&p, ROLE_WARN, 0, "no row is picked: Space picks one");
		return;
	}
	pen_put(&p, ROLE_STRONG, 0, "%d row%s", t->rows, t->rows == 1 ? "" : "s");
	if (t->pairs > 1)
		pen_put(&p, ROLE_TEXT, 0, " in %d pairs", t->pairs);
	if (v->settings.mode != MODE_ACC)
		pen_put(&p, ROLE_TEXT, 0, ", %s requests", fmt_number((double)t->requests, 0, number));
	pen_put(&p, ROLE_STRONG, 0, ", %s", fmt_about(t->seconds, about));
}

/* Every leaderboard that would be written to: each pair has its own. */
static void board_list(char *out, size_t cap, const struct view *v)
{
	out[0] = '\0';
	if (v->settings.leaderboard[0] || v->settings.n_pairs <= 1 || v->only_focused || !v->track) {
		str_fmt(out, cap, "%s",
		        v->settings.leaderboard[0] ? v->settings.leaderboard
		        : v->plan.n_cells > 0      ? v->plan.cells[0].board
		                                   : "");
		return;
	}
	for (int i = 0; i < v->settings.n_pairs && i < SETTINGS_PAIRS; i++) {
		const struct track_pair *p =
		        track_pair_find(v->track, v->settings.pairs[i][0], v->settings.pairs[i][1]);
		size_t len = strlen(out);
		if (p && p->board[0])
			str_fmt(out + len, cap - len, "%s%s", len ? ", " : "", p->board);
	}
}

/* The sentence that has to be true. */
static enum role post_words(char *out, size_t cap, const struct view *v)
{
	const struct settings *s = &v->settings;
	char url[320];
	board_list(url, sizeof url, v);
	if (s->mode == MODE_ACC)
		str_fmt(out, cap, "Nothing is posted: this run measures accuracy only.");
	else if (s->mode == MODE_PERF)
		str_fmt(out, cap, "Nothing is posted. Results are kept in %s.",
		        s->results_dir[0] ? s->results_dir : "this directory");
	else if (!s->team[0])
		str_fmt(out, cap, "Nothing can be posted: no team is named. t names it.");
	else if (!*url)
		str_fmt(out, cap, "Nothing can be posted: this pair has no leaderboard.");
	else if (s->accuracy == ACCURACY_SKIP)
		str_fmt(out, cap, "Nothing will be posted: a run that skips accuracy never is.");
	else {
		str_fmt(out, cap, "Every row that passes the gate is posted as \"%s\" to %s. %s", s->team, url,
		        s->post_flagged ? "Rows with doubts are posted too (--post-flagged)."
		                        : "Rows with doubts are kept and not posted.");
		return ROLE_WARN;
	}
	return s->mode == MODE_SUBMIT ? ROLE_BAD : ROLE_TEXT;
}

void sheet_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	char post[800];
	struct total t = total_of(v);
	enum role post_role = post_words(post, sizeof post, v);
	int cols = c->cols - 4 < SHEET_COLS ? c->cols - 4 : SHEET_COLS;
	int post_rows = form_wrap(NULL, (struct rect){0, 0, 5, cols - 4}, post_role, 0, post);
	int running = 0;
	for (int i = 0; i < v->plan.n_cells; i++)
		running += row_runs(v, i);
	int airy = 2 + 4 + 1 + running + 2 + 1 + post_rows + 1 + 1;
	bool tight = airy > c->rows - 2;
	struct rect r = form_open(c, tight ? airy - 3 : airy, cols, "Run sheet", v->track ? v->track->name : NULL);
	int row = r.row, gap = tight ? 0 : 1;
	line_mode(c, r, row++, v);
	line_server(c, r, row++, b, v);
	line_accuracy(c, r, row++, v);
	line_prompts(c, r, row++, v);
	row += gap;
	int keys = r.row + r.rows - 1, post_row = keys - gap - post_rows;
	rows_draw(c, (struct rect){row, r.col, post_row - gap - row, r.cols}, v, &t);
	form_wrap(c, (struct rect){post_row, r.col, post_rows, r.cols}, post_role, 0, post);
	form_keys(c, keys, r.col, r.cols, v);
	form_close(c, r);
}
