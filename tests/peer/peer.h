/*
 * peer: a raw-socket HTTP server for tests and benchmarks.
 *
 * It speaks just enough HTTP/1.1 to be the other end of a completion client, and every byte it sends, and when, is
 * under the caller's control. It shares no code with the engine: it is the independent judge of what was really sent.
 *
 * Who uses it: cmocka tests (the server runs in one thread of the test process) and benchtop-peer (main.c), the same
 * server as a process of its own for benchmarks.
 *
 * Ownership: peer_start copies the config, but the scripts it points to stay the caller's and must outlive the peer.
 * The records returned by peer_requests belong to the peer: readable after peer_stop, gone after peer_free.
 * Units: times are nanoseconds of CLOCK_MONOTONIC, the clock the client reads too, also across processes.
 * Errors: 0, or a negative errno value.
 *
 * Limits: one request at a time per connection (bytes sent while an answer runs are dropped), a request head of
 * 64 KiB, a whole request of 4 MiB. A client that closes or half-closes while its answer runs counts as gone.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;

/* The model it says it serves, in token events and /v1/models. */
#define PEER_MODEL "amd/DeepSeek-R1-0528-MXFP4-Preview"

enum peer_mode {
	PEER_PACED,    /* token events on an absolute schedule of each request's own, stamped */
	PEER_STEP,     /* the same, but all requests tick on one engine clock */
	PEER_NODELAY,  /* as fast as the socket takes it, not stamped */
	PEER_SCRIPTED, /* bytes of config.scripts, verbatim, stamped per block */
	PEER_SILENT,   /* reads the request and never answers */
	PEER_RESET,    /* resets every connection at accept */
	PEER_REFUSE,   /* holds the port but does not listen: connection refused */
};

/* What happens after the last byte of a scripted answer. */
enum peer_end {
	PEER_END_CLOSE, /* close: the client reads end of file */
	PEER_END_RESET, /* SO_LINGER 0 and close: the client reads ECONNRESET */
	PEER_END_KEEP,  /* leave it open and say no more: the request stays in flight until the client leaves */
	PEER_END_SHUT,  /* shutdown of our side only, closed when the client leaves */
	PEER_END_REUSE, /* ready for the next request on this connection */
};

/* A piece of an answer: one send. delay_ns counts from the due time of the piece before (the first: from the request). */
struct peer_block {
	const char *data;
	size_t len;
	int64_t delay_ns;
};

struct peer_script {
	struct peer_block *blocks;
	size_t n_blocks;
	enum peer_end end;
	int64_t end_delay_ns; /* from the due time of the last block to the end action */
};

struct peer_config {
	enum peer_mode mode;
	int port;      /* on 127.0.0.1; 0 = any */
	uint64_t seed; /* for the phases */

	/* PACED, STEP, NODELAY */
	int64_t ttft_ns;          /* full request read to first event */
	int64_t itl_ns;           /* from one send to the next */
	int64_t jitter_ns;        /* PACED: a phase in [0, jitter_ns) of its own for each request, added to ttft_ns */
	int64_t header_gap_ns;    /* > 0: slow header, one byte each so many ns; ttft counts from its end */
	bool head_with_first;     /* the header waits for the first event (else it is sent at once) */
	uint32_t events_per_send; /* 0 = 1, in NODELAY 64; at most 4096 */
	uint32_t tokens;          /* events of each answer; 0 = max_tokens of the request, 16 if it has none */
	uint32_t prompt_tokens;   /* usage.prompt_tokens; 0 = ids counted in the request (1 for a text) */
	bool keep_alive;          /* after the terminating chunk wait for another request instead of closing */

	/* SCRIPTED: scripts[i] answers request i, the last one repeats; a NULL entry is an ordinary PACED stream */
	const struct peer_script *const *scripts;
	size_t n_scripts;

	bool no_pages;         /* GET /health and GET /v1/models are not special (else: 200 and JSON) */
	bool keep_raw;         /* keep the text of the requests (64 MiB in all) in peer_request.raw */
	uint32_t refuse_after; /* > 0: after that many connections the port refuses */
	uint32_t max_requests; /* records kept; 0 = 10,000. Later requests are answered but not recorded */
	uint64_t max_events;   /* stamps kept in all; 0 = 64 Mi. Later events are sent but not stamped */
};

