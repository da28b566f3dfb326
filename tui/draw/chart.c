#include "chart.h"
#include "../../engine/base/text.h"
#include "chart_int.h"
#include "plot.h"
#include "widget.h"
#include <math.h>
#include <string.h>
#include <time.h>

#define LEFT       48.0
#define RIGHT      (CHART_WIDTH - 48.0)
#define GAP        84.0 /* between the panels */
#define TICKS      56.0 /* room for the numbers of the y axis */
#define FIELD      392.0
#define LEGEND     250.0 /* a name is at most so wide */
#define BEYOND     1e12  /* no figure is; keeps the ticks sane */
#define LINE_SIZE  13.0
#define TICK_SIZE  12.0
#define TICKS_MOST 100

/* ---- text ---- */

/* Share of the font's size, for the widest of the usual sans-serif fonts. */
static double letter_width(uint32_t cp)
{
	if (cp < 0x80) {
		if (strchr("ijl|'.,:;!", (int)cp) || cp == ' ')
			return 0.35;
		if (strchr("mwMW%@", (int)cp))
			return 1.0;
		if (strchr("ft()[]-/\"r", (int)cp))
			return 0.46;
		return cp >= 'A' && cp <= 'Z' ? 0.76 : cp == '+' || cp == '=' ? 0.84 : 0.645;
	}
	int columns = text_cp_width(cp);
	return columns == 2 ? 1.05 : columns == 0 ? 0 : cp == 0xb7 ? 0.35 : cp < 0x250 ? 0.78 : 1.0;
}

double chart_text_width(const char *text, double size, bool bold)
{
	double w = 0;
	size_t len = strlen(text);
	for (size_t at = 0; at < len;) {
		uint32_t cp;
		at += utf8_decode(text + at, len - at, &cp);
		w += letter_width(cp);
	}
	return w * size * (bold ? 1.08 : 1);
}

/* Cuts text at the end until it and '…' are at most `most` wide. */
static void cut_text(char *text, double size, bool bold, double most)
{
	static const char dots[] = "…";
	size_t len = strlen(text);
	if (chart_text_width(text, size, bold) <= most)
		return;
	double room = most - chart_text_width(dots, size, bold), w = 0;
	size_t at = 0, fits = 0;
	while (at < len) {
		uint32_t cp;
		at += utf8_decode(text + at, len - at, &cp);
		w += letter_width(cp) * size * (bold ? 1.08 : 1);
		if (w > room)
			break;
		fits = at;
	}
	while (fits > 0 && text[fits - 1] == ' ')
		fits--;
	memcpy(text + fits, dots, sizeof dots); /* what was cut off is at least as long, or text has room for it */
}

struct chart_text *chart_put(struct chart *ch, double x, double y, enum chart_anchor anchor, double size, int ink,
        bool bold, double most, const char *text)
{
	if (ch->n_texts == CHART_TEXTS)
		return NULL;
	struct chart_text *t = &ch->text[ch->n_texts++];
	*t = (struct chart_text){.x = x, .y = y, .size = size, .anchor = anchor, .ink = ink, .bold = bold};
	text_copy(t->text, sizeof t->text - 4, text);
	if (most > 0)
		cut_text(t->text, size, bold, most);
	t->w = chart_text_width(t->text, size, bold);
	return t;
}

struct chart_box chart_text_box(const struct chart_text *t)
{
	double left = t->anchor == CHART_START ? t->x : t->anchor == CHART_MIDDLE ? t->x - t->w / 2 : t->x - t->w;
	return (struct chart_box){left, t->y - t->size * 0.78, t->w, t->size};
}

struct chart_box chart_mark_box(const struct chart_mark *m)
{
	return (struct chart_box){m->x - CHART_MARK, m->y - CHART_MARK, 2 * CHART_MARK, 2 * CHART_MARK};
}

