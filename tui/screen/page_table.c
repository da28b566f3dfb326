/* The tables of a run's page: the three headline figures against the reference, the latencies with the client's own
 * health, and the single repeats. */
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "page_run.h"
#include <math.h>
#include <string.h>

/* ---- headline figures ---- */

enum {
	T_CONC,
	T_STATE,
	T_TPUT,
	T_SPREAD,
	T_BAR,
	T_TPUT_RATIO,
	T_TPUT_REF,
	T_E2E,
	T_E2E_RATIO,
	T_E2E_REF,
	T_INTVTY,
	T_INTVTY_RATIO,
	T_INTVTY_REF,
	T_POST,
	T_CHECK,
	T_count
};

static void table_columns(struct page_column t[T_count], const struct run_page *r, char ratio[24])
{
	bool wide = r->page.cols >= PAGE_WIDE - 4, roomy = r->page.framed;
	int refs = wide ? 8 : 0;
	str_fmt(ratio, 24, "×%.5s", r->ref_brief);
	const struct page_column columns[T_count] = {[T_CONC] = {.head = "CONC", .cols = 4, .right = true},
	        [T_STATE] = {.head = "result", .gap = 2, .cols = roomy ? 15 : 13, .most = roomy ? 17 : 14},
	        [T_TPUT] = {.head = roomy ? "tok/s/GPU" : "tok/s/G", .gap = 1, .cols = roomy ? 9 : 8, .right = true},
	        [T_SPREAD] = {.head = "sd", .gap = 1, .cols = r->repeats ? 5 : 0, .rank = 2, .right = true},
	        [T_BAR] = {.gap = 2, .cols = 11, .most = wide ? 41 : 27, .rank = 8},
	        [T_TPUT_RATIO] = {.head = ratio, .gap = roomy ? 2 : 1, .cols = 6},
	        [T_TPUT_REF] = {.head = r->ref_brief, .cols = refs, .gap = 1, .rank = 9, .right = true},
	        [T_E2E] = {.head = "E2E ms", .gap = roomy ? 2 : 1, .cols = 7, .right = true},
	        [T_E2E_RATIO] = {.head = ratio, .gap = 1, .cols = 6, .rank = 3},
	        [T_E2E_REF] = {.head = r->ref_brief, .cols = refs, .gap = 1, .rank = 9, .right = true},
	        [T_INTVTY] = {.head = "tok/s/u", .gap = roomy ? 2 : 1, .cols = 7, .right = true},
	        [T_INTVTY_RATIO] = {.head = ratio, .gap = 1, .cols = 6, .rank = 4},
	        [T_INTVTY_REF] = {.head = r->ref_brief, .cols = refs, .gap = 1, .rank = 9, .right = true},
	        [T_POST] = {.head = "post", .gap = 2, .cols = r->submit ? 10 : 0, .rank = 7},
	        [T_CHECK] = {.head = "check",
	                .gap = roomy ? 2 : 1,
	                .cols = roomy ? 13 : 7,
	                .most = roomy ? 20 : 12,
	                .rank = 1}};
	memcpy(t, columns, sizeof columns);
	page_columns(t, T_count, r->page.cols);
	if (!t[T_BAR].off && t[T_BAR].cols % 2 == 0)
		t[T_BAR].cols--; /* the mark stands in the middle */
}

static void row_state(const struct run_page *r, const struct run_row *row, int cols, struct words *w)
{
	struct dash_row d = {.cell = row->cell, .plan = NULL, .status = row->cell->status};
	if (row->rows > 1) {
		bool all = row->passed == row->rows;
		w->role = all ? ROLE_GOOD : row->passed > 0 ? ROLE_WARN : ROLE_BAD;
		str_fmt(w->text, sizeof w->text, "%s %d of %d passed",
		        all               ? "✓"
		        : row->passed > 0 ? "-"
		                          : "✗",
		        row->passed, row->rows);
		if (text_width(w->text, strlen(w->text)) > cols)
			str_fmt(w->text, sizeof w->text, "%s %d of %d",
			        all               ? "✓"
			        : row->passed > 0 ? "-"
			                          : "✗",
			        row->passed, row->rows);
		return;
	}
	if (d.status == CELL_QUEUED || d.status == CELL_RUNNING) {
		w->role = ROLE_DIM;
		str_fmt(w->text, sizeof w->text, "· %s",
		        r->b->finished             ? "not run"
		        : d.status == CELL_RUNNING ? "not finished"
		                                   : "not run yet");
		return;
	}
	words_state(w, r->b, NULL, &d, cols, r->page.c->ascii);
}

