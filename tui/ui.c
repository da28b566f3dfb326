#include "ui_int.h"

#include "../engine/base/clock.h"
#include "../engine/base/text.h"
#include "../engine/event/journal.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TTY_PATIENCE_NS (10 * CLOCK_NS_PER_S) /* a terminal that takes no byte for so long is gone */
#define LOG_POLL_MS 250
#define LOG_POLL_BYTES (256 * 1024)

void ui_say(struct ui *u, enum severity sev, const char *fmt, ...)
{
	char text[sizeof u->view.message];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	text_copy(u->view.message, sizeof u->view.message, text);
	u->view.message_severity = sev;
	u->dirty = true;
}

int ui_send(struct ui *u, enum command_kind kind)
{
	struct err e = {0};
	struct command c = {.kind = kind};

	if (kind == CMD_WATCH || kind == CMD_START)
		c.settings = u->view.settings;
	int rc = u->cfg->backend.command(u->cfg->backend.ctx, &c, &e);
	if (rc < 0)
		ui_say(u, SEV_WARN, "%s", e.text);
	return rc;
}

/* The log pane follows the server's log; which one that is may change. */
static void follow_log(struct ui *u)
{
	const char *path = u->view.settings.server_log;

	if (!path[0] && u->board->have_server)
		path = u->board->server.log;
	if (!path[0] || (u->view.log && strcmp(tail_path(u->view.log), path) == 0))
		return;
	if (u->view.log)
		tail_close(u->view.log);
	u->view.log = NULL;
	u->view.log_scroll = 0;
	if (tail_open(&u->view.log, path, NULL) < 0)
		u->view.log = NULL;
}

static void on_finished(struct ui *u, const struct event *ev)
{
	u->active = false;
	u->view.following = false;
	ui_say(u, ev->u.run_finished.exit_status ? SEV_WARN : SEV_INFO, "%s", ev->u.run_finished.text);
	term_bell(u->term);
	char title[160];
	snprintf(title, sizeof title, "benchtop: %s",
		ev->u.run_finished.exit_status ? "run ended, look at it" : "run complete");
	term_title(u->term, title);
}

static void on_event(struct ui *u, const struct event *ev)
{
	board_apply(u->board, ev);
	u->dirty = true;
	switch (ev->kind) {
	case EV_run_started:
		u->active = true;
		term_title(u->term, "benchtop: running");
		break;
	case EV_run_finished:
		on_finished(u, ev);
		break;
	case EV_notice:
		ui_say(u, ev->u.notice.severity, "%s", ev->u.notice.text);
		break;
	case EV_stop_requested:
		ui_say(u, SEV_WARN, "%s",
			ev->u.stop_requested.now ? "stopping now" : "stopping after the requests in flight; x again stops now");
		break;
	case EV_server_seen:
		follow_log(u);
		break;
	default:
		break;
	}
}

/* Facts that the mailbox had no room for are on disk. */
static void reread(struct ui *u)
{
	struct journal_reader j;
	struct event ev;
	uint64_t have = u->board->last_seq;

	if (!u->board->have_run || journal_reader_open(&j, u->board->run.dir, NULL) < 0)
		return;
	while (journal_reader_next(&j, &ev, NULL) > 0)
		if (ev.seq > have)
			on_event(u, &ev);
	journal_reader_close(&j);
}

static void take_events(struct ui *u)
{
	struct event ev;

	mailbox_drain_fd(u->cfg->backend.events);
	if (mailbox_overflowed(u->cfg->backend.events))
		reread(u);
	while (mailbox_take(u->cfg->backend.events, &ev))
		on_event(u, &ev);
}

static bool take_keys(struct ui *u)
{
	char key[16];
	bool lost;
	struct view *v = &u->view;

	while (term_key(u->term, key, &lost)) {
		u->dirty = true;
		if (strcmp(key, "Resize") == 0)
			continue;
		v->message[0] = '\0';
		enum action_id a = action_for_key(key, v->screen, v->modal);
		enum ui_react r = REACT_NONE;
		if (a != ACTION_NONE)
			r = ui_action(u, a);
		else if (v->modal == MODAL_TEAM)
			r = ui_edit_key(u, key);
		if (r & REACT_LEAVE)
			return false;
	}
	if (lost) {
		u->how = UI_EXIT_LOST;
		return false;
	}
	return true;
}

static bool take_signals(struct ui *u)
{
	struct signalfd_siginfo si;

	while (u->cfg->signal_fd >= 0 && read(u->cfg->signal_fd, &si, sizeof si) == (ssize_t)sizeof si) {
		if (si.ssi_signo == SIGHUP) {
			u->how = UI_EXIT_LOST;
			return false;
		}
		if (si.ssi_signo == SIGTERM) {
			u->how = UI_EXIT_TERM;
			return false;
		}
		/* SIGINT comes from another benchtop that follows this run. */
		ui_send(u, CMD_STOP);
	}
	return true;
}

