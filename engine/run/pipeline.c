#include "pipeline.h"

#include "../base/clock.h"
#include "../base/text.h"
#include "../post/gradio.h"
#include "observe.h"
#include "reshape.h"
#include "resume.h"
#include "serve.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *environment(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

#define LOOK_TIMEOUT_MS  4000
#define POSTS_TIMEOUT_MS (15 * 60 * 1000)
#define PAUSE_MS         2000 /* between the rows of a batch, as the official tool */

void pipeline_emit(struct pipeline *p, const struct event *ev)
{
	board_apply(p->board, ev);
	scribe_emit(p->scribe, ev);
}

void pipeline_notice(struct pipeline *p, enum severity sev, const char *fmt, ...)
{
	struct event ev;
	char text[sizeof ev.u.notice.text];
	va_list ap;

	event_init(&ev, EV_notice);
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ev.u.notice.severity = sev;
	text_copy(ev.u.notice.text, sizeof ev.u.notice.text, text);
	pipeline_emit(p, &ev);
}

void pipeline_phase(struct pipeline *p, int cell, enum run_phase phase)
{
	struct event ev;

	event_init(&ev, EV_phase_started);
	ev.u.phase_started.cell = cell;
	ev.u.phase_started.phase = phase;
	pipeline_emit(p, &ev);
}

bool pipeline_stopping(const struct pipeline *p)
{
	return atomic_load(p->stop) != CANCEL_NONE;
}

/* The end of every run, also of one that never began: tells the readers that nothing more will come. */
static int finish(struct pipeline *p, int status, const char *text)
{
	struct event ev;

	event_init(&ev, EV_run_finished);
	ev.u.run_finished.exit_status = status;
	ev.u.run_finished.passed = board_count(p->board, CELL_PASSED);
	ev.u.run_finished.failed = board_count(p->board, CELL_FAILED) + board_count(p->board, CELL_GATE_FAILED);
	if (p->have_dir && p->settings.mode == MODE_SUBMIT) {
		ev.u.run_finished.posted = p->confirmed;
		ev.u.run_finished.unposted = ev.u.run_finished.passed - p->confirmed;
	}
	text_copy(ev.u.run_finished.text, sizeof ev.u.run_finished.text, text);
	pipeline_emit(p, &ev);
	return status;
}

static void set_waiting(struct pipeline *p, bool waiting)
{
	if (p->waiting)
		atomic_store(p->waiting, waiting);
}

/* --restart-server: the old one is stopped, a new one started and awaited, for as long as the settings allow (without a
 * word there for as long as it takes: it ends when the start fails). 0 or an exit status. */
static int restart_server(struct pipeline *p, struct err *e)
{
	const struct settings *s = &p->settings;
	int first = 0;

	while (first < p->plan.n_cells - 1 && !resume_runs(p, first))
		first++;
	struct control c = {.settings = s,
	        .plan = &p->plan,
	        .row = s->restart_shapes ? &p->plan.cells[first] : NULL,
	        .track = p->track,
	        .bearer = p->secrets->openai_key,
	        .cancel = p->cancel,
	        .say = serve_say,
	        .ctx = p->scribe,
	        .watcher = p->watcher};

	if (!s->restart_server)
		return 0;
	pipeline_phase(p, -1, PHASE_SERVER_WAIT);
	if (p->watcher)
		watcher_target(p->watcher, s->base_url, s->server_log);
	int rc = control_restart(&c, s->wait_server_ms > 0 ? s->wait_server_ms : -1, e);
	if (rc == 0)
		reshape_started(p, c.row);
	return rc == 0 ? 0 : rc == ERR_CANCELLED ? 130 : rc == ERR_USAGE ? 1 : 2;
}

