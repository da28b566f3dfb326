/* A growing byte buffer with a mandatory maximum.
 *
 * The data is always followed by a NUL that does not count in len. Once an addition would pass `max` or memory
 * runs out, the buffer is marked `failed`, keeps what it had, and refuses every later addition, so that a caller
 * may add many pieces and check once. Not shared between threads.
 */
#ifndef BENCHTOP_BUF_H
#define BENCHTOP_BUF_H
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL until the first addition; use buf_text() to read a string that may be empty */
	size_t len, cap, max;
	bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);                /* frees the data; b can be used again (same max) */
void buf_clear(struct buf *b);               /* len = 0, failed = false, keeps the memory */
int buf_reserve(struct buf *b, size_t more); /* 0 or ERR_LIMIT / ERR_NOMEM, room for `more` further bytes */
int buf_add(struct buf *b, const void *data, size_t len); /* 0 or ERR_LIMIT / ERR_NOMEM */
int buf_adds(struct buf *b, const char *s);
int buf_addc(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *buf_text(const struct buf *b); /* never NULL */
char *buf_take(struct buf *b,
        size_t *len); /* the caller owns and frees the result (NUL-terminated); NULL when empty; b is empty after it */

#endif
