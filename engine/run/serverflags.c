/* The tally of a span, and the flags that follow from it. */
#include "serverflags.h"
#include "../base/text.h"
#include "../log/tail.h"
#include "../server/loadline.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANK_FRESH_S 3  /* a rank that is silent for longer may be idle */
#define RATE_LINES   20 /* decode lines */
#define RATE_SECONDS 30 /* of a span: shorter ones are all ramp */
#define RATE_DIFFERS 0.05

void tally_init(struct server_tally *t, int conc)
{
	memset(t, 0, sizeof *t);
	t->conc = conc;
	t->running_max = NAN;
}

/* ---- JIT builds ---- */

/* aiter says things twice, and every rank once: a module counts once. */
static struct tally_build *build_of(struct server_tally *t, const char *at)
{
	char name[sizeof t->build[0].name];
	size_t len = strcspn(at, "]");
	if (at[len] != ']' || len == 0)
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)len, at);
	for (int i = 0; i < t->n_builds; i++)
		if (strcmp(t->build[i].name, name) == 0)
			return &t->build[i];
	if (t->n_builds == TALLY_BUILDS)
		return NULL;
	struct tally_build *b = &t->build[t->n_builds++];
	*b = (struct tally_build){.cost_s = NAN};
	text_set(b->name, sizeof b->name, name);
	return b;
}

/* "[aiter] start build [NAME] under ..." and "finish build [NAME], cost 41.2s". */
static bool take_build(struct server_tally *t, const char *line)
{
	static const char start[] = "start build [", finish[] = "finish build [", cost[] = "cost ";
	const char *p = strstr(line, start);
	if (p) {
		struct tally_build *b = build_of(t, p + sizeof start - 1);
		if (b)
			b->started = true;
		return true;
	}
	p = strstr(line, finish);
	if (!p)
		return false;
	struct tally_build *b = build_of(t, p + sizeof finish - 1);
	if (b) {
		const char *c = strstr(p, cost);
		char *end;
		double s = c ? strtod(c + sizeof cost - 1, &end) : (double)NAN;
		b->finished = true;
		if (s >= 0 && s < 1e6)
			b->cost_s = s;
	}
	return true;
}

void tally_before(struct server_tally *t, const char *line)
{
	if (!take_build(t, line))
		return;
	int kept = 0;
	for (int i = 0; i < t->n_builds; i++)
		if (!t->build[i].finished)
			t->build[kept++] = t->build[i];
	t->n_builds = kept;
}

/* ---- batch lines ---- */

/* "[2025-11-20 10:16:08 DP1 TP4] ..." -> 1; 0 without. */
static int rank_of(const char *line)
{
	const char *close = strchr(line, ']'), *dp = strstr(line, " DP");
	if (!close || !dp || dp > close)
		return 0;
	int rank = atoi(dp + 3);
	return rank > 0 && rank < TALLY_RANKS ? rank : 0;
}

/* Requests that run now, over the ranks that spoke of it lately. */
static double running_now(const struct server_tally *t, int64_t now_s)
{
	double sum = 0;
	for (int i = 0; i < TALLY_RANKS; i++)
		if (t->rank[i].decoded && now_s - t->rank[i].stamp_s < RANK_FRESH_S && t->rank[i].running > 0)
			sum += t->rank[i].running;
	return sum;
}

static void take_decode(struct server_tally *t, const char *line, const struct batch_line *b)
{
	struct tally_rank *r = &t->rank[rank_of(line)];
	bool first = !r->decoded;
	int64_t now_s;
	t->decode_lines++;
	if (!line_stamp(line, &now_s))
		now_s = r->stamp_s;
	r->decoded = true;
	r->stamp_s = now_s;
	r->running = b->running;
	double running = running_now(t, now_s);
	if (!(running <= t->running_max))
		t->running_max = running;
	t->over_lines += running > t->conc;
	/* Decode lines come every so many steps: a step gives running x accept tokens, at the rate that the line tells. */
	double tokens = b->running * (b->accept_len > 0 ? b->accept_len : 1);
	if (!first && tokens > 0 && b->gen_tps > 0) {
		r->tokens += tokens;
		r->seconds += tokens / b->gen_tps;
	}
}

static void take_retraction(struct server_tally *t, const char *line)
{
	t->retractions++;
	t->retracted += load_retracted(line);
}

static void take_fatal(struct server_tally *t, const char *line)
{
	if (!t->fatal[0]) {
		if (line_is_fatal(line))
			text_copy(t->fatal, sizeof t->fatal, line);
	} else if (!t->cause[0] && line[0] != '[' && line[0] != ' ' && strstr(line, ": ") &&
	           line_severity(line) == SEV_ERROR && !strstr(line, "Traceback (most recent")) {
		text_copy(t->cause, sizeof t->cause, line);
	}
}

