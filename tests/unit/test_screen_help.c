/* Keys, footer and help are one: every action can be had by the keys that help names, where it names them; and what help,
 * footer and forms offer works. Also what the screens promise of live figures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/text.h"
#include "../../tui/actions.h"
#include "../../tui/draw/picture.h"
#include "../../tui/screen/dash.h"
#include "../../tui/screen/screen.h"
#include "../golden/scenes.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stage stage;

static void open_scene(const char *name)
{
	for (int i = 0; i < scene_count(); i++) {
		if (strcmp(scene_name(i), name) == 0) {
			assert_int_equal(scene_open(&stage, i), 0);
			return;
		}
	}
	fail_msg("no scene %s", name);
}

static void draw(struct buf *out, int rows, int cols)
{
	struct canvas c;
	assert_int_equal(canvas_open(&c, rows, cols, false), 0);
	screen_draw(&c, &stage.board, &stage.view);
	buf_init(out, 1 << 20);
	assert_int_equal(picture_txt(&c, out), 0);
	canvas_close(&c);
}

static const enum modal_id modals[] = {
        MODAL_NONE, MODAL_SHEET, MODAL_HELP, MODAL_QUIT, MODAL_EDIT, MODAL_PAIRS, MODAL_THEME, MODAL_NOTICE};

/* A line of the help page that has the key at its start and the sentence in it. */
static bool has_line(const char *page, const char *key, const char *sentence)
{
	for (const char *line = page; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		size_t len = strcspn(line, "\n");
		char text[1024], start[32];
		snprintf(text, sizeof text, "%.*s", (int)len, line);
		snprintf(start, sizeof start, "│ %s ", key);
		const char *at = strstr(text, start);
		if (at && strstr(at, sentence))
			return true;
	}
	return false;
}

static void test_help_lists_what_works(void **state)
{
	(void)state;
	open_scene("ready_idle");
	struct view *v = &stage.view;
	for (int screen = SCREEN_DASHBOARD; screen <= SCREEN_CURVE; screen++) {
		for (size_t m = 0; m < sizeof modals / sizeof modals[0]; m++) {
			struct buf page;
			int listed = 0;
			v->screen = (enum screen_id)screen;
			v->modal = MODAL_HELP;
			v->modal_back = modals[m];
			v->help_scroll = 0;
			draw(&page, 60, 120);
			for (int i = 0; i < ACTION_count; i++) {
				const struct action *a = action_at(i);
				char key[16];
				if (!action_works(a, v->screen, modals[m]))
					continue;
				assert_int_equal(action_for_key(action_key(a, key), v->screen, modals[m]), i);
				assert_true(a->help[0]);
				if (!has_line(buf_text(&page), key, a->help))
					fail_msg("help of screen %d, form %d says nothing of %s (%s):\n%s", screen,
					        modals[m], key, a->help, buf_text(&page));
				listed++;
			}
			assert_true(help_lines(v) >= listed);
			assert_true(listed > 0);
			buf_free(&page);
		}
	}
	scene_close(&stage);
}

/* Every alternative of every action, in every place, has that meaning and no other. */
static void test_help_every_key_has_one_meaning(void **state)
{
	(void)state;
	static const char *const never[] = {
	        "Ctrl-A", "Ctrl-B", "Ctrl-P", "Ctrl-S", "Ctrl-Q", "F1", "F10", "Alt", "Meta"};
	for (int i = 0; i < ACTION_count; i++) {
		const struct action *a = action_at(i);
		char keys[64];
		assert_true(text_set(keys, sizeof keys, a->key));
		for (size_t k = 0; k < sizeof never / sizeof never[0]; k++)
			assert_null(strstr(keys, never[k]));
		for (char *save = NULL, *key = strtok_r(keys, " ", &save); key; key = strtok_r(NULL, " ", &save)) {
			for (int screen = SCREEN_DASHBOARD; screen <= SCREEN_BOARD; screen++) {
				if (!action_works(a, (enum screen_id)screen, a->modal))
					continue;
				int meaning = (int)action_for_key(key, (enum screen_id)screen, a->modal);
				if (meaning != i)
					fail_msg("%s on screen %d is %s, not %s", key, screen, action_at(meaning)->name,
					        a->name);
			}
		}
		/* Esc closes things but is never the only way. */
		assert_true(strcmp(a->key, "Esc") != 0);
	}
}

/* The keys on the last line all do what they say. */
static void test_help_footer_follows_the_run(void **state)
{
	(void)state;
	struct buf page;
	open_scene("ready_idle");
	draw(&page, 24, 80);
	assert_non_null(strstr(buf_text(&page), "Enter run…"));
	assert_null(strstr(buf_text(&page), "x stop"));
	buf_free(&page);
	scene_close(&stage);
	open_scene("load_running");
	draw(&page, 24, 80);
	assert_null(strstr(buf_text(&page), "Enter run…"));
	assert_non_null(strstr(buf_text(&page), "x stop"));
	assert_non_null(strstr(buf_text(&page), "k skip"));
	buf_free(&page);
	scene_close(&stage);
}

