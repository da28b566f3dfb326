/* Which themes there are: the embedded ones and the user's own. */
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "theme.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MOST 1000 /* of a directory that is no themes directory at all */

bool theme_user_dir(char *out, size_t cap)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (config && *config)
		return path_join(out, cap, config, "benchtop/themes");
	return home && *home && path_join(out, cap, home, ".config/benchtop/themes");
}

/* "mine.theme" -> "mine"; false for anything that cannot be asked for by that name. */
static bool name_of(char out[32], const char *file)
{
	size_t len = strlen(file);
	char clean[32];
	if (len < 7 || len - 6 >= 32 || file[0] == '.' || strcmp(file + len - 6, ".theme") != 0)
		return false;
	memcpy(out, file, len - 6);
	out[len - 6] = '\0';
	text_copy(clean, sizeof clean, out);
	return strcmp(clean, out) == 0;
}

static int find(char names[][32], int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int theme_list(char names[][32], bool *own, int cap)
{
	char dir[900], name[32];
	int n = 0;
	for (; n < cap && theme_name(n); n++) {
		text_set(names[n], sizeof names[n], theme_name(n));
		if (own)
			own[n] = false;
	}
	int embedded = n;
	DIR *d = theme_user_dir(dir, sizeof dir) ? opendir(dir) : NULL;
	if (!d)
		return n;
	const struct dirent *f;
	for (int seen = 0; seen < ENTRIES_MOST && (f = readdir(d)) != NULL; seen++) {
		if (!name_of(name, f->d_name))
			continue;
		int at = find(names, n, name);
		if (at < 0 && n < cap) {
			at = n++;
			text_set(names[at], sizeof names[at], name);
		}
		if (at >= 0 && own)
			own[at] = true;
	}
	closedir(d);
	qsort(names[embedded], (size_t)(n - embedded), sizeof names[0], by_name);
	return n;
}
