#include "timeline.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/json.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FILE_MAX ((size_t)64 << 20)

void timeline_open(struct timeline *t)
{
	*t = (struct timeline){.row = calloc(TIMELINE_ROWS, sizeof *t->row)};
}

void timeline_close(struct timeline *t)
{
	free(t->row);
	*t = (struct timeline){0};
}

void timeline_add(struct timeline *t, int64_t wall_ns, const struct ev_load_progress *p,
        const struct server_now *server, const struct ev_gpu_seen *gpu)
{
	if (!t->row)
		return;
	if (t->n == TIMELINE_ROWS) {
		t->lost++;
		return;
	}
	struct timeline_row *r = &t->row[t->n++];
	r->wall_ns = wall_ns;
	r->elapsed_s = p->elapsed_s;
	r->in_flight = (int32_t)p->in_flight;
	r->client_tps = (float)p->output_tps;
	r->running = server ? (float)server->running : NAN;
	r->queued = server ? (float)server->queued : NAN;
	r->kv = server ? (float)server->kv : NAN;
	r->gen_tps = server ? (float)server->gen_tps : NAN;
	r->accept_len = server ? (float)server->accept_len : NAN;
	r->gpu_busy = gpu ? (float)gpu->busy : NAN;
	r->gpu_power_w = gpu ? (float)gpu->power_w : NAN;
	r->gpu_temp_c = gpu ? (float)gpu->temp_c : NAN;
	r->gpu_clock_mhz = gpu ? (float)gpu->clock_mhz : NAN;
	r->gpu_held = gpu ? (float)gpu->throttled : NAN;
}

/* A figure with the digits that a second's sample deserves. */
static void put(struct json_out *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, isfinite(v) ? round(v * 1000) / 1000 : (double)NAN);
}

static void put_time(struct json_out *j, int64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / CLOCK_NS_PER_S);
	struct tm tm;
	char date[24] = "", text[40];
	if (gmtime_r(&s, &tm))
		strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof text, "%s.%03dZ", date, (int)(wall_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_MS));
	json_key(j, "t");
	json_str(j, text);
}

static void write_row(struct buf *b, const struct timeline_row *r)
{
	struct json_out j;
	json_out_init(&j, b, JSON_COMPACT, false);
	json_object(&j);
	put_time(&j, r->wall_ns);
	put(&j, "elapsed", r->elapsed_s);
	json_key(&j, "in_flight");
	json_i64(&j, r->in_flight);
	put(&j, "client_tps", (double)r->client_tps);
	put(&j, "running", (double)r->running);
	put(&j, "queued", (double)r->queued);
	put(&j, "kv", (double)r->kv);
	put(&j, "gen_tps", (double)r->gen_tps);
	put(&j, "accept_len", (double)r->accept_len);
	put(&j, "gpu_busy", (double)r->gpu_busy);
	put(&j, "gpu_power_w", (double)r->gpu_power_w);
	put(&j, "gpu_temp_c", (double)r->gpu_temp_c);
	put(&j, "gpu_clock_mhz", (double)r->gpu_clock_mhz);
	put(&j, "gpus_held_back", (double)r->gpu_held);
	json_object_end(&j);
	buf_addc(b, '\n');
}

int timeline_write(const struct timeline *t, const struct rundir *d, const struct plan_cell *c, struct err *e)
{
	const char *dir = d->path;
	char path[600], name[64], run[24] = "";
	if (t->n == 0)
		return 0;
	if (c->pair >= 0 && c->pair < SETTINGS_PAIRS && d->pair_path[c->pair][0])
		dir = d->pair_path[c->pair];
	if (c->repeat > 1)
		snprintf(run, sizeof run, "_run%d", c->repeat);
	snprintf(name, sizeof name, "timeline_conc%d%s.jsonl", c->conc, run);
	if (!path_join(path, sizeof path, dir, name))
		return err_set(e, ERR_LIMIT, "the path of %s is too long", name);
	struct buf b;
	buf_init(&b, FILE_MAX);
	for (size_t i = 0; i < t->n && !b.failed; i++)
		write_row(&b, &t->row[i]);
	int rc = b.failed ? err_set(e, ERR_NOMEM, "out of memory for %s", path) : file_keep_old(path, NULL, 0, e);
	if (rc == 0) /* one of an earlier try is kept under its time */
		rc = file_write_atomic(path, buf_text(&b), b.len, e);
	buf_free(&b);
	return rc;
}
