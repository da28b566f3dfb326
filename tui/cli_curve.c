#include "cli_curve.h"

#include "../engine/base/file.h"
#include "../engine/base/json.h"
#include "../engine/base/text.h"
#include "../engine/shelf/curve.h"
#include "draw/chart.h"
#include "draw/picture.h"
#include "results_fill.h"
#include "screen/curve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS      (CURVE_SETS - 1)
#define PAIRS     16
#define TEXT_COLS 110
#define SVG_MAX   ((size_t)8 << 20)
#define TEXT_MAX  ((size_t)4 << 20)

struct job {
	const struct options *o;
	struct shelf_run *run[RUNS];
	char name[RUNS][80];
	int n;
	struct track track;
	int pair[PAIRS][2], n_pairs;
	struct chart_about about;
	struct curve curve;
	struct chart chart;
	struct buf out; /* what goes to standard output */
};

/* ---- which runs, which track, which pairs ---- */

/* The newest run in a directory of runs. */
static int open_newest(struct shelf_run **out, const char *dir, struct err *e)
{
	const char *dirs[] = {dir};
	struct shelf *shelf = NULL;
	char clean[300];
	int rc = shelf_scan(&shelf, dirs, 1, NULL, e);
	if (rc < 0)
		return rc;
	const struct shelf_entry *entry = results_newest(shelf, 0, 0);
	if (entry) {
		rc = shelf_open(out, entry->path, e);
	} else {
		text_copy(clean, sizeof clean, dirs[0]);
		rc = err_set(e, ERR_USAGE,
		        "no run with a passed row is in %s: name a run's directory, or give --results-dir", clean);
	}
	shelf_free(shelf);
	return rc;
}

static int open_runs(struct job *j, struct err *e)
{
	if (j->o->n_args == 0) {
		int rc = open_newest(&j->run[0], j->o->settings.results_dir, e);
		j->n = rc == 0;
		return rc;
	}
	if (j->o->n_args > RUNS)
		return err_set(e, ERR_USAGE, "%d runs are given, a chart holds %d: leave some out", j->o->n_args, RUNS);
	for (int i = 0; i < j->o->n_args; i++) {
		const char *path = j->o->args[i];
		int rc = shelf_is_run(path) ? shelf_open(&j->run[i], path, e) : open_newest(&j->run[i], path, e);
		if (rc < 0)
			return rc;
		j->n = i + 1;
	}
	return 0;
}

static const char *track_of(const struct shelf_run *r)
{
	return r->board->run.track;
}

/* Points of different tracks were measured by different rules: they do not belong on one chart. Runs of the official tool
 * do not name theirs; they are taken for the track when its model is what they measured. */
static int find_track(struct job *j, struct err *e)
{
	const struct shelf_run *named = NULL;
	for (int i = 0; i < j->n; i++) {
		const struct shelf_run *r = j->run[i];
		if (named && track_of(r)[0] && strcmp(track_of(r), track_of(named)) != 0)
			return err_set(e, ERR_USAGE,
			        "%.100s was measured on the track %.63s and %.100s on %.63s: only runs of one track can be compared on a curve",
			        named->name, track_of(named), r->name, track_of(r));
		if (!named && track_of(r)[0])
			named = r;
	}
	const char *wanted = j->o->track;
	int rc = track_load(&j->track, wanted[0] ? wanted : named ? track_of(named) : NULL, e);
	if (rc < 0 && !wanted[0] && named)
		return err_set(e, ERR_USAGE, "the run's track \"%.63s\" is not known here: give its file with --track",
		        track_of(named));
	for (int i = 0; rc == 0 && i < j->n && !wanted[0]; i++) {
		const char *model = j->run[i]->board->run.model;
		if (!track_of(j->run[i])[0] && model[0] && strcmp(model, j->track.model) != 0)
			return err_set(e, ERR_USAGE,
			        "%.100s does not name its track, and its model %.100s is not that of %.63s: give its track with --track",
			        j->run[i]->name, model, j->track.name);
	}
	return rc;
}

static void add_pair(struct job *j, int isl, int osl)
{
	for (int i = 0; i < j->n_pairs; i++)
		if (j->pair[i][0] == isl && j->pair[i][1] == osl)
			return;
	if (j->n_pairs == PAIRS)
		return;
	j->pair[j->n_pairs][0] = isl;
	j->pair[j->n_pairs++][1] = osl;
}

static bool has_point(struct job *j, const struct shelf_run *r, int isl, int osl)
{
	curve_init(&j->curve, &j->track, isl, osl);
	return curve_add(&j->curve, r, "");
}

