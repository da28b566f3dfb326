#include "scenes.h"
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WALL_START INT64_C(1763992800000000000) /* 2025-11-24 14:00:00 UTC */
#define MONO_START INT64_C(500000000000)
#define RUN_DIR    "batch_perf_1024_1024_20251124_140000"

static struct event event_of(struct stage *s, enum event_kind kind)
{
	struct event ev;
	event_init(&ev, kind);
	ev.wall_ns = WALL_START + s->now_ns;
	ev.mono_ns = MONO_START + s->now_ns;
	return ev;
}

static void apply(struct stage *s, struct event *ev)
{
	ev->seq = ++s->seq;
	board_apply(&s->board, ev);
}

static void pass(struct stage *s, double seconds)
{
	s->now_ns += (int64_t)(seconds * 1e9);
}

/* ---- server ---- */

static void server_is(struct stage *s, enum server_phase phase, const char *text)
{
	struct event ev = event_of(s, EV_server_seen);
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
	apply(s, &ev);
}

static void gpu_is(struct stage *s, double busy, double watts)
{
	struct event ev = event_of(s, EV_gpu_seen);
	ev.u.gpu_seen = (struct ev_gpu_seen){8, busy, watts, 71, 242, 288, true};
	apply(s, &ev);
}

static void load_is(struct stage *s, double running, double tps)
{
	for (int i = 0; i < 90; i++) {
		struct event ev = event_of(s, EV_server_load);
		double wave = tps * (i < 4 ? 0.2 * (i + 1) : 0.93 + 0.07 * sin(i * 0.7));
		ev.u.server_load = (struct ev_server_load){running, 0, running * 0.0013, i == 89 ? tps : wave, true};
		apply(s, &ev);
	}
}

/* ---- a run ---- */

static void run_is(struct stage *s)
{
	const struct view *v = &s->view;
	struct event ev = event_of(s, EV_run_started);
	struct ev_run_started *r = &ev.u.run_started;
	text_copy(r->run_id, sizeof r->run_id, RUN_DIR);
	text_copy(r->dir, sizeof r->dir, "/work/results/" RUN_DIR);
	text_copy(r->track, sizeof r->track, s->track.name);
	text_copy(r->model, sizeof r->model, s->track.model);
	text_copy(r->team, sizeof r->team, v->settings.team);
	r->mode = v->settings.mode;
	r->batch = true;
	r->cells = v->plan.n_cells;
	r->pid = 4242;
	apply(s, &ev);
	for (int i = 0; i < v->plan.n_cells; i++) {
		const struct plan_cell *p = &v->plan.cells[i];
		ev = event_of(s, EV_cell_planned);
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
		apply(s, &ev);
	}
}

static void row_starts(struct stage *s, int cell)
{
	struct event ev = event_of(s, EV_cell_started);
	ev.u.cell_started.cell = cell;
	apply(s, &ev);
}

static void phase_is(struct stage *s, int cell, enum run_phase phase)
{
	struct event ev = event_of(s, EV_phase_started);
	ev.u.phase_started.cell = cell;
	ev.u.phase_started.phase = phase;
	apply(s, &ev);
}

static void accuracy_at(struct stage *s, int cell, int done)
{
	phase_is(s, cell, PHASE_ACCURACY);
	pass(s, 38);
	struct event ev = event_of(s, EV_accuracy_progress);
	ev.u.accuracy_progress = (struct ev_accuracy_progress){cell, done, 167, 0, 0.4502, 1.3663, 3.2671, 38, true};
	apply(s, &ev);
}

static void accuracy_done(struct stage *s, int cell, bool passed)
{
	phase_is(s, cell, PHASE_ACCURACY);
	pass(s, 98);
	struct event ev = event_of(s, EV_accuracy_measured);
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
	apply(s, &ev);
	ev = event_of(s, EV_gate_decided);
	struct ev_gate_decided *g = &ev.u.gate_decided;
	g->cell = cell;
	g->passed = passed;
	text_copy(g->metric, sizeof g->metric, passed ? "word_perplexity" : "word_perplexity");
	g->value = a->word_perplexity;
	text_copy(g->text, sizeof g->text,
	        passed ? "every metric is inside the gate"
	               : "word_perplexity 3.4411 is above its limit 3.3498 (baseline 3.2522 x 1.03)");
	apply(s, &ev);
}

/* Figures of a row as a share of the reference: what the tests look at is how they are shown. */
static void load_at(struct stage *s, int cell, double share, double tput_ratio, double slow)
{
	const struct plan_cell *p = &s->view.plan.cells[cell];
	phase_is(s, cell, PHASE_LOAD);
	for (int i = 0; i < 60; i++) {
		pass(s, 166.0 / 60);
		struct event ev = event_of(s, EV_load_progress);
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
		apply(s, &ev);
	}
}

