#include "track.h"
#include "../base/file.h"
#include "../base/text.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACK_DEFAULT  "dsr1-fp4-sglang-mi355x"
#define TRACK_BUILT_IN "built in"
#define TRACK_FILE_MAX ((size_t)1 << 20)

const struct track_pair *track_pair_find(const struct track *t, int isl, int osl)
{
	for (int i = 0; i < t->n_pairs; i++)
		if (t->pairs[i].isl == isl && t->pairs[i].osl == osl)
			return &t->pairs[i];
	return NULL;
}

const struct track_ref *track_ref_find(const struct track *t, int isl, int osl, int conc)
{
	for (int i = 0; i < t->n_refs; i++)
		if (t->refs[i].isl == isl && t->refs[i].osl == osl && t->refs[i].conc == conc)
			return &t->refs[i];
	return NULL;
}

static char names[512];
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static void names_make(void)
{
	size_t at = 0;
	for (const struct embedded_file *f = embedded_tracks; f->name; f++) {
		int n = snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", f->name);
		if (n < 0 || (size_t)n >= sizeof names - at) {
			names[at] = '\0';
			return;
		}
		at += (size_t)n;
	}
}

const char *track_names(void)
{
	pthread_once(&names_once, names_make);
	return names;
}

static int load_file(struct track *out, const char *path, struct err *e)
{
	struct buf b;
	buf_init(&b, TRACK_FILE_MAX);
	int rc = file_read(path, &b, e);
	if (rc) {
		if (e)
			e->code = ERR_USAGE;
		rc = ERR_USAGE;
	} else {
		rc = track_parse(out, buf_text(&b), b.len, path, e);
	}
	buf_free(&b);
	return rc;
}

/* The user's own track directory; false when neither variable is set or the path is too long. */
static bool user_path(char *out, size_t cap, const char *name)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n;
	if (config && config[0])
		n = snprintf(out, cap, "%s/benchtop/tracks/%s.json", config, name);
	else if (home && home[0])
		n = snprintf(out, cap, "%s/.config/benchtop/tracks/%s.json", home, name);
	else
		return false;
	return n > 0 && (size_t)n < cap;
}

static int load_name(struct track *out, const char *name, struct err *e)
{
	char path[512];
	int n = snprintf(path, sizeof path, "%s.json", name);
	if (n > 0 && (size_t)n < sizeof path && file_exists(path)) {
		int rc = load_file(out, path, e);
		if (rc && e)
			err_set(e, rc,
			        "%s (a file of the track's name in the working directory is taken as the track: rename it)",
			        e->text);
		return rc;
	}
	if (user_path(path, sizeof path, name) && file_exists(path))
		return load_file(out, path, e);
	for (const struct embedded_file *f = embedded_tracks; f->name; f++) {
		if (strcmp(f->name, name) != 0)
			continue;
		int rc = track_parse(out, f->data, f->len, TRACK_BUILT_IN, e);
		if (rc)
			err_prefix(e, "track %s", name);
		return rc;
	}
	char clean[80];
	text_copy(clean, sizeof clean, name);
	return err_set(e, ERR_USAGE, "there is no track \"%s\": choose one of %s, or give the path of a track file",
	        clean, track_names());
}

int track_load(struct track *out, const char *name_or_path, struct err *e)
{
	const char *name = name_or_path && name_or_path[0] ? name_or_path : TRACK_DEFAULT;
	size_t len = strlen(name);
	bool is_path = strchr(name, '/') || (len > 5 && strcmp(name + len - 5, ".json") == 0);
	return is_path ? load_file(out, name, e) : load_name(out, name, e);
}
