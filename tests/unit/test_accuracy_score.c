/* Scoring: the two answers taken apart, and whole measurements against the simulator, which knows the exact result. */
#include "../../engine/accuracy/score.h"
#include "../sim/simtext.h"
#include "test_server_sim.h"
#include <math.h>

static struct sim_process sim;

static int stop_sim(void **state)
{
	(void)state;
	sim_stop(&sim);
	return 0;
}

/* ---- answers ---- */

struct answer {
	const char *name, *json;
	double ll;
	int64_t n;
	const char *why; /* NULL: good */
};

#define GEN(n, list)                                                                                                   \
	"{\"text\":\"x\",\"meta_info\":{\"prompt_tokens\":" n ",\"input_token_logprobs\":[" list                       \
	"],\"output_token_logprobs\":[[-1.2,438,null]],\"completion_tokens\":1,\"cached_tokens\":0}}"

static const struct answer generate_answers[] = {
        {"good", GEN("3", "[null,0,null],[-3.51,271,null],[-0.02,438,null]"), -3.53, 3, NULL},
        {"texts", GEN("2", "[null,0,\"<s>\"],[-1e-07,271,\"a\"]"), -1e-7, 2, NULL},
        {"rounded above 0", GEN("2", "[null,0,null],[0.00001,271,null]"), 1e-5, 2, NULL},
        {"null inside", GEN("3", "[null,0,null],[null,271,null],[-0.02,438,null]"), 0, 0, "token 1 of 3 is null"},
        {"text inside", GEN("3", "[null,0,null],[-1,271,null],[\"-0.02\",438,null]"), 0, 0, "something else"},
        {"flat list", GEN("2", "[null,0,null],-3.51"), 0, 0, "not a number"},
        {"empty triple", GEN("2", "[null,0,null],[]"), 0, 0, "not a number"},
        {"too few", GEN("4", "[null,0,null],[-3.51,271,null]"), 0, 0, "2 log probabilities for 4 prompt tokens"},
        {"too many", GEN("2", "[null,0,null],[-1,271,null],[-1,2,null]"), 0, 0, "3 log probabilities for 2"},
        {"no BOS", GEN("2", "[null,271,null],[-0.5,438,null]"), 0, 0, "no begin-of-sentence token"},
        {"first scored", GEN("2", "[-1,0,null],[-0.5,438,null]"), 0, 0, "must be null"},
        {"first no triple", GEN("2", "null,[-0.5,438,null]"), 0, 0, "not [null, id, text]"},
        {"one token", GEN("1", "[null,0,null]"), 0, 0, "at least two tokens"},
        {"no tokens", GEN("0", ""), 0, 0, "at least two tokens"},
        {"count is text", GEN("\"2\"", "[null,0,null],[-1,271,null]"), 0, 0, "prompt_tokens"},
        {"positive", GEN("2", "[null,0,null],[1.5,271,null]"), 0, 0, "which cannot be"},
        {"overflow", GEN("2", "[null,0,null],[-1e999,271,null]"), 0, 0, "which cannot be"},
        {"error object", "{\"error\":{\"message\":\"out of memory\"}}", 0, 0, "answered with an error: out of memory"},
        {"error message", "{\"object\":\"error\",\"message\":\"no\\u001b[31m way\"}", 0, 0, "error: no way"},
        {"other answer", "{\"text\":\"x\",\"meta_info\":{\"prompt_tokens\":3}}", 0, 0,
                "no meta_info.input_token_logprobs"},
        {"list", "[]", 0, 0, "no meta_info"},
        {"cut", "{\"text\":\"x\",\"meta_info\":{", 0, 0, "cannot be read"},
        {"html", "<html>502</html>", 0, 0, "cannot be read"},
        {"empty", "", 0, 0, "cannot be read"},
        {"deep", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", 0, 0, "nested deeper"},
};

#define ECHO(n, tokens, list)                                                                                          \
	"{\"choices\":[{\"index\":0,\"text\":\"x\",\"logprobs\":{\"text_offset\":[-1],\"token_logprobs\":[" list       \
	"],\"tokens\":[" tokens "],\"top_logprobs\":[null]}}],\"usage\":{\"prompt_tokens\":" n "}}"

static const struct answer echo_answers[] = {
        {"good", ECHO("3", "\"" SIM_BOS_TEXT "\",\"a\",\"b\",\"c\"", "null,-3.51,-0.02,-9"), -3.53, 3, NULL},
        {"llama", ECHO("2", "\"<s>\",\"a\",\"b\"", "null,-1,-9"), -1, 2, NULL},
        {"llama 3", ECHO("2", "\"<|begin_of_text|>\",\"a\",\"b\"", "null,-1,-9"), -1, 2, NULL},
        {"generated null", ECHO("2", "\"<s>\",\"a\",\"b\"", "null,-1,null"), -1, 2, NULL},
        {"null inside", ECHO("3", "\"<s>\",\"a\",\"b\",\"c\"", "null,-1,null,-9"), 0, 0, "token 2 of 3 is null"},
        {"not echoed", ECHO("3", "\"c\"", "-9"), 0, 0, "1 log probabilities for 3 prompt tokens, 4 are needed"},
        {"no BOS", ECHO("2", "\"\\n\\n\",\"a\",\"b\"", "null,-1,-9"), 0, 0, "no begin-of-sentence token"},
        {"word begin", ECHO("2", "\"beginning\",\"a\",\"b\"", "null,-1,-9"), 0, 0, "\"beginning\""},
        {"first scored", ECHO("2", "\"<s>\",\"a\",\"b\"", "-2,-1,-9"), 0, 0, "must be null"},
        {"no tokens", ECHO("2", "", "null,-1,-9"), 0, 0, "no logprobs.tokens"},
        {"no logprobs", "{\"choices\":[{\"index\":0,\"logprobs\":null}],\"usage\":{\"prompt_tokens\":3}}", 0, 0,
                "no choices[0].logprobs"},
        {"error object", "{\"object\":\"error\",\"message\":\"bad model\",\"code\":400}", 0, 0, "error: bad model"},
        {"garbage", "{\"choices\":7", 0, 0, "cannot be read"},
};

static void check(const struct answer *a, int (*parse)(const char *, size_t, double *, int64_t *, struct err *))
{
	struct err e = {0};
	double ll = 77;
	int64_t n = 77;
	size_t len = strlen(a->json);
	char *exact = malloc(len ? len : 1); /* no byte behind it: a reader beyond the end is seen by the sanitizer */
	assert_non_null(exact);
	memcpy(exact, a->json, len);
	int rc = parse(exact, len, &ll, &n, &e);
	if (!a->why) {
		if (rc)
			fail_msg("%s: %s", a->name, e.text);
		assert_int_equal(n, a->n);
		assert_true(fabs(ll - a->ll) < 1e-12);
	} else {
		if (rc != ERR_PROTO)
			fail_msg("%s: %d", a->name, rc);
		if (!strstr(e.text, a->why))
			fail_msg("%s: \"%s\" does not say \"%s\"", a->name, e.text, a->why);
		assert_true(ll == 77 && n == 77);
		assert_int_equal(parse(exact, len, &ll, &n, NULL), ERR_PROTO);
	}
	free(exact);
}

static void answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof generate_answers / sizeof generate_answers[0]; i++)
		check(&generate_answers[i], score_parse_generate);
	for (size_t i = 0; i < sizeof echo_answers / sizeof echo_answers[0]; i++)
		check(&echo_answers[i], score_parse_echo);
}

