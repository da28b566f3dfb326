/* GPU figures from a tree like sysfs: eight cards, and everything that can be wrong with a file. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/mailbox.h"
#include "../../engine/server/gpu.h"
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

#define CARDS 8

struct tree {
	char dir[64];
};

static void put(const struct tree *t, const char *name, const char *text)
{
	char path[400], up[400];
	assert_true(snprintf(path, sizeof path, "%s/%s", t->dir, name) < (int)sizeof path);
	snprintf(up, sizeof up, "%s", path);
	*strrchr(up, '/') = '\0';
	assert_int_equal(file_mkdirs(up, NULL), 0);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *file_of(const struct tree *t, int card, const char *name, char out[400])
{
	snprintf(out, 400, "%s/devices/pci0000:00/0000:%02x:00.0/%s", t->dir, (CARDS - card) * 0x10 + 5, name);
	return out;
}

static void put_card(const struct tree *t, int card, const char *name, const char *text)
{
	char path[400];
	put(t, file_of(t, card, name, path) + strlen(t->dir) + 1, text);
}

/* card numbers have gaps and run against the order of the addresses */
static void make_card(const struct tree *t, int card)
{
	char text[64], link[400], target[200];
	put_card(t, card, "vendor", "0x1002\n");
	put_card(t, card, "device", "0x75a3\n");
	snprintf(text, sizeof text, "%d\n", 90 + card);
	put_card(t, card, "gpu_busy_percent", text);
	put_card(t, card, "mem_info_vram_total", "309220868096\n");
	put_card(t, card, "mem_info_vram_used", "263868055552\n");
	put_card(t, card, "pp_dpm_sclk", "0: 132Mhz\n1: 2385Mhz *\n2: 2400Mhz\n");
	put_card(t, card, "pp_dpm_mclk", "0: 1900Mhz *\n");
	put_card(t, card, "hwmon/hwmon7/power1_input", "1012000000\n");
	put_card(t, card, "hwmon/hwmon7/power1_cap", "1400000000\n");
	put_card(t, card, "hwmon/hwmon7/temp2_label", "junction\n");
	snprintf(text, sizeof text, "%d\n", (60 + card) * 1000);
	put_card(t, card, "hwmon/hwmon7/temp2_input", text);
	put_card(t, card, "hwmon/hwmon7/temp2_crit", "100000\n");
	put_card(t, card, "hwmon/hwmon7/temp3_label", "mem\n");
	put_card(t, card, "hwmon/hwmon7/temp3_input", "58000\n");
	put_card(t, card, "hwmon/hwmon7/freq1_label", "sclk\n");
	put_card(t, card, "hwmon/hwmon7/freq1_input", "2385000000\n");
	snprintf(link, sizeof link, "%s/class/drm/card%d", t->dir, card * 8 + 1);
	assert_int_equal(file_mkdirs(link, NULL), 0);
	snprintf(target, sizeof target, "../../../devices/pci0000:00/0000:%02x:00.0", (CARDS - card) * 0x10 + 5);
	snprintf(link, sizeof link, "%s/class/drm/card%d/device", t->dir, card * 8 + 1);
	assert_int_equal(symlink(target, link), 0);
}

static int set_up(void **state)
{
	struct tree *t = calloc(1, sizeof *t);
	assert_non_null(t);
	snprintf(t->dir, sizeof t->dir, "/tmp/test-gpu-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	for (int i = 0; i < CARDS; i++)
		make_card(t, i);
	put(t, "class/drm/card0/device/vendor", "0x1a03\n"); /* the board's own display */
	put(t, "class/drm/card1-DP-1/device/vendor", "0x1002\n");
	put(t, "class/drm/renderD128/device/vendor", "0x1002\n");
	put(t, "class/drm/version", "drm 1.1.0\n");
	*state = t;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct tree *t = *state;
	nftw(t->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(t);
	return 0;
}

static void near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-3 * fabs(want) + 1e-9))
		fail_msg("%g instead of %g", got, want);
}

static void cards_are_found_and_sorted(void **state)
{
	struct tree *t = *state;
	struct gpu_place p[GPU_CARDS];
	assert_int_equal(gpu_enumerate(t->dir, p, GPU_CARDS), CARDS);
	assert_string_equal(p[0].key, "0000:15:00.0");
	assert_string_equal(p[7].key, "0000:85:00.0");
	assert_int_equal(gpu_enumerate(t->dir, p, 3), 3);
	assert_int_equal(gpu_enumerate("/nowhere", p, GPU_CARDS), 0);
}

