/* The same bytes whole, in pieces, and by a plain model of the rules: one sequence of payloads. */
#include "../../engine/base/err.h"
#include "../../engine/load/sse.h"
#include "fuzz.h"

#define STOPPED 77

struct taker {
	struct record got;
	size_t stop_at; /* the callback ends the feed at this payload; 0 = never */
};

static int take(void *ctx, const char *payload, size_t len)
{
	struct taker *t = ctx;
	CHECK(len > 0);
	record_add(&t->got, payload, len);
	return t->got.n == t->stop_at ? STOPPED : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r';
}

static bool begins(const char *s, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

/* One line by the rules of the header, in the slowest way. */
static int model_line(const char *s, size_t len, struct taker *t)
{
	while (len > 0 && is_blank(s[0]))
		s++, len--;
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	if (begins(s, len, ":") || begins(s, len, "event:") || begins(s, len, "id:") || begins(s, len, "retry:"))
		return 0;
	if (begins(s, len, "data:")) {
		s += 5, len -= 5;
		while (len > 0 && is_blank(s[0]))
			s++, len--;
	}
	return len > 0 ? take(t, s, len) : 0;
}

static int model(const char *data, size_t size, struct taker *t)
{
	size_t from = 0;
	for (size_t i = 0; i <= size; i++) {
		if (i < size && data[i] != '\n')
			continue;
		if (i - from > SSE_LINE_MAX)
			return ERR_LIMIT;
		int rc = model_line(data + from, i - from, t);
		if (rc)
			return rc;
		from = i + 1;
	}
	return 0;
}

/* kind < 0: all in one feed. */
static int feed(const char *data, size_t size, int kind, struct dice *dice, struct taker *t)
{
	struct sse s;
	int rc = 0;
	sse_init(&s);
	for (size_t at = 0; at < size && rc == 0;) {
		size_t n = kind < 0 ? size : dice_piece(dice, kind, size - at);
		char *piece = exact_copy(data + at, n);
		rc = sse_feed(&s, piece, n, take, t);
		free(piece);
		CHECK(s.partial.len <= SSE_LINE_MAX);
		at += n;
	}
	if (rc == 0)
		rc = sse_end(&s, take, t);
	sse_free(&s);
	return rc;
}

static void check(const char *data, size_t size, struct dice *dice, size_t stop_at)
{
	struct taker whole = {.stop_at = stop_at}, cut = {.stop_at = stop_at}, want = {.stop_at = stop_at};
	int rc_want = model(data, size, &want);
	int rc_whole = feed(data, size, -1, dice, &whole);
	int rc_cut = feed(data, size, (int)dice_below(dice, 3), dice, &cut);
	CHECK(record_same(&want.got, &whole.got));
	CHECK(record_same(&want.got, &cut.got));
	CHECK(rc_whole == rc_want && rc_cut == rc_want);
	free(want.got.data);
	free(whole.got.data);
	free(cut.got.data);
}

/* One line around the limit, made of the input. */
static void check_long(const uint8_t *data, size_t size, struct dice *dice)
{
	size_t len = SSE_LINE_MAX - 2 + dice_below(dice, 5), total = len + 1 + size;
	char *text = must(malloc(total));
	for (size_t i = 0; i < len; i++)
		text[i] = data[i % size] == '\n' ? 'n' : (char)data[i % size];
	text[len] = '\n';
	memcpy(text + len + 1, data, size);
	struct dice large = {dice->state | 1};
	struct taker whole = {0}, cut = {0}, want = {0};
	int rc_want = model(text, total, &want);
	CHECK(feed(text, total, -1, &large, &whole) == rc_want);
	CHECK(feed(text, total, 2, &large, &cut) == rc_want);
	CHECK(record_same(&want.got, &whole.got) && record_same(&want.got, &cut.got));
	free(want.got.data);
	free(whole.got.data);
	free(cut.got.data);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice dice = dice_of(data, size);
	char *src = exact_copy(data, size);
	check(src, size, &dice, 0);
	check(src, size, &dice, 1 + dice_below(&dice, 4));
	if (size > 0 && dice_below(&dice, 500) == 0)
		check_long(data, size, &dice);
	free(src);
	return 0;
}
