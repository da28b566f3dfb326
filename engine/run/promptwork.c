#include "promptwork.h"
#include "../base/file.h"
#include "../base/text.h"
#include "../tokenizer/tokenizer.h"
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MOST 8
#define WAIT_NS      (100 * 1000 * 1000L) /* between two looks at the order to stop */

struct promptwork {
	struct tokenizer *tokenizer;
	const struct plan *plan;
	double ratio;
	char cache[600];
	struct cancel cancel;  /* ends the making */
	pthread_rwlock_t gate; /* closed (held for writing) during a load */
	pthread_t thread;
	bool have_thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct prompt_set *set[PLAN_CELLS];
	bool made[PLAN_CELLS]; /* set or err is there */
	bool in_memory[PLAN_CELLS];
	struct err error[PLAN_CELLS]; /* code 0: none */
	int wanted;                   /* the row that is asked for, or was last: earlier ones are passed over */
	bool stop;
};

bool promptwork_cache(char *out, size_t cap, const char *results_dir)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char part[600];
	if (base && base[0] == '/')
		return path_join(out, cap, base, "benchtop/prompts");
	if (home && home[0] == '/')
		return path_join(out, cap, home, ".cache/benchtop/prompts");
	return path_join(part, sizeof part, results_dir[0] ? results_dir : ".", ".benchtop") &&
	       path_join(out, cap, part, "prompts");
}

/* Half of what this process may use: the server's own processes run on the same machine. */
static int threads(void)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) / 2 : 1;
	return n < 1 ? 1 : n > THREADS_MOST ? THREADS_MOST : n;
}

int promptwork_open(struct promptwork **out, struct settings *s, struct err *e)
{
	struct err why = {0};
	*out = NULL;
	if (s->prompts != PROMPTS_TEXT || s->mode == MODE_ACC)
		return 0;
	struct promptwork *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "out of memory");
	w->cancel.fd = -1;
	w->wanted = -1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	pthread_rwlockattr_t attr;
	pthread_rwlockattr_init(&attr);
	/* A load that wants to begin goes before the next prompt. */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&w->gate, &attr);
	pthread_rwlockattr_destroy(&attr);
	int rc = cancel_open(&w->cancel, &why);
	if (rc == 0)
		rc = tokenizer_open(&w->tokenizer, s->tokenizer_file, &why);
	if (rc == 0) {
		text_set(s->tokenizer_sha256, sizeof s->tokenizer_sha256, tokenizer_sha256(w->tokenizer));
		s->tokenizer_vocab = (int64_t)tokenizer_vocab_size(w->tokenizer);
		*out = w;
		return 0;
	}
	promptwork_close(w);
	if (s->prompts_given || s->tokenizer[0])
		return err_set(e, ERR_USAGE,
		        "the tokenizer cannot be used: %.380s. Name another by --tokenizer FILE, or use --prompts ids",
		        why.text);
	s->prompts = PROMPTS_IDS;
	s->tokenizer_file[0] = '\0';
	text_copy(s->tokenizer_missing, sizeof s->tokenizer_missing, why.text);
	return 0;
}

/* True when row i is to be made now; waits where its set would lie in memory beside another. */
static bool may_make(struct promptwork *w, int i)
{
	bool go = false;
	pthread_mutex_lock(&w->lock);
	while (!w->stop && w->wanted <= i) {
		bool memory = false;
		for (int k = 0; k < i; k++)
			memory = memory || (w->set[k] && w->in_memory[k]);
		go = !memory;
		if (go)
			break;
		pthread_cond_wait(&w->changed, &w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return go;
}

static void *work_main(void *arg)
{
	struct promptwork *w = arg;
	for (int i = 0; i < w->plan->n_cells && cancel_get(&w->cancel) == CANCEL_NONE; i++) {
		const struct plan_cell *c = &w->plan->cells[i];
		struct prompt_spec spec = {
		        .n = c->num_prompts,
		        .isl = c->isl,
		        .osl = c->osl,
		        .ratio = w->ratio,
		        .tokenizer = w->tokenizer,
		        .threads = threads(),
		        .cache = w->cache,
		        .cancel = &w->cancel,
		        .gate = &w->gate,
		};
		struct prompt_set *set = NULL;
		struct err e = {0};
		if (!may_make(w, i))
			continue; /* passed over, or the end */
		prompts_make(&set, &spec, &e);
		pthread_mutex_lock(&w->lock);
		w->set[i] = set;
		w->in_memory[i] = set && prompts_in_memory(set);
		w->error[i] = e;
		w->made[i] = true;
		pthread_cond_broadcast(&w->changed);
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

int promptwork_start(struct promptwork *w, const struct plan *plan, const struct settings *s, struct err *e)
{
	sigset_t all, old;
	w->plan = plan;
	w->ratio = s->ratio;
	if (!promptwork_cache(w->cache, sizeof w->cache, s->results_dir))
		w->cache[0] = '\0';
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* its helpers inherit that */
	int rc = pthread_create(&w->thread, NULL, work_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return err_sys(e, ERR_IO, rc, "the thread that makes prompts cannot be started");
	w->have_thread = true;
	return 0;
}

bool promptwork_ready(struct promptwork *w, int cell)
{
	pthread_mutex_lock(&w->lock);
	bool made = w->made[cell];
	pthread_mutex_unlock(&w->lock);
	return made;
}

/* Rows before `cell` will not be run any more: theirs are given back. With the lock held. */
static void pass_over(struct promptwork *w, int cell)
{
	if (w->wanted < cell)
		w->wanted = cell;
	for (int i = 0; i < cell; i++) {
		prompts_free(w->set[i]);
		w->set[i] = NULL;
	}
	pthread_cond_broadcast(&w->changed);
}

int promptwork_take(struct promptwork *w, int cell, struct cancel *cancel, struct prompt_set **out, struct err *e)
{
	int rc = 0;
	*out = NULL;
	pthread_mutex_lock(&w->lock);
	pass_over(w, cell);
	while (!w->made[cell] && cancel_get(cancel) == CANCEL_NONE) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WAIT_NS;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&w->changed, &w->lock, &until);
	}
	if (!w->made[cell])
		rc = err_set(e, ERR_CANCELLED, "stopped while prompts were being made");
	else if (!w->set[cell])
		rc = err_set(e, w->error[cell].code ? w->error[cell].code : ERR_NOMEM, "%s", w->error[cell].text);
	*out = w->set[cell];
	w->set[cell] = NULL;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	if (*out && (rc = prompts_warm(*out, e)) < 0) {
		prompts_free(*out);
		*out = NULL;
	}
	return rc;
}

void promptwork_hush(struct promptwork *w, bool hush)
{
	if (!w)
		return;
	if (hush)
		pthread_rwlock_wrlock(&w->gate);
	else
		pthread_rwlock_unlock(&w->gate);
}

void promptwork_close(struct promptwork *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	if (w->cancel.fd >= 0)
		cancel_raise(&w->cancel, CANCEL_NOW);
	if (w->have_thread)
		pthread_join(w->thread, NULL);
	for (int i = 0; i < PLAN_CELLS; i++)
		prompts_free(w->set[i]);
	if (w->cancel.fd >= 0)
		cancel_close(&w->cancel);
	tokenizer_close(w->tokenizer);
	pthread_rwlock_destroy(&w->gate);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
