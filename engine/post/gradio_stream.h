/* The event stream of Gradio's call route, cut into events (server-sent events: event: and data: lines, a blank line ends
 * an event). Fed with bytes as they come; used by gradio.c only. Bounded: the whole stream to GRADIO_STREAM_MAX bytes.
 */
#ifndef BENCHTOP_GRADIO_STREAM_H
#define BENCHTOP_GRADIO_STREAM_H
#include "../base/buf.h"
#include "../base/err.h"

#define GRADIO_STREAM_MAX ((size_t)1 << 20)

struct gradio_stream {
	struct buf line; /* the line in progress */
	struct buf data; /* data lines of the event in progress, joined by \n */
	size_t total;    /* bytes fed */
	char event[32];  /* name of the event in progress, "" none yet */
	bool have_data, after_cr, begun;
	/* One whole event; data is NUL-terminated. Non-zero ends the feeding. */
	int (*on_event)(void *ctx, const char *event, const char *data, size_t len);
	void *ctx;
};

void gradio_stream_init(struct gradio_stream *s,
        int (*on_event)(void *ctx, const char *event, const char *data, size_t len), void *ctx);
void gradio_stream_free(struct gradio_stream *s);
/* 0, what on_event returned, or ERR_LIMIT / ERR_NOMEM (then the name of the event in progress is still valid). */
int gradio_stream_feed(struct gradio_stream *s, const char *bytes, size_t len);

#endif
