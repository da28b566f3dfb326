#include "gate.h"
#include "../base/text.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static double metric_value(const struct ev_accuracy_measured *a, const char *name)
{
	if (strcmp(name, "bits_per_byte") == 0)
		return a->bits_per_byte;
	if (strcmp(name, "byte_perplexity") == 0)
		return a->byte_perplexity;
	if (strcmp(name, "word_perplexity") == 0)
		return a->word_perplexity;
	return NAN;
}

static void describe(const struct track *t, struct ev_gate_decided *out)
{
	double drift = (out->value / out->baseline - 1) * 100, allowed = (t->multiplier - 1) * 100;
	if (!isfinite(out->value))
		snprintf(
		        out->text, sizeof out->text, "%s was not measured: the limit is %.4f", out->metric, out->limit);
	else if (out->passed)
		snprintf(out->text, sizeof out->text,
		        "inside the gate: %s %.4f is at or below %.4f (drift %+.2f %% of +%.4g %%)", out->metric,
		        out->value, out->limit, drift, allowed);
	else
		snprintf(out->text, sizeof out->text,
		        "outside the gate: %s %.4f is above %.4f (drift %+.2f %% of +%.4g %%)", out->metric, out->value,
		        out->limit, drift, allowed);
}

void gate_decide(const struct track *t, const struct ev_accuracy_measured *a, struct ev_gate_decided *out)
{
	int64_t cell = out->cell;
	double nearest = -INFINITY;
	memset(out, 0, sizeof *out);
	out->cell = cell;
	out->passed = true;
	out->value = out->baseline = out->limit = NAN;
	for (int i = 0; i < TRACK_METRICS && out->passed; i++) {
		const struct track_metric *m = &t->metrics[i];
		double value = metric_value(a, m->name), limit = m->baseline * t->multiplier;
		if (!m->name[0])
			continue;
		bool inside = isfinite(value) && value <= limit;
		if (inside && value / limit <= nearest)
			continue;
		nearest = value / limit;
		out->passed = inside;
		out->value = value;
		out->baseline = m->baseline;
		out->limit = limit;
		text_copy(out->metric, sizeof out->metric, m->name);
	}
	if (out->metric[0]) {
		describe(t, out);
	} else {
		out->passed = false;
		snprintf(out->text, sizeof out->text, "the track has no accuracy limits: nothing can pass");
	}
}
