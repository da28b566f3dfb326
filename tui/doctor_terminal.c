#include "doctor_terminal.h"

#include "../engine/base/text.h"
#include "term/term.h"
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SMALLEST_COLS 60 /* below it a page says so */
#define SMALLEST_ROWS 16
#define USABLE_COLS   80
#define USABLE_ROWS   23

static const char *variable(settings_getenv get, void *ctx, const char *name)
{
	const char *v = get(ctx, name);
	return v && v[0] ? v : NULL;
}

void doctor_screen_look(const struct options *o, struct doctor_screen *out)
{
	const struct term_options t = {.colors = o->no_color ? 1 : o->colors, .ascii = o->ascii};
	struct winsize w = {0};
	struct err e = {0};

	*out = (struct doctor_screen){.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)};
	if (out->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0) {
		out->rows = w.ws_row;
		out->cols = w.ws_col;
	}
	if (term_check(&t, &e) < 0)
		text_set(out->wrong, sizeof out->wrong, e.text);
	else
		out->colors = term_colors(&t);
	out->utf8 = term_is_utf8();
}

static void say_size(const struct doctor_screen *d, struct doctor_report *r)
{
	if (d->rows <= 0 || d->cols <= 0)
		doctor_say(r, "terminal", DOCTOR_NOTE,
		        "it does not tell its size, so 80x24 is taken: `stty cols 120 rows 36` sets it, docker exec -it passes it on");
	else if (d->cols < SMALLEST_COLS || d->rows < SMALLEST_ROWS)
		doctor_say(r, "terminal", DOCTOR_PROBLEM,
		        "%dx%d is too small for the dashboard: make the window at least %dx%d, better 120x36", d->cols,
		        d->rows, SMALLEST_COLS, SMALLEST_ROWS);
	else if (d->cols < USABLE_COLS || d->rows < USABLE_ROWS)
		doctor_say(r, "terminal", DOCTOR_NOTE,
		        "%dx%d is narrow: some columns are left out; 80x24 shows all, 120x36 is best", d->cols,
		        d->rows);
}

static void say_type(
        const struct doctor_screen *d, const struct options *o, settings_getenv get, void *ctx, struct doctor_report *r)
{
	const char *type = variable(get, ctx, "TERM");
	bool none = o->no_color || variable(get, ctx, "NO_COLOR");
	char size[40] = "", colors[48];

	if (d->wrong[0]) {
		doctor_say(r, "terminal", d->terminal ? DOCTOR_PROBLEM : DOCTOR_NOTE,
		        "%s. acc, perf and submit do without a screen", d->wrong);
		return;
	}
	if (d->rows > 0)
		snprintf(size, sizeof size, ", %dx%d", d->cols, d->rows);
	int n = o->colors > 0 ? o->colors : d->colors;
	if (none || n < 8)
		snprintf(colors, sizeof colors, "no colours%s", none ? ", as asked for" : "");
	else
		snprintf(colors, sizeof colors, "%d colours", n > 256 ? 256 : n);
	doctor_say(r, "terminal", DOCTOR_OK, "TERM=%s%s, %s%s", type ? type : "", size, colors,
	        d->terminal ? "" : "; not used now, input or output goes elsewhere");
	if (d->terminal)
		say_size(d, r);
	if (!none && n >= 8 && n < 256)
		doctor_say(r, "terminal", DOCTOR_NOTE,
		        "only %d colours: most terminals have 256, TERM=%s-256color (or --colors 256) uses them", n,
		        type && strncmp(type, "screen", 6) == 0 ? "screen" : "xterm");
}

static void say_characters(
        const struct doctor_screen *d, const struct options *o, settings_getenv get, void *ctx, struct doctor_report *r)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *name = NULL;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && !name; i++)
		name = variable(get, ctx, names[i]) ? names[i] : NULL;
	if (o->ascii)
		doctor_say(r, "locale", DOCTOR_OK, "ASCII, as asked for");
	else if (d->utf8)
		doctor_say(r, "locale", DOCTOR_OK, "UTF-8%s%s%s", name ? ", by " : ": nothing is set, C.UTF-8 is taken",
		        name ? name : "", name ? "" : "");
	else if (name)
		doctor_say(r, "locale", DOCTOR_NOTE,
		        "%s=%s is no UTF-8: bars and lines are drawn in ASCII; export %s=C.UTF-8 for the others", name,
		        variable(get, ctx, name), name);
	else
		doctor_say(r, "locale", DOCTOR_NOTE,
		        "there is no C.UTF-8 here: bars and lines are drawn in ASCII; install a UTF-8 locale");
}

void doctor_terminal(
        const struct doctor_screen *d, const struct options *o, settings_getenv get, void *ctx, struct doctor_report *r)
{
	say_type(d, o, get, ctx, r);
	say_characters(d, o, get, ctx, r);
	if (!d->terminal)
		return;
	if (variable(get, ctx, "TMUX"))
		doctor_say(r, "session", DOCTOR_OK, "inside tmux");
	else if (variable(get, ctx, "STY"))
		doctor_say(r, "session", DOCTOR_OK, "inside screen");
	else
		doctor_say(r, "session", DOCTOR_OK,
		        "no tmux, no screen here: a run goes on when the connection drops, and benchtop follows it again");
}
