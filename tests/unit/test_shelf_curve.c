/* The curve against cases computed by hand: on it, between, beyond, and everything that may be missing. */
#include "../../engine/base/text.h"
#include "../../engine/shelf/curve.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct board board;
static struct curve curve;
static struct track track;

/* A reference that is easy to reckon with: E2E 1000, 2000, 4000 ms; interactivity 100, 50, 20; throughput 100, 300, 400. The
 * rows are not in the order of CONC. */
static int setup(void **state)
{
	(void)state;
	static const struct track_ref rows[] = {
	        {8, 8, 16, 4000, 20, 400}, {8, 8, 4, 1000, 100, 100}, {8, 8, 8, 2000, 50, 300}, {8, 16, 4, 1, 1, 1}};
	memset(&track, 0, sizeof track);
	memcpy(track.refs, rows, sizeof rows);
	track.n_refs = 4;
	track.curve_share = 0.5;
	track.pairs[0] = (struct track_pair){.isl = 8, .osl = 8, .concs = {4, 8, 16}, .n_concs = 3};
	track.n_pairs = 1;
	text_copy(track.ref_label, sizeof track.ref_label, "B200");
	text_copy(track.name, sizeof track.name, "t");
	board_init(&board);
	struct event ev;
	event_init(&ev, EV_run_started);
	board_apply(&board, &ev);
	curve_init(&curve, &track, 8, 8);
	return 0;
}

static void row(int conc, double tput, double e2e, double intvty, enum cell_status status)
{
	struct event ev;
	int64_t cell = board.n_cells;
	event_init(&ev, EV_cell_planned);
	ev.u.cell_planned.cell = cell;
	ev.u.cell_planned.isl = ev.u.cell_planned.osl = 8;
	ev.u.cell_planned.conc = conc;
	board_apply(&board, &ev);
	event_init(&ev, EV_load_measured);
	ev.u.load_measured.cell = cell;
	ev.u.load_measured.tput_per_gpu = tput;
	ev.u.load_measured.e2el_median = e2e;
	ev.u.load_measured.interactivity = intvty;
	board_apply(&board, &ev);
	event_init(&ev, EV_cell_done);
	ev.u.cell_done.cell = cell;
	ev.u.cell_done.status = status;
	board_apply(&board, &ev);
}

static void is_near(double got, double want)
{
	if (!(fabs(got - want) < 1e-9))
		fail_msg("%.17g, expected %.17g", got, want);
}

static void the_line_between_and_beyond(void **state)
{
	(void)state;
	const struct curve_set *ref = curve_reference(&curve);
	assert_non_null(ref);
	assert_int_equal(ref->n, 3);
	assert_int_equal(ref->p[0].conc, 4);
	assert_int_equal(ref->p[2].conc, 16);
	static const double e2e[][2] = {{1000, 100}, {2000, 300}, {4000, 400}, {1500, 200}, {1250, 150}, {3000, 350},
	        {3999, 399.95}, {500, 100}, {-1, 100}, {4001, 400}, {1e12, 400}};
	for (size_t i = 0; i < sizeof e2e / sizeof e2e[0]; i++)
		is_near(curve_at(ref, CURVE_E2E, e2e[i][0]), e2e[i][1]);
	/* More interactivity is to the right: the same points the other way round. */
	static const double intvty[][2] = {
	        {100, 100}, {50, 300}, {20, 400}, {75, 200}, {35, 350}, {10, 400}, {200, 100}, {INFINITY, 100}};
	for (size_t i = 0; i < sizeof intvty / sizeof intvty[0]; i++)
		is_near(curve_at(ref, CURVE_INTVTY, intvty[i][0]), intvty[i][1]);
	assert_true(isnan(curve_at(ref, CURVE_E2E, NAN)));
}

static void one_point_and_none(void **state)
{
	(void)state;
	curve_init(&curve, &track, 8, 16);
	is_near(curve_at(curve_reference(&curve), CURVE_E2E, 0.5), 1);
	is_near(curve_at(curve_reference(&curve), CURVE_E2E, 1), 1);
	is_near(curve_at(curve_reference(&curve), CURVE_E2E, 7000), 1);
	struct curve_set none = {.n = 0};
	assert_true(isnan(curve_at(&none, CURVE_E2E, 1)));
	/* Points at the same x: the higher one, and no division by zero around it. */
	struct curve_set twins = {.n = 3, .p = {{4, 10, 5, 5, 1, 0}, {8, 30, 5, 5, 1, 0}, {16, 40, 7, NAN, 1, 0}}};
	is_near(curve_at(&twins, CURVE_E2E, 5), 30);
	is_near(curve_at(&twins, CURVE_E2E, 6), 35);
	is_near(curve_at(&twins, CURVE_INTVTY, 5), 30);
}

