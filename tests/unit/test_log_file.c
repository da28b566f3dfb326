/* A log file read by blocks: numbers and counts agree with a plain reading, whatever happens to the file meanwhile. */
#include "../../engine/log/logfile.h"
#include "../../engine/log/logline.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

static char dir[64], path[128], other[128];
static struct logfile *lf;

static int begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/benchtop-logfile-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/server.log", dir);
	snprintf(other, sizeof other, "%s/server.log.1", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	logfile_close(lf);
	lf = NULL;
	unlink(path);
	unlink(other);
	rmdir(dir);
	return 0;
}

static void put(const char *file, int flags, const char *data, size_t len)
{
	int fd = open(file, O_WRONLY | O_CREAT | flags, 0644);
	assert_true(fd >= 0);
	while (len) {
		ssize_t n = write(fd, data, len);
		assert_true(n > 0);
		data += n;
		len -= (size_t)n;
	}
	close(fd);
}

static void add(const char *text)
{
	put(path, O_APPEND, text, strlen(text));
}

static void start(void)
{
	struct err e = {0};
	if (logfile_open(&lf, path, &e))
		fail_msg("%s", e.text);
}

static void work(void)
{
	while (logfile_work(lf, 1 << 20) > 0)
		;
}

static struct logfile_facts facts(void)
{
	struct logfile_facts f;
	logfile_facts(lf, &f);
	return f;
}

static void find(enum log_slot slot, const char *pattern)
{
	struct err e = {0};
	if (logfile_find(lf, slot, pattern, &e))
		fail_msg("%s", e.text);
}

/* ---- against a plain reading ---- */

#define BIG ((size_t)3 << 20)

/* Lines of all lengths: empty ones, some over blocks and pieces, errors and warnings among them. */
static size_t make(char *data, unsigned seed)
{
	size_t n = 0;
	while (n < BIG - 300000) {
		seed = seed * 1103515245 + 12345;
		unsigned r = seed >> 16;
		size_t len = r % 500 == 0 ? r * 7 % 200000 : r % 40 == 0 ? 3000 + r % 5000 : r % 150;
		const char *text = r % 97 == 1   ? "[2025-11-20 10:31:00] Exit code: -9"
		                   : r % 89 == 1 ? "[2025-11-20 10:20:40 TP0] KV cache pool is full. Retract requests."
		                   : r % 71 == 1 ? "needle"
		                                 : "";
		size_t k = strlen(text);
		memcpy(data + n, text, k);
		n += k;
		memset(data + n, ' ', len);
		for (size_t i = 0; i < len; i += 9)
			data[n + i] = (char)('a' + (r + i) % 26);
		n += len;
		data[n++] = '\n';
	}
	memcpy(data + n, "unfinished needle", 17);
	return n + 17;
}

struct walk {
	const char *data;
	int64_t at, lines;
	size_t size;
};

static bool walk_line(void *ctx, const struct logfile_line *line)
{
	struct walk *w = ctx;
	const char *nl = memchr(w->data + w->at, '\n', w->size - (size_t)w->at);
	size_t len = nl ? (size_t)(nl - w->data) - (size_t)w->at : w->size - (size_t)w->at;
	assert_int_equal(line->at, w->at);
	assert_int_equal(line->len, len < LOGFILE_LINE ? len : LOGFILE_LINE);
	assert_memory_equal(line->text, w->data + w->at, line->len);
	if (w->lines % 100 == 0) {
		assert_int_equal(logfile_number(lf, line->at), w->lines + 1);
		assert_int_equal(logfile_position(lf, w->lines + 1), line->at);
	}
	w->lines++;
	w->at += (int64_t)len + 1;
	return true;
}

