/* Inside of code.*: running git, and reading its files by hand. Nobody else includes it. */
#ifndef BENCHTOP_CODE_INT_H
#define BENCHTOP_CODE_INT_H
#include "code.h"

enum git_end {
	GIT_DONE,    /* it ended; see status */
	GIT_NONE,    /* there is no git */
	GIT_TIMEOUT, /* killed: the time was over, or the user stopped it */
	GIT_FAILED,  /* it could not be started, or a signal ended it */
};

#define GIT_FILTERS 32

struct git {
	const char *dir;
	int64_t deadline_ns; /* monotonic */
	struct cancel *cancel;
	char filter[GIT_FILTERS][64]; /* filters of the repository's configuration, which are not to run */
	int n_filters;
	/* of the last command */
	int status;
	bool cut;       /* the output was longer than out->max: the rest was dropped */
	char said[200]; /* the first line of its complaints, cleaned */
};

/* Runs git with these arguments (ended by NULL) in g->dir; what it prints goes to out, bounded. */
enum git_end git_run(struct git *g, const char *const *args, struct buf *out);

/* HEAD by hand: commit, branch, detached, worktree, shallow. False when dir is no repository; commit may be empty. */
bool git_read_head(const char *dir, struct code_state *s);

#endif
