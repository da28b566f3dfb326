/* The thread that tells the dashboard which code is served, and when it changed. */
#include "../base/clock.h"
#include "../base/text.h"
#include "code.h"
#include "instance.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LEAST      (2 * CLOCK_NS_PER_S) /* between two walks */
#define MOST       (60 * CLOCK_NS_PER_S)
#define SHARE      400                   /* a walk may take this part of the time */
#define LOOK_AGAIN (10 * CLOCK_NS_PER_S) /* for a server where there was none */
#define HUSH_WAIT  (2 * CLOCK_NS_PER_S)

struct codewatch {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* CLOCK_MONOTONIC */
	struct scribe *scribe;
	struct cancel cancel; /* cuts a look short */
	/* under the mutex */
	char url[256];
	bool stop, hush, new_url, looking;
	/* the thread's own */
	char at_url[256];
	struct instance at;
	struct code_set set;
	bool have, untold; /* untold: something flipped and was not said yet */
	int64_t walk_ns;   /* what the last walk took; 0: none was made */
};

static void wait_until(struct codewatch *w, int64_t ns)
{
	struct timespec ts = {.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};
	pthread_cond_timedwait(&w->changed, &w->mutex, &ts);
}

static void tell(struct codewatch *w)
{
	for (int i = 0; i < w->set.n; i++) {
		struct event ev;
		event_init(&ev, EV_code_seen);
		code_event(&w->set, i, &ev.u.code_seen);
		scribe_emit(w->scribe, &ev);
	}
}

static bool same_server(const struct instance *a, const struct instance *b)
{
	return a->key_pid == b->key_pid && a->key_ticks == b->key_ticks &&
	       (a->state == INSTANCE_NONE) == (b->state == INSTANCE_NONE);
}

static void check(struct codewatch *w)
{
	int64_t began = clock_mono_ns();
	if (code_set_check(&w->set, &w->cancel))
		w->untold = true;
	w->walk_ns = clock_mono_ns() - began;
	if (w->untold && cancel_get(&w->cancel) == CANCEL_NONE) {
		tell(w);
		w->untold = false;
	}
}

/* Outside of the mutex. What was cut short is thrown away and done again later. */
static void look(struct codewatch *w)
{
	struct instance now;
	w->walk_ns = 0;
	if (w->have && instance_alive(NULL, &w->at)) {
		check(w);
		return;
	}
	instance_find(NULL, w->at_url, &now);
	if (w->have && same_server(&w->at, &now)) {
		check(w);
		return;
	}
	w->have = code_set_look_url(&w->set, w->at_url, NULL, &w->cancel) && cancel_get(&w->cancel) == CANCEL_NONE;
	w->at = now;
	w->untold = false;
	if (w->have)
		tell(w);
}

/* Under the mutex, which is given up meanwhile. Returns when the next look is due. */
static int64_t look_now(struct codewatch *w)
{
	cancel_reset(&w->cancel);
	w->looking = true;
	pthread_mutex_unlock(&w->mutex);
	look(w);
	int64_t now = clock_mono_ns(), every = w->walk_ns * SHARE;
	pthread_mutex_lock(&w->mutex);
	w->looking = false;
	pthread_cond_broadcast(&w->changed);
	if (every < (w->have ? LEAST : LOOK_AGAIN))
		every = w->have ? LEAST : LOOK_AGAIN;
	return now + (every < MOST ? every : MOST);
}

static void *watch(void *arg)
{
	struct codewatch *w = arg;
	int64_t next = 0;
	pthread_mutex_lock(&w->mutex);
	while (!w->stop) {
		if (w->new_url) {
			text_set(w->at_url, sizeof w->at_url, w->url);
			w->new_url = w->have = false;
			next = 0;
		}
		int64_t now = clock_mono_ns();
		if (w->hush || !w->at_url[0])
			wait_until(w, now + MOST);
		else if (now < next)
			wait_until(w, next);
		else
			next = look_now(w);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

int codewatch_start(struct codewatch **out, struct scribe *s, struct err *e)
{
	*out = NULL;
	struct codewatch *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory to watch the served code");
	int rc = cancel_open(&w->cancel, e);
	if (rc < 0) {
		free(w);
		return rc;
	}
	pthread_condattr_t attr;
	sigset_t all, old;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&w->mutex, NULL);
	w->scribe = s;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int errnum = pthread_create(&w->thread, NULL, watch, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (errnum) {
		cancel_close(&w->cancel);
		pthread_cond_destroy(&w->changed);
		pthread_mutex_destroy(&w->mutex);
		free(w);
		return err_sys(e, ERR_IO, errnum, "cannot start the thread that watches the served code");
	}
	*out = w;
	return 0;
}

void codewatch_target(struct codewatch *w, const char *base_url)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	if (strcmp(base_url, w->url) != 0)
		w->new_url = text_set(w->url, sizeof w->url, base_url) || w->new_url;
	if (w->new_url) {
		cancel_raise(&w->cancel, CANCEL_NOW);
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->mutex);
}

void codewatch_hush(struct codewatch *w, bool hush)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	w->hush = hush;
	if (hush)
		cancel_raise(&w->cancel, CANCEL_NOW);
	pthread_cond_broadcast(&w->changed);
	int64_t end = clock_mono_ns() + HUSH_WAIT;
	while (hush && w->looking && clock_mono_ns() < end)
		wait_until(w, end);
	pthread_mutex_unlock(&w->mutex);
}

void codewatch_stop(struct codewatch *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	cancel_raise(&w->cancel, CANCEL_NOW);
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	cancel_close(&w->cancel);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}
