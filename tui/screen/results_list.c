/* The list of runs, newest first, and below it the focused one: where it is, what it measured, and how its CONCs did in
 * earlier runs. */
#include "../../engine/base/text.h"
#include "dash.h"
#include "page.h"
#include "results.h"
#include "screen.h"
#include <math.h>
#include <string.h>

enum {
	R_FOCUS,
	R_REF,
	R_TIME,
	R_PAIR,
	R_MODE,
	R_TEAM,
	R_SGLANG,
	R_AITER,
	R_PASSED,
	R_BEST,
	R_WORST,
	R_DOUBTS,
	R_NOTE,
	R_count
};

static const struct page_column list_columns[R_count] = {[R_FOCUS] = {.head = "", .cols = 1},
        [R_REF] = {.head = "", .cols = 1},
        [R_TIME] = {.head = "when", .gap = 1, .cols = 11},
        [R_PAIR] = {.head = "ISL/OSL", .gap = 2, .cols = 11},
        [R_MODE] = {.head = "mode", .gap = 1, .cols = 6, .rank = 7},
        [R_TEAM] = {.head = "team", .gap = 2, .cols = 10, .most = 17, .rank = 9},
        [R_SGLANG] = {.head = "sglang", .gap = 2, .cols = 8, .rank = 1},
        [R_AITER] = {.head = "aiter", .gap = 2, .cols = 8, .rank = 8},
        [R_PASSED] = {.head = "passed", .gap = 2, .cols = 6, .right = true},
        [R_BEST] = {.head = "×best", .gap = 2, .cols = 6},
        [R_WORST] = {.head = "×worst", .gap = 1, .cols = 6, .rank = 2},
        [R_DOUBTS] = {.head = "doubts", .gap = 1, .cols = 6, .rank = 4, .right = true},
        [R_NOTE] = {.head = "", .gap = 2, .cols = 9, .most = 70, .rank = 3}};

#define NOTE_WORDS 24 /* columns from which on there is room for a sentence */

static bool is_reference(const struct results_view *v, const struct shelf_entry *e)
{
	return v->ref.have && e->path && strcmp(v->ref.path, e->path) == 0;
}

static int more_pairs(const struct shelf_entry *e)
{
	int more = 0;
	for (int i = 1; i < e->n_points; i++)
		more += e->points[i].isl != e->points[i - 1].isl || e->points[i].osl != e->points[i - 1].osl;
	return more;
}

/* "1024/1024", and "+2" behind it when the run has two more pairs. */
static char *pair_words(const struct shelf_entry *e, char out[48])
{
	int more = more_pairs(e);
	if (e->n_points <= 0)
		return str_fmt(out, 48, "—");
	str_fmt(out, 48, "%d/%d", e->points[0].isl, e->points[0].osl);
	size_t len = strlen(out);
	if (more > 0)
		str_fmt(out + len, 48 - len, "+%d", more);
	return out;
}

static int doubtful_points(const struct shelf_entry *e)
{
	int n = 0;
	for (int i = 0; i < e->n_points; i++)
		n += e->points[i].doubts > 0;
	return n;
}

static void note_words(const struct results_view *v, const struct shelf_entry *e, int cols, struct words *w)
{
	const char *mark = is_reference(v, e)       ? "reference"
	                   : e->alive               ? "running"
	                   : e->demo                ? "demo"
	                   : e->kind == SHELF_BATCH ? "official"
	                   : e->kind == SHELF_FILE  ? "file"
	                                            : "";
	w->role = e->alive || is_reference(v, e) ? ROLE_INFO : e->demo ? ROLE_WARN : ROLE_DIM;
	const char *note = cols >= NOTE_WORDS ? e->note : "";
	str_fmt(w->text, sizeof w->text, "%s%s%s", mark, mark[0] && note[0] ? "  " : "", note);
}

/* "today 14:00" while it is, "11-23 14:00" in the same year, "2024-11-23" before, all of it where there is room: the list is
 * the only page that looks at the clock. */
static char *when_words(int64_t wall_ns, int64_t now_ns, bool year, char out[24])
{
	char date[24], today[24];
	page_date(wall_ns, date);
	page_date(now_ns, today);
	if (wall_ns > 0 && now_ns > 0 && strncmp(date, today, 10) == 0)
		return str_fmt(out, 24, "%stoday %s", year ? "     " : "", date + 11);
	if (wall_ns > 0 && !year && strncmp(date, today, 4) != 0)
		return str_fmt(out, 24, "%.10s", date);
	return str_fmt(out, 24, "%s", wall_ns > 0 && !year ? date + 5 : date);
}

