/* Starting, stopping and awaiting the server of the settings. Blocking: called from a thread that has time for it.
 *
 * A start runs the launch script through bash in a session of its own, both streams in a new /tmp/sglang-server-XXXXXX.log;
 * it outlives this process. A stop is what SGLang understands: requests aborted, SIGTERM to the program that listens and to
 * nothing else, time to drain, then SIGKILL to what belongs to it. A program that ends itself by signal 9 after it drained
 * has stopped cleanly; a stop is over when the GPUs' memory is free again, too, or after a minute with a word about which card
 * holds it. No shell but the user's own script is run, nothing is ever signalled that is not the server's.
 */
#ifndef BENCHTOP_CONTROL_H
#define BENCHTOP_CONTROL_H
#include "../base/cancel.h"
#include "../plan/plan.h"
#include "instance.h"
#include "watcher.h"

#define CONTROL_SCRIPT   "launch_sglang_server.sh" /* when neither the settings nor the track name one */
#define CONTROL_GRACE_MS 30000                     /* between SIGTERM and SIGKILL */

struct control {
	const struct settings *settings; /* model, tp, base_url, server_script, stop_grace_ms */
	const struct plan *plan;         /* NULL = none: ISL, OSL, CONC stay as the environment has them */
	const struct plan_cell *row;     /* the row that it is started for: its ISL, OSL, CONC; NULL = by the plan */
	const struct track *track;       /* names the script; NULL = the usual name */
	const char *bearer;              /* for the abort; NULL or "" = none */
	struct cancel *cancel;           /* NULL = none */
	/* What happens, in sentences; NULL = nobody listens. */
	void (*say)(void *ctx, enum severity severity, const char *text);
	void *ctx;
	struct watcher *watcher; /* looks again when something was started or stopped; NULL = none */
};

/* Starts it and returns at once; r tells what was started (also in server-PORT.json). ERR_USAGE: the port is held or a
 * server is on its way (who, since when), no script, no MODEL. ERR_IO: bash or the log cannot be had. */
int control_start(const struct control *c, struct server_record *r, struct err *e);
/* Nobody holds the port or is about to: 0 or ERR_USAGE with who, since when, and the remedy. */
int control_port_free(const struct control *c, struct err *e);
/* The script and MODEL are there: what control_start checks besides the port. 0 or ERR_USAGE. */
int control_can_start(const struct control *c, struct err *e);
/* Until /health answers 200: 0. ERR_IO: the start failed, e holds the decisive line of its log. ERR_CANCELLED, ERR_NET (limit_ms
 * is over; < 0 = no limit): it goes on starting. r: what control_start gave. */
int control_await(const struct control *c, const struct server_record *r, int64_t limit_ms, struct err *e);
/* 0: stopped, or there was nothing (*was_there, when not NULL). ERR_USAGE: it is not ours to stop (outside, another machine,
 * no LLM server). ERR_IO: it does not end. */
int control_stop(const struct control *c, bool *was_there, struct err *e);
/* Stop, wait for the port, start, wait for ready. ERR_CANCELLED also when the order to stop comes before the start: then there
 * is no server. */
int control_restart(const struct control *c, int64_t limit_ms, struct err *e);

/* The variables of a start that differ from the environment: "MODEL=..." and so on, at most 8; count. A row
 * exports its own ISL, OSL and CONC; without one a plan of one pair exports them with its smallest CONC, so that the script
 * chooses a prefill size that fits every row. For tests. */
int control_variables(const struct control *c, const char *log, char out[8][576]);

#endif
