/* Batches and throughput lines: "key: value" pairs by name, in whatever order a version prints them. */
#include "../base/text.h"
#include "logline.h"
#include "tail.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* ---- pairs ---- */

struct pairs {
	struct log_line *l;
	double all_usage; /* of hybrid models, when there is no other */
	int kept;
};

enum { PLAIN, PERCENT };
static const struct {
	const char *key;
	size_t to; /* offset in struct log_figures */
	int form;
} keys[] = {
#define KEY(text, member, form) {text, offsetof(struct log_figures, member), form},
        KEY("#running-req", running, PLAIN) KEY("#queue-req", queued, PLAIN) KEY("token usage", usage, PLAIN)
                KEY("gen throughput (token/s)", gen_tps, PLAIN) KEY("input throughput (token/s)", input_tps, PLAIN)
                        KEY("accept len", accept_len, PLAIN) KEY("accept rate", accept_rate, PLAIN)
                                KEY("#new-seq", new_seq, PLAIN) KEY("#new-token", new_tokens, PLAIN)
                                        KEY("#cached-token", cached_tokens, PLAIN)
        /* vLLM */
        KEY("Avg prompt throughput", input_tps, PLAIN) KEY("Avg generation throughput", gen_tps, PLAIN)
                KEY("Running", running, PLAIN) KEY("Waiting", queued, PLAIN) KEY("Pending", queued, PLAIN)
                        KEY("GPU KV cache usage", usage, PERCENT)
        /* ATOM */
        KEY("Average toks/fwd", accept_len, PLAIN) KEY("Acceptance rate", accept_rate, PERCENT)
#undef KEY
};

/* A number with nothing behind it but a unit or '%': "0.12", "8 reqs", "456.7 tokens/s", "1.2%". */
static bool take_number(const char *s, size_t len, double *value, bool *percent)
{
	char number[40];
	size_t n = 0;
	while (n < len && (isdigit((unsigned char)s[n]) || s[n] == '.' || s[n] == 'e' || s[n] == '+' || s[n] == '-'))
		n++;
	*percent = n < len && s[n] == '%';
	if (n == 0 || n >= sizeof number || (n < len && s[n] != ' ' && s[n] != '%'))
		return false;
	memcpy(number, s, n);
	number[n] = '\0';
	return text_to_f64(number, 0, 1e15, value);
}

static void keep(struct pairs *p, const char *key, size_t key_len, const char *s, size_t len)
{
	double value;
	bool percent;
	if (key_len == 10 && memcmp(key, "cuda graph", 10) == 0) {
		p->l->f.cuda_graph = len >= 4 && memcmp(s, "True", 4) == 0    ? 1
		                     : len >= 5 && memcmp(s, "False", 5) == 0 ? 0
		                                                              : -1;
		return;
	}
	if (!take_number(s, len, &value, &percent))
		return;
	if (key_len == 16 && memcmp(key, "full token usage", 16) == 0)
		p->all_usage = value;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (strlen(keys[i].key) != key_len || memcmp(keys[i].key, key, key_len) != 0)
			continue;
		double v = keys[i].form == PERCENT ? value / 100 : value;
		memcpy((char *)&p->l->f + keys[i].to, &v, sizeof v);
		p->kept++;
	}
}

/* "key: value", split at the last ": " before end. */
static void take_pair(struct pairs *p, const char *s, const char *end)
{
	const char *colon = NULL;
	for (const char *c = s; c + 1 < end; c++)
		if (c[0] == ':' && c[1] == ' ')
			colon = c;
	if (colon)
		keep(p, s, (size_t)(colon - s), colon + 2, (size_t)(end - colon - 2));
}

static void take_pairs(struct pairs *p, const char *s)
{
	while (s) {
		const char *comma = strstr(s, ", ");
		const char *end = comma ? comma : s + strlen(s);
		while (end > s && (end[-1] == ' ' || end[-1] == ',' || end[-1] == '.'))
			end--;
		take_pair(p, s, end);
		s = comma ? comma + 2 : NULL;
	}
	if (isnan(p->l->f.usage))
		p->l->f.usage = p->all_usage;
}

/* ---- the lines ---- */

/* "Scheduled prefill batch: 3 reqs, 8192 new tokens (cached: [0, 5], new: [...]), ...": ATOM */
static bool take_atom(const char *m, struct log_line *l)
{
	static const char mark[] = "Scheduled prefill batch: ";
	if (!begins(m, mark))
		return false;
	char *end;
	const char *p = m + sizeof mark - 1;
	if (!isdigit((unsigned char)*p))
		return false;
	l->f.new_seq = (double)strtoul(p, &end, 10);
	if (!begins(end, " reqs, ") || !isdigit((unsigned char)end[7]))
		return false;
	l->f.new_tokens = (double)strtoul(end + 7, &end, 10);
	const char *cached = strstr(end, "(cached: [");
	if (cached) {
		l->f.cached_tokens = 0;
		p = cached + 10;
		while (isdigit((unsigned char)*p)) {
			l->f.cached_tokens += (double)strtoul(p, &end, 10);
			p = end + strspn(end, ", ");
		}
	}
	l->kind = LOG_PREFILL;
	return true;
}

bool logline_figures(const char *m, struct log_line *l)
{
	struct pairs p = {.l = l, .all_usage = NAN};
	bool decode = begins(m, "Decode batch"), prefill = begins(m, "Prefill batch");
	if (decode || prefill) {
		take_pairs(&p, strchr(m, '#'));
		if (isnan(l->f.running) && isnan(l->f.queued))
			return false;
		l->kind = decode ? LOG_DECODE : LOG_PREFILL;
		return true;
	}
	const char *stats = strstr(m, "Avg prompt throughput: ");
	if (!stats && begins(m, "[MTP Stats") && (stats = strstr(m, "Average toks/fwd: ")) == NULL)
		return false;
	if (stats && stats - m < 40) {
		take_pairs(&p, stats);
		if (p.kept == 0)
			return false;
		l->kind = LOG_STATS;
		return true;
	}
	return take_atom(m, l);
}

bool batch_line_parse(const char *line, struct batch_line *out)
{
	struct log_line l;
	logline_parse(line, &l);
	if ((l.kind != LOG_DECODE && l.kind != LOG_PREFILL) || (isnan(l.f.running) && isnan(l.f.queued)))
		return false;
	*out = (struct batch_line){.decode = l.kind == LOG_DECODE,
	        .running = l.f.running,
	        .queued = l.f.queued,
	        .usage = l.f.usage,
	        .gen_tps = l.f.gen_tps,
	        .accept_len = l.f.accept_len,
	        .new_tokens = l.f.new_tokens,
	        .cached_tokens = l.f.cached_tokens};
	return true;
}
