/* The chart: nothing lies over anything else, everything is inside, the SVG is well formed whatever the names hold, and
 * every ink can be read in every theme.
 *
 * CHART_PICTURES=DIR writes the cases there as SVG, in a light and a dark theme, for the eye.
 */
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "../../tui/draw/chart.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* after the headers it needs */
#include <cmocka.h>

static struct track track;
static struct curve curve;
static struct chart chart;
static struct theme theme;

static const struct chart_about about = {.model = "amd/DeepSeek-R1-0528-MXFP4-Preview",
        .first_wall_ns = INT64_C(1763992800000000000),
        .last_wall_ns = INT64_C(1764252000000000000)};

static void add_set(const char *name, double tput_ratio, double slow, int every)
{
	struct curve_set *s = &curve.set[curve.n++];
	const struct curve_set *ref = &curve.set[0];
	text_copy(s->name, sizeof s->name, name);
	for (int i = 0; i < ref->n; i += every) {
		double wave = 1 + 0.05 * sin(7 * i + curve.n);
		s->p[s->n++] = (struct curve_point){.conc = ref->p[i].conc,
		        .tput = ref->p[i].tput * tput_ratio * wave,
		        .e2e_ms = ref->p[i].e2e_ms * slow / wave,
		        .intvty = ref->p[i].intvty / slow * wave,
		        .runs = 1,
		        .doubts = i == 3 && curve.n == 2};
	}
}

static void begin(int isl, int osl)
{
	assert_int_equal(track_load(&track, NULL, NULL), 0);
	curve_init(&curve, &track, isl, osl);
}

/* ---- an XML reader that is strict about what it knows ---- */

