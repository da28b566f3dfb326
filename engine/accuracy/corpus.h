/* The accuracy text: found, checked by checksum, joined and cut by the track's table. Read-only after loading. */
#ifndef BENCHTOP_CORPUS_H
#define BENCHTOP_CORPUS_H
#include "../base/cancel.h"
#include "../plan/track.h"

struct corpus_chunk {
	const char *text; /* into the corpus, not NUL-terminated */
	size_t len;       /* bytes: B_d */
	int words;        /* W_d */
};

struct corpus {
	char *joined; /* owned */
	size_t joined_len;
	struct corpus_chunk chunks[TRACK_CHUNKS];
	int n_chunks;
	char source[512]; /* where it was found */
};

/* From a raw file's bytes: size and sha256 as the track says, rows joined by "\n\n" (white-space-only line -> empty row),
 * joined size and sha256 checked, cut by the table. ERR_PROTO with what differs and the remedy. */
int corpus_from_raw(struct corpus *out, const struct track *t, const char *raw, size_t len, struct err *e);
/* Search: file (when not empty) only; else DIR/corpus_file, $XDG_CACHE_HOME/benchtop/corpus_file, else the dataset rows API
 * (rows_url; saved whole into the cache). base_rows_url overrides the track's (demo, tests); NULL = the track's. */
int corpus_load(struct corpus *out, const struct track *t, const char *file, const char *results_dir,
        const char *base_rows_url, struct cancel *cancel, struct err *e);
/* The same without the dataset rows API: 1 found, 0 not there (e tells of a spoilt copy that was passed over, else its code is
 * 0), negative when `file` is none, or the track names none. */
int corpus_find(struct corpus *out, const struct track *t, const char *file, const char *results_dir, struct err *e);
void corpus_free(struct corpus *c);

/* SHA-256 (FIPS 180-4) as 64 hex digits and NUL. */
void sha256_hex(const void *data, size_t len, char out[65]);

#endif
