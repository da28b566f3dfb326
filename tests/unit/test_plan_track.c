/* Tracks: the built-in ones against literal values, and everything a broken file can say. */
#include "../../engine/base/json.h"
#include "../../engine/plan/track.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

#define OFFICIAL "dsr1-fp4-sglang-mi355x"

static struct track official, demo;

static const struct embedded_file *embedded(const char *name)
{
	for (const struct embedded_file *f = embedded_tracks; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	fail_msg("no built-in track %s", name);
	return NULL;
}

static int setup(void **state)
{
	(void)state;
	struct err e = {0};
	const struct embedded_file *f = embedded(OFFICIAL), *d = embedded("demo");
	if (track_parse(&official, f->data, f->len, "built in", &e) ||
	        track_parse(&demo, d->data, d->len, "built in", &e)) {
		print_error("%s\n", e.text);
		return -1;
	}
	return 0;
}

static void the_fifteen_rows(void **state)
{
	(void)state;
	static const struct track_ref rows[] = {
	        {1024, 1024, 4, 6854, 135.46, 131.424},
	        {1024, 1024, 8, 8448, 114.603, 271.064},
	        {1024, 1024, 16, 10407, 83.567, 344.564},
	        {1024, 1024, 32, 13690, 71.142, 525.082},
	        {1024, 1024, 64, 18130, 55.476, 794.151},
	        {1024, 8192, 4, 54547, 132.026, 72.952},
	        {1024, 8192, 8, 64833, 113.222, 124.538},
	        {1024, 8192, 16, 78263, 86.304, 206.202},
	        {1024, 8192, 32, 99362, 72.74, 312.262},
	        {1024, 8192, 64, 124556, 58.214, 516.289},
	        {8192, 1024, 4, 7694, 121.276, 517.599},
	        {8192, 1024, 8, 9709, 98.081, 838.031},
	        {8192, 1024, 16, 13235, 70.778, 1217.488},
	        {8192, 1024, 32, 18146, 51.698, 1776.218},
	        {8192, 1024, 64, 32144, 38.07, 4009.706},
	};
	assert_int_equal(official.n_refs, 15);
	for (size_t i = 0; i < 15; i++) {
		const struct track_ref *r = track_ref_find(&official, rows[i].isl, rows[i].osl, rows[i].conc);
		assert_non_null(r);
		assert_true(r->e2e_ms == rows[i].e2e_ms && r->intvty == rows[i].intvty && r->tput == rows[i].tput);
	}
	assert_null(track_ref_find(&official, 1024, 1024, 5));
	assert_null(track_ref_find(&official, 8192, 8192, 4));
}

static void the_official_track(void **state)
{
	(void)state;
	static const int pairs[3][3] = {{1024, 1024, 50}, {1024, 8192, 20}, {8192, 1024, 50}};
	static const int concs[5] = {4, 8, 16, 32, 64};
	const struct track *t = &official;
	assert_string_equal(t->name, OFFICIAL);
	assert_string_equal(t->model, "amd/DeepSeek-R1-0528-MXFP4-Preview");
	assert_false(t->demo);
	assert_int_equal(t->vocab_size, 128000);
	assert_int_equal(t->gpus, 8);
	assert_true(t->ratio == 1);
	assert_int_equal(t->warmups_per_conc, 0);
	assert_int_equal(t->n_pairs, 3);
	for (int i = 0; i < 3; i++) {
		const struct track_pair *p = track_pair_find(t, pairs[i][0], pairs[i][1]);
		char board[128];
		assert_non_null(p);
		assert_int_equal(p->prompts_per_conc, pairs[i][2]);
		assert_int_equal(p->n_concs, 5);
		assert_memory_equal(p->concs, concs, sizeof concs);
		assert_true(p->expect_s == 24 * 60);
		snprintf(board, sizeof board, "https://daniehua-dsr1-fp4-sgl-isl%dosl%d.hf.space", p->isl, p->osl);
		assert_string_equal(p->board, board);
	}
	assert_null(track_pair_find(t, 1024, 2048));
	assert_string_equal(t->ref_label, "B200");
	assert_string_equal(t->ref_key, "b200_baseline_nv1126");
	assert_string_equal(t->ref_e2e_key, "b200_median_e2e_1126");
	assert_string_equal(t->ref_tput_key, "b200_tput_pergpu_1126");
	assert_string_equal(t->ref_intvty_key, "b200_median_intvty_1126");
	assert_string_equal(t->ratio_suffix, "_vs_b200_1126");
	assert_true(t->n_notes >= 1);
	assert_string_equal(t->api_name, "submit_results");
	assert_int_equal(t->n_columns, 14);
	for (int i = 0; i < 14; i++) /* the official order is that of the enum */
		assert_int_equal(t->columns[i], i);
	assert_int_equal(strlen(t->sha256), 64);
}

static void the_official_gate(void **state)
{
	(void)state;
	const struct track *t = &official;
	int64_t gaps = 0, bytes = 0, words = 0;
	assert_string_equal(t->gate, "wikitext");
	assert_true(t->multiplier == 1.03);
	assert_string_equal(t->metrics[0].name, "bits_per_byte");
	assert_true(t->metrics[0].baseline == 0.4485);
	assert_string_equal(t->metrics[1].name, "byte_perplexity");
	assert_true(t->metrics[1].baseline == 1.3646);
	assert_string_equal(t->metrics[2].name, "word_perplexity");
	assert_true(t->metrics[2].baseline == 3.2522);
	assert_int_equal(t->n_chunks, 167);
	for (int i = 0; i < t->n_chunks; i++) {
		gaps += t->chunks[i].gap;
		bytes += t->chunks[i].bytes;
		words += t->chunks[i].words;
	}
	assert_int_equal(gaps, 122);
	assert_int_equal(bytes, 1296248);
	assert_int_equal(words, 341663);
	assert_int_equal(t->chunks[0].bytes, 7428);
	assert_int_equal(t->chunks[166].words, 1667);
	assert_string_equal(t->corpus_file, "wiki.test.raw");
	assert_int_equal(t->corpus_bytes, 1290590);
	assert_int_equal(t->joined_bytes, 1296370);
	assert_string_equal(t->corpus_sha256, "173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08");
	assert_string_equal(t->joined_sha256, "696cca6b65a171b0a358a4be6732cdfdf2dd6164a32e20fd70e3c13fc4dfae83");
	assert_string_equal(t->rows_url, "https://datasets-server.huggingface.co");
	assert_string_equal(t->rows_dataset, "Salesforce/wikitext");
	assert_string_equal(t->rows_config, "wikitext-2-raw-v1");
	assert_int_equal(t->rows_total, 4358);
}

static void the_demo_track(void **state)
{
	(void)state;
	assert_true(demo.demo);
	assert_string_equal(demo.model, official.model);
	assert_non_null(strcasestr(demo.title, "simulated"));
	assert_int_equal(demo.n_pairs, 2);
	assert_int_equal(track_pair_find(&demo, 256, 128)->prompts_per_conc, 8);
	assert_int_equal(track_pair_find(&demo, 128, 256)->prompts_per_conc, 5);
	assert_string_equal(demo.pairs[0].board, "");
	assert_int_equal(demo.n_refs, 10);
	for (int p = 0; p < 2; p++)
		for (int i = 0; i < 5; i++)
			assert_non_null(
			        track_ref_find(&demo, demo.pairs[p].isl, demo.pairs[p].osl, demo.pairs[p].concs[i]));
	assert_int_equal(demo.n_columns, 14);
	assert_true(demo.metrics[0].baseline == 0.4485);
	assert_string_equal(demo.corpus_file, "demo.test.raw");
	assert_string_equal(demo.rows_dataset, "benchtop/demo");
	assert_string_equal(demo.rows_config, "demo-v1");
	assert_true(demo.n_chunks > 1);
}

/* Parses the official text with `from` replaced by `to`; rc expected to be ERR_USAGE, the sentence to hold `says`. */
static int edited(struct track *t, const char *from, const char *to, struct err *e)
{
	const struct embedded_file *f = embedded(OFFICIAL);
	struct buf b;
	buf_init(&b, 1 << 20);
	const char *at = memmem(f->data, f->len, from, strlen(from));
	assert_non_null(at);
	buf_add(&b, f->data, (size_t)(at - f->data));
	buf_adds(&b, to);
	at += strlen(from);
	buf_add(&b, at, f->len - (size_t)(at - f->data));
	int rc = track_parse(t, buf_text(&b), b.len, "mine.json", e);
	buf_free(&b);
	return rc;
}

static void broken_members_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *says;
	} cases[] = {
	        {"\"gpus\": 8", "\"gpu\": 8", "mine.json: gpus is missing"},
	        {"\"gpus\": 8", "\"gpus\": null", "mine.json: gpus is missing"},
	        {"\"gpus\": 8", "\"gpus\": 0", "gpus must be a number from 1 to 1024"},
	        {"\"gpus\": 8", "\"gpus\": 7.5", "gpus must be a whole number"},
	        {"\"gpus\": 8", "\"gpus\": \"8\"", "gpus must be a number"},
	        {"\"gpus\": 8", "\"gpus\": 1e300", "gpus must be a number"},
	        {"\"gpus\": 8,", "\"gpus\": 8", "not JSON"},
	        {"\"demo\": false", "\"demo\": 1", "demo must be true or false"},
	        {"\"name\": \"dsr1", "\"name\": \"../dsr1", "name may hold letters"},
	        {"\"title\": \"", "\"title\": \"\\u001b[31m", "title holds control characters"},
	        {"\"title\": \"DeepSeek-R1 FP4, SGLang, MI355X\"", "\"title\": \"\"", "title is empty"},
	        {"\"random_range_ratio\": 1.0", "\"random_range_ratio\": 1.2", "random_range_ratio must be a number"},
	        {"\"curve_share\": 0.5", "\"curve_share\": 0", "curve_share must be a number"},
	        {"\"curve_share\": 0.5", "\"curve_share\": 1.5", "curve_share must be a number"},
	        {"\"curve_share\": 0.5", "\"curve_share\": \"half\"", "curve_share must be a number"},
	        {"\"launch_script\": \"launch", "\"launch_script\": \"../launch", "launch_script must be a file name"},
	        {"\"launch_prefill\": 196608", "\"launch_prefill\": 0", "launch_prefill must be a number"},
	        {"[8192, 1024, 32, 32768]", "[8192, 1024, 32]",
	                "launch_shapes[0] must be [isl, osl, conc_above, prefill]"},
	        {"[8192, 1024, 32, 32768]", "[8192, 1024, -1, 32768]", "launch_shapes[0] must be a number"},
	        {"\"concs\": [4, 8", "\"concs\": [4, 4", "pairs[0].concs names one CONC twice"},
	        {"\"concs\": [4, 8", "\"concs\": [0, 8", "pairs[0].concs must be a number"},
	        {"\"concs\": [4, 8, 16, 32, 64]", "\"concs\": []", "pairs[0].concs must be an array with at least one"},
	        {"\"concs\": [4, 8, 16, 32, 64]", "\"concs\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]",
	                "pairs[0].concs has 17 values, at most 16"},
	        {"\"isl\": 1024, \"osl\": 8192", "\"isl\": 1024, \"osl\": 1024", "pairs[1].isl and osl: the same pair"},
	        {"\"osl\": 8192", "\"osl\": -1", "pairs[1].osl must be a number"},
	        {"https://daniehua", "ftp://daniehua", "pairs[0].board must begin with http"},
	        {".hf.space\"", ".hf.space/\"", "pairs[0].board must not end in /"},
	        {"\"label\": \"B200\",", "", "reference.label is missing"},
	        {"[1024, 1024, 4, 6854,", "[1024, 1024, 4,", "reference.rows[0] must be [isl, osl, conc"},
	        {"[1024, 1024, 8, 8448", "[1024, 1024, 4, 8448",
	                "reference.rows[1] has the ISL, OSL and CONC of an earlier"},
	        {"[1024, 1024, 8, 8448", "[1024, 1024, 8, 0", "reference.rows[1] must be a number"},
	        {"\"bits_per_byte\", \"byte_perplexity\"", "\"gsm8k\", \"byte_perplexity\"",
	                "board.columns holds \"gsm8k\""},
	        {"\"api_name\": \"submit_results\",", "", "board.api_name is missing"},
	        {"\"multiplier\": 1.03", "\"multiplier\": 0.5", "gate.multiplier must be a number"},
	        {"\"byte_perplexity\": 1.3646", "\"byte_perplexity\": -1",
	                "gate.baselines.byte_perplexity must be a number"},
	        {"\"file\": \"wiki", "\"file\": \"../wiki", "gate.corpus.file must be a file name"},
	        {"\"sha256\": \"173c", "\"sha256\": \"173C", "gate.corpus.sha256 must be 64 lower-case hex digits"},
	        {"[0,7428,2048]", "[0,7429,2048]", "gate.corpus.chunks do not add up to joined_bytes"},
	        {"[0,7428,2048]", "[0,7428]", "gate.corpus.chunks[0] must be [gap, bytes, words]"},
	        {"[0,7428,2048]", "[0,65536,2048]", "gate.corpus.chunks[0] must be a number from 1 to 65535"},
	        {"\"total\": 4358", "\"total\": 0", "gate.corpus.rows.total must be a number"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct track t = {.gpus = 77};
		struct err e = {0};
		assert_int_equal(edited(&t, cases[i].from, cases[i].to, &e), ERR_USAGE);
		if (!strstr(e.text, cases[i].says))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, e.text, cases[i].says);
		assert_non_null(strstr(e.text, "mine.json"));
		assert_int_equal(t.gpus, 77); /* untouched */
	}
}

