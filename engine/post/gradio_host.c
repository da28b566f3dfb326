/* The board before anything is sent: is it awake, where are its routes, does it have the endpoint, what does it take. */
#include "../base/json.h"
#include "../base/text.h"
#include "gradio_int.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_PREFIX     "/gradio_api" /* Gradio 5 and later */
#define CONFIG_DEPTH       64            /* layouts nest; the values in a config are not used */
#define CONFIG_TIMEOUT_MS  20000
#define CONNECT_TIMEOUT_MS 10000
#define RETRY_AFTER_MAX_S  3600

void gradio_say(struct gradio_reply *reply, enum gradio_outcome outcome, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	reply->outcome = outcome;
	reply->rank = -1;
	text_copy(reply->text, sizeof reply->text, text);
}

/* Letters that need no escaping in a path. */
static bool plain_path(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.~/")] == '\0' &&
	       !strstr(s, "..");
}

/* A token is worth stealing: it leaves this machine encrypted or not at all. */
static bool token_may_go(const char *url)
{
	static const char *const here[] = {"127.", "localhost", "[::1]"};
	if (strncasecmp(url, "https://", 8) == 0)
		return true;
	if (strncasecmp(url, "http://", 7) != 0)
		return false;
	const char *host = url + 7;
	size_t host_len = strcspn(host, "/?#");
	if (memchr(host, '@', host_len))
		return false;
	host_len = host[0] == '[' ? strcspn(host, "]/") + 1 : strcspn(host, ":/?#");
	if (strncmp(host, here[0], 4) == 0 && host[strspn(host, "0123456789.")] != '\0' &&
	        strspn(host, "0123456789.") < host_len)
		return false; /* 127.example.org */
	for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
		size_t n = strlen(here[i]);
		if (strncasecmp(host, here[i], n) == 0 && (i == 0 || n == host_len))
			return true;
	}
	return false;
}

bool gradio_host_init(struct gradio_host *h, const char *base_url, const char *api_name, const char *token,
        struct cancel *cancel, struct gradio_reply *reply)
{
	memset(h, 0, sizeof *h);
	while (*api_name == '/')
		api_name++;
	bool ok = text_set(h->base, sizeof h->base, base_url) && text_set(h->api, sizeof h->api, api_name);
	size_t n = strlen(h->base);
	while (n > 0 && h->base[n - 1] == '/')
		h->base[--n] = '\0';
	if (!ok || !h->api[0] || !plain_path(h->api) ||
	        (strncasecmp(h->base, "http://", 7) != 0 && strncasecmp(h->base, "https://", 8) != 0)) {
		gradio_say(reply, GRADIO_REFUSED,
		        "the leaderboard's address %.100s (endpoint %.40s) is no http or https URL", base_url,
		        api_name);
		return false;
	}
	h->token = token && token[0] && token_may_go(h->base) ? token : NULL;
	h->cancel = cancel;
	return true;
}

bool gradio_is_json(const struct transfer_end *end)
{
	return strncasecmp(end->content_type, "application/json", 16) == 0 || strcasestr(end->content_type, "+json");
}

int64_t gradio_retry_after(const struct transfer_end *end)
{
	int64_t s;
	if (!text_to_i64(end->retry_after, 0, INT64_MAX, &s)) {
		time_t at = end->retry_after[0] ? curl_getdate(end->retry_after, NULL) : -1;
		if (at < 0)
			return 0;
		s = (int64_t)at - (int64_t)time(NULL);
	}
	if (s < 0)
		s = 0;
	return (s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S) * 1000;
}

bool gradio_common_refusal(const struct gradio_host *h, const struct transfer_end *end, struct gradio_reply *reply)
{
	long status = end->status;
	if (status == 401 || status == 403) {
		gradio_say(reply, GRADIO_REFUSED, "the board refuses the token: HTTP %ld; %s", status,
		        h->token ? "HF_TOKEN has no access to this Space" : "it is private, set HF_TOKEN (https only)");
	} else if (status == 429) {
		gradio_say(reply, GRADIO_NOT_SENT, "the board asks to come back later: HTTP 429, too many requests");
		reply->retry_after_ms = gradio_retry_after(end);
	} else if (status >= 300 && status < 400) {
		gradio_say(reply, GRADIO_REFUSED,
		        "the board's address leads elsewhere: HTTP %ld; give its final https address", status);
	} else {
		return false;
	}
	return true;
}

