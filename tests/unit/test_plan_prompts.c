/* The random data set against the reference's draws. */
#include "../../engine/plan/prompts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct prompt_set *make(int n, int isl, int osl, double ratio, uint32_t vocab)
{
	struct prompt_set *p = NULL;
	struct prompt_spec spec = {.n = n, .isl = isl, .osl = osl, .ratio = ratio, .vocab = vocab};
	struct err e = {0};
	assert_int_equal(prompts_make(&p, &spec, &e), 0);
	return p;
}

static void generator_is_mt19937(void **state)
{
	(void)state;
	static const uint32_t first[] = {2357136044u, 2546248239u, 3071714933u, 3626093760u};
	struct mt19937 m;
	mt_seed(&m, 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(mt_next(&m), first[i]);
	/* The C++ standard's check value: output 10,000 of seed 5489. */
	mt_seed(&m, 5489);
	uint32_t v = 0;
	for (int i = 0; i < 10000; i++)
		v = mt_next(&m);
	assert_int_equal(v, 4123659995u);
}

static void range_of_one_consumes_nothing(void **state)
{
	(void)state;
	struct mt19937 m;
	mt_seed(&m, 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(mt_range(&m, 8192, 8193), 8192);
	assert_int_equal(mt_next(&m), 2357136044u);
	for (int i = 0; i < 10000; i++) {
		uint32_t v = mt_range(&m, 5, 8);
		assert_in_range(v, 5, 7);
	}
	/* The widest range takes every output as it is. */
	mt_seed(&m, 0);
	assert_int_equal(mt_range(&m, 0, UINT32_MAX), 2357136044u);
}

static void json_is(const struct prompt_set *p, size_t i, const char *want)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_int_equal(prompts_json(p, i, &b), 0);
	assert_string_equal(buf_text(&b), want);
	assert_int_equal(b.len, strlen(want));
	buf_free(&b);
}

static void offsets_are_the_first_draws_with_fixed_lengths(void **state)
{
	(void)state;
	static const uint32_t offsets[] = {68268, 43567, 42613, 117952, 45891, 21243};
	struct prompt_set *p = make(6, 2, 3, 1, 128000);
	assert_int_equal(prompts_count(p), 6);
	for (uint32_t i = 0; i < 6; i++) {
		char want[64];
		uint32_t first = offsets[i] + i; /* the index of the request counts in */
		snprintf(want, sizeof want, "[%u,%u]", (unsigned)first, (unsigned)first + 1);
		json_is(p, i, want);
		assert_int_equal(prompts_input_len(p, i), 2);
		assert_int_equal(prompts_output_len(p, i), 3);
	}
	prompts_free(p);
}

static void lengths_at_ratio_08(void **state)
{
	(void)state;
	static const uint32_t lengths[] = {7237, 7112, 7769, 7388, 7316};
	struct prompt_set *p = make(5, 8192, 1024, 0.8, 128000);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(prompts_input_len(p, i), lengths[i]);
		assert_in_range(prompts_output_len(p, i), 819, 1024);
	}
	prompts_free(p);
	/* Bounds are inclusive and trunc()ed: 0.8 x 7 = 5.6 -> 5..7. */
	bool seen[8] = {false};
	p = make(1000, 7, 7, 0.8, 10);
	for (size_t i = 0; i < 1000; i++) {
		assert_in_range(prompts_input_len(p, i), 5, 7);
		seen[prompts_input_len(p, i)] = true;
	}
	assert_true(seen[5] && seen[6] && seen[7]);
	prompts_free(p);
}

static void ids_wrap_and_grow_digits(void **state)
{
	(void)state;
	static const uint32_t vocabs[] = {1, 2, 9, 10, 11, 99, 100, 101, 1000, 1001, 99999, 100001};
	for (size_t k = 0; k < sizeof vocabs / sizeof vocabs[0]; k++) {
		uint32_t vocab = vocabs[k];
		struct prompt_set *p = make(3, 2500, 1, 1, vocab);
		struct mt19937 m;
		mt_seed(&m, 0);
		for (uint32_t i = 0; i < 3; i++) {
			uint32_t offset = mt_range(&m, 0, vocab);
			struct buf b, want;
			buf_init(&b, 1 << 20);
			buf_init(&want, 1 << 20);
			for (uint32_t j = 0; j < 2500; j++)
				buf_printf(&want, "%c%u", j ? ',' : '[', (unsigned)((offset + i + j) % vocab));
			buf_addc(&want, ']');
			buf_adds(&b, "x");
			assert_int_equal(prompts_json(p, i, &b), 0);
			assert_string_equal(buf_text(&b) + 1, buf_text(&want));
			assert_int_equal(b.len, want.len + 1);
			buf_free(&b);
			buf_free(&want);
		}
		prompts_free(p);
	}
}

static void a_full_buffer_is_refused(void **state)
{
	(void)state;
	struct prompt_set *p = make(1, 8192, 1, 1, 128000);
	struct buf b;
	buf_init(&b, 1000);
	assert_int_equal(prompts_json(p, 0, &b), ERR_LIMIT);
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_free(&b);
	prompts_free(p);
}

static void impossible_specs_are_refused(void **state)
{
	(void)state;
	static const struct prompt_spec bad[] = {
	        {.n = 0, .isl = 1, .osl = 1, .ratio = 1, .vocab = 10},
	        {.n = 1000001, .isl = 1, .osl = 1, .ratio = 1, .vocab = 10},
	        {.n = 1, .isl = 0, .osl = 1, .ratio = 1, .vocab = 10},
	        {.n = 1, .isl = 1, .osl = -1, .ratio = 1, .vocab = 10},
	        {.n = 1, .isl = 1, .osl = 1, .ratio = 0, .vocab = 10},
	        {.n = 1, .isl = 1, .osl = 1, .ratio = 1.5, .vocab = 10},
	        {.n = 1, .isl = 1, .osl = 1, .ratio = 1, .vocab = 0},
	        {.n = 1, .isl = 3, .osl = 100, .ratio = 0.1, .vocab = 10}, /* would ask for no token */
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct prompt_set *p = NULL;
		struct err e = {0};
		assert_int_equal(prompts_make(&p, &bad[i], &e), ERR_USAGE);
		assert_null(p);
		assert_true(strlen(e.text) > 10);
	}
	prompts_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(generator_is_mt19937),
	        cmocka_unit_test(range_of_one_consumes_nothing),
	        cmocka_unit_test(offsets_are_the_first_draws_with_fixed_lengths),
	        cmocka_unit_test(lengths_at_ratio_08),
	        cmocka_unit_test(ids_wrap_and_grow_digits),
	        cmocka_unit_test(a_full_buffer_is_refused),
	        cmocka_unit_test(impossible_specs_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
