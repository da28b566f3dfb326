/* The canvas and the widgets: clipping, wide characters, combining marks, ASCII forms, bars. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/text.h"
#include "../../tui/draw/widget.h"
#include <cmocka.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* A row as UTF-8. */
static const char *row_text(const struct canvas *c, int row)
{
	static char out[8192];
	size_t n = 0;
	for (int col = 0; col < c->cols; col++) {
		const struct canvas_cell *p = canvas_at(c, row, col);
		if (p->width == 0)
			continue;
		n += utf8_encode(p->cp, out + n);
		if (p->mark)
			n += utf8_encode(p->mark, out + n);
	}
	out[n] = '\0';
	return out;
}

static void assert_row(const struct canvas *c, int row, const char *expected)
{
	assert_string_equal(row_text(c, row), expected);
}

/* No half of a wide character without the other. */
static void assert_whole(const struct canvas *c)
{
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols; col++) {
			const struct canvas_cell *p = canvas_at(c, row, col), *next = canvas_at(c, row, col + 1);
			if (p->width == 2)
				assert_true(next && next->width == 0 && next->cp == 0);
			if (p->width == 0)
				assert_true(col > 0 && canvas_at(c, row, col - 1)->width == 2);
		}
	}
}

static void test_canvas_clips_on_all_sides(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 2, 5, false), 0);
	assert_int_equal(canvas_text(&c, 0, -2, 100, ROLE_TEXT, 0, "abcdefgh"), 8);
	assert_row(&c, 0, "cdefg");
	assert_int_equal(canvas_text(&c, -1, 0, 5, ROLE_TEXT, 0, "x"), 1);
	assert_int_equal(canvas_text(&c, 2, 0, 5, ROLE_TEXT, 0, "x"), 1);
	assert_int_equal(canvas_text(&c, 1, 0, 0, ROLE_TEXT, 0, "x"), 0);
	assert_int_equal(canvas_text(&c, 1, 0, -4, ROLE_TEXT, 0, "x"), 0);
	assert_row(&c, 1, "     ");
	canvas_fill(&c, INT_MIN, INT_MIN, INT_MAX, INT_MAX, 'z', ROLE_TEXT, 0);
	canvas_fill(&c, -1, -1, INT_MAX, INT_MAX, '.', ROLE_BAD, 0);
	assert_row(&c, 1, ".....");
	assert_int_equal(canvas_at(&c, 1, 4)->role, ROLE_BAD);
	assert_null(canvas_at(&c, 2, 0));
	assert_null(canvas_at(&c, 0, -1));
	canvas_close(&c);
}

static void test_canvas_size_is_clamped(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 0, -3, false), 0);
	assert_int_equal(c.rows, 1);
	assert_int_equal(c.cols, 1);
	canvas_close(&c);
	assert_int_equal(canvas_open(&c, 100000, 100000, false), 0);
	assert_int_equal(c.rows, CANVAS_MAX_ROWS);
	assert_int_equal(c.cols, CANVAS_MAX_COLS);
	canvas_close(&c);
}

static void test_canvas_wide_characters_stay_whole(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 1, 6, false), 0);
	assert_int_equal(canvas_text(&c, 0, 0, 6, ROLE_TEXT, 0, "量子量"), 6);
	assert_row(&c, 0, "量子量");
	canvas_text(&c, 0, 1, 1, ROLE_TEXT, 0, "x"); /* over the right half */
	assert_whole(&c);
	assert_row(&c, 0, " x子量");
	canvas_text(&c, 0, 2, 1, ROLE_TEXT, 0, "y"); /* over the left half */
	assert_whole(&c);
	assert_row(&c, 0, " xy 量");
	assert_int_equal(canvas_text(&c, 0, 5, 2, ROLE_TEXT, 0, "量"), 2); /* across the edge */
	assert_whole(&c);
	canvas_text(&c, 0, -1, 2, ROLE_TEXT, 0, "量");
	assert_whole(&c);
	assert_int_equal(canvas_text(&c, 0, 0, 3, ROLE_TEXT, 0, "量子"), 2); /* half of the second would fit */
	assert_whole(&c);
	canvas_close(&c);
}

static void test_canvas_drops_controls_and_keeps_marks(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 1, 8, false), 0);
	canvas_text(&c, 0, 0, 8, ROLE_TEXT, 0,
	        "a\x1b[1m\tb\xc2\x9b"
	        "e\xcc\x81!");
	assert_row(&c, 0, "a[1mbe\xcc\x81! ");
	canvas_clear(&c);
	canvas_text(&c, 0, 0, 8, ROLE_TEXT, 0, "\xff\xc3");
	assert_row(&c, 0, "\xef\xbf\xbd\xef\xbf\xbd      ");
	canvas_clear(&c);
	/* what turns the rest of the line around, and what nobody sees */
	canvas_text(&c, 0, 0, 8, ROLE_TEXT, 0, "a\u202eb\u200bc\u2066d\u200f");
	assert_row(&c, 0, "abcd    ");
	canvas_close(&c);
}

static void test_canvas_right_and_fit_cut_with_a_mark(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 3, 8, false), 0);
	canvas_right(&c, 0, 0, 8, ROLE_TEXT, 0, "12.5");
	assert_row(&c, 0, "    12.5");
	canvas_right(&c, 1, 2, 4, ROLE_TEXT, 0, "123456");
	assert_row(&c, 1, "  123…  ");
	canvas_fit(&c, 2, 0, 5, ROLE_TEXT, 0, "量子量子");
	assert_row(&c, 2, "量子…   ");
	assert_int_equal(canvas_right(&c, 2, 0, 0, ROLE_TEXT, 0, "x"), 0);
	canvas_close(&c);
}

