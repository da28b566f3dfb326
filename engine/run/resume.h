/* Going on with a run that was cut, stopped, or has rows that failed. Internal to engine/run; in the engine's thread.
 *
 * The run directory says what the run was (run.json) and how far it came (the fold of its journal). The rows that have a result
 * stay as they are; the others are run in the same directory, into the same journal. What must be as it was is checked, and
 * refused in words: track, plan, tokenizer, served model. What may differ is said in a notice: server version, code, start.
 */
#ifndef BENCHTOP_RESUME_H
#define BENCHTOP_RESUME_H
#include "manifest.h"
#include "pipeline.h"

/* settings.resume: takes the directory's lock, folds its journal into p->board, fills p->plan and p->dir, and decides which
 * rows run. 0, or the exit status with the sentence in e; the latter also when nothing is to be done (then resume_idle). */
int resume_open(struct pipeline *p, struct err *e);
void resume_close(struct pipeline *p);

/* All of these answer for a new run, too. */
bool resume_idle(const struct pipeline *p); /* nothing is to be done: e says so, the status is the run's own */
bool resume_runs(const struct pipeline *p, int cell);  /* the row is to be measured */
bool resume_measures(const struct pipeline *p);        /* any row is */
bool resume_again(const struct pipeline *p, int cell); /* it is, and had ended before without a result */
int resume_confirmed(const struct pipeline *p);        /* posts that the board confirmed before */

/* Finds the tokenizer of before, instead of settings_prompts. */
int resume_prompts(struct pipeline *p, settings_getenv get, struct err *e);
/* Once it is read: is it the same? */
int resume_tokenizer(const struct pipeline *p, struct err *e);
/* The ready server serves the same model? ERR_USAGE when not. */
int resume_server(const struct pipeline *p, struct err *e);
/* Looks at the code and writes manifest.json beside it into resume_DATE_TIME/: what is measured from here on is of that. */
int resume_manifest(struct pipeline *p, int64_t wall_ns, struct err *e);
/* After run_started and the plan: ends the rows that lacked only their end, says what differs, posts what still waits. */
void resume_begin(struct pipeline *p);

#endif
