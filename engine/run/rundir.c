#include "rundir.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../event/journal.h"
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME    "run.lock"
#define NAMES_TRIED  100
#define SCAN_ENTRIES 20000
#define ROWS_MAX     ((size_t)512 << 20)

/* printf into a bounded string; false when it does not fit. */
static bool fits(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool fits(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(out, cap, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < cap;
}

static int too_long(const char *dir, struct err *e)
{
	return err_set(e, ERR_USAGE, "the results directory %.200s is too long a path: choose a shorter one", dir);
}

/* Makes DIR/NAME, or DIR/NAME_2 ... when taken; name and path get what it became. */
static int make_dir(
        const char *dir, const char *wanted, char *name, size_t name_cap, char *path, size_t path_cap, struct err *e)
{
	for (int i = 1; i <= NAMES_TRIED; i++) {
		bool ok = i == 1 ? text_set(name, name_cap, wanted) : fits(name, name_cap, "%s_%d", wanted, i);
		if (!ok || !path_join(path, path_cap, dir, name))
			return too_long(dir, e);
		if (mkdir(path, 0755) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, ERR_IO, errno, "cannot make the run directory %s", path);
	}
	return err_set(e, ERR_IO, "%d directories called %s exist in %s", NAMES_TRIED, wanted, dir);
}

static void batch_name(char *out, size_t cap, const int pair[2], const char *stamp)
{
	snprintf(out, cap, "batch_isl%d_osl%d_%s", pair[0], pair[1], stamp);
}

static void run_name(
        char *out, size_t cap, const struct settings *s, const struct plan *p, int n_pairs, const char *stamp)
{
	const int none[2] = {0, 0};
	if (n_pairs > 1)
		snprintf(out, cap, "sweep_%s", stamp);
	else if (s->batch)
		batch_name(out, cap, n_pairs > 0 ? s->pairs[0] : none, stamp);
	else if (p->n_cells > 0)
		snprintf(out, cap, "single_isl%d_osl%d_conc%d_%s", p->cells[0].isl, p->cells[0].osl, p->cells[0].conc,
		        stamp);
	else
		snprintf(out, cap, "single_%s", stamp);
}

static int make_pairs(struct rundir *out, const struct settings *s, int n_pairs, const char *stamp, struct err *e)
{
	if (n_pairs <= 1) {
		text_set(out->pair_path[0], sizeof out->pair_path[0], out->path);
		return 0;
	}
	for (int i = 0; i < n_pairs; i++) {
		char wanted[96], name[128];
		batch_name(wanted, sizeof wanted, s->pairs[i], stamp);
		int rc = make_dir(out->path, wanted, name, sizeof name, out->pair_path[i], sizeof out->pair_path[i], e);
		if (rc) {
			out->pair_path[i][0] = '\0';
			return rc;
		}
	}
	return 0;
}

/* Undoes a creation that failed: all of it is empty but for the lock. */
static void remove_all(struct rundir *d, int n_pairs)
{
	char lock[600];
	for (int i = 0; n_pairs > 1 && i < n_pairs; i++)
		if (d->pair_path[i][0])
			rmdir(d->pair_path[i]);
	if (path_join(lock, sizeof lock, d->path, LOCK_NAME))
		unlink(lock);
	rmdir(d->path);
	rundir_close(d);
}

int rundir_create(struct rundir *out, const struct settings *s, const struct plan *p, int64_t wall_ns, struct err *e)
{
	const char *dir = s->results_dir[0] ? s->results_dir : ".";
	int n_pairs = s->n_pairs < SETTINGS_PAIRS ? s->n_pairs : SETTINGS_PAIRS;
	char stamp[16], wanted[112], lock[600];

	memset(out, 0, sizeof *out);
	out->lock_fd = -1;
	clock_stamp(wall_ns, stamp);
	run_name(wanted, sizeof wanted, s, p, n_pairs, stamp);
	int rc = file_mkdirs(dir, e);
	if (rc)
		return rc;
	rc = make_dir(dir, wanted, out->name, sizeof out->name, out->path, sizeof out->path, e);
	if (rc)
		return rc;
	if (!path_join(lock, sizeof lock, out->path, LOCK_NAME))
		rc = too_long(dir, e);
	if (rc == 0)
		rc = file_lock(lock, &out->lock_fd, e);
	if (rc == 0)
		rc = make_pairs(out, s, n_pairs, stamp, e);
	if (rc)
		remove_all(out, n_pairs);
	return rc;
}

/* The directory of a pair in a sweep: it alone is called so, whatever its stamp. */
static bool find_pair(const char *dir, const int pair[2], char *out, size_t cap)
{
	char begin[64];
	snprintf(begin, sizeof begin, "batch_isl%d_osl%d_", pair[0], pair[1]);
	DIR *d = opendir(dir);
	const struct dirent *entry;
	bool found = false;
	for (int i = 0; d && !found && i < SCAN_ENTRIES && (entry = readdir(d)); i++)
		found = strncmp(entry->d_name, begin, strlen(begin)) == 0 && path_join(out, cap, dir, entry->d_name);
	if (d)
		closedir(d);
	return found;
}

static int find_pairs(struct rundir *out, const struct settings *s, struct err *e)
{
	for (int i = 0; i < s->n_pairs && i < SETTINGS_PAIRS; i++) {
		if (s->n_pairs == 1)
			text_set(out->pair_path[i], sizeof out->pair_path[i], out->path);
		else if (!find_pair(out->path, s->pairs[i], out->pair_path[i], sizeof out->pair_path[i]))
			return err_set(e, ERR_USAGE,
			        "the directory of %d/%d is gone from %.300s: put it back, or start a new run",
			        s->pairs[i][0], s->pairs[i][1], out->path);
	}
	return 0;
}

int rundir_open(struct rundir *out, const char *dir, const char *name, const struct settings *s, struct err *e)
{
	char lock[600], journal[600];
	memset(out, 0, sizeof *out);
	out->lock_fd = -1;
	if (!text_set(out->path, sizeof out->path, dir) || !text_set(out->name, sizeof out->name, name) ||
	        !path_join(lock, sizeof lock, dir, LOCK_NAME) || !path_join(journal, sizeof journal, dir, JOURNAL_NAME))
		return too_long(dir, e);
	if (!file_exists(journal))
		return err_set(
		        e, ERR_USAGE, "%.300s holds no " JOURNAL_NAME ": nothing tells what was measured in it", dir);
	int rc = file_lock(lock, &out->lock_fd, e);
	if (rc && file_lock_held(lock, NULL))
		rc = err_set(e, ERR_USAGE, "the run in %.300s is alive: `benchtop watch` follows it", dir);
	if (rc == 0)
		rc = find_pairs(out, s, e);
	if (rc)
		rundir_close(out);
	return rc;
}

void rundir_close(struct rundir *d)
{
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	d->lock_fd = -1;
}

/* Where a row's files go. */
static const char *cell_dir(const struct rundir *d, const struct plan_cell *c)
{
	if (c->pair >= 0 && c->pair < SETTINGS_PAIRS && d->pair_path[c->pair][0])
		return d->pair_path[c->pair];
	return d->path;
}

static const char *repeat_suffix(const struct plan_cell *c, char out[24])
{
	out[0] = '\0';
	if (c->repeat > 1)
		snprintf(out, 24, "_run%d", c->repeat);
	return out;
}

bool rundir_result_path(
        const struct rundir *d, const struct settings *s, const struct plan_cell *c, char *out, size_t cap)
{
	char name[320], run[24];
	repeat_suffix(c, run);
	/* RESULT_FILENAME belongs to the environment's own CONC; another row keeps the name that tells it apart. */
	if (!s->batch && s->n_pairs <= 1 && s->result_filename[0] && (s->env_conc == 0 || s->env_conc == c->conc)) {
		snprintf(name, sizeof name, "%s%s.json", s->result_filename, run);
		return path_join(out, cap, s->results_dir[0] ? s->results_dir : ".", name);
	}
	snprintf(name, sizeof name, "result_isl%d_osl%d_conc%d%s.json", c->isl, c->osl, c->conc, run);
	return path_join(out, cap, cell_dir(d, c), name);
}

static void key_seconds(struct json_out *j, const char *key, int64_t ns, bool present)
{
	json_key(j, key);
	if (present)
		json_f64(j, (double)ns / 1e9);
	else
		json_null(j);
}

static void key_count(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

static void write_row(struct buf *b, size_t i, const struct load_row *r)
{
	struct json_out j;
	json_out_init(&j, b, JSON_COMPACT, true);
	json_object(&j);
	key_count(&j, "i", (int64_t)i);
	key_seconds(&j, "start", r->start_ns, r->started);
	key_seconds(&j, "ttft", r->ttft_ns, r->started && r->ttft_ns >= 0);
	key_seconds(&j, "e2el", r->e2el_ns, r->started && r->e2el_ns >= 0);
	key_count(&j, "in", r->tokens_in);
	key_count(&j, "out", r->tokens_out);
	key_count(&j, "events", r->events);
	json_key(&j, "error");
	if (!r->started)
		json_str(&j, "not started");
	else if (r->error == COMPLETION_OK)
		json_null(&j);
	else
		json_str(&j, completion_error_word((enum completion_error)r->error));
	json_object_end(&j);
	buf_addc(b, '\n');
}

int rundir_requests(
        const struct rundir *d, const struct plan_cell *c, const struct load_row *rows, size_t n, struct err *e)
{
	char name[64], run[24], path[600];
	snprintf(name, sizeof name, "requests_conc%d%s.jsonl", c->conc, repeat_suffix(c, run));
	if (!path_join(path, sizeof path, cell_dir(d, c), name))
		return too_long(d->path, e);
	struct buf b;
	buf_init(&b, ROWS_MAX);
	for (size_t i = 0; i < n && !b.failed; i++)
		write_row(&b, i, &rows[i]);
	int rc = 0;
	if (b.failed)
		rc = err_set(e, ERR_NOMEM, "out of memory for the %zu rows of %s", n, path);
	else if ((rc = file_keep_old(path, NULL, 0, e)) == 0)
		rc = file_write_atomic(path, buf_text(&b), b.len, e);
	buf_free(&b);
	return rc;
}

/* "…_20251125_150000" or "…_20251125_150000_2": seconds since the epoch, 0 when the name has no stamp. */
static int64_t name_time(const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i + 15 <= len; i++) {
		const char *p = name + i;
		if ((i > 0 && p[-1] != '_') || text_digits(p, 8) < 0 || p[8] != '_' || text_digits(p + 9, 6) < 0 ||
		        (p[15] && p[15] != '_'))
			continue;
		struct tm tm = {.tm_year = text_digits(p, 4) - 1900,
		        .tm_mon = text_digits(p + 4, 2) - 1,
		        .tm_mday = text_digits(p + 6, 2),
		        .tm_hour = text_digits(p + 9, 2),
		        .tm_min = text_digits(p + 11, 2),
		        .tm_sec = text_digits(p + 13, 2),
		        .tm_isdst = -1};
		time_t t = mktime(&tm);
		return t == (time_t)-1 ? 0 : (int64_t)t;
	}
	return 0;
}

static bool is_run_name(const char *name)
{
	return strncmp(name, "batch_", 6) == 0 || strncmp(name, "sweep_", 6) == 0 || strncmp(name, "single_", 7) == 0;
}

struct found_run {
	int64_t stamp_s, mtime_ns;
	bool found;
};

static bool newer(const struct found_run *a, const struct found_run *b)
{
	if (!b->found || a->stamp_s != b->stamp_s)
		return !b->found || a->stamp_s > b->stamp_s;
	return a->mtime_ns > b->mtime_ns;
}

/* The newest run under results_dir that has the file `mark` and passes `fits`. */
static bool find_newest(const char *results_dir, const char *mark, bool (*passes)(const char *path, void *ctx),
        void *ctx, char *out, size_t cap)
{
	const char *dir = results_dir && results_dir[0] ? results_dir : ".";
	struct found_run best = {0};
	DIR *d = opendir(dir);
	if (!d)
		return false;
	const struct dirent *entry;
	for (int i = 0; i < SCAN_ENTRIES && (entry = readdir(d)); i++) {
		char path[600], file[640];
		struct stat st;
		if (!is_run_name(entry->d_name) || !path_join(path, sizeof path, dir, entry->d_name) ||
		        !path_join(file, sizeof file, path, mark) || stat(file, &st) < 0)
			continue;
		int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * CLOCK_NS_PER_S + st.st_mtim.tv_nsec;
		int64_t named = name_time(entry->d_name);
		struct found_run one = {named ? named : (int64_t)st.st_mtim.tv_sec, mtime_ns, true};
		if (!newer(&one, &best) || !passes(file, ctx) || !text_set(out, cap, path))
			continue;
		best = one;
	}
	closedir(d);
	return best.found;
}

static bool is_held(const char *lock, void *ctx)
{
	long holder = 0;
	if (!file_lock_held(lock, &holder))
		return false;
	*(long *)ctx = holder;
	return true;
}

bool rundir_find_alive(const char *results_dir, char *out, size_t cap, long *pid)
{
	long holder = 0;
	bool found = find_newest(results_dir, LOCK_NAME, is_held, &holder, out, cap);
	if (pid)
		*pid = found ? holder : 0;
	return found;
}

static bool always(const char *path, void *ctx)
{
	(void)path;
	(void)ctx;
	return true;
}

bool rundir_find_newest(const char *results_dir, char *out, size_t cap)
{
	return find_newest(results_dir, JOURNAL_NAME, always, NULL, out, cap);
}
