/* What changed between two manifests: code, server, its arguments one by one, the client's settings. */
#include "../base/text.h"
#include "compare_int.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS 256

static void changed(struct compare_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void changed(struct compare_result *r, const char *fmt, ...)
{
	char text[700];
	va_list ap;
	if (r->n_changed >= COMPARE_SAID)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (r->n_changed == COMPARE_SAID - 1) /* the last line tells that there is more */
		snprintf(text, sizeof text, "and more, which run.json of both runs tells");
	text_copy(r->changed[r->n_changed++], sizeof r->changed[0], text);
}

static void changed_str(struct compare_result *r, const char *what, const char *a, const char *b)
{
	if (strcmp(a, b) != 0)
		changed(r, "%s  %.90s -> %.90s", what, a[0] ? a : "unknown", b[0] ? b : "unknown");
}

static void changed_int(struct compare_result *r, const char *what, int a, int b, int unknown)
{
	char x[2][24] = {"unknown", "unknown"};
	if (a != unknown)
		snprintf(x[0], sizeof x[0], "%d", a);
	if (b != unknown)
		snprintf(x[1], sizeof x[1], "%d", b);
	changed_str(r, what, x[0], x[1]);
}

static void changed_tree(
        struct compare_result *r, const char *name, const struct shelf_code *a, const struct shelf_code *b)
{
	char x[2][160] = {"unknown", "unknown"};
	if (a)
		compare_code_text(a, x[0], sizeof x[0]);
	if (b)
		compare_code_text(b, x[1], sizeof x[1]);
	if (a && b && strcmp(a->commit, b->commit) != 0 && strncmp(a->commit, b->commit, 12) == 0)
		changed(r, "%.16s  %.70s -> %.70s", name, a->commit, b->commit);
	else
		changed_str(r, name, x[0], x[1]);
	if (a && b && a->branch[0] && b->branch[0] && strcmp(a->branch, b->branch) != 0)
		changed(r, "%.16s branch  %.90s -> %.90s", name, a->branch, b->branch);
	/* the same words for two states that need not be the same */
	if (a && b && strcmp(x[0], x[1]) == 0 && a->dirty == CODE_DIRTY)
		changed(r,
		        "%.16s  dirty on both sides: whether the changes are the same is not known (code_%.16s.diff of the runs)",
		        name, name);
}

/* ---- server arguments ---- */

struct argument {
	const char *name, *value; /* into the text; value "" when it has none */
	size_t name_len, value_len;
	bool seen;
};

static bool is_option(const char *p)
{
	return p[0] == '-' && ((p[1] >= 'a' && p[1] <= 'z') || (p[1] >= 'A' && p[1] <= 'Z') || p[1] == '-');
}

/* "--name value value --name=value": each option with all up to the next. What stands before the first is the command,
 * with an empty name. */
static int split(const char *text, struct argument out[ARGUMENTS])
{
	int n = 0;
	const char *p = text;
	while (*p && n < ARGUMENTS) {
		while (*p == ' ')
			p++;
		if (!*p)
			break;
		struct argument *a = &out[n++];
		*a = (struct argument){.name = p, .value = ""};
		if (is_option(p)) {
			a->name_len = strcspn(p, " =");
			p += a->name_len + (p[a->name_len] == '=');
			while (*p == ' ')
				p++;
		}
		a->value = p;
		const char *end = p;
		while (*p && !(is_option(p) && (p == text || p[-1] == ' ' || p[-1] == '='))) {
			size_t word = strcspn(p, " ");
			end = p + word;
			p = end;
			while (*p == ' ')
				p++;
		}
		a->value_len = (size_t)(end - a->value);
	}
	return n;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);
	return len >= n && strncasecmp(s + len - n, end, n) == 0;
}

static void value_text(const struct argument *a, char out[100])
{
	if (ends_with(a->name, a->name_len, "key") || ends_with(a->name, a->name_len, "token") ||
	        ends_with(a->name, a->name_len, "password"))
		snprintf(out, 100, "(not shown)");
	else if (a->value_len == 0)
		snprintf(out, 100, "(set)");
	else
		snprintf(out, 100, "%.*s", (int)(a->value_len < 90 ? a->value_len : 90), a->value);
}

static bool same_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static void changed_argument(struct compare_result *r, const struct argument *a, struct argument *b, int n_b)
{
	char x[2][100];
	value_text(a, x[0]);
	for (int i = 0; i < n_b; i++) {
		if (b[i].seen || !same_text(a->name, a->name_len, b[i].name, b[i].name_len))
			continue;
		b[i].seen = true;
		if (same_text(a->value, a->value_len, b[i].value, b[i].value_len))
			return;
		value_text(&b[i], x[1]);
		changed(r, "server %.*s  %s -> %s", a->name_len ? (int)a->name_len : 7,
		        a->name_len ? a->name : "command", x[0], x[1]);
		return;
	}
	changed(r, "server %.*s  %s -> absent", a->name_len ? (int)a->name_len : 7, a->name_len ? a->name : "command",
	        x[0]);
}

static void changed_arguments(struct compare_result *r, const char *a, const char *b)
{
	if (!a[0] || !b[0]) {
		if (a[0] || b[0])
			changed(r, "server arguments  known of %c only", a[0] ? 'A' : 'B');
		return;
	}
	struct argument *x = calloc(2 * ARGUMENTS, sizeof *x), *y = x ? x + ARGUMENTS : NULL;
	if (!x) {
		changed_str(r, "server arguments", a, b);
		return;
	}
	int n_x = split(a, x), n_y = split(b, y);
	for (int i = 0; i < n_x; i++)
		changed_argument(r, &x[i], y, n_y);
	for (int i = 0; i < n_y; i++) {
		char value[100];
		if (y[i].seen)
			continue;
		value_text(&y[i], value);
		changed(r, "server %.*s  absent -> %s", y[i].name_len ? (int)y[i].name_len : 7,
		        y[i].name_len ? y[i].name : "command", value);
	}
	free(x);
}

void compare_changed(struct compare_result *r, const struct shelf_manifest *a, const struct shelf_manifest *b)
{
	if (!a->have || !b->have) {
		if (a->have || b->have)
			changed(r, "side %c has no manifest: what changed is not known", a->have ? 'B' : 'A');
		return;
	}
	for (int i = 0; i < a->n_trees && i < SHELF_TREES; i++)
		changed_tree(r, a->tree[i].name, &a->tree[i], compare_tree(b, a->tree[i].name));
	for (int i = 0; i < b->n_trees && i < SHELF_TREES; i++)
		if (!compare_tree(a, b->tree[i].name))
			changed_tree(r, b->tree[i].name, NULL, &b->tree[i]);
	changed_str(r, "server version", a->server_version, b->server_version);
	changed_str(r, "model", a->model, b->model);
	changed_int(r, "tensor parallel size", a->tp, b->tp, 0);
	changed_int(r, "prefill size", a->prefill, b->prefill, 0);
	changed_int(r, "radix cache off", a->radix_off, b->radix_off, -1);
	changed_arguments(r, a->server_args, b->server_args);
	changed_str(r, "machine", a->host, b->host);
	changed_str(r, "track", a->track, b->track);
	changed_str(r, "prompts", a->prompts, b->prompts);
	if (isfinite(a->ratio) && isfinite(b->ratio) && a->ratio != b->ratio)
		changed(r, "range ratio  %g -> %g", a->ratio, b->ratio);
	changed_int(r, "warm-ups", a->num_warmups, b->num_warmups, -1);
	changed_str(r, "benchtop", a->version, b->version);
}
