#include "stamped.h"
#include "../base/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define HEAD_MAX  16384
#define BODY_MAX  ((size_t)64 << 20)
#define READY     64 /* descriptors looked at in a turn */
/* epoll's word for the three that are no stream */
#define ON_LISTEN STAMPED_STREAMS
#define ON_TIMER  (STAMPED_STREAMS + 1)
#define ON_QUIT   (STAMPED_STREAMS + 2)

struct stream {
	int fd; /* -1 = free */
	char head[HEAD_MAX];
	size_t head_len, body_left;
	bool answering;
	int64_t read_ns, due_ns; /* due_ns: of the next event */
	uint32_t sent;
};

struct stamped {
	struct stamped_spec spec;
	int listen_fd, epoll_fd, timer_fd, quit_fd, port;
	pthread_t thread;
	bool running;
	int most;         /* one behind the highest stream in use */
	uint32_t phase;   /* generator of the phases */
	int64_t armed_ns; /* what the timer is set to; 0 = nothing */
	struct stream *streams;
};

static void stream_close(struct stream *c)
{
	close(c->fd); /* leaves the epoll set with it */
	c->fd = -1;
}

/* All of it at once, or the client does not read: then it is of no use to us. */
static bool stream_send(struct stream *c, const char *data, size_t len)
{
	if (send(c->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len)
		return true;
	stream_close(c);
	return false;
}

/* A part of the body as a chunk. */
static bool chunk_send(struct stream *c, const char *json, size_t len)
{
	char out[600];
	int n = snprintf(out, sizeof out, "%zx\r\n%.*s\r\n", len, (int)len, json);
	return n > 0 && n < (int)sizeof out && stream_send(c, out, (size_t)n);
}

static void event_send(struct stamped *s, struct stream *c)
{
	char text[400];
	int64_t now = clock_mono_ns();
	int n = snprintf(text, sizeof text,
	        "data: {\"id\":\"cmpl-doctor\",\"object\":\"text_completion\",\"choices\":[{\"index\":0,\"text\":\" a\","
	        "\"logprobs\":null,\"finish_reason\":null}],\"read_ns\":%lld,\"sent_ns\":%lld}\n\n",
	        (long long)c->read_ns, (long long)now);

	if (!chunk_send(c, text, (size_t)n))
		return;
	c->due_ns += s->spec.itl_ns;
	if (++c->sent < s->spec.tokens)
		return;
	n = snprintf(text, sizeof text,
	        "data: {\"object\":\"text_completion\",\"choices\":[],\"usage\":{\"prompt_tokens\":0,"
	        "\"completion_tokens\":%u}}\n\ndata: [DONE]\n\n",
	        s->spec.tokens);
	if (chunk_send(c, text, (size_t)n) && stream_send(c, "0\r\n\r\n", 5))
		stream_close(c);
}

/* The request is here whole. */
static void answer_begin(struct stamped *s, struct stream *c)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	                           "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
	c->read_ns = clock_mono_ns();
	s->phase = s->phase * 1664525U + 1013904223U;
	int64_t phase = s->spec.itl_ns * (int64_t)(s->phase >> 8) / (INT64_C(1) << 24);
	c->due_ns = c->read_ns + s->spec.ttft_ns + phase;
	c->answering = true;
	stream_send(c, head, sizeof head - 1);
}

/* Content-Length of a whole head; false when it is absent or absurd. */
static bool body_length(const char *head, size_t *out)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");
	char *end;

	if (!at)
		return false;
	unsigned long long n = strtoull(at + strlen("\r\ncontent-length:"), &end, 10);
	*out = (size_t)n;
	return n <= BODY_MAX;
}

/* Bytes of the head; the rest of them is body already. */
static void head_add(struct stamped *s, struct stream *c, const char *data, size_t len)
{
	size_t body, n = sizeof c->head - 1 - c->head_len;

	n = len < n ? len : n;
	memcpy(c->head + c->head_len, data, n);
	c->head_len += n;
	c->head[c->head_len] = '\0';
	char *end = strstr(c->head, "\r\n\r\n");
	if (!end) {
		if (c->head_len == sizeof c->head - 1)
			stream_close(c);
		return;
	}
	end[2] = '\0'; /* the lines of the head, each with its end */
	size_t of_head = (size_t)(end + 4 - c->head) - (c->head_len - n);
	if (!body_length(c->head, &body) || body < len - of_head) {
		stream_close(c);
		return;
	}
	c->body_left = body - (len - of_head);
	c->head_len = sizeof c->head;
	if (c->body_left == 0)
		answer_begin(s, c);
}

static void stream_read(struct stamped *s, struct stream *c)
{
	static _Thread_local char data[65536];
	ssize_t n = recv(c->fd, data, sizeof data, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->answering) { /* gone, or says more than it should */
		stream_close(c);
	} else if (c->head_len < sizeof c->head) {
		head_add(s, c, data, (size_t)n);
	} else if ((size_t)n > c->body_left) {
		stream_close(c);
	} else if ((c->body_left -= (size_t)n) == 0) {
		answer_begin(s, c);
	}
}

