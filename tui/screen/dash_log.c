/* The end of the server's log, and how one line of it is drawn. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include "screen.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

/* "[2025-11-24 14:01:01 TP0] text": the time and the rank, and where the text begins; false for any other line. */
static bool line_split(const char *line, char hms[9], char rank[12], const char **rest)
{
	static const char form[] = "[0000-00-00 00:00:00";
	size_t i = 0;
	for (; form[i]; i++) {
		if (form[i] == '0' ? !isdigit((unsigned char)line[i]) : line[i] != form[i])
			return false;
	}
	memcpy(hms, line + 12, 8);
	hms[8] = '\0';
	const char *end = strchr(line + i, ']');
	if (!end || end - line > 48)
		return false;
	while (line[i] == ' ')
		i++;
	str_fmt(rank, 12, "%.*s", (int)(end - (line + i)), line + i);
	*rest = end + 1;
	while (**rest == ' ')
		(*rest)++;
	return true;
}

static void batch_draw(struct pen *p, const struct batch_line *f)
{
	pen_put(p, ROLE_LOG_INFO, 0, "%-8s", f->decode ? "decode" : "prefill");
	if (!f->decode && isfinite(f->new_tokens))
		pen_pair(p, 1, "tokens", ROLE_LOG_INFO, "%.0f", f->new_tokens);
	if (!f->decode && isfinite(f->cached_tokens))
		pen_pair(
		        p, 2, "cached", f->cached_tokens > 0 ? ROLE_LOG_WARN : ROLE_LOG_INFO, "%.0f", f->cached_tokens);
	if (isfinite(f->running))
		pen_pair(p, f->decode ? 1 : 2, "running", ROLE_LOG_INFO, "%.0f", f->running);
	if (isfinite(f->usage))
		pen_pair(p, 2, "KV", ROLE_LOG_INFO, "%.0f%%", f->usage * 100);
	if (isfinite(f->gen_tps) && f->decode)
		pen_pair(p, 2, "gen", ROLE_LOG_INFO, "%.0f tok/s", f->gen_tps);
	if (isfinite(f->queued))
		pen_pair(p, 2, "queue", ROLE_LOG_INFO, "%.0f", f->queued);
	if (isfinite(f->accept_len))
		pen_pair(p, 2, "accept", ROLE_LOG_INFO, "%.2f", f->accept_len);
}

void log_line_draw(struct canvas *c, int row, int col, int cols, const struct tail_line *line)
{
	enum role role = line->severity == SEV_ERROR  ? ROLE_LOG_ERROR
	                 : line->severity == SEV_WARN ? ROLE_LOG_WARN
	                                              : ROLE_LOG_INFO;
	struct pen p = pen_at(c, row, col, cols);
	char hms[9], rank[12];
	const char *rest = line->text;
	struct batch_line batch;
	if (line_split(line->text, hms, rank, &rest)) {
		pen_put(&p, ROLE_LOG_TIME, 0, "%s ", hms);
		pen_put(&p, ROLE_LOG_TIME, 0, "%-4s ", rank);
	} else {
		pen_gap(&p, cols > 60 ? 14 : 0);
	}
	if (line->severity == SEV_INFO && batch_line_parse(line->text, &batch))
		batch_draw(&p, &batch);
	else
		pen_fit(&p, role, 0, rest);
}

