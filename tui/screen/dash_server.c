/* The server: its state in the title, what it runs, its load, the GPUs. */
#include "../../engine/base/clock.h"
#include "../../engine/base/file.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include <math.h>
#include <string.h>

static const char *server_url(const struct board *b, const struct view *v)
{
	return b->have_server && b->server.url[0] ? b->server.url : v->settings.base_url;
}

static double uptime_s(const struct board *b, const struct view *v)
{
	double since = (double)(v->now_mono_ns - b->server_mono_ns) / (double)CLOCK_NS_PER_S;
	return b->server.uptime_s + (since > 0 ? since : 0);
}

static bool is_ready(const struct board *b)
{
	return b->have_server && b->server.phase == SERVER_READY;
}

/* "● ready :8888, up 2h04m, log: server.log" */
static void server_state(struct pen *p, const struct board *b, const struct view *v, bool with_log)
{
	struct words w;
	char port[64], up[16];
	words_server(&w, b);
	pen_put(p, w.role, 0, "%s", w.text);
	fmt_port(server_url(b, v), port, sizeof port);
	const char *colon = strrchr(port, ':');
	if (!with_log && colon && text_width(port, strlen(port)) > 24) /* the first part of a long name, and the port */
		pen_put(p, ROLE_TEXT, 0, " %.*s…%s", (int)text_fit(port, strlen(port), 14), port, colon);
	else
		pen_put(p, ROLE_TEXT, 0, " %s", port);
	if (is_ready(b) && uptime_s(b, v) >= 0)
		pen_put(p, ROLE_DIM, 0, with_log ? ", up %s" : " up %s", clock_duration(uptime_s(b, v), up));
	if (with_log && b->have_server && b->server.log[0])
		pen_put(p, ROLE_DIM, 0, ", log: %s", path_base(b->server.log));
}

static void server_what(struct pen *p, const struct board *b, const struct view *v)
{
	const char *model = b->have_server && b->server.model[0] ? b->server.model : v->settings.model;
	pen_put(p, ROLE_STRONG, 0, "%.*s", (int)text_fit(path_base(model), 200, 40), path_base(model));
	if (!b->have_server)
		return;
	if (b->server.tp > 0)
		pen_pair(p, 2, "TP", ROLE_TEXT, "%lld", (long long)b->server.tp);
	if (b->server.prefill > 0)
		pen_pair(p, 2, "prefill", ROLE_TEXT, "%lld", (long long)b->server.prefill);
	if (b->server.radix_off >= 0)
		pen_pair(p, 2, "radix", b->server.radix_off ? ROLE_TEXT : ROLE_WARN, "%s",
		        b->server.radix_off ? "off" : "ON");
}

static const struct ev_code_seen *code_changed(const struct board *b)
{
	for (int i = 0; i < b->n_code && i < BOARD_CODE; i++)
		if (b->code[i].changed)
			return &b->code[i];
	return NULL;
}

/* "sglang a1b2c3d +2 files": which code runs there; what nobody could look at is not called clean. */
static void server_code(struct pen *p, const struct ev_code_seen *e)
{
	pen_pair(p, 2, e->name, ROLE_TEXT, "%.7s", e->commit[0] ? e->commit : "unknown");
	if (e->dirty == CODE_CLEAN)
		pen_put(p, ROLE_DIM, 0, " clean");
	else if (e->dirty == CODE_DIRTY && e->files > 0)
		pen_put(p, ROLE_WARN, 0, " +%lld file%s", (long long)e->files, e->files == 1 ? "" : "s");
	else if (e->dirty == CODE_DIRTY)
		pen_put(p, ROLE_WARN, 0, " changed");
	else
		pen_put(p, ROLE_DIM, 0, " ?");
}

static void server_version(struct pen *p, const struct board *b, const struct view *v)
{
	if (b->have_server && b->server.version[0])
		pen_pair(p, 0, "version", ROLE_TEXT, "%s", b->server.version);
	for (int i = 0; i < b->n_code && i < BOARD_CODE; i++)
		if (b->code[i].dir[0])
			server_code(p, &b->code[i]);
	pen_pair(p, 3, "at", ROLE_TEXT, "%s", server_url(b, v));
}

/* Seconds since the server's state was seen. */
static double since_seen(const struct board *b, const struct view *v)
{
	double s = (double)(v->now_mono_ns - b->server_mono_ns) / (double)CLOCK_NS_PER_S;
	return s > 0 ? s : 0;
}

