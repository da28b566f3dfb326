#include "cli_server.h"

#include "../engine/base/clock.h"
#include "../engine/base/mailbox.h"
#include "../engine/base/text.h"
#include "../engine/log/tail.h"
#include "../engine/run/engine.h"
#include "../engine/server/attend.h"
#include "../engine/server/control.h"
#include "../engine/server/watcher.h"
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LOOK_MS 5000
#define TICK_MS 100
#define PIECE   32768
#define PIECES  32

static int fail(const struct err *e)
{
	fprintf(stderr, "benchtop: %s\n", e->text);
	return e->code == ERR_USAGE ? 1 : 2;
}

static void print_json(const struct event *ev)
{
	struct buf b;

	buf_init(&b, EVENT_LINE_MAX);
	if (event_encode(ev, &b) == 0)
		fwrite(b.data, 1, b.len, stdout);
	buf_free(&b);
	fflush(stdout);
}

/* "server starting  43 %  loading weights 40/82  left 5m31" */
static void print_seen(const struct ev_server_seen *s)
{
	char share[16] = "", left[40] = "", d[16];

	if (!isnan(s->progress))
		snprintf(share, sizeof share, " %3.0f %% ", 100 * s->progress);
	if (!isnan(s->eta_s) && s->eta_s >= 0)
		snprintf(left, sizeof left, "  left %s", clock_duration(s->eta_s, d));
	printf("server %s%s: %s%s%s%s\n", server_phase_word((int)s->phase), share, s->text, left,
	        s->model[0] ? ", serves " : "", s->model);
}

static void print_event(const struct event *ev, bool json)
{
	char hms[9];

	if (json) {
		print_json(ev);
		return;
	}
	clock_hms(ev->wall_ns, hms);
	if (ev->kind == EV_server_seen) {
		printf("%s  ", hms);
		print_seen(&ev->u.server_seen);
	} else if (ev->kind == EV_notice && ev->u.notice.severity != SEV_ERROR) { /* errors: once, at the end */
		printf("%s  %s\n", hms, ev->u.notice.text);
	}
	fflush(stdout);
}

static void say(void *ctx, enum severity severity, const char *text)
{
	const bool *json = ctx;
	struct event ev;

	event_init(&ev, EV_notice);
	ev.u.notice.severity = severity;
	text_copy(ev.u.notice.text, sizeof ev.u.notice.text, text);
	if (*json)
		print_json(&ev);
	else
		printf("%s\n", text);
	fflush(stdout);
}

/* ---- start ---- */

struct waiting {
	struct mailbox *events;
	struct engine *engine;
	int sigfd;
	bool json;
	bool ready;
	char error[512]; /* of the last error notice */
};

static void take_events(struct waiting *w)
{
	struct event ev;

	mailbox_drain_fd(w->events);
	while (mailbox_take(w->events, &ev)) {
		if (ev.kind == EV_notice && ev.u.notice.severity == SEV_ERROR)
			text_set(w->error, sizeof w->error, ev.u.notice.text);
		w->ready = w->ready || (ev.kind == EV_server_seen && ev.u.server_seen.phase == SERVER_READY);
		print_event(&ev, w->json);
	}
}

static bool interrupted(const struct waiting *w)
{
	struct signalfd_siginfo si;

	return read(w->sigfd, &si, sizeof si) == (ssize_t)sizeof si;
}

/* Until the order is carried out, a signal comes or the time is over: the exit status. */
static int wait_ready(struct waiting *w, int64_t limit_ms, const char *base_url)
{
	int64_t end = clock_mono_ns() + limit_ms * CLOCK_NS_PER_MS;
	struct server_record r;

	while (engine_serving(w->engine)) {
		struct pollfd p[2] = {
		        {.fd = mailbox_fd(w->events), .events = POLLIN}, {.fd = w->sigfd, .events = POLLIN}};
		poll(p, 2, TICK_MS);
		take_events(w);
		bool stop = interrupted(w);
		if (!stop && (limit_ms <= 0 || clock_mono_ns() < end))
			continue;
		server_record_load(instance_port(base_url), &r);
		fprintf(stderr, "benchtop: the server goes on starting as pid %ld; its log is %s\n", (long)r.pid,
		        r.log);
		return stop ? 130 : 2;
	}
	int rc = engine_serve_result(w->engine);
	/* The scribe is a moment behind, and the watcher up to a look: it tells the model. */
	end = clock_mono_ns() + LOOK_MS * CLOCK_NS_PER_MS;
	do {
		struct pollfd last = {.fd = mailbox_fd(w->events), .events = POLLIN};
		poll(&last, 1, TICK_MS);
		take_events(w);
	} while (rc == 0 && !w->ready && clock_mono_ns() < end);
	if (rc && w->error[0])
		fprintf(stderr, "benchtop: %s\n", w->error);
	return rc == 0 ? 0 : rc == ERR_USAGE ? 1 : 2;
}