void tally_line(struct server_tally *t, const char *line)
{
	struct batch_line b;
	t->lines++;
	if (batch_line_parse(line, &b)) {
		if (b.decode) {
			take_decode(t, line, &b);
		} else {
			t->cached += b.cached_tokens > 0 ? (int64_t)b.cached_tokens : 0;
			t->prefilled += b.new_tokens > 0 ? (int64_t)b.new_tokens : 0;
		}
		return;
	}
	if (load_retracted(line) >= 0)
		take_retraction(t, line);
	else if (!take_build(t, line))
		take_fatal(t, line);
}

double tally_gen_tps(const struct server_tally *t)
{
	double sum = 0;
	bool any = false;
	for (int i = 0; i < TALLY_RANKS; i++) {
		if (t->rank[i].seconds > 0) {
			sum += t->rank[i].tokens / t->rank[i].seconds;
			any = true;
		}
	}
	return any && t->decode_lines >= RATE_LINES ? sum : (double)NAN;
}

bool tally_fatal(const struct server_tally *t, char *out, size_t cap)
{
	char text[sizeof t->fatal + sizeof t->cause + 8];
	if (!t->fatal[0])
		return false;
	snprintf(text, sizeof text, t->cause[0] ? "%s (%s)" : "%s", t->fatal, t->cause);
	text_copy(out, cap, text);
	return true;
}

/* ---- flags ---- */

struct out {
	struct ev_flag_raised *list;
	int n, cap;
	struct ev_flag_raised spare; /* for what finds no room */
};

static struct ev_flag_raised *flag_add(struct out *o, enum flag_code code, bool doubt)
{
	struct ev_flag_raised *f = o->n < o->cap ? &o->list[o->n++] : &o->spare;
	*f = (struct ev_flag_raised){.cell = -1, .flag = code, .doubt = doubt};
	return f;
}

static void check_builds(const struct server_tally *t, struct out *o)
{
	double cost = 0;
	int open = 0;
	char names[120] = "", unfinished[48] = "";
	if (t->n_builds == 0)
		return;
	for (int i = 0; i < t->n_builds; i++) {
		const struct tally_build *b = &t->build[i];
		size_t len = strlen(names);
		cost += isnan(b->cost_s) ? 0 : b->cost_s;
		open += !b->finished;
		snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "", b->name);
	}
	if (open)
		snprintf(unfinished, sizeof unfinished, ", %d not finished at the end", open);
	struct ev_flag_raised *f = flag_add(o, FLAG_JIT, true);
	char text[400];
	snprintf(text, sizeof text, "%d JIT build%s inside of the timed span, %.0f s%s: %s", t->n_builds,
	        t->n_builds > 1 ? "s" : "", cost, unfinished, names);
	text_copy(f->text, sizeof f->text, text);
}

static void check_rate(const struct server_tally *t, double duration_s, double client_tps, struct out *o)
{
	double server = tally_gen_tps(t);
	if (isnan(server) || !(client_tps > 0) || !(duration_s >= RATE_SECONDS) ||
	        fabs(server - client_tps) <= RATE_DIFFERS * client_tps)
		return;
	struct ev_flag_raised *f = flag_add(o, FLAG_RATE_DIFFERS, false);
	snprintf(f->text, sizeof f->text, "the server's log says %.0f tok/s, the client measured %.0f (%+.1f %%)",
	        server, client_tps, (server / client_tps - 1) * 100);
}

int tally_flags(const struct server_tally *t, double duration_s, double client_tps, struct ev_flag_raised *out, int cap)
{
	struct out o = {.list = out, .cap = cap};
	struct ev_flag_raised *f;
	check_builds(t, &o);
	if (t->cached > 0) {
		f = flag_add(&o, FLAG_CACHED, true);
		snprintf(f->text, sizeof f->text,
		        "%lld prompt tokens came from the server's cache, %lld were computed: is the radix cache on?",
		        (long long)t->cached, (long long)t->prefilled);
	}
	if (t->over_lines > 0) {
		f = flag_add(&o, FLAG_FOREIGN_LOAD, true);
		snprintf(f->text, sizeof f->text,
		        "the server ran up to %.0f requests at once, CONC is %d (%lld of %lld decode lines): somebody else uses it",
		        t->running_max, t->conc, (long long)t->over_lines, (long long)t->decode_lines);
	}
	if (t->retractions > 0) {
		f = flag_add(&o, FLAG_RETRACTED, false);
		snprintf(f->text, sizeof f->text,
		        "the KV pool was full %lld times, %lld requests were retracted and computed again",
		        (long long)t->retractions, (long long)t->retracted);
	}
	check_rate(t, duration_s, client_tps, &o);
	return o.n;
}
