/* Environment and defaults, and what settings_check makes of them. */
#include "../../engine/base/text.h"
#include "../../engine/plan/settings.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct track official, demo;
static struct settings s;
static struct secrets sec;
static struct err e;

/* "NAME=VALUE" entries, NULL at the end. */
static const char *table_get(void *ctx, const char *name)
{
	size_t len = strlen(name);
	for (const char *const *entry = ctx; *entry; entry++)
		if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
			return *entry + len + 1;
	return NULL;
}

#define ENV(...)  ((void *)(const char *const[]){__VA_ARGS__, NULL})
#define MODEL_ENV "MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview", "PORT=8888", "TP=8"
#define SPECIFIC_ENV                                                                                                   \
	MODEL_ENV, "ISL=1024", "OSL=1024", "CONC=16", "RANDOM_RANGE_RATIO=1.0", "NUM_PROMPTS=800",                     \
	        "RESULT_FILENAME=test_150000"

static int from_env(void *env)
{
	memset(&e, 0, sizeof e);
	return settings_from_env(&s, &sec, table_get, env, &e);
}

static void says(const char *text)
{
	if (!strstr(e.text, text))
		fail_msg("\"%s\" lacks \"%s\"", e.text, text);
}

static int setup(void **state)
{
	(void)state;
	return track_load(&official, "dsr1-fp4-sglang-mi355x", NULL) || track_load(&demo, "demo", NULL);
}

static void nothing_set(void **state)
{
	(void)state;
	assert_int_equal(from_env(ENV("HOME=/root")), 0);
	assert_int_equal(s.port, 8888);
	assert_int_equal(s.tp, 8);
	assert_int_equal(s.num_warmups, -1);
	assert_int_equal(s.env_conc, 0);
	assert_int_equal(s.acc_concurrency, 4);
	assert_int_equal(s.repeat, 1);
	assert_int_equal(s.accuracy, ACCURACY_EACH);
	assert_string_equal(s.base_url, "http://127.0.0.1:8888");
	assert_string_equal(s.result_base_url, "http://0.0.0.0:8888");
	assert_string_equal(s.results_dir, ".");
	assert_int_equal(s.n_defaults, 2);
	assert_string_equal(s.defaults_taken[0], "PORT is not set: 8888 is taken");
	assert_int_equal(settings_check(&s, &official, true, &e), ERR_USAGE);
	says("MODEL is not set: source all_conc_var.sh or export MODEL=");
}

static void the_official_files(void **state)
{
	(void)state;
	assert_int_equal(from_env(ENV(SPECIFIC_ENV, "HF_TOKEN=hf_abc", "OPENAI_API_KEY=sk-1", "TEAM_NAME_ENV=My Team",
	                         "LB_URL_OVERRIDE=http://127.0.0.1:7860/", "BENCHTOP_RESULTS=/tmp/r")),
	        0);
	assert_string_equal(s.model, "amd/DeepSeek-R1-0528-MXFP4-Preview");
	assert_int_equal(s.env_conc, 16);
	assert_int_equal(s.num_prompts, 800);
	assert_true(s.ratio == 1);
	assert_string_equal(s.result_filename, "test_150000");
	assert_string_equal(s.team, "My Team");
	assert_string_equal(s.results_dir, "/tmp/r");
	assert_string_equal(sec.hf_token, "hf_abc");
	assert_string_equal(sec.openai_key, "sk-1");
	assert_int_equal(s.n_defaults, 0);
	s.mode = MODE_SUBMIT;
	assert_int_equal(settings_check(&s, &official, true, &e), 0);
	assert_string_equal(s.leaderboard, "http://127.0.0.1:7860");
	assert_int_equal(s.n_pairs, 1);
	assert_int_equal(s.pairs[0][0], 1024);
	assert_int_equal(s.n_picks, 1);
	assert_int_equal(s.picks[0], 16);
	assert_int_equal(s.n_defaults, 0);
}

