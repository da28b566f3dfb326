#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include <math.h>
#include <string.h>

static bool same_work(const struct board_cell *cell, const struct plan_cell *p)
{
	return cell->planned && cell->plan.isl == p->isl && cell->plan.osl == p->osl && cell->plan.conc == p->conc;
}

/* The board's row for a row of the plan: the same repeat when the plan has several, else the last one begun. */
static const struct board_cell *cell_find(const struct board *b, const struct plan *plan, const struct plan_cell *p)
{
	const struct board_cell *found = NULL;
	bool several = false;
	for (int i = 0; i < plan->n_cells; i++)
		several = several || plan->cells[i].repeat > 1;
	for (int i = 0; i < b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *cell = &b->cells[i];
		if (!same_work(cell, p) || (several && cell->plan.repeat != p->repeat))
			continue;
		if (!found || cell->status != CELL_QUEUED)
			found = cell;
	}
	return found;
}

static double ratio_of(double ours, double ref)
{
	return ref > 0 ? ours / ref : NAN;
}

bool cell_warming(const struct board_cell *cell)
{
	if (cell->status != CELL_RUNNING || (cell->phase != PHASE_WARMUP && cell->phase != PHASE_LOAD))
		return false;
	return cell->have_progress ? cell->progress.warmup : cell->phase == PHASE_WARMUP;
}

bool cell_loading(const struct board_cell *cell)
{
	return cell->status == CELL_RUNNING && (cell->phase == PHASE_LOAD || cell->phase == PHASE_WARMUP) &&
	       !cell_warming(cell);
}

const struct ev_load_progress *progress_shown(
        const struct board *b, const struct view *v, const struct board_cell *cell)
{
	if (!cell || !cell->have_progress || cell->status == CELL_QUEUED)
		return NULL;
	bool held = v->hold.held && v->hold.cell >= 0 && v->hold.cell < b->n_cells && cell == &b->cells[v->hold.cell];
	return held ? &v->hold.progress : &cell->progress;
}

const struct ev_server_load *server_load_shown(const struct board *b, const struct view *v)
{
	if (!b->have_server_load)
		return NULL;
	return v->hold.have_load ? &v->hold.load : &b->server_load;
}

int load_percent(const struct ev_load_progress *p)
{
	double done = (double)p->done + (double)p->failed, total = (double)p->total;
	double share = p->elapsed_s > 0 && p->eta_s >= 0 ? p->elapsed_s / (p->elapsed_s + p->eta_s)
	               : total > 0                       ? done / total
	                                                 : 0;
	if (total > 0 && done >= total)
		return 100;
	return share > 0 ? (share < 0.99 ? (int)(share * 100) : 99) : 0;
}

static void row_figures(struct dash_row *r)
{
	const struct board_cell *cell = r->cell;
	const struct ev_load_progress *p = r->progress;
	if (cell && cell->have_load) {
		r->tput = cell->load.tput_per_gpu;
		r->e2e = cell->load.e2el_median;
		r->intvty = cell->load.interactivity > 0 ? cell->load.interactivity : NAN;
		r->ttft = cell->load.ttft_median;
		r->tpot = cell->load.tpot_median;
	} else if (p && !p->warmup) {
		r->live = cell->status == CELL_RUNNING;
		r->tput = p->tput_per_gpu;
		r->e2e = p->e2el_median;
		r->intvty = p->interactivity > 0 ? p->interactivity : NAN;
		r->ttft = p->ttft_median;
		r->tpot = p->tpot_median;
	}
	r->tput_ratio = ratio_of(r->tput, r->ref_tput);
	r->e2e_ratio = ratio_of(r->e2e, r->ref_e2e);
	r->intvty_ratio = ratio_of(r->intvty, r->ref_intvty);
}

bool pin_shown(const struct view *v)
{
	const struct compare_ref *ref = &v->results.ref;
	return ref->have && (!v->track || !ref->track[0] || strcmp(ref->track, v->track->name) == 0);
}

static void row_pinned(struct dash_row *r, const struct view *v)
{
	double change, noise;
	enum compare_verdict verdict;
	if (!pin_shown(v) || !isfinite(r->tput) ||
	        !compare_ref_change(
	                &v->results.ref, r->plan->isl, r->plan->osl, r->plan->conc, r->tput, &change, &noise, &verdict))
		return;
	r->pin_change = change;
	r->pin_noise = noise;
	r->pin_verdict = verdict;
}

