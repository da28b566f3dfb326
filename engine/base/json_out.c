#include "json.h"
#include "text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_out_init(struct json_out *j, struct buf *b, enum json_style style, bool ascii)
{
	*j = (struct json_out){.b = b, .style = style, .ascii = ascii};
}

static void json_newline(struct json_out *j)
{
	buf_addc(j->b, '\n');
	for (int i = 0; i < j->depth; i++)
		buf_add(j->b, "  ", 2);
}

/* What stands between two members, or between a bracket and the first one. */
static void json_separate(struct json_out *j)
{
	if (j->depth == 0)
		return;
	bool *empty = &j->empty[j->depth - 1];
	if (!*empty)
		buf_adds(j->b, j->style == JSON_SPACED ? ", " : ",");
	*empty = false;
	if (j->style == JSON_PRETTY)
		json_newline(j);
}

static void json_value(struct json_out *j)
{
	if (!j->after_key)
		json_separate(j);
	j->after_key = false;
}

static void json_open(struct json_out *j, char bracket)
{
	json_value(j);
	if (j->depth == JSON_OUT_DEPTH) {
		j->b->failed = true; /* a programmer's error, seen by whoever checks the buffer */
		return;
	}
	buf_addc(j->b, bracket);
	j->empty[j->depth++] = true;
}

static void json_close(struct json_out *j, char bracket)
{
	if (j->depth == 0) {
		j->b->failed = true;
		return;
	}
	j->depth--;
	if (j->style == JSON_PRETTY && !j->empty[j->depth])
		json_newline(j);
	buf_addc(j->b, bracket);
}

void json_object(struct json_out *j)
{
	json_open(j, '{');
}

void json_object_end(struct json_out *j)
{
	json_close(j, '}');
}

void json_array(struct json_out *j)
{
	json_open(j, '[');
}

void json_array_end(struct json_out *j)
{
	json_close(j, ']');
}

static void json_escape_unit(struct buf *b, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]};
	buf_add(b, text, sizeof text);
}

/* The two-character escape of a code point, 0 when it has none. */
static char json_short_escape(uint32_t cp)
{
	switch (cp) {
	case '"':
	case '\\':
		return (char)cp;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return '\0';
	}
}

static void json_escape_cp(struct json_out *j, uint32_t cp)
{
	char letter = json_short_escape(cp);
	if (letter) {
		buf_addc(j->b, '\\');
		buf_addc(j->b, letter);
	} else if (cp < 0x20 || (j->ascii && cp > 0x7e && cp < 0x10000)) {
		json_escape_unit(j->b, cp);
	} else if (j->ascii && cp > 0x7e) {
		json_escape_unit(j->b, 0xd800 + ((cp - 0x10000) >> 10));
		json_escape_unit(j->b, 0xdc00 + ((cp - 0x10000) & 0x3ff));
	} else {
		char out[4];
		buf_add(j->b, out, utf8_encode(cp, out));
	}
}

static void json_quoted(struct json_out *j, const char *s, size_t len)
{
	buf_addc(j->b, '"');
	size_t i = 0;
	while (i < len) {
		size_t plain = i;
		while (plain < len && s[plain] >= 0x20 && s[plain] < 0x7f && s[plain] != '"' && s[plain] != '\\')
			plain++;
		buf_add(j->b, s + i, plain - i);
		i = plain;
		if (i < len) {
			uint32_t cp;
			i += utf8_decode(s + i, len - i, &cp);
			json_escape_cp(j, cp);
		}
	}
	buf_addc(j->b, '"');
}

void json_key(struct json_out *j, const char *key)
{
	json_separate(j);
	json_quoted(j, key, strlen(key));
	buf_adds(j->b, j->style == JSON_COMPACT ? ":" : ": ");
	j->after_key = true;
}

void json_strn(struct json_out *j, const char *s, size_t len)
{
	json_value(j);
	json_quoted(j, s, len);
}

void json_str(struct json_out *j, const char *s)
{
	if (s)
		json_strn(j, s, strlen(s));
	else
		json_null(j);
}