static void above_by_throughput_at_the_same_x(void **state)
{
	(void)state;
	row(4, 201, 1500, 90, CELL_PASSED);  /* E2E: 200 there; interactivity 90: 140 there */
	row(8, 300, 2000, 60, CELL_PASSED);  /* on the curve: not above; at 60: 260 */
	row(16, 390, 4500, 15, CELL_PASSED); /* beyond both ends, level at 400 */
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	const struct curve_verdict *v = &curve.by_e2e, *w = &curve.by_intvty;
	is_near(v->at[0], 200);
	is_near(v->gap[0], 0.005);
	assert_true(v->point_above[0]);
	is_near(v->at[1], 300);
	assert_false(v->point_above[1]);
	is_near(v->at[2], 400);
	is_near(v->gap[2], -0.025);
	assert_false(v->point_above[2]);
	assert_int_equal(v->above, 1);
	assert_int_equal(v->of, 3);
	assert_false(v->met || v->open);
	assert_string_equal(v->text, "points above B200: 1 of 3 (33 %), rule 50 %: not met");
	is_near(w->at[0], 140);
	is_near(w->at[1], 260);
	is_near(w->at[2], 400);
	assert_int_equal(w->above, 2);
	assert_true(w->met);
	assert_string_equal(w->text, "points above B200: 2 of 3 (67 %), rule 50 %: met");
	assert_true(isnan(v->gap[3]) && isnan(v->at[3]));
}

static void half_is_enough(void **state)
{
	(void)state;
	track.pairs[0].n_concs = 2;
	row(4, 101, 1000, 100, CELL_PASSED);
	row(8, 299, 2000, 50, CELL_PASSED);
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	assert_int_equal(curve.by_e2e.above, 1);
	assert_true(curve.by_e2e.met);
}

/* What is not measured yet decides nothing, and is not counted as lost. */
static void missing_points_leave_it_open(void **state)
{
	(void)state;
	row(4, 101, 1000, 100, CELL_PASSED);
	row(8, 900, 2000, 50, CELL_FAILED);
	row(16, 900, 4000, 20, CELL_STOPPED);
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	assert_int_equal(curve.by_e2e.of, 1);
	assert_int_equal(curve.by_e2e.missing, 2);
	assert_false(curve.by_e2e.met);
	assert_true(curve.by_e2e.open);
	assert_string_equal(curve.by_e2e.text, "points above B200: 1 of 1 (100 %), rule 50 %: open, 2 more to measure");
	row(8, 301, 2000, 50, CELL_PASSED);
	curve_init(&curve, &track, 8, 8);
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	assert_true(curve.by_e2e.met); /* 2 of 3 whatever the last one brings */
	assert_string_equal(curve.by_e2e.text, "points above B200: 2 of 2 (100 %), rule 50 %: met, 1 more to measure");
}

static void no_rule_no_reference_no_row(void **state)
{
	(void)state;
	row(4, 101, 1000, 100, CELL_PASSED);
	track.curve_share = NAN;
	track.pairs[0].n_concs = 1;
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	assert_true(isnan(curve.by_e2e.share_needed));
	assert_false(curve.by_e2e.met);
	assert_string_equal(curve.by_e2e.text, "points above B200: 1 of 1 (100 %)");
	track.curve_share = 0;
	curve_judge(&curve);
	assert_true(isnan(curve.by_e2e.share_needed));

	track.n_refs = 0;
	curve_init(&curve, &track, 8, 8);
	assert_null(curve_reference(&curve));
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	assert_int_equal(curve.by_e2e.of, 0);
	assert_non_null(strstr(curve.by_e2e.text, "no reference for this pair"));
	assert_string_equal(curve_ours(&curve)->name, "ours");

	setup(NULL);
	assert_null(curve_ours(&curve));
	assert_false(curve_add_board(&curve, &board, "nothing"));
	curve_judge(&curve);
	assert_non_null(strstr(curve.by_intvty.text, "no row has passed"));
	curve_init(&curve, &track, 8, 9);
	row(4, 101, 1000, 100, CELL_PASSED);
	assert_false(curve_add_board(&curve, &board, "another pair"));
}

