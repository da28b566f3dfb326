#include "cli_resume.h"

#include "../engine/base/file.h"
#include "../engine/base/text.h"
#include "../engine/run/manifest.h"
#include "cli_run.h"
#include "replay.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const struct err *e)
{
	fprintf(stderr, "benchtop: %s\n", e->text);
	return e->code == ERR_USAGE ? 1 : 2;
}

/* Without slashes at its end; "." and ".." by their names, so that there is a directory above. */
static int take_dir(const char *given, char *out, size_t cap, struct err *e)
{
	size_t len = strlen(given);
	while (len > 1 && given[len - 1] == '/')
		len--;
	if (len >= cap)
		return err_set(e, ERR_USAGE, "the path \"%.200s\" is too long: use a shorter one", given);
	memcpy(out, given, len);
	out[len] = '\0';
	const char *name = path_base(out);
	char *real = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? realpath(out, NULL) : NULL;
	bool fits = !real || text_set(out, cap, real);
	free(real);
	return fits ? 0 : err_set(e, ERR_USAGE, "the path \"%.200s\" is too long: use a shorter one", given);
}

static void parent_of(const char *dir, char *out, size_t cap)
{
	text_set(out, cap, dir);
	char *slash = strrchr(out, '/');
	if (!slash)
		text_set(out, cap, ".");
	else
		slash[slash == out] = '\0';
}

static void take_text(char *out, size_t cap, const char *given)
{
	if (given[0])
		text_set(out, cap, given);
}

void resume_settings(const struct options *o, const struct settings *was, const char *dir, struct settings *out)
{
	const struct settings *now = &o->settings;
	*out = *was;
	text_set(out->resume, sizeof out->resume, dir);
	out->resume_failed = o->failed;
	parent_of(dir, out->results_dir, sizeof out->results_dir);
	text_set(out->command_line, sizeof out->command_line, now->command_line);
	out->n_defaults = 0; /* told when the run began */
	if (o->url_given) {
		text_set(out->base_url, sizeof out->base_url, now->base_url);
		text_set(out->result_base_url, sizeof out->result_base_url, now->result_base_url);
	}
	take_text(out->tokenizer, sizeof out->tokenizer, now->tokenizer);
	take_text(out->corpus, sizeof out->corpus, now->corpus);
	take_text(out->server_script, sizeof out->server_script, now->server_script);
	take_text(out->server_log, sizeof out->server_log, now->server_log);
	if (now->n_more_logs > 0) {
		memcpy(out->more_logs, now->more_logs, sizeof out->more_logs);
		out->n_more_logs = now->n_more_logs;
	}
	if (o->wait_given)
		out->wait_server_ms = now->wait_server_ms;
	if (now->stop_grace_ms > 0)
		out->stop_grace_ms = now->stop_grace_ms;
	/* The restart before the first row is over; those between rows belong to the plan. */
	out->restart_server = o->restart_server;
	out->restart_shapes = was->restart_shapes || o->restart_server;
	out->post_flagged = was->post_flagged || now->post_flagged;
	out->post_later = was->post_later || now->post_later;
}

/* The file of before when it is still there, else the name; whether it is the same one is asked later. */
static int find_track(const struct manifest *m, const char *wanted, struct track *t, struct err *e)
{
	bool there = strcmp(m->track_source, "built in") != 0 && file_exists(m->track_source);
	int rc = track_load(t, wanted[0] ? wanted : there ? m->track_source : m->track, e);
	if (rc < 0 && !wanted[0] && !there)
		return err_set(e, ERR_USAGE, "the run's track \"%s\" (%.200s) is not here: give its file with --track",
		        m->track, m->track_source);
	return rc;
}

int cli_resume(const struct options *o)
{
	static struct options again; /* these are large */
	static struct manifest was;
	static struct track track;
	struct err e = {0};
	char dir[512], found[512];
	long pid = 0;

	if (take_dir(o->args[0], dir, sizeof dir, &e) || replay_find(dir, "", false, found, sizeof found, &e) < 0)
		return fail(&e);
	if (replay_is_alive(dir, &pid)) {
		err_set(&e, ERR_USAGE, "the run in %.300s is alive (process %ld): `benchtop watch` follows it", dir,
		        pid);
		return fail(&e);
	}
	if (manifest_read(&was, dir, &e) < 0 || find_track(&was, o->track, &track, &e) < 0)
		return fail(&e);
	again = *o;
	resume_settings(o, &was.settings, dir, &again.settings);
	int status = cli_run(&again, &track);
	explicit_bzero(&again.secrets, sizeof again.secrets);
	return status;
}
