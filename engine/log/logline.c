/* What one line of the server's log says. SGLang prints no level, so it is found by the text; tables first, code last. */
#include "../base/text.h"
#include "tail.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- severity ---- */

static const char *const noise[] = {
        "Echo is not compatible with logprobs",
        "type hints mismatch, override to -->",
        "Ignore import error when loading",
        "[Gloo] Rank ",
        "not found tuned config in",
        "NUMA balancing is enabled",
        "UserWarning",
        "FutureWarning",
        "DeprecationWarning",
        "' is deprecated and will be removed",
        "Endpoint '/get_model_info' is deprecated",
        "Failed to initialize QuickAllReduce",
        "Receive: obj=", /* logged requests: a prompt may say anything */
        "Finish: obj=",
        "server_args=ServerArgs(",
};

static const char *const fatal[] = {
        "Scheduler hit an exception:",
        "TokenizerManager hit an exception:",
        "DetokenizerManager hit an exception:",
        "Received sigquit from a child process",
        "SIGQUIT received.",
        "Initialization failed.",
        "Watchdog timeout (",
        "Not enough memory. Please try to increase --mem-fraction-static",
        "HIP out of memory",
        "Memory access fault by GPU node-",
        "address already in use",
        "Fatal Python error: ",
};

static const char *const bad[] = {
        "Traceback (most recent call last):",
        "Prefill out of memory",
        "Decode out of memory",
        "Segmentation fault",
};

