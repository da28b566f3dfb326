#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/base/file.h"
#include "../../tui/draw/picture.h"
#include "golden.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void golden_text(const char *path, const struct buf *drawn)
{
	struct buf want;
	struct err e = {0};
	if (getenv("GOLDEN_WRITE")) {
		if (file_write_atomic(path, buf_text(drawn), drawn->len, &e) != 0)
			fail_msg("%s", e.text);
		return;
	}
	buf_init(&want, 1 << 20);
	if (file_read(path, &want, &e) != 0)
		fail_msg("%s (GOLDEN_WRITE=1 writes it)", e.text);
	if (strcmp(buf_text(&want), buf_text(drawn)) != 0)
		fail_msg("%s differs (GOLDEN_WRITE=1 writes it anew). Drawn now:\n%s", path, buf_text(drawn));
	buf_free(&want);
}

static const char *const role_words[ROLE_count] = {
#define ROLE(NAME, key, doc) key,
#include "../../tui/draw/roles.def"
#undef ROLE
};

/* "header*10 title*4+bold": what each run of a row is, blanks counted with the run before them. */
static void roles_append(const struct canvas *c, struct buf *b)
{
	static const char *const attrs[] = {"bold", "reverse", "underline", "dim", "focus", "form", "head"};
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols;) {
			const struct canvas_cell *p = canvas_at(c, row, col), *q = p;
			int n = 0;
			do {
				n++;
				q = canvas_at(c, row, col + n);
			} while (q && q->attr == p->attr && (q->role == p->role || q->cp == ' ' || q->cp == 0));
			col += n;
			bool rest = !q && p->role == ROLE_TEXT && p->attr == 0;
			if (rest && p->cp == ' ')
				break;
			buf_printf(b, "%s%s*%d", col > n ? " " : "", role_words[p->role], n);
			for (int i = 0; i < 7; i++)
				if (p->attr & (1 << i))
					buf_printf(b, "+%s", attrs[i]);
		}
		buf_printf(b, "\n");
	}
}

/* GOLDEN_PICTURES=DIR: every scene as a picture, in the theme GOLDEN_THEME (default dark), for the eye. */
static void picture(const char *name, const struct canvas *c)
{
	const char *dir = getenv("GOLDEN_PICTURES"), *theme = getenv("GOLDEN_THEME");
	char path[600];
	struct theme t;
	struct buf b;
	struct err e = {0};
	if (!dir)
		return;
	buf_init(&b, 4 << 20);
	assert_int_equal(theme_load(&t, theme ? theme : "dark", NULL), 0);
	assert_int_equal(picture_svg(c, &t, &b), 0);
	snprintf(path, sizeof path, "%s/%s_%dx%d.svg", dir, name, c->cols, c->rows);
	if (file_write_atomic(path, buf_text(&b), b.len, &e) != 0)
		fail_msg("%s", e.text);
	buf_free(&b);
}

void golden_canvas(const char *name, const struct canvas *c)
{
	const char *dir = getenv("GOLDEN_DIR");
	char path[512];
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_int_equal(picture_txt(c, &b), 0);
	assert_int_equal(buf_printf(&b, "---- roles\n"), 0);
	roles_append(c, &b);
	assert_false(b.failed);
	snprintf(path, sizeof path, "%s/%s_%dx%d.txt", dir && *dir ? dir : "tests/golden", name, c->cols, c->rows);
	golden_text(path, &b);
	picture(name, c);
	buf_free(&b);
}

void golden_cells_sane(const struct canvas *c)
{
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols; col++) {
			const struct canvas_cell *p = canvas_at(c, row, col);
			bool ok = p->role < ROLE_count && p->width <= 2 && (p->width == 0) == (p->cp == 0);
			ok = ok && (p->cp == 0 || p->cp >= 0x20) && (!c->ascii || p->cp < 0x7f);
			ok = ok && (p->width != 2 || (col + 1 < c->cols && canvas_at(c, row, col + 1)->width == 0));
			if (!ok)
				fail_msg("a bad cell at %d,%d of %dx%d", row, col, c->cols, c->rows);
		}
	}
}
