/* prompt: a prompt as it comes in a request (text or token ids), and a walk over its tokens.
 *
 * Called by completions, echo and generate. A struct prompt points into the request's cJSON tree and
 * lives no longer than that. */
#ifndef BENCHTOP_SIM_PROMPT_H
#define BENCHTOP_SIM_PROMPT_H

#include <cjson/cJSON.h>

#include "simtext.h"

struct prompt {
	const char *text; /* NULL: ids */
	size_t len;
	const cJSON *ids; /* first element */
	size_t tokens;    /* what the server counts: BOS included for text, left out with no_bos */
	bool no_bos;
};

struct prompt_token {
	size_t index;
	uint32_t id;
	bool first; /* no log probability */
	double logprob;
	const char *text; /* not NUL-terminated */
	size_t bytes;
	char name[16]; /* text of a token that was given as an id */
};

struct prompt_walk {
	const struct prompt *prompt;
	double bpb;
	size_t index;
	struct sim_cursor at;
	const cJSON *id;
};

/* String, list of ids, list of strings or list of lists of ids (the first of them is used).
 * NULL, or a sentence that says what is wrong. */
const char *prompt_parse(struct prompt *prompt, const cJSON *item);

/* Leaves BOS out (the fault no-bos). */
void prompt_drop_bos(struct prompt *prompt);

void prompt_walk_start(struct prompt_walk *walk, const struct prompt *prompt, double bpb);
bool prompt_walk_next(struct prompt_walk *walk, struct prompt_token *out);

/* A word that the simulated model says; JSON-safe, with its leading space. */
struct prompt_word {
	char text[16];
	unsigned char len;
};
#define PROMPT_WORDS 64
extern const struct prompt_word prompt_words[PROMPT_WORDS];

#endif
