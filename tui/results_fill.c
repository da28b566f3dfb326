#include "results_fill.h"

#include "../engine/base/clock.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

int results_pair_of(const struct shelf_run *r, const struct track *t, int pair)
{
	int n = results_run_pairs(r, 0, NULL, NULL), isl, osl;

	for (int i = 0; t && i < n; i++)
		if (results_run_pairs(r, i, &isl, &osl) > 0 && t->pairs[pair].isl == isl && t->pairs[pair].osl == osl)
			return i;
	return 0;
}

/* " a1b2c3d+" of the serving engine; empty when it is not known. */
static void commit_of(const struct shelf_manifest *m, char out[12])
{
	out[0] = '\0';
	for (int i = 0; i < m->n_trees && i < SHELF_TREES; i++)
		if (strcmp(m->tree[i].name, "sglang") == 0 && m->tree[i].commit[0])
			snprintf(out, 12, " %.7s%s", m->tree[i].commit, m->tree[i].dirty == CODE_DIRTY ? "+" : "");
}

char *results_name(const struct shelf_run *r, char *out, size_t cap)
{
	char stamp[16] = "", commit[12], text[80];

	if (r->wall_ns > 0)
		clock_stamp(r->wall_ns, stamp); /* 20251124_091200 */
	commit_of(&r->manifest, commit);
	if (strlen(stamp) < 13)
		snprintf(text, sizeof text, "%.79s", r->name);
	else
		snprintf(text, sizeof text, "%.4s-%.4s%s", stamp + 4, stamp + 9, commit);
	text_copy(out, cap, text);
	return out;
}

char *results_other_name(const struct shelf_run *r, const char *than, char *out, size_t cap)
{
	char stamp[16];

	results_name(r, out, cap);
	if (strcmp(out, than) != 0 || r->wall_ns <= 0 || cap < 16)
		return out;
	clock_stamp(r->wall_ns, stamp);
	if (strlen(stamp) == 15)
		snprintf(out, cap, "%.4s-%.6s", stamp + 4, stamp + 9); /* of the same minute: its seconds */
	return out;
}

const struct track *results_track(const struct shelf_run *r, const struct track *own, struct track *room)
{
	const char *name = r->board->run.track;

	if (own && strcmp(name, own->name) == 0)
		return own;
	if (name[0])
		return track_load(room, name, NULL) == 0 ? room : NULL;
	return own && strcmp(r->board->run.model, own->model) == 0 ? own : NULL;
}

bool results_curve(struct curve *out, const struct track *t, const struct shelf_run *run,
        const struct shelf_run *pinned, int *pair)
{
	int n = results_run_pairs(run, 0, NULL, NULL), isl = 0, osl = 0;
	char name[80], other[80];

	if (!t || n == 0)
		return false;
	*pair = *pair < 0 ? 0 : *pair >= n ? n - 1 : *pair;
	results_run_pairs(run, *pair, &isl, &osl);
	curve_init(out, t, isl, osl);
	curve_add(out, run, results_name(run, name, sizeof name));
	if (pinned && strcmp(pinned->path, run->path) != 0)
		curve_add(out, pinned, results_other_name(pinned, name, other, sizeof other));
	curve_judge(out);
	return true;
}

static bool matches(const struct shelf_entry *entry, const char *filter)
{
	const char *const texts[] = {entry->path, entry->team, entry->track, entry->model, entry->sglang, entry->aiter,
	        entry->note, entry->mode_known ? run_mode_word((int)entry->mode) : ""};
	char pair[32];

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcasestr(texts[i], filter))
			return true;
	for (int i = 0; i < entry->n_points; i++) {
		snprintf(pair, sizeof pair, "%d/%d", entry->points[i].isl, entry->points[i].osl);
		if (strstr(pair, filter))
			return true;
	}
	return false;
}

