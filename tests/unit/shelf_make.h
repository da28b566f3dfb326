/* Runs on disk for the tests of the shelf: ours with journal, manifest and result files; the official tool's. */
#ifndef SHELF_MAKE_H
#define SHELF_MAKE_H
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/event/journal.h"
#include "../../engine/run/result.h"
#include "../../engine/run/rundir.h"
#include "../../engine/shelf/shelf.h"
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define CASES "tests/data/official_cases.json"
#define MODEL "amd/DeepSeek-R1-0528-MXFP4-Preview"

struct place {
	char dir[64];
	struct track t;
	cJSON *cases;
	uint64_t seq;
};

__attribute__((unused)) static int set_up(void **state)
{
	struct place *x = calloc(1, sizeof *x);
	struct err e = {0};
	struct buf text;
	assert_non_null(x);
	text_set(x->dir, sizeof x->dir, "/tmp/test-shelf-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	if (track_load(&x->t, "dsr1-fp4-sglang-mi355x", &e) < 0)
		fail_msg("%s", e.text);
	buf_init(&text, 1 << 20);
	if (file_read(CASES, &text, &e) < 0 || json_parse(buf_text(&text), text.len, 16, &x->cases, &e) < 0)
		fail_msg("%s", e.text);
	buf_free(&text);
	*state = x;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

__attribute__((unused)) static int tear_down(void **state)
{
	struct place *x = *state;
	nftw(x->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	cJSON_Delete(x->cases);
	free(x);
	return 0;
}

__attribute__((unused)) static void below(const struct place *x, const char *name, char *out, size_t cap)
{
	assert_true(path_join(out, cap, x->dir, name));
}

__attribute__((unused)) static void write_text(const char *dir, const char *name, const char *text)
{
	char path[700];
	struct err e = {0};
	assert_true(path_join(path, sizeof path, dir, name));
	if (file_write_atomic(path, text, strlen(text), &e) < 0)
		fail_msg("%s", e.text);
}

/* What was written is old: the index trusts it. */
static int age_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)flag;
	(void)ftw;
	struct timespec t[2] = {{.tv_sec = st->st_mtim.tv_sec - 3600, .tv_nsec = st->st_mtim.tv_nsec}};
	t[1] = t[0];
	return utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
}

__attribute__((unused)) static void age(const struct place *x)
{
	assert_int_equal(nftw(x->dir, age_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- the official tool ---- */

__attribute__((unused)) static const char *official_text(const struct place *x, int i)
{
	return json_get_str(cJSON_GetArrayItem(x->cases, i), "result", "");
}

__attribute__((unused)) static double official_number(const struct place *x, int i, const char *key)
{
	cJSON *v = cJSON_Parse(official_text(x, i));
	double d = json_get_f64(v, key, NAN);
	cJSON_Delete(v);
	return d;
}

#define RULE "============================================\n"
__attribute__((unused)) static void official_batch(const struct place *x, const char *name, char *dir, size_t cap)
{
	below(x, name, dir, cap);
	assert_int_equal(mkdir(dir, 0755), 0);
	write_text(dir, "result_isl1024_osl1024_conc4.json", official_text(x, 0));
	write_text(dir, "summary.txt",
	        "Multi-Concurrency Test Summary\nISL: 1024, OSL: 1024\nMode: submit\nTime: Tue Nov 25 15:00:00 2025\n" RULE
	        "\n✓ CONC=4: PASSED (180s)\n✗ CONC=8: FAILED (12s)\n\n" RULE "Multi-Concurrency Test Complete!\n" RULE
	        "Total tests: 2\nPassed: 1\nFailed: 1\n\nResults saved in: x/\n" RULE);
}

/* ---- ours ---- */

__attribute__((unused)) static struct ev_load_measured some_load(double k, int conc)
{
	struct event ev;
	event_init(&ev, EV_load_measured);
	struct ev_load_measured m = ev.u.load_measured;
	m.completed = conc * 50;
	m.duration_s = 100.1 / k;
	m.total_input = m.total_output = conc * 50 * 1024;
	m.request_throughput = (double)m.completed / m.duration_s;
	m.output_throughput = (double)m.total_output / m.duration_s;
	m.total_token_throughput = 2 * m.output_throughput;
	double *figures[] = {&m.ttft_mean, &m.ttft_median, &m.ttft_p99, &m.tpot_mean, &m.tpot_median, &m.tpot_p99,
	        &m.itl_mean, &m.itl_median, &m.itl_p99, &m.e2el_mean, &m.e2el_median, &m.e2el_p99};
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
		*figures[i] = (7.1 + (double)i) * 13.7 / k;
	m.tput_per_gpu = m.total_token_throughput / 8;
	m.interactivity = 1000 / m.tpot_median;
	return m;
}

struct ours {
	struct rundir d;
	struct settings s;
	struct plan p;
	struct journal_writer j;
};

__attribute__((unused)) static void add_event(struct place *x, struct ours *o, struct event *ev)
{
	ev->seq = ++x->seq;
	assert_int_equal(journal_append(&o->j, ev), 0);
	assert_int_equal(journal_flush(&o->j, false, NULL), 0);
}

/* A run directory with its journal open. */
__attribute__((unused)) static void ours_begin(struct place *x, struct ours *o, int64_t wall_s, bool batch)
{
	struct err e = {0};
	struct event ev;
	const int concs[] = {4, 8};
	memset(o, 0, sizeof *o);
	o->s = (struct settings){.mode = MODE_SUBMIT,
	        .batch = batch,
	        .pairs = {{1024, 1024}},
	        .n_pairs = 1,
	        .model = MODEL,
	        .port = 8888,
	        .tp = 8,
	        .ratio = 1.0,
	        .num_warmups = -1,
	        .team = "Team",
	        .base_url = "http://127.0.0.1:8888",
	        .result_base_url = "http://0.0.0.0:8888",
	        .result_filename = "mine",
	        .repeat = 1};
	text_set(o->s.results_dir, sizeof o->s.results_dir, x->dir);
	for (int i = 0; i < (batch ? 2 : 1); i++) {
		struct plan_cell *c = &o->p.cells[o->p.n_cells++];
		*c = (struct plan_cell){.isl = 1024,
		        .osl = 1024,
		        .conc = concs[i],
		        .repeat = 1,
		        .num_prompts = concs[i] * 50,
		        .rule_prompts = concs[i] * 50,
		        .have_ref = true};
		c->ref = *track_ref_find(&x->t, 1024, 1024, concs[i]);
	}
	if (rundir_create(&o->d, &o->s, &o->p, wall_s * CLOCK_NS_PER_S, &e) < 0 ||
	        rundir_manifest(&o->d, &o->s, &x->t, &o->p, NULL, wall_s * CLOCK_NS_PER_S, &e) < 0 ||
	        journal_open(&o->j, o->d.path, &e) < 0)
		fail_msg("%s", e.text);
	x->seq = 0;
	event_init(&ev, EV_run_started);
	text_set(ev.u.run_started.run_id, sizeof ev.u.run_started.run_id, o->d.name);
	text_set(ev.u.run_started.dir, sizeof ev.u.run_started.dir, o->d.path);
	text_set(ev.u.run_started.track, sizeof ev.u.run_started.track, x->t.name);
	text_set(ev.u.run_started.model, sizeof ev.u.run_started.model, MODEL);
	text_set(ev.u.run_started.team, sizeof ev.u.run_started.team, "Team");
	ev.u.run_started.mode = MODE_SUBMIT;
	ev.u.run_started.batch = batch;
	add_event(x, o, &ev);
	for (int i = 0; i < o->p.n_cells; i++) {
		event_init(&ev, EV_cell_planned);
		ev.u.cell_planned.cell = i;
		ev.u.cell_planned.isl = ev.u.cell_planned.osl = 1024;
		ev.u.cell_planned.conc = o->p.cells[i].conc;
		ev.u.cell_planned.repeat = 1;
		ev.u.cell_planned.num_prompts = ev.u.cell_planned.rule_prompts = o->p.cells[i].num_prompts;
		add_event(x, o, &ev);
	}
}

/* A row up to its result file and the events of it; done: also its end. */
__attribute__((unused)) static void ours_row(struct place *x, struct ours *o, int row, double k, bool done)
{
	struct event ev;
	struct err e = {0};
	struct buf text;
	char path[512];
	struct ev_load_measured m = some_load(k, o->p.cells[row].conc);
	struct ev_accuracy_measured a = {.bits_per_byte = 0.4491, .byte_perplexity = 1.3652, .word_perplexity = 3.2579};
	struct result_input in = {.track = &x->t,
	        .cell = &o->p.cells[row],
	        .model = MODEL,
	        .base_url = "http://0.0.0.0:8888",
	        .ratio = 1.0,
	        .load = &m,
	        .have_summary_names = true,
	        .accuracy = &a};
	event_init(&ev, EV_cell_started);
	ev.u.cell_started.cell = row;
	add_event(x, o, &ev);
	event_init(&ev, EV_load_measured);
	ev.u.load_measured = m;
	ev.u.load_measured.cell = row;
	add_event(x, o, &ev);
	buf_init(&text, 1 << 20);
	assert_int_equal(result_json(&in, &text), 0);
	assert_true(rundir_result_path(&o->d, &o->s, &o->p.cells[row], path, sizeof path));
	if (file_keep_old(path, NULL, 0, &e) < 0 || file_write_atomic(path, buf_text(&text), text.len, &e) < 0)
		fail_msg("%s", e.text);
	buf_free(&text);
	event_init(&ev, EV_result_saved);
	ev.u.result_saved.cell = row;
	result_ratios(
	        &in, &ev.u.result_saved.tput_ratio, &ev.u.result_saved.e2e_ratio, &ev.u.result_saved.intvty_ratio);
	text_set(ev.u.result_saved.path, sizeof ev.u.result_saved.path, path);
	add_event(x, o, &ev);
	if (!done)
		return;
	event_init(&ev, EV_cell_done);
	ev.u.cell_done.cell = row;
	ev.u.cell_done.status = CELL_PASSED;
	ev.u.cell_done.duration_s = 120;
	add_event(x, o, &ev);
}

__attribute__((unused)) static void ours_end(struct place *x, struct ours *o, bool finished)
{
	struct event ev;
	event_init(&ev, EV_run_finished);
	ev.u.run_finished.passed = o->p.n_cells;
	if (finished)
		add_event(x, o, &ev);
	journal_close(&o->j);
	rundir_close(&o->d);
}

__attribute__((unused)) static void ours_whole(struct place *x, struct ours *o, int64_t wall_s, double k, bool batch)
{
	ours_begin(x, o, wall_s, batch);
	for (int i = 0; i < o->p.n_cells; i++)
		ours_row(x, o, i, k, true);
	ours_end(x, o, true);
}

/* ---- looking ---- */

__attribute__((unused)) static struct shelf *scan_of(const char *path)
{
	struct shelf *s = NULL;
	struct err e = {0};
	if (shelf_scan(&s, &path, 1, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

__attribute__((unused)) static struct shelf_run *open_of(const char *path)
{
	struct shelf_run *r = NULL;
	struct err e = {0};
	if (shelf_open(&r, path, &e) < 0)
		fail_msg("%s", e.text);
	return r;
}

__attribute__((unused)) static const struct shelf_entry *entry_named(const struct shelf *s, const char *name)
{
	for (int i = 0; i < s->n; i++)
		if (strcmp(path_base(s->entries[i].path), name) == 0)
			return &s->entries[i];
	return NULL;
}

/* The value of key in the JSON file. */
__attribute__((unused)) static double number_in(const char *path, const char *key)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(path, &b, NULL), 0);
	cJSON *v = cJSON_Parse(buf_text(&b));
	double d = json_get_f64(v, key, NAN);
	cJSON_Delete(v);
	buf_free(&b);
	return d;
}

#endif