static void defaults_are_told(void **state)
{
	(void)state;
	static const char *const want[] = {"PORT is not set: 8888 is taken", "TP is not set: 8 is taken",
	        "ISL is not set: 1024 is taken", "OSL is not set: 1024 is taken", "CONC is not set: 16 is taken",
	        "RANDOM_RANGE_RATIO is not set: 1 is taken", "NUM_PROMPTS is not set: the track's rule is taken",
	        "RESULT_FILENAME is not set: result is taken"};
	assert_int_equal(from_env(ENV("MODEL=m", "CONC=", "PORT=")), 0);
	assert_int_equal(settings_check(&s, &official, true, &e), 0);
	assert_int_equal(s.n_defaults, 8);
	for (int i = 0; i < 8; i++)
		assert_string_equal(s.defaults_taken[i], want[i]);
	/* A second check takes nothing again. */
	assert_int_equal(settings_check(&s, &official, true, &e), 0);
	assert_int_equal(s.n_defaults, 8);
	assert_int_equal(s.n_picks, 1);
	assert_string_equal(s.result_filename, "result");
	/* A batch needs none of them. */
	assert_int_equal(from_env(ENV(MODEL_ENV)), 0);
	s.batch = true;
	s.n_pairs = 0;
	assert_int_equal(settings_check(&s, &official, true, &e), 0);
	assert_int_equal(s.n_defaults, 0);
	assert_int_equal(s.n_pairs, 3);
	assert_int_equal(s.pairs[1][1], 8192);
	assert_int_equal(s.n_picks, 0);
}

static void a_batch_leaves_the_single_variables_aside(void **state)
{
	(void)state;
	assert_int_equal(from_env(ENV(MODEL_ENV, "RANDOM_RANGE_RATIO=0.8", "CONC=16")), 0);
	s.batch = true;
	s.pairs[0][0] = 8192;
	s.pairs[0][1] = 1024;
	assert_int_equal(settings_check(&s, &official, true, &e), 0);
	assert_true(s.ratio == 1);
	assert_int_equal(s.n_picks, 0);
}

static void bad_variables_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *entry, *name, *remedy;
	} cases[] = {
	        {"CONC=abc", "CONC=abc is not a whole number from 1 to 4096", "export CONC=16"},
	        {"CONC=0", "CONC=0 is not", "export CONC=16"},
	        {"CONC=16 ", "CONC=16 ", "export CONC=16"},
	        {"CONC=1e2", "CONC=1e2", "export CONC=16"},
	        {"CONC=-4", "CONC=-4", "export CONC=16"},
	        {"PORT=70000", "PORT=70000", "export PORT=8888"},
	        {"TP=eight", "TP=eight", "export TP=8"},
	        {"ISL=99999999999999999999", "ISL=9999", "export ISL=1024"},
	        {"OSL=1k", "OSL=1k", "export OSL=1024"},
	        {"NUM_PROMPTS=0", "NUM_PROMPTS=0", "export NUM_PROMPTS=800"},
	        {"RANDOM_RANGE_RATIO=2", "RANDOM_RANGE_RATIO=2 is not a number", "export RANDOM_RANGE_RATIO=1.0"},
	        {"RANDOM_RANGE_RATIO=nan", "RANDOM_RANGE_RATIO=nan", "1.0"},
	        {"RANDOM_RANGE_RATIO=0", "RANDOM_RANGE_RATIO=0", "1.0"},
	        {"MODEL=a\033[31mb", "MODEL holds control characters", "set it again"},
	        {"MODEL=a\nb", "MODEL holds control characters", "set it again"},
	        {"RESULT_FILENAME=a\tb", "RESULT_FILENAME holds control characters", "set it again"},
	        {"RESULT_FILENAME=results/", "RESULT_FILENAME=results/ names no file", "give a name"},
	        {"RESULT_FILENAME=..", "RESULT_FILENAME=.. names no file", "give a name"},
	        {"HF_TOKEN=hf x", "HF_TOKEN holds a blank", "unset it"},
	        {"OPENAI_API_KEY=a\r\nX: y", "OPENAI_API_KEY holds a blank", "unset it"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(from_env(ENV(cases[i].entry)), ERR_USAGE);
		says(cases[i].name);
		says(cases[i].remedy);
		assert_null(strchr(e.text, '\033'));
	}
	assert_null(strstr(e.text, "X: y")); /* a secret is never repeated */
	char longer[400] = "MODEL=";
	memset(longer + 6, 'm', 300);
	assert_int_equal(from_env(ENV(longer)), ERR_USAGE);
	says("MODEL is longer than");
	assert_int_equal(settings_from_env(&s, &sec, table_get, ENV("CONC=x"), NULL), ERR_USAGE);
	/* The first error is the one that is told. */
	assert_int_equal(from_env(ENV("PORT=x", "CONC=y")), ERR_USAGE);
	says("PORT=x");
}

static void result_filenames(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	        {"RESULT_FILENAME=today", "today"},
	        {"RESULT_FILENAME=today.json", "today"},
	        {"RESULT_FILENAME=out/today", "out/today"},
	        {"RESULT_FILENAME=../today.json", "../today"},
	        {"RESULT_FILENAME=/tmp/x.y", "/tmp/x.y"},
	        {"RESULT_FILENAME=.json", ".json"},
	        {"RESULT_FILENAME=a b", "a b"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(from_env(ENV(cases[i][0])), 0);
		assert_string_equal(s.result_filename, cases[i][1]);
	}
}

