/* The board: everything a screen, a report or a resume needs to know of one run, as the fold of its events.
 *
 * A plain struct without pointers, owned by whoever folds (the UI thread, a reporter, `watch`). board_apply is pure: the
 * same events give the same board, live or from a journal. Unknown rows and kinds are ignored.
 */
#ifndef BENCHTOP_BOARD_H
#define BENCHTOP_BOARD_H
#include "event.h"

#define BOARD_CELLS   256
#define BOARD_FLAGS   16
#define BOARD_NOTICES 16
#define BOARD_CODE    4
#define BOARD_SPARK   120 /* one-second samples kept for sparklines */

struct board_cell {
	bool planned;
	struct ev_cell_planned plan;
	enum cell_status status;
	enum run_phase phase;    /* while running */
	int64_t started_mono_ns; /* of the row; 0 not started */
	int64_t phase_mono_ns;   /* of the phase */
	bool have_accuracy_progress, have_accuracy, have_gate, have_progress, have_load, have_result;
	struct ev_accuracy_progress accuracy_progress;
	struct ev_accuracy_measured accuracy;
	struct ev_gate_decided gate;
	struct ev_load_progress progress;
	struct ev_load_measured load;
	struct ev_result_saved result;
	struct ev_post_changed post; /* .state POST_NONE until something happened */
	struct ev_cell_done done;    /* valid when status is past CELL_RUNNING */
	struct ev_flag_raised flags[BOARD_FLAGS];
	int n_flags;
	int n_doubts;
};

struct board_spark {
	float v[BOARD_SPARK]; /* ring, NaN = absent */
	int n, head;          /* head = index of the next write */
};

struct board {
	bool have_run;
	struct ev_run_started run;
	int64_t run_wall_ns, run_mono_ns; /* when it began, or went on */
	int resumed;                      /* how often it went on */
	bool finished;
	struct ev_run_finished end;
	int64_t end_wall_ns, end_mono_ns;
	bool stopping, stopping_now;
	enum run_phase run_phase; /* phase with cell -1 */
	int n_cells;
	int current; /* row in progress, -1 none */
	struct board_cell cells[BOARD_CELLS];
	/* the latest accuracy of this server, whichever row measured it */
	bool have_accuracy;
	struct ev_accuracy_measured accuracy;
	struct ev_gate_decided gate;
	int64_t accuracy_wall_ns;

	bool have_server;
	struct ev_server_seen server;
	int64_t server_mono_ns;
	bool have_server_load, have_gpu;
	struct ev_server_load server_load;
	struct ev_gpu_seen gpu;
	struct ev_code_seen code[BOARD_CODE]; /* one a source tree, the newest of each name */
	int n_code;
	struct board_spark gen_tps; /* from server_load samples */
	struct board_spark out_tps; /* from load_progress samples */

	struct {
		int64_t wall_ns;
		struct ev_notice n;
	} notices[BOARD_NOTICES]; /* ring: newest at (n_notices - 1) % BOARD_NOTICES */
	int64_t n_notices;
	bool journal_failing;
	char journal_text[240];
	uint64_t last_seq;
	int64_t last_mono_ns;
};

void board_init(struct board *b);
/* Folds one event. A run_started resets everything of an earlier run but keeps the server's state; one of the same run (a
 * resume: same id, and marked so or in the same directory) keeps what its rows measured, and queues the row that was cut
 * unless its result is saved: that one keeps running until its cell_done comes. A cell_planned marked `again` queues a row
 * that had ended. Events whose seq is not 0 and not above last_seq of the same run are duplicates (re-read journal) and
 * ignored. */
void board_apply(struct board *b, const struct event *ev);
/* Folds a whole journal; 0, or ERR_IO. Torn last line ignored. */
int board_replay(struct board *b, const char *dir, struct err *e);
/* Counts by status. */
int board_count(const struct board *b, enum cell_status status);

#endif
