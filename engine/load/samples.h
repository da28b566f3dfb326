/* Where time stamps go during a load: ITLs as u32 nanoseconds in one mapped arena, a segment per request.
 *
 * A gap longer than 4.29 s saturates u32, so such gaps are kept exactly in a side table. Segments of failed requests are
 * skipped when the samples are pooled. Plans beyond 256 M samples are refused. The arena is MAP_NORESERVE: only what is
 * written is resident. One writer.
 */
#ifndef BENCHTOP_SAMPLES_H
#define BENCHTOP_SAMPLES_H
#include "../base/err.h"
#include <stdint.h>

struct samples;

int samples_open(struct samples **out, uint64_t capacity, struct err *e); /* capacity = sum of output lengths + slack */
void samples_close(struct samples *s);
/* A slot of C writes its own segment: begin returns a segment handle with room for `events` gaps (grows by a chained
 * segment when a server sends more events than asked, bounded to 4x). */
int samples_begin(struct samples *s, uint32_t request, uint32_t events);
void samples_add(struct samples *s, uint32_t request, int64_t gap_ns); /* silently counted as dropped when full */
uint32_t samples_count(const struct samples *s, uint32_t request);
void samples_discard(struct samples *s, uint32_t request); /* request failed: its gaps do not count */
/* Pools every kept gap, in seconds, into a malloc'ed array the caller frees. n may be 0 (returns NULL array). */
int samples_pool(const struct samples *s, double **out_seconds, uint64_t *n, struct err *e);
uint64_t samples_dropped(const struct samples *s);

#endif
