/* The terminal: the only part of the program that includes curses. Puts a canvas on the screen, reads keys.
 *
 * Owned by the UI thread alone; no call waits for the terminal (a pump thread writes to it), but for term_close and
 * term_suspend, up to a second. term_open puts the terminal into its own mode, term_close restores it; the keeper process
 * restores it when this one dies or the terminal takes no bytes. Raw mode: Ctrl-C and Ctrl-Z are keys.
 */
#ifndef BENCHTOP_TERM_H
#define BENCHTOP_TERM_H
#include "../draw/canvas.h"
#include "../draw/theme.h"
#include <poll.h>
#include <stdatomic.h>

struct term;

/* In memory shared with the keeper: what is left to be undone when this process dies. */
struct term_shared {
	atomic_bool opened; /* the screen is ours */
	atomic_bool titled; /* the title is ours, the old one is on the terminal's stack */
};

struct term_options {
	int colors; /* 0 = what the terminal says; 8, 16, 256; 1 = none */
	bool ascii; /* no box lines, blocks, marks */
	bool mouse;
	int stray_fd; /* while the screen is up fds 1 and 2 point there, so that no library writes over it;
	                               -1 or 0: they stay */
	struct term_shared *shared; /* borrowed, may be NULL */
};

/* ERR_USAGE in words when TERM says that nothing can be drawn here. Touches nothing. */
int term_check(const struct term_options *o, struct err *e);
/* How many colours terminfo says that this type of terminal has; 0 when it has none, or is not known. Touches nothing. */
int term_colors(const struct term_options *o);
/* ERR_USAGE in words when this is no terminal or TERM is unknown (names a TERM that works). */
int term_open(struct term **out, const struct term_options *o, struct err *e);
/* Leaves a clean terminal, unless it takes no bytes: then `opened` stays set for the keeper. */
void term_close(struct term *t);
void term_theme(struct term *t, const struct theme *theme); /* repaints everything next time */
void term_size(struct term *t, int *rows, int *cols);
/* Pushes the rows that changed since the last paint. False when earlier bytes are still on their way (frame skipped). */
bool term_paint(struct term *t, const struct canvas *c);
void term_redraw(struct term *t); /* Ctrl-L: next paint sends everything */
/* For how long the terminal has taken no byte though some wait; 0 when none wait. */
int64_t term_stuck_ns(struct term *t);
/* To wait on before term_key: keys, a new size, room for a skipped frame. */
#define TERM_FDS 3
void term_fds(const struct term *t, struct pollfd out[TERM_FDS]);
/* The next key as the action table names it ("q", "Enter", "Up", "Ctrl-L", or one UTF-8 character), "Resize" after the size
 * changed, "WheelUp" and "WheelDown" when the mouse was asked for. False when there is none. *lost becomes true when the
 * terminal is gone. */
bool term_key(struct term *t, char key[16], bool *lost);
/* Gives the terminal back to the shell until SIGCONT (the whole job stops), then takes it again. False when there is no shell
 * that could bring it back: nothing happened. */
bool term_suspend(struct term *t);
void term_bell(struct term *t);
void term_title(struct term *t, const char *text); /* cleaned here; term_close brings the old one back */
bool term_is_utf8(void);

#endif
