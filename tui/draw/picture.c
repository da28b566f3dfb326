#include "picture.h"
#include "../../engine/base/err.h"
#include "../../engine/base/text.h"
#include <string.h>

#define CELL_W 9
#define CELL_H 18
#define PAD    14
#define FONT   "DejaVu Sans Mono,Menlo,Consolas,Liberation Mono,monospace"

/* What a terminal's defaults look like in a picture of a theme that has none of its own. */
static const struct theme_color paper = {false, 0x16, 0x18, 0x1d, -1}, ink = {false, 0xd4, 0xd7, 0xdd, -1};

struct paint {
	struct theme_color fg, bg;
	int attr;
};

static struct theme_color color_or(struct theme_color c, struct theme_color a, struct theme_color b)
{
	return !c.is_default ? c : !a.is_default ? a : b;
}

static uint8_t mix(uint8_t a, uint8_t b)
{
	return (uint8_t)((a * 3 + b * 2) / 5);
}

static struct paint paint_of(const struct theme *t, const struct canvas_cell *p)
{
	struct theme_look look = theme_resolve(t, 256, (enum role)p->role, p->attr);
	struct paint out = {color_or(look.fg, t->foreground, ink), color_or(look.bg, t->background, paper), look.attr};
	if (look.attr & ATTR_REVERSE) {
		struct theme_color swap = out.fg;
		out.fg = out.bg;
		out.bg = swap;
	}
	if (look.attr & ATTR_DIM) {
		out.fg.r = mix(out.fg.r, out.bg.r);
		out.fg.g = mix(out.fg.g, out.bg.g);
		out.fg.b = mix(out.fg.b, out.bg.b);
	}
	return out;
}

static bool same_color(struct theme_color a, struct theme_color b)
{
	return a.r == b.r && a.g == b.g && a.b == b.b;
}

static bool same_paint(struct paint a, struct paint b)
{
	return same_color(a.fg, b.fg) && same_color(a.bg, b.bg) && a.attr == b.attr;
}

/* ---- shapes ---- */

enum { LEFT = 1, RIGHT = 2, UP = 4, DOWN = 8, ROUND = 16 };

/* The arms of a line character; 0 for any other. */
static int line_arms(uint32_t cp)
{
	static const struct {
		uint32_t cp;
		int arms;
	} lines[] = {{0x2500, LEFT | RIGHT}, {0x2502, UP | DOWN}, {0x250c, RIGHT | DOWN}, {0x2510, LEFT | DOWN},
	        {0x2514, RIGHT | UP}, {0x2518, LEFT | UP}, {0x251c, UP | DOWN | RIGHT}, {0x2524, UP | DOWN | LEFT},
	        {0x252c, LEFT | RIGHT | DOWN}, {0x2534, LEFT | RIGHT | UP}, {0x253c, LEFT | RIGHT | UP | DOWN},
	        {0x256d, RIGHT | DOWN | ROUND}, {0x256e, LEFT | DOWN | ROUND}, {0x256f, LEFT | UP | ROUND},
	        {0x2570, RIGHT | UP | ROUND}};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		if (lines[i].cp == cp)
			return lines[i].arms;
	}
	return 0;
}

static bool is_shape(uint32_t cp)
{
	return line_arms(cp) || (cp >= 0x2581 && cp <= 0x258f) || (cp >= 0x2800 && cp <= 0x28ff);
}

/* A part of a path's d attribute; x, y: the cell's corner. */
static void line_path(struct buf *b, int arms, double x, double y)
{
	double cx = x + CELL_W / 2.0, cy = y + CELL_H / 2.0, right = x + CELL_W, bottom = y + CELL_H;
	if (arms & ROUND) {
		double ex = arms & LEFT ? x : right, ey = arms & UP ? y : bottom;
		buf_printf(b, "M%g %gQ%g %g %g %g", cx, ey, cx, cy, ex, cy);
		return;
	}
	if (arms & (LEFT | RIGHT))
		buf_printf(b, "M%g %gH%g", arms & LEFT ? x : cx, cy, arms & RIGHT ? right : cx);
	if (arms & (UP | DOWN))
		buf_printf(b, "M%g %gV%g", cx, arms & UP ? y : cy, arms & DOWN ? bottom : cy);
}

/* Bars of neighbouring rows are kept apart by a little air, columns of a graph stand on each other. */
static void block_path(struct buf *b, uint32_t cp, enum role role, double x, double y)
{
	if (cp < 0x2588 || (cp == 0x2588 && role == ROLE_SPARK)) {
		double height = CELL_H * (double)(cp - 0x2580) / 8;
		buf_printf(b, "M%g %gh%dv%gh-%dz", x, y + CELL_H - height, CELL_W, height, CELL_W);
	} else {
		double width = CELL_W * (double)(0x2590 - cp) / 8;
		buf_printf(b, "M%g %gh%gv%dh-%gz", x, y + 3, width, CELL_H - 6, width);
	}
}

