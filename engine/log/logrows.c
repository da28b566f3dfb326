#include "logrows.h"
#include "../base/text.h"
#include <stdlib.h>
#include <string.h>

#define KEPT     64   /* blocks; a filter can bring a row of each */
#define BIG      8192 /* rows: of such blocks only two are kept */
#define EMPTY    512  /* blocks without a row that a step passes over */
#define ROWS_MAX ((size_t)LOGFILE_BLOCK + 1)

struct line_row {
	int64_t at;
	uint32_t row;
};

struct rowblock {
	int64_t block; /* -1 none */
	int64_t size;  /* of the file, when it could still change with it; -1 it cannot */
	unsigned used; /* when */
	struct logfold fold;
	struct line_row *lines; /* of every line shown */
	size_t n_lines, cap_lines;
};

struct logrows {
	struct logfile *lf;
	bool raw, filtered;
	unsigned clock;
	struct rowblock kept[KEPT];
	struct {
		int64_t at, end;
	} opened[LOGROWS_OPENED];
	int n_opened;
	char clean[LOGLINE_JUDGED * 3 + 1];
	char bytes[LOGROWS_TEXT];
};

struct logrows *logrows_open(struct logfile *lf)
{
	struct logrows *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->lf = lf;
	for (int i = 0; i < KEPT; i++)
		r->kept[i].block = -1;
	return r;
}

void logrows_close(struct logrows *r)
{
	if (!r)
		return;
	for (int i = 0; i < KEPT; i++) {
		logfold_end(&r->kept[i].fold);
		free(r->kept[i].lines);
	}
	free(r);
}

static void drop(struct logrows *r)
{
	for (int i = 0; i < KEPT; i++)
		r->kept[i].block = -1;
}

void logrows_raw(struct logrows *r, bool raw)
{
	if (raw != r->raw)
		drop(r);
	r->raw = raw;
}

void logrows_filtered(struct logrows *r, bool filtered)
{
	r->filtered = filtered;
	drop(r);
}

void logrows_forget(struct logrows *r)
{
	r->n_opened = 0;
	drop(r);
}

void logrows_unfold(struct logrows *r, const struct log_row *row)
{
	int64_t at = row->at, end = row->end;
	for (int i = 0; i < r->n_opened; i++)
		if (at >= r->opened[i].at && at < r->opened[i].end) {
			r->opened[i] = r->opened[--r->n_opened];
			drop(r);
			return;
		}
	if (row->count < 2 && !r->raw)
		return;
	if (r->n_opened == LOGROWS_OPENED)
		memmove(&r->opened[0], &r->opened[1], sizeof r->opened[0] * (size_t)--r->n_opened);
	r->opened[r->n_opened].at = at;
	r->opened[r->n_opened++].end = end;
	drop(r);
}

/* ---- making the rows of a block ---- */

struct making {
	struct logrows *r;
	struct rowblock *b;
	uint32_t line;
	bool open; /* the last line had no end */
};

static bool is_opened(const struct logrows *r, int64_t at)
{
	for (int i = 0; i < r->n_opened; i++)
		if (at >= r->opened[i].at && at < r->opened[i].end)
			return true;
	return false;
}

static bool note_line(struct rowblock *b, int64_t at, int64_t row)
{
	if (row < 0)
		return false;
	if (b->n_lines == b->cap_lines) {
		size_t cap = b->cap_lines ? b->cap_lines * 2 : 512;
		struct line_row *lines = reallocarray(b->lines, cap, sizeof *lines);
		if (!lines)
			return false;
		b->lines = lines;
		b->cap_lines = cap;
	}
	b->lines[b->n_lines++] = (struct line_row){at, (uint32_t)row};
	return true;
}

static bool add_part(struct making *m, const char *text, size_t len, const struct log_place *p)
{
	struct log_line l;
	text_clean(m->r->clean, sizeof m->r->clean, text, len < LOGLINE_JUDGED ? len : LOGLINE_JUDGED);
	logline_parse(m->r->clean, &l);
	if (p->len > 0 && m->r->clean[0] == '\0')
		return true; /* nothing that can be seen */
	return note_line(m->b, p->at, logfold_add(&m->b->fold, &l, p, !is_opened(m->r, p->at)));
}

static bool add_raw(struct making *m, const struct logfile_line *line)
{
	struct log_line l = {.kind = LOG_OTHER, .severity = logline_severity(line->text, line->len)};
	struct log_place p = {line->at, line->end, line->at, (uint32_t)line->len, m->line};
	return note_line(m->b, line->at, logfold_add(&m->b->fold, &l, &p, false));
}

static bool take_line(void *ctx, const struct logfile_line *line)
{
	struct making *m = ctx;
	bool ok = true;
	m->open = m->open || !line->ended;
	if (m->r->filtered && !logfile_matches(m->r->lf, LOGFILE_FILTER, line->text, line->len)) {
		m->line++;
		return true;
	}
	size_t len = line->len, pos = 0, from, n;
	while (len > 0 && line->text[len - 1] == '\r')
		len--;
	if (m->r->raw) {
		ok = add_raw(m, line);
	} else {
		while (ok && logline_split(line->text, len, &pos, &from, &n)) {
			int64_t text_at = line->at + (int64_t)from;
			bool first = m->b->n_lines == 0 || m->b->lines[m->b->n_lines - 1].at < line->at;
			struct log_place p = {.at = first ? line->at : text_at,
			        .end = from + n >= len ? line->end : text_at + (int64_t)n,
			        .text_at = text_at,
			        .len = (uint32_t)n,
			        .line = m->line};
			ok = add_part(m, line->text + from, n, &p);
		}
	}
	m->line++;
	return ok;
}

