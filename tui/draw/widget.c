#include "widget.h"
#include "../../engine/base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PEN_TEXT 512

static void glyph(struct canvas *c, int row, int col, enum role role, const char *utf8)
{
	canvas_text(c, row, col, 1, role, 0, utf8);
}

void widget_rule(struct canvas *c, int row, int col, int cols, bool joined)
{
	canvas_fill(c, row, col, 1, cols, 0x2500, ROLE_BOX, 0);
	if (joined && cols > 1) {
		glyph(c, row, col, ROLE_BOX, "├");
		glyph(c, row, col + cols - 1, ROLE_BOX, "┤");
	}
}

int widget_title(struct canvas *c, int row, int col, int cols, enum role role, const char *title)
{
	if (!title || !*title || cols < 3)
		return 0;
	int used = canvas_text(c, row, col, 1, ROLE_BOX, 0, " ");
	used += canvas_fit(c, row, col + used, cols - 2, role, 0, title);
	return used + canvas_text(c, row, col + used, 1, ROLE_BOX, 0, " ");
}

void widget_branch(struct canvas *c, int row, int col, bool up, bool down)
{
	const struct canvas_cell *p = canvas_at(c, row, col);
	if (!p || (p->cp != 0x2500 && p->cp != '-'))
		return;
	glyph(c, row, col, ROLE_BOX, up && down ? "┼" : up ? "┴" : "┬");
}

void widget_box(struct canvas *c, struct rect r, const char *title, const char *right)
{
	if (r.rows < 2 || r.cols < 2)
		return;
	int bottom = r.row + r.rows - 1, edge = r.col + r.cols - 1;
	canvas_fill(c, r.row, r.col, 1, r.cols, 0x2500, ROLE_BOX, 0);
	canvas_fill(c, bottom, r.col, 1, r.cols, 0x2500, ROLE_BOX, 0);
	canvas_fill(c, r.row, r.col, r.rows, 1, 0x2502, ROLE_BOX, 0);
	canvas_fill(c, r.row, edge, r.rows, 1, 0x2502, ROLE_BOX, 0);
	glyph(c, r.row, r.col, ROLE_BOX, "╭");
	glyph(c, r.row, edge, ROLE_BOX, "╮");
	glyph(c, bottom, r.col, ROLE_BOX, "╰");
	glyph(c, bottom, edge, ROLE_BOX, "╯");
	int used = widget_title(c, r.row, r.col + 2, r.cols - 4, ROLE_TITLE, title);
	if (right && *right) {
		int width = text_width(right, strlen(right)) + 2;
		if (width <= r.cols - 4 - used - 2)
			widget_title(c, r.row, edge - 1 - width, width, ROLE_DIM, right);
	}
}

/* Column i of a bar that is filled up to `fill` cells: nothing, a part (in eighths), or all of it. */
static void bar_cell(struct canvas *c, int row, int col, double fill, enum role role, enum role empty, const char *none)
{
	static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
	int eighths = fill >= 1 ? 8 : fill <= 0 ? 0 : (int)(fill * 8 + 0.5);
	if (c->ascii) {
		glyph(c, row, col, eighths >= 4 ? role : empty, eighths >= 4 ? "#" : none);
		return;
	}
	if (eighths == 0)
		glyph(c, row, col, empty, none);
	else
		glyph(c, row, col, role, parts[eighths]);
}

void widget_ratio_bar(struct canvas *c, int row, int col, int cols, double ratio)
{
	int mark = cols / 2;
	if (cols < 3)
		return;
	double below = isnan(ratio) ? 0 : (ratio > 1 ? 1 : ratio) * mark;
	double beyond = isnan(ratio) || ratio <= 1 ? 0 : (ratio - 1) * (cols - mark - 1);
	if (beyond > 0 && beyond < 0.13)
		beyond = 0.13; /* beyond the mark by anything is seen */
	for (int i = 0; i < mark; i++)
		bar_cell(c, row, col + i, below - i, ROLE_BAR, ROLE_BAR_EMPTY, " ");
	glyph(c, row, col + mark, isnan(ratio) ? ROLE_BAR_EMPTY : ROLE_BAR_MARK, "│");
	for (int i = mark + 1; i < cols; i++)
		bar_cell(c, row, col + i, beyond - (i - mark - 1), ROLE_BAR_BEYOND, ROLE_BAR_EMPTY, " ");
}

void widget_gauge(struct canvas *c, int row, int col, int cols, double share)
{
	enum role role = share > 1 ? ROLE_BAD : share > 0.8 ? ROLE_WARN : ROLE_GOOD;
	for (int i = 0; i < cols; i++) {
		double fill = isnan(share) ? 0 : share * cols - i;
		if (i == 0 && share > 0 && fill < 0.13)
			fill = 0.13;
		bar_cell(c, row, col + i, fill, role, ROLE_BAR_EMPTY, "·");
	}
}

