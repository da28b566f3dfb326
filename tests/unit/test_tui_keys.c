/* Remapped keys: what is refused, and that dispatch, footer, help and texts all follow. */
#include "../../tui/draw/picture.h"
#include "../../tui/keys.h"
#include "../golden/scenes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct config conf;
static struct err e;
static struct stage stage;

static int setup_test(void **state)
{
	(void)state;
	action_reset();
	config_init(&conf);
	memset(&e, 0, sizeof e);
	return 0;
}

static int teardown_test(void **state)
{
	(void)state;
	action_reset();
	config_free(&conf);
	return 0;
}

static int apply(const char *text)
{
	config_free(&conf);
	config_init(&conf);
	memset(&e, 0, sizeof e);
	assert_int_equal(config_parse(&conf, "benchtop.conf", text, strlen(text)), 0);
	return keys_apply(&conf, &e);
}

static void refused(const char *text, const char *sentence)
{
	assert_int_equal(apply(text), ERR_USAGE);
	if (!strstr(e.text, sentence))
		fail_msg("\"%s\" lacks \"%s\"", e.text, sentence);
}

static enum action_id on_dashboard(const char *key)
{
	return action_for_key(key, SCREEN_DASHBOARD, MODAL_NONE);
}

static void a_key_moves(void **state)
{
	(void)state;
	char key[16];
	assert_int_equal(apply("key.STOP = X ctrl-x\nkey.sheet = enter\nkey.HELP = ? é"), 0);
	assert_int_equal(on_dashboard("X"), ACTION_STOP);
	assert_int_equal(on_dashboard("Ctrl-X"), ACTION_STOP);
	assert_int_equal(on_dashboard("x"), ACTION_NONE);
	assert_int_equal(on_dashboard("Enter"), ACTION_SHEET);
	assert_int_equal(on_dashboard("é"), ACTION_HELP);
	assert_string_equal(action_key(action_at(ACTION_STOP), key), "X");
	assert_string_equal(action_at(ACTION_STOP)->key, "X Ctrl-X");
	assert_string_equal(action_default_keys(ACTION_STOP), "x");
	action_reset();
	assert_int_equal(on_dashboard("x"), ACTION_STOP);
}

static void two_keys_change_places(void **state)
{
	(void)state;
	assert_int_equal(apply("key.STOP = k\nkey.SKIP = x"), 0);
	assert_int_equal(on_dashboard("k"), ACTION_STOP);
	assert_int_equal(on_dashboard("x"), ACTION_SKIP);
	/* Another place is another matter. */
	assert_int_equal(apply("key.STOP = y"), 0);
	assert_int_equal(action_for_key("y", SCREEN_DASHBOARD, MODAL_SHEET), ACTION_SHEET_POST);
}

static void the_later_file_wins(void **state)
{
	(void)state;
	static const char user[] = "key.STOP = q\n", local[] = "key.STOP = X\n";
	assert_int_equal(config_parse(&conf, "user", user, sizeof user - 1), 0);
	assert_int_equal(config_parse(&conf, "local", local, sizeof local - 1), 0);
	assert_int_equal(keys_apply(&conf, &e), 0);
	assert_int_equal(on_dashboard("X"), ACTION_STOP);
	assert_int_equal(on_dashboard("q"), ACTION_QUIT);
}

