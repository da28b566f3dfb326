/* The command line: every spelling, every sentence. */
#include "../../tui/options.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct options o;
static struct err e;
static const char *const *environment;
static const char *const no_environment[] = {NULL};

static const char *table_get(void *ctx, const char *name)
{
	(void)ctx;
	size_t len = strlen(name);
	for (const char *const *entry = environment; *entry; entry++)
		if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
			return *entry + len + 1;
	return NULL;
}

static int setup_test(void **state)
{
	(void)state;
	environment = no_environment;
	return 0;
}

/* o borrows the arguments: static copies. */
static int parse_argv(const char *const *args)
{
	static char *argv[64];
	static char texts[64][800];
	int argc = 0;
	for (; args[argc]; argc++) {
		snprintf(texts[argc], sizeof texts[argc], "%s", args[argc]);
		argv[argc] = texts[argc];
	}
	argv[argc] = NULL;
	memset(&e, 0, sizeof e);
	return options_parse(&o, argc, argv, table_get, NULL, NULL, &e);
}

#define PARSE(...)    parse_argv((const char *const[]){"benchtop", __VA_ARGS__, NULL})
#define OFFICIAL(...) parse_argv((const char *const[]){"./dsr1_benchmark", __VA_ARGS__, NULL})

static void says(const char *text)
{
	if (!strstr(e.text, text))
		fail_msg("\"%s\" lacks \"%s\"", e.text, text);
}

#define REFUSED(text, ...)                                                                                             \
	do {                                                                                                           \
		assert_int_equal(PARSE(__VA_ARGS__), ERR_USAGE);                                                       \
		says(text);                                                                                            \
	} while (0)

static void commands(void **state)
{
	(void)state;
	assert_int_equal(parse_argv((const char *const[]){"/usr/bin/benchtop", NULL}), 0);
	assert_int_equal(o.cmd, CLI_DASHBOARD);
	assert_int_equal(o.settings.mode, MODE_PERF);
	assert_int_equal(o.fps, 12);
	assert_false(o.settings.batch);
	assert_int_equal(parse_argv((const char *const[]){"/x/dsr1_benchmark", NULL}), 0);
	assert_int_equal(o.cmd, CLI_ACC);
	assert_int_equal(o.settings.mode, MODE_ACC);
	assert_int_equal(OFFICIAL("perf"), 0);
	assert_int_equal(o.cmd, CLI_PERF);
	for (int cmd = 1; cmd < CLI_count; cmd++) {
		const char *word = options_command_word((enum cli_command)cmd);
		if (cmd == CLI_COMPARE)
			assert_int_equal(PARSE(word, "a", "b"), 0);
		else if (cmd == CLI_SERVER)
			assert_int_equal(PARSE(word, "status"), 0);
		else if (cmd == CLI_POST || cmd == CLI_RESUME || cmd == CLI_SHOT)
			assert_int_equal(PARSE(word, "a"), 0);
		else
			assert_int_equal(PARSE(word), 0);
		assert_int_equal(o.cmd, cmd);
	}
	assert_int_equal(PARSE("results", "a", "b", "c", "d", "e", "f", "g", "h"), 0);
	assert_int_equal(o.n_args, 8);
	assert_string_equal(o.args[7], "h");
	assert_int_equal(PARSE("shot", "dashboard", "dir", "--size=120x36", "--format", "svg", "-o", "x.svg"), 0);
	assert_string_equal(o.size, "120x36");
	assert_string_equal(o.format, "svg");
	assert_string_equal(o.out_file, "x.svg");
}

static void spellings_of_isl_and_osl(void **state)
{
	(void)state;
	static const char *const forms[][4] = {{"-isl", "8192", "-osl", "1024"}, {"--isl", "8192", "--osl", "1024"},
	        {"--isl=8192", "--osl=1024"}, {"-isl=8192", "-osl=1024"}, {"-osl", "1024", "--isl=8192"},
	        {"--osl=1024", "-isl", "8192"}};
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		for (int before = 0; before < 2; before++) {
			const char *args[8] = {"dsr1_benchmark"};
			int n = 1;
			if (!before)
				args[n++] = "perf";
			for (int k = 0; k < 4 && forms[i][k]; k++)
				args[n++] = forms[i][k];
			if (before)
				args[n++] = "perf";
			assert_int_equal(parse_argv(args), 0);
			assert_int_equal(o.cmd, CLI_PERF);
			assert_true(o.settings.batch);
			assert_int_equal(o.settings.n_pairs, 1);
			assert_int_equal(o.settings.pairs[0][0], 8192);
			assert_int_equal(o.settings.pairs[0][1], 1024);
		}
}

