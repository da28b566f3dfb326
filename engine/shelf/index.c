/* .benchtop/index.jsonl: what the list says of each run, with the files that it was made of. A line of JSON each:
 *   {"sum":"<16 hex digits>","v":1,"path":..,"files":[["run.json","mtime ns",size,inode],..],..,"points":[[..],..]}
 * sum is over the rest of the line behind its comma. The file is a memory, never a source: a line that is not exactly as it
 * was written is left out, and the run is read again. */
#include "../base/json.h"
#include "../base/text.h"
#include "../event/flat.h"
#include "shelf_int.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT    1
#define SUM_BEGIN "{\"sum\":\""
#define SUM_LEN   16
#define HEAD_LEN  (sizeof SUM_BEGIN - 1 + SUM_LEN + 2) /* and "," behind the quote */
#define POINT_LEN 13
#define LINES_MAX (2 * SHELF_ENTRIES + 200000)

/* FNV-1a over words of eight bytes: it guards against damage, not against an enemy. */
static uint64_t sum_of(const char *p, size_t len)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ len;
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		h = (h ^ w) * UINT64_C(1099511628211);
		h ^= h >> 29;
	}
	for (; len > 0; p++, len--)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return h ^ h >> 32;
}

/* ---- writing ---- */

static void put_str(struct json_out *j, const char *key, const char *v)
{
	json_key(j, key);
	json_str(j, v);
}

static void put_i64(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

static void put_f64(struct json_out *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, v);
}

static void put_points(struct json_out *j, const struct shelf_entry *x)
{
	json_key(j, "points");
	json_array(j);
	for (int i = 0; i < x->n_points; i++) {
		const struct shelf_point *p = &x->points[i];
		const int64_t whole[] = {p->isl, p->osl, p->conc, p->repeat, (int64_t)p->status, p->doubts, p->failed};
		const double real[] = {p->tput_per_gpu, p->e2el_median, p->interactivity, p->tput_ratio, p->e2e_ratio,
		        p->intvty_ratio};
		json_array(j);
		for (size_t k = 0; k < sizeof whole / sizeof whole[0]; k++)
			json_i64(j, whole[k]);
		for (size_t k = 0; k < sizeof real / sizeof real[0]; k++)
			json_f64(j, real[k]);
		json_array_end(j);
	}
	json_array_end(j);
}

static void put_entry(struct json_out *j, const struct shelf_entry *x)
{
	put_i64(j, "kind", (int64_t)x->kind);
	put_i64(j, "wall_ns", x->wall_ns);
	put_i64(j, "mode", x->mode_known ? (int64_t)x->mode : -1);
	put_i64(j, "demo", x->demo);
	put_str(j, "track", x->track);
	put_str(j, "team", x->team);
	put_str(j, "model", x->model);
	put_str(j, "sglang", x->sglang);
	put_str(j, "aiter", x->aiter);
	put_str(j, "note", x->note);
	put_i64(j, "passed", x->passed);
	put_i64(j, "failed", x->failed);
	put_f64(j, "best", x->best);
	put_f64(j, "worst", x->worst);
	put_points(j, x);
}

static void put_files(struct json_out *j, const struct shelf_kept *k)
{
	json_key(j, "files");
	json_array(j);
	for (int i = 0; i < k->n_files; i++) {
		json_array(j);
		json_str(j, k->files[i].name);
		json_i64(j, k->files[i].mtime_ns);
		json_i64(j, k->files[i].size);
		json_i64(j, k->files[i].inode);
		json_array_end(j);
	}
	json_array_end(j);
}

/* Names with a backslash escape or beyond UTF-8 would not come back as they are; they are simply read each time. */
static bool plain_name(const char *s)
{
	for (size_t i = 0; s[i]; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f || s[i] == '"' || s[i] == '\\')
			return false;
	return utf8_valid(s, strlen(s));
}