int results_filter(struct shelf *out, const struct shelf *s, const char *filter, struct err *e)
{
	*out = (struct shelf){.cut = s->cut};
	out->entries = calloc(s->n > 0 ? (size_t)s->n : 1, sizeof *out->entries);
	if (!out->entries)
		return err_set(e, ERR_NOMEM, "out of memory for %d runs", s->n);
	for (int i = 0; i < s->n; i++)
		if (matches(&s->entries[i], filter))
			out->entries[out->n++] = s->entries[i];
	return 0;
}

int results_find(const struct shelf *s, const char *path)
{
	for (int i = 0; s && i < s->n; i++)
		if (strcmp(s->entries[i].path, path) == 0)
			return i;
	return -1;
}

static bool has_passed(const struct shelf_entry *entry, int isl, int osl)
{
	for (int i = 0; i < entry->n_points; i++) {
		const struct shelf_point *p = &entry->points[i];
		if (p->status == CELL_PASSED && (isl == 0 || (p->isl == isl && p->osl == osl)))
			return true;
	}
	return false;
}

const struct shelf_entry *results_newest(const struct shelf *s, int isl, int osl)
{
	for (int i = 0; s && i < s->n; i++) {
		const struct shelf_entry *entry = &s->entries[i];
		if (entry->kind != SHELF_UNREADABLE && !entry->alive && has_passed(entry, isl, osl))
			return entry;
	}
	return NULL;
}

/* ---- the pin ---- */

#define PIN_DIR  ".benchtop"
#define PIN_NAME ".benchtop/reference"

int results_pin_read(const char *results_dir, char *path, size_t cap, struct err *e)
{
	char file[640];
	struct buf b;

	struct stat st;

	path[0] = '\0';
	/* A regular file: the screen would wait for a pipe of that name for ever. */
	if (!path_join(file, sizeof file, results_dir, PIN_NAME) || stat(file, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	buf_init(&b, 4096);
	int rc = file_read(file, &b, e);
	const char *line = buf_text(&b);
	char name[512], clean[512];
	size_t len = strcspn(line, "\n");
	snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : 0), line);
	buf_free(&b);
	text_copy(clean, sizeof clean, name);
	/* What is no path of a run is no pin: names with control characters are not made by this program. */
	if (rc == 0 && name[0] && strcmp(clean, name) == 0 && path_join(path, cap, results_dir, name) &&
	        file_exists(path))
		return 1;
	path[0] = '\0';
	if (rc < 0)
		return rc;
	return err_set(
	        e, ERR_IO, "the pinned reference %.300s is not there any more: no run is the reference now", clean);
}

/* The part of path below dir; NULL when it lies elsewhere. */
static const char *below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (strncmp(path, dir, n) != 0 || path[n] != '/')
		return NULL;
	path += n + strspn(path + n, "/");
	return *path ? path : NULL;
}

int results_pin_write(const char *results_dir, const char *path, struct err *e)
{
	char file[640], dir[600], line[600];
	const char *name = below(path, results_dir);
	char *whole = name ? NULL : realpath(path, NULL), *root = name ? NULL : realpath(results_dir, NULL);

	if (whole && root)
		name = below(whole, root);
	bool fits = (name || whole) && strlen(name ? name : whole) < 512;
	if (fits)
		snprintf(line, sizeof line, "%s\n", name ? name : whole);
	free(whole);
	free(root);
	if (!fits || !path_join(dir, sizeof dir, results_dir, PIN_DIR) ||
	        !path_join(file, sizeof file, results_dir, PIN_NAME))
		return err_set(e, ERR_IO, "the reference %.300s cannot be kept: it has no usable path", path);
	int rc = file_mkdirs(dir, e);
	return rc < 0 ? rc : file_write_atomic(file, line, strlen(line), e);
}

void results_pin_remove(const char *results_dir)
{
	char file[640];

	if (path_join(file, sizeof file, results_dir, PIN_NAME))
		remove(file);
}
