/* The dashboard's keys without loop, terminal and engine: a backend that records commands, and keys pressed by name. */
#ifndef BENCHTOP_TEST_UI_STAGE_H
#define BENCHTOP_TEST_UI_STAGE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/text.h"
#include "../../tui/ui_int.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what the loop and the terminal do in the program ---- */

static struct command sent[32];
static int n_sent, refuse_next;

void ui_say(struct ui *u, enum severity sev, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(u->view.message, sizeof u->view.message, fmt, ap);
	va_end(ap);
	u->view.message_severity = sev;
}

int ui_send(struct ui *u, enum command_kind kind)
{
	struct command c = {.kind = kind, .settings = u->view.settings};
	return u->cfg->backend.command(u->cfg->backend.ctx, &c, NULL);
}

void term_theme(struct term *t, const struct theme *theme)
{
	(void)t;
	(void)theme;
}

void term_redraw(struct term *t)
{
	(void)t;
}

bool term_suspend(struct term *t)
{
	(void)t;
	return true;
}

static int take_command(void *ctx, const struct command *c, struct err *e)
{
	(void)ctx;
	if (refuse_next) {
		refuse_next = 0;
		return err_set(e, ERR_USAGE, "refused for the test");
	}
	if (n_sent < 32)
		sent[n_sent++] = *c;
	return 0;
}

/* ---- the stage ---- */

static struct track track;
static struct board board;
static struct ui ui;
static struct ui_config config;

static int setup(void **state)
{
	(void)state;
	memset(&ui, 0, sizeof ui);
	board_init(&board);
	n_sent = refuse_next = 0;
	config = (struct ui_config){.track = &track, .signal_fd = -1, .fps = 12, .board = &board};
	config.backend.command = take_command;
	ui.cfg = &config;
	ui.board = &board;
	ui.canvas.rows = 24;
	struct view *v = &ui.view;
	v->screen = SCREEN_DASHBOARD;
	v->track = &track;
	v->detached_ok = true;
	struct settings *s = &v->settings;
	s->batch = true;
	s->n_pairs = 1;
	s->pairs[0][0] = s->pairs[0][1] = 1024;
	s->num_warmups = -1;
	s->ratio = 1;
	s->mode = MODE_PERF;
	s->repeat = 1;
	text_set(s->model, sizeof s->model, track.model);
	text_set(s->base_url, sizeof s->base_url, "http://127.0.0.1:8888");
	text_set(s->result_base_url, sizeof s->result_base_url, "http://0.0.0.0:8888");
	text_set(s->results_dir, sizeof s->results_dir, ".");
	assert_int_equal(theme_load(&ui.theme, NULL, NULL), 0);
	text_set(v->theme_name, sizeof v->theme_name, "default");
	ui_replan(&ui, false);
	return 0;
}

/* Keys as the loop takes them. */
static enum ui_react press(const char *key)
{
	struct view *v = &ui.view;
	v->message[0] = '\0';
	enum action_id a = action_for_key(key, v->screen, v->modal);
	if (a != ACTION_NONE)
		return ui_action(&ui, a);
	return v->modal == MODAL_EDIT ? ui_edit_key(&ui, key) : REACT_NONE;
}

static void type(const char *text)
{
	size_t len = strlen(text), n;
	uint32_t cp;
	for (size_t at = 0; at < len; at += n) {
		char key[8] = "";
		n = utf8_decode(text + at, len - at, &cp);
		memcpy(key, text + at, n);
		press(key[0] == ' ' ? "Space" : key);
	}
}

static bool says(const char *part)
{
	return strstr(ui.view.message, part) != NULL;
}

/* Of main: false when the built-in track cannot be had. */
static bool stage_ready(void)
{
	struct err e = {0};
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	if (track_load(&track, NULL, &e) == 0)
		return true;
	fprintf(stderr, "%s\n", e.text);
	return false;
}

#endif
