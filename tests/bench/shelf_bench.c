/* The list of runs: 5,000 batches of five results each, listed for the first time, then from the index; one opened whole.
 *
 * Prints one table; decides nothing by time. 1 when something could not run, 0 else.
 *   shelf_bench [--runs N]     in $TMPDIR or /tmp
 */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../engine/event/journal.h"
#include "../../engine/run/result.h"
#include "../../engine/run/rundir.h"
#include "../../engine/shelf/shelf.h"
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS    5
#define SAMPLES 60 /* journaled seconds of each load: longer ones are read once, too */

static char dir[400];
static int n_runs = 5000;
static struct track track;

static void row(const char *what, const char *reach, const char *measured, const char *note)
{
	printf("%-46s %-14s %-16s %s\n", what, reach, measured, note);
	fflush(stdout);
}

static int problem(const char *what, const struct err *e)
{
	fprintf(stderr, "shelf_bench: could not run: %s: %s\n", what, e ? e->text : "");
	return 1;
}

static double memory(const char *key)
{
	char line[128];
	double kb = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtod(line + strlen(key), NULL);
	if (f)
		fclose(f);
	return kb / 1024;
}

/* ---- the runs ---- */

static bool put(const char *at, const char *name, const char *data, size_t len)
{
	char path[700];
	if (!path_join(path, sizeof path, at, name))
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && write(fd, data, len) == (ssize_t)len;
	if (fd >= 0)
		close(fd);
	return ok;
}

static struct ev_load_measured load_of(int run, int conc)
{
	struct event ev;
	event_init(&ev, EV_load_measured);
	struct ev_load_measured m = ev.u.load_measured;
	double k = 1 + 0.0001 * run;
	m.completed = conc * 50;
	m.total_input = m.total_output = m.completed * 1024;
	m.duration_s = 700.123 / k;
	m.request_throughput = (double)m.completed / m.duration_s;
	m.output_throughput = (double)m.total_output / m.duration_s;
	m.total_token_throughput = 2 * m.output_throughput;
	m.ttft_mean = m.ttft_median = m.ttft_p99 = 640.1234567 / k;
	m.tpot_mean = m.tpot_median = m.tpot_p99 = m.itl_mean = m.itl_median = m.itl_p99 = 12.87654321 / k;
	m.e2el_mean = m.e2el_median = m.e2el_p99 = 14042.87719760991 / k;
	m.tput_per_gpu = m.total_token_throughput / 8;
	m.interactivity = 1000 / m.tpot_median;
	return m;
}

static void add(struct buf *journal, struct event *ev, uint64_t *seq)
{
	ev->seq = ++*seq;
	event_encode(ev, journal);
}

static bool add_row(const struct rundir *d, const struct settings *s, const struct plan_cell *c, int cell, int run,
        struct buf *journal, uint64_t *seq)
{
	struct event ev;
	struct buf text;
	struct ev_load_measured m = load_of(run, c->conc);
	struct ev_accuracy_measured a = {.bits_per_byte = 0.4491, .byte_perplexity = 1.3652, .word_perplexity = 3.2579};
	struct result_input in = {.track = &track,
	        .cell = c,
	        .model = track.model,
	        .base_url = "http://0.0.0.0:8888",
	        .ratio = 1,
	        .load = &m,
	        .have_summary_names = true,
	        .accuracy = &a};
	char path[512];
	event_init(&ev, EV_cell_started);
	ev.u.cell_started.cell = cell;
	add(journal, &ev, seq);
	for (int i = 0; i < SAMPLES; i++) {
		event_init(&ev, EV_load_progress);
		ev.u.load_progress.cell = cell;
		ev.u.load_progress.elapsed_s = i;
		ev.u.load_progress.output_tps = 958.1;
		ev.u.load_progress.sample = true;
		add(journal, &ev, seq);
	}
	event_init(&ev, EV_load_measured);
	ev.u.load_measured = m;
	ev.u.load_measured.cell = cell;
	add(journal, &ev, seq);
	buf_init(&text, 1 << 20);
	result_json(&in, &text);
	bool ok = rundir_result_path(d, s, c, path, sizeof path) && put("", path, buf_text(&text), text.len);
	buf_free(&text);
	event_init(&ev, EV_result_saved);
	ev.u.result_saved.cell = cell;
	result_ratios(
	        &in, &ev.u.result_saved.tput_ratio, &ev.u.result_saved.e2e_ratio, &ev.u.result_saved.intvty_ratio);
	text_set(ev.u.result_saved.path, sizeof ev.u.result_saved.path, path);
	add(journal, &ev, seq);
	event_init(&ev, EV_cell_done);
	ev.u.cell_done.cell = cell;
	ev.u.cell_done.status = CELL_PASSED;
	add(journal, &ev, seq);
	return ok;
}

