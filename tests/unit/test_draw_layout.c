/* Layouts at every size: inside the screen, without overlap, each part at its least or hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../tui/draw/layout.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define PARTS 14

static int parts_of(const struct dash_layout *l, struct rect out[PARTS])
{
	const struct rect all[] = {l->header, l->server, l->accuracy, l->sweep_title, l->sweep_head, l->sweep,
	        l->detail_title, l->detail, l->log_title, l->log, l->events, l->notes, l->footer};
	int n = 0;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (all[i].rows > 0 && all[i].cols > 0)
			out[n++] = all[i];
	}
	return n;
}

static int overlap(struct rect a, struct rect b)
{
	return a.row < b.row + b.rows && b.row < a.row + a.rows && a.col < b.col + b.cols && b.col < a.col + a.cols;
}

static void check(int rows, int cols, struct dash_want want)
{
	struct dash_layout l;
	struct rect parts[PARTS];
	layout_dash(&l, rows, cols, want);
	int n = parts_of(&l, parts);
	if (rows < LAYOUT_MIN_ROWS || cols < LAYOUT_MIN_COLS) {
		assert_true(l.too_small);
		assert_int_equal(n, 0);
		return;
	}
	assert_false(l.too_small);
	for (int i = 0; i < n; i++) {
		struct rect r = parts[i];
		if (r.row < 0 || r.col < 0 || r.row + r.rows > rows || r.col + r.cols > cols)
			fail_msg("%dx%d: part %d at %d,%d %dx%d is outside", rows, cols, i, r.row, r.col, r.rows,
			        r.cols);
		for (int k = 0; k < i; k++) {
			if (overlap(r, parts[k]))
				fail_msg("%dx%d: parts %d and %d overlap", rows, cols, k, i);
		}
	}
	assert_true(l.header.rows == 1 && l.footer.rows == 1 && l.footer.row == rows - 1);
	assert_true(l.notes.rows == want.notes);
	assert_true(l.sweep.rows >= 1 && l.sweep.rows <= want.sweep_rows);
	assert_true(l.server.rows >= 1 && l.accuracy.rows >= 1 && l.detail.rows >= 2);
	assert_true(l.accuracy.cols >= 48);
}

static void test_layout_dash_holds_at_every_size(void **state)
{
	(void)state;
	for (int rows = 1; rows <= 100; rows++) {
		for (int cols = 1; cols <= 300; cols++) {
			for (int notes = 0; notes <= 2; notes++) {
				check(rows, cols, (struct dash_want){5, notes});
				check(rows, cols, (struct dash_want){1, notes});
				check(rows, cols, (struct dash_want){200, notes});
			}
		}
	}
}

static void test_layout_dash_shows_all_parts_at_80x23(void **state)
{
	(void)state;
	for (int rows = 23; rows <= 24; rows++) {
		struct dash_layout l;
		layout_dash(&l, rows, 80, (struct dash_want){5, 0});
		assert_false(l.composed);
		assert_int_equal(l.sweep.rows, 5);
		assert_int_equal(l.detail.rows, 4);
		assert_true(l.log.rows >= 5);
	}
	struct dash_layout l;
	layout_dash(&l, 36, 120, (struct dash_want){5, 0});
	assert_true(l.composed && l.tall);
	assert_true(l.log.rows >= 10);
}

static void test_layout_sweep_columns_are_in_order_and_inside(void **state)
{
	(void)state;
	for (int cols = 1; cols <= 300; cols++) {
		for (int with = 0; with <= (SWEEP_POSTS | SWEEP_PINNED); with++) {
			struct sweep_columns s;
			bool posts = with & SWEEP_POSTS, pinned = with & SWEEP_PINNED;
			layout_sweep(&s, cols, with);
			int end = 0, shown = 0;
			for (int i = 0; i < SWEEP_COLUMNS; i++) {
				const struct span *p = sweep_columns_at(&s, i);
				if (p->cols == 0)
					continue;
				shown++;
				if (p->col < end || p->col + p->cols > cols)
					fail_msg("%d columns: column %d at %d+%d", cols, i, p->col, p->cols);
				end = p->col + p->cols;
			}
			assert_true(cols < LAYOUT_MIN_COLS ? shown == 0 : shown >= 9);
			assert_true(s.bar.cols == 0 || (s.bar.cols >= 5 && s.bar.cols % 2 == 1));
			assert_true(cols < LAYOUT_MIN_COLS || s.check.cols >= 7);
			assert_true(!posts || cols < 118 || s.post.cols >= 9);
			bool room = cols >= 96 && !(posts && cols >= 108 && cols < 116);
			assert_true(s.pinned.cols == (pinned && room ? 11 : 0));
		}
	}
	assert_null(sweep_columns_at(&(struct sweep_columns){0}, SWEEP_COLUMNS));
}

static void test_layout_modal_stays_inside(void **state)
{
	(void)state;
	for (int rows = 16; rows <= 100; rows++) {
		for (int cols = 60; cols <= 300; cols += 7) {
			struct rect r = layout_modal(rows, cols, 40, 78);
			assert_true(r.row >= 1 && r.col >= 2);
			assert_true(r.row + r.rows <= rows - 1 && r.col + r.cols <= cols - 2);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_layout_dash_holds_at_every_size),
	        cmocka_unit_test(test_layout_dash_shows_all_parts_at_80x23),
	        cmocka_unit_test(test_layout_sweep_columns_are_in_order_and_inside),
	        cmocka_unit_test(test_layout_modal_stays_inside),
	};
	return cmocka_run_group_tests_name("draw_layout", tests, NULL, NULL);
}
