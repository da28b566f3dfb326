/* Files are whole or not there; a measured file is never overwritten; a lock says who is alive. */
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[256];

static const char *in_dir(const char *name)
{
	static char path[4][600];
	static int next;
	char *p = path[next++ % 4];
	assert_true(path_join(p, sizeof path[0], dir, name));
	return p;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int make_dir(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof dir, "%s/benchtop-test-XXXXXX", tmp && tmp[0] && strlen(tmp) < 200 ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int count_files(void)
{
	int n = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *de = readdir(d); de; de = readdir(d))
		n += de->d_name[0] != '.';
	closedir(d);
	return n;
}

static void content_is(const char *path, const char *want)
{
	struct buf b;
	struct err e = {0};
	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(path, &b, &e), 0);
	assert_string_equal(buf_text(&b), want);
	buf_free(&b);
}

static void a_file_is_written_whole(void **state)
{
	(void)state;
	struct err e = {0};
	const char *path = in_dir("a.json");
	assert_int_equal(file_write_atomic(path, "one", 3, &e), 0);
	assert_int_equal(file_write_atomic(path, "two", 3, &e), 0);
	content_is(path, "two");
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(count_files(), 1);
}

/* The disk is full: a limit on the size of files answers in the same place. */
static void a_full_disk_leaves_the_old_file(void **state)
{
	(void)state;
	const char *path = in_dir("a.json");
	assert_int_equal(file_write_atomic(path, "old", 3, NULL), 0);
	int before = count_files();
	struct rlimit was, small;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	char big[4000] = "";
	struct err e = {0};
	int rc = file_write_atomic(path, big, sizeof big, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(rc, ERR_IO);
	assert_non_null(strstr(e.text, "cannot write"));
	assert_non_null(strstr(e.text, "File too large"));
	content_is(path, "old");
	assert_int_equal(count_files(), before);
	assert_int_equal(file_write_atomic(in_dir("no/such/x"), "x", 1, &e), ERR_IO);
	assert_int_equal(file_write_atomic(dir, "x", 1, &e), ERR_IO); /* a directory is in the way */
	assert_int_equal(count_files(), before);
}

static void an_old_result_is_kept(void **state)
{
	(void)state;
	char kept[600];
	struct err e = {0};
	const char *path = in_dir("r.json");
	assert_int_equal(file_keep_old(path, kept, sizeof kept, &e), 0); /* nothing there */
	assert_string_equal(kept, "");
	setenv("TZ", "UTC0", 1);
	tzset();
	for (int i = 1; i <= 3; i++) {
		char text[8];
		snprintf(text, sizeof text, "%d", i);
		assert_int_equal(file_write_atomic(path, text, 1, &e), 0);
		struct timespec times[2] = {{.tv_sec = 1764082800}, {.tv_sec = 1764082800}};
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
		assert_int_equal(file_keep_old(path, kept, sizeof kept, &e), 0);
		assert_false(file_exists(path));
		content_is(kept, text);
		char want[64];
		snprintf(want, sizeof want, i == 1 ? "r_20251125_150000.json" : "r_20251125_150000_%d.json", i);
		assert_string_equal(path_base(kept), want);
	}
	assert_int_equal(file_write_atomic(path, "x", 1, &e), 0);
	assert_int_equal(file_keep_old(path, kept, 5, &e), ERR_LIMIT);
	assert_true(file_exists(path));
	assert_int_equal(file_write_atomic(in_dir(".hidden"), "x", 1, &e), 0);
	assert_int_equal(file_keep_old(in_dir(".hidden"), kept, sizeof kept, &e), 0);
	assert_memory_equal(path_base(kept), ".hidden_", 8);
}

static void reading_is_bounded(void **state)
{
	(void)state;
	struct buf b;
	struct err e = {0};
	assert_int_equal(file_write_atomic(in_dir("big"), "0123456789", 10, &e), 0);
	buf_init(&b, 9);
	assert_int_equal(file_read(in_dir("big"), &b, &e), ERR_LIMIT);
	buf_free(&b);
	buf_init(&b, 10);
	assert_int_equal(file_read(in_dir("big"), &b, &e), 0);
	assert_int_equal(file_read(in_dir("none"), &b, &e), ERR_IO);
	assert_non_null(strstr(e.text, "No such file"));
	assert_int_equal(file_read(dir, &b, &e), ERR_IO);
	buf_free(&b);
}

static void directories_are_made(void **state)
{
	(void)state;
	struct err e = {0};
	assert_int_equal(file_mkdirs(in_dir("x/y//z/"), &e), 0);
	assert_true(file_exists(in_dir("x/y/z")));
	assert_int_equal(file_mkdirs(in_dir("x/y/z"), &e), 0);
	assert_int_equal(file_write_atomic(in_dir("plain"), "", 0, &e), 0);
	assert_int_equal(file_mkdirs(in_dir("plain/sub"), &e), ERR_IO);
	assert_int_equal(file_mkdirs(in_dir("plain"), &e), ERR_IO);
	assert_non_null(strstr(e.text, "Not a directory"));
}

static void paths_are_joined(void **state)
{
	(void)state;
	char out[16];
	assert_true(path_join(out, sizeof out, "a/", "b"));
	assert_string_equal(out, "a/b");
	assert_true(path_join(out, sizeof out, "a", "/b"));
	assert_string_equal(out, "/b");
	assert_true(path_join(out, sizeof out, "", "b"));
	assert_string_equal(out, "b");
	assert_false(path_join(out, sizeof out, "0123456789", "abcdef"));
	assert_string_equal(path_base("a/b/c"), "c");
	assert_string_equal(path_base("c"), "c");
}

static void one_run_at_a_time(void **state)
{
	(void)state;
	const char *path = in_dir("run.lock");
	struct err e = {0};
	long pid = -1;
	int fd, other;
	assert_false(file_lock_held(path, &pid)); /* no file, no run */
	assert_int_equal(file_lock(path, &fd, &e), 0);
	assert_true(file_lock_held(path, &pid));
	assert_int_equal(pid, getpid());
	assert_true(file_lock_held(path, NULL)); /* looking does not take it away */
	assert_int_equal(file_lock(path, &other, &e), ERR_IO);
	assert_non_null(strstr(e.text, "is alive"));
	assert_int_equal(other, -1);
	close(fd);
	assert_false(file_lock_held(path, &pid));
	assert_int_equal(pid, 0);
	assert_int_equal(file_lock(path, &fd, &e), 0);
	close(fd);
}

/* The lock of a process that was killed is free at once. */
static void a_killed_run_is_not_alive(void **state)
{
	(void)state;
	const char *path = in_dir("killed.lock");
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		int fd;
		char ok = file_lock(path, &fd, NULL) == 0;
		if (write(ready[1], &ok, 1) == 1)
			pause();
		_exit(0);
	}
	assert_true(child > 0);
	char ok = 0;
	assert_int_equal(read(ready[0], &ok, 1), 1);
	assert_int_equal(ok, 1);
	long pid = 0;
	assert_true(file_lock_held(path, &pid));
	assert_int_equal(pid, child);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(file_lock_held(path, &pid));
	close(ready[0]);
	close(ready[1]);
}

