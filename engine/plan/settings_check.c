/* settings_check: what belongs together, after environment and options are in. */
#include "../base/text.h"
#include "settings.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void note(struct settings *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct settings *s, const char *fmt, ...)
{
	int most = (int)(sizeof s->defaults_taken / sizeof s->defaults_taken[0]);
	if (s->demo || s->n_defaults >= most)
		return; /* the demo has an environment of its own: nothing was forgotten */
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->defaults_taken[s->n_defaults++], sizeof s->defaults_taken[0], fmt, ap);
	va_end(ap);
}

/* Checks the form and takes trailing slashes away. No user name in it: addresses are shown and written. */
static int check_url(char *url, const char *what, struct err *e)
{
	char clean[256];
	text_copy(clean, sizeof clean, url);
	size_t skip = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;
	if (!skip)
		return err_set(
		        e, ERR_USAGE, "the %s \"%.200s\" is no URL: begin it with http:// or https://", what, clean);
	size_t len = strlen(url);
	while (len > skip && url[len - 1] == '/')
		url[--len] = '\0';
	const char *host = url + skip;
	if (strncmp(clean, url, len) != 0)
		return err_set(e, ERR_USAGE, "the %s \"%.200s\" holds control characters: type it again", what, clean);
	if (host[strcspn(host, "@")])
		return err_set(e, ERR_USAGE,
		        "the %s holds a user name or password, which would be written to files: leave it out", what);
	if (!host[0] || host[0] == ':' || host[0] == '/' || strpbrk(host, " \"'\\<>?#"))
		return err_set(e, ERR_USAGE, "the %s \"%.200s\" is no URL: give it like http://HOST:PORT", what, clean);
	const char *colon = host[0] == '[' ? strstr(host, "]:") : strpbrk(host, ":/");
	if (colon && *colon == ']')
		colon++;
	if (colon && *colon == ':') {
		char port[8];
		size_t n = strcspn(colon + 1, "/");
		int64_t value;
		bool good = n < sizeof port;
		if (good) {
			memcpy(port, colon + 1, n);
			port[n] = '\0';
			good = text_to_i64(port, 1, 65535, &value);
		}
		if (!good)
			return err_set(e, ERR_USAGE, "the %s \"%.200s\" has no port from 1 to 65535 behind its colon",
			        what, clean);
	}
	return 0;
}

static bool is_loopback(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]", "0.0.0.0"};
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		size_t n = strlen(hosts[i]);
		if (strncmp(host, hosts[i], n) == 0 && (host[n] == '\0' || host[n] == ':' || host[n] == '/'))
			return true;
	}
	return false;
}

/* "0.0.0.0" is where a server listens; it stays in the result, but what is dialled is the loopback address. */
static void dial_loopback(char *url, size_t cap)
{
	char rest[256];
	size_t n = sizeof "http://0.0.0.0" - 1;
	if (strncmp(url, "http://0.0.0.0", n) != 0 || (url[n] && url[n] != ':' && url[n] != '/'))
		return;
	text_set(rest, sizeof rest, url + n);
	if (snprintf(url, cap, "http://127.0.0.1%s", rest) >= (int)cap)
		text_set(url, cap, "http://127.0.0.1");
}

static int check_urls(struct settings *s, const struct track *t, struct err *e)
{
	int rc = check_url(s->base_url, "server address", e);
	if (rc == 0)
		rc = check_url(s->result_base_url, "server address", e);
	if (rc == 0 && s->leaderboard[0])
		rc = check_url(s->leaderboard, "leaderboard", e);
	if (rc)
		return rc;
	dial_loopback(s->base_url, sizeof s->base_url);
	if (t->demo && s->mode == MODE_SUBMIT && s->leaderboard[0] && !is_loopback(s->leaderboard))
		return err_set(e, ERR_USAGE,
		        "simulated numbers are never posted to a real board (\"%.200s\"): leave --leaderboard and LB_URL_OVERRIDE out",
		        s->leaderboard);
	return 0;
}

static int unknown_pair(const struct track *t, int isl, int osl, const char *why, struct err *e)
{
	char known[256] = "";
	size_t at = 0;
	for (int i = 0; i < t->n_pairs; i++) {
		int n = snprintf(
		        known + at, sizeof known - at, "%s%d/%d", at ? ", " : "", t->pairs[i].isl, t->pairs[i].osl);
		if (n < 0 || (size_t)n >= sizeof known - at)
			break;
		at += (size_t)n;
	}
	return err_set(e, ERR_USAGE, "ISL %d / OSL %d is not a pair of track %s%s: choose one of %s", isl, osl, t->name,
	        why, known);
}

