/* The head of a run's page: title, verdict, and where the figures come from. */
#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "page_run.h"
#include <math.h>
#include <string.h>

/* ---- title ---- */

static const char *run_team(const struct run_page *r)
{
	return r->b->run.team[0] ? r->b->run.team : r->run->manifest.team;
}

void run_title(struct canvas *c, struct rect line, const struct run_page *r, int below)
{
	char date[24], right[64], track[128];
	const char *name = r->b->run.track[0] ? r->b->run.track : r->run->manifest.track;
	page_date(r->run->wall_ns, date);
	canvas_fill(c, line.row, line.col, 1, line.cols, ' ', ROLE_HEADER, 0);
	if (below > 0)
		str_fmt(right, sizeof right, "↓ %d%s   %s", below, line.cols >= PAGE_COMPOSED ? " more lines" : "",
		        date);
	else
		str_fmt(right, sizeof right, "%s", date);
	int width = text_width(right, strlen(right));
	canvas_text(c, line.row, line.col + line.cols - width - 1, width, ROLE_HEADER, 0, right);
	struct pen p = pen_at(c, line.row, line.col + 1, line.cols - width - 4);
	pen_put(&p, ROLE_TITLE, ATTR_BOLD, "benchtop  ");
	str_fmt(track, sizeof track, "%s", r->track && line.cols >= PAGE_COMPOSED ? r->track->title : name);
	pen_put(&p, ROLE_HEADER, 0, "%s  ", track[0] ? track : "track unknown");
	pen_put(&p, ROLE_STRONG, 0, "%d/%d", r->isl, r->osl);
	if (r->pairs > 1)
		pen_put(&p, ROLE_HEADER, 0, " (pair %d of %d)", r->pair + 1, r->pairs);
	if (r->b->run.demo || (r->track && r->track->demo))
		pen_put(&p, ROLE_WARN, 0, "   DEMO, simulated server");
	if (run_team(r)[0]) {
		pen_gap(&p, 3);
		pen_fit(&p, ROLE_STRONG, 0, run_team(r));
	}
	canvas_attr(c, line.row, line.col, 1, line.cols, ATTR_HEAD);
}

/* ---- verdict ---- */

/* How many of the passed CONCs have a ratio, and how many of these are better than the reference. */
static int better_of(const struct run_page *r, size_t offset, bool lower, int *of)
{
	int better = 0;
	*of = 0;
	for (int i = 0; i < r->n; i++) {
		double ratio;
		memcpy(&ratio, (const char *)&r->rows[i] + offset, sizeof ratio);
		if (r->rows[i].passed == 0 || !isfinite(ratio))
			continue;
		++*of;
		better += ratio_sign(ratio, lower) == '+';
	}
	return better;
}

/* "4 of 5", or "4" when it is of as many as the one before. */
static char *count_words(int n, int of, int of_before, char out[32])
{
	return of == of_before ? str_fmt(out, 32, "%d", n) : str_fmt(out, 32, "%d of %d", n, of);
}

static void verdict_curve(const struct run_page *r, char *out, size_t cap)
{
	struct curve curve;
	size_t len = strlen(out);
	char count[32];
	if (!r->track)
		return;
	curve_init(&curve, r->track, r->isl, r->osl);
	if (!curve_add(&curve, r->run, "this run"))
		return;
	curve_judge(&curve);
	if (curve.by_e2e.of > 0 && len < cap)
		str_fmt(out + len, cap - len, "; above its curve: %d of %d by E2E, %s by interactivity",
		        curve.by_e2e.above, curve.by_e2e.of,
		        count_words(curve.by_intvty.above, curve.by_intvty.of, curve.by_e2e.of, count));
}

static void verdict_ratios(const struct run_page *r, char *out, size_t cap)
{
	char e2e_count[32], intvty_count[32];
	int tput_of, e2e_of, intvty_of;
	int tput = better_of(r, offsetof(struct run_row, tput_ratio), false, &tput_of);
	int e2e = better_of(r, offsetof(struct run_row, e2e_ratio), true, &e2e_of);
	int intvty = better_of(r, offsetof(struct run_row, intvty_ratio), false, &intvty_of);
	size_t len = strlen(out);
	if (len >= cap)
		return;
	if (tput_of + e2e_of + intvty_of > 0) {
		str_fmt(out + len, cap - len,
		        "; better than %s in throughput at %d of %d, in E2E at %s, in interactivity at %s", r->ref,
		        tput, tput_of, count_words(e2e, e2e_of, tput_of, e2e_count),
		        count_words(intvty, intvty_of, tput_of, intvty_count));
		verdict_curve(r, out, cap);
	} else if (r->passed > 0 && r->measured)
		str_fmt(out + len, cap - len, "; no reference to compare with is known");
}

