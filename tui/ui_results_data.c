/* Screens 3 and 4: orders to the reader, and what becomes of its answers. */
#include "ui_results.h"

#include "../engine/base/text.h"
#include <stdlib.h>
#include <string.h>

static const char waiting[] = "reading the runs";

struct results *results_have(struct ui *u)
{
	struct err e = {0};

	if (u->results)
		return u->results;
	struct results *r = calloc(1, sizeof *r);
	if (!r || reader_start(&r->reader, &e) < 0) {
		ui_say(u, SEV_WARN, "results cannot be read: %s", r ? e.text : "out of memory");
		free(r);
		return NULL;
	}
	u->results = r;
	text_copy(u->view.results.where, sizeof u->view.results.where, u->view.settings.results_dir);
	return r;
}

bool results_order(struct ui *u, enum reader_job job, enum results_tag tag, const char *path, const char *other)
{
	struct results *r = results_have(u);
	struct reader_order o = {.job = job, .tag = (int)tag};

	if (!r)
		return false;
	bool fits = text_set(o.path, sizeof o.path, path) && text_set(o.other, sizeof o.other, other ? other : "");
	if (!fits || !reader_order(r->reader, &o)) {
		ui_say(u, SEV_WARN, "%.300s cannot be read: its path is too long", path);
		return false;
	}
	if (job == READER_SCAN)
		u->view.results.scanning = true;
	if (job == READER_COMPARE || job == READER_PIN)
		ui_say(u, SEV_INFO, "%s", waiting);
	return true;
}

/* ---- the list ---- */

void results_list_shown(struct ui *u)
{
	struct results *r = u->results;
	struct results_view *v = &u->view.results;
	const struct shelf *before = v->shelf;
	char path[512] = "";

	if (!r || !r->shelf)
		return;
	if (before && v->focus >= 0 && v->focus < before->n)
		text_set(path, sizeof path, before->entries[v->focus].path);
	free(r->filtered.entries);
	r->filtered = (struct shelf){0};
	v->shelf = r->shelf->shelf;
	if (r->filter[0] && results_filter(&r->filtered, r->shelf->shelf, r->filter, NULL) == 0)
		v->shelf = &r->filtered;
	int at = path[0] ? results_find(v->shelf, path) : -1;
	v->focus = at >= 0 ? at : v->focus < v->shelf->n ? v->focus : v->shelf->n > 0 ? v->shelf->n - 1 : 0;
}

static void grant_wish(struct ui *u)
{
	enum results_wish wish = u->results->wish;

	u->results->wish = WISH_NONE;
	/* It was of the dashboard's run. On these screens the same keys mean the one that is shown. */
	if (u->view.screen == SCREEN_RESULTS || u->view.screen == SCREEN_CURVE)
		return;
	if (wish == WISH_PIN)
		ui_results_pin(u);
	else if (wish == WISH_CURVE)
		ui_results_curve(u);
}

static void take_scan(struct ui *u, struct reader_answer *a)
{
	struct results *r = u->results;
	struct results_view *v = &u->view.results;
	struct reader_shelf *old = r->shelf;

	v->scanning = false;
	v->error[0] = '\0';
	if (a->error.code) {
		r->wish = WISH_NONE;
		if (a->error.code != ERR_CANCELLED)
			text_copy(v->error, sizeof v->error, a->error.text);
		return;
	}
	r->shelf = a->shelf;
	a->shelf = NULL;
	results_list_shown(u); /* still reads the old one: where the focus was */
	reader_shelf_drop(old);
	grant_wish(u);
}

/* ---- a run, its curve ---- */

void results_curve_of_run(struct ui *u)
{
	struct results *r = u->results;
	struct results_view *v = &u->view.results;

	r->live = false;
	v->curve = r->run && results_curve(&r->curve, v->track, r->run, r->pin[0] ? r->pinned : NULL, &v->pair)
	                   ? &r->curve
	                   : NULL;
}

void results_curve_of_board(struct ui *u)
{
	struct results *r = u->results;
	const struct view *v = &u->view;
	char name[80];

	r->live = true;
	curve_init(&r->curve, v->track, v->track->pairs[v->pair].isl, v->track->pairs[v->pair].osl);
	curve_add_board(&r->curve, u->board, u->board->finished ? "this run" : "this run, so far");
	if (r->pin[0] && r->pinned)
		curve_add(&r->curve, r->pinned, results_name(r->pinned, name, sizeof name));
	curve_judge(&r->curve);
	u->view.results.curve = &r->curve;
}

static void take_run(struct ui *u, struct reader_answer *a)
{
	struct results *r = u->results;
	struct results_view *v = &u->view.results;

	bool again = r->run && strcmp(r->run->path, a->run->path) == 0;
	shelf_close(r->run);
	r->run = a->run;
	a->run = NULL;
	v->run = r->run;
	v->track = results_track(r->run, u->view.track, &r->track);
	v->curve = NULL; /* of another run */
	r->live = false;
	v->page_scroll = 0;
	text_set(r->subject, sizeof r->subject, a->order.path);
	/* The pair that the dashboard shows comes first. */
	if (!again)
		v->pair = results_pair_of(r->run, u->view.track, u->view.pair);
}

static void take_pinned(struct results *r, struct shelf_run **from)
{
	if (!*from)
		return;
	shelf_close(r->pinned);
	r->pinned = *from;
	*from = NULL;
}

