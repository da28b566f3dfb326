/* boardsse: the outcome of a job as server-sent events: GET /call/NAME/ID with named events, and
 * GET /queue/data of a session with messages. */
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "handlers.h"
#include "model.h"

#define HEARTBEAT_MS     15000.0
#define HEARTBEAT_MIN_NS (50 * NS_PER_MS)

struct outcome {
	char key[72]; /* event id, or session */
	bool again;   /* delivered before: Gradio never ends such a stream */
	bool final, cut, heard;
	uint64_t heartbeat_at;
	struct buf out;
	size_t at;
	bool (*step)(struct request *rq, struct outcome *o, uint64_t now);
};

static uint64_t next_heartbeat(const struct sim *sim, uint64_t now)
{
	uint64_t ns = model_scale(sim, HEARTBEAT_MS);

	return now + (ns < HEARTBEAT_MIN_NS ? HEARTBEAT_MIN_NS : ns);
}

/* Cutting the stream of an event that still waits for its turn removes the event, as in 5.49.1. */
static void outcome_free(struct request *rq, void *state)
{
	struct outcome *o = state;
	struct board_event *event = o->final || o->again ? NULL : board_event_find(rq->sim->board, o->key);

	if (event && event->state == BOARD_WAITING && event->start_at > clock_now() && !rq->sim->stopping)
		event->state = BOARD_DROPPED;
	buf_free(&o->out);
	free(o);
}

static ssize_t outcome_pull(struct request *rq, char *out, size_t max)
{
	struct outcome *o = rq->state;
	uint64_t now = clock_now();
	size_t n;

	board_run_jobs(rq->sim->board, now);
	if (o->at == o->out.len && !o->final) {
		o->out.len = o->at = 0;
		if (!o->step(rq, o, now) && now >= o->heartbeat_at) {
			buf_text(&o->out, rq->tail && rq->tail[0] ? "event: heartbeat\ndata: null\n\n"
			                                          : "data: {\"msg\": \"heartbeat\"}\n\n");
			o->heartbeat_at = next_heartbeat(rq->sim, now);
		}
		if (o->heartbeat_at < rq->wake_at)
			rq->wake_at = o->heartbeat_at;
	}
	if (o->out.failed)
		return PULL_CUT;
	n = o->out.len - o->at < max ? o->out.len - o->at : max;
	if (n == 0)
		return o->final ? o->cut ? PULL_CUT : PULL_END : PULL_WAIT;
	memcpy(out, o->out.data + o->at, n);
	o->at += n;
	return (ssize_t)n;
}

static void outcome_start(
        struct request *rq, const char *key, size_t key_len, bool (*step)(struct request *, struct outcome *, uint64_t))
{
	struct outcome *o = calloc(1, sizeof *o);

	if (!o) {
		http_drop(rq);
		return;
	}
	if (key_len >= sizeof o->key)
		key_len = sizeof o->key - 1;
	memcpy(o->key, key, key_len);
	o->step = step;
	o->heartbeat_at = next_heartbeat(rq->sim, clock_now());
	rq->state = o;
	rq->state_free = outcome_free;
	http_stream(rq, "text/event-stream; charset=utf-8", outcome_pull);
}

/* The list of outputs of a finished job. */
static void write_outputs(struct buf *b, const struct board *board, const struct board_event *event, bool python)
{
	buf_text(b, "[");
	if (event->function == BOARD_SUBMIT) {
		struct buf text = {0};

		buf_format(&text, "ok %s", event->row.team);
		buf_json_string(b, text.data ? text.data : "", text.len, python);
		buf_text(b, ", ");
		buf_free(&text);
	}
	board_table_write(board, b, python);
	buf_text(b, "]");
}

/* ---- call route ---- */

