/* One transfer: the options of its easy handle, what it came to, and its errors as sentences. */
#include "../base/buf.h"
#include "../base/text.h"
#include "loop_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_TIMEOUT_MS (INT64_C(6) * 3600 * 1000)

/* Host and port of the URL. Brackets of an IPv6 address are taken off. */
int target_set(struct loop_target *t, const char *url, struct err *e)
{
	if (t->url[0] && strcmp(t->url, url) == 0)
		return 0;
	t->url[0] = '\0';
	CURLU *u = curl_url();
	char *host = NULL, *port = NULL, *scheme = NULL;
	int rc = ERR_USAGE;
	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	        (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
	        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		size_t n = strlen(host);
		bool bracket = n > 2 && host[0] == '[' && host[n - 1] == ']';
		if (bracket)
			host[n - 1] = '\0';
		if (text_set(t->host, sizeof t->host, host + bracket) && text_set(t->port, sizeof t->port, port) &&
		        text_set(t->url, sizeof t->url, url))
			rc = 0;
	}
	curl_free(host);
	curl_free(port);
	curl_free(scheme);
	curl_url_cleanup(u);
	if (rc) {
		char shown[160];
		text_copy(shown, sizeof shown, url);
		t->url[0] = '\0';
		return err_set(e, rc, "\"%s\" is not an http URL: write it like http://127.0.0.1:8888", shown);
	}
	t->loopback = strcmp(t->host, "localhost") == 0 || strncmp(t->host, "127.", 4) == 0 ||
	              strcmp(t->host, "0.0.0.0") == 0 || strcmp(t->host, "::1") == 0 || strcmp(t->host, "::") == 0;
	return 0;
}

static size_t transfer_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	return t->on_body ? t->on_body(t->ctx, data, size * n) : size * n;
}

/* The one header that is looked at; those of a "100 Continue" before do not count. */
static size_t transfer_header(char *data, size_t size, size_t n, void *ctx)
{
	static const char name[] = "retry-after:";
	struct transfer *t = ctx;
	size_t len = size * n, k = sizeof name - 1;
	if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
		t->retry_after[0] = '\0';
	if (len > k && strncasecmp(data, name, k) == 0) {
		while (k < len && (data[k] == ' ' || data[k] == '\t'))
			k++;
		while (len > k && (unsigned char)data[len - 1] <= ' ')
			len--;
		text_clean(t->retry_after, sizeof t->retry_after, data + k, len - k);
	}
	return size * n;
}

static int headers_copy(struct transfer *t, const struct curl_slist *from)
{
	curl_slist_free_all(t->headers);
	t->headers = curl_slist_append(NULL, "Expect:");
	for (; t->headers && from; from = from->next) {
		struct curl_slist *more = curl_slist_append(t->headers, from->data);
		if (!more)
			return -1;
		t->headers = more;
	}
	return t->headers ? 0 : -1;
}

static void set_protocols(CURL *c)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_connection(struct transfer *t, const struct transfer_spec *spec)
{
	CURL *c = t->easy;
	int64_t connect_ms = spec->connect_timeout_ms > 0 ? spec->connect_timeout_ms : t->timeout_ms;
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	if (spec->fresh) {
		curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	}
	if (t->loopback)
		curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	if (t->loop->pins)
		curl_easy_setopt(c, CURLOPT_RESOLVE, t->loop->pins);
}

