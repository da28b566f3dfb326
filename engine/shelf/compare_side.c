/* One side of a comparison: runs, their rows, and which server start each was measured on. */
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "compare_int.h"
#include "shelf_int.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SAME_START_S 5.0

void compare_code_text(const struct shelf_code *c, char *out, size_t cap)
{
	char more[40] = "";
	if (c->dirty == CODE_DIRTY && c->files > 0)
		snprintf(more, sizeof more, ", %d file%s", c->files, c->files == 1 ? "" : "s");
	snprintf(out, cap, "%.12s %s%s%s", c->commit[0] ? c->commit : "unknown commit",
	        c->dirty == CODE_UNKNOWN ? "(clean or not: unknown)" : code_dirty_word((int)c->dirty), more,
	        c->changed ? ", changed after the server's start" : "");
}

const struct shelf_code *compare_tree(const struct shelf_manifest *m, const char *name)
{
	for (int i = 0; i < m->n_trees && i < SHELF_TREES; i++)
		if (strcmp(m->tree[i].name, name) == 0)
			return &m->tree[i];
	return NULL;
}

/* "1124-0912 a1b2c3d+" */
static void make_label(struct compare_side *s, const char *path)
{
	char stamp[16];
	const struct shelf_code *c = compare_tree(&s->manifest, "sglang");
	if (s->newest_ns <= 0) {
		text_copy(s->label, sizeof s->label, path_base(path));
		return;
	}
	clock_stamp(s->newest_ns, stamp);
	if (c && c->commit[0])
		snprintf(s->label, sizeof s->label, "%.4s-%.4s %.7s%s", stamp + 4, stamp + 9, c->commit,
		        c->dirty == CODE_DIRTY ? "+" : "");
	else
		snprintf(s->label, sizeof s->label, "%.4s-%.4s", stamp + 4, stamp + 9);
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory for the runs to compare");
}

/* Room for one more run and start, and `rows` more samples. */
static int make_room(struct compare_side *s, int rows, struct err *e)
{
	size_t runs = (size_t)s->n_runs + 1, starts = (size_t)s->n_starts + 1;
	size_t samples = (size_t)s->n_samples + (size_t)rows + 1;
	void *paths = realloc(s->paths, runs * sizeof *s->paths);
	if (!paths)
		return no_memory(e);
	s->paths = paths;
	void *manifests = realloc(s->manifests, runs * sizeof *s->manifests);
	if (!manifests)
		return no_memory(e);
	s->manifests = manifests;
	void *more = realloc(s->starts, starts * sizeof *s->starts);
	if (!more)
		return no_memory(e);
	s->starts = more;
	more = realloc(s->samples, samples * sizeof *s->samples);
	if (!more)
		return no_memory(e);
	s->samples = more;
	return 0;
}

void compare_start_of(struct compare_start *out, const struct shelf_manifest *m)
{
	const char *port = strrchr(m->base_url, ':');
	snprintf(out->place, sizeof out->place, "%.90s %.12s", m->host, port && port[1] != '/' ? port : "");
	out->started_s = m->have ? m->server_started_s : NAN;
}

bool compare_start_same(const struct compare_start *a, const struct compare_start *b)
{
	/* false for NaN */
	return fabs(a->started_s - b->started_s) <= SAME_START_S && strcmp(a->place, b->place) == 0;
}

static int start_of(struct compare_side *s, const struct shelf_manifest *m)
{
	struct compare_start *t = &s->starts[s->n_starts];
	compare_start_of(t, m);
	for (int i = 0; i < s->n_starts; i++)
		if (compare_start_same(&s->starts[i], t))
			return i;
	s->start_unknown = s->start_unknown || !isfinite(t->started_s);
	return s->n_starts++;
}

static double figure(double v)
{
	return isfinite(v) && v > 0 ? v : NAN; /* files say 0 for what they do not know */
}

static void within_of_row(struct compare_sample *x, const struct shelf_run *r, int row)
{
	struct shelf_request *rows = NULL;
	size_t n = 0;
	struct err e = {0};
	for (int m = 0; m < COMPARE_METRICS; m++)
		x->within[m] = NAN;
	if (!r->requests_path || !r->requests_path[row][0] || shelf_requests(r, row, &rows, &n, &e) < 0)
		return;
	compare_within(rows, n, x->conc, x->within);
	free(rows);
	for (int m = 0; m < COMPARE_METRICS; m++)
		x->within[m] *= x->value[m];
}

