/* The watch over server and GPUs while a row is loaded: everything that is no request. Internal to engine/run.
 *
 *   observe_begin   before the load: the log's place is remembered, its follower starts
 *   observe_report, observe_verdict   from the load's thread: memory and two try-locks, no file
 *   observe_end     after it: the log of the span is tallied
 *   observe_flags, observe_save       flags of the row, timeline_conc{C}.jsonl
 */
#ifndef BENCHTOP_OBSERVE_H
#define BENCHTOP_OBSERVE_H
#include "pipeline.h"
#include "serverflags.h"
#include "timeline.h"

struct observe { /* of one load */
	struct pipeline *p;
	const struct plan_cell *cell;
	struct logspan *log; /* NULL: not known, see why */
	char why[240];       /* what could not be seen */
	struct timeline timeline;
	struct server_now server;
	struct ev_gpu_seen gpu;
	bool have_server, have_gpu;
	int samples; /* seconds in which the GPUs tell whether they are held back */
	struct held {
		int samples, max; /* seconds in which cards were, cards at once */
	} hot, capped, lowered;
	double cap_clock; /* sum of the mean clocks of the capped seconds, MHz */
	struct server_tally tally;
	bool tallied;
};

void observe_begin(struct observe *o, struct pipeline *p, const struct plan_cell *c);
void observe_report(struct observe *o, const struct ev_load_progress *progress);
const char *observe_verdict(struct observe *o);
void observe_end(struct observe *o);
/* The fatal line of the span, with its cause; false when there was none. */
bool observe_fatal(const struct observe *o, char *out, size_t cap);
int observe_flags(struct observe *o, const struct ev_load_measured *m, struct ev_flag_raised *out, int cap);
void observe_save(struct observe *o); /* the timeline; a failure is a notice */
void observe_close(struct observe *o);

/* The accuracy phase: no figures, but the line that the server died of. End: e is the error that is to be explained. */
struct watch_log {
	struct logspan *log;
};
void watch_log_begin(struct watch_log *w, struct pipeline *p);
void watch_log_end(struct watch_log *w, struct pipeline *p, struct err *e);

/* The server died with these words: the next row begins only when a server is ready again. */
void observe_gone(struct pipeline *p, const char *last_words);
/* True when the server lives, or is ready again within a minute (--wait-server, when that is longer) of its death. A
 * second row does not wait again. What was measured with the dead one (accuracy, code) is forgotten. */
bool observe_back(struct pipeline *p);

/* Another server answers than before, as seen: what was measured with the earlier one is forgotten. */
void observe_anew(struct pipeline *p, struct event *seen, const char *words);

/* Which code is served: looked at when the run begins, kept for the manifest; told when the journal is open. diff_dir: where
 * the difference from its commit is kept, NULL = nowhere. */
void observe_code(struct pipeline *p, const char *diff_dir);
void observe_code_tell(struct pipeline *p);

/* The log of the server, empty unknown: --log, else what its process writes. */
void observe_log(struct pipeline *p, char *out, size_t cap);

#endif
