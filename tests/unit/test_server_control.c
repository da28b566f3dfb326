/* A start as its log tells it, its durations, why it died, and what a start exports. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/server/control.h"
#include "../../engine/server/startup.h"
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

static char cache[64];

static int make_cache(void **state)
{
	(void)state;
	snprintf(cache, sizeof cache, "/tmp/benchtop-cache-XXXXXX");
	return mkdtemp(cache) && setenv("XDG_CACHE_HOME", cache, 1) == 0 ? 0 : -1;
}

static int drop_cache(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", cache, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return 0;
}

/* A line, when it comes, and what is told then. */
struct said {
	double at_s;
	const char *line, *words;
	enum startup_step step;
};

static const struct said usual[] = {
        {1, "+ python3 -m sglang.launch_server --port=8888", "importing", STEP_IMPORTS},
        {2, "[aiter] import [module_aiter_enum] under /workspace/aiter/aiter/jit/module_aiter_enum.so", "importing",
                STEP_IMPORTS},
        {10, "[2025-11-20 10:02:26 TP0] Init torch distributed begin.", "connecting the ranks", STEP_RANKS},
        {11, "[aiter] start build [module_custom_all_reduce] under /x/build/module_custom_all_reduce",
                "connecting the ranks; building module_custom_all_reduce", STEP_RANKS},
        {12, "INFO:aiter:start build [module_custom_all_reduce] under /x/build/module_custom_all_reduce",
                "connecting the ranks; building module_custom_all_reduce", STEP_RANKS},
        {13, "[2025-11-20 10:02:41 TP3] waiting for baton release at /x/lock_module_custom_all_reduce",
                "connecting the ranks; building module_custom_all_reduce", STEP_RANKS},
        {14, "[aiter] start build [module_moe_sorting] under /x/build/module_moe_sorting",
                "connecting the ranks; building module_custom_all_reduce and 1 more", STEP_RANKS},
        {49, "[aiter] finish build [module_custom_all_reduce], cost 38.4s ",
                "connecting the ranks; building module_moe_sorting (1 built)", STEP_RANKS},
        {50, "[aiter] finish build [module_moe_sorting], cost 41.20713325s", "connecting the ranks", STEP_RANKS},
        {55, "[2025-11-20 10:03:23 TP0] Load weight begin. avail mem=282.61 GB", "loading weights", STEP_WEIGHTS},
        {56, "Loading safetensors checkpoint shards:   0% Completed | 0/82 [00:00<?, ?it/s]", "loading weights 0/82",
                STEP_WEIGHTS},
        {100, "Multi-thread loading shards:  49% Completed | 40/82 [01:01<01:04,  1.53s/it]", "loading weights 40/82",
                STEP_WEIGHTS},
        {101, "[2025-11-20 10:03:23 TP0] Init torch distributed begin.", "loading weights 40/82", STEP_WEIGHTS},
        {150, "[2025-11-20 10:05:41 TP0] Load weight end. type=DeepseekV3ForCausalLM", "allocating the KV pool",
                STEP_POOL},
        {155, "[2025-11-20 10:05:45 TP0] Capture cuda graph begin. This can take up to several minutes.",
                "capturing graphs", STEP_GRAPHS},
        {156, "  0%|          | 0/20 [00:00<?, ?it/s]", "capturing graphs", STEP_GRAPHS},
        {170, "Capturing batches (bs=120 avail_mem=82.77 GB):   5%|\u258c         | 1/20 [00:31<09:58, 31.52s/it]",
                "capturing graphs 1/20", STEP_GRAPHS},
        {240, "[2025-11-20 10:07:22 TP0] Capture cuda graph end. Time elapsed: 96.71 s.", "HTTP is coming up",
                STEP_HTTP},
        {242, "[2025-11-20 10:07:23] INFO:     Application startup complete.", "warming up", STEP_WARMUP},
        {243, "[2025-11-20 10:07:23] INFO:     Uvicorn running on http://0.0.0.0:8888 (Press CTRL+C to quit)",
                "warming up", STEP_WARMUP},
        {290, "[2025-11-20 10:08:10] The server is fired up and ready to roll!", "fired up, /health is asked",
                STEP_READY},
};
#define USUAL (sizeof usual / sizeof usual[0])

