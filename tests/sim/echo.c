/* echo: POST /v1/completions with echo and logprobs: the prompt's own log probabilities, in SGLang's
 * layout (text_offset is -1 there, the first log probability null, the generated token last). */
#include <string.h>
#include <time.h>

#include "completions.h"
#include "model.h"

enum column { TOKENS, LOGPROBS, TOP };

struct echo_sheet {
	const struct completion *ask;
	double bpb;
	size_t null_at; /* fault null-logprob; SIZE_MAX = none */
	size_t limit;   /* prompt entries to write */
};

static void write_cell(
        struct buf *b, const struct echo_sheet *sheet, const struct prompt_token *token, enum column column)
{
	bool null = token->first || token->index == sheet->null_at;

	if (token->index)
		buf_text(b, ",");
	if (column == TOKENS) {
		buf_json_string(b, token->text, token->bytes, false);
	} else if (null) {
		buf_text(b, "null");
	} else if (column == LOGPROBS) {
		buf_json_double(b, token->logprob);
	} else {
		buf_text(b, "{");
		buf_json_string(b, token->text, token->bytes, false);
		buf_text(b, ":");
		buf_json_double(b, token->logprob);
		buf_text(b, "}");
	}
}

/* One array over the prompt and the generated tokens. */
static void write_column(struct buf *b, const struct echo_sheet *sheet, const char *name, enum column column)
{
	struct prompt_walk walk;
	struct prompt_token token;

	buf_format(b, "\"%s\":[", name);
	prompt_walk_start(&walk, &sheet->ask->prompt, sheet->bpb);
	while (walk.index < sheet->limit && prompt_walk_next(&walk, &token))
		write_cell(b, sheet, &token, column);
	for (uint64_t i = 0; i < sheet->ask->max_tokens; i++) {
		struct buf word = {0};

		completion_words(&word, sheet->ask->serial + i, 1);
		token = (struct prompt_token){
		        .index = sheet->ask->prompt.tokens + i, .text = word.data, .bytes = word.len};
		token.logprob = sim_id_logprob((uint32_t)i, token.index, sheet->bpb);
		if (word.data)
			write_cell(b, sheet, &token, column);
		buf_free(&word);
	}
	buf_text(b, "]");
}

static void write_logprobs(struct buf *b, const struct echo_sheet *sheet)
{
	uint64_t entries = sheet->limit + sheet->ask->max_tokens;

	buf_text(b, "{\"text_offset\":[");
	for (uint64_t i = 0; i < entries; i++)
		buf_text(b, i ? ",-1" : "-1");
	buf_text(b, "],");
	write_column(b, sheet, "token_logprobs", LOGPROBS);
	buf_text(b, ",");
	write_column(b, sheet, "tokens", TOKENS);
	buf_text(b, ",");
	write_column(b, sheet, "top_logprobs", TOP);
	buf_text(b, "}");
}

/* The prompt and what was generated, as one JSON string. */
static void write_text(struct buf *b, const struct completion *ask)
{
	struct buf text = {0};

	if (ask->prompt.text) {
		buf_add(&text, ask->prompt.text, ask->prompt.len);
	} else {
		struct prompt_walk walk;
		struct prompt_token token;

		prompt_walk_start(&walk, &ask->prompt, 1);
		while (prompt_walk_next(&walk, &token))
			buf_add(&text, token.text, token.bytes);
	}
	completion_words(&text, ask->serial, ask->max_tokens);
	b->failed |= text.failed;
	buf_json_string(b, text.data ? text.data : "", text.len, false);
	buf_free(&text);
}

static void echo_finish(struct request *rq)
{
	struct completion *ask = rq->state;
	struct sim *sim = rq->sim;
	struct echo_sheet sheet = {ask, sim->opt.bpb, SIZE_MAX, ask->prompt.tokens};
	struct buf b = {0};
	char id[33];

	if (ask->faults & FAULT_BIT(NULL_LOGPROB))
		sheet.null_at = ask->prompt.tokens / 2;
	if (ask->faults & FAULT_BIT(WRONG_LENGTH))
		sheet.limit--;
	completion_id(sim, ask->serial, id);
	buf_format(&b, "{\"id\":\"%s\",\"object\":\"text_completion\",\"created\":%lld,\"model\":", id,
	        (long long)time(NULL));
	buf_json_string(&b, ask->model, strlen(ask->model), false);
	buf_text(&b, ",\"choices\":[{\"index\":0,\"text\":");
	write_text(&b, ask);
	buf_text(&b, ",\"logprobs\":");
	if (ask->logprobs >= 1)
		write_logprobs(&b, &sheet);
	else
		buf_text(&b, "null");
	buf_format(&b,
	        ",\"finish_reason\":\"length\",\"matched_stop\":null}],\"usage\":{\"prompt_tokens\":%zu,"
	        "\"total_tokens\":%llu,\"completion_tokens\":%llu,\"prompt_tokens_details\":null},"
	        "\"metadata\":{\"weight_version\":\"default\"}}",
	        ask->prompt.tokens, (unsigned long long)(ask->prompt.tokens + ask->max_tokens),
	        (unsigned long long)ask->max_tokens);
	ask->scoring = false;
	score_end(sim);
	http_reply(rq, 200, "application/json", &b);
}

void echo_start(struct request *rq, struct completion *ask)
{
	struct sim *sim = rq->sim;
	uint64_t now = clock_now();
	uint64_t wait;

	ask->faults |= faults_draw(&sim->faults, CLASS_SCORE, now);
	sim->record.faults += ask->faults != 0;
	if (ask->faults & FAULT_BIT(NO_BOS))
		prompt_drop_bos(&ask->prompt);
	wait = model_ttft(sim, ask->prompt.tokens, ask->serial) + model_itl(sim) * (ask->max_tokens - 1);
	score_begin(sim);
	ask->scoring = true;
	rq->state = ask;
	rq->state_free = completion_free;
	serverlog_arrival(&sim->log, ask->prompt.tokens);
	if (ask->logprobs >= 1)
		serverlog_line(&sim->log, "",
		        "Echo is not compatible with logprobs. To compute logprobs of input "
		        "prompt, please use the native /generate API.");
	http_delay(rq, now + wait, echo_finish);
}
