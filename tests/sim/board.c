/* board: events and jobs of the simulated leaderboard (see board.h).
 *
 * As in Gradio each function runs one job at a time, a job runs whether or not anyone listens, and
 * nothing is idempotent: the same values posted twice make two rows. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "simtext.h"

#define JOB_MS      300.0
#define SLOW_JOB_MS 20000.0

struct board_event *board_event_find(struct board *board, const char *id)
{
	uint64_t first = board->event_count > BOARD_EVENTS ? board->event_count - BOARD_EVENTS : 0;

	for (uint64_t i = first; i < board->event_count; i++)
		if (!strcmp(board->events[i % BOARD_EVENTS].id, id))
			return &board->events[i % BOARD_EVENTS];
	return NULL;
}

struct board_event *board_session_next(struct board *board, const char *session, bool *known)
{
	uint64_t first = board->event_count > BOARD_EVENTS ? board->event_count - BOARD_EVENTS : 0;

	*known = false;
	for (uint64_t i = first; i < board->event_count; i++) {
		struct board_event *event = &board->events[i % BOARD_EVENTS];

		if (!event->session[0] || strcmp(event->session, session))
			continue;
		*known = true;
		if (!event->delivered && event->state != BOARD_DROPPED)
			return event;
	}
	return NULL;
}

unsigned board_queue_size(const struct board *board)
{
	uint64_t first = board->event_count > BOARD_EVENTS ? board->event_count - BOARD_EVENTS : 0;
	unsigned waiting = 0;

	for (uint64_t i = first; i < board->event_count; i++)
		waiting += board->events[i % BOARD_EVENTS].state == BOARD_WAITING;
	return waiting;
}

/* ---- jobs ---- */

static void job_done(struct board *board, struct board_event *event)
{
	if (event->fails) {
		event->state = BOARD_FAILED;
		return;
	}
	event->state = BOARD_DONE;
	if (event->function == BOARD_SUBMIT) {
		board_table_add(board, &event->row);
		board->confirmed++;
	}
}

void board_run_jobs(struct board *board, uint64_t now)
{
	uint64_t first = board->event_count > BOARD_EVENTS ? board->event_count - BOARD_EVENTS : 0;
	uint64_t next = TIME_NEVER;

	for (uint64_t i = first; i < board->event_count; i++) {
		struct board_event *event = &board->events[i % BOARD_EVENTS];

		if (event->state != BOARD_WAITING)
			continue;
		if (event->done_at <= now)
			job_done(board, event);
		else if (event->done_at < next)
			next = event->done_at;
	}
	if (next != TIME_NEVER)
		timer_set(&board->sim->reactor, &board->job, next);
}

static void job_timer(void *arg)
{
	board_run_jobs(arg, clock_now());
}

static void event_schedule(struct board *board, struct board_event *event, uint32_t faults)
{
	uint64_t *busy = &board->busy_until[event->function];
	uint64_t now = clock_now();
	double ms = faults & FAULT_BIT(BOARD_SLOW) ? SLOW_JOB_MS : JOB_MS;

	event->start_at = *busy > now ? *busy : now;
	event->done_at = event->start_at + model_scale(board->sim, ms);
	if (faults & FAULT_BIT(BOARD_SILENT))
		event->state = BOARD_SILENT;
	else
		*busy = event->done_at;
}

/* Reads the values of a submission; decides what becomes of it. */
static void event_fill(struct board *board, struct board_event *event, const cJSON *values, uint32_t faults)
{
	int needed = board->sim->opt.columns, got = cJSON_GetArraySize(values);

	if (got < needed) {
		event->fails = true;
		snprintf(event->error, sizeof event->error,
		        "An event handler (submit_results) didn't receive "
		        "enough input values (needed: %d, got: %d).",
		        needed, got);
		return;
	}
	board_table_read(&event->row, values, needed);
	if (faults & FAULT_BIT(BOARD_REFUSE))
		snprintf(event->error, sizeof event->error, "team name is not registered");
	if (faults & (FAULT_BIT(BOARD_REFUSE) | FAULT_BIT(BOARD_ERROR)))
		event->fails = true;
}

static void remember_post(struct board *board, const cJSON *values)
{
	char *text = cJSON_PrintUnformatted(values);
	size_t len = text ? strlen(text) : 0;

	if (!text || len > BOARD_POST_BYTES || board->post_count == BOARD_POSTS ||
	        board->post_bytes + len > BOARD_POSTS_BYTES) {
		cJSON_free(text);
		board->posts_dropped++;
		return;
	}
	board->posts[board->post_count++] = text;
	board->post_bytes += len;
}

struct board_event *board_event_new(
        struct board *board, enum board_function function, const cJSON *values, const char *session, uint32_t faults)
{
	struct board_event *event = &board->events[board->event_count % BOARD_EVENTS];
	uint64_t serial = board->event_count++;
	uint64_t seed = board->sim->opt.seed ^ UINT64_C(0x626f617264);

	*event = (struct board_event){.function = function};
	snprintf(event->id, sizeof event->id, "%016llx%016llx", (unsigned long long)sim_mix(seed + serial),
	        (unsigned long long)sim_mix(~seed ^ sim_mix(serial)));
	snprintf(event->session, sizeof event->session, "%s", session);
	if (function == BOARD_SUBMIT) {
		event_fill(board, event, values, faults);
		remember_post(board, values);
	}
	event_schedule(board, event, faults);
	board_run_jobs(board, clock_now());
	return event;
}

/* ---- life and record ---- */

void board_record(const struct board *board, struct buf *b)
{
	buf_format(b, "\"confirmed\":%llu,\"posts_dropped\":%llu,\"posts\":[", (unsigned long long)board->confirmed,
	        (unsigned long long)board->posts_dropped);
	for (size_t i = 0; i < board->post_count; i++) {
		buf_text(b, i ? "," : "");
		buf_text(b, board->posts[i]);
	}
	buf_text(b, "]");
}

/* Forgets posts, submitted rows and finished events; what is in flight goes on. */
void board_reset(struct board *board)
{
	for (size_t i = 0; i < board->post_count; i++)
		cJSON_free(board->posts[i]);
	board->post_count = board->post_bytes = 0;
	board->posts_dropped = board->confirmed = 0;
	board->row_count = board->first_rows;
}

struct board *board_new(struct sim *sim)
{
	struct board *board = calloc(1, sizeof *board);

	if (!board)
		return NULL;
	board->sim = sim;
	board->job = (struct timer){.fire = job_timer, .arg = board};
	board->events = calloc(BOARD_EVENTS, sizeof *board->events);
	board->posts = calloc(BOARD_POSTS, sizeof *board->posts);
	if (!board->events || !board->posts || board_table_init(board)) {
		board_free(board);
		return NULL;
	}
	return board;
}

void board_free(struct board *board)
{
	if (!board)
		return;
	if (board->posts)
		board_reset(board);
	timer_cancel(&board->sim->reactor, &board->job);
	free(board->posts);
	free(board->events);
	free(board->rows);
	free(board);
}
