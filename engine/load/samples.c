#include "samples.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SATURATED UINT32_MAX
#define NONE      UINT32_MAX
#define LOW_SLOTS 65536u

struct segment {
	uint64_t at; /* first sample in the arena */
	uint32_t cap, n;
	uint32_t next; /* of the same request, NONE = last */
};

struct request {
	uint32_t first, last; /* segments, NONE = not begun */
	uint32_t count, allowed;
	bool discarded;
};

struct far_gap {
	uint32_t request;
	int64_t ns;
};

struct samples {
	uint32_t *arena;
	uint64_t cap, used;
	struct segment *segments;
	struct request *requests;
	struct far_gap *far;
	uint32_t n_segments, cap_segments, n_requests, cap_requests, n_far, cap_far;
	uint64_t dropped;
};

int samples_open(struct samples **out, uint64_t capacity, struct err *e)
{
	*out = NULL;
	if (capacity > SAMPLES_MAX)
		return err_set(e, ERR_LIMIT,
		        "a load of %llu output tokens is more than the %llu that are kept: lower NUM_PROMPTS or OSL",
		        (unsigned long long)capacity, (unsigned long long)SAMPLES_MAX);
	struct samples *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for the samples of a load");
	/* Twice the plan, for servers that send more events than asked: only what is written becomes resident. */
	s->cap = 2 * capacity + 16384;
	void *map = mmap(NULL, s->cap * sizeof(uint32_t), PROT_READ | PROT_WRITE,
	        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		free(s);
		return err_set(e, ERR_NOMEM, "no memory for the samples of a load of %llu output tokens",
		        (unsigned long long)capacity);
	}
	s->arena = map;
	*out = s;
	return 0;
}

void samples_close(struct samples *s)
{
	if (!s)
		return;
	munmap(s->arena, s->cap * sizeof(uint32_t));
	free(s->segments);
	free(s->requests);
	free(s->far);
	free(s);
}

/* Room for one more element. */
static bool grow(void **list, uint32_t *cap, uint32_t need, size_t size)
{
	if (need <= *cap)
		return true;
	uint32_t more = *cap ? *cap : 64;
	while (more < need && more < NONE / 2)
		more *= 2;
	void *p = more >= need ? realloc(*list, more * size) : NULL;
	if (!p)
		return false;
	*list = p;
	*cap = more;
	return true;
}

static bool segment_add(struct samples *s, struct request *r, uint32_t room)
{
	void *list = s->segments;
	if (room > s->cap - s->used || s->n_segments == NONE ||
	        !grow(&list, &s->cap_segments, s->n_segments + 1, sizeof *s->segments))
		return false;
	s->segments = list;
	uint32_t i = s->n_segments++;
	s->segments[i] = (struct segment){.at = s->used, .cap = room, .next = NONE};
	s->used += room;
	if (r->first == NONE)
		r->first = i;
	else
		s->segments[r->last].next = i;
	r->last = i;
	return true;
}

int samples_begin(struct samples *s, uint32_t request, uint32_t events)
{
	void *list = s->requests;
	if (request >= NONE / 2 || !grow(&list, &s->cap_requests, request + 1, sizeof *s->requests))
		return ERR_NOMEM;
	s->requests = list;
	while (s->n_requests <= request)
		s->requests[s->n_requests++] = (struct request){.first = NONE, .last = NONE};
	struct request *r = &s->requests[request];
	if (r->first != NONE)
		return ERR_USAGE;
	uint64_t allowed = 4 * (uint64_t)events + 64;
	r->allowed = allowed > NONE ? NONE : (uint32_t)allowed;
	return segment_add(s, r, events) ? 0 : ERR_NOMEM;
}

static bool far_add(struct samples *s, uint32_t request, int64_t ns)
{
	void *list = s->far;
	if (s->n_far == NONE || !grow(&list, &s->cap_far, s->n_far + 1, sizeof *s->far))
		return false;
	s->far = list;
	s->far[s->n_far++] = (struct far_gap){.request = request, .ns = ns};
	return true;
}

/* The last segment is full: another as large as all before, within what is allowed. */
static bool request_extend(struct samples *s, struct request *r)
{
	uint32_t left = r->allowed - r->count;
	uint32_t room = r->count < 64 ? 64 : r->count;
	return left > 0 && segment_add(s, r, room < left ? room : left);
}

void samples_add(struct samples *s, uint32_t request, int64_t gap_ns)
{
	struct request *r = request < s->n_requests ? &s->requests[request] : NULL;
	if (!r || r->first == NONE || gap_ns < 0 ||
	        (s->segments[r->last].n == s->segments[r->last].cap && !request_extend(s, r)) ||
	        (gap_ns >= SATURATED && !far_add(s, request, gap_ns))) {
		s->dropped++;
		return;
	}
	struct segment *g = &s->segments[r->last];
	s->arena[g->at + g->n++] = gap_ns >= SATURATED ? SATURATED : (uint32_t)gap_ns;
	r->count++;
}

uint32_t samples_count(const struct samples *s, uint32_t request)
{
	return request < s->n_requests ? s->requests[request].count : 0;
}

void samples_discard(struct samples *s, uint32_t request)
{
	if (request < s->n_requests)
		s->requests[request].discarded = true;
}

uint64_t samples_dropped(const struct samples *s)
{
	return s->dropped;
}

/* Kept segments, one after another. */
struct walk {
	const struct samples *s;
	uint32_t request, segment;
};

