#include "form.h"
#include "../../engine/base/text.h"
#include "widget.h"
#include <string.h>

static void focus_mark(struct canvas *c, struct rect line)
{
	canvas_text(c, line.row, line.col, 1, ROLE_KEY, ATTR_BOLD, "▸");
	canvas_attr(c, line.row, line.col, 1, line.cols, ATTR_FOCUS);
}

void widget_list(struct canvas *c, struct rect r, int count, int focus, list_item item, void *ctx)
{
	if (r.rows < 1 || count < 1)
		return;
	focus = focus < 0 ? 0 : focus >= count ? count - 1 : focus;
	int first = focus >= r.rows ? focus - r.rows + 1 : 0;
	for (int i = first; i < count && i - first < r.rows; i++) {
		struct rect line = {r.row + i - first, r.col, 1, r.cols};
		item(c, (struct rect){line.row, r.col + 2, 1, r.cols - 4}, i, ctx);
		if (i == focus)
			focus_mark(c, line);
	}
	if (first > 0)
		canvas_text(c, r.row, r.col + r.cols - 1, 1, ROLE_DIM, 0, "↑");
	if (first + r.rows < count)
		canvas_text(c, r.row + r.rows - 1, r.col + r.cols - 1, 1, ROLE_DIM, 0, "↓");
}

void widget_prompt(struct canvas *c, int row, int col, int cols, const char *text, int pos)
{
	int len = (int)strlen(text), room = cols - 2; /* the cursor behind the last character, a mark */
	pos = pos < 0 ? 0 : pos > len ? len : pos;
	const char *from = text;
	uint32_t cp;
	while (from < text + pos && text_width(from, (size_t)(text + pos - from)) > room)
		from += utf8_decode(from, strlen(from), &cp);
	canvas_fill(c, row, col, 1, cols, ' ', ROLE_FORM_FIELD, 0);
	canvas_text(c, row, col, cols, ROLE_FORM_FIELD, 0, from);
	if (from > text)
		canvas_text(c, row, col, 1, ROLE_DIM, 0, "<");
	int at = text_width(from, (size_t)(text + pos - from));
	if (text_width(from, strlen(from)) >= cols && at < cols - 1)
		canvas_text(c, row, col + cols - 1, 1, ROLE_DIM, 0, ">");
	const struct canvas_cell *under = canvas_at(c, row, col + at);
	canvas_role(c, row, col + at, under && under->width == 2 ? 2 : 1, ROLE_FORM_FIELD, ATTR_REVERSE);
}

void widget_choices(struct canvas *c, struct rect r, const struct choice *choices, int count, int focus)
{
	int widest = 0;
	for (int i = 0; i < count; i++) {
		int width = text_width(choices[i].words, strlen(choices[i].words));
		widest = width > widest ? width : widest;
	}
	for (int i = 0; i < count && i < r.rows; i++) {
		struct rect line = {r.row + i, r.col, 1, r.cols};
		canvas_fit(c, line.row, r.col + 2, r.cols - 2, choices[i].unusable ? ROLE_DIM : ROLE_STRONG, 0,
		        choices[i].words);
		canvas_fit(c, line.row, r.col + 2 + widest + 2, r.cols - widest - 4, ROLE_DIM, 0, choices[i].meaning);
		if (i == focus)
			focus_mark(c, line);
	}
}

static void table_draw(struct canvas *c, int row, int col, int cols, const struct table_column *t, int n,
        const struct table_cell *cells)
{
	int at = 0;
	for (int i = 0; i < n && at + t[i].cols <= cols; i++) {
		const char *text = cells ? cells[i].text : t[i].head;
		enum role role = cells ? cells[i].role : ROLE_DIM;
		if (text && t[i].right)
			canvas_right(c, row, col + at, t[i].cols, role, 0, text);
		else if (text)
			canvas_fit(c, row, col + at, t[i].cols, role, 0, text);
		at += t[i].cols + 2;
	}
}

void widget_table_head(struct canvas *c, int row, int col, int cols, const struct table_column *t, int n)
{
	table_draw(c, row, col, cols, t, n, NULL);
}

void widget_table_row(struct canvas *c, int row, int col, int cols, const struct table_column *t, int n,
        const struct table_cell *cells)
{
	table_draw(c, row, col, cols, t, n, cells);
}
