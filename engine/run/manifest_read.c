#include "manifest.h"

#include "../base/file.h"
#include "../base/json.h"
#include "../base/text.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX  ((size_t)4 << 20)
#define DEPTH     16
#define COUNT_MAX (1 << 20)

/* The first thing that is wrong ends it. */
struct in {
	struct err *e;
	int rc;
};

static void fail(struct in *in, const char *key, const char *what)
{
	if (in->rc == 0)
		in->rc = err_set(in->e, ERR_PROTO, "its \"%s\" %s", key, what);
}

/* Absent: empty. A text that is longer than ours ever was is somebody else's. */
static void string(struct in *in, const cJSON *obj, const char *key, char *out, size_t cap)
{
	const char *v = json_get_str(obj, key, "");
	if (strlen(v) >= cap)
		fail(in, key, "is longer than it can be");
	text_copy(out, cap, v);
}

static int number(struct in *in, const cJSON *obj, const char *key, int min, int max, int absent)
{
	const cJSON *v = json_get(obj, key);
	if (!v || cJSON_IsNull(v))
		return absent;
	int64_t n = json_get_i64(obj, key, INT64_MIN);
	if (n < min || n > max) {
		fail(in, key, "is out of range");
		return absent;
	}
	return (int)n;
}

/* Seconds, as milliseconds. */
static int64_t millis(struct in *in, const cJSON *obj, const char *key)
{
	double s = json_get_f64(obj, key, 0);
	if (!(s >= 0 && s <= 31 * 86400.0)) {
		fail(in, key, "is out of range");
		return 0;
	}
	return llround(s * 1000);
}

static int word(struct in *in, const cJSON *obj, const char *key, int (*from)(const char *))
{
	int v = from(json_get_str(obj, key, ""));
	if (v < 0)
		fail(in, key, "is missing or not known to this version");
	return v < 0 ? 0 : v;
}

static void take_pairs(struct in *in, const cJSON *settings, struct settings *s)
{
	const cJSON *pairs = json_get(settings, "pairs");
	for (const cJSON *p = cJSON_IsArray(pairs) ? pairs->child : NULL; p; p = p->next) {
		const cJSON *isl = cJSON_GetArrayItem(p, 0), *osl = cJSON_GetArrayItem(p, 1);
		bool good = cJSON_IsNumber(isl) && cJSON_IsNumber(osl) && isl->valuedouble >= 0 &&
		            isl->valuedouble <= COUNT_MAX && osl->valuedouble >= 0 && osl->valuedouble <= COUNT_MAX;
		if (!good || s->n_pairs == SETTINGS_PAIRS) {
			fail(in, "pairs", good ? "are too many" : "are no lengths");
			return;
		}
		s->pairs[s->n_pairs][0] = (int)isl->valuedouble;
		s->pairs[s->n_pairs++][1] = (int)osl->valuedouble;
	}
	if (s->n_pairs == 0)
		fail(in, "pairs", "are missing");
}

static void take_picks(struct in *in, const cJSON *settings, struct settings *s)
{
	const cJSON *concs = json_get(settings, "concs");
	for (const cJSON *c = cJSON_IsArray(concs) ? concs->child : NULL; c; c = c->next) {
		if (!cJSON_IsNumber(c) || c->valuedouble < 1 || c->valuedouble > COUNT_MAX ||
		        s->n_picks == SETTINGS_PICKS) {
			fail(in, "concs", "are out of range");
			return;
		}
		s->picks[s->n_picks++] = (int)c->valuedouble;
	}
}

static void take_texts(const cJSON *settings, struct settings *s)
{
	const int most = (int)(sizeof s->defaults_taken / sizeof s->defaults_taken[0]);
	const cJSON *logs = json_get(settings, "more_logs"), *taken = json_get(settings, "defaults_taken");
	for (const cJSON *v = cJSON_IsArray(logs) ? logs->child : NULL; v && s->n_more_logs < SETTINGS_LOGS;
	        v = v->next)
		if (cJSON_IsString(v))
			text_copy(s->more_logs[s->n_more_logs++], sizeof s->more_logs[0], v->valuestring);
	for (const cJSON *v = cJSON_IsArray(taken) ? taken->child : NULL; v && s->n_defaults < most; v = v->next)
		if (cJSON_IsString(v))
			text_copy(s->defaults_taken[s->n_defaults++], sizeof s->defaults_taken[0], v->valuestring);
}