/* What a user named behind -o: a device stays one, a link stays a link. */
static void a_named_output_is_not_replaced(void **state)
{
	(void)state;
	struct err e = {0};
	char pipe_path[600], text[8] = "";
	struct stat st;
	snprintf(pipe_path, sizeof pipe_path, "%s", in_dir("pipe"));
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	int fd = open(pipe_path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(file_write_named(pipe_path, "out", 3, &e), 0);
	assert_true(lstat(pipe_path, &st) == 0 && S_ISFIFO(st.st_mode));
	assert_int_equal(read(fd, text, sizeof text - 1), 3);
	assert_string_equal(text, "out");
	close(fd);

	assert_int_equal(file_write_named(in_dir("target"), "old", 3, &e), 0);
	assert_int_equal(symlink("target", in_dir("link")), 0);
	assert_int_equal(file_write_named(in_dir("link"), "new", 3, &e), 0);
	assert_true(lstat(in_dir("link"), &st) == 0 && S_ISLNK(st.st_mode));
	content_is(in_dir("target"), "new");
	assert_int_equal(file_write_named(dir, "x", 1, &e), ERR_IO);
	assert_non_null(strstr(e.text, "Is a directory"));

	/* standard output that goes to a file keeps what is there */
	FILE *out = fopen(in_dir("stdout"), "w+");
	char self[64];
	assert_non_null(out);
	assert_true(fputs("head ", out) >= 0 && fflush(out) == 0);
	snprintf(self, sizeof self, "/proc/self/fd/%d", fileno(out));
	assert_int_equal(file_write_named(self, "tail", 4, &e), 0);
	fclose(out);
	content_is(in_dir("stdout"), "head tail");
}

/* Whoever looks whether a run is alive does not wait for a pipe of that name. */
static void a_pipe_is_no_lock(void **state)
{
	(void)state;
	long pid = 1;
	assert_int_equal(mkfifo(in_dir("pipe.lock"), 0600), 0);
	assert_false(file_lock_held(in_dir("pipe.lock"), &pid));
	assert_int_equal(pid, 0);
}

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_file_is_written_whole),
	        cmocka_unit_test(a_full_disk_leaves_the_old_file),
	        cmocka_unit_test(a_named_output_is_not_replaced),
	        cmocka_unit_test(an_old_result_is_kept),
	        cmocka_unit_test(reading_is_bounded),
	        cmocka_unit_test(directories_are_made),
	        cmocka_unit_test(paths_are_joined),
	        cmocka_unit_test(one_run_at_a_time),
	        cmocka_unit_test(a_pipe_is_no_lock),
	        cmocka_unit_test(a_killed_run_is_not_alive),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
