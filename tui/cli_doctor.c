#include "cli_doctor.h"

#include "../engine/base/json.h"
#include "../engine/base/text.h"
#include "../engine/doctor/client.h"
#include "../engine/doctor/doctor.h"
#include "demo.h"
#include "doctor_terminal.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define JSON_MAX   ((size_t)1 << 20)
#define LEFT       19 /* columns in front of a check's text */
#define NARROWEST  50
#define MS_PRECISE 3

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

static int fail(const struct err *e)
{
	fprintf(stderr, "benchtop: %s\n", e->text);
	return e->code == ERR_USAGE ? 1 : 2;
}

static void flush_json(struct buf *b)
{
	buf_addc(b, '\n');
	fwrite(buf_text(b), 1, b->len, stdout);
	buf_free(b);
}

/* ---- the checks ---- */

/* Columns to wrap at; 0 where nobody looks at columns. */
static int columns(void)
{
	struct winsize w;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || w.ws_col < NARROWEST)
		return 0;
	return w.ws_col;
}

/* The text behind a check's left part, wrapped between words. */
static void print_wrapped(const char *text, int width)
{
	for (bool first = true; *text || first; first = false) {
		size_t n = strlen(text);
		if (width > LEFT && text_width(text, n) > width - LEFT) {
			n = text_fit(text, n, width - LEFT);
			size_t word = n;
			while (word > 0 && text[word] != ' ')
				word--;
			n = word > 0 ? word : n;
		}
		printf("%*s%.*s\n", first ? 0 : LEFT, "", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

static void print_report(const struct doctor_report *r)
{
	char sentence[400];
	int width = columns();

	for (int i = 0; i < r->n; i++) {
		const struct doctor_check *c = &r->checks[i];
		printf("%-8s %-9s ", doctor_verdict_word(c->verdict), c->topic);
		print_wrapped(c->text, width);
	}
	printf("\n%s\n", doctor_summary(r, sentence, sizeof sentence));
}

static void print_report_json(const struct doctor_report *r)
{
	struct json_out j;
	struct buf b;

	buf_init(&b, JSON_MAX);
	json_out_init(&j, &b, JSON_PRETTY, false);
	json_array(&j);
	for (int i = 0; i < r->n; i++) {
		json_object(&j);
		json_key(&j, "topic");
		json_str(&j, r->checks[i].topic);
		json_key(&j, "verdict");
		json_str(&j, doctor_verdict_word(r->checks[i].verdict));
		json_key(&j, "text");
		json_str(&j, r->checks[i].text);
		json_object_end(&j);
	}
	json_array_end(&j);
	flush_json(&b);
}

static int check_all(const struct options *o, const struct track *t, struct settings *s)
{
	struct doctor_scene *scene = calloc(1, sizeof *scene);
	struct doctor_report *report = calloc(1, sizeof *report);
	struct doctor_screen screen;
	struct err e = {0};
	int status = 2;

	if (scene && report) {
		*scene = (struct doctor_scene){.settings = *s, .secrets = o->secrets, .track = *t, .get = variable};
		if (settings_check(&scene->settings, t, false, &e) < 0)
			text_set(scene->settings_wrong, sizeof scene->settings_wrong, e.text);
		if (doctor_run(scene, DOCTOR_LIMIT_MS, report, &e) < 0) {
			status = fail(&e);
		} else {
			doctor_screen_look(o, &screen);
			doctor_terminal(&screen, o, variable, NULL, report);
			doctor_say(report, "client", DOCTOR_OK,
			        "what it adds by itself is measured by benchtop doctor --client");
			o->output == OUTPUT_JSON ? print_report_json(report) : print_report(report);
			status = doctor_count(report, DOCTOR_PROBLEM) > 0 ? 2 : 0;
		}
		explicit_bzero(&scene->secrets, sizeof scene->secrets);
	}
	free(scene);
	free(report);
	return status;
}

/* ---- the client ---- */

/* "0.021", or what stands for no number. */
static const char *ms(double v, char out[24])
{
	if (isnan(v))
		return "\u2014";
	snprintf(out, 24, "%.*f", MS_PRECISE, v);
	return out;
}

static void print_head(void)
{
	printf("The client's own error: %d tokens a request, %d ms apart, stamped when they are sent over loopback,\n"
	       "read by the code that measures every run. All but CPU in ms.\n\n"
	       "              read after sent     TTFT added       TPOT     next request\n"
	       "CONC   tokens    p50      p99    p50      p99     error    p50      p99    CPU  the client adds\n",
	        CLIENT_TOKENS, CLIENT_ITL_MS);
	fflush(stdout);
}

static void print_row(const struct client_row *r)
{
	char a[24], b[24], c[24], d[24], t[24], f[24], g[24];

	printf("%4d %8lld %6s %8s %6s %8s %9s %6s %8s %4.0f %%  < %g to TTFT, < %g to TPOT%s\n", r->conc,
	        (long long)r->tokens, ms(r->late_p50, a), ms(r->late_p99, b), ms(r->ttft_p50, c), ms(r->ttft_p99, d),
	        ms(r->tpot_error, t), ms(r->gap_p50, f), ms(r->gap_p99, g), 100 * r->cpu_share,
	        client_bound(r->ttft_p50), client_bound(r->tpot_error), r->failed ? "; some requests failed" : "");
	fflush(stdout);
}

static void json_ms(struct json_out *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, v);
}

static void json_int(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

static void json_row(struct json_out *j, const struct client_row *r)
{
	json_object(j);
	json_int(j, "conc", r->conc);
	json_int(j, "requests", r->requests);
	json_int(j, "failed", r->failed);
	json_int(j, "tokens", r->tokens);
	json_ms(j, "late_p50_ms", r->late_p50);
	json_ms(j, "late_p99_ms", r->late_p99);
	json_ms(j, "ttft_added_p50_ms", r->ttft_p50);
	json_ms(j, "ttft_added_p99_ms", r->ttft_p99);
	json_ms(j, "tpot_error_ms", r->tpot_error);
	json_ms(j, "gap_p50_ms", r->gap_p50);
	json_ms(j, "gap_p99_ms", r->gap_p99);
	json_ms(j, "cpu_share", r->cpu_share);
	json_object_end(j);
}

/* The medians decide: the tail is what else runs on the machine. */
static void print_verdict(const struct client_row *rows, int n)
{
	double ttft = 0, tpot = 0;

	for (int i = 0; i < n; i++) {
		ttft = fmax(ttft, rows[i].ttft_p50);
		tpot = fmax(tpot, rows[i].tpot_error);
	}
	printf("\nOn this machine, with what else runs on it now, the client adds less than %g ms to the median TTFT and less\n"
	       "than %g ms to TPOT, at any of these CONCs. The 99th percentiles tell how it is disturbed.\n",
	        client_bound(ttft), client_bound(tpot));
}

static int check_client(const struct options *o, const struct track *t)
{
	struct client_row rows[CLIENT_CONCS];
	int concs[CLIENT_CONCS], n = client_concs(t, concs);
	bool json = o->output == OUTPUT_JSON;
	struct json_out j;
	struct err e = {0};
	struct buf b;

	signal(SIGPIPE, SIG_IGN);
	buf_init(&b, JSON_MAX);
	json_out_init(&j, &b, JSON_PRETTY, false);
	json_array(&j);
	if (!json)
		print_head();
	for (int i = 0; i < n; i++) {
		if (client_measure(concs[i], NULL, &rows[i], &e) < 0) {
			err_prefix(&e, "the client cannot be measured at CONC %d", concs[i]);
			buf_free(&b);
			fail(&e);
			return 2;
		}
		json_row(&j, &rows[i]);
		if (!json)
			print_row(&rows[i]);
	}
	json_array_end(&j);
	if (json) {
		flush_json(&b);
		return 0;
	}
	buf_free(&b);
	print_verdict(rows, n);
	return 0;
}

int cli_doctor(const struct options *o, const struct track *t)
{
	struct settings s = o->settings;
	struct demo demo = {0};
	struct err e = {0};

	if (o->client)
		return check_client(o, t);
	if (s.demo && demo_start(&demo, &s, &e) < 0)
		return fail(&e);
	int status = check_all(o, t, &s);
	demo_stop(&demo);
	return status;
}
