#include "board.h"
#include "../base/text.h"
#include "journal.h"
#include <math.h>
#include <string.h>

static void spark_init(struct board_spark *s)
{
	s->n = s->head = 0;
	for (int i = 0; i < BOARD_SPARK; i++)
		s->v[i] = NAN;
}

static void spark_push(struct board_spark *s, double v)
{
	s->v[s->head] = (float)v;
	s->head = (s->head + 1) % BOARD_SPARK;
	if (s->n < BOARD_SPARK)
		s->n++;
}

void board_init(struct board *b)
{
	memset(b, 0, sizeof *b);
	b->current = -1;
	spark_init(&b->gen_tps);
	spark_init(&b->out_tps);
}

static struct board_cell *board_row(struct board *b, int64_t cell)
{
	if (cell < 0 || cell >= b->n_cells || !b->cells[cell].planned)
		return NULL;
	return &b->cells[cell];
}

/* What a row measured in an earlier try says nothing about the next one. */
static void cell_reset(struct board_cell *c)
{
	struct ev_cell_planned plan = c->plan;
	memset(c, 0, sizeof *c);
	c->planned = true;
	c->plan = plan;
}

static void run_open(struct board *b)
{
	b->finished = b->stopping = b->stopping_now = false;
	memset(&b->end, 0, sizeof b->end);
	b->end_wall_ns = b->end_mono_ns = 0;
	b->run_phase = PHASE_NONE;
	b->current = -1;
}

/* A resumed run writes a second run_started into the same journal: what its rows measured stands. Whether the server is the
 * one of before is not known here, so its accuracy is nobody's; the time stays for one that is used again. */
static void run_continue(struct board *b)
{
	for (int i = 0; i < b->n_cells; i++)
		if (b->cells[i].planned && b->cells[i].status == CELL_RUNNING && !b->cells[i].have_result)
			cell_reset(&b->cells[i]);
	run_open(b);
	b->have_accuracy = false;
	b->resumed++;
}

static void run_reset(struct board *b)
{
	run_open(b);
	b->resumed = 0;
	b->n_cells = 0;
	memset(b->cells, 0, sizeof b->cells);
	b->have_accuracy = false;
	memset(&b->accuracy, 0, sizeof b->accuracy);
	memset(&b->gate, 0, sizeof b->gate);
	b->accuracy_wall_ns = 0;
	spark_init(&b->out_tps);
	memset(b->notices, 0, sizeof b->notices);
	b->n_notices = 0;
	b->last_seq = 0;
}

static bool same_run(const struct board *b, const struct ev_run_started *r)
{
	return b->have_run && r->run_id[0] && strcmp(b->run.run_id, r->run_id) == 0 &&
	       (r->resumed || strcmp(b->run.dir, r->dir) == 0); /* the directory may have moved in between */
}

static void apply_run_started(struct board *b, const struct event *ev)
{
	if (same_run(b, &ev->u.run_started))
		run_continue(b);
	else
		run_reset(b);
	b->have_run = true;
	b->run = ev->u.run_started;
	b->run_wall_ns = ev->wall_ns;
	b->run_mono_ns = ev->mono_ns;
	b->last_mono_ns = ev->mono_ns; /* another boot, another clock */
}

static void apply_cell_planned(struct board *b, const struct ev_cell_planned *p)
{
	if (p->cell < 0 || p->cell >= BOARD_CELLS)
		return;
	struct board_cell *c = &b->cells[p->cell];
	c->planned = true;
	c->plan = *p;
	if (p->again)
		cell_reset(c);
	if (b->n_cells <= p->cell)
		b->n_cells = (int)p->cell + 1;
}

static void apply_cell_started(struct board *b, const struct event *ev)
{
	struct board_cell *c = board_row(b, ev->u.cell_started.cell);
	if (!c)
		return;
	cell_reset(c);
	c->status = CELL_RUNNING;
	c->started_mono_ns = c->phase_mono_ns = ev->mono_ns;
	b->current = (int)ev->u.cell_started.cell;
}

