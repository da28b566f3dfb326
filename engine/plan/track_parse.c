/* A track's JSON into struct track. The form:
 *
 *   { "name", "title", "model", "demo", "vocab_size", "gpus", "random_range_ratio", "warmups_per_conc",
 *     "curve_share" (may be absent),
 *     "launch_script", "launch_prefill", "launch_shapes": [[isl, osl, conc_above, prefill]] (each may be absent),
 *     "pairs": [{"isl", "osl", "concs": [..], "prompts_per_conc", "expect_s", "board"}],
 *     "reference": {"label", "key", "e2e_key", "tput_key", "intvty_key", "ratio_suffix", "notes": [..],
 *                   "rows": [[isl, osl, conc, e2e_ms, intvty, tput]]},
 *     "board": {"url", "api_name", "columns": [..]},
 *     "gate": {"kind", "multiplier", "baselines": {..},
 *              "corpus": {"file", "bytes", "sha256", "joined_bytes", "joined_sha256",
 *                         "rows": {"url", "dataset", "config", "total"}, "chunks": [[gap, bytes, words]]}} }
 *
 * {ISL} and {OSL} in board.url stand for the pair's numbers; a pair's own "board" wins. With a gate other than "wikitext"
 * nothing can be posted, so its baselines and corpus and the board's columns are not read. Unknown members are ignored.
 *
 * The readers below share one struct reader: the first error is kept, later reads do nothing, and the caller looks once.
 */
#include "../accuracy/corpus.h"
#include "../base/json.h"
#include "../base/text.h"
#include "track.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TRACK_BYTES_MAX ((size_t)1 << 20)
#define TRACK_DEPTH     8

struct reader {
	const char *source;
	struct err *e;
	int rc;
};

static const char *const column_words[] = {
        [COL_TEAM] = "team",
        [COL_CONC] = "conc",
        [COL_E2E] = "e2e",
        [COL_TPUT] = "tput",
        [COL_REF_E2E] = "ref_e2e",
        [COL_REF_TPUT] = "ref_tput",
        [COL_E2E_RATIO] = "e2e_ratio",
        [COL_TPUT_RATIO] = "tput_ratio",
        [COL_INTVTY] = "intvty",
        [COL_REF_INTVTY] = "ref_intvty",
        [COL_INTVTY_RATIO] = "intvty_ratio",
        [COL_BITS_PER_BYTE] = "bits_per_byte",
        [COL_BYTE_PPL] = "byte_perplexity",
        [COL_WORD_PPL] = "word_perplexity",
};
#define N_COLUMN_WORDS (sizeof column_words / sizeof column_words[0])

static const char *const metric_names[TRACK_METRICS] = {"bits_per_byte", "byte_perplexity", "word_perplexity"};

/* "FILE: MEMBER WHAT" as the reader's error; where is "" at the top level, else ends in '.'. */
static void reader_fail(struct reader *r, const char *where, const char *key, const char *what)
{
	if (r->rc == 0)
		r->rc = err_set(r->e, ERR_USAGE, "%s: %s%s %s", r->source, where, key, what);
}

/* The member, or NULL: an error when it is needed, silence when it is not. null counts as absent. */
static const cJSON *read_member(struct reader *r, const cJSON *obj, const char *where, const char *key, bool needed)
{
	const cJSON *v = r->rc ? NULL : json_get(obj, key);
	if (v && !cJSON_IsNull(v))
		return v;
	if (needed)
		reader_fail(r, where, key, "is missing: the track needs it");
	return NULL;
}

static double check_number(struct reader *r, const cJSON *v, const char *where, const char *key, double min, double max)
{
	char what[128];
	if (!cJSON_IsNumber(v) || !(v->valuedouble >= min && v->valuedouble <= max)) {
		snprintf(what, sizeof what, "must be a number from %.12g to %.12g", min, max);
		reader_fail(r, where, key, what);
		return min;
	}
	return v->valuedouble;
}

static int64_t check_whole(
        struct reader *r, const cJSON *v, const char *where, const char *key, int64_t min, int64_t max)
{
	double d = check_number(r, v, where, key, (double)min, (double)max);
	if (d != floor(d)) {
		reader_fail(r, where, key, "must be a whole number");
		return min;
	}
	return (int64_t)d;
}

static double read_f64(struct reader *r, const cJSON *obj, const char *where, const char *key, double min, double max)
{
	const cJSON *v = read_member(r, obj, where, key, true);
	return v ? check_number(r, v, where, key, min, max) : min;
}

