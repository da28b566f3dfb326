/* Text to tokens and back must be what the reference implementation makes of it, token for token: input lengths, and so
 * every figure per token, rest on it. The expectations in tests/data were made by that implementation. */
#include "../../engine/tokenizer/tokenizer_int.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

#define SMALL  "tests/data/tokenizer_small.json"
#define GOLDEN "tests/data/tokenizer_golden.txt"
#define LONG   100000

static struct tokenizer *t;
static struct tokenizer_work *w;

static int open_small(void **state)
{
	(void)state;
	struct err e = {0};
	if (tokenizer_open(&t, SMALL, &e) || tokenizer_work_open(&w, t, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	return 0;
}

static int close_small(void **state)
{
	(void)state;
	tokenizer_work_close(w);
	tokenizer_close(t);
	return 0;
}

static void encode(const char *text, size_t len, struct token_ids *ids)
{
	struct err e = {0};
	ids->n = 0;
	if (tokenizer_encode(t, w, text, len, ids, &e))
		fail_msg("%s", e.text);
}

static void decode(const uint32_t *ids, size_t n, struct buf *out)
{
	struct err e = {0};
	buf_clear(out);
	if (tokenizer_decode(t, ids, n, out, &e))
		fail_msg("%s", e.text);
}

static size_t unhex(const char *s, char *out)
{
	size_t n = 0;
	for (; s[0] && s[1]; s += 2) {
		char two[3] = {s[0], s[1], '\0'};
		out[n++] = (char)strtoul(two, NULL, 16);
	}
	return n;
}

static size_t parse_ids(char *s, uint32_t *ids)
{
	size_t n = 0;
	for (char *rest = s; *rest;) {
		ids[n++] = (uint32_t)strtoul(rest, &rest, 10);
		if (*rest == ',')
			rest++;
	}
	return n;
}

static void equals_the_reference(void **state)
{
	(void)state;
	static char line[1 << 16], kind[2], a[1 << 15], b[1 << 15], text[1 << 15];
	static uint32_t want[1 << 14];
	struct token_ids ids = {0};
	struct buf out;
	int encoded = 0, decoded = 0;
	FILE *f = fopen(GOLDEN, "re");
	assert_non_null(f);
	buf_init(&out, 1 << 20);
	while (fgets(line, sizeof line, f)) {
		b[0] = '\0';
		assert_true(sscanf(line, "%1s %32767s %32767s", kind, a, b) >= 2);
		bool e = kind[0] == 'E';
		size_t len = unhex(e ? a : b, text), n = parse_ids(e ? b : a, want);
		if (e) {
			encode(text, len, &ids);
			assert_int_equal(ids.n, n);
			assert_memory_equal(ids.ids, want, n * sizeof *want);
			encoded++;
		} else {
			decode(want, n, &out);
			assert_int_equal(out.len, len);
			assert_memory_equal(buf_text(&out), text, len);
			decoded++;
		}
	}
	fclose(f);
	assert_true(encoded > 50 && decoded > 30);
	token_ids_free(&ids);
	buf_free(&out);
}

static void sizes_are_the_references(void **state)
{
	(void)state;
	assert_int_equal(tokenizer_vocab_size(t), 1456); /* without the seven added ones */
	assert_int_equal(tokenizer_size(t), 1463);
	assert_int_equal(tokenizer_bos(t), 1456);
	assert_int_equal(strlen(tokenizer_sha256(t)), 64);
	assert_string_equal(tokenizer_path(t), SMALL);
}

/* What is not UTF-8 is read and written as Python's errors="replace" does: one U+FFFD for each maximal part. */
static void invalid_bytes_are_replaced(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *means;
	} table[] = {
	        {"a\xff"
	         "b",
	                "a\xef\xbf\xbd"
	                "b"},
	        {"\xe2\x82", "\xef\xbf\xbd"},
	        {"\xe2\x28\xa1", "\xef\xbf\xbd(\xef\xbf\xbd"},
	        {"\xf0\x9f\x98", "\xef\xbf\xbd"},
	        {"\xf0\x9f\x98x\x80", "\xef\xbf\xbdx\xef\xbf\xbd"},
	        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
	        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	        {"\xef\xbf\xbd", "\xef\xbf\xbd"},
	};
	struct token_ids got = {0}, want = {0};
	struct buf out;
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		encode(table[i].bytes, strlen(table[i].bytes), &got);
		encode(table[i].means, strlen(table[i].means), &want);
		assert_int_equal(got.n, want.n);
		assert_memory_equal(got.ids, want.ids, want.n * sizeof *want.ids);
		decode(want.ids, want.n, &out);
		assert_string_equal(buf_text(&out), table[i].means);
	}
	token_ids_free(&got);
	token_ids_free(&want);
	buf_free(&out);
}

