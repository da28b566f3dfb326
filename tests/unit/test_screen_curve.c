/* The curve screen: made curves against text files in tests/golden, at every size, and what must be told in words.
 *
 * GOLDEN_WRITE=1 writes the files anew; GOLDEN_PICTURES=DIR [GOLDEN_THEME=NAME] draws each as a picture.
 */
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../tui/draw/picture.h"
#include "../../tui/screen/results.h"
#include "../golden/golden.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct track track;
static struct curve curve;
static struct results_view view;

/* A run whose row i has the throughput of the reference times ratio[i], 0: not measured, and latencies `slow` times its. */
static void add_run(const char *name, const double *ratio, double slow)
{
	struct curve_set *s = &curve.set[curve.n++];
	const struct track_pair *pair = track_pair_find(&track, curve.isl, curve.osl);
	text_copy(s->name, sizeof s->name, name);
	for (int i = 0; i < pair->n_concs; i++) {
		const struct track_ref *ref = track_ref_find(&track, curve.isl, curve.osl, pair->concs[i]);
		if (ratio[i] > 0)
			s->p[s->n++] = (struct curve_point){.conc = pair->concs[i],
			        .tput = ref->tput * ratio[i],
			        .e2e_ms = ref->e2e_ms * slow,
			        .intvty = ref->intvty / slow,
			        .runs = 1};
	}
}

static void one_run(void)
{
	static const double ratio[] = {1.18, 1.12, 1.07, 0.93, 1.04};
	add_run("1124-0912 a1b2c3d", ratio, 0.97);
}

static void pinned(void)
{
	static const double ratio[] = {1.02, 0.97, 1.01, 0.90, 0.88};
	one_run();
	curve.set[curve.n - 1].p[2].doubts = 1;
	add_run("1120-1830 5e1f0aa+ moe-tuning", ratio, 1.05);
}

static void part_of_it(void)
{
	static const double ratio[] = {1.18, 0.91, 0, 0, 0};
	add_run("this run, so far", ratio, 0.97);
}

static void worse(void)
{
	static const double ratio[] = {0.71, 0.74, 0.69, 0.8, 0.66};
	add_run("1124-0912 a1b2c3d", ratio, 1.22);
}

static void other_pair(void)
{
	curve_init(&curve, &track, 8192, 1024);
	one_run();
}

static void no_reference(void)
{
	one_run();
	curve.set[0] = curve.set[1];
	curve.n = 1;
}

static void reference_alone(void)
{
}

static void crowded(void)
{
	char name[80];
	for (int i = 1; i < CURVE_SETS; i++) {
		double ratio[5];
		for (int k = 0; k < 5; k++)
			ratio[k] = 0.9 + 0.07 * i + 0.01 * k;
		snprintf(name, sizeof name, "11%02d-0912 a1b2c3d feature/with-a-long-branch-name 量子", 19 + i);
		add_run(name, ratio, 1.1 - 0.03 * i);
	}
}

static const struct {
	const char *name;
	void (*make)(void);
} scenes[] = {{"curve", one_run}, {"curve_pinned", pinned}, {"curve_part", part_of_it}, {"curve_worse", worse},
        {"curve_8192_1024", other_pair}, {"curve_no_reference", no_reference},
        {"curve_reference_alone", reference_alone}, {"curve_crowded", crowded}};

#define SCENES (sizeof scenes / sizeof scenes[0])

static void scene(size_t i)
{
	assert_int_equal(track_load(&track, NULL, NULL), 0);
	curve_init(&curve, &track, 1024, 1024);
	scenes[i].make();
	curve_judge(&curve);
	memset(&view, 0, sizeof view);
	view.curve = &curve;
	view.track = &track;
}

static void draw(struct canvas *c)
{
	results_curve_draw(c, (struct rect){1, 0, c->rows - 2, c->cols}, &view);
}

static void draw_and_compare(const char *name, int rows, int cols, bool ascii)
{
	char whole[80];
	struct canvas c;
	assert_int_equal(canvas_open(&c, rows, cols, ascii), 0);
	draw(&c);
	snprintf(whole, sizeof whole, "%s%s", name, ascii ? "_ascii" : "");
	golden_canvas(whole, &c);
	canvas_close(&c);
}

