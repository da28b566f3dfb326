/* benchtop-sim as a child process, for unit tests: started on a free port, stopped by SIGTERM. The binary is named by
 * BENCHTOP_SIM, else build/release/benchtop-sim; without it the test is skipped with a message. */
#ifndef BENCHTOP_TEST_SERVER_SIM_H
#define BENCHTOP_TEST_SERVER_SIM_H
#include "../../engine/base/clock.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

struct sim_process {
	pid_t pid;
	char url[128];
	char log[512];
};

static inline const char *sim_binary(void)
{
	const char *path = getenv("BENCHTOP_SIM");
	return path && *path ? path : "build/release/benchtop-sim";
}

/* One line of fd, with a deadline. */
static inline bool sim_read_line(int fd, char *line, size_t cap)
{
	int64_t end = clock_mono_ns() + 20 * CLOCK_NS_PER_S;
	size_t len = 0;
	while (len + 1 < cap && clock_mono_ns() < end) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, 100) <= 0)
			continue;
		if (read(fd, line + len, 1) != 1)
			break;
		if (line[len] == '\n') {
			line[len] = '\0';
			return true;
		}
		len++;
	}
	return false;
}

/* Skips the test when there is no simulator. extra: arguments, ended by NULL. */
static inline void sim_start(struct sim_process *s, const char *const *extra)
{
	char *argv[32] = {(char *)sim_binary(), "--port", "0"};
	char line[1024], log[] = "/tmp/benchtop-test-XXXXXX";
	int n = 3, out[2], fd = mkstemp(log);
	memset(s, 0, sizeof *s);
	assert_true(fd >= 0);
	close(fd);
	argv[n++] = "--log";
	argv[n++] = log;
	for (; *extra; extra++)
		argv[n++] = (char *)*extra;
	if (access(argv[0], X_OK) != 0) {
		unlink(log);
		print_message("no simulator at %s: skipped (make benchtop-sim, or set BENCHTOP_SIM)\n", argv[0]);
		skip();
	}
	assert_int_equal(pipe(out), 0);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_addclose(&actions, out[0]);
	int rc = posix_spawn(&s->pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	assert_int_equal(rc, 0);
	assert_true(sim_read_line(out[0], line, sizeof line));
	close(out[0]);
	assert_int_equal(sscanf(line, "ready %127s log=%511s", s->url, s->log), 2);
}

static inline void sim_stop(struct sim_process *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		waitpid(s->pid, NULL, 0);
	}
	if (s->log[0])
		unlink(s->log);
	s->pid = 0;
	s->log[0] = '\0';
}

#endif