/* ---- live figures ---- */

static void test_live_figures_stand_still_for_half_a_second(void **state)
{
	(void)state;
	struct dash_row r;
	struct buf page;
	open_scene("load_running");
	struct view *v = &stage.view;
	struct board_cell *cell = &stage.board.cells[1];
	double before = cell->progress.tput_per_gpu;
	draw(&page, 24, 80);
	buf_free(&page);
	cell->progress.tput_per_gpu = before * 1.07;
	v->now_mono_ns += VIEW_HOLD_NS / 2;
	draw(&page, 24, 80);
	buf_free(&page);
	assert_true(dash_row_make(&r, &stage.board, v, 1));
	assert_true(r.live && r.tput == before);
	v->now_mono_ns += VIEW_HOLD_NS;
	draw(&page, 24, 80);
	buf_free(&page);
	assert_true(dash_row_make(&r, &stage.board, v, 1));
	assert_true(r.tput == before * 1.07);
	/* Final figures are never held back. */
	cell->have_load = true;
	cell->load.tput_per_gpu = 3;
	assert_true(dash_row_make(&r, &stage.board, v, 1));
	assert_true(r.tput == 3 && !r.live);
	scene_close(&stage);
}

/* Columns of a live row stand where they stand whatever the figures are. */
static void test_live_columns_do_not_move(void **state)
{
	(void)state;
	static const double factors[] = {0.01, 0.2, 1, 7, 31};
	struct buf first, page;
	for (int size = 0; size < 2; size++) {
		for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
			open_scene("load_running");
			struct ev_load_progress *p = &stage.board.cells[1].progress;
			p->output_tps *= factors[i];
			p->ttft_median *= factors[i];
			p->ttft_p99 *= factors[i];
			p->tpot_median *= factors[i];
			p->itl_p99 *= factors[i];
			p->done = (int64_t)((double)p->done * (factors[i] < 1 ? factors[i] : 1));
			draw(i ? &page : &first, size ? 36 : 24, size ? 120 : 80);
			const char *words[] = {"in flight", "left ~", "TPOT", "ITL"};
			for (size_t k = 0; i && k < 4; k++) {
				const char *a = strstr(strstr(buf_text(&first), " CONC 8 "), words[k]);
				const char *b = strstr(strstr(buf_text(&page), " CONC 8 "), words[k]);
				assert_true(a && b);
				/* the same distance to the end of its line before it */
				const char *a0 = a, *b0 = b;
				while (a0[-1] != '\n')
					a0--;
				while (b0[-1] != '\n')
					b0--;
				assert_int_equal(text_width(a0, (size_t)(a - a0)), text_width(b0, (size_t)(b - b0)));
			}
			if (i)
				buf_free(&page);
			scene_close(&stage);
		}
		buf_free(&first);
	}
}

static void test_live_percent(void **state)
{
	(void)state;
	struct ev_load_progress p = {.total = 400, .elapsed_s = 30, .eta_s = 90};
	assert_int_equal(load_percent(&p), 25); /* no answer yet, tokens came */
	p.eta_s = NAN;
	assert_int_equal(load_percent(&p), 0);
	p.done = 100;
	assert_int_equal(load_percent(&p), 25);
	p.eta_s = 0;
	assert_int_equal(load_percent(&p), 99); /* all is only all */
	p.done = 398;
	p.failed = 2;
	assert_int_equal(load_percent(&p), 100);
	p = (struct ev_load_progress){.elapsed_s = INFINITY, .eta_s = INFINITY};
	assert_in_range(load_percent(&p), 0, 100);
}

/* Minutes come from what the same work took before. */
static void test_sheet_expects_what_was_measured(void **state)
{
	(void)state;
	bool measured;
	open_scene("passed");
	struct plan_cell p = stage.view.plan.cells[0];
	assert_true(fabs(expect_s(&stage.board, &p, MODE_PERF, &measured) - 331) < 1e-9);
	assert_true(measured);
	p.num_prompts *= 2; /* twice the load, the rest as before */
	assert_true(fabs(expect_s(&stage.board, &p, MODE_PERF, &measured) - (331 + 233)) < 1e-9);
	assert_true(fabs(expect_s(&stage.board, &p, MODE_ACC, &measured) - 98) < 1e-9);
	p.conc = 5;
	assert_true(expect_s(&stage.board, &p, MODE_PERF, &measured) == p.expect_s);
	assert_false(measured);
	scene_close(&stage);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_help_lists_what_works),
	        cmocka_unit_test(test_help_every_key_has_one_meaning),
	        cmocka_unit_test(test_help_footer_follows_the_run),
	        cmocka_unit_test(test_live_figures_stand_still_for_half_a_second),
	        cmocka_unit_test(test_live_columns_do_not_move),
	        cmocka_unit_test(test_live_percent),
	        cmocka_unit_test(test_sheet_expects_what_was_measured),
	};
	return cmocka_run_group_tests_name("screen_help", tests, NULL, NULL);
}
