/* http: libmicrohttpd with an external loop (see http.h). */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define POOL_BYTES    ((size_t)32 << 10) /* the largest libmicrohttpd takes from malloc: mmap costs 0.2 ms */
#define GONE_CHECK_NS (NS_PER_S / 2)
#define BODIES_MAX    ((size_t)256 << 20) /* of all requests together */
#define IDLE_SECONDS  30u                 /* a request that never gets complete, a connection kept for nothing */

/* ---- waiting ---- */

/* True when the client has closed: a suspended connection would not notice. */
static bool client_gone(struct request *rq)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	char byte;
	ssize_t n;

	if (!info)
		return true;
	n = recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void request_suspend(struct request *rq)
{
	uint64_t check = clock_now() + GONE_CHECK_NS;

	timer_set(&rq->sim->reactor, &rq->timer, rq->wake_at < check ? rq->wake_at : check);
	if (!rq->suspended) {
		rq->suspended = true;
		MHD_suspend_connection(rq->connection);
	}
}

static void request_continue(struct request *rq)
{
	timer_cancel(&rq->sim->reactor, &rq->timer);
	rq->suspended = false;
	MHD_resume_connection(rq->connection);
}

static void request_timer(void *arg)
{
	struct request *rq = arg;

	if (rq->timer.at >= rq->wake_at) {
		request_continue(rq);
	} else if (client_gone(rq)) {
		rq->gone = true;
		request_continue(rq);
	} else {
		request_suspend(rq);
	}
}

void http_wake(struct request *rq)
{
	if (rq->suspended)
		request_continue(rq);
}

void http_delay(struct request *rq, uint64_t at, request_handler *then)
{
	if (at <= clock_now()) {
		then(rq);
		return;
	}
	rq->resume = then;
	rq->wake_at = at;
	request_suspend(rq);
}

static ssize_t stream_read(void *cls, uint64_t pos, char *out, size_t max)
{
	struct request *rq = cls;
	ssize_t n;

	(void)pos;
	if (rq->gone || rq->sim->stopping)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = rq->pull(rq, out, max);
	if (n > 0)
		return n;
	if (n == PULL_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == PULL_CUT)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	request_suspend(rq);
	return 0;
}

/* ---- answers ---- */

void http_drop(struct request *rq)
{
	rq->dropped = true;
}

static void queue_response(struct request *rq, unsigned status, const char *content_type, struct MHD_Response *response)
{
	if (!response) {
		http_drop(rq);
		return;
	}
	rq->status = status;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	MHD_add_response_header(response, "server", "uvicorn");
	if (MHD_queue_response(rq->connection, status, response) != MHD_YES)
		http_drop(rq);
	MHD_destroy_response(response);
}

void http_reply_header(struct request *rq, unsigned status, const char *content_type, struct buf *body,
        const char *name, const char *value)
{
	struct MHD_Response *response;
	size_t len;
	char *data = buf_take(body, &len);

	if (!data) {
		http_reply_text(rq, 500, "text/plain; charset=utf-8", "Internal Server Error");
		return;
	}
	response = MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(data);
	else if (name)
		MHD_add_response_header(response, name, value);
	queue_response(rq, status, content_type, response);
}

void http_reply(struct request *rq, unsigned status, const char *content_type, struct buf *body)
{
	http_reply_header(rq, status, content_type, body, NULL, NULL);
}

void http_reply_text(struct request *rq, unsigned status, const char *content_type, const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);

	if (!copy) {
		http_drop(rq);
		return;
	}
	memcpy(copy, text, len + 1);
	queue_response(rq, status, content_type, MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE));
}

void http_reply_error(struct request *rq, unsigned status, const char *type, const char *message)
{
	struct buf b = {0};

	buf_text(&b, "{\"object\":\"error\",\"message\":");
	buf_json_string(&b, message, strlen(message), false);
	buf_text(&b, ",\"type\":");
	buf_json_string(&b, type, strlen(type), false);
	buf_format(&b, ",\"param\":null,\"code\":%u}", status);
	http_reply(rq, status, "application/json", &b);
}

void http_reply_detail(struct request *rq, unsigned status, const char *detail)
{
	struct buf b = {0};

	buf_text(&b, "{\"detail\":");
	buf_json_string(&b, detail, strlen(detail), false);
	buf_text(&b, "}");
	http_reply(rq, status, "application/json", &b);
}

void http_stream(struct request *rq, const char *content_type, request_puller *pull)
{
	struct MHD_Response *response =
	        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, POOL_BYTES, stream_read, rq, NULL);

	rq->pull = pull;
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	queue_response(rq, 200, content_type, response);
}

/* ---- the request ---- */

