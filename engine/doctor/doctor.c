/* The topics side by side, and the limit for all of them. */
#include "doctor.h"
#include "../base/clock.h"
#include "../base/text.h"
#include "doctor_int.h"
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TASKS    (10 + TRACK_PAIRS)
#define GRACE_NS (CLOCK_NS_PER_S * 3 / 2) /* from the order to end to the end */

struct task {
	struct doctor_run *run;
	const char *topic;
	const char *hangs; /* what hangs when it gives no answer */
	doctor_fn *fn;
	int which;
	bool done;
	struct doctor_report report; /* the thread's own until done */
};

/* Counted: a thread that hangs is left behind with its part. */
struct doctor_run {
	pthread_mutex_t lock; /* of refs and every done */
	pthread_cond_t changed;
	int refs, open;
	struct doctor_scene scene;
	struct cancel cancel;
	struct task tasks[TASKS];
	int n;
};

const char *doctor_verdict_word(enum doctor_verdict v)
{
	return v == DOCTOR_OK ? "ok" : v == DOCTOR_NOTE ? "note" : "problem";
}

void doctor_say(struct doctor_report *r, const char *topic, enum doctor_verdict v, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (r->n == DOCTOR_CHECKS)
		return;
	struct doctor_check *c = &r->checks[r->n++];
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	text_copy(c->topic, sizeof c->topic, topic);
	c->verdict = v;
	text_copy(c->text, sizeof c->text, text);
}

int doctor_count(const struct doctor_report *r, enum doctor_verdict v)
{
	int n = 0;
	for (int i = 0; i < r->n; i++)
		n += r->checks[i].verdict == v;
	return n;
}

char *doctor_summary(const struct doctor_report *r, char *out, size_t cap)
{
	int problems = doctor_count(r, DOCTOR_PROBLEM), notes = doctor_count(r, DOCTOR_NOTE);
	size_t at;

	if (problems == 0 && notes == 0)
		snprintf(out, cap, "ready to run");
	else if (problems == 0)
		snprintf(out, cap, "ready to run; %d note%s", notes, notes == 1 ? "" : "s");
	if (problems == 0)
		return out;
	at = (size_t)snprintf(out, cap, "%d problem%s: ", problems, problems == 1 ? "" : "s");
	const char *last = "";
	for (int i = 0; i < r->n && at < cap; i++) {
		const struct doctor_check *c = &r->checks[i];
		if (c->verdict != DOCTOR_PROBLEM || strcmp(c->topic, last) == 0)
			continue;
		at += (size_t)snprintf(out + at, cap - at, "%s%s", last[0] ? ", " : "", c->topic);
		last = c->topic;
	}
	return out;
}

bool doctor_late(const struct doctor_scene *s)
{
	return cancel_get(s->cancel) >= CANCEL_NOW;
}

/* ---- the threads ---- */

static void unref(struct doctor_run *d)
{
	pthread_mutex_lock(&d->lock);
	int left = --d->refs;
	pthread_mutex_unlock(&d->lock);
	if (left > 0)
		return;
	cancel_close(&d->cancel);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->lock);
	explicit_bzero(&d->scene.secrets, sizeof d->scene.secrets);
	free(d);
}

static void *task_main(void *arg)
{
	struct task *t = arg;
	struct doctor_run *d = t->run;

	t->fn(&d->scene, &t->report, t->which);
	pthread_mutex_lock(&d->lock);
	t->done = true;
	d->open--;
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
	unref(d);
	return NULL;
}

static void task_start(struct task *t)
{
	struct doctor_run *d = t->run;
	pthread_t thread;

	pthread_mutex_lock(&d->lock);
	d->refs++;
	d->open++;
	pthread_mutex_unlock(&d->lock);
	if (pthread_create(&thread, NULL, task_main, t) == 0)
		pthread_detach(thread);
	else
		task_main(t); /* one after the other, then */
}

