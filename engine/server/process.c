#include "process.h"
#include "../base/clock.h"
#include "../base/text.h"
#include "process_int.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INODES     16
#define HOLDERS    64
#define RAW        8192
#define ANCESTORS  4
#define ARGUMENTS  256
#define TCP_LISTEN 0x0a

static const char *base(const char *root)
{
	return root ? root : "/proc";
}

/* Up to cap - 1 bytes of ROOT/PID/NAME (pid 0: ROOT/NAME) and a NUL. -1 when it cannot be read. */
ssize_t process_file(const char *root, pid_t pid, const char *name, char *out, size_t cap)
{
	char path[600];
	size_t len = 0;
	if (pid > 0)
		snprintf(path, sizeof path, "%s/%ld/%s", base(root), (long)pid, name);
	else
		snprintf(path, sizeof path, "%s/%s", base(root), name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	out[0] = '\0';
	if (fd < 0)
		return -1;
	while (len + 1 < cap) {
		ssize_t n = read(fd, out + len, cap - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	out[len] = '\0';
	return (ssize_t)len;
}

/* ---- one process ---- */

static bool is_key(const char *arg)
{
	static const char *const keys[] = {"--api-key", "--admin-api-key", "--hf-token", "--token"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strncmp(arg, keys[i], strlen(keys[i])) == 0)
			return true;
	return false;
}

/* Arguments with blanks between; what follows a key is not shown. */
static void join_arguments(const char *raw, size_t len, char *out, size_t cap)
{
	char line[RAW + 64];
	size_t at = 0;
	bool hide = false;
	for (size_t i = 0; i < len && at + 4 < sizeof line;) {
		const char *arg = raw + i;
		size_t n = strnlen(arg, len - i);
		const char *value = is_key(arg) ? memchr(arg, '=', n) : NULL;
		size_t shown = hide || strncmp(arg, "hf_", 3) == 0 ? 0 : value ? (size_t)(value - arg) + 1 : n;
		if (at > 0)
			line[at++] = ' ';
		if (shown > sizeof line - at - 4)
			shown = sizeof line - at - 4;
		memcpy(line + at, arg, shown);
		at += shown;
		if (shown < n && (shown == 0 || value)) {
			memcpy(line + at, "***", 3);
			at += 3;
		}
		hide = is_key(arg) && !value;
		i += n + 1;
	}
	while (at > 0 && line[at - 1] == ' ')
		at--;
	text_clean(out, cap, line, at);
}

static int64_t boot_wall_s(const char *root)
{
	char text[RAW];
	/* the line is behind those of the processors */
	char path[600];
	int64_t boot = 0;
	snprintf(path, sizeof path, "%s/stat", base(root));
	FILE *f = fopen(path, "re");
	while (f && boot == 0 && fgets(text, sizeof text, f))
		if (strncmp(text, "btime ", 6) == 0)
			boot = strtoll(text + 6, NULL, 10);
	if (f)
		fclose(f);
	return boot;
}

/* "PID (comm) S ppid pgid sid tty ... starttime": comm may hold anything, also ')'. */
static bool parse_stat(const char *text, struct process *out)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	int ppid, pgid, sid, tty;
	unsigned long long ticks;
	char state;
	if (!open || !close || close < open)
		return false;
	if (sscanf(close + 1, " %c %d %d %d %d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
	            &ppid, &pgid, &sid, &tty, &ticks) != 6)
		return false;
	text_clean(out->name, sizeof out->name, open + 1, (size_t)(close - open - 1));
	out->zombie = state == 'Z' || state == 'X';
	out->ppid = ppid;
	out->pgid = pgid;
	out->sid = sid;
	out->terminal = tty != 0;
	out->ticks = (int64_t)ticks;
	return true;
}

/* Without the command line and the time. */
static bool read_stat(const char *root, pid_t pid, struct process *out)
{
	char text[RAW];
	memset(out, 0, sizeof *out);
	if (process_file(root, pid, "stat", text, sizeof text) <= 0 || !parse_stat(text, out))
		return false;
	out->pid = pid;
	return true;
}

int process_read(const char *root, pid_t pid, struct process *out, struct err *e)
{
	char raw[RAW];
	if (!read_stat(root, pid, out)) {
		memset(out, 0, sizeof *out);
		return err_set(e, ERR_IO, "there is no process %ld", (long)pid);
	}
	ssize_t n = process_file(root, pid, "cmdline", raw, sizeof raw);
	if (n > 0)
		join_arguments(raw, (size_t)n, out->command, sizeof out->command);
	if (!out->command[0])
		text_copy(out->command, sizeof out->command, out->name);
	int64_t boot = boot_wall_s(root), hz = sysconf(_SC_CLK_TCK);
	if (boot > 0 && hz > 0)
		out->start_wall_ns = boot * CLOCK_NS_PER_S + out->ticks * (CLOCK_NS_PER_S / hz);
	return 0;
}

bool process_alive(const char *root, pid_t pid, int64_t ticks)
{
	struct process p;
	return pid > 0 && read_stat(root, pid, &p) && p.ticks == ticks && !p.zombie;
}

char *process_words(const struct process *p, char *out, size_t cap)
{
	char when[32] = "";
	time_t t = (time_t)(p->start_wall_ns / CLOCK_NS_PER_S);
	struct tm tm;
	bool today = clock_wall_ns() - p->start_wall_ns < 20 * 3600 * CLOCK_NS_PER_S;
	if (p->start_wall_ns > 0 && localtime_r(&t, &tm))
		strftime(when, sizeof when, today ? ", since %H:%M:%S" : ", since %Y-%m-%d %H:%M", &tm);
	snprintf(out, cap, "pid %ld (%.160s)%s", (long)p->pid, p->command, when);
	return out;
}

/* ---- every process ---- */

/* Calls each(ctx, pid) until it returns false. */
void process_each(const char *root, bool (*each)(void *ctx, pid_t pid), void *ctx)
{
	DIR *d = opendir(base(root));
	const struct dirent *de;
	while (d && (de = readdir(d))) {
		int64_t pid;
		if (text_to_i64(de->d_name, 1, INT32_MAX, &pid) && !each(ctx, (pid_t)pid))
			break;
	}
	if (d)
		closedir(d);
}

/* ---- who listens ---- */

struct listeners {
	const char *root;
	char sockets[INODES][40]; /* "socket:[123]" */
	int n_sockets;
	long uid;
	struct process holders[HOLDERS];
	int n_holders;
};

static void read_table(struct listeners *l, const char *table, int port)
{
	char path[600], line[512];
	snprintf(path, sizeof path, "%s/%s", base(l->root), table);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		unsigned local, state;
		unsigned long inode;
		long uid;
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %ld %*d %lu", &local, &state,
		            &uid, &inode) != 4 ||
		        state != TCP_LISTEN || (int)local != port || inode == 0 || l->n_sockets == INODES)
			continue;
		snprintf(l->sockets[l->n_sockets++], sizeof l->sockets[0], "socket:[%lu]", inode);
		l->uid = uid;
	}
	if (f)
		fclose(f);
}

