#include "logfold.h"
#include "../base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIMILAR 0.2F /* how far a throughput may be from the first of its group */

/* ---- what a line is ---- */

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return h;
}

static uint64_t mix_text(uint64_t h, const char *s)
{
	return mix(h, s, strlen(s) + 1);
}

static uint64_t mix_number(uint64_t h, double v)
{
	int64_t whole = isfinite(v) ? (int64_t)v : -1;
	return mix(h, &whole, sizeof whole);
}

/* False: a line that never folds. */
static bool identify(const struct log_line *l, uint64_t *family, uint64_t *key)
{
	uint64_t h = UINT64_C(1469598103934665603);
	int kind = (int)l->kind;
	if (l->severity != SEV_INFO)
		return false;
	h = mix(h, &kind, sizeof kind);
	h = mix_text(h, l->rank);
	switch (l->kind) {
	case LOG_DECODE:
	case LOG_STATS:
		*family = h;
		h = mix_number(mix_number(h, l->f.running), l->f.queued);
		*key = mix(h, &l->f.cuda_graph, sizeof l->f.cuda_graph);
		return true;
	case LOG_PREFILL:
		*family = *key = h;
		return true;
	case LOG_HTTP:
		*family = *key = mix(mix_text(mix_text(h, l->method), l->path), &l->status, sizeof l->status);
		return true;
	case LOG_PHASE:
		*family = *key = mix(h, &l->phase, sizeof l->phase);
		return l->bar;
	default:
		return false;
	}
}

static bool is_build(enum log_kind k)
{
	return k == LOG_JIT_START || k == LOG_JIT_FINISH || k == LOG_JIT_WAIT || k == LOG_JIT_IMPORT;
}

/* ---- rows ---- */

void logfold_begin(struct logfold *f, size_t max)
{
	f->n = 0;
	f->n_open = 0;
	f->n_recent = 0;
	f->max = max;
}

void logfold_end(struct logfold *f)
{
	free(f->rows);
	*f = (struct logfold){0};
}

static void widen(struct log_span *s, double v)
{
	float x = (float)v;
	if (isnan(x))
		return;
	if (isnan(s->low) || x < s->low)
		s->low = x;
	if (isnan(s->high) || x > s->high)
		s->high = x;
}

static void sum(double *to, double v)
{
	if (isfinite(v))
		*to = isfinite(*to) ? *to + v : v;
}

static void take_figures(struct log_row *row, const struct log_line *l)
{
	widen(&row->gen, l->f.gen_tps);
	widen(&row->usage, l->f.usage);
	widen(&row->queued, l->f.queued);
	widen(&row->input, l->f.input_tps);
	sum(&row->new_seq, l->f.new_seq);
	sum(&row->new_tokens, l->f.new_tokens);
	sum(&row->cached_tokens, l->f.cached_tokens);
}

static int64_t add_row(struct logfold *f, const struct log_line *l, const struct log_place *p)
{
	if (f->n == f->max)
		return -1;
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 256;
		struct log_row *rows = reallocarray(f->rows, cap, sizeof *rows);
		if (!rows)
			return -1;
		f->rows = rows;
		f->cap = cap;
	}
	const struct log_span none = {NAN, NAN};
	struct log_row *row = &f->rows[f->n];
	*row = (struct log_row){.at = p->at,
	        .end = p->end,
	        .text_at = p->text_at,
	        .text_len = p->len,
	        .line = p->line,
	        .count = 1,
	        .kind = (uint8_t)l->kind,
	        .severity = (uint8_t)l->severity,
	        .gen_first = (float)l->f.gen_tps,
	        .gen = none,
	        .usage = none,
	        .queued = none,
	        .input = none,
	        .new_seq = NAN,
	        .new_tokens = NAN,
	        .cached_tokens = NAN};
	take_figures(row, l);
	return (int64_t)f->n++;
}

static void join(struct log_row *row, const struct log_line *l, const struct log_place *p)
{
	row->count++;
	row->end = p->end;
	take_figures(row, l);
	if (l->bar) {
		row->text_at = p->text_at;
		row->text_len = p->len;
	}
}

static bool is_similar(const struct log_row *row, const struct log_line *l)
{
	float gen = (float)l->f.gen_tps, first = row->gen_first;
	if (l->kind != LOG_DECODE && l->kind != LOG_STATS)
		return true;
	if (isnan(gen) || isnan(first))
		return isnan(gen) && isnan(first);
	return fabsf(gen - first) <= SIMILAR * first;
}

/* ---- doubles of aiter: by itself and through a logger; imports by every rank ---- */

