/* The doctor's checks, each with an environment, a /proc and a /sys of its own. */
#include "../../engine/base/file.h"
#include "../../engine/doctor/doctor_int.h"
#include "../../tui/doctor_terminal.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <dirent.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

struct variable {
	const char *name, *value;
};

static const char *from_table(void *ctx, const char *name)
{
	for (const struct variable *v = ctx; v && v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v->value;
	return NULL;
}

struct place {
	char dir[64];
};

static int gone(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	(void)st;
	(void)kind;
	(void)f;
	return remove(path);
}

static void put(const struct place *p, const char *name, const char *text)
{
	char path[400], up[400];
	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	snprintf(up, sizeof up, "%s", path);
	*strrchr(up, '/') = '\0';
	assert_int_equal(file_mkdirs(up, NULL), 0);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int place_open(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	snprintf(p->dir, sizeof p->dir, "/tmp/benchtop-doctor-XXXXXX");
	*state = p;
	return mkdtemp(p->dir) ? 0 : -1;
}

static int place_close(void **state)
{
	struct place *p = *state;
	nftw(p->dir, gone, 8, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

/* A scene with the built-in track and the settings of these variables. */
static struct doctor_scene *scene(struct variable *vars)
{
	static struct doctor_scene s; /* large */
	struct err e = {0};
	memset(&s, 0, sizeof s);
	assert_int_equal(track_load(&s.track, "dsr1-fp4-sglang-mi355x", &e), 0);
	assert_int_equal(settings_from_env(&s.settings, &s.secrets, from_table, vars, &e), 0);
	assert_int_equal(settings_check(&s.settings, &s.track, false, &e), 0);
	s.get = from_table;
	s.ctx = vars;
	return &s;
}

/* The check of that topic whose text holds the words; NULL when there is none. */
static const struct doctor_check *find(const struct doctor_report *r, const char *topic, const char *words)
{
	for (int i = 0; i < r->n; i++)
		if (strcmp(r->checks[i].topic, topic) == 0 && strstr(r->checks[i].text, words))
			return &r->checks[i];
	return NULL;
}

static void is(const struct doctor_report *r, const char *topic, enum doctor_verdict v, const char *words)
{
	const struct doctor_check *c = find(r, topic, words);
	if (c && c->verdict == v)
		return;
	for (int i = 0; i < r->n; i++)
		print_message("%s %s: %s\n", doctor_verdict_word(r->checks[i].verdict), r->checks[i].topic,
		        r->checks[i].text);
	fail_msg("no %s of %s that says \"%s\"", doctor_verdict_word(v), topic, words);
}

static struct doctor_report *report(void)
{
	static struct doctor_report r;
	r.n = 0;
	return &r;
}

/* ---- the sentence at the end ---- */

static void the_summary_names_the_problems_once(void **state)
{
	(void)state;
	struct doctor_report *r = report();
	char text[200];
	doctor_say(r, "server", DOCTOR_OK, "fine");
	assert_string_equal(doctor_summary(r, text, sizeof text), "ready to run");
	doctor_say(r, "cpu", DOCTOR_NOTE, "busy");
	assert_string_equal(doctor_summary(r, text, sizeof text), "ready to run; 1 note");
	doctor_say(r, "corpus", DOCTOR_PROBLEM, "absent");
	assert_string_equal(doctor_summary(r, text, sizeof text), "1 problem: corpus");
	doctor_say(r, "board", DOCTOR_PROBLEM, "one");
	doctor_say(r, "board", DOCTOR_PROBLEM, "two");
	assert_string_equal(doctor_summary(r, text, sizeof text), "3 problems: corpus, board");
}

static void a_text_from_outside_is_cleaned_and_the_report_bounded(void **state)
{
	(void)state;
	struct doctor_report *r = report();
	for (int i = 0; i < DOCTOR_CHECKS + 5; i++)
		doctor_say(r, "server", DOCTOR_OK, "red \033[31mtext\n%s", "x");
	assert_int_equal(r->n, DOCTOR_CHECKS);
	assert_null(strchr(r->checks[0].text, '\033'));
	assert_null(strchr(r->checks[0].text, '\n'));
}

/* ---- settings ---- */

static void prompts_off_the_rule_are_noted_with_the_rule(void **state)
{
	(void)state;
	struct variable off[] = {{"MODEL", "m"}, {"PORT", "1"}, {"TP", "8"}, {"CONC", "16"}, {"ISL", "1024"},
	        {"OSL", "8192"}, {"NUM_PROMPTS", "800"}, {"RANDOM_RANGE_RATIO", "0.8"}, {NULL, NULL}};
	struct doctor_report *r = report();
	doctor_settings(scene(off), r, 0);
	is(r, "settings", DOCTOR_NOTE, "NUM_PROMPTS=800 is off the track's rule, CONC 16 x 20 = 320");
	is(r, "settings", DOCTOR_NOTE, "RANDOM_RANGE_RATIO=0.8 is off the track's 1");
	is(r, "settings", DOCTOR_OK, "ISL/OSL 1024/8192 at CONC 16");
	off[6].value = "320";
	off[7].value = "1.0";
	r = report();
	doctor_settings(scene(off), r, 0);
	assert_int_equal(r->n, 1);
}

static void what_is_wrong_with_the_settings_is_a_problem(void **state)
{
	(void)state;
	struct variable none[] = {{NULL, NULL}};
	struct doctor_scene *s = scene(none);
	struct doctor_report *r = report();
	snprintf(s->settings_wrong, sizeof s->settings_wrong, "ISL 5 is not a pair");
	doctor_settings(s, r, 0);
	is(r, "settings", DOCTOR_PROBLEM, "ISL 5");
	is(r, "settings", DOCTOR_NOTE, "PORT is not set: 8888 is taken");
}

static void a_proxy_is_named_but_never_its_value(void **state)
{
	(void)state;
	struct variable vars[] = {{"http_proxy", "http://user:hunter2@proxy:3128"}, {NULL, NULL}, {NULL, NULL}};
	struct doctor_scene *s = scene(vars);
	struct doctor_report *r = report();
	doctor_settings(s, r, 0);
	is(r, "proxy", DOCTOR_NOTE, "http_proxy is set; benchtop does not use it for this machine");
	assert_null(find(r, "proxy", "hunter2"));
	snprintf(s->settings.base_url, sizeof s->settings.base_url, "http://gpu7:8888");
	r = report();
	doctor_settings(s, r, 0);
	is(r, "proxy", DOCTOR_NOTE, "http://gpu7:8888 is another machine");
	vars[1] = (struct variable){"no_proxy", "gpu7"};
	r = report();
	doctor_settings(s, r, 0);
	is(r, "proxy", DOCTOR_OK, "http_proxy");
}

/* ---- board ---- */

static void boards_are_asked_only_when_somebody_may_post(void **state)
{
	(void)state;
	struct variable vars[] = {{"MODEL", "m"}, {NULL, NULL}, {NULL, NULL}};
	const char *boards[TRACK_PAIRS];
	struct doctor_report *r = report();
	struct doctor_scene *s = scene(vars);
	assert_int_equal(doctor_boards(s, boards, TRACK_PAIRS), 0);
	doctor_board(s, r, 0);
	is(r, "board", DOCTOR_OK, "no team is set");
	vars[1] = (struct variable){"TEAM_NAME_ENV", "us"};
	s = scene(vars);
	assert_int_equal(doctor_boards(s, boards, TRACK_PAIRS), 3);
	snprintf(s->track.pairs[1].board, sizeof s->track.pairs[1].board, "%s", s->track.pairs[0].board);
	assert_int_equal(doctor_boards(s, boards, TRACK_PAIRS), 2);
	vars[1] = (struct variable){"LB_URL_OVERRIDE", "http://127.0.0.1:9"};
	s = scene(vars);
	assert_int_equal(doctor_boards(s, boards, TRACK_PAIRS), 1);
	assert_string_equal(boards[0], "http://127.0.0.1:9");
}

/* ---- places ---- */

static int entries(const char *dir)
{
	int n = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void the_results_directory_is_tried_and_left_as_it_was(void **state)
{
	struct place *p = *state;
	struct variable none[] = {{NULL, NULL}};
	struct doctor_scene *s = scene(none);
	struct doctor_report *r = report();
	snprintf(s->settings.results_dir, sizeof s->settings.results_dir, "%s", p->dir);
	doctor_results(s, r, 0);
	assert_non_null(find(r, "results", "can be written"));
	assert_int_equal(doctor_count(r, DOCTOR_PROBLEM), 0);
	assert_int_equal(entries(p->dir), 0);

	snprintf(s->settings.results_dir, sizeof s->settings.results_dir, "%s/a/b", p->dir);
	r = report();
	doctor_results(s, r, 0);
	assert_non_null(find(r, "results", "will be made"));
	assert_int_equal(entries(p->dir), 0);

	put(p, "file", "x");
	snprintf(s->settings.results_dir, sizeof s->settings.results_dir, "%s/file/b", p->dir);
	r = report();
	doctor_results(s, r, 0);
	is(r, "results", DOCTOR_PROBLEM, "cannot be written");
	is(r, "results", DOCTOR_PROBLEM, "BENCHTOP_RESULTS");
	assert_int_equal(entries(p->dir), 1);
}

static void the_cache_is_looked_at_and_not_made(void **state)
{
	struct place *p = *state;
	struct variable vars[] = {{NULL, NULL}, {NULL, NULL}};
	struct doctor_report *r = report();
	doctor_cache(scene(vars), r, 0);
	is(r, "cache", DOCTOR_NOTE, "HOME and XDG_CACHE_HOME are not set");
	vars[0] = (struct variable){"HOME", p->dir};
	r = report();
	doctor_cache(scene(vars), r, 0);
	is(r, "cache", DOCTOR_OK, "/.cache/benchtop, made when");
	assert_int_equal(entries(p->dir), 0);
	put(p, "file", "x");
	char file[100];
	snprintf(file, sizeof file, "%s/file", p->dir);
	vars[0] = (struct variable){"XDG_CACHE_HOME", file};
	r = report();
	doctor_cache(scene(vars), r, 0);
	is(r, "cache", DOCTOR_NOTE, "cannot be written");
}

/* ---- machine ---- */

static void a_busy_slow_small_machine_is_noted(void **state)
{
	struct place *p = *state;
	struct variable none[] = {{NULL, NULL}};
	struct doctor_scene *s = scene(none);
	struct doctor_report *r = report();
	put(p, "loadavg", "9999.50 1.00 1.00 1/100 1\n");
	put(p, "meminfo", "MemTotal:  100 kB\nMemAvailable:     524288 kB\n");
	put(p, "devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
	put(p, "devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
	put(p, "fs/cgroup/cpu.max", "100000 100000\n");
	s->proc = s->sysfs = p->dir;
	doctor_machine(s, r, 0);
	is(r, "cpu", DOCTOR_OK, "container limit 1.0, governor powersave, load average 9999.5");
	is(r, "cpu", DOCTOR_NOTE, "the governor is powersave");
	is(r, "cpu", DOCTOR_NOTE, "other work delays the client");
	is(r, "cpu", DOCTOR_NOTE, "shares one CPU");
	is(r, "memory", DOCTOR_NOTE, "only 0.50 GiB");
	assert_non_null(find(r, "clock", "hpet"));
	put(p, "meminfo", "MemAvailable:     1024 kB\n");
	r = report();
	doctor_machine(s, r, 0);
	is(r, "memory", DOCTOR_PROBLEM, "only 0.00 GiB");
}

static void a_machine_that_tells_nothing_is_no_problem(void **state)
{
	struct place *p = *state;
	struct variable none[] = {{NULL, NULL}};
	struct doctor_scene *s = scene(none);
	struct doctor_report *r = report();
	s->proc = s->sysfs = p->dir;
	doctor_machine(s, r, 0);
	doctor_gpu(s, r, 0);
	assert_int_equal(doctor_count(r, DOCTOR_PROBLEM), 0);
	is(r, "gpu", DOCTOR_NOTE, "no AMD GPU");
	assert_null(find(r, "cpu", "load average"));
}

static void open_files_are_held_against_the_highest_conc(void **state)
{
	(void)state;
	struct variable vars[] = {{"CONC", "4096"}, {NULL, NULL}};
	struct variable none[] = {{NULL, NULL}};
	assert_int_equal(doctor_conc(scene(none)), 64);
	assert_int_equal(doctor_conc(scene(vars)), 4096);
}

/* ---- all of them ---- */

/* Takes connections, as its kernel does for it, and never says a word. */
static int listen_only(int *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void a_server_that_hangs_costs_its_own_topics_alone(void **state)
{
	struct place *p = *state;
	struct variable vars[] = {{"MODEL", "m"}, {"LB_URL_OVERRIDE", NULL}, {NULL, NULL}};
	struct doctor_report *r = report();
	struct err e = {0};
	char url[64];
	int port, fd = listen_only(&port);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	vars[1].value = url;
	struct doctor_scene *s = scene(vars);
	snprintf(s->settings.base_url, sizeof s->settings.base_url, "%s", url);
	snprintf(s->settings.results_dir, sizeof s->settings.results_dir, "%s", p->dir);
	snprintf(s->settings.corpus, sizeof s->settings.corpus, "%s/absent", p->dir);
	snprintf(s->secrets.hf_token, sizeof s->secrets.hf_token, "hf_of_the_user");
	s->sysfs = p->dir;
	assert_int_equal(doctor_run(s, 2500, r, &e), 0);
	is(r, "server", DOCTOR_PROBLEM, "gives no answer");
	is(r, "board", DOCTOR_PROBLEM, "gives no answer");
	is(r, "corpus", DOCTOR_PROBLEM, "absent");
	assert_non_null(find(r, "results", "can be written"));
	assert_non_null(find(r, "files", "open files"));
	is(r, "token", DOCTOR_OK, "HF_TOKEN is set");
	for (int i = 0; i < r->n; i++)
		assert_null(strstr(r->checks[i].text, "hf_of_the_user"));
	close(fd);
}

/* ---- terminal ---- */

static void the_terminal_is_judged_by_size_colours_and_characters(void **state)
{
	(void)state;
	struct variable vars[] = {{"TERM", "xterm"}, {"LC_ALL", "C"}, {"TMUX", "/tmp/x"}, {NULL, NULL}};
	const struct options o = {0};
	struct doctor_screen d = {.terminal = true, .rows = 36, .cols = 120, .colors = 256, .utf8 = true};
	struct doctor_report *r = report();
	doctor_terminal(&d, &o, from_table, vars, r);
	is(r, "terminal", DOCTOR_OK, "TERM=xterm, 120x36, 256 colours");
	is(r, "locale", DOCTOR_OK, "UTF-8");
	is(r, "session", DOCTOR_OK, "tmux");
	d = (struct doctor_screen){.terminal = true, .rows = 20, .cols = 70, .colors = 8};
	r = report();
	doctor_terminal(&d, &o, from_table, vars, r);
	is(r, "terminal", DOCTOR_NOTE, "70x20 is narrow");
	is(r, "terminal", DOCTOR_NOTE, "only 8 colours");
	is(r, "locale", DOCTOR_NOTE, "LC_ALL=C is no UTF-8");
	d.rows = 10;
	r = report();
	doctor_terminal(&d, &o, from_table, vars, r);
	is(r, "terminal", DOCTOR_PROBLEM, "70x10 is too small");
	d = (struct doctor_screen){.wrong = "TERM is not set"};
	r = report();
	doctor_terminal(&d, &o, from_table, vars, r);
	is(r, "terminal", DOCTOR_NOTE, "TERM is not set"); /* acc, perf and submit do without */
	assert_int_equal(doctor_count(r, DOCTOR_PROBLEM), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_summary_names_the_problems_once),
	        cmocka_unit_test(a_text_from_outside_is_cleaned_and_the_report_bounded),
	        cmocka_unit_test(prompts_off_the_rule_are_noted_with_the_rule),
	        cmocka_unit_test(what_is_wrong_with_the_settings_is_a_problem),
	        cmocka_unit_test(a_proxy_is_named_but_never_its_value),
	        cmocka_unit_test(boards_are_asked_only_when_somebody_may_post),
	        cmocka_unit_test_setup_teardown(
	                the_results_directory_is_tried_and_left_as_it_was, place_open, place_close),
	        cmocka_unit_test_setup_teardown(the_cache_is_looked_at_and_not_made, place_open, place_close),
	        cmocka_unit_test_setup_teardown(a_busy_slow_small_machine_is_noted, place_open, place_close),
	        cmocka_unit_test_setup_teardown(a_machine_that_tells_nothing_is_no_problem, place_open, place_close),
	        cmocka_unit_test(open_files_are_held_against_the_highest_conc),
	        cmocka_unit_test_setup_teardown(
	                a_server_that_hangs_costs_its_own_topics_alone, place_open, place_close),
	        cmocka_unit_test(the_terminal_is_judged_by_size_colours_and_characters),
	};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