static void entry_row(struct canvas *c, struct rect line, const struct page_column *t, const struct results_view *v,
        int i, int64_t now_ns)
{
	const struct shelf_entry *e = &v->shelf->entries[i];
	char text[48];
	struct words w;
	int row = line.row, left = line.col;
	if (i == v->focus)
		canvas_text(c, row, left, 1, ROLE_KEY, ATTR_BOLD, "▸");
	page_cell(c, row, left, &t[R_REF], ROLE_INFO, is_reference(v, e) ? "●" : "");
	page_cell(c, row, left, &t[R_TIME], ROLE_TEXT, when_words(e->wall_ns, now_ns, t[R_TIME].cols >= 16, text));
	if (e->kind == SHELF_UNREADABLE) {
		int at = left + t[R_PAIR].at;
		struct pen p = pen_at(c, row, at, line.col + line.cols - at);
		pen_put(&p, ROLE_DIM, 0, "cannot be read: ");
		pen_fit(&p, ROLE_DIM, 0, e->note);
	} else {
		int doubts = doubtful_points(e), tried = e->passed + e->failed;
		enum role role = tried == 0 ? ROLE_DIM : e->failed > 0 ? ROLE_BAD : ROLE_GOOD;
		page_cell(c, row, left, &t[R_PAIR], ROLE_STRONG, pair_words(e, text));
		page_cell(c, row, left, &t[R_MODE], e->mode_known ? ROLE_TEXT : ROLE_DIM,
		        e->mode_known ? run_mode_word((int)e->mode) : "—");
		page_cell(c, row, left, &t[R_TEAM], ROLE_TEXT, e->team);
		page_cell(c, row, left, &t[R_SGLANG], e->sglang[0] ? ROLE_TEXT : ROLE_DIM,
		        e->sglang[0] ? e->sglang : "—");
		page_cell(c, row, left, &t[R_AITER], e->aiter[0] ? ROLE_TEXT : ROLE_DIM, e->aiter[0] ? e->aiter : "—");
		page_cell(c, row, left, &t[R_PASSED], role,
		        tried == 0 ? "—" : str_fmt(text, sizeof text, "%d/%d", e->passed, tried));
		page_ratio(c, row, left, &t[R_BEST], e->best, false);
		page_ratio(c, row, left, &t[R_WORST], e->worst, false);
		page_cell(c, row, left, &t[R_DOUBTS], doubts > 0 ? ROLE_WARN : ROLE_DIM,
		        doubts > 0 ? str_fmt(text, sizeof text, "! %d", doubts) : "·");
		note_words(v, e, t[R_NOTE].cols, &w);
		page_cell(c, row, left, &t[R_NOTE], w.role, w.text);
	}
	if (i == v->focus)
		canvas_attr(c, row, line.col, 1, line.cols, ATTR_FOCUS);
}

/* ---- the focused one ---- */

#define HISTORY 48

/* Earlier values of a CONC as a line whose lowest value stands a little above the ground, with their range in words. What
 * differs by less than the noise of a restart must not look like a mountain. */
#define HISTORY_SPAN 0.05
static void history_draw(
        struct canvas *c, struct rect at, const struct shelf *s, const char *track, const struct shelf_point *point)
{
	float v[HISTORY];
	char text[80], low_text[40], high_text[40];
	int spark = at.cols - 26 < HISTORY ? at.cols - 26 : HISTORY;
	if (spark < 4)
		return;
	int n = shelf_history(s, track, point->isl, point->osl, point->conc, v, NULL, spark);
	float low = INFINITY, high = -INFINITY;
	for (int i = 0; i < n; i++) {
		low = v[i] < low ? v[i] : low;
		high = v[i] > high ? v[i] : high;
	}
	if (n < 2 || !(high > 0)) {
		canvas_fit(c, at.row, at.col, at.cols, ROLE_DIM, 0, n == 1 ? "measured once" : "");
		return;
	}
	double least = (double)high * HISTORY_SPAN,
	       span = (double)high - (double)low > least ? (double)high - (double)low : least;
	double ground = (double)low - span * 0.4;
	for (int i = 0; i < n; i++)
		v[i] = (float)((double)v[i] - ground);
	widget_spark(c, at.row, at.col, spark, v, n, span * 1.4);
	str_fmt(text, sizeof text, "%s..%s in %d", fmt_number((double)low, 0, low_text),
	        fmt_number((double)high, 0, high_text), n);
	canvas_fit(c, at.row, at.col + spark + 1, 25, ROLE_DIM, 0, text);
}

enum {
	P_PAIR,
	P_CONC,
	P_STATE,
	P_TPUT,
	P_TPUT_RATIO,
	P_E2E,
	P_E2E_RATIO,
	P_INTVTY,
	P_INTVTY_RATIO,
	P_HISTORY,
	P_count
};

