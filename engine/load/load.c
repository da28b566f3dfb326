/* Life cycle of a load and its loop: starts, turns, bodies made while nothing happens. */
#include "load.h"
#include "../base/clock.h"
#include "../base/json.h"
#include "load_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#ifndef BENCHTOP_VERSION
#define BENCHTOP_VERSION "0.1.0"
#endif

#define STARTS_PER_TURN 2 /* then the streams are looked at: a wave must not add to its own first tokens */

static int fd_limit(int conc, struct err *e)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r))
		return 0;
	if (r.rlim_cur < r.rlim_max) {
		struct rlimit more = {.rlim_cur = r.rlim_max, .rlim_max = r.rlim_max};
		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			r = more;
	}
	if (r.rlim_cur != RLIM_INFINITY && (rlim_t)conc + LOAD_SPARE_FDS > r.rlim_cur)
		return err_set(e, ERR_LIMIT, "CONC %d needs %d open files, but only %llu are allowed: raise ulimit -n",
		        conc, conc + LOAD_SPARE_FDS, (unsigned long long)r.rlim_cur);
	return 0;
}

static int header_add(struct load *ld, const char *fmt, const char *value)
{
	char line[4096];
	int n = snprintf(line, sizeof line, fmt, value);
	if (n < 0 || (size_t)n >= sizeof line || strpbrk(line, "\r\n"))
		return -1;
	struct curl_slist *more = curl_slist_append(ld->headers, line);
	if (!more)
		return -1;
	ld->headers = more;
	return 0;
}

static int headers_make(struct load *ld, struct err *e)
{
	const char *bearer = ld->spec->bearer && ld->spec->bearer[0] ? ld->spec->bearer : "None";
	if (header_add(ld, "Authorization: Bearer %s", bearer) || header_add(ld, "Accept: %s", "*/*") ||
	        header_add(ld, "User-Agent: benchtop/%s", BENCHTOP_VERSION) ||
	        header_add(ld, "Content-Type: %s", "application/json"))
		return err_set(e, ERR_USAGE, "OPENAI_API_KEY is too long or has a line break in it");
	return 0;
}

static int body_frame(struct load *ld, struct err *e)
{
	struct json_out j;
	buf_init(&ld->body_head, 65536);
	buf_init(&ld->body_tail, 4096);
	json_out_init(&j, &ld->body_head, JSON_COMPACT, true);
	buf_adds(&ld->body_head, "{\"model\":");
	json_str(&j, ld->spec->model);
	int rc = buf_adds(&ld->body_head, ",\"prompt\":");
	rc |= buf_adds(&ld->body_tail,
	        ",\"logprobs\":null,\"stream\":true,\"stream_options\":{\"include_usage\":true},\"ignore_eos\":true}");
	return rc ? err_set(e, ERR_LIMIT, "the name of the model is too long") : 0;
}

static int slots_make(struct load *ld, struct err *e)
{
	size_t conc = (size_t)ld->spec->conc, n = prompts_count(ld->spec->prompts);
	ld->slots = calloc(conc, sizeof *ld->slots);
	ld->free_slots = calloc(conc, sizeof *ld->free_slots);
	ld->ready = calloc(conc, sizeof *ld->ready);
	ld->ends = calloc(conc, sizeof *ld->ends);
	ld->rows = calloc(n, sizeof *ld->rows);
	ld->gaps = calloc(n, sizeof *ld->gaps);
	if (!ld->slots || !ld->free_slots || !ld->ready || !ld->ends || !ld->rows || !ld->gaps)
		return err_set(e, ERR_NOMEM, "no memory for a load of %zu requests", n);
	for (size_t i = 0; i < conc; i++) {
		struct slot *s = &ld->slots[i];
		s->load = ld;
		buf_init(&s->body, LOAD_BODY_MAX);
		buf_init(&ld->ready[i], LOAD_BODY_MAX);
		sse_init(&s->sse);
		ld->free_slots[ld->n_free++] = (int)(conc - 1 - i);
	}
	return 0;
}

/* Rows, the expected tokens, and the arena they need. */
static int plan_make(struct load *ld, struct err *e)
{
	const struct prompt_set *ps = ld->spec->prompts;
	size_t n = prompts_count(ps);
	for (size_t i = 0; i < n; i++) {
		ld->rows[i] = (struct load_row){
		        .ttft_ns = -1,
		        .e2el_ns = -1,
		        .tokens_in = prompts_input_len(ps, i),
		        .prompt_tokens_server = -1,
		};
		ld->tokens_planned += prompts_output_len(ps, i);
	}
	ld->tokens_expected = ld->tokens_planned;
	return samples_open(&ld->samples, ld->tokens_planned, e);
}

static int load_open(struct load *ld, struct err *e)
{
	const struct load_spec *spec = ld->spec;
	size_t len = strlen(spec->base_url);
	if (spec->conc < 1 || spec->conc > 1000000 || prompts_count(spec->prompts) < 1)
		return err_set(e, ERR_USAGE, "a load needs at least one request at a time: CONC is %d", spec->conc);
	while (len > 0 && spec->base_url[len - 1] == '/')
		len--;
	int n = snprintf(ld->url, sizeof ld->url, "%.*s/v1/completions", (int)len, spec->base_url);
	if (n < 0 || (size_t)n >= sizeof ld->url)
		return err_set(e, ERR_USAGE, "the server's URL is too long");
	int rc = fd_limit(spec->conc, e);
	if (!rc)
		rc = loop_open(&ld->loop, e);
	if (!rc)
		rc = loop_pin_host(ld->loop, ld->url, e);
	if (!rc)
		rc = loop_watch_cancel(ld->loop, spec->cancel, e);
	if (!rc)
		rc = headers_make(ld, e);
	if (!rc)
		rc = body_frame(ld, e);
	if (!rc)
		rc = slots_make(ld, e);
	return rc ? rc : plan_make(ld, e);
}

