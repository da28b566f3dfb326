/* board: a leaderboard that speaks Gradio's protocol (5.49.1): /config, /info, /call, /queue.
 *
 * board.c keeps events and runs the jobs, boardtable.c the ranked rows, boardhttp.c takes calls and
 * describes the app, boardsse.c streams outcomes. Ownership: main creates and frees one struct board;
 * pointers to events are good until the loop's next turn (they sit in a ring). */
#ifndef BENCHTOP_SIM_BOARD_H
#define BENCHTOP_SIM_BOARD_H

#include <cjson/cJSON.h>

#include "http.h"

#define BOARD_EVENTS      2000u
#define BOARD_POSTS       10000u
#define BOARD_POST_BYTES  ((size_t)64 << 10)
#define BOARD_POSTS_BYTES ((size_t)32 << 20)
#define BOARD_ROWS        2000u
#define BOARD_COLUMNS_MAX 32

enum board_function { BOARD_REFRESH, BOARD_SUBMIT, BOARD_FUNCTIONS };
enum board_state { BOARD_WAITING, BOARD_DONE, BOARD_FAILED, BOARD_SILENT, BOARD_DROPPED };

struct board_row {
	char team[128];
	double conc, e2e, tput, e2e_ratio, tput_ratio, interactivity;
};

struct board_event {
	char id[33];
	char session[72]; /* of the queue route; "" = call route */
	enum board_function function;
	enum board_state state;
	bool fails; /* the job will end in an error */
	bool delivered;
	bool told_position, told_start; /* queue route */
	char error[160];                /* text of the failure; "" = null */
	uint64_t start_at, done_at;     /* when the job runs */
	struct board_row row;           /* what a submission adds */
};

struct board {
	struct sim *sim;
	struct board_event *events; /* ring of BOARD_EVENTS */
	uint64_t event_count;
	struct timer job;
	uint64_t busy_until[BOARD_FUNCTIONS];
	struct board_row *rows;
	size_t row_count, first_rows;
	char **posts;
	size_t post_count, post_bytes;
	uint64_t posts_dropped, confirmed;
};

/* NULL when out of memory. */
struct board *board_new(struct sim *sim);
void board_free(struct board *board);

/* "posts":[…] and counters for /sim/record. */
void board_record(const struct board *board, struct buf *b);
void board_reset(struct board *board);

/* Answers 503 as a sleeping Space and returns true while the fault board-asleep is a state. */
bool board_asleep(struct request *rq);
void board_reply_asleep(struct request *rq);

/* ---- board.c ---- */

/* Queues a job. `session` "" for the call route; `faults` as drawn for this submission. */
struct board_event *board_event_new(
        struct board *board, enum board_function function, const cJSON *values, const char *session, uint32_t faults);
struct board_event *board_event_find(struct board *board, const char *id);
void board_run_jobs(struct board *board, uint64_t now);
unsigned board_queue_size(const struct board *board);

/* Oldest event of the session not delivered yet, NULL if none; *known: the session has or had any. */
struct board_event *board_session_next(struct board *board, const char *session, bool *known);

/* ---- boardtable.c ---- */

int board_table_init(struct board *board);
void board_table_add(struct board *board, const struct board_row *row);
void board_table_read(struct board_row *row, const cJSON *values, int columns);

/* {"headers":[…],"data":[[…]],"metadata":null}; `python`: ASCII and bare NaN as json.dumps, else null. */
void board_table_write(const struct board *board, struct buf *b, bool python);

/* Label of an argument of submit_results. */
const char *board_column(int index, int columns, char scratch[24]);

#endif