static void log_title(struct canvas *c, const struct dash_layout *l, const struct view *v, bool events)
{
	struct rect r = l->log_title;
	widget_rule(c, r.row, r.col, r.cols, l->composed);
	struct pen p = pen_at(c, r.row, r.col + (l->composed ? 2 : 1), r.cols - 4);
	if (!v->log) {
		pen_put(&p, ROLE_TITLE, 0, events ? " Events " : " Log ");
		return;
	}
	int warnings = tail_warnings(v->log), errors = tail_errors(v->log);
	const char *name = path_base(tail_path(v->log));
	pen_put(&p, ROLE_TITLE, 0, " Log ");
	p.end--;
	pen_put(&p, ROLE_TEXT, 0, " %.*s", (int)text_fit(name, strlen(name), 40), name);
	pen_put(&p, warnings > 0 ? ROLE_WARN : ROLE_DIM, 0, "  %s%d warning%s", warnings > 0 ? "! " : "", warnings,
	        warnings == 1 ? "" : "s");
	pen_put(&p, errors > 0 ? ROLE_BAD : ROLE_DIM, 0, "  %s%d error%s", errors > 0 ? "✗ " : "", errors,
	        errors == 1 ? "" : "s");
	canvas_text(c, r.row, p.col, 1, ROLE_BOX, 0, " ");
}

/* What happened, newest at the bottom; long sentences are wrapped. */
static void events_draw(struct canvas *c, struct rect r, const struct board *b)
{
	int64_t held = b->n_notices < BOARD_NOTICES ? b->n_notices : BOARD_NOTICES, first = held;
	int rows = 0, indent = 7;
	while (first > 0) { /* as many of the last as there is room for */
		const struct ev_notice *n = &b->notices[(b->n_notices - held + first - 1) % BOARD_NOTICES].n;
		int more = form_wrap(NULL, (struct rect){0, 0, 4, r.cols - indent}, ROLE_TEXT, 0, n->text);
		if (rows + more > r.rows)
			break;
		rows += more;
		first--;
	}
	for (int row = r.row; first < held; first++) {
		int64_t at = (b->n_notices - held + first) % BOARD_NOTICES;
		const struct ev_notice *n = &b->notices[at].n;
		enum role role = n->severity == SEV_INFO ? ROLE_LOG_INFO : severity_role(n->severity);
		char hms[9];
		clock_hms(b->notices[at].wall_ns, hms);
		canvas_text(c, row, r.col, 5, ROLE_LOG_TIME, 0, hms);
		if (n->severity != SEV_INFO)
			canvas_text(c, row, r.col + 5, 1, role, 0, "!");
		row += form_wrap(
		        c, (struct rect){row, r.col + indent, r.row + r.rows - row, r.cols - indent}, role, 0, n->text);
	}
	if (held == 0)
		canvas_fit(c, r.row, r.col, r.cols, ROLE_DIM, 0, "nothing so far");
}

static void events_panel(struct canvas *c, const struct dash_layout *l, const struct board *b)
{
	int line = l->events.col - 2, bottom = l->frame.row + l->frame.rows - 1;
	widget_branch(c, l->log_title.row, line, false, true);
	canvas_fill(c, l->log.row, line, l->log.rows, 1, 0x2502, ROLE_BOX, 0);
	widget_branch(c, bottom, line, true, false);
	widget_title(c, l->log_title.row, l->events.col, 20, ROLE_TITLE, "Events");
	events_draw(c, l->events, b);
}

void dash_log(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	struct rect r = l->log;
	bool panel = l->events.cols > 0;
	if (l->log_title.rows == 0)
		return;
	bool events = !v->log && !panel && b->n_notices > 0;
	log_title(c, l, v, events);
	if (panel)
		events_panel(c, l, b);
	if (events) {
		events_draw(c, r, b);
		return;
	}
	int held = v->log ? tail_count(v->log) : 0;
	int shown = held < r.rows ? held : r.rows;
	for (int i = 0; i < shown; i++) {
		const struct tail_line *line = tail_line(v->log, shown - 1 - i);
		if (line)
			log_line_draw(c, r.row + i, r.col, r.cols, line);
	}
	if (!v->log)
		canvas_fit(
		        c, r.row, r.col, r.cols, ROLE_DIM, 0, "the server's log is not known yet; --log FILE names it");
	else if (held == 0)
		canvas_fit(c, r.row, r.col, r.cols, ROLE_DIM, 0, "no line so far");
}
