/* The shelf: the runs that lie under the results directories, benchtop's own and those of the official tool.
 *
 * Two depths. shelf_scan lists everything as short entries, quick enough for thousands of runs: what was read once is kept
 * in an index file and read again only when the run's files have changed. shelf_open reads one run whole, as a board, so
 * that every screen and table shows it with the code that showed it live. Nothing here draws; nothing here is fatal: what
 * cannot be read is an entry that says so. A shelf is never changed once made, so a worker thread can make it and hand it
 * over. Symlinks are followed, each directory is visited once (device and inode), depth, entries and file sizes are bounded.
 */
#ifndef BENCHTOP_SHELF_H
#define BENCHTOP_SHELF_H
#include "../base/cancel.h"
#include "../base/err.h"
#include "../event/board.h"
#include "../plan/track.h"

#define SHELF_ENTRIES 20000 /* more are not listed; shelf.cut says so */
#define SHELF_DEPTH   4

enum shelf_kind {
	SHELF_OURS,      /* a run directory of benchtop: batch_, sweep_ or single_ with run.json and events.jsonl */
	SHELF_BATCH,     /* batch_isl.._osl.._DATE_TIME of the official tool: result files and summary.txt */
	SHELF_FILE,      /* a result file that stands alone */
	SHELF_UNREADABLE /* looks like one of these, and is not: note says why */
};

/* One measured row of an entry, for lists, histories and curves; absent figures are NaN. */
struct shelf_point {
	int32_t isl, osl, conc, repeat;
	enum cell_status status;
	int32_t doubts, failed;                     /* flags that are doubts; failed requests */
	double tput_per_gpu;                        /* tok/s per GPU */
	double e2el_median;                         /* ms */
	double interactivity;                       /* tok/s/user */
	double tput_ratio, e2e_ratio, intvty_ratio; /* ours / reference, as the file says */
};

struct shelf_entry {
	enum shelf_kind kind;
	const char *path; /* directory or file, as found; owned by the shelf */
	int64_t wall_ns;  /* when it began: manifest, else the name's time, else the file's */
	bool alive;       /* its lock is held */
	bool mode_known;
	enum run_mode mode;
	bool demo;
	char track[64], team[100], model[100];
	char sglang[16], aiter[16];       /* short commit, a '+' behind it when dirty; empty unknown */
	char note[160];                   /* unreadable: why; else what is special ("2 of 5 rows were measured") */
	int n_points, passed, failed;     /* rows measured; passed and not, of those that were tried */
	double best, worst;               /* throughput ratio over the passed rows, NaN without */
	const struct shelf_point *points; /* in the order of pair, CONC, repeat; owned by the shelf */
};

struct shelf {
	struct shelf_entry *entries; /* newest first */
	int n;
	bool cut;         /* more than SHELF_ENTRIES were there */
	int read, reused; /* runs read anew, runs taken from the index */
	void *memory;     /* of the strings and points */
};

/* Lists what is under the n directories or files (each may itself be a run). The index is kept in
 * FIRST-DIRECTORY/.benchtop/index.jsonl when that can be written, silently not otherwise; a broken index is made anew.
 * `cancel` may be NULL. ERR_USAGE when a path does not exist; ERR_CANCELLED; ERR_NOMEM. */
int shelf_scan(struct shelf **out, const char *const *paths, int n, struct cancel *cancel, struct err *e);
void shelf_free(struct shelf *s); /* NULL is allowed */

/* A tree of source code as the manifest tells of it. */
struct shelf_code {
	char name[16], commit[72], branch[96], note[160];
	enum code_dirty dirty;
	int files, untracked; /* -1 unknown */
	bool changed;         /* since the server's start */
};
#define SHELF_TREES 4
#define SHELF_ARGS  8192

struct shelf_manifest {
	bool have;        /* false: not a run of benchtop, everything below is empty */
	char version[32]; /* benchtop's */
	char command_line[512], host[100];
	char track[64], track_sha256[65];
	char model[160], team[160], base_url[256];
	char prompts[16]; /* "ids", "text" */
	double ratio;     /* NaN unknown */
	int num_warmups;  /* -1 by the track's rule or unknown */
	char server_version[48];
	int tp, prefill;         /* 0 unknown */
	int radix_off;           /* -1 unknown */
	double server_started_s; /* Unix seconds; NaN unknown. Runs on one host within 5 s of each other share a server start */
	bool code_late;          /* looked at after the server's start */
	int n_trees;
	struct shelf_code tree[SHELF_TREES];
	char server_args[SHELF_ARGS]; /* command line or launch script's arguments, one blank between; empty unknown */
};

/* One run, whole. Large: on the heap, shelf_close frees. */
struct shelf_run {
	enum shelf_kind kind;
	char path[512], name[160];
	int64_t wall_ns;
	bool mode_known; /* else the board's mode says perf, and nobody knows */
	struct board
	        *board; /* rows with what was measured; made of the journal, or of result files by the same events */
	struct shelf_manifest manifest;
	/* For row i of the board: its result file and its requests file; empty when there is none. */
	char (*result_path)[512], (*requests_path)[512];
	char note[240]; /* what could not be read; empty */
};

/* Opens a run directory of either kind, or one result file. Figures are those of the result files. ERR_IO, ERR_PROTO or
 * ERR_USAGE with a sentence when nothing of it can be shown. */
int shelf_open(struct shelf_run **out, const char *path, struct err *e);
void shelf_close(struct shelf_run *r); /* NULL is allowed */

/* Whether shelf_open would take the path as one run: a run's directory by its name or what is in it, or anything that is no
 * directory. Else it is a directory that may hold runs, for shelf_scan. */
bool shelf_is_run(const char *path);

/* One request of requests_conc{C}.jsonl. */
struct shelf_request {
	double start_s, ttft_s, e2el_s; /* NaN absent; start since the begin of the timed span */
	int32_t tokens_in, tokens_out;
	bool failed;
};
/* The requests of a row, in index order; at most 1,000,000. *rows is the caller's (free). 0 rows when there is no file. */
int shelf_requests(const struct shelf_run *r, int row, struct shelf_request **rows, size_t *n, struct err *e);

/* What a CONC did over the runs: the newest `cap` values of throughput per GPU at (track, isl, osl, conc), oldest first, of
 * passed rows; repeats are separate values. Returns how many; `entry` (may be NULL) gets their entries. Pure. */
int shelf_history(
        const struct shelf *s, const char *track, int isl, int osl, int conc, float *values, int *entry, int cap);

#endif
