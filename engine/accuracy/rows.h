/* The accuracy text from the dataset rows API, a hundred rows a page. Used by corpus_load, and asked by the doctor. */
#ifndef BENCHTOP_ROWS_H
#define BENCHTOP_ROWS_H
#include "../base/buf.h"
#include "../base/cancel.h"
#include "../plan/track.h"

/* Appends the raw text to raw: a row as it is, an empty row as " \n". base NULL = the track's rows_url. A page that is
 * refused for now (429, 5xx, no connection) is asked for again, for a minute at most. ERR_NET, ERR_PROTO, ERR_CANCELLED
 * (at CANCEL_DRAIN, between pages) with a sentence. Blocks; engine thread. */
int rows_fetch(const struct track *t, const char *base, struct cancel *cancel, struct buf *raw, struct err *e);

/* Asks for the first rows, once: 0 when they come, else ERR_NET, ERR_PROTO, ERR_USAGE with what came instead. */
int rows_probe(const struct track *t, const char *base, int64_t timeout_ms, struct cancel *cancel, struct err *e);

/* Pure part, for tests: one page whose first row must be number `first`. *rows = rows on it. */
int rows_page_parse(const char *json, size_t len, int first, struct buf *raw, int *rows, int64_t *total, struct err *e);

#endif