static void test_canvas_ascii_has_only_ascii(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 3, 12, true), 0);
	widget_box(&c, (struct rect){0, 0, 3, 12}, "量✓●", NULL);
	canvas_text(&c, 1, 1, 10, ROLE_TEXT, 0, "▸×—…é");
	assert_row(&c, 0, "+- ??v* ---+");
	assert_row(&c, 1, "|>x->?     |");
	assert_row(&c, 2, "+----------+");
	canvas_close(&c);
}

static void test_widget_ratio_bar_has_a_fixed_mark(void **state)
{
	(void)state;
	struct canvas c;
	static const struct {
		double ratio;
		const char *full, *ascii;
	} bars[] = {{NAN, "     │     ", "     |     "}, {0.5, "██▌  │     ", "###  |     "},
	        {1.0, "█████│     ", "#####|     "}, {1.002, "█████│▏    ", "#####|     "},
	        {1.18, "█████│▉    ", "#####|#    "}, {2.0, "█████│█████", "#####|#####"},
	        {7.0, "█████│█████", "#####|#####"}, {-1.0, "     │     ", "     |     "}};
	for (int ascii = 0; ascii < 2; ascii++) {
		assert_int_equal(canvas_open(&c, 1, 11, ascii), 0);
		for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++) {
			canvas_clear(&c);
			widget_ratio_bar(&c, 0, 0, 11, bars[i].ratio);
			assert_row(&c, 0, ascii ? bars[i].ascii : bars[i].full);
		}
		canvas_close(&c);
	}
}

static void test_widget_gauge_and_spark(void **state)
{
	(void)state;
	struct canvas c;
	const float v[] = {0, 1, NAN, 4, 8, 16};
	assert_int_equal(canvas_open(&c, 1, 6, false), 0);
	widget_gauge(&c, 0, 0, 6, 0.5);
	assert_row(&c, 0, "███···");
	assert_int_equal(canvas_at(&c, 0, 0)->role, ROLE_GOOD);
	widget_gauge(&c, 0, 0, 6, 1.2);
	assert_row(&c, 0, "██████");
	assert_int_equal(canvas_at(&c, 0, 0)->role, ROLE_BAD);
	widget_gauge(&c, 0, 0, 6, 0.001);
	assert_row(&c, 0, "▏·····");
	widget_gauge(&c, 0, 0, 6, NAN);
	assert_row(&c, 0, "······");
	canvas_clear(&c);
	widget_spark(&c, 0, 0, 6, v, 6, 16);
	assert_row(&c, 0, " ▁ ▂▄█");
	canvas_close(&c);
	assert_int_equal(canvas_open(&c, 2, 6, true), 0);
	widget_graph(&c, (struct rect){0, 0, 2, 6}, v, 6, 16);
	assert_row(&c, 0, "     #");
	assert_row(&c, 1, " . =##");
	widget_spark(&c, 0, 0, 6, v, 6, 0);
	canvas_close(&c);
}

static void test_pen_leaves_out_what_does_not_fit(void **state)
{
	(void)state;
	struct canvas c;
	assert_int_equal(canvas_open(&c, 2, 16, false), 0);
	struct pen p = pen_at(&c, 0, 0, 16);
	assert_true(pen_pair(&p, 0, "a", ROLE_TEXT, "%d", 12));
	assert_false(pen_pair(&p, 2, "label", ROLE_TEXT, "%d", 123456));
	assert_false(pen_put(&p, ROLE_TEXT, 0, "x"));
	assert_row(&c, 0, "a 12            ");
	p = pen_at(&c, 1, 0, 16);
	pen_fit(&p, ROLE_TEXT, 0, "a sentence that is too long");
	assert_row(&c, 1, "a sentence that…");
	canvas_close(&c);
}

static void test_str_fmt_cuts_at_a_character(void **state)
{
	(void)state;
	char out[6];
	assert_string_equal(str_fmt(out, sizeof out, "abc%s", "量"), "abc");
	assert_string_equal(str_fmt(out, sizeof out, "ab%s!", "量"), "ab量");
	assert_string_equal(str_fmt(out, sizeof out, "abcdefgh"), "abcde");
	assert_string_equal(str_fmt(out, 1, "量"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_canvas_clips_on_all_sides),
	        cmocka_unit_test(test_canvas_size_is_clamped),
	        cmocka_unit_test(test_canvas_wide_characters_stay_whole),
	        cmocka_unit_test(test_canvas_drops_controls_and_keeps_marks),
	        cmocka_unit_test(test_canvas_right_and_fit_cut_with_a_mark),
	        cmocka_unit_test(test_canvas_ascii_has_only_ascii),
	        cmocka_unit_test(test_widget_ratio_bar_has_a_fixed_mark),
	        cmocka_unit_test(test_widget_gauge_and_spark),
	        cmocka_unit_test(test_pen_leaves_out_what_does_not_fit),
	        cmocka_unit_test(test_str_fmt_cuts_at_a_character),
	};
	return cmocka_run_group_tests_name("draw_canvas", tests, NULL, NULL);
}
