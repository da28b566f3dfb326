/* buf: a growing text buffer with an upper bound, and JSON writing into it.
 *
 * Called by every module of the simulator that answers something. A failed buffer (no memory, or the
 * bound reached) stays failed and ignores further writes; the one who sends it looks at `failed` once.
 * Ownership: the struct owns `data`; buf_take hands it over. Lengths in bytes. */
#ifndef BENCHTOP_SIM_BUF_H
#define BENCHTOP_SIM_BUF_H

#include <stdbool.h>
#include <stddef.h>

#define BUF_DEFAULT_MAX ((size_t)32 << 20)

struct buf {
	char *data;
	size_t len, cap;
	size_t max; /* 0 = BUF_DEFAULT_MAX */
	bool failed;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_text(struct buf *b, const char *text);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes. `ascii`: everything beyond 7 bits as \uXXXX. Bytes that are not
 * UTF-8 become U+FFFD in both forms. */
void buf_json_string(struct buf *b, const char *text, size_t len, bool ascii);

/* 17 significant digits, or null when not finite. */
void buf_json_double(struct buf *b, double value);

/* As Python's json.dumps: bare NaN and Infinity. */
void buf_python_double(struct buf *b, double value);

/* Takes the bytes (NUL-terminated, malloc'ed; NULL if failed) and leaves the buffer empty. */
char *buf_take(struct buf *b, size_t *len);
void buf_free(struct buf *b);

#endif