char *fmt_change(double change, double noise, int cols, char out[24])
{
	if (!isfinite(change))
		return str_fmt(out, 24, "—");
	for (int decimals = 1; decimals >= 0; decimals--) {
		if (isfinite(noise))
			str_fmt(out, 24, "%+.*f±%.*f", decimals, change * 100, decimals, noise * 100);
		else
			str_fmt(out, 24, "%+.*f±—", decimals, change * 100);
		if (text_width(out, strlen(out)) <= cols)
			return out;
	}
	return str_fmt(out, 24, "%+.2g", change * 100);
}

char pin_sign(const struct dash_row *r)
{
	return r->pin_verdict == COMPARE_FASTER   ? '+'
	       : r->pin_verdict == COMPARE_SLOWER ? '-'
	       : r->pin_verdict == COMPARE_SAME   ? '='
	                                          : ' ';
}

enum role pin_role(const struct dash_row *r)
{
	return r->pin_verdict == COMPARE_FASTER   ? ROLE_GOOD
	       : r->pin_verdict == COMPARE_SLOWER ? ROLE_BAD
	       : r->pin_verdict == COMPARE_SAME   ? ROLE_TEXT
	                                          : ROLE_DIM;
}

bool dash_row_make(struct dash_row *out, const struct board *b, const struct view *v, int i)
{
	*out = (struct dash_row){.tput = NAN,
	        .e2e = NAN,
	        .intvty = NAN,
	        .ttft = NAN,
	        .tpot = NAN,
	        .ref_tput = NAN,
	        .ref_e2e = NAN,
	        .ref_intvty = NAN,
	        .tput_ratio = NAN,
	        .e2e_ratio = NAN,
	        .intvty_ratio = NAN,
	        .pin_change = NAN,
	        .pin_noise = NAN};
	if (i < 0 || i >= v->plan.n_cells || i >= PLAN_CELLS)
		return false;
	out->plan = &v->plan.cells[i];
	out->cell = cell_find(b, &v->plan, out->plan);
	out->progress = progress_shown(b, v, out->cell);
	out->status = out->cell ? out->cell->status : CELL_QUEUED;
	out->picked = v->picked[i];
	out->focused = v->focus == i;
	if (out->plan->have_ref) {
		out->ref_tput = out->plan->ref.tput;
		out->ref_e2e = out->plan->ref.e2e_ms;
		out->ref_intvty = out->plan->ref.intvty;
	} else if (out->cell) {
		out->ref_tput = out->cell->plan.ref_tput;
		out->ref_e2e = out->cell->plan.ref_e2e_ms;
		out->ref_intvty = out->cell->plan.ref_intvty;
	}
	row_figures(out);
	row_pinned(out, v);
	return true;
}

bool run_alive(const struct board *b)
{
	return b->have_run && !b->finished;
}

enum run_phase run_phase_shown(const struct board *b)
{
	return run_alive(b) && b->current < 0 ? b->run_phase : PHASE_NONE;
}

enum run_mode mode_shown(const struct board *b, const struct view *v)
{
	return run_alive(b) || v->following ? b->run.mode : v->settings.mode;
}

char *fmt_about(double seconds, char out[16])
{
	if (!(seconds >= 0) || seconds > 1e7)
		return str_fmt(out, 16, "—");
	long s = lround(seconds), m = lround(seconds / 60);
	if (s < 90)
		return str_fmt(out, 16, "~%lds", s);
	if (m < 100)
		return str_fmt(out, 16, "~%ldm", m);
	return str_fmt(out, 16, "~%ldh%02ld", m / 60, m % 60);
}

char *fmt_number(double v, int decimals, char out[40])
{
	return text_commas(v, decimals, out);
}

char *fmt_fixed(double v, int decimals, int cols, char out[48])
{
	char text[40];
	text_commas(v, decimals, text);
	int width = text_width(text, strlen(text));
	return str_fmt(out, 48, "%*s%s", cols > width && cols < 40 ? cols - width : 0, "", text);
}

