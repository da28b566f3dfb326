/* The reference client's "random" data set: lengths and start ids drawn from MT19937 as numpy's legacy generator does
 * (facts: input_len N draws, output_len N draws, offset N draws; masked rejection on 32-bit outputs, a range of one value
 * consumes nothing; ids are (offset_i + i + j) mod V).
 *
 * With the model's tokenizer the prompts are the reference's own text: the ids decoded, then up to ten rounds of encoding
 * and repair towards the wanted length; what is missing is drawn from the same generator, prompt after prompt. The set is
 * kept as a file of a cache and mapped, so that gigabytes of text are no memory of the process; without a place for the file
 * it lies in memory, at most PROMPTS_MEMORY_MAX bytes. Equal whatever the number of threads, and whether cached or not.
 */
#ifndef BENCHTOP_PROMPTS_H
#define BENCHTOP_PROMPTS_H
#include "../base/buf.h"
#include "../base/cancel.h"
#include "../base/err.h"
#include <pthread.h>
#include <stdint.h>

#define PROMPTS_MEMORY_MAX ((size_t)1 << 30) /* of a set that no file can hold */

struct mt19937 {
	uint32_t s[624];
	int i;
};
void mt_seed(struct mt19937 *m, uint32_t seed); /* init_genrand */
uint32_t mt_next(struct mt19937 *m);
uint32_t mt_range(struct mt19937 *m, uint32_t lo, uint32_t hi_exclusive); /* hi > lo */

struct prompt_set;
struct tokenizer;

struct prompt_spec {
	int n;          /* requests, 1..1,000,000 */
	int isl, osl;   /* tokens */
	double ratio;   /* lower bound factor, 0 < ratio <= 1 */
	uint32_t vocab; /* V; with a tokenizer its own counts */
	uint32_t seed;  /* 0 */
	/* for text only */
	const struct tokenizer
	        *tokenizer;    /* NULL = token ids. Borrowed, also by other threads until prompts_make returns */
	int threads;           /* that make it; 0 = 1 */
	const char *cache;     /* directory of the files, made when missing; NULL or "" = none */
	struct cancel *cancel; /* looked at between two prompts: any level ends it with ERR_CANCELLED; may be NULL */
	pthread_rwlock_t
	        *gate; /* held for reading while work is done, so that a holder of the other side stops it; NULL */
};

/* ERR_USAGE (impossible numbers), ERR_NOMEM, ERR_LIMIT (no file and too large for memory), ERR_CANCELLED, and what the
 * tokenizer says. A cache that cannot be read or written is no error. */
int prompts_make(struct prompt_set **out, const struct prompt_spec *spec, struct err *e);
void prompts_free(struct prompt_set *p);
size_t prompts_count(const struct prompt_set *p);
uint32_t prompts_input_len(const struct prompt_set *p, size_t i);  /* tokens as the client counts them */
uint32_t prompts_output_len(const struct prompt_set *p, size_t i); /* max_tokens */
/* Appends the JSON value of the "prompt" member: an array of ids, or a string escaped to ASCII as the reference does. */
int prompts_json(const struct prompt_set *p, size_t i, struct buf *out);
/* Where the set lies: true when it takes memory of the process, false for ids and for a mapped file. */
bool prompts_in_memory(const struct prompt_set *p);
/* Whether the set was found in the cache. */
bool prompts_cached(const struct prompt_set *p);
/* Brings a mapped set into memory, so that reading it during a load waits for no disk. Call before the timed span. ERR_IO: the
 * file is not whole any more, the set cannot be used. */
int prompts_warm(const struct prompt_set *p, struct err *e);

#endif
