/* Everything that a run needs, looked at before it: `benchtop doctor`.
 *
 * A check belongs to a topic and is a verdict with a sentence that names the thing, its value and, when something is wrong,
 * the remedy. The topics run side by side, each in a thread of its own, and all of them together within a limit: a server, a
 * board or a file of a driver that hangs costs its own topic alone. Nothing is changed but a temporary file in the results
 * directory, removed at once. No sentence holds a secret. The terminal is looked at by the caller.
 */
#ifndef BENCHTOP_DOCTOR_H
#define BENCHTOP_DOCTOR_H
#include "../base/cancel.h"
#include "../plan/settings.h"

#define DOCTOR_CHECKS   64
#define DOCTOR_LIMIT_MS 8000

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_NOTE,    /* a run is possible; worth knowing */
	DOCTOR_PROBLEM, /* a run would fail, or would not be what was asked for */
};

struct doctor_check {
	char topic[16];
	enum doctor_verdict verdict;
	char text[512]; /* cleaned */
};

struct doctor_report {
	struct doctor_check checks[DOCTOR_CHECKS];
	int n;
};

/* What is looked at, and where. Plain data; what get, proc and sysfs point to must live as long as the process. */
struct doctor_scene {
	struct settings settings; /* after settings_check */
	char settings_wrong[512]; /* what that said; empty = nothing */
	struct secrets secrets;
	struct track track;
	settings_getenv get;
	void *ctx;
	const char *proc;      /* NULL = "/proc" */
	const char *sysfs;     /* NULL = $BENCHTOP_SYSFS for GPUs, else "/sys" */
	struct cancel *cancel; /* set by doctor_run */
};

const char *doctor_verdict_word(enum doctor_verdict v); /* "ok", "note", "problem" */
/* Adds a check; what does not fit in the report is left out. */
void doctor_say(struct doctor_report *r, const char *topic, enum doctor_verdict v, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* All topics, in a fixed order, within limit_ms and a second and a half. What gave no answer is a problem that says so; its
 * thread is left behind. curl_global_init is the caller's. 0 or ERR_NOMEM. */
int doctor_run(const struct doctor_scene *scene, int64_t limit_ms, struct doctor_report *out, struct err *e);
int doctor_count(const struct doctor_report *r, enum doctor_verdict v);
/* "ready to run", "2 problems: server, corpus". Returns out. */
char *doctor_summary(const struct doctor_report *r, char *out, size_t cap);

#endif
