/* The focused row in full: progress, latencies, what was checked, and why a figure may not be what it seems. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include "screen.h"
#include <math.h>
#include <string.h>

struct latency {
	const char *name;
	double median, p99, mean, std;
	int decimals;
};

static bool latencies(const struct board_cell *cell, struct latency out[4])
{
	if (cell && cell->have_load) {
		const struct ev_load_measured *m = &cell->load;
		out[0] = (struct latency){"TTFT", m->ttft_median, m->ttft_p99, m->ttft_mean, m->ttft_std, 1};
		out[1] = (struct latency){"TPOT", m->tpot_median, m->tpot_p99, m->tpot_mean, m->tpot_std, 2};
		out[2] = (struct latency){"ITL", m->itl_median, m->itl_p99, m->itl_mean, m->itl_std, 2};
		out[3] = (struct latency){"E2E", m->e2el_median, m->e2el_p99, m->e2el_mean, m->e2el_std, 0};
		return true;
	}
	struct ev_load_progress none = {.ttft_median = NAN,
	        .ttft_p99 = NAN,
	        .tpot_median = NAN,
	        .tpot_p99 = NAN,
	        .itl_median = NAN,
	        .itl_p99 = NAN,
	        .e2el_median = NAN,
	        .e2el_p99 = NAN};
	bool any = cell && cell->have_progress;
	const struct ev_load_progress *p = any ? &cell->progress : &none;
	out[0] = (struct latency){"TTFT", p->ttft_median, p->ttft_p99, NAN, NAN, 1};
	out[1] = (struct latency){"TPOT", p->tpot_median, p->tpot_p99, NAN, NAN, 2};
	out[2] = (struct latency){"ITL", p->itl_median, p->itl_p99, NAN, NAN, 2};
	out[3] = (struct latency){"E2E", p->e2el_median, p->e2el_p99, NAN, NAN, 0};
	return any;
}

static void counts(struct pen *p, const struct dash_row *r)
{
	const struct board_cell *cell = r->cell;
	char text[40], took[16];
	if (cell && cell->have_load) {
		const struct ev_load_measured *m = &cell->load;
		pen_pair(p, 0, "done", ROLE_TEXT, "%lld/%lld", (long long)m->completed,
		        (long long)cell->plan.num_prompts);
		pen_pair(p, 2, "failed", m->failed > 0 ? ROLE_BAD : ROLE_TEXT, "%lld", (long long)m->failed);
		if (p->end - p->col > 70) /* room for it and the latencies */
			pen_pair(p, 2, "in", ROLE_TEXT, "%s", clock_duration(m->duration_s, took));
		return;
	}
	if (cell && cell->have_progress && cell->status != CELL_QUEUED) {
		const struct ev_load_progress *g = &cell->progress;
		if (g->warmup)
			pen_put(p, ROLE_DIM, 0, "warm-up ");
		pen_pair(p, 0, "done", ROLE_TEXT, "%*lld/%lld", r->live ? 3 : 1, (long long)g->done,
		        (long long)g->total);
		pen_pair(p, 2, "failed", g->failed > 0 ? ROLE_BAD : ROLE_TEXT, "%lld", (long long)g->failed);
		return;
	}
	pen_pair(p, 0, "requests", ROLE_TEXT, "%s", fmt_number(r->plan->num_prompts, 0, text));
	pen_pair(p, 2, "expected", ROLE_TEXT, "%s", fmt_about(r->plan->expect_s, took));
}

static void counts_more(struct pen *p, const struct dash_row *r)
{
	const struct board_cell *cell = r->cell;
	char text[40];
	if (cell && cell->have_load) {
		pen_pair(p, 3, "", ROLE_TEXT, "%s req/s", fmt_number(cell->load.request_throughput, 2, text));
		pen_pair(p, 3, "out", ROLE_TEXT, "%s tok/s", fmt_number(cell->load.output_throughput, 0, text));
		pen_pair(p, 3, "in + out", ROLE_TEXT, "%s tok/s",
		        fmt_number(cell->load.total_token_throughput, 0, text));
	} else if (r->live) {
		pen_pair(p, 2, "in flight", ROLE_TEXT, "%2lld", (long long)cell->progress.in_flight);
		pen_pair(p, 3, "out", ROLE_TEXT, "%s tok/s", fmt_number(cell->progress.output_tps, 0, text));
		if (isfinite(cell->progress.eta_s))
			pen_pair(p, 3, "left", ROLE_TEXT, "%s", fmt_about(cell->progress.eta_s, text));
	}
}

