/* Who listens and where its output goes, on a /proc made of files and links. */
#include "../../engine/base/file.h"
#include "../../engine/server/process.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

static char root[64];

static void put(const char *name, const char *data, size_t len)
{
	char path[400], dir[400];
	snprintf(path, sizeof path, "%s/%s", root, name);
	snprintf(dir, sizeof dir, "%s", path);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(file_mkdirs(dir, NULL), 0);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fwrite(data, 1, len, f);
	assert_int_equal(fclose(f), 0);
}

static void puts_to(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

/* args: '|' between. */
static void process(int pid, int ppid, int sid, long ticks, const char *comm, const char *args)
{
	char name[64], text[600];
	snprintf(name, sizeof name, "%d/stat", pid);
	snprintf(text, sizeof text,
	        "%d (%s) S %d %d %d 0 -1 4194304 1 0 0 0 1 1 0 0 20 0 9 0 %ld 1 1 18446744073709551615 1 1 0\n", pid,
	        comm, ppid, sid, sid, ticks);
	puts_to(name, text);
	snprintf(name, sizeof name, "%d/cmdline", pid);
	snprintf(text, sizeof text, "%s|", args);
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if (text[i] == '|')
			text[i] = '\0';
	put(name, text, args[0] ? len : 0);
}

static void fd(int pid, int n, const char *link, int flags)
{
	char path[400], name[64], text[64];
	snprintf(path, sizeof path, "%s/%d/fd", root, pid);
	assert_int_equal(file_mkdirs(path, NULL), 0);
	snprintf(path, sizeof path, "%s/%d/fd/%d", root, pid, n);
	unlink(path);
	assert_int_equal(symlink(link, path), 0);
	snprintf(name, sizeof name, "%d/fdinfo/%d", pid, n);
	snprintf(text, sizeof text, "pos:\t0\nflags:\t0%o\nmnt_id:\t15\n", (unsigned)flags);
	puts_to(name, text);
}

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof root, "/tmp/benchtop-proc-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	puts_to("stat", "cpu  1 2 3\nintr 12345 0 0\nctxt 1\nbtime 1764000000\nprocesses 7\n");
	puts_to("net/tcp", HEAD);
	puts_to("net/tcp6", HEAD);
	return 0;
}

static int drop_root(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", root, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return 0;
}

static void listening(const char *table, int port, int uid, int inode)
{
	char text[500];
	snprintf(text, sizeof text,
	        HEAD
	        "   0: 0100007F:1F90 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 77 1 0\n"
	        "   1: 00000000:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000  %4d        0 %d 1 0 100\n",
	        port, uid, inode);
	puts_to(table, text);
}

