#include "../base/file.h"
#include "prompts_int.h"
#include <stdlib.h>
#include <string.h>

#define PROMPTS_MAX 1000000
#define TOKENS_MAX  (1 << 24)

struct prompt_set {
	size_t n;
	uint32_t vocab;
	struct image image; /* of text; base NULL for ids */
	bool cached;
	struct prompt_row rows[];
};

static int spec_check(const struct prompt_spec *s, uint32_t *in_low, uint32_t *out_low, struct err *e)
{
	if (s->n < 1 || s->n > PROMPTS_MAX)
		return err_set(e, ERR_USAGE, "%d prompts are not possible: choose 1 to %d", s->n, PROMPTS_MAX);
	if (s->isl < 1 || s->osl < 1 || s->isl > TOKENS_MAX || s->osl > TOKENS_MAX)
		return err_set(e, ERR_USAGE, "prompts of %d tokens in and %d out are not possible: choose 1 to %d",
		        s->isl, s->osl, TOKENS_MAX);
	if (s->tokenizer && tokenizer_vocab_size(s->tokenizer) < 1)
		return err_set(e, ERR_USAGE, "the tokenizer %.300s has no vocabulary", tokenizer_path(s->tokenizer));
	if (!s->tokenizer && s->vocab < 1)
		return err_set(e, ERR_USAGE, "the vocabulary is empty: set vocab_size in the track");
	/* Both factors are checked, so the products fit; the comparison refuses NaN too. */
	if (!(s->ratio > 0 && s->ratio <= 1))
		return err_set(
		        e, ERR_USAGE, "range ratio %g is not possible: choose more than 0 and at most 1", s->ratio);
	*in_low = (uint32_t)(s->isl * s->ratio);
	*out_low = (uint32_t)(s->osl * s->ratio);
	if (*in_low < 1 || *out_low < 1)
		return err_set(e, ERR_USAGE,
		        "range ratio %g would give empty prompts or answers with %d tokens in and %d out: choose a larger one",
		        s->ratio, s->isl, s->osl);
	return 0;
}

/* The order of the draws is part of the data set: all input lengths, all output lengths, all offsets. */
static void draw(
        struct prompt_set *p, const struct prompt_spec *spec, uint32_t in_low, uint32_t out_low, struct mt19937 *m)
{
	mt_seed(m, spec->seed);
	for (size_t i = 0; i < p->n; i++)
		p->rows[i].in = mt_range(m, in_low, (uint32_t)spec->isl + 1);
	for (size_t i = 0; i < p->n; i++)
		p->rows[i].out = mt_range(m, out_low, (uint32_t)spec->osl + 1);
	for (size_t i = 0; i < p->n; i++)
		p->rows[i].first = (uint32_t)(((uint64_t)mt_range(m, 0, p->vocab) + i) % p->vocab);
}

static void gate(const struct prompt_spec *spec, bool enter)
{
	if (spec->gate && enter)
		pthread_rwlock_rdlock(spec->gate);
	else if (spec->gate)
		pthread_rwlock_unlock(spec->gate);
}

/* The text from the cache, else made and kept there. A cache that fails costs time, nothing else. */
static int add_text(
        struct prompt_set *p, const struct prompt_spec *spec, uint32_t out_low, struct mt19937 *m, struct err *e)
{
	char key[PROMPTS_KEY], path[1024];
	struct image_writer *w;
	prompts_key(spec, out_low, key);
	gate(spec, true);
	bool place = spec->cache && spec->cache[0] && prompts_cache_path(path, sizeof path, spec->cache, spec, key) &&
	             file_mkdirs(spec->cache, NULL) == 0;
	p->cached = place && image_open(&p->image, path, key, p->n, NULL) == 0;
	int rc = 0;
	if (place && !p->cached)
		prompts_cache_prune(spec->cache, PROMPTS_CACHE_MAX, NULL);
	if (!p->cached)
		rc = image_begin(&w, place ? path : NULL, key, p->n, e);
	gate(spec, false);
	if (rc || p->cached)
		return rc;
	rc = text_make(spec, p->rows, m, w, e);
	if (rc) {
		image_abandon(w);
		return rc;
	}
	gate(spec, true);
	rc = image_finish(w, &p->image, e);
	if (rc == 0 && place)
		prompts_cache_prune(spec->cache, PROMPTS_CACHE_MAX, path);
	gate(spec, false);
	return rc;
}

