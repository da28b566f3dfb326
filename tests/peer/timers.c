/*
 * Due times of connections: a binary heap in front of one timerfd. Each connection has at most one due time and
 * knows its place in the heap, so moving and removing is O(log n).
 */
#include "peer_int.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>

static void place(struct peer *p, size_t i, struct conn *c)
{
	p->timers[i] = c;
	c->timer_pos = i;
}

static void sift_up(struct peer *p, size_t i)
{
	struct conn *c = p->timers[i];
	while (i > 0) {
		size_t up = (i - 1) / 2;
		if (p->timers[up]->due_ns <= c->due_ns)
			break;
		place(p, i, p->timers[up]);
		i = up;
	}
	place(p, i, c);
}

static void sift_down(struct peer *p, size_t i)
{
	struct conn *c = p->timers[i];
	for (;;) {
		size_t kid = 2 * i + 1;
		if (kid >= p->n_timers)
			break;
		if (kid + 1 < p->n_timers && p->timers[kid + 1]->due_ns < p->timers[kid]->due_ns)
			kid++;
		if (c->due_ns <= p->timers[kid]->due_ns)
			break;
		place(p, i, p->timers[kid]);
		i = kid;
	}
	place(p, i, c);
}

int timer_set(struct peer *p, struct conn *c, int64_t due_ns)
{
	c->due_ns = due_ns;
	if (c->timer_pos == PEER_NO_TIMER) {
		if (p->n_timers == p->cap_timers) {
			size_t cap = p->cap_timers ? p->cap_timers * 2 : 64;
			struct conn **more = realloc(p->timers, cap * sizeof(*more));
			if (!more)
				return -ENOMEM;
			p->timers = more;
			p->cap_timers = cap;
		}
		place(p, p->n_timers++, c);
	}
	sift_up(p, c->timer_pos);
	sift_down(p, c->timer_pos);
	return 0;
}

void timer_drop(struct peer *p, struct conn *c)
{
	size_t i = c->timer_pos;
	if (i == PEER_NO_TIMER)
		return;
	c->timer_pos = PEER_NO_TIMER;
	struct conn *last = p->timers[--p->n_timers];
	if (last == c)
		return;
	place(p, i, last);
	sift_up(p, i);
	sift_down(p, last->timer_pos);
}

struct conn *timer_due(struct peer *p, int64_t now_ns)
{
	if (p->n_timers == 0 || p->timers[0]->due_ns > now_ns)
		return NULL;
	struct conn *c = p->timers[0];
	timer_drop(p, c);
	return c;
}

/* Sets the timerfd to the first due time if that changed. Setting it also clears an expiry, so it is never read. */
void timer_arm(struct peer *p)
{
	int64_t first = p->n_timers ? p->timers[0]->due_ns : 0;
	if (first == p->armed_ns)
		return;
	if (p->n_timers && first <= 0)
		first = 1;
	struct itimerspec at = {.it_value = {.tv_sec = first / 1000000000, .tv_nsec = first % 1000000000}};
	timerfd_settime(p->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
	p->armed_ns = first;
}
