/* What must be read before the numbers: why the two sides may differ for another reason than the one that is looked for. */
#include "../base/text.h"
#include "compare_int.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void compare_say(struct compare_result *r, enum severity severity, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	if (r->n_said >= COMPARE_SAID)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->said_severity[r->n_said] = severity;
	text_copy(r->said[r->n_said++], sizeof r->said[0], text);
}

static void said_str(struct compare_result *r, const char *what, const char *a, const char *b, const char *why)
{
	if (a[0] && b[0] && strcmp(a, b) != 0)
		compare_say(r, SEV_WARN, "different %s: A %.70s, B %.70s%s", what, a, b, why);
}

static void said_int(struct compare_result *r, const char *what, int a, int b, int unknown)
{
	if (a != unknown && b != unknown && a != b)
		compare_say(r, SEV_WARN, "different %s: A %d, B %d", what, a, b);
}

static void said_settings(struct compare_result *r, const struct shelf_manifest *a, const struct shelf_manifest *b)
{
	said_str(r, "track", a->track, b->track, "");
	if (strcmp(a->track, b->track) == 0 && strcmp(a->track_sha256, b->track_sha256) != 0 && a->track_sha256[0] &&
	        b->track_sha256[0])
		compare_say(r, SEV_WARN, "the file of the track %.60s is not the same on both sides", a->track);
	said_str(r, "model", a->model, b->model, "");
	said_str(r, "prompts", a->prompts, b->prompts, ": as ids the server does not tokenize, which flatters TTFT");
	said_int(r, "prefill size", a->prefill, b->prefill, 0);
	said_int(r, "tensor parallel size", a->tp, b->tp, 0);
	said_int(r, "radix cache (off = 1)", a->radix_off, b->radix_off, -1);
	if (isfinite(a->ratio) && isfinite(b->ratio) && a->ratio != b->ratio)
		compare_say(r, SEV_WARN, "different range ratio: A %g, B %g", a->ratio, b->ratio);
	if (a->have && b->have && a->num_warmups != b->num_warmups) {
		char w[2][24] = {"by the rule", "by the rule"};
		for (int i = 0; i < 2; i++)
			if ((i ? b : a)->num_warmups >= 0)
				snprintf(w[i], sizeof w[i], "%d", (i ? b : a)->num_warmups);
		compare_say(r, SEV_WARN, "different warm-ups: A %s, B %s", w[0], w[1]);
	}
	said_str(r, "benchtop", a->version, b->version, ": the instrument itself");
	said_str(r, "machine", a->host, b->host, "");
}

static void said_prompts(struct compare_result *r, const struct compare_side *a, const struct compare_side *b)
{
	for (int i = 0; i < a->n_samples; i++)
		for (int k = 0; k < b->n_samples; k++) {
			const struct compare_sample *x = &a->samples[i], *y = &b->samples[k];
			if (x->isl != y->isl || x->osl != y->osl || x->conc != y->conc || x->num_prompts <= 0 ||
			        y->num_prompts <= 0 || x->num_prompts == y->num_prompts)
				continue;
			compare_say(r, SEV_WARN,
			        "different number of prompts: A %d, B %d at CONC %d, perhaps at others, too: the ramp up and down weighs differently",
			        x->num_prompts, y->num_prompts, x->conc);
			return;
		}
}

static void said_same(struct compare_result *r, const struct compare_side *a, const struct compare_side *b)
{
	for (int i = 0; a->paths && i < a->n_runs; i++)
		for (int k = 0; b->paths && k < b->n_runs; k++)
			if (strcmp(a->paths[i], b->paths[k]) == 0) {
				compare_say(r, SEV_ERROR, "the same run is on both sides: %.180s", a->paths[i]);
				return;
			}
	for (int i = 0; a->starts && i < a->n_starts; i++)
		for (int k = 0; b->starts && k < b->n_starts; k++)
			if (compare_start_same(&a->starts[i], &b->starts[k])) {
				compare_say(r, SEV_WARN,
				        "both sides have runs of the same server start: between those no code has changed, unless the server loads it again");
				return;
			}
}

static bool same_trees(const struct shelf_manifest *a, const struct shelf_manifest *b)
{
	for (int i = 0; i < a->n_trees && i < SHELF_TREES; i++) {
		const struct shelf_code *x = &a->tree[i], *y = compare_tree(b, x->name);
		if (!y || strcmp(x->commit, y->commit) != 0 || x->dirty != y->dirty || x->files != y->files)
			return false;
	}
	return a->n_trees == b->n_trees;
}

