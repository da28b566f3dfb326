/* The worker of a log file: counts lines, errors and warnings from the start, looks for patterns from the end. */
#include "logfile_int.h"
#include "logline.h"
#include <stdlib.h>
#include <string.h>

#define PIECE_BLOCKS (PIECE / LOGFILE_BLOCK + 2)

struct counts {
	int64_t first; /* block of the first record */
	uint32_t ends[PIECE_BLOCKS], errors[PIECE_BLOCKS], warnings[PIECE_BLOCKS], hits[PIECE_BLOCKS];
};

static uint16_t add16(uint16_t a, uint32_t b)
{
	return a + b > UINT16_MAX ? UINT16_MAX : (uint16_t)(a + b);
}

/* Makes the records up to a block; false without memory, or beyond what can be indexed. Under the lock. */
static bool ensure(struct logfile *lf, int64_t block)
{
	if (block / CHUNK >= CHUNKS)
		return false;
	struct block **chunk = &lf->chunks[block / CHUNK];
	if (!*chunk)
		*chunk = calloc(CHUNK, sizeof **chunk);
	return *chunk != NULL;
}

static bool is_stopping(struct logfile *lf)
{
	pthread_mutex_lock(&lf->lock);
	bool stop = lf->stopping;
	pthread_mutex_unlock(&lf->lock);
	return stop;
}

/* ---- lines and severities ---- */

static void count_lines(struct counts *c, const struct region *r, int64_t a, const char *piece)
{
	int64_t back = a > 0;
	c->first = a / LOGFILE_BLOCK;
	if (!r->text) { /* in the midst of a line; it may end here, with the last byte */
		if (memchr(piece + back, '\n', (size_t)(r->judged - a)))
			c->ends[(r->judged - 1) / LOGFILE_BLOCK - c->first]++;
		return;
	}
	if (r->at > a)
		c->ends[(r->at - 1) / LOGFILE_BLOCK - c->first]++;
	for (size_t pos = 0; pos < r->len;) {
		const char *line = r->text + pos, *nl = memchr(line, '\n', r->len - pos);
		size_t len = nl ? (size_t)(nl - line) : r->len - pos;
		int64_t begin = r->at + (int64_t)pos, end = begin + (int64_t)len;
		enum severity s = logline_severity(line, len);
		c->errors[begin / LOGFILE_BLOCK - c->first] += s == SEV_ERROR;
		c->warnings[begin / LOGFILE_BLOCK - c->first] += s == SEV_WARN;
		if (nl && end < r->judged)
			c->ends[end / LOGFILE_BLOCK - c->first]++;
		pos += len + 1;
	}
}

static bool commit_lines(struct logfile *lf, const struct counts *c, int64_t a, int64_t z)
{
	pthread_mutex_lock(&lf->lock);
	bool ok = true;
	for (int64_t b = c->first; b <= (z - 1) / LOGFILE_BLOCK && ok; b++) {
		struct block *to = (ok = ensure(lf, b)) ? block_of(lf, b) : NULL;
		int64_t i = b - c->first;
		if (!to)
			break;
		if (b * LOGFILE_BLOCK >= a)
			to->before = lf->ends;
		to->ends += c->ends[i];
		to->errors = add16(to->errors, c->errors[i]);
		to->warnings = add16(to->warnings, c->warnings[i]);
		lf->ends += c->ends[i];
		lf->errors += c->errors[i];
		lf->warnings += c->warnings[i];
	}
	if (ok)
		lf->indexed = z;
	pthread_mutex_unlock(&lf->lock);
	return ok;
}

static int64_t index_piece(struct logfile *lf)
{
	int64_t a = lf->indexed, z = lf->size - a > PIECE ? a + PIECE : lf->size;
	struct region r = {.judged = a};
	struct counts c = {0};
	if (z > a)
		region_read(lf->fd, lf->piece, a, z, LOGLINE_JUDGED, lf->final, &r);
	bool done = r.judged <= a;
	if (!done) {
		count_lines(&c, &r, a, lf->piece);
		done = !commit_lines(lf, &c, a, r.judged);
	}
	if (done) {
		pthread_mutex_lock(&lf->lock);
		lf->caught_up = true;
		pthread_mutex_unlock(&lf->lock);
	}
	return done ? 0 : r.judged - a;
}

/* ---- patterns ---- */

