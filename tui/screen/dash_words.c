#include "../../engine/base/clock.h"
#include "../../engine/base/text.h"
#include "dash.h"
#include <stdarg.h>
#include <string.h>

/* Why a figure may not be what it seems, in at most 7 and at most 12 columns. */
static const struct {
	enum flag_code flag;
	const char *brief, *words;
} flag_words[] = {{FLAG_FAILED_REQUESTS, "errors", "failed reqs"}, {FLAG_CLIENT_BUSY, "client", "client busy"},
        {FLAG_OCCUPANCY, "slots", "slots idle"}, {FLAG_NUM_PROMPTS, "prompts", "prompts off"},
        {FLAG_RATIO, "ratio", "ratio off"}, {FLAG_MODEL, "model", "other model"},
        {FLAG_PROMPT_COUNT, "tokens", "tokens differ"}, {FLAG_JIT, "JIT", "JIT build"},
        {FLAG_CACHED, "cached", "cached"}, {FLAG_FOREIGN_LOAD, "foreign", "other load"},
        {FLAG_THROTTLED, "GPU hot", "throttled"}, {FLAG_CODE_CHANGED, "code", "new code"},
        {FLAG_STOPPED_EARLY, "partial", "partial"}, {FLAG_IDS, "ids", "ids"}, {FLAG_WARMUPS, "warmups", "warm-ups"},
        {FLAG_BUNDLED, "bundled", "bundled"}, {FLAG_NO_LOG, "no log", "no log"},
        {FLAG_RATE_DIFFERS, "rates", "rates differ"}, {FLAG_RETRACTED, "retract", "retractions"},
        {FLAG_POWER_CAP, "cap", "power cap"}, {FLAG_PREFILL, "prefill", "prefill size"},
        {FLAG_ACCURACY_SKIPPED, "no acc", "no accuracy"}};

static void set(struct words *w, enum role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void set(struct words *w, enum role role, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	str_vfmt(w->text, sizeof w->text, fmt, ap);
	va_end(ap);
	w->role = role;
}

static bool fits(const struct words *w, int cols)
{
	return text_width(w->text, strlen(w->text)) <= cols;
}

void words_mode(struct words *w, const struct board *b, const struct view *v)
{
	enum run_mode mode = mode_shown(b, v);
	if (v->following && run_alive(b))
		set(w, ROLE_INFO, "%s · following pid %lld",
		        mode == MODE_SUBMIT ? "SUBMIT"
		        : mode == MODE_ACC  ? "ACC"
		                            : "PERF",
		        (long long)b->run.pid);
	else if (mode == MODE_ACC)
		set(w, ROLE_HEADER, "ACC · accuracy only");
	else if (mode == MODE_PERF)
		set(w, ROLE_HEADER, "PERF · nothing is posted");
	else {
		const char *team = run_alive(b) ? b->run.team : v->settings.team;
		char host[48];
		const char *url = v->settings.leaderboard;
		if (!*url && v->plan.n_cells > 0)
			url = v->plan.cells[0].board;
		if (!*team)
			team = "(no team)";
		set(w, ROLE_WARN, "SUBMIT as %.*s%s%s", (int)text_fit(team, strlen(team), 32), team,
		        *url ? " · posts to " : "", *url ? fmt_host(url, host, sizeof host) : "");
	}
}

/* Rounded down: 100 % is all of it. */
static int percent_of(double done, double total)
{
	double percent = total > 0 && done > 0 ? 100 * done / total : 0;
	return percent < 100 ? (int)percent : 100;
}

static void running_words(struct words *w, const struct board *b, const struct view *v, const struct dash_row *r,
        int cols, const char *spin)
{
	const struct board_cell *cell = r->cell;
	const struct ev_load_progress *p = r->progress;
	bool warming = cell_warming(cell), loading = cell_loading(cell);
	char took[16];
	clock_duration(p && loading ? p->elapsed_s : phase_elapsed_s(cell, v), took);
	if (b->stopping && loading && p)
		set(w, ROLE_WARN, "%s stopping %lld", spin, (long long)p->in_flight);
	else if (b->stopping)
		set(w, ROLE_WARN, "%s stopping", spin);
	else if (warming || loading) {
		const char *name = warming ? "warm-up" : "load";
		if (!p)
			set(w, ROLE_INFO, "%s %s", spin, name);
		else
			set(w, ROLE_INFO, "%s %s %2d%% %s", spin, name, load_percent(p), took);
		if (!fits(w, cols) && p)
			set(w, ROLE_INFO, "%s %s %2d%%", spin, name, load_percent(p));
	} else if (cell->phase == PHASE_ACCURACY) {
		const struct ev_accuracy_progress *a = &cell->accuracy_progress;
		int share = cell->have_accuracy_progress ? percent_of((double)a->done, (double)a->total) : 0;
		set(w, ROLE_INFO, "%s accuracy %2d%%", spin, share);
		if (!fits(w, cols))
			set(w, ROLE_INFO, "%s acc %2d%%", spin, share);
	} else {
		static const struct {
			enum run_phase phase;
			const char *words;
		} names[] = {{PHASE_SERVER_WAIT, "server wait"}, {PHASE_CORPUS, "corpus"}, {PHASE_PROMPTS, "prompts"},
		        {PHASE_RESULT, "saving"}, {PHASE_PAUSE, "pause"}, {PHASE_POSTS, "posting"}};
		const char *name = "starting";
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			if (names[i].phase == cell->phase)
				name = names[i].words;
		}
		set(w, ROLE_INFO, "%s %s", spin, name);
	}
}