static void batch_forms(void **state)
{
	(void)state;
	assert_int_equal(PARSE("perf", "--all"), 0);
	assert_true(o.settings.batch);
	assert_int_equal(o.settings.n_pairs, 0);
	assert_int_equal(PARSE("perf", "--conc", "4,16"), 0);
	assert_true(o.settings.batch);
	assert_int_equal(o.settings.n_picks, 2);
	assert_int_equal(o.settings.n_pairs, 1);
	assert_int_equal(PARSE("perf", "-isl", "1024", "-osl", "8192", "--conc=64"), 0);
	assert_int_equal(o.settings.picks[0], 64);
	assert_int_equal(PARSE("perf"), 0);
	assert_false(o.settings.batch);
	REFUSED("-isl is given without -osl", "perf", "-isl", "1024");
	REFUSED("-osl is given without -isl", "perf", "--osl=1024");
	REFUSED("leave one of them out", "perf", "--all", "-isl", "1", "-osl", "2");
	REFUSED("is not a list of CONCs", "perf", "--conc", "4,x");
}

static void teams(void **state)
{
	(void)state;
	static const char *const env[] = {"TEAM_NAME_ENV=From Env", NULL};
	environment = env;
	assert_int_equal(OFFICIAL("submit"), 0);
	assert_string_equal(o.settings.team, "From Env");
	assert_int_equal(o.settings.mode, MODE_SUBMIT);
	assert_int_equal(OFFICIAL("submit", "My \"Team\"", "-isl", "1024", "-osl", "1024"), 0);
	assert_string_equal(o.settings.team, "My \"Team\"");
	assert_int_equal(o.n_args, 0);
	assert_int_equal(PARSE("submit", "--team", "X"), 0);
	assert_string_equal(o.settings.team, "X");
	assert_int_equal(PARSE("--team=--us", "submit"), 0);
	assert_string_equal(o.settings.team, "--us");
	assert_int_equal(PARSE("submit", "--", "-dash"), 0);
	assert_string_equal(o.settings.team, "-dash");
	assert_int_equal(PARSE("submit", "X", "--team", "X"), 0);
	REFUSED("two team names", "submit", "X", "--team", "Y");
	REFUSED("submit does not take \"Y\": its form is benchtop submit TEAM", "submit", "X", "Y");
	REFUSED("has an empty value", "submit", "");
	REFUSED("control characters", "submit", "a\033[31mb");
}

static void values(void **state)
{
	(void)state;
	const struct settings *s = &o.settings;
	assert_int_equal(
	        PARSE("perf", "--base-url", "http://h:1", "--track", "t", "--leaderboard", "http://b", "--repeat", "3",
	                "--num-prompts", "5", "--num-warmups", "0", "--prompts", "ids", "--accuracy", "once",
	                "--acc-concurrency", "2", "--corpus", "c", "--wait-server", "1h30m", "--restart-server",
	                "--results-dir", "r", "--log", "l", "--post-flagged", "--post-later"),
	        0);
	assert_string_equal(s->base_url, "http://h:1");
	assert_string_equal(s->result_base_url, "http://h:1");
	assert_string_equal(o.track, "t");
	assert_string_equal(s->leaderboard, "http://b");
	assert_int_equal(s->repeat, 3);
	assert_int_equal(s->all_prompts, 5);
	assert_int_equal(s->num_warmups, 0);
	assert_int_equal(s->prompts, PROMPTS_IDS);
	assert_true(s->prompts_given);
	assert_int_equal(s->accuracy, ACCURACY_ONCE);
	assert_int_equal(s->acc_concurrency, 2);
	assert_string_equal(s->corpus, "c");
	assert_int_equal(s->wait_server_ms, 5400000);
	assert_true(o.restart_server && s->post_flagged && s->post_later);
	assert_string_equal(s->results_dir, "r");
	assert_string_equal(s->server_log, "l");
	assert_int_equal(
	        PARSE("--tui", "--theme", "light", "--ascii", "--no-color", "--colors=8", "--mouse", "--fps", "30"), 0);
	assert_int_equal(o.output, OUTPUT_TUI);
	assert_string_equal(o.theme, "light");
	assert_true(o.ascii && o.no_color && o.mouse);
	assert_int_equal(o.colors, 8);
	assert_int_equal(o.fps, 30);
	assert_int_equal(PARSE("perf", "--plain"), 0);
	assert_int_equal(o.output, OUTPUT_PLAIN);
	assert_int_equal(PARSE("perf", "--json"), 0);
	assert_int_equal(o.output, OUTPUT_JSON);
	assert_int_equal(s->num_warmups, -1);
}

