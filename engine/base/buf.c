#include "buf.h"
#include "err.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

static int buf_fail(struct buf *b, int code)
{
	b->failed = true;
	return code;
}

int buf_reserve(struct buf *b, size_t more)
{
	if (b->failed)
		return ERR_LIMIT;
	if (more > b->max - b->len || more >= SIZE_MAX - b->len)
		return buf_fail(b, ERR_LIMIT);
	size_t need = b->len + more + 1; /* the NUL */
	if (need <= b->cap)
		return 0;
	size_t cap = b->cap < 64 ? 64 : b->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap - 1 > b->max)
		cap = b->max + 1;
	char *data = realloc(b->data, cap);
	if (!data)
		return buf_fail(b, ERR_NOMEM);
	b->data = data;
	b->cap = cap;
	data[b->len] = '\0';
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
	int rc = buf_reserve(b, len);
	if (rc)
		return rc;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n < 0)
		return buf_fail(b, ERR_LIMIT);
	size_t len = (size_t)n;
	if (len < sizeof small)
		return buf_add(b, small, len);
	int rc = buf_reserve(b, len);
	if (rc)
		return rc;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, len + 1, fmt, ap);
	va_end(ap);
	b->len += len;
	return 0;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_take(struct buf *b, size_t *len)
{
	char *data = b->data;
	size_t n = b->len;
	if (len)
		*len = n;
	if (n == 0) {
		free(data);
		data = NULL;
	}
	buf_init(b, b->max);
	return data;
}
