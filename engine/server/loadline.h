/* The server's load as its log tells it: the newest batch line of each data-parallel rank, added up. One thread. */
#ifndef BENCHTOP_LOADLINE_H
#define BENCHTOP_LOADLINE_H
#include "../event/event.h"
#include "../log/tail.h"

#define LOAD_RANKS 16

struct load_rank {
	struct batch_line line; /* gen_tps NaN when it is not to be believed */
	int64_t seen_ns;        /* when it came; 0 = never */
	int64_t gen_ns;         /* when gen_tps came */
	bool decoded;           /* last_s and every_s are valid */
	int64_t last_s;         /* time of the last decode line, by its stamp */
	int64_t every_s;        /* between the last two */
};

/* A sum over the last ten pieces of time. */
#define LOAD_PIECES 10
struct load_window {
	int64_t piece[LOAD_PIECES]; /* number since the clock began, plus one; 0 = none */
	double sum[LOAD_PIECES];
};

struct load_view {
	struct load_rank ranks[LOAD_RANKS];
	struct load_window cached;    /* tokens, seconds */
	struct load_window retracted; /* requests, pieces of 6 s */
	bool shown;                   /* figures were given out since they were last absent */
};

/* Takes a line: of a batch, or of requests that were retracted; others say nothing. live: it was written just now (else it only prepares the judgement of later ones). The first
 * throughput after a silence spans the silence and is dropped. */
void load_view_take(struct load_view *v, const char *text, int64_t now_ns, bool live);
/* How many requests a line says that were retracted, the KV pool being full; -1: it is no such line. */
int64_t load_retracted(const char *line);
/* Fills out; false when there is nothing to say: no fresh line, and absence was told already. */
bool load_view_read(struct load_view *v, int64_t now_ns, struct ev_server_load *out);

#endif
