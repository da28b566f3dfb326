#include "term_int.h"
#include "term_type.h"

#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DRAIN_MS 1000 /* how long the closing sequences may take */

static const int surfaces[SURFACES] = {0, ATTR_FOCUS, ATTR_FORM, ATTR_HEAD};

#define PAIRS 120
struct pair_table {
	short n, fg[PAIRS], bg[PAIRS];
};

static int surface_of(int attr)
{
	return attr & ATTR_FORM ? 2 : attr & ATTR_FOCUS ? 1 : attr & ATTR_HEAD ? 3 : 0;
}

bool term_is_utf8(void)
{
	const char *codeset = nl_langinfo(CODESET);

	return strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0;
}

/* Curses' bytes of the last update, from the file in memory to the pump. */
static void send_frame(struct term *t)
{
	off_t n = lseek(t->frame_fd, 0, SEEK_CUR);

	if (n <= 0)
		return;
	if ((size_t)n > t->bytes_cap) {
		char *bytes = realloc(t->bytes, (size_t)n);
		if (bytes) {
			t->bytes = bytes;
			t->bytes_cap = (size_t)n;
		}
	}
	ssize_t r = (size_t)n <= t->bytes_cap ? pread(t->frame_fd, t->bytes, (size_t)n, 0) : -1;
	lseek(t->frame_fd, 0, SEEK_SET);
	if (r != n || !pump_put(t->pump, t->bytes, (size_t)n))
		t->redraw = true;
}

static void send_text(struct term *t, const char *text)
{
	if (!pump_put(t->pump, text, strlen(text)))
		t->redraw = true;
}

static bool tty_size(const struct term *t, int *rows, int *cols)
{
	struct winsize w;

	/* docker exec starts a terminal of 0 columns and tells the size a moment later. */
	if (ioctl(t->tty, TIOCGWINSZ, &w) < 0 || w.ws_row == 0 || w.ws_col == 0)
		return false;
	*rows = w.ws_row;
	*cols = w.ws_col;
	return true;
}

void term_resize(struct term *t)
{
	struct signalfd_siginfo si;
	int rows, cols;
	bool told = false;

	while (read(t->winch_fd, &si, sizeof si) == (ssize_t)sizeof si)
		told = true;
	if (told && tty_size(t, &rows, &cols) && (rows != LINES || cols != COLS))
		resizeterm(rows, cols);
}

/* Curses sets the terminal's modes through `frame` while that is still the terminal. */
static int open_screen(struct term *t, const struct term_options *o, struct err *e)
{
	const char *name = term_type(o), *own = getenv("TERM");
	int fd = fcntl(t->tty, F_DUPFD_CLOEXEC, 3);
	int memory = memfd_create("benchtop-frame", MFD_CLOEXEC);
	int rows, cols;

	t->frame = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!t->frame || memory < 0)
		return err_sys(e, ERR_IO, errno, "the screen cannot be opened");
	t->frame_fd = fd;
	/* LINES and COLUMNS in the environment would freeze the size; padding is for terminals of glass and wire. */
	unsetenv("LINES");
	unsetenv("COLUMNS");
	setenv("NCURSES_NO_PADDING", "1", 1);
	t->screen = newterm(name, t->frame, stdin);
	if (!t->screen && own)
		t->screen = newterm(own, t->frame, stdin);
	if (!t->screen) {
		close(memory);
		return err_set(e, ERR_USAGE,
		        "the terminal type TERM=%.60s is not known here; try TERM=xterm-256color, or install the package ncurses-term",
		        own ? own : "");
	}
	raw();
	noecho();
	nonl();
	tcgetattr(t->tty, &t->ours);
	dup3(memory, fd, O_CLOEXEC);
	close(memory);
	if (tty_size(t, &rows, &cols) && (rows != LINES || cols != COLS))
		resizeterm(rows, cols);
	return 0;
}

static void set_up_screen(struct term *t, const struct term_options *o)
{
	typeahead(-1); /* a frame is finished once it was begun */
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	term_keys_define();
	curs_set(0);
	t->mouse = o->mouse;
	if (t->mouse) {
		mousemask(BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0);
	}
	if (o->colors != 1 && has_colors()) {
		start_color();
		use_default_colors();
		t->colors = o->colors > 1 && o->colors < COLORS ? o->colors : COLORS;
	}
}

static int open_fds(struct term *t, struct err *e)
{
	sigset_t winch;

	/* The size is ours to follow: curses would ask a file in memory for it. Suspending, too, is done by term_suspend. */
	sigemptyset(&winch);
	sigaddset(&winch, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &winch, NULL);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	t->winch_fd = signalfd(-1, &winch, SFD_NONBLOCK | SFD_CLOEXEC);
	t->tty = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (t->winch_fd < 0 || t->tty < 0 || tcgetattr(t->tty, &t->before) < 0)
		return err_sys(e, ERR_IO, errno, "the terminal cannot be opened");
	return pump_open(&t->pump, t->tty, e);
}

