/* What a comparison says: doubts and differences first, what changed, verdicts that do not say more than was measured. */
#include "../../engine/base/text.h"
#include "../../engine/shelf/compare_int.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>

static struct compare_result *r;

static int teardown(void **state)
{
	(void)state;
	compare_free(r);
	r = NULL;
	return 0;
}

static void set_manifest(struct shelf_manifest *m)
{
	memset(m, 0, sizeof *m);
	m->have = true;
	text_copy(m->version, sizeof m->version, "0.1.0");
	text_copy(m->host, sizeof m->host, "node1");
	text_copy(m->track, sizeof m->track, "dsr1-fp4-sglang-mi355x");
	text_copy(m->track_sha256, sizeof m->track_sha256, "aa");
	text_copy(m->model, sizeof m->model, "amd/DeepSeek-R1-0528-MXFP4-Preview");
	text_copy(m->base_url, sizeof m->base_url, "http://127.0.0.1:8888");
	text_copy(m->prompts, sizeof m->prompts, "text");
	text_copy(m->server_version, sizeof m->server_version, "0.5.5");
	text_copy(m->server_args, sizeof m->server_args,
	        "python3 -m sglang.launch_server --model-path M --tp 8 --chunked-prefill-size 196608 --disable-radix-cache");
	m->ratio = 1;
	m->num_warmups = -1;
	m->tp = 8;
	m->prefill = 196608;
	m->radix_off = 1;
	m->server_started_s = 1000;
	m->n_trees = 2;
	for (int i = 0; i < 2; i++) {
		text_copy(m->tree[i].name, sizeof m->tree[i].name, i ? "aiter" : "sglang");
		text_copy(m->tree[i].commit, sizeof m->tree[i].commit, i ? "1f5b3780aa" : "a1b2c3d4e5");
		m->tree[i].dirty = CODE_CLEAN;
	}
}

/* One side in memory: `runs` runs on `starts` starts, the same figure for all of a metric times a little per start. */
static struct compare_side *side(int starts, int runs, double tput, double spread)
{
	static struct compare_side sides[2];
	static int at;
	struct compare_side *s = &sides[at++ % 2];
	compare_side_free(s);
	s->samples = calloc(256, sizeof *s->samples);
	s->manifests = calloc((size_t)(starts * runs), sizeof *s->manifests);
	s->starts = calloc((size_t)starts, sizeof *s->starts);
	s->paths = calloc((size_t)(starts * runs), sizeof *s->paths);
	s->n_starts = starts;
	s->n_runs = starts * runs;
	set_manifest(&s->manifest);
	text_copy(s->label, sizeof s->label, at % 2 ? "1124-0912 a1b2c3d" : "1125-1000 1f5b378");
	for (int i = 0; i < s->n_runs; i++) {
		s->manifests[i] = s->manifest;
		snprintf(s->paths[i], sizeof s->paths[i], "runs/%d/batch_%d", at, i);
	}
	for (int i = 0; i < starts; i++) {
		s->starts[i].started_s = 10000 * at + 100 * i;
		text_copy(s->starts[i].place, sizeof s->starts[i].place, "node1 :8888");
	}
	for (int c = 4; c <= 16; c *= 2)
		for (int i = 0; i < starts; i++)
			for (int k = 0; k < runs; k++) {
				struct compare_sample *x = &s->samples[s->n_samples++];
				double f =
				        1 + spread * (starts > 1 ? (i - (starts - 1) / 2.0) : (k - (runs - 1) / 2.0));
				*x = (struct compare_sample){.isl = 1024,
				        .osl = 1024,
				        .conc = c,
				        .start = i,
				        .run = i * runs + k,
				        .num_prompts = 50 * c};
				double v[] = {tput * c, 1e6 / tput, tput, 5e4 / tput, 1e3 / tput, 1e3 / tput};
				for (int m = 0; m < COMPARE_METRICS; m++) {
					x->value[m] =
					        compare_higher_is_better((enum compare_metric)m) ? v[m] * f : v[m] / f;
					x->within[m] = NAN;
				}
			}
	return s;
}

