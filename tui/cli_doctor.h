/* `benchtop doctor`: what a run needs, checked and said; with --client the client's own error.
 *
 * A line a check, problems with their remedy, and one sentence at the end; --json prints an array of {topic, verdict, text},
 * of --client an array of {conc, ...}, absent numbers null.
 */
#ifndef BENCHTOP_CLI_DOCTOR_H
#define BENCHTOP_CLI_DOCTOR_H
#include "options.h"

/* Exit status: 0 no problem, 2 problems, or the client could not be measured. */
int cli_doctor(const struct options *o, const struct track *t);

#endif