/* detail: [{"loc": ["body", "data"], "msg": "Field required"}, ...] */
static const char *first_message(const cJSON *v)
{
	if (cJSON_IsArray(v))
		v = cJSON_GetArrayItem(v, 0);
	if (cJSON_IsString(v))
		return v->valuestring;
	const char *text = json_get_str(v, "msg", NULL);
	if (!text)
		text = json_get_str(v, "message", NULL);
	return text ? text : json_get_str(v, "error", NULL);
}

char *gradio_detail(const char *body, size_t len, char *out, size_t cap)
{
	cJSON *json;
	out[0] = '\0';
	if (json_parse_lenient(body, len, GRADIO_JSON_DEPTH, &json, NULL) < 0)
		return out;
	const char *text = first_message(json_get(json, "detail"));
	if (!text)
		text = first_message(json_get(json, "error"));
	if (!text)
		text = first_message(json);
	text_copy(out, cap, text ? text : "");
	cJSON_Delete(json);
	return out;
}

static int host_get(const struct gradio_host *h, const char *route, struct fetch_result *r, struct err *e)
{
	char url[512];
	snprintf(url, sizeof url, "%s%s", h->base, route);
	struct fetch f = {
	        .url = url,
	        .bearer = h->token,
	        .accept = "application/json",
	        .timeout_ms = CONFIG_TIMEOUT_MS,
	        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
	        .cancel = h->cancel,
	};
	return fetch_run(&f, r, e);
}

/* Gradio 4 has no api_prefix and no prefix; a config that cannot be read is taken for Gradio 5 or later. */
static void take_prefix(struct gradio_host *h, const struct fetch_result *r)
{
	cJSON *json = NULL;
	text_set(h->prefix, sizeof h->prefix, DEFAULT_PREFIX);
	if (r->end.status != 200 || json_parse_lenient(buf_text(&r->body), r->body.len, CONFIG_DEPTH, &json, NULL) < 0)
		return;
	if (json_get(json, "dependencies") || json_get(json, "api_prefix") || json_get(json, "version")) {
		const char *prefix = json_get_str(json, "api_prefix", "");
		size_t n = strlen(prefix);
		while (n > 0 && prefix[n - 1] == '/')
			n--;
		if (n == 0) {
			h->prefix[0] = '\0';
		} else if (n < sizeof h->prefix && prefix[0] == '/' && plain_path(prefix)) {
			memcpy(h->prefix, prefix, n);
			h->prefix[n] = '\0';
		}
	}
	cJSON_Delete(json);
}

bool gradio_host_open(struct gradio_host *h, struct gradio_reply *reply)
{
	struct fetch_result r;
	struct err e = {0};
	bool ok = false;
	int rc = host_get(h, "/config", &r, &e);
	if (rc == ERR_CANCELLED)
		gradio_say(reply, GRADIO_NOT_SENT, "stopped before it was sent");
	else if (rc == ERR_USAGE)
		gradio_say(reply, GRADIO_REFUSED, "%s", e.text);
	else if (rc == ERR_LIMIT)
		ok = true; /* a very large app; take_prefix falls back */
	else if (rc < 0)
		gradio_say(reply, GRADIO_NOT_SENT, "the board cannot be reached: %s", e.text);
	else if (gradio_common_refusal(h, &r.end, reply))
		ok = false;
	else if (!gradio_is_json(&r.end))
		gradio_say(reply, GRADIO_NOT_SENT,
		        r.end.status == 404 ? "no Space answers at this address, or it is private: HTTP %ld"
		                            : "the Space sleeps or is starting: HTTP %ld",
		        r.end.status);
	else if (r.end.status >= 500)
		gradio_say(reply, GRADIO_NOT_SENT, "the board is not well: HTTP %ld", r.end.status);
	else
		ok = true;
	if (ok)
		take_prefix(h, &r);
	if (reply->outcome == GRADIO_NOT_SENT && !ok && rc == 0 && reply->retry_after_ms == 0)
		reply->retry_after_ms = gradio_retry_after(&r.end);
	fetch_result_free(&r);
	return ok;
}