static const char *xml_name(const char *at)
{
	while (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:", *at) && *at)
		at++;
	return at;
}

static const char *xml_text(const char *at, char end)
{
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
	while (*at && *at != end && *at != '<') {
		assert_true((unsigned char)*at >= 0x20 || *at == '\n');
		if (*at == '&') {
			bool known = false;
			for (int i = 0; i < 4; i++)
				known = known || strncmp(at, entities[i], strlen(entities[i])) == 0;
			assert_true(known);
		}
		at++;
	}
	return at;
}

/* One root, tags closed in order, attributes quoted, entities known, UTF-8 without controls. Returns how many texts. */
static int assert_well_formed(const char *svg, size_t len)
{
	char open[16][16];
	int depth = 0, texts = 0, roots = 0;
	assert_true(utf8_valid(svg, len));
	assert_int_equal(strlen(svg), len);
	for (const char *at = svg; *at;) {
		at = xml_text(at, '<');
		if (!*at)
			break;
		bool closing = at[1] == '/';
		const char *name = at + (closing ? 2 : 1), *end = xml_name(name);
		size_t n = (size_t)(end - name);
		assert_true(n > 0 && n < sizeof open[0]);
		if (closing) {
			assert_true(depth > 0 && strlen(open[depth - 1]) == n);
			assert_memory_equal(open[depth - 1], name, n);
			assert_int_equal(*end, '>');
			depth--;
			at = end + 1;
			continue;
		}
		texts += n == 4 && strncmp(name, "text", 4) == 0;
		roots += depth == 0;
		for (at = end; *at == ' ';) {
			at = xml_name(at + 1);
			assert_memory_equal(at, "=\"", 2);
			at = xml_text(at + 2, '"');
			assert_int_equal(*at, '"');
			at++;
		}
		if (*at == '/') {
			assert_int_equal(at[1], '>');
			at += 2;
			continue;
		}
		assert_int_equal(*at, '>');
		assert_true(depth < 16);
		memcpy(open[depth], name, n);
		open[depth++][n] = '\0';
		at++;
	}
	assert_int_equal(depth, 0);
	assert_int_equal(roots, 1);
	return texts;
}

/* ---- what holds for every chart ---- */

static void assert_nothing_overlaps(void)
{
	for (int i = 0; i < chart.n_texts; i++) {
		struct chart_box a = chart_text_box(&chart.text[i]);
		if (a.x < 0 || a.y < 0 || a.x + a.w > CHART_WIDTH || a.y + a.h > chart.height)
			fail_msg("\"%s\" is not inside", chart.text[i].text);
		for (int k = 0; k < i; k++)
			if (chart_boxes_meet(a, chart_text_box(&chart.text[k])))
				fail_msg("\"%s\" lies over \"%s\"", chart.text[i].text, chart.text[k].text);
		for (int k = 0; k < 2; k++)
			for (int m = 0; m < chart.panel[k].n; m++)
				if (chart_boxes_meet(a, chart_mark_box(&chart.panel[k].mark[m])))
					fail_msg("\"%s\" lies over the mark of CONC %d", chart.text[i].text,
					        chart.panel[k].mark[m].conc);
	}
	for (int k = 0; k < 2; k++)
		for (int m = 0; m < chart.panel[k].n; m++) {
			const struct chart_box *f = &chart.panel[k].field;
			const struct chart_mark *p = &chart.panel[k].mark[m];
			assert_true(p->x >= f->x && p->x <= f->x + f->w && p->y >= f->y && p->y <= f->y + f->h);
		}
}

static void save(const char *name, const char *look, const struct buf *b)
{
	char path[600];
	const char *dir = getenv("CHART_PICTURES");
	if (!dir)
		return;
	snprintf(path, sizeof path, "%s/%s_%s.svg", dir, name, look);
	assert_int_equal(file_write_atomic(path, buf_text(b), b->len, NULL), 0);
}

static void lay_and_check(const char *name)
{
	curve_judge(&curve);
	chart_lay(&chart, &curve, &about);
	assert_nothing_overlaps();
	for (int i = 0; theme_name(i); i++) {
		struct buf b;
		buf_init(&b, 1 << 20);
		assert_int_equal(theme_load(&theme, theme_name(i), NULL), 0);
		assert_int_equal(chart_svg(&chart, &theme, &b), 0);
		assert_int_equal(assert_well_formed(buf_text(&b), b.len), chart.n_texts);
		save(name, theme_name(i), &b);
		buf_free(&b);
	}
}

static int labels_of(int k)
{
	return chart.panel[k].n - chart.panel[k].left_out;
}

static void every_pair_with_one_run(void **state)
{
	(void)state;
	static const int pairs[3][2] = {{1024, 1024}, {1024, 8192}, {8192, 1024}};
	for (int i = 0; i < 3; i++) {
		char name[32];
		begin(pairs[i][0], pairs[i][1]);
		add_set("1124-0912 a1b2c3d", 1.12, 0.97, 1);
		snprintf(name, sizeof name, "one_%d_%d", pairs[i][0], pairs[i][1]);
		lay_and_check(name);
		assert_int_equal(labels_of(0), 10);
		assert_int_equal(labels_of(1), 10);
		assert_int_equal(chart.n_leaders, 0); /* room enough for every label beside its point */
	}
}

static void six_sets_that_nearly_coincide(void **state)
{
	(void)state;
	begin(1024, 1024);
	for (int i = 1; i < CURVE_SETS; i++) {
		char name[40];
		snprintf(name, sizeof name, "11%02d-0912 a1b2c3d+ main", 20 + i);
		add_set(name, 1.02 + 0.04 * i, 1.0 - 0.01 * i, 1);
	}
	lay_and_check("six");
	assert_int_equal(chart.panel[0].n, 30);
	assert_true(labels_of(0) >= 25 && labels_of(1) >= 25);
	/* The same run six times: what has no room is counted, and told of. */
	begin(1024, 1024);
	for (int i = 1; i < CURVE_SETS; i++) {
		curve.set[i] = curve.set[0];
		curve.set[i].reference = false;
		curve.n++;
	}
	lay_and_check("same");
	int labels = 0;
	for (int i = 0; i < chart.n_texts; i++)
		labels += chart.text[i].halo;
	assert_int_equal(labels, labels_of(0) + labels_of(1));
}

static void as_many_points_as_there_can_be(void **state)
{
	(void)state;
	begin(1024, 1024);
	for (int s = 0; s < CURVE_SETS; s++) {
		struct curve_set *set = &curve.set[s];
		set->n = CURVE_POINTS;
		for (int i = 0; i < CURVE_POINTS; i++)
			set->p[i] = (struct curve_point){
			        .conc = 1000 + i, .tput = 100 + 20 * i + s, .e2e_ms = 5000 + 10 * i, .intvty = 120 - i};
	}
	curve.n = CURVE_SETS;
	lay_and_check("many");
	assert_true(chart.panel[0].left_out > 0);
	bool told = false;
	for (int i = 0; i < chart.n_texts; i++)
		told = told || strstr(chart.text[i].text, "had no room");
	assert_true(told);
}

static void names_are_data(void **state)
{
	(void)state;
	begin(1024, 1024);
	text_copy(track.title, sizeof track.title, "<script>alert('x')</script> & \"more\" ]]> 量子 Grün & Söhne");
	text_set(curve.set[0].name, sizeof curve.set[0].name, "B200 \xff\xfe\x01 <&>");
	add_set("</text><text>&amp; \"'", 1.1, 1, 1);
	text_set(curve.set[1].name, sizeof curve.set[1].name,
	        "</text>\x1b[31m\xef\xbf\xbe&#0; very long name that goes on and on and");
	add_set("", 1.2, 1, 2);
	lay_and_check("names");
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_int_equal(chart_svg(&chart, &theme, &b), 0);
	assert_null(strstr(buf_text(&b), "<script"));
	assert_non_null(strstr(buf_text(&b), "&lt;script&gt;"));
	buf_free(&b);
}

static void little_to_show(void **state)
{
	(void)state;
	begin(1024, 1024);
	lay_and_check("reference_alone");
	begin(1024, 1024);
	add_set("one point", 1.3, 0.9, 9);
	lay_and_check("one_point");
	begin(1024, 1024);
	track.n_refs = 0;
	curve_init(&curve, &track, 1024, 1024);
	lay_and_check("nothing");
	assert_int_equal(chart.panel[0].n, 0);
	/* Without a reference; one axis without figures; absurd figures. */
	curve.set[0] = (struct curve_set){.name = "alone",
	        .n = 3,
	        .p = {{4, 100, 2000, NAN, 1, 0}, {8, 200, 2500, NAN, 1, 0}, {16, 1e300, 1e300, NAN, 1, 0}}};
	curve.n = 1;
	lay_and_check("alone");
	assert_int_equal(chart.panel[0].n, 2);
	assert_int_equal(chart.panel[1].n, 0);
	curve.set[0].p[2] = (struct curve_point){16, 9e11, 9.9e11, 1e-9, 1, 0};
	lay_and_check("absurd");
	assert_int_equal(chart.panel[0].n, 3);
	chart_lay(&chart, &curve, NULL);
	assert_nothing_overlaps();
}

/* Several runs: whose verdict it is; a long title keeps its pair; the demo says what it is. */
static void what_a_reader_must_not_miss(void **state)
{
	(void)state;
	begin(1024, 1024);
	memset(track.title, 'W', sizeof track.title - 1);
	track.demo = true;
	add_set("first", 1.1, 1, 1);
	add_set("second", 0.9, 1, 1);
	lay_and_check("demo");
	assert_non_null(strstr(chart.text[0].text, "… · ISL/OSL 1024/1024"));
	int found = 0;
	for (int i = 0; i < chart.n_texts; i++) {
		found += strstr(chart.text[i].text, "simulated server: no real numbers") != NULL;
		found += strncmp(chart.text[i].text, "first: points above B200: ", 26) == 0;
	}
	assert_int_equal(found, 3);
	/* However long the name and the verdict are, the verdict is whole, over two lines where one has no room. */
	begin(1024, 1024);
	add_set("a very long name of a run, longer than there is room for, with its branch and its commit", 1.1, 1, 3);
	add_set("second", 0.9, 1, 1);
	lay_and_check("open");
	found = 0;
	for (int i = 0; i < chart.n_texts; i++)
		found += (strstr(chart.text[i].text, ": points above B200: ") && strstr(chart.text[i].text, " %)")) +
		         (strncmp(chart.text[i].text, "rule 50 %: ", 11) == 0 &&
		                 strstr(chart.text[i].text, "3 more to measure"));
	assert_int_equal(found, 4);
}

static void every_ink_is_read_in_every_theme(void **state)
{
	(void)state;
	for (int i = 0; theme_name(i); i++) {
		assert_int_equal(theme_load(&theme, theme_name(i), NULL), 0);
		for (int k = 0; k < INK_SET + CURVE_SETS; k++) {
			double contrast = theme_contrast(chart_ink_color(&theme, k), chart_paper(&theme));
			if (contrast < 4.5)
				fail_msg("ink %d of %s has a contrast of %.2f", k, theme_name(i), contrast);
		}
	}
}

static void days_of_the_runs(void **state)
{
	(void)state;
	begin(1024, 1024);
	add_set("ours", 1.1, 1, 1);
	curve_judge(&curve);
	chart_lay(&chart, &curve, &about);
	assert_string_equal(chart.text[1].text,
	        "amd/DeepSeek-R1-0528-MXFP4-Preview · track dsr1-fp4-sglang-mi355x · measured 2025-11-24 to 2025-11-27 · benchtop " BENCHTOP_VERSION);
	struct chart_about day = {.first_wall_ns = about.first_wall_ns, .last_wall_ns = about.first_wall_ns};
	chart_lay(&chart, &curve, &day);
	assert_string_equal(
	        chart.text[1].text, "track dsr1-fp4-sglang-mi355x · measured 2025-11-24 · benchtop " BENCHTOP_VERSION);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_pair_with_one_run),
	        cmocka_unit_test(six_sets_that_nearly_coincide),
	        cmocka_unit_test(as_many_points_as_there_can_be),
	        cmocka_unit_test(names_are_data),
	        cmocka_unit_test(little_to_show),
	        cmocka_unit_test(what_a_reader_must_not_miss),
	        cmocka_unit_test(every_ink_is_read_in_every_theme),
	        cmocka_unit_test(days_of_the_runs),
	};
	return cmocka_run_group_tests_name("draw_chart", tests, NULL, NULL);
}