static void compare(const struct compare_side *a, const struct compare_side *b)
{
	struct err e = {0};
	compare_free(r);
	r = NULL;
	assert_int_equal(compare_sides(&r, a, b, NULL, &e), 0);
}

static bool said(const char *text)
{
	for (int i = 0; i < r->n_said; i++)
		if (strstr(r->said[i], text))
			return true;
	return false;
}

static bool changed(const char *text)
{
	for (int i = 0; i < r->n_changed; i++)
		if (strstr(r->changed[i], text))
			return true;
	return false;
}

static const struct compare_line *line(int conc, enum compare_metric m)
{
	for (int i = 0; i < r->n_lines; i++)
		if (r->lines[i].conc == conc && r->lines[i].metric == m)
			return &r->lines[i];
	fail_msg("no line for CONC %d", conc);
	return NULL;
}

static void single_runs(void **state)
{
	(void)state;
	struct compare_side *a = side(1, 1, 40, 0), *b = side(1, 1, 42, 0);
	b->samples[0].value[COMPARE_TPUT] = a->samples[0].value[COMPARE_TPUT] * 1.019;
	b->samples[2].value[COMPARE_TPUT] = a->samples[2].value[COMPARE_TPUT] * 0.9;
	compare(a, b);
	assert_true(said("single runs: the run-to-run noise is unknown, at least 2 % is taken for it"));
	assert_string_equal(r->verdict,
	        "B against A in tok/s/GPU: faster at CONC 8, slower at CONC 16, no difference seen at CONC 4 (single runs, at least 2 % taken for noise)");
	const struct compare_line *l = line(8, COMPARE_E2E);
	assert_int_equal(l->verdict, COMPARE_FASTER); /* a lower latency is better */
	assert_int_equal(l->basis, BASIS_FLOOR);
	assert_true(l->change < 0 && isnan(l->low) && isnan(l->spread_a));
	assert_true(fabs(l->noise - 0.02) < 1e-9);
	/* what the requests say comes on top of the floor */
	a->samples[1].within[COMPARE_TPUT] = 0.05 * a->samples[1].value[COMPARE_TPUT];
	compare(a, b);
	assert_int_equal(line(8, COMPARE_TPUT)->verdict, COMPARE_SAME);
	assert_true(line(8, COMPARE_TPUT)->noise > 0.09);
}

static void repeated_starts(void **state)
{
	(void)state;
	compare(side(5, 2, 40, 0.005), side(5, 2, 42, 0.005));
	assert_string_equal(r->verdict, "B against A in tok/s/GPU: faster at CONC 4, 8 and 16");
	const struct compare_line *l = line(4, COMPARE_TPUT);
	assert_int_equal(l->basis, BASIS_STARTS);
	assert_int_equal(l->runs_a, 10);
	assert_int_equal(l->starts_b, 5);
	assert_true(l->low > 0 && l->low < 0.05 && l->high > 0.05);
	assert_true(strstr(r->method, "bootstrap") && strstr(r->method, "Each line is judged by itself"));
	assert_int_equal(r->n_said, 0);
}

/* No spread at all is no proof of anything: the smallest believed spread holds. */
static void zero_variance(void **state)
{
	(void)state;
	compare(side(3, 2, 40, 0), side(3, 2, 40.2, 0));
	assert_int_equal(line(4, COMPARE_TPUT)->verdict, COMPARE_SAME);
	assert_true(line(4, COMPARE_TPUT)->noise > 0.01);
	compare(side(3, 2, 40, 0), side(3, 2, 44, 0));
	assert_int_equal(line(4, COMPARE_TPUT)->verdict, COMPARE_FASTER);
}

