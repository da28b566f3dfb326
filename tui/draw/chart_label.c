/* Where the CONC of a point is written: beside it, the first of a fixed row of places that is free. What has none near by
 * gets one farther off and a hair to it; what has none there either is left out and counted.
 */
#include "../../engine/base/text.h"
#include "chart_int.h"
#include "widget.h"
#include <math.h>

#define LABEL_SIZE 12.5
#define NEAR       11.0
#define FAR        26.0
#define FARTHER    42.0

struct place {
	signed char dx, dy;
};

/* Curves rise against E2E and fall against interactivity: ours looks for the side that is better, the reference for the
 * other one. */
static const struct place places[2][2][8] = {
        [CURVE_E2E] = {{{-1, -1}, {0, -1}, {-1, 0}, {1, 1}, {0, 1}, {1, 0}, {1, -1}, {-1, 1}},
                {{1, 1}, {0, 1}, {1, 0}, {-1, -1}, {0, -1}, {-1, 0}, {-1, 1}, {1, -1}}},
        [CURVE_INTVTY] = {{{1, -1}, {0, -1}, {1, 0}, {-1, 1}, {0, 1}, {-1, 0}, {-1, -1}, {1, 1}},
                {{-1, 1}, {0, 1}, {-1, 0}, {1, -1}, {0, -1}, {1, 0}, {1, 1}, {-1, -1}}},
};

static bool inside(struct chart_box a, struct chart_box b)
{
	return a.x >= b.x && a.y >= b.y && a.x + a.w <= b.x + b.w && a.y + a.h <= b.y + b.h;
}

/* Whether the stretch from a to b touches the box (Liang-Barsky). */
static bool crosses(double ax, double ay, double bx, double by, struct chart_box r)
{
	double from = 0, to = 1, dx = bx - ax, dy = by - ay;
	const double p[4] = {-dx, dx, -dy, dy}, q[4] = {ax - r.x, r.x + r.w - ax, ay - r.y, r.y + r.h - ay};
	for (int i = 0; i < 4; i++) {
		if (p[i] == 0) {
			if (q[i] < 0)
				return false;
			continue;
		}
		double at = q[i] / p[i];
		if (p[i] < 0 && at > from)
			from = at;
		if (p[i] > 0 && at < to)
			to = at;
	}
	return from <= to;
}

struct search {
	const struct chart *ch;
	const struct chart_panel *p;
	int first_text; /* labels of this panel begin there */
	int mark;       /* the one that looks for a place */
};

static bool hits_things(const struct search *s, struct chart_box box)
{
	if (!inside(box, s->p->field))
		return true;
	for (int i = 0; i < s->p->n; i++)
		if (chart_boxes_meet(box, chart_mark_box(&s->p->mark[i])))
			return true;
	for (int i = s->first_text; i < s->ch->n_texts; i++)
		if (chart_boxes_meet(box, chart_text_box(&s->ch->text[i])))
			return true;
	for (int i = 0; i < s->ch->n_leaders; i++) {
		const struct chart_leader *l = &s->ch->leader[i];
		if (crosses(l->x1, l->y1, l->x2, l->y2, box))
			return true;
	}
	return false;
}

static bool hits_lines(const struct search *s, struct chart_box box)
{
	for (int i = 1; i < s->p->n; i++) {
		const struct chart_mark *a = &s->p->mark[i - 1], *b = &s->p->mark[i];
		if (a->set == b->set && crosses(a->x, a->y, b->x, b->y, box))
			return true;
	}
	return false;
}

static bool leader_is_free(const struct search *s, const struct chart_leader *l)
{
	for (int i = 0; i < s->p->n; i++)
		if (i != s->mark && crosses(l->x1, l->y1, l->x2, l->y2, chart_mark_box(&s->p->mark[i])))
			return false;
	for (int i = s->first_text; i < s->ch->n_texts; i++)
		if (crosses(l->x1, l->y1, l->x2, l->y2, chart_text_box(&s->ch->text[i])))
			return false;
	return true;
}

