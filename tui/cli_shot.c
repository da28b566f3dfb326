#include "cli_shot.h"
#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "draw/picture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE_MAX ((size_t)32 << 20)
#define LOG_BYTES   ((size_t)256 * 1024)

static const struct {
	const char *name;
	enum screen_id id;
	enum shot_page page; /* of the screens of results */
} screens[] = {{"dashboard", SCREEN_DASHBOARD, 0}, {"log", SCREEN_LOG, 0}, {"results", SCREEN_RESULTS, SHOT_RESULTS},
        {"curve", SCREEN_CURVE, SHOT_CURVE}, {"compare", SCREEN_RESULTS, SHOT_COMPARE}};

#define SCREENS ((int)(sizeof screens / sizeof screens[0]))

const char *shot_screen(int i)
{
	return i >= 0 && i < SCREENS ? screens[i].name : NULL;
}

static int choose_screen(struct shot *s, const char *word, enum shot_page *page, struct err *e)
{
	char clean[40], known[160] = "";
	for (int i = 0; i < SCREENS; i++)
		if (strcmp(screens[i].name, word) == 0) {
			s->view.screen = screens[i].id;
			*page = screens[i].page;
			return 0;
		}
	for (int i = 0; i < SCREENS; i++) {
		size_t len = strlen(known);
		snprintf(known + len, sizeof known - len, "%s%s",
		        i == 0             ? ""
		        : i + 1 == SCREENS ? " or "
		                           : ", ",
		        screens[i].name);
	}
	text_copy(clean, sizeof clean, word);
	return err_set(e, ERR_USAGE, "there is no screen \"%s\": use %s", clean, known);
}

/* The ending of a file name, when it is one of a picture. */
static const char *format_of(const char *file)
{
	static const char *const formats[] = {"txt", "ansi", "svg"};
	const char *dot = strrchr(path_base(file), '.');
	for (size_t i = 0; dot && i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(dot + 1, formats[i]) == 0)
			return formats[i];
	return NULL;
}

static int choose_output(struct shot *s, const struct options *o, struct err *e)
{
	char clean[120];
	bool to_stdout = strcmp(o->out_file, "-") == 0;
	const char *ending = to_stdout ? NULL : format_of(o->out_file);
	if (!o->format[0] && o->out_file[0] && !to_stdout && !ending) {
		text_copy(clean, sizeof clean, o->out_file);
		return err_set(e, ERR_USAGE,
		        "the form of the picture %s is not known by its name: end it in .svg, .ansi or .txt, or add --format",
		        clean);
	}
	text_set(s->format, sizeof s->format, o->format[0] ? o->format : ending ? ending : "txt");
	if (to_stdout)
		return 0;
	if (!o->out_file[0] && strcmp(s->format, "svg") == 0)
		snprintf(s->file, sizeof s->file, "benchtop_%s.svg", o->args[0]);
	else
		text_set(s->file, sizeof s->file, o->out_file);
	return 0;
}

static void choose_size(struct shot *s, const struct options *o)
{
	s->cols = 120;
	s->rows = 36;
	if (o->size[0]) { /* "120x36", checked by options_parse */
		char *x;
		s->cols = (int)strtol(o->size, &x, 10);
		s->rows = (int)strtol(x + (*x == 'x'), NULL, 10);
	}
}

/* The server's log, as far as it is still there; its end is what the screen shows. */
static void open_log(struct shot *s)
{
	const char *path = s->settings.server_log;
	if (!path[0] && s->replay.board.have_server)
		path = s->replay.board.server.log;
	if (!path[0] || !file_exists(path) || tail_open(&s->view.log, path, NULL) < 0) {
		s->view.log = NULL;
		return;
	}
	for (int i = 0; i < 4 && tail_poll(s->view.log, LOG_BYTES) > 0; i++)
		;
}

/* Of finished runs: the list, a page, a curve, a comparison. */
static int open_results(struct shot *s, const struct options *o, enum shot_page page, struct err *e)
{
	int rc = track_load(&s->track, o->settings.demo && !o->track[0] ? "demo" : o->track, e);
	if (rc < 0)
		return rc;
	s->view.track = &s->track;
	s->view.settings = s->settings;
	text_copy(s->view.theme_name, sizeof s->view.theme_name, s->theme.name);
	return shot_results_open(&s->results, &s->view, page, o->args + 1, o->n_args - 1, e);
}

