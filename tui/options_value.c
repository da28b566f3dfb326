/* What the value of an option may be, and where it goes. */
#include "../engine/base/text.h"
#include "options_int.h"
#include <stdio.h>
#include <string.h>

static int bad_value(struct parse *p, enum option_id id, const char *value, const char *must)
{
	char clean[64];
	text_copy(clean, sizeof clean, value);
	if (p->in_file)
		return err_set(p->e, ERR_USAGE, "%s = \"%s\" %s", option_rows[id].name, clean, must);
	return err_set(p->e, ERR_USAGE, "--%s \"%s\" %s", option_rows[id].name, clean, must);
}

static int take_int(struct parse *p, enum option_id id, const char *value, int min, int max, int *out)
{
	char must[128];
	int64_t n;
	if (text_to_i64(value, min, max, &n)) {
		*out = (int)n;
		return 0;
	}
	snprintf(must, sizeof must, "is not a whole number from %d to %d: give one, like %s%s%s%d", min, max,
	        p->in_file ? "" : "--", p->in_file ? "" : option_rows[id].name, p->in_file ? "" : " ",
	        min > 1 ? min : min + 1);
	return bad_value(p, id, value, must);
}

int option_take_text(struct parse *p, enum option_id id, const char *value, char *out, size_t cap)
{
	if (!value[0])
		return err_set(p->e, ERR_USAGE, "%s%s has an empty value: give a %s", p->in_file ? "" : "--",
		        option_rows[id].name, option_rows[id].argument);
	if (strlen(value) >= cap)
		return bad_value(p, id, value, "is too long: give a shorter one");
	text_copy(out, cap, value);
	if (strcmp(out, value) != 0)
		return bad_value(p, id, value, "holds control characters or is not UTF-8: type it again");
	return 0;
}

static int take_base_url(struct parse *p, const char *value)
{
	struct settings *s = &p->o->settings;
	int rc = option_take_text(p, OPT_BASE_URL, value, s->base_url, sizeof s->base_url);
	if (rc == 0)
		text_set(s->result_base_url, sizeof s->result_base_url, s->base_url);
	p->o->url_given = p->o->url_given || !p->in_file;
	return rc;
}

static int take_prompts(struct parse *p, const char *value)
{
	int mode = prompts_mode_from_word(value);
	if (mode < 0)
		return bad_value(p, OPT_PROMPTS, value, "is not a way to send prompts: use text or ids");
	p->o->settings.prompts = (enum prompts_mode)mode;
	p->o->settings.prompts_given = true;
	return 0;
}

static int take_accuracy(struct parse *p, const char *value)
{
	int mode = accuracy_mode_from_word(value);
	if (mode < 0)
		return bad_value(p, OPT_ACCURACY, value, "is not known: use each, once or skip");
	p->o->settings.accuracy = (enum accuracy_mode)mode;
	return 0;
}

static int take_colors(struct parse *p, const char *value)
{
	int64_t n;
	if (!text_to_i64(value, 8, 256, &n) || (n != 8 && n != 16 && n != 256))
		return bad_value(p, OPT_COLORS, value, "is not known: use 8, 16 or 256");
	p->o->colors = (int)n;
	return 0;
}

static int take_size(struct parse *p, const char *value)
{
	char columns[8];
	int64_t w, h;
	size_t n = strcspn(value, "x");
	bool good = n < sizeof columns && value[n] == 'x';
	if (good) {
		memcpy(columns, value, n);
		columns[n] = '\0';
		good = text_to_i64(columns, 20, 500, &w) && text_to_i64(value + n + 1, 5, 300, &h);
	}
	if (!good)
		return bad_value(
		        p, OPT_SIZE, value, "is no size from 20x5 to 500x300: give columns and rows, like 120x36");
	snprintf(p->o->size, sizeof p->o->size, "%dx%d", (int)w, (int)h);
	return 0;
}

static int take_format(struct parse *p, const char *value)
{
	if (strcmp(value, "txt") != 0 && strcmp(value, "ansi") != 0 && strcmp(value, "svg") != 0)
		return bad_value(p, OPT_FORMAT, value, "is not known: use txt, ansi or svg");
	text_set(p->o->format, sizeof p->o->format, value);
	return 0;
}

static int take_wait(struct parse *p, const char *value)
{
	p->o->wait_given = true;
	if (!text_to_duration_ms(value, &p->o->settings.wait_server_ms))
		return bad_value(p, OPT_WAIT_SERVER, value, "is no time: give one like 90s, 30m or 1h30m, at most 30d");
	return 0;
}