static void formulas(void **state)
{
	(void)state;
	double bits, byte_ppl, word_ppl, bytes = 1296248, words = 341663;
	score_metrics(-M_LN2 * bytes * 0.4485, words, bytes, &bits, &byte_ppl, &word_ppl);
	assert_true(fabs(bits - 0.4485) < 1e-12);
	assert_true(fabs(byte_ppl - 1.364620694) < 1e-9);
	assert_true(fabs(word_ppl - 3.252571743) < 1e-9);
	assert_true(fabs(word_ppl - pow(byte_ppl, bytes / words)) < 1e-12);
	score_metrics(0, 0, 0, &bits, &byte_ppl, &word_ppl);
	assert_true(isnan(bits) && isnan(byte_ppl) && isnan(word_ppl));
}

/* ---- whole measurements ---- */

static void demo_corpus(struct corpus *c)
{
	struct sim_demo_chunk cut[SIM_DEMO_CHUNKS];
	size_t len, joined_len;
	struct track t = {.name = "demo", .corpus_file = "demo.raw", .n_chunks = SIM_DEMO_CHUNKS};
	char *raw = sim_demo_raw(&len), *joined = sim_demo_joined(&joined_len);
	struct err e = {0};
	sim_demo_chunks(joined, joined_len, cut);
	for (int i = 0; i < SIM_DEMO_CHUNKS; i++)
		t.chunks[i] =
		        (struct track_chunk){(uint16_t)cut[i].gap, (uint16_t)cut[i].bytes, (uint16_t)cut[i].words};
	if (corpus_from_raw(c, &t, raw, len, &e))
		fail_msg("%s", e.text);
	free(raw);
	free(joined);
}

