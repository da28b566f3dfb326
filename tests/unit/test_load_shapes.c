/* Every shape of an answer through a load: what comes out of each. */
#include "test_load_help.h"

struct want {
	const char *name;
	enum completion_error error;
	uint32_t events;             /* of a success: token events; ITL samples are one less */
	enum completion_error other; /* as good as the first, when set */
};

/* clang-format off */
#define OK3(name) {name, COMPLETION_OK, 3, 0}
/* clang-format on */

static const struct want wants[] = {
        OK3("plain"),
        OK3("crlf"),
        OK3("crlf_split"),
        OK3("split_event"),
        OK3("one_byte_sends"),
        OK3("several_in_one"),
        OK3("comment_ping"),
        OK3("data_no_blank"),
        OK3("event_line"),
        OK3("bare_json"),
        OK3("spaced_json"),
        OK3("usage_before_choices"),
        OK3("usage_in_last_choices"),
        OK3("usage_every_chunk_plus_final"),
        OK3("usage_no_choices_key"),
        {"usage_null_final", COMPLETION_USAGE, 0, 0},
        OK3("usage_cached"),
        {"extra_finish_chunk", COMPLETION_OK, 4, 0},
        {"three_tokens_one_chunk", COMPLETION_OK, 1, 0},
        OK3("null_text"),
        OK3("text_with_escapes"),
        OK3("utf8_text"),
        OK3("bad_utf8_text"),
        OK3("escape_sequences"),
        {"nul_bytes", COMPLETION_PROTOCOL, 0, 0},
        OK3("no_done"),
        OK3("no_final_newline"),
        OK3("done_no_newline"),
        OK3("not_chunked_close"),
        OK3("content_length"),
        {"error_object_first", COMPLETION_PROTOCOL, 0, 0},
        {"error_flat_first", COMPLETION_PROTOCOL, 0, 0},
        {"error_object_after_first", COMPLETION_PROTOCOL, 0, 0},
        {"error_flat_after_first", COMPLETION_PROTOCOL, 0, 0},
        OK3("error_null_field"),
        {"cut_body", COMPLETION_CUT, 0, 0},
        {"cut_body_reset", COMPLETION_CUT, 0, 0},
        {"cut_between_chunks", COMPLETION_CUT, 0, 0},
        {"cut_before_last_chunk", COMPLETION_CUT, 0, 0},
        {"cut_content_length", COMPLETION_CUT, 0, 0},
        {"cut_to_close", COMPLETION_PROTOCOL, 0, 0}, /* for HTTP the end, but in the middle of an event */
        {"empty_body", COMPLETION_PROTOCOL, 0, 0},
        {"empty_body_length", COMPLETION_PROTOCOL, 0, 0},
        {"only_done", COMPLETION_PROTOCOL, 0, 0},
        {"only_usage", COMPLETION_PROTOCOL, 0, 0},
        OK3("events_after_done"),
        {"no_usage", COMPLETION_USAGE, 0, 0},
        {"garbage_line", COMPLETION_PROTOCOL, 0, 0},
        {"json_array_line", COMPLETION_PROTOCOL, 0, 0},
        OK3("text_is_list"),
        {"short_output", COMPLETION_USAGE, 0, 0},
        {"usage_huge", COMPLETION_USAGE, 0, 0},
        {"usage_negative", COMPLETION_USAGE, 0, 0},
        {"usage_text", COMPLETION_USAGE, 0, 0},
        {"status_201", COMPLETION_HTTP, 0, 0},
        {"status_204", COMPLETION_HTTP, 0, 0},
        {"status_400_json", COMPLETION_HTTP, 0, 0},
        {"status_404_html", COMPLETION_HTTP, 0, 0},
        {"status_500_text", COMPLETION_HTTP, 0, 0},
        {"status_500_no_reason", COMPLETION_HTTP, 0, 0},
        {"status_503_cut", COMPLETION_HTTP, 0, 0},
        {"no_answer", COMPLETION_CUT, 0, 0},
        {"no_answer_reset", COMPLETION_CUT, 0, 0},
        {"half_header", COMPLETION_PROTOCOL, 0,
                COMPLETION_CUT}, /* by the version of libcurl an empty answer or a cut */
        {"not_http", COMPLETION_PROTOCOL, 0, 0},
        {"bad_chunk_size", COMPLETION_PROTOCOL, 0, 0},
        {"huge_chunk_size", COMPLETION_PROTOCOL, 0, 0},
        {"redirect_elsewhere", COMPLETION_HTTP, 0, 0},
        OK3("continue_then_ok"),
        OK3("chunk_header_split"),
        OK3("very_long_line"),
        {"huge_line_no_newline", COMPLETION_PROTOCOL, 0, 0},
        {"long_garbage_line", COMPLETION_PROTOCOL, 0, 0},
};

