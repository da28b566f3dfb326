/* A tokenizer.json is foreign data: what would make other tokens than the reference is refused by its name, what is broken
 * is refused in words, and what only looks different is read. Each case is the small tokenizer with one edit. */
#include "../../engine/base/file.h"
#include "../../engine/tokenizer/tokenizer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

#define SMALL "tests/data/tokenizer_small.json"

static char dir[64], path[128], beside[128];
static struct buf small;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/benchtop-tok.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	path_join(path, sizeof path, dir, "tokenizer.json");
	path_join(beside, sizeof beside, dir, "tokenizer_config.json");
	buf_init(&small, 1 << 20);
	return file_read(SMALL, &small, NULL);
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(beside);
	buf_free(&small);
	return rmdir(dir);
}

static void write_file(const char *name, const void *data, size_t len)
{
	struct err e = {0};
	if (file_write_atomic(name, data, len, &e))
		fail_msg("%s", e.text);
}

/* The small file with the first `from` replaced by `to`. */
static void write_edited(const char *from, const char *to)
{
	struct buf b;
	char *at = memmem(small.data, small.len, from, strlen(from));
	if (!at)
		fail_msg("%s is not in %s", from, SMALL);
	buf_init(&b, 1 << 22);
	buf_add(&b, small.data, (size_t)(at - small.data));
	buf_adds(&b, to);
	buf_add(&b, at + strlen(from), small.len - (size_t)(at - small.data) - strlen(from));
	write_file(path, b.data, b.len);
	buf_free(&b);
}

static void refused(int code, const char *says)
{
	struct tokenizer *t = NULL;
	struct err e = {0};
	int rc = tokenizer_open(&t, path, &e);
	if (rc != code || !strstr(e.text, says) || !strstr(e.text, path))
		fail_msg("%d \"%s\", expected %d and \"%s\"", rc, e.text, code, says);
	assert_null(t);
}

static void unknown_parts_are_refused_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *says;
	} table[] = {
	        {"{\"type\":\"Sequence\",\"normalizers\":[]}", "{\"type\":\"NFKC\"}", "NFKC"},
	        {"\"normalizers\":[]", "\"normalizers\":[{\"type\":\"Lowercase\"}]", "Lowercase"},
	        {"\"type\":\"BPE\"", "\"type\":\"Unigram\"", "Unigram"},
	        {"\"dropout\":null", "\"dropout\":0.1", "dropout"},
	        {"\"continuing_subword_prefix\":null", "\"continuing_subword_prefix\":\"##\"",
	                "continuing_subword_prefix"},
	        {"\"end_of_word_suffix\":null", "\"end_of_word_suffix\":\"</w>\"", "end_of_word_suffix"},
	        {"\"fuse_unk\":false", "\"fuse_unk\":false,\"novel\":1", "novel"},
	        {"\"version\":\"1.0\"", "\"version\":\"1.0\",\"novelty\":{\"a\":1}", "novelty"},
	        {"\"pretokenizers\":[{\"type\":\"Split\"", "\"pretokenizers\":[{\"type\":\"Metaspace\"", "Metaspace"},
	        {"\"behavior\":\"Isolated\"", "\"behavior\":\"Shuffled\"", "behavior"},
	        {"\"decoder\":{\"type\":\"ByteLevel\"", "\"decoder\":{\"type\":\"WordPiece\"", "WordPiece"},
	        {"\"type\":\"TemplateProcessing\"", "\"type\":\"BertProcessing\"", "BertProcessing"},
	        {"\"single_word\":false", "\"single_word\":true", "single_word"},
	        {"{1,3}", "{1,3}\\\\w", "this escape"},
	        {"{1,3}", "[a&&b]", "intersection"},
	        {"{1,3}", "[a[b]]", "a set in a set"},
	        {"{1,3}", "(?i:ss)", "caseless"},
	        {"{1,3}", "\\\\p{Alphabetic}", "property"},
	        {"\\\\p{N}{1,3}", "x*", "nothing at all"},
	        {"\\\\p{N}{1,3}", "(x", "open group"},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		write_edited(table[i].from, table[i].to);
		refused(ERR_PROTO, table[i].says);
	}
}