static void a_team_is_needed_to_submit(void **state)
{
	(void)state;
	assert_int_equal(from_env(ENV(SPECIFIC_ENV)), 0);
	s.mode = MODE_SUBMIT;
	assert_int_equal(settings_check(&s, &official, true, &e), ERR_USAGE);
	says("no team is given");
	says("TEAM_NAME_ENV");
	assert_int_equal(settings_check(&s, &official, false, &e), 0); /* the sheet asks */
	text_set(s.team, sizeof s.team, "a\tb");
	assert_int_equal(settings_check(&s, &official, false, &e), ERR_USAGE);
	says("control characters");
	char sixty_five[66];
	memset(sixty_five, 'x', 65);
	sixty_five[65] = '\0';
	assert_int_equal(settings_check_team(sixty_five, &e), ERR_USAGE);
	says("64 columns");
	assert_int_equal(settings_check_team(sixty_five + 1, &e), 0);
	assert_int_equal(settings_check_team("  ", &e), ERR_USAGE);
	assert_int_equal(settings_check_team("", &e), ERR_USAGE);
	assert_int_equal(settings_check_team("\xff", &e), ERR_USAGE);
	assert_int_equal(settings_check_team("Team \"A\" — 東京", &e), 0);
	/* Wide characters count twice. */
	char wide[33 * 3 + 1] = "";
	for (int i = 0; i < 33; i++)
		memcpy(wide + 3 * i, "東", 4);
	assert_int_equal(settings_check_team(wide, &e), ERR_USAGE);
	assert_int_equal(settings_check_team(wide + 3, &e), 0);
}

static void pairs_must_be_in_the_track(void **state)
{
	(void)state;
	assert_int_equal(from_env(ENV(MODEL_ENV, "TEAM_NAME_ENV=t", "ISL=2048", "OSL=1024", "CONC=4")), 0);
	assert_int_equal(settings_check(&s, &official, true, &e), 0); /* perf of one configuration: any pair */
	for (int mode = MODE_ACC; mode <= MODE_SUBMIT; mode++) {
		assert_int_equal(from_env(ENV(MODEL_ENV, "TEAM_NAME_ENV=t", "ISL=2048", "OSL=1024", "CONC=4")), 0);
		s.mode = (enum run_mode)mode;
		s.batch = true;
		assert_int_equal(settings_check(&s, &official, true, &e), ERR_USAGE);
		says("ISL 2048 / OSL 1024 is not a pair of track dsr1-fp4-sglang-mi355x");
		says("1024/1024, 1024/8192, 8192/1024");
	}
	/* Single submit to nowhere is refused before hours are spent. */
	s.batch = false;
	assert_int_equal(settings_check(&s, &official, true, &e), ERR_USAGE);
	says("no board");
	text_set(s.leaderboard, sizeof s.leaderboard, "http://127.0.0.1:7860");
	assert_int_equal(settings_check(&s, &official, true, &e), 0);
}

static void addresses(void **state)
{
	(void)state;
	static const char *const good[][2] = {
	        {"http://127.0.0.1:8888/", "http://127.0.0.1:8888"},
	        {"http://0.0.0.0:8888", "http://127.0.0.1:8888"},
	        {"http://0.0.0.0", "http://127.0.0.1"},
	        {"https://host.example/a/b//", "https://host.example/a/b"},
	        {"http://[::1]:8000", "http://[::1]:8000"},
	        {"http://0.0.0.01:1", "http://0.0.0.01:1"},
	};
	static const char *const bad[] = {"", "host:8888", "ftp://x", "http://", "http:///x", "http://:80",
	        "http://a b", "http://a:0", "http://a:99999", "http://a:port", "http://u:p@host", "http://a?x",
	        "http://a\033b"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(from_env(ENV(SPECIFIC_ENV)), 0);
		text_set(s.base_url, sizeof s.base_url, good[i][0]);
		assert_int_equal(settings_check(&s, &official, true, &e), 0);
		assert_string_equal(s.base_url, good[i][1]);
		assert_string_equal(s.result_base_url, "http://0.0.0.0:8888");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(from_env(ENV(SPECIFIC_ENV)), 0);
		text_set(s.base_url, sizeof s.base_url, bad[i]);
		assert_int_equal(settings_check(&s, &official, true, &e), ERR_USAGE);
		says("server address");
		assert_null(strstr(e.text, "u:p"));
		assert_null(strchr(e.text, '\033'));
	}
}

