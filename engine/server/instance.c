#include "instance.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/text.h"
#include "process_int.h"
#include "startup.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX 65536

/* ---- the record ---- */

static bool record_path(char *out, size_t cap, int port, bool make)
{
	char name[64];
	snprintf(name, sizeof name, "server-%d.json", port);
	return startup_cache_path(out, cap, name, make);
}

/* Where pids have a meaning: a container that was started again, another one that shares the cache directory and a machine
 * that was booted again count from the beginning, and a number of then is somebody else's now. */
static void pid_space(char *out, size_t cap)
{
	struct process init;
	char boot[40] = "";
	process_file(NULL, 0, "sys/kernel/random/boot_id", boot, sizeof boot);
	boot[strcspn(boot, "\n")] = '\0';
	process_read(NULL, 1, &init, NULL);
	snprintf(out, cap, "%s %lld", boot, (long long)init.ticks);
}

static void put_str(struct json_out *j, const char *key, const char *v)
{
	json_key(j, key);
	json_str(j, v);
}

static void put_int(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_i64(j, v);
}

int server_record_save(const struct server_record *r, struct err *e)
{
	char path[800], wall[32], space[80];
	struct buf b;
	struct json_out j;
	if (!record_path(path, sizeof path, r->port, true))
		return err_set(e, ERR_IO, "there is no cache directory to note the start in");
	buf_init(&b, RECORD_MAX);
	json_out_init(&j, &b, JSON_PRETTY, false);
	json_object(&j);
	put_int(&j, "pid", r->pid);
	put_int(&j, "ticks", r->ticks);
	snprintf(wall, sizeof wall, "%lld", (long long)r->wall_ns); /* beyond 2^53: as text */
	put_str(&j, "wall_ns", wall);
	pid_space(space, sizeof space);
	put_str(&j, "pid_space", space);
	put_int(&j, "port", r->port);
	put_str(&j, "log", r->log);
	put_str(&j, "script", r->script);
	put_str(&j, "model", r->model);
	json_object_end(&j);
	int rc = b.failed ? err_set(e, ERR_NOMEM, "no memory") : file_write_atomic(path, b.data, b.len, e);
	buf_free(&b);
	return rc;
}

bool server_record_load(int port, struct server_record *r)
{
	char path[800], space[80];
	struct buf b;
	cJSON *root = NULL;
	memset(r, 0, sizeof *r);
	pid_space(space, sizeof space);
	buf_init(&b, RECORD_MAX);
	if (record_path(path, sizeof path, port, false) && file_exists(path) && file_read(path, &b, NULL) == 0 &&
	        json_parse(buf_text(&b), b.len, 8, &root, NULL) == 0 &&
	        strcmp(json_get_str(root, "pid_space", space), space) == 0) {
		int64_t pid = json_get_i64(root, "pid", 0), wall;
		if (pid > 1 && pid < INT32_MAX)
			r->pid = (pid_t)pid;
		r->ticks = json_get_i64(root, "ticks", 0);
		if (text_to_i64(json_get_str(root, "wall_ns", ""), 0, INT64_MAX, &wall))
			r->wall_ns = wall;
		r->port = port;
		text_set(r->log, sizeof r->log, json_get_str(root, "log", ""));
		text_set(r->script, sizeof r->script, json_get_str(root, "script", ""));
		text_copy(r->model, sizeof r->model, json_get_str(root, "model", ""));
	}
	cJSON_Delete(root);
	buf_free(&b);
	return r->pid > 0;
}

void server_record_remove(int port)
{
	char path[800];
	if (record_path(path, sizeof path, port, false))
		unlink(path);
}

/* ---- finding it ---- */

int instance_port(const char *base_url)
{
	char *host = NULL, *text = NULL;
	int64_t port = 0;
	CURLU *u = curl_url();
	if (u && curl_url_set(u, CURLUPART_URL, base_url, 0) == CURLUE_OK &&
	        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	        curl_url_get(u, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		bool local = strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0 ||
		             strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::1]") == 0 || strcmp(host, "[::]") == 0;
		if (!local || !text_to_i64(text, 1, 65535, &port))
			port = 0;
	}
	curl_free(host);
	curl_free(text);
	curl_url_cleanup(u);
	return (int)port;
}