int shot_open(struct shot *s, const struct options *o, struct err *e)
{
	int rc;
	enum screen_id screen;
	enum shot_page page = SHOT_RESULTS;
	memset(s, 0, sizeof *s);
	board_init(&s->replay.board);
	s->settings = o->settings;
	s->ascii = o->ascii;
	choose_size(s, o);
	if ((rc = choose_screen(s, o->args[0], &page, e)) < 0 || (rc = choose_output(s, o, e)) < 0)
		return rc;
	screen = s->view.screen;
	/* Without colours the shapes and words carry it all. */
	if ((rc = theme_load(&s->theme, o->theme[0] ? o->theme : o->no_color ? "mono" : NULL, e)) < 0)
		return rc;
	if (screen == SCREEN_RESULTS || screen == SCREEN_CURVE)
		return open_results(s, o, page, e);
	if (o->n_args > 2)
		return err_set(e, ERR_USAGE, "the %s is of one run: name one directory", o->args[0]);
	rc = replay_find(o->n_args > 1 ? o->args[1] : NULL, s->settings.results_dir, false, s->dir, sizeof s->dir, e);
	if (rc < 0 || (rc > 0 && (rc = replay_read(&s->replay, s->dir, e)) < 0))
		return rc;
	if ((rc = replay_track(&s->replay.board, o->track, &s->track, e)) < 0)
		return rc;
	replay_settings(&s->replay.board, &s->track, &s->settings);
	if ((rc = settings_check(&s->settings, &s->track, false, e)) < 0 ||
	        (rc = replay_view(&s->replay, &s->track, &s->settings, &s->view, e)) < 0)
		return rc;
	s->view.screen = screen;
	text_copy(s->view.theme_name, sizeof s->view.theme_name, s->theme.name);
	open_log(s);
	return 0;
}

int shot_picture(struct shot *s, struct buf *b, struct err *e)
{
	struct canvas c;
	if (canvas_open(&c, s->rows, s->cols, s->ascii) < 0)
		return err_set(e, ERR_NOMEM, "out of memory for a picture of %dx%d", s->cols, s->rows);
	screen_draw(&c, &s->replay.board, &s->view);
	int rc = strcmp(s->format, "svg") == 0    ? picture_svg(&c, &s->theme, b)
	         : strcmp(s->format, "ansi") == 0 ? picture_ansi(&c, &s->theme, b)
	                                          : picture_txt(&c, b);
	canvas_close(&c);
	return rc < 0 ? err_set(e, rc, "the picture is larger than %zu bytes: ask for a smaller --size", b->max) : 0;
}

void shot_close(struct shot *s)
{
	if (s->view.log)
		tail_close(s->view.log);
	s->view.log = NULL;
	shot_results_close(s->results);
	s->results = NULL;
	memset(&s->view.results, 0, sizeof s->view.results);
}

static int put_picture(const struct shot *s, const struct buf *b, struct err *e)
{
	if (s->file[0])
		return file_write_named(s->file, buf_text(b), b->len, e);
	if (fwrite(buf_text(b), 1, b->len, stdout) != b->len || fflush(stdout) != 0)
		return err_set(e, ERR_IO, "the picture cannot be written to standard output");
	return 0;
}

int cli_shot(const struct options *o)
{
	struct shot *s = malloc(sizeof *s);
	struct err e = {0};
	struct buf b;
	if (!s)
		return 2;
	buf_init(&b, PICTURE_MAX);
	int rc = shot_open(s, o, &e);
	if (rc == 0)
		rc = shot_picture(s, &b, &e);
	if (rc == 0)
		rc = put_picture(s, &b, &e);
	if (rc < 0)
		fprintf(stderr, "benchtop: %s\n", e.text);
	else if (s->file[0] && !o->out_file[0])
		printf("%s\n", s->file);
	shot_close(s);
	buf_free(&b);
	free(s);
	return rc == 0 ? 0 : rc == ERR_USAGE ? 1 : 2;
}
