#include "pump.h"

#include "../../engine/base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* A whole frame goes out in few writes, so that a terminal seldom shows half of one; progress is seen after each of them
 * (a serial line of 9600 baud needs four seconds for this many). */
#define CHUNK       4096
/* Interrupts a write that does not come back. It has no other use here, and no thread but the pump's lets it in. */
#define WAKE_SIGNAL SIGURG

struct pump {
	int fd, event_fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond; /* bytes to write, all written, end */
	char *bytes;         /* written from `at`, `len` of them are filled; the thread writes from a copy of its own */
	size_t at, len, cap;
	int64_t moved_ns; /* when bytes began to wait, or were taken last */
	bool tell, quit, broken;
	atomic_bool ended;
};

static void on_wake(int sig)
{
	(void)sig;
}

/* Writes n bytes; returns how many were taken, -1 when the terminal is gone. Called without the lock. */
static ssize_t write_some(struct pump *p, const char *bytes, size_t n)
{
	ssize_t r = write(p->fd, bytes, n);

	if (r >= 0)
		return r;
	if (errno == EINTR)
		return 0;
	if (errno != EAGAIN)
		return -1;
	/* Somebody who shares the terminal made it non-blocking. */
	struct pollfd w = {.fd = p->fd, .events = POLLOUT};
	poll(&w, 1, 100);
	return 0;
}

static void wait_for_work(struct pump *p)
{
	while (!p->quit && p->at == p->len)
		pthread_cond_wait(&p->cond, &p->lock);
}

static void took(struct pump *p, ssize_t r)
{
	uint64_t one = 1;

	if (r < 0)
		p->broken = true;
	else if (r > 0)
		p->moved_ns = clock_mono_ns();
	p->at += r > 0 ? (size_t)r : 0;
	if (p->at < p->len && !p->broken)
		return;
	p->at = p->len = 0;
	pthread_cond_broadcast(&p->cond);
	if ((p->tell || p->broken) && write(p->event_fd, &one, sizeof one) < 0)
		return;
	p->tell = false;
}

static void *carry(void *arg)
{
	struct pump *p = arg;
	char chunk[CHUNK];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, WAKE_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	pthread_mutex_lock(&p->lock);
	for (;;) {
		wait_for_work(p);
		if (p->quit)
			break;
		size_t n = p->len - p->at < CHUNK ? p->len - p->at : CHUNK;
		memcpy(chunk, p->bytes + p->at, n);
		pthread_mutex_unlock(&p->lock);
		ssize_t r = write_some(p, chunk, n);
		pthread_mutex_lock(&p->lock);
		took(p, r);
	}
	pthread_mutex_unlock(&p->lock);
	atomic_store(&p->ended, true);
	return NULL;
}

static int start_thread(struct pump *p, struct err *e)
{
	struct sigaction sa = {.sa_handler = on_wake}; /* no SA_RESTART: the write must come back */
	pthread_condattr_t attr;
	sigset_t all, old;

	sigaction(WAKE_SIGNAL, &sa, NULL);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->cond, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&p->thread, NULL, carry, p);
	/* The signal is for the pump's thread; it stays blocked in this one and its later children. */
	sigaddset(&old, WAKE_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return 0;
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->cond);
	return err_sys(e, ERR_IO, rc, "a thread cannot be started");
}

int pump_open(struct pump **out, int fd, struct err *e)
{
	struct pump *p = calloc(1, sizeof *p);
	int rc = 0;

	if (!p)
		return err_set(e, ERR_NOMEM, "out of memory");
	p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	p->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (p->fd < 0 || p->event_fd < 0)
		rc = err_sys(e, ERR_IO, errno, "the terminal cannot be opened");
	if (rc == 0)
		rc = start_thread(p, e);
	if (rc == 0) {
		*out = p;
		return 0;
	}
	if (p->fd >= 0)
		close(p->fd);
	if (p->event_fd >= 0)
		close(p->event_fd);
	free(p);
	return rc;
}

/* Makes room for n more; false when that is too many. The bytes in front of `at` were taken. */
static bool make_room(struct pump *p, size_t n)
{
	if (p->at > 0) {
		memmove(p->bytes, p->bytes + p->at, p->len - p->at);
		p->len -= p->at;
		p->at = 0;
	}
	if (n > PUMP_MAX - p->len)
		return false;
	if (p->len + n <= p->cap)
		return true;
	size_t cap = p->cap ? p->cap : 16384;
	while (cap < p->len + n)
		cap *= 2;
	char *bytes = realloc(p->bytes, cap);
	if (!bytes)
		return false;
	p->bytes = bytes;
	p->cap = cap;
	return true;
}

/* While the thread writes from its copy of [at, at + n) nothing but `took` may move `at` over it: make_room shifts both the
 * bytes and `at`, so what is left to be counted stays the same. */
bool pump_put(struct pump *p, const void *bytes, size_t n)
{
	bool ok = false;

	pthread_mutex_lock(&p->lock);
	if (!p->broken && make_room(p, n)) {
		if (p->at == p->len)
			p->moved_ns = clock_mono_ns();
		memcpy(p->bytes + p->len, bytes, n);
		p->len += n;
		ok = true;
		pthread_cond_broadcast(&p->cond);
	}
	pthread_mutex_unlock(&p->lock);
	return ok;
}

size_t pump_pending(struct pump *p, bool tell)
{
	pthread_mutex_lock(&p->lock);
	size_t n = p->len - p->at;
	p->tell = p->tell || (tell && n > 0);
	pthread_mutex_unlock(&p->lock);
	return n;
}

int64_t pump_stuck_ns(struct pump *p)
{
	pthread_mutex_lock(&p->lock);
	int64_t ns = p->len > p->at ? clock_mono_ns() - p->moved_ns : 0;
	pthread_mutex_unlock(&p->lock);
	return ns;
}

bool pump_broken(struct pump *p)
{
	pthread_mutex_lock(&p->lock);
	bool broken = p->broken;
	pthread_mutex_unlock(&p->lock);
	return broken;
}

int pump_fd(const struct pump *p)
{
	return p->event_fd;
}

void pump_fd_clear(struct pump *p)
{
	uint64_t n;

	if (read(p->event_fd, &n, sizeof n) < 0)
		return;
}

bool pump_drain(struct pump *p, int64_t deadline_ms)
{
	int64_t until = clock_mono_ns() + deadline_ms * CLOCK_NS_PER_MS;
	struct timespec ts = {.tv_sec = until / CLOCK_NS_PER_S, .tv_nsec = until % CLOCK_NS_PER_S};

	pthread_mutex_lock(&p->lock);
	while (p->at < p->len && !p->broken)
		if (pthread_cond_timedwait(&p->cond, &p->lock, &ts) == ETIMEDOUT)
			break;
	bool ok = p->at == p->len && !p->broken;
	pthread_mutex_unlock(&p->lock);
	return ok;
}

void pump_close(struct pump *p)
{
	struct timespec pause = {.tv_nsec = CLOCK_NS_PER_MS};

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_broadcast(&p->cond);
	pthread_mutex_unlock(&p->lock);
	/* Again and again, as one that comes just before the write begins would be lost. */
	while (!atomic_load(&p->ended)) {
		pthread_kill(p->thread, WAKE_SIGNAL);
		nanosleep(&pause, NULL);
	}
	pthread_join(p->thread, NULL);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->cond);
	close(p->fd);
	close(p->event_fd);
	free(p->bytes);
	free(p);
}
