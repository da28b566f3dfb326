/* Events as lines: what is written is read back exactly, what is torn or foreign is told apart. */
#include "../../engine/base/clock.h"
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/event/event.h"
#include "../../engine/event/fields.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <float.h>
#include <math.h>

/* Different for every member and round, extremes among them. */
static void fill_field(const struct event_field *f, char *at, int salt)
{
	static const int64_t ints[] = {
	        INT64_MAX, INT64_MIN, INT64_C(1764082800123456789), -1, 0, INT64_C(9007199254740993)};
	static const double doubles[] = {0.1, -0.0, 5e-324, DBL_MAX, 1e22, NAN, 205.36718750000003, 1e-5};
	static const char *const texts[] = {"", "plain", "quote \" back\\slash / é 日本 😀", "{\"v\":1}", "\\u0041\\n"};
	switch (f->type) {
	case TYPE_STR:
		if (salt % 7 == 6) { /* as long as it can be, every byte to be escaped */
			memset(at, '"', f->size - 1);
			at[f->size - 1] = '\0';
		} else {
			text_copy(at, f->size, texts[salt % 5]);
		}
		break;
	case TYPE_I64:
		memcpy(at, &ints[salt % 6], sizeof(int64_t));
		break;
	case TYPE_F64:
		memcpy(at, &doubles[salt % 8], sizeof(double));
		break;
	case TYPE_BOOL:
		memcpy(at, &(bool){salt % 2 == 0}, sizeof(bool));
		break;
	case TYPE_WORDS: {
		int n = 0;
		while (strcmp(f->word(n), "?") != 0)
			n++;
		assert_true(n > 0);
		memcpy(at, &(int){n > 0 ? salt % n : 0}, sizeof(int));
		break;
	}
	}
}

static void field_equal(const struct event_field *f, const char *a, const char *b)
{
	if (f->type == TYPE_STR) {
		assert_string_equal(a, b);
	} else if (f->type == TYPE_F64) {
		double x, y;
		memcpy(&x, a, sizeof x);
		memcpy(&y, b, sizeof y);
		if (isnan(x))
			assert_true(isnan(y));
		else
			assert_memory_equal(a, b, sizeof x);
	} else {
		assert_memory_equal(a, b, f->size);
	}
}

static void every_kind_round_trips(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, EVENT_LINE_MAX);
	for (int k = EV_NONE + 1; k < EV_count; k++) {
		const struct event_description *d = event_describe((enum event_kind)k);
		assert_non_null(d);
		assert_true(d->n > 0);
		for (int round = 0; round < 42; round++) {
			struct event in, out;
			event_init(&in, (enum event_kind)k);
			in.seq = (uint64_t)INT64_MAX - (uint64_t)round;
			for (size_t i = 0; i < d->n; i++)
				fill_field(&d->fields[i], (char *)&in.u + d->fields[i].offset, round + (int)i);
			buf_clear(&b);
			assert_int_equal(event_encode(&in, &b), 0);
			assert_true(b.len <= EVENT_LINE_MAX);
			assert_ptr_equal(memchr(b.data, '\n', b.len), b.data + b.len - 1);
			assert_int_equal(event_decode(b.data, b.len, &out, NULL), 0);
			assert_int_equal(out.kind, k);
			assert_true(out.seq == in.seq && out.wall_ns == in.wall_ns && out.mono_ns == in.mono_ns);
			for (size_t i = 0; i < d->n; i++)
				field_equal(&d->fields[i], (char *)&in.u + d->fields[i].offset,
				        (char *)&out.u + d->fields[i].offset);
			/* Any JSON reader can read it. */
			cJSON *v = NULL;
			assert_int_equal(json_parse(b.data, b.len, 2, &v, NULL), 0);
			assert_string_equal(json_get_str(v, "kind", ""), d->word);
			cJSON_Delete(v);
		}
	}
	buf_free(&b);
}

static void a_line_looks_as_documented(void **state)
{
	(void)state;
	struct event e;
	struct buf b;
	buf_init(&b, EVENT_LINE_MAX);
	event_init(&e, EV_phase_started);
	e.seq = 12;
	e.wall_ns = INT64_C(1764082800007000001);
	e.mono_ns = 5;
	e.u.phase_started.cell = 3;
	e.u.phase_started.phase = PHASE_LOAD;
	assert_int_equal(event_encode(&e, &b), 0);
	assert_string_equal(buf_text(&b),
	        "{\"v\":1,\"seq\":12,\"t\":\"2025-11-25T15:00:00.007Z\",\"wall_ns\":1764082800007000001,"
	        "\"mono_ns\":5,\"kind\":\"phase_started\",\"cell\":3,\"phase\":\"load\"}\n");
	buf_free(&b);
}

static void nothing_is_claimed_by_default(void **state)
{
	(void)state;
	struct event e;
	event_init(&e, EV_server_seen);
	assert_true(e.u.server_seen.radix_off == -1 && isnan(e.u.server_seen.uptime_s));
	event_init(&e, EV_post_changed);
	assert_true(e.u.post_changed.rank == -1 && e.u.post_changed.cell == -1);
	event_init(&e, EV_load_progress);
	assert_true(isnan(e.u.load_progress.tput_per_gpu) && e.u.load_progress.done == 0);
	assert_false(event_is_journaled(&e));
	e.u.load_progress.sample = true;
	assert_true(event_is_journaled(&e));
	event_init(&e, EV_journal_state);
	assert_false(event_is_journaled(&e));
	event_init(&e, EV_notice);
	assert_true(event_is_journaled(&e));
	assert_int_equal(event_slot(EV_notice), EVENT_FACT);
	assert_int_equal(event_slot(EV_gpu_seen), EVENT_PROGRESS);
	assert_int_equal(event_slot(EV_journal_state), EVENT_LIVE);
	assert_string_equal(event_kind_word(EV_gate_decided), "gate_decided");
	assert_string_equal(event_kind_word(EV_NONE), "?");
	assert_string_equal(run_phase_word(PHASE_WARMUP), "warm-up");
	assert_string_equal(run_phase_word(999), "?");
	assert_int_equal(post_state_from_word("confirmed"), POST_CONFIRMED);
	assert_int_equal(post_state_from_word("lost"), -1);
}

