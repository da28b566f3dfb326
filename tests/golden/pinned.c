/* The dashboard with a pinned run. */
#include "../../engine/base/text.h"
#include "states.h"
#include "steps.h"
#include <math.h>

/* The pinned run had the row, at so much of what the board has now. */
static void had(struct stage *s, int conc, double tput, double noise, enum compare_basis basis)
{
	struct compare_ref *ref = &s->view.results.ref;
	ref->row[ref->n].isl = ref->row[ref->n].osl = 1024;
	ref->row[ref->n].conc = conc;
	ref->row[ref->n].tput = tput;
	ref->row[ref->n].e2e = ref->row[ref->n].intvty = NAN;
	ref->row[ref->n].noise = noise;
	ref->row[ref->n++].basis = basis;
}

static void pin(struct stage *s)
{
	struct compare_ref *ref = &s->view.results.ref;
	ref->have = true;
	text_set(ref->label, sizeof ref->label, "1124-0912 main");
	text_set(ref->path, sizeof ref->path, "/data/results/batch_isl1024_osl1024_20251124_091200");
	text_set(ref->track, sizeof ref->track, s->track.name);
}

/* Faster, slower so far, no such row, rows that wait. */
void state_pinned(struct stage *s)
{
	scene_load_running(s);
	pin(s);
	had(s, 4, s->board.cells[0].load.tput_per_gpu / 1.032, 0.02, BASIS_FLOOR);
	had(s, 8, s->board.cells[1].progress.tput_per_gpu / 0.872, 0.02, BASIS_FLOOR);
	had(s, 32, 700, 0.02, BASIS_RUNS);
	had(s, 64, 1100, 0.02, BASIS_RUNS);
}

/* Every kind of change, beside the posts. */
void state_pinned_posts(struct stage *s)
{
	scene_settle(s, MODE_SUBMIT);
	step_server_is(s, SERVER_READY, "ready");
	step_log_open(s);
	step_run_is(s);
	for (int i = 0; i < 5; i++)
		step_row_passes(s, i, 1.1, 0.95);
	step_post_is(s, 0, POST_CONFIRMED, 3, "rank 3 of 41 for CONC 4");
	step_post_is(s, 1, POST_SENT, -1, "event 7f3a");
	step_run_ends(s, 5, 0, "5 rows passed");
	pin(s);
	had(s, 4, s->board.cells[0].load.tput_per_gpu / 1.013, 0.021, BASIS_HISTORY);
	had(s, 8, s->board.cells[1].load.tput_per_gpu / 0.412, 0.103, BASIS_RUNS);
	had(s, 16, s->board.cells[2].load.tput_per_gpu / 13.44, 0.127, BASIS_STARTS);
	had(s, 32, s->board.cells[3].load.tput_per_gpu / 1.2, NAN, BASIS_FLOOR);
	s->view.focus = 0;
}
