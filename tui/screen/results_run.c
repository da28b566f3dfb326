/* A run's page: one run, clean enough for a screenshot. */
#include "page_run.h"

static const char *run_name(const struct run_page *r)
{
	return r->run->name[0] ? r->run->name : r->run->path;
}

/* Everything below the title line. In a frame the head comes first, without one the table does: it has to be seen. */
static void run_body(struct run_page *r)
{
	struct page *g = &r->page;
	struct pen p = page_top(g);
	pen_put(&p, ROLE_TITLE, 0, " ");
	pen_fit(&p, ROLE_TITLE, 0, run_name(r));
	canvas_text(g->c, p.row, p.col, p.end - p.col > 0, ROLE_BOX, 0, " ");
	run_verdict(r);
	if (g->framed)
		run_meta(r);
	run_table(r);
	run_latency(r);
	run_repeats(r);
	run_accuracy(r);
	if (!g->framed) {
		p = page_rule(g);
		pen_put(&p, ROLE_TITLE, 0, " Measured with ");
		run_meta(r);
	}
	run_notes(r);
	run_footnotes(r);
	run_curves(r);
}

/* Blank lines up to line `end` of the page, then the frame is closed. */
static void close_frame(struct run_page *r, int end)
{
	while (r->page.framed && r->page.line < end - 1)
		page_next(&r->page);
	page_bottom(&r->page);
}

int results_run_lines(const struct results_view *v, int cols)
{
	struct run_page r;
	if (!run_page_make(&r, v))
		return 1;
	page_measure(&r.page, cols);
	run_body(&r);
	page_bottom(&r.page);
	run_origin(&r);
	return r.page.line + 1;
}

static void no_page(struct canvas *c, struct rect area, const struct results_view *v)
{
	canvas_fit(c, area.row, area.col + 1, area.cols - 2, ROLE_TITLE, 0, v->run ? v->run->name : "Run");
	if (area.rows > 2)
		canvas_fit(c, area.row + 2, area.col + 2, area.cols - 4, ROLE_DIM, 0,
		        !v->run           ? "No run is open."
		        : v->run->note[0] ? v->run->note
		                          : "Nothing was planned in this run, so there is nothing to show.");
}

void results_run_draw(struct canvas *c, struct rect area, const struct results_view *v)
{
	struct run_page r;
	struct rect body = {area.row + 1, area.col, area.rows - 1, area.cols};
	if (area.rows <= 0 || area.cols <= 0)
		return;
	if (!run_page_make(&r, v)) {
		no_page(c, area, v);
		return;
	}
	int lines = results_run_lines(v, area.cols) - 1, scroll = page_clamp(v->page_scroll, lines, body.rows);
	page_open(&r.page, c, body, scroll);
	run_body(&r);
	int spare = lines < body.rows ? body.rows - lines : 0;
	bool cut = lines > body.rows && scroll == 0 && r.page.framed && r.page.line < body.rows;
	int below = cut || lines <= body.rows ? 0 : lines - body.rows - scroll;
	if (cut) { /* on the first screen the origin is whole or not there: it is what people take pictures of */
		close_frame(&r, body.rows);
	} else {
		close_frame(&r, r.page.line + 1 + spare);
		run_origin(&r);
	}
	run_title(c, (struct rect){area.row, area.col, 1, area.cols}, &r, below);
}
