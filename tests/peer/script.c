/*
 * Scripted answers: playing them, and the builders that make them. A script owns its blocks and their bytes.
 */
#include "peer_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool script_piece(struct peer *p, struct conn *c, struct piece *out)
{
	(void)p;
	const struct peer_script *s = c->script;
	if (c->script_pos == s->n_blocks) {
		c->end_ns = c->script_ns + s->end_delay_ns;
		return false;
	}
	const struct peer_block *b = &s->blocks[c->script_pos++];
	c->script_ns += b->delay_ns;
	*out = (struct piece){.data = b->data, .len = b->len, .due_ns = c->script_ns, .events = 1};
	return true;
}

void script_begin(struct conn *c, const struct peer_script *script, int64_t now_ns)
{
	c->script = script;
	c->script_pos = 0;
	c->script_ns = now_ns;
	c->next_piece = script_piece;
	c->end = script->end;
}

/* Takes over data. A failed script is freed by the caller. */
static int add_block(struct peer_script *s, char *data, size_t len, int64_t delay_ns)
{
	if (!data)
		return -ENOMEM;
	struct peer_block *more = realloc(s->blocks, (s->n_blocks + 1) * sizeof *more);
	if (!more) {
		free(data);
		return -ENOMEM;
	}
	s->blocks = more;
	s->blocks[s->n_blocks++] = (struct peer_block){.data = data, .len = len, .delay_ns = delay_ns};
	return 0;
}

static char *copy_bytes(const char *from, size_t len)
{
	char *to = malloc(len + 1);
	if (to) {
		if (len)
			memcpy(to, from, len);
		to[len] = '\0';
	}
	return to;
}

static int add_head(struct peer_script *s, int status, const char *reason, const char *type, enum peer_framing framing,
        size_t body_len)
{
	char framed[64], head[512];
	if (framing == PEER_LENGTH)
		snprintf(framed, sizeof framed, "Content-Length: %zu\r\n", body_len);
	else
		snprintf(framed, sizeof framed, "%s", framing == PEER_TO_CLOSE ? "" : "Transfer-Encoding: chunked\r\n");
	int n = snprintf(head, sizeof head,
	        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nCache-Control: no-cache\r\n%sConnection: close\r\n\r\n", status,
	        reason, type ? type : "text/event-stream; charset=utf-8", framed);
	if (n < 0 || (size_t)n >= sizeof head)
		return -EMSGSIZE;
	return add_block(s, copy_bytes(head, (size_t)n), (size_t)n, 0);
}

static int add_chunk(struct peer_script *s, const struct peer_block *part)
{
	char *data = malloc(part->len + 32);
	if (!data)
		return -ENOMEM;
	size_t n = (size_t)sprintf(data, "%zx\r\n", part->len);
	memcpy(data + n, part->data, part->len);
	memcpy(data + n + part->len, "\r\n", 2);
	return add_block(s, data, n + part->len + 2, part->delay_ns);
}

int peer_script_answer(struct peer_script *out, int status, const char *reason, const char *type,
        enum peer_framing framing, const struct peer_block *parts, size_t n_parts)
{
	bool chunked = framing == PEER_CHUNKED || framing == PEER_CHUNKED_OPEN;
	size_t body_len = 0;
	*out = (struct peer_script){.end = PEER_END_CLOSE};
	for (size_t i = 0; i < n_parts; i++)
		body_len += parts[i].len;
	int rc = add_head(out, status, reason, type, framing, body_len);
	for (size_t i = 0; rc == 0 && i < n_parts; i++) {
		if (parts[i].len == 0)
			continue; /* an empty chunk would end the body */
		rc = chunked ? add_chunk(out, &parts[i])
		             : add_block(out, copy_bytes(parts[i].data, parts[i].len), parts[i].len, parts[i].delay_ns);
	}
	if (rc == 0 && framing == PEER_CHUNKED)
		rc = add_block(out, copy_bytes("0\r\n\r\n", 5), 5, 0);
	if (rc < 0)
		peer_script_free(out);
	return rc;
}

int peer_script_sse(struct peer_script *out, enum peer_framing framing, const struct peer_block *parts, size_t n_parts)
{
	return peer_script_answer(out, 200, "OK", NULL, framing, parts, n_parts);
}

int peer_script_raw(struct peer_script *out, const struct peer_block *parts, size_t n_parts)
{
	int rc = 0;
	*out = (struct peer_script){.end = PEER_END_CLOSE};
	for (size_t i = 0; rc == 0 && i < n_parts; i++)
		rc = add_block(out, copy_bytes(parts[i].data, parts[i].len), parts[i].len, parts[i].delay_ns);
	if (rc < 0)
		peer_script_free(out);
	return rc;
}

size_t peer_script_bytes(const struct peer_script *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_blocks; i++)
		n += s->blocks[i].len;
	return n;
}

static void free_data(const struct peer_block *b)
{
	free((void *)(uintptr_t)b->data);
}

void peer_script_cut(struct peer_script *s, size_t n_bytes)
{
	size_t keep = 0;
	while (keep < s->n_blocks && n_bytes > 0) {
		struct peer_block *b = &s->blocks[keep++];
		if (b->len > n_bytes)
			b->len = n_bytes;
		n_bytes -= b->len;
	}
	for (size_t i = keep; i < s->n_blocks; i++)
		free_data(&s->blocks[i]);
	s->n_blocks = keep;
}

void peer_script_trim(struct peer_script *s, size_t n_bytes)
{
	size_t all = peer_script_bytes(s);
	peer_script_cut(s, all > n_bytes ? all - n_bytes : 0);
}

int peer_script_resplit(struct peer_script *s, size_t n_bytes, int64_t gap_ns)
{
	struct peer_script fresh = {.end = s->end, .end_delay_ns = s->end_delay_ns};
	size_t all = peer_script_bytes(s), at = 0;
	if (n_bytes == 0)
		return -EINVAL;
	char *flat = malloc(all + 1);
	if (!flat)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_blocks; i++) {
		memcpy(flat + at, s->blocks[i].data, s->blocks[i].len);
		at += s->blocks[i].len;
	}
	int rc = 0;
	for (at = 0; rc == 0 && at < all; at += n_bytes) {
		size_t n = all - at < n_bytes ? all - at : n_bytes;
		rc = add_block(&fresh, copy_bytes(flat + at, n), n, at ? gap_ns : 0);
	}
	free(flat);
	if (rc < 0) {
		peer_script_free(&fresh);
		return rc;
	}
	peer_script_free(s);
	*s = fresh;
	return 0;
}

void peer_script_free(struct peer_script *s)
{
	for (size_t i = 0; i < s->n_blocks; i++)
		free_data(&s->blocks[i]);
	free(s->blocks);
	*s = (struct peer_script){0};
}