static void repeats_on_one_start(void **state)
{
	(void)state;
	compare(side(1, 5, 40, 0.002), side(1, 5, 44, 0.002));
	assert_int_equal(line(4, COMPARE_TPUT)->basis, BASIS_RUNS);
	assert_int_equal(line(4, COMPARE_TPUT)->verdict, COMPARE_NONE);
	assert_true(said("no verdict about a change of code"));
	assert_null(strstr(r->verdict, "faster"));
	assert_non_null(strstr(r->verdict, "the two server starts differ at CONC 4, 8 and 16"));
	assert_string_equal(compare_line_word(line(4, COMPARE_TPUT)), "starts differ");
	compare(side(1, 5, 40, 0.002), side(1, 5, 40, 0.002));
	assert_int_equal(line(4, COMPARE_TPUT)->verdict, COMPARE_SAME);
}

/* Files that do not say which server start they are of are not taken for several. */
static void unknown_starts(void **state)
{
	(void)state;
	struct compare_side *a = side(4, 1, 40, 0.002), *b = side(4, 1, 44, 0.002);
	a->start_unknown = b->start_unknown = true;
	compare(a, b);
	assert_int_equal(line(4, COMPARE_TPUT)->basis, BASIS_RUNS);
	assert_null(strstr(r->verdict, "faster"));
	assert_true(said("not recorded which server starts"));
}

/* One start of B against five of A: A tells how much starts differ. */
static void one_side_repeated(void **state)
{
	(void)state;
	compare(side(5, 1, 40, 0.01), side(1, 1, 41, 0));
	assert_int_equal(line(4, COMPARE_TPUT)->basis, BASIS_HISTORY);
	assert_int_equal(line(4, COMPARE_TPUT)->verdict, COMPARE_SAME);
	assert_true(said("not both sides were repeated on fresh server starts"));
	/* two starts are too few for that: the floor, or what was seen if that is more */
	compare(side(2, 1, 40, 0.04), side(1, 1, 41, 0));
	assert_int_equal(line(4, COMPARE_TPUT)->basis, BASIS_FLOOR);
	assert_true(line(4, COMPARE_TPUT)->noise > 0.05);
}

static void earlier_runs(void **state)
{
	(void)state;
	struct compare_side *a = side(1, 1, 40, 0), *b = side(1, 1, 42, 0);
	struct compare_history *h = calloc(1, sizeof *h);
	struct err e = {0};
	static struct compare_side keep[2];
	keep[0] = *a;
	keep[1] = *b;
	memset(a, 0, sizeof *a);
	memset(b, 0, sizeof *b);
	h->side[0] = *side(6, 1, 39, 0.03);
	compare_free(r);
	r = NULL;
	assert_int_equal(compare_judge(&r, &keep[0], &keep[1], h, NULL, &e), 0);
	assert_int_equal(line(4, COMPARE_TPUT)->basis, BASIS_HISTORY);
	assert_int_equal(line(4, COMPARE_TPUT)->verdict, COMPARE_SAME);
	assert_true(line(4, COMPARE_TPUT)->noise > 0.1);
	free(h); /* its side is one of the static ones */
	compare_side_free(&keep[0]);
	compare_side_free(&keep[1]);
}

static void manifests_alike(void **state)
{
	struct shelf_manifest *m = calloc(2, sizeof *m);
	(void)state;
	set_manifest(&m[0]);
	m[1] = m[0];
	m[1].server_started_s = 5000;
	text_copy(m[1].version, sizeof m[1].version, "0.2.0");
	assert_true(compare_manifest_same(&m[0], &m[1]));
	m[1].tree[0].dirty = CODE_DIRTY;
	assert_false(compare_manifest_same(&m[0], &m[1]));
	m[0].tree[0].dirty = m[1].tree[0].dirty = CODE_UNKNOWN;
	assert_false(compare_manifest_same(&m[0], &m[1]));
	set_manifest(&m[1]);
	set_manifest(&m[0]);
	m[1].prefill = 8192;
	assert_false(compare_manifest_same(&m[0], &m[1]));
	free(m);
}

