#include "health.h"
#include "../base/text.h"
#include <math.h>
#include <stdio.h>

#define BUNDLED_SHARE 0.25

struct out {
	struct ev_flag_raised *list;
	int n, cap;
	struct ev_flag_raised spare; /* for what finds no room */
};

static struct ev_flag_raised *flag_add(struct out *o, enum flag_code code)
{
	struct ev_flag_raised *f = o->n < o->cap ? &o->list[o->n++] : &o->spare;
	*f = (struct ev_flag_raised){.cell = -1, .flag = code, .doubt = true};
	return f;
}

static void check_failed(const struct ev_load_measured *m, struct out *o)
{
	if (m->failed <= 0)
		return;
	struct ev_flag_raised *f = flag_add(o, FLAG_FAILED_REQUESTS);
	char first[160]; /* cut at the border of a character */
	text_copy(first, sizeof first, m->first_error);
	snprintf(f->text, sizeof f->text, "%lld of %lld requests failed; %s", (long long)m->failed,
	        (long long)(m->failed + m->completed), first);
}

static void check_busy(const struct ev_load_measured *m, struct out *o)
{
	double limit = m->itl_median > 20 ? m->itl_median : 20;
	if (m->cpu_share > 0.90) {
		struct ev_flag_raised *f = flag_add(o, FLAG_CLIENT_BUSY);
		snprintf(f->text, sizeof f->text,
		        "the client used %.0f %% of its core: the figures may be the client's, not the server's",
		        m->cpu_share * 100);
	} else if (m->late_p50_ms > 1) {
		struct ev_flag_raised *f = flag_add(o, FLAG_CLIENT_BUSY);
		snprintf(f->text, sizeof f->text,
		        "the client was late: events waited up to %.3g ms in half of its turns", m->late_p50_ms);
	} else if (m->late_p99_ms > limit) {
		struct ev_flag_raised *f = flag_add(o, FLAG_CLIENT_BUSY);
		snprintf(f->text, sizeof f->text,
		        "the client was late: events waited up to %.3g ms in one turn of a hundred", m->late_p99_ms);
	}
}

static void check_occupancy(const struct ev_load_measured *m, int conc, struct out *o)
{
	double share = conc > 0 ? m->slots_mean / conc : (double)NAN;
	if (m->completed < 2 * (int64_t)conc || !(share < 0.9 || share > 1.005))
		return;
	struct ev_flag_raised *f = flag_add(o, FLAG_OCCUPANCY);
	snprintf(f->text, sizeof f->text,
	        "request rate x mean E2E is %.3g, not the %d requests that should be in flight", m->slots_mean, conc);
}

static void check_prompts(const struct ev_load_measured *m, struct out *o)
{
	if (m->prompt_tokens_server < 0)
		return;
	int64_t more = m->prompt_tokens_server - m->total_input;
	if (more == 0 || (more > 0 && more <= m->completed))
		return;
	struct ev_flag_raised *f = flag_add(o, FLAG_PROMPT_COUNT);
	snprintf(f->text, sizeof f->text, "the server counts %lld input tokens, the client %lld",
	        (long long)m->prompt_tokens_server, (long long)m->total_input);
}

/* Tokens that came in one read have gaps of microseconds: then the ITL percentiles tell of reads, while mean and TPOT
 * stand. A note: the server or the network does it, or a stall of this machine. */
static void check_bundled(const struct ev_load_measured *m, struct out *o)
{
	if (m->itl_samples <= 0 || (double)m->bundled_events < BUNDLED_SHARE * (double)m->itl_samples)
		return;
	struct ev_flag_raised *f = flag_add(o, FLAG_BUNDLED);
	f->doubt = false;
	snprintf(f->text, sizeof f->text,
	        "%.0f %% of the tokens came bundled in one read: the ITL percentiles tell of reads, TPOT stands",
	        fmin(100, 100 * (double)m->bundled_events / (double)m->itl_samples));
}

int health_flags(const struct ev_load_measured *m, int conc, struct ev_flag_raised *out, int cap)
{
	struct out o = {.list = out, .cap = cap};
	check_failed(m, &o);
	check_busy(m, &o);
	check_occupancy(m, conc, &o);
	check_prompts(m, &o);
	check_bundled(m, &o);
	return o.n;
}
