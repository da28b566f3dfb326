/* The manual page and the completions tell of everything that there is, and of nothing else. Run from the top of the
 * repository. */
#include "../../engine/base/file.h"
#include "../../tui/actions.h"
#include "../../tui/cli_shot.h"
#include "../../tui/manpage.h"
#include "../../tui/options_int.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static void load(struct buf *b, const char *path)
{
	struct err e = {0};
	buf_init(b, 1 << 20);
	if (file_read(path, b, &e) != 0)
		fail_msg("%s", e.text);
}

/* name as troff writes it: every minus with a backslash */
static const char *as_troff(const char *name)
{
	static char out[200];
	size_t n = 0;
	for (const char *p = name; *p && n + 3 < sizeof out; p++) {
		if (*p == '-')
			out[n++] = '\\';
		out[n++] = *p;
	}
	out[n] = '\0';
	return out;
}

static void holds(const struct buf *b, const char *what, const char *text)
{
	if (!strstr(buf_text(b), text))
		fail_msg("%s lacks \"%s\"", what, text);
}

static void the_manual_page_holds_everything(void **state)
{
	(void)state;
	struct buf b;
	char text[160];
	buf_init(&b, 1 << 20);
	assert_int_equal(manpage_text(&b), 0);
	for (int id = 0; id < OPT_count; id++) {
		snprintf(text, sizeof text, "%s%s",
		        option_rows[id].letter && strcmp(option_rows[id].letter, option_rows[id].name) == 0 ? "-"
		                                                                                            : "--",
		        option_rows[id].name);
		if (option_is_listed((enum option_id)id))
			holds(&b, "the manual page", as_troff(text));
	}
	for (int cmd = 1; cmd < CLI_count; cmd++) {
		snprintf(text, sizeof text, "\\fBbenchtop %s", command_rows[cmd].word);
		assert_true((strstr(buf_text(&b), text) != NULL) == command_rows[cmd].built);
	}
	for (int i = 0; i < ACTION_count; i++) {
		snprintf(text, sizeof text, "(%s)", action_at(i)->name);
		holds(&b, "the manual page", text);
	}
	for (const struct named_help *v = option_environment; v->name; v++)
		holds(&b, "the manual page", v->name);
	/* No line begins a request by accident, none holds what troff would have to guess. */
	for (const char *p = buf_text(&b); *p; p++)
		if (*p == '\n' && p[1] == '.')
			assert_true(strncmp(p + 2, "SH ", 3) == 0 || strncmp(p + 2, "SS ", 3) == 0 ||
			            strncmp(p + 2, "TP\n", 3) == 0 || strncmp(p + 2, "PP\n", 3) == 0 ||
			            strncmp(p + 2, "B ", 2) == 0 || strncmp(p + 2, "TH ", 3) == 0 ||
			            strncmp(p + 2, "nh\n", 3) == 0 || strncmp(p + 2, "ad ", 3) == 0);
		else
			assert_true((unsigned char)*p < 0x7f);
	buf_free(&b);
	buf_init(&b, 100);
	assert_int_equal(manpage_text(&b), ERR_LIMIT);
	buf_free(&b);
}

static void the_completions_hold_every_option(void **state)
{
	(void)state;
	static const char *const files[] = {"contrib/benchtop.bash", "contrib/_benchtop"};
	for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
		struct buf b;
		char text[160];
		load(&b, files[f]);
		for (int id = 0; id < OPT_count; id++) {
			snprintf(text, sizeof text, "--%s", option_rows[id].name);
			if (option_is_listed((enum option_id)id))
				holds(&b, files[f], text);
		}
		for (int cmd = 1; cmd < CLI_count; cmd++)
			if (command_rows[cmd].built)
				holds(&b, files[f], command_rows[cmd].word);
		for (int i = 0; shot_screen(i); i++)
			holds(&b, files[f], shot_screen(i));
		for (int i = 0; theme_name(i); i++)
			holds(&b, files[f], theme_name(i));
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_manual_page_holds_everything),
	        cmocka_unit_test(the_completions_hold_every_option),
	};
	return cmocka_run_group_tests_name("tui_texts", tests, NULL, NULL);
}
