/* The run that was cut: told when the dashboard opens. */
#include "ui_int.h"

#include "../engine/base/file.h"
#include "../engine/event/journal.h"
#include "../engine/run/rundir.h"
#include "replay.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL ((size_t)256 << 10)

/* Where the last event of this kind begins in text; -1 nowhere. */
static long last_of(const char *text, size_t len, const char *kind)
{
	long at = -1;
	size_t n = strlen(kind);
	for (const char *p = text; (p = memmem(p, len - (size_t)(p - text), kind, n)); p += n)
		at = p - text;
	return at;
}

/* A look at the end of the journal spares the reading of hours of samples, which nearly always ended well. */
static bool ended(const char *dir)
{
	char path[600];
	char *text = malloc(TAIL);
	int fd = path_join(path, sizeof path, dir, JOURNAL_NAME) ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	bool end = size < 0 || !text;
	if (!end) {
		ssize_t n = pread(fd, text, TAIL, size > (off_t)TAIL ? size - (off_t)TAIL : 0);
		end = n < 0 || last_of(text, (size_t)n, "\"kind\":\"run_finished\"") >
		                       last_of(text, (size_t)n, "\"kind\":\"run_started\"");
	}
	if (fd >= 0)
		close(fd);
	free(text);
	return end;
}

/* The row that was in progress, -1 none. */
static int cut_row(const struct board *b)
{
	for (int i = 0; i < b->n_cells; i++)
		if (b->cells[i].planned && b->cells[i].status == CELL_RUNNING)
			return i;
	return -1;
}

void ui_tell_cut(struct ui *u)
{
	char dir[512];
	if (!rundir_find_newest(u->view.settings.results_dir, dir, sizeof dir) || replay_is_alive(dir, NULL) ||
	        ended(dir))
		return;
	struct replay *r = malloc(sizeof *r);
	if (!r || replay_read(r, dir, NULL) < 0 || r->board.finished || !r->board.run.batch) {
		free(r);
		return;
	}
	int row = cut_row(&r->board);
	const char *name = strncmp(dir, "./", 2) == 0 ? dir + 2 : dir;
	/* The command fits into 80 columns. */
	if (row >= 0)
		ui_say(u, SEV_WARN, "cut in CONC %lld: `benchtop resume %s` goes on with the run",
		        (long long)r->board.cells[row].plan.conc, name);
	else
		ui_say(u, SEV_WARN, "cut after %d rows: `benchtop resume %s` goes on with the run",
		        board_count(&r->board, CELL_PASSED), name);
	free(r);
}
