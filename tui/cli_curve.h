/* `benchtop curve [DIR ...] [-o FILE.svg]`: how many points of a run lie above the reference's curve, as text, JSON or SVG. */
#ifndef BENCHTOP_CLI_CURVE_H
#define BENCHTOP_CLI_CURVE_H
#include "options.h"

/* Each argument is a run, ours or the official tool's; without one the newest under the results directory that has a passed
 * row. Exit status 0, 1 for what the user can change, 2 for the rest. */
int cli_curve(const struct options *o);

#endif
