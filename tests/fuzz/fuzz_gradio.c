/* The leaderboard's event stream, its tables and its errors. */
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/post/gradio_int.h"
#include "../../engine/post/gradio_stream.h"
#include "../../engine/post/gradio_table.h"
#include "fuzz.h"

#define STOPPED 77

struct taker {
	struct record got;
	size_t stop_at;
};

static int take(void *ctx, const char *event, const char *data, size_t len)
{
	struct taker *t = ctx;
	CHECK(event[0] && strlen(event) < 32 && utf8_valid(event, strlen(event)));
	CHECK(data[len] == '\0');
	record_add(&t->got, event, strlen(event));
	record_add(&t->got, data, len);
	return t->got.n / 2 == t->stop_at ? STOPPED : 0;
}

static int feed(const char *data, size_t size, int kind, struct dice *dice, struct taker *t)
{
	struct gradio_stream s;
	int rc = 0;
	gradio_stream_init(&s, take, t);
	for (size_t at = 0; at < size && rc == 0;) {
		size_t n = kind < 0 ? size : dice_piece(dice, kind, size - at);
		char *piece = exact_copy(data + at, n);
		rc = gradio_stream_feed(&s, piece, n);
		free(piece);
		CHECK(s.line.len <= GRADIO_STREAM_MAX && s.data.len <= GRADIO_STREAM_MAX);
		CHECK(memchr(s.event, '\0', sizeof s.event));
		at += n;
	}
	gradio_stream_free(&s);
	return rc;
}

struct model {
	char *event, *data; /* NULL: none yet */
	size_t data_len;
	bool begun;
};

static bool field_is(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(line, name, len) == 0;
}

/* A field of an event by the rules of server-sent events; 0, or what the callback said at a blank line. */
static int model_line(struct model *m, const char *line, size_t len, struct taker *t)
{
	int rc = 0;
	if (!m->begun && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3, len -= 3;
	m->begun = true;
	if (len == 0) {
		if (m->data)
			rc = take(t, m->event && m->event[0] ? m->event : "message", m->data, m->data_len);
		free(m->event);
		free(m->data);
		m->event = m->data = NULL;
		return rc;
	}
	const char *colon = memchr(line, ':', len);
	size_t name = colon ? (size_t)(colon - line) : len, from = colon ? name + 1 : len;
	from += from < len && line[from] == ' ';
	if (field_is(line, name, "event")) {
		free(m->event);
		m->event = must(malloc(32));
		text_clean(m->event, 32, line + from, len - from);
	} else if (field_is(line, name, "data")) {
		size_t old = m->data ? m->data_len + 1 : 0;
		m->data = must(realloc(m->data, old + len - from + 1));
		if (old)
			m->data[old - 1] = '\n';
		memcpy(m->data + old, line + from, len - from);
		m->data_len = old + len - from;
		m->data[m->data_len] = '\0';
	}
	return 0;
}

static int model(const char *data, size_t size, struct taker *t)
{
	struct model m = {0};
	size_t from = 0;
	int rc = 0;
	for (size_t i = 0; i < size && rc == 0; i++) {
		if (data[i] != '\n' && data[i] != '\r')
			continue;
		if (!(data[i] == '\n' && i > 0 && data[i - 1] == '\r'))
			rc = model_line(&m, data + from, i - from, t);
		from = i + 1;
	}
	free(m.event);
	free(m.data);
	return rc;
}

static void check_stream(const char *data, size_t size, struct dice *dice, size_t stop_at)
{
	struct taker whole = {.stop_at = stop_at}, cut = {.stop_at = stop_at}, want = {.stop_at = stop_at};
	int rc_whole = feed(data, size, -1, dice, &whole);
	int rc_cut = feed(data, size, (int)dice_below(dice, 3), dice, &cut);
	CHECK(rc_whole == model(data, size, &want) && rc_cut == rc_whole);
	CHECK(record_same(&whole.got, &cut.got));
	CHECK(record_same(&whole.got, &want.got));
	CHECK(rc_whole == 0 || rc_whole == STOPPED);
	free(want.got.data);
	free(whole.got.data);
	free(cut.got.data);
}

/* Not longer than the bound, however it comes. */
static void check_bound(const uint8_t *data, size_t size, struct dice *dice)
{
	struct taker t = {0};
	struct gradio_stream s;
	size_t fed = 0;
	int rc = 0;
	gradio_stream_init(&s, take, &t);
	while (rc == 0) {
		size_t n = 1 + dice_below(dice, size);
		rc = gradio_stream_feed(&s, (const char *)data, n);
		fed += rc == 0 ? n : 0;
		CHECK(fed <= GRADIO_STREAM_MAX);
	}
	CHECK(rc < 0 && t.got.len <= 40 * GRADIO_STREAM_MAX);
	gradio_stream_free(&s);
	free(t.got.data);
}

static void check_table(const cJSON *value, const char *team, int64_t conc)
{
	struct gradio_table t;
	if (!gradio_table_read(&t, value))
		return;
	int64_t rank = gradio_table_rank(&t, team, conc), rows = cJSON_GetArraySize(t.rows);
	CHECK(cJSON_IsArray(t.rows) && (!t.headers || cJSON_IsArray(t.headers)));
	CHECK(rank == -1 || (rank >= 1 && rank <= (t.rank >= 0 ? 1000000 : rows)));
}

static void check_values(const char *text, size_t size)
{
	cJSON *json;
	char detail[64];
	CHECK(gradio_detail(text, size, detail, sizeof detail) == detail);
	CHECK(strlen(detail) < sizeof detail && utf8_valid(detail, strlen(detail)));
	if (json_parse_lenient(text, size, GRADIO_JSON_DEPTH, &json, NULL))
		return;
	const cJSON *item;
	const char *said = gradio_outputs_text(json);
	CHECK(!said || said[0]);
	int64_t rank = gradio_outputs_rank(json, "team", 4);
	CHECK(rank == -1 || rank >= 1);
	check_table(json, "team", 4);
	check_table(json, "", 0);
	cJSON_ArrayForEach(item, json) check_table(item, "team", 4);
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice dice = dice_of(data, size);
	char *text = exact_copy(data, size);
	check_stream(text, size, &dice, 0);
	check_stream(text, size, &dice, 1 + dice_below(&dice, 4));
	if (size >= 64 && dice_below(&dice, 500) == 0)
		check_bound(data, size, &dice);
	check_values(text, size);
	free(text);
	return 0;
}
