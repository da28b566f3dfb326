/* reactor: the one loop of the simulator: an epoll set that holds libmicrohttpd's own epoll
 * descriptor, a timerfd for the earliest of a heap of timers, and a signalfd.
 *
 * Called by everything that waits. A timer is a member of its owner's struct and must be cancelled
 * before that struct goes away. Times are CLOCK_MONOTONIC nanoseconds, absolute. One thread. */
#ifndef BENCHTOP_SIM_REACTOR_H
#define BENCHTOP_SIM_REACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_S   UINT64_C(1000000000)
#define TIME_NEVER UINT64_MAX

struct MHD_Daemon;

struct timer {
	uint64_t at;
	size_t slot; /* place in the heap + 1; 0 = not set */
	void (*fire)(void *arg);
	void *arg;
};

struct reactor {
	int epoll_fd, timer_fd, signal_fd;
	struct timer **heap;
	size_t count, cap;
	uint64_t armed; /* what the timerfd is set to; TIME_NEVER = off */
	bool stop;
	struct MHD_Daemon *daemon;
};

uint64_t clock_now(void);

/* 0, or -1 with errno. */
int reactor_open(struct reactor *r);
int reactor_attach(struct reactor *r, struct MHD_Daemon *daemon);
void reactor_close(struct reactor *r);

/* Until reactor.stop, or SIGTERM / SIGINT. */
int reactor_run(struct reactor *r);

/* Sets or moves a timer. Ends the program when there is no memory for the heap. */
void timer_set(struct reactor *r, struct timer *t, uint64_t at);
void timer_cancel(struct reactor *r, struct timer *t);

#endif
