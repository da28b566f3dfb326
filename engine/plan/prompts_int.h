/* Text prompts: their making (prompts_text.c), the image that holds them (prompts_image.c) and the cache of such files
 * (prompts_cache.c). For prompts.c and the tests of these parts.
 *
 * An image is a header, the prompts as JSON strings one behind the other, and a table of places and lengths at the end.
 * In a file it is only ever whole: it is written under another name, synced, renamed, and checked by a sum when read. A file
 * with a name of the cache is never written to nor cut, only replaced by rename and removed by unlink, so that who has it
 * mapped keeps what it has. Another program that cuts one under a running load ends that run (SIGBUS): nothing can be done
 * against that but a copy in memory; one that was cut before the load is met by image_warm.
 */
#ifndef BENCHTOP_PROMPTS_INT_H
#define BENCHTOP_PROMPTS_INT_H
#include "../tokenizer/tokenizer.h"
#include "prompts.h"

#define PROMPTS_FORMAT    1
#define PROMPTS_CACHE_MAX (INT64_C(2) << 30) /* bytes of all files; the least recently used go first */
#define PROMPTS_ROUNDS    10                 /* of the reference's repair */
#define PROMPTS_SUFFIX    ".prompts"

struct prompt_row {
	uint32_t in, out, first; /* tokens in, tokens out, first id */
};

struct image_row {
	uint64_t at;    /* of the JSON string, from the begin of the image */
	uint32_t bytes; /* its quotes included */
	uint32_t tokens;
};

struct image {
	char *base; /* mapped; NULL = none */
	size_t size;
	const struct image_row *rows; /* into it */
	size_t n;
	bool file; /* mapped from a file, else memory */
};
void image_close(struct image *im);
/* Opens and checks the file at path: n prompts made by the recipe that `key` tells. 0; ERR_IO not there; ERR_PROTO spoilt,
 * cut, or of another recipe. */
int image_open(struct image *out, const char *path, const char *key, size_t n, struct err *e);
int image_warm(const struct image *im, struct err *e); /* as prompts_warm */

/* Writes an image: into a file, or in memory from the moment on at which the file cannot be written any further. */
struct image_writer;
/* path: where the whole file will be; NULL = in memory. */
int image_begin(struct image_writer **out, const char *path, const char *key, size_t n, struct err *e);
/* The next prompt, as text. */
int image_add(struct image_writer *w, const char *text, size_t len, uint32_t tokens, struct err *e);
/* Ends the writer in any case; out is mapped when it returns 0. */
int image_finish(struct image_writer *w, struct image *out, struct err *e);
void image_abandon(struct image_writer *w); /* NULL does nothing */

/* The recipe in words, all that the text depends on; what tells one file of the cache from another. */
#define PROMPTS_KEY 256
void prompts_key(const struct prompt_spec *spec, uint32_t out_low, char key[PROMPTS_KEY]);
/* Name of the file in dir for a key; false when it does not fit. */
bool prompts_cache_path(char *out, size_t cap, const char *dir, const struct prompt_spec *spec, const char *key);
/* Removes what dead processes left half done, and the files that were not used for longest until `most` bytes are left;
 * `keep` (may be NULL) stays. */
void prompts_cache_prune(const char *dir, int64_t most, const char *keep);

/* The recipe: adds every prompt to w, in order. rows: what was drawn; rng: the generator after those draws. */
int text_make(const struct prompt_spec *spec, const struct prompt_row *rows, struct mt19937 *rng,
        struct image_writer *w, struct err *e);

#endif
