/* What the watcher knows of the server beyond its answers: its process, its log by that process, its start step by step.
 *
 * Owned by the watcher's thread. Reads /proc, never the network; the cost is kept low: who listens is looked up once a start.
 */
#ifndef BENCHTOP_ATTEND_H
#define BENCHTOP_ATTEND_H
#include "../event/event.h"
#include "instance.h"
#include "startup.h"

struct attend {
	struct instance instance; /* the newest one seen, also when it has ended since */
	bool have;                /* instance is valid */
	bool gone;                /* it has ended */
	bool followed;            /* its start was watched, at least the end of it */
	bool saved;               /* its durations were kept */
	bool was_ready;
	int64_t find_ns; /* when to look again for one */
	struct startup startup;
	int64_t begun_ns;    /* CLOCK_MONOTONIC of its start */
	int64_t begun_stamp; /* the same as line_stamp counts; -1 unknown */
	double line_s;       /* of the newest line that had a stamp */
	char model[160];
	char failed[420]; /* why its start failed; empty = it did not */
	/* what was told of the start last */
	char told[240];
	double told_progress;
};

/* Looks for the process when it is time to. True when another start of the server is there than before (the log, too).
 * answers: somebody answered at the URL. */
bool attend_find(struct attend *a, const char *base_url, bool answers);
void attend_soon(struct attend *a); /* look for it at the next occasion: something was started or stopped */
/* A line of its log. live: written just now, else read when the log was opened. */
void attend_line(struct attend *a, const char *line, bool live);
/* Puts into s what is known of the process: pid, uptime, log_note; of a start in progress its phase, words, progress and
 * ETA; of a failed one why. s holds what the looks found. */
void attend_apply(struct attend *a, struct ev_server_seen *s);
/* True when a start in progress has something new to tell since attend_apply or the last call; then s is brought up to date. */
bool attend_moved(struct attend *a, struct ev_server_seen *s);

#endif