static void differences_are_said(void **state)
{
	(void)state;
	struct compare_side *a = side(1, 1, 40, 0), *b = side(1, 1, 42, 0);
	struct shelf_manifest *m = &b->manifest;
	text_copy(m->prompts, sizeof m->prompts, "ids");
	text_copy(m->model, sizeof m->model, "other/model");
	text_copy(m->version, sizeof m->version, "0.2.0");
	text_copy(m->track_sha256, sizeof m->track_sha256, "bb");
	m->prefill = 8192;
	m->ratio = 0.8;
	m->num_warmups = 8;
	b->samples[0].num_prompts = 40;
	b->n_doubtful = 2;
	text_copy(b->first_doubt, sizeof b->first_doubt, "CONC 8: JIT build");
	b->n_left_out = 1;
	b->manifests[0] = *m;
	compare(a, b);
	assert_true(said("different prompts: A text, B ids"));
	assert_true(said("different model"));
	assert_true(said("different benchtop: A 0.1.0, B 0.2.0"));
	assert_true(said("the file of the track dsr1-fp4-sglang-mi355x is not the same"));
	assert_true(said("different prefill size: A 196608, B 8192"));
	assert_true(said("different range ratio: A 1, B 0.8"));
	assert_true(said("different warm-ups: A by the rule, B 8"));
	assert_true(said("different number of prompts: A 200, B 40 at CONC 4"));
	assert_true(said("side B: 2 of 3 rows carry doubts (CONC 8: JIT build, and more)"));
	assert_true(said("side B: 1 row was failed or stopped"));
	assert_false(said("side A"));
	text_copy(m->track, sizeof m->track, "demo");
	compare(a, b);
	assert_true(said("different track"));
}

static void the_same_run(void **state)
{
	(void)state;
	struct compare_side *a = side(1, 1, 40, 0), *b = side(1, 1, 40, 0);
	text_copy(b->paths[0], sizeof b->paths[0], a->paths[0]);
	compare(a, b);
	assert_true(said("the same run is on both sides: runs/"));
	assert_int_equal(r->said_severity[0], SEV_ERROR);
	text_copy(b->paths[0], sizeof b->paths[0], "another");
	b->starts[0].started_s = a->starts[0].started_s + 2;
	compare(a, b);
	assert_true(said("runs of the same server start"));
}

static void a_mixed_side(void **state)
{
	(void)state;
	struct compare_side *a = side(2, 1, 40, 0.01), *b = side(2, 1, 40, 0.01);
	text_copy(a->manifests[0].tree[0].commit, sizeof a->manifests[0].tree[0].commit, "ffff");
	b->manifests[1].have = false;
	compare(a, b);
	assert_true(said("side A mixes code or settings: 1 of 2 runs"));
	assert_true(said("side B: 1 of 2 runs have no manifest"));
}

static void what_changed(void **state)
{
	(void)state;
	struct compare_side *a = side(1, 1, 40, 0), *b = side(1, 1, 42, 0);
	struct shelf_manifest *m = &b->manifest;
	compare(a, b);
	assert_int_equal(r->n_changed, 0);
	text_copy(m->tree[0].commit, sizeof m->tree[0].commit, "1234567890");
	m->tree[0].dirty = CODE_DIRTY;
	m->tree[0].files = 2;
	text_copy(m->server_version, sizeof m->server_version, "0.5.6");
	text_copy(m->server_args, sizeof m->server_args,
	        "python3 -m sglang.launch_server --model-path M --tp=8 --chunked-prefill-size 8192 --api-key s3cret --cuda-graph-bs 1 2 4");
	compare(a, b);
	assert_true(changed("sglang  a1b2c3d4e5 clean -> 1234567890 dirty, 2 files"));
	assert_false(changed("aiter"));
	assert_true(changed("server version  0.5.5 -> 0.5.6"));
	assert_true(changed("server --chunked-prefill-size  196608 -> 8192"));
	assert_true(changed("server --disable-radix-cache  (set) -> absent"));
	assert_true(changed("server --cuda-graph-bs  absent -> 1 2 4"));
	assert_true(changed("server --api-key  absent -> (not shown)"));
	assert_false(changed("s3cret"));
	assert_false(changed("--tp"));
	assert_false(changed("--model-path"));
	/* the same commit with changes of its own: nobody knows that they are the same */
	a->manifest.tree[0] = m->tree[0];
	compare(a, b);
	assert_true(changed("sglang  dirty on both sides"));
	m->server_args[0] = '\0';
	compare(a, b);
	assert_true(changed("server arguments  known of A only"));
	m->have = false;
	compare(a, b);
	assert_true(changed("side B has no manifest"));
}

