#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static pid_t child = -1;

/* Mouse modes and bracketed paste off, attributes off, cursor on, main screen: in this order, before the settings of the
 * line discipline, so that nothing that is still on its way is echoed. */
static const char reset[] = "\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?1l\033>\033[0m\033[?25h\033[?1049l\r";

static void forward(int sig)
{
	int saved = errno;

	if (child > 0)
		kill(child, sig);
	errno = saved;
}

static void restore(const struct termios *saved, bool have, bool hard)
{
	if (hard && write(STDOUT_FILENO, reset, sizeof reset - 1) < 0)
		return;
	if (have)
		tcsetattr(STDIN_FILENO, TCSADRAIN, saved);
}

/* Reads what the child says: the sentence to leave behind, when it detaches. Returns its length, 0 when the child ended. */
static size_t listen_to(int fd, char *text, size_t cap)
{
	size_t n = 0;

	while (n < cap - 1) {
		ssize_t r = read(fd, text + n, cap - 1 - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += (size_t)r;
		if (memchr(text, '\n', n))
			break;
	}
	text[n] = '\0';
	return n;
}

static void parent(int fd, const struct termios *saved, bool have)
{
	char text[700];
	int status = 0;
	struct sigaction sa = {.sa_handler = SIG_IGN};

	/* Keys go to the child; a hang-up is the child's to answer. */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGTSTP, &sa, NULL);
	sigaction(SIGTTOU, &sa, NULL);
	sa.sa_handler = forward;
	sigaction(SIGTERM, &sa, NULL);
	bool closed = false;
	for (size_t n; (n = listen_to(fd, text, sizeof text)) > 0;) {
		if (n == 1) { /* a bare newline: the child closed the screen itself */
			closed = true;
			continue;
		}
		restore(saved, have, !closed);
		if (write(STDOUT_FILENO, text, n) < 0)
			_exit(0);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		restore(saved, have, true);
		fprintf(stderr,
			"benchtop: the dashboard was ended by signal %d (%s); what was measured is in the run directory, `benchtop results` lists it\n",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
		_exit(128 + WTERMSIG(status));
	}
	restore(saved, have, !closed);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
}

int keeper_start(struct keeper *k, struct err *e)
{
	struct termios saved;
	bool have = tcgetattr(STDIN_FILENO, &saved) == 0;
	int fds[2];

	k->fd = -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, ERR_IO, errno, "a pipe cannot be made");
	fflush(NULL);
	child = fork();
	if (child < 0) {
		close(fds[0]);
		close(fds[1]);
		return err_sys(e, ERR_IO, errno, "a process cannot be started");
	}
	if (child > 0) {
		close(fds[1]);
		parent(fds[0], &saved, have);
	}
	close(fds[0]);
	k->fd = fds[1];
	return 0;
}

void keeper_closed(struct keeper *k)
{
	if (k->fd >= 0 && write(k->fd, "\n", 1) < 0)
		k->fd = -1;
}

void keeper_detach(struct keeper *k, const char *sentence, const char *log_path)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = log_path && log_path[0] ? open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;

	if (k->fd >= 0) {
		char text[690];
		int n = snprintf(text, sizeof text - 1, "%s", sentence);
		if (n < 0)
			n = 0;
		if ((size_t)n > sizeof text - 2)
			n = (int)sizeof text - 2;
		text[n] = '\n';
		if (write(k->fd, text, (size_t)n + 1) < 0)
			k->fd = -1;
	}
	setsid();
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(log >= 0 ? log : null, STDOUT_FILENO);
	dup2(log >= 0 ? log : null, STDERR_FILENO);
	if (log >= 0)
		close(log);
	if (null > STDERR_FILENO)
		close(null);
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}
