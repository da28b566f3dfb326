/* What a run's page says about trust: accuracy against its limits, the board's answers, doubts and notes. */
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "page_run.h"
#include <math.h>
#include <string.h>

/* ---- accuracy ---- */

/* The worst of what was measured for the pair: accuracy is measured before each CONC, or once. */
struct accuracy_seen {
	double value[TRACK_METRICS];
	int measured; /* times, reused ones not counted */
	const struct ev_accuracy_measured *last;
	bool passed, failed; /* a gate said so */
};

static void accuracy_add(struct accuracy_seen *a, const struct ev_accuracy_measured *m)
{
	const double values[TRACK_METRICS] = {m->bits_per_byte, m->byte_perplexity, m->word_perplexity};
	for (int i = 0; i < TRACK_METRICS; i++)
		a->value[i] = fmax(a->value[i], values[i]);
	a->measured += !m->reused;
	a->last = m;
}

static struct accuracy_seen accuracy_of(const struct run_page *r)
{
	struct accuracy_seen a = {.value = {NAN, NAN, NAN}};
	for (int i = 0; i < r->b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *cell = &r->b->cells[i];
		if (!run_page_has(r, cell))
			continue;
		if (cell->have_accuracy)
			accuracy_add(&a, &cell->accuracy);
		a.failed = a.failed || (cell->have_gate && !cell->gate.passed);
		a.passed = a.passed || (cell->have_gate && cell->gate.passed);
	}
	if (!a.last && r->b->have_accuracy)
		accuracy_add(&a, &r->b->accuracy);
	return a;
}

static double allowance(const struct track *t)
{
	return t && t->multiplier > 1 ? t->multiplier - 1 : NAN;
}

static enum role drift_role(double share)
{
	return !isfinite(share) ? ROLE_DIM : share > 1 ? ROLE_BAD : share > 0.8 ? ROLE_WARN : ROLE_GOOD;
}

static const struct page_column metric_columns[] = {{.head = "", .cols = 9},
        {.head = "measured", .gap = 1, .cols = 8, .right = true},
        {.head = "baseline", .gap = 2, .cols = 8, .rank = 2, .right = true},
        {.head = "limit", .gap = 2, .cols = 7, .right = true}, {.head = "drift", .gap = 2, .cols = 7, .right = true},
        {.head = "of allowed", .gap = 2, .cols = 10, .most = 16, .rank = 1}};
#define METRIC_COLUMNS ((int)(sizeof metric_columns / sizeof metric_columns[0]))

static void metric_line(struct canvas *c, struct rect line, const struct page_column *t, const struct run_page *r,
        const struct accuracy_seen *a, int i)
{
	static const char *const names[TRACK_METRICS] = {"bits/byte", "byte ppl", "word ppl"};
	double baseline = r->track && r->track->metrics[i].baseline > 0 ? r->track->metrics[i].baseline : NAN;
	double allowed = allowance(r->track), drift = a->value[i] / baseline - 1, share = drift / allowed;
	char text[16];
	page_cell(c, line.row, line.col, &t[0], ROLE_DIM, names[i]);
	page_number(c, line.row, line.col, &t[1], ROLE_STRONG, a->value[i], 4);
	page_number(c, line.row, line.col, &t[2], ROLE_TEXT, baseline, 4);
	page_number(c, line.row, line.col, &t[3], ROLE_TEXT, baseline * (1 + allowed), 4);
	page_cell(c, line.row, line.col, &t[4], drift_role(share), fmt_percent(drift, 2, text));
	if (!t[5].off && isfinite(share))
		widget_gauge(c, line.row, line.col + t[5].at, t[5].cols, share);
}

