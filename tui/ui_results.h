/* Screens 3 and 4 of the dashboard: shared by ui_results.c (keys) and ui_results_data.c (orders to the reader, answers). */
#ifndef BENCHTOP_UI_RESULTS_H
#define BENCHTOP_UI_RESULTS_H
#include "reader.h"
#include "results_fill.h"
#include "ui_int.h"

/* What an order was given for. */
enum results_tag {
	TAG_NONE,
	TAG_PAGE,     /* OPEN: the run's page */
	TAG_CURVE,    /* OPEN: its curve */
	TAG_BESIDE,   /* OPEN: the pinned run, beside the curve of the run in progress */
	TAG_PIN_NEW,  /* PIN: chosen now, to be kept */
	TAG_PIN_KEPT, /* PIN: chosen earlier */
};

/* What waits for the list of runs. */
enum results_wish { WISH_NONE, WISH_PIN, WISH_CURVE };

/* Owns what view.results points to. Large; made when it is first needed. */
struct results {
	struct reader *reader;
	struct reader_shelf *shelf;
	struct shelf filtered; /* what of it is shown while there is a filter */
	char filter[80];
	struct shelf_run *run, *pinned;
	struct track track; /* of the run, when it is not that of the dashboard */
	struct compare_side *a, *b;
	struct compare_result *result;
	struct curve curve;
	bool live;         /* the curve is that of the run on the dashboard */
	char pin[512];     /* path of the reference; empty none */
	char subject[512]; /* path of the run that page, comparison or curve is about */
	enum results_wish wish;
	enum screen_id back;            /* where the curve was called from */
	enum results_page compare_back; /* and the comparison */
};

/* ui_results_data.c. The state with its thread; NULL (and said) when it cannot be had. */
struct results *results_have(struct ui *u);
bool results_order(struct ui *u, enum reader_job job, enum results_tag tag, const char *path, const char *other);
void results_list_shown(struct ui *u); /* the list, filtered or whole, with the focus on the run it was on */
void results_curve_of_run(struct ui *u);
void results_curve_of_board(struct ui *u);
void results_curve_show(struct ui *u, enum screen_id from); /* that of the run, or why there is none */

#endif
