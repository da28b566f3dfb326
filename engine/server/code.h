/* Which code is served: the source trees of sglang and aiter, their commit, what differs from it, and what is newer than
 * the server's start.
 *
 * Read from mounts that another user owns: git is run without a shell, without hooks, filters, pagers, locks and network,
 * with a configuration of our own, a deadline and bounded output; without git the commit is read from the files of .git.
 * What could not be looked at is "unknown", never "clean". Everything here blocks on disks: never call it during a load.
 */
#ifndef BENCHTOP_CODE_H
#define BENCHTOP_CODE_H
#include "../base/buf.h"
#include "../base/cancel.h"
#include "../event/scribe.h"
#include <stdbool.h>
#include <stdint.h>

#define CODE_TREES    2
#define CODE_DIFF_MAX ((size_t)1 << 20)

struct code_state { /* a tree */
	char name[16];
	char dir[256];   /* empty: not found */
	bool by_process; /* found through the server's process; else in one of the usual places */
	char commit[72]; /* hex, empty unknown */
	char branch[96]; /* empty: detached or unknown */
	bool detached, worktree, shallow;
	enum code_dirty dirty;
	int64_t files;     /* tracked files that differ from HEAD; -1 unknown */
	int64_t untracked; /* -1 unknown */
	bool more;         /* there are more of both than were counted */
	char note[240];    /* what could not be known, or is special */
	/* code_check_newer */
	char newest[240];       /* newest .py or .so, below dir */
	int64_t newest_wall_ns; /* 0: none, or not looked */
	bool changed;           /* newer than the set's since */
};

struct code_set {
	struct code_state tree[CODE_TREES];
	int n;                  /* 0: not looked */
	int64_t looked_wall_ns; /* when git was asked */
	int64_t since_wall_ns;  /* files newer than this were not what the server loaded */
	bool since_start;       /* since is the start of the server's process; else our first look */
	bool late;              /* looked after the server had started */
};

struct code_places {
	long pid;                /* the server's process, 0 unknown */
	const char *const *dirs; /* directories that hold the trees, ended by NULL; NULL: $BENCHTOP_CODE (with ':'
	                          * between), else the usual ones and the parents of the working directory */
};

/* Finds a tree: "sglang" or "aiter". False when it is nowhere. */
bool code_locate(const char *name, const struct code_places *places, char *dir, size_t cap, bool *by_process);
/* Looks at the tree in s->dir (name and dir are given); fills the rest but for `newest`. diff: NULL, or what gets the
 * difference from HEAD (create it with CODE_DIFF_MAX plus some; cut with a line that says so). */
void code_look(struct code_state *s, int64_t deadline_ms, struct cancel *cancel, struct buf *diff);
/* Locates both trees and looks at them, 20 s each at most. since_wall_ns: the start of the server's process, 0 unknown
 * (then now). late: it ran already when we came. diff_dir: NULL, or where code_NAME.diff of a dirty tree is written. */
void code_set_look(struct code_set *set, const struct code_places *places, int64_t since_wall_ns, bool late,
        const char *diff_dir, struct cancel *cancel);
/* Walks the trees for .py and .so newer than since; bounded in entries and time. True when `changed` of one flipped. */
bool code_set_check(struct code_set *set, struct cancel *cancel);
/* The newest .py or .so below dir: path and time, 0 when there is none. False when the walk was cut short. */
bool code_newest(const char *dir, int64_t deadline_ms, struct cancel *cancel, char *path, size_t cap, int64_t *wall_ns);
/* One tree as an event's body. */
void code_event(const struct code_set *set, int i, struct ev_code_seen *out);
/* One sentence about what changed since the server's start; false when nothing did. */
bool code_changed_text(const struct code_set *set, char *out, size_t cap);

/* A thread for the dashboard: looks when a server appears on the URL, then every few seconds whether its code changed;
 * emits code_seen. It costs less than half a percent of a core, and nothing while hushed. */
struct codewatch;
int codewatch_start(struct codewatch **out, struct scribe *s, struct err *e);
void codewatch_target(struct codewatch *w, const char *base_url);
/* A timed load runs: no disk is touched until it is false again. Returns when a look in progress has ended. NULL is
 * allowed, also below. */
void codewatch_hush(struct codewatch *w, bool hush);
void codewatch_stop(struct codewatch *w);

/* The same places and times for the server at a URL: its process and start are found. False: it runs elsewhere, or is
 * no program that serves these trees; nothing was looked at. */
bool code_set_look_url(struct code_set *set, const char *base_url, const char *diff_dir, struct cancel *cancel);

#endif
