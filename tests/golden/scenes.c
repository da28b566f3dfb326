#include "scenes.h"
#include "../../engine/base/text.h"
#include "../../tui/draw/theme.h"
#include "servers.h"
#include "states.h"
#include "steps.h"
#include <math.h>
#include <string.h>

/* ---- scenes ---- */

void scene_settle(struct stage *s, enum run_mode mode)
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
	step_server_is(s, SERVER_ABSENT, "nothing listens on port 8888");
}

static void starting(struct stage *s)
{
	step_server_is(s, SERVER_STARTING, "loading weights 49%, 4m12 of about 9m");
	step_gpu_is(s, 3, 1240);
	step_log_open(s);
}

static void ready_idle(struct stage *s)
{
	step_server_is(s, SERVER_READY, "ready");
	step_gpu_is(s, 0, 1180);
	step_log_open(s);
	s->view.picked[3] = s->view.picked[4] = false;
}

static void accuracy_running(struct stage *s)
{
	ready_idle(s);
	step_run_is(s);
	step_row_starts(s, 0);
	step_accuracy_at(s, 0, 67);
	step_load_is(s, 4, 31);
}

void scene_load_running(struct stage *s)
{
	step_server_is(s, SERVER_READY, "ready");
	step_log_open(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.96);
	step_row_starts(s, 1);
	step_accuracy_done(s, 1, true);
	step_gpu_is(s, 97, 8100);
	step_load_is(s, 8, 958);
	step_load_at(s, 1, 0.62, 0.76, 1.03);
	step_flag_is(s, 1, FLAG_JIT, true,
	        "a kernel was built inside the timed span (module_moe_sorting, 38 s): run it again");
	s->view.focus = 1;
}

static void flags(struct stage *s)
{
	step_server_is(s, SERVER_READY, "ready");
	step_log_open(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.96);
	step_row_passes(s, 1, 0.76, 1.03);
	step_row_starts(s, 2);
	step_accuracy_done(s, 2, true);
	step_load_done(s, 2, 2.31, 0.61, 3);
	step_flag_is(s, 2, FLAG_FAILED_REQUESTS, true, "3 of 800 requests failed, the first with HTTP 500");
	step_flag_is(s, 2, FLAG_CACHED, true, "the server took 12,288 tokens from its prefix cache");
	step_flag_is(s, 2, FLAG_IDS, false, "prompts went as token ids: the server did not tokenize");
	step_row_ends(s, 2, CELL_PASSED, 402, "");
	step_row_passes(s, 3, 1.0, 1.0);
	step_row_passes(s, 4, 1.02, 0.99);
	step_run_ends(s, 5, 0, "5 rows passed");
	step_notice_is(s, SEV_INFO, "5 of 5 rows passed, results are in " RUN_DIR);
	s->view.focus = 2;
}

static void gate_failed(struct stage *s)
{
	step_server_is(s, SERVER_READY, "ready");
	step_log_open(s);
	step_run_is(s);
	step_row_starts(s, 0);
	step_accuracy_done(s, 0, false);
	step_row_ends(s, 0, CELL_GATE_FAILED, 102, "accuracy is outside the gate; no load was run");
	step_row_starts(s, 1);
	step_accuracy_at(s, 1, 12);
}

static void failed(struct stage *s)
{
	step_server_is(s, SERVER_UNHEALTHY, "/health answers 503: scheduler not responding for 20 s");
	step_log_open(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.96);
	step_row_starts(s, 1);
	step_row_ends(
	        s, 1, CELL_FAILED, 12, "the server stopped answering: connection reset by peer on 8 of 8 requests");
	step_row_ends(s, 2, CELL_SKIPPED, 0, "");
	step_notice_is(s, SEV_ERROR, "the server at :8888 no longer answers; rows that are left wait for it");
	s->view.focus = 1;
}

static void submit_posts(struct stage *s)
{
	scene_settle(s, MODE_SUBMIT);
	step_server_is(s, SERVER_READY, "ready");
	step_log_open(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.96);
	step_post_is(s, 0, POST_CONFIRMED, 3, "rank 3 of 41 for CONC 4");
	step_row_passes(s, 1, 1.06, 0.99);
	step_post_is(s, 1, POST_UNKNOWN, -1,
	        "the board took the event and never answered; look at its table before posting again");
	step_row_passes(s, 2, 1.11, 0.93);
	step_post_is(s, 2, POST_SENT, -1, "event 7f3a");
	step_row_starts(s, 3);
	step_accuracy_done(s, 3, true);
	step_load_done(s, 3, 0.97, 1.01, 0);
	step_flag_is(s, 3, FLAG_THROTTLED, true, "GPU 5 lowered its clock for 41 s");
	step_post_is(s, 3, POST_HELD, -1, "held back: one doubt");
	step_row_ends(s, 3, CELL_PASSED, 512, "");
	step_row_starts(s, 4);
	step_accuracy_done(s, 4, true);
	step_load_at(s, 4, 0.34, 1.2, 0.9);
	step_load_is(s, 64, 3805);
	step_gpu_is(s, 99, 9700);
	s->view.focus = 1;
}

static void stopped(struct stage *s)
{
	scene_load_running(s);
	struct event ev = step_event_of(s, EV_stop_requested);
	step_apply(s, &ev);
	s->view.following = true;
	text_copy(s->view.message, sizeof s->view.message, "stopping after 8 requests in flight; x again stops now");
	s->view.message_severity = SEV_INFO;
}

static void stopped_done(struct stage *s)
{
	scene_load_running(s);
	step_row_ends(s, 1, CELL_STOPPED, 244, "stopped by the user");
	for (int i = 2; i < 5; i++)
		step_row_ends(s, i, CELL_SKIPPED, 0, "");
	step_run_ends(s, 1, 0, "stopped by the user");
}

