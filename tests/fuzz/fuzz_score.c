/* Answers with log probabilities, and pages of dataset rows: a sum that was returned is a sum of what was there. */
#include "../../engine/accuracy/rows.h"
#include "../../engine/accuracy/score.h"
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "fuzz.h"
#include <math.h>

typedef int (*parse_fn)(const char *json, size_t len, double *ll, int64_t *n_tokens, struct err *e);

/* The values that count, in the order of the answer: NULL where the answer is not of this kind. */
static const cJSON *values_of(const cJSON *root, bool echo)
{
	if (!echo)
		return json_get(json_get(root, "meta_info"), "input_token_logprobs");
	const cJSON *choices = json_get(root, "choices");
	return json_get(json_get(cJSON_IsArray(choices) ? choices->child : NULL, "logprobs"), "token_logprobs");
}

enum answer { BAD, DOUBTFUL, GOOD };

/* GOOD: it must be taken, and *sum is the sum. DOUBTFUL: it may be, for a token that is called otherwise than "<s>". */
static enum answer judge(const cJSON *root, bool echo, double *sum, int64_t *n)
{
	const cJSON *list = values_of(root, echo), *item;
	const cJSON *count = json_get(json_get(root, echo ? "usage" : "meta_info"), "prompt_tokens");
	enum answer said = GOOD;
	int64_t i = 0;
	*sum = 0;
	if (!cJSON_IsArray(list) || !cJSON_IsNumber(count) || count->valuedouble < 2 ||
	        count->valuedouble + echo != cJSON_GetArraySize(list))
		return BAD;
	*n = (int64_t)count->valuedouble;
	cJSON_ArrayForEach(item, list)
	{
		const cJSON *v = echo ? item : cJSON_IsArray(item) ? item->child : NULL;
		if (i == *n)
			break;
		if (i++ == 0 ? !cJSON_IsNull(v) : !cJSON_IsNumber(v) || !(v->valuedouble <= 1e-3))
			return BAD;
		*sum += i == 1 ? 0 : v->valuedouble;
	}
	if (echo) {
		const cJSON *choices = json_get(root, "choices");
		const cJSON *tokens = json_get(json_get(choices->child, "logprobs"), "tokens");
		const cJSON *bos = cJSON_IsArray(tokens) ? tokens->child : NULL;
		if (!cJSON_IsString(bos))
			return BAD;
		said = strcmp(bos->valuestring, "<s>") == 0 ? GOOD : DOUBTFUL;
	} else {
		const cJSON *id = list->child->child->next;
		if (!cJSON_IsNumber(id) || id->valuedouble != 0)
			return BAD;
	}
	return isfinite(*sum) ? said : BAD;
}

static void check_parse(const char *text, size_t len, bool echo, parse_fn parse)
{
	double ll = 12345, sum = 0;
	int64_t n = -99, want = -1;
	struct err e = {0};
	cJSON *root = NULL;
	int rc = parse(text, len, &ll, &n, &e);
	enum answer said = json_parse(text, len, 16, &root, NULL) == 0 ? judge(root, echo, &sum, &want) : BAD;
	cJSON_Delete(root);
	CHECK(rc == 0 ? said != BAD : said != GOOD);
	if (rc) {
		CHECK(rc < 0 && e.code == rc && e.text[0] && utf8_valid(e.text, strlen(e.text)));
		CHECK(ll == 12345 && n == -99);
		return;
	}
	CHECK(n == want && isfinite(ll) && fabs(ll - sum) <= 1e-9 * fabs(sum));
}

static void check_rows(const char *text, size_t len)
{
	struct buf raw;
	struct err e = {0};
	int rows = -1;
	int64_t total;
	buf_init(&raw, 4096);
	int rc = rows_page_parse(text, len, 0, &raw, &rows, &total, &e);
	CHECK(raw.len <= 4096 && rows >= 0);
	CHECK(rc == 0 ? raw.len >= (size_t)rows : rc < 0 && e.text[0]);
	CHECK(utf8_valid(e.text, strlen(e.text)));
	buf_free(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = exact_copy(data, size);
	check_parse(text, size, false, score_parse_generate);
	check_parse(text, size, true, score_parse_echo);
	check_rows(text, size);
	free(text);
	return 0;
}
