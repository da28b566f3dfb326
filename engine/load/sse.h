/* Framing of a completions stream: bytes in, lines out, whatever the chunk borders are.
 *
 * Line-based as the reference client: cut at '\n', white space stripped at both ends, empty lines skipped. Lenient where
 * servers differ ("data:" with or without blank, ": comment", "event:"/"id:"/"retry:" lines, a last line without newline).
 * Lines longer than SSE_LINE_MAX end the stream with an error. No allocation per line: a line that lies whole in the
 * caller's bytes is handed over in place.
 */
#ifndef BENCHTOP_SSE_H
#define BENCHTOP_SSE_H
#include "../base/buf.h"

#define SSE_LINE_MAX (1024 * 1024)

/* payload: the text after "data:", stripped; not NUL-terminated; valid during the call. Non-zero ends the feed. */
typedef int (*sse_fn)(void *ctx, const char *payload, size_t len);

struct sse {
	struct buf partial; /* the unfinished line */
};

void sse_init(struct sse *s);
void sse_free(struct sse *s);
void sse_reset(struct sse *s); /* for the next stream, keeps memory */
/* 0, ERR_LIMIT (line too long), or the callback's non-zero value. */
int sse_feed(struct sse *s, const char *data, size_t len, sse_fn fn, void *ctx);
int sse_end(struct sse *s, sse_fn fn, void *ctx); /* the last line, when it had no newline */

#endif
