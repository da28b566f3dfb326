/* The poster: states in order, the record on disk before the POST leaves, and nothing posted twice. */
#include "../../engine/base/file.h"
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/event/journal.h"
#include "../../engine/post/poster.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "test_post_util.h"

#define TEAM       "Rocket Team"
#define DEADLINE_S 30

struct desk {
	char dir[64];
	struct mailbox *mail;
	struct scribe *scribe;
	struct poster *poster;
	struct ev_post_changed seen[64]; /* in order */
	int n_seen;
};

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof *d);
	struct err e = {0};
	assert_non_null(d);
	text_set(d->dir, sizeof d->dir, "/tmp/test-poster-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	if (mailbox_open(&d->mail, sizeof(struct event), 4096, EV_count, &e) < 0 ||
	        scribe_start(&d->scribe, d->mail, &e) < 0 || scribe_open_run(d->scribe, d->dir, &e) < 0)
		fail_msg("%s", e.text);
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *d = *state;
	char path[128];
	poster_stop(d->poster);
	scribe_stop(d->scribe);
	mailbox_close(d->mail);
	snprintf(path, sizeof path, "%s/" JOURNAL_NAME, d->dir);
	unlink(path);
	rmdir(d->dir);
	free(d);
	return 0;
}

static void start(struct desk *d, int64_t pause_ms, int64_t patience_ms, int64_t follow_ms)
{
	const struct poster_tuning tuning = {pause_ms, patience_ms, follow_ms};
	struct secrets secrets = {.hf_token = "hf_neverwritten"};
	struct err e = {0};
	if (poster_start(&d->poster, d->scribe, &secrets, &tuning, &e) < 0)
		fail_msg("%s", e.text);
}

static struct post_job job_for(const char *url, int64_t cell)
{
	struct post_job job = {.cell = cell, .api_name = "submit_results", .team = TEAM};
	text_set(job.url, sizeof job.url, url);
	text_set(job.payload, sizeof job.payload,
	        "{\"data\": [\"" TEAM "\", 16, 15979.6, 254.315, 10407, 344.564, 1.53547, 0.738078, 70.028, 83.567, "
	        "0.837986, 0.4491, 1.3652, 3.2601]}");
	return job;
}

static void submit(struct desk *d, const char *url, int64_t cell)
{
	struct post_job job = job_for(url, cell);
	struct err e = {0};
	if (poster_submit(d->poster, &job, &e) < 0)
		fail_msg("%s", e.text);
}

static void collect(struct desk *d)
{
	struct event ev;
	while (mailbox_take(d->mail, &ev))
		if (ev.kind == EV_post_changed && d->n_seen < 64)
			d->seen[d->n_seen++] = ev.u.post_changed;
}

/* Until the cell has been in that state. */
static const struct ev_post_changed *await_state(struct desk *d, int64_t cell, enum post_state want)
{
	int64_t end = clock_mono_ns() + DEADLINE_S * CLOCK_NS_PER_S;
	while (clock_mono_ns() < end) {
		struct pollfd p = {.fd = mailbox_fd(d->mail), .events = POLLIN};
		poll(&p, 1, 100);
		mailbox_drain_fd(d->mail);
		collect(d);
		for (int i = d->n_seen - 1; i >= 0; i--)
			if (d->seen[i].cell == cell && d->seen[i].state == want)
				return &d->seen[i];
	}
	fail_msg("cell %ld never was \"%s\"", (long)cell, post_state_word((int)want));
	return NULL;
}

static void await_hits(struct fake *k, int route, int n)
{
	int64_t end = clock_mono_ns() + DEADLINE_S * CLOCK_NS_PER_S;
	while (atomic_load(&k->hits[route]) < n && clock_mono_ns() < end)
		usleep(1000);
	assert_true(atomic_load(&k->hits[route]) >= n);
}

static void finish(struct desk *d)
{
	assert_int_equal(poster_wait(d->poster, DEADLINE_S * 1000, NULL), 0);
	assert_int_equal(scribe_sync(d->scribe, 5000, NULL), 0);
	collect(d);
}