static void missing_figures(void **state)
{
	(void)state;
	struct compare_side *a = side(1, 1, 40, 0), *b = side(1, 1, 44, 0);
	struct buf out;
	a->samples[0].value[COMPARE_TPUT] = NAN;
	b->samples[1].value[COMPARE_TTFT] = 0;
	a->samples[2].value[COMPARE_ITL] = b->samples[2].value[COMPARE_ITL] = INFINITY;
	b->samples[2].conc = 32;
	compare(a, b);
	assert_int_equal(line(4, COMPARE_TPUT)->verdict, COMPARE_NONE);
	assert_true(isnan(line(4, COMPARE_TPUT)->old_value) && isnan(line(4, COMPARE_TPUT)->change));
	assert_string_equal(compare_line_word(line(4, COMPARE_TPUT)), "only in B");
	assert_int_equal(line(8, COMPARE_TTFT)->verdict, COMPARE_NONE);
	assert_string_equal(compare_line_word(line(16, COMPARE_E2E)), "only in A");
	assert_non_null(strstr(r->verdict, "faster at CONC 8 (single"));
	assert_true(said("3 CONCs have only one side with figures"));
	buf_init(&out, 1 << 20);
	assert_int_equal(compare_json(r, a, b, &out), 0);
	assert_non_null(strstr(out.data, "\"old\":null"));
	assert_null(strstr(out.data, "nan"));
	assert_null(strstr(out.data, ":inf"));
	buf_clear(&out);
	assert_int_equal(compare_text(r, a, b, 80, true, &out), 0);
	assert_null(strstr(out.data, "nan"));
	buf_free(&out);
}

static void an_empty_side(void **state)
{
	(void)state;
	struct compare_side empty = {0};
	struct err e = {0};
	struct compare_side *b = side(1, 1, 40, 0);
	compare_free(r);
	r = NULL;
	assert_int_equal(compare_sides(&r, &empty, b, NULL, &e), ERR_USAGE);
	assert_string_equal(e.text, "side A has no run to compare");
	b->n_samples = 0;
	assert_int_equal(compare_sides(&r, b, b, NULL, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "side A has no measured row to compare: runs/"));
	assert_null(r);
}

/* No line is wider than asked for, whatever the width; plain ASCII when asked for. */
static void text_fits(void **state)
{
	(void)state;
	struct compare_side *a = side(5, 2, 4000, 0.02), *b = side(5, 2, 4400, 0.02);
	text_copy(b->manifest.model, sizeof b->manifest.model, "m\u00f6del");
	compare(a, b);
	for (int cols = 60; cols <= 140; cols += 4)
		for (int ascii = 0; ascii < 2; ascii++) {
			struct buf out;
			buf_init(&out, 1 << 20);
			assert_int_equal(compare_text(r, a, b, cols, ascii, &out), 0);
			for (const char *p = out.data, *end; *p; p = end + 1) {
				end = strchr(p, '\n');
				assert_non_null(end);
				assert_true(text_width(p, (size_t)(end - p)) <= cols);
				for (const char *c = p; ascii && c < end; c++)
					assert_true(*c >= ' ' && *c <= '~');
			}
			assert_non_null(strstr(out.data, "+ faster"));
			assert_true(strstr(out.data, "different model") < strstr(out.data, "CONC metric"));
			buf_free(&out);
		}
}