void start_line(struct pen *p, const struct board *b, const struct view *v)
{
	const struct ev_server_seen *s = &b->server;
	size_t step = strcspn(s->text, ";");
	char d[16];
	if (isfinite(s->progress))
		pen_put(p, ROLE_STRONG, 0, "%.0f%%  ", floor(s->progress * 100));
	if (!isfinite(s->step_s)) {
		pen_fit(p, ROLE_WARN, 0, s->text);
		return;
	}
	pen_put(p, ROLE_WARN, 0, "%.*s", (int)step, s->text);
	pen_put(p, ROLE_TEXT, 0, "  %s", clock_duration(s->step_s + since_seen(b, v), d));
	if (isfinite(s->step_last_s))
		pen_put(p, ROLE_DIM, 0, " (last time %s)", clock_duration(s->step_last_s, d));
	if (isfinite(s->eta_s))
		pen_put(p, ROLE_TEXT, 0, "  left %s",
		        clock_duration(s->eta_s > since_seen(b, v) ? s->eta_s - since_seen(b, v) : 0, d));
	if (s->text[step])
		pen_fit(p, ROLE_DIM, 0, s->text + step);
}

/* What is to be said in words: how far a start is, else the newest notice. */
static void server_says(struct pen *p, const struct board *b, const struct view *v)
{
	if (b->have_server && b->server.phase == SERVER_STARTING && b->server.text[0]) {
		start_line(p, b, v);
		return;
	}
	if (b->have_server && b->server.phase != SERVER_READY && b->server.text[0]) {
		pen_fit(p, b->server.phase == SERVER_UNHEALTHY ? ROLE_BAD : ROLE_WARN, 0, b->server.text);
		return;
	}
	const struct ev_code_seen *code = code_changed(b);
	if (code) {
		char line[300], hms[9] = "";
		if (code->newest_wall_ns > 0)
			clock_hms(code->newest_wall_ns, hms);
		str_fmt(line, sizeof line, "! code changed since this start: %s %.5s", path_base(code->newest), hms);
		pen_fit(p, ROLE_WARN, 0, line);
		return;
	}
	if (b->n_notices <= 0) {
		if (run_phase_shown(b) == PHASE_SERVER_WAIT)
			pen_fit(p, ROLE_WARN, 0, "armed: the run begins when /health answers 200");
		else if (!b->have_server || b->server.phase == SERVER_ABSENT)
			pen_fit(p, ROLE_DIM, 0,
			        "nothing answers there; a run can be armed: it starts when the server is ready");
		return;
	}
	int64_t i = (b->n_notices - 1) % BOARD_NOTICES;
	char at[9];
	clock_hms(b->notices[i].wall_ns, at);
	pen_put(p, ROLE_DIM, 0, "%.5s ", at);
	if (b->notices[i].n.severity != SEV_INFO)
		pen_put(p, severity_role(b->notices[i].n.severity), 0, "! ");
	pen_fit(p, severity_role(b->notices[i].n.severity), 0, b->notices[i].n.text);
}

/* "gen   958 tok/s", "gen     — tok/s": figure and unit together or not at all. */
static void load_rate(struct pen *p, const char *label, double tps)
{
	char text[48];
	pen_pair(p, 2, label, isfinite(tps) ? ROLE_STRONG : ROLE_DIM, "%s tok/s", fmt_fixed(tps, 0, 6, text));
}

/* What only some servers have, and only while they have it. */
static void load_more(struct pen *p, const struct ev_server_load *s)
{
	if (s->retracted > 0)
		pen_pair(p, 2, "retracted", ROLE_WARN, "%.0f", s->retracted);
	if (s->cached > 0)
		pen_pair(p, 2, "cached", ROLE_WARN, "%.0f", s->cached);
	if (s->accept_len > 0)
		pen_pair(p, 2, "accept", ROLE_TEXT, "%.2f", s->accept_len);
}

/* "running 8/8  queued 0  KV 1%  gen 958 tok/s" from the server, else what the client sees. */
static void server_load(struct pen *p, const struct board *b, const struct view *v, bool brief)
{
	const struct board_cell *cell = b->current >= 0 && b->current < b->n_cells ? &b->cells[b->current] : NULL;
	const struct ev_server_load *s = server_load_shown(b, v);
	const struct ev_load_progress *g = progress_shown(b, v, cell);
	bool loading = cell && cell_loading(cell);
	if (s) {
		char conc[24] = "";
		if (loading)
			str_fmt(conc, sizeof conc, "/%lld", (long long)cell->plan.conc);
		if (isfinite(s->running))
			pen_pair(p, 0, brief ? "run" : "running", ROLE_TEXT, "%*.0f%s",
			        loading ? (int)strlen(conc) - 1 : 1, s->running, conc);
		if (isfinite(s->queued))
			pen_pair(p, 2, brief ? "queue" : "queued", s->queued > 0 ? ROLE_WARN : ROLE_TEXT, "%.0f",
			        s->queued);
		if (isfinite(s->kv))
			pen_pair(p, 2, "KV", s->kv > 0.9 ? ROLE_WARN : ROLE_TEXT, "%2.0f%%", s->kv * 100);
		load_rate(p, brief ? "" : "gen", s->gen_tps);
		if (!brief)
			load_more(p, s);
	} else if (loading && g) {
		pen_pair(
		        p, 0, "in flight", ROLE_TEXT, "%lld/%lld", (long long)g->in_flight, (long long)cell->plan.conc);
		load_rate(p, "out", g->output_tps);
	} else {
		pen_put(p, ROLE_DIM, 0, "no load");
	}
}

