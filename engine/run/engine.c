#include "engine.h"

#include "../base/clock.h"
#include "../base/text.h"
#include "pipeline.h"
#include "serve.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE      16
#define RUN_END_NS (60 * CLOCK_NS_PER_S)

struct engine {
	struct track track;
	struct secrets secrets;
	struct scribe *scribe;
	struct poster *poster;
	struct watcher *watcher;
	struct serve *serve;
	struct codewatch *codewatch;
	struct gpu *gpu;
	struct cancel cancel;
	atomic_int stop;
	atomic_bool skip, running, waiting; /* waiting: the run has not begun, the server is not ready */
	pthread_t thread;
	bool have_thread;
	pthread_mutex_t lock; /* of the queue below */
	pthread_cond_t more;
	struct command queue[QUEUE];
	int n_queued;
	bool quit;
};

static void notice(struct engine *g, enum severity sev, const char *text)
{
	struct event ev;

	event_init(&ev, EV_notice);
	ev.u.notice.severity = sev;
	text_copy(ev.u.notice.text, sizeof ev.u.notice.text, text);
	scribe_emit(g->scribe, &ev);
}

static void run(struct engine *g, const struct settings *s)
{
	struct pipeline *p = calloc(1, sizeof *p);

	if (!p) {
		notice(g, SEV_ERROR, "out of memory: the run was not started");
		return;
	}
	p->track = &g->track;
	p->secrets = &g->secrets;
	p->scribe = g->scribe;
	p->poster = g->poster;
	p->watcher = g->watcher;
	p->codewatch = g->codewatch;
	if (!g->gpu)
		gpu_start(&g->gpu, g->scribe, NULL, NULL); /* figures that a run can do without */
	p->gpu = g->gpu;
	p->cancel = &g->cancel;
	p->stop = &g->stop;
	p->skip = &g->skip;
	p->waiting = &g->waiting;
	p->settings = *s;
	pipeline_run(p);
	free(p);
}

static void *engine_main(void *arg)
{
	struct engine *g = arg;

	pthread_mutex_lock(&g->lock);
	for (;;) {
		while (g->n_queued == 0 && !g->quit)
			pthread_cond_wait(&g->more, &g->lock);
		if (g->quit)
			break;
		struct command c = g->queue[0];
		g->n_queued--;
		memmove(&g->queue[0], &g->queue[1], (size_t)g->n_queued * sizeof g->queue[0]);
		pthread_mutex_unlock(&g->lock);
		if (c.kind == CMD_START) {
			run(g, &c.settings);
			pthread_mutex_lock(&g->lock);
			/* Orders for the run that ended do not reach the next one. */
			if (!g->quit) {
				atomic_store(&g->stop, CANCEL_NONE);
				atomic_store(&g->skip, false);
				cancel_reset(&g->cancel);
			}
			atomic_store(&g->running, false);
			pthread_mutex_unlock(&g->lock);
		} else if (c.kind == CMD_WATCH && g->watcher) {
			watcher_target(g->watcher, c.settings.base_url, c.settings.server_log);
			codewatch_target(g->codewatch, c.settings.base_url);
		}
		pthread_mutex_lock(&g->lock);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

static int start_thread(struct engine *g, struct err *e)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&g->thread, NULL, engine_main, g);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_sys(e, ERR_IO, rc, "the engine's thread cannot be started");
	g->have_thread = true;
	return 0;
}

int engine_start(struct engine **out, const struct track *t, const struct secrets *sec, struct mailbox *events,
        bool watch, struct err *e)
{
	struct engine *g = calloc(1, sizeof *g);
	int rc;

	if (!g)
		return err_set(e, ERR_NOMEM, "out of memory");
	g->track = *t;
	g->secrets = *sec;
	g->cancel.fd = -1;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->more, NULL);
	if ((rc = cancel_open(&g->cancel, e)) < 0 || (rc = scribe_start(&g->scribe, events, e)) < 0 ||
	        (rc = poster_start(&g->poster, g->scribe, &g->secrets, NULL, e)) < 0 ||
	        (watch && (rc = watcher_start(&g->watcher, g->scribe, "", "", g->secrets.openai_key, e)) < 0) ||
	        (watch && (rc = codewatch_start(&g->codewatch, g->scribe, e)) < 0) ||
	        (watch && (rc = gpu_start(&g->gpu, g->scribe, NULL, e)) < 0) ||
	        (rc = serve_open(&g->serve, g->scribe, g->watcher, &g->track, g->secrets.openai_key, e)) < 0 ||
	        (rc = start_thread(g, e)) < 0) {
		engine_stop(g);
		return rc;
	}
	*out = g;
	return 0;
}

