#include "actions.h"
#include "../engine/base/text.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The live table: .key points to the key of the definition, or into remapped. */
static struct action table[] = {
#define ACTION(name, key, screens, modal, rank, words, help) {#name, key, screens, modal, rank, words, help},
#include "actions.def"
#undef ACTION
};

static const char *const defined[] = {
#define ACTION(name, key, screens, modal, rank, words, help) key,
#include "actions.def"
#undef ACTION
};

static char remapped[ACTION_count][ACTION_KEYS];

const struct action *action_at(int i)
{
	return i >= 0 && i < ACTION_count ? &table[i] : NULL;
}

bool action_works(const struct action *a, enum screen_id screen, enum modal_id modal)
{
	static const char letters[] = "?DLRCB";
	if (a->modal != modal)
		return false;
	if (modal != MODAL_NONE || a->screens[0] == '*')
		return true;
	return screen >= SCREEN_DASHBOARD && screen <= SCREEN_BOARD && strchr(a->screens, letters[screen]) != NULL;
}

static bool key_among(const char *keys, const char *key)
{
	size_t len = strlen(key);
	for (const char *p = keys; *p;) {
		size_t n = strcspn(p, " ");
		if (n == len && memcmp(p, key, n) == 0)
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

enum action_id action_for_key(const char *key, enum screen_id screen, enum modal_id modal)
{
	if (!key || !*key)
		return ACTION_NONE;
	for (int i = 0; i < ACTION_count; i++) {
		if (action_works(&table[i], screen, modal) && key_among(table[i].key, key))
			return (enum action_id)i;
	}
	return modal == MODAL_NOTICE ? ACTION_NOTICE_CLOSE : ACTION_NONE;
}

char *action_key(const struct action *a, char out[16])
{
	size_t n = strcspn(a->key, " ");
	if (n > 15)
		n = 15;
	memcpy(out, a->key, n);
	out[n] = '\0';
	return out;
}

const char *action_default_keys(int i)
{
	return i >= 0 && i < ACTION_count ? defined[i] : "";
}

void action_reset(void)
{
	for (int i = 0; i < ACTION_count; i++)
		table[i].key = defined[i];
}

enum action_id action_find(const char *name)
{
	for (int i = 0; i < ACTION_count; i++)
		if (strcasecmp(table[i].name, name) == 0)
			return (enum action_id)i;
	return ACTION_NONE;
}

bool action_takes_text(enum modal_id modal)
{
	return modal == MODAL_EDIT;
}

/* Keys that the terminal has a name for. */
static const char *named_key(const char *key)
{
	static const char *const names[] = {"Enter", "Space", "Tab", "BackTab", "Up", "Down", "Left", "Right", "PgUp",
	        "PgDn", "Home", "End", "Backspace", "Delete", "Esc"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(names[i], key) == 0)
			return names[i];
	return NULL;
}

/* Why a control key cannot be had; NULL when it can. */
static const char *control_trouble(char letter)
{
	switch (letter) {
	case 'A':
	case 'B':
		return "belongs to screen or tmux: give it another";
	case 'P':
		return "leaves a container (docker's detach key): give it another";
	case 'S':
	case 'Q':
		return "stops and starts the terminal's output: give it another";
	case 'H':
		return "is what terminals send for Backspace: write Backspace";
	case 'I':
		return "is what terminals send for Tab: write Tab";
	case 'J':
	case 'M':
		return "is what terminals send for Enter: write Enter";
	default:
		return letter >= 'A' && letter <= 'Z' ? NULL : "is no key: write Ctrl- and a letter";
	}
}

/* The key as the terminal names it, into out; or why not, as the end of a sentence. */
static const char *canonical_key(const char *key, char out[16])
{
	uint32_t cp;
	size_t len = strlen(key);
	const char *named = named_key(key);
	if (named) {
		text_set(out, 16, named);
		return NULL;
	}
	if (strncasecmp(key, "Ctrl-", 5) == 0 && len == 6) {
		char letter = key[5] >= 'a' && key[5] <= 'z' ? (char)(key[5] - 'a' + 'A') : key[5];
		snprintf(out, 16, "Ctrl-%c", letter);
		return control_trouble(letter);
	}
	if (strncasecmp(key, "Alt-", 4) == 0 || strncasecmp(key, "Meta-", 5) == 0 || strncmp(key, "M-", 2) == 0)
		return "is no key to rely on, terminals send Alt in different ways: give it another";
	if ((key[0] == 'F' || key[0] == 'f') && len >= 2 && strspn(key + 1, "0123456789") == len - 1)
		return "is no key to rely on, terminals and multiplexers keep the function keys for themselves: give it another";
	if (utf8_decode(key, len, &cp) == len && cp != 0xFFFD && text_cp_width(cp) > 0 && text_set(out, 16, key))
		return NULL;
	return "is no key: write one character, a name like Enter, Space, Tab, Up, PgDn, Home, Delete, or Ctrl-L";
}

/* A remapping under way. */
struct remap {
	const struct action *a;
	char keys[ACTION_KEYS];
	int n;
	bool only_esc, has_interrupt;
};

static int refuse(const struct remap *m, const char *key, const char *why, struct err *e)
{
	char clean[24];
	text_copy(clean, sizeof clean, key);
	return err_set(e, ERR_USAGE, "%s on \"%s\": %s %s", m->a->name, clean, clean, why);
}

static int add_key(struct remap *m, const char *word, struct err *e)
{
	char key[16] = "";
	uint32_t cp;
	const char *trouble = canonical_key(word, key);
	if (trouble)
		return refuse(m, word, trouble, e);
	if (action_takes_text(m->a->modal) && utf8_decode(key, strlen(key), &cp) == strlen(key))
		return refuse(m, key, "is text in that form: give it a named key, like Enter or Ctrl-U", e);
	if (action_takes_text(m->a->modal) && strcmp(key, "Space") == 0)
		return refuse(m, key, "is text in that form: give it a named key, like Enter or Ctrl-U", e);
	if (key_among(m->keys, key))
		return 0;
	size_t len = strlen(m->keys), more = strlen(key) + (m->n > 0);
	if (len + more >= sizeof m->keys)
		return refuse(m, key, "is one too many: give fewer keys", e);
	snprintf(m->keys + len, sizeof m->keys - len, "%s%s", m->n > 0 ? " " : "", key);
	m->only_esc = m->only_esc && strcmp(key, "Esc") == 0;
	m->has_interrupt = m->has_interrupt || strcmp(key, "Ctrl-C") == 0;
	m->n++;
	return 0;
}

static int unknown_action(const char *name, struct err *e)
{
	char clean[40];
	text_copy(clean, sizeof clean, name);
	return err_set(e, ERR_USAGE, "there is no action %s: benchtop --default-config lists them", clean);
}

int action_remap(const char *action, const char *keys, struct err *e)
{
	enum action_id id = action_find(action);
	if (id == ACTION_NONE)
		return unknown_action(action, e);
	struct remap m = {.a = &table[id], .only_esc = true};
	for (const char *p = keys + strspn(keys, " \t"); *p; p += strspn(p, " \t")) {
		char word[24];
		size_t n = strcspn(p, " \t");
		snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), p);
		int rc = add_key(&m, word, e);
		if (rc)
			return rc;
		p += n;
	}
	if (m.n == 0)
		return err_set(e, ERR_USAGE, "%s has no key: give it one, like %s", m.a->name, defined[id]);
	if (m.only_esc)
		return err_set(e, ERR_USAGE,
		        "%s on Esc alone: a terminal needs time to tell Esc from other keys, give it one more, like %s",
		        m.a->name, defined[id]);
	if (id == ACTION_INTERRUPT && !m.has_interrupt)
		return err_set(e, ERR_USAGE, "%s on \"%s\": Ctrl-C must stay among its keys", m.a->name, m.keys);
	text_set(remapped[id], sizeof remapped[id], m.keys);
	table[id].key = remapped[id];
	return 0;
}

