#include "flat.h"
#include "../base/text.h"
#include <float.h>
#include <math.h>
#include <string.h>

static void skip_blanks(struct flat *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n'))
		r->at++;
}

static bool take(struct flat *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Four hex digits at s[0..len), -1 when they are not there. */
static int32_t hex_unit(const char *s, size_t len)
{
	int32_t v = 0;
	if (len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = hex_digit(s[i]);
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

static bool take_string(struct flat *r, const char **raw, size_t *len)
{
	if (!take(r, '"'))
		return false;
	*raw = r->at;
	while (r->at < r->end && *r->at != '"') {
		if ((unsigned char)*r->at < 0x20)
			return false;
		if (*r->at++ != '\\')
			continue;
		if (r->at == r->end || !*r->at || !strchr("\"\\/bfnrtu", *r->at))
			return false;
		if (*r->at++ == 'u') {
			if (hex_unit(r->at, (size_t)(r->end - r->at)) < 0)
				return false;
			r->at += 4;
		}
	}
	*len = (size_t)(r->at - *raw);
	return take(r, '"');
}

static bool take_digits(struct flat *r)
{
	const char *start = r->at;
	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return r->at > start;
}

static bool take_number(struct flat *r)
{
	take(r, '-');
	if (!take(r, '0') && !take_digits(r))
		return false;
	if (take(r, '.') && !take_digits(r))
		return false;
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '+'))
			take(r, '-');
		return take_digits(r);
	}
	return true;
}

static bool take_word(struct flat *r, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

/* Only brackets and strings are checked: nobody reads what is inside. */
static bool take_nested(struct flat *r)
{
	size_t depth = 0;
	while (r->at < r->end) {
		const char *raw;
		size_t len;
		char c = *r->at;
		if (c == '"') {
			if (!take_string(r, &raw, &len))
				return false;
			continue;
		}
		r->at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return true;
	}
	return false;
}

static bool take_value(struct flat *r, struct flat_value *v)
{
	if (r->at == r->end)
		return false;
	const char *start = v->raw = r->at;
	bool ok;
	switch (*start) {
	case '"':
		v->type = FLAT_STRING;
		return take_string(r, &v->raw, &v->len);
	case '{':
	case '[':
		v->type = FLAT_NESTED;
		ok = take_nested(r);
		break;
	case 't':
		v->type = FLAT_TRUE;
		ok = take_word(r, "true");
		break;
	case 'f':
		v->type = FLAT_FALSE;
		ok = take_word(r, "false");
		break;
	case 'n':
		v->type = FLAT_NULL;
		ok = take_word(r, "null");
		break;
	default:
		v->type = FLAT_NUMBER;
		ok = take_number(r);
		break;
	}
	v->len = (size_t)(r->at - start);
	return ok;
}

int flat_begin(struct flat *r, const char *text, size_t len)
{
	*r = (struct flat){.at = text, .end = text + len, .first = true};
	skip_blanks(r);
	return take(r, '{') ? 1 : -1;
}

int flat_next(struct flat *r, struct flat_member *m)
{
	skip_blanks(r);
	if (take(r, '}')) {
		skip_blanks(r);
		return r->at == r->end ? 0 : -1;
	}
	if (!r->first && !take(r, ','))
		return -1;
	r->first = false;
	skip_blanks(r);
	if (!take_string(r, &m->key, &m->key_len))
		return -1;
	skip_blanks(r);
	if (!take(r, ':'))
		return -1;
	skip_blanks(r);
	return take_value(r, &m->value) ? 1 : -1;
}

bool flat_key_is(const struct flat_member *m, const char *name)
{
	return strlen(name) == m->key_len && memcmp(name, m->key, m->key_len) == 0;
}

/* The code point of the escape behind a backslash at s; *used counts the bytes after the backslash. */
static uint32_t unescape(const char *s, size_t len, size_t *used)
{
	static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
	*used = 1;
	if (s[0] != 'u') {
		const char *letter = strchr(letters, s[0]);
		return (uint32_t)(unsigned char)(letter ? controls[letter - letters] : s[0]);
	}
	*used = 5;
	uint32_t unit = (uint32_t)hex_unit(s + 1, len - 1);
	if (unit < 0xd800 || unit > 0xdbff || len < 11 || s[5] != '\\' || s[6] != 'u')
		return unit; /* half of a pair alone is encoded as U+FFFD */
	int32_t low = hex_unit(s + 7, len - 7);
	if (low < 0xdc00 || low > 0xdfff)
		return unit;
	*used = 11;
	return 0x10000 + ((unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
}

size_t flat_string(const struct flat_value *v, char *out, size_t cap)
{
	size_t at = 0;
	for (size_t i = 0; i < v->len;) {
		char text[4] = {v->raw[i]};
		size_t n = 1, used = 0;
		if (v->raw[i] == '\\')
			n = utf8_encode(unescape(v->raw + i + 1, v->len - i - 1, &used), text);
		i += 1 + used;
		if (n >= cap - at)
			break;
		memcpy(out + at, text, n);
		at += n;
	}
	out[at] = '\0';
	return at;
}

static bool number_text(const struct flat_value *v, char out[64])
{
	if (v->type != FLAT_NUMBER || v->len >= 64)
		return false;
	memcpy(out, v->raw, v->len);
	out[v->len] = '\0';
	return true;
}

bool flat_i64(const struct flat_value *v, int64_t *out)
{
	char text[64];
	double d;
	if (!number_text(v, text))
		return false;
	if (text_to_i64(text, INT64_MIN, INT64_MAX, out))
		return true;
	/* 5.0 or 1e3, as another writer might put it */
	if (!text_to_f64(text, -0x1p53, 0x1p53, &d) || d != floor(d))
		return false;
	*out = (int64_t)d;
	return true;
}

bool flat_f64(const struct flat_value *v, double *out)
{
	char text[64];
	return number_text(v, text) && text_to_f64(text, -DBL_MAX, DBL_MAX, out);
}
