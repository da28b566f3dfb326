/* The two halves of a look at the server. Used by server_look and the watcher, which asks for the second half only once
 * after each start: it makes the scheduler answer. */
#ifndef BENCHTOP_LOOK_H
#define BENCHTOP_LOOK_H
#include "../base/cancel.h"
#include "../event/event.h"

struct look {
	const char *base_url;
	const char *bearer;
	int64_t timeout_ms; /* of each request */
	struct cancel *cancel;
};

/* Everything unknown, but for the URL. */
void look_init(struct ev_server_seen *out, const char *base_url);
/* GET /v1/models and /health: phase, text, model. False when it was cancelled: out is worth nothing then. */
bool look_state(const struct look *l, struct ev_server_seen *out);
/* GET /server_info, else /get_server_info: version, tp, prefill, radix_off. False when the server tells none of it. */
bool look_info(const struct look *l, struct ev_server_seen *out);

#endif
