/* A track of the competition as data: pairs, CONCs, prompt rule, reference table, gate, board, post columns.
 *
 * Tracks are JSON files under engine/tracks, embedded into the program; a path or a file of the same name on disk wins.
 * A track is read once at start and never changed; everything in it is owned by the struct.
 */
#ifndef BENCHTOP_TRACK_H
#define BENCHTOP_TRACK_H
#include "../base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACK_PAIRS   8
#define TRACK_CONCS   16
#define TRACK_REFS    64
#define TRACK_COLUMNS 24
#define TRACK_CHUNKS  512
#define TRACK_NOTES   8
#define TRACK_METRICS 3
#define TRACK_SHAPES  8

struct track_pair {
	int isl, osl;
	int prompts_per_conc; /* NUM_PROMPTS = CONC x this */
	double expect_s;      /* the guide's minutes for one CONC, as seconds */
	char board[256];      /* leaderboard URL, empty = none */
	int concs[TRACK_CONCS];
	int n_concs;
};

struct track_ref {
	int isl, osl, conc;
	double e2e_ms, intvty, tput; /* median E2E ms, tok/s/user, tok/s/GPU */
};

/* One value of the post, in order. */
enum track_column {
	COL_TEAM,
	COL_CONC,
	COL_E2E,
	COL_TPUT,
	COL_REF_E2E,
	COL_REF_TPUT,
	COL_E2E_RATIO,
	COL_TPUT_RATIO,
	COL_INTVTY,
	COL_REF_INTVTY,
	COL_INTVTY_RATIO,
	COL_BITS_PER_BYTE,
	COL_BYTE_PPL,
	COL_WORD_PPL
};

/* Rows for which the launch script starts the server with another prefill size: ISL, OSL and a CONC above conc_above. */
struct track_shape {
	int isl, osl, conc_above;
	int prefill; /* chunked prefill size, tokens */
};

struct track_metric {
	char name[32];   /* "bits_per_byte" */
	double baseline; /* lower is better */
};

struct track_chunk {
	uint16_t gap, bytes; /* bytes skipped before the chunk, bytes of it */
	uint16_t words;
};

struct track {
	char name[64]; /* "dsr1-fp4-sglang-mi355x" */
	char title[128];
	char model[160];      /* the model that may be posted */
	bool demo;            /* never posted to a real board */
	int vocab_size;       /* for prompts as ids */
	int gpus;             /* divisor of tput_per_gpu (8) */
	double ratio;         /* RANDOM_RANGE_RATIO */
	int warmups_per_conc; /* num_warmups = CONC x this */
	struct track_pair pairs[TRACK_PAIRS];
	int n_pairs;
	struct track_ref refs[TRACK_REFS];
	int n_refs;
	char ref_label[64];                                         /* "B200" */
	char ref_key[64];                                           /* result file: "b200_baseline_nv1126" */
	char ref_e2e_key[64], ref_tput_key[64], ref_intvty_key[64]; /* members of it */
	char ratio_suffix[32]; /* "_vs_b200_1126": tput_per_gpu_ratio + suffix ... */
	char reference_notes[TRACK_NOTES][400];
	int n_notes;
	double curve_share; /* share of a pair's points that must lie above the reference's curve; NaN or 0: no rule */
	char launch_script[64]; /* starts the server: a file in the working directory; empty = the usual name */
	int launch_prefill;     /* prefill size that the script gives by itself; 0 not known */
	struct track_shape shapes[TRACK_SHAPES];
	int n_shapes;
	char api_name[64]; /* "submit_results" */
	enum track_column columns[TRACK_COLUMNS];
	int n_columns;
	/* accuracy */
	char gate[32];                              /* "wikitext"; any other kind: submit is refused in words */
	struct track_metric metrics[TRACK_METRICS]; /* bits_per_byte, byte_perplexity, word_perplexity */
	double multiplier;                          /* 1.03 */
	char corpus_file[64];                       /* "wiki.test.raw" */
	int64_t corpus_bytes, joined_bytes;
	char corpus_sha256[65], joined_sha256[65];
	char rows_url[256], rows_dataset[128], rows_config[64]; /* dataset rows API */
	int rows_total;
	struct track_chunk chunks[TRACK_CHUNKS];
	int n_chunks;
	char source[512]; /* "built in" or the path */
	char sha256[65];  /* of the file's bytes */
};

/* name_or_path: NULL or "" = the default track; a path (contains '/' or ends in .json) or a name: looked up as
 * ./NAME.json, $XDG_CONFIG_HOME/benchtop/tracks/NAME.json, then built in. ERR_USAGE names the file, the member and the
 * remedy; an unknown name lists the known ones. *out is filled only on success. */
int track_load(struct track *out, const char *name_or_path, struct err *e);
/* Parses a track from JSON text (for tests). */
int track_parse(struct track *out, const char *json, size_t len, const char *source, struct err *e);
const struct track_pair *track_pair_find(const struct track *t, int isl, int osl); /* NULL when absent */
const struct track_ref *track_ref_find(const struct track *t, int isl, int osl, int conc);
/* Names of the built-in tracks, comma separated. */
const char *track_names(void);

/* A built-in file (generated at build time from engine/tracks/): {name without .json, text, length}; ends with name NULL. */
struct embedded_file {
	const char *name;
	const char *data;
	size_t len;
};
extern const struct embedded_file embedded_tracks[];

#endif
