/* Where time stamps go during a load: ITLs as u32 nanoseconds in one mapped arena, a segment per request.
 *
 * A gap longer than 4.29 s saturates u32, so such gaps are kept exactly in a side table. Segments of failed requests are
 * skipped when the samples are pooled. Plans beyond 256 M samples are refused. The arena is MAP_NORESERVE: only what is
 * written is resident. One writer.
 */
#ifndef BENCHTOP_SAMPLES_H
#define BENCHTOP_SAMPLES_H
#include "../base/err.h"
#include "stats.h"
#include <stdint.h>

#define SAMPLES_MAX (UINT64_C(256) << 20)

struct samples;

/* capacity = sum of output lengths. ERR_LIMIT above SAMPLES_MAX. */
int samples_open(struct samples **out, uint64_t capacity, struct err *e);
void samples_close(struct samples *s);
/* Each request writes its own segment with room for `events` gaps; chained segments follow when a server sends more
 * events than asked, up to 4 x events + 64. 0, ERR_NOMEM, or ERR_USAGE when it was begun before. */
int samples_begin(struct samples *s, uint32_t request, uint32_t events);
void samples_add(struct samples *s, uint32_t request, int64_t gap_ns); /* silently counted as dropped when full */
uint32_t samples_count(const struct samples *s, uint32_t request);
void samples_discard(struct samples *s, uint32_t request); /* request failed: its gaps do not count */
/* Exact figures over every kept gap, in seconds: mean and std from integer sums, median and p99 by radix selection, all
 * without a second copy of the samples. ERR_NOMEM needs half a megabyte. */
int samples_stats(const struct samples *s, struct stats *out, struct err *e);
uint64_t samples_dropped(const struct samples *s);

#endif
