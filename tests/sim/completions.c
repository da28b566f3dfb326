/* completions: reads POST /v1/completions (see completions.h). */
#include "completions.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"
#include "tokencount.h"

void completion_id(const struct sim *sim, uint64_t serial, char out[33])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t bits[2] = {sim_mix(sim->opt.seed + serial), sim_mix(~sim->opt.seed ^ sim_mix(serial))};

	for (int i = 0; i < 32; i++)
		out[i] = digits[bits[i / 16] >> (4 * (i % 16)) & 15];
	out[32] = '\0';
}

void completion_words(struct buf *b, uint64_t serial, uint64_t count)
{
	for (uint64_t i = 0; i < count && !b->failed; i++) {
		const struct prompt_word *word = &prompt_words[(i + serial * 11) % PROMPT_WORDS];

		if (word->text[0] == '\\')
			buf_text(b, "\n");
		else
			buf_add(b, word->text, word->len);
	}
}

void score_begin(struct sim *sim)
{
	sim->prefilling++;
	if (++sim->record.scoring > sim->record.scoring_max)
		sim->record.scoring_max = sim->record.scoring;
}

void score_end(struct sim *sim)
{
	sim->prefilling--;
	sim->record.scoring--;
}

void completion_free(struct request *rq, void *state)
{
	struct completion *ask = state;

	if (ask->scoring)
		score_end(rq->sim);
	cJSON_Delete(ask->json);
	free(ask);
}

bool completion_refused(struct request *rq, uint32_t faults)
{
	if (faults)
		rq->sim->record.faults++;
	if (faults & FAULT_BIT(REFUSE)) {
		http_drop(rq);
		return true;
	}
	if (faults & FAULT_BIT(HTTP500)) {
		http_reply_error(rq, 500, "InternalServerError", "simulated failure of the scheduler");
		return true;
	}
	return false;
}

static bool is_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static const char *read_limits(struct completion *ask)
{
	const cJSON *max = cJSON_GetObjectItemCaseSensitive(ask->json, "max_tokens");
	const cJSON *logprobs = cJSON_GetObjectItemCaseSensitive(ask->json, "logprobs");

	ask->max_tokens = 16;
	if (cJSON_IsNumber(max)) {
		if (!(max->valuedouble >= 1))
			return "max_tokens must be positive";
		if (max->valuedouble > COMPLETION_TOKENS_MAX)
			return "max_tokens is beyond what the simulator serves";
		ask->max_tokens = (uint64_t)max->valuedouble;
	} else if (max && !cJSON_IsNull(max)) {
		return "max_tokens must be a number";
	}
	ask->logprobs = cJSON_IsNumber(logprobs) ? logprobs->valueint : 0;
	if (ask->prompt.tokens + ask->max_tokens > SIM_CONTEXT)
		return "Requested token count exceeds the model's maximum context length of 163840 tokens.";
	return NULL;
}

/* NULL, or what is wrong with the request. */
static const char *read_request(struct completion *ask, const struct request *rq)
{
	const struct sim *sim = rq->sim;
	const cJSON *options = cJSON_GetObjectItemCaseSensitive(ask->json, "stream_options");
	const cJSON *model = cJSON_GetObjectItemCaseSensitive(ask->json, "model");
	const char *wrong = prompt_parse(&ask->prompt, cJSON_GetObjectItemCaseSensitive(ask->json, "prompt"));

	if (wrong)
		return wrong;
	ask->stream = is_true(ask->json, "stream");
	ask->echo = is_true(ask->json, "echo");
	ask->include_usage = is_true(options, "include_usage");
	/* A scored text stays with the pieces that its log probabilities belong to. */
	if (sim->tokencount && ask->prompt.text && !ask->echo)
		tokencount_prompt(sim->tokencount, rq->body.data, rq->body.len, &ask->prompt.tokens);
	ask->model = cJSON_IsString(model) && strlen(model->valuestring) < 200 ? model->valuestring : sim->opt.model;
	return read_limits(ask);
}

/* ---- neither stream nor echo ---- */

static void plain_finish(struct request *rq)
{
	const struct completion *ask = rq->state;
	struct buf words = {0}, b = {0};
	char id[33];

	completion_words(&words, ask->serial, ask->max_tokens);
	completion_id(rq->sim, ask->serial, id);
	buf_format(&b, "{\"id\":\"%s\",\"object\":\"text_completion\",\"created\":%lld,\"model\":", id,
	        (long long)time(NULL));
	buf_json_string(&b, ask->model, strlen(ask->model), false);
	buf_text(&b, ",\"choices\":[{\"index\":0,\"text\":");
	buf_json_string(&b, words.data ? words.data : "", words.len, false);
	buf_format(&b,
	        ",\"logprobs\":null,\"finish_reason\":\"length\",\"matched_stop\":null}],\"usage\":"
	        "{\"prompt_tokens\":%zu,\"total_tokens\":%llu,\"completion_tokens\":%llu,"
	        "\"prompt_tokens_details\":null},\"metadata\":{\"weight_version\":\"default\"}}",
	        ask->prompt.tokens, (unsigned long long)(ask->prompt.tokens + ask->max_tokens),
	        (unsigned long long)ask->max_tokens);
	b.failed |= words.failed;
	buf_free(&words);
	rq->sim->generated += ask->max_tokens;
	rq->sim->record.completion_tokens += ask->max_tokens;
	rq->sim->record.finished++;
	http_reply(rq, 200, "application/json", &b);
}

static void plain_start(struct request *rq, struct completion *ask)
{
	struct sim *sim = rq->sim;
	uint64_t wait = model_ttft(sim, ask->prompt.tokens, ask->serial) + model_itl(sim) * (ask->max_tokens - 1);

	serverlog_arrival(&sim->log, ask->prompt.tokens);
	rq->state = ask;
	rq->state_free = completion_free;
	http_delay(rq, clock_now() + wait, plain_finish);
}

void completions_handle(struct request *rq)
{
	struct sim *sim = rq->sim;
	struct completion *ask = calloc(1, sizeof *ask);
	uint64_t now = clock_now();
	const char *wrong;

	if (!ask || !(ask->json = http_json_body(rq))) {
		if (!ask)
			http_drop(rq);
		free(ask);
		return;
	}
	wrong = read_request(ask, rq);
	ask->serial = sim->serial++;
	if (wrong) {
		http_reply_error(rq, 400, "BadRequestError", wrong);
		completion_free(rq, ask);
		return;
	}
	if (http_mark_connection(rq))
		sim->record.connections++;
	sim->record.prompt_tokens += ask->prompt.tokens;
	ask->faults = faults_draw(&sim->faults, CLASS_ANY, now);
	if (ask->echo && !ask->stream)
		sim->record.echoes++;
	else
		sim->record.completions++;
	if (completion_refused(rq, ask->faults)) {
		completion_free(rq, ask);
	} else if (ask->stream) {
		stream_start(rq, ask);
		completion_free(rq, ask);
	} else if (ask->echo) {
		echo_start(rq, ask);
	} else {
		plain_start(rq, ask);
	}
}
