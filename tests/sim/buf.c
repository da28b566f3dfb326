/* buf: bounded text buffer and JSON output (see buf.h). */
#include "buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and a final NUL. */
static bool buf_reserve(struct buf *b, size_t more)
{
	size_t max = b->max ? b->max : BUF_DEFAULT_MAX;
	size_t cap = b->cap ? b->cap : 256;
	char *grown;

	if (b->failed)
		return false;
	if (more > max || b->len > max - more) {
		b->failed = true;
		return false;
	}
	if (b->cap > b->len + more)
		return true;
	while (cap <= b->len + more)
		cap *= 2;
	grown = realloc(b->data, cap);
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->data = grown;
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!buf_reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_format(struct buf *b, const char *format, ...)
{
	char small[512], *large = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if ((size_t)n < sizeof small) {
		buf_add(b, small, (size_t)n);
		return;
	}
	large = malloc((size_t)n + 1);
	if (!large) {
		b->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(large, (size_t)n + 1, format, args);
	va_end(args);
	buf_add(b, large, (size_t)n);
	free(large);
}

/* Decodes one character; returns its bytes, 0 if the bytes are not UTF-8. */
static size_t utf8_decode(const unsigned char *s, size_t len, uint32_t *code)
{
	static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80                   ? 1
	           : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
	           : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
	           : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
	                                         : 0;

	if (n == 0 || n > len)
		return 0;
	if (n == 1) {
		*code = s[0];
		return 1;
	}
	*code = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0u) != 0x80u)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fu);
	}
	if (*code < smallest[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

static void json_escape_code(struct buf *b, uint32_t code)
{
	if (code >= 0x10000) {
		code -= 0x10000;
		buf_format(b, "\\u%04x\\u%04x", 0xd800u + (code >> 10), 0xdc00u + (code & 0x3ffu));
		return;
	}
	buf_format(b, "\\u%04x", code);
}

/* Writes one character that cannot go through as it is. */
static void json_special(struct buf *b, const unsigned char *s, size_t bytes, uint32_t code, bool ascii)
{
	const char *found = code && code < 128 ? strchr("\"\"\\\\\nn\rr\tt\bb\ff", (int)code) : NULL;

	if (found && (code < 32 || code == '"' || code == '\\')) {
		char pair[2] = {'\\', found[1]};

		buf_add(b, pair, 2);
	} else if (code < 32 || (ascii && code > 126)) {
		json_escape_code(b, code);
	} else {
		buf_add(b, s, bytes);
	}
}

void buf_json_string(struct buf *b, const char *text, size_t len, bool ascii)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0, plain = 0;

	buf_add(b, "\"", 1);
	while (at < len) {
		uint32_t code = 0;
		size_t bytes;

		if (s[at] >= 32 && s[at] < 127 && s[at] != '"' && s[at] != '\\') {
			at++;
			continue;
		}
		buf_add(b, s + plain, at - plain);
		bytes = utf8_decode(s + at, len - at, &code);
		if (bytes)
			json_special(b, s + at, bytes, code, ascii);
		else
			buf_text(b, ascii ? "\\ufffd" : "\xef\xbf\xbd");
		at += bytes ? bytes : 1;
		plain = at;
	}
	buf_add(b, s + plain, at - plain);
	buf_add(b, "\"", 1);
}

void buf_json_double(struct buf *b, double value)
{
	if (isfinite(value))
		buf_format(b, "%.17g", value);
	else
		buf_text(b, "null");
}

void buf_python_double(struct buf *b, double value)
{
	if (isnan(value))
		buf_text(b, "NaN");
	else if (isinf(value))
		buf_text(b, value > 0 ? "Infinity" : "-Infinity");
	else
		buf_format(b, "%.10g", value);
}

char *buf_take(struct buf *b, size_t *len)
{
	char *data;

	buf_add(b, "", 0);
	data = b->failed ? NULL : b->data;
	*len = b->len;
	if (b->failed)
		free(b->data);
	*b = (struct buf){.max = b->max};
	return data;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}
