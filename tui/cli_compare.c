#include "cli_compare.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/shelf/compare.h"
#include "term/term.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)16 << 20)
#define COLS_FILE  120 /* of a file or a pipe */

struct comparison {
	struct compare_side a, b;
	struct compare_result *result;
	struct shelf *history;
};

/* A path, or the name of a run in the results directory. */
static int load(struct compare_side *s, const char *arg, const char *results_dir, struct err *e)
{
	char path[512], clean[300];
	bool below =
	        access(arg, F_OK) != 0 && path_join(path, sizeof path, results_dir, arg) && access(path, F_OK) == 0;
	int rc = compare_side_load(s, below ? path : arg, e);
	if (rc != ERR_PROTO)
		return rc;
	text_copy(clean, sizeof clean, below ? path : arg);
	err_prefix(e, "%s is no run and no result file", clean);
	return ERR_USAGE; /* something else was named */
}

static int compare(struct comparison *c, const struct options *o, struct err *e)
{
	const char *dir = o->settings.results_dir[0] ? o->settings.results_dir : ".";
	struct compare_options how = {0};
	struct err ignored = {0};
	int rc = load(&c->a, o->args[0], dir, e);
	if (rc == 0)
		rc = load(&c->b, o->args[1], dir, e);
	if (rc < 0)
		return rc;
	/* What was not repeated may have been measured before. */
	if ((c->a.n_starts < 2 || c->b.n_starts < 2) && shelf_scan(&c->history, &dir, 1, NULL, &ignored) == 0)
		how.history = c->history;
	return compare_sides(&c->result, &c->a, &c->b, &how, e);
}

static int columns(bool to_terminal)
{
	struct winsize w;
	if (to_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		return w.ws_col;
	return COLS_FILE;
}

static int deliver(const struct comparison *c, const struct options *o, struct err *e)
{
	bool to_file = o->out_file[0] && strcmp(o->out_file, "-") != 0;
	struct buf text;
	buf_init(&text, OUTPUT_MAX);
	int rc = o->output == OUTPUT_JSON
	                 ? compare_json(c->result, &c->a, &c->b, &text)
	                 : compare_text(c->result, &c->a, &c->b, columns(!to_file && isatty(STDOUT_FILENO)),
	                           o->ascii || !term_is_utf8(), &text);
	if (rc < 0)
		rc = err_set(e, rc, "the comparison does not fit in %zu bytes", OUTPUT_MAX);
	else if (to_file)
		rc = file_write_named(o->out_file, buf_text(&text), text.len, e);
	else if (fwrite(buf_text(&text), 1, text.len, stdout) != text.len || fflush(stdout) != 0)
		rc = err_sys(e, ERR_IO, errno, "the comparison cannot be written to standard output");
	buf_free(&text);
	return rc;
}

int cli_compare(const struct options *o)
{
	struct comparison *c = calloc(1, sizeof *c);
	struct err e = {0};
	if (!c) {
		fprintf(stderr, "benchtop: out of memory\n");
		return 2;
	}
	int rc = compare(c, o, &e);
	if (rc == 0)
		rc = deliver(c, o, &e);
	if (rc < 0)
		fprintf(stderr, "benchtop: %s\n", e.text);
	compare_free(c->result);
	compare_side_free(&c->a);
	compare_side_free(&c->b);
	shelf_free(c->history);
	free(c);
	return rc == 0 ? 0 : rc == ERR_USAGE ? 1 : 2;
}