static void verdict_counts(const struct run_page *r, char *out, size_t cap)
{
	size_t len = strlen(str_fmt(out, cap, "%d of %d passed", r->passed, r->cells));
	const struct {
		int n;
		const char *words;
	} rest[] = {{r->failed, "failed"}, {r->stopped, "stopped or skipped"}, {r->unfinished, "not finished"}};
	for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
		if (rest[i].n > 0)
			len += strlen(str_fmt(out + len, cap - len, ", %d %s", rest[i].n, rest[i].words));
	}
	if (r->doubts > 0)
		str_fmt(out + len, cap - len, ", %d with doubts", r->doubts);
}

void run_verdict(struct run_page *r)
{
	char text[480];
	verdict_counts(r, text, sizeof text);
	verdict_ratios(r, text, sizeof text);
	bool whole = r->passed == r->cells, doubts = r->doubts > 0;
	enum role role = r->failed > 0 ? ROLE_BAD : whole && !doubts ? ROLE_GOOD : ROLE_WARN;
	page_wrap(&r->page, role, r->failed > 0 ? "✗" : whole ? (doubts ? "!" : "✓") : "-", 2, ROLE_STRONG, text);
	if (official_tool(r->run))
		page_wrap(&r->page, ROLE_INFO, "·", 2, ROLE_INFO,
		        "written by the official tool: it records no commits, no server arguments and no client health");
	else if (r->run->kind == SHELF_FILE)
		page_wrap(&r->page, ROLE_INFO, "·", 2, ROLE_INFO,
		        "a result file that stands alone: commits, server and client are not known");
	if (r->run->note[0])
		page_wrap(&r->page, ROLE_WARN, "!", 2, ROLE_WARN, r->run->note);
}

/* ---- where it comes from ---- */

/* Items that flow over as many lines as they need, behind a label. */
struct flow {
	struct page *page;
	struct pen pen;
	const char *label;
};

#define LABEL_COLS 9

static void flow_line(struct flow *f)
{
	int row = page_next(f->page);
	canvas_text(f->page->c, row, f->page->left, LABEL_COLS, ROLE_DIM, 0, f->label);
	f->label = "";
	f->pen = pen_at(f->page->c, row, f->page->left + LABEL_COLS, f->page->cols - LABEL_COLS);
}

static struct flow flow_open(struct page *p, const char *label)
{
	struct flow f = {.page = p, .label = label};
	flow_line(&f);
	return f;
}

static int columns_of(const char *text)
{
	return text_width(text, strlen(text));
}

/* "label value more", whole on one line; `more` in its own role. */
static void flow_put(
        struct flow *f, const char *label, enum role role, const char *text, enum role more_role, const char *more)
{
	int width = columns_of(label) + (*label != '\0') + columns_of(text) + (*more ? 1 + columns_of(more) : 0);
	int gap = f->pen.col > f->pen.from ? 3 : 0;
	if (gap > 0 && gap + width > f->pen.end - f->pen.col)
		flow_line(f);
	else
		pen_gap(&f->pen, gap);
	if (*label)
		pen_put(&f->pen, ROLE_DIM, 0, "%s ", label);
	pen_fit(&f->pen, role, 0, text);
	if (*more) {
		pen_gap(&f->pen, 1);
		pen_fit(&f->pen, more_role, 0, more);
	}
}

static void flow_text(struct flow *f, const char *label, const char *text)
{
	flow_put(f, label, text[0] ? ROLE_TEXT : ROLE_DIM, text[0] ? text : "unknown", ROLE_DIM, "");
}

static const struct shelf_code *tree_of(const struct shelf_manifest *m, const char *name)
{
	for (int i = 0; i < m->n_trees && i < SHELF_TREES; i++) {
		if (strcmp(m->tree[i].name, name) == 0)
			return &m->tree[i];
	}
	return NULL;
}

