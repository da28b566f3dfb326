/* The keeper: a parent process that only holds the terminal settings and waits.
 *
 * The dashboard runs in its child. Whatever becomes of the child - exit, crash, kill -9 - the keeper restores the terminal,
 * and then shows what libraries printed while the screen was up. When the child wants to go on without a screen ("leave it
 * running") the keeper exits, so that the prompt returns. Call before any thread exists.
 */
#ifndef BENCHTOP_KEEPER_H
#define BENCHTOP_KEEPER_H
#include "../engine/base/err.h"
#include "term/term.h"

struct keeper {
	int fd;       /* child's end of the pipe to the keeper, -1 none */
	int stray_fd; /* where fds 1 and 2 point while the screen is up: a bounded file in memory; -1 none */
	struct term_shared *shared; /* tells the keeper what there is to restore */
};

/* Forks. Returns in the child with 0 and k filled; the parent never returns (it exits with the child's status). */
int keeper_start(struct keeper *k, struct err *e);
/* The child leaves the terminal for good: tells the keeper to print `sentence` and exit, starts a session of its own,
 * and points fds 0-2 at log_path (or /dev/null). */
void keeper_detach(struct keeper *k, const char *sentence, const char *log_path);

#endif