/* The label `far` off the mark in direction d: its edge or corner looks at the mark. */
static void label_at(struct chart_text *t, const struct chart_mark *m, struct place d, double far)
{
	double side = d.dx && d.dy ? far * 0.72 : far, rise = LABEL_SIZE * 0.36;
	t->x = m->x + d.dx * side;
	t->anchor = d.dx < 0 ? CHART_END : d.dx > 0 ? CHART_START : CHART_MIDDLE;
	t->y = m->y + rise + d.dy * (d.dx ? side : far + LABEL_SIZE * 0.2);
}

static void leader_to(struct chart_leader *l, const struct chart_mark *m, const struct chart_text *t)
{
	struct chart_box box = chart_text_box(t);
	double tx = fmin(fmax(m->x, box.x), box.x + box.w), ty = fmin(fmax(m->y, box.y), box.y + box.h);
	double dx = tx - m->x, dy = ty - m->y, far = hypot(dx, dy), off = CHART_MARK + 1;
	*l = (struct chart_leader){m->x, m->y, tx, ty, m->set};
	if (far > off + 2) {
		l->x1 = m->x + dx / far * off;
		l->y1 = m->y + dy / far * off;
		l->x2 = m->x + dx / far * (far - 1);
		l->y2 = m->y + dy / far * (far - 1);
	}
}

static bool try_far(struct search *s, struct chart *ch, struct chart_text *t, const struct place *row)
{
	static const double radii[] = {FAR, FARTHER};
	const struct chart_mark *m = &s->p->mark[s->mark];
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 8 && ch->n_leaders < CHART_LINES; i++) {
			struct chart_leader l;
			label_at(t, m, row[i], radii[k]);
			leader_to(&l, m, t);
			if (hits_things(s, chart_text_box(t)) || !leader_is_free(s, &l))
				continue;
			ch->leader[ch->n_leaders++] = l;
			return true;
		}
	}
	return false;
}

static bool try_near(const struct search *s, struct chart_text *t, const struct place *row, bool over_lines)
{
	for (int i = 0; i < 8; i++) {
		label_at(t, &s->p->mark[s->mark], row[i], NEAR);
		struct chart_box box = chart_text_box(t);
		if (!hits_things(s, box) && (over_lines || !hits_lines(s, box)))
			return true;
	}
	return false;
}

static void label_mark(struct chart *ch, struct chart_panel *p, int mark, int first_text)
{
	struct search s = {ch, p, first_text, mark};
	const struct chart_mark *m = &p->mark[mark];
	const struct place *row = places[p->axis][ch->curve->set[m->set].reference ? 1 : 0];
	struct chart_text t = {
	        .size = LABEL_SIZE, .ink = INK_SET + chart_style(ch->curve, m->set), .bold = true, .halo = true};
	str_fmt(t.text, sizeof t.text, "%d%s", m->conc, m->doubt ? "?" : "");
	t.w = chart_text_width(t.text, t.size, t.bold);
	bool found = ch->n_texts < CHART_TEXTS &&
	             (try_near(&s, &t, row, false) || try_near(&s, &t, row, true) || try_far(&s, ch, &t, row));
	if (found)
		ch->text[ch->n_texts++] = t;
	else
		p->left_out++;
}

/* Ours first, then the reference, then the others: who comes first has the better places. */
void chart_label_panel(struct chart *ch, struct chart_panel *p)
{
	const struct curve_set *ours = curve_ours(ch->curve);
	int first_text = ch->n_texts, mine = ours ? (int)(ours - ch->curve->set) : -1;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < p->n; i++) {
			int set = p->mark[i].set;
			int turn = set == mine ? 0 : ch->curve->set[set].reference ? 1 : 2;
			if (turn == round)
				label_mark(ch, p, i, first_text);
		}
	}
}
