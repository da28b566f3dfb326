#include "cli_watch.h"
#include "../engine/base/clock.h"
#include "../engine/base/text.h"
#include "../engine/event/journal.h"
#include "replay.h"
#include "report.h"
#include <stdlib.h>
#include <time.h>

#define FOLLOW_EVERY_MS 200
#define BEGIN_MS        3000

static void pause_a_little(void)
{
	struct timespec t = {.tv_nsec = FOLLOW_EVERY_MS * CLOCK_NS_PER_MS};
	nanosleep(&t, NULL);
}

int watch_find(const struct options *o, char *out, size_t cap, struct err *e)
{
	char clean[300];
	int rc = replay_find(o->n_args > 0 ? o->args[0] : NULL, o->settings.results_dir, true, out, cap, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	text_copy(clean, sizeof clean, o->settings.results_dir);
	return err_set(e, ERR_USAGE, "there is no run in %s: name its directory, or give --results-dir",
	        clean[0] == '.' && !clean[1] ? "this directory" : clean);
}

/* Opens the journal; a run that has just begun may not have written it yet. */
static int open_journal(struct journal_reader *j, const char *dir, struct err *e)
{
	for (;;) {
		bool was_alive = replay_is_alive(dir, NULL);
		int rc = journal_reader_open(j, dir, e);
		if (rc == 0 || !was_alive)
			return rc;
		pause_a_little();
	}
}

void watch_wait(const char *dir)
{
	struct replay *r = malloc(sizeof *r);
	for (int ms = 0; r && ms < BEGIN_MS && replay_is_alive(dir, NULL); ms += FOLLOW_EVERY_MS) {
		if (replay_read(r, dir, NULL) == 0)
			break;
		pause_a_little();
	}
	free(r);
}

/* What has been written since the last look. */
static int take_lines(struct journal_reader *j, struct report *r, struct err *e)
{
	struct event ev;
	int rc;
	while ((rc = journal_reader_next(j, &ev, e)) > 0)
		if (ev.kind != EV_NONE)
			report_event(r, &ev);
	return rc;
}

/* run_finished may be followed by a resume or a later post, so the end is looked for when all lines are read. */
static int follow(struct journal_reader *j, struct report *r, const char *dir)
{
	struct err e = {0};
	for (;;) {
		long pid = 0;
		bool was_alive = replay_is_alive(dir, &pid); /* asked before reading: the last lines are not missed */
		if (take_lines(j, r, &e) < 0) {
			fprintf(stderr, "benchtop: %s\n", e.text);
			return 2;
		}
		int64_t status = r->board->end.exit_status;
		if (r->board->finished || r->broken)
			return r->board->finished && status >= 0 && status <= 255 ? (int)status : 2;
		if (!was_alive) {
			fflush(r->out);
			if (r->board->have_run)
				fprintf(stderr,
				        "benchtop: the process that measured (pid %lld) ended without finishing the run; what it measured is in %s\n",
				        (long long)r->board->run.pid, dir);
			else
				fprintf(stderr, "benchtop: the journal in %s holds no run\n", dir);
			return 2;
		}
		pause_a_little();
	}
}

int cli_watch(const char *dir, bool json, FILE *out)
{
	struct journal_reader j;
	struct report r;
	struct err e = {0};
	int rc = report_open(&r, out, json, &e);
	if (rc == 0 && (rc = open_journal(&j, dir, &e)) < 0)
		report_close(&r);
	if (rc < 0) {
		fprintf(stderr, "benchtop: %s\n", e.text);
		return rc == ERR_USAGE ? 1 : 2;
	}
	int status = follow(&j, &r, dir);
	journal_reader_close(&j);
	report_close(&r);
	return status;
}
