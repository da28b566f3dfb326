/*
 * The shapes. Most are a row of the table: a framing, a status, and the parts of the body. Those that need more (cuts
 * at a byte, big lines, NUL bytes) have a function that changes or builds the script.
 */
#include "shapes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MS        1000000
#define MAX_PARTS 12

/* The pieces of an event, to be put together with what varies. */
#define ID "\"id\":\"cmpl-81c2\",\"object\":\"text_completion\",\"created\":1763634000,\"model\":\"m\","
#define CHOICE(text, reason)                                                                                           \
	"\"choices\":[{\"index\":0,\"text\":" text ",\"logprobs\":null,\"finish_reason\":" reason                      \
	",\"matched_stop\":null}]"
#define COUNTS(prompt, completion, total)                                                                              \
	"\"usage\":{\"prompt_tokens\":" prompt ",\"total_tokens\":" total ",\"completion_tokens\":" completion         \
	",\"prompt_tokens_details\":null}"
#define TOKEN_JSON(text)     "{" ID CHOICE(text, "null") ",\"usage\":null}"
#define LAST_JSON(text)      "{" ID CHOICE(text, "\"length\"") ",\"usage\":null}"
#define USAGE_JSON(n, total) "{" ID "\"choices\":[]," COUNTS("5", n, total) "}"
#define LINE(json)           "data: " json "\n\n"

#define T1   LINE(TOKEN_JSON("\" one\""))
#define T2   LINE(TOKEN_JSON("\" two\""))
#define T3   LINE(LAST_JSON("\" three\""))
#define U3   LINE(USAGE_JSON("3", "8"))
#define DONE "data: [DONE]\n\n"
#define ERROR_VLLM                                                                                                     \
	LINE("{\"error\":{\"object\":\"error\",\"message\":\"out of memory\",\"type\":\"InternalServerError\",\"code\":500}}")
#define ERROR_FLAT                                                                                                     \
	LINE("{\"object\":\"error\",\"message\":\"out of memory\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}")
#define CRLF_LINE(json)                    "data: " json "\r\n\r\n"
#define WITH_USAGE(text, reason, n, total) LINE("{" ID CHOICE(text, reason) "," COUNTS("5", n, total) "}")
#define TRAP                                                                                                            \
	"\" }]} {\\\"choices\\\":[],\\\"usage\\\":{\\\"completion_tokens\\\":99},\\\"error\\\":{ \\\\\\\" [DONE]\\n\\n" \
	"data: \\u007b\\u0022choices\\u0022 \\ud83d\\ude00 \\\\\""

enum tweak {
	AS_IS,
	SLOW_PARTS,     /* parts 3 ms apart */
	ONE_BYTE,       /* every byte a send of its own */
	CUT_HALF_EVENT, /* ends in the middle of the last part */
	NUL_BYTES,      /* '~' becomes NUL */
};

struct shape_row {
	const char *name;
	enum peer_framing framing;
	enum tweak tweak;
	enum peer_end end;
	int status; /* 0 = 200 */
	const char *reason, *type;
	const char *parts[MAX_PARTS];
};

