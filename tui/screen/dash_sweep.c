/* The sweep: one row a CONC, ours against the reference. */
#include "../../engine/base/text.h"
#include "dash.h"
#include <math.h>
#include <string.h>

/* "B200 (simulated)" where there is room for a word only. ASCII alone, so that bytes are columns. */
static const char *ref_brief(const struct view *v, char out[24])
{
	const char *name = ref_name(v);
	size_t n = 0;
	while (n < 8 && name[n] > ' ' && name[n] < 0x7f)
		n++;
	return n > 0 ? str_fmt(out, 24, "%.*s", (int)n, name) : "ref";
}

static void put_right(struct canvas *c, int row, int left, struct span s, enum role role, const char *text)
{
	canvas_right(c, row, left + s.col, s.cols, role, 0, text);
}

static void put_left(struct canvas *c, int row, int left, struct span s, enum role role, const char *text)
{
	canvas_fit(c, row, left + s.col, s.cols, role, 0, text);
}

static void put_number(struct canvas *c, int row, int left, struct span s, enum role role, double value, int decimals)
{
	char text[40];
	if (decimals > 0 && fabs(value) >= 10000)
		decimals = 0;
	fmt_number(value, decimals, text);
	if (decimals > 0 && isfinite(value) && (int)strlen(text) >= s.cols) /* no column touches its neighbour */
		fmt_number(value, 0, text);
	if (isfinite(value) && (int)strlen(text) > s.cols) /* rather without commas, or by thousands, than cut */
		str_fmt(text, sizeof text, "%.0f", value);
	if (isfinite(value) && (int)strlen(text) > s.cols)
		str_fmt(text, sizeof text, "%.3g", value);
	put_right(c, row, left, s, isfinite(value) ? role : ROLE_DIM, text);
}

/* "1.18 +": the sign has a column of its own, so that the numbers stand in line. */
static void put_ratio(struct canvas *c, int row, int left, struct span s, double ratio, bool lower_is_better)
{
	char text[16];
	if (s.cols < 6)
		return;
	if (!(ratio >= 0 && ratio < 1000)) {
		canvas_text(c, row, left + s.col + 3, 1, ROLE_DIM, 0, "—");
		return;
	}
	str_fmt(text, sizeof text,
	        ratio >= 99.95   ? "%4.0f %c"
	        : ratio >= 9.995 ? "%4.1f %c"
	                         : "%4.2f %c",
	        ratio, ratio_sign(ratio, lower_is_better));
	canvas_text(c, row, left + s.col, s.cols, ratio_role(ratio, lower_is_better), 0, text);
}

/* "+3.2±2.0 +": against the pinned run, and whether it is beyond the noise. */
static void put_pinned(struct canvas *c, int row, int left, struct span s, const struct dash_row *r)
{
	char text[24];
	if (s.cols < 6)
		return;
	fmt_change(r->pin_change, r->pin_noise, s.cols - 2, text);
	canvas_right(c, row, left + s.col, s.cols - 2, pin_role(r), 0, text);
	canvas_printf(c, row, left + s.col + s.cols - 1, 1, pin_role(r), 0, "%c", pin_sign(r));
}

/* "0 ····· B200 ····· 2×", the name above the mark. */
static void bar_heading(struct canvas *c, int row, int left, struct span s, const struct view *v)
{
	char name[24];
	int width = (int)strlen(ref_brief(v, name)), mark = s.cols / 2, at = mark - width / 2;
	if (s.cols < 5)
		return;
	canvas_fill(c, row, left + s.col, 1, s.cols, s.cols >= 15 ? 0xb7 : ' ', ROLE_DIM, 0);
	canvas_text(c, row, left + s.col, 2, ROLE_DIM, 0, "0 ");
	canvas_text(c, row, left + s.col + s.cols - 3, 3, ROLE_DIM, 0, " 2×");
	if (at < 2 || at + width + 1 > s.cols - 2)
		return;
	canvas_fill(c, row, left + s.col + at - 1, 1, width + 2, ' ', ROLE_DIM, 0);
	canvas_text(c, row, left + s.col + at, width, ROLE_BAR_MARK, 0, name);
}

static void sweep_heading(
        struct canvas *c, struct rect r, const struct sweep_columns *s, const struct view *v, bool wide)
{
	char ratio[40], ref[24];
	str_fmt(ratio, sizeof ratio, "×%.5s", ref_brief(v, ref));
	put_right(c, r.row, r.col, s->conc, ROLE_DIM, "CONC");
	put_left(c, r.row, r.col, s->state, ROLE_DIM, "state");
	put_right(c, r.row, r.col, s->tput, ROLE_DIM, wide ? "tok/s/GPU" : "tok/s/G");
	bar_heading(c, r.row, r.col, s->bar, v);
	put_left(c, r.row, r.col, s->tput_ratio, ROLE_DIM, ratio);
	put_right(c, r.row, r.col, s->e2e, ROLE_DIM, "E2E ms");
	put_left(c, r.row, r.col, s->e2e_ratio, ROLE_DIM, ratio);
	put_right(c, r.row, r.col, s->intvty, ROLE_DIM, "tok/s/u");
	put_left(c, r.row, r.col, s->intvty_ratio, ROLE_DIM, ratio);
	put_right(c, r.row, r.col, s->tput_ref, ROLE_DIM, ref);
	put_left(c, r.row, r.col, s->pinned, ROLE_DIM, " vs ref %");
	put_right(c, r.row, r.col, s->e2e_ref, ROLE_DIM, ref);
	put_right(c, r.row, r.col, s->intvty_ref, ROLE_DIM, ref);
	put_right(c, r.row, r.col, s->ttft, ROLE_DIM, "TTFT ms");
	put_right(c, r.row, r.col, s->tpot, ROLE_DIM, "TPOT ms");
	put_left(c, r.row, r.col, s->post, ROLE_DIM, "post");
	put_left(c, r.row, r.col, s->check, ROLE_DIM, "check");
}

