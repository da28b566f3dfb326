/* Lines folded into the rows of a screen: repeated rounds of decoding, prefills and answered requests become one row,
 * progress bars keep their last state, what aiter says twice is shown once. Errors, warnings and JIT builds never fold.
 *
 * Pure: lines go in, rows come out; the owner decides where folding begins anew (logrows.h: every 64 KiB of the file, so
 * that the rows of a place never depend on where the reader came from). A group stays open while only other lines that
 * fold come between; its row stands where its first line stood.
 */
#ifndef BENCHTOP_LOGFOLD_H
#define BENCHTOP_LOGFOLD_H
#include "logline.h"

#define LOGFOLD_OPEN   16 /* groups that can take more lines at a time */
#define LOGFOLD_RECENT 8  /* what aiter said last */

struct log_span {
	float low, high; /* NaN: none */
};

struct log_row {
	int64_t at, end;   /* bytes of the file from its first line to the end of its last; others may lie between */
	int64_t text_at;   /* the line that it is drawn from, */
	uint32_t text_len; /* bytes */
	uint32_t line;     /* of which line of the block its first one is a part, 0 = first */
	uint32_t count;    /* lines of the log in it; 1: nothing is folded */
	uint8_t kind, severity;
	bool doubled; /* lines in it are the same said twice, not more of them */
	float gen_first;
	struct log_span gen, usage, queued, input;
	double new_seq, new_tokens, cached_tokens; /* sums */
};

struct log_fold_open {
	uint64_t family, key; /* what it is; what must be the same for a line to join */
	size_t row;
};

struct logfold {
	struct log_row *rows; /* owned */
	size_t n, cap, max;
	struct log_fold_open open[LOGFOLD_OPEN];
	int n_open;
	struct {
		uint64_t hash;
		bool own_tag, import;
		size_t row;
	} recent[LOGFOLD_RECENT];
	unsigned n_recent;
};

/* Where a line stands. */
struct log_place {
	int64_t at, end; /* its bytes in the file */
	int64_t text_at; /* where its text begins, and how long that is */
	uint32_t len;
	uint32_t line;
};

/* Forgets all rows, keeps the memory. At most max rows will be made. */
void logfold_begin(struct logfold *f, size_t max);
void logfold_end(struct logfold *f); /* frees */
/* Takes a line; `fold` false: it gets a row of its own and ends what is open. Returns its row, or -1 when there is no
 * room (memory, max). */
int64_t logfold_add(struct logfold *f, const struct log_line *l, const struct log_place *p, bool fold);
/* The text of a row; `l` is the line that it is drawn from, parsed. */
void logfold_text(const struct log_row *row, const struct log_line *l, char *out, size_t cap);

#endif