cJSON *http_json_body(struct request *rq)
{
	const char *type = MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	cJSON *json;

	if (!type || strncasecmp(type, "application/json", 16) || (type[16] && !strchr("; \t", type[16]))) {
		http_reply_error(rq, 400, "Bad Request", "Unsupported Media Type: Only 'application/json' is allowed");
		return NULL;
	}
	json = rq->body.len ? cJSON_ParseWithLength(rq->body.data, rq->body.len) : NULL;
	if (!cJSON_IsObject(json)) {
		cJSON_Delete(json);
		http_reply_error(rq, 400, "Bad Request", "the request body is not a JSON object");
		return NULL;
	}
	return json;
}

const char *http_argument(struct request *rq, const char *name)
{
	return MHD_lookup_connection_value(rq->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool http_mark_connection(struct request *rq)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	bool *marked = info ? info->socket_context : NULL;

	if (!marked || *marked)
		return false;
	*marked = true;
	return true;
}

static struct request *request_new(
        struct sim *sim, struct MHD_Connection *connection, const char *url, const char *method)
{
	struct request *rq = calloc(1, sizeof *rq);

	if (!rq)
		return NULL;
	rq->sim = sim;
	rq->connection = connection;
	rq->body.max = HTTP_BODY_MAX;
	rq->timer.fire = request_timer;
	rq->timer.arg = rq;
	snprintf(rq->method, sizeof rq->method, "%s", method);
	snprintf(rq->path, sizeof rq->path, "%s", url);
	return rq;
}

static void request_forget_body(struct request *rq)
{
	rq->sim->body_bytes -= rq->body_bytes;
	rq->body_bytes = 0;
	buf_free(&rq->body);
}

static void request_body(struct request *rq, const char *data, size_t len)
{
	size_t *total = &rq->sim->body_bytes;

	if (rq->too_large)
		return;
	buf_add(&rq->body, data, len);
	*total += len;
	rq->body_bytes += len;
	if (rq->body.failed || *total > BODIES_MAX) {
		rq->too_large = true;
		request_forget_body(rq);
	}
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
        const char *version, const char *data, size_t *len, void **slot)
{
	struct request *rq = *slot;

	(void)version;
	if (!rq) {
		rq = *slot = request_new(cls, connection, url, method);
		return rq ? MHD_YES : MHD_NO;
	}
	if (*len) {
		request_body(rq, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (rq->gone || rq->sim->stopping)
		return MHD_NO;
	if (!rq->dispatched) {
		rq->dispatched = true;
		if (rq->too_large)
			http_reply_error(rq, 413, "Request Entity Too Large", "the request body is too large");
		else
			route_dispatch(rq);
	} else if (rq->resume && !rq->suspended) {
		request_handler *then = rq->resume;

		rq->resume = NULL;
		then(rq);
	}
	return rq->dropped ? MHD_NO : MHD_YES;
}

static void log_access(struct request *rq)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr_in *peer = info ? (const void *)info->client_addr : NULL;
	char address[INET_ADDRSTRLEN] = "127.0.0.1";

	if (peer && peer->sin_family == AF_INET)
		inet_ntop(AF_INET, &peer->sin_addr, address, sizeof address);
	serverlog_access(&rq->sim->log, address, peer ? ntohs(peer->sin_port) : 0, rq->method, rq->path, rq->status);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode why)
{
	struct request *rq = *slot;

	(void)cls;
	(void)connection;
	if (!rq)
		return;
	*slot = NULL;
	timer_cancel(&rq->sim->reactor, &rq->timer);
	if (rq->status && why == MHD_REQUEST_TERMINATED_COMPLETED_OK && rq->access_log)
		log_access(rq);
	if (rq->state_free)
		rq->state_free(rq, rq->state);
	request_forget_body(rq);
	free(rq);
}

static void on_connection(
        void *cls, struct MHD_Connection *connection, void **slot, enum MHD_ConnectionNotificationCode code)
{
	(void)cls;
	(void)connection;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*slot = calloc(1, sizeof(bool));
	} else {
		free(*slot);
		*slot = NULL;
	}
}

struct MHD_Daemon *http_start(struct sim *sim, int listen_fd)
{
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
	        on_request, sim, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, sim,
	        MHD_OPTION_NOTIFY_CONNECTION, on_connection, sim, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES,
	        MHD_OPTION_CONNECTION_LIMIT, 4096u, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);

	if (!daemon)
		fputs("benchtop-sim: the HTTP server does not start\n", stderr);
	return daemon;
}

void http_stop(struct sim *sim, struct MHD_Daemon *daemon)
{
	struct reactor *r = &sim->reactor;

	sim->stopping = true;
	while (r->count) {
		struct timer *t = r->heap[0];

		timer_cancel(r, t);
		if (t->fire == request_timer) {
			struct request *rq = t->arg;

			rq->gone = true;
			request_continue(rq);
		}
	}
	MHD_run(daemon);
	MHD_stop_daemon(daemon);
}
