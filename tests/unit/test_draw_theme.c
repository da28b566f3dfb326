/* Themes: every embedded one is whole and readable, errors name file and line, colours map to small palettes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../tui/draw/theme.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_text(int role)
{
	return role != ROLE_BOX && role != ROLE_BAR && role != ROLE_BAR_BEYOND && role != ROLE_BAR_MARK &&
	       role != ROLE_BAR_EMPTY && role != ROLE_SPARK && role != ROLE_FOCUS && role != ROLE_FORM;
}

static void assert_readable(const struct theme *t, int role, int surface)
{
	struct theme_look look = theme_resolve(t, 256, (enum role)role, surface);
	double contrast = theme_contrast(look.fg, look.bg);
	if (look.fg.is_default || look.bg.is_default || contrast < 4.5)
		fail_msg("theme %s: role %d on surface %d has a contrast of %.2f", t->name, role, surface, contrast);
}

static void test_theme_texts_are_readable(void **state)
{
	(void)state;
	static const int surfaces[] = {0, ATTR_FOCUS, ATTR_FORM, ATTR_HEAD};
	int own = 0;
	for (int i = 0; theme_name(i); i++) {
		struct theme t;
		struct err e = {0};
		if (theme_load(&t, theme_name(i), &e) != 0)
			fail_msg("%s", e.text);
		assert_string_equal(t.name, theme_name(i));
		if (t.background.is_default)
			continue;
		own++;
		for (int role = 0; role < ROLE_count; role++) {
			for (size_t k = 0; is_text(role) && k < sizeof surfaces / sizeof surfaces[0]; k++)
				assert_readable(&t, role, surfaces[k]);
		}
	}
	assert_true(own >= 5);
}

static void test_theme_without_background_leaves_it_alone(void **state)
{
	(void)state;
	static const char *const names[] = {NULL, "mono"};
	for (int i = 0; i < 2; i++) {
		struct theme t;
		assert_int_equal(theme_load(&t, names[i], NULL), 0);
		for (int role = 0; role < ROLE_count; role++) {
			for (int depth = 8; depth <= 256; depth += 248) {
				struct theme_look look = theme_resolve(&t, depth, (enum role)role, ATTR_FOCUS);
				assert_true(look.bg.is_default);
				/* white, yellow and black vanish on one background or the other */
				assert_true(look.fg.is_default ||
				            (look.fg.ansi >= 1 && look.fg.ansi <= 6 && look.fg.ansi != 3));
			}
		}
	}
}

static void test_theme_eight_colours_stand_on_the_terminals_background(void **state)
{
	(void)state;
	for (int i = 0; theme_name(i); i++) {
		struct theme t;
		assert_int_equal(theme_load(&t, theme_name(i), NULL), 0);
		for (int role = 0; role < ROLE_count; role++) {
			struct theme_look look = theme_resolve(&t, 8, (enum role)role, 0);
			assert_true(look.bg.is_default);
			assert_true(look.fg.is_default || (look.fg.ansi > 0 && look.fg.ansi < 7));
		}
	}
}

static int parse(const char *text, struct theme *t, struct err *e)
{
	memset(e, 0, sizeof *e);
	return theme_parse(t, text, strlen(text), "my.theme", e);
}

static void test_theme_parse_reads_a_file(void **state)
{
	(void)state;
	struct theme t;
	struct err e;
	assert_int_equal(
	        parse("# mine\n\nbackground = #102030\nforeground = #fff0e0\r\ngood = bright-green on #000001 bold underline\n"
	              "good.8 = green\ngood.mono = reverse\nbad = default",
	                &t, &e),
	        0);
	assert_string_equal(t.name, "my");
	assert_int_equal(t.background.g, 0x20);
	assert_int_equal(t.full[ROLE_GOOD].fg.ansi, 10);
	assert_int_equal(t.full[ROLE_GOOD].bg.b, 1);
	assert_int_equal(t.full[ROLE_GOOD].attr, ATTR_BOLD | ATTR_UNDERLINE);
	assert_int_equal(t.eight[ROLE_GOOD].fg.ansi, 2);
	assert_int_equal(t.mono[ROLE_GOOD], ATTR_REVERSE);
	assert_int_equal(t.full[ROLE_BAD].fg.r, 0xff); /* default = the theme's foreground */
	assert_int_equal(t.full[ROLE_LOG_INFO].bg.r, 0x10);
	struct theme_look look = theme_resolve(&t, 0, ROLE_GOOD, ATTR_BOLD | ATTR_FORM);
	assert_int_equal(look.attr, ATTR_BOLD | ATTR_REVERSE);
	assert_true(look.fg.is_default);
}

