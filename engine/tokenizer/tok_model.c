/* The "model" member: vocabulary and merges, the bulk of the file, read where they stand. */
#include "../base/text.h"
#include "tokenizer_int.h"
#include <string.h>

enum {
	M_TYPE,
	M_VOCAB,
	M_MERGES,
	M_IGNORE_MERGES,
	M_DROPOUT,
	M_PREFIX,
	M_SUFFIX,
	M_UNK,
	M_FUSE_UNK,
	M_BYTE_FALLBACK,
	N_MEMBERS
};
static const char *const member_names[N_MEMBERS] = {"type", "vocab", "merges", "ignore_merges", "dropout",
        "continuing_subword_prefix", "end_of_word_suffix", "unk_token", "fuse_unk", "byte_fallback"};

static bool slice_is(const struct tok_slice *s, const char *text)
{
	return s->len == strlen(text) && memcmp(s->text, text, s->len) == 0;
}

/* Absent, null, false or "": a member that changes nothing. */
static bool slice_off(const struct tok_slice *s)
{
	return s->len == 0 || slice_is(s, "null") || slice_is(s, "false") || slice_is(s, "\"\"");
}

int tok_members(const char *text, size_t len, const char *const *names, int n, struct tok_slice *out, const char *what,
        struct err *e)
{
	struct tok_json j;
	const char *key;
	size_t key_len;
	tok_json_init(&j, text, len, e);
	memset(out, 0, (size_t)n * sizeof *out);
	int rc = tok_json_enter(&j, '{');
	bool first = true;
	while (rc == 0 && (rc = tok_json_next(&j, '}', first)) == 1) {
		int i = 0;
		struct tok_slice s;
		first = false;
		if ((rc = tok_json_key(&j, &key, &key_len)) < 0)
			break;
		while (i < n && (strlen(names[i]) != key_len || memcmp(names[i], key, key_len) != 0))
			i++;
		char shown[60];
		text_clean(shown, sizeof shown, key, key_len < 100 ? key_len : 100);
		tok_json_peek(&j);
		s.text = j.text + j.at;
		if ((rc = tok_json_skip(&j, &s.elements)) < 0)
			break;
		s.len = (size_t)(j.text + j.at - s.text);
		if (i < n && out[i].len)
			rc = err_set(e, ERR_PROTO, "%s\"%s\" is there twice", what, shown);
		else if (i < n)
			out[i] = s;
		else if (!slice_off(&s))
			rc = err_set(e, ERR_PROTO, "%s\"%s\" is not known", what, shown);
	}
	if (rc == 0 && tok_json_peek(&j) != '\0')
		rc = tok_json_fail(&j, "something behind the end of the object");
	tok_json_free(&j);
	return rc;
}

static int read_vocab(struct vocab *v, const struct tok_slice *s, struct err *e)
{
	struct tok_json j;
	const char *key;
	size_t len;
	tok_json_init(&j, s->text, s->len, e);
	int rc = tok_json_enter(&j, '{');
	bool first = true;
	while (rc == 0 && (rc = tok_json_next(&j, '}', first)) == 1) {
		uint32_t id;
		first = false;
		rc = tok_json_key(&j, &key, &len);
		if (rc == 0)
			rc = tok_json_u32(&j, &id);
		if (rc == 0)
			rc = vocab_add(v, key, len, id, e);
	}
	tok_json_free(&j);
	return rc;
}

/* "a b", the older form; the blank cannot be part of a token of the byte alphabet. */
static int read_merge_text(struct tok_json *j, struct vocab *v, uint32_t *rank)
{
	const char *s;
	size_t len;
	int rc = tok_json_string(j, &s, &len);
	if (rc)
		return rc;
	if (*rank == 0 && len >= 8 && memcmp(s, "#version", 8) == 0)
		return 0;
	const char *blank = memchr(s, ' ', len);
	if (!blank || memchr(blank + 1, ' ', len - (size_t)(blank + 1 - s)))
		return tok_json_fail(j, "a merge that is not two tokens");
	return vocab_add_merge(v, s, (size_t)(blank - s), blank + 1, len - (size_t)(blank + 1 - s), (*rank)++, j->e);
}