static void goldens(void **state)
{
	(void)state;
	static const int sizes[][2] = {{24, 80}, {36, 120}, {60, 200}};
	for (size_t i = 0; i < SCENES; i++) {
		scene(i);
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
			draw_and_compare(scenes[i].name, sizes[k][0], sizes[k][1], false);
		if (i == 0) {
			draw_and_compare(scenes[i].name, 50, 80, false);
			draw_and_compare(scenes[i].name, 16, 60, false);
		}
		if (i < 2) {
			draw_and_compare(scenes[i].name, 36, 120, true);
			draw_and_compare(scenes[i].name, 24, 80, true);
		}
	}
}

static char *text_of(const struct canvas *c)
{
	static char text[200000];
	struct buf b;
	buf_init(&b, sizeof text - 1);
	assert_int_equal(picture_txt(c, &b), 0);
	memcpy(text, buf_text(&b), b.len + 1);
	buf_free(&b);
	return text;
}

/* Whatever the size, the verdicts and both plots are there; from 120x36 on the table and the method, too. */
static void what_is_told_at_which_size(void **state)
{
	(void)state;
	static const int sizes[][2] = {{23, 80}, {24, 80}, {35, 120}, {36, 120}, {60, 200}, {50, 80}};
	for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
		for (int ascii = 0; ascii < 2; ascii++) {
			struct canvas c;
			scene(0);
			assert_int_equal(canvas_open(&c, sizes[k][0], sizes[k][1], ascii), 0);
			draw(&c);
			const char *text = text_of(&c);
			assert_non_null(strstr(text, "points above B200: 4 of 5 (80 %), rule 50 %: met"));
			assert_non_null(strstr(text, "against E2E"));
			assert_non_null(strstr(text, "against interactivity"));
			assert_non_null(strstr(text, "straight line from point to point"));
			assert_non_null(strstr(text, ascii ? "o 1124-0912" : "● 1124-0912"));
			if (sizes[k][0] >= 35)
				assert_non_null(strstr(text, "- no"));
			canvas_close(&c);
		}
}

static void every_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCENES; i++) {
		scene(i);
		for (int rows = 1; rows <= 60; rows += rows < 20 ? 1 : 7)
			for (int cols = 1; cols <= 210; cols += cols < 90 ? 3 : 17) {
				struct canvas c;
				assert_int_equal(canvas_open(&c, rows, cols, (rows + cols) % 3 == 0), 0);
				draw(&c);
				for (int k = 0; k < rows * cols; k++)
					assert_true(c.cells[k].role < ROLE_count && (!c.ascii || c.cells[k].cp < 0x7f));
				for (int k = 0; k < cols; k++) /* nothing outside the area */
					assert_true(c.cells[k].cp == ' ' && c.cells[(rows - 1) * cols + k].cp == ' ');
				canvas_close(&c);
			}
	}
}

static void nothing_to_draw(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 24, 80, false), 0);
	memset(&view, 0, sizeof view);
	draw(&c);
	assert_non_null(strstr(text_of(&c), "There is no curve yet"));
	canvas_clear(&c);
	assert_int_equal(track_load(&track, NULL, NULL), 0);
	curve_init(&curve, &track, 7, 7);
	curve_judge(&curve);
	view.curve = &curve;
	draw(&c);
	assert_non_null(strstr(text_of(&c), "No row of this pair has passed"));
	canvas_close(&c);
}

/* Better and worse, ours and the reference: never by colour alone. */
static void readable_without_colours(void **state)
{
	(void)state;
	struct canvas c;
	scene(0);
	assert_int_equal(canvas_open(&c, 36, 120, true), 0);
	draw(&c);
	const char *text = text_of(&c);
	assert_non_null(strstr(text, "o 1124-0912 a1b2c3d   x B200"));
	assert_non_null(strstr(text, "+ yes"));
	assert_non_null(strstr(text, "- no"));
	canvas_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(goldens),
	        cmocka_unit_test(what_is_told_at_which_size),
	        cmocka_unit_test(every_size),
	        cmocka_unit_test(nothing_to_draw),
	        cmocka_unit_test(readable_without_colours),
	};
	return cmocka_run_group_tests_name("screen_curve", tests, NULL, NULL);
}