static void braille_path(struct buf *b, uint32_t cp, double x, double y)
{
	static const uint8_t place[8][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}};
	for (int i = 0; i < 8; i++) {
		if (cp & (1u << i))
			buf_printf(b, "M%g %gh2v2h-2z", x + 1.5 + 4 * place[i][0], y + 2 + 4 * place[i][1]);
	}
}

/* All shapes of a row with the same paint and kind become one path. */
static void row_shapes(const struct canvas *c, const struct theme *t, int row, struct buf *b)
{
	double y = PAD + row * CELL_H;
	for (int col = 0; col < c->cols; col++) {
		const struct canvas_cell *p = canvas_at(c, row, col);
		if (!is_shape(p->cp))
			continue;
		struct paint paint = paint_of(t, p);
		bool lines = line_arms(p->cp) != 0;
		if (lines)
			buf_printf(b, "<path fill=\"none\" stroke=\"#%02x%02x%02x\" stroke-width=\"%s\" d=\"",
			        paint.fg.r, paint.fg.g, paint.fg.b, paint.attr & ATTR_BOLD ? "2" : "1.2");
		else
			buf_printf(b, "<path fill=\"#%02x%02x%02x\" d=\"", paint.fg.r, paint.fg.g, paint.fg.b);
		for (; col < c->cols; col++) {
			p = canvas_at(c, row, col);
			if (!is_shape(p->cp) || (line_arms(p->cp) != 0) != lines || !same_paint(paint_of(t, p), paint))
				break;
			double x = PAD + col * CELL_W;
			if (lines && p->cp == 0x2500) { /* a run of them is one stroke */
				int from = col;
				while (col + 1 < c->cols && canvas_at(c, row, col + 1)->cp == 0x2500 &&
				        same_paint(paint_of(t, canvas_at(c, row, col + 1)), paint))
					col++;
				buf_printf(b, "M%g %gh%d", x, y + CELL_H / 2.0, (col - from + 1) * CELL_W);
			} else if (lines)
				line_path(b, line_arms(p->cp), x, y);
			else if (p->cp >= 0x2800)
				braille_path(b, p->cp, x, y);
			else
				block_path(b, p->cp, (enum role)p->role, x, y);
		}
		buf_adds(b, "\"/>\n");
		col--;
	}
}

static void row_backgrounds(
        const struct canvas *c, const struct theme *t, int row, struct theme_color whole, struct buf *b)
{
	for (int col = 0; col < c->cols;) {
		struct paint paint = paint_of(t, canvas_at(c, row, col));
		int from = col;
		while (col < c->cols && same_color(paint_of(t, canvas_at(c, row, col)).bg, paint.bg))
			col++;
		if (!same_color(paint.bg, whole))
			buf_printf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%02x%02x%02x\"/>\n",
			        PAD + from * CELL_W, PAD + row * CELL_H, (col - from) * CELL_W, CELL_H, paint.bg.r,
			        paint.bg.g, paint.bg.b);
	}
}

/* ---- text ---- */

static void add_cp(struct buf *b, uint32_t cp)
{
	char utf8[4];
	if (cp == '&')
		buf_adds(b, "&amp;");
	else if (cp == '<')
		buf_adds(b, "&lt;");
	else if (cp == '>')
		buf_adds(b, "&gt;");
	else if (cp == '"')
		buf_adds(b, "&quot;");
	else if (cp >= 0x20)
		buf_add(b, utf8, utf8_encode(cp, utf8));
}

/* Glyphs whose width no font promises stand alone in the middle of their cells. */
static bool stands_alone(const struct canvas_cell *p)
{
	return p->width == 2 || p->mark || p->cp >= 0x250;
}

static bool is_gap(const struct canvas *c, int row, int col)
{
	const struct canvas_cell *p = canvas_at(c, row, col);
	return !p || p->width == 0 || p->cp == ' ' || is_shape(p->cp);
}

static void run_open(struct buf *b, struct paint paint, int row)
{
	buf_printf(b, "<text y=\"%d\" fill=\"#%02x%02x%02x\"%s%s ", PAD + row * CELL_H + 13, paint.fg.r, paint.fg.g,
	        paint.fg.b, paint.attr & ATTR_BOLD ? " font-weight=\"bold\"" : "",
	        paint.attr & ATTR_UNDERLINE ? " text-decoration=\"underline\"" : "");
}

