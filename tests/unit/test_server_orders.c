/* The engine's orders about the server, against the stand-in: start, restart in mid-start, stop in mid-run, and refusals.
 * Needs the simulator (BENCHTOP_SIM, else build/release/benchtop-sim) and python3; skipped with a message without them. */
#include "../../engine/base/mailbox.h"
#include "../../engine/base/text.h"
#include "../../engine/run/engine.h"
#include "../../engine/server/instance.h"
#include "test_server_sim.h"
#include <curl/curl.h>
#include <limits.h>
#include <math.h>
#include <netinet/in.h>
#include <sys/socket.h>

static struct {
	struct track track;
	struct secrets secrets;
	struct settings settings;
	struct mailbox *box;
	struct engine *engine;
	char dir[64];
	/* what came */
	struct ev_server_seen server;
	char notices[16384];
	char logs[8][512];
	int n_logs, n_finished, finished_status;
	enum run_phase phase;
} x;

static void take(const struct event *ev)
{
	size_t at = strlen(x.notices);
	if (ev->kind == EV_server_seen) {
		x.server = ev->u.server_seen;
		if (x.server.log[0] && x.n_logs < 8 &&
		        (x.n_logs == 0 || strcmp(x.logs[x.n_logs - 1], x.server.log) != 0))
			snprintf(x.logs[x.n_logs++], sizeof x.logs[0], "%s", x.server.log);
	} else if (ev->kind == EV_notice) {
		snprintf(x.notices + at, sizeof x.notices - at, "%s\n", ev->u.notice.text);
	} else if (ev->kind == EV_phase_started) {
		x.phase = ev->u.phase_started.phase;
	} else if (ev->kind == EV_run_finished) {
		x.n_finished++;
		x.finished_status = (int)ev->u.run_finished.exit_status;
	}
}

static void drain(void)
{
	struct event ev;
	mailbox_drain_fd(x.box);
	while (mailbox_take(x.box, &ev))
		take(&ev);
}

/* Until the condition holds, with a deadline that only a hang reaches. */
#define WAIT_FOR(condition)                                                                                            \
	do {                                                                                                           \
		int64_t end_ns = clock_mono_ns() + 100 * CLOCK_NS_PER_S;                                               \
		drain();                                                                                               \
		while (!(condition) && clock_mono_ns() < end_ns) {                                                     \
			struct pollfd p_ = {.fd = mailbox_fd(x.box), .events = POLLIN};                                \
			poll(&p_, 1, 20);                                                                              \
			drain();                                                                                       \
		}                                                                                                      \
		if (!(condition))                                                                                      \
			fail_msg("%s: %s \"%s\"\n%s", #condition, server_phase_word((int)x.server.phase),              \
			        x.server.text, x.notices);                                                             \
	} while (0)

static bool said(const char *text)
{
	return strstr(x.notices, text) != NULL;
}

static void order(enum command_kind kind, bool force)
{
	static struct command c; /* large */
	c = (struct command){.kind = kind, .settings = x.settings, .force = force};
	engine_command(x.engine, &c);
}

