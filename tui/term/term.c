#include "term.h"

#include "../../engine/base/text.h"
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define INPUT_ERRORS_MAX 50

/* Text keeps its role on the focused row, in forms and in the header, and takes their background: a pair for each. */
static const int surfaces[] = {0, ATTR_FOCUS, ATTR_FORM, ATTR_HEAD};
#define SURFACES ((int)(sizeof surfaces / sizeof surfaces[0]))

#define PAIRS 120
struct pair_table {
	short n, fg[PAIRS], bg[PAIRS];
};

static int surface_of(int attr)
{
	return attr & ATTR_FORM ? 2 : attr & ATTR_FOCUS ? 1 : attr & ATTR_HEAD ? 3 : 0;
}

struct term {
	SCREEN *screen;
	struct canvas shown; /* what curses was given last */
	bool have_shown;
	int colors;
	attr_t attrs[ROLE_count][SURFACES];
	short pairs[ROLE_count][SURFACES];
	int errors;
	bool redraw;
	bool resized;
};

bool term_is_utf8(void)
{
	const char *codeset = nl_langinfo(CODESET);

	return strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0;
}

/* "xterm" is what docker exec leaves behind; nearly every terminal behind it has 256 colours. */
static const char *term_name(const struct term_options *o)
{
	const char *name = getenv("TERM");

	if (name && strcmp(name, "xterm") == 0 && (o->colors == 0 || o->colors >= 256))
		return "xterm-256color";
	return name;
}

int term_open(struct term **out, const struct term_options *o, struct err *e)
{
	const char *name = term_name(o);

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(e, ERR_USAGE, "the dashboard needs a terminal on standard input and output; acc, perf and submit run without one");
	if (!name || !name[0] || strcmp(name, "dumb") == 0)
		return err_set(e, ERR_USAGE, "TERM is %s: the dashboard cannot draw there; set TERM=xterm-256color, or use acc, perf or submit with plain output",
			name && name[0] ? name : "not set");
	struct term *t = calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "out of memory");
	/* LINES and COLUMNS in the environment would freeze the size. */
	unsetenv("LINES");
	unsetenv("COLUMNS");
	t->screen = newterm(name, stdout, stdin);
	if (!t->screen) {
		free(t);
		return err_set(e, ERR_USAGE, "the terminal type TERM=%s is not known here; try TERM=xterm-256color, or install the package ncurses-term",
			name);
	}
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	if (o->mouse) {
		mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0);
	}
	t->colors = 0;
	if (o->colors != 1 && has_colors()) {
		start_color();
		use_default_colors();
		t->colors = o->colors > 1 && o->colors < COLORS ? o->colors : COLORS;
	}
	*out = t;
	return 0;
}

void term_close(struct term *t)
{
	if (!t)
		return;
	erase();
	refresh();
	endwin();
	delscreen(t->screen);
	if (t->have_shown)
		canvas_close(&t->shown);
	free(t);
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
			t->pairs[i][k] = depth > 0 ? pair_of(&made, color_number(t, look.fg), color_number(t, look.bg)) : 0;
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

static bool writable(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) > 0 && (p.revents & POLLOUT);
}

bool term_paint(struct term *t, const struct canvas *c)
{
	if (!writable())
		return false;
	bool all = t->redraw || !t->have_shown || t->shown.rows != c->rows || t->shown.cols != c->cols;
	if (!t->have_shown || t->shown.rows != c->rows || t->shown.cols != c->cols) {
		if (t->have_shown)
			canvas_close(&t->shown);
		t->have_shown = canvas_open(&t->shown, c->rows, c->cols, c->ascii) == 0;
		if (!t->have_shown)
			return true;
		erase();
	}
	if (t->redraw)
		clearok(stdscr, TRUE);
	for (int row = 0; row < c->rows; row++)
		if (all || !row_equal(c, &t->shown, row))
			put_row(t, c, row);
	memcpy(t->shown.cells, c->cells, (size_t)c->rows * (size_t)c->cols * sizeof *c->cells);
	t->redraw = false;
	wnoutrefresh(stdscr);
	doupdate();
	return true;
}

void term_redraw(struct term *t)
{
	t->redraw = true;
}

static const struct {
	int code;
	const char *name;
} special[] = {
	{KEY_UP, "Up"},
	{KEY_DOWN, "Down"},
	{KEY_LEFT, "Left"},
	{KEY_RIGHT, "Right"},
	{KEY_PPAGE, "PgUp"},
	{KEY_NPAGE, "PgDn"},
	{KEY_HOME, "Home"},
	{KEY_END, "End"},
	{KEY_ENTER, "Enter"},
	{KEY_BACKSPACE, "Backspace"},
	{KEY_DC, "Delete"},
	{KEY_BTAB, "BackTab"},
	{KEY_RESIZE, "Resize"},
};

static void char_name(wint_t w, char key[16])
{
	switch (w) {
	case L'\r':
	case L'\n':
		text_set(key, 16, "Enter");
		return;
	case L'\t':
		text_set(key, 16, "Tab");
		return;
	case L' ':
		text_set(key, 16, "Space");
		return;
	case 27:
		text_set(key, 16, "Esc");
		return;
	case 8:
	case 127:
		text_set(key, 16, "Backspace");
		return;
	default:
		break;
	}
	if (w < 32) {
		char name[] = {'C', 't', 'r', 'l', '-', (char)('A' + (int)w - 1), '\0'};
		text_set(key, 16, name);
		return;
	}
	size_t n = utf8_encode((uint32_t)w, key);
	key[n] = '\0';
}

/* A terminal that is gone answers at once and for ever with an error: that must not spin. */
static bool input_lost(struct term *t)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int n = 0;

	if (poll(&p, 1, 0) <= 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	if ((p.revents & POLLIN) && ioctl(STDIN_FILENO, FIONREAD, &n) == 0 && n == 0)
		return ++t->errors > INPUT_ERRORS_MAX;
	return false;
}

bool term_key(struct term *t, char key[16], bool *lost)
{
	wint_t w;
	int rc = get_wch(&w);

	*lost = false;
	if (rc == ERR) {
		*lost = input_lost(t);
		return false;
	}
	t->errors = 0;
	if (rc == KEY_CODE_YES) {
		key[0] = '\0';
		for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
			if (special[i].code == (int)w)
				text_set(key, 16, special[i].name);
		if (!key[0])
			text_set(key, 16, "?key");
		return true;
	}
	char_name(w, key);
	return true;
}

void term_suspend(struct term *t)
{
	endwin();
	/* The shell waits for the keeper: it must stop, too. */
	kill(getppid(), SIGSTOP);
	raise(SIGSTOP);
	refresh();
	term_redraw(t);
}

void term_bell(struct term *t)
{
	(void)t;
	beep();
}

void term_title(struct term *t, const char *text)
{
	const char *name = getenv("TERM");
	char clean[96];

	(void)t;
	/* Only terminals that are known to take it: the Linux console prints it. */
	if (!name || (strncmp(name, "xterm", 5) != 0 && strncmp(name, "screen", 6) != 0 && strncmp(name, "tmux", 4) != 0))
		return;
	text_clean(clean, sizeof clean, text, strlen(text));
	if (!writable())
		return;
	char out[160];
	int n = snprintf(out, sizeof out, "\033]2;%s\033\\", clean);
	if (n > 0 && write(STDOUT_FILENO, out, (size_t)n) < 0)
		return;
}
