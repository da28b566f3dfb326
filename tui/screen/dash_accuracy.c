/* Accuracy: the three metrics against their baselines, as a share of the drift that the gate allows. */
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include <math.h>
#include <string.h>

struct metrics {
	double now[TRACK_METRICS];
	bool running;
};

static const char *const names[TRACK_METRICS] = {"bits/byte", "byte ppl", "word ppl"};

static struct metrics metrics_now(const struct board *b)
{
	struct metrics m = {{NAN, NAN, NAN}, false};
	const struct board_cell *cell = b->current >= 0 && b->current < b->n_cells ? &b->cells[b->current] : NULL;
	if (cell && run_alive(b) && cell->phase == PHASE_ACCURACY) {
		m.running = true;
		if (cell->have_accuracy_progress) {
			m.now[0] = cell->accuracy_progress.bits_per_byte;
			m.now[1] = cell->accuracy_progress.byte_perplexity;
			m.now[2] = cell->accuracy_progress.word_perplexity;
		}
	} else if (b->have_accuracy) {
		m.now[0] = b->accuracy.bits_per_byte;
		m.now[1] = b->accuracy.byte_perplexity;
		m.now[2] = b->accuracy.word_perplexity;
	}
	return m;
}

static double baseline_of(const struct view *v, int i)
{
	double baseline = v->track ? v->track->metrics[i].baseline : 0;
	return baseline > 0 ? baseline : NAN;
}

static double allowance(const struct view *v)
{
	return v->track && v->track->multiplier > 1 ? v->track->multiplier - 1 : 0.03;
}

static enum role drift_role(double share)
{
	return !isfinite(share) ? ROLE_DIM : share > 1 ? ROLE_BAD : share > 0.8 ? ROLE_WARN : ROLE_GOOD;
}

static void metric_row(struct canvas *c, struct rect r, const struct view *v, const struct metrics *m, int i)
{
	char text[40];
	double baseline = baseline_of(v, i), drift = m->now[i] / baseline - 1, share = drift / allowance(v);
	int gauge = r.cols - 41;
	canvas_text(c, r.row, r.col, 11, ROLE_DIM, 0, names[i]);
	canvas_right(c, r.row, r.col + 11, 9, m->running ? ROLE_INFO : ROLE_STRONG, 0, fmt_number(m->now[i], 4, text));
	canvas_right(c, r.row, r.col + 20, 10, ROLE_TEXT, 0, fmt_number(baseline, 4, text));
	canvas_right(c, r.row, r.col + 31, 8, drift_role(share), 0, fmt_percent(drift, 2, text));
	if (gauge > 0)
		widget_gauge(c, r.row, r.col + 40, gauge, share);
}

/* Where the figures come from: "167 documents in 1m38, /generate, 2 retries" or the gate's sentence. */
static void accuracy_source(struct canvas *c, struct rect r, const struct board *b, const struct metrics *m)
{
	struct pen p = pen_at(c, r.row, r.col, r.cols);
	char took[16];
	if (m->running) {
		pen_put(&p, ROLE_DIM, 0, "a running estimate; the gate decides at the end");
		return;
	}
	if (!b->have_accuracy) {
		pen_put(&p, ROLE_DIM, 0, "the first row of a run measures it");
		return;
	}
	if (b->gate.text[0] && !b->gate.passed) {
		pen_fit(&p, ROLE_BAD, 0, b->gate.text);
		return;
	}
	pen_put(&p, ROLE_DIM, 0, "%lld documents in %s", (long long)b->accuracy.documents,
	        clock_duration(b->accuracy.duration_s, took));
	if (b->accuracy.retries > 0)
		pen_put(&p, ROLE_WARN, 0, ", %lld retries", (long long)b->accuracy.retries);
	if (b->accuracy.endpoint[0])
		pen_put(&p, ROLE_DIM, 0, ", %s", b->accuracy.endpoint);
}

