/* Where the output of a process goes: the file itself, or the file behind a pipe. */
#include "../base/text.h"
#include "process_int.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHAIN 4 /* program | ts | tee FILE */

static bool read_link(const char *root, pid_t pid, const char *name, char *out, size_t cap)
{
	char path[600];
	snprintf(path, sizeof path, "%s/%ld/%s", root ? root : "/proc", (long)pid, name);
	ssize_t n = readlink(path, out, cap - 1);
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* O_RDONLY, O_WRONLY or O_RDWR of a descriptor; -1 unknown. */
static int fd_access(const char *root, pid_t pid, const char *fd)
{
	char name[64], text[512];
	snprintf(name, sizeof name, "fdinfo/%.20s", fd);
	if (process_file(root, pid, name, text, sizeof text) <= 0)
		return -1;
	const char *flags = strstr(text, "flags:");
	return flags ? (int)(strtol(flags + 6, NULL, 8) & O_ACCMODE) : -1;
}

static bool fd_is_regular(const char *root, pid_t pid, const char *fd)
{
	char path[600];
	struct stat st;
	snprintf(path, sizeof path, "%s/%ld/fd/%.20s", root ? root : "/proc", (long)pid, fd);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The path as it can be opened from here. */
static void set_path(const char *root, pid_t pid, const char *fd, const char *link, struct process_log *out)
{
	char ours[64], theirs[64];
	const char *deleted = strstr(link, " (deleted)");
	out->kind = LOG_FILE;
	out->words[0] = '\0';
	if (deleted && deleted[10] == '\0') /* still there behind the descriptor */
		snprintf(out->path, sizeof out->path, "%s/%ld/fd/%.20s", root ? root : "/proc", (long)pid, fd);
	else if (read_link(root, getpid(), "ns/mnt", ours, sizeof ours) &&
	         read_link(root, pid, "ns/mnt", theirs, sizeof theirs) && strcmp(ours, theirs) != 0)
		snprintf(out->path, sizeof out->path, "%s/%ld/root%.440s", root ? root : "/proc", (long)pid, link);
	else
		snprintf(out->path, sizeof out->path, "%s", link);
}

/* ---- pipes ---- */

struct file_search {
	const char *root;
	pid_t pid;
	char arguments[4096]; /* of the reader, NULs between */
	size_t len;
	int best; /* 0 = none yet */
	struct process_log *out;
};

static bool is_argument(const struct file_search *s, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	for (size_t i = 0; i < s->len; i += strnlen(s->arguments + i, s->len - i) + 1) {
		const char *a = s->arguments + i, *last = strrchr(a, '/');
		if (strcmp(last ? last + 1 : a, name) == 0)
			return true;
	}
	return false;
}

/* A regular file that is open for writing: what tee and its like keep. One that it was told by name is the best, then one
 * that it opened, then its output; where its own errors go is none. */
static bool is_kept_file(void *ctx, const char *fd, const char *link)
{
	struct file_search *s = ctx;
	int access = fd_access(s->root, s->pid, fd);
	if (link[0] != '/' || strncmp(link, "/dev/", 5) == 0 || (access != O_WRONLY && access != O_RDWR) ||
	        !fd_is_regular(s->root, s->pid, fd))
		return true;
	int rank = strcmp(fd, "2") == 0 ? 0 : is_argument(s, link) ? 3 : strcmp(fd, "1") == 0 ? 1 : 2;
	if (rank > s->best) {
		s->best = rank;
		set_path(s->root, s->pid, fd, link, s->out);
	}
	return true;
}

struct reader_search {
	const char *root, *pipe;
	pid_t writer, at, found;
};

static bool is_read_end(void *ctx, const char *fd, const char *link)
{
	struct reader_search *s = ctx;
	if (strcmp(link, s->pipe) == 0 && fd_access(s->root, s->at, fd) == O_RDONLY)
		s->found = s->at;
	return s->found == 0;
}

static bool is_reader(void *ctx, pid_t pid)
{
	struct reader_search *s = ctx;
	s->at = pid;
	if (pid != s->writer)
		process_each_fd(s->root, pid, is_read_end, s);
	return s->found == 0;
}

/* The file at the end of a chain of pipes. */
static bool follow_pipe(const char *root, pid_t writer, const char *pipe, struct process_log *out)
{
	char link[512];
	snprintf(link, sizeof link, "%s", pipe);
	for (int i = 0; i < CHAIN && strncmp(link, "pipe:", 5) == 0; i++) {
		struct reader_search r = {.root = root, .pipe = link, .writer = writer};
		process_each(root, is_reader, &r);
		if (r.found == 0)
			return false;
		struct file_search f = {.root = root, .pid = r.found, .out = out};
		ssize_t n = process_file(root, r.found, "cmdline", f.arguments, sizeof f.arguments);
		f.len = n > 0 ? (size_t)n : 0;
		process_each_fd(root, r.found, is_kept_file, &f);
		if (f.best > 0)
			return true;
		writer = r.found;
		if (!read_link(root, r.found, "fd/1", link, sizeof link))
			return false;
	}
	return false;
}

/* ---- one stream ---- */

static void say(struct process_log *out, enum log_target kind, const char *words)
{
	out->kind = kind;
	out->path[0] = '\0';
	text_copy(out->words, sizeof out->words, words);
}

static bool is_terminal(const char *link)
{
	return strncmp(link, "/dev/pts/", 9) == 0 || strncmp(link, "/dev/tty", 8) == 0 ||
	       strcmp(link, "/dev/console") == 0 || strcmp(link, "/dev/ptmx") == 0;
}

static void look_at(const char *root, pid_t pid, const char *fd, struct process_log *out)
{
	char link[512], name[16];
	snprintf(name, sizeof name, "fd/%s", fd);
	if (!read_link(root, pid, name, link, sizeof link))
		say(out, LOG_UNKNOWN, "its log is not known: its descriptors cannot be read by this user");
	else if (is_terminal(link))
		say(out, LOG_TERMINAL, "its log goes to a terminal and cannot be read: restart it from benchtop");
	else if (strcmp(link, "/dev/null") == 0)
		say(out, LOG_NOWHERE, "its log goes to /dev/null: restart it from benchtop");
	else if (strncmp(link, "pipe:", 5) == 0 && follow_pipe(root, pid, link, out))
		return;
	else if (strncmp(link, "pipe:", 5) == 0 || strncmp(link, "socket:", 7) == 0)
		say(out, LOG_PIPE,
		        "its log goes into a pipe that no file here keeps: restart it from benchtop, or use --log");
	else if (link[0] == '/' && fd_is_regular(root, pid, fd))
		set_path(root, pid, fd, link, out);
	else
		say(out, LOG_UNKNOWN, "its log goes to something that is no file: use --log");
}

void process_log(const char *root, pid_t pid, struct process_log *out)
{
	struct process_log other;
	memset(out, 0, sizeof *out);
	memset(&other, 0, sizeof other);
	look_at(root, pid, "2", out); /* SGLang's own lines are there, only access lines on the other */
	look_at(root, pid, "1", &other);
	if (out->kind != LOG_FILE && other.kind == LOG_FILE)
		*out = other;
	else if (out->kind == LOG_FILE && other.kind == LOG_FILE && strcmp(out->path, other.path) != 0)
		text_set(out->other, sizeof out->other, other.path);
}