static void free_term(struct term *t)
{
	if (t->screen)
		delscreen(t->screen);
	pump_close(t->pump);
	if (t->frame)
		fclose(t->frame);
	if (t->have_shown)
		canvas_close(&t->shown);
	if (t->winch_fd >= 0)
		close(t->winch_fd);
	if (t->tty >= 0)
		close(t->tty);
	free(t->bytes);
	free(t);
}

/* Whatever a library prints while the screen is up goes to a file; the keeper shows it afterwards. */
static void divert(struct term *t, int stray)
{
	t->kept_out = t->kept_err = -1;
	if (stray <= STDERR_FILENO)
		return;
	fflush(NULL);
	t->kept_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	t->kept_err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (t->kept_out >= 0)
		dup2(stray, STDOUT_FILENO);
	if (t->kept_err >= 0)
		dup2(stray, STDERR_FILENO);
}

static void end_divert(struct term *t)
{
	fflush(stdout);
	if (t->kept_out >= 0) {
		dup2(t->kept_out, STDOUT_FILENO);
		close(t->kept_out);
	}
	if (t->kept_err >= 0) {
		dup2(t->kept_err, STDERR_FILENO);
		close(t->kept_err);
	}
}

int term_open(struct term **out, const struct term_options *o, struct err *e)
{
	int rc;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(e, ERR_USAGE,
		        "the dashboard needs a terminal on standard input and output; acc, perf and submit run without one");
	if ((rc = term_check(o, e)) < 0)
		return rc;
	struct term *t = calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "out of memory");
	t->winch_fd = t->tty = t->kept_out = t->kept_err = -1;
	t->parent = getppid();
	t->shared = o->shared ? o->shared : &t->own_shared;
	if ((rc = open_fds(t, e)) == 0) {
		atomic_store(&t->shared->opened, true);
		rc = open_screen(t, o, e);
	}
	if (rc < 0) {
		free_term(t);
		return rc;
	}
	divert(t, o->stray_fd);
	set_up_screen(t, o);
	*out = t;
	return 0;
}

/* Leaves curses' screen and the title, in this order; true when the terminal took all of it. */
static bool give_back(struct term *t)
{
	if (pump_broken(t->pump) || pump_stuck_ns(t->pump) >= DRAIN_MS * CLOCK_NS_PER_MS)
		return false;
	endwin();
	send_frame(t);
	if (t->pushed_title) {
		/* Emptied first, for terminals that know no stack of titles. */
		send_text(t, "\033]2;\033\\\033[23;2t");
		t->pushed_title = false;
		atomic_store(&t->shared->titled, false);
	}
	if (!pump_drain(t->pump, DRAIN_MS))
		return false;
	/* After the sequences: mouse reports on their way must not be echoed. */
	tcsetattr(t->tty, t->mouse ? TCSAFLUSH : TCSADRAIN, &t->before);
	return true;
}

void term_close(struct term *t)
{
	if (!t)
		return;
	erase();
	refresh();
	if (give_back(t))
		atomic_store(&t->shared->opened, false);
	end_divert(t);
	free_term(t);
}

static short color_number(const struct term *t, struct theme_color c)
{
	if (c.is_default)
		return -1;
	if (t->colors >= 256)
		return (short)(c.ansi >= 0 ? c.ansi : theme_to_256(c));
	return (short)(c.ansi >= 0 ? (t->colors >= 16 ? c.ansi : c.ansi & 7) : theme_to_8(c));
}

static attr_t attr_of(int a)
{
	attr_t r = 0;

	if (a & ATTR_BOLD)
		r |= A_BOLD;
	if (a & ATTR_REVERSE)
		r |= A_REVERSE;
	if (a & ATTR_UNDERLINE)
		r |= A_UNDERLINE;
	if (a & ATTR_DIM)
		r |= A_DIM;
	return r;
}

/* The pair of two colours: found or made. A terminal of 8 colours has only 64, so equal ones are shared; 0 when there is
 * none left. Numbers stay below 256, so that every curses function knows them. */
static short pair_of(struct pair_table *p, short fg, short bg)
{
	for (short i = 0; i < p->n; i++)
		if (p->fg[i] == fg && p->bg[i] == bg)
			return (short)(i + 1);
	if (p->n == PAIRS || init_pair((short)(p->n + 1), fg, bg) == ERR)
		return 0;
	p->fg[p->n] = fg;
	p->bg[p->n] = bg;
	return ++p->n;
}

