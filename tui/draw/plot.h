/* A plot of several series over two axes: lines in braille dots (ASCII: '.'), the points themselves as a mark of each
 * series' own, so that they can be told apart without colour; ticks at round numbers, labels, a legend.
 *
 * Clips, allocates nothing. Points that are not finite break the line and are left out. Nothing but a sentence is drawn
 * when the room is too small or no series has a point.
 */
#ifndef BENCHTOP_PLOT_H
#define BENCHTOP_PLOT_H
#include "canvas.h"
#include "layout.h"

struct plot_series {
	const char *name;
	enum role role;
	const double *x, *y; /* n of each, joined in order */
	int n;
	bool no_line;              /* points alone */
	const char *const *labels; /* n short words to stand beside the points where there is room; NULL none */
};

#define PLOT_SERIES 6

struct plot {
	const char *x_label, *y_label; /* with the unit; may be NULL */
	struct plot_series series[PLOT_SERIES];
	int n_series;
	bool from_zero; /* both axes begin at 0 whatever the points are */
	bool y_from_zero;
};

void widget_plot(struct canvas *c, struct rect r, const struct plot *p);

/* A round number of the form 1, 2 or 5 times a power of ten, so that span / step is at most `most`; 0 for no span. */
double plot_step(double span, int most);
/* The mark of series i, one column. */
const char *plot_mark(int i, bool ascii);

#endif
