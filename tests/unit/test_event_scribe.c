/* The scribe: what is shown is on disk, nothing is lost when the disk refuses, and nobody waits for it. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../engine/event/board.h"
#include "../../engine/event/journal.h"
#include "../../engine/event/scribe.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <dirent.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char dir[256];
static struct mailbox *box;
static struct scribe *scribe;

/* Stands in for the C library's, to be a disk that hangs for as long as a test wants. */
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;

int fdatasync(int fd)
{
	pthread_mutex_lock(&disk);
	pthread_mutex_unlock(&disk);
	return (int)syscall(SYS_fdatasync, fd);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int begin_with(size_t capacity)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof dir, "%s/benchtop-test-XXXXXX", tmp && tmp[0] && strlen(tmp) < 200 ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	if (mailbox_open(&box, sizeof(struct event), capacity, EV_count, NULL))
		return -1;
	return scribe_start(&scribe, box, NULL);
}

static int begin(void **state)
{
	(void)state;
	return begin_with(100000);
}

static int begin_small(void **state)
{
	(void)state;
	return begin_with(4);
}

static int end(void **state)
{
	(void)state;
	scribe_stop(scribe);
	scribe = NULL;
	mailbox_close(box);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The next event of the mailbox, waited for as long as a slow machine may need. */
static struct event next_event(void)
{
	struct event ev;
	int64_t limit = clock_mono_ns() + 60 * CLOCK_NS_PER_S;
	while (!mailbox_take(box, &ev)) {
		assert_true(clock_mono_ns() < limit);
		struct pollfd p = {.fd = mailbox_fd(box), .events = POLLIN};
		poll(&p, 1, 1000);
		mailbox_drain_fd(box);
	}
	return ev;
}

static void emit_notice(int64_t n)
{
	struct event ev;
	event_init(&ev, EV_notice);
	snprintf(ev.u.notice.text, sizeof ev.u.notice.text, "%d", (int)n);
	scribe_emit(scribe, &ev);
}

static void emit_load(double running, bool sample)
{
	struct event ev;
	event_init(&ev, EV_server_load);
	ev.u.server_load.running = running;
	ev.u.server_load.gen_tps = running;
	ev.u.server_load.sample = sample;
	scribe_emit(scribe, &ev);
}

/* Number of events in the journal; checks that they are numbered without a gap and are whole. */
static uint64_t journal_count(void)
{
	struct journal_reader r;
	struct event ev;
	uint64_t n = 0;
	assert_int_equal(journal_reader_open(&r, dir, NULL), 0);
	while (journal_reader_next(&r, &ev, NULL) == 1)
		assert_true(ev.seq == ++n);
	assert_int_equal(r.skipped, 0);
	journal_reader_close(&r);
	return n;
}

static void what_is_shown_is_on_disk(void **state)
{
	(void)state;
	struct err e = {0};
	assert_int_equal(scribe_open_run(scribe, dir, &e), 0);
	for (int i = 1; i <= 50; i++) {
		emit_notice(i);
		struct event ev = next_event();
		assert_int_equal(ev.kind, EV_notice);
		assert_true(ev.seq == (uint64_t)i);
		assert_true(journal_count() >= (uint64_t)i);
	}
	emit_load(1, true);
	assert_int_equal(scribe_sync(scribe, 60000, &e), 0);
	assert_int_equal(journal_count(), 51);
}

static void without_a_run_facts_have_no_number(void **state)
{
	(void)state;
	struct err e = {0};
	emit_notice(1);
	struct event ev = next_event();
	assert_true(ev.kind == EV_notice && ev.seq == 0);
	assert_int_equal(scribe_sync(scribe, 60000, &e), ERR_IO); /* nothing is claimed that did not happen */
	assert_int_equal(scribe_open_run(scribe, "/nowhere/at/all", &e), ERR_IO);
}

static void a_second_run_continues_the_numbers(void **state)
{
	(void)state;
	assert_int_equal(scribe_open_run(scribe, dir, NULL), 0);
	emit_notice(1);
	emit_notice(2);
	scribe_close_run(scribe);
	emit_notice(99); /* between the runs: shown, not journaled */
	assert_int_equal(scribe_open_run(scribe, dir, NULL), 0);
	emit_notice(3);
	static const uint64_t want[] = {1, 2, 0, 3};
	for (size_t i = 0; i < 4; i++)
		assert_true(next_event().seq == want[i]);
	assert_int_equal(journal_count(), 3);
}

static void progress_does_not_wait_for_the_disk(void **state)
{
	(void)state;
	assert_int_equal(scribe_open_run(scribe, dir, NULL), 0);
	for (int i = 0; i < 1000; i++)
		emit_load(i, false);
	struct event ev;
	assert_true(mailbox_take(box, &ev)); /* at once, and only the latest */
	assert_true(ev.kind == EV_server_load && ev.seq == 0 && ev.u.server_load.running == 999);
	assert_false(mailbox_take(box, &ev));
	/* Samples are journaled and keep their order among the facts. */
	emit_load(1, true);
	emit_notice(1);
	emit_load(2, true);
	for (uint64_t i = 1; i <= 3; i++)
		assert_true(next_event().seq == i);
	assert_int_equal(scribe_sync(scribe, 60000, NULL), 0);
	assert_int_equal(journal_count(), 3);
}

#define EMITTERS 4
#define EACH     2000

static void *emit_many(void *arg)
{
	for (int i = 0; i < EACH; i++) {
		emit_notice(*(int *)arg * EACH + i);
		emit_load(i, i % 10 == 0);
	}
	return arg;
}

static void many_threads_lose_nothing(void **state)
{
	(void)state;
	pthread_t t[EMITTERS];
	int who[EMITTERS], next[EMITTERS];
	assert_int_equal(scribe_open_run(scribe, dir, NULL), 0);
	for (int i = 0; i < EMITTERS; i++) {
		who[i] = i;
		next[i] = i * EACH;
		assert_int_equal(pthread_create(&t[i], NULL, emit_many, &who[i]), 0);
	}
	uint64_t seq = 0;
	for (int notices = 0; notices < EMITTERS * EACH;) {
		struct event ev = next_event();
		if (ev.seq != 0)
			assert_true(ev.seq == ++seq); /* the order of the journal */
		if (ev.kind != EV_notice)
			continue;
		int64_t n = 0;
		assert_true(text_to_i64(ev.u.notice.text, 0, EMITTERS * EACH, &n));
		assert_int_equal(n, next[n / EACH]++); /* and of the thread that said it */
		notices++;
	}
	for (int i = 0; i < EMITTERS; i++)
		pthread_join(t[i], NULL);
	scribe_close_run(scribe);
	assert_true(journal_count() == EMITTERS * EACH + EMITTERS * EACH / 10);
}

static void set_file_limit(rlim_t limit)
{
	struct rlimit r;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = limit > r.rlim_max ? r.rlim_max : limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void a_full_disk_is_told_and_survived(void **state)
{
	(void)state;
	struct err e = {0};
	struct event ev;
	assert_int_equal(scribe_open_run(scribe, dir, NULL), 0);
	emit_notice(1);
	assert_int_equal(scribe_sync(scribe, 60000, NULL), 0);
	assert_true(next_event().seq == 1);
	set_file_limit(300); /* room for one line and a half */
	for (int i = 2; i <= 40; i++)
		emit_notice(i);
	int rc = scribe_sync(scribe, 60000, &e);
	if (rc != ERR_IO)
		set_file_limit(RLIM_INFINITY);
	assert_int_equal(rc, ERR_IO);
	assert_non_null(strstr(e.text, "File too large"));
	/* Everything is shown all the same, and once that it is not on disk. */
	int failing = 0;
	for (uint64_t seq = 1; seq < 40 || failing == 0;) {
		ev = next_event();
		if (ev.kind == EV_journal_state) {
			assert_true(ev.u.journal_state.failing);
			assert_non_null(strstr(ev.u.journal_state.text, "File too large"));
			failing++;
		} else {
			assert_true(ev.seq == ++seq);
		}
	}
	assert_int_equal(failing, 1);
	set_file_limit(RLIM_INFINITY);
	/* Nobody does anything: it is tried again by itself. */
	ev = next_event();
	assert_true(ev.kind == EV_journal_state && !ev.u.journal_state.failing);
	assert_int_equal(journal_count(), 40);
	assert_int_equal(scribe_sync(scribe, 60000, NULL), 0);
}

static void a_hanging_disk_stops_nobody(void **state)
{
	(void)state;
	struct err e = {0};
	struct event ev;
	assert_int_equal(scribe_open_run(scribe, dir, NULL), 0);
	pthread_mutex_lock(&disk);
	for (int i = 0; i < 1000; i++)
		emit_notice(i);
	emit_load(7, false);
	ev = next_event();
	assert_true(ev.kind == EV_server_load && ev.u.server_load.running == 7); /* the live figure passes, */
	assert_false(mailbox_take(box, &ev));                                    /* the facts wait for the disk */
	assert_int_equal(scribe_sync(scribe, 20, &e), ERR_IO);
	assert_non_null(strstr(e.text, "20 ms"));
	pthread_mutex_unlock(&disk);
	assert_int_equal(scribe_sync(scribe, 60000, &e), 0);
	for (uint64_t i = 1; i <= 1000; i++)
		assert_true(next_event().seq == i);
}

static void stopping_writes_what_is_left(void **state)
{
	(void)state;
	assert_int_equal(scribe_open_run(scribe, dir, NULL), 0);
	for (int i = 0; i < 500; i++)
		emit_notice(i);
	scribe_stop(scribe);
	assert_int_equal(journal_count(), 500);
	assert_int_equal(scribe_start(&scribe, box, NULL), 0);
}

/* A reader that did not keep up reads the journal again and is where everybody else is. */
static void an_overflow_is_mended_by_the_journal(void **state)
{
	(void)state;
	static struct board b;
	struct event ev;
	board_init(&b);
	assert_int_equal(scribe_open_run(scribe, dir, NULL), 0);
	event_init(&ev, EV_run_started);
	text_copy(ev.u.run_started.run_id, sizeof ev.u.run_started.run_id, "r");
	scribe_emit(scribe, &ev);
	for (int i = 0; i < 100; i++)
		emit_notice(i);
	assert_int_equal(scribe_sync(scribe, 60000, NULL), 0);
	assert_true(mailbox_overflowed(box));
	assert_int_equal(board_replay(&b, dir, NULL), 0);
	while (mailbox_take(box, &ev)) /* duplicates */
		board_apply(&b, &ev);
	assert_int_equal(b.n_notices, 100);
	assert_true(b.last_seq == 101);
}

/* The scribe's thread is the one with its name; its blocked signals stand in /proc. */
static bool scribe_blocks(int signo)
{
	char path[600], *line = NULL;
	size_t cap = 0;
	bool blocked = false;
	DIR *d = opendir("/proc/self/task");
	assert_non_null(d);
	for (struct dirent *de = readdir(d); de; de = readdir(d)) {
		snprintf(path, sizeof path, "/proc/self/task/%s/status", de->d_name);
		FILE *f = fopen(path, "re");
		bool ours = false;
		while (f && getline(&line, &cap, f) > 0) {
			ours = ours || strcmp(line, "Name:\tscribe\n") == 0;
			if (ours && strncmp(line, "SigBlk:", 7) == 0)
				blocked = strtoull(line + 7, NULL, 16) >> (signo - 1) & 1;
		}
		if (f)
			fclose(f);
	}
	closedir(d);
	free(line);
	return blocked;
}

static void signals_go_to_others(void **state)
{
	(void)state;
	emit_notice(1);
	next_event(); /* the thread lives and has its name */
	assert_true(scribe_blocks(SIGINT));
	assert_true(scribe_blocks(SIGWINCH));
	sigset_t mine;
	pthread_sigmask(SIG_SETMASK, NULL, &mine);
	assert_false(sigismember(&mine, SIGINT));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	const struct CMUnitTest tests[] = {
	        TEST(what_is_shown_is_on_disk),
	        TEST(without_a_run_facts_have_no_number),
	        TEST(a_second_run_continues_the_numbers),
	        TEST(progress_does_not_wait_for_the_disk),
	        TEST(many_threads_lose_nothing),
	        TEST(a_full_disk_is_told_and_survived),
	        TEST(a_hanging_disk_stops_nobody),
	        TEST(stopping_writes_what_is_left),
	        cmocka_unit_test_setup_teardown(an_overflow_is_mended_by_the_journal, begin_small, end),
	        TEST(signals_go_to_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
