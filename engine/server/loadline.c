#include "loadline.h"
#include "../base/clock.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_NS  (10 * CLOCK_NS_PER_S)
#define SILENCE_S 4  /* decode lines come more often than this, or evenly */
#define EVERY_MAX 10 /* no even distance is longer */

#define PIECE_CACHED    CLOCK_NS_PER_S
#define PIECE_RETRACTED (6 * CLOCK_NS_PER_S)

static void window_add(struct load_window *w, int64_t now_ns, int64_t piece_ns, double v)
{
	int64_t piece = now_ns / piece_ns;
	int at = (int)(piece % LOAD_PIECES);
	if (w->piece[at] != piece + 1)
		w->sum[at] = 0;
	w->piece[at] = piece + 1;
	w->sum[at] += v;
}

/* NaN when nothing was added lately. */
static double window_sum(const struct load_window *w, int64_t now_ns, int64_t piece_ns)
{
	int64_t piece = now_ns / piece_ns;
	double sum = NAN;
	for (int i = 0; i < LOAD_PIECES; i++)
		if (w->piece[i] > 0 && piece + 1 - w->piece[i] < LOAD_PIECES)
			sum = (isnan(sum) ? 0 : sum) + w->sum[i];
	return sum;
}

/* "[2025-11-20 10:16:08 DP1 TP4] ..." -> 1; 0 without. */
static int rank_of(const char *text)
{
	const char *close = strchr(text, ']'), *dp = strstr(text, " DP");
	if (!close || !dp || dp > close)
		return 0;
	int rank = atoi(dp + 3);
	return rank > 0 && rank < LOAD_RANKS ? rank : 0;
}

/* Whether the throughput of a decode line at second s speaks of decoding only. */
static bool gen_is_whole(struct load_rank *r, int64_t s)
{
	int64_t gap = s - r->last_s;
	bool first = !r->decoded;
	bool silence = !first && (gap < 0 || (gap > SILENCE_S && gap > 3 * r->every_s));
	r->every_s = first ? 0 : gap < 0 ? 0 : gap < EVERY_MAX ? gap : EVERY_MAX;
	r->last_s = s;
	r->decoded = true;
	return !first && !silence;
}

int64_t load_retracted(const char *line)
{
	static const char full[] = "KV cache pool is full. Retract requests.", key[] = "#retracted_reqs: ";
	const char *p = strstr(line, full);
	if (!p)
		return -1;
	p = strstr(p, key);
	long n = p ? strtol(p + sizeof key - 1, NULL, 10) : 0;
	return n > 0 && n < 1000000 ? n : 0;
}

static void take_event(struct load_view *v, const char *text, int64_t now_ns, bool live)
{
	int64_t n = load_retracted(text);
	if (live && n >= 0)
		window_add(&v->retracted, now_ns, PIECE_RETRACTED, (double)n);
}

static void take_prefill(struct load_view *v, const struct batch_line *line, int64_t now_ns)
{
	if (!isnan(line->cached_tokens))
		window_add(&v->cached, now_ns, PIECE_CACHED, line->cached_tokens);
}

void load_view_take(struct load_view *v, const char *text, int64_t now_ns, bool live)
{
	struct batch_line line;
	int64_t second;
	if (!batch_line_parse(text, &line)) {
		take_event(v, text, now_ns, live);
		return;
	}
	struct load_rank *r = &v->ranks[rank_of(text)];
	if (!line_stamp(text, &second))
		second = now_ns / CLOCK_NS_PER_S;
	bool whole = line.decode && gen_is_whole(r, second);
	if (!live)
		return;
	double gen = r->line.gen_tps, accept = r->line.accept_len;
	bool had = r->seen_ns != 0;
	r->line = line;
	r->seen_ns = now_ns;
	if (line.decode) {
		r->line.gen_tps = whole ? line.gen_tps : NAN;
		r->gen_ns = now_ns;
	} else {
		r->line.gen_tps = had ? gen : NAN; /* a prefill line says nothing of it */
		r->line.accept_len = had ? accept : NAN;
		take_prefill(v, &line, now_ns);
	}
}

static double plus(double sum, double v)
{
	return isnan(v) ? sum : isnan(sum) ? v : sum + v;
}

bool load_view_read(struct load_view *v, int64_t now_ns, struct ev_server_load *out)
{
	int fresh = 0, with_usage = 0, with_accept = 0;
	memset(out, 0, sizeof *out);
	out->running = out->queued = out->kv = out->gen_tps = out->accept_len = NAN;
	out->sample = true;
	for (int i = 0; i < LOAD_RANKS; i++) {
		const struct load_rank *r = &v->ranks[i];
		if (r->seen_ns == 0 || now_ns - r->seen_ns > FRESH_NS)
			continue;
		fresh++;
		out->running = plus(out->running, r->line.running);
		out->queued = plus(out->queued, r->line.queued);
		if (now_ns - r->gen_ns <= FRESH_NS) {
			out->gen_tps = plus(out->gen_tps, r->line.gen_tps);
			out->accept_len = plus(out->accept_len, r->line.accept_len);
			with_accept += !isnan(r->line.accept_len);
		}
		out->kv = plus(out->kv, r->line.usage);
		with_usage += !isnan(r->line.usage);
	}
	if (with_usage > 1)
		out->kv /= with_usage;
	if (with_accept > 1)
		out->accept_len /= with_accept;
	out->cached = window_sum(&v->cached, now_ns, PIECE_CACHED);
	out->retracted = window_sum(&v->retracted, now_ns, PIECE_RETRACTED);
	bool tell = fresh > 0 || v->shown;
	v->shown = fresh > 0;
	return tell;
}
