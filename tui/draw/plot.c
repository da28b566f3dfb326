#include "plot.h"
#include "../../engine/base/text.h"
#include "widget.h"
#include <math.h>
#include <string.h>

#define PLOT_MIN_ROWS 5
#define PLOT_MIN_COLS 20
#define DOTS_MOST     4096 /* of one stretch of a line: no screen has more */

struct axis {
	double low, high, step;
	int decimals;
};

/* Where the points go: rows and columns of cells inside the axes. */
struct field {
	struct canvas *c;
	struct rect r;
	struct axis x, y;
};

const char *plot_mark(int i, bool ascii)
{
	static const char *const marks[PLOT_SERIES] = {"●", "○", "×", "+", "■", "▲"};
	static const char *const plain[PLOT_SERIES] = {"o", "x", "*", "+", "#", "@"};
	unsigned at = (unsigned)i % PLOT_SERIES;
	return ascii ? plain[at] : marks[at];
}

double plot_step(double span, int most)
{
	if (!(span > 0) || !isfinite(span) || most < 1)
		return 0;
	double raw = span / most, ten = pow(10, floor(log10(raw)));
	static const double rounds[] = {1, 2, 5, 10};
	for (int i = 0; i < 4; i++) {
		if (rounds[i] * ten >= raw * (1 - 1e-9))
			return rounds[i] * ten;
	}
	return 10 * ten;
}

static bool axis_make(struct axis *a, const struct plot *p, bool vertical, int ticks)
{
	double low = INFINITY, high = -INFINITY;
	for (int s = 0; s < p->n_series && s < PLOT_SERIES; s++) {
		const double *v = vertical ? p->series[s].y : p->series[s].x;
		for (int i = 0; i < p->series[s].n; i++) {
			if (!isfinite(p->series[s].x[i]) || !isfinite(p->series[s].y[i]) || fabs(v[i]) > 1e15)
				continue;
			low = v[i] < low ? v[i] : low;
			high = v[i] > high ? v[i] : high;
		}
	}
	if (low > high)
		return false;
	if ((p->from_zero || (vertical && p->y_from_zero)) && low > 0)
		low = 0;
	if (high - low < 1e-9 * fmax(1, fabs(high))) { /* one value alone stands in the middle */
		low -= fmax(0.5, fabs(low) * 0.5);
		high += fmax(0.5, fabs(high) * 0.5);
	}
	a->step = plot_step(high - low, ticks);
	a->low = floor(low / a->step + 1e-9) * a->step;
	a->high = ceil(high / a->step - 1e-9) * a->step;
	double digits = -floor(log10(a->step) + 1e-9);
	a->decimals = digits > 0 ? (digits < 6 ? (int)digits : 6) : 0;
	return a->high > a->low;
}

static char *tick_text(const struct axis *a, double v, char out[40])
{
	return text_commas(fabs(v) < a->step * 1e-6 ? 0 : v, a->decimals, out);
}

/* Share of the axis, 0..1 inside. */
static double share_of(const struct axis *a, double v)
{
	return (v - a->low) / (a->high - a->low);
}

static void dot(struct field *f, double sx, double sy, enum role role)
{
	static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
	int wide = f->r.cols * 2, high = f->r.rows * 4;
	int x = (int)(sx * (wide - 1) + 0.5), y = (int)((1 - sy) * (high - 1) + 0.5);
	if (!(sx >= 0 && sx <= 1 && sy >= 0 && sy <= 1) || x < 0 || y < 0 || x >= wide || y >= high)
		return;
	int row = f->r.row + y / 4, col = f->r.col + x / 2;
	const struct canvas_cell *there = canvas_at(f->c, row, col);
	char text[5] = "";
	if (!there)
		return;
	if (f->c->ascii) {
		canvas_text(f->c, row, col, 1, role, 0, ".");
		return;
	}
	uint32_t cp = there->cp >= 0x2800 && there->cp <= 0x28ff ? there->cp : 0x2800;
	utf8_encode(cp | bits[y % 4][x % 2], text);
	canvas_text(f->c, row, col, 1, role, 0, text);
}

