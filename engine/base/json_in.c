#include "json.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* cJSON makes a node of some 64 bytes of every value, so a bound on the text is a bound on memory. */
#define JSON_IN_MAX ((size_t)64 << 20)

/* After a quote: the index behind the closing quote, or len. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
	while (i < len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < len ? i + 1 : len;
}

/* cJSON recurses with the nesting: an evil text would overflow the stack of a thread. */
static bool depth_within(const char *text, size_t len, int max_depth)
{
	int depth = 0;
	for (size_t i = 0; i < len;) {
		char c = text[i++];
		if (c == '"')
			i = skip_string(text, len, i);
		else if ((c == '[' || c == '{') && ++depth > max_depth)
			return false;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return true;
}

static int json_check(const char *text, size_t len, int max_depth, struct err *e)
{
	if (len > JSON_IN_MAX)
		return err_set(
		        e, ERR_LIMIT, "JSON of %zu bytes is larger than the %zu that are read", len, JSON_IN_MAX);
	if (len == 0)
		return err_set(e, ERR_PROTO, "not JSON: empty");
	const char *nul = memchr(text, '\0', len);
	if (nul)
		return err_set(e, ERR_PROTO, "not JSON: a zero byte at byte %zu", (size_t)(nul - text));
	if (!depth_within(text, len, max_depth))
		return err_set(e, ERR_PROTO, "JSON nested deeper than %d levels", max_depth);
	return 0;
}

/* copy is NUL-terminated at len. */
static int json_parse_copy(const char *copy, size_t len, cJSON **out, struct err *e)
{
	const char *end = NULL;
	*out = cJSON_ParseWithLengthOpts(copy, len + 1, &end, 1);
	if (*out)
		return 0;
	size_t at = end && end >= copy && end <= copy + len ? (size_t)(end - copy) : 0;
	char near[32];
	size_t rest = len - at;
	text_clean(near, sizeof near, copy + at, rest < 24 ? rest : 24);
	return err_set(e, ERR_PROTO, "not JSON: at byte %zu of %zu, near \"%s\"", at, len, near);
}

int json_parse(const char *text, size_t len, int max_depth, cJSON **out, struct err *e)
{
	*out = NULL;
	int rc = json_check(text, len, max_depth, e);
	if (rc)
		return rc;
	char *copy = malloc(len + 1);
	if (!copy)
		return err_set(e, ERR_NOMEM, "out of memory for %zu bytes of JSON", len);
	memcpy(copy, text, len);
	copy[len] = '\0';
	rc = json_parse_copy(copy, len, out, e);
	free(copy);
	return rc;
}

/* Length of a bare NaN, Infinity or -Infinity at text, 0 when there is none. */
static size_t bare_word(const char *text, size_t len)
{
	static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t n = strlen(words[i]);
		if (n <= len && memcmp(text, words[i], n) == 0)
			return n;
	}
	return 0;
}

int json_parse_lenient(const char *text, size_t len, int max_depth, cJSON **out, struct err *e)
{
	*out = NULL;
	int rc = json_check(text, len, max_depth, e);
	if (rc)
		return rc;
	struct buf b;
	buf_init(&b, len + len / 3 + 1); /* "NaN" grows by one byte */
	size_t done = 0;
	for (size_t i = 0; i < len;) {
		size_t word = bare_word(text + i, len - i);
		if (text[i] == '"') {
			i = skip_string(text, len, i + 1);
		} else if (word) {
			buf_add(&b, text + done, i - done);
			buf_adds(&b, "null");
			i += word;
			done = i;
		} else {
			i++;
		}
	}
	buf_add(&b, text + done, len - done);
	if (b.failed)
		rc = err_set(e, ERR_NOMEM, "out of memory for %zu bytes of JSON", len);
	else
		rc = json_parse_copy(buf_text(&b), b.len, out, e);
	buf_free(&b);
	return rc;
}

const cJSON *json_get(const cJSON *obj, const char *key)
{
	return cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;
}

const char *json_get_str(const cJSON *obj, const char *key, const char *fallback)
{
	const cJSON *v = json_get(obj, key);
	return cJSON_IsString(v) && v->valuestring ? v->valuestring : fallback;
}

double json_get_f64(const cJSON *obj, const char *key, double fallback)
{
	const cJSON *v = json_get(obj, key);
	return cJSON_IsNumber(v) ? v->valuedouble : fallback;
}

int64_t json_get_i64(const cJSON *obj, const char *key, int64_t fallback)
{
	double v = json_get_f64(obj, key, NAN);
	const double limit = 9223372036854775808.0; /* 2^63 itself is a double and no int64 */
	if (!(v >= -limit && v < limit) || v != floor(v))
		return fallback;
	return (int64_t)v;
}

bool json_get_bool(const cJSON *obj, const char *key, bool fallback)
{
	const cJSON *v = json_get(obj, key);
	return cJSON_IsBool(v) ? cJSON_IsTrue(v) != 0 : fallback;
}