int transfer_setup(struct transfer *t, const struct transfer_spec *spec, struct err *e)
{
	const struct loop_target *to = &t->loop->target;
	CURL *c = t->easy;
	curl_easy_reset(c);
	t->on_body = spec->on_body;
	t->on_done = spec->on_done;
	t->ctx = spec->ctx;
	t->timeout_ms = spec->timeout_ms > 0 ? spec->timeout_ms : DEFAULT_TIMEOUT_MS;
	t->loopback = to->loopback;
	text_set(t->host, sizeof t->host, to->host);
	text_set(t->port, sizeof t->port, to->port);
	t->retry_after[0] = t->error[0] = '\0';
	if (headers_copy(t, spec->headers) || curl_easy_setopt(c, CURLOPT_URL, spec->url) != CURLE_OK)
		return err_set(e, ERR_NOMEM, "no memory for a request to %s:%s", t->host, t->port);
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, transfer_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, transfer_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	set_protocols(c);
	set_connection(t, spec);
	bool post = spec->method && strcmp(spec->method, "POST") == 0;
	if (post || spec->body) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(spec->body ? spec->body_len : 0));
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, spec->body ? spec->body : "");
	}
	if (spec->method && !post && strcmp(spec->method, "GET") != 0)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, spec->method);
	return 0;
}

/* The remedy that fits the place: our own machine's server, or somebody else's. */
static void connect_sentence(const struct transfer *t, char *out, size_t cap)
{
	long os = 0;
	char why[96];
	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os);
	const char *remedy = t->loopback ? "start the server or set PORT" : "check the URL and that the host is up";
	if (os == ECONNREFUSED || os == 0)
		snprintf(out, cap, "nothing listens on %s:%s: %s", t->host, t->port, remedy);
	else
		snprintf(out, cap, "cannot connect to %s:%s (%s): %s", t->host, t->port,
		        strerror_r((int)os, why, sizeof why), remedy);
}

static void cut_sentence(const struct transfer *t, CURLcode code, long status, char *out, size_t cap)
{
	const char *what = code == CURLE_SEND_ERROR ? "while the request was being sent"
	                   : status == 0            ? "before it answered"
	                                            : "before the answer was complete";
	snprintf(out, cap, "%s:%s closed the connection %s: look into the server's log", t->host, t->port, what);
}

/* What libcurl says itself, for everything without a sentence of ours. */
static void other_sentence(const struct transfer *t, CURLcode code, char *out, size_t cap)
{
	char all[CURL_ERROR_SIZE + 320];
	snprintf(all, sizeof all, "%s:%s: %s", t->host, t->port, t->error[0] ? t->error : curl_easy_strerror(code));
	text_copy(out, cap, all);
}

/* A receive error is the peer's leaving, unless libcurl says that it could not read what came (a bad chunk). */
static bool is_cut(const struct transfer *t, CURLcode code)
{
	if (code == CURLE_RECV_ERROR)
		return !t->error[0] || strstr(t->error, "Recv failure") || strstr(t->error, "reset");
	return code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING;
}

static void error_sentence(struct transfer *t, CURLcode code, struct transfer_end *end)
{
	char all[sizeof end->error + 320];
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		connect_sentence(t, all, sizeof all);
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
		snprintf(all, sizeof all, "the name %s does not resolve: check the URL and the network", t->host);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		if (end->connected || end->sent)
			snprintf(all, sizeof all, "%s:%s did not finish its answer within %.3g s", t->host, t->port,
			        (double)t->timeout_ms / 1000);
		else
			snprintf(all, sizeof all,
			        "no connection to %s:%s in time: check the URL and that the host is up", t->host,
			        t->port);
		break;
	default:
		end->cut = is_cut(t, code);
		if (end->cut)
			cut_sentence(t, code, end->status, all, sizeof all);
		else
			other_sentence(t, code, all, sizeof all);
	}
	text_copy(end->error, sizeof end->error, all);
}

void transfer_end_fill(struct transfer *t, CURLcode code, struct transfer_end *end)
{
	curl_off_t connect_us = 0;
	long request_bytes = 0;
	char *type = NULL;
	*end = (struct transfer_end){.curl_code = (int)code};
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &end->status);
	curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	end->sent = request_bytes > 0 || end->status > 0;
	end->connected = end->sent || connect_us > 0;
	if (curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type)
		text_copy(end->content_type, sizeof end->content_type, type);
	text_set(end->retry_after, sizeof end->retry_after, t->retry_after);
	if (code != CURLE_OK)
		error_sentence(t, code, end);
}

void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	free(t);
}
