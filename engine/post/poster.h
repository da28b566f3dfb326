/* Posts results to a Gradio leaderboard and follows each to its end; its own thread, so that a sleeping board never
 * delays a measurement.
 *
 * "Posted" means the board's `complete` event. States go out as post_changed events through the scribe; before the POST
 * leaves, `attempted` is on disk (scribe_sync). Only what certainly was not sent is tried again by itself (asleep, 503
 * queue full, 429, connection refused: up to `patience_ms`, with pauses); everything else that is not certain is
 * `unknown`, and nothing is posted twice.
 */
#ifndef BENCHTOP_POSTER_H
#define BENCHTOP_POSTER_H
#include "../event/scribe.h"
#include "../plan/settings.h"
#include "gradio.h"

struct poster;

struct post_job {
	int64_t cell;
	char url[256];        /* leaderboard */
	char api_name[64];
	char payload[2048];   /* {"data": [...]} */
	char team[160];
};

int poster_start(struct poster **out, struct scribe *scribe, const struct secrets *sec, struct err *e);
void poster_stop(struct poster *p); /* ends now; jobs not finished become waiting (never sent) or unknown (sent) */
int poster_submit(struct poster *p, const struct post_job *job, struct err *e); /* copies; bounded to 256 waiting */
/* Waits until no job is open, or timeout_ms, or the cancel's level reaches CANCEL_NOW. Returns open jobs. */
int poster_wait(struct poster *p, int64_t timeout_ms, struct cancel *cancel);
/* After a drain request: no more waiting for a board that sleeps; jobs certainly not sent end as `waiting`. */
void poster_give_up_waiting(struct poster *p);

#endif
