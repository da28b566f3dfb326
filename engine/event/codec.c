#include "../base/clock.h"
#include "../base/json.h"
#include "../base/text.h"
#include "fields.h"
#include "flat.h"
#include <math.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 2048 /* larger than any STR member */

static void encode_time(struct json_out *j, int64_t wall_ns)
{
	time_t t = (time_t)(wall_ns / CLOCK_NS_PER_S);
	int64_t ms = wall_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_MS;
	struct tm tm = {0};
	char text[64];
	gmtime_r(&t, &tm);
	size_t n = strftime(text, sizeof text - 8, "%Y-%m-%dT%H:%M:%S", &tm);
	char tail[] = ".000Z";
	for (int i = 3; i >= 1; i--, ms /= 10)
		tail[i] = (char)('0' + (ms < 0 ? 0 : ms % 10));
	memcpy(text + n, tail, sizeof tail);
	json_str(j, text);
}

static void encode_field(struct json_out *j, const struct event_field *f, const char *at)
{
	json_key(j, f->name);
	switch (f->type) {
	case TYPE_STR: {
		char text[TEXT_MAX];
		size_t cap = f->size < sizeof text ? f->size : sizeof text;
		json_strn(j, text, text_clean(text, cap, at, strnlen(at, f->size)));
		break;
	}
	case TYPE_I64: {
		int64_t v;
		memcpy(&v, at, sizeof v);
		json_i64(j, v);
		break;
	}
	case TYPE_F64: {
		double v;
		memcpy(&v, at, sizeof v);
		json_f64(j, v);
		break;
	}
	case TYPE_BOOL: {
		bool v;
		memcpy(&v, at, sizeof v);
		json_bool(j, v);
		break;
	}
	case TYPE_WORDS: {
		int v;
		memcpy(&v, at, sizeof v);
		json_str(j, f->word(v));
		break;
	}
	}
}

int event_encode(const struct event *e, struct buf *out)
{
	const struct event_description *d = event_describe(e->kind);
	if (!d)
		return ERR_USAGE;
	if (out->failed)
		return ERR_LIMIT;
	size_t start = out->len;
	struct json_out j;
	json_out_init(&j, out, JSON_COMPACT, false);
	json_object(&j);
	json_key(&j, "v");
	json_i64(&j, EVENT_FORMAT_VERSION);
	json_key(&j, "seq");
	json_i64(&j, (int64_t)e->seq);
	json_key(&j, "t");
	encode_time(&j, e->wall_ns);
	json_key(&j, "wall_ns");
	json_i64(&j, e->wall_ns);
	json_key(&j, "mono_ns");
	json_i64(&j, e->mono_ns);
	json_key(&j, "kind");
	json_str(&j, d->word);
	for (size_t i = 0; i < d->n; i++)
		encode_field(&j, &d->fields[i], (const char *)&e->u + d->fields[i].offset);
	json_object_end(&j);
	buf_addc(out, '\n');
	if (!out->failed)
		return 0;
	/* Half a line must not stay in front of the next one. */
	out->len = start;
	if (out->data)
		out->data[start] = '\0';
	return ERR_LIMIT;
}

static void decode_field(const struct event_field *f, char *at, const struct flat_value *v)
{
	char text[TEXT_MAX];
	int64_t i;
	double d = NAN;
	bool yes = v->type == FLAT_TRUE;
	int word;
	switch (f->type) {
	case TYPE_STR:
		if (v->type == FLAT_STRING)
			text_clean(at, f->size, text, flat_string(v, text, sizeof text));
		break;
	case TYPE_I64:
		if (flat_i64(v, &i))
			memcpy(at, &i, sizeof i);
		break;
	case TYPE_F64:
		if (v->type == FLAT_NULL || flat_f64(v, &d))
			memcpy(at, &d, sizeof d);
		break;
	case TYPE_BOOL:
		if (yes || v->type == FLAT_FALSE)
			memcpy(at, &yes, sizeof yes);
		break;
	case TYPE_WORDS:
		if (v->type == FLAT_STRING) {
			flat_string(v, text, sizeof text);
			word = f->from_word(text);
			word = word < 0 ? 0 : word;
			memcpy(at, &word, sizeof word);
		}
		break;
	}
}

static enum event_kind kind_from_word(const char *word)
{
	for (int k = EV_NONE + 1; k < EV_count; k++)
		if (strcmp(event_kind_word((enum event_kind)k), word) == 0)
			return (enum event_kind)k;
	return EV_NONE;
}

/* First pass: is the line whole, and whose is it? The kind must be known before members can be placed. */
static int decode_head(const char *line, size_t len, struct event *out, struct err *e)
{
	struct flat r;
	struct flat_member m;
	int64_t seq = 0, wall = 0, mono = 0;
	char kind[64] = "";
	int rc = flat_begin(&r, line, len);
	while (rc == 1 && (rc = flat_next(&r, &m)) == 1) {
		if (flat_key_is(&m, "seq"))
			flat_i64(&m.value, &seq);
		else if (flat_key_is(&m, "wall_ns"))
			flat_i64(&m.value, &wall);
		else if (flat_key_is(&m, "mono_ns"))
			flat_i64(&m.value, &mono);
		else if (flat_key_is(&m, "kind") && m.value.type == FLAT_STRING)
			flat_string(&m.value, kind, sizeof kind);
	}
	if (rc < 0)
		return err_set(e, ERR_PROTO, "not a whole event line (%zu bytes)", len);
	if (!kind[0])
		return err_set(e, ERR_PROTO, "a line without a kind is no event");
	event_init(out, kind_from_word(kind));
	out->seq = seq > 0 ? (uint64_t)seq : 0;
	out->wall_ns = wall;
	out->mono_ns = mono;
	return 0;
}

int event_decode(const char *line, size_t len, struct event *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	if (len > EVENT_LINE_MAX)
		return err_set(e, ERR_PROTO, "a line of %zu bytes is no event", len);
	int rc = decode_head(line, len, out, e);
	const struct event_description *d = event_describe(out->kind);
	if (rc || !d)
		return rc;
	struct flat r;
	struct flat_member m;
	size_t expect = 0; /* members come in the table's order, so the search seldom takes a second step */
	flat_begin(&r, line, len);
	while (flat_next(&r, &m) == 1) {
		for (size_t k = 0; k < d->n; k++) {
			size_t i = (expect + k) % d->n;
			if (flat_key_is(&m, d->fields[i].name)) {
				decode_field(&d->fields[i], (char *)&out->u + d->fields[i].offset, &m.value);
				expect = i + 1;
				break;
			}
		}
	}
	return 0;
}
