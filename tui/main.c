/* benchtop: chooses between the dashboard and the commands without a screen, and holds the process together. */
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/run/rundir.h"
#include "backend.h"
#include "cli_compare.h"
#include "cli_curve.h"
#include "cli_doctor.h"
#include "cli_post.h"
#include "cli_results.h"
#include "cli_resume.h"
#include "cli_run.h"
#include "cli_server.h"
#include "cli_shot.h"
#include "cli_watch.h"
#include "keeper.h"
#include "keys.h"
#include "manpage.h"
#include "options.h"
#include "plain.h"
#include "replay.h"
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
	sigset_t set;

	if (board->have_run)
		path_join(log, sizeof log, board->run.dir, "detached.log");
	snprintf(sentence, sizeof sentence,
	        "benchtop: the run goes on as pid %ld%s%s. `benchtop%s` follows it again; kill -INT %ld stops it after the requests in flight.",
	        (long)getpid(), board->have_run ? " in " : "", board->have_run ? board->run.dir : "",
	        board->run.demo ? " --demo" : "", (long)getpid());
	keeper_detach(k, sentence, log);
	/* The shell that goes down with the terminal hangs up on its jobs, too: that is no order to stop. */
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	signalfd(sigfd, &set, 0);
	FILE *out = fdopen(STDOUT_FILENO, "a");
	if (report_open(&r, out ? out : stdout, false, &e) < 0)
		return 2;
	*r.board = *board;
	int status = board->finished ? 0 : cli_follow_engine(b->engine, b->events, &r, sigfd);
	report_close(&r);
	return status;
}

/* What the dashboard opens once its first frame is on the screen. */
struct session {
	const struct options *o;
	const struct track *t;
	struct mailbox *events;
	struct backend b;
	bool following; /* a run is alive already, in `alive`, measured by pid */
	char alive[512];
	long pid;
};

static int session_open(void *ctx, struct settings *s, struct err *e)
{
	struct session *x = ctx;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (x->following)
		return backend_follow(&x->b, x->t, &x->o->secrets, x->alive, x->pid, x->events, e);
	return backend_open(&x->b, x->t, &x->o->secrets, s, x->events, e);
}

static int session_command(void *ctx, const struct command *c, struct err *e)
{
	struct session *x = ctx;

	return backend_command(&x->b, c, e);
}

static int run_ui(struct session *x, struct keeper *k, int sigfd)
{
	const struct options *o = x->o;
	struct board *board = malloc(sizeof *board);
	struct err e = {0};
	enum ui_exit how = UI_EXIT_QUIT;
	int status = 0;

	if (!board)
		return 2;
	board_init(board);
	struct ui_config cfg = {
	        .track = x->t,
	        .settings = o->settings,
	        .term = {.colors = o->no_color ? 1 : o->colors,
	                .ascii = o->ascii || !term_is_utf8(),
	                .mouse = o->mouse,
	                .stray_fd = k->stray_fd,
	                .shared = k->shared},
	        .fps = o->fps > 0 ? o->fps : 12,
	        .following = x->following,
	        .signal_fd = sigfd,
	        .backend = {.ctx = x, .events = x->events, .open = session_open, .command = session_command},
	        .board = board,
	};
	text_set(cfg.theme, sizeof cfg.theme, o->theme);
	if (ui_run(&cfg, &how, &e) < 0) {
		status = fail(&e);
	} else if (x->b.engine && engine_running(x->b.engine) && (how == UI_EXIT_DETACH || how == UI_EXIT_LOST)) {
		status = go_on(&x->b, board, k, sigfd);
	} else if (how == UI_EXIT_TERM) {
		status = 128 + SIGTERM;
	}
	free(board);
	return status;
}

/* Demo runs have a place of their own unless a directory was chosen. */
static int place_demo(struct options *o, struct err *e)
{
	if (!o->settings.demo || strcmp(o->settings.results_dir, ".") != 0)
		return 0;
	return demo_results_dir(o->settings.results_dir, sizeof o->settings.results_dir, e);
}

/* On the server of the settings, or on a run that is alive already; `watched` names the run to look at, alive or not. */
static int dashboard(struct options *o, const struct track *t, const char *watched)
{
	static struct session x;
	struct keeper k;
	struct err e = {0};

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		err_set(&e, ERR_USAGE,
		        "the dashboard needs a terminal; `benchtop acc`, `perf` and `submit` run without one (benchtop --help)");
		return fail(&e);
	}
	if (place_demo(o, &e) < 0)
		return fail(&e);
	if (settings_check(&o->settings, t, false, &e) < 0 ||
	        (!watched && settings_prompts(&o->settings, env, NULL, &e) < 0))
		return fail(&e);
	struct term_options probe = {.colors = o->no_color ? 1 : o->colors};
	if (term_check(&probe, &e) < 0 && !watched)
		return plain_run(o, e.text);
	if (e.code) {
		fprintf(stderr, "benchtop: %s\n", e.text);
		return cli_watch(watched, false, stdout);
	}
	if (keeper_start(&k, &e) < 0)
		return fail(&e);
	int sigfd = signals_for_ui();
	x.o = o;
	x.t = t;
	x.following = watched || rundir_find_alive(o->settings.results_dir, x.alive, sizeof x.alive, &x.pid);
	if (watched) {
		text_set(x.alive, sizeof x.alive, watched);
		replay_is_alive(watched, &x.pid);
	}
	int rc = mailbox_open(&x.events, sizeof(struct event), 8192, EV_count, &e);
	int status = rc < 0 ? fail(&e) : run_ui(&x, &k, sigfd);
	backend_close(&x.b);
	if (x.events)
		mailbox_close(x.events);
	return status;
}

