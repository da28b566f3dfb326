/* Shared by the files of engine/shelf that make the shelf; nobody else includes it. */
#ifndef BENCHTOP_SHELF_INT_H
#define BENCHTOP_SHELF_INT_H
#include "../base/buf.h"
#include "shelf.h"
#include <sys/stat.h>

#define SHELF_RESULT_MAX   ((size_t)1 << 20) /* bytes of a result file */
#define SHELF_MANIFEST_MAX ((size_t)4 << 20)
#define SHELF_RESULTS      BOARD_CELLS /* result files of one run */
#define SHELF_COUNT_MAX    INT64_C(10000000)

/* ---- files and names (names.c) ---- */

/* Appends a regular file's content to b (bounded by b->max); a pipe or device is refused, never waited for. */
int shelf_file_read(const char *path, struct buf *b, struct err *e);
/* The last part of a path, cleaned; of "." and ".." that of the directory they are. */
void shelf_real_name(const char *path, char *out, size_t cap);
/* "result_isl1024_osl1024_conc8.json", "..._run2.json": what the name says. */
bool shelf_result_name(const char *name, int *isl, int *osl, int *conc, int *repeat);
/* "batch_isl1024_osl8192_20251125_150000": its pair. */
bool shelf_batch_name(const char *name, int *isl, int *osl);
/* The "_20251125_150000" of a name as local time, in ns since the epoch; 0 when it has none. */
int64_t shelf_name_time(const char *name);
/* batch_, sweep_ or single_ with a time in it. */
bool shelf_run_name(const char *name);
int64_t shelf_mtime_ns(const struct stat *st);

/* ---- a result file (result_read.c) ---- */

/* A floating-point figure of the file and where it lives in load_measured. */
struct shelf_figure {
	const char *key;
	size_t at;
};
extern const struct shelf_figure shelf_figures[]; /* ends with key NULL; in the order of the file */
double shelf_figure(const struct ev_load_measured *m, const struct shelf_figure *f);

struct shelf_result {
	struct ev_cell_planned plan;
	struct ev_load_measured load;
	struct ev_result_saved saved;
	struct ev_accuracy_measured accuracy;
	struct ev_gate_decided gate;
	bool have_accuracy, have_gate;
	struct ev_flag_raised flags[BOARD_FLAGS];
	int n_flags;
	char model[160], base_url[256], track[64];
	double ratio;
	enum prompts_mode prompts;
	bool own; /* written by benchtop */
};

/* The events' bodies that a result file stands for (cell 0). What the file lacks is NaN; counts -1. Two counts that the
 * official file leaves out are whole numbers that its rates fix, so they are exact: requests that succeeded and tokens
 * generated. The timed span is not there and stays NaN. ERR_PROTO when it is no result file, or cut. */
int shelf_result_parse(struct shelf_result *out, const char *text, size_t len, struct err *e);
int shelf_result_read(struct shelf_result *out, const char *path, struct err *e);
/* Whether the text speaks of a load run at all: else it is some other JSON and nobody's business. */
bool shelf_result_like(const char *text, size_t len);
/* No request succeeded: a file of zeros. */
bool shelf_result_empty(const struct shelf_result *r);

/* ---- run.json (manifest_read.c) ---- */

/* What the board takes of it when there is no journal. */
struct shelf_manifest_run {
	int64_t wall_ns; /* 0 unknown */
	bool mode_known, demo, batch;
	enum run_mode mode;
	enum accuracy_mode accuracy;
	enum prompts_mode prompts;
};
/* Both are set to unknown first. ERR_IO, ERR_LIMIT or ERR_PROTO with a sentence. */
int shelf_manifest_parse(
        struct shelf_manifest *m, struct shelf_manifest_run *run, const char *text, size_t len, struct err *e);
int shelf_manifest_read(struct shelf_manifest *m, struct shelf_manifest_run *run, const char *path, struct err *e);
void shelf_manifest_init(struct shelf_manifest *m, struct shelf_manifest_run *run);

/* ---- summary.txt (summary_read.c) ---- */

struct shelf_summary_row {
	int isl, osl, conc, repeat;
	bool passed;
	double duration_s;
};
struct shelf_summary {
	bool have, mode_known;
	enum run_mode mode;
	int isl, osl;
	int64_t wall_ns; /* 0 unknown */
	struct shelf_summary_row row[64];
	int n;
};
void shelf_summary_parse(struct shelf_summary *s, const char *text, size_t len);
int shelf_summary_read(struct shelf_summary *s, const char *path, struct err *e);

