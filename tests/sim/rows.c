/* rows: the dataset hub's GET /rows, over the demonstration corpus. */
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "simtext.h"

#define PAGE_MAX 100

static void rows_error(struct request *rq, unsigned status, const char *text)
{
	struct buf b = {0};

	buf_text(&b, "{\"error\":");
	buf_json_string(&b, text, strlen(text), false);
	buf_text(&b, "}");
	http_reply(rq, status, "application/json", &b);
}

/* A whole number of ?name=, `fallback` when absent, -1 when not one. */
static long whole_argument(struct request *rq, const char *name, long fallback)
{
	const char *text = http_argument(rq, name);
	char *end;
	long value;

	if (!text)
		return fallback;
	value = strtol(text, &end, 10);
	return *text && !*end && value >= 0 ? value : -1;
}

static void write_rows(struct buf *b, size_t offset, size_t length)
{
	size_t total = sim_demo_row_count();

	buf_text(b, "{\"features\":[{\"feature_idx\":0,\"name\":\"text\",\"type\":{\"dtype\":\"string\","
	            "\"_type\":\"Value\"}}],\"rows\":[");
	for (size_t i = offset; i < total && i - offset < length; i++) {
		const char *row = sim_demo_row(i);

		buf_format(b, "%s{\"row_idx\":%zu,\"row\":{\"text\":", i > offset ? "," : "", i);
		buf_json_string(b, row, strlen(row), false);
		buf_text(b, "},\"truncated_cells\":[]}");
	}
	buf_format(b, "],\"num_rows_total\":%zu,\"num_rows_per_page\":%d,\"partial\":false}", total, PAGE_MAX);
}

void rows_handle(struct request *rq)
{
	const char *split = http_argument(rq, "split");
	long offset = whole_argument(rq, "offset", 0), length = whole_argument(rq, "length", PAGE_MAX);
	struct buf b = {0};

	if (!http_argument(rq, "dataset") || !http_argument(rq, "config") || !split) {
		rows_error(rq, 422, "Parameters 'dataset', 'config' and 'split' are required");
		return;
	}
	if (strcmp(split, "test")) {
		rows_error(rq, 404, "The split does not exist, or the config does not exist on the dataset.");
		return;
	}
	if (offset < 0) {
		rows_error(rq, 422, "Parameter 'offset' must be greater or equal to 0");
		return;
	}
	if (length < 0 || length > PAGE_MAX) {
		rows_error(rq, 422, "Parameter 'length' must not be greater than 100");
		return;
	}
	write_rows(&b, (size_t)offset, (size_t)length);
	http_reply(rq, 200, "application/json", &b);
}
