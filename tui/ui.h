/* The UI thread: folds events into the board, turns keys into actions and commands, paints at most `fps` times a second.
 *
 * Runs in the main thread of the dashboard's process. It never touches the engine but by commands; it owns terminal, view,
 * canvas. The board is the caller's, so that a run that goes on without a screen goes on with the same fold.
 */
#ifndef BENCHTOP_UI_H
#define BENCHTOP_UI_H
#include "../engine/base/mailbox.h"
#include "../engine/run/engine.h"
#include "draw/theme.h"
#include "screen/view.h"
#include "term/term.h"

struct ui_backend {
	void *ctx;
	struct mailbox *events;
	/* Called once after the first frame; may set where the server is. NULL: nothing to open. */
	int (*open)(void *ctx, struct settings *s, struct err *e);
	/* Copies the command. A sentence is put into e when it cannot be done (negative). */
	int (*command)(void *ctx, const struct command *c, struct err *e);
};

struct ui_config {
	const struct track *track;
	struct settings settings;
	struct term_options term;
	char theme[512];
	int fps;
	bool following; /* another process measures */
	int signal_fd;  /* signalfd of TERM, INT, HUP; -1 none */
	struct ui_backend backend;
	struct board *board; /* borrowed */
};

enum ui_exit {
	UI_EXIT_QUIT,   /* nothing is running (any more), or the user only looked */
	UI_EXIT_DETACH, /* the user leaves the run running */
	UI_EXIT_LOST,   /* the terminal is gone */
	UI_EXIT_TERM,   /* SIGTERM: end */
};

/* Opens the terminal, runs until the user leaves, restores the terminal. */
int ui_run(const struct ui_config *cfg, enum ui_exit *how, struct err *e);

#endif
