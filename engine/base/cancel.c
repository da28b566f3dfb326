#include "cancel.h"
#include "clock.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int cancel_open(struct cancel *c, struct err *e)
{
	atomic_init(&c->level, CANCEL_NONE);
	c->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot make an event descriptor (too many open files?)");
	return 0;
}

void cancel_close(struct cancel *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void cancel_raise(struct cancel *c, enum cancel_level level)
{
	int old = atomic_load(&c->level);
	while (old < (int)level && !atomic_compare_exchange_weak(&c->level, &old, (int)level))
		;
	/* Written even when nothing rose: a second wake-up costs nothing, a missed one costs a hang. The write fails only
	 * when the counter is full, and then the descriptor is readable already. */
	uint64_t one = 1;
	if (level != CANCEL_NONE && c->fd >= 0 && write(c->fd, &one, sizeof one) < 0)
		return;
}

void cancel_reset(struct cancel *c)
{
	atomic_store(&c->level, CANCEL_NONE);
	uint64_t n;
	if (c->fd >= 0 && read(c->fd, &n, sizeof n) < 0)
		return; /* nothing had been raised */
}

enum cancel_level cancel_get(const struct cancel *c)
{
	if (!c)
		return CANCEL_NONE;
	return (enum cancel_level)atomic_load(&c->level);
}

static void cancel_sleep(int64_t ns)
{
	struct timespec ts = {.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};
	nanosleep(&ts, NULL);
}

bool cancel_wait(struct cancel *c, int64_t ms, enum cancel_level at_least)
{
	int64_t end = clock_mono_ns() + (ms > 0 ? ms : 0) * CLOCK_NS_PER_MS;
	for (;;) {
		enum cancel_level level = cancel_get(c);
		if (c && level >= at_least)
			return true;
		int64_t left = end - clock_mono_ns();
		if (left <= 0)
			return false;
		/* A lower level was raised: the descriptor stays readable until the reset and cannot be waited on. */
		const int64_t slice = 20 * CLOCK_NS_PER_MS;
		if (!c || c->fd < 0 || level != CANCEL_NONE) {
			cancel_sleep(c && left > slice ? slice : left);
			continue;
		}
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		int64_t wait = (left + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS;
		poll(&p, 1, wait > 1000000 ? 1000000 : (int)wait);
	}
}
