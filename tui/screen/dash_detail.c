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

static bool latencies(const struct dash_row *r, struct latency out[4])
{
	static const struct ev_load_progress none = {.ttft_median = NAN,
	        .ttft_p99 = NAN,
	        .tpot_median = NAN,
	        .tpot_p99 = NAN,
	        .itl_median = NAN,
	        .itl_p99 = NAN,
	        .e2el_median = NAN,
	        .e2el_p99 = NAN};
	if (r->cell && r->cell->have_load) {
		const struct ev_load_measured *m = &r->cell->load;
		out[0] = (struct latency){"TTFT", m->ttft_median, m->ttft_p99, m->ttft_mean, m->ttft_std, 1};
		out[1] = (struct latency){"TPOT", m->tpot_median, m->tpot_p99, m->tpot_mean, m->tpot_std, 2};
		out[2] = (struct latency){"ITL", m->itl_median, m->itl_p99, m->itl_mean, m->itl_std, 2};
		out[3] = (struct latency){"E2E", m->e2el_median, m->e2el_p99, m->e2el_mean, m->e2el_std, 0};
		return true;
	}
	const struct ev_load_progress *p = r->progress && !r->progress->warmup ? r->progress : &none;
	out[0] = (struct latency){"TTFT", p->ttft_median, p->ttft_p99, NAN, NAN, 1};
	out[1] = (struct latency){"TPOT", p->tpot_median, p->tpot_p99, NAN, NAN, 2};
	out[2] = (struct latency){"ITL", p->itl_median, p->itl_p99, NAN, NAN, 2};
	out[3] = (struct latency){"E2E", p->e2el_median, p->e2el_p99, NAN, NAN, 0};
	return p != &none;
}

static int digits_of(int64_t n)
{
	char text[24];
	return (int)strlen(str_fmt(text, sizeof text, "%lld", (long long)n));
}

/* "done 248/400  failed 0  in flight  8": as wide at the start as at the end. */
static void counts(struct pen *p, const struct dash_row *r)
{
	const struct board_cell *cell = r->cell;
	char text[40], took[16];
	if (cell && cell->have_load) {
		const struct ev_load_measured *m = &cell->load;
		pen_pair(p, 0, "done", ROLE_TEXT, "%lld/%lld", (long long)m->completed,
		        (long long)cell->plan.num_prompts);
		pen_pair(p, 2, "failed", m->failed > 0 ? ROLE_BAD : ROLE_TEXT, "%lld", (long long)m->failed);
		pen_pair(p, 2, "in", ROLE_TEXT, "%s", clock_duration(m->duration_s, took));
		return;
	}
	if (r->progress) {
		const struct ev_load_progress *g = r->progress;
		if (g->warmup)
			pen_put(p, ROLE_INFO, 0, "warm-up ");
		pen_pair(p, 0, "done", ROLE_TEXT, "%*lld/%lld", digits_of(g->total), (long long)g->done,
		        (long long)g->total);
		pen_pair(p, 2, "failed", g->failed > 0 ? ROLE_BAD : ROLE_TEXT, "%lld", (long long)g->failed);
		if (cell->status == CELL_RUNNING)
			pen_pair(p, 2, "in flight", ROLE_TEXT, "%*lld", digits_of(cell->plan.conc),
			        (long long)g->in_flight);
		return;
	}
	pen_pair(p, 0, "requests", ROLE_TEXT, "%s", fmt_number(r->plan->num_prompts, 0, text));
	pen_pair(p, 2, "expected", ROLE_TEXT, "%s", fmt_about(r->plan->expect_s, took));
}

static void counts_more(struct pen *p, const struct dash_row *r)
{
	const struct board_cell *cell = r->cell;
	char text[48];
	if (cell && cell->have_load) {
		pen_pair(p, 3, "", ROLE_TEXT, "%s req/s", fmt_number(cell->load.request_throughput, 2, text));
		pen_pair(p, 3, "out", ROLE_TEXT, "%s tok/s", fmt_number(cell->load.output_throughput, 0, text));
		pen_pair(p, 3, "in + out", ROLE_TEXT, "%s tok/s",
		        fmt_number(cell->load.total_token_throughput, 0, text));
	} else if (r->live) {
		const struct ev_load_progress *g = r->progress;
		pen_pair(p, 2, "out", ROLE_TEXT, "%s tok/s", fmt_fixed(g->output_tps, 0, 7, text));
		pen_pair(p, 2, "left", ROLE_TEXT, "%s", fmt_about(g->eta_s, text));
		if (!isfinite(g->tput_per_gpu))
			pen_pair(p, 2, "", ROLE_DIM, "figures after %lld answers", (long long)cell->plan.conc);
	}
}

