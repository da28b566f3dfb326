#include "../base/text.h"
#include "tokenizer_int.h"
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32

void tok_json_init(struct tok_json *j, const char *text, size_t len, struct err *e)
{
	*j = (struct tok_json){.text = text, .len = len, .e = e};
}

void tok_json_free(struct tok_json *j)
{
	free(j->scratch);
	j->scratch = NULL;
}

int tok_json_fail(struct tok_json *j, const char *what)
{
	char near[32];
	size_t at = j->at < j->len ? j->at : j->len, rest = j->len - at;
	text_clean(near, sizeof near, j->text + at, rest < 24 ? rest : 24);
	if (rest == 0)
		return err_set(j->e, ERR_PROTO, "%s at its end: it may be cut", what);
	return err_set(j->e, ERR_PROTO, "%s at byte %zu, near \"%s\"", what, at, near);
}

char tok_json_peek(struct tok_json *j)
{
	while (j->at < j->len) {
		char c = j->text[j->at];
		if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
			return c;
		j->at++;
	}
	return '\0';
}

int tok_json_enter(struct tok_json *j, char open)
{
	if (tok_json_peek(j) != open)
		return tok_json_fail(j, open == '{' ? "no object" : "no array");
	j->at++;
	return 0;
}

int tok_json_next(struct tok_json *j, char close, bool first)
{
	char c = tok_json_peek(j);
	if (c == close) {
		j->at++;
		return 0;
	}
	if (first)
		return 1;
	if (c != ',')
		return tok_json_fail(j, "no comma");
	j->at++;
	if (tok_json_peek(j) == close)
		return tok_json_fail(j, "nothing behind a comma");
	return 1;
}

/* ---- strings ---- */

/* The index of the closing quote; *escaped when there is a backslash before it. */
static int string_end(struct tok_json *j, size_t *end, bool *escaped)
{
	size_t i = j->at;
	*escaped = false;
	*end = i;
	for (; i < j->len && j->text[i] != '"'; i++) {
		if ((unsigned char)j->text[i] < ' ') {
			j->at = i;
			return tok_json_fail(j, "a control character in a string");
		}
		if (j->text[i] == '\\') {
			*escaped = true;
			i++;
		}
	}
	if (i >= j->len) {
		j->at = j->len;
		return tok_json_fail(j, "a string without end");
	}
	*end = i;
	return 0;
}

static bool hex4(const char *s, const char *end, uint32_t *v)
{
	*v = 0;
	for (int i = 0; i < 4; i++) {
		char c = s + i < end ? s[i] : '\0';
		unsigned digit;
		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			digit = (unsigned)((c | 32) - 'a' + 10);
		else
			return false;
		*v = *v << 4 | digit;
	}
	return true;
}

/* \uXXXX at s (behind the u), a pair of surrogates together; bytes read, 0 when it is none. */
static size_t unicode_escape(const char *s, const char *end, uint32_t *cp)
{
	uint32_t low;
	if (!hex4(s, end, cp) || (*cp >= 0xdc00 && *cp <= 0xdfff))
		return 0;
	if (*cp < 0xd800 || *cp > 0xdbff)
		return 4;
	if (end - s < 10 || s[4] != '\\' || s[5] != 'u' || !hex4(s + 6, end, &low) || low < 0xdc00 || low > 0xdfff)
		return 0;
	*cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
	return 10;
}

/* Unescapes s..end into out, which is as large; false when an escape means nothing. */
static bool unescape(const char *s, const char *end, char *out, size_t *len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char *o = out;
	while (s < end) {
		if (*s != '\\') {
			*o++ = *s++;
			continue;
		}
		const char *known = s[1] ? strchr(from, s[1]) : NULL;
		uint32_t cp;
		size_t n;
		if (known) {
			*o++ = to[known - from];
			s += 2;
		} else if (s[1] == 'u' && (n = unicode_escape(s + 2, end, &cp)) > 0) {
			o += utf8_encode(cp, o);
			s += 2 + n;
		} else {
			return false;
		}
	}
	*len = (size_t)(o - out);
	return true;
}

