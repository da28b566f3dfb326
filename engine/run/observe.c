#include "observe.h"
#include "../base/clock.h"
#include "../base/text.h"
#include "../server/instance.h"
#include "reshape.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HELD_SHARE 0.05 /* of the seconds: less is a spike */
#define HELD_LEAST 3
#define BACK_MS    60000 /* for a server that died, to be ready again */
#define LOOK_MS    4000

void observe_log(struct pipeline *p, char *out, size_t cap)
{
	struct instance in;
	out[0] = '\0';
	if (p->settings.server_log[0]) {
		text_set(out, cap, p->settings.server_log);
		return;
	}
	instance_find(NULL, p->settings.base_url, &in);
	if (in.state == INSTANCE_LISTENING && in.log.kind == LOG_FILE)
		text_set(out, cap, in.log.path);
}

void observe_begin(struct observe *o, struct pipeline *p, const struct plan_cell *c)
{
	char path[512];
	memset(o, 0, sizeof *o);
	o->p = p;
	p->observe = o;
	o->cell = c;
	timeline_open(&o->timeline);
	observe_log(p, path, sizeof path);
	o->log = logspan_begin(path, o->why, sizeof o->why);
}

static void held_add(struct held *h, double cards)
{
	if (!(cards > 0))
		return;
	h->samples++;
	if (cards > h->max)
		h->max = (int)cards;
}

static void watch_gpus(struct observe *o)
{
	const struct ev_gpu_seen *g = &o->gpu;
	if (!o->have_gpu || isnan(g->throttled))
		return;
	double capped = g->throttled - (g->hot > 0 ? g->hot : 0);
	o->samples++;
	held_add(&o->hot, g->hot);
	held_add(&o->capped, capped);
	held_add(&o->lowered, g->lowered);
	if (capped > 0)
		o->cap_clock += g->clock_mhz;
}

void observe_report(struct observe *o, const struct ev_load_progress *progress)
{
	struct ev_gpu_seen gpu;
	struct server_now now;
	if (progress->warmup)
		return;
	logspan_timed(o->log, clock_mono_ns() - (int64_t)(progress->elapsed_s * 1e9));
	if (!progress->sample)
		return;
	if (logspan_now(o->log, &now)) {
		o->server = now;
		o->have_server = true;
	}
	if (gpu_now(o->p->gpu, &gpu)) {
		o->gpu = gpu;
		o->have_gpu = true;
	}
	watch_gpus(o);
	timeline_add(&o->timeline, clock_wall_ns(), progress, o->have_server ? &o->server : NULL,
	        o->have_gpu ? &o->gpu : NULL);
}

const char *observe_verdict(struct observe *o)
{
	return logspan_fatal(o->log);
}

void observe_end(struct observe *o)
{
	bool had = o->log != NULL;
	o->p->observe = NULL;
	o->tallied = logspan_end(o->log, o->cell->conc, &o->tally);
	if (had && !o->tallied)
		text_set(o->why, sizeof o->why, "the server's log was cut short during the load");
	o->tallied = had;
	o->log = NULL;
}

bool observe_fatal(const struct observe *o, char *out, size_t cap)
{
	return o->tallied && tally_fatal(&o->tally, out, cap);
}

static bool held_long(const struct observe *o, const struct held *h)
{
	return h->samples >= HELD_LEAST && h->samples >= HELD_SHARE * o->samples;
}

/* Heat is a fault of the node: a doubt. The power cap is where hard-working cards run by design, every day and on every node
 * of the kind: it explains a clock and is a note, with the clock that they held, and with a cap that somebody lowered. */
static int held_flags(const struct observe *o, struct ev_flag_raised *f, int cap)
{
	int n = 0;
	if (held_long(o, &o->hot) && n < cap) {
		f[n] = (struct ev_flag_raised){.cell = -1, .flag = FLAG_THROTTLED, .doubt = true};
		snprintf(f[n].text, sizeof f->text,
		        "up to %d of %lld GPUs were at their critical temperature, in %d of %d seconds", o->hot.max,
		        (long long)o->gpu.cards, o->hot.samples, o->samples);
		n++;
	}
	if (held_long(o, &o->capped) && n < cap) {
		char clock[48] = "", lowered[80] = "";
		double mhz = o->cap_clock / o->capped.samples;
		if (!isnan(mhz))
			snprintf(clock, sizeof clock, ", at a mean clock of %.0f MHz", mhz);
		if (o->lowered.samples > 0)
			snprintf(lowered, sizeof lowered, "; %d have a cap below what the card allows", o->lowered.max);
		f[n] = (struct ev_flag_raised){.cell = -1, .flag = FLAG_POWER_CAP};
		snprintf(f[n].text, sizeof f->text,
		        "up to %d of %lld GPUs ran at their power cap, in %d of %d seconds%s%s", o->capped.max,
		        (long long)o->gpu.cards, o->capped.samples, o->samples, clock, lowered);
		n++;
	}
	return n;
}

