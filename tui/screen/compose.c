/* From what is picked on the screen to settings and a plan, and the judgement of what is typed. Nothing here draws. */
#include "../../engine/base/text.h"
#include "../draw/widget.h"
#include "view.h"
#include <string.h>

#define PROMPTS_MOST 1000000

static void shown_pair(const struct view *v, struct settings *out)
{
	const struct track_pair *p =
	        v->track && v->pair >= 0 && v->pair < v->track->n_pairs ? &v->track->pairs[v->pair] : NULL;
	if (!p)
		return;
	out->n_pairs = 1;
	out->pairs[0][0] = p->isl;
	out->pairs[0][1] = p->osl;
}

void view_compose(const struct view *v, struct settings *out)
{
	*out = v->settings;
	out->batch = true;
	out->n_picks = 0;
	for (int i = 0; i < v->plan.n_cells && i < PLAN_CELLS; i++)
		if ((v->only_focused ? i == v->focus : v->picked[i]) && out->n_picks < SETTINGS_PICKS)
			out->picks[out->n_picks++] = v->plan.cells[i].conc;
	out->restart_server = v->restart;
	out->restart_shapes = v->restart_shapes;
	if (v->only_focused || out->n_pairs == 0)
		shown_pair(v, out);
	/* Exactly what the sourced file names is its single test: NUM_PROMPTS and RESULT_FILENAME belong to it. */
	if (!v->settings.batch && out->n_pairs == 1 && out->n_picks == 1 && out->picks[0] == out->env_conc &&
	        out->pairs[0][0] == out->env_pair[0] && out->pairs[0][1] == out->env_pair[1])
		out->batch = false;
}

int view_plan(const struct view *v, struct plan *out, struct err *e)
{
	struct settings s;
	view_compose(v, &s);
	memset(out, 0, sizeof *out);
	return s.n_picks == 0 || !v->track ? 0 : plan_make(out, &s, v->track, e);
}

/* Any repeat of it. */
static bool lacks_result(const struct board *b, const struct plan_cell *p)
{
	for (int i = 0; i < b->n_cells; i++) {
		const struct board_cell *c = &b->cells[i];
		if (c->planned && c->plan.isl == p->isl && c->plan.osl == p->osl && c->plan.conc == p->conc &&
		        c->status != CELL_PASSED)
			return true;
	}
	return false;
}

int view_retry(const struct board *b, const struct view *v, bool rows[PLAN_CELLS])
{
	int n = 0;
	bool over = b && b->have_run && b->finished && !v->following;
	for (int i = 0; i < v->plan.n_cells && i < PLAN_CELLS; i++) {
		bool lacks = over && lacks_result(b, &v->plan.cells[i]);
		n += lacks;
		if (rows)
			rows[i] = lacks;
	}
	return n;
}

/* ---- what is typed ---- */

static int check_team(const struct view *v, struct settings *out, struct err *e)
{
	int rc = settings_check_team(v->edit, e);
	if (rc == 0 && !text_set(out->team, sizeof out->team, v->edit))
		return err_set(e, ERR_USAGE, "the team name is too long: give a shorter one");
	return rc;
}

static int check_prompts(const struct view *v, struct settings *out, char *note, size_t cap, struct err *e)
{
	int64_t n = 0;
	if (v->edit[0] && !text_to_i64(v->edit, 1, PROMPTS_MOST, &n))
		return err_set(e, ERR_USAGE,
		        "\"%.40s\" is not a whole number from 1 to %d: empty takes the track's rule", v->edit,
		        PROMPTS_MOST);
	out->all_prompts = (int)n;
	int off = 0, rule = 0, conc = 0;
	for (int i = 0; i < v->plan.n_cells && i < PLAN_CELLS; i++)
		if (n > 0 && v->plan.cells[i].rule_prompts != n) {
			off++;
			rule = v->plan.cells[i].rule_prompts;
			conc = v->plan.cells[i].conc;
		}
	if (n == 0)
		str_fmt(note, cap, "the track's rule: CONC times a fixed number");
	else if (off > 0)
		str_fmt(note, cap,
		        "off the track's rule in %d of %d rows (CONC %d: %d): each carries a doubt, which holds back its post",
		        off, v->plan.n_cells, conc, rule);
	return 0;
}

/* "8889", ":8889", "node7:8888" are understood as well as a whole URL. */
static int check_server(const struct view *v, struct settings *out, char *note, size_t cap, struct err *e)
{
	struct settings s = v->settings;
	const char *text = v->edit + strspn(v->edit, " "), *digits = text + (text[0] == ':');
	int64_t port;
	s.mode = MODE_PERF; /* the address alone is judged here */
	s.accuracy = ACCURACY_EACH;
	s.leaderboard[0] = '\0';
	if (!*text)
		return err_set(e, ERR_USAGE, "an address is needed: http://HOST:PORT, or a port of this machine");
	if (text_to_i64(digits, 1, 65535, &port)) {
		str_fmt(s.base_url, sizeof s.base_url, "http://127.0.0.1:%d", (int)port);
		str_fmt(s.result_base_url, sizeof s.result_base_url, "http://0.0.0.0:%d", (int)port);
		s.port = (int)port;
	} else {
		bool whole = strstr(text, "://") != NULL;
		if (strlen(text) + (whole ? 0 : 7) >= sizeof s.base_url)
			return err_set(e, ERR_USAGE, "the server address is too long");
		str_fmt(s.base_url, sizeof s.base_url, "%s%s", whole ? "" : "http://", text);
		text_set(s.result_base_url, sizeof s.result_base_url, s.base_url);
	}
	int rc = settings_check(&s, v->track, false, e);
	if (rc)
		return rc;
	text_set(out->base_url, sizeof out->base_url, s.base_url);
	text_set(out->result_base_url, sizeof out->result_base_url, s.result_base_url);
	out->port = s.port;
	str_fmt(note, cap, "dials %s", s.base_url);
	return 0;
}

int view_edit_check(const struct view *v, struct settings *out, char *note, size_t cap, struct err *e)
{
	struct settings s = v->settings;
	int rc;
	note[0] = '\0';
	switch (v->field) {
	case EDIT_PROMPTS:
		rc = check_prompts(v, &s, note, cap, e);
		break;
	case EDIT_SERVER:
		rc = check_server(v, &s, note, cap, e);
		break;
	case EDIT_FIND:
	case EDIT_FILTER:
	case EDIT_RUNS:
		rc = 0; /* the log judges its patterns itself; the list takes any text */
		break;
	default:
		rc = check_team(v, &s, e);
		break;
	}
	if (rc == 0 && out)
		*out = s;
	return rc;
}
