#include "../base/text.h"
#include "tokenizer_int.h"
#include <stdlib.h>
#include <string.h>

/* ---- hashing ---- */

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The last 0..7 bytes as a number; a memcpy of a length unknown would be a call. */
static uint64_t tail(const char *s, size_t len)
{
	uint32_t low, high;
	if (len >= 4) {
		memcpy(&low, s, 4);
		memcpy(&high, s + len - 4, 4);
		return (uint64_t)high << 32 | low;
	}
	if (len == 0)
		return 0;
	return (uint64_t)(unsigned char)s[0] << 16 | (uint64_t)(unsigned char)s[len / 2] << 8 |
	       (unsigned char)s[len - 1];
}

uint64_t tok_hash(const char *s, size_t len)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ len, part;
	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&part, s, 8);
		h = fold(h ^ part, UINT64_C(0xe7037ed1a0b428db));
	}
	return fold(h ^ tail(s, len) ^ UINT64_C(0x589965cc75374cc3), UINT64_C(0x1d8e4e27c47d124f));
}

static uint64_t pair_hash(uint64_t pair)
{
	return fold(pair ^ UINT64_C(0x8ebc6af09c88c6e3), UINT64_C(0xa0761d6478bd642f));
}

/* A power of two, at least twice n. */
static uint32_t table_size(uint32_t n)
{
	uint32_t size = 64;
	while (size < 2 * n)
		size *= 2;
	return size;
}

/* ---- the byte alphabet: printable characters stand for themselves, the other bytes for U+0100 on ---- */

/* The byte that a code point stands for; -1 none. */
static int alphabet_byte(uint32_t cp)
{
	if ((cp >= 0x21 && cp <= 0x7e) || (cp >= 0xa1 && cp <= 0xac) || (cp >= 0xae && cp <= 0xff))
		return (int)cp;
	if (cp >= 0x100 && cp <= 0x120)
		return (int)(cp - 0x100); /* 00..20 */
	if (cp >= 0x121 && cp <= 0x142)
		return (int)(cp - 0x121 + 0x7f); /* 7f..a0 */
	return cp == 0x143 ? 0xad : -1;
}

/* The bytes that s means into out (as large as s): their number, or -1 when a character is not of the alphabet. */
static ptrdiff_t to_bytes(const char *s, size_t len, char *out)
{
	ptrdiff_t n = 0;
	for (size_t i = 0; i < len;) {
		uint32_t cp = (unsigned char)s[i];
		if (cp < 0x80)
			i++;
		else
			i += utf8_decode(s + i, len - i, &cp);
		int b = alphabet_byte(cp);
		if (b < 0)
			return -1;
		out[n++] = (char)b;
	}
	return n;
}

/* s as it is stored: form, bytes in *out (in `room` or s itself) and their number. */
static enum token_form stored(const char *s, size_t len, char *room, const char **out, size_t *out_len)
{
	ptrdiff_t n = to_bytes(s, len, room);
	*out = n < 0 ? s : room;
	*out_len = n < 0 ? len : (size_t)n;
	return n < 0 ? TOKEN_TEXT : TOKEN_BYTES;
}

/* ---- tokens ---- */

int vocab_init(struct vocab *v, uint32_t tokens, uint32_t merges, struct err *e)
{
	memset(v, 0, sizeof *v);
	buf_init(&v->bytes, TOKENIZER_FILE_MAX);
	memset(v->byte_id, 0xff, sizeof v->byte_id);
	uint32_t slots = table_size(tokens), pairs = table_size(merges);
	v->slots = calloc(slots, sizeof *v->slots);
	v->slot_mask = slots - 1;
	v->merges = malloc(pairs * sizeof *v->merges);
	v->merge_mask = pairs - 1;
	if (!v->slots || !v->merges)
		return err_set(e, ERR_NOMEM, "no memory for %u tokens and %u merges", tokens, merges);
	memset(v->merges, 0xff, pairs * sizeof *v->merges);
	return 0;
}

