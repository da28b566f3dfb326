/* The boards of the track, asked what they take. A token is only ever said to be set or not. */
#include "../post/gradio.h"
#include "doctor_int.h"
#include <string.h>

int doctor_boards(const struct doctor_scene *s, const char *out[], int cap)
{
	const struct settings *set = &s->settings;
	int n = 0;

	if (set->leaderboard[0]) {
		out[0] = set->leaderboard;
		return 1;
	}
	if (!set->team[0])
		return 0;
	for (int i = 0; i < s->track.n_pairs && n < cap; i++) {
		const char *url = s->track.pairs[i].board;
		bool known = !url[0];
		for (int k = 0; k < n; k++)
			known = known || strcmp(out[k], url) == 0;
		if (!known)
			out[n++] = url;
	}
	return n;
}

static void say_none(const struct doctor_scene *s, struct doctor_report *r)
{
	if (s->settings.team[0])
		doctor_say(
		        r, "board", DOCTOR_NOTE, "track %s has no board: --leaderboard URL names one", s->track.name);
	else
		doctor_say(r, "board", DOCTOR_OK,
		        "not asked: no team is set (TEAM_NAME_ENV), so acc and perf are meant, which post nothing");
}

void doctor_board(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	const char *boards[TRACK_PAIRS], *token = s->secrets.hf_token;
	struct gradio_preflight pre;
	struct err e = {0};

	if (which >= doctor_boards(s, boards, TRACK_PAIRS)) {
		say_none(s, r);
		return;
	}
	const char *url = boards[which];
	int rc = gradio_check(url, s->track.api_name, token, s->track.n_columns, s->cancel, &pre, &e);
	if (doctor_late(s))
		doctor_say(r, "board", DOCTOR_PROBLEM,
		        "%s gives no answer: try again later, or measure with --post-later and post then", url);
	else if (rc < 0)
		doctor_say(r, "board", DOCTOR_PROBLEM, "%s: %s", url, e.text);
	else if (!pre.reachable)
		doctor_say(r, "board", DOCTOR_PROBLEM,
		        "%s cannot be reached: %s. --post-later measures all the same and keeps the results to be posted",
		        url, pre.text);
	else if (pre.text[0])
		doctor_say(r, "board", DOCTOR_PROBLEM, "%s is not asked the way it wants by track %s: %s", url,
		        s->track.name, pre.text);
	else
		doctor_say(r, "board", DOCTOR_OK, "%s takes /%s with %d values, as the track has", url,
		        s->track.api_name, pre.parameters);
	if (which == 0)
		doctor_say(r, "token", DOCTOR_OK, "HF_TOKEN is %s",
		        token[0] ? "set; it goes to the board alone" : "not set; a board that is private would refuse");
}
