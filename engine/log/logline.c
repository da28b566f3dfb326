/* The prefix of a line, its severity, and what kind of line it is. */
#include "logline.h"
#include "../base/text.h"
#include "logword.h"
#include "tail.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ESC 0x1b

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static const char *skip_blanks(const char *s)
{
	while (*s == ' ')
		s++;
	return s;
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

/* ---- prefixes ---- */

enum level { LEVEL_NONE, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };

static const struct {
	const char *name;
	enum level level;
} levels[] = {
        {"INFO", LEVEL_INFO},
        {"DEBUG", LEVEL_INFO},
        {"WARNING", LEVEL_WARN},
        {"ERROR", LEVEL_ERROR},
        {"CRITICAL", LEVEL_ERROR},
};

static bool is_clock(const char *s)
{
	int v;
	return strnlen(s, 8) == 8 && digits(s, 2, &v) && s[2] == ':' && digits(s + 3, 2, &v) && s[5] == ':' &&
	       digits(s + 6, 2, &v);
}

/* "[2025-11-20 10:02:26.123 DP0 TP0] " */
static const char *take_stamp(const char *s, struct log_line *l)
{
	if (!line_stamp(s, &l->time))
		return s;
	size_t n = 20;
	if (s[n] == '.' || s[n] == ',')
		n += 1 + strspn(s + n + 1, "0123456789");
	if (n > 24)
		n = 24;
	snprintf(l->clock, sizeof l->clock, "%.*s", (int)(n - 12), s + 12);
	const char *close = strchr(s + 20, ']');
	if (!close || close - s > 64)
		return s + n;
	const char *rank = skip_blanks(s + n);
	snprintf(l->rank, sizeof l->rank, "%.*s", close > rank ? (int)(close - rank) : 0, rank);
	return skip_blanks(close + 1);
}

/* "(EngineCore_0 pid=272) " */
static const char *take_process(const char *s, struct log_line *l)
{
	const char *pid = s[0] == '(' ? strstr(s, " pid=") : NULL;
	const char *close = pid && pid - s < 40 ? strchr(pid, ')') : NULL;
	if (!close || close - pid > 16)
		return s;
	snprintf(l->rank, sizeof l->rank, "%.*s", (int)(pid - s - 1), s + 1);
	return skip_blanks(close + 1);
}

/* "INFO 11-20 10:02:11 [loggers.py:123] ", "INFO 11-20 10:02:11 metrics.py:455] ", "INFO:     ", "WARNING:root:" */
static const char *take_level(const char *s, struct log_line *l, enum level *level)
{
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		size_t n = strlen(levels[i].name);
		if (!begins(s, levels[i].name) || (s[n] != ' ' && s[n] != ':'))
			continue;
		*level = levels[i].level;
		const char *p = skip_blanks(s + n + 1);
		int v;
		if (s[n] == ':' || !digits(p, 2, &v) || p[2] != '-' || !digits(p + 3, 2, &v) || p[5] != ' ' ||
		        !is_clock(p + 6))
			return p;
		snprintf(l->clock, sizeof l->clock, "%.8s", p + 6);
		p = skip_blanks(p + 14);
		size_t place = strcspn(p, "] ");
		return p[place] == ']' ? skip_blanks(p + place + 1) : p;
	}
	return s;
}

/* "[atom 05:04:25] " */
static const char *take_atom(const char *s, struct log_line *l)
{
	if (!begins(s, "[atom ") || !is_clock(s + 6) || s[14] != ']')
		return s;
	snprintf(l->clock, sizeof l->clock, "%.8s", s + 6);
	return skip_blanks(s + 15);
}

static const char *take_prefix(const char *text, struct log_line *l, enum level *level)
{
	const char *s = take_stamp(text, l);
	if (s == text)
		s = take_process(s, l);
	s = take_level(s, l, level);
	s = take_atom(s, l);
	if (begins(s, "[aiter] ")) {
		l->aiter = l->own_tag = true;
		s = skip_blanks(s + 8);
	} else if (*level != LEVEL_NONE && begins(s, "aiter:")) {
		l->aiter = true;
		s += 6;
	}
	if (begins(s, "WARNING") || begins(s, "[WARNING]"))
		*level = LEVEL_WARN;
	else if (begins(s, "ERROR") || begins(s, "CRITICAL"))
		*level = LEVEL_ERROR;
	return s;
}

/* ---- severity ---- */

