/* The server: ready, the right model, where its log goes, what could start it again. */
#include "../base/clock.h"
#include "../base/text.h"
#include "../plan/launch.h"
#include "../server/control.h"
#include "../server/watcher.h"
#include "doctor_int.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 3500 /* each request; /health takes a second when all is well */

/* ", sglang 0.5.5, TP 8, prefill 196608, radix off, up 2h04m" */
static void facts(const struct ev_server_seen *seen, const struct instance *i, char *out, size_t cap)
{
	char up[16];
	size_t at = (size_t)snprintf(out, cap, "%s", "");

	if (seen->version[0])
		at += (size_t)snprintf(out + at, cap - at, ", version %s", seen->version);
	if (seen->tp > 0 && at < cap)
		at += (size_t)snprintf(out + at, cap - at, ", TP %lld", (long long)seen->tp);
	if (seen->prefill > 0 && at < cap)
		at += (size_t)snprintf(out + at, cap - at, ", prefill %lld", (long long)seen->prefill);
	if (seen->radix_off >= 0 && at < cap)
		at += (size_t)snprintf(out + at, cap - at, ", radix cache %s", seen->radix_off ? "off" : "on");
	if (i->state == INSTANCE_LISTENING && at < cap)
		at += (size_t)snprintf(out + at, cap - at, ", pid %ld", (long)i->process.pid);
	if (i->state == INSTANCE_LISTENING && i->begun_wall_ns > 0 && at < cap)
		snprintf(out + at, cap - at, ", up %s",
		        clock_duration((double)(clock_wall_ns() - i->begun_wall_ns) / 1e9, up));
}

static void say_state(const struct doctor_scene *s, struct doctor_report *r, const struct ev_server_seen *seen,
        const struct instance *i)
{
	const char *url = s->settings.base_url;
	char words[480];

	instance_words(i, url, words, sizeof words);
	if (seen->phase == SERVER_READY) {
		facts(seen, i, words, sizeof words);
		doctor_say(r, "server", DOCTOR_OK, "ready at %s%s", url, words);
	} else if (i->state == INSTANCE_STARTING || seen->phase == SERVER_STARTING) {
		doctor_say(r, "server", DOCTOR_PROBLEM,
		        "not ready yet at %s: %s. `benchtop server status` tells how far it is; --wait-server 30m waits for it",
		        url, i->state == INSTANCE_STARTING ? words : seen->text);
	} else if (seen->phase == SERVER_ABSENT && (i->state == INSTANCE_NONE || i->state == INSTANCE_REMOTE)) {
		doctor_say(r, "server", DOCTOR_PROBLEM,
		        "no server: %s. Start it (benchtop server start), or set PORT or --base-url", seen->text);
	} else {
		doctor_say(r, "server", DOCTOR_PROBLEM,
		        "no server that can be measured at %s: %s; %s. Look at its log, or set PORT or --base-url", url,
		        seen->text, words);
	}
	if (seen->radix_off == 0)
		doctor_say(r, "server", DOCTOR_NOTE,
		        "the radix cache is on: prompts that it has seen are not computed again, and such a row is doubtful; the launch script starts with --disable-radix-cache");
}

static void say_model(const struct doctor_scene *s, struct doctor_report *r, const struct ev_server_seen *seen)
{
	const char *model = s->settings.model;

	if (!model[0]) {
		doctor_say(r, "model", DOCTOR_PROBLEM,
		        "MODEL is not set%s%s: source all_conc_var.sh or export MODEL=%s",
		        seen->model[0] ? ", the server serves " : "", seen->model,
		        seen->model[0] ? seen->model : s->track.model);
		return;
	}
	if (seen->model[0] && strcmp(seen->model, model) != 0)
		doctor_say(r, "model", DOCTOR_PROBLEM,
		        "the server serves %s, but MODEL is %s: export MODEL=%s, or start the server with the other one",
		        seen->model, model, seen->model);
	else if (strcmp(model, s->track.model) != 0)
		doctor_say(r, "model", DOCTOR_NOTE,
		        "%s is not the track's model, %s: it is measured, and posted only after a typed yes", model,
		        s->track.model);
	else
		doctor_say(r, "model", DOCTOR_OK, "%s%s", model, seen->model[0] ? ", and the server serves it" : "");
}

