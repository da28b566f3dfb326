/* The chart as SVG, in the colours of a theme. */
#include "../../engine/base/text.h"
#include "chart_int.h"
#include <math.h>
#include <string.h>

/* What a theme without colours of its own looks like on paper. */
static const struct theme_color paper = {false, 0xfb, 0xfa, 0xf7, -1}, ink = {false, 0x23, 0x27, 0x2e, -1};

#define READABLE 4.5 /* contrast of text */
#define APART    60  /* distance of two colours that are told apart */

struct theme_color chart_paper(const struct theme *t)
{
	return t->background.is_default ? paper : t->background;
}

static struct theme_color strongest(const struct theme *t)
{
	struct theme_color c = t->foreground.is_default ? ink : t->foreground;
	static const struct theme_color black = {false, 0, 0, 0, 0}, white = {false, 255, 255, 255, 15};
	if (theme_contrast(c, chart_paper(t)) >= READABLE)
		return c;
	return theme_contrast(black, chart_paper(t)) > theme_contrast(white, chart_paper(t)) ? black : white;
}

static struct theme_color blend(struct theme_color a, struct theme_color b, double share)
{
	struct theme_color c = {false, (uint8_t)(a.r + (b.r - a.r) * share), (uint8_t)(a.g + (b.g - a.g) * share),
	        (uint8_t)(a.b + (b.b - a.b) * share), -1};
	return c;
}

/* The colour of a role; one that is hard to see is moved towards the text's own. */
static struct theme_color role_color(const struct theme *t, enum role role)
{
	struct theme_look look = theme_resolve(t, 256, role, 0);
	struct theme_color strong = strongest(t), back = chart_paper(t);
	struct theme_color c = look.fg.is_default ? strong : look.fg;
	if (look.fg.is_default && look.attr & ATTR_DIM)
		c = blend(strong, back, 0.35);
	for (int i = 0; i < 10 && theme_contrast(c, back) < READABLE; i++)
		c = blend(c, strong, 0.2);
	return theme_contrast(c, back) < READABLE ? strong : c;
}

static double color_distance(struct theme_color a, struct theme_color b)
{
	return hypot(hypot(a.r - b.r, a.g - b.g), a.b - b.b);
}

/* The reference is grey; each run takes the next role whose colour is not in use yet. Where a theme has too few colours,
 * shapes and dashes alone tell the sets apart. */
static struct theme_color set_color(const struct theme *t, int set)
{
	static const enum role roles[] = {ROLE_TITLE, ROLE_WARN, ROLE_SPARK, ROLE_BAD, ROLE_BAR_BEYOND, ROLE_GOOD,
	        ROLE_INFO, ROLE_BAR, ROLE_KEY, ROLE_STRONG};
	struct theme_color used[CURVE_SETS];
	int n = 0;
	used[n++] = role_color(t, ROLE_DIM);
	for (size_t i = 0; i < sizeof roles / sizeof roles[0] && n <= set && n < CURVE_SETS; i++) {
		struct theme_color c = role_color(t, roles[i]);
		bool apart = true;
		for (int k = 0; k < n; k++)
			apart = apart && color_distance(c, used[k]) >= APART;
		if (apart)
			used[n++] = c;
	}
	return set < n ? used[set] : strongest(t);
}

struct theme_color chart_ink_color(const struct theme *t, int which)
{
	static const enum role roles[] = {
	        [INK_TEXT] = ROLE_TEXT,
	        [INK_DIM] = ROLE_DIM,
	        [INK_STRONG] = ROLE_STRONG,
	        [INK_GOOD] = ROLE_GOOD,
	        [INK_BAD] = ROLE_BAD,
	        [INK_WARN] = ROLE_WARN,
	};
	return which >= INK_SET ? set_color(t, which - INK_SET) : role_color(t, roles[which]);
}

/* ---- pieces ---- */

struct pen_svg {
	struct buf *b;
	const struct theme *t;
};

static void add_color(struct pen_svg *s, const char *what, struct theme_color c)
{
	buf_printf(s->b, " %s=\"#%02x%02x%02x\"", what, c.r, c.g, c.b);
}

/* Text as XML: what is no character there is left out. */
static void add_escaped(struct buf *b, const char *text)
{
	size_t len = strlen(text);
	for (size_t at = 0; at < len;) {
		uint32_t cp;
		char utf8[4];
		at += utf8_decode(text + at, len - at, &cp);
		if (cp == '&')
			buf_adds(b, "&amp;");
		else if (cp == '<')
			buf_adds(b, "&lt;");
		else if (cp == '>')
			buf_adds(b, "&gt;");
		else if (cp == '"')
			buf_adds(b, "&quot;");
		else if (cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0) && cp != 0xfffe && cp != 0xffff)
			buf_add(b, utf8, utf8_encode(cp, utf8));
	}
}

