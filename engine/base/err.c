#include "err.h"
#include "text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The arguments may point into e->text (a sentence wrapped into a longer one), so every text is built aside first. */
static void err_store(struct err *e, int code, const char *text)
{
	e->code = code;
	size_t len = strlen(text);
	if (len >= sizeof e->text)
		len = sizeof e->text - 1;
	/* A cut in the middle of a character would put an invalid byte on the screen: go back over a partial one. */
	size_t start = len;
	while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (unsigned char)text[start - 1] >= 0xc0 && !utf8_valid(text + start - 1, len - start + 1))
		len = start - 1;
	memcpy(e->text, text, len);
	e->text[len] = '\0';
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	if (!e)
		return code;
	char text[2 * sizeof e->text];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_store(e, code, text);
	return code;
}

int err_sys(struct err *e, int code, int errnum, const char *fmt, ...)
{
	if (!e)
		return code;
	char text[sizeof e->text], all[2 * sizeof e->text], why[128];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	snprintf(all, sizeof all, "%s: %s", text, strerror_r(errnum, why, sizeof why));
	err_store(e, code, all);
	return code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	if (!e)
		return 0;
	char text[sizeof e->text], all[2 * sizeof e->text + 8];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	snprintf(all, sizeof all, "%s: %s", text, e->text);
	err_store(e, e->code, all);
	return e->code;
}
