#include "journal.h"
#include "../base/file.h"
#include "../base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PENDING_MAX  ((size_t)64 << 20)
#define UNSYNCED_MAX ((size_t)1 << 20)  /* more than this in pending after a write is synced unasked, to let it go */
#define WINDOW       ((size_t)32 << 10) /* read at once; twice the longest line */

_Static_assert(WINDOW > EVENT_LINE_MAX + 1, "a whole line must fit into the reader's window");

/* The end of a path, short enough that the reason behind it still fits into an event. */
static const char *path_tail(const char *path)
{
	size_t len = strlen(path);
	return len > 120 ? path + len - 120 : path;
}

static int find_last_seq(struct journal_writer *w, const char *dir, struct err *e)
{
	struct journal_reader r;
	struct event ev = {0};
	int rc = journal_reader_open(&r, dir, e);
	if (rc)
		return rc;
	while ((rc = journal_reader_next(&r, &ev, e)) == 1)
		if (ev.seq > w->last_seq)
			w->last_seq = ev.seq;
	/* A last line that lacks nothing but its end gets it in a moment, and counts from then on. */
	size_t left = r.line.len - r.at;
	if (rc == 0 && left > 0 && !r.skipping && event_decode(r.line.data + r.at, left, &ev, NULL) == 0 &&
	        ev.seq > w->last_seq)
		w->last_seq = ev.seq;
	journal_reader_close(&r);
	return rc;
}

/* A line cut by a crash or a full disk gets an end, so that the next one is not glued to it. */
static int end_torn_line(struct journal_writer *w, struct err *e)
{
	char last = '\n';
	off_t size = lseek(w->fd, 0, SEEK_END);
	if (size < 0 || (size > 0 && pread(w->fd, &last, 1, size - 1) < 1))
		return err_sys(e, ERR_IO, errno, "cannot read the end of %s", w->path);
	return last == '\n' ? 0 : buf_addc(&w->pending, '\n');
}

/* The name of a new file is on disk only when its directory is; where that cannot be synced there is no remedy. */
static void sync_name(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int journal_open(struct journal_writer *w, const char *dir, struct err *e)
{
	*w = (struct journal_writer){.fd = -1};
	buf_init(&w->pending, PENDING_MAX);
	if (!path_join(w->path, sizeof w->path, dir, JOURNAL_NAME))
		return err_set(e, ERR_LIMIT, "the path of the run directory is too long: %.200s", dir);
	/* Not O_APPEND: after a failed sync the same bytes are written to the same place again. */
	w->fd = open(w->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (w->fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open the journal %s", w->path);
	struct stat st;
	int rc = 0;
	if (fstat(w->fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = err_set(e, ERR_IO, "%s is not a file: move it away", w->path);
	if (rc == 0)
		rc = find_last_seq(w, dir, e);
	if (rc == 0)
		rc = end_torn_line(w, e);
	if (rc == 0)
		sync_name(dir);
	else
		journal_close(w);
	return rc;
}

int journal_append(struct journal_writer *w, const struct event *ev)
{
	int rc = event_encode(ev, &w->pending);
	/* Full now, but not for good: a later flush makes room. */
	w->pending.failed = false;
	return rc;
}

static int write_pending(struct journal_writer *w, struct err *e)
{
	while (w->written < w->pending.len) {
		ssize_t n = write(w->fd, w->pending.data + w->written, w->pending.len - w->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, ERR_IO, n < 0 ? errno : EIO, "cannot write %s", path_tail(w->path));
		w->written += (size_t)n;
	}
	return 0;
}

static int sync_pending(struct journal_writer *w, struct err *e)
{
	/* Files that cannot be synced (a pipe, some network file systems) are as safe as they get. */
	if (fdatasync(w->fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS) {
		if (w->pending.cap > UNSYNCED_MAX)
			buf_free(&w->pending);
		buf_clear(&w->pending);
		w->written = 0;
		return 0;
	}
	int errnum = errno;
	/* The kernel forgets a failed page after telling once: a second sync would succeed without writing it. So everything
	 * since the last good sync is written again, over itself. */
	if (lseek(w->fd, -(off_t)w->written, SEEK_CUR) >= 0)
		w->written = 0;
	return err_sys(e, ERR_IO, errnum, "cannot sync %s", path_tail(w->path));
}

int journal_flush(struct journal_writer *w, bool sync, struct err *e)
{
	if (w->fd < 0)
		return err_set(e, ERR_IO, "the journal is not open");
	if (w->pending.len == 0)
		return 0;
	int rc = write_pending(w, e);
	if (rc == 0 && (sync || w->written > UNSYNCED_MAX))
		rc = sync_pending(w, e);
	return rc;
}

void journal_close(struct journal_writer *w)
{
	if (w->fd >= 0) {
		journal_flush(w, true, NULL);
		close(w->fd);
	}
	w->fd = -1;
	w->written = 0;
	buf_free(&w->pending);
}

int journal_reader_open(struct journal_reader *r, const char *dir, struct err *e)
{
	char path[600];
	*r = (struct journal_reader){.fd = -1};
	buf_init(&r->line, WINDOW);
	if (!path_join(path, sizeof path, dir, JOURNAL_NAME))
		return err_set(e, ERR_LIMIT, "the path of the run directory is too long: %.200s", dir);
	/* Not blocking: opening a pipe of that name would wait for ever. */
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open the journal %s", path);
	struct stat st;
	if (fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	journal_reader_close(r);
	return err_set(e, ERR_IO, "%s is no file", path);
}

/* Reads more behind what is left in the window: 1, 0 at the end of the file, or negative. */
static int reader_fill(struct journal_reader *r, struct err *e)
{
	size_t left = r->line.len - r->at;
	if (left > 0 && r->at > 0)
		memmove(r->line.data, r->line.data + r->at, left);
	r->line.len = left;
	r->at = 0;
	if (buf_reserve(&r->line, WINDOW - left))
		return err_set(e, ERR_NOMEM, "out of memory reading a journal");
	ssize_t n;
	do {
		n = pread(r->fd, r->line.data + left, WINDOW - left, (off_t)r->offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, ERR_IO, errno, "cannot read the journal");
	r->line.len += (size_t)n;
	r->line.data[r->line.len] = '\0';
	r->offset += n;
	return n > 0;
}

/* The next whole line in the window, NULL when it must be filled first. */
static const char *reader_line(struct journal_reader *r, size_t *len)
{
	size_t left = r->line.len - r->at;
	const char *start = left ? r->line.data + r->at : NULL;
	const char *end = start ? memchr(start, '\n', left) : NULL;
	if (end) {
		*len = (size_t)(end - start);
		r->at += *len + 1;
		return start;
	}
	if (left > EVENT_LINE_MAX || (r->skipping && left > 0)) {
		r->skipping = true;
		r->at = r->line.len;
	}
	return NULL;
}

int journal_reader_next(struct journal_reader *r, struct event *out, struct err *e)
{
	if (r->fd < 0)
		return err_set(e, ERR_IO, "the journal is not open");
	for (;;) {
		size_t len;
		const char *line = reader_line(r, &len);
		if (!line) {
			int rc = reader_fill(r, e);
			if (rc <= 0)
				return rc;
			continue;
		}
		bool rest = r->skipping; /* the end of a line whose beginning was thrown away */
		r->skipping = false;
		if (len == 0 && !rest)
			continue;
		if (!rest && event_decode(line, len, out, NULL) == 0)
			return 1;
		r->skipped++;
	}
}

void journal_reader_close(struct journal_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	buf_free(&r->line);
}
