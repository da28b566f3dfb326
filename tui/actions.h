/* The actions of actions.def as a table: what a key does where, for dispatch, footer and help. Constant data. */
#ifndef BENCHTOP_ACTIONS_H
#define BENCHTOP_ACTIONS_H
#include "screen/view.h"

enum action_id {
	ACTION_NONE = -1,
#define ACTION(name, key, screens, modal, rank, words, help) ACTION_##name,
#include "actions.def"
#undef ACTION
	ACTION_count
};

struct action {
	const char *name;    /* "SHEET" */
	const char *key;     /* alternatives separated by blanks; the first is the one shown */
	const char *screens; /* letters, or "*" */
	enum modal_id modal;
	int rank; /* place in the footer, 0 none */
	const char *words, *help;
};

const struct action *action_at(int i); /* NULL outside 0..ACTION_count-1 */
/* The action of a key ("x", "Enter", "Ctrl-L", …); ACTION_NONE when it has none. Any key closes MODAL_NOTICE. */
enum action_id action_for_key(const char *key, enum screen_id screen, enum modal_id modal);
/* Whether the action can be had on this screen with this modal open. */
bool action_works(const struct action *a, enum screen_id screen, enum modal_id modal);
/* The key that is shown, without its alternatives. Returns out. */
char *action_key(const struct action *a, char out[16]);

#endif