static void test_theme_errors_name_file_and_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *where, *what;
	} bad[] = {{"good = green\nnobody = red\n", "my.theme, line 2", "\"nobody\""},
	        {"\n\ngood = #12345\n", "line 3", "#12345"}, {"good = green on\n", "line 1", "background"},
	        {"good = green shiny\n", "line 1", "shiny"}, {"good green\n", "line 1", "="},
	        {"good =\n", "line 1", "missing"}, {"good = red\ngood = blue\n", "line 2", "twice"},
	        {"good.mono = red\n", "line 1", "red"}, {"background = #00000g\n", "line 1", "#00000g"},
	        {"background = black white\n", "line 1", "white"}, {"good.9 = red\n", "line 1", "good.9"}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct theme t = {.name = "untouched"};
		struct err e;
		assert_int_equal(parse(bad[i].text, &t, &e), ERR_USAGE);
		if (!strstr(e.text, bad[i].where) || !strstr(e.text, bad[i].what))
			fail_msg("\"%s\" says neither %s nor %s", e.text, bad[i].where, bad[i].what);
		assert_string_equal(t.name, "untouched");
	}
}

static void test_theme_load_looks_on_disk_first(void **state)
{
	(void)state;
	char dir[] = "/tmp/benchtop-theme-XXXXXX", path[256], sub[256];
	struct theme t;
	struct err e = {0};
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof sub, "%s/benchtop", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(sub, sizeof sub, "%s/benchtop/themes", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(path, sizeof path, "%s/benchtop/themes/dark.theme", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("background = #010203\n", f);
	fclose(f);
	setenv("XDG_CONFIG_HOME", dir, 1);
	assert_int_equal(theme_load(&t, "dark", &e), 0);
	assert_int_equal(t.background.b, 3);
	assert_int_equal(theme_load(&t, path, &e), 0);
	assert_string_equal(t.name, "dark");
	unlink(path);
	assert_int_equal(theme_load(&t, "dark", &e), 0);
	assert_int_not_equal(t.background.b, 3);
	assert_int_equal(theme_load(&t, path, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(theme_load(&t, "no-such", &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "solarized-dark"));
	unsetenv("XDG_CONFIG_HOME");
	rmdir(sub);
	snprintf(sub, sizeof sub, "%s/benchtop", dir);
	rmdir(sub);
	rmdir(dir);
}

static void test_theme_list_has_the_users_own(void **state)
{
	(void)state;
	static const char *const files[] = {"zebra.theme", "apple.theme", "dark.theme", "notes.txt", ".hidden.theme",
	        ".theme", "a-name-that-is-far-too-long-for-any-list.theme", "bad\x1bname.theme"};
	char dir[] = "/tmp/benchtop-themes-XXXXXX", sub[128], path[256], names[16][32];
	bool own[16];
	assert_non_null(mkdtemp(dir));
	setenv("XDG_CONFIG_HOME", dir, 1);
	int embedded = theme_list(names, own, 16);
	assert_true(embedded >= 5);
	assert_string_equal(names[0], theme_name(0));
	snprintf(sub, sizeof sub, "%s/benchtop", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(sub, sizeof sub, "%s/benchtop/themes", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", sub, files[i]);
		FILE *f = fopen(path, "w");
		assert_non_null(f);
		fclose(f);
	}
	int n = theme_list(names, own, 16);
	assert_int_equal(n, embedded + 2);
	assert_string_equal(names[n - 2], "apple");
	assert_string_equal(names[n - 1], "zebra");
	for (int i = 0; i < n; i++)
		assert_int_equal(own[i], i >= embedded || strcmp(names[i], "dark") == 0);
	assert_int_equal(theme_list(names, NULL, 3), 3);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", sub, files[i]);
		unlink(path);
	}
	rmdir(sub);
	snprintf(sub, sizeof sub, "%s/benchtop", dir);
	rmdir(sub);
	rmdir(dir);
	unsetenv("XDG_CONFIG_HOME");
}

static int to_256(uint8_t r, uint8_t g, uint8_t b)
{
	return theme_to_256((struct theme_color){false, r, g, b, -1});
}

static int to_8(uint8_t r, uint8_t g, uint8_t b)
{
	return theme_to_8((struct theme_color){false, r, g, b, -1});
}

static void test_theme_nearest_colours(void **state)
{
	(void)state;
	assert_int_equal(to_256(0, 0, 0), 16);
	assert_int_equal(to_256(255, 255, 255), 231);
	assert_int_equal(to_256(255, 0, 0), 196);
	assert_int_equal(to_256(95, 135, 175), 67);
	assert_int_equal(to_256(128, 128, 128), 244);
	assert_int_equal(to_8(255, 80, 80), 1);
	assert_int_equal(to_8(80, 200, 100), 2);
	assert_int_equal(to_8(230, 190, 80), 3);
	assert_int_equal(to_8(60, 120, 220), 4);
	assert_int_equal(to_8(80, 200, 210), 6);
	assert_int_equal(to_8(200, 200, 205), 7);
	assert_int_equal(to_8(20, 22, 25), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_theme_texts_are_readable),
	        cmocka_unit_test(test_theme_without_background_leaves_it_alone),
	        cmocka_unit_test(test_theme_eight_colours_stand_on_the_terminals_background),
	        cmocka_unit_test(test_theme_parse_reads_a_file),
	        cmocka_unit_test(test_theme_errors_name_file_and_line),
	        cmocka_unit_test(test_theme_load_looks_on_disk_first),
	        cmocka_unit_test(test_theme_list_has_the_users_own),
	        cmocka_unit_test(test_theme_nearest_colours),
	};
	return cmocka_run_group_tests_name("draw_theme", tests, NULL, NULL);
}