static void series_line(struct field *f, const struct plot_series *s)
{
	for (int i = 1; i < s->n; i++) {
		if (!isfinite(s->x[i - 1]) || !isfinite(s->y[i - 1]) || !isfinite(s->x[i]) || !isfinite(s->y[i]))
			continue;
		double x0 = share_of(&f->x, s->x[i - 1]), y0 = share_of(&f->y, s->y[i - 1]);
		double x1 = share_of(&f->x, s->x[i]), y1 = share_of(&f->y, s->y[i]);
		double far = fmax(fabs(x1 - x0) * f->r.cols * 2, fabs(y1 - y0) * f->r.rows * 4);
		int dots = far < DOTS_MOST ? (int)far + 1 : DOTS_MOST;
		for (int k = 0; k <= dots; k++)
			dot(f, x0 + (x1 - x0) * k / dots, y0 + (y1 - y0) * k / dots, s->role);
	}
}

/* The cell of a point; false outside the axes. */
static bool point_cell(const struct field *f, double vx, double vy, int *row, int *col)
{
	double x = share_of(&f->x, vx), y = share_of(&f->y, vy);
	if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1))
		return false;
	*col = f->r.col + (int)(x * (f->r.cols * 2 - 1) + 0.5) / 2;
	*row = f->r.row + (int)((1 - y) * (f->r.rows * 4 - 1) + 0.5) / 4;
	return true;
}

static void series_points(struct field *f, const struct plot_series *s, int which)
{
	int row, col;
	for (int i = 0; i < s->n; i++)
		if (point_cell(f, s->x[i], s->y[i], &row, &col))
			canvas_text(f->c, row, col, 1, s->role, ATTR_BOLD, plot_mark(which, f->c->ascii));
}

/* Whether a label may stand there: inside, on blanks - or on lines, when those may be covered - and not against a word. */
static bool label_fits(const struct field *f, int row, int col, int cols, bool over_lines)
{
	const struct rect *r = &f->r;
	if (row < r->row || row >= r->row + r->rows || col < r->col || col + cols > r->col + r->cols)
		return false;
	for (int i = 0; i < cols; i++) {
		const struct canvas_cell *there = canvas_at(f->c, row, col + i);
		uint32_t cp = there ? there->cp : 0;
		bool line = (cp >= 0x2800 && cp <= 0x28ff) || (f->c->ascii && cp == '.');
		if (cp != ' ' && !(over_lines && line))
			return false;
	}
	const struct canvas_cell *before = canvas_at(f->c, row, col - 1), *after = canvas_at(f->c, row, col + cols);
	return (!before || before->cp < '0' || before->cp > '9') && (!after || after->cp < '0' || after->cp > '9');
}

/* Each label takes the first free place of those around its point; without one it is left out. */
static void series_labels(struct field *f, const struct plot_series *s)
{
	int row, col;
	for (int i = 0; s->labels && i < s->n; i++) {
		int w = s->labels[i] ? text_width(s->labels[i], strlen(s->labels[i])) : 0;
		if (w == 0 || !point_cell(f, s->x[i], s->y[i], &row, &col))
			continue;
		const int places[][2] = {{row, col + 1}, {row, col - w}, {row - 1, col - w / 2}, {row + 1, col - w / 2},
		        {row - 1, col + 1}, {row + 1, col + 1}, {row - 1, col - w}, {row + 1, col - w}};
		for (int k = 0; k < 16; k++) {
			const int *at = places[k % 8];
			if (!label_fits(f, at[0], at[1], w, k >= 8))
				continue;
			canvas_text(f->c, at[0], at[1], w, s->role, 0, s->labels[i]);
			break;
		}
	}
}

static void axis_left(struct field *f, int labels)
{
	char text[40];
	int bottom = f->r.row + f->r.rows;
	canvas_fill(f->c, f->r.row, f->r.col - 1, f->r.rows, 1, 0x2502, ROLE_BOX, 0);
	canvas_text(f->c, bottom, f->r.col - 1, 1, ROLE_BOX, 0, "╰");
	canvas_fill(f->c, bottom, f->r.col, 1, f->r.cols, 0x2500, ROLE_BOX, 0);
	int last = bottom + 1;
	for (int k = 0; k < 100; k++) {
		double v = f->y.low + k * f->y.step, y = share_of(&f->y, v);
		if (y > 1 + 1e-9)
			break;
		int row = f->r.row + (int)((1 - y) * (f->r.rows * 4 - 1) + 0.5) / 4;
		if (row >= last)
			continue;
		last = row;
		canvas_right(f->c, row, f->r.col - 2 - labels, labels, ROLE_DIM, 0, tick_text(&f->y, v, text));
		canvas_text(f->c, row, f->r.col - 1, 1, ROLE_BOX, 0, "┤");
	}
}

