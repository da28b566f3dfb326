#include "startup.h"
#include "../base/text.h"
#include "../log/tail.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTTP_ENDS 0.98 /* nothing but ready is more */
#define OVERDUE   0.9  /* of a step that takes longer than last time */

static const struct {
	const char *word, *doing;
	double usual_s; /* a first guess at the shares, from a start of an 8-GPU node with warm caches */
} steps[STEP_count] = {
        [STEP_IMPORTS] = {"imports", "importing", 15},
        [STEP_RANKS] = {"ranks", "connecting the ranks", 57},
        [STEP_WEIGHTS] = {"weights", "loading weights", 138},
        [STEP_POOL] = {"pool", "allocating the KV pool", 5},
        [STEP_GRAPHS] = {"graphs", "capturing graphs", 97},
        [STEP_HTTP] = {"http", "HTTP is coming up", 2},
        [STEP_WARMUP] = {"warm-up", "warming up", 46},
        [STEP_READY] = {"ready", "fired up, /health is asked", 0},
};

/* Where a line stands in a start. */
static const struct {
	const char *mark;
	enum startup_step step;
} marks[] = {
        {"Init torch distributed begin", STEP_RANKS},
        {"Load weight begin", STEP_WEIGHTS},
        {"checkpoint shards:", STEP_WEIGHTS},
        {"loading shards:", STEP_WEIGHTS},
        {"Load weight end", STEP_POOL},
        {"KV Cache is allocated", STEP_POOL},
        {"Memory pool end", STEP_POOL},
        {"Capture cuda graph begin", STEP_GRAPHS},
        {"Capturing batches", STEP_GRAPHS},
        {"Capture cuda graph end", STEP_HTTP},
        {"max_total_num_tokens=", STEP_HTTP},
        {"Started server process", STEP_HTTP},
        {"Application startup complete", STEP_WARMUP},
        {"Uvicorn running on ", STEP_WARMUP},
        {"The server is fired up", STEP_READY},
};

const char *startup_step_word(enum startup_step step)
{
	return (unsigned)step < STEP_count ? steps[step].word : "?";
}

void startup_init(struct startup *s, const struct startup_history *history)
{
	memset(s, 0, sizeof *s);
	for (int i = 0; i < STEP_count; i++)
		s->entered_s[i] = NAN;
	s->entered_s[STEP_IMPORTS] = 0;
	if (history)
		s->history = *history;
}

/* ---- lines ---- */

static bool enter(struct startup *s, enum startup_step step, double at_s)
{
	if (step <= s->step) /* ranks tell the same again; a draft model loads and captures once more */
		return false;
	s->step = step;
	s->entered_s[step] = at_s;
	s->done = s->total = 0;
	return true;
}

/* "| 40/82 [": the counts of a bar. */
static bool bar_counts(const char *line, int *done, int *total)
{
	for (const char *p = line; (p = strstr(p, "| ")) != NULL; p += 2) {
		char *end, *end2;
		long a = strtol(p + 2, &end, 10);
		if (end == p + 2 || *end != '/')
			continue;
		long b = strtol(end + 1, &end2, 10);
		if (end2 != end + 1 && a >= 0 && b > 0 && a <= b && b < 1000000) {
			*done = (int)a;
			*total = (int)b;
			return true;
		}
	}
	return false;
}

static bool take_bar(struct startup *s, const char *line, double at_s)
{
	int done, total;
	enum startup_step step = strstr(line, "Capturing batches")                                       ? STEP_GRAPHS
	                         : strstr(line, "checkpoint shards:") || strstr(line, "loading shards:") ? STEP_WEIGHTS
	                                                                                                 : STEP_count;
	if (step != s->step || !bar_counts(line, &done, &total))
		return false;
	if (s->total == 0)
		s->bar_s = at_s;
	bool changed = done != s->done || total != s->total;
	s->done = done;
	s->total = total;
	return changed;
}

static bool bracketed(const char *line, const char *before, char *out, size_t cap)
{
	const char *name = strstr(line, before);
	const char *end = name ? strchr(name + strlen(before), ']') : NULL;
	if (!end)
		return false;
	name += strlen(before);
	snprintf(out, cap, "%.*s", (int)(end - name), name);
	return true;
}