static void list_endpoints(const cJSON *named, char *out, size_t cap)
{
	size_t at = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, named)
	{
		char name[64];
		text_copy(name, sizeof name, item->string);
		int n = snprintf(out + at, cap - at, "%s%s", at ? ", " : "", name);
		if (n < 0 || (size_t)n >= cap - at) {
			out[at] = '\0';
			return;
		}
		at += (size_t)n;
	}
}

int gradio_host_info(const struct gradio_host *h, int *arity, char *others, size_t cap)
{
	char route[160], key[80];
	struct fetch_result r;
	cJSON *json = NULL;
	int found = -1;
	*arity = -1;
	if (others)
		others[0] = '\0';
	snprintf(route, sizeof route, "%s/info", h->prefix);
	snprintf(key, sizeof key, "/%s", h->api);
	if (host_get(h, route, &r, NULL) == 0 && r.end.status == 200 && gradio_is_json(&r.end) &&
	        json_parse_lenient(buf_text(&r.body), r.body.len, GRADIO_JSON_DEPTH, &json, NULL) == 0) {
		const cJSON *named = json_get(json, "named_endpoints");
		const cJSON *endpoint = json_get(named, key);
		const cJSON *parameters = json_get(endpoint, "parameters");
		if (cJSON_IsObject(named))
			found = endpoint != NULL;
		if (cJSON_IsArray(parameters))
			*arity = cJSON_GetArraySize(parameters);
		if (others && found == 0)
			list_endpoints(named, others, cap);
	}
	cJSON_Delete(json);
	fetch_result_free(&r);
	return found;
}

static int check_info(const struct gradio_host *h, int columns, struct gradio_preflight *out, struct err *e)
{
	char others[120], text[512] = "";
	int found = gradio_host_info(h, &out->parameters, others, sizeof others);
	if (cancel_get(h->cancel) >= CANCEL_NOW)
		return err_set(e, ERR_CANCELLED, "stopped while looking at the leaderboard");
	out->endpoint = found == 1;
	if (found == 0)
		snprintf(text, sizeof text, "the board has no endpoint /%s; it offers %s", h->api,
		        others[0] ? others : "none by name");
	else if (found < 0)
		snprintf(text, sizeof text,
		        "the board does not tell what /%s takes (%s/info): it cannot be checked before a run", h->api,
		        h->prefix);
	else if (out->parameters >= 0 && out->parameters != columns)
		snprintf(text, sizeof text,
		        "the board asks for %d values, the track has %d: too few would be refused, too many silently "
		        "dropped; choose the track of this board (--track)",
		        out->parameters, columns);
	text_copy(out->text, sizeof out->text, text);
	return 0;
}

int gradio_check(const char *base_url, const char *api_name, const char *token, int columns, struct cancel *cancel,
        struct gradio_preflight *out, struct err *e)
{
	struct gradio_host h;
	struct gradio_reply reply = {0};
	memset(out, 0, sizeof *out);
	out->parameters = -1;
	bool ok = gradio_host_init(&h, base_url, api_name, token, cancel, &reply) && gradio_host_open(&h, &reply);
	if (cancel_get(cancel) >= CANCEL_NOW)
		return err_set(e, ERR_CANCELLED, "stopped while looking at the leaderboard");
	if (!ok) {
		/* It answered, and the answer was no. */
		out->reachable = reply.outcome == GRADIO_REFUSED;
		text_set(out->text, sizeof out->text, reply.text);
		return 0;
	}
	out->reachable = true;
	text_set(out->prefix, sizeof out->prefix, h.prefix);
	return check_info(&h, columns, out, e);
}
