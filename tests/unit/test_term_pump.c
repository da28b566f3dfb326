/* The pump against a pseudo terminal whose other side reads, does not read, or is closed. */
#include "../../engine/base/clock.h"
#include "../../tui/term/pump.h"
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define LARGE (1024 * 1024) /* more than any pseudo terminal holds */

struct fixture {
	int master, slave;
	struct pump *p;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct termios raw;

	f->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (f->master < 0 || grantpt(f->master) < 0 || unlockpt(f->master) < 0)
		return -1;
	f->slave = open(ptsname(f->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (f->slave < 0 || tcgetattr(f->slave, &raw) < 0)
		return -1;
	cfmakeraw(&raw);
	tcsetattr(f->slave, TCSANOW, &raw);
	*state = f;
	return pump_open(&f->p, f->slave, NULL);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pump_close(f->p);
	if (f->master >= 0)
		close(f->master);
	close(f->slave);
	free(f);
	return 0;
}

static char *pattern(size_t n)
{
	char *s = malloc(n);

	assert_non_null(s);
	for (size_t i = 0; i < n; i++)
		s[i] = (char)('a' + i % 23);
	return s;
}

static void read_all(int fd, char *out, size_t n)
{
	for (size_t have = 0; have < n;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, 10000), 1);
		ssize_t r = read(fd, out + have, n - have);
		assert_true(r > 0);
		have += (size_t)r;
	}
}

static void test_carries_in_order(void **state)
{
	struct fixture *f = *state;
	char *text = pattern(LARGE), *got = malloc(LARGE);

	assert_non_null(got);
	/* In pieces, some while the thread writes the earlier ones. */
	for (size_t at = 0; at < LARGE; at += LARGE / 16)
		assert_true(pump_put(f->p, text + at, LARGE / 16));
	read_all(f->master, got, LARGE);
	assert_memory_equal(text, got, LARGE);
	assert_true(pump_drain(f->p, 10000));
	assert_int_equal(pump_pending(f->p, false), 0);
	assert_int_equal(pump_stuck_ns(f->p), 0);
	free(text);
	free(got);
}

/* Nothing of this may wait: the reader never comes. */
static void test_stuck(void **state)
{
	struct fixture *f = *state;
	char *text = pattern(LARGE);

	assert_int_equal(pump_stuck_ns(f->p), 0);
	assert_true(pump_put(f->p, text, LARGE));
	assert_false(pump_drain(f->p, 50));
	assert_true(pump_pending(f->p, true) > 0);
	assert_true(pump_stuck_ns(f->p) > 0);
	assert_false(pump_broken(f->p));
	/* It has room for a few repaints, not for ever more. */
	int n = 0;
	while (n < 100 && pump_put(f->p, text, LARGE))
		n++;
	assert_in_range(n, 1, PUMP_MAX / LARGE);
	pump_close(f->p); /* in the middle of a write */
	f->p = NULL;
	free(text);
}

static void test_tells_when_empty(void **state)
{
	struct fixture *f = *state;
	char *text = pattern(LARGE), *got = malloc(LARGE);
	struct pollfd p = {.fd = pump_fd(f->p), .events = POLLIN};

	assert_non_null(got);
	assert_true(pump_put(f->p, text, LARGE));
	assert_true(pump_pending(f->p, true) > 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	read_all(f->master, got, LARGE);
	assert_int_equal(poll(&p, 1, 10000), 1);
	pump_fd_clear(f->p);
	assert_int_equal(poll(&p, 1, 0), 0);
	/* Nobody asked: nobody is woken. */
	assert_true(pump_put(f->p, text, 100));
	read_all(f->master, got, 100);
	assert_true(pump_drain(f->p, 10000));
	assert_int_equal(poll(&p, 1, 0), 0);
	free(text);
	free(got);
}

static void test_gone(void **state)
{
	struct fixture *f = *state;
	char *text = pattern(LARGE);
	struct pollfd p = {.fd = pump_fd(f->p), .events = POLLIN};

	assert_true(pump_put(f->p, text, LARGE));
	close(f->master);
	f->master = -1;
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true(pump_broken(f->p));
	assert_false(pump_put(f->p, text, 1));
	assert_false(pump_drain(f->p, 10000));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_carries_in_order, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_stuck, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_tells_when_empty, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
