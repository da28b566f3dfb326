/* Colours: nearest of a palette, contrast, and how a role looks at a colour depth. */
#include "theme.h"
#include <math.h>

static int distance(int r, int g, int b, struct theme_color c)
{
	int dr = r - c.r, dg = g - c.g, db = b - c.b;
	return 3 * dr * dr + 4 * dg * dg + 2 * db * db;
}

/* Level of the 6x6x6 cube nearest to v. */
static int cube_level(int v)
{
	return v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40;
}

int theme_to_256(struct theme_color c)
{
	static const int levels[6] = {0, 95, 135, 175, 215, 255};
	int r = cube_level(c.r), g = cube_level(c.g), b = cube_level(c.b);
	int mean = (c.r + c.g + c.b) / 3;
	int grey = mean < 3 ? 0 : mean > 238 ? 23 : (mean - 3) / 10;
	int level = 8 + 10 * grey;
	if (distance(level, level, level, c) < distance(levels[r], levels[g], levels[b], c))
		return 232 + grey;
	return 16 + 36 * r + 6 * g + b;
}

/* By hue; what has hardly any is black or white. */
int theme_to_8(struct theme_color c)
{
	if (c.ansi >= 0)
		return c.ansi % 8;
	int high = c.r > c.g ? c.r : c.g, low = c.r < c.g ? c.r : c.g;
	high = high > c.b ? high : c.b;
	low = low < c.b ? low : c.b;
	if (high - low < 48 || (high - low) * 4 < high)
		return high < 100 ? 0 : 7;
	int middle = (high + low) / 2;
	return (c.r > middle ? 1 : 0) | (c.g > middle ? 2 : 0) | (c.b > middle ? 4 : 0);
}

static double channel(uint8_t v)
{
	double s = v / 255.0;
	return s <= 0.03928 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4);
}

static double luminance(struct theme_color c)
{
	return 0.2126 * channel(c.r) + 0.7152 * channel(c.g) + 0.0722 * channel(c.b);
}

double theme_contrast(struct theme_color a, struct theme_color b)
{
	double la = luminance(a), lb = luminance(b);
	return la > lb ? (la + 0.05) / (lb + 0.05) : (lb + 0.05) / (la + 0.05);
}

struct theme_look theme_resolve(const struct theme *t, int depth, enum role role, int attr)
{
	const int shown = ATTR_BOLD | ATTR_REVERSE | ATTR_UNDERLINE | ATTR_DIM;
	int at = (int)role >= 0 && role < ROLE_count ? (int)role : ROLE_TEXT;
	int surface = attr & ATTR_FOCUS  ? ROLE_FOCUS
	              : attr & ATTR_FORM ? ROLE_FORM
	              : attr & ATTR_HEAD ? ROLE_HEADER
	                                 : -1;
	struct theme_look none = {{true, 0, 0, 0, -1}, {true, 0, 0, 0, -1}, 0};
	if (depth == 0) {
		none.attr = (t->mono[at] | attr) & shown;
		if (surface >= 0)
			none.attr |= t->mono[surface];
		return none;
	}
	const struct theme_look *table = depth < 256 ? t->eight : t->full;
	struct theme_look look = table[at];
	look.attr = (look.attr | attr) & shown;
	if (surface >= 0 && at != ROLE_FORM_FIELD) {
		look.bg = table[surface].bg;
		look.attr |= table[surface].attr;
	}
	return look;
}
