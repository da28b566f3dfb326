#include "shot_results.h"

#include "../engine/base/clock.h"
#include "../engine/base/text.h"
#include "results_fill.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct shot_results {
	struct shelf *shelf;
	struct shelf_run *run, *pinned;
	struct track track;
	struct compare_side a, b;
	bool have_a, have_b;
	struct compare_result *result;
	struct curve curve;
};

/* Without the slashes at its end: the shelf names a run as it was named. */
static int take_path(char *out, size_t cap, const char *path, struct err *e)
{
	struct stat st;
	char clean[300];

	text_copy(clean, sizeof clean, path);
	if (!text_set(out, cap, path))
		return err_set(e, ERR_USAGE, "the path \"%s\" is too long: use a shorter one", clean);
	for (size_t n = strlen(out); n > 1 && out[n - 1] == '/'; n--)
		out[n - 1] = '\0';
	if (stat(out, &st) < 0)
		return err_set(e, ERR_USAGE, "there is no \"%s\": name a run, or a directory with runs in it", clean);
	return 0;
}

static bool is_run(const struct shelf *s, const char *path)
{
	return s->n == 1 && strcmp(s->entries[0].path, path) == 0;
}

/* The pin of a directory; that it is gone is nothing that a picture has to say. */
static void take_pin(struct shot_results *s, struct view *v, const char *dir)
{
	char path[512];

	if (results_pin_read(dir, path, sizeof path, NULL) <= 0)
		return;
	if (compare_ref_load(&v->results.ref, path, s->shelf, NULL) < 0) {
		memset(&v->results.ref, 0, sizeof v->results.ref);
		return;
	}
	v->results.ref.have = true;
	if (shelf_open(&s->pinned, path, NULL) < 0)
		s->pinned = NULL;
}

static int take_run(struct shot_results *s, struct view *v, const char *path, struct err *e)
{
	int rc = shelf_open(&s->run, path, e);

	if (rc < 0)
		return rc;
	v->results.run = s->run;
	v->results.track = results_track(s->run, v->track, &s->track);
	v->results.page = RESULTS_RUN;
	return 0;
}

static int open_results(struct shot_results *s, struct view *v, const char *path, struct err *e)
{
	bool run = is_run(s->shelf, path);

	v->screen = SCREEN_RESULTS;
	take_pin(s, v, run ? v->settings.results_dir : path);
	if (run)
		return take_run(s, v, path, e);
	v->results.shelf = s->shelf;
	text_copy(v->results.where, sizeof v->results.where, path);
	v->now_wall_ns = clock_wall_ns();
	return 0;
}

static int open_curve(struct shot_results *s, struct view *v, const char *path, struct err *e)
{
	bool run = is_run(s->shelf, path);
	const struct shelf_entry *newest = run ? NULL : results_newest(s->shelf, 0, 0);
	int rc;

	v->screen = SCREEN_CURVE;
	if (!run && !newest)
		return err_set(e, ERR_USAGE, "no run in \"%.300s\" has passed so far: there is no curve", path);
	take_pin(s, v, run ? v->settings.results_dir : path);
	if ((rc = take_run(s, v, run ? path : newest->path, e)) < 0)
		return rc;
	v->results.pair = results_pair_of(s->run, v->track, v->pair);
	if (!results_curve(&s->curve, v->results.track, s->run, s->pinned, &v->results.pair))
		return v->results.track
		               ? err_set(e, ERR_USAGE, "\"%.300s\" has no rows to draw a curve of", s->run->path)
		               : err_set(e, ERR_USAGE,
		                         "the run's track \"%.64s\" is not known here: give its file with --track",
		                         s->run->board->run.track);
	v->results.curve = &s->curve;
	return 0;
}

static int open_compare(struct shot_results *s, struct view *v, const char *a, const char *b, struct err *e)
{
	struct compare_options o = {.seed = 1, .history = s->shelf};
	int rc;

	v->screen = SCREEN_RESULTS;
	v->results.page = RESULTS_COMPARE;
	if ((rc = compare_side_load(&s->a, a, e)) < 0)
		return rc;
	s->have_a = true;
	if ((rc = compare_side_load(&s->b, b, e)) < 0)
		return rc;
	s->have_b = true;
	if ((rc = compare_sides(&s->result, &s->a, &s->b, &o, e)) < 0)
		return rc;
	v->results.side_a = &s->a;
	v->results.side_b = &s->b;
	v->results.compare = s->result;
	return 0;
}

int shot_results_open(
        struct shot_results **out, struct view *v, enum shot_page page, const char *const *paths, int n, struct err *e)
{
	struct shot_results *s = *out = calloc(1, sizeof *s);
	char a[512], b[512] = "";
	int rc;

	memset(&v->results, 0, sizeof v->results);
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (page == SHOT_COMPARE && n != 2)
		return err_set(e, ERR_USAGE, "compare needs two runs: benchtop shot compare OLD NEW");
	if (page != SHOT_COMPARE && n > 1)
		return err_set(e, ERR_USAGE, "this screen shows one run or directory, not %d", n);
	if ((rc = take_path(a, sizeof a, n > 0 ? paths[0] : v->settings.results_dir, e)) < 0 ||
	        (n > 1 && (rc = take_path(b, sizeof b, paths[1], e)) < 0))
		return rc;
	/* Of a comparison the results directory tells how much noise there is. */
	const char *where = page == SHOT_COMPARE ? v->settings.results_dir : a;
	rc = shelf_scan(&s->shelf, &where, 1, NULL, e);
	if (rc < 0 && page != SHOT_COMPARE)
		return rc;
	if (rc < 0)
		s->shelf = NULL;
	return page == SHOT_COMPARE ? open_compare(s, v, a, b, e)
	       : page == SHOT_CURVE ? open_curve(s, v, a, e)
	                            : open_results(s, v, a, e);
}

void shot_results_close(struct shot_results *s)
{
	if (!s)
		return;
	if (s->result)
		compare_free(s->result);
	if (s->have_a)
		compare_side_free(&s->a);
	if (s->have_b)
		compare_side_free(&s->b);
	shelf_close(s->run);
	shelf_close(s->pinned);
	shelf_free(s->shelf);
	free(s);
}
