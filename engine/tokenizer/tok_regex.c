/* Patterns are written for Oniguruma in Ruby's syntax. What differs from PCRE2 and is rewritten here:
 *
 *   \s          White_Space; PCRE2's has U+180E too                        -> a class of its own
 *   x{n,m}+     a repeat of a repeat, not possessive                       -> (?:x{n,m})+
 *   x{,m}       from none on; PCRE2 before 10.43 takes it literally        -> x{0,m}
 *   ^ $         at every line                                              -> (?m:^) (?m:$)
 *   \v \h \u    vertical tab, hex digit, a code point                      -> \x0b, refused, \x{...}
 *   \p{Han}     the script; PCRE2 from 10.40 on takes its extensions too   -> \p{sc:Han}
 *   (?i:...)    may match one character for several (ss and sharp s)       -> refused where that could be
 *   [[...]] &&  sets of sets                                               -> refused
 *   (x)         groups are never looked at                                 -> (?:x)
 */
#include "../base/text.h"
#include "tokenizer_int.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 32
#define NO_ATOM    SIZE_MAX
#define SPACES     "\\t-\\r \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define NO_SPACES                                                                                                      \
	"\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"   \
	"\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}"

struct group {
	size_t start; /* in the output */
	bool caseless, looks;
};

struct translation {
	const char *start, *p, *end;
	struct buf *out;
	struct err *e;
	struct group groups[GROUPS_MAX];
	int depth;
	bool caseless;
	size_t atom; /* where what a quantifier would repeat starts in the output */
	char last;   /* letter before this one in a caseless part */
	bool new_scripts;
	bool literal;
};

static int refuse(struct translation *t, const char *what)
{
	char near[40];
	size_t rest = (size_t)(t->end - t->p);
	text_clean(near, sizeof near, t->p, rest < 24 ? rest : 24);
	return err_set(t->e, ERR_PROTO, "a pattern with %s is not supported: at byte %zu, \"%s\"", what,
	        (size_t)(t->p - t->start), near);
}

/* ---- single characters ---- */

static void emit_char(struct translation *t, uint32_t cp)
{
	char s[4];
	t->literal = t->literal || tok_newer_touches(cp, cp);
	if (cp < 0x80 && !isalnum((int)cp))
		buf_printf(t->out, "\\x{%x}", (unsigned)cp);
	else
		buf_add(t->out, s, utf8_encode(cp, s));
}

static int hex_number(struct translation *t, size_t min, size_t max, uint32_t *cp)
{
	size_t n = 0;
	*cp = 0;
	while (n < max && t->p < t->end && isxdigit((unsigned char)*t->p)) {
		char c = *t->p++;
		*cp = *cp << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
		n++;
	}
	return n >= min && *cp <= 0x10ffff && (*cp < 0xd800 || *cp > 0xdfff) ? 0 : refuse(t, "such a code point");
}

/* The character of an escape; the cursor is behind the backslash. 1: it is no single character. */
static int escaped_char(struct translation *t, uint32_t *cp)
{
	static const char from[] = "abefnrtv", to[] = "\a\b\033\f\n\r\t\v";
	const char *known = *t->p ? strchr(from, *t->p) : NULL;
	unsigned char c = (unsigned char)*t->p;
	if (known && *known != 'b') {
		*cp = (unsigned char)to[known - from];
		t->p++;
		return 0;
	}
	if (c == 'u') {
		t->p++;
		return hex_number(t, 4, 4, cp);
	}
	if (c == 'x' && t->end - t->p > 1 && t->p[1] == '{') {
		t->p += 2;
		int rc = hex_number(t, 1, 8, cp);
		if (rc == 0 && (t->p == t->end || *t->p++ != '}'))
			rc = refuse(t, "an open \\x{");
		return rc;
	}
	if (c == 'x') {
		t->p++;
		int rc = hex_number(t, 1, 2, cp);
		return rc || *cp < 0x80 ? rc : refuse(t, "\\x of a byte");
	}
	if (c >= 0x80 || ispunct(c) || c == ' ') {
		t->p += utf8_decode(t->p, (size_t)(t->end - t->p), cp);
		return 0;
	}
	return 1;
}

/* ---- classes of characters ---- */

static bool is_category(const char *name)
{
	static const char *const all[] = {"L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl",
	        "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp",
	        "Cc", "Cf"};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strcmp(name, all[i]) == 0)
			return true;
	return false;
}

