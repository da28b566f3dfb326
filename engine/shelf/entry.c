/* What the list says of a run, out of the board that every screen would show. */
#include "../base/text.h"
#include "shelf_int.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

#define BLOCK ((size_t)64 << 10)

struct block {
	struct block *next;
	size_t used, cap;
	double data[];
};
struct shelf_memory {
	struct block *first;
};

struct shelf_memory *shelf_memory_new(void)
{
	return calloc(1, sizeof(struct shelf_memory));
}

void *shelf_memory_take(struct shelf_memory *m, size_t bytes)
{
	size_t need = (bytes + 7) & ~(size_t)7;
	struct block *b = m->first;
	if (bytes > (size_t)1 << 30)
		return NULL;
	if (!b || b->cap - b->used < need) {
		size_t cap = need > BLOCK ? need : BLOCK;
		b = malloc(sizeof *b + cap);
		if (!b)
			return NULL;
		b->used = 0;
		b->cap = cap;
		b->next = m->first;
		m->first = b;
	}
	void *p = (char *)b->data + b->used;
	b->used += need;
	return p;
}

char *shelf_memory_str(struct shelf_memory *m, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = shelf_memory_take(m, n);
	if (p)
		memcpy(p, s, n);
	return p;
}

void shelf_memory_free(struct shelf_memory *m)
{
	struct block *b = m ? m->first : NULL;
	while (b) {
		struct block *next = b->next;
		free(b);
		b = next;
	}
	free(m);
}

/* ---- an entry ---- */

static void entry_init(struct shelf_entry *x, enum shelf_kind kind, int64_t wall_ns)
{
	memset(x, 0, sizeof *x);
	x->kind = kind;
	x->wall_ns = wall_ns;
	x->mode = MODE_PERF;
	x->best = x->worst = NAN;
}

int shelf_entry_unreadable(
        struct shelf_entry *out, const char *path, int64_t wall_ns, const char *why, struct shelf_memory *m)
{
	entry_init(out, SHELF_UNREADABLE, wall_ns);
	text_copy(out->note, sizeof out->note, why);
	out->path = shelf_memory_str(m, path);
	return out->path ? 0 : ERR_NOMEM;
}

static void short_commit(char *out, size_t cap, const char *commit, enum code_dirty dirty)
{
	if (commit[0])
		snprintf(out, cap, "%.7s%s", commit, dirty == CODE_DIRTY ? "+" : "");
}

static void take_code(struct shelf_entry *x, const struct shelf_run *r)
{
	for (int i = 0; i < r->manifest.n_trees; i++) {
		const struct shelf_code *c = &r->manifest.tree[i];
		if (strcmp(c->name, "sglang") == 0)
			short_commit(x->sglang, sizeof x->sglang, c->commit, c->dirty);
		else if (strcmp(c->name, "aiter") == 0)
			short_commit(x->aiter, sizeof x->aiter, c->commit, c->dirty);
	}
	for (int i = 0; i < r->board->n_code && !r->manifest.have; i++) {
		const struct ev_code_seen *c = &r->board->code[i];
		if (strcmp(c->name, "sglang") == 0)
			short_commit(x->sglang, sizeof x->sglang, c->commit, c->dirty);
		else if (strcmp(c->name, "aiter") == 0)
			short_commit(x->aiter, sizeof x->aiter, c->commit, c->dirty);
	}
}

static int by_row(const void *a, const void *b)
{
	const struct shelf_point *p = a, *q = b;
	const int32_t x[] = {p->isl, p->osl, p->conc, p->repeat}, y[] = {q->isl, q->osl, q->conc, q->repeat};
	for (int i = 0; i < 4; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static int32_t bounded(int64_t v)
{
	return v < INT32_MIN ? INT32_MIN : v > INT32_MAX ? INT32_MAX : (int32_t)v;
}

static struct shelf_point point_of(const struct board_cell *c)
{
	return (struct shelf_point){.isl = bounded(c->plan.isl),
	        .osl = bounded(c->plan.osl),
	        .conc = bounded(c->plan.conc),
	        .repeat = bounded(c->plan.repeat),
	        .status = c->status,
	        .doubts = c->n_doubts,
	        .failed = bounded(c->load.failed),
	        .tput_per_gpu = c->load.tput_per_gpu,
	        .e2el_median = c->load.e2el_median,
	        .interactivity = c->load.interactivity,
	        .tput_ratio = c->have_result ? c->result.tput_ratio : NAN,
	        .e2e_ratio = c->have_result ? c->result.e2e_ratio : NAN,
	        .intvty_ratio = c->have_result ? c->result.intvty_ratio : NAN};
}

static int take_points(struct shelf_entry *x, const struct board *b, struct shelf_memory *m)
{
	int n = 0;
	for (int i = 0; i < b->n_cells; i++)
		n += b->cells[i].planned && b->cells[i].have_load;
	if (n == 0)
		return 0;
	struct shelf_point *points = shelf_memory_take(m, (size_t)n * sizeof *points);
	if (!points)
		return ERR_NOMEM;
	for (int i = 0; i < b->n_cells; i++)
		if (b->cells[i].planned && b->cells[i].have_load)
			points[x->n_points++] = point_of(&b->cells[i]);
	qsort(points, (size_t)n, sizeof *points, by_row);
	x->points = points;
	for (int i = 0; i < n; i++) {
		double v = points[i].tput_ratio;
		if (points[i].status != CELL_PASSED || !isfinite(v))
			continue;
		x->best = isfinite(x->best) && x->best > v ? x->best : v;
		x->worst = isfinite(x->worst) && x->worst < v ? x->worst : v;
	}
	return 0;
}

/* What makes the run other than a plain success; the reader's trouble goes first. */
static void take_note(struct shelf_entry *x, const struct shelf_run *r)
{
	const struct board *b = r->board;
	char text[400] = "";
	int planned = 0, doubts = 0, n = 0;
	for (int i = 0; i < b->n_cells; i++) {
		planned += b->cells[i].planned;
		doubts += b->cells[i].n_doubts > 0;
	}
	int open = planned - x->passed - x->failed;
	if (r->note[0])
		n = snprintf(text, sizeof text, "%s", r->note);
	if (x->alive)
		n += snprintf(text + n, sizeof text - (size_t)n, "%srunning: %d of %d rows done", n ? "; " : "",
		        planned - open, planned);
	else if (open > 0 && r->kind == SHELF_OURS)
		n += snprintf(text + n, sizeof text - (size_t)n, "%s%d of %d rows were measured", n ? "; " : "",
		        x->passed, planned);
	if (doubts > 0)
		snprintf(text + n, sizeof text - (size_t)n, "%s%d with doubts", n ? "; " : "", doubts);
	text_copy(x->note, sizeof x->note, text);
}

int shelf_entry_of_run(struct shelf_entry *out, const struct shelf_run *r, bool alive, struct shelf_memory *m)
{
	const struct board *b = r->board;
	entry_init(out, r->kind, r->wall_ns);
	out->alive = alive;
	out->mode_known = r->mode_known;
	out->mode = b->run.mode;
	out->demo = b->run.demo;
	text_copy(out->track, sizeof out->track, b->run.track);
	text_copy(out->team, sizeof out->team, b->run.team);
	text_copy(out->model, sizeof out->model, b->run.model);
	take_code(out, r);
	out->path = shelf_memory_str(m, r->path);
	if (!out->path || take_points(out, b, m))
		return ERR_NOMEM;
	out->passed = board_count(b, CELL_PASSED);
	out->failed = board_count(b, CELL_FAILED) + board_count(b, CELL_GATE_FAILED);
	take_note(out, r);
	return 0;
}
