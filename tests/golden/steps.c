/* Building blocks of the scenes: each folds the events of one step into the board. */
#include "steps.h"
#include "../../engine/base/text.h"
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct event step_event_of(struct stage *s, enum event_kind kind)
{
	struct event ev;
	event_init(&ev, kind);
	ev.wall_ns = WALL_START + s->now_ns;
	ev.mono_ns = MONO_START + s->now_ns;
	return ev;
}

void step_apply(struct stage *s, struct event *ev)
{
	ev->seq = ++s->seq;
	board_apply(&s->board, ev);
}

void step_pass(struct stage *s, double seconds)
{
	s->now_ns += (int64_t)(seconds * 1e9);
}

/* ---- server ---- */

void step_server_is(struct stage *s, enum server_phase phase, const char *text)
{
	struct event ev = step_event_of(s, EV_server_seen);
	struct ev_server_seen *e = &ev.u.server_seen;
	e->phase = phase;
	text_copy(e->text, sizeof e->text, text);
	text_copy(e->url, sizeof e->url, "http://127.0.0.1:8888");
	if (phase == SERVER_READY || phase == SERVER_UNHEALTHY) {
		text_copy(e->model, sizeof e->model, "amd/DeepSeek-R1-0528-MXFP4-Preview");
		text_copy(e->version, sizeof e->version, "0.5.5");
		e->tp = 8;
		e->prefill = 196608;
		e->radix_off = 1;
		e->uptime_s = 7440;
	}
	if (phase != SERVER_ABSENT)
		text_copy(e->log, sizeof e->log, "/tmp/sglang/server.log");
	step_apply(s, &ev);
}

void step_gpu_is(struct stage *s, double busy, double watts)
{
	struct event ev = step_event_of(s, EV_gpu_seen);
	struct ev_gpu_seen *g = &ev.u.gpu_seen;
	g->cards = 8;
	g->busy = busy;
	g->power_w = watts;
	g->temp_c = 71;
	g->vram_used_gib = 242;
	g->vram_total_gib = 288;
	g->sample = true;
	step_apply(s, &ev);
}

void step_load_is(struct stage *s, double running, double tps)
{
	for (int i = 0; i < 90; i++) {
		struct event ev = step_event_of(s, EV_server_load);
		double wave = tps * (i < 4 ? 0.2 * (i + 1) : 0.93 + 0.07 * sin(i * 0.7));
		ev.u.server_load.running = running;
		ev.u.server_load.queued = 0;
		ev.u.server_load.kv = running * 0.0013;
		ev.u.server_load.gen_tps = i == 89 ? tps : wave;
		ev.u.server_load.sample = true;
		step_apply(s, &ev);
	}
}

/* ---- a run ---- */

void step_run_is(struct stage *s)
{
	const struct view *v = &s->view;
	struct event ev = step_event_of(s, EV_run_started);
	struct ev_run_started *r = &ev.u.run_started;
	text_copy(r->run_id, sizeof r->run_id, RUN_DIR);
	text_copy(r->dir, sizeof r->dir, "/data/results/" RUN_DIR);
	text_copy(r->track, sizeof r->track, s->track.name);
	text_copy(r->model, sizeof r->model, s->track.model);
	text_copy(r->team, sizeof r->team, v->settings.team);
	r->mode = v->settings.mode;
	r->batch = true;
	r->cells = v->plan.n_cells;
	r->pid = 4242;
	step_apply(s, &ev);
	for (int i = 0; i < v->plan.n_cells; i++) {
		const struct plan_cell *p = &v->plan.cells[i];
		ev = step_event_of(s, EV_cell_planned);
		struct ev_cell_planned *c = &ev.u.cell_planned;
		c->cell = i;
		c->isl = p->isl;
		c->osl = p->osl;
		c->conc = p->conc;
		c->repeat = 1;
		c->num_prompts = p->num_prompts;
		c->rule_prompts = p->rule_prompts;
		c->ref_e2e_ms = p->ref.e2e_ms;
		c->ref_tput = p->ref.tput;
		c->ref_intvty = p->ref.intvty;
		c->expect_s = p->expect_s;
		step_apply(s, &ev);
	}
}