void json_raw(struct json_out *j, const char *text)
{
	json_value(j);
	buf_adds(j->b, text);
}

void json_i64(struct json_out *j, int64_t v)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)v);
	json_raw(j, text);
}

void json_f64(struct json_out *j, double v)
{
	char text[32];
	json_raw(j, isfinite(v) ? json_repr(v, text) : "null");
}

void json_f64_g(struct json_out *j, double v)
{
	char text[32];
	snprintf(text, sizeof text, "%g", v);
	json_raw(j, isfinite(v) ? text : "null");
}

void json_bool(struct json_out *j, bool v)
{
	json_raw(j, v ? "true" : "false");
}

void json_null(struct json_out *j)
{
	json_raw(j, "null");
}

/* A positive decimal: 0.d1d2d3... times ten to the power of `point`. */
struct decimal {
	char digits[20];
	int n;
	int point;
};

static void decimal_from(struct decimal *d, double v, int n)
{
	char text[40];
	snprintf(text, sizeof text, "%.*e", n - 1, v);
	d->n = 0;
	const char *p = text;
	for (; *p && *p != 'e'; p++)
		if (*p >= '0' && *p <= '9' && d->n < n)
			d->digits[d->n++] = *p;
	d->point = *p ? (int)strtol(p + 1, NULL, 10) + 1 : 1;
	while (d->n > 1 && d->digits[d->n - 1] == '0')
		d->n--;
}

static double decimal_value(const struct decimal *d)
{
	char text[40];
	snprintf(text, sizeof text, "%.*se%d", d->n, d->digits, d->point - d->n);
	return strtod(text, NULL);
}

/* The next larger decimal with n digits. */
static void decimal_up(struct decimal *d, int n)
{
	while (d->n < n)
		d->digits[d->n++] = '0';
	int i = n - 1;
	while (i >= 0 && d->digits[i] == '9')
		d->digits[i--] = '0';
	if (i >= 0) {
		d->digits[i]++;
	} else {
		d->digits[0] = '1';
		d->point++;
	}
	while (d->n > 1 && d->digits[d->n - 1] == '0')
		d->n--;
}

/* Fewest digits that read back as v. 15 always survive the way there and back for a normal number, so if the 15-digit
 * text reads back equal, it is, without its zeros, the shortest. Subnormals have fewer digits and start at one.
 * Below a power of two the doubles lie closer than above it: there the nearest n-digit text can fail while the next
 * one above reads back. */
static void decimal_shortest(struct decimal *d, double v)
{
	int exponent;
	bool power = frexp(v, &exponent) == 0.5;
	for (int n = isnormal(v) ? 15 : 1; n <= 17; n++) {
		decimal_from(d, v, n);
		if (decimal_value(d) == v)
			return;
		decimal_up(d, n);
		if (power && decimal_value(d) == v)
			return;
	}
	decimal_from(d, v, 17);
}

char *json_repr(double v, char out[32])
{
	const char *sign = signbit(v) ? "-" : "";
	double a = fabs(v);
	if (a < 1e15 && a == floor(a)) {
		snprintf(out, 32, "%s%.1f", sign, a);
		return out;
	}
	struct decimal d;
	decimal_shortest(&d, a);
	if (d.point - 1 < -4 || d.point - 1 >= 16) {
		const char *dot = d.n > 1 ? "." : "";
		snprintf(out, 32, "%s%c%s%.*se%c%02d", sign, d.digits[0], dot, d.n - 1, d.digits + 1,
		        d.point > 0 ? '+' : '-', abs(d.point - 1));
	} else if (d.point <= 0) {
		snprintf(out, 32, "%s0.%.*s%.*s", sign, -d.point, "0000", d.n, d.digits);
	} else if (d.n <= d.point) {
		snprintf(out, 32, "%s%.*s%.*s.0", sign, d.n, d.digits, d.point - d.n, "0000000000000000");
	} else {
		snprintf(out, 32, "%s%.*s.%.*s", sign, d.point, d.digits, d.n - d.point, d.digits + d.point);
	}
	return out;
}
