#include "scribe.h"
#include "../base/clock.h"
#include "../base/text.h"
#include "journal.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INBOX_MAX   ((size_t)64 << 20) /* bytes of facts that may wait while a disk hangs */
#define SYNC_NS     CLOCK_NS_PER_S     /* samples are synced at least this often; a failed write is tried again */
#define LAST_TRIES  16                 /* of a failing journal when it is closed, */
#define LAST_TRY_MS 250                /* this far apart: 4 s, less than scribe_close_run waits */

/* What waits in the inbox: an event, or an order that must keep its place between events. */
enum entry_type { ENTRY_EVENT, ENTRY_OPEN, ENTRY_CLOSE, ENTRY_SYNC, ENTRY_STOP };

struct entry {
	struct entry *next, *prev;
	enum entry_type type;
	bool done,
	        abandoned; /* of an order: guarded by the lock; abandoned = nobody waits any more, the scribe frees it */
	int rc;
	struct journal_writer *journal; /* ENTRY_OPEN: passes to the scribe */
	struct event ev;
};

struct entry_list {
	struct entry *head, *tail;
	size_t n;
};

struct scribe {
	pthread_t thread;
	struct mailbox *out;

	pthread_mutex_t lock;
	pthread_cond_t work; /* something is in the inbox */
	pthread_cond_t done; /* an order was carried out */
	struct entry_list inbox;
	struct entry *newest[EV_count]; /* the queued progress of each kind, for coalescing */
	uint64_t lost;                  /* facts for which there was no memory */
	char failing_text[240];         /* for scribe_sync; empty = no failure */

	/* of the thread only */
	struct journal_writer *journal; /* NULL = no run is open */
	uint64_t seq;
	bool failing;
	char told[240]; /* the sentence that was forwarded last */
	uint64_t lost_known;
	int64_t tried_ns; /* last sync, good or bad */
	struct entry_list batch;
	bool batch_facts;
};

static void list_push(struct entry_list *l, struct entry *en)
{
	en->next = NULL;
	en->prev = l->tail;
	if (l->tail)
		l->tail->next = en;
	else
		l->head = en;
	l->tail = en;
	l->n++;
}

static void list_remove(struct entry_list *l, struct entry *en)
{
	if (en->prev)
		en->prev->next = en->next;
	else
		l->head = en->next;
	if (en->next)
		en->next->prev = en->prev;
	else
		l->tail = en->prev;
	l->n--;
}

static void list_free(struct entry_list *l)
{
	struct entry *en = l->head;
	*l = (struct entry_list){0};
	while (en) {
		struct entry *next = en->next;
		free(en);
		en = next;
	}
}

/* Numbered events and facts keep their order, so that a fold of the mailbox equals a fold of the journal; of the rest
 * only the latest of each kind matters. */
static void forward(struct scribe *s, const struct event *ev)
{
	bool ordered = ev->seq != 0 || event_slot(ev->kind) == EVENT_FACT;
	if (s->out)
		mailbox_put(s->out, ev, ordered ? -1 : (int)ev->kind);
}

/* ---- any thread ---- */

static struct entry *entry_new(enum entry_type type)
{
	struct entry *en = calloc(1, sizeof *en);
	if (en)
		en->type = type;
	return en;
}

/* Under the lock. Orders and facts always find room up to the bound; samples give way to newer ones of their kind once
 * half of it is taken. */
static bool inbox_push(struct scribe *s, struct entry *en)
{
	size_t most = INBOX_MAX / sizeof *en;
	bool fact = en->type != ENTRY_EVENT || event_slot(en->ev.kind) == EVENT_FACT;
	struct entry **newest = fact ? NULL : &s->newest[en->ev.kind];
	if (en->type == ENTRY_EVENT && s->inbox.n >= most)
		return false;
	if (newest && *newest && s->inbox.n > most / 2) {
		list_remove(&s->inbox, *newest);
		free(*newest);
	}
	if (newest)
		*newest = en;
	list_push(&s->inbox, en);
	pthread_cond_signal(&s->work);
	return true;
}

void scribe_emit(struct scribe *s, const struct event *ev)
{
	if (ev->kind <= EV_NONE || ev->kind >= EV_count)
		return;
	/* What never reaches a journal needs no scribe, and must not wait behind a disk. */
	if (!event_is_journaled(ev)) {
		forward(s, ev);
		return;
	}
	struct entry *en = entry_new(ENTRY_EVENT);
	if (en) {
		en->ev = *ev;
		en->ev.seq = 0;
	}
	pthread_mutex_lock(&s->lock);
	bool kept = en && inbox_push(s, en);
	if (!kept && event_slot(ev->kind) == EVENT_FACT) {
		s->lost++;
		pthread_cond_signal(&s->work);
	}
	pthread_mutex_unlock(&s->lock);
	if (!kept)
		free(en);
}

