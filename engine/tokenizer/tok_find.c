#include "../base/file.h"
#include "../base/text.h"
#include "tokenizer_int.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_NAME     "tokenizer.json"
#define REF_MAX       128
#define SNAPSHOTS_MAX 4096 /* looked at */

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode); /* snapshots are links into blobs */
}

/* dir/tokenizer.json into path when it is there. */
static bool in_dir(const char *dir, char *path, size_t cap)
{
	char at[1024];
	return path_join(at, sizeof at, dir, FILE_NAME) && is_file(at) && text_set(path, cap, at);
}

/* The revision that refs/main names; it becomes part of a path, so it must be a plain name. */
static bool main_revision(const char *model_dir, char ref[REF_MAX])
{
	char path[1024];
	if (!path_join(path, sizeof path, model_dir, "refs/main"))
		return false;
	FILE *f = is_file(path) ? fopen(path, "re") : NULL; /* a pipe would be waited for */
	if (!f)
		return false;
	size_t n = fread(ref, 1, REF_MAX - 1, f);
	fclose(f);
	ref[n] = '\0';
	ref[strcspn(ref, " \t\r\n")] = '\0';
	return ref[0] && ref[0] != '.' && !strchr(ref, '/');
}

/* The newest snapshot that has the file; of equally new ones the last by name. */
static bool newest_snapshot(const char *snapshots, char *path, size_t cap)
{
	DIR *d = opendir(snapshots);
	struct timespec best = {0};
	char best_name[256] = "";
	struct dirent *entry;
	for (int n = 0; d && n < SNAPSHOTS_MAX && (entry = readdir(d)) != NULL; n++) {
		char dir[1024], file[1024];
		struct stat st;
		if (entry->d_name[0] == '.' || !path_join(dir, sizeof dir, snapshots, entry->d_name) ||
		        stat(dir, &st) < 0 || !in_dir(dir, file, sizeof file))
			continue;
		int64_t newer = st.st_mtim.tv_sec != best.tv_sec ? (int64_t)st.st_mtim.tv_sec - best.tv_sec
		                                                 : st.st_mtim.tv_nsec - best.tv_nsec;
		if (best_name[0] && (newer < 0 || (newer == 0 && strcmp(entry->d_name, best_name) < 0)))
			continue;
		if (text_set(best_name, sizeof best_name, entry->d_name) && text_set(path, cap, file))
			best = st.st_mtim;
	}
	if (d)
		closedir(d);
	return best_name[0] != '\0';
}

static bool in_hub(const char *hub, const char *model, char *path, size_t cap)
{
	char name[512] = "models--", dir[1024], snapshots[1024], at[1024], ref[REF_MAX];
	size_t n = strlen(name);
	for (const char *m = model; *m && n + 3 < sizeof name; m++) {
		if (*m == '/') {
			name[n++] = '-';
			name[n++] = '-';
		} else {
			name[n++] = *m;
		}
	}
	name[n] = '\0';
	if (!path_join(dir, sizeof dir, hub, name) || !path_join(snapshots, sizeof snapshots, dir, "snapshots"))
		return false;
	if (main_revision(dir, ref) && path_join(at, sizeof at, snapshots, ref) && in_dir(at, path, cap))
		return true;
	return newest_snapshot(snapshots, path, cap);
}

/* The hub cache's directory as huggingface_hub finds it: the first of these that is set counts, there or not. */
static bool hub_dir(const char *(*getenv_)(void *ctx, const char *name), void *ctx, char *dir, size_t cap)
{
	static const struct {
		const char *name, *rest;
	} places[] = {{"HF_HUB_CACHE", ""}, {"HUGGINGFACE_HUB_CACHE", ""}, {"HF_HOME", "/hub"},
	        {"XDG_CACHE_HOME", "/huggingface/hub"}, {"HOME", "/.cache/huggingface/hub"}};
	const char *home = getenv_(ctx, "HOME");
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		const char *v = getenv_(ctx, places[i].name);
		if (!v || !*v)
			continue;
		bool tilde = v[0] == '~' && (v[1] == '/' || !v[1]) && home;
		int n = snprintf(dir, cap, "%s%s%s", tilde ? home : "", tilde ? v + 1 : v, places[i].rest);
		return n >= 0 && (size_t)n < cap;
	}
	return false;
}

static bool plain_model(const char *model)
{
	return model[0] && model[0] != '/' && model[0] != '.' && !strstr(model, "..");
}

int tokenizer_find(const char *given, const char *model, const char *(*getenv_)(void *ctx, const char *name), void *ctx,
        char *path, size_t cap, struct err *e)
{
	char hub[900] = "", shown[200];
	path[0] = '\0';
	if (given && *given) {
		if ((is_file(given) && text_set(path, cap, given)) || in_dir(given, path, cap))
			return 1;
		text_copy(shown, sizeof shown, given);
		return err_set(e, ERR_USAGE, "--tokenizer: %s is no tokenizer.json and no directory with one", shown);
	}
	if (!model)
		model = "";
	if (*model && in_dir(model, path, cap))
		return 1;
	bool has_hub = hub_dir(getenv_, ctx, hub, sizeof hub);
	if (has_hub && plain_model(model) && in_hub(hub, model, path, cap))
		return 1;
	text_copy(shown, sizeof shown, model);
	if (!*model)
		err_set(e, 0, "no MODEL, so no tokenizer.json is looked for; --tokenizer names one");
	else if (!has_hub || !plain_model(model))
		err_set(e, 0, "no tokenizer.json in %s; --tokenizer names one", shown);
	else
		err_set(e, 0, "no tokenizer.json of %s in %s; --tokenizer names one", shown, hub);
	return 0;
}
