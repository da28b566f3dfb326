#include "client.h"
#include "../base/clock.h"
#include "../load/load.h"
#include "../load/stats.h"
#include "stamped.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS     3
#define ISL        32
#define VOCAB      1000
#define TTFT_MS    20
#define CONC_MOST  256 /* of a self-test */
#define CONC_LEAST 1

/* What the load's thread notes of each event; one writer. */
struct seen {
	double *late; /* ms */
	size_t n_late, cap;
	int64_t *read_ns, *first_ns, *last_ns; /* of each request, by the server's stamps; 0 = none */
	size_t requests;
};

static void on_token(void *ctx, uint32_t request, int64_t at_ns, const char *payload, size_t len)
{
	struct seen *s = ctx;
	int64_t read_ns, sent_ns;

	if (request >= s->requests || !stamped_read(payload, len, &read_ns, &sent_ns))
		return;
	if (s->n_late < s->cap)
		s->late[s->n_late++] = (double)(at_ns - sent_ns) / 1e6;
	if (s->first_ns[request] == 0) {
		s->read_ns[request] = read_ns;
		s->first_ns[request] = sent_ns;
	}
	s->last_ns[request] = sent_ns;
}

static void seen_free(struct seen *s)
{
	free(s->late);
	free(s->read_ns);
	free(s->first_ns);
	free(s->last_ns);
}

static int seen_make(struct seen *s, size_t requests, struct err *e)
{
	s->requests = requests;
	s->cap = requests * CLIENT_TOKENS;
	s->late = malloc(s->cap * sizeof *s->late);
	s->read_ns = calloc(requests, sizeof *s->read_ns);
	s->first_ns = calloc(requests, sizeof *s->first_ns);
	s->last_ns = calloc(requests, sizeof *s->last_ns);
	if (s->late && s->read_ns && s->first_ns && s->last_ns) {
		memset(s->late, 0, s->cap * sizeof *s->late); /* no page is made in the timed span */
		return 0;
	}
	return err_set(e, ERR_NOMEM, "no memory for the stamps");
}

/* One request's TTFT and TPOT against its stamps. */
static void compare(const struct load_row *row, const struct seen *s, size_t i, double *ttft, double *tpot)
{
	double steps = CLIENT_TOKENS - 1;
	double client = (double)(row->e2el_ns - row->ttft_ns) / 1e6 / steps;
	double server = (double)(s->last_ns[i] - s->first_ns[i]) / 1e6 / steps;

	*ttft = (double)(row->ttft_ns - (s->first_ns[i] - s->read_ns[i])) / 1e6;
	*tpot = fabs(client - server);
}

static int figures(const struct load_result *r, struct seen *s, struct client_row *out, struct err *e)
{
	double *ttft = malloc(r->n_rows * sizeof *ttft), *tpot = malloc(r->n_rows * sizeof *tpot);
	size_t n = 0;

	for (size_t i = 0; ttft && tpot && i < r->n_rows; i++) {
		const struct load_row *row = &r->rows[i];
		if (row->error != COMPLETION_OK || !row->started || s->first_ns[i] == 0)
			continue;
		compare(row, s, i, &ttft[n], &tpot[n]);
		n++;
	}
	int rc = n == 0 || s->n_late == 0 ? err_set(e, ERR_PROTO, "no request came through: %s", r->m.first_error) : 0;
	if (rc == 0) {
		out->late_p50 = stats_percentile(s->late, s->n_late, 50);
		out->late_p99 = stats_percentile(s->late, s->n_late, 99);
		out->ttft_p50 = stats_percentile(ttft, n, 50);
		out->ttft_p99 = stats_percentile(ttft, n, 99);
		out->tpot_error = stats_percentile(tpot, n, 50);
		out->requests = r->m.completed;
		out->failed = r->m.failed;
		out->tokens = (int64_t)s->n_late;
		out->gap_p50 = r->m.gap_p50_ms;
		out->gap_p99 = r->m.gap_p99_ms;
		out->cpu_share = r->m.cpu_share;
	}
	free(ttft);
	free(tpot);
	return rc;
}

static int measure(int conc, int port, struct cancel *cancel, struct client_row *out, struct err *e)
{
	const struct prompt_spec ps = {
	        .n = conc * ROUNDS, .isl = ISL, .osl = CLIENT_TOKENS, .ratio = 1, .vocab = VOCAB};
	struct prompt_set *prompts = NULL;
	struct load_result r = {0};
	struct seen seen = {0};
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	int rc = prompts_make(&prompts, &ps, e);
	if (rc == 0)
		rc = seen_make(&seen, (size_t)ps.n, e);
	if (rc == 0) {
		const struct load_spec spec = {.base_url = url,
		        .model = "doctor",
		        .prompts = prompts,
		        .conc = conc,
		        .gpus = 1,
		        .stall_ms = 10000,
		        .cancel = cancel,
		        .token = on_token,
		        .ctx = &seen};
		rc = load_run(&spec, &r, e);
	}
	if (rc == 0)
		rc = figures(&r, &seen, out, e);
	load_result_free(&r);
	seen_free(&seen);
	prompts_free(prompts);
	return rc;
}

int client_measure(int conc, struct cancel *cancel, struct client_row *out, struct err *e)
{
	const struct stamped_spec spec = {.ttft_ns = TTFT_MS * CLOCK_NS_PER_MS,
	        .itl_ns = CLIENT_ITL_MS * CLOCK_NS_PER_MS,
	        .tokens = CLIENT_TOKENS};
	struct stamped *server = NULL;

	*out = (struct client_row){.conc = conc};
	if (conc < CONC_LEAST || conc > CONC_MOST)
		return err_set(e, ERR_USAGE, "the client is measured at CONC %d to %d", CONC_LEAST, CONC_MOST);
	int rc = stamped_start(&server, &spec, e);
	if (rc == 0)
		rc = measure(conc, stamped_port(server), cancel, out, e);
	stamped_stop(server);
	return rc;
}

int client_concs(const struct track *t, int out[CLIENT_CONCS])
{
	int all[TRACK_PAIRS * TRACK_CONCS] = {0}, n = 0;

	for (int i = 0; i < t->n_pairs; i++)
		for (int k = 0; k < t->pairs[i].n_concs; k++) {
			int conc = t->pairs[i].concs[k] < CONC_MOST ? t->pairs[i].concs[k] : CONC_MOST, at = 0;
			while (at < n && all[at] < conc)
				at++;
			if (at < n && all[at] == conc)
				continue;
			memmove(all + at + 1, all + at, (size_t)(n - at) * sizeof all[0]);
			all[at] = conc;
			n++;
		}
	if (n <= CLIENT_CONCS) {
		memcpy(out, all, (size_t)n * sizeof all[0]);
		return n;
	}
	out[0] = all[0];
	out[1] = all[n / 2];
	out[2] = all[n - 1];
	return CLIENT_CONCS;
}

double client_bound(double v)
{
	static const double steps[] = {1, 2, 5};

	if (!(v < 1e6))
		return v;
	for (double unit = 0.001;; unit *= 10)
		for (int i = 0; i < 3; i++)
			if (v < unit * steps[i])
				return unit * steps[i];
}
