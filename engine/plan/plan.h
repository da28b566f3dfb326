/* The plan of a run: mode x pairs x CONCs (x repeats), each with its prompts, reference and board. Pure.
 *
 * Prompt rule: NUM_PROMPTS of the settings belongs to the environment's own CONC (or to --num-prompts for all rows);
 * every other row follows the track's rule.
 */
#ifndef BENCHTOP_PLAN_H
#define BENCHTOP_PLAN_H
#include "settings.h"

#define PLAN_CELLS 256

struct plan_cell {
	int isl, osl, conc, repeat; /* repeat from 1 */
	int num_prompts, rule_prompts, num_warmups;
	bool have_ref;
	struct track_ref ref;
	char board[256]; /* empty = none */
	double expect_s; /* seconds for the whole row, by the guide, scaled by the prompts */
	int pair;        /* index of the pair in the settings */
};

struct plan {
	struct plan_cell cells[PLAN_CELLS];
	int n_cells;
};

/* ERR_USAGE when a pair or CONC is not in the track (batch) or the plan is too large. In single mode a CONC or pair that
 * the track lacks is allowed (no reference, no board). */
int plan_make(struct plan *out, const struct settings *s, const struct track *t, struct err *e);
double plan_expect_s(const struct plan *p); /* sum */

#endif
