/* Text prompts: the reference's recipe against the hashes that tests/judge/prompts.py printed (numpy's draws, the tokenizers
 * library's tokens), the file they are kept in, and the thread that makes them during a run. */
#include "../../engine/accuracy/corpus.h"
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../engine/plan/prompts_int.h"
#include "../../engine/run/promptwork.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

#define SMALL "tests/data/tokenizer_small.json"

static struct tokenizer *tokenizer;
static char dir[256]; /* of one test, emptied after it */

static int open_tokenizer(void **state)
{
	struct err e = {0};
	(void)state;
	if (tokenizer_open(&tokenizer, SMALL, &e) == 0)
		return 0;
	fprintf(stderr, "%s\n", e.text);
	return -1;
}

static int close_tokenizer(void **state)
{
	(void)state;
	tokenizer_close(tokenizer);
	return 0;
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "%s/benchtop-prompts.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

/* Files in dir whose name ends so; the last one's path into out. */
static int count_files(const char *suffix, char *out, size_t cap)
{
	DIR *d = opendir(dir);
	int n = 0;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		size_t len = strlen(entry->d_name), k = strlen(suffix);
		if (entry->d_name[0] == '.' || len < k || strcmp(entry->d_name + len - k, suffix) != 0)
			continue;
		n++;
		if (out)
			path_join(out, cap, dir, entry->d_name);
	}
	if (d)
		closedir(d);
	return n;
}

static int remove_dir(void **state)
{
	char path[600];
	(void)state;
	while (count_files("", path, sizeof path) > 0)
		if (unlink(path) < 0)
			return -1;
	return rmdir(dir);
}

static struct prompt_spec spec_of(int n, int isl)
{
	return (struct prompt_spec){.n = n, .isl = isl, .osl = 1, .ratio = 1, .tokenizer = tokenizer};
}

static struct prompt_set *make(const struct prompt_spec *spec)
{
	struct prompt_set *p = NULL;
	struct err e = {0};
	int rc = prompts_make(&p, spec, &e);
	if (rc)
		fprintf(stderr, "%s\n", e.text);
	assert_int_equal(rc, 0);
	assert_int_equal(prompts_count(p), spec->n);
	return p;
}

/* Over all prompts as JSON strings, each with a newline; the sum of their tokens in *tokens. */
static void sum_of(const struct prompt_set *p, char sum[65], uint64_t *tokens)
{
	struct buf b;
	buf_init(&b, 64 << 20);
	*tokens = 0;
	for (size_t i = 0; i < prompts_count(p); i++) {
		assert_int_equal(prompts_json(p, i, &b), 0);
		buf_addc(&b, '\n');
		*tokens += prompts_input_len(p, i);
	}
	sha256_hex(b.data, b.len, sum);
	buf_free(&b);
}

static void assert_equal_sets(const struct prompt_set *a, const struct prompt_set *b)
{
	char x[65], y[65];
	uint64_t n, m;
	sum_of(a, x, &n);
	sum_of(b, y, &m);
	assert_string_equal(x, y);
	assert_int_equal(n, m);
	for (size_t i = 0; i < prompts_count(a); i++) {
		assert_int_equal(prompts_input_len(a, i), prompts_input_len(b, i));
		assert_int_equal(prompts_output_len(a, i), prompts_output_len(b, i));
	}
}

static const struct judged {
	int n, isl, osl;
	double ratio;
	uint32_t seed;
	uint64_t tokens;
	const char *sha256;
} judged[] = {
#include "../data/prompts_small.inc"
};

static void the_recipe_is_the_references(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof judged / sizeof judged[0]; k++) {
		for (int threads = 1; threads <= 4; threads += 3) {
			struct prompt_spec spec = {.n = judged[k].n,
			        .isl = judged[k].isl,
			        .osl = judged[k].osl,
			        .ratio = judged[k].ratio,
			        .seed = judged[k].seed,
			        .tokenizer = tokenizer,
			        .threads = threads};
			struct prompt_set *p = make(&spec);
			char sum[65];
			uint64_t tokens;
			sum_of(p, sum, &tokens);
			assert_string_equal(sum, judged[k].sha256);
			assert_int_equal(tokens, judged[k].tokens);
			prompts_free(p);
		}
	}
}

