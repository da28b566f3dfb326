#include "poster.h"
#include "../base/clock.h"
#include "../base/text.h"
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define JOBS_MAX        256
#define PAUSE_MS        5000
#define PAUSE_MAX_MS    60000
#define PATIENCE_MS     INT64_C(600000)
#define SYNC_TIMEOUT_MS 5000
#define WAIT_SLICE_MS   50

struct entry {
	struct post_job job;
	int64_t attempt;  /* tries begun */
	int64_t first_ns; /* of the first try, 0 none yet */
	int64_t due_ns;   /* not before; 0 at once */
	int64_t pause_ms; /* before the next try */
	char event_id[64];
	TAILQ_ENTRY(entry) link;
};

struct poster {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* CLOCK_MONOTONIC; to the thread and from it */
	TAILQ_HEAD(entry_list, entry) jobs;
	int open; /* entries of jobs, the one in work included */
	int confirmed;
	bool stopping, ending, give_up; /* ending: poster_forget waits for the list to become empty */
	struct entry *busy;             /* the one in work: touched by the thread only */
	struct cancel cancel;
	struct scribe *scribe;
	struct poster_tuning tuning;
	char token[256];
};

static void emit(struct poster *p, const struct entry *n, enum post_state state, int64_t rank, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));
static void emit(struct poster *p, const struct entry *n, enum post_state state, int64_t rank, const char *fmt, ...)
{
	struct event ev;
	char text[600];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	event_init(&ev, EV_post_changed);
	ev.u.post_changed.cell = n->job.cell;
	ev.u.post_changed.state = state;
	ev.u.post_changed.attempt = n->attempt;
	ev.u.post_changed.rank = rank;
	text_copy(ev.u.post_changed.event_id, sizeof ev.u.post_changed.event_id, n->event_id);
	text_copy(ev.u.post_changed.text, sizeof ev.u.post_changed.text, text);
	scribe_emit(p->scribe, &ev);
}

/* ---- one try, in the thread ---- */

struct trying {
	struct poster *p;
	struct entry *n;
};

/* The board is there and the POST is about to leave: `attempted` goes to the disk first. */
static int before_post(void *ctx, struct err *e)
{
	struct trying *t = ctx;
	emit(t->p, t->n, POST_ATTEMPTED, -1, "%s", "");
	int rc = scribe_sync(t->p->scribe, SYNC_TIMEOUT_MS, e);
	if (rc)
		err_prefix(e, "not posted while the disk does not take the record of it");
	return rc;
}

static void on_event_id(void *ctx, const char *event_id)
{
	struct trying *t = ctx;
	text_copy(t->n->event_id, sizeof t->n->event_id, event_id);
	emit(t->p, t->n, POST_SENT, -1, "%s", "");
}

/* {"data": ["team", 16, ...]}: the first number is the CONC in every form of the competition. */
static int64_t payload_conc(const char *payload)
{
	bool quoted = false;
	for (const char *s = payload; *s; s++) {
		if (quoted && *s == '\\' && s[1])
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (!quoted && *s >= '0' && *s <= '9')
			return strtoll(s, NULL, 10);
	}
	return -1;
}

static void try_once(struct poster *p, struct entry *n, struct gradio_reply *reply)
{
	struct trying ctx = {p, n};
	const struct gradio_call call = {
	        .base_url = n->job.url,
	        .api_name = n->job.api_name,
	        .payload = n->job.payload,
	        .token = p->token,
	        .team = n->job.team,
	        .conc = payload_conc(n->job.payload),
	        .follow_timeout_ms = p->tuning.follow_ms,
	        .cancel = &p->cancel,
	        .before_post = before_post,
	        .on_event_id = on_event_id,
	        .ctx = &ctx,
	};
	n->attempt++;
	n->event_id[0] = '\0';
	if (!n->first_ns)
		n->first_ns = clock_mono_ns();
	gradio_submit(&call, reply, NULL);
}

/* ---- the list ---- */