bool chart_boxes_meet(struct chart_box a, struct chart_box b)
{
	return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/* Wraps at blanks into lines of at most `wide`; returns the base line below the last one. */
static double put_wrapped(struct chart *ch, double x, double y, double wide, double size, int ink, const char *text)
{
	char line[320];
	while (*text) {
		size_t at = 0, end = 0, len = strlen(text);
		double w = 0;
		while (at < len) {
			uint32_t cp;
			size_t n = utf8_decode(&text[at], len - at, &cp);
			w += letter_width(cp) * size;
			if (w > wide || at + n >= sizeof line - 4)
				break;
			if (cp == ' ')
				end = at;
			at += n;
		}
		if (at >= len || end == 0)
			end = at > 0 ? at : len;
		str_fmt(line, sizeof line, "%.*s", (int)end, text);
		chart_put(ch, x, y, CHART_START, size, ink, false, 0, line);
		y += size * 1.45;
		text += end;
		while (*text == ' ')
			text++;
	}
	return y;
}

/* ---- panels ---- */

static bool is_shown(double v)
{
	return isfinite(v) && fabs(v) < BEYOND;
}

static void axis_ticks(struct chart_axis *a, int most)
{
	a->step = plot_step(a->high - a->low, most);
	double digits = a->step > 0 ? -floor(log10(a->step) + 1e-9) : 0;
	a->decimals = digits > 0 ? (digits < 6 ? (int)digits : 6) : 0;
}

bool chart_tick(const struct chart_axis *a, int i, double *v)
{
	*v = (ceil(a->low / a->step - 1e-9) + i) * a->step;
	return i < TICKS_MOST && *v <= a->high;
}

static double field_x(const struct chart_panel *p, double v)
{
	return p->field.x + (v - p->x.low) / (p->x.high - p->x.low) * p->field.w;
}

static double field_y(const struct chart_panel *p, double v)
{
	return p->field.y + (1 - (v - p->y.low) / (p->y.high - p->y.low)) * p->field.h;
}

/* Some air around the points along x; y begins at 0. */
static bool panel_scale(struct chart_panel *p, const struct curve *c)
{
	double low = INFINITY, high = -INFINITY, top = 0;
	for (int s = 0; s < c->n; s++) {
		int order[CURVE_POINTS], n = curve_order(&c->set[s], p->axis, order);
		for (int i = 0; i < n; i++) {
			const struct curve_point *q = &c->set[s].p[order[i]];
			double x = curve_x(q, p->axis);
			if (!is_shown(x) || !is_shown(q->tput))
				continue;
			low = fmin(low, x);
			high = fmax(high, x);
			top = fmax(top, q->tput);
		}
	}
	if (low > high)
		return false;
	double air = high - low > 1e-9 * high ? (high - low) * 0.09 : high * 0.5;
	p->x = (struct chart_axis){.low = fmax(0, low - air), .high = high + air};
	p->y = (struct chart_axis){.low = 0, .high = top * 1.12};
	axis_ticks(&p->x, 8);
	axis_ticks(&p->y, 7);
	return p->x.step > 0 && p->y.step > 0;
}

static void panel_marks(struct chart_panel *p, const struct curve *c)
{
	for (int s = 0; s < c->n; s++) {
		int order[CURVE_POINTS], n = curve_order(&c->set[s], p->axis, order);
		for (int i = 0; i < n && p->n < CHART_POINTS; i++) {
			const struct curve_point *q = &c->set[s].p[order[i]];
			double x = curve_x(q, p->axis);
			if (is_shown(x) && is_shown(q->tput))
				p->mark[p->n++] = (struct chart_mark){
				        field_x(p, x), field_y(p, q->tput), s, q->conc, q->doubts > 0};
		}
	}
}

/* A number that would touch the one before it is left out; its line in the grid stays. */
static void panel_numbers(struct chart *ch, const struct chart_panel *p)
{
	char text[40];
	double free = p->field.x - TICKS, v;
	for (int i = 0; chart_tick(&p->x, i, &v); i++) {
		double x = field_x(p, v), w = chart_text_width(text_commas(v, p->x.decimals, text), TICK_SIZE, false);
		if (x - w / 2 < free || x + w / 2 > p->field.x + p->field.w + GAP / 3)
			continue;
		chart_put(ch, x, p->field.y + p->field.h + 19, CHART_MIDDLE, TICK_SIZE, INK_DIM, false, 0, text);
		free = x + w / 2 + TICK_SIZE;
	}
	for (int i = 0; chart_tick(&p->y, i, &v); i++)
		chart_put(ch, p->field.x - 8, field_y(p, v) + 4.3, CHART_END, TICK_SIZE, INK_DIM, false, TICKS - 8,
		        text_commas(v, p->y.decimals, text));
}

static int verdict_ink(const struct curve_verdict *v)
{
	if (v->of == 0 || isnan(v->share_needed))
		return INK_TEXT;
	return v->met ? INK_GOOD : v->open ? INK_WARN : INK_BAD;
}

/* With several runs it must be said whose verdict it is. What is too wide for one line breaks before the rule; only then
 * the name is cut, never the verdict. */
static void verdict_lay(struct chart *ch, double x, double y, double w, const struct curve_verdict *v)
{
	char text[320] = "", tail[240];
	const double size = 12.5;
	const struct curve_set *ours = curve_ours(ch->curve);
	bool named = ch->curve->n > (curve_reference(ch->curve) ? 2 : 1) && ours->name[0];
	str_fmt(tail, sizeof tail, "%s%s", named ? ": " : "", v->text);
	char *rule = strstr(tail, ", rule ");
	if (named)
		text_copy(text, sizeof text - sizeof tail - 4, ours->name);
	if (rule && chart_text_width(text, size, true) + chart_text_width(tail, size, true) > w) {
		chart_put(ch, x, y + 15, CHART_START, size, verdict_ink(v), true, w, rule + 2);
		*rule = '\0';
	}
	if (named)
		cut_text(text, size, true, fmax(40, w - chart_text_width(tail, size, true)));
	str_fmt(text + strlen(text), sizeof text - strlen(text), "%s", tail);
	chart_put(ch, x, y, CHART_START, size, verdict_ink(v), true, w, text);
}

static void panel_lay(struct chart *ch, struct chart_panel *p, enum curve_axis axis, double x, double y, double w)
{
	static const char *const heads[] = {
	        "Throughput per GPU against end-to-end latency", "Throughput per GPU against interactivity"};
	static const char *const labels[] = {
	        "median E2E, ms (lower is better)", "interactivity, tok/s/user (higher is better)"};
	const struct curve_verdict *v = axis == CURVE_E2E ? &ch->curve->by_e2e : &ch->curve->by_intvty;
	p->axis = axis;
	p->field = (struct chart_box){x + TICKS, y + 72, w - TICKS, FIELD};
	chart_put(ch, x, y, CHART_START, 16, INK_STRONG, true, w, heads[axis]);
	verdict_lay(ch, x, y + 22, w, v);
	if (!panel_scale(p, ch->curve)) {
		chart_put(ch, p->field.x + p->field.w / 2, p->field.y + FIELD / 2, CHART_MIDDLE, 14, INK_DIM, false,
		        p->field.w, "no passed row has a figure on this axis");
		return;
	}
	chart_put(ch, x, y + 54, CHART_START, 12, INK_DIM, false, w, "tok/s/GPU, input and output tokens");
	panel_numbers(ch, p);
	chart_put(ch, p->field.x + p->field.w / 2, p->field.y + FIELD + 42, CHART_MIDDLE, LINE_SIZE, INK_TEXT, false, w,
	        labels[axis]);
	panel_marks(p, ch->curve);
	chart_label_panel(ch, p);
}

/* ---- around them ---- */

static void add_day(char *out, size_t cap, int64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / 1000000000);
	struct tm tm;
	out[0] = '\0';
	if (wall_ns > 0 && localtime_r(&s, &tm))
		strftime(out, cap, "%Y-%m-%d", &tm);
}

