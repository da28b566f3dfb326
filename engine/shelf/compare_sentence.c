/* The verdict over all CONCs in one sentence, and how it was found. */
#include "compare_int.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* How a CONC counts in the sentence. */
enum outcome { OUT_FASTER, OUT_SLOWER, OUT_SAME, OUT_STARTS, OUT_MISSING, OUTCOMES };

static enum outcome outcome_of(const struct compare_line *l)
{
	if (!isfinite(l->change) || !isfinite(l->noise))
		return OUT_MISSING;
	switch (l->verdict) {
	case COMPARE_FASTER:
		return OUT_FASTER;
	case COMPARE_SLOWER:
		return OUT_SLOWER;
	case COMPARE_SAME:
		return OUT_SAME;
	case COMPARE_NONE:
		break;
	}
	return OUT_STARTS;
}

const char *compare_line_word(const struct compare_line *l)
{
	static const char *const words[OUTCOMES] = {"faster", "slower", "no difference seen", "starts differ", ""};
	enum outcome o = outcome_of(l);
	if (o != OUT_MISSING)
		return words[o];
	return l->runs_a > 0 ? (l->runs_b > 0 ? "" : "only in A") : l->runs_b > 0 ? "only in B" : "not measured";
}

static void add(char *out, size_t cap, const char *text)
{
	size_t len = strlen(out);
	snprintf(out + len, cap - len, "%s", text);
}

#define NAMED_MOST 8 /* more CONCs are counted: a list that is cut would name a part, or half a number */

/* "CONC 4, 8 and 16" or "14 CONCs": those of the pair with this outcome; how many. */
static int list_concs(
        const struct compare_result *r, const struct compare_line *pair, enum outcome o, char *out, size_t cap)
{
	int n = 0, at = 0;
	add(out, cap, "CONC ");
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < r->n_lines; i++) {
			const struct compare_line *l = &r->lines[i];
			char one[32];
			if (l->metric != COMPARE_TPUT || l->isl != pair->isl || l->osl != pair->osl ||
			        outcome_of(l) != o)
				continue;
			if (pass == 0) {
				n++;
				continue;
			}
			snprintf(one, sizeof one, "%s%d", at == 0 ? "" : at + 1 == n ? " and " : ", ", l->conc);
			add(out, cap, one);
			at++;
		}
	if (n > NAMED_MOST)
		snprintf(out, cap, "%d CONCs", n);
	return n;
}

static void pair_sentence(const struct compare_result *r, const struct compare_line *pair, char *out, size_t cap)
{
	static const char *const words[OUT_MISSING] = {
	        "faster at ", "slower at ", "no difference seen at ", "the two server starts differ at "};
	bool first = true;
	for (int o = 0; o < OUT_MISSING; o++) {
		char list[160] = "";
		if (list_concs(r, pair, (enum outcome)o, list, sizeof list) == 0)
			continue;
		add(out, cap, first ? "" : ", ");
		add(out, cap, words[o]);
		add(out, cap, list);
		first = false;
	}
	if (first)
		add(out, cap, "nothing to compare");
}

/* text and tail into out; what does not fit goes at a comma, and that is said. */
static void fit(char *out, size_t cap, char *text, const char *tail)
{
	static const char more[] = "; more in the table";
	if (strlen(text) + strlen(tail) >= cap) {
		size_t len = cap - strlen(tail) - sizeof more;
		while (len > 0 && text[len] != ',' && text[len] != ';')
			len--;
		text[len] = '\0';
		add(text, cap, more);
	}
	out[0] = '\0';
	add(out, cap, text);
	add(out, cap, tail);
}

void compare_sentence(struct compare_result *r, const struct compare_options *o)
{
	bool basis[BASIS_STARTS + 1] = {0};
	int pairs = 0;
	char text[4 * sizeof r->verdict] = "", tail[120] = "";
	const struct compare_line *last = NULL;
	for (int i = 0; i < r->n_lines; i++) {
		const struct compare_line *l = &r->lines[i];
		if (l->metric != COMPARE_TPUT)
			continue;
		if (isfinite(l->change))
			basis[l->basis] = true;
		pairs += !last || last->isl != l->isl || last->osl != l->osl;
		last = l;
	}
	bool judged = basis[BASIS_FLOOR] || basis[BASIS_HISTORY] || basis[BASIS_STARTS];
	add(text, sizeof text, judged ? "B against A in tok/s/GPU: " : "");
	if (basis[BASIS_RUNS] && !judged)
		add(text, sizeof text, "no verdict about the change, both sides are repeats on one server start: ");
	last = NULL;
	for (int i = 0; i < r->n_lines; i++) {
		const struct compare_line *l = &r->lines[i];
		char head[48];
		if (last && last->isl == l->isl && last->osl == l->osl)
			continue;
		snprintf(head, sizeof head, "%s%d/%d: ", last ? "; " : "", l->isl, l->osl);
		add(text, sizeof text, pairs > 1 ? head : "");
		pair_sentence(r, l, text, sizeof text);
		last = l;
	}
	if (basis[BASIS_FLOOR])
		snprintf(tail, sizeof tail, " (single runs, at least %g %% taken for noise)", 100 * compare_floor(o));
	fit(r->verdict, sizeof r->verdict, text, tail);
}

void compare_method(struct compare_result *r, const struct compare_options *o)
{
	bool seen[BASIS_STARTS + 1] = {0};
	double floor = 100 * compare_floor(o);
	char *out = r->method;
	size_t cap = sizeof r->method;
	for (int i = 0; i < r->n_lines; i++)
		if (isfinite(r->lines[i].change))
			seen[r->lines[i].basis] = true;
	out[0] = '\0';
	if (seen[BASIS_STARTS] || seen[BASIS_HISTORY] || seen[BASIS_RUNS])
		snprintf(out, cap,
		        "Levels: server start > run > request. The change of the means (over starts, of the means over their runs) is held against its standard error, which comes from the spread of the logarithms at the highest repeated level, taken as one spread for both sides and never below %.2g %%; the limit is what %g %% (%g %% with more than ten starts) of %d rounds of a parametric bootstrap over starts and runs (seed %u) exceed without any difference. ",
		        COMPARE_SPREAD * floor, 100 * COMPARE_LEVEL, 100 * COMPARE_LEVEL_MANY,
		        o && o->rounds > 0 ? o->rounds : COMPARE_ROUNDS, o && o->seed ? o->seed : 1);
	if (seen[BASIS_FLOOR]) {
		char text[240];
		snprintf(text, sizeof text,
		        "Single runs: noise is %g %% (or what was seen, if that is more) and 1.96 standard errors of the requests (moving blocks in the order of completion). ",
		        floor);
		add(out, cap, text);
	}
	if (seen[BASIS_STARTS] || seen[BASIS_HISTORY])
		add(out, cap,
		        "Each line is judged by itself: without any real change, about 4 of 100 lines say faster or slower when starts differ by 1 %, up to 6 or 7 when they differ by far more; of many lines, expect some.");
	size_t len = strlen(out);
	if (len > 0 && out[len - 1] == ' ')
		out[len - 1] = '\0';
}