static void add_text(struct pen_svg *s, const struct chart_text *t)
{
	static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
	buf_printf(s->b, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\"%s%s", t->x, t->y, t->size, anchors[t->anchor],
	        t->bold ? " font-weight=\"600\"" : "");
	add_color(s, "fill", chart_ink_color(s->t, t->ink));
	if (t->halo) {
		add_color(s, "stroke", chart_paper(s->t));
		buf_adds(s->b, " stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"");
	}
	buf_adds(s->b, ">");
	add_escaped(s->b, t->text);
	buf_adds(s->b, "</text>\n");
}

/* A shape of each set's own: ring, disc, square, triangle, diamond, cross. The reference is always the ring. */
static void add_mark(struct pen_svg *s, double x, double y, int shape, struct theme_color c)
{
	double r = CHART_MARK;
	bool edge = false;
	buf_adds(s->b, shape == 0 || shape == 1 ? "<circle" : "<path");
	if (shape == 0) {
		buf_printf(s->b, " cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" stroke-width=\"2\"", x, y, r - 1);
		add_color(s, "stroke", c);
		add_color(s, "fill", chart_paper(s->t));
	} else if (shape == 1) {
		edge = true;
		buf_printf(s->b, " cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"", x, y, r);
		add_color(s, "fill", c);
	} else if (shape == 5) {
		buf_printf(s->b, " d=\"M%.1f %.1fl%.1f %.1fm0 %.1fl%.1f %.1f\" stroke-width=\"2.4\" fill=\"none\"",
		        x - r + 1, y - r + 1, 2 * r - 2, 2 * r - 2, -(2 * r - 2), -(2 * r - 2), 2 * r - 2);
		add_color(s, "stroke", c);
	} else {
		edge = true;
		if (shape == 2)
			buf_printf(s->b, " d=\"M%.1f %.1fh%.1fv%.1fh%.1fz\"", x - r + 0.7, y - r + 0.7, 2 * r - 1.4,
			        2 * r - 1.4, -(2 * r - 1.4));
		else if (shape == 3)
			buf_printf(s->b, " d=\"M%.1f %.1fL%.1f %.1fH%.1fz\"", x, y - r, x + r, y + r - 1, x - r);
		else
			buf_printf(s->b, " d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fz\"", x, y - r - 0.5,
			        x + r + 0.5, y, x, y + r + 0.5, x - r - 0.5, y);
		add_color(s, "fill", c);
	}
	if (edge) { /* keeps marks apart that lie on each other */
		buf_adds(s->b, " stroke-width=\"1\"");
		add_color(s, "stroke", chart_paper(s->t));
	}
	buf_adds(s->b, "/>\n");
}

int chart_style(const struct curve *c, int set)
{
	return c->set[0].reference ? set : (set + 1) % CURVE_SETS;
}

static void add_line_style(struct pen_svg *s, const struct curve *c, int set)
{
	static const char *const dashes[] = {"", "", "7 4", "2 3", "10 3 2 3", "5 5"};
	int style = chart_style(c, set);
	buf_printf(s->b, " fill=\"none\" stroke-width=\"%s\" stroke-linejoin=\"round\"", style == 1 ? "2.6" : "1.7");
	if (dashes[style][0])
		buf_printf(s->b, " stroke-dasharray=\"%s\"", dashes[style]);
	add_color(s, "stroke", chart_ink_color(s->t, INK_SET + style));
}

/* ---- a panel ---- */

static void add_grid(struct pen_svg *s, const struct chart_panel *p)
{
	double v;
	const struct chart_box *f = &p->field;
	struct theme_color back = chart_paper(s->t), strong = strongest(s->t);
	buf_adds(s->b, "<path fill=\"none\" stroke-width=\"1\"");
	add_color(s, "stroke", blend(back, strong, 0.12));
	buf_adds(s->b, " d=\"");
	for (int i = 0; chart_tick(&p->x, i, &v); i++)
		buf_printf(s->b, "M%.1f %.1fv%.1f", f->x + (v - p->x.low) / (p->x.high - p->x.low) * f->w, f->y, f->h);
	for (int i = 1; chart_tick(&p->y, i, &v); i++)
		buf_printf(s->b, "M%.1f %.1fh%.1f", f->x, f->y + (1 - v / p->y.high) * f->h, f->w);
	buf_printf(s->b, "\"/>\n<path fill=\"none\" stroke-width=\"1.2\" d=\"M%.1f %.1fv%.1fh%.1f\"", f->x, f->y, f->h,
	        f->w);
	add_color(s, "stroke", blend(back, strong, 0.55));
	buf_adds(s->b, "/>\n");
}

/* The reference goes on level beyond its ends: fine dashes to the edges of the field. */
static void add_level(
        struct pen_svg *s, const struct chart_panel *p, const struct chart_mark *first, const struct chart_mark *last)
{
	buf_printf(s->b,
	        "<path fill=\"none\" stroke-width=\"1.3\" stroke-dasharray=\"2 4\" d=\"M%.1f %.1fH%.1fM%.1f %.1fH%.1f\"",
	        p->field.x, first->y, first->x, last->x, last->y, p->field.x + p->field.w);
	add_color(s, "stroke", chart_ink_color(s->t, INK_SET + first->set));
	buf_adds(s->b, "/>\n");
}

static void add_curve(struct pen_svg *s, const struct chart *ch, const struct chart_panel *p, int set)
{
	int from = 0, to;
	while (from < p->n && p->mark[from].set != set)
		from++;
	for (to = from; to < p->n && p->mark[to].set == set; to++)
		;
	if (from == to)
		return;
	if (ch->curve->set[set].reference)
		add_level(s, p, &p->mark[from], &p->mark[to - 1]);
	if (to - from > 1) {
		buf_adds(s->b, "<path d=\"");
		for (int i = from; i < to; i++)
			buf_printf(s->b, "%c%.1f %.1f", i == from ? 'M' : 'L', p->mark[i].x, p->mark[i].y);
		buf_adds(s->b, "\"");
		add_line_style(s, ch->curve, set);
		buf_adds(s->b, "/>\n");
	}
	for (int i = from; i < to; i++)
		add_mark(s, p->mark[i].x, p->mark[i].y, chart_style(ch->curve, set),
		        chart_ink_color(s->t, INK_SET + chart_style(ch->curve, set)));
}

static void add_panel(struct pen_svg *s, const struct chart *ch, const struct chart_panel *p)
{
	if (p->n == 0)
		return;
	add_grid(s, p);
	const struct curve_set *ours = curve_ours(ch->curve);
	int mine = ours ? (int)(ours - ch->curve->set) : -1;
	for (int set = 0; set < ch->curve->n; set++) /* ours lies on top */
		if (set != mine)
			add_curve(s, ch, p, set);
	if (mine >= 0)
		add_curve(s, ch, p, mine);
}

static void add_legend(struct pen_svg *s, const struct chart *ch)
{
	for (int i = 0; i < ch->n_legend; i++) {
		double x = ch->legend[i].x, y = ch->legend[i].y;
		int set = ch->legend[i].set;
		buf_printf(s->b, "<path d=\"M%.1f %.1fh32\"", x, y);
		add_line_style(s, ch->curve, set);
		buf_adds(s->b, "/>\n");
		add_mark(s, x + 16, y, chart_style(ch->curve, set),
		        chart_ink_color(s->t, INK_SET + chart_style(ch->curve, set)));
	}
}

int chart_svg(const struct chart *ch, const struct theme *t, struct buf *b)
{
	struct pen_svg s = {b, t};
	buf_printf(b,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
	        "font-family=\"%s\" role=\"img\">\n<title>",
	        CHART_WIDTH, ch->height, CHART_WIDTH, ch->height, CHART_FAMILY);
	add_escaped(b, ch->title);
	buf_adds(b, "</title>\n<desc>");
	add_escaped(b, ch->description);
	buf_printf(b, "</desc>\n<rect width=\"%.0f\" height=\"%.0f\"", CHART_WIDTH, ch->height);
	add_color(&s, "fill", chart_paper(t));
	buf_adds(b, "/>\n");
	for (int k = 0; k < 2; k++)
		add_panel(&s, ch, &ch->panel[k]);
	add_legend(&s, ch);
	for (int i = 0; i < ch->n_leaders; i++) {
		const struct chart_leader *l = &ch->leader[i];
		buf_printf(b, "<path stroke-width=\"1\" d=\"M%.1f %.1fL%.1f %.1f\"", l->x1, l->y1, l->x2, l->y2);
		add_color(&s, "stroke", chart_ink_color(t, INK_SET + chart_style(ch->curve, l->set)));
		buf_adds(b, "/>\n");
	}
	for (int i = 0; i < ch->n_texts; i++)
		add_text(&s, &ch->text[i]);
	buf_adds(b, "</svg>\n");
	return b->failed ? ERR_LIMIT : 0;
}