static void accuracy_composed(
        struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	struct rect r = l->accuracy;
	struct metrics m = metrics_now(b);
	char limit[24];
	str_fmt(limit, sizeof limit, "drift of +%.3g%%", allowance(v) * 100);
	canvas_right(c, r.row, r.col + 11, 9, ROLE_DIM, 0, "now");
	canvas_right(c, r.row, r.col + 20, 10, ROLE_DIM, 0, "baseline");
	canvas_text(c, r.row, r.col + 34, r.cols - 34, ROLE_DIM, 0, limit);
	for (int i = 0; i < TRACK_METRICS; i++)
		metric_row(c, (struct rect){r.row + 1 + i, r.col, 1, r.cols}, v, &m, i);
	accuracy_source(c, (struct rect){r.row + r.rows - 1, r.col, 1, r.cols}, b, &m);
	if (r.rows >= 7 && v->track) {
		struct pen p = pen_at(c, r.row + 5, r.col, r.cols);
		pen_put(&p, ROLE_DIM, 0, "gate %s: each at most baseline x %.4g", v->track->gate, v->track->multiplier);
	}
}

static void accuracy_title(struct canvas *c, const struct dash_layout *l, const struct board *b)
{
	struct rect r = l->accuracy;
	struct words w;
	char at[9];
	words_accuracy(&w, b);
	widget_box(c, (struct rect){r.row - 1, r.col - 2, r.rows + 2, r.cols + 4}, NULL, NULL);
	struct pen p = pen_at(c, r.row - 1, r.col, r.cols);
	pen_put(&p, ROLE_TITLE, 0, " Accuracy ");
	p.end--;
	pen_put(&p, w.role, 0, "%s", w.text);
	if (b->have_accuracy && b->accuracy_wall_ns > 0 && w.role != ROLE_INFO) {
		clock_hms(b->accuracy_wall_ns, at);
		pen_put(&p, ROLE_DIM, 0, ", %.5s", at);
	}
	canvas_text(c, p.row, p.col, 1, ROLE_BOX, 0, " ");
}

static void accuracy_compact(struct canvas *c, struct rect r, const struct board *b, const struct view *v)
{
	struct metrics m = metrics_now(b);
	struct words w;
	char text[40], drift[16];
	words_accuracy(&w, b);
	struct pen p = pen_at(c, r.row, r.col, r.cols);
	bool figures = isfinite(m.now[0]);
	bool passed = !m.running && b->have_accuracy && b->gate.passed;
	if (passed)
		pen_put(&p, ROLE_GOOD, 0, "✓ accuracy");
	else {
		bool running = strncmp(w.text, "running, ", 9) == 0;
		pen_put(&p, w.role == ROLE_BAD ? ROLE_BAD : ROLE_TEXT, 0, "accuracy");
		pen_put(&p, w.role, 0, " %s", running ? w.text + 9 : w.text);
	}
	if (!figures)
		return;
	for (int i = 0; i < TRACK_METRICS; i++) {
		static const char *const brief[TRACK_METRICS] = {"bits/byte", "byte", "word"};
		double share = (m.now[i] / baseline_of(v, i) - 1) / allowance(v);
		if (!pen_pair(
		            &p, 2, brief[i], m.running ? ROLE_INFO : ROLE_STRONG, "%s", fmt_number(m.now[i], 4, text)))
			return;
		if (i == 0 || share > 0.8)
			pen_put(&p, drift_role(share), 0, " (%s)",
			        fmt_percent(m.now[i] / baseline_of(v, i) - 1, 2, drift));
	}
	pen_put(&p, ROLE_DIM, 0, "  of +%.3g%%", allowance(v) * 100);
}

void dash_accuracy(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	if (!l->composed) {
		accuracy_compact(c, l->accuracy, b, v);
		return;
	}
	accuracy_title(c, l, b);
	accuracy_composed(c, l, b, v);
}