void vocab_free(struct vocab *v)
{
	buf_free(&v->bytes);
	free(v->tokens);
	free(v->slots);
	free(v->merges);
	v->tokens = NULL;
	v->slots = NULL;
	v->merges = NULL;
}

static bool same(const struct vocab *v, uint32_t id, enum token_form form, const char *s, size_t len)
{
	const struct token *t = &v->tokens[id];
	return t->form == form && t->len == len && memcmp(v->bytes.data + t->at, s, len) == 0;
}

/* The slot where s is or would be; NULL after too many probes. */
static struct token_slot *slot_of(const struct vocab *v, enum token_form form, const char *s, size_t len)
{
	uint64_t h = tok_hash(s, len) ^ form;
	uint32_t tag = (uint32_t)(h >> 32);
	for (uint32_t i = 0; i < TOK_PROBES_MAX; i++) {
		struct token_slot *slot = &v->slots[((uint32_t)h + i) & v->slot_mask];
		if (slot->id1 == 0 || (slot->tag == tag && same(v, slot->id1 - 1, form, s, len)))
			return slot;
	}
	return NULL;
}

static uint32_t find_stored(const struct vocab *v, enum token_form form, const char *s, size_t len)
{
	const struct token_slot *slot = len > TOK_TOKEN_MAX ? NULL : slot_of(v, form, s, len);
	return slot && slot->id1 ? slot->id1 - 1 : TOK_NO_ID;
}

uint32_t vocab_find_bytes(const struct vocab *v, const char *bytes, size_t len)
{
	return find_stored(v, TOKEN_BYTES, bytes, len);
}

uint32_t vocab_find(const struct vocab *v, const char *s, size_t len)
{
	char room[TOK_TOKEN_MAX];
	if (len > sizeof room)
		return TOK_NO_ID;
	const char *as;
	size_t as_len;
	enum token_form form = stored(s, len, room, &as, &as_len);
	return find_stored(v, form, as, as_len);
}

/* Room for an id; ids need not come in order. */
static int tokens_reach(struct vocab *v, uint32_t id, struct err *e)
{
	if (id >= TOKENIZER_VOCAB_MAX)
		return err_set(e, ERR_LIMIT, "the id %u is beyond the %d that are read", id, TOKENIZER_VOCAB_MAX);
	if (id >= v->cap) {
		uint32_t cap = id < 1024 ? 2048 : id + id / 4 + 1024;
		struct token *more = realloc(v->tokens, cap * sizeof *more);
		if (!more)
			return err_set(e, ERR_NOMEM, "no memory for %u tokens", cap);
		memset(more + v->cap, 0, (cap - v->cap) * sizeof *more);
		v->tokens = more;
		v->cap = cap;
	}
	if (id >= v->n_tokens)
		v->n_tokens = id + 1;
	return 0;
}

static int token_set(struct vocab *v, uint32_t id, enum token_form form, const char *s, size_t len, struct err *e)
{
	struct token *t = &v->tokens[id];
	*t = (struct token){.at = (uint32_t)v->bytes.len, .len = (uint16_t)len, .form = (uint8_t)form};
	if (buf_add(&v->bytes, s, len))
		return err_set(e, ERR_NOMEM, "no memory for the token %u", id);
	return 0;
}

static int token_error(const char *s, size_t len, const char *what, struct err *e)
{
	char shown[80];
	text_clean(shown, sizeof shown, s, len < 200 ? len : 200);
	return err_set(e, ERR_PROTO, "the token \"%s\" %s", shown, what);
}