static void who_listens(void **state)
{
	(void)state;
	struct process p;
	long uid;
	char words[300];
	assert_int_equal(process_listener(root, 8888, &p, &uid), PORT_FREE);
	assert_int_equal(uid, -1);
	/* a held port without a process that can be seen */
	listening("net/tcp", 8888, 1000, 4242);
	process(10, 1, 10, 500, "bash", "bash|launch_sglang_server.sh");
	process(12, 10, 10, 600, "python3 (x) y",
	        "python3|-m|sglang.launch_server|--port=8888|--api-key|s3cret|--model=hf_x");
	fd(10, 2, "pipe:[9]", 1);
	assert_int_equal(process_listener(root, 8888, &p, &uid), PORT_OUTSIDE);
	assert_int_equal(uid, 1000);
	assert_int_equal(p.pid, 0);
	/* the listener and its child both hold the socket: the parent it is */
	fd(12, 7, "socket:[4242]", 2);
	process(11, 12, 10, 700, "worker", "");
	fd(11, 7, "socket:[4242]", 2);
	assert_int_equal(process_listener(root, 8888, &p, &uid), PORT_HELD);
	assert_int_equal(p.pid, 12);
	assert_int_equal(p.ppid, 10);
	assert_int_equal(p.sid, 10);
	assert_int_equal(p.ticks, 600);
	assert_string_equal(p.name, "python3 (x) y");
	assert_string_equal(p.command, "python3 -m sglang.launch_server --port=8888 --api-key *** --model=hf_x");
	assert_int_equal(p.start_wall_ns, (INT64_C(1764000000) * 100 + 600) * 10000000);
	assert_non_null(strstr(process_words(&p, words, sizeof words), "pid 12 (python3 -m sglang.launch_server"));
	assert_non_null(strstr(words, ", since 2025-11-24"));
	assert_int_equal(process_listener(root, 8889, &p, NULL), PORT_FREE);
	assert_int_equal(process_listener(root, 8080, &p, NULL), PORT_FREE); /* connected, not listening */
	/* by v6 alone */
	puts_to("net/tcp", HEAD);
	puts_to("net/tcp6", HEAD "   0: 00000000000000000000000000000000:22B8 00000000000000000000000000000000:0000 0A "
	                         "00000000:00000000 00:00000000 00000000     0        0 4242 1 0\n");
	assert_int_equal(process_listener(root, 8888, &p, NULL), PORT_HELD);
	assert_int_equal(p.pid, 12);
	assert_true(process_is_server(root, &p));
	assert_int_equal(process_read(root, 11, &p, NULL), 0);
	assert_string_equal(p.command, "worker"); /* no arguments: its name */
	assert_true(process_is_server(root, &p)); /* by its parents */
	process(20, 1, 20, 1, "nginx", "nginx: master");
	assert_int_equal(process_read(root, 20, &p, NULL), 0);
	assert_false(process_is_server(root, &p));
	assert_true(process_alive(root, 12, 600));
	assert_false(process_alive(root, 12, 601));
	assert_false(process_alive(root, 13, 600));
	puts_to("13/stat", "13 (gone) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 600 0 0\n");
	assert_false(process_alive(root, 13, 600));
	puts_to("14/stat", "14 (torn");
	assert_int_equal(process_read(root, 14, &p, NULL), ERR_IO);
}

/* What is no server is never stopped for one: not for a path, nor for the name of the session it runs in. */
static void who_is_a_server(void **state)
{
	(void)state;
	static const struct {
		const char *args;
		bool yes;
	} table[] = {
	        {"python3|-m|sglang.launch_server|--port=8888", true},
	        {"python3|-u|/sgl-workspace/sglang/python/sglang/launch_server.py", true},
	        {"/usr/bin/python3.12|/usr/local/bin/vllm|serve|m", true},
	        {"numactl|-N|0|python3|-m|sglang.launch_server", true},
	        {"sglang::http_server", true},
	        {"VLLM::EngineCore", true},
	        {"/opt/bin/benchtop-sim|--port|1", true},
	        {"bash|launch_sglang_server.sh", true},
	        {"bash|-c|cd /x && python3 -m sglang.launch_server", true},
	        {"python3|-m|atom.entrypoints.openai_server", true},
	        {"/usr/bin/python3|/usr/local/bin/jupyter-lab|--notebook-dir=/sgl-workspace/sglang", false},
	        {"python3|-m|http.server|--directory|/sgl-workspace/sglang", false},
	        {"/sgl-workspace/sglang/tools/proxy|--port|8888", false},
	        {"tmux|new|-s|sglang", false},
	        {"tmux|new|-d|python3 -m sglang.launch_server", false},
	        {"sshd: sglang@pts/0", false},
	        {"vi|sglang.py", false},
	        {"-bash", false},
	        {"s", false},
	};
	struct process p;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		process(30, 1, 30, 5, "x", table[i].args);
		assert_int_equal(process_read(root, 30, &p, NULL), 0);
		if (process_is_server(root, &p) != table[i].yes)
			fail_msg("%s", table[i].args);
	}
	/* nor below a session of that name */
	process(40, 1, 40, 5, "tmux: server", "tmux|new|-s|sglang");
	process(41, 40, 41, 6, "bash", "-bash");
	process(42, 41, 41, 7, "jupyter", "python3|/usr/bin/jupyter|lab|--port=8888");
	assert_int_equal(process_read(root, 42, &p, NULL), 0);
	assert_false(process_is_server(root, &p));
}