/* "vs ref tok/s/GPU -12.8±2.0%", where the sweep has no room for it. */
static void against_pinned(struct pen *p, const struct dash_layout *l, const struct board *b, const struct view *v,
        const struct dash_row *r)
{
	char text[24];
	struct sweep_columns s;
	layout_sweep(&s, l->sweep.cols, dash_sweep_with(l, b, v));
	if (!pin_shown(v) || s.pinned.cols > 0 || !r->cell || (!r->cell->have_load && !r->progress))
		return;
	pen_pair(p, 0, "vs ref tok/s/GPU", pin_role(r), "%s%s", fmt_change(r->pin_change, r->pin_noise, 14, text),
	        isfinite(r->pin_change) ? "%" : "");
	if (r->pin_verdict == COMPARE_SAME)
		pen_put(p, ROLE_TEXT, 0, " =");
	pen_gap(p, 2);
}

/* Whether client and server agree, and whether the client was in the way. */
static void checks(struct pen *p, const struct board *b, const struct view *v, const struct dash_row *r)
{
	const struct board_cell *cell = r->cell;
	const struct ev_server_load *s = server_load_shown(b, v);
	char text[48], ours[48];
	if (!cell || (!cell->have_load && !r->progress))
		return;
	double slots = cell->have_load ? cell->load.slots_mean : r->progress->slots_mean;
	double late = cell->have_load ? cell->load.late_p99_ms : r->progress->late_p99_ms;
	if (isfinite(slots))
		pen_pair(p, 0, "slots", slots < 0.9 * (double)cell->plan.conc ? ROLE_WARN : ROLE_TEXT, "%s/%lld",
		        fmt_fixed(slots, 2, digits_of(cell->plan.conc) + 3, text), (long long)cell->plan.conc);
	if (isfinite(late))
		pen_pair(p, 2, "client late p99", late > 5 ? ROLE_WARN : ROLE_TEXT, "%s ms",
		        fmt_fixed(late, 1, 4, text));
	if (r->live && s && isfinite(s->gen_tps) && isfinite(r->progress->output_tps))
		pen_pair(p, 2, "server", ROLE_TEXT, "%s ~ client %s", fmt_fixed(s->gen_tps, 0, 6, text),
		        fmt_fixed(r->progress->output_tps, 0, 6, ours));
	if (cell->have_load && isfinite(cell->load.gap_p99_ms))
		pen_pair(p, 2, "next send p99", ROLE_TEXT, "%.1f ms", cell->load.gap_p99_ms);
	if (cell->have_load && isfinite(cell->load.cpu_share))
		pen_pair(p, 2, "client CPU", cell->load.cpu_share > 0.8 ? ROLE_WARN : ROLE_TEXT, "%.0f%%",
		        cell->load.cpu_share * 100);
}

static bool wants_reference(const struct dash_row *r)
{
	return !r->cell || (!r->cell->have_load && !r->progress);
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
	int used, left_out;
};

static void say(struct says *s, enum role role, const char *mark, const char *text)
{
	if (!text[0])
		return;
	if (s->used >= s->r.rows) {
		s->left_out++;
		return;
	}
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

/* "3 requests failed: 2 by status, 1 cut. The first: HTTP 500 ..." */
static void say_failures(struct says *s, const struct board_cell *cell)
{
	const struct ev_load_measured *m = &cell->load;
	const struct {
		int64_t n;
		const char *words;
	} kinds[] = {{m->fail_connect, "not connected"}, {m->fail_http, "by status"}, {m->fail_cut, "cut or timed out"},
	        {m->fail_protocol, "by an error in the stream"}, {m->fail_usage, "too short"}};
	char line[480], head[200], list[160] = "";
	if (!cell->have_load || m->failed <= 0)
		return;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t len = strlen(list);
		if (kinds[i].n > 0)
			str_fmt(list + len, sizeof list - len, "%s%lld %s", len ? ", " : ": ", (long long)kinds[i].n,
			        kinds[i].words);
	}
	bool said = false; /* the flag gives their number */
	for (int i = 0; i < cell->n_flags && i < BOARD_FLAGS; i++)
		said = said || cell->flags[i].flag == FLAG_FAILED_REQUESTS;
	if (said && !list[0] && !m->first_error[0])
		return;
	if (said)
		str_fmt(head, sizeof head, "failures%s", list);
	else
		str_fmt(head, sizeof head, "%lld failed%s", (long long)m->failed, list);
	str_fmt(line, sizeof line, "%s%s%s", head, m->first_error[0] ? "; the first: " : "", m->first_error);
	say(s, ROLE_WARN, "!", line);
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
	say_failures(s, cell);
	if (cell->have_result)
		say(s, ROLE_DIM, "·", str_fmt(line, sizeof line, "saved as %s", path_base(cell->result.path)));
}

