/* The scribe thread: the only writer of journals, and the one place where facts get their order.
 *
 * Any thread emits with scribe_emit(), which copies the event into a bounded inbox and never waits for a disk. The scribe
 * numbers it, appends it to the open run's journal, syncs (facts at once, samples with the next fact or after a second),
 * and only then forwards it to the subscriber's mailbox: what is shown is on disk. If the disk refuses, facts are kept in
 * memory, a journal_state event says so, forwarding goes on, and every second the write is tried again.
 */
#ifndef BENCHTOP_SCRIBE_H
#define BENCHTOP_SCRIBE_H
#include "../base/mailbox.h"
#include "event.h"

struct scribe;

/* Starts the thread (all signals blocked in it). `out` receives every event: facts and journaled samples
 * ordered, other PROGRESS and LIVE kinds in the slot (int)kind; create it with size sizeof(struct event) and EV_count
 * slots; borrowed, may be NULL. */
int scribe_start(struct scribe **out_scribe, struct mailbox *out, struct err *e);
/* Writes what is left, ends the thread, frees. */
void scribe_stop(struct scribe *s);
/* Never blocks for the disk. The event's times must be set (event_init). */
void scribe_emit(struct scribe *s, const struct event *ev);
/* From here on events are journaled into dir (opened by the caller's thread, so that an error is reported at once). */
int scribe_open_run(struct scribe *s, const char *dir, struct err *e);
/* After everything emitted so far was written: closes the journal. Waits at most 5 s. */
void scribe_close_run(struct scribe *s);
/* Write-ahead: waits until everything this thread emitted before is on disk (0), or ERR_IO when the disk refuses,
 * timeout_ms passes, or no run is open. Never call it during a load. */
int scribe_sync(struct scribe *s, int64_t timeout_ms, struct err *e);

#endif
