/* What is sent: the accuracy text and the prompts. */
#include "../accuracy/corpus.h"
#include "../accuracy/rows.h"
#include "../tokenizer/tokenizer.h"
#include "doctor_int.h"
#include <stdlib.h>
#include <string.h>

#define PROBE_MS 5000

/* Not here: can it be had? */
static void say_download(const struct doctor_scene *s, struct doctor_report *r, const struct err *spoilt)
{
	const struct track *t = &s->track;
	const char *from = s->settings.demo ? s->settings.base_url : t->rows_url;
	struct err e = {0};

	int rc = rows_probe(t, s->settings.demo ? s->settings.base_url : NULL, PROBE_MS, s->cancel, &e);
	const char *note = spoilt->code ? ". A copy was passed over: " : "";
	if (rc == 0)
		doctor_say(r, "corpus", s->settings.demo ? DOCTOR_OK : DOCTOR_NOTE,
		        "%s is not here yet: the first accuracy measurement downloads it from %s, which answers%s%.220s",
		        t->corpus_file, from, note, spoilt->text);
	else
		doctor_say(r, "corpus", DOCTOR_PROBLEM,
		        "%s is not here and cannot be downloaded from %s (%.120s): put it into the results directory, or name it by --corpus FILE%s%.150s",
		        t->corpus_file, from, doctor_late(s) ? "no answer" : e.text, note, spoilt->text);
}

void doctor_corpus(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	struct corpus *c;
	struct err e = {0};
	(void)which;

	if (strcmp(s->track.gate, "wikitext") != 0) {
		doctor_say(r, "corpus", DOCTOR_NOTE,
		        "the track's accuracy test is \"%s\", which this version cannot run: perf --accuracy skip measures the speed alone",
		        s->track.gate);
		return;
	}
	if (!(c = malloc(sizeof *c)))
		return;
	int rc = corpus_find(c, &s->track, s->settings.corpus, s->settings.results_dir, &e);
	if (rc > 0)
		doctor_say(r, "corpus", DOCTOR_OK, "%s, checksum as the track's, %d chunks", c->source, c->n_chunks);
	else if (rc < 0)
		doctor_say(r, "corpus", DOCTOR_PROBLEM, "%s", e.text);
	else
		say_download(s, r, &e);
	if (rc > 0)
		corpus_free(c);
	free(c);
}

/* Found by the model's name; can it be used? */
static void say_tokenizer(const struct doctor_scene *s, const struct settings *set, struct doctor_report *r)
{
	struct tokenizer *t = NULL;
	struct err e = {0};

	if (tokenizer_open(&t, set->tokenizer_file, &e) < 0) {
		doctor_say(r, "prompts", set->prompts_given || set->tokenizer[0] ? DOCTOR_PROBLEM : DOCTOR_NOTE,
		        "sent as token ids, which spares the server tokenizing: the tokenizer cannot be used: %s",
		        e.text);
		return;
	}
	uint32_t vocab = tokenizer_vocab_size(t);
	if (s->track.vocab_size > 0 && vocab != (uint32_t)s->track.vocab_size)
		doctor_say(r, "prompts", DOCTOR_NOTE,
		        "sent as text by %s, whose vocabulary has %u tokens, the track's model %d: is it the tokenizer of this model?",
		        set->tokenizer_file, vocab, s->track.vocab_size);
	else
		doctor_say(r, "prompts", DOCTOR_OK, "sent as text, by %s", set->tokenizer_file);
	tokenizer_close(t);
}

void doctor_prompts(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	struct settings set = s->settings;
	struct err e = {0};
	(void)which;

	if (settings_prompts(&set, s->get, s->ctx, &e) < 0)
		doctor_say(r, "prompts", DOCTOR_PROBLEM, "%s", e.text);
	else if (set.prompts == PROMPTS_TEXT)
		say_tokenizer(s, &set, r);
	else if (set.prompts_given)
		doctor_say(r, "prompts", DOCTOR_OK, "sent as token ids, as --prompts says");
	else
		doctor_say(r, "prompts", set.demo ? DOCTOR_OK : DOCTOR_NOTE,
		        "sent as token ids, which spares the server tokenizing and flatters TTFT a little: %s",
		        set.tokenizer_missing);
}
