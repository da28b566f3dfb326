#include "repost.h"

#include "../base/text.h"
#include "result.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static enum repost_verdict by_state(const struct board_cell *c, char *why, size_t cap)
{
	switch (c->post.state) {
	case POST_CONFIRMED:
		snprintf(why, cap, "the board confirmed it already");
		return REPOST_DONE;
	case POST_REFUSED:
		snprintf(why, cap, "the board refused it: %s", c->post.text);
		return REPOST_YES;
	case POST_ATTEMPTED:
	case POST_SENT:
	case POST_UNKNOWN:
		snprintf(why, cap,
		        "it may be on the board already (%s%s%s): look there first, nothing is posted twice by itself",
		        post_state_word((int)c->post.state), c->post.text[0] ? ": " : "", c->post.text);
		return REPOST_UNSURE;
	default:
		return REPOST_YES;
	}
}

enum repost_verdict repost_judge(const struct board *b, int i, bool post_flagged, char *why, size_t cap)
{
	const struct board_cell *c = &b->cells[i];

	why[0] = '\0';
	if (c->status != CELL_PASSED || !c->have_load || !c->have_result) {
		snprintf(why, cap, "it was not measured to the end");
		return REPOST_NEVER;
	}
	if (!c->have_accuracy || !c->have_gate || !c->gate.passed) {
		snprintf(why, cap, "its accuracy was not measured");
		return REPOST_NEVER;
	}
	enum repost_verdict v = by_state(c, why, cap);
	if (v != REPOST_YES || c->n_doubts == 0 || post_flagged)
		return v;
	for (int k = 0; k < c->n_flags; k++) {
		if (c->flags[k].doubt) {
			snprintf(why, cap, "%s; --post-flagged posts it all the same", c->flags[k].text);
			break;
		}
	}
	return REPOST_DOUBT;
}

static bool is_loopback(const char *url)
{
	return strncmp(url, "http://127.", 11) == 0 || strncmp(url, "http://localhost", 16) == 0 ||
	       strncmp(url, "http://[::1]", 12) == 0;
}

int repost_job(const struct board *b, int i, const struct track *t, const char *leaderboard, const char *team,
        struct post_job *out, struct err *e)
{
	const struct board_cell *c = &b->cells[i];
	const char *url = leaderboard[0] ? leaderboard : c->plan.board_url;
	struct plan_cell cell = {
	        .isl = (int)c->plan.isl,
	        .osl = (int)c->plan.osl,
	        .conc = (int)c->plan.conc,
	        .repeat = (int)c->plan.repeat,
	        .num_prompts = (int)c->plan.num_prompts,
	        .have_ref = !isnan(c->plan.ref_tput),
	        .ref = {.e2e_ms = c->plan.ref_e2e_ms, .intvty = c->plan.ref_intvty, .tput = c->plan.ref_tput},
	};
	struct result_input in = {.track = t, .cell = &cell, .load = &c->load, .accuracy = &c->accuracy};
	struct buf payload;

	memset(out, 0, sizeof *out);
	if (!team[0])
		team = b->run.team;
	if (!team[0])
		return err_set(e, ERR_USAGE, "the run names no team: give one with --team NAME");
	int rc = settings_check_team(team, e);
	if (rc < 0)
		return rc;
	if (!url[0])
		return err_set(e, ERR_USAGE, "the run names no leaderboard for %d/%d: give one with --leaderboard URL",
		        cell.isl, cell.osl);
	if (b->run.demo && !is_loopback(url))
		return err_set(e, ERR_USAGE, "a run of the demo is never posted to a real board");
	out->cell = i;
	buf_init(&payload, sizeof out->payload - 1);
	rc = result_payload(&in, team, &payload);
	if (rc == 0 && text_set(out->url, sizeof out->url, url) && text_set(out->team, sizeof out->team, team) &&
	        text_set(out->api_name, sizeof out->api_name, t->api_name))
		text_set(out->payload, sizeof out->payload, buf_text(&payload));
	else
		rc = err_set(e, ERR_LIMIT, "the post does not fit: leaderboard or team name are too long");
	buf_free(&payload);
	return rc;
}
