/* GPU telemetry from sysfs: a thread that looks once a second and emits gpu_seen.
 *
 * Every card is read by a thread of its own, with a deadline: a read that blocks (a GPU being reset) costs that card's
 * figures alone, and neither stops the others nor the end of the program. What cannot be read is NaN. Nothing is known
 * of cards that are not AMD's. Files and units: class/drm/cardN/device below the root.
 */
#ifndef BENCHTOP_GPU_H
#define BENCHTOP_GPU_H
#include "../event/scribe.h"

#define GPU_CARDS 32

struct gpu_place {      /* a card */
	char key[64];   /* PCI address, or the card's name; cards are sorted by it */
	char path[256]; /* of its device directory */
};

struct gpu_card {    /* NaN = n/a */
	bool stuck;  /* a read has not returned: all of it is NaN */
	double busy; /* percent */
	double vram_used_gib, vram_total_gib;
	double power_w, cap_w, cap_max_w; /* cap_max_w: the highest that the cap may be set to */
	double temp_c, crit_c;            /* of the junction */
	double sclk_mhz, mclk_mhz;        /* now */
};

/* Finds the cards; returns how many, at most cap. Never blocks in a special file. */
int gpu_enumerate(const char *sysfs, struct gpu_place *out, int cap);
/* Reads one card; may block as long as the driver does. */
void gpu_read_card(const struct gpu_place *place, struct gpu_card *out);
/* All cards as one event: busy, clock and VRAM are means and the temperature is the highest of the cards that tell it;
 * a sum (power, caps) is absent unless every card tells its part; the part that is told of the power is power_part_w. False when nothing at all is known. */
bool gpu_fold(const struct gpu_card *cards, int n, struct ev_gpu_seen *out);

struct gpu;
/* sysfs: NULL = $BENCHTOP_SYSFS, else "/sys". The scribe may be NULL (tests); it is not touched after gpu_stop. */
int gpu_start(struct gpu **out, struct scribe *scribe, const char *sysfs, struct err *e);
/* The newest figures; false when there are none, or when the thread is just writing them. Never waits. */
bool gpu_now(struct gpu *g, struct ev_gpu_seen *out);
/* The newest round card by card, sorted by address, and how many rounds there were (0: none yet). Returns how many cards, at
 * most cap. Waits for no card. */
int gpu_cards(struct gpu *g, struct gpu_place *places, struct gpu_card *cards, int cap, int64_t *rounds);
/* Ends within a second, whatever blocks. NULL is allowed. */
void gpu_stop(struct gpu *g);

#endif
