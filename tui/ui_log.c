/* The log in the full window: opens the view of the server's log, keeps it up to date, and moves in it. */
#include "ui_int.h"

#include "../engine/log/logfile.h"
#include "../engine/log/tail.h"
#include "screen/dash.h"
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

/* The pane's tail names the file; the whole of it is opened only when somebody looks. */
void ui_log_open(struct ui *u)
{
	struct err e = {0};

	if (!u->view.log)
		return;
	if (u->logfile && strcmp(logfile_path(u->logfile), tail_path(u->view.log)) == 0)
		return;
	ui_log_close(u);
	if (logfile_open(&u->logfile, tail_path(u->view.log), &e) < 0) {
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
		ui_say(u, SEV_WARN, "only the end of the log is shown: %s", e.text);
}

bool ui_log_update(struct ui *u)
{
	if (u->view.screen != SCREEN_LOG || !u->view.logview || !u->have_canvas)
		return false;
	int notes = dash_notes_count(u->board, &u->view);
	return logview_update(&u->logview, u->canvas.rows - 2 - notes, u->canvas.cols);
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
