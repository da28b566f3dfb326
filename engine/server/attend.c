#include "attend.h"
#include "../base/clock.h"
#include "../base/text.h"
#include "../log/tail.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIND_EVERY    (10 * CLOCK_NS_PER_S)
#define OUTSIDE_EVERY (60 * CLOCK_NS_PER_S) /* every descriptor of every process is looked at for it */
#define STEP_TOLD     0.01                  /* of progress */
#define CLOCKS_S      5                     /* stamps are whole seconds of another process */

static double now_s(const struct attend *a)
{
	return (double)(clock_mono_ns() - a->begun_ns) / 1e9;
}

/* A time as line_stamp counts it: stamps are local time. */
static int64_t stamp_of(int64_t wall_ns)
{
	char text[40];
	struct tm tm;
	time_t t = (time_t)(wall_ns / CLOCK_NS_PER_S);
	int64_t seconds;
	if (wall_ns <= 0 || !localtime_r(&t, &tm) || strftime(text, sizeof text, "[%Y-%m-%d %H:%M:%S]", &tm) == 0 ||
	        !line_stamp(text, &seconds))
		return -1;
	return seconds;
}

/* "--model-path=X" or "--model X" of a command line. */
static void model_of(const char *command, char *out, size_t cap)
{
	const char *at = strstr(command, "--model");
	out[0] = '\0';
	if (!at)
		return;
	at += strcspn(at, "= ");
	if (!*at)
		return;
	at++;
	snprintf(out, cap, "%.*s", (int)strcspn(at, " "), at);
}

static void begin(struct attend *a, const struct instance *i)
{
	struct startup_history h;
	memset(a, 0, sizeof *a);
	a->instance = *i;
	a->have = true;
	int64_t begun = i->begun_wall_ns > 0 ? i->begun_wall_ns : clock_wall_ns();
	a->begun_ns = clock_mono_ns() - (clock_wall_ns() - begun);
	a->begun_stamp = stamp_of(i->begun_wall_ns);
	if (i->ours)
		text_set(a->model, sizeof a->model, i->record.model);
	else
		model_of(i->process.command, a->model, sizeof a->model);
	startup_history_load(&h, a->model);
	startup_init(&a->startup, &h);
}

static bool same_start(const struct attend *a, const struct instance *i)
{
	return a->have && a->instance.key_pid == i->key_pid && a->instance.key_ticks == i->key_ticks &&
	       a->instance.ours == i->ours;
}

void attend_soon(struct attend *a)
{
	a->find_ns = 0;
}

bool attend_find(struct attend *a, const char *base_url, bool answers)
{
	struct instance i;
	bool alive = a->have && !a->gone && instance_alive(NULL, &a->instance);
	if (alive && a->instance.state == INSTANCE_LISTENING)
		return false;
	if (a->have && !a->gone && !alive) {
		a->gone = true;
		a->find_ns = 0;
	}
	bool searching = !alive && (!answers || a->instance.state == INSTANCE_OUTSIDE);
	if (searching && clock_mono_ns() < a->find_ns)
		return false;
	instance_find(NULL, base_url, &i);
	a->find_ns = clock_mono_ns() + (i.state == INSTANCE_OUTSIDE ? OUTSIDE_EVERY : FIND_EVERY);
	if (i.state != INSTANCE_STARTING && i.state != INSTANCE_LISTENING) {
		if (!a->have)
			a->instance = i; /* for its words */
		return false;
	}
	if (!same_start(a, &i)) {
		begin(a, &i);
		return true;
	}
	/* On its way from its launcher to the one that listens: another process, the same start. */
	bool other_log = strcmp(a->instance.log.path, i.log.path) != 0;
	a->instance = i;
	a->gone = false;
	return other_log;
}

void attend_line(struct attend *a, const char *line, bool live)
{
	int64_t stamp;
	double at = now_s(a);
	if (!a->have)
		return;
	if (line_stamp(line, &stamp) && a->begun_stamp >= 0) {
		double by_stamp = (double)(stamp - a->begun_stamp);
		if (by_stamp >= 0 && by_stamp <= at + CLOCKS_S)
			a->line_s = by_stamp < at ? by_stamp : at;
	}
	startup_line(&a->startup, line, live ? at : a->line_s);
}

/* ---- what is told ---- */

static bool is_starting(const struct attend *a)
{
	return a->have && !a->gone && !a->was_ready;
}

static void put_start(struct attend *a, struct ev_server_seen *s)
{
	char words[240];
	double at = now_s(a);
	s->phase = SERVER_STARTING;
	text_copy(s->text, sizeof s->text, startup_words(&a->startup, words, sizeof words));
	s->progress = startup_progress(&a->startup, at);
	if (a->startup.step == STEP_READY) /* its line came, /health is still to say so */
		s->progress = 0.99;
	s->eta_s = startup_eta(&a->startup, at);
	s->step_s = startup_step_s(&a->startup, at);
	s->step_last_s = startup_step_last_s(&a->startup);
	text_set(a->told, sizeof a->told, s->text);
	a->told_progress = s->progress;
	a->followed = true;
}

static void put_failure(struct attend *a, struct ev_server_seen *s)
{
	char reason[300], took[16];
	if (!a->failed[0]) {
		death_words(&a->startup.death, reason, sizeof reason);
		snprintf(a->failed, sizeof a->failed, "the start failed after %s: %.380s",
		        clock_duration(now_s(a), took), reason[0] ? reason : a->startup.last);
	}
	text_copy(s->text, sizeof s->text, a->failed);
}

static void keep_durations(struct attend *a)
{
	if (a->followed && !a->saved) {
		startup_ready(&a->startup, now_s(a));
		startup_history_save(
		        &a->startup, a->model, NULL); /* without it the next start has no ETA, that is all */
	}
	a->saved = true;
}

void attend_apply(struct attend *a, struct ev_server_seen *s)
{
	char words[480];
	if (!a->have) {
		if (a->instance.state == INSTANCE_OUTSIDE)
			text_copy(s->log_note, sizeof s->log_note,
			        instance_words(&a->instance, s->url, words, sizeof words));
		return;
	}
	if (s->phase == SERVER_READY) {
		keep_durations(a);
		a->was_ready = true;
	}
	if (!a->gone) {
		s->pid = a->instance.process.pid;
		s->uptime_s = now_s(a);
		text_set(s->log_note, sizeof s->log_note, a->instance.log.words);
		text_copy(s->log_out, sizeof s->log_out, a->instance.log.other);
	}
	if (is_starting(a) && (s->phase == SERVER_ABSENT || s->phase == SERVER_STARTING))
		put_start(a, s);
	else if (a->gone && !a->was_ready && a->followed && s->phase == SERVER_ABSENT)
		put_failure(a, s);
}

bool attend_moved(struct attend *a, struct ev_server_seen *s)
{
	char words[240];
	if (!is_starting(a) || !a->followed || s->phase != SERVER_STARTING)
		return false;
	startup_words(&a->startup, words, sizeof words);
	if (strcmp(words, a->told) == 0 && startup_progress(&a->startup, now_s(a)) < a->told_progress + STEP_TOLD)
		return false;
	put_start(a, s);
	return true;
}
