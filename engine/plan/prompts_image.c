/* The image of a set of text prompts: written once, mapped ever after. */
#include "../base/file.h"
#include "../base/json.h"
#include "../base/text.h"
#include "prompts_int.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_MAGIC "benchtop prompts"
#define IMAGE_MAX   (UINT64_C(64) << 30)
#define FLUSH_BYTES ((size_t)1 << 20)
#define STRING_MAX  ((size_t)UINT32_MAX)
#define FILE_TRIES  100

/* In the machine's own byte order: `order` tells, and the file is only a cache. */
struct image_header {
	char magic[16];
	uint32_t order, format;
	uint64_t size, n, table; /* of the file; prompts; where the table begins */
	char key[PROMPTS_KEY];
	uint64_t sum; /* of everything behind the header */
	char rest[512 - 16 - 8 - 24 - PROMPTS_KEY - 8];
};
_Static_assert(sizeof(struct image_header) == 512, "the table behind it stays aligned");
#define IMAGE_ORDER 0x01020304u

/* A check against what disks and crashes do, not against people, at the speed of memory: four lanes of words, each word
 * mixed in by steps that can be undone, so that a single changed word always shows. The rest counts as one word. */
static uint64_t image_sum(const char *data, size_t len)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t lane[4] = {len, odd, ~odd, len ^ odd}, all = len;
	size_t words = len / 8;
	for (size_t i = 0; i < words; i++) {
		uint64_t word, *h = &lane[i % 4];
		memcpy(&word, data + 8 * i, 8);
		*h = (*h ^ word) * odd;
		*h ^= *h >> 29;
	}
	if (len % 8) {
		uint64_t word = 0;
		memcpy(&word, data + 8 * words, len % 8);
		lane[0] = (lane[0] ^ word) * odd;
	}
	for (int i = 0; i < 4; i++) {
		all = (all ^ lane[i]) * odd;
		all ^= all >> 32;
	}
	return all;
}

/* ---- reading ---- */

void image_close(struct image *im)
{
	if (im->base)
		munmap(im->base, im->size);
	*im = (struct image){0};
}

static int spoilt(struct image *im, const char *path, const char *how, struct err *e)
{
	image_close(im);
	return err_set(e, ERR_PROTO, "the prompts kept in %.300s are not used: %s", path, how);
}

/* Every place that the table names lies between header and table, and holds a quoted string. */
static bool table_is_sound(const struct image *im, uint64_t table)
{
	for (size_t i = 0; i < im->n; i++) {
		const struct image_row *r = &im->rows[i];
		if (r->at < sizeof(struct image_header) || r->bytes < 2 || r->at > table || r->bytes > table - r->at ||
		        im->base[r->at] != '"' || im->base[r->at + r->bytes - 1] != '"')
			return false;
	}
	return true;
}

static int check(struct image *im, const char *path, const char *key, size_t n, struct err *e)
{
	const struct image_header *h = (const void *)im->base;
	if (memcmp(h->magic, IMAGE_MAGIC, sizeof h->magic) != 0 || h->order != IMAGE_ORDER ||
	        h->format != PROMPTS_FORMAT)
		return spoilt(im, path, "another format", e);
	if (h->size != im->size)
		return spoilt(im, path, "the file is cut", e);
	if (strncmp(h->key, key, sizeof h->key) != 0 || h->n != n)
		return spoilt(im, path, "they were made for another test", e);
	if (h->table > im->size || h->table % 8 || im->size - h->table != n * sizeof(struct image_row))
		return spoilt(im, path, "the table is not where it should be", e);
	/* After the sum the content is what was written; it is all read here, in the maker's thread. */
	if (image_sum(im->base + sizeof *h, im->size - sizeof *h) != h->sum)
		return spoilt(im, path, "the checksum differs", e);
	im->rows = (const void *)(im->base + h->table);
	im->n = n;
	if (!table_is_sound(im, h->table))
		return spoilt(im, path, "the table does not fit", e);
	return 0;
}

static int map_file(struct image *im, int fd, const char *path, struct err *e)
{
	struct stat st;
	*im = (struct image){.file = true};
	if (fstat(fd, &st) < 0)
		return err_sys(e, ERR_IO, errno, "cannot look at %s", path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < sizeof(struct image_header) ||
	        (uint64_t)st.st_size > IMAGE_MAX)
		return spoilt(im, path, "its size is not possible", e);
	void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return err_sys(e, ERR_IO, errno, "cannot map %s", path);
	im->base = at;
	im->size = (size_t)st.st_size;
	return 0;
}

