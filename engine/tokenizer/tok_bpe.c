#include "tokenizer_int.h"
#include <stdlib.h>
#include <string.h>

#define NO_RANK    UINT32_MAX
#define SHORT_WORD 96 /* up to here every pair is looked at for each merge; beyond, a heap keeps them in order */

/* ---- ids ---- */

void token_ids_free(struct token_ids *t)
{
	free(t->ids);
	t->ids = NULL;
	t->n = t->cap = 0;
}

static int token_ids_reserve(struct token_ids *out, size_t more, struct err *e)
{
	size_t max = out->max ? out->max : (size_t)16 << 20, need = out->n + more;
	if (need <= out->cap)
		return 0;
	if (need > max)
		return err_set(e, ERR_LIMIT, "the text has more than %zu tokens", max);
	size_t cap = need < 256 ? 256 : need + need / 2;
	uint32_t *grown = realloc(out->ids, (cap < max ? cap : max) * sizeof *grown);
	if (!grown)
		return err_set(e, ERR_NOMEM, "no memory for %zu tokens", need);
	out->ids = grown;
	out->cap = cap < max ? cap : max;
	return 0;
}

int token_ids_add(struct token_ids *out, uint32_t id, struct err *e)
{
	int rc = token_ids_reserve(out, 1, e);
	if (rc == 0)
		out->ids[out->n++] = id;
	return rc;
}

/* ---- the cache: words that come often, two to a set, the newer one first ---- */

static struct bpe_cached *cache_set(const struct tokenizer_work *w, const char *word, size_t len)
{
	return w->cache + 2 * (tok_hash(word, len) % BPE_CACHE_SETS);
}

static const struct bpe_cached *cache_find(const struct bpe_cached *set, const char *word, size_t len)
{
	for (int i = 0; i < 2; i++)
		if (set[i].len == len && memcmp(set[i].word, word, len) == 0)
			return &set[i];
	return NULL;
}

static void cache_put(struct bpe_cached *set, const char *word, size_t len, const uint32_t *ids, size_t n)
{
	if (n > BPE_CACHE_IDS)
		return;
	set[1] = set[0];
	set[0].len = (uint8_t)len;
	set[0].n = (uint8_t)n;
	memcpy(set[0].word, word, len);
	memcpy(set[0].ids, ids, n * sizeof *ids);
}

/* ---- merging: always the pair of the lowest rank, the leftmost of those ---- */

/* Sets rank and product of the pair of a and b. */
static void pair_set(const struct vocab *v, struct bpe_symbol *a, const struct bpe_symbol *b)
{
	const struct merge_slot *m = b ? vocab_merge(v, a->id, b->id) : NULL;
	a->rank = m ? m->rank : NO_RANK;
	a->made = m ? m->id : 0;
}

static size_t merge_short(const struct vocab *v, struct bpe_symbol *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pair_set(v, &s[i], i + 1 < n ? &s[i + 1] : NULL);
	for (;;) {
		size_t best = 0;
		for (size_t i = 1; i + 1 < n; i++)
			if (s[i].rank < s[best].rank)
				best = i;
		if (s[best].rank == NO_RANK)
			return n;
		s[best].id = s[best].made;
		memmove(s + best + 1, s + best + 2, (n - best - 2) * sizeof *s);
		n--;
		pair_set(v, &s[best], best + 1 < n ? &s[best + 1] : NULL);
		if (best > 0)
			pair_set(v, &s[best - 1], &s[best]);
	}
}

