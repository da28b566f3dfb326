#include "serve.h"

#include "../base/text.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct order {
	enum serve_order order;
	struct settings settings;
	bool (*before)(void *ctx);
	void *ctx;
};

struct serve {
	struct scribe *scribe;
	struct watcher *watcher;
	const struct track *track;
	const char *bearer;
	struct cancel cancel;
	pthread_t thread;
	bool have_thread; /* to be joined */
	atomic_bool busy, closing;
	atomic_int result;    /* of the last order */
	struct order now;     /* the thread's own while busy */
	struct plan plan;     /* likewise */
	pthread_mutex_t lock; /* of what follows, and of the ends of orders */
	struct order next;
	bool have_next;
};

void serve_say(void *scribe, enum severity severity, const char *text)
{
	struct event ev;

	event_init(&ev, EV_notice);
	ev.u.notice.severity = severity;
	text_copy(ev.u.notice.text, sizeof ev.u.notice.text, text);
	scribe_emit(scribe, &ev);
}

static int start(const struct control *c, struct err *e)
{
	struct server_record r;
	int rc = control_start(c, &r, e);

	return rc ? rc : control_await(c, &r, -1, e);
}

static int stop(const struct control *c, struct err *e)
{
	bool was_there;
	int rc = control_stop(c, &was_there, e);

	if (rc == 0 && !was_there)
		serve_say(c->ctx, SEV_INFO, "server: nothing is there to stop");
	return rc;
}

static int carry_out(struct serve *v, struct err *e)
{
	struct control c = {.settings = &v->now.settings,
	        .bearer = v->bearer,
	        .cancel = &v->cancel,
	        .say = serve_say,
	        .ctx = v->scribe,
	        .watcher = v->watcher,
	        .track = v->track};
	struct settings checked = v->now.settings;

	/* Without a plan that somebody asked for the script sees the environment as it is. */
	if ((checked.batch || checked.env_conc > 0) && settings_check(&checked, v->track, false, NULL) == 0 &&
	        plan_make(&v->plan, &checked, v->track, NULL) == 0)
		c.plan = &v->plan;
	if (v->now.order == SERVE_START)
		return start(&c, e);
	return v->now.order == SERVE_STOP ? stop(&c, e) : control_restart(&c, -1, e);
}

static void report_end(struct serve *v, int rc, const struct err *e)
{
	atomic_store(&v->result, rc);
	if (rc == ERR_CANCELLED)
		serve_say(v->scribe, SEV_INFO, e->text);
	else if (rc)
		serve_say(v->scribe, SEV_ERROR, e->text);
}

/* The order that came meanwhile becomes the one in progress; false: there is none, the thread ends. */
static bool take_next(struct serve *v)
{
	pthread_mutex_lock(&v->lock);
	bool more = v->have_next && !v->closing;
	if (more) {
		v->now = v->next;
		cancel_reset(&v->cancel);
	}
	v->have_next = false;
	if (!more)
		atomic_store(&v->busy, false);
	pthread_mutex_unlock(&v->lock);
	return more;
}

static bool superseded(struct serve *v)
{
	pthread_mutex_lock(&v->lock);
	bool yes = v->have_next;
	pthread_mutex_unlock(&v->lock);
	return yes;
}

static void *serve_main(void *arg)
{
	struct serve *v = arg;

	do {
		struct err e = {0};
		int rc = ERR_CANCELLED;
		bool go = !v->now.before || v->now.before(v->now.ctx);
		if (go)
			rc = carry_out(v, &e);
		if (go && !(rc == ERR_CANCELLED && superseded(v)))
			report_end(v, rc, &e);
		else
			atomic_store(&v->result, rc);
	} while (take_next(v));
	return NULL;
}

int serve_open(struct serve **out, struct scribe *scribe, struct watcher *watcher, const struct track *track,
        const char *bearer, struct err *e)
{
	struct serve *v = calloc(1, sizeof *v);

	*out = NULL;
	if (!v)
		return err_set(e, ERR_NOMEM, "out of memory");
	v->scribe = scribe;
	v->watcher = watcher;
	v->track = track;
	v->bearer = bearer;
	int rc = cancel_open(&v->cancel, e);
	if (rc) {
		free(v);
		return rc;
	}
	pthread_mutex_init(&v->lock, NULL);
	*out = v;
	return 0;
}

static void start_thread(struct serve *v, const struct order *o)
{
	sigset_t all, old;

	if (v->have_thread)
		pthread_join(v->thread, NULL); /* it has ended, but for its last steps */
	v->now = *o;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	v->have_thread = pthread_create(&v->thread, NULL, serve_main, v) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!v->have_thread) {
		atomic_store(&v->busy, false);
		serve_say(v->scribe, SEV_ERROR, "server: no thread can be started for it");
	}
}

void serve_order(
        struct serve *v, enum serve_order order, const struct settings *s, bool (*before)(void *ctx), void *ctx)
{
	struct order o = {.order = order, .settings = *s, .before = before, .ctx = ctx};

	pthread_mutex_lock(&v->lock);
	bool busy = atomic_exchange(&v->busy, true);
	bool supersede = busy && order != SERVE_START && !v->have_next;
	if (supersede) { /* the waiting for a start ends for it; a stop goes on to its end */
		v->next = o;
		v->have_next = true;
		cancel_raise(&v->cancel, CANCEL_DRAIN);
	}
	pthread_mutex_unlock(&v->lock);
	if (!busy)
		start_thread(v, &o);
	else if (!supersede)
		serve_say(v->scribe, SEV_WARN, "server: it is being started or stopped already: wait for that to end");
}

bool serve_busy(const struct serve *v)
{
	return atomic_load(&v->busy);
}

int serve_result(const struct serve *v)
{
	return atomic_load(&v->result);
}

bool serve_closing(const struct serve *v)
{
	return atomic_load(&v->closing);
}

void serve_close(struct serve *v)
{
	if (!v)
		return;
	pthread_mutex_lock(&v->lock);
	atomic_store(&v->closing, true);
	cancel_raise(&v->cancel, CANCEL_NOW);
	pthread_mutex_unlock(&v->lock);
	if (v->have_thread)
		pthread_join(v->thread, NULL);
	pthread_mutex_destroy(&v->lock);
	cancel_close(&v->cancel);
	free(v);
}
