#include "servers.h"
#include "../../engine/base/text.h"
#include "states.h"
#include "steps.h"
#include <math.h>

/* A start against the last one: step, time in it, time left, a build. */
void server_start_steps(struct stage *s)
{
	step_server_is(s, SERVER_STARTING, "");
	step_gpu_is(s, 3, 1240);
	step_log_open(s);
	struct event ev = step_event_of(s, EV_server_seen);
	struct ev_server_seen *e = &ev.u.server_seen;
	*e = s->board.server;
	text_copy(e->text, sizeof e->text, "loading weights 40/82; building module_moe_sorting (3 built)");
	e->progress = 0.437;
	e->step_s = 61;
	e->step_last_s = 138;
	e->eta_s = 190;
	step_apply(s, &ev);
}

void server_start_log(struct stage *s)
{
	server_start_steps(s);
	s->view.screen = SCREEN_LOG;
}

/* A card that does not answer, two at their cap, one too hot; speculation, a full pool, cached tokens. */
void server_figures(struct stage *s)
{
	scene_load_running(s);
	struct ev_gpu_seen *g = &s->board.gpu;
	g->power_w = NAN;
	g->power_part_w = 7087;
	g->power_cards = 7;
	g->stuck = 1;
	g->throttled = 3;
	g->hot = 1;
	struct ev_server_load *l = &s->board.server_load;
	l->accept_len = 2.31;
	l->cached = 1228;
	l->retracted = 3;
}