static void accuracy_words(const struct run_page *r, const struct accuracy_seen *a, struct words *w)
{
	char took[16];
	w->role = ROLE_DIM;
	if (!a->last) {
		str_fmt(w->text, sizeof w->text, "%s",
		        r->b->run.accuracy == ACCURACY_SKIP && r->b->have_run ? "skipped: not for the board"
		                                                              : "not measured");
		return;
	}
	size_t len = strlen(str_fmt(w->text, sizeof w->text, "%s",
	        a->measured > 1          ? ""
	        : a->last->documents > 0 ? ""
	                                 : "as the result files say"));
	if (a->measured > 1)
		len = strlen(str_fmt(w->text, sizeof w->text, "the worst of %d measurements", a->measured));
	if (a->last->documents > 0)
		str_fmt(w->text + len, sizeof w->text - len, "%s%lld documents in %s%s%s", len ? "; " : "",
		        (long long)a->last->documents, clock_duration(a->last->duration_s, took),
		        a->last->endpoint[0] ? ", " : "", a->last->endpoint);
}

static void accuracy_title(struct pen *p, const struct run_page *r, const struct accuracy_seen *a)
{
	double allowed = allowance(r->track);
	int inside = 0, outside = 0;
	for (int i = 0; a->last && isfinite(allowed) && i < TRACK_METRICS; i++) {
		double limit = r->track->metrics[i].baseline * (1 + allowed);
		inside += limit > 0 && a->value[i] <= limit;
		outside += limit > 0 && a->value[i] > limit;
	}
	pen_put(p, ROLE_TITLE, 0, " Accuracy ");
	if (a->failed)
		pen_put(p, ROLE_BAD, 0, "✗ OUTSIDE the gate ");
	else if (outside > 0)
		pen_put(p, ROLE_BAD, 0, "✗ outside the limits ");
	else if (inside == TRACK_METRICS || (a->last && a->passed && !isfinite(allowed)))
		pen_put(p, ROLE_GOOD, 0, "✓ inside the gate ");
	else
		pen_put(p, ROLE_WARN, 0,
		        !a->last            ? "not measured "
		        : isfinite(allowed) ? "not all was measured "
		                            : "limits unknown ");
	if (isfinite(allowed) && a->last)
		pen_put(p, ROLE_DIM, 0, "of +%.3g%% ", allowed * 100);
}

/* Line i of 5: heading, three metrics, where they come from. */
static void accuracy_line(
        struct canvas *c, struct rect line, int i, const struct run_page *r, const struct accuracy_seen *a)
{
	struct page_column t[METRIC_COLUMNS];
	struct words w;
	memcpy(t, metric_columns, sizeof t);
	page_columns(t, METRIC_COLUMNS, line.cols);
	if (i == 0)
		page_heads(c, line.row, line.col, t, METRIC_COLUMNS);
	else if (i <= TRACK_METRICS)
		metric_line(c, line, t, r, a, i - 1);
	else if (i == TRACK_METRICS + 1) {
		accuracy_words(r, a, &w);
		canvas_fit(c, line.row, line.col, line.cols, w.role, 0, w.text);
	}
}

/* ---- the board ---- */

static int posts_count(const struct run_page *r)
{
	int n = 0;
	for (int i = 0; i < r->b->n_cells && i < BOARD_CELLS; i++)
		n += run_page_has(r, &r->b->cells[i]) && r->b->cells[i].post.state != POST_NONE;
	return n;
}

static const char *posts_none(const struct run_page *r)
{
	if (official_tool(r->run) || !r->b->have_run || !r->run->manifest.have)
		return "not recorded here";
	return r->b->run.mode == MODE_SUBMIT ? "nothing was posted" : "not a submit run: nothing was posted";
}

#define POST_COLS 20 /* CONC, mark and state before the sentence */

/* Columns of the accuracy, left of the board's. */
static int board_split(const struct page *g)
{
	return g->cols * 11 / 20 + 1;
}

