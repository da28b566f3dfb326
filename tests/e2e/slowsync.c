/* LD_PRELOAD shim: every fsync and fdatasync takes SLOWSYNC_MS (200) longer, as a loaded network disk does; calls are
 * counted in the file named by SLOWSYNC_COUNT, so that a test can tell that it was in the way at all. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void slow(void)
{
	const char *ms = getenv("SLOWSYNC_MS"), *count = getenv("SLOWSYNC_COUNT");
	long n = ms ? atol(ms) : 200;
	struct timespec t = {.tv_sec = n / 1000, .tv_nsec = n % 1000 * 1000000};

	if (count) {
		int fd = open(count, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (fd >= 0) {
			if (write(fd, ".", 1) < 0)
				close(fd);
			else
				close(fd);
		}
	}
	nanosleep(&t, NULL);
}

int fsync(int fd);
int fdatasync(int fd);

int fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

	slow();
	return real(fd);
}

int fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	slow();
	return real(fd);
}
