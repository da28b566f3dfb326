/*
 * Life cycle of the peer, its loop and its accessors. One thread waits in epoll for connections, input and the timer,
 * and holds the lock whenever it is not waiting; accessors take the same lock.
 */
#include "peer_int.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 1024
#define BATCH   256

int64_t peer_clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool is_conn(const struct peer *p, const void *ptr)
{
	return ptr != &p->listen_fd && ptr != &p->timer_fd && ptr != &p->wake_fd;
}

/* Clients that left come first, so that what they hold is not counted as in flight when their next request comes. */
static void handle_batch(struct peer *p, const struct epoll_event *ev, int n)
{
	const uint32_t left = EPOLLHUP | EPOLLERR | EPOLLRDHUP;
	for (int i = 0; i < n; i++)
		if (is_conn(p, ev[i].data.ptr) && (ev[i].events & left))
			conn_event(p, ev[i].data.ptr, ev[i].events);
	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr == &p->timer_fd)
			p->armed_ns = -1;
		else if (ev[i].data.ptr == &p->wake_fd || ev[i].data.ptr == &p->listen_fd)
			continue;
		else if (!(ev[i].events & left))
			conn_event(p, ev[i].data.ptr, ev[i].events);
	}
	for (int i = 0; i < n; i++)
		if (ev[i].data.ptr == &p->listen_fd)
			conn_accept(p);
}

static void handle_timers(struct peer *p)
{
	int64_t now = peer_clock_ns();
	struct conn *c;
	while ((c = timer_due(p, now)))
		conn_pump(p, c);
}

static void *peer_thread(void *arg)
{
	struct peer *p = arg;
	struct epoll_event ev[BATCH];
	pthread_mutex_lock(&p->lock);
	while (!p->stopping) {
		timer_arm(p);
		pthread_mutex_unlock(&p->lock);
		int n = epoll_wait(p->epoll_fd, ev, BATCH, -1);
		pthread_mutex_lock(&p->lock);
		if (n > 0)
			handle_batch(p, ev, n);
		if (p->n_timers)
			handle_timers(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int watch(struct peer *p, int *fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = fd};
	if (*fd < 0)
		return -errno;
	return epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, *fd, &ev) < 0 ? -errno : 0;
}

static int open_port(struct peer *p)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)p->cfg.port)};
	socklen_t len = sizeof at;
	int one = 1;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->listen_fd < 0)
		return -errno;
	setsockopt(p->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(p->listen_fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	        (p->cfg.mode != PEER_REFUSE && listen(p->listen_fd, BACKLOG) < 0) ||
	        getsockname(p->listen_fd, (struct sockaddr *)&at, &len) < 0)
		return -errno;
	p->port = ntohs(at.sin_port);
	return p->cfg.mode == PEER_REFUSE ? 0 : watch(p, &p->listen_fd);
}

static int open_all(struct peer *p)
{
	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll_fd < 0)
		return -errno;
	p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int rc = watch(p, &p->timer_fd);
	if (rc < 0)
		return rc;
	p->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = watch(p, &p->wake_fd);
	if (rc < 0)
		return rc;
	p->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return open_port(p);
}

static int start_thread(struct peer *p)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&p->thread, NULL, peer_thread, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->threaded = rc == 0;
	return -rc;
}

int peer_start(struct peer **out, const struct peer_config *cfg)
{
	pthread_condattr_t attr;
	*out = NULL;
	struct peer *p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->cfg = *cfg;
	p->epoll_fd = p->listen_fd = p->timer_fd = p->wake_fd = p->spare_fd = p->parked_fd = -1;
	if (p->cfg.max_requests == 0)
		p->cfg.max_requests = 10000;
	if (p->cfg.max_events == 0)
		p->cfg.max_events = UINT64_C(64) << 20;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	p->started_ns = peer_clock_ns();
	p->requests = calloc(p->cfg.max_requests, sizeof *p->requests);
	int rc = p->requests ? stream_prepare(p) : -ENOMEM;
	if (rc == 0)
		rc = open_all(p);
	if (rc == 0)
		rc = start_thread(p);
	if (rc < 0) {
		peer_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void peer_stop(struct peer *p)
{
	if (p->threaded) {
		uint64_t one = 1;
		pthread_mutex_lock(&p->lock);
		p->stopping = true;
		ssize_t n = write(p->wake_fd, &one, sizeof one);
		(void)n;
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
		p->threaded = false;
	}
	while (p->conns)
		conn_close(p, p->conns);
	close_fd(&p->listen_fd);
	close_fd(&p->parked_fd);
	close_fd(&p->spare_fd);
	close_fd(&p->timer_fd);
	close_fd(&p->wake_fd);
	close_fd(&p->epoll_fd);
}

void peer_free(struct peer *p)
{
	if (!p)
		return;
	peer_stop(p);
	for (size_t i = 0; i < p->n_requests; i++) {
		free((void *)(uintptr_t)p->requests[i].sent_ns);
		free((void *)(uintptr_t)p->requests[i].raw);
	}
	conn_pool_free(p);
	free(p->requests);
	free(p->timers);
	free(p->head);
	free(p->send_block);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int peer_port(const struct peer *p)
{
	return p->port;
}

static bool is_quiet(const struct peer *p, uint64_t n)
{
	(void)n;
	return p->in_flight == 0;
}

static bool has_received(const struct peer *p, uint64_t n)
{
	return p->received >= n;
}

static bool has_sent(const struct peer *p, uint64_t n)
{
	return p->stamped >= n;
}

static int wait_until(struct peer *p, bool (*holds)(const struct peer *, uint64_t), uint64_t n, int timeout_ms)
{
	int64_t end = peer_clock_ns() + (int64_t)timeout_ms * 1000000;
	struct timespec at = {.tv_sec = end / 1000000000, .tv_nsec = end % 1000000000};
	int rc = 0;
	pthread_mutex_lock(&p->lock);
	p->waiters++;
	while (!holds(p, n) && rc == 0)
		rc = pthread_cond_timedwait(&p->changed, &p->lock, &at);
	p->waiters--;
	rc = holds(p, n) ? 0 : -ETIMEDOUT;
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int peer_quiesce(struct peer *p, int timeout_ms)
{
	return wait_until(p, is_quiet, 0, timeout_ms);
}

int peer_wait_received(struct peer *p, size_t n, int timeout_ms)
{
	return wait_until(p, has_received, n, timeout_ms);
}

int peer_wait_sent(struct peer *p, uint64_t n, int timeout_ms)
{
	return wait_until(p, has_sent, n, timeout_ms);
}

#define LOCKED_READ(type, name, field)                                                                                 \
	type name(struct peer *p)                                                                                      \
	{                                                                                                              \
		pthread_mutex_lock(&p->lock);                                                                          \
		type value = p->field;                                                                                 \
		pthread_mutex_unlock(&p->lock);                                                                        \
		return value;                                                                                          \
	}

LOCKED_READ(int, peer_in_flight, in_flight)
LOCKED_READ(int, peer_in_flight_max, in_flight_max)
LOCKED_READ(size_t, peer_connections, connections)
LOCKED_READ(size_t, peer_received, received)
LOCKED_READ(uint64_t, peer_unrecorded, unrecorded)

size_t peer_requests(struct peer *p, const struct peer_request **out)
{
	pthread_mutex_lock(&p->lock);
	size_t n = p->n_requests;
	*out = p->requests;
	pthread_mutex_unlock(&p->lock);
	return n;
}
