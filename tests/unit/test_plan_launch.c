/* Which launch rows are meant for, and how often a plan needs another one. */
#include "../../engine/plan/launch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct track track;

static void a_row_has_a_shape(void **state)
{
	(void)state;
	assert_int_equal(launch_shape(&track, 8192, 1024, 64), 0);
	assert_int_equal(launch_shape(&track, 8192, 1024, 33), 0);
	assert_int_equal(launch_shape(&track, 8192, 1024, 32), LAUNCH_USUAL);
	assert_int_equal(launch_shape(&track, 1024, 1024, 64), LAUNCH_USUAL);
	assert_int_equal(launch_shape(&track, 1024, 8192, 64), LAUNCH_USUAL);
	assert_int_equal(launch_prefill(&track, 0), 32768);
	assert_int_equal(launch_prefill(&track, LAUNCH_USUAL), 196608);
	static const struct track none;
	assert_int_equal(launch_shape(&none, 8192, 1024, 64), LAUNCH_USUAL);
	assert_int_equal(launch_prefill(&none, LAUNCH_USUAL), 0);
}

static void a_server_tells_its_shape_by_its_size(void **state)
{
	(void)state;
	assert_int_equal(launch_shape_of_server(&track, 32768), 0);
	assert_int_equal(launch_shape_of_server(&track, 196608), LAUNCH_USUAL);
	assert_int_equal(launch_shape_of_server(&track, 0), LAUNCH_USUAL);      /* unknown */
	assert_int_equal(launch_shape_of_server(&track, 131072), LAUNCH_USUAL); /* the user's own */
}

static struct plan plan;

static void add(int isl, int osl, int conc)
{
	plan.cells[plan.n_cells++] = (struct plan_cell){.isl = isl, .osl = osl, .conc = conc};
}

static void a_plan_needs_restarts(void **state)
{
	(void)state;
	struct launch_needs n;
	plan.n_cells = 0;
	launch_needs(&plan, &track, LAUNCH_USUAL, &n);
	assert_true(n.other == 0 && n.first == -1 && n.restarts == 0 && !n.mixed);
	add(1024, 1024, 64);
	add(8192, 1024, 32);
	launch_needs(&plan, &track, LAUNCH_USUAL, &n);
	assert_true(n.other == 0 && n.restarts == 0 && !n.mixed);
	launch_needs(&plan, &track, 0, &n); /* the server runs for the other shape */
	assert_true(n.other == 2 && n.first == 0 && n.restarts == 1 && !n.mixed);
	add(8192, 1024, 64);
	launch_needs(&plan, &track, LAUNCH_USUAL, &n);
	assert_true(n.other == 1 && n.first == 2 && n.restarts == 1 && n.mixed);
	add(1024, 8192, 4); /* and back */
	launch_needs(&plan, &track, LAUNCH_USUAL, &n);
	assert_true(n.other == 1 && n.restarts == 2 && n.mixed);
	plan.n_cells = 0;
	add(8192, 1024, 64);
	launch_needs(&plan, &track, LAUNCH_USUAL, &n);
	assert_true(n.other == 1 && n.first == 0 && n.restarts == 1 && !n.mixed);
}

int main(void)
{
	track.launch_prefill = 196608;
	track.shapes[0] = (struct track_shape){8192, 1024, 32, 32768};
	track.n_shapes = 1;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_row_has_a_shape),
	        cmocka_unit_test(a_server_tells_its_shape_by_its_size),
	        cmocka_unit_test(a_plan_needs_restarts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