static void a_start_step_by_step(void **state)
{
	(void)state;
	struct startup s;
	char words[240];
	double last = 0;
	startup_init(&s, NULL);
	for (size_t i = 0; i < USUAL; i++) {
		startup_line(&s, usual[i].line, usual[i].at_s);
		startup_words(&s, words, sizeof words);
		/* "(1 built)" is told only while something is being built */
		if (strncmp(words, usual[i].words, strlen(usual[i].words)) != 0 || s.step != usual[i].step)
			fail_msg("%s: \"%s\" %s", usual[i].line, words, startup_step_word(s.step));
		double p = startup_progress(&s, usual[i].at_s);
		assert_true(p >= last && p <= 1);
		assert_true((p == 1) == (s.step == STEP_READY));
		if (s.step != STEP_READY)
			assert_true(isnan(startup_eta(&s, usual[i].at_s)));
		last = p;
	}
	assert_true(isnan(startup_step_last_s(&s)));
	assert_int_equal(s.n_built, 2);
	assert_true(s.entered_s[STEP_WEIGHTS] == 55 && s.entered_s[STEP_READY] == 290);
	assert_false(startup_line(&s, usual[9].line, 300)); /* what comes later is no start */
}

static void the_last_start_gives_the_time(void **state)
{
	(void)state;
	struct startup s;
	struct startup_history h;
	struct err e = {0};
	const char *model = "amd/Deep Seek";
	startup_history_load(&h, model);
	assert_false(h.have);
	startup_init(&s, &h);
	assert_int_equal(startup_history_save(&s, model, &e), 0); /* not ready: nothing is kept */
	startup_history_load(&h, model);
	assert_false(h.have);
	for (size_t i = 0; i < USUAL; i++)
		startup_line(&s, usual[i].line, usual[i].at_s);
	assert_int_equal(startup_history_save(&s, model, &e), 0);
	char path[200];
	snprintf(path, sizeof path, "%s/benchtop/start-amd_Deep_Seek.json", cache);
	assert_true(file_exists(path));
	startup_history_load(&h, model);
	assert_true(h.have);
	assert_true(h.step_s[STEP_IMPORTS] == 10 && h.step_s[STEP_RANKS] == 45 && h.step_s[STEP_WEIGHTS] == 95);
	assert_true(h.step_s[STEP_POOL] == 5 && h.step_s[STEP_GRAPHS] == 85 && h.step_s[STEP_WARMUP] == 48);
	/* the same start again: on time everywhere but within the bars, whose own pace counts */
	startup_init(&s, &h);
	assert_true(startup_eta(&s, 0) == 290);
	assert_true(startup_eta(&s, 4) == 286);
	assert_true(fabs(startup_progress(&s, 5) - 5.0 / 290) < 1e-9);
	for (size_t i = 0; i < 10; i++)
		startup_line(&s, usual[i].line, usual[i].at_s);
	assert_true(startup_eta(&s, 55) == 235);
	assert_true(startup_step_s(&s, 71) == 16 && startup_step_last_s(&s) == 95);
	startup_line(&s, "Loading safetensors checkpoint shards:   0% Completed | 0/82 [00:00<?, ?it/s]", 60);
	startup_line(&s, "Loading safetensors checkpoint shards:  50% Completed | 41/82 [00:00<?, ?it/s]", 160);
	assert_true(startup_eta(&s, 160) == 100 + 140);
	assert_true(fabs(startup_progress(&s, 160) - (55 + 47.5) / 290) < 1e-9);
	/* overdue: never below zero, never ready */
	startup_line(&s, usual[18].line, 1000);
	assert_true(startup_eta(&s, 5000) == 0);
	assert_true(startup_progress(&s, 5000) < 1);
	startup_ready(&s, 5001);
	assert_true(startup_progress(&s, 5001) == 1 && startup_eta(&s, 5001) == 0);
	/* a spoilt file is no history */
	assert_int_equal(file_write_atomic(path, "{\"steps_s\": {\"imports\": -5}}", 28, &e), 0);
	startup_history_load(&h, model);
	assert_false(h.have);
	assert_int_equal(file_write_atomic(path, "[[[", 3, &e), 0);
	startup_history_load(&h, model);
	assert_false(h.have);
}

static void died_of(const char *const *lines, const char *want)
{
	struct death d = {0};
	char words[500], path[] = "/tmp/benchtop-death-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	assert_non_null(f);
	for (; *lines; lines++) {
		death_line(&d, *lines);
		fprintf(f, "%s\n", *lines);
	}
	assert_int_equal(fclose(f), 0);
	assert_string_equal(death_words(&d, words, sizeof words), want);
	assert_true(death_of_log(path, words, sizeof words));
	if (want[0])
		assert_string_equal(words, want);
	unlink(path);
}

