#include "file.h"
#include "clock.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

bool path_join(char *out, size_t cap, const char *dir, const char *name)
{
	if (name[0] == '/' || dir[0] == '\0')
		return text_set(out, cap, name);
	const char *between = dir[strlen(dir) - 1] == '/' ? "" : "/";
	int n = snprintf(out, cap, "%s%s%s", dir, between, name);
	return n >= 0 && (size_t)n < cap;
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

/* The directory part, "." when there is none. */
static bool path_dir(char *out, size_t cap, const char *path)
{
	size_t n = (size_t)(path_base(path) - path);
	if (n == 0)
		return text_set(out, cap, ".");
	if (n >= cap)
		return false;
	while (n > 1 && path[n - 1] == '/')
		n--;
	memcpy(out, path, n);
	out[n] = '\0';
	return true;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			return EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A rename is on disk only when the directory is. Some file systems cannot sync a directory: not a failure. */
int file_sync_dir(const char *path, struct err *e)
{
	char dir[PATH_MAX];
	if (!path_dir(dir, sizeof dir, path))
		return err_set(e, ERR_LIMIT, "the path is too long: %.200s", path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open the directory %s to sync it", dir);
	int rc = 0;
	if (fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP && errno != ENOSYS)
		rc = err_sys(e, ERR_IO, errno, "cannot sync the directory %s", dir);
	close(fd);
	return rc;
}

static int write_and_sync(int fd, const char *path, const void *data, size_t len, struct err *e)
{
	int errnum = write_all(fd, data, len);
	if (errnum)
		return err_sys(e, ERR_IO, errnum, "cannot write %s", path);
	if (fsync(fd) < 0)
		return err_sys(e, ERR_IO, errno, "cannot sync %s", path);
	return 0;
}

int file_write_atomic(const char *path, const void *data, size_t len, struct err *e)
{
	char tmp[PATH_MAX];
	int fd = -1;
	/* The pid tells processes apart, the number threads; a leftover of a dead process with our pid is stepped over. */
	for (int i = 0; i < 100 && fd < 0; i++) {
		int n = snprintf(tmp, sizeof tmp, "%s.%ld-%d.tmp", path, (long)getpid(), i);
		if (n < 0 || (size_t)n >= sizeof tmp)
			return err_set(e, ERR_LIMIT, "the path is too long: %.200s", path);
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 && errno != EEXIST)
			return err_sys(e, ERR_IO, errno, "cannot create %s", tmp);
	}
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot create %s: remove the old *.tmp files next to it", path);
	int rc = write_and_sync(fd, path, data, len, e);
	if (close(fd) < 0 && rc == 0)
		rc = err_sys(e, ERR_IO, errno, "cannot close %s", path);
	if (rc == 0 && rename(tmp, path) < 0)
		rc = err_sys(e, ERR_IO, errno, "cannot rename the finished file to %s", path);
	if (rc) {
		unlink(tmp);
		return rc;
	}
	return file_sync_dir(path, e);
}

/* Names of files that are open already, whatever they are. */
static bool is_descriptor(const char *path)
{
	static const char *const names[] = {"/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(path, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

int file_write_named(const char *path, const void *data, size_t len, struct err *e)
{
	struct stat st;
	bool there = stat(path, &st) == 0;
	if (there && S_ISDIR(st.st_mode))
		return err_sys(e, ERR_IO, EISDIR, "cannot write %s", path);
	if (there && S_ISREG(st.st_mode) && !is_descriptor(path)) {
		char *real = realpath(path, NULL);
		int rc = file_write_atomic(real ? real : path, data, len, e);
		free(real);
		return rc;
	}
	if (!there)
		return file_write_atomic(path, data, len, e);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open %s", path);
	int errnum = write_all(fd, data, len);
	if (close(fd) < 0 && !errnum)
		errnum = errno;
	return errnum ? err_sys(e, ERR_IO, errnum, "cannot write %s", path) : 0;
}

/* Like rename, but never onto an existing file. */
static int rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (file_exists(to))
		return EEXIST;
	return rename(from, to) == 0 ? 0 : errno;
}

int file_keep_old(const char *path, char *new_path, size_t cap, struct err *e)
{
	struct stat st;
	if (new_path && cap)
		new_path[0] = '\0';
	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, ERR_IO, errno, "cannot look at %s", path);
	}
	const char *base = path_base(path), *dot = strrchr(base, '.');
	const char *ext = dot && dot > base ? dot : base + strlen(base);
	char stamp[16], to[PATH_MAX];
	clock_stamp((int64_t)st.st_mtim.tv_sec * CLOCK_NS_PER_S, stamp);
	int errnum = EEXIST;
	for (int i = 1; i < 1000 && errnum == EEXIST; i++) {
		char number[16] = "";
		if (i > 1)
			snprintf(number, sizeof number, "_%d", i);
		int n = snprintf(to, sizeof to, "%.*s_%s%s%s", (int)(ext - path), path, stamp, number, ext);
		if (n < 0 || (size_t)n >= sizeof to || (new_path && (size_t)n >= cap))
			return err_set(e, ERR_LIMIT, "the path is too long to keep the old file: %.200s", path);
		errnum = rename_new(path, to);
	}
	if (errnum)
		return err_sys(e, ERR_IO, errnum, "cannot rename the old %s to %s", path, to);
	if (new_path)
		text_set(new_path, cap, to);
	return 0;
}

int file_read(const char *path, struct buf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open %s", path);
	int rc = 0;
	for (;;) {
		char chunk[65536];
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_sys(e, ERR_IO, errno, "cannot read %s", path);
		if (n <= 0)
			break;
		rc = buf_add(b, chunk, (size_t)n);
		if (rc == ERR_NOMEM)
			err_set(e, rc, "out of memory reading %s", path);
		else if (rc)
			err_set(e, rc, "%s is larger than %zu bytes, the most that is read of it", path, b->max);
		if (rc)
			break;
	}
	close(fd);
	return rc;
}

int file_mkdirs(const char *path, struct err *e)
{
	char part[PATH_MAX];
	if (!path[0])
		return err_set(e, ERR_USAGE, "an empty directory name");
	if (!text_set(part, sizeof part, path))
		return err_set(e, ERR_LIMIT, "the path is too long: %.200s", path);
	for (char *p = part + 1;; p++) {
		if (*p && *p != '/')
			continue;
		char was = *p;
		*p = '\0';
		struct stat st;
		/* An existing directory answers EEXIST, but on a read-only system or automounter something else. */
		if (mkdir(part, 0755) < 0 && (stat(part, &st) < 0 || !S_ISDIR(st.st_mode))) {
			int errnum = errno == 0 || file_exists(part) ? ENOTDIR : errno;
			return err_sys(e, ERR_IO, errnum, "cannot make the directory %s", part);
		}
		if (!was)
			return 0;
		*p = was;
	}
}

static long lock_read_pid(int fd)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	long pid = strtol(text, NULL, 10);
	return pid > 0 ? pid : 0;
}

