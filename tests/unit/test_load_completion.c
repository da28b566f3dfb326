/* The scan of one event, held against cJSON: on every line of every shape, on traps, and on mutations of both. */
#include "../../engine/load/completion.h"
#include "../peer/shapes.h"
#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <math.h>

/* What a full parse says, of members of one name the last. */
static const cJSON *last_member(const cJSON *obj, const char *key)
{
	const cJSON *found = NULL, *i;
	cJSON_ArrayForEach(i, obj) if (i->string && strcmp(i->string, key) == 0) found = i;
	return found;
}

static int64_t judge_count(const cJSON *v)
{
	if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0 && v->valuedouble <= INT32_MAX) || signbit(v->valuedouble))
		return -1;
	return v->valuedouble == floor(v->valuedouble) ? (int64_t)v->valuedouble : -1;
}

static void judge(const char *text, size_t len, struct completion_event *out)
{
	const char *end = NULL;
	*out = (struct completion_event){.prompt_tokens = -1, .completion_tokens = -1, .malformed = true};
	cJSON *j = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (!j)
		return;
	while (end < text + len && (unsigned char)*end <= ' ')
		end++;
	out->malformed = !cJSON_IsObject(j) || end != text + len;
	if (!out->malformed) {
		const cJSON *choices = last_member(j, "choices"), *usage = last_member(j, "usage"),
		            *error = last_member(j, "error"), *object = last_member(j, "object");
		out->token = cJSON_IsArray(choices) && cJSON_GetArraySize(choices) > 0;
		if (cJSON_IsObject(usage)) {
			out->completion_tokens = judge_count(last_member(usage, "completion_tokens"));
			out->prompt_tokens = judge_count(last_member(usage, "prompt_tokens"));
			out->usage = out->completion_tokens >= 0;
		}
		out->error = (error && !cJSON_IsNull(error) && !cJSON_IsFalse(error)) ||
		             (cJSON_IsString(object) && strcmp(object->valuestring, "error") == 0);
	}
	cJSON_Delete(j);
}

/* The scan of a copy that ends exactly where the text does, so that reading beyond it is seen. */
static void scan_copy(const char *text, size_t len, struct completion_event *out)
{
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	completion_scan(copy, len, out);
	out->message = out->message ? text + (out->message - copy) : NULL;
	free(copy);
}

static bool same(const struct completion_event *a, const struct completion_event *b)
{
	return a->token == b->token && a->usage == b->usage && a->error == b->error && a->malformed == b->malformed &&
	       a->prompt_tokens == b->prompt_tokens && a->completion_tokens == b->completion_tokens;
}

static bool is_hex4(const char *p, size_t len)
{
	return len >= 4 && strspn(p, "0123456789abcdefABCDEF") >= 4;
}

/* Where the two differ by design: cJSON takes an escape with bad digits and rejects a surrogate without its other half,
 * and it ends a name at a NUL. */
static bool is_odd(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0')
			return true;
		if (i + 2 >= len || text[i] != '\\' || text[i + 1] != 'u')
			continue;
		char digits[5] = {0};
		memcpy(digits, text + i + 2, len - i - 2 < 4 ? len - i - 2 : 4);
		if (!is_hex4(digits, strlen(digits)) || (digits[0] | 32) == 'd')
			return true;
	}
	return false;
}

static void holds(const char *text, size_t len)
{
	struct completion_event got, want;
	judge(text, len, &want);
	scan_copy(text, len, &got);
	if (same(&got, &want) || is_odd(text, len))
		return;
	fail_msg(
	        "scan: token %d usage %d error %d malformed %d tokens %lld %lld; cJSON: %d %d %d %d %lld %lld; text: %.*s",
	        got.token, got.usage, got.error, got.malformed, (long long)got.prompt_tokens,
	        (long long)got.completion_tokens, want.token, want.usage, want.error, want.malformed,
	        (long long)want.prompt_tokens, (long long)want.completion_tokens, (int)len, text);
}

