#include "cli_run.h"

#include "../engine/event/journal.h"
#include "demo.h"
#include "options.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* What the mailbox had to drop is on disk. */
static void reread(struct report *r)
{
	struct journal_reader j;
	struct event ev;
	uint64_t have = r->board->last_seq;

	if (!r->board->have_run || journal_reader_open(&j, r->board->run.dir, NULL) < 0)
		return;
	while (journal_reader_next(&j, &ev, NULL) > 0)
		if (ev.seq > have)
			report_event(r, &ev);
	journal_reader_close(&j);
}

static void take_signals(struct engine *g, int sigfd)
{
	struct signalfd_siginfo si;

	while (read(sigfd, &si, sizeof si) == (ssize_t)sizeof si) {
		struct command c = {.kind = CMD_STOP};
		engine_command(g, &c);
	}
}

int cli_follow_engine(struct engine *g, struct mailbox *events, struct report *r, int sigfd)
{
	struct event ev;

	for (;;) {
		struct pollfd p[2] = {{.fd = mailbox_fd(events), .events = POLLIN}, {.fd = sigfd, .events = POLLIN}};
		if (poll(p, sigfd >= 0 ? 2 : 1, -1) < 0 && errno != EINTR)
			return 2;
		if (sigfd >= 0 && (p[1].revents & POLLIN))
			take_signals(g, sigfd);
		mailbox_drain_fd(events);
		if (mailbox_overflowed(events))
			reread(r);
		while (mailbox_take(events, &ev)) {
			report_event(r, &ev);
			if (ev.kind == EV_run_finished)
				return (int)ev.u.run_finished.exit_status;
		}
	}
}

static int block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int fail(const struct err *e)
{
	fprintf(stderr, "benchtop: %s\n", e->text);
	return e->code == ERR_USAGE ? 1 : 2;
}

int cli_run(const struct options *o, const struct track *t)
{
	struct settings s = o->settings;
	struct mailbox *events = NULL;
	struct engine *g = NULL;
	struct report report = {0};
	struct demo demo = {0};
	struct err e = {0};
	struct command start = {.kind = CMD_START};
	int status = 2;

	int sigfd = block_signals();
	if (s.demo && demo_start(&demo, &s, &e) < 0)
		return fail(&e);
	if (settings_check(&s, t, true, &e) < 0 || report_open(&report, stdout, o->output == OUTPUT_JSON, &e) < 0 ||
	        mailbox_open(&events, sizeof(struct event), 4096, EV_count, &e) < 0 ||
	        engine_start(&g, t, &o->secrets, events, s.restart_server, &e) < 0) {
		status = fail(&e);
	} else {
		if (o->output != OUTPUT_JSON)
			for (int i = 0; i < s.n_defaults; i++)
				printf("          %s\n", s.defaults_taken[i]);
		start.settings = s;
		engine_command(g, &start);
		status = cli_follow_engine(g, events, &report, sigfd);
		/* The reason of a run that never began belongs on stderr, too: stdout may be a file. */
		if (!report.board->have_run && (status == 1 || status == 2))
			fprintf(stderr, "benchtop: %s\n", report.board->end.text);
	}
	engine_stop(g);
	if (events)
		mailbox_close(events);
	report_close(&report);
	demo_stop(&demo);
	if (sigfd >= 0)
		close(sigfd);
	return status;
}