static int64_t read_i64(
        struct reader *r, const cJSON *obj, const char *where, const char *key, int64_t min, int64_t max)
{
	const cJSON *v = read_member(r, obj, where, key, true);
	return v ? check_whole(r, v, where, key, min, max) : min;
}

static int read_int(struct reader *r, const cJSON *obj, const char *where, const char *key, int min, int max)
{
	return (int)read_i64(r, obj, where, key, min, max);
}

/* Text that may be shown and written as it is: it fits, is UTF-8, and holds nothing that text_clean would change. */
static void check_text(struct reader *r, const cJSON *v, const char *where, const char *key, char *out, size_t cap)
{
	char what[96];
	if (!cJSON_IsString(v) || !v->valuestring) {
		reader_fail(r, where, key, "must be a string");
		return;
	}
	size_t len = strlen(v->valuestring);
	if (len >= cap) {
		snprintf(what, sizeof what, "has %zu bytes, at most %zu are possible", len, cap - 1);
		reader_fail(r, where, key, what);
		return;
	}
	text_clean(out, cap, v->valuestring, len);
	if (strcmp(out, v->valuestring) != 0)
		reader_fail(r, where, key, "holds control characters or is not UTF-8");
}

static void read_text(
        struct reader *r, const cJSON *obj, const char *where, const char *key, char *out, size_t cap, bool needed)
{
	const cJSON *v = read_member(r, obj, where, key, needed);
	out[0] = '\0';
	if (v)
		check_text(r, v, where, key, out, cap);
	if (v && needed && !out[0])
		reader_fail(r, where, key, "is empty");
}

static void read_sha256(struct reader *r, const cJSON *obj, const char *where, const char *key, char out[65])
{
	read_text(r, obj, where, key, out, 65, true);
	if (strlen(out) != 64 || strspn(out, "0123456789abcdef") != 64)
		reader_fail(r, where, key, "must be 64 lower-case hex digits");
}

static void check_url(struct reader *r, const char *where, const char *key, const char *url)
{
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		reader_fail(r, where, key, "must begin with http:// or https://");
	if (strpbrk(url, " \"'\\<>"))
		reader_fail(r, where, key, "holds a blank or a quote");
	if (url[0] && url[strlen(url) - 1] == '/')
		reader_fail(r, where, key, "must not end in /");
}

/* An array member with 1..most values (0 values too when it is not needed); NULL when absent or wrong. */
static const cJSON *read_array(
        struct reader *r, const cJSON *obj, const char *where, const char *key, int most, bool needed)
{
	char what[96];
	const cJSON *v = read_member(r, obj, where, key, needed);
	if (!v)
		return NULL;
	int n = cJSON_IsArray(v) ? cJSON_GetArraySize(v) : -1;
	if (n > most)
		snprintf(what, sizeof what, "has %d values, at most %d are possible", n, most);
	else if (n < (needed ? 1 : 0))
		snprintf(what, sizeof what, "must be an array%s", needed ? " with at least one value" : "");
	else
		return v;
	reader_fail(r, where, key, what);
	return NULL;
}

static const cJSON *read_object(struct reader *r, const cJSON *obj, const char *where, const char *key)
{
	const cJSON *v = read_member(r, obj, where, key, true);
	if (v && !cJSON_IsObject(v)) {
		reader_fail(r, where, key, "must be an object");
		return NULL;
	}
	return v;
}

static void read_concs(struct reader *r, const cJSON *pair, const char *where, struct track_pair *p)
{
	const cJSON *list = read_array(r, pair, where, "concs", TRACK_CONCS, true), *v;
	cJSON_ArrayForEach(v, list)
	{
		int conc = (int)check_whole(r, v, where, "concs", 1, 4096);
		for (int i = 0; i < p->n_concs; i++)
			if (p->concs[i] == conc)
				reader_fail(r, where, "concs", "names one CONC twice");
		p->concs[p->n_concs++] = conc;
	}
}

/* url with {ISL} and {OSL} replaced; false when it does not fit. */
static bool expand_url(char *out, size_t cap, const char *url, int isl, int osl)
{
	size_t at = 0;
	out[0] = '\0';
	while (*url) {
		bool is_isl = strncmp(url, "{ISL}", 5) == 0, is_osl = strncmp(url, "{OSL}", 5) == 0;
		int n = is_isl || is_osl ? snprintf(out + at, cap - at, "%d", is_isl ? isl : osl)
		                         : snprintf(out + at, cap - at, "%c", *url);
		if (n < 0 || (size_t)n >= cap - at)
			return false;
		at += (size_t)n;
		url += is_isl || is_osl ? 5 : 1;
	}
	return true;
}

