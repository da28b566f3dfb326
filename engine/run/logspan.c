/* Following the server's log through a load. One thread; the load's thread reads two atomics and a try-lock. */
#include "../base/clock.h"
#include "../base/text.h"
#include "../log/tail.h"
#include "serverflags.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EVERY    (200 * CLOCK_NS_PER_MS)
#define CHUNK    32768
#define FRESH    (10 * CLOCK_NS_PER_S)
#define MARKS    16                      /* instants before the timed span whose place in the log is remembered */
#define BACK     262144                  /* bytes before the span that are searched for builds in progress */
#define LAST     (300 * CLOCK_NS_PER_MS) /* after a fatal line: the traceback behind it */
#define TEXT_MAX 1024

struct logspan {
	pthread_t thread;
	pthread_mutex_t lock; /* of stop and now */
	pthread_cond_t wake;  /* CLOCK_MONOTONIC */
	bool stop;
	struct server_now now;
	int64_t now_ns;
	_Atomic int64_t timed_ns; /* 0 = the span has not begun */
	atomic_bool dead;         /* fatal is set and will not change */
	char fatal[400];
	/* the thread's own; of the ender after it */
	char path[512];
	int fd, old_fd;          /* old: the log before it was replaced, -1 none */
	int64_t offset, old_end; /* read so far; of the old one, where its part ends */
	bool moved;              /* replaced or cut: the span begins in the old one, or is lost */
	struct linecut cut;
	struct {
		int64_t ns, offset;
	} mark[MARKS];
	int n_marks;
};

/* ---- lines ---- */

static void emit_line(struct linecut *c, size_t len)
{
	char text[TEXT_MAX];
	if (!c->skip && len > 0 && text_clean(text, sizeof text, c->raw, len) > 0)
		c->line(c->ctx, text);
	c->skip = false;
}

/* "...100%[2025-11-20 10:07:21 TP0] ...": a bar that ended in '\r' has the next message glued to it. */
static bool at_stamp(const struct linecut *c)
{
	char text[24];
	int64_t s;
	if (c->len < 20 || c->raw[c->len - 20] != '[')
		return false;
	memcpy(text, c->raw + c->len - 20, 20);
	text[20] = ']';
	text[21] = '\0';
	return line_stamp(text, &s);
}

void linecut_feed(struct linecut *c, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char b = data[i];
		if (b == '\n' || b == '\r') {
			emit_line(c, c->len);
			c->len = 0;
			continue;
		}
		if (c->len == LINECUT_MAX)
			continue;
		c->raw[c->len++] = b;
		if (b >= '0' && b <= '9' && c->len > 20 && at_stamp(c)) {
			emit_line(c, c->len - 20);
			memmove(c->raw, c->raw + c->len - 20, 20);
			c->len = 20;
		}
	}
}

void linecut_end(struct linecut *c)
{
	emit_line(c, c->len);
	c->len = 0;
}

/* ---- the thread ---- */

static int open_log(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = ENOTSUP;
		return -1;
	}
	return fd;
}

static void on_line(void *ctx, const char *text)
{
	struct logspan *l = ctx;
	struct batch_line b;
	if (batch_line_parse(text, &b)) {
		pthread_mutex_lock(&l->lock);
		l->now.running = b.running;
		l->now.queued = b.queued;
		l->now.kv = b.usage;
		if (b.decode) {
			l->now.gen_tps = b.gen_tps;
			l->now.accept_len = b.accept_len;
		}
		l->now_ns = clock_mono_ns();
		pthread_mutex_unlock(&l->lock);
	} else if (!atomic_load_explicit(&l->dead, memory_order_relaxed) && line_is_fatal(text)) {
		text_copy(l->fatal, sizeof l->fatal, text);
		atomic_store_explicit(&l->dead, true, memory_order_release);
	}
}

/* Truncated: begins again. Replaced: the old one is kept to its end. */
static void notice_change(struct logspan *l)
{
	struct stat mine, there;
	if (fstat(l->fd, &mine) < 0)
		return;
	if (mine.st_size < l->offset) {
		l->offset = 0;
		l->moved = true;
		l->cut.len = 0;
	}
	if (stat(l->path, &there) < 0 || (there.st_ino == mine.st_ino && there.st_dev == mine.st_dev) ||
	        l->offset < mine.st_size)
		return;
	int fd = open_log(l->path);
	if (fd < 0)
		return;
	if (l->old_fd >= 0)
		close(l->old_fd);
	l->old_fd = l->fd;
	l->old_end = l->offset;
	l->fd = fd;
	l->offset = 0;
	l->cut.len = 0;
}

