/* A page of text that scrolls: lines drawn from top to bottom inside a frame or between rules, and columns that share a
 * width. The results screens are made of it; the same code measures a page (page_measure) and draws it.
 *
 * Lines outside of the area get row PAGE_OFF, where nothing is drawn. Nothing is kept or allocated.
 */
#ifndef BENCHTOP_PAGE_H
#define BENCHTOP_PAGE_H
#include "../draw/layout.h"
#include "../draw/widget.h"

#define PAGE_OFF      (-100000)
#define PAGE_COMPOSED 110 /* columns from which on a page has a frame */
#define PAGE_WIDE     160

struct page {
	struct canvas *c;
	struct rect area;
	int scroll, line; /* line: of the page, the next one to be drawn */
	bool framed;
	int left, cols; /* where the text of a line goes */
	struct canvas nothing;
};

/* A page in `area`, whose first line that is seen is `scroll` (clamped by the caller). */
void page_open(struct page *p, struct canvas *c, struct rect area, int scroll);
/* The same without a canvas: p->line counts. */
void page_measure(struct page *p, int cols);
/* The next line: its row. */
int page_next(struct page *p);
/* The next line as the top of the frame, as a rule or as the bottom; returns a pen for titles in it. Without a frame the
 * top is a rule and the bottom takes no line. */
struct pen page_top(struct page *p);
struct pen page_rule(struct page *p);
void page_bottom(struct page *p);
/* Where rule and frame lines meet a line that goes down (or up) at column col. */
void page_branch(struct page *p, int row, int col, bool up, bool down);
/* Text over as many lines as it needs, a mark before the first; hanging by `indent` columns. */
void page_wrap(struct page *p, enum role mark_role, const char *mark, int indent, enum role role, const char *text);
/* The next part of text that fits into cols, broken at a blank where there is one: bytes of it, and where the rest begins. */
size_t page_break(const char *text, int cols, size_t *rest);
/* The scroll that can be: lines of the page, rows of the area. */
int page_clamp(int scroll, int lines, int rows);

/* A column of a table. Those with the highest rank are left out first when there is no room; rank 0 always stays. What
 * is left over goes to the columns that may grow (`most`). */
struct page_column {
	const char *head;
	int gap, cols, most;
	int rank;
	bool right;
	bool strong; /* heading in ROLE_BAR_MARK */
	int at;      /* out: relative to the line */
	bool off;    /* out: left out */
};
/* Returns the columns used. */
int page_columns(struct page_column *t, int n, int cols);
void page_heads(struct canvas *c, int row, int left, const struct page_column *t, int n);
void page_cell(struct canvas *c, int row, int left, const struct page_column *t, enum role role, const char *text);
/* Shrinks to what fits: fewer decimals, no commas; never cut. Absent: a dim dash. */
void page_number(
        struct canvas *c, int row, int left, const struct page_column *t, enum role role, double v, int decimals);
/* "1.18 +": the sign has a column of its own, so that the numbers stand in line. Six columns. */
void page_ratio(struct canvas *c, int row, int left, const struct page_column *t, double ratio, bool lower_is_better);
/* "0 ····· B200 ····· 2×" over a bar, the name above the mark. */
void page_bar_head(struct canvas *c, int row, int left, const struct page_column *t, const char *name);

/* Wall time as "2025-11-24 14:00"; "—" for 0. */
char *page_date(int64_t wall_ns, char out[24]);
/* "4 8 16" growing by one number; stops when there is no room. */
void page_list_add(char *out, size_t cap, long long value);

#endif
