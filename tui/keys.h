/* Keys from the configuration: `key.ACTION = KEY [KEY ...]`, the actions by their names in actions.def. */
#ifndef BENCHTOP_KEYS_H
#define BENCHTOP_KEYS_H
#include "actions.h"
#include "config.h"

/* Remaps what the files say; a later file outweighs an earlier one. ERR_USAGE names file, line, action, key and remedy,
 * two actions on one key in the same place among them. Called once, before any thread exists. */
int keys_apply(const struct config *c, struct err *e);
/* The part of --default-config: every action with its keys, by place. */
void keys_default_config(struct buf *b);
/* Where an action works, in words ("on the dashboard", "in the run sheet"), into out. */
char *keys_place(const struct action *a, char *out, size_t cap);

#endif