static void head_lay(struct chart *ch, const struct chart_about *about)
{
	const struct curve *c = ch->curve;
	char first[16] = "", last[16] = "", line[600], when[64] = "";
	char pair[48], title[sizeof ch->title];
	str_fmt(pair, sizeof pair, " · ISL/OSL %d/%d", c->isl, c->osl);
	str_fmt(ch->title, sizeof ch->title, "%s%s", c->track->title, pair);
	/* A long title is cut, its pair is not. */
	text_copy(title, sizeof title - sizeof pair - 4, c->track->title);
	cut_text(title, 25, true, RIGHT - LEFT - chart_text_width(pair, 25, true));
	str_fmt(title + strlen(title), sizeof title - strlen(title), "%s", pair);
	chart_put(ch, LEFT, 50, CHART_START, 25, INK_STRONG, true, 0, title);
	if (about) {
		add_day(first, sizeof first, about->first_wall_ns);
		add_day(last, sizeof last, about->last_wall_ns);
	}
	if (last[0] && first[0])
		str_fmt(when, sizeof when, " · measured %s%s%s", first, strcmp(first, last) != 0 ? " to " : "",
		        strcmp(first, last) != 0 ? last : "");
	const char *model = about && about->model ? about->model : "";
	str_fmt(line, sizeof line, "%s%strack %s%s · benchtop " BENCHTOP_VERSION, model, model[0] ? " · " : "",
	        c->track->name, when);
	bool demo = c->track->demo;
	chart_put(ch, LEFT, 76, CHART_START, 14, INK_DIM, false, RIGHT - LEFT - (demo ? 330 : 0), line);
	if (demo)
		chart_put(ch, RIGHT, 76, CHART_END, 14, INK_WARN, true, 310, "simulated server: no real numbers");
}

