/* The stop order: a level that only rises, and an eventfd that becomes readable when it does.
 *
 * One thread raises (UI, signal loop), another obeys (engine). Level 1: no new requests, finish those in flight;
 * level 2: now. The fd is never drained by the obeying side until cancel_reset().
 */
#ifndef BENCHTOP_CANCEL_H
#define BENCHTOP_CANCEL_H
#include "err.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum cancel_level { CANCEL_NONE = 0, CANCEL_DRAIN = 1, CANCEL_NOW = 2 };

struct cancel {
	atomic_int level;
	int fd; /* eventfd, -1 when not open */
};

int cancel_open(struct cancel *c, struct err *e);
void cancel_close(struct cancel *c);
void cancel_raise(struct cancel *c, enum cancel_level level); /* never lowers */
void cancel_reset(struct cancel *c);                          /* between runs, by the obeying side */
enum cancel_level cancel_get(const struct cancel *c);         /* NULL c: CANCEL_NONE */
/* Sleeps up to ms, returns early with true when level >= at_least. */
bool cancel_wait(struct cancel *c, int64_t ms, enum cancel_level at_least);

#endif
