/* The answers of the two endpoints that give input log probabilities, and the formulas. Nothing is guessed: an answer
 * that does not hold every number fails, because a token that counts as 0 would make the model look better. */
#include "../base/json.h"
#include "../base/text.h"
#include "score.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_DEPTH 16
#define LOGPROB_TOP  1e-3 /* a probability rounded in float may end a hair above 1 */

static int no_bos(const char *first, struct err *e)
{
	return err_set(e, ERR_PROTO,
	        "the server put no begin-of-sentence token in front of the text (the first token is %s), so the "
	        "perplexity would not be comparable: start it with the model's own tokenizer_config.json "
	        "(add_bos_token true)",
	        first);
}

/* An answer that is an error object under status 200, or says something else than asked. */
static int answer_missing(const cJSON *root, const char *what, struct err *e)
{
	const cJSON *error = json_get(root, "error");
	const char *text = json_get_str(root, "message", json_get_str(root, "detail", NULL));
	if (cJSON_IsObject(error))
		text = json_get_str(error, "message", text);
	else if (cJSON_IsString(error))
		text = error->valuestring;
	char clean[240];
	text_copy(clean, sizeof clean, text);
	if (clean[0])
		return err_set(e, ERR_PROTO, "the server answered with an error: %s", clean);
	return err_set(
	        e, ERR_PROTO, "the answer has no %s: a server that gives input log probabilities is needed", what);
}

static int parse(const char *json, size_t len, cJSON **root, struct err *e)
{
	int rc = json_parse(json, len, ANSWER_DEPTH, root, e);
	if (rc)
		return err_prefix(e, "the answer cannot be read"), rc;
	return 0;
}

/* One log probability at position (0 = the first token) of n. */
static int add_logprob(const cJSON *item, int position, int64_t n, double *sum, struct err *e)
{
	if (item && cJSON_IsNumber(item) && isfinite(item->valuedouble) && item->valuedouble <= LOGPROB_TOP) {
		*sum += item->valuedouble;
		return 0;
	}
	if (item && cJSON_IsNumber(item))
		return err_set(e, ERR_PROTO, "the log probability of token %d of %lld is %g, which cannot be", position,
		        (long long)n, item->valuedouble);
	return err_set(e, ERR_PROTO,
	        "the log probability of token %d of %lld is %s, not a number: the model computed NaN or minus infinity, "
	        "or the server does not score every token",
	        position, (long long)n, cJSON_IsNull(item) ? "null" : "something else");
}

static int check_count(int64_t n, int64_t have, int64_t want, struct err *e)
{
	if (n < 2)
		return err_set(e, ERR_PROTO, "the answer says prompt_tokens %lld: at least two tokens are needed",
		        (long long)n);
	if (have != want)
		return err_set(e, ERR_PROTO,
		        "the answer has %lld log probabilities for %lld prompt tokens, %lld are needed: tokens are "
		        "missing, the perplexity would be wrong",
		        (long long)have, (long long)n, (long long)want);
	return 0;
}

/* "[logprob, id, text]" of position 0: no log probability, and the id 0 of DeepSeek's begin-of-sentence token. */
static int check_first_triple(const cJSON *triple, struct err *e)
{
	const cJSON *logprob = cJSON_GetArrayItem(triple, 0), *id = cJSON_GetArrayItem(triple, 1);
	if (!cJSON_IsArray(triple) || !cJSON_IsNumber(id))
		return err_set(e, ERR_PROTO, "the first of input_token_logprobs is not [null, id, text]");
	if (id->valuedouble != 0) {
		char name[48];
		snprintf(name, sizeof name, "id %.10g", id->valuedouble);
		return no_bos(name, e);
	}
	if (!cJSON_IsNull(logprob))
		return err_set(e, ERR_PROTO,
		        "the first token has a log probability, it must be null: the answer does not "
		        "start at the begin of the text (logprob_start_len)");
	return 0;
}

