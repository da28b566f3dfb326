/* States of a run for the tests of the screens: boards made by folding literal events, views as a user would have them.
 *
 * A stage is large: callers keep it static or on the heap, and close it after each scene.
 */
#ifndef BENCHTOP_SCENES_H
#define BENCHTOP_SCENES_H
#include "../../tui/screen/view.h"

struct stage {
	struct board board;
	struct view view;
	struct track track;
	struct tail *log; /* owned; view.log points to it when the scene shows a log */
	uint64_t seq;
	int64_t now_ns; /* since the start of the scene's clock */
};

int scene_count(void);
const char *scene_name(int i);
/* 0, or -1 when the built-in track or a temporary file cannot be had. TZ should be UTC. */
int scene_open(struct stage *s, int i);
void scene_close(struct stage *s);

#endif