/* ---- opening (open.c, open_results.c, verify.c) ---- */

/* Says more in r->note, after what it says already; cut when it is full. */
void shelf_note(struct shelf_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Rows of the board from the result files and summary.txt in the run's directory (and its batch_ directories), or from
 * one file. `run` gives what the manifest said (have: r->manifest.have). ERR_PROTO when there is no row. */
int shelf_rows_of_results(struct shelf_run *r, const struct shelf_manifest_run *run, struct err *e);
int shelf_rows_of_file(struct shelf_run *r, struct err *e);
/* Finds each row's result and requests file and makes the figures those of the file. */
void shelf_verify(struct shelf_run *r, bool alive);
bool shelf_find_requests(const struct shelf_run *r, int row, char *out, size_t cap);
/* As shelf_open and board_replay, without the journal's samples of progress and load: all that a list shows is there. */
int shelf_open_brief(struct shelf_run **out, const char *path, struct err *e);
int shelf_replay_brief(struct board *b, const char *dir, struct err *e);
/* Its lock is held. */
bool shelf_alive(const char *dir);
int shelf_make_paths(struct shelf_run *r, struct err *e);
/* The built-in track with this model and this reference, as its name; "" when there is none, or the file has no reference. */
void shelf_guess_track(const struct shelf_result *r, char *out, size_t cap);
int64_t shelf_rule_prompts(const char *track, int64_t isl, int64_t osl, int64_t conc); /* 0 unknown */

/* ---- entries (entry.c) ---- */

struct shelf_memory; /* strings and points: freed together */
struct shelf_memory *shelf_memory_new(void);
void *shelf_memory_take(struct shelf_memory *m, size_t bytes); /* NULL: no memory; aligned for a double */
char *shelf_memory_str(struct shelf_memory *m, const char *s);
void shelf_memory_free(struct shelf_memory *m);

/* What the list says of a run. path is copied. 0 or ERR_NOMEM. */
int shelf_entry_of_run(struct shelf_entry *out, const struct shelf_run *r, bool alive, struct shelf_memory *m);
int shelf_entry_unreadable(
        struct shelf_entry *out, const char *path, int64_t wall_ns, const char *why, struct shelf_memory *m);

/* ---- export.c ---- */

const char *shelf_kind_word(enum shelf_kind kind);   /* "benchtop", "official", "file", "unreadable" */
char *shelf_iso_time(int64_t wall_ns, char out[32]); /* UTC, "2025-11-25T14:00:00Z"; empty for 0. Returns out */

/* ---- the index (index.c) ---- */

/* A file that an entry was made of. name: below the entry's path, "" the path itself, or absolute. */
struct shelf_file {
	const char *name;
	int64_t mtime_ns, size, inode; /* all 0: it was not there */
};
struct shelf_kept {
	const char *key;          /* path below the index's directory */
	struct shelf_entry entry; /* path NULL */
	bool other;               /* a JSON file that is no result */
	bool finished;
	struct shelf_file *files;
	int n_files;
	const char *line; /* as it stands in the file, without newline */
	size_t line_len;
};
struct shelf_index {
	struct buf text;
	struct shelf_kept *kept; /* by key */
	int n;
	bool broken; /* some of it could not be used */
	struct shelf_memory *memory;
};
#define SHELF_INDEX_MAX ((size_t)128 << 20)
#define SHELF_FILES     (SHELF_RESULTS + 24)
/* Never fails: what cannot be read is not there. memory is borrowed: strings and points of the entries live in it. */
void shelf_index_load(struct shelf_index *x, const char *path, struct shelf_memory *memory);
void shelf_index_parse(struct shelf_index *x); /* of x->text */
void shelf_index_free(struct shelf_index *x);
const struct shelf_kept *shelf_index_find(const struct shelf_index *x, const char *key);
int shelf_index_line(const struct shelf_kept *k, struct buf *out);
/* An index line out of `{"v":...}`: its sum in front. For shelf_index_line and for tests. Returns the length, 0 when it does
 * not fit or there is no object. */
size_t shelf_index_sum_line(const char *object, size_t len, char *out, size_t cap);

#endif
