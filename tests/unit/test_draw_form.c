/* Lists, prompt line, choices, table and plot: at every size, with wide characters, in ASCII. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/text.h"
#include "../../tui/draw/form.h"
#include "../../tui/draw/picture.h"
#include "../../tui/draw/plot.h"
#include "../../tui/draw/widget.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char shown[64 * 1024];

static const char *text_of(const struct canvas *c)
{
	struct buf b;
	buf_init(&b, sizeof shown - 1);
	assert_int_equal(picture_txt(c, &b), 0);
	assert_true(text_set(shown, sizeof shown, buf_text(&b)));
	buf_free(&b);
	return shown;
}

static void item(struct canvas *c, struct rect line, int i, void *ctx)
{
	char text[32];
	(void)ctx;
	canvas_fit(c, line.row, line.col, line.cols, ROLE_TEXT, 0, str_fmt(text, sizeof text, "item %d 量子", i));
}

static void test_form_list_keeps_the_focus_in_sight(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 3, 20, false), 0);
	widget_list(&c, (struct rect){0, 0, 3, 20}, 9, 0, item, NULL);
	assert_string_equal(text_of(&c), "▸ item 0 量子\n  item 1 量子\n  item 2 量子      ↓\n");
	canvas_clear(&c);
	widget_list(&c, (struct rect){0, 0, 3, 20}, 9, 5, item, NULL);
	assert_string_equal(text_of(&c), "  item 3 量子      ↑\n  item 4 量子\n▸ item 5 量子      ↓\n");
	canvas_clear(&c);
	widget_list(&c, (struct rect){0, 0, 3, 20}, 9, 400, item, NULL);
	assert_non_null(strstr(text_of(&c), "▸ item 8"));
	canvas_close(&c);
	for (int rows = 1; rows < 6; rows++) {
		for (int cols = 1; cols < 24; cols++) {
			assert_int_equal(canvas_open(&c, rows, cols, cols % 2 == 0), 0);
			widget_list(&c, (struct rect){0, 0, rows, cols}, 4, cols % 5, item, NULL);
			widget_list(&c, (struct rect){-1, -3, rows + 4, cols + 9}, 12, 7, item, NULL);
			canvas_close(&c);
		}
	}
}

static void test_form_prompt_shows_the_cursor(void **state)
{
	(void)state;
	static const char text[] = "abc量子efghijklmnop";
	struct canvas c;
	assert_int_equal(canvas_open(&c, 1, 10, false), 0);
	for (int pos = -1; pos <= (int)sizeof text; pos++) {
		int cursors = 0;
		if (pos > 3 && pos < 9 && pos != 6)
			continue; /* inside a character: never asked for */
		canvas_clear(&c);
		widget_prompt(&c, 0, 0, 10, text, pos);
		for (int col = 0; col < 10; col++) {
			const struct canvas_cell *p = canvas_at(&c, 0, col);
			cursors += (p->attr & ATTR_REVERSE) && p->width > 0;
		}
		assert_int_equal(cursors, 1);
	}
	canvas_clear(&c);
	widget_prompt(&c, 0, 0, 10, text, 0);
	assert_string_equal(text_of(&c), "abc量子ef>\n");
	canvas_clear(&c);
	widget_prompt(&c, 0, 0, 10, text, (int)sizeof text - 1);
	assert_string_equal(text_of(&c), "<jklmnop \n");
	canvas_close(&c);
}

static void test_form_choices_and_table(void **state)
{
	(void)state;
	static const struct choice choices[] = {{"leave it", "the run goes on", true}, {"stop", "ends it", false}};
	static const struct table_column columns[] = {{"CONC", 4, true}, {"state", 6, false}, {"tok/s", 7, true}};
	struct canvas c;
	assert_int_equal(canvas_open(&c, 4, 30, false), 0);
	widget_choices(&c, (struct rect){0, 0, 2, 30}, choices, 2, 1);
	widget_table_head(&c, 2, 0, 30, columns, 3);
	const struct table_cell cells[] = {{"8", ROLE_TEXT}, {"passed away", ROLE_GOOD}, {"1,234.5", ROLE_STRONG}};
	widget_table_row(&c, 3, 0, 30, columns, 3, cells);
	assert_string_equal(text_of(&c), "  leave it  the run goes on\n▸ stop      ends it\nCONC  state     tok/s\n"
	                                 "   8  passe…  1,234.5\n");
	assert_int_equal(canvas_at(&c, 0, 2)->role, ROLE_DIM);
	assert_true(canvas_at(&c, 1, 2)->attr & ATTR_FOCUS);
	canvas_clear(&c);
	widget_table_row(&c, 0, 0, 20, columns, 3, cells); /* the last column does not fit whole */
	assert_string_equal(text_of(&c), "   8  passe…\n\n\n\n");
	canvas_close(&c);
}

/* ---- plot ---- */

static const double ours_x[] = {10, 20, 30, 40}, ours_y[] = {100, 400, 700, 900};
static const double ref_x[] = {10, 25, 40}, ref_y[] = {220, 300, 500};

static struct plot two_series(void)
{
	return (struct plot){.x_label = "tok/s/user",
	        .y_label = "tok/s/GPU",
	        .series = {{"ours", ROLE_GOOD, ours_x, ours_y, 4, false}, {"B200", ROLE_DIM, ref_x, ref_y, 3, false}},
	        .n_series = 2,
	        .from_zero = true};
}

