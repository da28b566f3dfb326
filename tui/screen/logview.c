/* A window onto a log: the moves. */
#include "logview.h"
#include "../../engine/base/text.h"
#include "../draw/widget.h"
#include <string.h>

int logview_open(struct logview *v, struct logfile *lf, struct err *e)
{
	*v = (struct logview){.lf = lf, .follow = true, .height = 1, .width = 80, .empty = true};
	v->rows = logrows_open(lf);
	if (!v->rows)
		return err_set(e, ERR_NOMEM, "no memory to show %s", logfile_path(lf));
	logfile_facts(lf, &v->facts);
	return 0;
}

void logview_close(struct logview *v)
{
	logrows_close(v->rows);
	logsearch_close(v->light);
	logsearch_close(v->light_filter);
	*v = (struct logview){0};
}

static void say(struct logview *v, const char *note)
{
	text_set(v->note, sizeof v->note, note);
}

/* ---- where rows stand ---- */

static int64_t at_of(const struct logview *v, const struct logrow_at *at)
{
	const struct log_row *row = logrows_row(v->rows, at);
	return row ? row->at : 0;
}

static int height_of(const struct logview *v, const struct logrow_at *at)
{
	const struct log_row *row = logrows_row(v->rows, at);
	return row ? logview_row_height(v, row) : 1;
}

/* Puts the top so that `at` is the last row that is seen whole. */
static void top_for_bottom(struct logview *v, struct logrow_at at)
{
	int used = height_of(v, &at);
	v->top = at_of(v, &at);
	while (logrows_step(v->rows, &at, -1)) {
		used += height_of(v, &at);
		if (used > v->height)
			return;
		v->top = at_of(v, &at);
	}
}

/* Moves the window as little as needed for `cur` to be in it. */
static void settle(struct logview *v)
{
	struct logrow_at at, top;
	v->empty = !logrows_find(v->rows, v->cur, &at);
	if (v->empty)
		return;
	v->cur = at_of(v, &at);
	if (v->cur < v->top || !logrows_find(v->rows, v->top, &top)) {
		v->top = v->cur;
		top = at;
	}
	v->top = at_of(v, &top);
	int used = 0;
	for (struct logrow_at p = top;;) {
		used += height_of(v, &p);
		if (used > v->height && used > height_of(v, &p)) {
			top_for_bottom(v, at);
			break;
		}
		if (at_of(v, &p) >= v->cur)
			break;
		if (!logrows_step(v->rows, &p, 1))
			break;
	}
	/* no void below the last row while there are rows above */
	struct logrow_at last;
	if (logrows_last(v->rows, &last) && logrows_find(v->rows, v->top, &top)) {
		int64_t was = v->top;
		used = 0;
		struct logrow_at p = top;
		do
			used += height_of(v, &p);
		while (used < v->height && logrows_step(v->rows, &p, 1));
		if (used < v->height)
			top_for_bottom(v, last);
		if (v->top > was)
			v->top = was;
	}
}

static void stand_at_end(struct logview *v)
{
	struct logrow_at last;
	v->follow = true;
	v->empty = !logrows_last(v->rows, &last);
	if (v->empty)
		return;
	v->cur = at_of(v, &last);
	top_for_bottom(v, last);
}

static bool at_last(struct logview *v)
{
	struct logrow_at at, last;
	return !logrows_find(v->rows, v->cur, &at) || !logrows_last(v->rows, &last) ||
	       (at.block == last.block && at.index == last.index);
}

static bool same_pattern(const struct logfile_pattern *a, const struct logfile_pattern *b)
{
	return a->set == b->set && a->hits == b->hits && a->from == b->from && a->to == b->to &&
	       a->complete == b->complete && a->gave_up == b->gave_up && a->costly == b->costly;
}

static bool same_facts(const struct logfile_facts *a, const struct logfile_facts *b)
{
	for (int i = 0; i < LOGFILE_SLOTS; i++)
		if (!same_pattern(&a->pattern[i], &b->pattern[i]))
			return false;
	return a->size == b->size && a->indexed == b->indexed && a->lines == b->lines && a->errors == b->errors &&
	       a->warnings == b->warnings && a->errors_before == b->errors_before &&
	       a->warnings_before == b->warnings_before && a->complete == b->complete && a->missing == b->missing &&
	       a->generation == b->generation;
}