static void lengths_of_answers_are_those_of_ids(void **state)
{
	(void)state;
	struct prompt_spec text = {.n = 40, .isl = 30, .osl = 100, .ratio = 0.5, .tokenizer = tokenizer};
	struct prompt_spec ids = text;
	ids.tokenizer = NULL;
	ids.vocab = tokenizer_vocab_size(tokenizer);
	struct prompt_set *a = make(&text), *b = make(&ids);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(prompts_output_len(a, i), prompts_output_len(b, i));
	prompts_free(a);
	prompts_free(b);
}

static void a_set_is_found_again(void **state)
{
	(void)state;
	struct prompt_spec spec = spec_of(20, 100);
	struct prompt_set *fresh = make(&spec);
	assert_true(prompts_in_memory(fresh));
	spec.cache = dir;
	struct prompt_set *first = make(&spec), *again = make(&spec);
	assert_false(prompts_cached(first));
	assert_true(prompts_cached(again));
	assert_false(prompts_in_memory(first));
	assert_false(prompts_in_memory(again));
	assert_int_equal(prompts_warm(again, NULL), 0);
	assert_equal_sets(fresh, first);
	assert_equal_sets(fresh, again);
	prompts_free(again);
	/* What the text depends on makes another file; what it does not depend on does not. */
	struct prompt_spec other = spec;
	other.n = 19;
	struct prompt_set *p = make(&other);
	assert_false(prompts_cached(p));
	prompts_free(p);
	other = spec;
	other.seed = 1;
	p = make(&other);
	assert_false(prompts_cached(p));
	prompts_free(p);
	other = spec;
	other.osl = 1024;
	p = make(&other);
	assert_true(prompts_cached(p));
	assert_int_equal(prompts_output_len(p, 0), 1024);
	prompts_free(p);
	assert_int_equal(count_files(PROMPTS_SUFFIX, NULL, 0), 3);
	assert_int_equal(count_files(".tmp", NULL, 0), 0);
	prompts_free(fresh);
	prompts_free(first);
}

/* The clean-up of decoded texts is another recipe: tokenizer_config.json asks for it, not tokenizer.json. */
static void a_cleaned_set_is_another(void **state)
{
	(void)state;
	static const char on[] = "{\"clean_up_tokenization_spaces\": true}";
	char copy[600], config[600];
	struct tokenizer *cleaning = NULL;
	struct err e = {0};
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_true(path_join(copy, sizeof copy, dir, "tokenizer.json"));
	assert_true(path_join(config, sizeof config, dir, "tokenizer_config.json"));
	assert_int_equal(file_read(SMALL, &b, NULL), 0);
	assert_int_equal(file_write_atomic(copy, b.data, b.len, NULL), 0);
	assert_int_equal(file_write_atomic(config, on, strlen(on), NULL), 0);
	buf_free(&b);
	if (tokenizer_open(&cleaning, copy, &e))
		fail_msg("%s", e.text);
	struct prompt_spec spec = spec_of(20, 100);
	struct prompt_set *plain, *cleaned, *want;
	spec.cache = dir;
	plain = make(&spec);
	spec.tokenizer = cleaning;
	cleaned = make(&spec);
	assert_false(prompts_cached(cleaned));
	spec.cache = NULL;
	want = make(&spec);
	assert_equal_sets(want, cleaned);
	prompts_free(want);
	prompts_free(cleaned);
	prompts_free(plain);
	tokenizer_close(cleaning);
}

/* A file that somebody cut while it is mapped: the row fails in words, not the process by SIGBUS. */
static void a_set_that_was_cut_is_not_used(void **state)
{
	(void)state;
#ifdef MADV_POPULATE_READ
	char path[600];
	struct err e = {0};
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool known = page != MAP_FAILED && madvise(page, 4096, MADV_POPULATE_READ) == 0;
	munmap(page, 4096);
	if (known) {
		struct prompt_spec spec = spec_of(20, 100);
		spec.cache = dir;
		struct prompt_set *p = make(&spec);
		assert_int_equal(count_files(PROMPTS_SUFFIX, path, sizeof path), 1);
		assert_int_equal(truncate(path, 0), 0);
		assert_int_equal(prompts_warm(p, &e), ERR_IO);
		assert_non_null(strstr(e.text, "cut by another program"));
		prompts_free(p);
		return;
	}
#endif
	print_message("this kernel does not tell: skipped\n");
	skip();
}

static void overwrite(const char *path, off_t at, char with)
{
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &with, 1, at), 1);
	close(fd);
}

