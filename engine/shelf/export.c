/* JSON lines of the list, and the aggregate form. */
#include "export.h"
#include "../base/clock.h"
#include "../base/json.h"
#include "../base/text.h"
#include "shelf_int.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void put_str(struct json_out *j, const char *key, const char *v)
{
	json_key(j, key);
	json_str(j, v && v[0] ? v : NULL);
}

static void put_i64(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

/* A count that is -1 when nobody knows. */
static void put_count(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	if (v < 0)
		json_null(j);
	else
		json_i64(j, v);
}

static void put_f64(struct json_out *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, v);
}

static void put_bool(struct json_out *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

const char *shelf_kind_word(enum shelf_kind kind)
{
	static const char *const words[] = {"benchtop", "official", "file", "unreadable"};
	return (unsigned)kind < sizeof words / sizeof words[0] ? words[kind] : "unreadable";
}

char *shelf_iso_time(int64_t wall_ns, char out[32])
{
	time_t t = (time_t)(wall_ns / CLOCK_NS_PER_S);
	struct tm tm;
	out[0] = '\0';
	if (wall_ns > 0 && gmtime_r(&t, &tm))
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

/* ---- the list ---- */

static void write_point(struct json_out *j, const struct shelf_point *p)
{
	json_object(j);
	put_i64(j, "isl", p->isl);
	put_i64(j, "osl", p->osl);
	put_i64(j, "conc", p->conc);
	put_i64(j, "repeat", p->repeat);
	put_str(j, "status", cell_status_word((int)p->status));
	put_i64(j, "doubts", p->doubts);
	put_count(j, "failed", p->failed);
	put_f64(j, "tput_per_gpu", p->tput_per_gpu);
	put_f64(j, "median_e2el_ms", p->e2el_median);
	put_f64(j, "interactivity", p->interactivity);
	put_f64(j, "tput_ratio", p->tput_ratio);
	put_f64(j, "e2e_ratio", p->e2e_ratio);
	put_f64(j, "interactivity_ratio", p->intvty_ratio);
	json_object_end(j);
}

int export_json(const struct shelf_entry *entry, struct buf *out)
{
	struct json_out j;
	char when[32];
	json_out_init(&j, out, JSON_COMPACT, false);
	json_object(&j);
	put_str(&j, "path", entry->path);
	put_str(&j, "kind", shelf_kind_word(entry->kind));
	put_str(&j, "time", shelf_iso_time(entry->wall_ns, when));
	put_bool(&j, "alive", entry->alive);
	put_str(&j, "mode", entry->mode_known ? run_mode_word((int)entry->mode) : NULL);
	put_bool(&j, "demo", entry->demo);
	put_str(&j, "track", entry->track);
	put_str(&j, "team", entry->team);
	put_str(&j, "model", entry->model);
	put_str(&j, "sglang", entry->sglang);
	put_str(&j, "aiter", entry->aiter);
	put_str(&j, "note", entry->note);
	put_i64(&j, "passed", entry->passed);
	put_i64(&j, "failed", entry->failed);
	put_f64(&j, "best_tput_ratio", entry->best);
	put_f64(&j, "worst_tput_ratio", entry->worst);
	json_key(&j, "points");
	json_array(&j);
	for (int i = 0; i < entry->n_points; i++)
		write_point(&j, &entry->points[i]);
	json_array_end(&j);
	json_object_end(&j);
	return buf_addc(out, '\n');
}

/* ---- the aggregate form ---- */

/* Part of a track's name, like "fp4" in "dsr1-fp4-sglang-mi355x". */
struct track_words {
	char prefix[32], precision[16], framework[16], hw[16];
	bool mtp;
};

static bool among(const char *word, const char *const *known)
{
	for (; *known; known++)
		if (strcmp(word, *known) == 0)
			return true;
	return false;
}

static void take_word(struct track_words *w, const char *word, int at)
{
	static const char *const precisions[] = {"fp4", "fp8", "mxfp4", "nvfp4", "bf16", "fp16", "int4", "int8", NULL};
	static const char *const frameworks[] = {"sglang", "vllm", "atom", "trt", "trtllm", NULL};
	if (among(word, precisions))
		text_set(w->precision, sizeof w->precision, word);
	else if (among(word, frameworks))
		text_set(w->framework, sizeof w->framework, word);
	else if (strcmp(word, "mtp") == 0)
		w->mtp = true;
	else if (at > 0 && (strncmp(word, "mi", 2) == 0 ? isdigit((unsigned char)word[2])
	                                                : strchr("bh", word[0]) && isdigit((unsigned char)word[1])))
		text_set(w->hw, sizeof w->hw, word);
	else if (at == 0)
		text_set(w->prefix, sizeof w->prefix, word);
}

static void split_track(const char *name, struct track_words *w)
{
	memset(w, 0, sizeof *w);
	if (!strchr(name, '-'))
		return; /* not of that form */
	for (int at = 0; *name; at++) {
		char word[32];
		size_t n = strcspn(name, "-");
		snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), name);
		if (word[0])
			take_word(w, word, at);
		name += n + (name[n] == '-');
	}
}