/* Every prefix of a line is recognised as torn, read from memory that ends with it. */
static void a_torn_line_is_recognised(void **state)
{
	(void)state;
	struct event e, out;
	struct buf b;
	buf_init(&b, EVENT_LINE_MAX);
	event_init(&e, EV_notice);
	text_copy(e.u.notice.text, sizeof e.u.notice.text, "a } and a \" and \\ in a sentence }");
	assert_int_equal(event_encode(&e, &b), 0);
	for (size_t n = 0; n + 1 < b.len; n++) {
		char *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, b.data, n);
		assert_int_equal(event_decode(copy, n, &out, NULL), ERR_PROTO);
		free(copy);
	}
	assert_int_equal(event_decode(b.data, b.len - 1, &out, NULL), 0); /* without the newline it is whole */
	assert_int_equal(event_encode(&e, &b), 0);
	assert_int_equal(event_decode(b.data, b.len, &out, NULL), ERR_PROTO); /* two lines are not one */
	buf_free(&b);
}

static int decode(const char *line, struct event *out)
{
	struct err e;
	return event_decode(line, strlen(line), out, &e);
}

static void foreign_lines(void **state)
{
	(void)state;
	struct event e;
	assert_int_equal(decode("{\"v\":9,\"seq\":4,\"kind\":\"tea_made\",\"cups\":[1,{\"a\":\"]\"}]}", &e), 0);
	assert_int_equal(e.kind, EV_NONE);
	assert_true(e.seq == 4);
	/* any order, unknown and nested members, other number forms, an unknown word, a wrong type */
	assert_int_equal(
	        decode(" { \"passed\" : true , \"new\":{\"x\":[{}]}, \"value\":null,\"limit\":1e0,\"metric\":7,"
	               "\"cell\":2.0,\"kind\":\"gate_decided\",\"text\":\"\\u0041\\ud83d\\ude00\\ud800\\/\"} ",
	                &e),
	        0);
	assert_int_equal(e.kind, EV_gate_decided);
	assert_true(e.u.gate_decided.passed && isnan(e.u.gate_decided.value) && e.u.gate_decided.limit == 1);
	assert_string_equal(e.u.gate_decided.metric, "");
	assert_int_equal(e.u.gate_decided.cell, 2);
	assert_string_equal(e.u.gate_decided.text, "A😀\xef\xbf\xbd/");
	assert_int_equal(decode("{\"kind\":\"cell_done\",\"status\":\"vanished\"}", &e), 0);
	assert_int_equal(e.u.cell_done.status, 0);
	assert_int_equal(e.u.cell_done.cell, -1);
	static const char *const bad[] = {"", "x", "{}", "[]", "null", "{\"kind\":3}", "{\"kind\":\"notice\",}",
	        "{\"kind\":\"notice\"}}", "{\"kind\":\"notice\" \"text\":\"\"}",
	        "{\"kind\":\"notice\",\"text\":\"\\x\"}", "{\"kind\":\"notice\",\"text\":\"\\u12\"}",
	        "{\"kind\":\"notice\",\"a\":01}", "{\"kind\":\"notice\",\"a\":NaN}", "{\"kind\":\"notice\",\"a\":[}",
	        "{kind:\"notice\"}", "{\"kind\":\"notice\",\"a\":-}"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(decode(bad[i], &e), ERR_PROTO);
	assert_int_equal(event_decode("{\"kind\":\"notice\",\"text\":\"a\0b\"}", 30, &e, NULL), ERR_PROTO);
}

static void text_is_cleaned_both_ways(void **state)
{
	(void)state;
	struct event e;
	struct buf b;
	buf_init(&b, EVENT_LINE_MAX);
	event_init(&e, EV_notice);
	text_set(e.u.notice.text, sizeof e.u.notice.text, "\033[31mred\033]0;x\007\n\xff");
	assert_int_equal(event_encode(&e, &b), 0);
	assert_non_null(strstr(buf_text(&b), "\"text\":\"red\xef\xbf\xbd\"}"));
	assert_int_equal(decode("{\"kind\":\"notice\",\"text\":\"\\u001b[31mred\\u0000\\u009b1mx\\u202e\"}", &e), 0);
	assert_string_equal(e.u.notice.text, "redx");
	buf_free(&b);
}

static void a_full_buffer_keeps_whole_lines(void **state)
{
	(void)state;
	struct event e;
	struct buf b;
	event_init(&e, EV_cell_started);
	buf_init(&b, 200);
	assert_int_equal(event_encode(&e, &b), 0);
	size_t len = b.len;
	assert_true(len > 100);
	assert_int_equal(event_encode(&e, &b), ERR_LIMIT);
	assert_int_equal(b.len, len);
	assert_int_equal(b.data[len - 1], '\n');
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_kind_round_trips),
	        cmocka_unit_test(a_line_looks_as_documented),
	        cmocka_unit_test(nothing_is_claimed_by_default),
	        cmocka_unit_test(a_torn_line_is_recognised),
	        cmocka_unit_test(foreign_lines),
	        cmocka_unit_test(text_is_cleaned_both_ways),
	        cmocka_unit_test(a_full_buffer_keeps_whole_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