void results_curve_show(struct ui *u, enum screen_id from)
{
	const struct results_view *v = &u->view.results;

	if (u->view.screen != from)
		return; /* the user went on */
	if (!v->curve) {
		ui_say(u, SEV_WARN, "%s",
		        v->track ? "this run has no rows to draw a curve of"
		                 : "the track of this run is not known here");
		return;
	}
	u->results->back = from;
	u->view.screen = SCREEN_CURVE;
}

static void take_open(struct ui *u, struct reader_answer *a)
{
	struct results *r = u->results;

	if (a->error.code) {
		ui_say(u, SEV_WARN, "%s", a->error.text);
		return;
	}
	if (a->order.tag == TAG_BESIDE) {
		if (strcmp(a->order.path, r->pin) == 0) /* still the one */
			take_pinned(r, &a->run);
		if (r->live)
			results_curve_of_board(u);
		return;
	}
	if (strcmp(a->order.other, r->pin) == 0)
		take_pinned(r, &a->other);
	take_run(u, a);
	if (a->order.tag == TAG_PAGE) {
		u->view.results.page = RESULTS_RUN;
	} else {
		results_curve_of_run(u);
		results_curve_show(u, r->back);
	}
}

/* ---- comparison and reference ---- */

static void free_comparison(struct results *r)
{
	struct reader_answer old = {.a = r->a, .b = r->b, .result = r->result};

	reader_answer_free(&old);
	r->a = r->b = NULL;
	r->result = NULL;
}

static void take_compare(struct ui *u, struct reader_answer *a)
{
	struct results *r = u->results;
	struct results_view *v = &u->view.results;

	if (a->error.code) {
		ui_say(u, SEV_WARN, "not compared: %s", a->error.text);
		return;
	}
	free_comparison(r);
	v->side_a = r->a = a->a;
	v->side_b = r->b = a->b;
	v->compare = r->result = a->result;
	a->a = a->b = NULL;
	a->result = NULL;
	v->compare_scroll = 0;
	text_set(r->subject, sizeof r->subject, a->order.path);
	if (v->page != RESULTS_COMPARE)
		r->compare_back = v->page;
	v->page = RESULTS_COMPARE;
}

static void take_pin(struct ui *u, struct reader_answer *a)
{
	struct results *r = u->results;
	struct err e = {0};

	if (a->error.code) {
		ui_say(u, SEV_WARN, "no reference: %s", a->error.text);
		return;
	}
	u->view.results.ref = *a->ref;
	u->view.results.ref.have = true;
	text_set(r->pin, sizeof r->pin, a->order.path);
	if (r->pinned && strcmp(r->pinned->path, r->pin) != 0) {
		shelf_close(r->pinned);
		r->pinned = NULL;
	}
	if (a->order.tag != TAG_PIN_NEW)
		return;
	if (results_pin_write(u->view.settings.results_dir, r->pin, &e) < 0)
		ui_say(u, SEV_WARN, "the reference holds until you leave: %s", e.text);
	else
		ui_say(u, SEV_INFO, "reference: %s", u->view.results.ref.label);
	if (u->view.screen == SCREEN_CURVE && !r->live)
		results_curve_of_run(u);
}

/* ---- the loop ---- */

bool ui_results_take(struct ui *u)
{
	struct reader_answer a;
	bool any = false;

	while (u->results && reader_take(u->results->reader, &a)) {
		any = true;
		if (strcmp(u->view.message, waiting) == 0)
			u->view.message[0] = '\0';
		switch (a.order.job) {
		case READER_SCAN:
			take_scan(u, &a);
			break;
		case READER_OPEN:
			take_open(u, &a);
			break;
		case READER_COMPARE:
			take_compare(u, &a);
			break;
		case READER_PIN:
			take_pin(u, &a);
			break;
		}
		reader_answer_free(&a);
	}
	return any;
}

int ui_results_fd(const struct ui *u)
{
	return u->results ? reader_fd(u->results->reader) : -1;
}

void ui_results_start(struct ui *u)
{
	char path[512];
	struct err e = {0};
	const char *dir = u->view.settings.results_dir;

	int rc = results_pin_read(dir, path, sizeof path, &e);
	if (rc < 0) {
		ui_say(u, SEV_WARN, "%s", e.text);
		results_pin_remove(dir);
	}
	if (rc <= 0)
		return;
	/* Earlier runs tell how much noise there is. */
	if (results_order(u, READER_SCAN, TAG_NONE, dir, NULL))
		results_order(u, READER_PIN, TAG_PIN_KEPT, path, NULL);
	if (strcmp(u->view.message, waiting) == 0)
		u->view.message[0] = '\0';
}

void ui_results_event(struct ui *u, const struct event *ev)
{
	if (ev->kind == EV_run_finished)
		results_order(u, READER_SCAN, TAG_NONE, u->view.settings.results_dir, NULL);
	if ((ev->kind == EV_run_finished || ev->kind == EV_cell_done) && u->results && u->results->live)
		results_curve_of_board(u);
}

void ui_results_close(struct ui *u)
{
	struct results *r = u->results;

	if (!r)
		return;
	reader_stop(r->reader);
	free_comparison(r);
	shelf_close(r->run);
	shelf_close(r->pinned);
	free(r->filtered.entries);
	reader_shelf_drop(r->shelf);
	memset(&u->view.results, 0, sizeof u->view.results);
	free(r);
	u->results = NULL;
}