/* Marks with names, as many rows as it takes; returns the last base line. */
static double legend_lay(struct chart *ch, double y)
{
	static const char note[] = "numbers at the points: CONC";
	double x = LEFT, note_w = chart_text_width(note, LINE_SIZE, false);
	for (int s = 0; s < ch->curve->n; s++) {
		const char *name = ch->curve->set[s].name[0] ? ch->curve->set[s].name : "(no name)";
		double w = fmin(LEGEND, chart_text_width(name, LINE_SIZE, false));
		if (x > LEFT && x + 42 + w > RIGHT) {
			x = LEFT;
			y += 24;
		}
		ch->legend[ch->n_legend].x = x;
		ch->legend[ch->n_legend].y = y - 4.5;
		ch->legend[ch->n_legend++].set = s;
		chart_put(ch, x + 42, y, CHART_START, LINE_SIZE, INK_TEXT, false, LEGEND, name);
		x += 42 + w + 30;
	}
	if (x + note_w > RIGHT) {
		x = LEFT;
		y += 24;
	}
	chart_put(ch, x, y, CHART_START, LINE_SIZE, INK_DIM, false, 0, note);
	return y;
}

static double foot_lay(struct chart *ch, double y)
{
	bool doubts = false;
	char line[160];
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < ch->panel[k].n; i++)
			doubts = doubts || ch->panel[k].mark[i].doubt;
	y = put_wrapped(ch, LEFT, y, RIGHT - LEFT, 12, INK_DIM, ch->curve->method);
	if (doubts)
		y = put_wrapped(ch, LEFT, y, RIGHT - LEFT, 12, INK_DIM,
		        "? beside a CONC: this measurement carries a doubt, the run's page says which.");
	int left_out = ch->panel[0].left_out + ch->panel[1].left_out;
	if (left_out > 0) {
		str_fmt(line, sizeof line, "%d CONC label%s had no room.", left_out, left_out == 1 ? "" : "s");
		y = put_wrapped(ch, LEFT, y, RIGHT - LEFT, 12, INK_DIM, line);
	}
	return y;
}

static void describe(struct chart *ch)
{
	const struct curve *c = ch->curve;
	char *d = ch->description;
	size_t cap = sizeof ch->description;
	str_fmt(d, cap, "Against E2E: %s. Against interactivity: %s.", c->by_e2e.text, c->by_intvty.text);
	for (int i = 0; i < c->track->n_notes && curve_reference(c); i++) {
		size_t len = strlen(d);
		str_fmt(d + len, cap - len, " %s", c->track->reference_notes[i]);
	}
}

void chart_lay(struct chart *out, const struct curve *c, const struct chart_about *about)
{
	memset(out, 0, sizeof *out);
	out->curve = c;
	head_lay(out, about);
	double y = legend_lay(out, 110) + 48, w = (RIGHT - LEFT - GAP) / 2;
	panel_lay(out, &out->panel[0], CURVE_E2E, LEFT, y, w);
	panel_lay(out, &out->panel[1], CURVE_INTVTY, LEFT + w + GAP, y, w);
	out->height = foot_lay(out, y + 72 + FIELD + 78) + 10;
	describe(out);
}
