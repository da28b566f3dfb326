#include "corpus.h"
#include "../base/file.h"
#include "../base/text.h"
#include "rows.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CORPUS_MAX ((size_t)64 << 20)
#define ROW_GLUE   "\n\n"

/* What Python's str.strip() removes, as far as it is ASCII. */
static bool is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (!(c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f)))
			return false;
	}
	return true;
}

/* Length of the line at s, its '\n' included. */
static size_t line_length(const char *s, size_t len)
{
	const char *end = memchr(s, '\n', len);
	return end ? (size_t)(end - s) + 1 : len;
}

/* The usual ways in which a copy of the text was spoilt, for the message; "" when none is seen. */
static const char *spoilt_by(const char *raw, size_t len)
{
	if (memmem(raw, len, "\r\n", 2))
		return "; it has CRLF line ends";
	for (size_t at = 0; at < len;) {
		size_t n = line_length(raw + at, len - at);
		if (is_blank(raw + at, n))
			return "";
		at += n;
	}
	return "; its blank lines are missing";
}

/* name: the file as the user knows it. */
static int refuse_raw(const struct track *t, const char *name, const char *raw, size_t len, struct err *e)
{
	char sum[65];
	sha256_hex(raw, len, sum);
	const char *spoilt = spoilt_by(raw, len);
	const char *from = t->rows_dataset[0] ? t->rows_dataset : "its publisher";
	if (t->corpus_bytes > 0 && (int64_t)len != t->corpus_bytes)
		return err_set(e, ERR_PROTO,
		        "the corpus %s has %zu bytes, the track expects %lld (sha256 %.16s...)%s: get %s from %s "
		        "or let benchtop download it",
		        name, len, (long long)t->corpus_bytes, t->corpus_sha256, spoilt, t->corpus_file, from);
	return err_set(e, ERR_PROTO,
	        "the corpus %s has sha256 %.16s..., the track expects %.16s... (%zu bytes)%s: get %s from %s or let "
	        "benchtop download it",
	        name, sum, t->corpus_sha256, len, spoilt, t->corpus_file, from);
}

static int check_raw(const struct track *t, const char *name, const char *raw, size_t len, struct err *e)
{
	if (t->corpus_bytes > 0 && (int64_t)len != t->corpus_bytes)
		return refuse_raw(t, name, raw, len, e);
	char sum[65];
	sha256_hex(raw, len, sum);
	if (t->corpus_sha256[0] && strcasecmp(sum, t->corpus_sha256) != 0)
		return refuse_raw(t, name, raw, len, e);
	return 0;
}

/* Rows joined: a line with its '\n' is a row, a line of white space only an empty one. */
static int join_rows(struct corpus *out, const char *raw, size_t len, struct err *e)
{
	struct buf b;
	buf_init(&b, 2 * CORPUS_MAX);
	for (size_t at = 0; at < len;) {
		size_t n = line_length(raw + at, len - at);
		if (at > 0)
			buf_adds(&b, ROW_GLUE);
		if (!is_blank(raw + at, n))
			buf_add(&b, raw + at, n);
		at += n;
	}
	if (b.failed) {
		buf_free(&b);
		return err_set(e, ERR_NOMEM, "no memory for a corpus of %zu bytes", len);
	}
	out->joined = buf_take(&b, &out->joined_len);
	buf_free(&b);
	return 0;
}

static int check_joined(const struct track *t, const char *name, const struct corpus *c, struct err *e)
{
	if (t->joined_bytes > 0 && (int64_t)c->joined_len != t->joined_bytes)
		return err_set(e, ERR_PROTO, "the rows of the corpus %s join to %zu bytes, the track expects %lld",
		        name, c->joined_len, (long long)t->joined_bytes);
	char sum[65];
	sha256_hex(c->joined ? c->joined : "", c->joined_len, sum);
	if (t->joined_sha256[0] && strcasecmp(sum, t->joined_sha256) != 0)
		return err_set(e, ERR_PROTO,
		        "the joined rows of the corpus %s have sha256 %.16s..., the track expects %.16s...", name, sum,
		        t->joined_sha256);
	return 0;
}

static int cut(struct corpus *c, const struct track *t, const char *name, struct err *e)
{
	if (t->n_chunks <= 0 || t->n_chunks > TRACK_CHUNKS)
		return err_set(e, ERR_USAGE, "the track %s has no table of chunks to measure accuracy with", t->name);
	size_t at = 0;
	for (int i = 0; i < t->n_chunks; i++) {
		const struct track_chunk *row = &t->chunks[i];
		struct corpus_chunk *chunk = &c->chunks[i];
		if (c->joined_len - at < (size_t)row->gap + row->bytes)
			return err_set(e, ERR_PROTO,
			        "the track's table goes beyond the corpus %s: chunk %d of %d ends at byte %zu of %zu",
			        name, i + 1, t->n_chunks, at + row->gap + row->bytes, c->joined_len);
		chunk->text = c->joined + at + row->gap;
		chunk->len = row->bytes;
		chunk->words = row->words;
		if (chunk->len == 0 || !utf8_valid(chunk->text, chunk->len))
			return err_set(e, ERR_PROTO,
			        "chunk %d of %d of the corpus %s (byte %zu) is empty or begins or ends inside a "
			        "character: the track's table does not fit this text",
			        i + 1, t->n_chunks, name, at + row->gap);
		at += (size_t)row->gap + row->bytes;
	}
	if (at != c->joined_len)
		return err_set(e, ERR_PROTO, "the track's table ends at byte %zu of the corpus %s, which has %zu", at,
		        name, c->joined_len);
	c->n_chunks = t->n_chunks;
	return 0;
}

