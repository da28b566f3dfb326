/* `benchtop shot SCREEN [DIR]`: a picture of a screen, without a terminal. The same journal gives the same picture. */
#ifndef BENCHTOP_CLI_SHOT_H
#define BENCHTOP_CLI_SHOT_H
#include "draw/theme.h"
#include "replay.h"
#include "shot_results.h"

struct shot {
	char dir[512]; /* empty: no run, an empty board */
	struct replay replay;
	struct track track;
	struct settings settings;
	struct view view;
	struct theme theme;
	struct shot_results *results; /* of the screens of results, else NULL */
	int rows, cols;
	bool ascii;
	char format[8]; /* txt, ansi, svg */
	char file[512]; /* empty: standard output */
};

/* From the options, whose settings.results_dir says where runs are. The shot is large: on the heap, or static. ERR_USAGE
 * in words for a wrong screen, directory, format or theme. shot_close in any case. */
int shot_open(struct shot *s, const struct options *o, struct err *e);
int shot_picture(struct shot *s, struct buf *b, struct err *e);
void shot_close(struct shot *s);
/* Names of the screens, by index; NULL past the end. */
const char *shot_screen(int i);

/* The command: exit status. */
int cli_shot(const struct options *o);

#endif
