#include "resume.h"

#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "../event/journal.h"
#include "observe.h"
#include "repost.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAME_START_NS CLOCK_NS_PER_S /* the start of a process is known to a hundredth of a second */

struct resume {
	struct manifest was;
	bool runs[PLAN_CELLS], again[PLAN_CELLS], saved[PLAN_CELLS];
	int n_runs, n_saved, n_left, n_passed; /* left: ended without passing, and not to be run again */
	int n_posts;                           /* that still wait */
	int cut;                               /* row that was cut off, -1 none */
	bool idle;
	struct ev_accuracy_measured accuracy; /* inside the gate, as measured last */
	bool have_accuracy;
	int before; /* resumes before this one */
};

bool resume_idle(const struct pipeline *p)
{
	return p->resume && p->resume->idle;
}

bool resume_runs(const struct pipeline *p, int cell)
{
	return !p->resume || p->resume->runs[cell];
}

bool resume_measures(const struct pipeline *p)
{
	return !p->resume || p->resume->n_runs > 0;
}

bool resume_again(const struct pipeline *p, int cell)
{
	return p->resume && p->resume->again[cell];
}

int resume_confirmed(const struct pipeline *p)
{
	int n = 0;
	for (int i = 0; p->resume && i < p->plan.n_cells; i++)
		n += p->board->cells[i].post.state == POST_CONFIRMED;
	return n;
}

void resume_close(struct pipeline *p)
{
	free(p->resume);
	p->resume = NULL;
}

static int status_of(const struct err *e)
{
	return e->code == ERR_USAGE ? 1 : 2;
}

/* ---- what was, and how far it came ---- */

static int check_track(const struct pipeline *p, struct err *e)
{
	const struct manifest *m = &p->resume->was;
	if (strcmp(m->track_sha256, p->track->sha256) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	        "the track %s is not the one of before (sha256 %.12s, now %.12s): rows of one run must follow one rule. Give the file of then with --track FILE, or start a new run",
	        m->track, m->track_sha256, p->track->sha256);
}

/* Reads the journal to its end: a line that lacks only its end counts, once it has one, and nothing is glued to a torn one. */
static int fold_journal(struct pipeline *p, struct err *e)
{
	struct journal_writer w;
	int rc = journal_open(&w, p->dir.path, e);
	if (rc)
		return rc;
	rc = journal_flush(&w, true, e);
	journal_close(&w);
	if (rc)
		return rc;
	return board_replay(p->board, p->dir.path, e);
}

static bool same_row(const struct plan_cell *a, const struct ev_cell_planned *b)
{
	return a->isl == b->isl && a->osl == b->osl && a->conc == b->conc && a->repeat == b->repeat &&
	       a->num_prompts == b->num_prompts && a->num_warmups == b->num_warmups;
}

static int check_rows(const struct pipeline *p, struct err *e)
{
	const struct board *b = p->board;
	bool same = !b->have_run || strcmp(b->run.run_id, p->resume->was.run) == 0;
	same = same && b->n_cells <= p->plan.n_cells;
	for (int i = 0; same && i < b->n_cells; i++)
		same = !b->cells[i].planned || same_row(&p->plan.cells[i], &b->cells[i].plan);
	return same ? 0
	            : err_set(e, ERR_USAGE,
	                      "journal and run.json in %.300s tell of different rows: they are not of one run",
	                      p->dir.path);
}

static void choose_row(struct pipeline *p, int i)
{
	struct resume *r = p->resume;
	const struct board_cell *c = &p->board->cells[i];
	enum cell_status status = c->planned ? c->status : CELL_QUEUED;
	switch (status) {
	case CELL_PASSED:
		r->n_passed++;
		return;
	case CELL_RUNNING:
		r->saved[i] = c->have_result;
		r->n_saved += c->have_result;
		r->runs[i] = !c->have_result;
		r->cut = c->have_result ? r->cut : i;
		break;
	case CELL_QUEUED:
		r->runs[i] = true;
		break;
	case CELL_STOPPED:
		r->runs[i] = r->again[i] = true;
		break;
	default: /* it has its answer; or the user dropped it */
		r->runs[i] = r->again[i] = p->settings.resume_failed;
		r->n_left += !p->settings.resume_failed;
		break;
	}
	r->n_runs += r->runs[i];
}

/* A row whose post never left and may leave now. What the board refused is tried again on an order only. */
static bool post_waits(const struct pipeline *p, int i, enum repost_verdict *verdict, char *why, size_t cap)
{
	const struct board_cell *c = &p->board->cells[i];
	if (p->settings.mode != MODE_SUBMIT || c->status != CELL_PASSED || p->resume->runs[i])
		return false;
	*verdict = repost_judge(p->board, i, p->settings.post_flagged, why, cap);
	return *verdict == REPOST_YES && c->post.state != POST_REFUSED && p->plan.cells[i].board[0];
}

