/* The curve as a chart for a slide or a submission: an SVG with real text, two panels, throughput per GPU against median E2E
 * and against interactivity.
 *
 * Made in two steps, so that what stands where can be tested: chart_lay places everything, chart_svg paints it in a theme.
 * Both are pure; lengths are pixels of the picture, y downwards. Widths of text are reckoned for the widest font of the
 * stack, so that nothing overlaps whichever of them a viewer has. Names are data: cleaned, escaped, cut with '…'.
 */
#ifndef BENCHTOP_CHART_H
#define BENCHTOP_CHART_H
#include "../../engine/base/buf.h"
#include "../../engine/shelf/curve.h"
#include "theme.h"

#define CHART_WIDTH  1280.0
#define CHART_TEXTS  512
#define CHART_LINES  256
#define CHART_POINTS (CURVE_SETS * CURVE_POINTS)
#define CHART_FAMILY "Inter,Helvetica Neue,Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif"

/* What the curve does not know of its runs. */
struct chart_about {
	const char *model;                   /* NULL or empty: not told */
	int64_t first_wall_ns, last_wall_ns; /* when the runs began, local days; 0 unknown */
};

struct chart_box {
	double x, y, w, h;
};

/* Inks of text; INK_SET is the reference's, INK_SET + 1 the first run's, and so on. */
enum chart_ink { INK_TEXT, INK_DIM, INK_STRONG, INK_GOOD, INK_BAD, INK_WARN, INK_SET };
enum chart_anchor { CHART_START, CHART_MIDDLE, CHART_END };

struct chart_text {
	double x, y; /* of the anchor; y is the base line */
	double w;    /* reckoned width */
	double size;
	enum chart_anchor anchor;
	int ink;
	bool bold, halo; /* halo: lies over lines, which are kept off it */
	char text[320];
};

/* The hair from a point to a label that had no room beside it. */
struct chart_leader {
	double x1, y1, x2, y2;
	int set;
};

struct chart_mark {
	double x, y;
	int set, conc;
	bool doubt;
};

struct chart_axis {
	double low, high, step; /* step 0: no ticks */
	int decimals;
};

struct chart_panel {
	enum curve_axis axis;
	struct chart_box field; /* inside the axes */
	struct chart_axis x, y;
	struct chart_mark mark[CHART_POINTS]; /* set by set, each in the order of x: they are joined */
	int n;                                /* 0: nothing to show, and a sentence says so */
	int left_out;                         /* labels without room */
};

struct chart {
	const struct curve *curve; /* borrowed */
	double height;
	struct chart_panel panel[2];
	struct chart_text text[CHART_TEXTS];
	int n_texts;
	struct chart_leader leader[CHART_LINES];
	int n_leaders;
	struct {
		double x, y;
		int set;
	} legend[CURVE_SETS];
	int n_legend;
	char title[320], description[1024]; /* for readers of the SVG who do not see it */
};

/* Large: on the heap or static. `about` may be NULL. */
void chart_lay(struct chart *out, const struct curve *c, const struct chart_about *about);
/* 0 or buf's error code. */
int chart_svg(const struct chart *ch, const struct theme *t, struct buf *b);

/* The room that a text takes, a mark takes. */
struct chart_box chart_text_box(const struct chart_text *t);
struct chart_box chart_mark_box(const struct chart_mark *m);
bool chart_boxes_meet(struct chart_box a, struct chart_box b);
/* The colour of an ink on the theme's background: with enough contrast to be read. */
struct theme_color chart_ink_color(const struct theme *t, int ink);
struct theme_color chart_paper(const struct theme *t);

#endif