static void apply_phase_started(struct board *b, const struct event *ev)
{
	const struct ev_phase_started *p = &ev->u.phase_started;
	struct board_cell *c = board_row(b, p->cell);
	if (c) {
		c->phase = p->phase;
		c->phase_mono_ns = ev->mono_ns;
	} else if (p->cell == -1) {
		b->run_phase = p->phase;
	}
}

static void apply_accuracy_progress(struct board *b, const struct ev_accuracy_progress *p)
{
	struct board_cell *c = board_row(b, p->cell);
	/* Progress waits in a latest-wins slot and may be overtaken by a journaled sample that came after it. */
	if (!c || (c->have_accuracy_progress && p->elapsed_s < c->accuracy_progress.elapsed_s))
		return;
	c->accuracy_progress = *p;
	c->have_accuracy_progress = true;
}

static void apply_accuracy_measured(struct board *b, const struct event *ev)
{
	const struct ev_accuracy_measured *a = &ev->u.accuracy_measured;
	struct board_cell *c = board_row(b, a->cell);
	if (c) {
		c->accuracy = *a;
		c->have_accuracy = true;
	}
	/* A reused figure keeps the time at which it was measured. */
	if (!a->reused || b->accuracy_wall_ns == 0)
		b->accuracy_wall_ns = ev->wall_ns;
	b->accuracy = *a;
	b->have_accuracy = true;
}

static void apply_gate_decided(struct board *b, const struct ev_gate_decided *g)
{
	struct board_cell *c = board_row(b, g->cell);
	if (c) {
		c->gate = *g;
		c->have_gate = true;
	}
	b->gate = *g;
}

static void apply_load_progress(struct board *b, const struct ev_load_progress *p)
{
	struct board_cell *c = board_row(b, p->cell);
	if (p->sample)
		spark_push(&b->out_tps, p->output_tps);
	if (!c)
		return;
	const struct ev_load_progress *held = &c->progress;
	bool older = p->warmup != held->warmup ? p->warmup : p->elapsed_s < held->elapsed_s;
	if (c->have_progress && older)
		return;
	c->progress = *p;
	c->have_progress = true;
}

static void apply_load_measured(struct board *b, const struct ev_load_measured *m)
{
	struct board_cell *c = board_row(b, m->cell);
	if (!c)
		return;
	c->load = *m;
	c->have_load = true;
}

static void apply_flag_raised(struct board *b, const struct ev_flag_raised *f)
{
	struct board_cell *c = board_row(b, f->cell);
	if (!c)
		return;
	c->n_doubts += f->doubt;
	if (c->n_flags < BOARD_FLAGS)
		c->flags[c->n_flags++] = *f;
}

static void apply_result_saved(struct board *b, const struct ev_result_saved *r)
{
	struct board_cell *c = board_row(b, r->cell);
	if (!c)
		return;
	c->result = *r;
	c->have_result = true;
}

static void apply_post_changed(struct board *b, const struct ev_post_changed *p)
{
	struct board_cell *c = board_row(b, p->cell);
	if (c)
		c->post = *p;
}

static void apply_cell_done(struct board *b, const struct ev_cell_done *d)
{
	struct board_cell *c = board_row(b, d->cell);
	if (!c)
		return;
	c->status = d->status;
	c->phase = PHASE_NONE;
	c->done = *d;
	if (b->current == d->cell)
		b->current = -1;
}

static void apply_run_finished(struct board *b, const struct event *ev)
{
	b->finished = true;
	b->end = ev->u.run_finished;
	b->end_wall_ns = ev->wall_ns;
	b->end_mono_ns = ev->mono_ns;
	b->run_phase = PHASE_NONE;
	b->current = -1;
}

static void apply_server_load(struct board *b, const struct ev_server_load *l)
{
	b->server_load = *l;
	b->have_server_load = true;
	if (l->sample)
		spark_push(&b->gen_tps, l->gen_tps);
}

static void apply_code_seen(struct board *b, const struct ev_code_seen *c)
{
	int i = 0;
	while (i < b->n_code && strcmp(b->code[i].name, c->name) != 0)
		i++;
	if (i == BOARD_CODE)
		return;
	b->code[i] = *c;
	if (i == b->n_code)
		b->n_code++;
}

