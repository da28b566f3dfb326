#include "plain.h"

#include "../engine/run/rundir.h"
#include "../engine/server/watcher.h"
#include "cli_watch.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define LOOK_TIMEOUT_MS 2000

/* Ctrl-C ends this process only: the run is another's. */
static int follow(const char *dir, long pid)
{
	printf("following the run in %s, measured by pid %ld; Ctrl-C stops following, kill -INT %ld stops the run\n",
	        dir, pid, pid);
	return cli_watch(dir, false, stdout);
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