static void sweep_row(struct canvas *c, struct rect at, const struct sweep_columns *s, const struct board *b,
        const struct view *v, const struct dash_row *r)
{
	struct words w;
	char text[40];
	int row = at.row, left = at.col;
	enum role number = r->live ? ROLE_INFO : ROLE_STRONG, plain = r->live ? ROLE_INFO : ROLE_TEXT;
	bool posting = mode_shown(b, v) == MODE_SUBMIT && r->cell;
	if (r->focused)
		canvas_text(c, row, left + s->mark.col, 1, ROLE_KEY, ATTR_BOLD, "▸");
	widget_check(c, row, left + s->check_box.col, r->picked);
	put_right(c, row, left, s->conc, ROLE_STRONG, str_fmt(text, sizeof text, "%d", r->plan->conc));
	words_state(&w, b, v, r, s->state.cols, c->ascii);
	put_left(c, row, left, s->state, w.role, w.text);
	put_number(c, row, left, s->tput, number, r->tput, 1);
	widget_ratio_bar(c, row, left + s->bar.col, s->bar.cols, r->tput_ratio);
	put_ratio(c, row, left, s->tput_ratio, r->tput_ratio, false);
	put_number(c, row, left, s->e2e, plain, r->e2e, 0);
	put_ratio(c, row, left, s->e2e_ratio, r->e2e_ratio, true);
	put_number(c, row, left, s->intvty, plain, r->intvty, 1);
	put_ratio(c, row, left, s->intvty_ratio, r->intvty_ratio, false);
	put_number(c, row, left, s->tput_ref, ROLE_DIM, r->ref_tput, 1);
	put_pinned(c, row, left, s->pinned, r);
	put_number(c, row, left, s->e2e_ref, ROLE_DIM, r->ref_e2e, 0);
	put_number(c, row, left, s->intvty_ref, ROLE_DIM, r->ref_intvty, 1);
	put_number(c, row, left, s->ttft, plain, r->ttft, 1);
	put_number(c, row, left, s->tpot, plain, r->tpot, 2);
	words_check(&w, r, s->check.cols);
	if (s->post.cols == 0 && posting && r->cell->post.state != POST_NONE)
		words_post(&w, r->cell, s->check.cols);
	put_left(c, row, left, s->check, w.role, w.text);
	words_post(&w, posting ? r->cell : NULL, s->post.cols);
	put_left(c, row, left, s->post, w.role, w.text);
	if (r->focused)
		canvas_attr(c, row, left, 1, at.cols, ATTR_FOCUS);
}

static void sweep_title(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	struct rect r = l->sweep_title;
	int done = 0;
	for (int i = 0; i < v->plan.n_cells; i++) {
		struct dash_row row;
		if (dash_row_make(&row, b, v, i) && row.cell && row.status > CELL_RUNNING)
			done++;
	}
	widget_rule(c, r.row, r.col, r.cols, l->composed);
	struct pen p = pen_at(c, r.row, r.col + (l->composed ? 2 : 1), r.cols - 4);
	pen_put(&p, ROLE_TITLE, 0, " Sweep ");
	if (b->have_run && done > 0)
		pen_put(&p, ROLE_TEXT, 0, " %d of %d done ", done, v->plan.n_cells);
	struct words w;
	words_run(&w, b, false);
	if (w.text[0])
		pen_put(&p, w.role, 0, " %s %s ", widget_spinner(v->frame, c->ascii), w.text);
	pen_put(&p, ROLE_GOOD, 0, "%s+", b->have_run && done > 0 ? "  " : " ");
	pen_put(&p, ROLE_DIM, 0, " better than %s  ", ref_name(v));
	pen_put(&p, ROLE_BAD, 0, "-");
	pen_put(&p, ROLE_DIM, 0, " worse ");
	if (pin_shown(v)) {
		pen_put(&p, ROLE_DIM, 0, "  ref: ");
		pen_fit(&p, ROLE_TEXT, 0, v->results.ref.label);
		pen_put(&p, ROLE_DIM, 0, " ");
	}
}

int dash_sweep_with(const struct dash_layout *l, const struct board *b, const struct view *v)
{
	bool posts = l->composed && mode_shown(b, v) == MODE_SUBMIT;
	return (posts ? SWEEP_POSTS : 0) | (pin_shown(v) ? SWEEP_PINNED : 0);
}

void dash_sweep(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	struct sweep_columns s;
	struct rect r = l->sweep;
	layout_sweep(&s, r.cols, dash_sweep_with(l, b, v));
	if (l->sweep_title.rows > 0)
		sweep_title(c, l, b, v);
	sweep_heading(c, l->sweep_head, &s, v, l->composed);
	if (v->plan.n_cells == 0) {
		canvas_fit(c, r.row, r.col + 2, r.cols - 3, ROLE_DIM, 0, "no rows: this pair has no CONC in the track");
		return;
	}
	int first = 0; /* the focused row is always in sight */
	if (v->focus >= r.rows)
		first = v->focus - r.rows + 1;
	if (first > v->plan.n_cells - r.rows)
		first = v->plan.n_cells > r.rows ? v->plan.n_cells - r.rows : 0;
	for (int i = 0; i < r.rows; i++) {
		struct dash_row row;
		if (dash_row_make(&row, b, v, first + i))
			sweep_row(c, (struct rect){r.row + i, r.col, 1, r.cols}, &s, b, v, &row);
	}
}
