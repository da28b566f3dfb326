/* prompt: parsing and walking (see prompt.h). */
#include "prompt.h"

#include <stdio.h>
#include <string.h>

#define W(word)                                                                                                        \
	{                                                                                                              \
		word, sizeof(word) - 1                                                                                 \
	}
const struct prompt_word prompt_words[PROMPT_WORDS] = {
        W(" the"),
        W(" answer"),
        W(" is"),
        W(" not"),
        W(" a"),
        W(" single"),
        W(" number"),
        W(","),
        W(" because"),
        W(" each"),
        W(" kernel"),
        W(" waits"),
        W(" for"),
        W(" memory"),
        W("."),
        W(" We"),
        W(" first"),
        W(" count"),
        W(" the"),
        W(" tiles"),
        W(" and"),
        W(" then"),
        W(" the"),
        W(" waves"),
        W(" that"),
        W(" touch"),
        W(" them"),
        W(";"),
        W(" what"),
        W(" remains"),
        W(" is"),
        W(" latency"),
        W("."),
        W(" So"),
        W(" let"),
        W(" us"),
        W(" look"),
        W(" at"),
        W(" one"),
        W(" layer"),
        W(" with"),
        W(" eight"),
        W(" experts"),
        W(" in"),
        W(" flight"),
        W(","),
        W(" and"),
        W(" ask"),
        W(" where"),
        W(" its"),
        W(" time"),
        W(" goes"),
        W("."),
        W(" Half"),
        W(" of"),
        W(" it"),
        W(" moves"),
        W(" weights"),
        W("\\n"),
        W(" Wait"),
        W(","),
        W(" that"),
        W(" seems"),
        W(" low"),
};
#undef W

static const char *parse_ids(struct prompt *prompt, const cJSON *list)
{
	const cJSON *id;

	prompt->ids = list->child;
	cJSON_ArrayForEach(id, list)
	{
		if (!cJSON_IsNumber(id) || id->valuedouble < 0 || id->valuedouble >= 4294967295.0)
			return "prompt must be a string, a list of token ids, or a list of one of these";
		prompt->tokens++;
	}
	return prompt->tokens ? NULL : "prompt cannot be an empty list";
}

const char *prompt_parse(struct prompt *prompt, const cJSON *item)
{
	*prompt = (struct prompt){0};
	if (cJSON_IsArray(item) && (cJSON_IsArray(item->child) || cJSON_IsString(item->child)))
		item = item->child;
	if (cJSON_IsArray(item))
		return parse_ids(prompt, item);
	if (!cJSON_IsString(item))
		return "prompt is missing, or neither a string nor a list";
	prompt->text = item->valuestring;
	prompt->len = strlen(prompt->text);
	prompt->tokens = sim_count_tokens(prompt->text, prompt->len);
	return NULL;
}

void prompt_drop_bos(struct prompt *prompt)
{
	if (!prompt->text || prompt->no_bos || prompt->tokens < 2)
		return;
	prompt->no_bos = true;
	prompt->tokens--;
}

void prompt_walk_start(struct prompt_walk *walk, const struct prompt *prompt, double bpb)
{
	*walk = (struct prompt_walk){.prompt = prompt, .bpb = bpb, .id = prompt->ids};
}

static bool next_id(struct prompt_walk *walk, struct prompt_token *out)
{
	if (!walk->id)
		return false;
	out->id = (uint32_t)walk->id->valuedouble;
	walk->id = walk->id->next;
	out->logprob = sim_id_logprob(out->id, out->index, walk->bpb);
	out->bytes = (size_t)snprintf(out->name, sizeof out->name, " t%u", out->id);
	out->text = out->name;
	return true;
}

static bool next_piece(struct prompt_walk *walk, struct prompt_token *out)
{
	const struct prompt *prompt = walk->prompt;
	struct sim_piece piece;

	if (out->first && !prompt->no_bos) {
		out->id = SIM_BOS_ID;
		out->text = SIM_BOS_TEXT;
		out->bytes = sizeof(SIM_BOS_TEXT) - 1;
		out->logprob = 0;
		return true;
	}
	if (!sim_next_piece(prompt->text, prompt->len, walk->bpb, &walk->at, &piece))
		return false;
	out->id = piece.id;
	out->logprob = piece.logprob;
	out->text = prompt->text + piece.offset;
	out->bytes = piece.bytes;
	return true;
}

bool prompt_walk_next(struct prompt_walk *walk, struct prompt_token *out)
{
	out->index = walk->index++;
	out->first = out->index == 0;
	return walk->prompt->text ? next_piece(walk, out) : next_id(walk, out);
}
