/*
 * Token streams in the shape SGLang and vLLM give them: a chunked text/event-stream with one event a token, a usage
 * event, the end mark, the terminating chunk. Formatted once per peer and reused; only the tail (the events of the
 * last send, with finish_reason in the very last, and usage) is made for each request.
 */
#include "peer_int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT(reason)                                                                                                  \
	"data: {\"id\":\"cmpl-5f2a9c0e7b3d41868d1f60c2a4e99b17\",\"object\":\"text_completion\","                      \
	"\"created\":1763634000,\"model\":\"" PEER_MODEL                                                               \
	"\",\"choices\":[{\"index\":0,\"text\":\" a\",\"logprobs\":null,"                                              \
	"\"finish_reason\":" reason ",\"matched_stop\":null}],\"usage\":null}\n\n"

static const char EVENT_TEXT[] = EVENT("null");
static const char LAST_EVENT_TEXT[] = EVENT("\"length\"");
static const char USAGE_FORMAT[] =
        "data: {\"id\":\"cmpl-5f2a9c0e7b3d41868d1f60c2a4e99b17\",\"object\":\"text_completion\",\"created\":1763634000,"
        "\"model\":\"" PEER_MODEL "\",\"choices\":[],\"usage\":{\"prompt_tokens\":%" PRIu32 ",\"total_tokens\":%" PRIu64
        ",\"completion_tokens\":%" PRIu32 ",\"prompt_tokens_details\":null}}\n\n";

static const char HEAD_FORMAT[] = "HTTP/1.1 200 OK\r\n"
                                  "server: peer\r\n"
                                  "content-type: text/event-stream; charset=utf-8\r\n"
                                  "cache-control: no-cache\r\n"
                                  "connection: %s\r\n"
                                  "transfer-encoding: chunked\r\n\r\n";

/* A chunk of `events` events at `at`, the last of them with finish_reason if `last`. Returns its length. */
static size_t put_chunk(char *at, uint32_t events, bool last)
{
	size_t n = sizeof EVENT_TEXT - 1, n_last = sizeof LAST_EVENT_TEXT - 1;
	size_t body = last ? (events - 1) * n + n_last : events * n;
	char *to = at + sprintf(at, "%zx\r\n", body);
	for (uint32_t i = 0; i < events; i++) {
		bool final = last && i + 1 == events;
		memcpy(to, final ? LAST_EVENT_TEXT : EVENT_TEXT, final ? n_last : n);
		to += final ? n_last : n;
	}
	memcpy(to, "\r\n", 2);
	return (size_t)(to + 2 - at);
}

static size_t chunk_room(uint32_t events)
{
	return events * sizeof LAST_EVENT_TEXT + 32;
}

/* Called before the thread starts. */
int stream_prepare(struct peer *p)
{
	uint32_t *per = &p->cfg.events_per_send;
	if (*per == 0)
		*per = p->cfg.mode == PEER_NODELAY ? 64 : 1;
	if (*per > PEER_MAX_EVENTS_PER_SEND)
		*per = PEER_MAX_EVENTS_PER_SEND;
	p->head = malloc(sizeof HEAD_FORMAT + 16);
	p->send_block = malloc(chunk_room(*per));
	if (!p->head || !p->send_block)
		return -ENOMEM;
	p->head_len = (size_t)sprintf(p->head, HEAD_FORMAT, p->cfg.keep_alive ? "keep-alive" : "close");
	p->send_block_len = put_chunk(p->send_block, *per, false);
	return 0;
}

uint32_t stream_prompt_tokens(const struct peer *p, const struct body_facts *facts)
{
	if (p->cfg.prompt_tokens)
		return p->cfg.prompt_tokens;
	return facts->prompt_ids ? facts->prompt_ids : 1;
}

uint32_t stream_events(const struct peer *p, const struct body_facts *facts)
{
	if (p->cfg.tokens)
		return p->cfg.tokens;
	return facts->max_tokens ? facts->max_tokens : 16;
}

