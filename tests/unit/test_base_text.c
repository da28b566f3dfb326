/* Text from outside: whatever a log, a server or a board sends, a terminal only prints it. */
#include "../../engine/base/buf.h"
#include "../../engine/base/cancel.h"
#include "../../engine/base/clock.h"
#include "../../engine/base/err.h"
#include "../../engine/base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <time.h>

static void clean_is(const char *src, size_t len, const char *want)
{
	char out[8192];
	size_t n = text_clean(out, sizeof out, src, len);
	assert_string_equal(out, want);
	assert_int_equal(n, strlen(want));
	assert_true(utf8_valid(out, n));
}

#define CLEAN(src, want) clean_is(src, sizeof(src) - 1, want)

static void sequences_are_removed_whole(void **state)
{
	(void)state;
	CLEAN("\033[31mred\033[0m \033[1;38;5;200mbold\033[m", "red bold");
	CLEAN("a\033[?25l\033[2J\033[Hb", "ab");
	CLEAN("\033]0;evil title\007shown", "shown");
	CLEAN("\033]8;;http://x/\033\\link\033]8;;\033\\", "link");
	CLEAN("\033P1$r0m\033\\x\033Xsos\033\\y\033^pm\033\\z\033_apc\033\\", "xyz");
	CLEAN("\033c\0337\0338\033(B\033#8text\033=", "text");
	CLEAN("\033 Fx", "x");
	CLEAN("\033\033[31mx", "x");
	CLEAN("\033[3\033[1mx", "x");
	CLEAN("\033[12\030x", "x");
	CLEAN("\033]0;a\033[31mb\007c", "bc");
}

static void c1_controls_are_removed(void **state)
{
	(void)state;
	CLEAN("\xc2\x9b"
	      "31mred",
	        "red");
	CLEAN("\xc2\x9d"
	      "0;title\xc2\x9c"
	      "x",
	        "x");
	CLEAN("\xc2\x90q\033\\x\xc2\x85y\xc2\x84", "xy");
	/* A lone C1 byte is not UTF-8: it never reaches a terminal as a control. */
	CLEAN("\x9b"
	      "31m",
	        "\xef\xbf\xbd"
	        "31m");
}

static void controls_and_bidi_are_removed(void **state)
{
	(void)state;
	CLEAN("a\tb\rc\nd\be\177f\0g", "a bcdefg");
	CLEAN("a\u202eb\u2066c\u2069d\u200be\u200ff\u200dg\u2028h\u2029i\ufeffj\u00adk\u061cl", "abcdefghijkl");
	CLEAN("e\u0301 ok", "e\u0301 ok");
	CLEAN("\u26a0\ufe0f", "\u26a0");
	CLEAN("╭─┤█▊⠹✓ 日本", "╭─┤█▊⠹✓ 日本");
}

static void unfinished_sequences_give_up(void **state)
{
	(void)state;
	char src[8192], out[8192];
	CLEAN("shown\033", "shown");
	CLEAN("shown\033[12;", "shown");
	CLEAN("\033]0;title\nnext", "next");
	memset(src, 'a', sizeof src);
	memcpy(src, "\033]", 2);
	size_t n = text_clean(out, sizeof out, src, sizeof src);
	assert_true(n > 1000 && n < sizeof src);
	memset(src, ';', sizeof src);
	memcpy(src, "\033[", 2);
	n = text_clean(out, sizeof out, src, sizeof src);
	assert_true(n > sizeof src - 300);
}

/* Every byte a log can hold, in an order that is the same on every run. */
static void binary_becomes_safe_text(void **state)
{
	(void)state;
	char src[4096], out[3 * sizeof src + 1];
	uint32_t x = 12345;
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof src; i++) {
			x = x * 1664525u + 1013904223u;
			src[i] = i % 5 == 0 ? '\033' : (char)(x >> 24);
		}
		size_t n = text_clean(out, sizeof out, src, sizeof src);
		assert_int_equal(strlen(out), n);
		assert_true(utf8_valid(out, n));
		for (size_t i = 0; i < n;) {
			uint32_t cp;
			i += utf8_decode(out + i, n - i, &cp);
			assert_true(cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0));
			assert_false((cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069));
		}
	}
}

static void cut_at_a_character(void **state)
{
	(void)state;
	char out[8];
	assert_int_equal(text_copy(out, 6, "ab日本"), 5);
	assert_string_equal(out, "ab日");
	assert_int_equal(text_copy(out, 5, "ab日本"), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(text_copy(out, 1, "ab"), 0);
	assert_int_equal(text_copy(out, sizeof out, NULL), 0);
	assert_string_equal(out, "");
	assert_true(text_set(out, 3, "ab"));
	assert_false(text_set(out, 3, "abc"));
	assert_string_equal(out, "ab");
}

static void utf8_is_strict(void **state)
{
	(void)state;
	uint32_t cp;
	static const char *const bad[] = {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80",
	        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xf0\x9f\x98"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		size_t n = utf8_decode(bad[i], strlen(bad[i]), &cp);
		assert_int_equal(cp, 0xfffd);
		assert_true(n >= 1 && n <= strlen(bad[i]));
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	}
	assert_int_equal(utf8_decode("", 0, &cp), 0);
	assert_int_equal(utf8_decode("\xe2\x82", 2, &cp), 2); /* a truncated one is one mistake, not two */
	assert_true(utf8_valid("\xef\xbf\xbd", 3));
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char out[4];
		size_t n = utf8_encode(c, out);
		assert_int_equal(utf8_decode(out, n, &cp), n);
		assert_int_equal(cp, c >= 0xd800 && c <= 0xdfff ? 0xfffd : c);
	}
}

