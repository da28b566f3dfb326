/* The log in the full window: opens the view of the server's log, keeps it up to date, and moves in it. */
#include "ui_int.h"

#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/log/logfile.h"
#include "../engine/log/tail.h"
#include "../engine/server/instance.h"
#include "screen/screen.h"
#include <string.h>

void ui_log_close(struct ui *u)
{
	if (u->view.logview) {
		logview_close(&u->logview);
		u->view.logview = NULL;
	}
	if (u->logfile) {
		logfile_close(u->logfile);
		u->logfile = NULL;
	}
}

static void add_log(struct view *v, const char *path)
{
	for (int i = 0; i < v->n_logs; i++)
		if (strcmp(v->logs[i], path) == 0)
			return;
	if (path[0] && v->n_logs < VIEW_LOGS)
		text_set(v->logs[v->n_logs++], sizeof v->logs[0], path);
}

/* The server's own, the file of its other stream, those of the command line, that of the last start from here (of a server
 * that died, say). The one that is looked at stays. */
void ui_log_list(struct ui *u)
{
	struct view *v = &u->view;
	const struct ev_server_seen *s = u->board->have_server ? &u->board->server : NULL;
	struct server_record last;
	char at[sizeof v->logs[0]] = "";

	if (v->log_at > 0 && v->log_at < v->n_logs)
		text_set(at, sizeof at, v->logs[v->log_at]);
	v->n_logs = v->log_at = 0;
	add_log(v, v->log ? tail_path(v->log) : "");
	if (s) {
		add_log(v, s->log);
		add_log(v, s->log_out);
	}
	for (int i = 0; i < v->settings.n_more_logs; i++)
		add_log(v, v->settings.more_logs[i]);
	if (server_record_load(instance_port(v->settings.base_url), &last) && file_exists(last.log))
		add_log(v, last.log);
	for (int i = 1; i < v->n_logs; i++)
		if (strcmp(v->logs[i], at) == 0)
			v->log_at = i;
}

enum ui_react ui_log_other(struct ui *u, int by)
{
	struct view *v = &u->view;

	ui_log_list(u);
	if (v->n_logs < 2) {
		ui_say(u, SEV_INFO, "no other log is known: --log FILE, given again, names one");
		return REACT_DRAW;
	}
	v->log_at = (v->log_at + by + v->n_logs) % v->n_logs;
	ui_log_open(u);
	return REACT_DRAW;
}

/* The whole file is opened only when somebody looks. */
void ui_log_open(struct ui *u)
{
	struct view *v = &u->view;
	struct err e = {0};

	ui_log_list(u);
	if (v->n_logs == 0)
		return;
	const char *path = v->logs[v->log_at];
	if (u->logfile && strcmp(logfile_path(u->logfile), path) == 0)
		return;
	ui_log_close(u);
	if (logfile_open(&u->logfile, path, &e) < 0) {
		u->logfile = NULL;
	} else if (logview_open(&u->logview, u->logfile, &e) < 0) {
		logfile_close(u->logfile);
		u->logfile = NULL;
	} else {
		u->view.logview = &u->logview;
		if (logfile_start(u->logfile, &e) < 0)
			ui_log_close(u);
	}
	if (e.code)
		ui_say(u, SEV_WARN, "only the end of the server's log is shown: %s", e.text);
}

bool ui_log_update(struct ui *u)
{
	if (u->view.screen != SCREEN_LOG || !u->view.logview || !u->have_canvas)
		return false;
	return logview_update(&u->logview, log_rows(u->canvas.rows, u->board, &u->view), u->canvas.cols);
}

/* The beginning of the focused row, as the latest run has it. */
static void go_to_row(struct ui *u)
{
	const struct view *v = &u->view;
	const struct board *b = u->board;

	if (v->focus >= v->plan.n_cells)
		return;
	const struct plan_cell *p = &v->plan.cells[v->focus];
	for (int i = b->n_cells - 1; i >= 0; i--) {
		const struct board_cell *c = &b->cells[i];
		if (!c->planned || c->started_mono_ns == 0 || c->plan.isl != p->isl || c->plan.osl != p->osl ||
		        c->plan.conc != p->conc)
			continue;
		logview_goto_time(&u->logview, b->run_wall_ns + c->started_mono_ns - b->run_mono_ns);
		ui_say(u, SEV_INFO, "where CONC %d began", p->conc);
		return;
	}
	ui_say(u, SEV_INFO, "CONC %d has not run yet", p->conc);
}

/* The next mark below; from the last one on again from the top. */
static void next_mark(struct logview *l)
{
	int64_t from = l->cur;

	logview_next_mark(l, 1);
	if (l->cur != from || l->n_marks == 0)
		return;
	l->note[0] = '\0';
	logview_home(l);
	if (l->marks[0] != l->cur)
		logview_next_mark(l, 1);
}

enum ui_react ui_log_action(struct ui *u, enum action_id a)
{
	struct logview *l = &u->logview;

	switch (a) {
	case ACTION_UP:
		logview_move(l, -1);
		break;
	case ACTION_DOWN:
		logview_move(l, 1);
		break;
	case ACTION_PAGE_UP:
		logview_page(l, -1);
		break;
	case ACTION_PAGE_DOWN:
		logview_page(l, 1);
		break;
	case ACTION_FIRST:
		logview_home(l);
		break;
	case ACTION_LAST:
		logview_end(l);
		break;
	case ACTION_LOG_NEXT:
		logview_next(l, 1, LOGFILE_HIT);
		break;
	case ACTION_LOG_PREV:
		logview_next(l, -1, LOGFILE_HIT);
		break;
	case ACTION_LOG_ERROR:
		logview_next(l, 1, LOGFILE_ERROR);
		break;
	case ACTION_LOG_ERROR_BACK:
		logview_next(l, -1, LOGFILE_ERROR);
		break;
	case ACTION_LOG_WARNING:
		logview_next(l, 1, LOGFILE_WARNING);
		break;
	case ACTION_LOG_WARNING_BACK:
		logview_next(l, -1, LOGFILE_WARNING);
		break;
	case ACTION_LOG_RAW:
		logview_raw(l);
		break;
	case ACTION_LOG_WRAP:
		logview_wrap(l);
		break;
	case ACTION_LOG_UNFOLD:
		logview_unfold(l);
		break;
	case ACTION_LOG_MARK:
		logview_mark(l);
		break;
	case ACTION_LOG_NEXT_MARK:
		next_mark(l);
		break;
	case ACTION_LOG_RIGHT:
		logview_shift(l, 8);
		break;
	case ACTION_LOG_LEFT:
		logview_shift(l, -8);
		break;
	case ACTION_LOG_ROW:
		go_to_row(u);
		break;
	default:
		return REACT_NONE;
	}
	if (l->note[0])
		ui_say(u, SEV_INFO, "%s", l->note);
	return REACT_DRAW;
}

int ui_log_pattern(struct ui *u, enum edit_field field, const char *pattern, struct err *e)
{
	if (!u->view.logview)
		return err_set(e, ERR_USAGE, "there is no log to look through");
	return field == EDIT_FILTER ? logview_filter(&u->logview, pattern, e) : logview_search(&u->logview, pattern, e);
}
