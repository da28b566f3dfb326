/* What the files of the tokenizer share. Nobody outside this directory includes it.
 *
 *   tok_json     a cursor over the file's text          tok_open      the file into struct tokenizer
 *   tok_vocab    tokens, ids, merges                     tok_model     its "model" member
 *   tok_added    added tokens in a text                  tok_config    its other members
 *   tok_regex    a pattern for onig, made PCRE2's        tok_split     a text into words
 *   tok_nfc      normalisation                           tok_bpe       a word into tokens
 *   tok_utf8     UTF-8, valid and not                    tok_newer     characters newer than PCRE2
 *   tok_find     where the file is
 */
#ifndef BENCHTOP_TOKENIZER_INT_H
#define BENCHTOP_TOKENIZER_INT_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include "../base/json.h"
#include "tokenizer.h"
#include <pcre2.h>

#define TOK_TOKEN_MAX   65535 /* bytes of one token */
#define TOK_MERGES_MAX  (1u << 22)
#define TOK_ADDED_MAX   100000
#define TOK_ADDED_BYTES 1024                /* of one added token: bounds the search for them */
#define TOK_TEXT_MAX    ((size_t)256 << 20) /* of a text to encode */
#define TOK_STEPS_MAX   16                  /* pre-tokenizers in sequence */
#define TOK_PATTERN_MAX 4096                /* bytes of a pattern, before and after translation */
#define TOK_PROBES_MAX  512                 /* of a hash table: a file made to collide is refused */
#define TOK_NO_ID       UINT32_MAX

/* ---- tok_utf8 ---- */

/* Bytes of s that are valid UTF-8 from its start on. */
size_t tok_utf8_span(const char *s, size_t len);
/* Appends s, each maximal invalid part as one U+FFFD, as Python's errors="replace" and Rust's from_utf8_lossy do. */
int tok_utf8_add(struct buf *out, const char *s, size_t len);

/* ---- tok_json ---- */

/* A cursor over a JSON text that is valid UTF-8. The first error stays; everything returns 0 or a negative code. */
struct tok_json {
	const char *text;
	size_t len, at;
	struct err *e;
	char *scratch; /* the last string that had escapes; owned */
	size_t scratch_cap;
};
void tok_json_init(struct tok_json *j, const char *text, size_t len, struct err *e);
void tok_json_free(struct tok_json *j);
int tok_json_fail(struct tok_json *j, const char *what);       /* ERR_PROTO with the position */
int tok_json_enter(struct tok_json *j, char open);             /* the '{' or '[' */
int tok_json_next(struct tok_json *j, char close, bool first); /* 1: an element follows, 0: closed */
/* The string's bytes, valid until the next string is read. */
int tok_json_string(struct tok_json *j, const char **s, size_t *len);
int tok_json_key(struct tok_json *j, const char **s, size_t *len); /* and the colon */
int tok_json_u32(struct tok_json *j, uint32_t *v);
int tok_json_skip(struct tok_json *j, uint32_t *elements); /* one value; elements of an array or object (may be NULL) */
char tok_json_peek(struct tok_json *j);                    /* first character of what follows, '\0' at the end */

struct tok_slice {
	const char *text;
	size_t len; /* 0: the member is absent */
	uint32_t elements;
};

/* The members of the object in text that are named; the others must be null or false. what: for errors, "its ". */
int tok_members(const char *text, size_t len, const char *const *names, int n, struct tok_slice *out, const char *what,
        struct err *e);

/* ---- tok_vocab ---- */

enum token_form {
	TOKEN_ABSENT,
	TOKEN_BYTES, /* every character is of the byte alphabet: the bytes meant */
	TOKEN_TEXT,  /* something else, kept as UTF-8; no merge leads to it from a text */
};

struct token {
	uint32_t at; /* in vocab.bytes */
	uint16_t len;
	uint8_t form;
	bool added;
};

struct token_slot {
	uint32_t id1; /* id + 1, 0 empty */
	uint32_t tag;
};

struct merge_slot {
	uint64_t pair; /* left << 32 | right; UINT64_MAX empty */
	uint32_t rank, id;
};

struct vocab {
	struct buf bytes; /* of all tokens, one after the other */
	struct token *tokens;
	uint32_t n_tokens, cap; /* highest id + 1 */
	uint32_t n_base;        /* tokens of the model */
	struct token_slot *slots;
	uint32_t slot_mask;
	struct merge_slot *merges;
	uint32_t merge_mask;
	uint32_t byte_id[256]; /* TOK_NO_ID: no such token */
};

int vocab_init(struct vocab *v, uint32_t tokens, uint32_t merges, struct err *e);
void vocab_free(struct vocab *v);
/* s: as the file has it (UTF-8, byte alphabet). ERR_PROTO when the token or the id is there already. */
int vocab_add(struct vocab *v, const char *s, size_t len, uint32_t id, struct err *e);
uint32_t vocab_find(const struct vocab *v, const char *s, size_t len); /* in the file's form */
uint32_t vocab_find_bytes(const struct vocab *v, const char *bytes, size_t len);
int vocab_add_merge(
        struct vocab *v, const char *a, size_t a_len, const char *b, size_t b_len, uint32_t rank, struct err *e);
/* The token's text for an id that is not in the model, or the same text for one that is. */
int vocab_add_extra(struct vocab *v, const char *s, size_t len, uint32_t id, struct err *e);
const struct merge_slot *vocab_merge(const struct vocab *v, uint32_t left, uint32_t right); /* NULL none */
uint64_t tok_hash(const char *s, size_t len);

