/* Configuration files: what they may hold, what outweighs them, and every sentence. */
#include "../../engine/base/file.h"
#include "../../tui/options.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

static struct options o;
static struct config conf;
static struct err e;
static const char *const *environment;
static const char *const no_environment[] = {NULL};
static char home[] = "/tmp/benchtop-config.XXXXXX";

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
	config_init(&conf);
	memset(&e, 0, sizeof e);
	return 0;
}

static int teardown_test(void **state)
{
	(void)state;
	config_free(&conf);
	return 0;
}

static int parse_argv(const char *const *args)
{
	static char *argv[32];
	static char texts[32][200];
	int argc = 0;
	for (; args[argc]; argc++) {
		snprintf(texts[argc], sizeof texts[argc], "%s", args[argc]);
		argv[argc] = texts[argc];
	}
	argv[argc] = NULL;
	memset(&e, 0, sizeof e);
	return options_parse(&o, argc, argv, table_get, NULL, &conf, &e);
}

#define PARSE(...) parse_argv((const char *const[]){"benchtop", __VA_ARGS__, NULL})

static void file_is(const char *path, const char *text)
{
	config_parse(&conf, path, text, strlen(text));
}

static void refused(const char *text, const char *sentence)
{
	config_free(&conf);
	config_init(&conf);
	file_is("./benchtop.conf", text);
	if (PARSE("perf") != ERR_USAGE)
		fail_msg("\"%s\" is not refused", text);
	if (!strstr(e.text, sentence))
		fail_msg("\"%s\" lacks \"%s\"", e.text, sentence);
	/* Help is to be had all the same. */
	assert_int_equal(PARSE("--help"), 0);
}

static void values_are_taken(void **state)
{
	(void)state;
	file_is("c", "# a comment\n\n  theme = light\t\r\nascii=yes\nno-color = yes\nmouse = yes\nfps = 30\n"
	             "team = \"My = Team #1\"\nresults-dir = /r\naccuracy = once\nacc-concurrency = 2\ncorpus = /c\n"
	             "track = t\nleaderboard = http://b\nbase-url = http://h:1\nlog = /l\nwait-server = 1h30m");
	assert_int_equal(PARSE("perf"), 0);
	const struct settings *s = &o.settings;
	assert_string_equal(o.theme, "light");
	assert_true(o.ascii && o.no_color && o.mouse);
	assert_int_equal(o.fps, 30);
	assert_string_equal(s->team, "My = Team #1");
	assert_string_equal(s->results_dir, "/r");
	assert_int_equal(s->accuracy, ACCURACY_ONCE);
	assert_int_equal(s->acc_concurrency, 2);
	assert_string_equal(s->corpus, "/c");
	assert_string_equal(o.track, "t");
	assert_string_equal(s->leaderboard, "http://b");
	assert_string_equal(s->base_url, "http://h:1");
	assert_string_equal(s->result_base_url, "http://h:1");
	assert_string_equal(s->server_log, "/l");
	assert_int_equal(s->wait_server_ms, 5400000);
	/* The result says which file had a say. */
	bool told = false;
	for (int i = 0; i < s->n_defaults; i++)
		told = told ||
		       strcmp(s->defaults_taken[i],
		               "c sets accuracy, acc-concurrency, corpus, track, leaderboard, base-url, log, wait-server") ==
		               0;
	assert_true(told);
}

static void who_outweighs_whom(void **state)
{
	(void)state;
	static const char *const env[] = {"TEAM_NAME_ENV=env", "BENCHTOP_RESULTS=/env", "PORT=9000", NULL};
	file_is("user", "theme = dark\nfps = 10\nteam = user\nmouse = yes\nbase-url = http://user\n");
	file_is("local", "fps = 20\nteam = local\nresults-dir = /local\n");
	assert_int_equal(PARSE("perf"), 0);
	assert_string_equal(o.theme, "dark"); /* user over defaults */
	assert_int_equal(o.fps, 20);          /* local over user */
	assert_string_equal(o.settings.team, "local");
	assert_string_equal(o.settings.results_dir, "/local");
	assert_string_equal(o.settings.base_url, "http://user");
	environment = env; /* environment over files */
	assert_int_equal(PARSE("perf"), 0);
	assert_string_equal(o.settings.team, "env");
	assert_string_equal(o.settings.results_dir, "/env");
	assert_string_equal(o.settings.base_url, "http://127.0.0.1:9000");
	assert_true(o.mouse);
	/* arguments over all */
	assert_int_equal(
	        PARSE("--team", "arg", "--theme=mono", "--fps", "5", "--mouse=no", "--base-url", "http://a"), 0);
	assert_string_equal(o.settings.team, "arg");
	assert_string_equal(o.theme, "mono");
	assert_int_equal(o.fps, 5);
	assert_false(o.mouse);
	assert_string_equal(o.settings.base_url, "http://a");
}

