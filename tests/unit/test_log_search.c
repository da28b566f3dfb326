/* Patterns: errors in words, lines as grep sees them, all ways of searching agree, hostile patterns end. */
#include "../../engine/base/clock.h"
#include "../../engine/log/logsearch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct logsearch *open_ok(const char *pattern)
{
	struct logsearch *s;
	struct err e = {0};
	if (logsearch_open(&s, pattern, &e))
		fail_msg("%s: %s", pattern, e.text);
	return s;
}

static void compile_errors(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
	} cases[] = {
	        {"decode", NULL},
	        {"(abcde", "at character 7: missing closing parenthesis"},
	        {"[a", "at character 3: missing terminating ] for character class"},
	        {"*", "at character 1: quantifier does not follow a repeatable item"},
	        {"", "the pattern is empty"},
	        {"\\C", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct logsearch *s;
		struct err e = {0};
		int rc = logsearch_open(&s, cases[i].pattern, &e);
		if (i == 5) { /* a single byte of UTF-8: never */
			assert_int_equal(rc, ERR_USAGE);
		} else if (!cases[i].text) {
			assert_int_equal(rc, 0);
		} else {
			assert_int_equal(rc, ERR_USAGE);
			if (!strstr(e.text, cases[i].text))
				fail_msg("%s: %s", cases[i].pattern, e.text);
		}
		logsearch_close(s);
	}
	char longest[LOGSEARCH_PATTERN + 1];
	struct logsearch *s;
	struct err e = {0};
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(logsearch_open(&s, longest, &e), ERR_USAGE);
}

/* The lines with a hit as a string of their numbers. */
static const char *hits(const char *pattern, const char *text)
{
	static char out[200];
	struct logsearch *s = open_ok(pattern);
	size_t pos = 0, at, len = strlen(text), n = 0;
	out[0] = '\0';
	while (logsearch_next(s, text, len, &pos, &at, NULL)) {
		int line = 1;
		for (size_t i = 0; i < at; i++)
			line += text[i] == '\n';
		assert_true(at == 0 || text[at - 1] == '\n');
		n += (size_t)snprintf(out + n, sizeof out - n, "%d ", line);
	}
	assert_int_equal(pos, len);
	logsearch_close(s);
	return out;
}

static void lines(void **state)
{
	(void)state;
	const char *t = "alpha Beta\n\nbeta beta\r\ngamma[0]\nprefixB=1\nÜber\n\xff\xfe beta";
	assert_string_equal(hits("beta", t), "1 3 7 ");
	assert_string_equal(hits("Beta", t), "1 ");
	assert_string_equal(hits("beta$", t), "1 3 7 ");
	assert_string_equal(hits("^beta", t), "3 ");
	assert_string_equal(hits("^$", t), "2 ");
	assert_string_equal(hits("[^x]$", t), "1 3 4 5 6 7 ");
	assert_string_equal(hits("a[^x]*z", t), "");
	assert_string_equal(hits("gamma\\[0\\]", t), "4 ");
	assert_string_equal(hits("prefixA?B=\\d", t), "5 ");
	assert_string_equal(hits("prefixAB|Beta", t), "1 ");
	assert_string_equal(hits("Beta\\s", t), "");
	assert_string_equal(hits("beta\\s*gamma", t), "");
	assert_string_equal(hits("\xc3\x9c"
	                         "ber",
	                            t),
	        "6 ");
	assert_string_equal(hits("\xc3\xbc"
	                         "ber",
	                            t),
	        "6 ");
	assert_string_equal(hits("x*", t), "1 2 3 4 5 6 7 ");
	assert_string_equal(hits("(?s)beta.+gamma", t), "");
	assert_string_equal(hits("beta", ""), "");
	assert_string_equal(hits("b", "b"), "1 ");
}

