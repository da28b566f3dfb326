/* Shared by ui.c (loop), ui_actions.c (what keys do) and ui_start.c (what Enter runs). */
#ifndef BENCHTOP_UI_INT_H
#define BENCHTOP_UI_INT_H
#include "actions.h"
#include "ui.h"

enum ui_react { /* what an action changed; handlers never draw */
	REACT_NONE = 0,
	REACT_DRAW = 1,
	REACT_LEAVE = 2,
};

struct ui {
	const struct ui_config *cfg;
	struct term *term;
	struct canvas canvas;
	bool have_canvas;
	struct theme theme;
	struct view view;
	struct board *board;
	bool active; /* a run was started and has not finished */
	bool leave_when_done;
	enum ui_exit how;
	struct logfile *logfile; /* of the log screen, NULL = not open */
	struct logview logview;
	struct results *results; /* of screens 3 and 4, NULL = not needed so far */
	int theme_before;        /* index shown when the theme list was opened */
	int64_t last_paint_ns, last_tick_ns, patience_ms;
	bool blocked; /* a frame was skipped: the terminal has not taken the one before */
	bool dirty;
};

/* Pushes a sentence above the footer. */
void ui_say(struct ui *u, enum severity sev, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
enum ui_react ui_action(struct ui *u, enum action_id a);
/* ui_edit.c: the line of text (team, prompts, server address). ui_edit_key takes what is no action there. */
enum ui_react ui_edit_open(struct ui *u, enum edit_field field);
enum ui_react ui_edit_action(struct ui *u, enum action_id a);
enum ui_react ui_edit_key(struct ui *u, const char *key);
/* ui_log.c: the log screen. ui_log_update: true when something to be seen is new. */
void ui_log_open(struct ui *u);
void ui_log_close(struct ui *u);
bool ui_log_update(struct ui *u);
/* The next or the previous of the logs that are known. */
enum ui_react ui_log_other(struct ui *u, int by);
/* Which logs are known may have changed. */
void ui_log_list(struct ui *u);
enum ui_react ui_log_action(struct ui *u, enum action_id a);
int ui_log_pattern(struct ui *u, enum edit_field field, const char *pattern, struct err *e);
/* ui_results.c, ui_results_data.c: the runs that are finished. The worker's answers make fd readable; take is true when
 * something to be seen is new. */
void ui_results_start(struct ui *u); /* after the first frame: the pinned reference */
void ui_results_open(struct ui *u);
void ui_results_curve(struct ui *u);
void ui_results_pin(struct ui *u);
enum ui_react ui_results_action(struct ui *u, enum action_id a);
bool ui_results_back(struct ui *u); /* one step back on a page; false: there is none */
int ui_results_filter(struct ui *u, const char *text, struct err *e);
const char *ui_results_filtered(const struct ui *u); /* what the list is filtered by, empty nothing */
int ui_results_fd(const struct ui *u);               /* -1 none */
bool ui_results_take(struct ui *u);
void ui_results_event(struct ui *u, const struct event *ev); /* after the board has it */
void ui_results_close(struct ui *u);
/* Closes what is open: back to the form that it was opened from, else to the screen. */
enum ui_react ui_close_modal(struct ui *u);
/* Remakes the rows on screen after pair or settings changed; keeps the picks where CONCs are the same. */
void ui_replan(struct ui *u, bool keep_picks);
/* The settings that a start would run now. */
void ui_compose(const struct ui *u, struct settings *out);
enum ui_react ui_start(struct ui *u);
/* Picks the rows of the pair on screen that the last run left without a result; false, with a sentence, when there are none. */
bool ui_retry(struct ui *u);
/* ui_cut.c: tells of the newest run under the results directory when its process ended in the middle of it. */
void ui_tell_cut(struct ui *u);
int ui_send(struct ui *u, enum command_kind kind);
void ui_picture(struct ui *u);
void ui_theme_show(struct ui *u, const char *name);

#endif
