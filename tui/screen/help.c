/* The keys of where the user is, from the actions; what the marks mean follows. Scrolls. */
#include "../../engine/base/text.h"
#include "../actions.h"
#include "dash.h"
#include "screen.h"
#include <string.h>

#define KEY_COLS 20

static const struct {
	const char *mark, *meaning;
} marks[] = {{"+ - =", "better than the reference, worse, equal to two decimals"},
        {"│", "in a bar: the reference; what is right of it is beyond the reference"},
        {"—", "not measured, or not known; never a zero"}, {"!", "a doubt: holds back a post until it is looked at"},
        {"▸ [x]", "the row the keys act on; picked for the next run"}};

#define MARKS ((int)(sizeof marks / sizeof marks[0]))

/* Only the dashboard has them all. */
static int marks_count(const struct view *v)
{
	return v->screen == SCREEN_DASHBOARD && v->modal_back == MODAL_NONE ? MARKS : 0;
}

/* Line i of the whole text; false beyond its end. Draws when c is not NULL. */
static bool help_line(struct canvas *c, int row, struct rect r, const struct view *v, int i)
{
	int at = 0;
	for (int k = 0; k < ACTION_count; k++) {
		const struct action *a = action_at(k);
		if (!action_works(a, v->screen, v->modal_back) || !a->help[0] || at++ != i)
			continue;
		if (c) {
			canvas_fit(c, row, r.col, KEY_COLS - 1, ROLE_KEY, 0, a->key);
			canvas_fit(c, row, r.col + KEY_COLS, r.cols - KEY_COLS, ROLE_TEXT, 0, a->help);
		}
		return true;
	}
	int mark = i - at - 1; /* one line of air */
	if (marks_count(v) == 0 || mark < 0)
		return marks_count(v) > 0 && mark == -1;
	if (mark >= MARKS)
		return false;
	if (c) {
		canvas_fit(c, row, r.col, KEY_COLS - 1, ROLE_STRONG, 0, marks[mark].mark);
		canvas_fit(c, row, r.col + KEY_COLS, r.cols - KEY_COLS, ROLE_TEXT, 0, marks[mark].meaning);
	}
	return true;
}

static const char *help_title(const struct view *v)
{
	switch (v->modal_back) {
	case MODAL_SHEET:
		return "Keys of the run sheet";
	case MODAL_QUIT:
		return "Keys of the question";
	case MODAL_PAIRS:
	case MODAL_THEME:
		return "Keys of the list";
	default:
		return v->screen == SCREEN_LOG       ? "Keys of the log"
		       : v->screen == SCREEN_RESULTS ? "Keys of the results"
		       : v->screen == SCREEN_CURVE   ? "Keys of the curve"
		                                     : "Keys of the dashboard";
	}
}

int help_lines(const struct view *v)
{
	int lines = 0;
	while (help_line(NULL, 0, (struct rect){0, 0, 0, 0}, v, lines))
		lines++;
	return lines;
}

void help_draw(struct canvas *c, const struct view *v)
{
	char where[48];
	int lines = help_lines(v);
	struct rect r = form_open(c, lines + 4, 84, help_title(v), NULL);
	int room = r.rows - 2, most = lines > room ? lines - room : 0;
	int first = v->help_scroll < 0 ? 0 : v->help_scroll > most ? most : v->help_scroll;
	for (int i = 0; i < room; i++)
		help_line(c, r.row + i, r, v, first + i);
	form_keys(c, r.row + r.rows - 1, r.col, r.cols - 16, v);
	if (most > 0)
		canvas_right(c, r.row + r.rows - 1, r.col + r.cols - 14, 14, ROLE_DIM, 0,
		        str_fmt(where, sizeof where, "%d-%d of %d", first + 1, first + room, lines));
	form_close(c, r);
}
