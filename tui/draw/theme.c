#include "theme.h"
#include "../../engine/base/buf.h"
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include <stdlib.h>
#include <string.h>

#define THEME_BYTES 65536

static const char *const role_keys[ROLE_count] = {
#define ROLE(NAME, key, doc) key,
#include "roles.def"
#undef ROLE
};

static const char *const ansi_names[16] = {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
        "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
        "bright-white"};
/* What the names look like in a picture; a terminal uses its own palette. */
static const uint8_t ansi_rgb[16][3] = {{0, 0, 0}, {205, 49, 49}, {13, 188, 121}, {229, 229, 16}, {36, 114, 200},
        {188, 63, 188}, {17, 168, 205}, {229, 229, 229}, {118, 118, 118}, {241, 76, 76}, {35, 209, 139}, {245, 245, 67},
        {59, 142, 234}, {214, 112, 214}, {41, 184, 219}, {255, 255, 255}};

static const struct theme_color no_color = {true, 0, 0, 0, -1};

/* One theme being read: what each role has been given so far. */
struct reader {
	struct theme *t;
	const char *source;
	int line;
	struct err *e;
	bool full[ROLE_count], eight[ROLE_count], mono[ROLE_count];
	bool own_bg[ROLE_count];
};

/* A word of a line, bounded by blanks. */
struct word {
	const char *s;
	size_t len;
};

static bool word_is(struct word w, const char *text)
{
	return strlen(text) == w.len && memcmp(w.s, text, w.len) == 0;
}

static struct word next_word(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t' || **at == '\r'))
		(*at)++;
	struct word w = {*at, 0};
	while (*at < end && **at != ' ' && **at != '\t' && **at != '\r') {
		(*at)++;
		w.len++;
	}
	return w;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool color_parse(struct theme_color *out, struct word w)
{
	if (word_is(w, "default")) {
		*out = no_color;
		return true;
	}
	for (int i = 0; i < 16; i++) {
		if (word_is(w, ansi_names[i])) {
			*out = (struct theme_color){false, ansi_rgb[i][0], ansi_rgb[i][1], ansi_rgb[i][2], (int8_t)i};
			return true;
		}
	}
	if (w.len != 7 || w.s[0] != '#')
		return false;
	int v[6];
	for (int i = 0; i < 6; i++) {
		v[i] = hex_digit(w.s[i + 1]);
		if (v[i] < 0)
			return false;
	}
	*out = (struct theme_color){
	        false, (uint8_t)(v[0] * 16 + v[1]), (uint8_t)(v[2] * 16 + v[3]), (uint8_t)(v[4] * 16 + v[5]), -1};
	return true;
}

static int fail(struct reader *r, struct word w, const char *what)
{
	return err_set(r->e, ERR_USAGE, "%s, line %d: \"%.*s\" %s", r->source, r->line, (int)(w.len < 60 ? w.len : 60),
	        w.s, what);
}

static int attr_of(struct word w)
{
	return word_is(w, "bold")        ? ATTR_BOLD
	       : word_is(w, "dim")       ? ATTR_DIM
	       : word_is(w, "reverse")   ? ATTR_REVERSE
	       : word_is(w, "underline") ? ATTR_UNDERLINE
	       : word_is(w, "plain")     ? 0
	                                 : -1;
}

/* "FG [on BG] [attributes]"; *has_bg says whether BG was given. Without colours (mono) only attributes. */
static int look_parse(
        struct reader *r, struct theme_look *look, bool *has_bg, bool colours, const char *at, const char *end)
{
	*look = (struct theme_look){no_color, no_color, 0};
	*has_bg = false;
	struct word w = next_word(&at, end);
	if (w.len == 0)
		return fail(r, w, "a value is missing after '='");
	if (colours) {
		if (!color_parse(&look->fg, w))
			return fail(r, w, "is not a colour: #rrggbb, default, or a name such as bright-blue");
		w = next_word(&at, end);
		if (word_is(w, "on")) {
			w = next_word(&at, end);
			if (!color_parse(&look->bg, w))
				return fail(r, w, "is not a background colour: #rrggbb, default, or a name");
			*has_bg = true;
			w = next_word(&at, end);
		}
	}
	for (; w.len > 0; w = next_word(&at, end)) {
		int attr = attr_of(w);
		if (attr < 0)
			return fail(r, w, "is not one of bold dim reverse underline plain");
		look->attr |= attr;
	}
	return 0;
}

static int role_find(struct word w)
{
	for (int i = 0; i < ROLE_count; i++) {
		if (word_is(w, role_keys[i]))
			return i;
	}
	return -1;
}

static int whole_parse(struct reader *r, struct theme_color *out, const char *at, const char *end)
{
	struct word w = next_word(&at, end);
	if (!color_parse(out, w))
		return fail(r, w, "is not a colour: #rrggbb or default");
	w = next_word(&at, end);
	return w.len == 0 ? 0 : fail(r, w, "does not belong here");
}

static int line_parse(struct reader *r, const char *at, const char *end)
{
	struct word key = next_word(&at, end), equals = next_word(&at, end);
	struct theme *t = r->t;
	if (key.len == 0 || key.s[0] == '#')
		return 0;
	if (!word_is(equals, "="))
		return fail(r, key, "is not followed by ' = ' and a value");
	if (word_is(key, "background"))
		return whole_parse(r, &t->background, at, end);
	if (word_is(key, "foreground"))
		return whole_parse(r, &t->foreground, at, end);
	bool eight = key.len > 2 && memcmp(key.s + key.len - 2, ".8", 2) == 0;
	bool mono = key.len > 5 && memcmp(key.s + key.len - 5, ".mono", 5) == 0, has_bg;
	struct word base = {key.s, key.len - (eight ? 2u : mono ? 5u : 0u)};
	struct theme_look look;
	int role = role_find(base);
	if (role < 0)
		return fail(r, key, "is not a role of a theme");
	bool *seen = mono ? r->mono : eight ? r->eight : r->full;
	if (seen[role])
		return fail(r, key, "is set twice");
	seen[role] = true;
	int rc = look_parse(r, &look, &has_bg, !mono, at, end);
	if (rc)
		return rc;
	if (mono)
		t->mono[role] = look.attr;
	else if (eight)
		t->eight[role] = look;
	else {
		t->full[role] = look;
		r->own_bg[role] = has_bg;
	}
	return 0;
}

/* Eight colours stand on the terminal's own background: greys become the default, hues the nearest of six; a surface
 * that has its own background is shown in reverse. */
static struct theme_look eight_from(struct theme_look full, bool surface)
{
	struct theme_look look = {no_color, no_color, full.attr};
	int c = full.fg.is_default ? 7 : theme_to_8(full.fg);
	if (c != 0 && c != 7)
		look.fg = (struct theme_color){false, ansi_rgb[c][0], ansi_rgb[c][1], ansi_rgb[c][2], (int8_t)c};
	if (surface)
		look.attr |= ATTR_REVERSE;
	return look;
}

static void complete(struct reader *r)
{
	struct theme *t = r->t;
	for (int i = 0; i < ROLE_count; i++) {
		struct theme_look *full = &t->full[i];
		if (!r->full[i])
			*full = (struct theme_look){t->foreground, t->background, 0};
		if (full->fg.is_default)
			full->fg = t->foreground;
		if (!r->own_bg[i])
			full->bg = t->background;
		bool surface = r->own_bg[i] && (i == ROLE_FOCUS || i == ROLE_HEADER || i == ROLE_FORM_FIELD);
		if (!r->eight[i])
			t->eight[i] = eight_from(*full, surface);
		if (!r->mono[i])
			t->mono[i] = full->attr | (surface ? ATTR_REVERSE : 0);
	}
}

int theme_parse(struct theme *out, const char *text, size_t len, const char *source, struct err *e)
{
	struct theme t;
	memset(&t, 0, sizeof t);
	t.background = t.foreground = no_color;
	for (int i = 0; i < ROLE_count; i++)
		t.full[i] = t.eight[i] = (struct theme_look){no_color, no_color, 0};
	struct reader r = {.t = &t, .source = source, .e = e};
	const char *at = text, *end = text + len;
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		eol = eol ? eol : end;
		r.line++;
		int rc = line_parse(&r, at, eol);
		if (rc)
			return rc;
		at = eol < end ? eol + 1 : end;
	}
	complete(&r);
	const char *base = path_base(source);
	size_t n = strlen(base);
	if (n > 6 && strcmp(base + n - 6, ".theme") == 0)
		n -= 6;
	n = n < sizeof t.name ? n : sizeof t.name - 1;
	memcpy(t.name, base, n);
	t.name[n] = '\0';
	*out = t;
	return 0;
}