/* One request (the pages of no_pages excepted), in order of arrival. */
struct peer_request {
	int index;               /* order in which requests were fully read */
	uint32_t conn;           /* connection number, from 0 */
	int64_t accepted_ns;     /* its connection was accepted */
	int64_t received_ns;     /* its last byte was read */
	int64_t closed_ns;       /* just before our close or shutdown, or when the client was seen to be gone;
					   0 = still in flight */
	uint32_t n_events;       /* stamps in sent_ns: token events (not the usage chunk), or blocks of a script */
	const int64_t *sent_ns;  /* the clock just before the write that carried event i; NULL if not stamped */
	uint32_t prompt_tokens;  /* as answered in usage */
	uint32_t max_tokens;     /* of the request; 0 = had none */
	int64_t prompt_first_id; /* first id of a prompt of ids, to tell requests apart; -1 = a text */
	int in_flight_at_start;  /* requests in flight when it was fully read, itself included */
	bool saw_expect_header;
	bool authorization_seen;
	bool keepalive_reused; /* its connection had already carried a request, of any kind */
	bool complete;         /* the whole answer was handed to the socket */
	const char *raw;       /* keep_raw: head and body, not terminated; else NULL */
	size_t raw_len;
};

int peer_start(struct peer **out, const struct peer_config *cfg);
int peer_port(const struct peer *p);

/* Ends the thread and closes everything. Records and counters stay readable until peer_free. Twice is once. */
void peer_stop(struct peer *p);
void peer_free(struct peer *p); /* stops first; NULL is fine */

/* Waits until nothing is in flight. -ETIMEDOUT if that does not come. */
int peer_quiesce(struct peer *p, int timeout_ms);
/* Waits until n requests in all were fully read. */
int peer_wait_received(struct peer *p, size_t n, int timeout_ms);
/* Waits until n events (or script blocks) in all were stamped. */
int peer_wait_sent(struct peer *p, uint64_t n, int timeout_ms);

/* The records; whole only after peer_quiesce without new requests since, or after peer_stop. */
size_t peer_requests(struct peer *p, const struct peer_request **out);
int peer_in_flight(struct peer *p);
int peer_in_flight_max(struct peer *p);
size_t peer_connections(struct peer *p);  /* accepted so far, pages included */
size_t peer_received(struct peer *p);     /* requests fully read so far, pages excluded, recorded or not */
uint64_t peer_unrecorded(struct peer *p); /* requests without record or without stamps, for want of room */

int64_t peer_clock_ns(void);

/* How the body of an answer is delimited. */
enum peer_framing {
	PEER_CHUNKED,      /* each part a chunk of its own; a terminating chunk after them */
	PEER_CHUNKED_OPEN, /* the same without the terminating chunk */
	PEER_TO_CLOSE,     /* Connection: close, the end of file ends it */
	PEER_LENGTH,       /* Content-Length */
};

/*
 * Builders of scripts. All copy what they are given; peer_script_free releases. Each part is a send of its own, the
 * head another before them. Scripts end with PEER_END_CLOSE; the caller may change end, end_delay_ns and the delays.
 */
int peer_script_sse(struct peer_script *out, enum peer_framing framing, const struct peer_block *parts, size_t n_parts);
/* type may be NULL (text/event-stream); reason is the text after the status. */
int peer_script_answer(struct peer_script *out, int status, const char *reason, const char *type,
        enum peer_framing framing, const struct peer_block *parts, size_t n_parts);
int peer_script_raw(struct peer_script *out, const struct peer_block *parts, size_t n_parts);
/* Cuts the script after its first n bytes. */
void peer_script_cut(struct peer_script *s, size_t n_bytes);
/* Takes bytes off its end. */
void peer_script_trim(struct peer_script *s, size_t n_bytes);
/* The same bytes in sends of n bytes each, gap_ns apart. */
int peer_script_resplit(struct peer_script *s, size_t n_bytes, int64_t gap_ns);
size_t peer_script_bytes(const struct peer_script *s);
void peer_script_free(struct peer_script *s);

#endif
