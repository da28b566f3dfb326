/* Screen 1: puts the parts together, and draws the top line and the notes above the footer. */
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include "screen.h"
#include <math.h>
#include <string.h>

/* The right end of the top line: how long, and what is left or waited for. Columns used. */
static int header_time(struct canvas *c, struct rect r, const struct board *b, const struct view *v)
{
	char text[160], clock[16], about[16];
	struct words w;
	if (!b->have_run)
		return 0;
	int64_t until = b->finished ? b->end_mono_ns : v->now_mono_ns;
	double elapsed = (double)(until - b->run_mono_ns) / (double)CLOCK_NS_PER_S;
	double left = run_left_s(b, v);
	fmt_clock(elapsed, clock);
	words_run(&w, b, r.cols < 110);
	enum role role = ROLE_HEADER;
	if (b->finished)
		str_fmt(text, sizeof text, "%s  done", clock);
	else if (b->stopping) {
		str_fmt(text, sizeof text, "%s  stopping%s", clock, b->stopping_now ? " now" : "");
		role = ROLE_WARN;
	} else if (w.text[0]) {
		str_fmt(text, sizeof text, "%s  %s", clock, w.text);
		role = w.role == ROLE_WARN ? ROLE_WARN : ROLE_HEADER;
	} else if (isfinite(left))
		str_fmt(text, sizeof text, "%s  left %-6s", clock, fmt_about(left, about));
	else
		str_fmt(text, sizeof text, "%s", clock);
	int width = text_width(text, strlen(text));
	if (width > r.cols - 30)
		return 0;
	canvas_text(c, r.row, r.col + r.cols - 1 - width, width, role, 0, text);
	return width;
}

/* "dsr1-fp4-sglang-mi355x" needs its room; narrow screens show the first two parts. */
static void header_track(struct pen *p, const struct view *v, bool brief)
{
	const char *name = v->track ? v->track->name : "";
	size_t len = strlen(name);
	if (brief) {
		size_t first = strcspn(name, "-");
		len = first < len ? first + 1 + strcspn(name + first + 1, "-") : len;
	}
	pen_put(p, ROLE_HEADER, ATTR_BOLD, "%.*s  ", (int)text_fit(name, len, 40), name);
}

void dash_header(struct canvas *c, struct rect r, const struct board *b, const struct view *v)
{
	struct words w;
	bool brief = r.cols < 110;
	canvas_fill(c, r.row, r.col, 1, r.cols, ' ', ROLE_HEADER, 0);
	struct pen p = pen_at(c, r.row, r.col + 1, r.cols - 2);
	if (!brief)
		pen_put(&p, ROLE_TITLE, ATTR_BOLD, "benchtop  ");
	header_track(&p, v, brief);
	if (v->plan.n_cells > 0)
		pen_put(&p, ROLE_HEADER, 0, "%d/%d   ", v->plan.cells[0].isl, v->plan.cells[0].osl);
	words_mode(&w, b, v);
	int times = header_time(c, r, b, v);
	if (times > 0)
		p.end = r.col + r.cols - 1 - times - 2; /* the times come first */
	int room = p.end - p.col;
	char *where = strstr(w.text, " · posts to "), *says = strstr(w.text, " · nothing");
	if (where && text_width(w.text, strlen(w.text)) > room) { /* the sheet says it in full */
		size_t at = (size_t)(where - w.text);
		str_fmt(where, sizeof w.text - at, " · posts to the board");
		if (text_width(w.text, strlen(w.text)) > room)
			*where = '\0';
	} else if (says && text_width(w.text, strlen(w.text)) > room)
		*says = '\0';
	pen_fit(&p, w.role, 0, w.text);
	canvas_attr(c, r.row, r.col, 1, r.cols, ATTR_HEAD);
}

int dash_notes_count(const struct board *b, const struct view *v)
{
	bool message = v->message[0] && v->modal != MODAL_NOTICE && v->modal != MODAL_EDIT; /* they say it themselves */
	return (b->journal_failing ? 1 : 0) + (message ? 1 : 0);
}

void dash_notes(struct canvas *c, struct rect r, const struct board *b, const struct view *v)
{
	int row = r.row;
	if (b->journal_failing && row < r.row + r.rows) {
		struct pen p = pen_at(c, row++, r.col + 1, r.cols - 2);
		pen_put(&p, ROLE_BAD, ATTR_BOLD, "! the disk refuses the journal: ");
		pen_fit(&p, ROLE_BAD, 0, b->journal_text[0] ? b->journal_text : "unknown reason");
		if (!pen_put(&p, ROLE_BAD, 0, "; facts are kept in memory")) {
			p.full = p.col >= p.end;
			pen_put(&p, ROLE_BAD, 0, "; kept in memory");
		}
	}
	if (v->message[0] && row < r.row + r.rows) {
		struct pen p = pen_at(c, row, r.col + 1, r.cols - 2);
		enum role role = severity_role(v->message_severity);
		pen_put(&p, role, ATTR_BOLD, v->message_severity == SEV_INFO ? "· " : "! ");
		pen_fit(&p, role, 0, v->message);
	}
}

/* Where the two boxes at the top end on the line below them. */
static void join_boxes(struct canvas *c, const struct dash_layout *l)
{
	int row = l->sweep_title.row;
	widget_branch(c, row, l->server.col + l->server.cols + 1, true, false);
	widget_branch(c, row, l->accuracy.col - 2, true, false);
}

void dashboard_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	struct dash_layout l;
	struct dash_want want = {v->plan.n_cells, dash_notes_count(b, v)};
	layout_dash(&l, c->rows, c->cols, want);
	if (l.too_small)
		return;
	dash_header(c, l.header, b, v);
	if (l.composed) {
		struct rect lower = {
		        l.sweep_title.row, 0, l.frame.row + l.frame.rows - l.sweep_title.row, l.frame.cols};
		widget_box(c, lower, NULL, NULL);
	}
	dash_server(c, &l, b, v);
	dash_accuracy(c, &l, b, v);
	dash_sweep(c, &l, b, v);
	if (l.composed)
		join_boxes(c, &l);
	dash_detail(c, &l, b, v);
	dash_log(c, &l, b, v);
	dash_notes(c, l.notes, b, v);
	footer_draw(c, l.footer, b, v);
}
