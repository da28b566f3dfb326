/* The threads: one that keeps the time and emits, one reader a card. All are detached and share one counted struct, so
 * that a reader that the driver holds can be left behind. */
#include "gpu.h"
#include "../base/clock.h"
#include "../base/text.h"
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define EVERY      CLOCK_NS_PER_S
#define PATIENCE   (400 * CLOCK_NS_PER_MS) /* for the readers, each second */
#define LOOK_AGAIN (30 * CLOCK_NS_PER_S)   /* for cards, when there are none */
#define STOP_WAIT  CLOCK_NS_PER_S

struct reader {
	struct gpu *gpu;
	struct gpu_place place;
	struct gpu_card card;
	bool asked, busy;
};

struct gpu {
	pthread_mutex_t lock;   /* of everything below */
	pthread_cond_t changed; /* CLOCK_MONOTONIC */
	int refs;               /* the owner, the keeper of the time, the readers */
	bool stop, ended;
	struct scribe *scribe;
	char sysfs[192];
	struct reader readers[GPU_CARDS];
	int n;
	struct ev_gpu_seen now;
	struct gpu_card seen[GPU_CARDS]; /* of the newest round */
	int64_t rounds;
	bool have, told, told_any;
};

static void unref(struct gpu *g)
{
	pthread_mutex_lock(&g->lock);
	int left = --g->refs;
	pthread_mutex_unlock(&g->lock);
	if (left > 0)
		return;
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static void wait_until(struct gpu *g, int64_t ns)
{
	struct timespec ts = {.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};
	pthread_cond_timedwait(&g->changed, &g->lock, &ts);
}

/* Signals are main's; one more reference for the thread. Under the lock. */
static bool start_detached(struct gpu *g, void *(*run)(void *), void *arg)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	g->refs++;
	bool ok = pthread_create(&thread, &attr, run, arg) == 0;
	if (!ok)
		g->refs--;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return ok;
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	struct gpu *g = r->gpu;
	pthread_mutex_lock(&g->lock);
	while (!g->stop) {
		if (!r->asked) {
			pthread_cond_wait(&g->changed, &g->lock);
			continue;
		}
		r->asked = false;
		struct gpu_place place = r->place;
		struct gpu_card card;
		pthread_mutex_unlock(&g->lock);
		gpu_read_card(&place, &card);
		pthread_mutex_lock(&g->lock);
		r->card = card;
		r->busy = false;
		pthread_cond_broadcast(&g->changed);
	}
	pthread_mutex_unlock(&g->lock);
	unref(g);
	return NULL;
}

static bool any_busy(const struct gpu *g)
{
	for (int i = 0; i < g->n; i++)
		if (g->readers[i].busy)
			return true;
	return false;
}

/* One round. A reader that has not come back from an earlier one is not asked again. Under the lock. */
static void look(struct gpu *g)
{
	struct gpu_card cards[GPU_CARDS];
	for (int i = 0; i < g->n; i++) {
		struct reader *r = &g->readers[i];
		if (!r->busy)
			r->asked = r->busy = true;
	}
	pthread_cond_broadcast(&g->changed);
	int64_t end = clock_mono_ns() + PATIENCE;
	while (!g->stop && any_busy(g) && clock_mono_ns() < end)
		wait_until(g, end);
	for (int i = 0; i < g->n; i++) {
		cards[i] = g->readers[i].card;
		cards[i].stuck = g->readers[i].busy;
	}
	struct event ev;
	event_init(&ev, EV_gpu_seen);
	bool any = gpu_fold(cards, g->n, &ev.u.gpu_seen);
	g->now = ev.u.gpu_seen;
	memcpy(g->seen, cards, (size_t)g->n * sizeof cards[0]);
	g->rounds++;
	g->have = any;
	if (!g->stop && g->scribe && (any || !g->told || g->told_any))
		scribe_emit(g->scribe, &ev);
	g->told = true;
	g->told_any = any;
}

/* Under the lock, which is given up meanwhile. */
static void find_cards(struct gpu *g)
{
	struct gpu_place places[GPU_CARDS];
	pthread_mutex_unlock(&g->lock);
	int n = gpu_enumerate(g->sysfs, places, GPU_CARDS);
	pthread_mutex_lock(&g->lock);
	for (int i = 0; i < n && !g->stop; i++) {
		struct reader *r = &g->readers[i];
		*r = (struct reader){.gpu = g, .place = places[i]};
		g->n = i + 1;
		if (!start_detached(g, reader_main, r))
			r->busy = true; /* never read: its figures are n/a */
	}
}

static void *gpu_main(void *arg)
{
	struct gpu *g = arg;
	pthread_mutex_lock(&g->lock);
	int64_t next = clock_mono_ns();
	while (!g->stop) {
		if (g->n == 0)
			find_cards(g);
		if (g->stop)
			break;
		if (g->n > 0 || !g->told)
			look(g);
		next += g->n > 0 ? EVERY : LOOK_AGAIN;
		int64_t now = clock_mono_ns();
		if (next < now)
			next = now + EVERY;
		while (!g->stop && clock_mono_ns() < next)
			wait_until(g, next);
	}
	g->ended = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	unref(g);
	return NULL;
}

int gpu_start(struct gpu **out, struct scribe *scribe, const char *sysfs, struct err *e)
{
	*out = NULL;
	if (!sysfs)
		sysfs = getenv("BENCHTOP_SYSFS");
	struct gpu *g = calloc(1, sizeof *g);
	if (!g)
		return err_set(e, ERR_NOMEM, "no memory to watch the GPUs");
	if (!text_set(g->sysfs, sizeof g->sysfs, sysfs && *sysfs ? sysfs : "/sys")) {
		free(g);
		return err_set(e, ERR_USAGE, "the path of sysfs is too long: %.100s", sysfs);
	}
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&g->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&g->lock, NULL);
	g->scribe = scribe;
	g->refs = 1;
	pthread_mutex_lock(&g->lock);
	bool ok = start_detached(g, gpu_main, g);
	pthread_mutex_unlock(&g->lock);
	if (!ok) {
		unref(g);
		return err_set(e, ERR_IO, "the thread that watches the GPUs cannot be started");
	}
	*out = g;
	return 0;
}

bool gpu_now(struct gpu *g, struct ev_gpu_seen *out)
{
	if (!g || pthread_mutex_trylock(&g->lock) != 0)
		return false;
	bool have = g->have;
	if (have)
		*out = g->now;
	pthread_mutex_unlock(&g->lock);
	return have;
}

int gpu_cards(struct gpu *g, struct gpu_place *places, struct gpu_card *cards, int cap, int64_t *rounds)
{
	pthread_mutex_lock(&g->lock);
	int n = g->rounds == 0 ? 0 : g->n < cap ? g->n : cap;
	for (int i = 0; i < n; i++) {
		places[i] = g->readers[i].place;
		cards[i] = g->seen[i];
	}
	*rounds = g->rounds;
	pthread_mutex_unlock(&g->lock);
	return n;
}

void gpu_stop(struct gpu *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	g->stop = true;
	g->scribe = NULL;
	pthread_cond_broadcast(&g->changed);
	int64_t end = clock_mono_ns() + STOP_WAIT;
	while (!g->ended && clock_mono_ns() < end)
		wait_until(g, end);
	pthread_mutex_unlock(&g->lock);
	unref(g);
}
