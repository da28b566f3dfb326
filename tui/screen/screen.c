#include "screen.h"

void screen_draw(struct canvas *c, const struct board *b, const struct view *v)
{
	canvas_clear(c);
	if (c->rows < LAYOUT_MIN_ROWS || c->cols < LAYOUT_MIN_COLS) {
		toosmall_draw(c, v);
		return;
	}
	if (v->screen == SCREEN_LOG)
		log_draw(c, b, v);
	else
		dashboard_draw(c, b, v);
	switch (v->modal) {
	case MODAL_NONE:
		break;
	case MODAL_SHEET:
		sheet_draw(c, b, v);
		break;
	case MODAL_HELP:
		help_draw(c, v);
		break;
	case MODAL_QUIT:
	case MODAL_TEAM:
	case MODAL_PAIRS:
	case MODAL_THEME:
	case MODAL_NOTICE:
		forms_draw(c, b, v);
		break;
	}
}
