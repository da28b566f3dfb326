/* Orders about the server itself: start, stop, restart, in a thread of their own, one at a time. Internal to engine/run.
 *
 * What happens leaves as notice events; the watcher, nudged, tells the phases. A start while another order is carried out
 * is refused with a notice. Ending the thread ends the waiting, never the server.
 */
#ifndef BENCHTOP_SERVE_H
#define BENCHTOP_SERVE_H
#include "../event/scribe.h"
#include "../plan/settings.h"
#include "../server/control.h"
#include "../server/watcher.h"

enum serve_order { SERVE_START, SERVE_STOP, SERVE_RESTART };

struct serve;

/* All borrowed until serve_close; watcher may be NULL. The thread is made with the first order. */
int serve_open(struct serve **out, struct scribe *scribe, struct watcher *watcher, const struct track *track,
        const char *bearer, struct err *e);
/* A stop or restart ends the waiting for a start that goes on, and is carried out then. before: NULL, or called in the thread before the order is carried out (false: the order is dropped). */
void serve_order(
        struct serve *v, enum serve_order order, const struct settings *s, bool (*before)(void *ctx), void *ctx);
bool serve_busy(const struct serve *v);
int serve_result(const struct serve *v);   /* of the last order: 0 or an error code */
bool serve_closing(const struct serve *v); /* for a `before` that waits */
void serve_close(struct serve *v);         /* NULL allowed */

/* A control whose sentences become notices of the scribe. */
void serve_say(void *scribe, enum severity severity, const char *text);

#endif
