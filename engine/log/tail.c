#include "tail.h"
#include "../base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_BACK  65536 /* where a tail starts, before the end */
#define TAIL_RAW   4096  /* bytes of a line that are looked at; escape sequences go before the cut to TAIL_LINE */
#define TAIL_READ  16384
#define STAMP_SIZE 20 /* "[YYYY-MM-DD HH:MM:SS" */

struct tail {
	char *path;
	int fd; /* -1: not there (yet) */
	dev_t dev;
	ino_t ino;
	int64_t offset;
	/* the line being read */
	char raw[TAIL_RAW];
	size_t raw_len;
	bool skip;     /* the first part of it is missing: not a line */
	bool after_cr; /* the last byte was '\r' */
	char stamp[STAMP_SIZE];
	size_t stamp_len;  /* bytes of a stamp that the line may be ending with */
	size_t stamp_from; /* raw_len where it began */
	/* the lines */
	struct tail_line ring[TAIL_LINES];
	uint64_t total;
	int errors, warnings;
};

/* ---- lines ---- */

static void end_line(struct tail *t, size_t len, bool keep_empty)
{
	bool skip = t->skip;
	struct tail_line *line = &t->ring[t->total % TAIL_LINES];
	t->skip = false;
	t->raw_len = 0;
	if (skip)
		return;
	if (text_clean(line->text, sizeof line->text, t->raw, len) == 0 && !keep_empty)
		return;
	line->severity = line_severity(line->text);
	line->number = ++t->total;
	t->errors += line->severity == SEV_ERROR;
	t->warnings += line->severity == SEV_WARN;
}

static bool fits_stamp(size_t at, char c)
{
	static const char shape[STAMP_SIZE + 1] = "[dddd-dd-dd dd:dd:dd";
	return shape[at] == 'd' ? c >= '0' && c <= '9' : c == shape[at];
}

/* Progress bars end in '\r', so that the next message comes glued to one: a stamp in mid-line begins a line. */
static void look_for_stamp(struct tail *t, char c)
{
	if (!fits_stamp(t->stamp_len, c))
		t->stamp_len = 0;
	if (!fits_stamp(t->stamp_len, c))
		return;
	if (t->stamp_len == 0)
		t->stamp_from = t->raw_len;
	t->stamp[t->stamp_len++] = c;
}

static void take_stamp(struct tail *t)
{
	if (t->stamp_from > 0 || t->skip) {
		end_line(t, t->stamp_from, false);
		memcpy(t->raw, t->stamp, STAMP_SIZE);
		t->raw_len = STAMP_SIZE;
	}
	t->stamp_len = 0;
}

static void take_byte(struct tail *t, char c)
{
	bool after_cr = t->after_cr;
	t->after_cr = c == '\r';
	if (c == '\n' || c == '\r') {
		t->stamp_len = 0;
		if (t->raw_len > 0 || t->skip)
			end_line(t, t->raw_len, c == '\n');
		else if (c == '\n' && !after_cr)
			end_line(t, 0, true);
		return;
	}
	look_for_stamp(t, c);
	if (t->raw_len < TAIL_RAW)
		t->raw[t->raw_len++] = c;
	if (t->stamp_len == STAMP_SIZE)
		take_stamp(t);
}

/* The file ended here for good. */
static void end_file(struct tail *t)
{
	if (t->raw_len > 0)
		end_line(t, t->raw_len, false);
	t->raw_len = 0;
	t->stamp_len = 0;
	t->skip = t->after_cr = false;
}

/* ---- the file ---- */

static void close_file(struct tail *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	end_file(t);
}

/* 0, -1 with errno when it cannot be opened; ENOTSUP for what is not a plain file. */
static int open_file(struct tail *t, bool from_start)
{
	struct stat st;
	int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = ENOTSUP;
		return -1;
	}
	t->fd = fd;
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	t->offset = from_start || st.st_size <= TAIL_BACK ? 0 : st.st_size - TAIL_BACK;
	t->skip = t->offset > 0;
	return 0;
}

int tail_open(struct tail **out, const char *path, struct err *e)
{
	*out = NULL;
	if (!path || !*path)
		return err_set(e, ERR_USAGE, "a log file has no name");
	struct tail *t = calloc(1, sizeof *t);
	char *copy = t ? strdup(path) : NULL;
	if (!copy) {
		free(t);
		return err_set(e, ERR_NOMEM, "no memory to follow %s", path);
	}
	t->path = copy;
	t->fd = -1;
	if (open_file(t, false) < 0 && errno != ENOENT) {
		int errnum = errno;
		tail_close(t);
		if (errnum == ENOTSUP)
			return err_set(e, ERR_IO, "%s is not a plain file and cannot be followed as a log", path);
		return err_sys(e, ERR_IO, errnum, "cannot read the log %s", path);
	}
	*out = t;
	return 0;
}

void tail_close(struct tail *t)
{
	if (!t)
		return;
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	free(t);
}

/* Reads on, at most max bytes; returns how many came. */
static size_t read_on(struct tail *t, size_t max)
{
	char chunk[TAIL_READ];
	size_t got = 0;
	while (got < max) {
		size_t want = max - got < sizeof chunk ? max - got : sizeof chunk;
		ssize_t n = pread(t->fd, chunk, want, t->offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			take_byte(t, chunk[i]);
		t->offset += n;
		got += (size_t)n;
	}
	return got;
}

/* Cut to less than was read: begins again (a launcher that opens with ">"). */
static void notice_truncation(struct tail *t)
{
	struct stat st;
	if (fstat(t->fd, &st) < 0 || st.st_size >= t->offset)
		return;
	end_file(t);
	t->offset = 0;
}

static bool is_replaced(const struct tail *t)
{
	struct stat st;
	return stat(t->path, &st) == 0 && (st.st_ino != t->ino || st.st_dev != t->dev);
}

int tail_poll(struct tail *t, size_t max_bytes)
{
	uint64_t before = t->total;
	/* Looked at before reading: what was written before the change of name is read below. */
	bool replaced = t->fd >= 0 && is_replaced(t);
	if (t->fd < 0 && open_file(t, true) < 0)
		return 0;
	notice_truncation(t);
	size_t got = read_on(t, max_bytes);
	if (replaced && got < max_bytes) {
		close_file(t);
		if (open_file(t, true) == 0)
			read_on(t, max_bytes - got);
	}
	uint64_t more = t->total - before;
	return more > INT32_MAX ? INT32_MAX : (int)more;
}

int tail_count(const struct tail *t)
{
	return t->total < TAIL_LINES ? (int)t->total : TAIL_LINES;
}

const struct tail_line *tail_line(const struct tail *t, int from_end)
{
	if (from_end < 0 || from_end >= tail_count(t))
		return NULL;
	return &t->ring[(t->total - 1 - (uint64_t)from_end) % TAIL_LINES];
}

const char *tail_path(const struct tail *t)
{
	return t->path;
}

int tail_errors(const struct tail *t)
{
	return t->errors;
}

int tail_warnings(const struct tail *t)
{
	return t->warnings;
}
