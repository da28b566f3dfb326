/* The mailbox: order, latest-wins slots, overflow, and many writers. */
#include "../../engine/base/mailbox.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
/* after the headers it needs */
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

struct msg {
	int who, n;
};

static bool readable(struct mailbox *m)
{
	struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};
	return poll(&p, 1, 0) == 1;
}

static void order_and_slots(void **state)
{
	(void)state;
	struct mailbox *m;
	struct msg got;
	assert_int_equal(mailbox_open(&m, sizeof(struct msg), 4, 3, NULL), 0);
	assert_false(readable(m));
	assert_false(mailbox_take(m, &got));
	for (int round = 0; round < 5; round++) { /* several times around the ring */
		assert_true(mailbox_put(m, &(struct msg){1, 10}, 2));
		assert_true(mailbox_put(m, &(struct msg){0, 1}, -1));
		assert_true(mailbox_put(m, &(struct msg){1, 11}, 0));
		assert_true(mailbox_put(m, &(struct msg){1, 12}, 2));
		assert_true(mailbox_put(m, &(struct msg){0, 2}, -1));
		assert_true(mailbox_put(m, &(struct msg){0, 3}, -1));
		assert_true(readable(m));
		mailbox_drain_fd(m);
		static const int want[] = {1, 2, 3, 11, 12};
		for (size_t i = 0; i < 5; i++) {
			assert_true(mailbox_take(m, &got));
			assert_int_equal(got.n, want[i]);
		}
		assert_false(mailbox_take(m, &got));
		assert_false(readable(m));
	}
	mailbox_close(m);
}

static void overflow_is_told_once(void **state)
{
	(void)state;
	struct mailbox *m;
	struct msg got;
	assert_int_equal(mailbox_open(&m, sizeof(struct msg), 2, 1, NULL), 0);
	assert_true(mailbox_put(m, &(struct msg){0, 1}, -1));
	assert_true(mailbox_put(m, &(struct msg){0, 2}, -1));
	assert_false(mailbox_overflowed(m));
	mailbox_drain_fd(m);
	assert_false(mailbox_put(m, &(struct msg){0, 3}, -1));
	assert_true(readable(m));                            /* the reader learns of it */
	assert_true(mailbox_put(m, &(struct msg){0, 4}, 0)); /* progress still passes */
	assert_true(mailbox_overflowed(m));
	assert_false(mailbox_overflowed(m));
	static const int want[] = {1, 2, 4};
	for (size_t i = 0; i < 3; i++) {
		assert_true(mailbox_take(m, &got));
		assert_int_equal(got.n, want[i]);
	}
	assert_false(mailbox_put(m, &(struct msg){0, 5}, 7)); /* no such slot: not an overflow of the list */
	assert_false(mailbox_overflowed(m));
	mailbox_close(m);
}

static void nonsense_sizes_are_refused(void **state)
{
	(void)state;
	struct mailbox *m;
	struct err e = {0};
	assert_int_equal(mailbox_open(&m, 0, 1, 0, &e), ERR_LIMIT);
	assert_int_equal(mailbox_open(&m, 1000, SIZE_MAX / 2, 0, &e), ERR_LIMIT);
	assert_null(m);
	mailbox_close(NULL);
}

#define WRITERS  4
#define MESSAGES 20000

struct writer {
	struct mailbox *m;
	int who;
	int dropped;
};

static void *write_many(void *arg)
{
	struct writer *w = arg;
	for (int i = 0; i < MESSAGES; i++) {
		w->dropped += !mailbox_put(w->m, &(struct msg){w->who, i}, -1);
		mailbox_put(w->m, &(struct msg){w->who, i}, w->who);
	}
	return NULL;
}

static void many_writers_keep_their_order(void **state)
{
	(void)state;
	struct mailbox *m;
	assert_int_equal(mailbox_open(&m, sizeof(struct msg), WRITERS * MESSAGES, WRITERS, NULL), 0);
	struct writer w[WRITERS];
	pthread_t t[WRITERS];
	for (int i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){m, i, 0};
		assert_int_equal(pthread_create(&t[i], NULL, write_many, &w[i]), 0);
	}
	int next[WRITERS] = {0}, ended = 0, rounds = 0;
	struct msg got;
	while (ended < WRITERS && rounds++ < 1000000) {
		struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};
		assert_int_equal(poll(&p, 1, 60000), 1);
		mailbox_drain_fd(m);
		while (mailbox_take(m, &got)) {
			assert_true(got.who >= 0 && got.who < WRITERS);
			if (got.n >= next[got.who]) { /* else: an older one from the slot */
				assert_true(got.n == next[got.who] || next[got.who] == MESSAGES);
				next[got.who]++;
			}
			ended = 0;
			for (int i = 0; i < WRITERS; i++)
				ended += next[i] == MESSAGES;
		}
	}
	assert_int_equal(ended, WRITERS);
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(t[i], NULL);
		assert_int_equal(w[i].dropped, 0);
	}
	assert_false(mailbox_overflowed(m));
	mailbox_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(order_and_slots),
	        cmocka_unit_test(overflow_is_told_once),
	        cmocka_unit_test(nonsense_sizes_are_refused),
	        cmocka_unit_test(many_writers_keep_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
