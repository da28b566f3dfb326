/* Two runs side by side: what must be read before the numbers, the verdict, a block of rows a metric, what changed. */
#include "../../engine/base/text.h"
#include "dash.h"
#include "page.h"
#include "results.h"
#include <math.h>
#include <string.h>

enum { C_CONC, C_OLD, C_NEW, C_CHANGE, C_NOISE, C_VERDICT, C_RANGE, C_RUNS, C_count };

static const struct page_column compare_columns[C_count] = {[C_CONC] = {.head = "CONC", .cols = 4, .right = true},
        [C_OLD] = {.head = "A", .gap = 2, .cols = 8, .right = true},
        [C_NEW] = {.head = "B", .gap = 2, .cols = 8, .right = true},
        [C_CHANGE] = {.head = "change", .gap = 2, .cols = 7, .right = true},
        [C_NOISE] = {.head = "noise", .gap = 1, .cols = 6, .rank = 1, .right = true},
        [C_VERDICT] = {.head = "B is", .gap = 2, .cols = 8, .most = 20},
        [C_RANGE] = {.head = "interval", .gap = 2, .cols = 16, .rank = 3, .right = true},
        [C_RUNS] = {.head = "runs", .gap = 2, .cols = 5, .rank = 2, .right = true}};

static void verdict_words(const struct compare_line *l, int cols, struct words *w)
{
	static const struct {
		enum compare_verdict verdict;
		enum role role;
		const char *words, *brief;
	} verdicts[] = {{COMPARE_FASTER, ROLE_GOOD, "+ faster", "+ faster"},
	        {COMPARE_SLOWER, ROLE_BAD, "- slower", "- slower"},
	        {COMPARE_SAME, ROLE_TEXT, "= no difference seen", "= noise"},
	        {COMPARE_NONE, ROLE_WARN, "? starts differ", "? starts"}};
	w->role = ROLE_DIM;
	str_fmt(w->text, sizeof w->text, "%s",
	        l->runs_a > 0 && l->runs_b > 0 ? "—"
	        : l->runs_a > 0                ? "only in A"
	        : l->runs_b > 0                ? "only in B"
	                                       : "—");
	for (size_t i = 0; isfinite(l->change) && i < sizeof verdicts / sizeof verdicts[0]; i++) {
		if (verdicts[i].verdict != l->verdict)
			continue;
		w->role = verdicts[i].role;
		bool fits = (int)strlen(verdicts[i].words) <= cols;
		str_fmt(w->text, sizeof w->text, "%s", fits ? verdicts[i].words : verdicts[i].brief);
	}
}

static int decimals_of(enum compare_metric m)
{
	return m == COMPARE_E2E ? 0 : m == COMPARE_TPOT || m == COMPARE_ITL ? 2 : 1;
}

/* In six columns: fewer decimals, never a cut number. */
static char *noise_words(double noise, char out[48])
{
	double percent = fabs(noise) * 100;
	if (!isfinite(noise))
		return str_fmt(out, 48, "—");
	if (percent >= 9999.5)
		return str_fmt(out, 48, "> 100×");
	return str_fmt(out, 48, "±%.*f%%", percent < 99.95 ? 1 : 0, percent);
}

static void line_draw(struct canvas *c, int row, int left, const struct page_column *t, const struct compare_line *l)
{
	char text[48], low[16], high[16];
	struct words w;
	page_cell(c, row, left, &t[C_CONC], ROLE_STRONG, str_fmt(text, sizeof text, "%d", l->conc));
	page_number(c, row, left, &t[C_OLD], ROLE_TEXT, l->old_value, decimals_of(l->metric));
	page_number(c, row, left, &t[C_NEW], ROLE_STRONG, l->new_value, decimals_of(l->metric));
	verdict_words(l, t[C_VERDICT].cols, &w);
	page_cell(c, row, left, &t[C_CHANGE], isfinite(l->change) ? w.role : ROLE_DIM, fmt_percent(l->change, 1, text));
	page_cell(c, row, left, &t[C_NOISE], ROLE_DIM, noise_words(l->noise, text));
	page_cell(c, row, left, &t[C_VERDICT], w.role, w.text);
	if (isfinite(l->low) && isfinite(l->high))
		str_fmt(text, sizeof text, "%s..%s", fmt_percent(l->low, 1, low), fmt_percent(l->high, 1, high));
	else
		str_fmt(text, sizeof text, "—");
	page_cell(c, row, left, &t[C_RANGE], ROLE_DIM, text);
	page_cell(c, row, left, &t[C_RUNS], ROLE_DIM, str_fmt(text, sizeof text, "%d/%d", l->runs_a, l->runs_b));
}

/* ---- blocks ---- */

