#include "cli_results.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/shelf/export.h"
#include "term/term.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)1 << 30)

static int fail(const struct err *e)
{
	fprintf(stderr, "benchtop: %s\n", e->text);
	return e->code == ERR_USAGE ? 1 : 2;
}

/* CSV and the aggregate form need each run whole; what cannot be read is said, and left out. */
static int add_runs(const struct shelf *s, bool csv, struct buf *out, struct err *e)
{
	for (int i = 0; i < s->n && !out->failed; i++) {
		const struct shelf_entry *x = &s->entries[i];
		struct shelf_run *run = NULL;
		struct err why = {0};
		char path[300];
		text_copy(path, sizeof path, x->path);
		if (x->kind == SHELF_UNREADABLE) {
			fprintf(stderr, "benchtop: left out: %s: %s\n", path, x->note);
			continue;
		}
		int rc = shelf_open(&run, x->path, &why);
		if (rc == ERR_NOMEM)
			return err_set(e, rc, "%s", why.text);
		if (rc == 0 && csv)
			export_csv(run, out);
		else if (rc == 0)
			export_infmax(run, NULL, out);
		else
			fprintf(stderr, "benchtop: left out: %s: %s\n", path, why.text);
		shelf_close(run);
	}
	return 0;
}

static int make(const struct options *o, const struct shelf *s, struct buf *out, struct err *e)
{
	struct winsize w;
	int rc = 0, cols = 0;
	bool to_terminal = (!o->out_file[0] || strcmp(o->out_file, "-") == 0) && isatty(STDOUT_FILENO);
	switch (o->output) {
	case OUTPUT_JSON:
		for (int i = 0; i < s->n; i++)
			export_json(&s->entries[i], out);
		break;
	case OUTPUT_CSV:
		export_csv_head(out);
		rc = add_runs(s, true, out, e);
		break;
	case OUTPUT_INFMAX:
		buf_adds(out, "[\n");
		rc = add_runs(s, false, out, e);
		buf_adds(out, "\n]\n");
		break;
	default:
		if (to_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
			cols = w.ws_col;
		results_table(s, cols, o->ascii || !term_is_utf8(), out);
		break;
	}
	if (rc == 0 && out->failed)
		rc = err_set(
		        e, ERR_LIMIT, "the runs do not fit in %zu bytes of text: name fewer directories", OUTPUT_MAX);
	return rc;
}

static int deliver(const struct options *o, const struct buf *text, struct err *e)
{
	if (o->out_file[0] && strcmp(o->out_file, "-") != 0)
		return file_write_named(o->out_file, buf_text(text), text->len, e);
	if (fwrite(buf_text(text), 1, text->len, stdout) != text->len || fflush(stdout) == EOF)
		return err_sys(e, ERR_IO, errno, "cannot write the table");
	return 0;
}

int cli_results(const struct options *o)
{
	struct shelf *s = NULL;
	struct err e = {0};
	struct buf text;
	const char *dir = o->settings.results_dir;
	int rc = o->n_args > 0 ? shelf_scan(&s, o->args, o->n_args, NULL, &e) : shelf_scan(&s, &dir, 1, NULL, &e);
	if (rc)
		return fail(&e);
	buf_init(&text, OUTPUT_MAX);
	if (s->cut)
		fprintf(stderr, "benchtop: more is there than is listed: name fewer directories\n");
	if (s->n == 0)
		fprintf(stderr, "benchtop: there is no run in %s\n", o->n_args > 0 ? o->args[0] : dir);
	rc = s->n == 0 && (o->output == OUTPUT_AUTO || o->output == OUTPUT_PLAIN) ? 0 : make(o, s, &text, &e);
	if (rc == 0)
		rc = deliver(o, &text, &e);
	shelf_free(s);
	buf_free(&text);
	return rc ? fail(&e) : 0;
}