static void widths(void **state)
{
	(void)state;
	static const char *const one[] = {"a", "é", "─", "╭", "█", "▊", "▁", "⠹", "⣿", "✓", "✗", "●", "·", "▸", "▎",
	        "→", "×", "±", "°", "—", "│"};
	for (size_t i = 0; i < sizeof one / sizeof one[0]; i++)
		assert_int_equal(text_width(one[i], strlen(one[i])), 1);
	static const char *const two[] = {"日", "한", "Ａ", "😀", "🚀", "。", "🪿"};
	for (size_t i = 0; i < sizeof two / sizeof two[0]; i++)
		assert_int_equal(text_width(two[i], strlen(two[i])), 2);
	assert_int_equal(text_cp_width(0x301), 0);
	assert_int_equal(text_cp_width(0x200d), 0);
	assert_int_equal(text_cp_width(0xfe0f), 0);
	assert_int_equal(text_cp_width(7), 0);
	assert_int_equal(text_width("e\u0301a", 4), 2);
}

static void fit_keeps_marks_together(void **state)
{
	(void)state;
	assert_int_equal(text_fit("abc", 3, 2), 2);
	assert_int_equal(text_fit("e\u0301x", 4, 1), 3);
	assert_int_equal(text_fit("日本", 6, 3), 3);
	assert_int_equal(text_fit("日", 3, 1), 0);
	assert_int_equal(text_fit("ab", 2, 10), 2);
}

static void numbers_are_strict(void **state)
{
	(void)state;
	int64_t i = 77;
	double d = 77;
	assert_true(text_to_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &i));
	assert_true(i == INT64_MIN);
	assert_true(text_to_i64("9223372036854775807", INT64_MIN, INT64_MAX, &i));
	assert_true(i == INT64_MAX);
	i = 77;
	static const char *const no_i[] = {
	        "", "-", " 1", "1 ", "+1", "1.0", "0x1", "9223372036854775808", "12a", "1e3"};
	for (size_t k = 0; k < sizeof no_i / sizeof no_i[0]; k++)
		assert_false(text_to_i64(no_i[k], INT64_MIN, INT64_MAX, &i));
	assert_false(text_to_i64("11", 0, 10, &i));
	assert_int_equal(i, 77);
	assert_true(text_to_f64("-1.5e3", -1e9, 1e9, &d));
	assert_true(d == -1500);
	assert_true(text_to_f64("0.8", 0, 1, &d));
	d = 77;
	static const char *const no_d[] = {"", ".", "-", "nan", "inf", "0x10", " 1", "1 ", "1,5", "1e", "1e999", "--1"};
	for (size_t k = 0; k < sizeof no_d / sizeof no_d[0]; k++)
		assert_false(text_to_f64(no_d[k], -1e300, 1e300, &d));
	assert_true(d == 77);
}

static void durations(void **state)
{
	(void)state;
	int64_t ms = 0;
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"90", 90000}, {"90s", 90000}, {"20m", 1200000}, {"2h", 7200000}, {"1h30m", 5400000}, {"0", 0},
	        {"30d", INT64_C(2592000000)}};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true(text_to_duration_ms(good[i].text, &ms));
		assert_true(ms == good[i].ms);
	}
	static const char *const bad[] = {
	        "", "m", "-1s", "1.5h", "1h30", "30m1h", "1x", "31d", "99999999999", "1m1m", "1 m"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(text_to_duration_ms(bad[i], &ms));
	char out[16];
	assert_string_equal(clock_duration(38, out), "38s");
	assert_string_equal(clock_duration(331, out), "5m31");
	assert_string_equal(clock_duration(7440, out), "2h04m");
	assert_string_equal(clock_duration(NAN, out), "-");
	assert_string_equal(clock_duration(-1, out), "-");
}

static void figures_with_commas(void **state)
{
	(void)state;
	char out[40];
	assert_string_equal(text_commas(1234567.891, 1, out), "1,234,567.9");
	assert_string_equal(text_commas(999, 0, out), "999");
	assert_string_equal(text_commas(-1000, 0, out), "-1,000");
	assert_string_equal(text_commas(-0.001, 1, out), "0.0");
	assert_string_equal(text_commas(NAN, 1, out), "—");
	assert_string_equal(text_commas(1e18, 0, out), "1e+18");
}

