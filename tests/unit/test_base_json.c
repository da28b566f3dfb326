/* JSON out must be byte for byte what Python writes; JSON in must survive anything a server sends. */
#include "../../engine/base/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <float.h>
#include <math.h>

static void repr_is_pythons(void **state)
{
	(void)state;
	static const struct {
		double v;
		const char *text;
	} table[] = {
	        {5e-324, "5e-324"},
	        {0.1, "0.1"},
	        {1e22, "1e+22"},
	        {1e16, "1e+16"},
	        {1e15, "1000000000000000.0"},
	        {9999999999999998.0, "9999999999999998.0"},
	        {123456789012345680.0, "1.2345678901234568e+17"},
	        {1e-5, "1e-05"},
	        {0.0001, "0.0001"},
	        {0.00012345678901234567, "0.00012345678901234567"},
	        {-0.0, "-0.0"},
	        {0.0, "0.0"},
	        {100.0, "100.0"},
	        {2.5e-308, "2.5e-308"},
	        {1.5e300, "1.5e+300"},
	        {1.0 / 3, "0.3333333333333333"},
	        {2.0 / 3, "0.6666666666666666"},
	        {0.1 + 0.2, "0.30000000000000004"},
	        {5e-5, "5e-05"},
	        {1764082800.123456, "1764082800.123456"},
	        {-1234.5, "-1234.5"},
	        {DBL_MAX, "1.7976931348623157e+308"},
	        {DBL_MIN, "2.2250738585072014e-308"},
	        {9007199254740993.0, "9007199254740992.0"},
	        /* powers of two, where the nearest short text is not the one that reads back */
	        {0x1p-44, "5.684341886080802e-14"},
	        {0x1p-1022 / 2, "1.1125369292536007e-308"},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		char out[32];
		assert_string_equal(json_repr(table[i].v, out), table[i].text);
		assert_true(strtod(out, NULL) == table[i].v);
	}
}

static void repr_reads_back(void **state)
{
	(void)state;
	uint64_t x = 88172645463325252u;
	for (int i = 0; i < 200000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		double v;
		char out[32];
		memcpy(&v, &x, sizeof v);
		if (isfinite(v))
			assert_true(strtod(json_repr(v, out), NULL) == v);
	}
}

static void write_sample(struct buf *b, enum json_style style)
{
	struct json_out j;
	buf_init(b, 4096);
	json_out_init(&j, b, style, false);
	json_object(&j);
	json_key(&j, "a");
	json_i64(&j, INT64_MIN);
	json_key(&j, "b");
	json_array(&j);
	json_f64(&j, 5);
	json_f64(&j, NAN);
	json_f64_g(&j, 1234567.0);
	json_array_end(&j);
	json_key(&j, "c");
	json_object(&j);
	json_object_end(&j);
	json_key(&j, "d");
	json_str(&j, NULL);
	json_key(&j, "e");
	json_bool(&j, true);
	json_object_end(&j);
	assert_int_equal(j.depth, 0);
}

static void styles_are_pythons(void **state)
{
	(void)state;
	struct buf b;
	write_sample(&b, JSON_COMPACT);
	assert_string_equal(buf_text(&b),
	        "{\"a\":-9223372036854775808,\"b\":[5.0,null,1.23457e+06],\"c\":{},\"d\":null,\"e\":true}");
	buf_free(&b);
	write_sample(&b, JSON_SPACED);
	assert_string_equal(buf_text(&b),
	        "{\"a\": -9223372036854775808, \"b\": [5.0, null, 1.23457e+06], \"c\": {}, \"d\": null, \"e\": true}");
	buf_free(&b);
	write_sample(&b, JSON_PRETTY);
	assert_string_equal(buf_text(&b), "{\n  \"a\": -9223372036854775808,\n  \"b\": [\n    5.0,\n    null,\n    "
	                                  "1.23457e+06\n  ],\n  \"c\": {},\n  \"d\": null,\n  \"e\": true\n}");
	buf_free(&b);
}

static void string_is(const char *s, size_t len, bool ascii, const char *want)
{
	struct buf b;
	struct json_out j;
	buf_init(&b, 4096);
	json_out_init(&j, &b, JSON_COMPACT, ascii);
	json_strn(&j, s, len);
	assert_string_equal(buf_text(&b), want);
	buf_free(&b);
}

