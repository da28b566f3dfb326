/* What one line of a server's log says: SGLang 0.5.2 to 0.5.12, and the lines of vLLM and ATOM that matter.
 *
 * logline_parse() takes a line as text_clean() left it; its pointers point into that text. logline_split() and
 * logline_severity() take the bytes of the file. All of it is pure and knows nothing of files; any thread may call.
 * A missing number is NaN (or -1 for the whole ones), never 0.
 */
#ifndef BENCHTOP_LOGLINE_H
#define BENCHTOP_LOGLINE_H
#include "../event/event.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGLINE_JUDGED 4096 /* bytes of a line that its severity is found by */

enum log_kind {
	LOG_OTHER,
	LOG_PREFILL,   /* a prefill batch (SGLang, ATOM) */
	LOG_DECODE,    /* a round of decode steps */
	LOG_STATS,     /* vLLM's throughput line */
	LOG_HTTP,      /* an access line */
	LOG_PHASE,     /* a mark or the progress of a start or a stop */
	LOG_ARGS,      /* the server's arguments, its command line */
	LOG_JIT_START, /* aiter's builds */
	LOG_JIT_FINISH,
	LOG_JIT_WAIT,
	LOG_JIT_IMPORT, /* built earlier */
	LOG_ERROR,
	LOG_TRACE, /* the inner lines of a traceback */
	LOG_NOISE, /* known to mean nothing */
	log_kind_count
};

enum log_phase {
	LOGP_NONE,
	LOGP_START, /* command line, arguments, imports */
	LOGP_DIST,  /* ranks connect */
	LOGP_WEIGHTS,
	LOGP_KV,        /* KV pool */
	LOGP_GRAPHS,    /* graph capture */
	LOGP_SCHEDULER, /* schedulers are ready */
	LOGP_HTTP,      /* HTTP comes up; not ready yet */
	LOGP_WARMUP,
	LOGP_READY,
	LOGP_STOP, /* drains, shuts down */
	log_phase_count
};

struct log_figures {
	double running, queued, usage; /* usage of the KV pool, 0..1 */
	double gen_tps, input_tps;
	double accept_len, accept_rate;
	double new_seq, new_tokens, cached_tokens;
	int cuda_graph; /* 1, 0, -1 unknown */
};

struct log_line {
	enum log_kind kind;
	enum severity severity;
	bool fatal;     /* the server cannot go on after it */
	bool bar;       /* a progress bar */
	bool aiter;     /* said by aiter, which says much twice */
	bool own_tag;   /* by "[aiter]" itself, not through a logger */
	bool continued; /* without a prefix: belongs to the line before */
	int64_t time;   /* seconds as the log counts them, for differences only (line_stamp); -1 none */
	char clock[13]; /* "10:16:02" or "10:16:02.123"; empty none */
	char rank[20];  /* "TP0", "DP1 TP4", "APIServer"; empty none */
	const char *message;
	enum log_phase phase;
	int done, total; /* of a bar; -1 none */
	char left[12];   /* of a bar: "01:04" */
	struct log_figures f;
	char method[8], path[64]; /* LOG_HTTP */
	int status;
	char module[64]; /* LOG_JIT_*: what is built */
	double seconds;  /* LOG_JIT_FINISH */
};

void logline_parse(const char *text, struct log_line *out);
/* The line as the screen shows it: without time and rank, figures by name, the same order in every version. */
void logline_short(const struct log_line *l, char *out, size_t cap);
/* The words of a phase: "loading weights". */
const char *logline_phase(enum log_phase p);

/* The parts of one line of the file: progress bars end in '\r', and a message may follow one without any break. A bar that
 * another one follows is left out. Begins at *pos = 0; false when there are no more; *from and *len are the part. */
bool logline_split(const char *s, size_t len, size_t *pos, size_t *from, size_t *part_len);
/* The worst severity in a line of the file, by its first LOGLINE_JUDGED bytes; made for speed. */
enum severity logline_severity(const char *s, size_t len);

/* Used by the parser's own files and their tests. */
bool logline_figures(const char *message, struct log_line *l); /* logfigures.c: fills kind and f */
bool logline_progress(
        const char *message, struct log_line *l); /* logphase.c: fills kind, phase, bar, done, total, left */

#endif
