/* More states of a run for the tests of the screens; scenes.c lists them by name. */
#ifndef BENCHTOP_STATES_H
#define BENCHTOP_STATES_H
#include "scenes.h"

/* What several scenes begin with: a ready server with its log, one row passed, the second in its load. */
void scene_load_running(struct stage *s);
void scene_settle(struct stage *s, enum run_mode mode); /* mode, a team, the plan anew */

void state_readme(struct stage *s);
void state_armed(struct stage *s);
void state_corpus(struct stage *s);
void state_warmup(struct stage *s);
void state_load_early(struct stage *s);
void state_saving(struct stage *s);
void state_pause(struct stage *s);
void state_passed(struct stage *s);
void state_skipped(struct stage *s);
void state_stopping_now(struct stage *s);
void state_post_kinds(struct stage *s);
void state_posts_wait(struct stage *s);
void state_code_changed(struct stage *s);
void state_following(struct stage *s);
void state_large(struct stage *s);
void state_no_rate(struct stage *s);
void state_sheet_doubts(struct stage *s);
void state_sheet_long(struct stage *s);
void state_edit_prompts(struct stage *s);
void state_edit_server(struct stage *s);
void state_help_sheet(struct stage *s);
void state_help_log(struct stage *s);
/* pinned.c */
void state_pinned(struct stage *s);
void state_pinned_posts(struct stage *s);

#endif
