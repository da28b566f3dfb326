/* summary.txt of a pair: the text that the official batch mode leaves beside its results. */
#include "../base/clock.h"
#include "../base/file.h"
#include "rundir.h"
#include <stdio.h>
#include <string.h>

#define RULE "============================================\n"

struct tally {
	int planned, passed, failed, open; /* open: queued or running */
};

static void add_cell(struct buf *b, const struct board_cell *c, struct tally *t)
{
	t->planned++;
	bool passed = c->status == CELL_PASSED;
	if (c->status == CELL_QUEUED || c->status == CELL_RUNNING)
		t->open++;
	if (!passed && c->status != CELL_FAILED && c->status != CELL_GATE_FAILED)
		return;
	t->passed += passed;
	t->failed += !passed;
	char run[32] = "";
	if (c->plan.repeat > 1)
		snprintf(run, sizeof run, " (run %lld)", (long long)c->plan.repeat);
	double seconds = c->done.duration_s;
	buf_printf(b, "%s CONC=%lld%s: %s (%llds)\n", passed ? "✓" : "✗", (long long)c->plan.conc, run,
	        passed ? "PASSED" : "FAILED", seconds > 0 && seconds < 1e9 ? (long long)seconds : 0LL);
}

/* "Complete" is said only when it is. */
static void add_end(struct buf *b, const struct tally *t, const char *name)
{
	int done = t->passed + t->failed;
	buf_adds(b, "\n" RULE);
	if (done == t->planned)
		buf_adds(b, "Multi-Concurrency Test Complete!\n");
	else
		buf_printf(b, "Multi-Concurrency Test %s: %d of %d done\n", t->open ? "In Progress" : "Stopped", done,
		        t->planned);
	buf_printf(b, RULE "Total tests: %d\nPassed: %d\nFailed: %d\n\nResults saved in: %s/\n" RULE, done, t->passed,
	        t->failed, name);
}

int rundir_summary(const struct rundir *d, const struct settings *s, int pair, const struct board *b, int64_t wall_ns,
        struct err *e)
{
	if (pair < 0 || pair >= s->n_pairs || pair >= SETTINGS_PAIRS)
		return err_set(e, ERR_USAGE, "there is no pair %d in this run", pair);
	const char *dir = d->pair_path[pair][0] ? d->pair_path[pair] : d->path;
	char path[600], when[26];
	if (!path_join(path, sizeof path, dir, "summary.txt"))
		return err_set(e, ERR_LIMIT, "the path is too long: %.200s", dir);
	clock_ctime(wall_ns, when);

	struct buf text;
	struct tally tally = {0};
	buf_init(&text, 1 << 20);
	buf_printf(&text, "Multi-Concurrency Test Summary\nISL: %d, OSL: %d\nMode: %s\nTime: %s\n" RULE "\n",
	        s->pairs[pair][0], s->pairs[pair][1], run_mode_word((int)s->mode), when);
	for (int i = 0; i < b->n_cells && i < BOARD_CELLS; i++) {
		const struct board_cell *c = &b->cells[i];
		if (c->planned && c->plan.isl == s->pairs[pair][0] && c->plan.osl == s->pairs[pair][1])
			add_cell(&text, c, &tally);
	}
	add_end(&text, &tally, path_base(dir));
	int rc = 0;
	if (text.failed)
		rc = err_set(e, ERR_NOMEM, "out of memory for %s", path);
	else
		rc = file_write_atomic(path, buf_text(&text), text.len, e);
	buf_free(&text);
	return rc;
}