static int own_status(const struct pipeline *p)
{
	const struct resume *r = p->resume;
	int gate = board_count(p->board, CELL_GATE_FAILED);
	if (r->n_left > gate)
		return 2;
	if (gate > 0)
		return 3;
	return p->settings.mode == MODE_SUBMIT && resume_confirmed(p) < r->n_passed ? 4 : 0;
}

/* Nothing is left: says so. The exit status is the one that the whole run has. */
static int idle(struct pipeline *p, struct err *e)
{
	struct resume *r = p->resume;
	int n = p->plan.n_cells, status = own_status(p);
	r->idle = true;
	if (r->n_left > 0)
		err_set(e, ERR_USAGE,
		        "nothing to do: %d of %d rows passed, the others failed or were skipped; --failed runs those again",
		        r->n_passed, n);
	else if (status == 4)
		err_set(e, ERR_USAGE,
		        "nothing to do: all %d rows passed, %d posts are confirmed; `benchtop post %.300s` tells of the others",
		        n, resume_confirmed(p), p->dir.path);
	else
		err_set(e, ERR_USAGE, "nothing to do: all %d rows passed, in %.300s", n, p->dir.path);
	return status;
}

int resume_open(struct pipeline *p, struct err *e)
{
	struct resume *r = p->resume = calloc(1, sizeof *r);
	enum repost_verdict verdict;
	char why[400];
	if (!r) {
		err_set(e, ERR_NOMEM, "out of memory");
		return 2;
	}
	r->cut = -1;
	if (manifest_read(&r->was, p->settings.resume, e) || check_track(p, e) ||
	        rundir_open(&p->dir, p->settings.resume, r->was.run, &p->settings, e))
		return status_of(e);
	p->have_dir = true;
	p->plan = r->was.plan;
	for (int i = 0; p->settings.demo && i < p->plan.n_cells; i++) /* its board is another one each time */
		text_set(p->plan.cells[i].board, sizeof p->plan.cells[i].board, p->settings.leaderboard);
	if (fold_journal(p, e) || check_rows(p, e))
		return status_of(e);
	r->before = p->board->resumed;
	r->have_accuracy = p->board->have_accuracy && p->board->gate.passed;
	r->accuracy = p->board->accuracy;
	for (int i = 0; i < p->plan.n_cells; i++)
		choose_row(p, i);
	for (int i = 0; i < p->plan.n_cells; i++)
		r->n_posts += post_waits(p, i, &verdict, why, sizeof why);
	if (r->n_runs == 0 && r->n_saved == 0 && r->n_posts == 0 && p->board->finished)
		return idle(p, e);
	return 0;
}

/* ---- prompts and server ---- */

int resume_prompts(struct pipeline *p, settings_getenv get, struct err *e)
{
	struct settings *s = &p->settings;
	const struct settings *was = &p->resume->was.settings;
	struct err why = {0};
	if (was->prompts != PROMPTS_TEXT)
		return 0; /* ids, with the reason of before */
	/* Another one than before is named by the user; then the file of before; then wherever the search finds it. */
	if (strcmp(s->tokenizer, was->tokenizer) == 0 && file_exists(was->tokenizer_file))
		text_set(s->tokenizer, sizeof s->tokenizer, was->tokenizer_file);
	s->prompts = PROMPTS_TEXT;
	s->prompts_given = true;
	if (settings_prompts(s, get, NULL, &why) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	        "the prompts of this run are text, by the tokenizer %.200s, which is not there any more: give it with --tokenizer FILE",
	        was->tokenizer_file);
}

int resume_tokenizer(const struct pipeline *p, struct err *e)
{
	const struct settings *was = &p->resume->was.settings;
	if (was->prompts != PROMPTS_TEXT || strcmp(was->tokenizer_sha256, p->settings.tokenizer_sha256) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	        "the tokenizer %.200s is not the one of before (sha256 %.12s, now %.12s): the prompts would be others. Give the file of then with --tokenizer FILE, or start a new run",
	        p->settings.tokenizer_file, was->tokenizer_sha256, p->settings.tokenizer_sha256);
}

int resume_server(const struct pipeline *p, struct err *e)
{
	const char *was = p->resume ? p->resume->was.server_model : "";
	if (!was[0] || !p->server.model[0] || strcmp(was, p->server.model) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	        "the server at %s serves %s, the rows before were measured on %s: rows of one run must be of one model",
	        p->settings.base_url, p->server.model, was);
}

int resume_manifest(struct pipeline *p, int64_t wall_ns, struct err *e)
{
	char stamp[16], name[40], dir[540], path[600];
	clock_stamp(wall_ns, stamp);
	snprintf(name, sizeof name, "resume_%s", stamp);
	if (!path_join(dir, sizeof dir, p->dir.path, name) || !path_join(path, sizeof path, dir, "manifest.json"))
		return err_set(e, ERR_LIMIT, "the path is too long: %.200s", p->dir.path);
	int rc = file_mkdirs(dir, e);
	if (rc)
		return rc;
	observe_code(p, dir);
	return manifest_write(path, &p->dir, &p->settings, p->track, &p->plan, &p->server, wall_ns, e);
}