static bool make_run(int run)
{
	static const int concs[ROWS] = {4, 8, 16, 32, 64};
	static struct rundir d;
	static struct settings s;
	static struct plan p;
	struct event ev;
	struct buf journal;
	uint64_t seq = 0;
	char stamp[16];
	int64_t wall_ns = (1764082800 + (int64_t)run * 7200) * CLOCK_NS_PER_S;
	memset(&d, 0, sizeof d);
	s = (struct settings){
	        .mode = MODE_PERF, .batch = true, .pairs = {{1024, 1024}}, .n_pairs = 1, .repeat = 1, .ratio = 1};
	text_set(s.results_dir, sizeof s.results_dir, dir);
	clock_stamp(wall_ns, stamp);
	snprintf(d.name, sizeof d.name, "batch_isl1024_osl1024_%s", stamp);
	if (!path_join(d.path, sizeof d.path, dir, d.name) || mkdir(d.path, 0755) < 0)
		return false;
	text_set(d.pair_path[0], sizeof d.pair_path[0], d.path);
	p.n_cells = ROWS;
	buf_init(&journal, (size_t)4 << 20);
	event_init(&ev, EV_run_started);
	text_set(ev.u.run_started.run_id, sizeof ev.u.run_started.run_id, d.name);
	text_set(ev.u.run_started.dir, sizeof ev.u.run_started.dir, d.path);
	text_set(ev.u.run_started.track, sizeof ev.u.run_started.track, track.name);
	text_set(ev.u.run_started.model, sizeof ev.u.run_started.model, track.model);
	add(&journal, &ev, &seq);
	for (int i = 0; i < ROWS; i++) {
		p.cells[i] = (struct plan_cell){.isl = 1024,
		        .osl = 1024,
		        .conc = concs[i],
		        .repeat = 1,
		        .num_prompts = concs[i] * 50,
		        .rule_prompts = concs[i] * 50,
		        .have_ref = true};
		p.cells[i].ref = *track_ref_find(&track, 1024, 1024, concs[i]);
		event_init(&ev, EV_cell_planned);
		ev.u.cell_planned.cell = i;
		ev.u.cell_planned.isl = ev.u.cell_planned.osl = 1024;
		ev.u.cell_planned.conc = concs[i];
		ev.u.cell_planned.repeat = 1;
		add(&journal, &ev, &seq);
	}
	bool ok = true;
	for (int i = 0; i < ROWS && ok; i++)
		ok = add_row(&d, &s, &p.cells[i], i, run, &journal, &seq);
	event_init(&ev, EV_run_finished);
	add(&journal, &ev, &seq);
	ok = ok && put(d.path, "events.jsonl", buf_text(&journal), journal.len) &&
	     put(d.path, "run.lock", "1 x\n", 4) && put(d.path, "summary.txt", "x\n", 2) &&
	     (run % 100 ? put(d.path, "run.json", "{\"settings\":{},\"track\":{}}", 26)
	                : rundir_manifest(&d, &s, &track, &p, NULL, wall_ns, NULL) == 0);
	buf_free(&journal);
	return ok;
}

static int age_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	struct timespec t[2] = {{.tv_sec = st->st_mtim.tv_sec - 3600}, {.tv_sec = st->st_mtim.tv_sec - 3600}};
	(void)flag;
	(void)ftw;
	return utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* ---- what is measured ---- */

static double cpu_ms;

static struct shelf *scan(double *ms)
{
	int64_t cpu = clock_thread_cpu_ns();
	struct shelf *s = NULL;
	struct err e = {0};
	const char *path = dir;
	int64_t t = clock_mono_ns();
	if (shelf_scan(&s, &path, 1, NULL, &e))
		problem("shelf_scan", &e);
	*ms = (double)(clock_mono_ns() - t) / 1e6;
	cpu_ms = (double)(clock_thread_cpu_ns() - cpu) / 1e6;
	return s;
}

static int measure(void)
{
	double ms, best = INFINITY, cpu = INFINITY, before = memory("VmRSS:");
	char text[40], what[80], note[120];
	struct shelf *s = scan(&ms);
	if (!s)
		return 1;
	snprintf(what, sizeof what, "%d runs of %d results, first scan", s->n, ROWS);
	snprintf(text, sizeof text, "%.1f s", ms / 1000);
	snprintf(note, sizeof note, "%d read, journals of %d s a row; CPU %.1f s", s->read, SAMPLES, cpu_ms / 1000);
	row(what, "", text, note);
	shelf_free(s);
	int reused = 0, n = 0;
	for (int i = 0; i < 5 && (s = scan(&ms)); i++) {
		best = ms < best ? ms : best;
		cpu = cpu_ms < cpu ? cpu_ms : cpu;
		reused = s->reused;
		n = s->n;
		if (i == 4) {
			snprintf(text, sizeof text, "%.0f MB", memory("VmRSS:") - before);
			snprintf(note, sizeof note, "peak %.0f MB", memory("VmHWM:"));
		}
		shelf_free(s);
	}
	row("  resident for the list, from the index", "", text, note);
	snprintf(text, sizeof text, "%.0f ms", best);
	snprintf(note, sizeof note, "%s; best of 5, CPU %.0f ms; %d of %d from the index",
	        best <= 200 ? "reached" : "not reached", cpu, reused, n);
	row("  scan again, every file's identity checked", "<= 200 ms", text, note);

	struct shelf_run *r = NULL;
	struct err e = {0};
	if (!(s = scan(&ms)) || s->n == 0)
		return 1;
	int64_t t = clock_mono_ns();
	if (shelf_open(&r, s->entries[0].path, &e))
		return problem("shelf_open", &e);
	snprintf(text, sizeof text, "%.1f ms", (double)(clock_mono_ns() - t) / 1e6);
	row("  one run opened whole", "", text, "journal, manifest, five result files");
	shelf_close(r);
	shelf_free(s);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = {0};
	const char *tmp = getenv("TMPDIR");
	int64_t v;
	if (argc == 3 && strcmp(argv[1], "--runs") == 0 && text_to_i64(argv[2], 1, 20000, &v))
		n_runs = (int)v;
	snprintf(dir, sizeof dir, "%s/benchtop-shelf.XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
	if (track_load(&track, "dsr1-fp4-sglang-mi355x", &e))
		return problem("the track", &e);
	if (!mkdtemp(dir))
		return problem("no directory", NULL);
	bool made = true;
	for (int i = 0; i < n_runs && made; i++)
		made = make_run(i);
	nftw(dir, age_one, 16, FTW_DEPTH | FTW_PHYS);
	int rc = made ? measure() : problem("the runs could not be made", NULL);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return rc;
}