static const struct page_column point_columns[P_count] = {[P_PAIR] = {.head = "ISL/OSL", .cols = 9},
        [P_CONC] = {.head = "CONC", .gap = 2, .cols = 4, .right = true},
        [P_STATE] = {.head = "result", .gap = 2, .cols = 11},
        [P_TPUT] = {.head = "tok/s/GPU", .gap = 1, .cols = 9, .right = true},
        [P_TPUT_RATIO] = {.head = "", .gap = 1, .cols = 6},
        [P_E2E] = {.head = "E2E ms", .gap = 2, .cols = 7, .rank = 2, .right = true},
        [P_E2E_RATIO] = {.head = "", .gap = 1, .cols = 6, .rank = 3},
        [P_INTVTY] = {.head = "tok/s/u", .gap = 2, .cols = 7, .rank = 4, .right = true},
        [P_INTVTY_RATIO] = {.head = "", .gap = 1, .cols = 6, .rank = 5},
        [P_HISTORY] = {.head = "tok/s/GPU over the runs", .gap = 2, .cols = 40, .most = 80, .rank = 1}};

static void point_row(struct canvas *c, int row, int left, const struct page_column *t, const struct shelf *s,
        const struct shelf_entry *e, const struct shelf_point *p)
{
	char text[24];
	bool passed = p->status == CELL_PASSED, bad = p->status == CELL_FAILED || p->status == CELL_GATE_FAILED;
	page_cell(c, row, left, &t[P_PAIR], ROLE_TEXT, str_fmt(text, sizeof text, "%d/%d", p->isl, p->osl));
	page_cell(c, row, left, &t[P_CONC], ROLE_STRONG, str_fmt(text, sizeof text, "%d", p->conc));
	page_cell(c, row, left, &t[P_STATE],
	        passed ? ROLE_GOOD
	        : bad  ? ROLE_BAD
	               : ROLE_DIM,
	        str_fmt(text, sizeof text, "%s %s",
	                passed ? "✓"
	                : bad  ? "✗"
	                       : "-",
	                cell_status_word((int)p->status)));
	page_number(c, row, left, &t[P_TPUT], ROLE_STRONG, p->tput_per_gpu, 1);
	page_ratio(c, row, left, &t[P_TPUT_RATIO], p->tput_ratio, false);
	page_number(c, row, left, &t[P_E2E], ROLE_TEXT, p->e2el_median, 0);
	page_ratio(c, row, left, &t[P_E2E_RATIO], p->e2e_ratio, true);
	page_number(c, row, left, &t[P_INTVTY], ROLE_TEXT, p->interactivity, 1);
	page_ratio(c, row, left, &t[P_INTVTY_RATIO], p->intvty_ratio, false);
	if (!t[P_HISTORY].off)
		history_draw(c, (struct rect){row, left + t[P_HISTORY].at, 1, t[P_HISTORY].cols}, s, e->track, p);
}

static void detail_draw(struct canvas *c, struct rect area, const struct results_view *v)
{
	struct page g;
	const struct shelf_entry *e = &v->shelf->entries[v->focus];
	struct page_column t[P_count];
	if (area.rows <= 0)
		return;
	page_open(&g, c, area, 0);
	struct pen p = g.framed ? page_rule(&g) : page_top(&g);
	pen_put(&p, ROLE_TITLE, 0, " ");
	p.end--;
	pen_fit(&p, ROLE_TITLE, 0, e->path ? e->path : "");
	canvas_text(c, p.row, p.col, 1, ROLE_BOX, 0, " ");
	p = pen_at(c, page_next(&g), g.left, g.cols);
	if (e->kind != SHELF_UNREADABLE)
		pen_pair(&p, 0, "track", ROLE_TEXT, "%s", e->track[0] ? e->track : "unknown");
	if (e->model[0] && e->kind != SHELF_UNREADABLE)
		pen_pair(&p, 3, "model", ROLE_TEXT, "%s", e->model);
	if (e->note[0]) {
		pen_gap(&p, p.col > p.from ? 3 : 0);
		pen_fit(&p, e->kind == SHELF_UNREADABLE ? ROLE_WARN : ROLE_TEXT, 0, e->note);
	}
	memcpy(t, point_columns, sizeof t);
	t[P_PAIR].cols = more_pairs(e) > 0 ? t[P_PAIR].cols : 0;
	page_columns(t, P_count, g.cols);
	int room = area.rows - g.line - (g.framed ? 1 : 0) - 1;
	if (e->n_points > 0 && room > 0)
		page_heads(c, page_next(&g), g.left, t, P_count);
	for (int i = 0; i < e->n_points && i < room; i++) {
		if (i == room - 1 && e->n_points > room) {
			canvas_printf(c, page_next(&g), g.left, g.cols, ROLE_DIM, 0,
			        "      and %d more: Enter opens it", e->n_points - i);
			break;
		}
		point_row(c, page_next(&g), g.left, t, v->shelf, e, &e->points[i]);
	}
	while (g.line < area.rows - (g.framed ? 1 : 0))
		page_next(&g);
	page_bottom(&g);
}

