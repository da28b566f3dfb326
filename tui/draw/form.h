/* The pieces of forms: a list to pick from, a line that is typed into, choices, a table with columns of fixed width. As all
 * widgets they clip, allocate nothing and keep nothing.
 */
#ifndef BENCHTOP_FORM_H
#define BENCHTOP_FORM_H
#include "canvas.h"
#include "layout.h"

/* Draws item i into one line. */
typedef void (*list_item)(struct canvas *c, struct rect line, int i, void *ctx);
/* `count` items, the focused one marked and always in sight; arrows at the right edge say that there is more. The items have
 * two columns less at the left (the mark) and two at the right (the arrows). */
void widget_list(struct canvas *c, struct rect r, int count, int focus, list_item item, void *ctx);

/* A line of text with a cursor at byte `pos`, which is always in sight; '<' and '>' say that there is more. */
void widget_prompt(struct canvas *c, int row, int col, int cols, const char *text, int pos);

struct choice {
	const char *words, *meaning;
	bool unusable;
};
/* One choice a line, the focused one marked; what cannot be taken is dimmed, its meaning says why. */
void widget_choices(struct canvas *c, struct rect r, const struct choice *choices, int count, int focus);

struct table_column {
	const char *head;
	int cols;
	bool right; /* numbers */
};
struct table_cell {
	const char *text; /* NULL = nothing */
	enum role role;
};
/* Columns that do not fit whole into `cols` are left out, the last ones first. Two blanks between columns. */
void widget_table_head(struct canvas *c, int row, int col, int cols, const struct table_column *t, int n);
void widget_table_row(struct canvas *c, int row, int col, int cols, const struct table_column *t, int n,
        const struct table_cell *cells);

#endif
