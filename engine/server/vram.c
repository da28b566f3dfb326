#include "vram.h"
#include "../base/clock.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define FIRST_ROUND (1000 * CLOCK_NS_PER_MS)
#define POLL_MS     100
#define FREE_SHARE  0.05   /* of a card: its firmware, a display, a monitor */
#define STEP_GIB    0.0625 /* a smaller change is none */
#define STILL_NS    (5 * CLOCK_NS_PER_S)
#define MUTE_GIB    1    /* held by a card that has fallen silent since: worth a word */
#define FALLEN      0.75 /* of what was held: what remains is somebody else's, when it falls no more */

/* The cards of the newest round, if there is one that was not taken yet. */
static bool take_round(struct vram *v)
{
	struct gpu_card cards[GPU_CARDS];
	int64_t rounds, now = clock_mono_ns();
	int n = gpu_cards(v->gpu, v->place, cards, GPU_CARDS, &rounds);
	if (rounds == v->rounds)
		return false;
	v->rounds = rounds;
	for (int i = 0; i < n; i++) {
		struct vram_card *c = &v->card[i];
		bool told = !cards[i].stuck && cards[i].vram_total_gib > 0;
		double used = told ? cards[i].vram_used_gib : (double)NAN;
		bool first = i >= v->n;
		if (first)
			*c = (struct vram_card){.held = NAN, .mark = NAN};
		c->now = used;
		if (!isnan(used))
			c->told_ns = now;
		c->total = told ? cards[i].vram_total_gib : (double)NAN;
		if (!(c->held >= used))
			c->held = isnan(used) ? c->held : used;
		if (isnan(c->mark) || fabs(used - c->mark) > STEP_GIB) {
			c->mark = used;
			c->moved_ns = now;
		}
	}
	v->n = n;
	return true;
}

void vram_begin(struct vram *v, const char *sysfs)
{
	memset(v, 0, sizeof *v);
	if (gpu_start(&v->gpu, NULL, sysfs, NULL))
		return;
	int64_t end = clock_mono_ns() + FIRST_ROUND;
	while (!take_round(v) && clock_mono_ns() < end)
		cancel_wait(NULL, POLL_MS / 4, CANCEL_NOW);
	if (v->n == 0)
		vram_end(v);
}

static bool is_free(const struct vram_card *c)
{
	return isnan(c->now) || c->now <= FREE_SHARE * c->total;
}

/* It held memory and does not answer: for a moment that is the driver at work on just that memory. */
static bool is_silent(const struct vram_card *c, int64_t now)
{
	return isnan(c->now) && c->held > MUTE_GIB && now - c->told_ns < STILL_NS;
}

static bool is_still(const struct vram_card *c, int64_t now)
{
	return now - c->moved_ns >= STILL_NS;
}

/* Somebody else's remainder: it has fallen, and falls no more. */
static bool is_settled(const struct vram_card *c, int64_t now)
{
	return c->now <= FALLEN * c->held && is_still(c, now);
}

/* Nothing more is to be expected. */
static bool all_done(const struct vram *v, int tp)
{
	int64_t now = clock_mono_ns();
	int fallen = 0, open = 0, moving = 0;
	for (int i = 0; i < v->n; i++) {
		const struct vram_card *c = &v->card[i];
		bool silent = is_silent(c, now), done = !silent && (is_free(c) || is_settled(c, now));
		fallen += done && c->held > FREE_SHARE * c->total;
		open += !done;
		moving += silent || (!done && (c->now < c->held - STEP_GIB || !is_still(c, now)));
	}
	return open == 0 || (moving == 0 && tp > 0 && fallen >= tp);
}

static void tell(const struct vram *v, char *still, size_t cap)
{
	const struct vram_card *most = NULL;
	int n = 0, at = 0;
	still[0] = '\0';
	for (int i = 0; i < v->n; i++) {
		const struct vram_card *c = &v->card[i];
		if (is_free(c))
			continue;
		n++;
		if (!most || c->now > most->now) {
			most = c;
			at = i;
		}
	}
	if (!most)
		return;
	char others[64] = "";
	if (n > 1)
		snprintf(others, sizeof others, " and %d other card%s hold up to as much", n - 1, n > 2 ? "s" : "");
	snprintf(still, cap, "GPU %s still holds %.0f of %.0f GiB%s", v->place[at].key, most->now, most->total, others);
}

int vram_mute(const struct vram *v, char *out, size_t cap)
{
	int n = 0;
	for (int i = v->n - 1; i >= 0; i--) {
		if (!isnan(v->card[i].now) || !(v->card[i].held > MUTE_GIB))
			continue;
		n++;
		snprintf(out, cap, "GPU %s held %.0f GiB and tells no more what it holds", v->place[i].key,
		        v->card[i].held);
	}
	return n;
}

int vram_wait(struct vram *v, int tp, int64_t limit_ms, struct cancel *cancel, char *still, size_t cap)
{
	int64_t end = clock_mono_ns() + limit_ms * CLOCK_NS_PER_MS;
	still[0] = '\0';
	if (!v->gpu)
		return 0;
	take_round(v);
	for (int64_t seen = v->rounds;;) { /* the newest round may speak of the time before the end */
		take_round(v);
		if (v->rounds > seen && all_done(v, tp)) {
			tell(v, still, cap);
			return 0;
		}
		if (clock_mono_ns() >= end) {
			tell(v, still, cap);
			return 1;
		}
		if (cancel_wait(cancel, POLL_MS, CANCEL_NOW)) {
			tell(v, still, cap);
			return ERR_CANCELLED;
		}
	}
}

void vram_end(struct vram *v)
{
	gpu_stop(v->gpu);
	v->gpu = NULL;
}