static void slips_get_a_hint(void **state)
{
	(void)state;
	REFUSED("there is no option --lead: did you mean --leaderboard?", "--lead");
	REFUSED("did you mean --leaderboard?", "--leaderbord", "x");
	REFUSED("did you mean --isl?", "-ils", "1024");
	REFUSED("did you mean --osl?", "--oslo=4");
	REFUSED("there is no option --zzzzzzzzz: -h lists all", "--zzzzzzzzz");
	REFUSED("there is no command submti: did you mean submit?", "submti", "Team");
	REFUSED("there is no command pref: did you mean perf?", "pref");
	REFUSED("there is no command YourTeam: use acc, perf, submit", "YourTeam");
	REFUSED("there is no option -x", "-x");
	assert_int_equal(PARSE("--\033[31mred"), ERR_USAGE);
	assert_null(strchr(e.text, '\033'));
}

static void missing_and_wrong_values(void **state)
{
	(void)state;
	REFUSED("--repeat needs a value: --repeat N", "perf", "--repeat");
	REFUSED("-isl needs a value: -isl N", "perf", "-isl");
	REFUSED("--team needs a value", "submit", "--team", "--all");
	REFUSED("--repeat \"x\" is not a whole number from 1 to 64: give one, like --repeat 2", "perf", "--repeat",
	        "x");
	REFUSED("--isl \"1k\"", "perf", "-isl", "1k", "-osl", "1024");
	REFUSED("--isl \"-5\"", "perf", "-isl", "-5", "-osl", "1024");
	REFUSED("--num-prompts \"0\"", "perf", "--num-prompts", "0");
	REFUSED("--num-warmups \"-1\"", "perf", "--num-warmups=-1");
	REFUSED("--acc-concurrency \"999\"", "acc", "--acc-concurrency", "999");
	REFUSED("--fps \"0\"", "--fps", "0");
	REFUSED("--colors \"9\" is not known: use 8, 16 or 256", "--colors", "9");
	REFUSED("--accuracy \"never\" is not known: use each, once or skip", "perf", "--accuracy", "never");
	REFUSED("--prompts \"words\" is not a way to send prompts: use text or ids", "perf", "--prompts", "words");
	REFUSED("--tokenizer has an empty value", "perf", "--tokenizer=");
	REFUSED("--wait-server \"soon\" is no time", "perf", "--wait-server", "soon");
	REFUSED("--all takes no value", "perf", "--all=yes");
	REFUSED("--mouse \"maybe\" is not known: use yes or no", "--mouse=maybe");
	REFUSED("--base-url has an empty value", "perf", "--base-url=");
	REFUSED("--size \"120\" is no size", "shot", "log", "--size", "120");
	REFUSED("--size \"9x9\"", "shot", "log", "--size", "9x9");
	REFUSED("--size \"120x36x\"", "shot", "log", "--size", "120x36x");
	REFUSED("--format \"png\" is not known: use txt, ansi or svg", "shot", "log", "--format", "png");
	char longer[700];
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	REFUSED("is too long", "perf", "--corpus", longer);
	REFUSED("there is no command x", "--", "x");
}

static void arguments_of_commands(void **state)
{
	(void)state;
	REFUSED("acc does not take \"x\"", "acc", "x");
	REFUSED("compare needs more: its form is benchtop compare A B", "compare", "a");
	REFUSED("post needs more", "post");
	REFUSED("server does not know \"jump\": use start, stop or status", "server", "jump");
	REFUSED("more than 8 arguments", "results", "1", "2", "3", "4", "5", "6", "7", "8", "9");
	REFUSED("--size does not go with perf", "perf", "--size", "80x24");
	REFUSED("--isl does not go with results", "results", "-isl", "1", "-osl", "1");
	REFUSED("--output does not go with the dashboard", "-o", "x");
}

