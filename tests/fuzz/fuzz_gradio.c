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

static void check_stream(const char *data, size_t size, struct dice *dice, size_t stop_at)
{
	struct taker whole = {.stop_at = stop_at}, cut = {.stop_at = stop_at};
	int rc_whole = feed(data, size, -1, dice, &whole);
	int rc_cut = feed(data, size, (int)dice_below(dice, 3), dice, &cut);
	CHECK(rc_whole == rc_cut);
	CHECK(record_same(&whole.got, &cut.got));
	CHECK(rc_whole == 0 || rc_whole == STOPPED);
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
