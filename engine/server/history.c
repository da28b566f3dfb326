/* How long the steps of the last start took, kept from one start to the next (see startup.h). */
#include "../base/file.h"
#include "../base/json.h"
#include "../base/text.h"
#include "startup.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 65536
#define LONGEST_S   (24 * 3600.0)

bool startup_cache_path(char *out, size_t cap, const char *name, bool make)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char dir[512];
	int n = xdg && xdg[0] ? snprintf(dir, sizeof dir, "%s/benchtop", xdg)
	                      : snprintf(dir, sizeof dir, "%s/.cache/benchtop", home && home[0] ? home : "/tmp");
	if (n < 0 || (size_t)n >= sizeof dir || (make && file_mkdirs(dir, NULL)))
		return false;
	return path_join(out, cap, dir, name);
}

static bool history_path(char *out, size_t cap, const char *model, bool make)
{
	char name[256];
	snprintf(name, sizeof name, "start-%.200s.json", model && model[0] ? model : "any");
	for (char *c = name; *c; c++)
		if (*c == '/' || *c <= ' ')
			*c = '_';
	return startup_cache_path(out, cap, name, make);
}

void startup_history_load(struct startup_history *h, const char *model)
{
	char path[800];
	struct buf b;
	cJSON *root = NULL;
	memset(h, 0, sizeof *h);
	buf_init(&b, HISTORY_MAX);
	if (history_path(path, sizeof path, model, false) && file_exists(path) && file_read(path, &b, NULL) == 0 &&
	        json_parse(buf_text(&b), b.len, 8, &root, NULL) == 0) {
		const cJSON *list = json_get(root, "steps_s");
		double sum = 0;
		bool good = true;
		for (int i = 0; i < STEP_READY; i++) {
			double v = json_get_f64(list, startup_step_word((enum startup_step)i), 0);
			good = good && v >= 0 && v < LONGEST_S;
			h->step_s[i] = v;
			sum += v;
		}
		h->have = good && sum > 0;
	}
	cJSON_Delete(root);
	buf_free(&b);
}

int startup_history_save(const struct startup *s, const char *model, struct err *e)
{
	char path[800];
	struct buf b;
	struct json_out j;
	double length[STEP_READY] = {0}, end = s->entered_s[STEP_READY];
	if (s->step != STEP_READY || isnan(end) || isnan(s->entered_s[STEP_IMPORTS]))
		return 0;
	for (int i = STEP_READY - 1; i >= 0; i--) { /* a step that was not seen took no time */
		if (isnan(s->entered_s[i]))
			continue;
		length[i] = end > s->entered_s[i] ? end - s->entered_s[i] : 0;
		end = s->entered_s[i];
	}
	if (!history_path(path, sizeof path, model, true))
		return err_set(e, ERR_IO, "there is no cache directory to keep the durations of this start in");
	buf_init(&b, HISTORY_MAX);
	json_out_init(&j, &b, JSON_PRETTY, false);
	json_object(&j);
	json_key(&j, "model");
	json_str(&j, model);
	json_key(&j, "total_s");
	json_f64(&j, s->entered_s[STEP_READY]);
	json_key(&j, "steps_s");
	json_object(&j);
	for (int i = 0; i < STEP_READY; i++) {
		json_key(&j, startup_step_word((enum startup_step)i));
		json_f64(&j, length[i]);
	}
	json_object_end(&j);
	json_object_end(&j);
	int rc = b.failed ? err_set(e, ERR_NOMEM, "no memory") : file_write_atomic(path, b.data, b.len, e);
	buf_free(&b);
	return rc;
}
