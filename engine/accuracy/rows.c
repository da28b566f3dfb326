#include "rows.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../net/fetch.h"
#include <stdio.h>
#include <string.h>

#define ROWS_PAGE      100
#define ROWS_MAX       1000000
#define ROWS_DEPTH     32
#define PAGE_WAIT_MS   60000 /* all waits for one page together */
#define PAGE_DROPS     3     /* attempts that found no server */
#define ROWS_TIMEOUT   30000
#define ROWS_MAX_BYTES ((size_t)8 << 20)

static int add_row(const cJSON *entry, int number, struct buf *raw, struct err *e)
{
	const cJSON *cut = json_get(entry, "truncated_cells");
	if (json_get_i64(entry, "row_idx", number) != number)
		return err_set(e, ERR_PROTO, "row %lld came where row %d was expected",
		        (long long)json_get_i64(entry, "row_idx", -1), number);
	if (cJSON_IsArray(cut) && cut->child)
		return err_set(e, ERR_PROTO, "row %d came cut short", number);
	const char *text = json_get_str(json_get(entry, "row"), "text", NULL);
	if (!text)
		return err_set(e, ERR_PROTO, "row %d has no \"text\"", number);
	if (buf_adds(raw, *text ? text : " \n"))
		return err_set(e, ERR_LIMIT, "the rows are longer than the track's corpus (row %d)", number);
	return 0;
}

int rows_page_parse(const char *json, size_t len, int first, struct buf *raw, int *rows, int64_t *total, struct err *e)
{
	cJSON *page;
	*rows = 0;
	int rc = json_parse(json, len, ROWS_DEPTH, &page, e);
	if (rc)
		return rc;
	const cJSON *list = json_get(page, "rows");
	*total = json_get_i64(page, "num_rows_total", -1);
	if (!cJSON_IsArray(list))
		rc = err_set(e, ERR_PROTO, "the answer has no \"rows\"");
	const cJSON *entry = rc ? NULL : list->child;
	for (; entry && !rc; entry = entry->next)
		rc = add_row(entry, first + (*rows)++, raw, e);
	cJSON_Delete(page);
	return rc;
}