static void add_row(struct compare_side *s, const struct shelf_run *r, int row, int start)
{
	const struct board_cell *c = &r->board->cells[row];
	const struct ev_load_measured *l = &c->load;
	struct compare_sample *x = &s->samples[s->n_samples++];
	*x = (struct compare_sample){.isl = (int)c->plan.isl,
	        .osl = (int)c->plan.osl,
	        .conc = (int)c->plan.conc,
	        .start = start,
	        .run = s->n_runs,
	        .num_prompts = (int)c->plan.num_prompts,
	        .doubts = c->n_doubts};
	x->value[COMPARE_TPUT] = figure(l->tput_per_gpu);
	x->value[COMPARE_E2E] = figure(l->e2el_median);
	x->value[COMPARE_INTVTY] = figure(l->interactivity);
	x->value[COMPARE_TTFT] = figure(l->ttft_median);
	x->value[COMPARE_TPOT] = figure(l->tpot_median);
	x->value[COMPARE_ITL] = figure(l->itl_median);
	within_of_row(x, r, row);
	s->n_gate_failed += c->status == CELL_GATE_FAILED;
	if (c->n_doubts == 0)
		return;
	const struct ev_flag_raised *f = NULL;
	for (int i = 0; i < c->n_flags && i < BOARD_FLAGS && !f; i++)
		if (c->flags[i].doubt)
			f = &c->flags[i];
	if (s->n_doubtful++ == 0)
		snprintf(s->first_doubt, sizeof s->first_doubt, "CONC %d: %s", x->conc,
		        f ? flag_code_word((int)f->flag) : "a doubt");
}

int compare_side_add(struct compare_side *s, const struct shelf_run *r, struct err *e)
{
	const struct board *b = r->board;
	int rc, rows = b->n_cells < BOARD_CELLS ? b->n_cells : BOARD_CELLS;
	char real[4096]; /* what realpath may need */
	if (s->n_runs >= COMPARE_RUNS)
		return err_set(e, ERR_LIMIT, "a side of a comparison holds %d runs at most: name a smaller directory",
		        COMPARE_RUNS);
	if ((rc = make_room(s, rows, e)) < 0)
		return rc;
	if (!realpath(r->path, real) || !text_set(s->paths[s->n_runs], sizeof *s->paths, real))
		text_set(s->paths[s->n_runs], sizeof *s->paths, r->path);
	s->manifests[s->n_runs] = r->manifest;
	int start = start_of(s, &r->manifest);
	for (int i = 0; i < rows; i++) {
		const struct board_cell *c = &b->cells[i];
		if (c->have_load && (c->status == CELL_PASSED || c->status == CELL_GATE_FAILED))
			add_row(s, r, i, start);
		else if (c->status == CELL_FAILED || c->status == CELL_STOPPED || c->have_load)
			s->n_left_out++;
	}
	s->n_runs++;
	s->n_alive += r->kind == SHELF_OURS && shelf_alive(r->path);
	s->demo = s->demo || b->run.demo;
	if (s->n_runs == 1 || r->wall_ns > s->newest_ns) {
		s->manifest = r->manifest;
		s->newest_ns = r->wall_ns;
		make_label(s, r->path);
	}
	return 0;
}

static int add_path(struct compare_side *s, const char *path, struct err *e)
{
	struct shelf_run *r = NULL;
	int rc = shelf_open(&r, path, e);
	if (rc == 0)
		rc = compare_side_add(s, r, e);
	shelf_close(r);
	return rc;
}

int compare_side_load(struct compare_side *s, const char *path, struct err *e)
{
	struct shelf *shelf = NULL;
	char plain[512];
	struct stat st;
	int rc;
	if (!text_set(plain, sizeof plain, path))
		return err_set(e, ERR_USAGE, "the path is too long: %.200s", path);
	for (size_t len = strlen(plain); len > 1 && plain[len - 1] == '/'; len--)
		plain[len - 1] = '\0';
	if (stat(plain, &st) < 0)
		return err_set(e, ERR_USAGE,
		        "there is no run at %s: name a run directory, a directory of runs or a result file", plain);
	if (shelf_is_run(plain))
		return add_path(s, plain, e);
	if ((rc = shelf_scan(&shelf, &path, 1, NULL, e)) < 0)
		return rc;
	for (int i = shelf->n - 1; rc == 0 && i >= 0; i--) /* oldest first */
		if (shelf->entries[i].kind != SHELF_UNREADABLE)
			rc = add_path(s, shelf->entries[i].path, e);
	if (rc == 0 && s->n_runs == 0)
		rc = err_set(e, ERR_USAGE,
		        "there is no run in %s: name a run directory, a directory of runs or a result file", plain);
	shelf_free(shelf);
	return rc;
}

void compare_side_free(struct compare_side *s)
{
	free(s->samples);
	free(s->paths);
	free(s->manifests);
	free(s->starts);
	memset(s, 0, sizeof *s);
}
