/* Configuration files: ./benchtop.conf, and $XDG_CONFIG_HOME/benchtop/config (~/.config/benchtop/config), as a list of lines.
 *
 * A line is `name = value`; '#' at its start begins a comment; quotes around a value are taken off. What a name means is
 * said elsewhere: options_config.c takes the options, keys.c `key.ACTION = KEY ...`. Files and lines are bounded; a secret
 * is refused and never repeated. Used by the main thread before any other exists; config_free when all of it was taken.
 */
#ifndef BENCHTOP_CONFIG_H
#define BENCHTOP_CONFIG_H
#include "../engine/base/buf.h"
#include "../engine/base/err.h"
#include "../engine/plan/settings.h"

#define CONFIG_LOCAL    "benchtop.conf" /* in the working directory */
#define CONFIG_FILES    2
#define CONFIG_FILE_MAX ((size_t)65536)
#define CONFIG_LINE_MAX 1024
#define CONFIG_ENTRIES  256
#define CONFIG_KEY      "key." /* names of keys.c */

struct config_entry {
	const char *name, *value; /* in the text of its file */
	int file, line;
};

struct config {
	char path[CONFIG_FILES][600];
	struct buf text[CONFIG_FILES]; /* cut into strings */
	struct config_entry entries[CONFIG_ENTRIES];
	int n_entries, n_files;
	struct err error; /* the first one */
};

void config_init(struct config *c);
void config_free(struct config *c);
/* Reads the files, the weaker first, so that a later entry outweighs an earlier one. Absent files are no error. 0 or the
 * code of c->error, whose sentence names file, line, name, value and remedy. */
int config_load(struct config *c, settings_getenv get, void *ctx);
/* Adds one file: read, or its text given (for tests). */
int config_read(struct config *c, const char *path);
int config_parse(struct config *c, const char *path, const char *text, size_t len);
/* "benchtop.conf, line 3" */
char *config_where(const struct config *c, const struct config_entry *entry, char *out, size_t cap);

#endif
