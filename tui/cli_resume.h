/* resume: an interrupted run goes on in its own directory, with the settings and rows that run.json tells of. */
#ifndef BENCHTOP_CLI_RESUME_H
#define BENCHTOP_CLI_RESUME_H
#include "options.h"

/* The settings of the run in `dir` (a manifest's, *was) with what today's options may change: the server's address and how it
 * is waited for or restarted, where track, tokenizer, corpus and log lie, what is done with doubts and a board that sleeps.
 * Pure. */
void resume_settings(const struct options *o, const struct settings *was, const char *dir, struct settings *out);

/* o->args[0] is the run directory. The exit status is that of a headless run over all of its rows. */
int cli_resume(const struct options *o);

#endif
