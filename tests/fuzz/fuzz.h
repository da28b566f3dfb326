/* What the fuzzing harnesses share. A harness reads its input as it is, so that a seed is a plain file; what else it
 * needs (borders, sizes) it draws from a generator that the input itself seeds: the same input does the same.
 * A property that does not hold ends the process, as a crash does.
 */
#ifndef BENCHTOP_FUZZ_H
#define BENCHTOP_FUZZ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void *must(void *p)
{
	CHECK(p);
	return p;
}

/* A block of exactly len bytes, so that one read too far is seen; freed by the caller. */
static inline char *exact_copy(const void *data, size_t len)
{
	char *p = must(malloc(len ? len : 1));
	if (len)
		memcpy(p, data, len);
	return p;
}

/* A string that ends at the first NUL of data, or behind it; freed by the caller. */
static inline char *string_copy(const void *data, size_t len)
{
	char *p = must(malloc(len + 1));
	if (len)
		memcpy(p, data, len);
	p[len] = '\0';
	return p;
}

struct dice {
	uint64_t state;
};

static inline struct dice dice_of(const uint8_t *data, size_t len)
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * UINT64_C(1099511628211);
	return (struct dice){h};
}

/* 0 .. n-1, 0 for n == 0. */
static inline size_t dice_below(struct dice *d, size_t n)
{
	d->state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t x = d->state;
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return n ? (size_t)(x % n) : 0;
}

/* The length of the next piece of `left` bytes: single bytes, small pieces or large ones, as the input decides. */
static inline size_t dice_piece(struct dice *d, int kind, size_t left)
{
	size_t most = kind == 0 ? 1 : kind == 1 ? 7 : left;
	size_t n = 1 + dice_below(d, most);
	return n < left ? n : left;
}

/* A growing record of what was delivered, to compare two deliveries. */
struct record {
	char *data;
	size_t len, cap, n;
};

static inline void record_add(struct record *r, const void *data, size_t len)
{
	if (r->len + len + sizeof len > r->cap) {
		r->cap = (r->len + len + sizeof len) * 2;
		r->data = must(realloc(r->data, r->cap));
	}
	memcpy(r->data + r->len, &len, sizeof len);
	if (len)
		memcpy(r->data + r->len + sizeof len, data, len);
	r->len += len + sizeof len;
	r->n++;
}

static inline bool record_same(const struct record *a, const struct record *b)
{
	return a->n == b->n && a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

#endif
