#include "keeper.h"

#include "../engine/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define STRAY_MAX  (256 * 1024) /* of what libraries print; more is refused to them */
#define STRAY_SHOW 8192         /* of its end is shown */

struct held { /* by the keeper */
	struct keeper *k;
	struct termios saved;
	bool have;
};

static pid_t child = -1;

/* Mouse modes and bracketed paste off, cursor keys and keypad as usual, attributes off, cursor on, main screen: before the
 * settings of the line discipline, so that nothing that is still on its way is echoed. */
static const char reset[] =
        "\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?1l\033>\033(B\033[0m\033[?25h\033[?1049l\r";
/* Emptied, for terminals that have no stack of titles, then as it was. */
static const char title_reset[] = "\033]2;\033\\\033[23;2t";

static void forward(int sig)
{
	int saved = errno;

	if (child > 0)
		kill(child, sig);
	errno = saved;
}

static bool put(const char *text, size_t n)
{
	while (n > 0) {
		ssize_t r = write(STDOUT_FILENO, text, n);
		if (r < 0 && errno != EINTR)
			return false;
		text += r > 0 ? r : 0;
		n -= r > 0 ? (size_t)r : 0;
	}
	return true;
}

/* What the child left behind. A terminal that takes no bytes holds us here until it does, or is closed: only then can it be
 * brought in order. */
static void restore(const struct held *h)
{
	const struct term_shared *s = h->k->shared;

	if (s && atomic_load(&s->opened) && !put(reset, sizeof reset - 1))
		return;
	if (s && atomic_load(&s->titled) && !put(title_reset, sizeof title_reset - 1))
		return;
	if (h->have)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &h->saved);
}

/* What libraries printed over the time of the screen: sanitizers and asserts have their last word here. */
static void show_stray(int fd)
{
	static char raw[STRAY_SHOW], line[1024];
	off_t end = fd >= 0 ? lseek(fd, 0, SEEK_CUR) : 0;

	if (end <= 0)
		return;
	off_t from = end > STRAY_SHOW ? end - STRAY_SHOW : 0;
	ssize_t n = pread(fd, raw, (size_t)(end - from), from);
	for (ssize_t i = 0; i < n;) {
		const char *nl = memchr(raw + i, '\n', (size_t)(n - i));
		size_t len = nl ? (size_t)(nl - (raw + i)) : (size_t)(n - i);
		text_clean(line, sizeof line, raw + i, len);
		if (line[0])
			fprintf(stderr, "%s\n", line);
		i += (ssize_t)len + 1;
	}
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

static void parent(int fd, const struct held *h)
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
	size_t n = listen_to(fd, text, sizeof text);
	if (n > 0) {
		/* From here on SIGTERM means this process alone: the run has left. */
		sa.sa_handler = SIG_DFL;
		sigaction(SIGTERM, &sa, NULL);
		restore(h);
		show_stray(h->k->stray_fd);
		put(text, n);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	bool unclean = h->k->shared && atomic_load(&h->k->shared->opened);
	restore(h);
	show_stray(h->k->stray_fd);
	if (WIFSIGNALED(status)) {
		fprintf(stderr,
		        "benchtop: the dashboard was ended by signal %d (%s); what was measured is in the run directory, `benchtop results` lists it\n",
		        WTERMSIG(status), strsignal(WTERMSIG(status)));
		_exit(128 + WTERMSIG(status));
	}
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
	if (unclean && status != 0)
		fprintf(stderr, "benchtop: the dashboard ended with status %d before it could close its screen\n",
		        status);
	_exit(status);
}

/* A file in memory of a fixed size: who writes beyond it gets an error. Both processes share its position. */
static int open_stray(void)
{
	int fd = memfd_create("benchtop-stray", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, STRAY_MAX) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static struct term_shared *open_shared(void)
{
	void *at = mmap(NULL, sizeof(struct term_shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int keeper_start(struct keeper *k, struct err *e)
{
	struct held h = {.k = k};
	int fds[2];

	h.have = tcgetattr(STDIN_FILENO, &h.saved) == 0;
	k->fd = -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, ERR_IO, errno, "a pipe cannot be made");
	k->shared = open_shared();
	k->stray_fd = open_stray();
	if (!k->shared)
		return err_set(e, ERR_NOMEM, "out of memory");
	fflush(NULL);
	child = fork();
	if (child < 0) {
		close(fds[0]);
		close(fds[1]);
		return err_sys(e, ERR_IO, errno, "a process cannot be started");
	}
	if (child > 0) {
		close(fds[1]);
		parent(fds[0], &h);
	}
	close(fds[0]);
	k->fd = fds[1];
	return 0;
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
