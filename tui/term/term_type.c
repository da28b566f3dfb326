/* The terminal's type: which, and whether anything can be drawn on it. Apart from the rest, as the terminfo header has a
 * `struct term` of its own. */
#include "term_type.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

/* "xterm" is what docker exec leaves behind; nearly every terminal behind it has 256 colours. */
const char *term_type(const struct term_options *o)
{
	const char *name = getenv("TERM");

	if (name && strcmp(name, "xterm") == 0 && (o->colors == 0 || o->colors >= 256))
		return "xterm-256color";
	return name;
}

/* Known here, and able to put text where it belongs. */
static bool can_address(const char *name)
{
	char cup[] = "cup";
	int found = 0;

	if (setupterm(name, STDOUT_FILENO, &found) != OK)
		return false;
	const char *s = tigetstr(cup);
	bool ok = s && s != (char *)-1;
	del_curterm(cur_term);
	return ok;
}

int term_colors(const struct term_options *o)
{
	char colors[] = "colors";
	int found = 0;

	const char *name = term_type(o);
	if (!name || !name[0] || setupterm(name, STDOUT_FILENO, &found) != OK)
		return 0;
	int n = tigetnum(colors);
	del_curterm(cur_term);
	return n > 0 ? n : 0;
}

int term_check(const struct term_options *o, struct err *e)
{
	const char *own = getenv("TERM");

	if (!own || !own[0] || strcmp(own, "dumb") == 0)
		return err_set(e, ERR_USAGE,
		        "TERM is %s, so nothing can be drawn here; TERM=xterm-256color benchtop would try it anyway",
		        own && own[0] ? own : "not set");
	if (can_address(term_type(o)) || can_address(own))
		return 0;
	return err_set(e, ERR_USAGE,
	        "the terminal type TERM=%.60s is not known here, so nothing can be drawn; try TERM=xterm-256color, or install the package ncurses-term",
	        own);
}