/* JIT builds: told once by aiter and once more through the root logger. */
static bool take_build(struct startup *s, const char *line)
{
	char name[64];
	int at = 0;
	if (bracketed(line, "start build [", name, sizeof name)) {
		while (at < s->n_building && strcmp(s->building[at], name) != 0)
			at++;
		if (at < s->n_building || at == STARTUP_BUILDS)
			return false;
		text_set(s->building[s->n_building++], sizeof s->building[0], name);
		return true;
	}
	if (!bracketed(line, "finish build [", name, sizeof name))
		return false;
	while (at < s->n_building && strcmp(s->building[at], name) != 0)
		at++;
	if (at == s->n_building)
		return false;
	memmove(s->building[at], s->building[at + 1], (size_t)(s->n_building - at - 1) * sizeof s->building[0]);
	s->n_building--;
	s->n_built++;
	return true;
}

bool startup_line(struct startup *s, const char *line, double at_s)
{
	if (s->step == STEP_READY)
		return false;
	if (line[0])
		text_copy(s->last, sizeof s->last, line);
	bool changed = death_line(&s->death, line);
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (strstr(line, marks[i].mark))
			changed = enter(s, marks[i].step, at_s) || changed;
	changed = take_bar(s, line, at_s) || changed;
	return take_build(s, line) || changed;
}

void startup_ready(struct startup *s, double at_s)
{
	enter(s, STEP_READY, at_s);
}

/* ---- how far, how long ---- */

static double step_length(const struct startup *s, int step)
{
	return s->history.have ? s->history.step_s[step] : steps[step].usual_s;
}

/* Of the step in progress: by its bar, else by the clock. */
static double inside(const struct startup *s, double at_s)
{
	double length = step_length(s, (int)s->step);
	if (s->total > 0)
		return (double)s->done / s->total;
	double share = length > 0 ? (at_s - s->entered_s[s->step]) / length : 0;
	return share < 0 ? 0 : share > OVERDUE ? OVERDUE : share;
}

double startup_progress(struct startup *s, double at_s)
{
	double sum = 0, done = 0;
	if (s->step == STEP_READY)
		return s->shown = 1;
	for (int i = 0; i < STEP_READY; i++) {
		sum += step_length(s, i);
		if (i < (int)s->step)
			done += step_length(s, i);
	}
	done += step_length(s, (int)s->step) * inside(s, at_s);
	double p = sum > 0 ? done / sum : 0;
	p = p > HTTP_ENDS ? HTTP_ENDS : p;
	if (p > s->shown)
		s->shown = p;
	return s->shown;
}

double startup_eta(const struct startup *s, double at_s)
{
	double left = 0, in_step = at_s - s->entered_s[s->step];
	if (s->step == STEP_READY)
		return 0;
	if (!s->history.have)
		return NAN;
	for (int i = (int)s->step + 1; i < STEP_READY; i++)
		left += s->history.step_s[i];
	double here = s->history.step_s[s->step] - in_step, bar = s->total > 0 ? (double)s->done / s->total : 0;
	if (bar >= 0.1 && at_s > s->bar_s) /* its own pace is known by now */
		here = (at_s - s->bar_s) * (1 - bar) / bar;
	return left + (here > 0 ? here : 0);
}

double startup_step_s(const struct startup *s, double at_s)
{
	double in_step = at_s - s->entered_s[s->step];
	return in_step > 0 ? in_step : 0;
}

double startup_step_last_s(const struct startup *s)
{
	return s->history.have && s->step < STEP_READY ? s->history.step_s[s->step] : (double)NAN;
}

char *startup_words(const struct startup *s, char *out, size_t cap)
{
	char bar[32] = "", build[160] = "", built[32] = "";
	if (s->total > 0)
		snprintf(bar, sizeof bar, " %d/%d", s->done, s->total);
	if (s->n_built > 0)
		snprintf(built, sizeof built, " (%d built)", s->n_built);
	if (s->n_building == 1)
		snprintf(build, sizeof build, "; building %s%s", s->building[0], built);
	else if (s->n_building > 1)
		snprintf(build, sizeof build, "; building %s and %d more%s", s->building[0], s->n_building - 1, built);
	snprintf(out, cap, "%s%s%s", steps[s->step].doing, bar, build);
	return out;
}