static void too_many_of_anything(void **state)
{
	(void)state;
	static const struct {
		const char *from, *item, *says;
		int n;
	} cases[] = {
	        {"\"pairs\": [", "{\"isl\":1,\"osl\":1,\"concs\":[1],\"prompts_per_conc\":1,\"expect_s\":1},",
	                "pairs has", 9},
	        {"\"notes\": [", "\"n\",", "reference.notes has", 9},
	        {"\"launch_shapes\": [", "[1,1,1,1],", "launch_shapes has", 9},
	        {"\"rows\": [", "[1,1,1,1,1,1],", "reference.rows has", 65},
	        {"\"columns\": [", "\"team\",", "board.columns has", 25},
	        {"\"chunks\": [", "[1,1,1],", "gate.corpus.chunks has", 513},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf b;
		struct track t;
		struct err e = {0};
		buf_init(&b, 1 << 18);
		buf_adds(&b, cases[i].from);
		for (int k = 0; k < cases[i].n; k++)
			buf_adds(&b, cases[i].item);
		assert_int_equal(edited(&t, cases[i].from, buf_text(&b), &e), ERR_USAGE);
		if (!strstr(e.text, cases[i].says) || !strstr(e.text, "at most"))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, e.text, cases[i].says);
		buf_free(&b);
	}
}