/* ---- the whole ---- */

static void list_title(struct canvas *c, struct rect line, const struct results_view *v)
{
	char right[120] = "";
	if (v->scanning)
		str_fmt(right, sizeof right, "scanning…");
	else if (v->shelf)
		str_fmt(right, sizeof right, "%d run%s, newest first", v->shelf->n, v->shelf->n == 1 ? "" : "s");
	canvas_fill(c, line.row, line.col, 1, line.cols, ' ', ROLE_HEADER, 0);
	int width = text_width(right, strlen(right));
	canvas_text(
	        c, line.row, line.col + line.cols - width - 1, width, v->scanning ? ROLE_INFO : ROLE_HEADER, 0, right);
	struct pen p = pen_at(c, line.row, line.col + 1, line.cols - width - 4);
	pen_put(&p, ROLE_TITLE, ATTR_BOLD, "benchtop  Results  ");
	if (v->ref.have)
		pen_put(&p, ROLE_INFO, 0, "● ref: %s  ", v->ref.label);
	pen_fit(&p, ROLE_HEADER, 0, v->where);
	canvas_attr(c, line.row, line.col, 1, line.cols, ATTR_HEAD);
}

/* Nothing to list: why, and what to do. */
static void nothing_draw(struct canvas *c, struct rect r, const struct results_view *v)
{
	static const char *const empty[] = {"No runs are here yet.", "",
	        "1 goes to the dashboard, where Enter starts a run; its results come here by themselves.",
	        "--results-dir DIR (or BENCHTOP_RESULTS) looks elsewhere; those of the official tool are read, too.",
	        NULL};
	if (r.rows <= 0)
		return;
	if (v->error[0]) {
		form_wrap(c, r, ROLE_BAD, 0, v->error);
		return;
	}
	if (v->scanning || !v->shelf) {
		canvas_fit(c, r.row, r.col, r.cols, ROLE_INFO, 0, "scanning… the runs are being read");
		return;
	}
	for (int i = 0, row = 0; empty[i]; i++)
		row += empty[i][0] ? form_wrap(c, (struct rect){r.row + row, r.col, r.rows - row, r.cols},
		                             i == 0 ? ROLE_STRONG : ROLE_DIM, 0, empty[i])
		                   : 1;
}

static void keep_in_sight(struct results_view *v, int rows)
{
	int n = v->shelf->n;
	v->focus = v->focus < 0 ? 0 : v->focus >= n ? n - 1 : v->focus;
	if (v->scroll > v->focus)
		v->scroll = v->focus;
	if (v->scroll < v->focus - rows + 1)
		v->scroll = v->focus - rows + 1;
	v->scroll = page_clamp(v->scroll, n, rows);
}

void results_list_draw(struct canvas *c, struct rect area, struct results_view *v, int64_t now_wall_ns)
{
	struct page g;
	struct page_column t[R_count];
	if (area.rows <= 0 || area.cols <= 0)
		return;
	struct rect body = {area.row + 1, area.col, area.rows - 1, area.cols};
	list_title(c, (struct rect){area.row, area.col, 1, area.cols}, v);
	if (!v->shelf || v->shelf->n <= 0) {
		nothing_draw(c, (struct rect){body.row + 1, body.col + 2, body.rows - 1, body.cols - 4}, v);
		return;
	}
	bool warn = v->error[0] || v->shelf->cut;
	int detail = body.rows >= 28 ? 10 : body.rows >= 20 ? 7 : body.rows >= 12 ? 4 : 0;
	page_open(&g, c, (struct rect){body.row, body.col, body.rows - detail, body.cols}, 0);
	if (g.framed)
		page_top(&g);
	memcpy(t, list_columns, sizeof t);
	t[R_TIME].cols = g.cols >= PAGE_WIDE - 4 ? 16 : 11;
	page_columns(t, R_count, g.cols);
	page_heads(c, page_next(&g), g.left, t, R_count);
	if (warn)
		canvas_fit(c, page_next(&g), g.left, g.cols, ROLE_WARN, 0,
		        v->error[0] ? v->error
		                    : "there are more runs than can be listed; --results-dir DIR narrows it");
	int rows = body.rows - detail - g.line;
	if (rows < 1)
		return;
	keep_in_sight(v, rows);
	for (int i = 0; i < rows; i++) {
		int row = page_next(&g);
		if (v->scroll + i < v->shelf->n)
			entry_row(c, (struct rect){row, g.left, 1, g.cols}, t, v, v->scroll + i, now_wall_ns);
	}
	detail_draw(c, (struct rect){body.row + body.rows - detail, body.col, detail, body.cols}, v);
}
