/* tokencount: a walk over the members of the request, and the engine's tokenizer (see tokencount.h). */
#include "tokencount.h"

#include "../../engine/tokenizer/tokenizer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tokencount {
	struct tokenizer *tokenizer;
	struct tokenizer_work *work;
};

struct tokencount *tokencount_open(const char *path, char *why, size_t cap)
{
	struct tokencount *t = calloc(1, sizeof *t);
	struct err e = {0};

	if (t && tokenizer_open(&t->tokenizer, path, &e) == 0 && tokenizer_work_open(&t->work, t->tokenizer, &e) == 0)
		return t;
	snprintf(why, cap, "%s", t ? e.text : "out of memory");
	if (t)
		tokenizer_close(t->tokenizer);
	free(t);
	return NULL;
}

/* p on a quote: behind the closing one, NULL when there is none. */
static const char *string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : NULL;
}

/* Behind the value at p: at the comma or bracket that follows it. */
static const char *value_end(const char *p, const char *end)
{
	for (int depth = 0; p && p < end; p++) {
		if (*p == '"') {
			p = string_end(p, end);
			if (!p)
				return NULL;
			p--;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			if (depth-- == 0)
				return p;
		} else if (*p == ',' && depth == 0) {
			return p;
		}
	}
	return p;
}

static const char *blank(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p))
		p++;
	return p;
}

/* The opening quote of the string "prompt", NULL when the object has none. */
static const char *find_prompt(const char *p, const char *end)
{
	p = blank(p, end);
	if (p == end || *p != '{')
		return NULL;
	do {
		p = blank(p + 1, end);
		const char *key = p;
		if (p == end || *p != '"' || !(p = string_end(p, end)))
			return NULL;
		bool found = p - key == 8 && memcmp(key, "\"prompt\"", 8) == 0;
		p = blank(p, end);
		if (p == end || *p != ':')
			return NULL;
		p = blank(p + 1, end);
		if (found)
			return p < end && *p == '"' ? p : NULL;
		p = value_end(p, end);
	} while (p && p < end && *p == ',');
	return NULL;
}

static uint32_t hex4(const char *p)
{
	char digits[5] = {p[0], p[1], p[2], p[3], 0};
	return (uint32_t)strtoul(digits, NULL, 16);
}

static char *put_utf8(char *to, uint32_t cp)
{
	int more = cp < 0x80 ? 0 : cp < 0x800 ? 1 : cp < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
	*to++ = (char)(lead[more] | cp >> (6 * more));
	while (more-- > 0)
		*to++ = (char)(0x80 | (cp >> (6 * more) & 0x3f));
	return to;
}

/* The string at p without its escapes into out, which has room for all of it; NULL when it is cut. */
static char *unescape(const char *p, const char *end, char *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	for (p++; p < end && *p != '"'; p++) {
		if (*p != '\\') {
			*out++ = *p;
			continue;
		}
		if (++p == end)
			return NULL;
		const char *short_form = *p ? strchr(from, *p) : NULL;
		if (short_form) {
			*out++ = to[short_form - from];
		} else if (*p == 'u' && end - p > 4) {
			uint32_t cp = hex4(p + 1);
			p += 4;
			if (cp >= 0xd800 && cp < 0xdc00 && end - p > 6 && p[1] == '\\' && p[2] == 'u') {
				cp = 0x10000 + ((cp - 0xd800) << 10) + (hex4(p + 3) - 0xdc00);
				p += 6;
			}
			out = put_utf8(out, cp);
		} else {
			*out++ = *p;
		}
	}
	return p < end ? out : NULL;
}

bool tokencount_prompt(struct tokencount *t, const char *body, size_t len, size_t *out)
{
	const char *end = body + len, *p = find_prompt(body, end);
	struct token_ids ids = {0};
	struct err e = {0};
	bool good = false;
	char *text = p ? malloc((size_t)(end - p) + 1) : NULL;

	if (text) {
		char *stop = unescape(p, end, text);
		good = stop && tokenizer_encode(t->tokenizer, t->work, text, (size_t)(stop - text), &ids, &e) == 0;
		*out = ids.n + (tokenizer_bos(t->tokenizer) >= 0 ? 1 : 0);
	}
	token_ids_free(&ids);
	free(text);
	return good;
}
