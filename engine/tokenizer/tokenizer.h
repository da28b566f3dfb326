/* A model's own tokenizer, read from its tokenizer.json: byte-level BPE as DeepSeek-V3/R1, GPT-OSS (o200k), Llama 3 and Qwen
 * use it. The reference client sends text, and its token counts are counts of this tokenizer.
 *
 * Exact or refused: a component that is not known (normalizer, pre-tokenizer, model, decoder, post-processor that would change
 * the tokens) is an error that names it, never approximated. Post-processors only add special tokens and are not applied:
 * everything here is "without special tokens added". Sizes, depth and time are bounded; the file is foreign data.
 * An opened tokenizer is read-only and may be used by several threads, each with its own work area.
 */
#ifndef BENCHTOP_TOKENIZER_H
#define BENCHTOP_TOKENIZER_H
#include "../base/buf.h"
#include "../base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define TOKENIZER_FILE_MAX  ((size_t)64 << 20)
#define TOKENIZER_VOCAB_MAX 1000000

struct tokenizer;
struct tokenizer_work; /* match data, scratch memory and cache of one thread */

struct token_ids {
	uint32_t *ids; /* owned; grows, at most `max` (0 = 16 M) */
	size_t n, cap, max;
};
void token_ids_free(struct token_ids *t);

/* path: a tokenizer.json; tokenizer_config.json beside it is read for clean_up_tokenization_spaces (absent: false, as in
 * current transformers) and add_bos_token. ERR_IO, ERR_PROTO (names the member), ERR_LIMIT, ERR_NOMEM. */
int tokenizer_open(struct tokenizer **out, const char *path, struct err *e);
void tokenizer_close(struct tokenizer *t);
const char *tokenizer_path(const struct tokenizer *t);
const char *tokenizer_sha256(const struct tokenizer *t);  /* of the file's bytes, 64 hex digits */
uint32_t tokenizer_vocab_size(const struct tokenizer *t); /* base vocabulary without added tokens, as HF's vocab_size */
uint32_t tokenizer_size(const struct tokenizer *t);       /* highest id + 1 */
int64_t tokenizer_bos(const struct tokenizer *t);         /* id that the post-processor puts in front; -1 none */
bool tokenizer_cleans_up(const struct tokenizer *t); /* decoded texts are cleaned up: tokenizer_config.json says so */

int tokenizer_work_open(struct tokenizer_work **out, const struct tokenizer *t, struct err *e);
void tokenizer_work_close(struct tokenizer_work *w);

/* Appends the tokens of text (UTF-8; what is invalid is taken as U+FFFD), added tokens in it recognised as HF does. */
int tokenizer_encode(const struct tokenizer *t, struct tokenizer_work *w, const char *text, size_t len,
        struct token_ids *out, struct err *e);
/* Appends the text of ids, special tokens kept; bytes that are not UTF-8 become U+FFFD as Python's errors="replace" does.
 * An id that the tokenizer lacks adds nothing, as in HF. */
int tokenizer_decode(const struct tokenizer *t, const uint32_t *ids, size_t n, struct buf *out, struct err *e);

/* Where the tokenizer.json of a model is: `given` (a file, or a directory with one) when not empty; `model` as a directory;
 * else the hub cache: HF_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub, in
 * models--ORG--NAME/snapshots/ (the one of refs/main, else the newest that has it). 1 found, 0 not found (text: where it
 * was looked for), negative when `given` is no such file. */
int tokenizer_find(const char *given, const char *model, const char *(*getenv_)(void *ctx, const char *name), void *ctx,
        char *path, size_t cap, struct err *e);

#endif
