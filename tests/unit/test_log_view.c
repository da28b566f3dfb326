/* The window onto a log: follow rule, moves, folding, filter, hits, marks, new generations; nothing unsafe is drawn. */
#include "../../engine/base/text.h"
#include "../../tui/screen/logview.h"
#include <fcntl.h>
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

#define ROWS 10
#define COLS 100

static char dir[64], path[128];
static struct logfile *lf;
static struct logview v;
static struct canvas c;

static void put(int flags, const char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void add(const char *text)
{
	put(O_APPEND, text, strlen(text));
}

static void add_lines(int from, int to)
{
	char line[80];
	for (int i = from; i < to; i++) {
		snprintf(line, sizeof line, "[2025-11-20 10:%02d:%02d TP0] line %d\n", i / 60 % 60, i % 60, i);
		add(line);
	}
}

static int begin(void **state)
{
	struct err e = {0};
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/benchtop-logview-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/server.log", dir);
	setenv("TZ", "UTC", 1);
	tzset();
	return logfile_open(&lf, path, &e) || logview_open(&v, lf, &e) || canvas_open(&c, ROWS + 1, COLS, false);
}

static int end(void **state)
{
	(void)state;
	logview_close(&v);
	logfile_close(lf);
	canvas_close(&c);
	unlink(path);
	rmdir(dir);
	return 0;
}

static void frame_of(int rows, int cols)
{
	while (logfile_work(lf, 1 << 20) > 0)
		;
	canvas_clear(&c);
	logview_update(&v, rows, cols);
	logview_draw(&c, (struct rect){0, 0, rows, cols}, &v);
	logview_bar(&c, ROWS, 0, cols, &v);
}

static void frame(void)
{
	frame_of(ROWS, COLS);
}

/* A row of the canvas, without the blanks at its end. */
static const char *shown(int row)
{
	static char out[4][COLS * 4 + 1];
	static int turn;
	char *text = out[turn = (turn + 1) % 4];
	size_t n = 0;
	for (int col = 0; col < COLS; col++) {
		const struct canvas_cell *cell = canvas_at(&c, row, col);
		if (cell->width > 0)
			n += utf8_encode(cell->cp, text + n);
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}

static void has(int row, const char *want)
{
	if (!strstr(shown(row), want))
		fail_msg("row %d: \"%s\" has no \"%s\"", row, shown(row), want);
}

/* ---- following and moving ---- */

static void follow_rule(void **state)
{
	(void)state;
	frame();
	has(0, "not there");
	add_lines(0, 3);
	frame();
	has(0, "  10:00:00 TP0      line 0");
	has(2, "line 2");
	add_lines(3, 100);
	frame();
	has(0, "line 90");
	has(9, "line 99");
	has(ROWS, "following  line 100 of 100  100%  0 errors");
	/* up leaves off, and the window stands still while the log grows */
	logview_move(&v, -1);
	frame();
	assert_false(v.follow);
	has(0, "line 90");
	assert_true(canvas_at(&c, 8, 30)->attr & ATTR_FOCUS);
	add_lines(100, 200);
	frame();
	has(0, "line 90");
	has(9, "line 99");
	has(ROWS, "standing  line 99 of 200");
	logview_move(&v, -20);
	frame();
	has(0, "line 78");
	logview_page(&v, -1);
	frame();
	has(0, "line 69");
	logview_home(&v);
	frame();
	has(0, "line 0");
	has(9, "line 9");
	logview_move(&v, -5);
	frame();
	has(0, "line 0");
	logview_move(&v, 12);
	frame();
	has(9, "line 12");
	/* the last row again, whichever way: it follows */
	logview_move(&v, 1000);
	assert_true(v.follow);
	add_lines(200, 201);
	frame();
	has(9, "line 200");
	logview_move(&v, -3);
	logview_end(&v);
	frame();
	assert_true(v.follow);
	has(9, "line 200");
	logview_goto_line(&v, 51);
	frame();
	assert_false(v.follow);
	has(ROWS, "line 51 of 201");
	has(2, "line 50"); /* with a third of the window before it */
	logview_goto_line(&v, 5000);
	assert_string_equal(v.note, "the log has no such line");
	logview_goto_time(&v, (INT64_C(1763632800) + 61) * 1000000000); /* 2025-11-20 10:01:01 */
	frame();
	has(ROWS, "line 62 of 201");
	logview_goto_time(&v, INT64_C(1893456000) * 1000000000);
	assert_string_equal(v.note, "the log has no line of that time");
}

static void sizes(void **state)
{
	(void)state;
	add_lines(0, 50);
	for (int rows = 1; rows <= ROWS; rows++)
		for (int cols = 1; cols <= COLS; cols += 7) {
			frame_of(rows, cols);
			logview_move(&v, rows % 3 - 2);
			logview_wrap(&v);
			frame_of(rows, cols);
			logview_next(&v, 1, LOGFILE_ERROR);
		}
	if (v.wrap)
		logview_wrap(&v);
	logview_end(&v);
	frame();
	has(9, "line 49");
	frame_of(5, COLS);
	has(4, "line 49");
	logview_home(&v);
	frame_of(3, COLS);
	has(0, "line 0");
	frame();
	has(9, "line 9");
}

/* ---- folding ---- */

static void folds(void **state)
{
	(void)state;
	add("[2025-11-20 10:00:00 TP0] before\n");
	for (int i = 0; i < 26; i++)
		add("[2025-11-20 10:16:00 TP0] Decode batch, #running-req: 8, #token: 3, token usage: 0.01, gen throughput "
		    "(token/s): 950.10, #queue-req: 0, \n");
	add("[2025-11-20 10:17:00] Exit code: -9\n");
	frame();
	has(0, "before");
	has(1, "+ 10:16:00 TP0      decode x26  running 8  KV 1%  gen 950 tok/s  queue 0");
	has(2, "✗ 10:17:00          Exit code: -9");
	has(ROWS, "1 error  0 warnings");
	logview_move(&v, -1);
	logview_unfold(&v);
	frame();
	has(1, "  10:16:00 TP0      decode  running 8");
	has(9, "decode  running 8");
	logview_move(&v, 5);
	logview_unfold(&v); /* from within: folded again */
	frame();
	has(1, "decode x26");
	logview_raw(&v);
	frame();
	has(ROWS, "raw");
	logview_home(&v);
	frame();
	has(1, "  [2025-11-20 10:16:00 TP0] Decode batch, #running-req: 8,");
	logview_shift(&v, 20);
	frame();
	has(1, "  TP0] Decode batch");
	has(ROWS, "shift 20");
	logview_wrap(&v);
	frame();
	has(2, "put (token/s): 950.10"); /* the rest of the line above */
	logview_wrap(&v);
	logview_raw(&v);
	frame();
	has(1, "decode x26");
}

static void bars_and_parts(void **state)
{
	(void)state;
	add("\r  0%|          | 0/20 [00:00<?, ?it/s]\rCapturing batches (bs=120):   5%|x | 1/20 [00:31<09:58, 31.52s/it]");
	frame();
	has(0, "capturing graphs 1/20  5%  left 09:58");
	add("\rCapturing batches (bs=1): 100%|x| 20/20 [01:36<00:00,  4.81s/it][2025-11-20 10:07:21 TP0] Registering 2440\n");
	frame();
	has(0, "capturing graphs 20/20  100%");
	has(1, "  10:07:21 TP0      Registering 2440");
	logview_move(&v, -1);
	frame();
	assert_true(canvas_at(&c, 0, 30)->attr & ATTR_FOCUS);
	logview_move(&v, 1);
	assert_true(v.follow);
}

/* ---- finding ---- */

static void filter_and_hits(void **state)
{
	struct err e = {0};
	(void)state;
	add_lines(0, 3000);
	add("[2025-11-20 10:20:40 TP0] KV cache pool is full. Retract requests.\n");
	add_lines(3000, 6000);
	frame();
	logview_next(&v, 1, LOGFILE_HIT);
	assert_non_null(strstr(v.note, "nothing is searched for"));
	assert_int_equal(logview_search(&v, "line (7", &e), ERR_USAGE);
	assert_string_equal(e.text, "at character 8: missing closing parenthesis");
	assert_string_equal(v.search, "");
	assert_int_equal(logview_search(&v, "line 77\\b", &e), 0);
	frame();
	has(ROWS, "/line 77\\b 1");
	logview_next(&v, 1, LOGFILE_HIT);
	assert_string_equal(v.note, "no next hit");
	logview_next(&v, -1, LOGFILE_HIT);
	frame();
	has(2, "line 77");
	assert_true(canvas_at(&c, 2, 20)->attr & ATTR_REVERSE);
	assert_false(canvas_at(&c, 2, 18)->attr & ATTR_REVERSE);
	logview_next(&v, 1, LOGFILE_WARNING);
	frame();
	has(2, "! 10:20:40 TP0      KV cache pool is full");
	logview_next(&v, 1, LOGFILE_ERROR);
	assert_string_equal(v.note, "no next error");
	/* only what matches; the row that was looked at, or the one before it */
	assert_int_equal(logview_filter(&v, "line \\d*00$", &e), 0);
	frame();
	has(ROWS, "only line \\d*00$ 59");
	assert_false(v.follow);
	logview_end(&v);
	frame();
	has(9, "line 5900");
	has(0, "line 5000");
	add_lines(6000, 6101);
	frame();
	has(9, "line 6100");
	logview_home(&v);
	frame();
	has(0, "line 100");
	has(9, "line 1000");
	logview_filter(&v, "nothing like this", &e);
	frame();
	has(0, "No line matches");
	logview_move(&v, 3);
	logview_page(&v, -1);
	logview_mark(&v);
	logview_unfold(&v);
	logview_next(&v, 1, LOGFILE_HIT);
	logview_filter(&v, "", &e);
	logview_search(&v, "", &e);
	logview_end(&v);
	frame();
	has(9, "line 6100");
}

static void marks(void **state)
{
	(void)state;
	add_lines(0, 200);
	frame();
	logview_next_mark(&v, 1);
	assert_string_equal(v.note, "no line is marked");
	logview_goto_line(&v, 150);
	logview_mark(&v);
	logview_goto_line(&v, 20);
	logview_mark(&v);
	frame();
	has(2, "* 10:00:19 TP0      line 19");
	logview_next_mark(&v, 1);
	frame();
	has(ROWS, "line 150 of 200");
	logview_next_mark(&v, 1);
	assert_string_equal(v.note, "no next mark");
	logview_next_mark(&v, -1);
	logview_mark(&v);
	assert_int_equal(v.n_marks, 1);
	for (int i = 0; i < 80; i++) {
		logview_goto_line(&v, i + 1);
		logview_mark(&v);
	}
	assert_int_equal(v.n_marks, LOGVIEW_MARKS);
	for (int i = 1; i < v.n_marks; i++)
		assert_true(v.marks[i - 1] < v.marks[i]);
}

static void begins_anew(void **state)
{
	(void)state;
	add_lines(0, 100);
	frame();
	logview_move(&v, -50);
	logview_mark(&v);
	frame();
	put(O_TRUNC, "[2025-11-20 11:00:00] new\n", 26);
	frame();
	assert_true(v.follow);
	assert_int_equal(v.n_marks, 0);
	assert_string_equal(v.note, "the log began anew");
	has(0, "  11:00:00          new");
	has(1, "");
	unlink(path);
	frame();
	has(ROWS, "file is gone");
}

/* ---- safety ---- */

static void only_safe_text(void **state)
{
	(void)state;
	size_t len = 1 << 20;
	char *big = malloc(len);
	assert_non_null(big);
	add("\x1b[31mred\x1b[0m \x1b]0;title\x07 tail\x9b"
	    "2J\n\xff\xfe\x80 bytes\nr\xe2\x80\xaelight\n");
	unsigned seed = 5;
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		big[i] = (char)(seed >> 16);
	}
	put(O_APPEND, big, len);
	memset(big, 'x', len);
	put(O_APPEND, big, len);
	add("\nlast\n");
	free(big);
	for (int mode = 0; mode < 4; mode++) {
		frame();
		logview_home(&v);
		for (int page = 0; page < 200; page++) {
			frame();
			for (int row = 0; row <= ROWS; row++)
				for (int col = 0; col < COLS; col++) {
					uint32_t cp = canvas_at(&c, row, col)->cp;
					assert_false((cp > 0 && cp < ' ') || (cp >= 0x7f && cp < 0xa0) || cp == 0x202e);
				}
			if (page == 0 && !v.wrap && !v.raw) {
				has(0, "red  tail");
				has(1, "bytes");
				has(2, "rlight");
			}
			logview_page(&v, 1);
		}
		if (mode % 2 == 0)
			logview_raw(&v);
		else
			logview_wrap(&v);
	}
	logview_end(&v);
	frame();
	has(9, "last");
}

/* The same rows wherever the reader came from. */
static void same_both_ways(void **state)
{
	static char down[400][COLS * 4 + 1];
	(void)state;
	for (int i = 0; i < 4000; i++) {
		if (i % 37 == 0)
			add_lines(i, i + 1);
		add(i % 5 == 0 ? "[2025-11-20 10:16:00] INFO:     1.1.1.1:1 - \"POST /generate HTTP/1.1\" 200 OK\n"
		               : "[2025-11-20 10:16:00 TP0] Decode batch, #running-req: 8, gen throughput (token/s): 950.10, #queue-req: 0, \n");
	}
	frame();
	int n = 0;
	for (logview_home(&v); n < 400; n++) {
		frame_of(1, COLS);
		snprintf(down[n], sizeof down[n], "%s", shown(0));
		int64_t was = v.cur;
		logview_move(&v, 1);
		if (v.cur == was)
			break;
	}
	assert_true(n > 200 && n < 400);
	logview_close(&v); /* nothing kept */
	struct err e = {0};
	assert_int_equal(logview_open(&v, lf, &e), 0);
	frame_of(1, COLS);
	for (int i = n; i >= 0; i--) {
		frame_of(1, COLS);
		assert_string_equal(shown(0), down[i]);
		logview_move(&v, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(follow_rule, begin, end),
	        cmocka_unit_test_setup_teardown(sizes, begin, end),
	        cmocka_unit_test_setup_teardown(folds, begin, end),
	        cmocka_unit_test_setup_teardown(bars_and_parts, begin, end),
	        cmocka_unit_test_setup_teardown(filter_and_hits, begin, end),
	        cmocka_unit_test_setup_teardown(marks, begin, end),
	        cmocka_unit_test_setup_teardown(begins_anew, begin, end),
	        cmocka_unit_test_setup_teardown(only_safe_text, begin, end),
	        cmocka_unit_test_setup_teardown(same_both_ways, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
