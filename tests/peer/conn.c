/*
 * Connections: accepted, read until a request is whole, answered piece by piece, closed.
 *
 * An answer is a sequence of pieces from c->next_piece, each with a due time. A piece is one send; what the socket
 * does not take at once follows when it can. The stamp of a piece is the clock just before the write that carried
 * its first byte.
 */
#include "peer_int.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SENDS_PER_TURN   16 /* then others get their turn */
#define ACCEPTS_PER_TURN 64
#define FIRST_IN_CAP     16384
#define POOL_MAX         1024
#define POOL_MAX_BUFFER  (256u << 10)

static const char MODELS[] =
        "{\"object\":\"list\",\"data\":[{\"id\":\"" PEER_MODEL "\",\"object\":\"model\","
        "\"created\":1763634000,\"owned_by\":\"peer\",\"root\":\"" PEER_MODEL "\",\"max_model_len\":131072}]}";

static void want_out(struct peer *p, struct conn *c, bool want)
{
	if (c->want_out == want)
		return;
	c->want_out = want;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | (want ? EPOLLOUT : 0u), .data.ptr = c};
	epoll_ctl(p->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

/* The request is over, answered to the end or not. */
static void request_done(struct peer *p, struct conn *c, bool complete)
{
	if (c->rec) {
		c->rec->closed_ns = peer_clock_ns();
		c->rec->complete = complete;
	}
	c->rec = NULL;
	c->stamps = NULL;
	c->n_stamps = 0;
	if (c->counted) {
		c->counted = false;
		p->in_flight--;
		if (p->waiters)
			pthread_cond_broadcast(&p->changed);
	}
}

static void answer_free(struct conn *c)
{
	free(c->page);
	c->page = NULL;
	c->next_piece = NULL;
	c->staged = c->ending = false;
	c->end_ns = 0;
}

static void conn_free(struct conn *c)
{
	free(c->in);
	free(c->tail);
	free(c);
}

void conn_pool_free(struct peer *p)
{
	while (p->pool) {
		struct conn *c = p->pool;
		p->pool = c->next;
		conn_free(c);
	}
	p->n_pool = 0;
}

/* Keeps c and its buffers for a later connection, within bounds. */
static void conn_recycle(struct peer *p, struct conn *c)
{
	if (p->n_pool == POOL_MAX || c->in_cap > POOL_MAX_BUFFER || c->tail_cap > POOL_MAX_BUFFER) {
		conn_free(c);
		return;
	}
	c->next = p->pool;
	p->pool = c;
	p->n_pool++;
}

/* A fresh one, or one of the pool, all zero but for its buffers. */
static struct conn *conn_get(struct peer *p)
{
	struct conn *c = p->pool;
	if (!c)
		return calloc(1, sizeof *c);
	p->pool = c->next;
	p->n_pool--;
	*c = (struct conn){.in = c->in,
	        .in_cap = c->in_cap,
	        .tail = c->tail,
	        .tail_cap = c->tail_cap,
	        .tail_events = c->tail_events,
	        .tail_chunk_len = c->tail_chunk_len};
	return c;
}

void conn_close(struct peer *p, struct conn *c)
{
	request_done(p, c, false);
	timer_drop(p, c);
	answer_free(c);
	close(c->fd);
	if (c->prev)
		c->prev->next = c->next;
	else
		p->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	conn_recycle(p, c);
}

static void reset_on_close(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* The last piece is with the socket. May free c. */
static void answer_end(struct peer *p, struct conn *c)
{
	want_out(p, c, false);
	if (c->end == PEER_END_KEEP) {
		c->state = CONN_DRAINING;
		return;
	}
	request_done(p, c, true);
	answer_free(c);
	switch (c->end) {
	case PEER_END_RESET:
		reset_on_close(c->fd);
		conn_close(p, c);
		break;
	case PEER_END_SHUT:
		shutdown(c->fd, SHUT_WR);
		c->state = CONN_DRAINING;
		break;
	case PEER_END_REUSE:
		c->state = CONN_READING;
		c->in_len = 0;
		c->head.len = 0;
		c->continued = false;
		c->served++;
		break;
	default:
		conn_close(p, c);
	}
}

static void stamp(struct conn *c)
{
	if (!c->rec || c->piece.events == 0)
		return;
	int64_t now = peer_clock_ns();
	uint32_t room = c->n_stamps - c->rec->n_events;
	uint32_t n = c->piece.events < room ? c->piece.events : room;
	for (uint32_t i = 0; i < n; i++)
		c->stamps[c->rec->n_events + i] = now;
}

/* The first byte of a stamped piece is out: its stamps count from now on. */
static void stamp_keep(struct peer *p, struct conn *c)
{
	if (!c->rec || c->piece.events == 0)
		return;
	uint32_t room = c->n_stamps - c->rec->n_events;
	uint32_t n = c->piece.events < room ? c->piece.events : room;
	c->rec->n_events += n;
	p->stamped += n;
	if (n && p->waiters)
		pthread_cond_broadcast(&p->changed);
}

/* The next piece, or the end, with its due time. */
static void stage(struct peer *p, struct conn *c)
{
	c->piece_pos = 0;
	c->staged = true;
	if (!c->next_piece(p, c, &c->piece)) {
		c->ending = true;
		c->piece = (struct piece){.due_ns = c->end_ns};
	}
}

/* Sends all that is due. May free c. */
void conn_pump(struct peer *p, struct conn *c)
{
	int64_t now = peer_clock_ns();
	for (int sends = 0; sends < SENDS_PER_TURN;) {
		if (!c->staged)
			stage(p, c);
		if (c->piece_pos == 0 && c->piece.due_ns > now) {
			now = peer_clock_ns();
			if (c->piece.due_ns > now) {
				want_out(p, c, false);
				if (timer_set(p, c, c->piece.due_ns) < 0)
					conn_close(p, c);
				return;
			}
		}
		if (c->ending) {
			answer_end(p, c);
			return;
		}
		if (c->piece_pos == 0)
			stamp(c);
		ssize_t n = send(
		        c->fd, c->piece.data + c->piece_pos, c->piece.len - c->piece_pos, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			conn_close(p, c);
			return;
		}
		if (c->piece_pos == 0)
			stamp_keep(p, c);
		sends++;
		c->piece_pos += (size_t)n;
		if (c->piece_pos == c->piece.len)
			c->staged = false;
	}
	want_out(p, c, true);
}

static bool page_piece(struct peer *p, struct conn *c, struct piece *out)
{
	(void)p;
	if (c->script_pos++)
		return false;
	*out = (struct piece){.data = c->page, .len = strlen(c->page)};
	return true;
}

/* A short answer of our own, outside of records. May free c. */
static void page_begin(struct peer *p, struct conn *c, int status, const char *reason, const char *body)
{
	bool over =
	        status != 200 || c->head.close; /* a refused request may not be read to its end: drain, then close */
	int n = asprintf(&c->page,
	        "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n%s",
	        status, reason, strlen(body), over ? "close" : "keep-alive", body);
	if (n < 0) {
		c->page = NULL;
		conn_close(p, c);
		return;
	}
	c->script_pos = 0;
	c->next_piece = page_piece;
	c->end = status != 200 ? PEER_END_SHUT : over ? PEER_END_CLOSE : PEER_END_REUSE;
	c->state = CONN_ANSWERING;
	conn_pump(p, c);
}

/* Room for n stamps of the record, if the bound allows it. */
static void stamps_begin(struct peer *p, struct conn *c, uint32_t n)
{
	if (!c->rec || n == 0)
		return;
	if (p->room_used + n > p->cfg.max_events || !(c->stamps = malloc(n * sizeof *c->stamps))) {
		p->unrecorded++;
		return;
	}
	p->room_used += n;
	c->n_stamps = n;
	c->rec->sent_ns = c->stamps;
}

static void raw_keep(struct peer *p, struct conn *c)
{
	size_t n = c->head.len + c->head.body_len;
	if (!p->cfg.keep_raw || p->raw_used + n > PEER_MAX_RAW)
		return;
	char *raw = malloc(n);
	if (!raw)
		return;
	memcpy(raw, c->in, n);
	p->raw_used += n;
	c->rec->raw = raw;
	c->rec->raw_len = n;
}

/* Counts a whole request and opens its record. */
static void record_begin(struct peer *p, struct conn *c, const struct body_facts *facts, int64_t now_ns)
{
	p->received++;
	p->in_flight++;
	c->counted = true;
	if (p->in_flight > p->in_flight_max)
		p->in_flight_max = p->in_flight;
	if (p->waiters)
		pthread_cond_broadcast(&p->changed);
	if (p->n_requests == p->cfg.max_requests) {
		p->unrecorded++;
		return;
	}
	c->rec = &p->requests[p->n_requests];
	*c->rec = (struct peer_request){
	        .index = (int)p->n_requests++,
	        .conn = c->number,
	        .accepted_ns = c->accepted_ns,
	        .received_ns = now_ns,
	        .prompt_tokens = stream_prompt_tokens(p, facts),
	        .max_tokens = facts->max_tokens,
	        .prompt_first_id = facts->first_id,
	        .in_flight_at_start = p->in_flight,
	        .saw_expect_header = c->head.expect,
	        .authorization_seen = c->head.authorization,
	        .keepalive_reused = c->served > 0,
	};
	raw_keep(p, c);
}

/* A whole request is in c->in. May free c. */
static void request_begin(struct peer *p, struct conn *c)
{
	int64_t now = peer_clock_ns();
	const struct http_head *h = &c->head;
	bool get = strcmp(h->method, "GET") == 0;
	bool scripted = p->cfg.mode == PEER_SCRIPTED && p->cfg.n_scripts > 0;
	if (get && !p->cfg.no_pages && strcmp(h->path, "/health") == 0)
		return page_begin(p, c, 200, "OK", "{\"status\":\"ok\"}");
	if (get && !p->cfg.no_pages && strcmp(h->path, "/v1/models") == 0)
		return page_begin(p, c, 200, "OK", MODELS);
	if (!scripted && (strcmp(h->method, "POST") != 0 || strcmp(h->path, "/v1/completions") != 0))
		return page_begin(p, c, 404, "Not Found", "{\"error\":{\"message\":\"not here\",\"code\":404}}");

	struct body_facts facts;
	body_scan(c->in + h->len, h->body_len, &facts);
	record_begin(p, c, &facts, now);
	c->state = CONN_ANSWERING;
	if (p->cfg.mode == PEER_SILENT) {
		c->state = CONN_DRAINING;
		return;
	}
	const struct peer_script *script = NULL;
	if (scripted) {
		size_t i = p->received - 1;
		script = p->cfg.scripts[i < p->cfg.n_scripts ? i : p->cfg.n_scripts - 1];
	}
	if (script) {
		stamps_begin(p, c, (uint32_t)script->n_blocks);
		script_begin(c, script, now);
	} else {
		if (p->cfg.mode != PEER_NODELAY)
			stamps_begin(p, c, stream_events(p, &facts));
		if (stream_begin(p, c, &facts, now) < 0) {
			conn_close(p, c);
			return;
		}
	}
	conn_pump(p, c);
}

/* Looks at what was read. True if c still wants input; else c may be gone. */
static bool input_check(struct peer *p, struct conn *c)
{
	struct http_head *h = &c->head;
	if (h->len == 0) {
		int rc = http_head_parse(c->in, c->in_len, h);
		if (rc == 0)
			return true;
		if (rc < 0) {
			h->close = true;
			page_begin(p, c, rc == -2 ? 411 : 400, rc == -2 ? "Length Required" : "Bad Request", "{}");
			return false;
		}
		if (h->body_len > PEER_MAX_REQUEST - h->len) {
			page_begin(p, c, 413, "Content Too Large", "{}");
			return false;
		}
	}
	if (c->in_len < h->len + h->body_len) {
		if (h->expect && !c->continued) {
			static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
			c->continued = true;
			if (send(c->fd, go, sizeof go - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
				conn_close(p, c);
				return false;
			}
		}
		return true;
	}
	request_begin(p, c);
	return false;
}

static int input_room(struct conn *c)
{
	if (c->in_len < c->in_cap)
		return 0;
	size_t cap = c->in_cap ? c->in_cap * 2 : FIRST_IN_CAP;
	char *more = realloc(c->in, cap);
	if (!more)
		return -ENOMEM;
	c->in = more;
	c->in_cap = cap;
	return 0;
}

/* May free c. */
static void conn_read(struct peer *p, struct conn *c)
{
	for (;;) {
		if (input_room(c) < 0) {
			conn_close(p, c);
			return;
		}
		ssize_t n = recv(c->fd, c->in + c->in_len, c->in_cap - c->in_len, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			conn_close(p, c);
			return;
		}
		c->in_len += (size_t)n;
		if (!input_check(p, c))
			return;
	}
}

/* Input that nobody waits for: dropped. May free c. */
static void conn_drop_input(struct peer *p, struct conn *c)
{
	char scrap[16384];
	ssize_t n = recv(c->fd, scrap, sizeof scrap, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		conn_close(p, c);
}

/* May free c. */
void conn_event(struct peer *p, struct conn *c, uint32_t events)
{
	bool gone = (events & (EPOLLHUP | EPOLLERR)) || ((events & EPOLLRDHUP) && c->state != CONN_READING);
	if (gone)
		conn_close(p, c);
	else if ((events & (EPOLLIN | EPOLLRDHUP)) && c->state == CONN_READING)
		conn_read(p, c);
	else if ((events & EPOLLOUT) && c->state == CONN_ANSWERING)
		conn_pump(p, c);
	else if (events & EPOLLIN)
		conn_drop_input(p, c);
}

/* The port stays ours, but connections to it are refused from now on. */
static void stop_listening(struct peer *p)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)p->port)};
	int one = 1;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	close(p->listen_fd);
	p->listen_fd = -1;
	p->parked_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->parked_fd < 0)
		return;
	setsockopt(p->parked_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(p->parked_fd, (struct sockaddr *)&at, sizeof at) < 0) {
		close(p->parked_fd);
		p->parked_fd = -1;
	}
}

/* Out of descriptors: turn the waiting connection away, or it would be reported for ever. */
static void turn_away(struct peer *p)
{
	close(p->spare_fd);
	int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	p->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void conn_new(struct peer *p, int fd)
{
	int one = 1;
	struct conn *c = conn_get(p);
	if (!c) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->accepted_ns = peer_clock_ns();
	c->number = (uint32_t)(p->connections - 1);
	c->timer_pos = PEER_NO_TIMER;
	c->next = p->conns;
	if (p->conns)
		p->conns->prev = c;
	p->conns = c;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = c};
	if (epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		conn_close(p, c);
}

void conn_accept(struct peer *p)
{
	for (int i = 0; i < ACCEPTS_PER_TURN && p->listen_fd >= 0; i++) {
		int fd = accept4(p->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				turn_away(p);
			return;
		}
		p->connections++;
		if (p->cfg.mode == PEER_RESET) {
			reset_on_close(fd);
			close(fd);
		} else {
			conn_new(p, fd);
		}
		if (p->cfg.refuse_after && p->connections >= p->cfg.refuse_after)
			stop_listening(p);
	}
}
