#include "settings.h"
#include "../base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SETTINGS_PORT     8888
#define SETTINGS_TP       8
#define SETTINGS_CONC_MAX 4096
#define SETTINGS_LEN_MAX  (1 << 20)

/* A look-up with the first error kept, so that the caller looks once. */
struct env {
	settings_getenv get;
	void *ctx;
	struct err *e;
	int rc;
};

/* The value; NULL when it is unset or empty. */
static const char *env_text(const struct env *v, const char *name)
{
	const char *text = v->get(v->ctx, name);
	return text && text[0] ? text : NULL;
}

static void env_fail(struct env *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void env_fail(struct env *v, const char *fmt, ...)
{
	if (v->rc)
		return;
	char text[480];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	v->rc = err_set(v->e, ERR_USAGE, "%s", text);
}

/* Reads a whole number into *out; leaves it alone when the variable is unset. Returns whether it was set. */
static bool env_int(struct env *v, const char *name, int min, int max, const char *example, int *out)
{
	const char *text = env_text(v, name);
	int64_t n;
	if (!text)
		return false;
	if (text_to_i64(text, min, max, &n)) {
		*out = (int)n;
	} else {
		char clean[64];
		text_copy(clean, sizeof clean, text);
		env_fail(v, "%s=%s is not a whole number from %d to %d: set it again, for example export %s=%s", name,
		        clean, min, max, name, example);
	}
	return true;
}

static void env_ratio(struct env *v, double *out)
{
	const char *text = env_text(v, "RANDOM_RANGE_RATIO");
	double d;
	if (!text)
		return;
	if (text_to_f64(text, 0.001, 1, &d)) {
		*out = d;
		return;
	}
	char clean[64];
	text_copy(clean, sizeof clean, text);
	env_fail(v,
	        "RANDOM_RANGE_RATIO=%s is not a number from 0.001 to 1: set it again, for example export RANDOM_RANGE_RATIO=1.0",
	        clean);
}

/* Text that may be shown: fits, no control characters, UTF-8. */
static void env_string(struct env *v, const char *name, char *out, size_t cap)
{
	const char *text = env_text(v, name);
	if (!text)
		return;
	if (strlen(text) >= cap) {
		env_fail(v, "%s is longer than %zu bytes: give a shorter one", name, cap - 1);
		return;
	}
	text_copy(out, cap, text);
	if (strcmp(out, text) != 0)
		env_fail(v, "%s holds control characters or is not UTF-8 (\"%.60s\"): set it again", name, out);
}

/* A token travels in a header line: printable ASCII without blanks. The value is never repeated in the sentence. */
static void env_secret(struct env *v, const char *name, char *out, size_t cap)
{
	const char *text = env_text(v, name);
	if (!text)
		return;
	for (const char *s = text; *s; s++)
		if (*s <= ' ' || *s > '~') {
			env_fail(v, "%s holds a blank, a control character or no ASCII: set it again, or unset it",
			        name);
			return;
		}
	if (!text_set(out, cap, text))
		env_fail(v, "%s is longer than %zu bytes: set it again, or unset it", name, cap - 1);
}

/* RESULT_FILENAME: a path without control characters that names a file; ".json" is added when it is written. */
static void env_result_filename(struct env *v, char *out, size_t cap)
{
	env_string(v, "RESULT_FILENAME", out, cap);
	size_t len = strlen(out);
	if (len > 5 && strcmp(out + len - 5, ".json") == 0)
		out[len -= 5] = '\0';
	if (len == 0)
		return;
	const char *base = strrchr(out, '/');
	base = base ? base + 1 : out;
	if (!base[0] || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		env_fail(v, "RESULT_FILENAME=%s names no file: give a name like result or results/today", out);
}

static void note_default(struct settings *s, const char *sentence)
{
	int most = (int)(sizeof s->defaults_taken / sizeof s->defaults_taken[0]);
	if (s->n_defaults < most)
		text_copy(s->defaults_taken[s->n_defaults++], sizeof s->defaults_taken[0], sentence);
}

static void settings_defaults(struct settings *s)
{
	*s = (struct settings){
	        .mode = MODE_PERF,
	        .n_pairs = 1, /* of the environment: 0 where it says nothing */
	        .port = SETTINGS_PORT,
	        .tp = SETTINGS_TP,
	        .num_warmups = -1,
	        .prompts = PROMPTS_IDS,
	        .accuracy = ACCURACY_EACH,
	        .acc_concurrency = 4,
	        .repeat = 1,
	};
}

int settings_from_env(struct settings *s, struct secrets *sec, settings_getenv get, void *ctx, struct err *e)
{
	struct env v = {.get = get, .ctx = ctx, .e = e};
	settings_defaults(s);
	*sec = (struct secrets){0};
	env_string(&v, "MODEL", s->model, sizeof s->model);
	if (!env_int(&v, "PORT", 1, 65535, "8888", &s->port))
		note_default(s, "PORT is not set: 8888 is taken");
	if (!env_int(&v, "TP", 1, 1024, "8", &s->tp))
		note_default(s, "TP is not set: 8 is taken");
	env_int(&v, "CONC", 1, SETTINGS_CONC_MAX, "16", &s->env_conc);
	env_int(&v, "ISL", 1, SETTINGS_LEN_MAX, "1024", &s->env_pair[0]);
	env_int(&v, "OSL", 1, SETTINGS_LEN_MAX, "1024", &s->env_pair[1]);
	s->pairs[0][0] = s->env_pair[0];
	s->pairs[0][1] = s->env_pair[1];
	env_ratio(&v, &s->ratio);
	env_int(&v, "NUM_PROMPTS", 1, 1000000, "800", &s->num_prompts);
	env_result_filename(&v, s->result_filename, sizeof s->result_filename);
	env_string(&v, "TEAM_NAME_ENV", s->team, sizeof s->team);
	env_string(&v, "LB_URL_OVERRIDE", s->leaderboard, sizeof s->leaderboard);
	env_string(&v, "BENCHTOP_RESULTS", s->results_dir, sizeof s->results_dir);
	if (!s->results_dir[0])
		text_set(s->results_dir, sizeof s->results_dir, ".");
	env_secret(&v, "HF_TOKEN", sec->hf_token, sizeof sec->hf_token);
	env_secret(&v, "OPENAI_API_KEY", sec->openai_key, sizeof sec->openai_key);
	snprintf(s->base_url, sizeof s->base_url, "http://127.0.0.1:%d", s->port);
	snprintf(s->result_base_url, sizeof s->result_base_url, "http://0.0.0.0:%d", s->port);
	return v.rc;
}

int settings_parse_concs(struct settings *s, const char *text, struct err *e)
{
	int picks[SETTINGS_PICKS] = {0}, n = 0;
	char clean[80], one[16];
	text_copy(clean, sizeof clean, text);
	for (const char *at = text;;) {
		size_t len = strcspn(at, ",");
		int64_t conc;
		bool good = len < sizeof one;
		if (good) {
			memcpy(one, at, len);
			one[len] = '\0';
			good = text_to_i64(one, 1, SETTINGS_CONC_MAX, &conc);
		}
		if (!good)
			return err_set(e, ERR_USAGE,
			        "\"%s\" is not a list of CONCs: give whole numbers from 1 to %d with commas, like --conc 4,16",
			        clean, SETTINGS_CONC_MAX);
		bool twice = false;
		for (int i = 0; i < n; i++)
			twice = twice || picks[i] == conc;
		if (!twice && n == SETTINGS_PICKS)
			return err_set(e, ERR_USAGE, "more than %d CONCs are listed: give fewer", SETTINGS_PICKS);
		if (!twice)
			picks[n++] = (int)conc;
		if (!at[len])
			break;
		at += len + 1;
	}
	memcpy(s->picks, picks, sizeof picks[0] * (size_t)n);
	s->n_picks = n;
	return 0;
}

int settings_check_team(const char *team, struct err *e)
{
	char clean[sizeof((struct settings *)0)->team];
	size_t len = strlen(team);
	if (len == 0 || team[strspn(team, " ")] == '\0')
		return err_set(e, ERR_USAGE, "the team name is empty: give the name that the board shall show");
	size_t n = text_clean(clean, sizeof clean, team, len);
	int columns = text_width(clean, n);
	if (n == len && strcmp(clean, team) == 0 && columns >= 1 && columns <= 64)
		return 0;
	if (columns > 64 || len >= sizeof clean)
		return err_set(e, ERR_USAGE, "the team name \"%.60s...\" is longer than 64 columns: give a shorter one",
		        clean);
	return err_set(e, ERR_USAGE, "the team name \"%.120s\" holds control characters or is not UTF-8: type it again",
	        clean);
}
