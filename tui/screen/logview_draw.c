/* A window onto a log: what is seen of it. */
#include "../../engine/base/text.h"
#include "../draw/widget.h"
#include "logview.h"
#include <string.h>

#define TEXT (LOGROWS_TEXT + 64)

/* ---- columns: mark, time, rank, text ---- */

struct columns {
	int clock, rank, text; /* clock and rank: columns, 0 = left out */
};

static struct columns columns_of(int width)
{
	struct columns k = {width >= 60 ? 9 : 0, width >= 100 ? 9 : width >= 60 ? 5 : 0, 0};
	k.text = 2 + k.clock + k.rank;
	if (k.text >= width)
		k.text = width > 1 ? 1 : 0;
	return k;
}

int logview_text_col(int width)
{
	return columns_of(width).text;
}

/* Raw lines carry their own time. */
static int text_col(const struct logview *v)
{
	return v->raw ? (v->width > 2 ? 2 : 0) : columns_of(v->width).text;
}

int logview_row_height(const struct logview *v, const struct log_row *row)
{
	static char raw[LOGROWS_TEXT], text[TEXT]; /* of the UI thread, as all of the view */
	struct log_line l;
	int cols = v->width - text_col(v);
	if (!v->wrap || cols < 1)
		return 1;
	logrows_text(v->rows, row, raw, &l, text, sizeof text);
	int width = text_width(text, strlen(text)), lines = (width + cols - 1) / cols;
	return lines < 1 ? 1 : lines > v->height ? v->height : lines;
}

/* ---- a row ---- */

static enum role row_role(const struct log_row *row, const struct log_line *l, bool raw)
{
	if (row->severity == SEV_ERROR)
		return ROLE_LOG_ERROR;
	if (row->severity == SEV_WARN)
		return ROLE_LOG_WARN;
	if (!raw && (l->kind == LOG_NOISE || l->kind == LOG_JIT_IMPORT || l->kind == LOG_ARGS))
		return ROLE_DIM;
	if (!raw && l->kind == LOG_PHASE && l->phase == LOGP_READY)
		return ROLE_GOOD;
	if (!raw && (l->kind == LOG_PHASE || l->kind == LOG_JIT_START || l->kind == LOG_JIT_FINISH))
		return ROLE_INFO;
	return ROLE_LOG_INFO;
}

static bool is_marked(const struct logview *v, int64_t at)
{
	for (int i = 0; i < v->n_marks; i++)
		if (v->marks[i] == at)
			return true;
	return false;
}

static void sign(struct canvas *c, int row, int col, const struct logview *v, const struct log_row *r)
{
	if (is_marked(v, r->at))
		canvas_text(c, row, col, 1, ROLE_KEY, ATTR_BOLD, "*");
	else if (r->severity == SEV_ERROR)
		canvas_text(c, row, col, 1, ROLE_LOG_ERROR, 0, c->ascii ? "x" : "✗");
	else if (r->severity == SEV_WARN)
		canvas_text(c, row, col, 1, ROLE_LOG_WARN, 0, "!");
	else if (r->count > 1 && !r->doubled && !v->raw)
		canvas_text(c, row, col, 1, ROLE_DIM, 0, "+");
}

/* What matches in the piece of a text that stands at (row, col): bytes [from, to) of it. */
static void light_up(
        struct canvas *c, int row, int col, struct logsearch *s, int attr, const char *text, size_t from, size_t to)
{
	size_t len = strlen(text), at = 0, a, b;
	for (int i = 0; s && i < 64 && at <= len && logsearch_match(s, text, len, at, &a, &b); i++) {
		size_t left = a > from ? a : from, right = b < to ? b : to;
		if (left < right)
			canvas_attr(c, row, col + text_width(text + from, left - from), 1,
			        text_width(text + left, right - left), attr);
		at = b > a ? b : b + 1;
	}
}

static void put_text(struct canvas *c, int row, int col, int cols, int lines, const struct logview *v, enum role role,
        const char *text)
{
	size_t len = strlen(text), from = v->wrap ? 0 : text_fit(text, len, v->shift);
	for (int i = 0; i < lines; i++) {
		bool last = i == lines - 1;
		size_t n = text_fit(text + from, len - from, cols);
		if (n == 0 && from < len)
			break;
		if (last)
			canvas_fit(c, row + i, col, cols, role, 0, text + from);
		else
			canvas_text(c, row + i, col, cols, role, 0, text + from);
		light_up(c, row + i, col, v->light, ATTR_REVERSE, text, from, from + n);
		if (!v->light)
			light_up(c, row + i, col, v->light_filter, ATTR_UNDERLINE, text, from, from + n);
		from += n;
	}
}

