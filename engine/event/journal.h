/* events.jsonl: the run's facts on disk, appended and synced by the scribe, read by everyone else.
 *
 * Writer: one per run directory (the run.lock says so). Reader: tolerant - a torn last line is left for later, lines
 * that are not events are skipped and counted, lines longer than EVENT_LINE_MAX are skipped.
 */
#ifndef BENCHTOP_JOURNAL_H
#define BENCHTOP_JOURNAL_H
#include "event.h"

#define JOURNAL_NAME "events.jsonl"

struct journal_writer {
	int fd; /* -1 when closed */
	char path[600];
	struct buf pending; /* lines not yet known to be on disk (kept across a full disk), bounded to 64 MiB */
	size_t written;     /* bytes of pending that reached the file already, though not surely the disk */
	uint64_t last_seq;  /* highest number in the file when it was opened, 0 = new */
};

int journal_open(
        struct journal_writer *w, const char *dir, struct err *e);    /* creates or appends; ends a torn last line */
int journal_append(struct journal_writer *w, const struct event *ev); /* into pending; ERR_LIMIT when full */
/* Writes pending; sync: also fdatasync (now and then also without). On failure pending stays for the next try. */
int journal_flush(struct journal_writer *w, bool sync, struct err *e);
void journal_close(struct journal_writer *w); /* tries once more to write what is pending */

/* Follows or replays a journal by pread from an offset; never holds the file's content. */
struct journal_reader {
	int fd;          /* -1 when closed */
	int64_t offset;  /* of the next read */
	struct buf line; /* read and not yet given out */
	size_t at;       /* bytes of line given out already */
	bool skipping;   /* inside a line that is too long */
	uint64_t skipped;
};
int journal_reader_open(struct journal_reader *r, const char *dir, struct err *e);
/* Next event: 1 and *out (an unknown kind: EV_NONE with its seq and times); 0 nothing (more) there yet; negative on a read error. */
int journal_reader_next(struct journal_reader *r, struct event *out, struct err *e);
void journal_reader_close(struct journal_reader *r);

#endif
