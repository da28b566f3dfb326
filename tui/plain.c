#include "plain.h"

#include "../engine/base/clock.h"
#include "../engine/base/file.h"
#include "../engine/event/journal.h"
#include "../engine/run/rundir.h"
#include "../engine/server/watcher.h"
#include "report.h"
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FOLLOW_EVERY_MS 200
#define LOOK_TIMEOUT_MS 2000

static bool is_alive(const char *dir)
{
	char path[600];

	return path_join(path, sizeof path, dir, "run.lock") && file_lock_held(path, NULL);
}

/* Gives out the events that are there; true when the last of them ended the run. */
static bool take_events(struct journal_reader *j, struct report *r, int *status)
{
	struct event ev;

	while (journal_reader_next(j, &ev, NULL) > 0) {
		report_event(r, &ev);
		if (ev.kind == EV_run_finished) {
			*status = (int)ev.u.run_finished.exit_status;
			return true;
		}
	}
	fflush(r->out);
	return false;
}

/* Ctrl-C ends this process only: the run is another's. */
static int follow(const char *dir, long pid)
{
	struct journal_reader j;
	struct report r;
	struct err e = {0};
	struct timespec pause = {.tv_nsec = FOLLOW_EVERY_MS * CLOCK_NS_PER_MS};
	int status = 2;

	if (report_open(&r, stdout, false, &e) < 0 || journal_reader_open(&j, dir, &e) < 0) {
		fprintf(stderr, "benchtop: %s\n", e.text);
		report_close(&r);
		return 2;
	}
	printf("following the run in %s, measured by pid %ld; Ctrl-C stops following, kill -INT %ld stops the run\n",
	        dir, pid, pid);
	for (;;) {
		bool alive = is_alive(dir); /* asked before reading, so that the last lines are not missed */
		if (take_events(&j, &r, &status))
			break;
		if (!alive) {
			printf("the process that measured ended without finishing the run; what it measured is in %s\n",
			        dir);
			break;
		}
		nanosleep(&pause, NULL);
	}
	journal_reader_close(&j);
	report_close(&r);
	return status;
}

static void print_server(const struct options *o)
{
	struct ev_server_seen s;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	server_look(o->settings.base_url, o->secrets.openai_key, LOOK_TIMEOUT_MS, NULL, &s);
	printf("server %s: %s", o->settings.base_url, server_phase_word((int)s.phase));
	if (s.model[0])
		printf(", %s", s.model);
	if (s.version[0])
		printf(", version %s", s.version);
	if (s.text[0])
		printf(" (%s)", s.text);
	printf("\n");
}

static void print_commands(const struct options *o)
{
	const char *demo = o->settings.demo ? " --demo" : "";

	printf("no run is alive in %s\n", o->settings.results_dir);
	printf("these run in plain lines:\n");
	printf("  benchtop perf%s         accuracy and load; nothing is posted\n", demo);
	printf("  benchtop acc%s          accuracy only\n", demo);
	printf("  benchtop submit%s TEAM  accuracy, load, and the result posted to the board\n", demo);
	printf("  benchtop --help%*s        everything else\n", (int)strlen(demo), "");
}

int plain_run(const struct options *o, const char *why)
{
	char dir[512];
	long pid = 0;

	fprintf(stderr, "benchtop: %s\n", why);
	if (rundir_find_alive(o->settings.results_dir, dir, sizeof dir, &pid))
		return follow(dir, pid);
	/* The demo's server lives only as long as a run or a screen. */
	if (!o->settings.demo)
		print_server(o);
	print_commands(o);
	return 0;
}