static void load_done(struct stage *s, int cell, double tput_ratio, double slow, int failed)
{
	const struct plan_cell *p = &s->view.plan.cells[cell];
	load_at(s, cell, 1.0, tput_ratio, slow);
	struct event ev = event_of(s, EV_load_measured);
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
	if (failed)
		text_copy(m->first_error, sizeof m->first_error, "HTTP 500: out of KV cache blocks");
	apply(s, &ev);
}

static void flag_is(struct stage *s, int cell, enum flag_code flag, bool doubt, const char *text)
{
	struct event ev = event_of(s, EV_flag_raised);
	ev.u.flag_raised.cell = cell;
	ev.u.flag_raised.flag = flag;
	ev.u.flag_raised.doubt = doubt;
	text_copy(ev.u.flag_raised.text, sizeof ev.u.flag_raised.text, text);
	apply(s, &ev);
}

static void row_ends(struct stage *s, int cell, enum cell_status status, double seconds, const char *text)
{
	struct event ev;
	if (status == CELL_PASSED) {
		ev = event_of(s, EV_result_saved);
		ev.u.result_saved.cell = cell;
		snprintf(ev.u.result_saved.path, sizeof ev.u.result_saved.path, "/work/results/" RUN_DIR "/result_conc%d.json",
		        s->view.plan.cells[cell].conc);
		apply(s, &ev);
	}
	ev = event_of(s, EV_cell_done);
	ev.u.cell_done.cell = cell;
	ev.u.cell_done.status = status;
	ev.u.cell_done.duration_s = seconds;
	text_copy(ev.u.cell_done.text, sizeof ev.u.cell_done.text, text);
	apply(s, &ev);
}

static void post_is(struct stage *s, int cell, enum post_state state, int rank, const char *text)
{
	struct event ev = event_of(s, EV_post_changed);
	ev.u.post_changed.cell = cell;
	ev.u.post_changed.state = state;
	ev.u.post_changed.attempt = 1;
	ev.u.post_changed.rank = rank;
	text_copy(ev.u.post_changed.text, sizeof ev.u.post_changed.text, text);
	apply(s, &ev);
}

static void run_ends(struct stage *s, int passed, int failed, const char *text)
{
	struct event ev = event_of(s, EV_run_finished);
	ev.u.run_finished.passed = passed;
	ev.u.run_finished.failed = failed;
	text_copy(ev.u.run_finished.text, sizeof ev.u.run_finished.text, text);
	apply(s, &ev);
}

static void notice_is(struct stage *s, enum severity severity, const char *text)
{
	struct event ev = event_of(s, EV_notice);
	ev.u.notice.severity = severity;
	text_copy(ev.u.notice.text, sizeof ev.u.notice.text, text);
	apply(s, &ev);
}

