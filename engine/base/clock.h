/* Two clocks that are never mixed: monotonic nanoseconds for every duration, wall time for people and file names. */
#ifndef BENCHTOP_CLOCK_H
#define BENCHTOP_CLOCK_H
#include <stddef.h>
#include <stdint.h>

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S  INT64_C(1000000000)

int64_t clock_mono_ns(void);       /* CLOCK_MONOTONIC */
int64_t clock_wall_ns(void);       /* since the epoch */
int64_t clock_thread_cpu_ns(void); /* CPU time of the calling thread */

/* Local time as "20251125_150000" (16 bytes with NUL), for directory names. */
void clock_stamp(int64_t wall_ns, char out[16]);
/* Local time as "15:04:05" (9 bytes with NUL). */
void clock_hms(int64_t wall_ns, char out[9]);
/* Local time as ctime prints it, "Tue Nov 25 15:00:00 2025", without the newline (26 bytes). */
void clock_ctime(int64_t wall_ns, char out[26]);
/* A duration for people: "38 s" -> "38s", "5m31", "2h04m"; negative or NaN -> "-". Returns out. */
char *clock_duration(double seconds, char out[16]);

#endif
