/* Files as the scan tells them apart, and the files that an entry of the index stands on. */
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "scan_int.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file changed this shortly before it was read may change again within the same tick of its file system's clock. */
#define LATELY_NS (2 * CLOCK_NS_PER_S)

/* ---- the set ---- */

static size_t slot_of(const struct file_set *set, struct file_id id)
{
	uint64_t h =
	        ((uint64_t)id.ino + (uint64_t)id.dev * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);
	size_t i = (size_t)(h >> 20) & (set->cap - 1);
	while (set->slot[i].ino && (set->slot[i].ino != id.ino || set->slot[i].dev != id.dev))
		i = (i + 1) & (set->cap - 1);
	return i;
}

static bool set_grow(struct file_set *set)
{
	struct file_set more = {.cap = set->cap ? set->cap * 2 : 1024};
	more.slot = calloc(more.cap, sizeof *more.slot);
	if (!more.slot)
		return false;
	for (size_t i = 0; i < set->cap; i++)
		if (set->slot[i].ino)
			more.slot[slot_of(&more, set->slot[i])] = set->slot[i];
	free(set->slot);
	set->slot = more.slot;
	set->cap = more.cap;
	return true;
}

bool set_add(struct file_set *set, struct file_id id, int *rc)
{
	if (id.ino == 0)
		return true;
	if (set->n * 2 >= set->cap && !set_grow(set)) {
		*rc = ERR_NOMEM;
		return false;
	}
	size_t i = slot_of(set, id);
	if (set->slot[i].ino)
		return false;
	set->slot[i] = id;
	set->n++;
	return true;
}

bool set_has(const struct file_set *set, struct file_id id)
{
	return set->cap > 0 && id.ino != 0 && set->slot[slot_of(set, id)].ino != 0;
}

/* ---- the index's view ---- */

const char *scan_key(const struct scan *s, const char *path)
{
	size_t n = strlen(s->root);
	if (n > 0 && strncmp(path, s->root, n) == 0 && (path[n] == '/' || s->root[n - 1] == '/'))
		return path + n + (path[n] == '/');
	return path;
}

static bool file_path(char *out, size_t cap, const char *path, const char *name)
{
	return name[0] ? path_join(out, cap, path, name) : text_set(out, cap, path);
}

/* dir_fd: of path, -1 not open. Names below it are looked up there: the way to path is long, and a run has ten files. */
static void look(const char *path, int dir_fd, const char *name, struct shelf_file *f, struct file_id *id)
{
	char whole[2 * PATH_CAP];
	struct stat st;
	*id = (struct file_id){0, 0};
	*f = (struct shelf_file){.name = name};
	if (dir_fd >= 0 && name[0] != '/') {
		if (fstatat(dir_fd, name, &st, AT_EMPTY_PATH) < 0)
			return;
	} else if (!file_path(whole, sizeof whole, path, name) || stat(whole, &st) < 0) {
		return;
	}
	f->mtime_ns = shelf_mtime_ns(&st);
	f->size = S_ISDIR(st.st_mode) ? 0 : st.st_size;
	f->inode = (int64_t)st.st_ino;
	*id = (struct file_id){st.st_dev, st.st_ino};
}

static bool is_json(const char *name)
{
	size_t n = strlen(name);
	return n > 5 && strcmp(name + n - 5, ".json") == 0;
}

bool scan_fresh(struct scan *s, const struct shelf_kept *k, const char *path)
{
	struct file_id id[SHELF_FILES];
	int dir_fd = k->n_files > 1 ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	bool same = k->n_files > 0;
	for (int i = 0; i < k->n_files && same; i++) {
		struct shelf_file now;
		const struct shelf_file *was = &k->files[i];
		s->looks++;
		look(path, dir_fd, was->name, &now, &id[i]);
		same = now.mtime_ns == was->mtime_ns && now.size == was->size && now.inode == was->inode;
	}
	if (dir_fd >= 0)
		close(dir_fd);
	for (int i = 0; i < k->n_files && same; i++)
		if (is_json(k->files[i].name))
			set_add(&s->claimed, id[i], &s->rc);
	return same;
}

void scan_keep(struct scan *s, const struct shelf_kept *k)
{
	buf_add(&s->lines, k->line, k->line_len);
	buf_addc(&s->lines, '\n');
}

/* ---- what a new line stands on ---- */

struct standing {
	struct shelf_file file[SHELF_FILES];
	struct file_id id[SHELF_FILES];
	int n;
};

static void stand_on(struct standing *t, const char *path, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (strcmp(t->file[i].name, name) == 0)
			return;
	if (t->n < SHELF_FILES) {
		look(path, -1, name, &t->file[t->n], &t->id[t->n]);
		t->n++;
	}
}

/* Below the run's path when it is. */
static const char *below(const char *dir, const char *path)
{
	size_t n = strlen(dir);
	return strncmp(path, dir, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static void stand_on_results(struct scan *s, struct standing *t, const char *path, const struct shelf_run *run)
{
	for (int i = 0; i < run->board->n_cells; i++) {
		const char *result = run->result_path[i];
		char dir[PATH_CAP];
		if (!result[0])
			continue;
		const char *name = below(path, result), *slash = strchr(name, '/');
		stand_on(t, path, name);
		/* the directory of a sweep's pair */
		if (!slash || name[0] == '/' || name[0] == '.' || (size_t)(slash - name) >= sizeof dir)
			continue;
		memcpy(dir, name, (size_t)(slash - name));
		dir[slash - name] = '\0';
		char *kept = shelf_memory_str(s->memory, dir);
		if (kept)
			stand_on(t, path, kept);
	}
}

static void add_line(struct scan *s, const char *path, struct shelf_kept *k, struct standing *t, int64_t began_ns)
{
	int64_t from = began_ns - LATELY_NS, to = clock_wall_ns() + LATELY_NS;
	/* Of a run in progress the words are not true any more when it ends without another one: kill -9 changes no file. */
	if (s->root[0] == '\0' || k->entry.alive)
		return;
	for (int i = 0; i < t->n; i++)
		if (t->file[i].mtime_ns >= from && t->file[i].mtime_ns <= to)
			return;
	k->key = scan_key(s, path);
	k->files = t->file;
	k->n_files = t->n;
	if (shelf_index_line(k, &s->lines) == 0)
		s->new_lines++;
}

void scan_remember(
        struct scan *s, const char *path, const struct shelf_entry *x, const struct shelf_run *run, int64_t began_ns)
{
	struct standing *t = calloc(1, sizeof *t);
	struct shelf_kept k = {.entry = *x, .finished = run && (run->kind != SHELF_OURS || run->board->finished)};
	if (!t)
		return;
	stand_on(t, path, "");
	if (!run || run->kind != SHELF_FILE) {
		stand_on(t, path, "run.json");
		stand_on(t, path, "events.jsonl");
		if (!run || run->kind == SHELF_BATCH)
			stand_on(t, path, "summary.txt");
	}
	if (run && run->kind != SHELF_FILE)
		stand_on_results(s, t, path, run);
	for (int i = 0; i < t->n; i++)
		if (is_json(t->file[i].name))
			set_add(&s->claimed, t->id[i], &s->rc);
	add_line(s, path, &k, t, began_ns);
	free(t);
}

void scan_remember_other(struct scan *s, const char *path, int64_t began_ns)
{
	struct standing *t = calloc(1, sizeof *t);
	struct shelf_kept k = {.other = true, .finished = true};
	if (!t)
		return;
	stand_on(t, path, "");
	add_line(s, path, &k, t, began_ns);
	free(t);
}