bool logview_update(struct logview *v, int height, int width)
{
	struct logfile_facts f;
	bool resized = height != v->height || width != v->width;
	logfile_facts(v->lf, &f);
	bool changed = resized || !same_facts(&f, &v->facts);
	bool fresh = f.generation != v->facts.generation;
	bool more = f.size != v->facts.size ||
	            f.pattern[LOGFILE_FILTER].hits != v->facts.pattern[LOGFILE_FILTER].hits ||
	            f.pattern[LOGFILE_FILTER].from != v->facts.pattern[LOGFILE_FILTER].from;
	v->facts = f;
	v->height = height > 0 ? height : 1;
	v->width = width > 0 ? width : 1;
	if (fresh) {
		logrows_forget(v->rows);
		v->n_marks = 0;
		v->top = v->cur = 0;
		v->follow = true;
		say(v, "the log began anew");
	}
	if (v->follow && (fresh || resized || more || v->empty))
		stand_at_end(v);
	else if (resized || v->empty || more)
		settle(v);
	return changed;
}

/* ---- moves ---- */

static void go(struct logview *v, int64_t at)
{
	v->cur = at;
	v->follow = false;
	settle(v);
	v->follow = at_last(v);
}

void logview_move(struct logview *v, int rows)
{
	struct logrow_at at;
	v->note[0] = '\0';
	if (!logrows_find(v->rows, v->cur, &at))
		return;
	while (rows != 0 && logrows_step(v->rows, &at, rows > 0 ? 1 : -1))
		rows -= rows > 0 ? 1 : -1;
	go(v, at_of(v, &at));
}

void logview_page(struct logview *v, int pages)
{
	int rows = v->height > 1 ? v->height - 1 : 1;
	logview_move(v, pages * rows);
}

void logview_home(struct logview *v)
{
	v->note[0] = '\0';
	v->top = 0;
	go(v, 0);
}

void logview_end(struct logview *v)
{
	v->note[0] = '\0';
	stand_at_end(v);
}

/* Shows a place with some of what stands before it. */
static void show(struct logview *v, int64_t at)
{
	int64_t top = v->top;
	go(v, at);
	if (v->top == top)
		return;
	struct logrow_at p;
	if (!logrows_find(v->rows, v->cur, &p))
		return;
	int used = height_of(v, &p);
	while (used < v->height / 3 && logrows_step(v->rows, &p, -1))
		used += height_of(v, &p);
	v->top = at_of(v, &p);
	settle(v);
}

/* From the end of the row at `cur` when it stands for several lines, so that the next one is another row. */
void logview_next(struct logview *v, int dir, enum log_what what)
{
	static const char *const names[] = {"hit", "error", "warning"};
	struct logrow_at at, to;
	int64_t from = v->cur;
	v->note[0] = '\0';
	if (what == LOGFILE_HIT && !v->search[0]) {
		say(v, "nothing is searched for: / asks for a pattern");
		return;
	}
	if (!logrows_find(v->rows, v->cur, &at))
		return;
	for (int i = 0; i < 100000; i++) {
		int64_t found = logfile_next(v->lf, from, dir, what);
		if (found < 0) {
			str_fmt(v->note, sizeof v->note, found == -2 ? "still looking for the %s %s" : "no %s %s",
			        dir > 0 ? "next" : "earlier", names[what]);
			return;
		}
		/* a hit in the same folded row is none that could be seen */
		if (!logrows_find(v->rows, found, &to) || to.block != at.block || to.index != at.index) {
			show(v, found);
			return;
		}
		from = found;
	}
}

void logview_mark(struct logview *v)
{
	int i = 0;
	if (v->empty)
		return;
	while (i < v->n_marks && v->marks[i] < v->cur)
		i++;
	if (i < v->n_marks && v->marks[i] == v->cur) {
		memmove(&v->marks[i], &v->marks[i + 1], sizeof v->marks[0] * (size_t)(--v->n_marks - i));
		return;
	}
	if (v->n_marks == LOGVIEW_MARKS) {
		str_fmt(v->note, sizeof v->note, "there are %d marks already", LOGVIEW_MARKS);
		return;
	}
	memmove(&v->marks[i + 1], &v->marks[i], sizeof v->marks[0] * (size_t)(v->n_marks++ - i));
	v->marks[i] = v->cur;
}