static void strings_are_escaped(void **state)
{
	(void)state;
	string_is("a\"b\\c/\n\r\t\b\f\001\0x", 14, false, "\"a\\\"b\\\\c/\\n\\r\\t\\b\\f\\u0001\\u0000x\"");
	string_is("é😀\177", 7, true, "\"\\u00e9\\ud83d\\ude00\\u007f\"");
	string_is("é😀\177", 7, false, "\"é😀\177\"");
	string_is("x\xff\xed\xa0\x80", 5, true, "\"x\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void a_full_buffer_is_noticed(void **state)
{
	(void)state;
	struct buf b;
	struct json_out j;
	buf_init(&b, 20);
	json_out_init(&j, &b, JSON_COMPACT, false);
	json_array(&j);
	for (int i = 0; i < 100; i++)
		json_i64(&j, i);
	json_array_end(&j);
	assert_true(b.failed);
	buf_free(&b);
	buf_init(&b, 4096);
	json_out_init(&j, &b, JSON_COMPACT, false);
	for (int i = 0; i < JSON_OUT_DEPTH + 1; i++)
		json_array(&j);
	assert_true(b.failed);
	buf_free(&b);
}

static int parse(const char *text, size_t len, bool lenient, struct err *e)
{
	cJSON *v = NULL;
	/* Exactly sized, so that a sanitizer sees a read behind the end. */
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	int rc = lenient ? json_parse_lenient(copy, len, 16, &v, e) : json_parse(copy, len, 16, &v, e);
	assert_true((rc == 0) == (v != NULL));
	free(copy);
	cJSON_Delete(v);
	return rc;
}

static void hostile_text_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	        "", " ", "{", "{\"a\":1", "{\"a\":1}x", "[1,]", "nul", "\"abc", "\"\\", "[1]2", "{\"a\" 1}", "NaN"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct err e = {0};
		assert_int_equal(parse(bad[i], strlen(bad[i]), false, &e), ERR_PROTO);
		assert_true(strlen(e.text) > 5);
	}
	assert_int_equal(parse("[1]\0", 4, false, NULL), ERR_PROTO);
	assert_int_equal(parse("\"a\0b\"", 5, false, NULL), ERR_PROTO);
	assert_int_equal(parse(" [1, {\"a\": \"}]\"}] \n", 19, false, NULL), 0);
	size_t n = 2000000;
	char *deep = malloc(n);
	assert_non_null(deep);
	memset(deep, '[', n);
	assert_int_equal(parse(deep, n, false, NULL), ERR_PROTO);
	free(deep);
	/* brackets inside a string are no depth */
	assert_int_equal(parse("[\"[[[[[[[[[[[[[[[[[[[[\\\"[[[\"]", 29, false, NULL), 0);
}

static void lenient_takes_gradios_nan(void **state)
{
	(void)state;
	const char *text = "{\"a\":NaN,\"b\":[Infinity,-Infinity,1],\"c\":\"NaN \\\" Infinity\"}";
	cJSON *v = NULL;
	assert_int_equal(json_parse_lenient(text, strlen(text), 16, &v, NULL), 0);
	assert_true(cJSON_IsNull(json_get(v, "a")));
	assert_true(cJSON_IsNull(cJSON_GetArrayItem(json_get(v, "b"), 1)));
	assert_string_equal(json_get_str(v, "c", ""), "NaN \" Infinity");
	cJSON_Delete(v);
	assert_int_equal(parse("NaN", 3, true, NULL), 0);
	assert_int_equal(parse("[NaN,NaN,NaN,NaN,NaN]", 21, true, NULL), 0);
	assert_int_equal(parse("NaNa", 4, true, NULL), ERR_PROTO);
}

static void getters_fall_back(void **state)
{
	(void)state;
	const char *text = "{\"s\":\"x\",\"n\":3,\"f\":2.5,\"t\":true,\"z\":null,\"big\":1e300,\"N\":4}";
	cJSON *v = NULL;
	assert_int_equal(json_parse(text, strlen(text), 4, &v, NULL), 0);
	assert_string_equal(json_get_str(v, "s", "-"), "x");
	assert_string_equal(json_get_str(v, "n", "-"), "-");
	assert_int_equal(json_get_i64(v, "n", -1), 3);
	assert_int_equal(json_get_i64(v, "N", -1), 4);
	assert_int_equal(json_get_i64(v, "f", -1), -1);
	assert_int_equal(json_get_i64(v, "big", -1), -1);
	assert_int_equal(json_get_i64(v, "none", -1), -1);
	assert_true(json_get_f64(v, "f", 0) == 2.5);
	assert_true(isnan(json_get_f64(v, "z", NAN)));
	assert_true(json_get_bool(v, "t", false));
	assert_true(json_get_bool(v, "s", true));
	assert_null(json_get(NULL, "s"));
	cJSON_Delete(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(repr_is_pythons),
	        cmocka_unit_test(repr_reads_back),
	        cmocka_unit_test(styles_are_pythons),
	        cmocka_unit_test(strings_are_escaped),
	        cmocka_unit_test(a_full_buffer_is_noticed),
	        cmocka_unit_test(hostile_text_is_refused),
	        cmocka_unit_test(lenient_takes_gradios_nan),
	        cmocka_unit_test(getters_fall_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