/* The descriptors of a process: calls each(ctx, fd, link) until it returns false. */
void process_each_fd(const char *root, pid_t pid, bool (*each)(void *ctx, const char *fd, const char *link), void *ctx)
{
	char path[600], link[512];
	const struct dirent *de;
	snprintf(path, sizeof path, "%s/%ld/fd", base(root), (long)pid);
	DIR *d = opendir(path);
	while (d && (de = readdir(d))) {
		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		ssize_t n = readlinkat(dirfd(d), de->d_name, link, sizeof link - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		if (!each(ctx, de->d_name, link))
			break;
	}
	if (d)
		closedir(d);
}

struct holds {
	const struct listeners *l;
	bool yes;
};

static bool fd_holds(void *ctx, const char *fd, const char *link)
{
	struct holds *h = ctx;
	(void)fd;
	for (int i = 0; i < h->l->n_sockets; i++)
		h->yes = h->yes || strcmp(link, h->l->sockets[i]) == 0;
	return !h->yes;
}

static bool process_holds(void *ctx, pid_t pid)
{
	struct listeners *l = ctx;
	struct holds h = {l, false};
	process_each_fd(l->root, pid, fd_holds, &h);
	if (h.yes && read_stat(l->root, pid, &l->holders[l->n_holders]) && !l->holders[l->n_holders].zombie)
		l->n_holders++;
	return l->n_holders < HOLDERS;
}

static bool among(const struct listeners *l, pid_t pid)
{
	for (int i = 0; i < l->n_holders; i++)
		if (l->holders[i].pid == pid)
			return true;
	return false;
}

enum port_state process_listener(const char *root, int port, struct process *out, long *uid)
{
	struct listeners *l = calloc(1, sizeof *l);
	const struct process *best = NULL;
	memset(out, 0, sizeof *out);
	if (uid)
		*uid = -1;
	if (!l)
		return PORT_FREE;
	l->root = root;
	read_table(l, "net/tcp", port);
	read_table(l, "net/tcp6", port);
	enum port_state state = l->n_sockets > 0 ? PORT_OUTSIDE : PORT_FREE;
	if (uid && l->n_sockets > 0)
		*uid = l->uid;
	if (l->n_sockets > 0)
		process_each(root, process_holds, l);
	for (int i = 0; i < l->n_holders; i++)
		if (!among(l, l->holders[i].ppid) && (!best || l->holders[i].ticks < best->ticks))
			best = &l->holders[i];
	if (best && process_read(root, best->pid, out, NULL) == 0)
		state = PORT_HELD;
	free(l);
	return state;
}

/* ---- who is about to ---- */

struct starting {
	const char *root;
	int port;
	struct process best;
};

/* "--port=8888" or "--port" "8888" among the arguments; and what it is that they start. */
static bool starts_server(const char *raw, size_t len, int port)
{
	const char *argv[ARGUMENTS];
	int n = 0, given = 0;
	bool serves = false, vllm = false;
	for (size_t i = 0; i < len && n < ARGUMENTS; i += strnlen(raw + i, len - i) + 1)
		argv[n++] = raw + i;
	for (int i = 0; i < n; i++) {
		const char *a = argv[i];
		const char *value = strncmp(a, "--port=", 7) == 0           ? a + 7
		                    : strcmp(a, "--port") == 0 && i + 1 < n ? argv[i + 1]
		                                                            : NULL;
		int64_t v;
		if (value && text_to_i64(value, 1, 65535, &v))
			given = (int)v;
		serves = serves || strcmp(a, "sglang.launch_server") == 0 || strstr(a, "vllm.entrypoints") ||
		         (vllm && strcmp(a, "serve") == 0);
		const char *slash = strrchr(a, '/');
		vllm = strcmp(slash ? slash + 1 : a, "vllm") == 0;
	}
	return serves && given == port;
}

static bool is_starting(void *ctx, pid_t pid)
{
	struct starting *s = ctx;
	struct process p;
	char raw[RAW];
	ssize_t n = process_file(s->root, pid, "cmdline", raw, sizeof raw);
	/* Most processes are none: the costly part comes last. */
	if (n <= 0 || !starts_server(raw, (size_t)n, s->port) || !read_stat(s->root, pid, &p) || p.zombie)
		return true;
	if (s->best.pid == 0 || p.ticks < s->best.ticks)
		s->best = p;
	return true;
}

bool process_starting(const char *root, int port, struct process *out)
{
	struct starting s = {.root = root, .port = port};
	memset(out, 0, sizeof *out);
	process_each(root, is_starting, &s);
	return s.best.pid > 0 && process_read(root, s.best.pid, out, NULL) == 0;
}

static bool says_server(const char *word, size_t n)
{
	static const char *const words[] = {"sglang", "vllm", "launch_server", "atom", "benchtop-sim"};
	char text[PROCESS_COMMAND];
	snprintf(text, sizeof text, "%.*s", (int)n, word);
	for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
		if (strcasestr(text, words[w]))
			return true;
	return false;
}

/* One of the names, or that with a version behind it. */
static bool is_program(const char *word, size_t n, const char *const *names)
{
	for (; *names; names++) {
		size_t k = strlen(*names);
		if (n >= k && strncasecmp(word, *names, k) == 0 && strspn(word + k, "0123456789.") >= n - k)
			return true;
	}
	return false;
}

/* What it runs names a server: the program, the script or module of an interpreter, a well-known module. A path that goes
 * through such a directory, a session called like one or a file that is looked at does not. */
static bool names_server(const struct process *p)
{
	static const char *const interpreters[] = {"python", "bash", "sh", "dash", "zsh", "ksh", NULL};
	static const char *const holders[] = {"tmux", "tmux:", "screen", "sshd", "sshd:", "ssh", "docker", NULL};
	bool interpreter = false, found = false;
	const char *word = p->command;
	for (int i = 0; *word; i++) {
		size_t n = strcspn(word, " "), dir = 0;
		for (size_t k = 0; k + 1 < n; k++)
			dir = word[k] == '/' ? k + 1 : dir;
		if (i == 0 && is_program(word + dir, n - dir, holders))
			return false;
		size_t login = word[dir] == '-'; /* "-bash" */
		if (i == 0)
			interpreter = is_program(word + dir + login, n - dir - login, interpreters);
		if ((n == 20 && strncmp(word, "sglang.launch_server", n) == 0) ||
		        strncmp(word, "vllm.entrypoints", 16) == 0)
			return true;
		if (interpreter && i > 0 && !found && n == 2 && word[0] == '-' && word[1] == 'c')
			return says_server(word, strlen(word));
		bool what = i == 0 || (interpreter && !found && word[0] != '-');
		if (what && says_server(word + dir, n - dir))
			return true;
		found = found || (i > 0 && what);
		word += n;
		word += strspn(word, " ");
	}
	return false;
}

bool process_is_server(const char *root, const struct process *p)
{
	struct process at = *p;
	for (int i = 0; i < ANCESTORS && at.pid > 1; i++) {
		if (names_server(&at))
			return true;
		if (process_read(root, at.ppid, &at, NULL))
			break;
	}
	return false;
}

/* ---- a server and all that belongs to it ---- */

struct family {
	const char *root;
	pid_t sid;
	struct process *out;
	int n, cap;
	bool grown;
};

static bool in_family(const struct family *f, const struct process *p)
{
	if (f->sid > 0 && p->sid == f->sid)
		return true;
	for (int i = 0; i < f->n; i++)
		if (f->out[i].pid == p->ppid)
			return true;
	return false;
}

static bool join_family(void *ctx, pid_t pid)
{
	struct family *f = ctx;
	struct process p;
	for (int i = 0; i < f->n; i++)
		if (f->out[i].pid == pid)
			return true;
	if (!read_stat(f->root, pid, &p) || p.zombie || !in_family(f, &p))
		return true;
	f->out[f->n++] = p;
	f->grown = true;
	return f->n < f->cap;
}

int process_family(const char *root, pid_t pid, pid_t sid, struct process *out, int cap)
{
	struct family f = {.root = root, .sid = sid, .out = out, .cap = cap};
	if (pid > 0 && cap > 0 && read_stat(root, pid, &out[0]) && !out[0].zombie)
		f.n = 1;
	/* Children mostly have higher pids than their parents: one round is enough but for wrapped numbers. */
	do {
		f.grown = false;
		if (f.n < cap)
			process_each(root, join_family, &f);
	} while (f.grown && f.n < cap);
	return f.n;
}

/* ---- its process group ---- */

pid_t process_own_group(const char *root, const struct process *p)
{
	struct process at = *p;
	if (p->pgid <= 1)
		return 0;
	for (int i = 0; i < ANCESTORS && at.pid > 1 && at.pgid == p->pgid; i++) {
		if (at.pid == p->pgid)
			return i == 0 || names_server(&at) ? p->pgid : 0;
		if (process_read(root, at.ppid, &at, NULL))
			break;
	}
	return 0;
}

struct group {
	const char *root;
	pid_t pgid;
	struct process *out;
	int n, cap;
};

static bool join_group(void *ctx, pid_t pid)
{
	struct group *g = ctx;
	struct process p;
	if (read_stat(g->root, pid, &p) && !p.zombie && p.pgid == g->pgid)
		g->out[g->n++] = p;
	return g->n < g->cap;
}

int process_group(const char *root, pid_t pgid, struct process *out, int cap)
{
	struct group g = {.root = root, .pgid = pgid, .out = out, .cap = cap};
	if (pgid > 1 && cap > 0)
		process_each(root, join_group, &g);
	return g.n;
}