void logview_next_mark(struct logview *v, int dir)
{
	int i = dir > 0 ? 0 : v->n_marks - 1;
	v->note[0] = '\0';
	while (i >= 0 && i < v->n_marks && (dir > 0 ? v->marks[i] <= v->cur : v->marks[i] >= v->cur))
		i += dir > 0 ? 1 : -1;
	if (i < 0 || i >= v->n_marks) {
		say(v, v->n_marks == 0 ? "no line is marked" : dir > 0 ? "no next mark" : "no earlier mark");
		return;
	}
	show(v, v->marks[i]);
}

void logview_unfold(struct logview *v)
{
	struct logrow_at at;
	const struct log_row *row;
	v->note[0] = '\0';
	if (v->raw || !logrows_find(v->rows, v->cur, &at) || !(row = logrows_row(v->rows, &at)))
		return;
	logrows_unfold(v->rows, row);
	v->follow = false;
	settle(v);
}

/* ---- ways to show ---- */

void logview_raw(struct logview *v)
{
	v->raw = !v->raw;
	logrows_raw(v->rows, v->raw);
	if (v->follow)
		stand_at_end(v);
	else
		settle(v);
}

void logview_wrap(struct logview *v)
{
	v->wrap = !v->wrap;
	v->shift = 0;
	if (v->follow)
		stand_at_end(v);
	else
		settle(v);
}

void logview_shift(struct logview *v, int columns)
{
	v->shift += columns;
	if (v->shift < 0 || v->wrap)
		v->shift = 0;
	if (v->shift > LOGROWS_TEXT)
		v->shift = LOGROWS_TEXT;
}

/* The pattern in the log and its copy that colours; both or neither. */
static int set_pattern(
        struct logview *v, enum log_slot slot, const char *pattern, struct logsearch **light, char *kept, struct err *e)
{
	struct logsearch *s = NULL;
	int rc = pattern[0] ? logsearch_open(&s, pattern, e) : 0;
	if (rc == 0)
		rc = logfile_find(v->lf, slot, pattern, e);
	if (rc < 0) {
		logsearch_close(s);
		return rc;
	}
	logsearch_close(*light);
	*light = s;
	text_set(kept, LOGSEARCH_PATTERN, pattern);
	v->note[0] = '\0';
	return 0;
}

int logview_search(struct logview *v, const char *pattern, struct err *e)
{
	return set_pattern(v, LOGFILE_SEARCH, pattern, &v->light, v->search, e);
}

int logview_filter(struct logview *v, const char *pattern, struct err *e)
{
	int rc = set_pattern(v, LOGFILE_FILTER, pattern, &v->light_filter, v->filter, e);
	if (rc < 0)
		return rc;
	logrows_filtered(v->rows, pattern[0] != '\0');
	if (v->follow)
		stand_at_end(v);
	else
		settle(v);
	return 0;
}

void logview_goto_line(struct logview *v, int64_t line)
{
	int64_t at = logfile_position(v->lf, line);
	v->note[0] = '\0';
	if (at < 0)
		say(v, v->facts.complete ? "the log has no such line" : "the log is not indexed that far yet");
	else
		show(v, at);
}

void logview_goto_time(struct logview *v, int64_t wall_ns)
{
	int64_t at = logfile_at_time(v->lf, wall_ns);
	v->note[0] = '\0';
	if (at < 0)
		say(v, "the log has no line of that time");
	else
		show(v, at);
}

/* ---- facts ---- */

static int share(int64_t part, int64_t whole)
{
	if (whole <= 0 || part >= whole)
		return 100;
	return part <= 0 ? 0 : (int)(part / (whole / 100 + 1));
}

void logview_facts(const struct logview *v, struct logview_facts *out)
{
	const struct logfile_facts *f = &v->facts;
	const struct logfile_pattern *s = &f->pattern[LOGFILE_SEARCH], *filter = &f->pattern[LOGFILE_FILTER];
	int64_t line = v->empty ? 0 : logfile_number(v->lf, v->cur);
	*out = (struct logview_facts){.following = v->follow,
	        .missing = f->missing,
	        .line = line > 0 ? line : -1,
	        .lines = f->complete ? f->lines : -1,
	        .percent = v->follow ? 100 : share(v->cur, f->size),
	        .indexed = f->complete ? 100 : share(f->indexed, f->size),
	        .hits = v->search[0] ? s->hits : -1,
	        .matches = v->filter[0] ? filter->hits : -1,
	        .searched = s->complete ? 100 : share(s->to - s->from, f->size),
	        .filtered = filter->complete ? 100 : share(filter->to - filter->from, f->size),
	        .errors = f->errors + f->errors_before,
	        .warnings = f->warnings + f->warnings_before};
}
