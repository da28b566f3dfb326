/* The timeline of a load: bounded in memory, absent figures as null, a file for each row of the plan. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/run/timeline.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

static const struct ev_load_progress progress = {.in_flight = 8, .elapsed_s = 12.0004, .output_tps = 957.1234};
static const struct server_now server = {8, 1, 0.12, 958.25, 2.5};
static const struct ev_gpu_seen gpu = {
        .cards = 8, .busy = 97, .power_w = 8096, .temp_c = 71, .clock_mhz = 2385, .throttled = 2};

static void rows_are_written(void **state)
{
	struct timeline t;
	struct rundir d = {0};
	struct plan_cell c = {.conc = 8, .repeat = 1};
	struct err e = {0};
	struct buf b;
	char dir[] = "/tmp/test-timeline-XXXXXX", path[100];
	(void)state;
	assert_non_null(mkdtemp(dir));
	text_set(d.path, sizeof d.path, dir);
	timeline_open(&t);
	snprintf(path, sizeof path, "%s/timeline_conc8.jsonl", dir);
	assert_int_equal(timeline_write(&t, &d, &c, &e), 0); /* no second, no file */
	assert_false(file_exists(path));
	timeline_add(&t, INT64_C(1763633760123) * CLOCK_NS_PER_MS, &progress, &server, &gpu);
	timeline_add(&t, INT64_C(1763633761123) * CLOCK_NS_PER_MS, &progress, NULL, NULL);
	assert_int_equal(timeline_write(&t, &d, &c, &e), 0);
	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(path, &b, &e), 0);
	const char *nl = strchr(buf_text(&b), '\n');
	assert_non_null(nl);
	cJSON *one = NULL, *two = NULL;
	assert_int_equal(json_parse(buf_text(&b), (size_t)(nl - buf_text(&b)), 4, &one, &e), 0);
	assert_int_equal(json_parse(nl + 1, strlen(nl + 1), 4, &two, &e), 0);
	assert_string_equal(json_get_str(one, "t", ""), "2025-11-20T10:16:00.123Z");
	assert_true(json_get_f64(one, "elapsed", 0) == 12.0);
	assert_int_equal(json_get_i64(one, "in_flight", 0), 8);
	assert_true(fabs(json_get_f64(one, "client_tps", 0) - 957.123) < 1e-6);
	assert_true(json_get_f64(one, "running", 0) == 8 && json_get_f64(one, "queued", 0) == 1);
	assert_true(fabs(json_get_f64(one, "kv", 0) - 0.12) < 1e-6 && json_get_f64(one, "gen_tps", 0) == 958.25);
	assert_true(json_get_f64(one, "accept_len", 0) == 2.5 && json_get_f64(one, "gpu_busy", 0) == 97);
	assert_true(json_get_f64(one, "gpu_power_w", 0) == 8096 && json_get_f64(one, "gpu_temp_c", 0) == 71);
	assert_true(json_get_f64(one, "gpus_held_back", 0) == 2);
	static const char *const absent[] = {"running", "queued", "kv", "gen_tps", "accept_len", "gpu_busy",
	        "gpu_power_w", "gpu_temp_c", "gpu_clock_mhz", "gpus_held_back"};
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		assert_true(cJSON_IsNull(json_get(two, absent[i])));
	cJSON_Delete(one);
	cJSON_Delete(two);
	unlink(path);
	c.repeat = 2;
	assert_int_equal(timeline_write(&t, &d, &c, &e), 0);
	snprintf(path, sizeof path, "%s/timeline_conc8_run2.jsonl", dir);
	assert_int_equal(unlink(path), 0);
	text_set(d.path, sizeof d.path, "/nowhere");
	assert_true(timeline_write(&t, &d, &c, &e) < 0);
	buf_free(&b);
	timeline_close(&t);
	rmdir(dir);
}

static void eight_hours_are_kept(void **state)
{
	struct timeline t;
	(void)state;
	timeline_open(&t);
	for (int i = 0; i < TIMELINE_ROWS + 5; i++)
		timeline_add(&t, i, &progress, &server, &gpu);
	assert_int_equal(t.n, TIMELINE_ROWS);
	assert_int_equal(t.lost, 5);
	timeline_close(&t);
	timeline_add(&t, 0, &progress, &server, &gpu); /* no memory: nothing happens */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows_are_written),
	        cmocka_unit_test(eight_hours_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
