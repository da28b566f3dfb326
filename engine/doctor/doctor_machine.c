/* The machine that the client runs on: is there room for it beside everything else, and can it tell the time. */
#include "../base/clock.h"
#include "../load/load.h"
#include "doctor_int.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BUSY         0.9 /* load average a CPU */
#define MEMORY_NOTE  1.0 /* GiB */
#define MEMORY_LEAST 0.125
#define CLOCK_READS  2000
#define CLOCK_SLOW   500                 /* ns */
#define YEAR_2024    INT64_C(1704067200) /* s since the epoch */

static const char *proc_of(const struct doctor_scene *s)
{
	return s->proc ? s->proc : "/proc";
}

static const char *sys_of(const struct doctor_scene *s)
{
	return s->sysfs ? s->sysfs : "/sys";
}

/* CPUs worth of time that the container may use; 0 = no limit. */
static double quota(const struct doctor_scene *s)
{
	char line[80];
	double max, period;

	if (!doctor_line(sys_of(s), "fs/cgroup/cpu.max", line, sizeof line) ||
	        sscanf(line, "%lf %lf", &max, &period) != 2 || !(period > 0))
		return 0;
	return max / period;
}

static void say_cpu(const struct doctor_scene *s, struct doctor_report *r)
{
	char governor[32] = "", line[80], words[160] = "";
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	double load = -1, limit = quota(s);
	cpu_set_t set;
	size_t at = 0;

	int mine = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)online;
	if (doctor_line(proc_of(s), "loadavg", line, sizeof line))
		load = strtod(line, NULL);
	doctor_line(sys_of(s), "devices/system/cpu/cpu0/cpufreq/scaling_governor", governor, sizeof governor);
	if (mine < online)
		at += (size_t)snprintf(words + at, sizeof words - at, " of %ld", online);
	if (limit > 0)
		at += (size_t)snprintf(words + at, sizeof words - at, ", container limit %.1f", limit);
	if (governor[0])
		at += (size_t)snprintf(words + at, sizeof words - at, ", governor %s", governor);
	if (load >= 0)
		snprintf(words + at, sizeof words - at, ", load average %.1f", load);
	doctor_say(r, "cpu", DOCTOR_OK, "%d CPU%s%s", mine, mine == 1 ? "" : "s", words);
	if (mine == 1 || (limit > 0 && limit < 1.5))
		doctor_say(r, "cpu", DOCTOR_NOTE,
		        "the client shares one CPU with everything else that runs here: its own delays get into TTFT; widen taskset or the container's limit");
	if (governor[0] && strcmp(governor, "performance") != 0)
		doctor_say(r, "cpu", DOCTOR_NOTE,
		        "the governor is %s: a CPU that has to speed up first adds to TTFT; cpupower frequency-set -g performance (on the host)",
		        governor);
	if (online > 0 && load > BUSY * (double)online)
		doctor_say(r, "cpu", DOCTOR_NOTE,
		        "load average %.1f on %ld CPUs: other work delays the client; benchtop doctor --client tells by how much",
		        load, online);
}

static void say_memory(const struct doctor_scene *s, struct doctor_report *r)
{
	char path[300], text[2048];
	int fd;
	ssize_t n = -1;

	snprintf(path, sizeof path, "%s/meminfo", proc_of(s));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		n = read(fd, text, sizeof text - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	const char *at = strstr(text, "MemAvailable:");
	if (!at)
		return;
	double gib = strtod(at + strlen("MemAvailable:"), NULL) / 1024 / 1024;
	if (gib < MEMORY_NOTE)
		doctor_say(r, "memory", gib < MEMORY_LEAST ? DOCTOR_PROBLEM : DOCTOR_NOTE,
		        "only %.2f GiB are available: end something, else a run may be killed", gib);
	else
		doctor_say(r, "memory", DOCTOR_OK, "%.1f GiB available", gib);
}

static void say_files(const struct doctor_scene *s, struct doctor_report *r)
{
	struct rlimit lim;
	int need = doctor_conc(s) + LOAD_SPARE_FDS;

	if (getrlimit(RLIMIT_NOFILE, &lim))
		return;
	if (lim.rlim_max != RLIM_INFINITY && lim.rlim_max < (rlim_t)need)
		doctor_say(r, "files", DOCTOR_PROBLEM,
		        "%llu open files are allowed, CONC %d needs %d: raise ulimit -n (docker run --ulimit nofile=65536)",
		        (unsigned long long)lim.rlim_max, doctor_conc(s), need);
	else
		doctor_say(r, "files", DOCTOR_OK, "open files: %llu allowed, CONC %d needs %d",
		        (unsigned long long)(lim.rlim_cur < (rlim_t)need ? lim.rlim_max : lim.rlim_cur), doctor_conc(s),
		        need);
}

static void say_clock(const struct doctor_scene *s, struct doctor_report *r)
{
	char source[32] = "unknown";

	doctor_line(sys_of(s), "devices/system/clocksource/clocksource0/current_clocksource", source, sizeof source);
	int64_t best = INT64_MAX;
	for (int round = 0; round < 5; round++) { /* the best of five: not what else ran */
		int64_t begin = clock_mono_ns();
		for (int i = 0; i < CLOCK_READS; i++)
			clock_mono_ns();
		int64_t each = (clock_mono_ns() - begin) / CLOCK_READS;
		best = each < best ? each : best;
	}
	if (best > CLOCK_SLOW)
		doctor_say(r, "clock", DOCTOR_NOTE,
		        "%s: reading the clock takes %lld ns, and each token takes one; tsc is faster where the host allows it",
		        source, (long long)best);
	else
		doctor_say(r, "clock", DOCTOR_OK, "%s, read in %lld ns", source, (long long)best);
	if (clock_wall_ns() / CLOCK_NS_PER_S < YEAR_2024)
		doctor_say(r, "clock", DOCTOR_NOTE,
		        "the date is before 2024: runs are named by it and sorted by it; set the host's clock");
}

void doctor_machine(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	(void)which;
	say_cpu(s, r);
	say_memory(s, r);
	say_files(s, r);
	say_clock(s, r);
}
