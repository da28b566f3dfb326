#include "control.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "control_int.h"
#include "startup.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VARIABLES  8
#define AWAIT_MS   1000
#define LOOK_MS    4000
#define DIED_GRACE 2 /* looks: what the script left in the background may show up a moment later */

void control_say(const struct control *c, enum severity severity, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	if (!c->say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->say(c->ctx, severity, text);
}

/* ---- the environment of a start ---- */

/* The row's; else one pair in the whole plan, and its smallest CONC. */
static bool exported(const struct control *c, int *isl, int *osl, int *conc)
{
	const struct plan *p = c->plan;
	if (c->row) {
		*isl = c->row->isl;
		*osl = c->row->osl;
		*conc = c->row->conc;
		return true;
	}
	if (!p || p->n_cells == 0)
		return false;
	*isl = p->cells[0].isl;
	*osl = p->cells[0].osl;
	*conc = p->cells[0].conc;
	for (int i = 1; i < p->n_cells; i++) {
		if (p->cells[i].isl != *isl || p->cells[i].osl != *osl)
			return false;
		if (p->cells[i].conc < *conc)
			*conc = p->cells[i].conc;
	}
	return true;
}

int control_variables(const struct control *c, const char *log, char out[VARIABLES][576])
{
	const struct settings *s = c->settings;
	int n = 0, isl, osl, conc;
	snprintf(out[n++], 576, "MODEL=%s", s->model);
	snprintf(out[n++], 576, "PORT=%d", instance_port(s->base_url));
	snprintf(out[n++], 576, "TP=%d", s->tp);
	if (exported(c, &isl, &osl, &conc)) {
		snprintf(out[n++], 576, "ISL=%d", isl);
		snprintf(out[n++], 576, "OSL=%d", osl);
		snprintf(out[n++], 576, "CONC=%d", conc);
	}
	snprintf(out[n++], 576, "SERVER_LOG=%s", log);
	return n;
}

static bool replaced(const char *entry, char over[VARIABLES][576], int n)
{
	for (int i = 0; i < n; i++) {
		size_t name = strcspn(over[i], "=") + 1;
		if (strncmp(entry, over[i], name) == 0)
			return true;
	}
	return false;
}

/* The environment with the variables in place; the strings are borrowed. The caller frees the vector. */
static char **make_environment(char over[VARIABLES][576], int n)
{
	size_t count = 0, at = 0;
	while (environ[count])
		count++;
	char **env = calloc(count + (size_t)n + 1, sizeof *env);
	if (!env)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (!replaced(environ[i], over, n))
			env[at++] = environ[i];
	for (int i = 0; i < n; i++)
		env[at++] = over[i];
	return env;
}

/* ---- start ---- */

static int find_script(const struct control *c, char *out, size_t cap, struct err *e)
{
	const struct settings *s = c->settings;
	const char *usual = c->track && c->track->launch_script[0] ? c->track->launch_script : CONTROL_SCRIPT;
	const char *name = s->server_script[0] ? s->server_script : usual;
	text_set(out, cap, name);
	if (access(name, R_OK) == 0)
		return 0;
	if (s->server_script[0])
		return err_sys(e, ERR_USAGE, errno, "the launch script %.300s cannot be read", name);
	return err_set(e, ERR_USAGE,
	        "there is no %.200s in the working directory: go to where the sourced variables are, or name the script with --server-script FILE",
	        usual);
}

int control_port_free(const struct control *c, struct err *e)
{
	struct instance i;
	char words[480];
	instance_find(NULL, c->settings->base_url, &i);
	if (i.state == INSTANCE_NONE)
		return 0;
	instance_words(&i, c->settings->base_url, words, sizeof words);
	if (i.state == INSTANCE_REMOTE)
		return err_set(e, ERR_USAGE, "%s: start the server there", words);
	if (i.state == INSTANCE_OUTSIDE)
		return err_set(e, ERR_USAGE, "%s: stop it there, or set another PORT", words);
	return err_set(e, ERR_USAGE, "%s: stop it first (benchtop server stop), or set another PORT", words);
}

/* A new log for this start only, readable by its owner: 0 and its descriptor. */
static int make_log(char *path, size_t cap, int *fd, struct err *e)
{
	text_set(path, cap, "/tmp/sglang-server-XXXXXX.log");
	*fd = mkostemps(path, 4, O_CLOEXEC | O_APPEND);
	if (*fd < 0)
		return err_sys(e, ERR_IO, errno, "the log /tmp/sglang-server-XXXXXX.log cannot be made");
	return 0;
}

static int spawn(const char *script, char **env, int log_fd, pid_t *pid)
{
	char *argv[] = {"bash", (char *)script, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, usual;
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU};
	sigemptyset(&none);
	sigemptyset(&usual);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaddset(&usual, signals[i]);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, log_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, log_fd, STDERR_FILENO);
#if __GLIBC_PREREQ(2, 34)
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
#endif
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &usual);
	int rc = posix_spawnp(pid, "bash", &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* What the server is started with, as far as it matters: also what the user's environment adds. */
static void tell_start(const struct control *c, const struct server_record *r, char over[VARIABLES][576], int n)
{
	char text[400] = "";
	static const char *const more[] = {"ISL", "OSL", "CONC"};
	size_t at = 0;
	for (int i = 0; i < n - 1 && at < sizeof text; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, " %.160s", over[i]);
	for (size_t i = 0; n <= 4 && i < 3 && at < sizeof text; i++) {
		const char *v = getenv(more[i]);
		char clean[24];
		text_copy(clean, sizeof clean, v ? v : "");
		if (clean[0])
			at += (size_t)snprintf(text + at, sizeof text - at, " %s=%s", more[i], clean);
	}
	control_say(c, SEV_INFO, "server: bash %.120s is started as pid %ld with%s; log %s", r->script, (long)r->pid,
	        text, r->log);
}

static int launch(const struct control *c, struct server_record *r, struct err *e)
{
	char over[VARIABLES][576];
	int fd = -1, rc = make_log(r->log, sizeof r->log, &fd, e);
	if (rc)
		return rc;
	int n = control_variables(c, r->log, over);
	char **env = make_environment(over, n);
	r->wall_ns = clock_wall_ns();
	int errnum = env ? spawn(r->script, env, fd, &r->pid) : ENOMEM;
	free(env);
	close(fd);
	if (errnum) {
		unlink(r->log);
		r->pid = 0;
		return err_sys(e, ERR_IO, errnum, "bash cannot be started for %.300s", r->script);
	}
	struct process p;
	if (process_read(NULL, r->pid, &p, NULL) == 0)
		r->ticks = p.ticks;
	tell_start(c, r, over, n);
	return 0;
}

int control_can_start(const struct control *c, struct err *e)
{
	char script[512];
	if (c->settings->demo)
		return err_set(
		        e, ERR_USAGE, "the demo's server is simulated and comes with it: nothing is to be started");
	if (!c->settings->model[0])
		return err_set(e, ERR_USAGE,
		        "MODEL is not set: source all_conc_var.sh or specific_conc_var.sh before the server is started");
	return find_script(c, script, sizeof script, e);
}

int control_start(const struct control *c, struct server_record *r, struct err *e)
{
	const struct settings *s = c->settings;
	struct err note = {0};
	memset(r, 0, sizeof *r);
	int rc = control_port_free(c, e);
	if (rc || (rc = control_can_start(c, e)) || (rc = find_script(c, r->script, sizeof r->script, e)))
		return rc;
	r->port = instance_port(s->base_url);
	text_copy(r->model, sizeof r->model, s->model);
	if ((rc = launch(c, r, e)))
		return rc;
	rc = server_record_save(r, &note);
	if (c->watcher)
		watcher_nudge(c->watcher);
	if (rc)
		control_say(c, SEV_WARN, "the start could not be noted for a later benchtop: %.300s", note.text);
	return 0;
}

/* ---- ready ---- */

/* The launcher's end, as its parent: words for a status; empty when it is unknown. */
static void ending_words(pid_t pid, char *out, size_t cap)
{
	int status;
	out[0] = '\0';
	if (waitpid(pid, &status, WNOHANG) != pid)
		return;
	if (WIFSIGNALED(status))
		snprintf(out, cap, " (killed by signal %d)", WTERMSIG(status));
	else
		snprintf(out, cap, " (status %d)", WEXITSTATUS(status));
}

static int tell_death(const struct server_record *r, struct err *e)
{
	char reason[400], how[48], took[16];
	ending_words(r->pid, how, sizeof how);
	clock_duration((double)(clock_wall_ns() - r->wall_ns) / 1e9, took);
	if (!death_of_log(r->log, reason, sizeof reason))
		text_set(reason, sizeof reason, "its log is empty");
	return err_set(e, ERR_IO, "the server's start failed after %s%s: %.300s; log: %s", took, how, reason, r->log);
}

int control_await(const struct control *c, const struct server_record *r, int64_t limit_ms, struct err *e)
{
	int64_t end = clock_mono_ns() + limit_ms * CLOCK_NS_PER_MS;
	int dead = 0;
	char took[16];
	for (;;) {
		struct ev_server_seen seen;
		struct instance now = {.state = INSTANCE_STARTING, .ours = true, .record = *r};
		server_look(c->settings->base_url, c->bearer, LOOK_MS, c->cancel, &seen);
		clock_duration((double)(clock_wall_ns() - r->wall_ns) / 1e9, took);
		if (seen.phase == SERVER_READY) {
			control_say(c, SEV_INFO, "server: ready after %s", took);
			return 0;
		}
		now.process.pid = r->pid;
		now.process.ticks = r->ticks;
		dead = instance_alive(NULL, &now) ? 0 : dead + 1;
		if (dead >= DIED_GRACE)
			return tell_death(r, e);
		if (limit_ms >= 0 && clock_mono_ns() >= end)
			return err_set(e, ERR_NET,
			        "the server is not ready after %s; it goes on starting, its log is %s", took, r->log);
		if (cancel_wait(c->cancel, dead ? 100 : AWAIT_MS, CANCEL_DRAIN))
			return err_set(e, ERR_CANCELLED,
			        "stopped waiting for the server: it goes on starting, its log is %s", r->log);
	}
}

int control_restart(const struct control *c, int64_t limit_ms, struct err *e)
{
	struct server_record r;
	int rc = control_can_start(c, e); /* before the old one is gone */
	if (rc || (rc = control_stop(c, NULL, e)))
		return rc;
	if (cancel_get(c->cancel) != CANCEL_NONE)
		return err_set(e, ERR_CANCELLED, "stopped: the server has ended and is not started again");
	if ((rc = control_start(c, &r, e)))
		return rc;
	return control_await(c, &r, limit_ms, e);
}
