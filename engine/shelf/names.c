/* What the names of runs say, and how their files are read. */
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "shelf_int.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t shelf_mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * CLOCK_NS_PER_S + st->st_mtim.tv_nsec;
}

static int read_open(int fd, const char *path, struct buf *b, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(e, ERR_IO, errno, "cannot look at %.300s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%.300s is no regular file", path);
	if (st.st_size < 0 || (uint64_t)st.st_size > b->max)
		return err_set(e, ERR_LIMIT, "%.300s has %lld bytes, more than the %zu that are read of it", path,
		        (long long)st.st_size, b->max);
	if (buf_reserve(b, (size_t)st.st_size + 1))
		return err_set(e, ERR_NOMEM, "out of memory reading %.300s", path);
	for (;;) {
		char chunk[16384];
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, ERR_IO, errno, "cannot read %.300s", path);
		if (n == 0)
			return 0;
		if (buf_add(b, chunk, (size_t)n))
			return err_set(
			        e, ERR_LIMIT, "%.300s grows beyond the %zu bytes that are read of it", path, b->max);
	}
}

int shelf_file_read(const char *path, struct buf *b, struct err *e)
{
	/* Not blocking: a pipe with the name of a result would hold the shelf up for ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open %.300s", path);
	int rc = read_open(fd, path, b, e);
	close(fd);
	return rc;
}

void shelf_real_name(const char *path, char *out, size_t cap)
{
	const char *name = path_base(path);
	bool dots = !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
	char *real = dots ? realpath(path, NULL) : NULL;
	text_copy(out, cap, real ? path_base(real) : name);
	free(real);
}

/* Digits at *p as a number of 1 .. SHELF_COUNT_MAX; *p moves behind them. */
static bool take_number(const char **p, int *out)
{
	int64_t v = 0;
	const char *s = *p;
	while (*s >= '0' && *s <= '9' && v <= SHELF_COUNT_MAX)
		v = v * 10 + (*s++ - '0');
	if (s == *p || v < 1 || v > SHELF_COUNT_MAX)
		return false;
	*out = (int)v;
	*p = s;
	return true;
}

static bool take_word(const char **p, const char *word)
{
	size_t n = strlen(word);
	if (strncmp(*p, word, n) != 0)
		return false;
	*p += n;
	return true;
}

bool shelf_result_name(const char *name, int *isl, int *osl, int *conc, int *repeat)
{
	const char *p = name;
	*repeat = 1;
	if (!take_word(&p, "result_isl") || !take_number(&p, isl) || !take_word(&p, "_osl") || !take_number(&p, osl) ||
	        !take_word(&p, "_conc") || !take_number(&p, conc))
		return false;
	if (take_word(&p, "_run") && !take_number(&p, repeat))
		return false;
	return strcmp(p, ".json") == 0;
}

bool shelf_batch_name(const char *name, int *isl, int *osl)
{
	const char *p = name;
	return take_word(&p, "batch_isl") && take_number(&p, isl) && take_word(&p, "_osl") && take_number(&p, osl) &&
	       (*p == '_' || *p == '\0');
}

static int64_t stamp_ns(const char *p)
{
	struct tm tm = {.tm_year = text_digits(p, 4) - 1900,
	        .tm_mon = text_digits(p + 4, 2) - 1,
	        .tm_mday = text_digits(p + 6, 2),
	        .tm_hour = text_digits(p + 9, 2),
	        .tm_min = text_digits(p + 11, 2),
	        .tm_sec = text_digits(p + 13, 2),
	        .tm_isdst = -1};
	if (tm.tm_year < 70 || tm.tm_year > 300 || tm.tm_mon > 11 || tm.tm_mday > 31 || tm.tm_hour > 23)
		return 0;
	time_t t = mktime(&tm);
	return t > 0 ? (int64_t)t * CLOCK_NS_PER_S : 0;
}

int64_t shelf_name_time(const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 1; i + 15 <= len; i++) {
		const char *p = name + i;
		if (p[-1] == '_' && text_digits(p, 8) >= 0 && p[8] == '_' && text_digits(p + 9, 6) >= 0 &&
		        (p[15] < '0' || p[15] > '9'))
			return stamp_ns(p);
	}
	return 0;
}

bool shelf_run_name(const char *name)
{
	bool begins =
	        strncmp(name, "batch_", 6) == 0 || strncmp(name, "sweep_", 6) == 0 || strncmp(name, "single_", 7) == 0;
	return begins && shelf_name_time(name) > 0;
}
