/* What the post tests share: a simulated board as a process, and a scripted board in a thread for what the simulated one
 * does not do (any bytes, answers cut anywhere). Included after cmocka.h; functions are static, some unused.
 */
#ifndef TEST_POST_UTIL_H
#define TEST_POST_UTIL_H
#include "../../engine/base/clock.h"
#include "../../engine/net/fetch.h"
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

extern char **environ;

/* ---- benchtop-sim ---- */

struct sim_process {
	pid_t pid;
	char url[64];
	char log[64];
};

static UNUSED void sim_stop(struct sim_process *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		waitpid(s->pid, NULL, 0);
		unlink(s->log);
	}
	s->pid = 0;
}

/* more: further arguments, NULL-terminated. */
static UNUSED void sim_start(struct sim_process *s, const char *const *more)
{
	const char *path = getenv("BENCHTOP_SIM");
	int fds[2];
	char line[512] = "";
	size_t n = 0;
	memset(s, 0, sizeof *s);
	snprintf(s->log, sizeof s->log, "/tmp/test-post-XXXXXX");
	int log_fd = mkstemp(s->log);
	assert_true(log_fd >= 0);
	close(log_fd);
	const char *argv[24] = {path ? path : "build/release/benchtop-sim", "--port", "0", "--log", s->log};
	for (int i = 5; more && *more && i < 23; i++)
		argv[i] = *more++;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
	int rc = posix_spawn(&s->pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	if (rc)
		fail_msg("cannot start %s: %s", argv[0], strerror(rc));
	while (n < sizeof line - 1 && !memchr(line, '\n', n)) {
		ssize_t got = read(fds[0], line + n, sizeof line - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fds[0]);
	if (sscanf(line, "ready %63s", s->url) != 1)
		fail_msg("%s did not start: %s", argv[0], line);
}

/* Posts that reached the application, as the simulator counted them. */
static UNUSED int sim_posts(const struct sim_process *s)
{
	char url[128];
	struct fetch_result r;
	struct err e = {0};
	cJSON *json = NULL;
	snprintf(url, sizeof url, "%s/sim/record", s->url);
	struct fetch f = {.url = url};
	if (fetch_run(&f, &r, &e) < 0 || json_parse(buf_text(&r.body), r.body.len, 32, &json, &e) < 0)
		fail_msg("%s", e.text);
	int n = cJSON_GetArraySize(json_get(json, "posts"));
	cJSON_Delete(json);
	fetch_result_free(&r);
	return n;
}

/* ---- a scripted board ---- */

#define FAKE_ANSWERS 6
#define JSON_HEAD    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define SSE_HEAD     "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"
#define CONFIG_5     JSON_HEAD "{\"version\":\"5.49.1\",\"api_prefix\":\"/gradio_api\",\"dependencies\":[]}"
#define QUEUED       JSON_HEAD "{\"event_id\":\"e1\"}"

struct fake_route {
	const char *start; /* "POST /gradio_api/call/" */
	const char *
	        answers[FAKE_ANSWERS]; /* the n-th request gets the n-th, later ones the last; "" closes without a word,
	                                    * a text that begins with '+' is followed by silence instead of a close */
};

struct fake {
	int fd, stop_fd[2];
	char url[64];
	pthread_t thread;
	const struct fake_route *routes; /* ends with start NULL */
	atomic_int hits[8];
	void (*on_request)(void *ctx, const char *request); /* before the answer, in the fake's thread */
	void *ctx;
	char last[4096]; /* the last request; read after fake_stop or when hits say so */
	int held[16], n_held;
};

/* Head and body; false when the peer went away or the fake stops. */
static bool fake_read(struct fake *k, int fd, char *text, size_t cap)
{
	size_t n = 0;
	text[0] = '\0';
	for (;;) {
		char *end = strstr(text, "\r\n\r\n");
		const char *length = strcasestr(text, "content-length:");
		if (end &&
		        n >= (size_t)(end + 4 - text) + (length && length < end ? strtoul(length + 15, NULL, 10) : 0))
			return true;
		struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = k->stop_fd[0], .events = POLLIN}};
		if (n == cap - 1 || poll(p, 2, 10000) <= 0 || p[1].revents)
			return false;
		ssize_t got = read(fd, text + n, cap - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		text[n] = '\0';
	}
}

static void fake_answer(struct fake *k, int fd, const char *request)
{
	const char *answer = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
	                     "{\"detail\":\"Not Found\"}";
	for (int i = 0; k->routes[i].start; i++) {
		if (strncmp(request, k->routes[i].start, strlen(k->routes[i].start)) != 0)
			continue;
		int n = atomic_load(&k->hits[i]);
		while (n > 0 && (n >= FAKE_ANSWERS || !k->routes[i].answers[n]))
			n--;
		answer = k->routes[i].answers[n];
		if (k->on_request)
			k->on_request(k->ctx, request);
		atomic_fetch_add(&k->hits[i], 1);
		break;
	}
	bool hold = answer[0] == '+' && k->n_held < 16;
	answer += answer[0] == '+';
	for (size_t left = strlen(answer); left > 0;) {
		ssize_t n = send(fd, answer, left, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		answer += n;
		left -= (size_t)n;
	}
	if (hold)
		k->held[k->n_held++] = fd;
	else
		close(fd);
}

static void *fake_run(void *arg)
{
	struct fake *k = arg;
	for (;;) {
		struct pollfd p[2] = {{.fd = k->fd, .events = POLLIN}, {.fd = k->stop_fd[0], .events = POLLIN}};
		poll(p, 2, -1);
		if (p[1].revents)
			return NULL;
		int fd = accept4(k->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		if (fake_read(k, fd, k->last, sizeof k->last))
			fake_answer(k, fd, k->last);
		else
			close(fd);
	}
}

static UNUSED void fake_start(
        struct fake *k, const struct fake_route *routes, void (*on_request)(void *, const char *), void *ctx)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	memset(k, 0, sizeof *k);
	k->routes = routes;
	k->on_request = on_request;
	k->ctx = ctx;
	k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(k->fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(k->fd, 16), 0);
	assert_int_equal(getsockname(k->fd, (struct sockaddr *)&a, &len), 0);
	snprintf(k->url, sizeof k->url, "http://127.0.0.1:%d", ntohs(a.sin_port));
	assert_int_equal(pipe2(k->stop_fd, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&k->thread, NULL, fake_run, k), 0);
}

static UNUSED void fake_stop(struct fake *k)
{
	close(k->stop_fd[1]);
	pthread_join(k->thread, NULL);
	close(k->stop_fd[0]);
	close(k->fd);
	while (k->n_held > 0)
		close(k->held[--k->n_held]);
}

/* A URL on which nothing listens. */
static UNUSED void dead_url(char *out, size_t cap)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	snprintf(out, cap, "http://127.0.0.1:%d", ntohs(a.sin_port));
	close(fd);
}

#endif