static void take_patterns(struct logfile *lf)
{
	struct logsearch *old[LOGFILE_SLOTS] = {0};
	pthread_mutex_lock(&lf->lock);
	for (int i = 0; i < LOGFILE_SLOTS; i++) {
		struct pattern *p = &lf->pattern[i];
		if (!p->changed)
			continue;
		old[i] = p->worker;
		p->worker = p->incoming;
		p->incoming = NULL;
		p->changed = false;
		for (int k = 0; k < CHUNKS; k++)
			for (int b = 0; lf->chunks[k] && b < CHUNK; b++)
				lf->chunks[k][b].hits[i] = 0;
		int64_t from = lf->size / LOGFILE_BLOCK * LOGFILE_BLOCK;
		p->facts = (struct logfile_pattern){.set = p->worker != NULL, .from = from, .to = from};
	}
	atomic_store(&lf->interrupt, lf->stopping);
	pthread_mutex_unlock(&lf->lock);
	for (int i = 0; i < LOGFILE_SLOTS; i++)
		logsearch_close(old[i]);
}

static void commit_hits(struct logfile *lf, int slot, const struct counts *c, int64_t a, int64_t z)
{
	struct pattern *p = &lf->pattern[slot];
	pthread_mutex_lock(&lf->lock);
	for (int64_t b = c->first; b <= (z - 1) / LOGFILE_BLOCK && !p->changed; b++) {
		if (!ensure(lf, b)) {
			p->facts.gave_up = true;
			break;
		}
		struct block *to = block_of(lf, b);
		to->hits[slot] = add16(to->hits[slot], c->hits[b - c->first]);
		p->facts.hits += c->hits[b - c->first];
	}
	if (!p->changed) {
		if (a == p->facts.to)
			p->facts.to = z;
		else
			p->facts.from = a;
		p->facts.costly = logsearch_costly(p->worker);
		p->facts.gave_up = p->facts.gave_up || logsearch_gave_up(p->worker);
	}
	pthread_mutex_unlock(&lf->lock);
}

/* On at the end first, then back to the start. */
static int64_t search_piece(struct logfile *lf, int slot)
{
	struct pattern *p = &lf->pattern[slot];
	struct region r = {0};
	struct counts c = {0};
	/* only this thread writes these, but for a changed pattern, whose result is thrown away */
	pthread_mutex_lock(&lf->lock);
	struct logfile_pattern f = p->facts;
	bool idle = p->changed || !p->worker || f.gave_up;
	pthread_mutex_unlock(&lf->lock);
	if (idle)
		return 0;
	int64_t a = f.to, z = lf->size - a > PIECE ? a + PIECE : lf->size;
	if (z > a)
		region_read(lf->fd, lf->piece, a, z, LOGFILE_LINE, lf->final, &r);
	if (z > a && r.judged > a) {
		z = r.judged;
	} else if (f.from > 0) {
		z = f.from;
		a = z > PIECE ? z - PIECE : 0;
		region_read(lf->fd, lf->piece, a, z, LOGFILE_LINE, true, &r);
	} else {
		return 0;
	}
	c.first = a / LOGFILE_BLOCK;
	size_t pos = 0, at;
	while (r.text && logsearch_next(p->worker, r.text, r.len, &pos, &at, &lf->interrupt))
		c.hits[(r.at + (int64_t)at) / LOGFILE_BLOCK - c.first]++;
	if (atomic_load(&lf->interrupt))
		return 0;
	commit_hits(lf, slot, &c, a, z);
	return z - a;
}

static void mark_complete(struct logfile *lf)
{
	pthread_mutex_lock(&lf->lock);
	for (int i = 0; i < LOGFILE_SLOTS; i++) {
		struct logfile_pattern *f = &lf->pattern[i].facts;
		f->complete = f->set && !lf->pattern[i].changed && f->from == 0;
	}
	pthread_mutex_unlock(&lf->lock);
}

int64_t logfile_work(struct logfile *lf, int64_t budget)
{
	int64_t done = 0;
	take_patterns(lf);
	follow_file(lf);
	while (done < budget && !is_stopping(lf)) {
		int64_t n = index_piece(lf);
		if (n == 0 && lf->final) {
			follow_switch(lf);
			n = lf->fd >= 0;
		}
		for (int i = 0; i < LOGFILE_SLOTS; i++)
			n += search_piece(lf, i);
		done += n;
		if (n == 0)
			break;
	}
	mark_complete(lf);
	return done;
}
