/* The walk: which directories and files are runs. What the index knows and the files confirm is not read again. */
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "scan_int.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOKS_MAX 400000 /* names and files that one scan looks at */
#define NAMES_MAX ((size_t)64 << 20)

/* What a directory holds. */
struct listing {
	struct buf names; /* a type letter, the name, NUL; again */
	int n_dirs, n_results;
	bool manifest, journal, summary, lock;
};

static bool scan_over(struct scan *s)
{
	if (s->rc == 0 && cancel_get(s->cancel) != CANCEL_NONE)
		s->rc = ERR_CANCELLED;
	if (s->n >= SHELF_ENTRIES || s->looks > LOOKS_MAX)
		s->cut = true;
	return s->rc != 0 || s->cut;
}

/* ---- entries ---- */

static struct scan_entry *scan_add(struct scan *s)
{
	if (s->n == s->cap) {
		int cap = s->cap ? s->cap * 2 : 256;
		struct scan_entry *more = realloc(s->made, (size_t)cap * sizeof *more);
		if (!more) {
			s->rc = ERR_NOMEM;
			return NULL;
		}
		s->made = more;
		s->cap = cap;
	}
	struct scan_entry *x = &s->made[s->n++];
	memset(x, 0, sizeof *x);
	return x;
}

static void add_unreadable(struct scan *s, const char *path, int64_t wall_ns, const char *why)
{
	struct scan_entry *x = scan_add(s);
	int64_t named = shelf_name_time(path_base(path));
	if (x && shelf_entry_unreadable(&x->entry, path, named ? named : wall_ns, why, s->memory))
		s->rc = ERR_NOMEM;
}

/* The index's entry for this path when each of its files is as it was; they count as accounted for. */
static bool take_kept(struct scan *s, const char *path, const struct stat *st)
{
	const struct shelf_kept *k = shelf_index_find(&s->index, scan_key(s, path));
	if (!k || !scan_fresh(s, k, path))
		return false;
	if (!k->finished && S_ISDIR(st->st_mode) && shelf_alive(path))
		return false; /* somebody goes on with it: what was kept is of before */
	if (!k->other) {
		struct scan_entry *x = scan_add(s);
		if (!x)
			return true;
		x->entry = k->entry;
		x->entry.path = shelf_memory_str(s->memory, path);
		x->id = (struct file_id){st->st_dev, st->st_ino};
		if (!x->entry.path)
			s->rc = ERR_NOMEM;
		s->reused++;
	}
	s->kept_lines++;
	scan_keep(s, k);
	return true;
}

static void read_run(struct scan *s, const char *path, const struct stat *st)
{
	struct scan_entry *x = scan_add(s);
	struct shelf_run *run = NULL;
	struct err e = {0};
	int64_t began = clock_wall_ns(), named = shelf_name_time(path_base(path));
	if (!x)
		return;
	bool alive = S_ISDIR(st->st_mode) && shelf_alive(path);
	int rc = shelf_open_brief(&run, path, &e);
	if (rc == 0)
		rc = shelf_entry_of_run(&x->entry, run, alive, s->memory);
	else if (rc != ERR_NOMEM)
		rc = shelf_entry_unreadable(&x->entry, path, named ? named : shelf_mtime_ns(st), e.text, s->memory);
	x->id = (struct file_id){st->st_dev, st->st_ino};
	x->entry.alive = alive;
	if (rc == 0)
		scan_remember(s, path, &x->entry, run, began);
	else
		s->rc = rc;
	shelf_close(run);
	s->read++;
}

static void take_run(struct scan *s, const char *path, const struct stat *st)
{
	if (!take_kept(s, path, st))
		read_run(s, path, st);
}

/* ---- files ---- */

static bool ends_json(const char *name)
{
	size_t n = strlen(name);
	return n > 5 && strcmp(name + n - 5, ".json") == 0;
}

/* named: by the user, or by the form of its name; then it is listed whatever is in it. */
static void scan_file(struct scan *s, const char *path, const struct stat *st, bool named)
{
	struct buf b;
	struct err e = {0};
	s->looks++;
	if (!set_add(&s->visited, (struct file_id){st->st_dev, st->st_ino}, &s->rc) || take_kept(s, path, st))
		return;
	if (!S_ISREG(st->st_mode)) {
		if (named)
			add_unreadable(s, path, shelf_mtime_ns(st), "no regular file");
		return;
	}
	int64_t began = clock_wall_ns();
	buf_init(&b, SHELF_RESULT_MAX);
	int rc = shelf_file_read(path, &b, &e);
	bool like = rc == 0 && shelf_result_like(buf_text(&b), b.len);
	buf_free(&b);
	if (like)
		read_run(s, path, st);
	else if (named)
		add_unreadable(s, path, shelf_mtime_ns(st),
		        rc            ? e.text
		        : st->st_size ? "no result file: it has no benchmark_args"
		                      : "an empty file");
	else if (rc == 0 || rc == ERR_LIMIT)
		scan_remember_other(s, path, began);
}

/* ---- directories ---- */

static char type_letter(const struct dirent *entry)
{
	return entry->d_type == DT_DIR ? 'd' : entry->d_type == DT_REG ? 'f' : '?';
}