/* Scripts without newer characters, and those that tok_newer.c keeps. */
static bool is_script(const char *name)
{
	static const char *const all[] = {"Armenian", "Bopomofo", "Georgian", "Greek", "Han", "Hangul", "Hebrew",
	        "Hiragana", "Katakana", "Thai", "Tibetan"};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strcmp(name, all[i]) == 0)
			return true;
	return false;
}

/* \p{...} or \P{...}; the cursor is at the p. */
static int property(struct translation *t)
{
	const char *close = t->end - t->p > 2 && t->p[1] == '{' ? memchr(t->p, '}', (size_t)(t->end - t->p)) : NULL;
	char name[24];
	if (!close)
		return refuse(t, "\\p without braces");
	const char *from = t->p + 2;
	bool not = *t->p == 'P';
	if (*from == '^') {
		not = !not ;
		from++;
	}
	size_t len = (size_t)(close - from);
	if (len >= sizeof name)
		return refuse(t, "this property");
	memcpy(name, from, len);
	name[len] = '\0';
	bool script = is_script(name);
	if (!script && !is_category(name))
		return refuse(t, "this property");
	if (t->caseless)
		return refuse(t, "a property in a caseless part");
	buf_printf(t->out, "\\%c{%s%s}", not ? 'P' : 'p', script && t->new_scripts ? "sc:" : "", name);
	t->p = close + 1;
	return 0;
}

/* \s \S \d \D \p \P, in brackets or not; the cursor is at the letter. 1: it is none of them. */
static int escaped_set(struct translation *t, bool in_class)
{
	char c = *t->p;
	if (c == 'p' || c == 'P')
		return property(t);
	if (c == 'd' || c == 'D')
		buf_adds(t->out, c == 'd' ? "\\p{Nd}" : "\\P{Nd}");
	else if (c == 's' || c == 'S')
		buf_printf(t->out,
		        in_class   ? "%s"
		        : c == 's' ? "[%s]"
		                   : "[^%s]",
		        c == 'S' && in_class ? NO_SPACES : SPACES);
	else
		return 1;
	t->p++;
	return 0;
}

/* One character of a class, escaped or not. 1: a set, which has been written. */
static int class_char(struct translation *t, uint32_t *cp)
{
	if (*t->p == '[')
		return refuse(t, "a set in a set");
	if (t->end - t->p > 1 && t->p[0] == '&' && t->p[1] == '&')
		return refuse(t, "an intersection of sets (&&)");
	if (*t->p != '\\') {
		t->p += utf8_decode(t->p, (size_t)(t->end - t->p), cp);
		return 0;
	}
	if (++t->p == t->end)
		return refuse(t, "an open end");
	int rc = escaped_set(t, true);
	if (rc <= 0)
		return rc ? rc : 1;
	rc = escaped_char(t, cp);
	return rc == 1 ? refuse(t, "this escape in a set") : rc;
}

/* A caseless set may hold single ASCII characters only: what else folds to several is not known here. */
static int class_item(struct translation *t)
{
	uint32_t from, to;
	int rc = class_char(t, &from);
	if (rc < 0)
		return rc;
	bool range = t->end - t->p > 1 && t->p[0] == '-' && t->p[1] != ']';
	if (rc == 1)
		return range ? refuse(t, "a range that starts with a set") : 0;
	if (t->caseless && (from >= 0x80 || range))
		return refuse(t, "this caseless set");
	emit_char(t, from);
	if (!range)
		return 0;
	t->p++;
	rc = class_char(t, &to);
	if (rc)
		return rc < 0 ? rc : refuse(t, "a range that ends with a set");
	if (to < from)
		return refuse(t, "an empty range");
	buf_addc(t->out, '-');
	emit_char(t, to);
	t->literal = t->literal || tok_newer_touches(from, to);
	return 0;
}

static int class_of(struct translation *t)
{
	t->atom = t->out->len;
	t->last = '\0';
	buf_addc(t->out, '[');
	t->p++;
	if (t->p < t->end && *t->p == '^') {
		if (t->caseless)
			return refuse(t, "this caseless set");
		buf_addc(t->out, '^');
		t->p++;
	}
	if (t->p < t->end && *t->p == ']')
		return refuse(t, "an empty set");
	while (t->p < t->end && *t->p != ']') {
		int rc = class_item(t);
		if (rc)
			return rc;
	}
	if (t->p == t->end)
		return refuse(t, "an open set");
	t->p++;
	buf_addc(t->out, ']');
	return 0;
}

/* ---- groups and quantifiers ---- */

