/* generate: SGLang's native POST /generate with input log probabilities. */
#include <stdlib.h>
#include <string.h>

#include "completions.h"
#include "handlers.h"
#include "model.h"

struct generation {
	struct completion ask; /* first: completion_free frees both */
	bool logprobs;
	long start; /* logprob_start_len; < 0: none of the prompt */
	uint64_t arrival;
};

static void write_triple(struct buf *b, bool first, bool null, double logprob, uint32_t id)
{
	buf_text(b, first ? "[" : ",[");
	if (null)
		buf_text(b, "null");
	else
		buf_json_double(b, logprob);
	buf_format(b, ",%u,null]", id);
}

static void write_input(struct buf *b, const struct generation *g, double bpb)
{
	const struct prompt *prompt = &g->ask.prompt;
	size_t null_at = g->ask.faults & FAULT_BIT(NULL_LOGPROB) ? prompt->tokens / 2 : SIZE_MAX;
	size_t limit = prompt->tokens - (g->ask.faults & FAULT_BIT(WRONG_LENGTH) ? 1 : 0);
	struct prompt_walk walk;
	struct prompt_token token;
	bool first = true;

	buf_text(b, ",\"input_token_logprobs\":[");
	prompt_walk_start(&walk, prompt, bpb);
	while (g->start >= 0 && walk.index < limit && prompt_walk_next(&walk, &token)) {
		if (token.index < (size_t)g->start)
			continue;
		write_triple(b, first, token.first || token.index == null_at, token.logprob, token.id);
		first = false;
	}
	buf_text(b, "]");
}

static uint32_t output_id(const struct generation *g, uint64_t i)
{
	return (uint32_t)(1 + sim_mix(g->ask.serial + i) % (SIM_VOCABULARY - 1));
}

static void write_output(struct buf *b, const struct generation *g, double bpb)
{
	buf_text(b, ",\"output_token_logprobs\":[");
	for (uint64_t i = 0; i < g->ask.max_tokens; i++)
		write_triple(b, i == 0, false, sim_id_logprob(output_id(g, i), i, bpb), output_id(g, i));
	buf_text(b, "]");
}

static void generate_finish(struct request *rq)
{
	struct generation *g = rq->state;
	struct sim *sim = rq->sim;
	struct buf b = {0}, words = {0};
	char id[33];

	completion_id(sim, g->ask.serial, id);
	completion_words(&words, g->ask.serial, g->ask.max_tokens);
	b.failed |= words.failed;
	buf_text(&b, "{\"text\":");
	buf_json_string(&b, words.data ? words.data : "", words.len, false);
	buf_free(&words);
	buf_text(&b, ",\"output_ids\":[");
	for (uint64_t i = 0; i < g->ask.max_tokens; i++)
		buf_format(&b, "%s%u", i ? "," : "", output_id(g, i));
	buf_format(&b,
	        "],\"meta_info\":{\"id\":\"%s\",\"finish_reason\":{\"type\":\"length\",\"length\":%llu},"
	        "\"prompt_tokens\":%zu,\"weight_version\":\"default\"",
	        id, (unsigned long long)g->ask.max_tokens, g->ask.prompt.tokens);
	if (g->logprobs) {
		write_input(&b, g, sim->opt.bpb);
		write_output(&b, g, sim->opt.bpb);
	}
	buf_format(&b, ",\"completion_tokens\":%llu,\"cached_tokens\":0,\"e2e_latency\":",
	        (unsigned long long)g->ask.max_tokens);
	buf_json_double(&b, (double)(clock_now() - g->arrival) / (double)NS_PER_S);
	buf_text(&b, "}}");
	g->ask.scoring = false;
	score_end(sim);
	http_reply(rq, 200, "application/json", &b);
}

/* NULL, or what is wrong. */
static const char *read_generate(struct generation *g)
{
	const cJSON *json = g->ask.json;
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(json, "text");
	const cJSON *params = cJSON_GetObjectItemCaseSensitive(json, "sampling_params");
	const cJSON *max = cJSON_GetObjectItemCaseSensitive(params, "max_new_tokens");
	const cJSON *start = cJSON_GetObjectItemCaseSensitive(json, "logprob_start_len");
	const char *wrong = prompt_parse(&g->ask.prompt,
	        text && !cJSON_IsNull(text) ? text : cJSON_GetObjectItemCaseSensitive(json, "input_ids"));

	if (wrong)
		return wrong;
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "stream")))
		return "the simulator does not stream /generate; use /v1/completions";
	g->ask.max_tokens = 128;
	if (cJSON_IsNumber(max)) {
		if (!(max->valuedouble >= 1 && max->valuedouble <= 100000))
			return "max_new_tokens must be between 1 and 100000";
		g->ask.max_tokens = (uint64_t)max->valuedouble;
	}
	g->logprobs = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "return_logprob"));
	g->start = cJSON_IsNumber(start) ? start->valueint : -1;
	if (g->ask.prompt.tokens + g->ask.max_tokens > SIM_CONTEXT)
		return "The input is longer than the model's context length (163840 tokens).";
	return NULL;
}

/* True if a fault answered. */
static bool generate_fault(struct request *rq, struct generation *g)
{
	struct faults *faults = &rq->sim->faults;
	uint64_t now = clock_now();

	if (faults_draw(faults, CLASS_GENERATE, now) & FAULT_BIT(NO_GENERATE)) {
		http_reply_detail(rq, 404, "Not Found");
		return true;
	}
	g->ask.faults = faults_draw(faults, CLASS_ANY, now);
	if (completion_refused(rq, g->ask.faults))
		return true;
	g->ask.faults |= faults_draw(faults, CLASS_SCORE, now);
	rq->sim->record.faults += g->ask.faults != 0;
	if (g->ask.faults & FAULT_BIT(NO_BOS))
		prompt_drop_bos(&g->ask.prompt);
	return false;
}

void generate_handle(struct request *rq)
{
	struct sim *sim = rq->sim;
	struct generation *g = calloc(1, sizeof *g);
	const char *wrong;
	uint64_t wait;

	if (!g || !(g->ask.json = http_json_body(rq))) {
		if (!g)
			http_drop(rq);
		free(g);
		return;
	}
	rq->state = g;
	rq->state_free = completion_free;
	g->arrival = clock_now();
	wrong = read_generate(g);
	if (wrong) {
		http_reply_error(rq, 400, "BadRequestError", wrong);
		return;
	}
	sim->record.generates++;
	if (generate_fault(rq, g))
		return;
	sim->record.prompt_tokens += g->ask.prompt.tokens;
	g->ask.serial = sim->serial++;
	wait = model_ttft(sim, g->ask.prompt.tokens, g->ask.serial) + model_itl(sim) * (g->ask.max_tokens - 1);
	score_begin(sim);
	g->ask.scoring = true;
	serverlog_arrival(&sim->log, g->ask.prompt.tokens);
	http_delay(rq, g->arrival + wait, generate_finish);
}
