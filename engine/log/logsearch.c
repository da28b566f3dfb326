#define PCRE2_CODE_UNIT_WIDTH 8
#include "logsearch.h"
#include "../base/text.h"
#include <ctype.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_LIMIT 20000   /* steps of one line: about 0.2 ms */
#define WIDE_LIMIT  4000000 /* of a megabyte of lines */
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT  2048 /* KiB */
#define STACK_START ((size_t)32 * 1024)
#define STACK_MOST  ((size_t)512 * 1024)

struct logsearch {
	char pattern[LOGSEARCH_PATTERN];
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	bool direct; /* by pcre2_jit_match, which checks nothing; with UTF by pcre2_match */
	bool within; /* a match never leaves its line nor looks beyond it: many lines are searched at once */
	bool caseless;
	pcre2_match_context *wide;      /* with limits for many lines */
	char prefix[LOGSEARCH_PATTERN]; /* every match begins with it (exact case); empty none */
	size_t prefix_len;
	int64_t costly;
};

/* ---- compiling ---- */

static bool has_capital(const char *p)
{
	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++; /* \S and \W are no capitals */
		else if (isupper((unsigned char)*p))
			return true;
	}
	return false;
}

/* The letters that a pattern begins with, up to the first that means something. */
static size_t literal_prefix(const char *pattern, char *out)
{
	static const char special[] = "\\^$.[]|()?*+{}";
	size_t n = 0, last = 0;
	const char *p = pattern;
	while (*p) {
		last = n;
		if (*p == '\\' && p[1] && ispunct((unsigned char)p[1])) {
			out[n++] = p[1];
			p += 2;
		} else if (!strchr(special, *p)) {
			out[n++] = *p++;
		} else {
			break;
		}
	}
	if (*p == '?' || *p == '*' || *p == '{')
		n = last; /* the last letter need not be there */
	return strchr(pattern, '|') ? 0 : n;
}

/* Whether nothing in a pattern can take a line's end or tell where one is. Careful rather than complete. */
static bool stays_within(const char *p)
{
	for (; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == '^' || *p == '$')
			return false;
		if (*p == '[' && p[1] == ':') /* [[:space:]] */
			return false;
		if (*p == '(' && (p[1] == '*' || (p[1] == '?' && p[2] != ':')))
			return false;
		if (*p == '\\' && !ispunct((unsigned char)*++p) && !strchr("dwb", *p))
			return false;
		if (!*p)
			return false;
	}
	return true;
}

static int compile_error(struct err *e, int code, size_t at)
{
	char words[160];
	if (pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof words) < 0)
		words[0] = '\0';
	return err_set(
	        e, ERR_USAGE, "at character %zu: %s", at + 1, words[0] ? words : "the pattern is not understood");
}