static void why_it_died(void **state)
{
	(void)state;
	died_of(
	        (const char *const[]){
	                "[2025-11-20 10:31:00 TP2] Scheduler hit an exception: Traceback (most recent call last):",
	                "  File \"scheduler.py\", line 2619, in run_scheduler_process",
	                "    scheduler.event_loop_overlap()",
	                "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 3.07 GiB.", "",
	                "[2025-11-20 10:31:00] Received sigquit from a child process. It usually means the child failed.",
	                "[2025-11-20 10:31:10] Rank 3 scheduler is dead. Please check if there are relevant logs.",
	                NULL},
	        "TP2: Scheduler hit an exception: torch.OutOfMemoryError: HIP out of memory. Tried to allocate 3.07 GiB.");
	died_of((const char *const[]){"Traceback (most recent call last):", "  File \"<frozen runpy>\", line 198",
	                "ModuleNotFoundError: No module named 'sglang'", NULL},
	        "ModuleNotFoundError: No module named 'sglang'");
	died_of(
	        (const char *const[]){
	                "[2025-11-20 10:32:00] ERROR:    [Errno 98] error while attempting to bind on address "
	                "('0.0.0.0', 8888): address already in use",
	                NULL},
	        "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8888): address already in use");
	died_of(
	        (const char *const[]){
	                "Memory access fault by GPU node-4 (Agent handle: 0x7f2a1c0) on address 0x7e41c2000000.", NULL},
	        "Memory access fault by GPU node-4 (Agent handle: 0x7f2a1c0) on address 0x7e41c2000000.");
	died_of((const char *const[]){"launch_sglang_server.sh: line 9: python3: command not found", NULL}, "");
	char words[100];
	assert_false(death_of_log("/nonexistent/log", words, sizeof words));
}

static void variables(void **state)
{
	(void)state;
	static struct settings s;
	static struct plan plan;
	char v[8][576];
	snprintf(s.model, sizeof s.model, "a/b");
	snprintf(s.base_url, sizeof s.base_url, "http://127.0.0.1:1234");
	s.tp = 4;
	struct control c = {.settings = &s};
	assert_int_equal(control_variables(&c, "/tmp/x.log", v), 4);
	assert_string_equal(v[0], "MODEL=a/b");
	assert_string_equal(v[1], "PORT=1234");
	assert_string_equal(v[2], "TP=4");
	assert_string_equal(v[3], "SERVER_LOG=/tmp/x.log");
	c.plan = &plan;
	plan.n_cells = 2;
	plan.cells[0] = (struct plan_cell){.isl = 8192, .osl = 1024, .conc = 64};
	plan.cells[1] = (struct plan_cell){.isl = 8192, .osl = 1024, .conc = 32};
	assert_int_equal(control_variables(&c, "l", v), 7);
	assert_string_equal(v[3], "ISL=8192");
	assert_string_equal(v[4], "OSL=1024");
	assert_string_equal(v[5], "CONC=32"); /* fits every row */
	c.row = &plan.cells[0];               /* started for this row alone */
	assert_int_equal(control_variables(&c, "l", v), 7);
	assert_string_equal(v[5], "CONC=64");
	c.row = NULL;
	plan.cells[1].isl = 1024;
	assert_int_equal(control_variables(&c, "l", v), 4); /* more than one pair: as the environment has it */
}

/* The script is a file of the working directory, by the track's name for it. */
static void the_script(void **state)
{
	(void)state;
	static struct settings s;
	static struct track t;
	struct err e = {0};
	struct control c = {.settings = &s};
	snprintf(s.model, sizeof s.model, "a/b");
	assert_int_equal(control_can_start(&c, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "there is no launch_sglang_server.sh in the working directory"));
	c.track = &t;
	assert_int_equal(control_can_start(&c, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "no launch_sglang_server.sh"));
	snprintf(t.launch_script, sizeof t.launch_script, "launch_other_server.sh");
	assert_int_equal(control_can_start(&c, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "no launch_other_server.sh"));
	snprintf(s.server_script, sizeof s.server_script, "/nonexistent/mine.sh");
	assert_int_equal(control_can_start(&c, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "/nonexistent/mine.sh cannot be read"));
}