static int group_open(struct translation *t)
{
	static const struct {
		const char *text;
		bool looks, caseless;
	} kinds[] = {{"(?:", false, false}, {"(?>", false, false}, {"(?=", true, false}, {"(?!", true, false},
	        {"(?<=", true, false}, {"(?<!", true, false}, {"(?i:", false, true}};
	size_t left = (size_t)(t->end - t->p);
	if (t->depth == GROUPS_MAX)
		return refuse(t, "such deep groups");
	struct group *g = &t->groups[t->depth++];
	*g = (struct group){t->out->len, t->caseless, false};
	t->last = '\0';
	t->atom = NO_ATOM;
	if (left > 1 && t->p[1] != '?') {
		buf_adds(t->out, "(?:");
		t->p++;
		return 0;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t n = strlen(kinds[i].text);
		if (left > n && memcmp(t->p, kinds[i].text, n) == 0) {
			buf_adds(t->out, kinds[i].text);
			t->p += n;
			g->looks = kinds[i].looks;
			t->caseless = t->caseless || kinds[i].caseless;
			return 0;
		}
	}
	return refuse(t, "this kind of group");
}

static int group_close(struct translation *t)
{
	if (t->depth == 0)
		return refuse(t, "a group that was not opened");
	struct group *g = &t->groups[--t->depth];
	buf_addc(t->out, ')');
	t->p++;
	t->caseless = g->caseless;
	t->atom = g->looks ? NO_ATOM : g->start;
	t->last = '\0';
	return 0;
}

/* {n} {n,} {n,m} {,m} at the cursor: 1 and the bounds (-1: none); 0: a brace that is meant literally. */
static int interval(struct translation *t, int *min, int *max)
{
	const char *p = t->p + 1;
	int n[2] = {-1, -1}, k = 0;
	for (; p < t->end && *p != '}'; p++) {
		if (*p == ',' && k == 0)
			k = 1;
		else if (!isdigit((unsigned char)*p) || n[k] > 6000)
			return 0;
		else
			n[k] = (n[k] < 0 ? 0 : n[k] * 10) + (*p - '0');
	}
	if (p == t->end || (n[0] < 0 && n[1] < 0))
		return 0;
	*min = n[0] < 0 ? 0 : n[0];
	*max = k ? n[1] : n[0];
	t->p = p + 1;
	return 1;
}

static int quantify_interval(struct translation *t, int min, int max)
{
	bool fixed = min == max, wrap = t->p < t->end && *t->p == '+';
	char text[40];
	int n = max < 0 ? snprintf(text, sizeof text, "{%d,}", min) : snprintf(text, sizeof text, "{%d,%d}", min, max);
	if (max >= 0 && max < min)
		return refuse(t, "such a repeat");
	if (fixed && t->p < t->end && *t->p == '?')
		return refuse(t, "{n}?");
	buf_add(t->out, text, (size_t)n);
	if (wrap) {
		/* (?: in front of what is repeated: moved up by its length */
		buf_adds(t->out, "   ");
		if (t->out->failed)
			return 0;
		char *at = t->out->data + t->atom;
		memmove(at + 3, at, t->out->len - t->atom - 3);
		memcpy(at, "(?:", 3);
		buf_adds(t->out, ")+");
		t->p++;
	} else if (t->p < t->end && *t->p == '?') {
		buf_addc(t->out, *t->p++);
	}
	return 0;
}

static int quantify(struct translation *t)
{
	int min, max, rc = 0;
	bool braces = *t->p == '{';
	if (braces && interval(t, &min, &max) == 0) {
		t->p++;
		t->atom = t->out->len;
		t->last = '\0';
		buf_adds(t->out, "\\{");
		return 0;
	}
	if (t->atom == NO_ATOM)
		return refuse(t, "a repeat of this");
	if (braces) {
		rc = quantify_interval(t, min, max);
	} else {
		buf_addc(t->out, *t->p++);
		if (t->p < t->end && (*t->p == '+' || *t->p == '?'))
			buf_addc(t->out, *t->p++);
	}
	t->atom = NO_ATOM;
	t->last = '\0';
	return rc;
}

/* ---- the rest ---- */

/* Pairs of letters that one character can stand for without case. */
static bool folds_together(char a, char b)
{
	return (a == 's' && (b == 's' || b == 't')) || (a == 'f' && (b == 'f' || b == 'i' || b == 'l'));
}

static int literal(struct translation *t, uint32_t cp)
{
	if (t->caseless) {
		char c = (char)(cp < 0x80 ? tolower((int)cp) : '\0');
		if (cp >= 0x80 || folds_together(t->last, c))
			return refuse(t, "these letters in a caseless part");
		t->last = c;
	}
	t->atom = t->out->len;
	emit_char(t, cp);
	return 0;
}

