/* Posts results to a Gradio leaderboard and follows each to its end; its own thread, so that a sleeping board never
 * delays a measurement.
 *
 * States of a job, in order: `waiting` when another post is in front of it or the board does not take it yet, `attempted`
 * when the board is there and the POST is about to leave, `sent` with the event id, then `confirmed`, `refused` or
 * `unknown`. A job that is given up ends as `waiting`, with the reason. "Posted" means the
 * board's `complete` event. States go out as post_changed events through the scribe; before the POST leaves, `attempted`
 * is on disk (scribe_sync); a disk that refuses holds the post back. Only what certainly was not sent is tried again by
 * itself (asleep, 503 queue full, 429, connection refused: up to `patience_ms`, with pauses that double to a minute, or
 * as the board asks); everything else that is not certain is `unknown`, and nothing is posted twice.
 */
#ifndef BENCHTOP_POSTER_H
#define BENCHTOP_POSTER_H
#include "../event/scribe.h"
#include "../plan/settings.h"
#include "gradio.h"

struct poster;

struct post_job {
	int64_t cell;
	char url[256]; /* leaderboard */
	char api_name[64];
	char payload[2048]; /* {"data": [...]} */
	char team[160];
};

struct poster_tuning {
	int64_t pause_ms;    /* before the second try; doubles to a minute. 0 = 5 s */
	int64_t patience_ms; /* of a job, from its first try. 0 = 10 min */
	int64_t follow_ms;   /* for the board to say how it ended. 0 = 180 s */
};

/* tuning: NULL = defaults. sec and tuning are copied, scribe is borrowed until poster_stop. */
int poster_start(struct poster **out, struct scribe *scribe, const struct secrets *sec,
        const struct poster_tuning *tuning, struct err *e);
void poster_stop(struct poster *p); /* ends now; jobs not finished become waiting (never sent) or unknown (sent) */
/* Copies the job. ERR_LIMIT when 256 are open, ERR_USAGE when this cell's post is open already. */
int poster_submit(struct poster *p, const struct post_job *job, struct err *e);
/* Waits until no job is open, or timeout_ms, or the cancel's level reaches CANCEL_NOW. Returns open jobs. */
int poster_wait(struct poster *p, int64_t timeout_ms, struct cancel *cancel);
/* After a drain request: no more waiting for a board that sleeps. A job that was not tried yet is tried once; jobs
 * certainly not sent end as `waiting`. Lasts until poster_forget. */
void poster_give_up_waiting(struct poster *p);
/* Jobs since poster_forget (or the start): confirmed, and still open. */
void poster_tally(struct poster *p, int *confirmed, int *open);
/* Between runs: ends what is still open as poster_stop does, then begins a new tally. The states go out before it
 * returns: call it before the journal of the run that the jobs belong to is closed. */
void poster_forget(struct poster *p);

/* Jobs since the last poster_forget: confirmed ones, and ones still open. */
void poster_tally(struct poster *p, int *confirmed, int *open);
/* A new run begins: the tally starts from 0 (jobs still open from an earlier run no longer count). */
void poster_forget(struct poster *p);

#endif
