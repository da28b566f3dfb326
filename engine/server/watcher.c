#include "watcher.h"
#include "../base/clock.h"
#include "../base/text.h"
#include "../log/tail.h"
#include "attend.h"
#include "loadline.h"
#include "look.h"
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY   (10 * CLOCK_NS_PER_S)
#define LOOK_SOON    (2 * CLOCK_NS_PER_S) /* while the server is absent or starting */
#define LOOK_TIMEOUT 25000                /* /health answers after 20 s at the latest */
#define LOG_EVERY    (500 * CLOCK_NS_PER_MS)
#define LOAD_EVERY   CLOCK_NS_PER_S
#define LOG_PIECE    32768 /* less than the tail's lines hold, so that none is missed */
#define LOG_PIECES   32
#define MARK_FRESH   (180 * CLOCK_NS_PER_S) /* a start is silent for no longer */
#define HUSH_WAIT    (2 * CLOCK_NS_PER_S)
#define ONE_DEATH    (60 * CLOCK_NS_PER_S)

struct watcher {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* CLOCK_MONOTONIC */
	struct scribe *scribe;
	char bearer[1024];
	struct cancel cancel; /* cuts a look short */

	/* under the mutex */
	char url[256], log[512];
	bool stop, hush, new_url, new_log, nudged, looking;
	char fatal[TAIL_LINE];
	int64_t fatal_ns; /* 0 = none */

	/* the thread's own */
	char at_url[256], at_log[512];
	struct tail *tail;
	bool log_given;     /* by the user; else it is that of the server's process */
	bool log_caught_up; /* what was in the log before has been read */
	struct attend attend;
	struct death death;
	struct load_view load;
	char mark[80]; /* of the start-up */
	int64_t mark_ns;
	bool seen_any, was_ready, have_info;
	struct ev_server_seen seen, info;
	int64_t look_ns, load_ns;
};

/* ---- the log ---- */

/* Several fatal lines are one death: what they say first, with the exception behind it. */
static void take_death(struct watcher *w, const char *line, int64_t now)
{
	bool fatal = line_is_fatal(line);
	pthread_mutex_lock(&w->mutex);
	if (!w->fatal_ns || now - w->fatal_ns > ONE_DEATH)
		memset(&w->death, 0, sizeof w->death);
	bool changed = death_line(&w->death, line);
	if (fatal || (changed && w->death.fatal)) {
		w->fatal_ns = now;
		death_words(&w->death, w->fatal, sizeof w->fatal);
	}
	pthread_mutex_unlock(&w->mutex);
}

static void take_line(struct watcher *w, const struct tail_line *line, int64_t now, bool live)
{
	load_view_take(&w->load, line->text, now, live);
	attend_line(&w->attend, line->text, live);
	if (!live)
		return;
	take_death(w, line->text, now);
	if (line_is_fatal(line->text)) {
		w->mark_ns = w->look_ns = 0;
	} else if (strstr(line->text, "The server is fired up")) {
		w->mark_ns = w->look_ns = 0;
	} else if (line_startup(line->text, w->mark, sizeof w->mark)) {
		w->mark_ns = now;
	}
}

static void open_log(struct watcher *w)
{
	tail_close(w->tail);
	w->tail = NULL;
	w->log_caught_up = false;
	w->mark_ns = 0;
	memset(&w->load, 0, sizeof w->load);
	if (w->at_log[0])
		tail_open(&w->tail, w->at_log, NULL);
}

static void read_log(struct watcher *w)
{
	int64_t now = clock_mono_ns();
	if (!w->tail && w->at_log[0])
		tail_open(&w->tail, w->at_log, NULL); /* it may be readable by now */
	if (!w->tail)
		return;
	for (int i = 0; i < LOG_PIECES; i++) {
		int more = tail_poll(w->tail, LOG_PIECE);
		int from = more < tail_count(w->tail) ? more : tail_count(w->tail);
		while (from-- > 0)
			take_line(w, tail_line(w->tail, from), now, w->log_caught_up);
		if (more == 0 && i > 2)
			break;
	}
	w->log_caught_up = true;
}

static void tell_load(struct watcher *w)
{
	int64_t now = clock_mono_ns();
	struct event ev;
	if (now < w->load_ns)
		return;
	w->load_ns = now + LOAD_EVERY;
	event_init(&ev, EV_server_load);
	if (load_view_read(&w->load, now, &ev.u.server_load))
		scribe_emit(w->scribe, &ev);
}

/* ---- the server ---- */