static void checks(struct pen *p, const struct board *b, const struct dash_row *r)
{
	const struct board_cell *cell = r->cell;
	if (!cell || (!cell->have_load && !cell->have_progress))
		return;
	double slots = cell->have_load ? cell->load.slots_mean : cell->progress.slots_mean;
	double late = cell->have_load ? cell->load.late_p99_ms : cell->progress.late_p99_ms;
	long long conc = (long long)cell->plan.conc;
	if (isfinite(slots))
		pen_pair(p, 0, "slots", slots < 0.9 * (double)conc ? ROLE_WARN : ROLE_TEXT, "%.2f/%lld", slots, conc);
	if (isfinite(late))
		pen_pair(p, 3, "client late p99", late > 5 ? ROLE_WARN : ROLE_TEXT, "%.1f ms", late);
	if (r->live && b->have_server_load && isfinite(b->server_load.gen_tps) && isfinite(cell->progress.output_tps))
		pen_pair(p, 3, "server", ROLE_TEXT, "%.0f ~ client %.0f tok/s", b->server_load.gen_tps,
		        cell->progress.output_tps);
	if (cell->have_load && isfinite(cell->load.gap_p99_ms))
		pen_pair(p, 3, "next send p99", ROLE_TEXT, "%.1f ms", cell->load.gap_p99_ms);
	if (cell->have_load && isfinite(cell->load.cpu_share))
		pen_pair(p, 3, "client CPU", cell->load.cpu_share > 0.8 ? ROLE_WARN : ROLE_TEXT, "%.0f%%",
		        cell->load.cpu_share * 100);
}

static bool wants_reference(const struct dash_row *r)
{
	return !r->cell || (!r->cell->have_load && !r->cell->have_progress);
}

static void reference(struct pen *p, const struct view *v, const struct dash_row *r)
{
	char text[40];
	if (!isfinite(r->ref_tput)) {
		pen_put(p, ROLE_DIM, 0, "no reference for this row");
		return;
	}
	pen_pair(p, 0, ref_name(v), ROLE_TEXT, "%s tok/s/GPU", fmt_number(r->ref_tput, 1, text));
	pen_pair(p, 3, "E2E", ROLE_TEXT, "%s ms", fmt_number(r->ref_e2e, 0, text));
	pen_pair(p, 3, "", ROLE_TEXT, "%s tok/s/u", fmt_number(r->ref_intvty, 1, text));
}

/* Sentences about the row, one a line, the weightiest first; stops at the last line of r. */
struct says {
	struct canvas *c;
	struct rect r;
	int used;
};

static void say(struct says *s, enum role role, const char *mark, const char *text)
{
	if (!text[0] || s->used >= s->r.rows)
		return;
	canvas_text(s->c, s->r.row + s->used, s->r.col, 1, role, 0, mark);
	s->used += form_wrap(s->c, (struct rect){s->r.row + s->used, s->r.col + 2, s->r.rows - s->used, s->r.cols - 2},
	        role, 0, text);
}

static void say_post(struct says *s, const struct board_cell *cell)
{
	struct words w;
	char line[320];
	if (cell->post.state == POST_NONE)
		return;
	words_post(&w, cell, 12);
	if (cell->post.state == POST_UNKNOWN)
		str_fmt(line, sizeof line, "post unknown: %s",
		        cell->post.text[0] ? cell->post.text : "the board did not say; look at its table");
	else
		str_fmt(line, sizeof line, "%s%s%s", w.text, cell->post.text[0] ? ": " : "", cell->post.text);
	say(s, w.role, cell->post.state == POST_CONFIRMED ? "✓" : w.role == ROLE_BAD ? "✗" : "·", line);
}

