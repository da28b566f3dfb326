/* The small forms: team, pairs, theme, the choices at quitting, and a notice. */
#include "../../engine/base/text.h"
#include "../draw/form.h"
#include "dash.h"
#include "screen.h"
#include <math.h>
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

/* Team, prompts, server address: what it is, the line, and what would come of it. */
static void edit_draw(struct canvas *c, const struct view *v)
{
	static const struct {
		const char *title, *words;
	} fields[] = {{"Team", "The name that stands on the leaderboard, at most 64 columns."},
	        {"Prompts per CONC", "Requests that every CONC sends. Empty: the track's rule."},
	        {"Server", "Where the server answers: http://HOST:PORT, or a port of this machine."},
	        {"Find", "A regular expression (PCRE2); empty takes the marks away."},
	        {"Filter", "Only lines that match this regular expression; empty shows all."},
	        {"Only these runs", "Text in team, commit, pair (1024/1024), track or path; empty shows all."}};
	unsigned field = (unsigned)v->field < sizeof fields / sizeof fields[0] ? (unsigned)v->field : 0;
	char note[240];
	struct err e = {0};
	struct rect r = form_open(c, 10, 76, fields[field].title, NULL);
	canvas_fit(c, r.row, r.col, r.cols, ROLE_DIM, 0, fields[field].words);
	widget_prompt(c, r.row + 2, r.col, field == EDIT_PROMPTS ? 12 : r.cols, v->edit, v->edit_pos);
	struct rect says = {r.row + 4, r.col, r.rows - 5, r.cols};
	bool off = v->field == EDIT_PROMPTS && v->edit[0];
	if (v->message[0])
		form_wrap(c, says, severity_role(v->message_severity), 0, v->message);
	else if (view_edit_check(v, NULL, note, sizeof note, &e) < 0)
		form_wrap(c, says, ROLE_DIM, 0, e.text);
	else
		form_wrap(c, says, off && strstr(note, "doubt") ? ROLE_WARN : ROLE_DIM, 0, note);
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

static const struct table_column pair_columns[] = {{"run", 3, false}, {"ISL", 5, true}, {"OSL", 5, true},
        {"CONCs", 5, true}, {"a CONC takes", 12, true}, {"", 10, false}};

static void pair_item(struct canvas *c, struct rect line, int i, void *ctx)
{
	const struct view *v = ctx;
	const struct track_pair *p = &v->track->pairs[i];
	char isl[16], osl[16], concs[16], about[16];
	const struct table_cell cells[] = {{pair_checked(v, p) ? "[x]" : "[ ]", ROLE_TEXT},
	        {str_fmt(isl, sizeof isl, "%d", p->isl), ROLE_STRONG},
	        {str_fmt(osl, sizeof osl, "%d", p->osl), ROLE_STRONG},
	        {str_fmt(concs, sizeof concs, "%d", p->n_concs), ROLE_TEXT}, {fmt_about(p->expect_s, about), ROLE_TEXT},
	        {i == v->pair ? "on screen" : NULL, ROLE_DIM}};
	widget_table_row(c, line.row, line.col, line.cols, pair_columns, 6, cells);
}

static void pairs_draw(struct canvas *c, const struct view *v)
{
	int count = v->track ? v->track->n_pairs : 0;
	struct rect r = form_open(c, count + 6, 64, "ISL/OSL pairs", NULL);
	widget_table_head(c, r.row, r.col + 2, r.cols - 4, pair_columns, 6);
	/* The item only reads the view. */
	widget_list(c, (struct rect){r.row + 1, r.col, r.rows - 3, r.cols}, count, v->modal_focus, pair_item,
	        (void *)(uintptr_t)v);
	form_keys(c, r.row + r.rows - 1, r.col, r.cols, v);
	form_close(c, r);
}

static void theme_item(struct canvas *c, struct rect line, int i, void *ctx)
{
	const struct view *v = ctx;
	canvas_fit(c, line.row, line.col, line.cols - 12, ROLE_TEXT, 0, v->themes[i]);
	if (v->theme_own[i])
		canvas_text(c, line.row, line.col + line.cols - 11, 6, ROLE_DIM, 0, "yours");
	if (strcmp(v->themes[i], v->theme_name) == 0)
		canvas_text(c, line.row, line.col + line.cols - 4, 4, ROLE_DIM, 0, "now");
}

/* What the theme makes of the roles that matter: the marked theme is in force while the list is open. */
static void theme_sample(struct canvas *c, struct rect r)
{
	struct pen p = pen_at(c, r.row, r.col, r.cols);
	pen_put(&p, ROLE_STRONG, 0, "954.9 ");
	pen_put(&p, ROLE_GOOD, 0, "1.18 + ");
	pen_put(&p, ROLE_BAD, 0, "0.76 - ");
	pen_put(&p, ROLE_WARN, 0, "! doubt ");
	pen_put(&p, ROLE_INFO, 0, "load 62%% ");
	pen_put(&p, ROLE_DIM, 0, "not run");
	widget_ratio_bar(c, r.row + 1, r.col, 21, 1.4);
	p = pen_at(c, r.row + 1, r.col + 23, r.cols - 23);
	pen_key(&p, 0, "x", "stop");
}

static void theme_draw(struct canvas *c, const struct view *v)
{
	struct rect r = form_open(c, v->n_themes + 7, 54, "Theme", NULL);
	int room = r.rows - 5;
	widget_list(c, (struct rect){r.row, r.col, room, r.cols}, v->n_themes, v->modal_focus, theme_item,
	        (void *)(uintptr_t)v);
	if (room >= 1) {
		canvas_fill(c, r.row + room, r.col, 1, r.cols, 0x2500, ROLE_BOX, 0);
		theme_sample(c, (struct rect){r.row + room + 1, r.col, 2, r.cols});
	}
	form_keys(c, r.row + r.rows - 1, r.col, r.cols, v);
	form_close(c, r);
}

static void quit_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	/* The run may end while the question stands: it then asks only what is left to ask. */
	bool alive = run_alive(b);
	const struct choice choices[QUIT_count] = {
	        {alive ? "leave it running" : "leave",
	                !alive           ? "the run is over, what it measured is kept"
	                : v->detached_ok ? "the run goes on; benchtop here shows it again"
	                                 : "not possible: the run lives in this terminal",
	                alive && !v->detached_ok},
	        {"stop it", alive ? "stops now, keeps what was measured, then leaves" : "nothing is running", !alive},
	        {"stay", "back to the dashboard", false}};
	char about[16];
	double left = run_left_s(b, v);
	struct rect r = form_open(c, 9, 76, alive ? "A run is in progress" : "The run has ended", NULL);
	if (isfinite(left) && alive)
		canvas_printf(c, r.row, r.col + 2, r.cols - 2, ROLE_DIM, 0, "%s are left", fmt_about(left, about));
	widget_choices(c, (struct rect){r.row + 2, r.col, QUIT_count, r.cols}, choices, QUIT_count, v->modal_focus);
	form_keys(c, r.row + r.rows - 1, r.col, r.cols, v);
	form_close(c, r);
}