int tok_json_string(struct tok_json *j, const char **s, size_t *len)
{
	size_t end, start;
	bool escaped;
	if (tok_json_peek(j) != '"')
		return tok_json_fail(j, "no string");
	start = ++j->at;
	int rc = string_end(j, &end, &escaped);
	if (rc)
		return rc;
	*s = j->text + start;
	*len = end - start;
	if (escaped) {
		if (*len > j->scratch_cap) {
			char *more = realloc(j->scratch, *len * 2);
			if (!more)
				return err_set(j->e, ERR_NOMEM, "no memory for a string of %zu bytes", *len);
			j->scratch = more;
			j->scratch_cap = *len * 2;
		}
		if (!unescape(*s, j->text + end, j->scratch, len))
			return tok_json_fail(j, "a broken escape in a string");
		*s = j->scratch;
	}
	j->at = end + 1;
	return 0;
}

int tok_json_key(struct tok_json *j, const char **s, size_t *len)
{
	int rc = tok_json_string(j, s, len);
	if (rc)
		return rc;
	if (tok_json_peek(j) != ':')
		return tok_json_fail(j, "no colon");
	j->at++;
	return 0;
}

/* ---- other values ---- */

int tok_json_u32(struct tok_json *j, uint32_t *v)
{
	uint64_t n = 0;
	char c = tok_json_peek(j);
	size_t start = j->at;
	while (j->at < j->len && (c = j->text[j->at]) >= '0' && c <= '9' && n <= UINT32_MAX) {
		n = n * 10 + (uint64_t)(c - '0');
		j->at++;
	}
	if (j->at == start || n > UINT32_MAX || c == '.' || (c | 32) == 'e' ||
	        (j->text[start] == '0' && j->at > start + 1)) {
		j->at = start;
		return tok_json_fail(j, "no whole number from 0 to 4294967295");
	}
	*v = (uint32_t)n;
	return 0;
}

static int skip_scalar(struct tok_json *j)
{
	static const char *const words[] = {"true", "false", "null"};
	const char *s = j->text + j->at;
	size_t left = j->len - j->at, n;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		n = strlen(words[i]);
		if (left >= n && memcmp(s, words[i], n) == 0) {
			j->at += n;
			return 0;
		}
	}
	for (n = 0; n < left && s[n] && strchr("+-.0123456789eE", s[n]); n++)
		;
	if (n == 0)
		return tok_json_fail(j, "no JSON value");
	j->at += n;
	return 0;
}

/* One value, without recursion: the open brackets are kept in a string. */
int tok_json_skip(struct tok_json *j, uint32_t *elements)
{
	char open[DEPTH_MAX];
	int depth = 0, rc = 0;
	uint32_t n = 0;
	bool first = true;
	do {
		if (depth > 0) {
			rc = tok_json_next(j, open[depth - 1], first);
			if (rc < 0)
				return rc;
			first = false;
			if (rc == 0) {
				depth--;
				continue;
			}
			n += depth == 1;
			const char *key;
			size_t len;
			if (open[depth - 1] == '}' && (rc = tok_json_key(j, &key, &len)) < 0)
				return rc;
		}
		char c = tok_json_peek(j);
		if (c == '{' || c == '[') {
			if (depth == DEPTH_MAX)
				return tok_json_fail(j, "nested too deeply");
			open[depth++] = c == '{' ? '}' : ']';
			first = true;
			j->at++;
		} else if (c == '"') {
			size_t end;
			bool escaped;
			j->at++;
			if ((rc = string_end(j, &end, &escaped)) < 0)
				return rc;
			j->at = end + 1;
		} else if ((rc = skip_scalar(j)) < 0) {
			return rc;
		}
	} while (depth > 0);
	if (elements)
		*elements = n;
	return 0;
}
