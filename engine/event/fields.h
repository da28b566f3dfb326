/* The members of every kind of event as data, generated from events.def: what the codec and event_init walk.
 * Private to engine/event and its tests. */
#ifndef BENCHTOP_FIELDS_H
#define BENCHTOP_FIELDS_H
#include "event.h"

enum event_type { TYPE_STR, TYPE_I64, TYPE_F64, TYPE_BOOL, TYPE_WORDS };

struct event_field {
	const char *name;
	enum event_type type;
	size_t offset;                  /* in the kind's struct, so also from &event.u */
	size_t size;                    /* bytes of the member */
	const char *(*word)(int value); /* TYPE_WORDS only */
	int (*from_word)(const char *word);
};

struct event_description {
	const char *word; /* the kind's name in JSON */
	enum event_slot slot;
	size_t n;
	const struct event_field *fields;
};

/* NULL for EV_NONE and anything that is no kind. */
const struct event_description *event_describe(enum event_kind kind);

#endif
