/* The small forms: team, pairs, theme, the choices at quitting, and a notice. */
#include "../../engine/base/text.h"
#include "../draw/theme.h"
#include "dash.h"
#include "screen.h"
#include <string.h>

struct rect form_open(struct canvas *c, int rows, int cols, const char *title, const char *right)
{
	struct rect outer = layout_modal(c->rows, c->cols, rows, cols);
	canvas_fill(c, outer.row, outer.col, outer.rows, outer.cols, ' ', ROLE_FORM, 0);
	widget_box(c, outer, title, right);
	return (struct rect){outer.row + 1, outer.col + 2, outer.rows - 2, outer.cols - 4};
}

void form_close(struct canvas *c, struct rect r)
{
	canvas_attr(c, r.row - 1, r.col - 2, r.rows + 2, r.cols + 4, ATTR_FORM);
}

int form_wrap(struct canvas *c, struct rect r, enum role role, int attr, const char *text)
{
	int row = 0;
	while (*text && row < r.rows) {
		size_t len = strlen(text), fit = text_fit(text, len, r.cols), cut = fit;
		if (fit < len && row < r.rows - 1) {
			while (cut > 0 && text[cut] != ' ' && text[cut - 1] != ' ')
				cut--;
			if (cut == 0)
				cut = fit > 0 ? fit : 1;
		} else {
			cut = len;
		}
		char line[512];
		str_fmt(line, sizeof line, "%.*s", (int)(cut < 500 ? cut : 500), text);
		if (c)
			canvas_fit(c, r.row + row, r.col, r.cols, role, attr, line);
		text += cut;
		while (*text == ' ')
			text++;
		row++;
	}
	return row;
}

static void item_mark(struct canvas *c, int row, struct rect r, bool focused)
{
	if (!focused)
		return;
	canvas_text(c, row, r.col, 1, ROLE_KEY, ATTR_BOLD, "▸");
	canvas_attr(c, row, r.col, 1, r.cols, ATTR_FOCUS);
}

static int list_first(int focus, int count, int room)
{
	int first = focus >= room ? focus - room + 1 : 0;
	return first > count - room ? (count > room ? count - room : 0) : first;
}

static void team_draw(struct canvas *c, const struct view *v)
{
	struct rect r = form_open(c, 8, 64, "Team", NULL);
	canvas_fit(
	        c, r.row, r.col, r.cols, ROLE_DIM, 0, "The name that stands on the leaderboard, at most 64 columns.");
	int room = r.cols - 1, len = (int)strlen(v->edit);
	int pos = v->edit_pos < 0 ? 0 : v->edit_pos > len ? len : v->edit_pos;
	const char *from = v->edit; /* the cursor is always in sight */
	while (from < v->edit + pos && text_width(from, (size_t)(v->edit + pos - from)) > room) {
		uint32_t cp;
		from += utf8_decode(from, strlen(from), &cp);
	}
	int row = r.row + 2, at = text_width(from, (size_t)(v->edit + pos - from));
	canvas_fill(c, row, r.col, 1, r.cols, ' ', ROLE_FORM_FIELD, 0);
	canvas_text(c, row, r.col, r.cols, ROLE_FORM_FIELD, 0, from);
	const struct canvas_cell *under = canvas_at(c, row, r.col + at);
	canvas_role(c, row, r.col + at, under && under->width == 2 ? 2 : 1, ROLE_FORM_FIELD, ATTR_REVERSE);
	form_keys(c, r.row + r.rows - 1, r.col, r.cols, v);
	form_close(c, r);
}

static bool pair_checked(const struct view *v, const struct track_pair *p)
{
	for (int i = 0; i < v->settings.n_pairs && i < SETTINGS_PAIRS; i++) {
		if (v->settings.pairs[i][0] == p->isl && v->settings.pairs[i][1] == p->osl)
			return true;
	}
	return false;
}