static void other_members_and_gates_are_kept(void **state)
{
	(void)state;
	struct track t;
	struct err e = {0};
	assert_int_equal(edited(&t, "\"gpus\": 8,", "\"gpus\": 4, \"colour\": {\"a\": [1]},", &e), 0);
	assert_int_equal(t.gpus, 4);
	/* A track without a rule about the curve says nothing of it. */
	assert_true(official.curve_share == 0.5 && demo.curve_share == 0.5);
	assert_string_equal(official.launch_script, "launch_sglang_server.sh");
	assert_true(official.n_shapes == 1 && official.launch_prefill == 196608 && demo.n_shapes == 0);
	assert_int_equal(edited(&t, "\"launch_shapes\": [[8192, 1024, 32, 32768]],", "", &e), 0);
	assert_int_equal(t.n_shapes, 0);
	assert_int_equal(edited(&t, "\"launch_script\": \"launch_sglang_server.sh\",", "", &e), 0);
	assert_string_equal(t.launch_script, "");
	assert_int_equal(edited(&t, "\"curve_share\": 0.5,", "", &e), 0);
	assert_true(isnan(t.curve_share));
	assert_int_equal(edited(&t, "\"curve_share\": 0.5", "\"curve_share\": 1", &e), 0);
	assert_true(t.curve_share == 1);
	assert_int_equal(edited(&t, "\"kind\": \"wikitext\"", "\"kind\": \"gsm8k\"", &e), 0);
	assert_string_equal(t.gate, "gsm8k");
	assert_int_equal(t.n_columns, 0);
	assert_int_equal(t.n_chunks, 0);
	/* A pair's own board wins over the pattern. */
	assert_int_equal(edited(&t, "\"isl\": 1024, \"osl\": 8192,",
	                         "\"isl\": 1024, \"osl\": 8192, \"board\": \"http://x\",", &e),
	        0);
	assert_string_equal(track_pair_find(&t, 1024, 8192)->board, "http://x");
	assert_string_equal(t.source, "mine.json");
	/* No err struct is fine. */
	assert_int_equal(edited(&t, "\"gpus\": 8", "\"gpus\": 0", NULL), ERR_USAGE);
	assert_int_equal(track_parse(&t, "[]", 2, "x", &e), ERR_USAGE);
	assert_int_equal(track_parse(&t, "", 0, "x", &e), ERR_USAGE);
	assert_int_equal(track_parse(&t, "{}", 2, "x", &e), ERR_USAGE);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	const struct embedded_file *f = embedded("demo");
	struct track t;
	for (size_t len = 0; len + 2 < f->len; len += 7) {
		struct err e = {0};
		assert_int_equal(track_parse(&t, f->data, len, "cut", &e), ERR_USAGE);
	}
}