int observe_flags(struct observe *o, const struct ev_load_measured *m, struct ev_flag_raised *out, int cap)
{
	int n = 0;
	if (o->tallied)
		n = tally_flags(&o->tally, m->duration_s, m->output_throughput, out, cap);
	n += held_flags(o, out + n, cap - n);
	if (o->p->code.n > 0 && n < cap) {
		char text[sizeof out->text];
		code_set_check(&o->p->code, o->p->cancel);
		if (code_changed_text(&o->p->code, text, sizeof text)) {
			out[n] = (struct ev_flag_raised){.cell = -1, .flag = FLAG_CODE_CHANGED, .doubt = true};
			text_copy(out[n++].text, sizeof out->text, text);
		}
	}
	if (o->why[0] && n < cap) {
		char text[400];
		out[n] = (struct ev_flag_raised){.cell = -1, .flag = FLAG_NO_LOG};
		snprintf(text, sizeof text, "%s: JIT builds, cached tokens and foreign load cannot be seen", o->why);
		text_copy(out[n++].text, sizeof out->text, text);
	}
	return n;
}

void observe_save(struct observe *o)
{
	struct err e = {0};
	if (!o->p)
		return; /* it never began */
	if (timeline_write(&o->timeline, &o->p->dir, o->cell, &e) < 0)
		pipeline_notice(o->p, SEV_WARN, "the timeline was not saved: %s", e.text);
}

void observe_close(struct observe *o)
{
	if (o->log)
		observe_end(o);
	if (o->p)
		o->p->observe = NULL;
	timeline_close(&o->timeline);
}

/* ---- the accuracy phase ---- */

void watch_log_begin(struct watch_log *w, struct pipeline *p)
{
	char path[512], why[240];
	observe_log(p, path, sizeof path);
	w->log = logspan_begin(path, why, sizeof why);
}

void watch_log_end(struct watch_log *w, struct pipeline *p, struct err *e)
{
	struct server_tally t;
	char words[sizeof p->gone];
	if (!w->log)
		return;
	logspan_end(w->log, 0, &t);
	w->log = NULL;
	if (!tally_fatal(&t, words, sizeof words))
		return;
	observe_gone(p, words);
	if (e)
		err_set(e, e->code, "the server failed: %s", words);
}

/* ---- a server that dies ---- */

void observe_gone(struct pipeline *p, const char *last_words)
{
	text_copy(p->gone, sizeof p->gone, last_words);
	p->gone_ns = clock_mono_ns();
}

void observe_anew(struct pipeline *p, struct event *seen, const char *words)
{
	p->gone[0] = '\0';
	p->have_accuracy = false; /* it was another server's */
	reshape_started(p, NULL);
	observe_log(p, seen->u.server_seen.log, sizeof seen->u.server_seen.log);
	p->server = seen->u.server_seen;
	pipeline_notice(p, SEV_WARN, "%s", words);
	pipeline_emit(p, seen);
	observe_code(p, NULL);
	observe_code_tell(p);
}

bool observe_back(struct pipeline *p)
{
	const struct settings *s = &p->settings;
	if (!p->gone[0])
		return true;
	int64_t patience = s->wait_server_ms > BACK_MS ? s->wait_server_ms : BACK_MS;
	int64_t end = p->gone_ns ? p->gone_ns + patience * CLOCK_NS_PER_MS : 0;
	if (end)
		pipeline_phase(p, p->cell, PHASE_SERVER_WAIT);
	for (;;) {
		struct event ev;
		event_init(&ev, EV_server_seen);
		server_look(s->base_url, p->secrets->openai_key, LOOK_MS, p->cancel, &ev.u.server_seen);
		if (cancel_get(p->cancel) != CANCEL_NONE)
			return false;
		if (ev.u.server_seen.phase == SERVER_READY) {
			observe_anew(p, &ev,
			        "the server is ready again; accuracy of before its end does not count any more");
			return true;
		}
		if (clock_mono_ns() >= end || cancel_wait(p->cancel, 1000, CANCEL_DRAIN)) {
			p->gone_ns = 0;
			return false;
		}
	}
}

/* ---- the code ---- */

void observe_code(struct pipeline *p, const char *diff_dir)
{
	code_set_look_url(&p->code, p->settings.base_url, diff_dir, p->cancel);
	p->dir.code = &p->code;
}

void observe_code_tell(struct pipeline *p)
{
	for (int i = 0; i < p->code.n; i++) {
		struct event ev;
		event_init(&ev, EV_code_seen);
		code_event(&p->code, i, &ev.u.code_seen);
		pipeline_emit(p, &ev);
	}
}
