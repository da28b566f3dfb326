/* Screen 2: the log in the full window. It follows while log_scroll is 0. */
#include "../../engine/base/text.h"
#include "dash.h"
#include "screen.h"
#include <string.h>

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
	int notes = dash_notes_count(b, v), rows = c->rows - 2 - notes;
	canvas_fill(c, 0, 0, 1, c->cols, ' ', ROLE_HEADER, 0);
	logview_bar(c, 0, 1, c->cols - 2, v->logview);
	canvas_attr(c, 0, 0, 1, c->cols, ATTR_HEAD);
	logview_draw(c, (struct rect){1, 0, rows, c->cols}, v->logview);
	dash_notes(c, (struct rect){c->rows - 1 - notes, 0, notes, c->cols}, b, v);
	footer_draw(c, (struct rect){c->rows - 1, 0, 1, c->cols}, b, v);
}

void log_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	int notes = dash_notes_count(b, v), rows = c->rows - 2 - notes;
	int held = v->log ? tail_count(v->log) : 0;
	int most = held > rows ? held - rows : 0;
	int scroll = v->log_scroll < 0 ? 0 : v->log_scroll > most ? most : v->log_scroll;
	if (v->logview) {
		whole_log(c, b, v);
		return;
	}
	log_header(c, v, scroll);
	canvas_attr(c, 0, 0, 1, c->cols, ATTR_HEAD);
	if (!v->log)
		canvas_fit(
		        c, 2, 2, c->cols - 4, ROLE_DIM, 0, "The server's log is not known yet. --log FILE names it.");
	else if (held == 0)
		canvas_fit(c, 2, 2, c->cols - 4, ROLE_DIM, 0, "No line so far.");
	for (int i = 0; i < rows && i < held; i++) {
		int shown = held < rows ? held : rows;
		const struct tail_line *line = tail_line(v->log, scroll + shown - 1 - i);
		if (line)
			log_line_draw(c, 1 + i, 1, c->cols - 2, line);
	}
	dash_notes(c, (struct rect){c->rows - 1 - notes, 0, notes, c->cols}, b, v);
	footer_draw(c, (struct rect){c->rows - 1, 0, 1, c->cols}, b, v);
}
