#include "keys.h"
#include "../engine/base/text.h"
#include <stdio.h>
#include <string.h>

char *keys_place(const struct action *a, char *out, size_t cap)
{
	static const struct {
		enum modal_id modal;
		const char *words;
	} modals[] = {{MODAL_SHEET, "in the run sheet"}, {MODAL_HELP, "in the list of keys"},
	        {MODAL_QUIT, "in the question before leaving"}, {MODAL_EDIT, "in a line of text"},
	        {MODAL_PAIRS, "in the list of pairs"}, {MODAL_THEME, "in the list of themes"},
	        {MODAL_SERVER, "in the choice for the server"}, {MODAL_NOTICE, "in a notice"}};
	static const struct {
		char letter;
		const char *words;
	} screens[] = {
	        {'D', "the dashboard"}, {'L', "the log"}, {'R', "the results"}, {'C', "the curve"}, {'B', "the board"}};
	for (size_t i = 0; i < sizeof modals / sizeof modals[0]; i++)
		if (a->modal == modals[i].modal) {
			text_set(out, cap, modals[i].words);
			return out;
		}
	if (a->modal != MODAL_NONE || a->screens[0] == '*') {
		text_set(out, cap, a->modal == MODAL_NONE ? "everywhere" : "in other forms");
		return out;
	}
	size_t at = 0;
	text_set(out, cap, "on");
	for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++)
		if (strchr(a->screens, screens[i].letter)) {
			size_t len = strlen(out);
			snprintf(out + len, cap - len, "%s %s", at++ ? " and" : "", screens[i].words);
		}
	return out;
}

static bool is_key(const struct config_entry *entry)
{
	return strncmp(entry->name, CONFIG_KEY, strlen(CONFIG_KEY)) == 0;
}

/* The entry that decides an action's keys: the last one. NULL when none does. */
static const struct config_entry *entry_of(const struct config *c, enum action_id id)
{
	for (int i = c->n_entries - 1; i >= 0; i--)
		if (is_key(&c->entries[i]) && action_find(c->entries[i].name + strlen(CONFIG_KEY)) == id)
			return &c->entries[i];
	return NULL;
}

static int refuse_conflict(const struct config *c, enum action_id a, enum action_id b, const char *key, struct err *e)
{
	char where[320], place[80], value[64];
	const struct config_entry *entry = entry_of(c, a);
	if (!entry)
		return err_set(e, ERR_USAGE, "%s and %s are both on the key %s: give one of them another",
		        action_at(a)->name, action_at(b)->name, key);
	text_copy(value, sizeof value, entry->value);
	return err_set(e, ERR_USAGE, "%s: key.%s = %s: %s is the key of %s %s already: give one of them another",
	        config_where(c, entry, where, sizeof where), action_at(a)->name, value, key, action_at(b)->name,
	        keys_place(action_at(b), place, sizeof place));
}

int keys_apply(const struct config *c, struct err *e)
{
	enum action_id a, b;
	char where[320], key[16];
	action_reset();
	for (int i = 0; i < c->n_entries; i++) {
		const struct config_entry *entry = &c->entries[i];
		if (!is_key(entry))
			continue;
		int rc = action_remap(entry->name + strlen(CONFIG_KEY), entry->value, e);
		if (rc)
			return err_prefix(e, "%s", config_where(c, entry, where, sizeof where));
	}
	if (action_conflict(&a, &b, key))
		return refuse_conflict(c, a, b, key, e);
	return 0;
}

void keys_default_config(struct buf *b)
{
	char place[80], before[80] = "";
	buf_adds(b,
	        "\n# Keys: one or more, the first is the one shown. One character, or Enter Space Tab BackTab Up Down\n"
	        "# Left Right PgUp PgDn Home End Backspace Delete Esc, or Ctrl- and a letter (not A B P S Q, nor H I\n"
	        "# J M). Two actions of one place cannot share a key.\n");
	for (int i = 0; i < ACTION_count; i++) {
		const struct action *a = action_at(i);
		keys_place(a, place, sizeof place);
		if (strcmp(place, before) != 0)
			buf_printf(b, "\n# -- %s --\n", place);
		text_set(before, sizeof before, place);
		buf_printf(b, "# %s\n#" CONFIG_KEY "%s = %s\n", a->help, a->name, action_default_keys(i));
	}
}
