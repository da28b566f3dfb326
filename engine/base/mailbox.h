/* A bounded queue from many threads to one reader, with an eventfd to wait on.
 *
 * Messages are plain structs of one size, copied in and out. Ordered messages keep their order; a message put into a
 * slot replaces the unread one in that slot (latest wins): progress. mailbox_put never blocks for longer than a memcpy
 * under a mutex. When the ordered list is full the message is dropped and `overflow` is latched for the reader, who
 * then re-reads the facts from the journal.
 */
#ifndef BENCHTOP_MAILBOX_H
#define BENCHTOP_MAILBOX_H
#include "err.h"
#include <stdbool.h>
#include <stddef.h>

struct mailbox;

/* size = bytes of a message; capacity = ordered messages kept; slots = number of latest-wins slots. */
int mailbox_open(struct mailbox **out, size_t size, size_t capacity, int slots, struct err *e);
void mailbox_close(struct mailbox *m); /* no thread may use it any more */
/* slot < 0: ordered. Returns false when dropped. Wakes the reader. */
bool mailbox_put(struct mailbox *m, const void *msg, int slot);
/* Takes the next message: ordered ones first, then filled slots by ascending slot. False when empty. */
bool mailbox_take(struct mailbox *m, void *msg);
/* True once after an overflow; clears the latch. */
bool mailbox_overflowed(struct mailbox *m);
/* To poll for reading; the reader calls mailbox_drain_fd() after a wake-up and then takes until empty. */
int mailbox_fd(const struct mailbox *m);
void mailbox_drain_fd(struct mailbox *m);

#endif
