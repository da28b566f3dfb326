/* Shared by the files of the comparison; nobody else includes it. */
#ifndef BENCHTOP_COMPARE_INT_H
#define BENCHTOP_COMPARE_INT_H
#include "compare.h"

/* Share of rounds without a difference that may look like one. With few starts the smallest believed spread holds back a
 * third of the wrong verdicts, so that fewer than one in twenty remain at the usual noise; with many it holds back none. */
#define COMPARE_LEVEL      0.062
#define COMPARE_LEVEL_MANY 0.05
#define COMPARE_MANY_DF    9    /* degrees of freedom from which on starts are many */
#define COMPARE_FLOOR      0.02 /* noise of one run against one run, when nothing is known of it */
#define COMPARE_SPREAD     0.46 /* the smallest spread of server starts that is believed, as a share of the floor */
#define COMPARE_NORMAL     1.96 /* of the standard error that a run's own requests give */
#define COMPARE_ROUNDS     20000
#define COMPARE_MIN_DF     3 /* fewer degrees of freedom of earlier starts say less than the floor does */
#define COMPARE_GROUPS     4 /* A, B, and the earlier starts of each */

/* ---- the spread of server starts (compare_noise.c) ---- */

/* What one server start measured of one metric: the mean of the logarithms over its runs. */
struct noise_start {
	double mean;
	int runs;
};
/* The starts of one manifest, whose true value is the same. */
struct noise_group {
	struct noise_start start[COMPARE_RUNS];
	int n;
	double run_ss; /* squares of the runs about their start's mean, summed */
	int run_df;
	double within_var; /* variance of the mean over the starts that the requests alone explain; 0 unknown */
};
/* Adds a value of a start; starts are told apart by id. Values that are no positive number are left out. */
struct noise_gather {
	struct noise_group group;
	int id[COMPARE_RUNS], n_values;
	double sum[COMPARE_RUNS], sum_log[COMPARE_RUNS], sq_log[COMPARE_RUNS]; /* of each start */
	double within_sq[COMPARE_RUNS]; /* sum of squared relative standard errors of its runs */
	double total, total_sq;
};
void noise_gather_init(struct noise_gather *g);
void noise_gather_add(struct noise_gather *g, int id, double value, double within);
void noise_gather_end(struct noise_gather *g);
double noise_gather_mean(const struct noise_gather *g); /* over the starts of the means over their runs; NaN without */
double noise_gather_spread(const struct noise_gather *g); /* relative standard deviation over the runs; NaN below two */

struct noise {
	double floor; /* as an option: of one run against one run */
	uint32_t seed;
	int rounds;
	float *draw; /* normal numbers, `stride` a round; made at first use */
	int stride;
	double *scratch;
	int cached[COMPARE_GROUPS]; /* the group sizes that `critical` belongs to, when all starts have as many runs */
	double critical;
};
int noise_open(struct noise *n, const struct compare_options *o, struct err *e);
void noise_close(struct noise *n);

/* Half of the width, in logarithms, of what is not told apart from no difference between group 0 and group 1: the standard
 * error from the spread of the starts of all groups (the same spread is taken for all of them), times the value that
 * COMPARE_LEVEL of the rounds of a parametric bootstrap without a difference pass. Groups of one start add nothing to the
 * spread. NaN when no group has two starts, or memory ran out. df may be NULL. */
double noise_half(struct noise *n, const struct noise_group *const *groups, int n_groups, int *df);
/* The spread of the starts' means that is seen, pooled; NaN when no group has two. */
double noise_spread(const struct noise_group *const *groups, int n_groups, int *df);

/* Whether two entries are one server start: at one place, within 5 s. */
bool compare_start_same(const struct compare_start *a, const struct compare_start *b);
void compare_start_of(struct compare_start *out, const struct shelf_manifest *m);

/* ---- a run's own requests (compare_within.c) ---- */

/* Relative standard errors of the figures, by moving blocks in the order of completion; NaN where they cannot be had. */
void compare_within(const struct shelf_request *rows, size_t n, int conc, double out[COMPARE_METRICS]);

/* ---- earlier runs with the same manifest (compare_history.c) ---- */

struct compare_history {
	struct compare_side side[2]; /* as A, as B */
};
/* Whether two runs are of the same code, server and client settings, as far as both say. Unknown is not the same. */
bool compare_manifest_same(const struct shelf_manifest *a, const struct shelf_manifest *b);
int compare_history_load(struct compare_history *h, const struct shelf *shelf, const struct compare_side *a,
        const struct compare_side *b, struct err *e);
void compare_history_free(struct compare_history *h);
/* The pure part of compare_sides. history may be NULL. */
int compare_judge(struct compare_result **out, const struct compare_side *a, const struct compare_side *b,
        const struct compare_history *history, const struct compare_options *o, struct err *e);

/* A side's values of one line, by their starts. by_run: each run counts as a start of its own, for what can be said of one
 * start. s may be NULL. */
void compare_gather(struct noise_gather *g, const struct compare_side *s, int isl, int osl, int conc,
        enum compare_metric m, bool by_run);

/* ---- words (compare_said.c, compare_changed.c, compare_sentence.c) ---- */

void compare_say(struct compare_result *r, enum severity severity, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
void compare_said(struct compare_result *r, const struct compare_side *a, const struct compare_side *b);
void compare_said_basis(struct compare_result *r, const struct compare_side *a, const struct compare_side *b,
        const struct compare_options *o);
void compare_changed(struct compare_result *r, const struct shelf_manifest *a, const struct shelf_manifest *b);
void compare_sentence(struct compare_result *r, const struct compare_options *o);
void compare_method(struct compare_result *r, const struct compare_options *o);
/* "a1b2c3d clean", "1f5b378 dirty, 2 files". */
void compare_code_text(const struct shelf_code *c, char *out, size_t cap);
const struct shelf_code *compare_tree(const struct shelf_manifest *m, const char *name);
double compare_floor(const struct compare_options *o);

/* How a line's verdict is said in the table. */
const char *compare_line_word(const struct compare_line *l);
#endif