static int64_t take_double(struct logfold *f, const struct log_line *l, const struct log_place *p)
{
	uint64_t hash = mix_text(UINT64_C(1469598103934665603), l->message);
	bool import = l->kind == LOG_JIT_IMPORT;
	unsigned held = f->n_recent < LOGFOLD_RECENT ? f->n_recent : LOGFOLD_RECENT;
	for (unsigned i = 0; i < held; i++) {
		if (f->recent[i].hash != hash || (f->recent[i].own_tag == l->own_tag && !import))
			continue;
		struct log_row *row = &f->rows[f->recent[i].row];
		row->count++;
		row->doubled = true;
		row->end = p->end;
		return (int64_t)f->recent[i].row;
	}
	int64_t row = add_row(f, l, p);
	if (row < 0)
		return row;
	unsigned at = f->n_recent++ % LOGFOLD_RECENT;
	f->recent[at].hash = hash;
	f->recent[at].own_tag = l->own_tag;
	f->recent[at].import = import;
	f->recent[at].row = (size_t)row;
	return row;
}

int64_t logfold_add(struct logfold *f, const struct log_line *l, const struct log_place *p, bool fold)
{
	uint64_t family, key;
	bool folds = fold && identify(l, &family, &key);
	if (!folds) {
		f->n_open = 0;
		if (fold && l->severity == SEV_INFO && (l->aiter || is_build(l->kind)))
			return take_double(f, l, p);
		return add_row(f, l, p);
	}
	int i = 0;
	while (i < f->n_open && f->open[i].family != family)
		i++;
	if (i < f->n_open && f->open[i].key == key && is_similar(&f->rows[f->open[i].row], l)) {
		join(&f->rows[f->open[i].row], l, p);
		return (int64_t)f->open[i].row;
	}
	int64_t row = add_row(f, l, p);
	if (row < 0)
		return row;
	if (i == f->n_open) {
		if (f->n_open == LOGFOLD_OPEN) { /* the oldest closes */
			memmove(&f->open[0], &f->open[1], sizeof f->open - sizeof f->open[0]);
			i = f->n_open - 1;
		} else {
			f->n_open++;
		}
	}
	f->open[i] = (struct log_fold_open){family, key, (size_t)row};
	return row;
}

/* ---- words ---- */

struct out {
	char *s;
	size_t cap, n;
};

static void put(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(o->s + o->n, o->cap - o->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		o->n = o->n + (size_t)n < o->cap ? o->n + (size_t)n : o->cap - 1;
}

/* "  gen 949..961 tok/s", "  queue 0" */
static void put_span(struct out *o, const char *label, struct log_span s, double scale, const char *unit)
{
	char low[40], high[40];
	if (isnan(s.low))
		return;
	text_commas(s.low * scale, 0, low);
	text_commas(s.high * scale, 0, high);
	if (strcmp(low, high) == 0)
		put(o, "  %s %s%s", label, low, unit);
	else
		put(o, "  %s %s..%s%s", label, low, high, unit);
}

static void put_sum(struct out *o, const char *label, double v)
{
	char number[40];
	if (isfinite(v))
		put(o, "  %s %s", label, text_commas(v, 0, number));
}

void logfold_text(const struct log_row *row, const struct log_line *l, char *out, size_t cap)
{
	struct out o = {out, cap, 0};
	if (row->count == 1 || row->doubled ||
	        (row->kind != LOG_DECODE && row->kind != LOG_STATS && row->kind != LOG_PREFILL &&
	                row->kind != LOG_HTTP)) {
		logline_short(l, out, cap);
		return;
	}
	if (row->kind == LOG_HTTP) {
		put(&o, "HTTP %s %s %d  x%u", l->method, l->path, l->status, row->count);
		return;
	}
	put(&o, "%s x%u",
	        row->kind == LOG_DECODE  ? "decode"
	        : row->kind == LOG_STATS ? "engine"
	                                 : "prefill",
	        row->count);
	if (row->kind == LOG_PREFILL) {
		put_sum(&o, "new", row->new_seq);
		put_sum(&o, "tokens", row->new_tokens);
		put_sum(&o, "cached", row->cached_tokens);
	} else {
		put_sum(&o, "running", l->f.running);
	}
	put_span(&o, "KV", row->usage, 100, "%");
	if (row->kind != LOG_PREFILL)
		put_span(&o, "gen", row->gen, 1, " tok/s");
	put_span(&o, "queue", row->queued, 1, "");
	put_span(&o, row->kind == LOG_PREFILL ? "input" : "prompt", row->input, 1, " tok/s");
	if (isfinite(l->f.accept_len))
		put(&o, "  accept %.2f", l->f.accept_len);
	if (l->f.cuda_graph == 0 && row->kind == LOG_DECODE)
		put(&o, "  no graph");
}
