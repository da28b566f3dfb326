/* Earlier runs with the same manifest: how much their server starts differ is what a single run may differ, too. */
#include "compare_int.h"
#include <math.h>
#include <string.h>

#define OPEN_MOST 48 /* runs that are opened for it, newest first */

static bool same_code(const struct shelf_manifest *a, const struct shelf_manifest *b)
{
	static const char *const names[] = {"sglang", "aiter"};
	for (size_t i = 0; i < 2; i++) {
		const struct shelf_code *x = compare_tree(a, names[i]), *y = compare_tree(b, names[i]);
		if (!x || !y || !x->commit[0] || strcmp(x->commit, y->commit) != 0 || x->dirty == CODE_UNKNOWN ||
		        x->dirty != y->dirty || x->files != y->files || x->changed || y->changed)
			return false;
	}
	return true;
}

bool compare_manifest_same(const struct shelf_manifest *a, const struct shelf_manifest *b)
{
	return a->have && b->have && strcmp(a->track, b->track) == 0 && strcmp(a->model, b->model) == 0 &&
	       strcmp(a->prompts, b->prompts) == 0 && a->ratio == b->ratio && a->num_warmups == b->num_warmups &&
	       a->tp == b->tp && a->prefill == b->prefill && same_code(a, b);
}

static bool has_path(const struct compare_side *s, const char *path)
{
	for (int i = 0; i < s->n_runs && s->paths; i++)
		if (strcmp(s->paths[i], path) == 0)
			return true;
	return false;
}

static bool has_start(const struct compare_side *s, const struct compare_start *t)
{
	for (int i = 0; i < s->n_starts && s->starts; i++)
		if (compare_start_same(&s->starts[i], t))
			return true;
	return false;
}

/* What the list tells already: the run is not worth opening. */
static bool may_fit(const struct shelf_entry *x, const struct shelf_manifest *m)
{
	const struct shelf_code *c = compare_tree(m, "sglang");
	size_t n = strcspn(x->sglang, "+");
	return m->have && c && c->commit[0] && n > 0 && x->kind == SHELF_OURS && !x->alive && x->passed > 0 &&
	       strcmp(x->track, m->track) == 0 && strncmp(x->sglang, c->commit, n) == 0;
}

/* Runs of a start that is compared itself say nothing new: the noise must not be made of what it is to judge. */
static int add_earlier(struct compare_history *h, const char *path, const struct compare_side *a,
        const struct compare_side *b, struct err *e)
{
	struct shelf_run *r = NULL;
	struct err why = {0};
	int rc = shelf_open(&r, path, &why);
	if (rc < 0)
		return rc == ERR_NOMEM ? err_set(e, rc, "%s", why.text) : 0; /* a broken old run is no reason to stop */
	const struct shelf_manifest *m = &r->manifest;
	struct compare_start t = {0};
	compare_start_of(&t, m);
	bool usable = isfinite(t.started_s) && !has_start(a, &t) && !has_start(b, &t);
	int side = !usable                                  ? -1
	           : compare_manifest_same(m, &a->manifest) ? 0
	           : compare_manifest_same(m, &b->manifest) ? 1
	                                                    : -1;
	if (side >= 0 && h->side[side].n_runs < COMPARE_RUNS)
		rc = compare_side_add(&h->side[side], r, e);
	shelf_close(r);
	return rc;
}

int compare_history_load(struct compare_history *h, const struct shelf *shelf, const struct compare_side *a,
        const struct compare_side *b, struct err *e)
{
	int rc = 0, opened = 0;
	for (int i = 0; rc == 0 && shelf && i < shelf->n && opened < OPEN_MOST; i++) {
		const struct shelf_entry *x = &shelf->entries[i];
		if (has_path(a, x->path) || has_path(b, x->path) ||
		        (!may_fit(x, &a->manifest) && !may_fit(x, &b->manifest)))
			continue;
		opened++;
		rc = add_earlier(h, x->path, a, b, e);
	}
	return rc;
}

void compare_history_free(struct compare_history *h)
{
	compare_side_free(&h->side[0]);
	compare_side_free(&h->side[1]);
}
