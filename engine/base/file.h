/* Files that are either whole or not there, paths, and the lock that says a run is alive. */
#ifndef BENCHTOP_FILE_H
#define BENCHTOP_FILE_H
#include "buf.h"
#include "err.h"

/* Writes path whole: a temporary name in the same directory, fsync, rename, fsync of the directory. On failure nothing
 * is left behind and e says which step failed ("No space left on device" among them). Mode 0644. */
int file_write_atomic(const char *path, const void *data, size_t len, struct err *e);
/* The same for a path that the user named as output. A link is followed, and what is no file (a device, a pipe,
 * /dev/stdout) is written to: a rename would put a file in its place. Waits for a pipe's reader. */
int file_write_named(const char *path, const void *data, size_t len, struct err *e);
/* A new or renamed path is on disk only when its directory is: syncs that. */
int file_sync_dir(const char *path, struct err *e);
/* Renames an existing path to "STEM_YYYYmmdd_HHMMSS.EXT" (its modification time; _2, _3 ... when taken), so that a
 * measured file is never overwritten. Nothing there: returns 0. new_path (may be NULL) gets the new name. */
int file_keep_old(const char *path, char *new_path, size_t cap, struct err *e);
/* Appends the file's content to b (bounded by b->max). ERR_IO when it cannot be read, ERR_LIMIT when too large. */
int file_read(const char *path, struct buf *b, struct err *e);
int file_mkdirs(const char *path, struct err *e); /* like mkdir -p, mode 0755 */
bool file_exists(const char *path);
/* "dir/name" into out; false when it does not fit. An absolute name stands alone. */
bool path_join(char *out, size_t cap, const char *dir, const char *name);
/* Part after the last '/'. */
const char *path_base(const char *path);

/* The run's lock. *fd stays open as long as the run lives; content: "PID HOST\n". ERR_IO with "is alive" when held. */
int file_lock(const char *path, int *fd, struct err *e);
/* True when another process (or another descriptor) holds the lock; *pid gets what it wrote (0 unknown). */
bool file_lock_held(const char *path, long *pid);

#endif