int score_parse_generate(const char *json, size_t len, double *ll, int64_t *n_tokens, struct err *e)
{
	cJSON *root;
	int rc = parse(json, len, &root, e);
	if (rc)
		return rc;
	const cJSON *meta = json_get(root, "meta_info"), *list = json_get(meta, "input_token_logprobs");
	int64_t n = json_get_i64(meta, "prompt_tokens", -1);
	double sum = 0;
	if (!cJSON_IsArray(list))
		rc = answer_missing(root, "meta_info.input_token_logprobs", e);
	if (!rc)
		rc = check_count(n, cJSON_GetArraySize(list), n, e);
	if (!rc)
		rc = check_first_triple(list->child, e);
	const cJSON *triple = rc ? NULL : list->child->next;
	for (int i = 1; triple && !rc; triple = triple->next, i++)
		rc = add_logprob(cJSON_IsArray(triple) ? triple->child : NULL, i, n, &sum, e);
	cJSON_Delete(root);
	if (!rc && !isfinite(sum))
		rc = err_set(e, ERR_PROTO, "the log probabilities do not add up to a number");
	if (!rc) {
		*ll = sum;
		*n_tokens = n;
	}
	return rc;
}

/* Echo gives texts, not ids: what tokenizers call their begin-of-sentence token. */
static bool is_bos_text(const char *token)
{
	static const char *const marks[] = {
	        "<s>", "<bos>", "[BOS]", "<BOS>", "<|startoftext|>", "<|endoftext|>", "token_id:0"};
	if (strcasestr(token, "begin") && strpbrk(token, "<[|"))
		return true;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (strcmp(token, marks[i]) == 0)
			return true;
	return false;
}

static int check_first_token(const cJSON *logprobs, const cJSON *first, struct err *e)
{
	const cJSON *tokens = json_get(logprobs, "tokens");
	const cJSON *token = cJSON_IsArray(tokens) ? tokens->child : NULL;
	if (!token || !cJSON_IsString(token))
		return err_set(
		        e, ERR_PROTO, "the answer has no logprobs.tokens to find the begin-of-sentence token in");
	if (!is_bos_text(token->valuestring)) {
		char clean[40], name[48];
		text_copy(clean, sizeof clean, token->valuestring);
		snprintf(name, sizeof name, "\"%s\"", clean);
		return no_bos(name, e);
	}
	if (!cJSON_IsNull(first))
		return err_set(e, ERR_PROTO, "the first token has a log probability, it must be null");
	return 0;
}

int score_parse_echo(const char *json, size_t len, double *ll, int64_t *n_tokens, struct err *e)
{
	cJSON *root;
	int rc = parse(json, len, &root, e);
	if (rc)
		return rc;
	const cJSON *choices = json_get(root, "choices");
	const cJSON *logprobs = json_get(cJSON_IsArray(choices) ? choices->child : NULL, "logprobs");
	const cJSON *list = json_get(logprobs, "token_logprobs");
	int64_t n = json_get_i64(json_get(root, "usage"), "prompt_tokens", -1);
	double sum = 0;
	if (!cJSON_IsArray(list))
		rc = answer_missing(root, "choices[0].logprobs.token_logprobs", e);
	if (!rc)
		rc = check_count(n, cJSON_GetArraySize(list), n + 1, e); /* the last one was generated */
	if (!rc)
		rc = check_first_token(logprobs, list->child, e);
	const cJSON *item = rc ? NULL : list->child->next;
	for (int i = 1; item && i < n && !rc; item = item->next, i++)
		rc = add_logprob(item, i, n, &sum, e);
	cJSON_Delete(root);
	if (!rc && !isfinite(sum))
		rc = err_set(e, ERR_PROTO, "the log probabilities do not add up to a number");
	if (!rc) {
		*ll = sum;
		*n_tokens = n;
	}
	return rc;
}

void score_metrics(double sum_ll, double sum_words, double sum_bytes, double *bits_per_byte, double *byte_perplexity,
        double *word_perplexity)
{
	bool some = sum_bytes > 0 && sum_words > 0;
	*word_perplexity = some ? exp(-sum_ll / sum_words) : NAN;
	*byte_perplexity = some ? exp(-sum_ll / sum_bytes) : NAN;
	*bits_per_byte = some ? -sum_ll / sum_bytes / M_LN2 : NAN;
}
