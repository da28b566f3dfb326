/* requests_conc{C}.jsonl, one request a line. */
#include "../base/file.h"
#include "../event/flat.h"
#include "shelf_int.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_MAX 1000000
#define BYTES_MAX    ((size_t)512 << 20)

static double seconds(const struct flat_value *v)
{
	double s;
	return flat_f64(v, &s) && isfinite(s) ? s : NAN;
}

static int32_t tokens(const struct flat_value *v)
{
	int64_t n;
	return flat_i64(v, &n) && n >= 0 && n <= INT32_MAX ? (int32_t)n : 0;
}

/* False: not a whole line of ours. */
static bool take_line(const char *line, size_t len, struct shelf_request *out)
{
	struct flat f;
	struct flat_member m;
	bool have_start = false, have_error = false;
	int rc;
	*out = (struct shelf_request){NAN, NAN, NAN, 0, 0, false};
	if (flat_begin(&f, line, len) != 1)
		return false;
	while ((rc = flat_next(&f, &m)) == 1) {
		if (flat_key_is(&m, "start")) {
			out->start_s = seconds(&m.value);
			have_start = true;
		} else if (flat_key_is(&m, "ttft")) {
			out->ttft_s = seconds(&m.value);
		} else if (flat_key_is(&m, "e2el")) {
			out->e2el_s = seconds(&m.value);
		} else if (flat_key_is(&m, "in")) {
			out->tokens_in = tokens(&m.value);
		} else if (flat_key_is(&m, "out")) {
			out->tokens_out = tokens(&m.value);
		} else if (flat_key_is(&m, "error")) {
			out->failed = m.value.type != FLAT_NULL;
			have_error = true;
		}
	}
	return rc == 0 && have_start && have_error;
}

static size_t count_lines(const struct buf *b)
{
	size_t n = 1;
	for (const char *p = b->data; p && (p = memchr(p, '\n', b->len - (size_t)(p - b->data))); p++)
		n++;
	return n;
}

static int take_lines(const struct buf *b, const char *path, struct shelf_request **rows, size_t *n, struct err *e)
{
	size_t lines = count_lines(b), bad = 0;
	const char *p = buf_text(b), *end = p + b->len;
	if (lines > REQUESTS_MAX + 1)
		return err_set(e, ERR_LIMIT, "%.300s has more than %d lines", path, REQUESTS_MAX);
	*rows = calloc(lines, sizeof **rows);
	if (!*rows)
		return err_set(e, ERR_NOMEM, "out of memory for %zu requests", lines);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);
		if (len > 0 && take_line(p, len, &(*rows)[*n]))
			(*n)++;
		else
			bad += len > 0;
		p += len + 1;
	}
	if (bad > 0) { /* a part would pass for the whole */
		free(*rows);
		*rows = NULL;
		*n = 0;
		return err_set(e, ERR_PROTO, "%zu lines of %.300s are no requests", bad, path);
	}
	return 0;
}

int shelf_requests(const struct shelf_run *r, int row, struct shelf_request **rows, size_t *n, struct err *e)
{
	struct buf b;
	*rows = NULL;
	*n = 0;
	if (row < 0 || row >= r->board->n_cells || !r->requests_path[row][0])
		return 0;
	buf_init(&b, BYTES_MAX);
	int rc = shelf_file_read(r->requests_path[row], &b, e);
	if (rc == 0 && b.len > 0)
		rc = take_lines(&b, r->requests_path[row], rows, n, e);
	buf_free(&b);
	return rc;
}
