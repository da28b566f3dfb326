/* settings_prompts: text or token ids. */
#include "../base/text.h"
#include "../tokenizer/tokenizer.h"
#include "settings.h"
#include <stdio.h>
#include <string.h>

int settings_prompts(struct settings *s, settings_getenv get, void *ctx, struct err *e)
{
	struct err why = {0};
	s->tokenizer_file[0] = s->tokenizer_sha256[0] = s->tokenizer_missing[0] = '\0';
	s->tokenizer_vocab = 0;
	if (s->prompts_given && s->prompts == PROMPTS_IDS)
		return 0;
	int rc = tokenizer_find(s->tokenizer, s->model, get, ctx, s->tokenizer_file, sizeof s->tokenizer_file, &why);
	if (rc < 0) {
		s->tokenizer_file[0] = '\0';
		return err_set(e, ERR_USAGE, "%s", why.text);
	}
	if (rc > 0) {
		s->prompts = PROMPTS_TEXT;
		return 0;
	}
	s->tokenizer_file[0] = '\0';
	text_copy(s->tokenizer_missing, sizeof s->tokenizer_missing, why.text);
	if (s->prompts_given)
		return err_set(e, ERR_USAGE,
		        "--prompts text needs the model's tokenizer: %.380s, --prompts ids does without", why.text);
	s->prompts = PROMPTS_IDS;
	return 0;
}
