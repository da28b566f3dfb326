#include "replay.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/event/journal.h"
#include "../engine/run/rundir.h"
#include <string.h>
#include <sys/stat.h>

int replay_find(const char *argument, const char *results_dir, bool live, char *out, size_t cap, struct err *e)
{
	char journal[640], clean[300];
	struct stat st;
	out[0] = '\0';
	if (!argument)
		return (live && rundir_find_alive(results_dir, out, cap, NULL)) ||
		       rundir_find_newest(results_dir, out, cap);
	text_copy(clean, sizeof clean, argument);
	if (stat(argument, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ERR_USAGE,
		        "\"%s\" is no directory: name a run directory, like batch_isl1024_osl1024_20251125_150000",
		        clean);
	if (!path_join(journal, sizeof journal, argument, JOURNAL_NAME) || !text_set(out, cap, argument))
		return err_set(e, ERR_USAGE, "the path \"%s\" is too long: use a shorter one", clean);
	if (stat(journal, &st) < 0 && !replay_is_alive(argument, NULL))
		return err_set(e, ERR_USAGE,
		        "\"%s\" holds no " JOURNAL_NAME ": name the directory of a run that benchtop measured", clean);
	return 1;
}

bool replay_is_alive(const char *dir, long *pid)
{
	char path[640];
	if (pid)
		*pid = 0;
	return path_join(path, sizeof path, dir, "run.lock") && file_lock_held(path, pid);
}

int replay_read(struct replay *r, const char *dir, struct err *e)
{
	struct journal_reader j;
	struct event ev;
	memset(r, 0, sizeof *r);
	board_init(&r->board);
	int rc = journal_reader_open(&j, dir, e);
	if (rc < 0)
		return rc;
	while ((rc = journal_reader_next(&j, &ev, e)) > 0) {
		board_apply(&r->board, &ev);
		r->last_wall_ns = ev.wall_ns;
		r->last_mono_ns = ev.mono_ns;
	}
	journal_reader_close(&j);
	if (rc < 0)
		return rc;
	if (!r->board.have_run)
		return err_set(e, ERR_USAGE, "the journal in %.300s holds no run (yet)", dir);
	return 0;
}

int replay_track(const struct board *b, const char *wanted, struct track *t, struct err *e)
{
	const char *name = wanted[0] ? wanted : b->have_run ? b->run.track : "";
	int rc = track_load(t, name, e);
	if (rc < 0 && !wanted[0] && b->have_run)
		return err_set(
		        e, ERR_USAGE, "the run's track \"%s\" is not known here: give its file with --track", name);
	return rc;
}

static void add_pair(struct settings *s, const struct ev_cell_planned *p)
{
	for (int i = 0; i < s->n_pairs; i++)
		if (s->pairs[i][0] == (int)p->isl && s->pairs[i][1] == (int)p->osl)
			return;
	if (s->n_pairs == SETTINGS_PAIRS)
		return;
	s->pairs[s->n_pairs][0] = (int)p->isl;
	s->pairs[s->n_pairs][1] = (int)p->osl;
	s->n_pairs++;
}

static void add_pick(struct settings *s, int conc)
{
	for (int i = 0; i < s->n_picks; i++)
		if (s->picks[i] == conc)
			return;
	if (s->n_picks < SETTINGS_PICKS)
		s->picks[s->n_picks++] = conc;
}

/* What every row of the run was given instead of the rule's prompts; 0 when they differ, or follow it. */
static int prompts_of_all(const struct board *b)
{
	int64_t n = 0;
	bool off = false;
	for (int i = 0; i < b->n_cells; i++) {
		const struct ev_cell_planned *p = &b->cells[i].plan;
		if (n && p->num_prompts != n)
			return 0;
		n = p->num_prompts;
		off = off || p->num_prompts != p->rule_prompts;
	}
	return off && n > 0 && n <= 1000000 ? (int)n : 0;
}

static void take_board_url(const struct board *b, const struct track *t, struct settings *s)
{
	s->leaderboard[0] = '\0';
	if (b->n_cells == 0 || !b->cells[0].plan.board_url[0])
		return;
	const struct ev_cell_planned *p = &b->cells[0].plan;
	const struct track_pair *pair = track_pair_find(t, (int)p->isl, (int)p->osl);
	if (!pair || strcmp(pair->board, p->board_url) != 0)
		text_set(s->leaderboard, sizeof s->leaderboard, p->board_url);
}

void replay_settings(const struct board *b, const struct track *t, struct settings *s)
{
	const struct ev_run_started *run = &b->run;
	if (!b->have_run)
		return;
	s->mode = run->mode;
	s->batch = true; /* so that NUM_PROMPTS of a sourced file is not taken for this run's */
	s->prompts = run->prompts;
	s->accuracy = run->accuracy;
	s->demo = run->demo;
	text_set(s->model, sizeof s->model, run->model);
	text_set(s->base_url, sizeof s->base_url, run->base_url);
	if (run->team[0])
		text_set(s->team, sizeof s->team, run->team);
	s->repeat = 1;
	s->n_pairs = s->n_picks = 0;
	for (int i = 0; i < b->n_cells; i++) {
		add_pair(s, &b->cells[i].plan);
		add_pick(s, (int)b->cells[i].plan.conc);
		if (b->cells[i].plan.repeat > s->repeat)
			s->repeat = (int)b->cells[i].plan.repeat;
	}
	s->all_prompts = prompts_of_all(b);
	s->num_prompts = 0;
	take_board_url(b, t, s);
}

/* The pair on screen: of the row in progress, else the first. */
static void choose_pair(const struct board *b, const struct track *t, const struct settings *s, struct view *v)
{
	int isl = s->n_pairs > 0 ? s->pairs[0][0] : 0, osl = s->n_pairs > 0 ? s->pairs[0][1] : 0;
	if (b->current >= 0 && b->current < b->n_cells) {
		isl = (int)b->cells[b->current].plan.isl;
		osl = (int)b->cells[b->current].plan.osl;
	}
	for (int i = 0; i < t->n_pairs; i++)
		if (t->pairs[i].isl == isl && t->pairs[i].osl == osl)
			v->pair = i;
}

static bool is_pick(const struct settings *s, int conc)
{
	for (int i = 0; i < s->n_picks; i++)
		if (s->picks[i] == conc)
			return true;
	return s->n_picks == 0;
}

int replay_view(const struct replay *r, const struct track *t, const struct settings *s, struct view *v, struct err *e)
{
	const struct board *b = &r->board;
	memset(v, 0, sizeof *v);
	v->screen = SCREEN_DASHBOARD;
	v->settings = *s;
	v->track = t;
	v->detached_ok = true;
	choose_pair(b, t, s, v);
	struct settings one = *s;
	one.batch = true;
	one.repeat = 1;
	one.n_picks = 0;
	one.n_pairs = 1;
	one.pairs[0][0] = t->pairs[v->pair].isl;
	one.pairs[0][1] = t->pairs[v->pair].osl;
	int rc = plan_make(&v->plan, &one, t, e);
	if (rc < 0)
		return rc;
	for (int i = 0; i < v->plan.n_cells; i++) {
		v->picked[i] = is_pick(s, v->plan.cells[i].conc);
		if (b->current >= 0 && b->current < b->n_cells &&
		        b->cells[b->current].plan.conc == v->plan.cells[i].conc)
			v->focus = i;
	}
	v->now_wall_ns = r->last_wall_ns;
	v->now_mono_ns = r->last_mono_ns;
	return 0;
}