static void pairs_draw(struct canvas *c, const struct view *v)
{
	int count = v->track ? v->track->n_pairs : 0;
	struct rect r = form_open(c, count + 6, 64, "ISL/OSL pairs", NULL);
	int room = r.rows - 3, first = list_first(v->modal_focus, count, room);
	canvas_text(c, r.row, r.col + 6, r.cols - 6, ROLE_DIM, 0, "  ISL    OSL   CONCs  a CONC takes");
	for (int i = first; i < count && i - first < room; i++) {
		const struct track_pair *p = &v->track->pairs[i];
		int row = r.row + 1 + i - first;
		char about[16];
		widget_check(c, row, r.col + 2, pair_checked(v, p));
		canvas_printf(c, row, r.col + 6, r.cols - 6, ROLE_TEXT, 0, "%5d  %5d   %5d  %s", p->isl, p->osl,
		        p->n_concs, fmt_about(p->expect_s, about));
		if (i == v->pair)
			canvas_text(c, row, r.col + r.cols - 9, 9, ROLE_DIM, 0, "on screen");
		item_mark(c, row, r, i == v->modal_focus);
	}
	form_keys(c, r.row + r.rows - 1, r.col, r.cols, v);
	form_close(c, r);
}

static void theme_draw(struct canvas *c, const struct view *v)
{
	int count = 0;
	while (theme_name(count))
		count++;
	struct rect r = form_open(c, count + 4, 40, "Theme", NULL);
	int room = r.rows - 2, first = list_first(v->modal_focus, count, room);
	for (int i = first; i < count && i - first < room; i++) {
		int row = r.row + i - first;
		canvas_fit(c, row, r.col + 2, r.cols - 8, ROLE_TEXT, 0, theme_name(i));
		if (strcmp(theme_name(i), v->theme_name) == 0)
			canvas_text(c, row, r.col + r.cols - 4, 4, ROLE_DIM, 0, "now");
		item_mark(c, row, r, i == v->modal_focus);
	}
	form_keys(c, r.row + r.rows - 1, r.col, r.cols, v);
	form_close(c, r);
}

static void quit_draw(struct canvas *c, const struct view *v)
{
	static const struct {
		const char *words, *meaning;
	} choices[QUIT_count] = {{"leave it running", "the run goes on; benchtop shows it again"},
	        {"stop it", "stops after the requests in flight, then leaves"}, {"stay", "back to the dashboard"}};
	struct rect r = form_open(c, 9, 76, "A run is in progress", NULL);
	for (int i = 0; i < QUIT_count; i++) {
		bool usable = i != QUIT_LEAVE_RUNNING || v->detached_ok;
		int row = r.row + 1 + i;
		struct pen p = pen_at(c, row, r.col + 2, r.cols - 2);
		pen_put(&p, usable ? ROLE_STRONG : ROLE_DIM, 0, "%-18s", choices[i].words);
		pen_fit(&p, ROLE_DIM, 0,
		        usable ? choices[i].meaning : "not possible here: the run lives in this terminal");
		item_mark(c, row, r, i == v->modal_focus);
	}
	form_keys(c, r.row + r.rows - 1, r.col, r.cols, v);
	form_close(c, r);
}

static void notice_draw(struct canvas *c, const struct view *v)
{
	int cols = c->cols - 4 < 72 ? c->cols - 4 : 72;
	enum role role = v->message_severity == SEV_INFO ? ROLE_TEXT : severity_role(v->message_severity);
	int rows = form_wrap(NULL, (struct rect){0, 0, 10, cols - 4}, role, 0, v->message);
	const char *title = v->message_severity == SEV_ERROR  ? "Error"
	                    : v->message_severity == SEV_WARN ? "Warning"
	                                                      : "Notice";
	struct rect r = form_open(c, rows + 5, cols, title, NULL);
	form_wrap(c, (struct rect){r.row + 1, r.col, r.rows - 2, r.cols}, role, 0, v->message);
	canvas_fit(c, r.row + r.rows - 1, r.col, r.cols, ROLE_DIM, 0, "any key closes");
	form_close(c, r);
}

void forms_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	(void)b;
	switch (v->modal) {
	case MODAL_TEAM:
		team_draw(c, v);
		break;
	case MODAL_PAIRS:
		pairs_draw(c, v);
		break;
	case MODAL_THEME:
		theme_draw(c, v);
		break;
	case MODAL_QUIT:
		quit_draw(c, v);
		break;
	case MODAL_NOTICE:
		notice_draw(c, v);
		break;
	case MODAL_NONE:
	case MODAL_SHEET:
	case MODAL_HELP:
		break;
	}
}
