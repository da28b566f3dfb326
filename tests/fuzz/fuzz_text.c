/* Cleaning, width and the strict number readers, on any bytes. */
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "fuzz.h"
#include <errno.h>
#include <math.h>

static bool is_forbidden(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e || cp == 0x200f || cp == 0x2028 ||
	       cp == 0x2029 || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* UTF-8 by its definition, computed first and judged after. */
static bool judge_utf8(const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned char c = s[i];
		size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
		uint32_t cp = n == 1 ? c : c & (0x7fu >> n);
		if (n == 0 || n > len - i)
			return false;
		for (size_t k = 1; k < n; k++) {
			if (s[i + k] >> 6 != 2)
				return false;
			cp = cp << 6 | (s[i + k] & 0x3fu);
		}
		static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
		if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
			return false;
		i += n;
	}
	return true;
}

/* Printable text stays as it is, but for tabs. */
static void check_kept(const char *src, size_t size, const char *clean, size_t len)
{
	for (size_t i = 0; i < size; i++)
		if (src[i] != '\t' && (src[i] < 0x20 || src[i] > 0x7e))
			return;
	CHECK(len == size);
	for (size_t i = 0; i < size; i++)
		CHECK(clean[i] == (src[i] == '\t' ? ' ' : src[i]));
}

static void check_safe(const char *s, size_t len)
{
	CHECK(strlen(s) == len);
	CHECK(judge_utf8((const unsigned char *)s, len));
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = utf8_decode(s + i, len - i, &cp);
		char back[4];
		CHECK(n >= 1 && n <= len - i);
		CHECK(utf8_encode(cp, back) == n && memcmp(back, s + i, n) == 0);
		CHECK(!is_forbidden(cp));
		i += n;
	}
}

/* With less room the result is the longest prefix of whole characters that fits. */
static void check_cut(const char *src, size_t size, const char *whole, size_t len, size_t cap)
{
	char *cut = must(malloc(cap));
	size_t n = text_clean(cut, cap, src, size);
	CHECK(n < cap && n <= len);
	check_safe(cut, n);
	CHECK(memcmp(cut, whole, n) == 0);
	if (n < len) {
		uint32_t cp;
		CHECK(n + utf8_decode(whole + n, len - n, &cp) >= cap);
	}
	free(cut);
}

static void check_clean(const char *src, size_t size, struct dice *dice)
{
	size_t full = size * 3 + 1; /* a wrong byte becomes the three of U+FFFD */
	char *whole = must(malloc(full));
	size_t len = text_clean(whole, full, src, size);
	CHECK(len < full);
	CHECK(utf8_valid(src, size) == judge_utf8((const unsigned char *)src, size));
	check_safe(whole, len);
	check_kept(src, size, whole, len);
	char *again = must(malloc(len + 1));
	CHECK(text_clean(again, len + 1, whole, len) == len && memcmp(again, whole, len) == 0);
	CHECK(text_copy(again, len + 1, whole) == len && memcmp(again, whole, len) == 0);
	check_cut(src, size, whole, len, 1 + dice_below(dice, len + 2));
	check_cut(src, size, whole, len, 1 + dice_below(dice, 16));
	free(again);
	free(whole);
}

static void check_fit(const char *s, size_t len, int columns)
{
	size_t fit = text_fit(s, len, columns);
	CHECK(fit <= len);
	CHECK(text_width(s, fit) <= columns);
	if (fit < len) {
		/* What follows has a column of its own, for which there is no room: no mark is cut off. */
		uint32_t cp;
		size_t n = utf8_decode(s + fit, len - fit, &cp);
		CHECK(text_cp_width(cp) > 0);
		CHECK(text_width(s, fit + n) > columns);
	}
}

static void check_width(const char *s, size_t len, struct dice *dice)
{
	int width = text_width(s, len);
	CHECK(width >= 0 && (size_t)width <= 2 * len);
	CHECK(text_fit(s, len, width) == len);
	check_fit(s, len, 0);
	check_fit(s, len, (int)dice_below(dice, (size_t)width + 2));
	if (width > 0)
		check_fit(s, len, width - 1);
}

static void check_numbers(const char *s)
{
	int64_t i, ms;
	double d;
	char *end;
	errno = 0;
	long long judge = strtoll(s, &end, 10);
	bool whole = *s && !*end && errno == 0 && (*s == '-' || (*s >= '0' && *s <= '9'));
	CHECK(text_to_i64(s, INT64_MIN, INT64_MAX, &i) == whole);
	if (whole)
		CHECK(i == judge);
	i = 5;
	CHECK(text_to_i64(s, -10, 10, &i) ? i >= -10 && i <= 10 && i == judge : i == 5);
	if (text_to_f64(s, -1e300, 1e300, &d)) {
		CHECK(isfinite(d) && d >= -1e300 && d <= 1e300);
		CHECK(strtod(s, &end) == d && !*end);
	}
	if (text_to_duration_ms(s, &ms))
		CHECK(ms >= 0 && ms <= INT64_C(30) * 86400000);
}

static void check_formats(double v, int decimals)
{
	char commas[40], duration[16];
	memset(commas, 'x', sizeof commas);
	memset(duration, 'x', sizeof duration);
	CHECK(text_commas(v, decimals, commas) == commas && memchr(commas, '\0', sizeof commas));
	CHECK(utf8_valid(commas, strlen(commas)));
	CHECK(clock_duration(v, duration) == duration && memchr(duration, '\0', sizeof duration));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice dice = dice_of(data, size);
	char *src = exact_copy(data, size), *string = string_copy(data, size);
	check_clean(src, size, &dice);
	check_width(src, size, &dice);
	check_numbers(string);
	if (size >= sizeof(double)) {
		double v;
		memcpy(&v, data, sizeof v);
		check_formats(v, (int)dice_below(&dice, 13) - 1);
	}
	free(src);
	free(string);
	return 0;
}
