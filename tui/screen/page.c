#include "page.h"
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include <math.h>
#include <string.h>

void page_open(struct page *p, struct canvas *c, struct rect area, int scroll)
{
	memset(p, 0, sizeof *p);
	p->c = c ? c : &p->nothing;
	p->area = area;
	p->scroll = scroll < 0 ? 0 : scroll;
	p->framed = area.cols >= PAGE_COMPOSED;
	p->left = area.col + (p->framed ? 2 : 1);
	p->cols = area.cols - (p->framed ? 4 : 2);
}

void page_measure(struct page *p, int cols)
{
	page_open(p, NULL, (struct rect){0, 0, 0, cols}, 0);
}

static int row_of(struct page *p)
{
	int at = p->line - p->scroll;
	p->line++;
	return at >= 0 && at < p->area.rows ? p->area.row + at : PAGE_OFF;
}

int page_next(struct page *p)
{
	int row = row_of(p);
	if (p->framed) {
		canvas_text(p->c, row, p->area.col, 1, ROLE_BOX, 0, "│");
		canvas_text(p->c, row, p->area.col + p->area.cols - 1, 1, ROLE_BOX, 0, "│");
	}
	return row;
}

static struct pen edge(struct page *p, const char *left, const char *right)
{
	int row = row_of(p);
	canvas_fill(p->c, row, p->area.col, 1, p->area.cols, 0x2500, ROLE_BOX, 0);
	if (p->framed) {
		canvas_text(p->c, row, p->area.col, 1, ROLE_BOX, 0, left);
		canvas_text(p->c, row, p->area.col + p->area.cols - 1, 1, ROLE_BOX, 0, right);
	}
	return pen_at(p->c, row, p->area.col + (p->framed ? 2 : 1), p->area.cols - 4);
}

struct pen page_top(struct page *p)
{
	return edge(p, "╭", "╮");
}

struct pen page_rule(struct page *p)
{
	return edge(p, "├", "┤");
}

void page_bottom(struct page *p)
{
	if (p->framed)
		edge(p, "╰", "╯");
}

void page_branch(struct page *p, int row, int col, bool up, bool down)
{
	if (row != PAGE_OFF)
		widget_branch(p->c, row, col, up, down);
}

size_t page_break(const char *text, int cols, size_t *rest)
{
	size_t len = strlen(text), fit = text_fit(text, len, cols), end = fit;
	if (fit < len && text[fit] != ' ') {
		while (end > 0 && text[end - 1] != ' ')
			end--;
		if (end == 0)
			end = fit;
	}
	*rest = end;
	while (text[*rest] == ' ')
		(*rest)++;
	while (end > 0 && text[end - 1] == ' ')
		end--;
	return end;
}

void page_wrap(struct page *p, enum role mark_role, const char *mark, int indent, enum role role, const char *text)
{
	int cols = p->cols - indent;
	if (cols < 8) {
		indent = 0;
		cols = p->cols;
	}
	for (bool first = true; first || *text; first = false) {
		size_t rest = 0, n = page_break(text, cols, &rest);
		int row = page_next(p);
		if (first)
			canvas_text(p->c, row, p->left, p->cols, mark_role, 0, mark);
		canvas_printf(p->c, row, p->left + indent, cols, role, 0, "%.*s", (int)n, text);
		if (rest == 0)
			break;
		text += rest;
	}
}

int page_clamp(int scroll, int lines, int rows)
{
	int most = lines > rows ? lines - rows : 0;
	return scroll < 0 ? 0 : scroll > most ? most : scroll;
}

/* ---- columns ---- */

static int columns_sum(const struct page_column *t, int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += t[i].off ? 0 : t[i].cols + (sum > 0 ? t[i].gap : 0);
	return sum;
}

int page_columns(struct page_column *t, int n, int cols)
{
	for (int i = 0; i < n; i++)
		t[i].off = t[i].cols <= 0;
	int sum = columns_sum(t, n);
	while (sum > cols) {
		int worst = -1;
		for (int i = 0; i < n; i++) {
			if (!t[i].off && t[i].rank > 0 && (worst < 0 || t[i].rank >= t[worst].rank))
				worst = i;
		}
		if (worst < 0)
			break;
		t[worst].off = true;
		sum = columns_sum(t, n);
	}
	for (int i = 0; i < n && sum < cols; i++) {
		int more = t[i].off || t[i].most <= t[i].cols ? 0 : t[i].most - t[i].cols;
		more = more < cols - sum ? more : cols - sum;
		t[i].cols += more;
		sum += more;
	}
	int at = 0;
	for (int i = 0; i < n; i++) {
		if (t[i].off)
			continue;
		at += at > 0 ? t[i].gap : 0;
		t[i].at = at;
		at += t[i].cols;
	}
	return at;
}

