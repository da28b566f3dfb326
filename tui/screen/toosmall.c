/* The page for a screen that nothing fits on. */
#include "../../engine/base/text.h"
#include "../actions.h"
#include "../draw/widget.h"
#include "screen.h"
#include <string.h>

static void centred(struct canvas *c, int row, enum role role, const char *text)
{
	int width = text_width(text, strlen(text));
	int col = width < c->cols ? (c->cols - width) / 2 : 0;
	canvas_fit(c, row, col, c->cols, role, 0, text);
}

void toosmall_draw(struct canvas *c, const struct view *v)
{
	char text[64], key[16];
	(void)v;
	int row = c->rows / 2 - 2;
	if (row < 0)
		row = 0;
	centred(c, row, ROLE_TITLE, "benchtop");
	centred(c, row + 1, ROLE_BAD, str_fmt(text, sizeof text, "%d x %d is too small", c->cols, c->rows));
	centred(c, row + 2, ROLE_TEXT, str_fmt(text, sizeof text, "%d x %d needed", LAYOUT_MIN_COLS, LAYOUT_MIN_ROWS));
	centred(c, row + 3, ROLE_DIM,
	        str_fmt(text, sizeof text, "a run goes on; %s leaves", action_key(action_at(ACTION_QUIT), key)));
}
