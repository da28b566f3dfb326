/*
 * Reading of HTTP requests: the head, and the few facts of a completion body that an answer needs.
 * Bounded scans over bytes that are already in memory; nothing is allocated or kept.
 */
#include "peer_int.h"

#include <string.h>
#include <strings.h>

static bool header_is(const char *line, size_t len, const char *name, const char **value, size_t *value_len)
{
	size_t n = strlen(name);
	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	const char *v = line + n + 1, *end = line + len;
	while (v < end && (*v == ' ' || *v == '\t'))
		v++;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*value = v;
	*value_len = (size_t)(end - v);
	return true;
}

static bool word_is(const char *v, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(v, word, len) == 0;
}

/* Decimal number at s, at most max. -1 if there is none or it is larger. */
static int64_t number_at(const char *s, const char *end, int64_t max)
{
	int64_t n = 0;
	if (s == end || *s < '0' || *s > '9')
		return -1;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (*s - '0');
		if (n > max)
			return -1;
	}
	return n;
}

static int request_line(const char *line, size_t len, struct http_head *out)
{
	const char *end = line + len;
	const char *sp = memchr(line, ' ', len);
	if (!sp || sp == line || (size_t)(sp - line) >= sizeof out->method)
		return -1;
	memcpy(out->method, line, (size_t)(sp - line));
	const char *path = sp + 1;
	const char *path_end = memchr(path, ' ', (size_t)(end - path));
	if (!path_end || path_end == path || end - path_end < 9 || memcmp(path_end + 1, "HTTP/1.", 7) != 0)
		return -1;
	size_t n = (size_t)(path_end - path);
	if (n >= sizeof out->path)
		n = sizeof out->path - 1;
	memcpy(out->path, path, n);
	out->close = path_end[8] == '0';
	return 0;
}

static int header_line(const char *line, size_t len, struct http_head *out)
{
	const char *v;
	size_t n;
	if (header_is(line, len, "content-length", &v, &n)) {
		int64_t body = number_at(v, v + n, INT64_MAX / 16);
		if (body < 0)
			return -1;
		out->body_len = (size_t)body;
	} else if (header_is(line, len, "transfer-encoding", &v, &n)) {
		return -2;
	} else if (header_is(line, len, "expect", &v, &n)) {
		out->expect = true;
	} else if (header_is(line, len, "authorization", &v, &n)) {
		out->authorization = true;
	} else if (header_is(line, len, "connection", &v, &n) && word_is(v, n, "close")) {
		out->close = true;
	}
	return 0;
}

int http_head_parse(const char *buf, size_t len, struct http_head *out)
{
	size_t limit = len < PEER_MAX_HEAD ? len : PEER_MAX_HEAD;
	const char *stop = memmem(buf, limit, "\r\n\r\n", 4);
	if (!stop)
		return len >= PEER_MAX_HEAD ? -1 : 0;
	memset(out, 0, sizeof *out);
	const char *line = buf;
	for (int i = 0; line <= stop; i++) {
		const char *eol = memmem(line, (size_t)(stop + 2 - line), "\r\n", 2);
		size_t n = (size_t)(eol - line);
		int rc = i == 0 ? request_line(line, n, out) : header_line(line, n, out);
		if (rc < 0)
			return rc;
		line = eol + 2;
	}
	out->len = (size_t)(stop + 4 - buf);
	return 1;
}

static const char *skip_space(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r'))
		s++;
	return s;
}

/* s is behind the opening quote; returns behind the closing one, or end. */
static const char *skip_string(const char *s, const char *end)
{
	const char *from = s;
	for (;;) {
		const char *q = memchr(s, '"', (size_t)(end - s));
		if (!q)
			return end;
		const char *b = q;
		while (b > from && b[-1] == '\\')
			b--;
		if ((q - b) % 2 == 0)
			return q + 1;
		s = q + 1;
	}
}

/* Behind the value at s: a string, a scalar, or a list or object with everything in it. */
static const char *skip_value(const char *s, const char *end)
{
	int depth = 0;
	while (s < end) {
		char ch = *s;
		if (ch == '"') {
			s = skip_string(s + 1, end);
			continue;
		}
		if (ch == '[' || ch == '{') {
			depth++;
		} else if (ch == ']' || ch == '}') {
			if (depth == 0)
				return s;
			depth--;
		} else if (ch == ',' && depth == 0) {
			return s;
		}
		s++;
	}
	return end;
}

/* A prompt of ids: as many as it has commas, and one. Texts are not counted. */
static void scan_prompt(const char *s, const char *end, struct body_facts *out)
{
	if (s == end || *s != '[')
		return;
	s = skip_space(s + 1, end);
	int64_t first = number_at(s, end, INT64_MAX / 16);
	const char *close = memchr(s, ']', (size_t)(end - s));
	if (first < 0 || !close)
		return;
	uint32_t commas = 0;
	for (const char *c = s; c < close; c++)
		commas += *c == ',';
	out->prompt_ids = commas + 1;
	out->first_id = first;
}

void body_scan(const char *body, size_t len, struct body_facts *out)
{
	const char *end = body + len;
	out->max_tokens = 0;
	out->prompt_ids = 0;
	out->first_id = -1;
	const char *s = skip_space(body, end);
	if (s == end || *s != '{')
		return;
	for (s++; s < end; s++) {
		s = skip_space(s, end);
		if (s == end || *s != '"')
			return;
		const char *key = s + 1;
		s = skip_string(key, end);
		size_t key_len = (size_t)(s - key) - (s > key);
		s = skip_space(s, end);
		if (s == end || *s != ':')
			return;
		s = skip_space(s + 1, end);
		if (key_len == 10 && memcmp(key, "max_tokens", 10) == 0) {
			int64_t n = number_at(s, end, UINT32_MAX);
			out->max_tokens = n < 0 ? 0 : (uint32_t)n;
		} else if (key_len == 6 && memcmp(key, "prompt", 6) == 0) {
			scan_prompt(s, end, out);
		}
		s = skip_value(s, end);
	}
}
