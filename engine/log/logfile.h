/* A log file of any size: read by pread (never mmap), with an index of one small record per 64 KiB.
 *
 * Threads. The UI thread owns a struct logfile and calls everything here but logfile_work(). logfile_work() reads on:
 * it notices growth, truncation and rotation, counts lines, errors and warnings, and looks for the patterns. Either the
 * owner calls it in slices (tests, tools), or logfile_start() gives it a thread of its own, of low priority, that sleeps
 * while the file stands still. What both touch, the index and the file handle, is under one mutex that is held only for
 * a copy or for one read of at most 192 KiB, so that a frame never waits for the indexer.
 *
 * Positions are byte offsets; a line is known by the offset of its first byte, so that the end of the file can be shown
 * before anything is indexed. Line numbers (1 = first) are known as far as the index has got. Lines end at '\n', numbers
 * agree with `grep -n`. A line that the file ends in without '\n' is shown and counts as a line, but is not judged yet.
 *
 * Truncation (the file shrank, or its first bytes changed) and rotation (another file under the name) start a new
 * generation: all positions are void, counts begin anew. A rotated file is read to its end first, and its errors and
 * warnings stay in `errors_before`. A vanished file is shown as it was until one of its name appears.
 */
#ifndef BENCHTOP_LOGFILE_H
#define BENCHTOP_LOGFILE_H
#include "../base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGFILE_BLOCK 65536
#define LOGFILE_LINE  65536 /* bytes of a line that are looked at; the rest of a longer one is passed over */

enum log_slot { LOGFILE_SEARCH, LOGFILE_FILTER, LOGFILE_SLOTS };
enum log_what { LOGFILE_HIT, LOGFILE_ERROR, LOGFILE_WARNING };

struct logfile_pattern {
	bool set;
	int64_t hits;     /* lines */
	int64_t from, to; /* known for lines that begin in this range of bytes; it grows both ways */
	bool complete;
	bool gave_up; /* too costly for too many lines; what was found is kept */
	int64_t costly;
};

struct logfile_facts {
	int64_t size;
	int64_t indexed; /* bytes */
	int64_t lines;   /* of what is indexed, the unfinished one at the end included */
	int64_t errors, warnings, errors_before, warnings_before;
	bool complete; /* indexed up to the end */
	bool missing;  /* no file of this name now */
	unsigned generation;
	struct logfile_pattern pattern[LOGFILE_SLOTS];
};

struct logfile;
/* A missing file is followed until it appears; ERR_IO for what is not a plain file. */
int logfile_open(struct logfile **out, const char *path, struct err *e);
int logfile_start(struct logfile *lf, struct err *e); /* the thread */
void logfile_close(struct logfile *lf);
const char *logfile_path(const struct logfile *lf);
/* Reads on by about `budget` bytes; bytes done, 0 when nothing is left to do. Never beside the thread. */
int64_t logfile_work(struct logfile *lf, int64_t budget);

/* Cheap; asks the file for its size, so that new text is shown before it is indexed. */
void logfile_facts(struct logfile *lf, struct logfile_facts *out);
/* Looks for a pattern from now on, from the end backwards; NULL or "" none. ERR_USAGE as logsearch_open. */
int logfile_find(struct logfile *lf, enum log_slot slot, const char *pattern, struct err *e);

/* Bytes of the file at `at`, as they are; how many came. */
size_t logfile_read(struct logfile *lf, int64_t at, char *out, size_t cap);
/* Calls visit for each line that begins in a block, in order, until it returns false. `text` has no '\n'; at most
 * LOGFILE_LINE bytes; `end` is the offset behind the part looked at; `ended`: its '\n' is there. A visitor
 * may ask for numbers and matches, but not scan. */
struct logfile_line {
	int64_t at, end;
	const char *text;
	size_t len;
	bool ended;
};
typedef bool logfile_visit(void *ctx, const struct logfile_line *line);
void logfile_scan(struct logfile *lf, int64_t block, logfile_visit *visit, void *ctx);
/* Whether a line that begins in the block can be a hit of the slot's pattern: 0 none, 1 perhaps, -1 not looked at yet. */
int logfile_block_hits(struct logfile *lf, enum log_slot slot, int64_t block);
/* Whether a line matches the slot's pattern (true without one). */
bool logfile_matches(struct logfile *lf, enum log_slot slot, const char *text, size_t len);

int64_t logfile_number(struct logfile *lf, int64_t at);     /* of the line that holds the byte; 0 not indexed yet */
int64_t logfile_position(struct logfile *lf, int64_t line); /* where a line begins; -1 not known */
/* The next line of a kind beyond the line at `at` (dir 1), or before it (-1): its position, -1 none, -2 not known yet.
 * Of a hit that the filter (when set) leaves out nothing is said. */
int64_t logfile_next(struct logfile *lf, int64_t at, int dir, enum log_what what);
/* The first line stamped at or after a wall time (local time, as logs are written); -1 when the log has no such stamp. */
int64_t logfile_at_time(struct logfile *lf, int64_t wall_ns);

#endif