static void finish(struct poster *p, struct entry *n)
{
	TAILQ_REMOVE(&p->jobs, n, link);
	p->open--;
	pthread_cond_broadcast(&p->changed);
	free(n);
}

/* Certainly not sent: again later, or given up with the reason. Lock held. */
static void postpone(struct poster *p, struct entry *n, const struct gradio_reply *reply)
{
	int64_t now = clock_mono_ns();
	int64_t pause = reply->retry_after_ms > 0 ? reply->retry_after_ms : n->pause_ms;
	int64_t end_ns = n->first_ns + p->tuning.patience_ms * CLOCK_NS_PER_MS;
	bool late = now + pause * CLOCK_NS_PER_MS > end_ns;
	if (p->ending || p->stopping || p->give_up || late) {
		emit(p, n, POST_WAITING, -1, "%s; %s", reply->text,
		        late ? "given up for now, it can be posted later" : "it can be posted later");
		finish(p, n);
		return;
	}
	emit(p, n, POST_WAITING, -1, "%s; next try in %lld s", reply->text, (long long)((pause + 999) / 1000));
	n->due_ns = now + pause * CLOCK_NS_PER_MS;
	n->pause_ms = n->pause_ms * 2 < PAUSE_MAX_MS ? n->pause_ms * 2 : PAUSE_MAX_MS;
}

static void conclude(struct poster *p, struct entry *n, const struct gradio_reply *reply)
{
	switch (reply->outcome) {
	case GRADIO_CONFIRMED:
		p->confirmed++;
		emit(p, n, POST_CONFIRMED, reply->rank, "%s", reply->text);
		break;
	case GRADIO_REFUSED:
		emit(p, n, POST_REFUSED, -1, "%s", reply->text);
		break;
	case GRADIO_UNKNOWN:
		emit(p, n, POST_UNKNOWN, -1, "%s", reply->text);
		break;
	case GRADIO_NOT_SENT:
		postpone(p, n, reply);
		return;
	}
	finish(p, n);
}

/* Everything that is not in work ends as waiting; on give_up only what was tried already. Lock held. */
static void end_idle(struct poster *p, bool tried_only)
{
	struct entry *n = TAILQ_FIRST(&p->jobs), *next;
	for (; n; n = next) {
		next = TAILQ_NEXT(n, link);
		if (n == p->busy || (tried_only && n->attempt == 0))
			continue;
		emit(p, n, POST_WAITING, -1, "not sent when the run ended; it can be posted later");
		finish(p, n);
	}
}

/* The first one whose time has come; else NULL and *due_ns of the next (0 none). */
static struct entry *pick(struct poster *p, int64_t *due_ns)
{
	int64_t now = clock_mono_ns();
	*due_ns = 0;
	for (struct entry *n = TAILQ_FIRST(&p->jobs); n; n = TAILQ_NEXT(n, link)) {
		if (n->due_ns <= now)
			return n;
		if (*due_ns == 0 || n->due_ns < *due_ns)
			*due_ns = n->due_ns;
	}
	return NULL;
}

static struct timespec to_timespec(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};
}

