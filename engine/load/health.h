/* The client's own error, kept during a load: can these figures be believed? (DESIGN 5, "Valid?") */
#ifndef BENCHTOP_HEALTH_H
#define BENCHTOP_HEALTH_H
#include "../event/event.h"

/* Decides the flags that follow from one load alone; appends at most `cap` into out, returns how many.
 *   failed requests: failed > 0
 *   client busy: cpu_share > 0.90, or late_p50 > 1 ms, or late_p99 > max(20 ms, median ITL)
 *   slots not full: slots_mean / C outside 0.9 .. 1.0 (+0.5 % slack), when enough requests ran to say so (>= 2 C)
 *   prompt tokens differ: the server's count minus at most one BOS a request differs from the client's
 *   events bundled (a note): a quarter of the tokens or more came in one read with another
 * `cell` of each is left to the caller. */
int health_flags(const struct ev_load_measured *m, int conc, struct ev_flag_raised *out, int cap);

#endif
