/* Any text as a track: it is refused with a sentence and nothing is touched, or everything in it is within its bounds. */
#include "../../engine/accuracy/corpus.h"
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "../../engine/plan/track.h"
#include "fuzz.h"
#include <math.h>

static struct track track, again, untouched; /* large */

static void check_string(const char *s, size_t cap)
{
	char clean[1024];
	CHECK(memchr(s, '\0', cap) && cap <= sizeof clean);
	text_copy(clean, sizeof clean, s);
	CHECK(strcmp(clean, s) == 0);
}

static void check_pairs(const struct track *t)
{
	CHECK(t->n_pairs >= 1 && t->n_pairs <= TRACK_PAIRS);
	for (int i = 0; i < t->n_pairs; i++) {
		const struct track_pair *p = &t->pairs[i];
		CHECK(p->isl > 0 && p->osl > 0 && p->prompts_per_conc > 0);
		CHECK(isfinite(p->expect_s) && p->expect_s >= 0);
		CHECK(p->n_concs >= 1 && p->n_concs <= TRACK_CONCS);
		for (int k = 0; k < p->n_concs; k++)
			CHECK(p->concs[k] >= 1);
		CHECK(track_pair_find(t, p->isl, p->osl) == p);
		check_string(p->board, sizeof p->board);
		CHECK(!p->board[0] || strncmp(p->board, "http", 4) == 0);
	}
}

static void check_reference(const struct track *t)
{
	CHECK(t->n_refs >= 0 && t->n_refs <= TRACK_REFS && t->n_notes >= 0 && t->n_notes <= TRACK_NOTES);
	for (int i = 0; i < t->n_refs; i++) {
		const struct track_ref *r = &t->refs[i];
		CHECK(r->e2e_ms > 0 && r->intvty > 0 && r->tput > 0);
		CHECK(track_ref_find(t, r->isl, r->osl, r->conc) == r);
	}
	for (int i = 0; i < t->n_notes; i++)
		check_string(t->reference_notes[i], sizeof t->reference_notes[i]);
}

static void check_gate(const struct track *t)
{
	int64_t sum = 0;
	CHECK(t->n_columns >= 0 && t->n_columns <= TRACK_COLUMNS);
	if (strcmp(t->gate, "wikitext") != 0)
		return;
	CHECK(t->multiplier >= 1 && t->n_columns >= 1);
	CHECK(t->n_chunks >= 1 && t->n_chunks <= TRACK_CHUNKS);
	for (int i = 0; i < t->n_chunks; i++)
		sum += t->chunks[i].gap + t->chunks[i].bytes;
	CHECK(sum == t->joined_bytes);
	CHECK(strlen(t->corpus_sha256) == 64 && strlen(t->joined_sha256) == 64);
	CHECK(t->corpus_file[0] && !strchr(t->corpus_file, '/'));
	for (int i = 0; i < TRACK_METRICS; i++)
		CHECK(t->metrics[i].baseline > 0);
}

static int size_of(const cJSON *v, const char *a, const char *b)
{
	v = json_get(v, a);
	return cJSON_GetArraySize(b ? json_get(v, b) : v);
}

/* Every row of the text is there. */
static void check_counts(const struct track *t, const char *text, size_t size)
{
	cJSON *root = NULL;
	CHECK(json_parse(text, size, 8, &root, NULL) == 0);
	CHECK(t->n_pairs == size_of(root, "pairs", NULL));
	CHECK(t->n_refs == size_of(root, "reference", "rows") && t->n_notes == size_of(root, "reference", "notes"));
	for (int i = 0; i < t->n_pairs; i++)
		CHECK(t->pairs[i].n_concs == size_of(cJSON_GetArrayItem(json_get(root, "pairs"), i), "concs", NULL));
	if (strcmp(t->gate, "wikitext") == 0) {
		CHECK(t->n_columns == size_of(root, "board", "columns"));
		CHECK(t->n_chunks == size_of(json_get(root, "gate"), "corpus", "chunks"));
	}
	cJSON_Delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {0};
	char *text = exact_copy(data, size);
	memset(&track, 0x5a, sizeof track);
	int rc = track_parse(&track, text, size, "fuzz.json", &e);
	if (rc) {
		memset(&untouched, 0x5a, sizeof untouched);
		CHECK(rc == ERR_USAGE && e.code == rc && strncmp(e.text, "fuzz.json: ", 11) == 0);
		CHECK(utf8_valid(e.text, strlen(e.text)));
		CHECK(memcmp(&track, &untouched, sizeof track) == 0);
	} else {
		char sha[65];
		check_string(track.name, sizeof track.name);
		check_string(track.title, sizeof track.title);
		check_string(track.model, sizeof track.model);
		CHECK(track.gpus >= 1 && track.vocab_size >= 1 && track.ratio > 0 && track.ratio <= 1);
		check_pairs(&track);
		check_reference(&track);
		check_gate(&track);
		check_counts(&track, text, size);
		sha256_hex(text, size, sha);
		CHECK(strcmp(track.sha256, sha) == 0);
		CHECK(track_parse(&again, text, size, "fuzz.json", NULL) == 0);
		CHECK(again.n_pairs == track.n_pairs && again.n_chunks == track.n_chunks &&
		        again.n_refs == track.n_refs);
	}
	free(text);
	return 0;
}