/* "torch.OutOfMemoryError: ..." "RuntimeError: ...": an unindented last line of a traceback. */
static bool is_exception(const char *m)
{
	size_t n = strspn(m, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
	return n > 5 && m[n] == ':' && m[n + 1] == ' ' &&
	       (memcmp(m + n - 5, "Error", 5) == 0 || (n > 9 && memcmp(m + n - 9, "Exception", 9) == 0));
}

static bool is_fatal(unsigned words, const char *m)
{
	if (words & LOGWORD_NOISE)
		return false;
	return (words & LOGWORD_FATAL) || ((words & LOGWORD_DEAD) && begins(m, "Rank ")) ||
	       (begins(m, "Exit code: ") && m[11] != '0');
}

static enum severity judge(unsigned words, const char *m, enum level level)
{
	if (words & LOGWORD_NOISE)
		return SEV_INFO;
	if ((words & LOGWORD_BAD) || is_fatal(words, m) || ((words & LOGWORD_EXCEPTION) && is_exception(m)) ||
	        level == LEVEL_ERROR)
		return SEV_ERROR;
	/* The server's own fault, except for /health, which answers 503 while the server starts. */
	if ((words & LOGWORD_STATUS_5) && !strstr(m, "\"GET /health"))
		return SEV_WARN;
	return (words & LOGWORD_DOUBT) || level == LEVEL_WARN ? SEV_WARN : SEV_INFO;
}

enum severity line_severity(const char *line)
{
	struct log_line l;
	enum level level = LEVEL_NONE;
	const char *m = take_prefix(line, &l, &level);
	return judge(logword_find(line, strlen(line)), m, level);
}

bool line_is_fatal(const char *line)
{
	struct log_line l;
	enum level level = LEVEL_NONE;
	return is_fatal(logword_find(line, strlen(line)), take_prefix(line, &l, &level));
}

/* Behind "[2025-11-20 10:02:26 TP0] " in the bytes of the file; NULL for another line. */
static const char *stamped_message(const char *s, size_t len)
{
	if (len < 24 || s[0] != '[' || !isdigit((unsigned char)s[1]) || s[14] != ':' || s[17] != ':')
		return NULL;
	const char *close = memchr(s + 20, ']', len - 20 < 44 ? len - 20 : 44);
	return close && close + 2 < s + len && close[1] == ' ' ? close + 2 : NULL;
}

/* A batch line or an answered request, nine lines of ten in a log: certainly nothing to judge. */
static bool is_quiet(const char *s, size_t len)
{
	const char *m = stamped_message(s, len), *end = s + len;
	if (!m || len > 600)
		return false;
	const char *open = memchr(m, '[', (size_t)(end - m));
	if (memchr(m, ESC, (size_t)(end - m)) || (open && end - open > 20 && open[5] == '-')) /* a glued line */
		return false;
	if (end - m > 13 && (memcmp(m, "Decode batch", 12) == 0 || memcmp(m, "Prefill batch", 13) == 0))
		return true;
	return end - m > 30 && memcmp(m, "INFO:     ", 10) == 0 && m[10] >= '1' && m[10] <= '9' &&
	       memcmp(end - 8, "\" 200 OK", 8) == 0;
}

static enum severity severity_of_part(const char *s, size_t len)
{
	char text[LOGLINE_JUDGED + 1];
	if (!memchr(s, ESC, len) && !memchr(s, '\0', len)) {
		memcpy(text, s, len);
		text[len] = '\0';
	} else {
		text_clean(text, sizeof text, s, len);
	}
	return line_severity(text);
}

enum severity logline_severity(const char *s, size_t len)
{
	size_t pos = 0, from, n;
	enum severity worst = SEV_INFO;
	if (len > LOGLINE_JUDGED)
		len = LOGLINE_JUDGED;
	while (len > 0 && s[len - 1] == '\r')
		len--;
	if (!memchr(s, '\r', len) && is_quiet(s, len))
		return SEV_INFO;
	while (worst != SEV_ERROR && logline_split(s, len, &pos, &from, &n)) {
		enum severity is = severity_of_part(s + from, n);
		if (is > worst)
			worst = is;
	}
	return worst;
}

/* ---- parts ---- */

/* Where a "[YYYY-MM-DD HH:MM:SS" begins behind the first byte; len when there is none. */
static size_t find_stamp(const char *s, size_t len)
{
	static const char form[] = "[0000-00-00 00:00:00";
	for (size_t i = 1; i + 20 <= len; i++) {
		const char *p = memchr(s + i, '[', len - i);
		if (!p || (size_t)(p - s) + 20 > len)
			return len;
		i = (size_t)(p - s);
		size_t k = 1;
		while (k < 20 && (form[k] == '0' ? isdigit((unsigned char)p[k]) != 0 : p[k] == form[k]))
			k++;
		if (k == 20)
			return i;
	}
	return len;
}

static bool is_bar(const char *s, size_t len)
{
	const char *percent = memchr(s, '%', len);
	return percent && memchr(percent, '/', len - (size_t)(percent - s)) && memmem(s, len, "it", 2);
}

static void next_part(const char *s, size_t len, size_t pos, size_t *from, size_t *n)
{
	const char *cr;
	while (pos < len && s[pos] == '\r')
		pos++;
	cr = memchr(s + pos, '\r', len - pos);
	*from = pos;
	*n = cr ? (size_t)(cr - s) - pos : len - pos;
	*n = find_stamp(s + pos, *n);
}

bool logline_split(const char *s, size_t len, size_t *pos, size_t *from, size_t *part_len)
{
	size_t at = *pos;
	if (at >= len) {
		*from = *part_len = 0;
		*pos = len + 1;
		return len == 0 && at == 0; /* an empty line is one empty part */
	}
	for (;;) {
		size_t after, after_len;
		next_part(s, len, at, from, part_len);
		at = *from + *part_len;
		if (*part_len == 0)
			return false;
		next_part(s, len, at, &after, &after_len);
		if (after_len == 0 || !is_bar(s + *from, *part_len) || !is_bar(s + after, after_len))
			break;
	}
	*pos = at;
	return true;
}

/* ---- the whole ---- */

/* `127.0.0.1:51544 - "GET /health HTTP/1.1" 503 Service Unavailable` */
static bool parse_http(const char *m, struct log_line *l)
{
	const char *open = strstr(m, " - \""), *end = strstr(m, " HTTP/");
	const char *quote = end ? strchr(end, '"') : NULL;
	int status;
	if (!open || !quote || open - m > 64 || end < open || quote[1] != ' ' || !digits(quote + 2, 3, &status))
		return false;
	const char *method = open + 4, *blank = strchr(method, ' ');
	if (!blank || blank >= end)
		return false;
	snprintf(l->method, sizeof l->method, "%.*s", (int)(blank - method), method);
	size_t path = strcspn(blank + 1, "? ");
	l->path[text_clean(l->path, sizeof l->path, blank + 1, path)] = '\0';
	l->status = status;
	l->kind = LOG_HTTP;
	return true;
}

static bool parse_build(const char *m, struct log_line *l)
{
	static const struct {
		const char *mark;
		enum log_kind kind;
		char end;
	} marks[] = {
	        {"start build [", LOG_JIT_START, ']'},
	        {"finish build [", LOG_JIT_FINISH, ']'},
	        {"import [", LOG_JIT_IMPORT, ']'},
	        {"waiting for baton release at ", LOG_JIT_WAIT, '\0'},
	};
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		if (!begins(m, marks[i].mark))
			continue;
		const char *name = m + strlen(marks[i].mark);
		const char *end = marks[i].end ? strchr(name, ']') : name + strcspn(name, " ");
		const char *lock = marks[i].end ? NULL : strstr(name, "/lock_");
		if (!end)
			return false;
		if (lock && lock < end)
			name = lock + 6;
		text_clean(l->module, sizeof l->module, name, (size_t)(end - name));
		const char *cost = strstr(end, "cost ");
		char number[24] = "";
		if (cost)
			snprintf(number, sizeof number, "%.*s", (int)strspn(cost + 5, "0123456789."), cost + 5);
		text_to_f64(number, 0, 1e9, &l->seconds);
		l->kind = marks[i].kind;
		l->aiter = true;
		return true;
	}
	return false;
}