static const char *const traps[] = {
        "{\"choices\":[{\"text\":\"x\"}]}",
        "{\"choices\":[]}",
        "{ \"choices\" : [ ] }",
        "{\"choices\":[ \t]}",
        "{\"choices\":null}",
        "{\"choices\":{}}",
        "{\"choices\":\"[1]\"}",
        "{\"choices\":[null]}",
        "{\"choices\":[[]]}",
        "{\"choices\":[{\"text\":\"\\\"choices\\\":[]\"}]}",
        "{\"choices\":[{\"text\":\"}]}\\\\\"}],\"usage\":null}",
        "{\"text\":\"\\\"choices\\\":[1]\"}",
        "{\"text\":\"\\\\\\\"\",\"choices\":[1]}",
        "{\"text\":\"\\\\\",\"choices\":[1]}",
        "{\"nested\":{\"choices\":[1],\"usage\":{\"completion_tokens\":9},\"error\":1}}",
        "{\"choices\":[{\"choices\":[],\"usage\":{\"completion_tokens\":9},\"error\":{\"message\":\"no\"}}]}",
        "{\"usage\":{\"completion_tokens\":7}}",
        "{\"usage\":{\"completion_tokens\":7,\"prompt_tokens\":5,\"total_tokens\":12},\"choices\":[]}",
        "{\"usage\":{\"prompt_tokens_details\":{\"completion_tokens\":99},\"completion_tokens\":7}}",
        "{\"usage\":{\"prompt_tokens_details\":[{\"completion_tokens\":99}]}}",
        "{\"usage\":{}}",
        "{\"usage\":null}",
        "{\"usage\":[]}",
        "{\"usage\":{\"completion_tokens\":null}}",
        "{\"usage\":{\"completion_tokens\":-3}}",
        "{\"usage\":{\"completion_tokens\":\"3\"}}",
        "{\"usage\":{\"completion_tokens\":3.0}}",
        "{\"usage\":{\"completion_tokens\":3.5}}",
        "{\"usage\":{\"completion_tokens\":3e2}}",
        "{\"usage\":{\"completion_tokens\":2147483647}}",
        "{\"usage\":{\"completion_tokens\":2147483648}}",
        "{\"usage\":{\"completion_tokens\":99999999999999999999999}}",
        "{\"usage\":{\"completion_tokens\":0}}",
        "{\"usage\":{\"completion_tokens\":3},\"usage\":null}",
        "{\"usage\":{\"completion_tokens\":3},\"usage\":{\"completion_tokens\":4}}",
        "{\"usage\" :\t{ \"completion_tokens\"\r\n: 3 } }",
        "{\"error\":null,\"choices\":[1]}",
        "{\"error\":false}",
        "{\"error\":true}",
        "{\"error\":\"text\"}",
        "{\"error\":{}}",
        "{\"error\":{\"message\":\"m\",\"code\":500}}",
        "{\"error\":0}",
        "{\"error\":[]}",
        "{\"object\":\"error\",\"message\":\"out of memory\"}",
        "{\"object\":\"errors\"}",
        "{\"object\":\"error \"}",
        "{\"object\":[\"error\"]}",
        "{\"object\":\"text_completion\",\"message\":\"m\"}",
        "{\"text\":\"\xe4\xbd\xa0\xf0\x9f\x98\x80\xff\"}",
        "{\"text\":\"\\ud83d\\ude00 \\u0022choices\\u0022\",\"choices\":[1]}",
        "{\"text\":\"\\x41\"}",
        "{}",
        "{ }",
        "[]",
        "[1,2,{\"choices\":[1]}]",
        "null",
        "\"choices\"",
        "12",
        "",
        " ",
        "{",
        "}",
        "{}}",
        "{}{}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":tru}",
        "{\"a\":truex}",
        "{\"a\":nullx}",
        "{\"a\":01,\"b\":1.,\"c\":-.5,\"d\":1e5,\"e\":-0,\"f\":1E+2}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":1.2.3}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":\"unfinished}",
        "{\"a\":\"ends in escape\\",
        "{\"a\":\"\\u12",
        "{\"a\":\"b\"\"c\":1}",
        "{\"a\" 1}",
        "{\"choices\":[{\"text\":\"x\"}}",
        "{\"choices\":[{\"text\":\"x\"]}",
        "{\"a\":[[[[[[[[[[]]]]]]]]]],\"choices\":[1]}",
        "\x01{\"choices\":[1]}\x02",
};

#define N_TRAPS (sizeof traps / sizeof traps[0])

static void traps_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TRAPS; i++)
		holds(traps[i], strlen(traps[i]));
}

/* Cut anywhere, an event is no event. */
static void truncated_is_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TRAPS; i++)
		for (size_t n = 0; n < strlen(traps[i]); n++)
			holds(traps[i], n);
}

/* Calls fn with every line of every shape, the chunk sizes of their framing among them. */
static void each_line(void (*fn)(const char *p, size_t len))
{
	size_t n;
	const struct peer_shape *s = peer_shapes(&n);
	assert_non_null(s);
	for (size_t i = 0; i < n; i++)
		for (size_t b = 0; b < s[i].script.n_blocks; b++) {
			const char *p = s[i].script.blocks[b].data, *end = p + s[i].script.blocks[b].len;
			while (p < end) {
				const char *nl = memchr(p, '\n', (size_t)(end - p));
				const char *to = nl ? nl : end;
				if (to - p > 6 && memcmp(p, "data: ", 6) == 0)
					p += 6;
				if (to > p)
					fn(p, (size_t)(to - p));
				p = to + 1;
			}
		}
}

static void shapes_hold(void **state)
{
	(void)state;
	each_line(holds);
}

static uint64_t seed = 42;

