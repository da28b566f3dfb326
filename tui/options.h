/* The command line: configuration files, environment, then arguments, into one plain struct that main hands on.
 *
 * The options are the table options.def, the commands the table below; parsing, usage text, manual page, suggestions and
 * the check which command takes which option all read them. Nothing here prints or exits: errors are sentences.
 */
#ifndef BENCHTOP_OPTIONS_H
#define BENCHTOP_OPTIONS_H
#include "../engine/base/buf.h"
#include "../engine/base/err.h"
#include "../engine/plan/settings.h"
#include "config.h"

/* COMMAND(ID, "word", fewest and most further arguments, "arguments", "help", built)
 *   built     false: this version does not have it. It is refused in a sentence, and no text tells of it. */
#define OPTIONS_COMMANDS(COMMAND)                                                                                      \
	COMMAND(CLI_DASHBOARD, "", 0, 0, "", "the dashboard", true)                                                    \
	COMMAND(CLI_ACC, "acc", 0, 0, "", "accuracy only", true)                                                       \
	COMMAND(CLI_PERF, "perf", 0, 0, "", "accuracy and load; nothing is posted", true)                              \
	COMMAND(CLI_SUBMIT, "submit", 0, 1, "TEAM", "accuracy, load, and the result posted to the board", true)        \
	COMMAND(CLI_RESULTS, "results", 0, 8, "[DIR|FILE ...]", "table of finished runs", true)                        \
	COMMAND(CLI_COMPARE, "compare", 2, 2, "A B", "is B faster than A, or is that noise", true)                     \
	COMMAND(CLI_CURVE, "curve", 0, 8, "[DIR|FILE ...]", "points above the reference's curve; -o: a chart", true)   \
	COMMAND(CLI_POST, "post", 1, 1, "DIR|FILE", "post results that are saved already", true)                       \
	COMMAND(CLI_RESUME, "resume", 1, 1, "DIR", "go on with an interrupted batch", true)                            \
	COMMAND(CLI_WATCH, "watch", 0, 1, "[DIR]", "follow a run of another process, or replay one", true)             \
	COMMAND(CLI_SHOT, "shot", 1, 3, "SCREEN [DIR]", "picture: dashboard, log, results, curve, compare A B", true)  \
	COMMAND(CLI_SERVER, "server", 1, 1, "start|stop|status", "the server", true)                                   \
	COMMAND(CLI_DOCTOR, "doctor", 0, 0, "", "check everything that a run needs", true)                             \
	COMMAND(CLI_HELP, "help", 0, 1, "[COMMAND]", "this text", true)                                                \
	COMMAND(CLI_VERSION, "version", 0, 0, "", "version", true)

enum cli_command {
#define COMMAND(id, word, fewest, most, arguments, help, built) id,
	OPTIONS_COMMANDS(COMMAND)
#undef COMMAND
	        CLI_count
};

/* Groups of commands, for options.def. */
#define OPTIONS_BIT(cmd) (1u << (cmd))
#define IN_RUN           (OPTIONS_BIT(CLI_DASHBOARD) | OPTIONS_BIT(CLI_ACC) | OPTIONS_BIT(CLI_PERF) | OPTIONS_BIT(CLI_SUBMIT))
#define IN_RESUME        OPTIONS_BIT(CLI_RESUME)
#define IN_POST          OPTIONS_BIT(CLI_POST)
#define IN_SERVER        (OPTIONS_BIT(CLI_SERVER) | OPTIONS_BIT(CLI_DOCTOR))
#define IN_VIEW          (OPTIONS_BIT(CLI_WATCH) | OPTIONS_BIT(CLI_SHOT))
#define IN_SHOT          OPTIONS_BIT(CLI_SHOT)
#define IN_TABLE         (OPTIONS_BIT(CLI_RESULTS) | OPTIONS_BIT(CLI_COMPARE) | OPTIONS_BIT(CLI_CURVE))
#define IN_ANY           (OPTIONS_BIT(CLI_count) - 1)
#define NOT_YET          (1u << 31) /* refused by main in this version, and not listed */

/* What CLI_HELP prints. */
enum telling { TELL_USAGE, TELL_MAN, TELL_CONFIG };
enum output { OUTPUT_AUTO, OUTPUT_TUI, OUTPUT_PLAIN, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_INFMAX };

#define OPTIONS_ARGS 8

struct options {
	enum cli_command cmd;
	const char *args[OPTIONS_ARGS]; /* what follows the command, from argv; submit's team is in settings */
	int n_args;
	enum telling tell;
	struct settings settings; /* not yet settings_check()ed: that needs the track */
	struct secrets secrets;
	enum output output;
	char theme[512]; /* empty = default */
	bool ascii, no_color, mouse;
	bool restart_server;
	bool wait_given; /* --wait-server, whatever its value */
	bool url_given;  /* --base-url on the command line */
	bool failed;     /* --failed */
	bool client;     /* doctor: measure the client itself */
	int colors;      /* 8, 16, 256; 0 = as the terminal says */
	int fps;
	char track[512];    /* file or name, empty = default; "demo" with --demo */
	char out_file[512]; /* -o, empty = standard output */
	char size[32];      /* "120x36", checked; empty = default */
	char format[16];    /* "txt", "ansi", "svg"; empty = by the file's name */
};

/* Arguments over environment over configuration files (NULL: none) over defaults. argv[0] counts: `dsr1_benchmark` without
 * a command is acc, as the official tool; else the dashboard. With --demo the environment is left aside but for
 * TEAM_NAME_ENV, BENCHTOP_RESULTS, OPENAI_API_KEY and NO_COLOR, and so are the files but for looks, team and results-dir.
 * -h and -V win over a bad environment and bad files. 0 or ERR_USAGE: the sentence names option, value and remedy. */
int options_parse(struct options *o, int argc, char **argv, settings_getenv get, void *ctx, const struct config *conf,
        struct err *e);

/* A commented configuration file that changes nothing as it is: every name with its values, every key. */
int options_default_config(struct buf *b);

/* Whether this version has the command. */
bool options_command_built(enum cli_command cmd);
/* The word of a command on the command line ("" for the dashboard). */
const char *options_command_word(enum cli_command cmd);

/* Usage: of everything for CLI_DASHBOARD and CLI_HELP, else of one command with its options. 0 or buf's error. */
int options_help_text(struct buf *b, enum cli_command cmd);
/* The whole usage text, made once. Never NULL. */
const char *options_help(void);

#endif
