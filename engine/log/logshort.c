/* A line in the words of the screen. */
#include "../base/text.h"
#include "logline.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

static void put_number(struct out *o, const char *label, double v, int decimals, const char *unit)
{
	char number[40];
	if (isfinite(v))
		put(o, "  %s %s%s", label, text_commas(v, decimals, number), unit);
}

static void put_prefill(struct out *o, const struct log_figures *f)
{
	put(o, "prefill");
	put_number(o, "new", f->new_seq, 0, "");
	put_number(o, "tokens", f->new_tokens, 0, "");
	put_number(o, "cached", f->cached_tokens, 0, "");
	put_number(o, "running", f->running, 0, "");
	put_number(o, "KV", f->usage * 100, 0, "%");
	put_number(o, "queue", f->queued, 0, "");
	put_number(o, "input", f->input_tps, 0, " tok/s");
}

static void put_decode(struct out *o, const char *name, const struct log_figures *f)
{
	put(o, "%s", name);
	put_number(o, "running", f->running, 0, "");
	put_number(o, "KV", f->usage * 100, 0, "%");
	put_number(o, "gen", f->gen_tps, 0, " tok/s");
	put_number(o, "queue", f->queued, 0, "");
	put_number(o, "prompt", f->input_tps, 0, " tok/s");
	put_number(o, "accept", f->accept_len, 2, "");
	put_number(o, "rate", f->accept_rate, 2, "");
	if (f->cuda_graph == 0)
		put(o, "  no graph");
}

static void put_phase(struct out *o, const struct log_line *l)
{
	if (!l->bar) {
		put(o, "%s", l->message);
		return;
	}
	put(o, "%s %d/%d", l->phase ? logline_phase(l->phase) : "progress", l->done, l->total);
	if (l->total > 0)
		put(o, "  %d%%", (int)((int64_t)l->done * 100 / l->total));
	if (l->left[0])
		put(o, "  left %s", l->left);
}

static void put_build(struct out *o, const struct log_line *l)
{
	switch (l->kind) {
	case LOG_JIT_START:
		put(o, "[aiter] start build %s", l->module);
		break;
	case LOG_JIT_FINISH:
		put(o, "[aiter] finish build %s", l->module);
		if (isfinite(l->seconds))
			put(o, "  %.1f s", l->seconds);
		break;
	case LOG_JIT_WAIT:
		put(o, "[aiter] waits for the build of %s", l->module);
		break;
	default:
		put(o, "[aiter] import %s", l->module);
	}
}

void logline_short(const struct log_line *l, char *out, size_t cap)
{
	struct out o = {out, cap, 0};
	out[0] = '\0';
	switch (l->kind) {
	case LOG_PREFILL:
		put_prefill(&o, &l->f);
		break;
	case LOG_DECODE:
		put_decode(&o, "decode", &l->f);
		break;
	case LOG_STATS:
		put_decode(&o, "engine", &l->f);
		break;
	case LOG_HTTP:
		put(&o, "HTTP %s %s %d", l->method, l->path, l->status);
		break;
	case LOG_PHASE:
		put_phase(&o, l);
		break;
	case LOG_JIT_START:
	case LOG_JIT_FINISH:
	case LOG_JIT_WAIT:
	case LOG_JIT_IMPORT:
		put_build(&o, l);
		break;
	default:
		put(&o, "%s%s", l->own_tag ? "[aiter] " : "", l->message);
	}
	/* never half a character at the end */
	while (o.n > 0 && o.n + 5 > cap && !utf8_valid(out, o.n))
		out[--o.n] = '\0';
}
