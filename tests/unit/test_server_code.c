/* Which code is served: repositories of every kind, and never "clean" without having looked. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/mailbox.h"
#include "../../engine/base/text.h"
#include "../../engine/event/board.h"
#include "../../engine/server/code.h"
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

struct place {
	char dir[64];
	char repo[128];  /* dir/sglang */
	char path[4096]; /* PATH as it was */
	bool git;
};

/* Runs git for the test itself, with a configuration of its own. */
static int git(const char *dir, ...)
{
	char *argv[24] = {"git", "-C", (char *)(uintptr_t)dir, "-c", "user.name=T", "-c", "user.email=t@example.org",
	        "-c", "safe.directory=*", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"};
	int n = 13, status = -1;
	va_list ap;
	pid_t pid;
	va_start(ap, dir);
	while (n < 23 && (argv[n] = va_arg(ap, char *)))
		n++;
	va_end(ap);
	argv[n] = NULL;
	posix_spawn_file_actions_t files;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	int rc = posix_spawnp(&pid, "git", &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (rc == 0)
		waitpid(pid, &status, 0);
	return rc == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[600], up[600];
	assert_true(path_join(path, sizeof path, dir, name));
	text_set(up, sizeof up, path);
	*strrchr(up, '/') = '\0';
	assert_int_equal(file_mkdirs(up, NULL), 0);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	struct place *x = calloc(1, sizeof *x);
	assert_non_null(x);
	snprintf(x->dir, sizeof x->dir, "/tmp/test-code-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	snprintf(x->repo, sizeof x->repo, "%s/sglang", x->dir);
	text_set(x->path, sizeof x->path, getenv("PATH") ? getenv("PATH") : "");
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	put(x->repo, "python/sglang/__init__.py", "x = 1\n");
	put(x->repo, "python/sglang/scheduler.py", "y = 1\n");
	put(x->repo, ".gitignore", "ignored\n");
	x->git = git(x->repo, "init", "-q", NULL) == 0 && git(x->repo, "add", ".", NULL) == 0 &&
	         git(x->repo, "commit", "-q", "-m", "one", NULL) == 0;
	*state = x;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct place *x = *state;
	setenv("PATH", x->path, 1);
	nftw(x->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(x);
	return 0;
}

static void need_git(const struct place *x)
{
	if (!x->git) {
		print_message("skipped: no git\n");
		skip();
	}
}

static struct code_state look_at(const char *dir, struct buf *diff)
{
	struct code_state s = {.name = "sglang"};
	text_set(s.dir, sizeof s.dir, dir);
	code_look(&s, 20000, NULL, diff);
	return s;
}

static void is_commit(const struct code_state *s)
{
	assert_int_equal(strlen(s->commit), 40);
	assert_int_equal(strspn(s->commit, "0123456789abcdef"), 40);
}

static void clean_is_clean(void **state)
{
	struct place *x = *state;
	need_git(x);
	struct code_state s = look_at(x->repo, NULL);
	is_commit(&s);
	assert_string_equal(s.branch, "main");
	assert_int_equal(s.dirty, CODE_CLEAN);
	assert_true(s.files == 0 && s.untracked == 0 && !s.detached && !s.worktree && !s.shallow);
	put(x->repo, "ignored", "anything");
	s = look_at(x->repo, NULL);
	assert_int_equal(s.dirty, CODE_CLEAN);
}

static void edits_are_dirty_and_kept(void **state)
{
	struct place *x = *state;
	struct buf diff;
	need_git(x);
	put(x->repo, "python/sglang/scheduler.py", "y = 2 # faster\n");
	put(x->repo, "new\nname.py", "z\n");
	buf_init(&diff, CODE_DIFF_MAX + 8192);
	struct code_state s = look_at(x->repo, &diff);
	assert_int_equal(s.dirty, CODE_DIRTY);
	assert_int_equal(s.files, 1);
	assert_int_equal(s.untracked, 1);
	assert_non_null(strstr(buf_text(&diff), "+y = 2 # faster"));
	assert_non_null(strstr(buf_text(&diff), "# untracked: "));
	buf_free(&diff);
	/* a staged change counts, too */
	assert_int_equal(git(x->repo, "add", "-A", NULL), 0);
	s = look_at(x->repo, NULL);
	assert_int_equal(s.files, 2);
}

static void a_long_diff_is_cut_and_says_so(void **state)
{
	struct place *x = *state;
	struct buf diff;
	need_git(x);
	size_t len = 3 << 20;
	char *text = malloc(len + 1);
	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 23);
	text[len] = '\0';
	put(x->repo, "python/sglang/scheduler.py", text);
	free(text);
	buf_init(&diff, CODE_DIFF_MAX + 8192);
	struct code_state s = look_at(x->repo, &diff);
	assert_int_equal(s.dirty, CODE_DIRTY);
	assert_true(diff.len <= CODE_DIFF_MAX + 8192);
	assert_false(diff.failed);
	assert_non_null(strstr(buf_text(&diff), "# cut here"));
	assert_non_null(strstr(s.note, "cut"));
	buf_free(&diff);
}

static void thousands_of_files_are_counted_at_least(void **state)
{
	struct place *x = *state;
	need_git(x);
	for (int i = 0; i < 1500; i++) {
		char name[96];
		snprintf(name, sizeof name, "a-rather-long-name-of-a-file-that-nobody-knows-%06d.py", i);
		put(x->repo, name, "1\n");
	}
	struct code_state s = look_at(x->repo, NULL);
	assert_int_equal(s.dirty, CODE_DIRTY);
	assert_true(s.more && s.untracked > 100 && s.untracked <= 1500);
	is_commit(&s);
}

static void detached_worktree_shallow(void **state)
{
	struct place *x = *state;
	char tree[128], clone[128], url[160];
	need_git(x);
	struct code_state main_tree = look_at(x->repo, NULL), s;
	snprintf(tree, sizeof tree, "%s/tree", x->dir);
	assert_int_equal(git(x->repo, "worktree", "add", "-q", "-b", "side", tree, NULL), 0);
	s = look_at(tree, NULL);
	assert_true(s.worktree && s.dirty == CODE_CLEAN);
	assert_string_equal(s.branch, "side");
	assert_string_equal(s.commit, main_tree.commit);
	assert_int_equal(git(tree, "checkout", "-q", "--detach", NULL), 0);
	s = look_at(tree, NULL);
	assert_true(s.detached && !s.branch[0]);
	assert_string_equal(s.commit, main_tree.commit);
	put(x->repo, "python/sglang/scheduler.py", "y = 3\n");
	assert_int_equal(git(x->repo, "commit", "-q", "-a", "-m", "two", NULL), 0);
	snprintf(clone, sizeof clone, "%s/clone", x->dir);
	snprintf(url, sizeof url, "file://%s", x->repo);
	assert_int_equal(git(x->dir, "clone", "-q", "--depth", "1", url, clone, NULL), 0);
	s = look_at(clone, NULL);
	assert_true(s.shallow && s.dirty == CODE_CLEAN);
	is_commit(&s);
	/* the same by hand */
	setenv("PATH", "/nowhere", 1);
	struct code_state by_hand = look_at(clone, NULL);
	assert_true(by_hand.shallow && by_hand.dirty == CODE_UNKNOWN);
	assert_string_equal(by_hand.commit, s.commit);
	by_hand = look_at(tree, NULL);
	assert_true(by_hand.worktree && by_hand.detached && by_hand.dirty == CODE_UNKNOWN);
	assert_string_equal(by_hand.commit, main_tree.commit);
}

static void without_git_the_commit_is_read_by_hand(void **state)
{
	struct place *x = *state;
	need_git(x);
	struct code_state want = look_at(x->repo, NULL), s;
	setenv("PATH", "", 1);
	s = look_at(x->repo, NULL);
	assert_string_equal(s.commit, want.commit);
	assert_string_equal(s.branch, "main");
	assert_int_equal(s.dirty, CODE_UNKNOWN);
	assert_true(s.files == -1 && s.untracked == -1);
	assert_non_null(strstr(s.note, "no git"));
	setenv("PATH", x->path, 1);
	assert_int_equal(git(x->repo, "pack-refs", "--all", NULL), 0);
	setenv("PATH", "", 1);
	s = look_at(x->repo, NULL);
	assert_string_equal(s.commit, want.commit);
}

static int chown_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return lchown(path, 12345, 12345);
}

static void a_tree_of_another_user_is_read(void **state)
{
	struct place *x = *state;
	need_git(x);
	if (geteuid() != 0) {
		print_message("skipped: only root can give files away\n");
		skip();
	}
	assert_int_equal(nftw(x->repo, chown_one, 16, FTW_PHYS), 0);
	struct code_state s = look_at(x->repo, NULL);
	is_commit(&s);
	assert_int_equal(s.dirty, CODE_CLEAN);
	put(x->repo, "python/sglang/scheduler.py", "y = 4\n");
	s = look_at(x->repo, NULL);
	assert_int_equal(s.dirty, CODE_DIRTY);
}

/* Programs that the tree's own configuration names are not run. */
static void nothing_of_the_tree_is_run(void **state)
{
	struct place *x = *state;
	char ran[128], script[160], command[200];
	need_git(x);
	snprintf(ran, sizeof ran, "%s/ran", x->dir);
	snprintf(script, sizeof script, "%s/evil", x->dir);
	snprintf(command, sizeof command, "#!/bin/sh\necho x >>%s\ncat\n", ran);
	put(x->dir, "evil", command);
	assert_int_equal(chmod(script, 0755), 0);
	put(x->repo, ".gitattributes", "*.py filter=bad diff=bad\n");
	assert_int_equal(git(x->repo, "add", "-A", NULL), 0);
	assert_int_equal(git(x->repo, "commit", "-q", "-m", "attributes", NULL), 0);
	static const char *const keys[] = {"filter.bad.clean", "filter.bad.process", "filter.bad.smudge",
	        "core.fsmonitor", "diff.external", "diff.bad.command", "diff.bad.textconv", "core.pager", "core.editor",
	        "core.sshCommand", "core.alternateRefsCommand"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		assert_int_equal(git(x->repo, "config", keys[i], script, NULL), 0);
	assert_int_equal(git(x->repo, "config", "filter.bad.required", "true", NULL), 0);
	put(x->repo, "python/sglang/scheduler.py", "y = 5\n");
	unlink(ran);
	struct buf diff;
	buf_init(&diff, CODE_DIFF_MAX + 8192);
	struct code_state s = look_at(x->repo, &diff);
	assert_false(file_exists(ran));
	assert_int_equal(s.dirty, CODE_DIRTY);
	assert_non_null(strstr(buf_text(&diff), "+y = 5"));
	buf_free(&diff);
}

static void what_cannot_be_known_is_unknown(void **state)
{
	struct place *x = *state;
	char path[200];
	struct code_state s;
	put(x->dir, "plain/python/sglang/__init__.py", "1\n");
	snprintf(path, sizeof path, "%s/plain", x->dir);
	s = look_at(path, NULL);
	assert_true(s.dirty == CODE_UNKNOWN && !s.commit[0] && s.files == -1);
	assert_non_null(strstr(s.note, "not a git repository"));
	/* a repository around the tree is not the tree's */
	if (x->git && git(x->dir, "init", "-q", NULL) == 0) {
		s = look_at(path, NULL);
		assert_true(s.dirty == CODE_UNKNOWN && !s.commit[0]);
	}
	/* spoilt: a .git that leads nowhere, a HEAD of garbage, a FIFO */
	put(path, ".git", "gitdir: ../nowhere\n");
	s = look_at(path, NULL);
	assert_true(s.dirty == CODE_UNKNOWN && !s.commit[0]);
	put(x->dir, "odd/.git/HEAD", "ref: refs/heads/../../../../etc/passwd\n");
	snprintf(path, sizeof path, "%s/odd", x->dir);
	s = look_at(path, NULL);
	assert_true(s.dirty == CODE_UNKNOWN && !s.commit[0]);
	snprintf(path, sizeof path, "%s/odd/.git/HEAD", x->dir);
	unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	snprintf(path, sizeof path, "%s/odd", x->dir);
	int64_t began = clock_mono_ns();
	struct code_state f = {.name = "sglang"};
	text_set(f.dir, sizeof f.dir, path);
	code_look(&f, 1500, NULL, NULL); /* git itself may wait for the FIFO: not for ever */
	assert_true(f.dirty == CODE_UNKNOWN && !f.commit[0]);
	assert_true(clock_mono_ns() - began < 10 * CLOCK_NS_PER_S);
	s = look_at("/nowhere/at/all", NULL);
	assert_true(s.dirty == CODE_UNKNOWN && !s.commit[0]);
}

/* No deadline, no cancel may turn into "clean". */
static void no_time_is_unknown(void **state)
{
	struct place *x = *state;
	struct cancel cancel;
	struct err e = {0};
	need_git(x);
	struct code_state s = {.name = "sglang"};
	text_set(s.dir, sizeof s.dir, x->repo);
	code_look(&s, 0, NULL, NULL);
	is_commit(&s);
	assert_int_equal(s.dirty, CODE_UNKNOWN);
	assert_int_equal(cancel_open(&cancel, &e), 0);
	cancel_raise(&cancel, CANCEL_NOW);
	s = (struct code_state){.name = "sglang"};
	text_set(s.dir, sizeof s.dir, x->repo);
	code_look(&s, 20000, &cancel, NULL);
	assert_int_equal(s.dirty, CODE_UNKNOWN);
	cancel_close(&cancel);
}

static void set_time(const char *dir, const char *name, int64_t s)
{
	char path[600];
	struct timespec t[2] = {{.tv_sec = s}, {.tv_sec = s}};
	assert_true(path_join(path, sizeof path, dir, name));
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void newer_sources_are_noticed(void **state)
{
	struct place *x = *state;
	const char *dirs[] = {x->dir, NULL};
	struct code_places places = {.dirs = dirs};
	struct code_set set;
	char text[240];
	int64_t start = clock_wall_ns() / CLOCK_NS_PER_S - 1000;
	set_time(x->repo, "python/sglang/__init__.py", start - 100);
	set_time(x->repo, "python/sglang/scheduler.py", start - 50);
	put(x->dir, "aiter/aiter/__init__.py", "1\n");
	put(x->dir, "aiter/aiter/jit/module_x.so", "built by the server itself\n");
	put(x->dir, "aiter/build/lib/y.py", "a copy\n");
	put(x->dir, "aiter/notes.txt", "no source\n");
	set_time(x->dir, "aiter/aiter/__init__.py", start - 10);
	code_set_look(&set, &places, start * CLOCK_NS_PER_S, true, NULL, NULL);
	assert_int_equal(set.n, 2);
	assert_false(set.tree[0].changed || set.tree[1].changed);
	assert_string_equal(set.tree[0].newest, "python/sglang/scheduler.py");
	assert_false(code_changed_text(&set, text, sizeof text));
	assert_false(code_set_check(&set, NULL));
	set_time(x->repo, "python/sglang/__init__.py", start + 7);
	assert_true(code_set_check(&set, NULL));
	assert_true(set.tree[0].changed && !set.tree[1].changed);
	assert_true(code_changed_text(&set, text, sizeof text));
	assert_non_null(strstr(text, "since the server's start: sglang python/sglang/__init__.py"));
	assert_false(code_set_check(&set, NULL)); /* told already */
	struct event ev;
	event_init(&ev, EV_code_seen);
	code_event(&set, 0, &ev.u.code_seen);
	assert_true(ev.u.code_seen.changed && ev.u.code_seen.late);
	/* a date in the future says nothing about now */
	code_set_look(&set, &places, 0, true, NULL, NULL);
	assert_false(set.since_start);
	set_time(x->repo, "python/sglang/scheduler.py", start + 1000000);
	code_set_check(&set, NULL);
	assert_false(set.tree[0].changed);
}

static void the_diff_is_kept_in_the_run_directory(void **state)
{
	struct place *x = *state;
	const char *dirs[] = {x->dir, NULL};
	struct code_places places = {.dirs = dirs};
	struct code_set set;
	struct buf b;
	char path[200];
	need_git(x);
	put(x->repo, "python/sglang/scheduler.py", "y = 6\n");
	code_set_look(&set, &places, 0, true, x->dir, NULL);
	assert_int_equal(set.tree[0].dirty, CODE_DIRTY);
	assert_string_equal(set.tree[1].dir, "");
	assert_int_equal(set.tree[1].dirty, CODE_UNKNOWN);
	assert_string_equal(set.tree[1].note, "not found");
	snprintf(path, sizeof path, "%s/code_sglang.diff", x->dir);
	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(path, &b, NULL), 0);
	assert_non_null(strstr(buf_text(&b), "+y = 6"));
	assert_non_null(strstr(buf_text(&b), set.tree[0].commit));
	buf_free(&b);
	snprintf(path, sizeof path, "%s/code_aiter.diff", x->dir);
	assert_false(file_exists(path));
}

/* A process that has the tree in its PYTHONPATH or its arguments. */
static void trees_are_found_through_the_process(void **state)
{
	struct place *x = *state;
	char file[200], env[220], dir[256] = "";
	bool by_process = false;
	pid_t pid;
	snprintf(file, sizeof file, "%s/python/sglang/scheduler.py", x->repo);
	char *argv[] = {"tail", "-f", file, NULL};
	char *envp[] = {NULL, NULL};
	posix_spawn_file_actions_t files;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawn(&pid, "/usr/bin/tail", &files, NULL, argv, envp), 0);
	struct code_places places = {.pid = pid, .dirs = (const char *const[]){NULL}};
	int64_t end = clock_mono_ns() + 10 * CLOCK_NS_PER_S; /* until it has become tail */
	while (!code_locate("sglang", &places, dir, sizeof dir, &by_process) && clock_mono_ns() < end)
		;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_string_equal(dir, x->repo);
	assert_true(by_process);
	snprintf(env, sizeof env, "PYTHONPATH=/nowhere:%s/python", x->repo);
	envp[0] = env;
	argv[2] = "/dev/null";
	dir[0] = '\0';
	assert_int_equal(posix_spawn(&pid, "/usr/bin/tail", &files, NULL, argv, envp), 0);
	places.pid = pid;
	end = clock_mono_ns() + 10 * CLOCK_NS_PER_S;
	while (!code_locate("sglang", &places, dir, sizeof dir, &by_process) && clock_mono_ns() < end)
		;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	posix_spawn_file_actions_destroy(&files);
	assert_string_equal(dir, x->repo);
	assert_true(by_process);
	assert_false(code_locate("aiter", &places, dir, sizeof dir, &by_process));
}

static bool await_code(struct mailbox *m, bool changed, struct board *b)
{
	int64_t end = clock_mono_ns() + 30 * CLOCK_NS_PER_S;
	struct event ev;
	while (clock_mono_ns() < end) {
		while (mailbox_take(m, &ev)) {
			board_apply(b, &ev);
			if (ev.kind == EV_code_seen && strcmp(ev.u.code_seen.name, "sglang") == 0 &&
			        ev.u.code_seen.changed == changed)
				return true;
		}
		nanosleep(&(struct timespec){.tv_nsec = 5 * CLOCK_NS_PER_MS}, NULL);
	}
	return false;
}

/* The dashboard's thread: a server on a port (this very process), an edit, the mark. */
static void the_watch_tells_an_edit(void **state)
{
	struct place *x = *state;
	static struct board b;
	struct err e = {0};
	struct mailbox *m;
	struct scribe *s;
	struct codewatch *w;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	char url[64];
	int64_t now = clock_wall_ns() / CLOCK_NS_PER_S;
	board_init(&b);
	set_time(x->repo, "python/sglang/__init__.py", now - 100000);
	set_time(x->repo, "python/sglang/scheduler.py", now - 100000);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(at.sin_port));
	setenv("BENCHTOP_CODE", x->dir, 1);
	assert_int_equal(mailbox_open(&m, sizeof(struct event), 256, EV_count, &e), 0);
	assert_int_equal(scribe_start(&s, m, &e), 0);
	assert_int_equal(codewatch_start(&w, s, &e), 0);
	codewatch_target(w, url);
	assert_true(await_code(m, false, &b));
	codewatch_hush(w, true); /* a load: nothing is looked at */
	set_time(x->repo, "python/sglang/scheduler.py", now + 5);
	codewatch_hush(w, false);
	assert_true(await_code(m, true, &b));
	assert_true(b.n_code >= 1);
	assert_string_equal(b.code[0].name, "sglang");
	assert_true(b.code[0].changed && b.code[0].late);
	assert_string_equal(b.code[0].newest, "python/sglang/scheduler.py");
	codewatch_stop(w);
	codewatch_stop(NULL);
	codewatch_hush(NULL, true);
	codewatch_target(NULL, url);
	scribe_stop(s);
	mailbox_close(m);
	close(fd);
	unsetenv("BENCHTOP_CODE");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(clean_is_clean),
	        TEST(edits_are_dirty_and_kept),
	        TEST(a_long_diff_is_cut_and_says_so),
	        TEST(thousands_of_files_are_counted_at_least),
	        TEST(detached_worktree_shallow),
	        TEST(without_git_the_commit_is_read_by_hand),
	        TEST(a_tree_of_another_user_is_read),
	        TEST(nothing_of_the_tree_is_run),
	        TEST(what_cannot_be_known_is_unknown),
	        TEST(no_time_is_unknown),
	        TEST(newer_sources_are_noticed),
	        TEST(the_diff_is_kept_in_the_run_directory),
	        TEST(trees_are_found_through_the_process),
	        TEST(the_watch_tells_an_edit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
