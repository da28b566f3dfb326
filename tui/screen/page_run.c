/* What a run's page shows, from its board: one row a CONC of the chosen pair. */
#include "page_run.h"
#include <math.h>
#include <string.h>

bool official_tool(const struct shelf_run *run)
{
	return run->kind == SHELF_BATCH;
}

static bool first_of_pair(const struct board *b, int i)
{
	for (int k = 0; k < i; k++) {
		if (b->cells[k].planned && b->cells[k].plan.isl == b->cells[i].plan.isl &&
		        b->cells[k].plan.osl == b->cells[i].plan.osl)
			return false;
	}
	return b->cells[i].planned;
}

int results_run_pairs(const struct shelf_run *run, int at, int *isl, int *osl)
{
	const struct board *b = run ? run->board : NULL;
	int n = 0;
	for (int i = 0; b && i < b->n_cells && i < BOARD_CELLS; i++) {
		if (!first_of_pair(b, i))
			continue;
		if (n == at && isl)
			*isl = (int)b->cells[i].plan.isl;
		if (n == at && osl)
			*osl = (int)b->cells[i].plan.osl;
		n++;
	}
	return n;
}

bool run_page_has(const struct run_page *r, const struct board_cell *cell)
{
	return cell->planned && cell->plan.isl == r->isl && cell->plan.osl == r->osl;
}

static void add(double *sum, double value, int *n)
{
	if (!isfinite(value))
		return;
	*sum = *n > 0 ? *sum + value : value;
	++*n;
}

/* The mean of one figure over the rows that count; NaN when none has it. */
static double mean_of(const struct board *b, const struct run_page *r, const struct run_row *row, size_t offset)
{
	double sum = NAN;
	int n = 0;
	for (int i = 0; i < b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *cell = &b->cells[i];
		bool counts = row->passed > 0 ? cell->status == CELL_PASSED : cell == row->cell;
		double value;
		if (!run_page_has(r, cell) || cell->plan.conc != row->conc || !cell->have_load || !counts)
			continue;
		memcpy(&value, (const char *)&cell->load + offset, sizeof value);
		if (offset == offsetof(struct ev_load_measured, interactivity) && !(value > 0))
			value = NAN;
		add(&sum, value, &n);
	}
	return n > 0 ? sum / n : NAN;
}

static double spread_of(const struct board *b, const struct run_page *r, const struct run_row *row)
{
	double sum = 0;
	int n = 0;
	for (int i = 0; i < b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *cell = &b->cells[i];
		if (!run_page_has(r, cell) || cell->plan.conc != row->conc || cell->status != CELL_PASSED ||
		        !cell->have_load || !isfinite(cell->load.tput_per_gpu))
			continue;
		sum += (cell->load.tput_per_gpu - row->tput) * (cell->load.tput_per_gpu - row->tput);
		n++;
	}
	return n > 1 && row->tput > 0 ? sqrt(sum / (n - 1)) / row->tput : NAN;
}

static double worse(double a, double b, bool lower)
{
	return !isfinite(a) ? b : !isfinite(b) ? a : (b < a) == lower ? b : a;
}

static double ratio_of(double ours, double ref, double saved, int loads)
{
	if (isfinite(ours) && ref > 0)
		return ours / ref;
	return loads == 1 && saved > 0 ? saved : NAN;
}

/* Takes a row of the board into the CONC's. */
static void row_add(struct run_row *row, const struct board_cell *cell)
{
	bool passed = cell->status == CELL_PASSED;
	row->rows++;
	row->passed += passed;
	row->doubts += cell->n_doubts > 0;
	if (!row->cell || passed || (row->passed == 0 && cell->status != CELL_QUEUED))
		row->cell = cell;
	if (!cell->have_load)
		return;
	const struct ev_load_measured *m = &cell->load;
	bool counted = m->completed > 0 || m->failed > 0;
	row->loads++;
	row->prompts += cell->plan.num_prompts;
	row->failed += m->failed;
	row->done = counted && row->done >= 0 ? row->done + m->completed : -1;
	row->slots = worse(row->slots, m->slots_mean, true);
	row->late = worse(row->late, m->late_p99_ms, false);
	row->gap = worse(row->gap, m->gap_p99_ms, false);
	row->cpu = worse(row->cpu, m->cpu_share, false);
}