static struct timespec deadline_after(int64_t ms)
{
	int64_t ns = clock_mono_ns() + (ms > 0 ? ms : 0) * CLOCK_NS_PER_MS;
	return (struct timespec){.tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S};
}

/* Queues an order and waits for it. On time-out the order stays queued and the scribe frees it. */
static int order_wait(struct scribe *s, enum entry_type type, int64_t timeout_ms, struct err *e)
{
	struct entry *en = entry_new(type);
	if (!en)
		return err_set(e, ERR_NOMEM, "out of memory for the journal");
	struct timespec end = deadline_after(timeout_ms);
	pthread_mutex_lock(&s->lock);
	inbox_push(s, en);
	int waited = 0;
	while (!en->done && waited == 0)
		waited = pthread_cond_timedwait(&s->done, &s->lock, &end);
	bool done = en->done;
	int rc = en->rc;
	if (done && rc)
		err_set(e, rc, "%s", s->failing_text[0] ? s->failing_text : "no run is open, so nothing is written");
	en->abandoned = !done;
	pthread_mutex_unlock(&s->lock);
	if (done)
		free(en);
	else
		rc = err_set(e, ERR_IO, "the disk did not take the journal within %lld ms", (long long)timeout_ms);
	return rc;
}

int scribe_sync(struct scribe *s, int64_t timeout_ms, struct err *e)
{
	return order_wait(s, ENTRY_SYNC, timeout_ms, e);
}

void scribe_close_run(struct scribe *s)
{
	order_wait(s, ENTRY_CLOSE, 5000, NULL);
}