/* Post i of the pair; the sentence on as many columns as there are. */
static void post_line(struct canvas *c, struct rect line, const struct run_page *r, int i)
{
	struct words w;
	int n = 0;
	if (posts_count(r) == 0 && i == 0)
		canvas_fit(c, line.row, line.col, line.cols, ROLE_DIM, 0, posts_none(r));
	for (int k = 0; k < r->b->n_cells && k < BOARD_CELLS; k++) {
		const struct board_cell *cell = &r->b->cells[k];
		if (!run_page_has(r, cell) || cell->post.state == POST_NONE || n++ != i)
			continue;
		words_post(&w, cell, 12);
		struct pen p = pen_at(c, line.row, line.col, line.cols);
		pen_put(&p, ROLE_STRONG, 0, "%4lld", (long long)cell->plan.conc);
		pen_put(&p, w.role, 0, "  %s %-11s ",
		        w.role == ROLE_GOOD  ? "✓"
		        : w.role == ROLE_BAD ? "✗"
		                             : "·",
		        w.text);
		pen_fit(&p, ROLE_TEXT, 0, cell->post.text);
	}
}

/* Side by side in a frame, one below the other without. */
void run_accuracy(struct run_page *r)
{
	struct accuracy_seen a = accuracy_of(r);
	struct page *g = &r->page;
	int half = g->framed ? board_split(g) - 1 : g->cols, posts = posts_count(r);
	int left_lines = a.last ? TRACK_METRICS + 2 : 1, lines = left_lines;
	struct pen p = page_rule(g);
	int top = p.row, wall = g->left + half + 1;
	accuracy_title(&p, r, &a);
	if (g->framed) {
		struct pen board = pen_at(g->c, top, wall + 2, g->left + g->cols - wall - 2);
		pen_put(&board, ROLE_TITLE, 0, " Board ");
		page_branch(g, top, wall, false, true);
		lines = posts > lines ? posts : lines;
	}
	for (int i = 0; i < lines; i++) {
		int row = page_next(g);
		if (a.last)
			accuracy_line(g->c, (struct rect){row, g->left, 1, half}, i, r, &a);
		else if (i == 0)
			accuracy_line(g->c, (struct rect){row, g->left, 1, half}, TRACK_METRICS + 1, r, &a);
		if (!g->framed)
			continue;
		canvas_text(g->c, row, wall, 1, ROLE_BOX, 0, "│");
		post_line(g->c, (struct rect){row, wall + 2, 1, g->left + g->cols - wall - 2}, r, i);
	}
	if (g->framed)
		return;
	p = page_rule(g);
	pen_put(&p, ROLE_TITLE, 0, " Board ");
	for (int i = 0; i == 0 || i < posts; i++)
		post_line(g->c, (struct rect){page_next(g), g->left, 1, g->cols}, r, i);
}

/* ---- doubts and notes ---- */

static bool same_flag(const struct ev_flag_raised *a, const struct ev_flag_raised *b)
{
	return a->flag == b->flag && a->doubt == b->doubt && strcmp(a->text, b->text) == 0;
}

static bool cell_says(const struct board_cell *cell, const struct ev_flag_raised *flag)
{
	for (int i = 0; i < cell->n_flags && i < BOARD_FLAGS; i++) {
		if (same_flag(&cell->flags[i], flag))
			return true;
	}
	return false;
}

/* A sentence that several rows carry stands once, with their CONCs. */
static void say_flag(struct run_page *r, int at, const struct ev_flag_raised *flag)
{
	char concs[64] = "", line[400];
	int said = 0, last = -1;
	for (int i = 0; i < r->b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *cell = &r->b->cells[i];
		if (!run_page_has(r, cell) || !cell_says(cell, flag))
			continue;
		if (i < at)
			return;
		if ((int)cell->plan.conc != last)
			page_list_add(concs, sizeof concs, (long long)cell->plan.conc);
		last = (int)cell->plan.conc;
		said++;
	}
	if (said == r->cells && said > 1)
		str_fmt(line, sizeof line, "every CONC: %s", flag->text);
	else
		str_fmt(line, sizeof line, "CONC %s: %s", concs, flag->text);
	page_wrap(&r->page, flag->doubt ? ROLE_WARN : ROLE_DIM, flag->doubt ? "!" : "·", 2,
	        flag->doubt ? ROLE_WARN : ROLE_TEXT, line);
}

static bool says_doubt(const struct board_cell *cell, enum flag_code code)
{
	for (int i = 0; i < cell->n_flags && i < BOARD_FLAGS; i++) {
		if (cell->flags[i].flag == code)
			return true;
	}
	return false;
}