/* What the log adds to what the sockets say: the step of a start, the reason of a death. */
static void add_log(struct watcher *w, struct ev_server_seen *s)
{
	char fatal[TAIL_LINE], text[2 * TAIL_LINE + 16];
	text_copy(s->log, sizeof s->log, w->at_log);
	if (s->phase != SERVER_ABSENT && s->phase != SERVER_STARTING && s->phase != SERVER_UNHEALTHY)
		return;
	bool starting = w->mark_ns && clock_mono_ns() - w->mark_ns < MARK_FRESH;
	if (s->phase != SERVER_UNHEALTHY && starting) {
		s->phase = SERVER_STARTING;
		text_copy(s->text, sizeof s->text, w->mark);
	} else if (watcher_fatal(w, 0, fatal, sizeof fatal)) {
		snprintf(text, sizeof text, "%s; its log: %s", s->text, fatal);
		text_copy(s->text, sizeof s->text, text);
	}
}

/* With --log the one that the process writes is the other. */
static void add_own_log(const struct watcher *w, struct ev_server_seen *s)
{
	const struct process_log *own = &w->attend.instance.log;
	if (w->log_given && w->attend.have && !w->attend.gone && own->kind == LOG_FILE &&
	        strcmp(own->path, w->at_log) != 0)
		text_copy(s->log_out, sizeof s->log_out, own->path);
}

/* Its process, and with it its log unless one was given. */
static void find_process(struct watcher *w, bool answers)
{
	if (!attend_find(&w->attend, w->at_url, answers))
		return;
	w->was_ready = w->have_info = false;
	if (w->log_given || w->attend.instance.log.kind != LOG_FILE)
		return;
	text_set(w->at_log, sizeof w->at_log, w->attend.instance.log.path);
	open_log(w);
}

/* What a look found, in the light of the looks before. */
static void interpret(struct watcher *w, const struct look *l, struct ev_server_seen *s)
{
	if (s->phase == SERVER_STARTING && w->was_ready) {
		s->phase = SERVER_UNHEALTHY;
		text_copy(s->text, sizeof s->text, "it was ready, now /health says 503");
	}
	if (s->phase == SERVER_ABSENT) {
		w->was_ready = false;
		w->have_info = false;
	}
	if (s->phase == SERVER_READY) {
		if (!w->was_ready) { /* what killed an earlier server; a dying one may still answer */
			pthread_mutex_lock(&w->mutex);
			w->fatal_ns = 0;
			pthread_mutex_unlock(&w->mutex);
		}
		w->was_ready = true;
		if (!w->have_info || strcmp(w->info.model, s->model) != 0) {
			w->info = *s;
			look_info(l, &w->info);
			w->have_info = cancel_get(l->cancel) == CANCEL_NONE;
		}
	}
	if (w->have_info && s->phase != SERVER_ABSENT) {
		text_copy(s->version, sizeof s->version, w->info.version);
		if (!s->model[0])
			text_copy(s->model, sizeof s->model, w->info.model);
		s->tp = w->info.tp;
		s->prefill = w->info.prefill;
		s->radix_off = w->info.radix_off;
	}
}

