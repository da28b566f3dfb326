/* route: which handler answers which path, and what is not there yet while the server starts. */
#include <string.h>

#include "board.h"
#include "completions.h"
#include "handlers.h"

enum { GET = 1, POST = 2, BOTH = 3 };
enum place { ROOT, GRADIO };          /* GRADIO: below --prefix */
enum owner { SERVER, BOARD, ALWAYS }; /* SERVER: 503 until HTTP is up, and in the access log */

struct route {
	enum owner owner;
	enum place place;
	int methods;
	const char *path; /* ends in '/': a prefix */
	request_handler *handle;
};

static const struct route ROUTES[] = {
        {SERVER, ROOT, POST, "/v1/completions", completions_handle},
        {SERVER, ROOT, POST | GET, "/generate", generate_handle},
        {SERVER, ROOT, GET, "/health", status_health},
        {SERVER, ROOT, GET, "/health_generate", status_health},
        {SERVER, ROOT, GET, "/v1/models", status_models},
        {SERVER, ROOT, GET, "/get_model_info", status_model_info},
        {SERVER, ROOT, GET, "/model_info", status_model_info},
        {SERVER, ROOT, GET, "/get_server_info", status_server_info},
        {SERVER, ROOT, GET, "/server_info", status_server_info},
        {SERVER, ROOT, GET, "/get_load", status_load},
        {SERVER, ROOT, GET, "/metrics", status_metrics},
        {SERVER, ROOT, BOTH, "/flush_cache", status_flush_cache},
        {SERVER, ROOT, POST, "/abort_request", status_abort},
        {ALWAYS, ROOT, GET, "/rows", rows_handle},
        {BOARD, ROOT, GET, "/config", board_config},
        {ALWAYS, ROOT, GET, "/api/spaces/by-subdomain/", board_space},
        {BOARD, GRADIO, GET, "/config", board_config},
        {BOARD, GRADIO, GET, "/info", board_info},
        {BOARD, GRADIO, GET, "/call/", board_call_get},
        {BOARD, GRADIO, POST, "/call/", board_call_post},
        {BOARD, GRADIO, POST, "/queue/join", board_queue_join},
        {BOARD, GRADIO, GET, "/queue/data", board_queue_data},
        {BOARD, GRADIO, GET, "/queue/status", board_queue_status},
        {ALWAYS, ROOT, GET, "/sim/record", record_show},
        {ALWAYS, ROOT, BOTH, "/sim/reset", record_reset},
};

static int method_bit(const char *method)
{
	if (!strcmp(method, "GET") || !strcmp(method, "HEAD"))
		return GET;
	return strcmp(method, "POST") ? 0 : POST;
}

/* The rest of `path` after the route's, or NULL when it does not fit. */
static const char *route_match(const struct route *route, const char *path, const char *prefix)
{
	size_t n = strlen(route->path);

	if (route->place == GRADIO) {
		size_t skip = strlen(prefix);

		if (strncmp(path, prefix, skip))
			return NULL;
		path += skip;
	}
	if (strncmp(path, route->path, n))
		return NULL;
	return route->path[n - 1] == '/' || !path[n] ? path + n : NULL;
}

static void unroutable(struct request *rq, bool wrong_method)
{
	rq->access_log = true;
	if (wrong_method)
		http_reply_detail(rq, 405, "Method Not Allowed");
	else if (rq->sim->stage == SIM_LOADING)
		http_reply_detail(rq, 503, "Service Unavailable");
	else
		http_reply_detail(rq, 404, "Not Found");
}

void route_dispatch(struct request *rq)
{
	const char *prefix = rq->sim->opt.prefix;
	bool wrong_method = false;

	for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
		const struct route *route = &ROUTES[i];
		const char *tail = route_match(route, rq->path, prefix);

		if (!tail)
			continue;
		if (!(route->methods & method_bit(rq->method))) {
			wrong_method = true;
			continue;
		}
		if (route->owner == SERVER && rq->sim->stage == SIM_LOADING) {
			http_reply_text(rq, 503, "text/plain; charset=utf-8", "the server is still loading");
			return;
		}
		if (route->owner == BOARD && board_asleep(rq))
			return;
		rq->tail = tail;
		rq->access_log = route->owner == SERVER;
		route->handle(rq);
		return;
	}
	unroutable(rq, wrong_method);
}
