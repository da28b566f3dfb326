/* The reference's recipe. What a prompt costs is decoding and encoding it up to ten times, and the only thing that one
 * prompt hands on to the next is the state of the generator. So helpers take every prompt as far as it comes without a
 * draw, in any order, a bounded number ahead; the calling thread goes through them in order, draws, and ends the rest. */
#include "prompts_int.h"
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 64
#define AHEAD       8 /* slots a helper */
#define TEXT_MAX    ((size_t)1 << 30)

/* A prompt in the making. */
struct draft {
	uint32_t target;
	int round; /* of the repair, that comes next */
	struct buf text;
	struct token_ids ids; /* of text when `encoded` */
	bool encoded, done;
	uint32_t tokens; /* of the final text, when done */
	int rc;
	struct err why;
};

struct maker {
	const struct prompt_spec *spec;
	const struct prompt_row *rows;
	uint32_t vocab;
	/* helpers */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next, taken, n; /* prompts begun by helpers, and taken out of the ring */
	struct draft *ring;
	size_t ring_n;
	bool *ready; /* of the ring */
	bool stop;
};

static int add_id(struct token_ids *t, uint32_t id, struct err *e)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 1024;
		uint32_t *more = realloc(t->ids, cap * sizeof *more);
		if (!more)
			return err_set(e, ERR_NOMEM, "out of memory for a prompt of %zu tokens", t->n);
		t->ids = more;
		t->cap = cap;
	}
	t->ids[t->n++] = id;
	return 0;
}

static int to_text(const struct maker *m, struct draft *d, struct err *e)
{
	buf_clear(&d->text);
	d->encoded = false;
	return tokenizer_decode(m->spec->tokenizer, d->ids.ids, d->ids.n, &d->text, e);
}

static int to_ids(const struct maker *m, struct tokenizer_work *work, struct draft *d, struct err *e)
{
	d->ids.n = 0;
	int rc = tokenizer_encode(m->spec->tokenizer, work, buf_text(&d->text), d->text.len, &d->ids, e);
	d->encoded = rc == 0;
	return rc;
}

/* The rounds of a prompt. Without a generator it stops where one is needed: d->done says whether it came to the end. */
static int repair(
        const struct maker *m, struct tokenizer_work *work, struct draft *d, struct mt19937 *rng, struct err *e)
{
	int rc = 0;
	for (; d->round < PROMPTS_ROUNDS; d->round++) {
		if (!d->encoded && (rc = to_ids(m, work, d, e)))
			return rc;
		if (d->ids.n == d->target)
			break; /* the text stays as it is, also where decoding its ids would give another */
		if (d->ids.n < d->target && !rng)
			return 0;
		while (d->ids.n < d->target && rc == 0)
			rc = add_id(&d->ids, mt_range(rng, 0, m->vocab), e);
		d->ids.n = d->target;
		if (rc || (rc = to_text(m, d, e)))
			return rc;
	}
	if (!d->encoded && (rc = to_ids(m, work, d, e)))
		return rc;
	d->tokens = (uint32_t)d->ids.n;
	d->done = true;
	return 0;
}

/* The prompt as drawn, decoded, and as far as it comes without another draw. */
static int begin(const struct maker *m, struct tokenizer_work *work, struct draft *d, size_t i, struct err *e)
{
	const struct prompt_row *row = &m->rows[i];
	int rc = 0;
	d->target = row->in;
	d->round = 0;
	d->done = false;
	d->ids.n = 0;
	for (uint32_t j = 0; j < row->in && rc == 0; j++)
		rc = add_id(&d->ids, (uint32_t)(((uint64_t)row->first + j) % m->vocab), e);
	if (rc == 0)
		rc = to_text(m, d, e);
	return rc ? rc : repair(m, work, d, NULL, e);
}

static void draft_init(struct draft *d)
{
	*d = (struct draft){0};
	buf_init(&d->text, TEXT_MAX);
}

static void draft_free(struct draft *d)
{
	buf_free(&d->text);
	token_ids_free(&d->ids);
}

static void gate_enter(const struct maker *m)
{
	if (m->spec->gate)
		pthread_rwlock_rdlock(m->spec->gate);
}

static void gate_leave(const struct maker *m)
{
	if (m->spec->gate)
		pthread_rwlock_unlock(m->spec->gate);
}