static const struct shape_row ROWS[] = {
        {.name = "plain", .parts = {T1, T2, T3, U3, DONE}},
        {.name = "crlf",
                .parts = {CRLF_LINE(TOKEN_JSON("\" one\"")), CRLF_LINE(TOKEN_JSON("\" two\"")),
                        CRLF_LINE(LAST_JSON("\" three\"")), CRLF_LINE(USAGE_JSON("3", "8")), "data: [DONE]\r\n\r\n"}},
        {.name = "crlf_split",
                .tweak = SLOW_PARTS,
                .parts = {"data: " TOKEN_JSON("\" one\"") "\r", "\n\r", "\ndata: " TOKEN_JSON("\" two\"") "\r\n",
                        "\r\n", CRLF_LINE(LAST_JSON("\" three\"")), CRLF_LINE(USAGE_JSON("3", "8")),
                        "data: [DONE]\r\n\r\n"}},
        {.name = "split_event",
                .tweak = SLOW_PARTS,
                .parts = {"data: {" ID "\"choi", "ces\":[{\"index\":0,\"text\":\" one\",\"finish_reason\":null}]}\n\n",
                        "da", "ta: " TOKEN_JSON("\" two\"") "\n", "\ndata:", " " LAST_JSON("\" three\"") "\n\n",
                        "data: {" ID "\"choices\":[],\"us",
                        "age\":{\"prompt_tokens\":5,\"total_tokens\":8,\"completion_tok", "ens\":3}}\n\n", "data: [DO",
                        "NE]\n\n"}},
        {.name = "one_byte_sends", .tweak = ONE_BYTE, .parts = {T1, T2, T3, U3, DONE}},
        {.name = "several_in_one", .parts = {T1 T2 T3 U3 DONE}},
        {.name = "comment_ping",
                .parts = {": ping\n\n", T1, ": ping - 2025-11-24 14:00:00\n\n", T2, ":\n", T3, U3, DONE}},
        {.name = "data_no_blank",
                .parts = {"data:" TOKEN_JSON("\" one\"") "\n\n", "data:" TOKEN_JSON("\" two\"") "\n\n",
                        "data:" LAST_JSON("\" three\"") "\n\n", "data:" USAGE_JSON("3", "8") "\n\n",
                        "data:[DONE]\n\n"}},
        {.name = "event_line",
                .parts = {"event: completion\nid: 1\nretry: 3000\n" T1, "event: completion\n" T2, T3, U3,
                        "event: done\n" DONE}},
        {.name = "bare_json",
                .parts = {TOKEN_JSON("\" one\"") "\n", TOKEN_JSON("\" two\"") "\n", LAST_JSON("\" three\"") "\n",
                        USAGE_JSON("3", "8") "\n"}},
        {.name = "spaced_json",
                .parts =
                        {"data: { \"id\" : \"c\" , \"choices\" : [ { \"index\" : 0 , \"text\" : \" one\" } ] , \"usage\" : null }\n\n",
                                "data: { \"choices\" : [ { \"index\" : 0 , \"text\" : \" two\" } ] }\n\n", T3,
                                "data: { \"choices\" : [ ] , \"usage\" : { \"prompt_tokens\" : 5 , \"completion_tokens\" : 3 } }\n\n",
                                DONE}},
        {.name = "usage_before_choices",
                .parts = {T1, T2, T3, "data: {" COUNTS("5", "3", "8") ",\"choices\":[]}\n\n", DONE}},
        {.name = "usage_in_last_choices", .parts = {T1, T2, WITH_USAGE("\" three\"", "\"length\"", "3", "8"), DONE}},
        {.name = "usage_every_chunk_plus_final",
                .parts = {WITH_USAGE("\" one\"", "null", "1", "6"), WITH_USAGE("\" two\"", "null", "2", "7"),
                        WITH_USAGE("\" three\"", "\"length\"", "3", "8"), U3, DONE}},
        {.name = "usage_no_choices_key", .parts = {T1, T2, T3, "data: {" COUNTS("5", "3", "8") "}\n\n", DONE}},
        {.name = "usage_null_final", .parts = {T1, T2, T3, "data: {" ID "\"choices\":[],\"usage\":null}\n\n", DONE}},
        {.name = "usage_cached",
                .parts = {T1, T2, T3,
                        "data: {" ID
                        "\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"total_tokens\":8,\"completion_tokens\":3,"
                        "\"prompt_tokens_details\":{\"cached_tokens\":4},\"reasoning_tokens\":0}}\n\n",
                        DONE}},
        {.name = "extra_finish_chunk",
                .parts = {T1, T2, LINE(TOKEN_JSON("\" three\"")), LINE(LAST_JSON("\"\"")), U3, DONE}},
        {.name = "three_tokens_one_chunk", .parts = {LINE(LAST_JSON("\" one two three\"")), U3, DONE}},
        {.name = "null_text",
                .parts = {LINE(TOKEN_JSON("null")), LINE(TOKEN_JSON("\"\"")), LINE(LAST_JSON("null")), U3, DONE}},
        {.name = "text_with_escapes",
                .parts = {LINE(TOKEN_JSON(TRAP)), LINE(TOKEN_JSON("\"\\\\\\\"}],\\\"error\\\":1\"")),
                        LINE(LAST_JSON(TRAP)), U3, DONE}},
        {.name = "utf8_text",
                .parts = {LINE(TOKEN_JSON("\" \xe4\xbd\xa0\xe5\xa5\xbd\"")), LINE(TOKEN_JSON("\" \xf0\x9f\x98\x80\"")),
                        T3, U3, DONE}},
        {.name = "bad_utf8_text",
                .parts = {LINE(TOKEN_JSON("\" \xff\xfe\"")), LINE(TOKEN_JSON("\" \xe4\xbd\"")), T3, U3, DONE}},
        {.name = "escape_sequences", .parts = {LINE(TOKEN_JSON("\"\\u001b[2J\\u001b]0;x\\u0007\"")), T2, T3, U3, DONE}},
        {.name = "nul_bytes",
                .tweak = NUL_BYTES,
                .parts = {"data: {\"choices\":[{\"index\":0,\"text\":\"~~\"}]}\n\n", "~~~\n\n", T2, T3, U3, DONE}},
        {.name = "no_done", .parts = {T1, T2, T3, U3}},
        {.name = "no_final_newline", .parts = {T1, T2, T3, "data: " USAGE_JSON("3", "8")}},
        {.name = "done_no_newline", .parts = {T1, T2, T3, U3, "data: [DONE]"}},
        {.name = "not_chunked_close", .framing = PEER_TO_CLOSE, .parts = {T1, T2, T3, U3, DONE}},
        {.name = "content_length", .framing = PEER_LENGTH, .parts = {T1, T2, T3, U3, DONE}},
        {.name = "error_object_first", .parts = {ERROR_VLLM, DONE}},
        {.name = "error_flat_first", .parts = {ERROR_FLAT, DONE}},
        {.name = "error_object_after_first", .parts = {T1, ERROR_VLLM, DONE}},
        {.name = "error_flat_after_first", .parts = {T1, ERROR_FLAT, DONE}},
        {.name = "error_null_field",
                .parts = {"data: {\"error\":null," ID CHOICE("\" one\"", "null") "}\n\n", T2, T3, U3, DONE}},
        {.name = "cut_body", .framing = PEER_CHUNKED_OPEN, .tweak = CUT_HALF_EVENT, .parts = {T1, T2, T3}},
        {.name = "cut_body_reset",
                .framing = PEER_CHUNKED_OPEN,
                .tweak = CUT_HALF_EVENT,
                .end = PEER_END_RESET,
                .parts = {T1, T2, T3}},
        {.name = "cut_between_chunks", .framing = PEER_CHUNKED_OPEN, .parts = {T1, T2, T3}},
        {.name = "cut_before_last_chunk", .framing = PEER_CHUNKED_OPEN, .parts = {T1, T2, T3, U3, DONE}},
        {.name = "cut_content_length", .framing = PEER_LENGTH, .tweak = CUT_HALF_EVENT, .parts = {T1, T2, T3}},
        {.name = "cut_to_close", .framing = PEER_TO_CLOSE, .tweak = CUT_HALF_EVENT, .parts = {T1, T2, T3}},
        {.name = "hang_after_two", .framing = PEER_CHUNKED_OPEN, .end = PEER_END_KEEP, .parts = {T1, T2}},
        {.name = "hang_after_done",
                .framing = PEER_CHUNKED_OPEN,
                .end = PEER_END_KEEP,
                .parts = {T1, T2, T3, U3, DONE}},
        {.name = "empty_body", .parts = {""}},
        {.name = "empty_body_length", .framing = PEER_LENGTH, .parts = {""}},
        {.name = "only_done", .parts = {DONE}},
        {.name = "only_usage", .parts = {U3, DONE}},
        {.name = "events_after_done", .parts = {T1, T2, DONE, T3, U3}},
        {.name = "no_usage", .parts = {T1, T2, T3, DONE}},
        {.name = "garbage_line",
                .parts = {T1, "data: {\"choices\":[{\"index\":0,\"te\n\n", "!!! what is this\n\n", T2, T3, U3, DONE}},
        {.name = "json_array_line",
                .parts = {T1, "data: [1,2,{\"choices\":[{\"text\":\"x\"}]}]\n\n", T2, T3, U3, DONE}},
        {.name = "text_is_list", .parts = {LINE(TOKEN_JSON("[\" one\"]")), T2, T3, U3, DONE}},
        {.name = "short_output",
                .parts = {T1, T2, LINE("{" ID CHOICE("\"\"", "\"stop\"") "}"), LINE(USAGE_JSON("2", "7")), DONE}},
        {.name = "usage_huge", .parts = {T1, T2, T3, LINE(USAGE_JSON("99999999999999999999999", "8")), DONE}},
        {.name = "usage_negative", .parts = {T1, T2, T3, LINE(USAGE_JSON("-3", "2")), DONE}},
        {.name = "usage_text", .parts = {T1, T2, T3, LINE(USAGE_JSON("\"3\"", "8")), DONE}},
        {.name = "status_201", .status = 201, .reason = "Created", .parts = {T1, T2, T3, U3, DONE}},
        {.name = "status_204", .status = 204, .reason = "No Content", .framing = PEER_TO_CLOSE, .parts = {""}},
        {.name = "status_400_json",
                .status = 400,
                .reason = "Bad Request",
                .type = "application/json",
                .framing = PEER_LENGTH,
                .parts = {"{\"object\":\"error\",\"message\":\"max_tokens is too large: 9999\","
                          "\"type\":\"BadRequestError\",\"param\":null,\"code\":400}"}},
        {.name = "status_404_html",
                .status = 404,
                .reason = "Not Found",
                .type = "text/html",
                .framing = PEER_LENGTH,
                .parts = {"<html><body><h1>404</h1>\x1b[31mno\x1b[0m</body></html>\n"}},
        {.name = "status_500_text",
                .status = 500,
                .reason = "Internal Server Error",
                .type = "text/plain",
                .framing = PEER_LENGTH,
                .parts = {"Internal Server Error"}},
        {.name = "status_500_no_reason",
                .status = 500,
                .reason = "",
                .type = "text/plain",
                .framing = PEER_LENGTH,
                .parts = {""}},
        {.name = "status_503_cut",
                .status = 503,
                .reason = "Service Unavailable",
                .type = "text/plain",
                .framing = PEER_CHUNKED_OPEN,
                .tweak = CUT_HALF_EVENT,
                .parts = {"the server is starting, please wait"}},
};