static void list_name(struct scan *s, struct listing *l, const struct dirent *entry)
{
	const char *name = entry->d_name;
	int isl, osl, conc, repeat;
	char type = type_letter(entry);
	s->looks++;
	if (name[0] == '.')
		return;
	l->manifest = l->manifest || strcmp(name, "run.json") == 0;
	l->journal = l->journal || strcmp(name, "events.jsonl") == 0;
	l->summary = l->summary || strcmp(name, "summary.txt") == 0;
	l->lock = l->lock || strcmp(name, "run.lock") == 0;
	bool json = ends_json(name);
	l->n_results += json && shelf_result_name(name, &isl, &osl, &conc, &repeat);
	l->n_dirs += type == 'd';
	if (type == 'f' && !json)
		return;
	buf_addc(&l->names, type);
	buf_add(&l->names, name, strlen(name) + 1);
}

static int list_dir(struct scan *s, const char *path, struct listing *l)
{
	const struct dirent *entry;
	memset(l, 0, sizeof *l);
	buf_init(&l->names, NAMES_MAX);
	DIR *d = opendir(path);
	if (!d)
		return errno;
	while (!scan_over(s) && (entry = readdir(d)))
		list_name(s, l, entry);
	closedir(d);
	s->cut = s->cut || l->names.failed;
	return 0;
}

static bool is_run(const struct listing *l, const char *name)
{
	int isl, osl;
	bool run_name = shelf_run_name(name);
	if (run_name ? l->manifest || l->journal : l->manifest && l->journal)
		return true;
	if (l->n_results > 0)
		return l->summary || shelf_batch_name(name, &isl, &osl);
	return l->summary && run_name && l->n_dirs == 0;
}

static void scan_dir(struct scan *s, const char *path, const struct stat *st, int depth);

static bool skipped_dir(const char *name)
{
	return strcmp(name, "node_modules") == 0 || strcmp(name, "__pycache__") == 0;
}

static void scan_broken(struct scan *s, const char *path, const char *name, int errnum)
{
	int isl, osl, conc, repeat;
	char why[160];
	if (!shelf_run_name(name) && !shelf_result_name(name, &isl, &osl, &conc, &repeat))
		return;
	if (errnum == ENOENT || errnum == ELOOP)
		snprintf(why, sizeof why, "a symbolic link that leads nowhere");
	else
		snprintf(why, sizeof why, "it cannot be looked at: %s", strerror(errnum));
	add_unreadable(s, path, 0, why);
}

static void scan_name(struct scan *s, const char *dir, char type, const char *name,
        int depth) /* NOLINT(misc-no-recursion): SHELF_DEPTH */
{
	char path[PATH_CAP];
	struct stat st;
	int isl, osl, conc, repeat;
	bool json = ends_json(name);
	if ((type == 'd' && (depth >= SHELF_DEPTH || skipped_dir(name))) || !path_join(path, sizeof path, dir, name))
		return;
	if (stat(path, &st) < 0)
		scan_broken(s, path, name, errno);
	else if (S_ISDIR(st.st_mode) && depth < SHELF_DEPTH && !skipped_dir(name))
		scan_dir(s, path, &st, depth + 1);
	else if (!S_ISDIR(st.st_mode) && json && strcmp(name, "run.json") != 0)
		scan_file(s, path, &st, shelf_result_name(name, &isl, &osl, &conc, &repeat));
}

static void scan_names(struct scan *s, const char *path, const struct listing *l,
        int depth) /* NOLINT(misc-no-recursion): SHELF_DEPTH */
{
	const char *p = buf_text(&l->names), *end = p + l->names.len;
	while (p < end && !scan_over(s)) {
		scan_name(s, path, p[0], p + 1, depth);
		p += strlen(p) + 1;
	}
}

static void scan_dir(
        struct scan *s, const char *path, const struct stat *st, int depth) /* NOLINT(misc-no-recursion): SHELF_DEPTH */
{
	struct listing l;
	char why[160], name[256];
	s->looks++;
	if (!set_add(&s->visited, (struct file_id){st->st_dev, st->st_ino}, &s->rc) || take_kept(s, path, st))
		return;
	shelf_real_name(path, name, sizeof name);
	int errnum = list_dir(s, path, &l);
	if (errnum) {
		snprintf(why, sizeof why, "the directory cannot be read: %s", strerror(errnum));
		if (depth == 0 || shelf_run_name(name))
			add_unreadable(s, path, shelf_mtime_ns(st), why);
	} else if (is_run(&l, name)) {
		take_run(s, path, st);
	} else if (shelf_run_name(name) && l.n_dirs == 0 && l.n_results == 0) {
		bool alive = l.lock && shelf_alive(path);
		add_unreadable(s, path, shelf_mtime_ns(st),
		        alive ? "a run is just beginning here"
		              : "no run: no run.json, events.jsonl or result file in it");
		if (s->n > 0)
			s->made[s->n - 1].entry.alive = alive;
	} else {
		scan_names(s, path, &l, depth);
	}
	buf_free(&l.names);
}

void scan_path(struct scan *s, const char *given, struct err *e)
{
	char path[PATH_CAP];
	struct stat st;
	size_t len = strlen(given);
	while (len > 1 && given[len - 1] == '/')
		len--;
	if (len == 0 || len >= sizeof path) {
		s->rc = err_set(e, ERR_USAGE, "the path \"%.200s\" cannot be used: it is %s", given,
		        len ? "too long" : "empty");
		return;
	}
	memcpy(path, given, len);
	path[len] = '\0';
	if (stat(path, &st) < 0)
		s->rc = err_sys(e, ERR_USAGE, errno, "there is no run at %.300s", path);
	else if (S_ISDIR(st.st_mode))
		scan_dir(s, path, &st, 0);
	else
		scan_file(s, path, &st, true);
}
