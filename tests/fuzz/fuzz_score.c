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

static double judge_sum(const char *text, size_t len, bool echo, int64_t n)
{
	cJSON *root = NULL;
	double sum = 0;
	CHECK(json_parse(text, len, 100, &root, NULL) == 0);
	const cJSON *list = values_of(root, echo);
	CHECK(cJSON_IsArray(list) && cJSON_GetArraySize(list) == n + echo);
	int64_t i = 0;
	for (const cJSON *item = list->child; item && i < n; item = item->next, i++) {
		const cJSON *v = echo ? item : item->child;
		CHECK(i == 0 ? cJSON_IsNull(v) : cJSON_IsNumber(v));
		sum += i == 0 ? 0 : v->valuedouble;
	}
	cJSON_Delete(root);
	return sum;
}

static void check_parse(const char *text, size_t len, bool echo, parse_fn parse)
{
	double ll = 12345;
	int64_t n = -99;
	struct err e = {0};
	int rc = parse(text, len, &ll, &n, &e);
	if (rc) {
		CHECK(rc < 0 && e.code == rc && e.text[0] && utf8_valid(e.text, strlen(e.text)));
		CHECK(ll == 12345 && n == -99);
		return;
	}
	CHECK(n >= 2);
	CHECK(isfinite(ll) && ll <= (double)n * 1e-3);
	double want = judge_sum(text, len, echo, n);
	CHECK(fabs(ll - want) <= 1e-9 * fabs(want));
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