/* Why a row did not pass, and what its first failed request said. */
static void say_end(struct run_page *r, const struct board_cell *cell)
{
	char line[640];
	long long conc = (long long)cell->plan.conc;
	bool bad = cell->status == CELL_FAILED || cell->status == CELL_GATE_FAILED;
	if (cell->status > CELL_RUNNING && cell->status != CELL_PASSED && cell->done.text[0])
		page_wrap(&r->page, bad ? ROLE_BAD : ROLE_WARN, bad ? "✗" : "-", 2, bad ? ROLE_BAD : ROLE_TEXT,
		        str_fmt(line, sizeof line, "CONC %lld: %s", conc, cell->done.text));
	if (cell->have_gate && !cell->gate.passed && cell->gate.text[0])
		page_wrap(&r->page, ROLE_BAD, "✗", 2, ROLE_BAD,
		        str_fmt(line, sizeof line, "CONC %lld: %s", conc, cell->gate.text));
	if (cell->have_load && cell->load.failed > 0 &&
	        (cell->load.first_error[0] || !says_doubt(cell, FLAG_FAILED_REQUESTS)))
		page_wrap(&r->page, ROLE_WARN, "!", 2, ROLE_WARN,
		        str_fmt(line, sizeof line, "CONC %lld: %lld of %lld requests failed%s%s", conc,
		                (long long)cell->load.failed, (long long)cell->plan.num_prompts,
		                cell->load.first_error[0] ? "; the first: " : "", cell->load.first_error));
}

/* What the board said, where it did not fit into its box. */
static void say_post(struct run_page *r, const struct board_cell *cell)
{
	const struct page *g = &r->page;
	int room = (g->framed ? g->cols - board_split(g) - 2 : g->cols) - POST_COLS;
	char line[400];
	struct words w;
	if (cell->post.state == POST_NONE || text_width(cell->post.text, strlen(cell->post.text)) <= room)
		return;
	words_post(&w, cell, 12);
	page_wrap(&r->page, w.role, w.role == ROLE_BAD ? "✗" : "·", 2, w.role == ROLE_BAD ? ROLE_BAD : ROLE_TEXT,
	        str_fmt(line, sizeof line, "CONC %lld, post %s: %s", (long long)cell->plan.conc,
	                post_state_word((int)cell->post.state), cell->post.text));
}

void run_notes(struct run_page *r)
{
	struct pen p = page_rule(&r->page);
	pen_put(&p, ROLE_TITLE, 0, " Valid? ");
	if (r->doubts > 0)
		pen_put(&p, ROLE_WARN, 0, "! %d row%s with doubts ", r->doubts, r->doubts == 1 ? "" : "s");
	else if (!r->run->manifest.have)
		pen_put(&p, ROLE_DIM, 0, "not checked: no manifest ");
	else if (r->measured)
		pen_put(&p, ROLE_GOOD, 0, "✓ no doubts ");
	char line[400];
	if (r->b->finished && r->b->end.text[0] && r->stopped + r->unfinished > 0)
		page_wrap(&r->page, ROLE_WARN, "!", 2, ROLE_WARN,
		        str_fmt(line, sizeof line, "the run ended: %s", r->b->end.text));
	for (int i = 0; i < r->b->n_cells && i < BOARD_CELLS; i++) {
		if (!run_page_has(r, &r->b->cells[i]))
			continue;
		say_end(r, &r->b->cells[i]);
		say_post(r, &r->b->cells[i]);
	}
	for (int doubt = 1; doubt >= 0; doubt--) {
		for (int i = 0; i < r->b->n_cells && i < BOARD_CELLS; i++) {
			const struct board_cell *cell = &r->b->cells[i];
			for (int k = 0; run_page_has(r, cell) && k < cell->n_flags && k < BOARD_FLAGS; k++) {
				if (cell->flags[k].doubt == (doubt == 1))
					say_flag(r, i, &cell->flags[k]);
			}
		}
	}
}