static const uint32_t *walk_next(struct walk *w, uint32_t *n)
{
	const struct samples *s = w->s;
	while (w->segment == NONE) {
		if (w->request == s->n_requests)
			return NULL;
		const struct request *r = &s->requests[w->request++];
		if (!r->discarded)
			w->segment = r->first;
	}
	const struct segment *g = &s->segments[w->segment];
	w->segment = g->next;
	*n = g->n;
	return s->arena + g->at;
}

static int far_order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The kept gaps that did not fit, ascending; *n of them. NULL without memory. */
static int64_t *far_kept(const struct samples *s, uint32_t *n)
{
	int64_t *list = malloc(((size_t)s->n_far + 1) * sizeof *list);
	*n = 0;
	for (uint32_t i = 0; list && i < s->n_far; i++)
		if (!s->requests[s->far[i].request].discarded)
			list[(*n)++] = s->far[i].ns;
	if (list)
		qsort(list, *n, sizeof *list, far_order);
	return list;
}

/* What a selection needs: how many samples have which upper half, and room to count lower halves. */
struct select {
	const struct samples *s;
	uint64_t n;
	const int64_t *far;
	uint32_t n_far;
	uint32_t *high, *low;
	uint32_t low_of; /* upper half that `low` was counted for, NONE = none */
};

static void low_count(struct select *q, uint32_t high)
{
	struct walk w = {.s = q->s, .segment = NONE};
	const uint32_t *x;
	uint32_t n;
	memset(q->low, 0, LOW_SLOTS * sizeof *q->low);
	while ((x = walk_next(&w, &n)))
		for (uint32_t i = 0; i < n; i++)
			if (x[i] >> 16 == high)
				q->low[x[i] & 0xffff]++;
	q->low_of = high;
}

/* The k-th smallest, ns. */
static int64_t kth(struct select *q, uint64_t k)
{
	if (k >= q->n - q->n_far)
		return q->far[k - (q->n - q->n_far)];
	uint32_t high = 0, low = 0;
	while (k >= q->high[high])
		k -= q->high[high++];
	if (q->low_of != high)
		low_count(q, high);
	while (k >= q->low[low])
		k -= q->low[low++];
	return (int64_t)((uint64_t)high << 16 | low);
}

static double percentile_s(struct select *q, double p)
{
	double h = p / 100 * (double)(q->n - 1);
	uint64_t k = (uint64_t)h;
	double a = (double)kth(q, k) / 1e9;
	return k + 1 < q->n ? stats_between(a, (double)kth(q, k + 1) / 1e9, h - (double)k) : a;
}

static double median_s(struct select *q)
{
	double a = (double)kth(q, (q->n - 1) / 2) / 1e9;
	return q->n % 2 ? a : (a + (double)kth(q, q->n / 2) / 1e9) / 2;
}

__extension__ typedef unsigned __int128 wide;

/* One pass for the sum and the upper halves. */
static wide sum_pass(struct select *q)
{
	struct walk w = {.s = q->s, .segment = NONE};
	const uint32_t *x;
	uint32_t n;
	wide sum = 0;
	while ((x = walk_next(&w, &n))) {
		uint64_t part = 0;
		for (uint32_t i = 0; i < n; i++) {
			part += x[i];
			q->high[x[i] >> 16]++;
		}
		sum += part;
		q->n += n;
	}
	for (uint32_t i = 0; i < q->n_far; i++)
		sum += (uint64_t)(q->far[i] - SATURATED);
	return sum;
}

static wide square(int64_t d)
{
	uint64_t a = d < 0 ? (uint64_t)-d : (uint64_t)d;
	return (wide)a * a;
}

/* Sum of squared distances from a whole number of ns: exact. */
static wide square_pass(const struct select *q, int64_t from)
{
	struct walk w = {.s = q->s, .segment = NONE};
	const uint32_t *x;
	uint32_t n;
	wide sum = 0;
	while ((x = walk_next(&w, &n)))
		for (uint32_t i = 0; i < n; i++)
			if (x[i] != SATURATED)
				sum += square((int64_t)x[i] - from);
	for (uint32_t i = 0; i < q->n_far; i++)
		sum += square(q->far[i] - from);
	return sum;
}

static void figures(struct select *q, struct stats *out)
{
	wide sum = sum_pass(q);
	if (q->n == 0)
		return;
	long double n = (long double)q->n, mean = (long double)sum / n;
	int64_t near = (int64_t)llroundl(mean);
	long double rest = mean - (long double)near;
	long double variance = (long double)square_pass(q, near) / n - rest * rest;
	out->n = q->n;
	out->mean = (double)(mean / 1e9L);
	out->std = (double)(sqrtl(variance > 0 ? variance : 0) / 1e9L);
	out->median = median_s(q);
	out->p99 = percentile_s(q, 99);
}

int samples_stats(const struct samples *s, struct stats *out, struct err *e)
{
	struct select q = {.s = s, .low_of = NONE};
	*out = (struct stats){0};
	int64_t *far = far_kept(s, &q.n_far);
	q.far = far;
	q.high = calloc(LOW_SLOTS, sizeof *q.high);
	q.low = calloc(LOW_SLOTS, sizeof *q.low);
	int rc = 0;
	if (far && q.high && q.low)
		figures(&q, out);
	else
		rc = err_set(e, ERR_NOMEM, "no memory for the figures of a load");
	free(far);
	free(q.high);
	free(q.low);
	return rc;
}