/* States of a cell, one letter each: w a s C R U; a run of waits counts once. */
static const char *states(const struct desk *d, int64_t cell)
{
	static char text[65];
	static const char letters[] = "-hwasCRU";
	size_t n = 0;
	for (int i = 0; i < d->n_seen; i++) {
		char c = letters[d->seen[i].state];
		if (d->seen[i].cell == cell && !(c == 'w' && n > 0 && text[n - 1] == 'w'))
			text[n++] = c;
	}
	text[n] = '\0';
	return text;
}

static const struct ev_post_changed *last(const struct desk *d, int64_t cell)
{
	const struct ev_post_changed *found = NULL;
	for (int i = 0; i < d->n_seen; i++)
		if (d->seen[i].cell == cell)
			found = &d->seen[i];
	assert_non_null(found);
	return found;
}

static bool journal_has(const char *dir, const char *words)
{
	char path[128];
	struct buf b;
	snprintf(path, sizeof path, "%s/" JOURNAL_NAME, dir);
	buf_init(&b, 1 << 20);
	bool has = file_read(path, &b, NULL) == 0 && strstr(buf_text(&b), words);
	buf_free(&b);
	return has;
}

/* ---- */

static void board_confirms(void **state)
{
	struct desk *d = *state;
	struct sim_process sim;
	int confirmed = -1, open = -1;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", NULL});
	start(d, 50, 10000, 10000);
	submit(d, sim.url, 3);
	finish(d);
	assert_string_equal(states(d, 3), "asC");
	const struct ev_post_changed *p = last(d, 3);
	assert_string_equal(p->text, "ok " TEAM);
	assert_true(p->rank >= 1);
	assert_int_equal(p->attempt, 1);
	assert_true(p->event_id[0]);
	assert_string_equal(await_state(d, 3, POST_SENT)->event_id, p->event_id);
	assert_int_equal(sim_posts(&sim), 1);
	poster_tally(d->poster, &confirmed, &open);
	assert_int_equal(confirmed, 1);
	assert_int_equal(open, 0);
	assert_true(journal_has(d->dir, "\"confirmed\""));
	assert_false(journal_has(d->dir, "hf_neverwritten"));
	poster_forget(d->poster);
	poster_tally(d->poster, &confirmed, &open);
	assert_int_equal(confirmed, 0);
	sim_stop(&sim);
}

static void several_go_one_after_another(void **state)
{
	struct desk *d = *state;
	struct sim_process sim;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", NULL});
	start(d, 50, 10000, 10000);
	for (int i = 0; i < 4; i++)
		submit(d, sim.url, i);
	finish(d);
	for (int i = 0; i < 4; i++) {
		const char *way = states(d, i);
		assert_string_equal(way + (way[0] == 'w'), "asC");
	}
	assert_int_equal(sim_posts(&sim), 4);
	sim_stop(&sim);
}

static void asleep_then_awake(void **state)
{
	struct desk *d = *state;
	struct sim_process sim;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", "--fault", "board-asleep@for=2", NULL});
	start(d, 100, 20000, 10000);
	submit(d, sim.url, 0);
	finish(d);
	assert_string_equal(states(d, 0), "wasC");
	assert_true(last(d, 0)->attempt > 1);
	const struct ev_post_changed *p = await_state(d, 0, POST_WAITING);
	assert_non_null(strstr(p->text, "sleeps or is starting: HTTP 503; next try in"));
	assert_int_equal(sim_posts(&sim), 1);
	sim_stop(&sim);
}

static void board_says_when(void **state)
{
	struct desk *d = *state;
	struct sim_process sim;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", "--fault", "board-http429@n=1", NULL});
	start(d, 60000, 70000, 10000); /* only the board's 2 s can end in time */
	submit(d, sim.url, 0);
	finish(d);
	assert_string_equal(states(d, 0), "awasC");
	assert_int_equal(last(d, 0)->attempt, 2);
	assert_int_equal(sim_posts(&sim), 1);
	sim_stop(&sim);
}

