/* Waiting for the GPUs' memory after a stop, on a tree like sysfs. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/server/vram.h"
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

#define CARDS 4
#define GIB   (INT64_C(1) << 30)
#define LONG  100000 /* ms; only a hang reaches it */

static char dir[64];

static char *path_of(int card, const char *name, char out[200])
{
	snprintf(out, 200, "%s/class/drm/card%d/device/%s", dir, card, name);
	return out;
}

/* Whole or not at all, as sysfs is read. */
static void put(int card, const char *name, int64_t value)
{
	char path[200], text[32];
	struct err e = {0};
	int n = snprintf(text, sizeof text, "%lld\n", (long long)value);
	if (file_write_atomic(path_of(card, name, path), text, (size_t)n, &e))
		fail_msg("%s", e.text);
}

static void used(int card, int64_t gib)
{
	put(card, "mem_info_vram_used", gib * GIB);
}

static int set_up(void **state)
{
	char path[200];
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/benchtop-vram-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	for (int i = 0; i < CARDS; i++) {
		if (file_mkdirs(path_of(i, "", path), NULL))
			return -1;
		FILE *f = fopen(path_of(i, "vendor", path), "we");
		if (!f)
			return -1;
		fputs("0x1002\n", f);
		fclose(f);
		put(i, "mem_info_vram_total", 288 * GIB);
		used(i, 240);
	}
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
	(void)state;
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* ---- a second thread that frees the memory while the first waits ---- */

struct freeing {
	int from, to; /* cards */
	int64_t gib;
};

static void *free_memory(void *arg)
{
	const struct freeing *f = arg;
	cancel_wait(NULL, 1500, CANCEL_NOW);
	for (int i = f->from; i < f->to; i++)
		used(i, f->gib);
	return NULL;
}

static int wait_while(struct vram *v, struct freeing *f, int tp, char *still, size_t cap)
{
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, free_memory, f), 0);
	int rc = vram_wait(v, tp, LONG, NULL, still, cap);
	pthread_join(thread, NULL);
	return rc;
}

static void it_waits_until_all_is_free(void **state)
{
	(void)state;
	static struct vram v;
	char still[200];
	vram_begin(&v, dir);
	assert_int_equal(v.n, CARDS);
	assert_int_equal(vram_wait(&v, CARDS, 0, NULL, still, sizeof still), 1);
	assert_non_null(strstr(still, "still holds 240 of 288 GiB and 3 other cards"));
	int64_t began = clock_mono_ns();
	assert_int_equal(wait_while(&v, &(struct freeing){0, CARDS, 0}, CARDS, still, sizeof still), 0);
	assert_true(clock_mono_ns() - began >= CLOCK_NS_PER_S); /* not before it was free */
	assert_string_equal(still, "");
	vram_end(&v);
}

/* Part of it is another process's: it ends when nothing falls any more, and says so. */
static void what_remains_is_told(void **state)
{
	(void)state;
	static struct vram v;
	char still[200];
	used(1, 280);
	vram_begin(&v, dir);
	used(0, 0);
	used(2, 0);
	used(3, 1);
	assert_int_equal(wait_while(&v, &(struct freeing){1, 2, 40}, CARDS, still, sizeof still), 0);
	assert_string_equal(still, "GPU card1 still holds 40 of 288 GiB");
	vram_end(&v);
}

static void cards_of_others_are_not_waited_for(void **state)
{
	(void)state;
	static struct vram v;
	char still[200];
	vram_begin(&v, dir);
	/* the server had two of the four */
	assert_int_equal(wait_while(&v, &(struct freeing){0, 2, 0}, 2, still, sizeof still), 0);
	vram_end(&v);
}

static void a_stuck_card_is_not_waited_for(void **state)
{
	(void)state;
	static struct vram v;
	char still[200], path[200];
	assert_int_equal(unlink(path_of(2, "mem_info_vram_used", path)), 0);
	assert_int_equal(mkfifo(path, 0644), 0); /* nobody writes: the open does not return */
	vram_begin(&v, dir);
	assert_int_equal(v.n, CARDS);
	for (int i = 0; i < CARDS; i++)
		if (i != 2)
			used(i, 0);
	assert_int_equal(vram_wait(&v, CARDS, LONG, NULL, still, sizeof still), 0);
	assert_string_equal(still, "");
	vram_end(&v);
	FILE *f = fopen(path, "r+e"); /* lets the reader go */
	assert_non_null(f);
	fputs("0\n", f);
	fclose(f);
}

/* A card that held memory and does not answer for a moment is waited for; one that stays silent is not called free. */
static void a_card_that_falls_silent(void **state)
{
	(void)state;
	static struct vram v;
	char still[200], mute[120] = "", path[200], aside[220];
	vram_begin(&v, dir);
	assert_int_equal(v.n, CARDS);
	path_of(1, "mem_info_vram_used", path);
	snprintf(aside, sizeof aside, "%s.away", path);
	assert_int_equal(rename(path, aside), 0);
	for (int i = 0; i < CARDS; i++)
		if (i != 1)
			used(i, 0);
	assert_int_equal(vram_wait(&v, CARDS, 2500, NULL, still, sizeof still), 1);
	/* it tells again, and holds what it held */
	assert_int_equal(rename(aside, path), 0);
	assert_int_equal(vram_wait(&v, CARDS, 2500, NULL, still, sizeof still), 1);
	assert_non_null(strstr(still, "GPU card1 still holds 240"));
	assert_int_equal(vram_mute(&v, mute, sizeof mute), 0);
	/* gone for good */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(vram_wait(&v, CARDS, LONG, NULL, still, sizeof still), 0);
	assert_string_equal(still, "");
	assert_int_equal(vram_mute(&v, mute, sizeof mute), 1);
	assert_string_equal(mute, "GPU card1 held 240 GiB and tells no more what it holds");
	vram_end(&v);
}

static void the_wait_can_be_ended(void **state)
{
	(void)state;
	static struct vram v;
	struct cancel cancel;
	char still[200];
	assert_int_equal(cancel_open(&cancel, NULL), 0);
	vram_begin(&v, dir);
	cancel_raise(&cancel, CANCEL_NOW);
	assert_int_equal(vram_wait(&v, CARDS, LONG, &cancel, still, sizeof still), ERR_CANCELLED);
	assert_non_null(strstr(still, "240 of 288"));
	vram_end(&v);
	cancel_close(&cancel);
}

static void without_gpus_there_is_nothing_to_wait_for(void **state)
{
	(void)state;
	static struct vram v;
	char still[200] = "x", path[200];
	vram_begin(&v, "/nowhere");
	assert_int_equal(vram_wait(&v, 8, LONG, NULL, still, sizeof still), 0);
	assert_string_equal(still, "");
	vram_end(&v);
	for (int i = 0; i < CARDS; i++)
		assert_int_equal(unlink(path_of(i, "mem_info_vram_used", path)), 0);
	vram_begin(&v, dir);
	assert_int_equal(vram_wait(&v, 8, LONG, NULL, still, sizeof still), 0);
	assert_string_equal(still, "");
	vram_end(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(it_waits_until_all_is_free, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(what_remains_is_told, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(cards_of_others_are_not_waited_for, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(a_stuck_card_is_not_waited_for, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(a_card_that_falls_silent, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(the_wait_can_be_ended, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(without_gpus_there_is_nothing_to_wait_for, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