static void parse_message(const char *text, struct log_line *l, unsigned words)
{
	const char *m = l->message;
	if (strstr(text, "server_args=ServerArgs(") || begins(m, "+ python")) {
		l->kind = LOG_ARGS;
		l->phase = LOGP_START;
	} else if (words & LOGWORD_NOISE) {
		l->kind = LOG_NOISE;
	} else if (logline_figures(m, l) || parse_http(m, l) || parse_build(m, l)) {
		return;
	} else if (l->severity == SEV_ERROR) {
		l->kind = LOG_ERROR;
	} else if (begins(text, "  ") && !strstr(text, "it/s]")) {
		l->kind = LOG_TRACE;
	} else {
		logline_progress(m, l);
	}
}

void logline_parse(const char *text, struct log_line *out)
{
	enum level level = LEVEL_NONE;
	unsigned words = logword_find(text, strlen(text));
	*out = (struct log_line){.time = -1, .done = -1, .total = -1, .seconds = NAN};
	out->f = (struct log_figures){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, -1};
	out->message = take_prefix(text, out, &level);
	out->severity = judge(words, out->message, level);
	out->fatal = is_fatal(words, out->message);
	parse_message(text, out, words);
	out->continued = out->time < 0 && !out->clock[0] && !out->rank[0] && level == LEVEL_NONE && !out->aiter &&
	                 !out->bar && out->kind != LOG_ARGS &&
	                 !(out->fatal && !begins(text, " ") && !is_exception(text));
}