static void axis_bottom(struct field *f)
{
	char text[40];
	int row = f->r.row + f->r.rows, free = f->r.col - 4;
	for (int k = 0; k < 100; k++) {
		double v = f->x.low + k * f->x.step, x = share_of(&f->x, v);
		if (x > 1 + 1e-9)
			break;
		int col = f->r.col + (int)(x * (f->r.cols * 2 - 1) + 0.5) / 2;
		canvas_text(f->c, row, col, 1, ROLE_BOX, 0, "┬");
		tick_text(&f->x, v, text);
		int width = text_width(text, strlen(text)), at = col - width / 2;
		if (at + width > f->r.col + f->r.cols)
			at = f->r.col + f->r.cols - width;
		if (at <= free)
			continue;
		canvas_text(f->c, row + 1, at, width, ROLE_DIM, 0, text);
		free = at + width;
	}
}

/* "tok/s/GPU        ● ours  ○ B200" above, the other label below at the right. */
static void words(struct canvas *c, struct rect r, const struct plot *p)
{
	struct pen pen = pen_at(c, r.row, r.col, r.cols);
	if (p->y_label)
		pen_put(&pen, ROLE_DIM, 0, "%s", p->y_label);
	pen_gap(&pen, 3);
	for (int i = 0; i < p->n_series && i < PLOT_SERIES; i++) {
		if (!p->series[i].name)
			continue;
		pen_put(&pen, p->series[i].role, ATTR_BOLD, "%s", plot_mark(i, c->ascii));
		pen_put(&pen, ROLE_TEXT, 0, " %s  ", p->series[i].name);
	}
	if (p->x_label)
		canvas_right(c, r.row + r.rows - 1, r.col, r.cols, ROLE_DIM, 0, p->x_label);
}

void widget_plot(struct canvas *c, struct rect r, const struct plot *p)
{
	struct field f = {.c = c};
	char text[40];
	if (r.rows < PLOT_MIN_ROWS || r.cols < PLOT_MIN_COLS) {
		canvas_fit(c, r.row, r.col, r.cols, ROLE_DIM, 0, "no room for the plot");
		return;
	}
	/* Ticks may stand closer than their numbers are wide: those that would touch are left out. */
	int across = r.cols < 50 ? r.cols / 7 : r.cols / 9, up = r.rows / 3 > 1 ? r.rows / 3 : 1;
	if (!axis_make(&f.y, p, true, up) || !axis_make(&f.x, p, false, across)) {
		canvas_fit(c, r.row, r.col, r.cols, ROLE_DIM, 0, "nothing to plot so far");
		return;
	}
	int labels = 0;
	for (int k = 0; k < 100 && f.y.low + k * f.y.step <= f.y.high * (1 + 1e-9); k++) {
		tick_text(&f.y, f.y.low + k * f.y.step, text);
		int width = text_width(text, strlen(text));
		labels = width > labels ? width : labels;
	}
	if (labels > r.cols / 3)
		labels = r.cols / 3;
	/* legend above; axis, numbers and label below */
	f.r = (struct rect){r.row + 1, r.col + labels + 2, r.rows - 1 - (p->x_label ? 3 : 2), r.cols - labels - 2};
	if (f.r.rows < 1)
		return;
	axis_left(&f, labels);
	axis_bottom(&f);
	words(c, r, p);
	int n = p->n_series < PLOT_SERIES ? p->n_series : PLOT_SERIES;
	for (int i = n - 1; i >= 0; i--) /* the first lies on top */
		if (!p->series[i].no_line)
			series_line(&f, &p->series[i]);
	for (int i = n - 1; i >= 0; i--)
		series_points(&f, &p->series[i], i);
	for (int i = 0; i < n; i++)
		series_labels(&f, &p->series[i]);
}
