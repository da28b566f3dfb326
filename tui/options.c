#include "options.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include <stdio.h>
#include <string.h>

#define BIT(cmd)  OPTIONS_BIT(cmd)
/* Commands that stand on the environment's numbers: a bad one stops them. */
#define NEEDS_ENV (IN_RUN | IN_SERVER)

enum option_id {
#define OPTION(id, name, letter, argument, commands, help) id,
#include "options.def"
#undef OPTION
	OPT_count
};

struct option_row {
	const char *name, *letter, *argument;
	unsigned commands;
	const char *help;
};

static const struct option_row option_rows[] = {
#define OPTION(id, name, letter, argument, commands, help) {name, letter, argument, commands, help},
#include "options.def"
#undef OPTION
};

struct command_row {
	const char *word;
	int fewest, most;
	const char *arguments, *help;
};

static const struct command_row command_rows[] = {
#define COMMAND(id, word, fewest, most, arguments, help) {word, fewest, most, arguments, help},
        OPTIONS_COMMANDS(COMMAND)
#undef COMMAND
};

/* One pass over the arguments. */
struct parse {
	struct options *o;
	struct err *e;
	char **argv;
	int argc;
	int at;          /* next argument */
	bool only_words; /* "--" was seen */
	bool given[OPT_count];
	int isl, osl;
	const char *words[OPTIONS_ARGS + 1]; /* arguments that are no options: command first */
	int n_words;
};

const char *options_command_word(enum cli_command cmd)
{
	return (unsigned)cmd < CLI_count ? command_rows[cmd].word : "";
}

/* The command's name in sentences. */
static const char *command_name(enum cli_command cmd)
{
	const char *word = options_command_word(cmd);
	return word[0] ? word : "the dashboard";
}

