/* Rows out of result files and summary.txt: the runs of the official tool, single files, and what is left of a run of ours
 * whose journal is gone. They become the events that the row would have had, so that the board is made as ever. */
#include "../base/file.h"
#include "../base/text.h"
#include "shelf_int.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 20000 /* entries of a run directory that are looked at */

struct row {
	int isl, osl, conc, repeat;
	char path[512]; /* result file; empty: summary.txt alone speaks of it */
	bool in_summary, passed;
	double duration_s;
};

struct rows {
	struct row *row;
	int n;
	struct shelf_summary *summary;
	bool mode_known;
	enum run_mode mode;
	int64_t wall_ns;
};

/* ---- the track that a file without its name was measured for ---- */

#define TRACKS 8
static struct track *tracks[TRACKS];
static int n_tracks;
static pthread_once_t tracks_once = PTHREAD_ONCE_INIT;

static void read_tracks(void)
{
	for (const struct embedded_file *f = embedded_tracks; f->name && n_tracks < TRACKS; f++) {
		struct track *t = malloc(sizeof *t);
		if (t && track_parse(t, f->data, f->len, "built in", NULL) == 0)
			tracks[n_tracks++] = t;
		else
			free(t);
	}
}

void shelf_guess_track(const struct shelf_result *r, char *out, size_t cap)
{
	const struct ev_cell_planned *p = &r->plan;
	out[0] = '\0';
	pthread_once(&tracks_once, read_tracks);
	for (int i = 0; i < n_tracks; i++) {
		const struct track_ref *ref = track_ref_find(tracks[i], (int)p->isl, (int)p->osl, (int)p->conc);
		if (ref && strcmp(tracks[i]->model, r->model) == 0 && ref->e2e_ms == p->ref_e2e_ms &&
		        ref->tput == p->ref_tput && ref->intvty == p->ref_intvty) {
			text_copy(out, cap, tracks[i]->name);
			return;
		}
	}
}

int64_t shelf_rule_prompts(const char *track, int64_t isl, int64_t osl, int64_t conc)
{
	pthread_once(&tracks_once, read_tracks);
	for (int i = 0; i < n_tracks; i++) {
		if (strcmp(tracks[i]->name, track) != 0)
			continue;
		const struct track_pair *pair = track_pair_find(tracks[i], (int)isl, (int)osl);
		return pair ? pair->prompts_per_conc * conc : 0;
	}
	return 0;
}

/* ---- events ---- */

static void begin(struct event *ev, enum event_kind kind, int64_t wall_ns)
{
	event_init(ev, kind);
	ev->wall_ns = wall_ns;
	ev->mono_ns = 0; /* nobody knows */
}

static void fold_started(
        struct shelf_run *r, const struct shelf_manifest_run *run, const struct shelf_result *first, int cells)
{
	struct event ev;
	begin(&ev, EV_run_started, r->wall_ns);
	struct ev_run_started *s = &ev.u.run_started;
	const struct shelf_manifest *m = &r->manifest;
	text_copy(s->run_id, sizeof s->run_id, r->name);
	text_set(s->dir, sizeof s->dir, r->path);
	s->mode = run->mode;
	s->prompts = first ? first->prompts : run->prompts;
	s->accuracy = run->accuracy;
	s->batch = r->kind != SHELF_FILE;
	s->demo = run->demo;
	s->cells = cells;
	text_copy(s->track, sizeof s->track, m->track[0] ? m->track : first ? first->track : "");
	if (!s->track[0] && first)
		shelf_guess_track(first, s->track, sizeof s->track);
	text_copy(s->model, sizeof s->model, m->model[0] ? m->model : first ? first->model : "");
	text_copy(s->base_url, sizeof s->base_url, m->base_url[0] ? m->base_url : first ? first->base_url : "");
	text_copy(s->team, sizeof s->team, m->team);
	text_copy(s->version, sizeof s->version, m->version);
	board_apply(r->board, &ev);
}

static void fold_planned(struct shelf_run *r, int cell, const struct row *row, const struct shelf_result *result)
{
	struct event ev;
	begin(&ev, EV_cell_planned, r->wall_ns);
	struct ev_cell_planned *p = &ev.u.cell_planned;
	if (result) {
		*p = result->plan;
	} else {
		p->isl = row->isl;
		p->osl = row->osl;
		p->conc = row->conc;
		p->repeat = row->repeat;
	}
	p->cell = cell;
	p->rule_prompts = shelf_rule_prompts(r->board->run.track, p->isl, p->osl, p->conc);
	if (!p->rule_prompts)
		p->rule_prompts = p->num_prompts; /* no rule is known: nothing is off it */
	board_apply(r->board, &ev);
}