/* False: the terminal took nothing for too long. */
static bool paint(struct ui *u, int64_t now)
{
	int rows, cols;

	term_size(u->term, &rows, &cols);
	if (!u->have_canvas || u->canvas.rows != rows || u->canvas.cols != cols) {
		if (u->have_canvas)
			canvas_close(&u->canvas);
		u->have_canvas = canvas_open(&u->canvas, rows, cols, u->cfg->term.ascii) == 0;
		if (!u->have_canvas)
			return true;
	}
	u->view.now_mono_ns = now;
	u->view.now_wall_ns = clock_wall_ns();
	u->view.frame = (int)(now / (125 * CLOCK_NS_PER_MS) & 0xffff);
	canvas_clear(&u->canvas);
	screen_draw(&u->canvas, u->board, &u->view);
	if (term_paint(u->term, &u->canvas)) {
		u->dirty = false;
		u->blocked_since_ns = 0;
		u->last_paint_ns = now;
		return true;
	}
	if (u->blocked_since_ns == 0)
		u->blocked_since_ns = now;
	return now - u->blocked_since_ns < TTY_PATIENCE_NS;
}

/* How long to sleep: until the next frame when something changed, a second while a clock is on screen, else long. */
static int wait_ms(const struct ui *u, int64_t now)
{
	int64_t frame_ns = CLOCK_NS_PER_S / u->cfg->fps;

	if (u->dirty) {
		int64_t left = (u->last_paint_ns + frame_ns - now) / CLOCK_NS_PER_MS;
		if (u->blocked_since_ns)
			return 100;
		return left > 0 ? (int)left + 1 : 0;
	}
	if (u->view.log || u->active)
		return LOG_POLL_MS;
	return 5000;
}

static bool turn(struct ui *u)
{
	int64_t now = clock_mono_ns();
	struct pollfd p[3] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = mailbox_fd(u->cfg->backend.events), .events = POLLIN},
		{.fd = u->cfg->signal_fd, .events = POLLIN},
	};

	int n = poll(p, u->cfg->signal_fd >= 0 ? 3 : 2, wait_ms(u, now));
	if (n < 0 && errno != EINTR) {
		u->how = UI_EXIT_LOST;
		return false;
	}
	if (!take_signals(u))
		return false;
	take_events(u);
	if (!take_keys(u))
		return false;
	if (u->leave_when_done && !u->active)
		return false;
	if (u->view.log && tail_poll(u->view.log, LOG_POLL_BYTES) > 0)
		u->dirty = true;
	now = clock_mono_ns();
	if (now - u->last_tick_ns >= CLOCK_NS_PER_S && (u->active || u->board->have_server)) {
		u->last_tick_ns = now;
		if (u->active)
			u->dirty = true;
	}
	if (u->dirty && (now - u->last_paint_ns >= CLOCK_NS_PER_S / u->cfg->fps || u->blocked_since_ns) && !paint(u, now)) {
		u->how = UI_EXIT_LOST;
		return false;
	}
	return true;
}

static void start_view(struct ui *u)
{
	struct view *v = &u->view;

	v->screen = SCREEN_DASHBOARD;
	v->settings = u->cfg->settings;
	v->track = u->cfg->track;
	v->following = u->cfg->following;
	v->detached_ok = true;
	u->active = u->cfg->following;
	for (int i = 0; i < v->track->n_pairs; i++)
		if (v->settings.n_pairs > 0 && v->track->pairs[i].isl == v->settings.pairs[0][0] &&
			v->track->pairs[i].osl == v->settings.pairs[0][1])
			v->pair = i;
	ui_replan(u, false);
}

int ui_run(const struct ui_config *cfg, enum ui_exit *how, struct err *e)
{
	struct ui *u = calloc(1, sizeof *u);
	int rc;

	if (!u)
		return err_set(e, ERR_NOMEM, "out of memory");
	u->cfg = cfg;
	u->board = cfg->board;
	u->how = UI_EXIT_QUIT;
	u->dirty = true;
	if ((rc = theme_load(&u->theme, cfg->theme, e)) < 0 || (rc = term_open(&u->term, &cfg->term, e)) < 0) {
		free(u);
		return rc;
	}
	text_copy(u->view.theme_name, sizeof u->view.theme_name, u->theme.name);
	term_theme(u->term, &u->theme);
	start_view(u);
	follow_log(u);
	if (!u->view.following)
		ui_send(u, CMD_WATCH);
	while (turn(u))
		;
	if (u->view.log)
		tail_close(u->view.log);
	/* A terminal that takes no bytes would hold us here for ever; the keeper restores it. */
	if (u->how != UI_EXIT_LOST)
		term_close(u->term);
	if (u->have_canvas)
		canvas_close(&u->canvas);
	*how = u->how;
	free(u);
	return 0;
}