int prompts_make(struct prompt_set **out, const struct prompt_spec *spec, struct err *e)
{
	uint32_t in_low = 0, out_low = 0;
	*out = NULL;
	int rc = spec_check(spec, &in_low, &out_low, e);
	if (rc)
		return rc;
	size_t n = (size_t)spec->n;
	struct prompt_set *p = calloc(1, sizeof *p + n * sizeof p->rows[0]);
	struct mt19937 *m = malloc(sizeof *m);
	if (!p || !m) {
		free(p);
		free(m);
		return err_set(e, ERR_NOMEM, "out of memory for %zu prompts", n);
	}
	p->n = n;
	p->vocab = spec->tokenizer ? tokenizer_vocab_size(spec->tokenizer) : spec->vocab;
	draw(p, spec, in_low, out_low, m);
	if (spec->tokenizer)
		rc = add_text(p, spec, out_low, m, e);
	free(m);
	if (rc)
		prompts_free(p);
	else
		*out = p;
	return rc;
}

void prompts_free(struct prompt_set *p)
{
	if (!p)
		return;
	image_close(&p->image);
	free(p);
}

bool prompts_in_memory(const struct prompt_set *p)
{
	return p->image.base && !p->image.file;
}

bool prompts_cached(const struct prompt_set *p)
{
	return p->cached;
}

int prompts_warm(const struct prompt_set *p, struct err *e)
{
	return p->image.base && p->image.file ? image_warm(&p->image, e) : 0;
}

size_t prompts_count(const struct prompt_set *p)
{
	return p->n;
}

uint32_t prompts_input_len(const struct prompt_set *p, size_t i)
{
	return p->image.base ? p->image.rows[i].tokens : p->rows[i].in;
}

uint32_t prompts_output_len(const struct prompt_set *p, size_t i)
{
	return p->rows[i].out;
}

static size_t count_digits(uint32_t v)
{
	size_t n = 1;
	while (v >= 10) {
		v /= 10;
		n++;
	}
	return n;
}

/* Writes the ids from..from+n-1 with a comma behind each; returns the end. Ten ids share all digits but the last, so the
 * front is made once for them and copied as one block, ID_SLACK bytes whatever its length: to must have that room. */
#define ID_SLACK 16
static char *put_ids(char *to, uint32_t from, uint32_t n)
{
	while (n > 0) {
		char front[ID_SLACK] = "";
		size_t len = from >= 10 ? count_digits(from / 10) : 0;
		uint32_t rest = from / 10, last = from % 10;
		for (size_t at = len; at > 0; rest /= 10)
			front[--at] = (char)('0' + rest % 10);
		for (; last < 10 && n > 0; last++, n--, from++) {
			memcpy(to, front, sizeof front);
			to[len] = (char)('0' + last);
			to[len + 1] = ',';
			to += len + 2;
		}
	}
	return to;
}

int prompts_json(const struct prompt_set *p, size_t i, struct buf *out)
{
	const struct prompt_row *row = &p->rows[i];
	if (p->image.base)
		return buf_add(out, p->image.base + p->image.rows[i].at, p->image.rows[i].bytes);
	size_t most = (count_digits(p->vocab - 1) + 1) * row->in + 2 + ID_SLACK;
	int rc = buf_reserve(out, most);
	if (rc)
		return rc;
	char *to = out->data + out->len;
	*to++ = '[';
	uint32_t id = row->first;
	for (uint32_t left = row->in; left > 0;) {
		uint32_t run = p->vocab - id < left ? p->vocab - id : left;
		to = put_ids(to, id, run);
		left -= run;
		id = 0; /* after the vocabulary's end */
	}
	to[-1] = ']'; /* over the last comma: a prompt has at least one id */
	*to = '\0';
	out->len = (size_t)(to - out->data);
	return 0;
}