static int load_file(struct theme *out, const char *path, struct err *e)
{
	struct buf b;
	buf_init(&b, THEME_BYTES);
	int rc = file_read(path, &b, e);
	if (rc == 0)
		rc = theme_parse(out, buf_text(&b), b.len, path, e);
	else if (e)
		e->code = rc = ERR_USAGE;
	buf_free(&b);
	return rc;
}

static bool user_path(char *out, size_t cap, const char *name)
{
	char dir[900], file[128];
	struct buf b;
	buf_init(&b, sizeof file - 1);
	buf_printf(&b, "%s.theme", name);
	bool ok = !b.failed && text_set(file, sizeof file, buf_text(&b));
	buf_free(&b);
	return ok && theme_user_dir(dir, sizeof dir) && path_join(out, cap, dir, file);
}

int theme_load(struct theme *out, const char *name, struct err *e)
{
	char path[1024];
	if (!name || !*name)
		name = "default";
	size_t len = strlen(name);
	if (strchr(name, '/') || (len > 6 && strcmp(name + len - 6, ".theme") == 0))
		return load_file(out, name, e);
	if (user_path(path, sizeof path, name) && file_exists(path))
		return load_file(out, path, e);
	for (const struct embedded_file *f = embedded_themes; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return theme_parse(out, f->data, f->len, f->name, e);
	}
	char known[300] = "";
	size_t used = 0;
	for (int i = 0; theme_name(i); i++) {
		const char *parts[] = {i ? ", " : "", theme_name(i)};
		for (int k = 0; k < 2; k++) {
			if (text_set(known + used, sizeof known - used, parts[k]))
				used += strlen(parts[k]);
		}
	}
	return err_set(e, ERR_USAGE, "there is no theme \"%.60s\"; known are %s, or the path of a file", name, known);
}

const char *theme_name(int i)
{
	for (int k = 0; embedded_themes[k].name; k++) {
		if (k == i)
			return embedded_themes[k].name;
	}
	return NULL;
}
