/* Inside of the loop: its state, shared by loop.c, transfer.c and nobody else. */
#ifndef BENCHTOP_LOOP_INT_H
#define BENCHTOP_LOOP_INT_H
#include "loop.h"

/* What is known of a URL; kept for the last one because a load asks for the same again and again. */
struct loop_target {
	char url[1024];
	char host[256]; /* without brackets */
	char port[8];
	bool loopback; /* this machine: no proxy */
};

struct transfer {
	struct loop *loop;
	struct transfer *prev, *next; /* list of those in flight, or of those to be reused (next only) */
	CURL *easy;
	struct curl_slist *headers; /* owned copy, Expect removed */
	size_t (*on_body)(void *ctx, const char *data, size_t len);
	void (*on_done)(void *ctx, const struct transfer_end *end);
	void *ctx;
	int64_t timeout_ms;
	char host[256], port[8]; /* for the sentences */
	bool loopback;
	char retry_after[32];
	char error[CURL_ERROR_SIZE];
};

struct loop {
	CURLM *multi;
	int epoll_fd, timer_fd;
	int64_t armed_ns; /* when the timerfd fires, 0 = not armed */
	int64_t curl_ns;  /* when libcurl wants to be called, 0 = not */
	int64_t user_ns;
	void (*user_fn)(void *ctx);
	void *user_ctx;
	struct cancel *cancel;
	struct transfer *active, *pool;
	struct loop_target target;
	struct curl_slist *pins; /* CURLOPT_RESOLVE entries */
	CURLMcode broken;        /* what the multi said when it failed, CURLM_OK = works */
	int running;
	uint64_t calls; /* of curl_multi_socket_action */
	bool unread;    /* libcurl was called outside of a turn: it may have messages */
	struct loop_lateness late;
};

/* transfer.c */
int target_set(struct loop_target *t, const char *url, struct err *e);
int transfer_setup(struct transfer *t, const struct transfer_spec *spec, struct err *e);
void transfer_end_fill(struct transfer *t, CURLcode code, struct transfer_end *end);
void transfer_free(struct transfer *t);

#endif
