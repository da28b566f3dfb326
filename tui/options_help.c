/* The usage text, made of the two tables. At most 90 columns wide. */
#include "options.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 30
#define HELP_MAX    ((size_t)32768)

struct help_option {
	const char *name, *letter, *argument;
	unsigned commands;
	const char *help;
};

static const struct help_option help_options[] = {
#define OPTION(id, name, letter, argument, commands, help) {name, letter, argument, commands, help},
#include "options.def"
#undef OPTION
};

static void add_option(struct buf *b, const struct help_option *o)
{
	char left[64];
	const char *gap = o->argument ? " " : "", *argument = o->argument ? o->argument : "";
	if (!o->letter)
		snprintf(left, sizeof left, "    --%s%s%s", o->name, gap, argument);
	else if (strcmp(o->letter, o->name) == 0)
		snprintf(left, sizeof left, "-%s%s%s", o->letter, gap, argument);
	else
		snprintf(left, sizeof left, "-%s, --%s%s%s", o->letter, o->name, gap, argument);
	buf_printf(b, "  %-*s %s\n", HELP_COLUMN, left, o->help);
}

static void add_command(struct buf *b, const char *word, const char *arguments, const char *help)
{
	char left[64];
	snprintf(left, sizeof left, "benchtop%s%s%s%s", word[0] ? " " : "", word, arguments[0] ? " " : "", arguments);
	buf_printf(b, "  %-*s %s\n", HELP_COLUMN + 4, left, help);
}

static void add_commands(struct buf *b)
{
	buf_adds(b, "Usage:\n");
#define COMMAND(id, word, fewest, most, arguments, help) add_command(b, word, arguments, help);
	OPTIONS_COMMANDS(COMMAND)
#undef COMMAND
	buf_adds(b, "\nacc, perf and submit run one configuration, that of the environment;\n"
	            "with -isl N -osl N they run all CONCs of the pair.\n"
	            "Called as dsr1_benchmark, no command means acc.\n");
}

static void add_environment(struct buf *b)
{
	buf_adds(b, "\nEnvironment (sourcing all_conc_var.sh or specific_conc_var.sh is enough):\n"
	            "  MODEL PORT TP                  the server; MODEL has no default\n"
	            "  CONC ISL OSL NUM_PROMPTS       one configuration, without -isl -osl\n"
	            "  RANDOM_RANGE_RATIO             with it, default 1.0\n"
	            "  RESULT_FILENAME                its result, \".json\" is added\n"
	            "  TEAM_NAME_ENV LB_URL_OVERRIDE  team and board\n"
	            "  BENCHTOP_RESULTS               where runs are kept\n"
	            "  HF_TOKEN                       for the board only, never written\n"
	            "  OPENAI_API_KEY                 for the server, never written\n"
	            "  NO_COLOR                       no colours\n"
	            "\nExit status: 0 all passed, 1 usage or configuration, 2 something failed to run,\n"
	            "3 accuracy outside its limit, 4 measured but not confirmed by the board,\n"
	            "130 stopped by the user.\n");
}

int options_help_text(struct buf *b, enum cli_command cmd)
{
	bool all = cmd == CLI_DASHBOARD || cmd == CLI_HELP;
	if (all) {
		add_commands(b);
	} else {
		buf_adds(b, "Usage:\n");
#define COMMAND(id, word, fewest, most, arguments, help)                                                               \
	if (cmd == id)                                                                                                 \
		add_command(b, word, arguments, help);
		OPTIONS_COMMANDS(COMMAND)
#undef COMMAND
	}
	buf_adds(b, "\nOptions, before or behind the command, as --name VALUE or --name=VALUE:\n");
	for (size_t i = 0; i < sizeof help_options / sizeof help_options[0]; i++)
		if (all || help_options[i].commands & OPTIONS_BIT(cmd))
			add_option(b, &help_options[i]);
	if (all)
		add_environment(b);
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