static int escape(struct translation *t)
{
	uint32_t cp;
	if (++t->p == t->end)
		return refuse(t, "an open end");
	size_t at = t->out->len;
	int rc = escaped_set(t, false);
	if (rc == 0) {
		t->atom = at;
		t->last = '\0';
	}
	if (rc <= 0)
		return rc;
	if (*t->p == 'A' || *t->p == 'z') {
		buf_printf(t->out, "\\%c", *t->p++);
		t->atom = NO_ATOM;
		return 0;
	}
	rc = escaped_char(t, &cp);
	return rc == 1 ? refuse(t, "this escape") : rc ? rc : literal(t, cp);
}

static int translate_one(struct translation *t)
{
	uint32_t cp;
	switch (*t->p) {
	case '\\':
		return escape(t);
	case '[':
		return class_of(t);
	case '(':
		return group_open(t);
	case ')':
		return group_close(t);
	case '*':
	case '+':
	case '?':
	case '{':
		return quantify(t);
	case '^':
	case '$':
		buf_printf(t->out, "(?m:%c)", *t->p++);
		t->atom = NO_ATOM;
		return 0;
	case '|':
		buf_addc(t->out, *t->p++);
		t->atom = NO_ATOM;
		t->last = '\0';
		return 0;
	case '.':
		t->atom = t->out->len;
		t->last = '\0';
		buf_addc(t->out, *t->p++);
		return 0;
	default:
		t->p += utf8_decode(t->p, (size_t)(t->end - t->p), &cp);
		return literal(t, cp);
	}
}

/* Whether \p{Han} means script extensions in this PCRE2. */
static bool scripts_extended(void)
{
	char version[64] = "";
	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof version)
		pcre2_config(PCRE2_CONFIG_VERSION, version);
	char *rest;
	long major = strtol(version, &rest, 10);
	return major > 10 || (major == 10 && *rest == '.' && strtol(rest + 1, NULL, 10) >= 40);
}

int tok_regex_translate(const char *pattern, size_t len, struct buf *out, bool *literal, struct err *e)
{
	struct translation t = {.start = pattern,
	        .p = pattern,
	        .end = pattern + len,
	        .out = out,
	        .e = e,
	        .atom = NO_ATOM,
	        .new_scripts = scripts_extended()};
	if (len > TOK_PATTERN_MAX)
		return err_set(e, ERR_LIMIT, "a pattern of %zu bytes is longer than the %d that are read", len,
		        TOK_PATTERN_MAX);
	while (t.p < t.end) {
		int rc = translate_one(&t);
		if (rc)
			return rc;
	}
	*literal = t.literal;
	if (t.depth > 0)
		return refuse(&t, "an open group");
	return out->failed ? err_set(e, ERR_LIMIT, "a pattern is too long") : 0;
}

static int compile(pcre2_code **out, const char *pattern, size_t len, uint32_t options, struct err *e)
{
	int code;
	size_t at;
	uint32_t empty = 0;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (!context)
		return err_set(e, ERR_NOMEM, "no memory for a pattern");
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(context, 2 * GROUPS_MAX);
	*out = pcre2_compile((PCRE2_SPTR)pattern, len, options | PCRE2_UTF, &code, &at, context);
	pcre2_compile_context_free(context);
	if (!*out) {
		char words[160];
		if (pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof words) < 0)
			words[0] = '\0';
		return err_set(e, ERR_PROTO, "a pattern is not understood: %s", words);
	}
	pcre2_pattern_info(*out, PCRE2_INFO_MATCHEMPTY, &empty);
	if (empty) {
		pcre2_code_free(*out);
		*out = NULL;
		return err_set(e, ERR_PROTO, "a pattern that can match nothing at all is not supported");
	}
	return 0;
}

int tok_regex_compile(pcre2_code **out, bool *literal, const char *pattern, size_t len, bool literally, struct err *e)
{
	struct buf made;
	*out = NULL;
	*literal = literally;
	if (literally) {
		if (len == 0 || len > TOK_PATTERN_MAX)
			return err_set(e, ERR_PROTO, "a text of %zu bytes to split at is not supported", len);
		return compile(out, pattern, len, PCRE2_LITERAL, e);
	}
	buf_init(&made, (size_t)64 << 10);
	int rc = tok_regex_translate(pattern, len, &made, literal, e);
	if (rc == 0)
		rc = compile(out, buf_text(&made), made.len, PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, e);
	buf_free(&made);
	return rc;
}
