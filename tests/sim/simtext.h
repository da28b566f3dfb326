/* simtext: what the simulated model "knows": how it cuts text into tokens, the log probability
 * it gives to each, and the demonstration corpus.
 *
 * Pure functions of their arguments. Called by the simulator, and linked alone by tests which want
 * the exact metrics of a text without a server. No state, no I/O.
 *
 * Tokens: the first is BOS (id 0, no log probability). Then pieces of whole UTF-8 characters, the
 * shortest run of at least 4 (even piece index) or 5 (odd index) bytes, so that B bytes make at most
 * B / 4.5 + 2 tokens whatever the text is: 8,868 bytes stay below 2,047 tokens.
 * Log probabilities: natural logarithm, a fixed function of piece, index and `bpb` (nominal bits a
 * byte); their mean is close to bpb bits a byte.
 * Ownership: functions that return char * allocate, the caller frees; NULL = out of memory. */
#ifndef BENCHTOP_SIM_SIMTEXT_H
#define BENCHTOP_SIM_SIMTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_BOS_ID 0u
#define SIM_BOS_TEXT                                                                                                   \
	"<\xef\xbd\x9c"                                                                                                \
	"begin\xe2\x96\x81"                                                                                            \
	"of\xe2\x96\x81sentence\xef\xbd\x9c>"
#define SIM_VOCABULARY  128000u
#define SIM_NOMINAL_BPB 0.4491

struct sim_piece {
	size_t offset; /* bytes from the start of the text */
	size_t bytes;
	uint32_t id;    /* 1 … SIM_VOCABULARY - 1 */
	double logprob; /* natural log, < 0 */
};

struct sim_cursor {
	size_t offset;
	size_t index; /* of the next piece; 0 is the first after BOS */
};

/* Next piece of `text`; false at the end. Start with a zeroed cursor. */
bool sim_next_piece(const char *text, size_t len, double bpb, struct sim_cursor *at, struct sim_piece *out);

/* Tokens of `text`, BOS included. */
size_t sim_count_tokens(const char *text, size_t len);

/* Log probability of token `id` at `index` in a prompt that was given as ids. */
double sim_id_logprob(uint32_t id, size_t index, double bpb);

/* Sum of the log probabilities of positions 1 … n-1; n (BOS included) goes to *n_tokens if not NULL. */
double sim_document_ll(const char *text, size_t len, double bpb, size_t *n_tokens);

/* 64-bit mixer used for every pseudo-random choice of the simulator. */
uint64_t sim_mix(uint64_t x);

/* [0, 1) from 64 bits. */
double sim_unit(uint64_t bits);

/* ---- demonstration corpus ---- */

#define SIM_DEMO_CHUNKS 12

struct sim_demo_chunk {
	size_t gap, bytes, words;
};

/* Rows as the dataset hub gives them: "" or a line that ends in '\n'. */
size_t sim_demo_row_count(void);
const char *sim_demo_row(size_t index);

char *sim_demo_raw(size_t *len);    /* rows joined, an empty row as " \n" */
char *sim_demo_joined(size_t *len); /* rows joined by "\n\n" */

/* Cuts the joined text; consecutive slices, a slice that starts with a space loses it (gap 1). */
void sim_demo_chunks(const char *joined, size_t len, struct sim_demo_chunk out[SIM_DEMO_CHUNKS]);

#endif
