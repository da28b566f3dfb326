/* Is B faster than A, or is that noise? Levels: server start > run > request.
 *
 * A side is one or more runs, each with its server start. Requests of one run are not independent (closed loop) and runs on
 * one start differ less than runs on different starts, so the verdict rests on the highest level that was repeated; what was
 * not repeated is said, never assumed away. The method (a seeded bootstrap over the levels) is stated in the result.
 * Pure but for the functions that open runs.
 */
#ifndef BENCHTOP_COMPARE_H
#define BENCHTOP_COMPARE_H
#include "../base/buf.h"
#include "shelf.h"

enum compare_metric {
	COMPARE_TPUT,
	COMPARE_E2E,
	COMPARE_INTVTY,
	COMPARE_TTFT,
	COMPARE_TPOT,
	COMPARE_ITL,
	COMPARE_METRICS
};
const char *compare_metric_name(enum compare_metric m); /* "tok/s/GPU", "E2E ms", … */
bool compare_higher_is_better(enum compare_metric m);

enum compare_verdict {
	COMPARE_NONE /* nothing to compare, or (BASIS_RUNS) these server starts differ and the cause cannot be told */,
	COMPARE_SAME /* no difference seen */,
	COMPARE_FASTER,
	COMPARE_SLOWER
};

/* What the noise rests on, worst first. */
enum compare_basis {
	BASIS_FLOOR, /* single runs: run-to-run noise is unknown, a stated floor is used */
	BASIS_HISTORY, /* not both sides were repeated: the spread of earlier starts with the same manifest, or of one side's */
	BASIS_RUNS,  /* repeats on one server start a side: can judge these starts, not the commits */
	BASIS_STARTS /* repeated server starts on both sides: judges the change itself */
};

/* One CONC of one run. */
struct compare_sample {
	int isl, osl, conc;
	int start; /* server start, numbered within the side; runs of unknown start get one each and `start_unknown` */
	int run;   /* within the side */
	double value[COMPARE_METRICS]; /* the run's figures; NaN absent */
	double within
	        [COMPARE_METRICS]; /* standard error of the figure from its own requests, correlation in time taken into
	                                 * account (moving blocks); NaN unknown */
	int num_prompts;           /* 0 unknown */
	int doubts;                /* flags that are doubts */
};

/* A server start as far as it can be told from others. */
struct compare_start {
	char place[120];  /* host and port */
	double started_s; /* Unix seconds; NaN: not recorded, one such entry a run */
};

#define COMPARE_RUNS 64
struct compare_side {
	char label[160];                /* "1124-0912 a1b2c3d" */
	struct compare_sample *samples; /* owned */
	int n_samples, n_runs, n_starts;
	bool start_unknown;               /* a run whose server start is not known */
	struct shelf_manifest manifest;   /* of its newest run */
	int64_t newest_ns;                /* when that began */
	char (*paths)[512];               /* n_runs; owned */
	struct shelf_manifest *manifests; /* n_runs; owned */
	struct compare_start *starts;     /* n_starts; owned */
	int n_doubtful;                   /* rows with doubts */
	int n_left_out;                   /* rows that were tried and have no comparable figures: failed, stopped */
	int n_gate_failed;                /* rows compared although their accuracy is outside the gate */
	int n_alive;                      /* runs that were still in progress */
	char first_doubt[160];            /* "CONC 8: JIT build" */
	bool demo;
};

/* The figures and standard errors of a run's rows are added to the side. */
int compare_side_add(struct compare_side *s, const struct shelf_run *r, struct err *e);
/* Every run at or below path (a run, a sweep, a directory of runs, a result file). */
int compare_side_load(struct compare_side *s, const char *path, struct err *e);
void compare_side_free(struct compare_side *s);

struct compare_line {
	int isl, osl, conc;
	enum compare_metric metric;
	double old_value, new_value; /* means over the starts of the means over their runs */
	double change;               /* (new - old) / old, as a fraction */
	double low, high;            /* of the change; NaN when the basis gives none */
	double noise;                /* half width of what is taken for noise, as a fraction */
	enum compare_basis basis;
	enum compare_verdict verdict; /* COMPARE_FASTER: B is better in this metric */
	int runs_a, runs_b, starts_a, starts_b;
	double spread_a, spread_b; /* relative standard deviation over the runs of a side; NaN with one */
};

#define COMPARE_SAID 32
struct compare_result {
	struct compare_line *lines; /* pair, CONC, metric; owned */
	int n_lines;
	/* What must be read before the numbers: different track, model, prompts, prefill size, client settings, doubts, basis. */
	char said[COMPARE_SAID][240];
	enum severity said_severity[COMPARE_SAID];
	int n_said;
	/* What changed between the newest manifests: "sglang  a1b2c3d clean -> 1f5b378 +2 files". */
	char changed[COMPARE_SAID][240];
	int n_changed;
	char method[800];  /* how low, high and verdict were found */
	char verdict[400]; /* one sentence over all CONCs, by throughput per GPU */
};

struct compare_options {
	uint32_t seed;
	int rounds; /* of the bootstrap; 0 = 20,000 */
	double floor; /* noise of single runs without a history; 0 = 0.02: one public team saw 2 % at C=4 over fresh starts */
	const struct shelf *history; /* may be NULL: where earlier runs with the same manifest are looked for */
};

int compare_sides(struct compare_result **out, const struct compare_side *a, const struct compare_side *b,
        const struct compare_options *o, struct err *e);
void compare_free(struct compare_result *r);

/* The result as text for a terminal or a log file, at most `cols` wide; as JSON. */
int compare_text(const struct compare_result *r, const struct compare_side *a, const struct compare_side *b, int cols,
        bool ascii, struct buf *out);
int compare_json(
        const struct compare_result *r, const struct compare_side *a, const struct compare_side *b, struct buf *out);

/* The pinned reference, small enough to live in the view: one value a CONC, and the noise against one further run. */
#define COMPARE_REF_ROWS 64
struct compare_ref {
	bool have;
	char path[512], label[64]; /* label: "1124-0912 main" */
	char track[64];
	int n;
	struct {
		int isl, osl, conc;
		double tput, e2e, intvty;
		double noise; /* half width of a change of throughput that a single run against this is not told apart from, fraction */
		enum compare_basis basis;
	} row[COMPARE_REF_ROWS];
};
/* path: as compare_side_load; history may be NULL. */
int compare_ref_load(struct compare_ref *out, const char *path, const struct shelf *history, struct err *e);
/* Throughput per GPU of a row against the reference: change and noise as fractions. False: the reference lacks it. */
bool compare_ref_change(const struct compare_ref *ref, int isl, int osl, int conc, double tput, double *change,
        double *noise, enum compare_verdict *verdict);

#endif