/* False when nothing is to be said before rq->wake_at. */
static bool call_step(struct request *rq, struct outcome *o, uint64_t now)
{
	struct board_event *event = o->again ? NULL : board_event_find(rq->sim->board, o->key);

	(void)now;
	rq->wake_at = TIME_NEVER;
	if (o->again)
		return false;
	if (!event || event->session[0]) {
		buf_text(&o->out, "event: error\ndata: \"404: Not Found\"\n\n");
		o->final = o->cut = true;
		return true;
	}
	if (event->delivered && !o->heard) {
		o->again = true;
		return false;
	}
	o->heard = true;
	if (event->state == BOARD_WAITING) {
		rq->wake_at = event->done_at;
		return false;
	}
	if (event->state != BOARD_DONE && event->state != BOARD_FAILED)
		return false;
	if (event->state == BOARD_DONE) {
		buf_text(&o->out, "event: complete\ndata: ");
		write_outputs(&o->out, rq->sim->board, event, true);
		buf_text(&o->out, "\n\n");
	} else {
		buf_text(&o->out, "event: error\ndata: null\n\n");
	}
	event->delivered = o->final = true;
	return true;
}

void board_call_get(struct request *rq)
{
	const char *slash = strchr(rq->tail, '/');

	if (!slash || !slash[1]) {
		http_reply_detail(rq, 405, "Method Not Allowed");
		return;
	}
	outcome_start(rq, slash + 1, strlen(slash + 1), call_step);
}

/* ---- queue route ---- */

static void say_completed(struct buf *b, const struct board *board, const struct board_event *event)
{
	buf_format(b, "data: {\"msg\":\"process_completed\",\"event_id\":\"%s\",\"output\":{", event->id);
	if (event->state == BOARD_DONE) {
		buf_text(b, "\"data\":");
		write_outputs(b, board, event, false);
		buf_text(b, ",\"is_generating\":false,\"duration\":0.3,\"average_duration\":0.3,"
		            "\"render_config\":null,\"changed_state_ids\":[]},\"success\":true,\"title\":null}\n\n");
		return;
	}
	buf_text(b, "\"error\":");
	if (event->error[0])
		buf_json_string(b, event->error, strlen(event->error), false);
	else
		buf_text(b, "null");
	buf_text(b, "},\"success\":false,\"title\":\"Error\"}\n\n");
}

/* What there is to say about the session's oldest open event. */
static bool queue_say(struct request *rq, struct outcome *o, struct board_event *event, uint64_t now)
{
	double seconds = (double)(event->done_at > now ? event->done_at - now : 0) / (double)NS_PER_S;

	if (!event->told_position) {
		event->told_position = true;
		buf_format(&o->out,
		        "data: {\"msg\":\"estimation\",\"event_id\":\"%s\",\"rank\":%d,\"queue_size\":%u,"
		        "\"rank_eta\":%.3f}\n\n",
		        event->id, event->start_at > now, board_queue_size(rq->sim->board), seconds);
		return true;
	}
	if (event->state == BOARD_SILENT)
		return false;
	if (!event->told_start && event->start_at <= now) {
		event->told_start = true;
		buf_format(&o->out, "data: {\"msg\":\"process_starts\",\"event_id\":\"%s\",\"eta\":%.3f}\n\n",
		        event->id, seconds);
		return true;
	}
	if (event->state == BOARD_WAITING) {
		rq->wake_at = event->start_at > now ? event->start_at : event->done_at;
		return false;
	}
	event->delivered = true;
	say_completed(&o->out, rq->sim->board, event);
	return true;
}

static bool queue_step(struct request *rq, struct outcome *o, uint64_t now)
{
	bool known;
	struct board_event *event = board_session_next(rq->sim->board, o->key, &known);

	rq->wake_at = TIME_NEVER;
	if (event)
		return queue_say(rq, o, event, now);
	if (known)
		buf_text(&o->out, "data: {\"msg\":\"close_stream\",\"event_id\":null}\n\n");
	else
		buf_text(&o->out, "data: {\"msg\":\"unexpected_error\",\"event_id\":null,\"message\":"
		                  "\"Session not found.\",\"session_not_found\":true,\"success\":false}\n\n");
	o->final = true;
	return true;
}

void board_queue_data(struct request *rq)
{
	const char *session = http_argument(rq, "session_hash");

	if (!session || !session[0]) {
		http_reply_text(rq, 422, "application/json",
		        "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"query\","
		        "\"session_hash\"],\"msg\":\"Field required\",\"input\":null}]}");
		return;
	}
	outcome_start(rq, session, strlen(session), queue_step);
}