static void journal_failing(struct stage *s)
{
	scene_load_running(s);
	struct event ev = step_event_of(s, EV_journal_state);
	ev.u.journal_state.failing = true;
	text_copy(ev.u.journal_state.text, sizeof ev.u.journal_state.text, "No space left on device");
	ev.seq = 0;
	board_apply(&s->board, &ev);
	text_copy(s->view.message, sizeof s->view.message,
	        "free some space: what was measured is written as soon as there is any");
	s->view.message_severity = SEV_WARN;
}

static void sheet_perf(struct stage *s)
{
	ready_idle(s);
	s->view.modal = MODAL_SHEET;
}

static void sheet_submit(struct stage *s)
{
	scene_settle(s, MODE_SUBMIT);
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
	scene_load_running(s);
	s->view.modal = MODAL_QUIT;
}

static void team(struct stage *s)
{
	ready_idle(s);
	s->view.modal = MODAL_EDIT;
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
	s->view.n_themes = theme_list(s->view.themes, s->view.theme_own, VIEW_THEMES);
	text_copy(s->view.themes[s->view.n_themes], sizeof s->view.themes[0], "my-own");
	s->view.theme_own[s->view.n_themes++] = true;
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

/* What a foreign journal may hold. */
static void extremes(struct stage *s)
{
	static const double values[] = {INFINITY, -INFINITY, 1e300, -1e300, 1e-300, -0.0, 123456789012.0};
	scene_load_running(s);
	struct board_cell *cell = &s->board.cells[1];
	struct ev_load_progress *p = &cell->progress;
	p->done = p->failed = p->total = p->in_flight = INT64_MAX;
	p->elapsed_s = p->eta_s = p->ttft_median = values[2];
	p->tput_per_gpu = values[6];
	p->output_tps = values[3];
	p->interactivity = values[4];
	p->e2el_median = p->e2el_p99 = values[0];
	p->late_p99_ms = p->slots_mean = values[2];
	cell->started_mono_ns = cell->phase_mono_ns = INT64_MAX;
	cell->plan.expect_s = values[2];
	s->board.cells[2].plan.expect_s = values[0];
	s->board.cells[0].load.tput_per_gpu = values[3];
	s->board.cells[0].load.e2el_median = values[1];
	s->board.cells[0].done.duration_s = values[2];
	s->board.server.uptime_s = values[2];
	s->board.server.tp = s->board.server.prefill = INT64_MAX;
	s->board.accuracy = (struct ev_accuracy_measured){.bits_per_byte = values[0],
	        .byte_perplexity = values[3],
	        .word_perplexity = values[2],
	        .documents = INT64_MIN,
	        .duration_s = values[0]};
	s->board.server_load = (struct ev_server_load){.running = values[2],
	        .queued = values[2],
	        .kv = values[3],
	        .gen_tps = values[2],
	        .accept_len = values[2],
	        .cached = values[2],
	        .retracted = values[3],
	        .sample = true};
	struct ev_gpu_seen *g = &s->board.gpu;
	g->cards = INT64_MAX;
	g->busy = g->vram_used_gib = g->vram_total_gib = values[2];
	g->power_w = values[3];
	g->temp_c = values[0];
	for (int i = 0; i < BOARD_SPARK; i++)
		s->board.gen_tps.v[i] = (float)(i % 3 ? i : -i);
	s->board.n_notices = 1000003;
	s->view.focus = 1;
	s->view.frame = -7;
	s->view.log_scroll = -5;
	s->view.help_scroll = 100000;
}

static void log_screen(struct stage *s)
{
	scene_load_running(s);
	s->view.screen = SCREEN_LOG;
}

static const struct {
	const char *name;
	void (*make)(struct stage *);
} scenes[] = {{"no_server", no_server}, {"absent", absent}, {"starting", starting}, {"ready_idle", ready_idle},
        {"accuracy_running", accuracy_running}, {"load_running", scene_load_running}, {"flags", flags},
        {"gate_failed", gate_failed}, {"failed", failed}, {"submit_posts", submit_posts}, {"stopping", stopped},
        {"stopped", stopped_done}, {"journal_failing", journal_failing}, {"sheet_perf", sheet_perf},
        {"sheet_submit", sheet_submit}, {"help", help}, {"quit", quit}, {"team", team}, {"pairs", pairs},
        {"themes", themes}, {"notice", notice}, {"readme", state_readme}, {"armed", state_armed},
        {"corpus", state_corpus}, {"warmup", state_warmup}, {"load_early", state_load_early}, {"saving", state_saving},
        {"pause", state_pause}, {"passed", state_passed}, {"skipped", state_skipped},
        {"stopping_now", state_stopping_now}, {"post_kinds", state_post_kinds}, {"posts_wait", state_posts_wait},
        {"following", state_following}, {"code_changed", state_code_changed}, {"large", state_large},
        {"no_rate", state_no_rate}, {"sheet_doubts", state_sheet_doubts}, {"sheet_long", state_sheet_long},
        {"edit_prompts", state_edit_prompts}, {"edit_server", state_edit_server}, {"help_sheet", state_help_sheet},
        {"help_log", state_help_log}, {"pinned", state_pinned}, {"pinned_posts", state_pinned_posts},
        {"extremes", extremes}, {"log_screen", log_screen}, {"start_steps", server_start_steps},
        {"start_log", server_start_log}, {"server_figures", server_figures}};

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
	text_copy(v->settings.results_dir, sizeof v->settings.results_dir, "/data/results");
	text_copy(v->theme_name, sizeof v->theme_name, "default");
	scene_settle(s, MODE_PERF);
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
