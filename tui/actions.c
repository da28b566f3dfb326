#include "actions.h"
#include "../engine/base/text.h"
#include <string.h>

static const struct action table[] = {
#define ACTION(name, key, screens, modal, rank, words, help) {#name, key, screens, modal, rank, words, help},
#include "actions.def"
#undef ACTION
};

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
