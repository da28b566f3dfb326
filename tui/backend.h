/* Behind the dashboard: an engine of our own, or the journal of a run that another process measures.
 *
 * Follow mode reads the journal in a thread and puts its events into the mailbox; stop orders become SIGINT to the checked
 * pid. When the followed run is over, the first start makes an engine (and, in the demo, a simulated server).
 */
#ifndef BENCHTOP_BACKEND_H
#define BENCHTOP_BACKEND_H
#include "../engine/event/journal.h"
#include "../engine/run/engine.h"
#include "demo.h"
#include <pthread.h>
#include <stdatomic.h>

struct backend {
	const struct track *track;
	const struct secrets *secrets;
	struct mailbox *events;
	struct engine *engine; /* NULL while following */
	struct demo demo;
	struct settings demo_server; /* where the demo's server is, once started */
	bool have_demo;
	/* follow mode */
	char dir[512];
	long pid;
	bool have_follower;
	pthread_t follower;
	atomic_bool quit;
};

/* An engine of our own; starts the demo's server when s->demo, and points s at it. */
int backend_open(struct backend *b, const struct track *t, const struct secrets *sec, struct settings *s,
        struct mailbox *events, struct err *e);
/* Follows the run in dir. */
int backend_follow(struct backend *b, const struct track *t, const struct secrets *sec, const char *dir, long pid,
        struct mailbox *events, struct err *e);
/* As ui_backend.command. */
int backend_command(void *ctx, const struct command *c, struct err *e);
void backend_close(struct backend *b);

#endif
