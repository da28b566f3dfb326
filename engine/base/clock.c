#include "clock.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t clock_read(clockid_t id)
{
	struct timespec ts = {0};
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * CLOCK_NS_PER_S + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_thread_cpu_ns(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

/* Nanoseconds of an int64 end in the year 2262, so the year always has four digits. */
static struct tm clock_local(int64_t wall_ns)
{
	time_t t = (time_t)(wall_ns / CLOCK_NS_PER_S);
	if (wall_ns % CLOCK_NS_PER_S < 0)
		t--;
	struct tm tm = {.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
	localtime_r(&t, &tm);
	return tm;
}

void clock_stamp(int64_t wall_ns, char out[16])
{
	struct tm tm = clock_local(wall_ns);
	if (strftime(out, 16, "%Y%m%d_%H%M%S", &tm) == 0)
		out[0] = '\0';
}

void clock_hms(int64_t wall_ns, char out[9])
{
	struct tm tm = clock_local(wall_ns);
	if (strftime(out, 9, "%H:%M:%S", &tm) == 0)
		out[0] = '\0';
}

void clock_ctime(int64_t wall_ns, char out[26])
{
	struct tm tm = clock_local(wall_ns);
	char text[64];
	/* asctime, unlike strftime's %a and %b, is English whatever the locale. */
	if (!asctime_r(&tm, text))
		text[0] = '\0';
	size_t n = strcspn(text, "\n");
	if (n > 25)
		n = 25;
	memcpy(out, text, n);
	out[n] = '\0';
}

char *clock_duration(double seconds, char out[16])
{
	if (!isfinite(seconds) || seconds < 0 || seconds > 1e9) {
		memcpy(out, "-", 2);
		return out;
	}
	unsigned s = (unsigned)lround(seconds);
	if (s < 60)
		snprintf(out, 16, "%us", s);
	else if (s < 3600)
		snprintf(out, 16, "%um%02u", s / 60, s % 60);
	else if (s < 100 * 3600)
		snprintf(out, 16, "%uh%02um", s / 3600, s / 60 % 60);
	else
		snprintf(out, 16, "%ud%02uh", s / 86400, s / 3600 % 24);
	return out;
}
