#include "../base/text.h"
#include "tokenizer_int.h"
#include <string.h>

size_t tok_utf8_span(const char *s, size_t len)
{
	size_t i = 0;
	while (i < len) {
		uint64_t eight;
		if (i + sizeof eight <= len) {
			memcpy(&eight, s + i, sizeof eight);
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof eight;
				continue;
			}
		}
		uint32_t cp;
		size_t n = utf8_decode(s + i, len - i, &cp);
		/* a genuine U+FFFD is three bytes that start with 0xef and were all there */
		if (cp == 0xfffd && (n != 3 || (unsigned char)s[i] != 0xef))
			return i;
		i += n;
	}
	return len;
}

int tok_utf8_add(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = tok_utf8_span(s + i, len - i);
		buf_add(out, s + i, n);
		i += n;
		if (i < len) {
			i += utf8_decode(s + i, len - i, &cp);
			buf_adds(out, "\xef\xbf\xbd");
		}
	}
	return out->failed ? ERR_LIMIT : 0;
}