struct seen {
	int calls, samples;
	struct ev_accuracy_progress first, last;
	struct cancel *stop; /* raised at that report */
	int stop_at;
	enum cancel_level level;
};

static void on_progress(void *ctx, const struct ev_accuracy_progress *ev)
{
	struct seen *s = ctx;
	if (s->calls++ == 0)
		s->first = *ev;
	else
		assert_true(ev->done >= s->last.done);
	s->samples += ev->sample;
	s->last = *ev;
	if (s->stop && s->calls == s->stop_at)
		cancel_raise(s->stop, s->level);
}

static struct score_spec spec_for(const struct corpus *c, struct seen *s)
{
	memset(s, 0, sizeof *s);
	return (struct score_spec){.base_url = sim.url,
	        .model = "amd/DeepSeek-R1-0528-MXFP4-Preview",
	        .corpus = c,
	        .concurrency = 4,
	        .attempts = 3,
	        .retry_wait_ms = 1,
	        .progress = on_progress,
	        .ctx = s};
}

static void expect(const struct corpus *c, const struct ev_accuracy_measured *m)
{
	double ll = 0, words = 0, bytes = 0, bits, byte_ppl, word_ppl;
	int64_t tokens = 0;
	for (int i = 0; i < c->n_chunks; i++) {
		size_t n;
		ll += sim_document_ll(c->chunks[i].text, c->chunks[i].len, SIM_NOMINAL_BPB, &n);
		words += c->chunks[i].words;
		bytes += (double)c->chunks[i].len;
		tokens += (int64_t)n - 1;
	}
	score_metrics(ll, words, bytes, &bits, &byte_ppl, &word_ppl);
	assert_true(fabs(m->bits_per_byte - bits) < 1e-9);
	assert_true(fabs(m->byte_perplexity - byte_ppl) < 1e-9);
	assert_true(fabs(m->word_perplexity - word_ppl) < 1e-9);
	assert_int_equal(m->tokens, tokens);
	assert_int_equal(m->documents, c->n_chunks);
	assert_true(m->duration_s > 0);
}

static void start_with_fault(const char *fault)
{
	sim_start(&sim, (const char *[]){"--time-scale", "1000", fault ? "--fault" : NULL, fault, NULL});
}