static void a_card_is_read(void **state)
{
	struct tree *t = *state;
	struct gpu_place p[GPU_CARDS];
	struct gpu_card c;
	gpu_enumerate(t->dir, p, GPU_CARDS);
	gpu_read_card(&p[0], &c); /* card 7 */
	near(c.busy, 97);
	near(c.vram_used_gib, 245.75);
	near(c.vram_total_gib, 287.98);
	near(c.power_w, 1012);
	near(c.cap_w, 1400);
	near(c.temp_c, 67);
	near(c.sclk_mhz, 2385);
	near(c.mclk_mhz, 1900); /* no freq2: from the table of clocks */
	put_card(t, 7, "hwmon/hwmon7/power1_average", "990000000\n");
	gpu_read_card(&p[0], &c);
	near(c.power_w, 990);
}

static void what_is_wrong_is_absent_and_no_more(void **state)
{
	struct tree *t = *state;
	struct gpu_place p[GPU_CARDS];
	struct gpu_card c;
	char path[400];
	gpu_enumerate(t->dir, p, GPU_CARDS);
	put_card(t, 7, "gpu_busy_percent", "garbage\x1b[2J\n");
	put_card(t, 7, "mem_info_vram_used", "");
	assert_int_equal(unlink(file_of(t, 7, "hwmon/hwmon7/power1_input", path)), 0);
	assert_int_equal(mkdir(path, 0755), 0); /* EISDIR stands for EINVAL */
	put_card(t, 7, "hwmon/hwmon7/temp2_label", "edge\n");
	put_card(t, 7, "hwmon/hwmon7/freq1_input", "99999999999999999999999999999999999\n");
	gpu_read_card(&p[0], &c);
	assert_true(isnan(c.busy) && isnan(c.vram_used_gib) && isnan(c.power_w) && isnan(c.temp_c));
	near(c.sclk_mhz, 2385); /* from the table */
	near(c.vram_total_gib, 287.98);
	near(c.cap_w, 1400);
	put_card(t, 7, "gpu_busy_percent", "65535\n"); /* not available, says some firmware */
	put_card(t, 7, "pp_dpm_sclk", "no clocks *\n");
	gpu_read_card(&p[0], &c);
	assert_true(isnan(c.busy) && isnan(c.sclk_mhz));
	put_card(t, 7, "gpu_busy_percent", "-5\n");
	gpu_read_card(&p[0], &c);
	assert_true(isnan(c.busy));
}

static void folding_claims_nothing(void **state)
{
	struct gpu_card c[3];
	struct ev_gpu_seen ev;
	(void)state;
	for (int i = 0; i < 3; i++)
		c[i] = (struct gpu_card){.busy = 90 + i,
		        .cap_max_w = NAN,
		        .vram_used_gib = 200,
		        .vram_total_gib = 288,
		        .power_w = 1000,
		        .cap_w = 1400,
		        .temp_c = 60 + i,
		        .crit_c = 100,
		        .sclk_mhz = 2000,
		        .mclk_mhz = 1900};
	assert_true(gpu_fold(c, 3, &ev));
	near(ev.busy, 91);
	near(ev.power_w, 3000);
	near(ev.cap_w, 4200);
	near(ev.temp_c, 62);
	assert_true(ev.throttled == 0 && ev.stuck == 0 && ev.cards == 3 && ev.sample);
	assert_true(ev.hot == 0 && isnan(ev.lowered)); /* nobody tells how high a cap may be */
	c[1].power_w = 1390;                           /* at its cap */
	c[2].temp_c = 100;                             /* at its critical temperature */
	assert_true(gpu_fold(c, 3, &ev));
	assert_true(ev.throttled == 2 && ev.hot == 1);
	c[1].cap_max_w = 1400;
	assert_true(gpu_fold(c, 3, &ev) && ev.lowered == 0);
	c[1].cap_w = c[1].power_w = 1000; /* somebody has lowered it */
	assert_true(gpu_fold(c, 3, &ev) && ev.lowered == 1 && ev.throttled == 2);
	assert_true(isnan(ev.power_part_w) && ev.power_cards == 3);
	c[1].power_w = NAN; /* a sum without one of them would be too low */
	assert_true(gpu_fold(c, 3, &ev));
	assert_true(isnan(ev.power_w) && !isnan(ev.busy));
	assert_true(ev.power_part_w == 2000 && ev.power_cards == 2); /* but it says of how many it is */
	c[2].stuck = true;
	assert_true(gpu_fold(c, 3, &ev));
	near(ev.busy, 90.5);
	assert_true(ev.stuck == 1 && ev.temp_c == 61);
	for (int i = 0; i < 3; i++)
		c[i] = (struct gpu_card){.busy = NAN,
		        .vram_used_gib = NAN,
		        .vram_total_gib = NAN,
		        .power_w = NAN,
		        .cap_w = NAN,
		        .temp_c = NAN,
		        .crit_c = NAN,
		        .sclk_mhz = NAN,
		        .mclk_mhz = NAN};
	assert_false(gpu_fold(c, 3, &ev));
	assert_true(isnan(ev.throttled) && isnan(ev.busy) && isnan(ev.power_w) && isnan(ev.temp_c));
}