static void stamps_are_local_time(void **state)
{
	(void)state;
	char out[26];
	setenv("TZ", "UTC0", 1);
	tzset();
	int64_t t = INT64_C(1764082800) * CLOCK_NS_PER_S;
	clock_stamp(t, out);
	assert_string_equal(out, "20251125_150000");
	clock_hms(t, out);
	assert_string_equal(out, "15:00:00");
	clock_ctime(t, out);
	assert_string_equal(out, "Tue Nov 25 15:00:00 2025");
}

static void errors_are_sentences(void **state)
{
	(void)state;
	struct err e = {0};
	assert_int_equal(err_sys(&e, ERR_IO, ENOSPC, "cannot write %s", "a.json"), ERR_IO);
	assert_string_equal(e.text, "cannot write a.json: No space left on device");
	assert_int_equal(err_prefix(&e, "CONC %d", 8), ERR_IO);
	assert_string_equal(e.text, "CONC 8: cannot write a.json: No space left on device");
	assert_int_equal(err_set(&e, ERR_NET, "again: %s", e.text), ERR_NET); /* its own text as an argument */
	assert_string_equal(e.text, "again: CONC 8: cannot write a.json: No space left on device");
	assert_int_equal(err_set(NULL, ERR_NET, "dropped"), ERR_NET);
	/* a name that is a command to the terminal; without an end it does not take the reason with it */
	err_set(&e, ERR_IO, "cannot open %s", "a\x1b[31m\u202eb\n");
	assert_string_equal(e.text, "cannot open ab");
	err_sys(&e, ERR_IO, ENOENT, "cannot open %s", "a\x1b]0;b");
	assert_string_equal(e.text, "cannot open a: No such file or directory");
	char long_text[2000];
	for (size_t i = 0; i + 3 < sizeof long_text; i += 3)
		memcpy(long_text + i, "日", 4);
	err_set(&e, ERR_NET, "a%s", long_text);
	assert_true(utf8_valid(e.text, strlen(e.text)));
	assert_true(strlen(e.text) > sizeof e.text - 4);
}

static void a_buffer_never_passes_its_maximum(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 10);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_adds(&b, "12345"), 0);
	assert_int_equal(buf_printf(&b, "%d", 67890), 0);
	assert_int_equal(buf_addc(&b, 'x'), ERR_LIMIT);
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "1234567890");
	buf_clear(&b);
	assert_int_equal(buf_adds(&b, "again"), 0);
	size_t len;
	char *s = buf_take(&b, &len);
	assert_string_equal(s, "again");
	assert_int_equal(len, 5);
	free(s);
	assert_null(buf_take(&b, &len));
	buf_init(&b, 5000);
	assert_int_equal(buf_printf(&b, "%*d", 4000, 1), 0);
	assert_int_equal(b.len, 4000);
	assert_int_equal(buf_printf(&b, "%*d", 4000, 1), ERR_LIMIT);
	assert_int_equal(b.len, 4000);
	buf_free(&b);
}

static void *raise_later(void *arg)
{
	nanosleep(&(struct timespec){.tv_nsec = 20 * CLOCK_NS_PER_MS}, NULL);
	cancel_raise(arg, CANCEL_NOW);
	return NULL;
}

static void a_stop_order_wakes_the_sleeper(void **state)
{
	(void)state;
	struct cancel c;
	pthread_t t;
	assert_int_equal(cancel_open(&c, NULL), 0);
	assert_int_equal(cancel_get(NULL), CANCEL_NONE);
	assert_false(cancel_wait(&c, 1, CANCEL_DRAIN));
	cancel_raise(&c, CANCEL_DRAIN);
	assert_true(cancel_wait(&c, 60000, CANCEL_DRAIN));
	assert_false(cancel_wait(&c, 30, CANCEL_NOW)); /* the lower order does not count */
	assert_int_equal(pthread_create(&t, NULL, raise_later, &c), 0);
	assert_true(cancel_wait(&c, 60000, CANCEL_NOW));
	pthread_join(t, NULL);
	cancel_raise(&c, CANCEL_DRAIN);
	assert_int_equal(cancel_get(&c), CANCEL_NOW); /* never lowered */
	cancel_reset(&c);
	assert_false(cancel_wait(&c, 1, CANCEL_DRAIN));
	cancel_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sequences_are_removed_whole),
	        cmocka_unit_test(c1_controls_are_removed),
	        cmocka_unit_test(controls_and_bidi_are_removed),
	        cmocka_unit_test(unfinished_sequences_give_up),
	        cmocka_unit_test(binary_becomes_safe_text),
	        cmocka_unit_test(cut_at_a_character),
	        cmocka_unit_test(utf8_is_strict),
	        cmocka_unit_test(widths),
	        cmocka_unit_test(fit_keeps_marks_together),
	        cmocka_unit_test(numbers_are_strict),
	        cmocka_unit_test(durations),
	        cmocka_unit_test(figures_with_commas),
	        cmocka_unit_test(stamps_are_local_time),
	        cmocka_unit_test(errors_are_sentences),
	        cmocka_unit_test(a_buffer_never_passes_its_maximum),
	        cmocka_unit_test(a_stop_order_wakes_the_sleeper),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