static void a_spoilt_file_is_made_anew(void **state)
{
	(void)state;
	char path[600], key[PROMPTS_KEY];
	struct stat st;
	struct image im;
	struct err e = {0};
	struct prompt_spec spec = spec_of(20, 100);
	struct prompt_set *want = make(&spec);
	spec.cache = dir;
	prompts_key(&spec, 1, key);
	prompts_free(make(&spec));
	assert_int_equal(count_files(PROMPTS_SUFFIX, path, sizeof path), 1);
	assert_int_equal(stat(path, &st), 0);
	const off_t cuts[] = {0, 100, 512, 4000, st.st_size - 1},
	            bytes[] = {0, 20, 60, 600, st.st_size / 2, st.st_size - 3};
	const size_t n_cuts = sizeof cuts / sizeof cuts[0], n_bytes = sizeof bytes / sizeof bytes[0];
	for (size_t i = 0; i < n_cuts + n_bytes; i++) {
		if (i < n_cuts)
			assert_int_equal(truncate(path, cuts[i]), 0);
		else
			overwrite(path, bytes[i - n_cuts], (char)0xa5);
		assert_int_equal(image_open(&im, path, key, 20, &e), ERR_PROTO);
		assert_null(im.base);
		struct prompt_set *p = make(&spec);
		assert_false(prompts_cached(p));
		assert_equal_sets(want, p);
		prompts_free(p);
		assert_int_equal(image_open(&im, path, key, 20, &e), 0);
		image_close(&im);
	}
	/* One of another test under this name. */
	assert_int_equal(image_open(&im, path, "another key", 20, &e), ERR_PROTO);
	assert_int_equal(image_open(&im, path, key, 21, &e), ERR_PROTO);
	assert_int_equal(image_open(&im, "tests", key, 20, &e), ERR_PROTO);
	assert_int_equal(image_open(&im, "no/such/file", key, 20, &e), ERR_IO);
	prompts_free(want);
}

static void a_full_disk_costs_memory_only(void **state)
{
	(void)state;
	struct rlimit old, small;
	struct prompt_spec spec = spec_of(1000, 1000); /* some megabytes */
	struct prompt_set *want = make(&spec), *p;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	spec.cache = dir;
	/* After the first flush, at the last one, and at once. */
	static const rlim_t sizes[] = {(rlim_t)1200000, (rlim_t)100, 0};
	for (size_t i = 0; i < 3; i++) {
		small = (struct rlimit){.rlim_cur = sizes[i], .rlim_max = old.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		p = make(&spec);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_true(prompts_in_memory(p));
		assert_equal_sets(want, p);
		prompts_free(p);
		assert_int_equal(count_files("", NULL, 0), 0);
	}
	signal(SIGXFSZ, SIG_DFL);
	/* A place that is no directory. */
	spec.cache = SMALL;
	p = make(&spec);
	assert_true(prompts_in_memory(p));
	assert_equal_sets(want, p);
	prompts_free(p);
	prompts_free(want);
}

static void the_making_can_be_stopped(void **state)
{
	(void)state;
	struct cancel cancel;
	struct err e = {0};
	struct prompt_set *p = NULL;
	assert_int_equal(cancel_open(&cancel, &e), 0);
	cancel_raise(&cancel, CANCEL_DRAIN);
	for (int threads = 1; threads <= 4; threads += 3) {
		struct prompt_spec spec = spec_of(1000, 1000);
		spec.cancel = &cancel;
		spec.cache = dir;
		spec.threads = threads;
		assert_int_equal(prompts_make(&p, &spec, &e), ERR_CANCELLED);
		assert_null(p);
		assert_int_equal(count_files("", NULL, 0), 0);
	}
	cancel_close(&cancel);
}

/* Killed at any moment there is a whole file or none, and what was left half done goes with the next one. */
static void a_kill_leaves_no_half_file(void **state)
{
	(void)state;
	char path[600], key[PROMPTS_KEY];
	struct prompt_spec spec = spec_of(20000, 1000);
	spec.cache = dir;
	prompts_key(&spec, 1, key);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct prompt_set *p = NULL;
		prompts_make(&p, &spec, NULL);
		_exit(0);
	}
	int status;
	while (count_files(".tmp", NULL, 0) == 0 && count_files(PROMPTS_SUFFIX, NULL, 0) == 0)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	struct image im;
	if (count_files(PROMPTS_SUFFIX, path, sizeof path) > 0) {
		assert_int_equal(image_open(&im, path, key, 20000, NULL), 0);
		image_close(&im);
	}
	spec.n = 2;
	struct prompt_set *p = make(&spec);
	assert_int_equal(count_files(".tmp", NULL, 0), 0);
	prompts_free(p);
}