static void latency_table(struct canvas *c, struct rect r, const struct dash_row *row)
{
	static const char *const heads[] = {"median", "p99", "mean", "std"};
	struct latency l[4];
	char text[40];
	latencies(row, l);
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

static int detail_tall(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v,
        const struct dash_row *row)
{
	struct rect r = l->detail;
	int left = 53, graph = r.cols >= 160 ? 60 : 0;
	int right = r.cols - left - (graph ? graph + 3 : 0);
	struct pen p = pen_at(c, r.row, r.col, r.cols - (graph ? graph + 3 : 0));
	counts(&p, row);
	if (wants_reference(row)) {
		pen_gap(&p, 3);
		reference(&p, v, row);
	} else
		counts_more(&p, row);
	latency_table(c, (struct rect){r.row + 1, r.col, 5, 50}, row);
	p = pen_at(c, r.row + 1, r.col + left, right);
	against_pinned(&p, l, b, v, row);
	checks(&p, b, v, row);
	bool any = p.col > r.col + left;
	struct says s = {c, {r.row + 1 + any, r.col + left, r.rows - 1 - any, right}, 0, 0};
	say_all(&s, row);
	if (graph)
		detail_graph(c, (struct rect){r.row, r.col + r.cols - graph, r.rows, graph}, b);
	return s.left_out;
}

/* The latencies on one line, in columns that stand still; a narrow one keeps those that are looked at most. */
static void figures(struct pen *p, const struct dash_row *r)
{
	struct latency l[4];
	char a[48], z[48];
	bool wide = p->end - p->col >= 110;
	latencies(r, l);
	for (int i = 0; i < 4; i++) {
		int decimals = i == 1 ? 2 : i == 2 ? 1 : 0, cols = i == 3 ? 7 : i == 1 ? 6 : 5;
		enum role role = isfinite(l[i].median) || isfinite(l[i].p99) ? ROLE_TEXT : ROLE_DIM;
		fmt_fixed(l[i].median, decimals, cols, a);
		fmt_fixed(l[i].p99, decimals, cols + (i == 0), z);
		if (wide || i == 0 || i == 3)
			pen_pair(p, i ? 2 : 0, l[i].name, role, "%s p99 %s", a, z);
		else
			pen_pair(p, 2, i == 1 ? "TPOT" : "ITL p99", role, "%s", i == 1 ? a : z);
	}
	if (wide)
		pen_put(p, ROLE_DIM, 0, "  ms");
}

/* Line by line as long as there is room: counts, latencies, health, then what there is to say. */
static int detail_short(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v,
        const struct dash_row *row)
{
	struct rect r = l->detail;
	struct pen p = pen_at(c, r.row, r.col, r.cols);
	bool fresh = wants_reference(row);
	counts(&p, row);
	if (!fresh)
		counts_more(&p, row);
	int used = 1;
	p = pen_at(c, r.row + used, r.col, r.cols);
	if (fresh)
		reference(&p, v, row);
	else
		figures(&p, row);
	used++;
	if (!fresh && used < r.rows && (r.rows > 3 || !first_flag(row->cell))) {
		p = pen_at(c, r.row + used, r.col, r.cols);
		against_pinned(&p, l, b, v, row);
		checks(&p, b, v, row);
		used += p.col > r.col;
	}
	struct says s = {c, {r.row + used, r.col, r.rows - used, r.cols}, 0, 0};
	say_all(&s, row);
	return s.left_out;
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
	char more[40];
	dash_row_make(&row, b, v, v->focus);
	detail_title(c, l, &row);
	if (!row.plan)
		return;
	int left_out = l->tall ? detail_tall(c, l, b, v, &row) : detail_short(c, l, b, v, &row);
	if (left_out > 0) {
		str_fmt(more, sizeof more, " +%d more in a taller window ", left_out);
		struct rect r = l->detail_title;
		int width = (int)strlen(more);
		canvas_text(c, r.row, r.col + r.cols - width - 2, width, ROLE_DIM, 0, more);
	}
}