/* Waits until the server is ready, as long as the settings allow. 0, or the run's exit status with the sentence in e. */
static int await_server(struct pipeline *p, struct err *e)
{
	const struct settings *s = &p->settings;
	int64_t deadline = clock_mono_ns() + s->wait_server_ms * CLOCK_NS_PER_MS;
	bool said = false;

	for (;;) {
		struct event ev;
		event_init(&ev, EV_server_seen);
		server_look(s->base_url, p->secrets->openai_key, LOOK_TIMEOUT_MS, p->cancel, &ev.u.server_seen);
		if (cancel_get(p->cancel) != CANCEL_NONE) {
			err_set(e, ERR_CANCELLED, "stopped before it began: nothing was measured");
			return 130;
		}
		if (ev.u.server_seen.phase == SERVER_READY || !said) {
			text_copy(ev.u.server_seen.log, sizeof ev.u.server_seen.log, s->server_log);
			pipeline_emit(p, &ev);
			p->server = ev.u.server_seen;
		}
		if (ev.u.server_seen.phase == SERVER_READY)
			return 0;
		if (clock_mono_ns() >= deadline) {
			err_set(e, ERR_NET,
			        "no server is ready at %s: %s. Start it, or set PORT or --base-url; --wait-server 30m waits for it",
			        s->base_url, ev.u.server_seen.text);
			return 2;
		}
		if (!said)
			pipeline_phase(p, -1, PHASE_SERVER_WAIT);
		said = true;
		if (cancel_wait(p->cancel, 1000, CANCEL_DRAIN)) {
			err_set(e, ERR_CANCELLED, "stopped while waiting for the server: nothing was measured");
			return 130;
		}
	}
}

/* Before hours of measuring: is each board there, and does it take what the track sends? 0 or an exit status. */
static int check_boards(struct pipeline *p, struct err *e)
{
	const struct settings *s = &p->settings;
	const char *checked = NULL;

	if (s->mode != MODE_SUBMIT)
		return 0;
	for (int i = 0; i < p->plan.n_cells; i++) {
		const char *url = p->plan.cells[i].board;
		struct gradio_preflight pre;

		if (url[0] == '\0' || (checked && strcmp(checked, url) == 0))
			continue;
		checked = url;
		if (gradio_check(
		            url, p->track->api_name, p->secrets->hf_token, p->track->n_columns, p->cancel, &pre, e) < 0)
			return 2;
		if (pre.text[0] == '\0')
			continue;
		if (pre.reachable && !(s->post_later && !pre.endpoint)) {
			err_set(e, ERR_USAGE, "the leaderboard %s does not fit the track %s: %s", url, p->track->name,
			        pre.text);
			return 1;
		}
		if (!s->post_later) {
			err_set(e, ERR_NET,
			        "the leaderboard %s cannot be reached: %s. --post-later measures all the same and keeps the results to be posted",
			        url, pre.text);
			return 2;
		}
		pipeline_notice(p, SEV_WARN,
		        "the leaderboard %s cannot be reached now: %s; results are kept and posting is tried when each is measured",
		        url, pre.text);
	}
	return 0;
}

static int load_corpus(struct pipeline *p, struct err *e)
{
	const struct settings *s = &p->settings;

	if (s->accuracy == ACCURACY_SKIP && s->mode != MODE_ACC)
		return 0;
	pipeline_phase(p, -1, PHASE_CORPUS);
	int rc = corpus_load(
	        &p->corpus, p->track, s->corpus, s->results_dir, s->demo ? s->base_url : NULL, p->cancel, e);
	if (rc < 0)
		return rc == ERR_CANCELLED ? 130 : rc == ERR_USAGE ? 1 : 2;
	p->have_corpus = true;
	return 0;
}

static void emit_plan(struct pipeline *p)
{
	const struct settings *s = &p->settings;
	struct event ev;

	event_init(&ev, EV_run_started);
	struct ev_run_started *r = &ev.u.run_started;
	text_copy(r->run_id, sizeof r->run_id, p->dir.name);
	text_set(r->dir, sizeof r->dir, p->dir.path);
	r->mode = s->mode;
	text_copy(r->track, sizeof r->track, p->track->name);
	text_copy(r->model, sizeof r->model, s->model);
	text_copy(r->base_url, sizeof r->base_url, s->base_url);
	if (s->mode == MODE_SUBMIT)
		text_copy(r->team, sizeof r->team, s->team);
	r->prompts = s->prompts;
	r->accuracy = s->accuracy;
	r->batch = s->batch;
	r->demo = s->demo;
	r->cells = p->plan.n_cells;
	r->pid = (int64_t)getpid();
	r->resumed = p->resume != NULL;
	text_copy(r->version, sizeof r->version, BENCHTOP_VERSION);
	pipeline_emit(p, &ev);
	for (int i = 0; i < p->plan.n_cells; i++) {
		const struct plan_cell *c = &p->plan.cells[i];
		event_init(&ev, EV_cell_planned);
		struct ev_cell_planned *q = &ev.u.cell_planned;
		q->cell = i;
		q->isl = c->isl;
		q->osl = c->osl;
		q->conc = c->conc;
		q->repeat = c->repeat;
		q->num_prompts = c->num_prompts;
		q->rule_prompts = c->rule_prompts;
		q->num_warmups = c->num_warmups;
		text_copy(q->board_url, sizeof q->board_url, c->board);
		q->ref_e2e_ms = c->have_ref ? c->ref.e2e_ms : NAN;
		q->ref_tput = c->have_ref ? c->ref.tput : NAN;
		q->ref_intvty = c->have_ref ? c->ref.intvty : NAN;
		q->expect_s = c->expect_s;
		q->again = resume_again(p, i);
		pipeline_emit(p, &ev);
	}
	if (!resume_measures(p)) /* nobody looked at it */
		return;
	struct event seen;
	event_init(&seen, EV_server_seen);
	seen.u.server_seen = p->server;
	pipeline_emit(p, &seen);
}