static void who_is_about_to(void **state)
{
	(void)state;
	struct process p;
	process(10, 1, 10, 500, "bash", "bash|-c|python3 -m sglang.launch_server --port 8888");
	process(12, 10, 10, 600, "python3", "python3|-m|sglang.launch_server|--port|8888");
	process(13, 1, 13, 400, "python3", "python3|-m|sglang.launch_server|--port=9999");
	process(14, 1, 14, 300, "grep", "grep|--port=8888");
	process(15, 1, 15, 900, "vllm", "/usr/bin/python3|/usr/bin/vllm|serve|m|--port|7777");
	assert_true(process_starting(root, 8888, &p));
	assert_int_equal(p.pid, 12);
	assert_true(process_starting(root, 7777, &p));
	assert_int_equal(p.pid, 15);
	assert_false(process_starting(root, 1234, &p));
}

static void family(void **state)
{
	(void)state;
	struct process f[8];
	process(100, 1, 100, 1, "bash", "bash|x");
	process(105, 100, 100, 2, "python3", "python3");
	process(103, 105, 100, 3, "rank", "");
	process(90, 103, 90, 4, "hipcc", ""); /* a smaller number, a session of its own */
	process(200, 1, 100, 5, "orphan", "");
	process(300, 1, 300, 6, "other", "");
	assert_int_equal(process_family(root, 105, 0, f, 8), 3);
	assert_int_equal(f[0].pid, 105);
	assert_int_equal(process_family(root, 105, 100, f, 8), 5);
	assert_int_equal(process_family(root, 0, 100, f, 8), 5);
	assert_int_equal(process_family(root, 105, 100, f, 2), 2);
	assert_int_equal(process_family(root, 1000, 0, f, 8), 0);
}

/* pgid 4th, sid 5th field of stat. */
static void grouped(int pid, int ppid, int pgid, int sid, const char *args)
{
	char name[64], text[300];
	process(pid, ppid, sid, pid, "x", args);
	snprintf(name, sizeof name, "%d/stat", pid);
	snprintf(text, sizeof text, "%d (x) S %d %d %d 34816 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0\n", pid, ppid, pgid,
	        sid, pid);
	puts_to(name, text);
}

static pid_t own_group_of(int pid)
{
	struct process p;
	assert_int_equal(process_read(root, pid, &p, NULL), 0);
	return process_own_group(root, &p);
}

static void whose_group_it_is(void **state)
{
	(void)state;
	struct process m[8];
	/* a job of an interactive shell: the launch script leads it */
	grouped(50, 1, 50, 50, "-bash");
	grouped(60, 50, 60, 50, "bash|launch_sglang_server.sh");
	grouped(61, 60, 60, 50, "python3|-m|sglang.launch_server|--port=8888");
	grouped(62, 1, 60, 50, "hipcc"); /* its parent has died */
	grouped(63, 50, 63, 50, "vi");
	assert_int_equal(own_group_of(61), 60);
	assert_int_equal(process_group(root, 60, m, 8), 3);
	assert_int_equal(process_group(root, 60, m, 2), 2);
	assert_int_equal(process_group(root, 0, m, 8), 0);
	/* it leads its own */
	grouped(70, 1, 70, 70, "python3|-m|sglang.launch_server|--port=8889");
	assert_int_equal(own_group_of(70), 70);
	/* a shell without job control: its group is also that of all else it starts */
	grouped(80, 1, 80, 80, "sh|/root/work.sh");
	grouped(81, 80, 80, 80, "python3|-m|sglang.launch_server|--port=8890");
	grouped(82, 80, 80, 80, "python3|-m|train");
	assert_int_equal(own_group_of(81), 0);
	/* the leader has ended: nobody knows whose it was */
	grouped(91, 1, 90, 90, "python3|-m|sglang.launch_server|--port=8891");
	assert_int_equal(own_group_of(91), 0);
}

static const char *log_file(const char *name)
{
	static char path[4][200];
	static int n;
	char *p = path[n++ % 4];
	puts_to(name, "text\n");
	snprintf(p, sizeof path[0], "%s/%s", root, name);
	return p;
}

