/* The prompts of a run, made in a thread of their own while accuracy is measured, row after row, so that nobody waits for
 * them. Used by the engine's thread alone.
 *
 * Sets that are mapped from files are made for all rows at once; where they lie in memory only the next row's is made ahead.
 * Nothing is made during a load: promptwork_hush waits until every thread of it stands still.
 */
#ifndef BENCHTOP_PROMPTWORK_H
#define BENCHTOP_PROMPTWORK_H
#include "../plan/plan.h"
#include "../plan/prompts.h"

struct promptwork;

/* Reads the tokenizer that the settings found and fills in tokenizer_sha256 and tokenizer_vocab. One that cannot be used is
 * an error when text was asked for (ERR_USAGE); else ids are sent and tokenizer_missing says why. *out NULL for ids. Starts
 * nothing. */
int promptwork_open(struct promptwork **out, struct settings *s, struct err *e);
/* Begins to make the sets of the plan's rows (borrowed until the end), in order. */
int promptwork_start(struct promptwork *w, const struct plan *plan, const struct settings *s, struct err *e);
/* Whether the set of a row is there without waiting. */
bool promptwork_ready(struct promptwork *w, int cell);
/* The set of a row, waited for; any level of `cancel` ends the waiting with ERR_CANCELLED. The caller frees the set; rows
 * before it, that nobody asked for, are passed over. */
int promptwork_take(struct promptwork *w, int cell, struct cancel *cancel, struct prompt_set **out, struct err *e);
void promptwork_hush(struct promptwork *w, bool hush); /* from the engine's thread, in pairs; NULL does nothing */
void promptwork_close(struct promptwork *w);           /* stops it, joins, frees; NULL does nothing */

/* $XDG_CACHE_HOME/benchtop/prompts, else below ~/.cache, else results_dir/.benchtop/prompts. */
bool promptwork_cache(char *out, size_t cap, const char *results_dir);

#endif
