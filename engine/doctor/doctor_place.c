/* Where things are kept: can the results directory be written, how fast, on what; and the cache. */
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "../run/rundir.h"
#include "doctor_int.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MIB         (1024.0 * 1024.0)
#define FREE_LITTLE (1024 * MIB) /* a sweep with its prompts as text may need that */
#define FREE_LEAST  (50 * MIB)
#define SYNC_SLOW   200 /* ms */
#define FS_OVERLAY  0x794c7630
#define FS_TMPFS    0x01021994

bool doctor_existing(const char *dir, char *out, size_t cap)
{
	if (!text_set(out, cap, dir[0] ? dir : "."))
		return false;
	while (access(out, F_OK) != 0) {
		char *slash = strrchr(out, '/');
		if (errno != ENOENT)
			return true; /* it is in the way: whoever writes there will say how */
		if (!slash)
			return text_set(out, cap, ".");
		if (slash == out) {
			out[1] = '\0';
			return access(out, F_OK) == 0;
		}
		*slash = '\0';
	}
	return true;
}

/* A small file is written, synced and removed. 0 with the time, or an errno. */
static int try_write(const char *dir, double *sync_ms)
{
	char path[700], block[4096] = "";
	int n = snprintf(path, sizeof path, "%s/.benchtop-doctor-XXXXXX", dir);
	int fd = n > 0 && n < (int)sizeof path ? mkostemp(path, O_CLOEXEC) : -1;
	int failed = 0;

	if (fd < 0)
		return errno ? errno : ENAMETOOLONG;
	int64_t begin = clock_mono_ns();
	ssize_t wrote = write(fd, block, sizeof block);
	if (wrote != (ssize_t)sizeof block)
		failed = wrote < 0 ? errno : ENOSPC;
	if (!failed && fsync(fd))
		failed = errno;
	*sync_ms = (double)(clock_mono_ns() - begin) / 1e6;
	if (unlink(path) && !failed)
		failed = errno;
	close(fd);
	return failed;
}

static void say_kind(const char *dir, struct doctor_report *r)
{
	struct statfs fs;

	if (statfs(dir, &fs))
		return;
	if ((unsigned long)fs.f_type == FS_OVERLAY)
		doctor_say(r, "results", DOCTOR_NOTE,
		        "it lies in the container's own layer and is gone with the container: name a mounted directory by --results-dir or BENCHTOP_RESULTS");
	else if ((unsigned long)fs.f_type == FS_TMPFS)
		doctor_say(r, "results", DOCTOR_NOTE,
		        "it lies in memory (tmpfs) and is gone after a restart: name another directory by --results-dir or BENCHTOP_RESULTS");
}

static void say_alive(const char *dir, struct doctor_report *r)
{
	char alive[512];
	long pid = 0;

	if (rundir_find_alive(dir, alive, sizeof alive, &pid))
		doctor_say(r, "results", DOCTOR_NOTE,
		        "a run is alive in %s (pid %ld): two at a time measure each other; benchtop follows it", alive,
		        pid);
}

void doctor_results(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	const char *dir = s->settings.results_dir;
	const char *remedy = "name another directory by --results-dir or BENCHTOP_RESULTS";
	char place[600], real[600];
	struct statvfs vfs;
	double sync_ms = 0;
	(void)which;

	int failed = doctor_existing(dir, place, sizeof place) ? try_write(place, &sync_ms) : ENOENT;
	if (failed) {
		doctor_say(r, "results", DOCTOR_PROBLEM, "%s cannot be written (%s): %s", dir, strerror(failed),
		        failed == ENOSPC ? "make room" : remedy);
		return;
	}
	char *whole = realpath(place, NULL);
	text_copy(real, sizeof real, whole ? whole : place);
	free(whole);
	double room = statvfs(place, &vfs) == 0 ? (double)vfs.f_bavail * (double)vfs.f_frsize : FREE_LITTLE;
	const char *made = strcmp(place, dir[0] ? dir : ".") == 0 ? "" : "; the directory will be made";
	enum doctor_verdict v = room < FREE_LEAST                           ? DOCTOR_PROBLEM
	                        : room < FREE_LITTLE || sync_ms > SYNC_SLOW ? DOCTOR_NOTE
	                                                                    : DOCTOR_OK;
	doctor_say(r, "results", v, "%s can be written, %.1f GiB free, a write is on disk in %.1f ms%s%s%s",
	        made[0] ? dir : real, room / MIB / 1024, sync_ms, made,
	        room < FREE_LITTLE ? ": little room, clear some" : "",
	        sync_ms > SYNC_SLOW ? ": a slow disk; facts are kept in memory meanwhile" : "");
	say_kind(place, r);
	say_alive(dir[0] ? dir : ".", r);
}

void doctor_cache(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	const char *base = doctor_env(s, "XDG_CACHE_HOME"), *home = doctor_env(s, "HOME");
	char dir[600], place[600];
	(void)which;

	if (!base && !home) {
		doctor_say(r, "cache", DOCTOR_NOTE,
		        "HOME and XDG_CACHE_HOME are not set: the corpus and prompts are made anew for each run; export HOME=/root");
		return;
	}
	int n = base ? snprintf(dir, sizeof dir, "%s/benchtop", base)
	             : snprintf(dir, sizeof dir, "%s/.cache/benchtop", home);
	bool good = n > 0 && n < (int)sizeof dir && doctor_existing(dir, place, sizeof place) &&
	            access(place, W_OK | X_OK) == 0;
	if (good)
		doctor_say(r, "cache", DOCTOR_OK, "%s%s", dir,
		        strcmp(place, dir) == 0 ? "" : ", made when something is kept");
	else
		doctor_say(r, "cache", DOCTOR_NOTE,
		        "%s cannot be written: the corpus and prompts are made anew for each run; set XDG_CACHE_HOME to a directory that can",
		        dir);
}