static void read_pair(struct reader *r, const cJSON *v, const char *where, const char *url, struct track_pair *p)
{
	p->isl = read_int(r, v, where, "isl", 1, 1 << 20);
	p->osl = read_int(r, v, where, "osl", 1, 1 << 20);
	p->prompts_per_conc = read_int(r, v, where, "prompts_per_conc", 1, 10000);
	p->expect_s = read_f64(r, v, where, "expect_s", 0, 1e6);
	read_concs(r, v, where, p);
	read_text(r, v, where, "board", p->board, sizeof p->board, false);
	if (!json_get(v, "board") && !expand_url(p->board, sizeof p->board, url, p->isl, p->osl))
		reader_fail(r, "board.", "url", "is too long");
	if (p->board[0])
		check_url(r, where, "board", p->board);
}

static void read_pairs(struct reader *r, const cJSON *root, struct track *t)
{
	char url[sizeof t->pairs[0].board], where[32];
	const cJSON *board = read_object(r, root, "", "board");
	read_text(r, board, "board.", "url", url, sizeof url, false);
	const cJSON *list = read_array(r, root, "", "pairs", TRACK_PAIRS, true), *v;
	cJSON_ArrayForEach(v, list)
	{
		struct track_pair *p = &t->pairs[t->n_pairs];
		snprintf(where, sizeof where, "pairs[%d].", t->n_pairs);
		read_pair(r, v, where, url, p);
		if (track_pair_find(t, p->isl, p->osl))
			reader_fail(r, where, "isl", "and osl: the same pair is listed twice");
		t->n_pairs++;
	}
}

static void read_ref_row(struct reader *r, const cJSON *v, int index, struct track_ref *ref)
{
	char key[32];
	snprintf(key, sizeof key, "rows[%d]", index);
	if (cJSON_GetArraySize(v) != 6 || !cJSON_IsArray(v)) {
		reader_fail(r, "reference.", key, "must be [isl, osl, conc, e2e_ms, intvty, tput]");
		return;
	}
	ref->isl = (int)check_whole(r, cJSON_GetArrayItem(v, 0), "reference.", key, 1, 1 << 20);
	ref->osl = (int)check_whole(r, cJSON_GetArrayItem(v, 1), "reference.", key, 1, 1 << 20);
	ref->conc = (int)check_whole(r, cJSON_GetArrayItem(v, 2), "reference.", key, 1, 4096);
	ref->e2e_ms = check_number(r, cJSON_GetArrayItem(v, 3), "reference.", key, 0.001, 1e9);
	ref->intvty = check_number(r, cJSON_GetArrayItem(v, 4), "reference.", key, 0.001, 1e9);
	ref->tput = check_number(r, cJSON_GetArrayItem(v, 5), "reference.", key, 0.001, 1e9);
}

static void read_notes(struct reader *r, const cJSON *ref, struct track *t)
{
	const cJSON *list = read_array(r, ref, "reference.", "notes", TRACK_NOTES, false), *v;
	cJSON_ArrayForEach(v, list)
	{
		char *note = t->reference_notes[t->n_notes++];
		check_text(r, v, "reference.", "notes", note, sizeof t->reference_notes[0]);
	}
}

static void read_reference(struct reader *r, const cJSON *root, struct track *t)
{
	const char *w = "reference.";
	const cJSON *ref = read_object(r, root, "", "reference"), *v;
	read_text(r, ref, w, "label", t->ref_label, sizeof t->ref_label, true);
	read_text(r, ref, w, "key", t->ref_key, sizeof t->ref_key, true);
	read_text(r, ref, w, "e2e_key", t->ref_e2e_key, sizeof t->ref_e2e_key, true);
	read_text(r, ref, w, "tput_key", t->ref_tput_key, sizeof t->ref_tput_key, true);
	read_text(r, ref, w, "intvty_key", t->ref_intvty_key, sizeof t->ref_intvty_key, true);
	read_text(r, ref, w, "ratio_suffix", t->ratio_suffix, sizeof t->ratio_suffix, true);
	read_notes(r, ref, t);
	const cJSON *rows = read_array(r, ref, w, "rows", TRACK_REFS, false);
	cJSON_ArrayForEach(v, rows)
	{
		char key[32];
		struct track_ref row = {0};
		read_ref_row(r, v, t->n_refs, &row);
		snprintf(key, sizeof key, "rows[%d]", t->n_refs);
		if (track_ref_find(t, row.isl, row.osl, row.conc))
			reader_fail(r, w, key, "has the ISL, OSL and CONC of an earlier row");
		t->refs[t->n_refs++] = row;
	}
}

