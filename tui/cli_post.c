#include "cli_post.h"

#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/run/repost.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS (INT64_C(10) * 60 * 1000)

struct posting {
	const struct options *o;
	const char *dir;
	struct track track;
	struct board *board;
	struct scribe *scribe;
	struct poster *poster;
	struct mailbox *events;
	int lock_fd;
	int wanted, kept; /* rows handed to the poster; rows that wait for a yes */
};

static int fail(const struct err *e)
{
	fprintf(stderr, "benchtop: %s\n", e->text);
	return e->code == ERR_USAGE ? 1 : 2;
}

static void say(const struct posting *p, int i, const char *what, const char *why)
{
	const struct ev_cell_planned *c = &p->board->cells[i].plan;

	printf("%lld/%lld CONC=%lld: %s%s%s\n", (long long)c->isl, (long long)c->osl, (long long)c->conc, what,
	        why[0] ? ": " : "", why);
}

/* The states of the posts, as they come. */
static void take_events(struct posting *p)
{
	struct event ev;

	mailbox_drain_fd(p->events);
	while (mailbox_take(p->events, &ev)) {
		board_apply(p->board, &ev);
		if (ev.kind != EV_post_changed || ev.u.post_changed.cell < 0 ||
		        ev.u.post_changed.cell >= p->board->n_cells)
			continue;
		say(p, (int)ev.u.post_changed.cell, post_state_word((int)ev.u.post_changed.state),
		        ev.u.post_changed.text);
		fflush(stdout);
	}
}

static int open_run(struct posting *p, struct err *e)
{
	char lock[600];
	struct stat st;
	int rc;

	if (stat(p->dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ERR_USAGE,
		        "%.300s is not a run directory: name the directory that holds events.jsonl", p->dir);
	if ((rc = board_replay(p->board, p->dir, e)) < 0)
		return rc;
	if (!p->board->have_run)
		return err_set(e, ERR_USAGE, "the journal in %.300s holds no run", p->dir);
	if ((rc = track_load(&p->track, p->o->track[0] ? p->o->track : p->board->run.track, e)) < 0)
		return rc;
	if (!path_join(lock, sizeof lock, p->dir, "run.lock"))
		return err_set(e, ERR_USAGE, "the path is too long");
	if ((rc = file_lock(lock, &p->lock_fd, e)) < 0)
		return rc;
	if ((rc = mailbox_open(&p->events, sizeof(struct event), 1024, EV_count, e)) < 0 ||
	        (rc = scribe_start(&p->scribe, p->events, e)) < 0 || (rc = scribe_open_run(p->scribe, p->dir, e)) < 0 ||
	        (rc = poster_start(&p->poster, p->scribe, &p->o->secrets, NULL, e)) < 0)
		return rc;
	return 0;
}

static int hand_over(struct posting *p, struct err *e)
{
	for (int i = 0; i < p->board->n_cells; i++) {
		struct post_job job;
		char why[400];
		enum repost_verdict v = repost_judge(p->board, i, p->o->settings.post_flagged, why, sizeof why);
		if (v == REPOST_YES) {
			int rc = repost_job(
			        p->board, i, &p->track, p->o->settings.leaderboard, p->o->settings.team, &job, e);
			if (rc < 0 || (rc = poster_submit(p->poster, &job, e)) < 0)
				return rc;
			p->wanted++;
			continue;
		}
		say(p, i, v == REPOST_DONE ? "posted" : "not posted", why);
		p->kept += v == REPOST_DOUBT || v == REPOST_UNSURE;
	}
	return 0;
}

static void close_run(struct posting *p)
{
	if (p->poster)
		poster_stop(p->poster);
	if (p->scribe) {
		scribe_close_run(p->scribe);
		scribe_stop(p->scribe);
	}
	if (p->events)
		mailbox_close(p->events);
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	free(p->board);
}

int cli_post(const struct options *o)
{
	struct posting *p = calloc(1, sizeof *p);
	struct err e = {0};
	int status = 0, confirmed = 0, open = 0;

	if (!p)
		return 2;
	p->o = o;
	p->dir = o->args[0];
	p->lock_fd = -1;
	p->board = malloc(sizeof *p->board);
	if (!p->board) {
		free(p);
		return 2;
	}
	board_init(p->board);
	if (open_run(p, &e) < 0 || hand_over(p, &e) < 0) {
		status = fail(&e);
	} else {
		int64_t waited = 0;
		while (poster_wait(p->poster, 200, NULL) > 0 && (waited += 200) < PATIENCE_MS)
			take_events(p);
		poster_tally(p->poster, &confirmed, &open);
		scribe_sync(p->scribe, 5000, NULL);
		take_events(p);
		printf("%d of %d posts confirmed%s\n", confirmed, p->wanted,
		        p->kept ? "; some were kept back, see above" : "");
		if (confirmed < p->wanted || p->kept)
			status = 4;
	}
	close_run(p);
	free(p);
	return status;
}