/* The k-th line of a pair's metric; NULL past the end. */
static const struct compare_line *line_at(
        const struct compare_result *r, const struct compare_line *pair, enum compare_metric m, int k)
{
	for (int i = 0; i < r->n_lines; i++) {
		const struct compare_line *l = &r->lines[i];
		if (l->isl == pair->isl && l->osl == pair->osl && l->metric == m && k-- == 0)
			return l;
	}
	return NULL;
}

static const char *metric_title(enum compare_metric m)
{
	static const char *const titles[COMPARE_METRICS] = {
	        "Throughput per GPU, tok/s", "E2E, ms", "Interactivity, tok/s/user", "TTFT, ms", "TPOT, ms", "ITL, ms"};
	return (unsigned)m < COMPARE_METRICS ? titles[m] : "?";
}

/* `count` metrics side by side: a rule with their names, then a row a CONC. */
static void band_draw(
        struct page *g, const struct compare_result *r, const struct compare_line *pair, int first, int count)
{
	int gap = 3, width = (g->cols - gap * (count - 1)) / count, rows = 0;
	struct page_column t[C_count];
	struct pen rule = page_rule(g);
	memcpy(t, compare_columns, sizeof t);
	page_columns(t, C_count, width);
	for (int k = 0; k < count && first + k < COMPARE_METRICS; k++) {
		int left = g->left + k * (width + gap), n = 0;
		enum compare_metric m = (enum compare_metric)(first + k);
		struct pen p = pen_at(g->c, rule.row, left - (k > 0 && g->framed ? 1 : 0), width);
		pen_put(&p, ROLE_TITLE, 0, " %s ", metric_title(m));
		pen_put(&p, ROLE_DIM, 0,
		        m == COMPARE_TPUT || m == COMPARE_INTVTY ? "more is better " : "less is better ");
		if (k > 0)
			page_branch(g, rule.row, left - 2, first > 0, true);
		while (line_at(r, pair, m, n))
			n++;
		rows = n > rows ? n : rows;
	}
	for (int i = first == 0 ? -1 : 0; i < rows; i++) {
		int row = page_next(g);
		for (int k = 0; k < count && first + k < COMPARE_METRICS; k++) {
			int left = g->left + k * (width + gap);
			const struct compare_line *l =
			        i < 0 ? NULL : line_at(r, pair, (enum compare_metric)(first + k), i);
			if (k > 0)
				canvas_text(g->c, row, left - 2, 1, ROLE_BOX, 0, "│");
			if (i < 0)
				page_heads(g->c, row, left, t, C_count);
			else if (l)
				line_draw(g->c, row, left, t, l);
		}
	}
}

static bool first_of_its_pair(const struct compare_result *r, int at)
{
	for (int i = 0; i < at; i++) {
		if (r->lines[i].isl == r->lines[at].isl && r->lines[i].osl == r->lines[at].osl)
			return false;
	}
	return true;
}

static void pairs_draw(struct page *g, const struct compare_result *r)
{
	int count = g->area.cols >= PAGE_WIDE ? 3 : g->framed ? 2 : 1;
	bool several =
	        r->n_lines > 0 && line_at(r, &r->lines[0], r->lines[0].metric, 0) &&
	        (r->lines[0].isl != r->lines[r->n_lines - 1].isl || r->lines[0].osl != r->lines[r->n_lines - 1].osl);
	for (int i = 0; i < r->n_lines; i++) {
		if (!first_of_its_pair(r, i))
			continue;
		if (several)
			canvas_printf(g->c, page_next(g), g->left, g->cols, ROLE_STRONG, 0, "%d in, %d out",
			        r->lines[i].isl, r->lines[i].osl);
		for (int m = 0; m < COMPARE_METRICS; m += count)
			band_draw(g, r, &r->lines[i], m, count);
	}
}

/* ---- words ---- */

static void side_line(struct page *g, char name, const struct compare_side *s)
{
	struct pen p = pen_at(g->c, page_next(g), g->left, g->cols);
	pen_put(&p, ROLE_STRONG, 0, "%c  ", name);
	if (!s) {
		pen_put(&p, ROLE_DIM, 0, "unknown");
		return;
	}
	pen_fit(&p, ROLE_TEXT, 0, s->label);
	pen_put(&p, ROLE_DIM, 0, "   %d run%s", s->n_runs, s->n_runs == 1 ? "" : "s");
	if (s->start_unknown)
		pen_put(&p, ROLE_WARN, 0, ", server start not recorded");
	else
		pen_put(&p, ROLE_DIM, 0, " on %d server start%s", s->n_starts, s->n_starts == 1 ? "" : "s");
	if (s->n_doubtful > 0)
		pen_put(&p, ROLE_WARN, 0, "   ! %d row%s with doubts", s->n_doubtful, s->n_doubtful == 1 ? "" : "s");
	if (s->n_runs > 0 && s->paths) {
		pen_gap(&p, 3);
		pen_fit(&p, ROLE_DIM, 0, s->paths[0]);
	}
}

