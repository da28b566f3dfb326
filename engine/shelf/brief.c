/* A journal without its samples: one a second of hours, which a list has no use for. */
#include "../base/file.h"
#include "../event/journal.h"
#include "shelf_int.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define HEAD 256 /* the kind stands in front */

static bool is_sample(const char *line, size_t len)
{
	static const char *const kinds[] = {"\"kind\":\"load_progress\"", "\"kind\":\"accuracy_progress\"",
	        "\"kind\":\"server_load\"", "\"kind\":\"gpu_seen\""};
	const char *kind = memmem(line, len < HEAD ? len : HEAD, "\"kind\":\"", 8);
	for (size_t i = 0; kind && i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t n = strlen(kinds[i]);
		if ((size_t)(line + len - kind) >= n && memcmp(kind, kinds[i], n) == 0)
			return true;
	}
	return false;
}

/* The whole lines of text, as the journal's reader takes them: what is no event is passed over, and so is the rest of a
 * line whose beginning was. Returns the bytes used. */
static size_t fold_lines(struct board *b, const char *text, size_t len, bool *rest)
{
	const char *p = text, *nl;
	struct event ev;
	while ((nl = memchr(p, '\n', len - (size_t)(p - text)))) {
		size_t n = (size_t)(nl - p);
		if (!*rest && n > 0 && n < EVENT_LINE_MAX && !is_sample(p, n) && event_decode(p, n, &ev, NULL) == 0)
			board_apply(b, &ev);
		*rest = false;
		p = nl + 1;
	}
	return (size_t)(p - text);
}

int shelf_replay_brief(struct board *b, const char *dir, struct err *e)
{
	char path[600], text[4 * EVENT_LINE_MAX];
	size_t len = 0;
	int rc = 0;
	bool rest = false;
	if (!path_join(path, sizeof path, dir, JOURNAL_NAME))
		return err_set(e, ERR_USAGE, "the path is too long: %.300s", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ERR_IO, errno, "cannot open %.300s", path);
	for (;;) {
		if (len == sizeof text) { /* a line longer than any of ours: its rest is no event, either */
			len = 0;
			rest = true;
		}
		ssize_t n = read(fd, text + len, sizeof text - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_sys(e, ERR_IO, errno, "cannot read %.300s", path);
		if (n <= 0)
			break;
		len += (size_t)n;
		size_t used = fold_lines(b, text, len, &rest);
		memmove(text, text + used, len - used);
		len -= used;
	}
	close(fd);
	return rc;
}
