/* A pattern (PCRE2) that is looked for in the lines of a log.
 *
 * A pattern without a capital letter finds both cases. Lines are matched as the bytes of the file, as grep does, one at a
 * time, by their first LOGSEARCH_LINE bytes and without the '\r' before the line's end. What a hostile pattern may cost is
 * bounded by a match limit and a heap limit a line: a line that runs into one counts as no hit and is counted in
 * `costly`; after LOGSEARCH_COSTLY such lines the search gives up. One thread at a time uses one struct logsearch.
 */
#ifndef BENCHTOP_LOGSEARCH_H
#define BENCHTOP_LOGSEARCH_H
#include "../base/err.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGSEARCH_LINE    65536
#define LOGSEARCH_PATTERN 256 /* bytes of a pattern */
#define LOGSEARCH_COSTLY  200

struct logsearch;
/* ERR_USAGE: "at character 7: missing closing parenthesis". */
int logsearch_open(struct logsearch **out, const char *pattern, struct err *e);
void logsearch_close(struct logsearch *s);
const char *logsearch_pattern(const struct logsearch *s);

/* The next match in text[start..len): its bytes; false when there is none. For lines and their colouring. */
bool logsearch_match(struct logsearch *s, const char *text, size_t len, size_t start, size_t *from, size_t *to);
bool logsearch_line(struct logsearch *s, const char *line, size_t len);

/* The next line with a hit among the lines of buf[*pos..len); *pos is a line's start and moves behind the line found. The
 * last line may lack its '\n'. Stops with false at the end, when *stop (may be NULL) becomes true, or when it gave up. */
bool logsearch_next(struct logsearch *s, const char *buf, size_t len, size_t *pos, size_t *at, atomic_bool *stop);
int64_t logsearch_costly(const struct logsearch *s);
bool logsearch_gave_up(const struct logsearch *s);

#endif
