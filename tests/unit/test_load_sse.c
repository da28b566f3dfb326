/* Framing: the same payloads come out wherever the bytes are cut. */
#include "../../engine/base/err.h"
#include "../../engine/load/sse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

struct seen {
	struct buf all; /* payloads, each ended by '|' */
	int stop_at;    /* returns 7 at that payload, -1 never */
	int n;
};

static int take(void *ctx, const char *p, size_t len)
{
	struct seen *s = ctx;
	assert_true(len > 0);
	buf_add(&s->all, p, len);
	buf_addc(&s->all, '|');
	return s->n++ == s->stop_at ? 7 : 0;
}

static void seen_init(struct seen *s)
{
	buf_init(&s->all, 64u << 20);
	s->n = 0;
	s->stop_at = -1;
}

/* Each part a copy of its own size, so that reading beyond it is seen. */
static int feed_part(struct sse *f, struct seen *s, const char *p, size_t len)
{
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, p, len);
	int rc = sse_feed(f, copy, len, take, s);
	free(copy);
	return rc;
}

static void splits_give(const char *text, size_t len, const char *want)
{
	struct sse f;
	sse_init(&f);
	for (size_t a = 0; a <= len; a++) {
		for (size_t b = a; b <= len; b += 1 + (b - a) / 3) {
			struct seen s;
			seen_init(&s);
			sse_reset(&f);
			assert_int_equal(feed_part(&f, &s, text, a), 0);
			assert_int_equal(feed_part(&f, &s, text + a, b - a), 0);
			assert_int_equal(feed_part(&f, &s, text + b, len - b), 0);
			assert_int_equal(sse_end(&f, take, &s), 0);
			assert_string_equal(buf_text(&s.all), want);
			buf_free(&s.all);
		}
	}
	sse_free(&f);
}

#define GIVES(text, want) splits_give(text, sizeof(text) - 1, want)

static void every_split(void **state)
{
	(void)state;
	GIVES("data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]\n\n", "{\"a\":1}|{\"b\":2}|[DONE]|");
	GIVES("data: one\r\n\r\ndata: two\r\n\r\n", "one|two|");
	GIVES("data:one\n\ndata:  two \t\n", "one|two|");
	GIVES(": ping\n\nevent: x\nid: 3\nretry: 10\ndata: one\n\n:\n", "one|");
	GIVES("{\"bare\":1}\n{\"bare\":2}\n", "{\"bare\":1}|{\"bare\":2}|");
	GIVES("\n\n \n\t\r\n", "");
	GIVES("data: last", "last|");
	GIVES("data: a\ndata:\ndata: \n", "a|");
	GIVES("data: data: x\n", "data: x|");
	GIVES("  data: x  \n", "x|");
	GIVES("rubbish\n", "rubbish|");
	GIVES("data", "data|");
	GIVES("", "");
}

static void nul_bytes_are_bytes(void **state)
{
	(void)state;
	static const char text[] = "data: a\0b\n\0\n";
	struct sse f;
	struct seen s;
	sse_init(&f);
	seen_init(&s);
	assert_int_equal(feed_part(&f, &s, text, sizeof text - 1), 0);
	assert_int_equal(s.all.len, 6);
	assert_memory_equal(s.all.data, "a\0b|\0|", 6);
	buf_free(&s.all);
	sse_free(&f);
}

static void callback_stops(void **state)
{
	(void)state;
	struct sse f;
	struct seen s;
	sse_init(&f);
	seen_init(&s);
	s.stop_at = 1;
	assert_int_equal(feed_part(&f, &s, "a\nb\nc\nd\n", 8), 7);
	assert_string_equal(buf_text(&s.all), "a|b|");
	sse_reset(&f);
	s.n = 0;
	s.stop_at = 0;
	assert_int_equal(feed_part(&f, &s, "last", 4), 0);
	assert_int_equal(sse_end(&f, take, &s), 7);
	assert_int_equal(sse_end(&f, take, &s), 0); /* nothing is left */
	buf_free(&s.all);
	sse_free(&f);
}

static void long_lines(void **state)
{
	(void)state;
	size_t max = SSE_LINE_MAX;
	char *line = malloc(max + 2);
	assert_non_null(line);
	memset(line, 'x', max + 2);
	for (int over = 0; over < 2; over++) {
		for (size_t piece = 1000; piece <= max + 2; piece = piece < max ? piece * 37 : piece + 1) {
			struct sse f;
			struct seen s;
			int rc = 0;
			sse_init(&f);
			seen_init(&s);
			line[max + (size_t)over] = '\n';
			for (size_t at = 0, all = max + (size_t)over + 1; at < all && rc == 0; at += piece)
				rc = sse_feed(&f, line + at, all - at < piece ? all - at : piece, take, &s);
			assert_int_equal(rc, over ? ERR_LIMIT : 0);
			assert_int_equal(s.n, over ? 0 : 1);
			line[max + (size_t)over] = 'x';
			buf_free(&s.all);
			sse_free(&f);
		}
	}
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_split),
	        cmocka_unit_test(nul_bytes_are_bytes),
	        cmocka_unit_test(callback_stops),
	        cmocka_unit_test(long_lines),
	};
	return cmocka_run_group_tests_name("load_sse", tests, NULL, NULL);
}