static void write_text(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void tracks_are_found(void **state)
{
	(void)state;
	struct track t;
	struct err e = {0};
	char dir[] = "/tmp/benchtop-track-XXXXXX", old[512], path[600];
	const struct embedded_file *f = embedded("demo");
	assert_non_null(getcwd(old, sizeof old));
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	setenv("XDG_CONFIG_HOME", dir, 1);
	assert_int_equal(track_load(&t, NULL, &e), 0);
	assert_string_equal(t.name, OFFICIAL);
	assert_string_equal(t.source, "built in");
	assert_int_equal(track_load(&t, "", &e), 0);
	assert_int_equal(track_load(&t, "demo", &e), 0);
	assert_true(t.demo);
	assert_int_equal(track_load(&t, "nothing", &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "nothing"));
	assert_non_null(strstr(e.text, OFFICIAL));
	assert_non_null(strstr(e.text, "demo"));
	assert_int_equal(track_load(&t, "./none.json", &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "none.json"));
	/* A file in the working directory goes before the built-in one, and one that is no track says so. */
	write_text(OFFICIAL ".json", f->data, f->len);
	assert_int_equal(track_load(&t, NULL, &e), 0);
	assert_string_equal(t.name, "demo");
	assert_string_equal(t.source, OFFICIAL ".json");
	assert_int_equal(track_load(&t, OFFICIAL ".json", &e), 0);
	write_text(OFFICIAL ".json", "{\"model\": 1}", 12);
	assert_int_equal(track_load(&t, OFFICIAL, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "rename it"));
	unlink(OFFICIAL ".json");
	/* The user's directory. */

	assert_int_equal(mkdir("benchtop", 0755), 0);
	assert_int_equal(mkdir("benchtop/tracks", 0755), 0);
	write_text("benchtop/tracks/mine.json", f->data, f->len);
	assert_int_equal(track_load(&t, "mine", &e), 0);
	snprintf(path, sizeof path, "%s/benchtop/tracks/mine.json", dir);
	assert_string_equal(t.source, path);
	unlink(path);
	rmdir("benchtop/tracks");
	rmdir("benchtop");
	assert_int_equal(chdir(old), 0);
	rmdir(dir);
	assert_non_null(strstr(track_names(), "demo, " OFFICIAL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_fifteen_rows),
	        cmocka_unit_test(the_official_track),
	        cmocka_unit_test(the_official_gate),
	        cmocka_unit_test(the_demo_track),
	        cmocka_unit_test(broken_members_are_named),
	        cmocka_unit_test(too_many_of_anything),
	        cmocka_unit_test(other_members_and_gates_are_kept),
	        cmocka_unit_test(every_truncation_is_refused),
	        cmocka_unit_test(tracks_are_found),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
