/* LD_PRELOAD shim: while the file named by FULLDISK_FLAG exists, writes to files whose path contains FULLDISK_PATH (a part of
 * the path, "events.jsonl" when unset) fail with ENOSPC. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int full(int fd)
{
	const char *flag = getenv("FULLDISK_FLAG"), *part = getenv("FULLDISK_PATH");
	char link[64], path[1024];

	if (!flag || access(flag, F_OK) != 0)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return 0;
	path[n] = '\0';
	return strstr(path, part ? part : "events.jsonl") != NULL;
}

ssize_t write(int fd, const void *data, size_t len)
{
	ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");

	if (full(fd)) {
		errno = ENOSPC;
		return -1;
	}
	return real(fd, data, len);
}
