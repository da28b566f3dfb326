/* A comparison as text: what must be read first, the verdict, the table, what changed, the method. */
#include "../base/text.h"
#include "compare_int.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COLS_MIN   60
#define COLS_FULL  78  /* with the two values */
#define COLS_EXTRA 112 /* with the interval, and the runs and spreads of the sides */

struct page {
	struct buf *out;
	int cols;
	bool ascii;
	bool repeated; /* some line has more than one run: interval, runs and spreads are worth their columns */
};

/* Free text in the characters that the page may have. */
static void put(struct page *p, const char *s, size_t len)
{
	while (len > 0) {
		uint32_t cp;
		size_t n = utf8_decode(s, len, &cp);
		if (!p->ascii || cp < 0x80)
			buf_add(p->out, s, n);
		else
			buf_adds(p->out, cp == 0x2014 ? "-" : cp == 0xb1 ? "+-" : "?");
		s += n;
		len -= n;
	}
}

/* A paragraph: the first line behind `head`, the others below its text. */
static void wrap(struct page *p, const char *head, const char *text)
{
	int indent = text_width(head, strlen(head)), room = p->cols - indent;
	buf_adds(p->out, head);
	for (size_t left = strlen(text); left > 0;) {
		size_t fit = text_fit(text, left, room), cut = fit;
		if (fit < left) {
			while (cut > 0 && (text[cut] != ' ' || text[cut + 1] == '%')) /* "2 %" stays together */
				cut--;
			if (cut == 0)
				cut = fit;
		}
		if (cut == 0)
			break;
		put(p, text, cut);
		buf_addc(p->out, '\n');
		text += cut;
		left -= cut;
		for (; left > 0 && *text == ' '; left--)
			text++;
		if (left > 0)
			buf_printf(p->out, "%*s", indent, "");
	}
}

/* Right-justified by columns, not bytes. */
static void cell(struct page *p, const char *s, int width)
{
	int w = text_width(s, strlen(s));
	if (p->ascii)
		w += strstr(s, "\u00b1") ? 1 : 0;
	buf_printf(p->out, "%*s", w < width ? width - w : 0, "");
	put(p, s, strlen(s));
}

static void side_head(struct page *p, const struct compare_side *s, char name)
{
	char head[8], text[900], path[512] = "";
	bool one = s->n_runs == 1;
	snprintf(head, sizeof head, "%c  ", name);
	if (s->paths && s->n_runs > 0)
		text_copy(path, sizeof path, s->paths[0]);
	if (s->start_unknown)
		snprintf(text, sizeof text, "%s   %d run%s, server start%s not recorded   %s%s", s->label, s->n_runs,
		        one ? "" : "s", one ? "" : "s", path, one ? "" : " and others");
	else
		snprintf(text, sizeof text, "%s   %d run%s on %d server start%s   %s%s", s->label, s->n_runs,
		        one ? "" : "s", s->n_starts, s->n_starts == 1 ? "" : "s", path, one ? "" : " and others");
	wrap(p, head, text);
}

static const char *mark(const struct compare_line *l)
{
	if (!isfinite(l->change))
		return "  ";
	switch (l->verdict) {
	case COMPARE_FASTER:
		return "+ ";
	case COMPARE_SLOWER:
		return "- ";
	case COMPARE_SAME:
		return "= ";
	case COMPARE_NONE:
		break;
	}
	return "? ";
}

static void percent(double v, const char *sign, char out[32])
{
	if (!isfinite(v))
		snprintf(out, 32, "\u2014");
	else if (fabs(v) >= 100)
		snprintf(out, 32, "%s> 100x", sign);
	else if (fabs(v) >= 9.995)
		snprintf(out, 32, "%s%.0f%%", sign[0] ? sign : "+", 100 * v);
	else if (!sign[0] && fabs(v) < 0.0005)
		snprintf(out, 32, "0.0%%"); /* without a sign that means nothing */
	else if (sign[0])
		snprintf(out, 32, "%s%.1f%%", sign, 100 * v);
	else
		snprintf(out, 32, "%+.1f%%", 100 * v);
}