static void ended_words(struct words *w, const struct dash_row *r, int cols)
{
	static const struct {
		enum cell_status status;
		enum role role;
		const char *words;
	} ends[] = {{CELL_PASSED, ROLE_GOOD, "✓ passed"}, {CELL_GATE_FAILED, ROLE_BAD, "✗ gate failed"},
	        {CELL_FAILED, ROLE_BAD, "✗ failed"}, {CELL_SKIPPED, ROLE_DIM, "- skipped"},
	        {CELL_STOPPED, ROLE_WARN, "- stopped"}};
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		if (ends[i].status != r->status)
			continue;
		char took[16];
		bool ran = r->status != CELL_SKIPPED && r->cell->done.duration_s > 0;
		clock_duration(r->cell->done.duration_s, took);
		set(w, ends[i].role, "%s%s%s", ends[i].words, ran ? " " : "", ran ? took : "");
		if (!fits(w, cols))
			set(w, ends[i].role, "%s", ends[i].words);
		return;
	}
	set(w, ROLE_DIM, "?");
}

void words_state(
        struct words *w, const struct board *b, const struct view *v, const struct dash_row *r, int cols, bool ascii)
{
	char about[16];
	if (r->cell && r->status == CELL_RUNNING) {
		running_words(w, b, v, r, cols, run_alive(b) ? widget_spinner(v->frame, ascii) : "-");
		return;
	}
	if (r->cell && r->status != CELL_QUEUED) {
		ended_words(w, r, cols);
		return;
	}
	bool queued = r->cell && run_alive(b);
	if (queued && b->stopping) {
		set(w, ROLE_DIM, "· will not run");
		if (!fits(w, cols))
			set(w, ROLE_DIM, "· dropped");
		return;
	}
	fmt_about(r->cell ? r->cell->plan.expect_s : r->plan->expect_s, about);
	set(w, ROLE_DIM, "· %s %s", queued ? "queued" : "not run", about);
	if (!fits(w, cols))
		set(w, ROLE_DIM, "· %s", queued ? "queued" : "not run");
}

const struct ev_flag_raised *first_flag(const struct board_cell *cell)
{
	const struct ev_flag_raised *note = NULL;
	for (int i = 0; cell && i < cell->n_flags && i < BOARD_FLAGS; i++) {
		if (cell->flags[i].doubt)
			return &cell->flags[i];
		if (!note)
			note = &cell->flags[i];
	}
	return note;
}

void words_check(struct words *w, const struct dash_row *r, int cols)
{
	const struct ev_flag_raised *flag = first_flag(r->cell);
	if (!flag || !flag->doubt) {
		bool measured = r->cell && r->cell->have_load;
		set(w, measured ? ROLE_GOOD : ROLE_DIM, "%s", measured ? "ok" : "—");
		return;
	}
	const char *brief = "doubt", *words = "doubt";
	for (size_t i = 0; i < sizeof flag_words / sizeof flag_words[0]; i++) {
		if (flag_words[i].flag == flag->flag) {
			brief = flag_words[i].brief;
			words = flag_words[i].words;
		}
	}
	int more = r->cell->n_doubts - 1;
	set(w, ROLE_WARN, "! %s +%d", words, more);
	if (more <= 0 || !fits(w, cols))
		set(w, ROLE_WARN, "! %s", words);
	if (!fits(w, cols))
		set(w, ROLE_WARN, "%s", words);
	if (!fits(w, cols))
		set(w, ROLE_WARN, "%s", brief);
}

