/* A fact with a time (events.def), as a struct and as a line of JSON.
 *
 * Emitters fill an event with event_init() and hand a copy to the scribe; the scribe numbers, journals and forwards it;
 * readers fold it into a board. Events are plain data: no pointers, copied freely.
 * A line: {"v":1,"seq":12,"t":"<ISO 8601 wall time, ms, Z>","wall_ns":..,"mono_ns":..,"kind":"cell_started","cell":0}
 * Enums travel as words, absent numbers (NaN) as null.
 */
#ifndef BENCHTOP_EVENT_H
#define BENCHTOP_EVENT_H
#include "../base/buf.h"
#include "../base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_FORMAT_VERSION 1
#define EVENT_LINE_MAX       16384

/* The enums, their words, and word lookup. */
#define ENUM(type)             enum type {
#define WORD(type, NAME, word) NAME,
/* clang-format off */
#define ENUM_END(type)         type##_count };
/* clang-format on */
#include "enums.def"
#undef ENUM
#undef WORD
#undef ENUM_END
/* const char *<type>_word(int value): never NULL ("?" out of range); int <type>_from_word(const char *): -1 unknown. */
#define ENUM(type)                                                                                                     \
	const char *type##_word(int value);                                                                            \
	int type##_from_word(const char *word);
#define WORD(type, NAME, word)
#define ENUM_END(type)
#include "enums.def"
#undef ENUM
#undef WORD
#undef ENUM_END

/* struct ev_<kind> */
#define EVENT(kind, slot, doc) struct ev_##kind {
/* clang-format off */
#define EVENT_END(kind)        };
/* clang-format on */
#define STR(name, bytes, doc)  char name[bytes];
#define I64(name, doc)         int64_t name;
#define F64(name, doc)         double name;
#define BOOL(name, doc)        bool name;
#define WORDS(name, type, doc) enum type name;
#include "events.def"
#undef EVENT
#undef EVENT_END
#undef STR
#undef I64
#undef F64
#undef BOOL
#undef WORDS

enum event_kind {
	EV_NONE = 0,
#define EVENT(kind, slot, doc) EV_##kind,
#define EVENT_END(kind)
#define STR(name, bytes, doc)
#define I64(name, doc)
#define F64(name, doc)
#define BOOL(name, doc)
#define WORDS(name, type, doc)
#include "events.def"
#undef EVENT
#undef EVENT_END
#undef STR
#undef I64
#undef F64
#undef BOOL
#undef WORDS
	EV_count
};

enum event_slot { EVENT_FACT, EVENT_PROGRESS, EVENT_LIVE };

struct event {
	enum event_kind kind;
	uint64_t seq;    /* given by the scribe; 0 = not yet, or never journaled */
	int64_t wall_ns; /* stamped by event_init */
	int64_t mono_ns;
	union {
#define EVENT(kind, slot, doc) struct ev_##kind kind;
#define EVENT_END(kind)
#define STR(name, bytes, doc)
#define I64(name, doc)
#define F64(name, doc)
#define BOOL(name, doc)
#define WORDS(name, type, doc)
#include "events.def"
#undef EVENT
#undef EVENT_END
#undef STR
#undef I64
#undef F64
#undef BOOL
#undef WORDS
	} u;
};

/* Zeroes e, sets kind and both times, every F64 member to NaN, every I64 named `rank`, `cell` or `radix_off` to -1. */
void event_init(struct event *e, enum event_kind kind);
const char *event_kind_word(enum event_kind kind);
enum event_slot event_slot(enum event_kind kind);
/* False for LIVE kinds and for PROGRESS without its sample mark. */
bool event_is_journaled(const struct event *e);

/* Appends the JSON line, newline included. 0 or a negative code (buffer limit). Strings are cleaned on the way. */
int event_encode(const struct event *e, struct buf *out);
/* Reads one line (with or without newline). ERR_PROTO: not a whole event line (torn). An unknown kind gives 0 with
 * kind EV_NONE. Unknown members are ignored, missing ones keep event_init's values; strings are cleaned. */
int event_decode(const char *line, size_t len, struct event *out, struct err *e);

#endif
