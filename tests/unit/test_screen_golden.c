/* Screens of literal states against text files in tests/golden, and every scene at every size.
 *
 * A file holds the text and, below it, the role and the attributes of every run of a row. GOLDEN_WRITE=1 writes the files
 * and docs/dashboard.svg anew; GOLDEN_PICTURES=DIR [GOLDEN_THEME=NAME] draws each as a picture. Run from the top of the repository, or with GOLDEN_DIR set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../tui/actions.h"
#include "../../tui/draw/picture.h"
#include "../golden/golden.h"
#include "../golden/scenes.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct stage stage;

static void draw_and_compare(const char *name, int rows, int cols, bool ascii)
{
	struct canvas c;
	assert_int_equal(canvas_open(&c, rows, cols, ascii), 0);
	screen_draw(&c, &stage.board, &stage.view);
	golden_canvas(name, &c);
	canvas_close(&c);
}

/* The picture of the README is a scene, too. */
static void test_screen_readme_picture(void **state)
{
	(void)state;
	const char *path = getenv("GOLDEN_README");
	struct canvas c;
	struct theme t;
	struct buf b;
	for (int i = 0; i < scene_count(); i++) {
		if (strcmp(scene_name(i), "readme") != 0)
			continue;
		assert_int_equal(scene_open(&stage, i), 0);
		assert_int_equal(canvas_open(&c, 36, 120, false), 0);
		screen_draw(&c, &stage.board, &stage.view);
		assert_int_equal(theme_load(&t, "dark", NULL), 0);
		buf_init(&b, 200 * 1024);
		assert_int_equal(picture_svg(&c, &t, &b), 0);
		golden_text(path ? path : "docs/dashboard.svg", &b);
		buf_free(&b);
		canvas_close(&c);
		scene_close(&stage);
	}
}

static void test_screen_goldens(void **state)
{
	(void)state;
	static const int sizes[][2] = {{23, 80}, {24, 80}, {35, 120}, {36, 120}, {60, 200}};
	for (int i = 0; i < scene_count(); i++) {
		assert_int_equal(scene_open(&stage, i), 0);
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
			draw_and_compare(scene_name(i), sizes[k][0], sizes[k][1], false);
		if (strcmp(scene_name(i), "load_running") == 0) {
			draw_and_compare("load_running_ascii", 36, 120, true);
			draw_and_compare("load_running_small", 16, 60, false);
			draw_and_compare("load_running_toosmall", 15, 59, false);
		}
		scene_close(&stage);
	}
}

/* The same state drawn twice gives the same cells: nothing is kept between two drawings. */
static void test_screen_is_pure(void **state)
{
	(void)state;
	struct canvas a, b;
	for (int i = 0; i < scene_count(); i++) {
		assert_int_equal(scene_open(&stage, i), 0);
		assert_int_equal(canvas_open(&a, 36, 120, false), 0);
		assert_int_equal(canvas_open(&b, 36, 120, false), 0);
		canvas_fill(&b, 0, 0, 36, 120, '#', ROLE_BAD, ATTR_BOLD);
		screen_draw(&a, &stage.board, &stage.view);
		screen_draw(&b, &stage.board, &stage.view);
		assert_memory_equal(a.cells, b.cells, (size_t)a.rows * (size_t)a.cols * sizeof *a.cells);
		canvas_close(&a);
		canvas_close(&b);
		scene_close(&stage);
	}
}

/* One thread draws: under the thread sanitizer, which makes it ten times slower, a tenth of the sizes will do. */
#ifdef __SANITIZE_THREAD__
#define SIZE_STEP 11
#else
#define SIZE_STEP 1
#endif

static void test_screen_every_scene_at_every_size(void **state)
{
	(void)state;
	for (int i = 0; i < scene_count(); i++) {
		assert_int_equal(scene_open(&stage, i), 0);
		for (int rows = 1; rows <= 50; rows++) {
			for (int cols = 1; cols <= 130; cols += rows > 14 && cols > 56 ? SIZE_STEP : 5) {
				struct canvas c;
				assert_int_equal(canvas_open(&c, rows, cols, (rows + cols) % 4 == 0), 0);
				screen_draw(&c, &stage.board, &stage.view);
				golden_cells_sane(&c);
				canvas_close(&c);
			}
		}
		scene_close(&stage);
	}
}

static void test_actions_have_one_meaning_a_key(void **state)
{
	(void)state;
	static const char *const never[] = {"Ctrl-A", "Ctrl-B", "Ctrl-P", "Ctrl-S", "Ctrl-Q", NULL};
	for (int i = 0; i < ACTION_count; i++) {
		const struct action *a = action_at(i);
		assert_non_null(a);
		for (int k = 0; never[k]; k++)
			assert_null(strstr(a->key, never[k]));
		for (int screen = SCREEN_DASHBOARD; screen <= SCREEN_BOARD; screen++) {
			char key[16];
			if (action_works(a, (enum screen_id)screen, a->modal))
				assert_int_equal(
				        action_for_key(action_key(a, key), (enum screen_id)screen, a->modal), i);
		}
	}
	assert_null(action_at(-1));
	assert_null(action_at(ACTION_count));
	assert_int_equal(action_for_key("Enter", SCREEN_DASHBOARD, MODAL_NONE), ACTION_SHEET);
	assert_int_equal(action_for_key("Enter", SCREEN_LOG, MODAL_NONE), ACTION_LOG_UNFOLD);
	assert_int_equal(action_for_key("n", SCREEN_LOG, MODAL_NONE), ACTION_LOG_NEXT);
	assert_int_equal(action_for_key("n", SCREEN_DASHBOARD, MODAL_SHEET), ACTION_SHEET_CANCEL);
	assert_int_equal(action_for_key("Z", SCREEN_DASHBOARD, MODAL_NOTICE), ACTION_NOTICE_CLOSE);
	assert_int_equal(action_for_key("Z", SCREEN_DASHBOARD, MODAL_NONE), ACTION_NONE);
	assert_int_equal(action_for_key("", SCREEN_DASHBOARD, MODAL_NONE), ACTION_NONE);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1); /* no themes of whoever runs this */
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_screen_goldens),
	        cmocka_unit_test(test_screen_readme_picture),
	        cmocka_unit_test(test_screen_is_pure),
	        cmocka_unit_test(test_screen_every_scene_at_every_size),
	        cmocka_unit_test(test_actions_have_one_meaning_a_key),
	};
	return cmocka_run_group_tests_name("screen_golden", tests, NULL, NULL);
}
