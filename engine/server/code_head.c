/* HEAD from the files of .git, for where there is no git: plain repositories, worktrees, shallow clones. */
#include "../base/text.h"
#include "code_int.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_CAP   700
#define PACKED_MAX ((size_t)32 << 20)
#define REF_DEPTH  5

static bool fits(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool fits(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(out, cap, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < cap;
}

/* A plain file, whole, into b; nothing else is opened for reading. */
static bool read_plain(const char *dir, const char *name, struct buf *b)
{
	char path[PATH_CAP], chunk[16384];
	struct stat st;
	ssize_t n = 0;
	if (!fits(path, sizeof path, "%s/%s", dir, name))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	while (ok && (n = read(fd, chunk, sizeof chunk)) > 0)
		ok = buf_add(b, chunk, (size_t)n) == 0;
	close(fd);
	return ok && n == 0;
}

/* The first line of a short file. */
static bool read_line(const char *dir, const char *name, char *out, size_t cap)
{
	struct buf b;
	buf_init(&b, 4096);
	bool ok = read_plain(dir, name, &b);
	const char *text = buf_text(&b);
	size_t len = strcspn(text, "\r\n");
	ok = ok && len > 0 && len < cap;
	if (ok) {
		memcpy(out, text, len);
		out[len] = '\0';
	}
	buf_free(&b);
	return ok;
}

static bool is_hash(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");
	return (n == 40 || n == 64) && s[n] == '\0';
}

/* "refs/heads/x": below .git, and nowhere else. */
static bool is_ref(const char *s)
{
	return strncmp(s, "refs/", 5) == 0 && !strstr(s, "..") && !strstr(s, "//");
}

static bool find_packed(const char *common, const char *ref, char *hash, size_t cap)
{
	struct buf b;
	buf_init(&b, PACKED_MAX);
	bool found = false;
	if (read_plain(common, "packed-refs", &b)) {
		const char *line = buf_text(&b);
		while (*line && !found) {
			size_t len = strcspn(line, "\n"), h = strcspn(line, " \n");
			found = (h == 40 || h == 64) && line[h] == ' ' && len - h - 1 == strlen(ref) &&
			        memcmp(line + h + 1, ref, len - h - 1) == 0 && fits(hash, cap, "%.*s", (int)h, line) &&
			        is_hash(hash);
			line += len + (line[len] == '\n');
		}
	}
	buf_free(&b);
	if (!found)
		hash[0] = '\0';
	return found;
}

static void resolve(const char *gitdir, const char *common, const char *ref, char *hash, size_t cap)
{
	char name[256], value[300];
	text_set(name, sizeof name, ref);
	hash[0] = '\0';
	for (int i = 0; i < REF_DEPTH && is_ref(name); i++) {
		if (!read_line(gitdir, name, value, sizeof value) && !read_line(common, name, value, sizeof value)) {
			find_packed(common, name, hash, cap);
			return;
		}
		if (is_hash(value)) {
			text_set(hash, cap, value);
			return;
		}
		if (strncmp(value, "ref: ", 5) != 0 || !text_set(name, sizeof name, value + 5))
			return;
	}
}

/* ".git" of a tree: the directory, or what the file names. */
static bool find_gitdir(const char *dir, char *gitdir, size_t cap)
{
	char path[PATH_CAP], line[512];
	struct stat st;
	if (!fits(path, sizeof path, "%s/.git", dir) || stat(path, &st) < 0)
		return false;
	if (S_ISDIR(st.st_mode))
		return text_set(gitdir, cap, path);
	if (!read_line(dir, ".git", line, sizeof line) || strncmp(line, "gitdir: ", 8) != 0)
		return false;
	if (line[8] == '/')
		return text_set(gitdir, cap, line + 8);
	return fits(gitdir, cap, "%s/%s", dir, line + 8);
}

bool git_read_head(const char *dir, struct code_state *s)
{
	char gitdir[PATH_CAP], common[PATH_CAP], line[512];
	struct stat st;
	if (!find_gitdir(dir, gitdir, sizeof gitdir))
		return false;
	text_set(common, sizeof common, gitdir);
	if (read_line(gitdir, "commondir", line, sizeof line)) {
		s->worktree = true;
		if (!(line[0] == '/' ? text_set(common, sizeof common, line)
		                     : fits(common, sizeof common, "%s/%s", gitdir, line)))
			return true;
	}
	char shallow[PATH_CAP];
	s->shallow = fits(shallow, sizeof shallow, "%s/shallow", common) && stat(shallow, &st) == 0 && st.st_size > 0;
	if (!read_line(gitdir, "HEAD", line, sizeof line))
		return true;
	if (is_hash(line)) {
		s->detached = true;
		text_set(s->commit, sizeof s->commit, line);
	} else if (strncmp(line, "ref: ", 5) == 0 && is_ref(line + 5)) {
		const char *branch = strncmp(line + 5, "refs/heads/", 11) == 0 ? line + 16 : line + 5;
		if (strcmp(branch, ".invalid") != 0) /* the refs are in a table: this is no branch */
			text_copy(s->branch, sizeof s->branch, branch);
		resolve(gitdir, common, line + 5, s->commit, sizeof s->commit);
	}
	return true;
}
