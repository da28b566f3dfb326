/* Which file of the cache a set lies in, and which files have to go. */
#include "../accuracy/corpus.h"
#include "../base/file.h"
#include "../base/text.h"
#include "prompts_int.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 4096
#define NAME_CAP  256

/* Lengths of answers are drawn between prompts' lengths and offsets, so they count where they differ. */
void prompts_key(const struct prompt_spec *spec, uint32_t out_low, char key[PROMPTS_KEY])
{
	char ratio[40] = "1", osl[40] = "fixed";
	if (spec->ratio < 1)
		snprintf(ratio, sizeof ratio, "%.17g", spec->ratio);
	if (out_low != (uint32_t)spec->osl)
		snprintf(osl, sizeof osl, "%d", spec->osl);
	snprintf(key, PROMPTS_KEY, "format %d tokenizer %s%s n %d isl %d osl %s seed %u ratio %s rounds %d",
	        PROMPTS_FORMAT, tokenizer_sha256(spec->tokenizer),
	        tokenizer_cleans_up(spec->tokenizer) ? " cleaned up" : "", spec->n, spec->isl, osl,
	        (unsigned)spec->seed, ratio, PROMPTS_ROUNDS);
}

bool prompts_cache_path(char *out, size_t cap, const char *dir, const struct prompt_spec *spec, const char *key)
{
	char sum[65], name[NAME_CAP];
	sha256_hex(key, strlen(key), sum);
	snprintf(name, sizeof name, "isl%d_n%d_%.16s" PROMPTS_SUFFIX, spec->isl, spec->n, sum);
	return path_join(out, cap, dir, name);
}

struct kept {
	char name[NAME_CAP];
	int64_t size, used_ns;
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);
	return n > k && strcmp(name + n - k, suffix) == 0;
}

/* "NAME.prompts.PID-N.tmp": a living maker holds its lock. */
static void remove_leftover(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlink(path);
	close(fd);
}

static size_t list_files(const char *dir, struct kept *list, int64_t *sum)
{
	size_t n = 0;
	DIR *d = opendir(dir);
	if (!d)
		return 0;
	for (struct dirent *entry; (entry = readdir(d)) && n < FILES_MAX;) {
		char path[1024];
		struct stat st;
		bool tmp = strstr(entry->d_name, PROMPTS_SUFFIX ".") && has_suffix(entry->d_name, ".tmp");
		if ((!tmp && !has_suffix(entry->d_name, PROMPTS_SUFFIX)) ||
		        !path_join(path, sizeof path, dir, entry->d_name) || lstat(path, &st) < 0 ||
		        !S_ISREG(st.st_mode))
			continue;
		if (tmp) {
			remove_leftover(path);
			continue;
		}
		struct kept *k = &list[n];
		if (!text_set(k->name, sizeof k->name, entry->d_name))
			continue;
		k->size = st.st_size;
		k->used_ns = (int64_t)st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
		*sum += k->size;
		n++;
	}
	closedir(d);
	return n;
}

static int older(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	return x->used_ns < y->used_ns ? -1 : x->used_ns > y->used_ns;
}

void prompts_cache_prune(const char *dir, int64_t most, const char *keep)
{
	struct kept *list = calloc(FILES_MAX, sizeof *list);
	int64_t sum = 0;
	if (!list)
		return;
	size_t n = list_files(dir, list, &sum);
	qsort(list, n, sizeof *list, older);
	for (size_t i = 0; i < n && sum > most; i++) {
		char path[1024];
		if ((keep && strcmp(list[i].name, path_base(keep)) == 0) ||
		        !path_join(path, sizeof path, dir, list[i].name))
			continue;
		/* Who has it mapped keeps what it has. */
		if (unlink(path) == 0)
			sum -= list[i].size;
	}
	free(list);
}