static void check_next(const char *data, size_t size, enum log_what what)
{
	int64_t at = -1, found = 0;
	for (size_t i = 0; i < size;) {
		const char *nl = memchr(data + i, '\n', size - i);
		size_t len = nl ? (size_t)(nl - data) - i : size - i, seen = len < LOGFILE_LINE ? len : LOGFILE_LINE;
		enum severity s = logline_severity(data + i, seen);
		bool is = what == LOGFILE_HIT     ? memmem(data + i, seen, "needle", 6) != NULL
		          : what == LOGFILE_ERROR ? s == SEV_ERROR
		                                  : s == SEV_WARN;
		if (is) {
			assert_int_equal(logfile_next(lf, at, 1, what), i);
			assert_int_equal(logfile_next(lf, (int64_t)i, -1, what), at);
			at = (int64_t)i;
			found++;
		}
		i += len + 1;
	}
	assert_int_equal(logfile_next(lf, at, 1, what), -1);
	struct logfile_facts f = facts();
	/* the unfinished line is found, but not counted yet */
	assert_int_equal(found, what == LOGFILE_HIT     ? f.pattern[LOGFILE_SEARCH].hits + 1
	                        : what == LOGFILE_ERROR ? f.errors
	                                                : f.warnings);
}

static void agrees(void **state)
{
	(void)state;
	char *data = malloc(BIG);
	assert_non_null(data);
	for (unsigned seed = 1; seed <= 4; seed++) {
		size_t size = make(data, seed * 77777), half = seed == 1 ? size : size / seed;
		put(path, O_TRUNC, data, half);
		start();
		find(LOGFILE_SEARCH, "needle");
		if (seed < 3)
			work();
		put(path, O_APPEND, data + half, size - half);
		while (logfile_work(lf, 1) > 0)
			;
		struct logfile_facts f = facts();
		assert_true(f.complete && f.pattern[LOGFILE_SEARCH].complete);
		assert_int_equal(f.size, size);
		struct walk w = {data, 0, 0, size};
		for (int64_t b = 0; b <= f.size / LOGFILE_BLOCK; b++)
			logfile_scan(lf, b, walk_line, &w);
		assert_int_equal(w.lines, f.lines);
		assert_int_equal(logfile_position(lf, f.lines + 1), -1);
		check_next(data, size, LOGFILE_HIT);
		check_next(data, size, LOGFILE_ERROR);
		check_next(data, size, LOGFILE_WARNING);
		logfile_close(lf);
		lf = NULL;
	}
	free(data);
}

/* ---- what happens to files ---- */

static void appears_and_grows(void **state)
{
	(void)state;
	start();
	work();
	assert_true(facts().missing);
	assert_int_equal(facts().size, 0);
	assert_int_equal(logfile_next(lf, -1, 1, LOGFILE_ERROR), -1);
	assert_int_equal(logfile_position(lf, 1), 0);
	add("one\n");
	work();
	assert_false(facts().missing);
	assert_int_equal(facts().lines, 1);
	add("two\n\nfour");
	assert_int_equal(facts().size, 13); /* seen before it is indexed */
	assert_false(facts().complete);
	work();
	assert_int_equal(facts().lines, 4);
	add(" goes on\nfive\n");
	work();
	assert_int_equal(facts().lines, 5);
	char text[32];
	assert_int_equal(logfile_position(lf, 5), 22);
	assert_int_equal(logfile_read(lf, 22, text, sizeof text), 5);
	assert_memory_equal(text, "five\n", 5);
	assert_int_equal(logfile_read(lf, 1000, text, sizeof text), 0);
	assert_int_equal(logfile_read(lf, -1, text, sizeof text), 0);
}

static void truncated(void **state)
{
	(void)state;
	add("[2025-11-20 10:31:00] Exit code: -9\nold line\n");
	start();
	find(LOGFILE_SEARCH, "old");
	work();
	unsigned generation = facts().generation;
	assert_int_equal(facts().errors, 1);
	assert_int_equal(facts().pattern[LOGFILE_SEARCH].hits, 1);
	put(path, O_TRUNC, "new old\n", 8);
	work();
	assert_int_equal(facts().generation, generation + 1);
	assert_int_equal(facts().lines, 1);
	assert_int_equal(facts().errors, 0);
	assert_int_equal(facts().pattern[LOGFILE_SEARCH].hits, 1);
	/* cut, and longer than before when looked at again: its first bytes tell */
	put(path, O_TRUNC, "another beginning\nold\nold\nold\n", 30);
	work();
	assert_int_equal(facts().generation, generation + 2);
	assert_int_equal(facts().lines, 4);
	assert_int_equal(facts().pattern[LOGFILE_SEARCH].hits, 3);
	put(path, O_TRUNC, "", 0);
	work();
	assert_int_equal(facts().lines, 0);
}