static int free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static const char *no_variable(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static void prepare(void)
{
	char sim[PATH_MAX], standin[PATH_MAX];
	struct err e = {0};
	struct settings *s = &x.settings;
	memset(&x, 0, sizeof x);
	if (!realpath(sim_binary(), sim) || !realpath("tests/e2e/standin_server", standin) ||
	        access("/usr/bin/env", X_OK) != 0) {
		print_message(
		        "no simulator or no stand-in: skipped (make benchtop-sim, run in the source directory)\n");
		skip();
	}
	snprintf(x.dir, sizeof x.dir, "/tmp/benchtop-orders-XXXXXX");
	assert_non_null(mkdtemp(x.dir));
	setenv("STANDIN_SIM", sim, 1);
	setenv("STANDIN_SERVER", standin, 1);
	setenv("STANDIN_TMP", x.dir, 1);
	setenv("STANDIN_STEP", "0.02", 1);
	setenv("XDG_CACHE_HOME", x.dir, 1);
	assert_int_equal(track_load(&x.track, "", &e), 0);
	assert_int_equal(settings_from_env(s, &x.secrets, no_variable, NULL, &e), 0);
	text_set(s->model, sizeof s->model, x.track.model);
	snprintf(s->base_url, sizeof s->base_url, "http://127.0.0.1:%d", free_port());
	text_set(s->server_script, sizeof s->server_script, "tests/e2e/standin_launch.sh");
	text_set(s->results_dir, sizeof s->results_dir, x.dir);
	s->accuracy = ACCURACY_SKIP;
	s->batch = true;
	s->pairs[0][0] = s->pairs[0][1] = 1024;
	s->picks[0] = 4;
	s->n_pairs = s->n_picks = 1;
	assert_int_equal(mailbox_open(&x.box, sizeof(struct event), 4096, EV_count, &e), 0);
	if (engine_start(&x.engine, &x.track, &x.secrets, x.box, true, &e))
		fail_msg("%s", e.text);
	order(CMD_WATCH, false);
}

static int clean_up(void **state)
{
	(void)state;
	struct instance i;
	engine_stop(x.engine);
	/* what a failed test left */
	instance_find(NULL, x.settings.base_url, &i);
	if (i.ours && i.record.pid > 1)
		kill(-i.record.pid, SIGKILL);
	for (int n = 0; n < x.n_logs; n++)
		unlink(x.logs[n]);
	if (x.box)
		mailbox_close(x.box);
	if (x.dir[0]) {
		pid_t pid = fork();
		if (pid == 0) {
			execlp("rm", "rm", "-rf", x.dir, (char *)NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static void orders(void **state)
{
	(void)state;
	struct instance i;
	prepare();
	order(CMD_SERVER_STOP, false);
	WAIT_FOR(said("nothing is there to stop") && !engine_serving(x.engine));
	assert_int_equal(engine_serve_result(x.engine), 0);

	order(CMD_SERVER_START, false);
	WAIT_FOR(x.server.phase == SERVER_STARTING && x.server.progress > 0.2);
	assert_true(x.server.pid > 0 && x.server.log[0]);
	order(CMD_SERVER_START, false);
	WAIT_FOR(said("being started or stopped already"));
	/* the waiting for a start ends for a restart */
	order(CMD_SERVER_RESTART, false);
	WAIT_FOR(said("server: ending the start of pid"));
	WAIT_FOR(!engine_serving(x.engine));
	assert_int_equal(engine_serve_result(x.engine), 0);
	WAIT_FOR(x.server.phase == SERVER_READY);
	assert_int_equal(x.n_logs, 2);
	assert_true(isnan(x.server.progress));
	order(CMD_SERVER_START, false);
	WAIT_FOR(said("is held by pid"));
	WAIT_FOR(!engine_serving(x.engine));
	assert_int_equal(engine_serve_result(x.engine), ERR_USAGE);

	/* in mid-run only when it is meant */
	order(CMD_START, false);
	WAIT_FOR(x.phase == PHASE_LOAD);
	order(CMD_SERVER_STOP, false);
	WAIT_FOR(said("a run is in progress on it"));
	assert_int_equal(x.n_finished, 0);
	order(CMD_SERVER_STOP, true);
	WAIT_FOR(x.n_finished == 1);
	assert_int_equal(x.finished_status, 130);
	WAIT_FOR(said("server: stopped cleanly") && !engine_serving(x.engine));
	WAIT_FOR(x.server.phase == SERVER_ABSENT);
	instance_find(NULL, x.settings.base_url, &i);
	assert_int_equal(i.state, INSTANCE_NONE);
}

/* A run that waits for a server starts when one is ready, whoever starts it. */
static void armed(void **state)
{
	(void)state;
	prepare();
	x.settings.wait_server_ms = 90000;
	order(CMD_START, false);
	WAIT_FOR(x.phase == PHASE_SERVER_WAIT);
	order(CMD_SERVER_START, false);
	WAIT_FOR(x.phase == PHASE_LOAD);
	WAIT_FOR(!engine_serving(x.engine));
	order(CMD_SERVER_RESTART, true);
	WAIT_FOR(x.n_finished == 1);
	WAIT_FOR(!engine_serving(x.engine));
	assert_int_equal(engine_serve_result(x.engine), 0);
	WAIT_FOR(x.server.phase == SERVER_READY && x.n_logs == 2);
	order(CMD_SERVER_STOP, false);
	WAIT_FOR(!engine_serving(x.engine));
	assert_int_equal(engine_serve_result(x.engine), 0);
}

int main(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(orders, clean_up),
	        cmocka_unit_test_teardown(armed, clean_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
