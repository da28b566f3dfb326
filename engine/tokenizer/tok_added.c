#include "tokenizer_int.h"
#include <stdlib.h>
#include <string.h>

#define NODES_MAX (1u << 24)

void added_free(struct added_set *a)
{
	free(a->tokens);
	free(a->nodes);
	memset(a, 0, sizeof *a);
}

static uint32_t node_new(struct added_set *a, unsigned char byte, uint32_t next)
{
	if (a->n_nodes >= a->nodes_cap) {
		uint32_t cap = a->nodes_cap ? a->nodes_cap * 2 : 1024;
		struct added_node *more = cap <= NODES_MAX ? realloc(a->nodes, cap * sizeof *more) : NULL;
		if (!more)
			return 0;
		a->nodes = more;
		a->nodes_cap = cap;
		if (a->n_nodes == 0)
			a->nodes[a->n_nodes++] = (struct added_node){0}; /* 0 is none */
	}
	a->nodes[a->n_nodes] = (struct added_node){.byte = byte, .next = next};
	return a->n_nodes++;
}

static uint32_t child_find(const struct added_set *a, uint32_t node, unsigned char byte)
{
	uint32_t c = a->nodes[node].child;
	while (c && a->nodes[c].byte != byte)
		c = a->nodes[c].next;
	return c;
}

/* The node at the end of s, made as needed; 0: no memory. */
static uint32_t path_make(struct added_set *a, const char *s, size_t len)
{
	unsigned char byte = (unsigned char)s[0];
	if (!a->first[byte])
		a->first[byte] = node_new(a, byte, 0);
	uint32_t node = a->first[byte];
	for (size_t i = 1; node && i < len; i++) {
		byte = (unsigned char)s[i];
		uint32_t c = child_find(a, node, byte);
		if (!c) {
			c = node_new(a, byte, a->nodes[node].child);
			if (c)
				a->nodes[node].child = c;
		}
		node = c;
	}
	return node;
}

int added_add(struct added_set *a, const char *s, size_t len, struct added_token token, struct err *e)
{
	if (a->n >= a->cap) {
		uint32_t cap = a->cap ? a->cap * 2 : 64;
		struct added_token *more = realloc(a->tokens, cap * sizeof *more);
		if (!more)
			return err_set(e, ERR_NOMEM, "no memory for %u added tokens", cap);
		a->tokens = more;
		a->cap = cap;
	}
	uint32_t node = path_make(a, s, len);
	if (!node)
		return err_set(e, ERR_NOMEM, "no memory for the added tokens");
	if (a->nodes[node].token)
		return err_set(e, ERR_PROTO, "two added tokens are written alike: the ids %u and %u",
		        a->tokens[a->nodes[node].token - 1].id, token.id);
	a->tokens[a->n++] = token;
	a->nodes[node].token = a->n;
	return 0;
}

bool added_next(const struct added_set *a, const char *text, size_t len, size_t from, size_t *start, size_t *end,
        const struct added_token **token)
{
	if (a->n == 0)
		return false;
	for (size_t i = from; i < len; i++) {
		uint32_t node = a->first[(unsigned char)text[i]], found = 0;
		for (size_t at = i + 1; node; at++) {
			if (a->nodes[node].token) {
				found = a->nodes[node].token;
				*end = at;
			}
			node = at < len ? child_find(a, node, (unsigned char)text[at]) : 0;
		}
		if (found) {
			*start = i;
			*token = &a->tokens[found - 1];
			return true;
		}
	}
	return false;
}