/* Whether the two can meet on one screen with one modal open. */
static bool same_place(const struct action *a, const struct action *b)
{
	if (a->modal != b->modal)
		return false;
	for (int s = SCREEN_DASHBOARD; s <= SCREEN_BOARD; s++)
		if (action_works(a, (enum screen_id)s, a->modal) && action_works(b, (enum screen_id)s, b->modal))
			return true;
	return false;
}

/* The first key of both; false when there is none. */
static bool common_key(const char *a, const char *b, char key[16])
{
	for (const char *p = a; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		snprintf(key, 16, "%.*s", (int)(n < 15 ? n : 15), p);
		if (key_among(b, key))
			return true;
		p += n;
	}
	return false;
}

bool action_conflict(enum action_id *a, enum action_id *b, char key[16])
{
	for (int i = 0; i < ACTION_count; i++)
		for (int j = 0; j < ACTION_count; j++) {
			bool moved = table[i].key != defined[i];
			bool both = table[j].key != defined[j];
			if (!moved || i == j || (both && j < i) || !same_place(&table[i], &table[j]) ||
			        !common_key(table[i].key, table[j].key, key))
				continue;
			if (key_among(defined[i], key) && key_among(defined[j], key))
				continue; /* shared by definition */
			*a = (enum action_id)i;
			*b = (enum action_id)j;
			return true;
		}
	return false;
}
