/* The end of a log file, kept as safe lines: follows growth, truncation and rotation by pread; never mmap.
 *
 * Owned by one thread (the UI for its log pane, the watcher for load figures). tail_poll reads at most max_bytes a call,
 * so it can be called once a frame. Lines are split at '\n' and '\r', cleaned (text_clean) and cut to TAIL_LINE bytes.
 */
#ifndef BENCHTOP_TAIL_H
#define BENCHTOP_TAIL_H
#include "../base/err.h"
#include "../event/event.h"
#include <stdint.h>

#define TAIL_LINES 512
#define TAIL_LINE  400

struct tail_line {
	char text[TAIL_LINE];
	enum severity severity; /* by the text (facts sglang B.5) */
	uint64_t number;        /* 1 = first line seen */
};

struct tail;
int tail_open(struct tail **out, const char *path,
        struct err *e); /* starts at most 64 KiB before the end; a missing file is followed until it appears */
void tail_close(struct tail *t);
/* Number of new lines. */
int tail_poll(struct tail *t, size_t max_bytes);
int tail_count(const struct tail *t);                                  /* lines held, <= TAIL_LINES */
const struct tail_line *tail_line(const struct tail *t, int from_end); /* 0 = newest; NULL beyond */
const char *tail_path(const struct tail *t);
int tail_errors(const struct tail *t);
int tail_warnings(const struct tail *t);

/* Figures of a Prefill/Decode batch line: true when it is one. NaN where absent. */
struct batch_line {
	bool decode;
	double running, queued, usage, gen_tps, accept_len, new_tokens, cached_tokens;
};
bool batch_line_parse(const char *line, struct batch_line *out);
/* Severity of a line by its text; known noise is information. */
enum severity line_severity(const char *line);
/* The server, or one of its processes, cannot go on after this line. */
bool line_is_fatal(const char *line);
/* A mark of a starting server: what it does, in words ("loading weights 49%"); false when the line is none. */
bool line_startup(const char *line, char *text, size_t cap);
/* Seconds of the "[YYYY-MM-DD HH:MM:SS" a line begins with, for differences only; false when it has none. */
bool line_stamp(const char *line, int64_t *seconds);

#endif
