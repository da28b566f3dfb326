#include "report.h"

#include "../engine/base/clock.h"
#include "../engine/base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_EVERY_NS (10 * CLOCK_NS_PER_S)

int report_open(struct report *r, FILE *out, bool json, struct err *e)
{
	memset(r, 0, sizeof *r);
	r->out = out;
	r->json = json;
	r->board = malloc(sizeof *r->board);
	if (!r->board)
		return err_set(e, ERR_NOMEM, "out of memory");
	board_init(r->board);
	return 0;
}

void report_close(struct report *r)
{
	free(r->board);
	r->board = NULL;
}

static void line(struct report *r, const struct event *ev, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void line(struct report *r, const struct event *ev, const char *fmt, ...)
{
	char hms[9];
	va_list ap;

	if (r->broken)
		return;
	clock_hms(ev->wall_ns, hms);
	fprintf(r->out, "%s  ", hms);
	va_start(ap, fmt);
	vfprintf(r->out, fmt, ap);
	va_end(ap);
	fputc('\n', r->out);
}

/* A figure with its unit's decimals, or a dash: absent is not zero. */
static const char *num(double v, int decimals, char out[40])
{
	return text_commas(v, decimals, out);
}

static const char *row_name(const struct report *r, int64_t cell, char out[64])
{
	const struct board *b = r->board;

	if (cell < 0 || cell >= b->n_cells) {
		out[0] = '\0';
		return out;
	}
	const struct ev_cell_planned *p = &b->cells[cell].plan;
	int n = snprintf(out, 64, "%lld/%lld CONC=%lld", (long long)p->isl, (long long)p->osl, (long long)p->conc);
	if (p->repeat > 1 && n > 0 && n < 64)
		snprintf(out + n, 64 - (size_t)n, " run %lld", (long long)p->repeat);
	return out;
}

static void on_run_started(struct report *r, const struct event *ev)
{
	const struct ev_run_started *s = &ev->u.run_started;

	line(r, ev, "run %s: mode %s, track %s, model %s", s->run_id, run_mode_word((int)s->mode), s->track, s->model);
	line(r, ev, "server %s, prompts as %s, accuracy %s, %lld rows", s->base_url, prompts_mode_word((int)s->prompts),
	        accuracy_mode_word((int)s->accuracy), (long long)s->cells);
	if (s->mode == MODE_SUBMIT)
		line(r, ev, "team %s", s->team);
	line(r, ev, "results directory: %s", s->dir);
}

static void on_accuracy_measured(struct report *r, const struct event *ev)
{
	const struct ev_accuracy_measured *a = &ev->u.accuracy_measured;
	char name[64];

	line(r, ev,
	        "%s: accuracy bits_per_byte %.4f, byte_perplexity %.4f, word_perplexity %.4f (%lld documents in %.1f s by %s%s)",
	        row_name(r, a->cell, name), a->bits_per_byte, a->byte_perplexity, a->word_perplexity,
	        (long long)a->documents, a->duration_s, a->endpoint, a->reused ? ", measured earlier in this run" : "");
}

static void on_load_measured(struct report *r, const struct event *ev)
{
	const struct ev_load_measured *m = &ev->u.load_measured;
	char name[64], a[40], b[40], c[40], d[40];

	row_name(r, m->cell, name);
	line(r, ev,
	        "%s: %lld requests completed, %lld failed in %.1f s: %s tok/s in all, %s tok/s/GPU, interactivity %s tok/s/user",
	        name, (long long)m->completed, (long long)m->failed, m->duration_s,
	        num(m->total_token_throughput, 1, a), num(m->tput_per_gpu, 3, b), num(m->interactivity, 2, c));
	line(r, ev, "%s: median TTFT %s ms, TPOT %s ms, ITL %s ms, E2EL %s ms", name, num(m->ttft_median, 2, a),
	        num(m->tpot_median, 3, b), num(m->itl_median, 3, c), num(m->e2el_median, 1, d));
	line(r, ev, "%s: p99 TTFT %s ms, TPOT %s ms, ITL %s ms, E2EL %s ms", name, num(m->ttft_p99, 2, a),
	        num(m->tpot_p99, 3, b), num(m->itl_p99, 3, c), num(m->e2el_p99, 1, d));
	if (m->failed > 0)
		line(r, ev, "%s: first failed request: %s", name, m->first_error);
}

static void on_result_saved(struct report *r, const struct event *ev)
{
	const struct ev_result_saved *s = &ev->u.result_saved;
	char name[64];

	row_name(r, s->cell, name);
	if (!isnan(s->tput_ratio))
		line(r, ev,
		        "%s: against the reference: throughput x%.3f (%s), E2E x%.3f (%s), interactivity x%.3f (%s)",
		        name, s->tput_ratio, s->tput_ratio > 1 ? "better" : "worse", s->e2e_ratio,
		        s->e2e_ratio < 1 ? "better" : "worse", s->intvty_ratio,
		        s->intvty_ratio > 1 ? "better" : "worse");
	line(r, ev, "%s: saved %s", name, s->path);
}

static void on_post(struct report *r, const struct event *ev)
{
	const struct ev_post_changed *p = &ev->u.post_changed;
	char name[64];

	row_name(r, p->cell, name);
	switch (p->state) {
	case POST_ATTEMPTED:
		line(r, ev, "%s: posting, attempt %lld", name, (long long)p->attempt);
		break;
	case POST_SENT:
		line(r, ev, "%s: queued at the board as %s", name, p->event_id);
		break;
	case POST_CONFIRMED:
		if (p->rank > 0)
			line(r, ev, "%s: posted, the board confirms: rank %lld", name, (long long)p->rank);
		else
			line(r, ev, "%s: posted, the board confirms", name);
		break;
	default:
		line(r, ev, "%s: post %s: %s", name, post_state_word((int)p->state), p->text);
		break;
	}
}

static void on_done(struct report *r, const struct event *ev)
{
	const struct ev_cell_done *d = &ev->u.cell_done;
	char name[64];
	const char *mark = d->status == CELL_PASSED    ? "PASSED"
	                   : d->status == CELL_SKIPPED ? "SKIPPED"
	                   : d->status == CELL_STOPPED ? "STOPPED"
	                                               : "FAILED";

	line(r, ev, "%s: %s (%.0fs)%s%s", row_name(r, d->cell, name), mark, d->duration_s, d->text[0] ? ": " : "",
	        d->text);
}

static void on_progress(struct report *r, const struct event *ev)
{
	char name[64], a[40], b[40], c[40];

	if (ev->mono_ns - r->last_progress_ns < PROGRESS_EVERY_NS)
		return;
	r->last_progress_ns = ev->mono_ns;
	if (ev->kind == EV_accuracy_progress) {
		const struct ev_accuracy_progress *p = &ev->u.accuracy_progress;
		line(r, ev, "%s: accuracy %lld of %lld, bits_per_byte so far %s", row_name(r, p->cell, name),
		        (long long)p->done, (long long)p->total, num(p->bits_per_byte, 4, a));
	} else {
		const struct ev_load_progress *p = &ev->u.load_progress;
		line(r, ev, "%s: %s%lld of %lld done, %lld failed, %lld in flight, %s tok/s/GPU, TPOT %s ms, left %s",
		        row_name(r, p->cell, name), p->warmup ? "warm-up " : "", (long long)p->done,
		        (long long)p->total, (long long)p->failed, (long long)p->in_flight, num(p->tput_per_gpu, 1, a),
		        num(p->tpot_median, 2, b), clock_duration(p->eta_s, c));
	}
}

static void plain(struct report *r, const struct event *ev)
{
	char name[64];

	switch (ev->kind) {
	case EV_run_started:
		on_run_started(r, ev);
		break;
	case EV_cell_started:
		line(r, ev, "%s: begins, row %lld of %lld", row_name(r, ev->u.cell_started.cell, name),
		        (long long)ev->u.cell_started.cell + 1, (long long)r->board->run.cells);
		r->last_progress_ns = ev->mono_ns;
		break;
	case EV_phase_started:
		if (ev->u.phase_started.phase == PHASE_PAUSE || ev->u.phase_started.phase == PHASE_RESULT)
			break;
		row_name(r, ev->u.phase_started.cell, name);
		line(r, ev, "%s%s%s", name, name[0] ? ": " : "", run_phase_word((int)ev->u.phase_started.phase));
		break;
	case EV_accuracy_progress:
	case EV_load_progress:
		on_progress(r, ev);
		break;
	case EV_accuracy_measured:
		on_accuracy_measured(r, ev);
		break;
	case EV_gate_decided:
		line(r, ev, "%s: accuracy gate %s: %s", row_name(r, ev->u.gate_decided.cell, name),
		        ev->u.gate_decided.passed ? "PASSED" : "FAILED", ev->u.gate_decided.text);
		break;
	case EV_load_measured:
		on_load_measured(r, ev);
		break;
	case EV_flag_raised:
		line(r, ev, "%s: %s: %s: %s", row_name(r, ev->u.flag_raised.cell, name),
		        ev->u.flag_raised.doubt ? "doubt" : "note", flag_code_word((int)ev->u.flag_raised.flag),
		        ev->u.flag_raised.text);
		break;
	case EV_result_saved:
		on_result_saved(r, ev);
		break;
	case EV_post_changed:
		on_post(r, ev);
		break;
	case EV_cell_done:
		on_done(r, ev);
		break;
	case EV_stop_requested:
		line(r, ev, "%s",
		        ev->u.stop_requested.now ? "stopping now"
		                                 : "stopping after the requests in flight; once more: now");
		break;
	case EV_run_finished:
		line(r, ev, "%s%s",
		        ev->u.run_finished.exit_status ? "NOT COMPLETE: " : "COMPLETE: ", ev->u.run_finished.text);
		break;
	case EV_server_seen:
		line(r, ev, "server %s: %s%s%s", server_phase_word((int)ev->u.server_seen.phase),
		        ev->u.server_seen.text, ev->u.server_seen.model[0] ? ", serves " : "", ev->u.server_seen.model);
		break;
	case EV_notice:
		line(r, ev, "%s: %s", severity_word((int)ev->u.notice.severity), ev->u.notice.text);
		break;
	case EV_journal_state:
		line(r, ev, "%s%s",
		        ev->u.journal_state.failing ? "error: the journal cannot be written, facts are kept in memory: "
		                                    : "the journal is written again",
		        ev->u.journal_state.text);
		break;
	default:
		break;
	}
}

void report_event(struct report *r, const struct event *ev)
{
	board_apply(r->board, ev);
	if (r->broken)
		return;
	if (r->json) {
		struct buf b;
		buf_init(&b, EVENT_LINE_MAX);
		if (event_encode(ev, &b) == 0)
			fwrite(b.data, 1, b.len, r->out);
		buf_free(&b);
	} else {
		plain(r, ev);
	}
	if (fflush(r->out) != 0)
		r->broken = true;
}