/* Levenshtein distance of two short words; a longer one is far from everything. */
#define WORD_MAX 31
static int edit_distance(const char *a, const char *b)
{
	int row[WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);
	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= la; i++) {
		int corner = row[0];
		row[0] = (int)i;
		for (size_t j = 1; j <= lb; j++) {
			int best = corner + (a[i - 1] != b[j - 1]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[lb];
}

/* Keeps candidate in *best when it is the nearest so far and near enough to be a slip of the finger, or cut short. */
static void suggest(const char *word, const char *candidate, const char **best, int *distance)
{
	size_t len = strlen(word);
	int d = len >= 3 && strncmp(word, candidate, len) == 0 ? 1 : edit_distance(word, candidate);
	int most = ((int)strlen(candidate) + 3) / 3;
	if (d <= most && d < *distance) {
		*best = candidate;
		*distance = d;
	}
}

static int unknown_option(struct parse *p, const char *argument, const char *name)
{
	const char *best = NULL;
	int distance = WORD_MAX;
	char clean[64];
	text_copy(clean, sizeof clean, argument);
	for (int id = 0; id < OPT_count; id++)
		suggest(name, option_rows[id].name, &best, &distance);
	if (best)
		return err_set(p->e, ERR_USAGE, "there is no option %s: did you mean --%s? -h lists all", clean, best);
	return err_set(p->e, ERR_USAGE, "there is no option %s: -h lists all", clean);
}

static int unknown_command(struct parse *p, const char *word)
{
	const char *best = NULL;
	int distance = WORD_MAX;
	char clean[64];
	text_copy(clean, sizeof clean, word);
	for (int cmd = 1; cmd < CLI_count; cmd++)
		suggest(word, command_rows[cmd].word, &best, &distance);
	if (best)
		return err_set(p->e, ERR_USAGE, "there is no command %s: did you mean %s? -h lists all", clean, best);
	return err_set(p->e, ERR_USAGE, "there is no command %s: use acc, perf, submit \"TEAM\", or -h for all", clean);
}

static int bad_value(struct parse *p, enum option_id id, const char *value, const char *must)
{
	char clean[64];
	text_copy(clean, sizeof clean, value);
	return err_set(p->e, ERR_USAGE, "--%s \"%s\" %s", option_rows[id].name, clean, must);
}

static int take_int(struct parse *p, enum option_id id, const char *value, int min, int max, int *out)
{
	char must[96];
	int64_t n;
	if (text_to_i64(value, min, max, &n)) {
		*out = (int)n;
		return 0;
	}
	snprintf(must, sizeof must, "is not a whole number from %d to %d: give one, like --%s %d", min, max,
	        option_rows[id].name, min > 1 ? min : min + 1);
	return bad_value(p, id, value, must);
}

/* Text that may be shown and written: fits, no control characters. */
static int take_text(struct parse *p, enum option_id id, const char *value, char *out, size_t cap)
{
	if (!value[0])
		return err_set(p->e, ERR_USAGE, "--%s has an empty value: give a %s", option_rows[id].name,
		        option_rows[id].argument);
	if (strlen(value) >= cap)
		return bad_value(p, id, value, "is too long: give a shorter one");
	text_copy(out, cap, value);
	if (strcmp(out, value) != 0)
		return bad_value(p, id, value, "holds control characters or is not UTF-8: type it again");
	return 0;
}

static int take_base_url(struct parse *p, const char *value)
{
	struct settings *s = &p->o->settings;
	int rc = take_text(p, OPT_BASE_URL, value, s->base_url, sizeof s->base_url);
	if (rc == 0)
		text_set(s->result_base_url, sizeof s->result_base_url, s->base_url);
	return rc;
}

static int take_prompts(struct parse *p, const char *value)
{
	int mode = prompts_mode_from_word(value);
	if (mode == PROMPTS_TEXT)
		return err_set(p->e, ERR_USAGE,
		        "text prompts need the model's tokenizer, which this version does not read yet: use --prompts ids");
	if (mode != PROMPTS_IDS)
		return bad_value(p, OPT_PROMPTS, value, "is not a way to send prompts: use --prompts ids");
	p->o->settings.prompts = PROMPTS_IDS;
	return 0;
}

static int take_accuracy(struct parse *p, const char *value)
{
	int mode = accuracy_mode_from_word(value);
	if (mode < 0)
		return bad_value(p, OPT_ACCURACY, value, "is not known: use each, once or skip");
	p->o->settings.accuracy = (enum accuracy_mode)mode;
	return 0;
}

static int take_colors(struct parse *p, const char *value)
{
	int64_t n;
	if (!text_to_i64(value, 8, 256, &n) || (n != 8 && n != 16 && n != 256))
		return bad_value(p, OPT_COLORS, value, "is not known: use 8, 16 or 256");
	p->o->colors = (int)n;
	return 0;
}

static int take_size(struct parse *p, const char *value)
{
	char columns[8];
	int64_t w, h;
	size_t n = strcspn(value, "x");
	bool good = n < sizeof columns && value[n] == 'x';
	if (good) {
		memcpy(columns, value, n);
		columns[n] = '\0';
		good = text_to_i64(columns, 20, 500, &w) && text_to_i64(value + n + 1, 5, 300, &h);
	}
	if (!good)
		return bad_value(
		        p, OPT_SIZE, value, "is no size from 20x5 to 500x300: give columns and rows, like 120x36");
	snprintf(p->o->size, sizeof p->o->size, "%dx%d", (int)w, (int)h);
	return 0;
}

static int take_format(struct parse *p, const char *value)
{
	if (strcmp(value, "txt") != 0 && strcmp(value, "ansi") != 0 && strcmp(value, "svg") != 0)
		return bad_value(p, OPT_FORMAT, value, "is not known: use txt, ansi or svg");
	text_set(p->o->format, sizeof p->o->format, value);
	return 0;
}

static int take_wait(struct parse *p, const char *value)
{
	if (!text_to_duration_ms(value, &p->o->settings.wait_server_ms))
		return bad_value(p, OPT_WAIT_SERVER, value, "is no time: give one like 90s, 30m or 1h30m, at most 30d");
	return 0;
}

static void apply_switch(struct options *o, enum option_id id)
{
	switch (id) {
	case OPT_RESTART_SERVER:
		o->restart_server = true;
		break;
	case OPT_POST_FLAGGED:
		o->settings.post_flagged = true;
		break;
	case OPT_POST_LATER:
		o->settings.post_later = true;
		break;
	case OPT_DEMO:
		o->settings.demo = true;
		break;
	case OPT_TUI:
		o->output = OUTPUT_TUI;
		break;
	case OPT_PLAIN:
		o->output = OUTPUT_PLAIN;
		break;
	case OPT_JSON:
		o->output = OUTPUT_JSON;
		break;
	case OPT_ASCII:
		o->ascii = true;
		break;
	case OPT_NO_COLOR:
		o->no_color = true;
		break;
	case OPT_MOUSE:
		o->mouse = true;
		break;
	default: /* --all, -h, -V: p->given says it */
		break;
	}
}

static int apply_value(struct parse *p, enum option_id id, const char *value)
{
	struct options *o = p->o;
	struct settings *s = &o->settings;
	switch (id) {
	case OPT_ISL:
		return take_int(p, id, value, 1, 1 << 20, &p->isl);
	case OPT_OSL:
		return take_int(p, id, value, 1, 1 << 20, &p->osl);
	case OPT_CONC:
		return settings_parse_concs(s, value, p->e);
	case OPT_REPEAT:
		return take_int(p, id, value, 1, 64, &s->repeat);
	case OPT_TEAM:
		return take_text(p, id, value, s->team, sizeof s->team);
	case OPT_BASE_URL:
		return take_base_url(p, value);
	case OPT_TRACK:
		return take_text(p, id, value, o->track, sizeof o->track);
	case OPT_LEADERBOARD:
		return take_text(p, id, value, s->leaderboard, sizeof s->leaderboard);
	case OPT_NUM_PROMPTS:
		return take_int(p, id, value, 1, 1000000, &s->all_prompts);
	case OPT_NUM_WARMUPS:
		return take_int(p, id, value, 0, 100000, &s->num_warmups);
	case OPT_PROMPTS:
		return take_prompts(p, value);
	case OPT_ACCURACY:
		return take_accuracy(p, value);
	case OPT_ACC_CONCURRENCY:
		return take_int(p, id, value, 1, 64, &s->acc_concurrency);
	case OPT_CORPUS:
		return take_text(p, id, value, s->corpus, sizeof s->corpus);
	case OPT_WAIT_SERVER:
		return take_wait(p, value);
	case OPT_RESULTS_DIR:
		return take_text(p, id, value, s->results_dir, sizeof s->results_dir);
	case OPT_LOG:
		return take_text(p, id, value, s->server_log, sizeof s->server_log);
	case OPT_THEME:
		return take_text(p, id, value, o->theme, sizeof o->theme);
	case OPT_COLORS:
		return take_colors(p, value);
	case OPT_FPS:
		return take_int(p, id, value, 1, 60, &o->fps);
	case OPT_SIZE:
		return take_size(p, value);
	case OPT_FORMAT:
		return take_format(p, value);
	case OPT_OUTPUT:
		return take_text(p, id, value, o->out_file, sizeof o->out_file);
	default:
		return err_set(p->e, ERR_USAGE, "--%s takes no value", option_rows[id].name);
	}
}

/* "-isl", "--isl", "--isl=8" -> the option and, after '=', its value (else NULL). -1: none of them. */
static int find_option(const char *argument, const char **value, char *name, size_t cap)
{
	bool is_long = argument[1] == '-';
	const char *word = argument + (is_long ? 2 : 1);
	size_t len = strcspn(word, "=");
	*value = word[len] ? word + len + 1 : NULL;
	if (len >= cap)
		len = cap - 1;
	memcpy(name, word, len);
	name[len] = '\0';
	for (int id = 0; id < OPT_count; id++) {
		const char *known = is_long ? option_rows[id].name : option_rows[id].letter;
		if (known && strcmp(name, known) == 0)
			return id;
	}
	return -1;
}

static int take_option(struct parse *p, const char *argument)
{
	const char *value;
	char name[64];
	int id = find_option(argument, &value, name, sizeof name);
	if (id < 0)
		return unknown_option(p, argument, name);
	const struct option_row *row = &option_rows[id];
	p->given[id] = true;
	if (!row->argument) {
		if (value)
			return err_set(p->e, ERR_USAGE, "--%s takes no value: leave \"=%.60s\" out", row->name, value);
		apply_switch(p->o, (enum option_id)id);
		return 0;
	}
	if (!value) {
		/* What looks like an option is not swallowed as a value; --team=--us still can say it. */
		if (p->at >= p->argc || strncmp(p->argv[p->at], "--", 2) == 0)
			return err_set(p->e, ERR_USAGE, "%s needs a value: %s %s", argument, argument, row->argument);
		value = p->argv[p->at++];
	}
	return apply_value(p, (enum option_id)id, value);
}

static int take_arguments(struct parse *p)
{
	while (p->at < p->argc) {
		const char *argument = p->argv[p->at++];
		if (!p->only_words && strcmp(argument, "--") == 0) {
			p->only_words = true;
			continue;
		}
		if (!p->only_words && argument[0] == '-' && argument[1]) {
			int rc = take_option(p, argument);
			if (rc)
				return rc;
			continue;
		}
		if (p->n_words == OPTIONS_ARGS + 1)
			return err_set(
			        p->e, ERR_USAGE, "more than %d arguments are given: leave some out", OPTIONS_ARGS);
		p->words[p->n_words++] = argument;
	}
	return 0;
}

static int find_command(const char *word)
{
	for (int cmd = 1; cmd < CLI_count; cmd++)
		if (strcmp(word, command_rows[cmd].word) == 0)
			return cmd;
	return -1;
}

/* Sets cmd and args from the words; -h and -V turn any command into theirs. */
static int take_command(struct parse *p)
{
	struct options *o = p->o;
	bool official = strcmp(path_base(p->argc > 0 ? p->argv[0] : ""), "dsr1_benchmark") == 0;
	int cmd = p->n_words > 0 ? find_command(p->words[0]) : official ? CLI_ACC : CLI_DASHBOARD;
	if (cmd < 0)
		return unknown_command(p, p->words[0]);
	o->cmd = (enum cli_command)cmd;
	for (int i = 1; i < p->n_words; i++)
		o->args[o->n_args++] = p->words[i];
	if (p->given[OPT_HELP] && cmd != CLI_HELP) {
		o->cmd = CLI_HELP;
		o->n_args = p->n_words > 0 ? 1 : 0;
		o->args[0] = p->words[0];
	} else if (p->given[OPT_VERSION]) {
		o->cmd = CLI_VERSION;
		o->n_args = 0;
	}
	return 0;
}

/* Help and version answer whatever else was typed. */
static bool is_telling(const struct options *o)
{
	return o->cmd == CLI_HELP || o->cmd == CLI_VERSION;
}

static int check_arguments(struct parse *p)
{
	struct options *o = p->o;
	const struct command_row *row = &command_rows[o->cmd];
	char clean[64];
	if (o->n_args > row->most) {
		text_copy(clean, sizeof clean, o->args[row->most]);
		return err_set(p->e, ERR_USAGE, "%s does not take \"%s\": its form is %s %s%s%s", command_name(o->cmd),
		        clean, "benchtop", row->word, row->arguments[0] ? " " : "", row->arguments);
	}
	if (o->n_args < row->fewest)
		return err_set(p->e, ERR_USAGE, "%s needs more: its form is benchtop %s %s", row->word, row->word,
		        row->arguments);
	if (o->cmd == CLI_SERVER && strcmp(o->args[0], "start") != 0 && strcmp(o->args[0], "stop") != 0 &&
	        strcmp(o->args[0], "status") != 0) {
		text_copy(clean, sizeof clean, o->args[0]);
		return err_set(p->e, ERR_USAGE, "server does not know \"%s\": use start, stop or status", clean);
	}
	if (o->cmd == CLI_HELP && o->n_args == 1 && find_command(o->args[0]) < 0)
		return unknown_command(p, o->args[0]);
	for (int id = 0; id < OPT_count && !is_telling(o); id++)
		if (p->given[id] && !(option_rows[id].commands & BIT(o->cmd)))
			return err_set(p->e, ERR_USAGE,
			        "--%s does not go with %s: leave it out (-h after the command lists its options)",
			        option_rows[id].name, command_name(o->cmd));
	return 0;
}

/* The team may come as `submit TEAM`, as --team, or from the environment. */
static int finish_team(struct parse *p)
{
	struct options *o = p->o;
	struct settings *s = &o->settings;
	if (o->cmd != CLI_SUBMIT || o->n_args == 0)
		return 0;
	if (p->given[OPT_TEAM] && strcmp(o->args[0], s->team) != 0)
		return err_set(
		        p->e, ERR_USAGE, "two team names are given, behind submit and with --team: leave one out");
	int rc = take_text(p, OPT_TEAM, o->args[0], s->team, sizeof s->team);
	if (rc)
		return rc;
	o->n_args = 0;
	return 0;
}

static int finish_pairs(struct parse *p)
{
	struct settings *s = &p->o->settings;
	bool isl = p->given[OPT_ISL], osl = p->given[OPT_OSL], all = p->given[OPT_ALL];
	if (isl != osl)
		return err_set(p->e, ERR_USAGE,
		        "-%s is given without -%s: a batch needs both, like -isl 1024 -osl 1024", isl ? "isl" : "osl",
		        isl ? "osl" : "isl");
	if (isl && all)
		return err_set(p->e, ERR_USAGE, "--all runs every pair, -isl and -osl only one: leave one of them out");
	s->batch = isl || all || p->given[OPT_CONC];
	if (all)
		s->n_pairs = 0; /* settings_check fills in what the track has */
	if (isl) {
		s->pairs[0][0] = p->isl;
		s->pairs[0][1] = p->osl;
		s->n_pairs = 1;
	}
	return 0;
}

static bool holds_secret(const char *argument, const char *secret)
{
	return strlen(secret) >= 4 && strstr(argument, secret);
}

/* The arguments with quotes where they need them, for the manifest. What holds a secret is left out. */
static void finish_command_line(struct parse *p)
{
	struct settings *s = &p->o->settings;
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	char line[4 * sizeof s->command_line];
	size_t at = 0;
	line[0] = '\0';
	for (int i = 0; i < p->argc; i++) {
		const char *a = i == 0 ? path_base(p->argv[0]) : p->argv[i];
		const char *scheme = strstr(a, "://");
		const char *quote = !a[0] || a[strspn(a, plain)] ? strchr(a, '\'') ? "\"" : "'" : "";
		if (holds_secret(a, p->o->secrets.hf_token) || holds_secret(a, p->o->secrets.openai_key) ||
		        (scheme && strchr(scheme, '@'))) {
			a = "***";
			quote = "";
		}
		int n = snprintf(line + at, sizeof line - at, "%s%s%s%s", i ? " " : "", quote, a, quote);
		if (n < 0 || (size_t)n >= sizeof line - at)
			break;
		at += (size_t)n;
	}
	text_clean(s->command_line, sizeof s->command_line, line, strlen(line));
}

static int finish(struct parse *p)
{
	struct options *o = p->o;
	struct settings *s = &o->settings;
	int rc = finish_team(p);
	if (rc == 0)
		rc = finish_pairs(p);
	if (rc)
		return rc;
	s->mode = o->cmd == CLI_ACC ? MODE_ACC : o->cmd == CLI_SUBMIT ? MODE_SUBMIT : MODE_PERF;
	if (s->demo) {
		s->n_defaults = 0;
		if (!o->track[0])
			text_set(o->track, sizeof o->track, "demo");
	}
	finish_command_line(p);
	return 0;
}

struct demo_env {
	settings_getenv get;
	void *ctx;
};

/* The demo brings its own server, board and pairs: a sourced environment must not bend it, and no token leaves. */
static const char *demo_getenv(void *ctx, const char *name)
{
	static const char *const kept[] = {"TEAM_NAME_ENV", "BENCHTOP_RESULTS", "OPENAI_API_KEY"};
	const struct demo_env *d = ctx;
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (strcmp(name, kept[i]) == 0)
			return d->get(d->ctx, name);
	return NULL;
}

static bool demo_asked(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--demo") == 0)
			return true;
	return false;
}

int options_parse(struct options *o, int argc, char **argv, settings_getenv get, void *ctx, struct err *e)
{
	struct parse p = {.o = o, .e = e, .argv = argv, .argc = argc, .at = 1};
	struct demo_env demo = {get, ctx};
	struct err env_error = {0};
	memset(o, 0, sizeof *o);
	o->fps = 12;
	bool is_demo = demo_asked(argc, argv);
	int env_rc = settings_from_env(
	        &o->settings, &o->secrets, is_demo ? demo_getenv : get, is_demo ? (void *)&demo : ctx, &env_error);
	const char *no_color = get(ctx, "NO_COLOR");
	o->no_color = no_color && no_color[0];
	int rc = take_arguments(&p);
	if (rc == 0)
		rc = take_command(&p);
	if (rc == 0)
		rc = check_arguments(&p);
	if (rc || is_telling(o))
		return rc;
	if (env_rc && (NEEDS_ENV & BIT(o->cmd)))
		return err_set(e, env_rc, "%s", env_error.text);
	return finish(&p);
}
