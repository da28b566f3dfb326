/* The run directory: names, lock, manifest, summary, per-request rows. Everything written whole (file_write_atomic).
 *
 *   batch_isl1024_osl1024_20251125_150000/    batch mode, one pair
 *   sweep_20251125_150000/batch_isl.../        several pairs: journal and lock in the sweep directory
 *   single_isl1024_osl1024_conc16_2025.../     single mode; the result file itself goes to RESULT_FILENAME.json
 */
#ifndef BENCHTOP_RUNDIR_H
#define BENCHTOP_RUNDIR_H
#include "../event/board.h"
#include "../load/load.h"
#include "../plan/plan.h"
#include "../server/code.h"
#include "../server/origin.h"

struct rundir {
	char path[512]; /* of the run: journal, lock, run.json */
	char name[128];
	char pair_path[SETTINGS_PAIRS][512]; /* where a pair's results go (== path with one pair) */
	const struct code_set *code;         /* for the manifest: borrowed, NULL = nobody looked */
	const struct server_origin *origin;  /* likewise */
	int lock_fd;
};

/* Makes the directories and takes run.lock. "_2" is appended when a name is taken. Cleans up on failure. */
int rundir_create(struct rundir *out, const struct settings *s, const struct plan *p, int64_t wall_ns, struct err *e);
/* An existing one, of the run called `name`, to go on in it: takes run.lock and finds the directories of the pairs. ERR_USAGE
 * when it is alive or holds no run; nothing is made or changed but the lock's text. */
int rundir_open(struct rundir *out, const char *dir, const char *name, const struct settings *s, struct err *e);
void rundir_close(struct rundir *d); /* releases the lock */

/* run.json: the manifest (command line, track and its sha256, settings, client, host, server as found). */
int rundir_manifest(const struct rundir *d, const struct settings *s, const struct track *t, const struct plan *p,
        const struct ev_server_seen *server, int64_t wall_ns, struct err *e);
/* Path of a row's result file: batch "result_isl.._osl.._conc...json" ("_run2" from the second repeat on), single
 * RESULT_FILENAME.json in the results directory. */
bool rundir_result_path(
        const struct rundir *d, const struct settings *s, const struct plan_cell *c, char *out, size_t cap);
/* requests_conc{C}.jsonl, one of an earlier try kept under its time: {"i":0,"start":s,"ttft":s,"e2el":s,"in":n,"out":n,"events":n,"error":null|"word"} a line. */
int rundir_requests(
        const struct rundir *d, const struct plan_cell *c, const struct load_row *rows, size_t n, struct err *e);
/* summary.txt of a pair from the board, as official-tool.md says; written anew after each row. */
int rundir_summary(const struct rundir *d, const struct settings *s, int pair, const struct board *b, int64_t wall_ns,
        struct err *e);
/* Newest run directory under results_dir whose lock is held: true and its path. */
bool rundir_find_alive(const char *results_dir, char *out, size_t cap, long *pid);
/* Newest run directory under results_dir that has a journal, alive or not. */
bool rundir_find_newest(const char *results_dir, char *out, size_t cap);

#endif
