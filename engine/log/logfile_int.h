/* What the files of the log file share; not for others. */
#ifndef BENCHTOP_LOGFILE_INT_H
#define BENCHTOP_LOGFILE_INT_H
#include "logfile.h"
#include "logsearch.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define PIECE       ((int64_t)1 << 20) /* read and judged at once by the worker */
#define PIECE_BYTES ((size_t)PIECE + LOGFILE_LINE + 1)
#define CHUNK       4096 /* blocks whose records are allocated together: 256 MiB of log */
#define CHUNKS      8192 /* 2 TiB */
#define HEAD        64   /* first bytes, compared to notice a rewritten file */

struct block {
	int64_t before;                                 /* line ends before the block */
	uint32_t ends;                                  /* line ends in it */
	uint16_t errors, warnings, hits[LOGFILE_SLOTS]; /* of lines that begin in it; they stop at the largest value */
};

struct pattern {
	struct logsearch *worker;   /* the worker's own */
	struct logsearch *reader;   /* the UI's */
	struct logsearch *incoming; /* handed over, not taken yet */
	bool changed;
	struct logfile_pattern facts;
};

struct logfile {
	char *path;
	pthread_mutex_t lock; /* for all down to `cond` */
	int fd;               /* -1 none; only the worker changes it */
	dev_t dev;
	ino_t ino;
	int64_t size, indexed, ends, errors, warnings, errors_before, warnings_before;
	bool missing, caught_up; /* caught up: all whole lines up to `size` are indexed */
	unsigned generation;
	char head[HEAD];
	size_t head_len;
	struct block *chunks[CHUNKS];
	struct pattern pattern[LOGFILE_SLOTS];
	bool stopping, started;
	pthread_cond_t cond;
	atomic_bool interrupt; /* a pattern came or the end: leave off searching */
	pthread_t thread;
	bool final;              /* the worker's: the file was replaced, what is there now is all of it */
	struct timespec changed; /* the worker's: when the file was written to last */
	char *piece;             /* the worker's PIECE_BYTES */
	char *window;            /* the UI's, for logfile_scan */
	char *scratch;           /* the UI's, a block: visitors of a scan may ask for numbers */
};

/* The lines that begin in [a, z), as they lie in a buffer. */
struct region {
	const char *text; /* the first of them */
	size_t len;       /* of all of them, the last one's '\n' included, or as much of it as there is */
	int64_t at;       /* where the first begins */
	int64_t judged;   /* where the next region begins: z, or a line that is not whole yet */
};
/* Lines without '\n' count when `limit` bytes of them are there or `final`. buf holds z - a + LOGFILE_LINE + 1 bytes. */
void region_read(int fd, char *buf, int64_t a, int64_t z, size_t limit, bool final, struct region *out);

size_t read_at(int fd, char *buf, size_t len, int64_t at);
/* The record of a block; NULL when it was never made. */
struct block *block_of(struct logfile *lf, int64_t block);
/* logfollow.c: what happens to the file. Worker (and logfile_open) only. */
int follow_open(struct logfile *lf);    /* -1 with errno; ENOTSUP for what is not a plain file */
void follow_file(struct logfile *lf);   /* looks for growth, truncation, rotation; `final` when it was replaced */
void follow_switch(struct logfile *lf); /* the old file is read to its end: on to the new one */

#endif
