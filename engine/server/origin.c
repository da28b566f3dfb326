#include "origin.h"
#include "../base/text.h"
#include "instance.h"
#include "process_int.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RAW       16384
#define ANCESTORS 3

/* "--api-key", "--hf-token=...": what follows is nobody's business. n: up to '='. */
static bool is_secret(const char *arg, size_t n)
{
	static const char *const ends[] = {"key", "token", "password", "passwd", "secret"};
	if (n < 3 || arg[0] != '-')
		return false;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		size_t k = strlen(ends[i]);
		if (n > k && strncasecmp(arg + n - k, ends[i], k) == 0)
			return true;
	}
	return false;
}

static bool looks_secret(const char *arg, size_t n)
{
	return (n > 8 && strncmp(arg, "hf_", 3) == 0) || (n > 16 && strncmp(arg, "sk-", 3) == 0);
}

struct words {
	char *at, *end;
};

static void add(struct words *w, const char *s, size_t n)
{
	size_t room = (size_t)(w->end - w->at);
	if (n > room)
		n = room;
	memcpy(w->at, s, n);
	w->at += n;
}

/* An argument, with user and password in front of a host taken out. */
static void add_argument(struct words *w, const char *arg, size_t n)
{
	const char *host = memmem(arg, n, "://", 3), *end = arg + n;
	if (host) {
		host += 3;
		const char *path = memchr(host, '/', (size_t)(end - host));
		const char *at = memrchr(host, '@', (size_t)((path ? path : end) - host));
		if (at) {
			add(w, arg, (size_t)(host - arg));
			add(w, "***", 3);
			add(w, at, (size_t)(end - at));
			return;
		}
	}
	add(w, arg, n);
}

void server_origin_words(const char *raw, size_t len, char *out, size_t cap)
{
	char *line = malloc(RAW * 2);
	bool hide = false;
	out[0] = '\0';
	if (!line)
		return;
	struct words w = {line, line + (size_t)RAW * 2};
	for (size_t i = 0; i < len;) {
		const char *arg = raw + i;
		size_t n = strnlen(arg, len - i);
		const char *value = memchr(arg, '=', n);
		bool secret = is_secret(arg, value ? (size_t)(value - arg) : n);
		if (w.at > line)
			add(&w, " ", 1);
		if (secret && value)
			add(&w, arg, (size_t)(value - arg) + 1);
		if ((secret && value) || (hide && strncmp(arg, "--", 2) != 0) || looks_secret(arg, n))
			add(&w, "***", 3);
		else
			add_argument(&w, arg, n);
		hide = secret && !value;
		i += n + 1;
	}
	while (w.at > line && w.at[-1] == ' ')
		w.at--;
	text_clean(out, cap, line, (size_t)(w.at - line));
	free(line);
}

/* A process that renamed itself ("sglang::http_server") has lost its arguments; who started it may still have them. */
static bool renamed(const char *words)
{
	return words[0] == '\0' || strncmp(words, "sglang::", 8) == 0;
}

bool server_origin_find(const char *root, const char *base_url, struct server_origin *out)
{
	struct instance in;
	memset(out, 0, sizeof *out);
	instance_find(root, base_url, &in);
	if (in.state != INSTANCE_LISTENING && in.state != INSTANCE_STARTING)
		return false;
	out->started_wall_ns = in.begun_wall_ns;
	char *raw = malloc(RAW);
	struct process p = in.process;
	for (int i = 0; raw && i < ANCESTORS && p.pid > 1; i++) {
		ssize_t n = process_file(root, p.pid, "cmdline", raw, RAW);
		if (n > 0)
			server_origin_words(raw, (size_t)n, out->arguments, sizeof out->arguments);
		if (!renamed(out->arguments) || process_read(root, p.ppid, &p, NULL))
			break;
		out->arguments[0] = '\0';
	}
	free(raw);
	return true;
}