/* `watch`: the dashboard in a terminal, else lines. The run says which track, server and pairs it is about. */
static int watch(struct options *o)
{
	static struct replay replay; /* a board is large */
	static struct track track;
	struct err e = {0};
	char dir[512];

	if (place_demo(o, &e) < 0 || watch_find(o, dir, sizeof dir, &e) < 0)
		return fail(&e);
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (o->output != OUTPUT_TUI && (o->output != OUTPUT_AUTO || !terminal))
		return cli_watch(dir, o->output == OUTPUT_JSON, stdout);
	watch_wait(dir);
	if (replay_read(&replay, dir, &e) < 0 || replay_track(&replay.board, o->track, &track, &e) < 0)
		return fail(&e);
	replay_settings(&replay.board, &track, &o->settings);
	return dashboard(o, &track, dir);
}

static int shot(struct options *o)
{
	struct err e = {0};

	return place_demo(o, &e) < 0 ? fail(&e) : cli_shot(o);
}

static int headless(struct options *o, const struct track *t)
{
	struct err e = {0};

	if (place_demo(o, &e) < 0)
		return fail(&e);
	return cli_run(o, t);
}

static int doctor(struct options *o, const struct track *t)
{
	struct err e = {0};

	return place_demo(o, &e) < 0 ? fail(&e) : cli_doctor(o, t);
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
	if (o->tell == TELL_MAN)
		manpage_text(&b);
	else if (o->tell == TELL_CONFIG)
		options_default_config(&b);
	else
		options_help_text(&b, about);
	fputs(buf_text(&b), stdout);
	buf_free(&b);
	return 0;
}

/* Files, environment, arguments; the keys are set before any thread exists. */
static int take_options(struct options *o, int argc, char **argv, struct err *e)
{
	static struct config conf;

	config_init(&conf);
	config_load(&conf, env, NULL); /* its error is told by options_parse, unless help was asked for */
	int rc = options_parse(o, argc, argv, env, NULL, &conf, e);
	if (rc == 0 && o->cmd != CLI_HELP && o->cmd != CLI_VERSION)
		rc = keys_apply(&conf, e);
	config_free(&conf);
	return rc;
}

int main(int argc, char **argv)
{
	static struct options o; /* large, and its secrets are cleared at the end */
	static struct track track;
	struct err e = {0};
	int status;

	choose_locale();
	if (take_options(&o, argc, argv, &e) < 0)
		return fail(&e);
	if (o.cmd == CLI_HELP)
		return print_help(&o);
	if (o.cmd == CLI_VERSION) {
		printf("benchtop %s (%s)\n", BENCHTOP_VERSION, curl_version());
		return 0;
	}
	if (o.cmd == CLI_RESULTS) { /* of any track, and nothing goes over a network */
		status = cli_results(&o);
		explicit_bzero(&o.secrets, sizeof o.secrets);
		return status;
	}
	if (o.cmd == CLI_COMPARE) { /* files only */
		status = cli_compare(&o);
		explicit_bzero(&o.secrets, sizeof o.secrets);
		return status;
	}
	if (o.cmd == CLI_WATCH || o.cmd == CLI_SHOT || o.cmd == CLI_CURVE ||
	        o.cmd == CLI_RESUME) { /* the run names its track */
		curl_global_init(CURL_GLOBAL_DEFAULT);
		status = o.cmd == CLI_WATCH    ? watch(&o)
		         : o.cmd == CLI_CURVE  ? cli_curve(&o)
		         : o.cmd == CLI_RESUME ? cli_resume(&o)
		                               : shot(&o);
		explicit_bzero(&o.secrets, sizeof o.secrets);
		curl_global_cleanup();
		return status;
	}
	if (track_load(&track, o.settings.demo && !o.track[0] ? "demo" : o.track, &e) < 0)
		return fail(&e);
	/* The dashboard does so after its first frame, and not before it has forked. */
	if (o.cmd != CLI_DASHBOARD && o.output != OUTPUT_TUI)
		curl_global_init(CURL_GLOBAL_DEFAULT);
	switch (o.cmd) {
	case CLI_DASHBOARD:
		status = dashboard(&o, &track, NULL);
		break;
	case CLI_ACC:
	case CLI_PERF:
	case CLI_SUBMIT:
		status = o.output == OUTPUT_TUI ? dashboard(&o, &track, NULL) : headless(&o, &track);
		break;
	case CLI_POST:
		status = cli_post(&o);
		break;
	case CLI_SERVER:
		status = cli_server(&o, &track);
		break;
	case CLI_DOCTOR:
		status = doctor(&o, &track);
		break;
	default:
		err_set(&e, ERR_USAGE,
		        "the command '%s' is not part of this version yet: acc, perf, submit and the dashboard are",
		        options_command_word(o.cmd));
		status = fail(&e);
		break;
	}
	explicit_bzero(&o.secrets, sizeof o.secrets);
	curl_global_cleanup();
	return status;
}