static void ports(void **state)
{
	(void)state;
	assert_int_equal(instance_port("http://127.0.0.1:8888"), 8888);
	assert_int_equal(instance_port("http://localhost:80/"), 80);
	assert_int_equal(instance_port("http://localhost"), 80);
	assert_int_equal(instance_port("http://[::1]:9"), 9);
	assert_int_equal(instance_port("http://0.0.0.0:9"), 9);
	assert_int_equal(instance_port("http://10.0.0.1:8888"), 0);
	assert_int_equal(instance_port("http://example.org:8888"), 0);
	assert_int_equal(instance_port(""), 0);
}

static void the_record(void **state)
{
	(void)state;
	struct server_record r = {.pid = 4711, .ticks = 99, .wall_ns = INT64_C(1764082800007000001), .port = 4}, got;
	struct instance i;
	assert_false(server_record_load(4, &got));
	snprintf(r.log, sizeof r.log, "/tmp/sglang-server-abc.log");
	snprintf(r.model, sizeof r.model, "a/b");
	assert_int_equal(server_record_save(&r, NULL), 0);
	assert_true(server_record_load(4, &got));
	assert_true(got.pid == 4711 && got.ticks == 99 && got.wall_ns == r.wall_ns && got.port == 4);
	assert_string_equal(got.log, r.log);
	assert_string_equal(got.model, r.model);
	/* a record whose process is gone says nothing */
	r.pid = 0x7ffffff0;
	assert_int_equal(server_record_save(&r, NULL), 0);
	instance_find(NULL, "http://127.0.0.1:4", &i);
	assert_int_equal(i.state, INSTANCE_NONE);
	assert_false(instance_alive(NULL, &i));
	server_record_remove(4);
	assert_false(server_record_load(4, &got));
	instance_find(NULL, "http://10.0.0.1:4", &i);
	assert_int_equal(i.state, INSTANCE_REMOTE);
}

/* A container that is started again counts its pids from the beginning: the number of a record can be that of the user's own
 * shell, and a stop must not take that for the server. */
static void a_record_of_other_pids(void **state)
{
	(void)state;
	struct server_record r = {.port = 4, .wall_ns = 1}, got;
	struct instance i;
	struct process p;
	int ready[2];
	char c;
	assert_int_equal(pipe(ready), 0);
	pid_t shell = fork();
	if (shell == 0) { /* a session, with a child in it */
		setsid();
		if (fork() > 0 && write(ready[1], "", 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(process_read(NULL, shell, &p, NULL), 0);
	r.pid = shell;
	r.ticks = p.ticks;
	assert_int_equal(server_record_save(&r, NULL), 0);
	instance_find(NULL, "http://127.0.0.1:4", &i);
	assert_true(i.state == INSTANCE_STARTING && i.ours); /* as recorded: it is the launcher */
	r.ticks = p.ticks - 1;
	assert_int_equal(server_record_save(&r, NULL), 0);
	instance_find(NULL, "http://127.0.0.1:4", &i);
	int state_of_other = (int)i.state;
	/* the same number and start, but counted elsewhere */
	r.ticks = p.ticks;
	assert_int_equal(server_record_save(&r, NULL), 0);
	char path[200], *at;
	struct buf b;
	snprintf(path, sizeof path, "%s/benchtop/server-4.json", cache);
	buf_init(&b, 65536);
	assert_int_equal(file_read(path, &b, NULL), 0);
	at = strstr(buf_text(&b), "\"pid_space\": \"");
	bool told = at != NULL;
	if (told)
		at[strlen("\"pid_space\": \"")] ^= 1;
	assert_int_equal(file_write_atomic(path, b.data, b.len, NULL), 0);
	buf_free(&b);
	bool loaded = server_record_load(4, &got);
	kill(-shell, SIGKILL);
	waitpid(shell, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	server_record_remove(4);
	assert_int_equal(state_of_other, INSTANCE_NONE);
	assert_true(told);
	assert_false(loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_start_step_by_step),
	        cmocka_unit_test_setup_teardown(the_last_start_gives_the_time, make_cache, drop_cache),
	        cmocka_unit_test(why_it_died),
	        cmocka_unit_test(variables),
	        cmocka_unit_test(the_script),
	        cmocka_unit_test(ports),
	        cmocka_unit_test_setup_teardown(the_record, make_cache, drop_cache),
	        cmocka_unit_test_setup_teardown(a_record_of_other_pids, make_cache, drop_cache),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
