/* Themes: what each role looks like, read from themes/NAME.theme (embedded, looked up on disk first).
 *
 * A file: lines `role = FG [on BG] [bold] [dim] [reverse] [underline]`, colours `#rrggbb`, `default`, or one of the 16 names
 * (black red green yellow blue magenta cyan white, bright-*); `role.8 = ...` gives the 8-colour value, `role.mono = ...` the
 * monochrome attributes; `background = #rrggbb|default`; '#' at the start of a line begins a comment. An error names file
 * and line.
 */
#ifndef BENCHTOP_THEME_H
#define BENCHTOP_THEME_H
#include "../../engine/base/err.h"
#include "../../engine/plan/track.h"
#include "canvas.h"

struct theme_color {
	bool is_default;
	uint8_t r, g, b;
	int8_t ansi; /* 0..15 when given by name, else -1 */
};

struct theme_look {
	struct theme_color fg, bg;
	int attr; /* ATTR_* */
};

struct theme {
	char name[32];
	struct theme_color background, foreground; /* of the whole screen */
	struct theme_look full[ROLE_count];        /* 256 colours and more */
	struct theme_look eight[ROLE_count];       /* 8 or 16 colours */
	int mono[ROLE_count];                      /* ATTR_* alone */
};

/* name or path; NULL = "default". ERR_USAGE names file and line, or lists the known themes. */
int theme_load(struct theme *out, const char *name, struct err *e);
int theme_parse(struct theme *out, const char *text, size_t len, const char *source, struct err *e);
/* Names of the embedded themes, by index; NULL past the end. */
const char *theme_name(int i);
/* $XDG_CONFIG_HOME/benchtop/themes, else ~/.config/benchtop/themes; false without either variable. */
bool theme_user_dir(char *out, size_t cap);
/* What theme_load knows by name: the embedded ones, then those of the user's directory in order; one that has the name of
 * an embedded one takes its place. `own` (may be NULL) says which are the user's. Returns how many, at most cap. */
int theme_list(char names[][32], bool *own, int cap);
/* Nearest colour of the xterm 256 palette (16..255), and of the 8 ANSI colours. */
int theme_to_256(struct theme_color c);
int theme_to_8(struct theme_color c);

/* What a cell looks like at a colour depth: 0 monochrome (attr alone), 8, or 256 and more. Resolves the
 * surfaces (ATTR_FOCUS, _FORM, _HEAD); attr of the result holds ATTR_BOLD, _DIM, _REVERSE and _UNDERLINE only. */
struct theme_look theme_resolve(const struct theme *t, int depth, enum role role, int attr);
/* Contrast of two colours as WCAG defines it, 1..21; a default colour counts as the theme's fallback. */
double theme_contrast(struct theme_color a, struct theme_color b);

extern const struct embedded_file embedded_themes[]; /* {name without .theme, text, length}; ends with name NULL */

#endif
