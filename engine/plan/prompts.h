/* The reference client's "random" data set: lengths and start ids drawn from MT19937 as numpy's legacy generator does
 * (facts: input_len N draws, output_len N draws, offset N draws; masked rejection on 32-bit outputs, a range of one value
 * consumes nothing; ids are (offset_i + i + j) mod V).
 */
#ifndef BENCHTOP_PROMPTS_H
#define BENCHTOP_PROMPTS_H
#include "../base/buf.h"
#include "../base/err.h"
#include <stdint.h>

struct mt19937 {
	uint32_t s[624];
	int i;
};
void mt_seed(struct mt19937 *m, uint32_t seed); /* init_genrand */
uint32_t mt_next(struct mt19937 *m);
uint32_t mt_range(struct mt19937 *m, uint32_t lo, uint32_t hi_exclusive); /* hi > lo */

struct prompt_set;

struct prompt_spec {
	int n;          /* requests, 1..1,000,000 */
	int isl, osl;   /* tokens */
	double ratio;   /* lower bound factor, 0 < ratio <= 1 */
	uint32_t vocab; /* V */
	uint32_t seed;  /* 0 */
};

int prompts_make(struct prompt_set **out, const struct prompt_spec *spec, struct err *e);
void prompts_free(struct prompt_set *p);
size_t prompts_count(const struct prompt_set *p);
uint32_t prompts_input_len(const struct prompt_set *p, size_t i);  /* tokens as the client counts them */
uint32_t prompts_output_len(const struct prompt_set *p, size_t i); /* max_tokens */
/* Appends the JSON value of the "prompt" member: an array of ids. */
int prompts_json(const struct prompt_set *p, size_t i, struct buf *out);

#endif