static void gates_that_cannot_run(void **state)
{
	(void)state;
	static struct track other;
	other = official;
	text_set(other.gate, sizeof other.gate, "gsm8k");
	assert_int_equal(from_env(ENV(SPECIFIC_ENV, "TEAM_NAME_ENV=t")), 0);
	s.mode = MODE_SUBMIT;
	assert_int_equal(settings_check(&s, &other, false, &e), ERR_USAGE);
	says("gsm8k");
	says("nothing can be submitted");
	s.mode = MODE_PERF;
	assert_int_equal(settings_check(&s, &other, false, &e), 0);
	assert_int_equal(settings_check(&s, &other, true, &e), ERR_USAGE);
	s.accuracy = ACCURACY_SKIP;
	assert_int_equal(settings_check(&s, &other, true, &e), 0);
	s.mode = MODE_SUBMIT;
	assert_int_equal(settings_check(&s, &official, true, &e), ERR_USAGE);
	says("never posted");
	s.mode = MODE_ACC;
	assert_int_equal(settings_check(&s, &official, true, &e), ERR_USAGE);
	says("nothing to do");
}

static void the_demo_needs_nothing(void **state)
{
	(void)state;
	assert_int_equal(from_env(ENV("HOME=/")), 0);
	s.demo = true;
	s.n_defaults = 0;
	assert_int_equal(settings_check(&s, &demo, true, &e), 0);
	assert_string_equal(s.model, demo.model);
	assert_int_equal(s.pairs[0][0], 256);
	assert_int_equal(s.pairs[0][1], 128);
	assert_int_equal(s.picks[0], 16);
	assert_int_equal(s.n_defaults, 0);
	s.mode = MODE_SUBMIT;
	text_set(s.team, sizeof s.team, "t");
	assert_int_equal(settings_check(&s, &demo, true, &e), 0);
	text_set(s.leaderboard, sizeof s.leaderboard, "https://daniehua-dsr1-fp4-sgl-isl1024osl1024.hf.space");
	assert_int_equal(settings_check(&s, &demo, true, &e), ERR_USAGE);
	says("never posted to a real board");
	text_set(s.leaderboard, sizeof s.leaderboard, "http://127.0.0.1.evil.example");
	assert_int_equal(settings_check(&s, &demo, true, &e), ERR_USAGE);
	text_set(s.leaderboard, sizeof s.leaderboard, "http://localhost:99/");
	assert_int_equal(settings_check(&s, &demo, true, &e), 0);
}

static void the_dashboard_picks_all(void **state)
{
	(void)state;
	assert_int_equal(from_env(ENV(MODEL_ENV)), 0);
	assert_int_equal(settings_check(&s, &official, false, &e), 0);
	assert_int_equal(s.n_picks, 0);
	assert_int_equal(s.pairs[0][1], 1024);
	assert_int_equal(s.n_defaults, 0);
	assert_int_equal(from_env(ENV(SPECIFIC_ENV)), 0);
	assert_int_equal(settings_check(&s, &official, false, &e), 0);
	assert_int_equal(s.picks[0], 16);
	/* Without a model it opens, and the sheet asks. */
	assert_int_equal(from_env(ENV("PORT=1")), 0);
	assert_int_equal(settings_check(&s, &official, false, &e), 0);
	assert_string_equal(s.model, "");
}

static void lists_of_concs(void **state)
{
	(void)state;
	static const char *const bad[] = {"", ",", "4,", ",4", "4,,8", "x", "4;8", "4 ,8", "0", "4097", "-4",
	        "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33"};
	memset(&s, 0, sizeof s);
	assert_int_equal(settings_parse_concs(&s, "4,16", &e), 0);
	assert_int_equal(s.n_picks, 2);
	assert_int_equal(s.picks[1], 16);
	assert_int_equal(settings_parse_concs(&s, "64,8,64,8", &e), 0);
	assert_int_equal(s.n_picks, 2);
	assert_int_equal(s.picks[0], 64);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(settings_parse_concs(&s, bad[i], &e), ERR_USAGE);
		assert_int_equal(s.n_picks, 2); /* untouched */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_set),
	        cmocka_unit_test(the_official_files),
	        cmocka_unit_test(defaults_are_told),
	        cmocka_unit_test(a_batch_leaves_the_single_variables_aside),
	        cmocka_unit_test(bad_variables_are_named),
	        cmocka_unit_test(result_filenames),
	        cmocka_unit_test(a_team_is_needed_to_submit),
	        cmocka_unit_test(pairs_must_be_in_the_track),
	        cmocka_unit_test(addresses),
	        cmocka_unit_test(gates_that_cannot_run),
	        cmocka_unit_test(the_demo_needs_nothing),
	        cmocka_unit_test(the_dashboard_picks_all),
	        cmocka_unit_test(lists_of_concs),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