static void row_check(const struct run_page *r, const struct run_row *row, int cols, struct words *w)
{
	struct dash_row d = {.cell = row->cell};
	if (!r->run->manifest.have && row->doubts == 0) { /* nobody looked: not "ok" */
		w->role = ROLE_DIM;
		str_fmt(w->text, sizeof w->text, "—");
		return;
	}
	if (row->rows > 1 && row->doubts > 0) {
		w->role = ROLE_WARN;
		str_fmt(w->text, sizeof w->text, "! %d of %d", row->doubts, row->rows);
		return;
	}
	words_check(w, &d, cols);
}

/* The ratio of a row that did not pass is no judgement: it is told, not coloured. */
static void put_ratio(struct canvas *c, int at, int left, const struct page_column *t, const struct run_row *row,
        double ratio, bool lower_is_better)
{
	page_ratio(c, at, left, t, ratio, lower_is_better);
	if (row->passed == 0 && !t->off)
		canvas_role(c, at, left + t->at, t->cols, ROLE_DIM, 0);
}

static void table_row(struct run_page *r, const struct page_column *t, const struct run_row *row)
{
	struct canvas *c = r->page.c;
	int at = page_next(&r->page), left = r->page.left;
	enum role strong = row->passed > 0 ? ROLE_STRONG : ROLE_DIM, plain = row->passed > 0 ? ROLE_TEXT : ROLE_DIM;
	char text[40];
	struct words w;
	page_cell(c, at, left, &t[T_CONC], ROLE_STRONG, str_fmt(text, sizeof text, "%d", row->conc));
	row_state(r, row, t[T_STATE].cols, &w);
	page_cell(c, at, left, &t[T_STATE], w.role, w.text);
	page_number(c, at, left, &t[T_TPUT], strong, row->tput, 1);
	if (isfinite(row->spread))
		page_cell(
		        c, at, left, &t[T_SPREAD], ROLE_TEXT, str_fmt(text, sizeof text, "%.1f%%", row->spread * 100));
	if (!t[T_BAR].off)
		widget_ratio_bar(c, at, left + t[T_BAR].at, t[T_BAR].cols, row->passed > 0 ? row->tput_ratio : NAN);
	put_ratio(c, at, left, &t[T_TPUT_RATIO], row, row->tput_ratio, false);
	page_number(c, at, left, &t[T_TPUT_REF], ROLE_DIM, row->ref_tput, 1);
	page_number(c, at, left, &t[T_E2E], plain, row->e2e, 0);
	put_ratio(c, at, left, &t[T_E2E_RATIO], row, row->e2e_ratio, true);
	page_number(c, at, left, &t[T_E2E_REF], ROLE_DIM, row->ref_e2e, 0);
	page_number(c, at, left, &t[T_INTVTY], plain, row->intvty, 1);
	put_ratio(c, at, left, &t[T_INTVTY_RATIO], row, row->intvty_ratio, false);
	page_number(c, at, left, &t[T_INTVTY_REF], ROLE_DIM, row->ref_intvty, 1);
	words_post(&w, row->cell, t[T_POST].cols);
	page_cell(c, at, left, &t[T_POST], w.role, w.text);
	row_check(r, row, t[T_CHECK].cols, &w);
	page_cell(c, at, left, &t[T_CHECK], w.role, w.text);
}

void run_table(struct run_page *r)
{
	struct page_column t[T_count];
	char ratio[24];
	struct pen p = page_rule(&r->page);
	pen_put(&p, ROLE_TITLE, 0, " Results ");
	pen_put(&p, ROLE_GOOD, 0, "  +");
	pen_put(&p, ROLE_DIM, 0, " better than %s  ", r->ref_brief);
	pen_put(&p, ROLE_BAD, 0, "-");
	pen_put(&p, ROLE_DIM, 0, " worse  = equal ");
	if (r->repeats)
		pen_put(&p, ROLE_DIM, 0, "  means of the repeats, sd over them ");
	table_columns(t, r, ratio);
	int row = page_next(&r->page);
	page_heads(r->page.c, row, r->page.left, t, T_count);
	page_bar_head(r->page.c, row, r->page.left, &t[T_BAR], r->ref_brief);
	for (int i = 0; i < r->n; i++)
		table_row(r, t, &r->rows[i]);
	if (r->more > 0)
		canvas_printf(r->page.c, page_next(&r->page), r->page.left, r->page.cols, ROLE_DIM, 0,
		        "     %d more rows are in the results, not on this page", r->more);
}

/* ---- latencies and client ---- */

enum {
	L_CONC,
	L_TTFT,
	L_TTFT99,
	L_TPOT,
	L_TPOT99,
	L_ITL,
	L_ITL99,
	L_E2E99,
	L_DONE,
	L_FAILED,
	L_TOOK,
	L_RATE,
	L_OUT,
	L_TOTAL,
	L_SLOTS,
	L_LATE,
	L_GAP,
	L_CPU,
	L_count
};

