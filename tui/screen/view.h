/* What the user looks at and how: everything a screen needs besides the board. A plain struct owned by the UI thread;
 * screens read it, actions change it.
 */
#ifndef BENCHTOP_VIEW_H
#define BENCHTOP_VIEW_H
#include "../../engine/event/board.h"
#include "../../engine/log/tail.h"
#include "../../engine/plan/plan.h"
#include "../draw/canvas.h"

enum screen_id { SCREEN_DASHBOARD = 1, SCREEN_LOG, SCREEN_RESULTS, SCREEN_CURVE, SCREEN_BOARD };

enum modal_id {
	MODAL_NONE,
	MODAL_SHEET,   /* the run sheet: Enter starts (submit: y) */
	MODAL_HELP,    /* keys of where you are */
	MODAL_QUIT,    /* a run is alive: leave it running (default), stop, cancel */
	MODAL_TEAM,    /* one line of text */
	MODAL_PAIRS,   /* list with check marks */
	MODAL_THEME,   /* list */
	MODAL_NOTICE,  /* a sentence to be read, any key closes */
};

/* The choices of MODAL_QUIT, as modal_focus counts them. Without detached_ok the first one cannot be taken. */
enum quit_choice { QUIT_LEAVE_RUNNING, QUIT_STOP, QUIT_STAY, QUIT_count };

#define VIEW_EDIT 160

struct view {
	enum screen_id screen;
	enum modal_id modal;
	struct settings settings;   /* what Enter would run */
	const struct track *track;
	struct plan plan;           /* of the settings, all CONCs of the current pair; remade when the settings change */
	bool picked[PLAN_CELLS];    /* rows that a start runs */
	int focus;                  /* row of the plan */
	int pair;                   /* index into track->pairs: the pair on screen */
	bool only_focused;          /* the sheet was opened by `r`: this CONC only */
	bool following;             /* another process measures; we only look (and can stop it) */
	bool detached_ok;           /* leaving the run running is possible */
	int modal_focus;            /* focused line of a list or choice */
	char edit[VIEW_EDIT];       /* text being edited (MODAL_TEAM), UTF-8 */
	int edit_pos;               /* byte position of the cursor */
	char message[400];          /* one sentence above the footer; empty none */
	enum severity message_severity;
	struct tail *log;           /* NULL = none known */
	int log_scroll;             /* lines up from the end, 0 = follows */
	int help_scroll;
	int64_t now_wall_ns, now_mono_ns; /* time of this frame */
	int frame;                  /* spinner */
	char theme_name[32];
};

/* Draws the whole screen: frame, current screen, modal. */
void screen_draw(struct canvas *c, const struct board *b, const struct view *v);

#endif
