/* The pump: a thread that carries bytes to the terminal, so that nobody else ever waits for it.
 *
 * A terminal may stop reading for as long as it likes (Ctrl-S, a hung ssh, a dropped docker exec); a write to it then does
 * not come back. Only the pump's thread writes. The owner (the UI thread) puts bytes, asks how many are still on their way
 * and since when none was taken, and can close the pump at any moment. All calls are the owner's; none blocks, but for
 * pump_drain within its deadline.
 */
#ifndef BENCHTOP_PUMP_H
#define BENCHTOP_PUMP_H
#include "../../engine/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pump;

#define PUMP_MAX (4U << 20) /* bytes on their way: far above one repaint of the largest screen */

/* Writes go to a duplicate of fd; fd itself stays the caller's. */
int pump_open(struct pump **out, int fd, struct err *e);
/* Copies the bytes. False when the pump is full or the terminal is gone: nothing of them was taken. */
bool pump_put(struct pump *p, const void *bytes, size_t n);
/* Bytes that the terminal has not taken yet. With `tell`, pump_fd becomes readable once there are none any more. */
size_t pump_pending(struct pump *p, bool tell);
/* For how long the terminal has taken nothing while bytes waited; 0 when none wait. */
int64_t pump_stuck_ns(struct pump *p);
bool pump_broken(struct pump *p); /* a write failed: the terminal is gone */
int pump_fd(const struct pump *p);
void pump_fd_clear(struct pump *p);
/* Waits until everything was taken; false after deadline_ms, or when the terminal is gone. */
bool pump_drain(struct pump *p, int64_t deadline_ms);
/* Ends the thread even in the middle of a write; what was not taken is dropped. */
void pump_close(struct pump *p);

#endif
