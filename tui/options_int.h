/* Shared by options.c (arguments), options_value.c (what a value may be), options_config.c (values of the configuration
 * files), options_help.c and manpage.c (texts): the two tables, and one pass over the arguments. */
#ifndef BENCHTOP_OPTIONS_INT_H
#define BENCHTOP_OPTIONS_INT_H
#include "options.h"

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

struct command_row {
	const char *word;
	int fewest, most;
	const char *arguments, *help;
	bool built; /* false: not in this version, and not listed */
};

struct named_help {
	const char *name, *help;
};

extern const struct option_row option_rows[OPT_count];
extern const struct command_row command_rows[CLI_count];
extern const struct named_help option_environment[]; /* ends with name NULL */
extern const struct named_help option_exits[];       /* likewise */

struct parse {
	struct options *o;
	struct err *e;
	char **argv;
	int argc;
	int at;          /* next argument */
	bool only_words; /* "--" was seen */
	bool in_file;    /* the value comes from a configuration file: sentences say `name = value` */
	bool given[OPT_count];
	int n_logs; /* --log on the command line so far */
	int isl, osl;
	const char *words[OPTIONS_ARGS + 1]; /* arguments that are no options: command first */
	int n_words;
};

/* Whether the texts tell of it: some command of this version takes it. */
bool option_is_listed(enum option_id id);
/* "-o, --output FILE" into out. */
char *option_left(enum option_id id, char *out, size_t cap);

int option_take_value(struct parse *p, enum option_id id, const char *value);
void option_take_switch(struct parse *p, enum option_id id, bool on);
/* A switch that a configuration file may hold says yes or no; 0 with *on set, or the sentence. */
int option_take_yes(struct parse *p, enum option_id id, const char *value, bool *on);
/* Text that may be shown and written: fits, no control characters. */
int option_take_text(struct parse *p, enum option_id id, const char *value, char *out, size_t cap);

/* Whether a configuration file may hold it. */
bool option_in_config(enum option_id id);
/* The values of the configuration files into p->o, where the environment does not say otherwise. */
int options_take_config(
        struct parse *p, const struct config *conf, bool demo, settings_getenv get, void *ctx, struct err *e);

/* Keeps candidate in *best when it is the nearest so far and near enough to be a slip of the finger, or cut short. Start
 * with *best NULL, *distance OPTION_FAR. */
#define OPTION_FAR 31
void option_suggest(const char *word, const char *candidate, const char **best, int *distance);

#endif
