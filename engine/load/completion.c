/* The scan walks the text once, checks that it is JSON, and looks only at the members of the top-level object that
 * matter. Nothing is copied or allocated. As lenient as the parsers it stands for: any control character counts as
 * white space or as part of a string, unpaired surrogates pass, of members of one name the last counts. */
#include "completion.h"
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

static const char *const words[] = {
        [COMPLETION_OK] = "ok",
        [COMPLETION_CONNECT] = "no connection",
        [COMPLETION_HTTP] = "HTTP status",
        [COMPLETION_CUT] = "cut",
        [COMPLETION_PROTOCOL] = "protocol",
        [COMPLETION_USAGE] = "usage",
        [COMPLETION_STOPPED] = "stopped",
};

const char *completion_error_word(enum completion_error e)
{
	size_t i = (size_t)e;
	return i < sizeof words / sizeof words[0] ? words[i] : "?";
}

/* Every step takes the place where it begins and returns the place after, NULL when it is no JSON. */
static const char *blank(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ')
		p++;
	return p;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static const char *escape(const char *p, const char *end)
{
	p++; /* the backslash */
	if (p == end)
		return NULL;
	switch (*p) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 1;
	case 'u':
		if (end - p < 5 || !is_hex(p[1]) || !is_hex(p[2]) || !is_hex(p[3]) || !is_hex(p[4]))
			return NULL;
		return p + 5;
	default:
		return NULL;
	}
}

#define EACH(c)  (UINT64_C(0x0101010101010101) * (c))
#define ZEROS(x) (((x)-EACH(1)) & ~(x)&EACH(0x80)) /* the lowest set bit marks the first zero byte */

