/* What the user asked for: arguments over environment over defaults. A plain value; copied into the run.
 *
 * Secrets (HF_TOKEN, OPENAI_API_KEY) are not in it: they live in struct secrets, which nothing writes, shows or journals.
 */
#ifndef BENCHTOP_SETTINGS_H
#define BENCHTOP_SETTINGS_H
#include "../event/event.h"
#include "track.h"

#define SETTINGS_PICKS 32
#define SETTINGS_PAIRS 8
#define SETTINGS_LOGS  4

struct settings {
	enum run_mode mode;
	bool batch;                   /* -isl and -osl (or --all, --conc without them uses ISL/OSL) */
	int pairs[SETTINGS_PAIRS][2]; /* ISL, OSL picked, in order; 0 = not given: settings_check takes the default */
	int n_pairs;                  /* 0 = all of the track, completed by settings_check */
	int picks[SETTINGS_PICKS];    /* CONCs picked; n_picks 0 = all of the pair */
	int n_picks;
	char model[160];
	int port, tp;
	double ratio;              /* RANDOM_RANGE_RATIO; 0 = not given: the track's, from settings_check on */
	int num_prompts;           /* NUM_PROMPTS, for the row of env_pair and env_conc; 0 = by the track's rule */
	int all_prompts;           /* --num-prompts, for every row; 0 = not given */
	int num_warmups;           /* -1 = by the track's rule */
	int env_conc;              /* CONC of the environment (or its default), 0 unset: NUM_PROMPTS and RESULT_FILENAME
	                                  * belong to it */
	int env_pair[2];           /* ISL, OSL of the environment (or their defaults), single mode: likewise */
	char result_filename[256]; /* without ".json" */
	char team[160];
	char base_url[256];        /* dialled; never ends in '/' */
	char result_base_url[256]; /* written to the result file: "http://0.0.0.0:PORT", or --base-url */
	char leaderboard[256];     /* override, empty = the track's */
	enum prompts_mode prompts; /* decided by settings_prompts unless prompts_given */
	bool prompts_given;        /* --prompts */
	char tokenizer[512];       /* --tokenizer: a file, or a directory with one; empty = search by the model */
	/* from settings_prompts on */
	char tokenizer_file[512];    /* the one that is taken; empty none */
	char tokenizer_sha256[65];   /* of that file, once it was read; else empty */
	int64_t tokenizer_vocab;     /* its base vocabulary; 0 not read */
	char tokenizer_missing[400]; /* why there is none: where it was looked for, or what is wrong with it */
	enum accuracy_mode accuracy;
	int acc_concurrency;
	char corpus[512];       /* --corpus FILE, empty = search */
	int64_t wait_server_ms; /* 0 = do not wait */
	char results_dir[512];
	char server_log[512];               /* --log, empty = find */
	char more_logs[SETTINGS_LOGS][512]; /* further --log: for the log screen alone */
	int n_more_logs;
	char server_script[512]; /* --server-script, empty = the track's launch_script in the working directory */
	bool restart_server;     /* stop and start it before the run */
	bool restart_shapes;     /* and before each row that is meant for another launch (plan/launch.h) */
	int64_t stop_grace_ms;   /* between SIGTERM and SIGKILL; 0 = 30 s */
	bool post_flagged, post_later;
	bool demo;
	int repeat;
	char resume[512];            /* run directory to go on with, in it and as it was; empty = a new run */
	bool resume_failed;          /* and rows that failed or were skipped are run again */
	char command_line[512];      /* for the manifest, without secrets */
	char defaults_taken[8][160]; /* sentences: "CONC is not set: 16 is taken" */
	int n_defaults;
};

struct secrets {
	char hf_token[256];   /* empty = none; sent to the board only */
	char openai_key[256]; /* empty = none: "Bearer None" as the reference */
};

/* How a variable is looked up (getenv in the program, a table in tests). */
typedef const char *(*settings_getenv)(void *ctx, const char *name);

/* Fills s from the environment and defaults (MODEL PORT TP CONC ISL OSL RANDOM_RANGE_RATIO RESULT_FILENAME NUM_PROMPTS
 * TEAM_NAME_ENV LB_URL_OVERRIDE BENCHTOP_RESULTS) before the options are applied. ERR_USAGE for a variable that is no
 * number: name, value, remedy. */
int settings_from_env(struct settings *s, struct secrets *sec, settings_getenv get, void *ctx, struct err *e);
/* After the options: checks what belongs together (MODEL set, team given, pairs in the track, CONC in range, URL form)
 * and completes pairs, URLs and defaults. `headless`: what the mode lacks is an error; else (dashboard) the sheet asks. */
int settings_check(struct settings *s, const struct track *t, bool headless, struct err *e);
/* How prompts are sent: as text when a tokenizer is found (by --tokenizer, else that of the model) unless --prompts says ids.
 * ERR_USAGE when text was asked for and none is found, or --tokenizer names none: what was searched, and the remedy. Looks at
 * the file system, reads nothing. */
int settings_prompts(struct settings *s, settings_getenv get, void *ctx, struct err *e);
/* A team name as the board will show it: UTF-8, 1..64 columns, no controls; ERR_USAGE says what is wrong. */
int settings_check_team(const char *team, struct err *e);
/* "4,16" -> picks. */
int settings_parse_concs(struct settings *s, const char *text, struct err *e);

#endif
