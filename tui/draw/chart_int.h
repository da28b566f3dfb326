/* Between the files of the chart. */
#ifndef BENCHTOP_CHART_INT_H
#define BENCHTOP_CHART_INT_H
#include "chart.h"

#define CHART_MARK 5.5 /* half the size of a mark */

double chart_text_width(const char *text, double size, bool bold);
/* Adds a text, cut to `most` pixels (0 = as long as it is). NULL when there are too many. */
struct chart_text *chart_put(struct chart *ch, double x, double y, enum chart_anchor anchor, double size, int ink,
        bool bold, double most, const char *text);
/* The i-th tick of an axis; false past its end. */
bool chart_tick(const struct chart_axis *a, int i, double *v);
/* Which of the six looks (colour, shape, dashes) a set has: 0 is the reference's, 1 the first run's. */
int chart_style(const struct curve *c, int set);
/* chart_label.c: CONC beside every point of a panel. */
void chart_label_panel(struct chart *ch, struct chart_panel *p);

#endif