/* To the next quote or backslash, eight bytes at a time. */
static const char *plain(const char *p, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	while (end - p >= 8) {
		uint64_t x;
		memcpy(&x, p, 8);
		uint64_t quote = x ^ EACH('"'), slash = x ^ EACH('\\');
		uint64_t hit = ZEROS(quote) | ZEROS(slash);
		if (hit)
			return p + (__builtin_ctzll(hit) >> 3);
		p += 8;
	}
#endif
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* p stands on the opening quote. */
static const char *string(const char *p, const char *end)
{
	p++;
	for (;;) {
		p = plain(p, end);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		p = escape(p, end);
		if (!p)
			return NULL;
	}
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* Loose: leading zeros and a bare point pass, as in the parsers around. */
static const char *number(const char *p, const char *end)
{
	if (*p == '-')
		p++;
	const char *from = p;
	p = digits(p, end);
	size_t n = (size_t)(p - from);
	if (p < end && *p == '.') {
		from = ++p;
		p = digits(p, end);
		n += (size_t)(p - from);
	}
	if (n == 0)
		return NULL;
	if (p < end && (*p == 'e' || *p == 'E')) {
		const char *q = p + 1;
		if (q < end && (*q == '+' || *q == '-'))
			q++;
		const char *after = digits(q, end);
		if (after > q)
			p = after;
	}
	return p;
}

static const char *word(const char *p, const char *end, const char *text, size_t len)
{
	return (size_t)(end - p) >= len && memcmp(p, text, len) == 0 ? p + len : NULL;
}

static const char *value(const char *p, const char *end, int depth);

/* After a member: the place of the next one, or the end of the container (*closed). */
static const char *next_member(const char *p, const char *end, char close, bool *closed)
{
	p = blank(p, end);
	if (p == end)
		return NULL;
	*closed = *p == close;
	if (!*closed && *p != ',')
		return NULL;
	return *closed ? p + 1 : blank(p + 1, end);
}

/* p stands on a key: *key and *len say which, the result is the place of its value. */
static const char *member_key(const char *p, const char *end, const char **key, size_t *len)
{
	if (p == end || *p != '"')
		return NULL;
	const char *after = string(p, end);
	if (!after)
		return NULL;
	*key = p + 1;
	*len = (size_t)(after - p) - 2;
	p = blank(after, end);
	if (p == end || *p != ':')
		return NULL;
	p = blank(p + 1, end);
	return p == end ? NULL : p;
}

typedef const char *(*member_fn)(const char *p, const char *end, const char *key, size_t len, void *ctx);

static inline __attribute__((always_inline)) const char *object(
        const char *p, const char *end, member_fn member, void *ctx)
{
	bool closed = false;
	p = blank(p + 1, end);
	if (p == end)
		return NULL;
	if (*p == '}')
		return p + 1;
	while (!closed) {
		const char *key;
		size_t len;
		p = member_key(p, end, &key, &len);
		if (p)
			p = member(p, end, key, len, ctx);
		if (p)
			p = next_member(p, end, '}', &closed);
		if (!p)
			return NULL;
	}
	return p;
}

static const char *any_member(const char *p, const char *end, const char *key, size_t len, void *ctx)
{
	(void)key;
	(void)len;
	return value(p, end, *(const int *)ctx);
}

static const char *array(const char *p, const char *end, int depth, bool *empty)
{
	bool closed = false;
	p = blank(p + 1, end);
	if (p == end)
		return NULL;
	*empty = *p == ']';
	if (*empty)
		return p + 1;
	while (!closed) {
		if (p == end)
			return NULL;
		p = value(p, end, depth);
		if (p)
			p = next_member(p, end, ']', &closed);
		if (!p)
			return NULL;
	}
	return p;
}

/* Any value; p < end. depth counts what may still be nested. */
static const char *value(const char *p, const char *end, int depth)
{
	bool empty;
	switch (*p) {
	case '"':
		return string(p, end);
	case 'n':
		return word(p, end, "null", 4);
	case 't':
		return word(p, end, "true", 4);
	case 'f':
		return word(p, end, "false", 5);
	case '{':
		depth--;
		return depth > 0 ? object(p, end, any_member, &depth) : NULL;
	case '[':
		return depth > 1 ? array(p, end, depth - 1, &empty) : NULL;
	default:
		return *p == '-' || is_digit(*p) ? number(p, end) : NULL;
	}
}

/* A count of tokens: a whole number in 0..2^31-1, or -1. */
static int64_t token_count(const char *p, const char *end)
{
	char text[40];
	size_t n = (size_t)(end - p);
	if (n == 0 || n >= sizeof text || !is_digit(*p))
		return -1;
	if (n <= 9 && digits(p, end) == end) {
		int64_t v = 0;
		for (; p < end; p++)
			v = v * 10 + (*p - '0');
		return v;
	}
	memcpy(text, p, n);
	text[n] = '\0';
	double v = strtod(text, NULL);
	if (!(v >= 0 && v <= INT32_MAX))
		return -1;
	return (double)(int64_t)v == v ? (int64_t)v : -1;
}

#define IS(key, len, name) ((len) == sizeof(name) - 1 && memcmp(key, name, sizeof(name) - 1) == 0)

static const char *usage_member(const char *p, const char *end, const char *key, size_t len, void *ctx)
{
	struct completion_event *out = ctx;
	const char *after = value(p, end, DEPTH_MAX - 2);
	if (!after)
		return NULL;
	if (IS(key, len, "completion_tokens"))
		out->completion_tokens = token_count(p, after);
	else if (IS(key, len, "prompt_tokens"))
		out->prompt_tokens = token_count(p, after);
	return after;
}

static const char *usage_value(const char *p, const char *end, struct completion_event *out)
{
	out->prompt_tokens = out->completion_tokens = -1;
	const char *after = *p == '{' ? object(p, end, usage_member, out) : value(p, end, DEPTH_MAX - 1);
	out->usage = out->completion_tokens >= 0;
	return after;
}

struct top {
	struct completion_event *out;
	const char *error_text, *flat_text; /* strings without their quotes: error or error.message, and message */
	size_t error_len, flat_len;
	bool error_member, error_object;
};

static void string_note(const char *p, const char *after, const char **text, size_t *len)
{
	*text = NULL;
	*len = 0;
	if (*p == '"') {
		*text = p + 1;
		*len = (size_t)(after - p) - 2;
	}
}

static const char *error_value_member(const char *p, const char *end, const char *key, size_t len, void *ctx)
{
	struct top *t = ctx;
	const char *after = value(p, end, DEPTH_MAX - 2);
	if (after && IS(key, len, "message"))
		string_note(p, after, &t->error_text, &t->error_len);
	return after;
}

static const char *error_value(const char *p, const char *end, struct top *t)
{
	t->error_text = NULL;
	t->error_member = *p != 'n' && *p != 'f'; /* null and false are none */
	if (*p == '{')
		return object(p, end, error_value_member, t);
	const char *after = value(p, end, DEPTH_MAX - 1);
	if (after)
		string_note(p, after, &t->error_text, &t->error_len);
	return after;
}

static const char *choices_value(const char *p, const char *end, struct completion_event *out)
{
	bool empty = true;
	const char *after = *p == '[' ? array(p, end, DEPTH_MAX - 1, &empty) : value(p, end, DEPTH_MAX - 1);
	out->token = !empty;
	return after;
}

static const char *top_member(const char *p, const char *end, const char *key, size_t len, void *ctx)
{
	struct top *t = ctx;
	if (len == 7 && memcmp(key, "choices", 7) == 0)
		return choices_value(p, end, t->out);
	if (len == 5 && memcmp(key, "usage", 5) == 0)
		return usage_value(p, end, t->out);
	if (len == 5 && memcmp(key, "error", 5) == 0)
		return error_value(p, end, t);
	const char *after = value(p, end, DEPTH_MAX - 1);
	if (!after)
		return NULL;
	if (len == 6 && memcmp(key, "object", 6) == 0)
		t->error_object = after - p == 7 && memcmp(p, "\"error\"", 7) == 0;
	else if (len == 7 && memcmp(key, "message", 7) == 0)
		string_note(p, after, &t->flat_text, &t->flat_len);
	return after;
}

static const char *event_walk(const char *p, const char *end, struct top *t)
{
	p = blank(p, end);
	if (p == end || *p != '{')
		return NULL;
	p = object(p, end, top_member, t);
	return p && blank(p, end) == end ? p : NULL;
}

void completion_scan(const char *payload, size_t len, struct completion_event *out)
{
	struct top t = {.out = out};
	*out = (struct completion_event){.prompt_tokens = -1, .completion_tokens = -1};
	if (!event_walk(payload, payload + len, &t)) {
		*out = (struct completion_event){.malformed = true, .prompt_tokens = -1, .completion_tokens = -1};
		return;
	}
	out->error = t.error_member || t.error_object;
	if (t.error_member && t.error_text) {
		out->message = t.error_text;
		out->message_len = t.error_len;
	} else if (out->error && t.flat_text) {
		out->message = t.flat_text;
		out->message_len = t.flat_len;
	}
}
