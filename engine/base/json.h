/* JSON out (our own ordered writer) and in (bounded cJSON).
 *
 * Out: keys in the order written, numbers as Python's json module prints them (shortest text that reads back equal,
 * "1e-05", "5.0", int64 exact), NaN and infinities as null. In: cJSON with a size bound and a nesting bound that is
 * checked before cJSON sees the text; use the case-sensitive getters here only.
 */
#ifndef BENCHTOP_JSON_H
#define BENCHTOP_JSON_H
#include "buf.h"
#include "err.h"
#include <cjson/cJSON.h>
#include <stdint.h>

enum json_style {
	JSON_COMPACT, /* {"a":1,"b":[1,2]}   journal lines */
	JSON_SPACED,  /* {"a": 1, "b": [1, 2]}   as Python's json.dumps: posts */
	JSON_PRETTY   /* two-space indent, as json.dump(indent=2): result files */
};

#define JSON_OUT_DEPTH 32
struct json_out {
	struct buf *b;
	enum json_style style;
	bool ascii; /* escape everything above 0x7e as \uXXXX (Python's ensure_ascii) */
	int depth;
	bool after_key;
	bool empty[JSON_OUT_DEPTH]; /* nothing written at this depth yet */
};

void json_out_init(struct json_out *j, struct buf *b, enum json_style style, bool ascii);
void json_object(struct json_out *j);
void json_object_end(struct json_out *j);
void json_array(struct json_out *j);
void json_array_end(struct json_out *j);
void json_key(struct json_out *j, const char *key);
void json_str(struct json_out *j, const char *s); /* NULL writes null; invalid UTF-8 is replaced */
void json_strn(struct json_out *j, const char *s, size_t len);
void json_i64(struct json_out *j, int64_t v);
void json_f64(struct json_out *j, double v);   /* as Python's repr; NaN, inf -> null */
void json_f64_g(struct json_out *j, double v); /* 6 significant digits, printf %g, as the official post does */
void json_bool(struct json_out *j, bool v);
void json_null(struct json_out *j);
void json_raw(struct json_out *j, const char *text); /* text is valid JSON already */

/* Python's repr of a finite double ("0.1", "1e-05", "1e+16", "5.0"); out holds 32 bytes. Returns out. */
char *json_repr(double v, char out[32]);

/* Parses text[0..len); whole text must be one JSON value. max_depth bounds nesting (counted before parsing).
 * *out is owned by the caller (cJSON_Delete). ERR_PROTO with a sentence (where it went wrong) otherwise. */
int json_parse(const char *text, size_t len, int max_depth, cJSON **out, struct err *e);
/* The same, after bare NaN, Infinity and -Infinity outside strings were rewritten to null (Gradio's habit). */
int json_parse_lenient(const char *text, size_t len, int max_depth, cJSON **out, struct err *e);

/* Case-sensitive getters; a missing or differently typed value gives the fallback. */
const cJSON *json_get(const cJSON *obj, const char *key);
const char *json_get_str(const cJSON *obj, const char *key, const char *fallback);
double json_get_f64(const cJSON *obj, const char *key, double fallback);
int64_t json_get_i64(const cJSON *obj, const char *key, int64_t fallback); /* exact up to 2^53 */
bool json_get_bool(const cJSON *obj, const char *key, bool fallback);

#endif
