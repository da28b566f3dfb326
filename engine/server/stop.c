/* Stopping a server: whom to ask, how long to wait, what to end at last (see control.h). */
#include "../base/clock.h"
#include "../base/text.h"
#include "../net/fetch.h"
#include "control_int.h"
#include "vram.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABORT_MS    3000
#define POLL_MS     200
#define LOAD_MS     5000  /* a server that is still loading has nothing to drain */
#define KILL_MS     10000 /* after SIGKILL: a GPU reset holds a process for a while */
#define LEFTOVER_MS 3000  /* ranks die with their parent by themselves */
#define VRAM_SAY_MS 2000  /* what is over sooner is not worth a word */
#define VRAM_MS     60000
#define ANCESTORS   64

struct stopping {
	const struct control *c;
	struct instance i;
	struct process *family; /* everything seen to belong to it, also what has ended since */
	int n_family;
	pid_t group; /* of a server that is not our start: its own process group; 0 = it has none, its descendants it is */
	int64_t group_ticks; /* start of its leader */
	struct vram vram;
	int64_t begun;
};

/* ---- who belongs to it ---- */

/* This process or one of those above it: never to be signalled. */
static bool above_us(pid_t pid)
{
	struct process p;
	pid_t at = getpid();
	for (int i = 0; i < ANCESTORS && at > 0; i++) {
		if (at == pid)
			return true;
		if (process_read(NULL, at, &p, NULL))
			break;
		at = p.ppid;
	}
	return pid <= 1;
}

static bool known(const struct stopping *s, const struct process *p)
{
	for (int i = 0; i < s->n_family; i++)
		if (s->family[i].pid == p->pid && s->family[i].ticks == p->ticks)
			return true;
	return false;
}

/* The number of a group or session is not another's meanwhile: as long as it has members nobody gets it. */
static bool still_its(pid_t leader, int64_t ticks)
{
	struct process p;
	return leader > 0 && (process_read(NULL, leader, &p, NULL) != 0 || p.ticks == ticks);
}

/* Its session, when it is a start of ours, else its process group when that is its own; its descendants in any case.
 * Children that come later are met by the next call. */
static void gather(struct stopping *s)
{
	struct process *now = calloc(PROCESS_MANY, sizeof *now);
	bool session = s->i.ours && still_its(s->i.record.pid, s->i.record.ticks);
	bool main_one = process_alive(NULL, s->i.process.pid, s->i.process.ticks);
	int n = now ? process_family(
	                      NULL, main_one ? s->i.process.pid : 0, session ? s->i.record.pid : 0, now, PROCESS_MANY)
	            : 0;
	if (now && still_its(s->group, s->group_ticks))
		n += process_group(NULL, s->group, now + n, PROCESS_MANY - n);
	for (int i = 0; i < n && s->n_family < PROCESS_MANY; i++)
		if (!known(s, &now[i]) && !above_us(now[i].pid))
			s->family[s->n_family++] = now[i];
	free(now);
}

/* A group with us in it, or with what we run under, is not the server's alone. */
static pid_t own_group(const struct stopping *s)
{
	pid_t group = s->i.ours ? 0 : process_own_group(NULL, &s->i.process);
	struct process *member = group > 0 ? calloc(PROCESS_MANY, sizeof *member) : NULL;
	int n = member ? process_group(NULL, group, member, PROCESS_MANY) : 0;
	for (int i = 0; i < n; i++)
		if (above_us(member[i].pid))
			n = 0;
	free(member);
	return n > 0 ? group : 0;
}

static int alive(const struct stopping *s)
{
	int n = 0;
	for (int i = 0; i < s->n_family; i++)
		n += process_alive(NULL, s->family[i].pid, s->family[i].ticks);
	return n;
}

/* kill for this very process: what is looked at while its descriptor is open cannot become another one in between (a kernel
 * or a sandbox without descriptors of processes leaves that moment). ESRCH: it has ended. */
static int signal_process(const struct process *p, int sig)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0), rc = -1;
	if (above_us(p->pid))
		errno = EPERM;
	else if (!process_alive(NULL, p->pid, p->ticks))
		errno = ESRCH;
	else if (fd >= 0)
		rc = (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
	else
		rc = kill(p->pid, sig);
	int errnum = errno;
	if (fd >= 0)
		close(fd);
	errno = errnum;
	return rc;
}

static bool signal_one(const struct process *p, int sig)
{
	return signal_process(p, sig) == 0;
}

