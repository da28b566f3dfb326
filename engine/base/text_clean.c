/* The one gate for text from outside: after text_clean no terminal does anything but print it.
 *
 * A state machine over code points. It follows what terminals do with well-formed sequences, and is stricter with the
 * rest: a sequence without an end gives up after a bound, so that one stray byte cannot make a whole log line vanish.
 */
#include "text.h"
#include <string.h>

#define CSI_MAX    128  /* parameters of a control sequence */
#define STRING_MAX 4096 /* a title, a link, a picture: DCS, OSC and the like */

enum clean_state { PLAIN, ESCAPE, ESCAPE_MORE, CSI, STRING, STRING_ESCAPE };

struct cleaner {
	enum clean_state state;
	size_t swallowed; /* code points since the sequence began */
};

static void clean_enter(struct cleaner *c, enum clean_state state)
{
	c->state = state;
	c->swallowed = 0;
}

/* DCS, SOS, OSC, PM, APC by the final byte of their 7-bit form; the C1 form is the same plus 0x40. */
static bool begins_string(uint32_t final)
{
	return final == 'P' || final == 'X' || final == ']' || final == '^' || final == '_';
}

static bool clean_escape(struct cleaner *c, uint32_t cp)
{
	if (cp == 0x1b) {
		clean_enter(c, ESCAPE);
	} else if (c->state == ESCAPE && cp == '[') {
		clean_enter(c, CSI);
	} else if (c->state == ESCAPE && begins_string(cp)) {
		clean_enter(c, STRING);
	} else if (cp >= 0x20 && cp <= 0x2f) {
		c->state = ESCAPE_MORE;
		if (++c->swallowed > CSI_MAX)
			c->state = PLAIN;
	} else {
		c->state = PLAIN;
		return cp >= 0x30 && cp <= 0x7e; /* the final byte; anything else was not part of it */
	}
	return true;
}

static bool clean_csi(struct cleaner *c, uint32_t cp)
{
	if (cp == 0x1b) {
		clean_enter(c, ESCAPE);
	} else if (cp >= 0x40 && cp <= 0x7e) {
		c->state = PLAIN;
	} else if (cp == 0x18 || cp == 0x1a || cp == '\n' || cp > 0x7f || ++c->swallowed > CSI_MAX) {
		c->state = PLAIN;
		return cp < 0x20;
	}
	return true;
}

static bool clean_string(struct cleaner *c, uint32_t cp)
{
	if (c->state == STRING_ESCAPE) {
		if (cp == '\\') {
			c->state = PLAIN;
			return true;
		}
		/* An ESC that does not end the string begins another sequence. */
		clean_enter(c, ESCAPE);
		return clean_escape(c, cp);
	}
	if (cp == 0x07 || cp == 0x9c || cp == 0x18 || cp == 0x1a || cp == '\n')
		c->state = PLAIN;
	else if (cp == 0x1b)
		c->state = STRING_ESCAPE;
	else if (++c->swallowed > STRING_MAX)
		c->state = PLAIN;
	return true;
}

/* True when cp belongs to an escape sequence. */
static bool clean_swallow(struct cleaner *c, uint32_t cp)
{
	switch (c->state) {
	case ESCAPE:
	case ESCAPE_MORE:
		if (clean_escape(c, cp))
			return true;
		break;
	case CSI:
		if (clean_csi(c, cp))
			return true;
		break;
	case STRING:
	case STRING_ESCAPE:
		if (clean_string(c, cp))
			return true;
		break;
	case PLAIN:
		break;
	}
	if (cp == 0x1b)
		clean_enter(c, ESCAPE);
	else if (cp == 0x9b)
		clean_enter(c, CSI);
	else if (cp >= 0x80 && cp < 0xa0 && begins_string(cp - 0x40))
		clean_enter(c, STRING);
	else
		return false;
	return true;
}

/* Controls, line separators, and what is invisible or reorders its neighbours. Variation selectors go too: they change
 * how many columns a terminal gives to the character before them. */
bool text_cp_unwanted(uint32_t cp)
{
	static const uint32_t ranges[][2] = {{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c}, {0x180b, 0x180f},
	        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	        {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}};
	if (cp >= 0x20 && cp < 0x7f)
		return false;
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (cp >= ranges[i][0] && cp <= ranges[i][1])
			return true;
	return false;
}

size_t text_clean(char *dst, size_t cap, const char *src, size_t len)
{
	struct cleaner c = {.state = PLAIN};
	size_t at = 0;
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		i += utf8_decode(src + i, len - i, &cp);
		if (clean_swallow(&c, cp))
			continue;
		if (cp == '\t')
			cp = ' ';
		if (text_cp_unwanted(cp))
			continue;
		char out[4];
		size_t n = utf8_encode(cp, out);
		if (n >= cap - at)
			break;
		memcpy(dst + at, out, n);
		at += n;
	}
	dst[at] = '\0';
	return at;
}

size_t text_copy(char *dst, size_t cap, const char *src)
{
	return text_clean(dst, cap, src ? src : "", src ? strlen(src) : 0);
}
