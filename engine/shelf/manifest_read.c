/* run.json as the comparison and the run's page want it. The writer is engine/run/manifest.c. */
#include "../base/clock.h"
#include "../base/json.h"
#include "../base/text.h"
#include "shelf_int.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DEPTH 16

void shelf_manifest_init(struct shelf_manifest *m, struct shelf_manifest_run *run)
{
	memset(m, 0, sizeof *m);
	memset(run, 0, sizeof *run);
	m->ratio = m->server_started_s = NAN;
	m->num_warmups = m->radix_off = -1;
	run->mode = MODE_PERF;
	run->prompts = PROMPTS_TEXT;
}

static void string(const cJSON *obj, const char *key, char *out, size_t cap)
{
	text_copy(out, cap, json_get_str(obj, key, ""));
}

/* min .. SHELF_COUNT_MAX, else `unknown`. */
static int number(const cJSON *obj, const char *key, int min, int unknown)
{
	int64_t v = json_get_i64(obj, key, -1);
	return v >= min && v <= SHELF_COUNT_MAX ? (int)v : unknown;
}

static double positive(const cJSON *obj, const char *key)
{
	double v = json_get_f64(obj, key, NAN);
	return isfinite(v) && v > 0 ? v : NAN;
}

/* "2025-11-25T15:00:00+01:00" as Unix seconds, NaN when it is none. */
static double iso_seconds(const char *text)
{
	struct tm tm = {0};
	int y, mo, d, h, mi, s, zh, zm;
	char sign;
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%c%2d:%2d", &y, &mo, &d, &h, &mi, &s, &sign, &zh, &zm) != 9 ||
	        (sign != '+' && sign != '-') || y < 1970 || y > 2200 || zh < 0 || zh > 24 || zm < 0 || zm > 59)
		return NAN;
	tm.tm_year = y - 1900;
	tm.tm_mon = mo - 1;
	tm.tm_mday = d;
	tm.tm_hour = h;
	tm.tm_min = mi;
	tm.tm_sec = s;
	time_t t = timegm(&tm);
	return t <= 0 ? NAN : (double)t - (sign == '+' ? 1 : -1) * (zh * 3600.0 + zm * 60.0);
}

/* Older manifests say it only with the code, or not at all. */
static double server_start(const cJSON *root)
{
	const cJSON *server = json_get(root, "server"), *code = json_get(root, "code");
	double ns = positive(server, "started_wall_ns");
	if (isfinite(ns))
		return ns / 1e9;
	double s = iso_seconds(json_get_str(server, "started", ""));
	return isfinite(s) ? s : iso_seconds(json_get_str(code, "server_started", ""));
}

static void take_tree(struct shelf_manifest *m, const cJSON *v)
{
	if (m->n_trees == SHELF_TREES || !cJSON_IsObject(v))
		return;
	struct shelf_code *c = &m->tree[m->n_trees];
	int dirty = code_dirty_from_word(json_get_str(v, "dirty", ""));
	string(v, "name", c->name, sizeof c->name);
	if (!c->name[0])
		return;
	string(v, "commit", c->commit, sizeof c->commit);
	string(v, "branch", c->branch, sizeof c->branch);
	string(v, "note", c->note, sizeof c->note);
	c->dirty = dirty < 0 ? CODE_UNKNOWN : (enum code_dirty)dirty;
	c->files = number(v, "files", 0, -1);
	c->untracked = number(v, "untracked", 0, -1);
	c->changed = json_get_bool(v, "changed_since", false);
	m->n_trees++;
}

static void take_server(struct shelf_manifest *m, const cJSON *root)
{
	const cJSON *server = json_get(root, "server"), *code = json_get(root, "code");
	const cJSON *radix = json_get(server, "radix_off"), *trees = json_get(code, "trees");
	string(server, "version", m->server_version, sizeof m->server_version);
	m->tp = number(server, "tp", 1, 0);
	m->prefill = number(server, "prefill", 1, 0);
	m->radix_off = cJSON_IsBool(radix) ? cJSON_IsTrue(radix) != 0 : -1;
	m->server_started_s = server_start(root);
	string(server, "arguments", m->server_args, sizeof m->server_args);
	m->code_late = json_get_bool(code, "found_late", false);
	for (const cJSON *v = cJSON_IsArray(trees) ? trees->child : NULL; v; v = v->next)
		take_tree(m, v);
}

static void take_run(struct shelf_manifest_run *run, const cJSON *root)
{
	const cJSON *settings = json_get(root, "settings"), *prompts = json_get(root, "prompts");
	int mode = run_mode_from_word(json_get_str(root, "mode", ""));
	int accuracy = accuracy_mode_from_word(json_get_str(settings, "accuracy", ""));
	int form = prompts_mode_from_word(json_get_str(prompts, "mode", ""));
	double ns = positive(root, "started_wall_ns");
	run->wall_ns = ns < 9e18 ? (int64_t)ns : 0;
	if (mode >= 0) {
		run->mode_known = true;
		run->mode = (enum run_mode)mode;
	}
	run->accuracy = accuracy < 0 ? ACCURACY_EACH : (enum accuracy_mode)accuracy;
	run->prompts = form < 0 ? PROMPTS_TEXT : (enum prompts_mode)form;
	run->demo = json_get_bool(settings, "demo", false);
	run->batch = json_get_bool(settings, "batch", false);
}

int shelf_manifest_parse(
        struct shelf_manifest *m, struct shelf_manifest_run *run, const char *text, size_t len, struct err *e)
{
	cJSON *root = NULL;
	shelf_manifest_init(m, run);
	int rc = json_parse(text, len, DEPTH, &root, e);
	if (rc)
		return rc;
	const cJSON *settings = json_get(root, "settings"), *track = json_get(root, "track");
	const cJSON *prompts = json_get(root, "prompts");
	if (!cJSON_IsObject(settings) || !cJSON_IsObject(track)) {
		cJSON_Delete(root);
		return err_set(e, ERR_PROTO, "it is no manifest of a run: it has no settings and track");
	}
	m->have = true;
	string(json_get(root, "client"), "version", m->version, sizeof m->version);
	string(root, "command_line", m->command_line, sizeof m->command_line);
	string(root, "host", m->host, sizeof m->host);
	string(track, "name", m->track, sizeof m->track);
	string(track, "sha256", m->track_sha256, sizeof m->track_sha256);
	string(settings, "model", m->model, sizeof m->model);
	string(settings, "team", m->team, sizeof m->team);
	string(settings, "base_url", m->base_url, sizeof m->base_url);
	string(prompts, "mode", m->prompts, sizeof m->prompts);
	m->ratio = positive(prompts, "ratio");
	m->num_warmups = number(settings, "num_warmups", 0, -1);
	take_server(m, root);
	take_run(run, root);
	cJSON_Delete(root);
	return 0;
}

int shelf_manifest_read(struct shelf_manifest *m, struct shelf_manifest_run *run, const char *path, struct err *e)
{
	struct buf b;
	shelf_manifest_init(m, run);
	buf_init(&b, SHELF_MANIFEST_MAX);
	int rc = shelf_file_read(path, &b, e);
	if (rc == 0)
		rc = shelf_manifest_parse(m, run, buf_text(&b), b.len, e);
	buf_free(&b);
	return rc;
}
