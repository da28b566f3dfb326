#include "canvas.h"
#include "../../engine/base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct canvas_cell blank = {' ', 0, 1, ROLE_TEXT, 0};

/* One-column ASCII stand-ins for the glyphs that screens use; anything else outside ASCII becomes '?'. */
static const struct {
	uint32_t first, last;
	char form;
} ascii_forms[] = {{0x00a0, 0x00a0, ' '}, {0x00b0, 0x00b0, ' '}, {0x00b1, 0x00b1, '~'}, {0x00b7, 0x00b7, '.'},
        {0x00d7, 0x00d7, 'x'}, {0x2013, 0x2014, '-'}, {0x2018, 0x2019, '\''}, {0x201c, 0x201d, '"'},
        {0x2022, 0x2022, '*'}, {0x2026, 0x2026, '>'}, {0x2190, 0x2190, '<'}, {0x2191, 0x2191, '^'},
        {0x2192, 0x2192, '>'}, {0x2193, 0x2193, 'v'}, {0x2264, 0x2264, '<'}, {0x2265, 0x2265, '>'},
        {0x2500, 0x2501, '-'}, {0x2502, 0x2503, '|'}, {0x250c, 0x254b, '+'}, {0x256d, 0x2570, '+'},
        {0x2581, 0x2583, '.'}, {0x2584, 0x2588, '#'}, {0x2589, 0x258b, '#'}, {0x258c, 0x258f, '='},
        {0x25b8, 0x25b8, '>'}, {0x25cb, 0x25cb, 'o'}, {0x25cf, 0x25cf, '*'}, {0x25d0, 0x25d0, '~'},
        {0x2713, 0x2713, 'v'}, {0x2717, 0x2717, 'x'}, {0x2800, 0x28ff, '*'}};

static uint32_t ascii_form(uint32_t cp)
{
	for (size_t i = 0; i < sizeof ascii_forms / sizeof ascii_forms[0]; i++) {
		if (cp >= ascii_forms[i].first && cp <= ascii_forms[i].last)
			return (uint32_t)(unsigned char)ascii_forms[i].form;
	}
	return '?';
}

int canvas_open(struct canvas *c, int rows, int cols, bool ascii)
{
	memset(c, 0, sizeof *c);
	rows = rows < 1 ? 1 : rows > CANVAS_MAX_ROWS ? CANVAS_MAX_ROWS : rows;
	cols = cols < 1 ? 1 : cols > CANVAS_MAX_COLS ? CANVAS_MAX_COLS : cols;
	c->cells = calloc((size_t)rows * (size_t)cols, sizeof *c->cells);
	if (!c->cells)
		return -1;
	c->rows = rows;
	c->cols = cols;
	c->ascii = ascii;
	canvas_clear(c);
	return 0;
}

void canvas_close(struct canvas *c)
{
	free(c->cells);
	memset(c, 0, sizeof *c);
}

void canvas_clear(struct canvas *c)
{
	size_t n = (size_t)c->rows * (size_t)c->cols;
	for (size_t i = 0; i < n; i++)
		c->cells[i] = blank;
}

static struct canvas_cell *cell_at(const struct canvas *c, int row, int col)
{
	if (row < 0 || col < 0 || row >= c->rows || col >= c->cols)
		return NULL;
	return &c->cells[(size_t)row * (size_t)c->cols + (size_t)col];
}

const struct canvas_cell *canvas_at(const struct canvas *c, int row, int col)
{
	return cell_at(c, row, col);
}

/* Turns a cell into a blank of its own role, without regard to a partner half. */
static void cell_blank(struct canvas_cell *p)
{
	p->cp = ' ';
	p->mark = 0;
	p->width = 1;
}

/* The other half of a wide character that is about to be overwritten in part becomes a blank. */
static void split_wide(struct canvas *c, int row, int col)
{
	struct canvas_cell *p = cell_at(c, row, col);
	if (!p)
		return;
	if (p->width == 0) {
		struct canvas_cell *left = cell_at(c, row, col - 1);
		if (left)
			cell_blank(left);
		cell_blank(p);
	} else if (p->width == 2) {
		struct canvas_cell *right = cell_at(c, row, col + 1);
		if (right)
			cell_blank(right);
		cell_blank(p);
	}
}

static void put_one(struct canvas *c, int row, int col, uint32_t cp, enum role role, int attr)
{
	struct canvas_cell *p = cell_at(c, row, col);
	if (!p)
		return;
	split_wide(c, row, col);
	*p = (struct canvas_cell){cp, 0, 1, (uint8_t)role, (uint8_t)attr};
}