/* ---- tok_added ---- */

struct added_token {
	uint32_t id;
	bool lstrip, rstrip;
};
struct added_node {
	uint32_t child, next; /* first child; next sibling; 0 none */
	uint32_t token;       /* index + 1; 0 none ends here */
	unsigned char byte;
};
/* The added tokens of one kind (normalized or not), as a tree of bytes. */
struct added_set {
	struct added_token *tokens;
	uint32_t n, cap;
	struct added_node *nodes;
	uint32_t n_nodes, nodes_cap;
	uint32_t first[256]; /* node of a first byte */
};
void added_free(struct added_set *a);
/* s is what is looked for. ERR_PROTO when it is there already. */
int added_add(struct added_set *a, const char *s, size_t len, struct added_token token, struct err *e);
/* Leftmost, longest from `from` on; false when there is none. */
bool added_next(const struct added_set *a, const char *text, size_t len, size_t from, size_t *start, size_t *end,
        const struct added_token **token);

/* ---- tok_regex ---- */

/* Rewrites a pattern from the syntax that the reference implementation gives to its engine (Oniguruma, Ruby's syntax) to
 * PCRE2's with the same meaning. ERR_PROTO names what has none. */
int tok_regex_translate(const char *pattern, size_t len, struct buf *out, bool *literal, struct err *e);
/* *literal: the pattern names characters that tok_newer.c replaces or puts in their place, so it must see the text itself. */
int tok_regex_compile(pcre2_code **out, bool *literal, const char *pattern, size_t len, bool literally, struct err *e);

/* ---- tok_newer ---- */

size_t tok_newer_next(const char *s, size_t len, size_t from);     /* the next character to replace, or len */
int tok_newer_replace(struct buf *out, const char *s, size_t len); /* appends as many bytes */
bool tok_newer_touches(uint32_t from, uint32_t to);

/* ---- tok_split ---- */

enum split_behavior { SPLIT_ISOLATED, SPLIT_REMOVED, SPLIT_WITH_PREVIOUS, SPLIT_WITH_NEXT, SPLIT_CONTIGUOUS };
struct split_step {
	bool jit;
	pcre2_code *code; /* NULL: nothing is split here (ByteLevel without its pattern) */
	enum split_behavior behavior;
	bool invert;
	bool literal;      /* matches the text itself, not what stands for newer characters */
	bool prefix_space; /* put a blank in front of a piece without one */
};
/* Gives the patterns their processor time for a text: what takes much longer than any pattern in use is refused in words. */
void tok_split_budget(struct tokenizer_work *w, size_t len);
/* Calls word for each piece, in order, after all steps. */
typedef int (*tok_word_fn)(void *ctx, const char *word, size_t len, struct err *e);
int tok_split(const struct tokenizer *t, struct tokenizer_work *w, const char *text, size_t len, tok_word_fn word,
        void *ctx, struct err *e);

/* ---- tok_nfc ---- */

bool tok_nfc_quick(const char *s, size_t len); /* certainly normalised already */
int tok_nfc(struct buf *out, const char *s, size_t len);

/* ---- tok_bpe ---- */

struct bpe_symbol {
	uint32_t id;
	uint32_t rank, made; /* of the pair of this symbol and the next */
	int32_t prev, next;
};
#define BPE_CACHE_SETS 8192
#define BPE_CACHE_KEY  32
#define BPE_CACHE_IDS  8
struct bpe_cached {
	uint8_t len, n; /* len 0: empty */
	char word[BPE_CACHE_KEY];
	uint32_t ids[BPE_CACHE_IDS];
};
int tok_bpe(const struct tokenizer *t, struct tokenizer_work *w, const char *word, size_t len, struct token_ids *out,
        struct err *e);

/* ---- all of it ---- */

struct tokenizer {
	char path[1024];
	char sha256[65];
	struct vocab vocab;
	bool ignore_merges;
	bool nfc;
	bool cleanup; /* clean_up_tokenization_spaces */
	struct split_step steps[TOK_STEPS_MAX];
	int n_steps;
	struct added_set added, added_normalized;
	int64_t bos;
};

struct tokenizer_work {
	pcre2_match_data *match;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;
	struct buf clean, normal, stands, spaced[TOK_STEPS_MAX];
	struct bpe_symbol *symbols;
	uint64_t *heap;
	size_t symbols_cap, heap_cap, heap_len;
	struct bpe_cached *cache; /* BPE_CACHE_SETS pairs */
	int64_t cpu_end_ns; /* of this thread's processor time: the patterns' share of it for the text in progress is over */
	int64_t look_ns; /* monotonic, coarse: not before then */
};

/* ERR_LIMIT / ERR_NOMEM. */
int token_ids_add(struct token_ids *out, uint32_t id, struct err *e);

/* tokenizer_open on bytes that are there already; nothing beside the path is read. */
int tokenizer_open_text(struct tokenizer **out, const char *path, const char *text, size_t len, struct err *e);
int tok_read_model(struct tokenizer *t, const struct tok_slice *model, struct err *e);
int tok_read_added(struct tokenizer *t, const struct tok_slice *added, struct err *e);
int tok_read_normalizer(struct tokenizer *t, const struct tok_slice *s, struct err *e);
int tok_read_pre(struct tokenizer *t, const struct tok_slice *s, struct err *e);
int tok_read_post(struct tokenizer *t, const struct tok_slice *s, struct err *e);
int tok_read_decoder(const struct tok_slice *s, struct err *e);
int tok_read_beside(struct tokenizer *t, struct err *e); /* tokenizer_config.json */

#endif
