/* Encodes or decodes many pieces through the tokenizer, for the comparison with another implementation.
 *
 *   tokenize encode|decode FILE <in >out       FILE: a tokenizer.json; "info" instead prints what was read from it
 *
 * In and out are sequences of records, a length (uint32, this machine's order) and so many units: bytes of a text, or
 * ids of 4 bytes. encode reads texts and writes ids, decode the other way round; a record a record, in order.
 */
#include "../../engine/tokenizer/tokenizer.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS_MAX (64u << 20)

/* The next record into *data (grown as needed); -1 at the end of the input. */
static int64_t record_read(void **data, size_t *cap, size_t unit)
{
	uint32_t n;
	if (fread(&n, sizeof n, 1, stdin) != 1 || n > UNITS_MAX)
		return -1;
	if (n * unit + 1 > *cap) {
		free(*data);
		*cap = n * unit * 2 + 1;
		*data = malloc(*cap);
	}
	return *data && fread(*data, unit, n, stdin) == n ? (int64_t)n : -1;
}

static void record_write(const void *data, size_t n, size_t unit)
{
	uint32_t count = (uint32_t)n;
	fwrite(&count, sizeof count, 1, stdout);
	if (n)
		fwrite(data, unit, n, stdout);
}

static int run(const struct tokenizer *t, bool encode, struct err *e)
{
	struct tokenizer_work *w = NULL;
	struct token_ids ids = {0};
	struct buf text;
	void *in = NULL;
	size_t cap = 0;
	int64_t n;
	buf_init(&text, (size_t)256 << 20);
	int rc = tokenizer_work_open(&w, t, e);
	while (rc == 0 && (n = record_read(&in, &cap, encode ? 1 : sizeof(uint32_t))) >= 0) {
		ids.n = 0;
		buf_clear(&text);
		if (encode)
			rc = tokenizer_encode(t, w, in, (size_t)n, &ids, e);
		else
			rc = tokenizer_decode(t, in, (size_t)n, &text, e);
		if (rc == 0 && encode)
			record_write(ids.ids, ids.n, sizeof *ids.ids);
		else if (rc == 0)
			record_write(text.data, text.len, 1);
	}
	free(in);
	buf_free(&text);
	token_ids_free(&ids);
	tokenizer_work_close(w);
	return rc;
}

int main(int argc, char **argv)
{
	struct tokenizer *t;
	struct err e = {0};
	if (argc != 3) {
		fprintf(stderr, "usage: tokenize encode|decode|info TOKENIZER.JSON <in >out\n");
		return 1;
	}
	int rc = tokenizer_open(&t, argv[2], &e);
	if (rc == 0 && strcmp(argv[1], "info") == 0)
		printf("vocab_size %u size %u bos %" PRId64 " sha256 %s\n", (unsigned)tokenizer_vocab_size(t),
		        (unsigned)tokenizer_size(t), tokenizer_bos(t), tokenizer_sha256(t));
	else if (rc == 0)
		rc = run(t, strcmp(argv[1], "encode") == 0, &e);
	if (rc)
		fprintf(stderr, "tokenize: %s\n", e.text);
	tokenizer_close(rc ? NULL : t);
	return rc ? 2 : 0;
}
