/* One line a row, as RFC 4180 quotes. */
#include "../base/json.h"
#include "../base/text.h"
#include "export.h"
#include "shelf_int.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Every name of a figure carries its unit. */
static const char head[] =
        "run,time_utc,kind,mode,demo,track,team,model,isl,osl,conc,repeat,status,doubts,num_prompts,"
        "successful_requests,failed_requests,benchmark_duration_s,total_input_tokens,total_generated_tokens,"
        "request_throughput_req_s,output_throughput_tok_s,total_token_throughput_tok_s,mean_ttft_ms,"
        "median_ttft_ms,p99_ttft_ms,mean_tpot_ms,median_tpot_ms,p99_tpot_ms,mean_itl_ms,median_itl_ms,"
        "p99_itl_ms,mean_e2el_ms,median_e2el_ms,p99_e2el_ms,tput_tok_s_gpu,interactivity_tok_s_user,"
        "ref_tput_tok_s_gpu,ref_median_e2e_ms,ref_interactivity_tok_s_user,tput_ratio,e2e_ratio,"
        "interactivity_ratio,bits_per_byte,byte_perplexity,word_perplexity,sglang_commit,sglang_tree,"
        "aiter_commit,aiter_tree,server_version,tp,chunked_prefill_tokens,path\r\n";

/* Quoted where it must be. A field that a spreadsheet would take for a formula gets a quote in front: nobody's team name
 * runs on a reader's machine. */
static void put_text(struct buf *b, const char *v)
{
	bool formula = v[0] && strchr("=+-@\t\r", v[0]);
	bool quote = v[strcspn(v, ",\"\r\n")] != '\0';
	if (quote)
		buf_addc(b, '"');
	if (formula)
		buf_addc(b, '\'');
	for (const char *p = v; *p; p++) {
		if (*p == '"')
			buf_addc(b, '"');
		buf_addc(b, *p);
	}
	buf_adds(b, quote ? "\"," : ",");
}

static void put_i64(struct buf *b, int64_t v)
{
	buf_printf(b, "%lld,", (long long)v);
}

static void put_count(struct buf *b, bool have, int64_t v)
{
	if (have && v >= 0)
		put_i64(b, v);
	else
		buf_addc(b, ',');
}

static void put_f64(struct buf *b, double v)
{
	char text[32];
	if (isfinite(v))
		buf_adds(b, json_repr(v, text));
	buf_addc(b, ',');
}

static void put_run(struct buf *b, const struct shelf_run *r)
{
	const struct ev_run_started *run = &r->board->run;
	char when[32];
	put_text(b, r->name);
	put_text(b, shelf_iso_time(r->wall_ns, when));
	put_text(b, shelf_kind_word(r->kind));
	put_text(b, r->mode_known ? run_mode_word((int)run->mode) : "");
	put_text(b, run->demo ? "true" : "false");
	put_text(b, run->track);
	put_text(b, run->team);
	put_text(b, run->model);
}

static void put_figures(struct buf *b, const struct board_cell *c)
{
	const struct ev_load_measured *m = &c->load;
	bool have = c->have_load;
	put_count(b, have, m->completed);
	put_count(b, have, m->failed);
	put_f64(b, have ? m->duration_s : NAN);
	put_count(b, have, m->total_input);
	put_count(b, have, m->total_output);
	for (const struct shelf_figure *f = shelf_figures + 1; f->key; f++) /* the first one is the duration */
		put_f64(b, have ? shelf_figure(m, f) : NAN);
}

static void put_row(struct buf *b, const struct board_cell *c)
{
	put_i64(b, c->plan.isl);
	put_i64(b, c->plan.osl);
	put_i64(b, c->plan.conc);
	put_i64(b, c->plan.repeat);
	put_text(b, cell_status_word((int)c->status));
	put_i64(b, c->n_doubts);
	put_count(b, c->plan.num_prompts > 0, c->plan.num_prompts);
	put_figures(b, c);
	put_f64(b, c->plan.ref_tput);
	put_f64(b, c->plan.ref_e2e_ms);
	put_f64(b, c->plan.ref_intvty);
	put_f64(b, c->have_result ? c->result.tput_ratio : NAN);
	put_f64(b, c->have_result ? c->result.e2e_ratio : NAN);
	put_f64(b, c->have_result ? c->result.intvty_ratio : NAN);
	put_f64(b, c->have_accuracy ? c->accuracy.bits_per_byte : NAN);
	put_f64(b, c->have_accuracy ? c->accuracy.byte_perplexity : NAN);
	put_f64(b, c->have_accuracy ? c->accuracy.word_perplexity : NAN);
}

static void put_tree(struct buf *b, const struct shelf_manifest *m, const char *name)
{
	for (int i = 0; i < m->n_trees; i++) {
		if (strcmp(m->tree[i].name, name) != 0)
			continue;
		put_text(b, m->tree[i].commit);
		put_text(b, code_dirty_word((int)m->tree[i].dirty));
		return;
	}
	buf_adds(b, ",,");
}

int export_csv_head(struct buf *out)
{
	return buf_adds(out, head);
}

int export_csv(const struct shelf_run *r, struct buf *out)
{
	const struct shelf_manifest *m = &r->manifest;
	char path[sizeof r->path];
	for (int i = 0; i < r->board->n_cells && !out->failed; i++) {
		if (!r->board->cells[i].planned)
			continue;
		put_run(out, r);
		put_row(out, &r->board->cells[i]);
		put_tree(out, m, "sglang");
		put_tree(out, m, "aiter");
		put_text(out, m->server_version);
		put_count(out, m->tp > 0, m->tp);
		put_count(out, m->prefill > 0, m->prefill);
		text_copy(path, sizeof path, r->path);
		put_text(out, path);
		if (!out->failed)
			out->data[out->len - 1] = '\r'; /* instead of the last comma */
		buf_addc(out, '\n');
	}
	return out->failed ? ERR_LIMIT : 0;
}
