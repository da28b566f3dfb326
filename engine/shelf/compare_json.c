/* A comparison for other programs: one JSON object, absent numbers null. */
#include "../base/json.h"
#include "compare_int.h"
#include <math.h>

static void put_str(struct json_out *j, const char *key, const char *v)
{
	json_key(j, key);
	json_str(j, v);
}

static void put_int(struct json_out *j, const char *key, int v)
{
	json_key(j, key);
	json_i64(j, v);
}

static void put_f64(struct json_out *j, const char *key, double v)
{
	json_key(j, key);
	json_f64(j, v);
}

static void put_side(struct json_out *j, const char *key, const struct compare_side *s)
{
	json_key(j, key);
	json_object(j);
	put_str(j, "label", s->label);
	put_int(j, "runs", s->n_runs);
	put_int(j, "starts", s->n_starts);
	json_key(j, "starts_known");
	json_bool(j, !s->start_unknown);
	put_int(j, "rows", s->n_samples);
	put_int(j, "doubtful", s->n_doubtful);
	put_int(j, "left_out", s->n_left_out);
	json_key(j, "paths");
	json_array(j);
	for (int i = 0; s->paths && i < s->n_runs; i++)
		json_str(j, s->paths[i]);
	json_array_end(j);
	json_object_end(j);
}

static void put_line(struct json_out *j, const struct compare_line *l)
{
	static const char *const metrics[COMPARE_METRICS] = {
	        "tput_per_gpu", "median_e2el_ms", "interactivity", "median_ttft_ms", "median_tpot_ms", "median_itl_ms"};
	static const char *const verdicts[] = {"none", "no difference seen", "faster", "slower"};
	static const char *const bases[] = {"floor", "history", "runs", "starts"};
	json_object(j);
	put_int(j, "isl", l->isl);
	put_int(j, "osl", l->osl);
	put_int(j, "conc", l->conc);
	put_str(j, "metric", metrics[l->metric]);
	put_f64(j, "old", l->old_value);
	put_f64(j, "new", l->new_value);
	put_f64(j, "change", l->change);
	put_f64(j, "low", l->low);
	put_f64(j, "high", l->high);
	put_f64(j, "noise", l->noise);
	put_str(j, "basis", isfinite(l->change) ? bases[l->basis] : NULL);
	put_str(j, "verdict", verdicts[l->verdict]);
	put_int(j, "runs_a", l->runs_a);
	put_int(j, "runs_b", l->runs_b);
	put_int(j, "starts_a", l->starts_a);
	put_int(j, "starts_b", l->starts_b);
	put_f64(j, "spread_a", l->spread_a);
	put_f64(j, "spread_b", l->spread_b);
	json_object_end(j);
}

int compare_json(
        const struct compare_result *r, const struct compare_side *a, const struct compare_side *b, struct buf *out)
{
	struct json_out j;
	json_out_init(&j, out, JSON_COMPACT, false);
	json_object(&j);
	put_side(&j, "a", a);
	put_side(&j, "b", b);
	json_key(&j, "said");
	json_array(&j);
	for (int i = 0; i < r->n_said; i++) {
		json_object(&j);
		put_str(&j, "severity", severity_word((int)r->said_severity[i]));
		put_str(&j, "text", r->said[i]);
		json_object_end(&j);
	}
	json_array_end(&j);
	put_str(&j, "verdict", r->verdict);
	json_key(&j, "lines");
	json_array(&j);
	for (int i = 0; i < r->n_lines; i++)
		put_line(&j, &r->lines[i]);
	json_array_end(&j);
	json_key(&j, "changed");
	json_array(&j);
	for (int i = 0; i < r->n_changed; i++)
		json_str(&j, r->changed[i]);
	json_array_end(&j);
	put_str(&j, "method", r->method);
	json_object_end(&j);
	buf_addc(out, '\n');
	return out->failed ? ERR_LIMIT : 0;
}
