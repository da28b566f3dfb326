#include "shelf.h"
#include "../base/file.h"
#include "../base/text.h"
#include "scan_int.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_DIR  ".benchtop"
#define INDEX_NAME "index.jsonl"

static bool index_path(const struct scan *s, char *dir, size_t dir_cap, char *path, size_t cap)
{
	return s->root[0] && path_join(dir, dir_cap, s->root, INDEX_DIR) && path_join(path, cap, dir, INDEX_NAME);
}

/* A run does not get an index into its own directory: that would be a change of the run. */
static bool is_run_dir(const char *path)
{
	static const char *const marks[] = {"run.json", "events.jsonl", "summary.txt"};
	char file[PATH_CAP + 32];
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (path_join(file, sizeof file, path, marks[i]) && file_exists(file))
			return true;
	return shelf_run_name(path_base(path));
}

static void choose_root(struct scan *s, const char *const *paths, int n)
{
	struct stat st;
	for (int i = 0; i < n && !s->root[0]; i++)
		if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode) && !is_run_dir(paths[i]))
			text_set(s->root, sizeof s->root, paths[i]);
	for (size_t len = strlen(s->root); len > 1 && s->root[len - 1] == '/'; len--)
		s->root[len - 1] = '\0';
}

static void load_index(struct scan *s)
{
	char dir[PATH_CAP + 16], path[PATH_CAP + 32];
	buf_init(&s->lines, SHELF_INDEX_MAX);
	if (index_path(s, dir, sizeof dir, path, sizeof path))
		shelf_index_load(&s->index, path, s->memory);
}

static void save_index(const struct scan *s)
{
	char dir[PATH_CAP + 16], path[PATH_CAP + 32];
	bool same = s->new_lines == 0 && s->kept_lines == s->index.n && !s->index.broken;
	if (same || s->lines.failed || s->cut || !index_path(s, dir, sizeof dir, path, sizeof path))
		return;
	if (s->lines.len == 0 && !file_exists(path))
		return;
	/* Only speed hangs on it. */
	if (file_mkdirs(dir, NULL) == 0)
		file_write_atomic(path, buf_text(&s->lines), s->lines.len, NULL);
}

static int newest_first(const void *a, const void *b)
{
	const struct shelf_entry *p = a, *q = b;
	if (p->wall_ns != q->wall_ns)
		return p->wall_ns > q->wall_ns ? -1 : 1;
	return strcmp(p->path, q->path);
}

static int make_shelf(struct shelf **out, struct scan *s)
{
	struct shelf *shelf = calloc(1, sizeof *shelf);
	if (shelf)
		shelf->entries = calloc((size_t)s->n + 1, sizeof *shelf->entries);
	if (!shelf || !shelf->entries) {
		free(shelf);
		return ERR_NOMEM;
	}
	for (int i = 0; i < s->n; i++)
		if (s->made[i].entry.kind != SHELF_FILE || !set_has(&s->claimed, s->made[i].id))
			shelf->entries[shelf->n++] = s->made[i].entry;
	qsort(shelf->entries, (size_t)shelf->n, sizeof *shelf->entries, newest_first);
	shelf->cut = s->cut;
	shelf->read = s->read;
	shelf->reused = s->reused;
	shelf->memory = s->memory;
	s->memory = NULL;
	*out = shelf;
	return 0;
}

int shelf_scan(struct shelf **out, const char *const *paths, int n, struct cancel *cancel, struct err *e)
{
	struct scan s = {.cancel = cancel, .memory = shelf_memory_new()};
	struct err why = {0};
	*out = NULL;
	if (!s.memory)
		return err_set(e, ERR_NOMEM, "out of memory for the list of runs");
	choose_root(&s, paths, n);
	load_index(&s);
	for (int i = 0; i < n && s.rc == 0; i++)
		scan_path(&s, paths[i], &why);
	if (s.rc == 0) {
		save_index(&s);
		s.rc = make_shelf(out, &s);
	}
	if (s.rc == ERR_CANCELLED)
		err_set(e, s.rc, "stopped while the runs were being listed");
	else if (s.rc == ERR_NOMEM)
		err_set(e, s.rc, "out of memory for the list of runs");
	else if (s.rc)
		err_set(e, s.rc, "%s", why.text);
	shelf_index_free(&s.index);
	buf_free(&s.lines);
	free(s.made);
	free(s.visited.slot);
	free(s.claimed.slot);
	shelf_memory_free(s.memory);
	return s.rc;
}

void shelf_free(struct shelf *s)
{
	if (!s)
		return;
	free(s->entries);
	shelf_memory_free(s->memory);
	free(s);
}
