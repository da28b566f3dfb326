#include "options.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "options_int.h"
#include <stdio.h>
#include <string.h>

#define BIT(cmd)  OPTIONS_BIT(cmd)
/* Commands that stand on the environment's numbers: a bad one stops them. */
#define NEEDS_ENV (IN_RUN | IN_SERVER)

const struct option_row option_rows[OPT_count] = {
#define OPTION(id, name, letter, argument, commands, help) {name, letter, argument, commands, help},
#include "options.def"
#undef OPTION
};

const struct command_row command_rows[CLI_count] = {
#define COMMAND(id, word, fewest, most, arguments, help, built) {word, fewest, most, arguments, help, built},
        OPTIONS_COMMANDS(COMMAND)
#undef COMMAND
};

bool options_command_built(enum cli_command cmd)
{
	return (unsigned)cmd < CLI_count && command_rows[cmd].built;
}

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
#define WORD_MAX OPTION_FAR
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

void option_suggest(const char *word, const char *candidate, const char **best, int *distance)
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
		if (option_is_listed((enum option_id)id))
			option_suggest(name, option_rows[id].name, &best, &distance);
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
		if (command_rows[cmd].built)
			option_suggest(word, command_rows[cmd].word, &best, &distance);
	if (best)
		return err_set(p->e, ERR_USAGE, "there is no command %s: did you mean %s? -h lists all", clean, best);
	return err_set(p->e, ERR_USAGE, "there is no command %s: use acc, perf, submit \"TEAM\", or -h for all", clean);
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
		bool on = true;
		if (value && !option_in_config((enum option_id)id))
			return err_set(p->e, ERR_USAGE, "--%s takes no value: leave \"=%.60s\" out", row->name, value);
		int rc = value ? option_take_yes(p, (enum option_id)id, value, &on) : 0;
		if (rc == 0)
			option_take_switch(p, (enum option_id)id, on);
		return rc;
	}
	if (!value) {
		/* What looks like an option is not swallowed as a value; --team=--us still can say it. */
		if (p->at >= p->argc || strncmp(p->argv[p->at], "--", 2) == 0)
			return err_set(p->e, ERR_USAGE, "%s needs a value: %s %s", argument, argument, row->argument);
		value = p->argv[p->at++];
	}
	return option_take_value(p, (enum option_id)id, value);
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
	} else if (p->given[OPT_MAN] || p->given[OPT_DEFAULT_CONFIG]) {
		o->cmd = CLI_HELP;
		o->n_args = 0;
		o->tell = p->given[OPT_MAN] ? TELL_MAN : TELL_CONFIG;
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
	int rc = option_take_text(p, OPT_TEAM, o->args[0], s->team, sizeof s->team);
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
	/* A run that is over, or another's, names its track itself; a file's word is for new runs. */
	const unsigned over = IN_VIEW | IN_POST | IN_RESUME | OPTIONS_BIT(CLI_CURVE);
	if (!p->given[OPT_TRACK] && over & OPTIONS_BIT(o->cmd))
		o->track[0] = '\0';
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

/* A colour depth asked for by name outweighs a NO_COLOR that was set for every program. */
static void finish_colors(struct parse *p)
{
	if (p->given[OPT_COLORS] && !p->given[OPT_NO_COLOR])
		p->o->no_color = false;
}

int options_parse(struct options *o, int argc, char **argv, settings_getenv get, void *ctx, const struct config *conf,
        struct err *e)
{
	struct parse p = {.o = o, .e = e, .argv = argv, .argc = argc, .at = 1};
	struct demo_env demo = {get, ctx};
	struct err env_error = {0}, conf_error = {0};
	memset(o, 0, sizeof *o);
	o->fps = 12;
	bool is_demo = demo_asked(argc, argv);
	int env_rc = settings_from_env(
	        &o->settings, &o->secrets, is_demo ? demo_getenv : get, is_demo ? (void *)&demo : ctx, &env_error);
	const char *no_color = get(ctx, "NO_COLOR");
	o->no_color = no_color && no_color[0];
	int conf_rc = conf ? options_take_config(&p, conf, is_demo, get, ctx, &conf_error) : 0;
	int rc = take_arguments(&p);
	if (rc == 0)
		rc = take_command(&p);
	if (rc == 0)
		rc = check_arguments(&p);
	if (rc || is_telling(o))
		return rc;
	if (conf_rc)
		return err_set(e, conf_rc, "%s", conf_error.text);
	if (env_rc && (NEEDS_ENV & BIT(o->cmd)))
		return err_set(e, env_rc, "%s", env_error.text);
	finish_colors(&p);
	return finish(&p);
}
