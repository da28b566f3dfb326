#include "states.h"
#include "../../engine/base/text.h"
#include "steps.h"
#include <math.h>
#include <string.h>

static void say(struct stage *s, enum severity severity, const char *text)
{
	text_copy(s->view.message, sizeof s->view.message, text);
	s->view.message_severity = severity;
}

static void ready(struct stage *s)
{
	step_server_is(s, SERVER_READY, "ready");
	step_gpu_is(s, 0, 1180);
	step_log_open(s);
}

/* ---- before and between the rows ---- */

void state_armed(struct stage *s)
{
	step_server_is(s, SERVER_STARTING, "capturing CUDA graphs 12 of 48, 11m40 so far, about 2m left");
	step_gpu_is(s, 41, 2210);
	step_run_is(s);
	step_phase_is(s, -1, PHASE_SERVER_WAIT);
	step_pass(s, 95);
}

void state_corpus(struct stage *s)
{
	ready(s);
	step_run_is(s);
	step_phase_is(s, -1, PHASE_CORPUS);
	step_notice_is(s, SEV_INFO, "the corpus is not here: it is fetched from the dataset server, 1.3 MB");
	step_pass(s, 4);
}

void state_warmup(struct stage *s)
{
	ready(s);
	step_run_is(s);
	step_row_starts(s, 0);
	step_accuracy_done(s, 0, true);
	step_phase_is(s, 0, PHASE_WARMUP);
	step_pass(s, 11);
	struct event ev = step_event_of(s, EV_load_progress);
	struct ev_load_progress *p = &ev.u.load_progress;
	*p = (struct ev_load_progress){
	        .cell = 0, .done = 3, .in_flight = 4, .total = 8, .elapsed_s = 11, .warmup = true};
	p->eta_s = p->tput_per_gpu = p->interactivity = p->slots_mean = NAN;
	p->output_tps = 482;
	p->ttft_median = p->ttft_p99 = p->tpot_median = p->tpot_p99 = NAN;
	p->itl_median = p->itl_p99 = p->e2el_median = p->e2el_p99 = NAN;
	p->late_p99_ms = 0.2;
	step_apply(s, &ev);
}

void state_load_early(struct stage *s)
{
	ready(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.96);
	step_row_passes(s, 1, 1.06, 0.99);
	step_row_passes(s, 2, 1.11, 0.93);
	step_row_passes(s, 3, 1.02, 0.97);
	step_row_starts(s, 4);
	step_accuracy_done(s, 4, true);
	step_phase_is(s, 4, PHASE_LOAD);
	step_load_is(s, 64, 3120);
	step_pass(s, 14);
	struct event ev = step_event_of(s, EV_load_progress);
	struct ev_load_progress *p = &ev.u.load_progress;
	*p = (struct ev_load_progress){.cell = 4,
	        .done = 3,
	        .in_flight = 64,
	        .total = s->view.plan.cells[4].num_prompts,
	        .elapsed_s = 14,
	        .eta_s = 1190};
	p->tput_per_gpu = p->interactivity = NAN;
	p->ttft_median = p->ttft_p99 = p->tpot_median = p->tpot_p99 = NAN;
	p->itl_median = p->itl_p99 = p->e2el_median = p->e2el_p99 = NAN;
	p->output_tps = 3098;
	p->late_p99_ms = 0.4;
	p->slots_mean = 63.8;
	step_apply(s, &ev);
	s->view.focus = 4;
}

void state_saving(struct stage *s)
{
	ready(s);
	step_run_is(s);
	step_row_starts(s, 0);
	step_accuracy_done(s, 0, true);
	step_load_done(s, 0, 1.18, 0.96, 0);
	step_flag_is(s, 0, FLAG_IDS, false, "prompts went as token ids: the server did not tokenize");
	step_phase_is(s, 0, PHASE_RESULT);
	step_pass(s, 1);
}

void state_pause(struct stage *s)
{
	ready(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.96);
	step_phase_is(s, -1, PHASE_PAUSE);
	step_pass(s, 3);
	s->view.focus = 1;
}

