/* What sysfs says of a card. Each file is opened, read and closed by itself: its value is made at the read. */
#include "../base/text.h"
#include "gpu.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VENDOR_AMD  "0x1002"
#define TEMPS       8
#define AT_CAP      0.98 /* of the power cap: the firmware holds a card there */
#define LOWERED     0.99 /* of the highest cap that the card takes */
#define DRM_ENTRIES 1024

static bool fits(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool fits(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(out, cap, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < cap;
}

/* The file's text without the blanks at its end; false on any error. */
static bool read_text(const char *dir, const char *name, int flags, char *out, size_t cap)
{
	char path[600];
	if (!fits(path, sizeof path, "%s/%s", dir, name))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, out, cap - 1);
	close(fd);
	if (n <= 0)
		return false;
	out[n] = '\0';
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
		out[--n] = '\0';
	return true;
}

static double read_number(const char *dir, const char *name, double unit)
{
	char text[64];
	int64_t v;
	if (!read_text(dir, name, 0, text, sizeof text) || !text_to_i64(text, 0, INT64_MAX, &v))
		return NAN;
	return (double)v * unit;
}

/* ---- finding the cards ---- */

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct gpu_place *)a)->key, ((const struct gpu_place *)b)->key);
}

/* "card0", not "card0-DP-1", "renderD128" or "version". */
static bool is_card(const char *name)
{
	if (strncmp(name, "card", 4) != 0 || !name[4])
		return false;
	return strspn(name + 4, "0123456789") == strlen(name + 4);
}

static bool take_card(const char *sysfs, const char *name, struct gpu_place *p)
{
	char vendor[64], link[256];
	if (!fits(p->path, sizeof p->path, "%s/class/drm/%s/device", sysfs, name) ||
	        !read_text(p->path, "vendor", O_NONBLOCK, vendor, sizeof vendor) || strcmp(vendor, VENDOR_AMD) != 0)
		return false;
	ssize_t n = readlink(p->path, link, sizeof link - 1);
	const char *key = name;
	if (n > 0) {
		link[n] = '\0';
		const char *slash = strrchr(link, '/');
		key = slash ? slash + 1 : link;
	}
	text_copy(p->key, sizeof p->key, key);
	return true;
}

int gpu_enumerate(const char *sysfs, struct gpu_place *out, int cap)
{
	char path[300];
	const struct dirent *entry;
	int n = 0;
	if (!fits(path, sizeof path, "%s/class/drm", sysfs))
		return 0;
	DIR *d = opendir(path);
	for (int i = 0; d && i < DRM_ENTRIES && n < cap && (entry = readdir(d)); i++)
		if (is_card(entry->d_name) && take_card(sysfs, entry->d_name, &out[n]))
			n++;
	if (d)
		closedir(d);
	qsort(out, (size_t)n, sizeof *out, by_key);
	int kept = 0; /* partitions of one card come under one address */
	for (int i = 0; i < n; i++)
		if (kept == 0 || strcmp(out[kept - 1].key, out[i].key) != 0)
			out[kept++] = out[i];
	return kept;
}

/* ---- one card ---- */

static bool find_hwmon(const char *device, char *out, size_t cap)
{
	char path[300];
	const struct dirent *entry;
	bool found = false;
	if (!fits(path, sizeof path, "%s/hwmon", device))
		return false;
	DIR *d = opendir(path);
	for (int i = 0; d && !found && i < 64 && (entry = readdir(d)); i++)
		if (strncmp(entry->d_name, "hwmon", 5) == 0)
			found = fits(out, cap, "%s/%s", path, entry->d_name);
	if (d)
		closedir(d);
	return found;
}

/* Number i of temp{i}_label or freq{i}_label that says so; 0 when none does. */
static int find_label(const char *hwmon, const char *kind, const char *label)
{
	for (int i = 1; i <= TEMPS; i++) {
		char name[32], text[64];
		snprintf(name, sizeof name, "%s%d_label", kind, i);
		if (read_text(hwmon, name, 0, text, sizeof text) && strcmp(text, label) == 0)
			return i;
	}
	return 0;
}

static double read_labelled(const char *hwmon, const char *kind, int i, const char *what, double unit)
{
	char name[32];
	if (i == 0)
		return NAN;
	snprintf(name, sizeof name, "%s%d_%s", kind, i, what);
	return read_number(hwmon, name, unit);
}

/* "0: 132Mhz\n1: 2385Mhz *": the one with the star. */
static double read_dpm(const char *device, const char *name)
{
	char text[1024], *save = NULL;
	if (!read_text(device, name, 0, text, sizeof text))
		return NAN;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *colon = strchr(line, ':');
		char *end;
		if (!colon || !strchr(line, '*'))
			continue;
		double mhz = strtod(colon + 1, &end);
		return end != colon + 1 && strncasecmp(end, "Mhz", 3) == 0 && mhz >= 0 ? mhz : (double)NAN;
	}
	return NAN;
}