static void put_file(const char *name, size_t size, time_t used)
{
	char path[600];
	struct timespec times[2] = {{.tv_sec = used}, {.tv_sec = used}};
	assert_true(path_join(path, sizeof path, dir, name));
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool is_there(const char *name)
{
	char path[600];
	return path_join(path, sizeof path, dir, name) && file_exists(path);
}

static void the_oldest_files_go_first(void **state)
{
	(void)state;
	put_file("a" PROMPTS_SUFFIX, 1000, 3000);
	put_file("b" PROMPTS_SUFFIX, 1000, 1000);
	put_file("c" PROMPTS_SUFFIX, 1000, 2000);
	put_file("wiki.test.raw", 5000, 1);
	put_file("a" PROMPTS_SUFFIX ".1-0.tmp", 5000, 4000);
	prompts_cache_prune(dir, 3000, NULL);
	assert_int_equal(count_files(PROMPTS_SUFFIX, NULL, 0), 3);
	assert_false(is_there("a" PROMPTS_SUFFIX ".1-0.tmp")); /* nobody's */
	prompts_cache_prune(dir, 2500, "elsewhere/b" PROMPTS_SUFFIX);
	assert_true(is_there("b" PROMPTS_SUFFIX) && is_there("a" PROMPTS_SUFFIX));
	assert_false(is_there("c" PROMPTS_SUFFIX));
	prompts_cache_prune(dir, 0, NULL);
	assert_int_equal(count_files(PROMPTS_SUFFIX, NULL, 0), 0);
	assert_true(is_there("wiki.test.raw"));
	prompts_cache_prune("no/such/directory", 0, NULL);
}

/* ---- the thread of a run ---- */

static struct promptwork *start_work(struct settings *s, struct plan *plan, int cells)
{
	struct promptwork *w = NULL;
	struct err e = {0};
	*s = (struct settings){.mode = MODE_PERF, .prompts = PROMPTS_TEXT, .ratio = 1};
	snprintf(s->tokenizer_file, sizeof s->tokenizer_file, "%s", SMALL);
	assert_int_equal(promptwork_open(&w, s, &e), 0);
	assert_non_null(w);
	assert_string_equal(s->tokenizer_sha256, tokenizer_sha256(tokenizer));
	assert_int_equal(s->tokenizer_vocab, tokenizer_vocab_size(tokenizer));
	memset(plan, 0, sizeof *plan);
	plan->n_cells = cells;
	for (int i = 0; i < cells; i++)
		plan->cells[i] = (struct plan_cell){.isl = 50, .osl = 7, .num_prompts = 10 + i};
	setenv("XDG_CACHE_HOME", dir, 1);
	assert_int_equal(promptwork_start(w, plan, s, &e), 0);
	return w;
}

static void clear_cache(void)
{
	char command[400];
	snprintf(command, sizeof command, "rm -rf '%s/benchtop'", dir);
	assert_int_equal(system(command), 0);
}

static void rows_get_their_sets(void **state)
{
	(void)state;
	static struct plan plan;
	static struct settings s;
	struct promptwork *w = start_work(&s, &plan, 5);
	struct prompt_set *p = NULL;
	struct err e = {0};
	/* In order, with one passed over, and a load between. */
	for (int cell = 0; cell < 5; cell += cell == 1 ? 2 : 1) {
		assert_int_equal(promptwork_take(w, cell, NULL, &p, &e), 0);
		assert_true(promptwork_ready(w, cell));
		struct prompt_spec spec = {.n = 10 + cell, .isl = 50, .osl = 7, .ratio = 1, .tokenizer = tokenizer};
		struct prompt_set *want = make(&spec);
		promptwork_hush(w, true);
		assert_equal_sets(want, p);
		promptwork_hush(w, false);
		prompts_free(want);
		prompts_free(p);
	}
	promptwork_close(w);
	clear_cache();
}

static void waiting_for_a_set_can_be_stopped(void **state)
{
	(void)state;
	static struct plan plan;
	static struct settings s;
	struct cancel cancel;
	struct err e = {0};
	struct prompt_set *p = NULL;
	assert_int_equal(cancel_open(&cancel, &e), 0);
	struct promptwork *w = start_work(&s, &plan, 1);
	promptwork_hush(w, true); /* nothing is made any more */
	if (!promptwork_ready(w, 0)) {
		cancel_raise(&cancel, CANCEL_DRAIN);
		assert_int_equal(promptwork_take(w, 0, &cancel, &p, &e), ERR_CANCELLED);
		assert_null(p);
	}
	promptwork_hush(w, false);
	promptwork_close(w);
	promptwork_close(NULL);
	promptwork_hush(NULL, true);
	cancel_close(&cancel);
	clear_cache();
}

static void a_tokenizer_that_cannot_be_used(void **state)
{
	(void)state;
	static struct settings s;
	struct promptwork *w = NULL;
	struct err e = {0};
	put_file("tokenizer.json", 10, 1000); /* ten NULs */
	s = (struct settings){.mode = MODE_PERF, .prompts = PROMPTS_TEXT};
	assert_true(path_join(s.tokenizer_file, sizeof s.tokenizer_file, dir, "tokenizer.json"));
	/* Found by itself: ids, and the reason is kept. */
	assert_int_equal(promptwork_open(&w, &s, &e), 0);
	assert_null(w);
	assert_int_equal(s.prompts, PROMPTS_IDS);
	assert_true(strlen(s.tokenizer_missing) > 10);
	assert_string_equal(s.tokenizer_file, "");
	/* Asked for. */
	s.prompts = PROMPTS_TEXT;
	s.prompts_given = true;
	assert_true(path_join(s.tokenizer_file, sizeof s.tokenizer_file, dir, "tokenizer.json"));
	assert_int_equal(promptwork_open(&w, &s, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "--prompts ids"));
	/* Accuracy alone needs none. */
	s.mode = MODE_ACC;
	assert_int_equal(promptwork_open(&w, &s, &e), 0);
	assert_null(w);
}

/* ---- text or ids ---- */

static const char *env_table(void *ctx, const char *name)
{
	const char *const *pair = ctx;
	for (; pair[0]; pair += 2)
		if (strcmp(pair[0], name) == 0)
			return pair[1];
	return NULL;
}

static void text_when_a_tokenizer_is_found(void **state)
{
	(void)state;
	static struct settings s;
	struct err e = {0};
	const char *env[] = {"HF_HUB_CACHE", dir, NULL, NULL};
	char path[600];
	s = (struct settings){.prompts = PROMPTS_IDS};
	snprintf(s.model, sizeof s.model, "org/model");
	assert_int_equal(settings_prompts(&s, env_table, env, &e), 0);
	assert_int_equal(s.prompts, PROMPTS_IDS);
	assert_non_null(strstr(s.tokenizer_missing, "org/model"));
	assert_non_null(strstr(s.tokenizer_missing, dir));
	s.prompts_given = true;
	s.prompts = PROMPTS_TEXT;
	assert_int_equal(settings_prompts(&s, env_table, env, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, dir));
	assert_non_null(strstr(e.text, "--tokenizer"));
	assert_non_null(strstr(e.text, "--prompts ids"));
	s.prompts = PROMPTS_IDS;
	assert_int_equal(settings_prompts(&s, env_table, env, &e), 0);
	assert_int_equal(s.prompts, PROMPTS_IDS);
	assert_string_equal(s.tokenizer_missing, "");
	/* Named: taken without being asked for; a wrong name is never passed over. */
	s.prompts_given = false;
	snprintf(s.tokenizer, sizeof s.tokenizer, "%s", SMALL);
	assert_int_equal(settings_prompts(&s, env_table, env, &e), 0);
	assert_int_equal(s.prompts, PROMPTS_TEXT);
	assert_string_equal(s.tokenizer_file, SMALL);
	assert_true(path_join(path, sizeof path, dir, "none.json"));
	assert_true(text_set(s.tokenizer, sizeof s.tokenizer, path));
	assert_int_equal(settings_prompts(&s, env_table, env, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "none.json"));
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_recipe_is_the_references),
	        cmocka_unit_test(lengths_of_answers_are_those_of_ids),
	        IN_DIR(a_set_is_found_again),
	        IN_DIR(a_cleaned_set_is_another),
	        IN_DIR(a_set_that_was_cut_is_not_used),
	        IN_DIR(a_spoilt_file_is_made_anew),
	        IN_DIR(a_full_disk_costs_memory_only),
	        IN_DIR(the_making_can_be_stopped),
	        IN_DIR(a_kill_leaves_no_half_file),
	        IN_DIR(the_oldest_files_go_first),
	        IN_DIR(rows_get_their_sets),
	        IN_DIR(waiting_for_a_set_can_be_stopped),
	        IN_DIR(a_tokenizer_that_cannot_be_used),
	        IN_DIR(text_when_a_tokenizer_is_found),
	};
	return cmocka_run_group_tests(tests, open_tokenizer, close_tokenizer);
}