void step_row_starts(struct stage *s, int cell)
{
	struct event ev = step_event_of(s, EV_cell_started);
	ev.u.cell_started.cell = cell;
	step_apply(s, &ev);
}

void step_phase_is(struct stage *s, int cell, enum run_phase phase)
{
	struct event ev = step_event_of(s, EV_phase_started);
	ev.u.phase_started.cell = cell;
	ev.u.phase_started.phase = phase;
	step_apply(s, &ev);
}

void step_accuracy_at(struct stage *s, int cell, int done)
{
	step_phase_is(s, cell, PHASE_ACCURACY);
	step_pass(s, 38);
	struct event ev = step_event_of(s, EV_accuracy_progress);
	ev.u.accuracy_progress = (struct ev_accuracy_progress){cell, done, 167, 0, 0.4502, 1.3663, 3.2671, 38, true};
	step_apply(s, &ev);
}

void step_accuracy_done(struct stage *s, int cell, bool passed)
{
	step_phase_is(s, cell, PHASE_ACCURACY);
	step_pass(s, 98);
	struct event ev = step_event_of(s, EV_accuracy_measured);
	struct ev_accuracy_measured *a = &ev.u.accuracy_measured;
	a->cell = cell;
	a->bits_per_byte = passed ? 0.4491 : 0.4722;
	a->byte_perplexity = passed ? 1.3652 : 1.3872;
	a->word_perplexity = passed ? 3.2579 : 3.4411;
	a->documents = 167;
	a->tokens = 298765;
	a->retries = passed ? 0 : 2;
	a->duration_s = 98;
	text_copy(a->endpoint, sizeof a->endpoint, "/generate");
	step_apply(s, &ev);
	ev = step_event_of(s, EV_gate_decided);
	struct ev_gate_decided *g = &ev.u.gate_decided;
	g->cell = cell;
	g->passed = passed;
	text_copy(g->metric, sizeof g->metric, passed ? "word_perplexity" : "word_perplexity");
	g->value = a->word_perplexity;
	text_copy(g->text, sizeof g->text,
	        passed ? "every metric is inside the gate"
	               : "word_perplexity 3.4411 is above its limit 3.3498 (baseline 3.2522 x 1.03)");
	step_apply(s, &ev);
}

/* Figures of a row as a share of the reference: what the tests look at is how they are shown. */
void step_load_at(struct stage *s, int cell, double share, double tput_ratio, double slow)
{
	const struct plan_cell *p = &s->view.plan.cells[cell];
	step_phase_is(s, cell, PHASE_LOAD);
	for (int i = 0; i < 60; i++) {
		step_pass(s, 166.0 / 60);
		struct event ev = step_event_of(s, EV_load_progress);
		struct ev_load_progress *g = &ev.u.load_progress;
		bool last = i == 59;
		g->cell = cell;
		g->total = p->num_prompts;
		g->done = (int64_t)(share * p->num_prompts * (i + 1) / 60);
		g->in_flight = p->conc;
		g->elapsed_s = 166.0 * (i + 1) / 60;
		g->eta_s = 166.0 / share - 166.0;
		g->tput_per_gpu = last ? p->ref.tput * tput_ratio : NAN;
		g->output_tps = p->ref.tput * tput_ratio * 4 * (last ? 1 : 0.95 + 0.05 * cos(i));
		g->interactivity = p->ref.intvty / slow;
		g->ttft_median = 241;
		g->ttft_p99 = 642;
		g->tpot_median = 8.29;
		g->tpot_p99 = 9.1;
		g->itl_median = 8.2;
		g->itl_p99 = 14.9;
		g->e2el_median = p->ref.e2e_ms * slow;
		g->e2el_p99 = p->ref.e2e_ms * slow * 1.31;
		g->late_p99_ms = 0.4;
		g->slots_mean = p->conc - 0.03;
		g->sample = true;
		step_apply(s, &ev);
	}
}