static int prepare_prompts(struct pipeline *p, struct err *e)
{
	struct settings *s = &p->settings;
	int rc;

	if (s->mode == MODE_ACC)
		return 0;
	rc = p->resume ? resume_prompts(p, environment, e) : settings_prompts(s, environment, NULL, e);
	if (rc == 0)
		rc = promptwork_open(&p->prompts, s, e);
	if (rc == 0 && p->resume)
		rc = resume_tokenizer(p, e);
	return rc == 0 ? 0 : rc == ERR_USAGE ? 1 : 2;
}

/* Everything that rows need before one of them can be measured. 0 or an exit status. */
static int prepare_measuring(struct pipeline *p, struct err *e)
{
	int status;

	if ((status = prepare_prompts(p, e)) || (status = restart_server(p, e)))
		return status;
	set_waiting(p, true);
	status = await_server(p, e);
	set_waiting(p, false);
	if (status == 0 && (reshape_check(p, e) || resume_server(p, e)))
		status = 1;
	return status;
}

/* The journal is open from here on, and says what the manifest does. */
static int open_journal(struct pipeline *p, int64_t now, struct err *e)
{
	const struct settings *s = &p->settings;

	if (resume_measures(p)) {
		observe_log(p, p->server.log, sizeof p->server.log);
		server_origin_find(NULL, s->base_url, &p->origin);
		p->dir.origin = &p->origin;
	}
	if (!p->resume)
		observe_code(p, p->dir.path);
	else if (resume_measures(p) && resume_manifest(p, now, e) < 0)
		return ERR_IO;
	int rc = scribe_open_run(p->scribe, p->dir.path, e);
	if (rc == 0 && !p->resume)
		rc = rundir_manifest(&p->dir, s, p->track, &p->plan, &p->server, now, e);
	return rc;
}

static void write_summary(struct pipeline *p, int pair)
{
	struct err e = {0};

	if (p->settings.batch && rundir_summary(&p->dir, &p->settings, pair, p->board, clock_wall_ns(), &e) < 0)
		pipeline_notice(p, SEV_ERROR, "summary.txt was not written: %s", e.text);
}

/* Everything that can be known to be wrong is found out before a directory is made: nothing half-done. */
static int prepare(struct pipeline *p, struct err *e)
{
	int status = 0;
	int64_t now = clock_wall_ns();

	if (settings_check(&p->settings, p->track, true, e) < 0)
		return 1;
	if (p->settings.resume[0])
		status = resume_open(p, e);
	else if (plan_make(&p->plan, &p->settings, p->track, e) < 0)
		status = 1;
	if (status || resume_idle(p))
		return status;
	if (resume_measures(p) &&
	        ((status = prepare_measuring(p, e)) || (status = check_boards(p, e)) || (status = load_corpus(p, e))))
		return status;
	if (!p->resume && rundir_create(&p->dir, &p->settings, &p->plan, now, e) < 0)
		return 2;
	p->have_dir = true;
	if (open_journal(p, now, e) < 0)
		return 2;
	emit_plan(p);
	observe_code_tell(p);
	resume_begin(p);
	for (int i = 0; p->resume && i < p->settings.n_pairs; i++)
		write_summary(p, i);
	if (p->prompts && promptwork_start(p->prompts, &p->plan, &p->settings, e) < 0)
		return 2;
	return 0;
}