static int block_signals(void)
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

static int start_and_wait(const struct options *o, const struct track *t)
{
	struct waiting w = {.json = o->output == OUTPUT_JSON, .sigfd = block_signals()};
	struct command start = {.kind = CMD_SERVER_START, .settings = o->settings};
	struct err e = {0};
	int status;

	if (mailbox_open(&w.events, sizeof(struct event), 4096, EV_count, &e) < 0 ||
	        engine_start(&w.engine, t, &o->secrets, w.events, true, &e) < 0) {
		status = fail(&e);
	} else {
		engine_command(w.engine, &start);
		status = wait_ready(&w, o->wait_given ? o->settings.wait_server_ms : -1, o->settings.base_url);
	}
	engine_stop(w.engine);
	if (w.events)
		mailbox_close(w.events);
	if (w.sigfd >= 0)
		close(w.sigfd);
	return status;
}

static int server_start(const struct options *o, const struct track *t)
{
	bool json = o->output == OUTPUT_JSON;
	struct control c = {.settings = &o->settings, .track = t, .say = say, .ctx = &json};
	struct server_record r;
	struct err e = {0};

	if (control_port_free(&c, &e) || control_can_start(&c, &e))
		return fail(&e);
	if (!o->wait_given || o->settings.wait_server_ms > 0)
		return start_and_wait(o, t);
	return control_start(&c, &r, &e) ? fail(&e) : 0;
}

/* ---- stop ---- */

static int server_stop(const struct options *o)
{
	bool json = o->output == OUTPUT_JSON, was_there = false;
	struct control c = {.settings = &o->settings, .bearer = o->secrets.openai_key, .say = say, .ctx = &json};
	struct err e = {0};

	if (control_stop(&c, &was_there, &e))
		return fail(&e);
	if (!was_there)
		say(&json, SEV_INFO, "server: nothing is there to stop");
	return 0;
}

/* ---- status ---- */

/* The start so far, from the end of its log. */
static void read_start(struct attend *a, const char *log)
{
	struct tail *t = NULL;

	if (!log[0] || tail_open(&t, log, NULL))
		return;
	for (int i = 0; i < PIECES; i++) {
		int more = tail_poll(t, PIECE);
		for (int k = (more < tail_count(t) ? more : tail_count(t)) - 1; k >= 0; k--)
			attend_line(a, tail_line(t, k)->text, false);
		if (more == 0 && i > 2)
			break;
	}
	tail_close(t);
}

static int server_status(const struct options *o)
{
	static struct attend a; /* large */
	const struct settings *s = &o->settings;
	struct event ev;
	struct ev_server_seen *seen = &ev.u.server_seen;
	char words[480];

	event_init(&ev, EV_server_seen);
	server_look(s->base_url, o->secrets.openai_key, LOOK_MS, NULL, seen);
	attend_find(&a, s->base_url, true);
	const char *log = s->server_log[0]                            ? s->server_log
	                  : a.have && a.instance.log.kind == LOG_FILE ? a.instance.log.path
	                                                              : "";
	if (seen->phase != SERVER_READY)
		read_start(&a, log);
	attend_apply(&a, seen);
	text_copy(seen->log, sizeof seen->log, log);
	if (o->output == OUTPUT_JSON) {
		print_json(&ev);
	} else {
		print_seen(seen);
		printf("process: %s%s\n", instance_words(&a.instance, s->base_url, words, sizeof words),
		        a.have && a.instance.ours ? ", started by benchtop" : "");
		if (log[0] || seen->log_note[0])
			printf("log: %s\n", log[0] ? log : seen->log_note);
	}
	return seen->phase == SERVER_READY ? 0 : 2;
}

int cli_server(const struct options *o, const struct track *t)
{
	if (strcmp(o->args[0], "start") == 0)
		return server_start(o, t);
	return strcmp(o->args[0], "stop") == 0 ? server_stop(o) : server_status(o);
}