void step_load_done(struct stage *s, int cell, double tput_ratio, double slow, int failed)
{
	const struct plan_cell *p = &s->view.plan.cells[cell];
	step_load_at(s, cell, 1.0, tput_ratio, slow);
	struct event ev = step_event_of(s, EV_load_measured);
	struct ev_load_measured *m = &ev.u.load_measured;
	m->cell = cell;
	m->completed = p->num_prompts - failed;
	m->failed = failed;
	m->duration_s = 233;
	m->total_input = m->completed * p->isl;
	m->total_output = m->completed * p->osl;
	m->tput_per_gpu = p->ref.tput * tput_ratio;
	m->total_token_throughput = m->tput_per_gpu * 8;
	m->output_throughput = m->total_token_throughput / 2;
	m->request_throughput = m->output_throughput / p->osl;
	m->interactivity = p->ref.intvty / slow;
	m->e2el_median = p->ref.e2e_ms * slow;
	m->e2el_mean = m->e2el_median * 1.004;
	m->e2el_p99 = m->e2el_median * 1.12;
	m->e2el_std = m->e2el_median * 0.03;
	m->ttft_median = 188.4;
	m->ttft_mean = 201.7;
	m->ttft_p99 = 611.3;
	m->ttft_std = 64.1;
	m->tpot_median = 1000 / m->interactivity;
	m->tpot_mean = m->tpot_median * 1.01;
	m->tpot_p99 = m->tpot_median * 1.09;
	m->tpot_std = 0.21;
	m->itl_median = m->tpot_median * 0.98;
	m->itl_mean = m->tpot_median;
	m->itl_p99 = m->tpot_median * 1.9;
	m->itl_std = 1.73;
	m->slots_mean = p->conc - 0.04;
	m->late_p99_ms = 0.3;
	m->gap_p99_ms = 0.6;
	m->cpu_share = 0.07;
	m->fail_http = failed > 1 ? failed - 1 : failed;
	m->fail_cut = failed - m->fail_http;
	if (failed)
		text_copy(m->first_error, sizeof m->first_error, "HTTP 500: out of KV cache blocks");
	step_apply(s, &ev);
}

void step_flag_is(struct stage *s, int cell, enum flag_code flag, bool doubt, const char *text)
{
	struct event ev = step_event_of(s, EV_flag_raised);
	ev.u.flag_raised.cell = cell;
	ev.u.flag_raised.flag = flag;
	ev.u.flag_raised.doubt = doubt;
	text_copy(ev.u.flag_raised.text, sizeof ev.u.flag_raised.text, text);
	step_apply(s, &ev);
}

void step_row_ends(struct stage *s, int cell, enum cell_status status, double seconds, const char *text)
{
	struct event ev;
	if (status == CELL_PASSED) {
		ev = step_event_of(s, EV_result_saved);
		ev.u.result_saved.cell = cell;
		snprintf(ev.u.result_saved.path, sizeof ev.u.result_saved.path,
		        "/data/results/" RUN_DIR "/result_conc%d.json", s->view.plan.cells[cell].conc);
		step_apply(s, &ev);
	}
	ev = step_event_of(s, EV_cell_done);
	ev.u.cell_done.cell = cell;
	ev.u.cell_done.status = status;
	ev.u.cell_done.duration_s = seconds;
	text_copy(ev.u.cell_done.text, sizeof ev.u.cell_done.text, text);
	step_apply(s, &ev);
}

void step_post_is(struct stage *s, int cell, enum post_state state, int rank, const char *text)
{
	struct event ev = step_event_of(s, EV_post_changed);
	ev.u.post_changed.cell = cell;
	ev.u.post_changed.state = state;
	ev.u.post_changed.attempt = 1;
	ev.u.post_changed.rank = rank;
	text_copy(ev.u.post_changed.text, sizeof ev.u.post_changed.text, text);
	step_apply(s, &ev);
}

