/* Where the trees are, and the newest source in them. */
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "code.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROC_MAX   ((size_t)1 << 20) /* of a process's environment and arguments */
#define MAPS_LINES 200000
#define WALK_MAX   200000
#define WALK_DEPTH 40
#define CHECK_EACH 256 /* entries between two looks at the clock */

static bool fits(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool fits(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(out, cap, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < cap;
}

/* ---- is it one? ---- */

static bool is_tree(const char *name, const char *dir)
{
	char path[PATH_MAX];
	const char *sub = strcmp(name, "sglang") == 0 ? "python/sglang" : "aiter/__init__.py";
	return fits(path, sizeof path, "%s/%s", dir, sub) && file_exists(path);
}

static bool has_git(const char *dir)
{
	char path[PATH_MAX];
	return fits(path, sizeof path, "%s/.git", dir) && file_exists(path);
}

/* path or the nearest directory above it that is the tree. */
static bool climb(const char *name, const char *root, const char *path, char *dir, size_t cap)
{
	char at[PATH_MAX];
	if (path[0] != '/' || !fits(at, sizeof at, "%s%s", root, path))
		return false;
	size_t base = strlen(root);
	for (;;) {
		if (is_tree(name, at))
			return text_set(dir, cap, at);
		char *slash = strrchr(at, '/');
		if (!slash || (size_t)(slash - at) <= base)
			return false;
		*slash = '\0';
	}
}

/* ---- through the process ---- */

struct process_view {
	long pid;
	char root[40]; /* "" or "/proc/PID/root" when it sees other files than we do */
};

static void view_open(struct process_view *v, long pid)
{
	char path[64], theirs[64] = "", ours[64] = "";
	v->pid = pid;
	v->root[0] = '\0';
	snprintf(path, sizeof path, "/proc/%ld/ns/mnt", pid);
	if (readlink(path, theirs, sizeof theirs - 1) > 0 && readlink("/proc/self/ns/mnt", ours, sizeof ours - 1) > 0 &&
	        strcmp(theirs, ours) != 0)
		snprintf(v->root, sizeof v->root, "/proc/%ld/root", pid);
}

static bool view_file(const struct process_view *v, const char *name, struct buf *b)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%ld/%s", v->pid, name);
	buf_clear(b);
	return file_read(path, b, NULL) == 0;
}

/* A list with ':' between. */
static bool climb_list(const char *name, const char *root, const char *list, char *dir, size_t cap)
{
	while (*list) {
		char one[PATH_MAX];
		size_t len = strcspn(list, ":");
		if (fits(one, sizeof one, "%.*s", (int)len, list) && climb(name, root, one, dir, cap))
			return true;
		list += len + (list[len] == ':');
	}
	return false;
}

static bool by_words(const char *name, const struct process_view *v, char *dir, size_t cap)
{
	struct buf b;
	bool found = false;
	buf_init(&b, PROC_MAX);
	if (view_file(v, "cmdline", &b))
		for (const char *p = buf_text(&b), *end = p + b.len; p < end && !found; p += strlen(p) + 1)
			found = climb(name, v->root, p, dir, cap);
	if (!found && view_file(v, "environ", &b))
		for (const char *p = buf_text(&b), *end = p + b.len; p < end && !found; p += strlen(p) + 1)
			found = strncmp(p, "PYTHONPATH=", 11) == 0 && climb_list(name, v->root, p + 11, dir, cap);
	buf_free(&b);
	return found;
}

/* A library of the tree that the process has loaded. */
static bool by_maps(const char *name, const struct process_view *v, char *dir, size_t cap)
{
	char path[64], part[32], line[PATH_MAX + 128];
	snprintf(path, sizeof path, "/proc/%ld/maps", v->pid);
	snprintf(part, sizeof part, "/%s/", name);
	FILE *f = fopen(path, "re");
	bool found = false;
	for (int i = 0; f && !found && i < MAPS_LINES && fgets(line, sizeof line, f); i++) {
		const char *file = strchr(line, '/');
		line[strcspn(line, "\n")] = '\0';
		found = file && strstr(file, part) && climb(name, v->root, file, dir, cap);
	}
	if (f)
		fclose(f);
	return found;
}

static bool by_cwd(const char *name, const struct process_view *v, char *dir, size_t cap)
{
	char path[64], cwd[PATH_MAX];
	snprintf(path, sizeof path, "/proc/%ld/cwd", v->pid);
	ssize_t n = readlink(path, cwd, sizeof cwd - 1);
	if (n <= 0)
		return false;
	cwd[n] = '\0';
	return climb(name, v->root, cwd, dir, cap);
}

/* ---- by the usual places ---- */

static bool below(const char *name, const char *parent, char *dir, size_t cap)
{
	char at[PATH_MAX];
	bool ok = fits(at, sizeof at, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name);
	return ok && (is_tree(name, at) || has_git(at)) && text_set(dir, cap, at);
}

static bool by_place(const char *name, const char *const *dirs, char *dir, size_t cap)
{
	static const char *const usual[] = {"/workspace", "/sgl-workspace", NULL};
	const char *given = getenv("BENCHTOP_CODE");
	char cwd[PATH_MAX];
	if (!dirs && given && *given) {
		while (*given) {
			char one[PATH_MAX];
			size_t len = strcspn(given, ":");
			if (fits(one, sizeof one, "%.*s", (int)len, given) && below(name, one, dir, cap))
				return true;
			given += len + (given[len] == ':');
		}
		return false;
	}
	for (const char *const *d = dirs ? dirs : usual; *d; d++)
		if (below(name, *d, dir, cap))
			return true;
	if (dirs || !getcwd(cwd, sizeof cwd))
		return false;
	for (;;) {
		if (below(name, cwd, dir, cap))
			return true;
		char *slash = strrchr(cwd, '/');
		if (!slash || !cwd[1])
			return false;
		slash[slash == cwd] = '\0';
	}
}

bool code_locate(const char *name, const struct code_places *places, char *dir, size_t cap, bool *by_process)
{
	*by_process = false;
	if (places->pid > 0) {
		struct process_view v;
		view_open(&v, places->pid);
		*by_process = by_words(name, &v, dir, cap) || by_maps(name, &v, dir, cap) || by_cwd(name, &v, dir, cap);
		if (*by_process)
			return true;
	}
	return by_place(name, places->dirs, dir, cap);
}

/* ---- the newest source ---- */

struct walk {
	struct cancel *cancel;
	int64_t deadline_ns, newest_ns;
	long left;
	bool cut;
	char at[PATH_MAX]; /* of the directory, below the tree */
	char *path;
	size_t cap;
};

static bool skipped_dir(const char *name)
{
	return name[0] == '.' || strcmp(name, "build") == 0 || strcmp(name, "__pycache__") == 0 ||
	       strcmp(name, "node_modules") == 0;
}

/* What the server itself builds is no edit: aiter's libraries appear in "jit" as they are needed. */
static bool is_source(const char *name, const char *dir_name)
{
	size_t len = strlen(name);
	if (len > 3 && strcmp(name + len - 3, ".py") == 0)
		return true;
	return len > 3 && strcmp(name + len - 3, ".so") == 0 && strcmp(dir_name, "jit") != 0;
}

static bool walk_over(struct walk *w)
{
	if (--w->left <= 0 || (w->left % CHECK_EACH == 0 &&
	                              (clock_mono_ns() >= w->deadline_ns || cancel_get(w->cancel) != CANCEL_NONE)))
		w->cut = true;
	return w->cut;
}

static void take_file(struct walk *w, int dir_fd, const char *name)
{
	struct stat st;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	int64_t ns = (int64_t)st.st_mtim.tv_sec * CLOCK_NS_PER_S + st.st_mtim.tv_nsec;
	if (ns <= w->newest_ns)
		return;
	char path[PATH_MAX + 256];
	w->newest_ns = ns;
	snprintf(path, sizeof path, "%s%s", w->at, name);
	text_copy(w->path, w->cap, path);
}

static void walk_dir(struct walk *w, int fd, const char *dir_name, int depth) /* NOLINT(misc-no-recursion): bounded */
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;
	if (!d) {
		close(fd);
		return;
	}
	size_t len = strlen(w->at);
	while (!w->cut && (entry = readdir(d)) && !walk_over(w)) {
		const char *name = entry->d_name;
		if (is_source(name, dir_name) && entry->d_type != DT_DIR)
			take_file(w, dirfd(d), name);
		else if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && !skipped_dir(name) &&
		         depth < WALK_DEPTH && fits(w->at + len, sizeof w->at - len, "%s/", name)) {
			int sub = openat(dirfd(d), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
			if (sub >= 0)
				walk_dir(w, sub, name, depth + 1);
		}
		w->at[len] = '\0';
	}
	closedir(d);
}

bool code_newest(const char *dir, int64_t deadline_ms, struct cancel *cancel, char *path, size_t cap, int64_t *wall_ns)
{
	struct walk w = {.cancel = cancel,
	        .deadline_ns = clock_mono_ns() + deadline_ms * CLOCK_NS_PER_MS,
	        .left = WALK_MAX,
	        .path = path,
	        .cap = cap};
	path[0] = '\0';
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		walk_dir(&w, fd, "", 0);
	*wall_ns = w.newest_ns;
	return !w.cut && fd >= 0;
}
