/* What the environment asks for, against the rules of the track; and what of it would be in the way. */
#include "../base/file.h"
#include "../base/text.h"
#include "../plan/plan.h"
#include "../server/instance.h"
#include "doctor_int.h"
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *doctor_env(const struct doctor_scene *s, const char *name)
{
	const char *v = s->get ? s->get(s->ctx, name) : NULL;
	return v && v[0] ? v : NULL;
}

bool doctor_line(const char *root, const char *name, char *out, size_t cap)
{
	char path[300], raw[4096];
	int fd = path_join(path, sizeof path, root, name) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	ssize_t n = fd >= 0 ? read(fd, raw, sizeof raw) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	const char *end = memchr(raw, '\n', (size_t)n);
	text_clean(out, cap, raw, end ? (size_t)(end - raw) : (size_t)n);
	return true;
}

int doctor_conc(const struct doctor_scene *s)
{
	int most = s->settings.env_conc;
	for (int i = 0; i < s->track.n_pairs; i++)
		for (int k = 0; k < s->track.pairs[i].n_concs; k++)
			if (s->track.pairs[i].concs[k] > most)
				most = s->track.pairs[i].concs[k];
	return most;
}

/* "1024/1024 CONC 4, 8" of what would be run. */
static void picks_words(const struct settings *s, char *out, size_t cap)
{
	size_t at = (size_t)snprintf(out, cap, "%s", "");
	for (int i = 0; i < s->n_pairs && at < cap; i++)
		at += (size_t)snprintf(
		        out + at, cap - at, "%s%d/%d", i ? ", " : "ISL/OSL ", s->pairs[i][0], s->pairs[i][1]);
	for (int i = 0; i < s->n_picks && at < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, "%s%d", i ? ", " : " at CONC ", s->picks[i]);
	if (s->n_picks == 0 && at < cap)
		snprintf(out + at, cap - at, ", every CONC");
}

static void say_defaults(const struct doctor_scene *s, struct doctor_report *r)
{
	const struct settings *set = &s->settings;
	char all[400] = "";
	size_t at = 0;

	for (int i = 0; i < set->n_defaults && at < sizeof all; i++)
		at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? "; " : "", set->defaults_taken[i]);
	if (at && !set->demo)
		doctor_say(r, "settings", DOCTOR_NOTE, "%s. Sourcing all_conc_var.sh or specific_conc_var.sh sets them",
		        all);
}

/* NUM_PROMPTS belongs to the environment's own CONC. */
static void say_prompts_rule(const struct doctor_scene *s, struct doctor_report *r)
{
	const struct settings *set = &s->settings;
	const struct track_pair *p = track_pair_find(&s->track, set->pairs[0][0], set->pairs[0][1]);

	if (set->num_prompts == 0 || set->env_conc == 0 || !p)
		return;
	int rule = set->env_conc * p->prompts_per_conc;
	if (set->num_prompts != rule)
		doctor_say(r, "settings", DOCTOR_NOTE,
		        "NUM_PROMPTS=%d is off the track's rule, CONC %d x %d = %d: such a row is posted only after a typed yes; source the file again after CONC, ISL or OSL was changed, or export NUM_PROMPTS=%d",
		        set->num_prompts, set->env_conc, p->prompts_per_conc, rule, rule);
}

static void say_rules(const struct doctor_scene *s, struct doctor_report *r)
{
	const struct settings *set = &s->settings;
	char path[600], file[280];

	say_prompts_rule(s, r);
	if (!set->batch && set->ratio > 0 && fabs(set->ratio - s->track.ratio) > 1e-9)
		doctor_say(r, "settings", DOCTOR_NOTE,
		        "RANDOM_RANGE_RATIO=%g is off the track's %g: such a row is posted only after a typed yes",
		        set->ratio, s->track.ratio);
	snprintf(file, sizeof file, "%s.json", set->result_filename);
	if (doctor_env(s, "RESULT_FILENAME") && !set->demo && path_join(path, sizeof path, set->results_dir, file) &&
	        file_exists(path))
		doctor_say(r, "settings", DOCTOR_NOTE,
		        "the result %s of an earlier run is there: a new one renames it with its time, nothing is lost",
		        path);
}

/* Values of proxies are never told: they may hold a password. */
static void say_proxies(const struct doctor_scene *s, struct doctor_report *r)
{
	static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
	const char *set = NULL;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && !set; i++)
		set = doctor_env(s, names[i]) ? names[i] : NULL;
	if (!set)
		return;
	bool excepted = doctor_env(s, "no_proxy") || doctor_env(s, "NO_PROXY");
	if (instance_port(s->settings.base_url) == 0 && !excepted)
		doctor_say(r, "proxy", DOCTOR_NOTE,
		        "%s is set, and the server %s is another machine: its tokens would come through the proxy and be measured with it; export no_proxy with its host",
		        set, s->settings.base_url);
	else
		doctor_say(r, "proxy", excepted ? DOCTOR_OK : DOCTOR_NOTE,
		        "%s is set; benchtop does not use it for this machine%s", set,
		        excepted ? "" : ", other programs may: export no_proxy=127.0.0.1,localhost,0.0.0.0");
}

static void say_team(const struct doctor_scene *s, struct doctor_report *r)
{
	struct err e = {0};

	if (!s->settings.team[0])
		return;
	if (settings_check_team(s->settings.team, &e) < 0)
		doctor_say(r, "team", DOCTOR_PROBLEM, "%s", e.text);
	else
		doctor_say(r, "team", DOCTOR_OK, "%s", s->settings.team);
}

void doctor_settings(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	char picks[200];
	(void)which;

	if (s->settings_wrong[0]) {
		doctor_say(r, "settings", DOCTOR_PROBLEM, "%s", s->settings_wrong);
	} else {
		picks_words(&s->settings, picks, sizeof picks);
		doctor_say(r, "settings", DOCTOR_OK, "track %s (%s), %s", s->track.name, s->track.source, picks);
		say_rules(s, r);
	}
	say_defaults(s, r);
	say_team(s, r);
	say_proxies(s, r);
}
