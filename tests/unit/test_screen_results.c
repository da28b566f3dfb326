/* The results screens: literal runs, lists and comparisons against text files in tests/golden, at every size, in every theme.
 *
 * GOLDEN_WRITE=1 writes the files anew; GOLDEN_PICTURES=DIR [GOLDEN_THEME=NAME] draws each as a picture.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../tui/draw/picture.h"
#include "../golden/golden.h"
#include "../golden/pages.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct pages stage;

static void draw_and_compare(const char *name, int rows, int cols, bool ascii)
{
	char whole[80];
	struct canvas c;
	assert_int_equal(canvas_open(&c, rows, cols, ascii), 0);
	pages_draw(&stage, &c);
	snprintf(whole, sizeof whole, "page_%s", name);
	golden_canvas(whole, &c);
	canvas_close(&c);
}

static void test_results_goldens(void **state)
{
	(void)state;
	static const int sizes[][2] = {{23, 80}, {24, 80}, {35, 120}, {36, 120}, {60, 200}};
	for (int i = 0; i < pages_count(); i++) {
		char name[64];
		assert_int_equal(pages_open(&stage, i), 0);
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
			draw_and_compare(pages_name(i), sizes[k][0], sizes[k][1], false);
		snprintf(name, sizeof name, "%s_ascii", pages_name(i));
		draw_and_compare(name, 36, 120, true);
		pages_close(&stage);
	}
}

/* The same state drawn twice, and over anything, gives the same cells. */
static void test_results_are_pure(void **state)
{
	(void)state;
	struct canvas a, b;
	for (int i = 0; i < pages_count(); i++) {
		assert_int_equal(pages_open(&stage, i), 0);
		assert_int_equal(canvas_open(&a, 36, 120, false), 0);
		assert_int_equal(canvas_open(&b, 36, 120, false), 0);
		pages_draw(&stage, &a);
		pages_draw(&stage, &b);
		assert_memory_equal(a.cells, b.cells, (size_t)a.rows * (size_t)a.cols * sizeof *a.cells);
		canvas_close(&a);
		canvas_close(&b);
		pages_close(&stage);
	}
}

/* One thread draws: under the thread sanitizer, which makes it ten times slower, a tenth of the sizes will do. */
#ifdef __SANITIZE_THREAD__
#define SIZE_STEP 41
#else
#define SIZE_STEP 7
#endif

/* What is drawn stays in its area: the last line, where the footer stands, is never touched. */
static void test_results_every_page_at_every_size(void **state)
{
	(void)state;
	for (int i = 0; i < pages_count(); i++) {
		assert_int_equal(pages_open(&stage, i), 0);
		for (int rows = 1; rows <= 45; rows += rows > 20 ? 3 : 1) {
			for (int cols = 1; cols <= 210; cols += cols > 90 ? SIZE_STEP : 3) {
				struct canvas c;
				assert_int_equal(canvas_open(&c, rows, cols, (rows + cols) % 4 == 0), 0);
				stage.view.page_scroll = stage.view.compare_scroll = rows % 3 ? rows : 0;
				pages_draw(&stage, &c);
				golden_cells_sane(&c);
				for (int col = 0; col < cols; col++)
					assert_int_equal(canvas_at(&c, rows - 1, col)->cp, ' ');
				canvas_close(&c);
			}
		}
		pages_close(&stage);
	}
}

static void row_text(const struct canvas *c, int row, char out[1024])
{
	size_t n = 0;
	for (int col = 0; col < c->cols && n < 1000; col++) {
		const struct canvas_cell *p = canvas_at(c, row, col);
		n += p->cp ? utf8_encode(p->cp, out + n) : 0;
	}
	out[n] = '\0';
}

/* Scrolled line by line, the page is the same text moved up: nothing is lost, nothing is shown twice. */
static void test_results_scroll_shows_every_line(void **state)
{
	(void)state;
	static char whole[400][1024];
	char text[1024];
	for (int i = 0; i < pages_count(); i++) {
		struct canvas c;
		assert_int_equal(pages_open(&stage, i), 0);
		bool run = stage.view.page == RESULTS_RUN, list = stage.view.page == RESULTS_LIST;
		int lines = list  ? 0
		            : run ? results_run_lines(&stage.view, 80)
		                  : results_compare_lines(&stage.view, 80);
		if (lines < 24 || lines > 390) {
			pages_close(&stage);
			continue;
		}
		stage.view.page_scroll = stage.view.compare_scroll = 0;
		assert_int_equal(canvas_open(&c, lines + 1, 80, false), 0);
		pages_draw(&stage, &c);
		for (int row = 0; row < lines; row++)
			row_text(&c, row, whole[row]);
		canvas_close(&c);
		for (int scroll = 0; scroll <= lines - 23; scroll++) {
			stage.view.page_scroll = stage.view.compare_scroll = scroll;
			assert_int_equal(canvas_open(&c, 24, 80, false), 0);
			pages_draw(&stage, &c);
			for (int row = 1; row < 23; row++) {
				row_text(&c, row, text);
				assert_string_equal(text, whole[row + scroll]);
			}
			canvas_close(&c);
		}
		pages_close(&stage);
	}
}

/* Whatever is focused is in sight, on the list of any height. */
static void test_results_list_keeps_the_focus_in_sight(void **state)
{
	(void)state;
	int at = 0;
	while (strcmp(pages_name(at), "runs") != 0)
		at++;
	assert_int_equal(pages_open(&stage, at), 0);
	for (int rows = 12; rows < 50; rows++) {
		struct canvas c;
		assert_int_equal(canvas_open(&c, rows, 100, false), 0);
		for (int step = 0; step < 60; step++) {
			bool seen = false;
			stage.view.focus = (step * 17) % 30;
			pages_draw(&stage, &c);
			for (int row = 0; row < rows && !seen; row++)
				for (int col = 0; col < 4; col++)
					seen = seen || canvas_at(&c, row, col)->cp == 0x25b8;
			assert_true(seen);
		}
		canvas_close(&c);
	}
	pages_close(&stage);
}

