/* What happens to a log file while it is read: it appears, grows, is cut, rewritten, replaced, or vanishes. */
#include "logfile_int.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int follow_open(struct logfile *lf)
{
	struct stat st;
	int fd = open(lf->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		int errnum = errno;
		pthread_mutex_lock(&lf->lock);
		lf->missing = true;
		pthread_mutex_unlock(&lf->lock);
		errno = errnum;
		return -1;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = ENOTSUP;
		return -1;
	}
	pthread_mutex_lock(&lf->lock);
	lf->fd = fd;
	lf->dev = st.st_dev;
	lf->ino = st.st_ino;
	lf->size = st.st_size;
	lf->missing = false;
	lf->head_len = 0;
	lf->changed = (struct timespec){0};
	pthread_mutex_unlock(&lf->lock);
	return 0;
}

/* All positions are void. */
static void forget(struct logfile *lf)
{
	pthread_mutex_lock(&lf->lock);
	for (int i = 0; i < CHUNKS; i++) {
		free(lf->chunks[i]);
		lf->chunks[i] = NULL;
	}
	lf->size = lf->indexed = lf->ends = lf->errors = lf->warnings = 0;
	lf->caught_up = lf->final = false;
	lf->head_len = 0;
	lf->generation++;
	for (int i = 0; i < LOGFILE_SLOTS; i++)
		lf->pattern[i].facts = (struct logfile_pattern){.set = lf->pattern[i].facts.set};
	pthread_mutex_unlock(&lf->lock);
}

/* The first bytes are what they were; more of them are remembered as the file grows. */
static bool same_head(struct logfile *lf)
{
	char now[HEAD];
	size_t n = read_at(lf->fd, now, HEAD, 0);
	if (n < lf->head_len || memcmp(now, lf->head, lf->head_len) != 0)
		return false;
	memcpy(lf->head, now, n);
	lf->head_len = n;
	return true;
}

void follow_file(struct logfile *lf)
{
	struct stat st, named;
	/* Looked at before the size: what was written before the change of name is seen below. */
	bool there = stat(lf->path, &named) == 0;
	if (lf->fd < 0) {
		if (there && follow_open(lf) < 0)
			return;
		if (lf->fd < 0)
			return;
	}
	bool replaced = there && (named.st_ino != lf->ino || named.st_dev != lf->dev) && S_ISREG(named.st_mode);
	if (fstat(lf->fd, &st) < 0)
		return;
	bool written = st.st_size != lf->size || st.st_mtim.tv_sec != lf->changed.tv_sec ||
	               st.st_mtim.tv_nsec != lf->changed.tv_nsec;
	if (st.st_size < lf->size || (written && !same_head(lf))) {
		forget(lf);
		same_head(lf);
	}
	lf->changed = st.st_mtim;
	pthread_mutex_lock(&lf->lock);
	lf->caught_up = lf->caught_up && st.st_size == lf->size;
	lf->size = st.st_size;
	lf->missing = !there;
	pthread_mutex_unlock(&lf->lock);
	lf->final = replaced;
}

void follow_switch(struct logfile *lf)
{
	pthread_mutex_lock(&lf->lock);
	close(lf->fd);
	lf->fd = -1;
	lf->errors_before += lf->errors;
	lf->warnings_before += lf->warnings;
	pthread_mutex_unlock(&lf->lock);
	forget(lf);
	follow_open(lf);
}
