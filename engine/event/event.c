#include "../base/clock.h"
#include "fields.h"
#include <math.h>
#include <string.h>

/* One block for each kind: the block's own typedef is how a member's macro, which does not know its kind, finds the
 * struct it belongs to. */
const struct event_description *event_describe(enum event_kind kind)
{
	switch (kind) {
/* clang-format off */
#define EVENT(kind, kind_slot, doc)                                                                                    \
	case EV_##kind: {                                                                                              \
		typedef struct ev_##kind self;                                                                         \
		enum { self_slot = EVENT_##kind_slot };                                                                \
		static const char self_word[] = #kind;                                                                 \
		static const struct event_field self_fields[] = {
#define FIELD(name, type, word, from_word)                                                                             \
			{#name, type, offsetof(self, name), sizeof(((self *)0)->name), word, from_word},
#define STR(name, bytes, doc) FIELD(name, TYPE_STR, NULL, NULL)
#define I64(name, doc) FIELD(name, TYPE_I64, NULL, NULL)
#define F64(name, doc) FIELD(name, TYPE_F64, NULL, NULL)
#define BOOL(name, doc) FIELD(name, TYPE_BOOL, NULL, NULL)
#define WORDS(name, type, doc) FIELD(name, TYPE_WORDS, type##_word, type##_from_word)
#define EVENT_END(kind)                                                                                                \
		};                                                                                                     \
		static const struct event_description description = {self_word, (enum event_slot)self_slot,            \
			sizeof self_fields / sizeof self_fields[0], self_fields};                                      \
		return &description;                                                                                   \
	}
/* clang-format on */
#include "events.def"
	case EV_NONE:
	case EV_count:
	default:
		return NULL;
	}
}

static bool starts_unknown(const char *name)
{
	return strcmp(name, "rank") == 0 || strcmp(name, "cell") == 0 || strcmp(name, "radix_off") == 0;
}

void event_init(struct event *e, enum event_kind kind)
{
	memset(e, 0, sizeof *e);
	e->kind = kind;
	e->wall_ns = clock_wall_ns();
	e->mono_ns = clock_mono_ns();
	const struct event_description *d = event_describe(kind);
	for (size_t i = 0; d && i < d->n; i++) {
		const struct event_field *f = &d->fields[i];
		char *at = (char *)&e->u + f->offset;
		if (f->type == TYPE_F64)
			memcpy(at, &(double){NAN}, sizeof(double));
		else if (f->type == TYPE_I64 && starts_unknown(f->name))
			memcpy(at, &(int64_t){-1}, sizeof(int64_t));
	}
}

const char *event_kind_word(enum event_kind kind)
{
	const struct event_description *d = event_describe(kind);
	return d ? d->word : "?";
}

enum event_slot event_slot(enum event_kind kind)
{
	const struct event_description *d = event_describe(kind);
	return d ? d->slot : EVENT_LIVE;
}

bool event_is_journaled(const struct event *e)
{
	const struct event_description *d = event_describe(e->kind);
	if (!d || d->slot == EVENT_LIVE)
		return false;
	if (d->slot == EVENT_FACT)
		return true;
	for (size_t i = 0; i < d->n; i++) {
		bool sample;
		memcpy(&sample, (const char *)&e->u + d->fields[i].offset, sizeof sample);
		if (d->fields[i].type == TYPE_BOOL && strcmp(d->fields[i].name, "sample") == 0)
			return sample;
	}
	return false;
}
