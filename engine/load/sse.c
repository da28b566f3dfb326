#include "sse.h"
#include "../base/err.h"
#include <string.h>

void sse_init(struct sse *s)
{
	buf_init(&s->partial, SSE_LINE_MAX);
}

void sse_free(struct sse *s)
{
	buf_free(&s->partial);
}

void sse_reset(struct sse *s)
{
	buf_clear(&s->partial);
}

/* ASCII white space, as the reference strips it. */
static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool starts(const char *p, size_t len, const char *with, size_t n)
{
	return len >= n && memcmp(p, with, n) == 0;
}

/* The fields of an event stream that say nothing here. */
static bool is_other_field(const char *p, size_t len)
{
	return p[0] == ':' || starts(p, len, "event:", 6) || starts(p, len, "id:", 3) || starts(p, len, "retry:", 6);
}

static int line_take(const char *p, size_t len, sse_fn fn, void *ctx)
{
	const char *end = p + len;
	while (p < end && is_blank(*p))
		p++;
	while (end > p && is_blank(end[-1]))
		end--;
	if (p == end)
		return 0;
	if (starts(p, (size_t)(end - p), "data:", 5)) {
		p += 5;
		while (p < end && is_blank(*p))
			p++;
		if (p == end)
			return 0;
	} else if (is_other_field(p, (size_t)(end - p))) {
		return 0;
	}
	return fn(ctx, p, (size_t)(end - p));
}

/* Ends the unfinished line with data[0..len). */
static int partial_finish(struct sse *s, const char *data, size_t len, sse_fn fn, void *ctx)
{
	if (buf_add(&s->partial, data, len))
		return ERR_LIMIT;
	int rc = line_take(buf_text(&s->partial), s->partial.len, fn, ctx);
	buf_clear(&s->partial);
	return rc;
}

int sse_feed(struct sse *s, const char *data, size_t len, sse_fn fn, void *ctx)
{
	while (len > 0) {
		const char *nl = memchr(data, '\n', len);
		if (!nl)
			return buf_add(&s->partial, data, len) ? ERR_LIMIT : 0;
		size_t n = (size_t)(nl - data);
		if (n > SSE_LINE_MAX)
			return ERR_LIMIT;
		int rc = s->partial.len ? partial_finish(s, data, n, fn, ctx) : line_take(data, n, fn, ctx);
		if (rc)
			return rc;
		data = nl + 1;
		len -= n + 1;
	}
	return 0;
}

int sse_end(struct sse *s, sse_fn fn, void *ctx)
{
	return s->partial.len ? partial_finish(s, "", 0, fn, ctx) : 0;
}