/* ---- what is said when it goes on ---- */

/* Both known, and apart. */
static bool other_start(const struct pipeline *p)
{
	int64_t was = p->resume->was.server_started_wall_ns, now = p->origin.started_wall_ns;
	return was > 0 && now > 0 && (was > now ? was - now : now - was) > SAME_START_NS;
}

/* The very process that was measured before: only then its accuracy stands. */
static bool same_start(const struct pipeline *p)
{
	return p->resume->was.server_started_wall_ns > 0 && p->origin.started_wall_ns > 0 && !other_start(p) &&
	       p->resume->before == 0 && strcmp(p->resume->was.settings.base_url, p->settings.base_url) == 0;
}

static void tell_code(struct pipeline *p)
{
	const struct manifest *m = &p->resume->was;
	for (int i = 0; i < p->code.n; i++) {
		const struct code_state *now = &p->code.tree[i];
		for (int k = 0; k < m->n_trees; k++) {
			bool other =
			        now->commit[0] && m->tree[k].commit[0] && strcmp(now->commit, m->tree[k].commit) != 0;
			bool known = now->dirty != CODE_UNKNOWN && m->tree[k].dirty != CODE_UNKNOWN;
			bool edited = known && (now->dirty != m->tree[k].dirty || now->files != m->tree[k].files);
			if (strcmp(now->name, m->tree[k].name) != 0 || !(other || edited))
				continue;
			pipeline_notice(p, SEV_WARN,
			        "%s is at %.7s, %s; when the run began at %.7s, %s: rows of one run come from different code",
			        now->name, now->commit[0] ? now->commit : "?", code_dirty_word((int)now->dirty),
			        m->tree[k].commit[0] ? m->tree[k].commit : "?", code_dirty_word((int)m->tree[k].dirty));
		}
	}
}

static void tell_differences(struct pipeline *p)
{
	const struct manifest *m = &p->resume->was;
	if (strcmp(m->version, BENCHTOP_VERSION) != 0)
		pipeline_notice(
		        p, SEV_WARN, "the run was begun by benchtop %s, this is %s", m->version, BENCHTOP_VERSION);
	if (m->server_version[0] && p->server.version[0] && strcmp(m->server_version, p->server.version) != 0)
		pipeline_notice(p, SEV_WARN,
		        "the server is version %s, it was %s when the run began: rows of one run come from different code",
		        p->server.version, m->server_version);
	tell_code(p);
	if (other_start(p))
		pipeline_notice(p, SEV_INFO,
		        "the server was started again since the run began: accuracy of before does not count for it");
}

static void tell_rows(struct pipeline *p)
{
	const struct resume *r = p->resume;
	char cut[80] = "";
	if (r->cut >= 0)
		snprintf(cut, sizeof cut, "; CONC %d was cut off and begins anew", p->plan.cells[r->cut].conc);
	pipeline_notice(p, SEV_INFO, "the run goes on: %d of %d rows passed before, %d are run now%s",
	        r->n_passed + r->n_saved, p->plan.n_cells, r->n_runs, cut);
}

/* Its result is on disk; only the word of its end was lost. */
static void end_saved(struct pipeline *p, int i)
{
	const struct board_cell *c = &p->board->cells[i];
	struct event ev;
	event_init(&ev, EV_cell_done);
	ev.u.cell_done.cell = i;
	ev.u.cell_done.status = CELL_PASSED;
	if (c->phase_mono_ns > c->started_mono_ns)
		ev.u.cell_done.duration_s = (double)(c->phase_mono_ns - c->started_mono_ns) / 1e9;
	pipeline_emit(p, &ev);
}

static void post_row(struct pipeline *p, int i)
{
	const struct board_cell *c = &p->board->cells[i];
	struct post_job job;
	struct err e = {0};
	enum repost_verdict verdict = REPOST_DONE;
	char why[400] = "";
	bool yes = post_waits(p, i, &verdict, why, sizeof why);
	if (yes &&
	        (repost_job(p->board, i, p->track, p->settings.demo ? p->settings.leaderboard : "", "", &job, &e) < 0 ||
	                poster_submit(p->poster, &job, &e) < 0))
		text_copy(why, sizeof why, e.text);
	else if (yes || verdict == REPOST_DONE || verdict == REPOST_NEVER)
		return;
	pipeline_notice(p, SEV_WARN, "CONC %lld was measured before and is not posted: %s", (long long)c->plan.conc,
	        why[0] ? why : "no leaderboard is named");
}

void resume_begin(struct pipeline *p)
{
	struct resume *r = p->resume;
	if (!r)
		return;
	tell_rows(p);
	for (int i = 0; i < p->plan.n_cells; i++)
		if (r->saved[i])
			end_saved(p, i);
	if (r->n_runs > 0) {
		tell_differences(p);
		p->have_accuracy = r->have_accuracy && same_start(p);
		p->accuracy = r->accuracy;
	}
	for (int i = 0; i < p->plan.n_cells; i++)
		post_row(p, i);
}
