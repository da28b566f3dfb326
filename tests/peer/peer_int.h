/*
 * Inside of peer: the server's state, shared by its files and nobody else.
 *
 * peer.c     life cycle, accessors, the loop         conn.c     connections: accept, read, answer, close
 * request.c  reading of requests                     stream.c   token streams
 * script.c   scripted answers and their builders     timers.c   heap of due times
 *
 * Every function runs in the server's thread with peer.lock held, unless it says otherwise.
 */
#ifndef PEER_INT_H
#define PEER_INT_H

#include "peer.h"

#include <pthread.h>

#define PEER_MAX_HEAD            65536u
#define PEER_MAX_REQUEST         (4u << 20)
#define PEER_MAX_RAW             (64u << 20)
#define PEER_MAX_EVENTS_PER_SEND 4096u
#define PEER_NO_TIMER            SIZE_MAX

/* What a request line and its headers say. */
struct http_head {
	size_t len; /* with the empty line */
	size_t body_len;
	char method[8];
	char path[128]; /* cut to size, query included */
	bool expect;
	bool authorization;
	bool close; /* HTTP/1.0 or Connection: close */
};

/* What the body of a completion request says. */
struct body_facts {
	uint32_t max_tokens; /* 0 = none */
	uint32_t prompt_ids; /* 0 = not a list of ids */
	int64_t first_id;    /* -1 = none */
};

/* The next piece of an answer. */
struct piece {
	const char *data;
	size_t len;
	int64_t due_ns;  /* 0 = now */
	uint32_t events; /* stamps it is worth */
};

enum conn_state { CONN_READING, CONN_ANSWERING, CONN_DRAINING };

/* State of a token stream. */
struct stream {
	uint32_t total, done; /* events */
	uint32_t sends;       /* pieces with events so far */
	size_t head_pos;
	int64_t head_due_ns, first_ns;
	bool tail_sent;
	bool flat_out;
};

struct conn {
	struct conn *prev, *next;
	int fd;
	uint32_t number;
	enum conn_state state;
	int64_t accepted_ns;
	uint32_t served; /* requests read before this one */

	char *in; /* owned; in_cap bytes */
	size_t in_len, in_cap;
	struct http_head head; /* len 0 = not yet seen */
	bool continued;        /* 100 Continue was sent */

	/* the answer: next_piece gives pieces until it returns false, then `end` is done at end_ns */
	bool (*next_piece)(struct peer *p, struct conn *c, struct piece *out);
	struct piece piece;
	size_t piece_pos;
	bool staged, ending;
	enum peer_end end;
	int64_t end_ns;
	struct stream stream;
	char *tail; /* owned: chunk of the last events, then usage, end mark, terminating chunk */
	size_t tail_cap, tail_chunk_len, tail_len;
	uint32_t tail_events; /* events in it; 0 = not filled yet */
	const struct peer_script *script;
	size_t script_pos;
	int64_t script_ns;
	char *page; /* owned */

	bool counted;             /* is in peer.in_flight */
	struct peer_request *rec; /* NULL = not recorded */
	int64_t *stamps;          /* room of rec->sent_ns, n_stamps entries */
	uint32_t n_stamps;

	bool want_out;
	int64_t due_ns;
	size_t timer_pos; /* in peer.timers, or PEER_NO_TIMER */
};

struct peer {
	struct peer_config cfg;
	int port;
	int epoll_fd, listen_fd, timer_fd, wake_fd, spare_fd, parked_fd;
	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	int64_t started_ns, armed_ns;

	struct conn *conns;
	struct conn *pool; /* closed ones by next, with their buffers, for the next connections */
	size_t n_pool;
	struct conn **timers;
	size_t n_timers, cap_timers;

	/* token streams, formatted once */
	char *head;
	size_t head_len;
	char *send_block; /* a chunk of events_per_send events */
	size_t send_block_len;

	struct peer_request *requests;
	size_t n_requests;
	size_t received, connections;
	uint64_t stamped, unrecorded, room_used;
	size_t raw_used;
	int in_flight, in_flight_max;
	unsigned waiters;
};

/* request.c: any thread, no state */
int http_head_parse(
        const char *buf, size_t len, struct http_head *out); /* 1 = whole, 0 = more, -1 = bad, -2 = no length */
void body_scan(const char *body, size_t len, struct body_facts *out);

/* timers.c */
int timer_set(struct peer *p, struct conn *c, int64_t due_ns); /* adds or moves */
void timer_drop(struct peer *p, struct conn *c);
struct conn *timer_due(struct peer *p, int64_t now_ns); /* takes out the first one due, or NULL */
void timer_arm(struct peer *p);

/* conn.c */
void conn_accept(struct peer *p);
void conn_event(struct peer *p, struct conn *c, uint32_t events);
void conn_pump(struct peer *p, struct conn *c);
void conn_close(struct peer *p, struct conn *c);
void conn_pool_free(struct peer *p);

/* stream.c */
int stream_prepare(struct peer *p);
int stream_begin(struct peer *p, struct conn *c, const struct body_facts *facts, int64_t now_ns);
uint32_t stream_prompt_tokens(const struct peer *p, const struct body_facts *facts);
uint32_t stream_events(const struct peer *p, const struct body_facts *facts);

/* script.c */
void script_begin(struct conn *c, const struct peer_script *script, int64_t now_ns);

#endif
