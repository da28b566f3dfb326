/* The table of the curve screen, for `benchtop curve` as well: CONC, throughput per GPU, the reference's curve at our place on
 * each axis, the gap to it. Pure; clips. */
#ifndef BENCHTOP_CURVE_SCREEN_H
#define BENCHTOP_CURVE_SCREEN_H
#include "../../engine/shelf/curve.h"
#include "../draw/canvas.h"
#include "../draw/layout.h"

#define CURVE_TABLE_COLS 100 /* with all its columns */

/* A head and a row for each point of the first run; from 100 columns on with our own E2E and interactivity. */
void curve_table_draw(struct canvas *c, struct rect r, const struct curve *cv);

#endif
