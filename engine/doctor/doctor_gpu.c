/* The GPUs, as far as sysfs tells of them. */
#include "../base/clock.h"
#include "../server/gpu.h"
#include "../server/instance.h"
#include "doctor_int.h"
#include <math.h>
#include <stdio.h>
#include <time.h>

#define WAIT_MS   2500 /* for the first figures */
#define HELD_MUCH 0.1  /* of a card's memory, with no server */

/* Waits for a round in which every card had its chance. */
static int first_round(struct gpu *g, struct gpu_place *places, struct gpu_card *cards)
{
	int64_t end = clock_mono_ns() + WAIT_MS * CLOCK_NS_PER_MS, rounds = 0;
	int n = 0;

	while (rounds == 0 && clock_mono_ns() < end) {
		n = gpu_cards(g, places, cards, GPU_CARDS, &rounds);
		if (rounds == 0)
			nanosleep(&(struct timespec){.tv_nsec = 20 * CLOCK_NS_PER_MS}, NULL);
	}
	return n;
}

static void say_cards(const struct doctor_scene *s, struct doctor_report *r, const struct gpu_place *places,
        const struct gpu_card *cards, int n)
{
	double used = 0, total = 0;
	int told = 0, held = 0;
	struct instance i;

	for (int k = 0; k < n; k++) {
		const struct gpu_card *c = &cards[k];
		if (c->stuck)
			doctor_say(r, "gpu", DOCTOR_NOTE,
			        "card %s does not answer: is it being reset? rocm-smi on the host tells",
			        places[k].key);
		if (isnan(c->vram_used_gib) || isnan(c->vram_total_gib))
			continue;
		told++;
		used += c->vram_used_gib;
		total += c->vram_total_gib;
		held += c->vram_used_gib > HELD_MUCH * c->vram_total_gib;
	}
	if (told)
		doctor_say(r, "gpu", DOCTOR_OK, "%d card%s, %.0f GiB each, %.0f GiB in use", n, n == 1 ? "" : "s",
		        total / told, used / told);
	else
		doctor_say(r, "gpu", DOCTOR_NOTE, "%d card%s; none tells its memory", n, n == 1 ? "" : "s");
	if (n < s->settings.tp && !s->settings.demo)
		doctor_say(r, "gpu", DOCTOR_NOTE, "TP is %d, but only %d card%s can be seen", s->settings.tp, n,
		        n == 1 ? "" : "s");
	instance_find(s->proc, s->settings.base_url, &i);
	if (held > 0 && i.state == INSTANCE_NONE)
		doctor_say(r, "gpu", DOCTOR_NOTE,
		        "memory of %d card%s is held though no server is here: a start may run out of it; look for another container or a process left over (rocm-smi --showpids)",
		        held, held == 1 ? "" : "s");
}

void doctor_gpu(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	struct gpu_place places[GPU_CARDS];
	struct gpu_card cards[GPU_CARDS];
	struct gpu *g = NULL;
	struct err e = {0};
	(void)which;

	if (gpu_start(&g, NULL, s->sysfs, &e) < 0) {
		doctor_say(r, "gpu", DOCTOR_NOTE, "not looked at: %s", e.text);
		return;
	}
	int n = first_round(g, places, cards);
	if (n > 0)
		say_cards(s, r, places, cards, n);
	else
		doctor_say(r, "gpu", s->settings.demo ? DOCTOR_OK : DOCTOR_NOTE,
		        "no AMD GPU can be seen in sysfs: power, temperature and memory stay absent from results");
	gpu_stop(g);
}
