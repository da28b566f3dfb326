#include "reader.h"

#include "../engine/base/mailbox.h"
#include "../engine/base/text.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ORDERS  8  /* more than there are jobs */
#define ANSWERS 16 /* untaken ones beyond are dropped: nobody looks */

struct reader {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct reader_order queue[ORDERS];
	int n;
	bool quit;
	struct cancel cancel;
	struct mailbox *answers;
	struct reader_shelf *newest; /* of the thread: where histories are looked up */
};

void reader_shelf_drop(struct reader_shelf *s)
{
	if (!s || atomic_fetch_sub(&s->users, 1) > 1)
		return;
	shelf_free(s->shelf);
	free(s);
}

static void side_free(struct compare_side *s)
{
	if (s)
		compare_side_free(s);
	free(s);
}

void reader_answer_free(struct reader_answer *a)
{
	reader_shelf_drop(a->shelf);
	shelf_close(a->run);
	shelf_close(a->other);
	if (a->result)
		compare_free(a->result);
	side_free(a->a);
	side_free(a->b);
	free(a->ref);
	memset(a, 0, sizeof *a);
}

static int do_scan(struct reader *r, struct reader_answer *a, struct err *e)
{
	const char *path = a->order.path;
	struct reader_shelf *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	int rc = shelf_scan(&s->shelf, &path, 1, &r->cancel, e);
	if (rc < 0) {
		free(s);
		return rc;
	}
	atomic_init(&s->users, 2);
	reader_shelf_drop(r->newest);
	r->newest = s;
	a->shelf = s;
	return 0;
}

static int do_open(struct reader_answer *a, struct err *e)
{
	int rc = shelf_open(&a->run, a->order.path, e);

	/* The second one is an addition: without it the first is shown alone. */
	if (rc == 0 && a->order.other[0] && strcmp(a->order.other, a->order.path) != 0 &&
	        shelf_open(&a->other, a->order.other, NULL) < 0)
		a->other = NULL;
	return rc;
}

static int load_side(struct compare_side **out, const char *path, struct err *e)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return err_set(e, ERR_NOMEM, "out of memory");
	int rc = compare_side_load(*out, path, e);
	if (rc < 0) {
		side_free(*out);
		*out = NULL;
	}
	return rc;
}

static int do_compare(const struct reader *r, struct reader_answer *a, struct err *e)
{
	struct compare_options o = {.seed = 1, .history = r->newest ? r->newest->shelf : NULL};
	int rc;

	if ((rc = load_side(&a->a, a->order.other, e)) < 0 || (rc = load_side(&a->b, a->order.path, e)) < 0)
		return rc;
	return compare_sides(&a->result, a->a, a->b, &o, e);
}

static int do_pin(const struct reader *r, struct reader_answer *a, struct err *e)
{
	a->ref = calloc(1, sizeof *a->ref);
	if (!a->ref)
		return err_set(e, ERR_NOMEM, "out of memory");
	return compare_ref_load(a->ref, a->order.path, r->newest ? r->newest->shelf : NULL, e);
}

static int carry_out(struct reader *r, struct reader_answer *a, struct err *e)
{
	switch (a->order.job) {
	case READER_SCAN:
		return do_scan(r, a, e);
	case READER_OPEN:
		return do_open(a, e);
	case READER_COMPARE:
		return do_compare(r, a, e);
	case READER_PIN:
		return do_pin(r, a, e);
	}
	return err_set(e, ERR_USAGE, "there is no such order");
}

static bool next_order(struct reader *r, struct reader_order *o)
{
	pthread_mutex_lock(&r->lock);
	while (!r->quit && r->n == 0)
		pthread_cond_wait(&r->wake, &r->lock);
	bool go = !r->quit;
	if (go) {
		*o = r->queue[0];
		r->n--;
		memmove(r->queue, r->queue + 1, (size_t)r->n * sizeof r->queue[0]);
	}
	pthread_mutex_unlock(&r->lock);
	return go;
}

static void *work(void *arg)
{
	struct reader *r = arg;
	struct reader_answer a;

	/* On Linux this is the thread's own: a measurement in this process keeps its processor. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
	memset(&a, 0, sizeof a);
	while (next_order(r, &a.order)) {
		int rc = carry_out(r, &a, &a.error);
		a.error.code = rc < 0 ? rc : 0;
		if (rc < 0 && !a.error.text[0])
			err_set(&a.error, rc, "it cannot be read");
		if (!mailbox_put(r->answers, &a, -1))
			reader_answer_free(&a);
		memset(&a, 0, sizeof a);
	}
	return NULL;
}

/* Signals are for the UI thread. */
static int start_thread(struct reader *r)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&r->thread, NULL, work, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int reader_start(struct reader **out, struct err *e)
{
	struct reader *r = calloc(1, sizeof *r);
	int rc;

	*out = NULL;
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");
	if ((rc = cancel_open(&r->cancel, e)) < 0) {
		free(r);
		return rc;
	}
	if ((rc = mailbox_open(&r->answers, sizeof(struct reader_answer), ANSWERS, 0, e)) < 0) {
		cancel_close(&r->cancel);
		free(r);
		return rc;
	}
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	if ((rc = start_thread(r)) != 0) {
		err_sys(e, ERR_IO, rc, "a thread that reads results cannot be started");
		mailbox_close(r->answers);
		cancel_close(&r->cancel);
		free(r);
		return ERR_IO;
	}
	*out = r;
	return 0;
}

bool reader_order(struct reader *r, const struct reader_order *o)
{
	pthread_mutex_lock(&r->lock);
	int at = 0;
	while (at < r->n && r->queue[at].job != o->job)
		at++;
	bool room = at < ORDERS;
	if (room) {
		r->queue[at] = *o;
		r->n += at == r->n;
		pthread_cond_signal(&r->wake);
	}
	pthread_mutex_unlock(&r->lock);
	return room;
}

int reader_fd(const struct reader *r)
{
	return mailbox_fd(r->answers);
}

bool reader_take(struct reader *r, struct reader_answer *out)
{
	mailbox_drain_fd(r->answers);
	return mailbox_take(r->answers, out);
}

void reader_stop(struct reader *r)
{
	struct reader_answer a;

	if (!r)
		return;
	cancel_raise(&r->cancel, CANCEL_NOW);
	pthread_mutex_lock(&r->lock);
	r->quit = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	while (reader_take(r, &a))
		reader_answer_free(&a);
	reader_shelf_drop(r->newest);
	mailbox_close(r->answers);
	cancel_close(&r->cancel);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