/* Waits until a gpu_seen comes that has as many stuck cards. */
static void await_seen(struct mailbox *m, int stuck, struct ev_gpu_seen *out)
{
	int64_t end = clock_mono_ns() + 20 * CLOCK_NS_PER_S;
	struct event ev;
	while (clock_mono_ns() < end) {
		while (mailbox_take(m, &ev)) {
			if (ev.kind != EV_gpu_seen || ev.u.gpu_seen.stuck != stuck)
				continue;
			*out = ev.u.gpu_seen;
			return;
		}
		nanosleep(&(struct timespec){.tv_nsec = 5 * CLOCK_NS_PER_MS}, NULL);
	}
	fail_msg("no gpu_seen with %d stuck cards", stuck);
}

static void a_blocked_read_stops_nothing(void **state)
{
	struct tree *t = *state;
	struct ev_gpu_seen seen, now;
	struct err e = {0};
	char path[400];
	unlink(file_of(t, 3, "gpu_busy_percent", path));
	assert_int_equal(mkfifo(path, 0644), 0); /* nobody writes: the open does not return */
	struct mailbox *m;
	struct scribe *s;
	struct gpu *g;
	assert_int_equal(mailbox_open(&m, sizeof(struct event), 256, EV_count, &e), 0);
	assert_int_equal(scribe_start(&s, m, &e), 0);
	assert_int_equal(gpu_start(&g, s, t->dir, &e), 0);
	await_seen(m, 1, &seen);
	assert_int_equal(seen.cards, CARDS);
	near(seen.busy, (90 + 91 + 92 + 94 + 95 + 96 + 97) / 7.0);
	assert_true(isnan(seen.power_w) && seen.power_cards == 7);
	near(seen.power_part_w, 7 * 1012.0);
	await_seen(m, 1, &seen); /* and so a second later */
	int64_t end = clock_mono_ns() + 10 * CLOCK_NS_PER_S;
	while (!gpu_now(g, &now) && clock_mono_ns() < end)
		;
	assert_int_equal(now.stuck, 1);
	/* it returns: all is well again */
	char aside[410];
	snprintf(aside, sizeof aside, "%s.fifo", path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(rename(path, aside), 0);
	put_card(t, 3, "gpu_busy_percent", "93\n");
	assert_int_equal(write(fd, "93\n", 3), 3);
	await_seen(m, 0, &seen);
	near(seen.power_w, 8 * 1012.0);
	close(fd);
	assert_int_equal(rename(aside, path), 0);
	/* blocked again: the end waits for nobody */
	await_seen(m, 1, &seen);
	int64_t began = clock_mono_ns();
	gpu_stop(g);
	assert_true(clock_mono_ns() - began < 3 * CLOCK_NS_PER_S);
	scribe_stop(s);
	mailbox_close(m);
	fd = open(path, O_RDWR | O_CLOEXEC); /* lets the abandoned reader go */
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "93\n", 3), 3);
	nanosleep(&(struct timespec){.tv_nsec = 100 * CLOCK_NS_PER_MS}, NULL);
	close(fd);
}

static void no_card_is_said_once(void **state)
{
	struct err e = {0};
	struct ev_gpu_seen seen;
	struct mailbox *m;
	struct scribe *s;
	struct gpu *g;
	(void)state;
	assert_int_equal(mailbox_open(&m, sizeof(struct event), 256, EV_count, &e), 0);
	assert_int_equal(scribe_start(&s, m, &e), 0);
	assert_int_equal(gpu_start(&g, s, "/nowhere", &e), 0);
	await_seen(m, 0, &seen);
	assert_int_equal(seen.cards, 0);
	assert_true(isnan(seen.busy));
	assert_false(gpu_now(g, &seen));
	gpu_stop(g);
	scribe_stop(s);
	mailbox_close(m);
	gpu_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(cards_are_found_and_sorted, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(a_card_is_read, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(what_is_wrong_is_absent_and_no_more, set_up, tear_down),
	        cmocka_unit_test(folding_claims_nothing),
	        cmocka_unit_test_setup_teardown(a_blocked_read_stops_nothing, set_up, tear_down),
	        cmocka_unit_test(no_card_is_said_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
