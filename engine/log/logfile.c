/* A log file's life: opening, its thread, the facts that are shown of it. */
#include "logfile_int.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define IDLE_NS     100000000 /* between two looks at a file that stands still */
#define SLICE_BYTES (4 * PIECE)

size_t read_at(int fd, char *buf, size_t len, int64_t at)
{
	size_t got = 0;
	while (fd >= 0 && got < len) {
		ssize_t n = pread(fd, buf + got, len - got, at + (int64_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

void region_read(int fd, char *buf, int64_t a, int64_t z, size_t limit, bool final, struct region *out)
{
	size_t back = a > 0, want = (size_t)(z - a) + back;
	size_t got = read_at(fd, buf, want + limit, a - (int64_t)back), inside = got < want ? got : want;
	*out = (struct region){.judged = a};
	if (got <= back)
		return;
	/* the first line that begins in it */
	const char *first = buf, *last, *nl;
	if (back) {
		nl = memchr(buf, '\n', inside - 1); /* a '\n' on the last byte begins a line beyond */
		first = nl ? nl + 1 : NULL;
	}
	out->judged = a + (int64_t)(inside - back);
	if (!first)
		return;
	/* the last one, and where it ends */
	nl = inside > 1 ? memrchr(first, '\n', (size_t)(buf + inside - 1 - first)) : NULL;
	last = nl ? nl + 1 : first;
	nl = memchr(last, '\n', (size_t)(buf + got - last));
	const char *end = nl ? nl + 1 : buf + got;
	if (!nl && !final && (size_t)(buf + got - last) < limit) {
		out->judged = a + (last - buf) - (int64_t)back;
		end = last;
	}
	out->text = first;
	out->len = (size_t)(end - first);
	out->at = a + (first - buf) - (int64_t)back;
}

struct block *block_of(struct logfile *lf, int64_t block)
{
	struct block *chunk = block >= 0 && block / CHUNK < CHUNKS ? lf->chunks[block / CHUNK] : NULL;
	return chunk ? &chunk[block % CHUNK] : NULL;
}

/* ---- life ---- */

int logfile_open(struct logfile **out, const char *path, struct err *e)
{
	*out = NULL;
	if (!path || !*path)
		return err_set(e, ERR_USAGE, "a log file has no name");
	struct logfile *lf = calloc(1, sizeof *lf);
	if (!lf)
		return err_set(e, ERR_NOMEM, "no memory to read %s", path);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&lf->cond, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&lf->lock, NULL);
	lf->fd = -1;
	lf->path = strdup(path);
	lf->piece = malloc(PIECE_BYTES);
	lf->window = malloc(LOGFILE_BLOCK + LOGFILE_LINE + 1);
	lf->scratch = malloc(LOGFILE_BLOCK);
	if (!lf->path || !lf->piece || !lf->window || !lf->scratch) {
		logfile_close(lf);
		return err_set(e, ERR_NOMEM, "no memory to read %s", path);
	}
	if (follow_open(lf) < 0 && errno != ENOENT) {
		int errnum = errno;
		logfile_close(lf);
		if (errnum == ENOTSUP)
			return err_set(e, ERR_IO, "%s is not a plain file and cannot be read as a log", path);
		return err_sys(e, ERR_IO, errnum, "cannot read the log %s", path);
	}
	*out = lf;
	return 0;
}

static void *run(void *arg)
{
	struct logfile *lf = arg;
	/* The measurement must not feel it; on Linux the priority is the thread's own. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
	for (;;) {
		bool busy = logfile_work(lf, SLICE_BYTES) > 0;
		pthread_mutex_lock(&lf->lock);
		bool changed = lf->pattern[LOGFILE_SEARCH].changed || lf->pattern[LOGFILE_FILTER].changed;
		if (!busy && !lf->stopping && !changed) {
			struct timespec until;
			clock_gettime(CLOCK_MONOTONIC, &until);
			until.tv_nsec += IDLE_NS;
			until.tv_sec += until.tv_nsec / 1000000000;
			until.tv_nsec %= 1000000000;
			pthread_cond_timedwait(&lf->cond, &lf->lock, &until);
		}
		bool stop = lf->stopping;
		pthread_mutex_unlock(&lf->lock);
		if (stop)
			return NULL;
	}
}

int logfile_start(struct logfile *lf, struct err *e)
{
	sigset_t all, old;
	if (lf->started)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&lf->thread, NULL, run, lf);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_sys(e, ERR_IO, rc, "cannot start a thread to read %s", lf->path);
	lf->started = true;
	return 0;
}

void logfile_close(struct logfile *lf)
{
	if (!lf)
		return;
	if (lf->started) {
		pthread_mutex_lock(&lf->lock);
		lf->stopping = true;
		atomic_store(&lf->interrupt, true);
		pthread_cond_signal(&lf->cond);
		pthread_mutex_unlock(&lf->lock);
		pthread_join(lf->thread, NULL);
	}
	for (int i = 0; i < LOGFILE_SLOTS; i++) {
		logsearch_close(lf->pattern[i].worker);
		logsearch_close(lf->pattern[i].reader);
		logsearch_close(lf->pattern[i].incoming);
	}
	for (int i = 0; i < CHUNKS; i++)
		free(lf->chunks[i]);
	if (lf->fd >= 0)
		close(lf->fd);
	pthread_cond_destroy(&lf->cond);
	pthread_mutex_destroy(&lf->lock);
	free(lf->scratch);
	free(lf->window);
	free(lf->piece);
	free(lf->path);
	free(lf);
}

const char *logfile_path(const struct logfile *lf)
{
	return lf->path;
}

/* ---- facts ---- */

void logfile_facts(struct logfile *lf, struct logfile_facts *out)
{
	struct stat st;
	pthread_mutex_lock(&lf->lock);
	int64_t size = lf->fd >= 0 && fstat(lf->fd, &st) == 0 ? st.st_size : lf->size;
	*out = (struct logfile_facts){0};
	out->size = size;
	out->indexed = lf->indexed;
	out->lines = lf->ends;
	out->errors = lf->errors;
	out->warnings = lf->warnings;
	out->errors_before = lf->errors_before;
	out->warnings_before = lf->warnings_before;
	out->missing = lf->missing;
	out->generation = lf->generation;
	char last = '\n';
	if (size > 0)
		read_at(lf->fd, &last, 1, size - 1);
	out->complete = lf->caught_up && size == lf->size;
	out->lines += out->complete && last != '\n';
	for (int i = 0; i < LOGFILE_SLOTS; i++)
		out->pattern[i] = lf->pattern[i].facts;
	pthread_mutex_unlock(&lf->lock);
}

int logfile_find(struct logfile *lf, enum log_slot slot, const char *pattern, struct err *e)
{
	struct logsearch *ours = NULL, *theirs = NULL;
	struct pattern *p = &lf->pattern[slot];
	if (pattern && *pattern) {
		int rc = logsearch_open(&ours, pattern, e);
		if (rc == 0)
			rc = logsearch_open(&theirs, pattern, e);
		if (rc < 0) {
			logsearch_close(ours);
			return rc;
		}
	}
	pthread_mutex_lock(&lf->lock);
	logsearch_close(p->incoming);
	logsearch_close(p->reader);
	p->incoming = theirs;
	p->reader = ours;
	p->changed = true;
	/* nothing is known of it yet; the records in the index are the old pattern's until the worker has taken it */
	int64_t from = lf->size / LOGFILE_BLOCK * LOGFILE_BLOCK;
	p->facts = (struct logfile_pattern){.set = ours != NULL, .from = from, .to = from};
	atomic_store(&lf->interrupt, true);
	pthread_cond_signal(&lf->cond);
	pthread_mutex_unlock(&lf->lock);
	return 0;
}