static void fold_figures(struct shelf_run *r, int cell, const char *path, const struct shelf_result *result)
{
	struct event ev;
	begin(&ev, EV_accuracy_measured, r->wall_ns);
	ev.u.accuracy_measured = result->accuracy;
	ev.u.accuracy_measured.cell = cell;
	if (result->have_accuracy)
		board_apply(r->board, &ev);
	begin(&ev, EV_gate_decided, r->wall_ns);
	ev.u.gate_decided = result->gate;
	ev.u.gate_decided.cell = cell;
	if (result->have_gate)
		board_apply(r->board, &ev);
	begin(&ev, EV_load_measured, r->wall_ns);
	ev.u.load_measured = result->load;
	ev.u.load_measured.cell = cell;
	board_apply(r->board, &ev);
	for (int i = 0; i < result->n_flags; i++) {
		begin(&ev, EV_flag_raised, r->wall_ns);
		ev.u.flag_raised = result->flags[i];
		ev.u.flag_raised.cell = cell;
		board_apply(r->board, &ev);
	}
	begin(&ev, EV_result_saved, r->wall_ns);
	ev.u.result_saved = result->saved;
	ev.u.result_saved.cell = cell;
	text_set(ev.u.result_saved.path, sizeof ev.u.result_saved.path, path);
	board_apply(r->board, &ev);
}

static void fold_done(struct shelf_run *r, int cell, const struct row *row, const struct shelf_result *result)
{
	struct event ev;
	begin(&ev, EV_cell_done, r->wall_ns);
	struct ev_cell_done *d = &ev.u.cell_done;
	d->cell = cell;
	d->duration_s = row->duration_s;
	d->status = CELL_PASSED;
	if (row->in_summary && !row->passed) {
		d->status = CELL_FAILED;
		text_copy(d->text, sizeof d->text, "summary.txt says FAILED");
	} else if (result && result->have_gate && !result->gate.passed) {
		d->status = CELL_GATE_FAILED;
		text_copy(d->text, sizeof d->text, result->gate.text);
	} else if (result && shelf_result_empty(result)) {
		d->status = CELL_FAILED;
		text_copy(d->text, sizeof d->text, "no request succeeded: the file holds zeros");
	}
	board_apply(r->board, &ev);
}

static void fold_row(struct shelf_run *r, int cell, const struct row *row, const struct shelf_result *result)
{
	struct event ev;
	fold_planned(r, cell, row, result);
	if (!result && !row->in_summary)
		return; /* its file could not be read: the row was there, nothing else is known */
	begin(&ev, EV_cell_started, r->wall_ns);
	ev.u.cell_started.cell = cell;
	board_apply(r->board, &ev);
	if (result) {
		fold_figures(r, cell, row->path, result);
		text_set(r->result_path[cell], sizeof r->result_path[cell], row->path);
	}
	fold_done(r, cell, row, result);
}

/* ---- collecting ---- */

static struct row *find_row(struct rows *x, int isl, int osl, int conc, int repeat)
{
	for (int i = 0; i < x->n; i++)
		if (x->row[i].isl == isl && x->row[i].osl == osl && x->row[i].conc == conc &&
		        x->row[i].repeat == repeat)
			return &x->row[i];
	return NULL;
}

static struct row *add_row(struct rows *x, int isl, int osl, int conc, int repeat)
{
	struct row *row = find_row(x, isl, osl, conc, repeat);
	if (row || x->n == SHELF_RESULTS)
		return row;
	row = &x->row[x->n++];
	*row = (struct row){.isl = isl, .osl = osl, .conc = conc, .repeat = repeat, .duration_s = NAN};
	return row;
}

static void take_summary(struct rows *x, const char *dir)
{
	char path[600];
	struct shelf_summary *s = x->summary;
	if (!path_join(path, sizeof path, dir, "summary.txt") || shelf_summary_read(s, path, NULL))
		return;
	x->mode_known = x->mode_known || s->mode_known;
	if (s->mode_known)
		x->mode = s->mode;
	if (s->wall_ns && !x->wall_ns)
		x->wall_ns = s->wall_ns;
	for (int i = 0; i < s->n && s->have; i++) {
		const struct shelf_summary_row *from = &s->row[i];
		struct row *row = add_row(x, from->isl, from->osl, from->conc, from->repeat);
		if (!row)
			continue;
		row->in_summary = true;
		row->passed = from->passed;
		row->duration_s = from->duration_s;
	}
}

