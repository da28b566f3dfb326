/* A run of ours as its files say: each row's result file is found, wherever the directory was moved to, and its figures
 * take the place of the journal's. They are the same unless somebody changed one of them, and then that is said. */
#include "../base/file.h"
#include "../base/text.h"
#include "shelf_int.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 20000

static bool same_double(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* Figures in which the file and the journal differ; *key gets the first one's name. */
static int differences(const struct ev_load_measured *file, const struct ev_load_measured *journal, const char **key)
{
	int n = 0;
	*key = "";
	for (const struct shelf_figure *f = shelf_figures; f->key; f++) {
		double v = shelf_figure(file, f);
		if (isnan(v) || same_double(v, shelf_figure(journal, f)))
			continue;
		if (n++ == 0)
			*key = f->key;
	}
	return n;
}

/* The same measurement, perhaps edited: another one shares none of these. */
static bool is_of_row(const struct shelf_result *v, const struct board_cell *c)
{
	const struct ev_load_measured *a = &v->load, *b = &c->load;
	if (v->plan.isl != c->plan.isl || v->plan.osl != c->plan.osl || v->plan.conc != c->plan.conc)
		return false;
	return !c->have_load || a->duration_s == b->duration_s || a->e2el_median == b->e2el_median ||
	       a->total_token_throughput == b->total_token_throughput || a->ttft_mean == b->ttft_mean;
}

struct found {
	struct shelf_result *v;
	char path[512];
	char why[200]; /* the last one that could not be read */
	bool other;    /* a file was there, of another run */
};

static bool try_path(struct found *f, const struct board_cell *c, const char *path)
{
	struct err e = {0};
	if (!file_exists(path))
		return false;
	if (shelf_result_read(f->v, path, &e)) {
		text_copy(f->why, sizeof f->why, e.text);
		return false;
	}
	if (!is_of_row(f->v, c)) {
		f->other = true;
		return false;
	}
	return text_set(f->path, sizeof f->path, path);
}

/* Part behind the last but one '/'. */
static const char *last_two(const char *path)
{
	const char *base = path_base(path);
	if (base - path < 2)
		return base;
	const char *p = base - 1;
	while (p > path && p[-1] != '/')
		p--;
	return p;
}

static bool try_below(struct found *f, const struct board_cell *c, const char *dir, const char *name)
{
	char path[512];
	return name[0] && name[0] != '/' && path_join(path, sizeof path, dir, name) && try_path(f, c, path);
}

/* A result outside of the run's directory may have been renamed since, when the next one took its name:
 * "STEM_20251125_150000.json". */
static bool try_renamed(struct found *f, const struct board_cell *c, const char *dir, const char *name)
{
	size_t stem = strlen(name);
	const struct dirent *entry;
	bool found = false;
	if (stem < 6 || strcmp(name + stem - 5, ".json") != 0)
		return false;
	stem -= 5;
	DIR *d = opendir(dir);
	for (int i = 0; d && !found && i < NAMES_MAX && (entry = readdir(d)); i++) {
		const char *n = entry->d_name;
		size_t len = strlen(n);
		if (len > stem + 6 && strncmp(n, name, stem) == 0 && n[stem] == '_' &&
		        strcmp(n + len - 5, ".json") == 0 && shelf_name_time(n + stem))
			found = try_below(f, c, dir, n);
	}
	if (d)
		closedir(d);
	return found;
}

/* The path that a file of this row had: as the journal says, else the name that it gets. */
static const char *recorded_name(const struct board_cell *c, char *out, size_t cap)
{
	char run[24] = "";
	if (c->have_result && c->result.path[0])
		return c->result.path;
	if (c->plan.repeat > 1)
		snprintf(run, sizeof run, "_run%lld", (long long)c->plan.repeat);
	snprintf(out, cap, "result_isl%lld_osl%lld_conc%lld%s.json", (long long)c->plan.isl, (long long)c->plan.osl,
	        (long long)c->plan.conc, run);
	return out;
}

/* The directory was perhaps copied or seen from another container: what lies beside it goes before the recorded path. */
static bool find_result(const struct shelf_run *r, const struct board_cell *c, struct found *f)
{
	char name[160], parent[560];
	const char *path = recorded_name(c, name, sizeof name);
	if (try_below(f, c, r->path, path_base(path)) || try_below(f, c, r->path, last_two(path)))
		return true;
	if (!c->have_result || !path_join(parent, sizeof parent, r->path, ".."))
		return false;
	return try_below(f, c, parent, path_base(path)) || try_renamed(f, c, parent, path_base(path)) ||
	       (path[0] == '/' && try_path(f, c, path));
}

static void take_figures(struct shelf_run *r, int row, const struct found *f)
{
	struct board_cell *c = &r->board->cells[row];
	const struct shelf_result *v = f->v;
	struct ev_load_measured m = c->load;
	const char *key;
	int n = c->have_load ? differences(&v->load, &c->load, &key) : 0;
	if (n > 0)
		shelf_note(r, "CONC %lld: the result file's %s%s not the journal's: the file's figures are shown",
		        (long long)c->plan.conc, key, n > 1 ? " and others are" : " is");
	if (!c->have_load) {
		m = v->load;
	} else {
		for (const struct shelf_figure *fig = shelf_figures; fig->key; fig++) {
			double x = shelf_figure(&v->load, fig);
			memcpy((char *)&m + fig->at, &x, sizeof x);
		}
		m.completed = v->load.completed >= 0 ? v->load.completed : m.completed;
		m.total_input = v->load.total_input >= 0 ? v->load.total_input : m.total_input;
		m.total_output = v->load.total_output >= 0 ? v->load.total_output : m.total_output;
	}
	m.cell = row;
	c->load = m;
	c->have_load = true;
	char recorded[sizeof c->result.path];
	text_set(recorded, sizeof recorded, c->have_result ? c->result.path : f->path);
	c->result = v->saved;
	c->result.cell = row;
	c->have_result = true;
	text_set(c->result.path, sizeof c->result.path, recorded);
	c->plan.ref_e2e_ms = v->plan.ref_e2e_ms;
	c->plan.ref_tput = v->plan.ref_tput;
	c->plan.ref_intvty = v->plan.ref_intvty;
	if (v->have_accuracy && c->have_accuracy) {
		c->accuracy.bits_per_byte = v->accuracy.bits_per_byte;
		c->accuracy.byte_perplexity = v->accuracy.byte_perplexity;
		c->accuracy.word_perplexity = v->accuracy.word_perplexity;
	}
	text_set(r->result_path[row], sizeof r->result_path[row], f->path);
}

/* The process ended in the middle of this row. */
static void end_cut_row(struct board *b, int row)
{
	struct board_cell *c = &b->cells[row];
	if (c->status != CELL_RUNNING)
		return;
	c->status = c->have_result ? CELL_PASSED : CELL_STOPPED;
	c->phase = PHASE_NONE;
	c->done.cell = row;
	c->done.status = c->status;
	c->done.duration_s = NAN;
	text_copy(c->done.text, sizeof c->done.text, c->have_result ? "" : "the run was cut off in this row");
	if (b->current == row)
		b->current = -1;
}

static bool requests_in(const char *dir, const struct board_cell *c, char *out, size_t cap)
{
	char name[64], run[24] = "";
	if (c->plan.repeat > 1)
		snprintf(run, sizeof run, "_run%lld", (long long)c->plan.repeat);
	snprintf(name, sizeof name, "requests_conc%lld%s.jsonl", (long long)c->plan.conc, run);
	return path_join(out, cap, dir, name) && file_exists(out);
}

/* A sweep: in the directory of the row's pair. */
static bool requests_of_pair(const struct shelf_run *r, const struct board_cell *c, char *out, size_t cap)
{
	const struct dirent *entry;
	bool found = false;
	DIR *d = opendir(r->path);
	for (int i = 0; d && !found && i < NAMES_MAX && (entry = readdir(d)); i++) {
		char dir[512];
		int isl, osl;
		found = shelf_batch_name(entry->d_name, &isl, &osl) && isl == c->plan.isl && osl == c->plan.osl &&
		        path_join(dir, sizeof dir, r->path, entry->d_name) && requests_in(dir, c, out, cap);
	}
	if (d)
		closedir(d);
	return found;
}

bool shelf_find_requests(const struct shelf_run *r, int row, char *out, size_t cap)
{
	const struct board_cell *c = &r->board->cells[row];
	bool sweep = strncmp(r->name, "sweep_", 6) == 0;
	if (r->kind != SHELF_FILE && c->planned &&
	        (requests_in(r->path, c, out, cap) || (sweep && requests_of_pair(r, c, out, cap))))
		return true;
	out[0] = '\0';
	return false;
}

static void verify_row(struct shelf_run *r, int row, struct found *f, bool alive)
{
	struct board_cell *c = &r->board->cells[row];
	char name[160];
	f->path[0] = f->why[0] = '\0';
	f->other = false;
	if (c->have_result || c->have_load) {
		if (find_result(r, c, f))
			take_figures(r, row, f);
		else if (c->have_result && f->why[0])
			shelf_note(r, "CONC %lld: the journal's figures: %s", (long long)c->plan.conc, f->why);
		else if (c->have_result)
			shelf_note(r, "CONC %lld: the journal's figures: its result file %s", (long long)c->plan.conc,
			        f->other ? "was replaced by another run's" : "is gone");
	} else if (!alive && try_below(f, c, r->path, recorded_name(c, name, sizeof name))) {
		/* the process ended between the two, or the journal could not be written: what became of the row is not known */
		shelf_note(r, "CONC %lld: the journal does not tell of %s, so it is not shown", (long long)c->plan.conc,
		        name);
	}
	shelf_find_requests(r, row, r->requests_path[row], sizeof r->requests_path[row]);
}

void shelf_verify(struct shelf_run *r, bool alive)
{
	struct found f = {.v = calloc(1, sizeof *f.v)};
	for (int i = 0; f.v && i < r->board->n_cells; i++)
		if (r->board->cells[i].planned)
			verify_row(r, i, &f, alive);
	for (int i = 0; !alive && i < r->board->n_cells; i++)
		end_cut_row(r->board, i);
	free(f.v);
}
