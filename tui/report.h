/* Reports without a screen: plain lines (one fact a line, good in a log file and for a screen reader) or JSON lines.
 *
 * Both fold the same events as the dashboard. Not thread-safe. Output errors are remembered, not fatal: a closed pipe must
 * not end a measurement.
 */
#ifndef BENCHTOP_REPORT_H
#define BENCHTOP_REPORT_H
#include "../engine/event/board.h"
#include <stdio.h>

struct report {
	FILE *out;
	bool json;
	struct board *board;      /* owned */
	int64_t last_progress_ns; /* mono time of the last progress line */
	bool broken;              /* output failed once: nothing more is written */
};

int report_open(struct report *r, FILE *out, bool json, struct err *e);
void report_event(struct report *r, const struct event *ev);
void report_close(struct report *r);

#endif