static void task_add(struct doctor_run *d, const char *topic, doctor_fn *fn, int which, const char *hangs)
{
	struct task *t = &d->tasks[d->n++];
	*t = (struct task){.run = d, .topic = topic, .hangs = hangs, .fn = fn, .which = which};
}

/* In the order of the report. */
static void tasks_make(struct doctor_run *d)
{
	const char *boards[TRACK_PAIRS];
	int n = doctor_boards(&d->scene, boards, TRACK_PAIRS);

	task_add(d, "settings", doctor_settings, 0, "a file of the working directory");
	task_add(d, "server", doctor_server, 0, "the server, or /proc");
	task_add(d, "code", doctor_code, 0, "git, or the disk of the source trees");
	task_add(d, "corpus", doctor_corpus, 0, "the disk of the corpus");
	task_add(d, "prompts", doctor_prompts, 0, "the disk of the tokenizer");
	for (int i = 0; i < (n > 0 ? n : 1); i++)
		task_add(d, "board", doctor_board, i, "a look-up of its name");
	task_add(d, "results", doctor_results, 0, "the disk of the results directory (a network mount?)");
	task_add(d, "cache", doctor_cache, 0, "the disk of the cache directory");
	task_add(d, "machine", doctor_machine, 0, "a file of /proc or /sys");
	task_add(d, "gpu", doctor_gpu, 0, "a file of the GPU driver: is a card being reset?");
}

/* True when every task is done by then. */
static bool wait_until(struct doctor_run *d, int64_t until_ns)
{
	struct timespec ts = {.tv_sec = until_ns / CLOCK_NS_PER_S, .tv_nsec = until_ns % CLOCK_NS_PER_S};
	int rc = 0;

	pthread_mutex_lock(&d->lock);
	while (d->open > 0 && rc == 0)
		rc = pthread_cond_timedwait(&d->changed, &d->lock, &ts);
	bool all = d->open == 0;
	pthread_mutex_unlock(&d->lock);
	return all;
}

static void collect(struct doctor_run *d, int64_t limit_ms, struct doctor_report *out)
{
	pthread_mutex_lock(&d->lock);
	for (int i = 0; i < d->n; i++) {
		const struct task *t = &d->tasks[i];
		for (int k = 0; t->done && k < t->report.n && out->n < DOCTOR_CHECKS; k++)
			out->checks[out->n++] = t->report.checks[k];
		if (!t->done)
			doctor_say(out, t->topic, DOCTOR_PROBLEM, "no answer within %.0f s; what hangs is %s",
			        (double)limit_ms / 1000, t->hangs);
	}
	pthread_mutex_unlock(&d->lock);
}

static struct doctor_run *run_make(const struct doctor_scene *scene, struct err *e)
{
	struct doctor_run *d = calloc(1, sizeof *d);
	pthread_condattr_t attr;

	if (!d || cancel_open(&d->cancel, e) < 0) {
		free(d);
		return NULL;
	}
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&d->changed, &attr);
	pthread_condattr_destroy(&attr);
	d->refs = 1;
	d->scene = *scene;
	d->scene.cancel = &d->cancel;
	return d;
}

int doctor_run(const struct doctor_scene *scene, int64_t limit_ms, struct doctor_report *out, struct err *e)
{
	sigset_t all, old;
	int64_t end = clock_mono_ns() + limit_ms * CLOCK_NS_PER_MS;
	struct doctor_run *d = run_make(scene, e);

	out->n = 0;
	if (!d)
		return err_set(e, ERR_NOMEM, "no memory for the checks");
	tasks_make(d);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are main's */
	for (int i = 0; i < d->n; i++)
		task_start(&d->tasks[i]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!wait_until(d, end)) {
		cancel_raise(&d->cancel, CANCEL_NOW);
		wait_until(d, end + GRACE_NS);
	}
	collect(d, limit_ms, out);
	unref(d);
	return 0;
}
