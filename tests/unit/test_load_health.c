/* Which figures of a load raise a flag. */
#include "../../engine/load/health.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <math.h>

static struct ev_load_measured good(void)
{
	return (struct ev_load_measured){
	        .completed = 80,
	        .total_input = 80000,
	        .prompt_tokens_server = 80000,
	        .slots_mean = 7.9,
	        .cpu_share = 0.1,
	        .late_p50_ms = 0.02,
	        .late_p99_ms = 0.5,
	        .itl_median = 8,
	};
}

static void flags_are(const struct ev_load_measured *m, int conc, enum flag_code a, enum flag_code b)
{
	struct ev_flag_raised f[4] = {{0}};
	int want = (a != FLAG_NONE) + (b != FLAG_NONE);
	assert_int_equal(health_flags(m, conc, f, 4), want);
	for (int i = 0; i < want; i++) {
		assert_int_equal(f[i].flag, i ? b : a);
		assert_true(f[i].doubt);
		assert_true(f[i].text[0] != '\0');
	}
}

static void good_load_has_none(void **state)
{
	(void)state;
	struct ev_load_measured m = good();
	flags_are(&m, 8, FLAG_NONE, FLAG_NONE);
}

static void failed_requests(void **state)
{
	(void)state;
	struct ev_flag_raised f;
	struct ev_load_measured m = good();
	m.failed = 3;
	memcpy(m.first_error, "request 7: the server answers HTTP 500",
	        sizeof "request 7: the server answers HTTP 500");
	flags_are(&m, 8, FLAG_FAILED_REQUESTS, FLAG_NONE);
	assert_int_equal(health_flags(&m, 8, &f, 1), 1);
	assert_non_null(strstr(f.text, "3 of 83"));
	assert_non_null(strstr(f.text, "HTTP 500"));
}

static void busy_client(void **state)
{
	(void)state;
	struct ev_load_measured m = good();
	m.cpu_share = 0.91;
	flags_are(&m, 8, FLAG_CLIENT_BUSY, FLAG_NONE);
	m = good();
	m.late_p50_ms = 1.1;
	flags_are(&m, 8, FLAG_CLIENT_BUSY, FLAG_NONE);
	m = good();
	m.late_p99_ms = 21;
	flags_are(&m, 8, FLAG_CLIENT_BUSY, FLAG_NONE);
	m.itl_median = 25; /* late by less than a token */
	flags_are(&m, 8, FLAG_NONE, FLAG_NONE);
	m.late_p50_ms = m.late_p99_ms = (double)NAN;
	flags_are(&m, 8, FLAG_NONE, FLAG_NONE);
}

static void slots_not_full(void **state)
{
	(void)state;
	struct ev_load_measured m = good();
	m.slots_mean = 7.1;
	flags_are(&m, 8, FLAG_OCCUPANCY, FLAG_NONE);
	m.slots_mean = 8.03;
	flags_are(&m, 8, FLAG_NONE, FLAG_NONE);
	m.slots_mean = 8.1;
	flags_are(&m, 8, FLAG_OCCUPANCY, FLAG_NONE);
	m.slots_mean = 3;
	m.completed = 15; /* too few to say so */
	flags_are(&m, 8, FLAG_NONE, FLAG_NONE);
}

static void prompt_tokens(void **state)
{
	(void)state;
	struct ev_load_measured m = good();
	m.prompt_tokens_server = 80080; /* a BOS each */
	flags_are(&m, 8, FLAG_NONE, FLAG_NONE);
	m.prompt_tokens_server = 80081;
	flags_are(&m, 8, FLAG_PROMPT_COUNT, FLAG_NONE);
	m.prompt_tokens_server = 79999;
	flags_are(&m, 8, FLAG_PROMPT_COUNT, FLAG_NONE);
	m.prompt_tokens_server = -1; /* not reported */
	flags_are(&m, 8, FLAG_NONE, FLAG_NONE);
}

static void bundled_tokens_are_a_note(void **state)
{
	(void)state;
	struct ev_load_measured m = good();
	struct ev_flag_raised f[2] = {{0}};
	m.itl_samples = 1000;
	m.bundled_events = 100;
	flags_are(&m, 8, FLAG_NONE, FLAG_NONE);
	m.bundled_events = 400;
	assert_int_equal(health_flags(&m, 8, f, 2), 1);
	assert_int_equal(f[0].flag, FLAG_BUNDLED);
	assert_false(f[0].doubt);
	assert_non_null(strstr(f[0].text, "40 %"));
}

static void no_more_than_asked_for(void **state)
{
	(void)state;
	struct ev_load_measured m = good();
	struct ev_flag_raised f[2] = {{0}};
	m.failed = 1;
	m.cpu_share = 1;
	m.prompt_tokens_server = 1;
	assert_int_equal(health_flags(&m, 8, f, 1), 1);
	assert_int_equal(f[1].text[0], 0);
	assert_int_equal(health_flags(&m, 8, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(good_load_has_none),
	        cmocka_unit_test(failed_requests),
	        cmocka_unit_test(busy_client),
	        cmocka_unit_test(slots_not_full),
	        cmocka_unit_test(prompt_tokens),
	        cmocka_unit_test(bundled_tokens_are_a_note),
	        cmocka_unit_test(no_more_than_asked_for),
	};
	return cmocka_run_group_tests_name("load_health", tests, NULL, NULL);
}