static void row_figures(struct run_row *row, const struct run_page *r)
{
	const struct ev_cell_planned *plan = &row->cell->plan;
	const struct track_ref *ref = r->track ? track_ref_find(r->track, r->isl, r->osl, row->conc) : NULL;
	const struct ev_result_saved *saved = &row->cell->result;
	bool have = row->cell->have_result;
#define MEAN(field, member) row->field = mean_of(r->b, r, row, offsetof(struct ev_load_measured, member))
	MEAN(tput, tput_per_gpu);
	MEAN(e2e, e2el_median);
	MEAN(intvty, interactivity);
	MEAN(ttft, ttft_median);
	MEAN(ttft_p99, ttft_p99);
	MEAN(tpot, tpot_median);
	MEAN(tpot_p99, tpot_p99);
	MEAN(itl, itl_median);
	MEAN(itl_p99, itl_p99);
	MEAN(e2e_p99, e2el_p99);
	MEAN(duration_s, duration_s);
	MEAN(request_rate, request_throughput);
	MEAN(out_tps, output_throughput);
	MEAN(total_tps, total_token_throughput);
#undef MEAN
	row->spread = spread_of(r->b, r, row);
	row->ref_tput = plan->ref_tput > 0 ? plan->ref_tput : ref ? ref->tput : NAN;
	row->ref_e2e = plan->ref_e2e_ms > 0 ? plan->ref_e2e_ms : ref ? ref->e2e_ms : NAN;
	row->ref_intvty = plan->ref_intvty > 0 ? plan->ref_intvty : ref ? ref->intvty : NAN;
	row->tput_ratio = ratio_of(row->tput, row->ref_tput, have ? saved->tput_ratio : NAN, row->loads);
	row->e2e_ratio = ratio_of(row->e2e, row->ref_e2e, have ? saved->e2e_ratio : NAN, row->loads);
	row->intvty_ratio = ratio_of(row->intvty, row->ref_intvty, have ? saved->intvty_ratio : NAN, row->loads);
}

/* The row of a CONC, in the order of CONC; NULL when there is no room. */
static struct run_row *row_of(struct run_page *r, int conc)
{
	int at = 0;
	while (at < r->n && r->rows[at].conc < conc)
		at++;
	if (at < r->n && r->rows[at].conc == conc)
		return &r->rows[at];
	if (r->n >= RUN_ROWS) {
		r->more++;
		return NULL;
	}
	memmove(&r->rows[at + 1], &r->rows[at], (size_t)(r->n - at) * sizeof r->rows[0]);
	r->n++;
	r->rows[at] = (struct run_row){.conc = conc, .slots = NAN, .late = NAN, .gap = NAN, .cpu = NAN};
	return &r->rows[at];
}

static void count_cell(struct run_page *r, const struct board_cell *cell)
{
	r->cells++;
	r->passed += cell->status == CELL_PASSED;
	r->failed += cell->status == CELL_FAILED || cell->status == CELL_GATE_FAILED;
	r->stopped += cell->status == CELL_STOPPED || cell->status == CELL_SKIPPED;
	r->unfinished += cell->status == CELL_QUEUED || cell->status == CELL_RUNNING;
	r->doubts += cell->n_doubts > 0;
	r->measured = r->measured || cell->have_load;
	r->submit = r->submit || cell->post.state != POST_NONE;
}

/* "B200 (simulated)" where there is room for a word only. */
static void name_reference(struct run_page *r)
{
	size_t n = 0;
	r->ref = r->track && r->track->ref_label[0] ? r->track->ref_label : "ref";
	while (n < 8 && r->ref[n] > ' ' && r->ref[n] < 0x7f)
		n++;
	str_fmt(r->ref_brief, sizeof r->ref_brief, "%.*s", n > 0 ? (int)n : 3, n > 0 ? r->ref : "ref");
}

bool run_page_make(struct run_page *r, const struct results_view *v)
{
	memset(r, 0, sizeof *r);
	r->v = v;
	r->run = v->run;
	if (!r->run || !r->run->board)
		return false;
	r->b = r->run->board;
	r->track = v->track;
	r->submit = r->b->have_run && r->b->run.mode == MODE_SUBMIT;
	r->pairs = results_run_pairs(r->run, 0, NULL, NULL);
	r->pair = v->pair < 0 || v->pair >= r->pairs ? 0 : v->pair;
	results_run_pairs(r->run, r->pair, &r->isl, &r->osl);
	name_reference(r);
	for (int i = 0; i < r->b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *cell = &r->b->cells[i];
		if (!run_page_has(r, cell))
			continue;
		count_cell(r, cell);
		struct run_row *row = row_of(r, (int)cell->plan.conc);
		if (row)
			row_add(row, cell);
	}
	for (int i = 0; i < r->n; i++) {
		row_figures(&r->rows[i], r);
		r->repeats = r->repeats || r->rows[i].rows > 1;
	}
	return r->cells > 0;
}