#define N_WANTS (sizeof wants / sizeof wants[0])

/* Those that never end; see test_load_stop.c. */
static bool hangs(const char *name)
{
	return strncmp(name, "hang_", 5) == 0;
}

static int64_t kind_count(const struct ev_load_measured *m, enum completion_error e)
{
	const int64_t n[] = {m->completed, m->fail_connect, m->fail_http, m->fail_cut, m->fail_protocol, m->fail_usage};
	return n[e];
}

static void text_is_clean(const char *s)
{
	assert_true(s[0] != '\0');
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			fail_msg("control character in \"%s\"", s);
}

static void row_is(const struct load_row *row, const struct want *w)
{
	if (row->error != w->error && (!w->other || row->error != w->other))
		fail_msg("%s: %s, not %s", w->name, completion_error_word(row->error), completion_error_word(w->error));
	assert_true(row->started);
	assert_int_equal(row->tokens_in, 5);
	if (w->error)
		return;
	assert_int_equal(row->events, w->events);
	assert_int_equal(row->tokens_out, 3);
	assert_int_equal(row->prompt_tokens_server, 5);
	assert_true(row->ttft_ns > 0 && row->e2el_ns >= row->ttft_ns);
}

static void one_alone(const struct want *w)
{
	const struct peer_script *script = peer_shape_script(w->name);
	struct bench b;
	assert_non_null(script);
	bench_open(&b, &(struct peer_config){.mode = PEER_SCRIPTED, .scripts = &script, .n_scripts = 1}, 1, 1, 5, 3);
	bench_run(&b);
	const struct ev_load_measured *m = &b.r.m;
	assert_int_equal(b.r.n_rows, 1);
	row_is(&b.r.rows[0], w);
	assert_int_equal(kind_count(m, (enum completion_error)b.r.rows[0].error), 1);
	assert_int_equal(m->completed + m->failed, 1);
	assert_false(b.r.stopped);
	if (w->error) {
		text_is_clean(m->first_error);
		assert_non_null(strstr(m->first_error, "request 0: "));
		assert_int_equal(m->itl_samples, 0);
		assert_int_equal(m->total_output + m->total_input, 0);
		assert_true(m->ttft_mean == 0 && m->e2el_median == 0 && m->interactivity == 0);
		assert_int_equal(m->prompt_tokens_server, -1);
	} else {
		assert_string_equal(m->first_error, "");
		assert_int_equal(m->itl_samples, w->events - 1);
		assert_int_equal(m->total_output, 3);
		assert_int_equal(m->total_input, 5);
		assert_int_equal(m->prompt_tokens_server, 5);
		assert_true(m->duration_s > 0 && m->e2el_median >= m->ttft_median);
	}
	bench_close(&b);
}

static void each_shape_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_WANTS; i++)
		one_alone(&wants[i]);
}

