#include "plan.h"
#include "../base/text.h"
#include <stdio.h>
#include <string.h>

#define PROMPTS_MAX 1000000
/* The guide: 5 to 10 minutes for accuracy alone where the whole row takes 20 to 30. */
#define ACC_SHARE   0.3

/* The rule of a pair that the track lacks: that of the pair with the same output length, else of the first. */
static const struct track_pair *rule_pair(const struct track *t, int isl, int osl)
{
	const struct track_pair *p = track_pair_find(t, isl, osl);
	for (int i = 0; !p && i < t->n_pairs; i++)
		if (t->pairs[i].osl == osl)
			p = &t->pairs[i];
	return p ? p : &t->pairs[0];
}

static int cell_prompts(const struct settings *s, const struct plan_cell *c)
{
	if (s->all_prompts > 0)
		return s->all_prompts;
	bool own = !s->batch && c->conc == s->env_conc && c->isl == s->env_pair[0] && c->osl == s->env_pair[1];
	return own && s->num_prompts > 0 ? s->num_prompts : c->rule_prompts;
}

static int cell_fill(struct plan_cell *c, const struct settings *s, const struct track *t, struct err *e)
{
	const struct track_pair *rule = rule_pair(t, c->isl, c->osl), *own = track_pair_find(t, c->isl, c->osl);
	const struct track_ref *ref = track_ref_find(t, c->isl, c->osl, c->conc);
	int64_t prompts = (int64_t)c->conc * rule->prompts_per_conc;
	if (prompts > PROMPTS_MAX)
		return err_set(e, ERR_USAGE,
		        "CONC %d would send %lld requests by the track's rule, at most %d are possible: "
		        "choose a smaller CONC",
		        c->conc, (long long)prompts, PROMPTS_MAX);
	c->rule_prompts = (int)prompts;
	c->num_prompts = cell_prompts(s, c);
	c->num_warmups = s->num_warmups >= 0 ? s->num_warmups : c->conc * t->warmups_per_conc;
	c->have_ref = ref != NULL;
	if (ref)
		c->ref = *ref;
	text_set(c->board, sizeof c->board, s->leaderboard[0] ? s->leaderboard : own ? own->board : "");
	if (s->mode == MODE_ACC)
		c->expect_s = rule->expect_s * ACC_SHARE;
	else
		c->expect_s = rule->expect_s * c->num_prompts / c->rule_prompts;
	return 0;
}

/* The CONCs of one pair: the picks in their order, else all of the track. Returns how many, 0 for a pair without any. */
static int pair_concs(int out[SETTINGS_PICKS], const struct settings *s, const struct track_pair *p)
{
	int n = 0;
	if (s->n_picks > 0)
		for (; n < s->n_picks && n < SETTINGS_PICKS; n++)
			out[n] = s->picks[n];
	else if (p)
		for (; n < p->n_concs && n < SETTINGS_PICKS; n++)
			out[n] = p->concs[n];
	return n;
}

static bool pair_has_conc(const struct track_pair *p, int conc)
{
	for (int i = 0; i < p->n_concs; i++)
		if (p->concs[i] == conc)
			return true;
	return false;
}

static int check_row(
        const struct settings *s, const struct track *t, const struct track_pair *p, int pair, int conc, struct err *e)
{
	int isl = s->pairs[pair][0], osl = s->pairs[pair][1];
	if (isl < 1 || osl < 1)
		return err_set(e, ERR_USAGE, "no ISL and OSL are given: use -isl N -osl N");
	if (!s->batch || (p && pair_has_conc(p, conc)))
		return 0;
	if (!p)
		return err_set(e, ERR_USAGE, "ISL %d / OSL %d is not a pair of track %s: use -isl %d -osl %d, or --all",
		        isl, osl, t->name, t->pairs[0].isl, t->pairs[0].osl);
	char known[128] = "";
	size_t at = 0;
	for (int i = 0; i < p->n_concs && at + 8 < sizeof known; i++) {
		int n = snprintf(known + at, sizeof known - at, "%s%d", i ? "," : "", p->concs[i]);
		at += n > 0 ? (size_t)n : 0;
	}
	return err_set(e, ERR_USAGE,
	        "CONC %d is not in track %s for %d/%d: choose from --conc %s, or run it alone with export CONC=%d and no -isl -osl",
	        conc, t->name, isl, osl, known, conc);
}

/* One pair: every repeat goes through all its CONCs before the next begins, so that slow drift shows as noise. */
static int plan_pair(struct plan *out, const struct settings *s, const struct track *t, int pair, struct err *e)
{
	int concs[SETTINGS_PICKS], repeats = s->repeat > 0 ? s->repeat : 1;
	const struct track_pair *p = track_pair_find(t, s->pairs[pair][0], s->pairs[pair][1]);
	int n = pair_concs(concs, s, p);
	if (n == 0)
		return err_set(e, ERR_USAGE,
		        "no CONC is picked for ISL %d / OSL %d, which track %s lacks: use --conc N or export CONC=N",
		        s->pairs[pair][0], s->pairs[pair][1], t->name);
	for (int r = 0; r < repeats; r++) {
		for (int k = 0; k < n; k++) {
			int rc = check_row(s, t, p, pair, concs[k], e);
			if (rc)
				return rc;
			if (out->n_cells == PLAN_CELLS)
				return err_set(e, ERR_USAGE,
				        "the plan has more than %d rows: choose fewer CONCs, pairs or repeats",
				        PLAN_CELLS);
			struct plan_cell *c = &out->cells[out->n_cells++];
			*c = (struct plan_cell){.isl = s->pairs[pair][0], .osl = s->pairs[pair][1], .conc = concs[k]};
			c->repeat = r + 1;
			c->pair = pair;
			rc = cell_fill(c, s, t, e);
			if (rc)
				return rc;
		}
	}
	return 0;
}

int plan_make(struct plan *out, const struct settings *s, const struct track *t, struct err *e)
{
	memset(out, 0, sizeof *out);
	for (int pair = 0; pair < s->n_pairs && pair < SETTINGS_PAIRS; pair++) {
		int rc = plan_pair(out, s, t, pair, e);
		if (rc)
			return rc;
	}
	if (out->n_cells == 0)
		return err_set(e, ERR_USAGE, "nothing is picked: use -isl N -osl N, or --all");
	return 0;
}

double plan_expect_s(const struct plan *p)
{
	double sum = 0;
	for (int i = 0; i < p->n_cells; i++)
		sum += p->cells[i].expect_s;
	return sum;
}
