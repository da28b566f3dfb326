/* Unicode's canonical composition (NFC). A text is taken in segments: one starts at each character that neither combines with
 * what is before it nor is ever rewritten, so that plain text passes untouched and marks without end cost no more than
 * their own length.
 */
#include "../base/text.h"
#include "tok_nfc_table.h"
#include "tokenizer_int.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_CAREFUL_LEAD 0xcc /* lead byte of U+0300, the first character of nfc_careful */
#define PARTS_MAX          4    /* characters that one is decomposed into */

/* Hangul syllables are computed: leading consonant, vowel, trailing consonant. */
#define S_BASE  0xac00u
#define L_BASE  0x1100u
#define V_BASE  0x1161u
#define T_BASE  0x11a7u
#define L_COUNT 19u
#define V_COUNT 21u
#define T_COUNT 28u

static uint32_t range_value(const struct nfc_range *r, size_t n, uint32_t cp, uint32_t none)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (cp > r[mid].to)
			low = mid + 1;
		else if (cp < r[mid].from)
			high = mid;
		else
			return r[mid].value;
	}
	return none;
}

static bool careful(uint32_t cp)
{
	return (nfc_blocks[cp / 64 / 32] >> (cp / 64 % 32) & 1) && range_value(nfc_careful, nfc_careful_n, cp, 1) == 0;
}

static uint32_t combining_class(uint32_t cp)
{
	return (nfc_blocks[cp / 64 / 32] >> (cp / 64 % 32) & 1) ? range_value(nfc_classes, nfc_classes_n, cp, 0) : 0;
}

/* The next careful character from `from` on, or len. */
static size_t next_careful(const char *s, size_t len, size_t from)
{
	size_t i = from;
	while (i < len) {
		uint32_t cp;
		if ((unsigned char)s[i] < FIRST_CAREFUL_LEAD) {
			i++;
			continue;
		}
		size_t n = utf8_decode(s + i, len - i, &cp);
		if (careful(cp))
			return i;
		i += n;
	}
	return len;
}

bool tok_nfc_quick(const char *s, size_t len)
{
	return next_careful(s, len, 0) == len;
}

/* ---- one segment ---- */

struct segment {
	uint32_t *cps, *spare;
	size_t n, cap;
};

static int segment_reserve(struct segment *g, size_t n)
{
	if (n <= g->cap)
		return 0;
	size_t cap = n * 2;
	uint32_t *cps = realloc(g->cps, cap * sizeof *cps);
	if (cps)
		g->cps = cps;
	uint32_t *spare = realloc(g->spare, cap * sizeof *spare);
	if (spare)
		g->spare = spare;
	if (!cps || !spare)
		return ERR_NOMEM;
	g->cap = cap;
	return 0;
}

static const struct nfc_pair *decomposition(uint32_t cp)
{
	size_t low = 0, high = nfc_decomposed_n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (nfc_decomposed[mid].a < cp)
			low = mid + 1;
		else
			high = mid;
	}
	return low < nfc_decomposed_n && nfc_decomposed[low].a == cp ? &nfc_decomposed[low] : NULL;
}

static uint32_t composition(uint32_t a, uint32_t b)
{
	if (a - L_BASE < L_COUNT && b - V_BASE < V_COUNT)
		return S_BASE + ((a - L_BASE) * V_COUNT + (b - V_BASE)) * T_COUNT;
	if (a - S_BASE < L_COUNT * V_COUNT * T_COUNT && (a - S_BASE) % T_COUNT == 0 && b > T_BASE &&
	        b < T_BASE + T_COUNT)
		return a + (b - T_BASE);
	size_t low = 0, high = nfc_composed_n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct nfc_pair *p = &nfc_composed[mid];
		if (p->a < a || (p->a == a && p->b < b))
			low = mid + 1;
		else
			high = mid;
	}
	return low < nfc_composed_n && nfc_composed[low].a == a && nfc_composed[low].b == b ? nfc_composed[low].c : 0;
}

/* cp fully decomposed behind the segment; room for PARTS_MAX is there. The first part may decompose further, never the
 * second. A Hangul syllable stays whole: composing would only put it together again. */
static void add_decomposed(struct segment *g, uint32_t cp)
{
	uint32_t behind[PARTS_MAX];
	int n = 0;
	const struct nfc_pair *p;
	while (n < PARTS_MAX - 1 && (p = decomposition(cp)) != NULL) {
		cp = p->b;
		if (p->c)
			behind[n++] = p->c;
	}
	g->cps[g->n++] = cp;
	while (n > 0)
		g->cps[g->n++] = behind[--n];
}

/* Marks in a row sorted by class, those of one class kept in order: counted, so that a long row stays cheap. */
static void order_marks(struct segment *g)
{
	for (size_t i = 0; i < g->n;) {
		size_t to = i;
		uint32_t class, last = 0;
		bool sorted = true;
		for (; to < g->n && (class = combining_class(g->cps[to])) != 0; to++) {
			sorted = sorted && class >= last;
			last = class;
		}
		if (!sorted) {
			size_t counts[257] = {0};
			for (size_t k = i; k < to; k++)
				counts[combining_class(g->cps[k]) + 1]++;
			for (size_t k = 1; k < 257; k++)
				counts[k] += counts[k - 1];
			for (size_t k = i; k < to; k++)
				g->spare[counts[combining_class(g->cps[k])]++] = g->cps[k];
			memcpy(g->cps + i, g->spare, (to - i) * sizeof *g->cps);
		}
		i = to + 1;
	}
}

static void compose(struct segment *g)
{
	size_t kept = 0, starter = SIZE_MAX;
	uint32_t last_class = 0; /* of what was kept behind the starter */
	for (size_t i = 0; i < g->n; i++) {
		uint32_t cp = g->cps[i], class = combining_class(cp), made = 0;
		bool next_to = starter != SIZE_MAX && kept == starter + 1;
		if (starter != SIZE_MAX && (next_to || last_class < class))
			made = composition(g->cps[starter], cp);
		if (made) {
			g->cps[starter] = made;
			continue;
		}
		if (class == 0)
			starter = kept;
		last_class = class;
		g->cps[kept++] = cp;
	}
	g->n = kept;
}

/* s[0..len) is one segment: its first character and the careful ones behind it. */
static int add_segment(struct buf *out, struct segment *g, const char *s, size_t len)
{
	g->n = 0;
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		i += utf8_decode(s + i, len - i, &cp);
		if (segment_reserve(g, g->n + PARTS_MAX))
			return ERR_NOMEM;
		add_decomposed(g, cp);
	}
	order_marks(g);
	compose(g);
	for (size_t i = 0; i < g->n; i++) {
		char c[4];
		buf_add(out, c, utf8_encode(g->cps[i], c));
	}
	return out->failed ? ERR_NOMEM : 0;
}

int tok_nfc(struct buf *out, const char *s, size_t len)
{
	struct segment g = {0};
	size_t done = 0;
	int rc = 0;
	while (rc == 0 && done < len) {
		uint32_t cp;
		size_t at = next_careful(s, len, done), start = at, end = at;
		if (at < len && start > done) /* the character before it belongs to the segment */
			do
				start--;
			while (start > done && ((unsigned char)s[start] & 0xc0) == 0x80);
		buf_add(out, s + done, start - done);
		for (size_t n; end < len; end += n) {
			n = utf8_decode(s + end, len - end, &cp);
			if (!careful(cp))
				break;
		}
		if (end > start)
			rc = add_segment(out, &g, s + start, end - start);
		done = end;
	}
	free(g.cps);
	free(g.spare);
	return rc || out->failed ? ERR_NOMEM : 0;
}