static void rotated(void **state)
{
	(void)state;
	add("a\n");
	start();
	work();
	unsigned generation = facts().generation;
	/* renamed and written on: still the one that is shown */
	assert_int_equal(rename(path, other), 0);
	put(other, O_APPEND, "b\n", 2);
	work();
	assert_int_equal(facts().lines, 2);
	assert_true(facts().missing);
	assert_int_equal(facts().generation, generation);
	/* its last words are counted before the new one is read */
	put(other, O_APPEND, "[2025-11-20 10:31:00] Exit code: -9", 35);
	add("c\n[2025-11-20 10:31:00] Exit code: -9\nd\n");
	work();
	assert_int_equal(facts().generation, generation + 1);
	assert_int_equal(facts().errors_before, 1);
	assert_int_equal(facts().errors, 1);
	assert_int_equal(facts().lines, 3);
	assert_false(facts().missing);
	unlink(path);
	work();
	assert_true(facts().missing);
	assert_int_equal(facts().lines, 3); /* as it was */
}

static void patterns(void **state)
{
	struct err e = {0};
	(void)state;
	for (int i = 0; i < 30000; i++)
		add(i % 1000 == 0 ? "POST one\n" : i % 500 == 0 ? "POST two\n" : "GET something else\n");
	start();
	assert_int_equal(logfile_find(lf, LOGFILE_FILTER, "(", &e), ERR_USAGE);
	assert_int_equal(logfile_next(lf, -1, 1, LOGFILE_HIT), -1);
	find(LOGFILE_FILTER, "one");
	find(LOGFILE_SEARCH, "POST");
	assert_int_equal(logfile_block_hits(lf, LOGFILE_FILTER, 0), -1);
	assert_int_equal(logfile_next(lf, -1, 1, LOGFILE_HIT), -2);
	work();
	assert_int_equal(facts().pattern[LOGFILE_FILTER].hits, 30);
	assert_int_equal(facts().pattern[LOGFILE_SEARCH].hits, 60);
	assert_int_equal(logfile_block_hits(lf, LOGFILE_FILTER, 0), 1);
	/* hits that the filter leaves out are passed over */
	int n = 0;
	for (int64_t at = -1; (at = logfile_next(lf, at, 1, LOGFILE_HIT)) >= 0; n++)
		assert_int_equal((logfile_number(lf, at) - 1) % 1000, 0);
	assert_int_equal(n, 30);
	find(LOGFILE_FILTER, NULL);
	find(LOGFILE_SEARCH, "two");
	add("two\n");
	work();
	assert_int_equal(facts().pattern[LOGFILE_SEARCH].hits, 31);
	assert_false(facts().pattern[LOGFILE_FILTER].set);
	/* a costly one gives up and says so */
	char *a = malloc(1 << 20);
	assert_non_null(a);
	for (int i = 0; i < 1 << 20; i++)
		a[i] = i % 2000 == 1999 ? '\n' : i % 2000 == 1998 ? 'c' : 'a';
	put(path, O_APPEND, a, 1 << 20);
	free(a);
	find(LOGFILE_SEARCH, "(a+)+$");
	work();
	assert_true(facts().pattern[LOGFILE_SEARCH].gave_up);
	assert_true(facts().pattern[LOGFILE_SEARCH].costly > 0);
}