static const char *const doubtful[] = {
        "Health check failed.",
        "KV cache pool is full. Retract requests.",
        "Error in request: ",
        "[http_server] Error: ",
        "The memory capacity is unbalanced.",
        "Cache not flushed because there are pending requests",
        "SIGTERM received.",
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static bool contains(const char *line, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

static const char *skip_blanks(const char *s)
{
	while (*s == ' ')
		s++;
	return s;
}

/* Behind "[date prefix] " when the line has one, else behind "[aiter] ", else the line. */
static const char *message(const char *line)
{
	const char *close = line[0] == '[' ? strchr(line, ']') : NULL;
	return skip_blanks(close && close - line < 64 ? close + 1 : line);
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* "Rank 3 scheduler is dead. ..." and the "Exit code: -9" that follows it. */
static bool is_dead_rank(const char *m)
{
	return (begins(m, "Rank ") && strstr(m, " scheduler is dead")) || (begins(m, "Exit code: ") && m[11] != '0');
}

bool line_is_fatal(const char *line)
{
	if (contains(line, noise, COUNT(noise)))
		return false;
	return contains(line, fatal, COUNT(fatal)) || is_dead_rank(message(line));
}

/* "torch.OutOfMemoryError: ..." "RuntimeError: ...": an unindented last line of a traceback. */
static bool is_exception(const char *line)
{
	size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
	return n > 5 && line[n] == ':' && line[n + 1] == ' ' &&
	       (memcmp(line + n - 5, "Error", 5) == 0 || (n > 9 && memcmp(line + n - 9, "Exception", 9) == 0));
}

/* `INFO:     127.0.0.1:51544 - "GET /health HTTP/1.1" 503 Service Unavailable`: the server's own fault, except for
 * /health, which answers 503 while the server starts. */
static bool is_failed_access(const char *m)
{
	const char *end = strstr(m, " HTTP/1.1\" 5");
	return end && !strstr(m, "\"GET /health");
}

enum severity line_severity(const char *line)
{
	if (contains(line, noise, COUNT(noise)))
		return SEV_INFO;
	const char *m = message(line);
	if (line_is_fatal(line) || contains(line, bad, COUNT(bad)) || is_exception(m) || begins(m, "ERROR") ||
	        begins(m, "CRITICAL"))
		return SEV_ERROR;
	if (contains(line, doubtful, COUNT(doubtful)) || begins(m, "WARNING") || begins(m, "[WARNING]") ||
	        is_failed_access(m))
		return SEV_WARN;
	return SEV_INFO;
}

/* ---- stamps ---- */

static bool digits(const char *s, int n, int *value)
{
	*value = 0;
	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*value = *value * 10 + (s[i] - '0');
	}
	return true;
}

/* Days of the proleptic Gregorian calendar since some day; months counted from March. */
static int64_t day_number(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;
	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day;
}

bool line_stamp(const char *line, int64_t *seconds)
{
	int year, month, day, hour, minute, second;
	if (strnlen(line, 20) < 20 || line[0] != '[' || !digits(line + 1, 4, &year) || line[5] != '-' ||
	        !digits(line + 6, 2, &month) || line[8] != '-' || !digits(line + 9, 2, &day) || line[11] != ' ' ||
	        !digits(line + 12, 2, &hour) || line[14] != ':' || !digits(line + 15, 2, &minute) || line[17] != ':' ||
	        !digits(line + 18, 2, &second))
		return false;
	*seconds = day_number(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

/* ---- batch lines ---- */

static void keep(struct batch_line *b, double *all_usage, const char *key, size_t key_len, double value)
{
	const struct {
		const char *key;
		double *to;
	} keys[] = {
	        {"#running-req", &b->running},
	        {"#queue-req", &b->queued},
	        {"token usage", &b->usage},
	        {"full token usage", all_usage},
	        {"gen throughput (token/s)", &b->gen_tps},
	        {"accept len", &b->accept_len},
	        {"#new-token", &b->new_tokens},
	        {"#cached-token", &b->cached_tokens},
	};
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strlen(keys[i].key) == key_len && memcmp(keys[i].key, key, key_len) == 0)
			*keys[i].to = value;
}

/* "key: value", split at the last ": " before end; a value that is no number is not kept. */
static void keep_pair(struct batch_line *b, double *all_usage, const char *s, const char *end)
{
	char number[32];
	const char *colon = NULL;
	for (const char *p = s; p + 1 < end; p++)
		if (p[0] == ':' && p[1] == ' ')
			colon = p;
	if (!colon || (size_t)(end - colon - 2) >= sizeof number)
		return;
	size_t n = (size_t)(end - colon - 2);
	memcpy(number, colon + 2, n);
	number[n] = '\0';
	double value;
	if (text_to_f64(number, 0, 1e15, &value))
		keep(b, all_usage, s, (size_t)(colon - s), value);
}

bool batch_line_parse(const char *line, struct batch_line *out)
{
	const char *m = message(line);
	struct batch_line b = {.running = NAN,
	        .queued = NAN,
	        .usage = NAN,
	        .gen_tps = NAN,
	        .accept_len = NAN,
	        .new_tokens = NAN,
	        .cached_tokens = NAN};
	double all_usage = NAN;
	b.decode = begins(m, "Decode batch");
	if (!b.decode && !begins(m, "Prefill batch"))
		return false;
	const char *p = strchr(m, '#');
	while (p) {
		const char *comma = strstr(p, ", ");
		const char *end = comma ? comma : p + strlen(p);
		while (end > p && (end[-1] == ' ' || end[-1] == ','))
			end--;
		keep_pair(&b, &all_usage, p, end);
		p = comma ? comma + 2 : NULL;
	}
	if (isnan(b.usage))
		b.usage = all_usage;
	if (isnan(b.running) && isnan(b.queued))
		return false;
	*out = b;
	return true;
}

/* ---- start-up ---- */

static const struct {
	const char *mark, *text;
} startup_marks[] = {
        {"+ python3 -m sglang.launch_server", "starting"},
        {"server_args=ServerArgs(", "starting"},
        {"Init torch distributed begin", "connecting the ranks"},
        {"Load weight begin", "loading weights"},
        {"Load weight end", "weights loaded"},
        {"KV Cache is allocated", "KV cache allocated"},
        {"Memory pool end", "memory pool ready"},
        {"Capture cuda graph begin", "capturing graphs"},
        {"Capture cuda graph end", "graphs captured"},
        {"max_total_num_tokens=", "scheduler ready"},
        {"Started server process", "HTTP is coming up"},
        {"Application startup complete", "warming up"},
        {"Uvicorn running on ", "warming up"},
};

/* "…:  49% Completed | 40/82" or "…:   5%|▌" -> 49, 5; -1 when there is none. */
static int percent(const char *s)
{
	const char *sign = strchr(s, '%');
	if (!sign)
		return -1;
	const char *p = sign;
	while (p > s && p[-1] >= '0' && p[-1] <= '9' && sign - p < 3)
		p--;
	return p == sign ? -1 : atoi(p);
}

static bool startup_bar(const char *line, char *text, size_t cap)
{
	const char *bar = strstr(line, "checkpoint shards:"), *what = "loading weights";
	if (!bar)
		bar = strstr(line, "loading shards:");
	if (!bar) {
		bar = strstr(line, "Capturing batches");
		what = "capturing graphs";
	}
	int done = bar ? percent(bar) : -1;
	if (done < 0)
		return false;
	snprintf(text, cap, "%s %d%%", what, done);
	return true;
}

static bool startup_build(const char *line, char *text, size_t cap)
{
	static const char begin[] = "start build [";
	const char *name = strstr(line, begin);
	const char *end = name ? strchr(name, ']') : NULL;
	if (!end)
		return false;
	name += sizeof begin - 1;
	snprintf(text, cap, "building %.*s", (int)(end - name < 64 ? end - name : 64), name);
	return true;
}

bool line_startup(const char *line, char *text, size_t cap)
{
	if (startup_bar(line, text, cap) || startup_build(line, text, cap))
		return true;
	for (size_t i = 0; i < COUNT(startup_marks); i++)
		if (strstr(line, startup_marks[i].mark)) {
			text_set(text, cap, startup_marks[i].text);
			return true;
		}
	return false;
}