static void run_cells(struct pipeline *p)
{
	bool first = true;

	for (int i = 0; i < p->plan.n_cells && !pipeline_stopping(p); i++) {
		if (!resume_runs(p, i))
			continue;
		if (!first && p->settings.batch) {
			pipeline_phase(p, -1, PHASE_PAUSE);
			cancel_wait(p->cancel, PAUSE_MS, CANCEL_DRAIN);
			if (pipeline_stopping(p))
				break;
		}
		first = false;
		cell_run(p, i);
		/* A skip raised the cancel for this row alone. */
		if (atomic_exchange(p->skip, false)) {
			cancel_reset(p->cancel);
			enum cancel_level level = (enum cancel_level)atomic_load(p->stop);
			if (level != CANCEL_NONE)
				cancel_raise(p->cancel, level);
		}
		write_summary(p, p->plan.cells[i].pair);
	}
}

/* Until every post has its answer. A stop order ends the waiting for a board that sleeps, not for one that was sent to. */
static void await_posts(struct pipeline *p)
{
	int64_t end = clock_mono_ns() + POSTS_TIMEOUT_MS * CLOCK_NS_PER_MS;
	bool gave_up = false;

	while (poster_wait(p->poster, 200, p->cancel) > 0 && clock_mono_ns() < end &&
	        cancel_get(p->cancel) < CANCEL_NOW) {
		if (pipeline_stopping(p) && !gave_up)
			poster_give_up_waiting(p->poster);
		gave_up = pipeline_stopping(p);
	}
	/* What is still open gets its last state into this run's journal. */
	int open;
	poster_tally(p->poster, &p->confirmed, &open);
	poster_forget(p->poster);
}

static int conclude(struct pipeline *p)
{
	char text[700];
	int passed = board_count(p->board, CELL_PASSED), gate = board_count(p->board, CELL_GATE_FAILED);
	int failed = board_count(p->board, CELL_FAILED), n = p->plan.n_cells;
	bool submit = p->settings.mode == MODE_SUBMIT;

	if (submit) {
		pipeline_phase(p, -1, PHASE_POSTS);
		await_posts(p);
		p->confirmed += resume_confirmed(p);
	}
	if (pipeline_stopping(p)) {
		snprintf(text, sizeof text, "stopped by the user: %d of %d rows passed, kept in %s", passed, n,
		        p->dir.path);
		return finish(p, 130, text);
	}
	if (failed > 0 || passed + gate < n) {
		snprintf(text, sizeof text, "%d of %d rows passed, %d failed; results are in %s", passed, n, n - passed,
		        p->dir.path);
		return finish(p, 2, text);
	}
	if (gate > 0) {
		snprintf(text, sizeof text, "the accuracy gate failed in %d of %d rows; results are in %s", gate, n,
		        p->dir.path);
		return finish(p, 3, text);
	}
	if (submit && p->confirmed < passed) {
		snprintf(text, sizeof text,
		        "all %d rows passed, but posting is confirmed for %d only; the results are kept in %s", passed,
		        p->confirmed, p->dir.path);
		return finish(p, 4, text);
	}
	if (submit)
		snprintf(text, sizeof text, "all %d rows passed and were posted; results are in %s", passed,
		        p->dir.path);
	else
		snprintf(text, sizeof text, "all %d rows passed; results are in %s", passed, p->dir.path);
	return finish(p, 0, text);
}

int pipeline_run(struct pipeline *p)
{
	struct err e = {0};

	p->board = malloc(sizeof *p->board);
	if (!p->board) {
		struct event ev;
		event_init(&ev, EV_run_finished);
		ev.u.run_finished.exit_status = 2;
		text_copy(ev.u.run_finished.text, sizeof ev.u.run_finished.text, "out of memory");
		scribe_emit(p->scribe, &ev);
		return 2;
	}
	board_init(p->board);
	int status = prepare(p, &e);
	if (status || resume_idle(p)) {
		if (resume_idle(p))
			p->confirmed = resume_confirmed(p);
		finish(p, status, e.text);
	} else {
		run_cells(p);
		status = conclude(p);
	}
	if (p->have_dir) {
		scribe_close_run(p->scribe);
		rundir_close(&p->dir);
	}
	resume_close(p);
	promptwork_close(p->prompts);
	if (p->have_corpus)
		corpus_free(&p->corpus);
	free(p->board);
	return status;
}