static void read_columns(struct reader *r, const cJSON *root, struct track *t)
{
	char what[128];
	const cJSON *board = json_get(root, "board"), *v;
	read_text(r, board, "board.", "api_name", t->api_name, sizeof t->api_name, true);
	if (strcmp(t->gate, "wikitext") != 0)
		return;
	const cJSON *list = read_array(r, board, "board.", "columns", TRACK_COLUMNS, true);
	cJSON_ArrayForEach(v, list)
	{
		size_t k = 0;
		while (k < N_COLUMN_WORDS && !(cJSON_IsString(v) && strcmp(v->valuestring, column_words[k]) == 0))
			k++;
		if (k == N_COLUMN_WORDS) {
			char word[40];
			text_copy(word, sizeof word, cJSON_IsString(v) ? v->valuestring : "(no string)");
			snprintf(what, sizeof what, "holds \"%s\", which is no value that this version posts", word);
			reader_fail(r, "board.", "columns", what);
			return;
		}
		t->columns[t->n_columns++] = (enum track_column)k;
	}
}

static void read_chunks(struct reader *r, const cJSON *corpus, struct track *t)
{
	const char *w = "gate.corpus.";
	const cJSON *list = read_array(r, corpus, w, "chunks", TRACK_CHUNKS, true), *v;
	int64_t sum = 0;
	cJSON_ArrayForEach(v, list)
	{
		struct track_chunk *c = &t->chunks[t->n_chunks];
		char key[32];
		snprintf(key, sizeof key, "chunks[%d]", t->n_chunks);
		if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 3) {
			reader_fail(r, w, key, "must be [gap, bytes, words]");
			return;
		}
		c->gap = (uint16_t)check_whole(r, cJSON_GetArrayItem(v, 0), w, key, 0, UINT16_MAX);
		c->bytes = (uint16_t)check_whole(r, cJSON_GetArrayItem(v, 1), w, key, 1, UINT16_MAX);
		c->words = (uint16_t)check_whole(r, cJSON_GetArrayItem(v, 2), w, key, 1, UINT16_MAX);
		sum += c->gap + c->bytes;
		t->n_chunks++;
	}
	if (list && sum != t->joined_bytes)
		reader_fail(r, w, "chunks", "do not add up to joined_bytes");
}

static void read_corpus(struct reader *r, const cJSON *gate, struct track *t)
{
	const char *w = "gate.corpus.", *wr = "gate.corpus.rows.";
	const cJSON *c = read_object(r, gate, "gate.", "corpus");
	read_text(r, c, w, "file", t->corpus_file, sizeof t->corpus_file, true);
	if (strchr(t->corpus_file, '/'))
		reader_fail(r, w, "file", "must be a file name without a directory");
	t->corpus_bytes = read_i64(r, c, w, "bytes", 1, 1 << 26);
	read_sha256(r, c, w, "sha256", t->corpus_sha256);
	t->joined_bytes = read_i64(r, c, w, "joined_bytes", 1, 1 << 26);
	read_sha256(r, c, w, "joined_sha256", t->joined_sha256);
	const cJSON *rows = read_object(r, c, w, "rows");
	read_text(r, rows, wr, "url", t->rows_url, sizeof t->rows_url, false);
	if (t->rows_url[0])
		check_url(r, wr, "url", t->rows_url);
	read_text(r, rows, wr, "dataset", t->rows_dataset, sizeof t->rows_dataset, true);
	read_text(r, rows, wr, "config", t->rows_config, sizeof t->rows_config, true);
	t->rows_total = read_int(r, rows, wr, "total", 1, 1000000);
	read_chunks(r, c, t);
}