/* The heap holds rank << 32 | position; an entry whose pair has changed since is passed over. */
static void heap_push(struct tokenizer_work *w, uint64_t key)
{
	size_t i = w->heap_len++;
	while (i > 0 && w->heap[(i - 1) / 2] > key) {
		w->heap[i] = w->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->heap[i] = key;
}

static uint64_t heap_pop(struct tokenizer_work *w)
{
	uint64_t top = w->heap[0], last = w->heap[--w->heap_len];
	size_t i = 0, child;
	while ((child = 2 * i + 1) < w->heap_len) {
		if (child + 1 < w->heap_len && w->heap[child + 1] < w->heap[child])
			child++;
		if (w->heap[child] >= last)
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = last;
	return top;
}

static void pair_push(const struct vocab *v, struct tokenizer_work *w, int32_t at)
{
	struct bpe_symbol *s = w->symbols + at;
	pair_set(v, s, s->next >= 0 ? w->symbols + s->next : NULL);
	if (s->rank != NO_RANK)
		heap_push(w, (uint64_t)s->rank << 32 | (uint32_t)at);
}

static size_t merge_long(const struct vocab *v, struct tokenizer_work *w, size_t n)
{
	struct bpe_symbol *s = w->symbols;
	w->heap_len = 0;
	for (size_t i = 0; i < n; i++) {
		s[i].prev = (int32_t)i - 1;
		s[i].next = i + 1 < n ? (int32_t)i + 1 : -1;
	}
	for (size_t i = 0; i < n; i++)
		pair_push(v, w, (int32_t)i);
	while (w->heap_len > 0) {
		uint64_t key = heap_pop(w);
		int32_t at = (int32_t)(key & UINT32_MAX);
		if (s[at].rank != key >> 32)
			continue;
		int32_t gone = s[at].next;
		s[at].id = s[at].made;
		s[at].next = s[gone].next;
		s[gone].rank = NO_RANK;
		if (s[at].next >= 0)
			s[s[at].next].prev = at;
		pair_push(v, w, at);
		if (s[at].prev >= 0)
			pair_push(v, w, s[at].prev);
	}
	size_t left = 0;
	for (int32_t i = 0; i >= 0; i = s[i].next)
		s[left++].id = s[i].id; /* left never passes i */
	return left;
}

/* Room for n symbols and, for long words, for the pairs that can ever be in the heap: n - 1 and two for each merge. */
static int symbols_reserve(struct tokenizer_work *w, size_t n, struct err *e)
{
	if (n > w->symbols_cap) {
		size_t cap = n + n / 2 + 256;
		free(w->symbols);
		w->symbols = malloc(cap * sizeof *w->symbols);
		w->symbols_cap = w->symbols ? cap : 0;
	}
	if (n > SHORT_WORD && 3 * n > w->heap_cap) {
		size_t cap = 4 * n;
		free(w->heap);
		w->heap = malloc(cap * sizeof *w->heap);
		w->heap_cap = w->heap ? cap : 0;
	}
	if (!w->symbols || (n > SHORT_WORD && !w->heap))
		return err_set(e, ERR_NOMEM, "no memory for a word of %zu bytes", n);
	return 0;
}

static int word_merge(
        const struct tokenizer *t, struct tokenizer_work *w, const char *word, size_t len, size_t *n, struct err *e)
{
	int rc = symbols_reserve(w, len, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < len; i++)
		w->symbols[i].id = t->vocab.byte_id[(unsigned char)word[i]];
	*n = len <= SHORT_WORD ? merge_short(&t->vocab, w->symbols, len) : merge_long(&t->vocab, w, len);
	return 0;
}

int tok_bpe(const struct tokenizer *t, struct tokenizer_work *w, const char *word, size_t len, struct token_ids *out,
        struct err *e)
{
	struct bpe_cached *set = len <= BPE_CACHE_KEY ? cache_set(w, word, len) : NULL;
	const struct bpe_cached *hit = set ? cache_find(set, word, len) : NULL;
	size_t n;
	int rc;
	if (hit) {
		rc = token_ids_reserve(out, hit->n, e);
		for (size_t i = 0; rc == 0 && i < hit->n; i++)
			out->ids[out->n++] = hit->ids[i];
		return rc;
	}
	uint32_t whole = t->ignore_merges ? vocab_find_bytes(&t->vocab, word, len) : TOK_NO_ID;
	if (whole != TOK_NO_ID) {
		rc = token_ids_add(out, whole, e);
		if (rc == 0 && set)
			cache_put(set, word, len, &whole, 1);
		return rc;
	}
	rc = word_merge(t, w, word, len, &n, e);
	if (rc == 0)
		rc = token_ids_reserve(out, n, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		out->ids[out->n + i] = w->symbols[i].id;
	if (set)
		cache_put(set, word, len, out->ids + out->n, n);
	out->n += n;
	return 0;
}
