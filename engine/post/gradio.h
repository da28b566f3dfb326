/* Gradio's HTTP API as leaderboards speak it (facts/leaderboard.md 1): prefix, arity, call, event stream. Blocking; used by
 * the poster thread and by the preflight before a sweep.
 */
#ifndef BENCHTOP_GRADIO_H
#define BENCHTOP_GRADIO_H
#include "../base/cancel.h"
#include "../base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gradio_outcome {
	GRADIO_CONFIRMED, /* `complete` arrived */
	GRADIO_REFUSED,   /* the board said no; text tells */
	GRADIO_NOT_SENT,  /* certainly not accepted: may be tried again (asleep, full, 429, no connection) */
	GRADIO_UNKNOWN,   /* sent, no certain answer */
};

struct gradio_reply {
	enum gradio_outcome outcome;
	char text[240];         /* cleaned: reason, or what the board said */
	char event_id[64];      /* empty = none */
	int64_t retry_after_ms; /* asked for by the board, 0 none */
	int64_t rank;           /* of the team's row with that CONC in the returned table, -1 unknown */
};

struct gradio_call {
	const char *base_url;      /* leaderboard, no trailing '/' */
	const char *api_name;      /* "submit_results" */
	const char *payload;       /* {"data": [...]} */
	const char *token;         /* HF token or empty; sent over https and to this machine only */
	const char *team;          /* for the rank */
	int64_t conc;              /* for the rank */
	int64_t post_timeout_ms;   /* 0 = 30 s */
	int64_t follow_timeout_ms; /* 0 = 180 s, for the event to end */
	struct cancel *cancel;     /* CANCEL_NOW ends the wait (outcome unknown when sent) */
	/* Called when the board is there and the POST is about to leave (NULL = not). Non-zero: nothing is posted, the
	 * outcome is NOT_SENT with e's sentence. */
	int (*before_post)(void *ctx, struct err *e);
	void (*on_event_id)(void *ctx, const char *event_id); /* the moment it is queued */
	void *ctx;
};

/* Always fills reply; the return value is 0 or ERR_NOMEM. */
int gradio_submit(const struct gradio_call *c, struct gradio_reply *reply, struct err *e);

struct gradio_preflight {
	bool reachable;
	bool endpoint;  /* the api exists */
	int parameters; /* its arity, -1 unknown */
	char prefix[64];
	char text[240]; /* what is wrong, in a sentence; empty = all well */
};
/* GET /config and {prefix}/info. 0 when the board answered sensibly or is plainly unreachable (see fields). */
int gradio_check(const char *base_url, const char *api_name, const char *token, int columns, struct cancel *cancel,
        struct gradio_preflight *out, struct err *e);

#endif
