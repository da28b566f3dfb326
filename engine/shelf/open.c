#include "../base/file.h"
#include "../base/text.h"
#include "../event/journal.h"
#include "shelf_int.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void shelf_note(struct shelf_run *r, const char *fmt, ...)
{
	char text[sizeof r->note], clean[sizeof r->note];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	text_copy(clean, sizeof clean, text);
	size_t len = strlen(r->note);
	if (len + 2 >= sizeof r->note)
		return;
	if (len > 0)
		len += (size_t)snprintf(r->note + len, sizeof r->note - len, "; ");
	text_copy(r->note + len, sizeof r->note - len, clean);
}

int shelf_make_paths(struct shelf_run *r, struct err *e)
{
	r->result_path = calloc(BOARD_CELLS, sizeof *r->result_path);
	r->requests_path = calloc(BOARD_CELLS, sizeof *r->requests_path);
	r->board = malloc(sizeof *r->board);
	if (!r->result_path || !r->requests_path || !r->board)
		return err_set(e, ERR_NOMEM, "out of memory for the run %.300s", r->path);
	board_init(r->board);
	return 0;
}

void shelf_close(struct shelf_run *r)
{
	if (!r)
		return;
	free(r->result_path);
	free(r->requests_path);
	free(r->board);
	free(r);
}

/* A regular file: opening a pipe of that name would wait for ever. */
static bool is_file(const char *dir, const char *name, char *path, size_t cap)
{
	struct stat st;
	return path_join(path, cap, dir, name) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool shelf_alive(const char *dir)
{
	char lock[600];
	return is_file(dir, "run.lock", lock, sizeof lock) && file_lock_held(lock, NULL);
}

static int replay(struct shelf_run *r, bool brief, struct err *e)
{
	char path[600];
	if (!is_file(r->path, JOURNAL_NAME, path, sizeof path))
		return err_set(e, ERR_IO, "there is no file " JOURNAL_NAME);
	int rc = brief ? shelf_replay_brief(r->board, r->path, e) : board_replay(r->board, r->path, e);
	if (rc == 0 && !r->board->have_run)
		rc = err_set(e, ERR_PROTO, JOURNAL_NAME " holds no run");
	return rc;
}

static bool has(const char *dir, const char *name)
{
	char path[600];
	return path_join(path, sizeof path, dir, name) && file_exists(path);
}

/* The journal is the run; the files say the figures. */
static int open_ours(struct shelf_run *r, bool brief, struct err *e)
{
	struct shelf_manifest_run run;
	struct err why = {0};
	char path[600];
	bool alive = shelf_alive(r->path);
	if (!path_join(path, sizeof path, r->path, "run.json"))
		return err_set(e, ERR_USAGE, "the path is too long: %.300s", r->path);
	int manifest = shelf_manifest_read(&r->manifest, &run, path, &why);
	if (manifest)
		shelf_note(r, "run.json: %s", why.text);
	if (replay(r, brief, &why) == 0) {
		r->wall_ns = run.wall_ns ? run.wall_ns : r->board->run_wall_ns;
		r->mode_known = true;
		if (alive && !brief)
			shelf_note(r, "still running: this is how it stood when it was read");
		shelf_verify(r, alive);
		return 0;
	}
	board_init(r->board);
	shelf_note(r, "no journal: %s", why.text);
	if (run.wall_ns)
		r->wall_ns = run.wall_ns;
	struct err rows = {0};
	if (shelf_rows_of_results(r, &run, &rows) == 0)
		return 0;
	return err_set(e, ERR_PROTO, "%s", r->note);
}

/* A pair of a sweep of ours has its manifest in the sweep. */
static void take_parents_manifest(struct shelf_run *r, struct shelf_manifest_run *run)
{
	char parent[512], path[600];
	text_set(parent, sizeof parent, r->path);
	char *slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return;
	*slash = '\0';
	if (strncmp(path_base(parent), "sweep_", 6) != 0 || !path_join(path, sizeof path, parent, "run.json"))
		return;
	if (shelf_manifest_read(&r->manifest, run, path, NULL))
		shelf_manifest_init(&r->manifest, run);
}

static int open_batch(struct shelf_run *r, struct err *e)
{
	struct shelf_manifest_run run;
	shelf_manifest_init(&r->manifest, &run);
	take_parents_manifest(r, &run);
	int rc = shelf_rows_of_results(r, &run, e);
	for (int i = 0; rc == 0 && i < r->board->n_cells; i++)
		shelf_find_requests(r, i, r->requests_path[i], sizeof r->requests_path[i]);
	return rc;
}

bool shelf_is_run(const char *path)
{
	static const char *const marks[] = {JOURNAL_NAME, "run.json", "summary.txt"};
	static const char *const names[] = {"batch_", "sweep_", "single_"};
	struct stat st;
	char name[160];
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return true;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (has(path, marks[i]))
			return true;
	shelf_real_name(path, name, sizeof name);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int open_path(struct shelf_run *r, const struct stat *st, bool brief, struct err *e)
{
	struct shelf_manifest_run none;
	shelf_manifest_init(&r->manifest, &none);
	r->wall_ns = shelf_name_time(r->name);
	if (r->wall_ns == 0)
		r->wall_ns = shelf_mtime_ns(st);
	if (!S_ISDIR(st->st_mode)) {
		r->kind = SHELF_FILE;
		return shelf_rows_of_file(r, e);
	}
	if (has(r->path, "events.jsonl") || has(r->path, "run.json")) {
		r->kind = SHELF_OURS;
		return open_ours(r, brief, e);
	}
	r->kind = SHELF_BATCH;
	return open_batch(r, e);
}

static int open_run(struct shelf_run **out, const char *path, bool brief, struct err *e)
{
	struct stat st;
	*out = NULL;
	if (stat(path, &st) < 0)
		return err_sys(e, errno == ENOENT ? ERR_USAGE : ERR_IO, errno, "cannot open the run %.300s", path);
	struct shelf_run *r = calloc(1, sizeof *r);
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory for the run %.300s", path);
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	int rc = len < sizeof r->path ? 0 : err_set(e, ERR_USAGE, "the path is too long: %.300s", path);
	if (rc == 0) {
		memcpy(r->path, path, len);
		shelf_real_name(r->path, r->name, sizeof r->name);
		rc = shelf_make_paths(r, e);
	}
	if (rc == 0)
		rc = open_path(r, &st, brief, e);
	if (rc) {
		shelf_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

int shelf_open(struct shelf_run **out, const char *path, struct err *e)
{
	return open_run(out, path, false, e);
}

int shelf_open_brief(struct shelf_run **out, const char *path, struct err *e)
{
	return open_run(out, path, true, e);
}
