/* The reader's side of a log file: lines by block, by number, by kind, by time. UI thread. */
#include "logfile_int.h"
#include "logline.h"
#include "tail.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SCANNED_MOST 4096 /* blocks that one question looks into: a quarter of a second */

size_t logfile_read(struct logfile *lf, int64_t at, char *out, size_t cap)
{
	pthread_mutex_lock(&lf->lock);
	size_t n = at >= 0 ? read_at(lf->fd, out, cap, at) : 0;
	pthread_mutex_unlock(&lf->lock);
	return n;
}

void logfile_scan(struct logfile *lf, int64_t block, logfile_visit *visit, void *ctx)
{
	struct region r = {0};
	if (block < 0 || block >= (int64_t)CHUNKS * CHUNK)
		return;
	int64_t a = block * LOGFILE_BLOCK;
	pthread_mutex_lock(&lf->lock);
	region_read(lf->fd, lf->window, a, a + LOGFILE_BLOCK, LOGFILE_LINE, true, &r);
	pthread_mutex_unlock(&lf->lock);
	for (size_t pos = 0; r.text && pos < r.len;) {
		const char *text = r.text + pos, *nl = memchr(text, '\n', r.len - pos);
		size_t len = nl ? (size_t)(nl - text) : r.len - pos;
		struct logfile_line line = {.at = r.at + (int64_t)pos,
		        .end = r.at + (int64_t)(pos + len) + (nl != NULL),
		        .text = text,
		        .len = len < LOGFILE_LINE ? len : LOGFILE_LINE,
		        .ended = nl != NULL};
		if (!visit(ctx, &line))
			return;
		pos += len + 1;
	}
}

int logfile_block_hits(struct logfile *lf, enum log_slot slot, int64_t block)
{
	int hits = -1;
	pthread_mutex_lock(&lf->lock);
	const struct pattern *p = &lf->pattern[slot];
	const struct block *b = block_of(lf, block);
	int64_t a = block * LOGFILE_BLOCK;
	if (a + LOGFILE_BLOCK > p->facts.to)
		hits = 1; /* new text at the end */
	else if (!p->changed && b && a >= p->facts.from)
		hits = b->hits[slot] > 0;
	else if (p->facts.gave_up)
		hits = 0;
	pthread_mutex_unlock(&lf->lock);
	return hits;
}

bool logfile_matches(struct logfile *lf, enum log_slot slot, const char *text, size_t len)
{
	struct logsearch *s = lf->pattern[slot].reader; /* the UI's own */
	return !s || logsearch_line(s, text, len);
}

/* ---- numbers ---- */