static const struct page_column latency_all[L_count] = {[L_CONC] = {.head = "CONC", .cols = 4, .right = true},
        [L_TTFT] = {.head = "TTFT ms", .gap = 2, .cols = 8, .right = true},
        [L_TTFT99] = {.head = "p99", .gap = 1, .cols = 8, .right = true},
        [L_TPOT] = {.head = "TPOT ms", .gap = 2, .cols = 7, .right = true},
        [L_TPOT99] = {.head = "p99", .gap = 1, .cols = 6, .rank = 5, .right = true},
        [L_ITL] = {.head = "ITL ms", .gap = 2, .cols = 6, .right = true},
        [L_ITL99] = {.head = "p99", .gap = 1, .cols = 6, .right = true},
        [L_E2E99] = {.head = "E2E p99", .gap = 2, .cols = 7, .rank = 6, .right = true},
        [L_DONE] = {.head = "done", .gap = 2, .cols = 9, .rank = 1, .right = true},
        [L_FAILED] = {.head = "failed", .gap = 1, .cols = 6, .rank = 2, .right = true},
        [L_TOOK] = {.head = "took", .gap = 2, .cols = 6, .rank = 10, .right = true},
        [L_RATE] = {.head = "req/s", .gap = 2, .cols = 6, .rank = 12, .right = true},
        [L_OUT] = {.head = "out tok/s", .gap = 2, .cols = 9, .rank = 13, .right = true},
        [L_TOTAL] = {.head = "in+out tok/s", .gap = 2, .cols = 12, .rank = 11, .right = true},
        [L_SLOTS] = {.head = "slots", .gap = 2, .cols = 5, .rank = 9, .right = true},
        [L_LATE] = {.head = "late", .gap = 2, .cols = 4, .rank = 8, .right = true},
        [L_GAP] = {.head = "gap", .gap = 2, .cols = 4, .rank = 8, .right = true},
        [L_CPU] = {.head = "CPU", .gap = 2, .cols = 3, .rank = 7, .right = true}};

static void put_share(struct canvas *c, int at, int left, const struct page_column *t, double share, bool warn)
{
	char text[16];
	if (!isfinite(share) || fabs(share) > 99)
		page_cell(c, at, left, t, ROLE_DIM, "—");
	else
		page_cell(c, at, left, t, warn ? ROLE_WARN : ROLE_TEXT,
		        str_fmt(text, sizeof text, "%.0f%%", share * 100));
}

static void latency_row(struct run_page *r, const struct page_column *t, const struct run_row *row)
{
	struct canvas *c = r->page.c;
	int at = page_next(&r->page), left = r->page.left;
	enum role plain = row->passed > 0 ? ROLE_TEXT : ROLE_DIM;
	char text[48];
	page_cell(c, at, left, &t[L_CONC], ROLE_STRONG, str_fmt(text, sizeof text, "%d", row->conc));
	page_number(c, at, left, &t[L_TTFT], plain, row->ttft, 1);
	page_number(c, at, left, &t[L_TTFT99], plain, row->ttft_p99, 1);
	page_number(c, at, left, &t[L_TPOT], plain, row->tpot, 2);
	page_number(c, at, left, &t[L_TPOT99], plain, row->tpot_p99, 2);
	page_number(c, at, left, &t[L_ITL], plain, row->itl, 2);
	page_number(c, at, left, &t[L_ITL99], plain, row->itl_p99, 2);
	page_number(c, at, left, &t[L_E2E99], plain, row->e2e_p99, 0);
	bool counted = row->loads > 0 && row->done >= 0;
	page_cell(c, at, left, &t[L_DONE], counted ? plain : ROLE_DIM,
	        counted ? str_fmt(text, sizeof text, "%lld/%lld", (long long)row->done, (long long)row->prompts) : "—");
	page_cell(c, at, left, &t[L_FAILED],
	        !counted          ? ROLE_DIM
	        : row->failed > 0 ? ROLE_BAD
	                          : plain,
	        counted ? str_fmt(text, sizeof text, "%lld", (long long)row->failed) : "—");
	page_cell(c, at, left, &t[L_TOOK], isfinite(row->duration_s) ? plain : ROLE_DIM,
	        row->duration_s > 0 ? clock_duration(row->duration_s, text) : "—");
	page_number(c, at, left, &t[L_RATE], plain, row->request_rate, 2);
	page_number(c, at, left, &t[L_OUT], plain, row->out_tps, 0);
	page_number(c, at, left, &t[L_TOTAL], plain, row->total_tps, 0);
	page_number(c, at, left, &t[L_SLOTS], row->slots < 0.9 * row->conc ? ROLE_WARN : plain, row->slots, 2);
	page_number(c, at, left, &t[L_LATE], row->late > 5 ? ROLE_WARN : plain, row->late, 1);
	page_number(c, at, left, &t[L_GAP], row->gap > 5 ? ROLE_WARN : plain, row->gap, 1);
	put_share(c, at, left, &t[L_CPU], row->cpu, row->cpu > 0.8);
}

