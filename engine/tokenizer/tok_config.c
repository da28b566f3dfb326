/* Every member but the model: small, read through cJSON. What is not known is refused by its name. */
#include "../base/file.h"
#include "../base/text.h"
#include "tokenizer_int.h"
#include <string.h>

#define MEMBER_MAX ((size_t)16 << 20)
#define DEPTH_MAX  16
#define BESIDE_MAX ((size_t)8 << 20)

/* The slice as JSON; *out NULL for absent and null. */
static int parse(const struct tok_slice *s, const char *what, cJSON **out, struct err *e)
{
	*out = NULL;
	if (s->len == 0)
		return 0;
	if (s->len > MEMBER_MAX)
		return err_set(e, ERR_LIMIT, "its %s has %zu bytes", what, s->len);
	/* cJSON's strings end at a zero character. */
	if (memmem(s->text, s->len, "\\u0000", 6))
		return err_set(e, ERR_PROTO, "its %s has a zero character, which is not supported", what);
	int rc = json_parse(s->text, s->len, DEPTH_MAX, out, e);
	if (rc)
		return err_prefix(e, "its %s", what);
	if (cJSON_IsNull(*out)) {
		cJSON_Delete(*out);
		*out = NULL;
	}
	return 0;
}

static int not_known(const char *what, const cJSON *v, struct err *e)
{
	char name[80];
	text_copy(name, sizeof name, json_get_str(v, "type", "without a type"));
	return err_set(e, ERR_PROTO, "its %s %s is not supported", what, name);
}

static bool is_type(const cJSON *v, const char *type)
{
	return strcmp(json_get_str(v, "type", ""), type) == 0;
}

/* ---- normalizer ---- */

static int normalizer(struct tokenizer *t, const cJSON *v, bool inside, struct err *e)
{
	if (is_type(v, "NFC")) {
		t->nfc = true;
		return 0;
	}
	const cJSON *list = json_get(v, "normalizers"), *one;
	if (!is_type(v, "Sequence") || !cJSON_IsArray(list) || inside)
		return not_known("normalizer", v, e);
	cJSON_ArrayForEach(one, list)
	{
		int rc = normalizer(t, one, true, e);
		if (rc)
			return rc;
	}
	return 0;
}

int tok_read_normalizer(struct tokenizer *t, const struct tok_slice *s, struct err *e)
{
	cJSON *v;
	int rc = parse(s, "normalizer", &v, e);
	if (rc == 0 && v)
		rc = normalizer(t, v, false, e);
	cJSON_Delete(v);
	return rc;
}

/* ---- pre-tokenizer ---- */