/* A list that is cut would name a part of the CONCs, or half a number. */
static void many_concs_are_counted(void **state)
{
	(void)state;
	struct compare_side *a = side(1, 1, 40, 0), *b = side(1, 1, 44, 0);
	for (int i = 0; i < 30; i++) {
		a->samples[i] = a->samples[0];
		b->samples[i] = b->samples[0];
		a->samples[i].conc = b->samples[i].conc = 1000 + i;
	}
	a->n_samples = b->n_samples = 30;
	compare(a, b);
	assert_string_equal(
	        r->verdict, "B against A in tok/s/GPU: faster at 30 CONCs (single runs, at least 2 % taken for noise)");
	for (int i = 0; i < 30; i++) /* ten pairs */
		a->samples[i].isl = b->samples[i].isl = 1024 + i / 3;
	compare(a, b);
	assert_true(strlen(r->verdict) < sizeof r->verdict);
	assert_non_null(strstr(r->verdict, "1024/1024: faster at CONC 1000, 1001 and 1002; 1025/1024: "));
	assert_non_null(strstr(r->verdict, "; more in the table (single runs, at least 2 % taken for noise)"));
}

static void a_path_is_data(void **state)
{
	(void)state;
	struct compare_side *a = side(1, 1, 40, 0), *b = side(1, 1, 44, 0);
	struct buf out;
	text_set(a->paths[0], sizeof a->paths[0], "runs/\x1b]0;title\a\x1b[31m\u202e\nbatch");
	b->n_alive = 1;
	compare(a, b);
	assert_true(said("side B: 1 of 1 runs is still in progress"));
	buf_init(&out, 1 << 20);
	assert_int_equal(compare_text(r, a, b, 120, false, &out), 0);
	assert_null(strchr(out.data, '\x1b'));
	assert_null(strstr(out.data, "\u202e"));
	assert_non_null(strstr(out.data, "runs/batch\n"));
	buf_free(&out);
}

static void the_pinned_reference(void **state)
{
	struct compare_ref ref = {.have = true, .n = 1};
	double change, noise;
	enum compare_verdict v;
	(void)state;
	ref.row[0].isl = ref.row[0].osl = 1024;
	ref.row[0].conc = 8;
	ref.row[0].tput = 200;
	ref.row[0].noise = 0.02;
	assert_true(compare_ref_change(&ref, 1024, 1024, 8, 206, &change, &noise, &v));
	assert_true(fabs(change - 0.03) < 1e-12 && noise == 0.02 && v == COMPARE_FASTER);
	assert_true(compare_ref_change(&ref, 1024, 1024, 8, 202, &change, &noise, &v) && v == COMPARE_SAME);
	assert_true(compare_ref_change(&ref, 1024, 1024, 8, 150, &change, &noise, &v) && v == COMPARE_SLOWER);
	assert_false(compare_ref_change(&ref, 1024, 1024, 16, 206, &change, &noise, &v));
	assert_false(compare_ref_change(&ref, 1024, 1024, 8, NAN, &change, &noise, &v));
	assert_true(isnan(change) && v == COMPARE_NONE);
	struct err e = {0};
	assert_int_equal(compare_ref_load(&ref, "/no/such/run", NULL, &e), ERR_USAGE);
	assert_false(ref.have);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(single_runs, teardown),
	        cmocka_unit_test_teardown(repeated_starts, teardown),
	        cmocka_unit_test_teardown(zero_variance, teardown),
	        cmocka_unit_test_teardown(repeats_on_one_start, teardown),
	        cmocka_unit_test_teardown(unknown_starts, teardown),
	        cmocka_unit_test_teardown(one_side_repeated, teardown),
	        cmocka_unit_test_teardown(earlier_runs, teardown),
	        cmocka_unit_test_teardown(manifests_alike, teardown),
	        cmocka_unit_test_teardown(differences_are_said, teardown),
	        cmocka_unit_test_teardown(the_same_run, teardown),
	        cmocka_unit_test_teardown(a_mixed_side, teardown),
	        cmocka_unit_test_teardown(what_changed, teardown),
	        cmocka_unit_test_teardown(missing_figures, teardown),
	        cmocka_unit_test_teardown(an_empty_side, teardown),
	        cmocka_unit_test_teardown(text_fits, teardown),
	        cmocka_unit_test_teardown(many_concs_are_counted, teardown),
	        cmocka_unit_test_teardown(a_path_is_data, teardown),
	        cmocka_unit_test_teardown(the_pinned_reference, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
