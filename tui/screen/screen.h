/* The screens and the forms over them; screen.c chooses. Each draws into the whole canvas. */
#ifndef BENCHTOP_SCREEN_H
#define BENCHTOP_SCREEN_H
#include "../draw/layout.h"
#include "view.h"

void dashboard_draw(struct canvas *c, const struct board *b, const struct view *v);
void log_draw(struct canvas *c, const struct board *b, const struct view *v);
int log_rows(int rows, const struct board *b, const struct view *v); /* lines of the log on a screen of so many rows */
void results_frame_draw(struct canvas *c, const struct board *b, struct view *v); /* screens 3 and 4 */
void sheet_draw(struct canvas *c, const struct board *b, const struct view *v);
void help_draw(struct canvas *c, const struct view *v);
int help_lines(const struct view *v); /* lines of the whole help text, for tests and scrolling */
void forms_draw(struct canvas *c, const struct board *b, const struct view *v); /* edit, pairs, theme, quit, notice */
void toosmall_draw(struct canvas *c, const struct view *v);
void footer_draw(struct canvas *c, struct rect r, const struct board *b, const struct view *v);

/* Clears a rectangle in the middle and frames it; returns the room inside, one blank from the frame. `bottom` is a line
 * of keys drawn on the last line of the room by the caller. form_close gives all of it the form's background. */
struct rect form_open(struct canvas *c, int rows, int cols, const char *title, const char *right);
void form_close(struct canvas *c, struct rect inside);
/* Wraps text into r at blanks; returns the rows used. Draws nothing with c NULL (to measure). */
int form_wrap(struct canvas *c, struct rect r, enum role role, int attr, const char *text);
/* The keys of the open modal, from the actions, on one line. */
void form_keys(struct canvas *c, int row, int col, int cols, const struct view *v);

#endif