static void read_gate(struct reader *r, const cJSON *root, struct track *t)
{
	const cJSON *gate = read_object(r, root, "", "gate");
	read_text(r, gate, "gate.", "kind", t->gate, sizeof t->gate, true);
	t->multiplier = 1;
	if (r->rc || strcmp(t->gate, "wikitext") != 0)
		return;
	t->multiplier = read_f64(r, gate, "gate.", "multiplier", 1, 10);
	const cJSON *base = read_object(r, gate, "gate.", "baselines");
	for (int i = 0; i < TRACK_METRICS; i++) {
		struct track_metric *m = &t->metrics[i];
		text_set(m->name, sizeof m->name, metric_names[i]);
		m->baseline = read_f64(r, base, "gate.baselines.", metric_names[i], 1e-6, 1e9);
	}
	read_corpus(r, gate, t);
}

static void read_head(struct reader *r, const cJSON *root, struct track *t)
{
	if (!cJSON_IsObject(root))
		reader_fail(r, "", "a track", "must be a JSON object");
	read_text(r, root, "", "name", t->name, sizeof t->name, true);
	if (t->name[0] == '.' ||
	        t->name[strspn(t->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		reader_fail(r, "", "name", "may hold letters, digits and . _ - only and must not begin with a dot");
	read_text(r, root, "", "title", t->title, sizeof t->title, true);
	read_text(r, root, "", "model", t->model, sizeof t->model, true);
	const cJSON *demo = read_member(r, root, "", "demo", false);
	if (demo && !cJSON_IsBool(demo))
		reader_fail(r, "", "demo", "must be true or false");
	t->demo = demo && cJSON_IsTrue(demo);
	t->vocab_size = read_int(r, root, "", "vocab_size", 1, 1 << 24);
	t->gpus = read_int(r, root, "", "gpus", 1, 1024);
	t->ratio = read_f64(r, root, "", "random_range_ratio", 0.001, 1);
	t->warmups_per_conc = read_int(r, root, "", "warmups_per_conc", 0, 100);
	const cJSON *share = read_member(r, root, "", "curve_share", false);
	t->curve_share = share ? check_number(r, share, "", "curve_share", 1e-6, 1) : NAN;
}

static void read_shape(struct reader *r, const cJSON *v, int index, struct track_shape *s)
{
	char key[32];
	snprintf(key, sizeof key, "launch_shapes[%d]", index);
	if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 4) {
		reader_fail(r, "", key, "must be [isl, osl, conc_above, prefill]");
		return;
	}
	s->isl = (int)check_whole(r, cJSON_GetArrayItem(v, 0), "", key, 1, 1 << 20);
	s->osl = (int)check_whole(r, cJSON_GetArrayItem(v, 1), "", key, 1, 1 << 20);
	s->conc_above = (int)check_whole(r, cJSON_GetArrayItem(v, 2), "", key, 0, 4096);
	s->prefill = (int)check_whole(r, cJSON_GetArrayItem(v, 3), "", key, 1, 1 << 28);
}

static void read_launch(struct reader *r, const cJSON *root, struct track *t)
{
	read_text(r, root, "", "launch_script", t->launch_script, sizeof t->launch_script, false);
	if (strchr(t->launch_script, '/'))
		reader_fail(r, "", "launch_script", "must be a file name without a directory");
	const cJSON *prefill = read_member(r, root, "", "launch_prefill", false), *v;
	if (prefill)
		t->launch_prefill = (int)check_whole(r, prefill, "", "launch_prefill", 1, 1 << 28);
	const cJSON *list = read_array(r, root, "", "launch_shapes", TRACK_SHAPES, false);
	cJSON_ArrayForEach(v, list)
	{
		read_shape(r, v, t->n_shapes, &t->shapes[t->n_shapes]);
		t->n_shapes++;
	}
}

int track_parse(struct track *out, const char *json, size_t len, const char *source, struct err *e)
{
	struct track t = {0};
	text_copy(t.source, sizeof t.source, source);
	struct reader r = {.source = t.source, .e = e};
	cJSON *root = NULL;
	if (len > TRACK_BYTES_MAX)
		return err_set(e, ERR_USAGE, "%s: %zu bytes are too many for a track (at most %zu)", t.source, len,
		        TRACK_BYTES_MAX);
	if (json_parse(json, len, TRACK_DEPTH, &root, e)) {
		err_prefix(e, "%s", t.source);
		if (e)
			e->code = ERR_USAGE;
		return ERR_USAGE;
	}
	read_head(&r, root, &t);
	read_launch(&r, root, &t);
	read_pairs(&r, root, &t);
	read_reference(&r, root, &t);
	read_gate(&r, root, &t);
	read_columns(&r, root, &t);
	cJSON_Delete(root);
	if (r.rc)
		return r.rc;
	sha256_hex(json, len, t.sha256);
	*out = t;
	return 0;
}