static void said_side(struct compare_result *r, const struct compare_side *s, char side)
{
	int bare = 0, mixed = 0, late = 0;
	for (int i = 0; s->manifests && i < s->n_runs; i++) {
		const struct shelf_manifest *m = &s->manifests[i];
		bool changed = false;
		for (int k = 0; k < m->n_trees && k < SHELF_TREES; k++)
			changed = changed || m->tree[k].changed;
		bare += !m->have;
		late += m->have && changed;
		mixed += m->have && s->manifest.have &&
		         (!same_trees(m, &s->manifest) || strcmp(m->server_args, s->manifest.server_args) != 0 ||
		                 strcmp(m->model, s->manifest.model) != 0 ||
		                 strcmp(m->prompts, s->manifest.prompts) != 0);
	}
	if (s->n_alive > 0)
		compare_say(r, SEV_WARN,
		        "side %c: %d of %d runs %s still in progress: only the rows that are done are compared", side,
		        s->n_alive, s->n_runs, s->n_alive == 1 ? "is" : "are");
	if (mixed > 0)
		compare_say(r, SEV_WARN,
		        "side %c mixes code or settings: %d of %d runs differ from the newest, so its spread is not noise alone",
		        side, mixed, s->n_runs);
	if (bare > 0)
		compare_say(r, SEV_WARN,
		        "side %c: %d of %d runs have no manifest: code, server and settings are not known", side, bare,
		        s->n_runs);
	if (late > 0)
		compare_say(r, SEV_WARN, "side %c: in %d of %d runs the code had changed since the server's start",
		        side, late, s->n_runs);
	if (s->n_doubtful > 0)
		compare_say(r, SEV_WARN, "side %c: %d of %d rows carry doubts (%s%s)", side, s->n_doubtful,
		        s->n_samples, s->first_doubt, s->n_doubtful > 1 ? ", and more" : "");
	if (s->n_gate_failed > 0)
		compare_say(r, SEV_WARN, "side %c: the accuracy of %d of %d rows is outside the gate", side,
		        s->n_gate_failed, s->n_samples);
	if (s->n_left_out > 0)
		compare_say(r, SEV_WARN, "side %c: %d row%s failed or stopped and left out", side, s->n_left_out,
		        s->n_left_out == 1 ? " was" : "s were");
}

void compare_said(struct compare_result *r, const struct compare_side *a, const struct compare_side *b)
{
	said_same(r, a, b);
	if (a->demo || b->demo)
		compare_say(r, SEV_WARN, "%s measured on the built-in simulated server",
		        a->demo && b->demo ? "both sides were"
		        : a->demo          ? "side A was"
		                           : "side B was");
	said_settings(r, &a->manifest, &b->manifest);
	said_prompts(r, a, b);
	said_side(r, a, 'A');
	said_side(r, b, 'B');
}

/* What the verdicts of the lines rest on; only what occurs. */
void compare_said_basis(struct compare_result *r, const struct compare_side *a, const struct compare_side *b,
        const struct compare_options *o)
{
	bool seen[BASIS_STARTS + 1] = {0};
	int missing = 0;
	for (int i = 0; i < r->n_lines; i++) {
		const struct compare_line *l = &r->lines[i];
		if (isfinite(l->change))
			seen[l->basis] = true;
		else if (l->metric == COMPARE_TPUT)
			missing++;
	}
	if (missing > 0)
		compare_say(
		        r, SEV_INFO, "%d CONC%s only one side with figures", missing, missing == 1 ? " has" : "s have");
	if (seen[BASIS_FLOOR])
		compare_say(r, SEV_WARN,
		        "single runs: the run-to-run noise is unknown, at least %g %% is taken for it (fresh starts of one server were seen to differ by 2 %% at CONC 4); repeat both sides on fresh server starts to know",
		        100 * compare_floor(o));
	if (seen[BASIS_HISTORY])
		compare_say(r, SEV_INFO,
		        "not both sides were repeated on fresh server starts: the noise is the spread of the starts that there are, of one side or of earlier runs with the same manifest");
	if (seen[BASIS_RUNS] && (a->start_unknown || b->start_unknown))
		compare_say(r, SEV_WARN,
		        "it is not recorded which server starts these runs belong to: if each side is of one start, they judge the starts, not the change; no verdict about a change of code");
	else if (seen[BASIS_RUNS])
		compare_say(r, SEV_WARN,
		        "repeats on one server start a side: they judge these two starts, not the change between them; no verdict about a change of code; restart the server and run again");
}
