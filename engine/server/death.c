/* Why a server died, from the lines of its log (see startup.h). */
#include "../base/text.h"
#include "../log/tail.h"
#include "startup.h"
#include <stdio.h>
#include <string.h>

#define SILENT 4
#define TRACE  "Traceback (most recent call last):"

static bool has_stamp(const char *line)
{
	int64_t seconds;
	return line_stamp(line, &seconds);
}

/* The last line of a traceback is the first that is neither indented nor empty. */
static bool take_exception(struct death *d, const char *line)
{
	if (!d->in_trace || line[0] == '\0' || line[0] == ' ' || line[0] == '\t')
		return false;
	if (strstr(line, TRACE)) /* "During handling of the above exception ...": its own lines follow */
		return false;
	d->in_trace = false;
	if (has_stamp(line) || d->exception[0])
		return false;
	text_copy(d->exception, sizeof d->exception, line);
	return true;
}

bool death_line(struct death *d, const char *line)
{
	bool fatal = line_is_fatal(line);
	bool changed = take_exception(d, line);
	if (strstr(line, TRACE) && !d->exception[0])
		d->in_trace = true;
	/* "Received sigquit from a child" and the like follow what was the reason. An out-of-memory line that ended a
	 * traceback is an exception already. */
	if (fatal && !d->fatal && !(changed && !d->head[0])) {
		text_copy(d->head, sizeof d->head, line);
		d->fatal = true;
		return true;
	}
	d->fatal = d->fatal || fatal;
	return changed;
}

/* "[2025-11-20 10:31:00 TP2] text" -> "TP2" and "text". */
static const char *split_stamp(const char *line, char *who, size_t cap)
{
	const char *close = has_stamp(line) ? strchr(line, ']') : NULL;
	who[0] = '\0';
	if (!close)
		return line;
	const char *name = line + 20;
	while (*name == ' ' || *name == '.' || (*name >= '0' && *name <= '9'))
		name++;
	if (name < close)
		snprintf(who, cap, "%.*s: ", (int)(close - name < 20 ? close - name : 20), name);
	return close[1] == ' ' ? close + 2 : close + 1;
}

char *death_words(const struct death *d, char *out, size_t cap)
{
	char who[32], head[STARTUP_LINE];
	snprintf(head, sizeof head, "%s", split_stamp(d->head, who, sizeof who));
	char *trace = strstr(head, TRACE);
	if (trace)
		*trace = '\0';
	size_t len = strlen(head);
	while (len > 0 && (head[len - 1] == ' ' || head[len - 1] == ':'))
		head[--len] = '\0';
	char text[2 * STARTUP_LINE + 64];
	snprintf(text, sizeof text, "%s%s%s%s", who, head, head[0] && d->exception[0] ? ": " : "", d->exception);
	text_copy(out, cap, text);
	return out;
}

bool death_of_log(const char *path, char *out, size_t cap)
{
	struct tail *t = NULL;
	struct death d = {0};
	char last[STARTUP_LINE] = "";
	if (!path[0] || tail_open(&t, path, NULL))
		return false;
	for (int silent = 0; silent < SILENT;) { /* a piece may lie within one long line */
		int more = tail_poll(t, 16384);
		silent = more > 0 ? 0 : silent + 1;
		for (int i = (more < tail_count(t) ? more : tail_count(t)) - 1; i >= 0; i--) {
			const struct tail_line *l = tail_line(t, i);
			death_line(&d, l->text);
			if (l->text[0])
				text_set(last, sizeof last, l->text);
		}
	}
	death_words(&d, out, cap);
	if (!out[0])
		text_copy(out, cap, last);
	tail_close(t);
	return out[0] != '\0';
}