static void exact_by_generate(void **state)
{
	(void)state;
	struct corpus c;
	struct seen seen;
	struct ev_accuracy_measured m, again;
	struct err e = {0};
	start_with_fault(NULL);
	demo_corpus(&c);
	struct score_spec spec = spec_for(&c, &seen);
	if (score_run(&spec, &m, &e))
		fail_msg("%s", e.text);
	expect(&c, &m);
	assert_int_equal(m.retries, 0);
	assert_string_equal(m.endpoint, "/generate");
	assert_true(seen.calls >= 2 && seen.samples >= 2);
	assert_int_equal(seen.first.done, 0);
	assert_true(isnan(seen.first.bits_per_byte));
	assert_int_equal(seen.last.done, c.n_chunks);
	assert_int_equal(seen.last.total, c.n_chunks);
	assert_true(seen.last.sample);
	assert_true(seen.last.word_perplexity == m.word_perplexity);
	/* another order of the answers, the same bits */
	spec = spec_for(&c, &seen);
	spec.concurrency = 1;
	assert_int_equal(score_run(&spec, &again, &e), 0);
	assert_memory_equal(&m.bits_per_byte, &again.bits_per_byte, sizeof m.bits_per_byte);
	assert_memory_equal(&m.word_perplexity, &again.word_perplexity, sizeof m.word_perplexity);
	corpus_free(&c);
}

static void exact_by_echo(void **state)
{
	(void)state;
	struct corpus c;
	struct seen seen;
	struct ev_accuracy_measured m;
	struct err e = {0};
	start_with_fault("no-generate");
	demo_corpus(&c);
	struct score_spec spec = spec_for(&c, &seen);
	if (score_run(&spec, &m, &e))
		fail_msg("%s", e.text);
	expect(&c, &m);
	assert_string_equal(m.endpoint, "/v1/completions echo");
	corpus_free(&c);
}

/* The competition's own text, when it lies beside the project: 167 requests, and the simulator's exact metrics. */
static void real_text(const char *fault, const char *endpoint)
{
	const char *path = "../shared/data/wiki.test.raw";
	struct track *t = malloc(sizeof *t);
	struct corpus *c = malloc(sizeof *c);
	struct seen seen;
	struct ev_accuracy_measured m;
	struct err e = {0};
	assert_non_null(t);
	assert_non_null(c);
	if (access(path, R_OK)) {
		print_message("skipped: no %s\n", path);
	} else {
		if (track_load(t, "dsr1-fp4-sglang-mi355x", &e) || corpus_load(c, t, path, NULL, NULL, NULL, &e))
			fail_msg("%s", e.text);
		start_with_fault(fault);
		struct score_spec spec = spec_for(c, &seen);
		if (score_run(&spec, &m, &e))
			fail_msg("%s", e.text);
		expect(c, &m);
		assert_int_equal(m.documents, 167);
		assert_int_equal(m.retries, 0);
		assert_string_equal(m.endpoint, endpoint);
		corpus_free(c);
	}
	free(c);
	free(t);
}

static void real_text_by_generate(void **state)
{
	(void)state;
	real_text(NULL, "/generate");
}

static void real_text_by_echo(void **state)
{
	(void)state;
	real_text("no-generate", "/v1/completions echo");
}