/* deeper: also into the batch_ directories of a sweep. */
static void collect(struct rows *x, const char *dir, bool deeper) /* NOLINT(misc-no-recursion): one level */
{
	char path[600];
	const struct dirent *entry;
	DIR *d = opendir(dir);
	if (!d)
		return;
	for (int i = 0; i < NAMES_MAX && (entry = readdir(d)); i++) {
		int isl, osl, conc, repeat;
		if (!path_join(path, sizeof path, dir, entry->d_name))
			continue;
		if (shelf_result_name(entry->d_name, &isl, &osl, &conc, &repeat)) {
			struct row *row = add_row(x, isl, osl, conc, repeat);
			if (row)
				text_set(row->path, sizeof row->path, path);
		} else if (deeper && shelf_batch_name(entry->d_name, &isl, &osl)) {
			collect(x, path, false);
		}
	}
	closedir(d);
	take_summary(x, dir);
}

static int order(const void *a, const void *b)
{
	const struct row *p = a, *q = b;
	int d[] = {p->isl - q->isl, p->osl - q->osl, p->conc - q->conc, p->repeat - q->repeat};
	for (int i = 0; i < 4; i++)
		if (d[i])
			return d[i];
	return 0;
}

/* ---- the two ways in ---- */

/* What the name and the file say of a row may differ: then the file is believed. */
static bool same_row(const struct row *row, const struct shelf_result *v)
{
	return v->plan.isl == row->isl && v->plan.osl == row->osl && v->plan.conc == row->conc;
}

static int fold_rows(struct shelf_run *r, struct rows *x, struct shelf_manifest_run *run, struct err *e)
{
	struct shelf_result *v = calloc(1, sizeof *v);
	struct err why = {0};
	bool started = false;
	int cells = 0;
	if (!v)
		return err_set(e, ERR_NOMEM, "out of memory for the results of %.300s", r->path);
	for (int i = 0; i < x->n; i++) {
		struct row *row = &x->row[i];
		const struct shelf_result *have = NULL;
		if (row->path[0] && shelf_result_read(v, row->path, &why) == 0)
			have = v;
		else if (row->path[0])
			shelf_note(r, "%s: %s", path_base(row->path), why.text);
		if (!have && !row->in_summary)
			continue;
		if (have && !same_row(row, have))
			shelf_note(r, "%s is of %lld/%lld CONC %lld", path_base(row->path), (long long)v->plan.isl,
			        (long long)v->plan.osl, (long long)v->plan.conc);
		if (have && !v->own)
			v->plan.repeat = row->repeat;
		if (!have && row->passed && run->mode_known && run->mode != MODE_ACC && !row->path[0])
			shelf_note(r, "CONC %d passed, but its result file is gone", row->conc);
		if (!started)
			fold_started(r, run, have, x->n);
		started = true;
		fold_row(r, cells++, row, have);
	}
	free(v);
	r->board->run.cells = cells;
	if (started)
		return 0;
	return err_set(e, ERR_PROTO, "%s", r->note[0] ? r->note : "there is no result file in it");
}

int shelf_rows_of_results(struct shelf_run *r, const struct shelf_manifest_run *run, struct err *e)
{
	struct shelf_manifest_run known = *run;
	struct rows x = {.row = calloc(SHELF_RESULTS, sizeof *x.row), .summary = calloc(1, sizeof *x.summary)};
	int rc;
	if (x.row && x.summary) {
		/* A sweep holds the directories of its pairs. Any other directory holds those of different runs, which are not one. */
		collect(&x, r->path, strncmp(r->name, "sweep_", 6) == 0);
		qsort(x.row, (size_t)x.n, sizeof *x.row, order);
		if (!known.mode_known) {
			known.mode_known = x.mode_known;
			known.mode = x.mode_known ? x.mode : MODE_PERF;
		}
		r->mode_known = known.mode_known;
		if (x.wall_ns && !shelf_name_time(r->name))
			r->wall_ns = x.wall_ns;
		rc = fold_rows(r, &x, &known, e);
	} else {
		rc = err_set(e, ERR_NOMEM, "out of memory for the results of %.300s", r->path);
	}
	free(x.row);
	free(x.summary);
	return rc;
}

int shelf_rows_of_file(struct shelf_run *r, struct err *e)
{
	struct shelf_manifest_run run;
	struct shelf_manifest none;
	struct row row = {.duration_s = NAN};
	struct shelf_result *v = calloc(1, sizeof *v);
	if (!v)
		return err_set(e, ERR_NOMEM, "out of memory for %.300s", r->path);
	int rc = shelf_result_read(v, r->path, e);
	if (rc == 0) {
		shelf_manifest_init(&none, &run);
		text_set(row.path, sizeof row.path, r->path);
		fold_started(r, &run, v, 1);
		fold_row(r, 0, &row, v);
	}
	free(v);
	return rc;
}