static void take_settings(struct in *in, const cJSON *root, struct settings *s)
{
	const cJSON *o = json_get(root, "settings"), *p = json_get(root, "prompts");
	s->mode = (enum run_mode)word(in, root, "mode", run_mode_from_word);
	string(in, root, "command_line", s->command_line, sizeof s->command_line);
	string(in, o, "model", s->model, sizeof s->model);
	s->port = number(in, o, "port", 0, 65535, 0);
	s->tp = number(in, o, "tp", 0, COUNT_MAX, 0);
	string(in, o, "base_url", s->base_url, sizeof s->base_url);
	string(in, o, "result_base_url", s->result_base_url, sizeof s->result_base_url);
	s->batch = json_get_bool(o, "batch", false);
	take_pairs(in, o, s);
	take_picks(in, o, s);
	s->repeat = number(in, o, "repeat", 0, PLAN_CELLS, 1);
	s->all_prompts = number(in, o, "all_prompts", 1, COUNT_MAX, 0);
	s->num_prompts = number(in, o, "env_num_prompts", 1, COUNT_MAX, 0);
	s->num_warmups = number(in, o, "num_warmups", 0, COUNT_MAX, -1);
	s->env_conc = number(in, o, "env_conc", 1, COUNT_MAX, 0);
	s->env_pair[0] = number(in, o, "env_isl", 0, COUNT_MAX, 0);
	s->env_pair[1] = number(in, o, "env_osl", 0, COUNT_MAX, 0);
	string(in, o, "result_filename", s->result_filename, sizeof s->result_filename);
	string(in, o, "team", s->team, sizeof s->team);
	string(in, o, "leaderboard", s->leaderboard, sizeof s->leaderboard);
	s->accuracy = (enum accuracy_mode)word(in, o, "accuracy", accuracy_mode_from_word);
	s->acc_concurrency = number(in, o, "acc_concurrency", 0, COUNT_MAX, 4);
	string(in, o, "corpus", s->corpus, sizeof s->corpus);
	s->wait_server_ms = millis(in, o, "wait_server_s");
	string(in, o, "results_dir", s->results_dir, sizeof s->results_dir);
	string(in, o, "server_log", s->server_log, sizeof s->server_log);
	string(in, o, "server_script", s->server_script, sizeof s->server_script);
	s->restart_server = json_get_bool(o, "restart_server", false);
	s->restart_shapes = json_get_bool(o, "restart_shapes", false);
	s->stop_grace_ms = millis(in, o, "stop_grace_s");
	s->post_flagged = json_get_bool(o, "post_flagged", false);
	s->post_later = json_get_bool(o, "post_later", false);
	s->demo = json_get_bool(o, "demo", false);
	take_texts(o, s);
	s->prompts = (enum prompts_mode)word(in, p, "mode", prompts_mode_from_word);
	s->prompts_given = json_get_bool(o, "prompts_given", false);
	s->ratio = json_get_f64(p, "ratio", 0);
	if (!(s->ratio > 0 && s->ratio <= 1))
		fail(in, "ratio", "is missing or out of range");
	string(in, o, "tokenizer", s->tokenizer, sizeof s->tokenizer);
	string(in, p, "tokenizer", s->tokenizer_file, sizeof s->tokenizer_file);
	string(in, p, "tokenizer_sha256", s->tokenizer_sha256, sizeof s->tokenizer_sha256);
	string(in, p, "tokenizer_missing", s->tokenizer_missing, sizeof s->tokenizer_missing);
	if (s->tokenizer_sha256[0])
		s->tokenizer_vocab = number(in, p, "vocab", 0, INT32_MAX, 0);
}

static void take_row(struct in *in, const cJSON *o, const struct settings *s, struct plan *plan)
{
	struct plan_cell *c = &plan->cells[plan->n_cells++];
	*c = (struct plan_cell){.pair = -1};
	c->isl = number(in, o, "isl", 1, COUNT_MAX, 0);
	c->osl = number(in, o, "osl", 1, COUNT_MAX, 0);
	c->conc = number(in, o, "conc", 1, COUNT_MAX, 0);
	c->repeat = number(in, o, "repeat", 1, COUNT_MAX, 1);
	c->num_prompts = number(in, o, "num_prompts", 1, COUNT_MAX, 0);
	c->rule_prompts = number(in, o, "rule_prompts", 1, COUNT_MAX, 0);
	c->num_warmups = number(in, o, "num_warmups", 0, COUNT_MAX, 0);
	string(in, o, "board", c->board, sizeof c->board);
	c->ref = (struct track_ref){.isl = c->isl, .osl = c->osl, .conc = c->conc};
	c->ref.e2e_ms = json_get_f64(o, "ref_e2e_ms", NAN);
	c->ref.tput = json_get_f64(o, "ref_tput", NAN);
	c->ref.intvty = json_get_f64(o, "ref_intvty", NAN);
	c->have_ref = !isnan(c->ref.tput);
	if (!c->have_ref)
		c->ref = (struct track_ref){0};
	c->expect_s = json_get_f64(o, "expect_s", 0);
	for (int i = 0; i < s->n_pairs && c->pair < 0; i++)
		if (s->pairs[i][0] == c->isl && s->pairs[i][1] == c->osl)
			c->pair = i;
	if (c->isl == 0 || c->osl == 0 || c->conc == 0 || c->num_prompts == 0 || c->rule_prompts == 0 || c->pair < 0)
		fail(in, "plan", "has a row that is none");
}

