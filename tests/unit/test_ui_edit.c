/* The line of text that team, prompts and server address are typed into. */
#include "test_ui_stage.h"

static void test_ui_team_editor_keeps_characters_whole(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	press("t");
	assert_int_equal(v->modal, MODAL_EDIT);
	assert_int_equal(v->field, EDIT_TEAM);
	type("Grün q 量子");
	assert_string_equal(v->edit, "Grün q 量子");
	press("Backspace");
	assert_string_equal(v->edit, "Grün q 量");
	press("Home");
	press("Right");
	press("Right");
	press("Delete"); /* the two bytes of ü */
	assert_string_equal(v->edit, "Grn q 量");
	type("ü");
	press("End");
	press("Left");
	press("Left");
	press("Backspace");
	assert_string_equal(v->edit, "Grün  量");
	assert_true(utf8_valid(v->edit, strlen(v->edit)));
	press("Enter");
	assert_int_equal(v->modal, MODAL_NONE);
	assert_string_equal(v->settings.team, "Grün  量");
}

static void test_ui_team_editor_refuses_and_cancels(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	press("t");
	press("Enter");
	assert_int_equal(v->modal, MODAL_EDIT);
	assert_true(says("empty"));
	for (int i = 0; i < 100; i++)
		press("x");
	press("Enter");
	assert_true(says("64 columns"));
	press("Ctrl-U");
	assert_string_equal(v->edit, "");
	type("abc");
	press("Esc");
	assert_int_equal(v->modal, MODAL_NONE);
	assert_string_equal(v->settings.team, "");
	/* The buffer's end is respected. */
	press("t");
	for (int i = 0; i < 2 * VIEW_EDIT; i++)
		press("量");
	assert_true(strlen(v->edit) < VIEW_EDIT);
	assert_true(utf8_valid(v->edit, strlen(v->edit)));
	assert_int_equal(press("PgDn"), REACT_NONE);
	assert_int_equal(press("Ctrl-X"), REACT_NONE);
}

static void test_ui_prompts_editor(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	int rule = v->plan.cells[0].rule_prompts;
	press("n");
	assert_int_equal(v->field, EDIT_PROMPTS);
	assert_string_equal(v->edit, "");
	type("1x2 0"); /* digits alone are taken */
	assert_string_equal(v->edit, "120");
	press("Enter");
	assert_int_equal(v->settings.all_prompts, 120);
	assert_int_equal(v->plan.cells[0].num_prompts, 120);
	assert_int_equal(v->plan.cells[0].rule_prompts, rule);
	assert_true(says("doubt"));
	press("n");
	assert_string_equal(v->edit, "120");
	press("Ctrl-U");
	type("0");
	press("Enter");
	assert_int_equal(v->modal, MODAL_EDIT);
	assert_true(says("whole number"));
	press("Ctrl-U");
	press("Enter");
	assert_int_equal(v->settings.all_prompts, 0);
	assert_int_equal(v->plan.cells[0].num_prompts, rule);
}

static void test_ui_server_editor(void **state)
{
	(void)state;
	struct view *v = &ui.view;
	press("s");
	assert_string_equal(v->edit, "http://127.0.0.1:8888");
	press("Ctrl-U");
	type("9001");
	press("Enter");
	assert_string_equal(v->settings.base_url, "http://127.0.0.1:9001");
	assert_string_equal(v->settings.result_base_url, "http://0.0.0.0:9001");
	assert_int_equal(v->settings.port, 9001);
	assert_int_equal(n_sent, 1);
	assert_int_equal(sent[0].kind, CMD_WATCH);
	assert_string_equal(sent[0].settings.base_url, "http://127.0.0.1:9001");
	press("s");
	press("Ctrl-U");
	type("node7:8000/");
	press("Enter");
	assert_string_equal(v->settings.base_url, "http://node7:8000");
	assert_string_equal(v->settings.result_base_url, "http://node7:8000");
	static const char *const bad[] = {"", "ftp://x", "http://", "http://a b", "http://u:p@h", "http://h:99999"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		press("s");
		press("Ctrl-U");
		type(bad[i]);
		press("Enter");
		assert_int_equal(v->modal, MODAL_EDIT);
		assert_true(v->message[0]);
		press("Esc");
		assert_string_equal(v->settings.base_url, "http://node7:8000");
	}
	assert_int_equal(n_sent, 2);
	v->settings.demo = true;
	press("s");
	assert_int_equal(v->modal, MODAL_NONE);
	assert_true(says("demo"));
}

int main(void)
{
	if (!stage_ready())
		return 1;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_ui_team_editor_keeps_characters_whole, setup),
	        cmocka_unit_test_setup(test_ui_team_editor_refuses_and_cancels, setup),
	        cmocka_unit_test_setup(test_ui_prompts_editor, setup),
	        cmocka_unit_test_setup(test_ui_server_editor, setup),
	};
	return cmocka_run_group_tests_name("ui_edit", tests, NULL, NULL);
}