/* The first is the server's, those after it are looked at besides. */
static int take_log(struct parse *p, const char *value)
{
	struct settings *s = &p->o->settings;
	int rc;
	if (p->in_file || p->n_logs == 0)
		rc = option_take_text(p, OPT_LOG, value, s->server_log, sizeof s->server_log);
	else if (s->n_more_logs == SETTINGS_LOGS)
		rc = bad_value(p, OPT_LOG, value, "is one log too many: at most five can be named");
	else if ((rc = option_take_text(p, OPT_LOG, value, s->more_logs[s->n_more_logs], sizeof s->more_logs[0])) == 0)
		s->n_more_logs++;
	p->n_logs += !p->in_file;
	return rc;
}

int option_take_yes(struct parse *p, enum option_id id, const char *value, bool *on)
{
	bool yes = strcmp(value, "yes") == 0;
	if (!yes && strcmp(value, "no") != 0)
		return bad_value(p, id, value, "is not known: use yes or no");
	*on = yes;
	return 0;
}

void option_take_switch(struct parse *p, enum option_id id, bool on)
{
	struct options *o = p->o;
	switch (id) {
	case OPT_RESTART_SERVER:
		o->restart_server = o->settings.restart_server = o->settings.restart_shapes = on;
		break;
	case OPT_POST_FLAGGED:
		o->settings.post_flagged = on;
		break;
	case OPT_POST_LATER:
		o->settings.post_later = on;
		break;
	case OPT_FAILED:
		o->failed = on;
		break;
	case OPT_DEMO:
		o->settings.demo = on;
		break;
	case OPT_CLIENT:
		o->client = on;
		break;
	case OPT_TUI:
		o->output = OUTPUT_TUI;
		break;
	case OPT_PLAIN:
		o->output = OUTPUT_PLAIN;
		break;
	case OPT_JSON:
		o->output = OUTPUT_JSON;
		break;
	case OPT_CSV:
		o->output = OUTPUT_CSV;
		break;
	case OPT_INFMAX:
		o->output = OUTPUT_INFMAX;
		break;
	case OPT_ASCII:
		o->ascii = on;
		break;
	case OPT_NO_COLOR:
		o->no_color = on;
		break;
	case OPT_MOUSE:
		o->mouse = on;
		break;
	default: /* --all, -h, -V, --man ...: p->given says it */
		break;
	}
}

int option_take_value(struct parse *p, enum option_id id, const char *value)
{
	struct options *o = p->o;
	struct settings *s = &o->settings;
	switch (id) {
	case OPT_ISL:
		return take_int(p, id, value, 1, 1 << 20, &p->isl);
	case OPT_OSL:
		return take_int(p, id, value, 1, 1 << 20, &p->osl);
	case OPT_CONC:
		return settings_parse_concs(s, value, p->e);
	case OPT_REPEAT:
		return take_int(p, id, value, 1, 64, &s->repeat);
	case OPT_TEAM:
		return option_take_text(p, id, value, s->team, sizeof s->team);
	case OPT_BASE_URL:
		return take_base_url(p, value);
	case OPT_TRACK:
		return option_take_text(p, id, value, o->track, sizeof o->track);
	case OPT_LEADERBOARD:
		return option_take_text(p, id, value, s->leaderboard, sizeof s->leaderboard);
	case OPT_NUM_PROMPTS:
		return take_int(p, id, value, 1, 1000000, &s->all_prompts);
	case OPT_NUM_WARMUPS:
		return take_int(p, id, value, 0, 100000, &s->num_warmups);
	case OPT_PROMPTS:
		return take_prompts(p, value);
	case OPT_TOKENIZER:
		return option_take_text(p, id, value, s->tokenizer, sizeof s->tokenizer);
	case OPT_ACCURACY:
		return take_accuracy(p, value);
	case OPT_ACC_CONCURRENCY:
		return take_int(p, id, value, 1, 64, &s->acc_concurrency);
	case OPT_CORPUS:
		return option_take_text(p, id, value, s->corpus, sizeof s->corpus);
	case OPT_WAIT_SERVER:
		return take_wait(p, value);
	case OPT_SERVER_SCRIPT:
		return option_take_text(p, id, value, s->server_script, sizeof s->server_script);
	case OPT_GRACE:
		if (!text_to_duration_ms(value, &s->stop_grace_ms) || s->stop_grace_ms == 0)
			return bad_value(p, id, value, "is no time: give one like 30s or 2m");
		return 0;
	case OPT_RESULTS_DIR:
		return option_take_text(p, id, value, s->results_dir, sizeof s->results_dir);
	case OPT_LOG:
		return take_log(p, value);
	case OPT_THEME:
		return option_take_text(p, id, value, o->theme, sizeof o->theme);
	case OPT_COLORS:
		return take_colors(p, value);
	case OPT_FPS:
		return take_int(p, id, value, 1, 60, &o->fps);
	case OPT_SIZE:
		return take_size(p, value);
	case OPT_FORMAT:
		return take_format(p, value);
	case OPT_OUTPUT:
		return option_take_text(p, id, value, o->out_file, sizeof o->out_file);
	default:
		return err_set(p->e, ERR_USAGE, "--%s takes no value", option_rows[id].name);
	}
}
