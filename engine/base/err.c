#include "err.h"
#include "text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The arguments may point into e->text (a sentence wrapped into a longer one), so every text is built aside first. What
 * stands in it may be a name from a disk or a word of a server: it is cleaned, and cut at a character's border. */
static void err_store(struct err *e, int code, const char *text)
{
	e->code = code;
	text_copy(e->text, sizeof e->text, text);
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
	char text[sizeof e->text], clean[sizeof e->text], all[2 * sizeof e->text], why[128];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	text_copy(clean, sizeof clean, text); /* a sequence without an end must not take the reason with it */
	snprintf(all, sizeof all, "%s: %s", clean, strerror_r(errnum, why, sizeof why));
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