void gpu_read_card(const struct gpu_place *place, struct gpu_card *out)
{
	const double gib = 1.0 / (1024.0 * 1024.0 * 1024.0);
	char hwmon[600] = "";
	*out = (struct gpu_card){.power_w = NAN, .cap_w = NAN, .cap_max_w = NAN, .temp_c = NAN, .crit_c = NAN};
	out->busy = read_number(place->path, "gpu_busy_percent", 1);
	if (out->busy > 100)
		out->busy = NAN;
	out->vram_used_gib = read_number(place->path, "mem_info_vram_used", gib);
	out->vram_total_gib = read_number(place->path, "mem_info_vram_total", gib);
	out->sclk_mhz = out->mclk_mhz = NAN;
	if (find_hwmon(place->path, hwmon, sizeof hwmon)) {
		int junction = find_label(hwmon, "temp", "junction");
		out->power_w = read_number(hwmon, "power1_average", 1e-6);
		if (isnan(out->power_w))
			out->power_w = read_number(hwmon, "power1_input", 1e-6);
		out->cap_w = read_number(hwmon, "power1_cap", 1e-6);
		out->cap_max_w = read_number(hwmon, "power1_cap_max", 1e-6);
		out->temp_c = read_labelled(hwmon, "temp", junction, "input", 1e-3);
		out->crit_c = read_labelled(hwmon, "temp", junction, "crit", 1e-3);
		out->sclk_mhz = read_labelled(hwmon, "freq", find_label(hwmon, "freq", "sclk"), "input", 1e-6);
		out->mclk_mhz = read_labelled(hwmon, "freq", find_label(hwmon, "freq", "mclk"), "input", 1e-6);
	}
	if (isnan(out->sclk_mhz))
		out->sclk_mhz = read_dpm(place->path, "pp_dpm_sclk");
	if (isnan(out->mclk_mhz))
		out->mclk_mhz = read_dpm(place->path, "pp_dpm_mclk");
}

/* ---- all cards ---- */

struct mean {
	double sum;
	int n;
};

static void mean_add(struct mean *m, double v)
{
	if (isnan(v))
		return;
	m->sum += v;
	m->n++;
}

static double mean_of(const struct mean *m)
{
	return m->n > 0 ? m->sum / m->n : (double)NAN;
}

static double sum_of(const struct mean *m, int cards)
{
	return m->n == cards && cards > 0 ? m->sum : (double)NAN;
}

/* Adds 1 when it is so and 0 when not to a count that is absent as long as no card tells. */
static void count(double *n, bool tells, bool so)
{
	if (tells)
		*n = (isnan(*n) ? 0 : *n) + so;
}

/* What holds a card back. Its power cap is the usual end of hard work; heat is not, and a lowered cap need not be there. */
static void count_held(const struct gpu_card *c, struct ev_gpu_seen *out)
{
	bool power = !isnan(c->power_w) && c->cap_w > 0, heat = !isnan(c->temp_c) && c->crit_c > 0;
	bool at_cap = power && c->power_w >= AT_CAP * c->cap_w, too_hot = heat && c->temp_c >= c->crit_c;
	count(&out->throttled, power || heat, at_cap || too_hot);
	count(&out->hot, heat, too_hot);
	count(&out->lowered, power && c->cap_max_w > 0, at_cap && c->cap_w < LOWERED * c->cap_max_w);
}

bool gpu_fold(const struct gpu_card *cards, int n, struct ev_gpu_seen *out)
{
	struct mean busy = {0}, used = {0}, total = {0}, power = {0}, cap = {0}, clock = {0};
	*out = (struct ev_gpu_seen){.cards = n,
	        .temp_c = NAN,
	        .throttled = NAN,
	        .hot = NAN,
	        .lowered = NAN,
	        .power_part_w = NAN,
	        .sample = true};
	for (int i = 0; i < n; i++) {
		const struct gpu_card *c = &cards[i];
		out->stuck += c->stuck;
		if (c->stuck)
			continue;
		mean_add(&busy, c->busy);
		mean_add(&used, c->vram_used_gib);
		mean_add(&total, c->vram_total_gib);
		mean_add(&power, c->power_w);
		mean_add(&cap, c->cap_w > 0 ? c->cap_w : (double)NAN);
		mean_add(&clock, c->sclk_mhz);
		if (!isnan(c->temp_c) && !(out->temp_c >= c->temp_c))
			out->temp_c = c->temp_c;
		count_held(c, out);
	}
	out->busy = mean_of(&busy);
	out->vram_used_gib = mean_of(&used);
	out->vram_total_gib = mean_of(&total);
	out->power_w = sum_of(&power, n);
	out->power_cards = power.n;
	if (isnan(out->power_w) && power.n > 0)
		out->power_part_w = power.sum;
	out->cap_w = sum_of(&cap, n);
	out->clock_mhz = mean_of(&clock);
	return busy.n + used.n + total.n + power.n + clock.n > 0 || !isnan(out->temp_c);
}
