/* Text from outside made safe, UTF-8, display width, and strict number parsing.
 *
 * Everything that a log, a server or a board says passes text_clean() before it reaches an event, a screen or a
 * file name. Width tables are our own, so that a picture and a terminal agree whatever the locale is.
 */
#ifndef BENCHTOP_TEXT_H
#define BENCHTOP_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one code point of s[0..len); returns the number of bytes consumed (>= 1 when len > 0, 0 when len == 0).
 * An invalid, overlong or surrogate sequence gives U+FFFD and consumes one byte (or the truncated sequence's prefix). */
size_t utf8_decode(const char *s, size_t len, uint32_t *cp);
/* Encodes cp (invalid ones as U+FFFD) into out; returns 1..4; no NUL is written. */
size_t utf8_encode(uint32_t cp, char out[4]);
bool utf8_valid(const char *s, size_t len);

/* Columns of a code point: 0 (combining, zero width), 1, or 2 (East Asian wide, emoji). Controls count 0. */
int text_cp_width(uint32_t cp);
/* What text_clean removes by itself: controls, line separators, and what is invisible or reorders its neighbours. */
bool text_cp_unwanted(uint32_t cp);
/* Columns of a string. */
int text_width(const char *s, size_t len);
/* Bytes of the longest prefix of s that fits in `columns`, never splitting a character with its combining marks. */
size_t text_fit(const char *s, size_t len, int columns);

/* Copies src into dst (cap bytes with NUL, cap >= 1) as safe, valid UTF-8: CSI, OSC, DCS and other escape sequences
 * (7-bit and C1) are removed whole, tabs become one blank, other controls, bidi controls and line separators are removed,
 * invalid bytes become U+FFFD. Cut at a character border when it does not fit. Returns the length written. */
size_t text_clean(char *dst, size_t cap, const char *src, size_t len);
/* text_clean on a NUL-terminated string, for event fields. */
size_t text_copy(char *dst, size_t cap, const char *src);
/* Plain bounded copy without cleaning, for paths of our own; true when it fitted whole. */
bool text_set(char *dst, size_t cap, const char *src);

/* Strict numbers: the whole string, no blanks, in range; false leaves *out alone. */
bool text_to_i64(const char *s, int64_t min, int64_t max, int64_t *out);
bool text_to_f64(const char *s, double min, double max, double *out); /* finite only, '.' whatever the locale */
/* "90", "90s", "20m", "2h", "1h30m" -> milliseconds; false when not a duration or longer than 30 days. */
bool text_to_duration_ms(const char *s, int64_t *ms);
/* "12,345.7" style with `decimals` decimals and thousands commas; NaN gives "—". Returns out. */
char *text_commas(double v, int decimals, char out[40]);

/* The first n (at most 9) characters of s, all digits, as a number; -1 when one is none, the end of s included. */
int text_digits(const char *s, int n);

#endif
