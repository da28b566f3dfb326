#include "screen.h"
#include "dash.h"

/* Takes over what is measured now, unless what is shown is less than half a second old and of the same work. */
static void hold_figures(struct view_hold *h, const struct board *b, int64_t now)
{
	const struct board_cell *cell = b->current >= 0 && b->current < b->n_cells ? &b->cells[b->current] : NULL;
	bool running = cell && cell->status == CELL_RUNNING && cell->have_progress;
	bool same = h->held == running && h->have_load == b->have_server_load;
	if (same && running)
		same = h->cell == b->current && h->started_ns == cell->started_mono_ns &&
		       h->progress.warmup == cell->progress.warmup;
	if (same && now >= h->at_ns && now - h->at_ns < VIEW_HOLD_NS)
		return;
	*h = (struct view_hold){.held = running, .cell = -1, .at_ns = now, .have_load = b->have_server_load};
	if (running) {
		h->cell = b->current;
		h->started_ns = cell->started_mono_ns;
		h->progress = cell->progress;
	}
	if (b->have_server_load)
		h->load = b->server_load;
}

static void modal_draw(struct canvas *c, const struct board *b, const struct view *v)
{
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
	case MODAL_SERVER:
	case MODAL_EDIT:
	case MODAL_PAIRS:
	case MODAL_THEME:
	case MODAL_NOTICE:
		forms_draw(c, b, v);
		break;
	}
}

void screen_draw(struct canvas *c, const struct board *b, struct view *v)
{
	canvas_clear(c);
	hold_figures(&v->hold, b, v->now_mono_ns);
	if (c->rows < LAYOUT_MIN_ROWS || c->cols < LAYOUT_MIN_COLS) {
		toosmall_draw(c, v);
		return;
	}
	if (v->screen == SCREEN_LOG)
		log_draw(c, b, v);
	else if (v->screen == SCREEN_RESULTS || v->screen == SCREEN_CURVE)
		results_frame_draw(c, b, v);
	else
		dashboard_draw(c, b, v);
	modal_draw(c, b, v);
}