static int run_draw(const struct canvas *c, const struct theme *t, int row, int col, struct buf *b)
{
	const struct canvas_cell *p = canvas_at(c, row, col);
	struct paint paint = paint_of(t, p);
	run_open(b, paint, row);
	if (stands_alone(p)) {
		buf_printf(b, "x=\"%g\" text-anchor=\"middle\">", PAD + (col + p->width / 2.0) * CELL_W);
		add_cp(b, p->cp);
		if (p->mark)
			add_cp(b, p->mark);
		buf_adds(b, "</text>\n");
		return col + p->width;
	}
	int end = col;
	while (end < c->cols) { /* single blanks inside a run stay in it */
		const struct canvas_cell *q = canvas_at(c, row, end);
		bool gap = is_gap(c, row, end);
		if (gap && (q->cp != ' ' || is_gap(c, row, end + 1) || stands_alone(canvas_at(c, row, end + 1)) ||
		                   !same_paint(paint_of(t, canvas_at(c, row, end + 1)), paint)))
			break;
		if (!gap && (stands_alone(q) || !same_paint(paint_of(t, q), paint)))
			break;
		end++;
	}
	buf_printf(b, "x=\"%d\" textLength=\"%d\">", PAD + col * CELL_W, (end - col) * CELL_W);
	for (int k = col; k < end; k++)
		add_cp(b, canvas_at(c, row, k)->cp);
	buf_adds(b, "</text>\n");
	return end;
}

int picture_svg(const struct canvas *c, const struct theme *t, struct buf *b)
{
	int width = c->cols * CELL_W + 2 * PAD, height = c->rows * CELL_H + 2 * PAD;
	struct theme_color whole = color_or(t->background, paper, paper);
	buf_printf(b,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
	        "font-family=\"%s\" font-size=\"14.95\" xml:space=\"preserve\">\n",
	        width, height, width, height, FONT);
	buf_printf(b, "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#%02x%02x%02x\"/>\n", width, height, whole.r,
	        whole.g, whole.b);
	buf_adds(b, "<g shape-rendering=\"crispEdges\">\n");
	for (int row = 0; row < c->rows; row++)
		row_backgrounds(c, t, row, whole, b);
	buf_adds(b, "</g>\n");
	for (int row = 0; row < c->rows; row++)
		row_shapes(c, t, row, b);
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols;)
			col = is_gap(c, row, col) ? col + 1 : run_draw(c, t, row, col, b);
	}
	buf_adds(b, "</svg>\n");
	return b->failed ? ERR_LIMIT : 0;
}

/* ---- text forms ---- */

static int last_col(const struct canvas *c, int row, bool with_bg, const struct theme *t)
{
	int col = c->cols;
	while (col > 0) {
		const struct canvas_cell *p = canvas_at(c, row, col - 1);
		bool plain = p->cp == ' ' && !(p->attr & (ATTR_REVERSE | ATTR_UNDERLINE));
		if (plain && with_bg)
			plain = theme_resolve(t, 256, (enum role)p->role, p->attr).bg.is_default;
		if (!plain)
			break;
		col--;
	}
	return col;
}

static void add_cell(struct buf *b, const struct canvas_cell *p)
{
	char utf8[4];
	if (p->width == 0)
		return;
	buf_add(b, utf8, utf8_encode(p->cp, utf8));
	if (p->mark)
		buf_add(b, utf8, utf8_encode(p->mark, utf8));
}

int picture_txt(const struct canvas *c, struct buf *b)
{
	for (int row = 0; row < c->rows; row++) {
		int end = last_col(c, row, false, NULL);
		for (int col = 0; col < end; col++)
			add_cell(b, canvas_at(c, row, col));
		buf_addc(b, '\n');
	}
	return b->failed ? ERR_LIMIT : 0;
}

static void ansi_color(struct buf *b, struct theme_color c, bool background)
{
	if (c.is_default)
		buf_printf(b, ";%d", background ? 49 : 39);
	else if (c.ansi >= 0)
		buf_printf(b, ";%d", (c.ansi < 8 ? 30 + c.ansi : 82 + c.ansi) + (background ? 10 : 0));
	else
		buf_printf(b, ";%d;2;%d;%d;%d", background ? 48 : 38, c.r, c.g, c.b);
}

int picture_ansi(const struct canvas *c, const struct theme *t, struct buf *b)
{
	static const struct {
		int attr;
		const char *code;
	} codes[] = {{ATTR_BOLD, ";1"}, {ATTR_DIM, ";2"}, {ATTR_UNDERLINE, ";4"}, {ATTR_REVERSE, ";7"}};
	for (int row = 0; row < c->rows; row++) {
		int end = last_col(c, row, true, t), last = -1;
		for (int col = 0; col < end; col++) {
			const struct canvas_cell *p = canvas_at(c, row, col);
			int key = p->role << 8 | p->attr;
			if (key != last && p->width > 0) {
				struct theme_look look = theme_resolve(t, 256, (enum role)p->role, p->attr);
				buf_adds(b, "\x1b[0");
				for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
					if (look.attr & codes[i].attr)
						buf_adds(b, codes[i].code);
				}
				ansi_color(b, look.fg, false);
				ansi_color(b, look.bg, true);
				buf_addc(b, 'm');
				last = key;
			}
			add_cell(b, p);
		}
		buf_adds(b, last >= 0 ? "\x1b[0m\n" : "\n");
	}
	return b->failed ? ERR_LIMIT : 0;
}