static void where_its_log_is(void **state)
{
	(void)state;
	struct process_log l;
	const char *direct = log_file("logs/direct.log"), *kept = log_file("logs/kept.log"),
	           *errors = log_file("logs/err");
	process(12, 1, 12, 600, "python3", "python3");
	process_log(root, 12, &l);
	assert_int_equal(l.kind, LOG_UNKNOWN);
	assert_true(l.words[0]);
	fd(12, 1, "/dev/pts/3", 2);
	fd(12, 2, direct, 02001);
	process_log(root, 12, &l);
	assert_int_equal(l.kind, LOG_FILE);
	assert_string_equal(l.path, direct);
	assert_string_equal(l.words, "");
	/* stdout alone in a file */
	fd(12, 1, direct, 1);
	fd(12, 2, "/dev/null", 1);
	process_log(root, 12, &l);
	assert_string_equal(l.path, direct);
	fd(12, 1, "/dev/null", 1);
	process_log(root, 12, &l);
	assert_int_equal(l.kind, LOG_NOWHERE);
	fd(12, 2, "/dev/pts/3", 2);
	process_log(root, 12, &l);
	assert_int_equal(l.kind, LOG_TERMINAL);
	assert_non_null(strstr(l.words, "restart it from benchtop"));
	/* each stream in a file of its own */
	fd(12, 1, kept, 1);
	fd(12, 2, direct, 1);
	process_log(root, 12, &l);
	assert_string_equal(l.path, direct);
	assert_string_equal(l.other, kept);
	fd(12, 1, direct, 1);
	process_log(root, 12, &l);
	assert_string_equal(l.other, "");
	/* a pipe nobody here reads, then one with tee behind it, then one with a filter between */
	fd(12, 1, "pipe:[50]", 1);
	fd(12, 2, "pipe:[50]", 1);
	process(13, 12, 12, 700, "rank", "");
	fd(13, 2, "pipe:[50]", 1); /* another writer */
	process_log(root, 12, &l);
	assert_int_equal(l.kind, LOG_PIPE);
	process(14, 1, 12, 610, "tee", "tee|logs/kept.log");
	fd(14, 0, "pipe:[50]", 0);
	fd(14, 1, "/dev/pts/3", 2);
	fd(14, 2, errors, 1);
	fd(14, 3, kept, 1);
	fd(14, 4, errors, 0); /* only read */
	process_log(root, 12, &l);
	assert_int_equal(l.kind, LOG_FILE);
	assert_string_equal(l.path, kept);
	process(15, 1, 12, 611, "ts", "ts");
	fd(15, 0, "pipe:[50]", 0);
	fd(15, 1, "pipe:[51]", 1);
	fd(15, 2, errors, 1);
	fd(14, 0, "pipe:[51]", 0);
	process_log(root, 12, &l);
	assert_string_equal(l.path, kept);
	fd(14, 3, direct, 1); /* not what it was told by name, but all that it keeps */
	process_log(root, 12, &l);
	assert_string_equal(l.path, direct);
	/* a pipe that leads to itself ends */
	fd(15, 1, "pipe:[50]", 1);
	process_log(root, 12, &l);
	assert_int_equal(l.kind, LOG_PIPE);
	/* a file that was removed, and one in another mount namespace */
	char gone[300], want[300];
	snprintf(gone, sizeof gone, "%s (deleted)", direct);
	puts_to("logs/direct.log (deleted)", "");
	fd(12, 2, gone, 1);
	process_log(root, 12, &l);
	snprintf(want, sizeof want, "%s/12/fd/2", root);
	assert_string_equal(l.path, want);
}

static void the_real_one(void **state)
{
	(void)state;
	struct process p;
	assert_int_equal(process_read(NULL, getpid(), &p, NULL), 0);
	assert_int_equal(p.pid, getpid());
	assert_int_equal(p.ppid, getppid());
	assert_true(process_alive(NULL, p.pid, p.ticks));
	assert_non_null(strstr(p.command, "test_server_process"));
	assert_int_equal(process_read(NULL, 0x7ffffff0, &p, NULL), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(who_listens, make_root, drop_root),
	        cmocka_unit_test_setup_teardown(who_is_a_server, make_root, drop_root),
	        cmocka_unit_test_setup_teardown(who_is_about_to, make_root, drop_root),
	        cmocka_unit_test_setup_teardown(family, make_root, drop_root),
	        cmocka_unit_test_setup_teardown(whose_group_it_is, make_root, drop_root),
	        cmocka_unit_test_setup_teardown(where_its_log_is, make_root, drop_root),
	        cmocka_unit_test(the_real_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