static void broken_files_are_refused_in_words(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *says;
		int code;
	} table[] = {
	        {"\"merges\":[\"", "\"merges\":[\"zq qz\",\"", "not in the vocabulary", ERR_PROTO},
	        {"\"merges\":[\"", "\"merges\":[\"justone\",\"", "not two tokens", ERR_PROTO},
	        {"\"merges\":[\"", "\"merges\":[7,\"", "no string", ERR_PROTO},
	        {"\"vocab\":{\"!\":0", "\"vocab\":{\"!\":1", "id of another", ERR_PROTO},
	        {"\"vocab\":{\"!\":0", "\"vocab\":{\"!\":0,\"!\":5000", "twice", ERR_PROTO},
	        {"\"vocab\":{\"!\":0", "\"vocab\":{\"!!!\":0", "byte 0x21", ERR_PROTO},
	        {"\"vocab\":{\"!\":0", "\"vocab\":{\"!\":99999999", "beyond", ERR_LIMIT},
	        {"\"vocab\":{\"!\":0", "\"vocab\":{\"!\":-1", "whole number", ERR_PROTO},
	        {"\"vocab\":{\"!\":0", "\"vocab\":{\"!\":0.5", "whole number", ERR_PROTO},
	        {"\"vocab\":{\"!\":0", "\"vocab\":{\"\\ud800\":0", "escape", ERR_PROTO},
	        {"\"vocab\":{", "\"vokab\":{", "vokab", ERR_PROTO},
	        {"\"model\":{", "\"model\":{},\"model\":{", "twice", ERR_PROTO},
	        {"\"truncation\":null", "\"truncation\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "deep", ERR_PROTO},
	        {"\"id\":1456", "\"id\":1457", "1456", ERR_PROTO},
	        {"\"content\":\"</s>\"", "\"content\":\"<s>\"", "1456", ERR_PROTO},
	        {"\"ids\":[1456]", "\"ids\":[99999]", "post_processor", ERR_PROTO},
	        {"</s>", "\xff", "not UTF-8", ERR_PROTO},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		write_edited(table[i].from, table[i].to);
		refused(table[i].code, table[i].says);
	}
	write_file(path, "", 0);
	refused(ERR_PROTO, "object");
	write_file(path, "[]", 2);
	refused(ERR_PROTO, "object");
	write_file(path, "{}", 2);
	refused(ERR_PROTO, "model");
}

/* A file cut anywhere is an error with words, never half a tokenizer. */
static void a_cut_file_is_refused(void **state)
{
	(void)state;
	for (size_t len = small.len - 2; len > 200; len -= len / 37 + 1) {
		struct tokenizer *t;
		struct err e = {0};
		write_file(path, small.data, len);
		assert_int_equal(tokenizer_open(&t, path, &e), ERR_PROTO);
		assert_null(t);
		assert_true(strlen(e.text) > strlen(path) + 10);
	}
}

static void a_huge_file_is_not_read(void **state)
{
	(void)state;
	write_file(path, "{", 1);
	assert_int_equal(truncate(path, (off_t)TOKENIZER_FILE_MAX + 1), 0);
	refused(ERR_LIMIT, "at most");
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	refused(ERR_IO, "not a file");
	rmdir(path);
	refused(ERR_IO, "No such file");
}

/* A pattern that would run for ever on a text stops with an error. */
static void a_costly_pattern_gives_up(void **state)
{
	(void)state;
	char text[400];
	struct tokenizer *t;
	struct tokenizer_work *w;
	struct token_ids ids = {0};
	struct err e = {0};
	write_edited("\\\\p{N}{1,3}", "(a|aa|a.)+[!?]");
	assert_int_equal(tokenizer_open(&t, path, &e), 0);
	assert_int_equal(tokenizer_work_open(&w, t, &e), 0);
	memset(text, 'a', sizeof text);
	assert_int_equal(tokenizer_encode(t, w, text, sizeof text, &ids, &e), ERR_LIMIT);
	assert_non_null(strstr(e.text, "cannot split"));
	token_ids_free(&ids);
	tokenizer_work_close(w);
	tokenizer_close(t);
}