static int kill_family(struct stopping *s)
{
	int n = 0;
	gather(s);
	for (int i = 0; i < s->n_family; i++)
		n += signal_one(&s->family[i], SIGKILL);
	return n;
}

/* ---- waiting ---- */

static bool port_free(const struct stopping *s)
{
	struct process p;
	return process_listener(NULL, instance_port(s->c->settings->base_url), &p, NULL) == PORT_FREE;
}

static void reap(const struct stopping *s)
{
	if (s->i.ours)
		waitpid(s->i.record.pid, NULL, WNOHANG); /* only when it is our child */
}

static bool gone(const struct stopping *s)
{
	reap(s);
	return !process_alive(NULL, s->i.process.pid, s->i.process.ticks) && port_free(s);
}

/* 1 it is gone, 0 time is over, ERR_CANCELLED. */
static int wait_gone(struct stopping *s, int64_t ms, bool (*done)(const struct stopping *s))
{
	int64_t end = clock_mono_ns() + ms * CLOCK_NS_PER_MS;
	while (!done(s)) {
		if (clock_mono_ns() >= end)
			return 0;
		if (cancel_wait(s->c->cancel, POLL_MS, CANCEL_NOW))
			return ERR_CANCELLED;
		gather(s);
	}
	return 1;
}

static bool family_gone(const struct stopping *s)
{
	reap(s);
	return alive(s) == 0;
}

/* ---- the steps ---- */

static void abort_requests(const struct control *c)
{
	char url[400];
	struct fetch_result r;
	snprintf(url, sizeof url, "%s/abort_request", c->settings->base_url);
	struct fetch f = {.url = url,
	        .method = "POST",
	        .body = "{\"abort_all\": true}",
	        .bearer = c->bearer,
	        .timeout_ms = ABORT_MS,
	        .connect_timeout_ms = ABORT_MS,
	        .max_bytes = 65536,
	        .cancel = c->cancel};
	fetch_run(&f, &r, NULL); /* other servers do not know it: they drain */
	fetch_result_free(&r);
}

static int check_ours(struct stopping *s, struct err *e)
{
	char words[480];
	instance_words(&s->i, s->c->settings->base_url, words, sizeof words);
	if (s->i.state == INSTANCE_REMOTE || s->i.state == INSTANCE_OUTSIDE)
		return err_set(e, ERR_USAGE, "%s: it can only be stopped where it was started", words);
	if (!s->i.ours && !process_is_server(NULL, &s->i.process))
		return err_set(e, ERR_USAGE, "%s, which is no LLM server by its name: stop it yourself", words);
	if (above_us(s->i.process.pid))
		return err_set(e, ERR_USAGE, "%s, which this benchtop runs under: stop it yourself", words);
	return 0;
}

/* SIGTERM to the program alone: its ranks would die of it at once, and the draining would never end. A server that still
 * loads is ended with its launcher. */
static int ask(struct stopping *s, struct err *e)
{
	char words[320];
	process_words(&s->i.process, words, sizeof words);
	gather(s);
	if (s->i.state == INSTANCE_STARTING) {
		control_say(s->c, SEV_INFO, "server: ending the start of %s", words);
		for (int i = 0; i < s->n_family; i++)
			signal_one(&s->family[i], SIGTERM);
		return 0;
	}
	control_say(s->c, SEV_INFO, "server: stopping %s", words);
	abort_requests(s->c);
	if (signal_process(&s->i.process, SIGTERM) < 0 && errno != ESRCH)
		return err_sys(e, ERR_IO, errno, "%s does not take the order to stop", words);
	return 0;
}

/* What outlives the server: compilers below the ranks, mostly. */
static void end_leftovers(struct stopping *s)
{
	if (wait_gone(s, LEFTOVER_MS, family_gone) != 0)
		return;
	int n = kill_family(s);
	if (n > 0)
		control_say(s->c, SEV_INFO, "server: %d process%s that outlived it %s ended", n, n == 1 ? "" : "es",
		        n == 1 ? "was" : "were");
	wait_gone(s, KILL_MS, family_gone);
}