/* Whatever the way: the same lines as one by one. */
static void ways_agree(void **state)
{
	static const char *const patterns[] = {"ab", "Ab", "a.b", "abc?d", "Abc+", "a|b", "(ab|cd)+e?", "[ab]c",
	        "\\bab\\b", "a\\d*b", "^ab", "ab$", "[^a]b", "a\\sb", "Ab[^c]d", "Abc\\Wd"};
	static const char letters[] = "aAbBcd \n\n1e\r";
	(void)state;
	unsigned seed = 7;
	for (int round = 0; round < 300; round++) {
		char text[400];
		size_t len = 0;
		for (; len < sizeof text; len++) {
			seed = seed * 1103515245 + 12345;
			text[len] = letters[(seed >> 16) % (sizeof letters - 1)];
			if (text[len] == '\r')
				text[len] = 'b';
		}
		for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
			struct logsearch *s = open_ok(patterns[i]);
			size_t pos = 0, at = 0;
			for (size_t line = 0; line < len;) {
				const char *nl = memchr(text + line, '\n', len - line);
				size_t n = nl ? (size_t)(nl - text) - line : len - line;
				if (logsearch_line(s, text + line, n)) {
					if (!logsearch_next(s, text, len, &pos, &at, NULL) || at != line)
						fail_msg("%s: line at %zu", patterns[i], line);
				}
				line += n + 1;
			}
			assert_false(logsearch_next(s, text, len, &pos, &at, NULL));
			logsearch_close(s);
		}
	}
}

static void hostile(void **state)
{
	static const char *const patterns[] = {"(a+)+$", "(a|aa)+$", "(a*)*b", "^(a+)+b$", "(a+)+\\1b"};
	(void)state;
	size_t len = 1 << 20;
	char *text = malloc(len);
	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 2000 == 1999 ? '\n' : i % 2000 == 1998 ? 'c' : 'a';
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		struct logsearch *s = open_ok(patterns[i]);
		size_t pos = 0, at, from, to;
		int64_t t = clock_mono_ns();
		for (int piece = 0; piece < 50 && !logsearch_gave_up(s); piece++) {
			pos = 0;
			while (logsearch_next(s, text, len, &pos, &at, NULL))
				;
		}
		/* 50 MB; without limits this would take longer than the universe */
		assert_true(clock_mono_ns() - t < INT64_C(60) * 1000000000);
		logsearch_match(s, text, 2000, 0, &from, &to);
		logsearch_close(s);
	}
	struct logsearch *s = open_ok("(a+)+$");
	size_t pos = 0, at;
	while (logsearch_next(s, text, len, &pos, &at, NULL))
		;
	assert_true(logsearch_gave_up(s));
	assert_true(logsearch_costly(s) >= LOGSEARCH_COSTLY);
	logsearch_close(s);
	/* a line of a megabyte counts by its beginning */
	memset(text, 'b', len);
	text[LOGSEARCH_LINE - 1] = 'x';
	text[len - 1] = 'y';
	s = open_ok("x");
	pos = 0;
	assert_true(logsearch_next(s, text, len, &pos, &at, NULL));
	logsearch_close(s);
	s = open_ok("y");
	pos = 0;
	assert_false(logsearch_next(s, text, len, &pos, &at, NULL));
	logsearch_close(s);
	/* told to stop */
	atomic_bool stop = true;
	s = open_ok("b");
	pos = 0;
	assert_false(logsearch_next(s, text, len, &pos, &at, &stop));
	logsearch_close(s);
	free(text);
}

static void matches(void **state)
{
	(void)state;
	struct logsearch *s = open_ok("b+");
	size_t from, to;
	assert_true(logsearch_match(s, "abbcb", 5, 0, &from, &to));
	assert_int_equal(from, 1);
	assert_int_equal(to, 3);
	assert_true(logsearch_match(s, "abbcb", 5, 3, &from, &to));
	assert_int_equal(from, 4);
	assert_false(logsearch_match(s, "abbcb", 5, 5, &from, &to));
	assert_false(logsearch_match(s, "abbcb", 5, 6, &from, &to));
	assert_string_equal(logsearch_pattern(s), "b+");
	logsearch_close(s);
	logsearch_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(compile_errors),
	        cmocka_unit_test(lines),
	        cmocka_unit_test(ways_agree),
	        cmocka_unit_test(hostile),
	        cmocka_unit_test(matches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
