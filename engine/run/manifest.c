/* run.json: what was asked for, by which client, against which server. A reader of a result a year later has only this, and
 * so has a resume (manifest_read.c): every setting that decides what is sent, measured or posted is in it. */
#include "manifest.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/text.h"
#include "rundir.h"
#include <curl/curl.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MANIFEST_VERSION 1

/* Strings: empty means unknown or not given. */
static void put_str(struct json_out *j, const char *key, const char *v)
{
	json_key(j, key);
	json_str(j, v && v[0] ? v : NULL);
}

/* A URL, or text with URLs in it: user and password in front of the host become "***". */
static void put_url(struct json_out *j, const char *key, const char *text)
{
	struct buf b;
	buf_init(&b, 8192);
	while (*text) {
		const char *at = strstr(text, "://");
		if (!at) {
			buf_adds(&b, text);
			break;
		}
		at += 3;
		buf_add(&b, text, (size_t)(at - text));
		const char *end = at + strcspn(at, "/?# \t'\"");
		const char *user_end = memrchr(at, '@', (size_t)(end - at));
		if (user_end)
			buf_adds(&b, "***");
		else
			user_end = at;
		buf_add(&b, user_end, (size_t)(end - user_end));
		text = end;
	}
	put_str(j, key, b.failed ? NULL : buf_text(&b));
	buf_free(&b);
}

static void put_int(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

static void put_int_or_null(struct json_out *j, const char *key, int64_t v, int64_t unknown)
{
	json_key(j, key);
	if (v == unknown)
		json_null(j);
	else
		json_i64(j, v);
}

static void put_bool(struct json_out *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

static void put_f64(struct json_out *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, v);
}

/* Local time with its offset, "2025-11-25T15:00:00+01:00". */
static void iso_time(int64_t wall_ns, char out[40])
{
	time_t t = (time_t)(wall_ns / CLOCK_NS_PER_S);
	struct tm tm;
	char date[24] = "", zone[8] = "";
	if (localtime_r(&t, &tm)) {
		strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
		strftime(zone, sizeof zone, "%z", &tm);
	}
	if (strlen(zone) == 5)
		snprintf(out, 40, "%s%.3s:%s", date, zone, zone + 3);
	else
		snprintf(out, 40, "%s", date);
}

/* What the entries above say together, one by one, and what only the running of it needs. */
static void write_inputs(struct json_out *j, const struct settings *s)
{
	put_int_or_null(j, "all_prompts", s->all_prompts, 0);
	put_int_or_null(j, "env_num_prompts", s->num_prompts, 0);
	put_int(j, "env_isl", s->env_pair[0]);
	put_int(j, "env_osl", s->env_pair[1]);
	put_bool(j, "prompts_given", s->prompts_given);
	put_str(j, "tokenizer", s->tokenizer);
	put_str(j, "server_script", s->server_script);
	put_bool(j, "restart_server", s->restart_server);
	put_bool(j, "restart_shapes", s->restart_shapes);
	put_f64(j, "stop_grace_s", (double)s->stop_grace_ms / 1000);
	json_key(j, "more_logs");
	json_array(j);
	for (int i = 0; i < s->n_more_logs && i < SETTINGS_LOGS; i++)
		json_str(j, s->more_logs[i]);
	json_array_end(j);
}

static void write_settings(struct json_out *j, const struct settings *s)
{
	json_key(j, "settings");
	json_object(j);
	put_str(j, "model", s->model);
	put_int(j, "port", s->port);
	put_int(j, "tp", s->tp);
	put_url(j, "base_url", s->base_url);
	put_url(j, "result_base_url", s->result_base_url);
	put_bool(j, "batch", s->batch);
	json_key(j, "pairs");
	json_array(j);
	for (int i = 0; i < s->n_pairs && i < SETTINGS_PAIRS; i++) {
		json_array(j);
		json_i64(j, s->pairs[i][0]);
		json_i64(j, s->pairs[i][1]);
		json_array_end(j);
	}
	json_array_end(j);
	json_key(j, "concs");
	json_array(j);
	for (int i = 0; i < s->n_picks && i < SETTINGS_PICKS; i++)
		json_i64(j, s->picks[i]);
	json_array_end(j);
	put_int(j, "repeat", s->repeat);
	put_int_or_null(j, "num_prompts", s->all_prompts ? s->all_prompts : s->num_prompts, 0);
	put_int_or_null(j, "num_warmups", s->num_warmups, -1);
	put_int_or_null(j, "env_conc", s->env_conc, 0);
	put_str(j, "result_filename", s->result_filename);
	put_str(j, "team", s->team);
	put_url(j, "leaderboard", s->leaderboard);
	put_str(j, "accuracy", accuracy_mode_word((int)s->accuracy));
	put_int(j, "acc_concurrency", s->acc_concurrency);
	put_str(j, "corpus", s->corpus);
	put_f64(j, "wait_server_s", (double)s->wait_server_ms / 1000);
	put_str(j, "results_dir", s->results_dir);
	put_str(j, "server_log", s->server_log);
	put_bool(j, "post_flagged", s->post_flagged);
	put_bool(j, "post_later", s->post_later);
	put_bool(j, "demo", s->demo);
	write_inputs(j, s);
	json_key(j, "defaults_taken");
	json_array(j);
	for (int i = 0; i < s->n_defaults && i < 8; i++)
		json_str(j, s->defaults_taken[i]);
	json_array_end(j);
	json_object_end(j);
}

static void write_client(struct json_out *j)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
	cpu_set_t cpus;
	json_key(j, "client");
	json_object(j);
	put_str(j, "version", BENCHTOP_VERSION);
#ifdef __clang__
	put_str(j, "compiled", __VERSION__);
#else
	put_str(j, "compiled", "gcc " __VERSION__);
#endif
	put_str(j, "libcurl", curl ? curl->version : NULL);
	put_int(j, "cores", sysconf(_SC_NPROCESSORS_ONLN));
	json_key(j, "cores_allowed");
	if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
		json_i64(j, CPU_COUNT(&cpus));
	else
		json_null(j);
	put_int(j, "pid", getpid());
	json_object_end(j);
}