/* Nor one that stays below the limit of a match, but at every place of the text: 3,000 letters would take most of a minute. */
static void a_slow_pattern_gives_up(void **state)
{
	(void)state;
	char text[3000];
	struct tokenizer *t;
	struct tokenizer_work *w;
	struct token_ids ids = {0};
	struct err e = {0};
	write_edited("\\\\p{N}{1,3}", "[^\\\\s]+[^\\\\s]+[^\\\\s]+\\\\p{N}|.");
	assert_int_equal(tokenizer_open(&t, path, &e), 0);
	assert_int_equal(tokenizer_work_open(&w, t, &e), 0);
	memset(text, 'a', sizeof text);
	assert_int_equal(tokenizer_encode(t, w, text, sizeof text, &ids, &e), ERR_LIMIT);
	assert_non_null(strstr(e.text, "too long"));
	/* the next text has its own time */
	ids.n = 0;
	assert_int_equal(tokenizer_encode(t, w, text, 30, &ids, &e), 0);
	token_ids_free(&ids);
	tokenizer_work_close(w);
	tokenizer_close(t);
}

static void decodes_to(const char *text, const char *want)
{
	struct tokenizer *t;
	struct tokenizer_work *w;
	struct token_ids ids = {0};
	struct buf out;
	buf_init(&out, 1 << 16);
	assert_int_equal(tokenizer_open(&t, path, NULL), 0);
	assert_int_equal(tokenizer_work_open(&w, t, NULL), 0);
	assert_int_equal(tokenizer_encode(t, w, text, strlen(text), &ids, NULL), 0);
	buf_adds(&out, ">"); /* what is there already stays */
	assert_int_equal(tokenizer_decode(t, ids.ids, ids.n, &out, NULL), 0);
	assert_int_equal(out.data[0], '>');
	assert_string_equal(out.data + 1, want);
	buf_free(&out);
	token_ids_free(&ids);
	tokenizer_work_close(w);
	tokenizer_close(t);
}

static void clean_up_is_done_when_the_configuration_says_so(void **state)
{
	(void)state;
	static const char text[] = "a . b , c ! d ? it 's we 've do n't I 'm you 're x ' y <s> .";
	static const char cleaned[] = "a. b, c! d? it's we've don't I'm you're x'y <s>.";
	static const char on[] = "{\"clean_up_tokenization_spaces\": true}", off[] = "{\"a\": 1}";
	write_file(path, small.data, small.len);
	unlink(beside);
	decodes_to(text, text);
	write_file(beside, off, strlen(off));
	decodes_to(text, text);
	write_file(beside, on, strlen(on));
	decodes_to(text, cleaned);
	unlink(beside);
}

static void the_bos_of_the_configuration_counts(void **state)
{
	(void)state;
	struct tokenizer *t;
	static const char on[] = "{\"add_bos_token\": true, \"bos_token\": {\"content\": \"</s>\"}}";
	write_edited("{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},", "");
	assert_int_equal(tokenizer_open(&t, path, NULL), 0);
	assert_int_equal(tokenizer_bos(t), -1);
	tokenizer_close(t);
	write_file(beside, on, strlen(on));
	assert_int_equal(tokenizer_open(&t, path, NULL), 0);
	assert_int_equal(tokenizer_bos(t), 1457);
	tokenizer_close(t);
	unlink(beside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(unknown_parts_are_refused_by_name),
	        cmocka_unit_test(broken_files_are_refused_in_words),
	        cmocka_unit_test(a_cut_file_is_refused),
	        cmocka_unit_test(a_huge_file_is_not_read),
	        cmocka_unit_test(a_costly_pattern_gives_up),
	        cmocka_unit_test(a_slow_pattern_gives_up),
	        cmocka_unit_test(clean_up_is_done_when_the_configuration_says_so),
	        cmocka_unit_test(the_bos_of_the_configuration_counts),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