/* A number that looks random but depends only on seed and i (splitmix64). */
static uint64_t mix(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* When the first event is due for a request ready at `from`: its own phase, or the next tick of the engine clock. */
static int64_t first_due(const struct peer *p, int64_t from, uint64_t index)
{
	int64_t due = from + p->cfg.ttft_ns;
	if (p->cfg.mode == PEER_STEP && p->cfg.itl_ns > 0) {
		int64_t past = (due - p->started_ns) % p->cfg.itl_ns;
		return past ? due + p->cfg.itl_ns - past : due;
	}
	if (p->cfg.jitter_ns > 0)
		due += (int64_t)(mix(p->cfg.seed, index) % (uint64_t)p->cfg.jitter_ns);
	return due;
}

static bool stream_piece(struct peer *p, struct conn *c, struct piece *out)
{
	struct stream *s = &c->stream;
	uint32_t per = p->cfg.events_per_send;
	*out = (struct piece){0};
	if (s->head_pos < p->head_len) {
		bool slow = p->cfg.header_gap_ns > 0;
		out->data = p->head + s->head_pos;
		out->len = slow ? 1 : p->head_len;
		out->due_ns = s->head_due_ns + (slow ? (int64_t)s->head_pos * p->cfg.header_gap_ns : 0);
		s->head_pos += out->len;
		return true;
	}
	int64_t due = s->flat_out ? 0 : s->first_ns + (int64_t)s->sends * p->cfg.itl_ns;
	if (s->done < s->total) {
		uint32_t left = s->total - s->done;
		out->events = left > per ? per : left;
		out->data = left > per ? p->send_block : c->tail;
		out->len = left > per ? p->send_block_len : c->tail_chunk_len;
		out->due_ns = due;
		s->done += out->events;
		s->sends++;
		return true;
	}
	if (s->tail_sent)
		return false;
	s->tail_sent = true;
	out->data = c->tail + c->tail_chunk_len;
	out->len = c->tail_len - c->tail_chunk_len;
	return true;
}

/* The tail of c: the chunk of the last events (kept from an earlier answer if it had as many), then the rest. */
static int tail_make(struct conn *c, uint32_t last, uint32_t prompt, uint32_t total)
{
	size_t need = chunk_room(last) + sizeof USAGE_FORMAT + 128;
	if (c->tail_cap < need) {
		free(c->tail);
		c->tail_cap = c->tail_events = 0;
		c->tail = malloc(need);
		if (!c->tail)
			return -ENOMEM;
		c->tail_cap = need;
	}
	if (c->tail_events != last)
		c->tail_chunk_len = put_chunk(c->tail, last, true);
	c->tail_events = last;

	char usage[sizeof USAGE_FORMAT + 64];
	int n = snprintf(usage, sizeof usage, USAGE_FORMAT, prompt, (uint64_t)prompt + total, total);
	char *to = c->tail + c->tail_chunk_len;
	to += sprintf(to, "%x\r\n%s\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", (unsigned)n, usage);
	c->tail_len = (size_t)(to - c->tail);
	return 0;
}

int stream_begin(struct peer *p, struct conn *c, const struct body_facts *facts, int64_t now_ns)
{
	struct stream *s = &c->stream;
	uint32_t per = p->cfg.events_per_send;
	*s = (struct stream){.total = stream_events(p, facts), .flat_out = p->cfg.mode == PEER_NODELAY};
	uint32_t last = s->total % per ? s->total % per : per;
	int rc = tail_make(c, last, stream_prompt_tokens(p, facts), s->total);
	if (rc < 0)
		return rc;
	int64_t head_time = p->cfg.header_gap_ns > 0 ? (int64_t)p->head_len * p->cfg.header_gap_ns : 0;
	s->first_ns = first_due(p, now_ns + head_time, p->received - 1);
	s->head_due_ns = now_ns;
	if (s->flat_out)
		s->head_due_ns = 0;
	else if (p->cfg.head_with_first && head_time == 0)
		s->head_due_ns = s->first_ns;
	c->next_piece = stream_piece;
	c->end = p->cfg.keep_alive && !c->head.close ? PEER_END_REUSE : PEER_END_CLOSE;
	return 0;
}
