/* A strict reader of one flat JSON object: a journal line.
 *
 * Numbers stay text until asked for, so integers above 2^53 (nanoseconds since the epoch) survive, which they do not in
 * a parser that makes doubles of them. Nested values are recognised and skipped. Nothing is allocated; the text is
 * borrowed and must outlive the values.
 */
#ifndef BENCHTOP_FLAT_H
#define BENCHTOP_FLAT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flat {
	const char *at, *end;
	bool first;
};

enum flat_type { FLAT_STRING, FLAT_NUMBER, FLAT_TRUE, FLAT_FALSE, FLAT_NULL, FLAT_NESTED };

struct flat_value {
	enum flat_type type;
	const char *raw; /* of a string: between the quotes, still escaped */
	size_t len;
};

struct flat_member {
	const char *key; /* raw, as above */
	size_t key_len;
	struct flat_value value;
};

/* 1, or -1 when the text does not begin an object. */
int flat_begin(struct flat *r, const char *text, size_t len);
/* 1 and the next member; 0 after the closing brace, when nothing but blanks follows; -1 malformed or cut. */
int flat_next(struct flat *r, struct flat_member *m);
bool flat_key_is(const struct flat_member *m, const char *name);
/* Unescapes into out (NUL-terminated, cut when it does not fit); returns the length. */
size_t flat_string(const struct flat_value *v, char *out, size_t cap);
/* False when it is no number, no integer in range; *out is left alone. */
bool flat_i64(const struct flat_value *v, int64_t *out);
bool flat_f64(const struct flat_value *v, double *out);

#endif
