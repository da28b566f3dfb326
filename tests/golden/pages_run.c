/* Runs on the results screens. */
#include "../../engine/base/text.h"
#include "pages.h"
#include "states.h"
#include "steps.h"
#include <math.h>
#include <string.h>

static void tree_is(struct shelf_code *t, const char *name, const char *commit, enum code_dirty dirty, int files)
{
	text_copy(t->name, sizeof t->name, name);
	text_copy(t->commit, sizeof t->commit, commit);
	text_copy(t->branch, sizeof t->branch, "main");
	t->dirty = dirty;
	t->files = files;
}

static void manifest_is(struct pages *s)
{
	struct shelf_manifest *m = &s->run.manifest;
	m->have = true;
	text_copy(m->version, sizeof m->version, "0.1.0");
	text_copy(m->host, sizeof m->host, "mi355x-node-07");
	text_copy(m->command_line, sizeof m->command_line, "benchtop perf -isl 1024 -osl 1024 --prompts text");
	text_copy(m->track, sizeof m->track, s->stage.track.name);
	text_copy(m->track_sha256, sizeof m->track_sha256, "3f2a91bc77de");
	text_copy(m->model, sizeof m->model, s->stage.track.model);
	text_copy(m->base_url, sizeof m->base_url, "http://127.0.0.1:8888");
	text_copy(m->prompts, sizeof m->prompts, "text");
	text_copy(m->server_version, sizeof m->server_version, "0.5.5");
	m->ratio = 1;
	m->tp = 8;
	m->prefill = 196608;
	m->radix_off = 1;
	m->server_started_s = 1763985360;
	m->n_trees = 2;
	tree_is(&m->tree[0], "sglang", "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678", CODE_DIRTY, 2);
	tree_is(&m->tree[1], "aiter", "1f5b378812ab34cd56ef7890aabbccddeeff0011", CODE_CLEAN, 0);
	text_copy(m->server_args, sizeof m->server_args,
	        "python3 -m sglang.launch_server --model-path amd/DeepSeek-R1-0528-MXFP4-Preview --tensor-parallel-size 8 "
	        "--chunked-prefill-size 196608 --disable-radix-cache --mem-fraction-static 0.85 --port 8888");
}

static void run_is(struct pages *s, enum shelf_kind kind, const char *name)
{
	s->run.kind = kind;
	s->run.board = &s->stage.board;
	s->run.wall_ns = WALL_START;
	text_copy(s->run.name, sizeof s->run.name, name);
	text_copy(s->run.path, sizeof s->run.path, "/data/results/");
	memcpy(s->run.path + strlen(s->run.path), s->run.name, strlen(s->run.name) + 1);
	s->view.page = RESULTS_RUN;
	s->view.run = &s->run;
	s->view.track = &s->stage.track;
}

void page_sweep(struct pages *s)
{
	static const double ratios[][2] = {{1.18, 0.96}, {1.06, 0.99}, {1.11, 0.93}, {0.97, 1.01}, {1.31, 0.81}};
	struct stage *g = &s->stage;
	text_copy(g->view.settings.team, sizeof g->view.settings.team, "Grün & Söhne 量子");
	step_run_is(g);
	for (int i = 0; i < 5; i++)
		step_row_passes(g, i, ratios[i][0], ratios[i][1]);
	step_run_ends(g, 5, 0, "5 rows passed");
	run_is(s, SHELF_OURS, RUN_DIR);
	manifest_is(s);
}

void page_submit(struct pages *s)
{
	scene_settle(&s->stage, MODE_SUBMIT);
	state_post_kinds(&s->stage);
	step_flag_is(&s->stage, 0, FLAG_IDS, false, "prompts went as token ids: the server did not tokenize");
	step_flag_is(&s->stage, 1, FLAG_IDS, false, "prompts went as token ids: the server did not tokenize");
	step_run_ends(&s->stage, 5, 0, "5 rows passed, 1 post is not confirmed");
	run_is(s, SHELF_OURS, "batch_submit_1024_1024_20251124_140000");
	manifest_is(s);
	s->run.manifest.tree[0].dirty = CODE_UNKNOWN;
	s->run.manifest.tree[1].commit[0] = '\0';
	s->run.manifest.code_late = true;
}

void page_partial(struct pages *s)
{
	struct stage *g = &s->stage;
	step_run_is(g);
	step_row_passes(g, 0, 1.18, 0.96);
	step_row_starts(g, 1);
	step_accuracy_done(g, 1, false);
	step_row_ends(g, 1, CELL_GATE_FAILED, 102, "accuracy is outside the gate; no load was run");
	step_row_starts(g, 2);
	step_accuracy_done(g, 2, true);
	step_load_done(g, 2, 0.61, 1.48, 61);
	step_flag_is(g, 2, FLAG_FAILED_REQUESTS, true, "61 of 800 requests failed, the first with HTTP 500");
	step_flag_is(g, 2, FLAG_JIT, true,
	        "a kernel was built inside the timed span (module_moe_sorting, 38 s): run it again");
	step_row_ends(g, 2, CELL_FAILED, 402, "more than 5 % of the requests failed");
	step_row_starts(g, 3);
	step_row_ends(g, 3, CELL_STOPPED, 44, "stopped by the user");
	step_row_ends(g, 4, CELL_SKIPPED, 0, "");
	step_run_ends(g, 1, 2, "stopped by the user");
	run_is(s, SHELF_OURS, RUN_DIR);
	manifest_is(s);
	s->run.manifest.tree[0].changed = true;
	text_copy(s->run.note, sizeof s->run.note,
	        "requests_conc16.jsonl ends in the middle of a line: its last row is lost");
}