/* Which start of the server it was, and how it was called. */
static void write_origin(struct json_out *j, const struct server_origin *o)
{
	char text[40];
	int64_t wall_ns = o ? o->started_wall_ns : 0;
	iso_time(wall_ns, text);
	put_str(j, "started", wall_ns > 0 ? text : NULL);
	put_int_or_null(j, "started_wall_ns", wall_ns, 0);
	put_str(j, "arguments", o ? o->arguments : NULL);
}

static void write_server(struct json_out *j, const struct ev_server_seen *v, const struct server_origin *origin)
{
	json_key(j, "server");
	if (!v) {
		json_null(j);
		return;
	}
	json_object(j);
	put_str(j, "phase", server_phase_word((int)v->phase));
	put_str(j, "text", v->text);
	put_str(j, "model", v->model);
	put_str(j, "version", v->version);
	put_url(j, "url", v->url);
	put_str(j, "log", v->log);
	put_int_or_null(j, "tp", v->tp, 0);
	put_int_or_null(j, "prefill", v->prefill, 0);
	json_key(j, "radix_off");
	if (v->radix_off < 0)
		json_null(j);
	else
		json_bool(j, v->radix_off != 0);
	put_f64(j, "uptime_s", v->uptime_s);
	write_origin(j, origin);
	json_object_end(j);
}

static void write_tree(struct json_out *j, const struct code_state *s)
{
	json_object(j);
	put_str(j, "name", s->name);
	put_str(j, "dir", s->dir);
	put_str(j, "commit", s->commit);
	put_str(j, "branch", s->branch);
	put_bool(j, "detached", s->detached);
	put_str(j, "dirty", code_dirty_word((int)s->dirty));
	put_int_or_null(j, "files", s->files, -1);
	put_int_or_null(j, "untracked", s->untracked, -1);
	put_bool(j, "counted_whole", !s->more);
	put_bool(j, "changed_since", s->changed);
	put_str(j, "newest_source", s->newest);
	put_str(j, "note", s->note);
	json_object_end(j);
}

