#include "backend.h"

#include "../engine/base/clock.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLLOW_EVERY_MS 200

/* As the scribe forwards: what has a number keeps its order, samples among it. */
static void put(struct backend *b, const struct event *ev)
{
	mailbox_put(b->events, ev, ev->seq != 0 || event_slot(ev->kind) == EVENT_FACT ? -1 : (int)ev->kind);
}

/* The run's process vanished without saying that the run is over. */
static void put_lost(struct backend *b)
{
	struct event ev;

	event_init(&ev, EV_run_finished);
	ev.u.run_finished.exit_status = 2;
	snprintf(ev.u.run_finished.text, sizeof ev.u.run_finished.text,
	        "the process that measured (pid %ld) ended without finishing the run; what it measured is in the run directory",
	        b->pid);
	put(b, &ev);
}

static bool alive(const struct backend *b)
{
	char path[600];

	return path_join(path, sizeof path, b->dir, "run.lock") && file_lock_held(path, NULL);
}

static void *follow(void *arg)
{
	struct backend *b = arg;
	struct journal_reader r;
	struct event ev;
	bool finished = false;
	struct timespec pause = {.tv_nsec = FOLLOW_EVERY_MS * CLOCK_NS_PER_MS};

	if (journal_reader_open(&r, b->dir, NULL) < 0) {
		put_lost(b);
		return NULL;
	}
	while (!atomic_load(&b->quit) && !finished) {
		bool was_alive = alive(b); /* asked before reading, so that the last lines are not missed */
		while (journal_reader_next(&r, &ev, NULL) > 0) {
			put(b, &ev);
			if (ev.kind == EV_run_finished || ev.kind == EV_run_started) /* it may go on after its end */
				finished = ev.kind == EV_run_finished;
		}
		if (!finished && !was_alive) {
			put_lost(b);
			break;
		}
		nanosleep(&pause, NULL);
	}
	journal_reader_close(&r);
	return NULL;
}

int backend_follow(struct backend *b, const struct track *t, const struct secrets *sec, const char *dir, long pid,
        struct mailbox *events, struct err *e)
{
	sigset_t all, old;

	memset(b, 0, sizeof *b);
	b->track = t;
	b->secrets = sec;
	b->events = events;
	b->pid = pid;
	text_set(b->dir, sizeof b->dir, dir);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&b->follower, NULL, follow, b);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_sys(e, ERR_IO, rc, "a thread cannot be started");
	b->have_follower = true;
	return 0;
}

static int start_demo(struct backend *b, struct settings *s, struct err *e)
{
	if (!b->have_demo) {
		b->demo_server = *s;
		int rc = demo_start(&b->demo, &b->demo_server, e);
		if (rc < 0)
			return rc;
		b->have_demo = true;
	}
	text_set(s->base_url, sizeof s->base_url, b->demo_server.base_url);
	text_set(s->leaderboard, sizeof s->leaderboard, b->demo_server.leaderboard);
	text_set(s->result_base_url, sizeof s->result_base_url, b->demo_server.result_base_url);
	text_set(s->server_log, sizeof s->server_log, b->demo_server.server_log);
	return 0;
}

int backend_open(struct backend *b, const struct track *t, const struct secrets *sec, struct settings *s,
        struct mailbox *events, struct err *e)
{
	int rc;

	memset(b, 0, sizeof *b);
	b->track = t;
	b->secrets = sec;
	b->events = events;
	if (s->demo && (rc = start_demo(b, s, e)) < 0)
		return rc;
	if ((rc = engine_start(&b->engine, t, sec, events, true, e)) < 0)
		demo_stop(&b->demo);
	return rc;
}

/* A pid from a file may have become somebody else's, or be of another container. */
static bool is_benchtop(long pid)
{
	char path[64], comm[32] = "";

	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(comm, sizeof comm, f))
		comm[0] = '\0';
	fclose(f);
	return strncmp(comm, "benchtop", 8) == 0 || strncmp(comm, "dsr1_benchmark", 14) == 0;
}

static int stop_followed(struct backend *b, bool now, struct err *e)
{
	if (!alive(b))
		return err_set(e, ERR_IO, "the run is not alive any more");
	if (b->pid <= 1 || !is_benchtop(b->pid))
		return err_set(e, ERR_IO,
		        "the process that measures (pid %ld) cannot be reached from here: stop it where it was started",
		        b->pid);
	if (kill((pid_t)b->pid, SIGINT) < 0 || (now && kill((pid_t)b->pid, SIGINT) < 0))
		return err_set(e, ERR_IO, "the process %ld does not take the order to stop: it belongs to another user",
		        b->pid);
	return 0;
}

static void end_follower(struct backend *b)
{
	if (!b->have_follower)
		return;
	atomic_store(&b->quit, true);
	pthread_join(b->follower, NULL);
	b->have_follower = false;
}

int backend_command(void *ctx, const struct command *c, struct err *e)
{
	struct backend *b = ctx;
	struct command copy = *c;
	int rc;

	if (!b->engine) {
		if (c->kind == CMD_STOP || c->kind == CMD_STOP_NOW)
			return stop_followed(b, c->kind == CMD_STOP_NOW, e);
		if (c->kind == CMD_SERVER_START || c->kind == CMD_SERVER_STOP || c->kind == CMD_SERVER_RESTART)
			return err_set(e, ERR_USAGE,
			        "the run of another benchtop (pid %ld) is shown: start and stop the server there, or with `benchtop server`",
			        b->pid);
		if (c->kind != CMD_START)
			return 0;
		if (alive(b))
			return err_set(e, ERR_USAGE,
			        "another benchtop (pid %ld) measures here: stop it (x) before starting", b->pid);
		end_follower(b);
		if (copy.settings.demo && (rc = start_demo(b, &copy.settings, e)) < 0)
			return rc;
		if ((rc = engine_start(&b->engine, b->track, b->secrets, b->events, true, e)) < 0)
			return rc;
		struct command watch = copy;
		watch.kind = CMD_WATCH;
		engine_command(b->engine, &watch);
	}
	if (c->kind == CMD_START && copy.settings.demo && (rc = start_demo(b, &copy.settings, e)) < 0)
		return rc;
	engine_command(b->engine, &copy);
	return 0;
}

void backend_close(struct backend *b)
{
	end_follower(b);
	engine_stop(b->engine);
	demo_stop(&b->demo);
}