static void take_plan(struct in *in, const cJSON *root, struct manifest *m)
{
	const cJSON *rows = json_get(root, "plan");
	for (const cJSON *v = cJSON_IsArray(rows) ? rows->child : NULL; v && in->rc == 0; v = v->next) {
		if (m->plan.n_cells == PLAN_CELLS)
			fail(in, "plan", "has too many rows");
		else
			take_row(in, v, &m->settings, &m->plan);
	}
	if (m->plan.n_cells == 0)
		fail(in, "plan", "is missing");
}

static void take_server(struct in *in, const cJSON *root, struct manifest *m)
{
	const cJSON *server = json_get(root, "server"), *trees = json_get(json_get(root, "code"), "trees");
	double ns = json_get_f64(server, "started_wall_ns", 0);
	string(in, server, "model", m->server_model, sizeof m->server_model);
	string(in, server, "version", m->server_version, sizeof m->server_version);
	m->server_started_wall_ns = ns > 0 && ns < 9e18 ? (int64_t)ns : 0;
	for (const cJSON *v = cJSON_IsArray(trees) ? trees->child : NULL; v && m->n_trees < MANIFEST_TREES;
	        v = v->next) {
		int dirty = code_dirty_from_word(json_get_str(v, "dirty", ""));
		int i = m->n_trees++;
		string(in, v, "name", m->tree[i].name, sizeof m->tree[i].name);
		string(in, v, "commit", m->tree[i].commit, sizeof m->tree[i].commit);
		m->tree[i].dirty = dirty < 0 ? CODE_UNKNOWN : (enum code_dirty)dirty;
		m->tree[i].files = number(in, v, "files", 0, INT32_MAX, -1);
	}
}

int manifest_parse(struct manifest *m, const char *text, size_t len, struct err *e)
{
	struct in in = {.e = e};
	cJSON *root = NULL;
	memset(m, 0, sizeof *m);
	int rc = json_parse(text, len, DEPTH, &root, e);
	if (rc)
		return rc;
	const cJSON *track = json_get(root, "track");
	if (!cJSON_IsObject(json_get(root, "settings")) || !cJSON_IsObject(track))
		fail(&in, "settings", "or \"track\" are missing");
	if (in.rc == 0) {
		string(&in, root, "run", m->run, sizeof m->run);
		string(&in, json_get(root, "client"), "version", m->version, sizeof m->version);
		string(&in, track, "name", m->track, sizeof m->track);
		string(&in, track, "source", m->track_source, sizeof m->track_source);
		string(&in, track, "sha256", m->track_sha256, sizeof m->track_sha256);
		take_settings(&in, root, &m->settings);
		take_plan(&in, root, m);
		take_server(&in, root, m);
	}
	cJSON_Delete(root);
	return in.rc;
}

int manifest_read(struct manifest *m, const char *dir, struct err *e)
{
	char path[600];
	struct buf b;
	struct err why = {0};
	if (!path_join(path, sizeof path, dir, MANIFEST_NAME))
		return err_set(e, ERR_USAGE, "the path is too long: %.200s", dir);
	if (!file_exists(path))
		return err_set(e, ERR_USAGE,
		        "%.300s holds no " MANIFEST_NAME
		        ": name the directory of a run that benchtop measured (of several pairs: the sweep_ directory)",
		        dir);
	buf_init(&b, FILE_MAX);
	int rc = file_read(path, &b, e);
	if (rc == 0 && manifest_parse(m, buf_text(&b), b.len, &why))
		rc = err_set(e, ERR_USAGE, "%.200s does not tell what was run: %.200s", path, why.text);
	buf_free(&b);
	return rc;
}