static void say_all(struct says *s, const struct dash_row *r)
{
	const struct board_cell *cell = r->cell;
	char line[256];
	if (!cell)
		return;
	if (r->status > CELL_RUNNING && r->status != CELL_PASSED)
		say(s, r->status == CELL_FAILED || r->status == CELL_GATE_FAILED ? ROLE_BAD : ROLE_WARN,
		        r->status == CELL_FAILED || r->status == CELL_GATE_FAILED ? "✗" : "-", cell->done.text);
	if (cell->have_gate && !cell->gate.passed)
		say(s, ROLE_BAD, "✗", cell->gate.text);
	for (int doubt = 1; doubt >= 0; doubt--) {
		for (int i = 0; i < cell->n_flags && i < BOARD_FLAGS; i++) {
			if (cell->flags[i].doubt == (doubt == 1))
				say(s, doubt ? ROLE_WARN : ROLE_DIM, doubt ? "!" : "·", cell->flags[i].text);
		}
		if (doubt == 1)
			say_post(s, cell);
	}
	if (cell->have_load && cell->load.failed > 0)
		say(s, ROLE_WARN, "!", cell->load.first_error);
	if (cell->have_result)
		say(s, ROLE_DIM, "·", str_fmt(line, sizeof line, "saved as %s", path_base(cell->result.path)));
}

static void latency_table(struct canvas *c, struct rect r, const struct board_cell *cell)
{
	static const char *const heads[] = {"median", "p99", "mean", "std"};
	struct latency l[4];
	char text[40];
	latencies(cell, l);
	canvas_text(c, r.row, r.col, 10, ROLE_DIM, 0, "ms");
	for (int k = 0; k < 4; k++)
		canvas_right(c, r.row, r.col + 6 + 11 * k, 10, ROLE_DIM, 0, heads[k]);
	for (int i = 0; i < 4; i++) {
		const double values[] = {l[i].median, l[i].p99, l[i].mean, l[i].std};
		canvas_text(c, r.row + 1 + i, r.col, 5, ROLE_DIM, 0, l[i].name);
		for (int k = 0; k < 4; k++) {
			enum role role = !isfinite(values[k]) ? ROLE_DIM : k == 0 ? ROLE_STRONG : ROLE_TEXT;
			canvas_right(c, r.row + 1 + i, r.col + 6 + 11 * k, 10, role, 0,
			        fmt_number(values[k], l[i].decimals, text));
		}
	}
}

/* At wide screens: what the client received, second by second. */
static void detail_graph(struct canvas *c, struct rect r, const struct board *b)
{
	float values[BOARD_SPARK];
	double max = 0;
	int n = b->out_tps.n < BOARD_SPARK ? b->out_tps.n : BOARD_SPARK;
	for (int i = 0; i < n; i++) {
		values[i] = b->out_tps.v[(b->out_tps.head - n + i + 2 * BOARD_SPARK) % BOARD_SPARK];
		if (isfinite(values[i]) && values[i] > max)
			max = values[i];
	}
	char text[40];
	if (n == 0)
		return;
	canvas_text(c, r.row, r.col, r.cols, ROLE_DIM, 0, "client, tok/s by arrival");
	canvas_printf(
	        c, r.row, r.col + r.cols - 12, 12, ROLE_DIM, 0, "%12s", str_fmt(text, sizeof text, "max %.0f", max));
	widget_graph(c, (struct rect){r.row + 1, r.col, r.rows - 1, r.cols}, values, n, max);
}