void page_cell(struct canvas *c, int row, int left, const struct page_column *t, enum role role, const char *text)
{
	if (t->off)
		return;
	if (t->right)
		canvas_right(c, row, left + t->at, t->cols, role, 0, text);
	else
		canvas_fit(c, row, left + t->at, t->cols, role, 0, text);
}

void page_heads(struct canvas *c, int row, int left, const struct page_column *t, int n)
{
	for (int i = 0; i < n; i++)
		page_cell(c, row, left, &t[i], t[i].strong ? ROLE_BAR_MARK : ROLE_DIM, t[i].head);
}

void page_number(
        struct canvas *c, int row, int left, const struct page_column *t, enum role role, double v, int decimals)
{
	char text[40];
	if (!isfinite(v)) {
		page_cell(c, row, left, t, ROLE_DIM, "—");
		return;
	}
	if (decimals > 0 && fabs(v) >= 10000)
		decimals = decimals > 2 ? decimals - 2 : 0;
	fmt_number(v, decimals, text);
	for (int d = decimals - 1; d >= 0 && (int)strlen(text) > t->cols; d--)
		fmt_number(v, d, text);
	if ((int)strlen(text) > t->cols)
		str_fmt(text, sizeof text, "%.0f", v);
	for (int d = 2; d > 0 && (int)strlen(text) > t->cols; d--)
		str_fmt(text, sizeof text, "%.*g", d, v);
	page_cell(c, row, left, t, role, text);
}

void page_ratio(struct canvas *c, int row, int left, const struct page_column *t, double ratio, bool lower_is_better)
{
	char text[16];
	if (t->off)
		return;
	if (!(ratio >= 0 && ratio < 1000)) {
		canvas_text(c, row, left + t->at + 3, 1, ROLE_DIM, 0, "—");
		return;
	}
	str_fmt(text, sizeof text,
	        ratio >= 99.95   ? "%4.0f %c"
	        : ratio >= 9.995 ? "%4.1f %c"
	                         : "%4.2f %c",
	        ratio, ratio_sign(ratio, lower_is_better));
	canvas_text(c, row, left + t->at, t->cols, ratio_role(ratio, lower_is_better), 0, text);
}

void page_bar_head(struct canvas *c, int row, int left, const struct page_column *t, const char *name)
{
	if (t->off || t->cols < 5)
		return;
	int width = text_width(name, strlen(name)), at = t->cols / 2 - width / 2, col = left + t->at;
	canvas_fill(c, row, col, 1, t->cols, t->cols >= 15 ? 0xb7 : ' ', ROLE_DIM, 0);
	canvas_text(c, row, col, 2, ROLE_DIM, 0, "0 ");
	canvas_text(c, row, col + t->cols - 3, 3, ROLE_DIM, 0, " 2×");
	if (at < 2 || at + width + 1 > t->cols - 2)
		return;
	canvas_fill(c, row, col + at - 1, 1, width + 2, ' ', ROLE_DIM, 0);
	canvas_text(c, row, col + at, width, ROLE_BAR_MARK, 0, name);
}

/* ---- words ---- */

char *page_date(int64_t wall_ns, char out[24])
{
	char stamp[16];
	if (wall_ns <= 0)
		return str_fmt(out, 24, "—");
	clock_stamp(wall_ns, stamp);
	return str_fmt(out, 24, "%.4s-%.2s-%.2s %.2s:%.2s", stamp, stamp + 4, stamp + 6, stamp + 9, stamp + 11);
}

void page_list_add(char *out, size_t cap, long long value)
{
	char text[24];
	size_t len = strlen(out), n = strlen(str_fmt(text, sizeof text, "%s%lld", len ? " " : "", value));
	if (len + n < cap)
		memcpy(out + len, text, n + 1);
}