static void refused_is_final(void **state)
{
	struct desk *d = *state;
	struct sim_process sim;
	int confirmed, open;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", "--fault", "board-error", NULL});
	start(d, 50, 10000, 10000);
	submit(d, sim.url, 0);
	finish(d);
	assert_string_equal(states(d, 0), "asR");
	assert_non_null(strstr(last(d, 0)->text, "gave no reason"));
	assert_int_equal(sim_posts(&sim), 1);
	poster_tally(d->poster, &confirmed, &open);
	assert_int_equal(confirmed, 0);
	sim_stop(&sim);
}

static const struct fake_route lost_answer[] = {
        {"GET /config", {CONFIG_5}},
        {"POST /gradio_api/call/submit_results ", {""}},
        {0},
};

static void unknown_is_not_posted_twice(void **state)
{
	struct desk *d = *state;
	struct fake k;
	fake_start(&k, lost_answer, NULL, NULL);
	start(d, 10, 10000, 1000);
	submit(d, k.url, 0);
	finish(d);
	/* another one passes through the thread: had the first come back, it would have been first */
	submit(d, k.url, 1);
	finish(d);
	fake_stop(&k);
	assert_string_equal(states(d, 0), "aU");
	assert_string_equal(states(d, 1), "aU");
	assert_int_equal(atomic_load(&k.hits[1]), 2);
}

struct witness {
	const char *dir;
	bool posted, attempted, sent;
};

static void look_at_journal(void *ctx, const char *request)
{
	struct witness *w = ctx;
	if (strncmp(request, "POST ", 5) != 0)
		return;
	w->posted = true;
	w->attempted = journal_has(w->dir, "\"attempted\"");
	w->sent = journal_has(w->dir, "\"sent\"");
}

static void attempt_is_on_disk_before_the_post(void **state)
{
	struct desk *d = *state;
	struct witness w = {.dir = d->dir};
	struct fake k;
	fake_start(&k, lost_answer, look_at_journal, &w);
	start(d, 10, 10000, 1000);
	submit(d, k.url, 0);
	finish(d);
	fake_stop(&k);
	assert_true(w.posted && w.attempted && !w.sent);
}