int scribe_open_run(struct scribe *s, const char *dir, struct err *e)
{
	struct entry *en = entry_new(ENTRY_OPEN);
	struct journal_writer *w = malloc(sizeof *w);
	int rc = en && w ? journal_open(w, dir, e) : err_set(e, ERR_NOMEM, "out of memory for the journal");
	if (rc) {
		free(en);
		free(w);
		return rc;
	}
	en->journal = w;
	en->abandoned = true; /* nobody waits: order is all that matters */
	pthread_mutex_lock(&s->lock);
	inbox_push(s, en);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* ---- the scribe's thread ---- */

/* Tells the readers when the state changed, and only then. */
static void set_failing(struct scribe *s, bool failing, const char *why)
{
	char text[sizeof s->told];
	text_copy(text, sizeof text, failing ? why : "");
	pthread_mutex_lock(&s->lock);
	text_set(s->failing_text, sizeof s->failing_text, text);
	pthread_mutex_unlock(&s->lock);
	if (failing == s->failing && strcmp(text, s->told) == 0)
		return;
	s->failing = failing;
	text_set(s->told, sizeof s->told, text);
	struct event ev;
	event_init(&ev, EV_journal_state);
	ev.u.journal_state.failing = failing;
	text_set(ev.u.journal_state.text, sizeof ev.u.journal_state.text, text);
	forward(s, &ev);
}

/* Facts that found no memory are gone, which no later success mends. */
static bool told_lost(struct scribe *s)
{
	if (s->lost_known == 0)
		return false;
	char text[240];
	snprintf(text, sizeof text, "%llu facts are lost: no memory is left for what the disk does not take",
	        (unsigned long long)s->lost_known);
	set_failing(s, true, text);
	return true;
}

static void flush_journal(struct scribe *s, bool sync)
{
	struct err e = {0};
	int64_t now = clock_mono_ns();
	sync = sync || s->failing || now - s->tried_ns >= SYNC_NS;
	int rc = journal_flush(s->journal, sync, &e);
	if (sync)
		s->tried_ns = now;
	if (told_lost(s))
		return;
	if (rc || sync)
		set_failing(s, rc != 0, e.text);
}

/* Writes what the batch holds, then shows it: what is seen is on disk, or journal_state says that it is not. */
static void commit(struct scribe *s, bool sync)
{
	if (s->journal)
		flush_journal(s, sync || s->batch_facts);
	else
		told_lost(s);
	for (struct entry *en = s->batch.head; en; en = en->next)
		forward(s, &en->ev);
	list_free(&s->batch);
	s->batch_facts = false;
}

static void take_event(struct scribe *s, struct entry *en)
{
	if (s->journal) {
		en->ev.seq = s->seq + 1;
		if (journal_append(s->journal, &en->ev) == 0)
			s->seq++;
		else
			en->ev.seq = 0;
		if (en->ev.seq == 0 && event_slot(en->ev.kind) == EVENT_FACT)
			s->lost_known++;
	}
	s->batch_facts = s->batch_facts || event_slot(en->ev.kind) == EVENT_FACT;
	list_push(&s->batch, en);
}

/* A failing disk gets a few more chances, since after this the facts in memory are gone. */
static void close_journal(struct scribe *s)
{
	commit(s, true);
	if (!s->journal)
		return;
	for (int i = 0; i < LAST_TRIES && s->failing && s->journal->pending.len > 0; i++) {
		nanosleep(&(struct timespec){.tv_nsec = LAST_TRY_MS * CLOCK_NS_PER_MS}, NULL);
		flush_journal(s, true);
	}
	journal_close(s->journal);
	free(s->journal);
	s->journal = NULL;
}

static void open_journal(struct scribe *s, struct entry *en)
{
	close_journal(s);
	s->journal = en->journal;
	s->seq = s->journal->last_seq;
	s->lost_known = 0;
	s->tried_ns = clock_mono_ns();
	set_failing(s, false, "");
}

static void take_order(struct scribe *s, struct entry *en)
{
	if (en->type == ENTRY_OPEN)
		open_journal(s, en);
	else if (en->type == ENTRY_CLOSE)
		close_journal(s);
	else
		commit(s, true);
	int rc = en->type == ENTRY_SYNC && (s->failing || !s->journal) ? ERR_IO : 0;
	pthread_mutex_lock(&s->lock);
	en->rc = rc;
	en->done = true;
	bool abandoned = en->abandoned;
	pthread_cond_broadcast(&s->done);
	pthread_mutex_unlock(&s->lock);
	if (abandoned)
		free(en);
}

/* Waits for work, or until something in memory is due for a sync or another try. */
static struct entry_list take_inbox(struct scribe *s)
{
	pthread_mutex_lock(&s->lock);
	bool due = s->journal && s->journal->pending.len > 0;
	struct timespec end = {.tv_sec = (s->tried_ns + SYNC_NS) / CLOCK_NS_PER_S,
	        .tv_nsec = (s->tried_ns + SYNC_NS) % CLOCK_NS_PER_S};
	while (!s->inbox.head && s->lost == 0) {
		if (!due)
			pthread_cond_wait(&s->work, &s->lock);
		else if (pthread_cond_timedwait(&s->work, &s->lock, &end) == ETIMEDOUT)
			break;
	}
	struct entry_list list = s->inbox;
	s->inbox = (struct entry_list){0};
	memset(s->newest, 0, sizeof s->newest);
	s->lost_known += s->lost;
	s->lost = 0;
	pthread_mutex_unlock(&s->lock);
	return list;
}

static void *scribe_main(void *arg)
{
	struct scribe *s = arg;
	bool stop = false;
	pthread_setname_np(pthread_self(), "scribe");
	while (!stop) {
		struct entry_list list = take_inbox(s);
		while (list.head) {
			struct entry *en = list.head;
			list_remove(&list, en);
			stop = stop || en->type == ENTRY_STOP;
			if (en->type == ENTRY_EVENT)
				take_event(s, en);
			else
				take_order(s, en);
		}
		commit(s, false);
	}
	close_journal(s);
	return NULL;
}

/* ---- begin and end ---- */

static void scribe_free(struct scribe *s)
{
	for (struct entry *en = s->inbox.head; en; en = en->next) {
		if (en->type != ENTRY_OPEN)
			continue;
		journal_close(en->journal);
		free(en->journal);
	}
	list_free(&s->inbox);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int scribe_start(struct scribe **out_scribe, struct mailbox *out, struct err *e)
{
	*out_scribe = NULL;
	struct scribe *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory for the journal");
	s->out = out;
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, &attr);
	pthread_cond_init(&s->done, &attr);
	pthread_condattr_destroy(&attr);
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int errnum = pthread_create(&s->thread, NULL, scribe_main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errnum) {
		scribe_free(s);
		return err_sys(e, ERR_IO, errnum, "cannot start the thread that writes the journal");
	}
	*out_scribe = s;
	return 0;
}

void scribe_stop(struct scribe *s)
{
	if (!s)
		return;
	struct entry *en;
	/* Without this order the thread could not be joined: 1.5 KB come back sooner or later. */
	while (!(en = entry_new(ENTRY_STOP)))
		nanosleep(&(struct timespec){.tv_nsec = 10 * CLOCK_NS_PER_MS}, NULL);
	en->abandoned = true;
	pthread_mutex_lock(&s->lock);
	inbox_push(s, en);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	scribe_free(s);
}