static int compile(struct logsearch *s, struct err *e)
{
	int code;
	size_t at, len = strlen(s->pattern);
	uint32_t options = PCRE2_NEVER_BACKSLASH_C;
	bool ascii = true;
	for (size_t i = 0; i < len; i++)
		ascii = ascii && (unsigned char)s->pattern[i] < 0x80;
	if (s->caseless)
		options |= PCRE2_CASELESS;
	if (!ascii)
		options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF; /* a class of wide letters; slower */
	s->code = pcre2_compile((PCRE2_SPTR)s->pattern, len, options, &code, &at, NULL);
	if (!s->code)
		return compile_error(e, code, at);
	s->data = pcre2_match_data_create(1, NULL);
	s->context = pcre2_match_context_create(NULL);
	if (!s->data || !s->context)
		return err_set(e, ERR_NOMEM, "no memory to search");
	pcre2_set_match_limit(s->context, MATCH_LIMIT);
	pcre2_set_depth_limit(s->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(s->context, HEAP_LIMIT);
	s->wide = pcre2_match_context_copy(s->context);
	if (!s->wide)
		return err_set(e, ERR_NOMEM, "no memory to search");
	pcre2_set_match_limit(s->wide, WIDE_LIMIT);
	bool jit = pcre2_jit_compile(s->code, PCRE2_JIT_COMPLETE) == 0;
	s->direct = jit && ascii;
	s->stack = jit ? pcre2_jit_stack_create(STACK_START, STACK_MOST, NULL) : NULL;
	if (s->stack) {
		pcre2_jit_stack_assign(s->context, NULL, s->stack);
		pcre2_jit_stack_assign(s->wide, NULL, s->stack);
	}
	return 0;
}

int logsearch_open(struct logsearch **out, const char *pattern, struct err *e)
{
	*out = NULL;
	if (!*pattern)
		return err_set(e, ERR_USAGE, "the pattern is empty");
	struct logsearch *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory to search");
	if (!text_set(s->pattern, sizeof s->pattern, pattern)) {
		free(s);
		return err_set(e, ERR_USAGE, "the pattern is longer than %d bytes", LOGSEARCH_PATTERN - 1);
	}
	s->caseless = !has_capital(pattern);
	s->prefix_len = literal_prefix(pattern, s->prefix);
	s->within = stays_within(pattern);
	int rc = compile(s, e);
	if (rc < 0) {
		logsearch_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void logsearch_close(struct logsearch *s)
{
	if (!s)
		return;
	pcre2_jit_stack_free(s->stack);
	pcre2_match_context_free(s->context);
	pcre2_match_context_free(s->wide);
	pcre2_match_data_free(s->data);
	pcre2_code_free(s->code);
	free(s);
}

const char *logsearch_pattern(const struct logsearch *s)
{
	return s->pattern;
}

int64_t logsearch_costly(const struct logsearch *s)
{
	return s->costly;
}

bool logsearch_gave_up(const struct logsearch *s)
{
	return s->costly >= LOGSEARCH_COSTLY;
}

/* ---- matching ---- */

/* 1 found, 0 not, -1 too costly. */
static int try_match(struct logsearch *s, pcre2_match_context *limits, const char *text, size_t len, size_t start,
        size_t *from, size_t *to)
{
	int rc;
	if (s->direct)
		rc = pcre2_jit_match(s->code, (PCRE2_SPTR)text, len, start, 0, s->data, limits);
	else
		rc = pcre2_match(s->code, (PCRE2_SPTR)text, len, start, 0, s->data, limits);
	if (rc < 0)
		return rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(s->data);
	*from = v[0];
	*to = v[1];
	return v[0] <= v[1]; /* \K in a look-ahead can turn them round */
}

static bool match(struct logsearch *s, const char *text, size_t len, size_t start, size_t *from, size_t *to)
{
	int rc = try_match(s, s->context, text, len, start, from, to);
	s->costly += rc < 0;
	return rc > 0;
}

bool logsearch_match(struct logsearch *s, const char *text, size_t len, size_t start, size_t *from, size_t *to)
{
	return start <= len && match(s, text, len, start, from, to);
}

bool logsearch_line(struct logsearch *s, const char *line, size_t len)
{
	size_t from, to;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	return match(s, line, len < LOGSEARCH_LINE ? len : LOGSEARCH_LINE, 0, &from, &to);
}

static size_t line_end(const char *buf, size_t len, size_t at)
{
	const char *nl = memchr(buf + at, '\n', len - at);
	return nl ? (size_t)(nl - buf) : len;
}

static size_t line_start(const char *buf, size_t from, size_t at)
{
	const char *nl = at > from ? memrchr(buf + from, '\n', at - from) : NULL;
	return nl ? (size_t)(nl - buf) + 1 : from;
}

static bool goes_on(const struct logsearch *s, size_t pos, size_t len, atomic_bool *stop)
{
	return pos < len && !(stop && atomic_load_explicit(stop, memory_order_relaxed)) && !logsearch_gave_up(s);
}

/* The line around a place where something was found; *pos moves behind it. */
static size_t line_around(const char *buf, size_t len, size_t hit, size_t *pos, size_t *at)
{
	size_t end = line_end(buf, len, hit);
	*at = line_start(buf, *pos, hit);
	*pos = end < len ? end + 1 : len;
	return end - *at;
}

/* All lines at once; *pos stays where it was when that is too costly. */
static bool next_within(struct logsearch *s, const char *buf, size_t len, size_t *pos, size_t *at, atomic_bool *stop)
{
	size_t from, to;
	while (goes_on(s, *pos, len, stop)) {
		int rc = try_match(s, s->wide, buf, len, *pos, &from, &to);
		if (rc < 0)
			return false;
		if (rc == 0)
			break;
		size_t line = line_around(buf, len, from, pos, at);
		if (to - *at <= LOGSEARCH_LINE || logsearch_line(s, buf + *at, line))
			return true;
	}
	*pos = len;
	return false;
}

/* By the letters that a match must begin with: only the lines that hold them are looked at. */
static bool next_by_prefix(struct logsearch *s, const char *buf, size_t len, size_t *pos, size_t *at, atomic_bool *stop)
{
	while (goes_on(s, *pos, len, stop)) {
		const char *p = memmem(buf + *pos, len - *pos, s->prefix, s->prefix_len);
		if (!p)
			break;
		size_t line = line_around(buf, len, (size_t)(p - buf), pos, at);
		if (logsearch_line(s, buf + *at, line))
			return true;
	}
	*pos = len;
	return false;
}

bool logsearch_next(struct logsearch *s, const char *buf, size_t len, size_t *pos, size_t *at, atomic_bool *stop)
{
	if (s->within && next_within(s, buf, len, pos, at, stop))
		return true;
	if (s->prefix_len > 2 && !s->caseless)
		return next_by_prefix(s, buf, len, pos, at, stop);
	while (goes_on(s, *pos, len, stop)) {
		size_t end = line_end(buf, len, *pos);
		*at = *pos;
		*pos = end < len ? end + 1 : len;
		if (logsearch_line(s, buf + *at, end - *at))
			return true;
	}
	*pos = len;
	return false;
}