/* Stop orders act at once, from the caller's thread: the engine's is busy with what is to be stopped. */
static void order_stop(struct engine *g, enum cancel_level level)
{
	struct event ev;

	if (!atomic_load(&g->running))
		return;
	if (level == CANCEL_DRAIN && atomic_load(&g->stop) >= CANCEL_DRAIN)
		level = CANCEL_NOW;
	if ((int)level <= atomic_load(&g->stop))
		return;
	event_init(&ev, EV_stop_requested);
	ev.u.stop_requested.now = level == CANCEL_NOW;
	scribe_emit(g->scribe, &ev);
	atomic_store(&g->stop, level);
	cancel_raise(&g->cancel, level);
}

/* In the server's thread: the run that measures is stopped first. It ends soon, its rows are kept. */
static bool end_run(void *ctx)
{
	struct engine *g = ctx;
	struct timespec pause = {.tv_nsec = 50 * CLOCK_NS_PER_MS};
	int64_t end = clock_mono_ns() + RUN_END_NS;

	order_stop(g, CANCEL_NOW);
	while (atomic_load(&g->running) && clock_mono_ns() < end && !serve_closing(g->serve))
		nanosleep(&pause, NULL);
	if (atomic_load(&g->running))
		notice(g, SEV_ERROR, "server: the run did not end, so the server was left alone");
	return !atomic_load(&g->running);
}

static void order_server(struct engine *g, const struct command *c)
{
	bool busy = atomic_load(&g->running) && !atomic_load(&g->waiting);
	enum serve_order order = c->kind == CMD_SERVER_START  ? SERVE_START
	                         : c->kind == CMD_SERVER_STOP ? SERVE_STOP
	                                                      : SERVE_RESTART;

	if (busy && (order == SERVE_START || !c->force)) {
		notice(g, SEV_WARN, "server: a run is in progress on it: stop the run (x) first");
		return;
	}
	if (g->watcher)
		watcher_target(g->watcher, c->settings.base_url, c->settings.server_log);
	serve_order(g->serve, order, &c->settings, busy ? end_run : NULL, g);
}

static void enqueue(struct engine *g, const struct command *c)
{
	pthread_mutex_lock(&g->lock);
	if (c->kind == CMD_START && atomic_exchange(&g->running, true)) {
		pthread_mutex_unlock(&g->lock);
		notice(g, SEV_WARN, "a run is in progress: stop it (x) before starting another");
		return;
	}
	if (g->n_queued < QUEUE) {
		g->queue[g->n_queued++] = *c;
		pthread_cond_signal(&g->more);
	}
	pthread_mutex_unlock(&g->lock);
}

void engine_command(struct engine *g, const struct command *c)
{
	switch (c->kind) {
	case CMD_STOP:
		order_stop(g, CANCEL_DRAIN);
		break;
	case CMD_STOP_NOW:
		order_stop(g, CANCEL_NOW);
		break;
	case CMD_SKIP:
		if (atomic_load(&g->running)) {
			atomic_store(&g->skip, true);
			cancel_raise(&g->cancel, CANCEL_NOW);
		}
		break;
	case CMD_START:
	case CMD_WATCH:
		enqueue(g, c);
		break;
	case CMD_SERVER_START:
	case CMD_SERVER_STOP:
	case CMD_SERVER_RESTART:
		order_server(g, c);
		break;
	case CMD_QUIT:
		order_stop(g, CANCEL_NOW);
		pthread_mutex_lock(&g->lock);
		g->quit = true;
		pthread_cond_signal(&g->more);
		pthread_mutex_unlock(&g->lock);
		break;
	}
}

bool engine_running(const struct engine *g)
{
	return atomic_load(&g->running);
}

bool engine_serving(const struct engine *g)
{
	return serve_busy(g->serve);
}

int engine_serve_result(const struct engine *g)
{
	return serve_result(g->serve);
}

void engine_stop(struct engine *g)
{
	if (!g)
		return;
	if (g->have_thread) {
		struct command c = {.kind = CMD_QUIT};
		engine_command(g, &c);
		pthread_join(g->thread, NULL);
	}
	serve_close(g->serve);
	codewatch_stop(g->codewatch);
	gpu_stop(g->gpu);
	if (g->watcher)
		watcher_stop(g->watcher);
	if (g->poster)
		poster_stop(g->poster);
	if (g->scribe)
		scribe_stop(g->scribe);
	if (g->cancel.fd >= 0)
		cancel_close(&g->cancel);
	pthread_cond_destroy(&g->more);
	pthread_mutex_destroy(&g->lock);
	explicit_bzero(&g->secrets, sizeof g->secrets);
	free(g);
}