/* Where the columns have no room: the worst of all rows on a line. */
static void client_line(struct run_page *r)
{
	double late = NAN, gap = NAN, cpu = NAN, slots = NAN;
	for (int i = 0; i < r->n; i++) {
		const struct run_row *row = &r->rows[i];
		late = fmax(late, row->late);
		gap = fmax(gap, row->gap);
		cpu = fmax(cpu, row->cpu);
		slots = fmin(slots, row->slots / row->conc);
	}
	struct pen p = pen_at(r->page.c, page_next(&r->page), r->page.left, r->page.cols);
	pen_put(&p, ROLE_DIM, 0, "client at worst");
	if (!isfinite(late) && !isfinite(gap) && !isfinite(cpu) && !isfinite(slots)) {
		pen_put(&p, ROLE_DIM, 0, " — not recorded");
		return;
	}
	const struct {
		const char *label, *unit;
		double value;
		int decimals;
		bool warn;
	} items[] = {{"late p99", " ms", late, 1, late > 5}, {"gap p99", " ms", gap, 1, gap > 5},
	        {"CPU", "%", cpu * 100, 0, cpu > 0.8}, {"slots", "%", slots * 100, 0, slots < 0.9}};
	for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
		char text[40];
		if (isfinite(items[i].value) && fabs(items[i].value) < 1e6)
			pen_pair(&p, 2, items[i].label, items[i].warn ? ROLE_WARN : ROLE_TEXT, "%s%s",
			        fmt_number(items[i].value, items[i].decimals, text), items[i].unit);
	}
}

void run_latency(struct run_page *r)
{
	struct page_column t[L_count];
	if (!r->measured)
		return;
	memcpy(t, latency_all, sizeof t);
	page_columns(t, L_count, r->page.cols);
	struct pen p = page_rule(&r->page);
	pen_put(&p, ROLE_TITLE, 0, " Latency, requests, client ");
	if (!t[L_LATE].off)
		pen_put(&p, ROLE_DIM, 0, "%slate, gap to the next send: the client's own p99, ms ",
		        r->page.cols >= PAGE_WIDE - 4 ? "  medians and p99; slots in use, mean; " : "  ");
	page_heads(r->page.c, page_next(&r->page), r->page.left, t, L_count);
	for (int i = 0; i < r->n; i++)
		latency_row(r, t, &r->rows[i]);
	if (t[L_LATE].off)
		client_line(r);
}

/* ---- repeats ---- */

static void repeat_line(struct run_page *r, const struct run_row *row)
{
	struct pen p = pen_at(r->page.c, page_next(&r->page), r->page.left, r->page.cols);
	char text[48];
	pen_put(&p, ROLE_STRONG, 0, "%4d", row->conc);
	pen_put(&p, ROLE_DIM, 0, "  n ");
	pen_put(&p, ROLE_TEXT, 0, "%d", row->passed);
	pen_put(&p, ROLE_DIM, 0, "  sd ");
	if (isfinite(row->spread))
		pen_put(&p, ROLE_TEXT, 0, "%5.2f%%", row->spread * 100);
	else
		pen_put(&p, ROLE_DIM, 0, "     —");
	pen_put(&p, ROLE_DIM, 0, "  tok/s/GPU");
	int first = p.col - r->page.left;
	for (int i = 0; i < r->b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *cell = &r->b->cells[i];
		if (!run_page_has(r, cell) || cell->plan.conc != row->conc)
			continue;
		bool passed = cell->status == CELL_PASSED;
		if (p.end - p.col < 10) /* many repeats go on below the first one */
			p = pen_at(r->page.c, page_next(&r->page), r->page.left + first, r->page.cols - first);
		pen_put(&p, passed ? ROLE_TEXT : ROLE_DIM, 0, " %s",
		        fmt_fixed(cell->have_load ? cell->load.tput_per_gpu : NAN, 1, 8, text));
		pen_put(&p, ROLE_WARN, 0, "%s", cell->n_doubts > 0 ? "!" : " ");
	}
}

void run_repeats(struct run_page *r)
{
	if (!r->repeats)
		return;
	struct pen p = page_rule(&r->page);
	pen_put(&p, ROLE_TITLE, 0, " Repeats ");
	pen_put(&p, ROLE_DIM, 0, "  sd: relative standard deviation of the throughput; ! a row with doubts ");
	for (int i = 0; i < r->n; i++) {
		if (r->rows[i].rows > 1)
			repeat_line(r, &r->rows[i]);
	}
}