static void help_and_version_win(void **state)
{
	(void)state;
	static const char *const env[] = {"CONC=abc", NULL};
	environment = env;
	assert_int_equal(PARSE("-h"), 0);
	assert_int_equal(o.cmd, CLI_HELP);
	assert_int_equal(o.n_args, 0);
	assert_int_equal(PARSE("perf", "-isl", "5", "--help"), 0);
	assert_int_equal(o.cmd, CLI_HELP);
	assert_string_equal(o.args[0], "perf");
	assert_int_equal(PARSE("help", "perf"), 0);
	assert_string_equal(o.args[0], "perf");
	REFUSED("there is no command prf", "help", "prf");
	assert_int_equal(PARSE("-V"), 0);
	assert_int_equal(o.cmd, CLI_VERSION);
	assert_int_equal(PARSE("perf", "--version"), 0);
	assert_int_equal(o.cmd, CLI_VERSION);
	assert_int_equal(PARSE("--man"), 0);
	assert_true(o.cmd == CLI_HELP && o.tell == TELL_MAN);
	assert_int_equal(PARSE("help", "--man"), 0);
	assert_true(o.cmd == CLI_HELP && o.tell == TELL_MAN);
	assert_int_equal(PARSE("--default-config"), 0);
	assert_true(o.cmd == CLI_HELP && o.tell == TELL_CONFIG);
	assert_int_equal(PARSE("-h", "--man"), 0);
	assert_true(o.cmd == CLI_HELP && o.tell == TELL_USAGE);
	/* Looking at results does not depend on it either; running does. */
	assert_int_equal(PARSE("results"), 0);
	REFUSED("CONC=abc is not a whole number", "perf");
	REFUSED("CONC=abc", "--plain");
}

static void environment_first_then_arguments(void **state)
{
	(void)state;
	static const char *const env[] = {"MODEL=m", "PORT=9000", "ISL=1024", "OSL=8192", "CONC=4", "NUM_PROMPTS=9",
	        "LB_URL_OVERRIDE=http://env", "NO_COLOR=1", "HF_TOKEN=hf_secret", NULL};
	static const char *const empty[] = {"NO_COLOR=", NULL};
	environment = env;
	assert_int_equal(PARSE("perf"), 0);
	assert_string_equal(o.settings.base_url, "http://127.0.0.1:9000");
	assert_int_equal(o.settings.pairs[0][1], 8192);
	assert_string_equal(o.settings.leaderboard, "http://env");
	assert_true(o.no_color);
	assert_int_equal(PARSE("--colors", "8"), 0); /* asked for by name */
	assert_false(o.no_color);
	assert_int_equal(PARSE("perf", "--leaderboard", "http://arg", "-isl", "1", "-osl", "2"), 0);
	assert_string_equal(o.settings.leaderboard, "http://arg");
	assert_int_equal(o.settings.pairs[0][0], 1);
	assert_int_equal(o.settings.env_pair[0], 1024);
	environment = empty;
	assert_int_equal(PARSE("perf"), 0);
	assert_false(o.no_color);
}

static void the_demo_leaves_the_environment_aside(void **state)
{
	(void)state;
	static const char *const env[] = {"MODEL=m", "PORT=oops", "ISL=1024", "OSL=1024", "CONC=16", "NUM_PROMPTS=800",
	        "LB_URL_OVERRIDE=http://real", "HF_TOKEN=hf_secret", "BENCHTOP_RESULTS=/r", "TEAM_NAME_ENV=t",
	        "NO_COLOR=1", NULL};
	environment = env;
	assert_int_equal(PARSE("perf", "--demo"), 0);
	assert_true(o.settings.demo);
	assert_string_equal(o.track, "demo");
	assert_string_equal(o.settings.model, "");
	assert_string_equal(o.settings.leaderboard, "");
	assert_string_equal(o.secrets.hf_token, "");
	assert_string_equal(o.settings.results_dir, "/r");
	assert_string_equal(o.settings.team, "t");
	assert_int_equal(o.settings.pairs[0][0], 0);
	assert_int_equal(o.settings.num_prompts, 0);
	assert_int_equal(o.settings.n_defaults, 0);
	assert_true(o.no_color);
	assert_int_equal(PARSE("--demo", "--track", "mine.json"), 0);
	assert_string_equal(o.track, "mine.json");
	/* The track alone does not. */
	REFUSED("PORT=oops", "perf", "--track", "demo");
}