/* A character cut between two tokens is whole again when both are decoded, and one mark when only half is there. */
static void halves_of_a_character_meet(void **state)
{
	(void)state;
	struct token_ids ids = {0};
	struct buf out;
	buf_init(&out, 1 << 16);
	encode("\xf0\x9f\xa6\x84", 4, &ids); /* not in the vocabulary: several tokens */
	assert_true(ids.n > 1);
	decode(ids.ids, ids.n, &out);
	assert_string_equal(buf_text(&out), "\xf0\x9f\xa6\x84");
	decode(ids.ids, ids.n - 1, &out);
	assert_string_equal(buf_text(&out), "\xef\xbf\xbd");
	uint32_t beyond[] = {ids.ids[0], 1463, 4000000000u};
	decode(beyond + 1, 2, &out); /* ids that are not there add nothing */
	assert_int_equal(out.len, 0);
	token_ids_free(&ids);
	buf_free(&out);
}

/* The rule itself, slowly: the pair of the lowest rank, the leftmost of those, until there is none. */
static size_t merge_slowly(const char *word, size_t len, uint32_t *ids)
{
	size_t n = len;
	for (size_t i = 0; i < len; i++)
		ids[i] = t->vocab.byte_id[(unsigned char)word[i]];
	for (;;) {
		const struct merge_slot *best = NULL;
		size_t at = 0;
		for (size_t i = 0; i + 1 < n; i++) {
			const struct merge_slot *m = vocab_merge(&t->vocab, ids[i], ids[i + 1]);
			if (m && (!best || m->rank < best->rank)) {
				best = m;
				at = i;
			}
		}
		if (!best)
			return n;
		ids[at] = best->id;
		memmove(ids + at + 1, ids + at + 2, (n - at - 2) * sizeof *ids);
		n--;
	}
}

/* Short and long words take two ways through the code: both must follow the rule. */
static void words_of_any_length_are_exact(void **state)
{
	(void)state;
	static char text[LONG];
	static uint32_t want[4096];
	struct token_ids ids = {0};
	struct buf out;
	buf_init(&out, 1 << 20);
	uint32_t x = 7;
	for (size_t i = 0; i < LONG; i++) {
		x = x * 1664525u + 1013904223u;
		text[i] = "aeioustrnlf"[(x >> 16) % 97 % 11];
	}
	for (size_t len = 1; len <= 3000; len += len < 120 ? 1 : 480) {
		const char *word = text + 7 * len;
		encode(word, len, &ids);
		size_t n = merge_slowly(word, len, want);
		assert_int_equal(ids.n, n);
		assert_memory_equal(ids.ids, want, n * sizeof *want);
	}
	encode(text, LONG, &ids);
	assert_true(ids.n < LONG);
	decode(ids.ids, ids.n, &out);
	assert_int_equal(out.len, LONG);
	assert_memory_equal(out.data, text, LONG);
	token_ids_free(&ids);
	buf_free(&out);
}

static void a_list_has_a_maximum(void **state)
{
	(void)state;
	struct token_ids ids = {.max = 3};
	struct err e = {0};
	assert_int_equal(tokenizer_encode(t, w, "the and of", 10, &ids, &e), 0);
	assert_int_equal(tokenizer_encode(t, w, "one more", 8, &ids, &e), ERR_LIMIT);
	assert_non_null(strstr(e.text, "3 tokens"));
	assert_true(ids.n <= 3);
	token_ids_free(&ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(equals_the_reference),
	        cmocka_unit_test(sizes_are_the_references),
	        cmocka_unit_test(invalid_bytes_are_replaced),
	        cmocka_unit_test(halves_of_a_character_meet),
	        cmocka_unit_test(words_of_any_length_are_exact),
	        cmocka_unit_test(a_list_has_a_maximum),
	};
	return cmocka_run_group_tests(tests, open_small, close_small);
}