char *fmt_clock(double seconds, char out[16])
{
	if (!(seconds >= 0) || seconds > 3.5e6)
		return str_fmt(out, 16, "—");
	long s = (long)seconds;
	return str_fmt(out, 16, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

char *fmt_host(const char *url, char *out, size_t cap)
{
	const char *p = strstr(url, "://");
	p = p ? p + 3 : url;
	return str_fmt(out, cap, "%.*s", (int)strcspn(p, "/?#"), p);
}

char *fmt_port(const char *url, char *out, size_t cap)
{
	fmt_host(url, out, cap);
	const char *colon = strrchr(out, ':');
	bool local = strncmp(out, "127.0.0.1:", 10) == 0 || strncmp(out, "localhost:", 10) == 0 ||
	             strncmp(out, "0.0.0.0:", 8) == 0;
	if (colon && local)
		memmove(out, colon, strlen(colon) + 1);
	return out;
}

char *fmt_percent(double share, int decimals, char out[16])
{
	if (!isfinite(share))
		return str_fmt(out, 16, "—");
	double percent = share * 100;
	if (fabs(percent) >= 1000)
		return str_fmt(out, 16, "%+.0f%%", percent);
	return str_fmt(out, 16, "%+.*f%%", decimals, percent);
}

/* Compared as shown, with two decimals: what reads 1.00 is equal. */
char ratio_sign(double ratio, bool lower_is_better)
{
	if (!isfinite(ratio))
		return ' ';
	if (fabs(ratio - 1) < 0.005)
		return '=';
	return (ratio > 1) != lower_is_better ? '+' : '-';
}

enum role ratio_role(double ratio, bool lower_is_better)
{
	char sign = ratio_sign(ratio, lower_is_better);
	return sign == '+' ? ROLE_GOOD : sign == '-' ? ROLE_BAD : sign == '=' ? ROLE_TEXT : ROLE_DIM;
}

double phase_elapsed_s(const struct board_cell *cell, const struct view *v)
{
	if (cell_loading(cell) && cell->have_progress)
		return cell->progress.elapsed_s;
	if (cell->phase_mono_ns > 0 && v->now_mono_ns >= cell->phase_mono_ns)
		return (double)(v->now_mono_ns - cell->phase_mono_ns) / (double)CLOCK_NS_PER_S;
	return cell->have_progress ? cell->progress.elapsed_s : NAN;
}

double run_left_s(const struct board *b, const struct view *v)
{
	double left = 0;
	bool any = false;
	for (int i = 0; i < b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *cell = &b->cells[i];
		if (cell->status == CELL_QUEUED && cell->plan.expect_s > 0 && !b->stopping) {
			left += cell->plan.expect_s;
			any = true;
		}
		if (cell->status != CELL_RUNNING)
			continue;
		double elapsed = (double)(v->now_mono_ns - cell->started_mono_ns) / (double)CLOCK_NS_PER_S;
		if (cell_loading(cell) && cell->have_progress && cell->progress.eta_s >= 0)
			left += cell->progress.eta_s;
		else if (cell->plan.expect_s > elapsed && elapsed >= 0)
			left += cell->plan.expect_s - elapsed;
		any = true;
	}
	return any ? left : NAN;
}

double expect_s(const struct board *b, const struct plan_cell *p, enum run_mode mode, bool *measured)
{
	*measured = false;
	for (int i = b->n_cells - 1; i >= 0; i--) {
		const struct board_cell *cell = &b->cells[i];
		if (i >= BOARD_CELLS || !same_work(cell, p) || cell->status != CELL_PASSED)
			continue;
		double load = cell->load.duration_s, around = cell->done.duration_s - load;
		if (mode == MODE_ACC && cell->have_accuracy && !cell->accuracy.reused &&
		        cell->accuracy.duration_s > 0) {
			*measured = true;
			return cell->accuracy.duration_s;
		}
		if (mode == MODE_ACC || !cell->have_load || !(load > 0) || !isfinite(around) ||
		        cell->plan.num_prompts <= 0)
			continue;
		*measured = true;
		return load * p->num_prompts / (double)cell->plan.num_prompts + (around > 0 ? around : 0);
	}
	return p->expect_s;
}

const char *ref_name(const struct view *v)
{
	return v->track && v->track->ref_label[0] ? v->track->ref_label : "ref";
}

const char *spark_values(const struct board *b, float out[BOARD_SPARK], double *max)
{
	const struct board_spark *s = b->gen_tps.n > 0 ? &b->gen_tps : &b->out_tps;
	int n = s->n < BOARD_SPARK ? s->n : BOARD_SPARK;
	*max = 0;
	for (int i = 0; i < BOARD_SPARK; i++)
		out[i] = NAN;
	for (int i = 0; i < n; i++) {
		float value = s->v[(s->head - n + i + 2 * BOARD_SPARK) % BOARD_SPARK];
		out[BOARD_SPARK - n + i] = value;
		if (isfinite(value) && value > *max)
			*max = value;
	}
	return n == 0 ? "" : s == &b->gen_tps ? "gen" : "out";
}