static int count(const char *text, const char *part)
{
	int n = 0;
	for (const char *p = strstr(text, part); p; p = strstr(p + strlen(part), part))
		n++;
	return n;
}

static void test_plot_has_axes_marks_and_legend(void **state)
{
	(void)state;
	struct canvas c;
	struct plot p = two_series();
	assert_int_equal(canvas_open(&c, 16, 60, false), 0);
	widget_plot(&c, (struct rect){0, 0, 16, 60}, &p);
	const char *text = text_of(&c);
	assert_non_null(strstr(text, "tok/s/GPU   ● ours  ○ B200"));
	assert_non_null(strstr(text, "tok/s/user"));
	assert_int_equal(count(text, "●"), 4 + 1);
	assert_int_equal(count(text, "○"), 3 + 1);
	assert_true(count(text, "┤") >= 3 && count(text, "┬") >= 3);
	assert_non_null(strstr(text, "1,000"));
	int dots = 0;
	for (int i = 0; i < 16 * 60; i++)
		dots += c.cells[i].cp >= 0x2800 && c.cells[i].cp <= 0x28ff;
	assert_true(dots > 20);
	canvas_close(&c);
	assert_int_equal(canvas_open(&c, 16, 60, true), 0);
	widget_plot(&c, (struct rect){0, 0, 16, 60}, &p);
	for (int i = 0; i < 16 * 60; i++)
		assert_true(c.cells[i].cp < 0x7f);
	assert_non_null(strstr(text_of(&c), "o ours  x B200"));
	canvas_close(&c);
}

static void test_plot_labels_stand_beside_their_points(void **state)
{
	(void)state;
	static const double x[] = {0, 50, 50.2, 100}, y[] = {0, 50, 50.1, 100};
	static const char *const words[] = {"4", "8", "16", "32"};
	struct canvas c;
	struct plot p = {.series = {{"ours", ROLE_GOOD, x, y, 4, true, words}}, .n_series = 1};
	assert_int_equal(canvas_open(&c, 16, 60, false), 0);
	widget_plot(&c, (struct rect){0, 0, 16, 60}, &p);
	const char *text = text_of(&c);
	assert_non_null(strstr(text, "●4\n"));
	/* At the right edge it is on the other side. */
	assert_non_null(strstr(text, " 32●"));
	/* Two points in one cell have a side each. */
	assert_non_null(strstr(text, " 16●8\n"));
	canvas_close(&c);
	/* Nowhere to stand, half outside: nothing is written over. */
	for (int rows = 5; rows < 12; rows++)
		for (int cols = 20; cols < 40; cols++) {
			assert_int_equal(canvas_open(&c, rows, cols, rows % 2), 0);
			widget_plot(&c, (struct rect){-2, -3, rows + 1, cols + 5}, &p);
			widget_plot(&c, (struct rect){0, 0, rows, cols}, &p);
			canvas_close(&c);
		}
}

static void test_plot_takes_anything(void **state)
{
	(void)state;
	static const double odd[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300, 5, 0};
	static const double same[] = {3, 3, 3};
	struct canvas c;
	struct plot p = two_series(), none = {.n_series = 0};
	struct plot q = {.series = {{"odd", ROLE_BAD, odd, odd, 7, false}, {NULL, ROLE_INFO, same, same, 3, true}},
	        .n_series = 9};
	for (int rows = 1; rows < 30; rows++) {
		for (int cols = 1; cols < 90; cols += 3) {
			assert_int_equal(canvas_open(&c, rows, cols, rows % 2 == 0), 0);
			widget_plot(&c, (struct rect){0, 0, rows, cols}, &p);
			widget_plot(&c, (struct rect){0, 0, rows, cols}, &q);
			widget_plot(&c, (struct rect){-3, -5, rows + 9, cols + 20}, &p);
			canvas_close(&c);
		}
	}
	assert_int_equal(canvas_open(&c, 10, 40, false), 0);
	widget_plot(&c, (struct rect){0, 0, 10, 40}, &none);
	assert_non_null(strstr(text_of(&c), "nothing to plot"));
	canvas_clear(&c);
	widget_plot(&c, (struct rect){0, 0, 4, 40}, &p);
	assert_non_null(strstr(text_of(&c), "no room"));
	canvas_close(&c);
}

static void test_plot_steps_are_round(void **state)
{
	(void)state;
	assert_true(fabs(plot_step(100, 5) - 20) < 1e-9);
	assert_true(fabs(plot_step(97, 5) - 20) < 1e-9);
	assert_true(fabs(plot_step(0.03, 4) - 0.01) < 1e-12);
	assert_true(fabs(plot_step(1, 1) - 1) < 1e-12);
	assert_true(plot_step(0, 5) == 0 && plot_step(NAN, 5) == 0 && plot_step(1, 0) == 0);
	for (int most = 1; most < 20; most++)
		for (double span = 1e-6; span < 1e9; span *= 3.7)
			assert_true(span / plot_step(span, most) <= most * (1 + 1e-9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_form_list_keeps_the_focus_in_sight),
	        cmocka_unit_test(test_form_prompt_shows_the_cursor),
	        cmocka_unit_test(test_form_choices_and_table),
	        cmocka_unit_test(test_plot_has_axes_marks_and_legend),
	        cmocka_unit_test(test_plot_labels_stand_beside_their_points),
	        cmocka_unit_test(test_plot_takes_anything),
	        cmocka_unit_test(test_plot_steps_are_round),
	};
	return cmocka_run_group_tests_name("draw_form", tests, NULL, NULL);
}
