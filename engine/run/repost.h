/* Posting saved results later: the outbox as the fold of a run's journal.
 *
 * Everything that is needed lies in the run directory: what was measured, with which doubts, and what became of each post.
 * Nothing is posted twice: a post that may have reached the board is left alone, with the reason.
 */
#ifndef BENCHTOP_REPOST_H
#define BENCHTOP_REPOST_H
#include "../event/board.h"
#include "../event/scribe.h"
#include "../post/poster.h"

enum repost_verdict {
	REPOST_YES,    /* may be posted */
	REPOST_DONE,   /* confirmed already */
	REPOST_NEVER,  /* not measured whole, without accuracy, refused by the rules */
	REPOST_DOUBT,  /* carries a doubt: only on a typed yes */
	REPOST_UNSURE, /* may be on the board already */
};

/* Whether row i may be posted; why (cap bytes) gets the reason when it may not. */
enum repost_verdict repost_judge(const struct board *b, int i, bool post_flagged, char *why, size_t cap);

/* Fills the job of row i from the journal alone. leaderboard: override or ""; team: override or "" (then the run's). */
int repost_job(const struct board *b, int i, const struct track *t, const char *leaderboard, const char *team,
        struct post_job *out, struct err *e);

#endif
