/* Pictures: well-formed SVG with every character in its cell, coloured text, plain text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/text.h"
#include "../../tui/draw/picture.h"
#include "../../tui/draw/widget.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough of XML for what we write: tags nest, attributes are quoted, text has no bare & or <. */
static void assert_well_formed(const char *s)
{
	char open[64][16];
	int depth = 0;
	while (*s) {
		if (*s == '&') {
			assert_true(strncmp(s, "&amp;", 5) == 0 || strncmp(s, "&lt;", 4) == 0 ||
			            strncmp(s, "&gt;", 4) == 0 || strncmp(s, "&quot;", 6) == 0);
			s++;
			continue;
		}
		if (*s != '<') {
			assert_true((unsigned char)*s >= 0x20 || *s == '\n');
			s++;
			continue;
		}
		bool closing = s[1] == '/';
		const char *name = s + 1 + closing;
		size_t n = strcspn(name, " />");
		assert_in_range(n, 1, 15);
		bool quoted = false;
		for (s = name + n; *s && (quoted || *s != '>'); s++) {
			if (*s == '"')
				quoted = !quoted;
			assert_int_not_equal(*s, '<');
		}
		assert_int_equal(*s, '>');
		bool empty = s[-1] == '/';
		s++;
		if (closing) {
			assert_true(depth > 0);
			depth--;
			assert_true(strlen(open[depth]) == n && memcmp(open[depth], name, n) == 0);
		} else if (!empty) {
			assert_in_range(depth, 0, 63);
			memcpy(open[depth], name, n);
			open[depth++][n] = '\0';
		}
	}
	assert_int_equal(depth, 0);
}

static void test_picture_svg_is_well_formed(void **state)
{
	(void)state;
	struct canvas c;
	struct theme t;
	struct buf b;
	assert_int_equal(canvas_open(&c, 6, 30, false), 0);
	widget_box(&c, (struct rect){0, 0, 6, 30}, "a < b & \"c\" > d", "right");
	canvas_text(&c, 1, 2, 26, ROLE_GOOD, ATTR_BOLD, "量子 e\xcc\x81 ✓ ● ▸");
	widget_ratio_bar(&c, 2, 2, 21, 1.3);
	canvas_text(&c, 3, 2, 26, ROLE_BAD, ATTR_REVERSE | ATTR_UNDERLINE, "reverse ⠹⣿");
	canvas_attr(&c, 4, 1, 1, 28, ATTR_FOCUS);
	for (int i = 0; theme_name(i); i++) {
		assert_int_equal(theme_load(&t, theme_name(i), NULL), 0);
		buf_init(&b, 1 << 20);
		assert_int_equal(picture_svg(&c, &t, &b), 0);
		assert_true(utf8_valid(b.data, b.len));
		assert_well_formed(buf_text(&b));
		buf_free(&b);
	}
	canvas_close(&c);
}

static void test_picture_svg_places_every_run(void **state)
{
	(void)state;
	struct canvas c;
	struct theme t;
	struct buf b;
	assert_int_equal(canvas_open(&c, 2, 20, false), 0);
	assert_int_equal(theme_load(&t, "dark", NULL), 0);
	canvas_text(&c, 0, 0, 20, ROLE_TEXT, 0, "ab cd   ef");
	canvas_text(&c, 1, 3, 20, ROLE_TEXT, 0, "量x");
	buf_init(&b, 1 << 16);
	assert_int_equal(picture_svg(&c, &t, &b), 0);
	const char *svg = buf_text(&b);
	assert_non_null(strstr(svg, "x=\"14\" textLength=\"45\">ab cd<")); /* cells of 9, a margin of 14 */
	assert_non_null(strstr(svg, "x=\"86\" textLength=\"18\">ef<"));
	assert_non_null(strstr(svg, "x=\"50\" text-anchor=\"middle\">量<")); /* columns 3 and 4 */
	assert_non_null(strstr(svg, "x=\"59\" textLength=\"9\">x<"));
	buf_free(&b);
	canvas_close(&c);
}

static void test_picture_svg_says_when_it_does_not_fit(void **state)
{
	(void)state;
	struct canvas c;
	struct theme t;
	struct buf b;
	assert_int_equal(canvas_open(&c, 20, 80, false), 0);
	canvas_fill(&c, 0, 0, 20, 80, 'x', ROLE_TEXT, 0);
	assert_int_equal(theme_load(&t, NULL, NULL), 0);
	buf_init(&b, 300);
	assert_int_equal(picture_svg(&c, &t, &b), ERR_LIMIT);
	assert_int_equal(picture_txt(&c, &b), ERR_LIMIT);
	buf_free(&b);
	canvas_close(&c);
}

static void test_picture_text_forms(void **state)
{
	(void)state;
	struct canvas c;
	struct theme t;
	struct buf b;
	assert_int_equal(canvas_open(&c, 3, 12, false), 0);
	assert_int_equal(theme_load(&t, "default", NULL), 0);
	canvas_text(&c, 0, 1, 11, ROLE_TEXT, 0, "量子 ok");
	canvas_text(&c, 2, 0, 12, ROLE_BAD, 0, "no");
	buf_init(&b, 4096);
	assert_int_equal(picture_txt(&c, &b), 0);
	assert_string_equal(buf_text(&b), " 量子 ok\n\nno\n");
	buf_clear(&b);
	assert_int_equal(picture_ansi(&c, &t, &b), 0);
	assert_string_equal(buf_text(&b), "\x1b[0;39;49m 量子 ok\x1b[0m\n\n\x1b[0;1;31;49mno\x1b[0m\n");
	buf_free(&b);
	canvas_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_picture_svg_is_well_formed),
	        cmocka_unit_test(test_picture_svg_places_every_run),
	        cmocka_unit_test(test_picture_svg_says_when_it_does_not_fit),
	        cmocka_unit_test(test_picture_text_forms),
	};
	return cmocka_run_group_tests_name("draw_picture", tests, NULL, NULL);
}
