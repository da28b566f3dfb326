/* A board as gradio.c and gradio_host.c share it: address, route prefix, token, and what its answers mean. */
#ifndef BENCHTOP_GRADIO_INT_H
#define BENCHTOP_GRADIO_INT_H
#include "../net/fetch.h"
#include "gradio.h"

#define GRADIO_JSON_DEPTH 32

struct gradio_host {
	char base[256];
	char prefix[64];   /* of the routes, "" or "/gradio_api" */
	char api[64];      /* without '/' */
	const char *token; /* NULL or "": none, or not sent to such an address */
	struct cancel *cancel;
};

/* Fills reply (rank -1) with an outcome and a cleaned sentence. */
void gradio_say(struct gradio_reply *reply, enum gradio_outcome outcome, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* Copies and checks the parts; false (and reply says REFUSED) when they make no URL. */
bool gradio_host_init(struct gradio_host *h, const char *base_url, const char *api_name, const char *token,
        struct cancel *cancel, struct gradio_reply *reply);
/* GET /config: finds the prefix. False: the board cannot be used now, reply says why. */
bool gradio_host_open(struct gradio_host *h, struct gradio_reply *reply);
/* GET {prefix}/info: 1 the endpoint is there (*arity, -1 unknown), 0 it is not (others, may be NULL, lists what is),
 * -1 the board does not say. */
int gradio_host_info(const struct gradio_host *h, int *arity, char *others, size_t cap);

bool gradio_is_json(const struct transfer_end *end);
/* Retry-After as milliseconds, 0 none; at most an hour. */
int64_t gradio_retry_after(const struct transfer_end *end);
/* 401, 403, 429 and redirects mean the same on every route: true and reply filled. */
bool gradio_common_refusal(const struct gradio_host *h, const struct transfer_end *end, struct gradio_reply *reply);
/* The human part of an error body: "detail" or "error", a string, list or object. Returns out, "" when there is none. */
char *gradio_detail(const char *body, size_t len, char *out, size_t cap);

#endif