static void add_escaped(struct buf *b, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '_' ||
		             c == '.' || c == '~';
		if (plain)
			buf_addc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

/* "BASE/rows?dataset=..&config=..&split=test&offset=N&length=100"; BASE may end in "/" or in "/rows" already. */
static int page_url(struct buf *url, const struct track *t, const char *base, int offset, struct err *e)
{
	size_t len = strlen(base);
	while (len > 0 && base[len - 1] == '/')
		len--;
	if (len >= 5 && memcmp(base + len - 5, "/rows", 5) == 0)
		len -= 5;
	buf_clear(url);
	buf_add(url, base, len);
	buf_adds(url, "/rows?dataset=");
	add_escaped(url, t->rows_dataset);
	buf_adds(url, "&config=");
	add_escaped(url, t->rows_config);
	buf_printf(url, "&split=test&offset=%d&length=%d", offset, ROWS_PAGE);
	if (url->failed)
		return err_set(e, ERR_LIMIT, "the address of the dataset rows is too long");
	return 0;
}

/* How long the server asks to be left alone, else 1, 2, 4 ... s. */
static int64_t wait_ms(const struct transfer_end *end, int tries)
{
	double seconds;
	if (end->retry_after[0] && text_to_f64(end->retry_after, 0, 86400, &seconds))
		return (int64_t)(seconds * 1000);
	return INT64_C(1000) << (tries < 5 ? tries : 5);
}

/* 1: an answer with status 200 is in r; 0: worth another try; else the error. */
static int page_try(const char *url, struct cancel *cancel, struct fetch_result *r, struct err *e)
{
	struct fetch f = {.url = url, .timeout_ms = ROWS_TIMEOUT, .max_bytes = ROWS_MAX_BYTES, .cancel = cancel};
	int rc = fetch_run(&f, r, e);
	if (rc)
		return rc == ERR_NET ? 0 : rc;
	long status = r->end.status;
	if (status == 200)
		return 1;
	err_set(e, ERR_NET, "the answer is HTTP %ld", status);
	return status == 429 || status == 408 || status >= 500 ? 0 : ERR_NET;
}

static int page_get(const char *url, struct cancel *cancel, struct fetch_result *r, struct err *e)
{
	int64_t budget = PAGE_WAIT_MS;
	int drops = 0;
	for (int tries = 0;; tries++) {
		memset(r, 0, sizeof *r);
		int rc = page_try(url, cancel, r, e);
		if (rc)
			return rc > 0 ? 0 : rc;
		struct transfer_end end = r->end;
		fetch_result_free(r);
		memset(r, 0, sizeof *r);
		int64_t wait = wait_ms(&end, tries);
		if ((end.status == 0 && ++drops >= PAGE_DROPS) || wait > budget)
			return ERR_NET;
		budget -= wait;
		if (cancel_wait(cancel, wait, CANCEL_DRAIN))
			return err_set(e, ERR_CANCELLED, "stopped by the user");
	}
}

static int page_add(const struct track *t, const char *base, int offset, struct cancel *cancel, struct buf *raw,
        int *rows, int64_t *total, struct err *e)
{
	struct buf url;
	struct fetch_result r = {0};
	buf_init(&url, 2048);
	int rc = page_url(&url, t, base, offset, e);
	if (!rc)
		rc = page_get(buf_text(&url), cancel, &r, e);
	if (!rc)
		rc = rows_page_parse(buf_text(&r.body), r.body.len, offset, raw, rows, total, e);
	fetch_result_free(&r);
	buf_free(&url);
	return rc;
}

int rows_fetch(const struct track *t, const char *base, struct cancel *cancel, struct buf *raw, struct err *e)
{
	if (!base || !*base)
		base = t->rows_url;
	if (!*base || !t->rows_dataset[0])
		return err_set(e, ERR_USAGE, "the track names no dataset to download %s from", t->corpus_file);
	int at = 0;
	int64_t total = t->rows_total;
	do {
		int rows = 0, rc = 0;
		int64_t said = -1;
		if (cancel_get(cancel) >= CANCEL_DRAIN)
			rc = err_set(e, ERR_CANCELLED, "stopped by the user");
		if (!rc)
			rc = page_add(t, base, at, cancel, raw, &rows, &said, e);
		if (!rc && total > 0 && said >= 0 && said != total)
			rc = err_set(e, ERR_PROTO, "the dataset has %lld rows, %lld are expected", (long long)said,
			        (long long)total);
		if (!rc && rows == 0)
			rc = err_set(e, ERR_PROTO, "no rows came at %d", at);
		if (rc) {
			err_prefix(e, "download of %s, rows from %d (%.120s)", t->corpus_file, at, base);
			return rc;
		}
		if (total <= 0)
			total = said;
		at += rows;
	} while (at < total && at < ROWS_MAX);
	return 0;
}

int rows_probe(const struct track *t, const char *base, int64_t timeout_ms, struct cancel *cancel, struct err *e)
{
	struct buf url, raw;
	struct fetch_result r = {0};
	int64_t said = -1;
	int rows = 0;
	if (!base || !*base)
		base = t->rows_url;
	if (!*base || !t->rows_dataset[0])
		return err_set(e, ERR_USAGE, "the track names no dataset to download %s from", t->corpus_file);
	buf_init(&url, 2048);
	buf_init(&raw, ROWS_MAX_BYTES);
	int rc = page_url(&url, t, base, 0, e);
	struct fetch f = {
	        .url = buf_text(&url), .timeout_ms = timeout_ms, .max_bytes = ROWS_MAX_BYTES, .cancel = cancel};
	if (!rc)
		rc = fetch_run(&f, &r, e);
	if (!rc && r.end.status != 200)
		rc = err_set(e, ERR_NET, "the answer is HTTP %ld", r.end.status);
	if (!rc)
		rc = rows_page_parse(buf_text(&r.body), r.body.len, 0, &raw, &rows, &said, e);
	fetch_result_free(&r);
	buf_free(&url);
	buf_free(&raw);
	return rc;
}