static void read_on(struct logspan *l)
{
	char chunk[CHUNK];
	for (;;) {
		ssize_t n = pread(l->fd, chunk, sizeof chunk, l->offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		l->offset += n;
		linecut_feed(&l->cut, chunk, (size_t)n);
	}
	notice_change(l);
}

/* Before the timed span: where the log was at what time. */
static void set_mark(struct logspan *l)
{
	if (atomic_load(&l->timed_ns) != 0)
		return;
	if (l->n_marks == MARKS) {
		memmove(&l->mark[0], &l->mark[1], (MARKS - 1) * sizeof l->mark[0]);
		l->n_marks--;
	}
	l->mark[l->n_marks].ns = clock_mono_ns();
	l->mark[l->n_marks++].offset = l->offset;
}

static void *follow(void *arg)
{
	struct logspan *l = arg;
	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		int64_t next = clock_mono_ns() + EVERY;
		struct timespec ts = {.tv_sec = next / CLOCK_NS_PER_S, .tv_nsec = next % CLOCK_NS_PER_S};
		pthread_cond_timedwait(&l->wake, &l->lock, &ts);
		pthread_mutex_unlock(&l->lock);
		read_on(l);
		set_mark(l);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static int start_thread(struct logspan *l)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&l->thread, NULL, follow, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

/* The line that is being written does not belong to what begins now. */
static bool in_mid_line(int fd, int64_t offset)
{
	char last;
	return offset > 0 && pread(fd, &last, 1, offset - 1) == 1 && last != '\n' && last != '\r';
}

static void logspan_free(struct logspan *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->old_fd >= 0)
		close(l->old_fd);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

struct logspan *logspan_begin(const char *path, char *why, size_t cap)
{
	struct stat st;
	char text[700];
	if (!path[0]) {
		text_copy(why, cap, "the server's log is not known");
		return NULL;
	}
	struct logspan *l = calloc(1, sizeof *l);
	int fd = l ? open_log(path) : -1;
	if (fd < 0 || fstat(fd, &st) < 0 || !text_set(l->path, sizeof l->path, path)) {
		snprintf(text, sizeof text, "the server's log %s cannot be read: %s", path,
		        l ? strerror(errno) : "out of memory");
		text_copy(why, cap, text);
		if (fd >= 0)
			close(fd);
		free(l);
		return NULL;
	}
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, &attr);
	pthread_condattr_destroy(&attr);
	l->fd = fd;
	l->old_fd = -1;
	l->offset = st.st_size;
	l->now = (struct server_now){NAN, NAN, NAN, NAN, NAN};
	l->cut = (struct linecut){.line = on_line, .ctx = l, .skip = in_mid_line(fd, st.st_size)};
	set_mark(l);
	if (start_thread(l) != 0) {
		text_copy(why, cap, "the thread that follows the server's log cannot be started");
		logspan_free(l);
		return NULL;
	}
	return l;
}

void logspan_timed(struct logspan *l, int64_t begin_mono_ns)
{
	int64_t none = 0;
	if (l)
		atomic_compare_exchange_strong(&l->timed_ns, &none, begin_mono_ns);
}

const char *logspan_fatal(const struct logspan *l)
{
	return l && atomic_load_explicit(&l->dead, memory_order_acquire) ? l->fatal : NULL;
}

bool logspan_now(struct logspan *l, struct server_now *out)
{
	if (!l || pthread_mutex_trylock(&l->lock) != 0)
		return false;
	*out = l->now;
	bool fresh = l->now_ns != 0 && clock_mono_ns() - l->now_ns <= FRESH;
	pthread_mutex_unlock(&l->lock);
	if (!fresh)
		*out = (struct server_now){NAN, NAN, NAN, NAN, NAN};
	return true;
}

/* ---- the end ---- */

static void before(void *ctx, const char *text)
{
	tally_before(ctx, text);
}

static void inside(void *ctx, const char *text)
{
	tally_line(ctx, text);
}

static void scan(int fd, int64_t from, int64_t to, void (*line)(void *, const char *), struct server_tally *t)
{
	char chunk[CHUNK];
	struct linecut cut = {.line = line, .ctx = t, .skip = in_mid_line(fd, from)};
	while (from < to) {
		size_t want = to - from < CHUNK ? (size_t)(to - from) : CHUNK;
		ssize_t n = pread(fd, chunk, want, from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		linecut_feed(&cut, chunk, (size_t)n);
		from += n;
	}
	linecut_end(&cut);
}

/* Where the log was when the timed span began, at the latest. */
static int64_t span_begin(const struct logspan *l)
{
	int64_t timed = atomic_load(&l->timed_ns), offset = l->mark[0].offset;
	for (int i = 1; i < l->n_marks && timed != 0 && l->mark[i].ns <= timed; i++)
		offset = l->mark[i].offset;
	return offset;
}

bool logspan_end(struct logspan *l, int conc, struct server_tally *out)
{
	tally_init(out, conc);
	if (!l)
		return false;
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	read_on(l);
	if (atomic_load(&l->dead)) {
		struct timespec ts = {.tv_nsec = LAST};
		nanosleep(&ts, NULL);
		read_on(l);
	}
	bool whole = !l->moved;
	int64_t begin = span_begin(l);
	int first = l->old_fd >= 0 ? l->old_fd : l->fd;
	int64_t end = l->old_fd >= 0 ? l->old_end : l->offset;
	if (l->moved)
		begin = 0;
	scan(first, begin > BACK ? begin - BACK : 0, begin, before, out);
	scan(first, begin, end, inside, out);
	if (l->old_fd >= 0)
		scan(l->fd, 0, l->offset, inside, out);
	if (!out->fatal[0] && atomic_load(&l->dead))
		text_copy(out->fatal, sizeof out->fatal, l->fatal);
	logspan_free(l);
	return whole;
}
