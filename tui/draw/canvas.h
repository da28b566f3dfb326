/* The canvas: a grid of cells that every screen draws into; term, pictures and golden tests read it.
 *
 * Drawing is a pure function of board, view, size and time. Coordinates are (row, col) from 0; everything is clipped, any
 * size from 1x1 works, negative or outside positions draw nothing. A wide character takes two cells (the second has
 * width 0); half of one is never left behind. No curses, no locale, no allocation after canvas_open.
 */
#ifndef BENCHTOP_CANVAS_H
#define BENCHTOP_CANVAS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role {
#define ROLE(NAME, key, doc) ROLE_##NAME,
#include "roles.def"
#undef ROLE
	ROLE_count
};

enum { ATTR_BOLD = 1, ATTR_REVERSE = 2, ATTR_UNDERLINE = 4, ATTR_DIM = 8 }; /* added to the role's own */
/* Surfaces: the text keeps its role, the background is that of ROLE_FOCUS, ROLE_FORM or ROLE_HEADER (theme_resolve). */
enum { ATTR_FOCUS = 16, ATTR_FORM = 32, ATTR_HEAD = 64 };

struct canvas_cell {
	uint32_t cp;   /* ' ' when empty; 0 in the second half of a wide character */
	uint32_t mark; /* one combining mark, 0 none */
	uint8_t width; /* 1, 2; 0 = second half */
	uint8_t role;
	uint8_t attr;
};

#define CANVAS_MAX_ROWS 400
#define CANVAS_MAX_COLS 1000

struct canvas {
	int rows, cols;
	bool ascii;                /* draw ASCII forms of boxes, bars, marks */
	struct canvas_cell *cells; /* rows * cols, owned */
};

int canvas_open(struct canvas *c, int rows, int cols, bool ascii); /* clamped to the maxima; 0 or -1 (memory) */
void canvas_close(struct canvas *c);
void canvas_clear(struct canvas *c);
const struct canvas_cell *canvas_at(const struct canvas *c, int row, int col); /* NULL outside */

/* Writes UTF-8 text from (row, col), at most `columns` columns; controls are dropped. Returns the columns used. */
int canvas_text(struct canvas *c, int row, int col, int columns, enum role role, int attr, const char *utf8);
int canvas_printf(struct canvas *c, int row, int col, int columns, enum role role, int attr, const char *fmt, ...)
        __attribute__((format(printf, 7, 8)));
/* The same, right-aligned in `columns`; too long: the left end is kept and the last column is '…' ('>' in ASCII). */
int canvas_right(struct canvas *c, int row, int col, int columns, enum role role, int attr, const char *utf8);
/* The same, left-aligned. */
int canvas_fit(struct canvas *c, int row, int col, int columns, enum role role, int attr, const char *utf8);
void canvas_fill(struct canvas *c, int row, int col, int rows, int cols, uint32_t cp, enum role role, int attr);
void canvas_role(struct canvas *c, int row, int col, int cols, enum role role, int attr); /* repaints, keeps text */
/* Adds attributes to what is there. */
void canvas_attr(struct canvas *c, int row, int col, int rows, int cols, int attr);

#endif