static void apply_notice(struct board *b, const struct event *ev)
{
	int64_t i = b->n_notices++ % BOARD_NOTICES;
	b->notices[i].wall_ns = ev->wall_ns;
	b->notices[i].n = ev->u.notice;
}

static void apply_journal_state(struct board *b, const struct ev_journal_state *j)
{
	b->journal_failing = j->failing;
	text_set(b->journal_text, sizeof b->journal_text, j->failing ? j->text : "");
}

/* Facts of one row. False: not of these kinds. */
static bool apply_cell(struct board *b, const struct event *ev)
{
	switch (ev->kind) {
	case EV_cell_planned:
		apply_cell_planned(b, &ev->u.cell_planned);
		return true;
	case EV_cell_started:
		apply_cell_started(b, ev);
		return true;
	case EV_phase_started:
		apply_phase_started(b, ev);
		return true;
	case EV_accuracy_progress:
		apply_accuracy_progress(b, &ev->u.accuracy_progress);
		return true;
	case EV_accuracy_measured:
		apply_accuracy_measured(b, ev);
		return true;
	case EV_gate_decided:
		apply_gate_decided(b, &ev->u.gate_decided);
		return true;
	case EV_load_progress:
		apply_load_progress(b, &ev->u.load_progress);
		return true;
	case EV_load_measured:
		apply_load_measured(b, &ev->u.load_measured);
		return true;
	case EV_flag_raised:
		apply_flag_raised(b, &ev->u.flag_raised);
		return true;
	case EV_result_saved:
		apply_result_saved(b, &ev->u.result_saved);
		return true;
	case EV_post_changed:
		apply_post_changed(b, &ev->u.post_changed);
		return true;
	case EV_cell_done:
		apply_cell_done(b, &ev->u.cell_done);
		return true;
	default:
		return false;
	}
}

/* Facts of the run as a whole, the server and the machine. */
static void apply_run(struct board *b, const struct event *ev)
{
	switch (ev->kind) {
	case EV_run_started:
		apply_run_started(b, ev);
		break;
	case EV_stop_requested:
		b->stopping = true;
		b->stopping_now = b->stopping_now || ev->u.stop_requested.now;
		break;
	case EV_run_finished:
		apply_run_finished(b, ev);
		break;
	case EV_server_seen:
		b->server = ev->u.server_seen;
		b->have_server = true;
		b->server_mono_ns = ev->mono_ns;
		break;
	case EV_server_load:
		apply_server_load(b, &ev->u.server_load);
		break;
	case EV_gpu_seen:
		b->gpu = ev->u.gpu_seen;
		b->have_gpu = true;
		break;
	case EV_code_seen:
		apply_code_seen(b, &ev->u.code_seen);
		break;
	case EV_notice:
		apply_notice(b, ev);
		break;
	case EV_journal_state:
		apply_journal_state(b, &ev->u.journal_state);
		break;
	default:
		break;
	}
}

void board_apply(struct board *b, const struct event *ev)
{
	/* The numbers of another run begin anew: its run_started is no duplicate, however low its number. */
	bool other_run = ev->kind == EV_run_started && !same_run(b, &ev->u.run_started);
	if (ev->seq != 0 && ev->seq <= b->last_seq && !other_run)
		return;
	if (ev->mono_ns > b->last_mono_ns)
		b->last_mono_ns = ev->mono_ns;
	if (!apply_cell(b, ev))
		apply_run(b, ev);
	if (ev->seq > b->last_seq)
		b->last_seq = ev->seq;
}

int board_replay(struct board *b, const char *dir, struct err *e)
{
	struct journal_reader r;
	struct event ev;
	int rc = journal_reader_open(&r, dir, e);
	if (rc)
		return rc;
	while ((rc = journal_reader_next(&r, &ev, e)) == 1)
		board_apply(b, &ev);
	journal_reader_close(&r);
	return rc;
}

int board_count(const struct board *b, enum cell_status status)
{
	int n = 0;
	for (int i = 0; i < b->n_cells; i++)
		n += b->cells[i].planned && b->cells[i].status == status;
	return n;
}
