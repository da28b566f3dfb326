/* The bounded scan of a stream's event against cJSON: whatever cJSON reads as an object, both must say the same of it. */
#include "../../engine/load/completion.h"
#include "fuzz.h"
#include <cjson/cJSON.h>
#include <math.h>

#define SCAN_DEPTH  60 /* the scan refuses what is nested deeper than 63 */
#define LONG_NUMBER 39 /* characters of a count: beyond, the scan says absent */

/* What raw text says about where the two may differ on purpose. */
struct shape {
	int depth;
	size_t number; /* longest run of the characters of numbers outside strings */
	bool escaped;  /* a \u somewhere: the scan compares names as they are written */
	bool has_nul;
};

static struct shape shape_of(const char *s, size_t len)
{
	struct shape r = {0};
	int depth = 0;
	size_t run = 0;
	bool quoted = false;
	for (size_t i = 0; i < len; i++) {
		r.has_nul = r.has_nul || s[i] == '\0';
		r.escaped = r.escaped || (i > 0 && s[i] == 'u' && s[i - 1] == '\\');
		if (quoted) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				quoted = false;
			if (i < len && i > 0 && s[i] == 'u' && s[i - 1] == '\\')
				r.escaped = true;
			continue;
		}
		quoted = s[i] == '"';
		depth += s[i] == '[' || s[i] == '{';
		depth -= s[i] == ']' || s[i] == '}';
		r.depth = depth > r.depth ? depth : r.depth;
		run = s[i] && strchr("0123456789+-.eE", s[i]) ? run + 1 : 0;
		r.number = run > r.number ? run : r.number;
	}
	return r;
}

static const cJSON *last_member(const cJSON *object, const char *name)
{
	const cJSON *item, *found = NULL;
	if (!cJSON_IsObject(object))
		return NULL;
	cJSON_ArrayForEach(item, object) if (strcmp(item->string, name) == 0) found = item;
	return found;
}

static int64_t judge_count(const cJSON *usage, const char *name)
{
	const cJSON *v = last_member(usage, name);
	if (!cJSON_IsNumber(v) || signbit(v->valuedouble) || v->valuedouble > INT32_MAX ||
	        v->valuedouble != floor(v->valuedouble))
		return -1;
	return (int64_t)v->valuedouble;
}

static bool says_error(const cJSON *root)
{
	const cJSON *error = last_member(root, "error"), *object = last_member(root, "object");
	return (error && !cJSON_IsNull(error) && !cJSON_IsFalse(error)) ||
	       (cJSON_IsString(object) && strcmp(object->valuestring, "error") == 0);
}

/* The text that a reader would show for the error, NULL none. */
static const char *judge_message(const cJSON *root)
{
	const cJSON *error = last_member(root, "error"), *flat = last_member(root, "message");
	if (error && !cJSON_IsNull(error) && !cJSON_IsFalse(error)) {
		const cJSON *text = cJSON_IsString(error) ? error : last_member(error, "message");
		if (cJSON_IsString(text))
			return text->valuestring;
	}
	return cJSON_IsString(flat) ? flat->valuestring : NULL;
}

static void judge(const cJSON *root, const struct completion_event *ev)
{
	const cJSON *choices = last_member(root, "choices"), *usage = last_member(root, "usage");
	CHECK(!ev->malformed);
	CHECK(ev->token == (cJSON_IsArray(choices) && choices->child));
	CHECK(ev->completion_tokens == judge_count(usage, "completion_tokens"));
	CHECK(ev->prompt_tokens == judge_count(usage, "prompt_tokens"));
	CHECK(ev->usage == (ev->completion_tokens >= 0));
	CHECK(ev->error == says_error(root));
	const char *message = ev->error ? judge_message(root) : NULL;
	CHECK((message != NULL) == (ev->message != NULL));
	if (message && !memchr(ev->message, '\\', ev->message_len))
		CHECK(strlen(message) == ev->message_len && memcmp(message, ev->message, ev->message_len) == 0);
}

static void check_form(const char *payload, size_t len, const struct completion_event *ev)
{
	CHECK(ev->completion_tokens >= -1 && ev->completion_tokens <= INT32_MAX);
	CHECK(ev->prompt_tokens >= -1 && ev->prompt_tokens <= INT32_MAX);
	if (ev->message)
		CHECK(ev->message > payload && ev->message + ev->message_len < payload + len);
	else
		CHECK(ev->message_len == 0);
	if (ev->malformed)
		CHECK(!ev->token && !ev->usage && !ev->error && !ev->message && ev->completion_tokens == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct completion_event ev;
	char *payload = exact_copy(data, size), *text = string_copy(data, size);
	completion_scan(payload, size, &ev);
	check_form(payload, size, &ev);
	struct shape shape = shape_of(payload, size);
	bool bom = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
	cJSON *root = cJSON_ParseWithLengthOpts(text, size + 1, NULL, 1);
	bool comparable = !shape.has_nul && !shape.escaped && !bom && shape.depth <= SCAN_DEPTH;
	if (comparable && cJSON_IsObject(root) && shape.number <= LONG_NUMBER)
		judge(root, &ev);
	/* And nothing passes for an object that is none; cJSON reads at most 63 characters of a number. */
	if (comparable && !cJSON_IsObject(root) && shape.number < 63)
		CHECK(ev.malformed);
	cJSON_Delete(root);
	free(payload);
	free(text);
	return 0;
}