/* The driver frees the memory of a process after its end, with a delay: a start before that would run out of it. */
static int await_vram(struct stopping *s, struct err *e)
{
	char still[200], mute[120], took[16];
	int tp = s->c->settings->tp, rc = vram_wait(&s->vram, tp, VRAM_SAY_MS, s->c->cancel, still, sizeof still);
	if (rc == 1) {
		control_say(s->c, SEV_INFO, "server: waiting for the GPUs' memory: %s", still);
		rc = vram_wait(&s->vram, tp, VRAM_MS - VRAM_SAY_MS, s->c->cancel, still, sizeof still);
		if (rc == 0 && !still[0] && vram_mute(&s->vram, mute, sizeof mute) == 0)
			control_say(s->c, SEV_INFO, "server: the GPUs' memory is free after %s",
			        clock_duration((double)(clock_mono_ns() - s->begun) / 1e9, took));
	}
	if (rc == ERR_CANCELLED)
		return err_set(e, ERR_CANCELLED, "the server has ended; stopped waiting for the GPUs' memory%s%s",
		        still[0] ? ": " : "", still);
	int silent = vram_mute(&s->vram, mute, sizeof mute);
	if (silent > 0)
		control_say(s->c, SEV_WARN, "server: %s (%d of %d cards): look at amd-smi and dmesg before a start",
		        mute, silent, s->vram.n);
	if (still[0])
		control_say(s->c, SEV_WARN,
		        "server: %s after its end: another process uses it (amd-smi process names it), or the driver does not let go (dmesg); a start now may run out of memory",
		        still);
	return 0;
}

/* It does not end; or it has ended, and the port is another's: of what starts it again, say. */
static int tell_left(const struct stopping *s, const char *words, struct err *e)
{
	struct instance now;
	char holder[320];
	if (process_alive(NULL, s->i.process.pid, s->i.process.ticks))
		return err_set(
		        e, ERR_IO, "%s does not end, not even by SIGKILL: look at dmesg for the GPU's state", words);
	instance_find(NULL, s->c->settings->base_url, &now);
	return err_set(e, ERR_IO,
	        "the server has ended, but %s: is it started again by a supervisor or a loop? end that first",
	        instance_words(&now, s->c->settings->base_url, holder, sizeof holder));
}

static int end_it(struct stopping *s, struct err *e)
{
	int64_t grace = s->c->settings->stop_grace_ms > 0 ? s->c->settings->stop_grace_ms : CONTROL_GRACE_MS;
	char words[320], took[16];
	int rc = ask(s, e);
	if (rc)
		return rc;
	bool killed = false;
	rc = wait_gone(s, s->i.state == INSTANCE_STARTING && grace > LOAD_MS ? LOAD_MS : grace, gone);
	if (rc == 0) {
		killed = true;
		control_say(s->c, s->i.state == INSTANCE_STARTING ? SEV_INFO : SEV_WARN,
		        "server: it did not end within %s: killed",
		        clock_duration((double)(clock_mono_ns() - s->begun) / 1e9, took));
		kill_family(s);
		rc = wait_gone(s, KILL_MS, gone);
	}
	process_words(&s->i.process, words, sizeof words);
	if (rc == ERR_CANCELLED)
		return err_set(e, ERR_CANCELLED, "stopped waiting for the end of %s: it has its order", words);
	if (rc == 0)
		return tell_left(s, words, e);
	end_leftovers(s);
	control_say(s->c, SEV_INFO, "server: %s after %s", killed ? "ended" : "stopped cleanly",
	        clock_duration((double)(clock_mono_ns() - s->begun) / 1e9, took));
	server_record_remove(instance_port(s->c->settings->base_url));
	if (s->c->watcher)
		watcher_nudge(s->c->watcher);
	return await_vram(s, e);
}

int control_stop(const struct control *c, bool *was_there, struct err *e)
{
	struct stopping s = {.c = c, .begun = clock_mono_ns()};
	if (c->settings->demo)
		return err_set(
		        e, ERR_USAGE, "the demo's server is simulated and ends with it: nothing is to be stopped");
	instance_find(NULL, c->settings->base_url, &s.i);
	if (was_there)
		*was_there = s.i.state != INSTANCE_NONE;
	if (s.i.state == INSTANCE_NONE)
		return 0;
	int rc = check_ours(&s, e);
	if (rc)
		return rc;
	s.family = calloc(PROCESS_MANY, sizeof *s.family);
	if (!s.family)
		return err_set(e, ERR_NOMEM, "out of memory");
	struct process leader;
	s.group = own_group(&s);
	if (s.group > 0 && process_read(NULL, s.group, &leader, NULL) == 0)
		s.group_ticks = leader.ticks;
	vram_begin(&s.vram, NULL);
	rc = end_it(&s, e);
	vram_end(&s.vram);
	if (c->watcher)
		watcher_nudge(c->watcher);
	free(s.family);
	return rc;
}
