/* Shared by term.c (open, close, paint) and term_key.c (input). */
#ifndef BENCHTOP_TERM_INT_H
#define BENCHTOP_TERM_INT_H
#include "pump.h"
#include "term.h"
#include <curses.h>
#include <stdio.h>
#include <sys/types.h>
#include <termios.h>

/* Text keeps its role on the focused row, in forms and in the header, and takes their background: a pair for each. */
#define SURFACES 4

struct term {
	SCREEN *screen;
	/* What curses takes for its terminal. While it sets the modes that is the terminal; after that a file in memory,
	 * whose bytes go to the pump after each update: curses itself never waits for the terminal. */
	FILE *frame;
	int frame_fd;
	int tty;      /* a duplicate of standard output */
	int winch_fd; /* signalfd of SIGWINCH */
	struct pump *pump;
	char *bytes; /* of a frame on its way from frame_fd to the pump */
	size_t bytes_cap;
	struct termios before, ours;
	int kept_out, kept_err; /* fds 1 and 2 of before, -1 when they were left alone */
	struct term_shared *shared, own_shared;
	pid_t parent;
	struct canvas shown; /* what curses was given last */
	bool have_shown;
	int colors;
	attr_t attrs[ROLE_count][SURFACES];
	short pairs[ROLE_count][SURFACES];
	int errors;
	bool redraw, mouse, pushed_title;
};

/* Keys as the usual terminals send them, also where TERM names another one: inside of tmux and a container it often does. */
void term_keys_define(void);
/* Takes a new size of the terminal, if there is one; curses then queues KEY_RESIZE. */
void term_resize(struct term *t);

#endif