static int find_pairs(struct job *j, struct err *e)
{
	const struct settings *s = &j->o->settings;
	bool one = s->batch && s->n_pairs == 1;
	for (int i = 0; i < j->n; i++) {
		int n = results_run_pairs(j->run[i], 0, NULL, NULL);
		for (int k = 0; k < n; k++) {
			int isl = 0, osl = 0;
			results_run_pairs(j->run[i], k, &isl, &osl);
			if ((!one || (isl == s->pairs[0][0] && osl == s->pairs[0][1])) &&
			        has_point(j, j->run[i], isl, osl))
				add_pair(j, isl, osl);
		}
	}
	if (j->n_pairs > 0)
		return 0;
	if (one)
		return err_set(e, ERR_USAGE,
		        "no row of %d/%d has passed in %s: leave -isl and -osl out to see what has", s->pairs[0][0],
		        s->pairs[0][1], j->n == 1 ? j->run[0]->name : "these runs");
	return err_set(e, ERR_USAGE, "no row has passed in %s: there is no point to draw",
	        j->n == 1 ? j->run[0]->name : "these runs");
}

/* Runs that began in the same minute on the same commit get a number. */
static void name_runs(struct job *j)
{
	for (int i = 0; i < j->n; i++) {
		char name[60];
		int same = 1;
		results_name(j->run[i], name, sizeof name);
		text_copy(j->name[i], sizeof j->name[i], name);
		for (int k = 0; k < i; k++) {
			char other[60];
			same += strcmp(results_name(j->run[k], other, sizeof other), name) == 0;
		}
		if (same > 1)
			snprintf(j->name[i], sizeof j->name[i], "%.59s #%d", name, same);
	}
}

static void tell_about(struct job *j)
{
	struct chart_about *a = &j->about;
	for (int i = 0; i < j->n; i++) {
		const struct shelf_run *r = j->run[i];
		const char *model = r->board->run.model;
		if (r->wall_ns > 0 && (a->first_wall_ns == 0 || r->wall_ns < a->first_wall_ns))
			a->first_wall_ns = r->wall_ns;
		if (r->wall_ns > a->last_wall_ns)
			a->last_wall_ns = r->wall_ns;
		if (i == 0)
			a->model = model;
		else if (strcmp(a->model, model) != 0)
			a->model = "different models";
	}
}

/* ---- text and JSON ---- */

static void add_table(struct job *j, const struct curve *cv)
{
	struct canvas c;
	const struct curve_set *ours = curve_ours(cv);
	if (!ours || canvas_open(&c, ours->n + 1, TEXT_COLS, j->o->ascii) < 0)
		return;
	curve_table_draw(&c, (struct rect){0, 0, c.rows, c.cols}, cv);
	picture_txt(&c, &j->out);
	canvas_close(&c);
}

/* Each run for itself: the verdict of a curve is that of its first one. */
static void text_run(struct job *j, int i, int isl, int osl)
{
	struct curve *cv = &j->curve;
	char note[sizeof j->run[i]->note], path[sizeof j->run[i]->path];
	curve_init(cv, &j->track, isl, osl);
	bool have = curve_add(cv, j->run[i], j->name[i]);
	curve_judge(cv);
	text_copy(path, sizeof path, j->run[i]->path);
	text_copy(note, sizeof note, j->run[i]->note);
	buf_printf(&j->out, "\n%s   %s\n", j->name[i], path);
	if (note[0])
		buf_printf(&j->out, "! %s\n", note);
	if (!have) {
		buf_printf(&j->out, "  no row of %d/%d has passed in it\n", isl, osl);
		return;
	}
	add_table(j, cv);
	buf_printf(&j->out, "E2E         %s\ntok/s/user  %s\n", cv->by_e2e.text, cv->by_intvty.text);
	for (int k = 0; k < curve_ours(cv)->n; k++)
		if (curve_ours(cv)->p[k].doubts > 0) {
			buf_adds(&j->out, "? behind a CONC: it carries a doubt; the run's page says which\n");
			break;
		}
}

static void text_pair(struct job *j, int isl, int osl)
{
	buf_printf(&j->out, "%s%s   %d/%d%s\n", j->out.len > 0 ? "\n" : "", j->track.name, isl, osl,
	        j->track.demo ? "   simulated server: no real numbers" : "");
	for (int i = 0; i < j->n; i++)
		text_run(j, i, isl, osl);
	buf_printf(&j->out, "\n%s\n", j->curve.method);
	for (int i = 0; i < j->track.n_notes && curve_reference(&j->curve); i++)
		buf_printf(&j->out, "%s\n", j->track.reference_notes[i]);
}