static void accept_all(struct stamped *s)
{
	int fd, one = 1;

	while ((fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		int i = 0;
		while (i < STAMPED_STREAMS && s->streams[i].fd >= 0)
			i++;
		struct epoll_event ev = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
		if (i == STAMPED_STREAMS || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		struct stream *c = &s->streams[i];
		c->fd = fd;
		c->head_len = c->body_left = 0;
		c->sent = 0;
		c->answering = false;
		s->most = i >= s->most ? i + 1 : s->most;
	}
}

/* Sends what is due, and sets the timer to what is due next. */
static void schedule(struct stamped *s)
{
	int64_t next = INT64_MAX, now = clock_mono_ns();

	for (int i = 0; i < s->most; i++) {
		struct stream *c = &s->streams[i];
		if (c->fd >= 0 && c->answering && c->due_ns <= now)
			event_send(s, c);
		if (c->fd >= 0 && c->answering && c->due_ns < next)
			next = c->due_ns;
	}
	if (next == INT64_MAX)
		next = 0;
	if (next == s->armed_ns)
		return;
	s->armed_ns = next;
	struct itimerspec at = {.it_value = {.tv_sec = next / CLOCK_NS_PER_S, .tv_nsec = next % CLOCK_NS_PER_S}};
	timerfd_settime(s->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void *stamped_main(void *arg)
{
	struct stamped *s = arg;
	struct epoll_event ready[READY];

	for (;;) {
		int n = epoll_wait(s->epoll_fd, ready, READY, -1);
		for (int i = 0; i < n; i++) {
			uint32_t which = ready[i].data.u32;
			uint64_t ticks;
			if (which == ON_QUIT)
				return NULL;
			if (which == ON_LISTEN)
				accept_all(s);
			else if (which == ON_TIMER)
				s->armed_ns = read(s->timer_fd, &ticks, sizeof ticks) > 0 ? 0 : s->armed_ns;
			else if (s->streams[which].fd >= 0)
				stream_read(s, &s->streams[which]);
		}
		schedule(s);
	}
}

static int watch(struct stamped *s, int fd, uint32_t which)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = which};
	return fd < 0 ? -1 : epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static int sockets_open(struct stamped *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;

	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->epoll_fd < 0 || s->listen_fd < 0 || bind(s->listen_fd, (struct sockaddr *)&at, sizeof at) ||
	        listen(s->listen_fd, STAMPED_STREAMS) || getsockname(s->listen_fd, (struct sockaddr *)&at, &len))
		return -1;
	s->port = ntohs(at.sin_port);
	return watch(s, s->listen_fd, ON_LISTEN) || watch(s, s->timer_fd, ON_TIMER) || watch(s, s->quit_fd, ON_QUIT)
	               ? -1
	               : 0;
}

int stamped_start(struct stamped **out, const struct stamped_spec *spec, struct err *e)
{
	struct stamped *s = calloc(1, sizeof *s);
	sigset_t all, old;

	*out = NULL;
	if (!s || !(s->streams = calloc(STAMPED_STREAMS, sizeof *s->streams))) {
		free(s);
		return err_set(e, ERR_NOMEM, "no memory for a server of stamped streams");
	}
	s->spec = *spec;
	s->listen_fd = s->epoll_fd = s->timer_fd = s->quit_fd = -1;
	for (int i = 0; i < STAMPED_STREAMS; i++)
		s->streams[i].fd = -1;
	int rc = sockets_open(s) ? err_sys(e, ERR_IO, errno, "a server on loopback cannot be opened") : 0;
	if (rc == 0) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		int failed = pthread_create(&s->thread, NULL, stamped_main, s);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		s->running = failed == 0;
		if (failed)
			rc = err_sys(e, ERR_IO, failed, "a thread cannot be started");
	}
	if (rc)
		stamped_stop(s);
	else
		*out = s;
	return rc;
}

int stamped_port(const struct stamped *s)
{
	return s->port;
}

void stamped_stop(struct stamped *s)
{
	uint64_t one = 1;

	if (!s)
		return;
	if (s->running && write(s->quit_fd, &one, sizeof one) == (ssize_t)sizeof one)
		pthread_join(s->thread, NULL);
	for (int i = 0; i < s->most; i++)
		if (s->streams[i].fd >= 0)
			stream_close(&s->streams[i]);
	int fds[] = {s->listen_fd, s->epoll_fd, s->timer_fd, s->quit_fd};
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(s->streams);
	free(s);
}

/* `"name":DIGITS` */
static bool number_of(const char *payload, size_t len, const char *name, int64_t *out)
{
	const char *at = memmem(payload, len, name, strlen(name)), *end = payload + len;
	int64_t v = 0;
	int digits = 0;

	for (at = at ? at + strlen(name) : end; at < end && *at >= '0' && *at <= '9' && digits < 18; at++, digits++)
		v = v * 10 + (*at - '0');
	*out = v;
	return digits > 0;
}

bool stamped_read(const char *payload, size_t len, int64_t *read_ns, int64_t *sent_ns)
{
	return number_of(payload, len, "\"read_ns\":", read_ns) && number_of(payload, len, "\"sent_ns\":", sent_ns);
}