static int build(
        struct corpus *out, const struct track *t, const char *name, const char *raw, size_t len, struct err *e)
{
	memset(out, 0, sizeof *out);
	int rc = check_raw(t, name, raw, len, e);
	if (!rc)
		rc = join_rows(out, raw, len, e);
	if (!rc)
		rc = check_joined(t, name, out, e);
	if (!rc)
		rc = cut(out, t, name, e);
	if (rc)
		corpus_free(out);
	else
		text_copy(out->source, sizeof out->source, name);
	return rc;
}

int corpus_from_raw(struct corpus *out, const struct track *t, const char *raw, size_t len, struct err *e)
{
	return build(out, t, t->corpus_file[0] ? t->corpus_file : "text", raw, len, e);
}

static int from_file(struct corpus *out, const struct track *t, const char *path, struct err *e)
{
	struct buf raw;
	buf_init(&raw, CORPUS_MAX);
	int rc = file_read(path, &raw, e);
	if (!rc)
		rc = build(out, t, path, buf_text(&raw), raw.len, e);
	buf_free(&raw);
	return rc;
}

/* $XDG_CACHE_HOME/benchtop, else ~/.cache/benchtop; false when neither is known. */
static bool cache_dir(char *out, size_t cap)
{
	const char *base = getenv("XDG_CACHE_HOME");
	char home[512];
	if (!base || base[0] != '/') {
		const char *user = getenv("HOME");
		if (!user || !*user || !path_join(home, sizeof home, user, ".cache"))
			return false;
		base = home;
	}
	return path_join(out, cap, base, "benchtop");
}

/* Not fatal: the text is in memory, the next run downloads again. */
static void save(const struct track *t, const char *dir, const struct buf *raw)
{
	char path[700];
	if (file_mkdirs(dir, NULL) == 0 && path_join(path, sizeof path, dir, t->corpus_file))
		file_write_atomic(path, buf_text(raw), raw->len, NULL);
}

static int from_rows(struct corpus *out, const struct track *t, const char *base, const char *dir,
        struct cancel *cancel, struct err *e)
{
	struct buf raw;
	char name[400];
	buf_init(&raw, t->corpus_bytes > 0 ? (size_t)t->corpus_bytes + 65536 : CORPUS_MAX);
	snprintf(name, sizeof name, "%s downloaded from %.250s", t->corpus_file, base && *base ? base : t->rows_url);
	int rc = rows_fetch(t, base, cancel, &raw, e);
	if (!rc)
		rc = build(out, t, name, buf_text(&raw), raw.len, e);
	if (!rc && dir[0])
		save(t, dir, &raw);
	buf_free(&raw);
	return rc;
}

/* A spoilt copy in a directory is passed over, but remembered in e for the case that nothing better is found. */
static bool from_dir(struct corpus *out, const struct track *t, const char *dir, struct err *e)
{
	char path[700];
	struct err why;
	if (!dir || !*dir || !path_join(path, sizeof path, dir, t->corpus_file) || !file_exists(path))
		return false;
	if (from_file(out, t, path, &why) == 0)
		return true;
	if (!e->code)
		*e = why;
	return false;
}

int corpus_find(struct corpus *out, const struct track *t, const char *file, const char *results_dir, struct err *e)
{
	struct err bad = {0};
	char cache[600];
	memset(out, 0, sizeof *out);
	if (file && *file) {
		int rc = from_file(out, t, file, e);
		return rc ? rc : 1;
	}
	if (!t->corpus_file[0] || strchr(t->corpus_file, '/'))
		return err_set(e, ERR_USAGE, "the track %s names no corpus file", t->name);
	if (from_dir(out, t, results_dir, &bad) || (cache_dir(cache, sizeof cache) && from_dir(out, t, cache, &bad)))
		return 1;
	if (e)
		*e = bad;
	return 0;
}

int corpus_load(struct corpus *out, const struct track *t, const char *file, const char *results_dir,
        const char *base_rows_url, struct cancel *cancel, struct err *e)
{
	struct err bad = {0}, why = {0};
	char cache[600] = "";
	int rc = corpus_find(out, t, file, results_dir, &bad);
	if (rc)
		return rc > 0 ? 0 : err_set(e, rc, "%s", bad.text);
	if (!cache_dir(cache, sizeof cache))
		cache[0] = '\0';
	rc = from_rows(out, t, base_rows_url, cache, cancel, &why);
	if (rc == 0 || rc == ERR_CANCELLED)
		return rc ? err_set(e, rc, "%s", why.text) : 0;
	if (bad.code)
		return err_set(e, rc, "%.280s; and %.220s", why.text, bad.text);
	return err_set(
	        e, rc, "%.400s: put %s into the results directory or name it by --corpus", why.text, t->corpus_file);
}

void corpus_free(struct corpus *c)
{
	free(c->joined);
	memset(c, 0, sizeof *c);
}