void term_theme(struct term *t, const struct theme *theme)
{
	int depth = t->colors >= 256 ? 256 : t->colors >= 8 ? 8 : 0;
	struct pair_table made = {.n = 0};

	for (int i = 0; i < ROLE_count; i++) {
		for (int k = 0; k < SURFACES; k++) {
			struct theme_look look = theme_resolve(theme, depth, (enum role)i, surfaces[k]);
			t->attrs[i][k] = attr_of(look.attr);
			t->pairs[i][k] =
			        depth > 0 ? pair_of(&made, color_number(t, look.fg), color_number(t, look.bg)) : 0;
		}
	}
	term_redraw(t);
}

void term_size(struct term *t, int *rows, int *cols)
{
	(void)t;
	*rows = LINES > 0 ? LINES : 1;
	*cols = COLS > 0 ? COLS : 1;
}

static void put_row(struct term *t, const struct canvas *c, int row)
{
	move(row, 0);
	for (int col = 0; col < c->cols; col++) {
		const struct canvas_cell *k = &c->cells[row * c->cols + col];
		cchar_t cc;
		wchar_t w[3] = {(wchar_t)k->cp, 0, 0};
		if (k->width == 0)
			continue;
		if (k->mark)
			w[1] = (wchar_t)k->mark;
		if (k->cp == 0)
			w[0] = L' ';
		int surface = surface_of(k->attr);
		attr_t a = t->attrs[k->role][surface] | attr_of(k->attr);
		if (setcchar(&cc, w, a, t->pairs[k->role][surface], NULL) == OK)
			mvadd_wch(row, col, &cc);
	}
}

static bool row_equal(const struct canvas *a, const struct canvas *b, int row)
{
	return memcmp(&a->cells[row * a->cols], &b->cells[row * b->cols], (size_t)a->cols * sizeof *a->cells) == 0;
}

int64_t term_stuck_ns(struct term *t)
{
	return pump_stuck_ns(t->pump);
}

bool term_paint(struct term *t, const struct canvas *c)
{
	if (pump_pending(t->pump, true) > 0)
		return false;
	bool fresh = !t->have_shown || t->shown.rows != c->rows || t->shown.cols != c->cols;
	bool all = t->redraw || fresh;
	if (fresh) {
		if (t->have_shown)
			canvas_close(&t->shown);
		t->have_shown = canvas_open(&t->shown, c->rows, c->cols, c->ascii) == 0;
		if (!t->have_shown)
			return true;
		erase();
	}
	if (t->redraw)
		clearok(stdscr, TRUE);
	t->redraw = false;
	bool changed = all;
	for (int row = 0; row < c->rows; row++) {
		if (!all && row_equal(c, &t->shown, row))
			continue;
		put_row(t, c, row);
		changed = true;
	}
	if (!changed)
		return true;
	memcpy(t->shown.cells, c->cells, (size_t)c->rows * (size_t)c->cols * sizeof *c->cells);
	wnoutrefresh(stdscr);
	doupdate();
	send_frame(t);
	return true;
}

void term_redraw(struct term *t)
{
	t->redraw = true;
}

bool term_suspend(struct term *t)
{
	struct winsize w;

	/* The group of the session's leader: nobody waits above it who could continue it. */
	if (getpgrp() == getsid(0))
		return false;
	if (!give_back(t))
		return true; /* it takes no bytes: the loop finds that out */
	atomic_store(&t->shared->opened, false);
	/* The whole job: the keeper, for which the shell waits, and whatever else it waits for. Continued in the background
	 * it stops again, as any program that writes to the terminal would. */
	do
		kill(0, SIGSTOP);
	while (tcgetpgrp(t->tty) >= 0 && tcgetpgrp(t->tty) != getpgrp());
	atomic_store(&t->shared->opened, true);
	tcsetattr(t->tty, TCSADRAIN, &t->ours);
	if (ioctl(t->tty, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0 &&
	        (w.ws_row != LINES || w.ws_col != COLS))
		resizeterm(w.ws_row, w.ws_col);
	term_redraw(t);
	return true;
}

void term_bell(struct term *t)
{
	send_text(t, "\a");
}

void term_title(struct term *t, const char *text)
{
	const char *name = getenv("TERM");
	char clean[96], out[160];

	/* Only terminals that are known to take it: the Linux console prints it. */
	if (!name ||
	        (strncmp(name, "xterm", 5) != 0 && strncmp(name, "screen", 6) != 0 && strncmp(name, "tmux", 4) != 0))
		return;
	text_clean(clean, sizeof clean, text, strlen(text));
	snprintf(out, sizeof out, "%s\033]2;%s\033\\", t->pushed_title ? "" : "\033[22;2t", clean);
	t->pushed_title = true;
	atomic_store(&t->shared->titled, true);
	send_text(t, out);
}
