/* tokencount: prompt tokens as a model's own tokenizer counts them (--tokenizer), by the engine's code.
 *
 * The one place where the simulator shares code with what it judges; the tokenizer has tests of its own. This header and its
 * .c file include nothing of the simulator: both sides have a `struct buf`. */
#ifndef BENCHTOP_SIM_TOKENCOUNT_H
#define BENCHTOP_SIM_TOKENCOUNT_H
#include <stdbool.h>
#include <stddef.h>

struct tokencount;

/* NULL after a sentence in why. */
struct tokencount *tokencount_open(const char *path, char *why, size_t cap);
/* Tokens of the string member "prompt" of a JSON object, one more for BOS when the tokenizer puts one in front. The raw text
 * is read because a prompt may hold NUL characters, which a C string ends at. False when there is no such string. */
bool tokencount_prompt(struct tokencount *t, const char *body, size_t len, size_t *out);

#endif