/* No other process has the launcher's number: while members of its session live, nobody can get it. */
static bool session_is_its(const char *root, const struct server_record *r)
{
	struct process leader;
	return process_read(root, r->pid, &leader, NULL) != 0 || leader.ticks == r->ticks;
}

/* A member of the session of a record: the launcher, or what it left behind when it ended itself. */
static bool session_member(const char *root, const struct server_record *r, struct process *out)
{
	struct process *family;
	bool found = false;
	if (process_alive(root, r->pid, r->ticks))
		return process_read(root, r->pid, out, NULL) == 0;
	if (!session_is_its(root, r) || !(family = calloc(PROCESS_MANY, sizeof *family)))
		return false;
	/* Members that began before the record are of a session that had the number earlier. */
	int n = process_family(root, 0, r->pid, family, PROCESS_MANY);
	for (int i = 0; i < n && !found; i++)
		found = family[i].ticks >= r->ticks && process_read(root, family[i].pid, out, NULL) == 0;
	free(family);
	return found;
}

static void take_process(const char *root, struct instance *i)
{
	i->key_pid = i->process.pid;
	i->key_ticks = i->process.ticks;
	i->begun_wall_ns = i->process.start_wall_ns;
	if (i->ours) {
		i->key_pid = i->record.pid;
		i->key_ticks = i->record.ticks;
		i->begun_wall_ns = i->record.wall_ns;
	}
	process_log(root, i->process.pid, &i->log);
	if (i->ours && i->log.kind != LOG_FILE && i->record.log[0]) {
		i->log.kind = LOG_FILE;
		i->log.words[0] = '\0';
		text_set(i->log.path, sizeof i->log.path, i->record.log);
	}
}

void instance_find(const char *root, const char *base_url, struct instance *out)
{
	memset(out, 0, sizeof *out);
	out->uid = -1;
	int port = instance_port(base_url);
	if (port == 0) {
		out->state = INSTANCE_REMOTE;
		return;
	}
	bool recorded = server_record_load(port, &out->record);
	enum port_state held = process_listener(root, port, &out->process, &out->uid);
	if (held == PORT_OUTSIDE) {
		out->state = INSTANCE_OUTSIDE;
		return;
	}
	if (held == PORT_HELD) {
		out->state = INSTANCE_LISTENING;
		out->ours = recorded && (out->process.sid == out->record.pid || out->process.pid == out->record.pid) &&
		            out->process.ticks >= out->record.ticks && session_is_its(root, &out->record);
	} else if (recorded && session_member(root, &out->record, &out->process)) {
		out->state = INSTANCE_STARTING;
		out->ours = true;
	} else if (process_starting(root, port, &out->process)) {
		out->state = INSTANCE_STARTING;
	}
	if (out->state != INSTANCE_NONE)
		take_process(root, out);
}

bool instance_alive(const char *root, const struct instance *i)
{
	struct process p;
	if (i->state != INSTANCE_STARTING && i->state != INSTANCE_LISTENING)
		return false;
	if (process_alive(root, i->process.pid, i->process.ticks))
		return true;
	return i->ours && session_member(root, &i->record, &p);
}

char *instance_words(const struct instance *i, const char *base_url, char *out, size_t cap)
{
	char who[320];
	int port = instance_port(base_url);
	switch (i->state) {
	case INSTANCE_NONE:
		snprintf(out, cap, "nothing listens on port %d", port);
		break;
	case INSTANCE_STARTING:
		snprintf(out, cap, "a server is starting for port %d: %s", port,
		        process_words(&i->process, who, sizeof who));
		break;
	case INSTANCE_LISTENING:
		snprintf(out, cap, "port %d is held by %s", port, process_words(&i->process, who, sizeof who));
		break;
	case INSTANCE_OUTSIDE:
		snprintf(out, cap,
		        "port %d is held outside of this container (or by a user whose processes cannot be seen, uid %ld)",
		        port, i->uid);
		break;
	case INSTANCE_REMOTE:
		snprintf(out, cap, "%.200s is not on this machine", base_url);
		break;
	}
	return out;
}