static void times(void **state)
{
	(void)state;
	time_t t = 1763633000; /* some second of 2025 */
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	for (int i = 0; i < 20000; i++) {
		char line[100], stamp[32];
		time_t at = t + i;
		struct tm tm;
		gmtime_r(&at, &tm);
		strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &tm);
		snprintf(line, sizeof line, "[%s TP0] line %d\nno stamp here\n", stamp, i);
		add(line);
	}
	start(); /* nothing has to be indexed for it */
	for (int i = 0; i < 20000; i += 1733) {
		char text[64], want[32];
		int64_t at = logfile_at_time(lf, ((int64_t)t + i) * 1000000000);
		assert_true(at >= 0);
		size_t n = logfile_read(lf, at, text, sizeof text - 1);
		text[n] = '\0';
		snprintf(want, sizeof want, " TP0] line %d\n", i);
		assert_non_null(strstr(text, want));
	}
	assert_int_equal(logfile_at_time(lf, ((int64_t)t - 100) * 1000000000), 0);
	assert_int_equal(logfile_at_time(lf, ((int64_t)t + 20000) * 1000000000), -1);
}

/* ---- with its thread ---- */

static void *writer(void *arg)
{
	int *rounds = arg;
	for (int i = 0; i < *rounds; i++) {
		if (i % 40 == 39)
			put(path, O_TRUNC, "begins anew\n", 12);
		if (i % 50 == 49) {
			rename(path, other);
			add("rotated\n");
		}
		for (int k = 0; k < 200; k++)
			add(k % 50 == 0 ? "[2025-11-20 10:31:00] Exit code: -9\n" : "some line of a log that grows\n");
	}
	return NULL;
}

static bool just_count(void *ctx, const struct logfile_line *line)
{
	int *n = ctx;
	*n += line->len > 0;
	return true;
}

static void threaded(void **state)
{
	pthread_t thread;
	struct err e = {0};
	int rounds = 120, n = 0;
	(void)state;
	add("first\n");
	start();
	assert_int_equal(logfile_start(lf, &e), 0);
	assert_int_equal(logfile_start(lf, &e), 0);
	assert_int_equal(pthread_create(&thread, NULL, writer, &rounds), 0);
	for (int i = 0; i < 300; i++) {
		struct logfile_facts f = facts();
		find(i % 2 ? LOGFILE_SEARCH : LOGFILE_FILTER, i % 5 == 0 ? "" : i % 3 ? "log" : "Exit|grows");
		logfile_scan(lf, f.size / LOGFILE_BLOCK, just_count, &n);
		logfile_next(lf, f.size / 2, i % 4 < 2 ? 1 : -1, i % 3 ? LOGFILE_ERROR : LOGFILE_HIT);
		logfile_position(lf, logfile_number(lf, f.size / 3));
		usleep(1000);
	}
	pthread_join(thread, NULL);
	find(LOGFILE_FILTER, "");
	find(LOGFILE_SEARCH, "exit");
	for (int i = 0; i < 1000 && !(facts().complete && facts().pattern[LOGFILE_SEARCH].complete); i++)
		usleep(10000);
	/* two looks: the last rotation may not have been noticed at the first */
	usleep(300000);
	struct logfile_facts f = facts();
	assert_true(f.complete);
	assert_true(f.generation >= 2);
	assert_int_equal(f.errors, f.pattern[LOGFILE_SEARCH].hits);
	assert_true(f.errors > 0);
}

static void not_a_log(void **state)
{
	struct err e = {0};
	struct logfile *none;
	(void)state;
	assert_int_equal(logfile_open(&none, dir, &e), ERR_IO);
	assert_non_null(strstr(e.text, "not a plain file"));
	assert_null(none);
	assert_int_equal(logfile_open(&none, "", &e), ERR_USAGE);
	logfile_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(agrees, begin, end),
	        cmocka_unit_test_setup_teardown(appears_and_grows, begin, end),
	        cmocka_unit_test_setup_teardown(truncated, begin, end),
	        cmocka_unit_test_setup_teardown(rotated, begin, end),
	        cmocka_unit_test_setup_teardown(patterns, begin, end),
	        cmocka_unit_test_setup_teardown(times, begin, end),
	        cmocka_unit_test_setup_teardown(threaded, begin, end),
	        cmocka_unit_test_setup_teardown(not_a_log, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
