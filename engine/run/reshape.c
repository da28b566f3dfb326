#include "reshape.h"

#include "../base/text.h"
#include "../plan/launch.h"
#include "../server/instance.h"
#include "observe.h"
#include "serve.h"
#include <stdio.h>
#include <string.h>

#define LOOK_MS     4000
#define LAUNCH_NONE (-2) /* no server: every row needs a start */

static int shape_of(const struct pipeline *p, const struct plan_cell *c)
{
	return launch_shape(p->track, c->isl, c->osl, c->conc);
}

static int shape_running(const struct pipeline *p)
{
	return p->launch_known ? p->launch_shape : launch_shape_of_server(p->track, p->server.prefill);
}

void reshape_started(struct pipeline *p, const struct plan_cell *row)
{
	p->launch_known = row != NULL;
	p->launch_shape = row ? shape_of(p, row) : LAUNCH_USUAL;
}

static struct control control_of(const struct pipeline *p, const struct plan_cell *row)
{
	return (struct control){.settings = &p->settings,
	        .plan = &p->plan,
	        .row = row,
	        .track = p->track,
	        .bearer = p->secrets->openai_key,
	        .cancel = p->cancel,
	        .say = serve_say,
	        .ctx = p->scribe,
	        .watcher = p->watcher};
}

int reshape_check(const struct pipeline *p, struct err *e)
{
	struct control c = control_of(p, NULL);
	struct launch_needs needs;

	launch_needs(&p->plan, p->track, shape_running(p), &needs);
	if (!p->settings.restart_shapes || needs.restarts == 0 || p->settings.mode == MODE_ACC)
		return 0;
	return control_can_start(&c, e);
}

/* "8192/1024 at CONC 64 is meant for a prefill size of 32768" */
static char *meant_words(const struct pipeline *p, const struct plan_cell *c, char *out, size_t cap)
{
	int size = launch_prefill(p->track, shape_of(p, c));

	if (size > 0)
		snprintf(out, cap, "%d/%d at CONC %d is meant for a prefill size of %d", c->isl, c->osl, c->conc, size);
	else
		snprintf(out, cap, "%d/%d at CONC %d is meant for another launch", c->isl, c->osl, c->conc);
	return out;
}

bool reshape_differs(const struct pipeline *p, const struct plan_cell *c, char *text, size_t cap)
{
	char words[120];
	int meant = launch_prefill(p->track, shape_of(p, c));

	if (meant <= 0 || p->server.prefill <= 0 || p->server.prefill == meant)
		return false;
	snprintf(text, cap, "%s, the server runs with %lld", meant_words(p, c, words, sizeof words),
	        (long long)p->server.prefill);
	return true;
}

/* Which server answers now; its accuracy, code and log are those of another one than before. */
static void take_new(struct pipeline *p, const struct plan_cell *c)
{
	struct event ev;
	char text[240];

	event_init(&ev, EV_server_seen);
	server_look(p->settings.base_url, p->secrets->openai_key, LOOK_MS, p->cancel, &ev.u.server_seen);
	observe_anew(p, &ev, "the server was restarted; accuracy of before does not count any more");
	reshape_started(p, c);
	if (reshape_differs(p, c, text, sizeof text))
		pipeline_notice(p, SEV_WARN, "the launch script did not change it: %s", text);
}

bool reshape_due(const struct pipeline *p, const struct plan_cell *c)
{
	const struct settings *s = &p->settings;

	return s->restart_shapes && s->mode != MODE_ACC && shape_of(p, c) != shape_running(p);
}

/* After a restart that failed: rows of the same shape have no server to wait for when the start died, else they wait for it as
 * after any death; rows of another shape get another start. When the order to stop came before the start any row gets one. */
static void remember_failure(struct pipeline *p, const struct plan_cell *c, int rc, const char *why)
{
	struct instance now;

	observe_gone(p, why);
	instance_find(NULL, p->settings.base_url, &now);
	reshape_started(p, c);
	if (now.state != INSTANCE_NONE)
		return;
	if (rc == ERR_CANCELLED)
		p->launch_shape = LAUNCH_NONE;
	else
		p->gone_ns = 0; /* waited for in vain */
}

int reshape_row(struct pipeline *p, const struct plan_cell *c, struct err *e)
{
	const struct settings *s = &p->settings;
	struct control control = control_of(p, c);
	char words[120];

	if (!reshape_due(p, c))
		return 0;
	pipeline_phase(p, p->cell, PHASE_SERVER_WAIT);
	pipeline_notice(p, SEV_INFO, "the server is restarted: %s", meant_words(p, c, words, sizeof words));
	int rc = control_restart(&control, s->wait_server_ms > 0 ? s->wait_server_ms : -1, e);
	if (rc == 0) {
		take_new(p, c);
	} else if (rc == ERR_USAGE && p->gone[0]) { /* not ours to start either */
		rc = observe_back(p) ? 0 : rc;
	} else if (rc == ERR_USAGE) { /* nothing was touched: it is not ours to stop */
		pipeline_notice(
		        p, SEV_WARN, "the server is not restarted, CONC %d runs on it as it is: %s", c->conc, e->text);
		rc = 0;
	} else {
		remember_failure(p, c, rc, e->text);
	}
	return rc;
}
