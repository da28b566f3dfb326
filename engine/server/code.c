/* What git says of a tree, and the set of both trees. */
#include "code.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/text.h"
#include "code_int.h"
#include "instance.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STATUS_MAX  ((size_t)65536)
#define LOOK_MS     20000
#define WALK_MS     5000
#define AT_START    (15 * CLOCK_NS_PER_S) /* so soon nothing that counts has been edited */
#define CLOCK_SLACK (60 * CLOCK_NS_PER_S) /* a file from the future says nothing about now */

static void note(struct code_state *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct code_state *s, const char *fmt, ...)
{
	char text[480], more[200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(more, sizeof more, fmt, ap);
	va_end(ap);
	snprintf(text, sizeof text, "%s%s%s", s->note, s->note[0] ? "; " : "", more);
	text_copy(s->note, sizeof s->note, text);
}

static const char *why(enum git_end end, const struct git *g)
{
	switch (end) {
	case GIT_NONE:
		return "there is no git here";
	case GIT_TIMEOUT:
		return "git took too long";
	case GIT_FAILED:
		return "git was ended by a signal, or not started";
	case GIT_DONE:
		break;
	}
	return g->said[0] ? g->said : "git gave an error";
}

/* Filters of the repository's configuration are programs that `status` and `diff` would run: all are switched off. False
 * when that cannot be made sure. */
static bool list_filters(struct git *g, struct code_state *s)
{
	static const char *const args[] = {"config", "-z", "--name-only", "--get-regexp", "^filter\\.", NULL};
	struct buf b;
	buf_init(&b, STATUS_MAX);
	enum git_end end = git_run(g, args, &b);
	bool ok = end == GIT_DONE && !g->cut && (g->status == 0 || g->status == 1); /* 1: there is none */
	if (!ok)
		note(s, "not compared with HEAD: %s", why(end, g));
	const char *p = buf_text(&b), *stop = p + b.len;
	while (ok && p < stop) {
		size_t len = strlen(p);
		const char *last = strrchr(p, '.');
		if (len > 8 && last && last > p + 7) {
			char name[sizeof g->filter[0]];
			bool fits = (size_t)(last - p - 7) < sizeof name;
			snprintf(name, sizeof name, "%.*s", (int)(last - p - 7), p + 7);
			bool known = false;
			for (int i = 0; i < g->n_filters; i++)
				known = known || strcmp(g->filter[i], name) == 0;
			if (!fits || (!known && g->n_filters == GIT_FILTERS)) {
				note(s, "not compared with HEAD: its configuration has too many filters");
				ok = false;
			} else if (!known) {
				text_set(g->filter[g->n_filters++], sizeof name, name);
			}
		}
		p += len + 1;
	}
	buf_free(&b);
	return ok;
}

static void take_header(struct code_state *s, const char *line)
{
	if (strncmp(line, "# branch.oid ", 13) == 0) {
		if (strspn(line + 13, "0123456789abcdef") == strlen(line + 13))
			text_set(s->commit, sizeof s->commit, line + 13);
	} else if (strncmp(line, "# branch.head ", 14) == 0) {
		s->detached = strcmp(line + 14, "(detached)") == 0;
		text_copy(s->branch, sizeof s->branch, s->detached ? "" : line + 14);
	}
}

/* "--porcelain=v2 -z": tokens with NUL between. The names of untracked files go in front of the diff. */
static void take_status(struct code_state *s, const struct buf *b, bool cut, struct buf *diff)
{
	const char *p = buf_text(b), *stop = p + b->len;
	s->files = s->untracked = 0;
	while (p < stop) {
		size_t len = strlen(p);
		if (cut && p + len >= stop)
			break; /* half a token */
		if (p[0] == '#') {
			take_header(s, p);
		} else if (p[0] == '1' || p[0] == '2' || p[0] == 'u') {
			s->files++;
		} else if (p[0] == '?') {
			char name[400];
			s->untracked++;
			text_copy(name, sizeof name, p + 1);
			if (diff && diff->len < CODE_DIFF_MAX / 4)
				buf_printf(diff, "# untracked:%s\n", name);
		}
		p += len + 1;
	}
	s->more = cut;
	s->dirty = s->files > 0 || s->untracked > 0 || cut ? CODE_DIRTY : CODE_CLEAN;
}

static void take_diff(struct git *g, struct code_state *s, struct buf *diff)
{
	static const char *const args[] = {"diff", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short",
	        "--ignore-submodules=dirty", "--no-renames", "HEAD", "--", NULL};
	struct buf b;
	buf_init(&b, diff->max - diff->len > 4096 ? diff->max - diff->len - 4096 : 0);
	enum git_end end = git_run(g, args, &b);
	buf_add(diff, buf_text(&b), b.len);
	if (end != GIT_DONE || g->status != 0) {
		buf_printf(diff, "\n# not whole: %s\n", why(end, g));
		note(s, "its diff is not whole: %s", why(end, g));
	} else if (g->cut) {
		buf_printf(diff, "\n# cut here: the difference is longer than %zu bytes\n", CODE_DIFF_MAX);
		note(s, "its diff was cut at %zu bytes", CODE_DIFF_MAX);
	}
	buf_free(&b);
}

void code_look(struct code_state *s, int64_t deadline_ms, struct cancel *cancel, struct buf *diff)
{
	static const char *const status[] = {"status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal",
	        "--ignore-submodules=dirty", "--no-renames", NULL};
	struct stat st;
	char path[300];
	s->dirty = CODE_UNKNOWN;
	s->files = s->untracked = -1;
	if (!git_read_head(s->dir, s)) {
		note(s, "not a git repository");
		return;
	}
	struct git *g = calloc(1, sizeof *g);
	struct buf b;
	buf_init(&b, STATUS_MAX);
	if (g) {
		g->dir = s->dir;
		g->cancel = cancel;
		g->deadline_ns = clock_mono_ns() + deadline_ms * CLOCK_NS_PER_MS;
	}
	if (g && list_filters(g, s)) {
		enum git_end end = git_run(g, status, &b);
		if (end == GIT_DONE && (g->status == 0 || g->cut)) {
			take_status(s, &b, g->cut, diff);
			if (s->files > 0 && diff && s->commit[0])
				take_diff(g, s, diff);
		} else {
			note(s, "not compared with HEAD: %s", why(end, g));
		}
	}
	if (!s->commit[0])
		note(s, "its commit could not be read");
	if (s->worktree)
		note(s, "a worktree");
	if (s->shallow)
		note(s, "a shallow clone");
	if (path_join(path, sizeof path, s->dir, ".gitmodules") && stat(path, &st) == 0)
		note(s, "changes inside of submodules are not seen");
	buf_free(&b);
	free(g);
}

/* ---- both trees ---- */

static void write_diff(struct code_state *s, const char *diff_dir, const struct buf *diff)
{
	char path[600], name[40];
	struct buf whole;
	struct err e = {0};
	if (s->dirty != CODE_DIRTY || diff->len == 0)
		return;
	snprintf(name, sizeof name, "code_%s.diff", s->name);
	buf_init(&whole, diff->len + 4096);
	buf_printf(&whole, "# %s in %s, against %s\n", s->name, s->dir, s->commit[0] ? s->commit : "an unknown commit");
	buf_add(&whole, buf_text(diff), diff->len);
	if (!path_join(path, sizeof path, diff_dir, name) || whole.failed ||
	        file_write_atomic(path, buf_text(&whole), whole.len, &e) < 0)
		note(s, "its diff was not kept: %.120s", e.text);
	buf_free(&whole);
}

void code_set_look(struct code_set *set, const struct code_places *places, int64_t since_wall_ns, bool late,
        const char *diff_dir, struct cancel *cancel)
{
	static const char *const names[CODE_TREES] = {"sglang", "aiter"};
	*set = (struct code_set){.n = CODE_TREES, .looked_wall_ns = clock_wall_ns(), .late = late};
	set->since_start = since_wall_ns > 0;
	set->since_wall_ns = set->since_start ? since_wall_ns : set->looked_wall_ns;
	for (int i = 0; i < CODE_TREES; i++) {
		struct code_state *s = &set->tree[i];
		struct buf diff;
		s->files = s->untracked = -1;
		text_set(s->name, sizeof s->name, names[i]);
		if (!code_locate(names[i], places, s->dir, sizeof s->dir, &s->by_process)) {
			s->dir[0] = '\0';
			note(s, "not found");
			continue;
		}
		if (!s->by_process)
			note(s, "found by its place, not through the server's process");
		buf_init(&diff, CODE_DIFF_MAX + 8192);
		code_look(s, LOOK_MS, cancel, diff_dir ? &diff : NULL);
		if (diff_dir)
			write_diff(s, diff_dir, &diff);
		buf_free(&diff);
	}
	code_set_check(set, cancel);
}

bool code_set_check(struct code_set *set, struct cancel *cancel)
{
	bool flipped = false;
	for (int i = 0; i < set->n; i++) {
		struct code_state *s = &set->tree[i];
		char path[sizeof s->newest];
		int64_t ns;
		if (!s->dir[0])
			continue;
		code_newest(s->dir, WALK_MS, cancel, path, sizeof path, &ns);
		/* A walk that was cut short may have missed what an earlier one saw. */
		if (ns == 0 || ns < s->newest_wall_ns || ns > clock_wall_ns() + CLOCK_SLACK)
			continue;
		s->newest_wall_ns = ns;
		text_set(s->newest, sizeof s->newest, path);
		bool changed = ns > set->since_wall_ns;
		flipped = flipped || changed != s->changed;
		s->changed = changed;
	}
	return flipped;
}

bool code_set_look_url(struct code_set *set, const char *base_url, const char *diff_dir, struct cancel *cancel)
{
	struct instance in;
	const char *given = getenv("BENCHTOP_CODE");
	set->n = 0;
	instance_find(NULL, base_url, &in);
	bool seen = in.state == INSTANCE_LISTENING || in.state == INSTANCE_STARTING;
	if (in.state == INSTANCE_REMOTE || in.state == INSTANCE_NONE)
		return false;
	if (!(given && *given) && seen && !process_is_server(NULL, &in.process))
		return false;
	struct code_places places = {.pid = seen ? in.process.pid : 0};
	bool late = !in.ours || in.begun_wall_ns == 0 || clock_wall_ns() - in.begun_wall_ns > AT_START;
	code_set_look(set, &places, in.begun_wall_ns, late, diff_dir, cancel);
	return true;
}

void code_event(const struct code_set *set, int i, struct ev_code_seen *out)
{
	const struct code_state *s = &set->tree[i];
	memset(out, 0, sizeof *out);
	text_copy(out->name, sizeof out->name, s->name);
	text_copy(out->dir, sizeof out->dir, s->dir);
	text_copy(out->commit, sizeof out->commit, s->commit);
	text_copy(out->branch, sizeof out->branch, s->branch);
	out->dirty = s->dirty;
	out->files = s->files > 0 ? s->files : 0;
	out->untracked = s->untracked > 0 ? s->untracked : 0;
	out->late = set->late;
	out->changed = s->changed;
	text_copy(out->newest, sizeof out->newest, s->newest);
	out->newest_wall_ns = s->newest_wall_ns;
	text_copy(out->note, sizeof out->note, s->note);
}

bool code_changed_text(const struct code_set *set, char *out, size_t cap)
{
	for (int i = 0; i < set->n; i++) {
		const struct code_state *s = &set->tree[i];
		char hms[9], text[400];
		if (!s->changed)
			continue;
		clock_hms(s->newest_wall_ns, hms);
		snprintf(text, sizeof text, "code changed since %s: %s %s at %s",
		        set->since_start ? "the server's start" : "the run's begin", s->name, s->newest, hms);
		text_copy(out, cap, text);
		return true;
	}
	return false;
}