static void json_verdict(
        struct json_out *w, const char *key, const struct curve_verdict *v, const struct curve_set *ours)
{
	json_key(w, key);
	json_object(w);
	json_key(w, "above");
	json_i64(w, v->above);
	json_key(w, "of");
	json_i64(w, v->of);
	json_key(w, "missing");
	json_i64(w, v->missing);
	json_key(w, "share_needed");
	json_f64(w, v->share_needed);
	json_key(w, "met"); /* null: no rule, no verdict, or open */
	if (v->of == 0 || !(v->share_needed > 0) || v->open)
		json_null(w);
	else
		json_bool(w, v->met);
	json_key(w, "text");
	json_str(w, v->text);
	json_key(w, "curve_there");
	json_array(w);
	for (int i = 0; ours && i < ours->n; i++)
		json_f64(w, v->at[i]);
	json_array_end(w);
	json_key(w, "gap");
	json_array(w);
	for (int i = 0; ours && i < ours->n; i++)
		json_f64(w, v->gap[i]);
	json_array_end(w);
	json_object_end(w);
}

static void json_points(struct json_out *w, const struct curve_set *s)
{
	json_key(w, "points");
	json_array(w);
	for (int i = 0; s && i < s->n; i++) {
		const struct curve_point *p = &s->p[i];
		json_object(w);
		json_key(w, "conc");
		json_i64(w, p->conc);
		json_key(w, "tput_per_gpu");
		json_f64(w, p->tput);
		json_key(w, "median_e2el_ms");
		json_f64(w, p->e2e_ms);
		json_key(w, "interactivity");
		json_f64(w, p->intvty);
		json_key(w, "runs");
		json_i64(w, p->runs);
		json_key(w, "doubts");
		json_i64(w, p->doubts);
		json_object_end(w);
	}
	json_array_end(w);
}

/* One line a pair; `svg` NULL: none was written. */
static void json_pair(struct job *j, int isl, int osl, const char *svg)
{
	struct json_out w;
	struct curve *cv = &j->curve;
	json_out_init(&w, &j->out, JSON_COMPACT, false);
	json_object(&w);
	json_key(&w, "track");
	json_str(&w, j->track.name);
	json_key(&w, "isl");
	json_i64(&w, isl);
	json_key(&w, "osl");
	json_i64(&w, osl);
	json_key(&w, "svg");
	json_str(&w, svg);
	json_key(&w, "runs");
	json_array(&w);
	for (int i = 0; i < j->n; i++) {
		curve_init(cv, &j->track, isl, osl);
		curve_add(cv, j->run[i], j->name[i]);
		curve_judge(cv);
		json_object(&w);
		json_key(&w, "name");
		json_str(&w, j->name[i]);
		json_key(&w, "path");
		json_str(&w, j->run[i]->path);
		json_points(&w, curve_ours(cv));
		json_verdict(&w, "e2e", &cv->by_e2e, curve_ours(cv));
		json_verdict(&w, "interactivity", &cv->by_intvty, curve_ours(cv));
		json_object_end(&w);
	}
	json_array_end(&w);
	json_key(&w, "reference");
	json_object(&w);
	json_key(&w, "name");
	json_str(&w, curve_reference(cv) ? curve_reference(cv)->name : NULL);
	json_points(&w, curve_reference(cv));
	json_object_end(&w);
	json_key(&w, "method");
	json_str(&w, cv->method);
	json_object_end(&w);
	buf_addc(&j->out, '\n');
}

/* ---- the chart ---- */

/* FILE.svg, or FILE_isl1024_osl1024.svg when there are several pairs. */
static int svg_name(const struct job *j, int k, char *out, size_t cap, struct err *e)
{
	const char *file = j->o->out_file, *dot = strrchr(path_base(file), '.');
	int n = j->n_pairs == 1 ? snprintf(out, cap, "%s", file)
	                        : snprintf(out, cap, "%.*s_isl%d_osl%d.svg", (int)(dot - file), file, j->pair[k][0],
	                                  j->pair[k][1]);
	if (n < 0 || (size_t)n >= cap)
		return err_set(e, ERR_USAGE, "the name of the chart is too long: give a shorter one behind -o");
	return 0;
}

