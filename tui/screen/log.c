/* Screen 2: the log in the full window. It follows while log_scroll is 0. */
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include "screen.h"
#include <math.h>
#include <string.h>

/* While the server starts: how far it is, against the last start. */
static bool starting(const struct board *b)
{
	return b->have_server && b->server.phase == SERVER_STARTING && isfinite(b->server.progress);
}

static void start_draw(struct canvas *c, int row, const struct board *b, const struct view *v)
{
	struct pen p = pen_at(c, row, 1, c->cols - 2);
	pen_put(&p, ROLE_TITLE, 0, "start ");
	if (c->cols >= 100) {
		widget_progress(c, row, p.col, 20, b->server.progress);
		p.col += 21;
	}
	start_line(&p, b, v);
}

int log_rows(int rows, const struct board *b, const struct view *v)
{
	int left = rows - 2 - dash_notes_count(b, v) - starting(b);
	return left > 1 ? left : 1;
}

static void log_header(struct canvas *c, const struct view *v, int scroll)
{
	canvas_fill(c, 0, 0, 1, c->cols, ' ', ROLE_HEADER, 0);
	struct pen p = pen_at(c, 0, 1, c->cols - 2);
	pen_put(&p, ROLE_TITLE, ATTR_BOLD, "Log  ");
	if (!v->log)
		return;
	int warnings = tail_warnings(v->log), errors = tail_errors(v->log);
	char state[48], counts[80];
	if (scroll > 0)
		str_fmt(state, sizeof state, "%d line%s back", scroll, scroll == 1 ? "" : "s");
	else
		str_fmt(state, sizeof state, "following");
	str_fmt(counts, sizeof counts, "%d warning%s  %d error%s", warnings, warnings == 1 ? "" : "s", errors,
	        errors == 1 ? "" : "s");
	int right = (int)strlen(counts) + 17;
	p.end -= right + 2;
	pen_fit(&p, ROLE_HEADER, 0, tail_path(v->log));
	canvas_text(c, 0, c->cols - 1 - right, right,
	        errors > 0     ? ROLE_BAD
	        : warnings > 0 ? ROLE_WARN
	                       : ROLE_HEADER,
	        0, counts);
	canvas_right(c, 0, c->cols - 15, 14, scroll > 0 ? ROLE_INFO : ROLE_HEADER, 0, state);
}

/* All of the file: the view draws its lines and says where it stands. */
static void whole_log(struct canvas *c, const struct board *b, const struct view *v)
{
	int notes = dash_notes_count(b, v), top = 1 + starting(b);
	canvas_fill(c, 0, 0, 1, c->cols, ' ', ROLE_HEADER, 0);
	struct pen p = pen_at(c, 0, 1, c->cols / 2);
	if (v->n_logs > 1) {
		const char *name = path_base(v->logs[v->log_at]);
		pen_put(&p, ROLE_TITLE, ATTR_BOLD, "Log %d of %d  ", v->log_at + 1, v->n_logs);
		pen_put(&p, ROLE_STRONG, 0, "%.*s  ", (int)text_fit(name, strlen(name), c->cols / 4), name);
	}
	logview_bar(c, 0, p.col, c->cols - 1 - p.col, v->logview);
	canvas_attr(c, 0, 0, 1, c->cols, ATTR_HEAD);
	if (starting(b))
		start_draw(c, 1, b, v);
	logview_draw(c, (struct rect){top, 0, log_rows(c->rows, b, v), c->cols}, v->logview);
	dash_notes(c, (struct rect){c->rows - 1 - notes, 0, notes, c->cols}, b, v);
	footer_draw(c, (struct rect){c->rows - 1, 0, 1, c->cols}, b, v);
}

void log_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	int notes = dash_notes_count(b, v), rows = log_rows(c->rows, b, v), top = 1 + starting(b);
	int held = v->log ? tail_count(v->log) : 0;
	int most = held > rows ? held - rows : 0;
	int scroll = v->log_scroll < 0 ? 0 : v->log_scroll > most ? most : v->log_scroll;
	if (v->logview) {
		whole_log(c, b, v);
		return;
	}
	log_header(c, v, scroll);
	canvas_attr(c, 0, 0, 1, c->cols, ATTR_HEAD);
	if (starting(b))
		start_draw(c, 1, b, v);
	if (!v->log)
		canvas_fit(
		        c, 2, 2, c->cols - 4, ROLE_DIM, 0, "The server's log is not known yet. --log FILE names it.");
	else if (held == 0)
		canvas_fit(c, 2, 2, c->cols - 4, ROLE_DIM, 0, "No line so far.");
	for (int i = 0; i < rows && i < held; i++) {
		int shown = held < rows ? held : rows;
		const struct tail_line *line = tail_line(v->log, scroll + shown - 1 - i);
		if (line)
			log_line_draw(c, top + i, 1, c->cols - 2, line);
	}
	dash_notes(c, (struct rect){c->rows - 1 - notes, 0, notes, c->cols}, b, v);
	footer_draw(c, (struct rect){c->rows - 1, 0, 1, c->cols}, b, v);
}
