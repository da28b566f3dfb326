/* summary.txt of a batch: the only place where the official tool says which CONC failed. */
#include "../base/clock.h"
#include "../base/text.h"
#include "shelf_int.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SUMMARY_MAX ((size_t)1 << 16)

/* "CONC=8 (run 2): FAILED (12s)" behind its mark. */
static bool take_row(const char *line, struct shelf_summary *s)
{
	const char *p = strstr(line, "CONC=");
	struct shelf_summary_row *row = &s->row[s->n];
	char word[16] = "";
	double seconds = 0;
	int used = 0;
	if (!p || s->n == (int)(sizeof s->row / sizeof s->row[0]))
		return false;
	*row = (struct shelf_summary_row){.isl = s->isl, .osl = s->osl, .repeat = 1, .duration_s = NAN};
	if (sscanf(p, "CONC=%7d%n", &row->conc, &used) != 1 || row->conc < 1)
		return false;
	p += used;
	used = 0;
	if (sscanf(p, " (run %6d)%n", &row->repeat, &used) == 1 && used > 0)
		p += used;
	if (sscanf(p, ": %15[A-Z] (%lfs)", word, &seconds) < 1 || row->repeat < 1)
		return false;
	row->passed = strcmp(word, "PASSED") == 0;
	if (!row->passed && strcmp(word, "FAILED") != 0)
		return false;
	if (seconds > 0 && seconds < 1e9)
		row->duration_s = seconds;
	s->n++;
	return true;
}

/* ctime's form, local time. */
static int64_t ctime_ns(const char *text)
{
	struct tm tm = {.tm_isdst = -1};
	const char *end = strptime(text, "%a %b %d %H:%M:%S %Y", &tm);
	time_t t = end ? mktime(&tm) : 0;
	return t > 0 && t < (time_t)1 << 33 ? (int64_t)t * CLOCK_NS_PER_S : 0;
}

static void take_line(const char *line, struct shelf_summary *s)
{
	int isl, osl;
	char word[16];
	if (sscanf(line, "ISL: %7d, OSL: %7d", &isl, &osl) == 2 && isl > 0 && osl > 0) {
		s->isl = isl;
		s->osl = osl;
		s->have = true;
	} else if (sscanf(line, "Mode: %15[a-z]", word) == 1) {
		int mode = run_mode_from_word(word);
		s->mode_known = mode >= 0;
		s->mode = mode >= 0 ? (enum run_mode)mode : MODE_PERF;
	} else if (strncmp(line, "Time: ", 6) == 0) {
		s->wall_ns = ctime_ns(line + 6);
	} else {
		take_row(line, s);
	}
}

void shelf_summary_parse(struct shelf_summary *s, const char *text, size_t len)
{
	memset(s, 0, sizeof *s);
	s->mode = MODE_PERF;
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		char line[200];
		text_clean(line, sizeof line, text, n < 400 ? n : 400);
		take_line(line, s);
		n += end != NULL;
		text += n;
		len -= n;
	}
}

int shelf_summary_read(struct shelf_summary *s, const char *path, struct err *e)
{
	struct buf b;
	memset(s, 0, sizeof *s);
	buf_init(&b, SUMMARY_MAX);
	int rc = shelf_file_read(path, &b, e);
	if (rc == 0)
		shelf_summary_parse(s, buf_text(&b), b.len);
	buf_free(&b);
	return rc;
}