static void the_command_line_is_kept_without_secrets(void **state)
{
	(void)state;
	static const char *const env[] = {"HF_TOKEN=hf_secret", "OPENAI_API_KEY=sk-secret", NULL};
	environment = env;
	assert_int_equal(
	        parse_argv((const char *const[]){"/opt/x/benchtop", "submit", "My Team", "--conc", "4,8", NULL}), 0);
	assert_string_equal(o.settings.command_line, "benchtop submit 'My Team' --conc 4,8");
	assert_int_equal(PARSE("submit", "it's", "--theme", "", "--log=x"), ERR_USAGE);
	assert_int_equal(PARSE("submit", "it's"), 0);
	assert_string_equal(o.settings.command_line, "benchtop submit \"it's\"");
	assert_int_equal(
	        PARSE("perf", "--log", "a-hf_secret", "--corpus=sk-secret.txt", "--base-url", "http://u:pw@h"), 0);
	assert_string_equal(o.settings.command_line, "benchtop perf --log *** *** --base-url ***");
	char longer[500];
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(
	        PARSE("perf", "--log", longer, "--corpus", longer, "--results-dir", longer, "--theme", longer), 0);
	assert_int_equal(strlen(o.settings.command_line), sizeof o.settings.command_line - 1);
}

static void the_usage_text(void **state)
{
	(void)state;
	struct buf b;
	const char *all = options_help();
	for (int cmd = 1; cmd < CLI_count; cmd++) {
		char line[64];
		snprintf(line, sizeof line, "\n  benchtop %s ", options_command_word((enum cli_command)cmd));
		/* What this version cannot do is not promised. */
		assert_true((strstr(all, line) != NULL) == options_command_built((enum cli_command)cmd));
	}
	assert_true(options_command_built(CLI_WATCH) && options_command_built(CLI_SHOT));
	assert_false(options_command_built((enum cli_command)99));
	assert_non_null(strstr(all, "--restart-server"));
	assert_non_null(strstr(all, "-isl N"));
	assert_non_null(strstr(all, "-o, --output FILE"));
	assert_non_null(strstr(all, "--leaderboard URL"));
	assert_non_null(strstr(all, "RESULT_FILENAME"));
	for (const char *line = all; *line;) {
		size_t len = strcspn(line, "\n");
		assert_true(len <= 90);
		line += len + (line[len] == '\n');
	}
	buf_init(&b, 65536);
	assert_int_equal(options_help_text(&b, CLI_SHOT), 0);
	assert_non_null(strstr(buf_text(&b), "benchtop shot SCREEN [DIR]"));
	assert_non_null(strstr(buf_text(&b), "--size WxH"));
	assert_null(strstr(buf_text(&b), "-isl"));
	buf_free(&b);
	buf_init(&b, 100);
	assert_int_equal(options_help_text(&b, CLI_HELP), ERR_LIMIT);
	buf_free(&b);
	assert_string_equal(options_command_word((enum cli_command)99), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(commands, setup_test),
	        cmocka_unit_test_setup(spellings_of_isl_and_osl, setup_test),
	        cmocka_unit_test_setup(batch_forms, setup_test),
	        cmocka_unit_test_setup(teams, setup_test),
	        cmocka_unit_test_setup(values, setup_test),
	        cmocka_unit_test_setup(slips_get_a_hint, setup_test),
	        cmocka_unit_test_setup(missing_and_wrong_values, setup_test),
	        cmocka_unit_test_setup(arguments_of_commands, setup_test),
	        cmocka_unit_test_setup(help_and_version_win, setup_test),
	        cmocka_unit_test_setup(environment_first_then_arguments, setup_test),
	        cmocka_unit_test_setup(the_demo_leaves_the_environment_aside, setup_test),
	        cmocka_unit_test_setup(the_command_line_is_kept_without_secrets, setup_test),
	        cmocka_unit_test_setup(the_usage_text, setup_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