/* A look by file_lock_held takes a shared lock for a moment, so one refusal proves nothing. */
static int lock_exclusive(int fd)
{
	for (int i = 0;; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return errno;
		if (i == 10)
			return EWOULDBLOCK;
		nanosleep(&(struct timespec){.tv_nsec = 10 * CLOCK_NS_PER_MS}, NULL);
	}
}

int file_lock(const char *path, int *fd_out, struct err *e)
{
	*fd_out = -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open the lock %s", path);
	int errnum = lock_exclusive(fd);
	if (errnum) {
		long pid = lock_read_pid(fd);
		close(fd);
		if (errnum != EWOULDBLOCK)
			return err_sys(e, ERR_IO, errnum, "cannot lock %s", path);
		return err_set(e, ERR_IO, "the run is alive: process %ld holds %s", pid, path);
	}
	char host[256] = "", text[320];
	if (gethostname(host, sizeof host - 1) < 0 || !host[0])
		text_set(host, sizeof host, "unknown");
	int n = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), host);
	/* The lock is what counts; on a full disk the text may be missing and the run goes on. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) < n)
		errno = 0;
	*fd_out = fd;
	return 0;
}

bool file_lock_held(const char *path, long *pid)
{
	if (pid)
		*pid = 0;
	/* Not blocking: opening a pipe of that name would wait for ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool held = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	if (held && pid)
		*pid = lock_read_pid(fd);
	close(fd); /* releases a shared lock that was granted */
	return held;
}
