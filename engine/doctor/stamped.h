/* A completions server on loopback that stamps what it sends: the other end of `doctor --client`.
 *
 * One thread, plain sockets. Every request is answered by the same number of token events on a schedule of its own (the
 * first after ttft_ns and a phase of its own, then one each itl_ns, absolute, so that it does not drift), each in one send.
 * An event says when the request had been read ("read_ns") and when it was sent ("sent_ns"), in nanoseconds of
 * CLOCK_MONOTONIC, the clock that the client reads, too. Answers POST to any path; one request a connection.
 */
#ifndef BENCHTOP_STAMPED_H
#define BENCHTOP_STAMPED_H
#include "../base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMPED_STREAMS 1024 /* at once */

struct stamped;

struct stamped_spec {
	int64_t ttft_ns, itl_ns;
	uint32_t tokens; /* events of an answer */
};

/* ERR_IO. All signals are blocked in its thread. */
int stamped_start(struct stamped **out, const struct stamped_spec *spec, struct err *e);
int stamped_port(const struct stamped *s); /* on 127.0.0.1 */
void stamped_stop(struct stamped *s);      /* ends the thread, closes everything, frees; NULL does nothing */

/* The stamps of an event's JSON; false when they are not there. */
bool stamped_read(const char *payload, size_t len, int64_t *read_ns, int64_t *sent_ns);

#endif