static void absent_figures_make_no_point(void **state)
{
	(void)state;
	row(4, 150, NAN, 100, CELL_PASSED); /* only on the second axis */
	row(8, NAN, 2000, 50, CELL_PASSED);
	row(16, 500, 4000, 0, CELL_PASSED); /* 0 is what an absent TPOT makes of the interactivity */
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	assert_int_equal(curve_ours(&curve)->n, 2);
	assert_int_equal(curve.by_e2e.of, 1);
	assert_int_equal(curve.by_e2e.above, 1);
	assert_int_equal(curve.by_e2e.missing, 2);
	assert_true(isnan(curve.by_e2e.gap[0]));
	assert_int_equal(curve.by_intvty.of, 1);
	assert_true(curve.by_intvty.point_above[0]);
	assert_false(curve.by_intvty.point_above[1]);
}

static void repeats_are_their_median_in_order_of_conc(void **state)
{
	(void)state;
	row(16, 410, 4000, 20, CELL_PASSED);
	row(4, 90, 1010, 101, CELL_PASSED);
	row(16, 350, 4400, 19, CELL_PASSED);
	row(4, 120, 1020, 99, CELL_PASSED);
	row(16, 420, 3800, 22, CELL_PASSED);
	row(4, 990, 100, 900, CELL_GATE_FAILED);
	struct event ev;
	event_init(&ev, EV_flag_raised);
	ev.u.flag_raised.cell = 2;
	ev.u.flag_raised.doubt = true;
	board_apply(&board, &ev);
	assert_true(curve_add_board(&curve, &board, "ours"));
	const struct curve_set *s = curve_ours(&curve);
	assert_int_equal(s->n, 2);
	assert_int_equal(s->p[0].conc, 4);
	assert_int_equal(s->p[0].runs, 2);
	is_near(s->p[0].tput, 105);
	is_near(s->p[0].e2e_ms, 1015);
	is_near(s->p[0].intvty, 100);
	assert_int_equal(s->p[1].conc, 16);
	assert_int_equal(s->p[1].runs, 3);
	assert_int_equal(s->p[1].doubts, 1);
	is_near(s->p[1].tput, 410);
	is_near(s->p[1].e2e_ms, 4000);
	is_near(s->p[1].intvty, 20);
}

static void no_more_sets_than_there_is_room_for(void **state)
{
	(void)state;
	row(4, 101, 1000, 100, CELL_PASSED);
	for (int i = 1; i < CURVE_SETS; i++)
		assert_true(curve_add_board(&curve, &board, "a\x1b[31m name"));
	assert_false(curve_add_board(&curve, &board, "one more"));
	assert_int_equal(curve.n, CURVE_SETS);
	assert_string_equal(curve.set[1].name, "a name");
}

/* More CONCs than a set holds: the rest is left out, nothing is written beyond. */
static void more_points_than_there_is_room_for(void **state)
{
	(void)state;
	for (int i = 0; i < CURVE_POINTS + 9; i++)
		row(2 * (CURVE_POINTS + 9 - i), 100 + i, 1000 + i, 50, CELL_PASSED);
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	assert_int_equal(curve_ours(&curve)->n, CURVE_POINTS);
	assert_int_equal(curve.by_e2e.of, CURVE_POINTS);
}

/* Sentences are whole whatever the reference is called. */
static void long_names(void **state)
{
	(void)state;
	memset(track.ref_label, 'W', sizeof track.ref_label - 1);
	curve_init(&curve, &track, 8, 8);
	assert_non_null(strstr(curve.method, "at the same x."));
	row(4, 101, 1000, 100, CELL_PASSED);
	assert_true(curve_add_board(&curve, &board, "ours"));
	curve_judge(&curve);
	assert_non_null(strstr(curve.by_e2e.text, "rule 50 %: open"));
}

static void the_real_table(void **state)
{
	(void)state;
	assert_int_equal(track_load(&track, NULL, NULL), 0);
	curve_init(&curve, &track, 1024, 1024);
	const struct curve_set *ref = curve_reference(&curve);
	assert_int_equal(ref->n, 5);
	assert_string_equal(ref->name, "B200");
	is_near(curve_at(ref, CURVE_E2E, 6854), 131.424);
	is_near(curve_at(ref, CURVE_INTVTY, 135.46), 131.424);
	is_near(curve_at(ref, CURVE_E2E, 7651), 201.244); /* half way from CONC 4 to CONC 8 */
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(the_line_between_and_beyond),
	        TEST(one_point_and_none),
	        TEST(above_by_throughput_at_the_same_x),
	        TEST(half_is_enough),
	        TEST(missing_points_leave_it_open),
	        TEST(no_rule_no_reference_no_row),
	        TEST(absent_figures_make_no_point),
	        TEST(repeats_are_their_median_in_order_of_conc),
	        TEST(no_more_sets_than_there_is_room_for),
	        TEST(more_points_than_there_is_room_for),
	        TEST(long_names),
	        TEST(the_real_table),
	};
	return cmocka_run_group_tests_name("shelf_curve", tests, NULL, NULL);
}