/* Fills the pairs: all of the track, or what -isl -osl or ISL and OSL say, completed from the track's first pair. */
static void complete_pairs(struct settings *s, const struct track *t, bool headless)
{
	static const char *const variables[2] = {"ISL", "OSL"};
	if (s->n_pairs == 0) {
		for (int i = 0; i < t->n_pairs && i < SETTINGS_PAIRS; i++) {
			s->pairs[i][0] = t->pairs[i].isl;
			s->pairs[i][1] = t->pairs[i].osl;
			s->n_pairs++;
		}
		return;
	}
	const int from_track[2] = {t->pairs[0].isl, t->pairs[0].osl};
	for (int k = 0; k < 2; k++) {
		if (s->pairs[0][k] == 0) {
			s->pairs[0][k] = from_track[k];
			if (headless)
				note(s, "%s is not set: %d is taken", variables[k], from_track[k]);
		}
		if (!s->batch && s->env_pair[k] == 0)
			s->env_pair[k] = from_track[k];
	}
}

static int default_conc(const struct track_pair *p)
{
	for (int i = 0; p && i < p->n_concs; i++)
		if (p->concs[i] == 16)
			return 16;
	return p && p->n_concs ? p->concs[0] : 16;
}

/* What only a run of one configuration takes from the environment; a batch leaves it aside, as the official tool does. */
static void complete_single(struct settings *s, const struct track *t, bool headless)
{
	if (s->n_picks == 0 && s->env_conc == 0 && headless) {
		s->env_conc = default_conc(track_pair_find(t, s->pairs[0][0], s->pairs[0][1]));
		note(s, "CONC is not set: %d is taken", s->env_conc);
	}
	if (s->n_picks == 0 && s->env_conc > 0) {
		s->picks[0] = s->env_conc;
		s->n_picks = 1;
	}
	if (s->ratio == 0) { /* only ever set to 0 on purpose: "not given" */
		s->ratio = t->ratio;
		if (headless)
			note(s, "RANDOM_RANGE_RATIO is not set: %.3g is taken", s->ratio);
	}
	if (headless && s->num_prompts == 0 && s->all_prompts == 0 && s->mode != MODE_ACC)
		note(s, "NUM_PROMPTS is not set: the track's rule is taken");
	if (!s->result_filename[0]) {
		text_set(s->result_filename, sizeof s->result_filename, "result");
		if (headless && s->mode != MODE_ACC)
			note(s, "RESULT_FILENAME is not set: result is taken");
	}
}

static int check_pairs(const struct settings *s, const struct track *t, struct err *e)
{
	for (int i = 0; i < s->n_pairs; i++) {
		int isl = s->pairs[i][0], osl = s->pairs[i][1];
		const struct track_pair *p = track_pair_find(t, isl, osl);
		if (!p && s->batch)
			return unknown_pair(t, isl, osl, "", e);
		bool board = s->leaderboard[0] || t->demo || (p && p->board[0]);
		if (s->mode != MODE_SUBMIT || board)
			continue;
		if (!p)
			return unknown_pair(t, isl, osl, " and has no board to submit to", e);
		return err_set(e, ERR_USAGE,
		        "track %s has no board for ISL %d / OSL %d: give one with --leaderboard URL", t->name, isl,
		        osl);
	}
	return 0;
}

static int check_gate(const struct settings *s, const struct track *t, bool headless, struct err *e)
{
	bool skip = s->accuracy == ACCURACY_SKIP;
	if (strcmp(t->gate, "wikitext") != 0) {
		if (s->mode == MODE_SUBMIT)
			return err_set(e, ERR_USAGE,
			        "track %s asks for the accuracy test \"%s\", which this version cannot run, so nothing can be submitted: "
			        "use perf --accuracy skip for the speed alone",
			        t->name, t->gate);
		if (headless && !skip)
			return err_set(e, ERR_USAGE,
			        "track %s asks for the accuracy test \"%s\", which this version cannot run: use perf --accuracy skip",
			        t->name, t->gate);
	}
	if (skip && s->mode == MODE_SUBMIT)
		return err_set(e, ERR_USAGE,
		        "a result without accuracy is never posted: leave --accuracy skip out, or use perf");
	if (skip && s->mode == MODE_ACC)
		return err_set(e, ERR_USAGE, "acc with --accuracy skip leaves nothing to do: leave one of them out");
	return 0;
}

static int check_names(struct settings *s, const struct track *t, bool headless, struct err *e)
{
	if (!s->model[0] && t->demo)
		text_set(s->model, sizeof s->model, t->model);
	if (!s->model[0] && headless)
		return err_set(e, ERR_USAGE, "MODEL is not set: source all_conc_var.sh or export MODEL=%s", t->model);
	if (s->mode != MODE_SUBMIT)
		return 0;
	if (s->team[0])
		return settings_check_team(s->team, e);
	if (headless)
		return err_set(e, ERR_USAGE,
		        "no team is given: use submit \"YourTeam\", --team NAME, or export TEAM_NAME_ENV=NAME");
	return 0;
}

int settings_check(struct settings *s, const struct track *t, bool headless, struct err *e)
{
	int rc = check_names(s, t, headless, e);
	if (rc == 0)
		rc = check_gate(s, t, headless, e);
	if (rc == 0)
		rc = check_urls(s, t, e);
	if (rc)
		return rc;
	if (s->n_pairs == 0)
		s->batch = true;
	complete_pairs(s, t, headless);
	if (s->batch)
		s->ratio = t->ratio;
	else
		complete_single(s, t, headless);
	return check_pairs(s, t, e);
}
