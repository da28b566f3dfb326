/* Reads finished runs for the screens of results: in a thread of its own, so that no key waits for a disk.
 *
 * The UI thread gives orders and takes answers; what an answer holds was made for it and belongs to whoever took it. A shelf
 * is shared between the screen that shows it and the thread that looks up histories in it; it never changes, and the last of
 * them to let go frees it. One order is carried out at a time, in order; the thread has the lowest priority, for a load may
 * be running.
 */
#ifndef BENCHTOP_READER_H
#define BENCHTOP_READER_H
#include "../engine/shelf/compare.h"
#include "../engine/shelf/shelf.h"
#include <stdatomic.h>

enum reader_job {
	READER_SCAN,    /* the runs below `path` */
	READER_OPEN,    /* one run, and (other not empty) a second one, for the curve */
	READER_COMPARE, /* path = the new side, other = the old one */
	READER_PIN,     /* path as the reference of the dashboard */
};

struct reader_order {
	enum reader_job job;
	int tag; /* comes back with the answer */
	char path[512], other[512];
};

struct reader_shelf {
	atomic_int users;
	struct shelf *shelf;
};

struct reader_answer {
	struct reader_order order;
	struct err error;              /* code 0: it worked */
	struct reader_shelf *shelf;    /* SCAN */
	struct shelf_run *run, *other; /* OPEN; other NULL when it was not asked for, or could not be read */
	struct compare_side *a, *b;    /* COMPARE: a = other, b = path */
	struct compare_result *result; /* COMPARE */
	struct compare_ref *ref;       /* PIN */
};

struct reader;

int reader_start(struct reader **out, struct err *e);
/* An order of the same job that still waits is replaced. False: too many wait (never with one of each job). */
bool reader_order(struct reader *r, const struct reader_order *o);
/* To poll for reading; then take until false. */
int reader_fd(const struct reader *r);
bool reader_take(struct reader *r, struct reader_answer *out);
/* Frees what is still in it: pointers that the taker kept are set to NULL before. */
void reader_answer_free(struct reader_answer *a);
void reader_shelf_drop(struct reader_shelf *s); /* NULL is allowed */
/* Breaks a scan off, waits for the order in progress, frees what nobody took. NULL is allowed. */
void reader_stop(struct reader *r);

#endif