static void *run(void *arg)
{
	struct poster *p = arg;
	pthread_mutex_lock(&p->lock);
	while (!p->stopping) {
		int64_t due_ns;
		struct entry *n = pick(p, &due_ns);
		if (!n || p->ending) {
			struct timespec at = to_timespec(due_ns);
			if (due_ns && !p->ending)
				pthread_cond_timedwait(&p->changed, &p->lock, &at);
			else
				pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		struct gradio_reply reply;
		p->busy = n;
		pthread_mutex_unlock(&p->lock);
		try_once(p, n, &reply);
		pthread_mutex_lock(&p->lock);
		p->busy = NULL;
		conclude(p, n, &reply);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- for the others ---- */

static int start_thread(struct poster *p, struct err *e)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&p->thread, NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc ? err_sys(e, ERR_IO, rc, "cannot start the thread that posts") : 0;
}

int poster_start(struct poster **out, struct scribe *scribe, const struct secrets *sec,
        const struct poster_tuning *tuning, struct err *e)
{
	struct poster *p = calloc(1, sizeof *p);
	*out = NULL;
	if (!p)
		return err_set(e, ERR_NOMEM, "out of memory for the poster");
	TAILQ_INIT(&p->jobs);
	p->scribe = scribe;
	if (tuning)
		p->tuning = *tuning;
	if (p->tuning.pause_ms <= 0)
		p->tuning.pause_ms = PAUSE_MS;
	if (p->tuning.patience_ms <= 0)
		p->tuning.patience_ms = PATIENCE_MS;
	if (sec)
		text_set(p->token, sizeof p->token, sec->hf_token);
	int rc = cancel_open(&p->cancel, e);
	if (rc) {
		free(p);
		return rc;
	}
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&p->lock, NULL);
	rc = start_thread(p, e);
	if (rc) {
		cancel_close(&p->cancel);
		pthread_cond_destroy(&p->changed);
		pthread_mutex_destroy(&p->lock);
		explicit_bzero(p->token, sizeof p->token);
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void poster_stop(struct poster *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	cancel_raise(&p->cancel, CANCEL_NOW);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	end_idle(p, false);
	cancel_close(&p->cancel);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	explicit_bzero(p->token, sizeof p->token);
	free(p);
}

static bool is_open(const struct poster *p, int64_t cell)
{
	for (const struct entry *n = TAILQ_FIRST(&p->jobs); n; n = TAILQ_NEXT(n, link))
		if (n->job.cell == cell)
			return true;
	return false;
}

int poster_submit(struct poster *p, const struct post_job *job, struct err *e)
{
	struct entry *n = calloc(1, sizeof *n);
	int rc = 0;
	if (!n)
		return err_set(e, ERR_NOMEM, "out of memory for a post");
	n->job = *job;
	n->pause_ms = p->tuning.pause_ms;
	pthread_mutex_lock(&p->lock);
	if (p->open >= JOBS_MAX)
		rc = err_set(e, ERR_LIMIT, "%d posts are waiting already", p->open);
	else if (p->ending || p->stopping)
		rc = err_set(e, ERR_CANCELLED, "posting is being stopped");
	else if (is_open(p, job->cell))
		rc = err_set(e, ERR_USAGE, "this result is being posted already");
	if (rc == 0) {
		if (p->open > 0)
			emit(p, n, POST_WAITING, -1, "behind %d other post%s", p->open, p->open > 1 ? "s" : "");
		TAILQ_INSERT_TAIL(&p->jobs, n, link);
		p->open++;
		pthread_cond_broadcast(&p->changed);
		n = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	free(n);
	return rc;
}

int poster_wait(struct poster *p, int64_t timeout_ms, struct cancel *cancel)
{
	int64_t end = clock_mono_ns() + timeout_ms * CLOCK_NS_PER_MS;
	pthread_mutex_lock(&p->lock);
	while (p->open > 0 && cancel_get(cancel) < CANCEL_NOW) {
		int64_t now = clock_mono_ns(), until = now + WAIT_SLICE_MS * CLOCK_NS_PER_MS;
		if (now >= end)
			break;
		struct timespec at = to_timespec(until < end ? until : end);
		pthread_cond_timedwait(&p->changed, &p->lock, &at);
	}
	int open = p->open;
	pthread_mutex_unlock(&p->lock);
	return open;
}

void poster_give_up_waiting(struct poster *p)
{
	pthread_mutex_lock(&p->lock);
	p->give_up = true;
	end_idle(p, true);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void poster_tally(struct poster *p, int *confirmed, int *open)
{
	pthread_mutex_lock(&p->lock);
	*confirmed = p->confirmed;
	*open = p->open;
	pthread_mutex_unlock(&p->lock);
}

void poster_forget(struct poster *p)
{
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	end_idle(p, false);
	if (p->busy)
		cancel_raise(&p->cancel, CANCEL_NOW);
	while (p->open > 0)
		pthread_cond_wait(&p->changed, &p->lock);
	cancel_reset(&p->cancel);
	p->confirmed = 0;
	p->give_up = p->ending = false;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}