static int read_merge_pair(struct tok_json *j, struct vocab *v, uint32_t *rank)
{
	char a[TOK_TOKEN_MAX];
	const char *s;
	size_t len, a_len;
	int rc = tok_json_enter(j, '[');
	if (rc == 0)
		rc = tok_json_string(j, &s, &len);
	if (rc)
		return rc;
	if (len > sizeof a)
		return tok_json_fail(j, "a merge of too long a token");
	memcpy(a, s, len);
	a_len = len;
	rc = tok_json_next(j, ']', false);
	if (rc == 1)
		rc = tok_json_string(j, &s, &len);
	else if (rc == 0)
		rc = tok_json_fail(j, "a merge that is not two tokens");
	if (rc)
		return rc;
	rc = tok_json_next(j, ']', false);
	if (rc)
		return rc < 0 ? rc : tok_json_fail(j, "a merge that is not two tokens");
	return vocab_add_merge(v, a, a_len, s, len, (*rank)++, j->e);
}

static int read_merges(struct vocab *v, const struct tok_slice *s, struct err *e)
{
	struct tok_json j;
	uint32_t rank = 0;
	tok_json_init(&j, s->text, s->len, e);
	int rc = tok_json_enter(&j, '[');
	bool first = true;
	while (rc == 0 && (rc = tok_json_next(&j, ']', first)) == 1) {
		first = false;
		rc = tok_json_peek(&j) == '[' ? read_merge_pair(&j, v, &rank) : read_merge_text(&j, v, &rank);
	}
	tok_json_free(&j);
	return rc;
}

/* Every byte that valid UTF-8 can have must be a token: then unk_token, fuse_unk and byte_fallback never matter. */
static int check_bytes(const struct vocab *v, struct err *e)
{
	for (int b = 0; b < 0xf5; b++)
		if (v->byte_id[b] == TOK_NO_ID && b != 0xc0 && b != 0xc1)
			return err_set(e, ERR_PROTO,
			        "the vocabulary has no token for the byte 0x%02x: not a byte-level model", b);
	return 0;
}

int tok_read_model(struct tokenizer *t, const struct tok_slice *model, struct err *e)
{
	struct tok_slice m[N_MEMBERS];
	int rc = tok_members(model->text, model->len, member_names, N_MEMBERS, m, "its model's ", e);
	if (rc)
		return rc;
	if (m[M_TYPE].len && !slice_is(&m[M_TYPE], "\"BPE\""))
		return err_set(e, ERR_PROTO, "its model is %.*s, not \"BPE\"",
		        (int)(m[M_TYPE].len < 40 ? m[M_TYPE].len : 40), m[M_TYPE].text);
	if (!m[M_VOCAB].len || !m[M_MERGES].len)
		return err_set(e, ERR_PROTO, "its model has no \"%s\"", m[M_VOCAB].len ? "merges" : "vocab");
	if (!slice_off(&m[M_DROPOUT]) && !slice_is(&m[M_DROPOUT], "0.0") && !slice_is(&m[M_DROPOUT], "0"))
		return err_set(e, ERR_PROTO, "its model drops merges at random (\"dropout\"), which is not supported");
	for (int i = M_PREFIX; i <= M_SUFFIX; i++)
		if (!slice_off(&m[i]))
			return err_set(e, ERR_PROTO, "its model's \"%s\" is not supported", member_names[i]);
	if (m[M_VOCAB].elements > TOKENIZER_VOCAB_MAX || m[M_MERGES].elements > TOK_MERGES_MAX)
		return err_set(e, ERR_LIMIT, "%u tokens and %u merges are more than are read", m[M_VOCAB].elements,
		        m[M_MERGES].elements);
	t->ignore_merges = slice_is(&m[M_IGNORE_MERGES], "true");
	if (!t->ignore_merges && !slice_off(&m[M_IGNORE_MERGES]))
		return err_set(e, ERR_PROTO, "its model's \"ignore_merges\" is neither true nor false");
	rc = vocab_init(&t->vocab, m[M_VOCAB].elements, m[M_MERGES].elements, e);
	if (rc == 0)
		rc = read_vocab(&t->vocab, &m[M_VOCAB], e);
	if (rc == 0)
		rc = check_bytes(&t->vocab, e);
	if (rc == 0)
		rc = read_merges(&t->vocab, &m[M_MERGES], e);
	return rc;
}