size_t shelf_index_sum_line(const char *object, size_t len, char *out, size_t cap)
{
	char sum[SUM_LEN + 1];
	if (len < 2 || object[0] != '{' || HEAD_LEN + len > cap)
		return 0;
	/* behind the brace, which the sum's member takes over */
	snprintf(sum, sizeof sum, "%016llx", (unsigned long long)sum_of(object + 1, len - 1));
	memcpy(out, SUM_BEGIN, sizeof SUM_BEGIN - 1);
	memcpy(out + sizeof SUM_BEGIN - 1, sum, SUM_LEN);
	memcpy(out + sizeof SUM_BEGIN - 1 + SUM_LEN, "\",", 2);
	memcpy(out + HEAD_LEN, object + 1, len - 1);
	return HEAD_LEN + len - 1;
}

int shelf_index_line(const struct shelf_kept *k, struct buf *out)
{
	struct json_out j;
	struct buf line;
	bool plain = plain_name(k->key);
	for (int i = 0; i < k->n_files; i++)
		plain = plain && plain_name(k->files[i].name);
	if (!plain || k->n_files > SHELF_FILES)
		return ERR_USAGE;
	buf_init(&line, (size_t)1 << 20);
	json_out_init(&j, &line, JSON_COMPACT, false);
	json_object(&j);
	put_i64(&j, "v", FORMAT);
	put_str(&j, "path", k->key);
	put_i64(&j, "other", k->other);
	put_i64(&j, "finished", k->finished);
	put_files(&j, k);
	if (!k->other)
		put_entry(&j, &k->entry);
	json_object_end(&j);
	int rc = line.failed ? ERR_LIMIT : 0;
	size_t room = HEAD_LEN + line.len;
	if (rc == 0 && (rc = buf_reserve(out, room + 1)) == 0) {
		out->len += shelf_index_sum_line(line.data, line.len, out->data + out->len, room);
		rc = buf_addc(out, '\n');
	}
	buf_free(&line);
	return rc;
}

/* ---- reading ---- */

struct cursor {
	const char *at, *end;
	bool bad;
};

static bool take_char(struct cursor *c, char what)
{
	if (c->at < c->end && *c->at == what) {
		c->at++;
		return true;
	}
	return false;
}

static void need_char(struct cursor *c, char what)
{
	if (!take_char(c, what))
		c->bad = true;
}

static int64_t take_i64(struct cursor *c)
{
	char *end;
	if (c->bad || c->at >= c->end || !((*c->at >= '0' && *c->at <= '9') || *c->at == '-')) {
		c->bad = true;
		return 0;
	}
	/* the text ends in a NUL behind the line's newline */
	int64_t v = strtoll(c->at, &end, 10);
	c->bad = end > c->end;
	c->at = end;
	return v;
}

static double take_f64(struct cursor *c)
{
	char *end;
	if (c->end - c->at >= 4 && memcmp(c->at, "null", 4) == 0) {
		c->at += 4;
		return NAN;
	}
	if (c->bad || c->at >= c->end || !((*c->at >= '0' && *c->at <= '9') || *c->at == '-')) {
		c->bad = true;
		return NAN;
	}
	double v = strtod(c->at, &end);
	c->bad = end > c->end || !isfinite(v);
	c->at = end;
	return v;
}

/* Names are written without escapes. */
static const char *take_name(struct cursor *c, struct shelf_memory *m)
{
	need_char(c, '"');
	const char *close = c->bad ? NULL : memchr(c->at, '"', (size_t)(c->end - c->at));
	if (!close || close - c->at >= 1024) {
		c->bad = true;
		return "";
	}
	size_t n = (size_t)(close - c->at);
	char *name = n ? shelf_memory_take(m, n + 1) : NULL;
	if (name) {
		memcpy(name, c->at, n);
		name[n] = '\0';
	} else if (n) {
		c->bad = true;
	}
	c->at = close + 1;
	return name ? name : "";
}

/* How many arrays are in an array of flat arrays, at most. */
static int rows_of(const struct flat_value *v)
{
	int n = 0;
	for (size_t i = 1; i < v->len; i++)
		n += v->raw[i] == '[';
	return n;
}