static void put_char(struct canvas *c, int row, int col, uint32_t cp, int width, enum role role, int attr)
{
	if (c->ascii && cp >= 0x7f) {
		uint32_t form = width == 2 ? '?' : ascii_form(cp);
		for (int i = 0; i < width; i++)
			put_one(c, row, col + i, form, role, attr);
		return;
	}
	if (width == 2 && (col < 0 || col + 1 >= c->cols)) {
		put_one(c, row, col, ' ', role, attr);
		put_one(c, row, col + 1, ' ', role, attr);
		return;
	}
	put_one(c, row, col, cp, role, attr);
	if (width == 2 && cell_at(c, row, col)) {
		put_one(c, row, col + 1, ' ', role, attr);
		cell_at(c, row, col)->width = 2;
		struct canvas_cell *right = cell_at(c, row, col + 1);
		right->cp = 0;
		right->width = 0;
	}
}

int canvas_text(struct canvas *c, int row, int col, int columns, enum role role, int attr, const char *utf8)
{
	if (!utf8)
		return 0;
	size_t len = strlen(utf8);
	int used = 0;
	struct canvas_cell *last = NULL;
	for (size_t at = 0; at < len;) {
		uint32_t cp;
		at += utf8_decode(utf8 + at, len - at, &cp);
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			continue;
		int width = text_cp_width(cp);
		if (width == 0) {
			/* a name from a disk may still hold what reorders the line: a mark is a mark, nothing else */
			if (last && !c->ascii && last->mark == 0 && !text_cp_unwanted(cp))
				last->mark = cp;
			continue;
		}
		if (width > columns - used)
			break;
		put_char(c, row, col + used, cp, width, role, attr);
		last = cell_at(c, row, col + used);
		used += width;
	}
	return used;
}

int canvas_printf(struct canvas *c, int row, int col, int columns, enum role role, int attr, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return n < 0 ? 0 : canvas_text(c, row, col, columns, role, attr, text);
}

int canvas_right(struct canvas *c, int row, int col, int columns, enum role role, int attr, const char *utf8)
{
	if (!utf8 || columns <= 0)
		return 0;
	int width = text_width(utf8, strlen(utf8));
	if (width <= columns)
		return canvas_text(c, row, col + columns - width, width, role, attr, utf8);
	return canvas_fit(c, row, col, columns, role, attr, utf8);
}

int canvas_fit(struct canvas *c, int row, int col, int columns, enum role role, int attr, const char *utf8)
{
	if (!utf8 || columns <= 0)
		return 0;
	if (text_width(utf8, strlen(utf8)) <= columns)
		return canvas_text(c, row, col, columns, role, attr, utf8);
	int used = canvas_text(c, row, col, columns - 1, role, attr, utf8);
	return used + canvas_text(c, row, col + used, 1, role, attr, "…");
}

void canvas_fill(struct canvas *c, int row, int col, int rows, int cols, uint32_t cp, enum role role, int attr)
{
	if (text_cp_width(cp) != 1)
		cp = ' ';
	int r0 = row < 0 ? 0 : row, c0 = col < 0 ? 0 : col;
	int64_t r1 = (int64_t)row + rows, c1 = (int64_t)col + cols;
	for (int r = r0; r < r1 && r < c->rows; r++) {
		for (int k = c0; k < c1 && k < c->cols; k++)
			put_char(c, r, k, cp, 1, role, attr);
	}
}

void canvas_role(struct canvas *c, int row, int col, int cols, enum role role, int attr)
{
	int64_t end = (int64_t)col + cols;
	for (int k = col < 0 ? 0 : col; k < end && k < c->cols; k++) {
		struct canvas_cell *p = cell_at(c, row, k);
		if (!p)
			return;
		p->role = (uint8_t)role;
		p->attr = (uint8_t)attr;
	}
}

void canvas_attr(struct canvas *c, int row, int col, int rows, int cols, int attr)
{
	int64_t r1 = (int64_t)row + rows, c1 = (int64_t)col + cols;
	for (int r = row < 0 ? 0 : row; r < r1 && r < c->rows; r++) {
		for (int k = col < 0 ? 0 : col; k < c1 && k < c->cols; k++) {
			struct canvas_cell *p = cell_at(c, r, k);
			p->attr = (uint8_t)(p->attr | attr);
		}
	}
}
