/* Running git on a tree that somebody else owns. Its own configuration may name programs to run (hooks, file system
 * monitors, filters, external diffs, transports): none of them runs here. */
#include "../base/clock.h"
#include "../base/text.h"
#include "code_int.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ENV_MAX    200
#define ENV_TEXT   16384
#define CONFIG_FD  3 /* in the child */
#define COMPLAINTS 4096
#define REAP_WAIT  CLOCK_NS_PER_S
#define ARGS_MAX   24
#define SLICE_MS   100

/* "safe.directory" is obeyed from a configuration file only, not from the command line or the environment. */
static const char config[] = "[safe]\n\tdirectory = *\n";

struct environment {
	char text[ENV_TEXT];
	size_t used;
	char *list[ENV_MAX + 1];
	int n;
	int configs;
	bool full;
};

static void env_add(struct environment *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void env_add(struct environment *v, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(v->text + v->used, sizeof v->text - v->used, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof v->text - v->used || v->n >= ENV_MAX) {
		v->full = true;
		return;
	}
	v->list[v->n++] = v->text + v->used;
	v->used += (size_t)n + 1;
}

static void env_config(struct environment *v, const char *key, const char *sub, const char *rest, const char *value)
{
	env_add(v, "GIT_CONFIG_KEY_%d=%s%s%s", v->configs, key, sub, rest);
	env_add(v, "GIT_CONFIG_VALUE_%d=%s", v->configs, value);
	v->configs++;
}

static void env_make(struct environment *v, const struct git *g)
{
	char above[300];
	const char *path = getenv("PATH");
	text_set(above, sizeof above, g->dir);
	char *slash = strrchr(above, '/');
	if (slash && slash > above)
		*slash = '\0';
	env_add(v, "PATH=%s", path ? path : "");
	env_add(v, "LC_ALL=C");
	env_add(v, "GIT_CONFIG_GLOBAL=/proc/self/fd/%d", CONFIG_FD);
	env_add(v, "GIT_CONFIG_NOSYSTEM=1");
	env_add(v, "GIT_ATTR_NOSYSTEM=1");
	env_add(v, "GIT_OPTIONAL_LOCKS=0");
	env_add(v, "GIT_TERMINAL_PROMPT=0");
	env_add(v, "GIT_PAGER=cat");
	env_add(v, "PAGER=cat");
	env_add(v, "GIT_ALLOW_PROTOCOL=none");
	env_add(v, "GIT_NO_LAZY_FETCH=1");
	env_add(v, "GIT_CEILING_DIRECTORIES=%s", above); /* a repository around the tree is not the tree's */
	env_config(v, "core.fsmonitor", "", "", "false");
	env_config(v, "core.hooksPath", "", "", "/dev/null");
	env_config(v, "core.pager", "", "", "cat");
	env_config(v, "diff.external", "", "", "");
	for (int i = 0; i < g->n_filters; i++) {
		env_config(v, "filter.", g->filter[i], ".clean", "");
		env_config(v, "filter.", g->filter[i], ".smudge", "");
		env_config(v, "filter.", g->filter[i], ".process", "");
		env_config(v, "filter.", g->filter[i], ".required", "false");
	}
	env_add(v, "GIT_CONFIG_COUNT=%d", v->configs);
}

/* git from the absolute directories of PATH; never one from the working directory. */
static bool find_git(char *out, size_t cap)
{
	const char *p = getenv("PATH");
	while (p && *p) {
		size_t len = strcspn(p, ":");
		int n = snprintf(out, cap, "%.*s/git", (int)len, p);
		if (p[0] == '/' && n > 0 && (size_t)n < cap && access(out, X_OK) == 0)
			return true;
		p += len + (p[len] == ':');
	}
	return false;
}

static int config_open(void)
{
	int fd = memfd_create("benchtop-git", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, config, sizeof config - 1) != (ssize_t)(sizeof config - 1)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int spawn(pid_t *pid, const char *path, char *const argv[], char *const env[], int out, int err, int cfg)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_adddup2(&files, err, 2);
	posix_spawn_file_actions_adddup2(&files, cfg, CONFIG_FD);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	int rc = posix_spawn(pid, path, &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* Takes what the pipe has. False at its end. What out has no room for is dropped. */
static bool drain(int fd, struct buf *out, bool *cut)
{
	char chunk[16384];
	ssize_t n = read(fd, chunk, sizeof chunk);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	size_t room = out->max > out->len ? out->max - out->len : 0;
	size_t take = (size_t)n < room ? (size_t)n : room;
	if (take > 0)
		buf_add(out, chunk, take);
	*cut = *cut || take < (size_t)n;
	return n > 0;
}

/* Until both pipes end, the output is long enough, or the time is over. False: over. */
static bool collect(struct git *g, int out_fd, int err_fd, struct buf *out, struct buf *said)
{
	bool out_open = true, err_open = true, err_cut = false;
	while (out_open || err_open) {
		struct pollfd p[2] = {{.fd = out_open ? out_fd : -1, .events = POLLIN},
		        {.fd = err_open ? err_fd : -1, .events = POLLIN}};
		if (clock_mono_ns() >= g->deadline_ns || cancel_get(g->cancel) != CANCEL_NONE)
			return false;
		if (poll(p, 2, SLICE_MS) <= 0)
			continue;
		if (p[0].revents)
			out_open = drain(out_fd, out, &g->cut);
		if (p[1].revents)
			err_open = drain(err_fd, said, &err_cut);
		if (g->cut)
			return true; /* enough */
	}
	return true;
}

/* False: it does not even die (a disk that hangs); it is left to init. */
static bool reap(pid_t pid, bool kill_it, int64_t deadline_ns, int *status)
{
	int64_t end = kill_it ? 0 : deadline_ns;
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);
		if (got == pid)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		int64_t now = clock_mono_ns();
		if (now >= end) {
			if (kill_it && end)
				return false;
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			kill_it = true;
			end = now + REAP_WAIT;
		}
		nanosleep(&(struct timespec){.tv_nsec = 2 * CLOCK_NS_PER_MS}, NULL);
	}
}

static void first_line(struct git *g, const struct buf *said)
{
	const char *text = buf_text(said);
	text_clean(g->said, sizeof g->said, text, strcspn(text, "\n"));
}

static enum git_end run_child(struct git *g, const char *path, char *const argv[], struct buf *out)
{
	struct environment *env = calloc(1, sizeof *env);
	struct buf said;
	int o[2] = {-1, -1}, x[2] = {-1, -1}, cfg = config_open(), status = 0;
	enum git_end end = GIT_FAILED;
	pid_t pid = 0;
	buf_init(&said, COMPLAINTS);
	if (env)
		env_make(env, g);
	if (!env || env->full || cfg < 0 || pipe2(o, O_CLOEXEC) < 0 || pipe2(x, O_CLOEXEC) < 0 ||
	        spawn(&pid, path, argv, env->list, o[1], x[1], cfg) != 0) {
		text_set(g->said, sizeof g->said, "git could not be started");
		pid = 0;
	}
	if (o[1] >= 0)
		close(o[1]);
	if (x[1] >= 0)
		close(x[1]);
	if (pid > 0) {
		bool whole = collect(g, o[0], x[0], out, &said);
		bool ended = reap(pid, !whole || g->cut, g->deadline_ns, &status);
		first_line(g, &said);
		if (!whole || !ended)
			end = GIT_TIMEOUT;
		else if (g->cut)
			end = GIT_DONE; /* killed by us, with enough said */
		else if (WIFEXITED(status))
			end = GIT_DONE;
		g->status = !g->cut && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	}
	if (o[0] >= 0)
		close(o[0]);
	if (x[0] >= 0)
		close(x[0]);
	if (cfg >= 0)
		close(cfg);
	buf_free(&said);
	free(env);
	return end;
}

enum git_end git_run(struct git *g, const char *const *args, struct buf *out)
{
	char path[512];
	const char *argv[ARGS_MAX + 1] = {"git", "-C", g->dir};
	int n = 3;
	g->status = -1;
	g->cut = false;
	g->said[0] = '\0';
	if (!find_git(path, sizeof path))
		return GIT_NONE;
	for (; *args && n < ARGS_MAX; args++)
		argv[n++] = *args;
	return run_child(g, path, (char *const *)(uintptr_t)argv, out);
}
