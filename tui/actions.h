/* The actions of actions.def as a table: what a key does where, for dispatch, footer, help and manual page.
 *
 * The keys can be changed (keys.c, from the configuration) as long as there is one thread; from then on the table is
 * constant. Everything that names a key to the user asks action_key, never the letter itself.
 */
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

#define ACTION_KEYS 64 /* bytes of an action's keys, with NUL */

/* Gives the action ("SHEET") other keys, separated by blanks, in place of its own. ERR_USAGE in words when there is no such
 * action or a key is not to be had: it cannot be typed everywhere, or belongs to the terminal or a multiplexer. Whether
 * two actions want one key is asked when all are set: action_conflict. Before any other thread exists. */
int action_remap(const char *action, const char *keys, struct err *e);
/* Two actions that answer the same key in the same place, one of them remapped: true, with the two and the key. */
bool action_conflict(enum action_id *a, enum action_id *b, char key[16]);
/* By name, whatever the case; ACTION_NONE. */
enum action_id action_find(const char *name);
/* The keys of actions.def, whatever was remapped. */
const char *action_default_keys(int i);
void action_reset(void); /* all of them back */
/* Whether letters are text while this modal is open: no action of it may have one as its key. */
bool action_takes_text(enum modal_id modal);

#endif
