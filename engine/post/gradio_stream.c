#include "gradio_stream.h"
#include "../base/text.h"
#include <string.h>

void gradio_stream_init(
        struct gradio_stream *s, int (*on_event)(void *ctx, const char *event, const char *data, size_t len), void *ctx)
{
	memset(s, 0, sizeof *s);
	buf_init(&s->line, GRADIO_STREAM_MAX);
	buf_init(&s->data, GRADIO_STREAM_MAX);
	s->on_event = on_event;
	s->ctx = ctx;
}

void gradio_stream_free(struct gradio_stream *s)
{
	buf_free(&s->line);
	buf_free(&s->data);
}

/* A blank line: the event is whole. One without data is none. */
static int dispatch(struct gradio_stream *s)
{
	int rc = 0;
	if (s->have_data)
		rc = s->on_event(s->ctx, s->event[0] ? s->event : "message", buf_text(&s->data), s->data.len);
	buf_clear(&s->data);
	s->have_data = false;
	s->event[0] = '\0';
	return rc;
}

static bool is_field(const char *name, size_t len, const char *want)
{
	return len == strlen(want) && memcmp(name, want, len) == 0;
}

static int end_line(struct gradio_stream *s)
{
	const char *line = buf_text(&s->line);
	size_t len = s->line.len;
	if (!s->begun && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	s->begun = true;
	if (len == 0)
		return dispatch(s);
	const char *colon = memchr(line, ':', len);
	size_t name = colon ? (size_t)(colon - line) : len;
	const char *value = colon ? colon + 1 : line + len;
	size_t rest = colon ? len - name - 1 : 0;
	if (rest > 0 && value[0] == ' ') {
		value++;
		rest--;
	}
	if (is_field(line, name, "event")) {
		text_clean(s->event, sizeof s->event, value, rest);
	} else if (is_field(line, name, "data")) {
		if (s->have_data)
			buf_addc(&s->data, '\n');
		buf_add(&s->data, value, rest);
		s->have_data = true;
	}
	return s->data.failed ? ERR_NOMEM : 0;
}

int gradio_stream_feed(struct gradio_stream *s, const char *bytes, size_t len)
{
	if (len > GRADIO_STREAM_MAX - s->total)
		return ERR_LIMIT;
	s->total += len;
	for (size_t i = 0; i < len;) {
		if (s->after_cr && bytes[i] == '\n') {
			s->after_cr = false;
			i++;
			continue;
		}
		s->after_cr = false;
		size_t n = 0;
		while (i + n < len && bytes[i + n] != '\n' && bytes[i + n] != '\r')
			n++;
		if (buf_add(&s->line, bytes + i, n))
			return ERR_NOMEM;
		i += n;
		if (i == len)
			break;
		s->after_cr = bytes[i++] == '\r';
		int rc = end_line(s);
		buf_clear(&s->line);
		if (rc)
			return rc;
	}
	return 0;
}