#define N_ROWS (sizeof ROWS / sizeof ROWS[0])

struct raw_row {
	const char *name, *bytes;
	enum peer_end end;
};

#define CHUNKED_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Answers that are not proper HTTP, or proper in unusual ways. */
static const struct raw_row RAW_ROWS[] = {
        {.name = "no_answer", .bytes = ""},
        {.name = "no_answer_reset", .bytes = "", .end = PEER_END_RESET},
        {.name = "half_header", .bytes = "HTTP/1.1 200 OK\r\nContent-Ty"},
        {.name = "not_http", .bytes = "SSH-2.0-OpenSSH_8.9p1\r\n"},
        {.name = "bad_chunk_size", .bytes = CHUNKED_HEAD "zz\r\n" T1 "\r\n0\r\n\r\n"},
        {.name = "huge_chunk_size", .bytes = CHUNKED_HEAD "ffffffffffffffffff\r\n" T1 "\r\n0\r\n\r\n"},
        {.name = "redirect_elsewhere",
                .bytes =
                        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/v1/completions\r\nContent-Length: 0\r\n\r\n"},
        {.name = "continue_then_ok",
                .bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" T1 T2 T3 U3 DONE},
};

#define N_RAW (sizeof RAW_ROWS / sizeof RAW_ROWS[0])

static void put_nuls(struct peer_script *s)
{
	for (size_t i = 0; i < s->n_blocks; i++) {
		char *data = (char *)(uintptr_t)s->blocks[i].data;
		for (size_t k = 0; k < s->blocks[i].len; k++)
			if (data[k] == '~')
				data[k] = '\0';
	}
}

static int tweak_script(struct peer_script *s, enum tweak tweak, size_t last_len)
{
	switch (tweak) {
	case SLOW_PARTS:
		for (size_t i = 1; i < s->n_blocks; i++)
			s->blocks[i].delay_ns = 3 * MS;
		break;
	case ONE_BYTE:
		return peer_script_resplit(s, 1, 0);
	case CUT_HALF_EVENT:
		peer_script_trim(s, last_len / 2);
		s->end_delay_ns = 5 * MS;
		break;
	case NUL_BYTES:
		put_nuls(s);
		break;
	case AS_IS:
		break;
	}
	return 0;
}

static int build_row(const struct shape_row *row, struct peer_shape *out)
{
	struct peer_block parts[MAX_PARTS];
	size_t n = 0;
	for (; n < MAX_PARTS && row->parts[n]; n++)
		parts[n] = (struct peer_block){.data = row->parts[n], .len = strlen(row->parts[n])};
	out->name = row->name;
	int rc = peer_script_answer(&out->script, row->status ? row->status : 200, row->reason ? row->reason : "OK",
	        row->type, row->framing, parts, n);
	if (rc < 0)
		return rc;
	out->script.end = row->end;
	return tweak_script(&out->script, row->tweak, parts[n - 1].len);
}

static int build_raw(const struct raw_row *row, struct peer_shape *out)
{
	struct peer_block all = {.data = row->bytes, .len = strlen(row->bytes)};
	out->name = row->name;
	int rc = peer_script_raw(&out->script, &all, all.len ? 1 : 0);
	out->script.end = row->end;
	return rc;
}

/* before + n filler bytes + after, as the first part of an ordinary answer. */
static int build_big(const char *name, const char *before, size_t n, const char *after, struct peer_shape *out)
{
	size_t a = strlen(before), b = strlen(after);
	char *line = malloc(a + n + b);
	if (!line)
		return -ENOMEM;
	memcpy(line, before, a);
	memset(line + a, 'x', n);
	memcpy(line + a + n, after, b);
	struct peer_block parts[] = {
	        {.data = line, .len = a + n + b},
	        {.data = T2, .len = sizeof T2 - 1},
	        {.data = T3, .len = sizeof T3 - 1},
	        {.data = U3, .len = sizeof U3 - 1},
	        {.data = DONE, .len = sizeof DONE - 1},
	};
	out->name = name;
	int rc = peer_script_sse(&out->script, PEER_CHUNKED, parts, sizeof parts / sizeof parts[0]);
	free(line);
	return rc;
}

static struct peer_shape *all_shapes;
static size_t n_shapes;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The chunk-size lines and the terminating chunk cut between sends. */
static int build_chunk_header_split(struct peer_shape *out)
{
	static const struct shape_row row = {.name = "chunk_header_split", .parts = {T1, T2, T3, U3, DONE}};
	int rc = build_row(&row, out);
	if (rc < 0)
		return rc;
	/* 101 bytes never divide the chunks evenly, so borders fall everywhere, size lines included */
	return peer_script_resplit(&out->script, 101, MS);
}

static void build_all(void)
{
	size_t cap = N_ROWS + N_RAW + 4, n = 0;
	struct peer_shape *s = calloc(cap, sizeof *s);
	int rc = s ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < N_ROWS; i++)
		rc = build_row(&ROWS[i], &s[n++]);
	for (size_t i = 0; rc == 0 && i < N_RAW; i++)
		rc = build_raw(&RAW_ROWS[i], &s[n++]);
	if (rc == 0)
		rc = build_chunk_header_split(&s[n++]);
	if (rc == 0)
		rc = build_big("very_long_line", "data: {\"choices\":[{\"index\":0,\"text\":\"", 300 * 1024,
		        "\"}]}\n\n", &s[n++]);
	if (rc == 0)
		rc = build_big(
		        "huge_line_no_newline", "data: {\"choices\":[{\"index\":0,\"text\":\"", 4u << 20, "", &s[n++]);
	if (rc == 0)
		rc = build_big("long_garbage_line", "", 300 * 1024, "\n\n", &s[n++]);
	if (rc < 0) {
		for (size_t i = 0; i < n; i++)
			peer_script_free(&s[i].script);
		free(s);
		return;
	}
	all_shapes = s;
	n_shapes = n;
}

const struct peer_shape *peer_shapes(size_t *n)
{
	pthread_once(&once, build_all);
	*n = n_shapes;
	return all_shapes;
}

const struct peer_shape *peer_shape_find(const char *name)
{
	size_t n;
	const struct peer_shape *s = peer_shapes(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(s[i].name, name) == 0)
			return &s[i];
	return NULL;
}

const struct peer_script *peer_shape_script(const char *name)
{
	const struct peer_shape *s = peer_shape_find(name);
	return s ? &s->script : NULL;
}
