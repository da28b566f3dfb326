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

#define TTY_PATIENCE_MS 10000 /* a terminal that takes no byte for so long is gone */
#define WHEEL_LINES     3
#define LOG_POLL_MS     250
#define LOG_POLL_BYTES  (256 * 1024)

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

	c.settings = u->view.settings;
	/* The question before it said that a run is stopped first. */
	c.force = kind == CMD_SERVER_STOP || kind == CMD_SERVER_RESTART;
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
	ui_log_close(u);
	if (tail_open(&u->view.log, path, NULL) < 0)
		u->view.log = NULL;
	if (u->view.screen == SCREEN_LOG)
		ui_log_open(u);
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
	char key[16];

	board_apply(u->board, ev);
	ui_results_event(u, ev);
	u->dirty = true;
	switch (ev->kind) {
	case EV_run_started:
		u->active = true;
		/* A run that is followed may end and go on, as another's. */
		u->view.following = ev->u.run_started.pid != (int64_t)getpid();
		term_title(u->term, "benchtop: running");
		break;
	case EV_run_finished:
		on_finished(u, ev);
		break;
	case EV_notice:
		ui_say(u, ev->u.notice.severity, "%s", ev->u.notice.text);
		break;
	case EV_stop_requested:
		if (ev->u.stop_requested.now)
			ui_say(u, SEV_WARN, "stopping now");
		else
			ui_say(u, SEV_WARN, "stopping after the requests in flight; %s again stops now",
			        action_key(action_at(ACTION_STOP), key));
		break;
	case EV_server_seen:
		follow_log(u);
		ui_log_list(u);
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

/* False: the user leaves. */
static bool take_key(struct ui *u, const char *key)
{
	struct view *v = &u->view;

	enum action_id a = action_for_key(key, v->screen, v->modal);
	enum ui_react r = REACT_NONE;
	if (a != ACTION_NONE)
		r = ui_action(u, a);
	else if (v->modal == MODAL_EDIT)
		r = ui_edit_key(u, key);
	return !(r & REACT_LEAVE);
}

/* The wheel is Up and Down; in a log it goes by a few lines. */
static void take_wheel(struct ui *u, const char *key)
{
	int times = u->view.screen == SCREEN_LOG && u->view.modal == MODAL_NONE ? WHEEL_LINES : 1;

	for (int i = 0; i < times; i++)
		take_key(u, key);
}

static bool take_keys(struct ui *u)
{
	char key[16];
	bool lost;

	while (term_key(u->term, key, &lost)) {
		u->dirty = true;
		if (strcmp(key, "Resize") == 0)
			continue;
		u->view.message[0] = '\0';
		if (strncmp(key, "Wheel", 5) == 0)
			take_wheel(u, strcmp(key, "WheelUp") == 0 ? "Up" : "Down");
		else if (!take_key(u, key))
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

static void paint(struct ui *u, int64_t now)
{
	int rows, cols;

	term_size(u->term, &rows, &cols);
	if (!u->have_canvas || u->canvas.rows != rows || u->canvas.cols != cols) {
		if (u->have_canvas)
			canvas_close(&u->canvas);
		u->have_canvas = canvas_open(&u->canvas, rows, cols, u->cfg->term.ascii) == 0;
		if (!u->have_canvas)
			return;
	}
	u->view.now_mono_ns = now;
	u->view.now_wall_ns = clock_wall_ns();
	u->view.frame = (int)(now / (125 * CLOCK_NS_PER_MS) & 0xffff);
	ui_log_update(u);
	canvas_clear(&u->canvas);
	screen_draw(&u->canvas, u->board, &u->view);
	u->blocked = !term_paint(u->term, &u->canvas);
	u->last_paint_ns = now;
	if (!u->blocked)
		u->dirty = false;
}

/* How long to sleep: until the next frame when something changed, until the log is looked at or a clock on screen moves on,
 * else for ever. A skipped frame waits for the terminal: it tells when it has room. */
static int wait_ms(struct ui *u, int64_t now)
{
	int64_t frame_ns = CLOCK_NS_PER_S / u->cfg->fps, ms = -1;

	if (u->view.log || u->active)
		ms = LOG_POLL_MS;
	else if (u->board->have_server)
		ms = 1000;
	if (u->dirty && !u->blocked) {
		int64_t left = (u->last_paint_ns + frame_ns - now) / CLOCK_NS_PER_MS;
		return left > 0 ? (int)left + 1 : 0;
	}
	int64_t stuck = term_stuck_ns(u->term) / CLOCK_NS_PER_MS;
	if (stuck > 0) {
		int64_t left = u->patience_ms > stuck ? u->patience_ms - stuck + 1 : 0;
		ms = ms < 0 || left < ms ? left : ms;
	}
	return (int)ms;
}

static bool wait(struct ui *u)
{
	struct pollfd p[TERM_FDS + 3];
	int n = TERM_FDS;

	term_fds(u->term, p);
	p[n++] = (struct pollfd){.fd = mailbox_fd(u->cfg->backend.events), .events = POLLIN};
	if (u->cfg->signal_fd >= 0)
		p[n++] = (struct pollfd){.fd = u->cfg->signal_fd, .events = POLLIN};
	if (ui_results_fd(u) >= 0)
		p[n++] = (struct pollfd){.fd = ui_results_fd(u), .events = POLLIN};
	if (poll(p, (nfds_t)n, wait_ms(u, clock_mono_ns())) < 0 && errno != EINTR)
		return false;
	if (p[2].revents)
		u->blocked = false;
	return term_stuck_ns(u->term) < u->patience_ms * CLOCK_NS_PER_MS;
}

/* Clocks on screen: they change a few cells, or none. */
static void tick(struct ui *u, int64_t now)
{
	if (now - u->last_tick_ns < CLOCK_NS_PER_S || !(u->active || u->board->have_server))
		return;
	u->last_tick_ns = now;
	u->dirty = true;
}

/* Looked at through the same window while lines arrive, unless the view follows the end. */
static void poll_log(struct ui *u)
{
	int n = u->view.log ? tail_poll(u->view.log, LOG_POLL_BYTES) : 0;

	if (ui_log_update(u))
		u->dirty = true;
	if (n <= 0)
		return;
	u->dirty = true;
	if (u->view.log_scroll > 0)
		u->view.log_scroll += n;
	if (u->view.log_scroll > TAIL_LINES)
		u->view.log_scroll = TAIL_LINES;
}

static bool turn(struct ui *u)
{
	if (!wait(u)) {
		u->how = UI_EXIT_LOST;
		return false;
	}
	if (!take_signals(u))
		return false;
	take_events(u);
	if (ui_results_take(u))
		u->dirty = true;
	if (!take_keys(u))
		return false;
	if (u->leave_when_done && !u->active)
		return false;
	poll_log(u);
	int64_t now = clock_mono_ns();
	tick(u, now);
	if (u->dirty && !u->blocked && now - u->last_paint_ns >= CLOCK_NS_PER_S / u->cfg->fps)
		paint(u, now);
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

/* Tests wait less long. */
static int64_t patience_ms(void)
{
	const char *v = getenv("BENCHTOP_TTY_PATIENCE_MS");
	int64_t ms = TTY_PATIENCE_MS;

	if (v)
		text_to_i64(v, 100, 600000, &ms);
	return ms;
}

/* The first frame is there before the engine, the simulated server or a look at any server. */
static int open_backend(struct ui *u, struct err *e)
{
	const struct ui_backend *b = &u->cfg->backend;
	int rc;

	paint(u, clock_mono_ns());
	u->dirty = true;
	if (b->open && (rc = b->open(b->ctx, &u->view.settings, e)) < 0)
		return rc;
	follow_log(u);
	ui_results_start(u);
	if (!u->view.following) {
		ui_tell_cut(u);
		ui_send(u, CMD_WATCH);
	}
	return 0;
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
	u->patience_ms = patience_ms();
	if ((rc = theme_load(&u->theme, cfg->theme, e)) < 0 || (rc = term_open(&u->term, &cfg->term, e)) < 0) {
		free(u);
		return rc;
	}
	text_copy(u->view.theme_name, sizeof u->view.theme_name, u->theme.name);
	term_theme(u->term, &u->theme);
	start_view(u);
	rc = open_backend(u, e);
	while (rc == 0 && turn(u))
		;
	ui_log_close(u);
	ui_results_close(u);
	if (u->view.log)
		tail_close(u->view.log);
	term_close(u->term);
	if (u->have_canvas)
		canvas_close(&u->canvas);
	*how = u->how;
	free(u);
	return rc;
}