static void nothing_leaves_while_the_disk_refuses(void **state)
{
	struct desk *d = *state;
	struct sim_process sim;
	struct rlimit before, none;
	sim_start(&sim, (const char *const[]){"--time-scale", "20", NULL});
	start(d, 50, 60000, 10000);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	submit(d, sim.url, 0);
	const struct ev_post_changed *p = await_state(d, 0, POST_WAITING);
	assert_non_null(strstr(p->text, "not posted while the disk"));
	assert_int_equal(sim_posts(&sim), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	finish(d);
	assert_int_equal(last(d, 0)->state, POST_CONFIRMED);
	assert_int_equal(sim_posts(&sim), 1);
	sim_stop(&sim);
}

static void patience_ends(void **state)
{
	struct desk *d = *state;
	char url[64];
	dead_url(url, sizeof url);
	start(d, 20, 300, 1000);
	submit(d, url, 0);
	finish(d);
	assert_string_equal(states(d, 0), "w");
	assert_non_null(strstr(last(d, 0)->text, "given up for now, it can be posted later"));
	assert_true(last(d, 0)->attempt > 1);
}

static void giving_up_ends_the_waiting(void **state)
{
	struct desk *d = *state;
	char url[64];
	dead_url(url, sizeof url);
	start(d, 60000, 600000, 1000);
	submit(d, url, 0);
	await_state(d, 0, POST_WAITING);
	assert_int_equal(poster_wait(d->poster, 50, NULL), 1);
	poster_give_up_waiting(d->poster);
	assert_int_equal(poster_wait(d->poster, 1000, NULL), 0);
	/* a later one is tried once */
	submit(d, url, 1);
	finish(d);
	assert_string_equal(states(d, 1), "w");
	assert_int_equal(last(d, 1)->attempt, 1);
	assert_non_null(strstr(last(d, 1)->text, "cannot be reached"));
}

static const struct fake_route silent_board[] = {
        {"GET /config", {CONFIG_5}},
        {"POST /gradio_api/call/submit_results ", {QUEUED}},
        {"GET /gradio_api/call/submit_results/e1 ", {"+" SSE_HEAD "event: heartbeat\ndata: null\n\n"}},
        {0},
};

static void stop_in_mid_follow_is_unknown(void **state)
{
	struct desk *d = *state;
	struct fake k;
	fake_start(&k, silent_board, NULL, NULL);
	start(d, 60000, 600000, 60000);
	submit(d, k.url, 0);
	submit(d, k.url, 1); /* never tried */
	await_hits(&k, 2, 1);
	int64_t began = clock_mono_ns();
	poster_stop(d->poster);
	d->poster = NULL;
	assert_true(clock_mono_ns() - began < 10 * CLOCK_NS_PER_S);
	assert_int_equal(scribe_sync(d->scribe, 5000, NULL), 0);
	collect(d);
	fake_stop(&k);
	assert_string_equal(states(d, 0), "asU");
	assert_string_equal(last(d, 0)->event_id, "e1");
	assert_string_equal(states(d, 1), "w");
	assert_int_equal(atomic_load(&k.hits[1]), 1);
}

static void forgetting_ends_what_is_open(void **state)
{
	struct desk *d = *state;
	struct fake k;
	struct sim_process sim;
	int confirmed, open;
	fake_start(&k, silent_board, NULL, NULL);
	start(d, 60000, 600000, 60000);
	submit(d, k.url, 0);
	submit(d, k.url, 1);
	await_hits(&k, 2, 1);
	poster_forget(d->poster);
	poster_tally(d->poster, &confirmed, &open);
	assert_int_equal(open, 0);
	fake_stop(&k);
	/* and the next run posts as ever */
	sim_start(&sim, (const char *const[]){"--time-scale", "20", NULL});
	submit(d, sim.url, 7);
	finish(d);
	assert_string_equal(states(d, 0), "asU");
	assert_string_equal(states(d, 1), "w");
	assert_string_equal(states(d, 7), "asC");
	sim_stop(&sim);
}

static void a_cell_is_posted_once_at_a_time(void **state)
{
	struct desk *d = *state;
	struct fake k;
	struct err e = {0};
	fake_start(&k, silent_board, NULL, NULL);
	start(d, 60000, 600000, 60000);
	submit(d, k.url, 0);
	struct post_job job = job_for(k.url, 0);
	assert_int_equal(poster_submit(d->poster, &job, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "already"));
	for (int i = 1; i < 256; i++)
		submit(d, k.url, i);
	job.cell = 256;
	assert_int_equal(poster_submit(d->poster, &job, &e), ERR_LIMIT);
	fake_stop(&k);
}

static void waiting_obeys_the_cancel(void **state)
{
	struct desk *d = *state;
	struct cancel cancel;
	char url[64];
	dead_url(url, sizeof url);
	start(d, 60000, 600000, 1000);
	submit(d, url, 0);
	await_state(d, 0, POST_WAITING);
	assert_int_equal(cancel_open(&cancel, NULL), 0);
	cancel_raise(&cancel, CANCEL_NOW);
	assert_int_equal(poster_wait(d->poster, DEADLINE_S * 1000, &cancel), 1);
	cancel_close(&cancel);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(board_confirms),
	        TEST(several_go_one_after_another),
	        TEST(asleep_then_awake),
	        TEST(board_says_when),
	        TEST(refused_is_final),
	        TEST(unknown_is_not_posted_twice),
	        TEST(attempt_is_on_disk_before_the_post),
	        TEST(nothing_leaves_while_the_disk_refuses),
	        TEST(patience_ends),
	        TEST(giving_up_ends_the_waiting),
	        TEST(stop_in_mid_follow_is_unknown),
	        TEST(forgetting_ends_what_is_open),
	        TEST(a_cell_is_posted_once_at_a_time),
	        TEST(waiting_obeys_the_cancel),
	};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	int rc = cmocka_run_group_tests_name("post_poster", tests, NULL, NULL);
	curl_global_cleanup();
	return rc;
}