static void extra_cells(struct page *p, const struct compare_line *l)
{
	char low[32], high[32], text[80];
	percent(l->low, "", low);
	percent(l->high, "", high);
	if (isfinite(l->low))
		snprintf(text, sizeof text, "%s .. %s", low, high);
	else
		snprintf(text, sizeof text, "\u2014");
	cell(p, text, 20);
	snprintf(text, sizeof text, "%d/%d", l->runs_a, l->runs_b);
	cell(p, text, 8);
	percent(l->spread_a, "", low);
	percent(l->spread_b, "", high);
	snprintf(text, sizeof text, "%s/%s", low[0] == '+' ? low + 1 : low, high[0] == '+' ? high + 1 : high);
	cell(p, text, 13);
}

static void table_head(struct page *p, const struct compare_line *l)
{
	buf_printf(p->out, "\nISL %d  OSL %d\n", l->isl, l->osl);
	buf_adds(p->out, "  CONC metric    ");
	if (p->cols >= COLS_FULL)
		buf_adds(p->out, "        old        new");
	buf_adds(p->out, "   change   noise");
	if (p->cols >= COLS_EXTRA && p->repeated)
		buf_adds(p->out, "            interval    runs       spread");
	buf_adds(p->out, "  verdict on B\n");
}

static void table_row(struct page *p, const struct compare_line *l, bool first)
{
	double most = fmax(fabs(l->old_value), fabs(l->new_value)); /* the other one when one is NaN */
	int decimals = most >= 1000 ? 0 : most >= 100 ? 1 : 2;
	char text[40], conc[16] = "";
	if (first)
		snprintf(conc, sizeof conc, "%d", l->conc);
	buf_printf(p->out, "%6s %-10s", conc, compare_metric_name(l->metric));
	if (p->cols >= COLS_FULL) {
		cell(p, text_commas(l->old_value, decimals, text), 11);
		cell(p, text_commas(l->new_value, decimals, text), 11);
	}
	percent(l->change, "", text);
	cell(p, text, 9);
	percent(l->noise, "\u00b1", text);
	cell(p, text, 8);
	if (p->cols >= COLS_EXTRA && p->repeated)
		extra_cells(p, l);
	buf_printf(p->out, "  %s%s\n", mark(l), compare_line_word(l));
}

static void table(struct page *p, const struct compare_result *r)
{
	const struct compare_line *last = NULL;
	for (int i = 0; i < r->n_lines; i++) {
		const struct compare_line *l = &r->lines[i];
		if (l->runs_a == 0 && l->runs_b == 0)
			continue; /* a figure that neither side has */
		bool pair = !last || last->isl != l->isl || last->osl != l->osl;
		if (pair)
			table_head(p, l);
		table_row(p, l, pair || last->conc != l->conc);
		last = l;
	}
}

int compare_text(const struct compare_result *r, const struct compare_side *a, const struct compare_side *b, int cols,
        bool ascii, struct buf *out)
{
	struct page p = {out, cols < COLS_MIN ? COLS_MIN : cols > 200 ? 200 : cols, ascii, false};
	for (int i = 0; i < r->n_lines; i++)
		p.repeated = p.repeated || r->lines[i].runs_a > 1 || r->lines[i].runs_b > 1;
	side_head(&p, a, 'A');
	side_head(&p, b, 'B');
	buf_addc(out, '\n');
	for (int i = 0; i < r->n_said; i++)
		wrap(&p, r->said_severity[i] == SEV_INFO ? ". " : "! ", r->said[i]);
	if (r->n_said > 0)
		buf_addc(out, '\n');
	wrap(&p, "", r->verdict);
	table(&p, r);
	buf_adds(out, "\nWhat changed\n");
	for (int i = 0; i < r->n_changed; i++)
		wrap(&p, "  ", r->changed[i]);
	if (r->n_changed == 0)
		wrap(&p, "  ",
		        a->manifest.have ? "nothing that was recorded" : "not recorded: neither side has a manifest");
	buf_adds(out, "\nMethod\n");
	wrap(&p, "  ", r->method);
	return out->failed ? ERR_LIMIT : 0;
}
