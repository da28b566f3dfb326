/* A start of the server as its log tells it: which step, how far, how long still, and why it failed.
 *
 * Fed line by line by the watcher (live) or with a whole log's end (after a failed start). Plain structs, one thread. Times
 * are seconds since the server's process began. "Uvicorn running" is not the end of a start: the warm-up is still to come;
 * the end is the line "fired up", or /health 200, which the caller sees.
 */
#ifndef BENCHTOP_STARTUP_H
#define BENCHTOP_STARTUP_H
#include "../base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum startup_step {
	STEP_IMPORTS,
	STEP_RANKS,   /* distributed init */
	STEP_WEIGHTS, /* a bar: n/N */
	STEP_POOL,    /* KV pool */
	STEP_GRAPHS,  /* a bar: i/N */
	STEP_HTTP,
	STEP_WARMUP,
	STEP_READY,
	STEP_count
};

/* Seconds that each step took in the last start that became ready. */
struct startup_history {
	bool have;
	double step_s[STEP_READY];
};

#define STARTUP_BUILDS 16
#define STARTUP_LINE   400

/* Why it died: the first line that says so, and the last line of the traceback behind it. */
struct death {
	char head[STARTUP_LINE]; /* empty = nothing fatal yet */
	char exception[STARTUP_LINE];
	bool in_trace;
	bool fatal; /* head is a fatal line; else only a traceback was seen */
};

struct startup {
	enum startup_step step;
	double entered_s[STEP_count]; /* NaN = not yet */
	double bar_s;                 /* when the bar of this step began */
	int done, total;              /* of the bar; total 0 = no bar */
	char building[STARTUP_BUILDS][64];
	int n_building, n_built; /* JIT builds in progress, finished */
	struct startup_history history;
	double shown; /* progress never falls */
	char last[STARTUP_LINE];
	struct death death;
};

void startup_init(struct startup *s, const struct startup_history *history); /* NULL = none */
/* A cleaned line of the log. True when what the words, the bar or the step say changed. */
bool startup_line(struct startup *s, const char *line, double at_s);
/* It is ready, whoever said so. */
void startup_ready(struct startup *s, double at_s);
/* 0..1, 1 only when ready. Without history the shares of a start measured elsewhere stand in. */
double startup_progress(struct startup *s, double at_s);
/* Seconds left; NaN without a history (unless nothing but a bar is left to see). */
double startup_eta(const struct startup *s, double at_s);
/* Seconds in the step in progress, and what it took in the last start (NaN without a history). */
double startup_step_s(const struct startup *s, double at_s);
double startup_step_last_s(const struct startup *s);
/* "loading weights 40/82; building module_x (3 built)". Returns out. */
char *startup_words(const struct startup *s, char *out, size_t cap);
const char *startup_step_word(enum startup_step step); /* for the history file and tests */

/* Lines of a death, whenever it happens. True when `line` changed what death_words say. */
bool death_line(struct death *d, const char *line);
/* "TP2: Scheduler hit an exception: torch.OutOfMemoryError: HIP out of memory ..."; empty when nothing was seen. */
char *death_words(const struct death *d, char *out, size_t cap);
/* The decisive words of a log's end: of a fatal line, else of a traceback, else the last line. False: it cannot be read. */
bool death_of_log(const char *path, char *out, size_t cap);

/* $XDG_CACHE_HOME/benchtop/start-MODEL.json (~/.cache without it). load: a missing or spoilt file is no history.
 * save: what s measured, if it was followed from its beginning to ready; else 0 and nothing is written. */
void startup_history_load(struct startup_history *h, const char *model);
int startup_history_save(const struct startup *s, const char *model, struct err *e);
/* "DIR/NAME" in benchtop's cache directory, which is made when `make`. False when there is none. */
bool startup_cache_path(char *out, size_t cap, const char *name, bool make);

#endif
