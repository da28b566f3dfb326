#include "demo.h"

#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/tokenizer/tokenizer.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_TIMEOUT_MS 10000

static bool find_sim(char *out, size_t cap)
{
	char self[480];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n > 0) {
		self[n] = '\0';
		char *slash = strrchr(self, '/');
		if (slash) {
			*slash = '\0';
			if (path_join(out, cap, self, "benchtop-sim") && access(out, X_OK) == 0)
				return true;
		}
	}
	return text_set(out, cap, "benchtop-sim");
}

int demo_results_dir(char *out, size_t cap, struct err *e)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (!base || !base[0])
		base = "/tmp";
	int n = snprintf(out, cap, "%s/benchtop-demo-%u", base, (unsigned)getuid());
	if (n < 0 || (size_t)n >= cap)
		return err_set(e, ERR_USAGE, "XDG_RUNTIME_DIR is too long");
	if (mkdir(out, 0700) < 0 && errno != EEXIST)
		return err_sys(e, ERR_IO, errno, "the demo's directory %s cannot be made", out);
	/* /tmp is everybody's: a directory that somebody else prepared is not used. */
	if (lstat(out, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid())
		return err_set(e, ERR_IO, "%s is not a directory of yours: remove it, or give --results-dir DIR", out);
	return 0;
}

/* tokenizer: empty = none */
static void child_exec(const char *path, int fd, pid_t parent, char *tokenizer)
{
	char *argv[] = {(char *)"benchtop-sim", tokenizer[0] ? (char *)"--tokenizer" : NULL, tokenizer, NULL};

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	/* Keys of the terminal are not for it. */
	setpgid(0, 0);
	int null = open("/dev/null", O_RDWR);
	dup2(fd, STDOUT_FILENO);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDERR_FILENO);
	}
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (strchr(path, '/'))
		execv(path, argv);
	else
		execvp(path, argv);
	_exit(127);
}

/* "ready http://127.0.0.1:PORT log=FILE" */
static int read_ready(int fd, struct settings *s, struct err *e)
{
	char text[700];
	size_t n = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int rc = poll(&p, 1, READY_TIMEOUT_MS);
		if (rc < 0 && errno == EINTR)
			continue;
		ssize_t r = rc > 0 ? read(fd, text + n, sizeof text - 1 - n) : 0;
		if (r <= 0)
			return err_set(e, ERR_IO,
			        "the simulated server benchtop-sim did not start: build it with `make demo`, or install it beside benchtop");
		n += (size_t)r;
		text[n] = '\0';
		char *end = strchr(text, '\n');
		if (!end && n < sizeof text - 1)
			continue;
		if (end)
			*end = '\0';
		break;
	}
	char *url = strstr(text, "http://"), *log = strstr(text, " log=");
	if (strncmp(text, "ready ", 6) != 0 || !url || !log)
		return err_set(e, ERR_IO, "benchtop-sim said something unexpected instead of being ready");
	*log = '\0';
	if (!text_set(s->base_url, sizeof s->base_url, url) || !text_set(s->leaderboard, sizeof s->leaderboard, url) ||
	        !text_set(s->result_base_url, sizeof s->result_base_url, url) ||
	        !text_set(s->server_log, sizeof s->server_log, log + 5))
		return err_set(e, ERR_IO, "benchtop-sim names a path that is too long");
	return 0;
}

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

/* The simulated server shall count text as the run does; with a tokenizer that cannot be read the run says so itself. */
static void find_tokenizer(const struct settings *s, char *out, size_t cap)
{
	struct tokenizer *t = NULL;

	out[0] = '\0';
	if ((s->prompts_given && s->prompts == PROMPTS_IDS) ||
	        tokenizer_find(s->tokenizer, s->model, variable, NULL, out, cap, NULL) <= 0 ||
	        tokenizer_open(&t, out, NULL) < 0)
		out[0] = '\0';
	tokenizer_close(t);
}

int demo_start(struct demo *d, struct settings *s, struct err *e)
{
	char path[512], tokenizer[512];
	int fds[2];
	pid_t parent = getpid();

	d->pid = 0;
	find_sim(path, sizeof path);
	find_tokenizer(s, tokenizer, sizeof tokenizer);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, ERR_IO, errno, "a pipe cannot be made");
	pid_t pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return err_sys(e, ERR_IO, errno, "the simulated server cannot be started");
	}
	if (pid == 0)
		child_exec(path, fds[1], parent, tokenizer);
	close(fds[1]);
	d->pid = pid;
	int rc = read_ready(fds[0], s, e);
	close(fds[0]);
	if (rc < 0)
		demo_stop(d);
	return rc;
}

void demo_stop(struct demo *d)
{
	if (d->pid <= 0)
		return;
	kill(d->pid, SIGTERM);
	while (waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
		;
	d->pid = 0;
}