/* Returns the lines that it took. */
static int draw_row(struct canvas *c, struct rect r, const struct logview *v, const struct log_row *row)
{
	static char raw[LOGROWS_TEXT], text[TEXT];
	struct log_line l;
	struct columns k = columns_of(v->width);
	logrows_text(v->rows, row, raw, &l, text, sizeof text);
	int col = text_col(v), cols = r.cols - col, lines = logview_row_height(v, row);
	if (lines > r.rows)
		lines = r.rows;
	enum role role = row_role(row, &l, v->raw);
	sign(c, r.row, r.col, v, row);
	if (!v->raw && k.clock && k.text > 2) {
		canvas_text(c, r.row, r.col + 2, 8, ROLE_LOG_TIME, 0, l.clock);
		canvas_text(c, r.row, r.col + 2 + k.clock, k.rank - 1, ROLE_LOG_TIME, 0, l.rank);
	}
	put_text(c, r.row, r.col + col, cols, lines, v, role, text);
	if (row->at == v->cur && !v->follow)
		canvas_attr(c, r.row, r.col, lines, r.cols, ATTR_FOCUS);
	return lines;
}

void logview_draw(struct canvas *c, struct rect r, const struct logview *v)
{
	struct logrow_at at;
	if (r.rows < 1 || r.cols < 1)
		return;
	if (v->empty || !logrows_find(v->rows, v->top, &at)) {
		const char *why = v->filter[0]       ? "No line matches the filter so far."
		                  : v->facts.missing ? "The log file is not there (yet)."
		                                     : "No line so far.";
		canvas_fit(c, r.row, r.col + 1, r.cols - 1, ROLE_DIM, 0, why);
		return;
	}
	for (int used = 0; used < r.rows;) {
		/* the row is valid until the next question: it is asked for after the step */
		const struct log_row *row = logrows_row(v->rows, &at);
		if (!row)
			return;
		struct log_row copy = *row;
		used += draw_row(c, (struct rect){r.row + used, r.col, r.rows - used, r.cols}, v, &copy);
		if (!logrows_step(v->rows, &at, 1))
			return;
	}
}

/* ---- the bar ---- */

static void put_count(struct pen *p, int64_t n, const char *one, const char *many, enum role role)
{
	char number[40];
	text_commas((double)n, 0, number);
	pen_put(p, role, 0, "  %s %s", number, n == 1 ? one : many);
}

static void put_pattern(struct pen *p, const char *label, const char *pattern, int64_t n, int percent, bool gave_up)
{
	char number[40], shown[48];
	size_t fit = text_fit(pattern, strlen(pattern), 24);
	str_fmt(shown, sizeof shown, "%.*s", (int)fit, pattern);
	text_commas((double)n, 0, number);
	pen_put(p, ROLE_KEY, 0, "  %s%s", label, shown);
	pen_put(p, ROLE_STRONG, 0, " %s%s", number, percent < 100 ? "+" : "");
	if (gave_up)
		pen_put(p, ROLE_WARN, 0, " too costly");
	else if (percent < 100)
		pen_put(p, ROLE_INFO, 0, " %d%%", percent);
}

void logview_bar(struct canvas *c, int row, int col, int cols, const struct logview *v)
{
	struct logview_facts f;
	char line[40], lines[40];
	struct pen p = pen_at(c, row, col, cols);
	logview_facts(v, &f);
	pen_put(&p, f.following ? ROLE_GOOD : ROLE_INFO, 0, "%s", f.following ? "following" : "standing");
	if (f.missing)
		pen_put(&p, ROLE_WARN, 0, "  file is gone");
	text_commas((double)f.lines, 0, lines);
	if (f.line > 0)
		pen_put(&p, ROLE_TEXT, 0, "  line %s%s%s", text_commas((double)f.line, 0, line),
		        f.lines >= 0 ? " of " : "", f.lines >= 0 ? lines : "");
	pen_put(&p, ROLE_TEXT, 0, "  %d%%", f.percent);
	if (f.indexed < 100)
		pen_put(&p, ROLE_INFO, 0, "  indexing %d %%", f.indexed);
	put_count(&p, f.errors, "error", "errors", f.errors > 0 ? ROLE_BAD : ROLE_DIM);
	put_count(&p, f.warnings, "warning", "warnings", f.warnings > 0 ? ROLE_WARN : ROLE_DIM);
	if (f.hits >= 0)
		put_pattern(&p, "/", v->search, f.hits, f.searched, v->facts.pattern[LOGFILE_SEARCH].gave_up);
	if (f.matches >= 0)
		put_pattern(&p, "only ", v->filter, f.matches, f.filtered, v->facts.pattern[LOGFILE_FILTER].gave_up);
	if (v->raw)
		pen_put(&p, ROLE_DIM, 0, "  raw");
	if (v->wrap)
		pen_put(&p, ROLE_DIM, 0, "  wrap");
	if (v->shift > 0)
		pen_put(&p, ROLE_DIM, 0, "  shift %d", v->shift);
}