static int64_t count_ends(const char *s, size_t len)
{
	int64_t n = 0;
	for (const char *p = s, *end = s + len; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		n++;
	return n;
}

int64_t logfile_number(struct logfile *lf, int64_t at)
{
	int64_t number = 0, a = at - at % LOGFILE_BLOCK;
	if (at < 0)
		return 0;
	pthread_mutex_lock(&lf->lock);
	const struct block *b = block_of(lf, at / LOGFILE_BLOCK);
	if (at == lf->indexed && at == a) {
		number = lf->ends + 1;
	} else if (b && at <= lf->indexed) {
		size_t n = read_at(lf->fd, lf->scratch, (size_t)(at - a), a);
		number = b->before + count_ends(lf->scratch, n) + 1;
	}
	pthread_mutex_unlock(&lf->lock);
	return number;
}

/* The block that holds the n-th line end (1 = first). */
static int64_t block_of_end(struct logfile *lf, int64_t n)
{
	int64_t low = 0, high = (lf->indexed - 1) / LOGFILE_BLOCK;
	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		const struct block *b = block_of(lf, middle);
		if (b && b->before + b->ends < n)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int64_t logfile_position(struct logfile *lf, int64_t line)
{
	if (line <= 1)
		return line == 1 ? 0 : -1;
	int64_t at = -1;
	pthread_mutex_lock(&lf->lock);
	if (line - 1 <= lf->ends) {
		int64_t block = block_of_end(lf, line - 1), a = block * LOGFILE_BLOCK;
		size_t n = read_at(lf->fd, lf->scratch, LOGFILE_BLOCK, a);
		const struct block *b = block_of(lf, block);
		int64_t left = b ? line - 1 - b->before : 0;
		const char *p = lf->scratch, *end = p + n;
		while (left > 0 && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
			left--;
			p++;
		}
		if (p && left == 0)
			at = a + (p - lf->scratch);
	}
	pthread_mutex_unlock(&lf->lock);
	return at;
}

/* ---- the next of a kind ---- */

struct wanted {
	struct logfile *lf;
	enum log_what what;
	int64_t beyond, before; /* lines that begin beyond and before */
	bool first;             /* the first such line; else the last */
	int64_t found;
};

static bool is_wanted(const struct wanted *w, const struct logfile_line *line)
{
	if (w->what == LOGFILE_HIT) {
		if (!logfile_matches(w->lf, LOGFILE_SEARCH, line->text, line->len))
			return false;
	} else if (logline_severity(line->text, line->len) != (w->what == LOGFILE_ERROR ? SEV_ERROR : SEV_WARN)) {
		return false;
	}
	return logfile_matches(w->lf, LOGFILE_FILTER, line->text, line->len);
}

static bool look(void *ctx, const struct logfile_line *line)
{
	struct wanted *w = ctx;
	if (line->at >= w->before)
		return false;
	if (line->at <= w->beyond || !is_wanted(w, line))
		return true;
	w->found = line->at;
	return !w->first;
}

/* 0: nothing of the kind in the block; 1: it must be looked into; -1: not known yet. */
static int may_hold(struct logfile *lf, enum log_what what, int64_t block)
{
	int hold = lf->pattern[LOGFILE_FILTER].reader ? logfile_block_hits(lf, LOGFILE_FILTER, block) : 1;
	if (hold <= 0)
		return hold;
	pthread_mutex_lock(&lf->lock);
	const struct block *b = block_of(lf, block);
	bool known = b && (block + 1) * LOGFILE_BLOCK <= lf->indexed, behind = !known && !lf->caught_up;
	if (what != LOGFILE_HIT)
		hold = !known ? (behind ? -1 : 1) : what == LOGFILE_ERROR ? b->errors > 0 : b->warnings > 0;
	pthread_mutex_unlock(&lf->lock);
	return what == LOGFILE_HIT ? logfile_block_hits(lf, LOGFILE_SEARCH, block) : hold;
}

int64_t logfile_next(struct logfile *lf, int64_t at, int dir, enum log_what what)
{
	struct wanted w = {.lf = lf, .what = what, .beyond = -1, .before = INT64_MAX, .first = dir > 0, .found = -1};
	if (what == LOGFILE_HIT && !lf->pattern[LOGFILE_SEARCH].reader)
		return -1;
	struct logfile_facts f;
	logfile_facts(lf, &f);
	int64_t last = f.size > 0 ? (f.size - 1) / LOGFILE_BLOCK : -1;
	if (dir > 0)
		w.beyond = at;
	else
		w.before = at;
	int64_t block = dir > 0 ? (at < 0 ? 0 : at / LOGFILE_BLOCK) : at / LOGFILE_BLOCK;
	if (block > last)
		block = dir > 0 ? last + 1 : last;
	for (int scanned = 0; block >= 0 && block <= last && scanned<SCANNED_MOST; block += dir> 0 ? 1 : -1) {
		int hold = may_hold(lf, what, block);
		if (hold < 0)
			return -2;
		if (hold == 0)
			continue;
		scanned++;
		logfile_scan(lf, block, look, &w);
		if (w.found >= 0)
			return w.found;
	}
	return block >= 0 && block <= last ? -2 : -1;
}

/* ---- times ---- */

struct stamp {
	int64_t wanted; /* seconds, as the log counts; the first at or after */
	int64_t first;  /* seconds of the first stamped line; -1 none */
	int64_t found;
};

static bool look_stamp(void *ctx, const struct logfile_line *line)
{
	struct stamp *s = ctx;
	char text[24];
	int64_t seconds;
	if (line->len < 21)
		return true;
	memcpy(text, line->text, 21);
	text[21] = '\0';
	if (!line_stamp(text, &seconds))
		return true;
	if (s->first < 0)
		s->first = seconds;
	if (seconds < s->wanted)
		return true;
	s->found = line->at;
	return false;
}

/* The stamps of the block, or of the next one that has any. */
static bool stamps_from(struct logfile *lf, int64_t block, int64_t last, struct stamp *s)
{
	for (int64_t b = block; b <= last && b < block + 64; b++) {
		s->first = s->found = -1;
		logfile_scan(lf, b, look_stamp, s);
		if (s->first >= 0)
			return true;
	}
	return false;
}

int64_t logfile_at_time(struct logfile *lf, int64_t wall_ns)
{
	struct tm tm;
	char text[32];
	struct stamp s = {0};
	struct logfile_facts f;
	time_t t = (time_t)(wall_ns / 1000000000);
	logfile_facts(lf, &f);
	if (f.size <= 0 || !localtime_r(&t, &tm) || strftime(text, sizeof text, "[%Y-%m-%d %H:%M:%S", &tm) == 0 ||
	        !line_stamp(text, &s.wanted))
		return -1;
	int64_t low = 0, last = (f.size - 1) / LOGFILE_BLOCK, high = last;
	while (low < high) { /* the last block whose first stamp is before the time */
		int64_t middle = low + (high - low + 1) / 2;
		if (!stamps_from(lf, middle, last, &s) || s.first >= s.wanted)
			high = middle - 1;
		else
			low = middle;
	}
	for (int64_t b = low; b <= last && b < low + 64; b++) {
		s.first = s.found = -1;
		logfile_scan(lf, b, look_stamp, &s);
		if (s.found >= 0)
			return s.found;
	}
	return -1;
}
