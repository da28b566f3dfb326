/* How long a set of text prompts takes to make, and to be found again.
 *   prompts_bench TOKENIZER.json [N ISL [THREADS]]
 * One line of TSV: prompts, ISL, vocabulary, threads, seconds to make, MB of JSON, prompts of the wanted length, seconds to
 * open from the cache, seconds to warm, peak of anonymous memory in MB. */
#include "../../engine/base/clock.h"
#include "../../engine/plan/prompts_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double seconds(int64_t from)
{
	return (double)(clock_mono_ns() - from) / 1e9;
}

static double status_mb(const char *name)
{
	char line[256];
	double kb = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, name, strlen(name)) == 0)
			kb = strtod(line + strlen(name), NULL);
	if (f)
		fclose(f);
	return kb / 1024;
}

static int bench(struct prompt_spec *spec, struct err *e)
{
	struct prompt_set *p = NULL;
	size_t exact = 0, bytes = 0;
	struct buf b;
	int64_t from = clock_mono_ns();
	int rc = prompts_make(&p, spec, e);
	double made = seconds(from), anonymous = status_mb("RssAnon:");
	if (rc)
		return rc;
	buf_init(&b, (size_t)1 << 30);
	for (size_t i = 0; i < prompts_count(p); i++) {
		buf_clear(&b);
		prompts_json(p, i, &b);
		bytes += b.len;
		exact += prompts_input_len(p, i) == (uint32_t)spec->isl;
	}
	buf_free(&b);
	prompts_free(p);
	from = clock_mono_ns();
	rc = prompts_make(&p, spec, e);
	double opened = seconds(from);
	if (rc)
		return rc;
	from = clock_mono_ns();
	prompts_warm(p, NULL);
	double warmed = seconds(from);
	printf("%d\t%d\t%u\t%d\t%.2f\t%.1f\t%zu\t%.3f\t%.3f\t%.1f\n", spec->n, spec->isl,
	        (unsigned)tokenizer_vocab_size(spec->tokenizer), spec->threads, made, (double)bytes / 1e6, exact,
	        opened, warmed, anonymous);
	rc = prompts_cached(p) ? 0 : err_set(e, ERR_IO, "the cache was not used");
	prompts_free(p);
	return rc;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/benchtop-bench.XXXXXX", path[1024], key[PROMPTS_KEY];
	struct tokenizer *t = NULL;
	struct err e = {0};
	if (argc < 2 || !mkdtemp(dir)) {
		fprintf(stderr, "usage: prompts_bench TOKENIZER.json [N ISL [THREADS]]\n");
		return 2;
	}
	int rc = tokenizer_open(&t, argv[1], &e);
	struct prompt_spec spec = {.n = argc > 3 ? atoi(argv[2]) : 3200,
	        .isl = argc > 3 ? atoi(argv[3]) : 8192,
	        .osl = 1,
	        .ratio = 1,
	        .threads = argc > 4 ? atoi(argv[4]) : 2,
	        .tokenizer = t,
	        .cache = dir};
	if (rc == 0)
		rc = bench(&spec, &e);
	if (rc)
		fprintf(stderr, "prompts_bench: %s\n", e.text);
	if (t) {
		prompts_key(&spec, 1, key);
		if (prompts_cache_path(path, sizeof path, dir, &spec, key))
			unlink(path);
	}
	tokenizer_close(t);
	rmdir(dir);
	return rc ? 1 : 0;
}