/* The code that is served, as found when the run began. */
static void write_code(struct json_out *j, const struct code_set *set)
{
	char text[40];
	json_key(j, "code");
	if (!set || set->n == 0) {
		json_null(j);
		return;
	}
	json_object(j);
	iso_time(set->looked_wall_ns, text);
	put_str(j, "looked", text);
	iso_time(set->since_wall_ns, text);
	put_str(j, "server_started", set->since_start ? text : NULL);
	put_bool(j, "found_late", set->late);
	json_key(j, "trees");
	json_array(j);
	for (int i = 0; i < set->n; i++)
		write_tree(j, &set->tree[i]);
	json_array_end(j);
	json_object_end(j);
}

static void write_plan(struct json_out *j, const struct plan *p)
{
	json_key(j, "plan");
	json_array(j);
	for (int i = 0; i < p->n_cells && i < PLAN_CELLS; i++) {
		const struct plan_cell *c = &p->cells[i];
		json_object(j);
		put_int(j, "isl", c->isl);
		put_int(j, "osl", c->osl);
		put_int(j, "conc", c->conc);
		put_int(j, "repeat", c->repeat);
		put_int(j, "num_prompts", c->num_prompts);
		put_int(j, "rule_prompts", c->rule_prompts);
		put_int(j, "num_warmups", c->num_warmups);
		put_url(j, "board", c->board);
		put_f64(j, "ref_e2e_ms", c->have_ref ? c->ref.e2e_ms : NAN);
		put_f64(j, "ref_tput", c->have_ref ? c->ref.tput : NAN);
		put_f64(j, "ref_intvty", c->have_ref ? c->ref.intvty : NAN);
		put_f64(j, "expect_s", c->expect_s);
		json_object_end(j);
	}
	json_array_end(j);
}

static void write_track(struct json_out *j, const struct track *t)
{
	json_key(j, "track");
	json_object(j);
	put_str(j, "name", t->name);
	put_str(j, "source", t->source);
	put_str(j, "sha256", t->sha256);
	json_object_end(j);
}

static void write_prompts(struct json_out *j, const struct settings *s, const struct track *t)
{
	json_key(j, "prompts");
	json_object(j);
	put_str(j, "mode", prompts_mode_word((int)s->prompts));
	put_int(j, "seed", 0);
	put_f64(j, "ratio", s->ratio);
	put_int(j, "vocab", s->tokenizer_vocab > 0 ? s->tokenizer_vocab : t->vocab_size);
	put_str(j, "tokenizer", s->tokenizer_file);
	put_str(j, "tokenizer_sha256", s->tokenizer_sha256);
	put_str(j, "tokenizer_missing", s->tokenizer_missing);
	json_object_end(j);
}

int rundir_manifest(const struct rundir *d, const struct settings *s, const struct track *t, const struct plan *p,
        const struct ev_server_seen *server, int64_t wall_ns, struct err *e)
{
	char path[600];
	if (!path_join(path, sizeof path, d->path, MANIFEST_NAME))
		return err_set(e, ERR_LIMIT, "the path is too long: %.200s", d->path);
	return manifest_write(path, d, s, t, p, server, wall_ns, e);
}

int manifest_write(const char *path, const struct rundir *d, const struct settings *s, const struct track *t,
        const struct plan *p, const struct ev_server_seen *server, int64_t wall_ns, struct err *e)
{
	char host[256] = "", started[40];
	if (gethostname(host, sizeof host - 1) < 0)
		host[0] = '\0';
	iso_time(wall_ns, started);

	struct buf b;
	struct json_out j;
	buf_init(&b, 1 << 20);
	json_out_init(&j, &b, JSON_PRETTY, false);
	json_object(&j);
	put_int(&j, "format", MANIFEST_VERSION);
	put_str(&j, "run", d->name);
	put_str(&j, "started", started);
	put_int(&j, "started_wall_ns", wall_ns);
	put_url(&j, "command_line", s->command_line);
	put_str(&j, "host", host);
	put_str(&j, "mode", run_mode_word((int)s->mode));
	write_track(&j, t);
	write_settings(&j, s);
	write_prompts(&j, s, t);
	write_client(&j);
	write_server(&j, server, d->origin);
	write_code(&j, d->code);
	write_plan(&j, p);
	json_object_end(&j);
	buf_addc(&b, '\n');
	int rc = 0;
	if (b.failed)
		rc = err_set(e, ERR_NOMEM, "out of memory for %s", path);
	else
		rc = file_write_atomic(path, buf_text(&b), b.len, e);
	buf_free(&b);
	return rc;
}
