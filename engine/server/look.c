#include "look.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../net/fetch.h"
#include "watcher.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MAX_BYTES ((size_t)1 << 20)
#define LOOK_DEPTH     32

/* "HOST:PORT" of a URL, or the URL. */
static void address(const char *url, char *out, size_t cap)
{
	char *host = NULL, *port = NULL;
	CURLU *u = curl_url();
	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		char whole[300];
		snprintf(whole, sizeof whole, "%s:%s", host, port);
		text_copy(out, cap, whole);
	} else {
		text_copy(out, cap, url);
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
}

/* One GET; what fetch_run returns. The caller frees r in any case. */
static int get(const struct look *l, const char *path, struct fetch_result *r, struct err *e)
{
	char url[600];
	size_t len = strlen(l->base_url);
	memset(r, 0, sizeof *r);
	while (len > 0 && l->base_url[len - 1] == '/')
		len--;
	int n = snprintf(url, sizeof url, "%.*s%s", (int)len, l->base_url, path);
	if (n < 0 || (size_t)n >= sizeof url)
		return err_set(e, ERR_USAGE, "the server's URL is too long");
	struct fetch f = {.url = url,
	        .bearer = l->bearer,
	        .timeout_ms = l->timeout_ms,
	        .connect_timeout_ms = l->timeout_ms,
	        .max_bytes = LOOK_MAX_BYTES,
	        .cancel = l->cancel};
	return fetch_run(&f, r, e);
}

void look_init(struct ev_server_seen *out, const char *base_url)
{
	memset(out, 0, sizeof *out);
	out->phase = SERVER_UNKNOWN;
	out->radix_off = -1;
	out->uptime_s = out->progress = out->eta_s = out->step_s = out->step_last_s = NAN;
	text_copy(out->url, sizeof out->url, base_url);
}

static void say(struct ev_server_seen *out, enum server_phase phase, const char *text)
{
	out->phase = phase;
	text_copy(out->text, sizeof out->text, text);
}

/* No HTTP answer came: nobody there, or somebody who does not speak. */
static void no_answer(const struct look *l, const char *path, const struct transfer_end *end, const struct err *e,
        struct ev_server_seen *out)
{
	char where[160], text[512];
	address(l->base_url, where, sizeof where);
	if (end->curl_code == CURLE_COULDNT_CONNECT && !end->connected) {
		snprintf(text, sizeof text, "nothing listens on %s", where);
		say(out, SERVER_ABSENT, text);
	} else if (!end->connected) {
		say(out, SERVER_ABSENT, e->text);
	} else {
		snprintf(text, sizeof text, "%s listens, but does not answer %s: %.200s", where, path, e->text);
		say(out, SERVER_UNHEALTHY, text);
	}
}

static void take_model(const struct fetch_result *r, struct ev_server_seen *out)
{
	cJSON *root = NULL;
	if (json_parse(buf_text(&r->body), r->body.len, LOOK_DEPTH, &root, NULL))
		return;
	const cJSON *data = json_get(root, "data");
	text_copy(out->model, sizeof out->model, json_get_str(cJSON_IsArray(data) ? data->child : NULL, "id", ""));
	cJSON_Delete(root);
}

/* What /health answered; models = status of /v1/models. */
static void judge_health(long health, long models, struct ev_server_seen *out)
{
	char text[120];
	if (health == 200) {
		say(out, SERVER_READY, "ready");
	} else if (health == 503) {
		say(out, SERVER_STARTING, "HTTP is up, /health says not ready yet");
	} else if ((health == 404 || health == 405) && models == 200) {
		say(out, SERVER_READY, "ready (it has no /health)");
	} else if (health == 404 || health == 405) {
		snprintf(text, sizeof text, "something else listens there: /v1/models gives HTTP %ld, /health %ld",
		        models, health);
		say(out, SERVER_UNHEALTHY, text);
	} else {
		snprintf(text, sizeof text, "/health gives HTTP %ld", health);
		say(out, SERVER_UNHEALTHY, text);
	}
}

bool look_state(const struct look *l, struct ev_server_seen *out)
{
	struct fetch_result r;
	struct err e = {0};
	int rc = get(l, "/v1/models", &r, &e);
	long models = r.end.status;
	if (rc == 0 && models == 200)
		take_model(&r, out);
	if (rc && rc != ERR_CANCELLED && rc != ERR_LIMIT)
		no_answer(l, "/v1/models", &r.end, &e, out);
	fetch_result_free(&r);
	if (rc && rc != ERR_LIMIT)
		return rc != ERR_CANCELLED;
	rc = get(l, "/health", &r, &e);
	if (rc == 0)
		judge_health(r.end.status, models, out);
	else if (rc != ERR_CANCELLED)
		no_answer(l, "/health", &r.end, &e, out);
	fetch_result_free(&r);
	return rc != ERR_CANCELLED;
}

static int64_t count_of(const cJSON *root, const char *key)
{
	int64_t n = json_get_i64(root, key, 0);
	return n > 0 ? n : 0;
}

static bool take_info(const struct fetch_result *r, struct ev_server_seen *out)
{
	cJSON *root = NULL;
	if (json_parse(buf_text(&r->body), r->body.len, LOOK_DEPTH, &root, NULL))
		return false;
	const cJSON *radix = json_get(root, "disable_radix_cache");
	text_copy(out->version, sizeof out->version, json_get_str(root, "version", ""));
	out->tp = count_of(root, "tp_size");
	out->prefill = count_of(root, "chunked_prefill_size");
	out->radix_off = cJSON_IsBool(radix) ? cJSON_IsTrue(radix) : -1;
	if (!out->model[0])
		text_copy(out->model, sizeof out->model, json_get_str(root, "model_path", ""));
	cJSON_Delete(root);
	return true;
}

bool look_info(const struct look *l, struct ev_server_seen *out)
{
	static const char *const paths[] = {"/server_info", "/get_server_info"};
	for (int i = 0; i < 2; i++) {
		struct fetch_result r;
		int rc = get(l, paths[i], &r, NULL);
		long status = r.end.status;
		bool told = rc == 0 && status == 200 && take_info(&r, out);
		fetch_result_free(&r);
		if (told || rc || (status != 404 && status != 405))
			return told;
	}
	return false;
}

int server_look(
        const char *base_url, const char *bearer, int64_t timeout_ms, struct cancel *cancel, struct ev_server_seen *out)
{
	struct look l = {.base_url = base_url, .bearer = bearer, .timeout_ms = timeout_ms, .cancel = cancel};
	look_init(out, base_url);
	if (!look_state(&l, out)) {
		look_init(out, base_url);
		say(out, SERVER_UNKNOWN, "stopped before the server was asked");
	} else if (out->phase == SERVER_READY) {
		look_info(&l, out);
	}
	return 0;
}