static void colours_by_authority(void **state)
{
	(void)state;
	static const char *const env[] = {"NO_COLOR=1", NULL};
	file_is("c", "no-color = yes\ncolors = 256\n");
	assert_int_equal(PARSE("--tui"), 0);
	assert_true(o.no_color);
	assert_int_equal(PARSE("--colors", "8"), 0);
	assert_false(o.no_color);
	assert_int_equal(o.colors, 8);
	config_free(&conf);
	file_is("c", "no-color = no\n");
	environment = env;
	assert_int_equal(PARSE("--tui"), 0);
	assert_true(o.no_color);
}

static void a_demo_takes_looks_and_names_only(void **state)
{
	(void)state;
	file_is("c", "theme = light\nteam = t\nresults-dir = /r\nleaderboard = http://real\nbase-url = http://real\n"
	             "track = real\ncorpus = /c\nlog = /l\n");
	assert_int_equal(PARSE("perf", "--demo"), 0);
	assert_string_equal(o.theme, "light");
	assert_string_equal(o.settings.team, "t");
	assert_string_equal(o.settings.results_dir, "/r");
	assert_string_equal(o.track, "demo");
	assert_string_equal(o.settings.leaderboard, "");
	assert_string_equal(o.settings.corpus, "");
	assert_string_equal(o.settings.server_log, "");
	assert_null(strstr(o.settings.base_url, "real"));
}

static void a_finished_run_names_its_track_itself(void **state)
{
	(void)state;
	file_is("c", "track = mine\n");
	assert_int_equal(PARSE("perf"), 0);
	assert_string_equal(o.track, "mine");
	assert_int_equal(PARSE("watch"), 0);
	assert_string_equal(o.track, "");
	assert_int_equal(PARSE("shot", "log", "--track", "arg"), 0);
	assert_string_equal(o.track, "arg");
}

static void sentences(void **state)
{
	(void)state;
	char longer[CONFIG_LINE_MAX + 40];
	refused("fps = 0", "./benchtop.conf, line 1: fps = \"0\" is not a whole number from 1 to 60: give one, like 2");
	refused("\n\ncolors = 9", "./benchtop.conf, line 3: colors = \"9\" is not known: use 8, 16 or 256");
	refused("ascii = maybe", "line 1: ascii = \"maybe\" is not known: use yes or no");
	refused("accuracy = never", "line 1: accuracy = \"never\" is not known: use each, once or skip");
	refused("wait-server = soon", "line 1: wait-server = \"soon\" is no time");
	refused("theme =", "line 1: theme has an empty value: give a NAME");
	refused("team = a\033[31mb", "holds control characters or is not UTF-8: type it again");
	refused("team = \xff", "holds control characters or is not UTF-8");
	refused("them = dark", "line 1: there is no setting them (= dark): did you mean theme?");
	refused("zzzzzzzz = 1", "there is no setting zzzzzzzz (= 1): benchtop --default-config lists them");
	refused("conc = 4", "line 1: conc = 4 is not for a file: give --conc on the command line instead");
	refused("MODEL = m", "MODEL = m belongs into the environment: export MODEL=m");
	refused("theme dark", "line 1: \"theme dark\" is no setting: write name = value");
	refused("= dark", "is no setting");
	refused("theme = dark\nfps = 3\ntheme = light", "line 3: theme = light, but line 1 sets theme already");
	snprintf(longer, sizeof longer, "team = %0*d", CONFIG_LINE_MAX, 1);
	refused(longer, "line 1 is longer than 1024 bytes: shorten it");
	snprintf(longer, sizeof longer, "team = %0*d", 300, 1);
	refused(longer, "is too long: give a shorter one");
}

static void secrets_are_refused_and_not_repeated(void **state)
{
	(void)state;
	static const char *const lines[] = {"HF_TOKEN = hf_abc", "hf-token=hf_abc", "OPENAI_API_KEY=hf_abc",
	        "my-password = hf_abc", "Secret = hf_abc", "hf_token hf_abc"};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		refused(lines[i], "secret");
		assert_null(strstr(e.text, "hf_abc"));
	}
	refused("HF_TOKEN = x", "line 1: HF_TOKEN is a secret, and secrets are not read from files: delete the line");
}

static void bounds(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 20);
	for (int i = 0; i <= CONFIG_ENTRIES; i++)
		buf_printf(&b, "key.A%d = x\n", i);
	refused(buf_text(&b), "line 257: more than 256 settings are given: delete some");
	buf_clear(&b);
	while (b.len <= CONFIG_FILE_MAX)
		buf_adds(&b, "# filler\n");
	refused(buf_text(&b), "is longer than 65536 bytes");
	buf_free(&b);
	config_free(&conf);
	config_init(&conf);
	assert_int_equal(config_parse(&conf, "c", "fps = 1\0x", 9), ERR_USAGE);
	assert_non_null(strstr(conf.error.text, "NUL"));
}

static void put(const char *name, const char *text)
{
	char path[400];
	struct err fe = {0};
	assert_true(path_join(path, sizeof path, home, name));
	if (file_write_atomic(path, text, strlen(text), &fe) != 0)
		fail_msg("%s", fe.text);
}