void words_post(struct words *w, const struct board_cell *cell, int cols)
{
	static const struct {
		enum post_state state;
		enum role role;
		const char *words;
	} states[] = {{POST_NONE, ROLE_DIM, "—"}, {POST_HELD, ROLE_WARN, "held"}, {POST_WAITING, ROLE_DIM, "waiting"},
	        {POST_ATTEMPTED, ROLE_INFO, "posting"}, {POST_SENT, ROLE_INFO, "sent"},
	        {POST_CONFIRMED, ROLE_GOOD, "posted"}, {POST_REFUSED, ROLE_BAD, "refused"},
	        {POST_UNKNOWN, ROLE_BAD, "unknown!"}};
	enum post_state state = cell ? cell->post.state : POST_NONE;
	set(w, ROLE_DIM, "—");
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		if (states[i].state == state)
			set(w, states[i].role, "%s", states[i].words);
	}
	if (state == POST_CONFIRMED && cell->post.rank > 0) {
		set(w, ROLE_GOOD, "posted #%lld", (long long)cell->post.rank);
		if (!fits(w, cols))
			set(w, ROLE_GOOD, "posted");
	}
}

void words_run(struct words *w, const struct board *b, bool brief)
{
	static const struct {
		enum run_phase phase;
		enum role role;
		const char *words, *brief;
	} phases[] = {{PHASE_SERVER_WAIT, ROLE_WARN, "armed: starts when ready", "armed"},
	        {PHASE_CORPUS, ROLE_INFO, "fetching the corpus", "corpus"},
	        {PHASE_PROMPTS, ROLE_INFO, "making prompts", "prompts"}, {PHASE_PAUSE, ROLE_INFO, "pause", "pause"},
	        {PHASE_POSTS, ROLE_WARN, "waiting for the board", "posting"}};
	enum run_phase phase = run_phase_shown(b);
	set(w, ROLE_DIM, "%s", "");
	for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
		if (phases[i].phase == phase)
			set(w, phases[i].role, "%s", brief ? phases[i].brief : phases[i].words);
	}
}

void words_server(struct words *w, const struct board *b)
{
	if (!b->have_server)
		set(w, ROLE_DIM, "○ looking for it");
	else if (b->server.phase == SERVER_READY)
		set(w, ROLE_GOOD, "● ready");
	else if (b->server.phase == SERVER_STARTING)
		set(w, ROLE_WARN, "◐ starting");
	else if (b->server.phase == SERVER_UNHEALTHY)
		set(w, ROLE_BAD, "✗ unhealthy");
	else if (b->server.phase == SERVER_ABSENT)
		set(w, ROLE_DIM, "○ absent");
	else
		set(w, ROLE_DIM, "○ unknown");
}

void words_accuracy(struct words *w, const struct board *b)
{
	const struct board_cell *cell = b->current >= 0 && b->current < b->n_cells ? &b->cells[b->current] : NULL;
	if (cell && run_alive(b) && cell->phase == PHASE_ACCURACY) {
		const struct ev_accuracy_progress *a = &cell->accuracy_progress;
		if (cell->have_accuracy_progress)
			set(w, ROLE_INFO, "running, %lld of %lld", (long long)a->done, (long long)a->total);
		else
			set(w, ROLE_INFO, "running");
	} else if (!b->have_accuracy)
		set(w, ROLE_DIM, "not measured yet");
	else if (!b->gate.metric[0] && !b->gate.text[0])
		set(w, ROLE_TEXT, "measured");
	else if (b->gate.passed)
		set(w, ROLE_GOOD, "✓ inside the gate");
	else
		set(w, ROLE_BAD, "✗ OUTSIDE the gate");
}

enum role severity_role(enum severity s)
{
	return s == SEV_ERROR ? ROLE_BAD : s == SEV_WARN ? ROLE_WARN : ROLE_INFO;
}
