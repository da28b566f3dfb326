/* What the server's log says about a timed span: JIT builds, cached tokens, foreign load, retractions, its own rate, and
 * the line that it died of.
 *
 * logspan follows the log in a thread of its own while a load runs (the load's thread touches no file): it sees a fatal
 * line within half a second and holds the newest batch figures for the timeline. After the load the part of the log that
 * belongs to the timed span is read again, whole, and tallied; from the tally come the flags (DESIGN "Valid?").
 */
#ifndef BENCHTOP_SERVERFLAGS_H
#define BENCHTOP_SERVERFLAGS_H
#include "../event/event.h"
#include <stdbool.h>
#include <stdint.h>

#define TALLY_BUILDS 16
#define TALLY_RANKS  16

struct tally_build {
	char name[64];
	bool started, finished;
	double cost_s; /* NaN unknown */
};

struct tally_rank { /* a data-parallel rank */
	double running;
	int64_t stamp_s;
	bool decoded;           /* the first decode line speaks of the time before */
	double tokens, seconds; /* over decode lines, in units of steps */
};

struct server_tally {
	int conc; /* given */
	int64_t lines;
	struct tally_build build[TALLY_BUILDS];
	int n_builds;
	int64_t cached, prefilled;        /* tokens */
	int64_t decode_lines, over_lines; /* over: more requests ran than CONC */
	double running_max;
	int64_t retractions, retracted; /* lines, requests */
	struct tally_rank rank[TALLY_RANKS];
	char fatal[400]; /* the first fatal line */
	char cause[240]; /* the exception behind it */
};

void tally_init(struct server_tally *t, int conc);
/* A cleaned line. */
void tally_line(struct server_tally *t, const char *line);
/* A line from before the span: only what is still being built matters. */
void tally_before(struct server_tally *t, const char *line);
/* Output tokens a second by the decode lines; NaN when they are too few to say. */
double tally_gen_tps(const struct server_tally *t);
/* "FATAL LINE (CAUSE)"; false when nothing was fatal. */
bool tally_fatal(const struct server_tally *t, char *out, size_t cap);
/* Appends at most cap flags, doubts first. duration_s and client_tps are the client's. */
int tally_flags(
        const struct server_tally *t, double duration_s, double client_tps, struct ev_flag_raised *out, int cap);

/* Cuts bytes into lines: at '\n' and '\r', and in front of a stamp that is glued to what came before. */
#define LINECUT_MAX 4096
struct linecut {
	char raw[LINECUT_MAX];
	size_t len;
	bool skip; /* until the next line begins */
	void (*line)(void *ctx, const char *text);
	void *ctx;
};
void linecut_feed(struct linecut *c, const char *data, size_t len);
void linecut_end(struct linecut *c);

struct server_now { /* newest figures of the log; NaN = not known, or older than 10 s */
	double running, queued, kv, gen_tps, accept_len;
};

struct logspan;
/* Begins to follow the log at its end. NULL when it cannot be read; why says so. */
struct logspan *logspan_begin(const char *path, char *why, size_t cap);
/* From the load's thread: the timed span began then (monotonic). Called with every report, only the first counts. */
void logspan_timed(struct logspan *l, int64_t begin_mono_ns);
/* From the load's thread: the fatal line, NULL while there is none. Valid until logspan_end. */
const char *logspan_fatal(const struct logspan *l);
/* Never waits; false when the figures are just being written. */
bool logspan_now(struct logspan *l, struct server_now *out);
/* Ends the thread and tallies the timed span up to now. Frees l. False when the log was lost meanwhile. */
bool logspan_end(struct logspan *l, int conc, struct server_tally *out);

#endif