static int check_output(const struct job *j, struct err *e)
{
	const char *file = j->o->out_file, *dot = strrchr(path_base(file), '.');
	char clean[200];
	text_copy(clean, sizeof clean, file);
	if (strcmp(file, "-") == 0)
		return j->n_pairs == 1 && j->o->output != OUTPUT_JSON
		               ? 0
		               : err_set(e, ERR_USAGE, "-o - writes one chart to standard output: %s",
		                         j->n_pairs == 1 ? "leave --json out, or name a file"
		                                         : "choose a pair with -isl and -osl, or name a file");
	if (file[0] && (!dot || dot == path_base(file) || strcmp(dot, ".svg") != 0))
		return err_set(e, ERR_USAGE, "the chart is an SVG file: let %s end in .svg", clean);
	return 0;
}

static int write_chart(struct job *j, int k, const struct theme *t, const char *path, struct err *e)
{
	struct buf svg;
	curve_init(&j->curve, &j->track, j->pair[k][0], j->pair[k][1]);
	for (int i = 0; i < j->n; i++)
		curve_add(&j->curve, j->run[i], j->name[i]);
	curve_judge(&j->curve);
	chart_lay(&j->chart, &j->curve, &j->about);
	buf_init(&svg, SVG_MAX);
	int rc = chart_svg(&j->chart, t, &svg);
	if (rc < 0)
		err_set(e, rc, "the chart is larger than %zu bytes", SVG_MAX);
	else if (strcmp(path, "-") == 0)
		rc = buf_add(&j->out, buf_text(&svg), svg.len);
	else
		rc = file_write_named(path, buf_text(&svg), svg.len, e);
	buf_free(&svg);
	return rc;
}

static void say_chart(struct job *j, int k, const char *path)
{
	char clean[512];
	text_copy(clean, sizeof clean, path);
	buf_printf(&j->out, "%s   %d/%d\n  E2E         %s\n  tok/s/user  %s\n", clean, j->pair[k][0], j->pair[k][1],
	        j->curve.by_e2e.text, j->curve.by_intvty.text);
}

static int make_pair(struct job *j, int k, const struct theme *t, struct err *e)
{
	char path[600] = "";
	bool to_file = j->o->out_file[0] != '\0';
	int rc = to_file ? svg_name(j, k, path, sizeof path, e) : 0;
	if (rc == 0 && to_file)
		rc = write_chart(j, k, t, path, e);
	if (rc < 0)
		return rc;
	if (j->o->output == OUTPUT_JSON)
		json_pair(j, j->pair[k][0], j->pair[k][1], to_file ? path : NULL);
	else if (!to_file)
		text_pair(j, j->pair[k][0], j->pair[k][1]);
	else if (strcmp(path, "-") != 0)
		say_chart(j, k, path);
	return 0;
}

static int make_all(struct job *j, struct err *e)
{
	const struct options *o = j->o;
	struct theme theme;
	int rc;
	if ((rc = open_runs(j, e)) < 0 || (rc = find_track(j, e)) < 0 || (rc = find_pairs(j, e)) < 0 ||
	        (rc = check_output(j, e)) < 0)
		return rc;
	/* A chart is for paper and slides: light, unless a theme is named. */
	rc = theme_load(&theme, o->theme[0] ? o->theme : o->no_color ? "mono" : "light", e);
	name_runs(j);
	tell_about(j);
	for (int k = 0; rc == 0 && k < j->n_pairs; k++)
		rc = make_pair(j, k, &theme, e);
	if (rc == 0 && o->output != OUTPUT_JSON && !o->out_file[0])
		buf_adds(&j->out, "\nThe same with -o FILE.svg is a chart; --theme NAME chooses its colours.\n");
	return rc;
}

int cli_curve(const struct options *o)
{
	struct job *j = calloc(1, sizeof *j);
	struct err e = {0};
	if (!j)
		return 2;
	j->o = o;
	buf_init(&j->out, SVG_MAX + TEXT_MAX);
	int rc = make_all(j, &e);
	if (rc == 0 && j->out.failed)
		rc = err_set(&e, ERR_LIMIT, "more text than fits: name fewer runs");
	if (rc == 0 && (fwrite(buf_text(&j->out), 1, j->out.len, stdout) != j->out.len || fflush(stdout) != 0))
		rc = err_set(&e, ERR_IO, "standard output cannot be written");
	if (rc < 0)
		fprintf(stderr, "benchtop: %s\n", e.text);
	for (int i = 0; i < RUNS; i++)
		shelf_close(j->run[i]);
	buf_free(&j->out);
	free(j);
	return rc == 0 ? 0 : rc == ERR_USAGE ? 1 : 2;
}