/* Binary rubbish can make 65,536 rows of a block. */
static void free_big(struct logrows *r)
{
	struct rowblock *oldest = NULL;
	int n = 0;
	for (int i = 0; i < KEPT; i++) {
		struct rowblock *k = &r->kept[i];
		if (k->fold.cap <= BIG)
			continue;
		n++;
		if (!oldest || k->used < oldest->used)
			oldest = k;
	}
	if (n < 3)
		return;
	logfold_end(&oldest->fold);
	free(oldest->lines);
	*oldest = (struct rowblock){.block = -1};
}

static struct rowblock *block_rows(struct logrows *r, int64_t block)
{
	struct logfile_facts f;
	struct rowblock *b = &r->kept[0];
	logfile_facts(r->lf, &f);
	for (int i = 0; i < KEPT; i++) {
		struct rowblock *k = &r->kept[i];
		if (k->block == block && (k->size < 0 || k->size == f.size)) {
			k->used = ++r->clock;
			return k;
		}
		if (k->block == block) { /* it grew */
			b = k;
			break;
		}
		if (k->block < 0 || (b->block >= 0 && k->used < b->used))
			b = k;
	}
	struct making m = {r, b, 0, false};
	b->block = block;
	b->used = ++r->clock;
	b->n_lines = 0;
	logfold_begin(&b->fold, ROWS_MAX);
	if (!r->filtered || logfile_block_hits(r->lf, LOGFILE_FILTER, block) > 0)
		logfile_scan(r->lf, block, take_line, &m);
	free_big(r);
	bool unknown = r->filtered && logfile_block_hits(r->lf, LOGFILE_FILTER, block) < 0;
	if (unknown)
		b->block = -1;
	b->size = m.open || (block + 1) * LOGFILE_BLOCK >= f.size ? f.size : -1;
	return b;
}

/* ---- moving ---- */

static int64_t last_block(struct logrows *r)
{
	struct logfile_facts f;
	logfile_facts(r->lf, &f);
	return f.size > 0 ? (f.size - 1) / LOGFILE_BLOCK : -1;
}

/* The nearest row in the blocks from `block` on, in a direction. */
static bool nearest(struct logrows *r, int64_t block, int dir, struct logrow_at *out)
{
	int64_t last = last_block(r);
	for (int empty = 0; block >= 0 && block <= last && empty < EMPTY; block += dir) {
		int hits = r->filtered ? logfile_block_hits(r->lf, LOGFILE_FILTER, block) : 1;
		if (hits < 0)
			return false;
		if (hits == 0)
			continue;
		const struct rowblock *b = block_rows(r, block);
		if (b->fold.n > 0) {
			*out = (struct logrow_at){block, dir > 0 ? 0 : b->fold.n - 1};
			return true;
		}
		empty++;
	}
	return false;
}

bool logrows_find(struct logrows *r, int64_t at, struct logrow_at *out)
{
	int64_t last = last_block(r), block = at < 0 ? 0 : at / LOGFILE_BLOCK;
	if (last < 0)
		return false;
	if (block > last)
		block = last;
	const struct rowblock *b = block_rows(r, block);
	size_t low = 0, high = b->n_lines;
	while (low < high) { /* lines that begin at or before the byte */
		size_t middle = low + (high - low) / 2;
		if (b->lines[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0) {
		*out = (struct logrow_at){block, b->lines[low - 1].row};
		return true;
	}
	return nearest(r, block - 1, -1, out) || nearest(r, block, 1, out);
}

bool logrows_last(struct logrows *r, struct logrow_at *out)
{
	return nearest(r, last_block(r), -1, out);
}

bool logrows_step(struct logrows *r, struct logrow_at *at, int dir)
{
	if (dir > 0) {
		const struct rowblock *b = block_rows(r, at->block);
		if (at->index + 1 < b->fold.n) {
			at->index++;
			return true;
		}
	} else if (at->index > 0) {
		at->index--;
		return true;
	}
	return nearest(r, at->block + dir, dir, at);
}

const struct log_row *logrows_row(struct logrows *r, const struct logrow_at *at)
{
	const struct rowblock *b = block_rows(r, at->block);
	return at->index < b->fold.n ? &b->fold.rows[at->index] : NULL;
}

void logrows_text(struct logrows *r, const struct log_row *row, char *raw, struct log_line *l, char *text, size_t cap)
{
	size_t want = row->text_len < sizeof r->bytes ? row->text_len : sizeof r->bytes;
	size_t n = logfile_read(r->lf, row->text_at, r->bytes, want);
	text_clean(raw, LOGROWS_TEXT, r->bytes, n);
	logline_parse(raw, l);
	if (r->raw)
		text_set(text, cap, raw);
	else
		logfold_text(row, l, text, cap);
}
