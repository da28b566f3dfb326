/* One scan in progress; shared by scan.c (the walk), scan_set.c (files seen, files that an entry was made of) and shelf.c. */
#ifndef BENCHTOP_SCAN_INT_H
#define BENCHTOP_SCAN_INT_H
#include "shelf_int.h"
#include <sys/types.h>

#define PATH_CAP 512 /* longer paths are not listed */

struct file_id {
	dev_t dev;
	ino_t ino;
};
struct file_set {
	struct file_id *slot; /* ino 0 = free */
	size_t n, cap;
};
/* True when it was not in it. *rc becomes ERR_NOMEM when there is no memory. */
bool set_add(struct file_set *set, struct file_id id, int *rc);
bool set_has(const struct file_set *set, struct file_id id);

struct scan_entry {
	struct shelf_entry entry;
	struct file_id id; /* of its path */
};

struct scan {
	struct cancel *cancel;
	struct shelf_memory *memory;
	struct scan_entry *made;
	int n, cap;
	int read, reused;
	long looks;
	bool cut;
	int rc; /* ends the scan */
	struct file_set visited;
	struct file_set claimed; /* result files of runs: not listed as files of their own */
	/* the index */
	char root[PATH_CAP]; /* the directory that it is kept in, empty: none */
	struct shelf_index index;
	struct buf lines; /* the new one */
	int kept_lines;   /* lines that were taken over */
	int new_lines;
};

void scan_path(struct scan *s, const char *given, struct err *e);

/* The path as the index knows it. */
const char *scan_key(const struct scan *s, const char *path);
/* Every file of the entry is as it was. Its result files are claimed then. */
bool scan_fresh(struct scan *s, const struct shelf_kept *k, const char *path);
void scan_keep(struct scan *s, const struct shelf_kept *k); /* its line goes into the new index */
/* A line for the new index, unless a file changed so lately that a further change could go unseen. run: NULL when it could
 * not be opened. Claims the run's result files. */
void scan_remember(
        struct scan *s, const char *path, const struct shelf_entry *x, const struct shelf_run *run, int64_t began_ns);
void scan_remember_other(struct scan *s, const char *path, int64_t began_ns);

#endif
