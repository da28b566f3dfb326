/* Any bytes as a tokenizer.json: refused in words, or a tokenizer whose tokens decode to the text they were made of.
 * An input that starts with '%' is a text for the small tokenizer instead, so that its paths are reached at once. */
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../engine/tokenizer/tokenizer_int.h"
#include "fuzz.h"

#define TEXT_MAX 4096

static struct tokenizer *small_tokenizer(void)
{
	static struct tokenizer *t;
	if (!t) {
		struct err e = {0};
		if (tokenizer_open(&t, "tests/data/tokenizer_small.json", &e))
			fprintf(stderr, "%s\n", e.text);
		CHECK(t);
	}
	return t;
}

/* Nothing is lost: where no step removes or adds anything, the decoded tokens are the text. */
static void check_text(const struct tokenizer *t, const char *text, size_t len, bool exact)
{
	struct tokenizer_work *w = NULL;
	struct token_ids ids = {0}, again = {0};
	struct err e = {0};
	struct buf out, clean;
	buf_init(&out, 16 << 20);
	buf_init(&clean, 16 << 20);
	CHECK(tokenizer_work_open(&w, t, &e) == 0);
	int rc = tokenizer_encode(t, w, text, len, &ids, &e);
	CHECK(rc == 0 || (rc == e.code && e.text[0]));
	for (size_t i = 0; i < ids.n; i++)
		CHECK(ids.ids[i] < tokenizer_size(t));
	if (rc == 0) {
		CHECK(tokenizer_decode(t, ids.ids, ids.n, &out, &e) == 0);
		CHECK(utf8_valid(buf_text(&out), out.len));
		CHECK(tokenizer_encode(t, w, text, len, &again, &e) == 0); /* from the cache */
		CHECK(again.n == ids.n && (ids.n == 0 || memcmp(ids.ids, again.ids, ids.n * sizeof *ids.ids) == 0));
	}
	if (exact) {
		CHECK(rc == 0 && tok_utf8_add(&clean, text, len) == 0);
		CHECK(clean.len == out.len && (out.len == 0 || memcmp(clean.data, out.data, out.len) == 0));
	}
	token_ids_free(&ids);
	token_ids_free(&again);
	buf_free(&out);
	buf_free(&clean);
	tokenizer_work_close(w);
}

/* Normalising is done once and for all, and what is said to need none needs none. */
static void check_nfc(const char *text, size_t len)
{
	struct buf clean, once, twice;
	buf_init(&clean, 16 << 20);
	buf_init(&once, 64 << 20);
	buf_init(&twice, 64 << 20);
	CHECK(tok_utf8_add(&clean, text, len) == 0);
	CHECK(tok_nfc(&once, buf_text(&clean), clean.len) == 0);
	CHECK(utf8_valid(buf_text(&once), once.len));
	CHECK(tok_nfc(&twice, buf_text(&once), once.len) == 0);
	CHECK(once.len == twice.len && (once.len == 0 || memcmp(once.data, twice.data, once.len) == 0));
	if (tok_nfc_quick(buf_text(&clean), clean.len))
		CHECK(once.len == clean.len && (once.len == 0 || memcmp(once.data, clean.data, once.len) == 0));
	buf_free(&clean);
	buf_free(&once);
	buf_free(&twice);
}

static void check_pattern(const char *pattern, size_t len)
{
	struct err e = {0};
	pcre2_code *code = NULL;
	bool literal;
	if (tok_utf8_span(pattern, len) < len)
		return;
	int rc = tok_regex_compile(&code, &literal, pattern, len, false, &e);
	CHECK(rc == 0 ? code != NULL : code == NULL && e.code == rc && utf8_valid(e.text, strlen(e.text)));
	pcre2_code_free(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tokenizer *t = NULL;
	struct err e = {0};
	char *text = exact_copy(data, size);
	if (size > 0 && text[0] == '%') {
		check_text(small_tokenizer(), text + 1, size - 1, true);
		check_nfc(text + 1, size - 1);
	} else if (size > 0 && text[0] == '~') {
		check_pattern(text + 1, size - 1);
	} else {
		int rc = tokenizer_open_text(&t, "fuzz.json", text, size, &e);
		CHECK(rc == 0 ? t != NULL : t == NULL && e.code == rc && strncmp(e.text, "fuzz.json: ", 11) == 0);
		CHECK(utf8_valid(e.text, strlen(e.text)));
		if (t) {
			CHECK(tokenizer_vocab_size(t) <= tokenizer_size(t) && tokenizer_bos(t) < tokenizer_size(t));
			check_text(t, text, size < TEXT_MAX ? size : TEXT_MAX, false);
			tokenizer_close(t);
		}
	}
	free(text);
	return 0;
}