/* What the official tool's files hold: no counts, no client, no times, no manifest. */
void page_official(struct pages *s)
{
	page_sweep(s);
	memset(&s->run.manifest, 0, sizeof s->run.manifest);
	s->run.manifest.ratio = s->run.manifest.server_started_s = NAN;
	s->run.kind = SHELF_BATCH;
	text_copy(s->run.name, sizeof s->run.name, "batch_isl1024_osl1024_20251124_140000");
	text_copy(s->run.path, sizeof s->run.path, "/data/results/batch_isl1024_osl1024_20251124_140000");
	for (int i = 0; i < 5; i++) {
		struct board_cell *cell = &s->stage.board.cells[i];
		cell->load.completed = cell->load.failed = 0;
		cell->load.duration_s = cell->load.slots_mean = NAN;
		cell->load.late_p99_ms = cell->load.gap_p99_ms = cell->load.cpu_share = NAN;
		cell->accuracy.documents = 0;
		cell->accuracy.duration_s = NAN;
	}
	s->stage.board.cells[4].load.itl_p99 = NAN;
	s->stage.board.run.team[0] = '\0';
}

void page_repeats(struct pages *s)
{
	static const double noise[] = {0.997, 1.011, 0.994};
	struct stage *g = &s->stage;
	struct plan *plan = &g->view.plan;
	struct plan_cell first[3];
	memcpy(first, plan->cells, sizeof first);
	plan->n_cells = 9;
	for (int i = 0; i < 9; i++) {
		plan->cells[i] = first[i / 3];
		plan->cells[i].repeat = i % 3 + 1;
	}
	step_run_is(g);
	for (int i = 0; i < 9; i++)
		g->board.cells[i].plan.repeat = i % 3 + 1;
	for (int i = 0; i < 8; i++)
		step_row_passes(g, i, (1.04 + 0.05 * (i / 3)) * noise[i % 3], 0.98 / noise[i % 3]);
	step_flag_is(g, 4, FLAG_THROTTLED, true, "GPU 5 lowered its clock for 41 s");
	step_row_ends(g, 8, CELL_FAILED, 12, "the server stopped answering: connection reset by peer");
	step_run_ends(g, 8, 1, "8 of 9 rows passed");
	run_is(s, SHELF_OURS, RUN_DIR);
	manifest_is(s);
}

void page_file(struct pages *s)
{
	page_official(s);
	s->run.kind = SHELF_FILE;
	s->view.track = NULL;
	s->stage.board.n_cells = 1;
	s->stage.board.cells[0].plan.ref_tput = s->stage.board.cells[0].plan.ref_e2e_ms = NAN;
	s->stage.board.cells[0].plan.ref_intvty = NAN;
	s->stage.board.cells[0].have_result = false;
	s->stage.board.cells[0].have_accuracy = false;
	s->stage.board.have_accuracy = false;
	text_copy(s->run.name, sizeof s->run.name, "test_140000.json");
}

/* What a foreign directory may hold. */
void page_extremes(struct pages *s)
{
	static const double values[] = {INFINITY, -INFINITY, 1e300, -1e300, 1e-300, -0.0, 123456789012.0};
	page_submit(s);
	for (int i = 0; i < 5; i++) {
		struct board_cell *cell = &s->stage.board.cells[i];
		cell->load.tput_per_gpu = values[i];
		cell->load.e2el_median = values[6 - i];
		cell->load.ttft_median = cell->load.itl_p99 = values[(i + 2) % 7];
		cell->load.completed = cell->load.failed = cell->plan.num_prompts = INT32_MAX;
		cell->load.late_p99_ms = cell->load.cpu_share = cell->load.slots_mean = values[(i + 3) % 7];
		cell->accuracy.bits_per_byte = values[i];
		cell->accuracy.documents = INT64_MIN;
		cell->accuracy.duration_s = values[0];
		cell->plan.conc = i == 2 ? INT64_MAX : cell->plan.conc;
		cell->done.duration_s = values[2];
		cell->n_flags = 1000003;
	}
	s->run.wall_ns = INT64_MIN;
	memset(s->run.name, 'n', sizeof s->run.name - 1);
	s->run.manifest.server_started_s = 1e300;
	s->run.manifest.tp = s->run.manifest.prefill = INT32_MAX;
	s->run.manifest.n_trees = 1000;
	s->run.manifest.ratio = values[2];
	memset(s->run.manifest.server_args, 'x', sizeof s->run.manifest.server_args - 1);
	s->view.pair = -3;
	s->view.page_scroll = 4;
}
