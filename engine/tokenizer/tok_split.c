#include "tokenizer_int.h"
#include <string.h>
#include <time.h>

/* The limit of one match bounds a single one; a pattern that stays just below it at every place of a text would take hours. */
#define BUDGET_NS      INT64_C(2000000000)
#define BUDGET_BYTE_NS 10000 /* a hundred times what the patterns in use need */

struct split_run {
	const struct tokenizer *t;
	struct tokenizer_work *w;
	tok_word_fn word;
	void *ctx;
	struct err *e;
};

/* A part of the text, and what the patterns see of it: the same bytes but for newer characters. */
struct part {
	const char *text, *seen;
	size_t len;
};

/* A piece that waits for what follows it. */
struct split_held {
	struct part part;
	bool match, any;
};

static int run_step(struct split_run *r, int k, struct part p);

static struct part part_of(struct part p, size_t from, size_t to)
{
	return (struct part){p.text + from, p.seen + from, to - from};
}

static int held_give(struct split_run *r, int k, struct split_held *h)
{
	int rc = h->any ? run_step(r, k + 1, h->part) : 0;
	h->any = false;
	return rc;
}

/* The next piece of step k: given on, held, or joined with the one held. Pieces come in order and touch each other. */
static int piece(struct split_run *r, int k, struct split_held *h, struct part p, bool match)
{
	const struct split_step *step = &r->t->steps[k];
	bool joins = false, holds = false;
	match = match != step->invert;
	switch (step->behavior) {
	case SPLIT_ISOLATED:
		break;
	case SPLIT_REMOVED:
		if (match)
			return 0;
		break;
	case SPLIT_CONTIGUOUS:
		joins = h->any && h->match == match;
		holds = true;
		break;
	case SPLIT_WITH_PREVIOUS: /* a match joins what is no match before it */
		joins = h->any && match;
		holds = !match;
		break;
	case SPLIT_WITH_NEXT:
		joins = h->any && !match;
		holds = match;
		break;
	}
	int rc = 0;
	if (joins) {
		h->part.len += p.len;
	} else {
		rc = held_give(r, k, h);
		*h = (struct split_held){p, match, true};
	}
	return rc || holds ? rc : held_give(r, k, h);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void tok_split_budget(struct tokenizer_work *w, size_t len)
{
	int64_t budget = BUDGET_NS + BUDGET_BYTE_NS * (int64_t)len;
	w->cpu_end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + budget;
	w->look_ns = clock_ns(CLOCK_MONOTONIC_COARSE) + budget;
}

/* Processor time costs a call to the system and counts alone; the coarse clock says when it can be over at the earliest. */
static bool over_budget(struct tokenizer_work *w)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC_COARSE);
	if (now < w->look_ns)
		return false;
	int64_t left = w->cpu_end_ns - clock_ns(CLOCK_THREAD_CPUTIME_ID);
	w->look_ns = now + left;
	return left <= 0;
}

static int match_error(struct split_run *r, int rc)
{
	char words[120];
	if (pcre2_get_error_message(rc, (PCRE2_UCHAR *)words, sizeof words) < 0)
		words[0] = '\0';
	return err_set(r->e, ERR_LIMIT, "the tokenizer's pattern cannot split this text: %s", words);
}

static int run_pattern(struct split_run *r, int k, struct part p)
{
	const struct split_step *step = &r->t->steps[k];
	const PCRE2_SIZE *found = pcre2_get_ovector_pointer(r->w->match);
	PCRE2_SPTR s = (PCRE2_SPTR)(step->literal ? p.text : p.seen);
	struct split_held held = {0};
	size_t done = 0;
	int rc = 0;
	while (rc == 0 && done < p.len) {
		if (over_budget(r->w))
			return err_set(r->e, ERR_LIMIT,
			        "the tokenizer's pattern takes too long for this text: it was stopped");
		int n = step->jit ? pcre2_jit_match(step->code, s, p.len, done, 0, r->w->match, r->w->limits)
		                  : pcre2_match(
		                            step->code, s, p.len, done, PCRE2_NO_UTF_CHECK, r->w->match, r->w->limits);
		if (n == PCRE2_ERROR_NOMATCH)
			break;
		if (n < 0)
			return match_error(r, n);
		size_t from = found[0], to = found[1];
		if (from < done || to <= from)
			return err_set(r->e, ERR_PROTO, "the tokenizer's pattern matches nothing at all");
		if (from > done)
			rc = piece(r, k, &held, part_of(p, done, from), false);
		if (rc == 0)
			rc = piece(r, k, &held, part_of(p, from, to), true);
		done = to;
	}
	if (rc == 0 && done < p.len)
		rc = piece(r, k, &held, part_of(p, done, p.len), false);
	return rc ? rc : held_give(r, k, &held);
}

/* The part with a blank in front; both readings of it in one buffer. */
static int with_space(struct split_run *r, int k, struct part *p)
{
	struct buf *b = &r->w->spaced[k];
	buf_clear(b);
	buf_addc(b, ' ');
	buf_add(b, p->text, p->len);
	buf_addc(b, ' ');
	if (buf_add(b, p->seen, p->len))
		return err_set(r->e, ERR_NOMEM, "no memory to split a text");
	*p = (struct part){b->data, b->data + p->len + 1, p->len + 1};
	return 0;
}

static int run_step(struct split_run *r, int k, struct part p)
{
	if (k == r->t->n_steps)
		return r->word(r->ctx, p.text, p.len, r->e);
	const struct split_step *step = &r->t->steps[k];
	int rc = step->prefix_space && p.text[0] != ' ' ? with_space(r, k, &p) : 0;
	if (rc)
		return rc;
	return step->code ? run_pattern(r, k, p) : run_step(r, k + 1, p);
}

int tok_split(const struct tokenizer *t, struct tokenizer_work *w, const char *text, size_t len, tok_word_fn word,
        void *ctx, struct err *e)
{
	struct split_run r = {t, w, word, ctx, e};
	struct part all = {text, text, len};
	if (tok_newer_next(text, len, 0) < len) {
		buf_clear(&w->stands);
		if (tok_newer_replace(&w->stands, text, len))
			return err_set(e, ERR_NOMEM, "no memory to split a text");
		all.seen = w->stands.data;
	}
	return len ? run_step(&r, 0, all) : 0;
}
