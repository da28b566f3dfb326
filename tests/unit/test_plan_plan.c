/* Plans: which rows, how many requests, which reference and board. */
#include "../../engine/base/text.h"
#include "../../engine/plan/plan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct track official;
static struct settings s;
static struct plan plan;
static struct err e;

static int setup(void **state)
{
	(void)state;
	return track_load(&official, "dsr1-fp4-sglang-mi355x", NULL);
}

static void use(bool batch, int isl, int osl)
{
	s = (struct settings){.mode = MODE_PERF, .batch = batch, .n_pairs = 1, .num_warmups = -1, .repeat = 1};
	s.pairs[0][0] = isl;
	s.pairs[0][1] = osl;
	memset(&e, 0, sizeof e);
}

static void pick(int conc)
{
	s.picks[s.n_picks++] = conc;
}

static void a_batch_follows_the_rule(void **state)
{
	(void)state;
	static const int concs[] = {4, 8, 16, 32, 64};
	use(true, 1024, 1024);
	s.num_prompts = 800; /* of the environment: not for a batch */
	s.env_conc = 16;
	s.env_pair[0] = s.env_pair[1] = 1024;
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	assert_int_equal(plan.n_cells, 5);
	for (int i = 0; i < 5; i++) {
		const struct plan_cell *c = &plan.cells[i];
		assert_int_equal(c->conc, concs[i]);
		assert_int_equal(c->num_prompts, concs[i] * 50);
		assert_int_equal(c->rule_prompts, concs[i] * 50);
		assert_int_equal(c->num_warmups, 0);
		assert_int_equal(c->repeat, 1);
		assert_true(c->have_ref && c->ref.conc == concs[i]);
		assert_string_equal(c->board, "https://daniehua-dsr1-fp4-sgl-isl1024osl1024.hf.space");
	}
	assert_true(plan_expect_s(&plan) == 5 * 24 * 60);
	use(true, 1024, 8192);
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	assert_int_equal(plan.cells[4].num_prompts, 64 * 20);
}

static void num_prompts_belongs_to_its_own_row(void **state)
{
	(void)state;
	use(false, 1024, 1024);
	s.num_prompts = 100;
	s.env_conc = 16;
	s.env_pair[0] = s.env_pair[1] = 1024;
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	assert_int_equal(plan.n_cells, 5);
	assert_int_equal(plan.cells[1].num_prompts, 400);
	assert_int_equal(plan.cells[2].num_prompts, 100);
	assert_int_equal(plan.cells[2].rule_prompts, 800);
	assert_true(plan.cells[2].expect_s == 24 * 60 / 8.0);
	assert_int_equal(plan.cells[3].num_prompts, 1600);
	/* Another pair than the environment's. */
	s.pairs[0][1] = 8192;
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	assert_int_equal(plan.cells[2].num_prompts, 320);
	/* --num-prompts is for all. */
	s.all_prompts = 7;
	s.num_warmups = 3;
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(plan.cells[i].num_prompts, 7);
		assert_int_equal(plan.cells[i].num_warmups, 3);
	}
}

static void picks_pairs_and_repeats(void **state)
{
	(void)state;
	static struct track warm;
	use(true, 1024, 1024);
	s.n_pairs = 2;
	s.pairs[1][0] = 8192;
	s.pairs[1][1] = 1024;
	s.repeat = 3;
	pick(64);
	pick(4);
	text_set(s.leaderboard, sizeof s.leaderboard, "http://board");
	warm = official;
	warm.warmups_per_conc = 2;
	assert_int_equal(plan_make(&plan, &s, &warm, &e), 0);
	assert_int_equal(plan.n_cells, 12);
	for (int i = 0; i < 12; i++) {
		const struct plan_cell *c = &plan.cells[i];
		assert_int_equal(c->pair, i / 6);
		assert_int_equal(c->isl, i / 6 ? 8192 : 1024);
		assert_int_equal(c->repeat, i % 6 / 2 + 1);
		assert_int_equal(c->conc, i % 2 ? 4 : 64);
		assert_int_equal(c->num_warmups, 2 * c->conc);
		assert_string_equal(c->board, "http://board");
	}
}

static void single_mode_takes_any_row(void **state)
{
	(void)state;
	use(false, 1024, 1024);
	pick(128);
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	assert_int_equal(plan.cells[0].num_prompts, 6400);
	assert_false(plan.cells[0].have_ref);
	/* A pair that the track lacks: the rule of its output length, no reference, no board. */
	use(false, 2048, 8192);
	pick(4);
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	assert_int_equal(plan.cells[0].num_prompts, 80);
	assert_string_equal(plan.cells[0].board, "");
	assert_false(plan.cells[0].have_ref);
	use(false, 2048, 2048);
	pick(4);
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	assert_int_equal(plan.cells[0].num_prompts, 200);
}

static void acc_takes_a_part_of_the_time(void **state)
{
	(void)state;
	use(true, 1024, 8192);
	s.mode = MODE_ACC;
	s.all_prompts = 1;
	assert_int_equal(plan_make(&plan, &s, &official, &e), 0);
	assert_in_range((int)plan_expect_s(&plan), 5 * 5 * 60, 5 * 10 * 60);
}

static void refusal(const char *text)
{
	assert_int_equal(plan_make(&plan, &s, &official, &e), ERR_USAGE);
	if (!strstr(e.text, text))
		fail_msg("\"%s\" lacks \"%s\"", e.text, text);
}

static void plans_that_cannot_be(void **state)
{
	(void)state;
	use(true, 2048, 1024);
	refusal("ISL 2048 / OSL 1024");
	pick(4);
	refusal("is not a pair of track dsr1-fp4-sglang-mi355x");
	use(true, 1024, 1024);
	pick(128);
	refusal("CONC 128 is not in track");
	refusal("4,8,16,32,64");
	use(false, 2048, 1024);
	refusal("no CONC is picked");
	use(true, 1024, 1024);
	s.repeat = 52;
	refusal("more than 256 rows");
	use(true, 0, 0);
	s.n_pairs = 0;
	refusal("nothing is picked");
	use(false, 0, 0);
	pick(4);
	refusal("no ISL and OSL");
	static struct track heavy;
	heavy = official;
	heavy.pairs[0].prompts_per_conc = 10000;
	use(false, 1024, 1024);
	pick(4096);
	assert_int_equal(plan_make(&plan, &s, &heavy, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "CONC 4096"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_batch_follows_the_rule),
	        cmocka_unit_test(num_prompts_belongs_to_its_own_row),
	        cmocka_unit_test(picks_pairs_and_repeats),
	        cmocka_unit_test(single_mode_takes_any_row),
	        cmocka_unit_test(acc_takes_a_part_of_the_time),
	        cmocka_unit_test(plans_that_cannot_be),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
