/* The terminal: the only part of the program that includes curses. Puts a canvas on the screen, reads keys.
 *
 * Owned by the UI thread alone. term_open puts the terminal into its own mode, term_close restores it; the keeper process
 * restores it when this one dies. Raw mode: Ctrl-C and Ctrl-Z are keys.
 */
#ifndef BENCHTOP_TERM_H
#define BENCHTOP_TERM_H
#include "../draw/canvas.h"
#include "../draw/theme.h"

struct term;

struct term_options {
	int colors;    /* 0 = what the terminal says; 8, 16, 256; 1 = none */
	bool ascii;    /* no box lines, blocks, marks */
	bool mouse;
};

/* ERR_USAGE in words when this is no terminal or TERM is unknown (names a TERM that works). */
int term_open(struct term **out, const struct term_options *o, struct err *e);
void term_close(struct term *t);
void term_theme(struct term *t, const struct theme *theme); /* repaints everything next time */
void term_size(struct term *t, int *rows, int *cols);
/* Pushes the rows that changed since the last paint. False when the terminal takes no bytes now (frame skipped). */
bool term_paint(struct term *t, const struct canvas *c);
void term_redraw(struct term *t); /* Ctrl-L: next paint sends everything */
/* The next key as the action table names it ("q", "Enter", "Up", "Ctrl-L", or one UTF-8 character), "Resize" after the size
 * changed. False when there is none. *lost becomes true when the terminal is gone. */
bool term_key(struct term *t, char key[16], bool *lost);
/* Gives the terminal back to the shell until SIGCONT (keeper and this process stop), then takes it again. */
void term_suspend(struct term *t);
void term_bell(struct term *t);
void term_title(struct term *t, const char *text); /* cleaned text; "" restores nothing */
bool term_is_utf8(void);

#endif
