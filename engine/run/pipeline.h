/* The pipeline: accuracy -> gate -> load -> result -> post, row after row. Internal to engine/run.
 *
 * Runs in the engine thread; everything it learns leaves as events through the scribe, and is folded into its own board,
 * from which the summary is written. Stop orders arrive through `stop`: the level asked for by the user; `cancel` is what
 * the blocking steps obey (a skip raises it, too, for one row).
 */
#ifndef BENCHTOP_PIPELINE_H
#define BENCHTOP_PIPELINE_H
#include "../accuracy/corpus.h"
#include "../base/cancel.h"
#include "../event/scribe.h"
#include "../post/poster.h"
#include "../server/code.h"
#include "../server/gpu.h"
#include "../server/watcher.h"
#include "promptwork.h"
#include "rundir.h"
#include <stdatomic.h>

struct pipeline {
	/* given */
	const struct track *track;
	const struct secrets *secrets;
	struct scribe *scribe;
	struct poster *poster;
	struct watcher *watcher;     /* NULL in headless runs */
	struct codewatch *codewatch; /* likewise */
	struct gpu *gpu;             /* may be NULL */
	struct cancel *cancel;
	atomic_int *stop; /* enum cancel_level */
	atomic_bool *skip;
	atomic_bool *waiting; /* set while the run waits for a ready server, not yet begun; NULL = nobody asks */
	struct settings settings;
	/* of the run */
	struct plan plan;
	struct board *board; /* owned by the pipeline */
	struct rundir dir;
	bool have_dir;
	struct server_origin origin; /* of the server that the run began with */
	struct corpus corpus;
	bool have_corpus;
	struct promptwork *prompts; /* text prompts; NULL = token ids */
	struct ev_server_seen server;
	bool launch_known; /* it was started by this run, for rows of launch_shape (reshape.h) */
	int launch_shape;
	struct ev_accuracy_measured accuracy; /* `once`: measured earlier in this run */
	bool have_accuracy;
	struct code_set code;    /* which code is served; n 0 = unknown */
	struct observe *observe; /* of the load in progress, else NULL */
	char gone[400];          /* the server's last words, until it is ready again; empty = it lives */
	int64_t gone_ns;         /* when they were read, monotonic; 0 = waited for in vain */
	int cell;                /* row in progress */
	int confirmed;           /* posts */
	struct resume *resume;   /* an earlier run goes on (resume.h); NULL = a new one */
};

/* Runs p->settings to the end. Emits everything, run_finished last. Returns the exit status of a headless run. */
int pipeline_run(struct pipeline *p);

/* Shared by pipeline.c and cell.c. */
void pipeline_emit(struct pipeline *p, const struct event *ev);
void pipeline_notice(struct pipeline *p, enum severity sev, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void pipeline_phase(struct pipeline *p, int cell, enum run_phase phase);
bool pipeline_stopping(const struct pipeline *p);
/* One row, from cell_started to cell_done. */
void cell_run(struct pipeline *p, int cell);

#endif
