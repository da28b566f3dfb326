/* The gate: one-sided limits, the decisive metric, absent numbers. */
#include "../../engine/accuracy/gate.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static const struct track dsr1 = {.name = "t",
        .metrics = {{"bits_per_byte", 0.4485}, {"byte_perplexity", 1.3646}, {"word_perplexity", 3.2522}},
        .multiplier = 1.03};

static struct ev_gate_decided decide(double bits, double byte_ppl, double word_ppl)
{
	struct ev_accuracy_measured a = {
	        .bits_per_byte = bits, .byte_perplexity = byte_ppl, .word_perplexity = word_ppl};
	struct ev_gate_decided g = {.cell = 7};
	gate_decide(&dsr1, &a, &g);
	assert_int_equal(g.cell, 7);
	return g;
}

static void inside(void **state)
{
	(void)state;
	struct ev_gate_decided g = decide(0.4491, 1.3652, 3.2579);
	assert_true(g.passed);
	/* drifts +0.13 %, +0.04 %, +0.18 %: the word perplexity is nearest to its limit */
	assert_string_equal(g.metric, "word_perplexity");
	assert_true(fabs(g.value - 3.2579) < 1e-12);
	assert_true(fabs(g.baseline - 3.2522) < 1e-12);
	assert_true(fabs(g.limit - 3.2522 * 1.03) < 1e-12);
	assert_non_null(strstr(g.text, "word_perplexity 3.2579"));
	assert_non_null(strstr(g.text, "3.3498"));
	assert_true(decide(0.3, 1.1, 2).passed); /* better is never outside */
	assert_true(decide(0.4485 * 1.03, 1.3646 * 1.03, 3.2522 * 1.03).passed);
}

static void outside(void **state)
{
	(void)state;
	struct ev_gate_decided g = decide(0.4491, 1.3652, 3.3499);
	assert_false(g.passed);
	assert_string_equal(g.metric, "word_perplexity");
	g = decide(0.4621, 1.3652, 99);
	assert_false(g.passed);
	assert_string_equal(g.metric, "bits_per_byte"); /* the first one beyond */
	assert_non_null(strstr(g.text, "bits_per_byte 0.4621 is above 0.4620"));
	assert_false(decide(nextafter(0.4485 * 1.03, 1), 1, 1).passed);
}

static void absent(void **state)
{
	(void)state;
	struct ev_gate_decided g = decide(0.4491, NAN, 3.2);
	assert_false(g.passed);
	assert_string_equal(g.metric, "byte_perplexity");
	assert_non_null(strstr(g.text, "not measured"));
	assert_false(decide(INFINITY, 1, 1).passed);
	struct track other = dsr1, none = {.name = "n"};
	struct ev_accuracy_measured a = {.bits_per_byte = 0.1, .byte_perplexity = 1, .word_perplexity = 1};
	memcpy(other.metrics[1].name, "acc", 4);
	gate_decide(&other, &a, &g);
	assert_false(g.passed);
	gate_decide(&none, &a, &g);
	assert_false(g.passed);
	assert_true(g.text[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(inside),
	        cmocka_unit_test(outside),
	        cmocka_unit_test(absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