static void *helper_main(void *arg)
{
	struct maker *m = arg;
	struct tokenizer_work *work = NULL;
	struct err e = {0};
	int opened = tokenizer_work_open(&work, m->spec->tokenizer, &e);
	pthread_mutex_lock(&m->lock);
	while (!m->stop && m->next < m->n) {
		if (m->next >= m->taken + m->ring_n) {
			pthread_cond_wait(&m->changed, &m->lock);
			continue;
		}
		size_t i = m->next++;
		struct draft *d = &m->ring[i % m->ring_n];
		pthread_mutex_unlock(&m->lock);
		gate_enter(m);
		d->why = e;
		d->rc = opened ? opened : begin(m, work, d, i, &d->why);
		gate_leave(m);
		pthread_mutex_lock(&m->lock);
		m->ready[i % m->ring_n] = true;
		pthread_cond_broadcast(&m->changed);
	}
	pthread_mutex_unlock(&m->lock);
	tokenizer_work_close(work);
	return NULL;
}

/* Prompt i as a helper left it, or one more that is begun here when there are no helpers. */
static struct draft *take(struct maker *m, struct tokenizer_work *work, size_t i)
{
	struct draft *d = &m->ring[i % m->ring_n];
	if (m->ready) {
		pthread_mutex_lock(&m->lock);
		while (!m->ready[i % m->ring_n])
			pthread_cond_wait(&m->changed, &m->lock);
		pthread_mutex_unlock(&m->lock);
	} else {
		gate_enter(m);
		d->rc = begin(m, work, d, i, &d->why);
		gate_leave(m);
	}
	return d;
}

static void give_back(struct maker *m, size_t i)
{
	if (!m->ready)
		return;
	pthread_mutex_lock(&m->lock);
	m->ready[i % m->ring_n] = false;
	m->taken = i + 1;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
}

static int in_order(
        struct maker *m, struct tokenizer_work *work, struct mt19937 *rng, struct image_writer *w, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		if (cancel_get(m->spec->cancel) != CANCEL_NONE)
			return err_set(e, ERR_CANCELLED, "stopped while prompts were being made");
		struct draft *d = take(m, work, i);
		if (d->rc)
			return err_set(e, d->rc, "prompt %zu cannot be made: %.400s", i, d->why.text);
		gate_enter(m);
		int rc = d->done ? 0 : repair(m, work, d, rng, e);
		if (rc == 0)
			rc = image_add(w, buf_text(&d->text), d->text.len, d->tokens, e);
		gate_leave(m);
		if (rc)
			return rc;
		give_back(m, i);
	}
	return 0;
}

static int maker_open(struct maker *m, size_t helpers, struct err *e)
{
	m->ring_n = helpers ? helpers * AHEAD : 1;
	m->ring = calloc(m->ring_n, sizeof *m->ring);
	if (helpers)
		m->ready = calloc(m->ring_n, sizeof *m->ready);
	if (!m->ring || (helpers && !m->ready))
		return err_set(e, ERR_NOMEM, "out of memory for the making of prompts");
	for (size_t i = 0; i < m->ring_n; i++)
		draft_init(&m->ring[i]);
	return 0;
}

static void maker_close(struct maker *m)
{
	for (size_t i = 0; m->ring && i < m->ring_n; i++)
		draft_free(&m->ring[i]);
	free(m->ring);
	free(m->ready);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
}

int text_make(const struct prompt_spec *spec, const struct prompt_row *rows, struct mt19937 *rng,
        struct image_writer *w, struct err *e)
{
	pthread_t threads[THREADS_MAX];
	struct maker m = {.spec = spec, .rows = rows, .n = (size_t)spec->n};
	struct tokenizer_work *work = NULL;
	size_t wanted = spec->threads > THREADS_MAX ? THREADS_MAX : spec->threads > 1 ? (size_t)spec->threads : 0;
	size_t started = 0;
	if (wanted > m.n)
		wanted = m.n;
	m.vocab = tokenizer_vocab_size(spec->tokenizer);
	pthread_mutex_init(&m.lock, NULL);
	pthread_cond_init(&m.changed, NULL);
	int rc = maker_open(&m, wanted, e);
	if (rc == 0)
		rc = tokenizer_work_open(&work, spec->tokenizer, e);
	while (rc == 0 && started < wanted && pthread_create(&threads[started], NULL, helper_main, &m) == 0)
		started++;
	if (started == 0) { /* none wanted, or none to be had */
		free(m.ready);
		m.ready = NULL;
	}
	if (rc == 0)
		rc = in_order(&m, work, rng, w, e);
	pthread_mutex_lock(&m.lock);
	m.stop = true;
	pthread_cond_broadcast(&m.changed);
	pthread_mutex_unlock(&m.lock);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	tokenizer_work_close(work);
	maker_close(&m);
	return rc;
}
