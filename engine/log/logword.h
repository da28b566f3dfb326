/* Which of the words that matter a line holds, found in one pass over its bytes.
 *
 * SGLang prints no level, so severity is guessed by some fifty phrases; looking for each of them in turn would cost more
 * than reading the log. The phrases are merged into one state machine (Aho and Corasick) when it is first needed. Any
 * thread; nothing is allocated; a few nanoseconds a byte.
 */
#ifndef BENCHTOP_LOGWORD_H
#define BENCHTOP_LOGWORD_H
#include <stddef.h>

enum {
	LOGWORD_NOISE = 1,      /* known to mean nothing, whatever else the line says */
	LOGWORD_FATAL = 2,      /* the server or one of its processes cannot go on */
	LOGWORD_BAD = 4,        /* an error that is survived */
	LOGWORD_DOUBT = 8,      /* degraded */
	LOGWORD_EXCEPTION = 16, /* "Error: " or "Exception: ": perhaps the last line of a traceback */
	LOGWORD_DEAD = 32,      /* " scheduler is dead" */
	LOGWORD_STATUS_5 = 64,  /* an access line with a status of 500 and more */
};

/* The groups that occur in s[0..len), as a mask; NOISE alone as soon as it is certain. */
unsigned logword_find(const char *s, size_t len);

#endif
