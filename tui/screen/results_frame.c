/* Screens 3 and 4: what is shown, the notes, the footer. Nothing of a run in progress is on them but its sentences above the
 * footer: a page is made to be copied. */
#include "../../engine/base/text.h"
#include "dash.h"
#include "screen.h"
#include <string.h>

/* The other pages bring their top line. */
static void curve_header(struct canvas *c, const struct results_view *r)
{
	char pair[32] = "";
	canvas_fill(c, 0, 0, 1, c->cols, ' ', ROLE_HEADER, 0);
	struct pen p = pen_at(c, 0, 1, c->cols - 2);
	pen_put(&p, ROLE_TITLE, ATTR_BOLD, "benchtop  ");
	pen_put(&p, ROLE_HEADER, ATTR_BOLD, "Curve  ");
	if (r->curve)
		str_fmt(pair, sizeof pair, "%d/%d", r->curve->isl, r->curve->osl);
	int width = (int)strlen(pair);
	if (width > 0)
		canvas_right(c, 0, c->cols - 1 - width, width, ROLE_HEADER, 0, pair);
	p.end -= width + 2;
	pen_fit(&p, ROLE_HEADER, 0, r->curve && r->curve->track ? r->curve->track->name : "");
	canvas_attr(c, 0, 0, 1, c->cols, ATTR_HEAD);
}

void results_frame_draw(struct canvas *c, const struct board *b, struct view *v)
{
	int notes = dash_notes_count(b, v);
	struct rect area = {0, 0, c->rows - 1 - notes, c->cols};

	if (v->screen == SCREEN_CURVE) {
		curve_header(c, &v->results);
		results_curve_draw(c, (struct rect){1, 0, area.rows - 1, area.cols}, &v->results);
	} else if (v->results.page == RESULTS_RUN)
		results_run_draw(c, area, &v->results);
	else if (v->results.page == RESULTS_COMPARE)
		results_compare_draw(c, area, &v->results);
	else
		results_list_draw(c, area, &v->results, v->now_wall_ns);
	dash_notes(c, (struct rect){c->rows - 1 - notes, 0, notes, c->cols}, b, v);
	footer_draw(c, (struct rect){c->rows - 1, 0, 1, c->cols}, b, v);
}