static void sentences(struct page *g, const char *title, const char (*text)[240], int n, const char *none)
{
	struct pen p = page_rule(g);
	pen_put(&p, ROLE_TITLE, 0, " %s ", title);
	for (int i = 0; i < n && i < COMPARE_SAID; i++)
		page_wrap(g, ROLE_DIM, "·", 2, ROLE_TEXT, text[i]);
	if (n <= 0)
		page_wrap(g, ROLE_DIM, "", 2, ROLE_DIM, none);
}

static void compare_body(struct page *g, const struct results_view *v)
{
	const struct compare_result *r = v->compare;
	struct pen p = page_top(g);
	pen_put(&p, ROLE_TITLE, 0, " Is B faster than A? ");
	pen_put(&p, ROLE_GOOD, 0, "  +");
	pen_put(&p, ROLE_DIM, 0, " faster  ");
	pen_put(&p, ROLE_BAD, 0, "-");
	pen_put(&p, ROLE_DIM, 0, " slower  = no difference seen  ");
	pen_put(&p, ROLE_WARN, 0, "?");
	pen_put(&p, ROLE_DIM, 0, " starts differ ");
	side_line(g, 'A', v->side_a);
	side_line(g, 'B', v->side_b);
	for (int i = 0; i < r->n_said && i < COMPARE_SAID; i++) {
		enum severity s = r->said_severity[i];
		page_wrap(g, severity_role(s),
		        s == SEV_ERROR  ? "✗"
		        : s == SEV_WARN ? "!"
		                        : "·",
		        2, severity_role(s), r->said[i]);
	}
	if (r->verdict[0])
		page_wrap(g, ROLE_STRONG, "▸", 2, ROLE_STRONG, r->verdict);
	pairs_draw(g, r);
	bool known = v->side_a && v->side_b && v->side_a->manifest.have && v->side_b->manifest.have;
	sentences(g, "What changed", r->changed, r->n_changed,
	        known ? "nothing that was recorded" : "not recorded: it takes a manifest on both sides");
	p = page_rule(g);
	pen_put(&p, ROLE_TITLE, 0, " Method ");
	page_wrap(g, ROLE_DIM, "", 2, ROLE_DIM, r->method);
}

/* ---- the whole ---- */

int results_compare_lines(const struct results_view *v, int cols)
{
	struct page g;
	if (!v->compare)
		return 1;
	page_measure(&g, cols);
	compare_body(&g, v);
	page_bottom(&g);
	return g.line + 1;
}

static void compare_title(struct canvas *c, struct rect line, const struct results_view *v, int below)
{
	char right[48] = "";
	if (below > 0)
		str_fmt(right, sizeof right, "↓ %d%s", below, line.cols >= PAGE_COMPOSED ? " more lines" : "");
	int width = text_width(right, strlen(right));
	canvas_fill(c, line.row, line.col, 1, line.cols, ' ', ROLE_HEADER, 0);
	canvas_text(c, line.row, line.col + line.cols - width - 1, width, ROLE_HEADER, 0, right);
	struct pen p = pen_at(c, line.row, line.col + 1, line.cols - 3 - width);
	pen_put(&p, ROLE_TITLE, ATTR_BOLD, "benchtop  Compare  ");
	if (v->compare && v->side_a && v->side_b) {
		pen_put(&p, ROLE_HEADER, 0, "A ");
		pen_put(&p, ROLE_STRONG, 0, "%s", v->side_a->label);
		pen_put(&p, ROLE_HEADER, 0, "  →  B ");
		pen_fit(&p, ROLE_STRONG, 0, v->side_b->label);
	}
	canvas_attr(c, line.row, line.col, 1, line.cols, ATTR_HEAD);
}

void results_compare_draw(struct canvas *c, struct rect area, const struct results_view *v)
{
	struct page g;
	struct rect body = {area.row + 1, area.col, area.rows - 1, area.cols};
	if (area.rows <= 0 || area.cols <= 0)
		return;
	int lines = v->compare ? results_compare_lines(v, area.cols) - 1 : 0;
	int scroll = page_clamp(v->compare_scroll, lines, body.rows);
	compare_title(c, (struct rect){area.row, area.col, 1, area.cols}, v, lines - body.rows - scroll);
	if (!v->compare) {
		canvas_fit(c, body.rows > 1 ? body.row + 1 : -1, body.col + 2, body.cols - 4, ROLE_DIM, 0,
		        v->ref.have ? "Nothing is compared yet: c on a run compares it with the pinned one."
		                    : "Nothing is compared yet: v pins a run, c on another one compares the two.");
		return;
	}
	page_open(&g, c, body, scroll);
	compare_body(&g, v);
	while (g.framed && g.line < body.rows - 1)
		page_next(&g);
	page_bottom(&g);
}
