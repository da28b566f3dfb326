/* The journal survives crashes, full disks and damage; nobody reads half a fact. */
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../engine/event/journal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char dir[256];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int make_dir(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof dir, "%s/benchtop-test-XXXXXX", tmp && tmp[0] && strlen(tmp) < 200 ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Stands in for the C library's: a failing one forgets the end of the file, as a kernel drops pages it could not write. */
static int syncs_to_fail;

int fdatasync(int fd)
{
	static const char zeros[100];
	if (syncs_to_fail == 0)
		return (int)syscall(SYS_fdatasync, fd);
	syncs_to_fail--;
	off_t size = lseek(fd, 0, SEEK_CUR);
	if (size > (off_t)sizeof zeros && pwrite(fd, zeros, sizeof zeros, size - (off_t)sizeof zeros) < 0)
		abort();
	errno = EIO;
	return -1;
}

static void append(struct journal_writer *w, uint64_t seq)
{
	struct event ev;
	event_init(&ev, EV_notice);
	ev.seq = seq;
	snprintf(ev.u.notice.text, sizeof ev.u.notice.text, "notice %d", (int)seq);
	assert_int_equal(journal_append(w, &ev), 0);
}

static void write_events(uint64_t first, uint64_t last)
{
	struct journal_writer w;
	struct err e = {0};
	assert_int_equal(journal_open(&w, dir, &e), 0);
	for (uint64_t i = first; i <= last; i++)
		append(&w, i);
	assert_int_equal(journal_flush(&w, true, &e), 0);
	assert_int_equal(w.pending.len, 0);
	journal_close(&w);
}

static void raw(const void *data, size_t len)
{
	char path[600];
	assert_true(path_join(path, sizeof path, dir, JOURNAL_NAME));
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

#define RAW(literal) raw(literal, sizeof(literal) - 1)

static off_t file_size(void)
{
	char path[600];
	struct stat st;
	assert_true(path_join(path, sizeof path, dir, JOURNAL_NAME));
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Expects the notices first..last in order and then nothing; returns what was skipped. */
static uint64_t read_is(uint64_t first, uint64_t last)
{
	struct journal_reader r;
	struct event ev;
	struct err e = {0};
	assert_int_equal(journal_reader_open(&r, dir, &e), 0);
	for (uint64_t i = first; i <= last; i++) {
		char want[32];
		assert_int_equal(journal_reader_next(&r, &ev, &e), 1);
		snprintf(want, sizeof want, "notice %d", (int)i);
		assert_true(ev.seq == i);
		assert_string_equal(ev.u.notice.text, want);
	}
	assert_int_equal(journal_reader_next(&r, &ev, &e), 0);
	assert_int_equal(journal_reader_next(&r, &ev, &e), 0);
	uint64_t skipped = r.skipped;
	journal_reader_close(&r);
	return skipped;
}

static void written_is_read(void **state)
{
	(void)state;
	write_events(1, 3000); /* far more than one window of the reader */
	assert_int_equal(read_is(1, 3000), 0);
	struct journal_writer w;
	assert_int_equal(journal_open(&w, dir, NULL), 0);
	assert_true(w.last_seq == 3000);
	journal_close(&w);
	write_events(3001, 3005);
	assert_int_equal(read_is(1, 3005), 0);
}

static void no_journal_is_an_error(void **state)
{
	(void)state;
	struct journal_reader r;
	struct journal_writer w;
	struct err e = {0};
	assert_int_equal(journal_reader_open(&r, dir, &e), ERR_IO);
	assert_int_equal(journal_open(&w, "/nowhere/at/all", &e), ERR_IO);
	assert_non_null(strstr(e.text, "/nowhere/at/all"));
	char path[600];
	assert_true(path_join(path, sizeof path, dir, JOURNAL_NAME));
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(journal_open(&w, dir, &e), ERR_IO); /* not a file */
}

/* It was cut between its last byte and its end: from the next opening on it is read, and its number is taken. */
static void a_line_without_its_end_keeps_its_number(void **state)
{
	(void)state;
	char path[600];
	struct journal_writer w;
	write_events(1, 3);
	assert_true(path_join(path, sizeof path, dir, JOURNAL_NAME));
	assert_int_equal(truncate(path, file_size() - 1), 0);
	assert_int_equal(read_is(1, 2), 0);
	assert_int_equal(journal_open(&w, dir, NULL), 0);
	assert_true(w.last_seq == 3);
	append(&w, 4);
	journal_close(&w);
	assert_int_equal(read_is(1, 4), 0);
}

static void a_torn_line_is_ended(void **state)
{
	(void)state;
	write_events(1, 2);
	RAW("{\"v\":1,\"seq\":3,\"t\":\"2025-11-25T15:0");
	assert_int_equal(read_is(1, 2), 0); /* it may still grow: not counted, not read */
	write_events(3, 4);
	assert_int_equal(read_is(1, 4), 1);
}

static void damage_is_skipped(void **state)
{
	(void)state;
	static char junk[100000];
	write_events(1, 1);
	memset(junk, 'x', sizeof junk);
	raw(junk, sizeof junk); /* far longer than a line may be */
	RAW("\n\n\033[31m\xff\xfe\n{\"kind\":1}\n");
	memset(junk, 0, 5000); /* what a power cut leaves on some file systems */
	raw(junk, 5000);
	write_events(2, 2);
	assert_int_equal(read_is(1, 2), 4);
	RAW("{\"v\":2,\"seq\":9,\"kind\":\"from_the_future\"}\n");
	struct journal_writer w;
	assert_int_equal(journal_open(&w, dir, NULL), 0);
	assert_true(w.last_seq == 9);
	journal_close(&w);
}

/* What a line that is too long ends with is no event, wherever the reader's window happens to be cut. */
static void a_long_line_is_skipped_to_its_end(void **state)
{
	(void)state;
	static char junk[65536];
	memset(junk, 'x', sizeof junk);
	raw(junk, sizeof junk);
	RAW("{\"v\":1,\"seq\":5,\"kind\":\"notice\",\"text\":\"notice 5\"}\n");
	write_events(6, 7);
	assert_int_equal(read_is(6, 7), 1);
}

/* A reader that runs beside the writer sees every event once, however the writes are cut. */
static void a_follower_sees_whole_lines(void **state)
{
	(void)state;
	struct buf b;
	struct journal_reader r;
	struct event ev;
	buf_init(&b, 100000);
	for (uint64_t i = 1; i <= 20; i++) {
		event_init(&ev, EV_notice);
		ev.seq = i;
		assert_int_equal(event_encode(&ev, &b), 0);
	}
	RAW("");
	assert_int_equal(journal_reader_open(&r, dir, NULL), 0);
	uint64_t seen = 0;
	for (size_t at = 0, n = 1; at < b.len; at += n, n = n % 97 + 1) {
		if (n > b.len - at)
			n = b.len - at;
		raw(b.data + at, n);
		int rc;
		while ((rc = journal_reader_next(&r, &ev, NULL)) == 1)
			assert_true(ev.seq == ++seen);
		assert_int_equal(rc, 0);
	}
	assert_true(seen == 20);
	assert_int_equal(r.skipped, 0);
	journal_reader_close(&r);
	buf_free(&b);
}

static void a_full_disk_costs_nothing_but_time(void **state)
{
	(void)state;
	struct journal_writer w;
	struct err e = {0};
	assert_int_equal(journal_open(&w, dir, &e), 0);
	append(&w, 1);
	assert_int_equal(journal_flush(&w, true, &e), 0);
	append(&w, 2);
	int good = w.fd, full = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_true(full >= 0);
	w.fd = full;
	assert_int_equal(journal_flush(&w, true, &e), ERR_IO);
	assert_non_null(strstr(e.text, "No space left on device"));
	append(&w, 3);
	assert_int_equal(journal_flush(&w, false, &e), ERR_IO);
	w.fd = good;
	close(full);
	assert_int_equal(journal_flush(&w, true, &e), 0);
	journal_close(&w);
	assert_int_equal(read_is(1, 3), 0);
}

/* The disk fills in the middle of a line; later there is room again. */
static void half_a_line_is_completed(void **state)
{
	(void)state;
	struct journal_writer w;
	struct err e = {0};
	struct rlimit was, small;
	assert_int_equal(journal_open(&w, dir, &e), 0);
	append(&w, 1);
	assert_int_equal(journal_flush(&w, true, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = (rlim_t)file_size() + 50;
	append(&w, 2);
	append(&w, 3);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = journal_flush(&w, true, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(rc, ERR_IO);
	assert_int_equal(file_size(), small.rlim_cur);
	read_is(1, 1);
	assert_int_equal(journal_flush(&w, true, &e), 0);
	journal_close(&w);
	assert_int_equal(read_is(1, 3), 0);
}

/* A sync that fails may have lost what the writes before it accepted: it is written again, in place. */
static void a_failed_sync_is_written_again(void **state)
{
	(void)state;
	struct journal_writer w;
	struct err e = {0};
	assert_int_equal(journal_open(&w, dir, &e), 0);
	append(&w, 1);
	assert_int_equal(journal_flush(&w, true, &e), 0);
	append(&w, 2);
	assert_int_equal(journal_flush(&w, false, &e), 0);
	append(&w, 3);
	syncs_to_fail = 1;
	assert_int_equal(journal_flush(&w, true, &e), ERR_IO);
	assert_non_null(strstr(e.text, "Input/output error"));
	assert_int_equal(syncs_to_fail, 0);
	append(&w, 4);
	assert_int_equal(journal_flush(&w, true, &e), 0);
	journal_close(&w);
	assert_int_equal(read_is(1, 4), 0);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	struct journal_writer w;
	struct event ev;
	assert_int_equal(journal_open(&w, dir, NULL), 0);
	int full = open("/dev/full", O_RDWR | O_CLOEXEC), good = w.fd;
	assert_true(full >= 0);
	event_init(&ev, EV_notice);
	memset(ev.u.notice.text, 'x', sizeof ev.u.notice.text - 1);
	uint64_t n = 0;
	w.fd = full;
	do {
		ev.seq = n + 1;
	} while (journal_append(&w, &ev) == 0 && ++n < 1000000);
	assert_true(n > 100000 && n < 1000000);
	assert_true(w.pending.len <= (size_t)64 << 20);
	assert_int_equal(journal_flush(&w, true, NULL), ERR_IO);
	w.fd = good;
	close(full);
	assert_int_equal(journal_flush(&w, true, NULL), 0);
	assert_int_equal(journal_append(&w, &ev), 0); /* room again */
	journal_close(&w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	const struct CMUnitTest tests[] = {
	        TEST(written_is_read),
	        TEST(no_journal_is_an_error),
	        TEST(a_torn_line_is_ended),
	        TEST(a_line_without_its_end_keeps_its_number),
	        TEST(damage_is_skipped),
	        TEST(a_long_line_is_skipped_to_its_end),
	        TEST(a_follower_sees_whole_lines),
	        TEST(a_full_disk_costs_nothing_but_time),
	        TEST(half_a_line_is_completed),
	        TEST(a_failed_sync_is_written_again),
	        TEST(memory_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