static void detail_tall(
        struct canvas *c, struct rect r, const struct board *b, const struct view *v, const struct dash_row *row)
{
	int left = 53, graph = r.cols >= 160 ? 60 : 0;
	int right = r.cols - left - (graph ? graph + 3 : 0);
	struct pen p = pen_at(c, r.row, r.col, r.cols - (graph ? graph + 3 : 0));
	counts(&p, row);
	if (wants_reference(row)) {
		pen_gap(&p, 3);
		reference(&p, v, row);
	} else
		counts_more(&p, row);
	latency_table(c, (struct rect){r.row + 1, r.col, 5, 50}, row->cell);
	p = pen_at(c, r.row + 1, r.col + left, right);
	checks(&p, b, row);
	bool any = p.col > r.col + left;
	struct says s = {c, {r.row + 1 + any, r.col + left, r.rows - 1 - any, right}, 0};
	say_all(&s, row);
	if (graph)
		detail_graph(c, (struct rect){r.row, r.col + r.cols - graph, r.rows, graph}, b);
}

/* The latencies on one line; a narrow one keeps those that are looked at most. */
static void figures(struct pen *p, const struct dash_row *r)
{
	struct latency l[4];
	char a[40], z[40];
	if (!latencies(r->cell, l))
		return;
	if (p->end - p->col >= 88) {
		for (int i = 0; i < 4; i++) {
			int decimals = i == 1 ? 2 : i == 2 ? 1 : 0;
			pen_pair(p, 3, l[i].name, ROLE_TEXT, "%s p99 %s", fmt_number(l[i].median, decimals, a),
			        fmt_number(l[i].p99, decimals, z));
		}
		return;
	}
	pen_pair(p, 2, "TTFT", ROLE_TEXT, "%s p99 %s", fmt_number(l[0].median, 0, a), fmt_number(l[0].p99, 0, z));
	pen_pair(p, 2, "TPOT", ROLE_TEXT, "%s", fmt_number(l[1].median, 2, a));
	str_fmt(z, sizeof z, isfinite(l[3].p99) ? "%.1fs" : "—", l[3].p99 / 1000);
	if (p->end - p->col >= 2 + 8 + 5 + 2 + 8 + (int)strlen(z))
		pen_pair(p, 2, "ITL p99", ROLE_TEXT, "%s", fmt_number(l[2].p99, 1, a));
	pen_pair(p, 2, "E2E p99", ROLE_TEXT, "%s", z);
}

static void detail_short(
        struct canvas *c, struct rect r, const struct board *b, const struct view *v, const struct dash_row *row)
{
	struct pen p = pen_at(c, r.row, r.col, r.cols);
	counts(&p, row);
	figures(&p, row);
	struct says s = {c, {r.row + 1, r.col, r.rows - 1, r.cols}, 0};
	if (r.rows >= 3 || !first_flag(row->cell)) {
		p = pen_at(c, r.row + 1, r.col, r.cols);
		if (wants_reference(row))
			reference(&p, v, row);
		else
			checks(&p, b, row);
		s.r.row++;
		s.r.rows--;
	}
	say_all(&s, row);
}

static void detail_title(struct canvas *c, const struct dash_layout *l, const struct dash_row *row)
{
	struct rect r = l->detail_title;
	widget_rule(c, r.row, r.col, r.cols, l->composed);
	struct pen p = pen_at(c, r.row, r.col + (l->composed ? 2 : 1), r.cols - 4);
	if (!row->plan)
		return;
	pen_put(&p, ROLE_TITLE, 0, " CONC %d  ", row->plan->conc);
	pen_put(&p, ROLE_DIM, 0, "%d in, %d out", row->plan->isl, row->plan->osl);
	if (row->cell && row->cell->plan.repeat > 1)
		pen_put(&p, ROLE_DIM, 0, ", repeat %lld", (long long)row->cell->plan.repeat);
	if (row->plan->num_prompts != row->plan->rule_prompts)
		pen_put(&p, ROLE_WARN, 0, ", %d requests (rule %d)", row->plan->num_prompts, row->plan->rule_prompts);
	canvas_text(c, r.row, p.col, 1, ROLE_BOX, 0, " ");
}

void dash_detail(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	struct dash_row row;
	dash_row_make(&row, b, v, v->focus);
	detail_title(c, l, &row);
	if (!row.plan)
		return;
	if (l->tall)
		detail_tall(c, l->detail, b, v, &row);
	else
		detail_short(c, l->detail, b, v, &row);
}