int vocab_add(struct vocab *v, const char *s, size_t len, uint32_t id, struct err *e)
{
	char room[TOK_TOKEN_MAX];
	if (len > sizeof room)
		return err_set(e, ERR_LIMIT, "the token %u has %zu bytes, %d are read", id, len, TOK_TOKEN_MAX);
	int rc = tokens_reach(v, id, e);
	if (rc)
		return rc;
	const char *as;
	size_t as_len;
	enum token_form form = stored(s, len, room, &as, &as_len);
	struct token_slot *slot = slot_of(v, form, as, as_len);
	if (!slot)
		return err_set(e, ERR_LIMIT, "its tokens collide as if they were made to");
	if (slot->id1)
		return token_error(s, len, "is there twice", e);
	if (v->tokens[id].form != TOKEN_ABSENT)
		return token_error(s, len, "has the id of another", e);
	rc = token_set(v, id, form, as, as_len, e);
	if (rc)
		return rc;
	*slot = (struct token_slot){id + 1, (uint32_t)((tok_hash(as, as_len) ^ form) >> 32)};
	v->n_base++;
	if (form == TOKEN_BYTES && as_len == 1)
		v->byte_id[(unsigned char)as[0]] = id;
	return 0;
}

int vocab_add_extra(struct vocab *v, const char *s, size_t len, uint32_t id, struct err *e)
{
	char room[TOK_TOKEN_MAX];
	const char *as;
	size_t as_len;
	int rc = tokens_reach(v, id, e);
	if (rc)
		return rc;
	if (len > sizeof room)
		return err_set(e, ERR_LIMIT, "the token %u has %zu bytes, %d are read", id, len, TOK_TOKEN_MAX);
	if (v->tokens[id].form == TOKEN_ABSENT) {
		enum token_form form = stored(s, len, room, &as, &as_len);
		rc = token_set(v, id, form, as, as_len, e);
	}
	v->tokens[id].added = true;
	return rc;
}

/* ---- merges ---- */

static struct merge_slot *merge_slot_of(const struct vocab *v, uint64_t pair)
{
	uint64_t h = pair_hash(pair);
	for (uint32_t i = 0; i < TOK_PROBES_MAX; i++) {
		struct merge_slot *slot = &v->merges[((uint32_t)h + i) & v->merge_mask];
		if (slot->pair == pair || slot->pair == UINT64_MAX)
			return slot;
	}
	return NULL;
}

const struct merge_slot *vocab_merge(const struct vocab *v, uint32_t left, uint32_t right)
{
	uint64_t pair = (uint64_t)left << 32 | right;
	const struct merge_slot *slot = merge_slot_of(v, pair);
	return slot && slot->pair == pair ? slot : NULL;
}

static int merge_error(const char *a, size_t a_len, const char *b, size_t b_len, uint32_t rank, struct err *e)
{
	char left[60], right[60];
	text_clean(left, sizeof left, a, a_len < 100 ? a_len : 100);
	text_clean(right, sizeof right, b, b_len < 100 ? b_len : 100);
	return err_set(e, ERR_PROTO,
	        "merge %u, \"%s\" with \"%s\": one of them or what they make is not in the vocabulary", rank + 1, left,
	        right);
}

int vocab_add_merge(
        struct vocab *v, const char *a, size_t a_len, const char *b, size_t b_len, uint32_t rank, struct err *e)
{
	char both[TOK_TOKEN_MAX];
	if (a_len + b_len > sizeof both)
		return err_set(e, ERR_LIMIT, "merge %u has %zu bytes", rank + 1, a_len + b_len);
	memcpy(both, a, a_len);
	memcpy(both + a_len, b, b_len);
	uint32_t left = vocab_find(v, a, a_len), right = vocab_find(v, b, b_len),
	         id = vocab_find(v, both, a_len + b_len);
	if (left == TOK_NO_ID || right == TOK_NO_ID || id == TOK_NO_ID)
		return merge_error(a, a_len, b, b_len, rank, e);
	uint64_t pair = (uint64_t)left << 32 | right;
	struct merge_slot *slot = merge_slot_of(v, pair);
	if (!slot)
		return err_set(e, ERR_LIMIT, "its merges collide as if they were made to");
	*slot = (struct merge_slot){
	        pair, rank, id}; /* a pair that is there twice: the last counts, as in the reference */
	return 0;
}
