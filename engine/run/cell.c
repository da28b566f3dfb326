/* One row of the plan. */
#include "../accuracy/gate.h"
#include "../accuracy/score.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "../load/health.h"
#include "observe.h"
#include "pipeline.h"
#include "reshape.h"
#include "result.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FAILED_SHARE     0.05 /* more failed requests than this fail the row */
#define SAVE_PATIENCE_MS 60000

static void done(struct pipeline *p, enum cell_status status, int64_t began, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

static void done(struct pipeline *p, enum cell_status status, int64_t began, const char *fmt, ...)
{
	struct event ev;
	char text[sizeof ev.u.cell_done.text];
	va_list ap;

	event_init(&ev, EV_cell_done);
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	/* What the user ordered explains the end better than the error that it led to. */
	if (status != CELL_PASSED && status != CELL_GATE_FAILED) {
		if (atomic_load(p->skip))
			status = CELL_SKIPPED;
		else if (pipeline_stopping(p))
			status = CELL_STOPPED;
	}
	ev.u.cell_done.cell = p->cell;
	ev.u.cell_done.status = status;
	ev.u.cell_done.duration_s = (double)(clock_mono_ns() - began) / 1e9;
	text_copy(ev.u.cell_done.text, sizeof ev.u.cell_done.text, text);
	pipeline_emit(p, &ev);
}

static void on_accuracy(void *ctx, const struct ev_accuracy_progress *progress)
{
	struct pipeline *p = ctx;
	struct event ev;

	event_init(&ev, EV_accuracy_progress);
	ev.u.accuracy_progress = *progress;
	ev.u.accuracy_progress.cell = p->cell;
	pipeline_emit(p, &ev);
}

static void on_load(void *ctx, const struct ev_load_progress *progress)
{
	struct pipeline *p = ctx;
	struct event ev;

	if (p->observe)
		observe_report(p->observe, progress);
	event_init(&ev, EV_load_progress);
	ev.u.load_progress = *progress;
	ev.u.load_progress.cell = p->cell;
	pipeline_emit(p, &ev);
}

static const char *on_verdict(void *ctx)
{
	struct pipeline *p = ctx;

	return p->observe ? observe_verdict(p->observe) : NULL;
}

static void flag(struct pipeline *p, enum flag_code code, bool doubt, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

static void flag(struct pipeline *p, enum flag_code code, bool doubt, const char *fmt, ...)
{
	struct event ev;
	char text[sizeof ev.u.flag_raised.text];
	va_list ap;

	event_init(&ev, EV_flag_raised);
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ev.u.flag_raised.cell = p->cell;
	ev.u.flag_raised.flag = code;
	ev.u.flag_raised.doubt = doubt;
	text_copy(ev.u.flag_raised.text, sizeof ev.u.flag_raised.text, text);
	pipeline_emit(p, &ev);
}

/* Accuracy and gate. 0 = inside the gate; else the status that ends the row, with the reason in e. */
static enum cell_status measure_accuracy(struct pipeline *p, struct err *e)
{
	const struct settings *s = &p->settings;
	struct event ev;

	pipeline_phase(p, p->cell, PHASE_ACCURACY);
	event_init(&ev, EV_accuracy_measured);
	if (s->accuracy == ACCURACY_ONCE && p->have_accuracy) {
		ev.u.accuracy_measured = p->accuracy;
		ev.u.accuracy_measured.reused = true;
	} else {
		struct score_spec spec = {
		        .base_url = s->base_url,
		        .model = s->model,
		        .bearer = p->secrets->openai_key,
		        .corpus = &p->corpus,
		        .concurrency = s->acc_concurrency,
		        .attempts = 3,
		        .cancel = p->cancel,
		        .progress = on_accuracy,
		        .ctx = p,
		};
		struct watch_log log;
		watch_log_begin(&log, p);
		int rc = score_run(&spec, &ev.u.accuracy_measured, e);
		watch_log_end(&log, p, rc < 0 ? e : NULL);
		if (rc < 0)
			return CELL_FAILED;
		p->accuracy = ev.u.accuracy_measured;
		p->have_accuracy = true;
	}
	ev.u.accuracy_measured.cell = p->cell;
	/* Times of an event are those of the fact: now, not when the phase began. */
	ev.wall_ns = clock_wall_ns();
	ev.mono_ns = clock_mono_ns();
	pipeline_emit(p, &ev);

	struct event gate;
	event_init(&gate, EV_gate_decided);
	gate_decide(p->track, &ev.u.accuracy_measured, &gate.u.gate_decided);
	gate.u.gate_decided.cell = p->cell;
	pipeline_emit(p, &gate);
	if (!gate.u.gate_decided.passed) {
		err_set(e, ERR_GATE, "%s", gate.u.gate_decided.text);
		return CELL_GATE_FAILED;
	}
	return CELL_PASSED;
}

/* Text is made in the background since the run began; ids at once. */
static int get_prompts(struct pipeline *p, const struct plan_cell *c, struct prompt_set **out, struct err *e)
{
	struct prompt_spec ids = {
	        .n = c->num_prompts,
	        .isl = c->isl,
	        .osl = c->osl,
	        .ratio = p->settings.ratio,
	        .vocab = (uint32_t)p->track->vocab_size,
	        .seed = 0,
	};

	if (!p->prompts)
		return prompts_make(out, &ids, e);
	if (!promptwork_ready(p->prompts, p->cell))
		pipeline_phase(p, p->cell, PHASE_PROMPTS);
	return promptwork_take(p->prompts, p->cell, p->cancel, out, e);
}

/* The load run. CELL_PASSED: *r holds the figures; else why not. r is to be freed and o to be closed in any case. */
static enum cell_status measure_load(
        struct pipeline *p, const struct plan_cell *c, struct observe *o, struct load_result *r, struct err *e)
{
	const struct settings *s = &p->settings;
	struct prompt_set *prompts = NULL;
	struct load_spec spec = {
	        .base_url = s->base_url,
	        .model = s->model,
	        .bearer = p->secrets->openai_key,
	        .conc = c->conc,
	        .num_warmups = c->num_warmups,
	        .gpus = p->track->gpus,
	        .cancel = p->cancel,
	        .progress = on_load,
	        .verdict = on_verdict,
	        .ctx = p,
	};

	if (get_prompts(p, c, &prompts, e) < 0)
		return CELL_FAILED;
	spec.prompts = prompts;
	pipeline_phase(p, p->cell, c->num_warmups > 0 ? PHASE_WARMUP : PHASE_LOAD);
	if (p->watcher)
		watcher_hush(p->watcher, true);
	codewatch_hush(p->codewatch, true);
	promptwork_hush(p->prompts, true);
	observe_begin(o, p, c);
	int rc = load_run(&spec, r, e);
	observe_end(o);
	promptwork_hush(p->prompts, false);
	codewatch_hush(p->codewatch, false);
	if (p->watcher)
		watcher_hush(p->watcher, false);
	prompts_free(prompts);
	return rc < 0 ? CELL_FAILED : CELL_PASSED;
}

/* Text is counted on both sides. All requests must agree, or all differ by the one BOS that a server puts in front; sums alone
 * could agree by accident, and what the sums say of is flagged already. */
static void flag_counts(struct pipeline *p, const struct load_result *r)
{
	const struct board_cell *bc = &p->board->cells[p->cell];
	int64_t ours = 0, theirs = 0, all = 0, bos = 0, equal = 0;

	for (int i = 0; i < bc->n_flags; i++)
		if (bc->flags[i].flag == FLAG_PROMPT_COUNT)
			return;
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct load_row *row = &r->rows[i];
		if (!row->started || row->error != COMPLETION_OK || row->prompt_tokens_server < 0)
			continue;
		ours += row->tokens_in;
		theirs += row->prompt_tokens_server;
		all++;
		equal += row->prompt_tokens_server == (int64_t)row->tokens_in;
		bos += row->prompt_tokens_server == (int64_t)row->tokens_in + 1;
	}
	if (equal != all && bos != all)
		flag(p, FLAG_PROMPT_COUNT, true,
		        "the server counts %lld input tokens, the client %lld, and not one more in each request: is this the model's tokenizer?",
		        (long long)theirs, (long long)ours);
}

static void raise_flags(struct pipeline *p, const struct plan_cell *c, struct observe *o, const struct load_result *r)
{
	const struct settings *s = &p->settings;
	struct ev_flag_raised found[BOARD_FLAGS];
	char text[240];
	int n = health_flags(&r->m, c->conc, found, BOARD_FLAGS);

	for (int i = 0; i < n; i++)
		flag(p, found[i].flag, found[i].doubt, "%s", found[i].text);
	n = observe_flags(o, &r->m, found, BOARD_FLAGS);
	for (int i = 0; i < n; i++)
		flag(p, found[i].flag, found[i].doubt, "%s", found[i].text);
	if (c->num_prompts != c->rule_prompts)
		flag(p, FLAG_NUM_PROMPTS, true, "%d requests instead of the rule's %d", c->num_prompts,
		        c->rule_prompts);
	if (fabs(s->ratio - p->track->ratio) > 1e-12)
		flag(p, FLAG_RATIO, true, "RANDOM_RANGE_RATIO is %g, the track runs %g", s->ratio, p->track->ratio);
	if (strcmp(s->model, p->track->model) != 0)
		flag(p, FLAG_MODEL, true, "MODEL is %s, the track is %s", s->model, p->track->model);
	else if (p->server.model[0] && strcmp(p->server.model, s->model) != 0)
		flag(p, FLAG_MODEL, true, "the server says that it serves %s, MODEL is %s", p->server.model, s->model);
	if (c->num_warmups != p->track->warmups_per_conc * c->conc)
		flag(p, FLAG_WARMUPS, false, "%d warm-up requests, the track runs %d", c->num_warmups,
		        p->track->warmups_per_conc * c->conc);
	if (reshape_differs(p, c, text, sizeof text))
		flag(p, FLAG_PREFILL, false, "%s", text);
	if (s->accuracy == ACCURACY_SKIP)
		flag(p, FLAG_ACCURACY_SKIPPED, true, "accuracy was not measured");
	if (s->prompts == PROMPTS_TEXT)
		flag_counts(p, r);
	else if (s->tokenizer_missing[0])
		flag(p, FLAG_IDS, false, "prompts were sent as token ids, which flatters TTFT under a burst: %.160s",
		        s->tokenizer_missing);
	else
		flag(p, FLAG_IDS, false,
		        "prompts were sent as token ids: the server did not tokenize, which flatters TTFT under a burst");
}

static int write_result(struct pipeline *p, const struct plan_cell *c, const struct result_input *in, char *path,
        size_t cap, struct err *e)
{
	struct buf text;
	int rc;

	if (!rundir_result_path(&p->dir, &p->settings, c, path, cap))
		return err_set(e, ERR_USAGE, "the path of the result file is too long");
	buf_init(&text, 1024 * 1024);
	rc = result_json(in, &text);
	if (rc < 0)
		err_set(e, rc, "the result does not fit in memory");
	else if ((rc = file_keep_old(path, NULL, 0, e)) == 0)
		rc = file_write_atomic(path, text.data, text.len, e);
	buf_free(&text);
	return rc;
}

/* The result on disk before it is shown. A full disk is waited for: two hours of a node hang on it. */
static int save(struct pipeline *p, const struct plan_cell *c, const struct load_result *r,
        const struct result_input *in, struct err *e)
{
	struct event ev;
	int64_t deadline = clock_mono_ns() + SAVE_PATIENCE_MS * CLOCK_NS_PER_MS;
	bool said = false;
	int rc;

	pipeline_phase(p, p->cell, PHASE_RESULT);
	event_init(&ev, EV_result_saved);
	while ((rc = write_result(p, c, in, ev.u.result_saved.path, sizeof ev.u.result_saved.path, e)) < 0) {
		if (!said)
			pipeline_notice(p, SEV_ERROR,
			        "the result of CONC %d is not saved yet: %s; trying again for a minute", c->conc,
			        e->text);
		said = true;
		if (clock_mono_ns() > deadline || cancel_wait(p->cancel, 1000, CANCEL_NOW))
			return rc;
	}
	ev.u.result_saved.cell = p->cell;
	result_ratios(in, &ev.u.result_saved.tput_ratio, &ev.u.result_saved.e2e_ratio, &ev.u.result_saved.intvty_ratio);
	ev.wall_ns = clock_wall_ns();
	ev.mono_ns = clock_mono_ns();
	pipeline_emit(p, &ev);
	if (rundir_requests(&p->dir, c, r->rows, r->n_rows, e) < 0)
		pipeline_notice(p, SEV_WARN, "the rows of the single requests were not saved: %s", e->text);
	return 0;
}

static void hold(struct pipeline *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void hold(struct pipeline *p, const char *fmt, ...)
{
	struct event ev;
	char text[sizeof ev.u.post_changed.text];
	va_list ap;

	event_init(&ev, EV_post_changed);
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ev.u.post_changed.cell = p->cell;
	ev.u.post_changed.state = POST_HELD;
	text_copy(ev.u.post_changed.text, sizeof ev.u.post_changed.text, text);
	pipeline_emit(p, &ev);
}

/* Posts what may be posted (DESIGN 5, "Board"); what may not is kept, with the reason. */
static void post(struct pipeline *p, const struct plan_cell *c, const struct result_input *in)
{
	const struct settings *s = &p->settings;
	const struct board_cell *bc = &p->board->cells[p->cell];
	struct post_job job = {.cell = p->cell};
	struct buf payload;
	struct err e = {0};

	if (s->accuracy == ACCURACY_SKIP) {
		hold(p, "not posted: accuracy was not measured");
		return;
	}
	if (c->board[0] == '\0') {
		hold(p, "not posted: the track has no leaderboard for %d/%d; --leaderboard URL names one", c->isl,
		        c->osl);
		return;
	}
	if (bc->n_doubts > 0 && !s->post_flagged) {
		const char *why = "";
		for (int i = 0; i < bc->n_flags && !why[0]; i++)
			if (bc->flags[i].doubt)
				why = bc->flags[i].text;
		hold(p, "not posted: %s; --post-flagged posts it all the same, `benchtop post %s` posts it later", why,
		        p->dir.path);
		return;
	}
	buf_init(&payload, sizeof job.payload - 1);
	if (result_payload(in, s->team, &payload) < 0) {
		hold(p, "not posted: the post would be longer than %zu bytes", sizeof job.payload);
	} else {
		text_set(job.url, sizeof job.url, c->board);
		text_set(job.api_name, sizeof job.api_name, p->track->api_name);
		text_set(job.payload, sizeof job.payload, buf_text(&payload));
		text_set(job.team, sizeof job.team, s->team);
		if (poster_submit(p->poster, &job, &e) < 0)
			hold(p, "not posted: %s", e.text);
	}
	buf_free(&payload);
}

/* From the figures of a load to the end of the row. */
static void judge_and_save(
        struct pipeline *p, const struct plan_cell *c, struct observe *o, struct load_result *r, int64_t began)
{
	struct err e = {0};
	struct event ev;

	event_init(&ev, EV_load_measured);
	ev.u.load_measured = r->m;
	ev.u.load_measured.cell = p->cell;
	pipeline_emit(p, &ev);
	if (r->stopped) {
		flag(p, FLAG_STOPPED_EARLY, true, "stopped after %lld of %d requests",
		        (long long)(r->m.completed + r->m.failed), c->num_prompts);
		if (rundir_requests(&p->dir, c, r->rows, r->n_rows, &e) < 0)
			pipeline_notice(p, SEV_WARN, "the rows of the single requests were not saved: %s", e.text);
		done(p, CELL_STOPPED, began, "stopped by the user after %lld of %d requests", (long long)r->m.completed,
		        c->num_prompts);
		return;
	}
	raise_flags(p, c, o, r);
	if (r->m.completed == 0 || (double)r->m.failed > FAILED_SHARE * (double)c->num_prompts) {
		rundir_requests(&p->dir, c, r->rows, r->n_rows, NULL);
		done(p, CELL_FAILED, began, "%lld of %d requests failed: %s%s", (long long)r->m.failed, c->num_prompts,
		        p->gone[0] ? "the server failed: " : "", p->gone[0] ? p->gone : r->m.first_error);
		return;
	}
	const struct board_cell *bc = &p->board->cells[p->cell];
	struct result_input in = {
	        .track = p->track,
	        .cell = c,
	        .model = p->settings.model,
	        .base_url = p->settings.result_base_url,
	        .ratio = p->settings.ratio,
	        .load = &bc->load,
	        .have_summary_names = true,
	        .accuracy = bc->have_accuracy ? &bc->accuracy : NULL,
	        .flags = bc->flags,
	        .n_flags = bc->n_flags,
	        .prompts = p->settings.prompts,
	        .server = &p->server,
	};
	if (save(p, c, r, &in, &e) < 0) {
		done(p, CELL_FAILED, began, "measured, but the result could not be saved: %s", e.text);
	} else {
		if (p->settings.mode == MODE_SUBMIT)
			post(p, c, &in);
		done(p, CELL_PASSED, began, "%s", "");
	}
}

static void load_and_save(struct pipeline *p, const struct plan_cell *c, int64_t began)
{
	struct load_result r = {0};
	struct observe o = {0};
	struct err e = {0};
	char last_words[sizeof p->gone];

	enum cell_status status = measure_load(p, c, &o, &r, &e);
	if (observe_fatal(&o, last_words, sizeof last_words))
		observe_gone(p, last_words);
	observe_save(&o);
	if (status != CELL_PASSED)
		done(p, CELL_FAILED, began, "%s%s", p->gone[0] ? "the server failed: " : "",
		        p->gone[0] ? p->gone : e.text);
	else
		judge_and_save(p, c, &o, &r, began);
	observe_close(&o);
	load_result_free(&r);
}

void cell_run(struct pipeline *p, int cell)
{
	const struct plan_cell *c = &p->plan.cells[cell];
	int64_t began = clock_mono_ns();
	struct event ev;
	struct err e = {0};

	p->cell = cell;
	event_init(&ev, EV_cell_started);
	ev.u.cell_started.cell = cell;
	pipeline_emit(p, &ev);
	if (!reshape_due(p, c) && !observe_back(p)) {
		done(p, CELL_FAILED, began, "the server is gone: %s", p->gone);
		return;
	}
	if (reshape_row(p, c, &e) < 0) {
		done(p, CELL_FAILED, began, "%s", e.text);
		return;
	}

	if (p->settings.mode == MODE_ACC || p->settings.accuracy != ACCURACY_SKIP) {
		enum cell_status status = measure_accuracy(p, &e);
		if (status != CELL_PASSED) {
			done(p, status, began, "%s", e.text);
			return;
		}
	}
	if (p->settings.mode == MODE_ACC) {
		done(p, CELL_PASSED, began, "%s", "");
		return;
	}
	load_and_save(p, c, began);
}