static void what_is_refused(void **state)
{
	(void)state;
	refused("\nkey.STOP = Ctrl-A", "benchtop.conf, line 2: STOP on \"Ctrl-A\": Ctrl-A belongs to screen or tmux");
	refused("key.STOP = ctrl-b", "belongs to screen or tmux");
	refused("key.STOP = Ctrl-P", "leaves a container");
	refused("key.STOP = Ctrl-S", "stops and starts the terminal's output");
	refused("key.STOP = Ctrl-Q", "stops and starts the terminal's output");
	refused("key.STOP = Ctrl-M", "is what terminals send for Enter: write Enter");
	refused("key.STOP = Ctrl-I", "write Tab");
	refused("key.STOP = Ctrl-H", "write Backspace");
	refused("key.STOP = Ctrl-1", "write Ctrl- and a letter");
	refused("key.STOP = Alt-x", "terminals send Alt in different ways");
	refused("key.STOP = M-x", "terminals send Alt in different ways");
	refused("key.STOP = F5", "keep the function keys for themselves");
	refused("key.STOP = Esc", "STOP on Esc alone");
	refused("key.STOP = Page", "is no key: write one character, a name like Enter");
	refused("key.STOP =", "STOP has no key: give it one, like x");
	refused("key.INTERRUPT = I", "Ctrl-C must stay among its keys");
	refused("key.EDIT_TAKE = a", "is text in that form: give it a named key");
	refused("key.EDIT_TAKE = Space", "is text in that form");
	refused("key.JUMP = j", "there is no action JUMP: benchtop --default-config lists them");
	refused("key.UP = a b c d e f g h i j k l m n o p r s t u v w y z A B C D E F G H I J K", "give fewer keys");
	assert_int_equal(apply("key.SHEET_CANCEL = Esc c"), 0);
}

static void one_key_has_one_meaning(void **state)
{
	(void)state;
	refused("fps = 3\nkey.STOP = q",
	        "benchtop.conf, line 2: key.STOP = q: q is the key of QUIT everywhere already");
	refused("key.QUIT = Enter", "key.QUIT = Enter: Enter is the key of SHEET on the dashboard already");
	refused("key.STOP = Z\nkey.SKIP = Z", "give one of them another");
	refused("key.SHEET_POST = n", "SHEET_CANCEL in the run sheet already");
}

static void drawn(struct buf *b, enum modal_id modal)
{
	struct canvas c;
	assert_int_equal(canvas_open(&c, 60, 200, false), 0);
	stage.view.modal = modal;
	screen_draw(&c, &stage.board, &stage.view);
	buf_clear(b);
	assert_int_equal(picture_txt(&c, b), 0);
	canvas_close(&c);
}

/* The line with `help` shows `key` in front of it. */
static bool explains(const struct buf *b, const char *key, const char *help)
{
	const char *at = strstr(buf_text(b), help), *line = at;
	while (line && line > buf_text(b) && line[-1] != '\n')
		line--;
	const char *k = line ? strstr(line, key) : NULL;
	return k && k < at;
}

static void footer_and_help_show_it(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_int_equal(scene_open(&stage, 0), 0);
	assert_int_equal(apply("key.SHEET = G\nkey.SHEET_CANCEL = z"), 0);
	drawn(&b, MODAL_NONE);
	assert_non_null(strstr(buf_text(&b), " G run"));
	assert_null(strstr(buf_text(&b), "Enter run"));
	drawn(&b, MODAL_HELP);
	assert_true(explains(&b, " G ", action_at(ACTION_SHEET)->help));
	assert_false(explains(&b, "Enter", action_at(ACTION_SHEET)->help));
	drawn(&b, MODAL_SHEET);
	assert_non_null(strstr(buf_text(&b), "z cancel"));
	scene_close(&stage);
	buf_free(&b);
}

static void the_definition_holds_what_it_asks_of_others(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 20);
	keys_default_config(&b);
	for (int i = 0; i < ACTION_count; i++) {
		char line[160];
		const struct action *a = action_at(i);
		snprintf(line, sizeof line, "#key.%s = %s\n", a->name, a->key);
		if (!strstr(buf_text(&b), line))
			fail_msg("the default file lacks %s", line);
		if (action_remap(a->name, action_default_keys(i), &e) != 0)
			fail_msg("%s", e.text);
	}
	buf_free(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_test, teardown_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_key_moves),
	        TEST(two_keys_change_places),
	        TEST(the_later_file_wins),
	        TEST(what_is_refused),
	        TEST(one_key_has_one_meaning),
	        TEST(footer_and_help_show_it),
	        TEST(the_definition_holds_what_it_asks_of_others),
	};
	return cmocka_run_group_tests_name("tui_keys", tests, NULL, NULL);
}