static bool read_files(const struct flat_value *v, struct shelf_kept *k, struct shelf_memory *m)
{
	struct cursor c = {v->raw, v->raw + v->len, false};
	int n = rows_of(v);
	if (v->type != FLAT_NESTED || n > SHELF_FILES ||
	        !(k->files = shelf_memory_take(m, (size_t)(n + 1) * sizeof *k->files)))
		return false;
	need_char(&c, '[');
	while (!c.bad && k->n_files < n && take_char(&c, '[')) {
		struct shelf_file *f = &k->files[k->n_files++];
		f->name = take_name(&c, m);
		need_char(&c, ',');
		f->mtime_ns = take_i64(&c);
		need_char(&c, ',');
		f->size = take_i64(&c);
		need_char(&c, ',');
		f->inode = take_i64(&c);
		need_char(&c, ']');
		take_char(&c, ',');
	}
	need_char(&c, ']');
	return !c.bad && c.at == c.end;
}

static int32_t take_i32(struct cursor *c)
{
	int64_t v = take_i64(c);
	need_char(c, ',');
	c->bad = c->bad || v < INT32_MIN || v > INT32_MAX;
	return c->bad ? 0 : (int32_t)v;
}

static void read_point(struct cursor *c, struct shelf_point *p)
{
	double *real[] = {
	        &p->tput_per_gpu, &p->e2el_median, &p->interactivity, &p->tput_ratio, &p->e2e_ratio, &p->intvty_ratio};
	p->isl = take_i32(c);
	p->osl = take_i32(c);
	p->conc = take_i32(c);
	p->repeat = take_i32(c);
	int32_t status = take_i32(c);
	c->bad = c->bad || status < 0 || status >= cell_status_count;
	p->status = c->bad ? CELL_QUEUED : (enum cell_status)status;
	p->doubts = take_i32(c);
	p->failed = take_i32(c);
	for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
		if (i > 0)
			need_char(c, ',');
		*real[i] = take_f64(c);
	}
}

static bool read_points(const struct flat_value *v, struct shelf_entry *x, struct shelf_memory *m)
{
	struct cursor c = {v->raw, v->raw + v->len, false};
	int n = rows_of(v);
	struct shelf_point *points;
	if (v->type != FLAT_NESTED || n > BOARD_CELLS ||
	        !(points = shelf_memory_take(m, (size_t)(n + 1) * sizeof *points)))
		return false;
	x->points = points;
	need_char(&c, '[');
	while (!c.bad && x->n_points < n && take_char(&c, '[')) {
		read_point(&c, &points[x->n_points++]);
		need_char(&c, ']');
		take_char(&c, ',');
	}
	need_char(&c, ']');
	return !c.bad && c.at == c.end;
}

static bool text_member(const struct flat_member *m, const char *key, char *out, size_t cap)
{
	char raw[512];
	if (!flat_key_is(m, key))
		return false;
	if (m->value.type == FLAT_STRING) {
		flat_string(&m->value, raw, sizeof raw);
		text_copy(out, cap, raw);
	}
	return true;
}

static int bounded(int64_t v)
{
	return v < 0 ? 0 : v > BOARD_CELLS ? BOARD_CELLS : (int)v;
}

static void read_count(const struct flat_member *m, struct shelf_kept *k)
{
	struct shelf_entry *x = &k->entry;
	int64_t v = 0;
	flat_i64(&m->value, &v);
	if (flat_key_is(m, "kind"))
		x->kind = v >= SHELF_OURS && v <= SHELF_UNREADABLE ? (enum shelf_kind)v : SHELF_UNREADABLE;
	else if (flat_key_is(m, "wall_ns"))
		x->wall_ns = v;
	else if (flat_key_is(m, "mode") && v >= 0 && v < run_mode_count) {
		x->mode_known = true;
		x->mode = (enum run_mode)v;
	} else if (flat_key_is(m, "demo"))
		x->demo = v == 1;
	else if (flat_key_is(m, "passed"))
		x->passed = bounded(v);
	else if (flat_key_is(m, "failed"))
		x->failed = bounded(v);
	else if (flat_key_is(m, "other"))
		k->other = v == 1;
	else if (flat_key_is(m, "finished"))
		k->finished = v == 1;
}