static void fails(const char *fault, int code, const char *why)
{
	struct corpus c;
	struct seen seen;
	struct ev_accuracy_measured m;
	struct err e = {0};
	start_with_fault(fault);
	demo_corpus(&c);
	struct score_spec spec = spec_for(&c, &seen);
	memset(&m, 7, sizeof m);
	assert_int_equal(score_run(&spec, &m, &e), code);
	assert_non_null(strstr(e.text, "of 12, after 3 attempts"));
	if (!strstr(e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
	assert_int_equal(((unsigned char *)&m)[0], 7);
	sim_stop(&sim);
	corpus_free(&c);
}

static void faults(void **state)
{
	(void)state;
	fails("no-bos", ERR_PROTO, "no begin-of-sentence token");
	fails("null-logprob", ERR_PROTO, "is null, not a number");
	fails("wrong-length", ERR_PROTO, "tokens are missing");
	fails("http500", ERR_NET, "HTTP 500");
}

/* Incidents that a second attempt heals. */
static void recovers(void **state)
{
	(void)state;
	static const char *const faults_once[] = {"http500@n=2", "null-logprob@n=5", "wrong-length@n=1", "refuse@n=3"};
	for (size_t i = 0; i < sizeof faults_once / sizeof faults_once[0]; i++) {
		struct corpus c;
		struct seen seen;
		struct ev_accuracy_measured m;
		struct err e = {0};
		start_with_fault(faults_once[i]);
		demo_corpus(&c);
		struct score_spec spec = spec_for(&c, &seen);
		if (score_run(&spec, &m, &e))
			fail_msg("%s: %s", faults_once[i], e.text);
		expect(&c, &m);
		assert_int_equal(m.retries, 1);
		assert_int_equal(seen.last.retries, 1);
		sim_stop(&sim);
		corpus_free(&c);
	}
}

/* /generate disappears in mid-measurement (another server on the port): nothing of it is kept. */
static void never_mixed(void **state)
{
	(void)state;
	struct corpus c;
	struct seen seen;
	struct ev_accuracy_measured m;
	struct err e = {0};
	start_with_fault("no-generate@n=6");
	demo_corpus(&c);
	struct score_spec spec = spec_for(&c, &seen);
	spec.concurrency = 1;
	spec.progress = NULL; /* done falls back to 0 */
	if (score_run(&spec, &m, &e))
		fail_msg("%s", e.text);
	expect(&c, &m);
	assert_string_equal(m.endpoint, "/v1/completions echo");
	assert_int_equal(m.documents, c.n_chunks);
	corpus_free(&c);
}

static void stopped(void **state)
{
	(void)state;
	struct corpus c;
	struct seen seen;
	struct ev_accuracy_measured m;
	struct err e = {0};
	struct cancel stop;
	start_with_fault(NULL);
	demo_corpus(&c);
	assert_int_equal(cancel_open(&stop, NULL), 0);
	for (int level = CANCEL_DRAIN; level <= CANCEL_NOW; level++) {
		struct score_spec spec = spec_for(&c, &seen);
		spec.cancel = &stop;
		seen.stop = &stop;
		seen.stop_at = 1;
		seen.level = (enum cancel_level)level;
		assert_int_equal(score_run(&spec, &m, &e), ERR_CANCELLED);
		assert_non_null(strstr(e.text, "stopped by the user"));
		cancel_reset(&stop);
	}
	sim_stop(&sim);
	/* the second report comes while the first four are in flight: they are still taken in, or given up */
	sim_start(&sim, (const char *[]){"--ttft-ms", "900", NULL});
	for (int level = CANCEL_DRAIN; level <= CANCEL_NOW; level++) {
		struct score_spec spec = spec_for(&c, &seen);
		spec.cancel = &stop;
		seen.stop = &stop;
		seen.stop_at = 2;
		seen.level = (enum cancel_level)level;
		assert_int_equal(score_run(&spec, &m, &e), ERR_CANCELLED);
		assert_non_null(strstr(e.text, level == CANCEL_NOW ? "after 0 of 12" : "after 4 of 12"));
		cancel_reset(&stop);
	}
	cancel_close(&stop);
	corpus_free(&c);
}

static void nobody_there(void **state)
{
	(void)state;
	struct corpus c;
	struct seen seen;
	struct ev_accuracy_measured m;
	struct err e = {0};
	start_with_fault(NULL);
	demo_corpus(&c);
	struct score_spec spec = spec_for(&c, &seen);
	sim_stop(&sim);
	assert_int_equal(score_run(&spec, &m, &e), ERR_NET);
	assert_non_null(strstr(e.text, "chunk 1 of 12, after 3 attempts"));
	spec.corpus = NULL;
	assert_int_equal(score_run(&spec, &m, &e), ERR_USAGE);
	corpus_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(answers),
	        cmocka_unit_test(formulas),
	        cmocka_unit_test_teardown(exact_by_generate, stop_sim),
	        cmocka_unit_test_teardown(exact_by_echo, stop_sim),
	        cmocka_unit_test_teardown(real_text_by_generate, stop_sim),
	        cmocka_unit_test_teardown(real_text_by_echo, stop_sim),
	        cmocka_unit_test_teardown(faults, stop_sim),
	        cmocka_unit_test_teardown(recovers, stop_sim),
	        cmocka_unit_test_teardown(never_mixed, stop_sim),
	        cmocka_unit_test_teardown(stopped, stop_sim),
	        cmocka_unit_test_teardown(nobody_there, stop_sim),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
