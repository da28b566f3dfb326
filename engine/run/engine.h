/* The engine as the rest of the program sees it: one thread that runs the pipeline, commands in, events out.
 *
 * Used by the dashboard and by the headless commands alike. The engine owns scribe, poster, watcher and its threads; all
 * signals are blocked in them. Commands are copied; events arrive in the mailbox given to engine_start.
 */
#ifndef BENCHTOP_ENGINE_H
#define BENCHTOP_ENGINE_H
#include "../base/mailbox.h"
#include "../event/event.h"
#include "../plan/settings.h"

struct engine;

enum command_kind {
	CMD_START, /* run these settings; refused with a notice while a run is alive */
	CMD_STOP,  /* first: after the requests in flight; again: now */
	CMD_STOP_NOW,
	CMD_SKIP,  /* drop the row in progress, go on with the next */
	CMD_WATCH, /* look at this server from now on (settings.base_url) */
	CMD_QUIT,  /* stop now and end the thread */
	/* The server itself, in a thread of its own; notices and server_seen tell how it goes. While a run measures, START is
	 * refused, and STOP and RESTART are unless `force`: then the run is stopped first. A run that only waits for a ready
	 * server (armed) goes on waiting. */
	CMD_SERVER_START,
	CMD_SERVER_STOP,
	CMD_SERVER_RESTART,
};

struct command {
	enum command_kind kind;
	struct settings settings; /* START, WATCH, SERVER_* */
	bool force;               /* SERVER_STOP, SERVER_RESTART: also in mid-run */
};

/* events: created by the caller with size sizeof(struct event), EV_count slots; borrowed until engine_stop. `watch`: run the
 * server watcher thread (dashboard); headless runs look at the server only when they start. */
int engine_start(struct engine **out, const struct track *t, const struct secrets *sec, struct mailbox *events,
        bool watch, struct err *e);
void engine_command(struct engine *g, const struct command *c);
bool engine_running(const struct engine *g);     /* a run is in progress */
int engine_serve_result(const struct engine *g); /* of the last such order: 0 or an error code */
bool engine_serving(const struct engine *g);     /* the server is being started, stopped, or waited for by an order */
void engine_stop(struct engine *g);              /* CMD_QUIT, joins every thread, frees */

#endif