/* What nobody could look at is not called clean. */
static void put_code(struct flow *f, const char *name, const struct shelf_code *t)
{
	char commit[140], state[64];
	enum role role = ROLE_WARN;
	if (!t || !t->commit[0]) {
		flow_put(f, name, ROLE_DIM, "commit unknown", ROLE_DIM, "");
		return;
	}
	str_fmt(commit, sizeof commit, "%.7s%s%s", t->commit, t->branch[0] ? " " : "", t->branch);
	if (t->dirty == CODE_CLEAN) {
		role = ROLE_TEXT;
		str_fmt(state, sizeof state, "clean");
	} else if (t->dirty == CODE_DIRTY && t->files > 0)
		str_fmt(state, sizeof state, "+%d file%s changed", t->files, t->files == 1 ? "" : "s");
	else if (t->dirty == CODE_DIRTY)
		str_fmt(state, sizeof state, "changed");
	else
		str_fmt(state, sizeof state, "(changes unknown)");
	size_t len = strlen(state);
	if (t->untracked > 0)
		str_fmt(state + len, sizeof state - len, ", %d untracked", t->untracked);
	flow_put(f, name, ROLE_STRONG, commit, role, state);
	if (t->changed)
		flow_put(f, "", ROLE_WARN, "! changed since the server's start", ROLE_DIM, "");
}

static void meta_code(struct run_page *r)
{
	static const char *const names[] = {"sglang", "aiter"};
	const struct shelf_manifest *m = &r->run->manifest;
	struct flow f = flow_open(&r->page, "code");
	for (size_t i = 0; i < 2; i++)
		put_code(&f, names[i], tree_of(m, names[i]));
	for (int i = 0; i < m->n_trees && i < SHELF_TREES; i++) {
		if (strcmp(m->tree[i].name, names[0]) != 0 && strcmp(m->tree[i].name, names[1]) != 0)
			put_code(&f, m->tree[i].name, &m->tree[i]);
	}
	if (m->code_late)
		flow_put(&f, "", ROLE_DIM, "looked at after the server's start", ROLE_DIM, "");
}

static void meta_server(struct run_page *r)
{
	const struct shelf_manifest *m = &r->run->manifest;
	struct flow f = flow_open(&r->page, "server");
	char text[64], host[80];
	flow_text(&f, "version", m->server_version);
	flow_text(&f, "TP", m->tp > 0 ? str_fmt(text, sizeof text, "%d", m->tp) : "");
	flow_text(&f, "prefill", m->prefill > 0 ? str_fmt(text, sizeof text, "%d", m->prefill) : "");
	flow_text(&f, "radix", m->radix_off == 1 ? "off" : m->radix_off == 0 && m->have ? "on" : "");
	if (m->server_started_s > 0 && m->server_started_s < 9e9)
		flow_text(&f, "started", page_date((int64_t)(m->server_started_s * 1e9), text));
	const char *url = m->base_url[0] ? m->base_url : r->b->run.base_url;
	if (url[0])
		flow_text(&f, "at", fmt_host(url, host, sizeof host));
}

static const char *run_mode_words(const struct run_page *r)
{
	if (!r->b->have_run || !r->run->manifest.have)
		return "";
	return r->b->run.mode == MODE_SUBMIT ? "submit run" : r->b->run.mode == MODE_ACC ? "accuracy only" : "perf run";
}

static void meta_client(struct run_page *r)
{
	const struct shelf_manifest *m = &r->run->manifest;
	struct flow f = flow_open(&r->page, "client");
	char text[64];
	if (!m->have) {
		flow_text(&f, "", official_tool(r->run) ? "the official tool" : "");
		return;
	}
	flow_text(&f, "", m->version[0] ? str_fmt(text, sizeof text, "benchtop %s", m->version) : "");
	flow_text(&f, "", run_mode_words(r));
	flow_text(&f, "prompts as", m->prompts);
	flow_text(&f, "range ratio", isfinite(m->ratio) ? str_fmt(text, sizeof text, "%.3g", m->ratio) : "");
	flow_text(&f, "warm-ups",
	        m->num_warmups >= 0 ? str_fmt(text, sizeof text, "%d", m->num_warmups) : "by the track");
	if (m->host[0])
		flow_text(&f, "on", m->host);
}

void run_meta(struct run_page *r)
{
	const struct shelf_manifest *m = &r->run->manifest;
	struct flow f = flow_open(&r->page, "model");
	char sha[16];
	flow_text(&f, "", m->model[0] ? m->model : r->b->run.model);
	const char *track = m->track[0] ? m->track : r->b->run.track;
	str_fmt(sha, sizeof sha, "%.8s", m->track_sha256);
	flow_put(&f, "track", track[0] ? ROLE_TEXT : ROLE_DIM, track[0] ? track : "unknown", ROLE_DIM, sha);
	meta_code(r);
	meta_server(r);
	meta_client(r);
}