/* The picture of the README: a sweep in its fourth row. */
void state_readme(struct stage *s)
{
	ready(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.91);
	step_row_passes(s, 1, 1.09, 0.95);
	step_row_passes(s, 2, 0.94, 1.04);
	step_flag_is(s, 2, FLAG_JIT, true,
	        "a kernel was built inside the timed span (module_moe_sorting, 38 s): run it again");
	step_row_starts(s, 3);
	step_accuracy_done(s, 3, true);
	step_gpu_is(s, 97, 8100);
	step_load_is(s, 32, 2711);
	step_load_at(s, 3, 0.62, 1.21, 0.88);
	s->view.focus = 3;
}

/* ---- ends ---- */

void state_passed(struct stage *s)
{
	static const double faster[] = {1.18, 1.06, 1.11, 1.02, 1.31}, slower[] = {0.96, 0.99, 0.93, 0.97, 0.81};
	ready(s);
	step_run_is(s);
	for (int i = 0; i < 5; i++)
		step_row_passes(s, i, faster[i], slower[i]);
	step_run_ends(s, 5, 0, "all 5 rows passed; results are in " RUN_DIR);
	step_server_is(s, SERVER_READY, "ready");
	say(s, SEV_INFO, "all 5 rows passed; results are in " RUN_DIR);
	s->view.focus = 4;
}

void state_skipped(struct stage *s)
{
	ready(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.96);
	step_row_starts(s, 1);
	step_accuracy_done(s, 1, true);
	step_load_at(s, 1, 0.4, 0.9, 1.1);
	step_row_ends(s, 1, CELL_SKIPPED, 190, "dropped by the user after 160 of 400 requests");
	step_row_starts(s, 2);
	step_accuracy_at(s, 2, 90);
	s->view.focus = 1;
}

void state_stopping_now(struct stage *s)
{
	scene_load_running(s);
	struct event ev = step_event_of(s, EV_stop_requested);
	ev.u.stop_requested.now = true;
	step_apply(s, &ev);
	say(s, SEV_WARN, "stopping now");
}

/* ---- the leaderboard ---- */

void state_post_kinds(struct stage *s)
{
	scene_settle(s, MODE_SUBMIT);
	ready(s);
	step_run_is(s);
	step_row_passes(s, 0, 1.18, 0.96);
	step_post_is(s, 0, POST_CONFIRMED, 12, "rank 12 of 41 for CONC 4");
	step_row_passes(s, 1, 1.06, 0.99);
	step_post_is(s, 1, POST_REFUSED, -1, "the board refuses it: team names may not hold blanks");
	step_row_passes(s, 2, 1.11, 0.93);
	step_post_is(s, 2, POST_WAITING, -1, "the Space sleeps; tried again in 40 s");
	step_row_passes(s, 3, 0.97, 1.01);
	step_flag_is(s, 3, FLAG_THROTTLED, true, "GPU 5 lowered its clock for 41 s");
	step_post_is(s, 3, POST_HELD, -1, "held back: one doubt");
	step_row_passes(s, 4, 1.31, 0.81);
	step_post_is(s, 4, POST_ATTEMPTED, -1, "");
	s->view.focus = 1;
}

void state_posts_wait(struct stage *s)
{
	state_post_kinds(s);
	step_phase_is(s, -1, PHASE_POSTS);
	step_pass(s, 21);
	s->view.focus = 2;
}

void state_code_changed(struct stage *s)
{
	scene_load_running(s);
	static const struct {
		const char *name, *commit;
		enum code_dirty dirty;
		int files;
	} trees[] = {{"sglang", "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678", CODE_DIRTY, 2},
	        {"aiter", "1f5b378812ab34cd56ef7890aabbccddeeff0011", CODE_CLEAN, 0}};
	for (int i = 0; i < 2; i++) {
		struct event ev = step_event_of(s, EV_code_seen);
		struct ev_code_seen *e = &ev.u.code_seen;
		text_copy(e->name, sizeof e->name, trees[i].name);
		text_copy(e->dir, sizeof e->dir, "/sgl-workspace/");
		text_copy(e->commit, sizeof e->commit, trees[i].commit);
		e->dirty = trees[i].dirty;
		e->files = trees[i].files;
		e->changed = i == 0;
		text_copy(e->newest, sizeof e->newest, "python/sglang/srt/managers/scheduler.py");
		e->newest_wall_ns = WALL_START + INT64_C(240000000000);
		step_apply(s, &ev);
	}
	s->board.gpu.throttled = 2;
}

void state_following(struct stage *s)
{
	scene_load_running(s);
	s->view.following = true;
}