static void server_choice_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	bool alive = run_alive(b);
	const struct choice choices[SERVER_DO_count] = {
	        {"start it", "runs the launch script; it goes on when benchtop ends", alive},
	        {"restart it", alive ? "the run is stopped first" : "stops it, waits for its port, starts it", false},
	        {"stop it", alive ? "the run is stopped first" : "requests aborted, SIGTERM, time to drain", false},
	        {"nothing", "back to the dashboard", false}};
	struct rect r = form_open(c, 10, 76, "Server", NULL);
	struct words w;
	words_server(&w, b);
	canvas_printf(c, r.row, r.col + 2, r.cols - 2, w.role, 0, "%s  %s", w.text, v->settings.base_url);
	widget_choices(
	        c, (struct rect){r.row + 2, r.col, SERVER_DO_count, r.cols}, choices, SERVER_DO_count, v->modal_focus);
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
	switch (v->modal) {
	case MODAL_EDIT:
		edit_draw(c, v);
		break;
	case MODAL_PAIRS:
		pairs_draw(c, v);
		break;
	case MODAL_THEME:
		theme_draw(c, v);
		break;
	case MODAL_QUIT:
		quit_draw(c, b, v);
		break;
	case MODAL_SERVER:
		server_choice_draw(c, b, v);
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
