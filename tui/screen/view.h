/* What the user has chosen to see and to do next: everything besides the board. A plain struct owned by the UI thread;
 * screens read it, actions change it.
 */
#ifndef BENCHTOP_VIEW_H
#define BENCHTOP_VIEW_H
#include "../../engine/event/board.h"
#include "../../engine/log/tail.h"
#include "../../engine/plan/plan.h"
#include "../draw/canvas.h"
#include "logview.h"
#include "results.h"

enum screen_id { SCREEN_DASHBOARD = 1, SCREEN_LOG, SCREEN_RESULTS, SCREEN_CURVE, SCREEN_BOARD };

enum modal_id {
	MODAL_NONE,
	MODAL_SHEET,  /* the run sheet: Enter starts (submit: y) */
	MODAL_HELP,   /* keys of where you are */
	MODAL_QUIT,   /* a run is alive: leave it running (default), stop, cancel */
	MODAL_EDIT,   /* one line of text: view.field says which */
	MODAL_PAIRS,  /* list with check marks */
	MODAL_THEME,  /* list */
	MODAL_SERVER, /* start, stop, restart the server */
	MODAL_NOTICE, /* a sentence to be read, any key closes */
};

/* What MODAL_EDIT edits. */
enum edit_field { EDIT_TEAM, EDIT_PROMPTS, EDIT_SERVER, EDIT_FIND, EDIT_FILTER, EDIT_RUNS };

/* The choices of MODAL_QUIT, as modal_focus counts them. Without detached_ok the first one cannot be taken. */
enum quit_choice { QUIT_LEAVE_RUNNING, QUIT_STOP, QUIT_STAY, QUIT_count };

/* The choices of MODAL_SERVER. */
enum server_choice { SERVER_DO_START, SERVER_DO_RESTART, SERVER_DO_STOP, SERVER_DO_NOTHING, SERVER_DO_count };

#define VIEW_EDIT    256
#define VIEW_THEMES  32
#define VIEW_LOGS    8
#define VIEW_HOLD_NS INT64_C(500000000) /* live figures stand still for so long */

/* Live figures as they were shown last: they change at most twice a second, so that they can be read. */
struct view_hold {
	bool held;
	int cell; /* row of the board */
	int64_t at_ns, started_ns;
	struct ev_load_progress progress;
	bool have_load;
	struct ev_server_load load;
};

struct view {
	enum screen_id screen;
	enum modal_id modal;
	struct settings settings; /* what Enter would run */
	const struct track *track;
	struct plan plan;         /* of the settings, all CONCs of the current pair; remade when the settings change */
	bool picked[PLAN_CELLS];  /* rows that a start runs */
	int focus;                /* row of the plan */
	int pair;                 /* index into track->pairs: the pair on screen */
	bool only_focused;        /* the sheet was opened by `r`: this CONC only */
	bool restart;             /* the sheet was opened by `R`: the server is restarted first */
	bool restart_shapes;      /* and before rows that are meant for another launch (plan/launch.h) */
	bool following;           /* another process measures; we only look (and can stop it) */
	bool detached_ok;         /* leaving the run running is possible */
	int modal_focus;          /* focused line of a list or choice */
	enum modal_id modal_back; /* where help and the editor return to when they close */
	enum edit_field field;    /* MODAL_EDIT */
	char edit[VIEW_EDIT];     /* text being edited (MODAL_EDIT), UTF-8 */
	int edit_pos;             /* byte position of the cursor */
	char themes[VIEW_THEMES][32]; /* MODAL_THEME: what there is to choose from */
	bool theme_own[VIEW_THEMES];  /* from the user's own directory */
	int n_themes;
	char message[400]; /* one sentence above the footer; empty none */
	enum severity message_severity;
	struct tail *log;          /* NULL = none known */
	struct logview *logview;   /* the whole log, while the log screen is open; NULL = only its end is known */
	char logs[VIEW_LOGS][512]; /* what the log screen can show; the server's own is the first */
	int n_logs, log_at;
	int log_scroll;                   /* lines up from the end, 0 = follows */
	int help_scroll;                  /* of help and of a long sheet */
	int64_t now_wall_ns, now_mono_ns; /* time of this frame */
	int frame;                        /* spinner */
	char theme_name[32];
	struct results_view results; /* screens 3 and 4; of the dashboard its pinned reference */
	struct view_hold hold;       /* kept by screen_draw alone */
};

/* Draws the whole screen: frame, current screen, modal. Nothing of the view is changed but `hold` and the scroll of the list of runs; drawn again at the same
 * time, the same cells come out. */
void screen_draw(struct canvas *c, const struct board *b, struct view *v);

/* compose.c: what a start would run now: the picked rows (or the focused one) of the chosen pairs, as settings and as a
 * plan. view_plan: no row when nothing is picked; negative when the settings cannot be run, with the sentence. */
void view_compose(const struct view *v, struct settings *out);
int view_plan(const struct view *v, struct plan *out, struct err *e);
/* Rows on screen that the run of the board had and that ended without a result in it (failed, stopped, never begun), once it
 * is over: how many, and which (may be NULL). 0 while a run is alive. */
int view_retry(const struct board *b, const struct view *v, bool rows[PLAN_CELLS]);
/* What is typed into MODAL_EDIT, judged: 0 and a note (may be empty), or negative and what is wrong. The settings that
 * it would make come out in `out` (may be NULL). */
int view_edit_check(const struct view *v, struct settings *out, char *note, size_t cap, struct err *e);

#endif
