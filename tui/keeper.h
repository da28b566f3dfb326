/* The keeper: a parent process that only holds the terminal settings and waits.
 *
 * The dashboard runs in its child. Whatever becomes of the child - exit, crash, kill -9 - the keeper restores the terminal;
 * when the child wants to go on without a screen ("leave it running") the keeper exits, so that the prompt returns.
 * Call before any thread exists.
 */
#ifndef BENCHTOP_KEEPER_H
#define BENCHTOP_KEEPER_H
#include "../engine/base/err.h"

struct keeper {
	int fd; /* child's end of the pipe to the keeper, -1 none */
};

/* Forks. Returns in the child with 0 and k filled; the parent never returns (it exits with the child's status). */
int keeper_start(struct keeper *k, struct err *e);
/* The child closed the screen itself: nothing is left to restore but the line settings. */
void keeper_closed(struct keeper *k);
/* The child leaves the terminal for good: tells the keeper to print `sentence` and exit, starts a session of its own,
 * and points fds 0-2 at log_path (or /dev/null). */
void keeper_detach(struct keeper *k, const char *sentence, const char *log_path);

#endif