/* ---- large and odd figures ---- */

void state_large(struct stage *s)
{
	scene_settle(s, MODE_SUBMIT);
	text_copy(s->view.settings.team, sizeof s->view.settings.team,
	        "チーム東京・量子計算研究所 Ωμέγα の高速推論グループ");
	text_copy(s->view.settings.leaderboard, sizeof s->view.settings.leaderboard,
	        "https://a-rather-long-name-of-a-space.hf.space");
	step_server_is(s, SERVER_READY, "ready");
	text_copy(s->board.server.model, sizeof s->board.server.model,
	        "a-very-long-organisation/DeepSeek-R1-0528-MXFP4-Preview-with-a-suffix-that-does-not-end-soon");
	text_copy(s->board.server.version, sizeof s->board.server.version, "0.5.5.post3.dev1412+g0a1b2c3d4");
	text_copy(s->board.server.url, sizeof s->board.server.url, "http://mi355x-node-07.cluster.example.org:38888");
	s->board.server.uptime_s = 9.2 * 86400;
	step_gpu_is(s, 100, 11240);
	step_log_open(s);
	step_run_is(s);
	text_copy(s->board.run.team, sizeof s->board.run.team, s->view.settings.team);
	step_row_passes(s, 0, 77.3, 0.04);
	step_row_passes(s, 1, 104.2, 12.7);
	s->board.cells[1].done.duration_s = 7432;
	step_row_starts(s, 2);
	step_accuracy_done(s, 2, true);
	step_load_at(s, 2, 0.999, 33.1, 140.2);
	step_load_is(s, 64, 123456);
	s->board.server_load.kv = 1.0;
	s->board.server_load.queued = 1211;
	s->board.cells[2].progress.elapsed_s = 5025;
	s->board.cells[2].progress.failed = 17;
	s->board.cells[2].progress.eta_s = 31000;
	s->board.cells[2].progress.ttft_p99 = 123456;
	step_pass(s, 40000);
	s->view.focus = 2;
}

void state_no_rate(struct stage *s)
{
	ready(s);
	struct event ev = step_event_of(s, EV_server_load);
	ev.u.server_load = (struct ev_server_load){.gen_tps = NAN, .accept_len = NAN, .cached = NAN, .retracted = NAN};
	step_apply(s, &ev);
}

/* ---- forms ---- */

void state_sheet_doubts(struct stage *s)
{
	state_passed(s);
	s->view.message[0] = '\0';
	text_copy(s->view.settings.model, sizeof s->view.settings.model, "/data/models/my-own-quantization");
	s->view.settings.all_prompts = 100;
	s->view.settings.prompts = PROMPTS_IDS;
	scene_settle(s, MODE_SUBMIT);
	s->view.picked[2] = false;
	s->view.modal = MODAL_SHEET;
}

void state_sheet_long(struct stage *s)
{
	ready(s);
	s->view.settings.n_pairs = 0;
	for (int i = 0; i < s->track.n_pairs; i++) {
		s->view.settings.pairs[i][0] = s->track.pairs[i].isl;
		s->view.settings.pairs[i][1] = s->track.pairs[i].osl;
		s->view.settings.n_pairs++;
	}
	s->view.settings.accuracy = ACCURACY_ONCE;
	s->view.modal = MODAL_SHEET;
	s->view.help_scroll = 2;
}

void state_edit_prompts(struct stage *s)
{
	ready(s);
	s->view.modal = MODAL_EDIT;
	s->view.field = EDIT_PROMPTS;
	text_copy(s->view.edit, sizeof s->view.edit, "100");
	s->view.edit_pos = 3;
}

void state_edit_server(struct stage *s)
{
	step_server_is(s, SERVER_ABSENT, "nothing listens on port 8888");
	s->view.modal = MODAL_EDIT;
	s->view.field = EDIT_SERVER;
	text_copy(s->view.edit, sizeof s->view.edit, "http://node7:99999");
	s->view.edit_pos = 7;
}

void state_help_sheet(struct stage *s)
{
	ready(s);
	s->view.modal = MODAL_HELP;
	s->view.modal_back = MODAL_SHEET;
}

void state_help_log(struct stage *s)
{
	ready(s);
	s->view.screen = SCREEN_LOG;
	s->view.modal = MODAL_HELP;
}