static bool read_member(const struct flat_member *m, struct shelf_kept *k, struct shelf_memory *memory)
{
	struct shelf_entry *x = &k->entry;
	if (flat_key_is(m, "files"))
		return read_files(&m->value, k, memory);
	if (flat_key_is(m, "points"))
		return read_points(&m->value, x, memory);
	if (flat_key_is(m, "path")) {
		struct cursor c = {m->value.raw - 1, m->value.raw + m->value.len + 1, false};
		if (m->value.type == FLAT_STRING)
			k->key = take_name(&c, memory);
		return m->value.type == FLAT_STRING && !c.bad;
	}
	if (text_member(m, "track", x->track, sizeof x->track) || text_member(m, "team", x->team, sizeof x->team) ||
	        text_member(m, "model", x->model, sizeof x->model) ||
	        text_member(m, "sglang", x->sglang, sizeof x->sglang) ||
	        text_member(m, "aiter", x->aiter, sizeof x->aiter) || text_member(m, "note", x->note, sizeof x->note))
		return true;
	if (flat_key_is(m, "best"))
		flat_f64(&m->value, &x->best);
	else if (flat_key_is(m, "worst"))
		flat_f64(&m->value, &x->worst);
	else
		read_count(m, k);
	return true;
}

/* A line whose sum holds, else false. */
static bool read_line(const char *line, size_t len, struct shelf_kept *k, struct shelf_memory *memory)
{
	struct flat f;
	struct flat_member m;
	char sum[SUM_LEN + 1];
	int64_t version = 0;
	int rc;
	memset(k, 0, sizeof *k);
	k->entry.best = k->entry.worst = NAN;
	k->entry.mode = MODE_PERF;
	if (len <= HEAD_LEN || memcmp(line, SUM_BEGIN, sizeof SUM_BEGIN - 1) != 0)
		return false;
	snprintf(sum, sizeof sum, "%016llx", (unsigned long long)sum_of(line + HEAD_LEN, len - HEAD_LEN));
	if (memcmp(line + sizeof SUM_BEGIN - 1, sum, SUM_LEN) != 0 || flat_begin(&f, line, len) != 1)
		return false;
	while ((rc = flat_next(&f, &m)) == 1) {
		if (flat_key_is(&m, "v"))
			flat_i64(&m.value, &version);
		else if (!read_member(&m, k, memory))
			return false;
	}
	k->line = line;
	k->line_len = len;
	return rc == 0 && version == FORMAT && k->key && k->n_files > 0;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct shelf_kept *)a)->key, ((const struct shelf_kept *)b)->key);
}

static size_t count_lines(const struct buf *b)
{
	size_t n = 1;
	for (const char *p = b->data; p && (p = memchr(p, '\n', b->len - (size_t)(p - b->data))); p++)
		n++;
	return n < LINES_MAX ? n : LINES_MAX;
}

void shelf_index_parse(struct shelf_index *x)
{
	const char *p = buf_text(&x->text), *end = p + x->text.len;
	size_t cap = count_lines(&x->text);
	x->kept = calloc(cap, sizeof *x->kept);
	x->n = 0;
	while (x->kept && p < end && (size_t)x->n < cap) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);
		if (read_line(p, len, &x->kept[x->n], x->memory))
			x->n++;
		else
			x->broken = true;
		p += len + 1;
	}
	if (x->n > 1)
		qsort(x->kept, (size_t)x->n, sizeof *x->kept, by_key);
}

void shelf_index_load(struct shelf_index *x, const char *path, struct shelf_memory *memory)
{
	memset(x, 0, sizeof *x);
	x->memory = memory;
	buf_init(&x->text, SHELF_INDEX_MAX);
	if (shelf_file_read(path, &x->text, NULL) == 0)
		shelf_index_parse(x);
}

void shelf_index_free(struct shelf_index *x)
{
	free(x->kept);
	buf_free(&x->text);
	memset(x, 0, sizeof *x);
}

const struct shelf_kept *shelf_index_find(const struct shelf_index *x, const char *key)
{
	const struct shelf_kept wanted = {.key = key};
	return x->n > 0 ? bsearch(&wanted, x->kept, (size_t)x->n, sizeof *x->kept, by_key) : NULL;
}