static uint32_t draw(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

#define FUZZ_MAX 600

static size_t mutate(char *t, size_t len)
{
	static const char bytes[] = "{}[]\",:\\/0129.-+eEtfnu dD\n\t\x7f\xff\xe2";
	size_t at = draw((uint32_t)len), n = 1 + draw(6);
	switch (draw(5)) {
	case 0: /* another byte */
		t[at] = bytes[draw(sizeof bytes - 1)];
		return len;
	case 1: /* one more byte */
		if (len >= FUZZ_MAX)
			return len;
		memmove(t + at + 1, t + at, len - at);
		t[at] = bytes[draw(sizeof bytes - 1)];
		return len + 1;
	case 2: /* some bytes less */
		if (n >= len - at)
			return at ? at : len;
		memmove(t + at, t + at + n, len - at - n);
		return len - n;
	case 3: { /* a piece of it again, elsewhere */
		size_t from = draw((uint32_t)len), k = 1 + draw(60);
		char piece[64];
		if (k > len - from)
			k = len - from;
		if (len + k > FUZZ_MAX)
			return len;
		memcpy(piece, t + from, k);
		memmove(t + at + k, t + at, len - at);
		memcpy(t + at, piece, k);
		return len + k;
	}
	default: /* two bytes change places */
		n = draw((uint32_t)len);
		char c = t[at];
		t[at] = t[n];
		t[n] = c;
		return len;
	}
}

static unsigned parsed, rejected;

static void fuzz_line(const char *p, size_t len)
{
	if (len > FUZZ_MAX - 100)
		return;
	for (int round = 0; round < 300; round++) {
		char t[FUZZ_MAX + 64];
		size_t n = len;
		memcpy(t, p, len);
		for (uint32_t k = 1 + draw(3); k > 0 && n > 0; k--)
			n = mutate(t, n);
		holds(t, n);
		struct completion_event ev;
		completion_scan(t, n, &ev);
		*(ev.malformed ? &rejected : &parsed) += 1;
	}
}

static void mutations_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TRAPS; i++)
		if (traps[i][0])
			fuzz_line(traps[i], strlen(traps[i]));
	each_line(fuzz_line);
	assert_true(parsed > 10000 && rejected > 10000); /* both ways are well trodden */
}

static void message_is(const char *text, const char *want)
{
	struct completion_event ev;
	completion_scan(text, strlen(text), &ev);
	if (!want) {
		assert_null(ev.message);
		return;
	}
	assert_non_null(ev.message);
	assert_int_equal(ev.message_len, strlen(want));
	assert_memory_equal(ev.message, want, ev.message_len);
}

static void messages(void **state)
{
	(void)state;
	message_is("{\"error\":{\"code\":500,\"message\":\"out of memory\"}}", "out of memory");
	message_is("{\"error\":\"plain text\"}", "plain text");
	message_is("{\"object\":\"error\",\"message\":\"flat\"}", "flat");
	message_is("{\"message\":\"flat\",\"object\":\"error\"}", "flat");
	message_is("{\"error\":{\"code\":1},\"message\":\"flat\"}", "flat");
	message_is("{\"error\":{\"message\":null}}", NULL);
	message_is("{\"message\":\"no error\"}", NULL);
	message_is("{\"error\":{\"message\":\"cut", NULL);
	message_is("{\"error\":{\"message\":\"\"}}", "");
}

static void deep_nesting_ends(void **state)
{
	(void)state;
	size_t n = 200000;
	char *t = malloc(n);
	struct completion_event ev;
	assert_non_null(t);
	memset(t, '[', n);
	memcpy(t, "{\"choices\":", 11);
	completion_scan(t, n, &ev);
	assert_true(ev.malformed && !ev.token);
	for (size_t i = 11; i + 5 <= n; i += 5)
		memcpy(t + i, "{\"a\":", 5);
	completion_scan(t, n, &ev);
	assert_true(ev.malformed);
	free(t);
}

/* Where the scan is stricter or more lenient than the judge. */
static void own_rules(void **state)
{
	(void)state;
	static const char bad[] = "{\"text\":\"\\u12G4\"}", lone[] = "{\"choices\":[\"\\ud83d\"]}",
	                  nul[] = "{\"choices\":[\"a\0b\"]}";
	struct completion_event ev;
	completion_scan(bad, sizeof bad - 1, &ev);
	assert_true(ev.malformed);
	completion_scan(lone, sizeof lone - 1, &ev);
	assert_true(ev.token && !ev.malformed);
	completion_scan(nul, sizeof nul - 1, &ev);
	assert_true(ev.token && !ev.malformed);
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(completion_error_word(COMPLETION_OK), "ok");
	assert_string_equal(completion_error_word(COMPLETION_STOPPED), "stopped");
	assert_string_equal(completion_error_word((enum completion_error)99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(traps_hold),
	        cmocka_unit_test(truncated_is_malformed),
	        cmocka_unit_test(shapes_hold),
	        cmocka_unit_test(mutations_hold),
	        cmocka_unit_test(messages),
	        cmocka_unit_test(deep_nesting_ends),
	        cmocka_unit_test(own_rules),
	        cmocka_unit_test(words),
	};
	return cmocka_run_group_tests_name("load_completion", tests, NULL, NULL);
}
