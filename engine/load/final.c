/* The figures of a span, exact, by the reference client's formulas. */
#include "../base/text.h"
#include "load_int.h"
#include <stdlib.h>

enum { TTFT, TPOT, E2EL, SERIES };

struct series {
	double *x[SERIES]; /* s */
	size_t n[SERIES];
	double e2el_sum;
};

static void put(struct series *s, int which, double v)
{
	s->x[which][s->n[which]++] = v;
}

static void row_count(struct load_result *out, const struct load_row *r, struct series *s, bool *usage)
{
	struct ev_load_measured *m = &out->m;
	if (!r->started || r->error != COMPLETION_OK)
		return;
	double ttft = (double)r->ttft_ns / 1e9, e2el = (double)r->e2el_ns / 1e9;
	m->total_input += r->tokens_in;
	m->total_output += r->tokens_out;
	if (r->prompt_tokens_server >= 0) {
		m->prompt_tokens_server += r->prompt_tokens_server;
		*usage = true;
	}
	put(s, TTFT, ttft);
	put(s, E2EL, e2el);
	s->e2el_sum += e2el;
	if (r->tokens_out > 1)
		put(s, TPOT, (e2el - ttft) / (double)(r->tokens_out - 1));
}

static void series_figures(
        struct load_result *out, struct series *s, const struct stats *itl, double duration, int gpus)
{
	struct ev_load_measured *m = &out->m;
	struct stats f[SERIES];
	for (int i = 0; i < SERIES; i++)
		stats_exact(s->x[i], s->n[i], &f[i]);
#define MS(name, from)                                                                                                 \
	m->name##_mean = (from).mean * 1000, m->name##_median = (from).median * 1000,                                  \
	m->name##_p99 = (from).p99 * 1000, m->name##_std = (from).std * 1000
	MS(ttft, f[TTFT]);
	MS(tpot, f[TPOT]);
	MS(e2el, f[E2EL]);
	MS(itl, *itl);
#undef MS
	m->itl_samples = (int64_t)itl->n;
	m->duration_s = duration;
	m->request_throughput = m->output_throughput = m->total_token_throughput = m->slots_mean = 0;
	if (duration > 0) {
		m->request_throughput = (double)m->completed / duration;
		m->output_throughput = (double)m->total_output / duration;
		m->total_token_throughput = (double)(m->total_input + m->total_output) / duration;
		m->slots_mean = s->e2el_sum / duration;
	}
	m->tput_per_gpu = m->total_token_throughput / (gpus > 0 ? gpus : 1);
	m->interactivity = m->tpot_median > 0 ? 1000 / m->tpot_median : 0;
}

static void client_figures(struct load *ld, struct ev_load_measured *m)
{
	struct loop_lateness late;
	loop_lateness_read(ld->loop, &late);
	m->late_p50_ms = loop_lateness_percentile_ms(&late, 50);
	m->late_p99_ms = loop_lateness_percentile_ms(&late, 99);
	m->bundled_events = (int64_t)ld->bundled;
	m->gap_p50_ms = m->gap_p99_ms = (double)__builtin_nan("");
	if (ld->n_gaps) {
		m->gap_p50_ms = stats_percentile(ld->gaps, ld->n_gaps, 50) * 1000;
		m->gap_p99_ms = stats_percentile(ld->gaps, ld->n_gaps, 99) * 1000;
	}
	m->cpu_share = m->duration_s > 0 ? (double)ld->cpu_ns / 1e9 / m->duration_s : 0;
}

static void failure_figures(const struct load *ld, struct ev_load_measured *m)
{
	const struct failures *f = &ld->fail;
	m->completed = (int64_t)ld->completed;
	m->failed = (int64_t)(ld->finished - ld->completed);
	m->fail_connect = (int64_t)f->n[COMPLETION_CONNECT];
	m->fail_http = (int64_t)f->n[COMPLETION_HTTP];
	m->fail_cut = (int64_t)f->n[COMPLETION_CUT];
	m->fail_protocol = (int64_t)f->n[COMPLETION_PROTOCOL];
	m->fail_usage = (int64_t)f->n[COMPLETION_USAGE];
	text_copy(m->first_error, sizeof m->first_error, f->first);
}

int final_figures(struct load *ld, struct load_result *out, struct err *e)
{
	struct series s = {0};
	struct stats itl;
	bool usage = false;
	int rc = samples_stats(ld->samples, &itl, e);
	for (int i = 0; i < SERIES && !rc; i++) {
		s.x[i] = malloc((ld->completed + 1) * sizeof(double));
		if (!s.x[i]) {
			err_set(e, ERR_NOMEM, "no memory for the figures of a load");
			rc = ERR_NOMEM;
		}
	}
	if (!rc) {
		out->m.cell = -1;
		failure_figures(ld, &out->m);
		for (uint32_t i = 0; i < ld->total; i++)
			row_count(out, &ld->rows[i], &s, &usage);
		if (!usage)
			out->m.prompt_tokens_server = -1;
		series_figures(out, &s, &itl, (double)(ld->end_ns - ld->begin_ns) / 1e9, ld->spec->gpus);
		client_figures(ld, &out->m);
	}
	for (int i = 0; i < SERIES; i++)
		free(s.x[i]);
	return rc;
}
