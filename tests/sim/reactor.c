/* reactor: epoll loop and timer heap (see reactor.h). */
#include "reactor.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* ---- heap ---- */

static void heap_put(struct reactor *r, size_t index, struct timer *t)
{
	r->heap[index] = t;
	t->slot = index + 1;
}

static void heap_up(struct reactor *r, size_t index, struct timer *t)
{
	while (index && r->heap[(index - 1) / 2]->at > t->at) {
		heap_put(r, index, r->heap[(index - 1) / 2]);
		index = (index - 1) / 2;
	}
	heap_put(r, index, t);
}

static void heap_down(struct reactor *r, size_t index, struct timer *t)
{
	for (;;) {
		size_t child = index * 2 + 1;

		if (child >= r->count)
			break;
		if (child + 1 < r->count && r->heap[child + 1]->at < r->heap[child]->at)
			child++;
		if (r->heap[child]->at >= t->at)
			break;
		heap_put(r, index, r->heap[child]);
		index = child;
	}
	heap_put(r, index, t);
}

void timer_cancel(struct reactor *r, struct timer *t)
{
	size_t index = t->slot - 1;
	struct timer *last;

	if (!t->slot)
		return;
	t->slot = 0;
	last = r->heap[--r->count];
	if (last == t)
		return;
	if (index && r->heap[(index - 1) / 2]->at > last->at)
		heap_up(r, index, last);
	else
		heap_down(r, index, last);
}

void timer_set(struct reactor *r, struct timer *t, uint64_t at)
{
	timer_cancel(r, t);
	if (r->count == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 64;
		struct timer **grown = realloc(r->heap, cap * sizeof(*grown));

		if (!grown) {
			fputs("benchtop-sim: out of memory for timers\n", stderr);
			exit(1);
		}
		r->heap = grown;
		r->cap = cap;
	}
	t->at = at;
	r->count++;
	heap_up(r, r->count - 1, t);
}

static void timers_fire(struct reactor *r)
{
	uint64_t now = clock_now();

	while (r->count && r->heap[0]->at <= now) {
		struct timer *t = r->heap[0];

		timer_cancel(r, t);
		t->fire(t->arg);
	}
}

/* ---- loop ---- */

static int watch(struct reactor *r, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data = {.fd = fd}};

	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

int reactor_open(struct reactor *r)
{
	sigset_t signals;

	*r = (struct reactor){.epoll_fd = -1, .timer_fd = -1, .signal_fd = -1, .armed = TIME_NEVER};
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL))
		return -1;
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	r->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (r->epoll_fd < 0 || r->timer_fd < 0 || r->signal_fd < 0)
		return -1;
	return watch(r, r->timer_fd) || watch(r, r->signal_fd) ? -1 : 0;
}

int reactor_attach(struct reactor *r, struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);

	r->daemon = daemon;
	return info ? watch(r, info->epoll_fd) : -1;
}

void reactor_close(struct reactor *r)
{
	int fds[3] = {r->epoll_fd, r->timer_fd, r->signal_fd};

	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(r->heap);
	r->heap = NULL;
	r->count = r->cap = 0;
}

/* Points the timerfd at the earliest timer, only when that changed. */
static void timerfd_arm(struct reactor *r)
{
	uint64_t at = r->count ? r->heap[0]->at : TIME_NEVER;
	struct itimerspec spec = {0};

	if (at == r->armed)
		return;
	r->armed = at;
	if (at != TIME_NEVER) {
		uint64_t set = at ? at : 1;

		spec.it_value.tv_sec = (time_t)(set / NS_PER_S);
		spec.it_value.tv_nsec = (long)(set % NS_PER_S);
	}
	timerfd_settime(r->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* Milliseconds epoll may sleep: what libmicrohttpd asks for; the timers have their descriptor. */
static int loop_timeout(struct reactor *r)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (r->count && r->heap[0]->at <= clock_now())
		return 0;
	timerfd_arm(r);
	if (MHD_get_timeout(r->daemon, &ms) != MHD_YES)
		return -1;
	return ms > 1000 ? 1000 : (int)ms;
}

static void drain(struct reactor *r, int fd)
{
	char sink[256];

	if (fd == r->timer_fd) {
		r->armed = TIME_NEVER;
		while (read(fd, sink, 8) == 8)
			;
	} else if (fd == r->signal_fd) {
		if (read(fd, sink, sizeof(struct signalfd_siginfo)) > 0)
			r->stop = true;
	}
}

int reactor_run(struct reactor *r)
{
	struct epoll_event events[8];

	while (!r->stop) {
		int n = epoll_wait(r->epoll_fd, events, 8, loop_timeout(r));

		if (n < 0 && errno != EINTR)
			return -1;
		for (int i = 0; i < n; i++)
			drain(r, events[i].data.fd);
		timers_fire(r);
		MHD_run(r->daemon);
	}
	return 0;
}
