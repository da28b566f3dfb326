/* The rows that a log is shown as: raw, one a line; or short and folded; all lines or those the filter lets through.
 *
 * Rows are made by blocks of 64 KiB and the last few blocks are kept, so that any place of a file of any size is shown at
 * once, and the same rows come out wherever the reader came from. Owned and used by the UI thread. A row is known by the
 * offset of its first byte.
 */
#ifndef BENCHTOP_LOGROWS_H
#define BENCHTOP_LOGROWS_H
#include "logfile.h"
#include "logfold.h"

#define LOGROWS_TEXT   16384 /* bytes of a line that are shown */
#define LOGROWS_OPENED 64    /* rows that can be unfolded at a time; the oldest folds again */

struct logrows;
struct logrow_at {
	int64_t block;
	size_t index;
};

struct logrows *logrows_open(struct logfile *lf); /* NULL without memory; the log stays the caller's */
void logrows_close(struct logrows *r);
void logrows_raw(struct logrows *r, bool raw);
void logrows_filtered(
        struct logrows *r, bool filtered); /* by the log's LOGFILE_FILTER; call it anew for a new pattern */
/* Shows the lines of a row one by one, or folds them again when it lies in such a range. */
void logrows_unfold(struct logrows *r, const struct log_row *row);
void logrows_forget(struct logrows *r); /* positions are void: a new generation */

/* The row that shows the line at a byte, or the last one before it, or the first; false when there is no row at all. */
bool logrows_find(struct logrows *r, int64_t at, struct logrow_at *out);
bool logrows_last(struct logrows *r, struct logrow_at *out);
/* One row on (1) or back (-1); false at the ends, or where a filter is not known yet. */
bool logrows_step(struct logrows *r, struct logrow_at *at, int dir);
/* Valid until the next call of any of these. */
const struct log_row *logrows_row(struct logrows *r, const struct logrow_at *at);
/* The row's line, safe, in `raw` (LOGROWS_TEXT bytes), parsed, and what the row says, in `text`. */
void logrows_text(struct logrows *r, const struct log_row *row, char *raw, struct log_line *l, char *text, size_t cap);

#endif