/* Every "*_ms" in seconds under its name without the unit; of a TPOT also the tokens a second that it means. */
static void write_times(struct json_out *j, const struct ev_load_measured *m)
{
	for (const struct shelf_figure *f = shelf_figures; f->key; f++) {
		size_t n = strlen(f->key);
		double ms = shelf_figure(m, f);
		char key[48];
		if (n < 4 || strcmp(f->key + n - 3, "_ms") != 0)
			continue;
		snprintf(key, sizeof key, "%.*s", (int)n - 3, f->key);
		put_f64(j, key, ms / 1000);
		char *tpot = strstr(key, "tpot");
		if (!tpot)
			continue;
		snprintf(tpot, sizeof key - (size_t)(tpot - key), "intvty");
		put_f64(j, key, ms > 0 ? 1000 / ms : NAN);
	}
}

static void write_throughput(struct json_out *j, const struct ev_load_measured *m, const struct track *t)
{
	/* The file's own divisor, so that the three agree. */
	double gpus = m->tput_per_gpu > 0 ? round(m->total_token_throughput / m->tput_per_gpu) : NAN;
	if (!(gpus >= 1))
		gpus = t && t->gpus > 0 ? (double)t->gpus : (double)NAN;
	put_f64(j, "tput_per_gpu", m->tput_per_gpu);
	put_f64(j, "output_tput_per_gpu", m->output_throughput / gpus);
	put_f64(j, "input_tput_per_gpu", (m->total_token_throughput - m->output_throughput) / gpus);
	json_key(j, "gpus_assumed");
	if (gpus >= 1)
		json_i64(j, (int64_t)gpus);
	else
		json_null(j);
}

static void write_agg(
        struct json_out *j, const struct shelf_run *r, int row, const struct track_words *w, const struct track *t)
{
	const struct board_cell *c = &r->board->cells[row];
	const struct board *b = r->board;
	char when[32];
	json_object(j);
	put_str(j, "hw", w->hw);
	put_i64(j, "conc", c->plan.conc);
	put_str(j, "image", NULL);
	put_str(j, "model", b->run.model);
	put_str(j, "infmax_model_prefix", w->prefix);
	put_str(j, "framework", w->framework);
	put_str(j, "precision", w->precision);
	put_str(j, "spec_decoding", w->framework[0] ? w->mtp ? "mtp" : "none" : NULL);
	put_bool(j, "disagg", false);
	put_i64(j, "isl", c->plan.isl);
	put_i64(j, "osl", c->plan.osl);
	put_bool(j, "is_multinode", false);
	int64_t tp = r->manifest.tp > 0 ? r->manifest.tp : b->have_server ? b->server.tp : 0;
	put_count(j, "tp", tp > 0 ? tp : -1);
	write_throughput(j, &c->load, t);
	write_times(j, &c->load);
	put_bool(j, "unofficial", true); /* only the project's own runs are official */
	put_str(j, "run", r->name);
	put_str(j, "time", shelf_iso_time(r->wall_ns, when));
	put_i64(j, "repeat", c->plan.repeat);
	put_i64(j, "doubts", c->n_doubts);
	json_object_end(j);
}

int export_infmax(const struct shelf_run *r, const struct track *t, struct buf *out)
{
	struct track_words w;
	split_track(r->board->run.track[0] ? r->board->run.track : t ? t->name : "", &w);
	for (int i = 0; i < r->board->n_cells; i++) {
		const struct board_cell *c = &r->board->cells[i];
		struct json_out j;
		if (!c->planned || !c->have_load || c->status != CELL_PASSED)
			continue;
		if (out->len > 0 && out->data[out->len - 1] == '}')
			buf_adds(out, ",\n");
		json_out_init(&j, out, JSON_SPACED, false);
		write_agg(&j, r, i, &w, t);
	}
	return out->failed ? ERR_LIMIT : 0;
}
