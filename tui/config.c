#include "config.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

void config_init(struct config *c)
{
	memset(c, 0, sizeof *c);
	for (int i = 0; i < CONFIG_FILES; i++)
		buf_init(&c->text[i], CONFIG_FILE_MAX);
}

void config_free(struct config *c)
{
	for (int i = 0; i < CONFIG_FILES; i++)
		buf_free(&c->text[i]);
	c->n_entries = c->n_files = 0;
}

char *config_where(const struct config *c, const struct config_entry *entry, char *out, size_t cap)
{
	snprintf(out, cap, "%.300s, line %d", c->path[entry->file], entry->line);
	return out;
}

static bool is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r';
}

/* Blanks at both ends off, in place. */
static char *trim(char *s)
{
	while (is_blank(*s))
		s++;
	size_t len = strlen(s);
	while (len > 0 && is_blank(s[len - 1]))
		s[--len] = '\0';
	return s;
}

static char *unquote(char *s)
{
	size_t len = strlen(s);
	if (len < 2 || s[0] != '"' || s[len - 1] != '"')
		return s;
	s[len - 1] = '\0';
	return s + 1;
}

/* HF_TOKEN, openai-api-key, password ...: what must not lie in a file that gets copied along with results. */
static bool is_secret_name(const char *name)
{
	if (strcmp(name, "tokenizer") == 0)
		return false;
	static const char *const words[] = {"token", "secret", "password", "passwd", "api_key", "api-key", "apikey"};
	size_t len = strlen(name);
	for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
		size_t n = strlen(words[w]);
		for (size_t i = 0; i + n <= len; i++)
			if (strncasecmp(name + i, words[w], n) == 0)
				return true;
	}
	return false;
}

static int refuse_secret(struct config *c, const char *where, const char *name)
{
	return err_set(&c->error, ERR_USAGE,
	        "%s: %.40s is a secret, and secrets are not read from files: delete the line and export it in the shell (HF_TOKEN, OPENAI_API_KEY)",
	        where, name);
}

/* The same name twice in one file: which one was meant is not for us to guess. */
static int refuse_twice(struct config *c, const struct config_entry *one, const char *clean, const char *where)
{
	for (int i = 0; i < c->n_entries; i++) {
		const struct config_entry *other = &c->entries[i];
		if (other->file == one->file && strcasecmp(other->name, one->name) == 0)
			return err_set(&c->error, ERR_USAGE,
			        "%s: %s = %s, but line %d sets %s already: delete one of them", where, one->name, clean,
			        other->line, one->name);
	}
	return 0;
}

static int take_line(struct config *c, int file, int number, char *line)
{
	struct config_entry one = {.file = file, .line = number};
	char where[320], clean[64];
	config_where(c, &one, where, sizeof where);
	char *s = trim(line);
	if (!*s || *s == '#')
		return 0;
	char *equals = strchr(s, '=');
	if (!equals || equals == s) {
		text_copy(clean, sizeof clean, is_secret_name(s) ? "a secret" : s);
		return err_set(&c->error, ERR_USAGE,
		        "%s: \"%s\" is no setting: write name = value, or # before a comment", where, clean);
	}
	*equals = '\0';
	char *name = trim(s), *value = unquote(trim(equals + 1));
	text_copy(clean, sizeof clean, name);
	if (strlen(name) >= sizeof clean || strcmp(clean, name) != 0)
		return err_set(&c->error, ERR_USAGE, "%s: \"%s\" is no name: benchtop --default-config lists them",
		        where, clean);
	if (is_secret_name(name))
		return refuse_secret(c, where, name);
	one.name = name;
	one.value = value;
	text_copy(clean, sizeof clean, value);
	if (!utf8_valid(value, strlen(value)) || (strlen(value) < sizeof clean && strcmp(clean, value) != 0))
		return err_set(&c->error, ERR_USAGE,
		        "%s: %s = \"%s\" holds control characters or is not UTF-8: type it again", where, name, clean);
	int rc = refuse_twice(c, &one, clean, where);
	if (rc)
		return rc;
	if (c->n_entries == CONFIG_ENTRIES)
		return err_set(&c->error, ERR_USAGE, "%s: more than %d settings are given: delete some", where,
		        CONFIG_ENTRIES);
	c->entries[c->n_entries++] = one;
	return 0;
}

/* Cuts the text of a file into lines, in place. */
static int take_text(struct config *c, int file)
{
	struct buf *b = &c->text[file];
	int number = 0;
	if (b->len > 0 && memchr(b->data, '\0', b->len))
		return err_set(
		        &c->error, ERR_USAGE, "%.300s holds NUL bytes, it is no text: write it anew", c->path[file]);
	for (char *line = b->data; line && *line;) {
		size_t len = strcspn(line, "\n");
		bool last = line[len] == '\0';
		number++;
		if (len > CONFIG_LINE_MAX)
			return err_set(&c->error, ERR_USAGE, "%.300s, line %d is longer than %d bytes: shorten it",
			        c->path[file], number, CONFIG_LINE_MAX);
		line[len] = '\0';
		int rc = take_line(c, file, number, line);
		if (rc || last)
			return rc;
		line += len + 1;
	}
	return 0;
}

/* A place for one more file; -1 when there is none. */
static int add_file(struct config *c, const char *path)
{
	if (c->n_files == CONFIG_FILES)
		return -1;
	text_copy(c->path[c->n_files], sizeof c->path[0], path);
	return c->n_files++;
}

int config_parse(struct config *c, const char *path, const char *text, size_t len)
{
	int file = add_file(c, path);
	if (file < 0)
		return err_set(&c->error, ERR_USAGE, "more than %d configuration files are given", CONFIG_FILES);
	if (buf_add(&c->text[file], text, len) < 0)
		return err_set(&c->error, ERR_USAGE,
		        "%.300s is longer than %zu bytes: a configuration file is a few lines, shorten it", path,
		        CONFIG_FILE_MAX);
	return take_text(c, file);
}

int config_read(struct config *c, const char *path)
{
	struct stat st;
	struct err e = {0};
	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return err_sys(&c->error, ERR_USAGE, errno,
		        "the configuration file %.300s cannot be read: make it readable, or move it away", path);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(&c->error, ERR_USAGE,
		        "%.300s is not a regular file: move it away; benchtop --default-config prints a configuration",
		        path);
	if (st.st_size > (off_t)CONFIG_FILE_MAX)
		return err_set(&c->error, ERR_USAGE,
		        "%.300s is longer than %zu bytes: a configuration file is a few lines, shorten it", path,
		        CONFIG_FILE_MAX);
	int file = add_file(c, path);
	if (file < 0)
		return err_set(&c->error, ERR_USAGE, "more than %d configuration files are given", CONFIG_FILES);
	if (file_read(path, &c->text[file], &e) < 0)
		return err_set(&c->error, ERR_USAGE,
		        "the configuration file cannot be read (%s): make it readable, or move it away", e.text);
	return take_text(c, file);
}

int config_load(struct config *c, settings_getenv get, void *ctx)
{
	char path[600], base[560];
	const char *xdg = get(ctx, "XDG_CONFIG_HOME"), *home = get(ctx, "HOME");
	bool have = xdg && xdg[0] == '/' && text_set(base, sizeof base, xdg); /* a relative one counts as unset */
	if (!have)
		have = home && home[0] && path_join(base, sizeof base, home, ".config");
	if (have && path_join(path, sizeof path, base, "benchtop/config")) {
		int rc = config_read(c, path);
		if (rc)
			return rc;
	}
	return config_read(c, CONFIG_LOCAL);
}