static void no_shape_is_forgotten(void **state)
{
	(void)state;
	size_t n;
	const struct peer_shape *s = peer_shapes(&n);
	for (size_t i = 0; i < n; i++) {
		bool found = hangs(s[i].name);
		for (size_t k = 0; k < N_WANTS && !found; k++)
			found = strcmp(wants[k].name, s[i].name) == 0;
		if (!found)
			fail_msg("nothing is stated about the shape %s", s[i].name);
	}
}

/* One load in which request i gets shape i: the failed ones leave no trace in the figures of the others. */
static void all_in_one_load(void **state)
{
	(void)state;
	const struct peer_script *scripts[N_WANTS];
	int64_t kinds[COMPLETION_STOPPED + 1] = {0}, gaps = 0;
	struct bench b;
	for (size_t i = 0; i < N_WANTS; i++) {
		scripts[i] = peer_shape_script(wants[i].name);
		gaps += wants[i].error ? 0 : (int64_t)wants[i].events - 1;
	}
	/* One at a time, so that the order of arrival is the order of the requests. */
	bench_open(&b, &(struct peer_config){.mode = PEER_SCRIPTED, .scripts = scripts, .n_scripts = N_WANTS}, 1,
	        (int)N_WANTS, 5, 3);
	bench_run(&b);
	for (size_t i = 0; i < N_WANTS; i++) {
		row_is(&b.r.rows[i], &wants[i]);
		kinds[b.r.rows[i].error]++;
	}
	for (int k = COMPLETION_OK; k < COMPLETION_STOPPED; k++)
		assert_int_equal(kind_count(&b.r.m, (enum completion_error)k), kinds[k]);
	assert_int_equal(b.r.m.itl_samples, gaps);
	assert_int_equal(b.r.m.total_output, 3 * kinds[COMPLETION_OK]);
	assert_int_equal(b.r.m.total_input, 5 * kinds[COMPLETION_OK]);
	assert_int_equal(b.r.m.prompt_tokens_server, 5 * kinds[COMPLETION_OK]);
	assert_int_equal(b.r.in_flight_max, 1);
	bench_close(&b);
}

static void sentence_of(const char *name, const char *part)
{
	const struct peer_script *script = peer_shape_script(name);
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_SCRIPTED, .scripts = &script, .n_scripts = 1}, 1, 1, 5, 3);
	bench_run(&b);
	if (!strstr(b.r.m.first_error, part))
		fail_msg("%s: \"%s\" does not say \"%s\"", name, b.r.m.first_error, part);
	bench_close(&b);
}

static void sentences_say_what_happened(void **state)
{
	(void)state;
	sentence_of("status_400_json", "HTTP 400 Bad Request: max_tokens is too large: 9999");
	sentence_of("status_404_html", "HTTP 404 Not Found: <html>");
	sentence_of("status_500_no_reason", "HTTP 500");
	sentence_of("error_object_after_first", "out of memory");
	sentence_of("error_flat_first", "out of memory");
	sentence_of("no_usage", "no usage");
	sentence_of("short_output", "only 2 of 3 tokens");
	sentence_of("empty_body", "no token");
	sentence_of("cut_body", "before the answer was complete");
	sentence_of("no_answer", "before it answered");
	sentence_of("redirect_elsewhere", "HTTP 307");
	sentence_of("garbage_line", "no JSON object");
}

/* More events than the request can have asked for: the stream is ended, whatever the server wants. */
static void endless_stream_is_ended(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY, .tokens = 10000000}, 1, 1, 5, 3);
	bench_run(&b);
	assert_int_equal(b.r.m.fail_protocol, 1);
	assert_int_equal(b.r.rows[0].events, 3 * 4 + 64);
	assert_non_null(strstr(b.r.m.first_error, "max_tokens"));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(no_shape_is_forgotten),
	        cmocka_unit_test(each_shape_alone),
	        cmocka_unit_test(all_in_one_load),
	        cmocka_unit_test(sentences_say_what_happened),
	        cmocka_unit_test(endless_stream_is_ended),
	};
	return cmocka_run_group_tests_name("load_shapes", tests, group_setup, group_teardown);
}
