/* The usage text, made of the two tables. At most 90 columns wide. */
#include "options_int.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 30
#define HELP_MAX    ((size_t)32768)

const struct named_help option_environment[] = {
        {"MODEL", "name of the model; no default"},
        {"PORT", "port of the server, default 8888"},
        {"TP", "tensor parallel size, default 8"},
        {"CONC", "CONC of the one configuration, without -isl -osl"},
        {"ISL", "its input tokens"},
        {"OSL", "its output tokens"},
        {"NUM_PROMPTS", "its requests"},
        {"RESULT_FILENAME", "its result file; .json is added"},
        {"RANDOM_RANGE_RATIO", "how much lengths vary, default 1.0: not at all"},
        {"TEAM_NAME_ENV", "team name"},
        {"LB_URL_OVERRIDE", "leaderboard instead of the track's"},
        {"BENCHTOP_RESULTS", "where runs are kept"},
        {"HF_TOKEN", "for the board only; never written"},
        {"HF_HUB_CACHE", "where MODEL lies with its tokenizer; also HF_HOME"},
        {"OPENAI_API_KEY", "for the server only; never written"},
        {"NO_COLOR", "when not empty: no colours"},
        {NULL, NULL},
};

const struct named_help option_exits[] = {
        {"0", "all passed"},
        {"1", "usage or configuration"},
        {"2", "something failed to run"},
        {"3", "accuracy outside its limit"},
        {"4", "measured, but not confirmed by the board"},
        {"130", "stopped by the user"},
        {NULL, NULL},
};

bool option_is_listed(enum option_id id)
{
	for (int cmd = 0; cmd < CLI_count && !(option_rows[id].commands & NOT_YET); cmd++)
		if (command_rows[cmd].built && option_rows[id].commands & OPTIONS_BIT(cmd))
			return true;
	return false;
}

char *option_left(enum option_id id, char *out, size_t cap)
{
	const struct option_row *o = &option_rows[id];
	const char *gap = o->argument ? " " : "", *argument = o->argument ? o->argument : "";
	if (!o->letter)
		snprintf(out, cap, "--%s%s%s", o->name, gap, argument);
	else if (strcmp(o->letter, o->name) == 0)
		snprintf(out, cap, "-%s%s%s", o->letter, gap, argument);
	else
		snprintf(out, cap, "-%s, --%s%s%s", o->letter, o->name, gap, argument);
	return out;
}

static void add_option(struct buf *b, enum option_id id)
{
	char left[64];
	option_left(id, left, sizeof left);
	buf_printf(b, "  %s%-*s %s\n", option_rows[id].letter ? "" : "    ",
	        HELP_COLUMN - (option_rows[id].letter ? 0 : 4), left, option_rows[id].help);
}

static void add_command(struct buf *b, const struct command_row *row)
{
	char left[64];
	snprintf(left, sizeof left, "benchtop%s%s%s%s", row->word[0] ? " " : "", row->word,
	        row->arguments[0] ? " " : "", row->arguments);
	buf_printf(b, "  %-*s %s\n", HELP_COLUMN + 4, left, row->help);
}

static void add_commands(struct buf *b)
{
	buf_adds(b, "Usage:\n");
	for (int cmd = 0; cmd < CLI_count; cmd++)
		if (command_rows[cmd].built)
			add_command(b, &command_rows[cmd]);
	buf_adds(b, "\nacc, perf and submit run one configuration, that of the environment;\n"
	            "with -isl N -osl N they run all CONCs of the pair.\n"
	            "Called as dsr1_benchmark, no command means acc.\n");
}

static void add_surroundings(struct buf *b)
{
	buf_adds(b, "\nEnvironment (sourcing all_conc_var.sh or specific_conc_var.sh is enough):\n");
	for (const struct named_help *v = option_environment; v->name; v++)
		buf_printf(b, "  %-*s %s\n", HELP_COLUMN, v->name, v->help);
	buf_adds(b, "\nConfiguration: ./benchtop.conf, then ~/.config/benchtop/config; a start:\n"
	            "  benchtop --default-config > benchtop.conf\n"
	            "\nExit status:\n");
	for (const struct named_help *x = option_exits; x->name; x++)
		buf_printf(b, "  %-*s %s\n", HELP_COLUMN, x->name, x->help);
}

int options_help_text(struct buf *b, enum cli_command cmd)
{
	bool all = cmd == CLI_DASHBOARD || cmd == CLI_HELP || (unsigned)cmd >= CLI_count;
	if (all) {
		add_commands(b);
	} else {
		buf_adds(b, "Usage:\n");
		add_command(b, &command_rows[cmd]);
		if (!command_rows[cmd].built)
			buf_adds(b, "\nThis version does not have it yet.\n");
	}
	buf_adds(b, "\nOptions, before or behind the command, as --name VALUE or --name=VALUE:\n");
	for (int id = 0; id < OPT_count; id++)
		if (option_is_listed((enum option_id)id) && (all || option_rows[id].commands & OPTIONS_BIT(cmd)))
			add_option(b, (enum option_id)id);
	if (all)
		add_surroundings(b);
	return b->failed ? ERR_LIMIT : 0;
}

static struct buf help_text;
static pthread_once_t help_once = PTHREAD_ONCE_INIT;

static void help_make(void)
{
	buf_init(&help_text, HELP_MAX);
	options_help_text(&help_text, CLI_HELP);
}

const char *options_help(void)
{
	pthread_once(&help_once, help_make);
	return buf_text(&help_text);
}