void widget_progress(struct canvas *c, int row, int col, int cols, double share)
{
	for (int i = 0; i < cols; i++)
		bar_cell(c, row, col + i, isnan(share) ? 0 : share * cols - i, ROLE_BAR, ROLE_BAR_EMPTY, "·");
}

void widget_graph(struct canvas *c, struct rect r, const float *v, int n, double max)
{
	static const char *const full[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {" ", ".", ":", "-", "=", "+", "*", "#", "#"};
	for (int x = 0; x < r.cols; x++) {
		int i = n - r.cols + x;
		if (i < 0 || !isfinite(v[i]) || !(max > 0))
			continue;
		double level = v[i] < 0 ? 0 : v[i] > max ? 1 : v[i] / max;
		int eighths = (int)(level * r.rows * 8 + 0.5);
		if (eighths == 0 && v[i] > 0)
			eighths = 1;
		for (int y = r.rows - 1; y >= 0 && eighths > 0; y--, eighths -= 8) {
			int part = eighths > 8 ? 8 : eighths;
			glyph(c, r.row + y, r.col + x, ROLE_SPARK, c->ascii ? plain[part] : full[part]);
		}
	}
}

void widget_spark(struct canvas *c, int row, int col, int cols, const float *v, int n, double max)
{
	widget_graph(c, (struct rect){row, col, 1, cols}, v, n, max);
}

const char *widget_spinner(int frame, bool ascii)
{
	static const char *const dots[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	static const char *const sticks[] = {"|", "/", "-", "\\"};
	unsigned f = (unsigned)frame;
	return ascii ? sticks[f % 4] : dots[f % 10];
}

void widget_check(struct canvas *c, int row, int col, bool on)
{
	canvas_text(c, row, col, 3, on ? ROLE_TEXT : ROLE_DIM, 0, on ? "[x]" : "[ ]");
}

static void trim_utf8(char *s, size_t len)
{
	size_t at = len;
	while (at > 0 && len - at < 4 && ((unsigned char)s[at - 1] & 0xc0) == 0x80)
		at--;
	if (at == 0)
		return;
	unsigned char lead = (unsigned char)s[at - 1];
	size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (len - (at - 1) < need)
		s[at - 1] = '\0';
}

char *str_vfmt(char *out, size_t cap, const char *fmt, va_list ap)
{
	int n = vsnprintf(out, cap, fmt, ap);
	if (n < 0)
		out[0] = '\0';
	else if ((size_t)n >= cap)
		trim_utf8(out, cap - 1);
	return out;
}

char *str_fmt(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	str_vfmt(out, cap, fmt, ap);
	va_end(ap);
	return out;
}

struct pen pen_at(struct canvas *c, int row, int col, int cols)
{
	return (struct pen){c, row, col, col + cols, cols <= 0, col};
}

static bool pen_room(struct pen *p, int columns)
{
	if (p->full || columns > p->end - p->col) {
		p->full = true;
		return false;
	}
	return true;
}

bool pen_put(struct pen *p, enum role role, int attr, const char *fmt, ...)
{
	char text[PEN_TEXT];
	va_list ap;
	va_start(ap, fmt);
	str_vfmt(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!pen_room(p, text_width(text, strlen(text))))
		return false;
	p->col += canvas_text(p->c, p->row, p->col, p->end - p->col, role, attr, text);
	return true;
}

void pen_fit(struct pen *p, enum role role, int attr, const char *text)
{
	if (p->full)
		return;
	p->full = text_width(text, strlen(text)) > p->end - p->col;
	p->col += canvas_fit(p->c, p->row, p->col, p->end - p->col, role, attr, text);
}

void pen_gap(struct pen *p, int n)
{
	p->col += n;
	if (p->col > p->end)
		p->col = p->end;
}

bool pen_pair(struct pen *p, int gap, const char *label, enum role role, const char *fmt, ...)
{
	char text[PEN_TEXT];
	va_list ap;
	va_start(ap, fmt);
	str_vfmt(text, sizeof text, fmt, ap);
	va_end(ap);
	int label_width = text_width(label, strlen(label));
	if (p->col == p->from)
		gap = 0;
	if (!pen_room(p, gap + label_width + (label_width > 0) + text_width(text, strlen(text))))
		return false;
	p->col += gap;
	p->col += canvas_text(p->c, p->row, p->col, label_width, ROLE_DIM, 0, label);
	p->col += label_width > 0;
	p->col += canvas_text(p->c, p->row, p->col, p->end - p->col, role, 0, text);
	return true;
}

bool pen_key(struct pen *p, int gap, const char *key, const char *words)
{
	int key_width = text_width(key, strlen(key)), width = text_width(words, strlen(words));
	if (!pen_room(p, gap + key_width + (width > 0) + width))
		return false;
	p->col += gap;
	p->col += canvas_text(p->c, p->row, p->col, key_width, ROLE_KEY, 0, key);
	if (width > 0)
		p->col += 1 + canvas_text(p->c, p->row, p->col + 1, width, ROLE_FOOTER, 0, words);
	return true;
}