static void say_log(const struct doctor_scene *s, struct doctor_report *r, const struct instance *i)
{
	const char *given = s->settings.server_log;

	if (given[0]) {
		if (access(given, R_OK) == 0)
			doctor_say(r, "log", DOCTOR_OK, "%s", given);
		else
			doctor_say(r, "log", DOCTOR_PROBLEM,
			        "the log %s cannot be read: leave --log out, or name another file", given);
	} else if (i->state == INSTANCE_LISTENING || i->state == INSTANCE_STARTING) {
		bool file = i->log.kind == LOG_FILE && access(i->log.path, R_OK) == 0;
		if (file)
			doctor_say(r, "log", DOCTOR_OK, "%s", i->log.path);
		else
			doctor_say(r, "log", DOCTOR_NOTE,
			        "the server's log cannot be read, so JIT builds and foreign load in a timed run stay unseen: %s",
			        i->log.words[0] ? i->log.words
			                        : "it is not known where it goes; name it by --log FILE");
	} else if (i->state != INSTANCE_NONE) {
		doctor_say(r, "log", DOCTOR_NOTE,
		        "the server's log is not seen from here, so JIT builds and foreign load in a timed run stay unseen: name it by --log FILE");
	}
}

/* Every CONC of the pairs, whatever was picked. */
static bool plan_all(const struct doctor_scene *s, struct plan *plan)
{
	struct settings all = s->settings;

	all.batch = true;
	all.n_picks = 0;
	return !s->settings_wrong[0] && plan_make(plan, &all, &s->track, NULL) == 0;
}

static void say_launch(const struct doctor_scene *s, struct doctor_report *r, const struct ev_server_seen *seen)
{
	static const char *const note =
	        "%d of %d rows of the pair are meant for another launch than the server's (prefill size %lld): CONC %d wants %d; --restart-server restarts it where a row needs it";
	struct settings set = s->settings;
	struct control c = {.settings = &set, .track = &s->track};
	struct launch_needs needs;
	struct plan plan;
	struct err e = {0};

	if (set.demo)
		return;
	if (!set.model[0]) /* said already */
		text_set(set.model, sizeof set.model, s->track.model);
	if (control_can_start(&c, &e) == 0)
		doctor_say(r, "launch", DOCTOR_OK, "%s is there",
		        set.server_script[0]        ? set.server_script
		        : s->track.launch_script[0] ? s->track.launch_script
		                                    : CONTROL_SCRIPT);
	else
		doctor_say(r, "launch", DOCTOR_NOTE, "benchtop cannot start the server: %s", e.text);
	if (seen->prefill <= 0 || !plan_all(s, &plan))
		return;
	launch_needs(&plan, &s->track, launch_shape_of_server(&s->track, seen->prefill), &needs);
	if (needs.other <= 0)
		return;
	const struct plan_cell *row = &plan.cells[needs.first];
	doctor_say(r, "launch", DOCTOR_NOTE, note, needs.other, plan.n_cells, (long long)seen->prefill, row->conc,
	        launch_prefill(&s->track, launch_shape(&s->track, row->isl, row->osl, row->conc)));
}

void doctor_server(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	const char *url = s->settings.base_url;
	struct ev_server_seen seen;
	struct instance i;
	(void)which;

	server_look(url, s->secrets.openai_key, LOOK_MS, s->cancel, &seen);
	instance_find(s->proc, url, &i);
	if (doctor_late(s)) {
		doctor_say(r, "server", DOCTOR_PROBLEM,
		        "%s takes connections, but gives no answer: is it busy with another load, or stuck? Look at its log",
		        url);
		return;
	}
	say_state(s, r, &seen, &i);
	say_model(s, r, &seen);
	if (seen.phase == SERVER_READY && seen.tp > 0 && seen.tp != s->settings.tp && !s->settings.demo)
		doctor_say(r, "server", DOCTOR_NOTE,
		        "it runs with TP %lld, the environment says TP %d: source the variables that it was started with",
		        (long long)seen.tp, s->settings.tp);
	say_log(s, r, &i);
	say_launch(s, r, &seen);
}
