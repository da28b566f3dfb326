/* One blocking request for everything that is not a load: health checks, corpus rows, board calls.
 *
 * Runs on its own small loop in the calling thread; returns early with ERR_CANCELLED when the cancel reaches CANCEL_NOW.
 */
#ifndef BENCHTOP_FETCH_H
#define BENCHTOP_FETCH_H
#include "../base/buf.h"
#include "loop.h"

struct fetch {
	const char *url;
	const char *method;         /* NULL = GET */
	const char *body;           /* NULL = none; sent as application/json */
	const char *bearer;         /* NULL or "" = no Authorization header */
	const char *accept;         /* NULL = any */
	int64_t timeout_ms;         /* 0 = 10 s */
	int64_t connect_timeout_ms; /* 0 = 5 s */
	size_t max_bytes;           /* of the answer; 0 = 4 MiB */
	struct cancel *cancel;      /* NULL = none */
	/* When set, body bytes go here instead of into the result; a non-zero return ends the transfer (which then counts
	 * as a success with `stopped` set): used for event streams. Called also with len 0 about once a second, as a tick. */
	int (*on_data)(void *ctx, const char *data, size_t len);
	void *ctx;
};

struct fetch_result {
	struct transfer_end end;
	bool stopped;    /* ended by on_data */
	struct buf body; /* owned: fetch_result_free */
};

/* 0: an HTTP answer arrived (any status). ERR_NET: none did, e names host and remedy; end.connected / end.sent tell
 * whether the request may have reached the server. ERR_LIMIT: the answer is larger than max_bytes. */
int fetch_run(const struct fetch *f, struct fetch_result *out, struct err *e);
void fetch_result_free(struct fetch_result *r);

#endif
