/* The options that configuration files hold (config.def): their values, and the file that --default-config prints. */
#include "../engine/base/text.h"
#include "actions.h"
#include "draw/theme.h"
#include "keys.h"
#include "options_int.h"
#include <stdio.h>
#include <string.h>

struct config_row {
	enum option_id id;
	const char *variable;
	bool demo, is_default;
	const char *value, *values;
};

static const struct config_row rows[] = {
#define CONFIG(id, variable, demo, is_default, value, values) {id, variable, demo, is_default, value, values},
#include "config.def"
#undef CONFIG
};

#define ROWS (sizeof rows / sizeof rows[0])

static const struct config_row *row_of(enum option_id id)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

bool option_in_config(enum option_id id)
{
	return row_of(id) != NULL;
}

static int unknown_name(const struct config_entry *entry, const char *where, struct err *e)
{
	const char *best = NULL;
	int distance = OPTION_FAR;
	char value[64];
	text_copy(value, sizeof value, entry->value);
	for (const struct named_help *v = option_environment; v->name; v++)
		if (strcmp(v->name, entry->name) == 0)
			return err_set(e, ERR_USAGE,
			        "%s: %s = %s belongs into the environment: export %s=%s, or source the *_conc_var.sh",
			        where, entry->name, value, entry->name, value);
	for (int id = 0; id < OPT_count; id++)
		if (strcmp(option_rows[id].name, entry->name) == 0)
			return err_set(e, ERR_USAGE,
			        "%s: %s = %s is not for a file: give --%s on the command line instead", where,
			        entry->name, value, entry->name);
	for (size_t i = 0; i < ROWS; i++)
		option_suggest(entry->name, option_rows[rows[i].id].name, &best, &distance);
	if (best)
		return err_set(e, ERR_USAGE, "%s: there is no setting %s (= %s): did you mean %s?", where, entry->name,
		        value, best);
	return err_set(e, ERR_USAGE, "%s: there is no setting %s (= %s): benchtop --default-config lists them", where,
	        entry->name, value);
}

static int find_row(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(option_rows[rows[i].id].name, name) == 0)
			return (int)i;
	return -1;
}

static int take_value(struct parse *p, const struct config_row *row, const char *value)
{
	bool on = false;
	if (option_rows[row->id].argument)
		return option_take_value(p, row->id, value);
	int rc = option_take_yes(p, row->id, value, &on);
	if (rc == 0)
		option_take_switch(p, row->id, on);
	return rc;
}

/* Which file decided something that a result stands on: one sentence a file, shown by headless runs and kept in the
 * manifest. */
static void note_file(struct options *o, const struct config *conf, const struct config_entry *entry)
{
	struct settings *s = &o->settings;
	int most = (int)(sizeof s->defaults_taken / sizeof s->defaults_taken[0]);
	size_t cap = sizeof s->defaults_taken[0];
	char begin[80];
	snprintf(begin, sizeof begin, "%.60s sets ", conf->path[entry->file]);
	for (int i = 0; i < s->n_defaults; i++) {
		size_t len = strlen(s->defaults_taken[i]);
		if (strncmp(s->defaults_taken[i], begin, strlen(begin)) != 0)
			continue;
		snprintf(s->defaults_taken[i] + len, cap - len, ", %s", entry->name);
		return;
	}
	if (s->n_defaults < most)
		snprintf(s->defaults_taken[s->n_defaults++], cap, "%s%s", begin, entry->name);
}

int options_take_config(
        struct parse *p, const struct config *conf, bool demo, settings_getenv get, void *ctx, struct err *e)
{
	static struct options scratch; /* large; a value that is outweighed is checked all the same */
	struct options *o = p->o;
	struct err *arguments_error = p->e;
	char where[320];
	int rc = conf->error.code;
	if (rc)
		return err_set(e, rc, "%s", conf->error.text);
	p->in_file = true;
	p->e = e;
	for (int i = 0; i < conf->n_entries && rc == 0; i++) {
		const struct config_entry *entry = &conf->entries[i];
		if (strncmp(entry->name, CONFIG_KEY, strlen(CONFIG_KEY)) == 0)
			continue;
		config_where(conf, entry, where, sizeof where);
		int found = find_row(entry->name);
		if (found < 0) {
			rc = unknown_name(entry, where, e);
			break;
		}
		const char *set = rows[found].variable ? get(ctx, rows[found].variable) : NULL;
		bool taken = !(set && set[0]) && (!demo || rows[found].demo);
		scratch = *o;
		p->o = taken ? o : &scratch;
		rc = take_value(p, &rows[found], entry->value);
		if (rc)
			rc = err_prefix(e, "%s", where);
		else if (taken && !rows[found].demo)
			note_file(o, conf, entry);
		explicit_bzero(&scratch, sizeof scratch);
	}
	p->o = o;
	p->e = arguments_error;
	p->in_file = false;
	return rc;
}

static void add_row(struct buf *b, const struct config_row *row)
{
	const struct option_row *option = &option_rows[row->id];
	buf_printf(b, "\n# %s\n# %s: %s", option->help, row->is_default ? "May be" : "Not set by default; may be",
	        row->values);
	if (row->id == OPT_THEME) {
		for (int i = 0; theme_name(i); i++)
			buf_printf(b, "%s %s", i ? "," : "", theme_name(i));
		buf_adds(b, "; or a file with its path");
	}
	if (row->variable)
		buf_printf(b, "; %s of the environment goes before", row->variable);
	buf_printf(b, "\n#%s = %s\n", option->name, row->value);
}

int options_default_config(struct buf *b)
{
	buf_adds(b,
	        "# benchtop.conf: settings of benchtop, read from the directory in which it starts; those that hold\n"
	        "# everywhere go to ~/.config/benchtop/config. Arguments go before the environment, the environment\n"
	        "# before ./benchtop.conf, and that before ~/.config/benchtop/config.\n"
	        "#\n"
	        "# As it is this file changes nothing: take the # away from the line to be changed. A comment has a\n"
	        "# line of its own. HF_TOKEN and OPENAI_API_KEY come from the environment, never from a file.\n");
	for (size_t i = 0; i < ROWS; i++)
		add_row(b, &rows[i]);
	keys_default_config(b);
	return b->failed ? ERR_LIMIT : 0;
}
