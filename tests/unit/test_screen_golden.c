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
#include "../golden/scenes.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct stage stage;

static const char *golden_dir(void)
{
	const char *dir = getenv("GOLDEN_DIR");
	return dir && *dir ? dir : "tests/golden";
}

/* Compares with the file, or writes it. */
static void compare(const char *path, const struct buf *drawn)
{
	struct buf want;
	struct err e = {0};
	if (getenv("GOLDEN_WRITE")) {
		if (file_write_atomic(path, buf_text(drawn), drawn->len, &e) != 0)
			fail_msg("%s", e.text);
		return;
	}
	buf_init(&want, 1 << 20);
	if (file_read(path, &want, &e) != 0)
		fail_msg("%s (GOLDEN_WRITE=1 writes it)", e.text);
	if (strcmp(buf_text(&want), buf_text(drawn)) != 0)
		fail_msg("%s differs (GOLDEN_WRITE=1 writes it anew). Drawn now:\n%s", path, buf_text(drawn));
	buf_free(&want);
}

static const char *const role_words[ROLE_count] = {
#define ROLE(NAME, key, doc) key,
#include "../../tui/draw/roles.def"
#undef ROLE
};

/* "header*10 title*4+bold": what each run of a row is, blanks counted with the run before them. */
static void roles_append(const struct canvas *c, struct buf *b)
{
	static const char *const attrs[] = {"bold", "reverse", "underline", "dim", "focus", "form", "head"};
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols;) {
			const struct canvas_cell *p = canvas_at(c, row, col), *q = p;
			int n = 0;
			do {
				n++;
				q = canvas_at(c, row, col + n);
			} while (q && q->attr == p->attr && (q->role == p->role || q->cp == ' ' || q->cp == 0));
			col += n;
			bool rest = !q && p->role == ROLE_TEXT && p->attr == 0;
			if (rest && p->cp == ' ')
				break;
			buf_printf(b, "%s%s*%d", col > n ? " " : "", role_words[p->role], n);
			for (int i = 0; i < 7; i++)
				if (p->attr & (1 << i))
					buf_printf(b, "+%s", attrs[i]);
		}
		buf_printf(b, "\n");
	}
}

/* GOLDEN_PICTURES=DIR: every scene as a picture, in the theme GOLDEN_THEME (default dark), for the eye. */
static void picture(const char *name, const struct canvas *c)
{
	const char *dir = getenv("GOLDEN_PICTURES"), *theme = getenv("GOLDEN_THEME");
	char path[600];
	struct theme t;
	struct buf b;
	struct err e = {0};
	if (!dir)
		return;
	buf_init(&b, 4 << 20);
	assert_int_equal(theme_load(&t, theme ? theme : "dark", NULL), 0);
	assert_int_equal(picture_svg(c, &t, &b), 0);
	snprintf(path, sizeof path, "%s/%s_%dx%d.svg", dir, name, c->cols, c->rows);
	if (file_write_atomic(path, buf_text(&b), b.len, &e) != 0)
		fail_msg("%s", e.text);
	buf_free(&b);
}

static void draw_and_compare(const char *name, int rows, int cols, bool ascii)
{
	char path[512];
	struct canvas c;
	struct buf b;
	assert_int_equal(canvas_open(&c, rows, cols, ascii), 0);
	screen_draw(&c, &stage.board, &stage.view);
	buf_init(&b, 1 << 20);
	assert_int_equal(picture_txt(&c, &b), 0);
	assert_int_equal(buf_printf(&b, "---- roles\n"), 0);
	roles_append(&c, &b);
	assert_false(b.failed);
	snprintf(path, sizeof path, "%s/%s_%dx%d.txt", golden_dir(), name, cols, rows);
	compare(path, &b);
	picture(name, &c);
	buf_free(&b);
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
		compare(path ? path : "docs/dashboard.svg", &b);
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

static void assert_cells_sane(const struct canvas *c)
{
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols; col++) {
			const struct canvas_cell *p = canvas_at(c, row, col);
			bool ok = p->role < ROLE_count && p->width <= 2 && (p->width == 0) == (p->cp == 0);
			ok = ok && (p->cp == 0 || p->cp >= 0x20) && (!c->ascii || p->cp < 0x7f);
			ok = ok && (p->width != 2 || (col + 1 < c->cols && canvas_at(c, row, col + 1)->width == 0));
			if (!ok)
				fail_msg("a bad cell at %d,%d of %dx%d", row, col, c->cols, c->rows);
		}
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
				assert_cells_sane(&c);
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
