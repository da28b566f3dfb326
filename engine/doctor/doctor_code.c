/* Which sglang and aiter the server runs: what the manifest of a run will say. */
#include "../server/code.h"
#include "../server/instance.h"
#include "doctor_int.h"
#include <string.h>

static void say_tree(struct doctor_report *r, const struct code_state *t)
{
	if (!t->commit[0]) {
		doctor_say(r, "code", DOCTOR_NOTE, "%s in %s: its commit is not known%s%s", t->name, t->dir,
		        t->note[0] ? ": " : "", t->note);
		return;
	}
	const char *more = t->more ? " at least" : "";
	if (t->dirty == CODE_DIRTY)
		doctor_say(r, "code", DOCTOR_OK, "%s %.12s, %lld file(s) changed%s, in %s", t->name, t->commit,
		        (long long)t->files, more, t->dir);
	else if (t->dirty == CODE_CLEAN)
		doctor_say(r, "code", DOCTOR_OK, "%s %.12s, clean, in %s", t->name, t->commit, t->dir);
	else
		doctor_say(r, "code", DOCTOR_NOTE, "%s %.12s in %s: whether it differs from that is not known%s%s",
		        t->name, t->commit, t->dir, t->note[0] ? ": " : "", t->note);
}

void doctor_code(const struct doctor_scene *s, struct doctor_report *r, int which)
{
	struct code_set set;
	struct instance i;
	char text[480];
	int found = 0;
	(void)which;

	instance_find(s->proc, s->settings.base_url, &i);
	if (s->settings.demo || i.state == INSTANCE_NONE || i.state == INSTANCE_REMOTE)
		return;
	memset(&set, 0, sizeof set);
	bool looked = code_set_look_url(&set, s->settings.base_url, NULL, s->cancel);
	if (looked && set.since_start && !doctor_late(s))
		code_set_check(&set, s->cancel);
	for (int k = 0; k < set.n; k++)
		found += set.tree[k].dir[0] != '\0';
	if (doctor_late(s)) {
		doctor_say(r, "code", DOCTOR_NOTE, "git takes long to look at the source trees");
	} else if (!looked || found == 0) {
		doctor_say(r, "code", DOCTOR_NOTE,
		        "no source tree of sglang or aiter is found through the server's process: a run cannot tell which code it measured; name them with BENCHTOP_CODE=DIR:DIR");
		return;
	}
	for (int k = 0; k < set.n && !doctor_late(s); k++)
		if (set.tree[k].dir[0])
			say_tree(r, &set.tree[k]);
	if (looked && code_changed_text(&set, text, sizeof text))
		doctor_say(r, "code", DOCTOR_NOTE, "%s", text);
}
