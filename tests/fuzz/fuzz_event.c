/* Journal lines: what decodes survives another round unchanged, and no line hurts the board. */
#include "../../engine/event/board.h"
#include "../../engine/event/fields.h"
#include "fuzz.h"
#include <math.h>

static struct board board; /* a megabyte */

static void check_member(const struct event_field *f, const char *a, const char *b)
{
	double x, y;
	int word;
	switch (f->type) {
	case TYPE_STR:
		CHECK(memchr(a, '\0', f->size) && strcmp(a, b) == 0);
		break;
	case TYPE_F64:
		memcpy(&x, a, sizeof x);
		memcpy(&y, b, sizeof y);
		CHECK(isnan(x) ? isnan(y) : memcmp(&x, &y, sizeof x) == 0);
		CHECK(!isinf(x));
		break;
	case TYPE_WORDS:
		memcpy(&word, a, sizeof word);
		CHECK(word >= 0 && f->from_word(f->word(word)) == word);
		CHECK(memcmp(a, b, f->size) == 0);
		break;
	case TYPE_BOOL:
		CHECK(*(const unsigned char *)a <= 1 && *a == *b);
		break;
	case TYPE_I64:
		CHECK(memcmp(a, b, f->size) == 0);
		break;
	}
}

static void check_round(const struct event *ev)
{
	struct buf line, again;
	struct event back;
	struct err e = {0};
	const struct event_description *d = event_describe(ev->kind);
	buf_init(&line, EVENT_LINE_MAX);
	buf_init(&again, EVENT_LINE_MAX);
	CHECK(d && event_encode(ev, &line) == 0);
	CHECK(line.len > 1 && line.data[line.len - 1] == '\n');
	CHECK(memchr(line.data, '\n', line.len) == line.data + line.len - 1);
	CHECK(event_decode(line.data, line.len, &back, &e) == 0);
	CHECK(back.kind == ev->kind && back.seq == ev->seq && back.wall_ns == ev->wall_ns &&
	        back.mono_ns == ev->mono_ns);
	for (size_t i = 0; i < d->n; i++)
		check_member(&d->fields[i], (const char *)&ev->u + d->fields[i].offset,
		        (const char *)&back.u + d->fields[i].offset);
	CHECK(event_encode(&back, &again) == 0);
	CHECK(again.len == line.len && memcmp(again.data, line.data, line.len) == 0);
	buf_free(&line);
	buf_free(&again);
}

static void check_board(void)
{
	CHECK(board.n_cells >= 0 && board.n_cells <= BOARD_CELLS);
	CHECK(board.current >= -1 && board.current < board.n_cells);
	CHECK(board.n_notices >= 0);
	CHECK(board.gen_tps.n >= 0 && board.gen_tps.n <= BOARD_SPARK && board.gen_tps.head < BOARD_SPARK);
	CHECK(board.out_tps.n >= 0 && board.out_tps.n <= BOARD_SPARK && board.out_tps.head < BOARD_SPARK);
	for (int i = 0; i < board.n_cells; i++) {
		const struct board_cell *c = &board.cells[i];
		CHECK(c->n_flags >= 0 && c->n_flags <= BOARD_FLAGS && c->n_doubts >= 0);
		CHECK((unsigned)c->status < cell_status_count && (unsigned)c->phase < run_phase_count);
		CHECK(c->planned || !(c->have_load || c->have_result || c->have_gate));
	}
}

/* An event that was numbered is a duplicate the second time; a run that is another run is none. */
static void apply_twice(const struct event *ev)
{
	board_apply(&board, ev);
	int64_t notices = board.n_notices;
	int sparks = board.gen_tps.head + BOARD_SPARK * board.out_tps.head;
	if (ev->seq == 0 || ev->kind == EV_run_started)
		return;
	CHECK(board.last_seq >= ev->seq);
	board_apply(&board, ev);
	CHECK(board.n_notices == notices && board.gen_tps.head + BOARD_SPARK * board.out_tps.head == sparks);
}

static void take_line(const char *text, size_t len)
{
	struct event ev;
	struct err e = {0};
	char *line = exact_copy(text, len);
	int rc = event_decode(line, len, &ev, &e);
	free(line);
	if (rc) {
		CHECK(rc == ERR_PROTO && e.code == rc && e.text[0]);
		return;
	}
	if (ev.kind != EV_NONE) {
		CHECK(ev.kind > EV_NONE && ev.kind < EV_count);
		check_round(&ev);
		event_is_journaled(&ev);
	}
	apply_twice(&ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	board_init(&board);
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		const char *stop = nl ? nl + 1 : end;
		take_line(at, (size_t)(stop - at));
		at = stop;
	}
	check_board();
	return 0;
}
