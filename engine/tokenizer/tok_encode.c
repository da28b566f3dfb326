#include "../base/text.h"
#include "tokenizer_int.h"
#include <stdlib.h>
#include <string.h>

#define MATCH_LIMIT 10000000 /* of one match; a pattern that needs more is refused instead of hanging */
#define DEPTH_LIMIT 100000
#define HEAP_LIMIT  32768 /* KiB, where there is no JIT */
#define STACK_START ((size_t)32 << 10)
#define STACK_MOST  ((size_t)8 << 20)

int tokenizer_work_open(struct tokenizer_work **out, const struct tokenizer *t, struct err *e)
{
	(void)t;
	struct tokenizer_work *w = calloc(1, sizeof *w);
	*out = NULL;
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory to tokenize");
	buf_init(&w->clean, 3 * TOK_TEXT_MAX);
	buf_init(&w->normal, 3 * TOK_TEXT_MAX);
	buf_init(&w->stands, 3 * TOK_TEXT_MAX);
	for (int i = 0; i < TOK_STEPS_MAX; i++)
		buf_init(&w->spaced[i], 6 * TOK_TEXT_MAX + 2);
	w->match = pcre2_match_data_create(1, NULL);
	w->limits = pcre2_match_context_create(NULL);
	w->stack = pcre2_jit_stack_create(STACK_START, STACK_MOST, NULL);
	w->cache = calloc(BPE_CACHE_SETS, 2 * sizeof *w->cache);
	if (!w->match || !w->limits || !w->stack || !w->cache) {
		tokenizer_work_close(w);
		return err_set(e, ERR_NOMEM, "no memory to tokenize");
	}
	pcre2_set_match_limit(w->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(w->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(w->limits, HEAP_LIMIT);
	pcre2_jit_stack_assign(w->limits, NULL, w->stack);
	*out = w;
	return 0;
}

void tokenizer_work_close(struct tokenizer_work *w)
{
	if (!w)
		return;
	pcre2_match_context_free(w->limits);
	pcre2_jit_stack_free(w->stack);
	pcre2_match_data_free(w->match);
	buf_free(&w->clean);
	buf_free(&w->normal);
	buf_free(&w->stands);
	for (int i = 0; i < TOK_STEPS_MAX; i++)
		buf_free(&w->spaced[i]);
	free(w->symbols);
	free(w->heap);
	free(w->cache);
	free(w);
}

/* ---- encoding: added tokens first, what is between them normalised, added tokens again, words, tokens ---- */

struct encoding {
	const struct tokenizer *t;
	struct tokenizer_work *w;
	struct token_ids *out;
	struct err *e;
};

typedef int (*gap_fn)(struct encoding *c, const char *s, size_t len);

static int add_word(void *ctx, const char *word, size_t len, struct err *e)
{
	struct encoding *c = ctx;
	return tok_bpe(c->t, c->w, word, len, c->out, e);
}

static int add_words(struct encoding *c, const char *s, size_t len)
{
	return tok_split(c->t, c->w, s, len, add_word, c, c->e);
}

/* White space as the reference implementation's \s: the Unicode property White_Space. */
static bool is_space(uint32_t cp)
{
	return (cp >= 9 && cp <= 13) || cp == ' ' || cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
	       (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
	       cp == 0x3000;
}

static size_t space_before(const char *s, size_t at)
{
	while (at > 0) {
		size_t from = at - 1;
		uint32_t cp;
		while (from > 0 && ((unsigned char)s[from] & 0xc0) == 0x80)
			from--;
		utf8_decode(s + from, at - from, &cp);
		if (!is_space(cp))
			break;
		at = from;
	}
	return at;
}

static size_t space_behind(const char *s, size_t len, size_t at)
{
	while (at < len) {
		uint32_t cp;
		size_t n = utf8_decode(s + at, len - at, &cp);
		if (!is_space(cp))
			break;
		at += n;
	}
	return at;
}

/* Finds the added tokens of a set in s and hands what is between them to gap. */
static int around_added(struct encoding *c, const struct added_set *set, const char *s, size_t len, gap_fn gap)
{
	const struct added_token *token;
	size_t from = 0, done = 0, start, end;
	int rc = 0;
	while (rc == 0 && added_next(set, s, len, from, &start, &end, &token)) {
		from = end;
		if (token->lstrip)
			start = space_before(s, start);
		if (token->rstrip)
			end = space_behind(s, len, end);
		if (start > done)
			rc = gap(c, s + done, start - done);
		if (rc == 0)
			rc = token_ids_add(c->out, token->id, c->e);
		if (end > done)
			done = end;
	}
	return rc == 0 && done < len ? gap(c, s + done, len - done) : rc;
}

static int add_normal(struct encoding *c, const char *s, size_t len)
{
	if (c->t->nfc && !tok_nfc_quick(s, len)) {
		buf_clear(&c->w->normal);
		if (tok_nfc(&c->w->normal, s, len))
			return err_set(c->e, ERR_NOMEM, "no memory to normalise a text");
		s = buf_text(&c->w->normal);
		len = c->w->normal.len;
	}
	return around_added(c, &c->t->added_normalized, s, len, add_words);
}

int tokenizer_encode(const struct tokenizer *t, struct tokenizer_work *w, const char *text, size_t len,
        struct token_ids *out, struct err *e)
{
	struct encoding c = {t, w, out, e};
	if (len > TOK_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "a text of %zu bytes is longer than the %zu that are tokenized", len,
		        TOK_TEXT_MAX);
	tok_split_budget(w, len);
	if (tok_utf8_span(text, len) < len) {
		buf_clear(&w->clean);
		if (tok_utf8_add(&w->clean, text, len))
			return err_set(e, ERR_NOMEM, "no memory to tokenize a text");
		text = w->clean.data;
		len = w->clean.len;
	}
	return around_added(&c, &t->added, text, len, add_normal);
}

/* ---- decoding ---- */

/* What transformers' clean_up_tokenization does to a decoded text: these replacements, one after the other. */
static const char *const cleanups[][2] = {
        {" .", "."},
        {" ?", "?"},
        {" !", "!"},
        {" ,", ","},
        {" ' ", "'"},
        {" n't", "n't"},
        {" 'm", "'m"},
        {" 's", "'s"},
        {" 've", "'ve"},
        {" 're", "'re"},
};

static size_t replace_all(char *s, size_t len, const char *from, const char *to)
{
	size_t n = strlen(from), m = strlen(to), kept = 0;
	for (size_t i = 0; i < len;) {
		if (s[i] == ' ' && len - i >= n && memcmp(s + i, from, n) == 0) {
			memcpy(s + kept, to, m); /* never longer */
			kept += m;
			i += n;
		} else {
			s[kept++] = s[i++];
		}
	}
	return kept;
}

int tokenizer_decode(const struct tokenizer *t, const uint32_t *ids, size_t n, struct buf *out, struct err *e)
{
	size_t start = out->len;
	struct buf raw;
	buf_init(&raw, (size_t)1 << 30);
	for (size_t i = 0; i < n; i++)
		if (ids[i] < t->vocab.n_tokens && t->vocab.tokens[ids[i]].form != TOKEN_ABSENT)
			buf_add(&raw, t->vocab.bytes.data + t->vocab.tokens[ids[i]].at, t->vocab.tokens[ids[i]].len);
	if (!raw.failed)
		tok_utf8_add(out, buf_text(&raw), raw.len);
	bool failed = raw.failed || out->failed;
	buf_free(&raw);
	if (failed)
		return err_set(e, ERR_LIMIT, "the text of %zu tokens is too long", n);
	if (t->cleanup && out->len > start) {
		size_t len = out->len - start;
		for (size_t i = 0; i < sizeof cleanups / sizeof cleanups[0]; i++)
			len = replace_all(out->data + start, len, cleanups[i][0], cleanups[i][1]);
		out->len = start + len;
		out->data[out->len] = '\0';
	}
	return 0;
}
