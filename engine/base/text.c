#include "text.h"
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT 0xfffdu

/* The lead byte says how many bytes follow and, for four of them, a narrower range of the second byte: that excludes
 * overlong forms, surrogates and anything above U+10FFFF before a value is built. */
size_t utf8_decode(const char *s, size_t len, uint32_t *cp)
{
	*cp = REPLACEMENT;
	if (len == 0)
		return 0;
	unsigned char c = (unsigned char)s[0];
	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	if (c < 0xc2 || c > 0xf4)
		return 1;
	size_t need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	uint32_t v = c & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if (i >= len)
			return i;
		unsigned char d = (unsigned char)s[i];
		if (d < low || d > high)
			return i;
		v = v << 6 | (d & 0x3fu);
		low = 0x80;
		high = 0xbf;
	}
	*cp = v;
	return need;
}

size_t utf8_encode(uint32_t cp, char out[4])
{
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = REPLACEMENT;
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

bool utf8_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = utf8_decode(s + i, len - i, &cp);
		/* A genuine U+FFFD is three bytes that start with 0xef. */
		if (cp == REPLACEMENT && (n != 3 || (unsigned char)s[i] != 0xef))
			return false;
		i += n;
	}
	return true;
}

int text_width(const char *s, size_t len)
{
	int columns = 0;
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		i += utf8_decode(s + i, len - i, &cp);
		columns += text_cp_width(cp);
	}
	return columns;
}

size_t text_fit(const char *s, size_t len, int columns)
{
	size_t i = 0;
	int used = 0;
	while (i < len) {
		uint32_t cp;
		size_t n = utf8_decode(s + i, len - i, &cp);
		used += text_cp_width(cp);
		if (used > columns)
			break;
		i += n;
	}
	return i;
}

bool text_set(char *dst, size_t cap, const char *src)
{
	size_t len = src ? strlen(src) : 0;
	size_t n = len < cap ? len : cap - 1;
	if (n)
		memcpy(dst, src, n);
	dst[n] = '\0';
	return n == len;
}

bool text_to_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	if (negative)
		s++;
	if (!*s)
		return false;
	int64_t v = 0; /* counts down: the negative side is one larger */
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(v, (int64_t)10, &v) || __builtin_sub_overflow(v, (int64_t)(*s - '0'), &v))
			return false;
	}
	if (!negative && __builtin_sub_overflow((int64_t)0, v, &v))
		return false;
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void c_locale_make(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static const char *skip_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

/* Digits with at most one point and an exponent: what strtod takes beyond that (hex, inf, nan, blanks) is refused. */
static bool is_plain_number(const char *s)
{
	if (*s == '-' || *s == '+')
		s++;
	const char *start = s;
	s = skip_digits(s);
	bool digits = s > start;
	if (*s == '.') {
		start = ++s;
		s = skip_digits(s);
		digits = digits || s > start;
	}
	if (!digits)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '-' || *s == '+')
			s++;
		start = s;
		s = skip_digits(s);
		if (s == start)
			return false;
	}
	return !*s;
}

bool text_to_f64(const char *s, double min, double max, double *out)
{
	if (!is_plain_number(s))
		return false;
	pthread_once(&c_locale_once, c_locale_make);
	double v = c_locale ? strtod_l(s, NULL, c_locale) : strtod(s, NULL);
	if (!isfinite(v) || v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool text_to_duration_ms(const char *s, int64_t *ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'d', 86400000}, {'h', 3600000}, {'m', 60000}, {'s', 1000}};
	const int64_t limit = INT64_C(30) * 86400000;
	int64_t total = 0;
	size_t next = 0; /* units only get smaller, each once */
	bool bare = false;
	if (!*s)
		return false;
	while (*s) {
		const char *end = skip_digits(s);
		if (end == s || end - s > 10 || bare)
			return false;
		int64_t n = 0;
		for (; s < end; s++)
			n = n * 10 + (*s - '0');
		bare = !*s;
		if (bare && next > 0)
			return false; /* "1h30": minutes or seconds? */
		size_t u = bare ? 3 : next;
		while (u < 4 && !bare && units[u].unit != *s)
			u++;
		if (u == 4)
			return false;
		next = u + 1;
		if (!bare)
			s++;
		total += n * units[u].ms;
		if (total > limit)
			return false;
	}
	*ms = total;
	return true;
}

char *text_commas(double v, int decimals, char out[40])
{
	if (decimals < 0)
		decimals = 0;
	if (decimals > 9)
		decimals = 9;
	if (!isfinite(v)) {
		text_set(out, 40, "—");
		return out;
	}
	if (fabs(v) >= 1e15) {
		snprintf(out, 40, "%.6g", v);
		return out;
	}
	char digits[40];
	snprintf(digits, sizeof digits, "%.*f", decimals, fabs(v));
	size_t whole = strcspn(digits, "."), at = 0;
	if (v < 0 && strpbrk(digits, "123456789"))
		out[at++] = '-';
	for (size_t i = 0; digits[i] && at < 39; i++) {
		if (i > 0 && i < whole && (whole - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

int text_digits(const char *s, int n)
{
	int v = 0;
	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}