/* A whole row that passes. */
static void row_passes(struct stage *s, int cell, double tput_ratio, double slow)
{
	row_starts(s, cell);
	accuracy_done(s, cell, true);
	load_done(s, cell, tput_ratio, slow, 0);
	row_ends(s, cell, CELL_PASSED, 331, "");
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
static int log_open(struct stage *s)
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

/* ---- scenes ---- */

static void settle(struct stage *s, enum run_mode mode)
{
	s->view.settings.mode = mode;
	if (mode == MODE_SUBMIT)
		text_copy(s->view.settings.team, sizeof s->view.settings.team, "Grün & Söhne 量子");
	plan_make(&s->view.plan, &s->view.settings, &s->track, NULL);
}

static void no_server(struct stage *s)
{
	(void)s;
}

static void absent(struct stage *s)
{
	server_is(s, SERVER_ABSENT, "nothing listens on port 8888");
}

static void starting(struct stage *s)
{
	server_is(s, SERVER_STARTING, "loading weights 49%, 4m12 of about 9m");
	gpu_is(s, 3, 1240);
	log_open(s);
}

static void ready_idle(struct stage *s)
{
	server_is(s, SERVER_READY, "ready");
	gpu_is(s, 0, 1180);
	log_open(s);
	s->view.picked[3] = s->view.picked[4] = false;
}

static void accuracy_running(struct stage *s)
{
	ready_idle(s);
	run_is(s);
	row_starts(s, 0);
	accuracy_at(s, 0, 67);
	load_is(s, 4, 31);
}

static void load_running(struct stage *s)
{
	server_is(s, SERVER_READY, "ready");
	log_open(s);
	run_is(s);
	row_passes(s, 0, 1.18, 0.96);
	row_starts(s, 1);
	accuracy_done(s, 1, true);
	gpu_is(s, 97, 8100);
	load_is(s, 8, 958);
	load_at(s, 1, 0.62, 0.76, 1.03);
	flag_is(s, 1, FLAG_JIT, true, "a kernel was built inside the timed span (module_moe_sorting, 38 s): run it again");
	s->view.focus = 1;
}

static void flags(struct stage *s)
{
	server_is(s, SERVER_READY, "ready");
	log_open(s);
	run_is(s);
	row_passes(s, 0, 1.18, 0.96);
	row_passes(s, 1, 0.76, 1.03);
	row_starts(s, 2);
	accuracy_done(s, 2, true);
	load_done(s, 2, 2.31, 0.61, 3);
	flag_is(s, 2, FLAG_FAILED_REQUESTS, true, "3 of 800 requests failed, the first with HTTP 500");
	flag_is(s, 2, FLAG_CACHED, true, "the server took 12,288 tokens from its prefix cache");
	flag_is(s, 2, FLAG_IDS, false, "prompts went as token ids: the server did not tokenize");
	row_ends(s, 2, CELL_PASSED, 402, "");
	row_passes(s, 3, 1.0, 1.0);
	row_passes(s, 4, 1.02, 0.99);
	run_ends(s, 5, 0, "5 rows passed");
	notice_is(s, SEV_INFO, "5 of 5 rows passed, results are in " RUN_DIR);
	s->view.focus = 2;
}

static void gate_failed(struct stage *s)
{
	server_is(s, SERVER_READY, "ready");
	log_open(s);
	run_is(s);
	row_starts(s, 0);
	accuracy_done(s, 0, false);
	row_ends(s, 0, CELL_GATE_FAILED, 102, "accuracy is outside the gate; no load was run");
	row_starts(s, 1);
	accuracy_at(s, 1, 12);
}

static void failed(struct stage *s)
{
	server_is(s, SERVER_UNHEALTHY, "/health answers 503: scheduler not responding for 20 s");
	log_open(s);
	run_is(s);
	row_passes(s, 0, 1.18, 0.96);
	row_starts(s, 1);
	row_ends(s, 1, CELL_FAILED, 12, "the server stopped answering: connection reset by peer on 8 of 8 requests");
	row_ends(s, 2, CELL_SKIPPED, 0, "");
	notice_is(s, SEV_ERROR, "the server at :8888 no longer answers; rows that are left wait for it");
	s->view.focus = 1;
}

static void submit_posts(struct stage *s)
{
	settle(s, MODE_SUBMIT);
	server_is(s, SERVER_READY, "ready");
	log_open(s);
	run_is(s);
	row_passes(s, 0, 1.18, 0.96);
	post_is(s, 0, POST_CONFIRMED, 3, "rank 3 of 41 for CONC 4");
	row_passes(s, 1, 1.06, 0.99);
	post_is(s, 1, POST_UNKNOWN, -1, "the board took the event and never answered; look at its table before posting again");
	row_passes(s, 2, 1.11, 0.93);
	post_is(s, 2, POST_SENT, -1, "event 7f3a");
	row_starts(s, 3);
	accuracy_done(s, 3, true);
	load_done(s, 3, 0.97, 1.01, 0);
	flag_is(s, 3, FLAG_THROTTLED, true, "GPU 5 lowered its clock for 41 s");
	post_is(s, 3, POST_HELD, -1, "held back: one doubt");
	row_ends(s, 3, CELL_PASSED, 512, "");
	row_starts(s, 4);
	accuracy_done(s, 4, true);
	load_at(s, 4, 0.34, 1.2, 0.9);
	load_is(s, 64, 3805);
	gpu_is(s, 99, 9700);
	s->view.focus = 1;
}

static void stopped(struct stage *s)
{
	load_running(s);
	struct event ev = event_of(s, EV_stop_requested);
	apply(s, &ev);
	s->view.following = true;
	text_copy(s->view.message, sizeof s->view.message, "stopping after 8 requests in flight; x again stops now");
	s->view.message_severity = SEV_INFO;
}

static void stopped_done(struct stage *s)
{
	load_running(s);
	row_ends(s, 1, CELL_STOPPED, 244, "stopped by the user");
	for (int i = 2; i < 5; i++)
		row_ends(s, i, CELL_SKIPPED, 0, "");
	run_ends(s, 1, 0, "stopped by the user");
}

static void journal_failing(struct stage *s)
{
	load_running(s);
	struct event ev = event_of(s, EV_journal_state);
	ev.u.journal_state.failing = true;
	text_copy(ev.u.journal_state.text, sizeof ev.u.journal_state.text, "No space left on device");
	ev.seq = 0;
	board_apply(&s->board, &ev);
	text_copy(s->view.message, sizeof s->view.message, "free some space: what was measured is written as soon as there is any");
	s->view.message_severity = SEV_WARN;
}

static void sheet_perf(struct stage *s)
{
	ready_idle(s);
	s->view.modal = MODAL_SHEET;
}

static void sheet_submit(struct stage *s)
{
	settle(s, MODE_SUBMIT);
	s->view.settings.n_pairs = 2;
	s->view.settings.pairs[1][0] = 8192;
	s->view.settings.pairs[1][1] = 1024;
	absent(s);
	s->view.modal = MODAL_SHEET;
}

static void help(struct stage *s)
{
	ready_idle(s);
	s->view.modal = MODAL_HELP;
}

static void quit(struct stage *s)
{
	load_running(s);
	s->view.modal = MODAL_QUIT;
}

static void team(struct stage *s)
{
	ready_idle(s);
	s->view.modal = MODAL_TEAM;
	text_copy(s->view.edit, sizeof s->view.edit, "Team 量子 nord");
	s->view.edit_pos = 11;
}

static void pairs(struct stage *s)
{
	ready_idle(s);
	s->view.modal = MODAL_PAIRS;
	s->view.modal_focus = 2;
}

static void themes(struct stage *s)
{
	ready_idle(s);
	s->view.modal = MODAL_THEME;
	s->view.modal_focus = 1;
}

static void notice(struct stage *s)
{
	ready_idle(s);
	s->view.modal = MODAL_NOTICE;
	s->view.message_severity = SEV_ERROR;
	text_copy(s->view.message, sizeof s->view.message,
	        "The leaderboard expects 13 columns and the track sends 14: nothing is started. --track FILE names a track that fits.");
}

static void log_screen(struct stage *s)
{
	load_running(s);
	s->view.screen = SCREEN_LOG;
}

static const struct {
	const char *name;
	void (*make)(struct stage *);
} scenes[] = {{"no_server", no_server}, {"absent", absent}, {"starting", starting}, {"ready_idle", ready_idle},
        {"accuracy_running", accuracy_running}, {"load_running", load_running}, {"flags", flags},
        {"gate_failed", gate_failed}, {"failed", failed}, {"submit_posts", submit_posts}, {"stopping", stopped},
        {"stopped", stopped_done}, {"journal_failing", journal_failing}, {"sheet_perf", sheet_perf},
        {"sheet_submit", sheet_submit}, {"help", help}, {"quit", quit}, {"team", team}, {"pairs", pairs},
        {"themes", themes}, {"notice", notice}, {"log_screen", log_screen}};

int scene_count(void)
{
	return (int)(sizeof scenes / sizeof scenes[0]);
}

const char *scene_name(int i)
{
	return i >= 0 && i < scene_count() ? scenes[i].name : NULL;
}

int scene_open(struct stage *s, int i)
{
	memset(s, 0, sizeof *s);
	if (!scene_name(i) || track_load(&s->track, NULL, NULL) != 0)
		return -1;
	board_init(&s->board);
	struct view *v = &s->view;
	v->screen = SCREEN_DASHBOARD;
	v->track = &s->track;
	v->detached_ok = true;
	v->settings.batch = true;
	v->settings.pairs[0][0] = v->settings.pairs[0][1] = 1024;
	v->settings.n_pairs = 1;
	v->settings.num_warmups = -1;
	v->settings.ratio = 1;
	v->settings.acc_concurrency = 4;
	v->settings.prompts = PROMPTS_TEXT;
	text_copy(v->settings.model, sizeof v->settings.model, s->track.model);
	text_copy(v->settings.base_url, sizeof v->settings.base_url, "http://127.0.0.1:8888");
	text_copy(v->settings.results_dir, sizeof v->settings.results_dir, "/work/results");
	text_copy(v->theme_name, sizeof v->theme_name, "default");
	settle(s, MODE_PERF);
	for (int k = 0; k < v->plan.n_cells; k++)
		v->picked[k] = true;
	v->frame = 2;
	scenes[i].make(s);
	v->now_wall_ns = WALL_START + s->now_ns;
	v->now_mono_ns = MONO_START + s->now_ns;
	return v->plan.n_cells > 0 ? 0 : -1;
}

void scene_close(struct stage *s)
{
	if (s->log)
		tail_close(s->log);
	s->log = NULL;
	s->view.log = NULL;
}