static bool same_f64(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool same(const struct ev_server_seen *a, const struct ev_server_seen *b)
{
	return a->phase == b->phase && a->tp == b->tp && a->prefill == b->prefill && a->radix_off == b->radix_off &&
	       strcmp(a->text, b->text) == 0 && strcmp(a->model, b->model) == 0 &&
	       strcmp(a->version, b->version) == 0 && strcmp(a->url, b->url) == 0 && strcmp(a->log, b->log) == 0 &&
	       a->pid == b->pid && strcmp(a->log_note, b->log_note) == 0 && strcmp(a->log_out, b->log_out) == 0 &&
	       same_f64(a->progress, b->progress);
}

/* True when the look was not cut short. */
static bool look_once(struct watcher *w)
{
	struct look l = {.base_url = w->at_url, .bearer = w->bearer, .timeout_ms = LOOK_TIMEOUT, .cancel = &w->cancel};
	struct event ev;
	event_init(&ev, EV_server_seen);
	struct ev_server_seen *s = &ev.u.server_seen;
	look_init(s, w->at_url);
	if (!look_state(&l, s))
		return false;
	find_process(w, s->phase != SERVER_ABSENT);
	interpret(w, &l, s);
	bool soon = s->phase == SERVER_ABSENT || s->phase == SERVER_STARTING;
	w->look_ns = clock_mono_ns() + (soon ? LOOK_SOON : LOOK_EVERY);
	read_log(w); /* a fatal line in it brings the next look forward */
	add_log(w, s);
	attend_apply(&w->attend, s);
	add_own_log(w, s);
	if (w->seen_any && same(&w->seen, s))
		return true;
	w->seen_any = true;
	w->seen = *s;
	scribe_emit(w->scribe, &ev);
	return true;
}

/* A start moves faster than the looks: its log tells. */
static void tell_start(struct watcher *w)
{
	struct event ev;
	if (!w->seen_any || !attend_moved(&w->attend, &w->seen))
		return;
	event_init(&ev, EV_server_seen);
	ev.u.server_seen = w->seen;
	scribe_emit(w->scribe, &ev);
}

/* ---- the thread ---- */

/* Under the mutex. */
static void take_target(struct watcher *w)
{
	if (w->new_url) {
		text_set(w->at_url, sizeof w->at_url, w->url);
		w->was_ready = w->have_info = false;
		memset(&w->attend, 0, sizeof w->attend);
	}
	if (w->new_log || (w->new_url && !w->log_given)) {
		text_set(w->at_log, sizeof w->at_log, w->log);
		w->log_given = w->log[0] != '\0';
		if (!w->log_given && w->attend.have && w->attend.instance.log.kind == LOG_FILE)
			text_set(w->at_log, sizeof w->at_log, w->attend.instance.log.path);
		w->fatal_ns = 0;
		open_log(w);
	}
	if (w->nudged)
		attend_soon(&w->attend);
	w->new_url = w->new_log = w->nudged = false;
	w->look_ns = 0;
}

/* Under the mutex, which is given up while the server is asked. */
static void look_if_due(struct watcher *w)
{
	if (w->hush || !w->at_url[0] || clock_mono_ns() < w->look_ns)
		return;
	cancel_reset(&w->cancel); /* whoever raises it changes a flag under the mutex: none is overlooked */
	w->looking = true;
	pthread_mutex_unlock(&w->mutex);
	look_once(w);
	pthread_mutex_lock(&w->mutex);
	w->looking = false;
	pthread_cond_broadcast(&w->changed);
}

static void wait_until(struct watcher *w, int64_t ns)
{
	struct timespec ts = {.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};
	pthread_cond_timedwait(&w->changed, &w->mutex, &ts);
}

static void *watch(void *arg)
{
	struct watcher *w = arg;
	pthread_mutex_lock(&w->mutex);
	while (!w->stop) {
		if (w->new_url || w->new_log || w->nudged)
			take_target(w);
		pthread_mutex_unlock(&w->mutex);
		read_log(w);
		tell_load(w);
		tell_start(w);
		pthread_mutex_lock(&w->mutex);
		if (w->stop || w->new_url || w->new_log || w->nudged)
			continue;
		look_if_due(w);
		if (!w->stop && !w->new_url && !w->new_log && !w->nudged)
			wait_until(w, clock_mono_ns() + LOG_EVERY);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

/* All signals are blocked in the thread: they are main's. */
static int start_thread(struct watcher *w)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&w->thread, NULL, watch, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void free_watcher(struct watcher *w)
{
	tail_close(w->tail);
	cancel_close(&w->cancel);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}

int watcher_start(struct watcher **out, struct scribe *s, const char *base_url, const char *log, const char *bearer,
        struct err *e)
{
	*out = NULL;
	struct watcher *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory to watch the server");
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	w->scribe = s;
	w->new_url = w->new_log = true;
	int rc = cancel_open(&w->cancel, e);
	if (!rc && !text_set(w->url, sizeof w->url, base_url))
		rc = err_set(e, ERR_USAGE, "the server's URL is too long: %.100s", base_url);
	if (!rc && !text_set(w->log, sizeof w->log, log))
		rc = err_set(e, ERR_USAGE, "the path of the log is too long: %.100s", log);
	if (!rc && !text_set(w->bearer, sizeof w->bearer, bearer))
		rc = err_set(e, ERR_USAGE, "the API key is too long");
	if (!rc) {
		int errnum = start_thread(w);
		if (errnum)
			rc = err_sys(e, ERR_IO, errnum, "cannot start the thread that watches the server");
	}
	if (rc)
		free_watcher(w);
	else
		*out = w;
	return rc;
}

/* Under the mutex: the thread looks up at once. */
static void wake(struct watcher *w)
{
	cancel_raise(&w->cancel, CANCEL_NOW);
	pthread_cond_broadcast(&w->changed);
}

void watcher_target(struct watcher *w, const char *base_url, const char *log)
{
	pthread_mutex_lock(&w->mutex);
	if (base_url && strcmp(base_url, w->url) != 0)
		w->new_url = text_set(w->url, sizeof w->url, base_url) || w->new_url;
	if (strcmp(log ? log : "", w->log) != 0)
		w->new_log = text_set(w->log, sizeof w->log, log) || w->new_log;
	if (w->new_url || w->new_log)
		wake(w);
	pthread_mutex_unlock(&w->mutex);
}

void watcher_nudge(struct watcher *w)
{
	pthread_mutex_lock(&w->mutex);
	w->nudged = true;
	wake(w);
	pthread_mutex_unlock(&w->mutex);
}

void watcher_hush(struct watcher *w, bool hush)
{
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

bool watcher_fatal(struct watcher *w, int64_t since_mono_ns, char *text, size_t cap)
{
	pthread_mutex_lock(&w->mutex);
	bool have = w->fatal_ns && w->fatal_ns >= since_mono_ns;
	if (have)
		text_set(text, cap, w->fatal);
	pthread_mutex_unlock(&w->mutex);
	return have;
}

void watcher_stop(struct watcher *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	wake(w);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	free_watcher(w);
}