void step_run_ends(struct stage *s, int passed, int failed, const char *text)
{
	struct event ev = step_event_of(s, EV_run_finished);
	ev.u.run_finished.passed = passed;
	ev.u.run_finished.failed = failed;
	text_copy(ev.u.run_finished.text, sizeof ev.u.run_finished.text, text);
	step_apply(s, &ev);
}

void step_notice_is(struct stage *s, enum severity severity, const char *text)
{
	struct event ev = step_event_of(s, EV_notice);
	ev.u.notice.severity = severity;
	text_copy(ev.u.notice.text, sizeof ev.u.notice.text, text);
	step_apply(s, &ev);
}

/* A whole row that passes. */
void step_row_passes(struct stage *s, int cell, double tput_ratio, double slow)
{
	step_row_starts(s, cell);
	step_accuracy_done(s, cell, true);
	step_load_done(s, cell, tput_ratio, slow, 0);
	step_row_ends(s, cell, CELL_PASSED, 331, "");
}

/* ---- log ---- */

static const char log_text[] =
        "[2025-11-24 14:00:58] INFO:     127.0.0.1:45022 - \"POST /generate HTTP/1.1\" 200 OK\n"
        "[2025-11-24 14:01:01 TP0] Prefill batch, #new-seq: 8, #new-token: 8192, #cached-token: 0, token usage: 0.00, "
        "#running-req: 0, #queue-req: 0, \n"
        "[2025-11-24 14:01:03 TP0] Decode batch, #running-req: 8, #token: 8431, token usage: 0.01, cuda graph: True, "
        "gen throughput (token/s): 949.12, #queue-req: 0, \n"
        "[2025-11-24 14:01:07 TP0] Decode batch, #running-req: 8, #token: 12033, token usage: 0.01, cuda graph: True, "
        "gen throughput (token/s): 961.40, #queue-req: 0, \n"
        "[2025-11-24 14:01:09 TP3] [aiter] start build [module_moe_sorting] under /opt/aiter/jit/build\n"
        "[2025-11-24 14:01:47 TP3] WARNING: kernel module_moe_sorting was built during serving, 38 s\n"
        "[2025-11-24 14:01:48 TP0] Prefill batch, #new-seq: 1, #new-token: 1024, #cached-token: 0, token usage: 0.01, "
        "#running-req: 7, #queue-req: 0, \n"
        "[2025-11-24 14:01:50 TP0] Decode batch, #running-req: 8, #token: 11877, token usage: 0.01, cuda graph: True, "
        "gen throughput (token/s): 958.07, #queue-req: 0, \n"
        "Traceback (most recent call last):\n"
        "[2025-11-24 14:01:52] INFO:     127.0.0.1:45030 - \"POST /v1/completions HTTP/1.1\" 200 OK\n"
        "[2025-11-24 14:01:54 TP0] Decode batch, #running-req: 8, #token: 12544, token usage: 0.01, cuda graph: True, "
        "gen throughput (token/s): 957.88, #queue-req: 0, \n";

/* The file is opened by a plain name, so that no screen shows where the test runs. */
int step_log_open(struct stage *s)
{
	char dir[] = "/tmp/benchtop-scene-XXXXXX";
	int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = -1;
	if (back < 0 || !mkdtemp(dir) || chdir(dir) != 0)
		goto out;
	FILE *f = fopen("server.log", "w");
	if (f) {
		fputs(log_text, f);
		fclose(f);
		rc = tail_open(&s->log, "server.log", NULL);
		if (rc == 0)
			tail_poll(s->log, 1 << 20);
		unlink("server.log");
	}
	s->view.log = s->log;
out:
	if (back >= 0) {
		if (fchdir(back) != 0)
			rc = -1;
		close(back);
	}
	rmdir(dir);
	return rc;
}