static void load_close(struct load *ld)
{
	loop_close(ld->loop); /* first: it still borrows bodies and headers */
	for (int i = 0; ld->slots && ld->ready && i < ld->spec->conc; i++) {
		buf_free(&ld->slots[i].body);
		sse_free(&ld->slots[i].sse);
		buf_free(&ld->ready[i]);
	}
	free(ld->slots);
	free(ld->free_slots);
	free(ld->ready);
	free(ld->ends);
	free(ld->rows);
	free(ld->gaps);
	buf_free(&ld->body_head);
	buf_free(&ld->body_tail);
	curl_slist_free_all(ld->headers);
	samples_close(ld->samples);
	free(ld);
}

/* One more body for a later request. False when there are enough. */
static bool body_ahead(struct load *ld)
{
	if (ld->warmup || ld->built >= ld->total || ld->built >= ld->next + (uint32_t)ld->spec->conc)
		return false;
	/* A failure shows when the request is to be started. */
	body_build(ld, ld->built, &ld->ready[ld->built % (uint32_t)ld->spec->conc]);
	ld->built++;
	return true;
}

static bool may_start(const struct load *ld)
{
	return !ld->ended && !ld->stopped && ld->n_free > 0 && ld->next < ld->total;
}

/* Obeys the stop order. */
static void obey(struct load *ld)
{
	enum cancel_level level = cancel_get(ld->spec->cancel);
	if (level == CANCEL_NONE)
		return;
	if (ld->next < ld->total)
		ld->stopped = true;
	if (level >= CANCEL_NOW && ld->in_flight > 0) {
		ld->stopped = true;
		slots_abort(ld);
	}
}

static int turn(struct load *ld, int64_t wait_ns)
{
	struct err e = {0};
	int n = loop_turn(ld->loop, wait_ns, &e);
	if (n < 0)
		load_fail(ld, n, "%s", e.text);
	return n;
}

static void start_some(struct load *ld)
{
	struct err e = {0};
	for (int i = 0; i < STARTS_PER_TURN && may_start(ld); i++) {
		int rc = slot_start(ld, &e);
		if (rc)
			load_fail(ld, rc, "%s", e.text);
	}
}

/* The closed loop, until every request is finished or the load is ended. */
static void span_run(struct load *ld)
{
	for (;;) {
		obey(ld);
		if (ld->ended)
			break;
		if (may_start(ld)) {
			start_some(ld);
			turn(ld, 0);
			continue;
		}
		if (ld->in_flight == 0)
			break;
		bool wanted = ld->built < ld->total && !ld->warmup && ld->built < ld->next + (uint32_t)ld->spec->conc;
		if (turn(ld, wanted ? 0 : -1) == 0 && wanted)
			body_ahead(ld);
	}
	if (ld->ended)
		slots_abort(ld);
}

static void span_begin(struct load *ld, bool warmup, uint32_t total)
{
	ld->warmup = warmup;
	ld->total = total;
	ld->next = 0;
	ld->completed = ld->finished = 0;
	ld->fail = (struct failures){0};
	ld->ends_first = ld->ends_n = 0;
	ld->bundled = 0;
	loop_lateness_reset(ld->loop);
	ld->begin_ns = clock_mono_ns();
	live_begin(ld, ld->begin_ns);
}

static int load_go(struct load *ld, struct load_result *out, struct err *e)
{
	const struct load_spec *spec = ld->spec;
	uint32_t n = (uint32_t)prompts_count(spec->prompts);
	if (spec->num_warmups > 0) {
		span_begin(ld, true, (uint32_t)spec->num_warmups);
		span_run(ld);
		if (ld->ended)
			return err_set(e, ld->why_code, "%s", ld->why.text);
	}
	ld->total = n;
	ld->next = 0;
	ld->warmup = false;
	while (ld->built < (uint32_t)spec->conc && body_ahead(ld))
		;
	int64_t cpu = clock_thread_cpu_ns();
	span_begin(ld, false, n);
	span_run(ld);
	ld->end_ns = clock_mono_ns();
	ld->cpu_ns = clock_thread_cpu_ns() - cpu;
	if (ld->ended)
		return err_set(e, ld->why_code, "%s", ld->why.text);
	int rc = final_figures(ld, out, e);
	if (rc)
		return rc;
	out->stopped = ld->stopped;
	out->in_flight_max = ld->in_flight_max;
	out->rows = ld->rows;
	out->n_rows = n;
	ld->rows = NULL;
	return 0;
}

int load_run(const struct load_spec *spec, struct load_result *out, struct err *e)
{
	*out = (struct load_result){0};
	struct load *ld = calloc(1, sizeof *ld);
	if (!ld)
		return err_set(e, ERR_NOMEM, "no memory for a load");
	ld->spec = spec;
	int rc = load_open(ld, e);
	if (!rc)
		rc = load_go(ld, out, e);
	load_close(ld);
	return rc;
}

void load_result_free(struct load_result *r)
{
	free(r->rows);
	*r = (struct load_result){0};
}
