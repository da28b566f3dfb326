/* The run sheet: what a start would do, how long it takes, and in words what is posted, where, as whom, and what is known
 * beforehand to hold a post back. All of it comes from the very settings and plan that a start would send.
 */
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "../../engine/plan/launch.h"
#include "../actions.h"
#include "../draw/form.h"
#include "dash.h"
#include "screen.h"
#include <math.h>
#include <string.h>

#define SHEET_COLS 80
#define LABEL_COLS 10
#define SHEET_SAYS 8

/* Sentences of the sheet, in order. */
struct sentence {
	enum role role;
	char text[600];
};

struct sheet {
	const struct board *b;
	const struct view *v;
	struct settings s;
	struct plan plan;
	struct err bad; /* why it cannot be run */
	int64_t requests;
	double seconds;
	int pairs, off_rule, measured;
	bool other_model, other_served, other_ratio;
	bool all_doubtful;
	struct sentence says[SHEET_SAYS];
	int n_says;
};

static void say(struct sheet *t, enum role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void say(struct sheet *t, enum role role, const char *fmt, ...)
{
	va_list ap;
	if (t->n_says == SHEET_SAYS)
		return;
	va_start(ap, fmt);
	str_vfmt(t->says[t->n_says].text, sizeof t->says[0].text, fmt, ap);
	va_end(ap);
	t->says[t->n_says++].role = role;
}

/* Every leaderboard that would be written to: each pair has its own. */
static void board_list(char *out, size_t cap, const struct plan *plan)
{
	out[0] = '\0';
	for (int i = 0; i < plan->n_cells; i++) {
		const char *url = plan->cells[i].board;
		size_t len = strlen(out);
		if (url[0] && !strstr(out, url))
			str_fmt(out + len, cap - len, "%s%s", len ? ", " : "", url);
	}
}

/* The sentence that has to be true. */
static void say_post(struct sheet *t)
{
	const struct settings *s = &t->s;
	char url[400], key[16];
	board_list(url, sizeof url, &t->plan);
	if (s->mode == MODE_ACC)
		say(t, ROLE_TEXT, "Nothing is posted: this run measures accuracy only.");
	else if (s->mode == MODE_PERF)
		say(t, ROLE_TEXT, "Nothing is posted. Results are kept in %s.",
		        s->results_dir[0] && strcmp(s->results_dir, ".") != 0 ? s->results_dir : "this directory");
	else if (!s->team[0])
		say(t, ROLE_BAD, "Nothing can be posted: no team is named. %s names it.",
		        action_key(action_at(ACTION_SHEET_TEAM), key));
	else if (!*url)
		say(t, ROLE_BAD, "Nothing can be posted: this pair has no leaderboard.");
	else if (s->accuracy == ACCURACY_SKIP)
		say(t, ROLE_BAD, "Nothing will be posted: a run that skips accuracy never is. %s measures it.",
		        action_key(action_at(ACTION_SHEET_ACCURACY), key));
	else if (t->all_doubtful && !s->post_flagged)
		say(t, ROLE_BAD,
		        "Nothing will be posted: every row carries a doubt. --post-flagged posts rows with doubts.");
	else
		say(t, ROLE_WARN, "Every row that passes the gate is posted as \"%s\" to %s. %s", s->team, url,
		        s->post_flagged ? "Rows with doubts are posted too (--post-flagged)."
		                        : "Rows with doubts are kept and not posted.");
}

/* What the pipeline would flag whatever is measured. */
static void say_doubts(struct sheet *t)
{
	const struct settings *s = &t->s;
	const struct track *track = t->v->track;
	const struct ev_server_seen *server = &t->b->server;
	if (s->mode == MODE_ACC || !track || t->plan.n_cells == 0)
		return;
	if (t->off_rule > 0)
		say(t, ROLE_WARN, "! doubt: %d of %d rows are off the track's number of requests", t->off_rule,
		        t->plan.n_cells);
	if (t->other_model)
		say(t, ROLE_WARN, "! doubt: MODEL is %s, the track is %s", s->model[0] ? s->model : "not set",
		        track->model);
	else if (t->other_served)
		say(t, ROLE_WARN, "! doubt: the server serves %s, MODEL is %s", server->model, s->model);
	if (t->other_ratio)
		say(t, ROLE_WARN, "! doubt: RANDOM_RANGE_RATIO is %g, the track runs %g", s->ratio, track->ratio);
	if (s->accuracy == ACCURACY_SKIP && s->mode == MODE_PERF)
		say(t, ROLE_WARN, "! doubt: accuracy is not measured, so this run can never be posted");
}

/* The launch script chooses the prefill size when the server starts: rows that are meant for another one. */
static void say_launch(struct sheet *t)
{
	const struct track *track = t->v->track;
	const struct ev_server_seen *server = &t->b->server;
	const struct plan_cell *c = t->plan.cells;
	struct launch_needs n;
	char key[16], more[40] = "";
	bool runs = t->b->have_server && server->prefill > 0 && !t->s.restart_server;
	if (!track || t->s.mode == MODE_ACC || t->plan.n_cells == 0)
		return;
	int shape =
	        runs ? launch_shape_of_server(track, server->prefill) : launch_shape(track, c->isl, c->osl, c->conc);
	launch_needs(&t->plan, track, shape, &n);
	if (n.other == 0 || launch_prefill(track, shape) == 0)
		return;
	c = &t->plan.cells[n.first];
	int meant = launch_prefill(track, launch_shape(track, c->isl, c->osl, c->conc));
	action_key(action_at(ACTION_SHEET_LAUNCH), key);
	if (t->s.restart_shapes) {
		say(t, ROLE_WARN,
		        "The server is restarted %d more time%s, so that %d/%d at CONC %d runs with its prefill size of %d; accuracy is measured anew then. %s leaves the server as it is.",
		        n.restarts, n.restarts == 1 ? "" : "s", c->isl, c->osl, c->conc, meant, key);
		return;
	}
	if (n.other > 1)
		str_fmt(more, sizeof more, " (and %d more row%s)", n.other - 1, n.other == 2 ? "" : "s");
	say(t, ROLE_WARN,
	        "! note: %d/%d at CONC %d%s is meant for a prefill size of %d, the server %s %lld. %s restarts it for that.",
	        c->isl, c->osl, c->conc, more, meant, runs ? "runs with" : "starts with",
	        runs ? (long long)server->prefill : (long long)launch_prefill(track, shape), key);
}

static void sheet_make(struct sheet *t, const struct board *b, const struct view *v)
{
	*t = (struct sheet){.b = b, .v = v};
	view_compose(v, &t->s);
	if (view_plan(v, &t->plan, &t->bad) < 0)
		t->plan.n_cells = 0;
	for (int i = 0; i < t->plan.n_cells; i++) {
		const struct plan_cell *p = &t->plan.cells[i];
		bool measured;
		t->requests += p->num_prompts;
		t->seconds += expect_s(b, p, t->s.mode, &measured);
		t->measured += measured;
		t->off_rule += p->num_prompts != p->rule_prompts;
		t->pairs += i == 0 || p->isl != p[-1].isl || p->osl != p[-1].osl;
	}
	if (v->track) {
		t->other_model = strcmp(t->s.model, v->track->model) != 0;
		t->other_served = b->have_server && b->server.model[0] && strcmp(b->server.model, t->s.model) != 0;
		t->other_ratio = !t->s.batch && fabs(t->s.ratio - v->track->ratio) > 1e-12;
	}
	t->all_doubtful = t->plan.n_cells > 0 &&
	                  (t->other_model || t->other_served || t->other_ratio || t->off_rule == t->plan.n_cells);
	say_post(t);
	say_doubts(t);
	say_launch(t);
}

static struct pen labelled(struct canvas *c, struct rect r, int row, const char *label)
{
	canvas_text(c, row, r.col, LABEL_COLS, ROLE_DIM, 0, label);
	return pen_at(c, row, r.col + LABEL_COLS, r.cols - LABEL_COLS);
}

static void line_mode(struct canvas *c, struct rect r, int row, const struct sheet *t)
{
	struct pen p = labelled(c, r, row, "run");
	enum run_mode mode = t->s.mode;
	const char *name = mode == MODE_SUBMIT ? "SUBMIT" : mode == MODE_ACC ? "ACC" : "PERF";
	pen_put(&p, mode == MODE_SUBMIT ? ROLE_WARN : ROLE_STRONG, 0, "%s", name);
	pen_put(&p, ROLE_TEXT, 0, "  %s",
	        mode == MODE_ACC                 ? "accuracy only"
	        : t->s.accuracy == ACCURACY_SKIP ? "load only"
	                                         : "accuracy, then load");
	if (t->v->only_focused)
		pen_put(&p, ROLE_INFO, 0, ", this CONC only");
	if (t->s.n_pairs > 1)
		pen_put(&p, ROLE_TEXT, 0, "   %d ISL/OSL pairs", t->s.n_pairs);
	else
		pen_pair(&p, 3, "ISL/OSL", ROLE_TEXT, "%d/%d", t->s.pairs[0][0], t->s.pairs[0][1]);
}

static void line_server(struct canvas *c, struct rect r, int row, const struct sheet *t)
{
	struct pen p = labelled(c, r, row, "server");
	struct words w;
	words_server(&w, t->b);
	bool ready = t->b->have_server && t->b->server.phase == SERVER_READY;
	pen_put(&p, w.role, 0, "%s  ", w.text);
	if (!ready || t->s.restart_server)
		p.end -= 20;
	pen_fit(&p, ROLE_TEXT, 0, t->s.base_url);
	if (t->s.restart_server) {
		p = pen_at(c, row, p.col, r.col + r.cols - p.col);
		pen_put(&p, ROLE_WARN, 0, "   restarted first");
	} else if (!ready) {
		p = pen_at(c, row, p.col, r.col + r.cols - p.col);
		pen_put(&p, ROLE_WARN, 0, "   starts when ready");
	}
}

static void line_accuracy(struct canvas *c, struct rect r, int row, const struct sheet *t)
{
	static const char *const modes[] = {
	        "before each row", "once, before the first row", "SKIPPED: figures without it are never posted"};
	struct pen p = labelled(c, r, row, "accuracy");
	unsigned mode = (unsigned)t->s.accuracy;
	pen_put(&p, mode == ACCURACY_SKIP ? ROLE_WARN : ROLE_TEXT, 0, "%s", modes[mode < 3 ? mode : 0]);
	if (mode != ACCURACY_SKIP && t->s.acc_concurrency > 0)
		pen_put(&p, ROLE_DIM, 0, "   %d requests in flight", t->s.acc_concurrency);
}

static void line_prompts(struct canvas *c, struct rect r, int row, const struct sheet *t)
{
	struct pen p = labelled(c, r, row, "prompts");
	if (t->s.mode == MODE_ACC) {
		pen_put(&p, ROLE_DIM, 0, "none: no load is run");
		return;
	}
	if (t->s.all_prompts > 0)
		pen_put(&p, t->off_rule > 0 ? ROLE_WARN : ROLE_TEXT, 0, "%d a row, ", t->s.all_prompts);
	else
		pen_put(&p, ROLE_TEXT, 0, "%s, ",
		        t->off_rule > 0 ? "NUM_PROMPTS of the environment" : "by the track's rule");
	pen_put(&p, ROLE_TEXT, 0, "%s",
	        t->s.prompts == PROMPTS_TEXT ? "as text, like the reference client"
	        : t->s.tokenizer_missing[0]  ? "as token ids (noted): no tokenizer found"
	                                     : "as token ids (noted)");
}

static const struct table_column columns[] = {
        {"CONC", 4, true}, {"ISL/OSL", 11, true}, {"requests", 8, true}, {"expected", 8, true}, {"", 21, false}};

static void row_draw(struct canvas *c, struct rect r, int row, const struct sheet *t, int i)
{
	const struct plan_cell *p = &t->plan.cells[i];
	char conc[16], pair[24], number[40], about[16], says[64] = "";
	bool measured, acc = t->s.mode == MODE_ACC;
	double seconds = expect_s(t->b, p, t->s.mode, &measured);
	if (p->num_prompts != p->rule_prompts && !acc)
		str_fmt(says, sizeof says, "! the rule says %d", p->rule_prompts);
	else if (measured)
		str_fmt(says, sizeof says, "as measured before");
	const struct table_cell cells[] = {{str_fmt(conc, sizeof conc, "%d", p->conc), ROLE_STRONG},
	        {str_fmt(pair, sizeof pair, "%d/%d", p->isl, p->osl), ROLE_TEXT},
	        {fmt_number(acc ? (double)NAN : (double)p->num_prompts, 0, number), ROLE_TEXT},
	        {fmt_about(seconds, about), ROLE_TEXT}, {says, says[0] == '!' ? ROLE_WARN : ROLE_DIM}};
	widget_table_row(c, row, r.col + LABEL_COLS, r.cols - LABEL_COLS, columns, 5, cells);
}

static void line_total(struct canvas *c, struct rect r, int row, const struct sheet *t)
{
	char number[40], about[16], at[9];
	struct pen p = labelled(c, r, row, "in all");
	if (t->bad.code) {
		pen_fit(&p, ROLE_BAD, 0, t->bad.text);
		return;
	}
	if (t->plan.n_cells == 0) {
		pen_put(&p, ROLE_WARN, 0, "no CONC is picked: %s picks one, %s all",
		        action_key(action_at(ACTION_PICK), about), action_key(action_at(ACTION_ALL), number));
		return;
	}
	pen_put(&p, ROLE_STRONG, 0, "%d row%s", t->plan.n_cells, t->plan.n_cells == 1 ? "" : "s");
	if (t->pairs > 1)
		pen_put(&p, ROLE_TEXT, 0, " in %d pairs", t->pairs);
	if (t->s.mode != MODE_ACC)
		pen_put(&p, ROLE_TEXT, 0, ", %s requests", fmt_number((double)t->requests, 0, number));
	pen_put(&p, ROLE_STRONG, 0, ", %s", fmt_about(t->seconds, about));
	if (t->v->now_wall_ns > 0 && t->seconds < 7 * 86400.0 && t->b->have_server &&
	        t->b->server.phase == SERVER_READY) {
		clock_hms(t->v->now_wall_ns + (int64_t)(t->seconds * 1e9), at);
		pen_put(&p, ROLE_DIM, 0, ", done at about %.5s", at);
	}
}

/* The rows, as many as there is room for, and what they come to. */
static void rows_draw(struct canvas *c, struct rect r, const struct sheet *t)
{
	char more[40];
	int n = t->plan.n_cells, room = r.rows - 2, skip = 0;
	if (n > room) {
		skip = t->v->help_scroll < 0 ? 0 : t->v->help_scroll > n - room ? n - room : t->v->help_scroll;
		str_fmt(more, sizeof more, "%d-%d of %d  ↑↓", skip + 1, skip + room, n);
		canvas_right(c, r.row, r.col + r.cols - 24, 24, ROLE_DIM, 0, more);
	}
	canvas_text(c, r.row, r.col, LABEL_COLS, ROLE_DIM, 0, "rows");
	widget_table_head(c, r.row, r.col + LABEL_COLS, r.cols - LABEL_COLS - 24, columns, 4);
	int shown = n < room ? n : room;
	for (int i = 0; i < shown; i++)
		row_draw(c, r, r.row + 1 + i, t, skip + i);
	line_total(c, r, r.row + 1 + (shown > 0 ? shown : 0), t);
}

static int says_rows(struct canvas *c, struct rect r, const struct sheet *t)
{
	int used = 0;
	for (int i = 0; i < t->n_says && used < r.rows; i++) {
		struct rect line = {r.row + used, r.col, r.rows - used < 4 ? r.rows - used : 4, r.cols};
		used += form_wrap(c, line, t->says[i].role, 0, t->says[i].text);
	}
	return used;
}

void sheet_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	struct sheet t;
	sheet_make(&t, b, v);
	int cols = c->cols - 4 < SHEET_COLS ? c->cols - 4 : SHEET_COLS, high = c->rows - 2;
	int most = high - 2 - 4 - 4 - 1; /* frame, lines, two rows with heading and sum, keys */
	int words = says_rows(NULL, (struct rect){0, 0, most > 1 ? most : 1, cols - 4}, &t);
	int airy = 2 + 4 + 1 + t.plan.n_cells + 2 + 1 + words + 1 + 1;
	bool tight = airy > high;
	struct rect r = form_open(c, tight ? airy - 3 : airy, cols, "Run sheet", v->track ? v->track->name : NULL);
	int row = r.row, gap = tight ? 0 : 1;
	line_mode(c, r, row++, &t);
	line_server(c, r, row++, &t);
	line_accuracy(c, r, row++, &t);
	line_prompts(c, r, row++, &t);
	row += gap;
	int keys = r.row + r.rows - 1, words_row = keys - gap - words;
	rows_draw(c, (struct rect){row, r.col, words_row - gap - row, r.cols}, &t);
	says_rows(c, (struct rect){words_row, r.col, words, r.cols}, &t);
	form_keys(c, keys, r.col, r.cols, v);
	form_close(c, r);
}
