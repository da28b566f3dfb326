/* faults: what goes wrong, and when. Parsed from --fault WHAT[@n=K,p=P,after=S,for=S].
 *
 * Called by main (parsing) and by every module that can misbehave: faults_draw once for each request
 * of a class gives the set of faults it shall show. `after` and `for` are real seconds since the start,
 * not divided by --time-scale. n counts the requests of the fault's class inside the time window. */
#ifndef BENCHTOP_SIM_FAULTS_H
#define BENCHTOP_SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* name on the command line, symbol, class of requests it applies to */
#define SIM_FAULTS(X)                                                                                                  \
	X("refuse", REFUSE, ANY)                                                                                       \
	X("http500", HTTP500, ANY)                                                                                     \
	X("stall", STALL, STREAM)                                                                                      \
	X("cut", CUT, STREAM)                                                                                          \
	X("garbage", GARBAGE, STREAM)                                                                                  \
	X("no-usage", NO_USAGE, STREAM)                                                                                \
	X("short", SHORT, STREAM)                                                                                      \
	X("error-object", ERROR_OBJECT, STREAM)                                                                        \
	X("slow-first", SLOW_FIRST, STREAM)                                                                            \
	X("drip", DRIP, STREAM)                                                                                        \
	X("wrong-count", WRONG_COUNT, STREAM)                                                                          \
	X("die", DIE, STREAM)                                                                                          \
	X("no-bos", NO_BOS, SCORE)                                                                                     \
	X("null-logprob", NULL_LOGPROB, SCORE)                                                                         \
	X("wrong-length", WRONG_LENGTH, SCORE)                                                                         \
	X("no-generate", NO_GENERATE, GENERATE)                                                                        \
	X("unhealthy", UNHEALTHY, HEALTH)                                                                              \
	X("board-asleep", BOARD_ASLEEP, BOARD)                                                                         \
	X("board-error", BOARD_ERROR, BOARD)                                                                           \
	X("board-refuse", BOARD_REFUSE, BOARD)                                                                         \
	X("board-silent", BOARD_SILENT, BOARD)                                                                         \
	X("board-http429", BOARD_HTTP429, BOARD)                                                                       \
	X("board-http500", BOARD_HTTP500, BOARD)                                                                       \
	X("board-slow", BOARD_SLOW, BOARD)

enum fault_class {
	CLASS_ANY,    /* completions and generate */
	CLASS_STREAM, /* streaming completions */
	CLASS_SCORE,  /* generate and echo */
	CLASS_GENERATE,
	CLASS_HEALTH,
	CLASS_BOARD /* submit calls */
};

enum fault_kind {
#define X(name, symbol, of) FAULT_##symbol,
	SIM_FAULTS(X)
#undef X
	        FAULT_COUNT
};

#define FAULT_BIT(symbol) (UINT32_C(1) << FAULT_##symbol)
#define FAULTS_MAX        64

struct fault {
	enum fault_kind kind;
	enum fault_class of;
	uint64_t nth;          /* 0 = every one */
	double chance;         /* < 0 = always */
	double after_s, for_s; /* for_s < 0 = for ever */
	uint64_t seen;
};

struct faults {
	struct fault list[FAULTS_MAX];
	unsigned count;
	uint64_t random;
	uint64_t start_ns;
};

/* 0, or -1 after a sentence on stderr. */
int faults_add(struct faults *faults, const char *spec);

/* Set of FAULT_BITs for one request of the class, at `now`. */
uint32_t faults_draw(struct faults *faults, enum fault_class of, uint64_t now);

/* True while a fault that names neither n nor p is inside its window: a state, not an incident. */
bool faults_steady(const struct faults *faults, enum fault_kind kind, uint64_t now);

/* When the first `die` with a time and without n and p falls due; UINT64_MAX if none. */
uint64_t faults_death(const struct faults *faults);

#endif
