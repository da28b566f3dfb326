/* benchtop: chooses between the dashboard and the commands without a screen, and holds the process together. */
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/run/rundir.h"
#include "backend.h"
#include "cli_post.h"
#include "cli_run.h"
#include "keeper.h"
#include "options.h"
#include "term/term.h"
#include "ui.h"
#include <curl/curl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const char *env(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static int fail(const struct err *e)
{
	fprintf(stderr, "benchtop: %s\n", e->text);
	return e->code == ERR_USAGE || e->code == 0 ? 1 : 2;
}

/* Containers often have no locale at all; that means "nobody chose", not "ASCII". LC_NUMERIC stays C for every number. */
static void choose_locale(void)
{
	const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	bool chosen = false;

	for (size_t i = 0; i < 3; i++) {
		const char *v = getenv(names[i]);
		chosen = chosen || (v && v[0]);
	}
	if (!setlocale(LC_CTYPE, chosen ? "" : "C.UTF-8"))
		setlocale(LC_CTYPE, "C.UTF-8");
}

static int signals_for_ui(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* The run goes on without a screen: plain lines into the run directory until it is over. */
static int go_on(struct backend *b, struct board *board, struct keeper *k, int sigfd)
{
	struct report r;
	struct err e = {0};
	char sentence[680], log[600] = "";

	if (board->have_run)
		path_join(log, sizeof log, board->run.dir, "detached.log");
	snprintf(sentence, sizeof sentence,
		"benchtop: the run goes on as pid %ld%s%s. `benchtop%s` follows it again; kill -INT %ld stops it after the requests in flight.",
		(long)getpid(), board->have_run ? " in " : "", board->have_run ? board->run.dir : "",
		board->run.demo ? " --demo" : "", (long)getpid());
	keeper_detach(k, sentence, log);
	FILE *out = fdopen(STDOUT_FILENO, "a");
	if (report_open(&r, out ? out : stdout, false, &e) < 0)
		return 2;
	*r.board = *board;
	int status = board->finished ? 0 : cli_follow_engine(b->engine, b->events, &r, sigfd);
	report_close(&r);
	return status;
}

static int run_ui(struct options *o, const struct track *t, struct backend *b, struct mailbox *events, struct keeper *k,
	bool following, int sigfd)
{
	struct board *board = malloc(sizeof *board);
	struct err e = {0};
	enum ui_exit how = UI_EXIT_QUIT;
	int status = 0;

	if (!board)
		return 2;
	board_init(board);
	struct ui_config cfg = {
		.track = t,
		.settings = o->settings,
		.term = {.colors = o->no_color ? 1 : o->colors, .ascii = o->ascii || !term_is_utf8(), .mouse = o->mouse},
		.fps = o->fps > 0 ? o->fps : 12,
		.following = following,
		.signal_fd = sigfd,
		.backend = {.ctx = b, .events = events, .command = backend_command},
		.board = board,
	};
	text_set(cfg.theme, sizeof cfg.theme, o->theme);
	int rc = ui_run(&cfg, &how, &e);
	if (how != UI_EXIT_LOST)
		keeper_closed(k);
	if (rc < 0) {
		status = fail(&e);
	} else if (b->engine && engine_running(b->engine) && (how == UI_EXIT_DETACH || how == UI_EXIT_LOST)) {
		status = go_on(b, board, k, sigfd);
	} else if (how == UI_EXIT_TERM) {
		status = 128 + SIGTERM;
	}
	free(board);
	return status;
}

static int dashboard(struct options *o, const struct track *t)
{
	struct backend b = {0};
	struct mailbox *events = NULL;
	struct keeper k;
	struct err e = {0};
	char alive[512];
	long pid = 0;
	int rc;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		err_set(&e, ERR_USAGE, "the dashboard needs a terminal; `benchtop acc`, `perf` and `submit` run without one (benchtop --help)");
		return fail(&e);
	}
	if (o->settings.demo && strcmp(o->settings.results_dir, ".") == 0 &&
		demo_results_dir(o->settings.results_dir, sizeof o->settings.results_dir, &e) < 0)
		return fail(&e);
	if (settings_check(&o->settings, t, false, &e) < 0 || keeper_start(&k, &e) < 0)
		return fail(&e);
	int sigfd = signals_for_ui();
	bool following = rundir_find_alive(o->settings.results_dir, alive, sizeof alive, &pid);
	rc = mailbox_open(&events, sizeof(struct event), 8192, EV_count, &e);
	if (rc == 0)
		rc = following ? backend_follow(&b, t, &o->secrets, alive, pid, events, &e) :
				 backend_open(&b, t, &o->secrets, &o->settings, events, &e);
	int status = rc < 0 ? fail(&e) : run_ui(o, t, &b, events, &k, following, sigfd);
	backend_close(&b);
	if (events)
		mailbox_close(events);
	return status;
}

static int headless(struct options *o, const struct track *t)
{
	struct err e = {0};

	if (o->settings.demo && strcmp(o->settings.results_dir, ".") == 0 &&
		demo_results_dir(o->settings.results_dir, sizeof o->settings.results_dir, &e) < 0)
		return fail(&e);
	return cli_run(o, t);
}

static int print_help(const struct options *o)
{
	struct buf b;

	enum cli_command about = CLI_HELP;

	/* `help perf` and `perf -h` are the same text. */
	for (int i = 0; o->n_args > 0 && i < CLI_count; i++)
		if (strcmp(options_command_word((enum cli_command)i), o->args[0]) == 0)
			about = (enum cli_command)i;
	buf_init(&b, 256 * 1024);
	options_help_text(&b, about);
	fputs(buf_text(&b), stdout);
	buf_free(&b);
	return 0;
}

int main(int argc, char **argv)
{
	static struct options o; /* large, and its secrets are cleared at the end */
	static struct track track;
	struct err e = {0};
	int status;

	choose_locale();
	if (options_parse(&o, argc, argv, env, NULL, &e) < 0)
		return fail(&e);
	if (o.cmd == CLI_HELP)
		return print_help(&o);
	if (o.cmd == CLI_VERSION) {
		printf("benchtop %s (%s)\n", BENCHTOP_VERSION, curl_version());
		return 0;
	}
	if (o.restart_server) {
		err_set(&e, ERR_USAGE, "--restart-server is not part of this version yet: restart the server, then use --wait-server 30m");
		return fail(&e);
	}
	if (track_load(&track, o.settings.demo && !o.track[0] ? "demo" : o.track, &e) < 0)
		return fail(&e);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	switch (o.cmd) {
	case CLI_DASHBOARD:
		status = dashboard(&o, &track);
		break;
	case CLI_ACC:
	case CLI_PERF:
	case CLI_SUBMIT:
		status = o.output == OUTPUT_TUI ? dashboard(&o, &track) : headless(&o, &track);
		break;
	case CLI_POST:
		status = cli_post(&o);
		break;
	default:
		err_set(&e, ERR_USAGE, "the command '%s' is not part of this version yet: acc, perf, submit and the dashboard are",
			options_command_word(o.cmd));
		status = fail(&e);
		break;
	}
	explicit_bzero(&o.secrets, sizeof o.secrets);
	curl_global_cleanup();
	return status;
}