int image_open(struct image *out, const char *path, const char *key, size_t n, struct err *e)
{
	*out = (struct image){0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe of that name is not waited for */
	if (fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open %s", path);
	int rc = map_file(out, fd, path, e);
	if (rc == 0)
		rc = check(out, path, key, n, e);
	if (rc == 0) {
		futimens(fd, NULL);                           /* last used; the oldest are pruned first */
		madvise(out->base, out->size, MADV_DONTNEED); /* pages in the system's cache, not in this process */
	}
	close(fd);
	return rc;
}

int image_warm(const struct image *im, struct err *e)
{
	if (!im->base)
		return 0;
#ifdef MADV_POPULATE_READ
	if (madvise(im->base, im->size, MADV_POPULATE_READ) == 0)
		return 0;
	if (errno == EFAULT) /* a look at it would be the end of this process */
		return err_set(e, ERR_IO,
		        "the file of the prompts was cut by another program, or cannot be read any more: run this row again, it makes them anew");
#endif
	long page = sysconf(_SC_PAGESIZE);
	madvise(im->base, im->size, MADV_WILLNEED);
	for (size_t at = 0; at<im->size; at += page> 0 ? (size_t)page : 4096)
		(void)*(volatile const char *)(im->base + at);
	return 0;
}

/* ---- writing ---- */

struct image_writer {
	char path[PATH_MAX], tmp[PATH_MAX]; /* empty = in memory */
	int fd;                             /* -1 = in memory */
	struct buf data;                    /* file: what is not written yet; memory: everything */
	uint64_t written;                   /* bytes in the file */
	struct image_header head;
	struct image_row *rows;
	size_t n, done;
};

/* A dead process leaves its temporary file unlocked: so prompts_cache_prune knows it. Another process may have taken this one
 * for such a file, and away, before it was locked. */
static bool lock_tmp(const struct image_writer *w)
{
	struct stat st;
	return w->fd >= 0 && flock(w->fd, LOCK_EX | LOCK_NB) == 0 && fstat(w->fd, &st) == 0 && st.st_nlink > 0;
}

static bool open_tmp(struct image_writer *w)
{
	for (int i = 0; i < FILE_TRIES && w->fd < 0; i++) {
		int n = snprintf(w->tmp, sizeof w->tmp, "%s.%ld-%d.tmp", w->path, (long)getpid(), i);
		if (n < 0 || (size_t)n >= sizeof w->tmp)
			return false;
		w->fd = open(w->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (w->fd < 0 && errno != EEXIST)
			return false;
		if (w->fd >= 0 && !lock_tmp(w)) {
			close(w->fd);
			w->fd = -1;
		}
	}
	return w->fd >= 0;
}

static bool write_all(int fd, const char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
		at += n;
	}
	return true;
}

static void drop_file(struct image_writer *w)
{
	if (w->fd < 0)
		return;
	unlink(w->tmp);
	close(w->fd);
	w->fd = -1;
}

/* No room, no right, no such file system: what is there already goes into memory, and the rest with it. */
static int to_memory(struct image_writer *w, struct err *e)
{
	struct buf all;
	buf_init(&all, PROMPTS_MEMORY_MAX);
	int rc = buf_reserve(&all, (size_t)w->written + w->data.len);
	for (uint64_t at = 0; rc == 0 && at < w->written;) {
		ssize_t n = pread(w->fd, all.data + at, (size_t)(w->written - at), (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			rc = ERR_IO;
		else
			at += (uint64_t)n;
	}
	if (rc == 0) {
		all.len = (size_t)w->written;
		rc = buf_add(&all, w->data.data, w->data.len);
	}
	drop_file(w);
	buf_free(&w->data);
	w->data = all;
	w->written = 0;
	if (rc == 0)
		return 0;
	return err_set(e, rc,
	        "the prompts can neither be kept in a file (%.200s) nor in memory: make room there, set XDG_CACHE_HOME to a "
	        "directory with room, or use --prompts ids",
	        w->path[0] ? w->path : "no cache directory");
}

static int flush(struct image_writer *w, size_t from, struct err *e)
{
	if (w->fd < 0 || w->data.len < from || w->data.len == 0)
		return 0;
	if (!write_all(w->fd, w->data.data, w->data.len, (off_t)w->written))
		return to_memory(w, e);
	w->written += w->data.len;
	buf_clear(&w->data);
	return 0;
}

int image_begin(struct image_writer **out, const char *path, const char *key, size_t n, struct err *e)
{
	struct image_writer *w = calloc(1, sizeof *w);
	*out = NULL;
	if (w)
		w->rows = calloc(n, sizeof *w->rows);
	if (!w || !w->rows) {
		free(w);
		return err_set(e, ERR_NOMEM, "out of memory for %zu prompts", n);
	}
	w->fd = -1;
	w->n = n;
	memcpy(w->head.magic, IMAGE_MAGIC, sizeof w->head.magic);
	w->head.order = IMAGE_ORDER;
	w->head.format = PROMPTS_FORMAT;
	w->head.n = n;
	text_set(w->head.key, sizeof w->head.key, key);
	buf_init(&w->data, PROMPTS_MEMORY_MAX);
	if (path && text_set(w->path, sizeof w->path, path) && !open_tmp(w))
		drop_file(w);
	int rc = buf_add(&w->data, &w->head, sizeof w->head);
	if (rc) {
		image_abandon(w);
		return err_set(e, rc, "out of memory for %zu prompts", n);
	}
	*out = w;
	return 0;
}

int image_add(struct image_writer *w, const char *text, size_t len, uint32_t tokens, struct err *e)
{
	struct json_out j;
	size_t before = w->data.len;
	struct image_row *row = &w->rows[w->done];
	if (w->done == w->n)
		return err_set(e, ERR_LIMIT, "more prompts than planned");
	json_out_init(&j, &w->data, JSON_COMPACT, true);
	json_strn(&j, text, len);
	if (w->data.failed)
		return err_set(e, ERR_LIMIT,
		        "the prompts do not fit into the %zu MB of memory that they may take: set XDG_CACHE_HOME to a "
		        "directory with room, or use --prompts ids",
		        PROMPTS_MEMORY_MAX >> 20);
	size_t bytes = w->data.len - before;
	if (bytes > STRING_MAX)
		return err_set(e, ERR_LIMIT, "a prompt of %zu bytes is too long", bytes);
	*row = (struct image_row){.at = w->written + before, .bytes = (uint32_t)bytes, .tokens = tokens};
	w->done++;
	return flush(w, FLUSH_BYTES, e);
}

/* The last of it, and the header over what has the sum. 0, or 1 when the file failed and memory holds everything. */
static int seal_file(struct image_writer *w, struct image *out, struct err *e)
{
	int rc = flush(w, 0, e);
	if (rc || w->fd < 0)
		return rc ? rc : 1;
	bool good = map_file(out, w->fd, w->path, NULL) == 0;
	if (good) {
		w->head.sum = image_sum(out->base + sizeof w->head, out->size - sizeof w->head);
		good = write_all(w->fd, (const char *)&w->head, sizeof w->head, 0) && fsync(w->fd) == 0 &&
		       rename(w->tmp, w->path) == 0;
	}
	if (!good) {
		image_close(out);
		rc = to_memory(w, e);
		return rc ? rc : 1;
	}
	w->tmp[0] = '\0';
	file_sync_dir(w->path, NULL); /* at worst the next run makes them anew */
	return 0;
}

/* An own mapping, so that both kinds are given back in one way. */
static int seal_memory(struct image_writer *w, struct image *out, struct err *e)
{
	void *at = mmap(NULL, w->data.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return err_set(e, ERR_NOMEM, "out of memory for %zu MB of prompts", w->data.len >> 20);
	memcpy(at, w->data.data, w->data.len);
	*out = (struct image){.base = at, .size = w->data.len};
	return 0;
}

int image_finish(struct image_writer *w, struct image *out, struct err *e)
{
	static const char zeros[8];
	*out = (struct image){0};
	uint64_t end = w->written + w->data.len;
	buf_add(&w->data, zeros, (8 - end % 8) % 8);
	w->head.table = w->written + w->data.len;
	int rc = buf_add(&w->data, w->rows, w->n * sizeof *w->rows);
	w->head.size = w->head.table + w->n * sizeof *w->rows;
	if (rc)
		rc = err_set(e, rc, "out of memory for the table of %zu prompts", w->n);
	else if (w->done != w->n)
		rc = err_set(e, ERR_LIMIT, "only %zu of %zu prompts were made", w->done, w->n);
	else
		rc = w->fd >= 0 ? seal_file(w, out, e) : 1;
	if (rc == 1)
		rc = seal_memory(w, out, e);
	if (rc == 0) {
		out->rows = (const void *)(out->base + w->head.table);
		out->n = w->n;
		if (out->file)
			madvise(out->base, out->size, MADV_DONTNEED);
	}
	image_abandon(w);
	return rc;
}

void image_abandon(struct image_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0 && w->tmp[0])
		unlink(w->tmp);
	if (w->fd >= 0)
		close(w->fd);
	buf_free(&w->data);
	free(w->rows);
	free(w);
}