/* GPT-2's pattern, which ByteLevel brings along unless use_regex is false. */
static const char gpt2_pattern[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

static int step_add(struct tokenizer *t, struct split_step step, struct err *e)
{
	if (t->n_steps == TOK_STEPS_MAX) {
		pcre2_code_free(step.code);
		return err_set(e, ERR_LIMIT, "its pre_tokenizer has more than %d steps", TOK_STEPS_MAX);
	}
	step.jit = step.code && pcre2_jit_compile(step.code, PCRE2_JIT_COMPLETE) == 0;
	t->steps[t->n_steps++] = step;
	return 0;
}

static int step_pattern(struct tokenizer *t, const char *pattern, bool literally, struct split_step step, struct err *e)
{
	int rc = tok_regex_compile(&step.code, &step.literal, pattern, strlen(pattern), literally, e);
	return rc ? err_prefix(e, "its pre_tokenizer") : step_add(t, step, e);
}

static int split(struct tokenizer *t, const cJSON *v, struct err *e)
{
	static const char *const behaviors[] = {[SPLIT_ISOLATED] = "Isolated",
	        [SPLIT_REMOVED] = "Removed",
	        [SPLIT_WITH_PREVIOUS] = "MergedWithPrevious",
	        [SPLIT_WITH_NEXT] = "MergedWithNext",
	        [SPLIT_CONTIGUOUS] = "Contiguous"};
	const cJSON *pattern = json_get(v, "pattern");
	const char *regex = json_get_str(pattern, "Regex", NULL), *text = json_get_str(pattern, "String", NULL);
	const char *behavior = json_get_str(v, "behavior", "");
	struct split_step step = {.invert = json_get_bool(v, "invert", false)};
	size_t i = 0;
	while (i < sizeof behaviors / sizeof behaviors[0] && strcmp(behavior, behaviors[i]) != 0)
		i++;
	if (i == sizeof behaviors / sizeof behaviors[0])
		return err_set(e, ERR_PROTO, "its pre_tokenizer has a Split whose behavior is not known");
	step.behavior = (enum split_behavior)i;
	if (!regex == !text)
		return err_set(e, ERR_PROTO, "its pre_tokenizer has a Split without a Regex or String");
	return step_pattern(t, regex ? regex : text, !regex, step, e);
}

static int byte_level(struct tokenizer *t, const cJSON *v, struct err *e)
{
	struct split_step step = {
	        .behavior = SPLIT_ISOLATED, .prefix_space = json_get_bool(v, "add_prefix_space", true)};
	if (json_get_bool(v, "use_regex", true))
		return step_pattern(t, gpt2_pattern, false, step, e);
	return step.prefix_space ? step_add(t, step, e) : 0;
}

/* One pre-tokenizer; *bytes once ByteLevel was there: what follows it would see its alphabet, not the text. */
static int pre_one(struct tokenizer *t, const cJSON *v, bool *bytes, struct err *e)
{
	if (*bytes)
		return err_set(e, ERR_PROTO, "its pre_tokenizer goes on behind ByteLevel, which is not supported");
	if (is_type(v, "Split"))
		return split(t, v, e);
	if (is_type(v, "Digits")) {
		bool each = json_get_bool(v, "individual_digits", false);
		struct split_step step = {.behavior = each ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS};
		return step_pattern(t, "\\p{N}", false, step, e);
	}
	if (is_type(v, "ByteLevel")) {
		*bytes = true;
		return byte_level(t, v, e);
	}
	return not_known("pre_tokenizer", v, e);
}

int tok_read_pre(struct tokenizer *t, const struct tok_slice *s, struct err *e)
{
	cJSON *v;
	bool bytes = false;
	int rc = parse(s, "pre_tokenizer", &v, e);
	const cJSON *list = json_get(v, "pretokenizers"), *one;
	if (rc == 0 && v && is_type(v, "Sequence") && cJSON_IsArray(list)) {
		cJSON_ArrayForEach(one, list) if (rc == 0) rc = pre_one(t, one, &bytes, e);
	} else if (rc == 0 && v) {
		rc = pre_one(t, v, &bytes, e);
	}
	if (rc == 0 && !bytes)
		rc = err_set(e, ERR_PROTO, "its pre_tokenizer has no ByteLevel: not a byte-level model");
	cJSON_Delete(v);
	return rc;
}

/* ---- post-processor: only which token it puts in front ---- */

static int post_id(struct tokenizer *t, double id, struct err *e)
{
	if (!(id >= 0 && id < t->vocab.n_tokens) || id != (double)(uint32_t)id)
		return err_set(e, ERR_PROTO, "its post_processor adds a token that is not there");
	if (t->bos < 0)
		t->bos = (int64_t)id;
	return 0;
}

static int template(struct tokenizer *t, const cJSON *v, struct err *e)
{
	const cJSON *special = json_get(cJSON_GetArrayItem(json_get(v, "single"), 0), "SpecialToken");
	if (!special)
		return 0;
	const cJSON *entry = json_get(json_get(v, "special_tokens"), json_get_str(special, "id", ""));
	const cJSON *id = cJSON_GetArrayItem(json_get(entry, "ids"), 0);
	return post_id(t, cJSON_IsNumber(id) ? id->valuedouble : -1, e);
}

static int post(struct tokenizer *t, const cJSON *v, bool inside, struct err *e)
{
	if (is_type(v, "ByteLevel")) /* offsets only */
		return 0;
	if (is_type(v, "TemplateProcessing"))
		return template(t, v, e);
	const cJSON *list = json_get(v, "processors"), *one;
	if (!is_type(v, "Sequence") || !cJSON_IsArray(list) || inside)
		return not_known("post_processor", v, e);
	cJSON_ArrayForEach(one, list)
	{
		int rc = post(t, one, true, e);
		if (rc)
			return rc;
	}
	return 0;
}

int tok_read_post(struct tokenizer *t, const struct tok_slice *s, struct err *e)
{
	cJSON *v;
	int rc = parse(s, "post_processor", &v, e);
	if (rc == 0 && v)
		rc = post(t, v, false, e);
	cJSON_Delete(v);
	return rc;
}

/* ---- decoder: ByteLevel, alone or in a sequence ---- */

int tok_read_decoder(const struct tok_slice *s, struct err *e)
{
	cJSON *v;
	int rc = parse(s, "decoder", &v, e);
	if (rc)
		return rc;
	const cJSON *one = v, *list = json_get(v, "decoders");
	if (v && is_type(v, "Sequence") && cJSON_GetArraySize(list) == 1)
		one = cJSON_GetArrayItem(list, 0);
	if (!one)
		rc = err_set(e, ERR_PROTO, "it has no decoder: not a byte-level model");
	else if (!is_type(one, "ByteLevel"))
		rc = not_known("decoder", one, e);
	cJSON_Delete(v);
	return rc;
}

/* ---- added tokens ---- */

/* The id that an added token gets when the file is loaded: the model's when it has the text, else the next free one. The
 * file's own number only says the same; where it does not, the reference goes by this rule. */
static int added_check_id(struct tokenizer *t, const char *s, size_t len, uint32_t id, uint32_t *next, struct err *e)
{
	uint32_t known = vocab_find(&t->vocab, s, len), means = known != TOK_NO_ID ? known : *next;
	char shown[80];
	if (means == id) {
		if (id >= *next)
			*next = id + 1;
		return 0;
	}
	text_clean(shown, sizeof shown, s, len < 200 ? len : 200);
	return err_set(
	        e, ERR_PROTO, "its added token \"%s\" has the id %u, but would be loaded as %u", shown, id, means);
}

static bool nfc_keeps(const char *s, size_t len)
{
	struct buf b;
	buf_init(&b, (size_t)8 * TOK_ADDED_BYTES);
	bool same = tok_nfc(&b, s, len) == 0 && b.len == len && memcmp(buf_text(&b), s, len) == 0;
	buf_free(&b);
	return same;
}

static int added_one(struct tokenizer *t, const cJSON *v, uint32_t *next, struct err *e)
{
	const char *s = json_get_str(v, "content", NULL);
	const cJSON *id = json_get(v, "id");
	size_t len = s ? strlen(s) : 0;
	struct added_token token = {
	        .lstrip = json_get_bool(v, "lstrip", false), .rstrip = json_get_bool(v, "rstrip", false)};
	if (!s || !cJSON_IsNumber(id) || !(id->valuedouble >= 0 && id->valuedouble < TOKENIZER_VOCAB_MAX) ||
	        id->valuedouble != (double)(uint32_t)id->valuedouble)
		return err_set(
		        e, ERR_PROTO, "one of its added_tokens has no content or no id below %d", TOKENIZER_VOCAB_MAX);
	token.id = (uint32_t)id->valuedouble;
	if (len == 0)
		return 0;
	if (len > TOK_ADDED_BYTES)
		return err_set(
		        e, ERR_LIMIT, "its added token %u has %zu bytes, %d are read", token.id, len, TOK_ADDED_BYTES);
	if (json_get_bool(v, "single_word", false))
		return err_set(
		        e, ERR_PROTO, "its added token %u has \"single_word\", which is not supported", token.id);
	bool normalized = json_get_bool(v, "normalized", true);
	int rc = added_check_id(t, s, len, token.id, next, e);
	if (rc == 0)
		rc = vocab_add_extra(&t->vocab, s, len, token.id, e);
	if (rc)
		return rc;
	/* Versions of the reference decode such a token differently. */
	if (normalized && t->nfc && !nfc_keeps(s, len))
		return err_set(
		        e, ERR_PROTO, "its added token %u is not in the form that its normalizer makes", token.id);
	return added_add(normalized ? &t->added_normalized : &t->added, s, len, token, e);
}

int tok_read_added(struct tokenizer *t, const struct tok_slice *s, struct err *e)
{
	cJSON *v;
	const cJSON *one;
	uint32_t next = t->vocab.n_base;
	int rc = parse(s, "added_tokens", &v, e);
	if (rc == 0 && v && !cJSON_IsArray(v))
		rc = err_set(e, ERR_PROTO, "its added_tokens is no list");
	if (rc == 0 && cJSON_GetArraySize(v) > TOK_ADDED_MAX)
		rc = err_set(e, ERR_LIMIT, "it has more than %d added_tokens", TOK_ADDED_MAX);
	cJSON_ArrayForEach(one, v) if (rc == 0) rc = added_one(t, one, &next, e);
	cJSON_Delete(v);
	return rc;
}

/* ---- tokenizer_config.json beside it ---- */

static void beside_bos(struct tokenizer *t, const cJSON *v)
{
	const cJSON *bos = json_get(v, "bos_token");
	const char *text = cJSON_IsString(bos) ? bos->valuestring : json_get_str(bos, "content", NULL);
	if (t->bos >= 0 || !text || !json_get_bool(v, "add_bos_token", false))
		return;
	const struct added_token *token;
	size_t start, end, len = strlen(text);
	const struct added_set *sets[] = {&t->added, &t->added_normalized};
	for (int i = 0; i < 2; i++)
		if (added_next(sets[i], text, len, 0, &start, &end, &token) && start == 0 && end == len)
			t->bos = token->id;
}

int tok_read_beside(struct tokenizer *t, struct err *e)
{
	char path[sizeof t->path + 32];
	struct buf b;
	cJSON *v = NULL;
	size_t dir = (size_t)(path_base(t->path) - t->path);
	memcpy(path, t->path, dir);
	text_set(path + dir, sizeof path - dir, "tokenizer_config.json");
	if (!file_exists(path))
		return 0;
	buf_init(&b, BESIDE_MAX);
	int rc = file_read(path, &b, e);
	if (rc == 0 && (rc = json_parse(buf_text(&b), b.len, 32, &v, e)) < 0)
		err_prefix(e, "%s", path);
	buf_free(&b);
	if (rc)
		return rc;
	t->cleanup = json_get_bool(v, "clean_up_tokenization_spaces", false);
	beside_bos(t, v);
	cJSON_Delete(v);
	return 0;
}
