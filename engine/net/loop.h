/* The event loop of one thread: epoll + timerfd + libcurl's multi by curl_multi_socket_action, own fds and timers.
 *
 * Not thread-safe: a loop belongs to the thread that opened it. curl_global_init() is main's. Bodies and headers given to
 * loop_start are borrowed until on_done was called or loop_abort returned. Callbacks run inside loop_turn; they may call
 * loop_start (queued inside libcurl at once, outside of its callbacks: on_done is called after the multi returned), never
 * loop_close. No proxy on loopback addresses, TCP_NODELAY, NOSIGNAL, no Expect header, no signals.
 */
#ifndef BENCHTOP_LOOP_H
#define BENCHTOP_LOOP_H
#include "../base/cancel.h"
#include "../base/err.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct transfer;

struct transfer_end {
	int curl_code;   /* CURLE_OK or why not */
	long status;     /* HTTP status, 0 none */
	char error[256]; /* a sentence when curl_code is not CURLE_OK, cleaned */
	char content_type[64];
	char retry_after[32]; /* header, empty none */
	bool connected;       /* a connection was made, so bytes may have been sent */
	bool cut;             /* the peer closed or reset the connection in mid-transfer */
	bool sent;            /* request bytes left: what was asked for may have happened */
	int64_t end_ns;       /* CLOCK_MONOTONIC when the loop saw the end */
};

struct transfer_spec {
	const char *url;
	const char *method; /* "GET" or "POST" */
	const char *body;   /* POST body, not copied */
	size_t body_len;
	struct curl_slist *headers; /* borrowed */
	int64_t timeout_ms;         /* whole transfer, 0 = 6 h */
	int64_t connect_timeout_ms; /* 0 = as timeout */
	bool fresh;                 /* a new connection, closed after: one connection a request */
	size_t (*on_body)(void *ctx, const char *data, size_t len); /* return len, anything else aborts */
	void (*on_done)(void *ctx, const struct transfer_end *end); /* exactly once, unless aborted */
	void *ctx;
};

int loop_open(struct loop **out, struct err *e);
void loop_close(struct loop *l); /* aborts what is in flight without calling on_done */

/* Starts a transfer; *start_ns (may be NULL) is read immediately before curl_multi_add_handle + socket_action(TIMEOUT).
 * *out (may be NULL) is valid until on_done. Easy handles are pooled and reused. */
int loop_start(
        struct loop *l, const struct transfer_spec *spec, struct transfer **out, int64_t *start_ns, struct err *e);
void loop_abort(struct loop *l, struct transfer *t); /* no on_done; never from inside on_body */
/* What is known of a transfer in flight (status 0 before the answer's head). */
void loop_peek(struct transfer *t, struct transfer_end *out);

/* Number of the present read: equal in two on_body calls when their bytes came in one read of the socket. libcurl calls
 * once a chunk, however many came together. */
uint64_t loop_read_number(const struct loop *l);

/* One turn: waits up to max_wait_ns (0 = do not wait, -1 = until something happens), handles every ready fd and timer,
 * then finished transfers. Returns the number of things handled, or negative. */
int loop_turn(struct loop *l, int64_t max_wait_ns, struct err *e);

/* Pins "HOST:PORT" of the URL to its address so that no later transfer resolves again; 0.0.0.0 dials 127.0.0.1. Call once
 * before a load. ERR_NET when the name does not resolve. */
int loop_pin_host(struct loop *l, const char *url, struct err *e);
/* The same, but only for this machine's names (0.0.0.0, localhost), and so without asking a name server. */
int loop_pin_local(struct loop *l, const char *url, struct err *e);

/* Makes loop_turn return once each time the cancel is raised; at CANCEL_NOW it never waits. NULL removes. */
int loop_watch_cancel(struct loop *l, struct cancel *c, struct err *e);

/* One timer at an absolute CLOCK_MONOTONIC time; replaces the earlier one; at_ns 0 removes it. */
void loop_timer(struct loop *l, int64_t at_ns, void (*fn)(void *ctx), void *ctx);

/* Lateness: time from when epoll_wait returned with a ready fd to when its callback ran is not visible from outside, so
 * the loop samples, per turn, how long the handling of the turn before it kept ready fds waiting. */
struct loop_lateness {
	uint64_t turns;
	uint64_t busy_ns;  /* total time spent handling */
	uint32_t hist[64]; /* log-linear histogram of handling time per turn: see loop_lateness_percentile */
};
void loop_lateness_reset(struct loop *l);
void loop_lateness_read(const struct loop *l, struct loop_lateness *out);
double loop_lateness_percentile_ms(const struct loop_lateness *h, double p); /* NaN when empty */

#endif