static void server_gpu(struct pen *p, const struct board *b, bool brief)
{
	const struct ev_gpu_seen *g = &b->gpu;
	if (!b->have_gpu || g->cards <= 0) {
		if (!brief)
			pen_put(p, ROLE_DIM, 0, b->have_gpu ? "no GPU is seen here" : "GPU figures unknown");
		return;
	}
	bool part = !isfinite(g->power_w) && isfinite(g->power_part_w);
	bool wide = p->end - p->col > 80;
	if (!brief && (!part || wide)) /* the sum of a part names the number, too */
		pen_pair(p, 0, "GPUs", ROLE_TEXT, "%lld", (long long)g->cards);
	if (isfinite(g->busy) && !brief && p->end - p->col > 30) {
		pen_gap(p, part && !wide ? 0 : 2);
		widget_progress(p->c, p->row, p->col, 8, g->busy / 100);
		p->col += 8;
		pen_put(p, ROLE_TEXT, 0, " %3.0f%%", g->busy);
	} else if (isfinite(g->busy))
		pen_pair(p, 2, "GPU", ROLE_TEXT, "%2.0f%%", g->busy);
	if (isfinite(g->power_w))
		pen_pair(p, brief ? 1 : 3, "", ROLE_TEXT, "%.1f kW", g->power_w / 1000);
	else if (part)
		pen_pair(p, brief ? 1 : 3, "", ROLE_WARN, "%lld%s%lld%s: %.1f kW", (long long)g->power_cards,
		        brief ? "/" : " of ", (long long)g->cards, wide ? " cards" : "", g->power_part_w / 1000);
	double capped = g->throttled - (g->hot > 0 ? g->hot : 0);
	if (g->hot > 0)
		pen_pair(p, 2, "", ROLE_BAD, "%.0f too hot", g->hot);
	if (capped > 0)
		pen_pair(p, 2, "", ROLE_TEXT, "%.0f at cap", capped);
	if (isfinite(g->temp_c))
		pen_pair(p, brief ? 1 : 3, brief ? "" : "junction", g->temp_c >= 95 ? ROLE_WARN : ROLE_TEXT, "%.0f°C",
		        g->temp_c);
	if (isfinite(g->vram_used_gib) && !brief)
		pen_pair(p, 3, "", ROLE_TEXT, "%.0f/%.0f GiB", g->vram_used_gib, g->vram_total_gib);
}

static void server_composed(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	struct rect r = l->server;
	float values[BOARD_SPARK];
	double max;
	bool any = spark_values(b, values, &max)[0] != '\0';
	int spare = r.rows - 5;
	struct pen p = pen_at(c, r.row, r.col, r.cols);
	server_what(&p, b, v);
	p = pen_at(c, r.row + 1, r.col, r.cols);
	server_version(&p, b, v);
	p = pen_at(c, r.row + 2, r.col, r.cols);
	server_says(&p, b, v);
	p = pen_at(c, r.row + 3 + spare, r.col, r.cols);
	server_load(&p, b, v, false);
	if (any) { /* a fixed place: the figures before it have changing widths */
		int at = p.col - r.col < 46 ? r.col + 46 : p.col + 2, cols = r.col + r.cols - at;
		if (cols > 60)
			cols = 60;
		if (cols >= 8)
			widget_graph(c, (struct rect){r.row + 3, at, 1 + spare, cols}, values, BOARD_SPARK, max);
	}
	p = pen_at(c, r.row + r.rows - 1, r.col, r.cols);
	server_gpu(&p, b, false);
}

static void server_compact(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	struct rect r = l->server;
	struct pen p = pen_at(c, r.row, r.col, r.cols);
	server_state(&p, b, v, false);
	pen_gap(&p, 2);
	server_load(&p, b, v, true);
	server_gpu(&p, b, true);
	if (server_load_shown(b, v))
		load_more(&p, server_load_shown(b, v));
	if (r.rows < 2)
		return;
	p = pen_at(c, r.row + 1, r.col, r.cols);
	bool says = b->n_notices > 0 || code_changed(b) || !b->have_server || b->server.phase != SERVER_READY;
	if (says)
		server_says(&p, b, v);
	else
		server_what(&p, b, v);
}

void dash_server(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v)
{
	if (!l->composed) {
		server_compact(c, l, b, v);
		return;
	}
	struct rect r = l->server;
	widget_box(c, (struct rect){r.row - 1, r.col - 2, r.rows + 2, r.cols + 4}, NULL, NULL);
	struct pen p = pen_at(c, r.row - 1, r.col, r.cols);
	pen_put(&p, ROLE_TITLE, 0, " Server ");
	p.end--;
	server_state(&p, b, v, true);
	canvas_text(c, p.row, p.col, 1, ROLE_BOX, 0, " ");
	server_composed(c, l, b, v);
}