static bool draws(struct canvas *c, const char *text)
{
	char row_words[1024];
	for (int row = 0; row < c->rows; row++) {
		row_text(c, row, row_words);
		if (strstr(row_words, text))
			return true;
	}
	return false;
}

/* What was not recorded is not called clean, ok or zero. */
static void test_results_claim_nothing_that_is_not_known(void **state)
{
	(void)state;
	for (int i = 0; i < pages_count(); i++) {
		struct canvas c;
		bool official = strcmp(pages_name(i), "run_official") == 0,
		     file = strcmp(pages_name(i), "run_file") == 0;
		if (!official && !file)
			continue;
		assert_int_equal(pages_open(&stage, i), 0);
		assert_int_equal(canvas_open(&c, 80, 120, false), 0);
		pages_draw(&stage, &c);
		assert_true(draws(&c, "commit unknown"));
		assert_true(draws(&c, "not checked"));
		assert_int_equal(draws(&c, "written by the official tool"), official);
		assert_false(draws(&c, "clean"));
		assert_false(draws(&c, " ok "));
		assert_false(draws(&c, "no doubts"));
		assert_false(draws(&c, " 0/"));
		assert_false(draws(&c, " 0%"));
		canvas_close(&c);
		pages_close(&stage);
	}
}

/* A number in a narrow column loses decimals, never digits. */
static void test_results_noise_is_never_cut(void **state)
{
	(void)state;
	static const struct {
		double noise;
		const char *words;
	} cases[] = {{0.021, "±2.1% "}, {0.9996, "±100% "}, {1.234, "±123% "}, {28.96, "±2896% "}, {250, "> 100× "}};
	for (int i = 0; i < pages_count(); i++) {
		if (strcmp(pages_name(i), "compare") != 0)
			continue;
		for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
			struct canvas c;
			assert_int_equal(pages_open(&stage, i), 0);
			stage.lines[0].noise = cases[k].noise;
			assert_int_equal(canvas_open(&c, 80, 120, false), 0);
			pages_draw(&stage, &c);
			assert_true(draws(&c, cases[k].words));
			canvas_close(&c);
			pages_close(&stage);
		}
		return;
	}
	fail_msg("there is no comparison");
}

/* However many repeats there are, each of them is on the page. */
static void test_results_show_every_repeat(void **state)
{
	(void)state;
	int at = 0, n = 40;
	while (strcmp(pages_name(at), "run_repeats") != 0)
		at++;
	for (int cols = 80; cols <= 200; cols += 40) {
		struct canvas c;
		char text[32];
		assert_int_equal(pages_open(&stage, at), 0);
		struct board *b = &stage.stage.board;
		b->n_cells = n;
		for (int i = 0; i < n; i++) {
			b->cells[i] = b->cells[0];
			b->cells[i].plan.repeat = i + 1;
			b->cells[i].load.tput_per_gpu = 101.5 + i;
		}
		assert_int_equal(canvas_open(&c, 120, cols, false), 0);
		pages_draw(&stage, &c);
		for (int i = 0; i < n; i++) {
			snprintf(text, sizeof text, " %.1f ", 101.5 + i);
			assert_true(draws(&c, text));
		}
		canvas_close(&c);
		pages_close(&stage);
	}
}

/* Every cell that says something can be read in every theme that has its own background, at 256 colours. */
static void test_results_are_readable_in_every_theme(void **state)
{
	(void)state;
	for (int k = 0; theme_name(k); k++) {
		struct theme t;
		assert_int_equal(theme_load(&t, theme_name(k), NULL), 0);
		for (int i = 0; i < pages_count(); i++) {
			struct canvas c;
			assert_int_equal(pages_open(&stage, i), 0);
			assert_int_equal(canvas_open(&c, 36, 120, false), 0);
			pages_draw(&stage, &c);
			for (int cell = 0; cell < c.rows * c.cols; cell++) {
				const struct canvas_cell *p = &c.cells[cell];
				bool letter = (p->cp > ' ' && p->cp < 0x2500) || p->cp > 0x28ff;
				struct theme_look look = theme_resolve(&t, 256, (enum role)p->role, p->attr);
				if (letter && !look.fg.is_default && !look.bg.is_default && p->role != ROLE_BAR_EMPTY &&
				        p->role != ROLE_BAR_MARK && theme_contrast(look.fg, look.bg) < 4.5)
					fail_msg(
					        "theme %s, %s: role %d cannot be read", t.name, pages_name(i), p->role);
			}
			canvas_close(&c);
			pages_close(&stage);
		}
	}
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1); /* no themes of whoever runs this */
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_results_goldens),
	        cmocka_unit_test(test_results_are_pure),
	        cmocka_unit_test(test_results_every_page_at_every_size),
	        cmocka_unit_test(test_results_scroll_shows_every_line),
	        cmocka_unit_test(test_results_list_keeps_the_focus_in_sight),
	        cmocka_unit_test(test_results_claim_nothing_that_is_not_known),
	        cmocka_unit_test(test_results_noise_is_never_cut),
	        cmocka_unit_test(test_results_show_every_repeat),
	        cmocka_unit_test(test_results_are_readable_in_every_theme),
	};
	return cmocka_run_group_tests_name("screen_results", tests, NULL, NULL);
}
