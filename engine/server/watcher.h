/* Looks at the server from its own thread: state, model, version; every 10 s when idle, never during a timed load.
 *
 * GET /v1/models, /health, /get_server_info (or /server_info), bounded and cleaned. Emits server_seen when something
 * changed (a start in progress: step by step, from its log), server_load once a second from the newest decode line of its
 * log when a log is known: the one given, else the one that the server's process writes.
 */
#ifndef BENCHTOP_WATCHER_H
#define BENCHTOP_WATCHER_H
#include "../base/cancel.h"
#include "../event/scribe.h"

struct watcher;

/* One look, blocking (used before a run, too): fills out. timeout_ms for each request. 0 always; phase tells. */
int server_look(const char *base_url, const char *bearer, int64_t timeout_ms, struct cancel *cancel,
        struct ev_server_seen *out);

int watcher_start(struct watcher **out, struct scribe *s, const char *base_url, const char *log, const char *bearer,
        struct err *e);
/* log: NULL or "" = that of the process on the port, found anew at every start of the server. */
void watcher_target(struct watcher *w, const char *base_url, const char *log);
/* The server was started or stopped: look at once. */
void watcher_nudge(struct watcher *w);
/* A timed load is running: no requests to the server until it is false again. The log is read on. Returns when a look in
 * flight has ended (it is cut short). */
void watcher_hush(struct watcher *w, bool hush);
/* The last fatal line that the log got since `since_mono_ns` into text: why the server died. False when there is none. */
bool watcher_fatal(struct watcher *w, int64_t since_mono_ns, char *text, size_t cap);
void watcher_stop(struct watcher *w);

#endif
