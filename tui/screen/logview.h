/* A window onto a log file: where it stands, how it shows the lines, and the moves that keys make.
 *
 * Owned by the UI thread. The owner opens a struct logfile, starts its thread, and a view on it; each frame it calls
 * logview_update() with the size of the lines' rectangle, then logview_draw() and logview_bar(), which change nothing
 * that can be seen. The moves work on the size of the last update.
 *
 * The row that keys work on is `cur`. The view follows the log while `cur` is the last row: moving up leaves off, End
 * resumes; there is no switch for it. Positions are offsets of rows' first bytes, so that they hold while the log grows.
 * A note is a sentence for the message line, empty when there is nothing to say.
 */
#ifndef BENCHTOP_LOGVIEW_H
#define BENCHTOP_LOGVIEW_H
#include "../../engine/log/logrows.h"
#include "../../engine/log/logsearch.h"
#include "../draw/canvas.h"
#include "../draw/layout.h"

#define LOGVIEW_MARKS 64
#define LOGVIEW_NOTE  160

struct logview {
	struct logfile *lf;                     /* the caller's */
	struct logrows *rows;                   /* its own */
	struct logsearch *light, *light_filter; /* colour what matches */
	bool follow;
	bool raw, wrap;
	int shift; /* columns to the right; not while wrapping */
	int64_t top, cur;
	char search[LOGSEARCH_PATTERN], filter[LOGSEARCH_PATTERN]; /* empty none */
	int64_t marks[LOGVIEW_MARKS];                              /* ascending */
	int n_marks;
	char note[LOGVIEW_NOTE];
	/* of the last update */
	struct logfile_facts facts;
	int height, width;
	bool empty; /* no row to show */
};

int logview_open(struct logview *v, struct logfile *lf, struct err *e);
void logview_close(struct logview *v);
/* Takes in what the log has become; true when something to be seen is new. */
bool logview_update(struct logview *v, int height, int width);

void logview_draw(struct canvas *c, struct rect r, const struct logview *v);
/* One line: name, line n of N, percent, hits, filter, errors and warnings, "following", "indexing 43 %". */
void logview_bar(struct canvas *c, int row, int col, int cols, const struct logview *v);

/* The same facts for a screen that says them its own way. Whole numbers, -1 unknown. */
struct logview_facts {
	bool following, missing;
	int64_t line, lines;
	int percent;            /* of the file, at `cur` */
	int indexed;            /* percent; 100 when complete */
	int64_t hits, matches;  /* of the search, of the filter; -1 without one */
	int searched, filtered; /* percent of the file that is looked through */
	int64_t errors, warnings;
};
void logview_facts(const struct logview *v, struct logview_facts *out);

void logview_move(struct logview *v, int rows); /* down, negative up */
void logview_page(struct logview *v, int pages);
void logview_home(struct logview *v);
void logview_end(struct logview *v);
void logview_next(struct logview *v, int dir, enum log_what what); /* hit, error, warning */
void logview_next_mark(struct logview *v, int dir);
void logview_mark(struct logview *v);   /* sets one at `cur`, or takes it away */
void logview_unfold(struct logview *v); /* the row at `cur`, or folds it again */
void logview_raw(struct logview *v);    /* raw or short */
void logview_wrap(struct logview *v);
void logview_shift(struct logview *v, int columns);
/* A pattern from the prompt; "" takes it away. ERR_USAGE with the sentence for the prompt; nothing changes then. */
int logview_search(struct logview *v, const char *pattern, struct err *e);
int logview_filter(struct logview *v, const char *pattern, struct err *e);
void logview_goto_line(struct logview *v, int64_t line);
void logview_goto_time(struct logview *v, int64_t wall_ns); /* the moment of a CONC */

/* Columns of a row's text, and the lines that it takes on the screen; shared by the view's two files. */
int logview_text_col(int width);
int logview_row_height(const struct logview *v, const struct log_row *row);

#endif