static void files_are_found(void **state)
{
	(void)state;
	char xdg[300], home_is[300], path[400], old[512];
	assert_non_null(getcwd(old, sizeof old));
	snprintf(path, sizeof path, "%s/.config/benchtop", home);
	assert_int_equal(file_mkdirs(path, NULL), 0);
	snprintf(path, sizeof path, "%s/xdg/benchtop", home);
	assert_int_equal(file_mkdirs(path, NULL), 0);
	put(".config/benchtop/config", "theme = home\nteam = home\n");
	put("xdg/benchtop/config", "theme = xdg\n");
	snprintf(home_is, sizeof home_is, "HOME=%s", home);
	snprintf(xdg, sizeof xdg, "XDG_CONFIG_HOME=%s/xdg", home);
	const char *const only_home[] = {home_is, NULL}, *const both[] = {home_is, xdg, NULL};
	const char *const relative[] = {home_is, "XDG_CONFIG_HOME=xdg", NULL};
	assert_int_equal(chdir(home), 0);
	environment = only_home;
	assert_int_equal(config_load(&conf, table_get, NULL), 0);
	assert_int_equal(PARSE("perf"), 0);
	assert_string_equal(o.theme, "home");
	config_free(&conf);
	put("benchtop.conf", "team = local\n");
	assert_int_equal(config_load(&conf, table_get, NULL), 0);
	assert_int_equal(PARSE("perf"), 0);
	assert_string_equal(o.theme, "home");
	assert_string_equal(o.settings.team, "local");
	config_free(&conf);
	environment = both;
	assert_int_equal(config_load(&conf, table_get, NULL), 0);
	assert_int_equal(PARSE("perf"), 0);
	assert_string_equal(o.theme, "xdg");
	config_free(&conf);
	environment = relative;
	assert_int_equal(config_load(&conf, table_get, NULL), 0);
	assert_int_equal(PARSE("perf"), 0);
	assert_string_equal(o.theme, "home");
	/* Not a file: a sentence, and no waiting for a pipe. */
	config_free(&conf);
	assert_int_equal(unlink("benchtop.conf"), 0);
	assert_int_equal(mkfifo("benchtop.conf", 0600), 0);
	assert_int_equal(config_load(&conf, table_get, NULL), ERR_USAGE);
	assert_non_null(strstr(conf.error.text, "is not a regular file: move it away"));
	assert_int_equal(PARSE("perf"), ERR_USAGE);
	assert_int_equal(unlink("benchtop.conf"), 0);
	assert_int_equal(chdir(old), 0);
}

/* Every line of the default file can be switched on, and says what is the case anyway. */
static void the_default_file(void **state)
{
	(void)state;
	struct buf b, on;
	struct options plain;
	buf_init(&b, 1 << 20);
	buf_init(&on, 1 << 20);
	assert_int_equal(options_default_config(&b), 0);
	file_is("c", buf_text(&b));
	assert_int_equal(conf.n_entries, 0);
	assert_int_equal(PARSE("perf"), 0);
	plain = o;
	int lines = 0;
	for (const char *line = buf_text(&b); *line;) {
		size_t len = strcspn(line, "\n");
		assert_true(len <= 160);
		if (line[0] == '#' && line[1] > ' ') {
			buf_add(&on, line + 1, len);
			lines++;
		}
		line += len + (line[len] == '\n');
	}
	config_free(&conf);
	file_is("c", buf_text(&on));
	assert_int_equal(conf.error.code, 0);
	assert_int_equal(conf.n_entries, lines);
	assert_int_equal(PARSE("perf"), 0);
	assert_int_equal(o.fps, plain.fps);
	assert_true(o.mouse == plain.mouse && o.ascii == plain.ascii && o.no_color == plain.no_color);
	assert_int_equal(o.settings.accuracy, plain.settings.accuracy);
	assert_int_equal(o.settings.acc_concurrency, plain.settings.acc_concurrency);
	assert_string_equal(o.settings.results_dir, plain.settings.results_dir);
	buf_free(&b);
	buf_free(&on);
}

static int make_home(void **state)
{
	(void)state;
	return mkdtemp(home) ? 0 : -1;
}

static int drop_home(void **state)
{
	(void)state;
	static const char *const left[] = {".config/benchtop/config", "xdg/benchtop/config", ".config/benchtop",
	        "xdg/benchtop", ".config", "xdg", ""};
	char path[400];
	for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", home, left[i]);
		remove(path);
	}
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_test, teardown_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(values_are_taken),
	        TEST(who_outweighs_whom),
	        TEST(colours_by_authority),
	        TEST(a_demo_takes_looks_and_names_only),
	        TEST(a_finished_run_names_its_track_itself),
	        TEST(sentences),
	        TEST(secrets_are_refused_and_not_repeated),
	        TEST(bounds),
	        TEST(files_are_found),
	        TEST(the_default_file),
	};
	return cmocka_run_group_tests_name("tui_config", tests, make_home, drop_home);
}
