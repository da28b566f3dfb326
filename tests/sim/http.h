/* http: the layer over libmicrohttpd: collects bodies, answers whole, delayed or in a stream.
 *
 * A handler is called once, when the body is complete, and must do exactly one of: http_reply (or one of
 * its relatives), http_delay, http_stream, http_drop. Everything runs on the loop's thread.
 * Ownership: a struct request lives until its connection is done with it, which may be at any time the
 * handler is not running: state of a handler hangs at `state` and `state_free` is then called. */
#ifndef BENCHTOP_SIM_HTTP_H
#define BENCHTOP_SIM_HTTP_H

#include <cjson/cJSON.h>
#include <microhttpd.h>
#include <sys/types.h>

#include "sim.h"

#define HTTP_BODY_MAX ((size_t)8 << 20)

struct request;
typedef void request_handler(struct request *rq);

/* Results of a puller besides a number of bytes. */
enum { PULL_WAIT = 0, PULL_END = -1, PULL_CUT = -2 };
typedef ssize_t request_puller(struct request *rq, char *out, size_t max);

struct request {
	struct sim *sim;
	struct MHD_Connection *connection;
	char method[12];
	char path[512]; /* cut when longer, then no route fits */
	struct buf body;
	size_t body_bytes; /* its share of sim->body_bytes */
	const char *tail;  /* what follows the route's path, for prefix routes */
	bool too_large, dispatched, suspended, gone, dropped;
	bool access_log;
	unsigned status;
	struct timer timer;
	request_handler *resume;
	request_puller *pull;
	uint64_t wake_at; /* set by a puller that returns PULL_WAIT */
	void *state;
	void (*state_free)(struct request *rq, void *state);
};

/* NULL after a sentence on stderr. `listen_fd` is bound and listening. */
struct MHD_Daemon *http_start(struct sim *sim, int listen_fd);

/* Ends every connection, then the daemon. */
void http_stop(struct sim *sim, struct MHD_Daemon *daemon);

/* Takes the buffer's bytes. A failed buffer becomes a 500. */
void http_reply(struct request *rq, unsigned status, const char *content_type, struct buf *body);
void http_reply_header(struct request *rq, unsigned status, const char *content_type, struct buf *body,
        const char *name, const char *value);
void http_reply_text(struct request *rq, unsigned status, const char *content_type, const char *text);

/* {"object":"error","message":…} as SGLang writes it. */
void http_reply_error(struct request *rq, unsigned status, const char *type, const char *message);

/* {"detail":…} as FastAPI writes it. */
void http_reply_detail(struct request *rq, unsigned status, const char *detail);

/* Calls `then` at `at`. */
void http_delay(struct request *rq, uint64_t at, request_handler *then);

/* 200 with a body that `pull` gives piece by piece. */
void http_stream(struct request *rq, const char *content_type, request_puller *pull);

/* Calls the puller of a waiting stream now. */
void http_wake(struct request *rq);

/* Closes the connection without an answer. */
void http_drop(struct request *rq);

/* The body as JSON when the content type is application/json; otherwise answers 400 and returns NULL. */
cJSON *http_json_body(struct request *rq);

/* Value of ?name= or NULL. */
const char *http_argument(struct request *rq, const char *name);

/* Marks the connection as one that carried a completions request; true the first time. */
bool http_mark_connection(struct request *rq);

/* route.c: picks the handler. */
void route_dispatch(struct request *rq);

#endif
